"""Deployments: making, changing, finding and deleting them, and their runs."""

import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from harness.deployments import (at, deployment_run, eventually, make_deployment, poll, read,
                                 scheduled)
from harness.objects import make_flow, set_state

SCHEMA = {"title": "Parameters", "type": "object",
          "properties": {"a": {"title": "a", "type": "integer"},
                         "b": {"title": "b", "type": "integer", "default": 2}},
          "required": ["a"]}
NOWHERE = "00000000-0000-4000-8000-000000000000"


# ---- the resource ----

def test_a_deployment_comes_back_as_it_was_sent(api):
    flow = make_flow(api)
    sent = {"name": "adder", "flow_id": flow["id"], "paused": False, "schedules": [],
            "concurrency_limit": None, "concurrency_options": None,
            "enforce_parameter_schema": True, "parameter_openapi_schema": SCHEMA,
            "parameters": {"b": 3}, "tags": ["t1"], "labels": {"team": "x"},
            "work_queue_name": None, "storage_document_id": None,
            "infrastructure_document_id": None, "description": "Adds.", "path": ".",
            "entrypoint": "add.py:add", "job_variables": {"env": {"X": "1"}}, "version": "7",
            "version_info": {"type": "prefect:simple", "version": "7"}}
    reply = api.post("/deployments/", json=sent)
    assert reply.status_code == 201
    made = reply.json()
    for key in ("name", "flow_id", "paused", "schedules", "parameters", "tags", "description",
                "path", "entrypoint", "job_variables", "version", "parameter_openapi_schema",
                "enforce_parameter_schema", "concurrency_limit"):
        assert made[key] == sent[key], key
    assert made["labels"] == {"prefect.flow.id": flow["id"], "team": "x"}
    assert made["status"] == "NOT_READY" and made["last_polled"] is None
    assert made["pull_steps"] == []
    for key in ("global_concurrency_limit", "work_queue_id", "work_pool_name", "created_by",
                "updated_by"):
        assert made[key] is None
    assert api.get(f"/deployments/{made['id']}").json() == made
    assert api.get(f"/deployments/name/{flow['name']}/adder").json() == made


def test_the_same_name_again_changes_the_deployment(api):
    flow = make_flow(api)
    first = make_deployment(api, flow, name="same", tags=["a"], description="one",
                            schedules=[{"schedule": {"interval": 60}}])
    reply = api.post("/deployments/", json={"name": "same", "flow_id": flow["id"], "tags": ["b"]})
    assert reply.status_code == 200
    second = reply.json()
    assert (second["id"], second["created"]) == (first["id"], first["created"])
    assert second["tags"] == ["b"] and second["description"] == "one"
    assert first["schedules"] and second["schedules"] == []
    other = make_deployment(api, name="same")
    assert other["id"] != first["id"]


def test_what_is_not_there(api):
    assert api.get(f"/deployments/{NOWHERE}").json() == {"detail": "Deployment not found"}
    assert api.get("/deployments/name/none/none").json() == {"detail": "Deployment not found"}
    assert api.patch(f"/deployments/{NOWHERE}", json={"paused": True}).status_code == 404
    assert api.delete(f"/deployments/{NOWHERE}").status_code == 404
    for route in ("create_flow_run", "pause_deployment", "resume_deployment", "schedule"):
        reply = api.post(f"/deployments/{NOWHERE}/{route}", json={})
        assert reply.status_code == 404, route
    assert api.get(f"/deployments/{NOWHERE}/work_queue_check").status_code == 404
    body = {"name": "x", "flow_id": NOWHERE}
    assert api.post("/deployments/", json=body).status_code == 409


