"""What is shown comes from programs that may mean harm, or be careless: nothing of it runs, nothing
hangs, and where no form can be made there is JSON."""

import json
import re
import time

import pytest
from playwright.sync_api import expect

from harness.asking import pause, request_of
from harness.browser import field, open_page, send
from harness.objects import make_flow, make_run, set_state

HARM = "<img src=x onerror='window.harm=1'><script>window.harm=1</script>"
QUICK = 5  # seconds


def ask(page, api, schema, **fields):
    run = pause(api, schema=schema, **fields)
    open_page(page, f"/requests/{request_of(api, run)['id']}")
    return run


def assert_nothing_ran(page):
    assert page.evaluate("window.harm") is None
    assert page.locator("main script, main [onerror], main iframe, main object").count() == 0


def of(**properties):
    return {"type": "object", "properties": properties}


def test_names_descriptions_titles_and_values_are_text(page, api):
    harmful = {"title": HARM, "description": HARM, "default": HARM}
    schema = of(plain={"type": "string"} | harmful,
                few={"enum": [HARM, "b"]} | harmful,
                many={"enum": [HARM, *"abcdefgh"]} | harmful,
                **{HARM: {"type": "string"}},
                group={"type": "object", "title": HARM, "description": HARM,
                       "properties": {"a": {"type": "string"} | harmful}},
                union={"anyOf": [{"type": "string", "title": HARM}, {"type": "integer"}]})
    description = (f"{HARM}\n\n[link](javascript:window.harm=1) <a href='javascript:window.harm=1'>b</a>\n\n"
                   "<iframe src='/'></iframe><form action='/'><button>x</button></form>")
    run = ask(page, api, schema | {"title": HARM, "description": HARM}, description=description,
              name=HARM, flow=make_flow(api, f"{HARM}{time.time()}"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("<script>")
    expect(page.locator("#root_plain")).to_have_value(HARM)
    expect(page.locator(".prose")).to_contain_text("link")
    assert page.locator(".prose a[href*=javascript], .prose form, [href^=javascript]").count() == 0
    page.get_by_role("button", name="Answer with JSON").click()
    expect(page.get_by_label("Answer as JSON")).to_be_visible()
    assert_nothing_ran(page)
    send(page)
    expect(page.get_by_text("Answered.")).to_be_visible()
    open_page(page, "/")
    open_page(page, f"/runs/flow-run/{run['id']}")
    expect(page.locator("main")).to_contain_text("<script>")
    assert_nothing_ran(page)


def test_what_a_run_says_and_does_is_text(page, api):
    """Its log, its tasks, its states, what it is sent, and its parameters."""
    run = make_run(api, name=HARM, parameters={HARM: HARM}, tags=[HARM])
    set_state(api, run["id"], "RUNNING", name=HARM, message=HARM, force=True)
    at = {"flow_run_id": run["id"]}
    logs = [at | {"name": HARM, "level": 40, "message": HARM + line, "timestamp": "2026-01-01T00:00:00Z"}
            for line in ("", "\n<a href='javascript:window.harm=1'>b</a>", "\u202e\x1b[31mred")]
    task = at | {"name": HARM, "task_key": HARM, "dynamic_key": HARM, "task_inputs": {}}
    for path, body in (("/logs/", logs), ("/task_runs/", task),
                       (f"/flow_runs/{run['id']}/input", {"key": "a", "value": json.dumps(HARM)})):
        assert api.post(path, json=body).status_code in (200, 201), path
    for tab in ("", "tasks", "states", "messages", "parameters"):
        open_page(page, f"/runs/flow-run/{run['id']}?tab={tab}")
        expect(page.locator("main h2.unseen ~ *").filter(has_text="<script>").first).to_be_visible()
        assert page.locator("main [href^=javascript]").count() == 0
        assert_nothing_ran(page)
    open_page(page, f"/events?resource=prefect.flow-run.{run['id']}")
    page.locator(".event-name").first.click()
    expect(page.locator(".event-detail")).to_contain_text("<script>")
    open_page(page, "/runs")
    expect(page.locator("main")).to_contain_text("<script>")
    assert_nothing_ran(page)


def test_pictures_from_elsewhere_are_not_asked_for(page, api, troubles):
    troubles.allow("img-src")
    ask(page, api, of(), description="![spy](https://example.org/spy.png)")
    expect(page.locator(".prose img")).to_have_attribute("src", "https://example.org/spy.png")


def test_two_hundred_choices_are_a_list(page, api):
    ask(page, api, of(which={"type": "integer", "enum": list(range(200))}))
    field(page, "which").select_option("199")
    send(page)
    expect(page.get_by_text("Answered.")).to_be_visible()


CYCLE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
DOUBLING = of(x={"$ref": "#/$defs/a30"}) | {"$defs": {"a0": {"type": "string"}} | {
    f"a{i}": {"allOf": [{"$ref": f"#/$defs/a{i - 1}"}] * 2} for i in range(1, 31)}}
HUGE = of(**{f"field{i}": {"type": "string"} for i in range(501)})


@pytest.mark.parametrize("schema, why", [
    (HUGE, "more than 500 fields"),
    (DOUBLING, "more than 10,000 parts"),
    (of(x={"type": "object", "patternProperties": {"(": {}}}), "pattern for names"),
    ({"$ref": "#/$defs/node", "$defs": {"node": CYCLE}}, "contains itself"),
    ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
     "contains itself"),
    (of(x={"$ref": "https://example.org/schema.json"}), "elsewhere"),
    (of(x={"anyOf": [{"$ref": "#/$defs/gone"}, {"type": "string"}]}), "not there"),
    (json.loads('{"type": "object", "properties": {"__proto__": {"type": "string"}}}'), "__proto__"),
    (of(constructor={"type": "string"}), "constructor"),
], ids=["huge", "doubling", "names", "cycle", "loop", "remote", "missing", "proto", "constructor"])
def test_what_has_no_form_is_answered_as_json(page, api, schema, why):
    begun = time.monotonic()
    ask(page, api, schema)
    expect(page.get_by_text("There is no form for this")).to_contain_text(why)
    page.get_by_label("Answer as JSON").fill('{"x": "y"}')
    expect(page.get_by_role("button", name="Answer", exact=True)).to_be_enabled()
    assert time.monotonic() - begun < QUICK
    assert page.evaluate("({}).x === undefined && ({}).constructor === Object")


def test_a_tree_can_be_filled_in_as_deep_as_one_likes(page, api):
    node = of(name={"type": "string"}, next={"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]})
    run = ask(page, api, {"$ref": "#/$defs/node", "$defs": {"node": node}})
    page.locator("#root_name").fill("first")
    page.get_by_role("button", name="Fill in next").click()
    page.get_by_role("button", name="Fill in", exact=True).click()
    page.locator("#root_next_name").fill("second")
    send(page)
    expect(page.get_by_text("Answered.")).to_be_visible()
    assert request_of(api, run)["answer"] == {"name": "first", "next": {"name": "second"}}


@pytest.mark.parametrize("value", [
    {"type": "string", "pattern": "(a+)+$", "default": "a" * 60 + "!"},
    {"type": "string", "pattern": "a*a*a*a*a*b", "default": "a" * 5000},
    {"type": "string", "pattern": "(a|a)?" * 30 + "b", "default": "a" * 30},
    {"type": "string", "pattern": "a*a*a*b", "default": "a" * 900},
    {"type": "string", "pattern": "("},
    {"type": "array", "items": {"type": "string"}, "minItems": 10_000_000},
    {"type": "string", "minLength": -1, "maxLength": "x"},
    {"type": "nothing"},
    {"type": ["string", "integer", "object"]},
    {"type": "array"},
    {"enum": []},
    {"anyOf": []},
    True,
    {},
], ids=["slow", "slower", "optional", "three", "invalid", "many", "bounds", "type", "types", "items", "enum", "any", "true",
        "empty"])
def test_odd_schemas_break_nothing(page, api, value):
    begun = time.monotonic()
    ask(page, api, of(name={"type": "string"}, odd=value))
    field(page, "name").fill("Ada")
    page.get_by_role("button", name="Answer with JSON").click()
    expect(page.get_by_label("Answer as JSON")).to_have_value(re.compile("Ada"))
    assert time.monotonic() - begun < QUICK
