"""Fixtures for the tests of HTTP itself: programs that serve HTTP and nothing else."""

import pytest

from harness.http_echo import Echo


@pytest.fixture(scope="module")
def echo():
    """A server for all tests of a file that leave nothing behind."""
    running = Echo(body_limit=2000000)
    yield running
    running.terminate()


@pytest.fixture
def start_echo():
    """start_echo(receive_ms=500): servers with settings of their own."""
    servers = []

    def start(**config):
        servers.append(Echo(**config))
        return servers[-1]

    yield start
    for running in servers:
        if running.process.returncode is None:
            running.terminate()
