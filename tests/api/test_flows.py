"""Flows: made once by name, found, changed, deleted with what is theirs."""

import uuid

import pytest

from harness.objects import make_flow, make_run, set_state


def found(api, **body):
    return [flow["id"] for flow in api.post("/flows/filter", json=body).json()]


def test_a_name_has_one_flow(api):
    name = str(uuid.uuid4())
    first = api.post("/flows/", json={"name": name, "tags": ["a"], "labels": {"x": 1}})
    again = api.post("/flows/", json={"name": name})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert first.json()["tags"] == ["a"] and first.json()["labels"] == {"x": 1}


def test_read(api):
    flow = make_flow(api)
    assert api.get(f"/flows/{flow['id']}").json() == flow
    assert api.get(f"/flows/{flow['id'].upper()}").json() == flow
    assert api.get(f"/flows/name/{flow['name']}").json() == flow
    assert api.get(f"/flows/{uuid.uuid4()}").status_code == 404
    assert api.get("/flows/name/nobody").status_code == 404


def test_update(api):
    flow = make_flow(api)
    path = f"/flows/{flow['id']}"
    assert api.patch(path, json={"tags": ["b"]}).status_code == 204
    now = api.get(path).json()
    assert now["tags"] == ["b"] and now["updated"] > flow["updated"]
    assert api.patch(path, json={"name": "x"}).status_code == 422
    assert api.patch(f"/flows/{uuid.uuid4()}", json={"tags": []}).status_code == 404


def test_delete(api):
    flow = make_flow(api)
    run = make_run(api, flow)
    assert api.delete(f"/flows/{flow['id']}").status_code == 204
    assert api.get(f"/flow_runs/{run['id']}").status_code == 404
    assert api.delete(f"/flows/{flow['id']}").status_code == 404


def test_filters(api):
    mark = str(uuid.uuid4())
    one = api.post("/flows/", json={"name": f"Alpha {mark}", "tags": ["x", "y"]}).json()
    two = make_flow(api, f"beta {mark}")
    both = {one["id"], two["id"]}

    def among(**filters):
        return set(found(api, flows=filters)) & both

    assert among() == both
    assert among(id={"any_": [one["id"]]}) == {one["id"]}
    assert among(id={"not_any_": [one["id"]]}) == {two["id"]}
    assert among(id={"any_": []}) == set()
    assert among(name={"any_": [two["name"]]}) == {two["id"]}
    assert among(name={"like_": f"ALPHA {mark[:9]}"}) == {one["id"]}
    assert among(tags={"all_": ["x"]}) == {one["id"]}
    assert among(tags={"all_": ["x", "z"]}) == set()
    assert among(tags={"is_null_": True}) == {two["id"]}
    assert among(deployment={"is_null_": True}) == both
    assert among(operator="or_", id={"any_": [one["id"]]}, name={"any_": [two["name"]]}) == both
    assert among(operator="and_", id={"any_": [one["id"]]}, name={"any_": [two["name"]]}) == set()
    assert among(id=None, name={"any_": None}) == both
    run = make_run(api, two)
    set_state(api, run["id"], "RUNNING")
    of_runs = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}, "id": {"any_": [run["id"]]}}}
    assert found(api, **of_runs) == [two["id"]]


def test_sorts_and_pages(api):
    mark = str(uuid.uuid4())
    flows = [make_flow(api, f"{mark}-{letter}")["id"] for letter in "bac"]
    mine = {"flows": {"name": {"like_": mark}}}
    assert found(api, **mine) == found(api, **mine, sort="NAME_ASC") == [flows[1], flows[0], flows[2]]
    assert found(api, **mine, sort="NAME_DESC") == [flows[2], flows[0], flows[1]]
    assert found(api, **mine, sort="CREATED_DESC") == flows[::-1]
    assert found(api, **mine, sort=None, limit=None, offset=None) == found(api, **mine)
    assert found(api, **mine, limit=1, offset=1) == [flows[0]]
    assert found(api, **mine, limit=0) == []
    assert api.post("/flows/count", json=mine).json() == 3
    page = api.post("/flows/paginate", json=mine | {"limit": 2, "page": 2}).json()
    assert [f["id"] for f in page["results"]] == [flows[2]]
    assert (page["count"], page["limit"], page["pages"], page["page"]) == (3, 2, 2, 2)
    assert api.post("/flows/paginate", json=mine | {"page": 2**62}).json()["results"] == []


@pytest.mark.parametrize("body", [
    {"limit": 201}, {"limit": -1}, {"offset": -1}, {"sort": "X"}, {"sort": 1}, {"flows": []},
    {"flows": {"nothing": {}}}, {"flows": {"name": {"nothing_": 1}}}, {"flows": {"id": {"any_": ["x"]}}},
    {"flows": {"id": {"any_": "x"}}}, {"flows": {"operator": "xor_"}}, {"flows": {"name": {"like_": 1}}}])
def test_what_filters_refuse(api, body):
    assert api.post("/flows/filter", json=body).status_code == 422


def test_unknown_keys_at_the_top_are_ignored(api):
    assert api.post("/flows/filter", json={"work_queues": None, "new": {"x": 1}}).status_code == 200
    assert api.post("/flows/filter").status_code == 200
