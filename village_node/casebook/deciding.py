"""Who decided: at the window whoever accepted the case or a chief representative, or the head of the department, to
whom it was carried back (收发室: a window that only carries papers)."""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from sync_protocol.case import Case, CaseEvent, kinds
from sync_protocol.places import below
from village_node.casebook.office import Office
from village_node.store import settlements
from village_node.store.cases import CaseRow

# As what somebody decided, by its number in the row of a case; 0: a row of before, which is folded again in its turn.
UNKNOWN, ACCEPTER, DELEGATE, HEAD = range(4)
MAILBOX_PERCENT: Final = 50  # of a department whose window decides less, most is carried back


class Decided(NamedTuple):
    """Of a department at a place, the cases decided in a period: by whoever accepted them there, by a representative
    under a delegation, by the head or in the head's own right, and those not looked at yet."""

    place: str
    department: str
    accepter: int = 0
    delegate: int = 0
    head: int = 0
    unknown: int = 0

    @property
    def at_window(self) -> int:
        """How many were decided at the window."""
        return self.accepter + self.delegate

    @property
    def known(self) -> int:
        """How many in all, but for those not looked at yet."""
        return self.at_window + self.head

    @property
    def is_mailbox(self) -> bool:
        """Whether less than the share set was decided at the window."""
        return self.at_window * 100 < self.known * MAILBOX_PERCENT

    def plus(self, other: "Decided") -> "Decided":
        """Both together, under the name of the first."""
        counts = (mine + theirs for mine, theirs in zip(self[2:], other[2:], strict=True))
        return Decided(self.place, self.department, *counts)


def decider(case: Case, events: Iterable[CaseEvent]) -> tuple[str, int] | None:
    """Where a case was decided, and as what by whoever did; None of one without a decision that counts. One under a
    delegation names an entry of the register of its place, one in the head's own right names none. A pure function."""
    made = case.decision
    if made is None:
        return None
    counts = [event for event in events if case.verdicts[event.position].code == "effective"]
    if any(event.kind == kinds.DOCKET and (event.place, event.actor) == (made.place, made.actor) for event in counts):
        return made.place, ACCEPTER
    register = below(made.place)
    delegated = any(dep[1] == register for event in counts if event.position == made.position for dep in event.deps)
    return made.place, DELEGATE if delegated else HEAD


def noted(row: CaseRow, case: Case, events: Iterable[CaseEvent]) -> CaseRow:
    """The row with where and as what it was decided."""
    found = decider(case, events)
    return row if found is None else row._replace(decided_at=found[0], decided_by=found[1])


class Deciding(Office):
    """The part of the casebook that counts who decided."""

    def deciders(self, first: date, last: date) -> list[Decided]:
        """Who decided from a day to another, both counted, by place and department; those with most carried back
        first."""
        catalogue = self.catalogue
        with self.store.reading() as connection:
            rows = settlements.by_decider(connection, first, last)
        found: dict[tuple[str, str], Decided] = {}
        for row in rows:
            item = catalogue.newest(row.item_no)
            key = row.place, item.department if item is not None else ""
            counts = [row.times if row.decided_by == number else 0 for number in (ACCEPTER, DELEGATE, HEAD, UNKNOWN)]
            found[key] = found.get(key, Decided(*key)).plus(Decided(*key, *counts))
        return sorted(found.values(), key=lambda each: (-each.head, each.place, each.department))
