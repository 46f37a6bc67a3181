"""Receipt numbers and query codes: published check characters, slips of the pen, what people type."""

import random
from datetime import date
from typing import Any

import pytest

from sync_protocol.case import bodies, documents, kinds, numbers
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


def test_a_document_number_names_department_type_year_place_life_and_counter() -> None:
    life, other = bytes.fromhex("3d0f5a") + bytes(13), bytes.fromhex("3d1f5a") + bytes(13)
    made = numbers.make_document_number("民政", "04", 2026, "621021000000", life, 12)
    assert made == "民政行审04〔2026〕621021-7M7N-12号"
    assert numbers.make_document_number("民政", "04", 2026, "621021000000", other, 12) != made
    place = "0123456789ABCDEF" + "-01234567" * 3
    longest = numbers.make_document_number("市" * 99, "即办", 2026, place, life, 999_999_999)
    assert len(longest) <= 80
    assert bodies.check(kinds.DOCKET, {2: longest}) is None


@pytest.mark.parametrize(
    ("place", "prefix"),
    [
        ("621021101201", "621021101201"),
        ("621021101000", "621021101"),
        ("621021000000", "621021"),
        ("621000000000", "621000"),
        ("621021101000-1", "621021101000-1"),
        ("a1000", "A1000"),
    ],
)
def test_a_place_is_named_without_the_noughts_that_say_nothing(place: str, prefix: str) -> None:
    assert numbers.place_prefix(place) == prefix


@pytest.mark.parametrize("changed", [{"place": "村"}, {"year": 26}, {"counter": 0}, {"counter": 10**9}])
def test_a_document_number_of_impossible_parts_is_not_made(changed: dict[str, Any]) -> None:
    sound: dict[str, Any] = {
        "department": "民政",
        "mark": "04",
        "year": 2026,
        "place": "1",
        "incarnation": bytes(16),
        "counter": 1,
    }
    numbers.make_document_number(**sound)
    with pytest.raises(ValueError, match=next(iter(changed))):
        numbers.make_document_number(**{**sound, **changed})


def test_a_check_token_is_read_back_as_it_was_made() -> None:
    chance = random.Random(2)
    for code in documents.TYPES:
        incarnation, seq, mark = chance.randbytes(16), chance.randrange(1, 10**9), chance.randbytes(8)
        token = numbers.make_check_token(code, incarnation, seq, mark)
        read = numbers.parse_check_token(f" {token.lower()} ")
        assert read == (code, seq, numbers.leads_with(incarnation), mark)


@pytest.mark.parametrize(
    "text",
    ["", "02", "02-7-ZZZZZZZ028T5CY4TQKF", "02-0-ZZZZZZZ028T5CY4TQKFF", "02-7-ZZZZZZZZ28T5CY4TQKFF",
     "02-7-UZZZZZZ028T5CY4TQKFF", "../../etc-7-ZZZZZZZ028T5CY4TQKFF", "02-7-ZZZZZZZ028T5CY4TQKFF-1",
     "02-٧-ZZZZZZZ028T5CY4TQKFF"],
)  # fmt: skip
def test_what_is_no_check_token_is_none(text: str) -> None:
    assert numbers.parse_check_token(text) is None
