"""The board on a wall, measured: letters to be read from five metres, contrast, and that nothing is cut off."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import Hall
from tests.browser.measures import CONTRASTS, TEXTS
from tests.builders import VILLAGE
from tests.village_node.web.errands import done
from tests.village_node.web.test_filing import held

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SCREENS = (ViewportSize(width=1920, height=1080), ViewportSize(width=3840, height=1080))
# What does not fit where it stands: a part from top to bottom, a line from left to right.
CUT = """() => [
    ...[...document.querySelectorAll('body, main, section')].filter((each) => each.scrollHeight > each.clientHeight),
    ...[...document.querySelectorAll('body, h1, header p, .wall-called p, .number, footer')]
      .filter((each) => each.scrollWidth > each.clientWidth),
  ].map((each) => each.outerHTML.slice(0, 90))"""


def filled(hall: Hall) -> str:
    """A village with more cases than a wall has room for, one of them settled, and nobody called; the settled one."""
    counter = hall.counters[VILLAGE]
    agent, head = counter.sign_in("0001", "agent"), counter.sign_in("0002", "head")
    for item_no in ("001", "016", "007", "012", "013", "040"):
        path = agent.file(item_no)
    done(agent, path, "docket")
    done(head, path, "decide", outcome="approve")
    hall.network.clock.now_ms += 86_400_000
    return held(counter, path).case_no


def measure(page: Page, size: ViewportSize) -> None:
    texts, contrasts = page.evaluate(TEXTS), page.evaluate(CONTRASTS)
    assert len(texts) > 10 and [each for each in texts if each[0] < 48] == [], size
    assert len(contrasts) > 10 and [each for each in contrasts if each[0] < 7] == [], size
    assert page.evaluate(CUT) == [], size
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


@pytest.mark.slow
def test_a_wall_is_read_from_five_metres_on_one_screen_and_on_two(hall: Hall) -> None:
    settled = filled(hall)
    pages = [hall.page(viewport=size) for size in SCREENS]
    for page, size in zip(pages, SCREENS, strict=True):
        page.goto("/wall")
        expect(page.get_by_role("heading", name="最近办结").locator("xpath=..")).to_contain_text(settled)
        measure(page, size)
    clerk = hall.counters[VILLAGE].sign_in("0003", "agent")
    for _ in range(6):
        clerk.send("/turns/draw", {"draw_item": "", "draw_window": ""})
    for window in range(1, 5):
        clerk.send("/turns/call", {"window": f"{window}号窗口"})
    for page, size in zip(pages, SCREENS, strict=True):
        page.goto("/wall")
        expect(page.locator(".wall-called")).to_contain_text("等候 2 人")
        assert page.locator(".wall-called p").first.evaluate("each => parseFloat(getComputedStyle(each).fontSize)") > 96
        measure(page, size)
    pages[0].evaluate("() => { document.querySelector('footer').style.cssText = 'color: #555; font-size: 20px' }")
    with pytest.raises(AssertionError):
        measure(pages[0], SCREENS[0])


def test_a_wall_renews_itself_without_scripts(hall: Hall) -> None:
    page = hall.page(viewport=SCREENS[0], java_script_enabled=False)
    page.route(
        "**/wall",
        lambda route: route.fulfill(
            response=(got := route.fetch()), headers={**got.headers, "refresh": str(int(got.headers["refresh"]) // 15)}
        ),
    )
    page.goto("/wall")
    expect(page.locator("main")).not_to_contain_text("A001")
    agent = hall.counters[VILLAGE].sign_in("0001", "agent")
    agent.send("/turns/draw", {"draw_item": "", "draw_window": ""})
    agent.send("/turns/call", {"window": "1号窗口"})
    expect(page.locator("main")).to_contain_text("A001")
