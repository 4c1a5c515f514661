"""Runs whose runner or process is gone, or comes back too late. The server waits for these programs
for three seconds only."""

import os
import signal
import socket
import time
import uuid

import pytest

from harness.flows import Process, log_of, read, wait
from harness.plain_server import plain_server
from harness.runs import ask_for_run, is_alive, processes_of, wait_for_end
from harness.server import build_directory, clean_environment

GONE = "The process and the runner of this flow run are gone."
PROGRAM = "tests/e2e/served_failing"


@pytest.fixture
def runner(server, tmp_path):
    with Process(server, tmp_path / "runner.log", PROGRAM) as running:
        running.expect("fermata deployment run 'quick/test'")
        yield running
        running.process.send_signal(signal.SIGTERM)
        running.end()


def start_stubborn(api, runner):
    run = ask_for_run(api, "stubborn/test")
    wait(lambda: "going on" in log_of(api, run), "its start")
    [child] = processes_of(runner.process.pid)
    return run, child


def test_a_run_whose_process_and_runner_are_gone_has_crashed(api, runner):
    run, child = start_stubborn(api, runner)
    runner.process.kill()
    os.kill(child, signal.SIGKILL)
    ended = wait_for_end(api, run)
    assert (ended["state"]["type"], ended["state"]["message"]) == ("CRASHED", GONE)


def test_a_run_whose_runner_lives_does_not(api, runner):
    run, _ = start_stubborn(api, runner)
    time.sleep(5)
    assert read(api, run)["state"]["type"] == "RUNNING"


def test_a_process_that_comes_back_too_late_is_ended(api, runner):
    run, child = start_stubborn(api, runner)
    for pid in (runner.process.pid, child):
        os.kill(pid, signal.SIGSTOP)
    assert wait_for_end(api, run)["state"]["message"] == GONE
    for pid in (runner.process.pid, child):
        os.kill(pid, signal.SIGCONT)
    wait(lambda: not is_alive(child), "the end of the process", runner.output)
    assert f"Flow run '{run['name']}' was taken to be gone" in runner.output()
    assert read(api, run)["state"]["message"] == GONE


def test_a_run_goes_on_while_the_server_is_away(fresh_server, tmp_path):
    with Process(fresh_server, tmp_path / "runner.log", PROGRAM) as runner:
        runner.expect("fermata deployment run 'stubborn/test'")
        run, child = start_stubborn(fresh_server.api, runner)
        fresh_server.kill9()
        time.sleep(4)
        fresh_server.start()
        time.sleep(5)
        assert read(fresh_server.api, run)["state"]["type"] == "RUNNING"
        assert is_alive(child)
        runner.process.send_signal(signal.SIGTERM)
        runner.end()


def take(api, run):
    """As a runner does that is never heard of again; its name as a holder."""
    holder = str(uuid.uuid4())
    reply = api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "PENDING"}},
                     headers={"Fermata-Lease": f"1; holder={holder}"}).json()
    assert reply["status"] == "ACCEPT"
    return holder


def test_a_run_that_was_taken_by_one_who_is_gone_is_started_by_another(api, runner):
    os.kill(runner.process.pid, signal.SIGSTOP)
    run = ask_for_run(api, "quick/test")
    take(api, run)
    os.kill(runner.process.pid, signal.SIGCONT)
    assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"


def run_by_order(server, log, order):
    """A run's process whose runner is the test; its exit status, and what it says."""
    program = build_directory() / PROGRAM
    environment = clean_environment(FERMATA_API_URL=server.url + "/api",
                                    FERMATA_SERVED_BY=str(os.getpid()))
    ours, its = socket.socketpair()
    with ours, its, open(log, "wb") as out:
        files = [its.fileno(), 10], [out.fileno(), 11], [10, 4], [11, 3], [11, 2]
        pid = os.posix_spawn(program, [str(program)], environment,
                             file_actions=[(os.POSIX_SPAWN_DUP2, *pair) for pair in files])
        its.close()
        ours.sendall(order.encode())
        ours.shutdown(socket.SHUT_WR)
        _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), log.read_text()


