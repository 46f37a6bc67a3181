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
