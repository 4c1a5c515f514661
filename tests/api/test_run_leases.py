"""Runs that are held under a lease: who holds them, and what becomes of them when it runs out."""

import sqlite3
import threading
import time
import uuid

import pytest

from harness.bulk import nested_runs
from harness.deployments import (deployment_run, eventually, make_deployment, poll, scheduled)
from harness.objects import commits, make_flow, make_run, set_state

GONE = "The process and the runner of this flow run are gone."


class Holder:
    """One who takes runs and holds them, for `seconds` after each sign of life."""

    def __init__(self, api, seconds=1):
        self.api, self.id = api, str(uuid.uuid4())
        self.headers = {"Fermata-Lease": f"{seconds}; holder={self.id}"}

    def propose(self, run, type, name=None, **details):
        state = {"type": type, "name": name or type.title(), "state_details": details}
        return self.api.post(f"/flow_runs/{run['id']}/set_state", headers=self.headers,
                             json={"state": state}).json()

    def take(self, run):
        assert self.propose(run, "PENDING")["status"] == "ACCEPT"
        return self

    def look(self, run, etag=None, wait=None):
        headers = dict(self.headers)
        if etag:
            headers |= {"If-None-Match": etag, "Prefer": f"wait={wait}"}
        return self.api.get(f"/flow_runs/{run['id']}", headers=headers)


@pytest.fixture
def made(api):
    return make_deployment(api)


def read(api, run):
    return api.get(f"/flow_runs/{run['id']}").json()


def state(api, run):
    return read(api, run)["state"]


def comes_to(api, run, type):
    eventually(lambda: state(api, run)["type"] == type, 5)
    return state(api, run)


def test_a_run_whose_runner_is_gone_is_offered_again(api, made):
    run = deployment_run(api, made, state=scheduled(0))
    begun = time.monotonic()
    Holder(api).take(run)
    assert poll(api, made) == []
    assert [offered["id"] for offered in poll(api, made, wait=10)] == [run["id"]]
    assert 0.9 < time.monotonic() - begun < 5
    again = state(api, run)
    assert (again["type"], again["name"]) == ("SCHEDULED", "Scheduled")
    assert "it is offered again" in again["message"]
    assert again["state_details"]["scheduled_time"] >= again["timestamp"][:22]


@pytest.mark.parametrize("last, end", [("RUNNING", "CRASHED"), ("CANCELLING", "CANCELLED")])
def test_a_run_whose_process_is_gone_has_ended(api, made, last, end):
    run = deployment_run(api, made, state=scheduled(0))
    holder = Holder(api).take(run)
    assert holder.propose(run, "RUNNING")["status"] == "ACCEPT"
    if last == "CANCELLING":
        set_state(api, run["id"], "CANCELLING")
    looked = api.get(f"/flow_runs/{run['id']}")
    woken = api.get(f"/flow_runs/{run['id']}",
                    headers={"If-None-Match": looked.headers["ETag"], "Prefer": "wait=10"}).json()
    assert (woken["state"]["type"], woken["state"]["message"]) == (end, GONE)


def test_a_run_of_no_deployment_is_offered_to_nobody(api):
    holder = Holder(api)
    run = api.post("/flow_runs/", json={"flow_id": make_flow(api)["id"]},
                   headers=holder.headers).json()
    assert comes_to(api, run, "CRASHED")["message"] == GONE


def test_reading_is_a_sign_of_life(api, made):
    run = deployment_run(api, made, state=scheduled(0))
    holder = Holder(api, seconds=2).take(run)
    holder.propose(run, "RUNNING")
    etag = holder.look(run).headers["ETag"]
    for _ in range(4):
        assert holder.look(run, etag, wait=1).status_code == 304
    assert state(api, run)["type"] == "RUNNING"
    comes_to(api, run, "CRASHED")


def test_without_a_lease_nothing_changes(api, made):
    held, free = (deployment_run(api, made, state=scheduled(0)) for _ in range(2))
    Holder(api).take(held)
    set_state(api, free["id"], "PENDING")
    comes_to(api, held, "SCHEDULED")
    assert state(api, free)["type"] == "PENDING"


def test_a_run_that_waits_is_left_alone(api, made):
    run = deployment_run(api, made, state=scheduled(0))
    holder = Holder(api).take(run)
    holder.propose(run, "RUNNING")
    assert holder.propose(run, "PAUSED", pause_key="1")["status"] == "ACCEPT"
    time.sleep(1.5)
    assert state(api, run)["type"] == "PAUSED"
    begun = time.monotonic()
    assert api.post(f"/flow_runs/{run['id']}/resume").json()["status"] == "ACCEPT"
    assert state(api, run)["type"] == "RUNNING"
    comes_to(api, run, "CRASHED")
    assert time.monotonic() - begun > 0.9, "the lease did not start anew"


