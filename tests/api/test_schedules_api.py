"""Schedules of deployments: their routes, and the runs that are made ahead."""

from datetime import datetime, timedelta, timezone

import pytest

from harness.deployments import (deployment_run, eventually, make_deployment, poll, read,
                                 scheduled)
from harness.objects import make_flow, set_state

NOWHERE = "00000000-0000-4000-8000-000000000000"
DAILY = {"cron": "0 12 * * *", "timezone": "Europe/Berlin"}


def parse(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def times(runs):
    return [parse(run["next_scheduled_start_time"]) for run in runs]


def runs_of(api, deployment, count=1):
    """The deployment's scheduled runs, once there are `count` of them at least."""
    return eventually(lambda: len(runs := poll(api, deployment)) >= count and runs)


def settle(api):
    """Comes back when the scheduler has seen all that was there when it was called."""
    assert runs_of(api, make_deployment(api, schedules=[{"schedule": DAILY}]), 3)


# ---- routes ----

def test_schedules_come_back_with_all_their_members(api):
    anchor = "2026-11-22T10:20:50.763787Z"
    made = make_deployment(api, schedules=[
        {"schedule": {"interval": 4.5, "anchor_date": anchor, "timezone": "UTC"}, "active": False,
         "parameters": {"x": 1}, "slug": "often", "max_scheduled_runs": 7, "replaces": None},
        {"schedule": {"cron": "*/5 * * * *", "timezone": None}, "active": False},
        {"schedule": {"rrule": "FREQ=DAILY;COUNT=3"}, "active": False},
        {"schedule": {"interval": "PT1H30M"}, "active": False},
    ])
    first, second, third, fourth = made["schedules"]
    assert first["schedule"] == {"interval": 4.5, "anchor_date": anchor, "timezone": "UTC"}
    assert first["deployment_id"] == made["id"] and first["active"] is False
    assert (first["parameters"], first["slug"]) == ({"x": 1}, "often")
    assert first["max_scheduled_runs"] == 7
    assert second["schedule"] == {"cron": "*/5 * * * *", "timezone": None, "day_or": True}
    assert second["max_scheduled_runs"] is None and second["parameters"] == {}
    assert third["schedule"] == {"rrule": "FREQ=DAILY;COUNT=3", "timezone": "UTC"}
    assert fourth["schedule"]["interval"] == 5400 and fourth["schedule"]["anchor_date"]
    assert api.get(f"/deployments/{made['id']}/schedules").json() == made["schedules"]
    assert read(api, made)["schedules"] == made["schedules"]


def test_adding_changing_and_deleting_a_schedule(api):
    made = make_deployment(api)
    url = f"/deployments/{made['id']}/schedules"
    reply = api.post(url, json=[{"schedule": DAILY, "slug": "noon", "active": False}])
    assert reply.status_code == 201
    one = reply.json()[0]
    assert one["active"] is False and one["slug"] == "noon"
    clash = api.post(url, json=[{"schedule": DAILY, "slug": "noon"}])
    assert clash.json() == {"detail": "Schedule slugs must be unique within a deployment."}
    assert clash.status_code == 409
    assert api.patch(f"{url}/{one['id']}", json={"active": True, "slug": "noon"}).status_code == 204
    now = api.get(url).json()[0]
    assert now["active"] is True and now["schedule"] == one["schedule"]
    assert now["id"] == one["id"] and now["updated"] > one["updated"]
    reply = api.patch(f"{url}/{one['id']}", json={"schedule": {"cron": "61 * * * *"}})
    assert reply.status_code == 422 and reply.json()["errors"][0]["path"] == "schedule"
    assert api.delete(f"{url}/{one['id']}").status_code == 204
    assert api.get(url).json() == []
    assert api.delete(f"{url}/{one['id']}").json() == {"detail": "Schedule not found."}
    assert api.patch(f"{url}/{one['id']}", json={"active": True}).status_code == 404
    assert api.post(url, json=[{"active": True}]).status_code == 422
    for reply in (api.get(f"/deployments/{NOWHERE}/schedules"),
                  api.post(f"/deployments/{NOWHERE}/schedules", json=[])):
        assert (reply.status_code, reply.json()) == (404, {"detail": "Deployment not found."})


def test_a_patch_replaces_schedules(api):
    made = make_deployment(api, schedules=[{"schedule": DAILY}])
    url = f"/deployments/{made['id']}"
    api.patch(url, json={"schedules": [{"schedule": {"interval": 60}, "active": True}]})
    now = read(api, made)["schedules"]
    assert [s["schedule"].get("interval") for s in now] == [60]
    assert now[0]["id"] != made["schedules"][0]["id"]
    assert api.patch(url, json={"description": "x"}).status_code == 204
    assert read(api, made)["schedules"] == now
    api.patch(url, json={"schedules": []})
    assert read(api, made)["schedules"] == []


def test_a_patch_finds_schedules_by_their_slugs(api):
    made = make_deployment(api, schedules=[{"schedule": DAILY, "slug": "a", "active": False},
                                           {"schedule": DAILY, "slug": "b", "active": False}])
    url = f"/deployments/{made['id']}"

    def patch(*schedules):
        return api.patch(url, json={"schedules": list(schedules)})

    reply = patch({"slug": "a", "schedule": {"interval": 60}}, {"slug": "c", "schedule": DAILY})
    assert reply.status_code == 204, reply.text
    now = {s["slug"]: s for s in read(api, made)["schedules"]}
    assert sorted(now) == ["a", "b", "c"]
    assert now["a"]["id"] == made["schedules"][0]["id"] and now["a"]["schedule"]["interval"] == 60
    assert now["a"]["active"] is False
    # Two that change their slugs with one another.
    assert patch({"slug": "a", "replaces": "b"}, {"slug": "b", "replaces": "a"}).status_code == 204
    swapped = {s["slug"]: s["id"] for s in read(api, made)["schedules"]}
    assert (swapped["a"], swapped["b"]) == (now["b"]["id"], now["a"]["id"])
    for wrong in ([{"schedule": DAILY}],
                  [{"slug": "new"}],
                  [{"slug": "c", "replaces": "a"}],
                  [{"slug": "x", "replaces": "a"}, {"slug": "y", "replaces": "a"}]):
        assert patch(*wrong).status_code == 422, wrong
    assert {s["slug"]: s["id"] for s in read(api, made)["schedules"]} == swapped


# ---- runs made ahead ----

def test_what_a_run_of_a_schedule_is_like(api):
    anchor = "2026-01-01T00:00:00.25Z"
    made = make_deployment(api, tags=["t"], parameters={"a": 1, "b": 1}, version="3",
                           labels={"team": "x"},
                           schedules=[{"schedule": {"interval": 3600, "anchor_date": anchor},
                                       "parameters": {"b": 0.1}}])
    schedule = made["schedules"][0]
    runs = runs_of(api, made, 3)
    assert len(runs) == 3
    run = runs[0]
    assert run["tags"] == ["auto-scheduled", "t"] and run["auto_scheduled"] is True
    assert run["parameters"] == {"a": 1, "b": 0.1} and run["deployment_version"] == "3"
    assert run["created_by"] == {"type": "SCHEDULE", "id": schedule["id"],
                                 "display_value": "IntervalSchedule"}
    time = run["next_scheduled_start_time"]
    assert run["idempotency_key"] == f"scheduled {made['id']} {schedule['id']} {time}"
    assert run["state"]["message"] == "Flow run scheduled"
    assert (run["state_type"], run["state_name"]) == ("SCHEDULED", "Scheduled")
    assert run["state"]["state_details"]["scheduled_time"] == time == run["expected_start_time"]
    assert run["labels"]["prefect.deployment.id"] == made["id"] and run["labels"]["team"] == "x"
    now = datetime.now(timezone.utc)
    hour = timedelta(hours=1)
    assert now < times(runs)[0] <= now + hour
    assert [b - a for a, b in zip(times(runs), times(runs)[1:])] == [hour, hour]
    assert all(t.microsecond == 250000 and t.second == 0 for t in times(runs))


def month_in(days):
    return (datetime.now(timezone.utc) + timedelta(days=days)).month


@pytest.mark.parametrize("schedule, least, most", [
    ({"cron": "0 12 * * *"}, 3, 3),
    ({"interval": 120}, 30, 31),
    ({"interval": 4}, 100, 100),
    ({"rrule": "FREQ=HOURLY;INTERVAL=2"}, 3, 3),
])
def test_how_far_ahead_runs_are_made(api, schedule, least, most):
    made = make_deployment(api, schedules=[{"schedule": schedule}])
    settle(api)
    runs = runs_of(api, made, least)
    assert least <= len(runs) <= most
    assert times(runs) == sorted(set(times(runs)))


def test_not_more_than_100_days_ahead(api):
    far = make_deployment(api, schedules=[
        {"schedule": {"cron": f"0 0 15 {month_in(200)} *", "timezone": "UTC"}}])
    settle(api)
    assert poll(api, far) == []


def test_a_schedule_that_ends(api):
    begin = (datetime.now(timezone.utc) - timedelta(hours=1)).strftime("%Y%m%dT%H%M%SZ")
    made = make_deployment(api, schedules=[
        {"schedule": {"rrule": f"DTSTART:{begin}\nRRULE:FREQ=DAILY;COUNT=3"}}])
    settle(api)
    assert len(runs_of(api, made, 2)) == 2


def test_what_makes_no_runs(api):
    quiet = [make_deployment(api, paused=True, schedules=[{"schedule": DAILY}]),
             make_deployment(api, schedules=[{"schedule": DAILY, "active": False}])]
    settle(api)
    assert poll(api, *quiet) == []


def test_pausing_takes_the_runs_and_resuming_makes_them_anew(api):
    made = make_deployment(api, schedules=[{"schedule": DAILY}])
    by_hand = deployment_run(api, made, state=scheduled(3600 * 24 * 30))
    before = runs_of(api, made, 4)
    assert api.post(f"/deployments/{made['id']}/pause_deployment").status_code == 200
    assert [run["id"] for run in poll(api, made)] == [by_hand["id"]]
    assert api.post(f"/deployments/{made['id']}/resume_deployment").status_code == 200
    after = runs_of(api, made, 4)
    assert times(after) == times(before)
    api.patch(f"/deployments/{made['id']}", json={"paused": True})
    assert [run["id"] for run in poll(api, made)] == [by_hand["id"]]


def test_a_change_shows_in_the_runs(api):
    made = make_deployment(api, schedules=[{"schedule": DAILY}])
    runs = runs_of(api, made, 3)
    set_state(api, runs[0]["id"], "PENDING")
    api.patch(f"/deployments/{made['id']}", json={"tags": ["new"]})
    now = runs_of(api, made, 2)
    assert all(run["tags"] == ["auto-scheduled", "new"] for run in now)
    # The one that was taken is not made again for the same time.
    assert parse(runs[0]["next_scheduled_start_time"]) not in times(now)
    assert api.get(f"/flow_runs/{runs[0]['id']}").json()["tags"] == ["auto-scheduled"]
    url = f"/deployments/{made['id']}/schedules/{made['schedules'][0]['id']}"
    api.patch(url, json={"active": False})
    assert poll(api, made) == []
    api.patch(url, json={"active": True, "parameters": {"x": 1}})
    assert all(run["parameters"] == {"x": 1} for run in runs_of(api, made, 2))
    api.delete(url)
    assert poll(api, made) == []


def test_runs_that_are_taken_are_followed_by_others(api):
    made = make_deployment(api, schedules=[{"schedule": {"interval": 0.5},
                                            "max_scheduled_runs": 2}])
    seen = set()

    def see():
        runs = poll(api, made)
        assert len([t for t in times(runs) if t > datetime.now(timezone.utc)]) <= 2
        seen.update(run["id"] for run in runs)
        return len(seen) >= 6

    eventually(see)


def test_as_many_runs_as_an_integer_can_say(api):
    """A number between the largest of 64 bits and what a double makes of it."""
    made = make_deployment(api, schedules=[{"schedule": DAILY, "max_scheduled_runs": 2 ** 63 - 1}])
    assert made["schedules"][0]["max_scheduled_runs"] == 2 ** 63 - 1
    assert runs_of(api, made, 3)


def test_a_waiting_runner_gets_the_runs_of_a_schedule(api):
    made = make_deployment(api, schedules=[{"schedule": {"interval": 1}}])
    runs = poll(api, made, wait=20)
    assert len(runs) == 1 and times(runs)[0] <= datetime.now(timezone.utc)


# ---- runs on demand ----

def test_runs_for_a_span_of_time(api):
    anchor = "2020-01-01T00:00:00Z"
    flow = make_flow(api)
    made = make_deployment(api, flow, paused=True, schedules=[
        {"schedule": {"interval": 3600, "anchor_date": anchor}, "slug": "hourly"},
        {"schedule": DAILY, "active": False}])
    url = f"/deployments/{made['id']}/schedule"
    span = {"start_time": "2020-05-01T00:00:00Z", "end_time": "2020-05-01T05:30:00Z",
            "min_time": 86400}
    for _ in range(2):
        reply = api.post(url, json=span)
        assert (reply.status_code, reply.json()) == (200, None)
    runs = poll(api, made)
    assert [t.hour for t in times(runs)] == [0, 1, 2, 3, 4, 5]
    assert runs[0]["created_by"]["display_value"] == "hourly"
    api.post(url, json={"start_time": "2021-05-01T00:00:00Z", "min_time": 86400, "max_runs": 2})
    assert len(poll(api, made)) == 8
    assert api.post(url).status_code == 200
    assert len(poll(api, made)) == 11
    assert api.post(url, json={"max_runs": 100000}).status_code == 422
