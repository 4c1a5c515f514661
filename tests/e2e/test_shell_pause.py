"""`fermata pause`, `confirm` and `suspend`: scripts that ask, and what they make of the answer."""

import json
import os
import re
import signal
import threading
import time

import pytest

from harness.flows import input_of, log_of, read, resume, send_input, wait, wait_for_state
from harness.plain_server import plain_server
from harness.runs import (ask_for_run, children_of, deployment_of, is_alive, processes_of,
                          wait_for_end)
from harness.scripts import IMPATIENT, started_scripts, with_path
from harness.server import build_directory
from harness.terminal import Terminal

HOSTILE = ["'; touch pwned; '", "$(touch pwned)", "`touch pwned`", "a\n'b'\n\n\"c\" \\", "\x1b]0;x\x07\x9b31m",
           "--get", "-n", "*", "~", "é 日本 🎉", "\u202eevil", "!!", "a\\'b", "\t", ""]


@pytest.fixture
def start(server, tmp_path):
    yield from started_scripts(server, tmp_path)


# ---- pause ----


def test_a_form_in_the_short_notation(api, start, tmp_path):
    (tmp_path / "plan.md").write_text("# Plan\n\n**All** is ready")
    script = start(f"fermata pause --title Rollout -i 'env: staging|production' "
                   f"-i 'replicas: integer >= 1 = 3 # how many' -i 'note?' "
                   f"--description-file {tmp_path}/plan.md --timeout 60")
    run = script.question()
    schema = json.loads(input_of(api, run, "paused-1-schema"))
    assert schema["title"] == "Rollout" and schema["required"] == ["env"]
    assert schema["properties"]["replicas"] == {"title": "Replicas", "type": "integer", "minimum": 1,
                                                "default": 3, "description": "how many"}
    description = wait(lambda: input_of(api, run, "paused-1-description"), "the description")
    assert json.loads(description) == "# Plan\n\n**All** is ready"
    refused = resume(api, run, {"env": "moon"})
    assert refused["status"] == "REJECT" and "env" in refused["details"]["reason"]
    script.answer(env="staging")
    assert script.end() == 0
    assert '{"env": "staging", "replicas": 3}\n' in script.output()


def test_a_pause_without_a_form(api, start):
    script = start("fermata pause --description 'Go on?'; echo went on")
    run = script.run()
    wait_for_state(api, run, "Paused")
    assert resume(api, run, None)["status"] == "ACCEPT"
    assert script.end() == 0
    assert "went on" in log_of(api, run)


@pytest.mark.parametrize("answer", HOSTILE)
def test_a_hostile_answer_is_a_value_and_nothing_else(start, tmp_path, answer):
    script = start(f'cd {tmp_path}\n'
                   'eval "$(fermata pause --export -i name -i "more?: list of text")"\n'
                   'printf %s "$name" > value; printf %s "$more" > list\n'
                   'got=$(fermata pause --get name -i name; echo .); printf %s "$got" > got\n'
                   'printf %s "$(fermata pause -i name)" > json\n')
    script.answer(name=answer, more=[answer])
    script.answer("paused-2", name=answer)
    script.answer("paused-3", name=answer)
    assert script.end() == 0
    assert (tmp_path / "value").read_bytes().decode() == answer
    assert json.loads((tmp_path / "list").read_text()) == [answer]
    assert (tmp_path / "got").read_bytes().decode() == answer + "\n."
    text = (tmp_path / "json").read_bytes().decode()
    assert json.loads(text) == {"name": answer}
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", text)
    assert not (tmp_path / "pwned").exists()


def test_an_answer_sets_no_other_variables(start, tmp_path):
    (tmp_path / "schema.json").write_text(json.dumps(
        {"type": "object", "properties": {"name": {"type": "string"}, "gone": {}}}))
    script = start(f'before=$PATH; gone=old\n'
                   f'eval "$(fermata pause --export --schema {tmp_path}/schema.json)"\n'
                   f'[ "$before" = "$PATH" ] && echo "name=$name gone=$gone."')
    script.answer(name="Ada", PATH="/evil", LD_PRELOAD="/evil.so")
    assert script.end() == 0
    assert "name=Ada gone=.\n" in script.output()


