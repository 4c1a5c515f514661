"""What may follow what: each rule of the transitions of flow runs, and what a state brings about."""

import time
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from harness.objects import make_flow, make_run, set_state


def ahead(seconds):
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


@pytest.fixture(scope="module")
def deployment(server):
    api = server.api
    reply = api.post("/deployments/", json={"name": "of-rules", "flow_id": make_flow(api)["id"]})
    assert reply.status_code == 201, reply.text
    return reply.json()


def read(api, run):
    return api.get(f"/flow_runs/{run['id']}").json()


def state(type, name=None, data=None, **details):
    """A step: a proposal to make."""
    return {"type": type, "name": name, "data": data} | details


PAUSE = state("PAUSED", pause_timeout=ahead(3600), pause_key="1")
SUSPEND = state("PAUSED", "Suspended", pause_timeout=ahead(3600), pause_key="1",
                pause_reschedule=True)
KEPT = {"storage_key": "k"}
NOT_RUNNING = "Cannot pause flows that are not currently running."

# (name, the run has a deployment, steps before, proposal, status, reason, state it has then)
# Steps before are forced. Where the state is None, the proposed one is entered.
RULES = [
    ("ended: cancelling", False, [state("COMPLETED")], state("CANCELLING"),
     "ABORT", "Run is already in terminal state COMPLETED.", "Completed"),
    ("ended: pause", False, [state("FAILED")], PAUSE,
     "ABORT", "Run is already in terminal state FAILED.", "Failed"),
    ("ended: crash", False, [state("CANCELLED")], state("CRASHED"),
     "ABORT", "Run is already in terminal state CANCELLED.", "Cancelled"),
    ("kept result: goes on", True, [state("COMPLETED", data=KEPT)], state("RUNNING"),
     "REJECT", "Run is already COMPLETED.", "Completed"),
    ("kept result: none instead", True, [state("COMPLETED", data=KEPT)], state("COMPLETED"),
     "REJECT", "Run is already COMPLETED.", "Completed"),
    ("kept result: another", True, [state("COMPLETED", data=KEPT)],
     state("COMPLETED", data={"storage_key": "l"}), "ACCEPT", None, None),
    ("result not kept: goes on", True, [state("COMPLETED", data={"type": "unpersisted"})],
     state("RUNNING"), "ACCEPT", None, None),
    ("ended: scheduled without deployment", False, [state("FAILED")], state("SCHEDULED"),
     "ABORT", "Cannot reschedule a run without an associated deployment.", "Failed"),
    ("ended: scheduled", True, [state("FAILED")], state("SCHEDULED"), "ACCEPT", None, None),
    ("ended: runs again", False, [state("FAILED")], state("RUNNING"), "ACCEPT", None, None),
    ("ended: ends otherwise", False, [state("FAILED")], state("COMPLETED"), "ACCEPT", None, None),
    ("cancelling: runs", False, [state("CANCELLING")], state("RUNNING"), "REJECT",
     "Cannot transition flows that are cancelling to a state other than Cancelled.", "Cancelling"),
    ("cancelling: completes", False, [state("CANCELLING")], state("COMPLETED"), "REJECT",
     "Cannot transition flows that are cancelling to a state other than Cancelled.", "Cancelling"),
    ("cancelling: cancelled", False, [state("CANCELLING")], state("CANCELLED"), "ACCEPT", None, None),
    ("scheduled: cancelled at once", False, [state("SCHEDULED")], state("CANCELLING"),
     "REJECT", "Scheduled flow run has no infrastructure to terminate.", "+Cancelled"),
    ("suspended: cancelled at once", True, [state("RUNNING"), SUSPEND], state("CANCELLING"),
     "REJECT", "Suspended flow run has no infrastructure to terminate.", "+Cancelled"),
    ("paused: cancelling", False, [state("RUNNING"), PAUSE], state("CANCELLING"),
     "ACCEPT", None, None),
    ("pending: submitting", False, [state("PENDING")], state("PENDING", "Submitting"),
     "ACCEPT", None, None),
    ("pending: taken", False, [state("PENDING")], state("PENDING"), "ABORT",
     "This run is in a PENDING state and cannot transition to a PENDING state.", "Pending"),
    ("submitting: submitting", False, [state("PENDING", "Submitting")],
     state("PENDING", "Submitting"), "ABORT",
     "This run is in a PENDING state and cannot transition to a PENDING state.", "Submitting"),
    ("running: taken", False, [state("RUNNING")], state("PENDING"), "ABORT",
     "This run is in a RUNNING state and cannot transition to a PENDING state.", "Running"),
    ("cancelled: taken", False, [state("CANCELLED")], state("PENDING"), "ABORT",
     "This run is in a CANCELLED state and cannot transition to a PENDING state.", "Cancelled"),
    ("running: late", False, [state("RUNNING")], state("SCHEDULED", "Late"),
     "REJECT", "Only scheduled runs can be marked late.", "Running"),
    ("scheduled: late", False, [state("SCHEDULED")], state("SCHEDULED", "Late"),
     "ACCEPT", None, None),
    ("pending: pause", False, [state("PENDING")], PAUSE, "REJECT", NOT_RUNNING, "Pending"),
    ("pending: suspend", True, [state("PENDING")], SUSPEND,
     "REJECT", NOT_RUNNING.replace("pause", "suspend"), "Pending"),
    ("paused: pause", False, [state("RUNNING"), PAUSE], PAUSE | {"pause_key": "2"},
     "REJECT", NOT_RUNNING, "Paused"),
    ("fired: pause", False, [state("RUNNING"), "PAUSE", state("RUNNING")], PAUSE,
     "REJECT", "This pause has already fired.", "Running"),
    ("fired: suspend", True, [state("RUNNING"), "PAUSE", state("RUNNING")], SUSPEND,
     "REJECT", "This suspend has already fired.", "Running"),
    ("running: suspend without deployment", False, [state("RUNNING")], SUSPEND,
     "ABORT", "Cannot suspend flows without a deployment.", "Running"),
    ("running: suspend", True, [state("RUNNING")], SUSPEND, "ACCEPT", None, None),
    ("running: pause", False, [state("RUNNING")], PAUSE, "ACCEPT", None, None),
    ("paused: taken", False, [state("RUNNING"), PAUSE], state("PENDING"), "REJECT",
     "This run cannot transition to the StateType.PENDING state from the StateType.PAUSED state.",
     "Paused"),
    ("paused: runs", False, [state("RUNNING"), PAUSE], state("RUNNING"), "ACCEPT", None, None),
    ("paused: scheduled", True, [state("RUNNING"), PAUSE], state("SCHEDULED"),
     "ACCEPT", None, None),
    ("paused: completes", False, [state("RUNNING"), PAUSE], state("COMPLETED"),
     "ACCEPT", None, None),
    ("early: runs", False, [state("SCHEDULED", scheduled_time=ahead(100))], state("RUNNING"),
     "WAIT", "Scheduled time is in the future", "Scheduled"),
    ("early, taken: runs", False,
     [state("SCHEDULED", scheduled_time=ahead(100)), "state PENDING"], state("RUNNING"),
     "WAIT", "Scheduled time is in the future", "Pending"),
    ("early, submitting: runs", False,
     [state("SCHEDULED", scheduled_time=ahead(100)), "state PENDING", "state PENDING Submitting"],
     state("RUNNING"), "WAIT", "Scheduled time is in the future", "Submitting"),
    ("in time: runs", False, [state("SCHEDULED", scheduled_time=ahead(-1))], state("RUNNING"),
     "ACCEPT", None, None),
    ("running: runs", False, [state("RUNNING")], state("RUNNING"), "ACCEPT", None, None),
    ("running: fails", False, [state("RUNNING")], state("FAILED"), "ACCEPT", None, None),
]
STATUSES = {"ACCEPT": "accept_details", "REJECT": "reject_details", "ABORT": "abort_details",
            "WAIT": "wait_details"}


