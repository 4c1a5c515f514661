"""Answering: the form, what is told of an answer, and what happens meanwhile."""

import base64
import json
import re

import pytest
from playwright.sync_api import expect

from harness.asking import ANSWER, answer, pause, request_of, tell
from harness.browser import DESKTOP, PHONE, PHONE_DARK, field, labelled, open_page, send
from harness.flows import log_of, wait
from harness.objects import set_state

OPTIONAL = [{"type": "null"}]
ADDRESS = {"type": "object", "title": "Address", "required": ["city"],
           "properties": {"city": {"type": "string"}, "zip": {"anyOf": [{"type": "string"}, *OPTIONAL]}}}
EVERYTHING = {
    "type": "object", "$defs": {"Address": ADDRESS},
    "required": ["text", "size", "day", "hour", "moment", "tags", "address", "file", "zip", "kind",
                 "pair", "any"],
    "properties": {
        "text": {"type": "string", "title": "What to say", "description": "In a few words."},
        "size": {"enum": ["small", "medium", "large"]},
        "colour": {"enum": ["red", "orange", "yellow", "green", "blue", "violet"], "default": "green"},
        "day": {"type": "string", "format": "date"},
        "hour": {"type": "string", "format": "time"},
        "moment": {"type": "string", "format": "date-time"},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "address": {"$ref": "#/$defs/Address"},
        "other": {"anyOf": [{"$ref": "#/$defs/Address"}, *OPTIONAL], "default": None},
        "file": {"type": "string", "format": "base64"},
        "zip": {"anyOf": [{"type": "string"}, *OPTIONAL]},
        "kind": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        "big": {"type": "integer", "default": 9007199254740993},
        "pair": {"type": "array", "minItems": 2, "maxItems": 2,
                 "prefixItems": [{"type": "integer"}, {"type": "string"}]},
        "any": {"title": "Anything"},
        "sure": {"type": "boolean", "default": False},
    }}


def ask(page, api, schema=None, **fields):
    """A run that waits, with its request open in the page."""
    run = pause(api, **({"schema": schema} if schema else {}), **fields)
    request = request_of(api, run)
    open_page(page, f"/requests/{request['id']}")
    return run, request


def form(page):
    return page.locator("form.form")


def problem_of(page, label):
    """What is wrong with a field, as the page tells it there."""
    return page.locator(".field", has=page.get_by_label(labelled(label))).get_by_role("alert").last


def told(page):
    return page.get_by_role("status").filter(has_text="nswered")


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], indirect=True, ids=str)
def test_each_kind_of_value_has_its_control(page, api, look):
    run, _ = ask(page, api, EVERYTHING)
    field(page, "What to say").fill("Hello")
    expect(page.get_by_text("In a few words.")).to_be_visible()
    form(page).get_by_label("medium").check()
    expect(field(page, "colour")).to_have_value("3")
    field(page, "day").fill("2026-12-24")
    field(page, "hour").fill("18:30")
    field(page, "moment").fill("2026-12-24T18:30")
    tags = form(page).get_by_role("group", name="tags")
    for index, tag in enumerate(("first", "second")):
        tags.get_by_role("button", name="Add one").click()
        page.locator(f"#root_tags_{index}").fill(tag)
    page.locator("#root_address_city").fill("Berlin")
    form(page).get_by_role("group", name="other", exact=True).get_by_role("button", name="Fill in").click()
    page.locator("#root_other_city").fill("Bremen")
    field(page, "file").set_input_files({"name": "x.bin", "mimeType": "", "buffer": b"\x00\xff bytes"})
    form(page).get_by_label("Text", exact=True).check()
    page.locator("#root_kind").fill("7 of them")
    expect(field(page, "big")).to_have_value("9007199254740993")
    page.locator("#root_pair_0").fill("1")
    page.locator("#root_pair_1").fill("one")
    field(page, "Anything").fill('{"a": [1, 12345678901234567890]}')
    field(page, "sure").check()
    send(page)
    expect(told(page)).to_contain_text("Answered.")
    request = request_of(api, run)
    assert request["answer"] == {
        "text": "Hello", "size": "medium", "colour": "green", "day": "2026-12-24", "hour": "18:30",
        "moment": "2026-12-24T17:30:00.000Z", "tags": ["first", "second"],
        "address": {"city": "Berlin"}, "other": {"city": "Bremen"},
        "file": base64.b64encode(b"\x00\xff bytes").decode(), "zip": None, "kind": "7 of them",
        "big": 9007199254740993, "pair": [1, "one"], "any": {"a": [1, 12345678901234567890]},
        "sure": True}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is too wide"


