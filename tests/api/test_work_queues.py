"""Work queues: their order, their names, and the old routes."""

import pytest

from harness.bulk import many_queues
from harness.deployments import make_deployment, read
from harness.objects import set_state
from harness.work_pools import make_pool, make_queue, poll_pool, queued_run, queues_of

NOWHERE = "00000000-0000-4000-8000-000000000000"


def order(api, pool):
    return [(queue["name"], queue["priority"]) for queue in queues_of(api, pool)]


def change(api, pool, queue, expect=204, **fields):
    reply = api.patch(f"/work_pools/{pool['name']}/queues/{queue}", json=fields)
    assert reply.status_code == expect, reply.text
    return reply


# ---- of a pool ----

def test_a_queue_comes_back_as_it_was_sent(api):
    pool = make_pool(api)
    made = make_queue(api, pool, "fast", description="Short runs.", concurrency_limit=2,
                      is_paused=True)
    assert (made["name"], made["description"], made["priority"]) == ("fast", "Short runs.", 2)
    assert (made["concurrency_limit"], made["active_slots"]) == (2, 0)
    assert (made["is_paused"], made["status"]) == (True, "PAUSED")
    assert made["filter"] is None and made["last_polled"] is None
    assert api.get(f"/work_pools/{pool['name']}/queues/fast").json() == made
    assert api.get(f"/work_queues/{made['id']}").json() == made
    reply = api.post(f"/work_pools/{pool['name']}/queues", json={"name": "fast"})
    assert reply.status_code == 409 and "already exists" in reply.json()["detail"]


def test_queues_make_room_for_one_that_comes_first(api):
    pool = make_pool(api)
    make_queue(api, pool, "second")
    make_queue(api, pool, "far", priority=10)
    assert order(api, pool) == [("default", 1), ("second", 2), ("far", 10)]
    make_queue(api, pool, "first", priority=1)
    assert order(api, pool) == [("first", 1), ("default", 2), ("second", 3), ("far", 10)]
    make_queue(api, pool, "next")
    assert order(api, pool)[3] == ("next", 4)
    change(api, pool, "next", priority=2)
    assert order(api, pool) == [("first", 1), ("next", 2), ("default", 3), ("second", 4),
                                ("far", 10)]
    change(api, pool, "far", priority=4)
    assert order(api, pool)[3:] == [("far", 4), ("second", 5)]


def test_a_queue_gets_another_name(api):
    pool = make_pool(api)
    run = queued_run(api, pool, "old")
    begun = queued_run(api, pool, "old")
    set_state(api, begun["id"], "PENDING")
    change(api, pool, "old", name="new")
    assert read(api, {"id": run["deployment_id"]})["work_queue_name"] == "new"
    assert [r["work_queue_name"] for r in poll_pool(api, pool)] == ["new"]
    assert "already exists" in change(api, pool, "new", 409, name="default").text
    assert "none of /" in change(api, pool, "new", 422, name="a/b").text
    change(api, pool, "old", 404, name="x")


def test_a_queue_is_deleted(api):
    pool = make_pool(api)
    run = queued_run(api, pool, "gone")
    path = f"/work_pools/{pool['name']}/queues/gone"
    assert api.delete(path).status_code == 204
    assert api.delete(path).status_code == 404
    assert read(api, {"id": run["deployment_id"]})["work_pool_name"] is None
    assert api.get(f"/flow_runs/{run['id']}").json()["work_queue_id"] is None
    assert poll_pool(api, pool) == []
    reply = api.delete(f"/work_pools/{pool['name']}/queues/default")
    assert reply.status_code == 409 and "default queue cannot be deleted" in reply.json()["detail"]


@pytest.mark.parametrize("fields, path", [
    ({"priority": 0}, "priority"),
    ({"priority": 2**31}, "priority"),
    ({"priority": 2**63 - 1}, "priority"),
    ({"priority": "first"}, "priority"),
    ({"concurrency_limit": -1}, "concurrency_limit"),
    ({"filter": {"tags": ["x"]}}, "filter"),
    ({"name": "a&b"}, "name"),
    ({"shoe": 1}, "shoe"),
])
def test_what_is_wrong_with_a_queue_is_told(api, fields, path):
    pool = make_pool(api)
    reply = api.post(f"/work_pools/{pool['name']}/queues", json={"name": "q"} | fields)
    assert reply.status_code == 422
    assert path in [error["path"] for error in reply.json()["errors"]]
    assert len(queues_of(api, pool)) == 1


