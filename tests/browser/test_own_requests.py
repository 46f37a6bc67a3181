"""An applicant alone, on a telephone and at a screen in a hall: asks to withdraw, and revokes who acts for him."""

from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Error, Page, ViewportSize, expect

from tests.browser.conftest import PHONE, Hall
from tests.browser.test_keyboard import to, typed
from tests.browser.test_kiosk import look_up
from tests.builders import TOWNSHIP, VILLAGE
from tests.village_node.web.counter import CARD, Counter, Visitor
from tests.village_node.web.errands import chosen, done, handed_up
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_proxies import PROXY
from village_node.web import times

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SCREEN = ViewportSize(width=1080, height=1440)  # a screen that stands upright in a hall
WINDOWS = [
    pytest.param(PHONE, True, "", id="phone"),
    pytest.param(PHONE, False, "", id="phone, no scripts"),
    pytest.param(SCREEN, True, "/kiosk", id="hall"),
    pytest.param(SCREEN, False, "/kiosk", id="hall, no scripts"),
]


def at_the_township(hall: Hall) -> tuple[Visitor, Visitor, str]:
    """The agent, the township's clerk, and a case of somebody for whom another acts, which the township has."""
    agent = hall.counters[VILLAGE].sign_in("0001", "agent")
    clerk = hall.counters[TOWNSHIP].sign_in("0101", "clerk", "reviewer")
    path = handed_up(hall.network, agent, clerk, agent.file("001", **PROXY))
    hall.exchange()
    return agent, clerk, path


def opened(page: Page, kiosk: str, counter: Counter, path: str) -> tuple[str, str]:
    """The page of the case by number and code, which are returned."""
    case = held(counter, path)
    if kiosk:
        page.goto(kiosk)
    look_up(page, case.case_no, case.query_code[:6])
    return case.case_no, case.query_code[:6]


def asked(page: Page, name: str, code: str, card: str, reason: str = "") -> None:
    """Go to a page of one's own requests by its button, fill it in without a mouse and send it."""
    with page.expect_navigation():
        to(page, name, "button")
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    typed(page, "查询码", code)
    typed(page, "申请人身份证号后四位", card)
    typed(page, "理由", reason)
    with page.expect_navigation():
        to(page, name, "button")
        page.keyboard.press("Enter")


@pytest.mark.slow
@pytest.mark.parametrize(("viewport", "scripts", "kiosk"), WINDOWS)
def test_an_applicant_asks_to_withdraw_and_revokes_by_keyboard_alone(
    hall: Hall, viewport: Any, scripts: bool, kiosk: str
) -> None:
    agent, clerk, path = at_the_township(hall)
    village = hall.counters[VILLAGE]
    page = hall.page(viewport=viewport, java_script_enabled=scripts)
    number, code = opened(page, kiosk, village, path)
    asked(page, "请求撤回", code, "1234", "不办了")
    expect(page.get_by_role("alert")).to_contain_text("没有对上")
    expect(page.get_by_label("理由")).to_have_value("不办了")
    expect(page.get_by_label("收件编号")).to_have_value(number)
    expect(page.get_by_label("申请人身份证号后四位")).to_have_value("")
    page.get_by_label("申请人身份证号后四位").fill(CARD[-4:])
    with page.expect_navigation():
        page.get_by_role("button", name="请求撤回").click()
    expect(page.get_by_role("status").filter(has_text="已经记下")).to_contain_text("等 驿马镇 答复")
    expect(page.get_by_role("button", name="请求撤回")).to_have_count(0)
    asked(page, "撤销委托", code, CARD[-4:])
    expect(page.get_by_role("status").filter(has_text="委托已于")).to_contain_text("王*不能再代您领取")
    expect(page.locator("body")).not_to_contain_text("张秀兰")
    assert held(village, path).proxy == {} and len(held(village, path).open_withdrawals) == 1
    hall.exchange()
    assert "申请撤回" in clerk.open("/work?view=supplies").text and "委托已撤销" in agent.open(path).text
    [request] = chosen(clerk.open(path).text, "answer", "request")
    done(clerk, path, "answer", request=request, granted="yes")
    hall.exchange()
    look_up(page, number, code)
    expect(page.locator("main")).to_contain_text("驿马镇")
    expect(page.locator("main")).to_contain_text("记下同意，已撤回")
    assert hall.complaints == [] and all(each.startswith(tuple(hall.urls.values())) for each in hall.requests)


@pytest.mark.slow
def test_what_is_typed_in_a_hall_and_left_goes_away(hall: Hall) -> None:
    _, _, path = at_the_township(hall)
    page = hall.page(viewport=SCREEN)
    page.clock.install()
    number, _ = opened(page, "/kiosk", hall.counters[VILLAGE], path)
    for name in ("请求撤回", "撤销委托"):
        look_up(page, number, held(hall.counters[VILLAGE], path).query_code[:6])
        page.get_by_role("button", name=name).click()
        page.get_by_label("申请人身份证号后四位").fill(CARD[-4:])
        page.clock.fast_forward(2 * times.MINUTE_MS + 1_000)
        expect(page.get_by_role("heading", name="查我的办件")).to_be_visible()
        for _ in range(3):
            with suppress(Error):  # Chromium shows its own page where a form would have to be sent once more
                page.go_back()
            expect(page.locator("body")).not_to_contain_text(number)
            expect(page.locator(f'[value*="{number}"]')).to_have_count(0)
            assert number not in page.url
        page.goto("/query")
    assert hall.complaints == []
