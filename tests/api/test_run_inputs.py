"""Inputs of a run: text under keys, in the order of arrival."""

import uuid

import pytest

from harness.objects import make_run


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


@pytest.mark.parametrize("more", [{"limit": 0}, {"limit": "x"}, {"exclude_keys": "x"}, {"prefix": None}])
def test_filter_bodies(api, run, more):
    assert api.post(f"/flow_runs/{run['id']}/input/filter",
                    json={"prefix": ""} | more).status_code == 422
