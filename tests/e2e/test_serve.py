"""Deployments that a C program serves, against the real server."""

import re
import signal
import time

import pytest

from harness.flows import Process, log_of, read, resume, wait, wait_for_state
from harness.plain_server import gateway
from harness.runs import ask_for_run, deployment_of, wait_for_end


@pytest.fixture(scope="module")
def runner(server, tmp_path_factory):
    log = tmp_path_factory.mktemp("runner") / "runner.log"
    with Process(server, log, "tests/e2e/flows", "serve") as running:
        running.expect("fermata deployment run 'work/test'")
        yield running
        running.process.send_signal(signal.SIGTERM)
        assert running.end() == 0


def test_a_run_is_started_at_once(api, runner):
    begun = time.monotonic()
    run = ask_for_run(api, "work/test", way="return")
    wait(lambda: read(api, run)["start_time"], "its start")
    assert time.monotonic() - begun < 2
    ended = wait_for_end(api, run)
    assert ended["state"]["type"] == "COMPLETED"
    assert ended["parameters"] == {"way": "return"}
    assert ended["total_run_time"] < 5
    wait(lambda: "return 2" in log_of(api, run), "the log")


def test_parameters_have_a_schema(api, runner):
    deployment = deployment_of(api, "work/test")
    schema = deployment["parameter_openapi_schema"]
    assert schema["properties"]["number"] == {"title": "Number", "type": "integer", "default": 2}
    refused = api.post(f"/deployments/{deployment['id']}/create_flow_run",
                       json={"state": {"type": "SCHEDULED"}, "parameters": {"way": "sing"}})
    assert refused.status_code == 409


def test_a_suspended_run_goes_on_in_new_processes(api, runner):
    run = ask_for_run(api, "suspends/test")
    wait_for_state(api, run, "Suspended")
    refused = resume(api, run, {"value": 5})
    assert refused["status"] == "REJECT"
    assert resume(api, run, {"value": "Ada"})["state"]["name"] == "Resuming"
    wait(lambda: read(api, run)["state"]["state_details"]["pause_key"] == "2", "the second pause")
    assert resume(api, run, None)["status"] == "ACCEPT"
    ended = wait_for_end(api, run)
    assert (ended["state"]["type"], ended["run_count"]) == ("COMPLETED", 1)
    wait(lambda: "Hello, Ada!" in log_of(api, run), "the greeting")


def test_a_flow_runs_deployments(server, runner, tmp_path):
    with gateway(server) as front, \
            Process(front, tmp_path / "starter.log", "tests/e2e/flows", "starter") as starter:
        assert starter.end() == 0
        assert "not right" not in starter.output(), starter.output()
        [later] = server.api.post("/flow_runs/filter", json={
            "flow_runs": {"name": {"any_": ["in-2100"]}}}).json()
        assert f"/api/flow_runs/{later['id']}" not in front.asked


def test_who_waits_for_a_run_that_nobody_starts_says_so(fresh_server, tmp_path):
    with Process(fresh_server, tmp_path / "runner.log", "tests/e2e/flows", "serve") as runner:
        runner.expect("fermata deployment run 'work/test'")
        runner.process.send_signal(signal.SIGTERM)
        assert runner.end() == 0
    with Process(fresh_server, tmp_path / "waiter.log", "tests/e2e/flows", "waiter") as waiter:
        assert waiter.end() == 0
        assert re.search(r"Waiting for flow run '[a-z-]+', which is Scheduled\n", waiter.output())
        assert "not right" not in waiter.output(), waiter.output()


def test_two_runners_start_a_run_once(fresh_server, tmp_path):
    api = fresh_server.api
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    with Process(fresh_server, logs[0], "tests/e2e/flows", "serve") as one, \
            Process(fresh_server, logs[1], "tests/e2e/flows", "serve") as two:
        one.expect("fermata deployment run 'work/test'")
        two.expect("fermata deployment run 'work/test'")
        runs = [ask_for_run(api, "work/test", way="return") for _ in range(10)]
        for run in runs:
            assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
        begun = one.output() + two.output()
        for run in runs:
            assert begun.count(f"Starting flow run '{run['name']}'") == 1


BANNER = """\
______________________________________________________________________
| Your flow 'greeter' is being served and polling for scheduled runs |
|                                                                    |
| To trigger a run for this flow, use the following command:         |
|                                                                    |
|         $ fermata deployment run 'greeter/send-receive'            |
|                                                                    |
| Server: {url:<58} |
|                                                                    |
______________________________________________________________________

"""


def test_the_banner_says_what_is_served(fresh_server, tmp_path):
    with Process(fresh_server, tmp_path / "log", "examples/send_receive", "greeter") as greeter:
        greeter.expect("Server: ")
        wait(lambda: greeter.output().endswith("_\n\n"), "its end", greeter.output)
        assert greeter.output() == BANNER.format(url=fresh_server.url)


def test_several_deployments_are_listed(runner):
    assert "| Your flows are being served and polling for scheduled runs " in runner.output()
    for name in ("work/test", "suspends/test"):
        assert f"|         $ fermata deployment run '{name}'" in runner.output()


