"""What was signed after an account was disabled: found as it comes, by position, and shown at the places above.

It loses no effect by that. An event counts because the key of its node counts, and whoever holds that key can write any
name into it; a machine that is not to be believed any more is revoked, with cuts. What is said here is for people: they
ask the place how it came about.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sync_protocol.case import accounts, kinds
from sync_protocol.case.accounts import Act
from sync_protocol.case.beside import Record
from sync_protocol.event import load_header
from sync_protocol.places import about, parse_scope
from sync_protocol.roster import Node, Roster
from village_node.casebook.beside import Beside
from village_node.casebook.growth import Growth
from village_node.casebook.ledger import Entry
from village_node.casebook.reading import Reading
from village_node.store import Connection, late_acts, streams
from village_node.store.late_acts import LateAct
from village_node.store.streams import StreamRow

LISTED: Final = 200
_SLICE: Final = 2_000  # events that are read at once
_Reports = Mapping[str, Sequence[Record]]


class LateActs(Beside, Reading):
    """The part of the casebook that finds and lists them."""

    def note_late_acts(self, connection: Connection, entry: Entry) -> None:
        """Look through what has just been written here of places below: for acts of accounts that were disabled before,
        and for what is said of accounts."""
        roster = entry.roster
        by_place: dict[str, list[tuple[Node, Growth]]] = {}
        for growth in entry.grown:
            node = self.author(roster, growth.row.incarnation) if growth.events else None
            if node is not None and self._is_below(roster, node.place):
                by_place.setdefault(node.place, []).append((node, growth))
        said = {
            (growth.row.incarnation, event.header.seq)
            for growth in entry.grown
            for event in growth.events
            if event.header.kind == kinds.ACCOUNT_STATE
        }
        for filled in entry.filled:  # a body that was withheld may say it, too
            if filled.event.kind == kinds.ACCOUNT_STATE:
                row = streams.by_id(connection, filled.event.stream)
                said.add((row.incarnation, filled.event.seq))
                by_place.setdefault(parse_scope(row.scope)[1], [])
        for place, several in by_place.items():
            reports = self._reports(connection, place)
            for account, records in reports.items():
                if not said.isdisjoint(record.position[:2] for record in records):
                    self._look_anew(connection, roster, place, account, records)
            for node, growth in several if reports else ():
                signed = [(event.header.actor, event.header.seq, event.hash) for event in growth.events]
                for account, acts in _late_of(node, growth.row, signed, reports).items():
                    late_acts.add(connection, place, account, acts)

    def look_for_late_acts(self) -> None:
        """Look through all that is held, as after an upgrade from a program that did not know of it. Raises
        NotSaved."""
        with self.store.writing() as connection:
            roster = self.roster_in(connection)
            for place in roster.places.below_or_self(self.identity.place) if len(roster.places) else ():
                if self._is_below(roster, place):
                    for account, said in self._reports(connection, place).items():
                        self._look_anew(connection, roster, place, account, said)

    def late_acts(self) -> list[LateAct]:
        """Acts of accounts of places below that stand behind the position at which these were disabled."""

        def ask(connection: Connection) -> list[LateAct]:
            return late_acts.listed(connection, LISTED)

        return self.remembered("late acts", ask)

    def _is_below(self, roster: Roster, place: str) -> bool:
        places, here = roster.places, self.identity.place
        return here in places and place in places and place != here and places.covers(here, place)

    def _reports(self, connection: Connection, place: str) -> _Reports:
        def read(raw: bytes) -> dict[str, object] | None:
            return accounts.read(kinds.ACCOUNT_STATE, raw)

        return accounts.reports_of(place, self.records(connection, kinds.ACCOUNT_STATE, read, about(place)))

    def _look_anew(
        self, connection: Connection, roster: Roster, place: str, account: str, said: Sequence[Record]
    ) -> None:
        """Find every late act of one account: what was signed while it was shut stays one after it is open again."""
        late_acts.forget(connection, place, account)
        for row in streams.in_scopes(connection):
            node = self.author(roster, row.incarnation)
            if node is None or node.place != place:
                continue
            after = _lowest(said, node, row)
            while after is not None and after < row.head_seq:
                some = streams.events_between(connection, row.id, after, row.head_seq, _SLICE)
                headers = [(load_header(each.header).actor, each.seq, each.hash) for each in some]
                for acts in _late_of(node, row, headers, {account: said}).values():
                    late_acts.add(connection, place, account, acts)
                after = some[-1].seq if some else None


def _late_of(
    node: Node, row: StreamRow, written: Iterable[tuple[str, int, bytes]], reports: _Reports
) -> dict[str, list[tuple[int, int, bytes]]]:
    """Account -> (stream, seq, hash) of what it signed too late among these (actor, seq, hash) of one stream."""
    found: dict[str, list[tuple[int, int, bytes]]] = {}
    for actor, seq, chain_hash in written:
        said = reports.get(actor)
        if said and accounts.is_late(said, Act(node.incarnation, node.order, row.scope, seq)):
            found.setdefault(actor, []).append((row.id, seq, chain_hash))
    return found


def _lowest(said: Sequence[Record], node: Node, row: StreamRow) -> int | None:
    """Up to where nothing in a stream is late by what was said of an account; None where nothing in it is."""
    ends = [
        accounts.end_of(each, node.incarnation, node.order, row.scope) for each in said
        if each.said["state"] == "disabled"
    ]  # fmt: skip
    return min((end for end in ends if end is not None), default=None)
