"""Task runs: made, read, found, judged, and following the child runs that they stand for."""

import uuid
from datetime import datetime, timedelta, timezone

import pytest

from harness.objects import make_flow, make_run, set_state


def make_task_run(api, run=None, status=201, **fields):
    body = {"task_key": "child-1", "dynamic_key": str(uuid.uuid4()),
            "flow_run_id": run and run["id"]} | fields
    reply = api.post("/task_runs/", json=body)
    assert reply.status_code == status, reply.text
    return reply.json()


def running_run(api, **fields):
    run = make_run(api, **fields)
    set_state(api, run["id"], "RUNNING")
    return run


def propose(api, task_run, type, name=None, data=None, message=None, force=False, **details):
    state = {"type": type, "name": name, "data": data, "message": message, "state_details": details}
    reply = api.post(f"/task_runs/{task_run['id']}/set_state", json={"state": state, "force": force})
    assert reply.status_code in (200, 201)
    verdict = reply.json()
    if reply.status_code == 201:
        assert read(api, task_run)["state_id"] == verdict["state"]["id"]
    return verdict


def read(api, task_run):
    return api.get(f"/task_runs/{task_run['id']}").json()


def test_create_and_read(api):
    run = running_run(api)
    made = make_task_run(api, run, state={"type": "PENDING"}, tags=["a"], task_version="7",
                         task_inputs={"x": []}, labels={"mine": 1},
                         empirical_policy={"retries": 2, "retry_delay": [1, 2]})
    assert made["state_type"] == "PENDING" and made["state_name"] == "Pending"
    assert made["state"]["state_details"]["task_run_id"] == made["id"]
    assert made["state"]["state_details"]["flow_run_id"] == run["id"]
    assert made["labels"] == {"mine": 1, "prefect.flow.id": run["flow_id"],
                              "prefect.flow-run.id": run["id"]}
    assert made["empirical_policy"] == {"max_retries": 0, "retry_delay_seconds": 0.0, "retries": 2,
                                        "retry_delay": [1, 2], "retry_jitter_factor": None}
    assert "-" in made["name"] and made["run_count"] == 0 and made["expected_start_time"]
    assert read(api, made) | {"estimated_start_time_delta": 0} == made | {"estimated_start_time_delta": 0}


def test_the_same_keys_give_the_same(api):
    run = make_run(api)
    first = make_task_run(api, run, dynamic_key="0", name="one")
    assert make_task_run(api, run, status=200, dynamic_key="0", name="two")["id"] == first["id"]
    assert make_task_run(api, run, dynamic_key="1")["id"] != first["id"]
    assert make_task_run(api, make_run(api), dynamic_key="0")["id"] != first["id"]


def test_ids_of_the_client(api):
    own = str(uuid.uuid4())
    assert make_task_run(api, id=own)["id"] == own
    make_task_run(api, id=own, status=409)
    make_task_run(api, flow_run_id=str(uuid.uuid4()), status=409)


def test_update_and_delete(api):
    made = make_task_run(api)
    path = f"/task_runs/{made['id']}"
    assert api.patch(path, json={"name": "other"}).status_code == 204
    assert read(api, made)["name"] == "other"
    assert api.patch(path, json={"tags": []}).status_code == 422
    assert api.delete(path).status_code == 204
    assert [api.get(path).status_code, api.delete(path).status_code,
            api.patch(path, json={"name": "x"}).status_code] == [404, 404, 404]
    assert api.post(path + "/set_state", json={"state": {"type": "RUNNING"}}).status_code == 404


def found(api, **filters):
    return {task_run["id"] for task_run in api.post("/task_runs/filter", json=filters).json()}


def test_filters(api):
    flow = make_flow(api)
    run = running_run(api, flow=flow, tags=["x"])
    tagged = make_task_run(api, run, tags=["a", "b"], name="The Tagged", state={"type": "PENDING"})
    bare = make_task_run(api, run, name="bare")
    mine = {"flow_run_id": {"any_": [run["id"]]}}

    def among(**more):
        ids = found(api, task_runs=mine | more)
        return {"tagged": tagged["id"] in ids, "bare": bare["id"] in ids}

    assert among() == {"tagged": True, "bare": True}
    assert among(tags={"all_": ["a"]}) == {"tagged": True, "bare": False}
    assert among(tags={"is_null_": True}) == {"tagged": False, "bare": True}
    assert among(name={"like_": "tag"}) == {"tagged": True, "bare": False}
    assert among(state={"type": {"any_": ["PENDING"]}}) == {"tagged": True, "bare": False}
    assert among(id={"any_": [bare["id"]]}) == {"tagged": False, "bare": True}
    assert among(subflow_runs={"exists_": True}) == {"tagged": False, "bare": False}
    make_run(api, parent_task_run_id=bare["id"])
    assert among(subflow_runs={"exists_": True}) == {"tagged": False, "bare": True}
    both = {tagged["id"], bare["id"]}
    assert found(api, flow_runs={"tags": {"all_": ["x"]}}, flows={"id": {"any_": [flow["id"]]}}) == both
    assert api.post("/task_runs/count", json={"task_runs": mine}).json() == 2
    page = api.post("/task_runs/paginate", json={"task_runs": mine, "limit": 1, "page": 2,
                                                 "sort": "NAME_ASC"}).json()
    assert [r["name"] for r in page["results"]] == ["bare"] and page["pages"] == 2
    # The other way round.
    of_task = {"task_runs": {"id": {"any_": [bare["id"]]}}}
    assert [r["id"] for r in api.post("/flow_runs/filter", json=of_task).json()] == [run["id"]]
    assert [f["id"] for f in api.post("/flows/filter", json=of_task).json()] == [flow["id"]]


