"""What people see while the line to the place above is slow, dead, and back; and an answer that comes from above."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.badlink import BadLink, Faults
from tests.browser.conftest import PHONE, press
from tests.browser.linked import LEVELS, Linked, again, open_linked, panel, seen
from tests.browser.test_stories import act, file
from tests.builders import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE
from tests.village_node.web.errands import PAPERS, done
from tests.village_node.web.test_filing import held

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

SLOW = Faults(bytes_per_s=2_500, latency_s=0.6)


@pytest.fixture(scope="module")
def hall(chromium: Browser) -> Iterator[Linked]:
    """One network for all stories of this file, with two villages."""
    with open_linked(chromium, (*LEVELS, SECOND_VILLAGE)) as opened:
        yield opened


@pytest.fixture
def line(hall: Linked) -> Iterator[BadLink]:
    """The village's line to its township; whatever befalls it, it is sound again for the next story."""
    found = hall.lines.links[VILLAGE]
    yield found
    found.faults = Faults()


def at_once(hall: Linked, page: Page, address: str) -> None:
    """The page stands while the exchange that was begun before it is still under way: it has not waited for that."""
    page.goto(address)
    assert hall.counters[VILLAGE].exchanging(), address


def strip(page: Page, said: str) -> None:
    """The line under the head of the page says this of the way up, and no more than is true."""
    expect(page.locator(".sync")).to_contain_text(said)


def look_up(page: Page, number: str, code: str) -> None:
    """Type number and code at the query page, by the keyboard."""
    page.goto("/query")
    page.get_by_label("收件编号").focus()
    page.keyboard.type(number)
    page.keyboard.press("Tab")
    page.keyboard.type(code)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_village_works_on_while_its_line_is_slow_and_then_dead(hall: Linked, line: BadLink) -> None:
    elsewhere = hall.at_work(COUNTY, "1001", "window", name="周敏").file("016", **PAPERS)
    known_above = held(hall.counters[COUNTY], elsewhere)
    agent = hall.staff(VILLAGE, "0001", "agent")
    line.faults = SLOW
    case, number, code = file(agent)
    agent.goto("/work")
    strip(agent, "有 1 件未上报")
    agent.get_by_role("button", name="立即同步").click()
    agent.goto("/work?view=all")
    seen(agent, "slow-line")
    strip(agent, "已同步")

    line.faults = Faults(stall_up_at=0)
    act(agent, case, "转送受理")
    strip(agent, "有 1 件未上报")
    agent.get_by_role("button", name="立即同步").click()
    strip(agent, "正在同步")
    for address in ("/work", case, "/items", "/file/001", f"{case}/clock", f"{case}/receipt"):
        at_once(hall, agent, address)
    assert len(agent.pdf(format="A5")) > 5_000
    hall.network.clock.now_ms += 11 * 60_000
    line.hang_up()
    line.faults = Faults(cut_up_at=0)
    again(agent, "0001")
    second, _, _ = file(agent)
    agent.goto("/work")
    strip(agent, "已离线")
    strip(agent, "2 件未上报")
    expect(agent.locator(".sync")).not_to_contain_text("已同步")
    agent.goto("/work?view=all")
    expect(agent.get_by_role("row").filter(has_text=number)).to_contain_text("尚无")
    seen(agent, "dead-line")
    agent.goto(second)
    expect(panel(agent, "办理过程")).to_contain_text("尚未离开本机")

    resident = hall.page(VILLAGE, PHONE)
    look_up(resident, number, code)
    expect(resident.locator("main")).to_contain_text("截至")
    seen(resident, "asked-here")
    resident.get_by_role("link", name="查完了").click()
    look_up(resident, known_above.case_no, known_above.query_code)
    expect(resident.get_by_role("alert")).to_contain_text("线路不通\uff0c只查了本机")
    seen(resident, "asked-in-vain")

    line.faults = Faults()
    agent.goto("/work")
    agent.get_by_role("button", name="立即同步").click()
    strip(agent, "已同步")
    expect(agent.locator(".sync")).not_to_contain_text("未上报")
    hall.held_together()


def test_a_resident_is_answered_from_above_rates_and_complains_at_the_counter(hall: Linked) -> None:
    other = hall.at_work(SECOND_VILLAGE, "0021", "agent", name="李梅")
    head = hall.staff(TOWNSHIP, "0103", "head", "clerk", name="陈静")
    head.goto("/complaints")
    head.get_by_role("button", name="开通投诉受理").click()
    case = other.file("040")
    done(other, case, "docket")
    hall.exchange()
    receipt = held(hall.counters[SECOND_VILLAGE], case)
    resident = hall.page(VILLAGE, PHONE, java_script_enabled=False)
    look_up(resident, receipt.case_no, receipt.query_code[:6])
    expect(resident.get_by_role("alert")).to_contain_text("请输入完整的 13 位查询码")
    look_up(resident, receipt.case_no, receipt.query_code)
    expect(resident.locator("main")).to_contain_text("以下由 驿马镇 刚刚告知\uff0c没有保存在本机")
    expect(resident.locator("main")).not_to_contain_text("张秀兰")
    seen(resident, "told-from-above")

    agent = hall.staff(VILLAGE, "0022", "agent", name="刘洋", java_script_enabled=False)
    agent.goto("/slips/new")
    agent.get_by_label("收件编号").fill(receipt.case_no)
    agent.get_by_label("查询码").fill(receipt.query_code)
    agent.get_by_label("来人要做什么").select_option("rating")
    agent.get_by_label("来人姓名").fill("张秀兰")
    agent.get_by_label("评价", exact=True).select_option("poor")
    agent.get_by_label("评价哪个环节").select_option("1")
    agent.get_by_label("说明\uff1b撤回的写明理由", exact=False).fill("等了一上午")
    agent.get_by_role("button", name="代收\uff0c下一步打印代收单").click()
    expect(agent.get_by_role("heading", level=1)).to_have_text("代收单")
    seen(agent, "slip")
    agent.goto("/complaints/new")
    agent.get_by_label("被投诉人所在单位").select_option(SECOND_VILLAGE)
    agent.get_by_label("被投诉人\uff08", exact=False).fill("窗口 李梅")
    agent.get_by_label("投诉内容").fill("让我跑了三趟")
    agent.get_by_label("所涉办件的收件编号", exact=False).fill(receipt.case_no)
    agent.get_by_role("button", name="提交并封存").click()
    complaint, _ = agent.locator(".big-number").all_inner_texts()
    hall.exchange()
    head.goto("/slips")
    head.locator("a.row-link").first.click()
    expect(head.locator("main")).to_contain_text("查询码与案件相符")
    seen(head, "slip-above")
    press(head, "附入案件")
    head.goto("/complaints")
    head.get_by_role("link", name=complaint).click()
    expect(head.locator("main")).to_contain_text("让我跑了三趟")
    hall.exchange()
    rated = held(hall.counters[SECOND_VILLAGE], case)
    assert rated.ratings[1].body["grade"] == "poor"
    look_up(resident, receipt.case_no, receipt.query_code)
    hall.held_together()
