"""Resuming a paused or suspended run, with the input that it waits for."""

import json
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from harness.objects import make_flow, make_run, set_state

USER = {"title": "UserRunInput", "type": "object", "additionalProperties": False,
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"]}


def pause(api, schema=USER, seconds=3600, keyset=True, suspend=False, store=True, **fields):
    run = make_run(api, **fields)
    set_state(api, run["id"], "RUNNING")
    base = "suspended-1" if suspend else "paused-1"
    deadline = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    details = {"pause_key": "1", "pause_reschedule": suspend, "pause_timeout": deadline.isoformat()}
    if keyset:
        details["run_input_keyset"] = {kind: f"{base}-{kind}"
                                       for kind in ("schema", "response", "description")}
    verdict = set_state(api, run["id"], "PAUSED", "Suspended" if suspend else "Paused", **details)
    assert verdict["status"] == "ACCEPT"
    if keyset and store:
        body = {"key": f"{base}-schema", "value": json.dumps(schema)}
        assert api.post(f"/flow_runs/{run['id']}/input", json=body).status_code == 201
    return run


def resume(api, run, *run_input):
    body = {"run_input": run_input[0]} if run_input else None
    reply = api.post(f"/flow_runs/{run['id']}/resume", json=body)
    assert reply.status_code in (200, 201), reply.text
    return reply.status_code, reply.json()


def read(api, run):
    return api.get(f"/flow_runs/{run['id']}").json()


def stored(api, run, key="paused-1-response"):
    reply = api.get(f"/flow_runs/{run['id']}/input/{key}")
    assert reply.headers["content-type"].startswith("text/plain" if reply.is_success else "app")
    return reply.text if reply.is_success else None


def test_not_paused(api):
    run = make_run(api)
    assert resume(api, run) == (200, {
        "state": None, "status": "ABORT",
        "details": {"type": "abort_details",
                    "reason": "Cannot resume a flow run that is not paused."}})


def test_of_nothing(api):
    assert api.post(f"/flow_runs/{uuid.uuid4()}/resume", json={}).status_code == 404


def test_the_schema_is_not_there_yet(api):
    run = pause(api, store=False)
    status, verdict = resume(api, run, {"name": "x", "age": 1})
    assert (status, verdict["status"]) == (200, "REJECT")
    assert verdict["details"] == {"type": "abort_details", "reason": "Run input schema not found."}
    assert read(api, run)["state_type"] == "PAUSED"


OBJECTS = {"type": "object", "properties": {
    "o": {"type": "object", "properties": {"p": {"type": "array", "items": {"type": "integer"}}}},
    "c": {"enum": ["p", "q"]}, "n": {"type": "integer", "maximum": 3}, "s": {"type": "string", "minLength": 1}},
    "required": ["o", "c", "n", "s"]}
FITS = {"o": {"p": [1]}, "c": "p", "n": 1, "s": "x"}
REFUSALS = [
    (USER, {"name": "A", "age": "forty"},
     "Validation failed for field 'age'. Failure reason: 'forty' is not of type 'integer'"),
    (USER, {"name": "A"}, "Validation failed. Failure reason: 'age' is a required property"),
    (USER, {"name": "A", "age": 4, "shoe": 1},
     "Validation failed. Failure reason: Additional properties are not allowed ('shoe' was unexpected)"),
    (USER, {"name": 1, "age": "x"},
     "Validation failed for field 'name'. Failure reason: 1 is not of type 'string'"),
    (USER, {"name": "A", "age": 40.5},
     "Validation failed for field 'age'. Failure reason: 40.5 is not of type 'integer'"),
    (OBJECTS, FITS | {"o": {"p": ["x"]}},
     "Validation failed for field 'o.p[0]'. Failure reason: 'x' is not of type 'integer'"),
    (OBJECTS, FITS | {"c": "x"},
     "Validation failed for field 'c'. Failure reason: 'x' is not one of ['p', 'q']"),
    (OBJECTS, FITS | {"n": 5},
     "Validation failed for field 'n'. Failure reason: 5 is greater than the maximum of 3"),
    (OBJECTS, FITS | {"s": ""},
     "Validation failed for field 's'. Failure reason: '' should be non-empty"),
    (USER | {"required": ["name"]}, {"name": "A", "age": "x"},
     "Validation failed for field 'age'. Failure reason: 'x' is not valid under any of the given schemas"),
]


@pytest.mark.parametrize("schema, value, reason", REFUSALS, ids=[row[2][-40:] for row in REFUSALS])
def test_input_that_does_not_fit(api, schema, value, reason):
    run = pause(api, schema)
    present = read(api, run)["state"]
    status, verdict = resume(api, run, value)
    assert (status, verdict["status"], verdict["state"]) == (200, "REJECT", present)
    assert verdict["details"] == {"type": "abort_details", "reason": "Reason: " + reason}
    assert read(api, run)["state"] == present and stored(api, run) is None


@pytest.mark.parametrize("sent", [(), (None,), ({},)])
def test_no_input_counts_as_empty(api, sent):
    run = pause(api)
    reason = resume(api, run, *sent)[1]["details"]["reason"]
    assert "is a required property" in reason


def test_a_pause_goes_on(api):
    run = pause(api)
    status, verdict = resume(api, run, {"name": "Alice", "age": 40.0})
    assert (status, verdict["status"], verdict["details"]) == (201, "ACCEPT", {"type": "accept_details"})
    assert (verdict["state"]["type"], verdict["state"]["name"]) == ("RUNNING", "Running")
    assert json.loads(stored(api, run)) == {"name": "Alice", "age": 40.0}
    assert read(api, run)["state"] == verdict["state"]
    assert resume(api, run, {"name": "B", "age": 1})[1]["status"] == "ABORT"
    assert "Alice" in stored(api, run)


def test_the_input_is_stored_as_it_came(api):
    schema = {"type": "object", "properties": {"n": {"type": "number"}, "d": {"default": 1}}}
    run = pause(api, schema)
    reply = api.post(f"/flow_runs/{run['id']}/resume", content='{"run_input": {"n": 0.10, "z": 1e2}}',
                     headers={"Content-Type": "application/json"})
    assert reply.status_code == 201
    assert stored(api, run).replace(" ", "") == '{"n":0.10,"z":1e2}'  # and no defaults
    [row] = api.post(f"/flow_runs/{run['id']}/input/filter",
                     json={"prefix": "paused-1-response"}).json()
    assert row["sender"] is None


def test_empty_input_is_not_stored(api):
    run = pause(api, {"type": "object", "properties": {"n": {"type": "integer", "default": 1}}})
    assert resume(api, run, {})[0] == 201
    assert stored(api, run) is None


def test_without_a_keyset_any_input_is_ignored(api):
    run = pause(api, keyset=False)
    assert resume(api, run, {"what": "ever"})[0] == 201
    assert api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": ""}).json() == []


def test_a_suspended_run_is_scheduled(api):
    flow = make_flow(api)
    deployment = api.post("/deployments/", json={"name": "s", "flow_id": flow["id"]}).json()
    run = pause(api, suspend=True, flow=flow, deployment_id=deployment["id"])
    status, verdict = resume(api, run, {"name": "A", "age": 1})
    assert (status, verdict["status"]) == (201, "ACCEPT")
    assert (verdict["state"]["type"], verdict["state"]["name"]) == ("SCHEDULED", "Resuming")
    assert verdict["state"]["state_details"]["scheduled_time"] <= verdict["state"]["timestamp"]
    assert stored(api, run, "suspended-1-response")
    due = (datetime.now(timezone.utc) + timedelta(seconds=10)).isoformat()
    body = {"deployment_ids": [deployment["id"]], "scheduled_before": due}
    scheduled = api.post("/deployments/get_scheduled_flow_runs", json=body).json()
    assert [r["id"] for r in scheduled] == [run["id"]]


def test_too_late(api):
    run = pause(api, seconds=-1)
    status, verdict = resume(api, run, {"name": "A", "age": 1})
    if verdict["status"] == "REJECT":  # else the server has ended it by itself
        assert (status, verdict["state"]["type"]) == (201, "FAILED")
        assert verdict["details"]["reason"] == "The flow was paused and never resumed."
    now = read(api, run)["state"]
    assert (now["type"], now["message"]) == ("FAILED", "The flow was paused and never resumed.")
    assert stored(api, run) is None


def test_format_is_not_checked(api):
    run = pause(api, {"type": "object", "properties": {"d": {"type": "string", "format": "date"}},
                      "required": ["d"]})
    assert resume(api, run, {"d": "some day"})[0] == 201


@pytest.mark.parametrize("value, becomes", [
    ({"__prefect_kind": "json", "value": "41"}, 41),
    ({"__prefect_kind": "jinja", "template": "{{ 40 + 1 }}"}, "41"),
])
def test_placeholders_are_filled_in(api, value, becomes):
    schema = {"type": "object", "properties": {"age": {"type": ["integer", "string"]}},
              "required": ["age"]}
    run = pause(api, schema)
    status, verdict = resume(api, run, {"age": value})
    assert status == 201, verdict
    assert json.loads(stored(api, run)) == {"age": becomes}


@pytest.mark.parametrize("body", [{"run_input": 1}, {"run_input": []}, {"input": {}}, []])
def test_what_is_no_input(api, body):
    run = pause(api)
    assert api.post(f"/flow_runs/{run['id']}/resume", json=body).status_code == 422
    assert read(api, run)["state_type"] == "PAUSED"
