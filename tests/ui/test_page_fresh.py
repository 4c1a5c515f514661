"""What is shown is what is there, also after one was away; and one page that breaks is one page."""

import re

import pytest
from playwright.sync_api import expect

from harness.asking import pause
from harness.browser import PHONE, open_page
from harness.bulk import many_runs
from harness.flows import wait
from harness.objects import make_flow, make_run, set_state


def heading(page):
    return page.get_by_role("heading", level=1)


def go(page, name):
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=re.compile(f"^{name}")).click()
    expect(heading(page)).to_have_text(name)


def asked(page, path):
    """The bodies of what the page asks for there, from now on."""
    bodies = []
    page.on("request", lambda request: bodies.append(request.post_data)
            if request.url.endswith(f"/api/{path}") else None)
    return bodies


def to_the_end(page):
    page.evaluate("() => { scrollTo(0, document.documentElement.scrollHeight); }")
    return True


# ---- what was seen before ----

def test_who_comes_back_to_a_run_sees_how_it_is_now(page, api):
    run = make_run(api)
    set_state(api, run["id"], "RUNNING", force=True)
    open_page(page, f"/runs/flow-run/{run['id']}")
    expect(heading(page)).to_contain_text("Running")
    go(page, "Inbox")
    set_state(api, run["id"], "COMPLETED", force=True)
    page.go_back()
    expect(heading(page)).to_contain_text(run["name"])
    expect(heading(page)).to_contain_text("Completed")


def test_who_comes_back_to_a_filter_sees_what_fits_it_now(page, api):
    flow = make_flow(api)
    open_page(page, f"/runs?flow={flow['id']}")
    expect(page.get_by_role("heading", name="No run fits these filters.")).to_be_visible()
    page.get_by_label("State").select_option("completed")
    run = make_run(api, flow)
    page.get_by_label("State").select_option("")
    expect(page.get_by_text(run["name"])).to_be_visible()


def test_what_changes_before_the_page_hears_of_changes(page, api):
    """The first reading may be older than the connection."""
    run = make_run(api)
    late = []
    page.route_web_socket("**/api/live", lambda socket: late.append(socket))
    page.goto(f"/runs/flow-run/{run['id']}")
    expect(heading(page)).to_contain_text(run["name"])
    set_state(api, run["id"], "RUNNING", force=True)
    late[0].connect_to_server()
    expect(heading(page)).to_contain_text("Running")


