"""What hangs on the wall: the newest cases and the newest results, without a word about persons."""

from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows

_COLUMNS: Final = "case_no, item_no, item_version, state, filed_ms, settled_day"
_NEWEST: Final = (
    f"SELECT {_COLUMNS} FROM cases WHERE filed_ms >= ? AND case_no IS NOT NULL ORDER BY filed_ms DESC, case_no LIMIT ?"  # noqa: S608
)
_SETTLED: Final = (
    f"SELECT {_COLUMNS} FROM cases WHERE settled_day >= ? AND case_no IS NOT NULL"  # noqa: S608
    " ORDER BY settled_day DESC, filed_ms DESC LIMIT ?"
)


class Entry(NamedTuple):
    """One line of the board; ``filed_ms`` in ms since 1970, ``settled_day`` in days since 1970."""

    case_no: str
    item_no: str | None
    item_version: int | None
    state: str | None
    filed_ms: int | None
    settled_day: int | None


def newest(connection: Connection, since_ms: int, most: int) -> list[Entry]:
    """The cases filed last, at most so many."""
    return [Entry(*row) for row in rows.ask(connection, _NEWEST, (since_ms, most))]


def settled(connection: Connection, since_day: int, most: int) -> list[Entry]:
    """The cases settled last, at most so many."""
    return [Entry(*row) for row in rows.ask(connection, _SETTLED, (since_day, most))]