@pytest.mark.parametrize("change, path", [
    ({"name": "a/b"}, "name"),
    ({"name": ""}, "name"),
    ({"shoe": 1}, "shoe"),
    ({"flow_id": "x"}, "flow_id"),
    ({"concurrency_limit": 0}, "concurrency_limit"),
    ({"schedules": [{}]}, "schedules[0].schedule"),
    ({"schedules": [{"schedule": {"cron": "every day"}}]}, "schedules[0].schedule"),
    ({"schedules": [{"schedule": {"interval": -1}}]}, "schedules[0].schedule"),
    ({"schedules": [{"schedule": {"interval": 5, "x": 1}}]}, "schedules[0].schedule"),
    ({"schedules": [{"schedule": {"cron": "* * * * *", "timezone": "Mars/X"}}]},
     "schedules[0].schedule"),
    ({"schedules": [{"schedule": {"interval": 5}, "slug": "s"},
                    {"schedule": {"interval": 6}, "slug": "s"}]}, "schedules[1].slug"),
    ({"parameter_openapi_schema": {"type": "shoe"}}, "parameter_openapi_schema"),
    ({"parameter_openapi_schema": SCHEMA, "parameters": {"a": "x"},
      "enforce_parameter_schema": True}, "parameters"),
])
def test_what_is_refused_on_creation(api, change, path):
    flow = make_flow(api)
    reply = api.post("/deployments/", json={"name": "d", "flow_id": flow["id"]} | change)
    assert reply.status_code == 422, reply.text
    assert [error["path"] for error in reply.json()["errors"]] == [path]
    found = api.post("/deployments/filter", json={"flows": {"id": {"any_": [flow["id"]]}}})
    assert found.json() == []


def test_a_work_pool_that_is_not_there(api):
    flow = make_flow(api)
    reply = api.post("/deployments/",
                     json={"name": "d", "flow_id": flow["id"], "work_pool_name": "pool"})
    assert (reply.status_code, reply.json()) == (404, {"detail": 'Work pool "pool" not found.'})


# ---- changing ----

def test_patch_changes_what_is_sent(api):
    made = make_deployment(api, tags=["a"], description="one", version="1")
    reply = api.patch(f"/deployments/{made['id']}",
                      json={"version": "2", "description": None, "paused": True,
                            "work_pool_name": None, "pull_steps": None, "parameters": None,
                            "version_info": {"type": "prefect:simple", "version": "2"}})
    assert reply.status_code == 204 and reply.content == b""
    now = read(api, made)
    assert (now["version"], now["description"], now["paused"]) == ("2", None, True)
    assert now["tags"] == ["a"] and now["parameters"] == {} and now["pull_steps"] is None
    assert now["updated"] > made["updated"]
    assert api.patch(f"/deployments/{made['id']}", json={"name": "x"}).status_code == 422


def test_patch_checks_parameters_against_the_schema(api):
    made = make_deployment(api, parameter_openapi_schema=SCHEMA)
    url = f"/deployments/{made['id']}"
    reply = api.patch(url, json={"parameters": {"a": "x"}})
    assert reply.status_code == 409
    assert reply.json()["detail"] == ("Error updating deployment: Validation failed for field "
                                      "'a'. Failure reason: 'x' is not of type 'integer'")
    assert read(api, made)["parameters"] == {}
    assert api.patch(url, json={"parameters": {"b": 1}}).status_code == 204
    reply = api.patch(url, json={"parameters": {"a": "x"}, "enforce_parameter_schema": False})
    assert reply.status_code == 204
    assert read(api, made)["parameters"] == {"a": "x"}


def test_patch_resolves_placeholders(api):
    made = make_deployment(api)
    kind = {"__prefect_kind": "json", "value": "[1, 2]"}
    api.patch(f"/deployments/{made['id']}", json={"parameters": {"list": kind}})
    assert read(api, made)["parameters"] == {"list": [1, 2]}
    reply = api.patch(f"/deployments/{made['id']}",
                      json={"parameters": {"list": {"__prefect_kind": "json", "value": "["}}})
    assert reply.status_code == 400
    assert reply.json()["detail"].startswith("Error hydrating deployment parameters: ")


def test_pause_and_resume(api):
    made = make_deployment(api)
    for route, paused in (("pause_deployment", True), ("resume_deployment", False)):
        reply = api.post(f"/deployments/{made['id']}/{route}")
        assert (reply.status_code, reply.json()) == (200, None)
        assert read(api, made)["paused"] is paused


# ---- finding and deleting ----