def test_errors_come_beside_their_field_while_one_types(page, api):
    ask(page, api, {"type": "object", "required": ["age", "name"], "properties": {
        "age": {"type": "integer", "minimum": 0}, "name": {"type": "string", "maxLength": 5},
        "tag": {"type": "string", "pattern": "^[a-z]+$"}}})
    expect(form(page).get_by_role("alert")).to_have_count(0)
    field(page, "age").fill("-1")
    expect(problem_of(page, "age")).to_have_text("must be at least 0")
    field(page, "age").fill("x")
    expect(problem_of(page, "age")).to_have_text("must be a whole number")
    expect(field(page, "age")).to_have_attribute("aria-invalid", "true")
    field(page, "age").fill("1")
    expect(form(page).get_by_role("alert")).to_have_count(0)
    field(page, "tag").fill("A")
    expect(problem_of(page, "tag")).to_have_text("does not have the expected form")
    field(page, "tag").fill("")
    send(page)
    expect(problem_of(page, "name")).to_have_text("is needed")
    expect(field(page, "name")).to_be_focused()


def test_each_kind_of_control_is_marked_where_it_is_wrong(page, api):
    kinds = {"hour": {"type": "string", "format": "time"}, "file": {"type": "string", "format": "base64"},
             "size": {"enum": ["small", "large"]}, "colour": {"enum": list("abcdef")}, "any": {"title": "any"}}
    ask(page, api, {"type": "object", "properties": kinds, "required": [*kinds]})
    controls = [page.locator(f"#root_{name}") for name in kinds]
    for control in controls:
        expect(control).to_have_attribute("aria-invalid", "false")
        expect(control).to_have_attribute("aria-required", "true")
    send(page)
    for control in controls:
        expect(control).to_have_attribute("aria-invalid", "true")
        expect(control).to_have_accessible_description(re.compile("is needed"))


@pytest.mark.parametrize("look", [DESKTOP, PHONE], indirect=True, ids=str)
def test_the_flows_own_refusal_stands_beside_its_field(page, api, start, troubles):
    """Its check is asked while it waits; what was typed is kept, and a better answer goes on."""
    troubles.allow("422", "409")
    flow = start("examples/shirt_order")
    run = flow.run()
    open_page(page, "/")
    page.get_by_role("link").filter(has_text=run["name"]).click()
    expect(page.locator(".prose")).to_have_text("Which shirt would you like?")
    form(page).get_by_label("small").check()
    form(page).get_by_label("green").check()
    form(page).get_by_label("Your name").fill("Ada")
    send(page)
    refusal = page.locator(".field", has=page.locator("#root_color")).get_by_role("alert").last
    expect(refusal).to_have_text("green is only in stock in medium, large and xlarge")
    expect(form(page).get_by_label("small")).to_be_checked()
    expect(form(page).get_by_label("green")).to_be_checked()
    form(page).get_by_label("red").check()
    expect(refusal).to_have_count(0)
    send(page)
    expect(told(page)).to_contain_text("Answered.")
    expect(told(page)).to_contain_text(run["name"])
    expect(told(page).locator(".state-completed")).to_have_text("Completed")
    assert "One red shirt in small is on its way." in log_of(api, run)
    assert request_of(api, run)["answered_by"] == "Ada"


def test_that_somebody_else_was_faster_is_said_at_once(page, api):
    _, request = ask(page, api)
    field(page, "age").fill("4")
    answer(api, request, ANSWER, by="Bob")
    expect(told(page)).to_contain_text("This was answered by Bob, through api")
    expect(told(page)).to_contain_text('"size": "m"')
    expect(form(page)).to_be_hidden()
    told(page).get_by_role("link", name="To the run").click()
    expect(page).to_have_url(re.compile("/runs/flow-run/"))


def test_that_nobody_was_in_time_is_said(page, api):
    ask(page, api, seconds=3)
    field(page, "age").fill("4")
    expect(page.get_by_text("Nobody has answered in time.")).to_be_visible()
    expect(form(page)).to_be_hidden()


