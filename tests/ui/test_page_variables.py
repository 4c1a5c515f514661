"""The page of variables."""

import json

import pytest
from playwright.sync_api import expect

from harness.browser import DESKTOP, PHONE, open_page

DIGITS = '{"whole": 9007199254740993, "part": 0.1234567890123456789}'


def row(page, name):
    return page.get_by_role("list", name="Variables").get_by_role("listitem").filter(has_text=name)


def make_variable(api, name, value):
    reply = api.post("/variables/", content=f'{{"name": "{name}", "value": {value}}}',
                     headers={"Content-Type": "application/json"})
    assert reply.status_code == 201, reply.text
    return reply.json()


def text_of(api, name):
    return api.get(f"/variables/name/{name}").text


@pytest.mark.parametrize("look", [DESKTOP, PHONE], indirect=True, ids=str)
def test_a_variable_from_its_begin_to_its_end(page, api):
    open_page(page, "/variables")
    page.get_by_role("button", name="New variable").click()
    name, value = page.get_by_label("Name", exact=True), page.get_by_label("Value, as JSON")
    name.fill("My Name")
    expect(name).to_have_accessible_description("lower-case letters, digits, dashes and underscores only")
    name.fill("greeting")
    value.fill("hello")
    expect(page.get_by_text("A text stands between quotes.")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    value.fill('"hello"')
    page.get_by_role("button", name="Save").click()
    expect(row(page, "greeting")).to_contain_text('"hello"')
    page.get_by_role("button", name="Edit greeting").click()
    page.get_by_label("Value, as JSON").fill("[1, 2]")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "greeting").locator("code")).to_contain_text("[1,2]")
    assert json.loads(text_of(api, "greeting"))["value"] == [1, 2]
    page.get_by_role("button", name="Delete greeting").click()
    expect(page.get_by_role("dialog")).to_contain_text("cannot be brought back")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row(page, "greeting")).to_have_count(0)
    assert api.get("/variables/name/greeting").status_code == 404


def test_numbers_keep_their_digits(page, api):
    make_variable(api, "digits", DIGITS)
    open_page(page, "/variables?text=digits")
    expect(row(page, "digits")).to_contain_text("9007199254740993")
    page.get_by_role("button", name="Edit digits").click()
    value = page.get_by_label("Value, as JSON")
    value.fill(value.input_value().replace("9007199254740993", "9007199254740995"))
    page.get_by_role("button", name="Save").click()
    expect(row(page, "digits").locator("code")).to_contain_text("9007199254740995")
    assert "9007199254740995" in text_of(api, "digits")
    assert "0.1234567890123456789" in text_of(api, "digits")


def test_what_others_change_shows_up(page, api):
    open_page(page, "/variables")
    variable = make_variable(api, "shared", "1")
    expect(row(page, "shared")).to_be_visible()
    page.get_by_role("button", name="Edit shared").click()
    api.patch(f"/variables/{variable['id']}", json={"value": "theirs"})
    expect(page.get_by_text("Somebody has changed it meanwhile")).to_contain_text('"theirs"')
    expect(page.get_by_label("Value, as JSON")).to_have_value("1")
    page.get_by_role("button", name="Leave it").click()
    api.delete("/variables/name/shared")
    expect(row(page, "shared")).to_have_count(0)


def test_what_is_being_edited_stays_whatever_happens_to_the_list(page, api, troubles):
    troubles.allow("404")
    variable = make_variable(api, "kept", "1")
    make_variable(api, "other", "2")
    open_page(page, "/variables")
    page.get_by_role("button", name="Edit kept").click()
    expect(page.get_by_role("button", name="Edit kept")).to_be_disabled()
    value = page.get_by_label("Value, as JSON")
    value.fill("[1, 2, 3]")
    page.get_by_label("Search").fill("other")
    expect(row(page, "other")).to_be_visible()
    expect(value).to_have_value("[1, 2, 3]")
    page.get_by_label("Search").fill("")
    api.patch(f"/variables/{variable['id']}", json={"value": "theirs"})
    expect(page.get_by_text("Somebody has changed it meanwhile")).to_be_visible()
    api.delete("/variables/name/kept")
    expect(page.get_by_text("Somebody has deleted it meanwhile. Saving makes it anew.")).to_be_visible()
    expect(value).to_have_value("[1, 2, 3]")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "kept").locator("code")).to_contain_text("[1,2,3]")
    expect(value).to_have_count(0)
    assert json.loads(text_of(api, "kept"))["value"] == [1, 2, 3]
    page.get_by_role("button", name="Edit kept").click()
    value.fill("4")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "kept").locator("code")).to_contain_text("4")
    page.get_by_role("button", name="Edit kept").click()
    expect(value).to_have_value("4")
    expect(page.get_by_text("meanwhile")).to_have_count(0)


def test_a_name_that_is_taken(page, api, troubles):
    troubles.allow("409")
    make_variable(api, "taken", "1")
    open_page(page, "/variables")
    page.get_by_role("button", name="New variable").click()
    page.get_by_label("Name", exact=True).fill("taken")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("already exists")
    expect(page.get_by_label("Name", exact=True)).to_have_value("taken")
