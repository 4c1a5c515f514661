"""The page of one run."""

import re

import pytest
from playwright.sync_api import expect

from harness.browser import DESKTOP, PHONE, PHONE_DARK, open_page
from harness.bulk import many_logs
from harness.flows import resume, wait_for_question, wait_for_state
from harness.objects import make_flow, make_run, set_state
from harness.runs import ask_for_run

MILLION = 1_000_000


def address(run, tab=""):
    return f"/runs/flow-run/{run['id']}" + (f"?tab={tab}" if tab else "")


def heading(page):
    return page.get_by_role("heading", level=1)


def do(page, action):
    """Presses the button, reads what will happen, and confirms; what was said."""
    page.get_by_role("button", name=action, exact=True).click()
    dialog = page.get_by_role("dialog")
    said = dialog.locator("p").first.inner_text()
    dialog.get_by_role("button", name=action, exact=True).click()
    expect(dialog).to_have_count(0)
    return said


def log(page):
    return page.get_by_role("log")


# ---- the log ----

@pytest.mark.parametrize("look", [DESKTOP, PHONE], indirect=True, ids=str)
def test_a_log_is_followed_live(page, api, start):
    flow = start("tests/e2e/served", "listen")
    run = flow.run()
    wait_for_state(api, run, "Running")
    open_page(page, address(run))
    for word in ("one", "two"):
        send(api, run, word)
        expect(log(page).get_by_text(f"heard {word}")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^\d+ lines$"))).to_be_visible()


def send(api, run, text):
    key = f"strautomaticruninput-auto-{text.rjust(36, '0')}"
    reply = api.post(f"/flow_runs/{run['id']}/input",
                     json={"key": key, "value": f'{{"value": "{text}"}}'})
    assert reply.status_code == 201, reply.text


def write_logs(api, run, *messages, level=20):
    reply = api.post("/logs/", json=[
        {"name": "test", "level": level, "message": message, "flow_run_id": run["id"],
         "timestamp": "2026-01-01T00:00:00Z"} for message in messages])
    assert reply.status_code == 201, reply.text


def test_a_million_lines(page, server, api):
    run = make_run(api)
    many_logs(server, run, MILLION)
    open_page(page, address(run))
    expect(page.get_by_text("1,000,000 lines")).to_be_visible()
    expect(log(page).get_by_text("line 1000000", exact=True)).to_be_visible()  # it follows the end
    log(page).evaluate("box => box.scrollTop = box.scrollHeight / 2")
    expect(log(page).get_by_text(re.compile("^line 50[0-9]{4}$")).first).to_be_visible()
    assert log(page).locator(".log-line").count() < 150
    write_logs(api, run, "behind the million")
    expect(page.get_by_text("1,000,001 lines")).to_be_visible()
    expect(log(page).get_by_text(re.compile("^line 50[0-9]{4}$")).first).to_be_visible()
    page.get_by_role("button", name="To the end").click()
    expect(log(page).get_by_text("behind the million")).to_be_visible()
    write_logs(api, run, "and one more")
    expect(log(page).get_by_text("and one more")).to_be_visible()
    page.get_by_role("button", name="To the beginning").click()
    expect(log(page).get_by_text("line 1", exact=True)).to_be_visible()
    assert page.evaluate(LONGEST_FRAME) < 1000


# The longest time between two frames, in ms, while the log is scrolled page by page.
LONGEST_FRAME = """async () => {
  const box = document.querySelector('[role="log"]');
  const frame = () => new Promise(requestAnimationFrame);
  let longest = 0;
  let before = await frame();
  for (let i = 0; i < 60; i++) {
    box.scrollTop += box.clientHeight;
    const now = await frame();
    longest = Math.max(longest, now - before);
    before = now;
  }
  return longest;
}"""


def test_finding_something_in_a_log(page, server, api):
    run = make_run(api)
    many_logs(server, run, 5000)
    open_page(page, address(run))
    page.get_by_label("Level").select_option(label="Errors")
    expect(page.get_by_text("5 lines")).to_be_visible()
    expect(log(page).get_by_text("line 4000")).to_be_visible()
    page.get_by_label("Level").select_option("")
    page.get_by_label("Search in the log").fill("4321")
    expect(page.get_by_text("1 line", exact=True)).to_be_visible()
    expect(log(page).get_by_text("line 4321")).to_be_visible()
    page.get_by_label("Search in the log").fill("there is no such word")
    expect(page.get_by_role("heading", name="No line fits.")).to_be_visible()


def test_what_was_looked_for_is_in_the_address(page, server, api):
    run = make_run(api)
    many_logs(server, run, 2000)
    open_page(page, address(run))
    page.get_by_label("Search in the log").fill("000")
    page.get_by_label("Level").select_option(label="Errors")
    expect(page.get_by_text("2 lines")).to_be_visible()
    found = page.url
    assert "text=000" in found and "level=40" in found
    open_page(page, "/")
    open_page(page, found)
    expect(page.get_by_label("Search in the log")).to_have_value("000")
    expect(page.get_by_label("Level")).to_have_value("40")
    expect(page.get_by_text("2 lines")).to_be_visible()
    open_page(page, f"{address(run)}?level=nonsense")
    expect(page.get_by_text("2,000 lines")).to_be_visible()


def test_a_log_is_copied_and_downloaded(context, page, server, api, tmp_path):
    run = make_run(api, name="kept-log")
    many_logs(server, run, 450)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_page(page, address(run))
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert len(copied) == 450 and copied[-1].endswith("line 450")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "kept-log.log"
    download.value.save_as(tmp_path / "log")
    assert (tmp_path / "log").read_text().splitlines() == copied


# ---- tasks, states, parameters, questions ----

@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], indirect=True, ids=str)
def test_tasks_and_subflows(page, api, start, tmp_path):
    flow = start("tests/e2e/tasks", "parent", TASKS_FILE=str(tmp_path / "notes"))
    run = flow.run()
    open_page(page, address(run, "tasks"))
    chart = page.get_by_role("list", name="Tasks and subflows over time")
    flow.end()
    [child, *_] = api.post("/flow_runs/filter", json={
        "flow_runs": {"parent_flow_run_id": {"any_": [run["id"]]}}}).json()
    expect(chart.get_by_role("link", name=child["name"])).to_be_visible()
    chart.get_by_role("link", name=child["name"]).click()
    expect(heading(page)).to_contain_text(child["name"])


