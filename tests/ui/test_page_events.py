"""The page of events."""

import re
import uuid
from datetime import datetime, timedelta, timezone

import pytest
from playwright.sync_api import expect

from harness.browser import DESKTOP, PHONE_DARK, open_page
from harness.objects import make_run, set_state


def rows(page):
    return page.get_by_role("list", name="Events").get_by_role("listitem")


def emit(api, *names, resource="test.thing", days_ago=0, **payload):
    """Their ids; each occurred a second before the one that is named before it."""
    begin = datetime.now(timezone.utc) - timedelta(days=days_ago)
    events = [{"id": str(uuid.uuid4()), "event": name, "payload": payload,
               "occurred": (begin - timedelta(seconds=i)).isoformat(),
               "resource": {"prefect.resource.id": resource}} for i, name in enumerate(names)]
    reply = api.post("/events", json=events)
    assert reply.status_code == 204, reply.text
    return [event["id"] for event in events]


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], indirect=True, ids=str)
def test_events_come_live_and_are_opened(page, api):
    open_page(page, "/events?event=prefect.flow-run")
    run = make_run(api)
    set_state(api, run["id"], "RUNNING", force=True)
    mine = rows(page).filter(has_text=run["name"])
    expect(mine.filter(has_text="prefect.flow-run.Running")).to_have_count(1)
    mine.get_by_role("button", name="prefect.flow-run.Running").click()
    expect(mine.locator("pre")).to_contain_text(run["id"])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    mine.get_by_role("link", name=run["name"]).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(run["name"])


def test_filters_live_in_the_address(page, api):
    emit(api, "shop.sold", "shop.returned", resource="shop.one", color="zqmauve")
    emit(api, "shop.sold", resource="shop.two")
    open_page(page, "/events?event=shop")
    expect(rows(page)).to_have_count(3)
    page.get_by_label("Resource").fill("shop.one")
    expect(rows(page)).to_have_count(2)
    page.get_by_label("Kind").fill("shop.ret")
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile("event=shop.ret&resource=shop.one|resource=shop.one&event=shop.ret"))
    page.get_by_label("Kind").fill("")
    page.get_by_label("Resource").fill("")
    page.get_by_label("Search").fill("zqmauve")
    expect(rows(page)).to_have_count(2)
    page.get_by_label("Search").fill("zqxzq")
    page.get_by_role("button", name="Show all events").click()
    expect(rows(page).filter(has_text="shop.sold").first).to_be_visible()


def test_more_than_the_server_counts(page, api):
    for _ in range(51):
        emit(api, *(["more.times"] * 200), resource="more.things")
    open_page(page, "/events?resource=more.things")
    expect(page.get_by_text("50 of more than 10,000")).to_be_visible()


def test_older_ones_are_read_on_demand(page, api):
    emit(api, *(["many.times"] * 130), resource="many.things")
    open_page(page, "/events?resource=many.things")
    expect(rows(page)).to_have_count(50)
    expect(page.get_by_text("50 of 130")).to_be_visible()
    page.get_by_role("button", name="Show older ones").click()
    expect(rows(page)).to_have_count(100)
    page.get_by_role("button", name="Show older ones").click()
    expect(rows(page)).to_have_count(130)
    expect(page.get_by_role("button", name="Show older ones")).to_have_count(0)
    page.get_by_role("button", name="To the newest").click()
    expect(rows(page)).to_have_count(50)


def test_the_address_of_one_event(page, api):
    """However long ago it was."""
    _, second = emit(api, "one.of", "two.of", resource="two.things", days_ago=300)
    emit(api, "three.of")
    open_page(page, f"/events/event/2026-01-01/{second}")
    expect(rows(page)).to_have_count(1)
    expect(rows(page).locator("pre")).to_contain_text(second)
    page.get_by_role("button", name="Show all events").click()
    expect(rows(page).filter(has_text="three.of")).to_have_count(1)
