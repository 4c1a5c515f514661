"""Work pools: making, changing and deleting them, and what is in them."""

import pytest

from harness.deployments import at, deployment_run, make_deployment, read, scheduled
from harness.objects import make_flow, set_state
from harness.work_pools import (change_pool, make_pool, make_queue, poll_pool, pooled, queued_run,
                                queues_of, read_pool)

NOWHERE = "00000000-0000-4000-8000-000000000000"
TEMPLATE = {"job_configuration": {"command": "{{ command }}", "env": {"A": "x {{a}} y"},
                                  "image": "{{ prefect.blocks.x }}", "home": "{{ $HOME }}"},
            "variables": {"type": "object", "properties": {
                "command": {"type": "string"}, "a": {"type": "integer", "default": 1}}}}


# ---- the resource ----

def test_a_pool_comes_back_as_it_was_sent(api):
    made = make_pool(api, "kitchen", description="For soup.", base_job_template=TEMPLATE,
                     concurrency_limit=3)
    assert (made["name"], made["type"], made["description"]) == ("kitchen", "process", "For soup.")
    assert made["base_job_template"] == TEMPLATE
    assert made["is_paused"] is False and made["status"] == "NOT_READY"
    assert (made["concurrency_limit"], made["active_slots"]) == (3, 0)
    assert made["storage_configuration"] == {}
    assert read_pool(api, made) == made
    queue, = queues_of(api, made)
    assert queue["id"] == made["default_queue_id"]
    assert (queue["name"], queue["priority"], queue["work_pool_name"]) == ("default", 1, "kitchen")


def test_a_name_is_one_pools_alone(api):
    make_pool(api, "twice")
    reply = api.post("/work_pools/", json={"name": "twice"})
    assert reply.status_code == 409
    assert reply.json() == {"detail": "A work pool with this name already exists."}


@pytest.mark.parametrize("change, path, words", [
    ({"name": "a/b"}, "name", "none of / % & > <"),
    ({"name": ""}, "name", "at least one character"),
    ({"name": "x" * 256}, "name", "255"),
    ({"concurrency_limit": -1}, "concurrency_limit", "greater than or equal to 0"),
    ({"concurrency_limit": "many"}, "concurrency_limit", "integer"),
    ({"is_paused": "perhaps"}, "is_paused", "boolean"),
    ({"base_job_template": []}, "base_job_template", "dictionary"),
    ({"base_job_template": {"job_configuration": {}}}, "base_job_template", '"variables"'),
    ({"base_job_template": TEMPLATE | {"variables": TEMPLATE["variables"] | {"type": "shoe"}}},
     "base_job_template", "no JSON Schema"),
    ({"base_job_template": TEMPLATE | {"variables": {"properties": {"a": {}}}}},
     "base_job_template", ": command"),
    ({"shoe": 1}, "shoe", "not permitted"),
    ({"storage_configuration": {"default_result_storage_block_id": "x"}},
     "storage_configuration.default_result_storage_block_id", "UUID"),
])
def test_what_is_wrong_with_a_pool_is_told(api, change, path, words):
    reply = api.post("/work_pools/", json={"name": "wrong"} | change)
    assert reply.status_code == 422
    told = {error["path"]: error["message"] for error in reply.json()["errors"]}
    assert words in told[path], told
    assert api.get("/work_pools/wrong").status_code == 404


def test_names_of_prefects_own_are_refused(api):
    reply = api.post("/work_pools/", json={"name": "PREFECT-managed"})
    assert reply.status_code == 403 and "reserved" in reply.json()["detail"]


def test_what_is_not_there(api):
    detail = {"detail": 'Work pool "none" not found.'}
    for method, path in (("get", "none"), ("delete", "none"), ("patch", "none"),
                         ("post", "none/get_scheduled_flow_runs"), ("post", "none/queues/filter"),
                         ("post", "none/workers/filter"), ("post", "none/concurrency_status"),
                         ("get", "none/queues/default"), ("delete", "none/workers/w")):
        body = {} if method in ("get", "delete") else {"json": {}}
        reply = getattr(api, method)(f"/work_pools/{path}", **body)
        assert (reply.status_code, reply.json()) == (404, detail), path
    for path, body in (("queues", {"name": "q"}), ("workers/heartbeat", {"name": "w"})):
        assert api.post(f"/work_pools/none/{path}", json=body).json() == detail


