"""How much of the database a change touches: what is written costs time with each commit."""

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
