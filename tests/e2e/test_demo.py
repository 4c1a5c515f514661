"""`script/demo` as a person has it before them. Without a terminal: tests/bare/newcomer."""

import httpx
import pytest

from harness.builds import plain_build
from harness.server import ROOT
from harness.terminal import Terminal

DEMO = ROOT / "script" / "demo"


@pytest.fixture(scope="module", autouse=True)
def build():
    plain_build()


def address(terminal):
    """Where the server that the demo started is."""
    terminal.expect("Server is up at ")
    terminal.expect(",")
    return terminal.text()[:terminal.seen - 1].rsplit(" ", 1)[1]


def is_up(url):
    try:
        return httpx.get(url + "/api/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.timeout(300)
def test_a_wrong_answer_is_refused_and_a_right_one_lets_the_run_go_on(tmp_path):
    with Terminal(tmp_path / "data", program=DEMO) as terminal:
        url = address(terminal)
        terminal.expect("Release 2.4.0 is ready")
        terminal.expect("Version to release")
        terminal.send("two")
        terminal.expect("does not have the expected form")
        terminal.send("2.4.1")
        terminal.expect("Where to")
        terminal.send("staging")
        terminal.expect("Share of users")
        terminal.send("30")
        terminal.expect("Tell the users")
        terminal.send("no")
        terminal.expect("Reason")
        terminal.send("")
        terminal.expect("2.4.1 is on staging for 30 % of the users")
        terminal.expect(f"The server stays up at {url} until Ctrl-C")
        assert is_up(url)
        terminal.interrupt()
        assert terminal.wait() == 0
    assert not is_up(url)


@pytest.mark.timeout(300)
def test_ctrl_c_in_the_form_ends_all(tmp_path):
    with Terminal(tmp_path / "data", program=DEMO) as terminal:
        url = address(terminal)
        terminal.expect("Version to release")
        terminal.interrupt()
        assert terminal.wait() == 130
    assert not is_up(url)