@pytest.mark.parametrize("options, why", [
    ("-i 'a: strng'", "'strng' is no type"),
    ("-i a -i a", "there twice"),
    ("-i a --get b", "there is no field 'b'"),
    ("-i a --get a --export", "one is enough"),
    ("--export", "no field to make a variable of"),
    ("--schema no-such-file", "no-such-file: No such file"),
    ("--schema <(echo '[1]')", "has to be a JSON object"),
    ("--schema <(echo '{')", "is no JSON"),
    ("--schema <(echo '{\"properties\": {\"a-b\": {}}}') --export", "'a-b' can be no variable"),
    ("-i a --schema x", "leave out the others"),
    ("-i a --description x --description-file y", "one is enough"),
    ("-i a --timeout 0", "--timeout must be a number from 1"),
    ("--schema <(echo '{\"type\": 5}')", "must be a type or an array"),
])
def test_what_cannot_be_asked_is_not_asked(api, start, options, why):
    script = start(f"fermata pause {options}")
    assert script.end() != 0
    assert why in script.output()
    assert read(api, script.run())["state"]["type"] == "FAILED"


def test_nobody_answers(api, start):
    script = start("fermata pause -i a --timeout 1; echo \"status $?\"; exit 4")
    assert script.end() == 4
    assert "status 1\n" in script.output() and "never resumed" in script.output()
    assert read(api, script.run())["state"]["type"] == "FAILED"


def test_a_run_that_is_cancelled_while_it_waits(api, start):
    script = start("trap '' TERM; fermata pause -i a; echo \"status $?\"")
    run = script.question()
    api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "CANCELLING"}})
    script.end()
    assert read(api, run)["state"]["type"] == "CANCELLED"


def test_an_interrupted_pause(api, start):
    script = start("fermata pause -i a & wait -n; sleep 0.2; kill -INT $!; wait $!; echo \"status $?\"")
    script.question()
    script.process.send_signal(signal.SIGTERM)
    assert script.end() == 143
    assert read(api, script.run())["state"]["type"] == "CANCELLED"


def test_a_server_that_goes_away_and_comes_back(start_server, start):
    server = start_server()
    script = start("echo \"answer: $(fermata pause -i a --get a)\"", server=server)
    run = script.question()
    server.kill9()
    server.start()
    wait(lambda: resume(server.api, run, {"a": "after all"})["status"] == "ACCEPT", "an acceptance")
    assert script.end() == 0
    assert "answer: after all\n" in script.output()
    assert read(server.api, run)["state"]["type"] == "COMPLETED"


def test_a_script_that_is_killed_while_it_waits(api, start):
    script = start("echo \"pid $$\"; fermata pause -i a; echo not reached")
    run = script.question()
    os.kill(int(re.search(r"pid (\d+)", script.output())[1]), signal.SIGKILL)
    assert script.end() == 137
    wait_for_state(api, run, "Failed")
    assert "killed" in read(api, run)["state"]["message"].lower()
    assert "not reached" not in script.output()


def test_a_pause_that_is_killed_is_one_that_failed(api, start):
    script = start("fermata pause -i a; echo \"status $?\"")
    script.question()
    [bash] = [pid for pid in children_of(script.process.pid)]
    [pause] = children_of(bash)
    os.kill(pause, signal.SIGKILL)
    script.end()
    assert "status 137\n" in script.output()


def test_a_wrapper_that_is_killed_while_it_waits(api, start):
    script = start("echo \"pid $$\"; fermata pause -i a; echo \"status $?\"", program=IMPATIENT)
    run = script.question()
    pid = int(re.search(r"pid (\d+)", script.output())[1])
    script.process.kill()
    wait(lambda: not is_alive(pid), "the end of the script")
    assert read(api, run)["state"]["type"] == "PAUSED"  # it may be answered, but nobody goes on
    assert resume(api, run, {"a": "too late"})["status"] == "ACCEPT"
    assert wait_for_end(api, run)["state"]["type"] == "CRASHED"
    assert "status" not in script.output()


def test_on_a_terminal(server, api, tmp_path):
    script = tmp_path / "script.sh"
    script.write_text('eval "$(fermata pause --export -i name)"\n'
                      'echo "hello $name"; fermata log "name: $name"\n'
                      'fermata confirm "really, $name?" && echo confirmed\n')
    with Terminal("run", "--name", "asks-on-a-terminal", "--", "bash", str(script),
                  FERMATA_API_URL=server.url + "/api", PATH=with_path(build_directory())) as terminal:
        terminal.expect("Pausing flow")
        [run] = api.post("/flow_runs/filter",
                         json={"flow_runs": {"name": {"any_": ["asks-on-a-terminal"]}}}).json()
        hostile = "Ada\x1b]0;pwned\x07\x1b[2J\u009b31m\u202e"
        wait(lambda: resume(api, run, {"name": hostile})["status"] == "ACCEPT", "an acceptance")
        terminal.expect("hello Ada\ufffd]0;pwned\ufffd\ufffd[2J\ufffd31m\ufffd")
        terminal.expect("name: Ada\ufffd]0;pwned\ufffd\ufffd[2J\ufffd31m\ufffd")
        wait(lambda: resume(api, run, {"confirmed": True})["status"] == "ACCEPT", "an acceptance")
        terminal.expect("confirmed")
        assert terminal.wait() == 0
        assert not re.search("\x1b\\[2J|\x1b\\]|\x07|\u009b|\u202e", terminal.screen)


