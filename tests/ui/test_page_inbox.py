"""The inbox, as the person sees it who is asked."""

import re

import pytest
from playwright.sync_api import expect

from harness.asking import ANSWER, answer, inbox, pause, request_of
from harness.browser import DESKTOP, PHONE, PHONE_DARK, field, open_page, send
from harness.flows import wait
from harness.objects import make_flow
from harness.programs import Programs

# Stands in for the desktop: what would be shown is kept in window.notes.
NOTIFICATIONS = """
window.notes = [];
window.Notification = class {
  static permission = "default";
  static async requestPermission() { return (this.permission = "granted"); }
  constructor(title, options) {
    window.notes.push([title, options.body]);
    window.lastNote = this;
  }
};
Object.defineProperty(document, "hidden", { get: () => window.isHidden ?? false });
"""


@pytest.fixture
def server(fresh_server):
    """The inbox of one test alone: its number and order are looked at."""
    return fresh_server


@pytest.fixture
def api(server):
    return server.api


def rows(page):
    return page.get_by_role("list", name="Open input requests").get_by_role("listitem")


def expect_rows(page, *texts):
    expect(rows(page)).to_have_count(len(texts))
    for index, text in enumerate(texts):
        expect(rows(page).nth(index)).to_contain_text(text)


@pytest.mark.parametrize("look", [PHONE], indirect=True, ids=str)
def test_a_phone_is_offered_no_desktop(page, api):
    open_page(page, "/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Tell me on the desktop")).to_have_count(0)


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], indirect=True, ids=str)
def test_what_expires_first_is_on_top_with_who_asks_and_until_when(page, api):
    for name, seconds in (("later", 7200), ("soon", 50), ("then", 600)):
        pause(api, seconds=seconds, flow=make_flow(api, name), name=f"run-of-{name}",
              description=f"# What of *{name}*?\n\nMore of it.")
    pause(api, keyset=False, flow=make_flow(api, "last"), seconds=9000)
    open_page(page, "/")
    expect_rows(page, "soon", "then", "later", "last")
    first = rows(page).nth(0)
    for text in ("run-of-soon", "What of soon?", "expires in", "asked"):
        expect(first).to_contain_text(text)
    expect(first).not_to_contain_text("More of it")
    expect(rows(page).nth(3)).to_contain_text("Asks for a yes")
    expect(first.locator("time").first).to_have_attribute("title", re.compile(r"\d{4}.*CES?T"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is too wide"


def test_the_time_that_is_left_goes_down(page, api):
    pause(api, seconds=45)
    open_page(page, "/")
    left = rows(page).locator(".countdown")
    expect(left).to_have_class(re.compile("urgent"))
    before = int(re.search(r"(\d+) s", left.inner_text()).group(1))
    expect(left).to_have_text(re.compile(rf"in ({before - 1}|{before - 2}) s"))


def test_new_ones_appear_and_answered_ones_go(page, api):
    open_page(page, "/")
    expect(page.get_by_role("heading", name="Nobody waits for you.")).to_be_visible()
    expect(page).to_have_title("Inbox · Fermata")
    page.evaluate("window.isTheSame = true")
    first = pause(api, seconds=300)
    expect_rows(page, first["name"])
    expect(page).to_have_title("(1) Inbox · Fermata")
    second = pause(api, seconds=200)
    expect_rows(page, second["name"], first["name"])
    expect(page.get_by_role("navigation")).to_contain_text("2")
    answer(api, request_of(api, second), ANSWER)
    expect_rows(page, first["name"])
    api.post(f"/flow_runs/{first['id']}/set_state",
             json={"state": {"type": "CANCELLED"}, "force": True})
    expect(page.get_by_role("heading", name="Nobody waits for you.")).to_be_visible()
    expect(page).to_have_title("Inbox · Fermata")
    assert page.evaluate("window.isTheSame"), "it was loaded anew"


def test_search_and_filters_are_in_the_address(page, api):
    flows = [make_flow(api, name) for name in ("import", "export")]
    pause(api, flow=flows[0], description="Drop the old rows?")
    pause(api, flow=flows[0], description="Keep the new rows?", seconds=4000)
    pause(api, flow=flows[1], description="Drop the table?", seconds=5000)
    open_page(page, "/")
    expect_rows(page, "Drop the old", "Keep the new", "Drop the table")
    page.get_by_label("Search").fill("drop")
    expect_rows(page, "Drop the old", "Drop the table")
    page.get_by_label("Flow").select_option("import")
    expect_rows(page, "Drop the old")
    address = page.url
    assert "text=drop" in address and f"flow={flows[0]['id']}" in address
    rows(page).nth(0).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("import asks")
    page.go_back()
    expect(page.get_by_label("Search")).to_have_value("drop")
    expect_rows(page, "Drop the old")
    page.get_by_label("Search").fill("nothing of the kind")
    expect(page.get_by_role("heading", name="Nothing that waits fits")).to_be_visible()
    open_page(page, address)
    expect_rows(page, "Drop the old")


def test_the_desktop_tells_of_new_ones_while_the_page_is_not_seen(page, api):
    page.add_init_script(NOTIFICATIONS)
    pause(api)
    open_page(page, "/")
    page.get_by_role("button", name="Tell me on the desktop").click()
    expect(page.get_by_role("button", name="Tell me on the desktop")).to_have_count(0)
    pause(api, description="Seen on the page")
    expect(rows(page)).to_have_count(2)
    page.evaluate("window.isHidden = true")
    run = pause(api, description="# Which one?", seconds=100, flow=make_flow(api, "chooses"))
    wait(lambda: page.evaluate("window.notes.length"), "a notification")
    assert page.evaluate("window.notes") == [["chooses asks", "Which one?"]]
    answer(api, request_of(api, run), ANSWER)
    expect(rows(page)).to_have_count(2)
    assert page.evaluate("window.notes.length") == 1


def test_a_notification_leads_to_its_request_without_loading(page, api):
    page.add_init_script(NOTIFICATIONS)
    open_page(page, "/")
    page.get_by_role("button", name="Tell me on the desktop").click()
    page.evaluate("window.isHidden = window.isTheSame = true")
    pause(api, flow=make_flow(api, "notifies"))
    wait(lambda: page.evaluate("window.notes.length"), "a notification")
    page.evaluate("window.lastNote.onclick()")
    expect(page.get_by_role("heading", level=1)).to_have_text("notifies asks")
    assert page.evaluate("window.isTheSame"), "it was loaded anew"


def test_several_alike_are_answered_at_once(page, api):
    alike = [pause(api, seconds=100 + i) for i in range(3)]
    other = pause(api, schema={"type": "object", "properties": {"x": {"type": "string"}}})
    open_page(page, "/")
    for index in (0, 3):
        rows(page).nth(index).get_by_role("checkbox").check()
    chosen = page.get_by_role("region", name="Chosen requests")
    expect(chosen).to_contain_text("2 chosen; they do not ask for the same")
    expect(chosen.get_by_role("button", name="Answer together")).to_be_disabled()
    rows(page).nth(3).get_by_role("checkbox").uncheck()
    for index in (1, 2):
        rows(page).nth(index).get_by_role("checkbox").check()
    chosen.get_by_role("button", name="Answer together").click()
    expect(page.get_by_role("definition").first).to_contain_text("and 2 more")
    field(page, "age").fill("4")
    page.get_by_label("s", exact=True).check()
    send(page)
    expect(page.get_by_text("3 are answered.")).to_be_visible()
    answers = [request_of(api, run)["answer"] for run in alike]
    assert answers == [{"name": "anonymous", "age": 4, "size": "s"}] * 3
    assert [request["flow_run_id"] for request in inbox(api)] == [other["id"]]


def test_that_one_of_several_is_not_taken_is_told(page, api, troubles):
    troubles.allow("409")
    alike = [pause(api, seconds=100 + i) for i in range(3)]
    requests = [request_of(api, run) for run in alike]
    also = ",".join(request["id"] for request in requests[1:])
    open_page(page, f"/requests/{requests[0]['id']}?also={also}")
    answer(api, requests[1], ANSWER, by="Bob")
    field(page, "age").fill("4")
    page.get_by_label("s", exact=True).check()
    send(page)
    told = page.get_by_role("status").filter(has_text="2 are answered")
    expect(told).to_contain_text("Not taken for another")
    for run in (alike[0], alike[2]):
        expect(told).to_contain_text(f"{run['name']} is")
    assert [request_of(api, run)["answered_by"] for run in alike] == [None, "Bob", None]


def test_flows_in_c_and_in_python_ask_side_by_side(page, api, server, start, tmp_path):
    with_c = start("examples/shirt_order")
    with_c.run()
    programs = Programs(server, "3.8", tmp_path)
    try:
        programs("pausing.py", "welcomes")
        open_page(page, "/")
        expect(rows(page).filter(has_text="welcomes")).to_contain_text("Who are you?", timeout=60_000)
        expect(rows(page).filter(has_text="get-shirt-order")).to_contain_text("Which shirt")
        rows(page).filter(has_text="welcomes").get_by_role("link").click()
        expect(page.locator(".prose strong")).to_have_text("Who")
        expect(page.locator("#root_name")).to_have_value("anonymous")
        page.locator("#root_name").fill("Ada")
        field(page, "Age").fill("36")
        send(page)
        expect(page.get_by_text("Answered.")).to_be_visible()
        expect(page.locator(".notice .state-completed")).to_be_visible(timeout=30_000)
    finally:
        programs.close()
