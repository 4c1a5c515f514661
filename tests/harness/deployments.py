"""Short ways to deployments and their runs. `api` is a server's client."""

import time
import uuid
from datetime import datetime, timedelta, timezone

from harness.objects import make_flow


def at(seconds):
    """The time so many seconds from now, as clients send it."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


def scheduled(seconds):
    """A state to start in: scheduled for so many seconds from now."""
    return {"type": "SCHEDULED", "state_details": {"scheduled_time": at(seconds)}}


def make_deployment(api, flow=None, **fields):
    """A new deployment, of a new flow if none is given; `fields` are those of the body."""
    flow = flow or make_flow(api)
    body = {"name": f"d-{uuid.uuid4()}", "flow_id": flow["id"]} | fields
    reply = api.post("/deployments/", json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def deployment_run(api, deployment, expect=201, **fields):
    """A run of a deployment, or the refusal if another status is expected."""
    reply = api.post(f"/deployments/{deployment['id']}/create_flow_run", json=fields)
    assert reply.status_code == expect, reply.text
    return reply.json()


def poll(api, *deployments, wait=None, **fields):
    """The scheduled runs of deployments, as a runner asks for them."""
    headers = {"Prefer": f"wait={wait}"} if wait is not None else {}
    reply = api.post("/deployments/get_scheduled_flow_runs", headers=headers,
                     json={"deployment_ids": [d["id"] for d in deployments]} | fields)
    assert reply.status_code == 200, reply.text
    return reply.json()


def read(api, deployment):
    reply = api.get(f"/deployments/{deployment['id']}")
    assert reply.status_code == 200, reply.text
    return reply.json()


def eventually(look, seconds=10):
    """What `look` gives as soon as it is true; fails if it is not in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not true after {seconds} s: {found!r}"
        time.sleep(0.05)
    return found
