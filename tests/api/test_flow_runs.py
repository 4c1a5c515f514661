"""Flow runs: made, read, changed, found, deleted. Their states: test_set_state.py."""

import uuid
from datetime import datetime, timedelta, timezone

import pytest

from harness.objects import make_flow, make_run, set_state

NOON = datetime(2031, 1, 1, 12, tzinfo=timezone.utc)


def scheduled(api, flow, minutes=0, **fields):
    time = (NOON + timedelta(minutes=minutes)).isoformat()
    return make_run(api, flow, **fields, state={"type": "SCHEDULED", "state_details": {"scheduled_time": time}})


def test_create_and_read(api):
    flow = make_flow(api)
    run = make_run(api, flow, name="mine", parameters={"x": 1}, context={"c": 2}, tags=["t"],
                   flow_version="3", labels={"l": "m"}, idempotency_key=str(uuid.uuid4()),
                   empirical_policy={"retries": 1, "retry_delay": 2.5}, job_variables={"j": 1},
                   state={"type": "PENDING", "message": "hello"})
    assert run["parameters"] == {"x": 1} and run["context"] == {"c": 2} and run["tags"] == ["t"]
    assert run["labels"] == {"l": "m", "prefect.flow.id": flow["id"]}
    assert run["empirical_policy"] == {"max_retries": 0, "retry_delay_seconds": 0.0, "retries": 1,
                                       "retry_delay": 2.5, "pause_keys": [], "resuming": False,
                                       "retry_type": None}
    assert run["state"]["message"] == "hello" and run["state_name"] == "Pending"
    now = api.get(f"/flow_runs/{run['id']}").json()
    moving = {"estimated_start_time_delta": 0}
    assert now | moving == run | moving
    assert "-" in make_run(api, flow)["name"]
    assert api.get(f"/flow_runs/{uuid.uuid4()}").status_code == 404
    assert api.post("/flow_runs/", json={"flow_id": str(uuid.uuid4())}).status_code == 409


