"""Erasure orders: the events whose bodies may never be here, and taking away those that are."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.streams import ERASED
from village_node.store.tables.streams import ERASURES, EVENTS

_KEYS: Final = "SELECT incarnation, scope, seq, mark FROM erasures WHERE (incarnation, scope) IN (KEYS)"
_HELD: Final = (
    "SELECT events.stream, events.seq, events.hash, events.case_id, events.body_state FROM events"  # noqa: S608
    " JOIN streams ON streams.id = events.stream"
    f" WHERE streams.incarnation = ? AND streams.scope = ? AND events.seq = ? AND events.body_state <> {ERASED}"
)
_ORDERS: Final = (
    "SELECT incarnation, scope, header FROM events JOIN streams ON streams.id = events.stream"
    " WHERE events.kind > 63 AND events.kind = 68 ORDER BY incarnation, scope, events.seq"
)
_OF_CASE: Final = (
    "SELECT count(*) FROM events JOIN streams ON streams.id = events.stream"  # noqa: S608
    f" WHERE events.case_id = ? AND streams.scope = ? AND events.body_state = {ERASED}"
)


class ErasureRow(NamedTuple):
    """One row of ``erasures``, in the order of its columns: an event named, and by which order of whom."""

    incarnation: bytes
    scope: str
    seq: int
    mark: bytes
    ordered_by: bytes
    ordered_seq: int


class HeldRow(NamedTuple):
    """An event that an order names, as it is held, with its body or without."""

    stream: int
    seq: int
    hash: bytes
    case_id: bytes | None
    body_state: int


def are_there(connection: Connection) -> bool:
    """Whether anything was ever ordered: as a rule nothing was."""
    return bool(rows.ask(connection, "SELECT 1 FROM erasures LIMIT 1"))


def of_streams(connection: Connection, keys: Iterable[StreamKey]) -> set[tuple[bytes, str, int, bytes]]:
    """(incarnation, scope, seq, mark) of what is ordered of these streams."""
    return {(row[0], row[1], row[2], row[3]) for row in rows.ask_among(connection, _KEYS, keys)}


def held(connection: Connection, incarnation: bytes, scope: str, seq: int, mark: bytes) -> list[HeldRow]:
    """The event with this mark at a position, on whatever branch, unless its body is erased already."""
    found = map(HeldRow._make, rows.ask(connection, _HELD, (incarnation, scope, seq)))
    return [row for row in found if row.hash.startswith(mark)]


def orders(connection: Connection) -> list[tuple[bytes, str, bytes]]:
    """(incarnation, scope, header) of every order held, whether it stands or not."""
    return [(row[0], row[1], row[2]) for row in rows.ask(connection, _ORDERS)]


def keep(connection: Connection, new: Sequence[ErasureRow]) -> None:
    """Keep what was ordered; what is ordered twice stays as it was ordered first."""
    rows.put(connection, ERASURES, new, keep=True)


def erase(connection: Connection, gone: Sequence[HeldRow], cases: Iterable[CaseKey]) -> None:
    """Take bodies and salts away, and the applicant's name from the rows of their cases."""
    rows.change(connection, EVENTS, ("salt", "body", "body_state"), [(None, None, ERASED, *row[:3]) for row in gone])
    for key in sorted(cases):
        rows.do(connection, "UPDATE cases SET applicant_name = NULL WHERE scope = ? AND case_id = ?", key)


def of_case(connection: Connection, key: CaseKey) -> int:
    """How many bodies of a case are erased."""
    return int(rows.ask(connection, _OF_CASE, (key[1], key[0]))[0][0])
