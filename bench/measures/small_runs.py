"""Small runs from create to COMPLETED, with a line of log each: one after another in each of two
processes, and by a served deployment, which starts a process for each."""

import time

from contestants import Fermata
from measure import RATE, Measure, Sample, Way, over
from waits import IN_C, finish, serve_and, start

PROCESSES = 2


def in_processes(server, quick):
    count = 50 if quick else 1000
    begun = time.monotonic()
    for process in [start(server, IN_C, "small", count=count) for _ in range(PROCESSES)]:
        finish(process)
    return Sample(PROCESSES * count / (time.monotonic() - begun), requests=PROCESSES * count)


def served(server, quick):
    count = 50 if quick else 500
    _, (microseconds,) = serve_and(server, IN_C, "start-all", count=count)
    return Sample(count / microseconds * 1e6, requests=count)


MEASURE = Measure(
    title="small flow runs, created to completed",
    unit=RATE,
    ways={"Fermata": Way(Fermata, served), "without new processes": Way(Fermata, in_processes)},
    goals=(over(RATE, 100),),
)
