"""The days of those who decide: a case that departments countersign, a special procedure, and somebody who is away."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import vouched
from tests.browser.linked import Linked, again, open_linked, panel, seen
from tests.browser.test_stories import act, filled
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, delegate
from tests.village_node.web.counter import SEEN
from tests.village_node.web.errands import PAPERS, done

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def hall(chromium: Browser) -> Iterator[Linked]:
    """One network for all stories of this file; each has people of its own."""
    with open_linked(chromium) as opened:
        yield opened


OWN_WORD = re.compile(r"^\s*会签\s*$")  # not the one that opens or ends it


def to_sign(page: Page, case: str, *departments: str) -> None:
    """The list of what waits for this person's signature names these departments of the case, and only these."""
    page.goto("/countersigning")
    rows = panel(page, "等您会签").get_by_role("row").filter(has=page.locator(f'a[href="{case}"]'))
    expect(rows).to_have_count(len(departments))
    for department in departments:
        expect(rows.filter(has_text=department)).to_have_count(1)


def test_two_departments_countersign_and_one_is_asked_a_second_time(hall: Linked) -> None:
    county = hall.network.members[COUNTY]
    agent = hall.at_work(VILLAGE, "0001", "agent")
    clerk = hall.at_work(TOWNSHIP, "0101", "clerk", "reviewer", name="李强")
    window = hall.staff(COUNTY, "1001", "window", name="赵敏")
    plain: dict[str, Any] = {"java_script_enabled": False}  # three officers have no scripts, and miss nothing
    lead = hall.staff(COUNTY, "1002", "officer", name="孙首席", **plain)
    city = hall.staff(COUNTY, "1003", "officer", name="钱城管", **plain)
    plan = hall.staff(COUNTY, "1004", "officer", name="李规划", **plain)
    delegate(county, "市场监管", "016", "019", "043", b="1002", head="0009", document_no="委1号")
    delegate(county, "城管", "035", b="1003", head="0009", document_no="委2号")
    delegate(county, "规划", "031", b="1004", head="0009", document_no="委3号")
    hall.exchange()
    case = agent.file("043", **PAPERS)
    done(agent, case, "handoff")
    hall.exchange()
    for move, said in (("accept", {}), ("docket", {}), ("review", {"opinion": "agree"}), ("handoff", {})):
        done(clerk, case, move, **said)
    hall.exchange()

    act(window, case, "接收")
    lead.goto(case)
    lead.get_by_text("为什么没有别的按钮").click()
    expect(lead.locator(".why")).to_contain_text("一件事须先由各联办部门会签")
    act(window, case, "发起会签")  # the form names the departments by itself
    expect(panel(window, "现在")).to_contain_text("会签部门 2 个\uff0c待签 2 个")
    to_sign(city, case, "城管")
    to_sign(plan, case, "规划")
    seen(city, "countersigning")
    act(city, case, OWN_WORD, {"意见说明": "广告牌过大\uff0c请改到 5 平方米以内"}, ("不同意",))
    act(plan, case, OWN_WORD, {}, ("同意",))
    act(window, case, "结束会签")
    expect(panel(window, "现在")).to_contain_text("不同意\uff08广告牌过大")
    lead.goto(case)
    deciding = lead.locator("details.act").filter(has=lead.locator("summary", has_text="作出决定"))
    deciding.locator("summary").click()
    deciding.get_by_label("准予", exact=True).check()
    deciding.locator("[name=reasons]").fill(SEEN)
    deciding.get_by_role("button").first.click()
    expect(lead.get_by_role("alert")).to_contain_text("城管会签不同意\uff0c不能准予")
    seen(lead, "not-over-the-departments")

    act(window, case, "发起会签", {"会签部门": "城管"})
    to_sign(plan, case)
    to_sign(city, case, "城管")
    act(city, case, OWN_WORD, {"意见说明": "已改小"}, ("同意",))
    act(window, case, "结束会签")
    act(lead, case, "作出决定", {}, ("准予",))
    expect(panel(lead, "现在")).to_contain_text("会签部门 2 个\uff0c没有待签的")
    expect(panel(lead, "现在")).to_contain_text("准予")
    expect(panel(lead, "办理过程").get_by_role("link", name="打印《联办件会签单》").last).to_be_visible()
    seen(lead, "decided-together")
    hall.exchange()
    reader = hall.staff(VILLAGE, "0002", "agent", name="刘洋")
    reader.goto(case)
    expect(panel(reader, "办理过程")).to_contain_text("已改小")
    hall.held_together()


