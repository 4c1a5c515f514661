"""Waiting reads at their edges: preconditions, preferences, and a server that is told to stop."""

import threading
import time

import httpx
import pytest

from harness.bulk import many_logs
from harness.objects import make_flow, make_run, set_state


@pytest.fixture(scope="module")
def run(api):
    return make_run(api)


def etag_of(api, run):
    return api.get(f"/flow_runs/{run['id']}").headers["ETag"]


@pytest.fixture(scope="module")
def api(server):
    return server.api


@pytest.mark.parametrize("form", ["{}", "W/{}", '"0", {}', '"0",W/{}', "*", "{} ,,"])
def test_a_known_version_is_not_sent_again(api, run, form):
    reply = api.get(f"/flow_runs/{run['id']}",
                    headers={"If-None-Match": form.format(etag_of(api, run))})
    assert reply.status_code == 304
    assert reply.headers["ETag"] == etag_of(api, run)


@pytest.mark.parametrize("form", ['"0"', "W/\"0\"", "nonsense", '"', ""])
def test_another_version_is(api, run, form):
    reply = api.get(f"/flow_runs/{run['id']}", headers={"If-None-Match": form})
    assert reply.status_code == 200


@pytest.mark.parametrize("prefer, applied", [
    ("wait=0", "wait=0"), ("Wait=0", "wait=0"), ('wait="0"', "wait=0"),
    ("respond-async, wait=0", "wait=0"), ("wait=-1", None), ("wait", None), ('x="a, wait=0"', None)])
def test_preferences(api, run, prefer, applied):
    reply = api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": "x"},
                     headers={"Prefer": prefer})
    assert reply.json() == []
    assert reply.headers.get("Preference-Applied") == applied


def test_a_stop_is_not_waited_out(fresh_server):
    """Requests that run just when the server is told to stop are answered like those that wait."""
    server = fresh_server
    flow = make_flow(server.api)
    run = make_run(server.api, flow)
    stop = threading.Event()
    answered = []

    def wait(number):
        with httpx.Client(base_url=server.url + "/api", timeout=60, trust_env=False) as client:
            while not stop.is_set():
                try:
                    reply = client.post(f"/flow_runs/{run['id']}/input/filter",
                                        json={"prefix": "nothing"}, headers={"Prefer": "wait=60"})
                except httpx.TransportError:
                    return
                answered.append(reply.status_code)

    def wake():
        number = 0
        with httpx.Client(base_url=server.url + "/api", timeout=60, trust_env=False) as client:
            while not stop.is_set():
                number += 1
                try:
                    client.post(f"/flow_runs/{run['id']}/input",
                                json={"key": f"k-{number}", "value": "1"})
                    other = make_run(client, flow)
                    set_state(client, other["id"], "RUNNING")
                    set_state(client, other["id"], "PAUSED", pause_timeout="2999-01-01T00:00:00Z")
                except (httpx.TransportError, AssertionError):
                    return

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(12)]
    threads += [threading.Thread(target=wake) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    begun = time.monotonic()
    server.stop()
    took = time.monotonic() - begun
    stop.set()
    for thread in threads:
        thread.join()
    assert took < 8, f"the stop took {took:.1f} s"
    assert set(answered) <= {200}


def test_no_waiting_read_stands_behind_searches(fresh_server):
    """A flow that waits is told while more searches are at work than there are threads for them."""
    api = fresh_server.api
    run = make_run(api)
    many_logs(fresh_server, run, 400_000)
    ended = []

    def search():
        with fresh_server.client() as client:
            body = {"logs": {"text": {"query": "found-nowhere"}}}
            ended.append(client.post("/logs/filter", json=body).status_code)

    searches = [threading.Thread(target=search) for _ in range(12)]
    for thread in searches:
        thread.start()
    time.sleep(0.1)
    assert etag_of(api, run) and len(ended) < 4
    for thread in searches:
        thread.join()
    assert set(ended) <= {200, 503}
