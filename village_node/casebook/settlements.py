"""Settled early, on time or late: what the row of a settled case says, and the sums of a period.

A case counts on the day of its settlement, as the kind of case it was accepted as, against the promise with what
extended it. One that was ended counts nowhere: nothing was settled.
"""

from datetime import date
from typing import Final, NamedTuple

from sync_protocol.case import Case, clock, promises
from sync_protocol.case.catalogue import CASE_KINDS, Catalogue
from sync_protocol.case.facts import Facts
from sync_protocol.case.workdays import Calendar
from sync_protocol.places import PlaceTree
from village_node.casebook.office import Office
from village_node.store import cases, settlements
from village_node.store.cases import CaseRow

HEADLINE: Final = promises.PROMISED


class Sums(NamedTuple):
    """What was settled: before its limit, on its last day, after it; how many were extended; the working days used by
    all of them, and those left of what was promised."""

    early: int = 0
    on_time: int = 0
    late: int = 0
    extended: int = 0
    used: int = 0
    left: int = 0

    @property
    def settled(self) -> int:
        """How many in all."""
        return self.early + self.on_time + self.late

    def plus(self, other: "Sums") -> "Sums":
        """Both together."""
        return Sums(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class Line(NamedTuple):
    """The sums of one kind of case in one department."""

    kind: str
    department: str
    sums: Sums


def kind_number(case: Case, catalogue: Catalogue, places: PlaceTree) -> int | None:
    """The number of the kind that a case was accepted as, or would be where it is decided; None of what has no receipt
    number yet, or whose item is not held."""
    item = catalogue.find(case.item_no, case.item_version) if case.case_no else None
    if item is None:
        return None
    level = places.level(case.docketed_at) if case.docketed_at is not None else item.deciding_level
    return CASE_KINDS.index(promises.kind_at(item, level))


def noted(
    row: CaseRow, case: Case, facts: Facts, catalogue: Catalogue, calendar: Calendar, places: PlaceTree
) -> CaseRow:
    """The row with how a settled case stood to its promise; as it is where the case was ended, or promised nothing."""
    if facts.settled is None or facts.closed is not None:
        return row
    promised = clock.read(facts, calendar, facts.settled).of("promised")
    item = catalogue.find(case.item_no, case.item_version)
    if promised is None or item is None or case.docketed_at is None:
        return row
    kind = promises.kind_at(item, places.level(case.docketed_at))
    return row._replace(
        settled_day=cases.day_number(facts.settled),
        settled_used=promised.used,
        settled_limit=promised.limit,
        settled_kind=CASE_KINDS.index(kind),
        settled_extension=facts.extension_days,
    )


class Settlements(Office):
    """The part of the casebook that counts what was settled."""

    def settled_between(self, first: date, last: date) -> list[Line]:
        """What was settled from a day to another, both counted: the headline kind first, then by department."""
        catalogue = self.catalogue
        found: dict[tuple[int, str], Sums] = {}
        with self.store.reading() as connection:
            rows = settlements.by_item(connection, first, last)
        for row in rows:
            item = catalogue.newest(row.item_no)
            key = (row.kind, item.department if item is not None else "")
            found[key] = found.get(key, Sums()).plus(Sums(*row[2:]))
        ordered = sorted(found, key=lambda key: (CASE_KINDS[key[0]] != HEADLINE, key))
        return [Line(CASE_KINDS[kind], department, found[kind, department]) for kind, department in ordered]
