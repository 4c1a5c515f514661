"""Workers: signs of life, and what they say of their pools, queues and deployments."""

import sqlite3
import time
from contextlib import closing

import pytest

from harness.deployments import eventually, read
from harness.events import ask
from harness.work_pools import (change_pool, heartbeat, make_pool, poll_pool, pooled, queues_of,
                                read_pool, workers_of)

SECOND = 1_000_000


def edit(server, sql, *values):
    """Changes the database as time would, while the server is stopped."""
    server.stop()
    with closing(sqlite3.connect(server.data / "fermata.db")) as database, database:
        assert database.execute(sql, values).rowcount > 0
    server.start()


def ago(seconds):
    return int((time.time() - seconds) * SECOND)


def times_of(server, sql):
    path = f"file:{server.data / 'fermata.db'}?mode=ro"
    with closing(sqlite3.connect(path, uri=True)) as database:
        return database.execute(sql).fetchone()


def test_a_worker_that_says_so_is_there(api):
    pool = make_pool(api)
    heartbeat(api, pool, "w1", heartbeat_interval_seconds=7)
    worker, = workers_of(api, pool)
    assert (worker["name"], worker["status"]) == ("w1", "ONLINE")
    assert (worker["work_pool_id"], worker["heartbeat_interval_seconds"]) == (pool["id"], 7)
    assert read_pool(api, pool)["status"] == "READY"
    heartbeat(api, pool, "w2")
    heartbeat(api, pool, "w1")
    again = workers_of(api, pool)
    assert [w["name"] for w in again] == ["w1", "w2"]
    assert again[0]["id"] == worker["id"] and again[0]["heartbeat_interval_seconds"] == 7
    assert again[0]["last_heartbeat_time"] > worker["last_heartbeat_time"]
    assert again[1]["heartbeat_interval_seconds"] is None


def test_workers_are_the_pools_own(api):
    pool, other = make_pool(api), make_pool(api)
    heartbeat(api, pool, "same")
    heartbeat(api, other, "same")
    assert workers_of(api, pool)[0]["id"] != workers_of(api, other)[0]["id"]
    assert api.delete(f"/work_pools/{pool['name']}/workers/same").status_code == 204
    assert workers_of(api, pool) == [] and len(workers_of(api, other)) == 1
    reply = api.delete(f"/work_pools/{pool['name']}/workers/same")
    assert (reply.status_code, reply.json()) == (404, {"detail": "Worker not found."})
    assert read_pool(api, pool)["status"] == "NOT_READY"


@pytest.mark.parametrize("body, path", [
    ({}, "name"),
    ({"name": 1}, "name"),
    ({"name": "w" * 256}, "name"),
    ({"name": "w", "heartbeat_interval_seconds": 0}, "heartbeat_interval_seconds"),
    ({"name": "w", "heartbeat_interval_seconds": 2 ** 40}, "heartbeat_interval_seconds"),
])
def test_what_is_wrong_with_a_sign_of_life_is_told(api, body, path):
    pool = make_pool(api)
    reply = api.post(f"/work_pools/{pool['name']}/workers/heartbeat", json=body)
    assert reply.status_code == 422
    assert [error["path"] for error in reply.json()["errors"]] == [path]
    assert workers_of(api, pool) == []


def test_a_worker_that_is_silent_is_gone(fresh_server):
    api = fresh_server.api
    pool = make_pool(api)
    heartbeat(api, pool, "w", heartbeat_interval_seconds=10)
    (last, until) = times_of(fresh_server, "SELECT last_heartbeat_time, online_until FROM workers")
    assert until - last == 30 * SECOND
    edit(fresh_server, "UPDATE workers SET online_until = ? WHERE name = 'w'", ago(1))
    eventually(lambda: workers_of(api, pool)[0]["status"] == "OFFLINE", 5)
    assert read_pool(api, pool)["status"] == "NOT_READY"
    assert workers_of(api, pool, status={"any_": ["ONLINE"]}) == []
    assert len(workers_of(api, pool, status={"not_any_": ["ONLINE"]})) == 1
    heartbeat(api, pool, "w")
    assert workers_of(api, pool)[0]["status"] == "ONLINE"
    assert read_pool(api, pool)["status"] == "READY"


def test_silence_is_seen_without_another_request(fresh_server):
    api = fresh_server.api
    pool = make_pool(api)
    heartbeat(api, pool, "w", heartbeat_interval_seconds=1)
    time.sleep(2)
    assert workers_of(api, pool)[0]["status"] == "ONLINE"
    time.sleep(2)
    assert times_of(fresh_server, "SELECT status FROM workers") == ("OFFLINE",)


def test_a_worker_that_comes_oftener_is_missed_sooner(api):
    pool = make_pool(api)
    heartbeat(api, pool, "w", heartbeat_interval_seconds=86400)
    heartbeat(api, pool, "w", heartbeat_interval_seconds=1)
    eventually(lambda: workers_of(api, pool)[0]["status"] == "OFFLINE")


