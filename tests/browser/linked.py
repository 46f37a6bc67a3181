"""A county served on loopback whose nodes reach one another over lines, for the stories of whole days."""

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests import postgresql
from tests.asking import Lines, over_lines
from tests.browser.conftest import DESK, NOON_MS, PHONE, Hall
from tests.browser.measures import OFFICES, TARGETS, TEXTS, VILLAGERS
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.sync_protocol.case.year_2026 import CALENDAR
from tests.village_node.web.counter import PASSWORD, Counter, Visitor
from tests.village_node.web.errands import AtHand
from village_node.uplink import Timeouts
from village_node.web.site import SITE

DAY_MS = 86_400_000
LOOKED_AT = os.environ.get("SANJI_STORIES", "")  # a folder for pictures of the stories, for who wants to look
PATIENT = Timeouts(2.0, 30.0, 60.0)  # so long a call over a line that has died stands, and pages stand meanwhile
LEVELS = (COUNTY, TOWNSHIP, VILLAGE)


@dataclass(kw_only=True)
class Linked(Hall):
    """A hall whose nodes exchange by HTTP, each with the one above it, over a line that may be made a bad one."""

    lines: Lines

    def exchange(self) -> None:
        """Each level exchanges with the one above it, a minute later."""
        self.network.clock.now_ms += 60_000
        self.lines.settle()

    def later(self, days: int) -> None:
        """So many days go by, which ends every session; and the levels exchange."""
        self.network.clock.now_ms += days * DAY_MS
        self.exchange()

    def at_work(self, place: str, staff_no: str, *roles: str, name: str = "王芳") -> Visitor:
        """Somebody whose part of the story no window shows."""
        return self.counters[place].sign_in(staff_no, *roles, name=name)

    def held_together(self) -> None:
        """No request has left the machine, and no page complained. AssertionError otherwise."""
        assert self.complaints == []
        own = tuple(f"{url}/" for url in self.urls.values())
        assert self.requests and [url for url in self.requests if not url.startswith(own)] == []


def county_served(network: Network, counters: dict[str, Counter]) -> None:
    """It is a day of 2026 whose arrangement is known, and the press is at hand."""
    network.clock.now_ms = NOON_MS
    for counter in counters.values():
        counter.app.extensions[SITE].printer = AtHand()
        counter.member.casebook.own_calendar = CALENDAR
        counter.member.casebook.calendar_kept = None


@contextmanager
def open_linked(chromium: Browser, codes: Sequence[str] = LEVELS) -> Iterator[Linked]:
    """Nodes at these places that have met, nothing filed yet; all that runs ends with the block."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with (
        tempfile.TemporaryDirectory(prefix="sanji-", dir=postgresql.memory()) as made,
        over_lines(Path(made), *codes, timeouts=PATIENT) as lines,
    ):
        counters = dict(lines.counters)
        for code, uplink in lines.uplinks.items():
            counters[code].line = uplink
        county_served(lines.built, counters)
        hall = Linked(lines.built, counters, dict(lines.urls), chromium, lines=lines)
        hall.exchange()
        try:
            yield hall
        finally:
            for context in hall.contexts:
                context.close()


def again(page: Page, staff_no: str) -> None:
    """Somebody whose session has ended signs in again, by the keyboard, and their window is as before."""
    page.goto("/sign-in")
    page.get_by_label("工号").focus()
    page.keyboard.type(staff_no)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="退出")).to_be_visible()


def panel(page: Page, name: str) -> Locator:
    """The part of a page under this heading."""
    return page.get_by_role("region", name=name)


def seen(page: Page, name: str) -> None:
    """A page that matters in a story, at the desk and on a phone, as that story has filled it: one heading, letters and
    targets as large as `test_faces` has them, and nothing wider than the window. `name`: what it is called where it
    fails, and its picture."""
    page.wait_for_load_state()
    before = page.viewport_size
    assert before is not None and page.locator("h1").count() == 1, name
    letters, target, _ = OFFICES if page.locator("html.face-staff").count() else VILLAGERS
    for window in (DESK, PHONE):
        page.set_viewport_size(window)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, window)
        assert [each for each in page.evaluate(TEXTS) if each[0] < letters] == [], name
        assert [each for each in page.evaluate(TARGETS) if each[0] < target] == [], name
        if LOOKED_AT:
            page.screenshot(path=Path(LOOKED_AT) / f"{name}-{window['width']}.png", full_page=True)
    page.set_viewport_size(before)
