"""Inputs of a run: text under keys, in the order of arrival."""

import threading
import uuid

import pytest

from harness.objects import make_run, wait_for, waiting


def send(api, run, key, value="v", status=201, **more):
    reply = api.post(f"/flow_runs/{run['id']}/input", json={"key": key, "value": value} | more)
    assert reply.status_code == status, reply.text


def keys(api, run, prefix="", **more):
    reply = api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": prefix} | more)
    assert reply.status_code == 200
    return [row["key"] for row in reply.json()]


@pytest.fixture
def run(api):
    return make_run(api)


@pytest.mark.parametrize("value", ['{"value":"x"}', "not json", "", "ünï\n\t\"", "x" * 300_000])
def test_the_text_itself(api, run, value):
    send(api, run, "k", value, sender="prefect.flow-run.x")
    reply = api.get(f"/flow_runs/{run['id']}/input/k")
    assert reply.text == value
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    [row] = api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": "k"}).json()
    assert (row["value"], row["sender"], row["flow_run_id"]) == (value, "prefect.flow-run.x", run["id"])


def test_a_key_is_there_once(api, run):
    send(api, run, "k", "first")
    send(api, run, "k", "second", status=409)
    assert api.get(f"/flow_runs/{run['id']}/input/k").text == "first"
    send(api, make_run(api), "k")


def test_of_no_run(api):
    nobody = {"id": str(uuid.uuid4())}
    send(api, nobody, "k", status=404)
    assert keys(api, nobody) == []
    assert api.get(f"/flow_runs/{nobody['id']}/input/k").status_code == 404


def test_order_is_that_of_arrival(api, run):
    for key in ("p-3", "p-1", "q-1", "p-2"):
        send(api, run, key)
    assert keys(api, run, "p-") == ["p-3"]  # one, if nobody says how many
    assert keys(api, run, "p-", limit=10) == ["p-3", "p-1", "p-2"]
    assert keys(api, run, "p-", limit=2) == ["p-3", "p-1"]
    assert keys(api, run, "", limit=10) == ["p-3", "p-1", "q-1", "p-2"]


def test_what_the_reader_has_had(api, run):
    had = []
    for key in ("a-2", "a-1", "a-3"):
        send(api, run, key)
        assert keys(api, run, "a-", limit=1, exclude_keys=had) == [key]
        had.append(key)
    assert keys(api, run, "a-", exclude_keys=had) == []
    assert keys(api, run, "a-", limit=9, exclude_keys=["a-1", "a-1", "other"]) == ["a-2", "a-3"]


def test_a_prefix_is_only_text(api, run):
    for key in ("a_b-1", "axb-1", "A_B-1"):
        send(api, run, key)
    assert keys(api, run, "a_b", limit=10) == ["a_b-1"]
    assert keys(api, run, "%", limit=10) == []


def rows_after(api, run, after, prefix="", **more):
    body = {"prefix": prefix, "after": after, "limit": 200} | more
    reply = api.post(f"/flow_runs/{run['id']}/input/filter", json=body)
    assert reply.status_code == 200
    return reply.json()


def test_a_reader_goes_on_after_the_last_that_it_has_had(api, run):
    for key in ("a-1", "b-1", "a-2", "a-3"):
        send(api, run, key)
    first, *rest = rows_after(api, run, 0)
    assert first["key"] == "a-1" and [row["key"] for row in rest] == ["b-1", "a-2", "a-3"]
    assert [row["key"] for row in rows_after(api, run, first["seq"], "a-")] == ["a-2", "a-3"]
    assert [row["key"] for row in rows_after(api, run, first["seq"], exclude_keys=["a-2"])] == [
        "b-1", "a-3"]
    assert rows_after(api, run, rest[-1]["seq"]) == []
    assert rows_after(api, make_run(api), 0) == []


def test_a_long_page_ends_early_for_who_can_go_on(api, run):
    for i in range(6):
        send(api, run, f"k-{i}", "x" * 1_000_000)
    assert len(rows_after(api, run, 0)) == 5
    assert len(keys(api, run, limit=200)) == 6


