"""Prefect's commands, asserted by what their user sees."""

import uuid

import pytest

from harness.commands import Prefect
from harness.objects import make_flow, make_run, set_state

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def prefect(server, tmp_path_factory):
    return Prefect(server, tmp_path_factory.mktemp("prefect"))


def test_version(prefect):
    assert "3.8" in prefect("version")


def test_global_concurrency_limits(server, prefect):
    assert "No global concurrency limits found" in prefect("gcl ls")
    assert "Created global concurrency limit" in prefect("gcl create calls --limit 2")
    assert "already exists" in prefect.refuses("gcl create calls --limit 3")
    assert "calls" in prefect("global-concurrency-limit ls")
    prefect("gcl update calls --limit 5 --slot-decay-per-second 1.5")
    prefect("gcl disable calls")
    inspected = prefect("gcl inspect calls --output json")
    assert '"limit": 5' in inspected and '"active": false' in inspected and "1.5" in inspected
    prefect("gcl enable calls")
    assert server.api.get("/v2/concurrency_limits/calls").json()["active"] is True
    assert "Deleted" in prefect("gcl delete calls")
    for command in ("inspect calls", "delete calls", "enable calls", "update calls --limit 1"):
        assert "not found" in prefect.refuses(f"gcl {command}")


def test_limits_of_tags(server, prefect):
    assert "concurrency_limit - 3" in prefect("concurrency-limit create big 3")
    task = str(uuid.uuid4())
    server.api.post("/concurrency_limits/increment", json={"names": ["big"], "task_run_id": task})
    assert "big" in prefect("concurrency-limit ls")
    assert task in prefect("concurrency-limit inspect big")
    assert "Reset" in prefect("concurrency-limit reset big")
    assert task not in prefect("concurrency-limit inspect big")
    assert "Deleted" in prefect("concurrency-limit delete big")
    for command in ("inspect", "reset", "delete"):
        assert "No concurrency limit found" in prefect.refuses(f"concurrency-limit {command} big")


def test_variables(prefect):
    assert "Set variable 'colour'" in prefect("variable set colour blue --tag paint")
    assert "already exists" in prefect.refuses("variable set colour red")
    prefect("variable set colour red --overwrite")
    assert "red" in prefect("variable get colour")
    assert "colour" in prefect("variable ls")
    inspected = prefect("variable inspect colour")
    assert "red" in inspected and "colour" in inspected
    prefect("variable unset colour")
    assert "not found" in prefect.refuses("variable get colour")


def test_flows_and_their_runs(server, prefect):
    api = server.api
    flow = make_flow(api, "paints")
    run = make_run(api, flow, name="loud-fox", state={"type": "PENDING"})
    set_state(api, run["id"], "RUNNING")
    api.post("/logs/", json=[{"name": "n", "level": 20, "message": "red paint", "flow_run_id": run["id"],
                              "timestamp": "2026-01-01T00:00:00Z"}])
    assert "paints" in prefect("flow ls")
    listed = prefect("flow-run ls")
    assert run["id"] in listed and "loud-fox" in listed and "RUNNING" in listed
    assert "loud-fox" in prefect(f"flow-run inspect {run['id']}")
    assert "red paint" in prefect(f"flow-run logs {run['id']}")
    assert "scheduled for cancellation" in prefect(f"flow-run cancel {run['id']}")
    assert api.get(f"/flow_runs/{run['id']}").json()["state_type"] == "CANCELLING"
    task = api.post("/task_runs/", json={"flow_run_id": run["id"], "task_key": "t", "name": "brush",
                                         "dynamic_key": "0", "state": {"type": "PENDING"}}).json()
    assert "brush" in prefect("task-run ls")
    assert task["id"] in prefect(f"task-run inspect {task['id']}")
    assert "deleted" in prefect(f"flow-run delete {run['id']}")
    assert "not found" in prefect.refuses(f"flow-run delete {run['id']}")
