"""What the server makes of the events by which the stock client reports its task runs."""

import datetime

import pytest

from harness.flows import wait
from harness.programs import run_of

pytestmark = pytest.mark.timeout(180)

# The tasks of the flow, and the names of the states of each of their runs.
ENDED = {"one": [["Pending", "Running", "Completed"]],
         "add": [["Pending", "Running", "Completed"]],
         "after": [["Pending", "Running", "Completed"]],
         "flaky": [["Pending", "Running", "AwaitingRetry", "Retrying", "Completed"]],
         "remembered": [["Pending", "Running", "Cached"], ["Pending", "Running", "Completed"]],
         "broken": [["Pending", "Running", "Failed"]]}


@pytest.fixture(scope="module")
def done(programs):
    process = programs("reporting.py")
    assert process.end() == 0, process.output()
    assert "sum: 3" in process.output()


@pytest.fixture(scope="module")
def run(server, done):
    return run_of(server.api, "reports", "Completed")


def list_task_runs(api, run):
    """Once they all have ended: the events may be late."""
    filters = {"task_runs": {"flow_run_id": {"any_": [run["id"]]}}}

    def look():
        found = api.post("/task_runs/filter", json=filters).json()
        return len(found) == 7 and all(each["end_time"] for each in found) and found

    return wait(look, "seven task runs that have ended")


@pytest.fixture(scope="module")
def task_runs(server, run):
    """By their tasks' names."""
    found = {}
    for each in list_task_runs(server.api, run):
        found.setdefault(each["name"].rpartition("-")[0], []).append(each)
    return found


def states(api, task_run):
    return api.get("/task_run_states/", params={"task_run_id": task_run["id"]}).json()


def test_states(server, task_runs):
    found = {name: sorted([state["name"] for state in states(server.api, each)] for each in runs)
             for name, runs in task_runs.items()}
    assert found == ENDED


def test_the_present_state_is_the_last(server, task_runs):
    for each in [one for runs in task_runs.values() for one in runs]:
        assert each["state"] == states(server.api, each)[-1]
        assert (each["state_id"], each["state_type"]) == (each["state"]["id"], each["state"]["type"])


def test_counts(task_runs):
    counts = {name: [each["run_count"] for each in runs] for name, runs in task_runs.items()}
    assert counts == {name: [2] if name == "flaky" else [1] * len(each)
                      for name, each in ENDED.items()}
    assert {each["flow_run_run_count"] for runs in task_runs.values() for each in runs} == {1}


def moment(text):
    return datetime.datetime.fromisoformat(text)


def test_times(run, task_runs):
    for each in [one for runs in task_runs.values() for one in runs]:
        assert run["start_time"] <= each["expected_start_time"] <= each["start_time"]
        assert each["start_time"] <= each["end_time"]
        lasted = (moment(each["end_time"]) - moment(each["start_time"])).total_seconds()
        assert 0 <= each["total_run_time"] <= lasted + 0.001
        assert each["estimated_run_time"] == each["total_run_time"]
        assert each["estimated_start_time_delta"] == pytest.approx(
            (moment(each["start_time"]) - moment(each["expected_start_time"])).total_seconds())
    assert task_runs["flaky"][0]["total_run_time"] < 0.1, "the wait between the tries does not count"


def test_dependencies(task_runs):
    [one], [add], [after] = task_runs["one"], task_runs["add"], task_runs["after"]
    assert one["task_inputs"] == {}
    assert [each["id"] for each in add["task_inputs"]["a"]] == [one["id"]]
    assert add["task_inputs"]["b"] == []
    assert [each["id"] for each in after["task_inputs"]["wait_for"]] == [add["id"]]


def test_a_failure(task_runs):
    [broken] = task_runs["broken"]
    assert broken["state_type"] == "FAILED" and "it had to be" in broken["state"]["message"]


def test_the_commands_show_it(server, programs, task_runs):
    [broken] = task_runs["broken"]
    status, shown = programs.command("task-run", "ls", "--limit", "50")
    assert status == 0 and broken["name"] in shown and "FAILED" in shown
    status, shown = programs.command("task-run", "inspect", broken["id"])
    assert status == 0 and "it had to be" in shown


def test_the_events_are_kept(server, run, task_runs):
    [broken] = task_runs["broken"]
    found = server.api.post("/events/filter", json={"filter": {
        "resource": {"id": [f"prefect.task-run.{broken['id']}"]}, "order": "ASC"}}).json()["events"]
    assert [each["event"] for each in found] == [
        f"prefect.task-run.{name}" for name in ("Pending", "Running", "Failed")]
    assert {"prefect.flow-run.Completed", "prefect.task-run.Cached"} <= {
        each["event"] for each in server.api.post("/events/filter", json={"filter": {
            "any_resource": {"id": [f"prefect.flow-run.{run['id']}"]}}}).json()["events"]}