def test_far_down_nothing_is_read_twice(page, server, api, troubles):
    troubles.allow_server_away()
    run = make_run(api, make_flow(api))
    many_runs(server, run, 600)
    page.set_viewport_size({"width": 1280, "height": 800})
    open_page(page, f"/runs?flow={run['flow_id']}")
    newest = page.get_by_role("button", name="To the newest")
    wait(lambda: to_the_end(page) and newest.count(), "the fourth part of the list")
    page.wait_for_load_state("networkidle")
    seen = asked(page, "flow_runs/filter")
    go(page, "Inbox")
    page.go_back()
    expect(newest).to_be_visible()
    server.stop()
    expect(page.get_by_text("Server away")).to_be_visible()
    server.start()
    expect(page.locator(".connection-online")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert seen == []


def test_each_row_names_its_flow(page, server, api):
    runs = [make_run(api, make_flow(api), name=f"of-many-{i}.") for i in range(230)]
    open_page(page, "/runs?text=of-many")
    first, last = (api.get(f"/flows/{run['flow_id']}").json()["name"] for run in (runs[-1], runs[0]))
    newest, oldest = (page.locator(".run-row").filter(has_text=run["name"]) for run in (runs[-1], runs[0]))
    expect(newest).to_contain_text(first)
    wait(lambda: to_the_end(page) and oldest.count(), "the oldest")
    expect(oldest).to_contain_text(last)
    page.evaluate("() => { scrollTo(0, 0); }")
    expect(newest).to_contain_text(first)


# ---- what is not read ----

def test_the_menu_asks_for_a_number_only(page, api):
    pause(api, seconds=50)
    lists, counts = asked(page, "input_requests/filter"), asked(page, "input_requests/count")
    open_page(page, "/variables")
    expect(page).to_have_title(re.compile(r"^\(\d+\) Variables"))
    before = int(re.search(r"\d+", page.title()).group())
    pause(api, seconds=60)
    expect(page).to_have_title(re.compile(rf"^\({before + 1}\) "))
    assert lists == [] and counts


@pytest.mark.parametrize("address, path", [
    ("/", "input_requests/filter"), ("/runs", "flow_runs/filter"), ("/variables", "variables/filter"),
    ("/deployments", "deployments/filter")])
def test_a_search_waits_until_one_has_typed(page, address, path):
    open_page(page, address)
    page.wait_for_load_state("networkidle")
    bodies = asked(page, path)
    page.get_by_label("Search").press_sequentially("no-such-name", delay=20)
    wait(lambda: page.title() and bodies and "no-such-name" in bodies[-1], "the search")
    assert len(bodies) < len("no-such-name") / 2, bodies


# ---- what breaks ----

def test_a_page_that_breaks_leaves_the_others_alone(page, troubles):
    troubles.allow("broken", "Error", "error")
    page.route("**/api/variables/filter", lambda route: route.fulfill(json={"not": "a list"}))
    open_page(page, "/")
    page.get_by_role("link", name="Variables").click()
    expect(page.get_by_role("alert")).to_contain_text("This page has broken.")
    go(page, "Runs")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_page_that_is_gone_to_while_the_server_is_away(page, server, troubles):
    troubles.allow_server_away()
    troubles.allow("dynamically imported", "Unable to preload")
    open_page(page, "/")
    server.stop()
    expect(page.get_by_text("Server away")).to_be_visible()
    page.get_by_role("link", name="Events").click()
    expect(page.get_by_text("Loading…")).to_be_visible()
    server.start()
    expect(heading(page)).to_have_text("Events")
    expect(page).to_have_url(re.compile("/events$"))


def test_a_page_of_another_version(page, troubles):
    """The open page names files that the server does not have any more."""
    troubles.allow("404", "dynamically imported")
    page.route("**/assets/variables-*.js", lambda route: route.fulfill(status=404), times=1)
    open_page(page, "/")
    page.get_by_role("link", name="Variables").click()
    expect(heading(page)).to_have_text("Variables")


def test_a_file_that_is_never_there_is_not_asked_for_again_and_again(page, troubles):
    troubles.allow("404", "dynamically imported", "broken", "Error", "error")
    loads = []
    page.on("load", lambda _: loads.append(page.url))
    page.route("**/assets/variables-*.js", lambda route: route.fulfill(status=404))
    open_page(page, "/")
    page.get_by_role("link", name="Variables").click()
    expect(page.get_by_role("alert")).to_contain_text("This page has broken.")
    assert len(loads) == 2


# ---- what one does ----

def test_what_was_not_done_is_not_said_to_go_on(page, server, api, troubles):
    troubles.allow_server_away()
    run = make_run(api)
    open_page(page, f"/runs/flow-run/{run['id']}")
    page.get_by_role("button", name="Delete").click()
    server.stop()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("probably not done")
    server.start()


def test_the_focus_goes_back_to_where_it_was(page, api):
    run = make_run(api)
    open_page(page, f"/runs/flow-run/{run['id']}")
    delete = page.get_by_role("button", name="Delete")
    delete.click()
    page.get_by_role("button", name="No, go back").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(delete).to_be_focused()


def test_copying_over_plain_http(context, page, api):
    """Where browsers give scripts no clipboard."""
    run = make_run(api, parameters={"who": "Ada"})
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    open_page(page, f"/runs/flow-run/{run['id']}?tab=parameters")
    copy = page.get_by_role("button", name="Copy")
    copy.click()
    copied = page.get_by_role("button", name="Copied")
    expect(copied).to_be_visible()
    expect(copied).to_be_focused()
    go(page, "Runs")
    page.get_by_label("Search").focus()
    page.keyboard.press("Control+V")
    expect(page.get_by_label("Search")).to_have_value('{   "who": "Ada" }')


@pytest.mark.parametrize("look", [PHONE], indirect=True, ids=str)
@pytest.mark.parametrize("hours", [-2, 2])
def test_deadlines_are_the_servers(page, api, hours):
    run = pause(api, seconds=600)
    page.add_init_script(f"const now = Date.now; Date.now = () => now() + {hours} * 3600e3;")
    open_page(page, "/")
    row = page.get_by_role("listitem").filter(has_text=run["name"])
    expect(row.locator(".countdown")).to_have_text(re.compile(r"^in (9 min|10 min)"))
