"""Tasks, subflows, results and timeouts of C flows, in real processes."""

import os
import signal
import subprocess
import time

import pytest

from harness.flows import Process, log_of, read, resume, wait, wait_for_state
from harness.objects import set_state
from harness.runs import ask_for_run, processes_of, wait_for_end
from harness.server import ROOT

PROGRAM = "tests/e2e/tasks"


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """What the flows did, by lines of a file."""
    path = tmp_path / "notes"
    path.touch()
    monkeypatch.setenv("TASKS_FILE", str(path))
    monkeypatch.setenv("TASKS_CRASHED", str(tmp_path / "crashed"))
    return lambda: path.read_text().split("\n")[:-1]


@pytest.fixture
def start(server, tmp_path, notes):
    """start("types"): the flow, running."""
    started = []

    def start_one(*arguments):
        process = Process(server, tmp_path / f"tasks-{len(started)}.log", PROGRAM, *arguments)
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.__exit__()


@pytest.fixture
def runner(start):
    process = start("serve")
    process.expect("fermata deployment run 'child/test'")
    yield process
    process.process.send_signal(signal.SIGTERM)
    assert process.end() == 0
    assert "not right" not in process.output(), process.output()


def answer(api, run, value):
    """As soon as it is asked: a run is paused before its question is there."""
    wait(lambda: resume(api, run, value)["status"] == "ACCEPT", "a question")


def task_runs_of(api, run):
    """By name."""
    body = {"flow_runs": {"id": {"any_": [run["id"]]}}}
    return {task["name"]: task for task in api.post("/task_runs/filter", json=body).json()}


def states_of(api, task):
    states = api.get("/task_run_states/", params={"task_run_id": task["id"]}).json()
    return [state["name"] for state in states]


def children_of(api, run):
    """The runs that task runs of this one stand for, oldest first."""
    ids = [task["id"] for task in task_runs_of(api, run).values()]
    return api.post("/flow_runs/filter", json={
        "flow_runs": {"parent_task_run_id": {"any_": ids}},
        "sort": "EXPECTED_START_TIME_ASC"}).json()


def ends_well(process):
    assert process.end() == 0, process.output()
    assert "not right" not in process.output(), process.output()


# ---- tasks ----


def test_a_task_is_recorded(api, start, notes):
    flow = start("types")
    ends_well(flow)
    run = flow.run()
    tasks = task_runs_of(api, run)
    assert list(sorted(tasks)) == ["count_words-0", "fetch-0", "fetch-1", "greeting-0",
                                   "is_even-0", "measure-0", "shout-0", "touch-0"]
    fetch = tasks["fetch-0"]
    assert (fetch["task_key"], fetch["tags"], fetch["run_count"]) == ("fetch", ["web"], 1)
    assert states_of(api, fetch) == ["Pending", "Running", "Completed"]
    assert fetch["state"]["data"] == {
        "result": {"url": "abcde?", "length": 5, "words": ["a", "b"]}}
    assert tasks["greeting-0"]["state"]["data"] == {"result": "Hello from types"}
    assert tasks["touch-0"]["state"]["data"] == {"result": None}
    first, second = (tasks[name]["dynamic_key"] for name in ("fetch-0", "fetch-1"))
    assert first[:-1] == second[:-1] and (first[-2:], second[-2:]) == ("-0", "-1")
    assert notes().count("fetch abcde") == 2


def test_lines_of_a_task_name_it(api, start):
    flow = start("types")
    ends_well(flow)
    fetch = task_runs_of(api, flow.run())["fetch-0"]
    lines = api.post("/logs/filter", json={
        "logs": {"task_run_id": {"any_": [fetch["id"]]}}, "sort": "TIMESTAMP_ASC"}).json()
    assert [(line["name"], line["message"]) for line in lines] == [
        ("prefect.task_runs", "fetching abcde"),
        ("prefect.task_runs", "Finished in state Completed()")]
    assert {line["flow_run_id"] for line in lines} == {flow.run()["id"]}
    assert "Task run 'fetch-0' - fetching abcde" in flow.output()


