"""Polls of the stock Prefect client, which are held: who is, for how long, and what ends it. What
its own programs see of it: tests/e2e/python/test_held_polls.py."""

import threading
import time

import httpx
import pytest

from harness.deployments import at, deployment_run, make_deployment, poll
from harness.objects import make_flow, make_run, wait_for, waiting
from harness.server import Server

HOLD = 3  # seconds
MARGIN = 1  # what a busy machine may take for an answer that comes at once


@pytest.fixture(scope="module")
def held_server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("held"), "--hold-polls", str(HOLD),
                "--hold-receives", str(HOLD)) as running:
        yield running


@pytest.fixture
def connect(held_server):
    """connect(run): a client with a connection of its own, that says that it is inside a flow."""
    clients = []

    def connect(run=None):
        headers = {"X-Prefect-Flow-Id": run["flow_id"]} if run else {}
        clients.append(held_server.client(headers=headers))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def timed(ask):
    begun = time.monotonic()
    reply = ask()
    return reply, time.monotonic() - begun


def later(seconds, do):
    timer = threading.Timer(seconds, do)
    timer.start()
    return timer


def pause(client, run, **details):
    state = {"type": "PAUSED", "state_details": {"pause_timeout": at(60), "pause_key": "1"} | details}
    reply = client.post(f"/flow_runs/{run['id']}/set_state", json={"state": state})
    assert reply.json()["status"] == "ACCEPT", reply.text


def running(client):
    return make_run(client, state={"type": "RUNNING"})


def read(client, run, **headers):
    reply, took = timed(lambda: client.get(f"/flow_runs/{run['id']}", headers=headers))
    assert reply.status_code == 200, reply.text
    assert "Preference-Applied" not in reply.headers or headers
    return reply.json()["state"]["type"], took


# ---- pauses ----

def test_a_pause_is_held_until_it_is_resumed(connect):
    run = running(connect())
    own = connect(run)
    pause(own, run)
    later(0.5, lambda: connect().post(f"/flow_runs/{run['id']}/resume", json={}))
    state, took = read(own, run)
    assert (state, 0.4 < took < HOLD) == ("RUNNING", True)


def test_a_pause_is_held_for_the_time_that_is_set(connect):
    run = running(connect())
    own = connect(run)
    pause(own, run)
    state, took = read(own, run)
    assert state == "PAUSED" and HOLD - 0.1 < took < HOLD + MARGIN


def test_a_pause_is_held_no_longer_than_its_deadline(connect):
    """And a moment more: the client's clock began later."""
    run = running(connect())
    own = connect(run)
    pause(own, run, pause_timeout=at(1))
    state, took = read(own, run)
    assert state == "FAILED" and 1.8 < took < HOLD


def test_a_pause_that_is_cancelled_is_told_at_once(connect):
    run = running(connect())
    own = connect(run)
    pause(own, run)
    later(0.3, lambda: connect().post(f"/flow_runs/{run['id']}/set_state",
                                      json={"state": {"type": "CANCELLING"}}))
    state, took = read(own, run)
    assert state == "CANCELLING" and took < HOLD - 1


@pytest.mark.parametrize("who", ["another connection", "no flow", "another flow", "a preference",
                                 "a suspended run", "a running run", "another run"])
def test_these_readers_of_a_run_are_never_held(connect, who):
    run = running(connect())
    own = connect(run)
    if who == "a suspended run":
        deployment = make_deployment(connect())
        run = deployment_run(own, deployment, state={"type": "RUNNING"})
    if who != "a running run":
        pause(own, run, pause_reschedule=who == "a suspended run")
    headers = {}
    if who == "another connection":
        own = connect(run)
    elif who == "no flow":
        del own.headers["X-Prefect-Flow-Id"]
    elif who == "another flow":
        own.headers["X-Prefect-Flow-Id"] = make_flow(connect())["id"]
    elif who == "a preference":
        headers = {"Prefer": "wait=0"}
    elif who == "another run":
        run = running(connect())
        pause(connect(), run)
    _, took = read(own, run, **headers)
    assert took < MARGIN


# ---- receiving ----

