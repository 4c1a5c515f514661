"""A flow in C and one with the stock Prefect client send each other input, on our server with two
versions of the client, and on Prefect's own server."""

import re

import pytest

from harness.flows import Process, log_of, wait, wait_for_question, wait_for_state
from harness.prefect import CLIENTS, PROGRAMS, PrefectServer, settings
from harness.server import Server

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module", params=[(Server, "3.8"), (Server, "3.4"), (PrefectServer, "3.8")],
                ids=["fermata", "fermata-3.4", "prefect"])
def pair(request):
    """A kind of server, and a version of the client."""
    return request.param


@pytest.fixture(scope="module")
def any_server(pair, tmp_path_factory):
    with pair[0](tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def python(any_server, pair, tmp_path):
    """python("greeter"): tests/e2e/python/talk.py, running."""
    started = []

    def start(*arguments):
        log = tmp_path / f"python-{len(started)}.log"
        started.append(Process(any_server, log, CLIENTS[pair[1]], PROGRAMS / "talk.py", *arguments,
                               **settings(tmp_path, any_server.url)))
        return started[-1]

    yield start
    for process in started:
        process.__exit__()


@pytest.fixture
def c(any_server, tmp_path):
    started = []

    def start(program, *arguments):
        log = tmp_path / f"c-{len(started)}.log"
        started.append(Process(any_server, log, program, *arguments))
        return started[-1]

    yield start
    for process in started:
        process.__exit__()


def running(api, process):
    return wait_for_state(api, process.run(), "Running")


def test_a_sender_in_c_and_a_greeter_in_python(any_server, python, c):
    greeter = python("greeter")
    run = running(any_server.api, greeter)
    sender = c("tests/e2e/talk", "sender", run["id"])
    assert sender.end() == 0, sender.output()
    assert re.search(r'Hello, andrew!.*Hello, Zoë "Z"!', sender.output(), re.DOTALL)
    assert greeter.end() == 0, greeter.output()


def test_a_sender_in_python_and_a_greeter_in_c(any_server, python, c):
    greeter = c("tests/e2e/talk", "greeter")
    run = running(any_server.api, greeter)
    sender = python("sender", run["id"])
    assert sender.end() == 0, sender.output()
    assert re.search(r'^Hello, andrew!\n(.*\n)*Hello, Zoë "Z"!$', sender.output(), re.MULTILINE)
    assert greeter.end() == 0, greeter.output()


def test_a_model_from_c_to_python_and_back(any_server, python, c):
    run = running(any_server.api, python("mover"))
    mover = c("tests/e2e/talk", "mover", run["id"])
    assert mover.end() == 0, mover.output()
    assert "the étoile is at 1.1, -2" in mover.output()


def test_a_list_and_a_model_from_python_to_c_and_back(any_server, python, c):
    doubler = c("tests/e2e/talk", "doubler")
    talker = python("doubler", running(any_server.api, doubler)["id"])
    assert talker.end() == 0, talker.output()
    assert "[2, 4, 6] 0.2 -6.0 p" in talker.output()
    assert doubler.end() == 0


def test_a_flow_in_python_answers_questions_from_c(any_server, python, c):
    run = running(any_server.api, python("oracle"))
    asker = c("tests/e2e/talk", "asker", run["id"])
    assert asker.end() == 0, asker.output()
    assert re.search(r"Will it rain\? Certainly\..*And snow\? Certainly\.", asker.output(), re.DOTALL)


def test_python_answers_a_flow_in_c(any_server, python, c):
    greeter = c("examples/greet")
    run = wait_for_question(any_server.api, greeter)
    refused = python("resume", run["id"], '{"age": "forty"}')
    assert refused.end() != 0
    assert "Cannot resume this run" in refused.output()
    assert python("resume", run["id"], '{"age": 40}').end() == 0
    assert greeter.end() == 0 and "Hello, stranger!" in greeter.output()
    wait(lambda: "Hello, stranger!" in log_of(any_server.api, run), "the log")