def test_a_failure_has_its_message(api, start):
    flow = start("failing")
    assert flow.end() == 1
    assert "not right" not in flow.output(), flow.output()
    run = flow.run()
    unlucky = task_runs_of(api, run)["unlucky-0"]
    assert states_of(api, unlucky) == ["Pending", "Running", "Failed"]
    assert unlucky["state"]["message"] == "no luck with 13"
    assert read(api, run)["state"]["message"] == "no luck with 13"
    assert "must be at least 0" in task_runs_of(api, run)["negative-0"]["state"]["message"]


def test_a_failed_task_is_tried_again_after_a_delay(api, start, notes):
    flow = start("retrying")
    ends_well(flow)
    task = task_runs_of(api, flow.run())["third_try-0"]
    assert states_of(api, task) == ["Pending", "Running", "AwaitingRetry", "Retrying",
                                    "AwaitingRetry", "Retrying", "Completed"]
    assert notes() == ["try"] * 3
    states = api.get("/task_run_states/", params={"task_run_id": task["id"]}).json()
    begun, ended = states[1]["timestamp"], states[-1]["timestamp"]
    assert 2 <= seconds_between(begun, ended) < 6


def seconds_between(first, last):
    def seconds(stamp):
        hours, minutes, rest = stamp.split("T")[1].rstrip("Z").split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(rest)
    return (seconds(last) - seconds(first)) % 86400


def test_a_flow_that_is_tried_again_keeps_its_results(api, start, notes):
    flow = start("second_try")
    ends_well(flow)
    # What has another input than before is another call.
    assert notes() == ["fetch same", "fetch same", "fetch first", "fetch second"]
    assert flow.output().count("Already completed, its result is taken") == 2
    assert states_of(api, task_runs_of(api, flow.run())["fetch-1"]) == [
        "Pending", "Running", "Completed"]


def test_two_tasks_of_one_name_are_told_apart(start):
    flow = start("same_names")
    assert flow.end() == 1
    assert "named 'fetch': give one of them another .name" in flow.output()


def test_threads_run_tasks_at_once(api, start):
    flow = start("threads")
    ends_well(flow)
    assert sorted(task["state"]["data"]["result"]
                  for task in task_runs_of(api, flow.run()).values()) == [0, 1, 4, 9, 16, 25]


def test_a_task_waits_while_its_flow_is_paused(api, start, notes):
    flow = start("paused_beside")
    run = flow.run()
    wait(lambda: "NotReady" in [task["state"]["name"] for task in task_runs_of(api, run).values()],
         "a task that waits")
    assert notes() == []
    answer(api, run, None)
    ends_well(flow)
    assert notes() == ["touch"]


def test_no_task_starts_in_a_cancelled_run(api, start, notes):
    flow = start("endless")
    wait(lambda: len(notes()) > 2, "a few tasks")
    set_state(api, flow.run()["id"], "CANCELLING")
    assert flow.end() == 1
    assert "not right" not in flow.output(), flow.output()
    assert read(api, flow.run())["state"]["type"] == "CANCELLED"


# What the compiler has to refuse, and one that it takes.
HEAD = """#include <fermata.h>
struct a { int64_t x; };
struct b { int64_t x; };
static const struct fm_field a_fields[] = {FM_FIELD(struct a, x), FM_END};
FM_MODEL(A, struct a, a_fields);
static int length(struct fm_run *run, const char *text, struct a *result)
{ (void)run, (void)text, (void)result; return 0; }
FM_TASK(length, FM_STRING, &A);
static int other(struct fm_run *run, const struct b *input, int64_t *result)
{ (void)run, (void)input, (void)result; return 0; }
static int none(struct fm_run *run) { (void)run; return 0; }
int main(void) { struct a a; struct b b; struct fm_run *run = NULL; (void)a, (void)b, (void)other, (void)none;
"""
CALL = "return fm_run_task(run, &length_task, %s); }"


