"""How much of the database a change of state touches: what is written costs time with each commit."""

from harness.objects import make_run, set_state

PAGE = 4096 + 24  # in the write-ahead log: with its header
TIMES = 10


def pages_written(server, change):
    """By each of some calls of `change`, one transaction each."""
    log = server.data / "fermata.db-wal"
    before = log.stat().st_size
    for _ in range(TIMES):
        change()
    return (log.stat().st_size - before) / PAGE / TIMES


def test_a_state_leaves_the_indexes_of_times_that_stay(fresh_server):
    """A run that runs already keeps its times: only its row, the state and the indexes of states are
    written."""
    api = fresh_server.api
    run_id = make_run(api)["id"]
    set_state(api, run_id, "RUNNING")
    pages = pages_written(fresh_server, lambda: set_state(api, run_id, "RUNNING"))
    assert pages < 9
