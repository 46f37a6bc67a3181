"""Signing in with a second factor and at a second machine, at a desk and on a telephone, with and without scripts."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESK, PHONE, Hall, open_hall
from tests.browser.test_phone import well_made
from tests.browser.test_stories import file
from tests.builders import TOWNSHIP
from tests.village_node.authenticator import STEP_MS, code_at, secret_of
from tests.village_node.web.counter import PASSWORD
from village_node.accounts import Demands

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
LOOKED_AT = os.environ.get("SANJI_SIGNING_IN", "")  # a folder for pictures, for who wants to look


@pytest.fixture(scope="module")
def hall(chromium: Browser) -> Iterator[Hall]:
    """Three nodes; at the township heads must have a second factor."""
    with open_hall(chromium) as opened:
        accounts = opened.counters[TOWNSHIP].accounts
        accounts.demands = accounts.steps.demands = Demands(frozenset({"head"}), frozenset({"clerk"}))
        yield opened


def seen(page: Page, name: str) -> None:
    """The page is as every page is at this width, and at the other one."""
    for size, width in (("desk", DESK), ("phone", PHONE)):
        page.set_viewport_size(width)
        well_made(f"{name}, {size}", page)
        if LOOKED_AT:
            page.screenshot(path=Path(LOOKED_AT) / f"{name}-{size}.png", full_page=True)


def show_keys(page: Page, staff_no: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("工号").fill(staff_no)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()


@pytest.mark.slow
@pytest.mark.parametrize(("scripts", "staff_no"), [(True, "0103"), (False, "0104")])
def test_a_head_sets_up_a_second_factor_and_signs_in_with_it(hall: Hall, scripts: bool, staff_no: str) -> None:
    counter = hall.counters[TOWNSHIP]
    clock = counter.member.clock
    code = counter.accounts.create_invitation(staff_no, "王芳", ["head"])
    page = hall.page(TOWNSHIP, java_script_enabled=scripts)
    page.goto("/first-sign-in")
    page.get_by_label("工号").fill(staff_no)
    page.get_by_label("一次性登录码").fill(code)
    page.get_by_label("新密码", exact=False).nth(0).fill(PASSWORD)
    page.get_by_label("再输一次新密码").fill(PASSWORD)
    page.get_by_role("button", name="设置密码并登录").click()
    expect(page.get_by_role("heading", name="先设置二次验证")).to_be_visible()
    expect(page.locator(".factor-code svg")).to_be_visible()
    secret = secret_of(page.locator(".big-number").inner_text())
    if scripts:
        seen(page, "set-up")
    page.get_by_label("验证器显示的 6 位数字").fill(code_at(secret, clock.now_ms + 3_600_000))
    page.get_by_role("button", name="确认并启用").click()
    expect(page.get_by_role("alert")).to_contain_text("两边的钟对不上")
    if scripts:
        seen(page, "set-up-wrong")
    page.get_by_label("验证器显示的 6 位数字").fill(code_at(secret, clock.now_ms))
    page.get_by_role("button", name="确认并启用").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    recovery = page.locator(".recovery-codes li").first.inner_text()
    if scripts:
        seen(page, "codes")
    page.get_by_role("button", name="已保存好，继续").click()
    page.get_by_role("button", name="退出").click()

    clock.now_ms += STEP_MS
    show_keys(page, staff_no)
    expect(page.get_by_role("heading", name="请输入验证码")).to_be_visible()
    if scripts:
        expect(page.get_by_label("验证码")).to_be_focused()
        seen(page, "code")
    page.get_by_label("验证码").fill("000000")
    page.get_by_role("button", name="确认并继续").click()
    expect(page.get_by_role("alert")).to_contain_text("本机时间是 2026-11-18")
    if scripts:
        seen(page, "code-wrong")
    page.get_by_label("验证码").fill(code_at(secret, clock.now_ms))
    page.get_by_role("button", name="确认并继续").click()
    page.get_by_role("link", name="王芳").click()
    if scripts:
        seen(page, "account")
    page.get_by_role("link", name="二次验证：已启用").click()
    expect(page.locator("main")).to_contain_text("还剩 10 个")
    if scripts:
        seen(page, "second-factor")
    page.get_by_role("button", name="生成新的恢复码").click()
    if scripts:
        seen(page, "vouch")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("验证码").fill(recovery)
    page.get_by_role("button", name="确认并继续").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    if scripts:
        page.goto("/staff")
        seen(page, "staff")


@pytest.mark.slow
def test_a_window_that_signs_in_elsewhere_loses_nothing_typed(hall: Hall) -> None:
    first = hall.staff(TOWNSHIP, "0101", "clerk")
    second = hall.page(TOWNSHIP)
    first.goto("/file/001")
    first.get_by_label("姓名", exact=False).first.fill("张秀兰")
    show_keys(second, "0101")
    expect(second.get_by_role("heading", name="您已在另一处登录")).to_be_visible()
    seen(second, "elsewhere")
    second.get_by_role("button", name="结束那边，在这里继续").click()
    expect(second.get_by_role("button", name="退出")).to_be_visible()
    other = first.context.new_page()
    other.goto("/work")
    expect(other.get_by_role("alert")).to_contain_text("在另一处（127.0.0.1）登录")
    seen(other, "replaced")
    first.get_by_role("button", name="提交", exact=False).first.click()
    expect(first.get_by_role("heading", name="登录已过期")).to_be_visible()
    expect(first.get_by_role("alert")).to_contain_text("在另一处（127.0.0.1）登录")
    seen(first, "expired")
    first.get_by_label("工号").fill("0101")
    first.get_by_label("密码").fill(PASSWORD)
    first.get_by_role("button", name="登录并继续").click()
    first.get_by_role("button", name="结束那边，在这里继续").click()
    expect(first.locator("[name=applicant_name]")).to_have_value("张秀兰")
    second.goto("/work")
    expect(second.get_by_role("alert")).to_contain_text("在另一处（127.0.0.1）登录")
    assert file(first)[1]


def test_no_page_asked_another_host_for_anything(hall: Hall) -> None:
    strange = [each for each in hall.requests if not each.startswith((*hall.urls.values(), "blob:", "data:"))]
    assert strange == [] and hall.complaints == []
