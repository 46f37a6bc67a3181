"""What the fold says of events that race, lack something, come from elsewhere or make no sense."""

from dataclasses import replace

import pytest

from sync_protocol import encoding
from sync_protocol.case import BodyState, CaseEvent, Position, Verdict, explain, kinds
from tests.sync_protocol.case.histories import CASE_ID
from tests.sync_protocol.case.script import (
    COUNTY,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    Script,
    to_county,
    to_township_review,
)

NOWHERE = Position(b"?" * 16, 9, b"?" * 8)
EFFECTIVE = Verdict("effective")


def test_a_case_goes_through_three_levels_and_back() -> None:
    script = to_county()
    script.decide(COUNTY)
    script.handoff(COUNTY, VILLAGE, "deliver")
    assert script.fold().state == "in_transit" and script.fold().transit_to == VILLAGE
    script.accept(VILLAGE)
    assert script.fold().state == "delivering"
    script.write(VILLAGE, kinds.DELIVERED, {0: "张三", 1: "in_person", 2: "2026-11-22"}, claimed_ms=5_000)
    case = script.fold()
    assert case.state == "delivered" and case.delivered_ms == 5_000
    assert case.counts == {"effective": 12, "waiting": 0, "needs_update": 0, "void": 0, "contested": 0}
    assert case.decision is not None and (case.decision.outcome, case.decision.place) == ("approve", COUNTY)
    assert case.review is not None and case.review.opinion == "agree"
    assert case.holder == VILLAGE and case.last == script.last and case.case_no and case.query_code
    assert case.promised_days == 25 and case.docketed_at == TOWNSHIP


def test_missing_predecessor_makes_all_that_follows_wait_for_it() -> None:
    script = to_county()
    lost = script.events[3].position
    case = script.without(lost)
    for event in script.events[4:]:
        assert case.verdicts[event.position] == Verdict("waiting", "after", lost)
    assert case.state == "in_transit" and case.last == script.events[2].position
    assert script.fold().state == "c_intake"


def test_missing_body_makes_the_event_and_all_after_it_wait() -> None:
    script = to_county()
    lost = script.events[5].position
    case = script.changed(lost, body=None, body_state="missing")
    assert {case.verdicts[event.position] for event in script.events[5:]} == {Verdict("waiting", "body", lost)}
    assert case.state == "accepted" and case.holder == TOWNSHIP


@pytest.mark.parametrize("state", ["purged", "erased"])
def test_a_deleted_body_moves_the_case_as_far_as_its_kind_says(state: BodyState) -> None:
    script = to_county()
    script.decide(COUNTY, "refuse")
    script.handoff(COUNTY, VILLAGE, "deliver")
    whole = script.fold()
    for event in script.events:
        case = script.changed(event.position, body=None, body_state=state)
        if kinds.BY_NUMBER[event.kind].holding == "inline":
            # What stands in the header cannot be deleted: without it nothing is known, and it waits.
            assert case.verdicts[event.position] == Verdict("waiting", "body", event.position)
            continue
        assert case.verdicts == whole.verdicts
        assert (case.state, case.holder, case.transit_to) == (whole.state, whole.holder, whole.transit_to)
    decided = script.events[-2].position
    assert script.changed(decided, body=None, body_state=state).decision is not None
    without_handoff = [
        replace(e, body=None, body_state=state) if e.position == decided else e for e in script.events[:-1]
    ]
    assert script.fold(without_handoff).state == "decided"


def test_deps_that_are_not_here_make_an_event_wait() -> None:
    script = to_county()
    last = script.events[-1].position
    assert script.changed(last, deps_missing=True).verdicts[last] == Verdict("waiting", "dep")


def test_an_item_the_catalogue_does_not_hold_makes_the_case_wait() -> None:
    script = Script(item="999")
    create = script.create()
    receive = script.receive()
    case = script.fold()
    assert case.state == "" and case.last is None
    assert case.verdicts == dict.fromkeys((create, receive), Verdict("waiting", "item", create))


def test_an_unknown_kind_stops_the_fold_of_this_case_and_says_so() -> None:
    script = to_township_review()
    before = script.last
    adopt = script.write(TOWNSHIP, 17)
    after = script.review(TOWNSHIP)
    case = script.fold()
    assert case.verdicts[adopt] == Verdict("needs_update", "unknown_kind")
    assert case.verdicts[after] == Verdict("needs_update", "after_unknown")
    assert case.needs_update and case.last == before and case.state == "accepted"