def test_a_number_is_never_given_again(api, run):
    send(api, run, "k-1")
    [last] = rows_after(api, run, 0)
    api.delete(f"/flow_runs/{run['id']}/input/k-1")
    send(api, run, "k-2")
    assert [row["key"] for row in rows_after(api, run, last["seq"])] == ["k-2"]


def test_who_waits_is_told_of_what_matches_alone(server, api, run):
    """What does not match wakes nobody's answer, and what comes later is still seen."""
    replies = []

    def wait():
        with server.client() as client:
            replies.append(client.post(
                f"/flow_runs/{run['id']}/input/filter", headers={"Prefer": "wait=20"},
                json={"prefix": "wanted", "limit": 200}).json())

    before = waiting(server)
    thread = threading.Thread(target=wait)
    thread.start()
    wait_for(lambda: waiting(server) > before)
    for i in range(20):
        send(api, run, f"other-{i}")
    assert not replies
    send(api, run, "wanted-1")
    thread.join(10)
    assert [row["key"] for row in replies[0]] == ["wanted-1"]


def test_put_replaces_and_keeps_the_place(api, run):
    path = f"/flow_runs/{run['id']}/input/mark"
    assert api.put(path, json={"value": "1"}).status_code == 204
    send(api, run, "k")
    [mark, other] = rows_after(api, run, 0)
    assert (mark["key"], mark["value"], mark["sender"]) == ("mark", "1", None)
    assert api.put(path, json={"value": "2", "sender": "me"}).status_code == 204
    [replaced, _] = rows_after(api, run, 0)
    assert (replaced["seq"], replaced["value"], replaced["sender"]) == (mark["seq"], "2", "me")
    assert rows_after(api, run, other["seq"]) == []


def test_put_wakes_who_waits_for_the_key(server, api, run):
    replies = []

    def wait():
        with server.client() as client:
            replies.append(client.get(f"/flow_runs/{run['id']}/input/mark",
                                      headers={"Prefer": "wait=20"}).text)

    before = waiting(server)
    thread = threading.Thread(target=wait)
    thread.start()
    wait_for(lambda: waiting(server) > before)
    api.put(f"/flow_runs/{run['id']}/input/mark", json={"value": "there"})
    thread.join(10)
    assert replies == ["there"]


@pytest.mark.parametrize("key, body, status", [("a%20b", {"value": "v"}, 422), ("k", {}, 422),
                                               ("k", {"value": 1}, 422), ("x" * 1025, {"value": ""}, 422),
                                               ("k", {"key": "k", "value": "v"}, 422)])
def test_put_of_what_is_none(api, run, key, body, status):
    assert api.put(f"/flow_runs/{run['id']}/input/{key}", json=body).status_code == status


def test_put_to_no_run(api):
    assert api.put(f"/flow_runs/{uuid.uuid4()}/input/k", json={"value": "v"}).status_code == 404


def test_delete(api, run):
    send(api, run, "k")
    path = f"/flow_runs/{run['id']}/input/k"
    assert [api.delete(path).status_code, api.delete(path).status_code,
            api.get(path).status_code] == [204, 404, 404]
    send(api, run, "k", "again")


def test_a_deleted_run_has_none(api, run):
    send(api, run, "k")
    api.delete(f"/flow_runs/{run['id']}")
    assert keys(api, run) == []


@pytest.mark.parametrize("key", ["", "a b", "a/b", "a?b", "é", "x" * 1025])
def test_keys(api, run, key):
    send(api, run, key, status=422)


@pytest.mark.parametrize("body", [{}, {"key": "k"}, {"value": "v"}, {"key": "k", "value": {}},
                                  {"key": "k", "value": None}, {"key": "k", "value": "v", "x": 1}])
def test_bodies(api, run, body):
    assert api.post(f"/flow_runs/{run['id']}/input", json=body).status_code == 422
    assert keys(api, run) == []


@pytest.mark.parametrize("more", [{"limit": 0}, {"limit": "x"}, {"exclude_keys": "x"}, {"prefix": None},
                                  {"after": -1}, {"after": "a"}])
def test_filter_bodies(api, run, more):
    assert api.post(f"/flow_runs/{run['id']}/input/filter",
                    json={"prefix": ""} | more).status_code == 422
