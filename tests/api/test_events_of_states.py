"""The events that the server makes of its own changes of state."""

import datetime
import json
import sqlite3
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from harness.deployments import (at, deployment_run, eventually, make_deployment, poll, read,
                                 scheduled)
from harness.events import ask, iso, now
from harness.objects import make_flow, make_run, set_state, wait_for, waiting
from harness.work_pools import make_pool, queues_of

DAY = datetime.timedelta(days=1)


def events_of(api, resource_id, **filters):
    """The events of a resource, in the order in which they were stored."""
    events = ask(api, resource={"id": [resource_id]}, occurred={"until": iso(now() + DAY)},
                 **filters)["events"]
    return sorted(events, key=lambda each: each["seq"])


def run_events(api, run):
    return events_of(api, f"prefect.flow-run.{run['id']}")


def states(api, run):
    return api.get("/flow_run_states/", params={"flow_run_id": run["id"]}).json()


def resource(kind, made, role=None):
    return {"prefect.resource.id": f"prefect.{kind}.{made['id']}",
            "prefect.resource.role": role or kind, "prefect.resource.name": made["name"]}


def tag(name):
    return {"prefect.resource.id": f"prefect.tag.{name}", "prefect.resource.role": "tag"}


def test_each_state_is_an_event(api):
    flow = make_flow(api)
    run = make_run(api, flow, state={"type": "PENDING"})
    set_state(api, run["id"], "RUNNING")
    set_state(api, run["id"], "PAUSED", "Waiting", pause_key="1")
    set_state(api, run["id"], "FAILED", message="It broke.")
    events = run_events(api, run)
    kept = states(api, run)
    assert [each["event"] for each in events] == [
        f"prefect.flow-run.{name}" for name in ("Pending", "Running", "Waiting", "Failed")]
    for event, state in zip(events, kept, strict=True):
        assert (event["id"], event["occurred"]) == (state["id"], state["timestamp"])
    assert [each["follows"] for each in events] == [None, *(state["id"] for state in kept[:-1])]
    assert all(each["related"] == [resource("flow", flow)] for each in events)
    assert events[3]["resource"] == {
        "prefect.resource.id": f"prefect.flow-run.{run['id']}",
        "prefect.resource.name": run["name"], "prefect.run-count": "1",
        "prefect.state-message": "It broke.", "prefect.state-name": "Failed",
        "prefect.state-timestamp": kept[3]["timestamp"].replace("Z", "+00:00"),
        "prefect.state-type": "FAILED"}
    assert events[3]["payload"] == {
        "intended": {"from": "PAUSED", "to": "FAILED"},
        "initial_state": {"type": "PAUSED", "name": "Waiting", "pause_reschedule": "false"},
        "validated_state": {"type": "FAILED", "name": "Failed", "message": "It broke."}}
    assert events[0]["payload"] == {
        "intended": {"from": None, "to": "PENDING"}, "initial_state": None,
        "validated_state": {"type": "PENDING", "name": "Pending"}}


def test_a_refused_state_is_no_event(api):
    run = make_run(api, state={"type": "PENDING"})
    set_state(api, run["id"], "PAUSED")
    assert [each["event"] for each in run_events(api, run)] == ["prefect.flow-run.Pending"]


def test_a_state_that_the_server_writes_itself_is_one(api):
    """Cancelled, for a run that has not begun."""
    run = make_run(api, state=scheduled(3600))
    set_state(api, run["id"], "CANCELLING")
    assert run_events(api, run)[-1]["event"] == "prefect.flow-run.Cancelled"


def test_what_a_run_belongs_to(api):
    flow = api.post("/flows/", json={"name": f"f-{uuid.uuid4()}", "tags": ["b", 'q"']}).json()
    deployment = make_deployment(api, flow, tags=["a"])
    parent = make_run(api)
    task_run = api.post("/task_runs/", json={
        "flow_run_id": parent["id"], "task_key": "t", "dynamic_key": "0", "tags": ["t"]}).json()
    run = deployment_run(api, deployment, state=scheduled(3600), tags=["c", "a"],
                         parent_task_run_id=task_run["id"])
    [event] = run_events(api, run)
    assert event["event"] == "prefect.flow-run.Scheduled"
    assert event["related"][:3] == [resource("flow", flow), resource("deployment", deployment),
                                    resource("task-run", task_run)]
    assert event["related"][3:8] == [tag(name) for name in ("a", "b", "c", 'q"', "t")]


