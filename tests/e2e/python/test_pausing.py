"""The stock client's flows pause, are asked for what they need, and go on."""

import pytest

from harness.flows import input_of, log_of, read, resume, wait
from harness.programs import run_of

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def flows(programs):
    """All flows of pausing.py, running in one process."""
    return programs("pausing.py")


@pytest.fixture
def paused(server, flows):
    """paused("greets"): the run of that flow once it waits, with the request that a person sees."""
    def paused(flow, key="paused-1"):
        run = run_of(server.api, flow, "Paused", output=flows.output)
        wait(lambda: input_of(server.api, run, key + "-schema"), "the schema", flows.output)
        [request] = server.api.post("/input_requests/filter", json={
            "input_requests": {"flow_run_id": {"any_": [run["id"]]}, "state": {"any_": ["open"]}}}).json()
        return run, request
    return paused


def goes_on(server, flows, run, *lines):
    """The run completes, and its log has these lines one after the other, among others."""
    wait(lambda: read(server.api, run)["state"]["name"] == "Completed", "the end", flows.output)
    wait(lambda: [line for line in log_of(server.api, run) if line in lines] == list(lines),
         f"{lines} in the log", lambda: str(log_of(server.api, run)))


def test_a_word(server, flows, paused):
    run, request = paused("greets")
    assert request["schema"]["properties"]["value"]["type"] == "string"
    assert resume(server.api, run, {"value": "Zoë"})["status"] == "ACCEPT"
    goes_on(server, flows, run, "Hello, Zoë!")


def test_a_list_of_numbers(server, flows, paused):
    run, request = paused("sums")
    assert request["schema"]["properties"]["value"]["items"] == {"type": "integer"}
    refused = resume(server.api, run, {"value": [1, "two"]})
    assert refused["status"] == "REJECT" and "two" in refused["details"]["reason"]
    resume(server.api, run, {"value": [1, 2, 3]})
    goes_on(server, flows, run, "sums: [1, 2, 3] 6")


def test_a_model(server, flows, paused):
    run, _ = paused("knows")
    resume(server.api, run, {"name": "Ada", "age": 36})
    goes_on(server, flows, run, "knows: Ada 36 True")


def test_initial_data_and_a_description(server, flows, paused):
    run, request = paused("welcomes")
    wait(lambda: input_of(server.api, run, "paused-1-description"), "the description")
    request = server.api.get(f"/input_requests/{request['id']}").json()
    assert request["description"] == "**Who** are you?\n\n- really"
    assert request["schema"]["properties"]["name"]["default"] == "anonymous"
    assert request["schema"]["required"] == ["age"]
    resume(server.api, run, {"age": 40})
    goes_on(server, flows, run, "welcomes: anonymous 40")


def test_a_validator_of_the_flows_own_asks_again(server, flows, paused):
    run, request = paused("sells")
    assert request["schema"]["properties"]["size"]["enum"] == ["small", "medium"]
    resume(server.api, run, {"size": "small", "colour": "green"})
    paused("sells", "paused-2")
    resume(server.api, run, {"size": "medium", "colour": "green"})
    goes_on(server, flows, run, "sells: Value error, green is there in medium only",
            "sells: medium green")


def test_approvals_without_input(server, flows):
    for answered in (0, 1):
        run = wait(lambda: (found := run_of(server.api, "approves", "Paused"))
                   and len(found["empirical_policy"]["pause_keys"]) > answered and found, "a pause")
        assert resume(server.api, run, None)["status"] == "ACCEPT"
    assert run["empirical_policy"]["pause_keys"] == ["1", "again"]
    goes_on(server, flows, run, "approves: once", "approves: twice")


def test_a_pause_that_nobody_ends(server, flows):
    run = run_of(server.api, "gives-up", "Failed", output=flows.output)
    flows.expect("gives-up: FlowPauseTimeout: Flow run was paused and never resumed.")
    assert read(server.api, run)["state"]["type"] == "FAILED"


def test_a_python_program_answers_and_hears_why_not(server, programs):
    flow = programs("pausing.py", "knows")
    run = run_of(server.api, "knows", "Paused", output=flow.output)
    wait(lambda: input_of(server.api, run, "paused-1-schema"), "the schema")
    refused = programs("pausing.py", "resume", run["id"], '{"name": "Ada"}')
    assert refused.end() == 1
    assert "Cannot resume this run" in refused.output() and "age" in refused.output()
    assert programs("pausing.py", "resume", run["id"], '{"name": "Ada", "age": 36}').end() == 0
    assert flow.end() == 0 and "knows: has ended" in flow.output()
    again = programs("pausing.py", "resume", run["id"], '{"name": "Ada", "age": 36}')
    assert again.end() == 1 and "NotPausedError" in again.output()


def test_the_process_ends_well(flows):
    assert flows.end() == 0, flows.output()
    assert flows.output().count("has ended") == 6
