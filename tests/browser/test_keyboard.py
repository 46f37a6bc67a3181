"""A resident's whole way by keyboard alone: ask, rate, complain, go back; what has the focus is always seen."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Hall
from tests.browser.measures import COLOURS
from tests.browser.test_kiosk import rateable
from tests.builders import TOWNSHIP, VILLAGE
from tests.village_node.web.test_filing import held

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# Of what has the focus: what it is called, and the outline, its own or that of the label around it: how wide it is, and
# its contrast to what it lies upon (WCAG 2.1, 1.4.11).
FOCUS = f"""() => {{{COLOURS}
  const element = document.activeElement;
  const seen = element.closest('label.grade') || element;
  const style = getComputedStyle(seen), box = seen.getBoundingClientRect();
  const ring = style.outlineStyle !== 'none' ? parseFloat(style.outlineWidth) : 0;
  const clear = contrast(style.outlineColor, behind(parseFloat(style.outlineOffset) < 0 ? seen : seen.parentElement));
  const inside = box.bottom > 0 && box.top < innerHeight && box.width > 0;
  const name = element.ariaLabel || element.labels?.[0]?.textContent || element.textContent;
  return {{tag: element.tagName, name: name.trim().replace(/\\s+/g, ' '), ring, clear, inside}};
}}"""
MOST_STEPS = 60


def to(page: Page, name: str, tag: str = "", key: str = "Tab") -> None:
    """Go on with the tabulator until what is called so has the focus; each step is seen. AssertionError if none is."""
    page.wait_for_load_state()
    passed = []
    for _ in range(MOST_STEPS):
        page.keyboard.press(key)
        focus = page.evaluate(FOCUS)
        if focus["tag"] == "BODY":
            continue
        passed.append(focus["name"])
        assert focus["ring"] >= 2 and focus["clear"] >= 3 and focus["inside"], f"nobody sees where he is: {focus}"
        if name in focus["name"] and tag.upper() in ("", focus["tag"]):
            return
    raise AssertionError(f"{name} is not reached: {passed}")


def typed(page: Page, label: str, text: str) -> None:
    to(page, label)
    page.keyboard.type(text)


WINDOWS = [
    pytest.param(None, True, id="desk"),
    pytest.param(PHONE, True, id="phone"),
    pytest.param(None, False, id="desk, no scripts"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("viewport", "scripts"), WINDOWS)
def test_a_resident_asks_rates_complains_and_goes_back_without_touching_a_mouse(hall: Hall, viewport, scripts) -> None:
    hall.counters[TOWNSHIP].sign_in("0103", "head").send("/complaints/open", {})
    hall.exchange()
    _, path, number, code = rateable(hall)
    page = hall.page(viewport=viewport, java_script_enabled=scripts)
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["name"] == "跳到正文", "the first step leads past the head of the page"
    page.keyboard.press("Enter")
    to(page, "查我的办件", "a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="查我的办件")).to_be_visible()
    typed(page, "收件编号", number)
    typed(page, "查询码", code[:6])
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(number)

    to(page, "非常满意", "input")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("不满意", exact=True)).to_be_checked()
    to(page, "提交评价", "button")
    page.keyboard.press("Enter")
    expect(page.locator("#e-text")).to_contain_text("哪里不满意")
    expect(page.get_by_label("不满意", exact=True)).to_be_checked()
    typed(page, "想说的话", "等了一上午")
    to(page, "提交评价", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="您的评价已经记下")).to_be_visible()
    rating = held(hall.counters[VILLAGE], path).ratings[1]
    assert rating.body == {"grade": "poor", "stage": 1, "text": "等了一上午", "channel": "screen"}

    to(page, "在这里投诉", "a")
    page.keyboard.press("Enter")
    expect(page.get_by_label("收件编号")).to_have_value(number)
    typed(page, "查询码", code[:6])
    typed(page, "投诉谁", "王芳")
    typed(page, "什么事", "让我跑了三趟")
    to(page, "提交并封存", "button")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="投诉受理回执")).to_be_visible()
    to(page, "已抄下", "a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="查我的办件")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text(number)
    to(page, "收件编号")
    to(page, "大字版", "button", key="Shift+Tab")
    assert hall.complaints == []


def test_the_measure_notices_a_focus_that_nobody_sees(hall: Hall) -> None:
    page = hall.page()
    page.goto("/query")
    page.evaluate("() => { for (const each of document.querySelectorAll('a')) each.style.outline = 'none'; }")
    with pytest.raises(AssertionError, match="nobody sees"):
        to(page, "收件编号")