@pytest.mark.parametrize("right, program", [
    (True, HEAD + CALL % '"a", &a'),
    (False, HEAD + CALL % "5, &a"),
    (False, HEAD + CALL % '"a", &b'),
    (False, HEAD + CALL % '"a"'),
    (False, HEAD.replace("int main", "FM_TASK(other, &A, FM_INTEGER);\nint main") + "return 0; }"),
    (False, HEAD.replace("int main", "FM_TASK(none, &A, FM_NOTHING);\nint main") + "return 0; }"),
    (False, HEAD.replace("FM_STRING, &A", "FM_STRING, FM_INTEGER") + "return 0; }"),
])
def test_the_compiler_checks_tasks(right, program):
    done = subprocess.run(["cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I",
                           ROOT / "include", "-x", "c", "-"], input=program, text=True,
                          capture_output=True)
    assert (done.returncode == 0) == right, done.stderr


# ---- kept over the end of a process ----


def test_a_suspended_run_does_not_repeat_its_tasks(api, runner, notes):
    run = ask_for_run(api, "suspending/test")
    wait_for_state(api, run, "Suspended")
    assert notes() == ["fetch one", "fetch two"]
    answer(api, run, {"value": "one"})
    ended = wait_for_end(api, run)
    # "one" was fetched before, but this is its second call: it has a result of its own.
    assert notes() == ["fetch one", "fetch two", "fetch one"]
    assert ended["state"]["data"]["result"]["url"] == "one?"


@pytest.mark.parametrize("data", [{"result": {"address": "one?"}}, {"storage_key": "x"}])
def test_a_result_that_fits_no_more_is_made_anew(api, runner, notes, data):
    run = ask_for_run(api, "suspending/test")
    wait_for_state(api, run, "Suspended")
    fetch = task_runs_of(api, run)["fetch-0"]
    changed = {"type": "COMPLETED", "data": data}
    reply = api.post(f"/task_runs/{fetch['id']}/set_state", json={"state": changed, "force": True})
    assert reply.json()["status"] == "ACCEPT"
    answer(api, run, {"value": "three"})
    assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
    assert notes() == ["fetch one", "fetch two", "fetch one", "fetch three"]
    assert task_runs_of(api, run)["fetch-0"]["state"]["data"]["result"]["url"] == "one?"


def test_a_task_that_suspends_its_flow_runs_again(api, runner, notes):
    run = ask_for_run(api, "suspending-task/test")
    wait_for_state(api, run, "Suspended")
    wait(lambda: task_runs_of(api, run)["ask-0"]["state"]["name"] == "Suspended", "the task's end")
    answer(api, run, {"value": "blue"})
    assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
    assert notes() == ["ask", "ask", "answer blue"]
    assert states_of(api, task_runs_of(api, run)["ask-0"])[-1] == "Completed"


def test_a_run_that_was_killed_goes_on_behind_its_tasks(api, runner, notes):
    run = ask_for_run(api, "crashing/test")
    assert wait_for_end(api, run)["state"]["type"] == "CRASHED"
    assert task_runs_of(api, run)["crash_once-0"]["state"]["type"] == "RUNNING"
    set_state(api, run["id"], "SCHEDULED")
    assert wait_for_state(api, run, "Completed")
    assert notes() == ["fetch before", "crash_once", "crash_once"]


def test_a_served_run_is_tried_again_in_one_new_process(api, runner, notes):
    run = ask_for_run(api, "retried/test")
    for word in ("first", "second"):
        wait_for_state(api, run, "Paused")
        answer(api, run, {"value": word})
        wait(lambda: notes()[-1] == f"try {word}", "the answer")
    assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
    time.sleep(1)  # a second process would say otherwise
    assert read(api, run)["state"]["type"] == "COMPLETED"
    assert notes() == ["fetch kept", "try first", "try second"]