def test_a_server_that_is_prefect_s(api, server, start):
    """One that neither waits nor knows of leases and numbers."""
    with plain_server(server) as plain:
        script = start("fermata pause -i a --get a\n"
                       "fermata receive --raw --timeout 20\nfermata receive --raw --timeout 20\n"
                       "fermata step one -- echo stepped", FERMATA_API_URL=plain.url + "/api")
        run = script.answer(a="answered")
        for text in "one", "two":
            send_input(api, run, f"strautomaticruninput-auto-{text}", {"value": text})
        assert script.end() == 0
    lines = [line for line in script.output().splitlines() if "|" not in line]
    assert lines == ["answered", "one", "two", "stepped"]


# ---- a script does not go on without an answer ----


def exporting(start, options="--export -i name", command="pause", **more):
    """A script as docs/shell.md has it: it stops at what fails."""
    return start(f'set -eu; name=; eval "$(fermata {command} {options})"; echo "went on with $name"',
                 **more)


def assert_it_stopped(script):
    assert script.end() == 1
    assert "went on" not in script.output()


def test_a_script_stops_when_nobody_answers(start):
    assert_it_stopped(exporting(start, "--export --timeout 1 -i name"))


@pytest.mark.parametrize("options", ["--export -i 'name: strng'", "--tite x --export -i name",
                                     "--export -i name more", "--timeout 0 -e -i name"])
def test_a_script_stops_when_its_question_is_wrong(start, options):
    assert_it_stopped(exporting(start, options))


def test_a_script_stops_when_it_cannot_be_suspended(start):
    assert_it_stopped(exporting(start, command="suspend"))


def test_a_script_stops_when_its_pause_is_interrupted(start):
    script = exporting(start)
    script.question()
    [bash] = children_of(script.process.pid)
    [pause] = [found for shell in children_of(bash) for found in children_of(shell) or [shell]]
    os.kill(pause, signal.SIGTERM)
    assert_it_stopped(script)


def test_a_script_stops_when_the_server_is_away(start):
    script = start('set -eu; name=\n'
                   'eval "$(FERMATA_API_URL=http://127.0.0.1:9/api fermata pause --export -i name)"\n'
                   'echo "went on with $name"')
    assert_it_stopped(script)
    assert "cannot reach" in script.output()


def test_a_suspended_script_that_does_not_want_to_end(api, serve):
    serve("trap 'echo told' TERM; name=; set -e\n"
          "eval \"$(fermata suspend --export -i name)\"; echo went on")
    run = ask_for_run(api, "script/test")
    wait_for_state(api, run, "Suspended")
    wait(lambda: "told" in log_of(api, run), "the signal")
    time.sleep(0.5)
    assert "went on" not in log_of(api, run)


# ---- confirm ----


@pytest.mark.parametrize("answer, status", [(True, 0), (False, 1)])
def test_a_yes_or_no(api, start, answer, status):
    script = start("fermata confirm 'Deploy to $(moon)?' --description '*now*'; exit $?")
    run = script.question()
    schema = json.loads(input_of(api, run, "paused-1-schema"))
    assert schema["properties"]["confirmed"] == {"title": "Deploy to $(moon)?", "type": "boolean"}
    assert resume(api, run, {"confirmed": "maybe"})["status"] == "REJECT"
    script.answer(confirmed=answer)
    assert script.end() == status


def test_no_answer_is_no_no(start):
    script = start("fermata confirm 'Well?' --timeout 1")
    assert script.end() == 2


# ---- suspend ----


SUSPENDS = """
set -e
count=$(fermata step count -- bash -c 'echo x >> {path}/count; wc -l < {path}/count')
echo "days $FERMATA_PARAM_DAYS $count"
delete=$(fermata suspend -i 'delete: boolean' -i 'why?' --get delete --timeout 60)
echo "delete $delete"
echo "why $(fermata pause -i why --get why)"
"""


@pytest.fixture
def serve(start):
    def serve(text, *options):
        runner = start(text, "--name", "test", "--flow", "script", *options, command="serve")
        runner.expect("fermata deployment run 'script/test'")
        return runner

    return serve


