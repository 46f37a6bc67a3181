"""How the second fold reads an event, and what it keeps of a case along one path; CASE.md, sections 1 to 3 and 6."""

from dataclasses import dataclass
from typing import Any

from sync_protocol import encoding, errors
from sync_protocol.case import CaseEvent, Position, Verdict, bodies, kinds
from sync_protocol.case.catalogue import Item


@dataclass(frozen=True)
class Flow:
    item: Item | None
    state: str
    holder: str | None
    before: str = ""
    to: str | None = None
    purpose: str = ""
    docketed: bool = False
    reviewed: bool = False
    answered: frozenset[Any] = frozenset()
    adopted: frozenset[Any] = frozenset()
    extended: bool = False
    fee_settled: bool = False
    higher: str = ""
    open: tuple[tuple[Position, str, frozenset[str]], ...] = ()


def unknown(event: CaseEvent) -> bool:
    known = kinds.BY_NUMBER.get(event.kind)
    return event.critical_ext or known is None or not 1 <= event.kind_version <= known.version


def why_unknown(event: CaseEvent) -> str:
    return "critical_field" if event.critical_ext else "unknown_kind"


def named_in(event: CaseEvent) -> list[Position]:
    body = None if unknown(event) else read(event)
    return [Position(*entry) for entry in body[0]] if isinstance(body, dict) else []


def lacking(event: CaseEvent) -> Verdict | None:
    if event.deps_missing:
        return Verdict("waiting", "dep")
    return Verdict("waiting", "body", event.position) if event.body is None and not deleted(event) else None


def deleted(event: CaseEvent) -> bool:
    return event.body_state in ("purged", "erased") and kinds.BY_NUMBER[event.kind].holding == "apart"


def read(event: CaseEvent) -> dict[int, Any] | str | None:
    if event.body is None:
        return None
    try:
        body: dict[int, Any] = encoding.decode(event.body)
    except errors.ProtocolError:
        return "malformed: body"
    wrong = bodies.check(event.kind, body)
    return body if wrong is None else f"malformed: {wrong}"
