"""The segment on the wire: consecutive events in columns, without anything the receiver can compute."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import Any, Final, TypeVar

from sync_protocol import limits
from sync_protocol.encoding import encode, load
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import (
    Dep,
    Event,
    Header,
    Position,
    check_actor,
    check_body,
    check_bytes,
    check_ext,
    check_inline,
    check_int,
    encode_header,
    mark,
)
from sync_protocol.stream import opened_case_id
from sync_protocol.suites import SIGNATURE_BYTES
from sync_protocol.wire.tables import CLOCK_BITS, Tables

_T = TypeVar("_T")

_FIELDS: Final = 17
_COUNTER: Final = (1 << CLOCK_BITS) - 1


@dataclass(frozen=True, slots=True)
class Segment:
    """1 to 64 consecutive events of one stream as they came, shape checked, not yet hashed: one column a field.

    Indices into the message's tables are resolved, so a segment can be kept and judged later. A number in `cases` or
    `afters` points that many places back in this segment; True in `cases` opens a case.
    """

    incarnation: bytes
    scope: str
    first_seq: int
    n: int
    kinds: list[int]
    versions: list[int]
    cases: list[bytes | int | None]
    afters: list[Position | int | None]
    deps: list[tuple[Dep, ...]]
    hlcs: list[int]
    claims: list[int]
    actors: list[str]
    inlines: list[bytes | None]
    exts: list[dict[int, Any]]
    salts: bytes
    bodies: list[bytes | None]
    commitments: list[bytes]
    signature: bytes

    @property
    def last_seq(self) -> int:
        """The position of the seal."""
        return self.first_seq + self.n - 1


def pack_segment(
    incarnation: bytes, scope: str, stream: bytes, events: Sequence[Event], signature: bytes, tables: Tables
) -> list[Any]:
    """The wire form of consecutive events of the stream (incarnation, scope) with this stream id.

    `signature` seals the last of them. What the columns name is entered into `tables`.
    """
    headers = [event.header for event in events]
    seqs, kinds, versions, case_ids, afters, deps, hlcs, claims, actors, inlines, _, exts = zip(*headers, strict=True)
    first = seqs[0]
    assert seqs == tuple(range(first, first + len(events))), "a segment has no gaps"
    apart = [event for event in events if event.header.inline is None]
    return [
        tables.stream(incarnation, scope),
        first,
        len(events),
        _column(kinds),
        _column(versions),
        _pack_cases(stream, events, case_ids),
        _pack_afters(incarnation, events, afters, tables),
        [[[tables.incarnation(dep[0]), tables.scope(dep[1]), dep[2]] for dep in row] for row in deps]
        if any(deps)
        else {0: []},
        [_first_label(hlcs[0], tables), *(later - earlier for earlier, later in pairwise(hlcs))],
        _column([claimed - (hlc >> CLOCK_BITS) for claimed, hlc in zip(claims, hlcs, strict=True)]),
        _column(actors),
        _column(inlines),
        list(exts) if any(exts) else {0: {}},
        b"".join([event.salt for event in apart if event.body is not None and event.salt is not None]),
        [event.body for event in apart],
        [event.header.commitment for event in apart if event.body is None],
        signature,
    ]


def _first_label(hlc: int, tables: Tables) -> Any:
    """Milliseconds from the clock that the message counts from; with the counter beside it, where that is not 0."""
    since, counter = (hlc >> CLOCK_BITS) - tables.counts_from, hlc & _COUNTER
    return [since, counter] if counter else since


def _column(values: Sequence[Any]) -> Any:
    """For values of which no two equal ones have different encodings (so not where True and 1 may meet)."""
    if len(values) > 1 and values.count(values[0]) == len(values):
        return {0: values[0]}
    return list(values)


def _pack_cases(stream: bytes, events: Sequence[Event], case_ids: Sequence[bytes | None]) -> Any:
    if not any(case_ids):
        return {0: None}
    column: list[Any] = []
    latest: dict[bytes | None, int] = {None: -1}
    for place, case_id in enumerate(case_ids):
        earlier = latest.get(case_id)
        if earlier is None:
            header = events[place].header
            committed = header.commitment or sha256(header.inline or b"").digest()
            column.append(True if case_id == opened_case_id(stream, header.seq, committed) else case_id)
        else:
            column.append(None if case_id is None else place - earlier)
        if case_id is not None:
            latest[case_id] = place
    return {0: True} if len(column) > 1 and all(value is True for value in column) else column


def _pack_afters(incarnation: bytes, events: Sequence[Event], afters: Sequence[Position | None], tables: Tables) -> Any:
    if not any(afters):
        return {0: None}
    first = events[0].header.seq
    column: list[Any] = []
    for place, after in enumerate(afters):
        if after is None:
            column.append(None)
            continue
        target = after.seq - first
        if after.incarnation == incarnation and 0 <= target < place and after.mark == mark(events[target].hash):
            column.append(place - target)
        else:
            column.append([tables.incarnation(after.incarnation), after.seq, after.mark])
    return column


def read_segment(value: Any, tables: Tables) -> Segment:
    """A segment from its decoded wire form: types, bounds and lengths checked, nothing hashed.

    Raises Malformed, TooLarge.
    """
    if type(value) is not list or len(value) != _FIELDS:
        raise Malformed(f"segment: must be an array of {_FIELDS}")
    incarnation, scope = tables.stream_at(value[0])
    first, n = value[1], value[2]
    check_int("segment first seq", first, 1, limits.INT_MAX)
    check_int("segment n", n, 1, limits.INT_MAX)
    if n > limits.SEGMENT_EVENTS:
        raise TooLarge(f"segment: {n} events, at most {limits.SEGMENT_EVENTS}")
    check_int("segment last seq", first + n - 1, 1, limits.INT_MAX)
    steps = _label_steps(_spread("hlcs", value[8], n), tables)
    hlcs = list(accumulate(_ints("hlcs", steps, n, limits.INT_MIN, limits.INT_MAX)))
    if min(hlcs) < 0 or max(hlcs) > limits.INT_MAX:
        raise Malformed("hlcs: an hlc below 0 or beyond 64 bits")
    offsets = _ints("claims", value[9], n, limits.INT_MIN, limits.INT_MAX)
    claims = [offset + (hlc >> CLOCK_BITS) for offset, hlc in zip(offsets, hlcs, strict=True)]
    if min(claims) < limits.CLAIMED_MIN or max(claims) > limits.INT_MAX:
        raise Malformed("claims: a claimed time beyond its bounds")
    inlines = _spread("inlines", value[11], n)
    for inline in inlines:
        if inline is not None:
            check_inline(inline)
    return Segment(
        incarnation,
        scope,
        first,
        n,
        _ints("kinds", value[3], n, 0, 0xFFFF),
        _ints("versions", value[4], n, 1, 0xFF),
        _read_cases(_spread("cases", value[5], n)),
        _read_afters(_spread("afters", value[6], n), tables),
        _each("deps", value[7], n, lambda deps: _read_deps(deps, tables)),
        hlcs,
        claims,
        _each("actors", value[10], n, _read_actor),
        inlines,
        _each("exts", value[12], n, _read_ext),
        *_read_bodies(inlines.count(None), value[13], value[14], value[15]),
        _read_signature(value[16]),
    )


def _label_steps(column: list[Any], tables: Tables) -> list[Any]:
    """The column of labels with the first one as it is."""
    since, counter = column[0] if type(column[0]) is list and len(column[0]) == 2 else (column[0], 0)
    if type(since) is not int or type(counter) is not int or not 0 <= counter <= _COUNTER:
        raise Malformed("hlcs: the first must be milliseconds, or [milliseconds, counter]")
    return [((tables.counts_from + since) << CLOCK_BITS) + counter, *column[1:]]


def _spread(field: str, column: Any, n: int) -> list[Any]:
    """A column's n values: as they are, or one n times."""
    if type(column) is list and len(column) == n:
        return column
    if type(column) is dict and column.keys() == {0}:
        return [column[0]] * n
    raise Malformed(f"{field}: must be an array of {n}, or {{0: value}}")


