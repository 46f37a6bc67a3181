"""Receipts as the casebook gives and keeps them.

Ours are signed inside the transaction that stores what they cover, for the contiguous position and not a step further,
and leave only after its commit.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sync_protocol import receipt
from sync_protocol.exchange import ReceiptLine, ReceiptOwed
from sync_protocol.places import UnknownPlace, about, follows, may_write
from sync_protocol.receipt import Receipt
from sync_protocol.roster import Roster
from village_node.casebook.office import Office
from village_node.identity import Identity
from village_node.store import Connection, parking, streams
from village_node.store import receipts as rows
from village_node.store.receipts import ReceiptRow
from village_node.store.streams import StreamRow


class Kept(NamedTuple):
    """A receipt that verified, and the stream it is for."""

    scope: str
    row: StreamRow
    receipt: Receipt


def sign(
    office: Office, connection: Connection, signer: Identity, moved: Iterable[StreamRow], now_ms: int
) -> list[ReceiptOwed]:
    """Sign for every stream of others whose contiguous position has moved, all under one signature, and store that."""
    me = signer.incarnation
    due = [row for row in moved if not row.own and row.body_seq > 0]
    held = {stream: seq for stream, by, seq in rows.of_streams(connection, [row.id for row in due]) if by == me}
    due = [row for row in due if row.body_seq > held.get(row.id, 0)]
    if not due:
        return []
    lines = [(row.stream_id, row.body_seq, row.body_hash) for row in due]
    signed = receipt.sign_all(signer.key, office.network_id, me, now_ms, lines)
    rows.keep(connection, [_row(row, one) for row, one in zip(due, signed, strict=True)])
    return [ReceiptOwed(row.incarnation, row.scope, me, row.body_seq) for row in due]


def given(connection: Connection, row: StreamRow, signer: bytes) -> int:
    """How far a signer has signed for a stream, as far as is known here."""
    return max((seq for _, by, seq in rows.of_streams(connection, [row.id]) if by == signer), default=0)


def whole(line: ReceiptLine, stream: bytes, chain_hash: bytes) -> Receipt:
    """The receipt that a line stands for, over what is held here."""
    return Receipt(
        stream, line.seq, chain_hash, line.signer, line.time, line.count, line.index, line.path, line.signature
    )


def keep_higher(connection: Connection, sound: Sequence[Kept]) -> list[Kept]:
    """Store those that are higher than what is held of their signer and stream; which they were."""
    held = {(stream, signer): seq for stream, signer, seq in rows.of_streams(connection, {one.row.id for one in sound})}
    highest: dict[tuple[int, bytes], Kept] = {}
    for one in sound:
        key = (one.row.id, one.receipt.signer)
        if one.receipt.seq > held.get(key, 0):
            held[key] = one.receipt.seq
            highest[key] = one
    rows.keep(connection, [_row(one.row, one.receipt) for one in highest.values()])
    for one in highest.values():
        # What the signer once parked or refused has reached it after all.
        parking.forget_answers(connection, one.receipt.signer, *one.row.key, one.receipt.seq)
    return list(highest.values())


def news_of(office: Office, roster: Roster, new: Iterable[Kept]) -> set[str]:
    """The scopes whose followers these receipts may concern: those on the way from signer to author. All who share the
    scope of the stream would be called for each of their neighbours' receipts, and find nothing."""
    scopes = set()
    for one in new:
        signer, author = roster.node(one.receipt.signer), office.author(roster, one.row.incarnation)
        assert signer is not None and author is not None, "a receipt verified with both"
        down = roster.places.covers(signer.place, author.place)
        scopes.add(about(author.place if down else signer.place))
    return scopes


def hash_at(connection: Connection, row: StreamRow, seq: int) -> bytes:
    """h(seq) of a stream held at least so far."""
    if seq == row.head_seq:
        return row.head_hash
    if seq == row.body_seq:
        return row.body_hash
    return streams.hashes(connection, row.id, seq, seq)[seq]


def _row(stream: StreamRow, one: Receipt) -> ReceiptRow:
    return ReceiptRow(stream.id, one.signer, one.seq, one.time, receipt.to_bytes(one))


def may_hold(roster: Roster, bringer: bytes, line: ReceiptLine) -> bool:
    """Whether a peer may have a receipt for this stream at all: one that makes up streams fills nobody's memory, and
    hides nothing of others'."""
    peer, author = roster.node(bringer), roster.node(line.incarnation)
    places = roster.places
    try:
        return (
            peer is not None
            and author is not None
            and follows(places, peer.place, line.scope)
            and may_write(places, author.place, line.scope)
        )
    except UnknownPlace:
        return False
