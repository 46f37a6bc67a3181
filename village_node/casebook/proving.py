"""The proof that the root place holds an application: its event, the chain up to a position, and the root's receipt."""

from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from sync_protocol import receipt
from sync_protocol.case import kinds
from sync_protocol.event import item_hash
from sync_protocol.roster import Roster
from village_node.casebook.office import Office
from village_node.store import Connection, receipts, streams
from village_node.store.cases import VERDICT_NUMBERS, CaseRow
from village_node.store.streams import CaseEventRow, StreamRow


def proof(office: Office, connection: Connection, roster: Roster, case: CaseRow) -> dict[str, Any] | None:
    """What a third party needs to check that the root holds this application; None while there is no receipt.

    Byte strings in base64; ``item_hashes`` are those of its stream, from 1 to the position of the receipt. Of a forked
    stream they are those of one branch: one that the application lies on, and that the root has signed for.
    """
    opened = next(filter(_counts, _applications(connection, case)), None)
    if opened is None:
        return None
    root = [node.incarnation for node in roster.nodes_of(roster.places.root)]
    key = (opened.incarnation, opened.scope)
    lines = [*streams.by_keys(connection, [key]).values(), *streams.sides(connection, [key])]
    for line in lines:
        for held in receipts.get(connection, [(line.id, signer) for signer in root]):
            signer = roster.node(held.signer)
            if signer is None or held.seq < opened.event.seq:
                continue
            raw = _headers(connection, line, held.seq)
            if raw[opened.event.seq - 1] != opened.event.header:
                continue  # the other branch: another event stands there
            return {
                "network_id": _base64(office.network_id),
                "county_key": _base64(signer.public),
                "stream": _base64(receipt.from_bytes(held.receipt).stream_id),
                "seq": opened.event.seq,
                "event": _base64(opened.event.header),
                "item_hashes": [_base64(item_hash(header)) for header in raw],
                "receipt": _base64(held.receipt),
            }
    return None


def _applications(connection: Connection, case: CaseRow) -> Iterable[CaseEventRow]:
    """The events that open a case: as many as branches of a fork did."""
    rows = streams.of_cases(connection, [case.case_id])
    return (row for row in rows if row.scope == case.scope and row.event.kind == kinds.CREATE)


def _counts(opened: CaseEventRow) -> bool:
    """Whether this is the application that counts."""
    return opened.event.verdict == VERDICT_NUMBERS["effective"]


def _headers(connection: Connection, line: StreamRow, upto: int) -> list[bytes]:
    """The header bytes of a branch from 1 on: where it goes on from another, that one's before it parts."""
    parts: list[list[bytes]] = []
    while line.trunk is not None:
        parts.append(streams.headers(connection, line.id, line.since, upto))
        line, upto = streams.by_id(connection, line.trunk), line.since - 1
    parts.append(streams.headers(connection, line.id, 1, upto))
    return [header for part in reversed(parts) for header in part]


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")