def test_a_result_that_is_too_large_is_a_failure(start_server, tmp_path):
    server = start_server("--body-limit", "1")
    with Process(server, tmp_path / "tasks.log", PROGRAM, "gives_much") as flow:
        assert flow.end() == 1
        assert "not right" not in flow.output(), flow.output()
        run = flow.run()
        state = read(server.api, run)["state"]
        assert state["type"] == "FAILED"
        assert state["message"].startswith("result of the flow run: ")
        state = task_runs_of(server.api, run)["large-0"]["state"]
        assert state["type"] == "FAILED"
        assert state["message"].startswith("result of task 'large': ")


# ---- timeouts ----


def test_a_task_has_its_time(api, start):
    flow = start("impatient_tasks")
    begun = time.monotonic()
    ends_well(flow)
    assert time.monotonic() - begun < 8
    tasks = task_runs_of(api, flow.run())
    for i in range(5):
        state = tasks[f"wait_long-{i}"]["state"]
        assert (state["type"], state["name"], state["message"]) == (
            "FAILED", "TimedOut", "Task run exceeded timeout of 0.5 second(s)")


def test_a_flow_has_its_time(api, start, notes):
    flow = start("impatient")
    assert flow.end() == 1
    state = read(api, flow.run())["state"]
    assert (state["type"], state["name"], state["message"]) == (
        "FAILED", "TimedOut", "Flow run exceeded timeout of 1.0 second(s)")
    assert notes() == ["code -3"]
    assert task_runs_of(api, flow.run())["sleepy-0"]["state"]["type"] == "FAILED"


def test_a_flow_that_completes_late_has_completed(api, start):
    flow = start("late")
    ends_well(flow)
    assert read(api, flow.run())["state"]["type"] == "COMPLETED"


def test_a_served_flow_that_minds_no_timeout_is_ended(api, runner):
    run = ask_for_run(api, "stubborn/test")
    state = wait_for_end(api, run)["state"]
    assert (state["name"], state["message"]) == (
        "TimedOut", "Flow run exceeded timeout of 0.5 second(s)")
    wait(lambda: any("its process is ended" in line for line in log_of(api, run)), "the log")
    assert "I do not hear" in log_of(api, run)


# ---- subflows ----


def test_a_subflow_is_a_run_of_its_own(api, start, notes):
    flow = start("parent")
    ends_well(flow)
    run = flow.run()
    tasks = task_runs_of(api, run)
    children = children_of(api, run)
    assert [child["state"]["type"] for child in children] == [
        "COMPLETED", "COMPLETED", "FAILED", "FAILED"]
    first, four = children[:2]
    assert four["name"] == "number-four" and four["tags"] == ["small"]
    assert four["parameters"] == {"number": 4, "way": "return"}
    stand_in = tasks["child-0"]
    assert first["parent_task_run_id"] == stand_in["id"]
    assert (stand_in["state"]["type"], stand_in["state"]["state_details"]["child_flow_run_id"]) == (
        "COMPLETED", first["id"])
    assert "Finished in state Completed()" in log_of(api, first)
    assert children[3]["state"]["message"].endswith("Cannot suspend subflows.")


def test_a_flow_runs_itself(start):
    ends_well(start("recursion"))


