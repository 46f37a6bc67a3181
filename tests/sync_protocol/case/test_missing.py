"""What the fold says of what is not here, not known here, or not of this case."""

from dataclasses import replace

import pytest

from sync_protocol.case import BodyState, CaseEvent, Position, Verdict, kinds
from tests.sync_protocol.case.histories import CASE_ID
from tests.sync_protocol.case.script import (
    COUNTY,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    Script,
    to_county,
    to_township_review,
)

NOWHERE = Position(b"?" * 16, 9, b"?" * 8)
EFFECTIVE = Verdict("effective")


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
    adopt = script.write(TOWNSHIP, kinds.REVIEW, version=9)
    after = script.review(TOWNSHIP)
    case = script.fold()
    assert case.verdicts[adopt] == Verdict("needs_update", "unknown_kind")
    assert case.verdicts[after] == Verdict("needs_update", "after_unknown")
    assert case.needs_update and case.last == before and case.state == "accepted"


def test_an_unknown_event_whose_predecessor_is_missing_says_what_an_update_would_not_mend() -> None:
    script = to_township_review()
    lost = script.last
    assert lost is not None
    unknown = script.write(TOWNSHIP, kinds.REVIEW, version=9)
    after = script.review(TOWNSHIP)
    case = script.without(lost)
    assert case.verdicts[unknown] == Verdict("needs_update", "unknown_kind")
    assert case.verdicts[after] == Verdict("needs_update", "after_unknown")
    assert not case.needs_update and case.state == "received"


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
    script.write(TOWNSHIP, kinds.REVIEW, version=9, order=1)
    late = script.review(TOWNSHIP, after=fork, life=2, order=8)
    later = script.handoff(TOWNSHIP, COUNTY, "decide", life=2, order=8)
    case = script.fold()
    assert case.verdicts[late] == case.verdicts[later] == Verdict("needs_update", "after_unknown")
    assert case.last == fork and case.needs_update


def test_an_unknown_event_of_a_lower_level_does_not_stop_what_the_county_built_on() -> None:
    script = to_county()
    fork = script.events[4].position
    odd = script.write(TOWNSHIP, kinds.REVIEW, version=9, after=fork, life=2, order=0)
    case = script.fold()
    assert case.state == "c_intake" and not case.needs_update
    assert case.verdicts[odd].code == "needs_update"


def test_an_unknown_side_event_has_no_effect_and_stops_nothing() -> None:
    script = to_county()
    strange = script.write(VILLAGE, 62)
    case = script.fold()
    assert case.verdicts[strange] == Verdict("needs_update", "unknown_kind")
    assert case.state == "c_intake" and not case.needs_update


def test_a_field_of_a_newer_reader_is_left_alone() -> None:
    script = to_county()
    decided = script.write(COUNTY, kinds.DECIDE, {0: "approve", 9: "new"})
    assert script.verdict(decided) == EFFECTIVE


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


def test_events_in_a_circle_get_a_verdict() -> None:
    script = Script()
    script.create()
    one = script.receive()
    two = script.docket(VILLAGE)
    script.events[1].after = two
    case = script.fold()
    assert case.verdicts[one] == case.verdicts[two] == Verdict("void", "after_circle")


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