def test_filters(api):
    flow = make_flow(api)
    one = make_deployment(api, flow, name="one", tags=["x", "y"], paused=True)
    two = make_deployment(api, flow, name="two", concurrency_limit=3)
    here = {"flows": {"id": {"any_": [flow["id"]]}}}

    def names(filter, **more):
        body = here | {"deployments": filter} | more
        found = [d["name"] for d in api.post("/deployments/filter", json=body).json()]
        assert api.post("/deployments/count", json=body).json() == len(found)
        return found

    assert names(None) == ["one", "two"]
    assert names({}, sort="NAME_DESC") == ["two", "one"]
    assert names({"id": {"any_": [two["id"]]}}) == ["two"]
    assert names({"name": {"like_": "ON"}}) == ["one"]
    assert names({"tags": {"all_": ["x"]}}) == ["one"]
    assert names({"paused": {"eq_": True}}) == ["one"]
    assert names({"concurrency_limit": {"ge_": 3}}) == ["two"]
    assert names({"flow_or_deployment_name": {"like_": flow["name"]}}) == ["one", "two"]
    run = deployment_run(api, one)
    assert names(None, flow_runs={"id": {"any_": [run["id"]]}}) == ["one"]
    found = api.post("/flow_runs/filter", json={"deployments": {"id": {"any_": [one["id"]]}}})
    assert [r["id"] for r in found.json()] == [run["id"]]
    found = api.post("/flows/filter", json={"deployments": {"id": {"any_": [one["id"]]}}})
    assert [f["id"] for f in found.json()] == [flow["id"]]
    page = api.post("/deployments/paginate", json=here | {"limit": 1, "page": 2}).json()
    assert (page["count"], page["pages"], page["results"][0]["name"]) == (2, 2, "two")
    assert api.post("/deployments/filter", json={"limit": 201}).status_code == 422


def test_deleting_takes_the_runs_that_wait(api):
    made = make_deployment(api)
    waiting, started = deployment_run(api, made), deployment_run(api, made)
    set_state(api, started["id"], "PENDING")
    assert api.delete(f"/deployments/{made['id']}").status_code == 204
    assert api.get(f"/deployments/{made['id']}").status_code == 404
    assert api.get(f"/flow_runs/{waiting['id']}").status_code == 404
    assert api.get(f"/flow_runs/{started['id']}").status_code == 200


def test_bulk_delete(api):
    flow = make_flow(api)
    made = [make_deployment(api, flow, name=name) for name in "abc"]
    filter = {"deployments": {"id": {"any_": [d["id"] for d in made[:2]] + [NOWHERE]}}}
    reply = api.post("/deployments/bulk_delete", json=filter)
    assert reply.json() == {"deleted": [d["id"] for d in made[:2]]}
    assert read(api, made[2])["id"] == made[2]["id"]
    everything = {"deployments": {}, "limit": 51}
    assert api.post("/deployments/bulk_delete", json=everything).status_code == 422


@pytest.mark.parametrize("body", [
    {}, None, {"limit": 1}, {"deployment": {}}, {"deployments": None},
    {"deployments": {"ids": {"any_": []}}}, {"deployments": {"id": {"any": []}}},
    {"deployments": {}, "flows": {"name": {"any_": ["x"]}}}])
def test_a_filter_that_is_misspelt_or_missing_deletes_nothing(api, body):
    made = make_deployment(api)
    reply = api.post("/deployments/bulk_delete", json=body)
    assert reply.status_code == 422, reply.text
    assert read(api, made)["id"] == made["id"]


def test_bulk_delete_sent_again(api):
    flow = make_flow(api)
    made = [make_deployment(api, flow) for _ in range(3)]
    body = {"deployments": {"id": {"any_": [d["id"] for d in made]}}, "limit": 1}
    first, again = (api.post("/deployments/bulk_delete", json=body, headers={
        "Idempotency-Key": made[0]["id"]}).json() for _ in range(2))
    assert first == again and len(first["deleted"]) == 1
    left = api.post("/deployments/count", json={"deployments": body["deployments"]}).json()
    assert left == 2


@pytest.mark.parametrize("member, entry, most", [
    ("tags", "t", 1000), ("schedules", {"schedule": {"interval": 3600}}, 200)])
