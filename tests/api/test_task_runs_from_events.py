"""Task runs that their clients judge themselves and only report, by events that may come late,
twice and in any order."""

import datetime
import json
import random
import uuid

import pytest

from harness.events import event, iso, listed, now, send, task_run_event
from harness.objects import make_flow, make_run, set_state

SECOND = datetime.timedelta(seconds=1)


def life(flow_run_id, began, *, states=None, task_run_id=None, **fields):
    """The events of a task run that fails once, waits, and is run again; a second apart."""
    task_run_id = task_run_id or str(uuid.uuid4())
    start = {"expected_start_time": iso(began), "start_time": iso(began + SECOND)}
    states = states or [
        ("PENDING", "Pending", {"expected_start_time": iso(began)}, {}),
        ("RUNNING", "Running", start | {"run_count": 1}, {}),
        ("SCHEDULED", "AwaitingRetry", start | {"run_count": 1, "total_run_time": 1.0},
         {"scheduled_time": iso(began + 2 * SECOND)}),
        ("RUNNING", "Retrying", start | {"run_count": 2, "total_run_time": 1.0}, {}),
        ("COMPLETED", "Completed", start | {"run_count": 2, "total_run_time": 2.0,
                                            "end_time": iso(began + 4 * SECOND)}, {}),
    ]
    return [task_run_event(task_run_id, flow_run_id, type, name, occurred=began + i * SECOND,
                           task_run=fields | more, **details)
            for i, (type, name, more, details) in enumerate(states)]


def read(api, task_run_id):
    reply = api.get(f"/task_runs/{task_run_id}")
    assert reply.status_code == 200, reply.text
    return reply.json()


def states(api, task_run_id):
    return api.get("/task_run_states/", params={"task_run_id": task_run_id}).json()


def id_of(reported):
    return reported["resource"]["prefect.resource.id"].removeprefix("prefect.task-run.")


def test_a_whole_life(api):
    run = make_run(api)
    began = now().replace(microsecond=123456)
    inputs = {"x": [{"input_type": "task_run", "id": str(uuid.uuid4())}],
              "y": [{"input_type": "constant", "type": "int"}]}
    events = life(run["id"], began, task_inputs=inputs, tags=["a", "b"])
    send(api, *events)
    task_run = read(api, id_of(events[0]))
    expected = {
        "name": "t-1", "flow_run_id": run["id"], "task_key": "t-aa28d280", "tags": ["a", "b"],
        "task_inputs": inputs, "run_count": 2, "flow_run_run_count": 1, "state_type": "COMPLETED",
        "state_name": "Completed", "state_id": events[-1]["id"], "total_run_time": 2.0,
        "estimated_run_time": 2.0, "estimated_start_time_delta": 1.0,
        "expected_start_time": iso(began), "start_time": iso(began + SECOND),
        "end_time": iso(began + 4 * SECOND)}
    assert {key: task_run[key] for key in expected} == expected
    assert task_run["empirical_policy"]["retries"] == 2
    assert task_run["empirical_policy"]["retry_jitter_factor"] is None
    kept = states(api, task_run["id"])
    assert [(each["id"], each["name"], each["timestamp"]) for each in kept] == [
        (each["id"], each["payload"]["validated_state"]["name"], each["occurred"])
        for each in events]
    assert kept[2]["state_details"]["scheduled_time"] == iso(began + 2 * SECOND)
    assert {each["state_details"]["task_run_id"] for each in kept} == {task_run["id"]}
    assert {each["state_details"]["flow_run_id"] for each in kept} == {run["id"]}
    assert api.get(f"/task_run_states/{kept[0]['id']}").json() == kept[0]


