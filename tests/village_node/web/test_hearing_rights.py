"""The right to be heard: told before an adverse decision where the item says so, then asked for, waived or over."""

import re
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
    refused(officer, case, "hearing_right", "尚未告知听证权利", what="asked")
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
    head = county.sign_in("0203", "head", name="钱局长")
    presider = county.sign_in("0209", "window", name="周敏")
    opened_by_two(
        officer, head, asking, what="hearing", basis="行政许可法第四十七条", planned_days="15",
        hearing_day="2026-12-02", hearing_at="上午九时，县政务大厅三楼", presider="0209",
    )  # fmt: skip
    opened = chosen(presider.open(asking).text, "resume", "opened")[0]
    done(presider, asking, "resume", opened=opened, result="听证笔录已附")
    done(officer, asking, "decide", **AGAINST)


def test_an_item_that_does_not_say_so_is_refused_without(county: Counter) -> None:
    person = county.sign_in("0201", "officer", "window", "head", name="陈静")
    case = person.file("016", **PAPERS)
    done(person, case, "docket")
    assert "该事项没有规定告知听证权利" in person.open(case).text
    done(person, case, "decide", **AGAINST)
