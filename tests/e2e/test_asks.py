"""Flows in C that ask one another, store their models in their own way and check answers."""

import signal
import subprocess

import pytest

from harness.deployments import deployment_run
from harness.flows import (Process, input_of, log_of, read, resume, wait, wait_for_question,
                           wait_for_state)
from harness.objects import make_run
from harness.server import build_directory, clean_environment
from harness.stock import StockServer


@pytest.fixture
def start(server, tmp_path):
    """start("asks", ID): that flow of the program, running."""
    started = []

    def start_one(*arguments):
        process = Process(server, tmp_path / f"flow-{len(started)}.log", "tests/e2e/asks", *arguments)
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.__exit__()


def ends_well(flow):
    assert flow.end() == 0, flow.output()
    assert "not right" not in flow.output(), flow.output()


# ---- asking ----


def inputs_of(api, run, prefix=""):
    body = {"prefix": prefix, "limit": 200}
    return api.post(f"/flow_runs/{run['id']}/input/filter", json=body).json()


def question_of(api, run, value, prefix="strautomaticruninput-auto"):
    """The question with this text, once it is there."""
    return wait(lambda: next((row for row in inputs_of(api, run, prefix)
                              if row["value"] == f'{{"value":"{value}"}}'), None), value)


def answer_question(api, question, value):
    """As a flow in Python does: respond(answer, key_prefix="answer-NAME")."""
    sender = question["sender"].removeprefix("prefect.flow-run.")
    name = question["key"].split("-ask-")[1]
    reply = api.post(f"/flow_runs/{sender}/input", json={
        "key": f"answer-{name}-1f0e7a52-0000-4000-8000-000000000000", "value": value})
    assert reply.status_code == 201


def test_threads_ask_at_once(start):
    ends_well(start("askers"))


def test_threads_ask_at_once_at_a_server_that_knows_nothing_of_ours(server, tmp_path):
    with (StockServer(server) as stock,
          Process(stock, tmp_path / "flow.log", "tests/e2e/asks", "askers") as flow):
        ends_well(flow)


def test_an_answer_from_another_program(api, start):
    other = make_run(api)
    flow = start("asks", other["id"])
    answer_question(api, question_of(api, other, "colour?"), '{"value": "green"}')
    answer_question(api, question_of(api, other, "number?", "numbers"), '{"value": "seven"}')
    ends_well(flow)
    assert "colour: green" in flow.output()
    assert len(inputs_of(api, other)) == 4, "the question with a key was asked twice"


def start_deployed(api, name, **parameters):
    deployment = api.get(f"/deployments/name/{name}").json()
    return deployment_run(api, deployment, state={"type": "SCHEDULED"}, parameters=parameters)


def test_a_run_that_starts_anew_has_its_answer(api, runner):
    run = start_deployed(api, "ask-later/test")
    wait_for_state(api, run, "Suspended")
    answer_question(api, question_of(api, run, "colour?"), '{"value": "green"}')
    resume(api, run, None)
    wait_for_state(api, run, "Completed")
    wait(lambda: "colour: green" in log_of(api, run), "the answer")
    assert len(inputs_of(api, run, "strautomaticruninput-auto")) == 1


# ---- models that store themselves ----


def test_what_is_stored_is_the_model_s_own_text(server, api, start, tmp_path):
    flow = start("keeps_secrets", str(tmp_path))
    run = wait_for_question(api, flow)
    stored = inputs_of(api, run)
    texts = [row["value"] for row in stored if row["key"].startswith("login-auto")]
    assert texts[0].startswith("ada vault:") and not any("lovelace" in row["value"] for row in stored)
    assert [row["value"] for row in stored if row["key"].startswith("secret-auto-ask-")] == [
        "bcra frfnzr"]

    refused = resume(api, run, {"user": "ada", "password": "1234"})
    assert refused["status"] == "REJECT" and "is too simple" in refused["details"]["reason"]
    refused = resume(api, run, {"user": "mallory"})
    assert refused["status"] == "REJECT" and refused["details"]["reason"] == "nobody knows mallory"
    assert resume(api, run, {"user": "ada"})["status"] == "ACCEPT"
    ends_well(flow)
    assert "ada has swordfish" in flow.output()


# ---- answers that the flow checks ----


def request_of(api, run):
    body = {"input_requests": {"flow_run_id": {"any_": [run["id"]]}, "state": {"any_": ["open"]}}}
    return wait(lambda: next((request for request in
                              api.post("/input_requests/filter", json=body).json()
                              if request["schema"]), None), "a request")


