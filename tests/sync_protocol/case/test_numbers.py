"""Receipt numbers and query codes: published check characters, slips of the pen, what people type."""

import random
from datetime import date

import pytest

from sync_protocol.case import bodies, numbers
from sync_protocol.case.numbers import NumberError

NUMBER = "621021101001-261121-7K3M-12-L"


# Published examples of ISO 7064 MOD 37,36: the Global Release Identifier standard (A1-2425G-ABC1234002-M) and the
# International Standard Audiovisual Number (0000-0001-8947-0000-8-0000-0000-D and 0000-0000-3A8D-0000-Z-0000-0000-6).
@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("A12425GABC1234002", "M"),
        ("0000000189470000", "8"),
        ("000000018947000000000000", "D"),
        ("000000003A8D0000", "Z"),
        ("000000003A8D000000000000", "6"),
    ],
)
def test_the_check_character_is_the_published_one(text: str, check: str) -> None:
    assert numbers.check_character(text) == check
    assert numbers.check_character(f"{text[:4]}-{text[4:]}".lower()) == check


def test_a_number_is_written_and_read_back() -> None:
    assert numbers.make_case_number("621021101001", date(2026, 11, 21), "7K3M", 12) == NUMBER
    assert numbers.parse_case_number(f"  {NUMBER.lower()} ") == ("621021101001", "261121", "7K3M", 12, "L")
    station = numbers.make_case_number("621021101001-1", date(2026, 1, 2), "0000", 999_999_999)
    assert numbers.parse_case_number(station).place == "621021101001-1"
    assert bodies.is_case_no(NUMBER) and bodies.is_case_no(station)


def test_every_single_slip_and_every_swap_of_neighbours_is_found() -> None:
    chance = random.Random(1)
    signs = [place for place, sign in enumerate(NUMBER) if sign != "-"]
    for place in signs:
        for wrong in chance.sample(numbers.ALPHABET, 12):
            if wrong != NUMBER[place]:
                with pytest.raises(NumberError):
                    numbers.parse_case_number(NUMBER[:place] + wrong + NUMBER[place + 1 :])
    for place in signs[:11]:
        if NUMBER[place] != NUMBER[place + 1]:
            swapped = NUMBER[:place] + NUMBER[place + 1] + NUMBER[place] + NUMBER[place + 2 :]
            with pytest.raises(NumberError):
                numbers.parse_case_number(swapped)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("621021101001-261121-7K3M-12", "five parts"),
        ("六二一-261121-7K3M-12-L", "first part"),
        ("621021101001-261321-7K3M-12-L", "second part"),
        ("621021101001-2611-7K3M-12-L", "second part"),
        ("621021101001-261121-7I3M-12-L", "third part"),
        ("621021101001-261121-7K3M-012-L", "fourth part"),
        ("621021101001-261121-7K3M-0-L", "fourth part"),
        ("621021101001-261121-7K3M-12-M", "check character"),
    ],
)
def test_the_error_says_which_part_is_wrong_in_both_languages(typed: str, told: str) -> None:
    with pytest.raises(NumberError, match=told) as refused:
        numbers.parse_case_number(typed)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.zh)


def test_parts_out_of_bounds_are_refused_by_name() -> None:
    day = date(2026, 11, 21)
    for place, tag, counter, told in (
        ("", "7K3M", 1, "place"),
        ("a b", "7K3M", 1, "place"),
        ("6210", "7k3m", 1, "tag"),
        ("6210", "7K3", 1, "tag"),
        ("6210", "7K3M", 0, "counter"),
        ("6210", "7K3M", 10**9, "counter"),
    ):
        with pytest.raises(ValueError, match=told):
            numbers.make_case_number(place, day, tag, counter)


def test_query_codes_hold_all_65_bits() -> None:
    assert numbers.make_query_code(0) == "0" * 13
    assert numbers.make_query_code(2**65 - 1) == "Z" * 13
    assert numbers.make_query_code(1) == "0000000000001"
    assert numbers.make_query_code(0x1_2345_6789_ABCD_EF01) == "J6HB7H6NWVVR1"
    assert numbers.tag_from_bits(2**20 - 1) == "ZZZZ"
    for bits in (-1, 2**65):
        with pytest.raises(ValueError, match="bits"):
            numbers.make_query_code(bits)


def test_query_codes_are_read_as_people_type_them() -> None:
    assert numbers.normalise_query_code("o1l-abc-def-ghjk") == "011ABCDEFGHJK"
    assert numbers.normalise_query_code("abcdef") == "ABCDEF"
    assert bodies.is_query_code(numbers.normalise_query_code("o1l-abc-def-ghjk"))


@pytest.mark.parametrize(
    ("typed", "told"), [("abc", "13 characters"), ("abcdeu", "'U'"), ("", "has 0"), ("abcde*", "'*'")]
)
def test_what_is_no_query_code_is_told_why(typed: str, told: str) -> None:
    with pytest.raises(NumberError) as refused:
        numbers.normalise_query_code(typed)
    assert told in refused.value.en and refused.value.zh
