"""In English and in large print no page is wider than a phone: its words are longer than ours."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Hall
from tests.builders import TOWNSHIP, VILLAGE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
OVER = "() => [document.documentElement.scrollWidth, innerWidth]"


def test_long_english_words_break_on_a_phone_in_large_print(hall: Hall) -> None:
    ref = hall.network.members[VILLAGE].file()
    page = hall.page(VILLAGE, PHONE)
    page.goto("/items")
    for button in ("大字版", "English"):
        page.get_by_role("button", name=button).click()
    expect(page.locator("html.big[lang=en]")).to_have_count(1)
    paths = ("/", "/items", "/items/001", "/items/013", "/query", "/query/complaint", "/book", f"/q/{ref.query_code}")
    for path in paths:
        page.goto(path)
        width, window = page.evaluate(OVER)
        assert width <= window, path


def test_the_newest_days_of_a_chart_are_in_sight_on_a_phone(hall: Hall) -> None:
    head = hall.staff(TOWNSHIP, "0101", "head", viewport=PHONE)
    head.goto("/overview")
    box, drawn = head.locator(".chart").bounding_box(), head.locator(".flow-chart").bounding_box()
    assert box is not None and drawn is not None
    assert drawn["width"] > box["width"], "it is wider than the phone"
    assert abs(drawn["x"] + drawn["width"] - box["x"] - box["width"]) < 2, "its end stands at the right"
