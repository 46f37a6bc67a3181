"""The bundles that a courier took away from here or brought, and what was said in them."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.tables.peers import BUNDLES

OUT: Final = "out"
IN: Final = "in"
_KEPT: Final = 500  # of each direction; a courier who walks daily is remembered for more than a year
_COLUMNS: Final = ", ".join(column.name for column in BUNDLES.columns)


class BundleRow(NamedTuple):
    """One row of ``bundles``, in the order of its columns. ``place``: of the recipient of one that went out, of the
    sender of one that came. ``events``: that are in it, of one that came those that were new. ``whole``: nothing of it
    was missing, damaged, parked or refused. ``said``: see casebook/carrying.py. ``more``: of one that went out, not all
    that was owed fitted into it. ``files``: of papers of which something is in it, of
    one that came those whole since."""

    bundle_id: bytes
    direction: str
    place: str
    incarnation: bytes
    number: int
    time_ms: int
    at_ms: int
    events: int
    parts: int
    whole: int
    said: bytes
    more: int = 0
    files: int = 0


def keep(connection: Connection, row: BundleRow) -> None:
    """Remember a bundle, or what has become of it by now; the oldest make way."""
    rows.put(connection, BUNDLES, [row])
    words = (
        "DELETE FROM bundles WHERE direction = ? AND at_ms < (SELECT min(at_ms) FROM (SELECT at_ms FROM bundles"
        " WHERE direction = ? ORDER BY at_ms DESC LIMIT ?) AS newest)"
    )
    rows.do(connection, words, (row.direction, row.direction, _KEPT))


def find(connection: Connection, bundle_id: bytes, direction: str) -> BundleRow | None:
    """One bundle."""
    words = f"SELECT {_COLUMNS} FROM bundles WHERE bundle_id = ? AND direction = ?"  # noqa: S608
    found = rows.ask(connection, words, (bundle_id, direction))
    return BundleRow._make(found[0]) if found else None


def read(connection: Connection, direction: str, most: int = _KEPT) -> list[BundleRow]:
    """Those of one direction, the newest first."""
    words = f"SELECT {_COLUMNS} FROM bundles WHERE direction = ? ORDER BY at_ms DESC, number DESC LIMIT ?"  # noqa: S608
    return [BundleRow._make(row) for row in rows.ask(connection, words, (direction, most))]


def cases_between(connection: Connection, spans: Iterable[tuple[int, int, int]]) -> int:
    """How many cases have events in these (stream, after, upto)."""
    words = "SELECT DISTINCT case_id FROM events WHERE stream = ? AND seq > ? AND seq <= ? AND case_id IS NOT NULL"
    return len({(span[0], row[0]) for span in spans for row in rows.ask(connection, words, span)})
