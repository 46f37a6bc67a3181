"""Side events, and the acts of the holder that answer them."""

from sync_protocol.case import Position, Verdict, kinds
from tests.sync_protocol.case.script import (
    COUNTY,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    Script,
    to_county,
)

NOWHERE = Position(b"?" * 16, 9, b"?" * 8)
EFFECTIVE = Verdict("effective")


def test_corrections_leave_the_baton_and_the_taken_answers_replace_the_old() -> None:
    script = to_county()
    script.write(COUNTY, kinds.RETURN_FOR_CORRECTION, {0: [["a", "不清"]], 1: "重填", 2: 10})
    case = script.fold()
    assert (case.state, case.holder, case.state_before, case.returns) == ("correcting", COUNTY, "c_intake", 1)
    assert case.marks[0].field == "a" and case.correction_days == 10
    supply = script.write(VILLAGE, kinds.SUPPLY, {0: {"a": "2", "b": "3"}, 1: [["户口簿", 1, False]]})
    unused = script.write(TOWNSHIP, kinds.SUPPLY, {2: "也在找"})
    case = script.fold()
    assert case.answers == {"a": "1"} and [note.position for note in case.open_supplies] == [supply, unused]
    take = script.write(COUNTY, kinds.TAKE, {0: [list(supply)]})
    case = script.fold()
    assert case.state == "c_intake" and case.answers == {"a": "2", "b": "3"} and case.marks == ()
    assert case.materials[-1].name == "户口簿" and case.materials[-1].supplied == supply
    assert [note.position for note in case.open_supplies] == [unused]
    assert script.without(supply).verdicts[take] == Verdict("waiting", "named", supply)
    assert script.without(supply).state == "correcting"


def test_a_supply_taken_twice_counts_once_and_where_it_was_first_taken() -> None:
    script = to_county()
    first = script.write(VILLAGE, kinds.SUPPLY, {0: {"a": "2"}, 1: [["户口簿", 1, False]]})
    second = script.write(VILLAGE, kinds.SUPPLY, {0: {"a": "3"}})
    for supply in (first, second, first):
        script.write(COUNTY, kinds.TAKE, {0: [list(supply)]}, claimed_ms=len(script.events))
    case = script.fold()
    assert case.counts["effective"] == len(script.events)
    assert case.answers == {"a": "3"} and [material.name for material in case.materials] == ["身份证", "户口簿"]


def test_a_take_names_supplies_and_nothing_else() -> None:
    script = to_county()
    fork = script.last
    assert fork is not None
    note = script.write(VILLAGE, kinds.NOTE, {0: "x"})
    off_path = script.write(OTHER_VILLAGE, kinds.SUPPLY, {2: "x"})
    malformed = script.write(VILLAGE, kinds.SUPPLY, {})
    for named in (note, off_path, malformed, fork):
        take = script.write(COUNTY, kinds.TAKE, {0: [list(named)]}, after=fork)
        assert script.verdict(take) == Verdict("void", "supplies")
    newer = script.write(VILLAGE, kinds.SUPPLY, {2: "x"}, version=2)
    take = script.write(COUNTY, kinds.TAKE, {0: [list(newer)]}, after=fork)
    assert script.verdict(take).code == "needs_update"


def test_a_supply_whose_body_is_not_here_keeps_the_take_waiting() -> None:
    script = to_county()
    supply = script.write(VILLAGE, kinds.SUPPLY, {2: "x"})
    take = script.write(COUNTY, kinds.TAKE, {0: [list(supply)]})
    case = script.changed(supply, body=None, body_state="missing")
    assert case.verdicts[take] == Verdict("waiting", "named", supply)
    assert script.changed(supply, body=None, body_state="erased").verdicts[take] == EFFECTIVE


