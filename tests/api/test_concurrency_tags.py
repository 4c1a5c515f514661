"""Concurrency limits of tags, and what they mean for task runs whose states the server judges."""

import uuid

import pytest

from harness.events import now, send, task_run_event
from harness.objects import make_flow, make_run, set_state

LIMITS = "/concurrency_limits"


def new_tag():
    return f"tag {uuid.uuid4()} é"


def make(api, tag, limit=1):
    reply = api.post(f"{LIMITS}/", json={"tag": tag, "concurrency_limit": limit})
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def holders(api, limit):
    return api.get(f"{LIMITS}/{limit['id']}").json()["active_slots"]


def taken(api, limit):
    return api.get(f"/v2/concurrency_limits/{limit['id']}").json()["active_slots"]


def running_flow(api):
    run = make_run(api)
    set_state(api, run["id"], "RUNNING")
    return run


def make_task(api, run, *tags):
    made = api.post("/task_runs/", json={
        "flow_run_id": run["id"], "task_key": "t", "dynamic_key": str(uuid.uuid4()),
        "tags": list(tags), "state": {"type": "PENDING"}})
    assert made.status_code == 201, made.text
    return made.json()["id"]


def propose(api, task, type, **more):
    reply = api.post(f"/task_runs/{task}/set_state", json={"state": {"type": type}} | more)
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


# ---- the limits themselves ----

def test_one_is_made_read_changed_and_deleted_by_tag_and_by_id(api):
    tag = new_tag()
    made = make(api, tag, 3)
    assert (made["tag"], made["concurrency_limit"], made["active_slots"]) == (tag, 3, [])
    again = make(api, tag, 4)
    assert again["id"] == made["id"] and again["concurrency_limit"] == 4
    by_tag = f"{LIMITS}/tag/{tag}"
    assert api.get(by_tag).json() == api.get(f"{LIMITS}/{made['id']}").json() == again
    assert again in api.post(f"{LIMITS}/filter", json={"limit": 200}).json()
    assert api.delete(by_tag).json() is None
    for path in (by_tag, f"{LIMITS}/{made['id']}"):
        assert api.get(path).status_code == api.delete(path).status_code == 404
    assert api.post(f"{by_tag}/reset", json={}).status_code == 404


def test_they_are_limits_by_name(api):
    tag = f"tag-{uuid.uuid4()}"
    made = make(api, tag, 3)
    by_name = api.get(f"/v2/concurrency_limits/tag:{tag}").json()
    assert (by_name["id"], by_name["limit"]) == (made["id"], 3)
    other = api.post("/v2/concurrency_limits/", json={"name": f"no-{tag}", "limit": 1}).json()
    assert api.get(f"{LIMITS}/{other['id']}").status_code == 404
    assert api.delete(f"{LIMITS}/{other['id']}").status_code == 404
    assert other["id"] not in {l["id"] for l in api.post(f"{LIMITS}/filter", json={}).json()}


@pytest.mark.parametrize("body", [{"tag": "x"}, {"tag": 1, "concurrency_limit": 1},
                                  {"tag": "x", "concurrency_limit": -1},
                                  {"tag": "x", "concurrency_limit": None}])
def test_what_they_may_not_be(api, body):
    assert api.post(f"{LIMITS}/", json=body).status_code == 422


# ---- slots that clients take ----

def test_slots_are_held_by_task_runs(api):
    tag, none = new_tag(), new_tag()
    limit = make(api, tag)
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    got = api.post(f"{LIMITS}/increment", json={"names": [tag, none], "task_run_id": first})
    assert got.json() == [{"id": limit["id"], "name": tag, "limit": 1}]
    assert holders(api, limit) == [first]
    refused = api.post(f"{LIMITS}/increment", json={"names": [tag], "task_run_id": second})
    assert refused.status_code == 423 and float(refused.headers["Retry-After"]) == 30
    assert refused.json() == {"detail": f"Concurrency limit for the {tag} tag has been reached"}
    for task in (second, first):
        api.post(f"{LIMITS}/decrement", json={"names": [tag], "task_run_id": task})
        assert (holders(api, limit) == []) == (task == first)
    assert taken(api, limit) == 0


