"""What may befall a case beside its straight way: refused, lapsed, suspended, reported up, extended, charged, filed."""

from typing import Any

import pytest

from sync_protocol.case import Position, Verdict, kinds
from sync_protocol.case.events import EFFECTIVE
from tests.sync_protocol.case.script import (
    COUNTY,
    HASH,
    TOWNSHIP,
    VILLAGE,
    Script,
    to_county,
    to_township,
    to_township_review,
)


def void(reason: str) -> Verdict:
    return Verdict("void", reason)


def joint() -> Script:
    """A joint case, reviewed at the township that decides it."""
    script = to_township_review("007")
    script.review(TOWNSHIP)
    return script


def test_only_who_may_accept_refuses_and_only_before_acceptance() -> None:
    script = Script()
    script.create()
    script.receive()
    assert script.verdict(script.refuse(VILLAGE)) == void("accept_level")
    script = to_township_review()
    assert script.verdict(script.refuse(TOWNSHIP)) == void("not_allowed_now")


def test_a_refusal_is_overturned_at_the_county_and_the_case_stays_where_it_is() -> None:
    script = to_township()
    refuse = script.refuse(TOWNSHIP)
    case = script.fold()
    assert (case.state, case.holder) == ("refused", TOWNSHIP)
    assert case.refusal is not None and case.refusal.legal_basis == "行政许可法第三十二条" and not case.refusal.revoked
    assert script.verdict(script.docket(TOWNSHIP, after=refuse)) == void("not_allowed_now")
    request = script.write(VILLAGE, kinds.REVIEW_REQUEST, {0: "材料齐全"})
    assert [note.position for note in script.fold().open_reviews] == [request]
    answer = {0: list(request), 1: "overturn", 2: "属于该镇职权"}
    below = script.write(TOWNSHIP, kinds.REVIEW_DECISION, answer, after=refuse)
    assert script.verdict(below) == void("county_level")
    decision = script.write(COUNTY, kinds.REVIEW_DECISION, answer, after=refuse)
    case = script.fold()
    assert (case.state, case.holder, case.last) == ("received", TOWNSHIP, decision)
    assert case.refusal is not None and case.refusal.revoked and case.open_reviews == ()
    assert script.verdict(script.docket(TOWNSHIP)) == EFFECTIVE


def test_a_refusal_that_is_upheld_stays_and_a_request_is_answered_once() -> None:
    script = to_township()
    script.refuse(TOWNSHIP)
    request = script.write(VILLAGE, kinds.REVIEW_REQUEST, {0: "材料齐全"})
    answer = {0: list(request), 1: "uphold", 2: "确不属于该镇职权"}
    script.write(COUNTY, kinds.REVIEW_DECISION, answer)
    case = script.fold()
    assert case.state == "refused" and case.review_answers[0].outcome == "uphold"
    assert script.verdict(script.write(COUNTY, kinds.REVIEW_DECISION, answer)) == void("request")


def test_a_review_names_a_request_for_one() -> None:
    script = to_township()
    refuse = script.refuse(TOWNSHIP)
    note = script.write(VILLAGE, kinds.NOTE, {0: "x"})
    for named, verdict in ((note, void("request")), (Position(b"?" * 16, 1, b"?" * 8), None)):
        body = {0: list(named), 1: "overturn", 2: "理由"}
        found = script.verdict(script.write(COUNTY, kinds.REVIEW_DECISION, body, after=refuse))
        assert found == (verdict or Verdict("waiting", "named", named))


def test_papers_that_never_come_end_the_case_and_timely_ones_found_later_reopen_it() -> None:
    script = to_township()
    script.write(TOWNSHIP, kinds.RETURN_FOR_CORRECTION, {0: [["a", "不清"]]})
    lapse = script.write(TOWNSHIP, kinds.LAPSE, {0: "2026-11-20", 1: "逾期未补正"})
    case = script.fold()
    assert case.state == "lapsed" and case.lapse is not None and case.lapse.limit_day == "2026-11-20"
    late = script.write(VILLAGE, kinds.SUPPLY, {0: {"a": "2"}})
    script.write(TOWNSHIP, kinds.TAKE, {0: [list(late)]}, after=lapse)
    case = script.fold()
    assert (case.state, case.lapse, case.answers) == ("received", None, {"a": "2"})


