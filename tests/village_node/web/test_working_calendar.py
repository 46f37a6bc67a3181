"""The page of the calendar: what a node counts by, and the county's form that publishes a year."""

from datetime import date

import pytest

from sync_protocol.case.calendars import Announcement
from tests.builders import COUNTY, VILLAGE, Network
from tests.sync_protocol.case.year_2026 import CALENDAR, DOCUMENT_NO, YEAR_2026
from tests.village_node.web.counter import Counter, Visitor, everywhere, hidden_of, problems
from village_node import working_days
from village_node.web.working_calendar import BadLine, lists_of, year_of


@pytest.fixture
def head(network: Network, county: Counter) -> Visitor:
    network.members[COUNTY].casebook.own_calendar = CALENDAR
    network.members[COUNTY].casebook.publish_known_years()
    return county.sign_in("1002", "head", name="赵敏")


def form(**changes: str) -> dict[str, str]:
    off, on = lists_of(2026, YEAR_2026)
    told = {"number": "2026", "off": "\n".join(off), "on": "\n".join(on), "announced": "yes"}
    return {**told, "document_no": DOCUMENT_NO, "reason": "防汛停工", **changes}


FLOOD = "\n12-21 防汛停工 庆政办发〔2026〕31号"


def test_a_village_shows_what_it_counts_by_and_has_no_form(network: Network, agent: Visitor) -> None:
    network.members[VILLAGE].casebook.own_calendar = CALENDAR
    network.members[VILLAGE].casebook.calendar_kept = None
    page = agent.open("/calendar").text
    assert "test-1" in page and "本机内置" in page and "02-15 至 02-23 春节" in page
    assert "预计，放假安排尚未公布" in page
    assert "/calendar/publish" not in page
    assert agent.send("/calendar/publish", form()).status_code == 404
    village_head = agent.counter.sign_in("0007", "head")
    refused = village_head.send("/calendar/publish", form())
    assert refused.status_code == 409 and "工作日历由县级业务科公布" in refused.text


def test_a_closure_to_come_is_published_with_its_document_and_reaches_the_village(
    network: Network, head: Visitor, agent: Visitor
) -> None:
    off = form()["off"] + FLOOD
    assert head.send("/calendar/publish", form(off=off)).headers["Location"].endswith("done=published")
    assert "已公布，随同步传到各级" in head.open("/calendar?done=published").text
    everywhere(network)
    page = agent.open("/calendar").text
    assert "12-21 防汛停工 庆政办发〔2026〕31号" in page and "庆城县公布" in page
    seen = network.members[VILLAGE].casebook.calendar().look(date(2026, 12, 21))
    assert (seen.working, seen.name, seen.document_no) == (False, "防汛停工", "庆政办发〔2026〕31号")


def test_a_day_gone_by_waits_for_another_head(network: Network, head: Visitor, county: Counter) -> None:
    off = form()["off"] + "\n11-17 防汛停工 31号"
    assert head.send("/calendar/publish", form(off=off)).headers["Location"].endswith("done=proposed")
    calendar = network.members[COUNTY].casebook.calendar
    assert calendar().is_working(date(2026, 11, 17))
    assert head.send("/calendar/confirm", {}).status_code == 409
    assert head.send("/calendar/forget", {}).status_code == 404
    other = county.sign_in("1003", "officer", name="钱进")
    assert "增加放假：11-17 防汛停工 31号" in other.open("/calendar").text
    assert "工作日历有一项更改等您确认" in other.open("/work").text
    assert "/calendar/confirm" not in head.open("/calendar").text and "等您确认" not in head.open("/work").text
    answer = other.send("/calendar/confirm", {"shown": "0" * 64})
    assert answer.status_code == 409 and "提议已更改" in answer.text
    shown = hidden_of(other.open("/calendar").text, "/calendar/confirm")["shown"]
    assert other.send("/calendar/confirm", {"shown": shown}).status_code == 303
    assert not calendar().is_working(date(2026, 11, 17))
    assert "1002、1003" in head.open("/calendar").text
    assert other.send("/calendar/drop", {}).status_code == 409  # nothing waits any more


def test_the_business_section_keeps_the_calendar_and_another_confirms_what_it_changes_of_the_past(
    network: Network, head: Visitor, county: Counter
) -> None:
    business = county.sign_in("1004", "business", name="孙科长")
    assert business.send("/calendar/publish", form(off=form()["off"] + FLOOD)).headers["Location"].endswith("published")
    everywhere(network)
    assert not network.members[VILLAGE].casebook.calendar().is_working(date(2026, 12, 21))
    off = form()["off"] + FLOOD + "\n11-17 防汛停工 31号"
    assert business.send("/calendar/publish", form(off=off)).headers["Location"].endswith("done=proposed")
    assert "/calendar/confirm" not in business.open("/calendar").text
    assert "工作日历有一项更改等您确认" in head.open("/work").text
    shown = hidden_of(head.open("/calendar").text, "/calendar/confirm")["shown"]
    assert head.send("/calendar/confirm", {"shown": shown}).status_code == 303
    everywhere(network)
    assert not network.members[VILLAGE].casebook.calendar().is_working(date(2026, 11, 17))


def test_a_proposal_can_be_dropped(network: Network, head: Visitor) -> None:
    head.send("/calendar/publish", form(off=form()["off"] + "\n11-17 停工"))
    assert "待确认的更改" in head.open("/calendar").text
    assert head.send("/calendar/drop", {}).status_code == 303
    assert "待确认的更改" not in head.open("/calendar").text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"off": "13-01 元旦"}, "13-01 元旦"),
        ({"off": "01-03..01-01 元旦"}, "01-03..01-01"),
        ({"off": "春节"}, "看不懂这一行"),
        ({"on": "02-16"}, "调休上班日须是该年的周六或周日"),
        ({"document_no": ""}, "请填写文号"),
        ({"reason": ""}, "请填写理由"),
        ({"number": "1969"}, "年份须在"),
        ({"number": "x"}, "年份须在"),
    ],
)
def test_what_cannot_be_published_says_why_and_keeps_what_was_typed(
    head: Visitor, changes: dict[str, str], told: str
) -> None:
    answer = head.send("/calendar/publish", form(**changes))
    assert answer.status_code == 422
    assert any(told in problem for problem in problems(answer.text)), problems(answer.text)
    assert "04-04..04-06 清明节" in answer.text or "off" in changes


def test_every_year_known_can_be_typed_as_it_is_shown() -> None:
    for number, year in working_days.built_in().years.items():
        off, on = lists_of(number, year)
        typed = year_of(number, "\n".join(off), "\n".join(on), year.document_no, announced=year.announced)
        assert typed == year
    with pytest.raises(BadLine):
        year_of(2026, "02-30 春节", "", "", announced=False)


def test_a_year_typed_as_the_form_shows_it_changes_nothing(network: Network, head: Visitor) -> None:
    before = network.members[COUNTY].casebook.calendar().year(2026)
    head.send("/calendar/publish", form())
    held = network.members[COUNTY].casebook.calendars_in_force()[2026].said
    assert held.year == before and held == Announcement(2026, YEAR_2026, "防汛停工")
