"""A day of the county's supervision section, and what the leader of the county looks at."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import press
from tests.browser.linked import Linked, open_linked, panel, seen
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, delegate
from tests.village_node.web.errands import PAPERS, done
from tests.village_node.web.test_filing import held

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

WALL = ViewportSize(width=1920, height=1080)
REPLY = "情况属实\uff0c已批评教育并上门道歉"


@dataclass
class Month:
    """A county after a month in which one village left what it had accepted lying: its cases, and their number."""

    hall: Linked
    late: list[str]
    number: str
    code: str


@pytest.fixture(scope="module")
def month(chromium: Browser) -> Iterator[Month]:
    """One network for all stories of this file."""
    with open_linked(chromium) as hall:
        agent = hall.at_work(VILLAGE, "0001", "agent")
        window = hall.at_work(COUNTY, "1004", "window", name="周敏")
        officer = hall.at_work(COUNTY, "1005", "officer", name="楚科长")
        delegate(hall.network.members[COUNTY], "文旅", "036", head="0009", b="1005", document_no="委1号")
        late = [agent.file("014", **PAPERS) for _ in range(2)]
        for case in late:
            done(agent, case, "docket")
        settled = window.file("036", **PAPERS)
        done(window, settled, "docket")
        done(officer, settled, "decide", outcome="approve")
        case = held(hall.counters[VILLAGE], late[0])
        hall.later(30)
        yield Month(hall, late, case.case_no, case.query_code)


def saved(page: Page, button: str, folder: Path) -> Path:
    """The file that a press of this saves."""
    with page.expect_download() as begun:
        page.get_by_role("link", name=button).click()
    path = folder / begun.value.suggested_filename
    begun.value.save_as(path)
    return path


def complained(month: Month) -> tuple[str, str]:
    """A resident complains about the township at the village's public pages, by phone; number and code of that."""
    page = month.hall.page(VILLAGE)
    page.goto("/query")
    page.get_by_label("收件编号").fill(month.number)
    page.get_by_label("查询码").fill(month.code)
    page.get_by_role("button", name="查询", exact=True).click()
    page.get_by_role("link", name="在这里投诉").click()
    page.get_by_label("查询码").fill(month.code[:6])
    page.get_by_label("他在哪个单位").select_option(TOWNSHIP)
    page.get_by_label("投诉谁", exact=False).fill("镇窗口 李强")
    page.get_by_label("什么事", exact=False).fill("让我跑了三趟还骂人")
    page.get_by_role("button", name="提交并封存").click()
    expect(page.locator("main")).to_contain_text("庆城县\uff08被投诉人和他所在的单位都看不到\uff09")
    seen(page, "complaint-slip")
    number, code = page.locator(".big-number").all_inner_texts()
    return number, code


def sends_a_letter(month: Month, supervisor: Page) -> None:
    """Cards are looked through, and a letter goes out about the worst."""
    supervisor.goto("/work")
    supervisor.get_by_role("link", name="督查", exact=True).click()
    expect(supervisor.get_by_role("row").filter(has_text="红牌").filter(has_text="上关村")).to_have_count(2)
    seen(supervisor, "cards")
    supervisor.get_by_role("link", name=month.number).click()
    supervisor.get_by_text("发督办或预警").click()
    supervisor.get_by_label("督办要求").fill("请查明原因并速办")
    seen(supervisor, "letter")
    supervisor.get_by_role("button", name="发出督办").click()
    expect(supervisor.locator("main [role=status]")).to_contain_text("已保存")


def answers_the_letter(agent: Page) -> None:
    """What waits for the village's answer is found from the list of its cases, and answered."""
    agent.goto("/work")
    agent.locator(".box.bad").filter(has_text="督办").get_by_role("link", name="去答复").click()
    seen(agent, "letter-at-the-village")
    panel(agent, "等本单位答复").get_by_role("link", name=re.compile("督办通知")).click()
    agent.get_by_label("办理或整改情况").fill("申请人外出务工\uff0c已补齐材料\uff0c今天办结")
    agent.get_by_role("button", name="答复", exact=True).click()
    expect(agent.locator("main [role=status]")).to_contain_text("已保存")