def make_task(api, run, name, *needs):
    reply = api.post("/task_runs/", json={
        "flow_run_id": run["id"], "name": name, "task_key": name, "dynamic_key": name,
        "task_inputs": {"x": [{"input_type": "task_run", "id": task["id"]} for task in needs]}})
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


def set_task_state(api, task, type, message=None):
    reply = api.post(f"/task_runs/{task['id']}/set_state",
                     json={"state": {"type": type, "message": message}, "force": True})
    assert reply.status_code in (200, 201), reply.text


def test_what_a_task_waited_for_and_why_it_failed(page, api):
    run = make_run(api)
    fetch = make_task(api, run, "fetch")
    load = make_task(api, run, "load", fetch)
    open_page(page, address(run, "tasks"))
    chart = page.get_by_role("list", name="Tasks and subflows over time")
    expect(chart.get_by_text("after fetch")).to_be_visible()
    expect(chart.get_by_text("not started")).to_have_count(2)
    set_task_state(api, fetch, "RUNNING")
    expect(chart.get_by_text("not started")).to_have_count(1)
    set_task_state(api, fetch, "COMPLETED")
    set_task_state(api, load, "RUNNING")
    set_task_state(api, load, "FAILED", "there is no route to the database")
    expect(chart.get_by_text("there is no route to the database")).to_be_visible()
    fills = chart.locator("rect").evaluate_all("all => all.map(rect => getComputedStyle(rect).fill)")
    assert len(set(fills)) == 2 and "rgb(0, 0, 0)" not in fills


def test_more_tasks_than_one_reading_has(page, api):
    run = make_run(api)
    for i in range(203):
        make_task(api, run, f"task-{i}")
    open_page(page, address(run, "tasks"))
    chart = page.get_by_role("list", name="Tasks and subflows over time")
    expect(page.get_by_text("These are the first 200 tasks.")).to_be_visible()
    page.get_by_role("button", name="Show more").click()
    expect(chart.get_by_role("listitem")).to_have_count(203)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_states_one_after_the_other(page, api):
    run = make_run(api)
    open_page(page, address(run, "states"))
    set_state(api, run["id"], "RUNNING", force=True)
    set_state(api, run["id"], "FAILED", message="the disk is full", force=True)
    states = page.get_by_role("list", name="States").get_by_role("listitem")
    expect(states.filter(has_text="Running")).to_contain_text(re.compile(r"for \d+"))
    expect(states.last).to_contain_text("the disk is full")


def test_a_long_history_shows_its_end(page, api):
    run = make_run(api)
    for i in range(202):
        set_state(api, run["id"], "RUNNING", name=f"Step {i}", force=True)
    open_page(page, address(run, "states"))
    states = page.get_by_role("list", name="States").get_by_role("listitem")
    expect(states).to_have_count(200)
    expect(states.last).to_contain_text("Step 201")
    page.get_by_role("button", name=re.compile("Show earlier ones")).click()
    expect(states.get_by_text("Step 0", exact=True)).to_be_visible()


def test_parameters_keep_their_digits(page, api):
    flow = make_flow(api)
    body = (f'{{"flow_id": "{flow["id"]}",'
            ' "parameters": {"whole": 12345678901234567890, "part": 0.1234567890123456789}}')
    run = api.post("/flow_runs/", content=body, headers={"Content-Type": "application/json"}).json()
    open_page(page, address(run, "parameters"))
    expect(page.locator("pre")).to_contain_text("12345678901234567890")
    expect(page.locator("pre")).to_contain_text("0.1234567890123456789")


