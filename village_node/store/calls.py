"""How far applicants were called to ask how it was: sums over the rows of cases whose result was given."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, case, func, or_, select

from sync_protocol.case import workflow
from village_node.store.case_lists import view
from village_node.store.tables.cases import CASES


class Calls(NamedTuple):
    """Of the results given in some days: how many, how many rated, called, reached, to be called; and calls made."""

    given: int
    rated: int
    called: int
    reached: int
    waiting: int
    calls: int


def calls_made(connection: Connection, first_ms: int, end_ms: int) -> Calls:
    """How far the applicants were asked whose result was given from one time to before another."""
    table = CASES.c

    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    query = select(
        func.count(),
        number(or_(table.rating > 0, table.rating.is_(None))),
        number(table.calls > 0),
        number(table.reached > 0),
        number(view("unrated", "")),
        func.coalesce(func.sum(table.calls), 0),
    ).where(table.state.in_(workflow.GIVEN), table.delivered_ms >= first_ms, table.delivered_ms < end_ms)
    return Calls(*(int(each) for each in connection.execute(query).one()))
