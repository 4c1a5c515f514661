"""The web page in a real browser: Debian's Chromium, driven by Playwright."""

import re
import shutil
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import expect

SECONDS = 15  # until what a test waits for has to be there
NAMES = ("chromium", "chromium-browser", "google-chrome")

# Sums what moves without the reader having done anything, as browsers reckon it for
# https://web.dev/cls.
COUNT_SHIFTS = """
window.layoutShift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    if (!entry.hadRecentInput) window.layoutShift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""

expect.set_options(timeout=SECONDS * 1000)


@dataclass(frozen=True)
class Look:
    """How a reader sees the page."""

    name: str
    width: int
    height: int
    scheme: str  # "light" or "dark"
    is_phone: bool

    def __str__(self):
        return self.name

    def options(self):
        """Of a context of Playwright's."""
        return {"viewport": {"width": self.width, "height": self.height},
                "color_scheme": self.scheme, "is_mobile": self.is_phone, "has_touch": self.is_phone,
                "locale": "en-GB", "timezone_id": "Europe/Berlin", "reduced_motion": "reduce"}


DESKTOP = Look("desktop", 1280, 800, "light", False)
DESKTOP_DARK = Look("desktop-dark", 1280, 800, "dark", False)
PHONE = Look("phone", 390, 844, "light", True)
PHONE_DARK = Look("phone-dark", 390, 844, "dark", True)


def find_chromium():
    found = next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "There is no Chromium here; install it with: apt-get install chromium"
    return found


def launch(playwright):
    return playwright.chromium.launch(executable_path=find_chromium(),
                                      args=["--no-sandbox", "--disable-gpu"])


class Troubles:
    """What a page must not do: complain in its console (also of its content security policy), break,
    or ask anybody but its own server for anything. A test that brings such a thing about says so by
    allow()."""

    def __init__(self, server_url):
        self.host = urlsplit(server_url).netloc
        self.allowed = []
        self.found = []

    def watch(self, context):
        context.on("console", self._hear)
        context.on("weberror", lambda problem: self.found.append(f"broken: {problem.error}"))
        context.on("request", lambda request: self._judge(request.url))
        context.on("requestfailed", self._forget_unsent)
        context.on("page", lambda page: page.on("websocket", lambda socket: self._judge(socket.url)))

    def allow(self, *patterns):
        self.allowed += patterns

    def allow_server_away(self):
        self.allow("ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET",
                   "WebSocket connection to .* failed")

    def check(self):
        left = [text for text in self.found
                if not any(re.search(pattern, text) for pattern in self.allowed)]
        assert not left, "the page is in trouble:\n" + "\n".join(left)

    def _hear(self, message):
        if message.type in ("error", "warning"):
            self.found.append(f"console: {message.text} ({message.location.get('url')})")

    def _judge(self, url):
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self.host:
            self.found.append(self._elsewhere(url))

    def _forget_unsent(self, request):
        """The browser tells of those too that the page's policy has stopped."""
        if request.failure == "csp" and self._elsewhere(request.url) in self.found:
            self.found.remove(self._elsewhere(request.url))

    def _elsewhere(self, url):
        return f"a request to elsewhere: {url}"


def new_context(browser, server_url, look, troubles, **options):
    context = browser.new_context(base_url=server_url, **look.options(), **options)
    context.set_default_timeout(SECONDS * 1000)
    context.add_init_script(COUNT_SHIFTS)
    troubles.watch(context)
    return context


def lose_first_answer(page, address):
    """The first request to such an address is done, but its answer does not reach the page."""
    lost = []

    def handle(route):
        if lost:
            return route.fallback()
        lost.append(route.fetch())
        route.abort("connectionreset")

    page.route(address, handle)


def labelled(label):
    """Also where a star says that an answer is needed."""
    return re.compile(rf"^{re.escape(label)}\s*\*?$")


def field(page, label):
    """The control of a form with this label."""
    return page.locator("form.form").get_by_label(labelled(label))


def send(page):
    page.get_by_role("button", name="Answer", exact=True).click()


def layout_shift(page):
    return page.evaluate("window.layoutShift")


def open_page(page, address):
    """Goes there, and waits until the page hears from its server of what changes."""
    page.goto(address)
    expect(page.locator(".connection-online")).to_be_visible()
