"""Memory of a server that nobody has asked anything yet but whether it is well."""

import time

from contestants import Fermata, Prefect
from measure import MEMORY, Measure, Sample, Way, within


def idle(server, quick):
    time.sleep(1 if quick else 5)
    return Sample(server.memory())


MEASURE = Measure(
    title="memory, idle",
    unit=MEMORY,
    ways={"Prefect": Way(Prefect, idle), "Fermata": Way(Fermata, idle)},
    goals=(within(MEMORY, 16e6),),
    rounds=1,
)
