"""Inputs created durably by 64 clients at once."""

from contestants import Bare, Fermata, HttpAlone, Prefect
from inputs import create, echo, sqlite_alone
from measure import RATE, Measure, Sample, Way, at_least
from programs import rate_sample

CLIENTS = 64


def sent(server, quick):
    return rate_sample(create(server, quick, CLIENTS))


def echoed(server, quick):
    return rate_sample(echo(server, quick, CLIENTS))


def written(bare, quick):
    result = sqlite_alone(bare, quick, rows=CLIENTS)
    return Sample(result["rate"] * CLIENTS, requests=result["count"] * CLIENTS)


MEASURE = Measure(
    title="input created durably, 64 connections",
    unit=RATE,
    ways={
        "Prefect": Way(Prefect, sent),
        "Fermata": Way(Fermata, sent),
        "SQLite alone": Way(Bare, written),
        "HTTP alone": Way(HttpAlone, echoed),
    },
    goals=(at_least(30, "Prefect"), at_least(0.5, "SQLite alone", "HTTP alone")),
)
