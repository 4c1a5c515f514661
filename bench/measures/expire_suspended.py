"""What other clients notice in the second in which a thousand suspended runs expire at once."""

import time

import suspended
from api import make_run
from contestants import Bare
from inputs import BODY
from measure import DURATION, Measure, Sample, Way, quantile, tail_at_most_that_of
from programs import load

EXPIRING = 1000
AHEAD = 0.2  # seconds of load before they expire


def let_expire(database):
    """A thousand, some seconds from now; when."""
    deadline = time.time() + 5
    database.execute("UPDATE input_requests SET deadline = ? WHERE seq IN "
                     "(SELECT seq FROM input_requests WHERE flow_run_id > '01900000' "
                     "ORDER BY seq LIMIT ?)", (int(deadline * 1e6), EXPIRING))
    return deadline


def failed_runs(server):
    return server.api("POST", "/flow_runs/count", {"flow_runs": {"state": {"type": {
        "any_": ["FAILED"]}}}})


def others_while(expire):
    def measure(bare, quick):
        deadlines = []
        change = (lambda database: deadlines.append(let_expire(database))) if expire else None
        total = 20_000 if quick else 1_000_000
        with suspended.server_with(bare.directory, total, change) as server:
            path = f"/api/flow_runs/{make_run(server)['id']}/input"
            if expire:
                time.sleep(max(0, deadlines[0] - AHEAD - time.time()))
            result = load(server, path, method="POST", body=BODY, connections=4, seconds=1, warmup=0)
            time.sleep(1)
            expected = EXPIRING if expire else 0
            if failed_runs(server) != expected:
                raise RuntimeError(f"{failed_runs(server)} runs expired, not {expected}")
        return Sample(quantile(result["histogram"], 0.99), result["histogram"], result["errors"],
                      result["count"])
    return measure


MEASURE = Measure(
    title="1,000,000 suspended runs: 1,000 expire at once, p99 of others' writes in that second",
    unit=DURATION,
    ways={"nothing expires": Way(Bare, others_while(False)), "Fermata": Way(Bare, others_while(True))},
    goals=(tail_at_most_that_of(2, "nothing expires"),),
)