def _each(field: str, column: Any, n: int, read: Callable[[Any], _T]) -> list[_T]:
    if type(column) is dict:
        return [read(_spread(field, column, 1)[0])] * n
    return [read(value) for value in _spread(field, column, n)]


def _ints(field: str, column: Any, n: int, lowest: int, highest: int) -> list[int]:
    values = _spread(field, column, n)
    if set(map(type, values)) != {int} or min(values) < lowest or max(values) > highest:
        raise Malformed(f"{field}: must be integers from {lowest} to {highest}")
    return values


def _read_cases(column: list[Any]) -> list[bytes | int | None]:
    for place, value in enumerate(column):
        kind = type(value)
        if kind is int:
            if not 1 <= value <= place:
                raise Malformed("cases: a number must point to an earlier event of the segment")
        elif kind is bytes:
            check_bytes("cases", value, limits.CASE_ID)
        elif value is not None and value is not True:
            raise Malformed("cases: must be null, true, a number or 16 bytes")
    return column


def _read_afters(column: list[Any], tables: Tables) -> list[Position | int | None]:
    afters: list[Position | int | None] = []
    for place, value in enumerate(column):
        if type(value) is list:
            if len(value) != 3:
                raise Malformed("afters: must be null, a number or [incarnation index, seq, mark]")
            check_int("afters seq", value[1], 1, limits.INT_MAX)
            check_bytes("afters mark", value[2], limits.MARK)
            afters.append(Position(tables.incarnation_at(value[0]), value[1], value[2]))
        elif value is None or (type(value) is int and 1 <= value <= place):
            afters.append(value)
        else:
            raise Malformed("afters: a number must point to an earlier event of the segment")
    return afters


