"""`fermata inbox`, with --watch on a pseudo-terminal and without one, and its filters."""

import json
import signal
import subprocess

import pytest

from harness.deployments import make_deployment
from harness.flows import resume
from harness.objects import make_flow, make_run, requests_of, set_state, wait_for, waiting
from harness.pauses import SHIRT, pause, request_of
from harness.server import build_directory, clean_environment
from harness.terminal import Terminal, run_command

FILTER = "/api/input_requests/filter"


@pytest.fixture
def server(fresh_server):
    return fresh_server


@pytest.fixture
def environment(server):
    return {"FERMATA_API_URL": server.url + "/api"}


@pytest.fixture
def watch(environment):
    """watch("--json"): that watcher, without a terminal."""
    started = []

    def start(*arguments):
        started.append(subprocess.Popen(
            [build_directory() / "fermata", "inbox", "--watch", *arguments], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(**environment)))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        assert "Sanitizer" not in process.communicate()[1]


def answer(environment, request):
    done = run_command("answer", request["id"], "--set", "size=small", "--by", "Ana", **environment)
    assert done.returncode == 0, done.stderr


def test_filters(server, environment):
    api = server.api
    release, cleanup = make_flow(api, "release"), make_flow(api, "clean-up")
    deployment = make_deployment(api, cleanup, name="nightly")
    first = pause(api, flow=release, description="Which **version**?")
    second = pause(api, flow=cleanup, deployment_id=deployment["id"])
    ids = {name: request_of(api, run)["id"] for name, run in (("first", first), ("second", second))}

    def found(*arguments):
        done = run_command("inbox", "--quiet", *arguments, **environment)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.split())
    assert found() == set(ids.values())
    assert found("--flow", "release") == {ids["first"]}
    assert found("--deployment", "clean-up/nightly") == {ids["second"]}
    assert found("--text", "version") == found("--text", "-nightly") == {ids["first"]}
    assert found("--run", second["name"]) == {ids["second"]}
    assert found("--flow", "release", "--text", "nightly") == set()
    for arguments, words in ((("--flow", "nix"), "there is no flow 'nix'"),
                             (("--deployment", "a/b"), "there is no deployment 'a/b'")):
        done = run_command("inbox", *arguments, **environment)
        assert (done.returncode, done.stdout) == (1, "") and words in done.stderr


def test_lines_come_as_the_questions_do(server, environment, watch):
    api = server.api
    here = pause(api, name="was-here")
    watcher = watch()
    assert watcher.stdout.readline().split("  ")[:4] == [
        request_of(api, here)["id"], request_of(api, here)["flow_name"], "was-here", "1"]
    pause(api, name="new \x1b[31m")
    assert "new �[31m" in watcher.stdout.readline()
    answer(environment, request_of(api, here))
    third = pause(api)
    # What was answered is no line; what is new is one.
    assert watcher.stdout.readline().startswith(request_of(api, third)["id"])
    watcher.send_signal(signal.SIGINT)
    assert watcher.wait(10) == 130
    assert watcher.stdout.read() == ""


def test_objects_for_a_program(server, watch):
    """Each one once, and when its run has told what it asks."""
    api = server.api
    watcher, quiet = watch("--json"), watch("--quiet")
    run = make_run(api)
    set_state(api, run["id"], "RUNNING")
    keyset = {kind: f"paused-1-{kind}" for kind in ("schema", "response", "description")}
    set_state(api, run["id"], "PAUSED", "Paused", pause_key="1", run_input_keyset=keyset)
    wait_for(lambda: waiting(server) >= 2)
    api.post(f"/flow_runs/{run['id']}/input",
             json={"key": "paused-1-schema", "value": json.dumps(SHIRT)})
    told = json.loads(watcher.stdout.readline())
    assert told["flow_run_id"] == run["id"] and told["schema"] == SHIRT
    assert quiet.stdout.readline() == told["id"] + "\n"


