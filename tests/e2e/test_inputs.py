"""Flows in C that send one another inputs: whole streams, and what interrupts them."""

import os
import random
import signal
import sqlite3
import threading
import time

import pytest

from harness.deployments import deployment_run
from harness.flows import Process, read, wait, wait_for_state
from harness.objects import make_run, requests_of, set_state
from harness.stock import StockServer

FILTER = "/api/flow_runs/{id}/input/filter"


@pytest.fixture
def start(server, tmp_path):
    """start("sends"): that flow of the program, running."""
    started = []

    def start_one(*arguments, at=server):
        process = Process(at, tmp_path / f"flow-{len(started)}.log", "tests/e2e/inputs", *arguments)
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.__exit__()


def ends_well(flow):
    assert flow.end() == 0, flow.output()
    assert "not right" not in flow.output(), flow.output()


def send(api, run, key, value, **more):
    reply = api.post(f"/flow_runs/{run['id']}/input", json={"key": key, "value": value} | more)
    assert reply.status_code == 201


@pytest.mark.parametrize("name", ["sends", "receives", "cursors", "crowd"])
def test_what_flows_do_while_they_run(start, name):
    ends_well(start(name))


@pytest.fixture
def stock(server):
    with StockServer(server) as running:
        yield running


@pytest.mark.parametrize("name", ["sends", "receives", "cursors"])
def test_the_same_at_a_server_that_knows_nothing_of_ours(stock, start, name):
    ends_well(start(name, at=stock))


def test_an_answer_that_is_lost_makes_no_second_input(stock, start):
    stock.lost = 1
    ends_well(start("cursors", at=stock))
    assert stock.lost == 0


def test_a_server_that_cannot_wait_is_asked_every_so_often(stock, start):
    ends_well(start("polls", at=stock))
    looks = [path for _, path in stock.asked if path.endswith("/input/filter")]
    assert 4 <= len(looks) <= 5


def test_a_server_that_can_wait_is_asked_once(server, start):
    before = requests_of(server, FILTER)
    ends_well(start("polls"))
    assert requests_of(server, FILTER) - before <= 2


def test_another_run_s_inputs_can_be_read(api, start):
    other = make_run(api)
    flow = start("overhears", other["id"])
    send(api, other, "strautomaticruninput-auto-1", '{"value": "not for you"}')
    ends_well(flow)


def test_a_long_stream_costs_a_call_for_each_page(fresh_server, start):
    """What a look costs must not grow with what was received before it."""
    count = 20_000
    flow = start("drains", str(count), at=fresh_server)
    run = flow.run()
    wait(lambda: read(fresh_server.api, run)["state"]["type"] == "RUNNING", "the flow")
    fresh_server.stop()
    with sqlite3.connect(next(fresh_server.data.glob("*.db"))) as database:
        database.executemany(
            "INSERT INTO flow_run_inputs (id, created, updated, flow_run_id, key, value)"
            " VALUES (?, 1, 1, ?, ?, ?)",
            ((f"id-{i}", run["id"], f"intautomaticruninput-auto-{i}", f'{{"value": {i}}}')
             for i in range(count)))
    database.close()
    fresh_server.start()
    before = requests_of(fresh_server, FILTER)
    received = int(figure(fresh_server, "fermata_received_bytes_total"))
    send(fresh_server.api, run, "strautomaticruninput-auto-go", '{"value": "go"}')
    ends_well(flow)
    assert requests_of(fresh_server, FILTER) - before < count / 200 + 10
    assert int(figure(fresh_server, "fermata_received_bytes_total")) - received < 200_000


def figure(server, name):
    text = server.api.get(f"{server.url}/metrics").text
    return next(line.split()[1] for line in text.splitlines() if line.startswith(name + " "))


def test_no_wait_is_longer_for_a_server_that_is_away(fresh_server, start):
    flow = start("waits_in_vain", at=fresh_server)
    flow.expect("waiting")
    fresh_server.kill9()
    begun = time.monotonic()
    flow.expect("nothing was received")
    flow.expect("nothing was seen")
    assert time.monotonic() - begun < 12


