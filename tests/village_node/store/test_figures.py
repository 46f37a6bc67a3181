"""The sums that figures are added up from, on either database: which case counts on which day."""

from typing import Any

import pytest

from village_node.store import Store, cases, faults, figures, rows
from village_node.store.cases import CaseRow
from village_node.store.faults import FaultRow

HERE, THERE = "about:621021000000", "about:621021101201"
PLACE = "621021101201"
HOMES = ("621021000000", PLACE)
_BARE = CaseRow(*([None] * 25))  # type: ignore[arg-type]


def case(number: int, scope: str = HERE, **changes: Any) -> CaseRow:
    usual = {"item_no": "001", "state": "accepted", "kind": 1, "received_day": 100, "accepted_day": 102}
    return _BARE._replace(scope=scope, case_id=bytes([number]) * 16, case_no=f"N-{number}", **{**usual, **changes})


ALL = (0, 1, 2, 3)
SETTLED: dict[str, Any] = {"done_day": 110, "done_as": 1, "settled_day": 110, "settled_limit": 5, "settled_kind": 1}


@pytest.fixture
def filled(store: Store) -> Store:
    found = [
        case(1, corrections=2),
        case(2, **SETTLED, settled_used=3, rating=5, corrections=1),
        case(3, **SETTLED, settled_used=5, rating=2),
        case(4, **SETTLED, settled_used=7, outcome="refuse", rating=0),
        case(5, **{**SETTLED, "settled_kind": 0}, settled_used=0),
        case(6, THERE, done_day=111, done_as=3),
        case(7, THERE, accepted_day=None, done_day=109, done_as=4),
        case(8, THERE, received_day=90, accepted_day=91, red_day=108, red_at=PLACE, yellow_day=104, yellow_at=PLACE),
        case(9, THERE, received_day=120, accepted_day=121, done_day=125, done_as=2),
        case(10, settled_kind=None, kind=2, done_day=108, done_as=1),
    ]
    with store.writing() as connection:
        cases.put(connection, found)
        keys = [(HERE, bytes([1]) * 16), (HERE, bytes([2]) * 16)]
        rows_of = [FaultRow(*keys[0], 0, 1, 105, PLACE), FaultRow(*keys[1], 0, 2, 130, PLACE)]
        faults.put(connection, keys, rows_of)
    return store


def summed(store: Store, first: int, last: int) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    with store.reading() as connection:
        for each in figures.counted(connection, first, last):
            assert each.item_no == "001"
            for field, number in each.grown.items():
                found[each.scope, field] = found.get((each.scope, field), 0) + number
    return {key: number for key, number in found.items() if number}


def test_a_case_counts_on_its_days_and_both_ends_of_a_period_count(filled: Store) -> None:
    assert summed(filled, 100, 111) == {
        (HERE, "received"): 6, (HERE, "corrected"): 2, (HERE, "corrected_again"): 1, (HERE, "accepted"): 6,
        (HERE, "in_hand"): 1, (HERE, "settled"): 5, (HERE, "at_once"): 1, (HERE, "promised"): 3, (HERE, "early"): 1,
        (HERE, "on_time"): 1, (HERE, "late"): 1, (HERE, "used"): 15, (HERE, "joint"): 1, (HERE, "denied"): 1,
        (HERE, "rated"): 2, (HERE, "satisfied"): 1,
        (THERE, "received"): 2, (THERE, "accepted"): 1, (THERE, "carried"): 1, (THERE, "withdrawn"): 1,
        (THERE, "turned_away"): 1, (THERE, "in_hand"): 1,
    }  # fmt: skip
    assert summed(filled, 111, 111) == {
        (HERE, "carried"): 1, (HERE, "in_hand"): 1, (THERE, "carried"): 2, (THERE, "withdrawn"): 1,
        (THERE, "in_hand"): 1,
    }  # fmt: skip
    assert summed(filled, 112, 130)[THERE, "ended"] == 1


def test_a_fault_counts_on_its_day_at_the_place_whose_it_is(filled: Store) -> None:
    with filled.reading() as connection:
        found = {(each.scope, each.place, each.rule): each.times for each in figures.faults(connection, 100, 111)}
        assert found == {(THERE, PLACE, 0): 1, (THERE, PLACE, 3): 1, (HERE, PLACE, 1): 1}
        lines = figures.lines(connection, 100, 130, [PLACE], HOMES, 10, ALL)
        assert [(each.rule, each.day, each.case_no) for each in lines] == [
            (3, 104, "N-8"),
            (1, 105, "N-1"),
            (0, 108, "N-8"),
            (2, 130, "N-2"),
        ]
        assert len(figures.lines(connection, 100, 130, [PLACE], HOMES, 1, [1])) == 1
        every = figures.lines(connection, 100, 130, [PLACE], HOMES, 10, ALL)
        for rule in ALL:
            mine = [each for each in every if each.rule == rule]
            assert mine and figures.lines(connection, 100, 130, [PLACE], HOMES, len(mine), [rule]) == mine, (
                "of one rule alone"
            )
        assert figures.lines(connection, 100, 130, ["621021000000"], HOMES, 10, ALL) == []
        assert figures.lines(connection, 100, 130, [], HOMES, 10, ALL) == []
        of_one_home = figures.lines(connection, 100, 130, [PLACE], HOMES[:1], 10, ALL)
        assert [each.case_no for each in of_one_home] == ["N-1", "N-2"]
        ratings = figures.ratings_of(connection, {(HERE, bytes([1]) * 16), (HERE, bytes([2]) * 16)})
        assert [(each.case_no, each.day) for each in ratings] == [("N-1", 105)]


def test_what_is_known_against_a_case_is_replaced_and_goes_with_it(filled: Store) -> None:
    key = (HERE, bytes([1]) * 16)
    with filled.writing() as connection:
        faults.put(connection, [key], [FaultRow(*key, 0, 2, 106, PLACE)])
        known = figures.lines(connection, 100, 107, [PLACE], HOMES, 10, ALL)
        assert [each.day for each in known if each.case_no == "N-1"] == [106]
        faults.forget(connection, key)
        words = "SELECT count(*) FROM faults WHERE case_id = ?"
        assert rows.ask(connection, words, (key[1],))[0][0] == 0
