"""What people read of time: used days and due date on a case's page, why each day counted, the promise for a resident,
the list sorted by grade."""

import re
from datetime import date

import pytest

from sync_protocol.case.workdays import day_of
from tests.builders import Network
from tests.sync_protocol.case.year_2026 import CALENDAR
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import done
from tests.village_node.web.test_export import csv_rows
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_query import look_up

DAY_MS = 86_400_000


class Days:
    """The three counters on one day after the other: nobody stays signed in from one to the next."""

    def __init__(self, network: Network, village: Counter, township: Counter) -> None:
        self.network, self.village, self.township = network, village, township
        self.signed = 0

    def on(self, month: int, day: int) -> tuple[Visitor, Visitor]:
        """Nine in the morning of a day: the agent and the clerk sign in."""
        self.network.clock.now_ms = (date(2026, month, day) - date(1970, 1, 1)).days * DAY_MS + 3_600_000
        self.signed += 1
        agent = self.village.sign_in(f"1{self.signed:03}", "agent")
        return agent, self.township.sign_in(f"2{self.signed:03}", "clerk", "reviewer")

    def file(self, month: int, day: int, promised: str = "10") -> str:
        """Filed at the village, handed on and accepted by the township, all on one day; without a promise, not yet
        accepted for processing."""
        agent, clerk = self.on(month, day)
        case = agent.file()
        assert agent.act(case, "handoff").status_code == 303
        everywhere(self.network)
        assert clerk.act(case, "accept").status_code == 303
        if promised:
            assert clerk.act(case, "docket", promised_days=promised).status_code == 303
        everywhere(self.network)
        return case

    def query(self, case: str) -> str:
        """What a resident reads at the village."""
        found = held(self.village, case)
        return plain(look_up(self.village.visitor(), found.case_no, found.query_code).text)


@pytest.fixture
def days(network: Network, village: Counter, township: Counter) -> Days:
    for member in network.members.values():
        member.casebook.own_calendar = CALENDAR
        member.casebook.calendar_kept = None
    return Days(network, village, township)


