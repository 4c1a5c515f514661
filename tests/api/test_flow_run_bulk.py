"""Many flow runs at once: history, lateness, states, deletion."""

from datetime import datetime, timedelta, timezone

import pytest

from harness.bulk import many_logs
from harness.objects import figure, make_flow, make_run, set_state

NOON = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


def scheduled(api, flow, time, **fields):
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": time.isoformat()}}
    return make_run(api, flow, state=state, **fields)


def of(flow):
    return {"flows": {"id": {"any_": [flow["id"]]}}}


def ids(runs):
    return {"flow_runs": {"id": {"any_": [run["id"] for run in runs]}}}


def history(api, flow, start, end, seconds):
    body = of(flow) | {"history_start": start.isoformat(), "history_end": end.isoformat(),
                       "history_interval_seconds": seconds}
    return api.post("/flow_runs/history", json=body)


def test_history_counts_by_interval_and_state(api):
    flow = make_flow(api)
    for minute in (0, 1, 59, 61):
        scheduled(api, flow, NOON + timedelta(minutes=minute))
    scheduled(api, flow, NOON + timedelta(hours=3))      # after the end
    scheduled(api, flow, NOON - timedelta(microseconds=1))  # before the start
    told = history(api, flow, NOON, NOON + timedelta(hours=3), 3600).json()
    assert [i["interval_start"][11:16] for i in told] == ["12:00", "13:00", "14:00"]
    assert [i["interval_end"][11:16] for i in told] == ["13:00", "14:00", "15:00"]
    assert [[(s["state_type"], s["count_runs"]) for s in i["states"]] for i in told] == [
        [("SCHEDULED", 3)], [("SCHEDULED", 1)], []]


def test_history_tells_run_time_and_lateness(api):
    flow = make_flow(api)
    run = scheduled(api, flow, datetime.now(timezone.utc) - timedelta(seconds=100))
    set_state(api, run["id"], "RUNNING")
    now = datetime.now(timezone.utc)
    [interval] = history(api, flow, now - timedelta(hours=1), now, 3600).json()
    [state] = interval["states"]
    assert state["state_type"] == "RUNNING"
    assert 99 < state["sum_estimated_lateness"] < 130
    assert 0 <= state["sum_estimated_run_time"] < 30


def test_history_ends_with_a_part_of_an_interval(api):
    assert len(history(api, make_flow(api), NOON, NOON + timedelta(seconds=25), 10).json()) == 3
    assert history(api, make_flow(api), NOON, NOON, 10).json() == []
    assert history(api, make_flow(api), NOON, NOON - timedelta(days=1), 10).json() == []


@pytest.mark.parametrize("seconds, days", [(0, 1), (0.5, 1), (-1, 1), ("x", 1), (1, 1), (1e18, 1)])
def test_history_has_its_bounds(api, seconds, days):
    reply = history(api, make_flow(api), NOON, NOON + timedelta(days=days), seconds)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["path"] == "history_interval_seconds"


def test_500_intervals_are_not_too_many(api):
    assert len(history(api, make_flow(api), NOON, NOON + timedelta(seconds=500), 1).json()) == 500
    assert history(api, make_flow(api), NOON, NOON + timedelta(seconds=501), 1).status_code == 422


def test_history_over_all_of_time(api):
    body = {"history_start": "0001-01-01T00:00:00Z", "history_end": "9999-12-31T00:00:00Z",
            "history_interval_seconds": 100 * 365 * 86400}
    assert api.post("/flow_runs/history", json=body).status_code == 200


def test_history_needs_its_bounds(api):
    reply = api.post("/flow_runs/history", json={})
    assert reply.status_code == 422 and len(reply.json()["errors"]) == 3


def test_lateness(api):
    flow = make_flow(api)
    assert api.post("/flow_runs/lateness", json=of(flow)).json() is None
    scheduled(api, flow, datetime.now(timezone.utc) - timedelta(seconds=200))
    scheduled(api, flow, datetime.now(timezone.utc) + timedelta(seconds=200))
    assert 100 <= api.post("/flow_runs/lateness", json=of(flow)).json() < 130


