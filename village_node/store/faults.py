"""What counts against a place besides cards, written by the fold alone: a bad rating that stands, a late answer."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.locks import CaseKey
from village_node.store.tables.cases import FAULTS

BAD_RATING: Final = 1
LATE_ANSWER: Final = 2


class FaultRow(NamedTuple):
    """One row of ``faults``, in the order of its columns. ``day``: from when it counts, days since 1970. Of a bad
    rating the last day to put it right, and, as 0 or 1, whether it was, and the applicant called back, in time."""

    scope: str
    case_id: bytes
    number: int
    rule: int
    day: int
    place: str
    due_day: int | None = None
    mended: int | None = None
    called: int | None = None


def put(connection: Connection, keys: Iterable[CaseKey], found: Iterable[FaultRow]) -> None:
    """Replace what is known of these cases by these rows."""
    for key in sorted(keys):
        rows.do(connection, "DELETE FROM faults WHERE scope = ? AND case_id = ?", key)
    rows.put(connection, FAULTS, sorted(found))


def forget(connection: Connection, key: CaseKey) -> None:
    """Drop what is known of a case of which no event is left."""
    put(connection, [key], ())
