"""From the start of the server's process in an empty directory to its first good answer."""

from contestants import Fermata, Prefect
from measure import DURATION, Measure, Sample, Way, within


def started(server, quick):
    return Sample(server.started_in)


MEASURE = Measure(
    title="server start → healthy, fresh",
    unit=DURATION,
    ways={"Prefect": Way(Prefect, started), "Fermata": Way(Fermata, started)},
    goals=(within(DURATION, 0.05),),
)
