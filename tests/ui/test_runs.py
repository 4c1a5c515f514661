"""The page of all runs."""

import re

import pytest
from playwright.sync_api import expect

from harness.browser import (DESKTOP, PHONE, PHONE_DARK, Troubles, layout_shift, new_context,
                             open_page)
from harness.bulk import many_runs
from harness.deployments import make_deployment
from harness.objects import make_flow, make_run, set_state


def rows(page):
    return page.get_by_role("list", name="Flow runs").get_by_role("listitem")


@pytest.fixture(scope="module")
def runs(server):
    """Of two flows; one of each state, by name."""
    flow, other = make_flow(server.api, "imports"), make_flow(server.api, "exports")
    deployment = make_deployment(server.api, flow, name="hourly")
    made = {"good": make_run(server.api, flow, name="good", deployment_id=deployment["id"]),
            "bad": make_run(server.api, flow, name="bad"),
            "busy": make_run(server.api, other, name="busy")}
    set_state(server.api, made["good"]["id"], "COMPLETED", force=True)
    set_state(server.api, made["bad"]["id"], "FAILED", force=True)
    set_state(server.api, made["busy"]["id"], "RUNNING", force=True)
    return made


@pytest.mark.parametrize("look", [DESKTOP, PHONE], indirect=True, ids=str)
def test_filters_live_in_the_address(page, runs):
    open_page(page, "/runs")
    for label, choice, names in (("State", "Failed", ["bad"]), ("Flow", "exports", ["busy"]),
                                 ("Deployment", "imports/hourly", ["good"])):
        page.get_by_label(label, exact=True).select_option(label=choice)
        expect(rows(page)).to_have_count(len(names))
        expect(rows(page).first).to_contain_text(names[0])
        page.reload()
        expect(rows(page)).to_have_count(len(names))
        expect(page.get_by_label(label, exact=True).locator("option:checked")).to_have_text(choice)
        page.get_by_label(label, exact=True).select_option("")
    page.get_by_label("Search").fill("goo")
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile("text=goo"))
    page.get_by_label("Search").fill("nothing has this name")
    page.get_by_role("button", name="Show all runs").click()
    expect(rows(page).filter(has_text="good")).to_have_count(1)
    page.get_by_label("Time", exact=True).select_option(label="Last hour")
    expect(rows(page).filter(has_text="good")).to_have_count(1)


def test_a_flow_that_is_not_among_the_first(page, api):
    for i in range(200):
        make_flow(api, f"crowd-{i:03}")
    flow = make_flow(api, "zither")
    make_run(api, flow, name="the-only-one")
    open_page(page, f"/runs?flow={flow['id']}")
    expect(rows(page)).to_have_count(1)
    choices = page.get_by_label("Flow", exact=True)
    expect(choices.locator("option:checked")).to_have_text("zither")
    expect(choices.locator("option").first).to_have_text("All flows; here 200 of them")


def test_what_happens_shows_up(page, api, runs):
    flow = make_flow(api)
    open_page(page, f"/runs?flow={flow['id']}")
    expect(page.get_by_text("No run fits these filters.")).to_be_visible()
    run = make_run(api, flow, name="brand-new")
    expect(rows(page)).to_have_count(1)
    set_state(api, run["id"], "RUNNING", force=True)
    expect(rows(page).first).to_contain_text("Running")
    expect(page.locator(".legend")).to_contain_text("1 running")
    set_state(api, run["id"], "COMPLETED", force=True)
    expect(page.locator(".legend")).to_contain_text("1 completed")
    rows(page).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("brand-new")


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], indirect=True, ids=str)
def test_nothing_moves_while_it_comes(page, runs):
    open_page(page, "/runs")
    expect(rows(page).first).to_be_visible()
    expect(page.locator(".chart svg g").first).to_be_attached()
    assert layout_shift(page) < 0.05
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pointing_at_a_bar_tells_its_numbers(page, api):
    flow = make_flow(api)
    run = make_run(api, flow)
    set_state(api, run["id"], "FAILED", force=True)
    open_page(page, f"/runs?flow={flow['id']}")
    expect(page.locator(".legend")).to_contain_text("1 failed")
    page.locator(".chart svg g").first.hover()
    expect(page.locator(".legend")).to_contain_text("0 failed")
    page.get_by_role("heading", level=1).hover()
    expect(page.locator(".legend")).to_contain_text("1 failed")


def test_ten_thousand_runs(page, server, api):
    flow = make_flow(api)
    run = make_run(api, flow, name="newest")
    set_state(api, run["id"], "COMPLETED", force=True)
    many_runs(server, run, 10_000)
    open_page(page, f"/runs?flow={flow['id']}")
    expect(rows(page).first).to_contain_text("newest")
    last = rows(page).filter(has_text=re.compile(r"run-10000\b"))
    most = 0
    for _ in range(2000):
        if last.count():
            break
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(20)
        most = max(most, rows(page).count())
    expect(last).to_be_visible()
    assert most < 60
    page.get_by_role("button", name="To the newest").click()
    expect(rows(page).first).to_contain_text("newest")
    expect(page.get_by_role("button", name="To the newest")).to_have_count(0)
    make_run(api, flow, name="newer-still", state={"type": "PENDING"})
    expect(rows(page).first).to_contain_text("newer-still")


def test_a_new_server_says_how_to_begin(browser, fresh_server):
    troubles = Troubles(fresh_server.url)
    context = new_context(browser, fresh_server.url, DESKTOP, troubles,
                          permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    for address, title in (("/runs", "Nothing has run yet."), ("/variables", "There are no variables"),
                           ("/deployments", "Nothing is served yet."),
                           ("/events", "Nothing has happened yet.")):
        open_page(page, address)
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        command = page.locator(".command code").inner_text()
        assert page.evaluate("navigator.clipboard.readText()") == command
    context.close()
    troubles.check()