def rows(api, task_run_ids):
    """What there is of the task runs, but for when it was written down and for what moves."""
    found = []
    for task_run_id in task_run_ids:
        task_run = read(api, task_run_id)
        del task_run["created"], task_run["updated"], task_run["estimated_run_time"]
        found.append((task_run, states(api, task_run_id)))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_any_order_and_duplicates(api, seed):
    """Whatever comes when and how often: the same rows."""
    chance = random.Random(seed)
    began = now()
    run = make_run(api)
    lives = [life(run["id"], began + i * SECOND, tags=[f"t{i}"]) for i in range(3)]
    ids = [id_of(each[0]) for each in lives]
    # Two states at the same time, a task run that crashed as it began, and one without some members.
    lives[1][3]["occurred"] = lives[1][4]["occurred"]
    lives[2] = lives[2][:2] + [task_run_event(ids[2], run["id"], "CRASHED", occurred=began)]
    del lives[0][4]["payload"]["task_run"]["tags"]
    events = [each for life in lives for each in life]
    send(api, *events)
    expected = rows(api, ids)
    for task_run_id in ids:
        assert api.delete(f"/task_runs/{task_run_id}").status_code == 204

    # The same once more under other ids of events: an event is taken once.
    renamed = {each["id"]: str(uuid.UUID(int=uuid.UUID(each["id"]).int ^ 1)) for each in events}
    again = [each | {"id": renamed[each["id"]]} for each in events]
    again += chance.choices(again, k=10)
    chance.shuffle(again)
    while again:
        size = chance.randint(1, 4)
        send(api, *again[:size])
        again = again[size:]

    names = {new: old for old, new in renamed.items()}
    found = rows(api, ids)
    for task_run, kept in found:
        task_run["state_id"] = names[task_run["state_id"]]
        for state in [task_run["state"], *kept]:
            state["id"] = names[state["id"]]
    assert [row for row, _ in found] == [row for row, _ in expected]
    by_id = [sorted(kept, key=lambda state: state["id"]) for _, kept in found]
    assert by_id == [sorted(kept, key=lambda state: state["id"]) for _, kept in expected]


def test_an_older_event_changes_nothing_but_the_states(api):
    run = make_run(api)
    events = life(run["id"], now())
    send(api, *events[1:])
    before = read(api, id_of(events[0]))
    send(api, events[0])
    assert read(api, before["id"]) == before
    assert [each["name"] for each in states(api, before["id"])][0] == "Pending"


def test_the_keys_name_the_task_run(api):
    """Another id with the same keys in the same flow run is the same task run."""
    run = make_run(api)
    one, two = life(run["id"], now(), dynamic_key="k"), life(run["id"], now(), dynamic_key="k")
    send(api, *one[:2])
    send(api, *two[2:])
    task_run = read(api, id_of(one[0]))
    assert task_run["state_name"] == "Completed"
    assert len(states(api, task_run["id"])) == 5
    assert {each["state_details"]["task_run_id"] for each in states(api, task_run["id"])} == {
        task_run["id"]}
    assert api.get(f"/task_runs/{id_of(two[0])}").status_code == 404


def test_of_a_flow_run_that_is_not_there(api):
    """The event is kept, the task run is not; nor does a late event bring one back."""
    events = life(str(uuid.uuid4()), now())
    send(api, *events)
    assert api.get(f"/task_runs/{id_of(events[0])}").status_code == 404
    run = make_run(api)
    events = life(run["id"], now())
    send(api, *events[:2])
    assert api.delete(f"/flow_runs/{run['id']}").status_code == 204
    send(api, *events[2:])
    assert api.get(f"/task_runs/{id_of(events[0])}").status_code == 404


def test_without_a_flow_run(api):
    events = life(None, now())
    send(api, *events)
    task_run = read(api, id_of(events[0]))
    assert task_run["flow_run_id"] is None and task_run["state_name"] == "Completed"


def test_after_the_flow_run_has_ended(api):
    run = make_run(api)
    for state in ("PENDING", "RUNNING", "COMPLETED"):
        set_state(api, run["id"], state)
    events = life(run["id"], now())
    send(api, *events)
    assert read(api, id_of(events[0]))["state_type"] == "COMPLETED"


def test_results_are_kept_as_they_came(api):
    run = make_run(api)
    [made] = life(run["id"], now(), states=[("COMPLETED", "Cached", {}, {"cache_key": "c"})])
    text = '{"metadata":{"n":12345678901234567890.10}}'
    made["payload"]["validated_state"]["data"] = "HERE"
    body = json.dumps([made]).replace('"HERE"', text)
    assert api.post("/events", content=body,
                    headers={"Content-Type": "application/json"}).status_code == 204
    assert text in api.get(f"/task_runs/{id_of(made)}").text
    assert read(api, id_of(made))["state_name"] == "Cached"