def test_a_case_lapses_in_examination_only_while_papers_are_outstanding() -> None:
    script = to_county()
    body = {0: "2026-11-20", 1: "逾期未补正"}
    start = script.last
    assert script.verdict(script.write(COUNTY, kinds.LAPSE, body)) == void("supplement_open")
    script.suspend(COUNTY, "publicity", after=start)
    assert script.verdict(script.write(COUNTY, kinds.LAPSE, body)) == void("supplement_open")
    script = to_county()
    script.suspend(COUNTY, "supplement")
    assert script.verdict(script.write(COUNTY, kinds.LAPSE, body)) == EFFECTIVE


@pytest.mark.parametrize("what", ["supplement", "hearing", "site_survey", "publicity"])
def test_nothing_is_decided_or_handed_on_while_a_procedure_is_open(what: str) -> None:
    script = to_county()
    opened = script.suspend(COUNTY, what)
    case = script.fold()
    assert case.state == "c_intake" and [entry.opened for entry in case.open] == [opened]
    assert script.verdict(script.decide(COUNTY, after=opened)) == void("nothing_open")
    script.resume(COUNTY, opened, after=opened)
    case = script.fold()
    assert case.open == () and case.procedures[opened].result["result"] == "已完成"
    assert case.procedures[opened].ended == case.last
    assert script.verdict(script.decide(COUNTY)) == EFFECTIVE


def test_two_procedures_stand_side_by_side_and_each_is_ended_by_name_once() -> None:
    script = to_county()
    first, second = script.suspend(COUNTY, "testing"), script.suspend(COUNTY, "publicity")
    ended = script.resume(COUNTY, first)
    assert script.verdict(script.resume(COUNTY, first, after=ended)) == void("entry")
    script.resume(COUNTY, second, after=ended)
    assert script.fold().open == ()


def test_papers_supplied_in_examination_are_taken_when_the_supplement_ends() -> None:
    script = to_county()
    opened = script.suspend(COUNTY, "supplement")
    assert script.fold().procedures[opened].body["marks"] == [["户口簿", "缺页"]]
    supply = script.write(VILLAGE, kinds.SUPPLY, {1: [["户口簿", 1, True]]})
    resumed = script.resume(COUNTY, opened, more={2: [list(supply)]})
    case = script.fold()
    assert case.materials[-1].name == "户口簿" and case.open_supplies == ()
    assert script.without(supply).verdicts[resumed] == Verdict("waiting", "named", supply)


def test_only_a_level_that_examines_suspends_and_only_the_county_reports_up() -> None:
    script = Script(item="004")
    script.create()
    script.receive()
    script.docket(VILLAGE)
    assert script.verdict(script.suspend(VILLAGE, "publicity")) == void("examine_level")
    script = to_township_review()
    start = script.last
    assert script.verdict(script.suspend(TOWNSHIP, "reported_up")) == void("up_level")
    assert script.verdict(script.suspend(TOWNSHIP, "publicity", after=start)) == EFFECTIVE


def test_a_case_holds_no_more_procedures_open_than_a_ledger_has_room_for() -> None:
    script = to_county()
    for _ in range(16):
        script.suspend(COUNTY, "testing")
    assert script.fold().counts["effective"] == len(script.events)
    assert script.verdict(script.suspend(COUNTY, "testing")) == void("room")


def test_what_a_higher_authority_decides_waits_for_its_answer_and_follows_it() -> None:
    script = to_county("030")
    start = script.last
    assert script.verdict(script.decide(COUNTY)) == void("higher_outcome")
    up = script.suspend(COUNTY, "reported_up", after=start)
    assert script.verdict(script.resume(COUNTY, up, after=up)) == void("higher_answer")
    answer: dict[int, Any] = {0: list(up), 3: "refuse", 4: "庆市林批〔2026〕7号", 5: "2026-11-20", 6: HASH}
    answered = script.write(COUNTY, kinds.RESUME, answer, after=up)
    assert script.verdict(script.decide(COUNTY, "approve", after=answered)) == void("higher_outcome")
    script.decide(COUNTY, "refuse", after=answered)
    case = script.fold()
    assert (case.state, case.higher) == ("decided_refused", "refuse")
    assert case.procedures[up].result["document_hash"] == HASH


