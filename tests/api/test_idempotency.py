"""Idempotency-Key: a write sent again has the same answer, and is done once."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.objects import make_flow, make_run


def key(value=None):
    return {"Idempotency-Key": value or str(uuid.uuid4())}


def count_variables(api, prefix):
    return api.post("/variables/count", json={"variables": {"name": {"like_": prefix}}}).json()


def name():
    return f"v-{uuid.uuid4()}"


def test_the_same_key_gives_the_same_answer(api):
    headers, body = key(), {"name": name(), "value": 1}
    first = api.post("/variables/", json=body, headers=headers)
    again = api.post("/variables/", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert api.post("/variables/", json=body, headers=key()).status_code == 409


def test_another_body_is_refused(api):
    headers, body = key(), {"name": name(), "value": 1}
    assert api.post("/variables/", json=body, headers=headers).status_code == 201
    reply = api.post("/variables/", json=body | {"value": 2}, headers=headers)
    assert reply.status_code == 422 and "another body" in reply.json()["detail"]


def test_a_key_counts_for_one_route(api):
    headers, same = key(), name()
    assert api.post("/variables/", json={"name": same, "value": 1}, headers=headers).status_code == 201
    assert api.post("/flows/", json={"name": same}, headers=headers).status_code == 201


def test_a_key_counts_for_one_run(api):
    headers, body = key(), {"key": "k", "value": "v"}
    for run in (make_run(api), make_run(api)):
        for _ in range(2):
            reply = api.post(f"/flow_runs/{run['id']}/input", json=body, headers=headers)
            assert reply.status_code == 201


def test_a_refusal_is_not_kept(api):
    headers, run_id = key(), str(uuid.uuid4())
    body = {"flow_id": run_id}
    assert api.post("/flow_runs/", json=body, headers=headers).status_code == 409
    body = {"flow_id": make_flow(api)["id"]}
    assert api.post("/flow_runs/", json=body, headers=headers).status_code == 201


def test_transitions_are_made_once(api):
    run, headers = make_run(api), key()
    for _ in range(2):
        reply = api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "RUNNING"}},
                         headers=headers)
        assert (reply.status_code, reply.json()["status"]) == (201, "ACCEPT")
    assert api.get(f"/flow_runs/{run['id']}").json()["run_count"] == 1


def test_at_the_same_time(server, api):
    headers, same = key(), name()

    def send(_):
        with server.client() as client:
            reply = client.post("/variables/", json={"name": same, "value": 1}, headers=headers)
            return reply.status_code, reply.json()["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(16)))
    assert len(answers) == 1 and answers.pop()[0] == 201
    assert count_variables(api, same) == 1


@pytest.mark.parametrize("value, status", [("x" * 255, 201), ("x" * 256, 422)])
def test_the_length_of_a_key(api, value, status):
    assert api.post("/variables/", json={"name": name(), "value": 1},
                    headers=key(value)).status_code == status


def test_without_a_key_each_request_counts(api):
    run = make_run(api)
    for _ in range(2):
        api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "RUNNING"}})
    assert api.get(f"/flow_runs/{run['id']}").json()["run_count"] == 2


def test_keys_outlive_a_restart(fresh_server):
    headers, body = key(), {"name": name(), "value": 1}
    first = fresh_server.api.post("/variables/", json=body, headers=headers)
    fresh_server.restart()
    again = fresh_server.api.post("/variables/", json=body, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
