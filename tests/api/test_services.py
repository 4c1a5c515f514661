"""What the server does because time passes."""

import json
import sqlite3
import time
from contextlib import closing

import pytest

from harness.deployments import (deployment_run, eventually, make_deployment, poll, read,
                                 scheduled)
from harness.events import ask, event, now, send, task_run_event
from harness.objects import make_flow, make_run, set_state
from harness.pauses import pause

DAY = 86400


def edit(server, sql, *values):
    """Changes the database of a server that is stopped."""
    with sqlite3.connect(server.data / "fermata.db") as database:
        database.execute("PRAGMA foreign_keys = ON")
        assert database.execute(sql, values).rowcount > 0
    database.close()


def edit_running(server, sql):
    with closing(sqlite3.connect(server.data / "fermata.db", timeout=60)) as database, database:
        database.execute(sql)


def ago(seconds):
    return int((time.time() - seconds) * 1e6)


def count(server, table):
    with sqlite3.connect(f"file:{server.data / 'fermata.db'}?mode=ro", uri=True) as database:
        (number,) = database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
    database.close()
    return number


# ---- services that fail ----

def test_a_service_that_fails_does_not_hold_up_the_others(fresh_server):
    """Both have something to do at the same time; one of them never can."""
    api = fresh_server.api
    edit_running(fresh_server, "CREATE TRIGGER t BEFORE UPDATE ON flow_runs WHEN NEW.state_name = 'Late'"
                               " BEGIN SELECT RAISE(ABORT, 'no run is late'); END")
    late = deployment_run(api, make_deployment(api), state=scheduled(-60))
    eventually(lambda: "no run is late" in fresh_server.log(), 5)
    run = pause(api, None, seconds=0.2)
    eventually(lambda: state_name(api, run) == "Failed", 20)
    assert state_name(api, late) == "Scheduled"
    [line] = [line for line in fresh_server.log().splitlines() if "no run is late" in line][:1]
    assert 'service="late runs"' in line and "seconds=5" in line
    edit_running(fresh_server, "DROP TRIGGER t")
    eventually(lambda: state_name(api, late) == "Late", 30)


def test_a_schedule_that_is_too_large_does_not_hold_up_the_others(start_server):
    server = start_server("--body-limit", "64")
    api = server.api
    every = {"interval": 3600}
    large = {"value": "x" * 40_000_000}
    made = make_deployment(api, parameters=large, paused=True)
    schedule = {"schedule": every, "active": True, "parameters": {"other": large["value"]}}
    assert api.post(f"/deployments/{made['id']}/schedules", json=[schedule]).status_code == 201
    other = make_deployment(api, schedules=[{"schedule": every, "active": True}], paused=True)
    for deployment in (made, other):
        assert api.post(f"/deployments/{deployment['id']}/resume_deployment").status_code == 200
    runs = {"deployments": {"id": {"any_": [other["id"]]}}}
    eventually(lambda: api.post("/flow_runs/count", json=runs).json() > 2, 20)
    assert "a schedule makes no runs" in server.log()
    assert "a service failed" not in server.log()


# ---- late runs ----

def state_name(api, run):
    return api.get(f"/flow_runs/{run['id']}").json()["state_name"]


def test_a_run_that_nobody_takes_is_late(api):
    made = make_deployment(api)
    late = deployment_run(api, made, state=scheduled(-14))
    soon = deployment_run(api, made, state=scheduled(-2))
    ahead = deployment_run(api, made, state=scheduled(3600))
    taken = deployment_run(api, made, state=scheduled(-14))
    set_state(api, taken["id"], "PENDING")
    assert state_name(api, late) == "Scheduled"
    eventually(lambda: state_name(api, late) == "Late", 5)
    now = api.get(f"/flow_runs/{late['id']}").json()
    assert now["state_type"] == "SCHEDULED"
    assert now["next_scheduled_start_time"] == late["next_scheduled_start_time"]
    assert now["expected_start_time"] == late["expected_start_time"]
    assert now["state"]["state_details"]["scheduled_time"] == late["expected_start_time"]
    assert state_name(api, soon) == state_name(api, ahead) == "Scheduled"
    assert state_name(api, taken) == "Pending"
    # It can be taken still.
    assert late["id"] in [run["id"] for run in poll(api, made)]
    assert set_state(api, late["id"], "PENDING")["status"] == "ACCEPT"