def test_the_server_dies_in_the_middle_of_a_stream(fresh_server, start):
    """Each of the numbers arrives once, in order; the receiver itself checks that."""
    count = 500
    receiver = start("streams_from", str(count), at=fresh_server)
    run = receiver.run()
    sender = start("streams_to", run["id"], str(count), at=fresh_server)
    mark = f"cursor-numbers-{run['id']}-intautomaticruninput-auto"
    wait(lambda: fresh_server.api.get(f"/flow_runs/{run['id']}/input/{mark}").status_code == 200,
         "the first numbers")
    fresh_server.kill9()
    assert sender.process.poll() is None, "the server was to die before the end"
    time.sleep(0.3)
    fresh_server.restart()
    ends_well(sender)
    ends_well(receiver)
    body = {"prefix": "intautomaticruninput-auto", "limit": 1000}
    rows = fresh_server.api.post(f"/flow_runs/{run['id']}/input/filter", json=body).json()
    assert [row["value"] for row in rows] == [f'{{"value":{i}}}' for i in range(count)]


@pytest.fixture
def runner(server, tmp_path):
    with Process(server, tmp_path / "runner.log", "tests/e2e/inputs", "serve") as running:
        running.expect("fermata deployment run 'handles/test'")
        yield running
        running.process.send_signal(signal.SIGTERM)
        assert running.end() == 0


def kill_last_process(notebook):
    pids = [line for line in notebook.read_text().splitlines() if line.startswith("pid")]
    os.kill(int(pids[-1].split()[1]), signal.SIGKILL)


def assert_each_was_handled_and_none_after_it_was_done(notebook, count):
    words = [line.split() for line in notebook.read_text().splitlines()]
    handled = {int(number) for what, number in words if what == "handled"}
    assert handled == set(range(count))
    done = set()
    for what, number in words:
        if what == "done":
            done.add(number)
        assert what != "handled" or number not in done, f"{number} came again"


def test_a_receiver_that_is_killed_goes_on_behind_what_it_has_acknowledged(api, runner, tmp_path):
    count, deaths = 1000, 6
    notebook = tmp_path / "notebook"
    notebook.touch()
    deployment = api.get("/deployments/name/handles/test").json()
    run = deployment_run(api, deployment, state={"type": "SCHEDULED"},
                         parameters={"path": str(notebook), "count": count})
    for death in range(deaths):
        wait(lambda: notebook.read_text().count("pid") == death + 1, "a process")
        killing = threading.Timer(random.uniform(0, 0.1), kill_last_process, [notebook])
        killing.start()
        for i in range(death * 100, death * 100 + 100):
            send(api, run, f"intautomaticruninput-auto-{i}", f'{{"value": {i}}}')
        killing.join()
        wait_for_state(api, run, "Crashed")
        set_state(api, run["id"], "SCHEDULED")
    for i in range(deaths * 100, count):
        send(api, run, f"intautomaticruninput-auto-{i}", f'{{"value": {i}}}')
    wait_for_state(api, run, "Completed")
    assert_each_was_handled_and_none_after_it_was_done(notebook, count)


def test_finding_the_place_again_costs_one_call(server, api, runner, tmp_path):
    """However many were acknowledged before."""
    notebook = tmp_path / "notebook"
    deployment = api.get("/deployments/name/handles/test").json()
    run = deployment_run(api, deployment, state={"type": "SCHEDULED"},
                         parameters={"path": str(notebook), "count": 301})
    for i in range(300):
        send(api, run, f"intautomaticruninput-auto-{i}", f'{{"value": {i}}}')
    wait(lambda: notebook.exists() and "done 299" in notebook.read_text(), "300 numbers")
    kill_last_process(notebook)
    wait_for_state(api, run, "Crashed")
    looks = requests_of(server, FILTER)
    marks = requests_of(server, "/api/flow_runs/{id}/input/{key}", "GET")
    set_state(api, run["id"], "SCHEDULED")
    wait(lambda: notebook.read_text().count("pid") == 2, "another process")
    send(api, run, "intautomaticruninput-auto-300", '{"value": 300}')
    wait_for_state(api, run, "Completed")
    assert notebook.read_text().count("handled") == 301
    assert requests_of(server, "/api/flow_runs/{id}/input/{key}", "GET") - marks == 1
    assert requests_of(server, FILTER) - looks <= 2
