"""Number and code of a booking, by which whoever made it calls it off or moves it."""

import hashlib
from typing import Final, NamedTuple

from sync_protocol.case.numbers import CROCKFORD
from village_node.store.requests import Request

_NUMBER, _CODE = 8, 6
DRAWN: Final = _NUMBER + _CODE  # bytes of chance for both
_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "　": None})


class Booked(NamedTuple):
    """What who booked is told: on the page, on paper, or read out by telephone."""

    number: str
    code: str


def labels_for(request: Request | None, drawn: bytes) -> Booked:
    """Number and code of a booking: the same for a form that is sent twice, so that a lost answer is told again."""
    told = hashlib.sha256(repr(("booking", *request[1:])).encode()).digest() if request is not None else drawn
    signs = "".join(CROCKFORD[byte % len(CROCKFORD)] for byte in told[:DRAWN])
    return Booked(signs[:_NUMBER], signs[_NUMBER:])


def spelled(label: str) -> str:
    """A number or a code as it is kept, however it was typed."""
    return label.upper().translate(_ALIKE)


def grouped(number: str) -> str:
    """A number as it is shown, to be read out."""
    return f"{number[:4]}-{number[4:]}" if number else ""
