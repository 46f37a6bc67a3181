"""Closed cases whose bodies were dropped: which may be looked at, the dropping itself, and asking for them again."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.cases import FINISHED
from village_node.store.locks import CaseKey
from village_node.store.streams import PURGED
from village_node.store.tables.cases import CASE_PURGES
from village_node.store.tables.streams import EVENTS


class PurgeRow(NamedTuple):
    """One row of ``case_purges``, in the order of its columns; ``recalled_ms``: since when they are wanted back."""

    scope: str
    case_id: bytes
    purged_ms: int
    bodies: int
    recalled_ms: int | None = None


_PURGE: Final = ", ".join(column.name for column in CASE_PURGES.columns)
# A case that was looked through before is looked at again when something came after that, or its bodies were fetched.
_CLOSED: Final = (
    "SELECT cases.scope, cases.case_id FROM cases LEFT JOIN case_purges"  # noqa: S608
    " ON case_purges.scope = cases.scope AND case_purges.case_id = cases.case_id"
    f" WHERE state IN ({', '.join(repr(state) for state in FINISHED)})"
    " AND n_waiting = 0 AND n_needs_update = 0 AND n_open = 0 AND orders_day IS NULL AND action_day IS NULL"
    " AND appeal_day IS NULL"
    " AND NOT (state IN ('lapsed', 'refused') AND open_supplies + open_withdrawals > 0)"
    " AND NOT EXISTS (SELECT 1 FROM to_fold WHERE to_fold.scope = cases.scope AND to_fold.case_id = cases.case_id)"
    " AND (purged_ms IS NULL OR purged_ms <= updated_ms OR recalled_ms IS NOT NULL)"
    " ORDER BY cases.scope, cases.case_id"
)
_RECALLED: Final = (
    # CROSS: SQLite keeps the order of such a join. Asked with each exchange, it must not begin at the events.
    "SELECT streams.incarnation, streams.scope, events.seq FROM case_purges CROSS JOIN events"  # noqa: S608
    " JOIN streams ON streams.id = events.stream AND streams.scope = case_purges.scope"
    f" WHERE recalled_ms IS NOT NULL AND events.case_id = case_purges.case_id AND events.body_state = {PURGED}"
    " ORDER BY recalled_ms, streams.scope, streams.incarnation, events.seq LIMIT ?"
)
_COUNT: Final = (
    "SELECT count(*) FROM events JOIN streams ON streams.id = events.stream"  # noqa: S608
    f" WHERE events.case_id = ? AND streams.scope = ? AND events.body_state = {PURGED}"
)


def closed(connection: Connection) -> list[CaseKey]:
    """Closed cases that may still have bodies here, in lock order: all oddities answered, no order to put right open,
    no appeal against a rating, nothing left to do that a meeting agreed on, no papers or review that wait, and the row
    filled after an upgrade."""
    return [(row[0], row[1]) for row in rows.ask(connection, _CLOSED)]


def get(connection: Connection, key: CaseKey) -> PurgeRow | None:
    """What is noted of a case."""
    words = f"SELECT {_PURGE} FROM case_purges WHERE scope = ? AND case_id = ?"  # noqa: S608
    found = rows.ask(connection, words, key)
    return PurgeRow._make(found[0]) if found else None


def purged_bodies(connection: Connection, key: CaseKey) -> int:
    """How many bodies of a case were dropped here and have not come back."""
    return int(rows.ask(connection, _COUNT, (key[1], key[0]))[0][0])


def drop(connection: Connection, purge: PurgeRow, bodies: Sequence[tuple[int, int, bytes]]) -> None:
    """Drop bodies and salts of (stream, seq, hash), all of one case, and what only they say from its row: the
    applicant's name, and how often somebody came for it; note it."""
    gone = [(None, None, PURGED, *body) for body in bodies]
    rows.change(connection, EVENTS, ("salt", "body", "body_state"), gone)
    rows.do(
        connection,
        "UPDATE cases SET applicant_name = NULL, visits = NULL WHERE scope = ? AND case_id = ?",
        (purge.scope, purge.case_id),
    )
    rows.put(connection, CASE_PURGES, [purge])


def recall(connection: Connection, key: CaseKey, now_ms: int) -> bool:
    """Ask for the dropped bodies of a case again; whether that is new."""
    words = "UPDATE case_purges SET recalled_ms = ? WHERE scope = ? AND case_id = ? AND recalled_ms IS NULL"
    return bool(rows.do(connection, words, (now_ms, *key)))


def recalled_bodies(connection: Connection, most: int) -> list[tuple[bytes, str, int]]:
    """(incarnation, scope, seq) of dropped bodies that are wanted back, those of the first case asked for first."""
    return [(row[0], row[1], row[2]) for row in rows.ask(connection, _RECALLED, (most,))]
