"""Proven forks, and what lies behind a split."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.locks import StreamKey
from village_node.store.tables.streams import FORKS

ALARM: Final = 1  # in `streams.alarm`: the stream has a proven fork


class ForkRow(NamedTuple):
    """One row of ``forks``, in the order of its columns."""

    incarnation: bytes
    scope: str
    split: int
    lower: bytes
    upper: bytes
    found_ms: int
    proof: bytes

    @property
    def key(self) -> StreamKey:
        """The stream it is about."""
        return self.incarnation, self.scope


_FORK: Final = ", ".join(column.name for column in FORKS.columns)
_SETTLE: Final = "DELETE FROM doubts WHERE stream IN (SELECT id FROM streams WHERE incarnation = ? AND scope = ?)"
_ALL: Final = f"SELECT {_FORK} FROM forks ORDER BY incarnation, scope, split, lower, upper"  # noqa: S608


def read(connection: Connection) -> list[ForkRow]:
    """Every proven fork; as a rule there is none."""
    return [ForkRow._make(row) for row in rows.ask(connection, _ALL)]


def add(connection: Connection, new: Iterable[ForkRow]) -> None:
    """Keep proofs, and mark their streams; nothing of these is in doubt any more, since every branch stays."""
    listed = list(new)
    rows.put(connection, FORKS, listed, keep=True)
    for key in sorted({row.key for row in listed}):
        rows.do(connection, "UPDATE streams SET alarm = ? WHERE incarnation = ? AND scope = ?", (ALARM, *key))
        rows.do(connection, _SETTLE, key)


def cases_from(connection: Connection, stream: int, seq: int) -> dict[bytes, int]:
    """Case -> how many of its events stand at or after this position of one row."""
    words = (
        "SELECT case_id, count(*) FROM events WHERE stream = ? AND seq >= ? AND case_id IS NOT NULL GROUP BY case_id"
    )
    return {row[0]: int(row[1]) for row in rows.ask(connection, words, (stream, seq))}


def rulings(connection: Connection, scope: str, kind: int) -> list[tuple[bytes, int, bytes, bytes]]:
    """(incarnation, seq, hash, header) of the events of this kind in a scope that are about no case."""
    words = (
        "SELECT incarnation, seq, hash, header FROM streams JOIN events ON events.stream = streams.id"
        " WHERE scope = ? AND kind > 63 AND kind = ?"
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows.ask(connection, words, (scope, kind))]
