"""Fixtures for programs of the stock Prefect client, which talk to the real server."""

import pytest

from harness.prefect import CLIENTS
from harness.programs import Programs


@pytest.fixture(scope="module", params=CLIENTS)
def version(request):
    """A version of the client, of those that have a virtual environment."""
    return request.param


@pytest.fixture(scope="module")
def programs(server, version, tmp_path_factory):
    programs = Programs(server, version, tmp_path_factory.mktemp("prefect"))
    yield programs
    programs.close()