def test_the_holder_answers_a_withdrawal_once_and_never_grants_it_after_the_decision() -> None:
    script = to_county()
    fork = script.last
    request = script.write(VILLAGE, kinds.WITHDRAWAL_REQUEST, {0: "不办了", 1: "本人"})
    assert [note.body["by"] for note in script.fold().open_withdrawals] == ["本人"]
    refused = script.write(COUNTY, kinds.ANSWER, {0: list(request), 1: False, 2: "已在审批"})
    assert script.fold().state == "c_intake" and script.fold().open_withdrawals == ()
    again = script.write(COUNTY, kinds.ANSWER, {0: list(request), 1: True})
    assert script.verdict(again) == Verdict("void", "request")
    granted = script.write(COUNTY, kinds.ANSWER, {0: list(request), 1: True}, after=fork, seq=1, life=3, order=0)
    assert script.without(refused, again).state == "withdrawn"
    late = script.write(VILLAGE, kinds.WITHDRAWAL_REQUEST, {0: "还是不办了"})
    script.last = refused
    decided = script.decide(COUNTY)
    too_late = script.write(COUNTY, kinds.ANSWER, {0: list(late), 1: True})
    no = script.write(COUNTY, kinds.ANSWER, {0: list(late), 1: False, 2: "已决定"}, after=decided)
    case = script.without(granted, again)
    assert case.verdicts[too_late] == Verdict("void", "request_refused")
    assert case.verdicts[no] == EFFECTIVE and case.state == "decided_approved"


def test_an_answer_waits_for_the_request_it_names() -> None:
    script = to_county()
    request = script.write(VILLAGE, kinds.WITHDRAWAL_REQUEST, {0: "不办了"})
    answer = script.write(COUNTY, kinds.ANSWER, {0: list(request), 1: True})
    assert script.without(request).verdicts[answer] == Verdict("waiting", "named", request)
    note = script.write(VILLAGE, kinds.NOTE, {0: "x"})
    wrong = script.write(COUNTY, kinds.ANSWER, {0: list(note), 1: True}, after=script.events[7].position)
    assert script.verdict(wrong) == Verdict("void", "request")


def test_a_delivery_waits_for_the_decision_and_for_the_papers() -> None:
    script = to_county()
    at_home = script.write(VILLAGE, kinds.DELIVERED, {0: "张三", 1: "in_person"})
    at_township = script.write(TOWNSHIP, kinds.DELIVERED, {0: "张三", 1: "in_person"})
    assert script.verdict(at_home) == Verdict("waiting", "decision")
    assert script.fold().state == "c_intake"
    script.decide(COUNTY)
    assert script.verdict(at_home) == EFFECTIVE
    assert script.verdict(at_township) == Verdict("waiting", "holding")
    assert script.fold().state == "delivered"
    script.handoff(COUNTY, TOWNSHIP, "deliver")
    script.accept(TOWNSHIP)
    assert script.verdict(at_township) == EFFECTIVE


def test_side_events_of_places_off_the_path_are_void_and_of_frozen_authors_contested() -> None:
    script = to_county()
    assert script.verdict(script.write(OTHER_VILLAGE, kinds.NOTE, {0: "x"})) == Verdict("void", "off_path")
    frozen = script.write(VILLAGE, kinds.NOTE, {0: "x"}, entitled=False)
    assert script.verdict(frozen) == Verdict("contested", "not_entitled")
    assert script.verdict(script.write(VILLAGE, kinds.NOTE, {0: ""})) == Verdict("void", "malformed: text")
    bodiless = script.write(VILLAGE, kinds.NOTE, {0: "x"})
    case = script.changed(bodiless, body=None, body_state="missing")
    assert case.verdicts[bodiless] == Verdict("waiting", "body", bodiless)
    orphan = Script()
    note = orphan.write(VILLAGE, kinds.NOTE, {0: "x"})
    assert orphan.verdict(note) == Verdict("waiting", "create")


def test_the_first_accept_above_the_origin_fixes_the_date_of_filing() -> None:
    script = Script()
    script.create()
    script.receive(claimed_ms=70)
    assert script.fold().filed_ms == 70
    script.handoff(VILLAGE, TOWNSHIP, "accept")
    dates = {1: 70, 2: 100, 3: 200, 4: 100, 5: True}
    script.write(TOWNSHIP, kinds.ACCEPT, dates)
    assert (script.fold().filed_ms, script.fold().filed_disputed) == (100, True)
    script.docket(TOWNSHIP)
    script.review(TOWNSHIP)
    script.handoff(TOWNSHIP, COUNTY, "decide")
    script.write(COUNTY, kinds.ACCEPT, {1: 70, 2: 150, 3: 200, 4: 150, 5: True})
    assert script.fold().filed_ms == 100
    wrong = script.write(COUNTY, kinds.ACCEPT, {**dates, 4: 70}, after=script.events[-2].position)
    assert script.verdict(wrong) == Verdict("void", "malformed: used_ms")