def answer(api, request, size):
    return api.post(f"/input_requests/{request['id']}/answer", json={"value": {"size": size}})


@pytest.fixture
def order(server, api, start):
    """A flow that waits for an order, and is asked about each: (process, run)."""
    flow = start("orders")
    run = wait_for_question(api, flow, "paused-order")
    return flow, run


def test_a_flow_that_is_there_is_asked_first(api, order):
    flow, run = order
    request = request_of(api, run)
    refused = answer(api, request, "small")
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"path": "size", "message": "is sold out"}]
    rejected = resume(api, run, {"size": "small"})
    assert rejected["status"] == "REJECT"
    assert rejected["details"]["reason"] == "size: is sold out"
    taken = answer(api, request, "large")
    assert taken.status_code == 200 and taken.json()["unchecked"] is False
    ends_well(flow)
    assert "Ordered: large" in flow.output()


def test_a_check_inside_is_asked_while_the_run_waits(api, start):
    flow = start("packs")
    run = wait_for_question(api, flow)
    request = request_of(api, run)
    path = f"/input_requests/{request['id']}/answer"
    refused = api.post(path, json={"value": {"orders": [{"size": "large"}, {"size": "small"}]}})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"path": "orders[1].size", "message": "is sold out"}]
    assert api.post(path, json={"value": {"orders": [{"size": "large"}]}}).status_code == 200
    ends_well(flow)
    assert "1 orders" in flow.output()


def test_a_flow_that_is_killed_meanwhile_has_the_answer_taken(api, order):
    flow, run = order
    flow.process.kill()
    flow.process.wait()
    taken = answer(api, request_of(api, run), "small")
    assert taken.status_code == 200 and taken.json()["unchecked"] is True
    assert read(api, run)["state"]["type"] == "RUNNING"


def test_a_flow_that_stands_still_checks_when_it_goes_on(api, order):
    flow, run = order
    flow.process.send_signal(signal.SIGSTOP)
    try:
        taken = answer(api, request_of(api, run), "small")
        assert taken.status_code == 200 and taken.json()["unchecked"] is True
    finally:
        flow.process.send_signal(signal.SIGCONT)
    flow.expect("Refused: size: is sold out")
    # The same key once more is another pause.
    wait(lambda: input_of(api, run, "paused-order-2-schema"), "the second question", flow.output)
    assert answer(api, request_of(api, run), "large").status_code == 200
    ends_well(flow)
    assert "Ordered: large" in flow.output()


def test_resuming_from_c_gets_the_check_s_words(order, start):
    flow, run = order
    ends_well(start("resumes", run["id"]))
    ends_well(flow)


@pytest.fixture
def runner(server, tmp_path):
    with Process(server, tmp_path / "runner.log", "tests/e2e/asks", "serve") as running:
        running.expect("fermata deployment run 'order-later/test'")
        yield running
        running.process.send_signal(signal.SIGTERM)
        assert running.end() == 0


def fermata_answer(server, run, size):
    return subprocess.run([build_directory() / "fermata", "answer", "--run", run["id"], "--set",
                           f"size={size}"], text=True, capture_output=True, timeout=30,
                          env=clean_environment(FERMATA_API_URL=server.url + "/api"))


def test_a_suspended_flow_checks_when_it_goes_on_and_asks_again(server, api, runner):
    run = start_deployed(api, "order-later/test")
    for number, key in enumerate(["order", "order-2"]):
        wait(lambda: read(api, run)["state"]["state_details"]["pause_key"] == key, key)
        request = request_of(api, run)
        assert request["suspended"] and request["unchecked"] is False
        done = fermata_answer(server, run, "small")
        assert done.returncode == 0, done.stderr
        assert "was not there to be asked" in done.stdout
        assert api.get(f"/input_requests/{request['id']}").json()["unchecked"] is True
        refusals = number + 1
        wait(lambda: log_of(api, run).count("Refused: size: is sold out") >= refusals, "a refusal")
    wait(lambda: read(api, run)["state"]["state_details"]["pause_key"] == "order-3", "order-3")
    request_of(api, run)
    assert "was not there" in fermata_answer(server, run, "large").stdout
    wait_for_state(api, run, "Completed")
    wait(lambda: "Ordered: large" in log_of(api, run), "the order")