def test_a_script_suspends_and_starts_anew(api, serve, tmp_path):
    runner = serve(SUSPENDS.format(path=tmp_path), "-p", "days: integer >= 1 = 7 # how old")
    schema = deployment_of(api, "script/test")["parameter_openapi_schema"]
    assert schema["properties"]["days"] == {"title": "Days", "type": "integer", "minimum": 1,
                                            "default": 7, "description": "how old"}
    run = ask_for_run(api, "script/test")
    wait_for_state(api, run, "Suspended")
    wait(lambda: not processes_of(runner.process.pid), "the end of its process", runner.output)
    assert runner.left_behind() == []
    wait(lambda: resume(api, run, {"delete": True})["status"] == "ACCEPT", "an acceptance")
    wait_for_state(api, run, "Paused")
    wait(lambda: "delete true" in log_of(api, run), "its log")
    assert log_of(api, run).count("days 7 1") == 2
    assert (tmp_path / "count").read_text() == "x\n"
    wait(lambda: input_of(api, run, "paused-2-schema"), "the second question")
    assert resume(api, run, {"why": "$(touch pwned)"})["status"] == "ACCEPT"
    assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
    wait(lambda: "why $(touch pwned)" in log_of(api, run), "its last words")
    assert runner.left_behind() == []


SCHEMA = json.dumps({"type": "object", "properties": {"days": {"type": "integer", "default": 7}}})


def assert_it_has_days(api, runner):
    for _ in range(2):
        run = ask_for_run(api, "script/test")
        assert wait_for_end(api, run)["state"]["type"] == "COMPLETED", runner.output()
        wait(lambda: "days 7, kept none" in log_of(api, run), "its parameter", runner.output)


TELLS_DAYS = 'echo "days $FERMATA_PARAM_DAYS, kept ${FERMATA_SERVED_SCHEMA-none}"'


def test_a_schema_from_a_pipe_is_read_once(api, serve, tmp_path):
    os.mkfifo(tmp_path / "schema")
    writer = threading.Thread(target=(tmp_path / "schema").write_text, args=(SCHEMA,))
    writer.start()
    assert_it_has_days(api, serve(TELLS_DAYS, "--schema", str(tmp_path / "schema")))
    writer.join()


def test_runs_have_the_schema_that_was_registered(api, serve, tmp_path):
    (tmp_path / "schema").write_text(SCHEMA)
    runner = serve(TELLS_DAYS, "--schema", str(tmp_path / "schema"))
    (tmp_path / "schema").write_text("no schema any more")
    assert_it_has_days(api, runner)


def test_wrong_parameters_start_nothing(api, serve):
    serve("true", "-p", "days: integer >= 1")
    deployment = deployment_of(api, "script/test")
    for parameters in ({"days": 0}, {"days": "x"}, {"days": 1, "other": 2}):
        reply = api.post(f"/deployments/{deployment['id']}/create_flow_run",
                         json={"state": {"type": "SCHEDULED"}, "parameters": parameters})
        assert reply.status_code == 409
    run = ask_for_run(api, "script/test", days=2)
    assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"


def test_a_run_without_a_deployment_cannot_be_suspended(api, start):
    script = start("fermata suspend -i a; echo \"status $?\"")
    assert script.end() == 0
    assert "status 1\n" in script.output()
    assert "'fermata serve --name NAME -- ./script.sh' makes one" in script.output()
    assert read(api, script.run())["state"]["type"] == "COMPLETED"


def test_a_served_script_that_is_killed(api, serve):
    runner = serve("echo \"pid $$\"; sleep 60")
    run = ask_for_run(api, "script/test")
    pid = wait(lambda: re.search(r"pid (\d+)", runner.output()), "its pid", runner.output)[1]
    os.kill(int(pid), signal.SIGKILL)
    state = wait_for_end(api, run)["state"]
    assert (state["type"], state["message"]) == \
        ("FAILED", "the command was ended by signal 9 (Killed)")


def test_a_served_script_that_is_cancelled(api, serve):
    runner = serve("trap 'echo cleaning; exit 0' TERM; echo begun; sleep 60 & wait")
    run = ask_for_run(api, "script/test")
    runner.expect("begun")
    api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "CANCELLING"}})
    assert wait_for_end(api, run)["state"]["type"] == "CANCELLED"
    wait(lambda: "cleaning" in log_of(api, run), "its clean-up")


def test_serving_needs_a_name(start):
    runner = start("true", command="serve")
    assert runner.end() == 2
    assert "the deployment needs a name" in runner.output()
    runner = start("true", "--name", "x", "-p", "a: strng", command="serve")
    assert runner.end() == 2
    assert "'strng' is no type" in runner.output()


def test_what_was_sent_waits_for_a_script(api, start):
    script = start("sleep 0.5; fermata receive --timeout 20")
    run = script.run()
    send_input(api, run, "strautomaticruninput-auto-1", {"value": "early"})
    assert script.end() == 0
    assert '"early"\n' in script.output()