def test_the_pool_from_which_a_run_is_taken(api):
    """Of a run, and of the deployment that is polled for."""
    pool = make_pool(api)
    deployment = make_deployment(api, work_pool_name=pool["name"])
    run = deployment_run(api, deployment, state=scheduled(3600))
    [queue] = queues_of(api, pool)
    places = [resource("work-queue", queue),
              resource("work-pool", pool) | {"prefect.work-pool.type": "process"}]
    [event] = run_events(api, run)
    assert event["related"][2:4] == places
    poll(api, deployment)
    [ready] = eventually(lambda: events_of(api, f"prefect.deployment.{deployment['id']}",
                                           event={"name": ["prefect.deployment.ready"]}))
    assert ready["related"][1:] == places


def test_more_tags_than_an_event_may_have_resources(api):
    run = make_run(api, tags=[f"t{i:03}" for i in range(200)], state={"type": "PENDING"})
    [event] = run_events(api, run)
    assert len(event["related"]) == 100


def test_a_long_message_is_shortened(api):
    run = make_run(api)
    set_state(api, run["id"], "RUNNING")
    set_state(api, run["id"], "FAILED", message="é" * 100000)
    event = run_events(api, run)[-1]
    assert event["resource"]["prefect.state-message"] == "é" * 50000 + "…"
    assert event["payload"]["validated_state"]["message"] == "é" * 50000 + "…"
    assert states(api, run)[-1]["message"] == "é" * 100000


def test_an_event_follows_only_what_was_a_moment_ago(fresh_server):
    api = fresh_server.api
    run = make_run(api, state={"type": "PENDING"})
    edit(fresh_server, "UPDATE flow_run_states SET timestamp = timestamp - 301000000")
    set_state(api, run["id"], "RUNNING")
    assert run_events(api, run)[-1]["follows"] is None


def test_runs_have_the_events_that_were_stored_when_the_server_was_killed(fresh_server):
    """The event is in the transaction of its state."""
    run = make_run(fresh_server.api, state={"type": "PENDING"})
    fresh_server.kill9()
    fresh_server.start()
    assert [each["id"] for each in run_events(fresh_server.api, run)] == [
        each["id"] for each in states(fresh_server.api, run)]


# ---- input requests ----

KEYS = {part: f"paused-1-{part}" for part in ("schema", "response", "description")}
SCHEMA = {"type": "object", "properties": {"size": {"enum": ["small", "large"]}}}


def paused(api, seconds=60, schema=SCHEMA, flow=None):
    """A run that waits for input, and its request."""
    run = make_run(api, flow, tags=["a"])
    set_state(api, run["id"], "RUNNING")
    set_state(api, run["id"], "PAUSED", "Paused", pause_key="1", pause_timeout=at(seconds),
              run_input_keyset=KEYS)
    api.post(f"/flow_runs/{run['id']}/input",
             json={"key": KEYS["schema"], "value": json.dumps(schema)})
    [request] = api.post("/input_requests/filter", json={
        "input_requests": {"flow_run_id": {"any_": [run["id"]]}}}).json()
    return run, request


def request_events(api, request):
    return events_of(api, f"fermata.input-request.{request['id']}")


def moves(api, request):
    return [each["event"].removeprefix("fermata.input-request.")
            for each in request_events(api, request)]