def test_a_higher_answer_ends_nothing_else() -> None:
    script = to_county()
    opened = script.suspend(COUNTY, "testing")
    answer = {0: list(opened), 3: "approve", 4: "文号", 5: "2026-11-20", 6: HASH}
    assert script.verdict(script.write(COUNTY, kinds.RESUME, answer)) == void("higher_answer")


def test_a_term_is_extended_once_by_ten_days_and_a_joint_one_by_fifteen() -> None:
    script = to_county()
    start = script.last
    body: dict[int, Any] = {0: 11, 1: "情况复杂", 2: "1002"}
    assert script.verdict(script.write(COUNTY, kinds.EXTEND, body)) == void("extension")
    script.write(COUNTY, kinds.EXTEND, {**body, 0: 10}, after=start)
    case = script.fold()
    assert (case.extended, case.extension_days, case.state) == (True, 10, "c_intake")
    assert script.verdict(script.write(COUNTY, kinds.EXTEND, {**body, 0: 1})) == void("extension")
    script = joint()
    assert script.verdict(script.write(TOWNSHIP, kinds.EXTEND, {**body, 0: 15})) == EFFECTIVE


def charged() -> Script:
    """Item 034, which has a fee, approved at the county."""
    script = to_county("034")
    script.decide(COUNTY)
    return script


def test_an_approval_with_a_fee_is_settled_before_the_certificate_is_made_or_handed_down() -> None:
    script = charged()
    decided = script.last
    assert script.verdict(script.write(COUNTY, kinds.ISSUE, {0: "证1"})) == void("fee_settled")
    assert script.verdict(script.handoff(COUNTY, VILLAGE, "deliver", after=decided)) == void("fee_settled")
    script.write(COUNTY, kinds.FEE_NOTICE, {0: 12_000, 1: "标准"}, after=decided)
    assert script.fold().state == "fee_due"
    settled = script.write(COUNTY, kinds.FEE_SETTLED, {0: "waived", 2: "减字1号"})
    case = script.fold()
    assert case.state == "decided_approved" and case.fee is not None and case.fee.number == "减字1号"
    assert script.verdict(script.write(COUNTY, kinds.FEE_NOTICE, {0: 1, 1: "标准"})) == void("fee_asked")
    script.write(COUNTY, kinds.ISSUE, {0: "占道证1号", 1: "2026-11-25", 2: "2027-11-24"}, after=settled)
    case = script.fold()
    assert case.state == "issued" and case.certificate is not None and case.certificate.valid_to == "2027-11-24"
    script.handoff(COUNTY, VILLAGE, "deliver")
    script.accept(VILLAGE)
    delivered = script.write(VILLAGE, kinds.DELIVERED, {0: "张三", 1: "in_person"})
    assert script.fold().state == "delivered"
    script.write(VILLAGE, kinds.ARCHIVE, {0: list(delivered), 1: "2026-占道-1"})
    case = script.fold()
    assert (case.state, case.volume) == ("archived", "2026-占道-1")
    assert case.counts["void"] == 3


def test_a_fee_that_is_never_paid_ends_the_case_and_there_is_none_where_the_item_has_none() -> None:
    script = charged()
    script.write(COUNTY, kinds.FEE_NOTICE, {0: 12_000, 1: "标准"})
    script.write(COUNTY, kinds.LAPSE, {0: "2026-11-20", 1: "逾期未缴费"})
    assert script.fold().state == "lapsed" and script.fold().state_before == "fee_due"
    script = to_county()
    script.decide(COUNTY)
    assert script.verdict(script.write(COUNTY, kinds.FEE_NOTICE, {0: 1, 1: "标准"})) == void("fee_asked")


def test_a_volume_is_filed_after_a_delivery_that_it_names() -> None:
    script = to_county()
    decided = script.decide(COUNTY)
    for named, verdict in (
        (script.write(VILLAGE, kinds.NOTE, {0: "x"}), void("delivery")),
        (Position(b"?" * 16, 1, b"?" * 8), None),
    ):
        filed = script.write(COUNTY, kinds.ARCHIVE, {0: list(named), 1: "1"}, after=decided)
        assert script.verdict(filed) == (verdict or Verdict("waiting", "named", named))