@pytest.mark.parametrize(
    ("odd", "reason"), [({"version": 2}, "unknown_kind"), ({"critical_ext": True}, "critical_field")]
)
def test_a_newer_version_or_critical_field_needs_an_update(odd: dict[str, int], reason: str) -> None:
    script = to_township_review()
    review = script.review(TOWNSHIP, **odd)
    assert script.verdict(review) == Verdict("needs_update", reason)
    assert script.fold().needs_update


def test_what_competes_with_an_unknown_event_is_left_undecided() -> None:
    script = to_township_review()
    fork = script.last
    script.write(TOWNSHIP, 16, order=1)
    late = script.review(TOWNSHIP, after=fork, life=2, order=8)
    later = script.handoff(TOWNSHIP, COUNTY, "decide", life=2, order=8)
    case = script.fold()
    assert case.verdicts[late] == case.verdicts[later] == Verdict("needs_update", "after_unknown")
    assert case.last == fork and case.needs_update


def test_an_unknown_event_of_a_lower_level_does_not_stop_what_the_county_built_on() -> None:
    script = to_county()
    fork = script.events[4].position
    odd = script.write(TOWNSHIP, 20, after=fork, life=2, order=0)
    case = script.fold()
    assert case.state == "c_intake" and not case.needs_update
    assert case.verdicts[odd].code == "needs_update"


def test_an_unknown_side_event_has_no_effect_and_stops_nothing() -> None:
    script = to_county()
    strange = script.write(VILLAGE, 50)
    case = script.fold()
    assert case.verdicts[strange] == Verdict("needs_update", "unknown_kind")
    assert case.state == "c_intake" and not case.needs_update


def test_only_the_holder_moves_a_case() -> None:
    script = to_township_review()
    fork = script.last
    usurper = script.review(VILLAGE, after=fork)
    stranger = script.review(OTHER_TOWNSHIP, after=fork)
    following = script.handoff(VILLAGE, COUNTY, "decide", after=usurper)
    case = script.fold()
    assert case.verdicts[usurper] == case.verdicts[stranger] == Verdict("void", "not_holder")
    assert case.verdicts[following] == Verdict("void", "after_void")
    assert case.state == "accepted" and case.last == fork


def test_only_the_named_receiver_accepts_a_handoff() -> None:
    script = Script()
    script.create()
    script.receive()
    handoff = script.handoff(VILLAGE, TOWNSHIP, "accept")
    wrong = script.accept(COUNTY)
    recalled = script.accept(VILLAGE, after=handoff)
    right = script.accept(TOWNSHIP, after=handoff)
    assert script.verdict(wrong) == script.verdict(recalled) == Verdict("void", "not_receiver")
    assert script.verdict(right) == EFFECTIVE
    again = script.accept(TOWNSHIP)
    assert script.verdict(again) == Verdict("void", "not_allowed_now")


def test_a_handoff_ends_the_right_to_write() -> None:
    script = Script()
    script.create()
    script.receive()
    script.handoff(VILLAGE, TOWNSHIP, "accept")
    note = script.write(VILLAGE, kinds.TAKE, {0: [list(NOWHERE)]})
    assert script.verdict(note).code == "waiting"
    supply = script.write(VILLAGE, kinds.SUPPLY, {2: "x"})
    take = script.write(VILLAGE, kinds.TAKE, {0: [list(supply)]}, after=script.events[2].position)
    assert script.verdict(take) == Verdict("void", "not_holder")


@pytest.mark.parametrize(
    ("to", "purpose"),
    [
        (OTHER_TOWNSHIP, "accept"),
        (OTHER_VILLAGE, "accept"),
        (VILLAGE, "accept"),
        (COUNTY, "accept"),
        (COUNTY, "decide"),
        (TOWNSHIP, "review"),
        (TOWNSHIP, "deliver"),
    ],
)
def test_a_handoff_off_the_route_is_void(to: str, purpose: str) -> None:
    script = Script()
    script.create()
    script.receive()
    handoff = script.handoff(VILLAGE, to, purpose)
    assert script.verdict(handoff) == Verdict("void", "onward")


def test_a_step_that_was_skipped_makes_the_next_one_void() -> None:
    script = to_township_review()
    fork = script.last
    assert script.verdict(script.handoff(TOWNSHIP, COUNTY, "decide")) == Verdict("void", "onward")
    assert script.verdict(script.decide(TOWNSHIP, after=fork)) == Verdict("void", "decide_level")
    unreceived = Script()
    unreceived.create()
    assert unreceived.verdict(unreceived.handoff(VILLAGE, TOWNSHIP, "accept")) == Verdict("void", "not_allowed_now")
    undocketed = Script()
    undocketed.create()
    undocketed.receive()
    assert undocketed.verdict(undocketed.docket(VILLAGE)) == Verdict("void", "accept_level")


