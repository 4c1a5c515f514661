#!/usr/bin/env python3
"""Makes the pictures of the web page in docs/images/: see script/screenshots."""

import tempfile
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from harness.asking import inbox, pause
from harness.browser import DESKTOP, Troubles, launch, new_context, open_page
from harness.flows import Process, wait
from harness.objects import make_flow
from harness.server import ROOT, Server

IMAGES = ROOT / "docs/images"
LOOK = replace(DESKTOP, width=960, height=380)

# What else waits beside the flow of script/demo.
OTHERS = (
    ("nightly-import", "silver-oboe", "Which of the **42** new records shall be kept?", 280),
    ("onboarding", "brave-viola", "# A new customer\n\nPlease check the address.", 5400),
    ("backups", "calm-cello", "Delete what is older than a year?", 90000),
)


def shoot(page, address, name):
    open_page(page, address)
    expect(page.locator("main h1").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png", full_page=True)


def main():
    with (tempfile.TemporaryDirectory() as directory, Server(directory) as server,
          Process(server, Path(directory) / "flow.log", "examples/demo") as demo,
          sync_playwright() as playwright):
        for flow, name, description, seconds in OTHERS:
            pause(server.api, flow=make_flow(server.api, flow), name=name, description=description,
                  seconds=seconds)
        run = demo.run()
        request = wait(lambda: next((request for request in inbox(server.api)
                                     if request["flow_run_id"] == run["id"] and request["schema"]), None),
                       "a question")
        troubles = Troubles(server.url)
        browser = launch(playwright)
        page = new_context(browser, server.url, LOOK, troubles).new_page()
        shoot(page, "/", "web-inbox")
        shoot(page, f"/requests/{request['id']}", "web")
        browser.close()
        troubles.check()


if __name__ == "__main__":
    main()
