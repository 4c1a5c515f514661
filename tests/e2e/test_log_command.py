"""`fermata flow-run logs`, `ls`, `inspect` and `cancel`, against the real server."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from harness.objects import make_run, set_state
from harness.terminal import Terminal, run_command


@pytest.fixture
def environment(server):
    return {"FERMATA_API_URL": server.url + "/api", "TZ": "UTC"}


def log(api, run, *messages, level=20, start=datetime(2026, 11, 23, 11, 38, 41, 800000, timezone.utc)):
    lines = [{"name": "prefect.flow_runs", "level": level, "message": message,
              "timestamp": (start + timedelta(milliseconds=i)).isoformat(),
              "flow_run_id": run["id"]} for i, message in enumerate(messages)]
    assert api.post("/logs/", json=lines).status_code == 201


def running(api, **fields):
    run = make_run(api, **fields)
    set_state(api, run["id"], "RUNNING")
    return run


def test_lines_as_people_know_them(api, environment):
    run = running(api)
    log(api, run, "Hello", "two\nlines \x1b[31m")
    log(api, run, "careful", level=30, start=datetime(2026, 11, 23, 9, tzinfo=timezone.utc))
    done = run_command("flow-run", "logs", run["id"], **environment)
    assert done.returncode == 0
    assert done.stdout == (
        f"09:00:00.000 | WARNING | Flow run '{run['name']}' - careful\n"
        f"11:38:41.800 | INFO    | Flow run '{run['name']}' - Hello\n"
        f"11:38:41.801 | INFO    | Flow run '{run['name']}' - two\nlines \ufffd[31m\n")
    lines = run_command("flow-run", "logs", "--json", run["id"], **environment).stdout.splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["careful", "Hello", "two\nlines \x1b[31m"]


def test_more_than_a_page(api, environment):
    run = running(api)
    log(api, run, *(f"line {i}" for i in range(450)))
    set_state(api, run["id"], "COMPLETED")
    for arguments in ("flow-run", "logs", run["id"]), ("flow-run", "logs", run["id"], "--follow"):
        lines = run_command(*arguments, **environment).stdout.splitlines()
        assert [line.split(" - ")[1] for line in lines] == [f"line {i}" for i in range(450)]


@pytest.mark.parametrize("end, status", [("COMPLETED", 0), ("FAILED", 1), ("CANCELLED", 1)])
def test_following_to_the_end(api, environment, end, status):
    run = running(api)
    log(api, run, "before")
    with Terminal("flow-run", "logs", "-f", run["name"], **environment) as terminal:
        terminal.expect("before")
        log(api, run, "while it runs")
        terminal.expect("while it runs")
        # Its time is before what was shown, but it arrives now.
        log(api, run, "late", start=datetime(2026, 11, 22, tzinfo=timezone.utc))
        terminal.expect("late")
        set_state(api, run["id"], end, force=True)
        log(api, run, "after the end")
        terminal.expect("after the end")
        assert terminal.wait() == status
        assert terminal.text().count(" - ") == 4


def test_the_last_lines_and_those_of_a_level(api, environment):
    run = running(api)
    log(api, run, *(f"line {i}" for i in range(250)))
    log(api, run, "careful", level=30, start=datetime(2026, 11, 24, tzinfo=timezone.utc))

    def shown(*arguments):
        done = run_command("flow-run", "logs", run["id"], *arguments, **environment)
        assert done.returncode == 0, done.stderr
        return [line.split(" - ")[1] for line in done.stdout.splitlines()]
    assert shown("--tail", "3") == ["line 248", "line 249", "careful"]
    assert shown("--tail", "230") == [f"line {i}" for i in range(21, 250)] + ["careful"]
    assert len(shown("--tail", "1000")) == 251 and shown("--tail", "0") == []
    assert shown("--level", "warning") == shown("-l", "WARNING", "-n", "5") == ["careful"]
    assert len(shown("--level", "debug")) == 251 and shown("--level", "error") == []
    done = run_command("flow-run", "logs", run["id"], "--level", "loud", **environment)
    assert done.returncode == 2 and "--level must be debug, info" in done.stderr
    with Terminal("flow-run", "logs", "-f", "--tail", "1", run["name"], **environment) as terminal:
        terminal.expect("careful")
        log(api, run, "next")
        terminal.expect("next")
        set_state(api, run["id"], "COMPLETED")
        assert terminal.wait() == 0
        assert terminal.text().count(" - ") == 2


def test_following_goes_on_when_the_server_is_back(fresh_server):
    api, url = fresh_server.api, fresh_server.url + "/api"
    run = running(api)
    log(api, run, "before")
    with (Terminal("flow-run", "logs", "-f", run["name"], FERMATA_API_URL=url) as terminal,
          Terminal("flow-run", "wait", run["name"], FERMATA_API_URL=url) as waiter):
        terminal.expect("before")
        waiter.expect(f"{run['name']}: Running; waiting for its end")
        fresh_server.kill9()
        terminal.expect("The server is away; waiting for it.")
        fresh_server.start()
        terminal.expect("The server is back.")
        log(api, run, "after")
        terminal.expect("after")
        set_state(api, run["id"], "COMPLETED")
        assert (terminal.wait(), waiter.wait()) == (0, 0)
        assert terminal.text().count("before") == 1


def test_a_server_that_was_never_there_is_not_waited_for():
    for command in "logs", "wait":
        done = run_command("flow-run", command, "0198c0de-0000-7000-8000-000000000000",
                           FERMATA_API_URL="http://127.0.0.1:9/api")
        assert done.returncode == 1 and "cannot reach" in done.stderr


def test_unknown_runs(api, environment):
    for name in "nobody", "0198c0de-0000-7000-8000-000000000000":
        done = run_command("flow-run", "logs", name, **environment)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")


def test_runs(api, environment):
    run = running(api, name="the-one-to-see", parameters={"x": 0.1})
    listed = run_command("flow-run", "ls", **environment).stdout
    assert "the-one-to-see" in listed and "Running" in listed
    shown = run_command("flow-run", "inspect", "the-one-to-see", **environment).stdout
    assert run["id"] in shown and '{"x": 0.1}' in shown
    assert json.loads(run_command("flow-run", "inspect", run["id"], "--json", **environment).stdout)["id"] == run["id"]
    assert json.loads(run_command("--json", "flow-run", "ls", "-n", "1", **environment).stdout)


def test_runs_that_are_scheduled_for_later(api, environment):
    later = datetime.now(timezone.utc) + timedelta(hours=1)
    run = make_run(api, name="later")
    set_state(api, run["id"], "SCHEDULED", scheduled_time=later.isoformat())
    waiting = make_run(api, name="tried-again-later")
    set_state(api, waiting["id"], "SCHEDULED", "AwaitingRetry", scheduled_time=later.isoformat())
    running(api, name="now-running")
    listed = run_command("flow-run", "ls", **environment).stdout
    assert "now-running" in listed and "tried-again-later" in listed
    assert " later " not in listed
    assert " later " in run_command("flow-run", "ls", "--all", **environment).stdout


def test_a_run_is_cancelled(api, environment):
    run = running(api, name="to-be-told")
    assert run_command("flow-run", "cancel", "to-be-told", **environment).stdout.startswith("to-be-told is told to end")
    assert api.get(f"/flow_runs/{run['id']}").json()["state"]["type"] == "CANCELLING"

    run = make_run(api)
    set_state(api, run["id"], "SCHEDULED")
    assert run_command("flow-run", "cancel", run["id"], **environment).stdout == f"{run['id']} is cancelled.\n"
    assert api.get(f"/flow_runs/{run['id']}").json()["state"]["type"] == "CANCELLED"

    run = running(api, name="over")
    set_state(api, run["id"], "COMPLETED")
    done = run_command("flow-run", "cancel", "over", **environment)
    assert done.returncode == 1
    assert done.stderr == "error: over: Run is already in terminal state COMPLETED.\n"