def test_lists_have_a_ceiling(api, member, entry, most):
    flow = make_flow(api)
    made = make_deployment(api, flow, **{member: [entry] * most})
    for reply in (api.patch(f"/deployments/{made['id']}", json={member: [entry] * (most + 1)}),
                  api.post("/deployments/", json={"name": "x", "flow_id": flow["id"],
                                                  member: [entry] * (most + 1)})):
        assert reply.status_code == 422
        [problem] = reply.json()["exception_detail"]
        assert problem["loc"] == ["body", member] and f"at most {most} items" in problem["msg"]


def test_schedules_have_a_ceiling_where_they_are_added(api):
    made = make_deployment(api)
    reply = api.post(f"/deployments/{made['id']}/schedules", json=[{"schedule": {"interval": 60}}] * 201)
    assert reply.status_code == 422 and "at most 200 items" in reply.text
    assert api.get(f"/deployments/{made['id']}/schedules").json() == []


# ---- runs ----

def test_a_run_of_a_deployment(api):
    made = make_deployment(api, parameter_openapi_schema=SCHEMA, parameters={"b": 5}, tags=["t1"],
                           version="7", labels={"team": "x"})
    run = deployment_run(api, made, parameters={"a": 1}, tags=["t2", "t1"], labels={"who": "me"},
                   job_variables={"x": 1}, context={"c": 1}, name=None)
    assert run["parameters"] == {"a": 1, "b": 5}
    assert run["tags"] == ["t1", "t2"]
    assert run["labels"] == {"prefect.flow.id": made["flow_id"],
                             "prefect.deployment.id": made["id"], "team": "x", "who": "me"}
    assert (run["deployment_id"], run["flow_id"]) == (made["id"], made["flow_id"])
    assert run["deployment_version"] == "7" and run["job_variables"] == {"x": 1}
    assert run["context"] == {"c": 1} and run["created_by"] is None
    assert (run["state_type"], run["state_name"]) == ("SCHEDULED", "Scheduled")
    assert run["next_scheduled_start_time"] == run["expected_start_time"]
    assert run["auto_scheduled"] is False and run["name"]


def test_numbers_stay_as_they_were_written(api):
    made = make_deployment(api)
    body = '{"parameters": {"small": 0.1, "big": 123456789012345678901234567890}}'
    made_run = api.post(f"/deployments/{made['id']}/create_flow_run", content=body,
                        headers={"Content-Type": "application/json"})
    assert made_run.status_code == 201
    assert '"small": 0.1,' in made_run.text and "123456789012345678901234567890" in made_run.text


def test_a_given_state_and_time(api):
    made = make_deployment(api)
    time = "2031-01-02T03:04:05.000006Z"
    run = deployment_run(api, made, state={"type": "SCHEDULED", "name": "Scheduled",
                                     "state_details": {"scheduled_time": time}})
    assert run["next_scheduled_start_time"] == time
    assert run["state"]["state_details"]["scheduled_time"] == time


def test_an_idempotency_key_gives_the_same_run(api):
    made = make_deployment(api)
    first = deployment_run(api, made, idempotency_key="once")
    again = deployment_run(api, made, expect=200, idempotency_key="once")
    assert again["id"] == first["id"]


@pytest.mark.parametrize("parameters, reason", [
    ({"a": "x"}, "Validation failed for field 'a'. Failure reason: 'x' is not of type 'integer'"),
    ({}, "Validation failed. Failure reason: 'a' is a required property"),
])
def test_parameters_that_do_not_fit(api, parameters, reason):
    made = make_deployment(api, parameter_openapi_schema=SCHEMA)
    refusal = deployment_run(api, made, expect=409, parameters=parameters)
    assert refusal == {"detail": f"Error creating flow run: {reason}"}
    assert deployment_run(api, made, parameters=parameters, enforce_parameter_schema=False)["id"]
    api.patch(f"/deployments/{made['id']}", json={"enforce_parameter_schema": False})
    assert deployment_run(api, made, parameters=parameters)["parameters"] == parameters
    deployment_run(api, made, expect=409, parameters=parameters, enforce_parameter_schema=True)


def test_placeholders_in_parameters(api):
    made = make_deployment(api, parameter_openapi_schema=SCHEMA)
    one = {"__prefect_kind": "json", "value": "1"}
    assert deployment_run(api, made, parameters={"a": one})["parameters"] == {"a": 1}
    wrong = {"__prefect_kind": "workspace_variable", "variable_name": "nobody-has-this"}
    refusal = deployment_run(api, made, expect=400, parameters={"a": wrong})
    assert refusal["detail"].startswith("Error hydrating flow run parameters: ")


