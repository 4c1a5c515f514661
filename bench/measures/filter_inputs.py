"""What a receiver asks: the oldest input of a run that it has not seen, among a hundred."""

from api import make_run
from contestants import Fermata, Prefect
from measure import RATE, Measure, Way, at_least
from programs import load, rate_sample, seconds

CLIENTS = 64


def filter_inputs(server, quick):
    path = f"/flow_runs/{make_run(server)['id']}/input"
    for number in range(100):
        server.api("POST", path, {"key": f"key-{number:03}", "value": '{"value": "hello"}'})
    return rate_sample(load(
        server, f"/api{path}/filter", method="POST", connections=CLIENTS, seconds=seconds(quick),
        body='{"prefix": "key", "limit": 1, "exclude_keys": ["key-000", "key-001"]}'))


MEASURE = Measure(
    title="filter the inputs of a run, 64 connections",
    unit=RATE,
    ways={"Prefect": Way(Prefect, filter_inputs), "Fermata": Way(Fermata, filter_inputs)},
    goals=(at_least(50, "Prefect"),),
)
