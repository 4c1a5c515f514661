"""How the database finds what the server asks it for: by index, and in the order of one, however
many rows there are. The plans are those of the real statements on the server's own connections."""

import re
import sqlite3
import time
import uuid
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from harness.deployments import at, deployment_run, make_deployment, poll, read, scheduled
from harness.events import ask, event, now, send, task_run_event
from harness.objects import make_flow, make_run, set_state, wait_for
from harness.server import Server, build_directory
from harness.streams import events_out, logs_out, opened
from harness.work_pools import (heartbeat, make_pool, make_queue, poll_pool, pooled, read_pool,
                                workers_of)

KEYSET = {kind: f"paused-1-{kind}" for kind in ("schema", "response", "description")}

# Tables whose rows are few: people make them, not runs.
SMALL = {"flows", "deployments", "deployment_schedules", "variables", "concurrency_limits", "work_pools",
         "work_queues"}


def paused_run(api, flow, seconds):
    run = make_run(api, flow)
    set_state(api, run["id"], "RUNNING")
    deadline = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
    set_state(api, run["id"], "PAUSED", "Paused", pause_key="1", pause_timeout=deadline,
              run_input_keyset=KEYSET)
    for kind, value in (("schema", '{"type": "object"}'), ("description", '"What?"')):
        api.post(f"/flow_runs/{run['id']}/input", json={"key": KEYSET[kind], "value": value})
    return run


def life_of_runs(api):
    """What clients ask in the life of a run."""
    flow = make_flow(api)
    run = make_run(api, flow, idempotency_key="once")
    make_run_again = api.post("/flow_runs/", json={"flow_id": flow["id"], "idempotency_key": "once"})
    assert make_run_again.status_code == 200
    for state in ("PENDING", "RUNNING", "COMPLETED"):
        set_state(api, run["id"], state)
    path = f"/flow_runs/{run['id']}"
    assert api.post(f"{path}/input", json={"key": "k", "value": "1"}).status_code == 201
    assert len(api.post(f"{path}/input/filter", json={"prefix": "k", "limit": 1}).json()) == 1
    assert len(api.post(f"{path}/input/filter", json={"prefix": "k", "after": 0}).json()) == 1
    assert api.put(f"{path}/input/k", json={"value": "2"}).status_code == 204
    assert api.get(f"{path}/input/k").text == "2"
    assert api.delete(f"{path}/input/k").status_code == 204
    assert api.patch(path, json={"tags": ["a"]}).status_code == 204
    api.post("/logs/", json=[{"name": "n", "level": 20, "message": "m", "flow_run_id": run["id"],
                              "timestamp": "2026-01-01T00:00:00Z"}])
    for sort in ("TIMESTAMP_ASC", "TIMESTAMP_DESC", "SEQ_ASC"):
        logs = api.post("/logs/filter", json={
            "logs": {"flow_run_id": {"any_": [run["id"]]}}, "sort": sort})
        assert len(logs.json()) == 1
    assert api.post("/flow_runs/", headers={"Idempotency-Key": "k"},
                    json={"flow_id": flow["id"]}).status_code == 201
    assert api.delete(path).status_code == 204


def life_of_held_runs(api):
    """One that is held, paused and resumed, and one whose holder is gone."""
    lease = {"Fermata-Lease": "1; holder=5c1e7a60-2f4b-4c8e-9d55-0a4f6f1f2b11"}
    runs = []
    for _ in range(2):
        runs.append(api.post("/flow_runs/", headers=lease,
                             json={"flow_id": make_flow(api)["id"]}).json())
    kept, lost = runs
    states = (("RUNNING", {}), ("PAUSED", {"pause_key": "1"}), ("RUNNING", {}), ("COMPLETED", {}))
    for state, details in states:
        answer = api.post(f"/flow_runs/{kept['id']}/set_state", headers=lease,
                          json={"state": {"type": state, "state_details": details}}).json()
        assert answer["status"] == "ACCEPT"
    wait_for_state(api, lost, "CRASHED")