def receive(client, run, **more):
    body = {"prefix": "x", "limit": 1, "exclude_keys": []} | more
    reply, took = timed(lambda: client.post(f"/flow_runs/{run['id']}/input/filter", json=body))
    assert reply.status_code == 200, reply.text
    return [found["key"] for found in reply.json()], took


def test_the_first_look_is_not_held_and_the_second_until_there_is_input(connect):
    run = running(connect())
    own = connect(run)
    assert receive(own, run)[1] < MARGIN
    later(0.5, lambda: connect().post(f"/flow_runs/{run['id']}/input",
                                      json={"key": "x-1", "value": "1"}))
    keys, took = receive(own, run)
    assert keys == ["x-1"] and 0.4 < took < HOLD
    keys, took = receive(own, run, exclude_keys=keys)  # another question: a first look again
    assert keys == [] and took < MARGIN


def test_an_empty_receive_is_held_for_the_time_that_is_set(connect):
    run = running(connect())
    own = connect(run)
    receive(own, run)
    keys, took = receive(own, run)
    assert keys == [] and HOLD - 0.1 < took < HOLD + MARGIN


@pytest.mark.parametrize("more, inside", [({"limit": 2}, True), ({"after": 0}, True), ({}, False)])
def test_these_lists_of_inputs_are_never_held(connect, more, inside):
    run = running(connect())
    own = connect(run if inside else None)
    assert all(receive(own, run, **more)[1] < MARGIN for _ in range(2))


def test_receives_are_not_held_unless_it_is_set(server):
    run = running(server.api)
    with server.client(headers={"X-Prefect-Flow-Id": run["flow_id"]}) as own:
        assert all(receive(own, run)[1] < MARGIN for _ in range(3))


# ---- runners ----

def test_a_runner_is_held_for_half_of_its_own_interval(connect):
    own = connect()
    deployment = make_deployment(own)
    _, first = timed(lambda: poll(own, deployment, scheduled_before=at(10)))
    time.sleep(2)
    runs, second = timed(lambda: poll(own, deployment, scheduled_before=at(10)))
    assert first < 0.5 and runs == [] and 0.9 < second < 1 + MARGIN


def test_a_runner_that_is_held_has_a_run_at_once(connect):
    own = connect()
    deployment = make_deployment(own)
    poll(own, deployment, scheduled_before=at(10))
    time.sleep(4)
    later(0.3, lambda: deployment_run(connect(), deployment))
    runs, took = timed(lambda: poll(own, deployment, scheduled_before=at(10)))
    assert len(runs) == 1 and took < 1.5


def test_another_question_of_a_runner_is_not_held(connect):
    own = connect()
    poll(own, make_deployment(own))
    time.sleep(2)
    _, took = timed(lambda: poll(own, make_deployment(own)))
    assert took < 0.9


# ---- all of them ----

def test_nothing_is_held_where_that_is_set(start_server):
    server = start_server("--hold-polls", "0")
    run = running(server.api)
    with server.client(headers={"X-Prefect-Flow-Id": run["flow_id"]}) as own:
        pause(own, run)
        assert read(own, run)[1] < MARGIN
        deployment = make_deployment(own)
        poll(own, deployment)
        time.sleep(2)
        assert timed(lambda: poll(own, deployment))[1] < 0.9


def test_the_end_of_the_server_ends_what_is_held(start_server):
    server = start_server("--hold-polls", "50")
    run = running(server.api)
    with server.client(headers={"X-Prefect-Flow-Id": run["flow_id"]}) as own:
        pause(own, run)
        later(0.5, server.stop)
        state, took = read(own, run)
    assert state == "PAUSED" and took < 10


def test_a_client_that_goes_away_is_not_held(held_server, connect):
    run = running(connect())
    own = connect(run)
    pause(own, run)
    idle = waiting(held_server)
    with pytest.raises(httpx.ReadTimeout):
        own.get(f"/flow_runs/{run['id']}", timeout=0.3)
    wait_for(lambda: waiting(held_server) == idle, seconds=HOLD - 1)


def test_no_longer_than_clients_bear(start_server):
    with pytest.raises(AssertionError, match="--hold-polls.*from 0 to 55"):
        start_server("--hold-polls", "56")
