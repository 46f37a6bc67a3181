"""Filing in a real browser: step by step, with drafts that are kept at each field."""

import re
import time
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Hall, press
from tests.builders import VILLAGE
from tests.village_node.web.counter import CARD, PASSWORD
from village_node.web.filing_steps import BY_STEPS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


def step_by_step(agent: Page) -> None:
    """File an application step by step, with one look back."""
    agent.goto("/file/001")
    agent.get_by_label("姓名或单位名称").fill("张秀兰")
    agent.get_by_label("证件号码").fill(CARD)
    agent.get_by_role("button", name="下一步").click()
    expect(agent.locator("[aria-current=step]")).to_contain_text("受托人和送达")
    agent.get_by_role("button", name="上一步").click()
    expect(agent.get_by_label("姓名或单位名称")).to_have_value("张秀兰")
    agent.get_by_role("button", name="下一步").click()
    agent.get_by_role("button", name="下一步").click()
    agent.get_by_role("button", name="下一步").click()
    expect(agent.locator("#e-request")).to_contain_text("请填写此项")
    agent.get_by_label("申请事由").fill("收入低于当地标准。")
    agent.get_by_role("button", name="下一步").click()
    agent.get_by_label("身份证", exact=True).check()
    agent.get_by_role("button", name="下一步").click()
    expect(agent.locator("main")).to_contain_text(CARD)
    agent.get_by_role("button", name="提交并打印回执").click()
    expect(agent.get_by_role("heading", name="收件回执")).to_be_visible()


def test_an_application_is_filed_step_by_step(hall: Hall) -> None:
    step_by_step(hall.staff(VILLAGE, "0001", "agent", form=BY_STEPS))
    step_by_step(hall.staff(VILLAGE, "0002", "agent", name="李强", form=BY_STEPS, viewport=PHONE))
    step_by_step(hall.staff(VILLAGE, "0003", "agent", name="孙丽", form=BY_STEPS, java_script_enabled=False))
    assert hall.counters[VILLAGE].member.casebook.view_counts()["all"] == 3
    assert hall.complaints == []


@pytest.mark.parametrize("form", [BY_STEPS, "whole"])
def test_a_browser_that_is_killed_loses_at_most_the_field_that_is_typed(hall: Hall, form: str) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent", form=form)
    agent.goto("/file/001")
    agent.get_by_label("姓名或单位名称").press_sequentially("张秀兰")
    agent.get_by_label("证件号码").press_sequentially("110105")
    with agent.expect_response(lambda answer: answer.url.endswith("/keep") and answer.ok):
        agent.get_by_label("联系电话").press_sequentially("138")  # what was being typed
    expect(agent.locator("[data-kept]")).to_have_text(re.compile(r"^草稿已存 \d\d:\d\d$"))
    agent.context.close()
    again = hall.page()
    again.goto("/sign-in")
    again.get_by_label("工号").fill("0001")
    again.get_by_label("密码").fill(PASSWORD)
    press(again, "登录", exact=True)
    again.goto("/work?view=drafts")
    again.get_by_role("link", name="最低生活保障审核确认").click()
    expect(again.get_by_label("姓名或单位名称")).to_have_value("张秀兰")
    expect(again.get_by_label("证件号码")).to_have_value("110105")
    assert len(hall.counters[VILLAGE].accounts.drafts.drafts("0001")) == 1


def test_nothing_is_kept_after_the_form_is_sent(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    agent.goto("/file/001")
    agent.get_by_label("姓名或单位名称").fill("张秀兰")
    agent.get_by_label("证件号码").fill(CARD)
    agent.get_by_label("申请事由").fill("收入低于当地标准。")  # left by the click on the button, and sent at once
    agent.get_by_role("button", name="提交并打印回执").click()
    expect(agent.get_by_role("heading", name="收件回执")).to_be_visible()
    agent.goto("/work?view=drafts")
    expect(agent.locator("main")).to_contain_text("没有草稿")
    assert hall.counters[VILLAGE].member.casebook.view_counts()["all"] == 1
    assert hall.complaints == []


def test_a_draft_that_cannot_be_kept_is_said_quietly_and_the_words_stay(hall: Hall) -> None:
    agent = hall.staff(VILLAGE, "0001", "agent")
    agent.goto("/file/001")
    agent.route("**/keep", lambda route: route.abort())
    agent.get_by_label("姓名或单位名称").fill("张秀兰")
    agent.get_by_label("证件号码").focus()
    expect(agent.locator("[data-kept]")).to_contain_text("草稿没有存上")
    expect(agent.get_by_label("姓名或单位名称")).to_have_value("张秀兰")
    agent.unroute("**/keep")
    agent.get_by_label("联系电话").fill("13800001234")
    agent.get_by_label("联系地址").focus()
    expect(agent.locator("[data-kept]")).to_contain_text("草稿已存")


# From the finder to the receipt: words typed, boxes ticked, buttons and links pressed. A new step at the counter must
# be worth it: raise the figure on purpose, or not at all.
MOST_ACTIONS = {"whole": 10, BY_STEPS: 14}


class Counted:
    """An agent's hands: every click, tick and field is one action."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0

    def fill(self, label: str, text: str) -> None:
        self.actions += 1
        self.page.get_by_label(label).fill(text)

    def tick(self, label: str) -> None:
        self.actions += 1
        self.page.get_by_label(label, exact=True).check()

    def press(self, role: Literal["button", "link"], name: str, *, exact: bool = False) -> None:
        self.actions += 1
        self.page.get_by_role(role, name=name, exact=exact).first.click()


@pytest.mark.parametrize("form", [*MOST_ACTIONS])
def test_from_the_finder_to_the_receipt_takes_few_actions(hall: Hall, form: str) -> None:
    hands = Counted(hall.staff(VILLAGE, "0001", "agent", form=form))
    onward = (lambda: hands.press("button", "下一步")) if form == BY_STEPS else (lambda: None)
    hands.page.goto("/items")
    began = time.monotonic()
    hands.fill("事项名称", "低保")
    hands.press("button", "查找")
    hands.press("link", "办理", exact=True)
    hands.fill("姓名或单位名称", "张秀兰")
    hands.fill("证件号码", CARD)
    hands.fill("联系电话", "13800001234")
    onward()
    onward()
    hands.fill("申请事由", "家庭三口人，收入低于当地标准。")
    onward()
    hands.tick("身份证")
    hands.tick("申请表")
    onward()
    hands.press("button", "提交并打印回执")
    expect(hands.page.get_by_role("button", name="打印")).to_be_visible()
    print(f"{form}: {hands.actions} actions, {time.monotonic() - began:.1f} s of the machine")
    assert hands.actions == MOST_ACTIONS[form]