def signature(script: Script, opened: Position, member: str, opinion: str = "agree") -> Position:
    return script.write(VILLAGE, kinds.COUNTERSIGNATURE, {0: list(opened), 1: member, 2: opinion, 3: "意见"})


def test_a_joint_case_is_countersigned_by_all_departments_before_it_is_decided() -> None:
    script = joint()
    opened = script.write(TOWNSHIP, kinds.COUNTERSIGN_OPEN, {0: ["自然资源所", "建设所"]})
    assert script.verdict(script.decide(TOWNSHIP)) == void("nothing_open")
    first, second = signature(script, opened, "自然资源所"), signature(script, opened, "建设所", "disagree")
    short = {0: list(opened), 1: [list(first)]}
    assert script.verdict(script.write(TOWNSHIP, kinds.COUNTERSIGN_CLOSE, short, after=opened)) == void("countersigned")
    closed = script.write(
        TOWNSHIP, kinds.COUNTERSIGN_CLOSE, {0: list(opened), 1: [list(first), list(second)]}, after=opened
    )
    assert script.verdict(closed) == EFFECTIVE and script.fold().open == ()
    assert script.without(second).verdicts[closed] == Verdict("waiting", "named", second)
    assert script.changed(second, body=None, body_state="erased").verdicts[closed] == EFFECTIVE
    assert script.verdict(script.decide(TOWNSHIP, after=closed)) == EFFECTIVE


def test_a_countersigning_ends_without_a_department_only_with_a_reason_and_by_its_own_act() -> None:
    script = joint()
    opened = script.write(TOWNSHIP, kinds.COUNTERSIGN_OPEN, {0: ["自然资源所", "建设所"]})
    first, stranger = signature(script, opened, "自然资源所"), signature(script, opened, "教育局")
    other = signature(script, first, "自然资源所")
    assert script.verdict(script.resume(TOWNSHIP, opened, after=opened)) == void("entry")
    for named in (stranger, other):
        body = {0: list(opened), 1: [list(named)], 2: "未答复"}
        assert script.verdict(script.write(TOWNSHIP, kinds.COUNTERSIGN_CLOSE, body, after=opened)) == void("signatures")
    body = {0: list(opened), 1: [list(first)], 2: "建设所逾期未签"}
    assert script.verdict(script.write(TOWNSHIP, kinds.COUNTERSIGN_CLOSE, body, after=opened)) == EFFECTIVE
    script = to_county()
    assert script.verdict(script.write(COUNTY, kinds.COUNTERSIGN_OPEN, {0: ["建设所"]})) == void("joint")


def test_a_countersigning_is_ended_once() -> None:
    script = joint()
    opened = script.write(TOWNSHIP, kinds.COUNTERSIGN_OPEN, {0: ["建设所"]})
    body = {0: list(opened), 1: [list(signature(script, opened, "建设所"))]}
    assert script.verdict(script.write(TOWNSHIP, kinds.COUNTERSIGN_CLOSE, body)) == EFFECTIVE
    assert script.verdict(script.write(TOWNSHIP, kinds.COUNTERSIGN_CLOSE, body)) == void("countersigning")


def test_the_first_rating_of_a_stage_counts_and_others_are_shown() -> None:
    script = to_county()
    first = script.write(VILLAGE, kinds.RATING, {0: "good", 1: 1})
    again = script.write(VILLAGE, kinds.RATING, {0: "poor", 1: 1, 2: "太慢"})
    result = script.write(VILLAGE, kinds.RATING, {0: "very_good", 1: 2})
    case = script.fold()
    assert {stage: note.position for stage, note in case.ratings.items()} == {1: first, 2: result}
    assert [note.position for note in case.later_ratings] == [again]


def test_service_and_contact_are_kept_beside_the_case() -> None:
    script = to_county()
    script.write(VILLAGE, kinds.SERVICE_ACT, {0: "door", 2: "上门收件"})
    script.write(VILLAGE, kinds.CONTACT_CHANGE, {0: "13900001111"})
    case = script.fold()
    assert case.services[0].body["what"] == "door"
    assert case.contact_changes[0].body["applicant_phone"] == "13900001111"