def life_of_tasks(api):
    run = make_run(api)
    task = {"flow_run_id": run["id"], "task_key": "t", "dynamic_key": "0", "state": {
        "type": "PENDING", "state_details": {"cache_key": "c"}}}
    made = api.post("/task_runs/", json=task).json()
    assert api.post("/task_runs/", json=task).status_code == 200
    for state in ("RUNNING", "COMPLETED"):
        api.post(f"/task_runs/{made['id']}/set_state", json={"state": {
            "type": state, "state_details": {"cache_key": "c"}}})
    assert api.get(f"/task_runs/{made['id']}").json()["state_type"] == "COMPLETED"
    assert len(api.post("/task_runs/filter", json={
        "task_runs": {"flow_run_id": {"any_": [run["id"]]}}}).json()) == 1


def life_of_events(api):
    """What clients tell and ask: of a name, of some names, of a resource, of all that concerns it."""
    run = make_run(api)
    happened = event("test.happened", "test.thing", related=[("owner", "test.person")])
    reported = task_run_event("6b1a4f0e-3ed0-4c1c-8bbd-64a6d6a3a3f1", run["id"], "PENDING",
                              occurred=now())
    send(api, happened, reported)
    send(api, reported | {"id": happened["id"][::-1].replace("-", "")})
    for filters in ({}, {"order": "ASC"}, {"event": {"name": ["test.happened"]}},
                    {"resource": {"id": ["test.thing"]}}, {"related": {"id": ["test.person"]}},
                    {"any_resource": {"id": ["test.person"]}}, {"id": {"id": [happened["id"]]}},
                    {"event": {"name": ["test.happened", "test.other"]}}):
        ask(api, limit=1, **filters)
    first = ask(api, limit=1)
    assert api.get(first["next_page"]).json()["events"]
    assert api.get("/task_run_states/", params={
        "task_run_id": "6b1a4f0e-3ed0-4c1c-8bbd-64a6d6a3a3f1"}).json()


def life_of_questions(api):
    flow = make_flow(api)
    answered, resumed, expired = (paused_run(api, flow, seconds) for seconds in (60, 60, 4))
    for filters in ({}, {"state": {"any_": ["open"]}}, {"flow_run_id": {"any_": [answered["id"]]}},
                    {"flow_id": {"any_": [flow["id"]]}}):
        found = api.post("/input_requests/filter", json={"input_requests": filters}).json()
        assert found
        assert api.post("/input_requests/count", json={"input_requests": filters}).json() == len(found)
    deployment = {"deployment_id": {"any_": [flow["id"]]}}
    for filters in (deployment, deployment | {"state": {"any_": ["answered"]}}):
        assert api.post("/input_requests/filter", json={"input_requests": filters}).json() == []
    request = api.post("/input_requests/filter", json={
        "input_requests": {"flow_run_id": {"any_": [answered["id"]]}}}).json()[0]
    for wait in ({}, {"Prefer": "wait=1"}):
        assert api.get(f"/input_requests/{request['id']}", headers=wait).status_code == 200
    api.post(f"/input_requests/{request['id']}/answer", json={"value": {}})
    api.post(f"/flow_runs/{resumed['id']}/resume", json={"run_input": {}})
    for run, state in ((answered, "RUNNING"), (resumed, "RUNNING"), (expired, "FAILED")):
        wait_for_state(api, run, state)


def wait_for_state(api, run, state):
    for _ in range(100):
        seen = api.get(f"/flow_runs/{run['id']}", headers={"Prefer": "wait=1"}).json()
        if seen["state_type"] == state:
            return
        time.sleep(0.05)
    raise AssertionError(f"{seen['state_type']} instead of {state}")


def life_of_deployments(api):
    made = make_deployment(api, schedules=[{"schedule": {"interval": 3600}, "active": True}])
    late = deployment_run(api, made, state=scheduled(-60))
    wait_for_name(api, late, "Late")
    assert late["id"] in [run["id"] for run in poll(api, made)]
    flow = api.get(f"/flows/{made['flow_id']}").json()
    assert api.get(f"/deployments/name/{flow['name']}/{made['name']}").status_code == 200
    api.post("/deployments/filter", json={"deployments": {"name": {"any_": [made["name"]]}}})
    api.post("/flows/filter", json={"flows": {"name": {"any_": [flow["name"]]}}})
    api.post("/variables/", json={"name": "v", "value": 1})
    assert api.get("/variables/name/v").status_code == 200