def test_labels_that_are_null(api):
    """They are none, as in a task run that is created; what comes with them is stored."""
    run = make_run(api)
    made, other = life(run["id"], now(), labels=None)[0], event()
    send(api, made, other)
    assert read(api, id_of(made))["labels"] == {}
    assert listed(api, id={"id": [other["id"]]}) == [other["id"]]


def test_only_what_clients_judge_themselves(api):
    run = make_run(api)
    [made] = life(run["id"], now(), states=[("PENDING", "Pending", {}, {})])
    del made["resource"]["prefect.orchestration"]
    send(api, made)
    assert api.get(f"/task_runs/{id_of(made)}").status_code == 404


WRONG = [
    (lambda made: made["resource"].update({"prefect.resource.id": "prefect.task-run.x"}),
     ["body", 0, "resource", "prefect.resource.id"]),
    (lambda made: made["related"][0].update({"prefect.resource.id": "prefect.flow-run.x"}),
     ["body", 0, "related", 0, "prefect.resource.id"]),
    (lambda made: made["payload"].pop("task_run"), ["body", 0, "payload", "task_run"]),
    (lambda made: made["payload"].pop("validated_state"), ["body", 0, "payload", "validated_state"]),
    (lambda made: made.pop("payload"), ["body", 0, "payload", "task_run"]),
    (lambda made: made["payload"]["task_run"].pop("task_key"),
     ["body", 0, "payload", "task_run", "task_key"]),
    (lambda made: made["payload"]["task_run"].update(run_count="many"),
     ["body", 0, "payload", "task_run", "run_count"]),
    (lambda made: made["payload"]["task_run"].update(run_count=2**31),
     ["body", 0, "payload", "task_run", "run_count"]),
    (lambda made: made["payload"]["task_run"].update(flow_run_run_count=2**63 - 1),
     ["body", 0, "payload", "task_run", "flow_run_run_count"]),
    (lambda made: made["payload"]["task_run"].update(tags=[1]),
     ["body", 0, "payload", "task_run", "tags", 0]),
    (lambda made: made["payload"]["validated_state"].update(type="ODD"),
     ["body", 0, "payload", "validated_state", "type"]),
    (lambda made: made["payload"]["validated_state"].update(state_details=3),
     ["body", 0, "payload", "validated_state", "state_details"]),
]


@pytest.mark.parametrize("spoil, place", WRONG)
def test_reports_that_make_no_sense(api, spoil, place):
    """They are refused by name, and nothing of the whole list is stored."""
    run = make_run(api)
    [made] = life(run["id"], now(), states=[("PENDING", "Pending", {}, {})])
    spoil(made)
    good = event()
    reply = api.post("/events", json=[made, good])
    assert reply.status_code == 422
    assert place in [problem["loc"] for problem in reply.json()["exception_detail"]]


def test_what_lists_and_counts_see(api):
    flow = make_flow(api)
    run = make_run(api, flow)
    done, running = life(run["id"], now()), life(run["id"], now())[:2]
    send(api, *done, *running)
    mine = {"task_runs": {"flow_run_id": {"any_": [run["id"]]}}}
    assert api.post("/task_runs/count", json=mine).json() == 2
    finished = {"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
                "flow_runs": {"id": {"any_": [run["id"]]}}}
    assert [each["id"] for each in api.post("/task_runs/filter", json=finished).json()] == [
        id_of(done[0])]
    assert api.post("/task_runs/paginate", json=mine | {"limit": 1}).json()["count"] == 2
    history = api.post("/task_runs/history", json=mine | {
        "history_start": iso(now() - 60 * SECOND), "history_end": iso(now() + 60 * SECOND),
        "history_interval_seconds": 60}).json()
    names = {state["state_name"]: state["count_runs"] for each in history for state in each["states"]}
    assert names == {"Completed": 1, "Running": 1}
