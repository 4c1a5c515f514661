"""Runs that wait for an answer, as the stock client has them."""

import json
from datetime import datetime, timedelta, timezone

from harness.objects import make_run, set_state

SHIRT = {
    "title": "ShirtOrder", "type": "object", "additionalProperties": False,
    "properties": {
        "size": {"title": "Size", "type": "string", "enum": ["small", "medium", "large"],
                 "description": "How it should fit."},
        "count": {"title": "Count", "type": "integer", "minimum": 1, "default": 1},
    },
    "required": ["size"],
}


def pause(api, schema=SHIRT, description=None, seconds=3600, **fields):
    """A running flow run that pauses as the stock client has it; without a schema: an approval."""
    run = make_run(api, **fields)
    deadline = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    details = {"pause_key": "1", "pause_reschedule": False, "pause_timeout": deadline.isoformat()}
    if schema is not None:
        details["run_input_keyset"] = {kind: f"paused-1-{kind}"
                                       for kind in ("schema", "response", "description")}
    set_state(api, run["id"], "RUNNING")
    assert set_state(api, run["id"], "PAUSED", "Paused", **details)["status"] == "ACCEPT"
    for kind, value in (("description", description), ("schema", schema)):
        if value is not None:
            body = {"key": f"paused-1-{kind}", "value": json.dumps(value)}
            assert api.post(f"/flow_runs/{run['id']}/input", json=body).status_code == 201
    return run


def request_of(api, run):
    body = {"input_requests": {"flow_run_id": {"any_": [run["id"]]}, "state": {"not_any_": []}}}
    [request] = api.post("/input_requests/filter", json=body).json()
    return api.get(f"/input_requests/{request['id']}").json()


def state_of(api, run):
    return api.get(f"/flow_runs/{run['id']}").json()["state_type"]