def test_a_hearing_stops_the_clock_and_three_people_have_a_part_in_it(hall: Linked) -> None:
    examiner = hall.staff(COUNTY, "1101", "window", "officer", name="楚科长")
    head = hall.staff(COUNTY, "1102", "head", name="冯局长")
    presider = hall.staff(COUNTY, "1103", "window", name="周敏")
    act(examiner, case := hall.at_work(COUNTY, "1104", "window", name="孙丽").file("036"), "受理")
    texts = {
        "依据": "行政许可法第四十七条",
        "计划工作日": "3",
        "听证日期": "2026-12-02",
        "听证时间和地点": "上午九时\uff0c县政务大厅三楼",
        "听证主持人工号": "1103",
    }
    proposal = filled(examiner, case, "启动程序或要求补正", texts, ("听证",))
    proposal.get_by_role("button").first.click()
    refused = examiner.get_by_role("alert").filter(has_text="没有保存")
    refused.get_by_role("link", name="计划工作日\uff1a计划工作日在听证日之前就到期了").click()
    assert examiner.url.endswith("#e-suspend-planned_days")
    expect(proposal.get_by_label("听证主持人工号")).to_have_value("1103")
    proposal.get_by_label("计划工作日").fill("15")
    proposal.get_by_role("button").first.click()
    asked = examiner.locator(".doing .box.waiting").filter(has_text="待批准的特别程序")
    expect(asked).to_contain_text("周敏\uff081103\uff09")
    expect(asked).to_contain_text("由另一位负责人用本人账号批准")
    expect(asked.get_by_role("button", name="批准", exact=True)).to_have_count(0)
    expect(panel(examiner, "时限")).not_to_contain_text("停")
    seen(examiner, "proposed")
    head.goto("/work")
    told = head.locator(".box.waiting").filter(has_text="特别程序等您批准")
    told.get_by_role("link", name=number_of(examiner)).click()
    seen(head, "to-be-approved")
    head.get_by_role("button", name="批准", exact=True).click()
    expect(panel(head, "现在")).to_contain_text("进行中\uff1a听证")

    hall.later(5)
    again(presider, "1103")
    act(presider, case, "结束程序", {"结果": "听证笔录已附"})
    hall.later(1)
    again(examiner, "1101")
    examiner.goto(case)
    examiner.get_by_role("link", name="逐日说明").click()
    stopped = panel(examiner, "逐日").get_by_role("row").filter(has_text="听证")
    expect(stopped.first).to_contain_text("—")  # waits for the page, which counting does not
    assert stopped.count() >= 3
    seen(examiner, "clock-with-a-stop")
    hall.held_together()


def number_of(page: Page) -> str:
    """The receipt number that a case page shows."""
    return page.locator("h1 .number").inner_text()


def test_who_is_away_loses_what_they_had_taken_up_and_a_deputy_decides(hall: Linked) -> None:
    county = hall.network.members[COUNTY]
    window = hall.at_work(COUNTY, "1204", "window", name="周敏")
    head = hall.staff(COUNTY, "1201", "head", name="冯局长")
    usual = hall.staff(COUNTY, "1202", "officer", name="楚科长")
    deputy = hall.staff(COUNTY, "1203", "officer", name="陈副局长")
    delegate(
        county, "文旅", "036", head="1201", b="1202", a="1203", b_name="楚科长", a_name="陈副局长", document_no="委9号"
    )
    case, later = (window.file("036", **PAPERS) for _ in range(2))
    for each in (case, later):
        done(window, each, "docket")
    usual.goto(case)
    usual.get_by_role("button", name="认领").click()
    expect(usual.locator(".claim")).to_contain_text("由您认领")
    deputy.goto(case)
    expect(deputy.locator(".doing")).to_contain_text("1202")
    head.goto("/authority?department=文旅")
    head.get_by_text("登记外出", exact=True).first.click()
    head.get_by_label("外出的首席代表").select_option("1202")
    head.locator("#absences ~ details").get_by_role("button", name="登记外出").click()
    vouched(head)  # it gives the deputy power
    expect(panel(head, "外出登记")).to_contain_text("楚科长")
    seen(head, "authority")
    deputy.goto("/work?view=unclaimed")
    deputy.get_by_role("link", name=number_of(usual)).click()
    deputy.get_by_role("button", name="认领").click()
    seen(deputy, "deputy")
    usual.goto(case)
    expect(usual.locator(".doing")).to_contain_text("陈副局长")
    act(deputy, case, "作出决定", {}, ("准予",))
    head.goto("/authority")
    head.get_by_role("button", name="登记返岗").click()
    vouched(head)
    expect(panel(head, "外出登记")).to_contain_text("没有人登记外出")
    deputy.goto(later)
    expect(deputy.locator(".doing")).not_to_contain_text("确认\uff1a作出决定")
    act(usual, later, "作出决定", {}, ("准予",))
    hall.held_together()