def test_what_stands_on_another_branch_is_adopted_ledger_and_all() -> None:
    script = to_county()
    fork = script.last
    script.write(COUNTY, kinds.NOTE, {0: "x"})
    lost = script.suspend(COUNTY, "testing", after=fork, life=2, order=9)
    ended = script.resume(COUNTY, lost, life=2, order=9)
    script.suspend(COUNTY, "publicity", after=fork)
    assert script.verdict(ended) == Verdict("contested", "other_branch")
    script.write(COUNTY, kinds.ADOPT, {0: [list(ended)]})
    case = script.fold()
    assert [entry.what for entry in case.open] == ["publicity"]
    assert case.procedures[lost].ended == ended


def test_what_was_handed_over_unpaid_is_not_closed() -> None:
    script = charged()
    script.write(COUNTY, kinds.FEE_NOTICE, {0: 12_000, 1: "标准", 2: 15})
    delivery = script.write(COUNTY, kinds.DELIVERED, {0: "张三", 1: "in_person"})
    case = script.fold()
    assert (script.verdict(delivery).code, case.state) == ("effective", "fee_due")
    script.write(COUNTY, kinds.FEE_SETTLED, {0: "paid", 1: "票1"})
    assert script.fold().state == "delivered"


def test_a_deleted_body_still_moves_the_case() -> None:
    script = to_county()
    opened = script.suspend(COUNTY, "supplement")
    script.resume(COUNTY, opened)
    script.write(COUNTY, kinds.EXTEND, {0: 5, 1: "情况复杂", 2: "1002"})
    decided = script.decide(COUNTY)
    script.write(COUNTY, kinds.ISSUE, {0: "证1"})
    whole = script.fold()
    assert whole.counts["effective"] == len(script.events) and whole.state == "issued"
    events = [
        e if kinds.BY_NUMBER[e.kind].holding == "inline" or e.kind == kinds.CREATE
        else type(e)(**{**{name: getattr(e, name) for name in e.__slots__}, "body": None, "body_state": "erased"})
        for e in script.events
    ]  # fmt: skip
    case = script.fold(events)
    assert case.verdicts == whole.verdicts and case.state == "issued"
    assert case.procedures[opened].what == "" and case.extended and decided in case.path


def test_what_a_header_keeps_of_a_body_outlives_it_and_says_nothing_else() -> None:
    gone: dict[str, Any] = {"body": None, "body_state": "purged"}
    script = to_county()
    fork = script.last
    hearing = script.suspend(COUNTY, "hearing", kept={0: "hearing", 3: 5})
    assert script.fold().verdicts == script.changed(hearing, **gone).verdicts
    assert script.changed(hearing, **gone).open == script.fold().open
    assert script.changed(hearing, **gone).procedures[hearing].body == {"what": "hearing", "planned_days": 5}
    for kept in (
        {0: "hearing"},
        {0: "testing", 3: 5},
        {0: "hearing", 3: 5, 8: "x"},
        {},
        {3: 5},
        {0: "hearing", 3: True},
        7,
    ):
        odd = script.suspend(COUNTY, "hearing", after=fork, kept=kept)
        assert script.verdict(odd) == void("malformed: kept"), kept
    # What does not fit says nothing once the body is gone.
    script = to_county()
    odd = script.suspend(COUNTY, "hearing", kept={0: "hearing"})
    assert script.changed(odd, **gone).procedures[odd].what == ""


def test_a_case_taken_out_of_hand_keeps_its_ledger_and_one_that_lapsed_its_way_back() -> None:
    script = to_township_review()
    opened = script.suspend(TOWNSHIP, "supplement")
    script.write(TOWNSHIP, kinds.LAPSE, {0: "2026-11-20", 1: "逾期未补正"})
    script.assign(COUNTY, COUNTY)
    case = script.fold()
    assert (case.state, case.holder, [entry.opened for entry in case.open]) == ("lapsed", COUNTY, [opened])
    supply = script.write(VILLAGE, kinds.SUPPLY, {2: "已补"})
    script.write(COUNTY, kinds.TAKE, {0: [list(supply)]})
    assert script.fold().state == "accepted"
