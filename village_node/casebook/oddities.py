"""What does not count, in a form people can act on: oddities case by case, and what never entered a stream."""

from typing import Final, NamedTuple

from sync_protocol.case import Case, Position, SideNote
from village_node.casebook.ledger import fold_held, held_events
from village_node.casebook.reading import Reading, TimelineEntry, timeline_of
from village_node.store import Connection, case_lists, parking, proposals
from village_node.store.locks import CaseKey
from village_node.store.oversight import numbered
from village_node.store.parking import AnswerRow, ParkedLine, RefusedLine

CASES_A_PAGE: Final = 20
LINES: Final = 200


class Oddity(NamedTuple):
    """One event that does not count by itself. ``answer``: who has adopted or dismissed it."""

    entry: TimelineEntry
    open: bool
    adoptable: bool
    adoption: TimelineEntry | None
    dismissal: SideNote | None


class OddCase(NamedTuple):
    """A case with all that does not count in it, in the order of its timeline."""

    case: Case
    oddities: list[Oddity]


class OddPage(NamedTuple):
    """One page of cases with oddities, of so many at most. ``page`` counts from 1."""

    cases: list[OddCase]
    total: int
    page: int
    page_size: int = CASES_A_PAGE


class Left(NamedTuple):
    """What did not enter a stream: parked and refused here, and what peers answered about ours."""

    parked: list[ParkedLine]
    refused: list[RefusedLine]
    answers: list[AnswerRow]


class Oddities(Reading):
    """The part of the casebook that the pages about what does not count read."""

    def oddities(self, view: str, page: int = 1, text: str = "") -> OddPage:
        """One page of a view (see store.case_lists.odd_view), the newest case first. ``text``: what a receipt number
        begins with, or an item's number. KeyError for an unknown view."""
        with self.store.reading() as connection:
            condition = case_lists.odd_view(view, *self._whose(connection)) & numbered(text)
            found = case_lists.page(connection, condition, page, CASES_A_PAGE)
            listed = [self._odd_case(connection, (row.scope, row.case_id)) for row in found.rows]
        return OddPage(listed, found.total, found.page)

    def oddities_of(self, key: CaseKey) -> OddCase | None:
        """All that does not count in one case; None if nothing is held of it."""
        with self.store.reading() as connection:
            found = self._odd_case(connection, key)
        return found if found.case.verdicts else None

    def odd_counts(self) -> dict[str, int]:
        """How many cases each view of oddities has, and how many proposals wait; computed after each change."""

        def count(connection: Connection) -> dict[str, int]:
            whose = self._whose(connection)
            found = {
                view: case_lists.count(connection, case_lists.odd_view(view, *whose))
                for view in ("held", "ours", "all")
            }
            return {**found, "proposals": proposals.pending(connection)}

        return dict(self.remembered("oddities", count))

    def left(self) -> Left:
        """What is parked, refused, or was answered for by a peer; the newest of each."""
        with self.store.reading() as connection:
            told = sorted(parking.answers(connection), key=lambda row: -row.at_ms)[:LINES]
            return Left(parking.listed_parked(connection, LINES), parking.listed_refused(connection, LINES), told)

    def refused_sample(self, number: int) -> bytes | None:
        """The bytes kept of something that was refused here."""
        with self.store.reading() as connection:
            return parking.refused_sample(connection, number)

    def _whose(self, connection: Connection) -> tuple[str, tuple[str, ...], list[bytes]]:
        """This place, itself with those under it and what it inherits, and its nodes: what tells the views apart."""
        here, places = self.identity.place, self.roster_in(connection).places
        return here, places.kept_at(here) if here in places else (here,), self._nodes_at(connection, [here])

    def _odd_case(self, connection: Connection, key: CaseKey) -> OddCase:
        roster = self.roster_in(connection)
        events = held_events(self, connection, roster, {key})[key]
        case = fold_held(self, roster, key, events)
        entries = timeline_of(connection, roster, case, events)
        at = {entry.position: entry for entry in entries}
        odd = [entry for entry in entries if entry.verdict.code != "effective" or entry.position in case.adopted]
        return OddCase(case, [_oddity(case, entry, at) for entry in odd])


def _oddity(case: Case, entry: TimelineEntry, at: dict[Position, TimelineEntry]) -> Oddity:
    position = entry.position
    adoption = case.adopted.get(position)
    return Oddity(
        entry,
        position in case.open_oddities,
        position in case.adoptable and adoption is None,
        at[adoption] if adoption is not None else None,
        case.dismissed.get(position),
    )
