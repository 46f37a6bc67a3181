"""What is typed: one spelling before it is signed, and hints that do not refuse what is right (T09)."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.case import bodies
from village_node.web import entry, masking, times

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("11010519491231002x", "11010519491231002X"),
        ("11010519491231002X", "11010519491231002X"),
        (
            "\uff11\uff11\uff10\uff11\uff10\uff15\uff11\uff19\uff14\uff19\uff11\uff12\uff13\uff11\uff10\uff10\uff12\uff58",
            "11010519491231002X",
        ),
        (" 110105 19491231 002X\u3000", "11010519491231002X"),
        ("110105\u200b19491231\ufeff002x", "11010519491231002X"),
    ],
)
def test_an_identity_number_has_one_spelling(typed: str, kept: str) -> None:
    assert entry.number(typed) == kept
    assert entry.identity_card_trouble(entry.number(typed), TODAY) is None


@pytest.mark.parametrize(
    "card",
    [
        "11010519491231002X",
        "810000199408230021",  # residence permits of Hong Kong, Macao and Taiwan
        "820000199408230029",
        "830000199408230026",
        "932682198501010017",  # a foreigner's card
        "130503670401001",  # fifteen digits, as on the first cards
        "621099197003010016",  # an area that no table knows
    ],
)
def test_a_right_number_is_taken_whatever_its_area(card: str) -> None:
    from stdnum.cn import ric

    if len(card) == 18:
        card = card[:17] + ric.calc_check_digit(card)
    assert entry.identity_card_trouble(card, TODAY) is None


@pytest.mark.parametrize(
    ("card", "says"),
    [
        ("110105194912310021", "校验位不符"),
        ("1101051949123100", "16 位"),
        ("11010519491331002X", ""),
        ("110105203012310029", ""),
        ("130503671301001", "出生日期"),
        ("abcdefghijklmnopqr", "18 位"),
        ("", "0 位"),
        (
            "\u0661\u0661\u0660\u0661\u0660\u0665\u0661\u0669\u0664\u0669\u0661\u0662\u0663\u0661\u0660\u0660\u0662X",
            "18 位",
        ),
    ],
)
def test_a_wrong_number_is_told_what_is_wrong_in_both_languages(card: str, says: str) -> None:
    trouble = entry.identity_card_trouble(card, TODAY)
    assert trouble is not None
    assert says in trouble[0]
    assert trouble[1]


@given(st.text(max_size=20))
def test_no_text_makes_the_check_fail(card: str) -> None:
    trouble = entry.identity_card_trouble(entry.number(card), TODAY)
    assert trouble is None or all(trouble)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("138 0000 1234", "13800001234"),
        ("+86 138-0000-1234", "13800001234"),
        ("0086 13800001234", "13800001234"),
        ("\uff11\uff13\uff18\uff10\uff10\uff10\uff10\uff11\uff12\uff13\uff14", "13800001234"),
        ("0934\u20141234567", "0934-1234567"),
    ],
)
def test_a_telephone_number_has_one_spelling(typed: str, kept: str) -> None:
    assert entry.phone(typed) == kept
    assert entry.phone_trouble(kept) is None


@pytest.mark.parametrize("typed", ["12345", "23800001234567", "1380000123", "abc", "138000012345"])
def test_what_is_no_telephone_number_is_told_so(typed: str) -> None:
    assert entry.phone_trouble(entry.phone(typed)) is not None


def test_a_name_is_composed_and_has_no_blanks_at_its_ends() -> None:
    assert entry.line(unicodedata.normalize("NFD", " José\u3000 李\t")) == "José 李"
    assert entry.line("买买提·吐尔逊") == "买买提·吐尔逊"
    assert entry.line("𬱖\U00030edd") == "𬱖\U00030edd", "rare characters of names stay"


def test_a_paragraph_keeps_its_lines() -> None:
    assert entry.paragraph("  一 \r\n二\r三  \n\n") == "一\n二\n三"


@given(st.text())
def test_what_was_normalised_fits_the_field_tables_and_stays_as_it_is(typed: str) -> None:
    for spell in (entry.line, entry.paragraph, entry.number, entry.phone):
        once = spell(typed)
        assert spell(once) == once
        assert bodies.FORBIDDEN_TEXT.search(once) is None
        once.encode("utf-8")


@pytest.mark.parametrize(
    ("mask", "full", "shown"),
    [
        (masking.name, "张秀兰", "张*"),
        (masking.name, "欧阳修", "欧阳*"),
        (masking.name, "欧阳", "欧*"),
        (masking.name, "王", "王*"),
        (masking.name, "", ""),
        (masking.identity_number, "35052519900101012X", "35*************12X"),
        (masking.identity_number, "130503670401001", "13**********001"),
        (masking.identity_number, "E123", "****"),
        (masking.phone, "13812341234", "138****1234"),
        (masking.phone, "0934-1234567", "093*****4567"),
        (masking.phone, "123456", "****56"),
        (masking.phone, "12", "**"),
        (masking.address, "庆城县驿马镇上关村三组12号", "庆城县驿马镇***"),
        (masking.address, "上关村三组12号院", "上关***"),
        (masking.address, "三组", "***"),
        (masking.address, "驿马镇上关村三组12号街道北侧", "驿马镇***"),
        (masking.address, "东街12号3单元李家乡", "东街***"),
        (masking.address, "上关村三组12号(驿马镇)", "上关***"),
        (masking.address, "庆城县南街政府家属院", "庆城县南街政***"),
        (masking.address, "北街", "***"),
        (masking.anything, "secret", "***"),
    ],
)  # fmt: skip
def test_masking_shows_what_the_circular_allows(mask, full: str, shown: str) -> None:
    assert mask(full) == shown


@given(st.text(min_size=8, max_size=30))
def test_of_an_identity_number_at_most_five_characters_show(full: str) -> None:
    shown = masking.identity_number(full)
    assert len(shown) == len(full)
    assert set(shown[2:-3]) <= {"*"}


@given(st.text(min_size=2, max_size=30))
def test_a_masked_name_never_shows_the_whole_name(full: str) -> None:
    assert masking.name(full) != full or full.endswith("*")
    assert len(masking.name(full)) <= 3


@given(st.integers(-(2**63), 2**63))
def test_no_claim_of_a_time_breaks_a_page(ms: int) -> None:
    assert times.moment(ms, "zh")
    assert times.day(ms, "en")
    assert times.short(ms, 1_795_000_000_000, "zh")
    assert times.age(ms, 1_795_000_000_000, "en")


def test_times_are_those_of_beijing() -> None:
    midnight = 1_794_931_200_000  # 2026-11-17T16:00:00Z
    assert times.moment(midnight, "zh") == "2026年11月18日 00:00"
    assert times.moment(midnight, "en") == "18 Nov 2026, 00:00"
    assert times.short(midnight, midnight + 3_600_000, "zh") == "00:00"
    assert times.short(midnight - 1, midnight, "zh") == "11月17日 23:59"
    assert times.short(midnight - 366 * times.DAY_MS, midnight, "en") == "17 Nov 2025"


@pytest.mark.parametrize(
    ("passed", "zh", "en"),
    [
        (59_999, "不到 1 分钟", "less than a minute"),
        (60_000, "1 分钟", "1 minute"),
        (2 * times.HOUR_MS - 1, "1 小时", "1 hour"),
        (2 * times.DAY_MS, "2 天", "2 days"),
        (-5, "不到 1 分钟", "less than a minute"),
    ],
)
def test_an_age_is_never_rounded_up(passed: int, zh: str, en: str) -> None:
    assert (times.age(0, passed, "zh"), times.age(0, passed, "en")) == (zh, en)


@pytest.mark.parametrize("code", ["91350100M000100Y43", "91110000600037341L"])
def test_a_sound_credit_code_fits(code: str) -> None:
    assert entry.credit_code_trouble(entry.number(f" {code.lower()} ")) is None


@pytest.mark.parametrize(
    ("code", "said"),
    [("91350100M000100Y44", "校验位不符"), ("9135010M000100Y43", "现为 17 位"), ("91350100I000100Y43", "不含 I")],
)
def test_a_wrong_credit_code_says_what_to_look_at(code: str, said: str) -> None:
    found = entry.credit_code_trouble(code)
    assert found is not None and said in found[0]
