"""Which documents bear a seal, whose, and what one without says."""

from sync_protocol.case import kinds
from tests.builders import COUNTY, TOWNSHIP, Network
from tests.village_node.casebook.test_entitlement import seal
from tests.village_node.notices.given import words
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS, at_the_township, chosen, done, printed
from tests.village_node.web.test_documents import (
    MARK,
    agent,
    at_the_county,
    clerk,
    examined,
    head,
    link,
    officer,
    press_at_hand,
)
from tests.village_node.web.test_previews import key_of

__all__ = ["agent", "clerk", "head", "officer", "press_at_hand"]


def test_a_document_shows_the_seal_that_its_event_names_and_no_other(
    network: Network, officer: Visitor, head: Visitor, county: Counter
) -> None:
    case = officer.file("036")
    done(officer, case, "docket")
    first = {
        "seal_no": "文旅2号章",
        "use": "decision",
        "owner": "庆城县钟楼管理所",
        "mark": "2",
        "document_no": "印1号",
    }
    kept = {**first, "custodians": ["0203"], "first": "2026-08-01"}
    county.member.casebook.enter("0203", {"head"}, kinds.SEAL, kept)
    done(head, case, "decide", outcome="approve")
    network.clock.now_ms += 60_000
    county.member.casebook.enter("0203", {"head"}, kinds.SEAL, {**kept, "owner": "改名所", "mark": ""})
    accepted = words(printed(officer, link(officer, case, "04")))
    assert "专用章" not in accepted and "记录中没有用印" in accepted
    decision = words(printed(officer, link(officer, case, "11")))
    assert "行政审批专用章（2）" in decision and "样章" in decision and "改" not in decision
    assert all(letter in decision and letter not in accepted for letter in "钟楼") and "所印为样章" in decision


def test_a_notice_bears_the_seal_of_who_gives_it_and_none_where_another_keeps_it(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, head: Visitor
) -> None:
    seal(network.members[TOWNSHIP], "acceptance", "0101", owner="驿马镇")
    seal(network.members[COUNTY], "decision", "0203", owner="庆城县民政局")
    case = agent.file()
    done(agent, case, "handoff")
    everywhere(network)
    done(clerk, case, "accept")
    done(clerk, case, "return_for_correction", **MARK)
    asked = words(printed(clerk, link(clerk, case, "02")))
    assert "受理专用章" in asked and "所印为样章" in asked
    case = examined(network, agent, clerk, officer, head)
    for code in ("08", "10"):
        said = words(printed(head, link(head, case, code)))
        assert "行政审批专用章" in said and "所印为样章" in said, code
    said = words(printed(officer, link(officer, case, "07")))
    assert "专用章" not in said and "记录中没有用印" in said, "who asked does not keep it"
    case = at_the_county(network, agent, clerk, officer, "034", **PAPERS)
    seal(network.members[COUNTY], "decision", "0201", owner="庆城县民政局")
    done(officer, case, "decide", outcome="approve")
    done(officer, case, "fee_notice", due_days="15")
    assert "行政审批专用章" in words(printed(officer, link(officer, case, "15")))


def test_a_receipt_and_what_is_given_for_papers_a_withdrawal_or_an_end_name_their_seal(
    network: Network, agent: Visitor, clerk: Visitor, township: Counter
) -> None:
    seal(network.members[TOWNSHIP], "acceptance", "0101", owner="驿马镇")
    at_hand = clerk.file("016", **PAPERS)
    assert "受理专用章" in words(printed(clerk, link(clerk, at_hand, "01")))
    case = agent.file()
    done(agent, case, "handoff")
    everywhere(network)
    done(clerk, case, "accept")
    receipt = words(printed(clerk, link(clerk, case, "01")))
    assert "受理专用章" in receipt and "所印为样章" in receipt
    done(clerk, case, "return_for_correction", **MARK)
    done(clerk, case, "supply", text="已补")
    assert "受理专用章" in words(printed(clerk, link(clerk, case, "03")))
    done(clerk, case, "withdrawal_request", reason="不办了")
    [asked] = chosen(clerk.open(case).text, "answer", "request")
    done(clerk, case, "answer", request=asked, granted="yes")
    assert "受理专用章" in words(printed(clerk, link(clerk, case, "withdrawal")))
    uses = township.sign_in("0109", "head").open("/seals").text
    assert "答复撤回申请" in uses and "补交材料或更正" in uses


def test_a_review_is_decided_under_the_centre_s_own_seal_by_its_custodian(
    network: Network, agent: Visitor, clerk: Visitor, county: Counter
) -> None:
    seal(county.member, "decision", "0203", seal_no="民政2号章", owner="庆城县民政局", department="民政")
    case, other = (at_the_township(network, agent, clerk, "001") for _ in range(2))
    for each in (case, other):
        done(clerk, each, "refuse", reasons="不属于本机关职权", legal_basis="某条例第五条")
    everywhere(network)
    for each in (case, other):
        done(agent, each, "review_request", reason="材料齐全")
    everywhere(network)
    section, keeper = (
        county.sign_in(number, "business", name=name) for number, name in (("0204", "孙"), ("0205", "李"))
    )
    said, by_hand = (
        {"request": chosen(section.open(each).text, "review_decision", "request")[0], "outcome": "uphold"}
        for each in (case, other)
    )
    seal(county.member, "decision", "0205", seal_no="中心章", owner="庆城县政务服务中心")
    done(section, other, "review_decision", reasons="确不属于", **by_hand)
    paper = words(printed(section, link(section, other, "recheck")))
    assert "行政审批专用章" not in paper and "记录中没有用印" in paper
    done(keeper, case, "review_decision", reasons="确不属于", **said)
    paper = words(printed(keeper, link(keeper, case, "recheck")))
    assert "行政审批专用章" in paper and "所印为样章" in paper
    entry = county.member.casebook.timeline(*key_of(case))[-1]
    assert (entry.kind, entry.body and entry.body["seal"]) == (kinds.REVIEW_DECISION, "中心章")
