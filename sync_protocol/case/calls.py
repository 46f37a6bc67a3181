"""Calling back about a consultation or a slip: who is told later what came of it, and what such a call says.

A call about a case is a side event of it. One about a record beside the cases is a record itself, of the same kind and
with the same table, that names the number.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sync_protocol import encoding
from sync_protocol.case import bodies, kinds
from sync_protocol.case.authority import MOST_CALLS
from sync_protocol.case.beside import Record, age, by_name, decoded
from sync_protocol.case.consultations import Consultation
from sync_protocol.case.legal_bodies import CALL_BACK
from sync_protocol.case.slips import Slip


class Callee(NamedTuple):
    """Somebody who left a contact and was answered later: by the number on their paper, who handled it, since when the
    answer stands, and the calls made."""

    number: str
    what: str
    handlers: frozenset[str]
    answered_ms: int
    calls: tuple[Record, ...]

    @property
    def waits(self) -> bool:
        """Whether somebody is still to be called."""
        reached = any(call.said["reached"] for call in self.calls)
        return not reached and len(self.calls) < MOST_CALLS


def read(raw: bytes) -> dict[str, Any] | None:
    """A body by field name; None where it does not fit its table or names no number, and then it says nothing."""
    body = decoded(raw)
    if body is None or 3 not in body or bodies.check(kinds.CALL_BACK, body) is not None:
        return None
    return by_name(CALL_BACK, body)


def to_bytes(said: Mapping[str, Any]) -> bytes:
    """The body of a record. Raises ValueError with the name of the first field that does not fit."""
    body = {field.number: said[field.name] for field in CALL_BACK.fields if said.get(field.name) not in (None, "")}
    wrong = bodies.check(kinds.CALL_BACK, body)
    if wrong is not None:
        raise ValueError(wrong)
    return encoding.encode(body)


def callees_of(
    place: str, asked: Iterable[Consultation], brought: Iterable[Slip], calls: Iterable[Record]
) -> list[Callee]:
    """Whom a place is to call about its own consultations and slips, and whom it has called, the longest answered
    first. A pure function of the sets of records."""
    made: dict[str, list[Record]] = {}
    for record in sorted(calls, key=age):
        if record.place == place and record.scope == f"about:{place}":
            made.setdefault(record.said["number"], []).append(record)
    found = []
    for each in asked:
        told = each.outcome == "answered" and each.last is not each.first
        if told and (each.last.said.get("contact") or each.first.said.get("contact")):
            who, number = frozenset({each.first.actor, each.last.actor}), each.number
            found.append(Callee(number, "consultation", who, each.last.claimed_ms, tuple(made.get(number, ()))))
    for slip in brought:
        if slip.answer is not None and slip.record.place == place and slip.record.said.get("contact"):
            who, number = frozenset({slip.record.actor}), slip.number
            found.append(Callee(number, "slip", who, slip.answer.claimed_ms, tuple(made.get(number, ()))))
    return sorted(found, key=lambda each: (each.answered_ms, each.number))
