"""What the fold says of events that race, come from the wrong place or make no sense."""

import pytest

from sync_protocol import encoding
from sync_protocol.case import Position, Verdict, explain, kinds
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


def test_what_was_corrected_of_the_applicant_is_the_applicants_from_then_on() -> None:
    script = Script()
    script.create()
    script.receive()
    script.handoff(VILLAGE, TOWNSHIP, "accept")
    script.accept(TOWNSHIP)
    before = dict(script.fold().applicant)
    script.write(TOWNSHIP, kinds.RETURN_FOR_CORRECTION, {0: [["applicant_name", "错字"]]})
    said = {"applicant_name": "张秀蓝", "applicant_phone": "", "applicant_address": "字" * 201, "proxy_name": "李梅"}
    supply = script.write(VILLAGE, kinds.SUPPLY, {0: said})
    assert script.fold().applicant == before, "nothing counts before it is taken"
    script.write(TOWNSHIP, kinds.TAKE, {0: [list(supply)]})
    assert script.fold().applicant == {**before, "name": "张秀蓝"}, "what does not fit its field changes nothing"
    assert script.fold().proxy["name"] == "李梅"


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


def test_a_township_that_decides_reviews_first() -> None:
    script = Script(item="007")
    script.create()
    script.receive()
    script.handoff(VILLAGE, TOWNSHIP, "accept")
    script.accept(TOWNSHIP)
    docketed = script.docket(TOWNSHIP)
    assert script.verdict(script.decide(TOWNSHIP)) == Verdict("void", "decide_level")
    script.review(TOWNSHIP, after=docketed)
    assert script.verdict(script.decide(TOWNSHIP)) == EFFECTIVE


def test_a_level_without_a_say_in_it_asks_for_no_corrections() -> None:
    script = Script()
    script.create()
    script.receive()
    asked = script.write(VILLAGE, kinds.RETURN_FOR_CORRECTION, {0: [["a", "x"]]})
    assert script.verdict(asked) == Verdict("void", "correct_level")


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


def test_a_kind_that_is_not_about_a_case_is_void() -> None:
    script = to_county()
    assert script.verdict(script.write(COUNTY, 64)) == Verdict("void", "not_of_a_case")


def test_the_docket_may_promise_other_days_than_the_item() -> None:
    script = to_township_review()
    assert script.fold().promised_days == 25
    assert script.fold(script.events[:-1]).promised_days is None
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


def test_text_beyond_its_bounds_is_refused_by_the_encoding_of_the_body_not_by_an_exception() -> None:
    script = to_county()
    note = script.write(VILLAGE, kinds.NOTE, encoding.encode({0: "字" * 2_001}))
    assert script.verdict(note) == Verdict("void", "malformed: text")
