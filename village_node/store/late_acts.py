"""Acts that stand behind the position at which their account was disabled, for the places above it."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.streams import EventRow
from village_node.store.tables import EVENTS, LATE_ACTS

_EVENT = ", ".join(f"events.{column.name}" for column in EVENTS.columns)
_LISTED = (
    f"SELECT late_acts.place, late_acts.account, streams.scope, streams.incarnation, {_EVENT} FROM late_acts"  # noqa: S608
    " JOIN events ON events.stream = late_acts.stream AND events.seq = late_acts.seq AND events.hash = late_acts.hash"
    " JOIN streams ON streams.id = events.stream"
    " ORDER BY events.arrived_ms DESC, events.stream, events.seq DESC LIMIT ?"
)


class LateAct(NamedTuple):
    """One act: of which account of which place, in which stream, and the event itself."""

    place: str
    account: str
    scope: str
    incarnation: bytes
    event: EventRow


def add(connection: Connection, place: str, account: str, acts: Iterable[tuple[int, int, bytes]]) -> None:
    """Keep (stream, seq, hash) of acts of an account."""
    rows.put(connection, LATE_ACTS, [(place, account, *act) for act in acts], keep=True)


def forget(connection: Connection, place: str, account: str) -> None:
    """Forget those of an account, to look for them anew."""
    rows.do(connection, "DELETE FROM late_acts WHERE place = ? AND account = ?", (place, account))


def listed(connection: Connection, most: int) -> list[LateAct]:
    """Those held, at most so many, what came last first."""
    found = rows.ask(connection, _LISTED, (most,))
    return [LateAct(row[0], row[1], row[2], row[3], EventRow._make(row[4:])) for row in found]
