"""What an item asks and a case has no record of: told where somebody accepts or decides, and never printed as there."""

import pytest

from tests.builders import VILLAGE, Network
from tests.village_node.notices.given import words
from tests.village_node.web.counter import Counter, Visitor, form_of
from tests.village_node.web.errands import (
    PAPERS,
    AtHand,
    at_the_county,
    chosen,
    done,
    handed_up,
    links,
    printed,
    refused,
)
from village_node.web.site import SITE

LATER = {"what": "tolerance", "paper:material:经营场所证明": "yes", "due": "2026-11-20", "signed_by": "张秀兰"}


@pytest.fixture(autouse=True)
def press_at_hand(township: Counter) -> None:
    township.app.extensions[SITE].printer = AtHand()


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer", name="周涛")


@pytest.fixture
def officer(county: Counter) -> Visitor:
    return county.sign_in("0201", "window", "officer", "head", name="陈静")


def acceptance(clerk: Visitor, case: str) -> str:
    """What the notice of acceptance says."""
    return words(printed(clerk, [each for each in links(clerk, case) if each.endswith("/04")][-1]))


def test_nobody_accepts_without_the_papers_and_without_saying_why(
    network: Network, agent: Visitor, clerk: Visitor
) -> None:
    case = handed_up(network, agent, clerk, agent.file("003", m0="", m1=""))
    form = form_of(clerk.open(case).text, f"{case}/act/docket")
    assert "尚缺：身份证、申请表、困难情况证明" in form and "先登记容缺受理承诺" in form
    refused(clerk, case, "docket", "尚缺：身份证、申请表、困难情况证明", note="")
    done(clerk, case, "docket", note="原件已核验退回")
    paper = acceptance(clerk, case)
    assert "齐全" not in paper and "身份证、申请表、困难情况证明在受理时没有收到，处理情况见“受理说明”" in paper
    assert "原件已核验退回" in paper


def test_an_acceptance_of_before_that_gave_no_reason_is_not_printed_as_complete(
    network: Network, agent: Visitor, clerk: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = handed_up(network, agent, clerk, agent.file("003", m2=""))
    monkeypatch.setattr("village_node.web.unproven.check", lambda *_: None)
    done(clerk, case, "docket", note="")
    paper = acceptance(clerk, case)
    assert "齐全" not in paper and "材料清单所列的困难情况证明在受理时没有收到。" in paper


def test_with_every_paper_nothing_is_asked_and_the_notice_says_complete(
    network: Network, agent: Visitor, clerk: Visitor
) -> None:
    case = handed_up(network, agent, clerk, agent.file("003", **PAPERS))
    form = form_of(clerk.open(case).text, f"{case}/act/docket")
    assert "data-unproven" not in form
    done(clerk, case, "docket", note="")
    assert "申请材料齐全、符合法定形式" in acceptance(clerk, case)


def test_a_paper_that_is_promised_is_not_asked_for_and_named_with_its_day(
    network: Network, agent: Visitor, clerk: Visitor
) -> None:
    case = handed_up(network, agent, clerk, agent.file("036"))
    refused(clerk, case, "docket", "尚缺：经营场所证明", note="")
    done(clerk, case, "commitment", **LATER)
    done(clerk, case, "docket", note="")
    paper = acceptance(clerk, case)
    assert "齐全" not in paper and "经营场所证明（2026年11月20日前）由你（单位）承诺补交（容缺受理）" in paper


def test_nobody_approves_without_papers_notice_and_visit_and_without_saying_why(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor
) -> None:
    case = handed_up(network, agent, clerk, agent.file("001"))
    done(clerk, case, "docket")
    done(clerk, case, "review", opinion="agree")
    handed_up(network, clerk, officer, case)
    form = form_of(officer.open(case).text, f"{case}/act/decide")
    for said in ("尚缺：户口簿", "本事项须公示 7 日，本案没有公示记录", "本事项须入户调查，本案没有记录"):
        assert said in form
        refused(officer, case, "decide", said, outcome="approve", reasons="")
    done(officer, case, "decide", outcome="refuse", reasons="收入超过标准")


def test_a_notice_that_was_posted_is_not_asked_for(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor
) -> None:
    case = at_the_county(network, agent, clerk, officer)
    done(officer, case, "suspend", what="publicity", basis="本事项须公示", planned_days="7")
    opened = chosen(officer.open(case).text, "resume", "opened")
    done(officer, case, "resume", opened=opened[0], result="期满无异议")
    form = form_of(officer.open(case).text, f"{case}/act/decide")
    assert "没有公示记录" not in form and "须入户调查" in form


def test_who_asks_for_corrections_is_told_everything_that_is_missing_and_which_days_may_be_given(
    network: Network, agent: Visitor
) -> None:
    case = agent.file("040", m1="")
    lacking = network.members[VILLAGE].casebook.catalogue.item("040").materials
    form = form_of(agent.open(case).text, f"{case}/act/return_for_correction")
    told = form.partition("data-unproven")[2].partition("</div></div>")[0]
    assert told.count("尚缺：") == 1 and lacking[-1] in told
    marks = {"mark:applicant_phone": "yes", "reason": "空号"}
    for days in ("-3", "三"):
        refused(agent, case, "return_for_correction", "应为 1 至 365 的整数", **marks, due_days=days)
    done(agent, case, "return_for_correction", **marks, due_days="3")
    whole = agent.file("040", **PAPERS)
    assert "data-unproven" not in form_of(agent.open(whole).text, f"{whole}/act/return_for_correction")
