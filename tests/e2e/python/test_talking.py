"""The stock client's flows send each other input, and receive it in all the ways that it has."""

import uuid

import pytest

from harness.programs import run_of

pytestmark = pytest.mark.timeout(180)


def lines(process):
    assert process.end() == 0, process.output()
    return process.output().splitlines()


def test_two_flows_converse(server, programs):
    said = lines(programs("talking.py", "converse"))
    assert [line for line in said if line.startswith(("guest:", "the waiter"))] == [
        "guest: soup is served 1", "guest: crème brûlée is served 2", "the waiter has gone"]
    assert {run_of(server.api, flow, "Completed")["state"]["type"] for flow in ("waiter", "guest")} == {
        "COMPLETED"}


def test_what_a_receiver_may_ask_for(programs):
    said = lines(programs("talking.py", "receives"))
    assert [line for line in said if "|" not in line] == [
        "words: ['one', 'two'] sender: True", "number: 3", "list: [4, 5]", "place: 1.0 -0.5 True",
        "prefix: private", "new: ['three']", "no bool came"]


def test_receiving_without_async(programs):
    assert "without async: ['plain']" in lines(programs("talking.py", "receives_without_async"))


def test_input_from_outside_a_flow(server, programs):
    listener = programs("talking.py", "listens")
    run = run_of(server.api, "listens", "Running", output=listener.output)
    assert lines(programs("talking.py", "tell", run["id"])) is not None
    assert "outside: from no flow" in lines(listener)


def test_input_to_nobody(programs):
    teller = programs("talking.py", "tell", str(uuid.uuid4()))
    assert teller.end() == 1
    assert "Flow run not found" in teller.output()
