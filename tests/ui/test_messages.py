"""What is sent to a run, by a person from the page and by other runs."""

import re

import pytest
from playwright.sync_api import expect

from harness.browser import DESKTOP, PHONE_DARK, lose_first_answer, open_page
from harness.flows import wait_for_state
from harness.objects import make_run
from harness.programs import Programs


def messages(page):
    return page.get_by_role("list", name="Messages").get_by_role("listitem")


def field(page):
    return page.get_by_role("textbox", name=re.compile("^Message"))


def open_messages(page, run):
    open_page(page, f"/runs/flow-run/{run['id']}?tab=messages")


@pytest.fixture
def programs(server, tmp_path):
    programs = Programs(server, "3.8", tmp_path)
    yield programs
    programs.close()


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], indirect=True, ids=str)
def test_a_flow_in_c_hears_it(page, api, start):
    flow = start("tests/e2e/served", "listen")
    run = flow.run()
    wait_for_state(api, run, "Running")
    open_messages(page, run)
    expect(page.get_by_role("heading", name="Nobody has sent this run anything yet.")).to_be_visible()
    field(page).fill('Zoë "Z"')
    field(page).press("Enter")
    flow.expect('heard Zoë "Z"')
    expect(messages(page)).to_have_count(1)
    expect(messages(page).first).to_contain_text('Zoë "Z"')
    expect(field(page)).to_have_value("")


@pytest.mark.timeout(120)
def test_a_flow_in_python_hears_it(page, server, api, programs):
    listener = programs("talking.py", "listens")
    run = listener.run()
    wait_for_state(api, run, "Running")
    open_messages(page, run)
    field(page).fill("from the page")
    page.get_by_role("button", name="Send").click()
    listener.expect("outside: from the page")
    expect(page.get_by_text("The run is over: nobody reads what is sent to it.")).to_be_visible()


def test_what_is_no_json_is_said_at_the_field(page, api):
    run = make_run(api)
    open_messages(page, run)
    page.get_by_label("Type").select_option(label="Whole number")
    what, button = field(page), page.get_by_role("button", name="Send")
    for text in ("forty-two", "4.2"):
        what.fill(text)
        expect(what).to_have_accessible_description("A whole number, such as 42")
        expect(button).to_be_disabled()
    what.fill("9007199254740993")
    button.click()
    expect(messages(page).first).to_contain_text("9007199254740993")
    [sent] = api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": ""}).json()
    assert sent["value"] == '{"value": 9007199254740993}'
    assert sent["key"].startswith("intautomaticruninput-auto-")


def test_a_message_whose_answer_was_lost_is_there_once(page, api, troubles):
    troubles.allow_server_away()
    run = make_run(api)
    open_messages(page, run)
    lose_first_answer(page, "**/input")
    send = page.get_by_role("button", name="Send")
    field(page).fill("only once")
    send.click()
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached")
    expect(messages(page)).to_have_count(1)
    expect(field(page)).to_have_value("only once")
    send.click()
    expect(field(page)).to_have_value("")
    field(page).fill("only once")
    send.click()
    expect(field(page)).to_have_value("")
    expect(messages(page)).to_have_count(2)
    sent = api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": "", "limit": 9}).json()
    assert len(sent) == 2


def test_a_type_of_the_flows_own(page, api):
    run = make_run(api)
    open_messages(page, run)
    page.get_by_label("Type").select_option(label="Another type…")
    page.get_by_label("Its key begins with").fill("order-auto")
    field(page).fill('{"dish": "soup", "count": 1.0}')
    page.get_by_role("button", name="Send").click()
    expect(messages(page)).to_have_count(1)
    [sent] = api.post(f"/flow_runs/{run['id']}/input/filter", json={"prefix": "order-auto"}).json()
    assert sent["value"] == '{"dish": "soup", "count": 1.0}'
    expect(page.get_by_label("Type").locator("option")).to_contain_text(["order"])


def test_a_conversation_of_two_runs(page, api):
    run, peer = make_run(api), make_run(api)

    def say(sender, receiver, number, text):
        reply = api.post(f"/flow_runs/{receiver['id']}/input", json={
            "key": f"strautomaticruninput-auto-{number:036}", "value": f'{{"value": "{text}"}}',
            "sender": f"prefect.flow-run.{sender['id']}"})
        assert reply.status_code == 201, reply.text

    open_messages(page, run)
    say(peer, run, 1, "a question")
    expect(messages(page)).to_have_count(1)
    say(run, peer, 2, "an answer")
    expect(messages(page)).to_contain_text(["a question", "an answer"])
    expect(messages(page).nth(1)).to_contain_text(f"to {peer['name']}")
    messages(page).first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(peer["name"])


def test_a_long_conversation_shows_its_end(page, api):
    run = make_run(api)
    for i in range(250):
        api.post(f"/flow_runs/{run['id']}/input", json={"key": f"word-{i}", "value": f'"word {i}"'})
    open_messages(page, run)
    expect(messages(page)).to_have_count(100)
    expect(messages(page).last).to_contain_text("word 249")
    page.get_by_role("button", name="Show older ones: 150 more").click()
    expect(messages(page)).to_have_count(200)
    api.post(f"/flow_runs/{run['id']}/input", json={"key": "word-250", "value": '"word 250"'})
    expect(messages(page).last).to_contain_text("word 250")
