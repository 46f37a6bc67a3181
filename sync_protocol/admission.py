"""The one gate that every received segment passes, whatever road it came by. It looks at bytes, never at meaning."""

from collections.abc import Callable
from typing import Final, NamedTuple

from sync_protocol.errors import (
    BadSeal,
    Fork,
    Gap,
    Malformed,
    ScopeNotAllowed,
    ScopeNotFollowed,
    TooLarge,
    UnknownIncarnation,
)
from sync_protocol.event import Event, Head
from sync_protocol.places import UnknownPlace, follows, may_write, parse_scope
from sync_protocol.roster import Roster
from sync_protocol.seal import check
from sync_protocol.stream import stream_id
from sync_protocol.wire import Segment, rebuild

_UNSAID: Final = "the roster here may not say yet that the one place goes on with what was the other's"


class Stored(NamedTuple):
    """All checks hold. `events` are new, `repeated` were held already: a body that was missing may have come with them.

    `seal` is the author's signature at `head`, which is the stream's new head.
    """

    events: list[Event]
    repeated: list[Event]
    seal: bytes
    head: Head


class Parked(NamedTuple):
    """What is missing may still come: keep the segment, and try again when the roster or the stream has grown."""

    code: int
    detail: str


class Refused(NamedTuple):
    """These bytes can never verify. Nothing enters the stream; the position may still come sound by another road."""

    code: int
    detail: str


def admit(
    segment: Segment,
    *,
    roster: Roster,
    my_place: str,
    head: Head | None,
    hash_at: Callable[[int], bytes | None],
) -> Stored | Parked | Refused:
    """Judge one segment by section 6.

    `head` is how far the stream is held here (None or seq 0: not at all); `hash_at(seq)` is the chain hash held at a
    position from 1 to that head, and is asked only where the segment begins or ends inside what is held.
    """
    scope = segment.scope
    try:
        if not follows(roster.places, my_place, scope):
            kind, code = parse_scope(scope)
            pairs = ((my_place, code), (code, my_place)) if kind == "below" else ((my_place, code),)
            if any(_may_inherit_yet(roster, *pair) for pair in pairs):
                return _parked(UnknownIncarnation, _UNSAID)
            return _refused(ScopeNotFollowed, f"{my_place} does not follow {scope}")
    except UnknownPlace as error:
        return _parked(UnknownIncarnation, f"the roster here does not know the place of {scope}: {error}")
    author = roster.node(segment.incarnation)
    if author is None:
        return _parked(UnknownIncarnation, f"the roster here does not know {segment.incarnation.hex()}")
    try:
        may = may_write(roster.places, author.place, scope)
        kind, code = ("", "") if may else parse_scope(scope)
        if kind == "about" and _may_inherit_yet(roster, author.place, code):
            return _parked(UnknownIncarnation, _UNSAID)
    except UnknownPlace as error:  # a ruling struck it, and what named its place never came here
        return _parked(UnknownIncarnation, f"the roster here does not know the place of the author: {error}")
    if not may:
        return _refused(ScopeNotAllowed, f"{author.place} may not write into {scope}")
    stream = stream_id(roster.network_id, segment.incarnation, scope, author.suite)
    if head is None or head.seq == 0:
        head = Head(0, stream)
    first, last = segment.first_seq, segment.last_seq
    if first > head.seq + 1:
        return _parked(Gap, f"{scope}: begins at {first}, held up to {head.seq}")
    try:
        events = rebuild(segment, stream, _held(first - 1, head, stream, hash_at))
    except (Malformed, TooLarge) as error:
        return _refused(type(error), str(error))
    try:
        check(author.suite, author.public, roster.network_id, stream, last, events[-1].hash, segment.signature)
    except BadSeal as error:
        return _refused(BadSeal, f"{scope} {error}")
    held = min(last, head.seq) - first + 1
    if held > 0 and events[held - 1].hash != _held(first + held - 1, head, stream, hash_at):
        return _refused(Fork, f"{scope}: another event is held at or before {first + held - 1}")
    new_head = Head(last, events[-1].hash) if last > head.seq else head
    return Stored(events[max(held, 0) :], events[: max(held, 0)], segment.signature, new_head)


def _may_inherit_yet(roster: Roster, heir: str, code: str) -> bool:
    """Whether it may be said in the roster, and is not known here, that a place succeeds another or one above that: in
    a change that this program does not understand, or behind a fork."""
    path = roster.places.path_up(code)
    if not any(part in roster.needs_update or part in roster.forks for part in path):
        return False
    return any(roster.places.may_succeed(heir, each) for each in path)


def _held(seq: int, head: Head, stream: bytes, hash_at: Callable[[int], bytes | None]) -> bytes:
    """h(seq) of what is held here."""
    if seq == head.seq:
        return head.hash
    held = stream if seq == 0 else hash_at(seq)
    if held is None:
        raise LookupError(f"hash_at({seq}) knows nothing, though the stream is held up to {head.seq}")
    return held


def _parked(error: type[UnknownIncarnation] | type[Gap], detail: str) -> Parked:
    return Parked(error.code, detail)


def _refused(
    error: type[ScopeNotFollowed | ScopeNotAllowed | BadSeal | Fork | Malformed | TooLarge], detail: str
) -> Refused:
    return Refused(error.code, detail)
