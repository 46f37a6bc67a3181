"""Erasure orders: which bodies every node deletes, wherever it holds them, and never takes again (PROTOCOL.md, 4.3)."""

from typing import Any, Final, NamedTuple

from sync_protocol import encoding, errors
from sync_protocol.case.bodies import is_int, plain
from sync_protocol.case.events import Position

MOST_EVENTS: Final = 40  # so that the largest body fits into a header
BASIS_MAX: Final = 120
APPROVER_MAX: Final = 32
_SEQ_MAX: Final = 2**53 - 1


class ErasureBody(NamedTuple):
    """The body of an `erasure`: the events whose bodies go, on what basis, and who approved what the actor asked."""

    events: tuple[Position, ...]
    basis: str
    approver: str


def erasure_bytes(body: ErasureBody) -> bytes:
    """The body of the event."""
    values: dict[int, Any] = {0: [list(event) for event in body.events], 1: body.basis, 2: body.approver}
    return encoding.encode(values)


def read_erasure(raw: bytes) -> ErasureBody | None:
    """What the body of an `erasure` says; None where it does not fit its form, and then it orders nothing."""
    try:
        body = encoding.decode(raw)
    except errors.ProtocolError:
        return None
    if type(body) is not dict or not all(type(key) is int and key >= 0 for key in body):
        return None
    named = body.get(0)
    if type(named) is not list or not 1 <= len(named) <= MOST_EVENTS or not all(map(_is_position, named)):
        return None
    if not plain(body.get(1), 1, BASIS_MAX) or not plain(body.get(2), 1, APPROVER_MAX):
        return None
    return ErasureBody(tuple(Position(*one) for one in named), body[1], body[2])


def _is_position(value: object) -> bool:
    if type(value) is not list or len(value) != 3:
        return False
    incarnation, seq, mark = value
    sound = type(incarnation) is bytes and len(incarnation) == 16 and type(mark) is bytes and len(mark) == 8
    return sound and is_int(seq, 1, _SEQ_MAX)
