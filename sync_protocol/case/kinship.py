"""Whose kin the applicant is, as the staff of a place have declared it: nobody handles a relative's case."""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from sync_protocol.case import kinds
from sync_protocol.case.publications import age
from sync_protocol.case.registers import Entry

# What somebody may still do with a relative's case: file it, take papers in and hand them on.
PAPERS_ONLY: Final = frozenset({
    kinds.CREATE, kinds.RECEIVE, kinds.HANDOFF, kinds.ACCEPT, kinds.SUPPLY, kinds.WITHDRAWAL_REQUEST,
    kinds.PLEASE_RETURN, kinds.PAPER,
})  # fmt: skip


class Kin(NamedTuple):
    """One relative of one member of staff of a place; ``first``, ``last``: the days of the relation, where they are
    said."""

    place: str
    staff_no: str
    name: str
    relation: str
    id_no: str
    first: str = ""
    last: str = ""

    def stands(self, day: date) -> bool:
        """Whether they are relatives on a day, both of its ends included."""
        return self.first <= day.isoformat() <= (self.last or "9999-12-31")


def kin_of(place: str, entries: Iterable[Entry]) -> list[Kin]:
    """What is declared at a place now: of several entries about the same two persons the newest counts."""
    found: dict[tuple[str, str], Kin] = {}
    for entry in sorted(entries, key=age):
        said = entry.said
        key = said["staff_no"], plain_number(said["kin_id_no"])
        found.pop(key, None)
        if not said.get("withdrawn"):
            term = said.get("first", ""), said.get("last", "")
            found[key] = Kin(place, key[0], said["kin_name"], said["relation"], key[1], *term)
    return list(found.values())


def plain_number(text: str) -> str:
    """An identity number as two spellings of it are compared."""
    return "".join(text.split()).replace("-", "").upper()
