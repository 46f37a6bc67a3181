"""The bar at the top of a page, for somebody with every role of a place: one row, whole, in both languages."""

import pytest
from playwright.sync_api import Page, expect

from sync_protocol.case.powers import ROLES
from tests.browser.conftest import DESK, PHONE, Hall
from tests.browser.measures import OFFICES, TARGETS, VILLAGERS
from tests.builders import COUNTY, TOWNSHIP, VILLAGE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Where the parts of the bar stand, and whether one lies upon another or is cut off.
PARTS = """() => {
  const parts = [...document.querySelectorAll('.top .brand, .top .doors a, .top .tool')]
    .map(each => [each.textContent.trim().replace(/\\s+/g, ' '), each.getBoundingClientRect()]);
  const apart = (a, b) => a.right <= b.left + .5 || b.right <= a.left + .5 || a.bottom <= b.top || b.bottom <= a.top;
  const upon = parts.flatMap(([name, box], n) =>
    parts.slice(n + 1).filter(each => !apart(box, each[1])).map(each => `${name} upon ${each[0]}`));
  const cut = parts.filter(([, box]) => box.left < 0 || box.right > innerWidth || box.width < 20).map(each => each[0]);
  const middles = parts.map(([, box]) => Math.round((box.top + box.bottom) / 2));
  return {names: parts.map(each => each[0]), upon, cut, rows: Math.max(...middles) - Math.min(...middles)};
}"""


def in_order(page: Page) -> list[str]:
    """The bar is one row, and nothing in it lies upon another thing; what it holds."""
    found = page.evaluate(PARTS)
    assert (found["upon"], found["cut"]) == ([], [])
    assert found["rows"] < 12, f"more than one row: {found['names']}"
    top, strip, main = (page.locator(each).first.bounding_box() for each in (".top", ".sync-strip", "main"))
    assert top and strip and main
    assert top["y"] + top["height"] <= strip["y"] and strip["y"] + strip["height"] <= main["y"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return list(found["names"])


@pytest.mark.slow
@pytest.mark.parametrize(("place", "level"), [(VILLAGE, "village"), (TOWNSHIP, "township"), (COUNTY, "county")])
def test_the_bar_of_who_has_every_role_is_one_row_in_both_languages(hall: Hall, place: str, level: str) -> None:
    roles = [role for role, at in ROLES if at == level]
    page = hall.staff(place, "0001", *roles, name="欧阳建国")
    target = VILLAGERS[1] if level == "village" else OFFICES[1]
    assert page.viewport_size == DESK
    for language, way_out in (("English", "Sign out"), ("中文", "退出")):
        page.goto("/account")
        page.get_by_role("button", name=language).click()
        expect(page.get_by_role("button", name=way_out)).to_be_visible()
        assert len(in_order(page)) > 9
        assert [each for each in page.evaluate(TARGETS) if each[0] < target] == [], language
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), language
        page.set_viewport_size(DESK)
    assert hall.complaints == []
