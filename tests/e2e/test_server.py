"""The server as its operator sees it: starting, stopping, crashing, backing up."""

import json
import socket
import sqlite3
import subprocess
import threading

import httpx
import pytest

from harness.objects import make_flow, make_run, set_state
from harness.server import ROOT, Server, build_directory, clean_environment

FERMATA = build_directory() / "fermata"


def fermata(*arguments, **environment):
    return subprocess.run([FERMATA, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, env=clean_environment(**environment))


def pause(api, run, key="1", schema=None, **details):
    """Brings a new run into a pause that asks for what the schema says."""
    set_state(api, run["id"], "RUNNING")
    names = {part: f"paused-{key}-{part}" for part in ("schema", "response", "description")}
    verdict = set_state(api, run["id"], "PAUSED", "Paused", pause_key=key,
                        run_input_keyset=names if schema else None, **details)
    assert verdict["status"] == "ACCEPT"
    if schema:
        body = {"key": names["schema"], "value": json.dumps(schema)}
        assert api.post(f"/flow_runs/{run['id']}/input", json=body).status_code == 201


def open_request(api, run):
    body = {"input_requests": {"flow_run_id": {"any_": [run["id"]]}}}
    (found,) = api.post("/input_requests/filter", json=body).json()
    return found


NUMBER = {"type": "object", "properties": {"value": {"type": "integer"}}, "required": ["value"]}


def test_every_acknowledged_write_outlives_kill_9(fresh_server):
    """Writers of several kinds are cut off in the middle: what was answered with 201 is there."""
    api = fresh_server.api
    flow = make_flow(api)
    target = make_run(api, flow)
    inputs, runs, states = [], [], []

    def send_inputs(number):
        with httpx.Client(base_url=f"{fresh_server.url}/api", trust_env=False) as client:
            for i in range(10000):
                key = f"k-{number}-{i}"
                body = {"key": key, "value": "x" * 100}
                try:
                    reply = client.post(f"/flow_runs/{target['id']}/input", json=body)
                except httpx.HTTPError:
                    return
                if reply.status_code == 201:
                    inputs.append(key)

    def make_runs():
        with httpx.Client(base_url=f"{fresh_server.url}/api", trust_env=False) as client:
            while True:
                try:
                    reply = client.post("/flow_runs/", json={"flow_id": flow["id"]})
                    run = reply.json()["id"]
                    runs.append(run)
                    body = {"state": {"type": "RUNNING"}}
                    reply = client.post(f"/flow_runs/{run}/set_state", json=body)
                    states.append((run, reply.json()["state"]["id"]))
                except (httpx.HTTPError, KeyError, ValueError):
                    return

    threads = [threading.Thread(target=send_inputs, args=(n,)) for n in range(6)]
    threads += [threading.Thread(target=make_runs) for _ in range(2)]
    for thread in threads:
        thread.start()
    while len(inputs) < 300 or len(states) < 30:
        pass
    fresh_server.kill9()
    for thread in threads:
        thread.join()

    fresh_server.start()
    body = {"prefix": "k-", "limit": 100000}
    stored = api.post(f"/flow_runs/{target['id']}/input/filter", json=body).json()
    assert set(inputs) <= {entry["key"] for entry in stored}
    for run in runs:
        assert api.get(f"/flow_runs/{run}").status_code == 200
    for run, state in states:
        assert api.get(f"/flow_runs/{run}").json()["state_id"] == state


def test_a_paused_run_is_answered_after_a_crash(fresh_server):
    api = fresh_server.api
    run = make_run(api)
    pause(api, run, schema=NUMBER)
    fresh_server.kill9()
    fresh_server.start()
    found = open_request(api, run)
    reply = api.post(f"/input_requests/{found['id']}/answer", json={"value": {"value": 7}})
    assert reply.status_code == 200
    assert api.get(f"/flow_runs/{run['id']}").json()["state_type"] == "RUNNING"
    stored = api.get(f"/flow_runs/{run['id']}/input/paused-1-response")
    assert stored.json() == {"value": 7}


def test_a_deadline_that_passes_while_the_server_is_down_is_kept(fresh_server):
    api = fresh_server.api
    run = make_run(api)
    pause(api, run, schema=NUMBER, pause_timeout="2020-01-01T00:00:00Z")
    fresh_server.kill9()
    fresh_server.start()
    etag = api.get(f"/flow_runs/{run['id']}").headers["etag"]
    for _ in range(50):
        reply = api.get(f"/flow_runs/{run['id']}",
                        headers={"If-None-Match": etag, "Prefer": "wait=5"})
        found = api.get(f"/flow_runs/{run['id']}").json()
        if found["state_type"] == "FAILED":
            break
    assert reply.status_code in (200, 304)
    assert found["state"]["message"] == "The flow was paused and never resumed."


def test_a_backup_of_a_running_server_is_restored(fresh_server, tmp_path):
    api = fresh_server.api
    run = make_run(api, name="kept")
    pause(api, run, schema=NUMBER)
    backup = tmp_path / "backup.db"
    done = fermata("backup", backup, "--data", fresh_server.data)
    assert done.returncode == 0, done.stderr
    for file in (backup, fresh_server.data / "fermata.db"):
        assert file.stat().st_mode & 0o777 == 0o600
    later = make_run(api)

    again = fermata("backup", backup, "--data", fresh_server.data)
    assert again.returncode == 1 and "already" in again.stderr

    directory = tmp_path / "restored"
    (directory / "data").mkdir(parents=True)
    backup.rename(directory / "data" / "fermata.db")
    with Server(directory) as restored:
        assert restored.api.get(f"/flow_runs/{run['id']}").json()["name"] == "kept"
        assert restored.api.get(f"/flow_runs/{later['id']}").status_code == 404
        found = open_request(restored.api, run)
        reply = restored.api.post(f"/input_requests/{found['id']}/answer",
                                  json={"value": {"value": 1}})
        assert reply.status_code == 200


@pytest.mark.parametrize("reader", ["backup", "another program"])
def test_what_is_written_after_another_has_read_the_data_is_not_lost(fresh_server, tmp_path, reader):
    """Whoever closes the database last puts it in order; while the server runs, that is the server."""
    make_flow(fresh_server.api, "before")
    if reader == "backup":
        assert fermata("backup", tmp_path / "b.db", "--data", fresh_server.data).returncode == 0
    else:
        database = sqlite3.connect(fresh_server.data / "fermata.db", isolation_level=None)
        assert database.execute("SELECT COUNT(*) FROM flows").fetchone() == (1,)
        database.close()
    make_flow(fresh_server.api, "after")
    fresh_server.kill9()
    fresh_server.start()
    assert [flow["name"] for flow in fresh_server.api.post(
        "/flows/filter", json={"sort": "NAME_ASC"}).json()] == ["after", "before"]


def test_the_data_of_an_older_version_is_taken_over(tmp_path):
    """Inputs keep their order and their numbers, of which none is given again."""
    first, run = "0" * 8 + "-0000-4000-8000-000000000000", make_old_data(tmp_path / "data")
    with Server(tmp_path) as server:
        path = f"/flow_runs/{run}/input"
        rows = server.api.post(f"{path}/filter", json={"prefix": "", "limit": 9}).json()
        assert [(row["key"], row["value"], row["seq"]) for row in rows] == [
            ("b", "1", 1), ("a", "2", 7)]
        assert rows[0]["id"] == first
        server.api.delete(f"{path}/a")
        server.api.post(path, json={"key": "c", "value": "3"})
        after = server.api.post(f"{path}/filter", json={"prefix": "", "after": 7}).json()
        assert [row["key"] for row in after] == ["c"]


def make_old_data(directory):
    """A database as the first version left it, of a run with two inputs: the run's id."""
    directory.mkdir()
    run, flow = (f"1{n}" + "0" * 6 + "-0000-4000-8000-000000000000" for n in "12")
    schema = ROOT / "server/store/migrations/0001-spine.sql"
    with sqlite3.connect(directory / "fermata.db") as database:
        database.executescript(schema.read_text())
        database.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL,"
                         " applied INTEGER NOT NULL)")
        database.execute("INSERT INTO migrations VALUES (1, '0001-spine', 1)")
        fill(database, "flows", id=flow, name="old")
        fill(database, "flow_runs", id=run, flow_id=flow, name="old")
        for seq, key, value in ((1, "b", "1"), (7, "a", "2")):
            fill(database, "flow_run_inputs", seq=seq, flow_run_id=run, key=key, value=value,
                 id=f"{seq - 1:08}-0000-4000-8000-000000000000")
    database.close()
    return run