def sees_the_answer(month: Month, supervisor: Page) -> None:
    """The letter stands as answered, and is printed."""
    supervisor.goto("/supervision?view=asked")
    row = supervisor.get_by_role("row").filter(has_text=month.number)
    expect(row).to_contain_text("已答复")
    paper = supervisor.request.get(row.locator("a.row-link").get_attribute("href") or "")
    assert paper.headers["content-type"] == "application/pdf"
    seen(supervisor, "letters")


def answers_the_complaint(supervisor: Page, number: str) -> None:
    """What a resident complained of is read here alone, and answered."""
    supervisor.goto("/complaints")
    supervisor.get_by_role("link", name=number).click()
    expect(supervisor.locator("main")).to_contain_text("让我跑了三趟还骂人")
    supervisor.get_by_label("核查结果").select_option("upheld")
    supervisor.get_by_label("答复内容", exact=False).fill(REPLY)
    seen(supervisor, "complaint")
    supervisor.get_by_role("button", name="答复", exact=True).click()
    expect(supervisor.locator("main [role=status]")).to_contain_text("已答复")


def reads_the_answer(resident: Page, number: str, code: str) -> None:
    """The resident reads it by number and code."""
    resident.goto("/complaints/status")
    resident.get_by_label("投诉编号").fill(number)
    resident.get_by_label("查询码").fill(code)
    resident.get_by_role("button", name="查询", exact=True).click()
    expect(resident.locator("main")).to_contain_text(REPLY)
    expect(resident.locator("main")).not_to_contain_text("李强")
    seen(resident, "complaint-answered")


def checks_a_sample(supervisor: Page) -> None:
    """A sample is drawn, and its case has a finding."""
    supervisor.goto("/samples")
    supervisor.get_by_label("抽哪些件").select_option("running")
    supervisor.get_by_label("抽取件数").fill("1")
    supervisor.get_by_label("自\uff08办结或收件日期\uff09").fill("2026-11-01")
    supervisor.get_by_label("至", exact=True).fill("2026-11-30")
    seen(supervisor, "draw")
    supervisor.get_by_role("button", name="抽样\uff08不能重抽\uff09").click()
    expect(supervisor.locator("main")).to_contain_text("抽 1 件")
    seen(supervisor, "sample")
    sample = supervisor.url
    supervisor.locator("a.row-link").click()
    supervisor.get_by_label("检查结果").select_option("found")
    supervisor.get_by_label("发现的问题").fill("缺户口簿复印件")
    press(supervisor, "登记检查结果")
    supervisor.goto(sample)
    expect(supervisor.get_by_role("row").filter(has_text="发现问题\uff0c待整改")).to_have_count(1)


def ends_the_month(month: Month, supervisor: Page, folder: Path) -> None:
    """The figures of November are looked at, each deduction with its case, and published: printed and taken away."""
    supervisor.goto("/supervision")
    supervisor.get_by_role("link", name="统计和通报").click()
    supervisor.get_by_role("link", name="办件统计").click()
    supervisor.get_by_label("期间").select_option("2026-11")
    supervisor.get_by_role("button", name="统计").click()
    expect(panel(supervisor, "总体情况")).to_contain_text("平")
    ranked = supervisor.get_by_role("row").filter(has_text="上关村")
    expect(ranked).to_contain_text("红牌")
    seen(supervisor, "figures")
    ranked.get_by_role("link").click()
    expect(supervisor.locator("main")).to_contain_text(month.number)
    seen(supervisor, "score")
    supervisor.get_by_role("link", name="回到统计").click()
    supervisor.get_by_role("button", name="发布2026年11月通报").click()
    expect(supervisor.locator("main [role=status]")).to_contain_text("已发布")
    expect(supervisor.locator("main")).to_contain_text("行审通报〔2026〕")
    seen(supervisor, "bulletin")
    print_link = supervisor.get_by_role("link", name="打印\uff08A4\uff09")
    paper = supervisor.request.get(print_link.get_attribute("href") or "")
    assert paper.headers["content-type"] == "application/pdf" and paper.body().startswith(b"%PDF")
    rows = list(csv.reader(saved(supervisor, "导出 CSV", folder).read_text("utf-8-sig").splitlines()))
    assert ["2026-11", "单位", VILLAGE, "上关村"] in [row[:4] for row in rows]
    assert saved(supervisor, "导出 Excel", folder).read_bytes().startswith(b"PK")
    supervisor.goto("/score-rules")
    seen(supervisor, "score-rules")


