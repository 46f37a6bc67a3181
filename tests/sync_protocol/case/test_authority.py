"""Buttons: what people are offered, what they are told when a button is missing, and that an offer taken counts."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_protocol import encoding
from sync_protocol.case import (
    CaseEvent,
    Offer,
    Position,
    bodies,
    form_fields,
    kinds,
    legal_moves,
    why_not,
    workflow,
)
from sync_protocol.case.named import NAMING
from sync_protocol.errors import Malformed
from tests.sync_protocol.case.body_samples import body_of
from tests.sync_protocol.case.histories import ALL_ROLES, CASE_ID, History, catalogue, histories
from tests.sync_protocol.case.script import (
    COUNTY,
    OTHER_TOWNSHIP,
    PLACES,
    TOWNSHIP,
    VILLAGE,
    Script,
    to_county,
    to_township_review,
)
from tests.sync_protocol.case.second_fold import SecondFold

UNREADABLE = "the case holds an event unknown here: update this node first"
ATTEMPT = Position(b"attempt of nobody"[:16], 1, b"attempts")


def offers(script: Script, place: str, *roles: str) -> dict[int, Offer]:
    case = script.fold()
    return {offer.kind: offer for offer in legal_moves(case, place, frozenset(roles), catalogue(), PLACES)}


def told(script: Script, kind: int, place: str, *roles: str) -> str | None:
    words = why_not(script.fold(), kind, place, frozenset(roles), catalogue(), PLACES)
    return None if words is None else words[1]


def test_a_village_agent_is_offered_the_next_step_with_its_target() -> None:
    script = Script()
    script.create()
    assert kinds.RECEIVE in offers(script, VILLAGE, "agent") and kinds.HANDOFF not in offers(script, VILLAGE, "agent")
    script.receive()
    handoff = offers(script, VILLAGE, "agent")[kinds.HANDOFF]
    assert (handoff.to, handoff.purpose, handoff.zh) == (TOWNSHIP, "accept", "转送受理")
    assert kinds.DOCKET not in offers(script, VILLAGE, "agent")


def test_an_item_with_two_levels_of_acceptance_above_offers_both() -> None:
    script = Script(item="016")
    script.create()
    script.receive()
    case = script.fold()
    targets = [offer.to for offer in legal_moves(case, VILLAGE, frozenset({"agent"}), catalogue(), PLACES) if offer.to]
    assert targets == [TOWNSHIP, COUNTY]


def test_a_case_filed_above_its_accepting_level_is_handed_down_to_it() -> None:
    script = Script(item="001")
    script.create(COUNTY)
    script.receive(COUNTY)
    handoff = offers(script, COUNTY, "window")[kinds.HANDOFF]
    assert (handoff.to, handoff.purpose) == (TOWNSHIP, "accept")
    assert script.verdict(script.handoff(COUNTY, TOWNSHIP, "accept")).code == "effective"


def test_review_and_decision_stand_where_their_level_lies() -> None:
    script = to_township_review()
    assert kinds.REVIEW in offers(script, TOWNSHIP, "reviewer")
    assert kinds.REVIEW not in offers(script, TOWNSHIP, "clerk")
    assert told(script, kinds.DECIDE, TOWNSHIP, "head") == "this level does not decide, or a step before is not done"
    county = to_county()
    assert {kinds.DECIDE, kinds.RETURN_FOR_CORRECTION} <= set(offers(county, COUNTY, "officer"))
    assert told(county, kinds.DECIDE, COUNTY, "window") == "your role at this place may not do this"
    assert told(county, kinds.DECIDE, TOWNSHIP, "head") == "another place holds the case"


def test_the_plain_words_for_a_missing_button() -> None:
    script = Script()
    script.create()
    script.receive()
    assert told(script, kinds.DOCKET, VILLAGE, "agent") == "this level may not accept cases of this item"
    assert told(script, kinds.TAKE, VILLAGE, "agent") == "nothing was supplied that is not yet taken"
    assert told(script, kinds.ANSWER, VILLAGE, "agent") == "no withdrawal request is open"
    assert told(script, kinds.DELIVERED, VILLAGE, "agent") == "there is no decision yet"
    assert told(script, kinds.PLEASE_RETURN, VILLAGE, "agent") == "the case is here"
    assert told(script, kinds.RECEIVE, VILLAGE, "agent") == "not possible now (state: received)"
    assert told(script, kinds.NOTE, OTHER_TOWNSHIP, "clerk") == "the case does not pass this place"
    script.handoff(VILLAGE, TOWNSHIP, "accept")
    assert told(script, kinds.ACCEPT, COUNTY, "window") == "only the receiver named in the handoff may accept"
    assert told(script, kinds.DOCKET, TOWNSHIP, "clerk") == "the case is in transit"
    assert told(script, kinds.ACCEPT, TOWNSHIP, "clerk") is None
    assert told(script, kinds.PLEASE_RETURN, VILLAGE, "agent") is None
    assert told(script, kinds.PLEASE_RETURN, TOWNSHIP, "clerk") == "the case is on its way here: accept it"


def test_after_the_decision_nothing_can_be_supplied_or_withdrawn() -> None:
    script = to_county()
    script.decide(COUNTY, "refuse")
    assert told(script, kinds.SUPPLY, VILLAGE, "agent") == "the case is decided"
    assert told(script, kinds.WITHDRAWAL_REQUEST, VILLAGE, "agent") == "the case is decided"
    assert told(script, kinds.DELIVERED, TOWNSHIP, "clerk") == "the decision is not here to be handed over"
    assert told(script, kinds.DELIVERED, VILLAGE, "agent") is None
    script.write(VILLAGE, kinds.DELIVERED, {0: "张三", 1: "post"})
    assert told(script, kinds.HANDOFF, COUNTY, "window") == "the case is closed (state: delivered)"
    assert told(script, kinds.DELIVERED, VILLAGE, "agent") == "the case is closed (state: delivered)"
    assert set(offers(script, VILLAGE, "agent")) == {kinds.NOTE, kinds.RATING, kinds.SERVICE_ACT, kinds.CALL_BACK}


def test_who_holds_or_receives_a_case_answers_a_request_to_withdraw_before_anything_else() -> None:
    first = "the applicant wants to withdraw: answer that first"
    script = to_county()
    request = script.write(VILLAGE, kinds.WITHDRAWAL_REQUEST, {0: "不办了"})
    for kind in (kinds.DECIDE, kinds.SUSPEND, kinds.RETURN_FOR_CORRECTION):
        assert told(script, kind, COUNTY, "officer") == first
    assert told(script, kinds.ANSWER, COUNTY, "officer") is None
    script.write(COUNTY, kinds.ANSWER, {0: list(request), 1: False, 2: "已在审批"})
    assert told(script, kinds.DECIDE, COUNTY, "officer") is None
    script.write(VILLAGE, kinds.WITHDRAWAL_REQUEST, {0: "还是不办了"})
    script.decide(COUNTY)
    assert told(script, kinds.HANDOFF, COUNTY, "officer") is None, "what is decided goes its way"


def test_what_was_delivered_on_its_way_arrives_or_is_assigned_and_is_filed_by_who_has_it() -> None:
    def delivered_in_transit() -> Script:
        script = to_county()
        script.decide(COUNTY)
        script.write(VILLAGE, kinds.DELIVERED, {0: "张三", 1: "in_person"})
        script.handoff(COUNTY, VILLAGE, "deliver")
        return script

    script = delivered_in_transit()
    assert script.fold().state == "delivered"
    assert told(script, kinds.ACCEPT, VILLAGE, "agent") is None
    assert told(script, kinds.ACCEPT, TOWNSHIP, "clerk") == "only the receiver named in the handoff may accept"
    assert told(script, kinds.ARCHIVE, VILLAGE, "archivist") == "the case is in transit"
    assert told(script, kinds.FORCE_ASSIGN, TOWNSHIP, "head") is None
    script.accept(VILLAGE)
    assert told(script, kinds.ARCHIVE, VILLAGE, "archivist") is None
    assert told(script, kinds.ACCEPT, VILLAGE, "agent") == "the case is closed (state: delivered)"
    assert told(script, kinds.FORCE_ASSIGN, TOWNSHIP, "head") == "the case is closed (state: delivered)"
    lost = delivered_in_transit()
    lost.assign(TOWNSHIP, TOWNSHIP)
    assert (lost.fold().holder, lost.fold().state) == (TOWNSHIP, "delivered")
    assert told(lost, kinds.ARCHIVE, TOWNSHIP, "archivist") is None
    for each in (script, lost):
        assert second_fold(each).state == "delivered" and each.fold().counts["effective"] == len(each.events)
        assert second_fold(each).verdicts == each.fold().verdicts


def second_fold(script: Script) -> SecondFold:
    """The same case, read by the fold that was written from the text."""
    return SecondFold(script.home, CASE_ID, script.events, PLACES, catalogue())


def test_nothing_is_offered_on_a_case_that_cannot_be_read_to_its_end() -> None:
    script = to_county()
    script.write(COUNTY, kinds.DECIDE, version=9)
    assert told(script, kinds.DECIDE, COUNTY, "officer") == UNREADABLE
    nothing_here = Script()
    assert told(nothing_here, kinds.NOTE, VILLAGE, "agent") == "the application itself is not here yet"


def test_forms_leave_out_what_the_node_fills_in() -> None:
    assert [field.name for field in form_fields(kinds.RECEIVE)] == ["channel"]
    assert [field.name for field in form_fields(kinds.HANDOFF)] == ["note"]
    assert [field.name for field in form_fields(kinds.ACCEPT)] == ["note"]
    assert [field.name for field in form_fields(kinds.DECIDE)] == ["outcome", "reasons", "conditions"]
    assert form_fields(kinds.REVIEW) == bodies.REVIEW.fields


@pytest.mark.slow
@settings(max_examples=300)
@given(histories(honest=True))
def test_an_offer_that_is_taken_is_effective_where_it_was_taken(history: History) -> None:
    # The nodes of a history write only what they are offered; alone with what its author held, every act counted.
    for position, held in history.own_acts:
        known = set(held)
        case = history.fold([event for event in history.events if event.position in known])
        verdict = case.verdicts[position]
        assert verdict.code == "effective", (position, verdict)


@pytest.mark.slow
@settings(max_examples=200)
@given(histories(honest=True), st.integers(0, 2**32))
def test_what_is_not_offered_does_not_count(history: History, seed: int) -> None:
    case = history.fold()
    chance = random.Random(seed)
    for place in PLACES.path_up(history.home):
        offered = legal_moves(case, place, ALL_ROLES, catalogue(), PLACES)
        kept = {(offer.kind, offer.to, offer.purpose) for offer in offered}
        for kind in kinds.STAGE_KINDS - {kinds.CREATE, kinds.ADOPT, *NAMING}:
            to, purpose = None, ""
            body: dict[int, Any] = body_of(bodies.TABLES[kind], chance)
            if kind == kinds.HANDOFF:
                to, purpose = chance.choice(list(PLACES.path_up(history.home))), chance.choice(bodies.PURPOSES)
                body = {0: to, 1: purpose}
            if kind == kinds.FORCE_ASSIGN:
                to = chance.choice((*PLACES.path_up(history.home), OTHER_TOWNSHIP))
                body = {0: to, 1: "text", 2: "one", 3: "two"}
            # A request to withdraw is answered first: that is the desk's rule, and what came earlier may count.
            asked = case.open_withdrawals and case.decision is None
            # Of the places that may look at a draft before it is filed one is offered, and any of them counts.
            asked = asked or (kind == kinds.PREREVIEW and any(one[0] == kind for one in kept))
            if (kind, to, purpose) in kept or case.state == "delivered" or case.last is None or asked:
                continue
            verdict = history.fold([*history.events, attempt(place, kind, body, case.last)]).verdicts
            assert verdict[ATTEMPT].code in ("void", "contested", "needs_update"), (place, kinds.name_of(kind))


def attempt(place: str, kind: int, body: dict[int, Any], after: Position) -> CaseEvent:
    try:
        raw = encoding.encode(body)
    except Malformed:
        raw = b"what has no encoding"
    return CaseEvent(ATTEMPT, kind, 1, after, (), place, 99, True, 1, 1, "actor", raw)


def test_nothing_is_handed_over_before_it_has_arrived_or_while_its_fee_is_owed() -> None:
    script = to_county()
    script.decide(COUNTY)
    assert told(script, kinds.DELIVERED, VILLAGE, "agent") is None
    script.handoff(COUNTY, VILLAGE, "deliver")
    assert told(script, kinds.DELIVERED, VILLAGE, "agent") == "the case is on its way: accept it first"
    script.accept(VILLAGE)
    assert told(script, kinds.DELIVERED, VILLAGE, "agent") is None
    owed = to_county("034")
    owed.decide(COUNTY)
    assert told(owed, kinds.DELIVERED, VILLAGE, "agent") == workflow.GUARDS["fee_settled"][1]
    owed.settle_fee(COUNTY)
    assert told(owed, kinds.DELIVERED, VILLAGE, "agent") is None
