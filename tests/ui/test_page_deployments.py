"""The pages of deployments."""

import re

import pytest
from playwright.sync_api import expect

from harness.browser import DESKTOP, PHONE_DARK, layout_shift, lose_first_answer, open_page
from harness.deployments import make_deployment, read
from harness.flows import wait
from harness.objects import make_flow
from harness.runs import deployment_of

SCHEMA = {"type": "object", "required": ["source"], "properties": {
    "source": {"type": "string", "title": "Source", "minLength": 3},
    "count": {"type": "integer", "title": "Count", "minimum": 1, "default": 5}}}


def heading(page):
    return page.get_by_role("heading", level=1)


def listed(page):
    return page.get_by_role("list", name="Deployments").get_by_role("listitem")


def open_deployment(page, deployment):
    open_page(page, f"/deployments/deployment/{deployment['id']}")


def runs_of(api, deployment):
    return api.post("/flow_runs/filter", json={"deployments": {"id": {"any_": [deployment["id"]]}}}).json()


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], indirect=True, ids=str)
def test_a_served_flow_shows_up_and_is_run(page, api, start):
    open_page(page, "/deployments")
    start("tests/e2e/served")
    quick = listed(page).filter(has_text="quick")
    expect(quick).to_contain_text("served")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    quick.get_by_role("link").click()
    expect(heading(page)).to_have_text("test")
    page.get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile("/runs/flow-run/"))
    expect(heading(page)).to_contain_text("Completed")
    expect(page.get_by_role("log").get_by_text("done")).to_be_visible()


def test_parameters_of_a_run_are_checked_at_their_field(page, api, start):
    start("tests/e2e/served").expect("prints/test")
    open_deployment(page, deployment_of(api, "prints/test"))
    page.get_by_label("way").select_option(label="words")
    page.get_by_role("button", name="Run now").click()
    expect(heading(page)).to_contain_text("Completed")
    deployment = make_deployment(api, parameter_openapi_schema=SCHEMA, enforce_parameter_schema=True)
    open_deployment(page, deployment)
    page.get_by_label("Source").fill("a")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("must have at least 3 characters")).to_be_visible()
    page.get_by_label("Source").fill("attic")
    page.get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile("/runs/flow-run/"))
    [run] = runs_of(api, deployment)
    assert run["parameters"]["source"] == "attic"


def test_a_run_whose_answer_was_lost_is_made_once(page, api, troubles):
    troubles.allow_server_away()
    deployment = make_deployment(api, parameter_openapi_schema=SCHEMA)
    open_deployment(page, deployment)
    lose_first_answer(page, "**/create_flow_run")
    page.get_by_label("Source").fill("attic")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("alert").filter(has_text="The server cannot be reached")).to_be_visible()
    assert len(runs_of(api, deployment)) == 1
    page.get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile("/runs/flow-run/"))
    assert [run["id"] in page.url for run in runs_of(api, deployment)] == [True]


def test_parameters_with_more_digits_than_a_field_keeps_are_json(page, api):
    digits = '{"source": "attic", "ratio": 0.1234567890123456789}'
    deployment = make_deployment(api, parameter_openapi_schema=SCHEMA)
    reply = api.patch(f"/deployments/{deployment['id']}", content=f'{{"parameters": {digits}}}',
                      headers={"Content-Type": "application/json"})
    assert reply.status_code == 204, reply.text
    open_deployment(page, deployment)
    expect(page.get_by_text("There is no form for this")).to_contain_text("more digits")
    page.get_by_role("button", name="Run now").click()
    expect(page).to_have_url(re.compile("/runs/flow-run/"))
    [run] = runs_of(api, deployment)
    assert "0.1234567890123456789" in api.get(f"/flow_runs/{run['id']}").text


def test_schedules_are_switched(page, api):
    deployment = make_deployment(api, schedules=[
        {"schedule": {"interval": 3600}, "active": True},
        {"schedule": {"cron": "0 3 * * *", "timezone": "Europe/Berlin"}, "active": True}])
    open_deployment(page, deployment)
    upcoming = page.get_by_role("list", name="Next runs").get_by_role("listitem")
    expect(upcoming).to_have_count(5)
    expect(upcoming.first).to_contain_text("in ")
    page.get_by_role("switch", name="every 1 h: active").click()
    expect(page.get_by_role("switch", name="every 1 h: active")).not_to_be_checked()
    wait(lambda: [each["active"] for each in read(api, deployment)["schedules"]].count(False) == 1,
         "a schedule that is off")
    expect(page.get_by_role("switch", name="cron 0 3 * * * in Europe/Berlin")).to_be_checked()
    page.get_by_role("switch", name="every 1 h: active").click()
    wait(lambda: all(each["active"] for each in read(api, deployment)["schedules"]),
         "schedules that are on")


def test_a_deployment_is_paused(page, api):
    deployment = make_deployment(api, schedules=[{"schedule": {"interval": 3600}, "active": True}])
    open_deployment(page, deployment)
    pause = page.get_by_role("button", name="Pause")
    expect(pause).to_have_accessible_description(re.compile("make no more runs"))
    pause.click()
    expect(page.get_by_text("It is paused")).to_be_visible()
    assert read(api, deployment)["paused"]
    api.post(f"/deployments/{deployment['id']}/resume_deployment", json={})
    expect(page.get_by_text("It is paused")).to_have_count(0)  # as somebody else has done


def test_search_and_what_is_gone(page, api, troubles):
    troubles.allow("404")
    flow = make_flow(api, "searched")
    deployment = make_deployment(api, flow, name="needle", tags=["sharp"])
    open_page(page, "/deployments?text=needle")
    expect(listed(page)).to_have_count(1)
    expect(listed(page)).to_contain_text("sharp")
    expect(listed(page)).to_contain_text("searched")
    assert layout_shift(page) < 0.05
    page.get_by_label("Search").fill("haystack")
    page.get_by_role("button", name="Show all deployments").click()
    listed(page).filter(has_text="needle").get_by_role("link").click()
    expect(heading(page)).to_have_text("needle")
    api.delete(f"/deployments/{deployment['id']}")
    expect(page.get_by_role("heading", name="This deployment is not there.")).to_be_visible()
