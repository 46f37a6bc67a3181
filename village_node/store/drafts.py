"""Rows of drafts: applications that were begun and not filed yet, each its owner's alone."""

from collections.abc import Callable
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, select

from village_node.store import peers, rows
from village_node.store.database import Store
from village_node.store.errors import Outdated
from village_node.store.reserve import with_the_reserve
from village_node.store.tables.desks import DRAFTS

MOST: Final = 200


class DraftRow(NamedTuple):
    """One application not yet filed; ``fields`` is JSON of what was typed."""

    draft_id: str
    staff_no: str
    item_no: str
    item_version: int
    fields: str
    created_ms: int
    updated_ms: int


class DraftRows:
    """Reads on a reader; writes each in one transaction. Raises NotSaved when the disk refuses."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @with_the_reserve
    def save_draft(self, row: DraftRow, follows: Callable[[str], bool] = lambda fields: True) -> bool:
        """Keep a draft; False if it is somebody else's.

        ``follows``: asked of the fields that stand there, empty where none do, with nobody else writing meanwhile, be
        it another worker. Raises Outdated where it says no.
        """
        with self._store.writing() as connection:
            peers.count_up(connection, "drafts")
            query = select(DRAFTS.c.staff_no, DRAFTS.c.fields).where(DRAFTS.c.draft_id == row.draft_id)
            owner, fields = connection.execute(query).first() or (row.staff_no, "")
            if owner != row.staff_no:
                return False
            if not follows(fields):
                raise Outdated
            rows.put(connection, DRAFTS, [row])
            return True

    def draft(self, draft_id: str, staff_no: str) -> DraftRow | None:
        """A draft of this person."""
        query = select(DRAFTS).where(DRAFTS.c.draft_id == draft_id, DRAFTS.c.staff_no == staff_no)
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        return DraftRow._make(row) if row else None

    def drafts(self, staff_no: str) -> list[DraftRow]:
        """A person's drafts, the newest first."""
        query = select(DRAFTS).where(DRAFTS.c.staff_no == staff_no).order_by(DRAFTS.c.updated_ms.desc()).limit(MOST)
        with self._store.reading() as connection:
            return [DraftRow._make(row) for row in connection.execute(query)]

    @with_the_reserve
    def delete_draft(self, row: DraftRow) -> bool:
        """Throw a draft away as it was read; False if it is not there, somebody else's, or was gone on with since."""
        mine = delete(DRAFTS).where(DRAFTS.c.draft_id == row.draft_id, DRAFTS.c.staff_no == row.staff_no)
        as_read = mine.where(DRAFTS.c.fields == row.fields, DRAFTS.c.updated_ms == row.updated_ms)
        with self._store.writing() as connection:
            return connection.execute(as_read).rowcount == 1


def forget(connection: Connection, before_ms: int) -> int:
    """Drop every draft that was kept last before a time; how many."""
    return connection.execute(delete(DRAFTS).where(DRAFTS.c.updated_ms < before_ms)).rowcount