def test_workers_that_are_long_gone_are_forgotten(fresh_server):
    api = fresh_server.api
    pool = make_pool(api)
    for name in ("gone", "silent", "there"):
        heartbeat(api, pool, name)
    day = 86400
    edit(fresh_server, "UPDATE workers SET status = 'OFFLINE', last_heartbeat_time = CASE name"
                       " WHEN 'gone' THEN ? ELSE ? END WHERE name <> 'there'", ago(7 * day), ago(6 * day))
    eventually(lambda: [w["name"] for w in workers_of(api, pool)] == ["there", "silent"])


def test_a_paused_pool_is_paused_whoever_is_there(api):
    pool = make_pool(api, is_paused=True)
    heartbeat(api, pool, "w")
    assert read_pool(api, pool)["status"] == "PAUSED"
    change_pool(api, pool, is_paused=False)
    assert read_pool(api, pool)["status"] == "READY"


def test_a_queue_is_ready_as_long_as_somebody_polls(fresh_server):
    api = fresh_server.api
    pool = make_pool(api)
    deployment = pooled(api, pool)
    assert read(api, deployment)["status"] == "NOT_READY"
    poll_pool(api, pool)
    queue = eventually(lambda: [q for q in queues_of(api, pool) if q["status"] == "READY"])[0]
    assert queue["last_polled"] and read(api, deployment)["last_polled"] == queue["last_polled"]
    assert read(api, deployment)["status"] == "READY"
    health = api.get(f"/work_queues/{queue['id']}/status").json()
    assert health["healthy"] is True and health["late_runs_count"] == 0
    edit(fresh_server, "UPDATE work_queues SET polled_until = ?, last_polled = ?", ago(1), ago(61))
    eventually(lambda: queues_of(api, pool)[0]["status"] == "NOT_READY", 5)
    assert read(api, deployment)["status"] == "NOT_READY"
    assert api.get(f"/work_queues/{queue['id']}/status").json()["healthy"] is False


def test_polls_one_after_another_write_once(fresh_server):
    api = fresh_server.api
    pool = make_pool(api)
    poll_pool(api, pool)
    eventually(lambda: queues_of(api, pool)[0]["status"] == "READY")
    first = queues_of(api, pool)[0]["last_polled"]
    for _ in range(5):
        poll_pool(api, pool)
    time.sleep(0.3)
    assert queues_of(api, pool)[0]["last_polled"] == first


def test_one_who_waits_is_there_as_long_as_it_waits(fresh_server):
    api = fresh_server.api
    pool = make_pool(api)
    begun = time.time()
    assert poll_pool(api, pool, wait=2) == []
    (until,) = times_of(fresh_server, "SELECT polled_until FROM work_queues")
    assert until / SECOND >= begun + 2 + 60 - 1


# ---- events ----

def events_of(api, kind, thing):
    """What has happened to the pool, queue or deployment, in its order."""
    page = ask(api, resource={"id": [f"prefect.{kind}.{thing['id']}"]}, order="ASC")
    return [event["event"].removeprefix(f"prefect.{kind}.") for event in page["events"]]


def test_what_becomes_of_a_pool_is_told(fresh_server):
    api = fresh_server.api
    pool = make_pool(api)
    heartbeat(api, pool, "w1")
    heartbeat(api, pool, "w2")
    change_pool(api, pool, description="The status is the same.")
    change_pool(api, pool, is_paused=True)
    change_pool(api, pool, is_paused=False)
    edit(fresh_server, "UPDATE workers SET online_until = ?", ago(1))
    eventually(lambda: read_pool(api, pool)["status"] == "NOT_READY", 5)
    heartbeat(api, pool, "w1")
    api.delete(f"/work_pools/{pool['name']}/workers/w1")
    api.delete(f"/work_pools/{pool['name']}")
    assert events_of(api, "work-pool", pool) == [
        "created", "not-ready", "ready", "paused", "ready", "not-ready", "ready", "not-ready",
        "deleted"]


def test_what_becomes_of_a_queue_is_told(fresh_server):
    api = fresh_server.api
    pool = make_pool(api)
    deployment = pooled(api, pool)
    queue, = queues_of(api, pool)
    path = f"/work_pools/{pool['name']}/queues/default"
    poll_pool(api, pool)
    eventually(lambda: queues_of(api, pool)[0]["status"] == "READY")
    api.patch(path, json={"is_paused": True})
    api.patch(path, json={"is_paused": False})
    edit(fresh_server, "UPDATE work_queues SET polled_until = ?", ago(1))
    eventually(lambda: queues_of(api, pool)[0]["status"] == "NOT_READY", 5)
    api.delete(f"/work_pools/{pool['name']}")
    assert events_of(api, "work-queue", queue) == [
        "created", "ready", "paused", "ready", "not-ready", "deleted"]
    told = events_of(api, "deployment", deployment)
    assert [what for what in told if "ready" in what] == ["ready", "not-ready"]
