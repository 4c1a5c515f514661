"""Signs of life of the stock client's runs, and what becomes of a run that gives none any more."""

import sqlite3
from datetime import timedelta

import pytest

from harness.deployments import eventually
from harness.events import event, now, send
from harness.objects import make_run, set_state

HOUR = timedelta(hours=1)


def beat(api, run, ago, **more):
    send(api, event("prefect.flow-run.heartbeat", f"prefect.flow-run.{run['id']}",
                    occurred=now() - ago, **more))


def running(api):
    run = make_run(api)
    set_state(api, run["id"], "RUNNING")
    return run


def lease(server, run):
    with sqlite3.connect(f"file:{server.data}/fermata.db?mode=ro", uri=True) as database:
        row = database.execute("SELECT seconds FROM run_leases WHERE flow_run_id = ?",
                               [run["id"]]).fetchone()
    database.close()
    return row and row[0]


def shorten(server, run):
    """As if the lease had nearly run out; the server begins all anew when it starts."""
    server.stop()
    with sqlite3.connect(server.data / "fermata.db") as database:
        assert database.execute("UPDATE run_leases SET seconds = 1 WHERE flow_run_id = ?",
                                [run["id"]]).rowcount == 1
    database.close()
    server.start()


def state(api, run):
    return api.get(f"/flow_runs/{run['id']}").json()["state"]["type"]


def test_the_first_heartbeat_says_nothing_of_the_next(server, api):
    run = running(api)
    beat(api, run, HOUR)
    assert lease(server, run) is None


@pytest.mark.parametrize("seconds, held", [(30, 600), (180, 600), (300, 900), (100000, 86400)])
def test_a_run_is_held_for_three_intervals_and_ten_minutes(server, api, seconds, held):
    run = running(api)
    beat(api, run, timedelta(seconds=seconds))
    beat(api, run, timedelta())
    assert lease(server, run) == held


def test_the_longest_of_the_last_intervals_counts(server, api):
    """A process that takes over from another may send its first one at any time."""
    run = running(api)
    for ago in (700, 100, 99):
        beat(api, run, timedelta(seconds=ago))
    assert lease(server, run) == 1800


def test_the_time_that_a_run_was_suspended_does_not_count(server, api):
    run = running(api)
    for ago in (200000, 199970):
        beat(api, run, timedelta(seconds=ago))
    set_state(api, run["id"], "PAUSED", "Suspended")
    for type in ("SCHEDULED", "RUNNING"):
        set_state(api, run["id"], type, force=True)
    beat(api, run, timedelta(seconds=60))
    assert lease(server, run) is None
    beat(api, run, timedelta(seconds=30))
    assert lease(server, run) == 600


def test_a_run_that_is_silent_has_crashed(fresh_server):
    api = fresh_server.api
    silent, alive = running(api), running(api)
    for run in (silent, alive):
        beat(api, run, timedelta(seconds=60))
        beat(api, run, timedelta())
    shorten(fresh_server, silent)
    eventually(lambda: state(api, silent) == "CRASHED", 10)
    assert state(api, alive) == "RUNNING"


def test_a_heartbeat_renews(fresh_server):
    api = fresh_server.api
    run = running(api)
    beat(api, run, timedelta(seconds=60))
    beat(api, run, timedelta(seconds=30))
    shorten(fresh_server, run)
    beat(api, run, timedelta())
    assert lease(fresh_server, run) == 600
    with pytest.raises(AssertionError):
        eventually(lambda: state(api, run) == "CRASHED", 2.5)


@pytest.mark.parametrize("type", ["COMPLETED", "FAILED", "CANCELLED", "SCHEDULED"])
def test_a_run_that_nobody_runs_is_not_held(server, api, type):
    run = running(api)
    beat(api, run, timedelta(seconds=60))
    beat(api, run, timedelta(seconds=30))
    assert lease(server, run) == 600
    set_state(api, run["id"], type, force=True)
    assert lease(server, run) is None
    beat(api, run, timedelta())
    assert lease(server, run) is None


def test_who_holds_a_run_by_name_keeps_it(server, api):
    run = make_run(api)
    set_state(api, run["id"], "SCHEDULED")
    holder = {"Fermata-Lease": "45; holder=5c1e7a60-2f4b-4c8e-9d55-0a4f6f1f2b11"}
    for type in ("PENDING", "RUNNING"):
        api.post(f"/flow_runs/{run['id']}/set_state", headers=holder, json={"state": {"type": type}})
    beat(api, run, timedelta(seconds=60))
    beat(api, run, timedelta())
    assert lease(server, run) == 45


def test_heartbeats_of_nothing(server, api):
    for resource in ("prefect.flow-run.nonsense", "prefect.flow-run.", "x",
                     "prefect.flow-run.5c1e7a60-2f4b-4c8e-9d55-0a4f6f1f2b12"):
        for _ in range(2):
            send(api, event("prefect.flow-run.heartbeat", resource))
