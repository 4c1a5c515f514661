"""The stock client's tasks, subflows, retries, logs and variables."""

import pytest

from harness.flows import log_of, wait
from harness.programs import run_of

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def done(programs):
    """The output of working.py, which has ended well."""
    process = programs("working.py", PREFECT_LOGGING_LEVEL="DEBUG")
    assert process.end() == 0, process.output()
    return process.output()


def lines_of(api, run, count, **filters):
    """The run's log, once it has so many lines."""
    return wait(lambda: len(found := log_of(api, run, **filters)) >= count and found, f"{count} lines")


def test_tasks(server, done):
    run = run_of(server.api, "works", "Completed")
    said = lines_of(server.api, run, 12)
    for line in ("one after the other: 4", "mapped: [2, 4, 6]", "flaky: at the third try",
                 "broken: a task of it failed"):
        assert line in said and line in done
    assert [said.count(f"doubling {number}") for number in (1, 2, 3)] == [2, 2, 1]


def test_subflows(server, done):
    run = run_of(server.api, "parent", "Completed")
    assert "children: 2 3" in lines_of(server.api, run, 1) and "children: 2 3" in done
    children = server.api.post("/flow_runs/filter", json={
        "flow_runs": {"parent_flow_run_id": {"any_": [run["id"]]}}}).json()
    assert sorted(child["parameters"]["number"] for child in children) == [1, 2]
    assert {child["state"]["name"] for child in children} == {"Completed"}
    assert all(child["parent_task_run_id"] for child in children)


def test_a_retry(server, done):
    run = run_of(server.api, "second-try", "Completed")
    assert run["run_count"] == 2
    states = server.api.get("/flow_run_states/", params={"flow_run_id": run["id"]}).json()
    assert [state["name"] for state in states] == ["Pending", "Running", "AwaitingRetry", "Running",
                                                   "Completed"]


def test_a_failure(server, done):
    run = run_of(server.api, "fails", "Failed")
    assert "it had to be" in run["state"]["message"]
    assert "fails: it had to be" in done


def test_logs(server, done):
    run = run_of(server.api, "logs", "Completed")
    lines_of(server.api, run, 5)
    found = server.api.post("/logs/filter", json={"logs": {"flow_run_id": {"any_": [run["id"]]}},
                                                  "sort": "TIMESTAMP_ASC"}).json()
    own = [(line["level"], line["message"]) for line in found if line["message"].startswith("as ")]
    assert own == [(level, f"as {name}: żółć") for level, name in (
        (10, "debug"), (20, "info"), (30, "warning"), (40, "error"), (50, "critical"))]


def test_variables(server, done):
    run = run_of(server.api, "remembers", "Completed")
    said = lines_of(server.api, run, 6)
    for line in ("none: nothing yet", "set: {'count': 1, 'of': ['é', None]}", "overwritten: 2",
                 "unset: True False"):
        assert line in said
    assert any("refused:" in line and "already exists" in line for line in said)
    assert any(line.startswith("bad name:") for line in said)
    assert server.api.get("/variables/name/working").status_code == 404


def test_the_commands_show_it(server, programs, done):
    run = run_of(server.api, "logs", "Completed")
    status, shown = programs.command("flow-run", "ls", "--limit", "50")
    assert status == 0 and run["name"] in shown and "COMPLETED" in shown
    status, shown = programs.command("flow-run", "logs", run["id"])
    assert status == 0 and "as warning: żółć" in shown