def test_what_is_listed_is_told_once_however_many_there_are(server, environment, watch):
    api = server.api
    flow = make_flow(api)
    runs = [pause(api, None, flow=flow) for _ in range(200)]
    watcher = watch("--quiet")
    assert len({watcher.stdout.readline() for _ in runs}) == 200
    for place in -1, -2:  # there is room for one more, and for the next
        resume(api, runs[place], None)
        run = pause(api, None, flow=flow)
        assert watcher.stdout.readline().strip() == request_of(api, run)["id"]


def test_an_inbox_is_listed_to_its_end(server, environment):
    api = server.api
    flow = make_flow(api)
    for _ in range(201):
        pause(api, None, flow=flow)
    assert len(set(run_command("inbox", "--quiet", **environment).stdout.split())) == 201
    assert len(json.loads(run_command("inbox", "--json", **environment).stdout)) == 201
    done = run_command("inbox", **environment).stdout.splitlines()
    assert len(done) == 202 and done[-1] == "These are the first 200; --quiet and --json list all."
    done = run_command("answer", "--all", input="y\n", **environment)
    assert done.stdout.endswith("201 answered.\n")


def test_a_watcher_waits_and_does_not_ask_again(server, watch):
    before = waiting(server)
    watcher = watch("--quiet")
    wait_for(lambda: waiting(server) == before + 1)
    asked = requests_of(server, FILTER)
    run = pause(server.api)
    assert watcher.stdout.readline().strip() == request_of(server.api, run)["id"]
    wait_for(lambda: waiting(server) == before + 1)
    # One for each change: the pause, its schema; and those of this test.
    assert requests_of(server, FILTER) - asked <= 5


def test_a_server_that_goes_and_comes_back(server, watch):
    watcher = watch("--quiet")
    wait_for(lambda: waiting(server) >= 1)
    server.stop()
    server.start()
    run = pause(server.api)
    assert watcher.stdout.readline().strip() == request_of(server.api, run)["id"]


def test_the_live_table(server, environment):
    api = server.api
    with Terminal("inbox", "--watch", columns=120, **environment) as terminal:
        terminal.expect_screen(lambda lines: lines == ["Nothing waits for an answer."])
        first = pause(api, name="first-日本")
        terminal.expect_screen(lambda lines: len(lines) == 2 and "first-日本" in lines[1])
        assert terminal.lines()[0].split() == ["STATE", "FLOW", "RUN", "KEY", "DEADLINE", "ID"]
        second = pause(api, name="second")
        lines = terminal.expect_screen(lambda lines: len(lines) == 3)
        assert "second" in lines[1] and "first" in lines[2], "the newest is on top"
        answer(environment, request_of(api, first))
        lines = terminal.expect_screen(lambda lines: "answered by Ana" in lines[2])
        assert lines[1].startswith("open ") and lines[1].endswith(request_of(api, second)["id"])
        server.stop()
        terminal.expect_screen(lambda lines: lines[-1] == "The server is away; waiting for it.")
        server.start()
        terminal.expect_screen(lambda lines: len(lines) == 3)
        terminal.interrupt()
        assert terminal.wait() == 130
        assert terminal.lines()[3:] == ["^C"]


def test_a_live_table_that_is_larger_than_the_screen(server, environment):
    api = server.api
    flow = make_flow(api, "a-flow-with-quite-a-long-name")
    for i in range(8):
        pause(api, flow=flow, name=f"run-{i}")
    with Terminal("inbox", "--watch", columns=38, rows=8, **environment) as terminal:
        lines = terminal.expect_screen(lambda lines: lines[-1] == "and 4 more")
        assert len(lines) == 6 and all(len(line) <= 38 for line in lines)
        pause(api, flow=flow, name="run-8")
        lines = terminal.expect_screen(lambda lines: lines[-1] == "and 5 more")
        assert len(lines) == 6 and lines[0].startswith("STATE")
