"""Acts that stand behind the position at which their account was disabled, for the places above it."""

import re
from collections.abc import Collection, Container, Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from sync_protocol.case.kinds import ACCOUNT_STATE
from sync_protocol.places import parse_scope
from village_node.store import rows
from village_node.store.streams import EventRow
from village_node.store.tables.accounts import LATE_ACTS
from village_node.store.tables.streams import EVENTS

_EVENT = ", ".join(f"events.{column.name}" for column in EVENTS.columns)
_HELD = (
    " FROM late_acts"
    " JOIN events ON events.stream = late_acts.stream AND events.seq = late_acts.seq AND events.hash = late_acts.hash"
    " JOIN streams ON streams.id = events.stream"
)


class Narrowed(NamedTuple):
    """Which acts are asked for: of which place, and what the number of the account has in it; empty: all."""

    place: str = ""
    account: str = ""


class LateAct(NamedTuple):
    """One act: of which account of which place, in which stream, and the event itself."""

    place: str
    account: str
    scope: str
    incarnation: bytes
    event: EventRow


class LateKey(NamedTuple):
    """Which act of which account of a place that is known."""

    account: str
    stream: int
    seq: int
    hash: bytes


class Queued(NamedTuple):
    """A place whose streams are to be looked through: up to where that is done, and how often it was asked for."""

    place: str
    stream: int
    seq: int
    turn: int


def add(connection: Connection, place: str, acts: Iterable[LateKey]) -> None:
    """Keep acts of accounts of a place."""
    rows.put(connection, LATE_ACTS, [(place, *act) for act in acts], keep=True)


def replace(
    connection: Connection, place: str, stream: int, between: tuple[int, int], acts: Collection[LateKey]
) -> bool:
    """Keep these acts instead of those in (after, upto] of a stream; whether that changed anything."""
    where = "WHERE place = ? AND stream = ? AND seq > ? AND seq <= ?"
    values = (place, stream, *between)
    held = rows.ask(connection, f"SELECT account, stream, seq, hash FROM late_acts {where}", values)  # noqa: S608
    if set(held) == set(acts):
        return False
    rows.do(connection, f"DELETE FROM late_acts {where}", values)  # noqa: S608
    add(connection, place, acts)
    return True


def forget_others(connection: Connection, place: str, kept: Container[int]) -> bool:
    """Forget those of a place that stand in other streams than these; whether there were any."""
    held = rows.ask(connection, "SELECT DISTINCT stream FROM late_acts WHERE place = ?", (place,))
    others = [stream for (stream,) in held if stream not in kept]
    for stream in others:
        rows.do(connection, "DELETE FROM late_acts WHERE place = ? AND stream = ?", (place, stream))
    return bool(others)


def places(connection: Connection) -> set[str]:
    """The places that have said something of accounts."""
    words = (
        "SELECT DISTINCT scope FROM events JOIN streams ON streams.id = events.stream"
        " WHERE case_id IS NULL AND kind > 63 AND kind = ?"
    )
    return {parse_scope(scope)[1] for (scope,) in rows.ask(connection, words, (ACCOUNT_STATE,))}


def queue(connection: Connection, places: Collection[str]) -> None:
    """Have these places looked through from the beginning."""
    words = (
        "INSERT INTO late_to_find (place, stream, seq, turn) VALUES (?, 0, 0, 1)"
        " ON CONFLICT (place) DO UPDATE SET stream = 0, seq = 0, turn = late_to_find.turn + 1"
    )
    for place in sorted(places):
        rows.do(connection, words, (place,))


def next_queued(connection: Connection) -> Queued | None:
    """One that is to be looked through."""
    found = rows.ask(connection, "SELECT place, stream, seq, turn FROM late_to_find ORDER BY place LIMIT 1")
    return Queued._make(found[0]) if found else None


def go_on(connection: Connection, queued: Queued) -> None:
    """So far it is done, unless it was asked for again meanwhile."""
    rows.do(
        connection,
        "UPDATE late_to_find SET stream = ?, seq = ? WHERE place = ? AND turn = ?",
        (queued.stream, queued.seq, queued.place, queued.turn),
    )


def done(connection: Connection, queued: Queued) -> None:
    """All of it is, unless it was asked for again meanwhile."""
    rows.do(connection, "DELETE FROM late_to_find WHERE place = ? AND turn = ?", (queued.place, queued.turn))


def listed(connection: Connection, narrowed: Narrowed, most: int, skip: int = 0) -> list[LateAct]:
    """Those held, at most so many behind the first ones, what came last first."""
    where, values = _where(narrowed)
    words = (
        f"SELECT late_acts.place, late_acts.account, streams.scope, streams.incarnation, {_EVENT}{_HELD}{where}"
        " ORDER BY events.arrived_ms DESC, events.stream, events.seq DESC, late_acts.account LIMIT ? OFFSET ?"
    )
    found = rows.ask(connection, words, (*values, most, skip))
    return [LateAct(row[0], row[1], row[2], row[3], EventRow._make(row[4:])) for row in found]


def counted(connection: Connection, narrowed: Narrowed) -> int:
    """How many are held."""
    where, values = _where(narrowed)
    found = rows.ask(connection, f"SELECT count(*){_HELD}{where}", values)
    return int(found[0][0])


def named(connection: Connection) -> list[str]:
    """The places of which any are held."""
    return [place for (place,) in rows.ask(connection, f"SELECT DISTINCT late_acts.place{_HELD} ORDER BY 1")]


def _where(narrowed: Narrowed) -> tuple[str, tuple[str, ...]]:
    asked, values = [], []
    if narrowed.place:
        asked.append("late_acts.place = ?")
        values.append(narrowed.place)
    if narrowed.account:
        asked.append("late_acts.account LIKE ? ESCAPE '!'")
        values.append("%" + re.sub(r"([!%_])", r"!\1", narrowed.account) + "%")
    return (" WHERE " + " AND ".join(asked) if asked else ""), tuple(values)
