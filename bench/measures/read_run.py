"""Reading one of a hundred runs."""

from api import make_flow, make_run
from contestants import Fermata, HttpAlone, Prefect
from measure import RATE, Measure, Way, at_least
from programs import load, rate_sample, seconds

CLIENTS = 64


def read(server, quick):
    flow = make_flow(server)
    ids = server.directory / "ids"
    ids.write_text("".join(make_run(server, flow)["id"] + "\n" for _ in range(100)))
    return rate_sample(load(server, "/api/flow_runs/{id}", ids=ids, connections=CLIENTS,
                            seconds=seconds(quick)))


def echo(server, quick):
    return rate_sample(load(server, "/api/flow_runs/00000000-0000-7000-8000-000000000000",
                            connections=CLIENTS, seconds=seconds(quick)))


MEASURE = Measure(
    title="read a run, 64 connections",
    unit=RATE,
    ways={
        "Prefect": Way(Prefect, read),
        "Fermata": Way(Fermata, read),
        "HTTP alone": Way(HttpAlone, echo),
    },
    goals=(at_least(50, "Prefect"),),
)
