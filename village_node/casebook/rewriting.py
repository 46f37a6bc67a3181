"""Events of an ended life of this node that never left it, written again by the present one: same cases, same numbers.

They get new positions in another stream. Whatever among them names another one of them (what it follows, what it relies
on, what its body speaks of) names it by its new position. A case keeps its id, but for one: where a lost life wrote on
at the same positions, a case that it opened there has the very id of ours, which then gets that of its new position.
"""

from collections import ChainMap
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final, NamedTuple

from sync_protocol.case import accounts, bodies, complaints, kinds, registers
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import ProtocolError
from sync_protocol.event import (
    Dep,
    Event,
    Header,
    Position,
    chain,
    commitment,
    encode_header,
    item_hash,
    load_header,
    mark,
)
from sync_protocol.places import about, below
from sync_protocol.stream import opened_case_id
from sync_protocol.suites import sha256
from village_node.casebook.growth import Growth
from village_node.store.locks import CaseKey
from village_node.store.streams import EventRow

Content = tuple[int, bytes | None, int, int, str, bytes | None, bytes | None]


class Taken(NamedTuple):
    """An event that was taken off the end of a stream of ours. ``replaced``: another one has come to its position."""

    incarnation: bytes
    scope: str
    event: EventRow
    replaced: bool = False


def content_of(header: Header) -> Content:
    """What an event says, wherever it stands: the body by its salted commitment."""
    return header.kind, header.case_id, header.hlc, header.claimed, header.actor, header.inline, header.commitment


def cases_of(taken: Iterable[Taken]) -> set[CaseKey]:
    """The cases that these events were part of."""
    return {(each.scope, each.event.case_id) for each in taken if each.event.case_id is not None}


_PLACES: Final = ("position", "positions", "heads")
_TABLES: Final = (bodies.TABLES, registers.TABLES, complaints.TABLES, accounts.TABLES)
_HEADS: Final = accounts.STATE.number("heads")
# The field of a body that names an event in another scope than its own.
_ELSEWHERE: Final = {kinds.SPOT_CHECK: 3, kinds.COMPLAINT: 2}


Place = tuple[str, bytes, int]  # (scope, incarnation, seq)
Moved = MutableMapping[Place, Position]  # of what was moved -> where it stands now


class Earlier(NamedTuple):
    """What was moved before, and is still named by ended lives whose own events have not been settled: where it stands
    now, and the life that moved it. What that life and those after it name there is what came in its place."""

    position: Position
    by: bytes


def named_elsewhere(event: EventRow, place: str) -> list[tuple[str, Position]]:
    """(scope, position) of what the body of an event of ``place`` names in another scope than that of its case, which
    no header says: the sample that a check belongs to, the key that a complaint is sealed to, how far the streams of a
    place reached when an account was disabled."""
    if (event.kind not in _ELSEWHERE and event.kind != kinds.ACCOUNT_STATE) or event.body is None:
        return []
    content = _content(event.kind, event.body)
    if content is None:
        return []
    if event.kind == kinds.ACCOUNT_STATE:
        return [(scope, Position(life, seq, b"")) for life, scope, seq in content.get(_HEADS, ())]
    number = _ELSEWHERE[event.kind]
    if number not in content:
        return []
    return [(_scope_of(event.kind, number, content, "", place), Position(*content[number]))]


