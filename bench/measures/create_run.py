"""Runs created durably, each with a first state."""

from api import make_flow
from contestants import Fermata, Prefect
from measure import RATE, Measure, Way, at_least
from programs import load, rate_sample, seconds

CLIENTS = 8


def create(server, quick):
    body = (f'{{"flow_id": "{make_flow(server)["id"]}", "name": "run-{{n}}", '
            '"parameters": {"number": 7}, "state": {"type": "PENDING"}}')
    return rate_sample(load(server, "/api/flow_runs/", method="POST", body=body,
                            connections=CLIENTS, seconds=seconds(quick)))


MEASURE = Measure(
    title="create a run, 8 connections",
    unit=RATE,
    ways={"Prefect": Way(Prefect, create), "Fermata": Way(Fermata, create)},
    goals=(at_least(50, "Prefect"),),
)
