"""`fermata flow`, `flow-run`, `task-run`, `deployment`, `variable` and `input`, on the real server."""

import json
import threading

import pytest

from harness.objects import make_run, set_state
from harness.terminal import run_command


@pytest.fixture
def fermata(server):
    def run(*arguments, **more):
        return run_command(*arguments, FERMATA_API_URL=server.url + "/api", **more)
    return run


def state_of(api, run):
    return api.get(f"/flow_runs/{run['id']}").json()["state_type"]


def make_deployment(api, run, **fields):
    body = {"name": "nightly", "flow_id": run["flow_id"]} | fields
    reply = api.post("/deployments/", json=body)
    assert reply.status_code in (200, 201)
    return reply.json()


def test_flows(fermata, api):
    run = make_run(api)
    name = api.get(f"/flows/{run['flow_id']}").json()["name"]
    assert name in fermata("flow", "ls").stdout
    assert name in fermata("flow", "ls", "--quiet").stdout.splitlines()
    assert name in [flow["name"] for flow in json.loads(fermata("flow", "ls", "--json").stdout)]


def test_runs_by_state_and_flow(fermata, api):
    failed, running = make_run(api), make_run(api)
    set_state(api, failed["id"], "FAILED")
    set_state(api, running["id"], "RUNNING")
    listed = fermata("flow-run", "ls", "--quiet", "--state", "FAILED").stdout.split()
    assert failed["id"] in listed and running["id"] not in listed
    listed = fermata("flow-run", "ls", "-q", "-s", "FAILED", "-s", "RUNNING").stdout.split()
    assert {failed["id"], running["id"]} <= set(listed)
    name = api.get(f"/flows/{failed['flow_id']}").json()["name"]
    assert failed["id"] in fermata("flow-run", "ls", "--flow", name).stdout
    assert fermata("flow-run", "ls", "--flow", "no-such-flow").stdout.startswith("There are no")


def test_a_run_is_found_by_the_beginning_of_its_id(fermata, api):
    run = make_run(api)
    assert run["name"] in fermata("flow-run", "inspect", run["id"][:-3]).stdout
    assert run["name"] in fermata("flow-run", "inspect", run["id"][:-3].upper()).stdout
    make_run(api)
    done = fermata("flow-run", "inspect", run["id"][:2])
    assert done.returncode == 1
    assert "several flow runs are meant" in done.stderr
    assert "there is no flow run" in fermata("flow-run", "inspect", "ffffffff").stderr


def test_waiting_for_the_end(fermata, api):
    run = make_run(api)
    set_state(api, run["id"], "RUNNING")
    done = fermata("flow-run", "wait", "--timeout", "1", run["name"])
    assert done.returncode == 1
    assert "has not ended after 1 seconds" in done.stderr
    timer = threading.Timer(0.5, set_state, (api, run["id"], "COMPLETED"))
    timer.start()
    done = fermata("flow-run", "wait", run["name"])
    timer.join()
    assert (done.returncode, done.stdout) == (0, f"{run['name']}: Completed\n")
    failed = make_run(api)
    set_state(api, failed["id"], "FAILED")
    assert fermata("flow-run", "wait", "--quiet", failed["id"]).returncode == 1


def test_runs_are_resumed(fermata, api):
    run = make_run(api)
    set_state(api, run["id"], "RUNNING")
    set_state(api, run["id"], "PAUSED", state_details={"pause_timeout": "2100-01-01T00:00:00Z"})
    assert fermata("flow-run", "resume", run["name"]).stdout == f"{run['name']} goes on.\n"
    assert state_of(api, run) == "RUNNING"
    done = fermata("flow-run", "resume", run["name"])
    assert done.returncode == 1 and run["name"] in done.stderr


def test_runs_are_retried(fermata, api):
    run = make_run(api)
    deployment = make_deployment(api, run)
    made = api.post(f"/deployments/{deployment['id']}/create_flow_run", json={}).json()
    set_state(api, made["id"], "FAILED")
    assert fermata("flow-run", "retry", made["id"]).stdout.endswith(" is scheduled again.\n")
    assert state_of(api, made) == "SCHEDULED"


@pytest.mark.parametrize("states", [["PENDING"], ["RUNNING"], ["RUNNING", "PAUSED"]])
def test_a_run_that_has_not_ended_is_not_retried(fermata, api, states):
    run = make_run(api)
    for state in states:
        set_state(api, run["id"], state)
    done = fermata("flow-run", "retry", run["id"])
    assert done.returncode == 1 and "it has not ended, it is" in done.stderr
    assert "'fermata flow-run cancel' ends it" in done.stderr
    assert state_of(api, run) == state


@pytest.mark.parametrize("arguments", [
    ("send", "RUN", b"\xff"), ("send", "RUN", "x", b"--prefix=\xff"), ("variable", "set", "bytes", b"\xff"),
    ("variable", "set", b"\xff", "1"), ("flow-run", "ls", "--flow", b"\xff"), ("flow-run", "cancel", b"\xff"),
    ("answer", b"--by=\xff"), ("pause", "--title", b"\xff")])
