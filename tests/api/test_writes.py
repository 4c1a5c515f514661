"""How much of the database a change touches: what is written costs time with each commit."""

import sqlite3
import threading
from contextlib import closing

from harness.objects import make_flow, make_run, set_state

PAGE = 4096 + 24  # in the write-ahead log: with its header
TIMES = 10


def pages_written(server, change):
    """By each of some calls of `change`, one transaction each, on a log that begins anew."""
    server.restart()
    change()
    log = server.data / "fermata.db-wal"
    before = log.stat().st_size
    for _ in range(TIMES):
        change()
    return (log.stat().st_size - before) / PAGE / TIMES


def test_a_state_leaves_the_indexes_of_times_that_stay(fresh_server):
    """A run that runs already keeps its times: only its row, the state and the indexes of states are
    written, and its event."""
    api = fresh_server.api
    run_id = make_run(api)["id"]
    pages = pages_written(fresh_server, lambda: set_state(api, run_id, "RUNNING"))
    assert 3 < pages < 16


def test_a_new_run_has_its_place_in_each_index_at_once(fresh_server):
    """Among so many runs that an index has a page for those without a value and another for this."""
    api = fresh_server.api
    flow = make_flow(api)
    for _ in range(300):
        make_run(api, flow, state={"type": "PENDING"})
    pages = pages_written(fresh_server, lambda: make_run(api, flow, state={"type": "PENDING"}))
    assert 3 < pages < 27


def test_who_cannot_write_for_another_program_is_told_to_come_back(fresh_server):
    replies = []

    def write(number):
        with fresh_server.client() as api:
            replies.append(api.post("/variables/", json={"name": f"v{number}", "value": 1}))

    with closing(sqlite3.connect(fresh_server.data / "fermata.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        writers = [threading.Thread(target=write, args=[number]) for number in range(8)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(20)
    assert [reply.status_code for reply in replies] == [503] * 8
    assert replies[0].headers["Retry-After"]
    assert "another program" in replies[0].json()["detail"]
    assert fresh_server.api.post("/variables/count", json={}).json() == 0
