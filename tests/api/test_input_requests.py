"""The inbox: what runs wait for, and answering it."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import pytest

from harness.asking import ANSWER, SCHEMA, answer, inbox, pause, request_of, state_of, tell
from harness.objects import make_flow, set_state, wait_for


def test_what_a_request_says(api):
    flow = make_flow(api)
    run = pause(api, description="# Who?\n<script>x</script>", flow=flow)
    request = request_of(api, run)
    assert (request["flow_run_id"], request["flow_run_name"]) == (run["id"], run["name"])
    assert (request["flow_id"], request["flow_name"]) == (flow["id"], flow["name"])
    assert (request["state"], request["wants_input"], request["suspended"]) == ("open", True, False)
    assert (request["schema"], request["defaults"]) == (SCHEMA, {"name": "anonymous"})
    assert request["description"].startswith("# Who?")
    assert "<h1>Who?</h1>" in request["description_html"]
    assert "<script" not in request["description_html"]
    assert request["pause_key"] == "1" and request["deadline"]
    assert (request["answer"], request["answered_by"], request["answered_at"]) == (None, None, None)
    assert api.get(f"/input_requests/{request['id']}").json() == request


def test_a_schema_may_have_many_fields(fresh_server):
    """So many that the client would give up on what looks at each for each."""
    api, count = fresh_server.api, 30_000
    properties = {f"f{i}": {"type": "integer", "default": i} for i in range(count)}
    properties |= {"none": {"type": "null"}, "big": {"default": 10**30 + 1}}
    schema = {"type": "object", "properties": properties}
    request = request_of(api, pause(api, schema=schema))
    assert request["defaults"] == {f"f{i}": i for i in range(count)} | {"big": 10**30 + 1}


@pytest.mark.parametrize("text, defaults", [
    ('{"properties": {"a": {"default": 1}, "a": {"default": 2}}}', {"a": 2}),
    ('{"properties": {"a": {"default": 1}, "a": {}}}', {}),
    ('{"properties": {"\\u00e4\\"": {"default": "}"}, "b": {"default": null}}}', {'ä"': "}", "b": None}),
    ('{"properties": {"a": true, "b": {"default": {"default": 1}}}}', {"b": {"default": 1}}),
    ('{"properties": "default"}', {}), ('{"properties": ["default"]}', {}), ("{}", {}),
])
def test_defaults_are_those_of_the_schema(api, text, defaults):
    run = pause(api, schema=None)
    tell(api, run, "schema", text)
    assert request_of(api, run)["defaults"] == defaults


def test_a_list_is_waited_for_until_it_is_another(fresh_server):
    api, body = fresh_server.api, {"input_requests": {}}

    def read(tag, seconds):
        headers = {"Prefer": f"wait={seconds}"} | ({"If-None-Match": tag} if tag else {})
        return api.post("/input_requests/filter", json=body, headers=headers)

    empty = read(None, 0)
    assert empty.json() == []
    assert read(empty.headers["ETag"], 1).status_code == 304
    with fresh_server.client() as other, ThreadPoolExecutor() as pool:
        for act in (lambda: pause(other), lambda: pause(other, description="second")):
            known = read(None, 0).headers["ETag"]
            waiting = pool.submit(read, known, 30)
            act()
            changed = waiting.result()
            assert changed.status_code == 200 and changed.headers["ETag"] != known
    wait_for(lambda: [one["description"] for one in read(None, 0).json()] == [None, "second"])
    full = read(None, 0)
    for one in full.json():
        assert answer(api, one, ANSWER).status_code == 200
    # That nothing is left is news, too.
    gone = read(full.headers["ETag"], 30)
    assert gone.status_code == 200 and gone.json() == []


def test_of_nothing(api):
    for path in ("", "/answer", "/check"):
        url = f"/input_requests/{uuid.uuid4()}{path}"
        reply = api.post(url, json={}) if path else api.get(url)
        assert reply.status_code == 404


def test_order(api):
    flow = make_flow(api)
    runs = [pause(api, seconds=seconds, flow=flow) for seconds in (900, 300, 600)]
    mine = {"flow_id": {"any_": [flow["id"]]}}

    def order(sort=None):
        return [[run["id"] for run in runs].index(r["flow_run_id"]) for r in inbox(api, sort, **mine)]

    assert order() == order("DEADLINE_ASC") == [1, 2, 0]
    assert order("CREATED_ASC") == [0, 1, 2] and order("CREATED_DESC") == [2, 1, 0]


def test_filters(api):
    mark = uuid.uuid4().hex
    one = pause(api, description=f"Please confirm {mark}")
    two = pause(api, name=f"Nightly {mark}")

    def among(**filters):
        ids = [request["flow_run_id"] for request in inbox(api, **filters)]
        return one["id"] in ids, two["id"] in ids

    assert among() == (True, True)
    assert among(flow_run_id={"any_": [one["id"]]}) == (True, False)
    assert among(flow_id={"any_": [two["flow_id"]]}) == (False, True)
    assert among(deployment_id={"is_null_": True}) == (True, True)
    assert among(deployment_id={"any_": [str(uuid.uuid4())]}) == (False, False)
    assert among(text={"query": mark}) == (True, True)
    assert among(text={"query": f"{mark} confirm"}) == (True, False)
    assert among(text={"query": f"{mark} -confirm"}) == (False, True)
    assert among(text={"query": f'"nightly {mark}"'}) == (False, True)
    assert among(state={"any_": ["answered"]}) == (False, False)
    past = datetime.now(timezone.utc).isoformat()
    assert among(deadline={"before_": past}) == (False, False)
    assert among(deadline={"after_": past}) == (True, True)


def test_they_are_counted(api):
    flow, mark = make_flow(api), uuid.uuid4().hex
    runs = [pause(api, flow=flow, description=description) for description in (mark, None, None)]

    def count(**filters):
        body = {"input_requests": {"flow_id": {"any_": [flow["id"]]}} | filters}
        reply = api.post("/input_requests/count", json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    assert count() == 3 and count(text={"query": mark}) == 1
    assert answer(api, request_of(api, runs[1]), ANSWER).status_code == 200
    assert count() == 2 and count(state={"any_": ["open", "answered"]}) == 3
    assert api.post("/input_requests/count").json() >= 2
    assert api.post("/input_requests/count", json={"input_requests": {"state": 1}}).status_code == 422


def test_without_a_state_only_open_ones_are_listed(api):
    """Also where the other filters are or-ed, and where a state of null says: not asked."""
    waits, over = pause(api), pause(api)
    assert answer(api, request_of(api, over), ANSWER).status_code == 200
    either = {"operator": "or_", "flow_run_id": {"any_": [waits["id"], over["id"]]},
              "text": {"query": waits["name"]}}
    assert [found["flow_run_id"] for found in inbox(api, **either)] == [waits["id"]]
    both = {"flow_run_id": {"any_": [waits["id"], over["id"]]}, "state": None}
    assert [found["flow_run_id"] for found in inbox(api, **both)] == [waits["id"]]


def test_an_answer(api):
    run = pause(api)
    reply = answer(api, request_of(api, run), ANSWER, by="Ann")
    assert reply.status_code == 200
    told = reply.json()
    assert (told["state"], told["answer"], told["answered_by"], told["answered_via"]) == (
        "answered", ANSWER, "Ann", "api")
    assert told["answered_at"] and state_of(api, run) == "RUNNING"
    assert api.get(f"/flow_runs/{run['id']}/input/p-response").json() == ANSWER
    assert request_of(api, run)["state"] == "answered"
    assert run["id"] not in [r["flow_run_id"] for r in inbox(api)]


def test_errors_by_field(api):
    run = pause(api)
    request = request_of(api, run)
    reply = answer(api, request, {"age": "x", "shoe": 1})
    assert reply.status_code == 422 and reply.json()["detail"]
    assert {error["path"] for error in reply.json()["errors"]} >= {"age", "size"}
    assert state_of(api, run) == "PAUSED" and request_of(api, run) == request


@pytest.mark.parametrize("asks, status", [(True, 422), (False, 200)])
def test_formats_are_checked_where_the_schema_asks_for_it(api, asks, status):
    schema = {"type": "object", "properties": {"day": {"type": "string", "format": "date"}},
              "x-fermata-check-formats": asks}
    request = request_of(api, pause(api, schema))
    reply = answer(api, request, {"day": "tomorrow"})
    assert reply.status_code == status
    if asks:
        assert [error["path"] for error in reply.json()["errors"]] == ["day"]
        assert answer(api, request, {"day": "2026-11-23"}).status_code == 200


@pytest.mark.parametrize("format, right, wrong, told", [
    ("time", ["13:45", "13:45:30", "13:45:30.25"], ["13:45Z", "13:45:30+02:00", "24:00", "1:45"],
     "must be a time of day such as 09:30"),
    ("base64", ["", "aGk=", "aGVsbG8="], ["aGk", "a-_=", "====", "aGk=aGk="],
     "must be base64, such as aGVsbG8="),
])
def test_formats_are_those_of_web_forms_and_pydantic(api, format, right, wrong, told):
    schema = {"type": "object", "properties": {"value": {"type": "string", "format": format}},
              "x-fermata-check-formats": True}
    path = f"/input_requests/{request_of(api, pause(api, schema))['id']}/check"
    for value in right:
        assert api.post(path, json={"value": {"value": value}}).json()["valid"], value
    for value in wrong:
        assert api.post(path, json={"value": {"value": value}}).json() == {
            "valid": False, "errors": [{"path": "value", "message": told}]}


def test_check_changes_nothing(api):
    run = pause(api)
    request = request_of(api, run)
    path = f"/input_requests/{request['id']}/check"
    assert api.post(path, json={"value": ANSWER}).json() == {"valid": True, "errors": []}
    refused = api.post(path, json={"value": {"age": "x"}}).json()
    assert not refused["valid"] and {e["path"] for e in refused["errors"]} == {"age", "size"}
    assert request_of(api, run) == request and state_of(api, run) == "PAUSED"


def test_somebody_was_first(api):
    run = pause(api)
    request = request_of(api, run)
    answer(api, request, ANSWER, by="Ann")
    for path in ("answer", "check"):
        reply = api.post(f"/input_requests/{request['id']}/{path}", json={"value": ANSWER, "by": "Bob"})
        assert reply.status_code == 409
        assert reply.json()["winner"]["answered_by"] == "Ann"


def test_one_of_many_wins(server, api):
    run = pause(api)
    request = request_of(api, run)

    def give(number):
        with server.client() as client:
            return answer(client, request, ANSWER | {"age": number}, by=str(number))

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(give, range(16)))
    [won] = [reply for reply in replies if reply.status_code == 200]
    lost = [reply for reply in replies if reply.status_code == 409]
    assert len(lost) == 15
    assert {r.json()["winner"]["answered_by"] for r in lost} == {won.json()["answered_by"]}


def test_an_approval(api):
    run = pause(api, keyset=False)
    request = request_of(api, run)
    assert (request["wants_input"], request["schema"]) == (False, None)
    assert api.post(f"/input_requests/{request['id']}/answer").status_code == 200
    assert state_of(api, run) == "RUNNING"


@pytest.mark.parametrize("text", ["-1", "[]", "true", '"text"', "null", "no JSON", ""])
def test_a_schema_that_is_no_object_is_not_told(api, text):
    run = pause(api, schema=None)
    tell(api, run, "schema", text)
    request = request_of(api, run)
    assert (request["wants_input"], request["schema"]) == (True, None)


def test_before_the_schema_is_there(api):
    run = pause(api, schema=None)
    request = request_of(api, run)
    assert (request["wants_input"], request["schema"]) == (True, None)
    assert answer(api, request, ANSWER).status_code == 422
    api.post(f"/flow_runs/{run['id']}/input", json={"key": "p-schema", "value": json.dumps(SCHEMA)})
    assert request_of(api, run)["schema"] == SCHEMA
    assert answer(api, request, ANSWER).status_code == 200


@pytest.mark.parametrize("leave, then, via", [("resume", "answered", "resume"), ("RUNNING", None, None),
                                              ("CANCELLED", "cancelled", None), ("FAILED", "cancelled", None)])
def test_other_ways_out(api, leave, then, via):
    run = pause(api)
    request = request_of(api, run)
    if leave == "resume":
        api.post(f"/flow_runs/{run['id']}/resume", json={"run_input": ANSWER})
    else:
        set_state(api, run["id"], leave)
    now = api.get(f"/input_requests/{request['id']}").json()
    assert now["state"] == then if then else now["state"] != "open"
    assert via is None or now["answered_via"] == via
    assert answer(api, request, ANSWER).status_code in (409, 410)
    if then == "cancelled":
        assert answer(api, request, ANSWER).status_code == 410


def test_expiry(api):
    run = pause(api, seconds=1)
    request = request_of(api, run)
    deadline = time.monotonic() + 20
    while state_of(api, run) == "PAUSED" and time.monotonic() < deadline:
        time.sleep(0.1)
    now = api.get(f"/flow_runs/{run['id']}").json()["state"]
    assert (now["type"], now["message"]) == ("FAILED", "The flow was paused and never resumed.")
    assert request_of(api, run)["state"] == "expired"
    assert answer(api, request, ANSWER).status_code == 410


def test_a_suspended_run(api):
    flow = make_flow(api)
    deployment = api.post("/deployments/", json={"name": "d", "flow_id": flow["id"]}).json()
    run = pause(api, suspend=True, flow=flow, deployment_id=deployment["id"])
    request = request_of(api, run)
    assert request["suspended"] and request["deployment_name"] == "d"
    assert inbox(api, deployment_id={"any_": [deployment["id"]]}) == [request]
    assert answer(api, request, ANSWER).status_code == 200
    now = api.get(f"/flow_runs/{run['id']}").json()
    assert (now["state_type"], now["state_name"]) == ("SCHEDULED", "Resuming")


def test_a_deleted_run_asks_for_nothing(api):
    run = pause(api)
    request = request_of(api, run)
    api.delete(f"/flow_runs/{run['id']}")
    assert api.get(f"/input_requests/{request['id']}").status_code == 404


@pytest.mark.parametrize("body", [{"value": 1}, {"value": []}, {"by": 1}, {"by": "x" * 201}, {"x": 1}, []])
def test_what_is_no_answer(api, body):
    run = pause(api)
    request = request_of(api, run)
    assert api.post(f"/input_requests/{request['id']}/answer", json=body).status_code == 422
    assert state_of(api, run) == "PAUSED"
