"""How many runs of a deployment may be at work at the same time."""

import sqlite3
import time
from contextlib import closing

import pytest

from harness.deployments import at, deployment_run, eventually, make_deployment, poll, scheduled
from harness.objects import set_state


def limited(api, limit=1, strategy=None, grace=None):
    options = {"collision_strategy": strategy or "ENQUEUE", "grace_period_seconds": grace}
    return make_deployment(api, concurrency_limit=limit,
                           concurrency_options=options if strategy or grace else None)


def state_of(api, run):
    return api.get(f"/flow_runs/{run['id']}").json()["state"]


def started(api, deployment, *states):
    run = deployment_run(api, deployment)
    for state in states or ("PENDING",):
        assert set_state(api, run["id"], state)["status"] == "ACCEPT"
    return run


def test_a_run_without_room_waits(api):
    deployment = limited(api, 2)
    first, second = started(api, deployment, "PENDING", "RUNNING"), started(api, deployment)
    third = deployment_run(api, deployment)
    begun = time.time()
    answer = set_state(api, third["id"], "PENDING")
    assert answer["status"] == "REJECT"
    assert answer["details"]["reason"] == "Deployment concurrency limit reached."
    assert (answer["state"]["type"], answer["state"]["name"]) == (
        "SCHEDULED", "AwaitingConcurrencySlot")
    assert third["id"] not in [run["id"] for run in poll(api, deployment, scheduled_before=at(20))]
    assert third["id"] in [run["id"] for run in poll(api, deployment, scheduled_before=at(31))]
    for run in (first, second):
        assert state_of(api, run)["type"] in ("PENDING", "RUNNING")
    assert time.time() - begun < 20


def test_of_many_that_end_at_once_none_is_left_out(api):
    """The first that ends calls the next, which has to end as well."""
    deployment = limited(api)
    waiting = deployment_run(api, deployment)
    first = started(api, deployment, "PENDING", "RUNNING")
    set_state(api, waiting["id"], "PENDING")
    runs = {"flow_runs": {"id": {"any_": [first["id"], waiting["id"]]}}}
    body = runs | {"state": {"type": "CANCELLED"}}
    results = api.post("/flow_runs/bulk_set_state", json=body).json()["results"]
    assert [result["status"] for result in results] == ["ACCEPT", "ACCEPT"]
    waiting = deployment_run(api, deployment)
    first = started(api, deployment, "PENDING", "RUNNING")
    set_state(api, waiting["id"], "PENDING")
    runs = {"flow_runs": {"id": {"any_": [first["id"], waiting["id"]]}}}
    assert len(api.post("/flow_runs/bulk_delete", json=runs).json()["deleted"]) == 2


def test_a_run_that_waits_is_called_when_there_is_room(api):
    deployment = limited(api)
    first = started(api, deployment, "PENDING", "RUNNING")
    others = [deployment_run(api, deployment) for _ in range(2)]
    for run in others:
        set_state(api, run["id"], "PENDING")
    assert poll(api, deployment, scheduled_before=at(5)) == []
    set_state(api, first["id"], "COMPLETED")
    due = poll(api, deployment, scheduled_before=at(5))
    assert [run["id"] for run in due] == [others[0]["id"]]
    assert set_state(api, others[0]["id"], "PENDING")["status"] == "ACCEPT"
    set_state(api, others[0]["id"], "CRASHED")
    assert [run["id"] for run in poll(api, deployment, scheduled_before=at(5))] == [others[1]["id"]]


def test_a_run_without_room_is_cancelled_where_that_is_wanted(api):
    deployment = limited(api, strategy="CANCEL_NEW")
    started(api, deployment, "PENDING", "RUNNING")
    second = deployment_run(api, deployment)
    answer = set_state(api, second["id"], "PENDING")
    assert (answer["status"], answer["state"]["type"]) == ("REJECT", "CANCELLED")
    assert answer["state"]["message"] == "Deployment concurrency limit reached."


def test_late_runs_without_room_are_cancelled_where_that_is_wanted(api):
    cancels, queues = limited(api, strategy="CANCEL_NEW"), limited(api)
    for deployment in (cancels, queues):
        started(api, deployment, "PENDING", "RUNNING")
    gone = deployment_run(api, cancels, state=scheduled(-60))
    late = deployment_run(api, queues, state=scheduled(-60))
    eventually(lambda: state_of(api, gone)["type"] == "CANCELLED")
    eventually(lambda: state_of(api, late)["name"] == "Late")


@pytest.mark.parametrize("states, takes_room", [
    (("PENDING",), True),
    (("PENDING", "RUNNING"), True),
    (("PENDING", "RUNNING", "CANCELLING"), True),
    (("PENDING", "RUNNING", "CANCELLING", "CANCELLED"), False),
    (("PENDING", "RUNNING", "PAUSED"), False),
    (("PENDING", "RUNNING", "COMPLETED"), False),
])
def test_what_takes_up_room(api, states, takes_room):
    deployment = limited(api)
    started(api, deployment, *states)
    answer = set_state(api, deployment_run(api, deployment)["id"], "PENDING")
    assert (answer["status"] == "ACCEPT") is not takes_room


def test_a_run_that_is_tried_again_keeps_its_room(api):
    deployment = limited(api)
    run = deployment_run(api, deployment, empirical_policy={"retries": 1, "retry_delay": 60})
    for state in ("PENDING", "RUNNING", "FAILED"):
        set_state(api, run["id"], state)
    assert state_of(api, run)["name"] == "AwaitingRetry"
    other = deployment_run(api, deployment)
    assert set_state(api, other["id"], "PENDING")["status"] == "REJECT"


