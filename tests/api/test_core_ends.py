"""What is left, and who is told, when things end."""

import threading

from harness.bulk import many_logs, many_runs
from harness.objects import figure, make_flow, make_run, set_state


def keyset(number):
    return {"schema": f"s-{number}", "response": "response", "description": f"d-{number}"}


def pause(api, run, number):
    set_state(api, run["id"], "RUNNING")
    verdict = set_state(api, run["id"], "PAUSED", pause_key=str(number), run_input_keyset=keyset(number))
    assert verdict["status"] == "ACCEPT"
    schema = '{"type": "object", "properties": {"a": {"type": "integer"}}}'
    reply = api.post(f"/flow_runs/{run['id']}/input", json={"key": f"s-{number}", "value": schema})
    assert reply.status_code == 201


def test_an_empty_answer_leaves_none_of_an_earlier_pause(api):
    run = make_run(api)
    pause(api, run, 1)
    reply = api.post(f"/flow_runs/{run['id']}/resume", json={"run_input": {"a": 1}})
    assert reply.json()["status"] == "ACCEPT"
    assert api.get(f"/flow_runs/{run['id']}/input/response").json() == {"a": 1}
    for number, body in ((2, b'{"run_input": {}}'), (3, b'{"run_input": { }}'), (4, b"{}")):
        pause(api, run, number)
        reply = api.post(f"/flow_runs/{run['id']}/resume", content=body,
                         headers={"Content-Type": "application/json"})
        assert reply.json()["status"] == "ACCEPT"
        assert api.get(f"/flow_runs/{run['id']}/input/response").status_code == 404


def test_a_flow_goes_with_all_that_is_of_its_runs(api):
    flow = make_flow(api)
    run = make_run(api, flow)
    log = {"name": "x", "level": 20, "message": "m", "timestamp": "2026-01-01T00:00:00Z",
           "flow_run_id": run["id"]}
    assert api.post("/logs/", json=[log]).status_code == 201
    etag = api.get(f"/flow_runs/{run['id']}").headers["ETag"]
    replies = []

    def wait():
        replies.append(api.get(f"/flow_runs/{run['id']}",
                               headers={"If-None-Match": etag, "Prefer": "wait=30"}))

    waiter = threading.Thread(target=wait)
    waiter.start()
    waiter.join(0.3)
    assert waiter.is_alive()
    assert api.delete(f"/flows/{flow['id']}").status_code == 204
    waiter.join(5)
    assert not waiter.is_alive()
    assert replies[0].status_code == 404
    logs = {"logs": {"flow_run_id": {"any_": [run["id"]]}}}
    assert api.post("/logs/filter", json=logs).json() == []
    assert api.delete(f"/flows/{flow['id']}").status_code == 404


def test_a_run_with_many_logs_goes_in_steps(server, api):
    """So that nobody else's write waits for all of it; and when it is told, nothing is left."""
    run = make_run(api)
    many_logs(server, run, 12000)
    before = figure(server, "fermata_store_commits_total")
    assert api.delete(f"/flow_runs/{run['id']}").status_code == 204
    assert figure(server, "fermata_store_commits_total") == before + 3
    logs = {"logs": {"flow_run_id": {"any_": [run["id"]]}}, "limit": 1}
    assert api.post("/logs/filter", json=logs).json() == []
    assert api.delete(f"/flow_runs/{run['id']}").status_code == 404


def test_a_flow_with_many_runs_goes_in_steps(server, api):
    flow = make_flow(api)
    many_runs(server, make_run(api, flow), 249)
    before = figure(server, "fermata_store_commits_total")
    assert api.delete(f"/flows/{flow['id']}").status_code == 204
    assert figure(server, "fermata_store_commits_total") == before + 3
    assert api.post("/flow_runs/count", json={"flows": {"id": {"any_": [flow["id"]]}}}).json() == 0
    assert api.get(f"/flows/{flow['id']}").status_code == 404
