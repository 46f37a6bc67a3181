"""Series of document numbers: what is there, what is missing, what stands on nothing."""

import pytest

from sync_protocol.case import Position, numbers
from sync_protocol.case.series import Borne, Odd, series_of

PLACE, NODE = "621021101000", bytes.fromhex("3d0f5a") + bytes(13)


def borne(n: int, seq: int, *, counts: bool = True, year: int = 2026, by: bytes = NODE, life: bytes = NODE) -> Borne:
    number = numbers.make_document_number("民政", "04", year, PLACE, life, n)
    return Borne(number, Position(by, seq, bytes(8)), PLACE, counts)


def test_a_series_names_what_is_missing_what_does_not_count_and_what_was_given_twice() -> None:
    held = [borne(2, 1), borne(4, 2, counts=False), borne(6, 3), borne(6, 4), borne(7, 5), borne(7, 6, counts=False)]
    (found,), foreign = series_of(reversed(held), {NODE})
    assert (found.department, found.mark, found.year, found.prefix, found.tag) == (
        "民政",
        "04",
        2026,
        "621021101",
        "7M7N",
    )
    assert (found.highest, found.counted, foreign, found.left_off) == (7, 3, [], 0)
    assert found.odd == (
        Odd(1, "missing", ()),
        Odd(3, "missing", ()),
        Odd(4, "uncounted", (held[1].position,)),
        Odd(5, "missing", ()),
        Odd(6, "twice", (held[2].position, held[3].position)),
    )


def test_years_are_series_of_their_own_and_what_names_another_machine_is_in_none() -> None:
    other = borne(9, 1, life=bytes(16))
    found, foreign = series_of([borne(1, 1), borne(1, 2, year=2027), other], {NODE})
    assert [(each.year, each.highest, each.odd) for each in found] == [(2026, 1, ()), (2027, 1, ())]
    assert foreign == [other]


def test_what_was_written_again_after_a_machine_s_end_stays_in_the_series_of_the_ended_life() -> None:
    ended = bytes.fromhex("ffffff") + bytes(13)
    again = borne(2, 7, life=ended)
    held = [borne(1, 1), borne(1, 1, by=ended, life=ended), again, borne(3, 8, life=ended)]
    found, foreign = series_of(held, {NODE, ended})
    assert [(each.tag, each.highest, each.counted, each.odd) for each in found] == [
        ("7M7N", 1, 1, ()),
        ("ZZZZ", 3, 3, ()),
    ]
    assert foreign == []
    elsewhere = again._replace(place="621021102000")
    assert series_of([elsewhere], {NODE, ended}) == ([], [elsewhere])


def test_a_counter_that_jumped_is_told_by_its_first_gaps() -> None:
    (found,), _ = series_of([borne(100_000_000, 1)], {NODE})
    assert ([each.n for each in found.odd], found.left_off) == (list(range(1, 501)), 99_999_999 - 500)


@pytest.mark.parametrize(
    "text", ["", "民政行审04〔2026〕621021101-7M7N-0号", "民政行审04〔2026〕621021101-7M7N-1", "庆市自然〔2026〕7号"]
)
def test_what_is_no_number_of_a_document_is_not_read_as_one(text: str) -> None:
    assert numbers.parse_document_number(text) is None


def test_a_number_is_read_as_it_was_made() -> None:
    text = numbers.make_document_number("市场监管", "即办", 2027, "621021101201-1", b"\xff" * 16, 3)
    found = numbers.parse_document_number(text)
    assert found == ("市场监管", "即办", 2027, "621021101201-1", "ZZZZ", 3)
