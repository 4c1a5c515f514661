"""More rows than one would ask the API for: put straight into a server's database."""

import sqlite3
from contextlib import closing

NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
ID = "printf('%08x-0000-4000-8000-000000000000', i)"
ABOVE = ID.replace(", i)", ", i - 1)")
TASK_ID = ID.replace("4000", "4001")
SECOND = 1_000_000  # in times as the database has them


def insert(server, sql, *values):
    with closing(sqlite3.connect(server.data / "fermata.db", timeout=60)) as db, db:
        db.execute(sql, values)


def many_runs(server, run, count):
    """`count` more runs like this one, run-1, run-2, ..., each a second older than the one before."""
    with closing(sqlite3.connect(server.data / "fermata.db", timeout=60)) as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(flow_runs)")]
    own = {"id": ID, "name": "'run-' || i",
           "expected_start_time": f"expected_start_time - i * {SECOND}"}
    columns.remove("seq")
    insert(server, f"{NUMBERS} INSERT INTO flow_runs ({', '.join(columns)})"
                   f" SELECT {', '.join(own.get(name, name) for name in columns)}"
                   " FROM n JOIN flow_runs WHERE flow_runs.id = ?", count, run["id"])


def many_queues(server, pool, count):
    """`count` more queues of the pool, queue-1, queue-2, ..."""
    insert(server, f"{NUMBERS} INSERT INTO work_queues"
                   " (id, created, updated, work_pool_id, name, is_paused, priority)"
                   f" SELECT {ID}, 1, 1, ?, 'queue-' || i, 0, i + 10 FROM n", count, pool["id"])


def many_logs(server, run, count):
    """`count` lines in the run's log: "line 1" and so on; each thousandth is an error."""
    insert(server, f"{NUMBERS} INSERT INTO logs"
                   " (id, created, name, level, message, timestamp, flow_run_id)"
                   f" SELECT {ID}, i, 'prefect.flow_runs',"
                   "  CASE WHEN i % 1000 = 0 THEN 40 ELSE 20 END, 'line ' || i, i, ? FROM n",
           count, run["id"])


def nested_runs(server, run, task_run, count):
    """`count` runs inside one another, each below a task run of the one before, the first in `run`:
    rows like that of `run` and of `task_run`. The id of the last."""
    kinds = (("task_runs", task_run, {"id": TASK_ID, "dynamic_key": "i",
                                      "flow_run_id": f"CASE i WHEN 1 THEN :run ELSE {ABOVE} END"}),
             ("flow_runs", run, {"id": ID, "parent_task_run_id": TASK_ID}))
    with closing(sqlite3.connect(server.data / "fermata.db", timeout=60)) as db, db:
        for table, like, own in kinds:
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            columns.remove("seq")
            db.execute(f"{NUMBERS.replace('?', ':count')} INSERT INTO {table} ({', '.join(columns)})"
                       f" SELECT {', '.join(own.get(name, name) for name in columns)}"
                       f" FROM n JOIN {table} WHERE {table}.id = :like",
                       {"count": count, "run": run["id"], "like": like["id"]})
    return f"{count:08x}-0000-4000-8000-000000000000"
