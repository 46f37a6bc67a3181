"""Receipts held, ours and others': the highest of each signer and stream, and when each position was first covered."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from village_node.store import rows
from village_node.store.tables import RECEIPT_TIMES, RECEIPTS

_UNCOVERED: Final = (
    "SELECT streams.scope, events.case_id, count(*) FROM streams LEFT JOIN"
    " (SELECT stream, max(seq) AS seq FROM receipts WHERE signer IN (KEYS) GROUP BY stream) AS covered"
    " ON covered.stream = streams.id"
    " JOIN events ON events.stream = streams.id AND events.seq > coalesce(covered.seq, 0)"
    " WHERE streams.own AND streams.head_seq > coalesce(covered.seq, 0) GROUP BY streams.scope, events.case_id"
)


class ReceiptRow(NamedTuple):
    """One row of ``receipts``, in the order of its columns; ``receipt`` is the stand-alone form."""

    stream: int
    signer: bytes
    seq: int
    time: int
    receipt: bytes


def of_streams(connection: Connection, streams: Iterable[int]) -> list[tuple[int, bytes, int]]:
    """(stream, signer, highest seq) for these streams."""
    words = "SELECT stream, signer, seq FROM receipts WHERE stream IN (KEYS)"
    return [(row[0], row[1], row[2]) for row in rows.ask_among(connection, words, streams)]


def get(connection: Connection, keys: Iterable[tuple[int, bytes]]) -> list[ReceiptRow]:
    """The receipts of these (stream, signer)."""
    words = "SELECT stream, signer, seq, time, receipt FROM receipts WHERE (stream, signer) IN (KEYS)"
    return [ReceiptRow._make(row) for row in rows.ask_among(connection, words, keys)]


def keep(connection: Connection, new: Sequence[ReceiptRow]) -> None:
    """Store receipts that are higher than those held (the caller compared under the streams' lock)."""
    rows.put(connection, RECEIPTS, new)
    rows.put(connection, RECEIPT_TIMES, [row[:4] for row in new], keep=True)


def times_of(connection: Connection, streams: Iterable[int]) -> list[tuple[int, bytes, int, int]]:
    """(stream, signer, seq, time), ascending by seq: since when a signer held each position."""
    query = select(RECEIPT_TIMES).where(RECEIPT_TIMES.c.stream.in_(sorted(set(streams)))).order_by(RECEIPT_TIMES.c.seq)
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def uncovered(connection: Connection, signers: Sequence[bytes]) -> list[tuple[str, bytes | None, int]]:
    """(scope, case id, events) of our own events that none of these signers has given a receipt for."""
    words = _UNCOVERED.replace("KEYS", ", ".join(["?"] * len(signers)) or "NULL")
    return [(row[0], row[1], row[2]) for row in rows.ask(connection, words, signers)]
