"""Flows written with libfermata, in processes of their own, against the real server."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.flows import (Process, log_of, read, resume, wait, wait_for_question,
                           wait_for_state)
from harness.plain_server import gateway, plain_server
from harness.server import build_directory, clean_environment


@pytest.fixture
def start(server, tmp_path):
    """start("examples/greet"): the program, running."""
    started = []

    def start_one(program, *arguments, at=server):
        process = Process(at, tmp_path / f"flow-{len(started)}.log", program, *arguments)
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.__exit__()


# ---- pausing ----


def test_an_approval_without_fields(api, start):
    flow = start("tests/e2e/flows", "approval")
    run = flow.run()
    paused = wait_for_state(api, run, "Paused")
    assert paused["state"]["state_details"]["run_input_keyset"] is None
    assert paused["state"]["state_details"]["pause_key"] == "approval"
    resume(api, run, None)
    assert flow.end() == 0 and "approved" in flow.output()
    assert "not right" not in flow.output()


def test_the_end_of_a_run_outlives_a_server_that_is_away(server, start):
    with gateway(server) as front:
        flow = start("examples/greet", at=front)
        run = wait_for_question(server.api, flow)
        time.sleep(0.5)
        front.is_away = True
        resume(server.api, run, {"name": "Ada", "age": 36})
        flow.expect("The end cannot be stored yet: the server answered with status 503")
        time.sleep(1)
        front.is_away = False
        assert flow.end() == 0
        assert read(server.api, run)["state"]["type"] == "COMPLETED"
        assert flow.output().count("cannot be stored") == 1


def switches(flow):
    """How often the process has gone to sleep."""
    return sum(int(line.split()[1])
               for status in Path(f"/proc/{flow.process.pid}/task").glob("*/status")
               for line in status.read_text().splitlines()
               if line.startswith("voluntary_ctxt_switches"))


@pytest.mark.skipif(build_directory().name == "build-tsan", reason="TSan has a thread that ticks")
def test_a_flow_that_waits_does_nothing(api, start):
    flow = start("examples/greet")
    wait_for_question(api, flow)
    time.sleep(1)  # until its log is sent
    before = switches(flow)
    time.sleep(4)
    assert switches(flow) - before <= 2


def greet(start, front):
    """The paths that a flow asks for once it is answered."""
    flow = start("examples/greet", at=front)
    run = wait_for_question(front.api, flow)
    time.sleep(0.5)
    asked = len(front.asked)
    assert resume(front.api, run, {"name": "Ada", "age": 36})["status"] == "ACCEPT"
    assert flow.end() == 0
    assert "Hello, Ada!" in flow.output()
    return [path.replace(run["id"], "ID") for path in front.asked[asked:]]


def test_an_answer_comes_with_the_end_of_the_wait(server, start):
    with gateway(server) as front:
        asked = greet(start, front)
        assert any("/input_requests/" in path for path in front.asked)
        assert not any("/input/" in path for path in asked)


def test_without_input_requests_the_run_is_looked_at(server, start):
    with gateway(server) as front:
        front.failing = "/input_requests/filter"
        assert "/api/flow_runs/ID/input/paused-1-response" in greet(start, front)


def test_at_a_server_that_cannot_wait_the_run_is_looked_at(server, start):
    with plain_server(server) as front:
        greet(start, front)


def test_a_check_may_cut_a_character_in_two(api, start):
    flow = start("tests/e2e/flows", "paints")
    run = wait_for_question(api, flow)
    refused = resume(api, run, {"text": "ééééé"})
    assert refused["status"] == "REJECT" and "'é\ufffd...' is too long" in refused["details"]["reason"]
    assert resume(api, run, {"text": "éé"})["status"] == "ACCEPT"
    assert flow.end() == 0 and "painted: éé" in flow.output()


def test_a_question_that_is_too_long_stops_nobody(api, start):
    flow = start("tests/e2e/flows", "unaskable")
    run = flow.run()
    wait(lambda: read(api, run)["state"]["state_details"]["pause_key"] == "2", "the next pause",
         flow.output)
    requests = api.post("/input_requests/filter", json={
        "input_requests": {"flow_run_id": {"any_": [run["id"]]}}}).json()
    assert [request["pause_key"] for request in requests] == ["2"]
    resume(api, run, None)
    assert flow.end() == 0
    assert "not right" not in flow.output(), flow.output()


def test_nobody_answers_in_time(api, start):
    flow = start("tests/e2e/flows", "impatient")
    run = flow.run()
    assert flow.end() == 1
    assert "code -3" in flow.output()
    assert "it had ended in state Failed('The flow was paused and never resumed.')" in flow.output()
    assert read(api, run)["state"]["type"] == "FAILED"


def test_a_paused_run_is_cancelled(api, start):
    flow = start("tests/e2e/flows", "approval")
    run = flow.run()
    wait_for_state(api, run, "Paused")
    api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "CANCELLING"}})
    assert flow.end() == 1
    assert read(api, run)["state"]["type"] == "CANCELLED"


def test_the_server_goes_away_and_comes_back(fresh_server, start):
    flow = start("examples/greet_string", at=fresh_server)
    run = wait_for_question(fresh_server.api, flow)
    fresh_server.kill9()
    time.sleep(0.5)
    fresh_server.restart()
    resume(fresh_server.api, run, {"value": "again"})
    assert flow.end() == 0 and "Hello, again!" in flow.output()


# ---- ends ----


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run(api, start, number, status):
    flow = start("tests/e2e/flows", "approval")
    run = flow.run()
    wait_for_state(api, run, "Paused")
    flow.process.send_signal(number)
    assert flow.end() == status
    state = read(api, run)["state"]
    assert state["type"] == "CRASHED" and number.name in state["message"]


def test_a_failure_has_its_reason(api, start):
    flow = start("tests/e2e/flows", "failing")
    assert flow.end() == 1
    state = read(api, flow.run())["state"]
    assert (state["type"], state["message"]) == ("FAILED", "nothing is right in 'failing'")


def test_a_failed_run_is_tried_again(api, start):
    flow = start("tests/e2e/flows", "second_try")
    assert flow.end() == 0
    assert read(api, flow.run())["run_count"] == 2


def test_no_line_of_the_log_is_lost(api, start):
    flow = start("tests/e2e/flows", "chatty")
    assert flow.end() == 0
    run = flow.run()
    seen = set()
    for offset in range(0, 6000, 200):
        body = {"logs": {"flow_run_id": {"any_": [run["id"]]}}, "limit": 200, "offset": offset,
                "sort": "TIMESTAMP_ASC"}
        seen.update(line["message"] for line in api.post("/logs/filter", json=body).json())
    assert {f"line {i}" for i in range(5000)} <= seen
    assert "no UTF-8: \ufffd." in seen


def test_without_a_server():
    done = subprocess.run([build_directory() / "examples/greet"], text=True, capture_output=True,
                          env=clean_environment(FERMATA_API_URL="http://127.0.0.1:1/api"))
    assert done.returncode == 1
    assert "cannot reach http://127.0.0.1:1/api" in done.stderr
    assert "is `fermata server` running?" in done.stderr


@pytest.mark.parametrize("name", ["variables", "variables_of_any_kind", "texts"])
def test_what_flows_do_while_they_run(start, name):
    flow = start("tests/e2e/flows", name)
    assert flow.end() == 0
    assert "not right" not in flow.output(), flow.output()
