"""Artifacts, and the latest of each key."""

import uuid

import pytest

from harness.deployments import deployment_run, make_deployment
from harness.objects import make_run


def new_key():
    return f"key-{uuid.uuid4()}"


def make(api, **fields):
    reply = api.post("/artifacts/", json=fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


def found(api, filters, path="/artifacts/filter", **more):
    reply = api.post(path, json={"artifacts": filters} | more)
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.mark.parametrize("data", ["# text", '[{"a": 1}]', 12.5, None, [1], {"a": {"b": None}}])
def test_any_data(api, data):
    made = make(api, key=new_key(), type="markdown", data=data, description="*d*",
                metadata_={"a": "b"})
    assert (made["data"], made["type"], made["metadata_"]) == (data, "markdown", {"a": "b"})
    assert api.get(f"/artifacts/{made['id']}").json() == made


def test_numbers_are_given_back_as_they_came(api):
    reply = api.post("/artifacts/", content='{"data":[12345678901234567890.10]}',
                     headers={"Content-Type": "application/json"})
    assert '"data":[12345678901234567890.10]' in reply.text


def test_the_last_that_came_is_the_latest(api):
    key = new_key()
    first, second = (make(api, key=key, data=n) for n in (1, 2))
    assert api.get(f"/artifacts/{key}/latest").json() == second
    [latest] = found(api, {"key": {"any_": [key]}}, "/artifacts/latest/filter")
    assert (latest["latest_id"], latest["data"], latest["key"]) == (second["id"], 2, key)
    assert api.delete(f"/artifacts/{second['id']}").status_code == 204
    [now] = found(api, {"key": {"any_": [key]}}, "/artifacts/latest/filter")
    assert (now["latest_id"], now["data"], now["id"]) == (first["id"], 1, latest["id"])
    assert api.delete(f"/artifacts/{first['id']}").status_code == 204
    assert found(api, {"key": {"any_": [key]}}, "/artifacts/latest/filter") == []
    assert api.get(f"/artifacts/{key}/latest").status_code == 404


def test_deleting_an_older_one_leaves_the_latest(api):
    key = new_key()
    first, second = (make(api, key=key, data=n) for n in (1, 2))
    assert api.delete(f"/artifacts/{first['id']}").status_code == 204
    assert api.get(f"/artifacts/{key}/latest").json() == second


def test_artifacts_without_a_key_are_nobodys_latest(api):
    made = make(api, type="result", data="x")
    assert found(api, {"id": {"any_": [made["id"]]}, "key": {"exists_": False}}) == [made]
    assert found(api, {"id": {"any_": [made["id"]]}, "key": {"exists_": True}}) == []
    assert found(api, {"latest_id": {"any_": [made["id"]]}}, "/artifacts/latest/filter") == []


def test_a_change_is_seen_in_both(api):
    key = new_key()
    made = make(api, key=key, data=1, type="progress")
    change = {"data": 50.0, "description": "half", "metadata_": {"k": "v"}}
    assert api.patch(f"/artifacts/{made['id']}", json=change).status_code == 204
    [latest] = found(api, {"key": {"any_": [key]}}, "/artifacts/latest/filter")
    for seen in (api.get(f"/artifacts/{made['id']}").json(), latest):
        assert change.items() <= seen.items()
    assert api.patch(f"/artifacts/{made['id']}", json={"key": "other"}).status_code == 422


def test_what_is_not_there(api):
    path = f"/artifacts/{uuid.uuid4()}"
    replies = [api.get(path), api.patch(path, json={"data": 1}), api.delete(path)]
    assert [reply.status_code for reply in replies] == [404] * 3
    assert replies[0].json() == {"detail": "Artifact not found."}


@pytest.mark.parametrize("key", ["", "Upper", "a b", "a_b", "é", "a/b"])
def test_keys(api, key):
    reply = api.post("/artifacts/", json={"key": key})
    assert reply.status_code == 422 and reply.json()["errors"][0]["path"] == "key"


def test_metadata_is_names_and_texts_and_long_ones_are_cut(api):
    long = "é" * 500
    made = make(api, metadata_={"short": long, "long": long + "x"})
    assert made["metadata_"] == {"short": long, "long": long + "..."}
    reply = api.post("/artifacts/", json={"metadata_": {"n": 1}})
    assert reply.status_code == 422 and reply.json()["errors"][0]["path"] == "metadata_.n"


def test_filters(api):
    deployment = make_deployment(api)
    run = deployment_run(api, deployment)
    task = api.post("/task_runs/", json={"flow_run_id": run["id"], "task_key": "t",
                                         "dynamic_key": "0"}).json()
    one = make(api, key=new_key(), type="table", flow_run_id=run["id"], task_run_id=task["id"])
    two = make(api, key=new_key(), type="link", flow_run_id=make_run(api)["id"])

    def among(filters=None, **others):
        artifacts = {"key": {"any_": [one["key"], two["key"]]}} | (filters or {})
        all_found = found(api, artifacts, **others)
        latest = found(api, artifacts, "/artifacts/latest/filter", **others)
        assert {a["id"] for a in all_found} == {a["latest_id"] for a in latest}
        for path in ("/artifacts/count", "/artifacts/latest/count"):
            counted = api.post(path, json={"artifacts": artifacts} | others)
            assert counted.json() == len(all_found)
        return {a["id"] for a in all_found}

    assert among() == {one["id"], two["id"]}
    assert among({"type": {"any_": ["table"]}}) == {one["id"]}
    assert among({"type": {"not_any_": ["table"]}}) == {two["id"]}
    assert among({"flow_run_id": {"any_": [run["id"]]}}) == {one["id"]}
    assert among({"task_run_id": {"any_": [task["id"]]}}) == {one["id"]}
    assert among({"key": {"like_": one["key"][4:].upper()}}) == {one["id"]}
    assert among(flow_runs={"id": {"any_": [run["id"]]}}) == {one["id"]}
    assert among(task_runs={"id": {"any_": [task["id"]]}}) == {one["id"]}
    assert among(flows={"id": {"any_": [run["flow_id"]]}}) == {one["id"]}
    assert among(deployments={"id": {"any_": [deployment["id"]]}}) == {one["id"]}


def test_orders(api):
    made = [make(api, key=f"{prefix}-{uuid.uuid4()}") for prefix in "bac"]
    ids = {"id": {"any_": [artifact["id"] for artifact in made]}}

    def order(sort):
        return [artifact["key"][0] for artifact in found(api, ids, sort=sort)]

    assert order("KEY_ASC") == ["a", "b", "c"] and order("KEY_DESC") == ["c", "b", "a"]
    assert order("CREATED_DESC") == order("ID_DESC") == ["c", "a", "b"]
    api.patch(f"/artifacts/{made[0]['id']}", json={"data": 1})
    assert order("UPDATED_DESC") == ["b", "c", "a"]


def test_artifacts_of_a_run_that_is_gone_stay(api):
    run = make_run(api)
    made = make(api, key=new_key(), flow_run_id=run["id"])
    assert api.delete(f"/flow_runs/{run['id']}").status_code == 204
    assert api.get(f"/artifacts/{made['id']}").json() == made
