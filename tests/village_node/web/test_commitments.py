"""Papers that come later, and declarations: signed, dated within the promise, kept or else the case is ended."""

import pytest

from tests.builders import TOWNSHIP, VILLAGE, Network, delegate_all
from tests.village_node.notices.given import words
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere, exchange
from tests.village_node.web.errands import chosen, done, hindered, printed, refused
from tests.village_node.web.test_documents import link
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_legal_life import why
from tests.village_node.web.test_query import look_up

DAY_MS = 86_400_000
LATER = {"what": "tolerance", "paper:material:经营场所证明": "yes", "due": "2026-11-20", "signed_by": "张秀兰"}


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", "reviewer", name="李强")


@pytest.fixture
def officer(county: Counter) -> Visitor:
    delegate_all(county.member, "1001", "1002")
    return county.sign_in("1001", "window", "officer", name="赵敏")


def taken(network: Network, agent: Visitor, clerk: Visitor) -> str:
    """An application for a shop's licence to sell books, with the township that may accept it."""
    case = agent.file("036")
    done(agent, case, "handoff")
    everywhere(network)
    done(clerk, case, "accept")
    return case


def approved(network: Network, agent: Visitor, clerk: Visitor, officer: Visitor) -> str:
    """The same, accepted although a paper is wanting, and approved at the county."""
    case = taken(network, agent, clerk)
    done(clerk, case, "commitment", **LATER)
    done(clerk, case, "docket")
    done(clerk, case, "handoff")
    everywhere(network)
    done(officer, case, "accept")
    done(officer, case, "decide", outcome="approve")
    return case


def test_a_paper_that_may_come_later_holds_up_the_certificate_alone_until_it_is_here(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter
) -> None:
    case = approved(network, agent, clerk, officer)
    assert "申请人的承诺尚未兑现" in why(officer, case)
    page = officer.open(case).text
    assert "承诺：容缺受理" in page and "后补的材料：经营场所证明" in page and "2026年11月20日 前兑现" in page
    assert case in officer.open("/work?view=promises").text and "承诺 2026年11月20日" in officer.open("/work").text
    assert "申请人承诺于" in officer.open(f"{case}/clock").text
    everywhere(network)
    code = held(county, case).query_code
    assert "请补交：材料《经营场所证明》" in agent.open(f"/q/{code}").text
    done(agent, case, "supply", **{"paper:material:经营场所证明": "yes"})
    everywhere(network)
    page = officer.open(case).text
    opened, supplies = chosen(page, "commitment_kept", "opened"), chosen(page, "commitment_kept", "supplies")
    assert len(opened) == len(supplies) == 1
    done(officer, case, "commitment_kept", opened=opened[0], supplies=supplies)
    found = held(county, case)
    assert found.open == () and found.materials[-1].name == "经营场所证明"
    assert case not in officer.open("/work?view=promises").text
    done(officer, case, "issue", certificate_no="出零字1号")


def test_a_commitment_is_made_out_to_be_signed(network: Network, agent: Visitor, clerk: Visitor) -> None:
    case = taken(network, agent, clerk)
    done(clerk, case, "commitment", **LATER)
    paper = words(printed(clerk, link(clerk, case, "tolerance")))
    assert "容缺受理承诺书" in paper and "经营场所证明" in paper and "2026年11月20日前补齐" in paper
    assert "承诺人（张秀兰）签名" in paper
    declared = {"what": "declaration", "text": "经营场所符合消防要求", "due": "2026-11-19", "signed_by": "张秀兰"}
    done(clerk, case, "commitment", **declared)
    paper = words(printed(clerk, link(clerk, case, "declaration")))
    assert "告知承诺书" in paper and "经营场所符合消防要求" in paper and "2026年11月19日" in paper


def test_only_papers_the_item_lets_come_later_do_and_only_within_the_promise(
    network: Network, agent: Visitor, clerk: Visitor
) -> None:
    case = taken(network, agent, clerk)
    form = clerk.open(case).text.split("/act/commitment")[1].split("</form>")[0]
    assert "经营场所证明" in form and "身份证" not in form, "only those are offered"
    refused(clerk, case, "commitment", "不允许容缺这些材料", **LATER, **{"paper:material:身份证": "yes"})
    refused(clerk, case, "commitment", "请填写此项", what="tolerance", due="2026-11-20", signed_by="张秀兰")
    refused(clerk, case, "commitment", "承诺期限不能早于今天", **{**LATER, "due": "2026-11-17"})
    refused(clerk, case, "commitment", "承诺期限不能晚于本件的承诺时限", **{**LATER, "due": "2027-11-20"})
    other = agent.file("001")
    done(agent, other, "handoff")
    everywhere(network)
    done(clerk, other, "accept")
    assert "不允许容缺这些材料" in why(clerk, other)


def test_what_is_not_kept_is_proposed_for_its_end_and_a_person_confirms(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter
) -> None:
    case = approved(network, agent, clerk, officer)
    hindered(officer, case, "lapse", "期限尚未届满", reasons="未补交")
    network.clock.now_ms += 4 * DAY_MS
    for visitor, staff_no in ((agent, "0001"), (clerk, "0101"), (officer, "1001")):
        assert visitor.send("/sign-in", {"staff_no": staff_no, "password": PASSWORD}).status_code == 303
    hindered(officer, case, "lapse", "尚未联系上", reasons="未补交")
    for visitor in (agent, clerk):
        done(visitor, case, "note", text="没有收到补交的材料")
    everywhere(network)
    page = officer.open(case).text
    assert "系统建议终止办理" in page and "承诺逾期" in officer.open("/work?view=promises").text
    form = page.split("/act/lapse")[1].split("</form>")[0]
    assert "承诺于 2026-11-20 前兑现" in form and "未补交《经营场所证明》" in form, "filled in, to be confirmed"
    assert held(county, case).state == "decided_approved", "nothing ends by itself"
    done(officer, case, "lapse", reasons="期限已过，未补交《经营场所证明》")
    found = held(county, case)
    assert (found.state, found.lapse is not None and found.lapse.limit_day) == ("lapsed", "2026-11-20")
    assert case not in officer.open("/work?view=promises").text
    everywhere(network)
    told = look_up(agent.counter.visitor(), found.case_no, found.query_code).text
    assert "承诺的事项到期没有兑现" in told and "未缴费" not in told
    done(agent, case, "supply", **{"paper:material:经营场所证明": "yes"})
    everywhere(network)
    done(officer, case, "take", supplies=chosen(officer.open(case).text, "take", "supplies"))
    assert held(county, case).state == "decided_approved", "papers that had come in time lead back"


def test_after_a_refusal_nobody_waits_for_the_paper(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, county: Counter
) -> None:
    case = taken(network, agent, clerk)
    done(clerk, case, "commitment", **LATER)
    done(clerk, case, "docket")
    done(clerk, case, "handoff")
    everywhere(network)
    done(officer, case, "accept")
    done(officer, case, "decide", outcome="refuse", reasons="不符合规划")
    assert "本件不再需要兑现" in officer.open(case).text
    assert case not in officer.open("/work?view=promises").text
    done(officer, case, "handoff")
    exchange(network, (TOWNSHIP, officer.counter.config.place), (VILLAGE, TOWNSHIP))
    assert held(county, case).transit_to is not None
