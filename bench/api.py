"""What measures of servers with Prefect's API begin with."""

import uuid


def make_flow(server):
    return server.api("POST", "/flows/", {"name": f"flow-{uuid.uuid4()}"})


def make_run(server, flow=None, **fields):
    flow = flow or make_flow(server)
    return server.api("POST", "/flow_runs/", {"flow_id": flow["id"]} | fields)


def set_state(server, run_id, type, name=None, **details):
    state = {"type": type, "name": name or type.title(), "state_details": details}
    return server.api("POST", f"/flow_runs/{run_id}/set_state", {"state": state, "force": False})
