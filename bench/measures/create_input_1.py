"""Inputs created durably, one after the other."""

from contestants import Bare, Fermata, HttpAlone, Prefect
from inputs import create, echo, sqlite_alone
from measure import DURATION, Measure, Sample, Way, at_most, quantile
from programs import run, seconds


def median_sample(result):
    return Sample(quantile(result["histogram"], 0.5), result["histogram"], result["errors"],
                  result["count"])


MEASURE = Measure(
    title="input created durably, 1 connection",
    unit=DURATION,
    ways={
        "Prefect": Way(Prefect, lambda server, quick: median_sample(create(server, quick, 1))),
        "Fermata": Way(Fermata, lambda server, quick: median_sample(create(server, quick, 1))),
        "durable commit": Way(Bare, lambda bare, quick: median_sample(sqlite_alone(bare, quick, 1))),
        "HTTP reply": Way(HttpAlone, lambda server, quick: median_sample(echo(server, quick, 1))),
        "fdatasync": Way(Bare, lambda bare, quick: median_sample(
            run("limit_disk", file=bare.directory / "block", seconds=seconds(quick)))),
    },
    goals=(at_most(1.5, "durable commit", "HTTP reply"),),
)