def fill(database, table, **values):
    """A row with these values, and with some value of the right type where one has to be."""
    for _, name, type, required, default, key in database.execute(f"PRAGMA table_info({table})"):
        if required and not key and default is None and name not in values:
            values[name] = "{}" if type == "TEXT" else 1
    marks = ", ".join("?" * len(values))
    database.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})",
                     list(values.values()))


def test_a_second_server_on_the_data_is_refused(fresh_server):
    second = fermata("server", "--port", "0", "--data", fresh_server.data)
    assert second.returncode == 1
    assert "another server" in second.stderr and "--data" in second.stderr


def test_a_port_in_use_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = fermata("server", "--port", port, "--data", tmp_path / "data")
    assert done.returncode == 1
    assert str(port) in done.stderr and "in use" in done.stderr


@pytest.mark.parametrize("arguments, word", [
    (["--nonsense"], "--nonsense"),
    (["--port", "70000"], "--port"),
    (["--port", "x"], "--port"),
    (["--port"], "--port"),
    (["--log-format", "xml"], "--log-format"),
    (["--log-level", "loud"], "--log-level"),
    (["extra"], "extra"),
])
def test_wrong_options_are_named(arguments, word, tmp_path):
    done = fermata("server", *arguments, FERMATA_DATA=str(tmp_path / "data"))
    assert done.returncode == 2
    assert word in done.stderr


def test_help_names_every_setting():
    done = fermata("server", "--help")
    assert done.returncode == 0
    for name in ("--host", "--port", "--data", "FERMATA_PORT", "--log-format", "--retention"):
        assert name in done.stdout


def test_the_environment_sets_what_options_do_not(start_server):
    server = start_server(FERMATA_LOG_FORMAT="json", FERMATA_LOG_LEVEL="info")
    lines = [json.loads(line) for line in server.log().splitlines()]
    assert any(line["message"].startswith("Fermata is ready at") and line["url"] == server.url
               for line in lines)


def test_an_address_that_others_reach_is_warned_of(start_server):
    server = start_server("--host", "0.0.0.0")
    assert "WARN" in server.log() and "no accounts" in server.log()


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    done = fermata("server", "--port", "0", "--data", tmp_path / "file" / "data")
    assert done.returncode == 1
    assert str(tmp_path / "file" / "data") in done.stderr