def test_a_task_run_follows_its_child(api):
    parent = running_run(api)
    stand_in = make_task_run(api, parent, state={"type": "PENDING"})
    child = make_run(api, parent_task_run_id=stand_in["id"])
    set_state(api, child["id"], "RUNNING")
    assert read(api, stand_in)["state_type"] == "RUNNING"
    set_state(api, child["id"], "COMPLETED", data={"storage_key": "k"})
    ended = read(api, stand_in)
    assert ended["state_type"] == "COMPLETED" and ended["end_time"]
    assert ended["state"]["data"] == {"storage_key": "k"}
    assert ended["state"]["state_details"]["child_flow_run_id"] == child["id"]
    states = api.get("/task_run_states/", params={"task_run_id": stand_in["id"]}).json()
    assert [state["type"] for state in states] == ["PENDING", "PENDING", "RUNNING", "COMPLETED"]
    assert api.get(f"/task_run_states/{states[0]['id']}").json() == states[0]
    assert api.get("/task_run_states/").status_code == 422


# ---- the rules ----

def test_run_counts_and_times(api):
    run = running_run(api)
    task_run = make_task_run(api, run, state={"type": "PENDING"})
    verdict = propose(api, task_run, "RUNNING")
    assert verdict["status"] == "ACCEPT" and verdict["details"] == {"type": "accept_details"}
    begun = read(api, task_run)
    assert (begun["run_count"], begun["flow_run_run_count"]) == (1, 1) and begun["start_time"]
    propose(api, task_run, "COMPLETED")
    ended = read(api, task_run)
    assert ended["end_time"] and ended["total_run_time"] >= 0


@pytest.mark.parametrize("type", ["CANCELLING", "PAUSED", "CRASHED"])
def test_ended_task_runs_stay_ended(api, type):
    task_run = make_task_run(api, state={"type": "FAILED"})
    verdict = propose(api, task_run, type)
    assert verdict["status"] == "ABORT" and verdict["state"]["type"] == "FAILED"
    assert verdict["details"]["reason"] == "Run is already FAILED."


def test_a_kept_result_is_not_thrown_away(api):
    kept = make_task_run(api, state={"type": "COMPLETED", "data": {"storage_key": "k"}})
    for type in ("RUNNING", "COMPLETED", "SCHEDULED"):
        verdict = propose(api, kept, type)
        assert verdict["status"] == "REJECT" and verdict["state"]["type"] == "COMPLETED"
        assert verdict["details"]["reason"] == "This run is already completed."
    unkept = make_task_run(api, state={"type": "COMPLETED", "data": {"type": "unpersisted"}})
    assert propose(api, unkept, "PENDING")["status"] == "ACCEPT"


def test_tasks_run_while_their_flow_does(api):
    run = make_run(api)
    task_run = make_task_run(api, run, state={"type": "PENDING"})
    verdict = propose(api, task_run, "RUNNING")
    assert verdict["status"] == "ABORT"
    assert verdict["details"]["reason"] == "The enclosing flow must be running to begin task execution."
    set_state(api, run["id"], "RUNNING")
    deadline = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
    set_state(api, run["id"], "PAUSED", pause_timeout=deadline)
    verdict = propose(api, task_run, "RUNNING")
    assert verdict["status"] == "REJECT"
    assert (verdict["state"]["type"], verdict["state"]["name"]) == ("PAUSED", "NotReady")
    assert run["id"] in verdict["details"]["reason"]
    assert propose(api, task_run, "RUNNING", force=True)["status"] == "ACCEPT"