def propose(api, run, step, force=False):
    step = dict(step)
    return set_state(api, run["id"], step.pop("type"), step.pop("name"), data=step.pop("data"),
                     force=force, **step)


def run_after(api, steps, deployment=None, **fields):
    """A run that has had the steps, in a way that only the rules which always hold can hinder."""
    if deployment:
        fields |= {"deployment_id": deployment["id"],
                   "flow": {"id": deployment["flow_id"]}}
    run = make_run(api, **fields)
    for step in steps:
        if step == "PAUSE":  # not forced, so that its key is remembered
            step, force = PAUSE, False
        elif isinstance(step, str):  # not forced, so that its time is carried
            step, force = state(*step.split()[1:]), False
        else:
            force = True
        assert propose(api, run, step, force)["status"] == "ACCEPT", step
    return run


@pytest.mark.parametrize("deployed, before, proposal, status, reason, then",
                         [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_rules(api, deployment, deployed, before, proposal, status, reason, then):
    run = run_after(api, before, deployment if deployed else None)
    present = read(api, run)["state"]
    verdict = propose(api, run, proposal)
    now = read(api, run)["state"]
    assert verdict["status"] == status
    assert verdict["details"]["type"] == STATUSES[status]
    assert verdict["details"].get("reason") == reason
    assert verdict["state"] == now
    if status == "ACCEPT":
        assert now["type"] == proposal["type"] and now["id"] != present["id"]
    elif then.startswith("+"):
        assert now["name"] == then[1:] and now["id"] != present["id"]
    else:
        assert now == present and now["name"] == then


def test_a_pause_that_ran_out(api):
    run = run_after(api, [state("RUNNING"), PAUSE | {"pause_timeout": ahead(-60)}])
    propose(api, run, state("RUNNING"))  # refused, or the server has ended the run before
    states = api.get("/flow_run_states/", params={"flow_run_id": run["id"]}).json()
    assert [s["type"] for s in states][:4] == ["PENDING", "RUNNING", "PAUSED", "FAILED"]
    assert states[3]["message"] == "The flow was paused and never resumed."


def test_children_do_not_suspend(api, deployment):
    parent = make_run(api)
    stand_in = api.post("/task_runs/", json={"flow_run_id": parent["id"], "task_key": "t",
                                             "dynamic_key": "0"}).json()
    run = run_after(api, [state("RUNNING")], deployment, parent_task_run_id=stand_in["id"])
    verdict = propose(api, run, SUSPEND)
    assert (verdict["status"], verdict["details"]["reason"]) == ("ABORT", "Cannot suspend subflows.")


@pytest.mark.parametrize("force, proposal, status", [
    (True, state("PENDING"), "ACCEPT"), (True, PAUSE, "ACCEPT"), (True, state("CANCELLED"), "ACCEPT"),
])
def test_force_asks_few_rules(api, force, proposal, status):
    run = run_after(api, [state("CANCELLING")])
    assert propose(api, run, proposal, force)["status"] == status


def test_some_rules_hold_by_force(api, deployment):
    for before, proposal in (([state("SCHEDULED")], state("CANCELLING")),
                             ([state("RUNNING"), SUSPEND], state("CANCELLING")),
                             ([state("COMPLETED", data=KEPT)], state("RUNNING"))):
        run = run_after(api, before, deployment)
        assert propose(api, run, proposal, force=True)["status"] == "REJECT"


def test_a_process_can_be_cancelled_while_scheduled(api):
    run = run_after(api, [state("SCHEDULED")])
    api.patch(f"/flow_runs/{run['id']}", json={"infrastructure_pid": "4711"})
    assert propose(api, run, state("CANCELLING"))["status"] == "ACCEPT"


def test_a_proposal_sent_again(api):
    run, id = make_run(api), str(uuid.uuid4())
    first = set_state(api, run["id"], "RUNNING", transition_id=id)
    again = set_state(api, run["id"], "RUNNING", transition_id=id.upper())
    assert (first["status"], again["status"]) == ("ACCEPT", "REJECT")
    assert again["details"]["reason"] == "This run has already made this state transition."
    assert again["state"]["id"] == first["state"]["id"]


def test_status_codes(api):
    run = make_run(api)
    path = f"/flow_runs/{run['id']}/set_state"
    running, pending = {"state": {"type": "RUNNING"}}, {"state": {"type": "PENDING"}}
    assert api.post(path, json=running).status_code == 201
    assert api.post(path, json=pending).status_code == 200
    scheduled = make_run(api, state={"type": "SCHEDULED"})
    reply = api.post(f"/flow_runs/{scheduled['id']}/set_state", json={"state": {"type": "CANCELLING"}})
    assert (reply.status_code, reply.json()["status"]) == (201, "REJECT")  # another was written
    reply = api.post(f"/flow_runs/{uuid.uuid4()}/set_state", json=running)
    assert reply.status_code == 404 and "not found" in reply.json()["exception_message"]


# ---- what a state brings about ----

def test_the_server_makes_id_name_and_time(api):
    run = make_run(api)
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    verdict = set_state(api, run["id"], "CANCELLING", message="why")["state"]
    assert (verdict["name"], verdict["message"]) == ("Cancelling", "why")
    assert before < datetime.fromisoformat(verdict["timestamp"]) < before + timedelta(seconds=30)
    assert verdict["state_details"]["flow_run_id"] == run["id"]
    assert len(verdict["state_details"]) == 18
    now = read(api, run)
    assert (now["state_type"], now["state_name"], now["state_id"]) == (
        "CANCELLING", "Cancelling", verdict["id"])


def test_every_state_is_kept_in_order(api):
    run = make_run(api)
    for type in ("RUNNING", "RUNNING", "COMPLETED"):
        set_state(api, run["id"], type)
    states = api.get("/flow_run_states/", params={"flow_run_id": run["id"]}).json()
    assert [s["type"] for s in states] == ["PENDING", "RUNNING", "RUNNING", "COMPLETED"]
    times = [s["timestamp"] for s in states]
    assert times == sorted(set(times))
    assert api.get(f"/flow_run_states/{states[1]['id']}").json() == states[1]


def test_times_and_counts(api):
    run = make_run(api)
    assert (run["run_count"], run["start_time"], run["end_time"]) == (0, None, None)
    assert run["expected_start_time"] == run["state"]["timestamp"]
    running = set_state(api, run["id"], "RUNNING")["state"]
    time.sleep(0.05)
    now = read(api, run)
    assert (now["run_count"], now["start_time"]) == (1, running["timestamp"])
    assert now["estimated_run_time"] >= 0.05 > now["total_run_time"]
    ended = set_state(api, run["id"], "COMPLETED")["state"]
    now = read(api, run)
    assert now["end_time"] == ended["timestamp"]
    assert now["total_run_time"] == now["estimated_run_time"] >= 0.05
    set_state(api, run["id"], "RUNNING")
    now = read(api, run)
    assert (now["run_count"], now["end_time"]) == (2, None)
    assert now["start_time"] == running["timestamp"]


def test_a_run_that_ends_without_running_has_a_start(api):
    run = make_run(api)
    set_state(api, run["id"], "FAILED")
    now = read(api, run)
    assert now["start_time"] == now["end_time"] is not None and now["run_count"] == 0


def test_scheduled_times(api):
    later = ahead(500)
    run = make_run(api, state={"type": "SCHEDULED", "state_details": {"scheduled_time": later}})
    told = datetime.fromisoformat(run["next_scheduled_start_time"])
    assert told == datetime.fromisoformat(later) and run["expected_start_time"] == run["next_scheduled_start_time"]
    pending = set_state(api, run["id"], "PENDING")["state"]
    assert pending["state_details"]["scheduled_time"] == run["expected_start_time"]
    assert read(api, run)["next_scheduled_start_time"] is None
    now = make_run(api, state={"type": "SCHEDULED"})
    assert now["state"]["state_details"]["scheduled_time"] == now["state"]["timestamp"]


def test_waiting_tells_whole_seconds(api):
    run = make_run(api, state={"type": "SCHEDULED", "state_details": {"scheduled_time": ahead(30)}})
    delay = set_state(api, run["id"], "RUNNING")["details"]["delay_seconds"]
    assert isinstance(delay, int) and 25 <= delay <= 30


def test_pause_keys_and_run_counts(api):
    """The first resume of a pause counts as a run, the next do not."""
    run = run_after(api, [state("RUNNING")])
    counts, resuming = [], []
    for key in ("1", "2", "3"):
        assert propose(api, run, PAUSE | {"pause_key": key})["status"] == "ACCEPT"
        assert api.post(f"/flow_runs/{run['id']}/resume").json()["status"] == "ACCEPT"
        now = read(api, run)
        counts.append(now["run_count"])
        resuming.append(now["empirical_policy"]["resuming"])
    assert now["empirical_policy"]["pause_keys"] == ["1", "2", "3"]
    assert counts == [2, 2, 2] and resuming == [True, True, True]
    set_state(api, run["id"], "COMPLETED")
    assert read(api, run)["empirical_policy"]["resuming"] is False
    set_state(api, run["id"], "RUNNING")  # starts over
    assert read(api, run)["empirical_policy"]["pause_keys"] == []


def test_a_suspended_run_is_counted_once(api, deployment):
    run = run_after(api, [state("RUNNING")], deployment)
    propose(api, run, SUSPEND)
    resumed = api.post(f"/flow_runs/{run['id']}/resume").json()
    assert (resumed["state"]["type"], resumed["state"]["name"]) == ("SCHEDULED", "Resuming")
    assert read(api, run)["empirical_policy"]["resuming"] is True
    policy = read(api, run)["empirical_policy"]
    assert api.patch(f"/flow_runs/{run['id']}", json={"empirical_policy": policy}).status_code == 204
    set_state(api, run["id"], "PENDING")
    set_state(api, run["id"], "PENDING", "Submitting")
    set_state(api, run["id"], "RUNNING")
    now = read(api, run)
    assert now["run_count"] == 1
    assert (now["empirical_policy"]["pause_keys"], now["empirical_policy"]["resuming"]) == (["1"], False)


def test_retries(api):
    run = make_run(api, empirical_policy={"retries": 1, "retry_delay": 0})
    set_state(api, run["id"], "RUNNING")
    propose(api, run, PAUSE)
    api.post(f"/flow_runs/{run['id']}/resume")
    set_state(api, run["id"], "RUNNING")
    api.patch(f"/flow_runs/{run['id']}", json={"empirical_policy": {"retries": 3, "retry_delay": 0}})
    verdict = set_state(api, run["id"], "FAILED", message="oh", data={"x": 1})
    assert (verdict["status"], verdict["details"]["reason"]) == ("REJECT", "Retrying")
    assert (verdict["state"]["type"], verdict["state"]["name"]) == ("SCHEDULED", "AwaitingRetry")
    assert (verdict["state"]["message"], verdict["state"]["data"]) == ("oh", {"x": 1})
    policy = read(api, run)["empirical_policy"]
    assert (policy["pause_keys"], policy["retry_type"]) == ([], "in_process")
    assert set_state(api, run["id"], "RUNNING")["state"]["name"] == "Running"


def test_retries_have_a_delay_and_an_end(api):
    run = make_run(api, empirical_policy={"retries": 1, "retry_delay": 40})
    set_state(api, run["id"], "RUNNING")
    assert set_state(api, run["id"], "FAILED")["status"] == "REJECT"
    verdict = set_state(api, run["id"], "RUNNING")
    assert verdict["status"] == "WAIT" and 38 <= verdict["details"]["delay_seconds"] <= 40
    set_state(api, run["id"], "RUNNING", force=True)
    assert set_state(api, run["id"], "FAILED")["status"] == "ACCEPT"


def test_data_is_kept_as_it_came(api):
    run = make_run(api)
    body = '{"state":{"type":"COMPLETED","data":{"n":0.1,"big":123456789012345678,"e":1e3}}}'
    reply = api.post(f"/flow_runs/{run['id']}/set_state", content=body,
                     headers={"Content-Type": "application/json"})
    assert '"data":{"n":0.1,"big":123456789012345678,"e":1e3}' in reply.text
    assert '"data":{"n":0.1,"big":123456789012345678,"e":1e3}' in api.get(f"/flow_runs/{run['id']}").text
