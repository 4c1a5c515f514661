"""Commands that wait, at a server that holds no answer back: they ask, but not without a pause."""

import contextlib
import subprocess
import time

import pytest

from harness.objects import make_run, set_state, wait_for
from harness.plain_server import HOP, Gateway, Handler, gateway
from harness.server import build_directory, clean_environment

SECONDS = 3


class Plain(Handler):
    """Knows neither tags nor waits."""

    def hand_on(self):
        self.server.front.asked.append(self.path)
        super().hand_on()

    do_GET = do_POST = hand_on


class Tagging(Gateway):
    """Knows tags, but does not wait."""

    dropped = HOP | {"prefer"}


@contextlib.contextmanager
def waiting(server, handler, *arguments):
    """The command, which has been seen to ask with pauses."""
    with gateway(server, handler) as front, subprocess.Popen(
            [build_directory() / "fermata", *arguments], stdout=subprocess.DEVNULL,
            env=clean_environment(FERMATA_API_URL=front.url + "/api")) as process:
        wait_for(lambda: front.asked)
        before = len(front.asked)
        time.sleep(SECONDS)
        assert len(front.asked) - before <= 3 * SECONDS
        yield process
        process.kill()


@pytest.mark.parametrize("handler", [Plain, Tagging])
def test_the_end_of_a_run(server, api, handler):
    run = make_run(api)
    set_state(api, run["id"], "RUNNING")
    with waiting(server, handler, "flow-run", "wait", run["id"]) as process:
        set_state(api, run["id"], "COMPLETED")
        assert process.wait(20) == 0


def test_the_inbox(server):
    with waiting(server, Tagging, "inbox", "--watch"):
        pass