def plain(page: str) -> str:
    """A page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def clock_of(page: str) -> str:
    """The words of the panel about time."""
    found = re.search(r'<h2 id="clock">(.*?)</section>', page, re.DOTALL)
    assert found, "no panel about time"
    return plain(found[1])


def test_the_page_says_what_is_used_and_when_it_is_due(days: Days) -> None:
    case = days.file(9, 18)
    agent, _ = days.on(9, 30)
    words = clock_of(agent.open(case).text)
    # Sun 20 (make-up) is 1, 21 to 24 are 2 to 5, 28 to 30 are 6 to 8; Thu 8, Fri 9 October are 9, 10.
    assert "已用 8 个工作日，时限 10 个工作日；最晚 2026年10月9日" in words
    assert "黄牌" in words and "test-1" in words
    assert "已用 8 个工作日，时限 30 个工作日" in words  # the statute
    assert "最晚 2026年10月9日" in days.query(case)


def test_days_that_papers_were_wanting_are_told_apart(days: Days) -> None:
    case = days.file(9, 18)
    _, clerk = days.on(9, 21)
    assert clerk.act(case, "return_for_correction", **{"what:applicant_phone": "空号"}).status_code == 303
    everywhere(days.network)
    _, clerk = days.on(9, 24)
    words = clock_of(clerk.open(case).text)
    # Sun 20, Mon 21 are used; 22 to 24 are not. From Thu 24 on: 28 to 30 are 3 to 5, 8, 9, 10 October 6 to 8, 12, 13.
    assert "已过 5 个工作日，其中 3 日审查补正不计，已用 2 个工作日" in words
    assert "暂停中；今天恢复，则最晚 2026年10月13日" in words
    assert "今天补齐材料，则最晚 2026年10月13日" in days.query(case)
    explained = plain(clerk.open(f"{case}/clock").text)
    assert "审查补正，不计入承诺（公开承诺的规则；法定期限照计）" in explained
    assert "申请人 3" in explained


def test_the_explanation_has_every_day_with_its_reason_and_its_holder(days: Days) -> None:
    case = days.file(9, 18)
    agent, _ = days.on(10, 9)
    page = agent.open(f"{case}/clock").text
    rows = [plain(row).strip() for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)]
    by_day = {row.split(" ")[0]: row for row in rows}
    assert len(by_day) == 22  # the head of the table, and 19 September to 9 October
    assert "调休上班（国办发明电〔2025〕7号）" in by_day["2026年9月20日"]
    assert "放假：国庆节（国办发明电〔2025〕7号）" in by_day["2026年10月1日"]
    assert "周末" in by_day["2026年9月19日"]
    assert "乡镇：驿马镇" in by_day["2026年9月21日"] and "承诺、法定" in by_day["2026年9月21日"]
    assert "共 10 个工作日：乡镇 10。" in plain(page), plain(page)[200:700]


def test_a_case_nobody_answered_counts_as_accepted_and_says_so(days: Days) -> None:
    case = days.file(9, 18, promised="")
    agent, _ = days.on(9, 28)
    words = clock_of(agent.open(case).text)
    # Sun 20, 21 to 24 are the five days, Mon 28 is the sixth.
    assert "自 2026年9月18日 起视为已受理" in words and "红牌" in words
    assert "超期 1 个工作日，应于 2026年9月24日 前" in words


def test_a_date_in_a_year_not_announced_is_provisional_for_everybody(days: Days) -> None:
    case = days.file(12, 25)
    agent, _ = days.on(12, 28)
    # Mon 28 to Thu 31 are 1 to 4; 1 January is off by law; Mon 4 to Fri 8 January are 5 to 9; Mon 11 is 10.
    assert "最晚 2027年1月11日（预计）" in clock_of(agent.open(case).text)
    assert "最晚 2027年1月11日（预计）" in days.query(case)


def test_a_list_says_of_such_a_date_that_it_may_move(days: Days, township: Counter) -> None:
    later, this_year = days.file(12, 25), days.file(12, 10)
    _, clerk = days.on(12, 11)
    rows = clerk.open("/work?view=all").text.split("<tbody>")[1]
    by_number = {row.split("</a>")[0].rsplit(">", 1)[1]: plain(row) for row in rows.split("</tr>")[:2]}
    assert "2027年1月11日（预计）" in by_number[held(township, later).case_no]
    assert "2026年12月24日" in by_number[held(township, this_year).case_no]
    assert "预计" not in by_number[held(township, this_year).case_no]
    head = township.sign_in("2900", "head")
    address = re.findall(r'href="(/work\.csv[^"]*)"', head.open("/work?view=all").text)[0].replace("&amp;", "&")
    assert {row[6] for row in csv_rows(head.take(address))[1:]} == {"2027-01-11（预计）", "2026-12-24"}


def test_the_last_day_for_papers_says_so_to_the_applicant_and_to_staff(days: Days) -> None:
    case = days.file(12, 25, promised="")
    _, clerk = days.on(12, 28)
    told = {"what:applicant_phone": "空号", "due_days": "30"}
    assert clerk.act(case, "return_for_correction", **told).status_code == 303
    everywhere(days.network)
    agent, clerk = days.on(12, 29)
    # Tue 29 to Thu 31 December are 1 to 3; Fri 1 January is off by law; 27 more: Tue 9 February.
    day = "2027年2月9日（预计）"
    assert f"最晚 {day}" in days.query(case)
    assert f"申请人的期限至 {day}" in plain(clerk.open(case).text)
    assert day in plain(agent.open("/work").text), "where it is said what came back to be mended"


def test_the_list_marks_and_sorts_by_grade(days: Days) -> None:
    pressing, later = days.file(9, 18), days.file(9, 29)
    _, clerk = days.on(9, 30)
    page = clerk.open("/work").text
    numbers = [held(days.township, case).case_no for case in (pressing, later)]
    assert page.index(numbers[0]) < page.index(numbers[1])
    assert "黄牌 1" in plain(page) and "2026年10月9日" in page
    # In the list of all, the newest comes first.
    everything = clerk.open("/work?view=all").text
    assert everything.index(numbers[1]) < everything.index(numbers[0])


def test_the_clock_of_delivery_ends_on_the_day_the_result_is_given(agent: Visitor, village: Counter) -> None:
    case = agent.file("040")
    done(agent, case, "docket")
    done(village.sign_in("0002", "head"), case, "decide", outcome="approve")
    assert "，时限 10 个工作日；最晚" in clock_of(agent.open(case).text).split("送达")[1]
    today = day_of(village.member.clock.now_ms).isoformat()
    done(agent, case, "delivered", to="张秀兰", how="in_person", at=today)
    told = clock_of(agent.open(case).text).split("送达")[1]
    assert "已结束，未超期" in told and "最晚" not in told


def test_before_anything_is_promised_a_resident_is_told_when_he_will_hear(days: Days) -> None:
    case = days.file(9, 18, promised="")
    assert "受理后告知" in days.query(case)


def test_what_comes_too_late_has_no_button_but_its_reason(days: Days) -> None:
    case = days.file(9, 18, promised="")
    _, clerk = days.on(9, 21)
    assert f"{case}/act/refuse" in clerk.open(case).text
    _, clerk = days.on(9, 28)
    page = clerk.open(case).text
    assert f"{case}/act/refuse" not in page
    assert "自 2026-09-18 起已视为受理，不能再不予受理" in page.split("为什么没有别的按钮")[1]
