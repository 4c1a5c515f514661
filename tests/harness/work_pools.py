"""Short ways to work pools, their queues and workers. `api` is a server's client."""

import uuid

from harness.deployments import deployment_run, make_deployment


def make_pool(api, name=None, **fields):
    """A new work pool of type "process"; `fields` are those of the body."""
    body = {"name": name or f"pool-{uuid.uuid4()}", "type": "process"} | fields
    reply = api.post("/work_pools/", json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()


def read_pool(api, pool):
    reply = api.get(f"/work_pools/{pool['name']}")
    assert reply.status_code == 200, reply.text
    return reply.json()


def change_pool(api, pool, **fields):
    reply = api.patch(f"/work_pools/{pool['name']}", json=fields)
    assert reply.status_code == 204, reply.text


def make_queue(api, pool, name, **fields):
    reply = api.post(f"/work_pools/{pool['name']}/queues", json={"name": name} | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


def queues_of(api, pool):
    reply = api.post(f"/work_pools/{pool['name']}/queues/filter", json={})
    assert reply.status_code == 200, reply.text
    return reply.json()


def heartbeat(api, pool, name, **fields):
    reply = api.post(f"/work_pools/{pool['name']}/workers/heartbeat", json={"name": name} | fields)
    assert reply.status_code == 204, reply.text


def workers_of(api, pool, **filters):
    reply = api.post(f"/work_pools/{pool['name']}/workers/filter", json={"workers": filters})
    assert reply.status_code == 200, reply.text
    return reply.json()


def poll_pool(api, pool, wait=None, **fields):
    """The runs that a worker of the pool may take."""
    headers = {"Prefer": f"wait={wait}"} if wait is not None else {}
    reply = api.post(f"/work_pools/{pool['name']}/get_scheduled_flow_runs", headers=headers,
                     json=fields)
    assert reply.status_code == 200, reply.text
    for item in reply.json():
        assert item["work_pool_id"] == item["flow_run"]["work_pool_id"]
        assert item["work_queue_id"] == item["flow_run"]["work_queue_id"]
    return [item["flow_run"] for item in reply.json()]


def pooled(api, pool, queue=None, **fields):
    """A new deployment in the pool, in its default queue if none is named."""
    return make_deployment(api, work_pool_name=pool["name"], work_queue_name=queue, **fields)


def queued_run(api, pool, queue=None, **fields):
    """A run that waits in the pool, of a new deployment."""
    return deployment_run(api, pooled(api, pool, queue), **fields)
