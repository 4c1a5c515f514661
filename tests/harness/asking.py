"""Runs that wait for input, without a program behind them, and their input requests."""

import json
from datetime import datetime, timedelta, timezone

from harness.objects import make_run, set_state

SCHEMA = {"title": "User", "type": "object", "additionalProperties": False,
          "properties": {"name": {"type": "string", "default": "anonymous"},
                         "age": {"type": "integer"}, "size": {"enum": ["s", "m"]}},
          "required": ["age", "size"]}
ANSWER = {"name": "A", "age": 4, "size": "m"}


def pause(api, schema=SCHEMA, description=None, seconds=3600, keyset=True, suspend=False, **fields):
    run = make_run(api, **fields)
    set_state(api, run["id"], "RUNNING")
    deadline = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    details = {"pause_key": "1", "pause_reschedule": suspend,
               "pause_timeout": deadline.isoformat()}
    if keyset:
        details["run_input_keyset"] = {k: f"p-{k}" for k in ("schema", "response", "description")}
    verdict = set_state(api, run["id"], "PAUSED", "Suspended" if suspend else "Paused", **details)
    assert verdict["status"] == "ACCEPT", verdict
    for kind, value in (("schema", schema), ("description", description)):
        if keyset and value is not None:
            tell(api, run, kind, json.dumps(value))
    return run


def tell(api, run, kind, text):
    """What a flow tells of its pause: its "schema" or its "description", as JSON."""
    reply = api.post(f"/flow_runs/{run['id']}/input", json={"key": f"p-{kind}", "value": text})
    assert reply.status_code == 201, reply.text


def inbox(api, sort=None, **filters):
    reply = api.post("/input_requests/filter", json={"input_requests": filters, "sort": sort})
    assert reply.status_code == 200, reply.text
    return reply.json()


def request_of(api, run, state=("open", "answered", "expired", "cancelled")):
    [request] = inbox(api, flow_run_id={"any_": [run["id"]]}, state={"any_": list(state)})
    return request


def answer(api, request, value=None, **more):
    return api.post(f"/input_requests/{request['id']}/answer", json={"value": value} | more)


def state_of(api, run):
    return api.get(f"/flow_runs/{run['id']}").json()["state_type"]
