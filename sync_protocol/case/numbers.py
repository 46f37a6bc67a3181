"""Receipt numbers and query codes: how they are made from values handed in, read as people type them, and checked."""

import re
from datetime import date
from typing import Final, NamedTuple

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
QUERY_CODE_LENGTH: Final = 13
QUERY_CODE_BITS: Final = 5 * QUERY_CODE_LENGTH
SHORT_CODE_LENGTH: Final = 6
TAG_LENGTH: Final = 4
COUNTER_MAX: Final = 999_999_999

_VALUE: Final = {letter: value for value, letter in enumerate(ALPHABET)}
_PLACE: Final = re.compile(r"[0-9A-Z]{1,16}(?:-[0-9A-Z]{1,8}){0,3}", re.ASCII)
_TAG: Final = re.compile(f"[{CROCKFORD}]{{{TAG_LENGTH}}}")
# Typed by people and read out by phone: what looks alike is taken for what it stands for.
_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "—": None, "－": None})


class NumberError(ValueError):
    """A receipt number or query code is not one; ``zh`` and ``en`` say what is wrong and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class CaseNumber(NamedTuple):
    """The parts of a receipt number; ``day`` is yymmdd as printed."""

    place: str
    day: str
    tag: str
    counter: int
    check: str


def check_character(text: str) -> str:
    """Compute the ISO 7064 MOD 37,36 check character over the letters and digits of text; other signs are skipped."""
    product = 36
    for letter in text.upper():
        value = _VALUE.get(letter)
        if value is not None:
            product = ((product + value) % 36 or 36) * 2 % 37
    return ALPHABET[(37 - product) % 36]


def make_case_number(place: str, day: date, tag: str, counter: int) -> str:
    """Write the receipt number of the counter-th case a node's present life receives.

    ``tag``: 4 Crockford characters, drawn at each start of the node. ValueError if a part is out of its bounds.
    """
    if _PLACE.fullmatch(place.upper()) is None:
        raise ValueError(f"place: {place!r} is not a place code")
    if _TAG.fullmatch(tag) is None:
        raise ValueError(f"tag: {tag!r} is not {TAG_LENGTH} characters of {CROCKFORD}")
    if not 1 <= counter <= COUNTER_MAX:
        raise ValueError(f"counter: {counter} is not from 1 to {COUNTER_MAX}")
    stem = f"{place.upper()}-{day:%y%m%d}-{tag}-{counter}"
    return f"{stem}-{check_character(stem)}"


def tag_from_bits(bits: int) -> str:
    """Turn 20 random bits into the tag of one start of a node."""
    return _crockford(bits, TAG_LENGTH)


def parse_case_number(text: str) -> CaseNumber:
    """Read a receipt number as typed (any case, spaces around); NumberError says which part is wrong."""
    typed = text.strip().upper().replace("－", "-").replace("—", "-")
    parts = typed.rsplit("-", 4)  # a place code may have dashes of its own
    if len(parts) != 5:
        raise NumberError(
            "收件编号应为五段，以短横线分开，例如 621021101001-261121-7K3M-12-X",
            "a receipt number has five parts with dashes between, as in 621021101001-261121-7K3M-12-X",
        )
    place, day, tag, counter, check = parts
    if _PLACE.fullmatch(place) is None:
        raise NumberError("第一段应为地区代码", "the first part must be a place code")
    if re.fullmatch(r"[0-9]{6}", day, re.ASCII) is None or not _is_day(day):
        raise NumberError("第二段应为六位日期（年月日）", "the second part must be a date of six digits, yymmdd")
    if _TAG.fullmatch(tag) is None:
        raise NumberError("第三段应为四位字母或数字", "the third part must be four letters or digits")
    if re.fullmatch(r"[1-9][0-9]{0,8}", counter, re.ASCII) is None:
        raise NumberError("第四段应为序号", "the fourth part must be a number")
    if check != check_character("-".join(parts[:4])):
        raise NumberError(
            "校验位不符，请核对编号是否抄错", "the check character does not fit: compare the number with the receipt"
        )
    return CaseNumber(place, day, tag, int(counter), check)


def make_query_code(bits: int) -> str:
    """Turn 65 random bits into a query code; ValueError if the number does not fit into 65 bits."""
    return _crockford(bits, QUERY_CODE_LENGTH)


def normalise_query_code(text: str) -> str:
    """Read a query code as typed: any case, dashes and blanks left out, o as 0, i and l as 1.

    Takes the full 13 characters or the first 6; NumberError says what is wrong.
    """
    code = text.strip().upper().translate(_LOOKALIKES)
    if len(code) not in (SHORT_CODE_LENGTH, QUERY_CODE_LENGTH):
        raise NumberError(
            f"查询码应为 {QUERY_CODE_LENGTH} 位，或其前 {SHORT_CODE_LENGTH} 位；现为 {len(code)} 位",
            f"a query code has {QUERY_CODE_LENGTH} characters, or its first {SHORT_CODE_LENGTH}; this has {len(code)}",
        )
    for letter in code:
        if letter not in CROCKFORD:
            raise NumberError(f"查询码中不会出现“{letter}”", f"{letter!r} does not occur in query codes")
    return code


def _is_day(day: str) -> bool:
    try:
        date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
    except ValueError:
        return False
    return True


def _crockford(bits: int, length: int) -> str:
    if not 0 <= bits < 1 << (5 * length):
        raise ValueError(f"bits: must be from 0 to 2^{5 * length} - 1")
    return "".join(CROCKFORD[bits >> shift & 31] for shift in range(5 * (length - 1), -1, -5))