def test_that_the_run_has_ended_is_said(page, api):
    run, _ = ask(page, api)
    set_state(api, run["id"], "CANCELLED", force=True)
    expect(page.get_by_text("The run has gone on, or ended, without an answer.")).to_be_visible()


def test_an_approval_is_one_button(page, api):
    run, _ = ask(page, api, keyset=False)
    page.get_by_role("button", name="Go on").click()
    expect(told(page)).to_contain_text("Answered.")
    assert request_of(api, run)["state"] == "answered"


def test_the_form_comes_once_the_run_has_told_what_it_asks(page, api):
    run = pause(api, schema=None)
    open_page(page, f"/requests/{request_of(api, run)['id']}")
    expect(page.get_by_text("The run has not told yet what it asks.")).to_be_visible()
    tell(api, run, "description", json.dumps("**Now** it has."))
    tell(api, run, "schema", json.dumps({"type": "object", "properties": {
        "x": {"type": "string", "default": "given"}}}))
    expect(page.locator(".prose strong")).to_have_text("Now")
    expect(field(page, "x")).to_have_value("given")


def test_a_field_that_cannot_be_read_holds_the_answer_back(page, api):
    run, _ = ask(page, api, {"type": "object", "properties": {
        "count": {"type": "number"}, "any": {"title": "Anything"}}})
    field(page, "Anything").fill('{"by": "train"}')
    for text, why in (('{"by": "train"', "must be JSON"), ("1,000", "must be JSON"),
                      ("0.1234567890123456789", "more digits than a field keeps")):
        field(page, "Anything").fill(text)
        send(page)
        expect(problem_of(page, "Anything")).to_contain_text(why)
        expect(field(page, "Anything")).to_be_focused()
        page.get_by_role("button", name="Answer with JSON").click()
        expect(field(page, "Anything")).to_have_value(text)
    field(page, "Anything").fill("1000")
    field(page, "count").fill("1,000")
    send(page)
    expect(form(page).get_by_text("write 1000, or 1.5")).to_be_visible()
    expect(field(page, "count")).to_be_focused()
    assert request_of(api, run)["state"] == "open"
    field(page, "count").fill("1000,5")
    send(page)
    expect(told(page)).to_contain_text("Answered.")
    assert request_of(api, run)["answer"] == {"count": 1000.5, "any": 1000}


def test_what_has_no_value_by_default_may_stay_empty(page, api):
    maybe = {"anyOf": [{"type": "string"}, *OPTIONAL]}
    run, _ = ask(page, api, {"type": "object", "$defs": {"Address": ADDRESS}, "properties": {
        "zip": maybe | {"default": None},
        "other": {"anyOf": [{"$ref": "#/$defs/Address"}, *OPTIONAL], "default": None},
        "names": {"type": "array", "items": maybe, "default": ["a", None]}}})
    page.locator("#root_names_0").fill("b")
    expect(form(page).get_by_label("Empty").nth(1)).to_be_checked()
    send(page)
    expect(told(page)).to_contain_text("Answered.")
    assert request_of(api, run)["answer"] == {"names": ["b", None]}


def test_what_was_typed_outlives_going_elsewhere(page, api):
    run, request = ask(page, api, {"type": "object", "properties": {"n": {"type": "integer"}}})
    field(page, "n").fill("5")
    page.get_by_role("link", name=run["name"]).click()
    page.go_back()
    expect(field(page, "n")).to_have_value("5")
    page.get_by_role("button", name="Answer with JSON").click()
    form(page).get_by_label("Answer as JSON").fill('{"n": 6')
    expect(page.get_by_text("There is no form for this: What is typed is no JSON")).to_be_visible()
    page.reload()
    expect(form(page).get_by_label("Answer as JSON")).to_have_value('{"n": 6')
    form(page).get_by_label("Answer as JSON").fill('{"n": 6}')
    page.get_by_role("button", name="Answer with the form").click()
    expect(field(page, "n")).to_have_value("6")
    send(page)
    expect(told(page)).to_contain_text("Answered.")
    assert page.evaluate("sessionStorage.length") == 0
    page.reload()
    expect(page.get_by_role("status").filter(has_text="This was answered")).not_to_contain_text("somebody")