def test_an_application_filed_where_its_item_cannot_be_is_void() -> None:
    for item, place in (("017", VILLAGE), ("028", VILLAGE), ("001", COUNTY)):
        script = Script(home=place, item=item)
        create = script.create()
        assert script.verdict(create) == Verdict("void", "not_filed_here")
    script = Script()
    assert script.verdict(script.create(OTHER_TOWNSHIP)) == Verdict("void", "off_path")


def test_what_does_not_fit_its_table_is_void_and_names_the_field() -> None:
    script = to_county()
    fork = script.last
    for body, field in (({}, "outcome"), ({0: "refuse"}, "reasons"), (b"\xff", "body"), (b"\xa1\x18\x00\x01", "body")):
        event = script.write(COUNTY, kinds.DECIDE, body, after=fork)
        assert script.verdict(event) == Verdict("void", f"malformed: {field}")
    assert "reasons" in explain(Verdict("void", "malformed: reasons"))[1]
    assert script.verdict(script.decide(COUNTY, after=fork)) == EFFECTIVE


def test_a_field_of_a_newer_reader_is_left_alone() -> None:
    script = to_county()
    decided = script.write(COUNTY, kinds.DECIDE, {0: "approve", 9: "new"})
    assert script.verdict(decided) == EFFECTIVE


def test_between_branches_of_one_place_the_older_incarnation_wins_until_a_superior_builds() -> None:
    script = to_township_review()
    fork = script.last
    newer = script.review(TOWNSHIP, life=2, order=9)
    newer_on = script.handoff(TOWNSHIP, COUNTY, "decide", life=2, order=9)
    older = script.write(TOWNSHIP, kinds.REVIEW, {0: "disagree", 1: "迟到"}, after=fork)
    case = script.fold()
    assert case.verdicts[older] == EFFECTIVE
    assert case.verdicts[newer] == case.verdicts[newer_on] == Verdict("contested", "other_branch")
    accepted = script.accept(COUNTY, after=newer_on)
    case = script.fold()
    assert case.verdicts[accepted] == case.verdicts[newer] == EFFECTIVE
    assert case.verdicts[older] == Verdict("contested", "other_branch")


def test_twins_of_one_incarnation_are_told_apart_by_their_hash() -> None:
    script = to_township_review()
    fork = script.last
    high = script.review(TOWNSHIP, mark=b"b" * 8)
    low = script.write(TOWNSHIP, kinds.REVIEW, {0: "disagree", 1: "x"}, after=fork, seq=high.seq, mark=b"a" * 8)
    assert script.verdict(low) == EFFECTIVE
    assert script.verdict(high) == Verdict("contested", "other_branch")


def test_a_frozen_author_counts_only_where_a_superior_built_on_it() -> None:
    script = Script()
    script.create()
    receive = script.receive()
    handoff = script.handoff(VILLAGE, TOWNSHIP, "accept", entitled=False)
    case = script.fold()
    assert case.verdicts[handoff] == Verdict("contested", "not_entitled")
    assert case.last == receive and case.state == "received"
    accept = script.accept(TOWNSHIP)
    case = script.fold()
    assert case.verdicts[handoff] == case.verdicts[accept] == EFFECTIVE
    assert case.holder == TOWNSHIP


def test_a_frozen_author_is_not_helped_by_his_own_place_or_by_those_below() -> None:
    script = to_township_review()
    frozen = script.review(TOWNSHIP, life=2, order=9, entitled=False)
    own = script.handoff(TOWNSHIP, COUNTY, "decide", order=1)
    case = script.fold()
    assert case.verdicts[frozen] == Verdict("contested", "not_entitled")
    assert case.verdicts[own] == Verdict("contested", "after_not_entitled")
    assert case.state == "accepted" and case.holder == TOWNSHIP


def test_a_frozen_superior_lends_no_weight() -> None:
    script = to_township_review()
    fork = script.last
    newer = script.review(TOWNSHIP, life=2, order=9)
    script.handoff(TOWNSHIP, COUNTY, "decide", life=2, order=9)
    script.accept(COUNTY, entitled=False)
    older = script.write(TOWNSHIP, kinds.REVIEW, {0: "disagree", 1: "迟到"}, after=fork)
    assert script.verdict(older) == EFFECTIVE
    assert script.verdict(newer) == Verdict("contested", "other_branch")


