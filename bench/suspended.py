"""Servers with a great many suspended runs, each waiting for input."""

import json

import many
from api import make_flow, set_state
from contestants import Fermata

SCHEMA = {"title": "Answer", "type": "object", "properties": {"value": {"type": "string"}},
          "required": ["value"], "additionalProperties": False}
KEYSET = {kind: f"suspended-1-{kind}" for kind in ("schema", "response", "description")}


def suspended_run(server):
    """The first of them, made by the API; the id of the run."""
    flow = make_flow(server)
    deployment = server.api("POST", "/deployments/", {"name": "asks", "flow_id": flow["id"]})
    run = server.api("POST", f"/deployments/{deployment['id']}/create_flow_run", {})["id"]
    for state in ("PENDING", "RUNNING"):
        set_state(server, run, state)
    set_state(server, run, "PAUSED", "Suspended", pause_key="1", pause_reschedule=True,
              run_input_keyset=KEYSET)
    server.api("POST", f"/flow_runs/{run}/input",
               {"key": KEYSET["schema"], "value": json.dumps(SCHEMA)})
    return run


def run_id(n):
    return f"01900000-0000-7000-8000-{n:012x}"


def multiply_suspended(database, run, count):
    ids = {"id": many.new_id(0), "state_id": many.new_id(1)}
    of_run = {"flow_run_id": ids["id"]}
    multiply = many.multiply
    multiply(database, "flow_runs", f"id = '{run}'", count, ids)
    multiply(database, "flow_run_states", f"flow_run_id = '{run}' AND type = 'PAUSED'", count,
             {"id": ids["state_id"]} | of_run)
    multiply(database, "flow_run_inputs", f"flow_run_id = '{run}'", count,
             {"id": many.new_id(2)} | of_run)
    multiply(database, "input_requests", f"flow_run_id = '{run}'", count,
             {"id": many.new_id(3), "state_id": ids["state_id"]} | of_run)


def server_with(directory, count, change=None):
    """A server with so many suspended runs, whose ids are run_id(1), run_id(2), …"""
    data = many.ready_made(f"fermata-suspended-{count}", Fermata, suspended_run,
                           lambda database, run: multiply_suspended(database, run, count))
    return many.server_with(Fermata, directory, data, change)
