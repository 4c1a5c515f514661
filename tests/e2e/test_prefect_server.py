"""libfermata against Prefect's own server, which has no waiting reads, checks no answers and knows
no idempotency keys: all that does not need these works there too."""

import signal

import pytest

from harness.flows import (Process, input_of, log_of, read, resume, wait, wait_for_question,
                           wait_for_state)
from harness.objects import set_state
from harness.prefect import PrefectServer
from harness.runs import ask_for_run, wait_for_end
from harness.terminal import Terminal

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def prefect(tmp_path_factory):
    with PrefectServer(tmp_path_factory.mktemp("prefect")) as running:
        yield running


@pytest.fixture
def start(prefect, tmp_path):
    started = []

    def start_one(program, *arguments):
        log = tmp_path / f"flow-{len(started)}.log"
        started.append(Process(prefect, log, program, *arguments,
                               TASKS_FILE=str(tmp_path / "notes"),
                               TASKS_CRASHED=str(tmp_path / "crashed")))
        return started[-1]

    yield start_one
    for process in started:
        process.__exit__()


@pytest.fixture(scope="module")
def runner(prefect, tmp_path_factory):
    log = tmp_path_factory.mktemp("runner") / "runner.log"
    with Process(prefect, log, "tests/e2e/flows", "serve") as running:
        running.expect("fermata deployment run 'work/test'")
        yield running
        running.process.send_signal(signal.SIGTERM)
        assert running.end() == 0


@pytest.mark.parametrize("program, name", [
    ("flows", "variables"), ("flows", "variables_of_any_kind"), ("flows", "texts"),
    ("inputs", "sends"), ("inputs", "receives"), ("inputs", "cursors"), ("asks", "askers"),
    ("tasks", "types"), ("tasks", "retrying"), ("tasks", "threads"), ("tasks", "parent"),
    ("tasks", "recursion")])
def test_what_flows_do_while_they_run(start, program, name):
    flow = start(f"tests/e2e/{program}", name)
    assert flow.end() == 0
    assert "not right" not in flow.output(), flow.output()


def test_a_failure_and_a_retry(prefect, start):
    flow = start("tests/e2e/flows", "failing")
    assert flow.end() == 1
    state = read(prefect.api, flow.run())["state"]
    assert (state["type"], state["message"]) == ("FAILED", "nothing is right in 'failing'")
    flow = start("tests/e2e/flows", "second_try")
    assert flow.end() == 0
    assert read(prefect.api, flow.run())["run_count"] == 2


def test_a_task_s_result_is_kept_with_its_state(prefect, start):
    flow = start("tests/e2e/tasks", "types")
    assert flow.end() == 0
    [task] = prefect.api.post("/task_runs/filter", json={
        "flow_runs": {"id": {"any_": [flow.run()["id"]]}},
        "task_runs": {"name": {"like_": "greeting"}}}).json()
    assert task["state"]["type"] == "COMPLETED"
    assert task["state"]["data"] == {"result": "Hello from types"}


def test_a_flow_whose_time_is_over(prefect, start):
    flow = start("tests/e2e/tasks", "hasty_parent")
    assert flow.end() == 1
    assert read(prefect.api, flow.run())["state"]["name"] == "TimedOut"


def test_an_answer_that_the_flow_refuses_when_it_goes_on(prefect, start):
    flow = start("examples/shirt_order")
    run = wait_for_question(prefect.api, flow)
    assert resume(prefect.api, run, {"size": "small", "color": "green"})["status"] == "ACCEPT"
    flow.expect("Invalid order: color: green is only in stock in medium, large and xlarge")
    wait(lambda: "only in stock" in (input_of(prefect.api, run, "paused-2-description") or ""),
         "the second question")
    assert resume(prefect.api, run, {"size": "medium", "color": "green"})["status"] == "ACCEPT"
    assert flow.end() == 0 and "One green shirt in medium" in flow.output()


def test_nobody_answers_in_time(prefect, start):
    flow = start("tests/e2e/flows", "impatient")
    assert flow.end() == 1 and "code -3" in flow.output()
    assert read(prefect.api, flow.run())["state"]["type"] == "FAILED"


def test_logs(prefect, start):
    flow = start("tests/e2e/flows", "chatty")
    assert flow.end() == 0
    assert "no UTF-8: \ufffd." in log_of(prefect.api, flow.run(), level={"ge_": 40})


def test_a_served_run(prefect, runner):
    run = ask_for_run(prefect.api, "work/test", way="return")
    assert wait_for_end(prefect.api, run)["state"]["type"] == "COMPLETED"


def test_a_served_run_that_crashes(prefect, runner):
    ended = wait_for_end(prefect.api, ask_for_run(prefect.api, "work/test", way="abort"))
    assert ended["state"]["type"] == "CRASHED" and "signal 9" in ended["state"]["message"]


def test_a_served_run_is_cancelled(prefect, runner):
    run = ask_for_run(prefect.api, "work/test", way="spin")
    wait_for_state(prefect.api, run, "Paused")
    set_state(prefect.api, run["id"], "CANCELLING")
    assert wait_for_end(prefect.api, run)["state"]["type"] == "CANCELLED"


def test_a_suspended_run_goes_on_in_new_processes(prefect, runner):
    api = prefect.api
    run = ask_for_run(api, "suspends/test")
    wait_for_state(api, run, "Suspended")
    assert resume(api, run, {"value": 5})["status"] == "REJECT"
    assert resume(api, run, {"value": "Ada"})["state"]["name"] == "Resuming"
    wait(lambda: read(api, run)["state"]["state_details"]["pause_key"] == "2", "the second pause")
    assert resume(api, run, None)["status"] == "ACCEPT"
    ended = wait_for_end(api, run)
    assert (ended["state"]["type"], ended["run_count"]) == ("COMPLETED", 1)
    wait(lambda: "Hello, Ada!" in log_of(api, run), "the greeting")


def test_a_flow_runs_deployments(runner, start):
    starter = start("tests/e2e/flows", "starter")
    assert starter.end() == 0
    assert "not right" not in starter.output(), starter.output()


def test_two_flows_talk(prefect, start):
    greeter = start("examples/send_receive", "greeter")
    greeter.expect("fermata deployment run 'greeter/send-receive'")
    program = greeter.process.args[0]
    with Terminal("sender", program=program, FERMATA_API_URL=prefect.url + "/api") as sender:
        for name in ("andrew", "beth"):
            sender.expect("What is your name? ")
            sender.send(name)
            sender.expect(f"Hello, {name}!")
        sender.expect("What is your name? ")
        sender.send("q")
        sender.expect("Goodbye!")
        assert sender.wait() == 0
    greeter.expect("Goodbye!")
