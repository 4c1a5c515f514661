"""Fixtures for tests of the web page: the real binary and its page in a real browser. A page that gets
into trouble (see harness.browser.Troubles) fails its test."""

import itertools

import pytest
from playwright.sync_api import sync_playwright

from harness.browser import DESKTOP, Troubles, launch, new_context
from harness.flows import Process


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def look(request):
    """Desktop and light, or what the test is parametrised with: @pytest.mark.parametrize("look",
    [DESKTOP, PHONE_DARK], indirect=True, ids=str)."""
    return getattr(request, "param", DESKTOP)


@pytest.fixture
def troubles(server):
    """What the test's pages have done wrong; asserted to be nothing at the end."""
    troubles = Troubles(server.url)
    yield troubles
    troubles.check()


@pytest.fixture
def context(browser, server, look, troubles):
    """A reader's browser, with nothing stored in it."""
    context = new_context(browser, server.url, look, troubles)
    yield context
    context.close()


@pytest.fixture
def page(context):
    return context.new_page()


@pytest.fixture
def start(server, tmp_path):
    """start("examples/greet", ...): a program with flows, running."""
    started = []
    numbers = itertools.count()

    def start_one(program, *arguments, **environment):
        log = tmp_path / f"flow-{next(numbers)}.log"
        started.append(Process(server, log, program, *arguments, **environment))
        return started[-1]

    yield start_one
    for process in started:
        process.__exit__()
