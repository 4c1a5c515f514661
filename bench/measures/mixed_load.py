"""Ten minutes of everything at once: whether memory, latencies and the database's log stay flat."""

import time
from concurrent.futures import ThreadPoolExecutor

import inputs
from api import make_flow, make_run
from contestants import Fermata
from measure import DURATION, Goal, Measure, OURS, Sample, Way, quantile
from programs import load

STEPS = 20


def kinds_of_load(server):
    """Arguments of load(), for each kind; together some 6,000 requests a second."""
    flow, run = make_flow(server)["id"], make_run(server)["id"]
    ids = server.directory / "ids"
    ids.write_text(run + "\n")
    log = (f'[{{"name": "flow", "level": 20, "message": "line {{n}}", '
           f'"timestamp": "2026-01-01T00:00:00Z", "flow_run_id": "{run}"}}]')
    posts = {
        f"/api/flow_runs/{run}/input": (inputs.BODY, 16),
        "/api/flow_runs/": (f'{{"flow_id": "{flow}", "state": {{"type": "PENDING"}}}}', 4),
        "/api/logs/": (log, 8),
        f"/api/flow_runs/{run}/input/filter": ('{"prefix": "key", "limit": 1}', 16),
        "/api/flow_runs/filter": ('{"limit": 20, "sort": "EXPECTED_START_TIME_DESC"}', 4),
    }
    return [{"path": f"/api/flow_runs/{run}", "connections": 32}] + [
        {"path": path, "method": "POST", "body": body, "connections": clients}
        for path, (body, clients) in posts.items()]


def merged(results):
    counts = {}
    for result in results:
        for seconds, count in result["histogram"]:
            counts[seconds] = counts.get(seconds, 0) + count
    return sorted(counts.items())


def step(pool, server, kinds, number, seconds):
    """A part of the time: what came of it."""
    results = list(pool.map(lambda kind: load(server, seconds=seconds, pause=10, warmup=0,
                                              first=number * 10_000_000 + 1, **kind), kinds))
    latencies = merged(results)
    return latencies, {
        "p99": quantile(latencies, 0.99), "memory": server.memory(),
        "wal": server.database.with_name("fermata.db-wal").stat().st_size,
        "errors": sum(result["errors"] for result in results),
        "requests": sum(result["count"] for result in results)}


def mixed(server, quick):
    kinds = kinds_of_load(server)
    seconds = 2 if quick else 30
    with ThreadPoolExecutor(len(kinds)) as pool:
        steps = [step(pool, server, kinds, number, seconds) for number in range(STEPS)]
    latencies = merged([{"histogram": found} for found, _ in steps])
    seen = [notes for _, notes in steps]
    return Sample(quantile(latencies, 0.99), latencies, sum(each["errors"] for each in seen),
                  sum(each["requests"] for each in seen), {"steps": seen})


def mean(steps, name):
    return sum(each[name] for each in steps) / len(steps)


def grows_at_most(times, name, what):
    """From the second quarter of the time to the last."""
    def reached(best):
        steps = best[OURS].notes["steps"]
        quarter = len(steps) // 4
        return mean(steps[-quarter:], name) <= times * mean(steps[quarter:2 * quarter], name)

    return Goal(f"{what} grows ≤ {times - 1:.0%}", reached)


MEASURE = Measure(
    title="10 minutes of mixed load, p99",
    unit=DURATION,
    ways={"Fermata": Way(Fermata, mixed)},
    goals=(grows_at_most(1.1, "memory", "memory"), grows_at_most(1.5, "p99", "p99"),
           Goal("log of the database ≤ 64 MB", lambda best: max(
               each["wal"] for each in best[OURS].notes["steps"]) <= 64 << 20)),
    rounds=1,
)
