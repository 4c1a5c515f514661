"""Events as clients send them."""

import datetime
import uuid


def iso(moment):
    return moment.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def now():
    return datetime.datetime.now(datetime.UTC)


def event(name="test.happened", resource="test.thing.1", *, occurred=None, related=(), **more):
    """An event; `related` are pairs of a role and a resource's id."""
    return {"id": str(uuid.uuid4()), "occurred": iso(occurred or now()), "event": name,
            "resource": {"prefect.resource.id": resource},
            "related": [{"prefect.resource.id": each, "prefect.resource.role": role}
                        for role, each in related]} | more


def send(api, *events):
    reply = api.post("/events", json=list(events))
    assert reply.status_code == 204, reply.text


def ask(api, **filters):
    """The page of events that fit the filters."""
    limit = filters.pop("limit", 50)
    reply = api.post("/events/filter", json={"filter": filters, "limit": limit})
    assert reply.status_code == 200, reply.text
    return reply.json()


def listed(api, **filters):
    """The ids of the first page of events."""
    return [each["id"] for each in ask(api, **filters)["events"]]


def task_run_event(task_run_id, flow_run_id, type, name=None, *, occurred, task_run=(), data=None,
                   message="", **state_details):
    """What the stock client sends for a state of a task run."""
    name = name or type.title()
    related = [("flow-run", f"prefect.flow-run.{flow_run_id}")] if flow_run_id else []
    made = event(f"prefect.task-run.{name}", f"prefect.task-run.{task_run_id}", occurred=occurred,
                 related=related)
    made["resource"] |= {"prefect.resource.name": "t-1", "prefect.orchestration": "client"}
    made["payload"] = {
        "intended": {"from": None, "to": type}, "initial_state": None,
        "validated_state": {"type": type, "name": name, "message": message, "data": data,
                            "state_details": state_details},
        "task_run": {"name": "t-1", "task_key": "t-aa28d280", "dynamic_key": str(task_run_id),
                     "empirical_policy": {"max_retries": 0, "retry_delay_seconds": 0.0, "retries": 2,
                                          "retry_delay": 1},
                     "tags": [], "labels": {}, "task_inputs": {}, "run_count": 0,
                     "flow_run_run_count": 1, "total_run_time": 0.0} | dict(task_run)}
    return made
