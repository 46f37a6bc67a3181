"""Slips and consultations: who attaches one, which records count, and that no case takes one in."""

from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest

from sync_protocol import encoding
from sync_protocol.case import Position, Verdict, consultations, kinds, slips
from sync_protocol.case.beside import Record
from tests.sync_protocol.case.script import (
    COUNTY,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    PLACES,
    TOWNSHIP,
    VILLAGE,
    to_county,
)

SLIP_NO = f"{OTHER_VILLAGE}-261121-7K3M-12-L"
CASE_NO = f"{VILLAGE}-261121-7K3M-3-L"
ASKED_NO = f"{VILLAGE}-261121-7K3M-9-L"


def record(number: int, place: str, scope: str, **said: Any) -> Record:
    position = Position(bytes([number]) * 16, number, sha256(bytes([number])).digest()[:8])
    return Record(position, number, f"about:{scope}", place, 1_000 + number, said, "0001")


def slip(number: int, place: str = OTHER_VILLAGE, scope: str = OTHER_VILLAGE, **said: Any) -> Record:
    return record(number, place, scope, slip_no=SLIP_NO, case_no=CASE_NO, what="note", by="张秀兰", **said)


def answer(number: int, place: str, scope: str = OTHER_VILLAGE, outcome: str = "attached") -> Record:
    return record(number, place, scope, slip_no=SLIP_NO, outcome=outcome)


@pytest.mark.parametrize(
    ("taker", "case_no", "meets"),
    [
        (OTHER_VILLAGE, CASE_NO, TOWNSHIP),
        (OTHER_TOWNSHIP, CASE_NO, COUNTY),
        (TOWNSHIP, CASE_NO, ""),
        (COUNTY, CASE_NO, ""),
        (VILLAGE, CASE_NO, ""),
        (VILLAGE, f"{TOWNSHIP}-261121-7K3M-3-L", TOWNSHIP),
        (OTHER_VILLAGE, f"{COUNTY}-261121-7K3M-3-L", COUNTY),
        (VILLAGE, f"{OTHER_TOWNSHIP}-261121-7K3M-3-L", COUNTY),
        (VILLAGE, "990101101201-261121-7K3M-3-L", COUNTY),
        (COUNTY, "990101101201-261121-7K3M-3-L", ""),
    ],
)
def test_the_lowest_place_above_both_attaches_a_slip(taker: str, case_no: str, meets: str) -> None:
    assert slips.meeting_place(PLACES, taker, case_no) == meets


def test_none_is_needed_by_whoever_succeeds_the_place_of_the_case() -> None:
    merged = PLACES.succeeded(VILLAGE, OTHER_VILLAGE)
    assert slips.meeting_place(merged, OTHER_VILLAGE, CASE_NO) == ""
    assert slips.meeting_place(merged, VILLAGE, CASE_NO.replace(VILLAGE, OTHER_VILLAGE)) == TOWNSHIP


def test_a_slip_counts_where_its_number_says_and_is_answered_once_from_above() -> None:
    made = [slip(1), slip(2, text="later"), slip(3, place=COUNTY), slip(4, scope=VILLAGE)]
    answers = [answer(5, OTHER_VILLAGE), answer(6, OTHER_TOWNSHIP), answer(7, COUNTY, VILLAGE), answer(8, TOWNSHIP)]
    answers += [answer(9, COUNTY, outcome="declined")]
    for shuffled in permutations(answers):
        found = slips.slips_of(PLACES, reversed(made), shuffled)
        assert [each.record for each in found] == [made[0]], "the first of the place that the number names"
        assert found[0].answer == answers[3], "the first from a place strictly above the taker"
    assert slips.slips_of(PLACES, made, answers[:3])[0].answer is None


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({}, None),
        ({"text": ""}, "text"),
        ({"what": "supply"}, "materials"),
        ({"what": "supply", "materials": [["户口簿", 1, True]], "text": ""}, None),
        ({"what": "withdrawal_request", "text": ""}, "text"),
        ({"what": "rating", "text": ""}, "grade"),
        ({"what": "rating", "grade": "good", "text": ""}, "stage"),
        ({"what": "rating", "grade": "good", "stage": 2, "text": ""}, None),
        ({"what": "rating", "grade": "poor", "stage": 2, "text": ""}, "text"),
        ({"what": "nothing"}, "what"),
        ({"materials": [["户口簿", 1, True]]}, "materials"),
        ({"grade": "good"}, "grade"),
        ({"what": "withdrawal_request", "stage": 1}, "stage"),
        ({"by": ""}, "by"),
        ({"proof": b"short"}, "proof"),
        ({"text": "字" * 351}, "text"),
    ],
)
def test_a_body_that_does_not_fit_names_its_field(said: dict[str, Any], wrong: str | None) -> None:
    full = {"slip_no": SLIP_NO, "case_no": CASE_NO, "what": "note", "by": "张秀兰", "text": "我家电话换了", **said}
    if wrong is not None:
        with pytest.raises(ValueError, match=f"^{wrong}$"):
            slips.to_bytes(kinds.SLIP, full)
        return
    raw = slips.to_bytes(kinds.SLIP, full)
    assert slips.read(kinds.SLIP, raw) == {name: value for name, value in full.items() if value}
    newer = {**encoding.decode(raw), 20: "newer"}
    assert slips.read(kinds.SLIP, encoding.encode(newer)) == slips.read(kinds.SLIP, raw)


def test_a_refusal_to_attach_says_why() -> None:
    with pytest.raises(ValueError, match="text"):
        slips.to_bytes(kinds.SLIP_ANSWER, {"slip_no": SLIP_NO, "outcome": "declined"})
    assert slips.read(kinds.SLIP_ANSWER, b"\xff") is None and slips.read(kinds.SLIP, encoding.encode([1])) is None


def test_a_proof_is_of_one_network_one_case_and_one_code() -> None:
    proof = slips.proved(b"n" * 32, CASE_NO, "0" * 13)
    assert proof == encoding.encode(["sanji/1/slip", b"n" * 32, CASE_NO, "0" * 13])


def test_a_consultation_is_opened_by_what_was_asked_and_ends_once() -> None:
    def said(number: int, outcome: str, place: str = VILLAGE, **more: Any) -> Record:
        return record(number, place, VILLAGE, consultation_no=ASKED_NO, outcome=outcome, **more)

    records = [
        said(1, "led", to="x"),
        said(2, "open", question="问"),
        said(3, "open", told="还在问"),
        said(4, "answered", COUNTY, told="别处说的"),
        said(5, "answered", told="答复"),
        said(6, "open"),
    ]
    for shuffled in permutations(records):
        (found,) = consultations.consultations_of(shuffled)
        assert (found.first, found.last) == (records[1], records[4])
        assert (found.outcome, found.told, found.owner) == ("answered", "答复", "0001")
    assert consultations.consultations_of(records[:1]) == []


@pytest.mark.parametrize("kind", [kinds.SLIP, kinds.SLIP_ANSWER, kinds.CONSULTATION])
def test_no_case_takes_one_in(kind: int) -> None:
    script = to_county()
    assert script.verdict(script.write(VILLAGE, kind, {0: SLIP_NO})) == Verdict("void", "not_of_a_case")
