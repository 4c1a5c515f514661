"""Commands whose request was done, and whose reply was lost: they ask again, and it is done once."""

import pytest

from harness.asking import pause, state_of
from harness.deployments import make_deployment
from harness.objects import make_flow, make_run
from harness.plain_server import gateway
from harness.terminal import run_command


@pytest.fixture
def front(server):
    with gateway(server) as front:
        yield front


def fermata(front, losing, *arguments):
    """The command, which has to be done though the reply to what ends so is lost."""
    front.losing = losing
    done = run_command(*arguments, FERMATA_API_URL=front.url + "/api")
    assert front.losing is None, "nothing was lost"
    assert done.returncode == 0, done.stderr
    return done


def test_a_deployment_is_run_once(api, front):
    flow = make_flow(api)
    deployment = make_deployment(api, flow, name="once")
    done = fermata(front, "/create_flow_run", "deployment", "run", deployment["id"], "--quiet")
    runs = api.post("/flow_runs/filter", json={"flows": {"id": {"any_": [flow["id"]]}}}).json()
    assert [run["id"] for run in runs] == [done.stdout.strip()]


def test_an_input_is_sent_once(api, front):
    run = make_run(api)
    fermata(front, "/input", "send", run["id"], "hello")
    assert len(api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": ""}).json()) == 1


def test_a_variable_is_made_once(api, front):
    fermata(front, "/variables/", "variable", "set", "lost_reply", "1")
    assert api.get("/variables/name/lost_reply").json()["value"] == 1


def test_a_run_is_resumed_once(api, front):
    run = pause(api, schema=None, keyset=False)
    fermata(front, "/resume", "flow-run", "resume", run["id"])
    assert state_of(api, run) == "RUNNING"
