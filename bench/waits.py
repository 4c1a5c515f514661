"""How long a wait lasts after what ends it: of flows on each server, timed by themselves (flows.c,
prefect/flows.py, restate/service.mjs)."""

import collections
import http.client
import json
import subprocess
import time

from contestants import BUILD, ROOT, Bare, clean_environment
from inputs import sqlite_alone
from measure import DURATION, OURS, Goal, Sample, Way, quantile

IN_C = [BUILD / "bench/flows"]
IN_PYTHON = [ROOT / ".venv-prefect/bin/python", ROOT / "bench/prefect/flows.py"]


def sample_of(times):
    """Of microseconds: their median, and all of them."""
    latencies = [[time / 1e6, count] for time, count in sorted(collections.Counter(times).items())]
    return Sample(quantile(latencies, 0.5), latencies, requests=len(times))


def one_commit(bare, quick):
    """One transaction after another, of one row, by SQLite alone."""
    result = sqlite_alone(bare, quick, rows=1)
    return Sample(quantile(result["histogram"], 0.5), result["histogram"])


COMMIT = {"durable commit": Way(Bare, one_commit)}


def within_commits_and(seconds, commits):
    """The median is so long, beside the time of so many durable commits, or less."""
    what = "a durable commit" if commits == 1 else f"{commits} durable commits"
    return Goal(f"≤ {DURATION.write(seconds)} + {what}", lambda best: best[OURS].value
                <= seconds + commits * best["durable commit"].value)


# ---- Fermata and Prefect ----------------------------------------------------------------------


def start(server, program, what, **options):
    """A program with flows, in a process of its own."""
    arguments = [f"{name}={value}" for name, value in {"what": what, **options}.items()]
    environment = clean_environment(PREFECT_API_URL=f"{server.url}/api", PREFECT_LOGGING_LEVEL="ERROR",
                                    PREFECT_HOME=str(server.directory / "flows"))
    return subprocess.Popen([*program, *arguments], cwd=server.directory, env=environment, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)


def finish(process):
    """What it still had to print, as a list of lines, once it has ended well."""
    output, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{process.args} ended with status {process.returncode}")
    return output.split("\n")


def times_in(lines):
    return [int(line) for line in lines if line.isdigit()]


def run_pair(server, program, waits, ends, count, pause):
    """One flow that waits `count` times, and another that ends each wait, `pause` ms after it began."""
    waiting = start(server, program, waits, count=count)
    run_id = waiting.stdout.readline().strip()
    finish(start(server, program, ends, count=count, pause=pause, run=run_id))
    times = times_in(finish(waiting))
    if len(times) != count:
        raise RuntimeError(f"{len(times)} of {count} came")
    return sample_of(times)


def serve_and(server, program, what, **options):
    """Serves the program's deployments while another process of it does something with them; the
    times that each of the two prints."""
    runner = start(server, program, "serve")
    try:
        while not server.api("POST", "/deployments/count",
                             {"deployments": {"name": {"any_": ["bench"]}}}):
            time.sleep(0.1)
        time.sleep(1)  # until it waits for runs
        lines = finish(start(server, program, what, **options))
    finally:
        runner.terminate()
    return times_in(runner.communicate()[0].split("\n")), times_in(lines)


# ---- Restate ----------------------------------------------------------------------------------


class Caller:
    """One connection, over which one request after another goes."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.connection.connect()

    def post(self, path, body):
        self.connection.request("POST", path, json.dumps(body),
                                {"Content-Type": "application/json"})
        reply = self.connection.getresponse()
        text = reply.read()
        if reply.status not in (200, 202):
            raise RuntimeError(f"POST {path}: {reply.status} {text!r}")


def stamp():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def on_restate(server, count, pause, begin, end):
    """`begin`: the path that starts the handler that waits, or None; `end`: called with the handler's
    output and a number, returns the path and body without a stamp that end a wait."""
    caller = Caller(server)
    output = server.service.stdout
    times = []
    if begin:
        caller.post(f"{begin}/send", {"count": count})
    for number in range(count):
        path, make_body = end(output, number)
        time.sleep(pause / 1000)
        caller.post(path, make_body(stamp()))
        times.append(int(output.readline()))
    return sample_of(times)


def awakeable(output, number):
    return f"/restate/awakeables/{output.readline().strip()}/resolve", lambda stamp: stamp


def durable_promise(output, number):
    return "/pauser/one/answer", lambda stamp: {"number": number, "stamp": stamp}


def invocation(output, number):
    return "/flow/start/send", lambda stamp: {"stamp": stamp}
