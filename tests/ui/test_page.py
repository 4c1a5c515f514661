"""What holds for the whole page: what it costs, how it is served, and that everybody can use it."""

import gzip
import json
import re

import httpx
import pytest
from playwright.sync_api import expect

from harness.asking import ANSWER, pause, request_of
from harness.browser import (DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, field, layout_shift, new_context,
                             open_page, send)
from harness.deployments import make_deployment
from harness.flows import wait
from harness.objects import make_flow, make_run, set_state
from harness.server import ROOT

FIRST_VIEW = 100_000  # bytes of compressed script
MOST_SHIFT = 0.05
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")

AXE = (ROOT / "ui/node_modules/axe-core/axe.min.js").read_text()
VIOLATIONS = """async () => (await axe.run()).violations.map(({ id, nodes }) =>
  `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\\n${failureSummary}`).join("\\n")}`)"""


@pytest.fixture(scope="module")
def addresses(server):
    """Every page, with something to show."""
    api = server.api
    flow = make_flow(api, "sees-all")
    run = pause(api, flow=flow, description="# What?\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n`code`")
    pause(api, keyset=False, flow=flow, seconds=30)
    ended = make_run(api, flow, parameters={"n": 1})
    set_state(api, ended["id"], "FAILED", message="It broke.", force=True)
    deployment = make_deployment(api)
    api.post("/variables/", json={"name": "seen", "value": {"a": [1]}})
    return {"inbox": "/", "answer": f"/requests/{request_of(api, run)['id']}", "runs": "/runs",
            "run": f"/runs/flow-run/{run['id']}", "ended": f"/runs/flow-run/{ended['id']}",
            "deployments": "/deployments", "deployment": f"/deployments/deployment/{deployment['id']}",
            "variables": "/variables", "events": "/events"}


PAGES = ("inbox", "answer", "runs", "run", "ended", "deployments", "deployment", "variables", "events")


def settle(page):
    """Until the page shows what it has loaded."""
    expect(page.locator("main h1").first).to_be_visible()
    expect(page.locator(".loading")).to_have_count(0)
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("look", [DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK], indirect=True, ids=str)
def test_axe_finds_nothing_on_any_page(page, addresses):
    found = {}
    for name in PAGES:
        open_page(page, addresses[name])
        settle(page)
        page.evaluate(AXE)
        if violations := page.evaluate(VIOLATIONS):
            found[name] = violations
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
    assert not found, json.dumps(found, indent=2)


@pytest.mark.parametrize("look", [DESKTOP, PHONE], indirect=True, ids=str)
def test_nothing_moves_while_pages_load(page, addresses):
    shifts = {}
    for name in PAGES:
        open_page(page, addresses[name])
        settle(page)
        shifts[name] = layout_shift(page)
    assert max(shifts.values()) < MOST_SHIFT, shifts


@pytest.mark.parametrize("look", [DESKTOP, PHONE], indirect=True, ids=str)
@pytest.mark.parametrize("name", ["run", "deployment"])
def test_nothing_moves_when_a_name_comes_late(page, addresses, name):
    names = []
    page.route("**/api/flows/filter", lambda route: names.append(route))
    open_page(page, addresses[name])
    expect(page.locator("main h1").first).to_be_visible()
    page.wait_for_timeout(200)
    while names:
        names.pop().continue_()
    settle(page)
    assert layout_shift(page) < MOST_SHIFT


def press(page, key, times=1):
    for _ in range(times):
        page.keyboard.press(key)


def tab_to(page, locator):
    for _ in range(40):
        if locator.evaluate("(element) => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {locator}")


