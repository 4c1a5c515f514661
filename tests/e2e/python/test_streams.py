"""The stock Prefect client sends events and follows events and logs, over our WebSockets."""

import json
import sqlite3
import uuid
from datetime import datetime, timezone

import pytest

from harness.events import event, send
from harness.flows import Process, wait
from harness.objects import make_run, set_state
from harness.prefect import PROGRAMS, PYTHON, settings

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def client(tmp_path):
    """client(server, "emit", …): streams.py, running; client(server, "-m", "prefect", …) too."""
    started = []

    def start(server, *arguments):
        log = tmp_path / f"client-{len(started)}.log"
        program = arguments if arguments[0] == "-m" else [PROGRAMS / "streams.py", *arguments]
        started.append(Process(server, log, PYTHON, *program, **settings(tmp_path, server.url)))
        return started[-1]

    yield start
    for process in started:
        process.__exit__()


@pytest.fixture
def resource():
    return f"test.thing.{uuid.uuid4()}"


def stored(server, resource):
    with sqlite3.connect(server.data / "fermata.db") as database:
        return [name for name, in database.execute(
            "SELECT event FROM events WHERE resource_id = ? ORDER BY occurred, seq", [resource])]


def numbers(count):
    return [f"test.{i}" for i in range(count)]


def test_events_of_the_client_arrive_and_are_confirmed(server, client, resource):
    emit = client(server, "emit", resource, "23")
    assert emit.end() == 0, emit.output()
    assert emit.output().endswith("unconfirmed 0\n")
    assert stored(server, resource) == numbers(23)


def test_events_go_from_one_client_to_another(server, client, resource):
    send(server.api, event("test.before", resource))
    follower = client(server, "events", resource, "11")
    follower.expect("test.before")
    emit = client(server, "emit", resource, "10")
    assert follower.end() == 0, follower.output()
    assert emit.end() == 0, emit.output()
    came = [line.split()[0] for line in follower.output().splitlines()[1:]]
    assert came == ["test.before", *numbers(10)]


def test_a_server_that_crashes_or_stops_loses_no_event(fresh_server, client, resource):
    """The client sends again what it has no receipt for, and its follower asks for the last minute
    again: each event is stored once, and each is seen once."""
    follower = client(fresh_server, "events", resource, "150")
    follower.expect("following")
    emit = client(fresh_server, "emit", resource, "150")
    emit.expect("sent 30\n")
    fresh_server.kill9()
    fresh_server.start()
    follower.expect("test.60 ")
    emit.expect("sent 90\n")
    fresh_server.restart()
    assert emit.end() == 0, emit.output()
    assert "unconfirmed 0" in emit.output()
    assert sorted(stored(fresh_server, resource)) == sorted(numbers(150))
    assert follower.end() == 0, follower.output()
    came = [line.split()[0] for line in follower.output().splitlines() if line.startswith("test.")]
    assert sorted(came) == sorted(numbers(150))


def log(run_id, message):
    return {"name": "n", "level": 20, "message": message, "flow_run_id": run_id,
            "timestamp": datetime.now(timezone.utc).isoformat()}


def test_logs_are_followed(server, client):
    run_id = str(uuid.uuid4())
    follower = client(server, "logs", run_id, "20")
    follower.expect("following")

    def begun():
        server.api.post("/logs/", json=[log(run_id, "first"), log(str(uuid.uuid4()), "of another")])
        return "first" in follower.output()

    wait(begun, "a log", follower.output)
    server.api.post("/logs/", json=[log(run_id, f"line {i}") for i in range(20)])
    assert follower.end() == 0, follower.output()
    assert "line 0" in follower.output() and "of another" not in follower.output()


def test_a_run_is_followed_to_its_end(server, client):
    run = make_run(server.api)
    follower = client(server, "follow", run["id"])
    follower.expect("following")
    set_state(server.api, run["id"], "RUNNING")
    follower.expect("prefect.flow-run.Running")

    def logged():
        server.api.post("/logs/", json=[log(run["id"], "hello")])
        return "log hello" in follower.output()

    wait(logged, "a log", follower.output)
    set_state(server.api, run["id"], "COMPLETED")
    assert follower.end() == 0, follower.output()
    assert "prefect.flow-run.Completed" in follower.output()
    assert follower.output().endswith("ended\n")


def test_the_command_that_streams_events(server, client, resource):
    command = client(server, "-m", "prefect", "event", "stream", "--format", "json")

    def seen():
        send(server.api, event("test.seen", resource))
        return "test.seen" in command.output()

    wait(seen, "an event", command.output)
    found = [json.loads(line) for line in command.output().splitlines() if "test.seen" in line]
    assert found[0]["resource"]["prefect.resource.id"] == resource