def test_changing_a_pool(api):
    pool = make_pool(api, concurrency_limit=1)
    change_pool(api, pool, description="New.", concurrency_limit=None, base_job_template=TEMPLATE)
    changed = read_pool(api, pool)
    assert changed["description"] == "New." and changed["base_job_template"] == TEMPLATE
    assert (changed["concurrency_limit"], changed["active_slots"]) == (None, None)
    assert changed["updated"] > pool["updated"]
    bad = api.patch(f"/work_pools/{pool['name']}",
                    json={"base_job_template": {"variables": {}}, "description": "Not taken."})
    assert bad.status_code == 422 and read_pool(api, pool) == changed


def test_finding_pools(api):
    first, second = make_pool(api, "a-found", type="docker"), make_pool(api, "b-found")

    def names(**filters):
        reply = api.post("/work_pools/filter", json={"work_pools": filters})
        assert api.post("/work_pools/count", json={"work_pools": filters}).json() == len(reply.json())
        return [pool["name"] for pool in reply.json()]

    assert names(name={"any_": ["b-found", "a-found"]}) == ["a-found", "b-found"]
    assert names(id={"any_": [second["id"]]}) == ["b-found"]
    assert names(type={"any_": ["docker"]}, name={"any_": ["a-found", "b-found"]}) == ["a-found"]
    assert first["type"] == "docker"


# ---- deployments and runs in pools ----

def test_a_deployment_is_in_the_default_queue_of_its_pool(api):
    pool = make_pool(api)
    deployment = pooled(api, pool)
    assert deployment["work_pool_name"] == pool["name"]
    assert (deployment["work_queue_name"], deployment["work_queue_id"]) == (
        "default", pool["default_queue_id"])
    run = deployment_run(api, deployment)
    assert (run["work_pool_id"], run["work_pool_name"]) == (pool["id"], pool["name"])
    assert (run["work_queue_id"], run["work_queue_name"]) == (pool["default_queue_id"], "default")


def test_a_queue_that_a_deployment_names_is_made(api):
    pool = make_pool(api)
    deployment = pooled(api, pool, "fast")
    assert [queue["name"] for queue in queues_of(api, pool)] == ["default", "fast"]
    run = deployment_run(api, deployment, work_queue_name="faster")
    assert run["work_queue_name"] == "faster"
    assert [queue["name"] for queue in queues_of(api, pool)] == ["default", "fast", "faster"]
    checked = api.get(f"/deployments/{deployment['id']}/work_queue_check").json()
    assert [queue["name"] for queue in checked] == ["fast"]


def test_a_deployment_moves_between_queues(api):
    pool, other = make_pool(api), make_pool(api)
    deployment = pooled(api, pool, "first", schedules=[{"schedule": {"interval": 3600}}])

    def moved(**fields):
        assert api.patch(f"/deployments/{deployment['id']}", json=fields).status_code == 204
        now = read(api, deployment)
        return now["work_pool_name"], now["work_queue_name"]

    assert moved(description="x") == (pool["name"], "first")
    assert moved(work_queue_name="second") == (pool["name"], "second")
    assert moved(work_queue_name=None) == (pool["name"], "second")
    assert moved(work_pool_name=other["name"]) == (other["name"], "default")
    assert moved(work_pool_name=None) == (None, None)
    assert moved(work_queue_name="alone") == ("default-agent-pool", "alone")
    assert moved(work_pool_name=other["name"], work_queue_name="q") == (other["name"], "q")
    again = api.post("/deployments/", json={"name": deployment["name"], "work_pool_name": None,
                                            "flow_id": deployment["flow_id"]})
    assert again.status_code == 200 and again.json()["work_pool_name"] is None


def test_scheduled_runs_go_to_the_queue(fresh_server):
    api = fresh_server.api
    pool = make_pool(api)
    pooled(api, pool, "hourly", schedules=[{"schedule": {"interval": 3600}}])
    runs = []
    while not runs:
        runs = poll_pool(api, pool, wait=1)[:1] or poll_pool(api, pool, scheduled_before=at(86400))
    assert {run["work_queue_name"] for run in runs} == {"hourly"}
    assert all(run["auto_scheduled"] for run in runs)


def test_a_deployment_cannot_be_in_a_pool_that_is_not_there(api):
    flow = make_flow(api)
    body = {"name": "d", "flow_id": flow["id"], "work_pool_name": "none"}
    reply = api.post("/deployments/", json=body)
    assert (reply.status_code, reply.json()) == (404, {"detail": 'Work pool "none" not found.'})
    assert api.get(f"/deployments/name/{flow['name']}/d").status_code == 404
    made = make_deployment(api)
    reply = api.patch(f"/deployments/{made['id']}", json={"work_pool_name": "none"})
    assert reply.status_code == 404 and read(api, made)["work_pool_name"] is None
    reply = api.post("/deployments/", json=body | {"work_queue_name": "a/b"})
    assert reply.status_code == 422 and "work_queue_name" in reply.text
    reply = api.post("/flow_runs/", json={"flow_id": flow["id"], "work_pool_name": "none"})
    assert reply.status_code == 404


