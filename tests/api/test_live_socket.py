"""/api/live: which of the topics that a client names have changed."""

import json
import uuid

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from harness.events import now, send, task_run_event
from harness.objects import make_flow, make_run, set_state


def connected(server):
    """Without a limit to what waits to be read: else the client reads no pongs either."""
    return connect(server.url.replace("http", "ws") + "/api/live", max_queue=None)


@pytest.fixture
def live(server):
    with connected(server) as socket:
        yield socket


def watch(socket, *topics):
    """From its answer on they are watched."""
    socket.send(json.dumps({"topics": topics}))
    return changed(socket)


def changed(socket, seconds=10):
    return json.loads(socket.recv(seconds))["changed"]


def nothing(socket):
    with pytest.raises(TimeoutError):
        socket.recv(0.3)


def test_only_what_is_watched_is_told(live, api):
    run, other = make_run(api), make_run(api)
    watch(live, f"flow_run:{run['id']}")
    set_state(api, other["id"], "RUNNING")
    nothing(live)
    set_state(api, run["id"], "RUNNING")
    assert changed(live) == [f"flow_run:{run['id']}"]
    set_state(api, run["id"], "COMPLETED")
    assert changed(live) == [f"flow_run:{run['id']}"]


@pytest.mark.parametrize("change", [{"name": "another"}, {"tags": ["x"]}, "labels"])
def test_a_run_that_is_changed_is_told_to_lists_too(live, api, change):
    run = make_run(api)
    watch(live, "flow_runs")
    path = f"/flow_runs/{run['id']}"
    if change == "labels":
        reply = api.patch(f"{path}/labels", json={"a": "b"})
    else:
        reply = api.patch(path, json=change)
    assert reply.status_code == 204
    assert changed(live) == ["flow_runs"]


def test_each_message_is_answered(live, api):
    run = make_run(api)
    for topics in ((), ("variables",), ("variables",), (f"flow_run:{run['id']}",)):
        assert watch(live, *topics) == []
    nothing(live)
    set_state(api, run["id"], "RUNNING")
    assert changed(live) == [f"flow_run:{run['id']}"]
    nothing(live)


def test_the_names_of_a_later_message_take_the_place_of_the_first(live, api):
    run = make_run(api)
    watch(live, f"flow_run:{run['id']}")
    watch(live, "variables_of_nobody")
    set_state(api, run["id"], "RUNNING")
    nothing(live)
    watch(live, "flow_runs", "flow_runs", f"flow_run:{run['id']}")
    set_state(api, run["id"], "COMPLETED")
    told = set(changed(live))
    while told != {"flow_runs", f"flow_run:{run['id']}"}:
        told |= set(changed(live))


def test_many_changes_are_told_of_many_sockets(server, api):
    runs = [make_run(api) for _ in range(20)]
    sockets = [connected(server) for _ in runs]
    for socket, run in zip(sockets, runs):
        watch(socket, f"flow_run:{run['id']}", "flow_runs")
    for run in runs:
        set_state(api, run["id"], "RUNNING")
    for socket, run in zip(sockets, runs):
        told = set()
        while told != {"flow_runs", f"flow_run:{run['id']}"}:
            told |= set(changed(socket))
        socket.close()
    set_state(api, runs[0]["id"], "COMPLETED")  # nobody watches any more


@pytest.mark.parametrize("message", [
    "", "{", "[]", "{}", '{"topics": "flow_runs"}', '{"topics": [1]}', '{"topics": [""]}',
    json.dumps({"topics": ["x" * 201]}), json.dumps({"topics": [f"t{i}" for i in range(65)]})])
def test_what_is_no_list_of_names_closes_the_socket(live, message):
    live.send(message)
    with pytest.raises(ConnectionClosed) as closed:
        live.recv(10)
    assert closed.value.rcvd.code == 1008
    assert "topics" in closed.value.rcvd.reason


def test_a_socket_that_goes_while_things_change(server, api):
    run = make_run(api)
    for _ in range(30):
        socket = connected(server)
        watch(socket, "flow_runs")
        make_run(api)
        socket.socket.close()
    assert api.get(f"/flow_runs/{run['id']}").status_code == 200


def test_task_runs_are_told_by_their_flow_run(live, api):
    """However they come, change and go: judged by the server, or reported by their clients."""
    run, other = make_run(api), make_run(api)
    set_state(api, run["id"], "RUNNING")
    topic = f"task_runs:{run['id']}"
    watch(live, topic)
    made = api.post("/task_runs/", json={"flow_run_id": run["id"], "task_key": "t", "dynamic_key": "0"})
    assert made.status_code == 201 and changed(live) == [topic]
    path = f"/task_runs/{made.json()['id']}"
    api.post(f"{path}/set_state", json={"state": {"type": "RUNNING"}})
    assert changed(live) == [topic]
    assert api.patch(path, json={"name": "new"}).status_code == 204 and changed(live) == [topic]
    assert api.delete(path).status_code == 204 and changed(live) == [topic]
    assert api.delete(path).status_code == 404
    reported = str(uuid.uuid4())
    for type in ("RUNNING", "COMPLETED"):
        send(api, task_run_event(reported, run["id"], type, occurred=now()))
        assert changed(live) == [topic]
    send(api, task_run_event(str(uuid.uuid4()), other["id"], "RUNNING", occurred=now()))
    nothing(live)


def test_variables_and_flows_are_told(live, api):
    watch(live, "variables", "flows")
    variable = api.post("/variables/", json={"name": "watched", "value": 1}).json()
    assert changed(live) == ["variables"]
    api.patch(f"/variables/{variable['id']}", json={"value": 2})
    assert changed(live) == ["variables"]
    api.delete("/variables/name/watched")
    assert changed(live) == ["variables"]
    api.delete("/variables/name/watched")  # which is not there any more
    nothing(live)
    flow = make_flow(api)
    assert changed(live) == ["flows"]
    api.post("/flows/", json={"name": flow["name"]})  # as it was
    nothing(live)
    api.delete(f"/flows/{flow['id']}")
    assert changed(live) == ["flows"]
