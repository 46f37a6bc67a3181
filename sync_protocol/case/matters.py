"""Matters beside the cases: what several records about no case are together, which an erasure order takes as one.

A consultation, a slip, a complaint, or a declaration of kin: each is what stands under one number (for kin: about the
same two persons) in one scope, with the calls made about it, whoever wrote it and whether it counts or not, since a
name is a name in a record that does not count as well. PROTOCOL.md, section 4.3.
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
# What is a matter by itself; the other kinds are parts of one.
WHAT: Final[dict[int, str]] = {
    kinds.CONSULTATION: "consultation",
    kinds.SLIP: "slip",
    kinds.COMPLAINT: "complaint",
    kinds.KIN: "kin",
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
    digits), and its records in the order in which they were claimed to be written."""

    what: str
    number: str
    records: tuple[Said, ...]

    @property
    def first(self) -> dict[str, Any]:
        """What the record says that began it."""
        return next(each.said for each in self.records if WHAT.get(each.kind) == self.what)


def read(kind: int, raw: bytes) -> dict[str, Any] | None:
    """A body of one of these kinds by field name; None where it does not fit, and then nobody can say whose it is."""
    found: dict[str, Any] | None = _READ[kind][0](raw)
    return found


def matters_of(held: Iterable[Said]) -> list[Matter]:
    """The matters that the records held in one scope make, the oldest first. A pure function of the set of records;
    calls and answers that belong to nothing held here make none."""
    every = sorted(held, key=lambda each: (each.at_ms, each.position))
    complained = {each.position: each.said["complaint_no"] for each in every if each.kind == kinds.COMPLAINT}
    found: dict[Any, list[Said]] = {}
    for each in every:
        found.setdefault(_belongs(each, complained), []).append(each)
    made = []
    for records in found.values():
        begun = next((each for each in records if each.kind in WHAT), None)
        if begun is not None:
            number = begun.position.mark.hex() if begun.kind == kinds.KIN else begun.said[_READ[begun.kind][1]]
            made.append(Matter(WHAT[begun.kind], number, tuple(records)))
    return made


def _belongs(each: Said, complained: dict[Position, str]) -> Any:
    named = each.said[_READ[each.kind][1]]
    if each.kind == kinds.COMPLAINT_ANSWER:
        return complained.get(Position(*named))
    return (each.said["staff_no"], plain_number(named)) if each.kind == kinds.KIN else named