def reads_the_bulletin(month: Month, agent: Page) -> None:
    """The village sees how it stands, and by which case it lost points."""
    agent.goto("/work")
    agent.get_by_role("link", name="通报", exact=True).click()
    seen(agent, "village-bulletins")
    agent.get_by_role("link", name="2026年11月").click()
    expect(agent.locator("main")).to_contain_text("发布单位")
    expect(agent.get_by_role("row").filter(has_text=month.number)).to_contain_text("红牌")
    expect(agent.locator("main")).not_to_contain_text("张秀兰")
    seen(agent, "village-bulletin")


def test_the_supervision_section_has_its_day(month: Month, tmp_path: Path) -> None:
    hall = month.hall
    supervisor = hall.staff(COUNTY, "1009", "supervisor", name="吴督查")
    agent = hall.staff(VILLAGE, "0002", "agent", name="刘洋")
    supervisor.goto("/complaints")
    supervisor.get_by_role("button", name="开通投诉受理").click()
    hall.exchange()

    sends_a_letter(month, supervisor)
    hall.exchange()
    answers_the_letter(agent)
    number, code = complained(month)
    hall.exchange()
    sees_the_answer(month, supervisor)
    answers_the_complaint(supervisor, number)
    hall.exchange()
    reads_the_answer(hall.page(VILLAGE), number, code)
    checks_a_sample(supervisor)

    # What goes to the meeting.
    supervisor.goto("/supervision")
    listed = list(csv.reader(saved(supervisor, "导出 CSV", tmp_path).read_text("utf-8-sig").splitlines()))
    assert {month.number} < {cell for row in listed for cell in row}
    assert saved(supervisor, "导出 Excel", tmp_path).read_bytes().startswith(b"PK")
    supervisor.goto("/timeliness")
    seen(supervisor, "timeliness")
    ends_the_month(month, supervisor, tmp_path)
    hall.exchange()
    reads_the_bulletin(month, agent)
    hall.held_together()


def test_the_leader_of_the_county_sees_where_it_stands(month: Month, tmp_path: Path) -> None:
    hall = month.hall
    leader = hall.staff(COUNTY, "1010", "leader", name="王副县长")
    expect(leader.get_by_role("heading", level=1)).to_contain_text("王副县长")
    seen(leader, "leader-work")
    leader.get_by_role("link", name="提前、按期办结").click()
    leader.get_by_label("办结日期自").fill("2026-11-01")
    leader.get_by_label("至", exact=True).fill("2026-11-30")
    leader.keyboard.press("Enter")
    expect(panel(leader, "承诺件")).to_contain_text("100")
    seen(leader, "leader-timeliness")
    assert saved(leader, "导出 Excel", tmp_path).read_bytes().startswith(b"PK")
    leader.get_by_role("link", name="下级单位").click()
    expect(leader.get_by_role("row").filter(has_text="驿马镇")).to_contain_text("前")
    seen(leader, "leader-below")
    leader.goto("/work")
    leader.get_by_role("link", name="督查", exact=True).click()
    leader.get_by_role("link", name=month.number).click()
    expect(leader.get_by_role("button", name="发出督办")).to_have_count(0)
    wall = hall.page(COUNTY, WALL)
    wall.goto("/wall")
    expect(wall.locator("body")).not_to_contain_text("张")
    expect(wall.get_by_role("heading", name="最近办结")).to_be_visible()
    hall.held_together()
