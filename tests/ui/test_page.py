"""What holds for the whole page."""

from playwright.sync_api import expect

from harness.browser import layout_shift, open_page


def test_the_page_opens(page):
    open_page(page, "/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
    assert layout_shift(page) < 0.05
