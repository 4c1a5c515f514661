"""What workers are given: runs by the order of queues and times, as far as limits leave room."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.deployments import at, deployment_run, scheduled
from harness.objects import set_state, wait_for, waiting
from harness.work_pools import (change_pool, make_pool, make_queue, poll_pool, pooled, queued_run,
                                read_pool)


def ids(runs):
    return [run["id"] for run in runs]


def change_queue(api, pool, queue, **fields):
    reply = api.patch(f"/work_pools/{pool['name']}/queues/{queue}", json=fields)
    assert reply.status_code == 204, reply.text


# ---- order ----

def test_runs_come_by_their_queue_and_then_by_their_time(api):
    pool = make_pool(api)
    make_queue(api, pool, "urgent", priority=1)
    late = queued_run(api, pool, state=scheduled(-60))
    urgent = queued_run(api, pool, "urgent", state=scheduled(-1))
    later = queued_run(api, pool, state=scheduled(-30))
    assert ids(poll_pool(api, pool)) == ids([urgent, late, later])
    assert ids(poll_pool(api, pool, limit=2)) == ids([urgent, late])
    assert ids(poll_pool(api, pool, work_queue_names=["default"])) == ids([late, later])
    assert ids(poll_pool(api, pool, scheduled_after=at(-45))) == ids([urgent, later])
    assert poll_pool(api, pool, limit=0) == []


def test_runs_come_only_when_their_time_is_near(api):
    pool = make_pool(api)
    soon, tomorrow = queued_run(api, pool, state=scheduled(5)), queued_run(
        api, pool, state=scheduled(86400))
    assert poll_pool(api, pool, scheduled_before=at(0)) == []
    assert ids(poll_pool(api, pool, scheduled_before=at(10))) == ids([soon])
    assert ids(poll_pool(api, pool)) == ids([soon, tomorrow])


def test_runs_that_are_paused_or_tried_again_in_their_process_do_not_come(api):
    pool = make_pool(api)
    retried = queued_run(api, pool, empirical_policy={"retries": 1, "retry_delay": 0})
    for state in ("PENDING", "RUNNING", "FAILED"):
        set_state(api, retried["id"], state)
    assert api.get(f"/flow_runs/{retried['id']}").json()["state_name"] == "AwaitingRetry"
    held = queued_run(api, pool, "held")
    change_queue(api, pool, "held", is_paused=True)
    assert poll_pool(api, pool) == []
    change_queue(api, pool, "held", is_paused=False)
    assert ids(poll_pool(api, pool)) == ids([held])
    change_pool(api, pool, is_paused=True)
    assert read_pool(api, pool)["status"] == "PAUSED" and poll_pool(api, pool) == []
    change_pool(api, pool, is_paused=False)
    assert ids(poll_pool(api, pool)) == ids([held])


@pytest.mark.parametrize("body, path", [
    ({"work_queue_names": "default"}, "work_queue_names"),
    ({"work_queue_names": [1]}, "work_queue_names[0]"),
    ({"scheduled_before": "soon"}, "scheduled_before"),
    ({"limit": -1}, "limit"),
])
def test_what_is_wrong_with_a_poll_is_told(api, body, path):
    pool = make_pool(api)
    reply = api.post(f"/work_pools/{pool['name']}/get_scheduled_flow_runs", json=body)
    assert reply.status_code == 422
    assert [error["path"] for error in reply.json()["errors"]] == [path]


def test_polls_for_what_is_not_there(api):
    pool = make_pool(api)
    path = f"/work_pools/{pool['name']}/get_scheduled_flow_runs"
    reply = api.post(path, json={"work_queue_names": ["default", "none"]})
    assert reply.status_code == 404
    assert reply.json()["detail"] == f"Work pool queue '{pool['name']}/none' not found."
    assert api.post(path, json={"limit": 201}).status_code == 422
    assert api.post(path, json={"work_queue_names": ["q"] * 1001}).status_code == 422


# ---- limits ----

def test_a_pool_has_no_more_runs_than_its_limit(api):
    pool = make_pool(api, concurrency_limit=2)
    runs = [queued_run(api, pool, state=scheduled(-60 + i)) for i in range(4)]
    assert ids(poll_pool(api, pool)) == ids(runs[:2])
    for run in runs[:2]:
        set_state(api, run["id"], "PENDING")
    assert poll_pool(api, pool) == [] and read_pool(api, pool)["active_slots"] == 2
    refused = set_state(api, runs[2]["id"], "PENDING")
    assert refused["status"] == "ABORT" and "concurrency limit" in refused["details"]["reason"]
    set_state(api, runs[0]["id"], "RUNNING")
    assert poll_pool(api, pool) == []
    set_state(api, runs[0]["id"], "COMPLETED")
    assert ids(poll_pool(api, pool)) == ids(runs[2:3])
    change_pool(api, pool, concurrency_limit=0)
    assert poll_pool(api, pool) == []
    change_pool(api, pool, concurrency_limit=None)
    assert ids(poll_pool(api, pool)) == ids(runs[2:])


def test_a_queue_has_no_more_runs_than_its_limit(api):
    pool = make_pool(api, concurrency_limit=3)
    make_queue(api, pool, "narrow", priority=1, concurrency_limit=1)
    narrow = [queued_run(api, pool, "narrow", state=scheduled(-60 + i)) for i in range(2)]
    wide = [queued_run(api, pool, state=scheduled(-60 + i)) for i in range(3)]
    assert ids(poll_pool(api, pool)) == ids(narrow[:1] + wide[:2])
    set_state(api, narrow[0]["id"], "PENDING")
    assert set_state(api, narrow[1]["id"], "PENDING")["status"] == "ABORT"
    assert ids(poll_pool(api, pool)) == ids(wide[:2])
    queue = api.get(f"/work_pools/{pool['name']}/queues/narrow").json()
    assert queue["active_slots"] == 1
    assert api.post(f"/work_queues/{queue['id']}/get_runs", json={}).json() == []


def test_who_takes_up_room_is_told(api):
    pool = make_pool(api, concurrency_limit=5)
    runs = [queued_run(api, pool, "q") for _ in range(3)]
    for run in runs:
        set_state(api, run["id"], "PENDING")
    set_state(api, runs[0]["id"], "RUNNING")
    status = api.post(f"/work_pools/{pool['name']}/concurrency_status",
                      json={"flow_run_limit": 2}).json()
    assert (status["active_slots"], status["concurrency_limit"]) == (3, 5)
    assert (status["count"], status["pages"], status["page"]) == (2, 1, 1)
    empty, queue = status["queues"]
    assert (empty["queue_name"], empty["active_slots"], empty["flow_runs"]) == ("default", 0, [])
    assert (queue["queue_name"], queue["flow_run_count"]) == ("q", 3)
    assert [run["id"] for run in queue["flow_runs"]] == sorted(ids(runs))[:2]
    assert queue["flow_runs"][0]["time_in_current_state"] < 60
    page = api.post(f"/work_queues/{queue['queue_id']}/concurrency_status",
                    json={"limit": 2, "page": 2}).json()
    assert (page["active_slots"], page["count"], page["pages"]) == (3, 3, 2)
    assert ids(page["flow_runs"]) == sorted(ids(runs))[2:]
    far = api.post(f"/work_queues/{queue['queue_id']}/concurrency_status",
                   json={"page": 2 ** 62}).json()
    assert far["flow_runs"] == []


# ---- claims ----

def test_of_many_workers_one_gets_a_run(api):
    pool = make_pool(api)
    for _ in range(5):
        run = queued_run(api, pool)
        with ThreadPoolExecutor(8) as workers:
            answers = list(workers.map(
                lambda _, run=run: set_state(api, run["id"], "PENDING")["status"], range(8)))
        assert sorted(answers) == ["ABORT"] * 7 + ["ACCEPT"]
        set_state(api, run["id"], "FAILED")


def test_of_many_workers_no_more_get_runs_than_there_is_room(api):
    pool = make_pool(api, concurrency_limit=3)
    runs = [queued_run(api, pool) for _ in range(12)]
    with ThreadPoolExecutor(12) as workers:
        answers = list(workers.map(
            lambda run: set_state(api, run["id"], "PENDING")["status"], runs))
    assert sorted(answers) == ["ABORT"] * 9 + ["ACCEPT"] * 3
    assert read_pool(api, pool)["active_slots"] == 3


# ---- waiting ----

class Waiting:
    """A worker that waits for runs in the background."""

    def __init__(self, server, pool, **fields):
        before = waiting(server)
        self.runs = None
        self.seconds = None

        def ask():
            begun = time.monotonic()
            with server.client() as client:
                self.runs = poll_pool(client, pool, wait=20, **fields)
            self.seconds = time.monotonic() - begun

        self.thread = threading.Thread(target=ask)
        self.thread.start()
        wait_for(lambda: waiting(server) > before)

    def answer(self):
        self.thread.join(25)
        assert self.seconds is not None and self.seconds < 15, "the wait was not ended"
        return ids(self.runs)


def test_a_worker_that_waits_hears_of_a_new_run(server, api):
    pool = make_pool(api)
    waits = Waiting(server, pool)
    run = queued_run(api, pool)
    assert waits.answer() == ids([run])


def test_a_worker_that_waits_hears_when_a_runs_time_comes(server, api):
    pool = make_pool(api)
    run = queued_run(api, pool, state=scheduled(3))
    waits = Waiting(server, pool, scheduled_before=at(1))
    assert waits.answer() == ids([run])
    assert waits.seconds > 1


@pytest.mark.parametrize("change", ["ends", "deleted", "flow deleted", "raised", "resumed",
                                    "queue resumed"])
def test_a_worker_that_waits_hears_when_there_is_room(server, api, change):
    pool = make_pool(api, concurrency_limit=1)
    first = queued_run(api, pool)
    set_state(api, first["id"], "PENDING")
    second = queued_run(api, pool)
    if change == "resumed":
        change_pool(api, pool, is_paused=True, concurrency_limit=None)
    if change == "queue resumed":
        change_pool(api, pool, concurrency_limit=None)
        change_queue(api, pool, "default", is_paused=True)
    waits = Waiting(server, pool)
    if change == "ends":
        set_state(api, first["id"], "CRASHED")
    elif change == "deleted":
        assert api.delete(f"/flow_runs/{first['id']}").status_code == 204
    elif change == "flow deleted":
        assert api.delete(f"/flows/{first['flow_id']}").status_code == 204
    elif change == "raised":
        change_pool(api, pool, concurrency_limit=2)
    elif change == "resumed":
        change_pool(api, pool, is_paused=False)
    else:
        change_queue(api, pool, "default", is_paused=False)
    assert waits.answer() == ids([second])


def test_a_worker_that_waits_hears_that_its_pool_is_gone(server, api):
    pool = make_pool(api)
    path = f"/work_pools/{pool['name']}/get_scheduled_flow_runs"
    before = waiting(server)
    with server.client() as client, ThreadPoolExecutor(1) as worker:
        asked = worker.submit(client.post, path, json={}, headers={"Prefer": "wait=20"})
        wait_for(lambda: waiting(server) > before)
        assert api.delete(f"/work_pools/{pool['name']}").status_code == 204
        assert asked.result(15).status_code == 404


def test_a_deployment_that_moves_takes_its_new_runs_along(api):
    pool, other = make_pool(api), make_pool(api)
    deployment = pooled(api, pool)
    first = deployment_run(api, deployment)
    api.patch(f"/deployments/{deployment['id']}", json={"work_pool_name": other["name"]})
    second = deployment_run(api, deployment)
    assert ids(poll_pool(api, other)) == ids([second])
    assert first["id"] not in ids(poll_pool(api, other))
