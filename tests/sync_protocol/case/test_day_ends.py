"""Ends of days: what is written comes back, what does not fit says nothing, and the last of the place itself counts."""

from itertools import permutations
from typing import Any

import pytest

from sync_protocol import encoding, limits
from sync_protocol.case import day_ends, kinds
from sync_protocol.case.beside import Record
from sync_protocol.case.day_ends import DayEnd, Left
from sync_protocol.case.events import Position
from tests.sync_protocol.case.script import TOWNSHIP, VILLAGE

SAID = DayEnd(
    "2026-11-18",
    "民政",
    7,
    (
        Left(VILLAGE, b"a" * 16, "2026-11-17", "late"),
        Left(VILLAGE, b"b" * 16, "2026-11-18", "late"),
        Left(VILLAGE, b"c" * 16, "2026-11-18", "other", "等县局回电"),
    ),
    2,
    2,
    ("B",),
)


def test_the_end_of_a_day_comes_back_as_it_was_written() -> None:
    assert day_ends.read(day_ends.to_bytes(SAID)) == {"said": SAID}
    nothing = DayEnd("2026-11-18", "", 0, ())
    assert day_ends.read(day_ends.to_bytes(nothing)) == {"said": nothing}
    body = encoding.decode(day_ends.to_bytes(SAID))
    assert isinstance(body, dict)
    assert day_ends.read(encoding.encode({**body, 9: "newer"})) == {"said": SAID}
    assert day_ends.read(encoding.encode({**body, -1: "critical"})) is None
    odd: tuple[Any, ...] = ([], {}, b"late", 1, None)
    for why in odd:
        assert day_ends.read(encoding.encode({**body, 3: [[why, "", [[VILLAGE, b"a" * 16, SAID.day]]]]})) is None
    assert day_ends.read(b"\xff") is None and day_ends.read(encoding.encode([1])) is None


def test_what_came_that_day_and_is_not_left_over_was_acted_upon() -> None:
    assert (SAID.left_over, SAID.done) == (5, 3)
    assert SAID._replace(came=1).done == 0


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("day", {"day": "2026-02-30"}),
        ("department", {"department": "x" * 41}),
        ("came", {"came": -1}),
        ("left", {"left": (Left(VILLAGE, b"a" * 15, "2026-11-18", "late"),)}),
        ("left", {"left": (Left(VILLAGE, b"a" * 16, "2026-11-19", "late"),)}),
        ("left", {"left": (Left(VILLAGE, b"a" * 16, "2026-11-18", "lazy"),)}),
        ("left", {"left": (Left(VILLAGE, b"a" * 16, "2026-11-18", "other"),)}),
        ("left", {"left": (Left(VILLAGE, b"a" * 16, "2026-11-18", "late", "x" * 61),)}),
        ("left", {"left": (Left(VILLAGE, b"a" * 16, "2026-11-18", "late"),) * 2}),
        ("left", {"left": (Left("nowhere?", b"a" * 16, "2026-11-18", "late"),)}),
        ("more", {"left": ()}),
        ("posts", {"posts": 9}),
        ("empty", {"posts": 0}),
        ("empty", {"empty": ("A", "A")}),
        ("empty", {"empty": ("A", "B", "C")}),
    ],
)
def test_one_that_does_not_fit_names_its_first_wrong_field(field: str, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{field}$"):
        day_ends.to_bytes(SAID._replace(**change))


def test_as_many_as_may_be_named_fit_into_a_body_and_one_more_does_not() -> None:
    def full(cases: int, reasons: int) -> DayEnd:
        left = tuple(
            Left(VILLAGE, number.to_bytes(16, "big"), "2026-11-18", "other", "等" * 58 + f"{number % reasons:02}")
            for number in range(cases)
        )
        return SAID._replace(left=left)

    largest = day_ends.to_bytes(full(day_ends.MOST_LEFT, day_ends.MOST_REASONS))
    assert len(largest) <= limits.BODY_APART
    for wrong in (full(day_ends.MOST_LEFT + 1, 1), full(day_ends.MOST_LEFT, day_ends.MOST_REASONS + 1)):
        with pytest.raises(ValueError, match=r"^left$"):
            day_ends.to_bytes(wrong)


def test_the_last_one_of_the_place_itself_counts_whatever_came_first() -> None:
    def record(seq: int, place: str, said: DayEnd) -> Record:
        return Record(Position(bytes(16), seq, bytes(8)), 0, f"about:{VILLAGE}", place, 0, {"said": said}, "0001")

    first, last = record(1, VILLAGE, SAID), record(2, VILLAGE, SAID._replace(came=8))
    other, strange = record(3, VILLAGE, SAID._replace(department="")), record(4, TOWNSHIP, SAID)
    for order in permutations((first, last, other, strange)):
        found = day_ends.counting(order)
        assert found == {(VILLAGE, SAID.day, "民政"): last, (VILLAGE, SAID.day, ""): other}
    assert kinds.role_of(kinds.DAY_END) == "other" and kinds.BY_NUMBER[83].holding == "apart"
