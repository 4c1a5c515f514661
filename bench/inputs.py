"""Inputs of runs, sent in each way: what several measures do."""

import contestants
from api import make_run
from programs import load, run, seconds

BODY = '{"key": "key-{n}", "value": "{\\"value\\": \\"hello\\"}"}'


def create(server, quick, connections):
    """Load of new inputs for one run, on a server."""
    path = f"/api/flow_runs/{make_run(server)['id']}/input"
    return load(server, path, method="POST", body=BODY, connections=connections,
                seconds=seconds(quick))


def echo(server, quick, connections):
    """The same requests to the HTTP layer alone."""
    path = "/api/flow_runs/00000000-0000-7000-8000-000000000000/input"
    return load(server, path, method="POST", body=BODY, connections=connections,
                seconds=seconds(quick))


def sqlite_alone(bare, quick, rows):
    """The same rows into a database that the server made, without it."""
    server = contestants.Fermata(bare.directory)
    server.start()
    try:
        flow_run = make_run(server)
    finally:
        server.stop()
    return run("limit_sqlite", database=server.database, run=flow_run["id"], rows=rows,
               seconds=seconds(quick))