def test_bulk_set_state(api):
    flow = make_flow(api)
    runs = [make_run(api, flow) for _ in range(3)]
    set_state(api, runs[0]["id"], "RUNNING")
    set_state(api, runs[0]["id"], "COMPLETED")
    reply = api.post("/flow_runs/bulk_set_state", json=ids(runs) | {"state": {"type": "CANCELLING"}})
    assert reply.status_code == 200
    results = {result["flow_run_id"]: result for result in reply.json()["results"]}
    assert {id: r["status"] for id, r in results.items()} == {
        runs[0]["id"]: "ABORT", runs[1]["id"]: "ACCEPT", runs[2]["id"]: "ACCEPT"}
    for run in runs:
        assert api.get(f"/flow_runs/{run['id']}").json()["state"] == results[run["id"]]["state"]


def test_bulk_set_state_by_force(api):
    run = make_run(api)
    set_state(api, run["id"], "RUNNING")
    body = ids([run]) | {"state": {"type": "PENDING"}}
    [refused] = api.post("/flow_runs/bulk_set_state", json=body).json()["results"]
    [forced] = api.post("/flow_runs/bulk_set_state", json=body | {"force": True}).json()["results"]
    assert (refused["status"], forced["status"]) == ("ABORT", "ACCEPT")


def test_bulk_delete(api):
    runs = [make_run(api) for _ in range(3)]
    first = api.post("/flow_runs/bulk_delete", json=ids(runs) | {"limit": 2}).json()["deleted"]
    assert len(first) == 2
    rest = api.post("/flow_runs/bulk_delete", json=ids(runs)).json()["deleted"]
    assert set(first + rest) == {run["id"] for run in runs}
    assert api.post("/flow_runs/bulk_delete", json=ids(runs)).json() == {"deleted": []}
    assert api.get(f"/flow_runs/{runs[0]['id']}").status_code == 404


def test_bulk_delete_of_much_lets_others_write_in_between(server, api):
    flow = make_flow(api)
    runs = [make_run(api, flow) for _ in range(3)]
    many_logs(server, runs[1], 12000)
    before = figure(server, "fermata_store_commits_total")
    reply = api.post("/flow_runs/bulk_delete", json=ids(runs), headers={"Idempotency-Key": "much"})
    assert set(reply.json()["deleted"]) == {run["id"] for run in runs}
    assert figure(server, "fermata_store_commits_total") == before + 3
    assert api.post("/flow_runs/count", json=ids(runs)).json() == 0
    again = api.post("/flow_runs/bulk_delete", json=ids(runs), headers={"Idempotency-Key": "much"})
    assert again.json() == reply.json()


def test_bulk_requests_look_for_their_runs_before_they_write(server, api):
    """What the filter says may have them look at all runs: the writer does not."""
    before = figure(server, "fermata_store_writes_total")
    body = {"flow_runs": {"x": 1}}
    assert api.post("/flow_runs/bulk_delete", json=body).status_code == 422
    assert api.post("/flow_runs/bulk_set_state", json=body | {"state": {"type": "CANCELLED"}}).status_code == 422
    assert figure(server, "fermata_store_writes_total") == before


@pytest.mark.parametrize("body", [{"limit": 0}, {"limit": 51}, {"flow_run": {}}, {"flow_runs": {"x": 1}},
                                  {"flow_runs": []}])
def test_what_bulk_requests_refuse(api, body):
    run = make_run(api)
    assert api.post("/flow_runs/bulk_delete", json=body).status_code == 422
    body = body | {"state": {"type": "CANCELLED"}}
    assert api.post("/flow_runs/bulk_set_state", json=body).status_code == 422
    assert api.get(f"/flow_runs/{run['id']}").json()["state_type"] == "PENDING"
