"""What users of the stock client have of it that its polls are held, and that they lose nothing."""

import re
import socket
import time

import httpx
import pytest

from harness.flows import read, resume, send_input, wait, wait_for_state
from harness.programs import Programs, interrupt, run_of
from harness.server import Server

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("server"), "--hold-receives", "30") as running:
        yield running


@pytest.fixture(scope="module")
def programs(server, tmp_path_factory):
    """Of the newest client alone: old ones do not say that they are inside a flow."""
    programs = Programs(server, "3.8", tmp_path_factory.mktemp("prefect"))
    yield programs
    programs.close()


def seconds(process):
    """How it ended, and after how long, as it says."""
    assert process.end() == 0, process.output()
    how, after = re.search(r": (\S.*) after ([\d.]+) s", process.output()).groups()
    return how, float(after)


def test_a_paused_flow_goes_on_at_once(server, programs):
    process = programs("waiting.py", "pauses", "600", "5")
    run = run_of(server.api, "pauses", "Paused", output=process.output)
    time.sleep(6)  # it polls after 5 s, and would again after 10
    assert resume(server.api, run, None)["status"] == "ACCEPT"
    answered = time.monotonic()
    wait_for_state(server.api, run, "Completed")
    assert time.monotonic() - answered < 2
    assert seconds(process)[0] == "went on"


def test_a_pause_ends_in_time(programs):
    """It does not sleep for one interval more after its time."""
    how, after = seconds(programs("waiting.py", "pauses", "6", "5"))
    assert how == "FlowPauseTimeout" and 6 <= after < 10.5


def test_a_paused_flow_ends_with_ctrl_c(server, programs):
    process = programs("waiting.py", "pauses", "600", "1")
    run = run_of(server.api, "pauses", "Paused", output=process.output)
    time.sleep(2)  # its poll is held
    begun = time.monotonic()
    assert interrupt(process) != 0
    assert time.monotonic() - begun < 8
    assert read(server.api, run)["state"]["name"] != "Completed"


def test_a_receive_with_async_ends_in_time(programs):
    process = programs("waiting.py", "receives_async", "4", "1")
    how, after = seconds(process)
    assert how == "went on" and 4 <= after < 6 and "received: []" in process.output()


def test_a_receive_that_is_held_hears_at_once(server, programs):
    process = programs("waiting.py", "receives_async", "8", "3")
    run = run_of(server.api, "receives-async", "Running", output=process.output)
    time.sleep(4)  # it polls after 3 s, and would again after 6
    send_input(server.api, run, "strautomaticruninput-auto-1", {"value": "first"})
    process.end()
    assert "received: ['first']" in process.output()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_runner_that_is_held_counts_as_alive_and_can_cancel(server, programs):
    port = str(free_port())
    runner = programs("waiting.py", "serve", PREFECT_RUNNER_POLL_FREQUENCY="2",
                      PREFECT_RUNNER_SERVER_PORT=port)
    runner.expect("being served")

    def health():
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).status_code
        except httpx.TransportError:
            return None

    wait(lambda: health() == 200, "the runner's own health", runner.output)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert health() == 200
        time.sleep(0.2)
    deployment = server.api.get("/deployments/name/pauses/held").json()
    run = server.api.post(f"/deployments/{deployment['id']}/create_flow_run", json={}).json()
    wait_for_state(server.api, run, "Paused")
    time.sleep(2.5)  # its process's poll is held
    assert programs.command("flow-run", "cancel", run["id"])[0] == 0
    wait_for_state(server.api, run, "Cancelled")
    begun = time.monotonic()
    assert interrupt(runner) == 0
    assert time.monotonic() - begun < 10
