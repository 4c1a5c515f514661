"""Databases with a great many runs: one run that a server made, and copies of its rows, made with
SQL. Each is made once, in build/bench/data, and copied to where it is used."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Callable

from api import make_flow, make_run, set_state
from contestants import BUILD, ROOT, Fermata, Prefect

DATA = BUILD / "bench/data"


def new_id(kind):
    """An id of the n-th copy, in SQL; those of different kinds differ."""
    return f"printf('01900000-{kind:04x}-7000-8000-%012x', n)"


def multiply(database, table, where, count, changes):
    """Copies the row of `table` that is `where` so many times. `changes`: for columns that differ
    what they hold, in SQL, in which n goes from 1 to `count`."""
    columns = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")
               if name != "seq"]
    values = [changes.get(name, name) for name in columns]
    database.execute(
        f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
        f"WHERE n < {count}) INSERT INTO {table} ({', '.join(columns)}) "
        f"SELECT {', '.join(values)} FROM numbers, (SELECT * FROM {table} WHERE {where})")


@dataclass(frozen=True)
class Dialect:
    """How a contestant keeps flow runs: its tables, and in SQL a time so many seconds before another."""

    runs: str
    states: str
    earlier: Callable


DIALECTS = {
    Fermata: Dialect("flow_runs", "flow_run_states",
                     lambda time, seconds: f"{time} - ({seconds}) * 1000000"),
    Prefect: Dialect("flow_run", "flow_run_state", lambda time, seconds:
                     f"strftime('%Y-%m-%d %H:%M:%f000', {time}, -({seconds}) || ' seconds')"),
}
TIMES = ("created", "expected_start_time", "start_time", "end_time")


def finished_runs(server):
    """One that completed and one that failed, of one flow."""
    flow = make_flow(server)
    found = {}
    for state in ("COMPLETED", "FAILED"):
        found[state] = make_run(server, flow)["id"]
        for step in ("PENDING", "RUNNING", state):
            set_state(server, found[state], step)
    return found


def multiply_finished(database, dialect, prototypes, count):
    """`count` runs, a second apart, with their last states; of a hundred one has failed."""
    for kind, state, copies, distance in ((0, "COMPLETED", count - count // 100, "n"),
                                          (16, "FAILED", count // 100, "n * 100")):
        ids = {"id": new_id(kind), "state_id": new_id(kind + 1)}
        times = {time: dialect.earlier(time, distance) for time in TIMES}
        multiply(database, dialect.runs, f"id = '{prototypes[state]}'", copies, ids | times)
        multiply(database, dialect.states,
                 f"flow_run_id = '{prototypes[state]}' AND type = '{state}'", copies,
                 {"id": ids["state_id"], "flow_run_id": ids["id"]})


def schema_mark():
    """Differs for servers whose tables differ."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "server/store/migrations").iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def ready_made(name, contestant, prepare, change):
    """A directory of the contestant's with data in it: prepare(server) makes what change(database,
    what prepare returned) then multiplies."""
    directory = DATA / f"{name}-{schema_mark()}"
    if not directory.exists():
        print(f"  making {directory}", file=sys.stderr, flush=True)
        unfinished = DATA / f"{name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        server = contestant(unfinished)
        server.start()
        try:
            prototype = prepare(server)
        finally:
            server.stop()
        database = sqlite3.connect(server.database, isolation_level=None)
        database.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;")
        database.execute("BEGIN")
        change(database, prototype)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        unfinished.rename(directory)
    return directory


@contextmanager
def server_with(contestant, directory, data, change=None):
    """The contestant on a copy of ready-made data, changed once more, running."""
    subprocess.run(["cp", "-r", "--reflink=auto", f"{data}/.", directory], check=True)
    os.sync()
    server = contestant(directory)
    if change:
        database = sqlite3.connect(server.database, isolation_level=None)
        change(database)
        database.close()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def finished(contestant, count):
    """Data with so many finished runs."""
    return ready_made(f"{contestant.__name__.lower()}-finished-{count}", contestant, finished_runs,
                      lambda database, prototypes: multiply_finished(
                          database, DIALECTS[contestant], prototypes, count))
