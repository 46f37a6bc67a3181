"""Streams and their events: heads, chains, seals, bodies."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from village_node.store import rows
from village_node.store.errors import Overtaken
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.tables.streams import EVENTS, SEALS, STREAMS

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
    since: int = 0
    branch: bytes = b""
    trunk: int | None = None

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


class Mark(NamedTuple):
    """Which event it is, where it stands, and whether its body is here."""

    scope: str
    incarnation: bytes
    stream: int
    seq: int
    hash: bytes
    body_state: int


_STREAM: Final = ", ".join(column.name for column in STREAMS.columns)
_EVENT: Final = ", ".join(column.name for column in EVENTS.columns)
_JOINED: Final = "events JOIN streams ON streams.id = events.stream"
# Put together from the names of our own tables, once.
_BY_KEYS: Final = f"SELECT {_STREAM} FROM streams WHERE since = 0 AND (incarnation, scope) IN (KEYS)"  # noqa: S608
_SIDES: Final = f"SELECT {_STREAM} FROM streams WHERE since > 0 AND (incarnation, scope) IN (KEYS)"  # noqa: S608
_ALL: Final = f"SELECT {_STREAM} FROM streams"  # noqa: S608
_IN_SCOPES: Final = f"SELECT {_STREAM} FROM streams WHERE scope IN (KEYS)"  # noqa: S608
_OF_INCARNATIONS: Final = f"SELECT {_STREAM} FROM streams WHERE incarnation IN (KEYS)"  # noqa: S608
_ADD: Final = (
    f"INSERT INTO streams ({_STREAM.removeprefix('id, ')})"  # noqa: S608
    f" VALUES ({', '.join(['?'] * (len(STREAMS.columns) - 1))}) ON CONFLICT DO NOTHING"
)
_PUBLISHED: Final = (
    "SELECT incarnation, seq, hash, header, body FROM streams JOIN events ON events.stream = streams.id"
    " WHERE scope = ? AND kind > 63 AND kind = ?"
)
_MOVE: Final = (
    "UPDATE streams SET head_seq = ?, head_hash = ?, body_seq = ?, body_hash = ?, hlc = ?"
    " WHERE id = ? AND head_seq = ? AND head_hash = ? AND body_seq = ?"
)
_OF_CASES: Final = f"SELECT scope, incarnation, {_EVENT} FROM {_JOINED} WHERE case_id IN (KEYS)"  # noqa: S608
_BESIDE: Final = f"SELECT scope, incarnation, {_EVENT} FROM {_JOINED} WHERE scope = ? AND kind > 63 AND kind = ?"  # noqa: S608
_OF_NO_CASE: Final = (
    f"SELECT scope, incarnation, {_EVENT} FROM {_JOINED} WHERE case_id IS NULL AND kind %s AND kind = ?"  # noqa: S608
)
_BELOW_64: Final = "< 64"
_FROM_64: Final = "> 63"
_MARKS_OF_NO_CASE: Final = (
    f"SELECT scope, incarnation, stream, seq, hash, body_state FROM {_JOINED}"  # noqa: S608
    " WHERE case_id IS NULL AND kind < 64 AND kind = ?"
)
# Streams take turns, so that one with many missing bodies does not keep the others from being asked for.
_MISSING: Final = (
    "SELECT incarnation, scope, seq FROM"
    " (SELECT stream, seq, row_number() OVER (PARTITION BY stream ORDER BY seq) AS turn FROM events"
    " WHERE body_state = 1) AS missing"
    " JOIN streams ON streams.id = missing.stream"
    " WHERE turn <= ? ORDER BY turn, stream"
)
_MISSING_BY_STREAM: Final = (
    "SELECT streams.incarnation, missing.events, missing.since_ms FROM"
    " (SELECT stream, count(*) AS events, min(arrived_ms) AS since_ms FROM events WHERE body_state = 1 GROUP BY stream)"
    " AS missing JOIN streams ON streams.id = missing.stream"
)
# The keys come last, so the grouping must come before them.
_FIRST_MISSING: Final = (
    "SELECT stream, seq FROM (SELECT stream, min(seq) AS seq FROM events WHERE body_state = 1 GROUP BY stream) AS first"
    " WHERE stream IN (KEYS)"
)


def _stream(row: rows.Row) -> StreamRow:
    return StreamRow._make((*row[:10], bool(row[10]), *row[11:]))


def published(connection: Connection, scope: str, kind: int) -> list[tuple[bytes, int, bytes, bytes, bytes | None]]:
    """(incarnation, seq, hash, header, body) of the events of this kind in a scope that are about no case."""
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows.ask(connection, _PUBLISHED, (scope, kind))]


def by_keys(connection: Connection, keys: Iterable[StreamKey]) -> dict[StreamKey, StreamRow]:
    """The streams of these (incarnation, scope) that exist; of a forked one the branch that came first."""
    return {row.key: row for row in map(_stream, rows.ask_among(connection, _BY_KEYS, keys))}


def sides(connection: Connection, keys: Iterable[StreamKey]) -> list[StreamRow]:
    """The other branches of these streams, in the order they came."""
    return sorted(map(_stream, rows.ask_among(connection, _SIDES, keys)))


def by_id(connection: Connection, number: int) -> StreamRow:
    """One row."""
    return _stream(rows.ask(connection, f"{_ALL} WHERE id = ?", (number,))[0])


def in_scopes(connection: Connection, scopes: Iterable[str] | None = None) -> list[StreamRow]:
    """Every stream of these scopes, each branch by itself; of all scopes where none are named."""
    if scopes is None:
        return list(map(_stream, rows.ask(connection, _ALL)))
    return list(map(_stream, rows.ask_among(connection, _IN_SCOPES, scopes)))


def of_incarnations(connection: Connection, incarnations: Iterable[bytes]) -> list[StreamRow]:
    """Every stream that these have written, each branch by itself."""
    return list(map(_stream, rows.ask_among(connection, _OF_INCARNATIONS, incarnations)))


def add(connection: Connection, new: Sequence[rows.Row]) -> None:
    """Make empty streams from rows without their id; one that is there already stays as it is."""
    for row in sorted(new, key=lambda one: (one[1], one[0])):
        rows.do(connection, _ADD, row)


def move(connection: Connection, moved: Sequence[tuple[StreamRow, StreamRow]]) -> None:
    """Store new heads and contiguous positions: (as the stream was, as it is now).

    Raises Overtaken where a stream is no longer as it was: its lock was not held, and what was appended is no
    continuation.
    """
    for before, now in moved:
        if not rows.do(connection, _MOVE, (*now[5:10], now.id, before.head_seq, before.head_hash, before.body_seq)):
            raise Overtaken(f"{now.scope}: the stream has grown meanwhile")


def add_events(connection: Connection, new: Sequence[rows.Row]) -> None:
    """Append events, in the order of the columns; their positions must be free."""
    rows.insert(connection, EVENTS, new)


def add_seals(connection: Connection, seals: Sequence[tuple[int, int, bytes]]) -> None:
    """Keep (stream, seq, signature)."""
    rows.put(connection, SEALS, seals, keep=True)


def seals_between(connection: Connection, stream: int, after: int, upto: int) -> dict[int, bytes]:
    """seq -> signature of the seals in (after, upto]."""
    words = "SELECT seq, signature FROM seals WHERE stream = ? AND seq > ? AND seq <= ?"
    return dict(rows.ask(connection, words, (stream, after, upto)))


def hashes(connection: Connection, stream: int, first: int, last: int) -> dict[int, bytes]:
    """seq -> chain hash of what is held in [first, last]."""
    words = "SELECT seq, hash FROM events WHERE stream = ? AND seq BETWEEN ? AND ?"
    return dict(rows.ask(connection, words, (stream, first, last)))


def headers(connection: Connection, stream: int, first: int, last: int) -> list[bytes]:
    """The header bytes of [first, last], in order."""
    words = "SELECT header FROM events WHERE stream = ? AND seq BETWEEN ? AND ? ORDER BY seq"
    return [row[0] for row in rows.ask(connection, words, (stream, first, last))]


def events_between(connection: Connection, stream: int, after: int, upto: int, most: int) -> list[EventRow]:
    """Events in (after, upto], in order, at most so many."""
    words = f"SELECT {_EVENT} FROM events WHERE stream = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?"  # noqa: S608
    return [EventRow._make(row) for row in rows.ask(connection, words, (stream, after, upto, most))]


def event_at(connection: Connection, stream: int, seq: int) -> EventRow | None:
    """One event."""
    found = events_between(connection, stream, seq - 1, seq, 1)
    return found[0] if found else None


def event_marked(connection: Connection, row: StreamRow, seq: int, chain_mark: bytes) -> EventRow | None:
    """The event with this mark at a position, on whatever branch of the stream."""
    lines = [row.id, *(side.id for side in sides(connection, [row.key]))] if row.alarm else [row.id]
    found = (event_at(connection, line, seq) for line in lines)
    return next((one for one in found if one is not None and one.hash.startswith(chain_mark)), None)


def at_seq(
    connection: Connection, lowest: bytes, highest: bytes, seq: int
) -> list[tuple[str, bytes, bytes | None, bytes]]:
    """(scope, incarnation, case, hash) of the events at this seq of every stream of these incarnations."""
    words = f"SELECT scope, incarnation, case_id, hash FROM {_JOINED} WHERE incarnation BETWEEN ? AND ? AND seq = ?"  # noqa: S608
    return [(row[0], row[1], row[2], row[3]) for row in rows.ask(connection, words, (lowest, highest, seq))]


def of_cases(connection: Connection, case_ids: Iterable[bytes]) -> list[CaseEventRow]:
    """Every event that names one of these case ids, in any scope: the caller keeps those of its scopes."""
    return [
        CaseEventRow(row[0], row[1], EventRow._make(row[2:])) for row in rows.ask_among(connection, _OF_CASES, case_ids)
    ]


def bodies_of(
    connection: Connection, keys: Collection[CaseKey], wanted: Iterable[int]
) -> list[tuple[CaseKey, int, bytes]]:
    """(case, kind, body) of the events of these kinds of some cases, of those whose body is here."""
    kinds = ", ".join(str(int(kind)) for kind in sorted(wanted))
    words = f"SELECT scope, case_id, kind, body FROM {_JOINED} WHERE kind IN ({kinds}) AND body IS NOT NULL"  # noqa: S608
    found = rows.ask_among(connection, f"{words} AND case_id IN (KEYS)", [case_id for _, case_id in keys])
    asked = set(keys)
    return [((row[0], row[1]), row[2], row[3]) for row in found if (row[0], row[1]) in asked]


def headers_of(
    connection: Connection, keys: Collection[CaseKey], wanted: Iterable[int]
) -> list[tuple[CaseKey, bytes, bytes]]:
    """(case, incarnation, header) of the events of these kinds of some cases, whether their bodies are here or not."""
    kinds = ", ".join(str(int(kind)) for kind in sorted(wanted))
    words = f"SELECT scope, case_id, incarnation, header FROM {_JOINED} WHERE kind IN ({kinds})"  # noqa: S608
    found = rows.ask_among(connection, f"{words} AND case_id IN (KEYS)", [case_id for _, case_id in keys])
    asked = set(keys)
    return [((row[0], row[1]), row[2], row[3]) for row in found if (row[0], row[1]) in asked]


def of_no_case(connection: Connection, kind: int, scope: str = "") -> list[CaseEventRow]:
    """The events of this kind that are about no case, of one scope or of every one."""
    words = _OF_NO_CASE % (_BELOW_64 if kind < 64 else _FROM_64)  # as the indexes have it
    if scope:
        found = rows.ask(connection, f"{words} AND scope = ?", (kind, scope))
    else:
        found = rows.ask(connection, words, (kind,))
    return [CaseEventRow(row[0], row[1], EventRow._make(row[2:])) for row in found]


def of_kinds(connection: Connection, incarnations: Collection[bytes], wanted: Iterable[int]) -> list[CaseEventRow]:
    """The events of these kinds that these incarnations have written, in every scope."""
    among = " AND ".join((f"kind IN ({', '.join(str(int(kind)) for kind in sorted(wanted))})", "incarnation IN (KEYS)"))
    words = f"SELECT scope, incarnation, {_EVENT} FROM {_JOINED} WHERE {among}"  # noqa: S608 - numbers of ours
    return [
        CaseEventRow(row[0], row[1], EventRow._make(row[2:])) for row in rows.ask_among(connection, words, incarnations)
    ]


def marks_of_no_case(connection: Connection, kind: int) -> list[Mark]:
    """The events of this kind below 64 that are about no case, of every scope, without what they say."""
    return [Mark._make(row) for row in rows.ask(connection, _MARKS_OF_NO_CASE, (kind,))]


def beside_cases(connection: Connection, scope: str, kind: int) -> list[CaseEventRow]:
    """The events of this kind, from 64 up, in a scope: what stands there about no case."""
    found = rows.ask(connection, _BESIDE, (scope, kind))
    return [CaseEventRow(row[0], row[1], EventRow._make(row[2:])) for row in found]


def newest_of_kind(connection: Connection, ids: Iterable[int], kind: int, most: int) -> list[CaseEventRow]:
    """The last events of this kind, from 64 up, in each of these rows of streams: at most so many of each."""
    words = f"SELECT scope, incarnation, {_EVENT} FROM {_JOINED} WHERE stream = ? AND kind > 63 AND kind = ?"  # noqa: S608
    words += " ORDER BY seq DESC LIMIT ?"
    found = [row for number in ids for row in rows.ask(connection, words, (number, kind, most))]
    return [CaseEventRow(row[0], row[1], EventRow._make(row[2:])) for row in found]


def of_kind(connection: Connection, ids: Iterable[int], kind: int) -> list[CaseEventRow]:
    """The events of this kind, from 64 up, in these rows of streams."""
    words = f"SELECT scope, incarnation, {_EVENT} FROM {_JOINED} WHERE kind > 63 AND kind = {int(kind)}"  # noqa: S608
    found = rows.ask_among(connection, f"{words} AND stream IN (KEYS)", ids)
    return [CaseEventRow(row[0], row[1], EventRow._make(row[2:])) for row in found]


def set_verdicts(connection: Connection, changed: Sequence[tuple[int, str, int, int, bytes]]) -> None:
    """Store (verdict, note) for (stream, seq, hash)."""
    rows.change(connection, EVENTS, ("verdict", "verdict_note"), changed)


def first_missing(connection: Connection, streams: Iterable[int]) -> dict[int, int]:
    """For each of these streams with a missing body: the lowest position that misses one."""
    return dict(rows.ask_among(connection, _FIRST_MISSING, streams))


def missing_bodies(connection: Connection, most: int) -> list[tuple[bytes, str, int]]:
    """(incarnation, scope, seq) of bodies that never came: at most ``most`` of a stream, the oldest of each first."""
    return [(row[0], row[1], row[2]) for row in rows.ask(connection, _MISSING, (most,))]


def missing_by_stream(connection: Connection) -> list[tuple[bytes, int, int]]:
    """Of each stream with bodies that never came: who wrote it, how many, and when the header of the oldest arrived."""
    return [(bytes(row[0]), int(row[1]), int(row[2])) for row in rows.ask(connection, _MISSING_BY_STREAM)]


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
