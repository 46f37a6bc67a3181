"""Receipts held, ours and others': the highest of each signer and stream, and when each position was first covered."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from village_node.store import rows
from village_node.store.tables import EVENTS, RECEIPT_TIMES, RECEIPTS, STREAMS


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
    covered = (
        select(RECEIPTS.c.stream, func.max(RECEIPTS.c.seq).label("seq"))
        .where(RECEIPTS.c.signer.in_(signers))
        .group_by(RECEIPTS.c.stream)
        .subquery()
    )
    query = (
        select(STREAMS.c.scope, EVENTS.c.case_id, func.count())
        .join_from(STREAMS, covered, covered.c.stream == STREAMS.c.id, isouter=True)
        .join(EVENTS, (EVENTS.c.stream == STREAMS.c.id) & (EVENTS.c.seq > func.coalesce(covered.c.seq, 0)))
        .where(STREAMS.c.own, STREAMS.c.head_seq > func.coalesce(covered.c.seq, 0))
        .group_by(STREAMS.c.scope, EVENTS.c.case_id)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]
