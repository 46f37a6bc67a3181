"""A superior takes a case out of a place's hands: who may, where it comes to, and what becomes of what was cut off."""

import pytest

from sync_protocol.case import Offer, Verdict, kinds, legal_moves
from tests.sync_protocol.case.histories import ALL_ROLES, catalogue
from tests.sync_protocol.case.script import (
    COUNTY,
    OTHER_TOWNSHIP,
    PLACES,
    STATION,
    TOWNSHIP,
    VILLAGE,
    Script,
    to_county,
    to_township_review,
)

EFFECTIVE = Verdict("effective")


def received(home: str = VILLAGE, item: str = "001") -> Script:
    script = Script(home, item)
    script.create()
    script.receive()
    return script


def test_only_a_place_above_the_holder_assigns_and_only_along_the_path() -> None:
    script = received()
    fence = script.last
    assert script.verdict(script.assign(VILLAGE, TOWNSHIP, after=fence)) == Verdict("void", "not_above")
    assert script.verdict(script.assign(OTHER_TOWNSHIP, TOWNSHIP, after=fence)) == Verdict("void", "not_above")
    assert script.verdict(script.assign(TOWNSHIP, OTHER_TOWNSHIP, after=fence)) == Verdict("void", "assign")
    assert script.verdict(script.assign(TOWNSHIP, VILLAGE, after=fence)) == Verdict("void", "assign")
    assert script.verdict(script.assign(COUNTY, TOWNSHIP, after=fence)) == EFFECTIVE
    case = script.fold()
    assert (case.holder, case.state) == (TOWNSHIP, "received")
    assert script.verdict(script.docket(TOWNSHIP)) == EFFECTIVE


def test_what_the_old_holder_wrote_beyond_the_fence_is_contested_and_nothing_of_it_lost() -> None:
    """The village writes while the county assigns, and neither knows of the other."""
    script = received()
    fence = script.last
    handoff = script.handoff(VILLAGE, TOWNSHIP, "accept", after=fence)
    accepted = script.accept(TOWNSHIP)
    assert script.fold().path[-1] == accepted
    assigned = script.assign(COUNTY, COUNTY, after=fence)
    case = script.fold()
    assert case.verdicts[assigned] == EFFECTIVE and case.holder == COUNTY
    for late in (handoff, accepted):
        assert case.verdicts[late] == Verdict("contested", "other_branch")
    assert case.open_oddities == tuple(sorted((handoff, accepted)))


def test_a_handoff_whose_receiver_is_lost_is_taken_out_of_transit() -> None:
    script = received(STATION)
    script.handoff(STATION, TOWNSHIP, "accept")
    lost = script.last
    assert script.verdict(script.assign(TOWNSHIP, COUNTY, after=lost)) == Verdict("void", "not_above")
    assert script.verdict(script.assign(COUNTY, COUNTY, after=lost)) == EFFECTIVE
    too_late = script.accept(TOWNSHIP, after=lost)
    case = script.fold()
    assert (case.holder, case.transit_to, case.state) == (COUNTY, None, "received")
    assert case.verdicts[too_late] == Verdict("contested", "other_branch")


def test_a_case_whose_handoff_was_lost_with_the_station_is_fetched_from_it() -> None:
    script = received(STATION)
    lost = script.handoff(STATION, TOWNSHIP, "accept")
    known = script.events[1].position
    assigned = script.assign(VILLAGE, TOWNSHIP, after=known)
    case = script.without(lost)
    assert (case.holder, case.verdicts[assigned]) == (TOWNSHIP, EFFECTIVE)
    # Turned up after all, it changes nothing, and is shown.
    assert script.fold().holder == TOWNSHIP and script.verdict(lost) == Verdict("contested", "other_branch")


@pytest.mark.parametrize(("to", "state"), [(COUNTY, "accepted"), (VILLAGE, "accepted"), (TOWNSHIP, "t_review")])
def test_a_docketed_case_comes_to_where_it_can_go_on(to: str, state: str) -> None:
    script = to_township_review()
    if to == TOWNSHIP:
        script.assign(COUNTY, VILLAGE)
    script.assign(COUNTY, to)
    case = script.fold()
    assert (case.holder, case.state, case.docketed) == (to, state, True)
    assert kinds.DOCKET not in {offer.kind for offer in offers(script, to)}
    wanted = kinds.REVIEW if to == TOWNSHIP else kinds.HANDOFF
    assert wanted in {offer.kind for offer in offers(script, to)}


def offers(script: Script, place: str) -> list[Offer]:
    return legal_moves(script.fold(), place, ALL_ROLES, catalogue(), PLACES)


def test_a_reviewed_case_comes_to_the_decision_and_elsewhere_waits_for_it() -> None:
    script = to_township_review()
    script.review(TOWNSHIP)
    script.assign(COUNTY, VILLAGE)
    assert script.fold().state == "reviewed"
    assert [offer.to for offer in offers(script, VILLAGE) if offer.kind == kinds.HANDOFF] == [COUNTY]
    script.assign(COUNTY, COUNTY)
    assert script.fold().state == "c_intake"
    assert script.verdict(script.decide(COUNTY)) == EFFECTIVE


def test_a_decided_case_keeps_its_outcome_and_may_be_delivered_by_its_new_holder() -> None:
    script = to_county()
    script.decide(COUNTY)
    script.handoff(COUNTY, VILLAGE, "deliver")
    delivery = script.write(TOWNSHIP, kinds.DELIVERED, {0: "张三", 1: "in_person"})
    assert script.verdict(delivery) == Verdict("waiting", "holding")
    script.assign(COUNTY, TOWNSHIP)
    assert script.verdict(delivery) == EFFECTIVE
    assert script.without(delivery).state == "decided_approved"


def test_a_case_to_be_corrected_stays_so_and_goes_on_where_its_new_holder_can() -> None:
    script = to_township_review()
    script.write(TOWNSHIP, kinds.RETURN_FOR_CORRECTION, {0: [["身份证", "不清晰"]]})
    script.assign(COUNTY, COUNTY)
    assert (script.fold().state, script.fold().state_before) == ("correcting", "accepted")
    supply = script.write(VILLAGE, kinds.SUPPLY, {2: "已补"})
    script.write(COUNTY, kinds.TAKE, {0: [list(supply)]})
    assert script.fold().state == "accepted"


def test_a_case_to_be_corrected_goes_back_to_a_state_of_its_new_holders_level() -> None:
    script = to_township_review()
    script.assign(COUNTY, VILLAGE)
    script.assign(COUNTY, TOWNSHIP)
    script.write(TOWNSHIP, kinds.RETURN_FOR_CORRECTION, {0: [["身份证", "不清晰"]]})
    assert script.fold().state_before == "t_review"
    script.assign(COUNTY, VILLAGE)
    assert (script.fold().state, script.fold().state_before) == ("correcting", "accepted")


def test_the_higher_of_two_assignments_counts() -> None:
    script = received(STATION)
    fence = script.last
    village = script.assign(VILLAGE, VILLAGE, after=fence)
    county = script.assign(COUNTY, TOWNSHIP, after=fence)
    assert script.verdict(county) == EFFECTIVE and script.verdict(village) == Verdict("contested", "other_branch")
    assert script.verdict(script.assign(COUNTY, VILLAGE, after=county)) == EFFECTIVE
