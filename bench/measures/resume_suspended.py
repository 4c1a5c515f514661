"""Suspended runs resumed with an answer, one after the other, while few or very many wait."""

import suspended
from contestants import Bare
from measure import DURATION, Measure, Sample, Way, quantile, tail_at_most_that_of
from programs import load

RESUMED = 1000  # of them, in no order of their arrival


def resume_of(count):
    def measure(bare, quick):
        total = min(count, 20_000) if quick else count
        with suspended.server_with(bare.directory, total) as server:
            ids = bare.directory / "ids"
            ids.write_text("".join(f"{suspended.run_id(1 + n * 7919 % total)}\n"
                                   for n in range(RESUMED)))
            result = load(server, "/api/flow_runs/{id}/resume", method="POST", ids=ids,
                          body='{"run_input": {"value": "yes"}}', requests=RESUMED, warmup=0)
        return Sample(quantile(result["histogram"], 0.99), result["histogram"], result["errors"],
                      result["count"])
    return measure


MEASURE = Measure(
    title="1,000,000 suspended runs: resume one, p99",
    unit=DURATION,
    ways={"with 1,000": Way(Bare, resume_of(RESUMED)), "Fermata": Way(Bare, resume_of(1_000_000))},
    goals=(tail_at_most_that_of(2, "with 1,000"),),
)