def test_many_runs_at_once(api):
    made = make_deployment(api, parameter_openapi_schema=SCHEMA)
    url = f"/deployments/{made['id']}/create_flow_run/bulk"
    reply = api.post(url, json=[{"parameters": {"a": 1}}, {"parameters": {"a": "x"}},
                                {"parameters": {"a": 2}, "state": scheduled(3600)}])
    assert reply.status_code == 200
    results = reply.json()["results"]
    assert [r["status"] for r in results] == ["CREATED", "FAILED", "CREATED"]
    assert results[1]["flow_run_id"] is None and "not of type" in results[1]["error"]
    runs = poll(api, made)
    assert [r["id"] for r in runs] == [results[0]["flow_run_id"], results[2]["flow_run_id"]]
    assert api.post(url, json=[]).json() == {"results": []}
    assert api.post(url, json=[{}] * 101).status_code == 400
    assert api.post(f"/deployments/{NOWHERE}/create_flow_run/bulk", json=[]).status_code == 404


# ---- polling ----

def test_polling_gives_the_earliest_first(api):
    made, other = make_deployment(api), make_deployment(api)
    late = deployment_run(api, made, state=scheduled(-5))
    soon = deployment_run(api, other, state=scheduled(5))
    far = deployment_run(api, made, state=scheduled(500))
    before = (datetime.now(timezone.utc) + timedelta(seconds=10)).isoformat(" ")
    assert [r["id"] for r in poll(api, made, other, scheduled_before=before)] == [late["id"],
                                                                                  soon["id"]]
    assert [r["id"] for r in poll(api, made)] == [late["id"], far["id"]]
    assert [r["id"] for r in poll(api, made, other, limit=1)] == [late["id"]]
    set_state(api, late["id"], "PENDING")
    assert poll(api, made, scheduled_before=before) == []
    assert poll(api, {"id": NOWHERE}) == [] and poll(api) == []


def test_a_poll_is_seen(api):
    made = make_deployment(api)
    poll(api, made, scheduled_before=at(10))
    eventually(lambda: read(api, made)["status"] == "READY")
    now = read(api, made)
    assert now["updated"] == made["updated"]
    for _ in range(3):
        poll(api, made, scheduled_before=at(10))
    assert read(api, made)["last_polled"] == now["last_polled"]


def waited_poll(api, *deployments, act=None, after=0.3, **fields):
    """A poll that waits, the seconds that it took, and what `act` gave meanwhile."""
    given = []
    timer = threading.Timer(after, lambda: given.append(act())) if act else None
    begun = time.monotonic()
    if timer:
        timer.start()
    runs = poll(api, *deployments, **fields)
    took = time.monotonic() - begun
    if timer:
        timer.join()
    return runs, took, given


def test_a_waiting_poll_ends_with_the_run(api, server):
    made, other = make_deployment(api), make_deployment(api)
    with server.client() as second:
        runs, took, given = waited_poll(api, made, other, wait=20, scheduled_before=at(10),
                                        act=lambda: deployment_run(second, other))
    assert [r["id"] for r in runs] == [given[0]["id"]]
    assert 0.2 < took < 5


def test_a_waiting_poll_ends_with_the_time(api):
    made = make_deployment(api)
    run = deployment_run(api, made, state=scheduled(3))
    runs, took, _ = waited_poll(api, made, wait=20, scheduled_before=at(2))
    assert [r["id"] for r in runs] == [run["id"]]
    assert 0.3 < took < 2.5
    later = make_deployment(api)
    run = deployment_run(api, later, state=scheduled(1))
    runs, took, _ = waited_poll(api, later, wait=20)
    assert [r["id"] for r in runs] == [run["id"]] and 0.3 < took < 6


def test_a_waiting_poll_that_waits_in_vain(api):
    made = make_deployment(api)
    deployment_run(api, made, state=scheduled(3600))
    runs, took, _ = waited_poll(api, made, wait=1, scheduled_before=at(10))
    assert runs == [] and 0.9 < took < 4
