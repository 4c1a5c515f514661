"""Runs created durably, each with a first state. Prefect's server refuses most of them as soon as
two clients create some, since its database is locked: it is measured with one, its best."""

from api import make_flow
from contestants import Fermata, Prefect
from measure import RATE, Measure, Way, at_least
from programs import load, rate_sample, seconds

CLIENTS = 64


def create(server, quick, clients=CLIENTS):
    body = (f'{{"flow_id": "{make_flow(server)["id"]}", "name": "run-{{n}}", '
            '"parameters": {"number": 7}, "state": {"type": "PENDING"}}')
    return rate_sample(load(server, "/api/flow_runs/", method="POST", body=body,
                            connections=clients, seconds=seconds(quick)))


MEASURE = Measure(
    title="create a run, 64 connections (Prefect: 1)",
    unit=RATE,
    ways={
        "Prefect": Way(Prefect, lambda server, quick: create(server, quick, 1)),
        "Fermata": Way(Fermata, create),
    },
    goals=(at_least(50, "Prefect"),),
)
