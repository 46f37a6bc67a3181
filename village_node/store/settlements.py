"""Sums over the rows of settled cases."""

from datetime import date
from typing import Final, NamedTuple

from sqlalchemy import Connection

from village_node.store import rows
from village_node.store.cases import day_number

_BY_ITEM: Final = (
    "SELECT item_no, settled_kind,"
    " sum(CASE WHEN settled_used < settled_limit THEN 1 ELSE 0 END),"
    " sum(CASE WHEN settled_used = settled_limit THEN 1 ELSE 0 END),"
    " sum(CASE WHEN settled_used > settled_limit THEN 1 ELSE 0 END),"
    " sum(CASE WHEN settled_extension > 0 THEN 1 ELSE 0 END),"
    " sum(settled_used), sum(settled_limit - settled_used)"
    " FROM cases WHERE settled_day >= ? AND settled_day <= ? GROUP BY item_no, settled_kind"
)


_DAY_MS: Final = 86_400_000
_CHINA_MS: Final = 8 * 3_600_000
_BY_DECIDER: Final = (
    "SELECT coalesce(decided_at, ''), item_no, coalesce(decided_by, 0), count(*) FROM cases"
    " WHERE decided_ms >= ? AND decided_ms < ? AND item_no IS NOT NULL GROUP BY decided_at, item_no, decided_by"
)


class DeciderRow(NamedTuple):
    """How many cases of an item somebody decided as the same at one place."""

    place: str
    item_no: str
    decided_by: int
    times: int


class SettledRow(NamedTuple):
    """The sums of one item and kind of case."""

    item_no: str
    kind: int
    early: int
    on_time: int
    late: int
    extended: int
    used: int
    left: int


def by_item(connection: Connection, first: date, last: date) -> list[SettledRow]:
    """What was settled from a day to another, both counted."""
    found = rows.ask(connection, _BY_ITEM, (day_number(first), day_number(last)))
    return [SettledRow(row[0], *(int(number) for number in row[1:])) for row in found]


def by_decider(connection: Connection, first: date, last: date) -> list[DeciderRow]:
    """What was decided from a day to another in China, both counted. From an index alone."""
    from_ms, to_ms = (number * _DAY_MS - _CHINA_MS for number in (day_number(first), day_number(last) + 1))
    return [DeciderRow._make(row) for row in rows.ask(connection, _BY_DECIDER, (from_ms, to_ms))]
