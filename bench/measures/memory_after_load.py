"""Memory after load: inputs and runs created and read by 64 clients (runs by one on Prefect)."""

import time

import inputs
from contestants import Fermata, Prefect
from measure import MEMORY, Measure, Sample, Way, within
from measures import create_run, filter_inputs, read_run


def after_load(server, quick):
    inputs.create(server, quick, connections=64)
    create_run.create(server, quick, 1 if isinstance(server, Prefect) else create_run.CLIENTS)
    read_run.read(server, quick)
    filter_inputs.filter_inputs(server, quick)
    time.sleep(1)
    return Sample(server.memory())


MEASURE = Measure(
    title="memory, after the load of the rows above",
    unit=MEMORY,
    ways={"Prefect": Way(Prefect, after_load), "Fermata": Way(Fermata, after_load)},
    goals=(within(MEMORY, 32e6),),
    rounds=1,
)