def test_a_subflow_asks(api, start, notes):
    flow = start("asking_parent")
    parent = flow.run()
    wait(lambda: children_of(api, parent), "a child")
    [child] = children_of(api, parent)
    wait_for_state(api, child, "Paused")
    answer(api, child, {"value": "Ada"})
    ends_well(flow)
    assert notes() == ["child 1", "answer Ada"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_ends_the_parent_ends_the_subflow(api, start, notes, number):
    flow = start("waiting_parent")
    wait(lambda: notes() == ["child 1"], "the child")
    flow.process.send_signal(number)
    assert flow.end() == 128 + number
    [child] = children_of(api, flow.run())
    assert read(api, child)["state"]["type"] == "CANCELLED"
    assert notes() == ["child 1", "code -4"]


def test_a_cancelled_parent_ends_its_subflow(api, runner, notes):
    run = ask_for_run(api, "waiting-parent/test")
    wait(lambda: notes() == ["child 1"], "the child")
    set_state(api, run["id"], "CANCELLING")
    assert wait_for_end(api, run)["state"]["type"] == "CANCELLED"
    [child] = children_of(api, run)
    assert wait_for_end(api, child)["state"]["type"] == "CANCELLED"
    assert notes() == ["child 1", "code -4"]


def test_the_timeout_of_the_parent_ends_the_subflow(api, start, notes):
    flow = start("hasty_parent")
    assert flow.end() == 1
    assert read(api, flow.run())["state"]["name"] == "TimedOut"
    [child] = children_of(api, flow.run())
    assert child["state"]["type"] == "FAILED"
    assert notes() == ["child 1", "code -3"]


def test_a_suspended_parent_does_not_repeat_its_subflow(api, runner, notes):
    run = ask_for_run(api, "suspending-parent/test")
    wait_for_state(api, run, "Suspended")
    answer(api, run, None)
    assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
    assert notes() == ["child 1"]
    assert len(children_of(api, run)) == 1


def test_a_subflow_that_was_killed_goes_on(api, runner, notes):
    run = ask_for_run(api, "crashing-parent/test", way="crash")
    assert wait_for_end(api, run)["state"]["type"] == "CRASHED"
    [child] = children_of(api, run)
    assert child["state"]["type"] == "CRASHED"
    assert child["state"]["message"] == "The process of the parent flow run is gone."
    set_state(api, run["id"], "SCHEDULED")
    assert wait_for_state(api, run, "Completed")
    assert notes() == ["child 1", "fetch in the child", "crash_once", "child 1", "crash_once"]
    [child] = children_of(api, run)
    assert child["state"]["type"] == "COMPLETED"


def test_a_subflow_crashes_with_its_parent(api, start, notes):
    flow = start("waiting_parent")
    wait(lambda: notes() == ["child 1"], "the child")
    run = flow.run()
    flow.process.kill()
    assert wait_for_end(api, run)["state"]["type"] == "CRASHED"
    [child] = children_of(api, run)
    assert child["state"]["type"] == "CRASHED"


def test_a_subflow_that_was_paused_when_it_was_killed_asks_anew(api, runner, notes):
    run = ask_for_run(api, "crashing-parent/test", way="pause")
    wait(lambda: children_of(api, run), "a child")
    wait_for_state(api, children_of(api, run)[0], "Paused")
    [process] = processes_of(runner.process.pid)
    os.kill(process, signal.SIGKILL)
    assert wait_for_end(api, run)["state"]["type"] == "CRASHED"
    [child] = children_of(api, run)
    assert child["state"]["type"] == "CRASHED"
    set_state(api, run["id"], "SCHEDULED")
    wait_for_state(api, child, "Paused")
    answer(api, child, {"value": "Ada"})
    assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
    assert len(children_of(api, run)) == 1
    assert notes() == ["child 1", "child 1"]


def test_a_run_of_a_deployment_is_a_part_of_its_parent(api, runner, start, notes):
    flow = start("starter")
    ends_well(flow)
    [child] = children_of(api, flow.run())
    assert child["deployment_id"] and child["tags"] == ["started"]
    assert child["parameters"] == {"number": 7, "way": "return"}
    # The flow was tried again, and found the run that it had started.
    assert notes() == ["child 7"] + [f"started {child['id']}"] * 2
    future = api.post("/flow_runs/filter", json={
        "flow_runs": {"name": {"any_": ["in-2100"]}}}).json()
    assert {run["state"]["state_details"]["scheduled_time"] for run in future} == {
        "2100-01-01T00:00:00.000000Z"}
    assert {run["parent_task_run_id"] for run in future} == {None}
