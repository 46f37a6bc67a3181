"""Streams of earlier lives of this node: how far others are known to hold them; how events are taken off their ends."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows, streams
from village_node.store.errors import Overtaken
from village_node.store.streams import EventRow, StreamRow


class Doubt(NamedTuple):
    """A stream of an earlier life: others hold it up to ``seq``, and what of its end they hold is not known yet."""

    row: StreamRow
    seq: int
    hash: bytes


_BEGIN: Final = (
    "INSERT INTO doubts (stream, seq)"
    " SELECT streams.id, coalesce(max(receipts.seq), 0) FROM streams LEFT JOIN receipts ON receipts.stream = streams.id"
    " WHERE streams.own AND streams.head_seq > 0 AND streams.alarm = 0"
    " AND streams.id NOT IN (SELECT stream FROM doubts) GROUP BY streams.id"
)
_ALL: Final = (
    "SELECT streams.incarnation, streams.scope, doubts.seq FROM doubts JOIN streams ON streams.id = doubts.stream"
)
_BACK: Final = (
    "UPDATE streams SET head_seq = ?, head_hash = ?, body_seq = ?, body_hash = ?"
    " WHERE id = ? AND head_seq = ? AND head_hash = ?"
)


def begin(connection: Connection) -> None:
    """Doubt every stream of our own from its highest receipt on: its author's life has ended. Not one with a proven
    fork: both branches are kept and told, so nothing of it is in doubt."""
    rows.do(connection, _BEGIN)


def held(connection: Connection) -> list[Doubt]:
    """Every doubted stream as it stands."""
    found = {(row[0], row[1]): row[2] for row in rows.ask(connection, _ALL)}
    by_key = streams.by_keys(connection, found) if found else {}
    return [Doubt(row, found[key], hash_at(connection, row, found[key])) for key, row in sorted(by_key.items())]


def settled(connection: Connection, every: Iterable[StreamRow], present: bytes) -> list[StreamRow]:
    """These streams as far as nothing in them may be written again elsewhere: a doubted one as far as others are known
    to hold it, and none of the ``present`` life beside a doubted one."""
    doubted = {doubt.row.id: doubt for doubt in held(connection)}
    unsettled = {doubt.row.scope for doubt in doubted.values()}
    return [
        row._replace(body_seq=doubted[row.id].seq, body_hash=doubted[row.id].hash) if row.id in doubted else row
        for row in every
        if not (row.incarnation == present and row.scope in unsettled)
    ]


def raise_to(connection: Connection, stream: int, seq: int) -> None:
    """Others are known to hold this stream up to here (never lowers what they were known to hold)."""
    rows.do(connection, "UPDATE doubts SET seq = ? WHERE stream = ? AND seq < ?", (seq, stream, seq))


def end(connection: Connection, stream: int) -> None:
    """Nothing is in doubt in this stream any more."""
    rows.do(connection, "DELETE FROM doubts WHERE stream = ?", (stream,))


def hash_at(connection: Connection, row: StreamRow, seq: int) -> bytes:
    """h(seq) of what is held of a stream."""
    if seq in (0, row.head_seq):
        return row.head_hash if seq else row.stream_id
    return streams.hashes(connection, row.id, seq, seq)[seq]


def cut_back(connection: Connection, row: StreamRow, keep: int) -> tuple[StreamRow, list[EventRow]]:
    """Take the events beyond ``keep`` off a stream; the stream as it stands then, and what was taken off, in order.

    Raises Overtaken where the stream is no longer as it was.
    """
    chain_hash = hash_at(connection, row, keep)
    body = (row.body_seq, row.body_hash) if row.body_seq <= keep else (keep, chain_hash)
    if not rows.do(connection, _BACK, (keep, chain_hash, *body, row.id, row.head_seq, row.head_hash)):
        raise Overtaken(f"{row.scope}: the stream has grown meanwhile")
    taken = streams.events_between(connection, row.id, keep, row.head_seq, row.head_seq - keep)
    rows.do(connection, "DELETE FROM seals WHERE stream = ? AND seq > ?", (row.id, keep))
    rows.do(connection, "DELETE FROM events WHERE stream = ? AND seq > ?", (row.id, keep))
    return row._replace(head_seq=keep, head_hash=chain_hash, body_seq=body[0], body_hash=body[1]), taken


def cases_beyond(connection: Connection, stream: int, seq: int) -> set[bytes]:
    """The ids of the cases that have an event in this stream beyond a position."""
    words = "SELECT DISTINCT case_id FROM events WHERE stream = ? AND seq > ? AND case_id IS NOT NULL"
    return {row[0] for row in rows.ask(connection, words, (stream, seq))}
