"""Every allocation and every system call of a runner fails once, see failing_calls.c."""

import signal

import pytest

from harness.flows import Process, wait
from harness.runs import ask_for_run, wait_for_end

MOST = 1000  # calls of a runner that starts one run
PROGRAM = "tests/e2e/failing_calls"
SERVED = "failing-calls-served/test"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind, least", [("memory", 100), ("calls", 20)])
def test_a_runner_says_so_or_goes_on(server, tmp_path, kind, least):
    """Each either ends at once with a reason, or starts the run and stops when it is told to."""
    for number in range(MOST):
        log = tmp_path / f"{number}.log"
        with Process(server, log, PROGRAM, kind, "serve", str(number)) as runner:
            wait(lambda: SERVED in runner.output() or runner.process.poll() is not None, "a start")
            if runner.process.poll() is None:
                ended = wait_for_end(server.api, ask_for_run(server.api, SERVED))
                assert ended["state"]["type"] in ("COMPLETED", "CRASHED"), runner.output()
                runner.process.send_signal(signal.SIGTERM)
                assert runner.end() == 0, runner.output()
            else:
                assert runner.end() == 1 and runner.output().strip(), runner.output()
            if f"{number} nothing: 0" in runner.output():
                assert number >= least
                return
    raise AssertionError("there is no end of calls that fail")