def test_what_it_asked_and_was_answered(page, api, start):
    flow = start("examples/greet_string")
    run = wait_for_question(api, flow)
    open_page(page, address(run, "asked"))
    expect(page.get_by_text("It waits for an answer.")).to_be_visible()
    expect(page.get_by_text("waits for an answer", exact=False).last).to_be_visible()
    resume(api, run, {"value": "Zoë"})
    expect(page.locator(".asked pre")).to_contain_text("Zoë")
    expect(page.get_by_text("It waits for an answer.")).to_have_count(0)
    expect(heading(page)).to_contain_text("Completed")


# ---- what can be done to it ----

@pytest.mark.parametrize("look", [DESKTOP, PHONE], indirect=True, ids=str)
def test_a_run_is_resumed(page, api, start):
    start("tests/e2e/served").expect("waits/test")
    run = ask_for_run(api, "waits/test")
    open_page(page, address(run))
    expect(heading(page)).to_contain_text("Paused")
    assert "goes on without an answer" in do(page, "Resume")
    expect(heading(page)).to_contain_text("Completed")
    assert "scheduled again" in do(page, "Retry")
    expect(heading(page)).to_contain_text("Paused")
    assert "does not go on" in do(page, "Cancel")
    expect(heading(page)).to_contain_text("Cancelled")


def test_a_running_run_is_paused_suspended_and_cancelled(page, api, start):
    start("tests/e2e/served").expect("stubborn/test")
    run = ask_for_run(api, "stubborn/test")
    open_page(page, address(run))
    expect(log(page).get_by_text("going on")).to_be_visible()
    assert "with its process" in do(page, "Pause")
    expect(heading(page)).to_contain_text("Paused")
    assert wait_for_state(api, run, "Paused")["state"]["state_details"]["pause_reschedule"] is False
    do(page, "Resume")
    assert "begins anew" in do(page, "Suspend")
    expect(heading(page)).to_contain_text("Suspended")
    do(page, "Resume")


def test_a_running_run_is_cancelled(page, api, start):
    flow = start("tests/e2e/served", "listen")
    run = flow.run()
    wait_for_state(api, run, "Running")
    open_page(page, address(run))
    assert "told to end" in do(page, "Cancel")
    expect(heading(page)).to_contain_text("Cancelled")
    assert flow.end() != 0


def test_one_may_think_better_of_it(page, api):
    run = make_run(api)
    open_page(page, address(run))
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="No, go back").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Delete").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert api.get(f"/flow_runs/{run['id']}").status_code == 200


def test_a_run_is_deleted_here_and_elsewhere(page, api, troubles):
    troubles.allow("404")
    run, other = make_run(api), make_run(api)
    open_page(page, address(run))
    assert "cancel it first" in do(page, "Delete")
    expect(page).to_have_url(re.compile("/runs$"))
    assert api.get(f"/flow_runs/{run['id']}").status_code == 404
    open_page(page, address(other))
    api.delete(f"/flow_runs/{other['id']}")
    expect(page.get_by_role("heading", name="This run is not there.")).to_be_visible()
    page.get_by_role("link", name="See the runs that are").click()
    expect(heading(page)).to_have_text("Runs")


# ---- the server goes away, and others' addresses ----

def test_it_catches_up_after_the_server_was_away(page, server, api, troubles):
    troubles.allow_server_away()
    run = make_run(api)
    open_page(page, address(run))
    expect(heading(page)).to_contain_text(run["name"])
    server.stop()
    expect(page.get_by_text("Server away")).to_be_visible()
    expect(heading(page)).to_contain_text(run["name"])  # what was there stays
    server.start()
    set_state(api, run["id"], "RUNNING", force=True)
    write_logs(api, run, "after the night")
    expect(page.locator(".connection-online")).to_be_visible()
    expect(heading(page)).to_contain_text("Running")
    expect(log(page).get_by_text("after the night")).to_be_visible()


def test_addresses_of_prefects_client(page, api, troubles):
    troubles.allow("404")
    flow = make_flow(api)
    run = make_run(api, flow)
    task = make_task(api, run, "fetch")
    open_page(page, f"/flows/flow/{flow['id']}")
    expect(page).to_have_url(re.compile(f"/runs\\?flow={flow['id']}"))
    expect(page.get_by_text(run["name"])).to_be_visible()
    open_page(page, f"/runs/task-run/{task['id']}")
    expect(page).to_have_url(re.compile(f"{address(run)}\\?tab=tasks"))
    open_page(page, f"/runs/task-run/{flow['id']}")
    expect(page.get_by_role("heading", name="This task run is not there.")).to_be_visible()
