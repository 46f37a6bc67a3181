"""Lists (名单) filed in one go at this node: which cases each became, so that their receipts are printed together."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select, true

from village_node.store import rows
from village_node.store.cases import FINISHED, CaseRow
from village_node.store.locks import CaseKey
from village_node.store.tables.cases import CASES
from village_node.store.tables.desks import BATCH_CASES, BATCHES


class Batch(NamedTuple):
    """One row of ``batches``, in the order of its columns. ``digest``: SHA-256 of all that was filed with it."""

    batch_id: bytes
    item_no: str
    item_version: int
    digest: bytes
    actor: str
    made_ms: int


def add(connection: Connection, batch: Batch, keys: Sequence[CaseKey]) -> None:
    """Note a list and the cases it became, in its own order."""
    rows.insert(connection, BATCHES, [batch])
    rows.insert(connection, BATCH_CASES, [(batch.batch_id, at, *key) for at, key in enumerate(keys, start=1)])


def get(connection: Connection, batch_id: bytes) -> Batch | None:
    """One list."""
    row = connection.execute(select(BATCHES).where(BATCHES.c.batch_id == batch_id)).first()
    return Batch._make(row) if row else None


def same(connection: Connection, digest: bytes, since_ms: int) -> Batch | None:
    """The list that says the same, word for word, and was filed since then."""
    query = select(BATCHES).where(BATCHES.c.digest == digest, BATCHES.c.made_ms >= since_ms)
    row = connection.execute(query.order_by(BATCHES.c.made_ms.desc()).limit(1)).first()
    return Batch._make(row) if row else None


def open_of(connection: Connection, scope: str, item_no: str, since_ms: int, names: Iterable[str]) -> list[CaseRow]:
    """The open cases of an item at a home that were filed since then by applicants of these names."""
    table = CASES.c
    there = (table.scope == scope, table.item_no == item_no, table.filed_ms >= since_ms, table.state.not_in(FINISHED))
    found: list[CaseRow] = []
    for some in rows.chunks(sorted(set(names))):
        query = select(CASES).where(*there, table.applicant_name.in_(some)).order_by(table.filed_ms)
        found.extend(CaseRow._make(row) for row in connection.execute(query))
    return found


def total(connection: Connection, item_no: str = "") -> int:
    """How many lists there are, of one item where one is named."""
    return connection.scalar(select(func.count()).select_from(BATCHES).where(_of_item(item_no))) or 0


def _of_item(item_no: str) -> ColumnElement[bool]:
    return BATCHES.c.item_no == item_no if item_no else true()


def newest(connection: Connection, most: int, after: int = 0, item_no: str = "") -> list[tuple[Batch, int]]:
    """The lists filed last, after so many, and how many cases each became."""
    of_each = select(func.count()).where(BATCH_CASES.c.batch_id == BATCHES.c.batch_id).scalar_subquery()
    query = select(BATCHES, of_each).where(_of_item(item_no)).order_by(BATCHES.c.made_ms.desc(), BATCHES.c.batch_id)
    query = query.limit(most).offset(after)
    return [(Batch._make(row[:-1]), int(row[-1])) for row in connection.execute(query)]


def cases_of(connection: Connection, batch_id: bytes) -> list[CaseRow]:
    """The cases a list became, in its own order."""
    here = (BATCH_CASES.c.scope == CASES.c.scope) & (BATCH_CASES.c.case_id == CASES.c.case_id)
    query = select(CASES).join(BATCH_CASES, here).where(BATCH_CASES.c.batch_id == batch_id)
    return [CaseRow._make(row) for row in connection.execute(query.order_by(BATCH_CASES.c.position))]
