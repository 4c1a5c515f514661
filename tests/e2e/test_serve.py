"""Deployments that a C program serves, against the real server."""

import signal
import time
from pathlib import Path

import pytest

from harness.flows import (Process, log_of, processes_of, read, resume, wait,
                           wait_for_state)
from harness.terminal import Terminal


@pytest.fixture(scope="module")
def runner(server, tmp_path_factory):
    log = tmp_path_factory.mktemp("runner") / "runner.log"
    with Process(server, log, "tests/e2e/flows", "serve") as running:
        running.expect("fermata deployment run 'work/test'")
        yield running
        running.process.send_signal(signal.SIGTERM)
        assert running.end() == 0


def deployment_of(api, name):
    return api.get(f"/deployments/name/{name}").json()


def ask_for_run(api, name, **parameters):
    reply = api.post(f"/deployments/{deployment_of(api, name)['id']}/create_flow_run",
                     json={"state": {"type": "SCHEDULED"}, "parameters": parameters})
    assert reply.status_code == 201, reply.text
    return reply.json()


def wait_for_end(api, run):
    return wait_for_state(api, run, "Completed", "Failed", "Crashed", "Cancelled")


def test_a_run_is_started_at_once(api, runner):
    run = ask_for_run(api, "work/test", way="return")
    ended = wait_for_end(api, run)
    assert ended["state"]["type"] == "COMPLETED"
    assert ended["parameters"] == {"way": "return"}
    assert ended["total_run_time"] < 5
    wait(lambda: "return 2" in log_of(api, run), "the log")


def test_parameters_have_a_schema(api, runner):
    deployment = deployment_of(api, "work/test")
    schema = deployment["parameter_openapi_schema"]
    assert schema["properties"]["number"] == {"title": "Number", "type": "integer", "default": 2}
    refused = api.post(f"/deployments/{deployment['id']}/create_flow_run",
                       json={"state": {"type": "SCHEDULED"}, "parameters": {"way": "sing"}})
    assert refused.status_code == 409


@pytest.mark.parametrize("way, words", [("abort", "signal 9"), ("exit", "exit status 3")])
def test_a_process_that_ends_without_a_word_has_crashed(api, runner, way, words):
    ended = wait_for_end(api, ask_for_run(api, "work/test", way=way))
    assert ended["state"]["type"] == "CRASHED"
    assert words in ended["state"]["message"]


def test_a_run_is_cancelled(api, runner):
    run = ask_for_run(api, "work/test", way="spin")
    wait_for_state(api, run, "Paused")
    api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "CANCELLING"}})
    assert wait_for_end(api, run)["state"]["type"] == "CANCELLED"


def test_a_suspended_run_goes_on_in_new_processes(api, runner):
    run = ask_for_run(api, "suspends/test")
    wait_for_state(api, run, "Suspended")
    refused = resume(api, run, {"value": 5})
    assert refused["status"] == "REJECT"
    assert resume(api, run, {"value": "Ada"})["state"]["name"] == "Resuming"
    wait(lambda: read(api, run)["state"]["state_details"]["pause_key"] == "2", "the second pause")
    assert resume(api, run, None)["status"] == "ACCEPT"
    ended = wait_for_end(api, run)
    assert (ended["state"]["type"], ended["run_count"]) == ("COMPLETED", 1)
    wait(lambda: "Hello, Ada!" in log_of(api, run), "the greeting")


def test_a_flow_runs_deployments(server, runner, tmp_path):
    with Process(server, tmp_path / "starter.log", "tests/e2e/flows", "starter") as starter:
        assert starter.end() == 0
        assert "not right" not in starter.output(), starter.output()


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_its_runner(fresh_server, tmp_path, number):
    api = fresh_server.api
    with Process(fresh_server, tmp_path / "runner.log", "tests/e2e/flows", "serve") as runner:
        runner.expect("fermata deployment run 'work/test'")
        run = ask_for_run(api, "work/test", way="spin")
        wait_for_state(api, run, "Paused")
        [child] = processes_of(runner.process.pid)
        runner.process.send_signal(number)
        runner.end()
        wait(lambda: not is_alive(child), "the end of the run's process")
        assert wait_for_end(api, run)["state"]["type"] == "CRASHED"


def test_two_runners_start_a_run_once(fresh_server, tmp_path):
    api = fresh_server.api
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    with Process(fresh_server, logs[0], "tests/e2e/flows", "serve") as one, \
            Process(fresh_server, logs[1], "tests/e2e/flows", "serve") as two:
        one.expect("fermata deployment run 'work/test'")
        two.expect("fermata deployment run 'work/test'")
        runs = [ask_for_run(api, "work/test", way="return") for _ in range(10)]
        for run in runs:
            assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
        begun = one.output() + two.output()
        for run in runs:
            assert begun.count(f"Starting flow run '{run['name']}'") == 1


def test_two_flows_talk(fresh_server, tmp_path):
    url = fresh_server.url + "/api"
    with Process(fresh_server, tmp_path / "greeter.log", "examples/send_receive", "greeter") as greeter:
        greeter.expect("fermata deployment run 'greeter/send-receive'")
        program = greeter.process.args[0]
        with Terminal("sender", program=program, FERMATA_API_URL=url) as sender:
            for name in ("andrew", "beth"):
                sender.expect("What is your name? ")
                begun = time.monotonic()
                sender.send(name)
                sender.expect(f"Hello, {name}!")
                assert time.monotonic() - begun < 2, "it did not wait, it polled"
            sender.expect("What is your name? ")
            sender.send("q")
            sender.expect("Goodbye!")
            assert sender.wait() == 0
        greeter.expect("Goodbye!")
