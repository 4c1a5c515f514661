"""Fixtures for tests of the real server: the binary of $FERMATA_BUILD, on a free port, with a
data directory of its own. Each reply to `server.api` is held against /openapi.json."""

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.server import Server  # noqa: E402


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One server for all tests of a file: they must not assume that it is empty."""
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def fresh_server(tmp_path):
    """A server for this test alone."""
    with Server(tmp_path) as running:
        yield running


@pytest.fixture
def start_server(tmp_path):
    """start_server("--option", "value", NAME="value"): servers with options and environment."""
    servers = []
    numbers = itertools.count()

    def start(*options, **environment):
        directory = tmp_path / f"server-{next(numbers)}"
        directory.mkdir()
        servers.append(Server(directory, *options, **environment).start())
        return servers[-1]

    yield start
    for running in servers:
        running.close()


@pytest.fixture
def api(server):
    """A client of the file's server; its paths begin below /api."""
    return server.api
