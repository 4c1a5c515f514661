"""The process that a runner starts ahead, for its next run."""

import os
import signal
import time
from pathlib import Path

import pytest

from harness.flows import Process, log_of, wait, wait_for_state
from harness.runs import (ask_for_run, children_of, is_alive, processes_of, spare_of,
                          wait_for_end)

PROGRAM = "tests/e2e/served"
FAILING = "tests/e2e/served_failing"  # the same, with little patience
GONE = "The process that waited for the next run has ended"


@pytest.fixture
def start(server, tmp_path):
    """start(PROGRAM, ...): a runner that is stopped at the end, and leaves nothing behind."""
    running = []

    def start_one(*arguments, **environment):
        process = Process(server, tmp_path / "runner.log", *arguments, **environment)
        running.append(process)
        process.expect("fermata deployment run 'quick/test'")
        return process

    yield start_one
    for process in running:
        with process:
            children = children_of(process.process.pid)
            process.process.send_signal(signal.SIGTERM)
            assert process.end() == 0
            assert not any(map(is_alive, children))


def spare(runner):
    return wait(lambda: spare_of(runner.process.pid), "a process for the next run", runner.output)


def run_to_the_end(api, name="quick/test", **parameters):
    run = ask_for_run(api, name, **parameters)
    assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
    return run


def test_a_run_gets_the_process_that_waits_and_the_next_one_another(api, start):
    runner = start(PROGRAM)
    first = spare(runner)
    wait_for_state(api, ask_for_run(api, "waits/test"), "Paused")
    assert processes_of(runner.process.pid) == [first]
    second = spare(runner)
    wait_for_state(api, ask_for_run(api, "waits/test"), "Paused")
    assert sorted(processes_of(runner.process.pid)) == sorted([first, second])
    assert spare(runner) not in (first, second)


def test_runs_that_come_all_at_once_do_not_wait_for_it(api, start):
    start(PROGRAM)
    runs = [ask_for_run(api, "quick/test") for _ in range(10)]
    ended = [wait_for_end(api, run) for run in runs]
    assert {run["state"]["type"] for run in ended} == {"COMPLETED"}
    assert {run["run_count"] for run in ended} == {1}


def test_there_is_none_where_the_limit_leaves_no_room(api, start):
    runner = start(PROGRAM, "1")
    first = spare(runner)
    run = ask_for_run(api, "waits/test")
    wait_for_state(api, run, "Paused")
    time.sleep(0.5)
    assert children_of(runner.process.pid) == [first]
    api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "CANCELLING"}})
    wait_for_end(api, run)
    wait(lambda: first not in children_of(runner.process.pid), "the end of the first process")
    spare(runner)
    run_to_the_end(api)


def test_it_does_not_outlive_a_runner_that_is_killed(fresh_server, tmp_path):
    with Process(fresh_server, tmp_path / "log", PROGRAM) as runner:
        process = spare(runner)
        runner.process.kill()
        runner.end()
        wait(lambda: not is_alive(process), "its end")


def test_one_that_is_gone_is_no_loss_and_replaced_after_the_next_run(api, start):
    runner = start(PROGRAM)
    os.kill(spare(runner), signal.SIGKILL)
    runner.expect(GONE + " (signal 9)")
    time.sleep(0.5)
    assert children_of(runner.process.pid) == []
    run_to_the_end(api)
    spare(runner)


def test_one_that_is_stopped_makes_its_run_wait(api, start):
    """However long it takes to listen: it gets its order, and once."""
    runner = start(PROGRAM)
    process = spare(runner)
    os.kill(process, signal.SIGSTOP)
    run = ask_for_run(api, "quick/test")
    wait_for_state(api, run, "Pending")
    os.kill(process, signal.SIGCONT)
    assert wait_for_end(api, run)["run_count"] == 1


def test_one_that_ends_at_once_is_told_of_once(api, start):
    runner = start(PROGRAM, FIRST="exit")
    runner.expect(GONE + " (exit status 3)")
    assert "no way\n" in runner.output()
    time.sleep(0.5)
    assert runner.output().count(GONE) == 1
    ended = wait_for_end(api, ask_for_run(api, "quick/test"))["state"]
    assert ended["type"] == "CRASHED"
    assert "exit status 3 before the flow did" in ended["message"]


def test_one_that_does_not_come_so_far_is_killed_with_its_runner(start):
    runner = start(FAILING, FIRST="hang")
    spare(runner)


def test_what_it_prints_before_its_run_is_printed_by_the_run(api, start):
    runner = start(PROGRAM, FIRST="print")
    spare(runner)
    time.sleep(0.5)
    assert "first words" not in runner.output()
    run = run_to_the_end(api, "prints/test", way="words")
    wait(lambda: "to the output" in log_of(api, run), "what it prints")
    assert log_of(api, run).count("first words") == 1
    assert runner.output().count("first words\n") == 1


@pytest.mark.parametrize("call", ["socketpair:1", "pipe2:1", "pipe2:2", "posix_spawn:1",
                                  "pidfd_open:1", "eventfd:2", "pthread_create:2"])
def test_without_one_a_run_starts_its_own(api, start, call):
    runner = start(FAILING, FAILING=call)
    runner.expect("No process waits for the next run: ")
    run_to_the_end(api)


def connections_of(pid):
    """The open connections of a process, by their inodes."""
    rows = [row.split() for row in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    established = {f"socket:[{row[9]}]" for row in rows if row[3] == "01"}
    return established & {os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()}


def test_its_connection_is_there_before_its_run(api, start):
    runner = start(PROGRAM)
    process = spare(runner)
    [connection] = wait(lambda: connections_of(process), "a connection")
    wait_for_state(api, ask_for_run(api, "waits/test"), "Paused")
    assert processes_of(runner.process.pid) == [process]
    assert connection in connections_of(process)


def test_a_connection_that_was_lost_meanwhile_is_opened_again(fresh_server, tmp_path):
    with Process(fresh_server, tmp_path / "log", PROGRAM) as runner:
        process = spare(runner)
        wait(lambda: connections_of(process), "a connection")
        fresh_server.kill9()
        wait(lambda: not connections_of(process), "its end")
        fresh_server.start()
        run_to_the_end(fresh_server.api)
        runner.process.send_signal(signal.SIGTERM)
        assert runner.end() == 0
