"""Checkpoints as the store keeps them: the line of each stream, and since when its positions are vouched for."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.tables.streams import CHECKPOINT_LINES, CHECKPOINT_TIMES


class LineRow(NamedTuple):
    """One row of ``checkpoint_lines``, in the order of its columns; ``path``: siblings joined, None at the author."""

    stream_id: bytes
    incarnation: bytes
    scope: str
    seq: int
    hash: bytes
    author: bytes
    checkpoint: int
    line_index: int
    path: bytes | None
    highest: int


class StandingRow(NamedTuple):
    """A line beside what is held here: ``head`` is None where nothing is, ``same`` whether that very hash is held."""

    incarnation: bytes
    scope: str
    seq: int
    highest: int
    author: bytes
    checkpoint: int
    head: int | None
    same: int


_LINE: Final = ", ".join(column.name for column in CHECKPOINT_LINES.columns)
_IN_SCOPES: Final = f"SELECT {_LINE} FROM checkpoint_lines WHERE scope IN (KEYS)"  # noqa: S608
_BY_STREAM: Final = f"SELECT {_LINE} FROM checkpoint_lines WHERE stream_id IN (KEYS)"  # noqa: S608
# A forked stream has a row for each branch: the line agrees with what is held when one of them has its hash.
_OF_LINE: Final = "s.incarnation = l.incarnation AND s.scope = l.scope"
_STANDING: Final = (
    "SELECT l.incarnation, l.scope, l.seq, l.highest, l.author, l.checkpoint,"  # noqa: S608
    f" (SELECT max(s.head_seq) FROM streams s WHERE {_OF_LINE}),"
    f" (SELECT count(*) FROM streams s JOIN events e ON e.stream = s.id WHERE {_OF_LINE}"
    " AND e.seq = l.seq AND e.hash = l.hash) FROM checkpoint_lines l"
)


def in_scopes(connection: Connection, scopes: Iterable[str]) -> list[LineRow]:
    """The lines of the streams of these scopes."""
    return [LineRow._make(row) for row in rows.ask_among(connection, _IN_SCOPES, scopes)]


def of_streams(connection: Connection, stream_ids: Iterable[bytes]) -> dict[bytes, LineRow]:
    """stream id -> its line, for those that have one."""
    found = (LineRow._make(row) for row in rows.ask_among(connection, _BY_STREAM, stream_ids))
    return {row.stream_id: row for row in found}


def positions(connection: Connection, author: bytes, checkpoint: int) -> list[tuple[bytes, int, bytes]]:
    """(stream id, seq, hash) of every line of one checkpoint, in the order of its tree."""
    words = "SELECT stream_id, seq, hash FROM checkpoint_lines WHERE author = ? AND checkpoint = ? ORDER BY line_index"
    return [(row[0], row[1], row[2]) for row in rows.ask(connection, words, (author, checkpoint))]


def standing(connection: Connection) -> list[StandingRow]:
    """Every line beside what is held here of its stream."""
    return [StandingRow._make(row) for row in rows.ask(connection, _STANDING)]


def keep_lines(connection: Connection, lines: Sequence[LineRow]) -> None:
    """Put these lines in the place of older ones of the same streams."""
    rows.put(connection, CHECKPOINT_LINES, sorted(lines))


def keep_times(connection: Connection, times: Sequence[tuple[bytes, int, int]]) -> None:
    """Note (stream id, seq, time): that a checkpoint of this time was the first to vouch for a position."""
    rows.put(connection, CHECKPOINT_TIMES, sorted(times), keep=True)


def times_of(connection: Connection, stream_ids: Iterable[bytes]) -> list[tuple[bytes, int, int]]:
    """(stream id, seq, time) for these streams."""
    words = "SELECT stream_id, seq, time FROM checkpoint_times WHERE stream_id IN (KEYS)"
    return [(row[0], row[1], row[2]) for row in rows.ask_among(connection, words, stream_ids)]


def newest_headers(connection: Connection, stream: int, kind: int, most: int) -> list[bytes]:
    """The headers of the last events of a kind in a stream, the newest first."""
    words = "SELECT header FROM events WHERE stream = ? AND kind = ? ORDER BY seq DESC LIMIT ?"
    return [row[0] for row in rows.ask(connection, words, (stream, kind, most))]