def test_a_slot_that_is_asked_for_again_is_held_once(api):
    """An answer that was lost: a full limit refuses no one who is in, and no second slot is taken."""
    full, wide, later = new_tag(), new_tag(), new_tag()
    limits = [make(api, full), make(api, wide, 5)]
    body = {"names": [full, wide], "task_run_id": str(uuid.uuid4())}
    first, again = (api.post(f"{LIMITS}/increment", json=body) for _ in range(2))
    assert first.status_code == again.status_code == 200 and first.json() == again.json()
    assert [taken(api, limit) for limit in limits] == [1, 1]
    limits.append(make(api, later))
    api.post(f"{LIMITS}/", json={"tag": full, "concurrency_limit": 0})
    assert api.post(f"{LIMITS}/increment", json=body | {"names": [full, later]}).status_code == 200
    assert [holders(api, limit) for limit in limits] == [[body["task_run_id"]]] * 3
    api.post(f"{LIMITS}/decrement", json=body | {"names": [full, wide, later]})
    assert [taken(api, limit) for limit in limits] == [0, 0, 0]


def test_a_limit_that_is_not_active_lets_everybody_in(api):
    tag = new_tag()
    limit = make(api, tag, 0)
    assert api.patch(f"/v2/concurrency_limits/{limit['id']}", json={"active": False}).status_code == 204
    body = {"names": [tag], "task_run_id": str(uuid.uuid4())}
    assert api.post(f"{LIMITS}/increment", json=body).status_code == 200


def test_a_tag_that_lets_nobody_run(api):
    tag = new_tag()
    make(api, tag, 0)
    refused = api.post(f"{LIMITS}/increment", json={"names": [tag], "task_run_id": str(uuid.uuid4())})
    assert refused.status_code == 423 and "will deadlock" in refused.json()["detail"]


def test_reset(api):
    tag, other_tag = f"a-{uuid.uuid4()}", f"b-{uuid.uuid4()}"
    limit, other = make(api, tag, 2), make(api, other_tag, 2)
    both, alone, new = (str(uuid.uuid4()) for _ in range(3))
    for task, names in ((both, [tag, other_tag]), (alone, [tag])):
        api.post(f"{LIMITS}/increment", json={"names": names, "task_run_id": task})
    assert api.post(f"{LIMITS}/tag/{tag}/reset", json={}).json() is None
    assert (holders(api, limit), taken(api, limit)) == ([], 0)
    assert (holders(api, other), taken(api, other)) == ([both], 1)
    api.post(f"{LIMITS}/tag/{tag}/reset", json={"slot_override": [new]})
    assert (holders(api, limit), taken(api, limit)) == ([new], 1)


@pytest.mark.parametrize("late", [False, True])
def test_slots_of_a_task_run_that_is_reported_later_end_with_its_flow_run(api, late):
    """Its client took a slot before the report came, and then went without a word."""
    tag, run = new_tag(), running_flow(api)
    limit = make(api, tag)
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    report = [task_run_event(task, run["id"], "RUNNING", occurred=now(), task_run={"dynamic_key": "k"})
              for task in (first, second)]
    send(api, report[0])
    # The one with these keys is there already, under another id.
    api.post(f"{LIMITS}/increment", json={"names": [tag], "task_run_id": second})
    if not late:
        send(api, report[1])
    assert holders(api, limit) == [second]
    set_state(api, run["id"], "CRASHED")
    if late:
        assert holders(api, limit) == [second]
        send(api, report[1])
    assert (holders(api, limit), taken(api, limit)) == ([], 0)


# ---- task runs that the server judges ----