def test_more_late_runs_than_one_step_takes(api):
    made = make_deployment(api)
    for _ in range(3):
        reply = api.post(f"/deployments/{made['id']}/create_flow_run/bulk",
                         json=[{"state": scheduled(-60)}] * 100)
        assert reply.status_code == 200
    filter = {"deployments": {"id": {"any_": [made["id"]]}},
              "flow_runs": {"state": {"name": {"any_": ["Late"]}}}}
    eventually(lambda: api.post("/flow_runs/count", json=filter).json() == 300, 20)


def test_runs_that_became_late_while_the_server_was_away(fresh_server):
    api = fresh_server.api
    run = deployment_run(api, make_deployment(api), state=scheduled(1))
    fresh_server.stop()
    edit(fresh_server, "UPDATE flow_runs SET next_scheduled_start_time = ?", ago(60))
    fresh_server.start()
    eventually(lambda: state_name(api, run) == "Late", 5)


# ---- deployments without runners ----

def test_a_deployment_for_which_nobody_polls_is_not_ready(fresh_server):
    api = fresh_server.api
    made, other = make_deployment(api), make_deployment(api)
    poll(api, made, other)
    eventually(lambda: read(api, made)["status"] == read(api, other)["status"] == "READY")
    fresh_server.stop()
    edit(fresh_server, "UPDATE deployments SET polled_until = ? WHERE id = ?", ago(1), made["id"])
    fresh_server.start()
    eventually(lambda: read(api, made)["status"] == "NOT_READY", 5)
    assert read(api, made)["last_polled"] and read(api, other)["status"] == "READY"
    poll(api, made)
    eventually(lambda: read(api, made)["status"] == "READY", 5)


def test_who_waits_is_there_as_long_as_it_waits(fresh_server):
    api = fresh_server.api
    made = make_deployment(api)
    deployment_run(api, made)
    assert poll(api, made, wait=300)
    eventually(lambda: read(api, made)["status"] == "READY", 5)
    fresh_server.stop()
    with sqlite3.connect(fresh_server.data / "fermata.db") as database:
        (until,) = database.execute("SELECT polled_until FROM deployments").fetchone()
    database.close()
    assert 330 < until / 1e6 - time.time() < 361
    fresh_server.start()


# ---- schedules ----

def test_schedules_go_on_after_a_restart(fresh_server):
    api = fresh_server.api
    made = make_deployment(api, schedules=[{"schedule": {"interval": 1}, "max_scheduled_runs": 2}])
    eventually(lambda: poll(api, made), 5)
    fresh_server.restart()
    known = {run["id"] for run in poll(api, made)}
    eventually(lambda: {run["id"] for run in poll(api, made)} - known, 10)


def test_a_schedule_that_cannot_be_used_keeps_no_other_from_making_runs(fresh_server):
    api = fresh_server.api
    broken = make_deployment(api, paused=True, schedules=[{"schedule": {"interval": 60}}])
    fresh_server.stop()
    edit(fresh_server, "UPDATE deployment_schedules SET due = 0, schedule = ?",
         '{"cron": "0 0 * * *", "timezone": "Mars/Olympus", "day_or": true}')
    fresh_server.start()
    made = make_deployment(api, schedules=[{"schedule": {"interval": 3600}}])
    eventually(lambda: len(poll(api, made)) == 3, 5)
    assert poll(api, broken) == []
    assert "a schedule makes no runs" in fresh_server.log()


# ---- retention ----

def finished_run(api, flow):
    run = make_run(api, flow)
    api.post(f"/flow_runs/{run['id']}/input", json={"key": "k", "value": "1"})
    api.post("/logs/", json=[{"name": "n", "level": 20, "message": "m", "flow_run_id": run["id"],
                              "timestamp": "2026-01-01T00:00:00Z"}])
    for key in ("k", "k", None):
        api.post("/artifacts/", json={"key": key, "flow_run_id": run["id"]})
    set_state(api, run["id"], "RUNNING")
    set_state(api, run["id"], "COMPLETED")
    return run


