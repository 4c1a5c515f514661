"""From just before an answer to the moment that the flow which paused for it goes on."""

from contestants import Fermata, Prefect, Restate
from measure import DURATION, Measure, Way, tail_at_most
from waits import COMMIT, IN_C, IN_PYTHON, durable_promise, on_restate, run_pair, within_commits_and

ANSWERS = 300


def in_c(server, quick):
    return run_pair(server, IN_C, "pause", "answer", count=30 if quick else ANSWERS, pause=10)


def in_python(server, quick):
    return run_pair(server, IN_PYTHON, "pause", "answer", count=1 if quick else 10, pause=10_000)


def restate(server, quick):
    return on_restate(server, 30 if quick else ANSWERS, 10, "/pauser/one/run", durable_promise)


MEASURE = Measure(
    title="answer → the paused flow goes on",
    unit=DURATION,
    ways={"Prefect": Way(Prefect, in_python, rounds=1), "Restate": Way(Restate, restate),
          "Fermata": Way(Fermata, in_c), **COMMIT},
    goals=(within_commits_and(1e-3, 1), tail_at_most(5)),
)
