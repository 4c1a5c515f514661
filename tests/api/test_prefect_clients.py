"""What clients of other versions of Prefect, and those that ask for what is not there, hear."""

import uuid

import pytest

from harness.objects import make_flow

NEWER = {"X-PREFECT-API-VERSION": "0.8.5"}


def unknown_fields(reply):
    return [found["loc"] for found in reply.json()["exception_detail"] if found["type"] == "extra_forbidden"]


@pytest.mark.parametrize("version", [None, "0.8.0", "0.8.4"])
def test_unknown_fields_are_refused_from_clients_that_we_know(api, version):
    headers = {"X-PREFECT-API-VERSION": version} if version else {}
    name = f"flow-{uuid.uuid4()}"
    reply = api.post("/flows/", headers=headers, json={"name": name, "colour": "red"})
    assert reply.status_code == 422 and unknown_fields(reply) == [["body", "colour"]]
    assert api.get(f"/flows/name/{name}").status_code == 404


@pytest.mark.parametrize("version", ["0.8.5", "0.9.0", "1.0.0"])
def test_unknown_fields_of_newer_clients_are_ignored(api, version):
    name = f"flow-{uuid.uuid4()}"
    reply = api.post("/flows/", headers={"X-PREFECT-API-VERSION": version},
                     json={"name": name, "colour": "red"})
    assert reply.status_code == 201, reply.text
    assert "colour" not in reply.json() and reply.json()["name"] == name


def test_unknown_fields_of_newer_clients_are_ignored_inside_too(api):
    run = api.post("/flow_runs/", headers=NEWER, json={
        "flow_id": make_flow(api)["id"], "colour": 1,
        "state": {"type": "PENDING", "mood": 2, "state_details": {"weather": 3}}}).json()
    assert run["state"]["type"] == "PENDING"
    assert not {"colour", "mood", "weather"} & (run.keys() | run["state"].keys() |
                                                run["state"]["state_details"].keys())


def test_what_is_wrong_is_refused_from_newer_clients_too(api):
    reply = api.post("/flows/", headers=NEWER, json={"name": 1, "colour": "red"})
    assert [found["loc"] for found in reply.json()["exception_detail"]] == [["body", "name"]]


def test_an_old_client_hears_what_to_do(api):
    reply = api.post("/flows/filter", json={}, headers={"X-PREFECT-API-VERSION": "0.7.9"})
    assert reply.status_code == 400
    assert "0.7.9" in reply.json()["detail"] and "pip install --upgrade prefect" in reply.json()["detail"]


def test_what_is_not_there_is_told_with_its_path(api):
    reply = api.post("/ui/flows/next-runs", json={})
    assert reply.status_code == 404
    assert "There is no POST /api/ui/flows/next-runs here" in reply.json()["detail"]
    reply = api.put("/variables/filter", json={})
    assert reply.status_code == 405
    assert reply.json()["detail"] == "There is no PUT for /api/variables/filter here, only POST."
    assert reply.headers["allow"] == "POST"


def test_another_address_than_the_apis_is_told_as_prefects_server_does(server, api):
    assert api.get(f"{server.url}/apis/flows/").json() == {"detail": "Not Found"}


def test_there_are_no_automations(api):
    one = f"/automations/{uuid.uuid4()}"
    assert api.post("/automations/filter", json={}).json() == []
    assert api.post("/automations/count", json={}).json() == 0
    assert api.get("/automations/related-to/prefect.deployment.x").json() == []
    assert api.delete("/automations/owned-by/prefect.deployment.x").status_code == 202
    assert [ask(one).status_code for ask in (api.get, api.put, api.patch, api.delete)] == [404] * 4
    reply = api.post("/automations/", json={"name": "a"})
    assert reply.status_code == 501 and "no automations yet" in reply.json()["detail"]