def test_a_password_is_kept_nowhere(page, api):
    secret = {"type": "string", "format": "password"}
    ask(page, api, {"type": "object", "properties": {"word": secret, "n": {"type": "integer"}}})
    field(page, "word").fill("sesame")
    field(page, "n").fill("5")
    assert page.evaluate("sessionStorage.length") == 0


def test_the_address_names_only_requests_that_ask_for_the_same(page, api):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    run = pause(api, schema=schema)
    alike, other, over = (pause(api, schema=schema, description="# The *second*\n\nof three"),
                          pause(api), pause(api, schema=schema))
    requests = [request_of(api, each) for each in (run, alike, other, over)]
    assert answer(api, requests[3], {"n": 1}).status_code == 200
    also = ",".join(["..%2Fx", *(request["id"] for request in requests), "x/../y"])
    open_page(page, f"/requests/{requests[0]['id']}?also={also}")
    listed = page.locator(".also").get_by_role("listitem")
    expect(listed).to_contain_text([f"{alike['name']} The second", "it does not ask for the same",
                                    "it waits no more"])
    field(page, "n").fill("5")
    send(page)
    expect(told(page)).to_contain_text("2 are answered.")
    expect(told(page)).to_contain_text("Not taken for another: it does not ask for the same")
    assert request_of(api, alike)["answer"] == {"n": 5}
    assert request_of(api, other)["state"] == "open"


def test_a_schema_that_comes_later_and_has_no_form_is_answered_as_json(page, api):
    run = pause(api, schema=None)
    open_page(page, f"/requests/{request_of(api, run)['id']}")
    expect(page.get_by_text("The run has not told yet what it asks.")).to_be_visible()
    tell(api, run, "schema", json.dumps({"$ref": "https://example.org/schema"}))
    expect(page.get_by_text("There is no form for this")).to_contain_text("elsewhere")
    expect(form(page).get_by_label("Answer as JSON")).to_be_visible()


def test_who_blocks_site_data_can_answer(page, api):
    page.add_init_script("""for (const name of ["localStorage", "sessionStorage"])
        Object.defineProperty(window, name, {get() { throw new DOMException("no", "SecurityError"); }});""")
    run, _ = ask(page, api)
    field(page, "age").fill("4")
    form(page).get_by_label("m", exact=True).check()
    send(page)
    expect(told(page)).to_contain_text("Answered.")


def test_json_says_what_a_form_cannot(page, api):
    run, _ = ask(page, api, {"type": "object", "properties": {"n": {"type": "integer"}}})
    field(page, "n").fill("5")
    page.get_by_role("button", name="Answer with JSON").click()
    text = form(page).get_by_label("Answer as JSON")
    expect(text).to_have_value(re.compile(r'"n": 5'))
    text.fill('{"n": ')
    expect(form(page).get_by_role("alert")).to_contain_text("JSON")
    text.fill('{"n": "x"}')
    expect(form(page).get_by_role("alert")).to_contain_text("n must be a whole number")
    text.fill('{"n": 12345678901234567890, "more": {"a": []}}')
    send(page)
    expect(told(page)).to_contain_text("Answered.")
    assert request_of(api, run)["answer"] == {"n": 12345678901234567890, "more": {"a": []}}


def test_what_was_typed_outlives_the_server(page, fresh_server, browser, look):
    """What is typed is kept, and the page goes on by itself when the server is back."""
    from harness.browser import Troubles, new_context
    troubles = Troubles(fresh_server.url)
    troubles.allow_server_away()
    context = new_context(browser, fresh_server.url, look, troubles)
    page = context.new_page()
    run, _ = ask(page, fresh_server.api)
    field(page, "age").fill("4")
    fresh_server.stop()
    expect(page.locator(".connection")).to_have_text("Server away; trying again")
    form(page).get_by_label("m", exact=True).check()
    send(page)
    expect(page.get_by_role("alert").filter(has_text="The server cannot be reached")).to_be_visible()
    fresh_server.start()
    expect(page.locator(".connection")).to_have_text("Live")
    expect(field(page, "age")).to_have_value("4")
    send(page)
    expect(told(page)).to_contain_text("Answered.")
    assert request_of(fresh_server.api, run)["answer"]["age"] == 4
    context.close()
    troubles.check()