def test_an_answered_request(api):
    flow = make_flow(api)
    run, request = paused(api, flow=flow)
    reply = api.post(f"/input_requests/{request['id']}/answer",
                     json={"value": {"size": "small"}, "by": "Ada"})
    assert reply.status_code == 200
    opened, answered = request_events(api, request)
    assert opened["event"] == "fermata.input-request.opened"
    assert answered["event"] == "fermata.input-request.answered"
    assert opened["resource"] == {"prefect.resource.id": f"fermata.input-request.{request['id']}",
                                  "prefect.resource.name": run["name"]}
    assert opened["related"] == [resource("flow-run", run), resource("flow", flow), tag("a")]
    assert opened["payload"] == {"pause_key": "1", "suspended": False,
                                 "deadline": request["deadline"], "answered_by": None,
                                 "answered_via": None}
    assert (answered["payload"]["answered_by"], answered["payload"]["answered_via"]) == ("Ada", "api")
    assert "small" not in json.dumps(answered)
    # All that a run does is found by its id.
    found = ask(api, any_resource={"id": [f"prefect.flow-run.{run['id']}"]}, order="ASC")["events"]
    assert [each["event"].split(".")[-1] for each in found] == [
        "Pending", "Running", "Paused", "opened", "answered", "Running"]


def test_a_request_that_is_resumed_by_a_state(api):
    run, request = paused(api)
    set_state(api, run["id"], "RUNNING", force=True)
    assert moves(api, request) == ["opened", "answered"]


def test_a_request_whose_run_is_cancelled(api):
    run, request = paused(api)
    set_state(api, run["id"], "CANCELLED", force=True)
    assert moves(api, request) == ["opened", "cancelled"]


def test_a_request_whose_time_is_over(api):
    _, request = paused(api, seconds=1)
    eventually(lambda: moves(api, request) == ["opened", "expired"])


def test_a_request_whose_answer_the_flow_refuses(server):
    api = server.api
    run, request = paused(api, schema=SCHEMA | {"x-fermata-checks-answers": True})
    before = waiting(server)
    with ThreadPoolExecutor() as pool, server.client() as flow, server.client() as person:
        candidate = pool.submit(flow.get, f"/flow_runs/{run['id']}/candidate",
                                headers={"Prefer": "wait=20"})
        wait_for(lambda: waiting(server) > before)
        answer = pool.submit(person.post, f"/input_requests/{request['id']}/answer",
                             json={"value": {"size": "small"}})
        asked = candidate.result().json()
        assert moves(api, request) == ["opened", "checking"]
        verdict = {"accepted": False, "reason": "No.", "errors": []}
        assert api.post(f"/input_candidates/{asked['id']}/verdict", json=verdict).status_code == 204
        assert answer.result().status_code == 422
    assert moves(api, request) == ["opened", "checking", "refused"]


# ---- deployments ----

def edit(server, sql, *values):
    """Changes the database of a server that is stopped for that."""
    server.stop()
    with sqlite3.connect(server.data / "fermata.db") as database:
        assert database.execute(sql, values).rowcount > 0
    database.close()
    server.start()


def test_a_deployment_that_is_polled_and_then_is_not(fresh_server):
    api = fresh_server.api
    flow = make_flow(api)
    made = make_deployment(api, flow)
    name = f"prefect.deployment.{made['id']}"
    poll(api, made)
    eventually(lambda: read(api, made)["status"] == "READY")
    edit(fresh_server, "UPDATE deployments SET polled_until = ?", int((time.time() - 1) * 1e6))
    eventually(lambda: read(api, made)["status"] == "NOT_READY")
    poll(api, made)
    eventually(lambda: read(api, made)["status"] == "READY")
    events = events_of(api, name)
    assert [each["event"] for each in events] == [
        f"prefect.deployment.{status}" for status in ("created", "ready", "not-ready", "ready")]
    assert all(each["resource"] == {"prefect.resource.id": name,
                                    "prefect.resource.name": made["name"]} for each in events)
    assert all(each["related"] == [resource("flow", flow)] for each in events)


def test_polling_on_is_no_event(fresh_server):
    api = fresh_server.api
    made = make_deployment(api)
    poll(api, made)
    eventually(lambda: read(api, made)["status"] == "READY")
    edit(fresh_server, "UPDATE deployments SET polled_until = ?", int((time.time() + 30) * 1e6))
    before = read(api, made)["last_polled"]
    poll(api, made)
    eventually(lambda: read(api, made)["last_polled"] > before)
    assert [each["event"] for each in events_of(api, f"prefect.deployment.{made['id']}")] == [
        "prefect.deployment.created", "prefect.deployment.ready"]
