"""What an act names of the records beside the case: supplies, a request, countersignatures, a delivery.

Each must be here, of the right kind and readable. Nothing here looks at who is entitled or whether a record counts.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from sync_protocol.case import baton, kinds
from sync_protocol.case.content import Body, is_missing, is_unknown, read_body
from sync_protocol.case.events import CaseEvent, Position, Verdict
from sync_protocol.case.routes import CasePath

UNKNOWN: Final = Verdict("needs_update")
NAMING: Final = frozenset({
    kinds.TAKE, kinds.ANSWER, kinds.RESUME, kinds.COUNTERSIGN_CLOSE, kinds.REVIEW_DECISION, kinds.ARCHIVE,
    kinds.COMMITMENT_KEPT,
})  # fmt: skip
# Acts that name one record by its kind alone: the field, the kind, the reason where it is of another.
_ONE: Final = {
    kinds.ANSWER: (kinds.WITHDRAWAL_REQUEST, "request"),
    kinds.REVIEW_DECISION: (kinds.REVIEW_REQUEST, "request"),
    kinds.ARCHIVE: (kinds.DELIVERED, "delivery"),
}


class Held(Protocol):
    """The records that are held of a case, and the places it can be at."""

    stage: Mapping[Position, CaseEvent]
    sides: Mapping[Position, CaseEvent]
    case_path: CasePath


def check(kind: int, body: Body, flow: baton.Flow, held: Held) -> Verdict | None:
    """Judge what an act names: None if all is sound, UNKNOWN if one of it cannot be read here."""
    if kind in _ONE:
        return _check_one(Position(*body[0]), *_ONE[kind], held)
    if kind == kinds.COUNTERSIGN_CLOSE:
        return _check_signatures(body, flow, held)
    supplies = body[0] if kind == kinds.TAKE else body.get(2, ())
    found = _read_all(supplies, kinds.SUPPLY, "supplies", held)
    return found if isinstance(found, Verdict) else None


def _check_one(position: Position, wanted: int, reason: str, held: Held) -> Verdict | None:
    side = held.sides.get(position)
    if side is None and position not in held.stage:
        return Verdict("waiting", "named", position)
    return None if side is not None and side.kind == wanted else Verdict("void", reason)


def _read_all(entries: Any, wanted: int, reason: str, held: Held) -> list[Body | None] | Verdict:
    """Read the bodies of the side events named (None: deleted), or judge the first that is missing or wrong."""
    found: list[Body | None] = []
    known = True
    for entry in entries:
        position = Position(*entry)
        side = held.sides.get(position)
        if side is None and position not in held.stage:
            return Verdict("waiting", "named", position)
        if side is None or side.kind != wanted or side.place not in held.case_path.ranks:
            return Verdict("void", reason)
        if is_unknown(side):
            known = False
            continue
        if is_missing(side):
            return Verdict("waiting", "named", position)
        body = read_body(side)
        if isinstance(body, str):
            return Verdict("void", reason)
        found.append(body)
    return found if known else UNKNOWN


def _check_signatures(body: Body, flow: baton.Flow, held: Held) -> Verdict | None:
    found = _read_all(body[1], kinds.COUNTERSIGNATURE, "signatures", held)
    if isinstance(found, Verdict):
        return found
    here = [words for words in found if words is not None]
    if any(words[0] != body[0] for words in here):
        return Verdict("void", "signatures")
    entry = baton.entry_named(flow, body)
    members = set() if entry is None else set(entry.members)
    signed = {words[1] for words in here}
    if entry is not None and not signed <= members:
        return Verdict("void", "signatures")
    # Where the content of one was deleted, nobody can tell any more whose it was.
    whole = len(here) == len(found)
    return Verdict("void", "countersigned") if whole and 2 not in body and members - signed else None