def make_older(server, run):
    """As if the run had been pending for a minute longer."""
    server.stop()
    with closing(sqlite3.connect(server.data / "fermata.db")) as database, database:
        for sql in ("UPDATE flow_runs SET state_timestamp = state_timestamp - 61000000 WHERE id = ?",
                    "UPDATE flow_run_states SET timestamp = timestamp - 61000000"
                    " WHERE type = 'PENDING' AND flow_run_id = ?"):
            assert database.execute(sql, (run["id"],)).rowcount == 1
    server.start()


def test_a_run_that_starts_too_slowly_loses_its_room(fresh_server):
    api = fresh_server.api
    deployment = limited(api, grace=60)
    slow = started(api, deployment)
    other = deployment_run(api, deployment)
    assert set_state(api, other["id"], "PENDING")["status"] == "REJECT"
    make_older(fresh_server, slow)
    assert set_state(api, other["id"], "PENDING")["status"] == "ACCEPT"
    answer = set_state(api, slow["id"], "RUNNING")
    assert (answer["status"], answer["state"]["type"]) == ("REJECT", "CANCELLED")
    assert "took longer to start" in answer["state"]["message"]


def test_a_run_that_starts_slowly_starts_if_nobody_wanted_its_room(fresh_server):
    api = fresh_server.api
    slow = started(api, limited(api, grace=60))
    make_older(fresh_server, slow)
    assert set_state(api, slow["id"], "RUNNING")["status"] == "ACCEPT"


def test_a_limit_counts_what_runs_already(api):
    deployment = make_deployment(api)
    started(api, deployment)
    reply = api.patch(f"/deployments/{deployment['id']}", json={"concurrency_limit": 1})
    assert reply.status_code == 204
    assert set_state(api, deployment_run(api, deployment)["id"], "PENDING")["status"] == "REJECT"
    api.patch(f"/deployments/{deployment['id']}", json={"concurrency_limit": None})
    assert set_state(api, deployment_run(api, deployment)["id"], "PENDING")["status"] == "ACCEPT"


def waiting_for_room(api, deployment, count):
    runs = [deployment_run(api, deployment) for _ in range(count)]
    for run in runs:
        assert set_state(api, run["id"], "PENDING")["status"] == "REJECT"
    return runs


def due(api, deployment):
    return [run["id"] for run in poll(api, deployment, scheduled_before=at(5))]


def ids(runs):
    return [run["id"] for run in runs]


def test_the_run_that_has_waited_longest_is_called(api):
    """However often it was refused meanwhile: each time it asks again later than the others."""
    deployment = limited(api)
    first = started(api, deployment, "PENDING", "RUNNING")
    longest, other = waiting_for_room(api, deployment, 2)
    set_state(api, longest["id"], "SCHEDULED", force=True, scheduled_time=at(0))
    assert set_state(api, longest["id"], "PENDING")["status"] == "REJECT"
    set_state(api, first["id"], "COMPLETED")
    assert due(api, deployment) == [longest["id"]]
    assert set_state(api, longest["id"], "PENDING")["status"] == "ACCEPT"
    assert other["id"] not in due(api, deployment)


@pytest.mark.parametrize("limit, called", [(1, 0), (2, 1), (3, 2), (None, 4)])
def test_with_another_limit_as_many_are_called_as_there_is_room_for(api, limit, called):
    deployment = limited(api)
    started(api, deployment, "PENDING", "RUNNING")
    waiting = waiting_for_room(api, deployment, 4)
    path = f"/deployments/{deployment['id']}"
    assert api.patch(path, json={"concurrency_limit": limit}).status_code == 204
    assert due(api, deployment) == ids(waiting[:called])


def test_a_deployment_that_is_made_again_with_another_limit_calls_too(api):
    deployment = limited(api)
    started(api, deployment, "PENDING", "RUNNING")
    waiting = waiting_for_room(api, deployment, 2)
    again = {"name": deployment["name"], "flow_id": deployment["flow_id"], "concurrency_limit": 2}
    assert api.post("/deployments/", json=again).status_code == 200
    assert due(api, deployment) == ids(waiting[:1])


@pytest.mark.parametrize("how", ["run", "bulk"])
def test_a_run_that_is_deleted_gives_its_place_to_the_next(api, how):
    deployment = limited(api)
    first = started(api, deployment, "PENDING", "RUNNING")
    waiting = waiting_for_room(api, deployment, 2)
    if how == "run":
        assert api.delete(f"/flow_runs/{first['id']}").status_code == 204
    else:
        body = {"flow_runs": {"id": {"any_": [first["id"]]}}}
        assert api.post("/flow_runs/bulk_delete", json=body).json() == {"deleted": [first["id"]]}
    assert due(api, deployment) == ids(waiting[:1])
    assert set_state(api, waiting[0]["id"], "PENDING")["status"] == "ACCEPT"


def test_a_run_that_only_waits_gives_nothing_when_it_is_deleted(api):
    deployment = limited(api)
    started(api, deployment, "PENDING", "RUNNING")
    waiting = waiting_for_room(api, deployment, 2)
    assert api.delete(f"/flow_runs/{waiting[0]['id']}").status_code == 204
    assert due(api, deployment) == []


@pytest.mark.parametrize("seconds", [-1, 0, 59, 86401, 10**18, 2**63 - 1])
def test_how_long_room_is_kept_has_bounds(api, seconds):
    for collision in ("ENQUEUE", "CANCEL_NEW"):
        options = {"collision_strategy": collision, "grace_period_seconds": seconds}
        deployment = make_deployment(api)
        reply = api.patch(f"/deployments/{deployment['id']}", json={"concurrency_options": options})
        assert reply.status_code == 422
        assert reply.json()["exception_detail"][0]["loc"] == [
            "body", "concurrency_options", "grace_period_seconds"]
