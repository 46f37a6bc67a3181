"""What supervision looks at: cases with a card, what stands beside cases by kind, and the cases of a period."""

from collections.abc import Collection
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true

from village_node.store import rows
from village_node.store.case_lists import Page
from village_node.store.cases import FINISHED, CaseRow, day_number
from village_node.store.locks import CaseKey
from village_node.store.streams import CaseEventRow, EventRow
from village_node.store.tables.cases import CASES
from village_node.store.tables.streams import EVENTS

# The conditions are those of the partial indexes, word for word, so that either database uses them.
_EVENT: Final = ", ".join(column.name for column in EVENTS.columns)
_JOINED: Final = "events JOIN streams ON streams.id = events.stream"
_OVERSEEN: Final = f"SELECT scope, incarnation, {_EVENT} FROM {_JOINED} WHERE kind IN (54, 55, 56, 57) AND verdict = 1"  # noqa: S608
_SERVICES: Final = f"SELECT scope, incarnation, {_EVENT} FROM {_JOINED} WHERE kind = 42 AND verdict = 1"  # noqa: S608
_PERIOD: Final = "SELECT scope, case_id FROM cases WHERE"
_COUNTED: Final = {
    "settled": f"{_PERIOD} decided_ms >= ? AND decided_ms < ?",
    "running": f"{_PERIOD} filed_ms >= ? AND filed_ms < ? AND decided_ms IS NULL"
    f" AND state NOT IN ({', '.join(repr(state) for state in FINISHED)})",
}
_CHINA_MS: Final = 8 * 3_600_000
_DAY_MS: Final = 86_400_000
_FILED: Final = (
    f"SELECT scope, (filed_ms + {_CHINA_MS}) / {_DAY_MS} AS day, count(*) FROM cases"  # noqa: S608
    f" WHERE filed_ms >= ? AND filed_ms < ? GROUP BY scope, (filed_ms + {_CHINA_MS}) / {_DAY_MS}"
)
_RESULTS: Final = (
    "SELECT item_no, count(*), sum(CASE WHEN decided_ms IS NULL THEN 0 ELSE 1 END)"
    " FROM cases WHERE filed_ms >= ? AND item_no IS NOT NULL GROUP BY item_no"
)
CARDS: Final = ("yellow", "red", "red_plus")


def overseen(connection: Connection) -> list[CaseEventRow]:
    """Everything that supervision wrote beside cases and was answered, and counts."""
    return [CaseEventRow(row[0], row[1], EventRow._make(row[2:])) for row in rows.ask(connection, _OVERSEEN)]


def services(connection: Connection) -> list[CaseEventRow]:
    """Every service that was recorded beside a case, and counts."""
    return [CaseEventRow(row[0], row[1], EventRow._make(row[2:])) for row in rows.ask(connection, _SERVICES)]


def with_a_card(
    connection: Connection,
    today: date,
    under: Collection[str] | None,
    grade: str,
    number: int,
    size: int,
    text: str = "",
) -> Page:
    """One page of the unfinished cases that are yellow or worse today, the worst first, then the longest due.

    ``under``: held by or on its way to one of these places; None for all. ``grade``: one of CARDS, or empty for all.
    ``text``: as of `numbered`.
    """
    table, now = CASES.c, day_number(today)
    begun = {card: and_(table[f"{card}_day"].is_not(None), table[f"{card}_day"] <= now) for card in CARDS}
    worse = CARDS[CARDS.index(grade) + 1 :] if grade else ()
    wanted = [begun[grade]] if grade else [or_(*begun.values())]
    condition = and_(table.state.not_in(FINISHED), *wanted, *(~begun[each] for each in worse), numbered(text))
    if under is not None:
        condition = and_(condition, or_(table.holder.in_(under), table.transit_to.in_(under)))
    total = connection.scalar(select(func.count()).select_from(CASES).where(condition)) or 0
    order = (*(func.coalesce(table[f"{card}_day"], now + 1) for card in reversed(CARDS)), table.case_id)
    query = select(CASES).where(condition).order_by(*order).limit(size).offset((max(number, 1) - 1) * size)
    return Page([CaseRow._make(row) for row in connection.execute(query)], total, max(number, 1), size)


def watched(
    connection: Connection, today: date, under: Collection[str] | None, number: int, size: int, text: str = ""
) -> Page:
    """One page of the unfinished cases that are listed for supervision today, the longest listed first. ``under``,
    ``text``: as of cards."""
    table, now = CASES.c, day_number(today)
    condition = and_(
        table.state.not_in(FINISHED), table.watched_day.is_not(None), table.watched_day <= now, numbered(text)
    )
    if under is not None:
        condition = and_(condition, or_(table.holder.in_(under), table.transit_to.in_(under)))
    total = connection.scalar(select(func.count()).select_from(CASES).where(condition)) or 0
    query = select(CASES).where(condition).order_by(table.watched_day, table.case_id)
    query = query.limit(size).offset((max(number, 1) - 1) * size)
    return Page([CaseRow._make(row) for row in connection.execute(query)], total, max(number, 1), size)


def numbered(text: str) -> ColumnElement[bool]:
    """The condition of a list that shows no names: the beginning of a receipt number, or the number of an item."""
    table = CASES.c
    return or_(table.case_no.startswith(text.upper(), autoescape=True), table.item_no == text) if text else true()


def of_period(connection: Connection, what: str, from_ms: int, to_ms: int) -> list[CaseKey]:
    """The cases settled in a time, or filed in it and still running, in the order of their names."""
    return sorted((row[0], row[1]) for row in rows.ask(connection, _COUNTED[what], (from_ms, to_ms)))


def filed_days(connection: Connection, from_ms: int, to_ms: int) -> list[tuple[str, int, int]]:
    """(scope, day in China since 1970, cases taken in that day) of a time."""
    return [(row[0], int(row[1]), int(row[2])) for row in rows.ask(connection, _FILED, (from_ms, to_ms))]


def results(connection: Connection, from_ms: int) -> dict[str, tuple[int, int]]:
    """Item number -> cases taken in since a time, and how many of these were decided."""
    return {row[0]: (int(row[1]), int(row[2])) for row in rows.ask(connection, _RESULTS, (from_ms,))}