def test_finding_queues(api):
    pool = make_pool(api)
    for name in ("red", "Red-2", "blue"):
        make_queue(api, pool, name)

    def names(**filters):
        path = f"/work_pools/{pool['name']}/queues/filter"
        return [queue["name"] for queue in api.post(path, json={"work_queues": filters}).json()]

    assert names(name={"startswith_": ["red"]}) == ["red", "Red-2"]
    assert names(name={"startswith_": ["bl", "def"]}) == ["default", "blue"]
    assert names(name={"startswith_": []}) == []
    assert names(name={"any_": ["blue"]}) == ["blue"]
    reply = api.post("/work_queues/filter", json={"work_queues": {"name": {"startswith_": [1]}}})
    assert reply.status_code == 422


# ---- by the old routes ----

def test_a_queue_without_a_pool(fresh_server):
    api = fresh_server.api
    assert api.get("/work_queues/name/alone").status_code == 404
    made = api.post("/work_queues/", json={"name": "alone"})
    assert made.status_code == 201, made.text
    queue = made.json()
    assert queue["work_pool_name"] == "default-agent-pool"
    assert api.get("/work_queues/name/alone").json() == queue
    assert api.post("/work_queues/", json={"name": "alone"}).status_code == 409
    assert api.patch(f"/work_queues/{queue['id']}", json={"is_paused": True}).status_code == 204
    assert api.get(f"/work_queues/{queue['id']}").json()["status"] == "PAUSED"
    assert [q["name"] for q in api.post("/work_queues/filter", json={}).json()] == [
        "alone", "default"]
    assert api.delete(f"/work_queues/{queue['id']}").status_code == 204
    for method, path in (("get", ""), ("delete", ""), ("get", "/status"), ("post", "/get_runs"),
                         ("post", "/concurrency_status")):
        assert getattr(api, method)(f"/work_queues/{queue['id']}{path}").status_code == 404
    assert api.patch(f"/work_queues/{NOWHERE}", json={}).status_code == 404


def test_the_default_queue_without_a_pool_is_made_with_its_pool(fresh_server):
    api = fresh_server.api
    made = api.post("/work_queues/", json={"name": "default"})
    assert made.status_code == 201 and made.json()["name"] == "default"
    assert api.post("/work_queues/", json={"name": "default"}).status_code == 409


def test_the_runs_of_one_queue(api):
    pool = make_pool(api)
    run = queued_run(api, pool, "mine")
    queued_run(api, pool, "other")
    queue = api.get(f"/work_pools/{pool['name']}/queues/mine").json()
    got = api.post(f"/work_queues/{queue['id']}/get_runs", json={"limit": 5}).json()
    assert [r["id"] for r in got] == [run["id"]]


def test_a_run_makes_no_queue_with_a_name_that_queues_may_not_have(api):
    deployment = make_deployment(api)
    for path, body in ((f"/deployments/{deployment['id']}/create_flow_run", {}),
                       ("/flow_runs/", {"flow_id": deployment["flow_id"]})):
        reply = api.post(path, json=body | {"work_queue_name": "a" * 256})
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["path"] == "work_queue_name"
        assert api.post(path, json=body | {"work_queue_name": "a" * 255}).status_code != 422


def test_how_many_queues_a_pool_has(fresh_server):
    """As many as one poll asks for; in none of the ways in which queues are made there are more."""
    api = fresh_server.api
    pool = make_pool(api)
    deployment = make_deployment(api, work_pool_name=pool["name"], work_queue_name="one")
    many_queues(fresh_server, pool, 998)
    path = f"/work_pools/{pool['name']}/queues"
    told = "The work pool has 1000 queues, as many as it may have"
    for reply in (
            api.post(path, json={"name": "x"}),
            api.patch(f"/deployments/{deployment['id']}", json={"work_queue_name": "x"}),
            api.post("/deployments/", json={"name": "x", "flow_id": deployment["flow_id"],
                                            "work_pool_name": pool["name"], "work_queue_name": "x"}),
            api.post(f"/deployments/{deployment['id']}/create_flow_run", json={"work_queue_name": "x"})):
        assert reply.status_code == 409 and told in reply.json()["detail"], reply.text
    assert api.get(f"{path}/x").status_code == 404
    run = queued_run(api, pool, "one")
    assert [found["id"] for found in poll_pool(api, pool)] == [run["id"]]
    assert api.delete(f"{path}/queue-1").status_code == 204
    make_queue(api, pool, "x")