def test_a_limit_holds_further_runs_back(fresh_server, tmp_path):
    api = fresh_server.api
    with Process(fresh_server, tmp_path / "log", "tests/e2e/served", "2") as runner:
        runner.expect("fermata deployment run 'waits/test'")
        runs = [ask_for_run(api, "waits/test") for _ in range(4)]

        def paused():
            return [run for run in runs if read(api, run)["state"]["type"] == "PAUSED"]

        wait(lambda: len(paused()) == 2, "two runs")
        time.sleep(1)
        assert [read(api, run)["state"]["type"] for run in runs].count("SCHEDULED") == 2
        first, second = paused()
        resume(api, first, None)
        wait_for_end(api, first)
        wait(lambda: len(paused()) == 2, "the next run")
        assert first not in paused() and second in paused()


def test_what_is_not_due_yet_takes_no_place(fresh_server, tmp_path):
    api = fresh_server.api
    with Process(fresh_server, tmp_path / "log", "tests/e2e/served", "2") as runner:
        runner.expect("fermata deployment run 'waits/test'")
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 9))
        path = f"/deployments/{deployment_of(api, 'waits/test')['id']}/create_flow_run"
        for _ in range(2):
            assert api.post(path, json={"state": {"type": "SCHEDULED", "state_details": {
                "scheduled_time": soon}}}).status_code == 201
        begun = time.monotonic()
        wait_for_state(api, ask_for_run(api, "waits/test"), "Paused")
        assert time.monotonic() - begun < 6


def test_a_deployment_that_is_given_twice_is_refused(server, tmp_path):
    with Process(server, tmp_path / "log", "tests/e2e/served", "twice") as runner:
        assert runner.end() == 1
        assert "deployment 'quick/test' is given twice: rename one" in runner.output()


def test_without_a_limit_all_run(fresh_server, tmp_path):
    api = fresh_server.api
    with Process(fresh_server, tmp_path / "log", "tests/e2e/served") as runner:
        runner.expect("fermata deployment run 'waits/test'")
        runs = [ask_for_run(api, "waits/test") for _ in range(6)]
        for run in runs:
            wait_for_state(api, run, "Paused")


def test_a_runner_outlives_its_server(fresh_server, tmp_path):
    with Process(fresh_server, tmp_path / "log", "tests/e2e/served") as runner:
        runner.expect("fermata deployment run 'quick/test'")
        fresh_server.kill9()
        time.sleep(1)
        fresh_server.start()
        run = ask_for_run(fresh_server.api, "quick/test")
        assert wait_for_end(fresh_server.api, run)["state"]["type"] == "COMPLETED"


def test_a_run_that_cannot_be_taken_is_not_asked_for_over_and_over(fresh_server, tmp_path):
    api = fresh_server.api
    with gateway(fresh_server) as front, \
            Process(front, tmp_path / "log", "tests/e2e/served") as runner:
        runner.expect("fermata deployment run 'quick/test'")
        front.failing = "/set_state"
        run = ask_for_run(api, "quick/test")
        runner.expect("could not be taken")
        time.sleep(3)
        assert len(front.refused) < 6
        front.failing = None
        assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
        runner.process.send_signal(signal.SIGTERM)
        assert runner.end() == 0


def test_runs_that_are_too_large_to_be_taken_at_once_are_taken_in_turn(fresh_server, tmp_path):
    """All together they have more values than one reply may have."""
    api = fresh_server.api
    with Process(fresh_server, tmp_path / "log", "tests/e2e/served") as runner:
        runner.expect("fermata deployment run 'quick/test'")
        runner.process.send_signal(signal.SIGSTOP)
        runs = [ask_for_run(api, "quick/test", numbers=[0] * 300_000) for _ in range(5)]
        runner.process.send_signal(signal.SIGCONT)
        for run in runs:
            assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
        assert runner.output().count("Waiting for runs: ") < 4
        runner.process.send_signal(signal.SIGTERM)
        assert runner.end() == 0


def test_schedules_are_registered_and_start_runs(fresh_server, tmp_path):
    api = fresh_server.api
    with Process(fresh_server, tmp_path / "log", "tests/e2e/served", "schedules") as runner:
        runner.expect("fermata deployment run 'quick/rrule'")

        def schedule_of(name):
            [one] = deployment_of(api, f"quick/{name}")["schedules"]
            assert one["active"]
            return one["schedule"]

        assert schedule_of("interval")["interval"] == 1
        cron = schedule_of("cron")
        assert (cron["cron"], cron["timezone"]) == ("0 9 * * 1-5", "Europe/Berlin")
        assert schedule_of("rrule")["rrule"].endswith("FREQ=DAILY;COUNT=3")
        wait(lambda: runner.output().count("Finished in state Completed()") >= 3, "three runs",
             runner.output)
        runs = api.post("/flow_runs/filter", json={
            "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}).json()
        assert len(runs) >= 3 and all(run["auto_scheduled"] for run in runs)
