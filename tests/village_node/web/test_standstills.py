"""A procedure beside the examination of a case: what staff and the applicant read of it, and of the time meanwhile."""

import re

import pytest

from tests.builders import Network, delegate_all
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import at_the_county, at_the_township, chosen, done, opened_by_two
from tests.village_node.web.test_clocks import plain
from tests.village_node.web.test_export import csv_rows
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_query import look_up

DAY_MS = 86_400_000
SURVEY = {"what": "site_survey", "basis": "最低生活保障审核确认办法第十二条", "planned_days": "10"}


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer", name="李强")


@pytest.fixture
def officer(county: Counter) -> Visitor:
    delegate_all(county.member, "1001", "1002")
    return county.sign_in("1001", "window", "officer", name="赵敏")


@pytest.fixture
def head(county: Counter) -> Visitor:
    return county.sign_in("1002", "head", name="钱局长")


def asked(counter: Counter, case: str, **display: str) -> str:
    """What the applicant reads."""
    found, visitor = held(counter, case), counter.visitor()
    if display:
        visitor.client.set_cookie("sanji-display", display["display"])
    return plain(look_up(visitor, found.case_no, found.query_code).text)


@pytest.fixture
def tested(network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, head: Visitor) -> str:
    """A case of which something is tested at the county, as everybody knows."""
    case = at_the_county(network, agent, clerk, officer)
    opened_by_two(officer, head, case, **SURVEY)
    everywhere(network)
    return case


def test_the_applicant_reads_what_the_time_stands_still_for(village: Counter, county: Counter, tested: str) -> None:
    for counter in (village, county):
        page = asked(counter, tested)
        # Wed 18 November and ten working days: Wed 2 December.
        assert "正在进行现场踏勘，自 2026年11月18日 起，计划 10 个工作日，到 2026年12月2日" in page
        assert "这段时间不计入承诺时限" in page and "结束后接着审查" in page and "现在不用补材料" in page
        assert "现场踏勘期间暂停计时；按计划结束，则最晚" in page
        assert "补齐材料" not in page and "县窗口正在审查" not in page
        assert "特别程序：现场踏勘，时限暂停" in page
    english = asked(village, tested, display="en.0")
    assert "Under way: site survey, since 18 Nov 2026, planned for 10 working days" in english
    assert "stopped for: site survey" in english


def test_staff_read_it_beside_the_state_on_the_page_and_in_lists(officer: Visitor, agent: Visitor, tested: str) -> None:
    for visitor in (officer, agent):
        head = visitor.open(tested).text.split('<div class="title-row">')[1].split("</h1>")[1].split("</div>")[0]
        assert "特别程序：现场踏勘，时限暂停" in head
    row = officer.open("/work?view=all").text.split("<tbody>")[1].split("</tr>")[0]
    assert "特别程序：现场踏勘，时限暂停" in row and "暂停（现场踏勘）" in row
    assert "2026年12月" not in row, "no day is due while the time stands still"


def test_the_file_of_the_list_says_so_too(head: Visitor, tested: str) -> None:
    address = re.findall(r'href="(/work\.csv[^"]*)"', head.open("/work?view=all").text)[0].replace("&amp;", "&")
    row = csv_rows(head.take(address))[1]
    assert "特别程序：现场踏勘，时限暂停" in row[4] and row[6] == "暂停（现场踏勘）"


def test_once_the_planned_days_are_over_the_time_runs_on_and_everybody_reads_it(
    network: Network, village: Counter, county: Counter, tested: str
) -> None:
    network.clock.now_ms += 20 * DAY_MS
    page = asked(county, tested)
    assert "正在进行现场踏勘" in page and "承诺时限照常计算" in page and "不计入承诺时限" not in page
    assert "暂停" not in page.split("承诺时限")[1].split("问事")[0]
    officer = county.sign_in("1007", "window", "officer")
    row = officer.open("/work?view=all").text.split("<tbody>")[1].split("</tr>")[0]
    assert "特别程序：现场踏勘" in row and "暂停" not in row


def test_once_it_is_ended_nothing_is_said_of_it(
    network: Network, village: Counter, officer: Visitor, tested: str
) -> None:
    opened = chosen(officer.open(tested).text, "resume", "opened")[0]
    done(officer, tested, "resume", opened=opened, result="属实", inspectors="楚科长\n陈副局长")
    everywhere(network)
    page = asked(village, tested)
    assert "现场踏勘" not in page and "县窗口正在审查" in page


def test_a_notice_that_stops_no_clock_is_told_as_well(
    network: Network, agent: Visitor, clerk: Visitor, village: Counter
) -> None:
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "docket")
    done(clerk, case, "suspend", what="publicity", basis="最低生活保障审核确认办法", planned_days="7")
    everywhere(network)
    page = asked(village, case)
    assert "正在进行公示，自 2026年11月18日 起，计划 7" in page and "公示期满无异议的接着办理" in page


def test_papers_that_are_wanting_are_what_the_applicant_is_asked_for(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, head: Visitor, village: Counter
) -> None:
    case = at_the_county(network, agent, clerk, officer)
    done(officer, case, "suspend", what="supplement", basis="条例第五条", **{"what:material:户口簿": "缺页"})
    everywhere(network)
    assert "今天补齐材料，则最晚" in asked(village, case)
    opened_by_two(officer, head, case, **SURVEY)
    everywhere(network)
    page = asked(village, case)
    assert "请补正：材料《户口簿》" in page and "正在进行现场踏勘" in page
    assert "今天补齐材料" not in page, "papers alone do not make the time go on"