def test_a_suspended_run_is_nobodys(api, made):
    run = deployment_run(api, made, state=scheduled(0))
    holder = Holder(api).take(run)
    holder.propose(run, "RUNNING")
    holder.propose(run, "PAUSED", "Suspended", pause_key="1", pause_reschedule=True)
    assert holder.look(run).status_code == 200
    api.post(f"/flow_runs/{run['id']}/resume")
    other = Holder(api, seconds=60).take(run)
    assert holder.look(run).status_code == 409
    assert holder.propose(run, "RUNNING")["status"] == "ABORT"
    assert other.propose(run, "RUNNING")["status"] == "ACCEPT"


def test_one_who_has_lost_a_run_cannot_start_it(api, made):
    run = deployment_run(api, made, state=scheduled(0))
    late = Holder(api).take(run)
    comes_to(api, run, "SCHEDULED")
    lost = late.propose(run, "RUNNING")
    assert (lost["status"], lost["state"]["type"]) == ("ABORT", "SCHEDULED")
    assert "You do not hold this run" in lost["details"]["reason"]
    assert late.look(run).status_code == 409
    Holder(api, seconds=60).take(run)
    assert "Somebody else" in late.propose(run, "RUNNING")["details"]["reason"]
    assert late.propose(run, "CRASHED")["status"] == "ABORT"
    assert "You do not hold" in late.look(run).json()["detail"]
    assert state(api, run)["type"] == "PENDING"


def test_one_who_lost_a_run_to_the_stock_client_cannot_start_it_either(api, made):
    run = deployment_run(api, made, state=scheduled(0))
    late = Holder(api).take(run)
    comes_to(api, run, "SCHEDULED")
    set_state(api, run["id"], "PENDING")
    assert late.propose(run, "RUNNING")["status"] == "ABORT"
    assert set_state(api, run["id"], "RUNNING")["status"] == "ACCEPT"


def test_one_who_comes_back_hears_that_the_run_has_crashed(api, made):
    run = deployment_run(api, made, state=scheduled(0))
    late = Holder(api).take(run)
    late.propose(run, "RUNNING")
    comes_to(api, run, "CRASHED")
    assert late.look(run).json()["state"]["message"] == GONE
    for type in ("RUNNING", "PAUSED", "COMPLETED"):
        answer = late.propose(run, type, pause_key="1")
        assert (answer["status"], answer["state"]["type"]) == ("ABORT", "CRASHED")


def test_a_parked_reader_hears_that_the_run_is_not_its_own_any_more(api, made):
    run = deployment_run(api, made, state=scheduled(0))
    late = Holder(api).take(run)
    etag = late.look(run).headers["ETag"]
    begun = time.monotonic()
    assert late.look(run, etag, wait=30).status_code == 409
    assert time.monotonic() - begun < 10


def test_the_next_try_is_for_whoever_takes_it(api, made):
    run = deployment_run(api, made, state=scheduled(0))
    api.patch(f"/flow_runs/{run['id']}", json={"empirical_policy": {"retries": 1}})
    first, second = Holder(api).take(run), Holder(api)
    first.propose(run, "RUNNING")
    assert first.propose(run, "FAILED")["state"]["name"] == "AwaitingRetry"
    assert [offered["id"] for offered in poll(api, made)] == [run["id"]]
    assert first.propose(run, "RUNNING")["status"] == "ABORT"
    second.take(run)
    assert second.propose(run, "RUNNING")["status"] == "ACCEPT"
    assert second.propose(run, "FAILED")["state"]["type"] == "FAILED"


def test_a_run_of_no_deployment_is_kept_for_its_next_try(api):
    holder = Holder(api, seconds=2)
    run = api.post("/flow_runs/", headers=holder.headers,
                   json={"flow_id": make_flow(api)["id"],
                         "empirical_policy": {"retries": 1}}).json()
    holder.propose(run, "RUNNING")
    assert holder.propose(run, "FAILED")["state"]["name"] == "AwaitingRetry"
    assert Holder(api).propose(run, "RUNNING")["status"] == "ABORT"
    assert holder.propose(run, "RUNNING")["status"] == "ACCEPT"


def test_a_retry_of_no_deployment_whose_process_is_gone_has_crashed(api):
    holder = Holder(api)
    run = api.post("/flow_runs/", headers=holder.headers,
                   json={"flow_id": make_flow(api)["id"],
                         "empirical_policy": {"retries": 1, "retry_delay": 60}}).json()
    holder.propose(run, "RUNNING")
    assert holder.propose(run, "FAILED")["state"]["name"] == "AwaitingRetry"
    assert comes_to(api, run, "CRASHED")["message"] == GONE


