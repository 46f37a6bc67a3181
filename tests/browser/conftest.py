"""Three nodes served on loopback, and browsers of people who work at them."""

import logging
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, ViewportSize, expect, sync_playwright
from werkzeug.serving import make_server

from tests import builders, postgresql
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.counter import PASSWORD, Counter, everywhere, open_counter
from township_node import web as township_pages
from village_node.web.filing_steps import COOKIE, WHOLE

DESK = ViewportSize(width=1366, height=768)
PHONE = ViewportSize(width=390, height=844)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--force-color-profile=srgb",
]  # fmt: skip
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
NOON_MS = 1_795_000_000_000
expect.set_options(timeout=30_000)


@dataclass
class Hall:
    """All three levels, each served at an address of its own, and what browsers said while they were there."""

    network: Network
    counters: dict[str, Counter]
    urls: dict[str, str]
    browser: Browser
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    asked: dict[Page, Request] = field(default_factory=dict)  # what each window asked for the page it shows with

    def page(self, place: str = VILLAGE, viewport: ViewportSize | None = None, **options: Any) -> Page:
        """A fresh browser window at a node, with its own cookies; everything it asks for is noted."""
        context = self.browser.new_context(
            base_url=self.urls[place], viewport=viewport or DESK, locale="zh-CN", **options
        )
        self.contexts.append(context)
        context.on("request", lambda request: self.requests.append(request.url))
        page = context.new_page()
        page.on("request", lambda request: self._ask(page, request))
        page.set_default_timeout(45_000)  # a busy machine is no reason to fail
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _ask(self, page: Page, request: Request) -> None:
        if request.is_navigation_request() and request.frame == page.main_frame:
            self.asked[page] = request

    def _note(self, kind: str, text: str) -> None:
        # The status of an answer we mean to give (422, 404) is no fault of the page.
        if kind in ("error", "warning") and "the server responded with a status of" not in text:
            self.complaints.append(text)

    def staff(
        self, place: str, staff_no: str, *roles: str, name: str = "王芳", form: str = WHOLE, **options: Any
    ) -> Page:
        """Somebody who has signed in for the first time, and sees the form of an application in this way. The form is
        sent for them: how they fill it in themselves is told where that is the story."""
        counter = self.counters[place]
        visitor = counter.visitor()
        code = counter.accounts.create_invitation(staff_no, name, roles)
        typed = {"staff_no": staff_no, "code": code, "password": PASSWORD, "again": PASSWORD}
        answer = visitor.send("/first-sign-in", typed)
        assert answer.status_code == 303, answer.text
        session = SimpleCookie(answer.headers["Set-Cookie"])
        page = self.page(place, **options)
        known = {COOKIE: form} | {key: morsel.value for key, morsel in session.items()}
        page.context.add_cookies([{"name": key, "value": known[key], "url": self.urls[place]} for key in known])
        page.goto(answer.headers["Location"])
        page.get_by_role("button", name="退出").wait_for()
        return page

    def exchange(self) -> None:
        """Let all levels exchange, a minute later."""
        self.network.clock.now_ms += 60_000
        everywhere(self.network)


def press(page: Page, name: str, *, exact: bool = False) -> None:
    """Press a button, and have the page that it leads to: the click alone may end while the old one still stands."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=exact).click()


def vouched(page: Page) -> None:
    """The password once more, as an act asks for it."""
    expect(page.get_by_role("heading", name="请再输入一次密码")).to_be_visible()
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="确认并继续").click()


@pytest.fixture(scope="session", autouse=True)
def settled() -> Iterator[None]:
    """A click or a key ends when the page that it leads to stands whole: Playwright waits until that has begun, and on
    a busy machine the next line of a test would look at half of it."""
    click, key = Locator.click, Locator.press

    def clicked(self: Locator, **options: Any) -> None:
        click(self, **options)
        self.page.wait_for_load_state()

    def pressed(self: Locator, which: str, **options: Any) -> None:
        key(self, which, **options)
        self.page.wait_for_load_state()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Locator, "click", clicked)
        patch.setattr(Locator, "press", pressed)
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window where it can be had so; Playwright's own is never downloaded."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    if sys.platform == "linux" and find_library("atomic") is None:
        pytest.skip("libatomic1, with which Playwright's driver is linked, is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def open_hall(chromium: Browser) -> Iterator[Hall]:
    """Three nodes, nothing filed yet; their servers, windows and databases end with the block."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="sanji-", dir=postgresql.memory()) as made:
        folder = Path(made)
        network = builders.network(folder)
        network.clock.now_ms = NOON_MS
        counters, urls, servers = {}, {}, []
        for place in (VILLAGE, TOWNSHIP, COUNTY):
            more = township_pages.register if place != VILLAGE else lambda app: None
            # One person works at several windows here: what one session at a window means is a story of its own.
            counters[place] = open_counter(network.members[place], folder, more=more, one_session=())
            server = make_server("127.0.0.1", 0, counters[place].app, threaded=True)
            urls[place] = f"http://127.0.0.1:{server.server_port}"
            threading.Thread(target=server.serve_forever, daemon=True).start()
            servers.append(server)
        hall = Hall(network, counters, urls, chromium)
        yield hall
        for context in hall.contexts:
            context.close()
        for server in servers:
            server.shutdown()
            server.server_close()
        network.close()


@pytest.fixture
def hall(chromium: Browser) -> Iterator[Hall]:
    """Three nodes of the test's own."""
    with open_hall(chromium) as opened:
        yield opened
