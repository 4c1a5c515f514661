"""Saved searches."""

import uuid

FILTER = {"object": "flow_run", "property": "state", "type": "state", "operation": "equals",
          "value": ["RUNNING", 1.0, None]}


def put(api, name, filters):
    return api.put("/saved_searches/", json={"name": name, "filters": filters})


def test_one_is_made_replaced_read_and_deleted(api):
    name = f"s-{uuid.uuid4()}"
    made = put(api, name, [FILTER])
    assert made.status_code == 201 and made.json()["filters"] == [FILTER]
    again = put(api, name, [])
    assert again.status_code == 200 and again.json()["id"] == made.json()["id"]
    path = f"/saved_searches/{made.json()['id']}"
    assert api.get(path).json() == again.json() and again.json()["filters"] == []
    assert again.json() in api.post("/saved_searches/filter", json={}).json()
    assert [api.delete(path).status_code, api.delete(path).status_code] == [204, 404]


def test_they_are_listed_by_name(api):
    names = [f"{letter}-{uuid.uuid4()}" for letter in "cab"]
    for name in names:
        put(api, name, [])
    listed = [s["name"] for s in api.post("/saved_searches/filter", json={"limit": 200}).json()]
    assert [name for name in listed if name in names] == sorted(names)


def test_filters_must_be_whole(api):
    reply = put(api, "x", [{"object": "flow_run"}])
    assert reply.status_code == 422
    assert {problem["path"] for problem in reply.json()["errors"]} == {
        f"filters[0].{name}" for name in ("property", "type", "operation", "value")}