def life_of_streams(api):
    """Those that the stock client opens, and what they are sent."""
    server = SimpleNamespace(url=str(api.base_url).removesuffix("/api/"))
    run_id = str(uuid.uuid4())
    resource = f"prefect.flow-run.{run_id}"
    filters = ({"event": {"name": ["prefect.flow-run.Cancelling"]}}, {"resource": {"id": [resource]}},
               {"event": {"prefix": ["prefect.flow-run"]}, "resource": {"id": [resource]}},
               {"any_resource": {"id": [resource]}}, {})
    made = event("prefect.flow-run.Cancelling", resource)
    with ExitStack() as stack:
        streams = [stack.enter_context(events_out(server, **filter)) for filter in filters]
        with opened(server, "/events/in") as socket:
            socket.send(made)
            assert socket.receipt()
        for stream in streams:
            while stream.take()["id"] != made["id"]:
                pass
        for filter in ({"flow_run_id": {"any_": [run_id]}}, {}):
            logs = stack.enter_context(logs_out(server, **filter))
            entry = {"name": "n", "level": 20, "message": "m", "flow_run_id": run_id,
                     "timestamp": "2026-01-01T00:00:00Z"}
            while logs.is_silent(0.1):
                api.post("/logs/", json=[entry])


def wait_for_name(api, run, name):
    for _ in range(100):
        if api.get(f"/flow_runs/{run['id']}").json()["state_name"] == name:
            return
        time.sleep(0.05)
    raise AssertionError(f"the run is not {name}")


def life_of_work_pools(api):
    """What workers ask, and what their runs meet: limits of the pool, the queue, the deployment."""
    pool = make_pool(api, concurrency_limit=2)
    make_queue(api, pool, "q", concurrency_limit=1)
    deployment = pooled(api, pool, "q", concurrency_limit=1)
    heartbeat(api, pool, "w", heartbeat_interval_seconds=1)
    first, second = (deployment_run(api, deployment) for _ in range(2))
    assert len(poll_pool(api, pool, scheduled_before=at(10))) == 1
    assert poll_pool(api, pool, scheduled_before=at(-10), wait=1) == []
    for state in ("PENDING", "RUNNING"):
        assert set_state(api, first["id"], state)["status"] == "ACCEPT"
    assert set_state(api, second["id"], "PENDING")["status"] == "ABORT"
    api.patch(f"/work_pools/{pool['name']}/queues/q", json={"concurrency_limit": None})
    assert set_state(api, second["id"], "PENDING")["state"]["name"] == "AwaitingConcurrencySlot"
    set_state(api, first["id"], "COMPLETED")
    queue = read(api, deployment)["work_queue_id"]
    api.get(f"/work_queues/{queue}/status")
    api.post(f"/work_queues/{queue}/concurrency_status", json={})
    api.post(f"/work_pools/{pool['name']}/concurrency_status", json={})
    assert len(workers_of(api, pool)) == 1
    for _ in range(100):
        if read_pool(api, pool)["status"] == "NOT_READY":
            break
        time.sleep(0.05)
    assert read_pool(api, pool)["status"] == "NOT_READY"
    assert api.delete(f"/work_pools/{pool['name']}").status_code == 204


SORTS = ("ID_DESC", "START_TIME_ASC", "START_TIME_DESC", "EXPECTED_START_TIME_ASC",
         "EXPECTED_START_TIME_DESC", "NAME_ASC", "NAME_DESC", "NEXT_SCHEDULED_START_TIME_ASC",
         "END_TIME_DESC")


