"""Matters beside the cases: what several records about no case are together, which an erasure order takes as one.

A consultation, a slip, a complaint, or a declaration of kin: each is what stands under one number (for kin: about the
same two persons) in one scope, with the calls made about it, whoever wrote it and whether it counts or not, since a
name is a name in a record that does not count as well. What came after its consultation, slip or complaint was erased
is a matter by itself. PROTOCOL.md, section 4.3.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, NamedTuple

from sync_protocol.case import calls, complaints, consultations, kinds, registers, slips
from sync_protocol.case.events import Position
from sync_protocol.case.kinship import plain_number

# How the body of each kind is read, and the field that names what it is part of.
_READ: Final[dict[int, tuple[Callable[[bytes], Any], str]]] = {
    kinds.CONSULTATION: (consultations.read, "consultation_no"),
    kinds.SLIP: (partial(slips.read, kinds.SLIP), "slip_no"),
    kinds.SLIP_ANSWER: (partial(slips.read, kinds.SLIP_ANSWER), "slip_no"),
    kinds.COMPLAINT: (partial(complaints.read, kinds.COMPLAINT), "complaint_no"),
    kinds.COMPLAINT_ANSWER: (partial(complaints.read, kinds.COMPLAINT_ANSWER), "complaint"),
    kinds.CALL_BACK: (calls.read, "number"),
    kinds.KIN: (partial(registers.from_bytes, kinds.KIN), "kin_id_no"),
}
# What begins a matter; the other kinds are parts of one.
WHAT: Final[dict[int, str]] = {
    kinds.CONSULTATION: "consultation",
    kinds.SLIP: "slip",
    kinds.COMPLAINT: "complaint",
    kinds.KIN: "kin",
}
# What a part is called that is left alone: nothing here says of a call whether it is about a consultation or a slip.
_LEFT: Final[dict[int, str]] = {
    kinds.SLIP_ANSWER: "slip",
    kinds.COMPLAINT_ANSWER: "complaint",
    kinds.CALL_BACK: "call",
}
KINDS: Final = frozenset(_READ)


class Said(NamedTuple):
    """An event about no case whose body is held and fits its table; ``at_ms``: when, by its author's clock."""

    position: Position
    kind: int
    at_ms: int
    said: dict[str, Any]


class Matter(NamedTuple):
    """One matter: what it is, under which number (of kin, which has none: the mark of its first record, in hexadecimal
    digits; of answers to a complaint that is not held: its mark), and its records in the order in which they were
    claimed to be written."""

    what: str
    number: str
    records: tuple[Said, ...]

    @property
    def first(self) -> dict[str, Any]:
        """What the record says that began it, or the first that is left."""
        began = (each.said for each in self.records if WHAT.get(each.kind) == self.what)
        return next(began, self.records[0].said)


def read(kind: int, raw: bytes) -> dict[str, Any] | None:
    """A body of one of these kinds by field name; None where it does not fit, and then nobody can say whose it is."""
    found: dict[str, Any] | None = _READ[kind][0](raw)
    return found


def matters_of(held: Iterable[Said]) -> list[Matter]:
    """The matters that the records held in one scope make, the oldest first. A pure function of the set of records;
    calls and answers whose beginning is not held (erased, or missing) make one too: a name may stand in them."""
    every = sorted(held, key=lambda each: (each.at_ms, each.position))
    complained = {each.position: each.said["complaint_no"] for each in every if each.kind == kinds.COMPLAINT}
    found: dict[Any, list[Said]] = {}
    for each in every:
        found.setdefault(_belongs(each, complained), []).append(each)
    made = []
    for records in found.values():
        begun = next((each for each in records if each.kind in WHAT), None)
        made.append(Matter(*(_named(begun) if begun else _left(records)), tuple(records)))
    return made


def _named(begun: Said) -> tuple[str, str]:
    """What a matter is, and its number, by the record that began it."""
    number = begun.position.mark.hex() if begun.kind == kinds.KIN else begun.said[_READ[begun.kind][1]]
    return WHAT[begun.kind], number


def _left(records: list[Said]) -> tuple[str, str]:
    """The same of parts whose beginning is not held; an answer says more of what it was than a call."""
    telling = min(records, key=lambda each: each.kind == kinds.CALL_BACK)
    named = telling.said[_READ[telling.kind][1]]
    number = Position(*named).mark.hex() if telling.kind == kinds.COMPLAINT_ANSWER else named
    return _LEFT[telling.kind], number


def _belongs(each: Said, complained: dict[Position, str]) -> Any:
    named = each.said[_READ[each.kind][1]]
    if each.kind == kinds.COMPLAINT_ANSWER:
        return complained.get(Position(*named), Position(*named))
    return (each.said["staff_no"], plain_number(named)) if each.kind == kinds.KIN else named