def test_finished_runs_are_deleted_in_time(start_server):
    server = start_server("--retention", "2")
    api = server.api
    flow = make_flow(api)
    old = [finished_run(api, flow) for _ in range(3)]
    kept, running = finished_run(api, flow), make_run(api, flow)
    set_state(api, running["id"], "RUNNING")
    server.stop()
    for run in old:
        edit(server, "UPDATE flow_runs SET end_time = ? WHERE id = ?", ago(3 * DAY), run["id"])
    edit(server, "UPDATE flow_runs SET end_time = ? WHERE id = ?", ago(DAY), kept["id"])
    edit(server, "UPDATE flow_runs SET start_time = ? WHERE id = ?", ago(9 * DAY), running["id"])
    # More than one step deletes.
    edit(server, """INSERT INTO logs (id, created, name, level, message, timestamp, flow_run_id)
                    WITH RECURSIVE n(i) AS
                        (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
                    SELECT 'x', 0, 'n', 20, 'm', i, ? FROM n""", old[0]["id"])
    server.start()
    filter = {"flows": {"id": {"any_": [flow["id"]]}}}
    eventually(lambda: api.post("/flow_runs/count", json=filter).json() == 2, 10)
    for run in (kept, running):
        assert api.get(f"/flow_runs/{run['id']}").status_code == 200
    server.stop()
    assert count(server, "logs") == 1 and count(server, "flow_run_inputs") == 1
    assert count(server, "artifacts") == 3, "the latest of the key is one of the run that is kept"
    states = count(server, "flow_run_states")
    assert states == 5, "PENDING, RUNNING, COMPLETED of one run and PENDING, RUNNING of the other"
    server.start()


def test_without_the_setting_nothing_is_deleted(fresh_server):
    api = fresh_server.api
    run = finished_run(api, make_flow(api))
    fresh_server.stop()
    edit(fresh_server, "UPDATE flow_runs SET end_time = ?", ago(9000 * DAY))
    fresh_server.start()
    made = make_deployment(api, schedules=[{"schedule": {"interval": 3600}}])
    eventually(lambda: poll(api, made))
    assert api.get(f"/flow_runs/{run['id']}").status_code == 200


def test_what_belongs_to_no_run_is_deleted_by_its_own_age(start_server):
    server = start_server("--retention", "2")
    api = server.api
    for name in ("old", "new"):
        assert api.post("/logs/", json=[{"name": name, "level": 20, "message": "m",
                                         "timestamp": "2026-01-01T00:00:00Z"}]).status_code == 201
        task = {"flow_run_id": None, "task_key": name, "dynamic_key": "0"}
        assert api.post("/task_runs/", json=task).status_code == 201
    server.stop()
    edit(server, "UPDATE logs SET created = ? WHERE name = 'old'", ago(3 * DAY))
    edit(server, "UPDATE task_runs SET updated = ? WHERE task_key = 'old'", ago(3 * DAY))
    server.start()
    eventually(lambda: (count(server, "logs"), count(server, "task_runs")) == (1, 1), 10)


def test_logs_that_come_after_their_run_was_deleted(fresh_server):
    """Its process does not know yet; a day later it has ended."""
    api = fresh_server.api
    run = make_run(api)
    assert api.delete(f"/flow_runs/{run['id']}").status_code == 204
    log = {"name": "late", "level": 20, "message": "m", "timestamp": "2026-01-01T00:00:00Z"}
    assert api.post("/logs/", json=[log | {"flow_run_id": run["id"]}]).status_code == 201
    fresh_server.stop()
    edit(fresh_server, "UPDATE deleted_flow_runs SET deleted = ?", ago(DAY + 1))
    fresh_server.start()
    eventually(lambda: count(fresh_server, "logs") == 0, 10)
    eventually(lambda: count(fresh_server, "deleted_flow_runs") == 0, 10)


EVER = {"since": "1970-01-01T00:00:00Z"}


def old_events(server, number, age):
    """Makes the server's events so old, and many: as often there again as `number` says."""
    server.stop()
    edit(server, "UPDATE events SET received = ?", ago(age))
    edit(server, """INSERT INTO events (id, occurred, received, event, resource_id, resource, related,
                                        payload)
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                    SELECT printf('%.28s%08x', id, i), 0, received, event, resource_id, resource, related, payload
                    FROM events, n""", number)
    edit(server, """INSERT INTO event_related (resource_id, occurred, event_seq)
                    SELECT DISTINCT json_extract(x.value, '$."prefect.resource.id"'), occurred, seq
                    FROM events, json_each(related) x WHERE occurred = 0""")
    server.start()