def test_an_event_that_follows_what_is_not_a_stage_event_is_void() -> None:
    script = to_county()
    note = script.write(COUNTY, kinds.NOTE, {0: "x"})
    assert script.verdict(script.decide(COUNTY, after=note)) == Verdict("void", "after_not_stage")


def test_another_event_at_the_position_named_is_evidence_and_its_absence_is_not() -> None:
    script = to_county()
    held = script.last
    assert held is not None
    after_twin = script.decide(COUNTY, after=held._replace(mark=b"elsewise"))
    assert script.verdict(after_twin) == Verdict("void", "after_differs")
    assert script.without(held).verdicts[after_twin].code == "waiting"


def test_an_event_that_follows_an_event_of_another_case_is_void() -> None:
    other = to_county()
    foreign = [replace(event, case_id=b"another case id!") for event in other.events]
    script = Script()
    script.create()
    wrong = script.receive(after=other.last)
    case = script.fold(script.events + foreign)
    assert case.verdicts[wrong] == Verdict("void", "after_other_case")
    assert len(case.verdicts) == 2


def test_two_create_events_do_not_crash_and_one_is_chosen() -> None:
    script = Script()
    first = script.create(mark=b"a" * 8)
    second = script.create(after=None, mark=b"b" * 8)
    case = script.fold()
    assert case.verdicts[first] == EFFECTIVE
    assert case.verdicts[second] == Verdict("contested", "other_branch")


def test_a_create_event_follows_nothing_and_others_follow_something() -> None:
    script = Script()
    script.create()
    second = script.create()
    after_second = script.receive()
    rootless = script.docket(VILLAGE, after=None)
    case = script.fold()
    assert case.verdicts[second] == Verdict("void", "create_with_after")
    assert case.verdicts[after_second] == Verdict("void", "after_void")
    assert case.verdicts[rootless] == Verdict("void", "no_after")


def test_events_in_a_circle_get_a_verdict() -> None:
    script = Script()
    script.create()
    one = script.receive()
    two = script.docket(VILLAGE)
    script.events[1].after = two
    case = script.fold()
    assert case.verdicts[one] == case.verdicts[two] == Verdict("void", "after_circle")


def test_a_kind_that_is_not_about_a_case_is_void() -> None:
    script = to_county()
    assert script.verdict(script.write(COUNTY, 64)) == Verdict("void", "not_of_a_case")


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


def test_the_docket_may_promise_other_days_than_the_item() -> None:
    script = to_township_review()
    assert script.fold().promised_days == 25
    script.last = script.events[-2].position
    script.write(TOWNSHIP, kinds.DOCKET, {0: 12}, order=0)
    assert script.fold().promised_days == 12


def test_a_chain_of_four_thousand_events_does_not_overflow() -> None:
    script = to_township_review()
    for _ in range(4_000):
        script.review(TOWNSHIP)
    case = script.fold()
    assert case.counts["effective"] == 4_005 and case.state == "reviewed"
    broken = script.without(script.events[1].position)
    assert broken.counts["waiting"] == 4_003


def test_four_thousand_rivals_for_one_place_are_all_judged() -> None:
    script = to_township_review()
    fork = script.last
    for _ in range(4_000):
        script.review(TOWNSHIP, after=fork)
    assert script.fold().counts["contested"] == 3_999


def test_the_same_event_from_two_roads_counts_once_with_its_body() -> None:
    script = to_county()
    bodiless = [replace(event, body=None, body_state="missing") for event in script.events]
    assert script.fold(script.events + bodiless) == script.fold(bodiless + script.events) == script.fold()


def test_events_of_the_same_id_in_another_scope_are_left_out() -> None:
    script = to_county()
    named = [replace(event, scope=VILLAGE, case_id=CASE_ID) for event in script.events]
    elsewhere: list[CaseEvent] = [replace(event, scope=OTHER_VILLAGE) for event in named[4:]]
    case = script.fold(named[:4] + elsewhere)
    assert case.state == "received" and len(case.verdicts) == 4


def test_text_beyond_its_bounds_is_refused_by_the_encoding_of_the_body_not_by_an_exception() -> None:
    script = to_county()
    note = script.write(VILLAGE, kinds.NOTE, encoding.encode({0: "字" * 2_001}))
    assert script.verdict(note) == Verdict("void", "malformed: text")
