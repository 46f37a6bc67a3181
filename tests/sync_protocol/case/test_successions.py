"""The fold where the village of a case has been merged into another one, which takes part beside it."""

from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sync_protocol.case import fold, kinds
from sync_protocol.case.authority import legal_moves
from tests.sync_protocol.case import histories, properties
from tests.sync_protocol.case.histories import (
    ALL_ROLES,
    CASE_ID,
    OTHER_VILLAGE,
    PLACES,
    STATION,
    TOWNSHIP,
    VILLAGE,
    catalogue,
)
from tests.sync_protocol.case.script import Script
from tests.sync_protocol.case.second_fold import SecondFold
from tests.sync_protocol.case.second_orders import orders_by_the_text

MERGED = PLACES.succeeded(VILLAGE, OTHER_VILLAGE)
IN_A_VILLAGE = ("040",) * 12 + ("001",) * 3  # most are decided by the village


@pytest.mark.slow
@settings(max_examples=200, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.data(), st.integers(0, 2**32))
def test_both_folds_agree_and_neither_hangs_on_the_order(data: st.DataObject, seed: int) -> None:
    with patch.object(histories, "PLACES", MERGED), patch.object(properties, "PLACES", MERGED):
        history = data.draw(histories.histories())
        assume(history.home in (VILLAGE, STATION) and any(each.place == OTHER_VILLAGE for each in history.events))
        properties.agrees_with_the_text(history, seed)
        properties.order_free(history, seed)
        properties.county_acts_stay(history, seed)


@settings(max_examples=60, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(st.data())
def test_what_was_written_before_a_merger_is_judged_the_same_after_it(data: st.DataObject) -> None:
    with patch.object(histories, "ITEMS", IN_A_VILLAGE), patch.object(histories, "HOMES", (VILLAGE, STATION)):
        history = data.draw(histories.histories(honest=True))
    before = history.fold()
    after = fold(history.home, CASE_ID, history.events, MERGED, catalogue())
    assert (after.verdicts, after.state, after.holder, after.orders) == (
        before.verdicts, before.state, before.holder, before.orders,
    )  # fmt: skip


def test_a_decision_of_a_village_counts_on_when_the_village_is_merged() -> None:
    case = Script(item="040")
    case.create(), case.receive(), case.docket(VILLAGE)
    case.assign(TOWNSHIP, TOWNSHIP)
    open_there = fold(VILLAGE, CASE_ID, case.events, MERGED, catalogue())
    offers = legal_moves(open_there, TOWNSHIP, ALL_ROLES, catalogue(), MERGED)
    assert [each.to for each in offers if each.kind == kinds.HANDOFF] == [OTHER_VILLAGE, VILLAGE]
    case.handoff(TOWNSHIP, VILLAGE, "decide"), case.accept(VILLAGE)
    back = fold(VILLAGE, CASE_ID, case.events, MERGED, catalogue())
    offers = legal_moves(back, VILLAGE, ALL_ROLES, catalogue(), MERGED)
    assert not any(each.kind == kinds.HANDOFF for each in offers), "neither hands a case over to the other"
    case.decide(VILLAGE)
    after = fold(VILLAGE, CASE_ID, case.events, MERGED, catalogue())
    assert {verdict.code for verdict in after.verdicts.values()} == {"effective"}
    assert (after.state, after.holder) == ("decided_approved", VILLAGE)


def test_an_order_is_answered_by_who_succeeds_the_place_and_not_by_whom_that_succeeded() -> None:
    for place, other in ((VILLAGE, OTHER_VILLAGE), (OTHER_VILLAGE, VILLAGE)):
        case = Script(item="040")
        case.create(), case.receive(), case.docket(VILLAGE)
        if place == OTHER_VILLAGE:
            case.assign(TOWNSHIP, place)
        case.decide(place)
        case.write(VILLAGE, kinds.DELIVERED, {0: "张三", 1: "in_person"})
        rating = case.write(TOWNSHIP, kinds.RATING, {0: "poor", 1: 2, 2: "慢"})
        rated = fold(VILLAGE, CASE_ID, case.events, MERGED, catalogue())
        offers = legal_moves(rated, other, ALL_ROLES, catalogue(), MERGED)
        assert any(each.kind == kinds.RECTIFICATION for each in offers) is (place == VILLAGE)
        answer = case.write(other, kinds.RECTIFICATION, {0: list(rating), 1: "已改"})
        order = fold(VILLAGE, CASE_ID, case.events, MERGED, catalogue()).orders[0]
        assert (order.place, [step.position for step in order.steps]) == (place, [answer] if place == VILLAGE else [])
        second = SecondFold(VILLAGE, CASE_ID, case.events, MERGED, catalogue())
        assert orders_by_the_text(second)[2][1] == [rating, *([answer] if place == VILLAGE else [])]