def _read_deps(value: Any, tables: Tables) -> tuple[Dep, ...]:
    if type(value) is not list:
        raise Malformed("deps: must be arrays")
    if len(value) > limits.DEPS:
        raise TooLarge(f"deps: {len(value)}, at most {limits.DEPS}")
    for dep in value:
        if type(dep) is not list or len(dep) != 3:
            raise Malformed("deps: each must be [incarnation index, scope index, seq]")
        check_int("deps seq", dep[2], 1, limits.INT_MAX)
    return tuple(Dep(tables.incarnation_at(dep[0]), tables.scope_at(dep[1]), dep[2]) for dep in value)


def _read_actor(value: Any) -> str:
    check_actor(value)
    return str(value)


def _read_ext(value: Any) -> dict[int, Any]:
    check_ext(value)
    ext: dict[int, Any] = value
    return ext


def _read_bodies(
    apart: int, salts: Any, bodies: Any, commitments: Any
) -> tuple[bytes, list[bytes | None], list[bytes]]:
    if type(bodies) is not list or len(bodies) != apart:
        raise Malformed(f"bodies: must be an array of {apart}, one for each event without inline")
    for body in bodies:
        if body is not None:
            check_body(body)
    missing = bodies.count(None)
    check_bytes("salts", salts, limits.SALT * (apart - missing))
    if type(commitments) is not list or len(commitments) != missing:
        raise Malformed(f"commitments: must be an array of {missing}, one for each body that is not here")
    for commits in commitments:
        check_bytes("commitments", commits, limits.HASH)
    return salts, bodies, commitments


def _read_signature(value: Any) -> bytes:
    check_bytes("segment signature", value, SIGNATURE_BYTES)
    return bytes(value)


def rebuild(segment: Segment, stream: bytes, previous: bytes) -> list[Event]:
    """The segment's events with the bytes that are hashed and the chain hashes, from h(first seq - 1) on.

    Raises TooLarge for a header or a segment beyond its bytes, Malformed for a header that has no encoding.
    """
    events: list[Event] = []
    case_ids: list[bytes | None] = []
    incarnation, salts = segment.incarnation, segment.salts
    bodies, commitments = iter(segment.bodies), iter(segment.commitments)
    salt_at, size, seq = 0, 0, segment.first_seq
    for kind, version, case_id, after, deps, hlc, claimed, actor, inline, ext in zip(
        segment.kinds,
        segment.versions,
        segment.cases,
        segment.afters,
        segment.deps,
        segment.hlcs,
        segment.claims,
        segment.actors,
        segment.inlines,
        segment.exts,
        strict=True,
    ):
        if type(after) is int:
            after = Position(incarnation, seq - after, events[-after].hash[:8])
        salt = body = commits = None
        if inline is None:
            body = next(bodies)
            if body is None:
                commits = next(commitments)
            else:
                salt = salts[salt_at : salt_at + 16]
                salt_at += 16
                commits = sha256(salt + body).digest()
                size += 16 + len(body)
        if case_id is True:
            case_id = opened_case_id(stream, seq, commits or sha256(inline or b"").digest())
        elif type(case_id) is int:
            case_id = case_ids[-case_id]
        case_ids.append(case_id)
        header = Header(seq, kind, version, case_id, after, deps, hlc, claimed, actor, inline, commits, ext)
        raw = encode_header(header)
        size += len(raw)
        previous = sha256(b"\x01" + previous + sha256(b"\x00" + raw).digest()).digest()
        events.append(Event(header, raw, previous, salt, body))
        seq += 1
    if size > limits.SEGMENT and segment.n > 1:
        raise TooLarge(f"segment: {size} bytes, at most {limits.SEGMENT}")
    return events


def keep(segment: Segment) -> bytes:
    """A segment that must wait, in a form of its own that needs no message's tables; for this node's staging only."""
    values = [getattr(segment, field.name) for field in fields(segment)]
    return encode([_plain(value) if type(value) is list else value for value in values])


def kept(raw: bytes) -> Segment:
    """The segment that `keep` put away; it was checked before."""
    values = load(raw)
    values[7] = [Position(*after) if type(after) is list else after for after in values[7]]
    values[8] = [tuple(Dep(*dep) for dep in row) for row in values[8]]
    return Segment(*values)


def _plain(column: list[Any]) -> list[Any]:
    return [[*map(_row, value)] if isinstance(value, tuple) else value for value in column]


def _row(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
