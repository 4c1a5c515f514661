"""From the start of the server's process to its first good answer, with a million runs there."""

import many
from contestants import Bare, Fermata, Prefect
from measure import DURATION, Measure, Sample, Way, within


def start_with(contestant):
    def measure(bare, quick):
        data = many.finished(contestant, 20_000 if quick else 1_000_000)
        with many.server_with(contestant, bare.directory, data) as server:
            return Sample(server.started_in)
    return measure


MEASURE = Measure(
    title="server start → healthy, with 1,000,000 runs",
    unit=DURATION,
    ways={"Prefect": Way(Bare, start_with(Prefect)), "Fermata": Way(Bare, start_with(Fermata))},
    goals=(within(DURATION, 0.05),),
)
