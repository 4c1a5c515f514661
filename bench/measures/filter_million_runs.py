"""The latest runs that did not end well, among a million."""

import many
from contestants import Bare, Fermata, Prefect
from measure import RATE, Measure, Way, at_least
from programs import load, rate_sample, seconds

CLIENTS = 16
BODY = ('{"flow_runs": {"state": {"type": {"any_": ["FAILED", "CRASHED"]}}}, '
        '"sort": "EXPECTED_START_TIME_DESC", "limit": 20}')


def filter_with(contestant):
    def measure(bare, quick):
        data = many.finished(contestant, 20_000 if quick else 1_000_000)
        with many.server_with(contestant, bare.directory, data) as server:
            return rate_sample(load(server, "/api/flow_runs/filter", method="POST", body=BODY,
                                    connections=CLIENTS, seconds=seconds(quick)))
    return measure


MEASURE = Measure(
    title="filter 1,000,000 runs: the last 20 that failed, 16 connections",
    unit=RATE,
    ways={"Prefect": Way(Bare, filter_with(Prefect)), "Fermata": Way(Bare, filter_with(Fermata))},
    goals=(at_least(50, "Prefect"),),
)
