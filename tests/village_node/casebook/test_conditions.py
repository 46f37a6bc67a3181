"""What a desk asks beyond the workflow: approvers, two persons, days that must have passed, places to be heard."""

from datetime import date

import pytest

from sync_protocol.case import Case, kinds, powers
from sync_protocol.case.events import Position
from sync_protocol.case.records import Refusal, SideNote
from sync_protocol.case.workdays import Calendar, Year
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from village_node.casebook import conditions
from village_node.store.peers import PeerRow

HEARING = {0: "hearing", 2: "依据", 3: 5, 4: "0101", 5: "0102"}
DAY_MS = 86_400_000
# 2026-11-20 is a Friday; it ends at 16:00 UTC.
PLAIN = Calendar("plain weeks", {})
NO_PAPERS = Case("home", b"x" * 16)
FRIDAY, AFTER_FRIDAY = date(2026, 11, 20), 1_795_190_400_000


def refusal(
    kind: int, body: dict[int, object], roles: set[str], place: str, level: str, *, joint: bool = False,
    decides: bool = True,
) -> str:  # fmt: skip
    case = Case("home", b"x" * 16)
    case.refusal = Refusal(Position(b"i" * 16, 1, b"m" * 8), TOWNSHIP, "0102", 0, "", "", "")
    person = "0102", frozenset(roles)
    found = conditions.why_not_approved(case, kind, body, person, place, level, joint=joint, decides=decides)
    return found[1] if found else ""


@pytest.mark.parametrize("level", ["village", "township", "county"])
def test_the_head_of_a_place_approves_a_special_procedure_and_nobody_else(level: str) -> None:
    others = powers.roles_at(level) - {"head"}
    assert refusal(kinds.SUSPEND, HEARING, {"head"}, TOWNSHIP, level) == ""
    assert "the head of this place" in refusal(kinds.SUSPEND, HEARING, set(others), TOWNSHIP, level)
    assert refusal(kinds.SUSPEND, {**HEARING, 0: "publicity"}, set(others), TOWNSHIP, level) == ""
    assert "the level that decides" in refusal(kinds.SUSPEND, HEARING, {"head"}, TOWNSHIP, level, decides=False)
    assert refusal(kinds.SUSPEND, {**HEARING, 0: "publicity"}, set(others), TOWNSHIP, level, decides=False) == ""
    assert "two persons" in refusal(kinds.SUSPEND, {**HEARING, 4: "0102"}, {"head"}, TOWNSHIP, level)


def test_a_joint_term_at_the_county_is_a_leaders_and_below_it_the_heads() -> None:
    body = {0: 5, 1: "情况复杂", 2: "0102"}
    assert refusal(kinds.EXTEND, body, {"head"}, COUNTY, "county") == ""
    assert "a leader" in refusal(kinds.EXTEND, body, {"head"}, COUNTY, "county", joint=True)
    assert refusal(kinds.EXTEND, body, {"leader"}, COUNTY, "county", joint=True) == ""
    assert "the head" in refusal(kinds.EXTEND, body, {"leader"}, COUNTY, "county")
    assert refusal(kinds.EXTEND, body, {"head"}, TOWNSHIP, "township", joint=True) == ""


def test_a_staff_number_is_one_person_only_at_its_own_place() -> None:
    assert "who refused" in refusal(kinds.REVIEW_DECISION, {}, {"business"}, TOWNSHIP, "township")
    assert refusal(kinds.REVIEW_DECISION, {}, {"business"}, COUNTY, "county") == ""


def test_a_term_ends_with_its_day_in_the_county() -> None:
    assert conditions.end_of_day_ms(FRIDAY) == AFTER_FRIDAY
    body = {0: FRIDAY.isoformat(), 1: "逾期"}
    told = conditions.why_not_lapsed(NO_PAPERS, body, [], AFTER_FRIDAY - 1, PLAIN)
    assert told is not None and "still runs" in told[1]
    assert conditions.why_not_lapsed(NO_PAPERS, body, [], AFTER_FRIDAY, PLAIN) is None
    for day in (date.min, date.max):
        assert (conditions.why_not_lapsed(NO_PAPERS, {0: day.isoformat()}, [], AFTER_FRIDAY, PLAIN) is None) == (
            day == date.min
        )


def test_no_case_lapses_over_papers_that_nobody_has_looked_at() -> None:
    case = Case("home", b"x" * 16)
    supply = SideNote(Position(b"i" * 16, 1, b"m" * 8), kinds.SUPPLY, VILLAGE, "0001", 0, {})
    case.open_supplies = (supply,)
    told = conditions.why_not_lapsed(case, {0: FRIDAY.isoformat(), 1: "逾期"}, [], AFTER_FRIDAY, PLAIN)
    assert told is not None and "papers have come" in told[1]


def test_a_silent_place_is_waited_for_five_working_days_and_then_named() -> None:
    body = {0: FRIDAY.isoformat(), 1: "逾期"}
    waiting = conditions.why_not_lapsed(NO_PAPERS, {**body, 2: True}, ["上关村"], AFTER_FRIDAY + 7 * DAY_MS - 1, PLAIN)
    assert waiting is not None and "上关村" in waiting[0]
    unsaid = conditions.why_not_lapsed(NO_PAPERS, body, ["上关村"], AFTER_FRIDAY + 7 * DAY_MS, PLAIN)
    assert unsaid is not None and "say so" in unsaid[1]
    assert conditions.why_not_lapsed(NO_PAPERS, {**body, 2: True}, ["上关村"], AFTER_FRIDAY + 7 * DAY_MS, PLAIN) is None


def test_the_days_for_which_a_silent_place_is_waited_are_those_of_the_calendar() -> None:
    off = Calendar("a holiday", {2026: Year(off=frozenset({date(2026, 11, 23).timetuple().tm_yday}))})
    body = {0: FRIDAY.isoformat(), 1: "逾期", 2: True}
    for after, waits in ((9, True), (10, False)):  # Monday 23 is off: until Monday 30 November
        told = conditions.why_not_lapsed(NO_PAPERS, body, ["上关村"], AFTER_FRIDAY + after * DAY_MS, off)
        assert (told is not None) == waits


def test_a_place_was_heard_by_an_exchange_with_us_or_by_what_it_wrote_since() -> None:
    rows = [
        PeerRow(b"1" * 16, VILLAGE, "down", last_contact_ms=10),
        PeerRow(b"2" * 16, COUNTY, "up", last_contact_ms=99),
        PeerRow(b"3" * 16, TOWNSHIP, "down"),
    ]
    assert conditions.heard_since(rows, {}, 10) == {VILLAGE}
    assert conditions.heard_since(rows, {}, 11) == set()
    assert conditions.heard_since(rows, {TOWNSHIP: 11, VILLAGE: 10}, 11) == {TOWNSHIP}
