"""How many cases stand where, and how many came and were settled day by day."""

from typing import Final

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.cases import FINISHED

_DAY_MS: Final = 86_400_000
_CHINA_MS: Final = 8 * 3_600_000
_BY_STATE: Final = (
    "SELECT state, count(*) FROM cases WHERE case_no IS NOT NULL"  # noqa: S608
    f" AND state NOT IN ({', '.join('?' * len(FINISHED))}) GROUP BY state"
)
_FILED: Final = (
    f"SELECT (filed_ms + {_CHINA_MS}) / {_DAY_MS}, count(*) FROM cases"  # noqa: S608
    " WHERE filed_ms >= ? AND filed_ms < ? AND case_no IS NOT NULL GROUP BY 1"
)
_SETTLED: Final = (
    "SELECT settled_day, count(*) FROM cases"
    " WHERE settled_day >= ? AND settled_day <= ? AND case_no IS NOT NULL GROUP BY settled_day"
)
# Whose fault a card is: of who had the case when it began, where the row says so.
_BY_FAULT: Final = (
    "SELECT grade, at_fault, count(*) FROM (SELECT"  # noqa: S608
    " CASE WHEN red_plus_day <= ? THEN 'red_plus' WHEN red_day <= ? THEN 'red' WHEN yellow_day <= ? THEN 'yellow'"
    " ELSE 'notice' END AS grade,"
    " COALESCE(CASE WHEN red_plus_day <= ? OR red_day <= ? THEN red_at END,"
    " CASE WHEN yellow_day <= ? THEN yellow_at END, holder, transit_to, '') AS at_fault"
    " FROM cases WHERE (red_plus_day <= ? OR red_day <= ? OR yellow_day <= ? OR notice_day <= ?)"
    f" AND state NOT IN ({', '.join('?' * len(FINISHED))})) AS carded GROUP BY grade, at_fault"
)

# The label of what was written last, never beyond its arrival: a clock that runs ahead makes no place look alive.
_WRITTEN: Final = (
    "SELECT streams.incarnation, streams.hlc, events.arrived_ms FROM streams"
    " JOIN events ON events.stream = streams.id AND events.seq = streams.head_seq"
)
_CLOCK_BITS: Final = 16


def written(connection: Connection) -> list[tuple[bytes, int]]:
    """Who wrote each stream, and when its newest event was written, in ms."""
    return [(bytes(row[0]), min(row[1] >> _CLOCK_BITS, row[2])) for row in rows.ask(connection, _WRITTEN)]


def by_state(connection: Connection) -> dict[str, int]:
    """Of each state of unfinished cases: how many have it."""
    return {row[0]: int(row[1]) for row in rows.ask(connection, _BY_STATE, tuple(sorted(FINISHED)))}


def filed_by_day(connection: Connection, first: int, last: int) -> dict[int, int]:
    """Of the days since 1970 from one to another, both counted, by the clocks of China: how many cases were filed."""
    span = first * _DAY_MS - _CHINA_MS, (last + 1) * _DAY_MS - _CHINA_MS
    return {int(row[0]): int(row[1]) for row in rows.ask(connection, _FILED, span)}


def settled_by_day(connection: Connection, first: int, last: int) -> dict[int, int]:
    """Of the same days: how many cases were settled."""
    return {int(row[0]): int(row[1]) for row in rows.ask(connection, _SETTLED, (first, last))}


def by_fault(connection: Connection, day: int) -> list[tuple[str, str, int]]:
    """Of the unfinished cases with a grade on a day: grade, the place whose it is, and how many. Of a notice, and where
    the row does not say it, the place that has the case."""
    return [(*row[:2], int(row[2])) for row in rows.ask(connection, _BY_FAULT, (*[day] * 10, *sorted(FINISHED)))]
