"""`fermata deployment run`, against the real server and a program that serves."""

import json
import signal

import pytest

from harness.deployments import make_deployment
from harness.flows import Process, read
from harness.objects import make_flow
from harness.terminal import run_command


@pytest.fixture
def environment(server):
    return {"FERMATA_API_URL": server.url + "/api"}


@pytest.fixture(scope="module")
def runner(server, tmp_path_factory):
    log = tmp_path_factory.mktemp("runner") / "runner.log"
    with Process(server, log, "tests/e2e/flows", "serve") as running:
        running.expect("fermata deployment run 'work/test'")
        yield running
        running.process.send_signal(signal.SIGTERM)
        assert running.end() == 0


def order(environment, *arguments):
    return run_command("deployment", "run", *arguments, **environment)


def test_a_run_is_started_and_watched(api, runner, environment):
    done = order(environment, "work/test", "-p", "way=return", "--param", "number=7",
                 "--name", "mine", "--watch")
    assert done.returncode == 0, done.stderr
    first, *lines = done.stdout.splitlines()
    assert first.startswith("Created flow run 'mine' (")
    assert any(line.endswith("Flow run 'mine' - return 7") for line in lines)
    assert lines[-1].endswith("Finished in state Completed()")


def test_the_exit_status_is_that_of_the_run(runner, environment):
    assert order(environment, "work/test", "-p", "way=exit", "-w").returncode == 1
    assert order(environment, "work/test", "-p", "way=exit").returncode == 0


def test_the_id_alone_for_scripts(api, runner, environment):
    for way, status in ("return", 0), ("exit", 1):
        done = order(environment, "work/test", "-p", f"way={way}", "--quiet", "--watch")
        assert done.returncode == status and read(api, {"id": done.stdout.strip()})["end_time"]


def test_data_for_scripts(api, runner, environment):
    done = order(environment, "work/test", "--params", '{"way": "return", "number": 3}', "--json")
    made = json.loads(done.stdout)
    assert read(api, made)["parameters"] == {"way": "return", "number": 3}


def test_values_are_read_by_their_types(api, environment):
    flow = make_flow(api)
    schema = {"type": "object", "properties": {
        "text": {"type": "string"}, "size": {"type": "integer"}, "list": {"type": "array"}}}
    made = make_deployment(api, flow, parameter_openapi_schema=schema)
    done = order(environment, f"{flow['name']}/{made['name']}", "--json", "-p", "text=5",
                 "-p", "size=5", "-p", "list=[1, 2]", "-p", "more=true")
    assert json.loads(done.stdout)["parameters"] == {
        "text": "5", "size": 5, "list": [1, 2], "more": True}


def test_a_deployment_that_nobody_serves(api, environment):
    make_deployment(api, make_flow(api, "näme, 100?"), name="one #2")
    done = order(environment, "näme, 100?/one #2")
    assert done.returncode == 0, done.stderr
    assert "Nobody serves this deployment just now" in done.stdout


@pytest.mark.parametrize("arguments, status, words", [
    (["work/none"], 1, "there is no deployment 'work/none': start the program that serves it"),
    (["work"], 2, "'work' names no deployment: it has to be FLOW/DEPLOYMENT"),
    (["/x"], 2, "'/x' names no deployment"),
    (["x/"], 2, "'x/' names no deployment"),
    ([], 2, "an argument is missing"),
    (["work/test", "--param", "way"], 1, "it has to be NAME=VALUE"),
    (["work/test", "--params", "[1]"], 1, "--params must be a JSON object"),
    (["work/test", "--params", "{"], 1, "--params must be a JSON object"),
    (["work/test", "-p", "number=many"], 1, "number: "),
    (["work/test", "-p", "way=sing"], 1, "way: must be one of the choices"),
    (["work/test", "-p", "way=return", "-p", "loud=1"], 1, "Additional properties"),
])
def test_what_is_wrong_is_said(runner, environment, arguments, status, words):
    done = order(environment, *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr, done.stderr


def test_help(environment):
    done = order(environment, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: fermata deployment run [OPTION...] FLOW/DEPLOYMENT\n")
    for option in ("-p, --param NAME=VALUE", "--params JSON", "-w, --watch"):
        assert option in done.stdout
    assert "  deployment run      start a run of a deployment" in run_command("--help").stdout
