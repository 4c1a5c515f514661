"""From just before a run of a served deployment is asked for to the first line of its function: in a
process of its own, but for Restate, which calls a handler in a process that runs."""

from contestants import Fermata, Prefect, Restate
from measure import DURATION, Measure, Way
from waits import (COMMIT, IN_C, IN_PYTHON, invocation, on_restate, sample_of, serve_and,
                   within_commits_and)

RUNS = 200
COMMITS = 3  # the run, that it is taken, that it runs


def in_c(server, quick):
    times, _ = serve_and(server, IN_C, "start", count=20 if quick else RUNS, pause=20)
    return sample_of(times)


def in_python(server, quick):
    times, _ = serve_and(server, IN_PYTHON, "start", count=1 if quick else 5, pause=10_000)
    return sample_of(times)


def restate(server, quick):
    return on_restate(server, 20 if quick else RUNS, 20, None, invocation)


MEASURE = Measure(
    title="run a deployment → first line of the flow",
    unit=DURATION,
    ways={"Prefect": Way(Prefect, in_python, rounds=1), "Restate": Way(Restate, restate),
          "Fermata": Way(Fermata, in_c), **COMMIT},
    goals=(within_commits_and(5e-3, COMMITS),),
)