def test_job_variables_are_held_against_the_pools_template(api):
    pool = make_pool(api, base_job_template=TEMPLATE)
    flow = make_flow(api)
    body = {"name": "d", "flow_id": flow["id"], "work_pool_name": pool["name"]}
    reply = api.post("/deployments/", json=body | {"job_variables": {"a": "one"}})
    assert reply.status_code == 422
    assert reply.json()["detail"].startswith("Error creating deployment: Validation failed for field 'a'")
    made = api.post("/deployments/", json=body | {"job_variables": {"a": 1}})
    assert made.status_code == 201
    reply = api.patch(f"/deployments/{made.json()['id']}",
                      json={"work_pool_name": pool["name"], "job_variables": {"a": []}})
    assert reply.status_code == 422 and "Error updating deployment" in reply.json()["detail"]
    assert read(api, made.json())["job_variables"] == {"a": 1}


def test_a_run_without_a_deployment_is_put_into_a_queue(api):
    pool = make_pool(api)
    flow = make_flow(api)
    body = {"flow_id": flow["id"], "work_pool_name": pool["name"]}
    run = api.post("/flow_runs/", json=body).json()
    assert (run["work_pool_name"], run["work_queue_name"]) == (pool["name"], "default")
    reply = api.post("/flow_runs/", json=body | {"work_queue_name": "none"})
    assert reply.status_code == 404
    assert reply.json()["detail"] == f"Work pool queue '{pool['name']}/none' not found."


def test_finding_what_is_in_a_pool(api):
    pool = make_pool(api)
    run = queued_run(api, pool, "q")
    queued_run(api, make_pool(api), "q")
    flow = api.get(f"/flows/{run['flow_id']}").json()
    by_pool = {"work_pools": {"name": {"any_": [pool["name"]]}}}
    by_queue = by_pool | {"work_pool_queues": {"name": {"any_": ["q"]}}}
    for filters in (by_pool, by_queue):
        assert [r["id"] for r in api.post("/flow_runs/filter", json=filters).json()] == [run["id"]]
        found = api.post("/deployments/filter", json=filters).json()
        assert [d["id"] for d in found] == [run["deployment_id"]]
    assert [f["id"] for f in api.post("/flows/filter", json=by_pool).json()] == [flow["id"]]
    by_queue["work_pool_queues"]["name"]["any_"] = ["none"]
    assert api.post("/flow_runs/count", json=by_queue).json() == 0


def test_deleting_a_pool(api):
    pool = make_pool(api)
    waits, begun = queued_run(api, pool), queued_run(api, pool)
    set_state(api, begun["id"], "PENDING")
    assert api.delete(f"/work_pools/{pool['name']}").status_code == 204
    assert api.get(f"/work_pools/{pool['name']}").status_code == 404
    deployment = api.get(f"/deployments/{waits['deployment_id']}").json()
    waits = api.get(f"/flow_runs/{waits['id']}").json()
    for thing in (deployment, waits):
        assert [thing[key] for key in ("work_pool_name", "work_queue_name", "work_queue_id")] == [
            None, None, None]
    assert api.get(f"/flow_runs/{begun['id']}").json()["work_pool_name"] == pool["name"]
    assert set_state(api, begun["id"], "RUNNING")["status"] == "ACCEPT"
    assert deployment_run(api, deployment)["work_pool_name"] is None


def test_pools_and_what_waits_in_them_outlive_a_restart(fresh_server):
    api = fresh_server.api
    pool = make_pool(api, concurrency_limit=1)
    first, second = queued_run(api, pool), queued_run(api, pool, state=scheduled(-5))
    set_state(api, first["id"], "PENDING")
    fresh_server.kill9()
    fresh_server.start()
    assert read_pool(api, pool)["active_slots"] == 1
    assert poll_pool(api, pool) == []
    set_state(api, first["id"], "FAILED")
    assert [run["id"] for run in poll_pool(api, pool)] == [second["id"]]


def test_collections_tell_of_process_workers(api):
    view = api.get("/collections/views/aggregate-worker-metadata").json()
    process = view["prefect"]["process"]
    made = make_pool(api, base_job_template=process["default_base_job_configuration"])
    assert set(made["base_job_template"]["variables"]["properties"]) == {
        "name", "env", "labels", "command", "stream_output", "working_dir"}
    reply = api.get("/collections/views/shoes")
    assert (reply.status_code, reply.json()) == (404, {"detail": "View shoes not found in registry"})
