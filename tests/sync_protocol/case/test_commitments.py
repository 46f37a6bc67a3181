"""What an applicant commits to stands in the ledger, holds up the certificate alone, and may end the case."""

from datetime import date
from typing import Any

import pytest

from sync_protocol.case import Position, Verdict, kinds
from sync_protocol.case.events import EFFECTIVE
from sync_protocol.case.legal_dates import last_day
from tests.sync_protocol.case.histories import catalogue
from tests.sync_protocol.case.script import COUNTY, TOWNSHIP, VILLAGE, Script, to_township
from tests.sync_protocol.case.year_2026 import CALENDAR

PAPER = {0: "tolerance", 1: [["经营场所证明", 1, False]], 3: "2026-12-01", 4: "张三"}
WORD = {0: "declaration", 2: "符合告知的条件", 3: "2026-12-01", 4: "张三"}


def void(reason: str) -> Verdict:
    return Verdict("void", reason)


def received(item: str = "036") -> Script:
    return to_township(item)


def decided(outcome: str = "approve", item: str = "036", paper: str = "经营场所证明") -> tuple[Script, Position]:
    """Accepted with a commitment, and decided at the county."""
    script = received(item)
    committed = script.write(TOWNSHIP, kinds.COMMITMENT, {**PAPER, 1: [[paper, 1, False]]})
    script.docket(TOWNSHIP)
    if catalogue().item(item).review_level:
        script.write(TOWNSHIP, kinds.REVIEW, {0: "agree"})
    script.handoff(TOWNSHIP, COUNTY, "decide")
    script.accept(COUNTY)
    body = {0: outcome} if outcome == "approve" else {0: outcome, 1: "不符合"}
    assert script.verdict(script.write(COUNTY, kinds.DECIDE, body)) == EFFECTIVE, "it holds up neither way nor decision"
    return script, committed


@pytest.mark.parametrize(
    ("item", "body", "verdict"),
    [
        ("036", PAPER, EFFECTIVE),
        ("036", WORD, EFFECTIVE),
        ("036", {**PAPER, 1: [["经营场所证明", 1, False], ["身份证", 1, True]]}, void("tolerable")),
        ("001", PAPER, void("tolerable")),
        ("034", {**PAPER, 1: [["占道平面图", 1, False]]}, EFFECTIVE),
        ("034", WORD, void("tolerable")),
        ("036", {0: "tolerance", 3: "2026-12-01", 4: "张三"}, void("malformed: materials")),
    ],
)
def test_the_item_says_which_papers_may_come_later(item: str, body: dict[int, Any], verdict: Verdict) -> None:
    script = received(item)
    assert script.verdict(script.write(TOWNSHIP, kinds.COMMITMENT, body)) == verdict


def test_nothing_is_made_out_or_handed_down_before_it_is_kept() -> None:
    script, committed = decided()
    before = script.last
    assert script.verdict(script.write(COUNTY, kinds.ISSUE, {0: "证1"})) == void("kept")
    down = script.write(COUNTY, kinds.HANDOFF, {0: VILLAGE, 1: "deliver"}, after=before)
    assert script.verdict(down) == void("kept")
    kept = {0: list(committed), 1: "核查属实"}
    assert script.verdict(script.write(COUNTY, kinds.COMMITMENT_KEPT, kept, after=before)) == EFFECTIVE
    assert script.fold().open == ()
    assert script.verdict(script.write(COUNTY, kinds.COMMITMENT_KEPT, kept)) == void("commitment")


def test_a_refusal_goes_down_whatever_was_committed_to() -> None:
    script, _ = decided("refuse")
    down = script.write(COUNTY, kinds.HANDOFF, {0: VILLAGE, 1: "deliver"})
    assert script.verdict(down) == EFFECTIVE
    assert script.fold().commitments_due == ()


def test_papers_that_keep_it_count_as_supplied() -> None:
    script, committed = decided()
    supply = script.write(VILLAGE, kinds.SUPPLY, {1: [["经营场所证明", 1, True]]})
    script.write(COUNTY, kinds.COMMITMENT_KEPT, {0: list(committed), 2: [list(supply)]})
    case = script.fold()
    assert case.open_supplies == () and case.materials[-1].supplied == supply


