"""Number and code of a booking, by which whoever made it calls it off or moves it."""

from typing import Final, NamedTuple

from sync_protocol.case.numbers import CROCKFORD

_NUMBER, _CODE = 8, 6
DRAWN: Final = _NUMBER + _CODE  # bytes of chance for both
_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "　": None})


class Booked(NamedTuple):
    """What who booked is told: on the page, on paper, or read out by telephone."""

    number: str
    code: str


def labels_of(drawn: bytes) -> Booked:
    """Number and code of a booking, by nothing but chance: who knows how it was asked for works out neither."""
    signs = "".join(CROCKFORD[byte % len(CROCKFORD)] for byte in drawn[:DRAWN])
    return Booked(signs[:_NUMBER], signs[_NUMBER:])


def spelled(label: str) -> str:
    """A number or a code as it is kept, however it was typed."""
    return label.upper().translate(_ALIKE)


def is_number(label: str) -> bool:
    """Whether a number that is spelled so can have been given to anybody."""
    return len(label) == _NUMBER and set(label) <= set(CROCKFORD)


def grouped(number: str) -> str:
    """A number as it is shown, to be read out."""
    return f"{number[:4]}-{number[4:]}" if number else ""
