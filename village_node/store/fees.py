"""The money of each case, by day: the notice, the receipt, the waiver. Written by the fold alone, like the rows of
cases; where bodies were dropped what they said stays."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, select

from village_node.store import rows
from village_node.store.locks import CaseKey
from village_node.store.tables.cases import CASES, FEES

SETTLED: Final = ("paid", "waived")


class FeeRow(NamedTuple):
    """One row of ``fees``, in the order of its columns. ``what``: notice, paid or waived; ``fen`` is None where nobody
    can tell any more; ``number``: of the notice, the receipt, or the decision to waive."""

    scope: str
    case_id: bytes
    what: str
    place: str
    day: int
    at_ms: int
    case_no: str | None
    item_no: str | None
    item_version: int | None
    fen: int | None
    number: str | None
    actor: str | None


def put(connection: Connection, keys: Iterable[CaseKey], found: Iterable[FeeRow]) -> None:
    """Replace what is known of the money of these cases by these rows."""
    for key in sorted(keys):
        rows.do(connection, "DELETE FROM fees WHERE scope = ? AND case_id = ?", key)
    rows.put(connection, FEES, sorted(found))


def is_settled() -> ColumnElement[bool]:
    """The condition, in a question about cases, that the fee of the case was paid or waived."""
    there = and_(FEES.c.scope == CASES.c.scope, FEES.c.case_id == CASES.c.case_id, FEES.c.what.in_(SETTLED))
    return select(FEES.c.case_id).where(there).exists()


def of_day(connection: Connection, place: str, day: int) -> list[FeeRow]:
    """What a place gave notice of, took and waived on a day (days since 1970), in the order of its times."""
    words = (
        "SELECT scope, case_id, what, place, day, at_ms, case_no, item_no, item_version, fen, number, actor "
        "FROM fees WHERE day = ? AND place = ? ORDER BY at_ms, scope, case_id, what"
    )
    return [FeeRow._make(row) for row in rows.ask(connection, words, (day, place))]


def cases_of(found: Iterable[FeeRow]) -> set[CaseKey]:
    """The cases that these rows are of."""
    return {(row.scope, row.case_id) for row in found}