def test_no_more_run_than_the_tag_allows(api):
    tag, run = new_tag(), running_flow(api)
    limit = make(api, tag)
    first, second, other = make_task(api, run, tag), make_task(api, run, "x", tag), make_task(api, run)
    assert propose(api, first, "RUNNING")["status"] == "ACCEPT"
    waits = propose(api, second, "RUNNING")
    assert waits["status"] == "WAIT" and 1 <= waits["details"]["delay_seconds"] <= 40
    assert waits["details"]["reason"] == f"Concurrency limit reached for tags: {tag}"
    assert holders(api, limit) == [first]
    assert propose(api, other, "RUNNING")["status"] == "ACCEPT"
    assert propose(api, first, "COMPLETED")["status"] == "ACCEPT"
    assert holders(api, limit) == [] and taken(api, limit) == 0
    assert propose(api, second, "RUNNING")["status"] == "ACCEPT"
    assert holders(api, limit) == [second]


def test_a_task_that_runs_already_needs_no_second_slot(api):
    tag, run = new_tag(), running_flow(api)
    limit = make(api, tag)
    task = make_task(api, run, tag)
    for _ in range(2):
        assert propose(api, task, "RUNNING")["status"] == "ACCEPT"
    assert taken(api, limit) == 1


def test_who_waits_to_be_tried_again_holds_no_slot(api):
    tag, run = new_tag(), running_flow(api)
    limit = make(api, tag)
    made = api.post("/task_runs/", json={
        "flow_run_id": run["id"], "task_key": "t", "dynamic_key": "0", "tags": [tag],
        "empirical_policy": {"retries": 1, "retry_delay": 0}, "state": {"type": "PENDING"}}).json()
    propose(api, made["id"], "RUNNING")
    assert propose(api, made["id"], "FAILED")["state"]["name"] == "AwaitingRetry"
    assert taken(api, limit) == 0


def test_a_tag_that_lets_nobody_run_ends_the_task(api):
    tag, run = new_tag(), running_flow(api)
    make(api, tag, 0)
    told = propose(api, make_task(api, run, tag), "RUNNING")
    assert told["status"] == "ABORT" and tag in told["details"]["reason"]


def test_all_tags_have_to_have_a_slot(api):
    free, full, run = new_tag(), new_tag(), running_flow(api)
    limit = make(api, free, 5)
    make(api, full)
    propose(api, make_task(api, run, full), "RUNNING")
    assert propose(api, make_task(api, run, free, full), "RUNNING")["status"] == "WAIT"
    assert taken(api, limit) == 0


def test_a_state_by_force_takes_no_slot(api):
    tag, run = new_tag(), running_flow(api)
    limit = make(api, tag, 0)
    assert propose(api, make_task(api, run, tag), "RUNNING", force=True)["status"] == "ACCEPT"
    assert taken(api, limit) == 0


@pytest.mark.parametrize("end", ["crash", "delete", "delete task", "delete flow"])
def test_slots_come_back_with_the_end_of_what_held_them(api, end):
    tag, flow = new_tag(), make_flow(api)
    run = make_run(api, flow)
    set_state(api, run["id"], "RUNNING")
    limit = make(api, tag)
    task = make_task(api, run, tag)
    propose(api, task, "RUNNING")
    assert taken(api, limit) == 1
    if end == "crash":
        set_state(api, run["id"], "CRASHED")
    path = {"delete": f"/flow_runs/{run['id']}", "delete task": f"/task_runs/{task}",
            "delete flow": f"/flows/{flow['id']}"}.get(end)
    assert path is None or api.delete(path).status_code == 204
    assert (holders(api, limit), taken(api, limit)) == ([], 0)


def test_of_a_rate_nobody_is_told_to_wait_longer_than_a_day(api):
    tag = new_tag()
    limit = make(api, tag)
    api.patch(f"/v2/concurrency_limits/{limit['id']}", json={"slot_decay_per_second": 1e-300})
    run = running_flow(api)
    propose(api, make_task(api, run, tag), "RUNNING")
    waits = propose(api, make_task(api, run, tag), "RUNNING")
    assert waits["status"] == "WAIT"
    assert 0 < waits["details"]["delay_seconds"] <= 2 * 86400
