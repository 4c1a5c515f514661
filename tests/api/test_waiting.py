"""Reads that wait: Prefer: wait=SECONDS on each route that takes it."""

import json
import re
import socket
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import httpx
import pytest

from harness.objects import make_run, set_state

PROMPT = 5  # seconds in which a busy machine has told what has happened; waits are far longer


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as executor:
        yield executor


def waiting(server, method, path, seconds=60, json=None, **headers):
    """The reply to a waiting request, and how long it took."""
    with server.client() as client:
        begun = time.monotonic()
        reply = client.request(method, path, json=json,
                               headers={"Prefer": f"wait={seconds}"} | headers)
        return reply, time.monotonic() - begun


def parked(server):
    text = httpx.get(server.url + "/metrics", trust_env=False).text
    return int(re.search(r"^fermata_waiting (\d+)$", text, re.M).group(1))


@pytest.fixture(scope="module", autouse=True)
def services(server):
    """How many of the server's own parts wait, beside requests: they count too."""
    global own
    own = parked(server)


def until_parked(server, count=1):
    deadline = time.monotonic() + 20
    while parked(server) - own != count:
        assert time.monotonic() < deadline, f"{parked(server) - own} are waiting, not {count}"
        time.sleep(0.01)


def pause(api, run):
    deadline = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
    set_state(api, run["id"], "RUNNING")
    set_state(api, run["id"], "PAUSED", pause_key="1", pause_timeout=deadline)


def send(api, run, key="k-1"):
    assert api.post(f"/flow_runs/{run['id']}/input", json={"key": key, "value": "v"}).status_code == 201


def log(api, run):
    entry = {"name": "n", "level": 20, "message": "m", "flow_run_id": run["id"],
             "timestamp": datetime.now(timezone.utc).isoformat()}
    assert api.post("/logs/", json=[entry]).status_code == 201


def question(api, run):
    pause(api, run)
    [request] = api.post("/input_requests/filter", json={
        "input_requests": {"flow_run_id": {"any_": [run["id"]]}}}).json()
    return request["id"]


ENDS = {
    "answered": lambda api, run, asked: api.post(f"/input_requests/{asked}/answer", json={}),
    "answered by a Prefect client": lambda api, run, asked: api.post(
        f"/flow_runs/{run['id']}/resume", json={}),
    "cancelled": lambda api, run, asked: set_state(api, run["id"], "CANCELLING"),
}


@pytest.mark.parametrize("end", ENDS)
def test_who_waits_for_an_input_request_hears_of_its_end(server, api, pool, end):
    run = make_run(api)
    asked = question(api, run)
    future = pool.submit(waiting, server, "GET", f"/input_requests/{asked}")
    until_parked(server)
    ENDS[end](api, run, asked)
    reply, took = future.result()
    assert took < PROMPT
    assert reply.json()["state"] == end.split()[0]
    assert reply.headers["preference-applied"] == "wait=60"
    reply, took = waiting(server, "GET", f"/input_requests/{asked}")
    assert reply.json()["state"] == end.split()[0] and took < PROMPT


def test_who_waits_for_an_input_request_hears_of_its_deletion(server, api, pool):
    run = make_run(api)
    future = pool.submit(waiting, server, "GET", f"/input_requests/{question(api, run)}")
    until_parked(server)
    assert api.delete(f"/flow_runs/{run['id']}").status_code == 204
    reply, took = future.result()
    assert reply.status_code == 404 and took < PROMPT


def test_an_input_request_that_nobody_answers_is_given_as_it_is(server, api):
    run = make_run(api)
    reply, took = waiting(server, "GET", f"/input_requests/{question(api, run)}", seconds=1)
    assert reply.json()["state"] == "open"
    assert 0.9 < took < PROMPT


def etag(api, run):
    return api.get(f"/flow_runs/{run['id']}").headers["etag"]


# name: what is asked, what happens, what the end of the wait says
ROUTES = {
    "a run that changes": (
        lambda api, run: ("GET", f"/flow_runs/{run['id']}", None, {"If-None-Match": etag(api, run)}),
        lambda api, run: set_state(api, run["id"], "RUNNING"), 304),
    "a run that is renamed": (
        lambda api, run: ("GET", f"/flow_runs/{run['id']}", None, {"If-None-Match": etag(api, run)}),
        lambda api, run: api.patch(f"/flow_runs/{run['id']}", json={"name": "x"}), 304),
    "inputs": (
        lambda api, run: ("POST", f"/flow_runs/{run['id']}/input/filter", {"prefix": "k-"}, {}),
        send, []),
    "an input": (
        lambda api, run: ("GET", f"/flow_runs/{run['id']}/input/k-1", None, {}), send, 404),
    "logs": (
        lambda api, run: ("POST", "/logs/filter", {"logs": {"flow_run_id": {"any_": [run["id"]]}}}, {}),
        log, []),
    "the inbox": (
        lambda api, run: ("POST", "/input_requests/filter",
                          {"input_requests": {"flow_run_id": {"any_": [run["id"]]}}}, {}),
        pause, []),
}


@pytest.mark.parametrize("ask, happen, nothing", ROUTES.values(), ids=ROUTES)
def test_an_answer_as_soon_as_there_is_one(server, api, pool, ask, happen, nothing):
    run = make_run(api)
    method, path, body, headers = ask(api, run)
    future = pool.submit(waiting, server, method, path, json=body, **headers)
    until_parked(server)
    begun = time.monotonic()
    happen(api, run)
    reply, _ = future.result()
    assert time.monotonic() - begun < PROMPT
    assert reply.status_code == 200 and reply.text not in ("", "[]")
    assert reply.headers["preference-applied"] == "wait=60"
    until_parked(server, 0)


