"""What the process of a served run prints: shown by the runner, and in the run's log."""

import os
import signal
import time
from pathlib import Path

import pytest

from harness.deployments import eventually
from harness.flows import Process, log_of, read, resume, wait, wait_for_state
from harness.runs import ask_for_run, processes_of, wait_for_end

OUTPUT = "prefect.flow_runs.output"
INFO, WARNING = 20, 30


@pytest.fixture(scope="module")
def runner(server, tmp_path_factory):
    log = tmp_path_factory.mktemp("runner") / "runner.log"
    with Process(server, log, "tests/e2e/served") as running:
        running.expect("fermata deployment run 'prints/test'")
        yield running
        running.process.send_signal(signal.SIGTERM)
        assert running.end() == 0


def lines_of(api, run, name=OUTPUT):
    body = {"logs": {"flow_run_id": {"any_": [run["id"]]}}, "sort": "TIMESTAMP_ASC", "limit": 200}
    return [(line["level"], line["message"]) for line in api.post("/logs/filter", json=body).json()
            if line["name"] == name]


def printed(api, way, count):
    """A run that prints in this way, and `count` lines of its output."""
    run = ask_for_run(api, "prints/test", way=way)
    wait_for_end(api, run)
    return run, eventually(lambda: len(lines := lines_of(api, run)) >= count and lines)


def test_it_is_stored_and_shown_once(api, runner):
    run, lines = printed(api, "words", 2)
    assert sorted(lines) == [(INFO, "to the output"), (WARNING, "to the errors")]
    wait(lambda: "Finished in state Completed()" in log_of(api, run), "the log")
    assert log_of(api, run).count("to the log") == 1
    assert (INFO, "to the log") in lines_of(api, run, "prefect.flow_runs")
    for text in ("to the output\n", "to the errors\n", " - to the log\n"):
        assert runner.output().count(text) == 1


def test_a_last_line_without_an_end_counts(api, runner):
    _, lines = printed(api, "part", 3)
    assert [text for _, text in lines] == ["one", "", "the last line"]
    assert "the last line\n" in runner.output()


def test_a_long_line_is_cut_in_the_log_alone(api, runner):
    _, lines = printed(api, "long", 2)
    assert [text for _, text in lines] == ["x" * 16384 + " ... (cut: the line is longer)", "short"]
    assert "x" * 100000 + "\nshort\n" in runner.output()


def test_bytes_that_are_no_text_are_replaced(api, runner):
    _, lines = printed(api, "bytes", 1)
    assert lines == [(INFO, "a\ufffd\ufffdb \u00e4")]
    assert b"a\xff\x00b \xc3\xa4\r\n" in runner.log.read_bytes()


def test_last_words_of_a_process_that_dies(api, runner):
    run, lines = printed(api, "abort", 1)
    assert (WARNING, "the last words") in lines
    ended = read(api, run)["state"]
    assert (ended["type"], "signal 6" in ended["message"]) == ("CRASHED", True)


def test_it_is_seen_at_once(api, runner):
    run = ask_for_run(api, "prints/test", way="wait")
    wait_for_state(api, run, "Paused")
    assert eventually(lambda: lines_of(api, run)) == [(INFO, "seen at once")]
    resume(api, run, None)
    wait_for_end(api, run)


def test_a_program_that_is_left_behind_keeps_nobody(api, runner):
    begun = time.monotonic()
    run, lines = printed(api, "behind", 2)
    assert time.monotonic() - begun < 10
    assert read(api, run)["state"]["type"] == "COMPLETED"
    texts = [text for _, text in lines]
    assert "left behind" in texts
    assert any("pipe:" in text for text in texts)
    assert not any(str(runner.log) in text for text in texts), "it has the runner's own terminal"


def sockets_of(pid):
    links = (os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir())
    return {link for link in links if link.startswith("socket:")}


def test_the_connections_of_the_runner_are_not_inherited(api, runner):
    run = ask_for_run(api, "prints/test", way="wait")
    wait_for_state(api, run, "Paused")
    [child] = processes_of(runner.process.pid)
    assert sockets_of(runner.process.pid) and sockets_of(child)
    assert not sockets_of(runner.process.pid) & sockets_of(child)
    resume(api, run, None)
    wait_for_end(api, run)


def memory_of(process):
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) // 1024


def test_a_flood_is_bounded(fresh_server, tmp_path):
    api = fresh_server.api
    # Memory that is freed must not be kept for finding errors: it would be counted.
    with Process(fresh_server, tmp_path / "log", "tests/e2e/served",
                 ASAN_OPTIONS="quarantine_size_mb=1") as runner:
        runner.expect("fermata deployment run 'prints/test'")
        before = memory_of(runner.process)
        run = ask_for_run(api, "prints/test", way="much")
        assert wait_for_end(api, run)["state"]["type"] == "COMPLETED"
        assert memory_of(runner.process) - before < 60
        body = {"logs": {"flow_run_id": {"any_": [run["id"]]}}, "limit": 1}
        eventually(lambda: api.post("/logs/filter", json=body).json())
        assert "line 299999 of a flood" in runner.output()
        runner.process.send_signal(signal.SIGTERM)
        assert runner.end() == 0
