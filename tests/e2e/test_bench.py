"""The programs with which script/bench times flows, against the real server: each prints a time for
each wait."""

import subprocess

import pytest

from harness.flows import wait
from harness.server import build_directory, clean_environment

COUNT = 5
SECONDS = 60
MOST = 10_000_000  # microseconds; slow machines are no failure, times of another clock are


class Program:
    """build/bench/NAME with name=value arguments."""

    def __init__(self, server, name, **options):
        arguments = [f"{name}={value}" for name, value in options.items()]
        self.process = subprocess.Popen(
            [build_directory() / "bench" / name, *arguments], text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=clean_environment(FERMATA_API_URL=server.url + "/api"))

    def first_line(self):
        return self.process.stdout.readline().strip()

    def end(self):
        """The times that it printed."""
        output, errors = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, errors
        return [int(line) for line in output.splitlines() if line.isdigit()]


def assert_times(times, count=COUNT):
    assert len(times) == count
    assert all(0 < time < MOST for time in times)


@pytest.mark.parametrize("waits, ends", [("receive", "send"), ("pause", "answer")])
def test_a_wait_is_timed_from_what_ends_it(server, waits, ends):
    waiting = Program(server, "flows", what=waits, count=COUNT)
    run_id = waiting.first_line()
    assert Program(server, "flows", what=ends, count=COUNT, pause=20, run=run_id).end() == []
    assert_times(waiting.end())


def test_runs_of_a_deployment_are_timed(server):
    runner = Program(server, "flows", what="serve")
    wait(lambda: len(server.api.post("/deployments/filter", json={}).json()) == 2, "deployments")
    assert Program(server, "flows", what="start", count=COUNT).end() == []
    assert_times(Program(server, "flows", what="start-all", count=COUNT).end(), 1)
    runner.process.terminate()
    assert_times(runner.end())


def test_small_runs_complete(server):
    before = completed(server.api)
    assert Program(server, "flows", what="small", count=COUNT).end() == []
    assert completed(server.api) - before == COUNT


def completed(api):
    return api.post("/flow_runs/count", json={
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}).json()


def test_a_crowd_of_receivers_is_sent_to_one_after_another(server):
    crowd = Program(server, "crowd", port=server.port, receivers=20, sends=30, pause=1)
    assert crowd.first_line() == "waiting"
    crowd.process.stdin.write("\n")
    assert_times(crowd.end(), 30)
