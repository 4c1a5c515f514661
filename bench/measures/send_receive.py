"""From just before a send to the moment that a flow which waits for it in another process has it."""

from contestants import Fermata, Prefect, Restate
from measure import DURATION, Measure, Way, tail_at_most
from waits import COMMIT, IN_C, IN_PYTHON, awakeable, on_restate, run_pair, within_commits_and

SENDS = 1000


def in_c(server, quick):
    return run_pair(server, IN_C, "receive", "send", count=100 if quick else SENDS, pause=5)


def in_python(server, quick):
    return run_pair(server, IN_PYTHON, "receive", "send", count=10 if quick else 100, pause=300)


def restate(server, quick):
    return on_restate(server, 100 if quick else SENDS, 5, "/receiver/receive", awakeable)


MEASURE = Measure(
    title="send → a waiting receiver has it",
    unit=DURATION,
    ways={"Prefect": Way(Prefect, in_python, rounds=1), "Restate": Way(Restate, restate),
          "Fermata": Way(Fermata, in_c), **COMMIT},
    goals=(within_commits_and(1e-3, 1), tail_at_most(5)),
)
