"""A flow in C whose model has a check: an answer is refused while the run still waits."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.flows import wait
from harness.plain_server import gateway
from harness.server import build_directory, clean_environment

EXAMPLE = build_directory() / "examples" / "shirt_order"


@pytest.fixture
def front(server):
    """A gateway, by which the flow reaches the server."""
    with gateway(server) as gate:
        yield gate


@pytest.fixture
def order(server, front):
    """examples/shirt_order, paused: (process, its input request). It may not wait for answers yet,
    but it is there."""
    process = subprocess.Popen([EXAMPLE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True,
                               env=clean_environment(FERMATA_API_URL=f"{front.url}/api"))
    request = None
    while not (request and request["schema"]):
        (request,) = server.api.post("/input_requests/filter",
                                     headers={"Prefer": "wait=10"}).json() or [None]
    yield process, request
    if process.poll() is None:
        process.kill()
    process.communicate()


def answer(api, request, **value):
    return api.post(f"/input_requests/{request['id']}/answer", json={"value": value})


def test_the_refusal_reaches_the_form_and_the_run_goes_on_waiting(server, order):
    process, request = order
    refused = answer(server.api, request, size="small", color="green")
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"path": "color", "message": "green is only in stock in medium, large and xlarge"}]
    run = server.api.get(f"/flow_runs/{request['flow_run_id']}").json()
    assert run["state_type"] == "PAUSED" and run["run_count"] == 1

    taken = answer(server.api, request, size="medium", color="green")
    assert taken.status_code == 200
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "One green shirt in medium is on its way." in output
    assert "Invalid order" not in output


def test_the_stock_resume_gets_the_check_s_own_words(server, order):
    process, request = order
    path = f"/flow_runs/{request['flow_run_id']}/resume"
    body = {"run_input": {"size": "small", "color": "green"}}
    refused = server.api.post(path, json=body).json()
    assert refused["status"] == "REJECT"
    assert "green is only in stock" in refused["details"]["reason"]
    body = {"run_input": {"size": "large", "color": "green"}}
    assert server.api.post(path, json=body).json()["status"] == "ACCEPT"
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_gateway_whose_server_is_away_ends_neither_the_pause_nor_the_check(server, front, order):
    process, request = order
    path = f"/api/flow_runs/{request['flow_run_id']}/candidate"
    wait(lambda: path in front.asked, "the wait for an answer")
    front.is_away = True
    with ThreadPoolExecutor() as pool:
        refused = pool.submit(answer, server.api, request, size="small", color="green")
        wait(lambda: path in front.refused or process.poll() is not None, "a call")
        front.is_away = False
        assert refused.result().status_code == 422
    assert answer(server.api, request, size="large", color="green").status_code == 200
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
