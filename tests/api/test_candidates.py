"""The flow checks the answer while its run still waits."""

import json
import threading
import time
import uuid

import pytest

from harness.objects import make_run, set_state, wait_for, waiting

SCHEMA = {"type": "object", "properties": {"size": {"enum": ["small", "large"]}},
          "required": ["size"], "x-fermata-checks-answers": True}
WRONG = {"accepted": False, "reason": "Small is sold out.",
         "errors": [{"path": "size", "message": "is sold out"}]}


class Flow(threading.Thread):
    """What libfermata does for a paused flow with a check: gets each answer, gives a verdict."""

    def __init__(self, server, run_id, judge):
        super().__init__(daemon=True)
        self.server, self.run_id, self.judge = server, run_id, judge
        self.seen = []

    def run(self):
        with self.server.client() as client:
            while True:
                reply = client.get(f"/flow_runs/{self.run_id}/candidate",
                                   headers={"Prefer": "wait=20"})
                if reply.status_code == 410:
                    return
                candidate = reply.json()
                self.seen.append(candidate["value"])
                verdict = self.judge(candidate["value"])
                if verdict is None:
                    return
                path = f"/input_candidates/{candidate['id']}/verdict"
                assert client.post(path, json=verdict).status_code == 204


def by_size(value):
    return {"accepted": True} if value["size"] == "large" else WRONG


@pytest.fixture
def paused(api):
    """A run that waits for input and says that it checks answers itself: (run, request)."""
    run = make_run(api)
    set_state(api, run["id"], "RUNNING")
    names = {part: f"paused-1-{part}" for part in ("schema", "response", "description")}
    set_state(api, run["id"], "PAUSED", "Paused", pause_key="1", run_input_keyset=names)
    api.post(f"/flow_runs/{run['id']}/input",
             json={"key": names["schema"], "value": json.dumps(SCHEMA)})
    body = {"input_requests": {"flow_run_id": {"any_": [run["id"]]}}}
    (request,) = api.post("/input_requests/filter", json=body).json()
    return run, request


def start_flow(server, run, judge):
    """The flow, once it waits: from then on it is asked."""
    before = waiting(server)
    flow = Flow(server, run["id"], judge)
    flow.start()
    wait_for(lambda: waiting(server) > before)
    return flow


def answer_apart(server, replies, request, size, **headers):
    """An answer in a thread of its own; its reply goes into `replies`."""
    def work():
        with server.client() as client:
            replies.append(answer(client, request, size, **headers))

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def answer(api, request, size, **headers):
    return api.post(f"/input_requests/{request['id']}/answer", headers=headers,
                    json={"value": {"size": size}, "by": "Ada"})


def test_a_refusal_reaches_who_answered_and_the_run_waits_on(server, api, paused):
    run, request = paused
    flow = start_flow(server, run, by_size)
    refused = answer(api, request, "small")
    assert refused.status_code == 422
    assert refused.json() == {"detail": "Small is sold out.", "errors": WRONG["errors"]}
    assert api.get(f"/input_requests/{request['id']}").json()["state"] == "open"
    assert api.get(f"/flow_runs/{run['id']}").json()["state_type"] == "PAUSED"

    taken = answer(api, request, "large")
    assert taken.status_code == 200
    assert taken.json()["state"] == "answered" and taken.json()["answer"] == {"size": "large"}
    assert taken.json()["answered_by"] == "Ada" and taken.json()["unchecked"] is False
    assert api.get(f"/flow_runs/{run['id']}").json()["state_type"] == "RUNNING"
    assert api.get(f"/flow_runs/{run['id']}/input/paused-1-response").json() == {"size": "large"}
    flow.join(10)
    assert flow.seen == [{"size": "small"}, {"size": "large"}]


def test_the_schema_is_checked_before_the_flow_is_asked(server, api, paused):
    run, request = paused
    flow = start_flow(server, run, by_size)
    assert answer(api, request, "huge").status_code == 422
    assert flow.seen == []
    answer(api, request, "large")
    flow.join(10)


def test_the_stock_resume_is_told_the_same(server, api, paused):
    run, _ = paused
    flow = start_flow(server, run, by_size)
    path = f"/flow_runs/{run['id']}/resume"
    refused = api.post(path, json={"run_input": {"size": "small"}})
    assert refused.status_code == 200
    assert refused.json()["status"] == "REJECT"
    assert refused.json()["details"]["reason"] == "Small is sold out."
    assert refused.json()["state"]["type"] == "PAUSED"
    taken = api.post(path, json={"run_input": {"size": "large"}})
    assert taken.status_code == 201
    assert taken.json()["status"] == "ACCEPT"
    assert taken.json()["state"]["type"] == "RUNNING"
    flow.join(10)


def test_without_a_process_the_answer_is_taken(api, paused):
    run, request = paused
    taken = answer(api, request, "small")
    assert taken.status_code == 200 and taken.json()["unchecked"] is True
    assert api.get(f"/flow_runs/{run['id']}").json()["state_type"] == "RUNNING"


def test_a_flow_that_stays_silent_has_the_answer_taken(server, api, paused):
    run, request = paused
    flow = start_flow(server, run, lambda value: None)
    begun = time.monotonic()
    taken = answer(api, request, "small")
    assert taken.status_code == 200 and taken.json()["state"] == "answered"
    assert taken.json()["unchecked"] is True
    assert 8 < time.monotonic() - begun < 14
    flow.join(10)


def test_others_are_told_while_an_answer_is_checked(server, api, paused):
    run, request = paused
    asked, go_on = threading.Event(), threading.Event()

    def slowly(value):
        asked.set()
        go_on.wait(5)
        return {"accepted": True}

    flow = start_flow(server, run, slowly)
    replies = []
    first = answer_apart(server, replies, request, "large")
    assert asked.wait(5)
    second = answer(api, request, "small")
    assert second.status_code == 409
    assert api.get(f"/input_requests/{request['id']}").json()["state"] == "checking"
    go_on.set()
    first.join(10)
    assert replies[0].status_code == 200
    flow.join(10)


def test_a_verdict_that_comes_too_late_is_told_so(server, api, paused):
    run, request = paused
    asked = threading.Event()
    replies = []

    def leave(value):
        asked.set()

    start_flow(server, run, leave)
    first = answer_apart(server, replies, request, "large")
    assert asked.wait(5)
    candidate = api.get(f"/flow_runs/{run['id']}/candidate").json()
    set_state(api, run["id"], "CANCELLED", force=True)
    first.join(10)
    assert replies[0].status_code == 410
    late = api.post(f"/input_candidates/{candidate['id']}/verdict", json={"accepted": True})
    assert late.status_code == 409
    assert api.post(f"/input_candidates/{uuid.uuid4()}/verdict",
                    json={"accepted": True}).status_code == 404


def test_the_same_idempotency_key_joins_the_wait(server, api, paused):
    run, request = paused
    asked, go_on = threading.Event(), threading.Event()

    def slowly(value):
        asked.set()
        go_on.wait(5)
        return by_size(value)

    flow = start_flow(server, run, slowly)
    key = {"Idempotency-Key": str(uuid.uuid4())}
    replies = []
    threads = [answer_apart(server, replies, request, "small", **key) for _ in range(3)]
    assert asked.wait(5)
    time.sleep(0.2)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert [reply.status_code for reply in replies] == [422] * 3
    assert flow.seen == [{"size": "small"}]
    answer(api, request, "large")
    flow.join(10)
