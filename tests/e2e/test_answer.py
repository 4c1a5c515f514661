"""`fermata answer` on a pseudo-terminal and in scripts, against the real server."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from harness.objects import make_flow, make_run, set_state
from harness.pauses import SHIRT, pause, request_of, state_of
from harness.terminal import Terminal, run_command

DESCRIPTION = "# Your shirt\n\nPick **one**:\n\n- small\n- medium\n"


@pytest.fixture
def environment(server):
    return {"FERMATA_API_URL": server.url + "/api"}


def test_a_person_fills_in_the_form(api, environment):
    run = pause(api, description=DESCRIPTION)
    with Terminal("answer", "--run", run["name"], **environment) as terminal:
        terminal.expect(f"{run['name']} of ")
        terminal.expect("Deadline: in 59 minutes")
        terminal.expect("Your shirt\n")
        terminal.expect("Pick one:\n\n• small\n• medium\n")
        terminal.expect("Size *")
        terminal.expect("How it should fit.\n   1) small\n   2) medium\n   3) large\n  > ")
        terminal.send("")
        terminal.expect("✗ needs an answer")
        terminal.send("tiny")
        terminal.expect("✗ must be one of the choices")
        terminal.send("2")
        terminal.expect("Count  a whole number, at least 1\n  > 1")
        terminal.send("two")
        terminal.expect("✗ must be a whole number")
        terminal.send("0")
        terminal.expect("✗ must be at least 1")
        assert state_of(api, run) == "PAUSED"
        terminal.send("")
        terminal.expect(f"{run['name']} goes on.")
        assert terminal.wait() == 0
    answered = request_of(api, run)
    assert answered["state"] == "answered"
    assert answered["answer"] == {"size": "medium", "count": 1}
    assert answered["answered_by"]
    assert state_of(api, run) == "RUNNING"


def test_colours_only_where_they_are_wanted(api, environment):
    run = pause(api, description="**bold**")
    arguments = ("answer", "--run", run["id"])
    with Terminal(*arguments, **environment) as terminal:
        terminal.expect("Size")
        assert "\x1b[0;1mbold" in terminal.screen
    with Terminal(*arguments, NO_COLOR="1", **environment) as terminal:
        terminal.expect("Size")
        assert "\x1b" not in terminal.screen
    assert "\x1b" not in run_command(*arguments, **environment).stdout


def test_an_interrupt_leaves_the_run_waiting(api, environment):
    secret = {"type": "object", "properties": {"key": {"type": "string", "format": "password"}},
              "required": ["key"]}
    run = pause(api, secret)
    with Terminal("answer", "--run", run["id"], **environment) as terminal:
        terminal.expect("Key *")
        terminal.expect("> ")
        terminal.expect_secret()
        terminal.interrupt()
        terminal.expect("Nothing was sent; the run goes on waiting.")
        assert terminal.echoes()
        assert terminal.wait() == 130
    assert state_of(api, run) == "PAUSED"
    assert request_of(api, run)["state"] == "open"


def test_a_secret_is_not_shown(api, environment):
    secret = {"type": "object", "properties": {"key": {"type": "string", "format": "password"}},
              "required": ["key"]}
    run = pause(api, secret)
    with Terminal("answer", "--run", run["id"], **environment) as terminal:
        terminal.expect("> ")
        terminal.expect_secret()
        terminal.send("hunter2")
        assert terminal.wait() == 0
        assert "hunter2" not in terminal.screen
    assert request_of(api, run)["answer"] == {"key": "hunter2"}


def test_answers_from_standard_input(api, environment):
    run = pause(api, description=DESCRIPTION)
    done = run_command("answer", "--run", run["id"], input="\nhuge\nlarge\n0\n3\nnot read\n",
                       **environment)
    assert done.returncode == 0, done.stderr
    assert "✗ must be one of the choices" in done.stdout
    assert "Size *" in done.stdout and "  > large\n" in done.stdout
    assert request_of(api, run)["answer"] == {"size": "large", "count": 3}


def test_input_that_ends_too_early(api, environment):
    run = pause(api)
    done = run_command("answer", "--run", run["id"], input="small\n", **environment)
    assert done.returncode == 1
    assert "the input ended" in done.stderr
    assert state_of(api, run) == "PAUSED"


def test_what_only_the_server_can_refuse(api, environment):
    """A rule that binds two fields: refused by the server, and asked again with the answers."""
    schema = SHIRT | {"not": {"properties": {"size": {"const": "small"}, "count": {"const": 13}}}}
    run = pause(api, schema)
    with Terminal("answer", "--run", run["id"], **environment) as terminal:
        terminal.expect("> ")
        terminal.send("small")
        terminal.expect("at least 1\n  > 1")
        terminal.send("13")
        terminal.expect("The answer was refused.")
        terminal.expect("✗ ")
        terminal.expect_screen(lambda lines: lines[-1] == "  > small")
        terminal.send("")
        terminal.expect_screen(lambda lines: lines[-1] == "  > 13")
        terminal.send("12")
        assert terminal.wait() == 0
    assert request_of(api, run)["answer"] == {"size": "small", "count": 12}


def test_an_approval(api, environment):
    run = pause(api, None)
    with Terminal("answer", "--run", run["id"], **environment) as terminal:
        terminal.expect("Approve? [y/N] > ")
        terminal.send("")
        terminal.expect("Not approved; the run goes on waiting.")
        assert terminal.wait() == 1
    assert state_of(api, run) == "PAUSED"
    assert run_command("answer", "--run", run["id"], input="y\n", **environment).returncode == 0
    assert state_of(api, run) == "RUNNING"


def test_values_without_questions(api, environment):
    run = pause(api)
    identity = request_of(api, run)["id"]
    wrong = run_command("answer", identity, "--set", "size=small", "--set", "count=0",
                        **environment)
    assert wrong.returncode == 1
    assert "count" in wrong.stderr and "at least 1" in wrong.stderr
    assert run_command("answer", identity, "--set", "count=x", **environment).returncode == 1
    done = run_command("answer", identity, "--json", "-", input="{", **environment)
    assert done.returncode == 1 and done.stderr.startswith("error: --json -: ")
    assert state_of(api, run) == "PAUSED"
    right = run_command("--json", "answer", identity, "--json", "-", "--set", "count=4", "--by",
                        "a script", input='{"size": "small"}', **environment)
    assert right.returncode == 0, right.stderr
    assert json.loads(right.stdout)["id"] == identity
    answered = request_of(api, run)
    assert answered["answer"] == {"size": "small", "count": 4}
    assert answered["answered_by"] == "a script"


def test_check_changes_nothing(api, environment):
    run = pause(api)
    arguments = ("answer", "--run", run["id"], "--check")
    wrong = run_command(*arguments, "--json", "-", input='{"size": "huge"}', **environment)
    assert wrong.returncode == 1
    assert "size" in wrong.stderr
    right = run_command(*arguments, "--json", "-", input='{"size": "large"}', **environment)
    assert (right.returncode, right.stdout) == (0, "This answer would be taken.\n")
    assert state_of(api, run) == "PAUSED"


def test_a_value_from_a_file(api, environment, tmp_path):
    run, file = pause(api), tmp_path / "answer.json"
    file.write_text('{"size": "large", "count": 2}\n')
    done = run_command("answer", "--run", run["id"], "--json", str(file), **environment)
    assert done.returncode == 0, done.stderr
    assert request_of(api, run)["answer"] == {"size": "large", "count": 2}
    for name, words in ((str(tmp_path / "none"), "cannot open it: No such file"),
                        (str(tmp_path), "Is a directory")):
        done = run_command("answer", "--run", pause(api)["id"], "--json", name, **environment)
        assert done.returncode == 1 and words in done.stderr
    # The common option of that name stands before the command.
    assert run_command("answer", "--json", **environment).returncode == 2
    run = pause(api)
    done = run_command("--json", "answer", "--run", run["id"], input="1\n\n", **environment)
    assert json.loads(done.stdout)["answer"] == {"size": "small", "count": 1}


def test_several_at_once(api, environment):
    flow, other = make_flow(api), make_flow(api)
    alike = [pause(api, flow=flow) for _ in range(3)]
    different = pause(api, SHIRT | {"title": "Another"}, flow=flow)
    elsewhere = pause(api, flow=other)
    arguments = ("answer", "--all", "--flow", flow["name"], "--set", "size=small")
    done = run_command(*arguments, "--check", **environment)
    assert done.stdout == "3 would be answered.\n1 more ask for something else, and wait on.\n"
    done = run_command(*arguments, "--set", "count=0", **environment)
    assert done.returncode == 1 and done.stderr.count("count: must be at least 1") == 3
    assert all(state_of(api, run) == "PAUSED" for run in alike)
    done = run_command(*arguments, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "3 answered.\n1 more ask for something else, and wait on.\n"
    assert all(request_of(api, run)["answer"] == {"size": "small"} for run in alike)
    assert state_of(api, different) == state_of(api, elsewhere) == "PAUSED"
    deployed = run_command("answer", "--all", "--text", other["name"], "--quiet", input="2\n\n",
                           **environment)
    assert deployed.stdout == request_of(api, elsewhere)["id"] + "\n", deployed.stderr
    assert request_of(api, elsewhere)["answer"] == {"size": "medium", "count": 1}
    done = run_command("answer", "--all", "--text", other["name"], **environment)
    assert done.returncode == 1 and "nothing waits" in done.stderr


def test_one_that_cannot_be_answered_stops_no_others(api, environment):
    flow = make_flow(api)
    runs = [pause(api, flow=flow) for _ in range(3)]
    gone = request_of(api, runs[1])["id"]
    with Terminal("answer", "--all", "--flow", flow["name"], **environment) as terminal:
        terminal.expect("3) large\n  > ")
        assert api.delete(f"/flow_runs/{runs[1]['id']}").status_code == 204
        terminal.send("1")
        terminal.expect("> 1")
        terminal.send("")
        terminal.expect(f"error: {gone}: there is no input request {gone}\n")
        terminal.expect("2 answered.")
        assert terminal.wait() == 1
    assert state_of(api, runs[0]) == state_of(api, runs[2]) == "RUNNING"


def test_many_approvals_at_once(api, environment):
    flow = make_flow(api)
    runs = [pause(api, None, flow=flow) for _ in range(3)]
    arguments = ("answer", "--all", "--flow", flow["name"])
    assert run_command(*arguments, input="n\n", **environment).returncode == 1
    assert all(state_of(api, run) == "PAUSED" for run in runs)
    done = run_command(*arguments, input="y\n", **environment)
    assert done.stdout.endswith("3 answered.\n")
    assert all(state_of(api, run) == "RUNNING" for run in runs)


def test_somebody_was_first(api, environment):
    run = pause(api)
    identity = request_of(api, run)["id"]
    with Terminal("answer", identity, **environment) as terminal:
        terminal.expect("> ")
        other = run_command("answer", identity, "--set", "size=large", "--by", "Ana", **environment)
        assert other.returncode == 0, other.stderr
        terminal.send("small")
        terminal.expect("at least 1\n  > 1")
        terminal.send("")
        terminal.expect("somebody was first")
        terminal.expect("Ana")
        assert terminal.wait() == 1
    assert request_of(api, run)["answer"] == {"size": "large"}
    late = run_command("answer", identity, **environment)
    assert late.returncode == 1
    assert "answered by Ana" in late.stderr


def test_the_deadline_passes(api, environment):
    run = pause(api, seconds=3)
    identity = request_of(api, run)["id"]
    with Terminal("answer", identity, **environment) as terminal:
        terminal.expect("Deadline: in ")
        api.get(f"/flow_runs/{run['id']}", headers={"Prefer": "wait=20", "If-None-Match": api.get(
            f"/flow_runs/{run['id']}").headers["ETag"]})
        terminal.send("small")
        terminal.expect("at least 1\n  > 1")
        terminal.send("")
        terminal.expect("error: ")
        assert terminal.wait() == 1
    assert state_of(api, run) == "FAILED"


def test_choosing_among_several(fresh_server):
    api = fresh_server.api
    environment = {"FERMATA_API_URL": fresh_server.url + "/api"}
    nothing = run_command("answer", **environment)
    assert nothing.returncode == 1 and "nothing waits" in nothing.stderr
    assert "Nothing waits" in run_command("inbox", **environment).stdout
    late = pause(api, seconds=7200, name="late")
    soon = pause(api, seconds=600, name="soon")
    listed = run_command("inbox", **environment).stdout
    assert listed.index("soon") < listed.index("late")
    assert len(json.loads(run_command("inbox", "--json", **environment).stdout)) == 2
    script = run_command("answer", input="1\n", **environment)
    assert script.returncode == 1 and "several runs wait" in script.stderr
    with Terminal("answer", **environment) as terminal:
        terminal.expect("Which one? > ")
        terminal.send("3")
        terminal.expect("✗ must be one of the numbers")
        terminal.send("1")
        terminal.expect("soon of ")
        terminal.expect("> ")
        terminal.send("1")
        terminal.expect("> ")
        terminal.send("")
        assert terminal.wait() == 0
    assert state_of(api, soon) == "RUNNING"
    # The only one that is left needs no choice.
    assert run_command("answer", input="1\n\n", **environment).returncode == 0
    assert state_of(api, late) == "RUNNING"


def test_hostile_texts_reach_no_terminal(api, environment):
    hostile = "\x1b]0;owned\x07\x1b[2J\u009b31m"
    schema = {"type": "object", "required": ["a"], "properties": {
        "a": {"type": "string", "title": hostile, "description": hostile,
              "enum": [hostile + "1", "2"]}}}
    run = pause(api, schema, description=hostile + "\n\n&#27;[31m")
    with Terminal("answer", "--run", run["id"], NO_COLOR="1", **environment) as terminal:
        terminal.expect("> ")
        assert "\x1b" not in terminal.screen and "\u009b" not in terminal.screen
        terminal.send("2")
        assert terminal.wait() == 0


def test_the_schema_may_come_later(api, environment):
    """A stock client sends the schema after the state; until then it is no approval."""
    run = make_run(api, make_flow(api))
    set_state(api, run["id"], "RUNNING")
    keyset = {kind: f"paused-1-{kind}" for kind in ("schema", "response", "description")}
    deadline = datetime.now(timezone.utc) + timedelta(hours=1)
    set_state(api, run["id"], "PAUSED", "Paused", pause_key="1", run_input_keyset=keyset,
              pause_timeout=deadline.isoformat())
    with Terminal("answer", "--run", run["id"], **environment) as terminal:
        api.post(f"/flow_runs/{run['id']}/input",
                 json={"key": "paused-1-schema", "value": json.dumps(SHIRT)})
        terminal.expect("Size *")


@pytest.mark.parametrize("arguments", [
    ("answer", "no-id"), ("answer", "--all", "0198c0de-0000-7000-8000-000000000000"),
    ("answer", "--run", "a", "0198c0de-0000-7000-8000-000000000000"), ("answer", "--nope"), ("answer", "a", "b"), ("answer", "--run"),
    ("anwser",), ("flow-run",), ("flow-run", "logs"), ("flow-run", "ls", "--limit", "0"), ()])
def test_wrong_usage(arguments):
    assert run_command(*arguments).returncode == 2


def test_no_server():
    done = run_command("answer", "--api", "http://127.0.0.1:9/api")
    assert done.returncode == 1
    assert "cannot reach http://127.0.0.1:9/api" in done.stderr


def test_help():
    for arguments in ("--help",), ("help",), ("answer", "--help"), ("help", "flow-run", "ls"):
        done = run_command(*arguments)
        assert done.returncode == 0
        assert "Usage: fermata" in done.stdout
    for arguments in ("flow-run", "--help"), ("help", "flow-run"):
        done = run_command(*arguments)
        assert done.returncode == 0
        assert "flow-run inspect" in done.stdout and "backup" not in done.stdout
    assert "flow-run inspect" in run_command("flow-run").stdout
    assert "did you mean 'answer'?" in run_command("anwser").stderr
    assert run_command("--version").stdout.startswith("fermata ")