def test_a_flow_has_one_run_of_a_key(api):
    flow, key = make_flow(api), str(uuid.uuid4())
    body = {"flow_id": flow["id"], "idempotency_key": key}
    first, again = (api.post("/flow_runs/", json=body) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert make_run(api, idempotency_key=key)["id"] != first.json()["id"]


def test_update(api):
    run = make_run(api)
    path = f"/flow_runs/{run['id']}"
    change = {"name": "n", "tags": ["x"], "flow_version": "2", "parameters": {"a": [1.50]},
              "infrastructure_pid": "7", "job_variables": {"v": 1}}
    assert api.patch(path, json=change).status_code == 204
    now = api.get(path).json()
    assert {key: now[key] for key in change} == change
    assert api.patch(path, json={"name": None}).status_code == 422
    assert api.patch(path, json={"state": {}}).status_code == 422
    assert api.patch(path + "/labels", json={"own": 1}).status_code == 204
    assert api.get(path).json()["labels"] == {"own": 1, "prefect.flow.id": run["flow_id"]}
    assert api.patch(f"/flow_runs/{uuid.uuid4()}", json=change).status_code == 404


def test_delete(api):
    run = make_run(api)
    path = f"/flow_runs/{run['id']}"
    assert [api.delete(path).status_code, api.delete(path).status_code,
            api.get(path).status_code] == [204, 404, 404]
    assert api.get("/flow_run_states/", params={"flow_run_id": run["id"]}).json() == []


def test_filters(api):
    flow = make_flow(api)
    key = str(uuid.uuid4())
    one = scheduled(api, flow, tags=["x", "y"], name="First Run", flow_version="1", idempotency_key=key)
    two = make_run(api, flow, work_queue_name="q", deployment_id=str(uuid.uuid4()))
    set_state(api, two["id"], "RUNNING")
    stand_in = api.post("/task_runs/", json={"flow_run_id": one["id"], "task_key": "t", "dynamic_key": "0"}).json()
    child = make_run(api, flow, parent_task_run_id=stand_in["id"])
    set_state(api, child["id"], "COMPLETED")
    names = {one["id"]: 1, two["id"]: 2, child["id"]: 3}
    noon, past = NOON.isoformat(), (NOON - timedelta(minutes=1)).isoformat()

    def among(**filters):
        body = {"flow_runs": filters, "flows": {"id": {"any_": [flow["id"]]}}}
        ids = sorted(names[run["id"]] for run in api.post("/flow_runs/filter", json=body).json())
        assert api.post("/flow_runs/count", json=body).json() == len(ids)
        return ids

    cases = [
        ({}, [1, 2, 3]),
        ({"id": {"any_": [one["id"], one["id"]]}}, [1]), ({"id": {"not_any_": [one["id"]]}}, [2, 3]),
        ({"name": {"any_": ["First Run"]}}, [1]), ({"name": {"like_": "first"}}, [1]),
        ({"tags": {"all_": ["x", "y"]}}, [1]), ({"tags": {"any_": ["x", "z"]}}, [1]),
        ({"tags": {"is_null_": True}}, [2, 3]), ({"tags": {"is_null_": False}}, [1]),
        ({"deployment_id": {"any_": [two["deployment_id"]]}}, [2]),
        ({"deployment_id": {"is_null_": True}}, [1, 3]),
        ({"work_queue_name": {"any_": ["q"]}}, [2]), ({"work_queue_name": {"is_null_": True}}, [1, 3]),
        ({"state": {"type": {"any_": ["RUNNING"]}}}, [2]), ({"state": {"type": {"not_any_": ["RUNNING"]}}}, [1, 3]),
        ({"state": {"name": {"any_": ["Completed"]}}}, [3]), ({"state": {"name": {"not_any_": ["Completed"]}}}, [1, 2]),
        ({"state": {"operator": "or_", "type": {"any_": ["RUNNING"]}, "name": {"any_": ["Completed"]}}}, [2, 3]),
        ({"flow_version": {"any_": ["1"]}}, [1]),
        ({"start_time": {"is_null_": True}}, [1]), ({"start_time": {"before_": noon}}, [2, 3]),
        ({"start_time": {"after_": noon}}, []),
        ({"end_time": {"is_null_": False}}, [3]), ({"end_time": {"before_": noon}}, [3]),
        ({"expected_start_time": {"after_": noon, "before_": noon}}, [1]),
        ({"expected_start_time": {"before_": past}}, [2, 3]),
        ({"next_scheduled_start_time": {"before_": noon}}, [1]), ({"next_scheduled_start_time": {"before_": past}}, []),
        ({"parent_flow_run_id": {"any_": [one["id"]]}}, [3]),
        ({"parent_task_run_id": {"any_": [stand_in["id"]]}}, [3]), ({"parent_task_run_id": {"is_null_": True}}, [1, 2]),
        ({"idempotency_key": {"any_": [key]}}, [1]),
        ({"operator": "or_", "name": {"like_": "first"}, "work_queue_name": {"any_": ["q"]}}, [1, 2]),
    ]
    for filters, expected in cases:
        assert among(**filters) == expected, filters


@pytest.mark.parametrize("sort, expected", [
    ("NAME_ASC", [1, 0, 2]), ("NAME_DESC", [2, 0, 1]), ("EXPECTED_START_TIME_ASC", [2, 0, 1]),
    ("EXPECTED_START_TIME_DESC", [1, 0, 2]), ("NEXT_SCHEDULED_START_TIME_ASC", [2, 0, 1]),
    ("START_TIME_ASC", [2, 0, 1]), ("START_TIME_DESC", [1, 0, 2]), ("ID_DESC", [2, 1, 0])])
def test_sorts(api, sort, expected):
    flow = make_flow(api)
    runs = [scheduled(api, flow, minutes, name=name)["id"]
            for minutes, name in ((5, "b"), (9, "a"), (1, "c"))]
    body = {"flows": {"id": {"any_": [flow["id"]]}}, "sort": sort}
    listed = [runs.index(run["id"]) for run in api.post("/flow_runs/filter", json=body).json()]
    assert listed == expected
    page = api.post("/flow_runs/paginate", json=body | {"limit": 2, "page": 2}).json()
    assert [runs.index(run["id"]) for run in page["results"]] == expected[2:]
    assert (page["count"], page["pages"]) == (3, 2)


def test_runs_in_several_states_are_listed_as_one(api):
    """Whatever the server does to read each of them in the order of an index."""
    flow = make_flow(api)
    runs = [make_run(api, flow, name=f"{number:02}", state={"type": type}) for number, type in
            enumerate(["PENDING", "FAILED", "RUNNING", "PENDING", "CRASHED", "FAILED", "RUNNING"])]
    states = ["FAILED", "RUNNING", "FAILED", "CRASHED"]
    mine = {"flows": {"id": {"any_": [flow["id"]]}}}

    def names(offset=0, limit=200, sort="EXPECTED_START_TIME_DESC", **filters):
        found = api.post("/flow_runs/filter", json=mine | {
            "flow_runs": {"state": {"type": {"any_": states}}} | filters,
            "sort": sort, "offset": offset, "limit": limit})
        assert found.status_code == 200, found.text
        return [run["name"] for run in found.json()]

    expected = [run["name"] for run in reversed(runs) if run["state_type"] in states]
    assert names() == expected
    assert names(sort="NAME_ASC") == sorted(expected)
    assert [names(offset, 2) for offset in range(6)] == [expected[o:o + 2] for o in range(6)]
    assert names(offset=2**63 - 1) == []
    assert names(name={"any_": ["04", "00"]}) == ["04"]
    either = names(operator="or_", name={"any_": ["00"]})
    assert either == expected + ["00"]


def test_a_wrong_value_among_several_is_told_once_with_its_place(api):
    reply = api.post("/flow_runs/filter", json={
        "flow_runs": {"state": {"type": {"any_": ["FAILED", "NONE", "RUNNING"]}}}})
    assert reply.status_code == 422
    [problem] = reply.json()["exception_detail"]
    assert problem["loc"] == ["body", "flow_runs", "state", "type", "any_", 1]