def test_leases_start_anew_with_the_server(start_server):
    server = start_server()
    made = make_deployment(server.api)
    run = deployment_run(server.api, made, state=scheduled(0))
    Holder(server.api, seconds=3).take(run)
    server.kill9()
    time.sleep(3.5)
    server.restart()
    assert state(server.api, run)["type"] == "PENDING"
    time.sleep(1.5)
    assert state(server.api, run)["type"] == "PENDING"
    comes_to(server.api, run, "SCHEDULED")


def test_many_leases_run_out_in_time(api, made):
    reply = api.post(f"/deployments/{made['id']}/create_flow_run/bulk",
                     json=[{"state": scheduled(0)}] * 100)
    assert reply.status_code == 200
    runs = poll(api, made, limit=100)
    kept = Holder(api, seconds=60)
    for i, run in enumerate(runs):
        (kept if i % 2 else Holder(api, seconds=2)).take(run)
    eventually(lambda: len(poll(api, made)) == 50, 5)
    filter = {"deployments": {"id": {"any_": [made["id"]]}},
              "flow_runs": {"state": {"type": {"any_": ["PENDING"]}}}}
    assert api.post("/flow_runs/count", json=filter).json() == 50


def test_of_many_only_one_takes_a_run(api, server, made):
    run = deployment_run(api, made, state=scheduled(0))
    verdicts = []

    def take():
        with server.client() as client:
            verdicts.append(Holder(client, seconds=60).propose(run, "PENDING")["status"])

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdicts) == ["ABORT"] * 7 + ["ACCEPT"]


@pytest.mark.parametrize("value", ["", "45", "0; holder=%s", "-1; holder=%s", "3601; holder=%s",
                                   "99999999999999999999; holder=%s", "45; holder=me", "45; %s",
                                   "45; holder=%s0", "forty; holder=%s", ";;;=;"])
def test_a_lease_that_is_none_is_refused(api, value):
    run = make_run(api)
    value = value.replace("%s", str(uuid.uuid4()))
    reply = api.post(f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "RUNNING"}},
                     headers={"Fermata-Lease": value})
    assert reply.status_code == 422
    assert "Invalid Fermata-Lease" in reply.json()["detail"]
    assert read(api, run)["state"]["type"] == "PENDING"


@pytest.mark.parametrize("wait", [None, 10])
def test_a_lease_that_is_made_shorter_ends_sooner(fresh_server, wait):
    """No other lease is there whose end would wake the clock."""
    api = fresh_server.api
    made = make_deployment(api)
    run = deployment_run(api, made, state=scheduled(0))
    holder = Holder(api, seconds=600).take(run)
    holder.propose(run, "RUNNING")
    etag = holder.look(run).headers["ETag"]
    holder.headers["Fermata-Lease"] = f"1; holder={holder.id}"
    begun = time.monotonic()
    if wait:
        assert holder.look(run, etag, wait).json()["state"]["type"] == "CRASHED"
    else:
        holder.look(run)
        comes_to(api, run, "CRASHED")
    assert time.monotonic() - begun < 5


def test_subflows_may_lie_deep_inside_one_another(fresh_server):
    api = fresh_server.api
    holder = Holder(api, seconds=600)
    run = api.post("/flow_runs/", json={"flow_id": make_flow(api)["id"]}, headers=holder.headers).json()
    holder.propose(run, "RUNNING")
    task_run = api.post("/task_runs/", json={"flow_run_id": run["id"], "task_key": "t",
                                             "dynamic_key": "0"}).json()
    last = nested_runs(fresh_server, run, task_run, 4000)
    assert holder.propose(run, "FAILED")["status"] == "ACCEPT"
    for id in (last, f"{1:08x}{last[8:]}"):
        assert read(api, {"id": id})["state"]["message"] == "The process of the parent flow run is gone."


def leases_to_begin(server):
    with sqlite3.connect(f"file:{server.data}/fermata.db?mode=ro", uri=True) as database:
        count = database.execute("SELECT COUNT(*) FROM run_leases WHERE begins > 0").fetchone()[0]
    database.close()
    return count


def test_leases_begin_anew_some_at_a_time(fresh_server):
    """The end of a pause is one commit; that the lease runs again is told to the disk later, for all
    whose pauses ended meanwhile."""
    api = fresh_server.api
    holder = Holder(api, seconds=60)
    runs = [make_run(api, state=scheduled(0)) for _ in range(20)]
    for run in runs:
        holder.take(run)
        assert holder.propose(run, "RUNNING")["status"] == "ACCEPT"
        assert holder.propose(run, "PAUSED", pause_timeout="2099-01-01T00:00:00Z")["status"] == "ACCEPT"
    before, begun = commits(fresh_server), time.monotonic()
    for run in runs:
        assert api.post(f"/flow_runs/{run['id']}/resume").json()["status"] == "ACCEPT"
    spent = time.monotonic() - begun
    assert commits(fresh_server) - before <= len(runs) + 1 + spent
    eventually(lambda: not leases_to_begin(fresh_server), 5)