@pytest.mark.parametrize("ask, happen, nothing", ROUTES.values(), ids=ROUTES)
def test_the_end_of_the_wait(server, api, ask, happen, nothing):
    run = make_run(api)
    method, path, body, headers = ask(api, run)
    reply, took = waiting(server, method, path, 1, json=body, **headers)
    assert 0.9 < took < 1 + PROMPT
    if isinstance(nothing, int):
        assert reply.status_code == nothing
    else:
        assert (reply.status_code, reply.json()) == (200, nothing)
    assert reply.headers["preference-applied"] == "wait=1"


@pytest.mark.parametrize("ask, happen, nothing", ROUTES.values(), ids=ROUTES)
def test_no_wait_where_there_is_something_to_say(server, api, ask, happen, nothing):
    run = make_run(api)
    method, path, body, headers = ask(api, run)
    happen(api, run)
    reply, took = waiting(server, method, path, json=body, **headers)
    assert reply.status_code == 200 and took < PROMPT


@pytest.mark.parametrize("ask, happen, nothing", ROUTES.values(), ids=ROUTES)
def test_no_wait_without_the_preference(api, ask, happen, nothing):
    run = make_run(api)
    method, path, body, headers = ask(api, run)
    begun = time.monotonic()
    reply = api.request(method, path, json=body, headers=headers)
    assert time.monotonic() - begun < PROMPT
    assert "preference-applied" not in reply.headers


def test_the_inbox_of_a_run_wakes_only_for_it(server, api, pool):
    run, other = make_run(api), make_run(api)
    body = {"input_requests": {"flow_run_id": {"any_": [run["id"]]}}}
    future = pool.submit(waiting, server, "POST", "/input_requests/filter", json=body)
    until_parked(server)
    pause(api, other)
    until_parked(server)
    assert not future.done()
    pause(api, run)
    [request] = future.result()[0].json()
    assert request["flow_run_id"] == run["id"]


def test_followers_of_logs_hear_of_the_end(server, api, pool):
    run = make_run(api)
    body = {"logs": {"flow_run_id": {"any_": [run["id"]]}}}
    future = pool.submit(waiting, server, "POST", "/logs/filter", json=body)
    until_parked(server)
    set_state(api, run["id"], "RUNNING")
    until_parked(server)
    set_state(api, run["id"], "COMPLETED")
    reply, took = future.result()
    assert reply.json() == [] and took < 30


def test_a_deleted_run_answers(server, api, pool):
    run = make_run(api)
    future = pool.submit(waiting, server, "GET", f"/flow_runs/{run['id']}",
                         **{"If-None-Match": etag(api, run)})
    until_parked(server)
    api.delete(f"/flow_runs/{run['id']}")
    assert future.result()[0].status_code == 404


def test_many_wait_for_one_thing(server, api):
    run = make_run(api)
    with ThreadPoolExecutor(20) as executor:
        futures = [executor.submit(waiting, server, "GET", f"/flow_runs/{run['id']}/input/k-1")
                   for _ in range(20)]
        until_parked(server, 20)
        send(api, run)
        assert {future.result()[0].text for future in futures} == {"v"}


def test_several_preferences(server, api):
    run = make_run(api)
    begun = time.monotonic()
    reply = api.get(f"/flow_runs/{run['id']}/input/x", headers={"Prefer": "respond-async, wait=1"})
    assert reply.status_code == 404 and time.monotonic() - begun > 0.9


def test_routes_that_do_not_wait(api):
    reply = api.get(f"/flows/{uuid.uuid4()}", headers={"Prefer": "wait=60"})
    assert reply.status_code == 404 and "preference-applied" not in reply.headers


def raw_request(server, path):
    url = httpx.URL(server.url)
    connection = socket.create_connection((url.host, url.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\n"
                       "Prefer: wait=60\r\n\r\n".encode())
    return connection


def test_a_client_that_goes_away_frees_its_place(server, api):
    run = make_run(api)
    connections = [raw_request(server, f"/api/flow_runs/{run['id']}/input/x") for _ in range(5)]
    until_parked(server, 5)
    for connection in connections:
        connection.close()
    until_parked(server, 0)
    assert api.get("/health").status_code == 200


def test_the_end_of_the_server_answers(start_server):
    server = start_server()
    run = make_run(server.api)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(waiting(
        server, "POST", f"/flow_runs/{run['id']}/input/filter", json={"prefix": "k"})))
    thread.start()
    until_parked(server)
    begun = time.monotonic()
    server.stop()
    thread.join()
    assert time.monotonic() - begun < 20
    [(reply, _)] = answers
    assert (reply.status_code, reply.json()) == (200, [])


def test_etags(api):
    run = make_run(api)
    path = f"/flow_runs/{run['id']}"
    first = etag(api, run)
    reply = api.get(path, headers={"If-None-Match": first})
    assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", first)
    seen = {first}
    for change in ({"name": "a"}, {"tags": ["a"]}, {"parameters": {"x": json.loads("1")}}):
        api.patch(path, json=change)
        seen.add(etag(api, run))
    set_state(api, run["id"], "RUNNING")
    api.patch(path + "/labels", json={"l": 1})
    seen |= {etag(api, run)}
    assert len(seen) == 5
    assert api.get(path, headers={"If-None-Match": first}).status_code == 200
