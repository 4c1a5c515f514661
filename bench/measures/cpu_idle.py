"""CPU that a server uses while nobody asks it anything."""

import time

from contestants import Fermata, Prefect
from measure import SHARE, Measure, Sample, Way, within


def idle(server, quick):
    length = 10 if quick else 30
    before = server.cpu()
    time.sleep(length)
    return Sample((server.cpu() - before) / length)


MEASURE = Measure(
    title="CPU while idle, of a core",
    unit=SHARE,
    ways={"Prefect": Way(Prefect, idle), "Fermata": Way(Fermata, idle)},
    goals=(within(SHARE, 0),),
    rounds=1,
)
