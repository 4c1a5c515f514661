"""Logs: stored in batches, found, in order."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from harness.objects import wait_for, waiting

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def entry(run_id, message="m", level=20, seconds=0, **more):
    return {"name": "prefect.flow_runs", "level": level, "message": message, "flow_run_id": run_id,
            "timestamp": (START + timedelta(seconds=seconds)).isoformat()} | more


def store(api, *entries):
    reply = api.post("/logs/", json=list(entries))
    assert (reply.status_code, reply.json()) == (201, None)


def messages(api, run_id, sort=None, limit=None, offset=None, **filters):
    body = {"logs": {"flow_run_id": {"any_": [run_id]}} | filters, "sort": sort, "limit": limit,
            "offset": offset}
    return [log["message"] for log in api.post("/logs/filter", json=body).json()]


@pytest.fixture
def run_id():
    return str(uuid.uuid4())


def test_order(api, run_id):
    store(api, entry(run_id, "b", seconds=2), entry(run_id, "a", seconds=1))
    store(api, entry(run_id, "b2", seconds=2))
    assert messages(api, run_id) == ["a", "b", "b2"]
    assert messages(api, run_id, "TIMESTAMP_DESC") == ["b2", "b", "a"]
    assert messages(api, run_id, "SEQ_ASC") == ["b", "a", "b2"]
    assert messages(api, run_id, limit=1, offset=1) == ["b"]


def test_filters(api, run_id):
    task = str(uuid.uuid4())
    store(api, entry(run_id, "quiet one", 10), entry(run_id, "Loud words", 40, 5, task_run_id=task))
    time = (START + timedelta(seconds=5)).isoformat()
    assert messages(api, run_id, level={"ge_": 40}) == ["Loud words"]
    assert messages(api, run_id, level={"le_": 10}) == ["quiet one"]
    assert messages(api, run_id, timestamp={"after_": time}) == ["Loud words"]
    assert messages(api, run_id, timestamp={"before_": START.isoformat()}) == ["quiet one"]
    assert messages(api, run_id, task_run_id={"any_": [task]}) == ["Loud words"]
    assert messages(api, run_id, task_run_id={"is_null_": True}) == ["quiet one"]
    assert messages(api, run_id, text={"query": "loud"}) == ["Loud words"]
    assert messages(api, run_id, text={"query": "prefect -loud"}) == ["quiet one"]
    assert messages(api, run_id, text={"query": '"loud words"'}) == ["Loud words"]


def test_the_place_from_which_to_go_on(api, run_id):
    store(api, entry(run_id, "1"), entry(run_id, "2"))
    body = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "SEQ_ASC"}
    first = api.post("/logs/filter", json=body).json()
    assert first[0]["seq"] < first[1]["seq"]
    store(api, entry(run_id, "earlier by its clock", seconds=-5))
    assert messages(api, run_id, "SEQ_ASC", seq={"gt_": first[1]["seq"]}) == ["earlier by its clock"]


def test_one_condition_of_several_is_waited_for_in_every_run(server, api, run_id):
    """With or_ a log of another run may fit: it is told at once, too."""
    name = f"logger-{run_id}"
    body = {"logs": {"operator": "or_", "flow_run_id": {"any_": [run_id]}, "text": {"query": name}}}
    before = waiting(server)
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(api.post, "/logs/filter", json=body, headers={"Prefer": "wait=20"})
        wait_for(lambda: waiting(server) > before)
        began = time.monotonic()
        store(api, entry(str(uuid.uuid4()), "of another", name=name))
        assert [log["message"] for log in reply.result().json()] == ["of another"]
        assert time.monotonic() - began < 10


def test_a_batch_is_stored_whole_or_not_at_all(api, run_id):
    reply = api.post("/logs/", json=[entry(run_id), entry(run_id, level="loud")])
    assert reply.status_code == 422
    assert reply.json()["exception_detail"][0]["loc"] == ["body", 1, "level"]
    assert messages(api, run_id) == []


def test_a_large_batch(api, run_id):
    store(api, *(entry(run_id, f"{n}", seconds=n) for n in range(1000)))
    assert messages(api, run_id, limit=200, offset=800) == [str(n) for n in range(800, 1000)]
    store(api)