@pytest.mark.parametrize("order, why", [("3:nobody", "the runner's order cannot be understood"),
                                        ("7:{id}:{id}", "is not served by this program")])
def test_a_process_that_does_not_understand_its_order_says_so(server, tmp_path, order, why):
    status, said = run_by_order(server, tmp_path / "log", order.format(id=uuid.uuid4()))
    assert status == 1
    assert why in said


def test_a_process_without_an_order_ends(server, tmp_path):
    assert run_by_order(server, tmp_path / "log", "") == (0, "")


@pytest.mark.parametrize("again", [True, False])
def test_a_process_does_not_start_a_run_that_its_runner_has_lost(api, runner, server, tmp_path,
                                                                 again):
    """What is left of a runner that slept between taking a run and starting its process."""
    os.kill(runner.process.pid, signal.SIGSTOP)
    run = ask_for_run(api, "quick/test")
    late = take(api, run)
    wait(lambda: read(api, run)["state"]["type"] == "SCHEDULED", "its being offered again")
    if again:
        take(api, run)
    status, said = run_by_order(server, tmp_path / "late.log", f"3:{run['id']}:{late}")
    assert status == 1
    assert "the server does not let the flow run start" in said
    assert log_of(api, run) == []
    assert read(api, run)["state"]["type"] == ("PENDING" if again else "SCHEDULED")
    os.kill(runner.process.pid, signal.SIGCONT)
    assert wait_for_end(api, run)["run_count"] == 1


def test_a_run_without_a_runner_crashes_with_its_process(server, api, tmp_path):
    with Process(server, tmp_path / "listen.log", PROGRAM, "listen") as listener:
        run = listener.run()
        wait(lambda: read(api, run)["state"]["type"] == "RUNNING", "its start")
        time.sleep(4)
        assert read(api, run)["state"]["type"] == "RUNNING"
        listener.process.kill()
        assert wait_for_end(api, run)["state"]["message"] == GONE


def test_a_run_without_a_runner_is_cancelled(server, api, tmp_path):
    with Process(server, tmp_path / "listen.log", PROGRAM, "listen") as listener:
        run = listener.run()
        wait(lambda: read(api, run)["state"]["type"] == "RUNNING", "its start")
        begun = time.monotonic()
        api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "CANCELLING"}})
        assert listener.end() == 1
        assert time.monotonic() - begun < 3
        ended = read(api, run)["state"]
        assert (ended["type"], ended["message"]) == ("CANCELLED", "The flow run was cancelled.")
        assert "code -" in listener.output()


def test_a_run_that_waits_for_its_next_try_is_cancelled(server, api, tmp_path):
    with Process(server, tmp_path / "retry.log", PROGRAM, "retry") as process:
        run = process.run()
        wait(lambda: read(api, run)["state"]["name"] == "AwaitingRetry", "a failure")
        time.sleep(4)
        assert read(api, run)["state"]["name"] == "AwaitingRetry"
        api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "CANCELLING"}})
        assert process.end() == 1
        assert read(api, run)["state"]["type"] == "CANCELLED"


def test_a_cancellation_is_heard_where_the_server_cannot_wait(server, api, tmp_path):
    with plain_server(server) as plain, \
            Process(plain, tmp_path / "listen.log", PROGRAM, "listen") as listener:
        run = listener.run()
        wait(lambda: read(api, run)["state"]["type"] == "RUNNING", "its start")
        api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "CANCELLING"}})
        assert listener.end() == 1
        assert read(api, run)["state"]["type"] == "CANCELLED"


def test_a_run_without_a_runner_that_comes_back_too_late_ends(server, api, tmp_path):
    with Process(server, tmp_path / "listen.log", PROGRAM, "listen") as listener:
        run = listener.run()
        wait(lambda: read(api, run)["state"]["type"] == "RUNNING", "its start")
        os.kill(listener.process.pid, signal.SIGSTOP)
        assert wait_for_end(api, run)["state"]["message"] == GONE
        os.kill(listener.process.pid, signal.SIGCONT)
        assert listener.end() == 1
        assert "The end of the flow run does not count" in listener.output()
        assert read(api, run)["state"]["message"] == GONE
