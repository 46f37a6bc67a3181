"""Complaints: who hears one, what of the records held counts, and that no case takes one in."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol import encoding
from sync_protocol.case import Position, Verdict, complaints, kinds
from sync_protocol.case.beside import Record
from tests.sync_protocol.case.script import (
    COUNTY,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    PLACES,
    STATION,
    TOWNSHIP,
    VILLAGE,
    to_county,
)

NUMBER = "621021101001-261121-7K3M-12-L"
ABLE = (COUNTY, TOWNSHIP, OTHER_TOWNSHIP)


def position(number: int) -> Position:
    return Position(bytes([number]) * 16, number, sha256(bytes([number])).digest()[:8])


def record(number: int, place: str, scope: str = f"about:{VILLAGE}", order: int = 0, **said: Any) -> Record:
    return Record(position(number), order, scope, place, 1_000 + number, said)


def made(number: int, place: str = VILLAGE, handler: str = TOWNSHIP, **said: Any) -> Record:
    return record(number, place, complaint_no=NUMBER, handler=handler, sealed=b"x", own=b"y", **said)


def passed(number: int, of: int, place: str, handler: str) -> Record:
    return made(number, place, handler, passed_on=list(position(of)))


def answered(number: int, of: int, place: str) -> Record:
    return record(number, place, complaint=list(position(of)), own=b"z")


@pytest.mark.parametrize(
    ("taker", "place", "higher", "hears"),
    [
        (VILLAGE, VILLAGE, False, TOWNSHIP),
        (VILLAGE, VILLAGE, True, COUNTY),
        (VILLAGE, TOWNSHIP, False, COUNTY),
        (TOWNSHIP, VILLAGE, False, TOWNSHIP),
        (TOWNSHIP, TOWNSHIP, False, COUNTY),
        (COUNTY, VILLAGE, False, TOWNSHIP),
        (VILLAGE, OTHER_VILLAGE, False, TOWNSHIP),
        (OTHER_TOWNSHIP, VILLAGE, False, COUNTY),
        (VILLAGE, STATION, False, TOWNSHIP),
        (COUNTY, COUNTY, False, COUNTY),
        (VILLAGE, COUNTY, True, ""),
        (VILLAGE, TOWNSHIP, True, ""),
    ],
)
def test_the_level_above_hears_it_and_one_higher_where_its_head_is_meant(
    taker: str, place: str, higher: bool, hears: str
) -> None:
    found = complaints.heard_by(PLACES, taker, place, higher=higher, able=ABLE)
    assert found == hears
    scope = complaints.scope_for(PLACES, taker, found)
    assert PLACES.covers(taker, scope), "its writer may write there"
    assert not found or PLACES.covers(found, scope), "and its hearer follows it"
    assert complaints.heard_by(PLACES, taker, place, higher=higher, able=()) == ""


def test_the_first_of_a_number_counts_its_hearer_answers_or_passes_it_on() -> None:
    first, late = made(1), made(2)
    [found] = complaints.complaints_of([late, first], [])
    assert found.record == first and found.answer is None and found.taken_at == VILLAGE
    [found] = complaints.complaints_of([first], [answered(3, 1, VILLAGE), answered(4, 1, TOWNSHIP)])
    assert found.answer is not None and found.answer.place == TOWNSHIP, "the village cannot answer it"
    onward = passed(5, 1, TOWNSHIP, COUNTY)
    [found] = complaints.complaints_of([first, onward, passed(6, 1, VILLAGE, VILLAGE)], [answered(7, 1, VILLAGE)])
    assert (found.record, found.handler, found.at_ms) == (onward, COUNTY, first.claimed_ms)
    [found] = complaints.complaints_of([first, onward], [answered(8, 1, TOWNSHIP)])
    assert found.record == first, "what was answered is not passed on"
    [found] = complaints.complaints_of([first, onward], [answered(8, 1, COUNTY), answered(9, 5, COUNTY)])
    assert found.answer is not None and found.answer.position == position(9)


def test_who_relays_a_complaint_puts_none_of_its_own_in_its_place() -> None:
    real, forged = record(2, VILLAGE, order=9, complaint_no=NUMBER, own=b"y"), made(1, TOWNSHIP)
    [found] = complaints.complaints_of([forged, real], [])
    assert found.record == real


@given(st.permutations(range(6)), st.permutations(range(3)))
def test_the_order_in_which_records_come_changes_nothing(some: list[int], others: list[int]) -> None:
    records = [
        made(1),
        made(2),
        passed(3, 1, TOWNSHIP, COUNTY),
        passed(4, 1, TOWNSHIP, VILLAGE),
        passed(5, 3, COUNTY, TOWNSHIP),
        passed(6, 5, TOWNSHIP, COUNTY),
    ]
    answers = [answered(7, 3, VILLAGE), answered(8, 6, COUNTY), answered(9, 6, COUNTY)]
    expected = complaints.complaints_of(records, answers)
    assert complaints.complaints_of([records[n] for n in some], [answers[n] for n in others]) == expected
    assert expected[0].answer == answers[1]


def test_a_body_says_all_of_who_hears_it_or_nothing_and_what_is_sealed_has_its_form() -> None:
    whole = {0: NUMBER, 1: TOWNSHIP, 2: list(position(1)), 3: b"x", 4: b"y"}
    assert complaints.check(kinds.COMPLAINT, whole) is None
    assert complaints.check(kinds.COMPLAINT, {0: NUMBER, 4: b"y"}) is None, "nobody here hears it"
    for lacking, name in ((1, "handler"), (2, "key"), (3, "sealed")):
        assert complaints.check(kinds.COMPLAINT, {n: v for n, v in whole.items() if n != lacking}) == name
    assert complaints.read(kinds.PLACE_KEY, encoding.encode({0: 1, 1: bytes(31)})) is None
    assert complaints.read(kinds.COMPLAINT, b"\xff") is None
    with pytest.raises(ValueError, match="text"):
        complaints.content_bytes(complaints.SAID, {"code": "0" * 13, "text": "", "place": VILLAGE, "who": "王芳"})
    said = {"code": "0" * 13, "text": "x", "place": VILLAGE, "who": "王芳", "higher": True}
    assert complaints.content_of(complaints.SAID, complaints.content_bytes(complaints.SAID, said)) == said


def test_no_case_takes_a_complaint_in() -> None:
    for kind in (kinds.COMPLAINT, kinds.COMPLAINT_ANSWER, kinds.PLACE_KEY):
        script = to_county()
        odd = script.write(VILLAGE, kind, {0: NUMBER, 4: b"y"})
        assert script.verdict(odd) == Verdict("void", "not_of_a_case")
        assert script.verdict(script.write(COUNTY, kinds.ADOPT, {0: [list(odd)]})) == Verdict("void", "adoption")
