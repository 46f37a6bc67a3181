"""Receipt numbers, query codes and document numbers: made from values handed in, read as people type them, checked."""

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
DEPARTMENT_LENGTH: Final = 10  # characters of a department's short name in a document number
_COUNTY_DIGITS: Final = 6
_WHO_LENGTH: Final = 7

_VALUE: Final = {letter: value for value, letter in enumerate(ALPHABET)}
_PLACE: Final = re.compile(r"[0-9A-Z]{1,16}(?:-[0-9A-Z]{1,8}){0,3}", re.ASCII)
_TAG: Final = re.compile(f"[{CROCKFORD}]{{{TAG_LENGTH}}}")
_CHECK_TOKEN: Final = re.compile(
    f"([0-9A-Z]{{2,12}})-([1-9][0-9]{{0,15}})-([{CROCKFORD}]{{{_WHO_LENGTH}}})([{CROCKFORD}]{{{QUERY_CODE_LENGTH}}})",
    re.ASCII,
)
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


def incarnation_tag(incarnation: bytes) -> str:
    """The four characters that tell the document numbers of one life of a node from those of the next."""
    return tag_from_bits(int.from_bytes(incarnation[:3]) >> 4)


def place_prefix(place: str) -> str:
    """A place code as documents name it: groups of three noughts at the end of twelve digits say nothing."""
    code = place.upper()
    if len(code) == 12 and code.isascii() and code.isdecimal():
        while len(code) > _COUNTY_DIGITS and code.endswith("000"):
            code = code[:-3]
    return code


def make_document_number(department: str, mark: str, year: int, place: str, incarnation: bytes, counter: int) -> str:
    """Write the number of the counter-th document of a type that a life of a node issues in a year for a department.

    ``mark``: what stands for the type. ValueError if a part is out of its bounds.
    """
    if _PLACE.fullmatch(place.upper()) is None:
        raise ValueError(f"place: {place!r} is not a place code")
    if not 1 <= counter <= COUNTER_MAX:
        raise ValueError(f"counter: {counter} is not from 1 to {COUNTER_MAX}")
    if not 1_000 <= year <= 9_999:
        raise ValueError(f"year: {year} has not four digits")
    prefix = f"{place_prefix(place)}-{incarnation_tag(incarnation)}"
    return f"{department[:DEPARTMENT_LENGTH]}行审{mark}〔{year}〕{prefix}-{counter}号"


class DocumentNumber(NamedTuple):
    """The parts of a document's number; ``prefix``: what stands for the place, ``tag`` for the life of its node."""

    department: str
    mark: str
    year: int
    prefix: str
    tag: str
    n: int


_DOCUMENT: Final = re.compile(
    r"(?P<department>.{1,10}?)行审(?P<mark>[^〔〕]{1,8})〔(?P<year>[1-9][0-9]{3})〕"
    r"(?P<prefix>[0-9A-Z-]{1,20})-(?P<tag>[0-9A-HJKMNP-TV-Z]{4})-(?P<n>[1-9][0-9]{0,8})号"
)


def parse_document_number(text: str) -> DocumentNumber | None:
    """Read a document's number as it is printed; None for what is none."""
    found = _DOCUMENT.fullmatch(text)
    if found is None:
        return None
    department, mark, year, prefix, tag, n = found.groups()
    return DocumentNumber(department, mark, int(year), prefix, tag, int(n))


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


class CheckToken(NamedTuple):
    """What a check token names: a type of document, and the event it rests on. ``who``: the first 35 bits of the
    incarnation."""

    code: str
    seq: int
    who: int
    mark: bytes


def make_check_token(code: str, incarnation: bytes, seq: int, mark: bytes) -> str:
    """Write what a document's QR code holds: enough to find the event, too much to guess it."""
    who = _crockford(leads_with(incarnation), _WHO_LENGTH)
    return f"{code.upper()}-{seq}-{who}{_crockford(int.from_bytes(mark), QUERY_CODE_LENGTH)}"


def parse_check_token(text: str) -> CheckToken | None:
    """Read a check token as printed or typed; None for what is none."""
    found = _CHECK_TOKEN.fullmatch(text.strip().upper())
    if found is None:
        return None
    mark = _bits(found[4])
    return CheckToken(found[1].lower(), int(found[2]), _bits(found[3]), mark.to_bytes(8)) if mark >> 64 == 0 else None


def leads_with(incarnation: bytes) -> int:
    """The first 35 bits of an incarnation, as a check token has them."""
    return int.from_bytes(incarnation[:5]) >> 5


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


def _bits(letters: str) -> int:
    """What letters of Crockford's alphabet stand for."""
    value = 0
    for letter in letters:
        value = value << 5 | CROCKFORD.index(letter)
    return value
