"""Receipts held, ours and others': the highest of each signer and stream, and when each position was first covered."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, select

from village_node.store import rows
from village_node.store.locks import CaseKey
from village_node.store.tables.cases import CASES
from village_node.store.tables.streams import EVENTS, RECEIPT_TIMES, RECEIPTS, STREAMS

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


def of_last_steps(connection: Connection, keys: Collection[CaseKey]) -> list[tuple[CaseKey, bytes, int]]:
    """(case, signer, time) of everybody who has signed for the last step of these cases, with the time from which they
    did: one question for a whole page of a list. Of two branches of a stream only the one that the step is on counts.
    """
    first = (
        select(RECEIPT_TIMES.c.time)
        .where(
            RECEIPT_TIMES.c.stream == RECEIPTS.c.stream,
            RECEIPT_TIMES.c.signer == RECEIPTS.c.signer,
            RECEIPT_TIMES.c.seq >= CASES.c.last_seq,
        )
        .order_by(RECEIPT_TIMES.c.seq)
        .limit(1)
        .scalar_subquery()
    )
    author = and_(STREAMS.c.incarnation == CASES.c.last_incarnation, STREAMS.c.scope == CASES.c.scope)
    query = (
        select(CASES.c.scope, CASES.c.case_id, CASES.c.last_mark, EVENTS.c.hash, RECEIPTS.c.signer, first)
        .join(STREAMS, author)
        .join(EVENTS, and_(EVENTS.c.stream == STREAMS.c.id, EVENTS.c.seq == CASES.c.last_seq))
        .join(RECEIPTS, and_(RECEIPTS.c.stream == STREAMS.c.id, RECEIPTS.c.seq >= CASES.c.last_seq))
        .where(rows.among((CASES.c.scope, CASES.c.case_id), list(keys)))
    )
    found = connection.execute(query) if keys else ()
    return [
        ((scope, case_id), signer, time)
        for scope, case_id, mark, chain_hash, signer, time in found
        if chain_hash.startswith(mark)
    ]