def write_again(
    growth: Growth,
    taken: Iterable[Taken],
    copies: Mapping[Content, Position],
    moved: Moved,
    earlier: Mapping[bytes, Mapping[Place, Position]],
    place: str,
) -> None:
    """Append these events of `place`, in this order, to a stream of the present life in the same scope.

    `moved`: what was moved in other scopes already, on which these may rely; what is moved here is added to it.
    `earlier`: ended life -> what was moved, in other transactions, since it wrote.
    `copies`: what other lives have written of these cases, that others hold. A life that was lost may have written an
    event again already; then that is the event, and it is not written once more.
    """
    scope = growth.row.scope
    cases: dict[bytes | None, bytes] = {}
    for each in taken:
        header = load_header(each.event.header)
        head = growth.head
        salt, body = each.event.salt, each.event.body
        known = ChainMap(moved, dict(earlier.get(each.incarnation, {})))
        header = header._replace(
            seq=head.seq + 1,
            after=_moved(known, scope, header.after) if header.after is not None else None,
            deps=tuple(_moved_dep(known, dep) for dep in header.deps),
        )
        header, body = _with_moved_body(known, scope, header, salt, body, place)
        copy = copies.get(content_of(header))
        if copy is not None:
            moved[scope, each.incarnation, each.event.seq] = copy
            continue
        if each.replaced and header.kind == kinds.CREATE:
            committed = header.commitment or sha256(header.inline or b"")
            cases[header.case_id] = opened_case_id(growth.row.stream_id, head.seq + 1, committed)
        header = header._replace(case_id=cases.get(header.case_id, header.case_id))
        raw = encode_header(header)
        event = Event(header, raw, chain(head.hash, item_hash(raw)), salt, body)
        growth.events.append(event)
        moved[scope, each.incarnation, each.event.seq] = Position(growth.row.incarnation, header.seq, mark(event.hash))


def _moved(moved: Moved, scope: str, position: Position) -> Position:
    return moved.get((scope, position.incarnation, position.seq), position)


def _moved_dep(moved: Moved, dep: Dep) -> Dep:
    there = moved.get((dep.scope, dep.incarnation, dep.seq))
    return Dep(there.incarnation, dep.scope, there.seq) if there is not None else dep


def _with_moved_body(
    moved: Moved, scope: str, header: Header, salt: bytes | None, body: bytes | None, place: str
) -> tuple[Header, bytes | None]:
    """Header and body with every position in the body where its event stands now."""
    raw = header.inline if header.inline is not None else body
    table = next((each[header.kind] for each in _TABLES if header.kind in each), None)
    fields = [field for field in table.fields if field.type in _PLACES] if table is not None else []
    if not fields or raw is None:
        return header, body
    content = _content(header.kind, raw)
    if content is None:
        return header, body  # it means nothing to anybody, here or there
    for field in fields:
        if field.number in content:
            there = _scope_of(header.kind, field.number, content, scope, place)
            content[field.number] = _moved_field(moved, there, field.type, content[field.number])
    raw = encode(content)
    if header.inline is not None:
        return header._replace(inline=raw), body
    if bodies.KEPT_KEY in header.ext and header.kind in bodies.KEPT:
        header = header._replace(ext={**header.ext, bodies.KEPT_KEY: bodies.kept_of(header.kind, content)})
    return header._replace(commitment=commitment(salt or b"", raw)), raw


def _scope_of(kind: int, number: int, content: Mapping[int, Any], scope: str, place: str) -> str:
    """The scope of what a field names: that of the event, but a sample stands in its place's own, a key in what its
    place says to all below it."""
    if _ELSEWHERE.get(kind) != number:
        return scope
    return below(content[1]) if kind == kinds.COMPLAINT else about(place)


def _content(kind: int, raw: bytes) -> dict[int, Any] | None:
    """A body by field number; None where it does not fit its table."""
    try:
        content = decode(raw)
    except ProtocolError:
        return None
    return content if isinstance(content, dict) and _check(kind, content) is None else None


def _check(kind: int, content: Any) -> str | None:
    if kind in accounts.TABLES:
        return accounts.check(kind, content)
    if kind in complaints.TABLES:
        return complaints.check(kind, content)
    return registers.check(kind, content) if kind in registers.TABLES else bodies.check(kind, content)


def _moved_field(moved: Moved, scope: str, of_type: str, value: Any) -> Any:
    if of_type == "heads":  # each names its own scope
        ends = [_moved_dep(moved, Dep(life, where, seq)) for life, where, seq in value]
        return [list(end) for end in dict.fromkeys(ends)]
    if of_type == "position":
        return _moved_value(moved, scope, value)
    return [_moved_value(moved, scope, one) for one in value]


def _moved_value(moved: Moved, scope: str, value: Any) -> list[Any]:
    return list(_moved(moved, scope, Position(*value)))
