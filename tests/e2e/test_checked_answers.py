"""A flow in C whose model has a check: an answer is refused while the run still waits."""

import subprocess

import pytest

from harness.server import build_directory, clean_environment

EXAMPLE = build_directory() / "examples" / "shirt_order"


@pytest.fixture
def order(server):
    """examples/shirt_order, paused: (process, its input request). It may not wait for answers yet,
    but it is there."""
    process = subprocess.Popen([EXAMPLE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True,
                               env=clean_environment(FERMATA_API_URL=f"{server.url}/api"))
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
