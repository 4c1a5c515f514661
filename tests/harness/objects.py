"""Short ways to what most tests begin with. `api` is a server's client."""

import re
import time
import uuid


def make_flow(api, name=None):
    reply = api.post("/flows/", json={"name": name or f"flow-{uuid.uuid4()}"})
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def make_run(api, flow=None, **fields):
    """A new run, of a new flow if none is given; `fields` are those of the request's body."""
    flow = flow or make_flow(api)
    reply = api.post("/flow_runs/", json={"flow_id": flow["id"]} | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


def set_state(api, run_id, type, name=None, *, message=None, data=None, force=False, **details):
    """Proposes a state, with `details` as its state_details; returns the server's verdict."""
    state = {"type": type, "name": name, "message": message, "data": data, "state_details": details}
    state = {key: value for key, value in state.items() if value is not None}
    reply = api.post(f"/flow_runs/{run_id}/set_state", json={"state": state, "force": force})
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def waiting(server):
    """How many requests wait for something at the server, and its own services."""
    return figure(server, "fermata_waiting")


def commits(server):
    text = server.api.get(f"{server.url}/metrics").text
    return int(re.search(r"^fermata_store_commits_total (\d+)", text, re.M).group(1))


def requests_of(server, route, method="POST"):
    """How many requests of a route the server has answered well."""
    text = server.api.get(f"{server.url}/metrics").text
    found = re.search(rf'requests_total{{method="{method}",route="{re.escape(route)}",status="2xx"}} (\d+)',
                      text)
    return int(found.group(1)) if found else 0


def figure(server, name):
    """A figure of /metrics that has no labels."""
    text = server.api.get(f"{server.url}/metrics").text
    return int(re.search(rf"^{name} (\d+)", text, re.M).group(1))


def wait_for(condition, seconds=10):
    """Until the condition holds; what it gave."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.01)
    raise AssertionError("it did not come")
