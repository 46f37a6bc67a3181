"""Streams and their events: heads, chains, seals, bodies."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from village_node.store import rows
from village_node.store.locks import StreamKey
from village_node.store.tables import EVENTS, SEALS, STREAMS

HERE: Final = 0
MISSING: Final = 1
PURGED: Final = 2
ERASED: Final = 3


class StreamRow(NamedTuple):
    """One row of ``streams``, in the order of its columns."""

    id: int
    incarnation: bytes
    scope: str
    suite: int
    stream_id: bytes
    head_seq: int
    head_hash: bytes
    body_seq: int
    body_hash: bytes
    hlc: int
    own: bool
    alarm: int

    @property
    def key(self) -> StreamKey:
        """What names it in the protocol."""
        return self.incarnation, self.scope


class EventRow(NamedTuple):
    """One row of ``events``, in the order of its columns."""

    stream: int
    seq: int
    hash: bytes
    kind: int
    kind_version: int
    case_id: bytes | None
    stage: bool
    header: bytes
    salt: bytes | None
    body: bytes | None
    body_state: int
    arrived_ms: int
    verdict: int
    verdict_note: str


class CaseEventRow(NamedTuple):
    """An event of a case with who wrote it."""

    scope: str
    incarnation: bytes
    event: EventRow


def by_keys(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, StreamRow]:
    """The streams of these (incarnation, scope) that exist."""
    found: dict[StreamKey, StreamRow] = {}
    for some in rows.chunks(sorted(set(keys)), 400):
        query = select(STREAMS).where(rows.among((STREAMS.c.incarnation, STREAMS.c.scope), some))
        found.update((row[1:3], StreamRow._make(row)) for row in map(tuple, connection.execute(query)))
    return found


def in_scopes(connection: Connection, scopes: Iterable[str] | None = None) -> list[StreamRow]:
    """Every stream of these scopes; of all scopes where none are named."""
    if scopes is None:
        return [StreamRow._make(row) for row in connection.execute(select(STREAMS))]
    found: list[StreamRow] = []
    for some in rows.chunks(sorted(set(scopes))):
        query = select(STREAMS).where(STREAMS.c.scope.in_(some))
        found.extend(StreamRow._make(row) for row in connection.execute(query))
    return found


def add(connection: Connection, new: Sequence[rows.Row]) -> None:
    """Make empty streams from rows without their id; one that is there already stays as it is."""
    if not new:
        return
    names = [column.name for column in STREAMS.columns][1:]
    sign = "?" if connection.dialect.name == "sqlite" else "%s"
    signs = ", ".join(sign for _ in names)
    # The names are our own columns'.
    words = f"INSERT INTO streams ({', '.join(names)}) VALUES ({signs}) ON CONFLICT DO NOTHING"  # noqa: S608
    connection.exec_driver_sql(words, sorted(new, key=lambda row: (row[1], row[0])))


def move(connection: Connection, moved: Sequence[StreamRow]) -> None:
    """Store new heads and contiguous positions."""
    names = ("head_seq", "head_hash", "body_seq", "body_hash", "hlc", "alarm")
    rows.change(connection, STREAMS, names, [(*row[5:10], row.alarm, row.id) for row in moved])


def add_events(connection: Connection, new: Sequence[EventRow]) -> None:
    """Append events; their positions must be free."""
    rows.insert(connection, EVENTS, new)


def add_seals(connection: Connection, seals: Sequence[tuple[int, int, bytes]]) -> None:
    """Keep (stream, seq, signature)."""
    rows.put(connection, SEALS, seals, keep=True)


def seals_between(connection: Connection, stream: int, after: int, upto: int) -> dict[int, bytes]:
    """seq -> signature of the seals in (after, upto]."""
    query = select(SEALS.c.seq, SEALS.c.signature).where(
        SEALS.c.stream == stream, SEALS.c.seq > after, SEALS.c.seq <= upto
    )
    return dict(connection.execute(query).all())


def hashes(connection: Connection, stream: int, first: int, last: int) -> dict[int, bytes]:
    """seq -> chain hash of what is held in [first, last]."""
    query = select(EVENTS.c.seq, EVENTS.c.hash).where(EVENTS.c.stream == stream, EVENTS.c.seq.between(first, last))
    return dict(connection.execute(query).all())


def headers(connection: Connection, stream: int, first: int, last: int) -> list[bytes]:
    """The header bytes of [first, last], in order."""
    query = (
        select(EVENTS.c.header)
        .where(EVENTS.c.stream == stream, EVENTS.c.seq.between(first, last))
        .order_by(EVENTS.c.seq)
    )
    return list(connection.scalars(query))


def events_between(connection: Connection, stream: int, after: int, upto: int, most: int) -> list[EventRow]:
    """Events in (after, upto], in order, at most so many."""
    query = (
        select(EVENTS)
        .where(EVENTS.c.stream == stream, EVENTS.c.seq > after, EVENTS.c.seq <= upto)
        .order_by(EVENTS.c.seq)
        .limit(most)
    )
    return [EventRow._make(row) for row in connection.execute(query)]


def event_at(connection: Connection, stream: int, seq: int) -> EventRow | None:
    """One event."""
    row = connection.execute(select(EVENTS).where(EVENTS.c.stream == stream, EVENTS.c.seq == seq)).first()
    return EventRow._make(row) if row else None


def of_cases(connection: Connection, case_ids: Iterable[bytes]) -> list[CaseEventRow]:
    """Every event that names one of these case ids, in any scope: the caller keeps those of its scopes."""
    found: list[CaseEventRow] = []
    for some in rows.chunks(sorted(set(case_ids))):
        query = (
            select(STREAMS.c.scope, STREAMS.c.incarnation, EVENTS)
            .join_from(EVENTS, STREAMS, STREAMS.c.id == EVENTS.c.stream)
            .where(EVENTS.c.case_id.in_(some))
        )
        found.extend(
            CaseEventRow(row[0], row[1], EventRow._make(row[2:])) for row in map(tuple, connection.execute(query))
        )
    return found


def set_verdicts(connection: Connection, changed: Sequence[tuple[int, str, int, int, bytes]]) -> None:
    """Store (verdict, note) for (stream, seq, hash)."""
    rows.change(connection, EVENTS, ("verdict", "verdict_note"), changed)


def first_missing(connection: Connection, streams: Iterable[int]) -> dict[int, int]:
    """For each of these streams with a missing body: the lowest position that misses one."""
    found: dict[int, int] = {}
    for some in rows.chunks(sorted(set(streams))):
        query = (
            select(EVENTS.c.stream, func.min(EVENTS.c.seq))
            .where(EVENTS.c.body_state == MISSING, EVENTS.c.stream.in_(some))
            .group_by(EVENTS.c.stream)
        )
        found.update((stream, seq) for stream, seq in connection.execute(query))
    return found


def missing_bodies(connection: Connection, scopes: Iterable[str], most: int) -> list[tuple[bytes, str, int]]:
    """(incarnation, scope, seq) of bodies that never came, in these scopes, oldest first in each stream."""
    found: list[tuple[bytes, str, int]] = []
    for some in rows.chunks(sorted(set(scopes))):
        query = (
            select(STREAMS.c.incarnation, STREAMS.c.scope, EVENTS.c.seq)
            .join_from(EVENTS, STREAMS, STREAMS.c.id == EVENTS.c.stream)
            .where(EVENTS.c.body_state == MISSING, STREAMS.c.scope.in_(some))
            .order_by(EVENTS.c.stream, EVENTS.c.seq)
            .limit(most - len(found))
        )
        found.extend((row[0], row[1], row[2]) for row in connection.execute(query))
        if len(found) >= most:
            break
    return found


def fill_bodies(connection: Connection, bodies: Sequence[tuple[bytes, bytes, int, int, bytes]]) -> None:
    """Store (salt, body) for (stream, seq, hash): the body is here from now on."""
    filled = [(salt, body, HERE, stream, seq, chain_hash) for salt, body, stream, seq, chain_hash in bodies]
    rows.change(connection, EVENTS, ("salt", "body", "body_state"), filled)


def verdict_counts(connection: Connection) -> dict[int, dict[int, int]]:
    """stream -> verdict -> how many events, for verdicts that are not effective."""
    query = (
        select(EVENTS.c.stream, EVENTS.c.verdict, func.count())
        .where(EVENTS.c.verdict > 1)
        .group_by(EVENTS.c.stream, EVENTS.c.verdict)
    )
    counts: dict[int, dict[int, int]] = {}
    for stream, verdict, count in connection.execute(query):
        counts.setdefault(stream, {})[verdict] = count
    return counts
