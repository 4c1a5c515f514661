"""The events that the server makes when something is created, changed or deleted."""

import uuid

import pytest

from harness.deployments import make_deployment
from harness.events import ask
from harness.objects import make_flow
from harness.work_pools import make_pool


def events_of(api, kind, id):
    events = ask(api, resource={"id": [f"prefect.{kind}.{id}"]})["events"]
    return sorted(events, key=lambda each: each["seq"])


def named(events):
    return [each["event"] for each in events]


NAME = f"n-{uuid.uuid4()}"
KINDS = {
    "flow": ("/flows/", {"name": NAME, "tags": ["a"], "labels": {"n": 1}}, {"tags": ["b"]}, {}),
    "variable": ("/variables/", {"name": NAME, "value": {"a": [1]}, "tags": []}, {"value": 12.5}, {}),
    "block-type": ("/block_types/", {"name": NAME, "slug": NAME, "description": "What"},
                   {"description": None}, {"logo_url": None, "documentation_url": None,
                                           "code_example": None, "is_protected": False}),
    "concurrency-limit": ("/v2/concurrency_limits/", {"name": NAME, "limit": 3}, {"limit": 4},
                          {"active": True, "slot_decay_per_second": 0.0}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_made_changed_and_deleted_has_events(api, kind):
    path, body, changes, more = KINDS[kind]
    made = api.post(path, json=body)
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    assert api.patch(f"{path}{id}", json=changes).status_code == 204
    assert api.delete(f"{path}{id}").status_code == 204
    assert api.delete(f"{path}{id}").status_code == 404
    events = events_of(api, kind, id)
    assert named(events) == [f"prefect.{kind}.{what}" for what in ("created", "updated", "deleted")]
    assert all(each["resource"] == {"prefect.resource.id": f"prefect.{kind}.{id}",
                                    "prefect.resource.name": NAME} for each in events)
    assert [each["payload"] for each in events] == [body | more, body | more | changes,
                                                    body | more | changes]


def test_limits_of_tags(api):
    tag = f"tag {uuid.uuid4()}"
    for most in (3, 4):
        made = api.post("/concurrency_limits/", json={"tag": tag, "concurrency_limit": most}).json()
    assert api.delete(f"/concurrency_limits/tag/{tag}").status_code == 200
    events = events_of(api, "concurrency-limit", made["id"])
    assert named(events) == [f"prefect.concurrency-limit.{what}"
                             for what in ("created", "updated", "deleted")]
    assert {each["resource"]["prefect.resource.name"] for each in events} == {tag}
    assert [each["payload"] for each in events] == [
        {"tag": tag, "concurrency_limit": most} for most in (3, 4, 4)]


def test_a_flow_that_is_there_makes_no_event(api):
    flow = make_flow(api)
    assert make_flow(api, flow["name"])["id"] == flow["id"]
    assert named(events_of(api, "flow", flow["id"])) == ["prefect.flow.created"]


def test_a_variable_that_gets_another_name(api):
    old, new = f"v-{uuid.uuid4()}", f"v-{uuid.uuid4()}"
    made = api.post("/variables/", json={"name": old, "value": None}).json()
    assert api.patch(f"/variables/name/{old}", json={"name": new}).status_code == 204
    assert api.delete(f"/variables/name/{new}").status_code == 204
    events = events_of(api, "variable", made["id"])
    assert named(events) == [f"prefect.variable.{what}" for what in ("created", "updated", "deleted")]
    assert [each["resource"]["prefect.resource.name"] for each in events] == [old, new, new]


def test_what_is_refused_has_no_event(api):
    name = f"v-{uuid.uuid4()}"
    made = api.post("/variables/", json={"name": name, "value": 1}).json()
    assert api.post("/variables/", json={"name": name, "value": 2}).status_code == 409
    assert api.patch(f"/variables/{made['id']}", json={"value": "x" * 6000}).status_code == 422
    assert named(events_of(api, "variable", made["id"])) == ["prefect.variable.created"]


def test_deployments(api):
    flow, pool = make_flow(api), make_pool(api)
    made = make_deployment(api, flow, name="d", parameters={"n": 1}, work_pool_name=pool["name"])
    path = f"/deployments/{made['id']}"
    number = "12345678901234567890.10"
    body = '{"parameters": {"n": %s}, "tags": ["a"]}' % number
    assert api.patch(path, content=body, headers={"Content-Type": "application/json"}).status_code == 204
    assert api.patch(path, json={"tags": ["a"]}).status_code == 204  # as it was
    assert api.post(f"{path}/pause_deployment").status_code == 200
    again = {"flow_id": flow["id"], "name": "d", "description": "new"}
    assert api.post("/deployments/", json=again).status_code == 200
    assert api.delete(path).status_code == 204
    events = events_of(api, "deployment", made["id"])
    assert named(events) == [f"prefect.deployment.{what}" for what in (
        "created", "updated", "updated", "updated", "deleted")]
    assert {each["resource"]["prefect.resource.name"] for each in events} == {"d"}
    for each in events:
        assert [related["prefect.resource.role"] for related in each["related"]] == [
            "flow", "work-queue", "work-pool"]
    created, updated, paused, overwritten, deleted = [each["payload"] for each in events]
    assert created == deleted == {}
    assert sorted(updated["updated_fields"]) == ["parameters", "tags"]
    assert updated["updates"]["tags"] == {"from": [], "to": ["a"]}
    assert number in api.post("/events/filter", json={"filter": {
        "event": {"name": ["prefect.deployment.updated"]}}}).text
    assert paused == {"updated_fields": ["paused"], "updates": {"paused": {"from": False, "to": True}}}
    assert overwritten["updates"]["description"] == {"from": None, "to": "new"}


def test_deployments_that_are_deleted_together(api):
    flow = make_flow(api)
    made = [make_deployment(api, flow, name=f"d{i}") for i in range(3)]
    reply = api.post("/deployments/bulk_delete", json={
        "deployments": {"id": {"any_": [each["id"] for each in made]}}})
    assert len(reply.json()["deleted"]) == 3
    for each in made:
        assert named(events_of(api, "deployment", each["id"])) == [
            "prefect.deployment.created", "prefect.deployment.deleted"]