def lists_of_runs(api):
    """What the command and pages list: all in each order, and of a state, flow or deployment the
    latest."""
    run = make_run(api)
    for sort in SORTS:
        assert api.post("/flow_runs/filter", json={"sort": sort, "limit": 20}).status_code == 200
    for filters in ({"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}},
                    {"flow_runs": {"state": {"type": {"any_": ["FAILED", "CRASHED"]}}}},
                    {"flow_runs": {"id": {"any_": [run["id"]]}}},
                    {"flow_runs": {"name": {"any_": [run["name"]]}}},
                    {"flow_runs": {"deployment_id": {"any_": [run["id"]]}}},
                    {"flow_runs": {"parent_task_run_id": {"any_": [run["id"]]}}},
                    {"flows": {"id": {"any_": [run["flow_id"]]}}}):
        body = filters | {"sort": "EXPECTED_START_TIME_DESC", "limit": 20}
        assert api.post("/flow_runs/filter", json=body).status_code == 200
    for states in (["RUNNING"], ["FAILED", "CRASHED"]):
        body = {"flow_runs": {"state": {"type": {"any_": states}}}, "sort": "START_TIME_DESC", "limit": 20}
        assert api.post("/flow_runs/filter", json=body).status_code == 200


def life_of_artifacts(api):
    run = make_run(api)
    for n in range(2):
        made = api.post("/artifacts/", json={"key": "k", "data": n, "flow_run_id": run["id"]}).json()
    assert api.get("/artifacts/k/latest").json() == made
    for base in ("/artifacts/", "/artifacts/latest/"):
        for sort in ("ID_DESC", "CREATED_DESC", "UPDATED_DESC", "KEY_DESC", "KEY_ASC"):
            assert len(api.post(base + "filter", json={"sort": sort, "limit": 20}).json()) <= 2
    for filters in ({"key": {"any_": ["k"]}}, {"id": {"any_": [made["id"]]}}):
        body = {"artifacts": filters, "sort": "UPDATED_DESC"}
        assert api.post("/artifacts/filter", json=body).json()
    assert api.delete(f"/artifacts/{made['id']}").status_code == 204


def life_of_slots(api):
    api.post("/concurrency_limits/", json={"tag": "t", "concurrency_limit": 1})
    run = make_run(api)
    set_state(api, run["id"], "RUNNING")
    for n in range(2):
        task = api.post("/task_runs/", json={"flow_run_id": run["id"], "task_key": "t",
                                             "dynamic_key": str(n), "tags": ["t"]}).json()
        for state in ("RUNNING", "COMPLETED"):
            api.post(f"/task_runs/{task['id']}/set_state", json={"state": {"type": state}})
    asked = {"names": ["tag:t"], "slots": 1}
    held = api.post("/v2/concurrency_limits/increment-with-lease", json=asked).json()
    assert api.post("/v2/concurrency_limits/increment", json=asked).status_code == 423
    lease = {"lease_id": held["lease_id"]}
    api.post(f"/v2/concurrency_limits/leases/{held['lease_id']}/renew")
    api.post("/v2/concurrency_limits/decrement-with-lease", json=lease)
    for path in ("/concurrency_limits/tag/t", "/v2/concurrency_limits/tag:t"):
        assert api.get(path).status_code == 200
    api.post("/concurrency_limits/tag/t/reset")
    set_state(api, run["id"], "COMPLETED")
    assert api.delete("/concurrency_limits/tag/t").status_code == 200


LIVES = (life_of_runs, life_of_held_runs, life_of_tasks, life_of_events, life_of_questions,
         life_of_deployments, life_of_work_pools, lists_of_runs, life_of_streams, life_of_artifacts,
         life_of_slots)


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """The steps of each statement's plan, by the statement."""
    directory = tmp_path_factory.mktemp("plans")
    found = directory / "found"
    server = Server(directory, "--retention", "1", PLANS=str(found),
                    LD_PRELOAD=str(build_directory() / "tests/api/plans.so"),
                    ASAN_OPTIONS="verify_asan_link_order=0")
    with server:
        for live in LIVES:
            live(server.api)
        server.stop()
        with sqlite3.connect(server.data / "fermata.db") as database:
            database.execute("UPDATE events SET received = 0")
        database.close()
        server.start()
        wait_for(lambda: ask(server.api)["total"] == 0)
    steps = {}
    for line in found.read_text().splitlines():
        sql, _, step = line.partition("\t")
        steps.setdefault(sql, [])
        if step not in steps[sql]:
            steps[sql].append(step)
    return steps


def test_it_sees_what_the_server_asks(plans):
    """That the library was laid under, and that all services and the most frequent routes came."""
    tables = {table for sql in plans for table in re.findall(r"(?:FROM|INTO|UPDATE) (\w+)", sql)}
    assert {"flow_runs", "flow_run_states", "flow_run_inputs", "input_requests", "logs", "task_runs",
            "input_candidates", "deployment_schedules", "idempotency_keys", "work_queues",
            "workers"} <= tables
    assert len(plans) > 80


# What is sorted all the same, by a part of its statement: each is of one run, parent or name, of one
# resource or some names within a time, or the first few of each of some lists.
SORTED = (
    "WHERE r.seq IN (SELECT seq FROM (SELECT r.seq FROM flow_runs r WHERE",
    "FROM task_runs r LEFT JOIN task_run_states s ON s.id = r.state_id WHERE 1 = 1 AND "
    "((r.flow_run_id = ?))",
    "WHERE 1 = 1 AND ((r.flow_run_id = ?)) AND r.state IN ('open', 'checking')",  # one at most
    "WHERE 1 = 1 AND ((r.parent_task_run_id = ?))",
    "WHERE 1 = 1 AND ((r.name = ?))",
    "FROM event_related WHERE resource_id = ?",
    "AND r.event IN (?, ?)",
)


# What walks through rows all the same: those of an index that has only what is to be done, and once,
# when the server starts, the runs that are held; and the first thousand events, to delete the old
# ones. What one row's JSON holds is no table.
WALKED = ("SCAN block_documents USING COVERING INDEX block_documents_schema: SELECT 1 FROM block_documents LIMIT ?",
          "SCAN run_leases USING INDEX run_leases_begin: ",
          "SCAN run_leases: UPDATE run_leases SET begins = 1 WHERE begins = ?",
          "SCAN events: DELETE FROM event",
          # whether there are any
          "SCAN block_documents USING COVERING INDEX block_documents_schema: SELECT 1 FROM "
          "block_documents LIMIT ?")


# What a stream looks at when it is woken: so many rows at the most, whatever it asks for.
WINDOW = "WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?) r WHERE "


def table(sql, alias):
    """What goes by this name in a statement."""
    found = re.search(rf"(?:FROM|JOIN) (\w+) {alias}\b", sql)
    return found.group(1) if found else alias


def own(sql):
    """What a statement walks of what it has found itself: the rows of its WITH RECURSIVE."""
    return {"CONSTANT", *re.findall(r"WITH RECURSIVE (\w+)", sql)}


def only_the_order_counts(sql):
    """Whether it asks for the first few in an order, with no value that they must match."""
    asked, ordered, rest = sql.partition(" ORDER BY ")
    return ordered and " LIMIT " in rest and "?" not in asked


def test_no_scan_of_what_grows(plans):
    """But an index may be walked from its end for the first few that it has."""
    wrong = []
    for sql, steps in plans.items():
        for step in steps:
            scan = re.match(r"SCAN (?!\(subquery)(\w+)( USING (?:COVERING )?INDEX \w+)?", step)
            if scan and table(sql, scan.group(1)) not in SMALL | own(sql) and not (
                    scan.group(2) and only_the_order_counts(sql)):
                wrong.append(f"{step}: {sql}")
    wrong = [line for line in wrong if not line.startswith(WALKED) and "VIRTUAL TABLE" not in line
             and WINDOW not in line]
    assert not wrong, "\n".join(wrong)


def test_whether_a_worker_is_there_is_one_look(plans):
    """However many have been there before."""
    looks = {step for sql, steps in plans.items() for step in steps
             if "FROM workers w" in sql and step.startswith("SEARCH w ")}
    assert looks == {"SEARCH w USING INDEX workers_of_pool (work_pool_id=?)"}


def test_old_events_are_found_each_by_its_place(plans):
    [steps] = [steps for sql, steps in plans.items() if sql.startswith("DELETE FROM event_related")]
    assert ("SEARCH event_related USING PRIMARY KEY (resource_id=? AND occurred=? AND event_seq=?)"
            in steps)


def test_no_sort_where_an_index_serves(plans):
    wrong = [f"{step}: {sql}" for sql, steps in plans.items() for step in steps
             if "USE TEMP B-TREE" in step and table(sql, "r") not in SMALL
             and not any(part in sql for part in (*SORTED, WINDOW))]
    assert not wrong, "\n".join(wrong)


def test_what_comes_to_a_stream_is_found_by_its_number(plans):
    windows = {sql: steps for sql, steps in plans.items() if WINDOW in sql}
    assert {re.search(r"SELECT \* FROM (\w+)", sql).group(1) for sql in windows} == {"events", "logs"}
    for sql, steps in windows.items():
        by_number = re.compile(r"SEARCH (events|logs) USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)")
        assert any(by_number.fullmatch(step) for step in steps), (sql, steps)