def test_the_keyboard_alone_is_enough(page, api):
    run = pause(api, flow=make_flow(api, "by-keyboard"), seconds=20)
    open_page(page, "/")
    press(page, "Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    press(page, "Enter")
    tab_to(page, page.get_by_role("link", name=re.compile("by-keyboard")))
    press(page, "Enter")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("by-keyboard asks")
    expect(heading).to_be_focused()
    tab_to(page, field(page, "age"))
    page.keyboard.type("4")
    tab_to(page, page.get_by_label("s", exact=True))
    press(page, "ArrowRight")
    expect(page.get_by_label("m", exact=True)).to_be_checked()
    tab_to(page, page.get_by_role("button", name="Answer", exact=True))
    press(page, "Enter")
    expect(page.get_by_role("status").filter(has_text="Answered.")).to_be_visible()
    assert request_of(api, run)["answer"] == ANSWER | {"name": "anonymous"}


def test_the_focus_is_at_the_heading_of_a_page_that_one_goes_to(page, api):
    open_page(page, "/")
    for name in ("Runs", "Deployments", "Variables", "Events", "Inbox"):
        page.get_by_role("navigation").get_by_role("link", name=re.compile(f"^{name}")).click()
        heading = page.get_by_role("heading", level=1, name=name)
        expect(heading).to_be_focused()


def test_one_goes_back_to_where_one_was(page, api):
    flow = make_flow(api, "of-many")
    for _ in range(30):
        pause(api, flow=flow)
    open_page(page, f"/?flow={flow['id']}")
    last = page.get_by_role("list", name="Open input requests").get_by_role("link").last
    last.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    assert before > 0
    last.click()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert page.evaluate("scrollY") == 0
    page.go_back()
    wait(lambda: abs(page.evaluate("scrollY") - before) < 50, "the place in the list")


def first_view(server, **headers):
    """The reply to `/`, and those to the files that it names, not unpacked."""
    with httpx.Client(base_url=server.url, trust_env=False, headers=headers) as client:
        html = client.get("/")
        names = re.findall(r'(?:src|href)="(/assets/[^"]+)"', html.text)
        return html, {name: raw(client, name) for name in names}


def raw(client, path):
    with client.stream("GET", path) as reply:
        return reply, b"".join(reply.iter_raw())


def test_the_first_view_is_small(server, context):
    loaded = set()
    context.on("request", lambda request: loaded.add(request.url.removeprefix(server.url)))
    page = context.new_page()
    open_page(page, "/")
    settle(page)
    scripts = [path for path in loaded if path.endswith(".js")]
    assert scripts
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        sizes = {path: len(raw(client, path)[1]) for path in scripts}
    assert sum(sizes.values()) <= FIRST_VIEW, sizes


def test_the_first_view_is_quick(page):
    open_page(page, "/")
    first = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    assert wait(lambda: page.evaluate(first), "something to see") < 2000


def test_files_are_kept_and_the_page_is_asked_for_anew(server):
    html, files = first_view(server)
    assert html.headers["Cache-Control"] == "no-cache"
    assert html.headers["Content-Security-Policy"] == POLICY
    assert html.headers["Referrer-Policy"] == "no-referrer"
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    assert {name.rpartition(".")[2] for name in files} == {"js", "css", "svg"}
    for reply, _ in files.values():
        assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert reply.headers["Content-Encoding"] == "gzip"
        assert reply.headers["Vary"] == "Accept-Encoding"


def test_those_who_do_not_take_gzip_get_the_same(server):
    _, packed = first_view(server)
    _, plain = first_view(server, **{"Accept-Encoding": "identity"})
    assert packed.keys() == plain.keys()
    for name, (reply, content) in plain.items():
        assert "Content-Encoding" not in reply.headers
        assert gzip.decompress(packed[name][1]) == content


def test_what_a_browser_has_is_not_sent_again(server):
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        for path in ("/", *first_view(server)[1]):
            etag = client.get(path).headers["ETag"]
            again = client.get(path, headers={"If-None-Match": f'"other", {etag}'})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["ETag"] == etag
            assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path, status", [
    ("/runs/flow-run/5c1e7a60-2f4b-4c8e-9d55-0a4f6f1f2b11", 200), ("/assets/none.js", 404),
    ("/assets/../index.html", 404), ("/index.html", 404), ("/nothing", 404)])
def test_addresses(server, path, status):
    reply = httpx.get(server.url + path, trust_env=False)
    assert reply.status_code == status
    assert reply.headers["Content-Type"].startswith("text/html" if status == 200 else "application/json")


def test_a_browser_is_told_of_a_wrong_address_by_the_page(server, page, troubles):
    troubles.allow("404")
    open_page(page, "/no/such/page")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page.")
    page.get_by_role("link", name="To the inbox").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    html = {"Accept": "text/html,*/*;q=0.8"}
    with httpx.Client(base_url=server.url, trust_env=False, headers=html) as client:
        missing = client.get("/nothing")
        assert missing.status_code == 404
        assert missing.headers["Content-Type"] == "text/html; charset=utf-8"
        assert missing.headers["Content-Security-Policy"] == POLICY
        for reply in (client.get("/api/nothing"), client.post("/nothing"), client.get("/assets/none.js")):
            assert (reply.status_code, reply.headers["Content-Type"]) == (404, "application/json")


def test_two_readers_see_the_same(browser, server, troubles):
    contexts = [new_context(browser, server.url, look, troubles) for look in (DESKTOP, PHONE)]
    pages = [context.new_page() for context in contexts]
    for page in pages:
        open_page(page, "/")
    run = pause(server.api, seconds=5)
    for page in pages:
        expect(page.get_by_role("link").filter(has_text=run["name"])).to_be_visible()
    for context in contexts:
        context.close()
