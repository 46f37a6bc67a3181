"""What an event says: whether its kind is known here, whether its body is here, and the body decoded and checked."""

from functools import lru_cache
from typing import Any, Final

from sync_protocol import encoding, errors
from sync_protocol.case import bodies, kinds
from sync_protocol.case.events import CaseEvent, Position

Body = dict[int, Any]


def read_body(event: CaseEvent) -> Body | str | None:
    """Decode and check a body that is here: the body (not to be changed), or ``malformed: <field>``. Of one that was
    deleted what its header says of it; None where it says nothing.

    Ask only when the body is not missing and the kind is understood.
    """
    raw = event.body
    if raw is None:
        kept: Body | None = event.kept if bodies.is_kept(event.kind, event.kept) else None
        return kept
    body = _read_short(event.kind, raw) if event.kind in _INLINE else _read(event.kind, raw)
    if event.kind == kinds.DELIVERED and type(body) is dict:
        early = bodies.too_late_a_choice(event.kind, event.kind_version, body)
        if early is not None:
            return f"malformed: {early}"
    if event.kept is None or event.kind not in bodies.KEPT or type(body) is str:
        return body
    sound = bodies.is_kept(event.kind, event.kept) and event.kept == bodies.kept_of(event.kind, body)  # type: ignore[arg-type]
    return body if sound else "malformed: kept"


def _read(kind: int, raw: bytes) -> Body | str:
    try:
        body = encoding.decode(raw)
    except errors.ProtocolError:
        return "malformed: body"
    wrong = bodies.CHECKERS[kind](body)
    if wrong is not None:
        return f"malformed: {wrong}"
    checked: Body = body
    return checked


# Bodies held inline are short and few different ones make up most events: half the cost of a fold is saved. Bodies held
# apart are personal data and must be gone when they are erased, so they are never kept here.
_INLINE: Final = frozenset(kind.number for kind in kinds.TABLE if kind.holding == "inline")
_read_short = lru_cache(maxsize=1_024)(_read)


def is_missing(event: CaseEvent) -> bool:
    """Tell whether the body has yet to come; what was deleted by right counts as known by its kind alone."""
    if event.body is not None:
        return False
    return event.body_state not in ("purged", "erased") or kinds.BY_NUMBER[event.kind].holding == "inline"


def is_unknown(event: CaseEvent) -> bool:
    """Tell whether this reader cannot know what the event means."""
    return event.critical_ext or not kinds.understood(event.kind, event.kind_version)


def positions_in(body: Body) -> list[Position]:
    """List the events that a take, an adoption or a dismissal names."""
    return [Position(*entry) for entry in body[0]]


def adopts(event: CaseEvent) -> list[Position]:
    """List the events that an adoption names, as far as it can be read here."""
    body = None if is_unknown(event) else read_body(event)
    return positions_in(body) if isinstance(body, dict) else []
