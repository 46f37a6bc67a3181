"""Who had business and who had none: what came to each node, item and window in a time, and what looks filed twice."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.cases import CaseRow
from village_node.store.tables.cases import CASES

# Grouped by a sum: by the column itself SQLite walks through the whole table in the order of its key.
_TAKEN_IN: Final = (
    "SELECT s.incarnation, sum(e.n) FROM (SELECT stream + 0 AS stream, count(*) AS n FROM events"
    " WHERE kind IN (2, 4) AND arrived_ms >= ? GROUP BY stream + 0) e"
    " JOIN streams s ON s.id = e.stream GROUP BY s.incarnation"
)
_LAST_FILED: Final = "SELECT max(filed_ms) FROM cases WHERE scope = ?"
_BY_ITEM: Final = (
    "SELECT item_no, sum(CASE WHEN filed_ms >= ? THEN 1 ELSE 0 END), max(filed_ms) FROM cases"
    " WHERE item_no IS NOT NULL GROUP BY item_no"
)
_BY_EARLIER: Final = (
    "SELECT DISTINCT item_no, item_version, scope FROM cases"
    " WHERE item_no = ? AND filed_ms >= ? AND item_version < ? AND case_no IS NOT NULL"
)
_TWICE: Final = (
    "SELECT item_no, applicant_name FROM cases WHERE filed_ms >= ? AND case_no IS NOT NULL AND earlier_no IS NULL"
    " AND applicant_name IS NOT NULL GROUP BY item_no, applicant_name HAVING count(DISTINCT scope) > 1"
    " ORDER BY max(filed_ms) DESC, item_no LIMIT ?"
)
_ROW: Final = ", ".join(column.name for column in CASES.columns)
_OF_APPLICANT: Final = (
    f"SELECT {_ROW} FROM cases WHERE item_no = ? AND filed_ms >= ? AND applicant_name = ?"  # noqa: S608
    " AND case_no IS NOT NULL AND earlier_no IS NULL ORDER BY filed_ms DESC, case_id DESC LIMIT ?"
)
_OF_VERSION: Final = (
    f"SELECT {_ROW} FROM cases WHERE item_no = ? AND filed_ms >= ? AND scope = ? AND item_version = ?"  # noqa: S608
    " AND case_no IS NOT NULL ORDER BY filed_ms DESC, case_id LIMIT ?"
)
_AT_WINDOWS: Final = (
    "SELECT at_window, sum(CASE WHEN day >= ? THEN 1 ELSE 0 END), max(day) FROM tickets"
    " WHERE called_ms IS NOT NULL GROUP BY at_window"
)


class Used(NamedTuple):
    """How often something was used in a time, and when last of all."""

    times: int
    last_ms: int | None


class Version(NamedTuple):
    """An item version by which a place has filed."""

    item_no: str
    version: int
    scope: str


def taken_in(connection: Connection, since_ms: int) -> dict[bytes, int]:
    """Incarnation -> how often it has received papers or a case since a time, by arrivals here. From an index alone."""
    return {row[0]: int(row[1]) for row in rows.ask(connection, _TAKEN_IN, (since_ms,))}


def last_filed(connection: Connection, scopes: Iterable[str]) -> dict[str, int | None]:
    """Scope -> when a case was last filed in it."""
    return {scope: rows.ask(connection, _LAST_FILED, (scope,))[0][0] for scope in scopes}


def by_item(connection: Connection, since_ms: int) -> dict[str, Used]:
    """Item number -> the cases filed since a time, and when the last one was. From an index alone."""
    return {row[0]: Used(int(row[1] or 0), row[2]) for row in rows.ask(connection, _BY_ITEM, (since_ms,))}


def by_earlier(connection: Connection, item_no: str, version: int, since_ms: int) -> list[Version]:
    """By which versions of an item before this one places have filed since a time."""
    return [Version(*row) for row in rows.ask(connection, _BY_EARLIER, (item_no, since_ms, version))]


def of_version(connection: Connection, used: Version, since_ms: int, most: int) -> list[CaseRow]:
    """The newest cases that a place has filed by an item version since a time."""
    found = rows.ask(connection, _OF_VERSION, (used.item_no, since_ms, used.scope, used.version, most))
    return [CaseRow._make(row) for row in found]


def twice(connection: Connection, since_ms: int, most: int, most_of_one: int) -> list[list[CaseRow]]:
    """The cases of an item and an applicant's name that two places have filed since a time, those of the newest first:
    of so many names, each group of so many newest in the order of their filing. Whether it is one person nobody can
    tell from here."""
    found = rows.ask(connection, _TWICE, (since_ms, most))
    groups = (rows.ask(connection, _OF_APPLICANT, (item_no, since_ms, name, most_of_one)) for item_no, name in found)
    return [[CaseRow._make(row) for row in reversed(group)] for group in groups]


def at_windows(connection: Connection, since_day: str) -> dict[str, tuple[int, str]]:
    """Window -> how many numbers were called to it since a day, and the day of the last one."""
    return {row[0]: (int(row[1] or 0), row[2]) for row in rows.ask(connection, _AT_WINDOWS, (since_day,))}
