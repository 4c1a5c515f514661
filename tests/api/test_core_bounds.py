"""What clients control in size stays within bounds: a clear refusal, and the server lives on."""

import uuid

import pytest

from harness.objects import make_flow, make_run, set_state


def refused(reply, text):
    assert reply.status_code == 422, reply.text[:500]
    assert text in reply.json()["errors"][0]["message"]


@pytest.mark.parametrize("count", [1001, 40_000])
def test_a_list_in_a_filter(api, count):
    ids = [str(uuid.uuid4()) for _ in range(count)]
    refused(api.post("/flow_runs/filter", json={"flow_runs": {"id": {"any_": ids}}}),
            f"at most 1000 items after validation, not {count}")
    refused(api.post("/flow_runs/count", json={"flow_runs": {"name": {"any_": ids}}}), "at most 1000")
    refused(api.post("/logs/filter", json={"logs": {"flow_run_id": {"any_": ids}}},
                     headers={"Prefer": "wait=5"}), "at most 1000")
    reply = api.post("/flow_runs/filter", json={"flow_runs": {"id": {"any_": ids[:1000]}}})
    assert reply.json() == []


def test_all_lists_of_a_filter_together(api):
    names = [str(number) for number in range(1000)]
    group = {"name": {"any_": names}, "flow_version": {"any_": names},
             "work_queue_name": {"any_": names},
             "idempotency_key": {"any_": names, "not_any_": names},
             "state": {"name": {"any_": names, "not_any_": names}},
             "id": {"not_any_": [str(uuid.uuid4()) for _ in names]},
             "deployment_id": {"any_": [str(uuid.uuid4()) for _ in names]},
             "parent_task_run_id": {"any_": [str(uuid.uuid4()) for _ in names]},
             "parent_flow_run_id": {"any_": [str(uuid.uuid4()) for _ in names]}}
    refused(api.post("/flow_runs/filter", json={"flow_runs": group}), "at most 10000 values")
    del group["name"]
    assert api.post("/flow_runs/filter", json={"flow_runs": group}).json() == []


@pytest.mark.parametrize("count", [101, 5000])
def test_tags_and_words(api, count):
    words = [f"w{number}" for number in range(count)]
    refused(api.post("/flow_runs/filter", json={"flow_runs": {"tags": {"all_": words}}}),
            "at most 100 items")
    refused(api.post("/logs/filter", json={"logs": {"text": {"query": " ".join(words)}}}),
            "at most 100 words")
    reply = api.post("/flow_runs/filter", json={"flow_runs": {"tags": {"all_": words[:100]}}})
    assert reply.json() == []
    reply = api.post("/logs/filter", json={"logs": {"text": {"query": " ".join(words[:100])}}})
    assert reply.json() == []


def test_a_refusal_of_a_large_body_is_small(api):
    huge = "x" * 3_000_000
    reply = api.post("/flow_runs/", json={"parameters": [huge], "tags": huge, huge[:100]: huge})
    assert reply.status_code == 422
    assert len(reply.content) < 100_000
    assert {error["path"] for error in reply.json()["errors"]} == {
        "flow_id", "parameters", "tags", huge[:100]}
    reply = api.post("/flow_runs/", content=b'{"a": "' + huge.encode())
    assert reply.status_code == 422
    assert len(reply.content) < 100_000


def test_what_cannot_be_answered_is_not_done(start_server):
    api = start_server("--body-limit", "80").api
    flow = make_flow(api)
    text = "x" * (64 * 1024 * 1024 + 1)
    reply = api.post("/flow_runs/", json={"flow_id": flow["id"], "parameters": {"a": text}})
    assert reply.status_code == 503
    assert api.post("/flow_runs/count", json={}).json() == 0


@pytest.mark.parametrize("retries", [2**63 - 1, 1e300, -1])
@pytest.mark.parametrize("delay", [9.3e12, 1e300, -1e300, 0])
def test_retries_of_any_size(api, retries, delay):
    if retries == 1e300:
        retries = 2**62
    run = make_run(api, empirical_policy={"retries": retries, "retry_delay": delay})
    set_state(api, run["id"], "RUNNING")
    verdict = set_state(api, run["id"], "FAILED")
    assert verdict["status"] == ("REJECT" if retries > 0 else "ACCEPT")
    if retries > 0:
        scheduled = verdict["state"]["state_details"]["scheduled_time"]
        assert scheduled.startswith("9999-") if delay > 0 else scheduled <= verdict["state"]["timestamp"]
        status = set_state(api, run["id"], "RUNNING")["status"]
        assert status == ("WAIT" if delay > 0 else "ACCEPT")


def test_a_policy_of_nulls_remembers_pauses(api):
    policy = {"pause_keys": None, "resuming": None, "retries": None}
    run = make_run(api, empirical_policy=policy)
    set_state(api, run["id"], "RUNNING")
    assert set_state(api, run["id"], "PAUSED", pause_key="1")["status"] == "ACCEPT"
    assert api.get(f"/flow_runs/{run['id']}").json()["empirical_policy"]["pause_keys"] == ["1"]
    set_state(api, run["id"], "RUNNING")
    assert set_state(api, run["id"], "PAUSED", pause_key="1")["status"] == "REJECT"


def test_integers_past_64_bits_are_only_carried(api):
    big = 10**40
    run = make_run(api, labels={"n": big})
    assert run["labels"]["n"] == big
    assert run["labels"]["prefect.flow.id"] == run["flow_id"]
    reply = api.patch(f"/flow_runs/{run['id']}/labels", json={"m": big + 1, "n": 1.10})
    assert reply.status_code == 204
    labels = api.get(f"/flow_runs/{run['id']}").json()["labels"]
    assert labels == {"n": 1.10, "m": big + 1, "prefect.flow.id": run["flow_id"]}


def test_letters_of_many_bytes_are_not_cut_apart(api):
    for text in ("ä" * 300, "x" + "ä" * 300, "😀" * 300, "xx" + "😀" * 300):
        reply = api.get("/health", headers={"X-PREFECT-API-VERSION": text.encode()})
        assert reply.json() is True
        reply = api.post("/flow_runs/filter", json={}, headers={"X-PREFECT-API-VERSION": text.encode()})
        assert reply.status_code == 400
        assert "Invalid X-PREFECT-API-VERSION" in reply.json()["detail"]
        reply = api.post("/flow_runs/filter", content=b"{}", headers={"Content-Type": text.encode()})
        assert reply.status_code == 415
        reply = api.post("/flow_runs/filter", content=b"{" + text.encode())
        assert reply.status_code == 422
        assert reply.json()["exception_detail"][0]["msg"].startswith("JSON decode error")
        assert reply.json()["exception_detail"][0]["ctx"]["error"]
    reply = api.post("/flow_runs/filter", content=b"{}", headers={"Content-Type": b"\xff\xfe"})
    assert reply.status_code == 415
    assert reply.json()["detail"]


def test_what_is_laid_over_another_has_a_limit(start_server):
    """Each half fits, but not the whole."""
    api = start_server("--body-limit", "64").api
    labels = f"/flow_runs/{make_run(api)['id']}/labels"
    half = "x" * (33 << 20)
    assert api.patch(labels, json={"a": half}).status_code == 204
    refused = api.patch(labels, json={"b": half})
    assert refused.status_code == 413 and "64 MiB" in refused.json()["detail"]
