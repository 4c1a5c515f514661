"""How runs of served deployments end, and how the runner does."""

import os
import signal
import time

import pytest

from harness.deployments import deployment_run, scheduled
from harness.flows import Process, log_of, read, wait, wait_for_state
from harness.runs import ask_for_run, deployment_of, is_alive, processes_of, wait_for_end
from harness.terminal import Terminal


@pytest.fixture(scope="module")
def runner(server, tmp_path_factory):
    log = tmp_path_factory.mktemp("runner") / "runner.log"
    with Process(server, log, "tests/e2e/flows", "serve") as running:
        running.expect("fermata deployment run 'work/test'")
        yield running
        running.process.send_signal(signal.SIGTERM)
        assert running.end() == 0


def cancel(api, run):
    api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "CANCELLING"}})


@pytest.mark.parametrize("way, words", [("abort", "signal 9"), ("exit", "exit status 3")])
def test_a_process_that_ends_without_a_word_has_crashed(api, runner, way, words):
    ended = wait_for_end(api, ask_for_run(api, "work/test", way=way))
    assert ended["state"]["type"] == "CRASHED"
    assert words in ended["state"]["message"]


def test_a_silent_server_holds_the_end_of_a_runner_up_once(fresh_server, tmp_path):
    """And not for each of its four deployments."""
    with Process(fresh_server, tmp_path / "runner.log", "tests/e2e/served") as runner:
        runner.expect("fermata deployment run 'quick/test'")
        os.kill(fresh_server.process.pid, signal.SIGSTOP)
        begun = time.monotonic()
        runner.process.send_signal(signal.SIGTERM)
        status = runner.end()
        took = time.monotonic() - begun
        os.kill(fresh_server.process.pid, signal.SIGCONT)
        assert status == 0
        assert took < 12
        assert runner.output().count("could not be paused") == 1


def test_a_run_is_cancelled(api, runner):
    run = ask_for_run(api, "work/test", way="spin")
    wait_for_state(api, run, "Paused")
    cancel(api, run)
    assert wait_for_end(api, run)["state"]["type"] == "CANCELLED"


def test_a_run_is_cancelled_before_its_time(api, runner):
    deployment = deployment_of(api, "work/test")
    run = deployment_run(api, deployment, state=scheduled(9), parameters={"way": "return"})
    wait_for_state(api, run, "Pending")
    wait(lambda: processes_of(runner.process.pid), "its process")
    begun = time.monotonic()
    cancel(api, run)
    assert wait_for_end(api, run)["state"]["type"] == "CANCELLED"
    assert time.monotonic() - begun < 5
    assert not any("Beginning" in line for line in log_of(api, run))


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


def test_a_process_that_does_not_hear_is_killed(fresh_server, tmp_path):
    api = fresh_server.api
    with Process(fresh_server, tmp_path / "log", "tests/e2e/served_failing") as runner:
        runner.expect("fermata deployment run 'stubborn/test'")
        run = ask_for_run(api, "stubborn/test")
        wait(lambda: "going on" in log_of(api, run), "its start")
        [child] = processes_of(runner.process.pid)
        begun = time.monotonic()
        cancel(api, run)
        wait(lambda: not is_alive(child), "its end")
        assert 0.4 < time.monotonic() - begun < 5
        assert wait_for_end(api, run)["state"]["type"] == "CANCELLED"
        runner.process.send_signal(signal.SIGTERM)
        assert runner.end() == 0


def start_twenty(api):
    runs = [ask_for_run(api, "waits/test") for _ in range(20)]
    for run in runs:
        wait_for_state(api, run, "Paused")
    return runs


def assert_all_ended(api, runs, children):
    assert len(children) == 20
    assert not any(map(is_alive, children))
    assert {read(api, run)["state"]["type"] for run in runs} == {"CRASHED"}
    assert deployment_of(api, "waits/test")["paused"]


def test_a_runner_ends_with_all_its_runs(fresh_server, tmp_path):
    api = fresh_server.api
    with Process(fresh_server, tmp_path / "log", "tests/e2e/served") as runner:
        runner.expect("fermata deployment run 'waits/test'")
        ended = [ask_for_run(api, "quick/test") for _ in range(5)]
        for run in ended:
            wait_for_end(api, run)
        runs = start_twenty(api)
        children = processes_of(runner.process.pid)
        assert all(map(is_alive, children)), "there are zombies"
        runner.process.send_signal(signal.SIGTERM)
        assert runner.end() == 0
        assert_all_ended(api, runs, children)


def test_ctrl_c_ends_a_runner_with_all_its_runs(fresh_server, tmp_path):
    api = fresh_server.api
    with Process(fresh_server, tmp_path / "log", "tests/e2e/served") as other:
        program = other.process.args[0]
        other.expect("fermata deployment run 'waits/test'")
    with Terminal(program=program, FERMATA_API_URL=fresh_server.url + "/api") as terminal:
        terminal.expect("fermata deployment run 'waits/test'")
        runs = start_twenty(api)
        children = processes_of(terminal.process.pid)
        terminal.interrupt()
        assert terminal.wait() == 0
        assert_all_ended(api, runs, children)


# Which call of the runner fails: the first threads and events are its own, not a run's, and the
# first pipes are those of the process that it starts ahead.
CALLS = [("socketpair:1,2", "no socket"), ("pipe2:1,2", "no pipe"), ("pipe2:1,3", "no pipe"),
         ("eventfd:3", "no event"),
         ("posix_spawn:1,2", "the process could not be started"),
         ("pthread_create:3", "no thread for a run"),
         ("pthread_create:4", "no thread to watch the flow run"),
         ("pthread_create:5", "no thread for what the process prints")]


@pytest.mark.parametrize("call, words", CALLS)
def test_a_run_that_cannot_be_started_has_crashed(server, tmp_path, call, words):
    api = server.api
    with Process(server, tmp_path / "log", "tests/e2e/served_failing", FAILING=call) as runner:
        runner.expect("fermata deployment run 'quick/test'")
        ended = wait_for_end(api, ask_for_run(api, "quick/test"))
        assert ended["state"]["type"] == "CRASHED"
        assert words in ended["state"]["message"]
        assert wait_for_end(api, ask_for_run(api, "quick/test"))["state"]["type"] == "COMPLETED"
        runner.process.send_signal(signal.SIGTERM)
        assert runner.end() == 0