@pytest.mark.parametrize("options, days", [((), 7), (("--event-retention", "2"), 2)])
def test_events_are_deleted_in_time(start_server, options, days):
    server = start_server(*options)
    twice = [("owner", "person.1"), ("guest", "person.1"), ("tag", 'ta"g')]
    send(server.api, event("old", related=twice))
    old_events(server, 2500, days * DAY + 1)
    send(server.api, event("new", related=twice))
    eventually(lambda: count(server, "events") == 1, 10)
    assert count(server, "event_related") == 2
    assert [each["event"] for each in ask(server.api)["events"]] == ["new"]


def test_an_event_that_came_while_the_clock_was_ahead_keeps_no_others(start_server):
    server = start_server("--event-retention", "2")
    for name in ("ahead", "old"):
        send(server.api, event(name, related=[("owner", "person.1")]))
    server.stop()
    edit(server, "UPDATE events SET received = ?", ago(3 * DAY))
    edit(server, "UPDATE events SET received = ? WHERE event = 'ahead'", ago(-9000 * DAY))
    server.start()
    eventually(lambda: count(server, "events") == 1, 10)
    assert [each["event"] for each in ask(server.api)["events"]] == ["ahead"]


def test_labels_that_come_twice_leave_nothing_behind(start_server):
    server = start_server()
    sent = event("twice", related=[("owner", "person.1")])
    text = json.dumps([sent]).replace('"prefect.resource.id": "person.1"',
                                      '"prefect.resource.id": "a", "prefect.resource.id": "person.1"')
    assert server.api.post("/events", content=text,
                           headers={"Content-Type": "application/json"}).status_code == 204
    server.stop()
    edit(server, "UPDATE events SET received = ?", ago(8 * DAY))
    server.start()
    eventually(lambda: count(server, "events") == 0, 10)
    assert count(server, "event_related") == 0


def test_events_are_kept_as_long_as_is_said(start_server):
    server = start_server("--event-retention", "9")
    send(server.api, event("kept", related=[("owner", "person.1")]))
    old_events(server, 1, 8 * DAY)
    made = make_deployment(server.api, schedules=[{"schedule": {"interval": 3600}}])
    eventually(lambda: poll(server.api, made))
    assert ask(server.api, event={"name": ["kept"]}, occurred=EVER)["total"] == 2


def test_events_are_kept_for_ever(start_server):
    server = start_server("--event-retention", "0")
    send(server.api, event("kept", related=[("owner", "person.1")]))
    old_events(server, 1, 9000 * DAY)
    made = make_deployment(server.api, schedules=[{"schedule": {"interval": 3600}}])
    eventually(lambda: poll(server.api, made))
    assert ask(server.api, event={"name": ["kept"]}, occurred=EVER)["total"] == 2


def test_an_event_that_comes_again_after_it_was_deleted(fresh_server):
    """Of a task run that it once reported: nothing changes."""
    api = fresh_server.api
    run = make_run(api)
    reported = task_run_event("6b1a4f0e-3ed0-4c1c-8bbd-64a6d6a3a3f1", run["id"], "RUNNING",
                              occurred=now())
    send(api, reported)
    old_events(fresh_server, 1, 8 * DAY)
    eventually(lambda: count(fresh_server, "events") == 0)
    before = api.get("/task_runs/6b1a4f0e-3ed0-4c1c-8bbd-64a6d6a3a3f1").json()
    send(api, reported)
    after = api.get("/task_runs/6b1a4f0e-3ed0-4c1c-8bbd-64a6d6a3a3f1").json()
    assert after["updated"] == before["updated"] and after["state"] == before["state"]


def test_answers_kept_for_retries_expire(fresh_server):
    api = fresh_server.api
    for key in ("old", "new"):
        api.post("/flows/", json={"name": key}, headers={"Idempotency-Key": key})
    fresh_server.stop()
    edit(fresh_server, "UPDATE idempotency_keys SET created = ? WHERE key = 'old'", ago(25 * 3600))
    fresh_server.start()
    eventually(lambda: count(fresh_server, "idempotency_keys") == 1, 5)
    fresh_server.stop()
    with sqlite3.connect(fresh_server.data / "fermata.db") as database:
        assert database.execute("SELECT key FROM idempotency_keys").fetchall() == [("new",)]
    database.close()
    fresh_server.start()