def test_what_is_no_utf_8_is_refused(fermata, api, arguments):
    run = make_run(api)
    done = fermata(*[run["id"] if word == "RUN" else word for word in arguments])
    assert done.returncode == 2, done.stderr
    assert "'\ufffd' is no UTF-8" in done.stderr
    assert done.stdout == ""
    assert api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": ""}).json() == []
    assert api.get("/variables/name/bytes").status_code == 404


def test_several_runs_at_once(fermata, api):
    runs = [make_run(api) for _ in range(3)]
    for run in runs:
        set_state(api, run["id"], "SCHEDULED")
    done = fermata("flow-run", "cancel", runs[0]["id"], "no-such-run", runs[1]["id"])
    assert done.returncode == 1
    assert "there is no flow run" in done.stderr
    assert [state_of(api, run) for run in runs[:2]] == ["CANCELLED"] * 2
    assert state_of(api, runs[2]) == "SCHEDULED"
    assert fermata("flow-run", "delete", *[run["id"] for run in runs]).returncode == 0
    assert all(api.get(f"/flow_runs/{run['id']}").status_code == 404 for run in runs)


def test_task_runs(fermata, api):
    run = make_run(api)
    body = {"flow_run_id": run["id"], "task_key": "fetch", "dynamic_key": "0", "name": "fetch-0"}
    assert api.post("/task_runs/", json=body).status_code == 201
    assert "fetch-0" in fermata("task-run", "ls", run["name"]).stdout
    assert fermata("task-run", "ls", make_run(api)["id"]).stdout == "There are no task runs.\n"


def test_deployments(fermata, api):
    run = make_run(api)
    flow = api.get(f"/flows/{run['flow_id']}").json()["name"]
    deployment = make_deployment(api, run, tags=["night"])
    name = f"{flow}/nightly"
    assert deployment["id"] in fermata("deployment", "ls").stdout
    assert "night" in fermata("deployment", "inspect", name).stdout
    assert "night" in fermata("deployment", "inspect", deployment["id"]).stdout

    def is_paused():
        return api.get(f"/deployments/{deployment['id']}").json()["paused"]
    assert fermata("deployment", "pause", name).returncode == 0 and is_paused()
    assert fermata("deployment", "resume", name).returncode == 0 and not is_paused()
    assert fermata("deployment", "delete", name).returncode == 0
    done = fermata("deployment", "inspect", name)
    assert done.returncode == 1 and "there is no deployment" in done.stderr
    assert "FLOW/DEPLOYMENT" in fermata("deployment", "pause", "no-slash").stderr


@pytest.mark.parametrize("typed, shown", [
    ("hello", "hello\n"), ('"quoted"', "quoted\n"), ("12", "12\n"), ('{"a": [1, 2]}', '{"a": [1, 2]}\n'),
    ("{no json", "{no json\n"), ("null", "null\n"), ("1.50", "1.5\n")])
def test_variables(fermata, typed, shown):
    assert fermata("variable", "set", "of_the_test", typed).returncode == 0
    assert fermata("variable", "get", "of_the_test").stdout == shown


def test_what_is_made_is_told_to_scripts(fermata, api):
    made = json.loads(fermata("variable", "set", "told", "[1, 2]", "--json").stdout)
    assert made == api.get("/variables/name/told").json()
    assert fermata("variable", "set", "told", "2", "--quiet").stdout == ""
    run = make_run(api)
    keys = [json.loads(fermata("input", "send", run["id"], "a", "--json").stdout)["key"],
            fermata("input", "send", run["id"], "b", "-q").stdout.strip()]
    assert sorted(fermata("input", "ls", run["id"], "-q").stdout.split()) == sorted(keys)


def test_variables_come_and_go(fermata):
    assert fermata("variable", "set", "coming", "1").returncode == 0
    assert "coming" in fermata("variable", "ls", "-q").stdout.splitlines()
    assert fermata("variable", "unset", "coming").returncode == 0
    for verb in "get", "unset":
        done = fermata("variable", verb, "coming")
        assert (done.returncode, done.stderr) == (1, "error: there is no variable 'coming'\n")
    done = fermata("variable", "set", "Not A Name", "1")
    assert done.returncode == 1 and "lowercase letters" in done.stderr


@pytest.mark.parametrize("typed, key, value", [
    ("hello", "str", {"value": "hello"}), ('"x"', "str", {"value": "x"}), ("3", "int", {"value": 3}),
    ("1.5", "float", {"value": 1.5}), ("true", "bool", {"value": True}),
    ("[1, 2]", "list", {"value": [1, 2]}), ('{"a": 1}', "dict", {"value": {"a": 1}}),
    ("$(rm -rf x)", "str", {"value": "$(rm -rf x)"})])
def test_input_of_plain_types(fermata, api, typed, key, value):
    run = make_run(api)
    assert fermata("input", "send", run["name"], typed).stdout == "Sent.\n"
    [sent] = api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": "", "limit": 5}).json()
    assert sent["key"].startswith(f"{key}automaticruninput-auto-")
    assert json.loads(sent["value"]) == value
    assert sent["key"] in fermata("input", "ls", run["id"]).stdout


def test_input_under_a_prefix_is_not_wrapped(fermata, api):
    run = make_run(api)
    assert fermata("input", "send", run["id"], "--prefix", "order", '{"size": 3}').returncode == 0
    [sent] = api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": "order-"}).json()
    assert json.loads(sent["value"]) == {"size": 3}
