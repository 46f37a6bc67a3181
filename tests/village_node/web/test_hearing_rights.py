"""The right to be heard: told before an adverse decision where the item says so, then asked for, waived or over."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from sync_protocol.case.editions import Edition
from tests.builders import Network
from tests.village_node.notices.given import words
from tests.village_node.web.counter import PASSWORD, Counter, Visitor
from tests.village_node.web.errands import PAPERS, AtHand, chosen, done, links, opened_by_two, printed, refused
from tests.village_node.web.test_documents import announce, site_of
from tests.village_node.web.test_filing import held

INTENDED = {"what": "told", "intended": "经营场所为违法建筑，拟不予登记。", "basis": "条例第十条", "day": "2026-11-18"}
AGAINST = {"outcome": "refuse", "reasons": "经营场所为违法建筑"}
DAY_MS = 86_400_000


@pytest.fixture
def officer(network: Network, county: Counter) -> Visitor:
    """Somebody at the county, where an item now offers a hearing before it is refused."""
    site_of(county).printer = AtHand()
    announce(network)
    book = county.member.casebook
    old = book.catalogue.item("016")
    item = replace(
        old, version=2, special_procedures=("听证告知",), delegable=False, begins=date(2026, 11, 18), days_are="sample"
    )
    book.publish_item("0204", {"business"}, Edition(item, "直接关系他人重大利益"))
    return county.sign_in("0201", "officer", "window", "head", name="陈静")


def accepted(officer: Visitor) -> str:
    case = officer.file("016", **PAPERS)
    assert held(officer.counter, case).item_version == 2
    done(officer, case, "docket")
    return case


def test_nothing_is_refused_before_the_right_was_told_and_its_term_is_over(
    network: Network, county: Counter, officer: Visitor
) -> None:
    case = accepted(officer)
    assert "尚未告知" in officer.open(case).text.split("现在不能作出不予（撤销）决定")[1].split("</div>")[0]
    refused(officer, case, "decide", "须告知申请人听证权利，尚未告知", **AGAINST)
    refused(officer, case, "hearing_right", "尚未告知听证权利", what="asked", by="张秀兰")
    refused(officer, case, "hearing_right", "日期不能晚于今天", **{**INTENDED, "day": "2026-11-19"})
    done(officer, case, "hearing_right", **INTENDED)
    paper = words(printed(officer, next(each for each in links(officer, case) if each.endswith("/rights"))))
    assert re.search(r"市场监管行审听证告知〔2026〕621021-[0-9A-Z]{4}-1号", paper) and "违法建筑" in paper
    assert "5个工作日内（当日收到的，至2026年11月25日）" in paper
    refused(officer, case, "decide", "申请人在 2026-11-25 之前", **AGAINST)
    network.clock.now_ms += 7 * DAY_MS
    officer.send("/sign-in", {"staff_no": "0201", "password": PASSWORD})
    refused(officer, case, "decide", "申请人在 2026-11-25 之前", **AGAINST)
    network.clock.now_ms += DAY_MS
    officer.send("/sign-in", {"staff_no": "0201", "password": PASSWORD})
    assert "现在不能作出不予（撤销）决定" not in officer.open(case).text
    done(officer, case, "decide", **AGAINST)


def test_who_waives_is_refused_at_once_and_who_asks_is_heard_first(county: Counter, officer: Visitor) -> None:
    waiving, asking, granted = (accepted(officer) for _ in range(3))
    done(officer, granted, "decide", outcome="approve")
    done(officer, waiving, "hearing_right", **INTENDED)
    done(officer, waiving, "hearing_right", what="given_up", by="张秀兰")
    assert "张秀兰" not in officer.open(waiving).text
    done(officer, waiving, "decide", **AGAINST)
    done(officer, asking, "hearing_right", **INTENDED)
    done(officer, asking, "hearing_right", what="asked", by="张秀兰")
    refused(officer, asking, "decide", "须先举行听证", **AGAINST)
    heard(county, officer, asking)
    done(officer, asking, "decide", **AGAINST)


def heard(county: Counter, officer: Visitor, case: str, meanwhile: Callable[[], None] = lambda: None) -> None:
    """A hearing is opened and held."""
    head = county.sign_in("0203", "head", name="钱局长")
    presider = county.sign_in("0209", "window", name="周敏")
    opened_by_two(
        officer, head, case, what="hearing", basis="行政许可法第四十七条", planned_days="15",
        hearing_day="2026-12-02", hearing_at="上午九时，县政务大厅三楼", presider="0209",
    )  # fmt: skip
    meanwhile()
    opened = chosen(presider.open(case).text, "resume", "opened")[0]
    done(presider, case, "resume", opened=opened, result="听证笔录已附")


def later(network: Network, officer: Visitor, days: int) -> None:
    network.clock.now_ms += days * DAY_MS
    officer.send("/sign-in", {"staff_no": "0201", "password": PASSWORD})


def test_the_term_runs_from_the_day_of_receipt_and_from_no_day_before_the_notice(
    network: Network, officer: Visitor
) -> None:
    case = accepted(officer)
    refused(officer, case, "hearing_right", "当面送交的填今天", **{**INTENDED, "day": "2026-10-28"})
    done(officer, case, "hearing_right", **{**INTENDED, "day": ""})
    later(network, officer, 8)
    refused(officer, case, "decide", "尚未登记申请人收到听证告知的日期", **AGAINST)
    assert "请登记“收到听证告知”" in officer.open(case).text
    refused(officer, case, "hearing_right", "请填写此项", what="received")
    refused(officer, case, "hearing_right", "不能早于告知之日（2026-11-18）", what="received", day="2026-11-17")
    done(officer, case, "hearing_right", what="received", day="2026-11-25")
    refused(officer, case, "decide", "申请人在 2026-12-02 之前", **AGAINST)
    later(network, officer, 7)
    done(officer, case, "decide", **AGAINST)


def test_a_request_lives_through_a_further_notice_until_it_is_waived_and_a_waiver_does_not(officer: Visitor) -> None:
    case = accepted(officer)
    done(officer, case, "hearing_right", **INTENDED)
    refused(officer, case, "hearing_right", "请填写此项", what="asked")
    done(officer, case, "hearing_right", what="asked", by="张秀兰")
    done(officer, case, "hearing_right", **INTENDED)
    refused(officer, case, "decide", "须先举行听证", **AGAINST)
    refused(officer, case, "hearing_right", "请填写此项", what="given_up")
    done(officer, case, "hearing_right", what="given_up", by="张秀兰")
    done(officer, case, "hearing_right", **INTENDED)
    refused(officer, case, "decide", "申请人在 2026-11-25 之前", **AGAINST)


def test_a_request_while_a_hearing_runs_or_after_the_term_asks_for_no_further_one(
    network: Network, county: Counter, officer: Visitor
) -> None:
    twice, late = accepted(officer), accepted(officer)
    for case in (twice, late):
        done(officer, case, "hearing_right", **INTENDED)
    done(officer, twice, "hearing_right", what="asked", by="张秀兰")

    def asked_again() -> None:
        network.clock.now_ms += 60_000
        done(officer, twice, "hearing_right", what="asked", by="张秀兰")

    network.clock.now_ms += 60_000
    heard(county, officer, twice, asked_again)
    done(officer, twice, "decide", **AGAINST)
    later(network, officer, 8)
    done(officer, late, "hearing_right", what="asked", by="张秀兰")
    done(officer, late, "decide", **AGAINST)


def test_what_was_heard_is_told_anew_where_something_else_is_intended(
    network: Network, county: Counter, officer: Visitor
) -> None:
    case = accepted(officer)
    done(officer, case, "hearing_right", **INTENDED)
    done(officer, case, "hearing_right", what="asked", by="张秀兰")
    heard(county, officer, case)
    network.clock.now_ms += 60_000
    done(officer, case, "hearing_right", **{**INTENDED, "intended": "另有他人权利，拟不予登记。"})
    refused(officer, case, "decide", "申请人在 2026-11-25 之前", **AGAINST)


def test_a_hearing_that_ends_after_a_further_notice_answers_it(
    network: Network, county: Counter, officer: Visitor
) -> None:
    during = accepted(officer)
    done(officer, during, "hearing_right", **INTENDED)
    done(officer, during, "hearing_right", what="asked", by="张秀兰")
    network.clock.now_ms += 60_000

    def told_again() -> None:
        done(officer, during, "hearing_right", **INTENDED)
        network.clock.now_ms += 60_000

    heard(county, officer, during, told_again)
    done(officer, during, "decide", **AGAINST)


def test_an_item_that_does_not_say_so_is_refused_without(county: Counter) -> None:
    person = county.sign_in("0201", "officer", "window", "head", name="陈静")
    case = person.file("016", **PAPERS)
    done(person, case, "docket")
    assert "该事项没有规定告知听证权利" in person.open(case).text
    done(person, case, "decide", **AGAINST)