def test_it_is_ended_by_its_own_act_alone() -> None:
    script, committed = decided()
    script = received()
    committed = script.write(TOWNSHIP, kinds.COMMITMENT, PAPER)
    script.docket(TOWNSHIP)
    before = script.last
    resume = script.write(TOWNSHIP, kinds.RESUME, {0: list(committed), 1: "x"}, after=before)
    assert script.verdict(resume) == void("entry")
    assert before is not None
    for odd in (before, Position(b"?" * 16, 1, b"?" * 8)):
        kept = script.write(TOWNSHIP, kinds.COMMITMENT_KEPT, {0: list(odd), 1: "x"}, after=before)
        assert script.verdict(kept) == void("commitment")


def test_a_case_lapses_over_it_before_and_after_the_approval_and_late_papers_lead_back() -> None:
    body = {0: "2026-12-01", 1: "承诺未兑现"}
    script = received()
    script.write(TOWNSHIP, kinds.COMMITMENT, PAPER)
    assert script.verdict(script.write(TOWNSHIP, kinds.LAPSE, body, after=script.last)) == void("not_allowed_now")
    script = received()
    script.write(TOWNSHIP, kinds.COMMITMENT, PAPER)
    script.docket(TOWNSHIP)
    assert script.verdict(script.write(TOWNSHIP, kinds.LAPSE, body)) == EFFECTIVE
    script, committed = decided()
    script.write(COUNTY, kinds.LAPSE, body)
    assert script.fold().state == "lapsed"
    supply = script.write(VILLAGE, kinds.SUPPLY, {1: [["经营场所证明", 1, True]]})
    script.write(COUNTY, kinds.TAKE, {0: [list(supply)]})
    case = script.fold()
    assert (case.state, [entry.opened for entry in case.open]) == ("decided_approved", [committed])
    script.write(COUNTY, kinds.COMMITMENT_KEPT, {0: list(committed), 1: "材料在期限内"})
    assert script.verdict(script.write(COUNTY, kinds.LAPSE, body)) == void("commitment_open")


def test_a_fee_opens_again_only_what_ended_for_the_fee_and_the_commitment_stays_open() -> None:
    paid = {0: "paid", 1: "票1", 4: "2026-11-30"}
    script, _ = decided(item="034", paper="占道平面图")
    script.write(COUNTY, kinds.LAPSE, {0: "2026-12-01", 1: "承诺未兑现"})
    assert script.verdict(script.write(COUNTY, kinds.FEE_SETTLED, paid)) == void("fee_lapsed")
    script, committed = decided(item="034", paper="占道平面图")
    script.write(COUNTY, kinds.FEE_NOTICE, {0: 12_000, 1: "每平方米每日2元"})
    script.write(COUNTY, kinds.LAPSE, {0: "2026-12-01", 1: "逾期未缴费"})
    assert script.verdict(script.write(COUNTY, kinds.FEE_SETTLED, paid)) == EFFECTIVE
    case = script.fold()
    assert (case.state, [entry.opened for entry in case.open]) == ("decided_approved", [committed])
    assert script.verdict(script.write(COUNTY, kinds.ISSUE, {0: "证1"})) == void("kept")


def test_the_last_day_is_the_one_committed_to_but_while_a_fee_is_due_it_is_the_fees() -> None:
    script, committed = decided(item="034", paper="占道平面图")
    assert last_day(script.fold(), script.events, CALENDAR) == date(2026, 12, 1)
    script.write(COUNTY, kinds.FEE_NOTICE, {0: 12_000, 1: "每平方米每日2元", 2: 30})
    due = last_day(script.fold(), script.events, CALENDAR)
    assert due is not None and due.year == 1970, "working days from the day of the notice"
    script, committed = decided()
    script.write(COUNTY, kinds.COMMITMENT_KEPT, {0: list(committed), 1: "核查属实"})
    assert last_day(script.fold(), script.events, CALENDAR) is None, "nobody waits for the applicant"


def test_a_lapsed_case_that_is_assigned_stays_as_far_as_it_was() -> None:
    script, _ = decided()
    script.write(COUNTY, kinds.LAPSE, {0: "2026-12-01", 1: "承诺未兑现"})
    case = script.fold()
    assert (case.state, case.state_before) == ("lapsed", "decided_approved")
