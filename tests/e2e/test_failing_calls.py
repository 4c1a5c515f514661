"""Every allocation and every system call of the library fails once, see failing_calls.c."""

import re
import threading

import pytest

from harness.flows import Process

PROGRAM = "tests/e2e/failing_calls"


@pytest.fixture
def answerer(server):
    """Answers every order until the test is over."""
    stop = threading.Event()

    def answer():
        with server.client() as api:
            while not stop.is_set():
                waiting = api.post("/input_requests/filter", headers={"Prefer": "wait=1"})
                for request in waiting.json():
                    if request["schema"]:
                        api.post(f"/input_requests/{request['id']}/answer",
                                 json={"value": {"color": "blue", "sizes": [1, 2]}})

    thread = threading.Thread(target=answer)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind, least", [("memory", 200), ("calls", 30)])
def test_a_flow_ends_whatever_fails(server, answerer, tmp_path, kind, least):
    with Process(server, tmp_path / "flow.log", PROGRAM, kind) as flow:
        assert flow.process.wait(280) == 0, flow.output()[-5000:]
        [(failed, ended)] = re.findall(r"^(\d+) calls failed, (\d+) runs with them$", flow.output(),
                                       re.MULTILINE)
        assert int(failed) >= least and int(ended) > 0
