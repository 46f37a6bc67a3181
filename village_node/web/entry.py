"""What is typed, brought to one spelling before it is signed, and hints about numbers that look wrong."""

import re
import unicodedata
from datetime import date
from typing import Final

from stdnum.cn import ric, uscc

# Control characters and the marks that turn text round; line feed and tab are kept in long texts.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
# The address in the QR code of a receipt, whatever stands before it; with a Chinese keyboard on, a stroke is a comma.
_RECEIPT: Final = re.compile(r"[/、]Q[/、]([0-9A-Z]{13})(?![0-9A-Z])", re.ASCII)
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_DASHES: Final = re.compile("[\u2010-\u2015\u2212－—]")


def line(text: str) -> str:
    """One line of text: composed (NFC), without unseen characters, runs of blanks as one, none at the ends."""
    return " ".join(_seen(text).split())


def paragraph(text: str) -> str:
    """Text of several lines: composed (NFC), without unseen characters, line ends as LF, no blanks at the ends."""
    lines = _seen(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(" ".join(each.split()) for each in lines).strip()


def page(text: str) -> int:
    """Which page of a list an address asks for; the first where it asks for none."""
    return max(int(text), 1) if text.isascii() and text.isdecimal() and len(text) < 7 else 1


def number(text: str) -> str:
    """A number of any document: full-width signs made narrow, no blanks, capital letters."""
    return unicodedata.normalize("NFC", _narrow(text).upper())


def phone(text: str) -> str:
    """A telephone number: narrow signs, no blanks, one kind of dash; +86 or 0086 before a mobile number dropped."""
    plain = _DASHES.sub("-", _narrow(text))
    mobile = re.fullmatch(r"(?:\+86|0086)?-?(1\d{2})-?(\d{4})-?(\d{4})", plain, re.ASCII)
    return mobile[1] + mobile[2] + mobile[3] if mobile else plain


def scanned(text: str) -> str:
    """The query code in what a hand scanner has typed: the whole address of a receipt's QR code, the last one where
    there are several. Empty where there is none."""
    found = _RECEIPT.findall(number(text))
    return found[-1] if found else ""


def _narrow(text: str) -> str:
    """Full-width signs made narrow, without blanks; composed again, since a blank may have kept two signs apart."""
    return unicodedata.normalize("NFC", "".join(unicodedata.normalize("NFKC", _seen(text)).split()))


def _seen(text: str) -> str:
    return unicodedata.normalize("NFC", _UNSEEN.sub("", _LONE_SURROGATE.sub("", text)))


def identity_card_trouble(card: str, today: date) -> tuple[str, str] | None:
    """Say in Chinese and English what is wrong with a resident identity number (already normalised); None when it fits.

    Eighteen characters with their check character, or the fifteen digits of the first cards; citizens' numbers, the
    81, 82 and 83 of residence permits and the 9 of foreigners' cards alike. The area is no reason to refuse: areas are
    renamed, and people keep their numbers.
    """
    if re.fullmatch(r"\d{15}|\d{17}[\dX]", card, re.ASCII) is None:
        return (
            f"身份证号应为 18 位（或旧证 15 位）数字，末位可为 X；现为 {len(card)} 位，请核对。",
            f"An identity number has 18 digits (15 on old cards), the last may be X; this has {len(card)} characters.",
        )
    if len(card) == 18 and ric.calc_check_digit(card) != card[17]:
        return (
            "身份证号校验位不符，多半是抄错了一位，请逐位核对。",
            "The check digit does not fit; most likely one digit was copied wrongly.",
        )
    born = f"19{card[6:12]}" if len(card) == 15 else card[6:14]
    try:
        birthday = date(int(born[:4]), int(born[4:6]), int(born[6:8]))
    except ValueError:
        birthday = None
    if birthday is None or birthday.year < 1880 or birthday > today:
        return (
            f"身份证号中的出生日期 {born} 不对，请核对第 7 到 {12 if len(card) == 15 else 14} 位。",
            f"The date of birth in the number, {born}, cannot be right; compare it with the card.",
        )
    return None


def credit_code_trouble(code: str) -> tuple[str, str] | None:
    """Say what is wrong with a unified social credit code (already normalised, GB 32100-2015); None when it fits."""
    if re.fullmatch(r"[0-9A-HJ-NPQRTUWXY]{18}", code, re.ASCII) is None:
        return (
            f"统一社会信用代码应为 18 位数字或大写字母（不含 I、O、S、V、Z）；现为 {len(code)} 位，请核对。",
            f"A credit code has 18 digits or capitals without I, O, S, V and Z; this has {len(code)} characters.",
        )
    if uscc.calc_check_digit(code[:-1]) != code[-1]:
        return (
            "统一社会信用代码校验位不符，多半是抄错了一位，请逐位核对。",
            "The check character does not fit; most likely one character was copied wrongly.",
        )
    return None


_MASKS_AND_MARKUP: Final = "*<>\uff0a\uff1c\uff1e"


def name_trouble(name: str) -> tuple[str, str] | None:
    """Say what is wrong with the name of a person or an organisation (already normalised); None when it may be one. An
    asterisk is what stands in our own masked lists."""
    strange = next((each for each in name if each in _MASKS_AND_MARKUP), None)
    if strange is None:
        return None
    return (
        f"姓名中有“{strange}”，请按证件填写全名（不要从隐去姓名的列表复制）",
        f"There is a “{strange}” in the name: type it in full as the document has it, not copied from a masked list.",
    )


def phone_trouble(text: str) -> tuple[str, str] | None:
    """Say what is wrong with a telephone number of this country (already normalised); None when it may be one."""
    if re.fullmatch(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(?:-\d{1,6})?|[2-9]\d{6,7}|[48]00-?\d{3}-?\d{4}", text, re.ASCII):
        return None
    return (
        "电话应为 11 位手机号，或带区号的固定电话，例如 0934-1234567。",
        "Give a mobile number of 11 digits, or a land line with its area code, as in 0934-1234567.",
    )
