"""The stock client serves flows, and has them run, suspended, resumed and cancelled."""

import re

import pytest

from harness.flows import log_of, read, resume, send_input, wait, wait_for_state
from harness.programs import interrupt, run_of

pytestmark = pytest.mark.timeout(240)

OFTEN = {"PREFECT_RUNNER_POLL_FREQUENCY": "1"}


@pytest.fixture(scope="module")
def runner(programs):
    runner = programs("serving.py", "serve", **OFTEN)
    runner.expect("Your deployments are being served and polling for scheduled runs!")
    return runner


def start(api, deployment, **parameters):
    found = api.get(f"/deployments/name/{deployment}/{deployment}").json()
    reply = api.post(f"/deployments/{found['id']}/create_flow_run", json={"parameters": parameters})
    assert reply.status_code == 201, reply.text
    return reply.json()


def said(api, run, *lines):
    """The run has logged these lines, one after the other, among others."""
    wait(lambda: [line for line in log_of(api, run) if line in lines] == list(lines),
         f"{lines} in the log", lambda: str(log_of(api, run)))


def tells_its_end(version, runner):
    """Whether it has paused its deployments. That of 3.4 may be interrupted in that itself: where it
    says that it has, it is held to its word."""
    return version != "3.4" or "All deployments have been paused!" in runner.output()


def test_the_banner_and_the_end_of_a_served_flow(server, programs, version):
    process = programs("serving.py", "alone", **OFTEN)
    process.expect("Your flow 'add' is being served and polling for scheduled runs!")
    process.expect("prefect deployment run 'add/alone'")
    deployment = server.api.get("/deployments/name/add/alone").json()
    assert (deployment["tags"], deployment["version"]) == (["sums"], "7")
    assert deployment["description"] == "Adds **two** numbers."
    assert deployment["parameter_openapi_schema"]["required"] == ["a"]
    wait(lambda: server.api.get("/deployments/name/add/alone").json()["status"] == "READY", "the poll")
    assert interrupt(process) == 0, process.output()
    if tells_its_end(version, process):
        assert server.api.get("/deployments/name/add/alone").json()["paused"]


def test_runs_of_deployments(server, programs, runner):
    callers = [programs("serving.py", what) for what in ("now", "wait", "within", "bad")]
    assert [caller.end() for caller in callers] == [0, 0, 0, 0]
    output = "".join(caller.output() for caller in callers)
    # The run may be over before the client has looked at it.
    assert re.search("now: (Scheduled|Pending|Running|Completed) True", output)
    for line in ("wait: Completed", "within: Completed"):
        assert line in output
    assert "'x' is not of type 'integer'" in output
    assert "bad: ObjectNotFound" in output
    parent = run_of(server.api, "caller", "Completed")
    [child] = server.api.post("/flow_runs/filter", json={
        "flow_runs": {"parent_flow_run_id": {"any_": [parent["id"]]}}}).json()
    said(server.api, child, "40 + 2 = 42")


def test_a_command_starts_a_run(server, programs, runner):
    status, shown = programs.command("deployment", "run", "add/adder", "-p", "a=20")
    assert status == 0 and "Created flow run" in shown
    wait(lambda: "20 + 2 = 22" in log_of(server.api, run_of(server.api, "add", "Completed")), "22")


def test_suspend_and_go_on_in_another_process(server, runner):
    run = start(server.api, "asks")
    wait_for_state(server.api, run, "Suspended")
    wait(lambda: resume(server.api, run, {"name": 1})["details"]["reason"] !=
         "Run input schema not found.", "the schema")
    refused = resume(server.api, run, {"name": 1})
    assert refused["status"] == "REJECT" and "string" in refused["details"]["reason"]
    assert resume(server.api, run, {"name": "Ada"})["state"]["name"] == "Resuming"
    wait(lambda: "asks: Ada" in log_of(server.api, run), "the answer", runner.output)
    wait_for_state(server.api, run, "Suspended")
    resume(server.api, run, None)
    wait_for_state(server.api, run, "Completed")
    said(server.api, run, "asks: Ada", "asks: Ada", "asks: done")
    assert read(server.api, run)["run_count"] == 1
    computed = [line for line in log_of(server.api, run) if line.startswith("once:")]
    assert len(computed) == 3 and len(set(computed)) == 1, computed


def test_suspend_after_a_time_out_and_go_on(server, programs, runner):
    run = start(server.api, "greeter")
    for word in ("andrew", "beth"):
        wait_for_state(server.api, run, "Running")
        send_input(server.api, run, "strautomaticruninput-auto-" + word, {"value": word})
        wait_for_state(server.api, run, "Suspended")
        resume(server.api, run, None)
    assert programs("serving.py", "send", run["id"], "bye").end() == 0
    wait_for_state(server.api, run, "Completed")
    said(server.api, run, "greeter: hello, andrew", "greeter: hello, beth")


def test_cancelling_a_run(server, programs, runner):
    run = start(server.api, "sleeper")
    wait_for_state(server.api, run, "Running")
    status, shown = programs.command("flow-run", "cancel", run["id"])
    assert status == 0 and "was successfully scheduled for cancellation" in shown
    wait_for_state(server.api, run, "Cancelled")
    status, shown = programs.command("flow-run", "cancel", run["id"])
    assert status == 1 and "CANCELLED" in shown


def test_the_end_of_the_runner(server, version, runner):
    def served():
        """This runner's own: others on this server have had their ends."""
        names = {"any_": ["adder", "asks", "greeter", "sleeper"]}
        return server.api.post("/deployments/filter", json={"deployments": {"name": names}}).json()

    wait(lambda: [deployment["status"] for deployment in served()] == ["READY"] * 4, "the polls")
    assert interrupt(runner) == 0, runner.output()
    if tells_its_end(version, runner):
        assert {deployment["name"]: deployment["paused"] for deployment in served()} == dict.fromkeys(
            ("adder", "asks", "greeter", "sleeper"), True), runner.output()