def test_scheduled_times_are_carried_and_waited_for(api):
    later = (datetime.now(timezone.utc) + timedelta(seconds=100)).isoformat()
    task_run = make_task_run(api, state={"type": "SCHEDULED",
                                         "state_details": {"scheduled_time": later}})
    assert read(api, task_run)["next_scheduled_start_time"]
    propose(api, task_run, "PENDING")
    verdict = propose(api, task_run, "RUNNING")
    assert verdict["status"] == "WAIT" and 90 < verdict["details"]["delay_seconds"] <= 100


def test_retries(api):
    run = running_run(api)
    task_run = make_task_run(api, run, state={"type": "PENDING"},
                             empirical_policy={"retries": 1, "retry_delay": 0})
    propose(api, task_run, "RUNNING")
    verdict = propose(api, task_run, "FAILED", message="oh")
    assert verdict["status"] == "REJECT" and verdict["details"]["reason"] == "Retrying"
    assert (verdict["state"]["name"], verdict["state"]["message"]) == ("AwaitingRetry", "oh")
    assert propose(api, task_run, "RUNNING")["state"]["name"] == "Retrying"
    assert propose(api, task_run, "FAILED")["status"] == "ACCEPT"
    # Leaving an ended state counts anew.
    propose(api, task_run, "PENDING")
    assert propose(api, task_run, "RUNNING")["state"]["name"] == "Running"
    assert read(api, task_run)["run_count"] == 1
    assert propose(api, task_run, "RUNNING")["state"]["name"] == "Rerunning"


def test_delays_of_retries(api):
    run = running_run(api)
    for policy, least, most in (({"retry_delay": [50, 100]}, 49, 51), ({"retry_delay": 30}, 29, 31),
                                ({"retry_delay": 100, "retry_jitter_factor": 0.5}, 49, 151)):
        task_run = make_task_run(api, run, empirical_policy={"retries": 3} | policy)
        propose(api, task_run, "RUNNING")
        propose(api, task_run, "FAILED")
        delay = propose(api, task_run, "RUNNING")["details"]["delay_seconds"]
        assert least <= delay <= most, policy


def test_what_is_not_to_be_retried(api):
    run = running_run(api)
    task_run = make_task_run(api, run, empirical_policy={"retries": 3})
    propose(api, task_run, "RUNNING")
    assert propose(api, task_run, "FAILED", retriable=False)["status"] == "ACCEPT"


def test_results_are_taken_from_the_cache(api):
    run, key = running_run(api), str(uuid.uuid4())
    first = make_task_run(api, run)
    propose(api, first, "RUNNING", cache_key=key)
    propose(api, first, "COMPLETED", data={"storage_key": key}, cache_key=key)
    second = make_task_run(api, run)
    verdict = propose(api, second, "RUNNING", cache_key=key)
    assert verdict["status"] == "REJECT" and verdict["details"]["reason"] == "Retrieved state from cache"
    assert (verdict["state"]["type"], verdict["state"]["name"]) == ("COMPLETED", "Cached")
    assert verdict["state"]["data"] == {"storage_key": key}
    assert verdict["state"]["state_details"]["task_run_id"] == second["id"]
    third = make_task_run(api, run)
    assert propose(api, third, "RUNNING", cache_key=key, refresh_cache=True)["status"] == "ACCEPT"
    past = (datetime.now(timezone.utc) - timedelta(seconds=1)).isoformat()
    stale = str(uuid.uuid4())
    propose(api, third, "COMPLETED", cache_key=stale, cache_expiration=past)
    assert propose(api, make_task_run(api, run), "RUNNING", cache_key=stale)["status"] == "ACCEPT"


def test_a_cache_key_has_its_length(api):
    verdict = propose(api, make_task_run(api), "COMPLETED", cache_key="k" * 2001)
    assert verdict["status"] == "REJECT" and "2000 characters" in verdict["details"]["reason"]
    assert verdict["state"]["type"] == "COMPLETED"


def test_a_proposal_sent_again(api):
    task_run, again = make_task_run(api), str(uuid.uuid4())
    assert propose(api, task_run, "PENDING", transition_id=again)["status"] == "ACCEPT"
    verdict = propose(api, task_run, "PENDING", transition_id=again)
    assert verdict["status"] == "REJECT"
    assert verdict["details"]["reason"] == "This run has already made this state transition."


def test_history(api):
    run = running_run(api)
    for _ in range(3):
        make_task_run(api, run, state={"type": "PENDING"})
    start = datetime.now(timezone.utc) - timedelta(minutes=1)
    body = {"history_start": start.isoformat(),
            "history_end": (start + timedelta(minutes=2)).isoformat(),
            "history_interval_seconds": 120, "task_runs": {"flow_run_id": {"any_": [run["id"]]}}}
    [interval] = api.post("/task_runs/history", json=body).json()
    [state] = interval["states"]
    assert (state["state_type"], state["state_name"], state["count_runs"]) == ("PENDING", "Pending", 3)
    assert state["sum_estimated_lateness"] >= 0
