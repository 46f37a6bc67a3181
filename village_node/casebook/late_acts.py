"""What was signed after an account was disabled: found as it comes, by position, and shown at the places above.

It loses no effect by that. An event counts because the key of its node counts, and whoever holds that key can write any
name into it; a machine that is not to be believed any more is revoked, with cuts. What is said here is for people: they
ask the place how it came about.

What grows is looked through as it comes. A new word about an account may make much late that came long before, and a
change of the roster may take words away: then the place is queued, and looked through anew in slices, apart from what
is taken in.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sync_protocol.case import accounts, kinds
from sync_protocol.case.beside import Record
from sync_protocol.event import load_header
from sync_protocol.places import about, parse_scope
from sync_protocol.roster import Node, Roster
from village_node.casebook.beside import Beside
from village_node.casebook.equivocation import Taking
from village_node.casebook.growth import Growth
from village_node.casebook.ledger import Entry
from village_node.casebook.reading import Reading
from village_node.store import Connection, Overtaken, late_acts, streams
from village_node.store.late_acts import LateAct, LateKey, Narrowed, Queued
from village_node.store.streams import StreamRow

PAGE_SIZE: Final = 50
_SLICE: Final = 2_000  # events that are read at once
_Reports = Mapping[str, Sequence[Record]]


class LatePage(NamedTuple):
    """One page of them, the newest first. ``page`` counts from 1."""

    acts: list[LateAct]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many there are, one of them at least."""
        return max(1, -(-self.total // PAGE_SIZE))


class LateActs(Beside, Reading):
    """The part of the casebook that finds and lists them."""

    def note_late_acts(self, connection: Connection, entry: Entry) -> None:
        """Look through what has just been written here of places below: for acts of accounts that were disabled before,
        and for what is said of accounts, which has the whole place looked through anew."""
        roster = entry.roster
        by_place: dict[str, list[tuple[Node, Growth]]] = {}
        anew = {
            parse_scope(streams.by_id(connection, each.event.stream).scope)[1]
            for each in entry.filled
            if each.event.kind == kinds.ACCOUNT_STATE
        }  # a body that was withheld may say it, too
        for growth in entry.grown:
            node = self.author(roster, growth.row.incarnation) if growth.events else None
            if node is not None and self._is_below(roster, node.place):
                by_place.setdefault(node.place, []).append((node, growth))
                if any(event.header.kind == kinds.ACCOUNT_STATE for event in growth.events):
                    anew.add(node.place)
        late_acts.queue(connection, {place for place in anew if self._is_below(roster, place)})
        for place, several in by_place.items():
            reports = self._reports(connection, place)
            for node, growth in several if reports else ():
                signed = [(event.header.actor, event.header.seq, event.hash) for event in growth.events]
                late_acts.add(connection, place, _late_of(node, growth.row, signed, reports))

    def keep_changes(self, connection: Connection, taking: Taking, version: int) -> None:
        """The same; who spoke of accounts may stand for nothing by the new roster, or for something again."""
        super().keep_changes(connection, taking, version)
        late_acts.queue(connection, late_acts.places(connection))

    def look_for_late_acts(self) -> None:
        """Have all that is held looked through, as after an upgrade from a program that did not know of it. Raises
        NotSaved."""
        with self.store.writing() as connection:
            late_acts.queue(connection, late_acts.places(connection))

    def find_late_acts(self) -> bool:
        """Look through the next slice of a place that is queued; whether there was one. Raises NotSaved."""
        with self.store.reading() as connection:
            if late_acts.next_queued(connection) is None:
                return False
        try:
            with self.store.writing() as connection:
                queued = late_acts.next_queued(connection)
                scopes = {about(queued.place)} if queued is not None and self._look_on(connection, queued) else set()
                if scopes:
                    self.mark_news(connection, scopes)
        except Overtaken:
            return True
        if scopes:
            self.tell(scopes)
        return True

    def late_acts(self, narrowed: Narrowed | None = None, page: int = 1) -> LatePage:
        """Acts of accounts of places below that stand behind the position at which these were disabled; the last page
        where a later one is asked for."""
        wanted = narrowed or Narrowed()
        with self.store.reading() as connection:
            total = late_acts.counted(connection, wanted)
            found = LatePage([], total, page)
            number = min(page, found.pages)
            acts = late_acts.listed(connection, wanted, PAGE_SIZE, (number - 1) * PAGE_SIZE)
            return found._replace(acts=acts, page=number)

    def late_places(self) -> dict[str, int]:
        """Place below -> how many of such acts it has."""

        def ask(connection: Connection) -> dict[str, int]:
            return {place: late_acts.counted(connection, Narrowed(place)) for place in late_acts.named(connection)}

        return self.remembered("late places", ask)

    def _is_below(self, roster: Roster, place: str) -> bool:
        places, here = roster.places, self.identity.place
        return here in places and place in places and place != here and places.covers(here, place)

    def _reports(self, connection: Connection, place: str) -> _Reports:
        def read(raw: bytes) -> dict[str, object] | None:
            return accounts.read(kinds.ACCOUNT_STATE, raw)

        return accounts.reports_of(place, self.records(connection, kinds.ACCOUNT_STATE, read, about(place)))

    def _look_on(self, connection: Connection, queued: Queued) -> bool:
        """Find every late act in the next events of a place, and go on behind them the next time; whether what is shown
        has changed. What was signed while an account was shut stays late after it is open again."""
        place, roster = queued.place, self.roster_in(connection)
        below = self._is_below(roster, place)
        reports = self._reports(connection, place) if below else {}
        mine = {row.id: (node, row) for node, row in self._streams_of(connection, roster, place)} if below else {}
        changed = not queued.stream and late_acts.forget_others(connection, place, mine)
        left = _SLICE
        for number in sorted(each for each in mine if each >= queued.stream):
            node, row = mine[number]
            ends = _ends(reports, node, row)
            first = min((end for each in ends.values() for end, disabled in each if disabled), default=row.head_seq)
            after = queued.seq if number == queued.stream else 0
            some = streams.events_between(connection, number, max(after, first), row.head_seq, left)
            upto = some[-1].seq if len(some) == left else row.head_seq
            signed = ((load_header(each.header).actor, each.seq, each.hash) for each in some)
            changed |= late_acts.replace(connection, place, number, (after, upto), _late_of(node, row, signed, reports))
            left -= len(some)
            if not left:
                late_acts.go_on(connection, queued._replace(stream=number, seq=upto))
                return changed
        late_acts.done(connection, queued)
        return changed

    def _streams_of(self, connection: Connection, roster: Roster, place: str) -> list[tuple[Node, StreamRow]]:
        """The streams that a place has written, with who did, each branch by itself."""
        lives = [node.incarnation for node in roster.nodes_of(place)]
        known = ((roster.node(row.incarnation), row) for row in streams.of_incarnations(connection, lives))
        return [(node, row) for node, row in known if node is not None]


def _ends(reports: _Reports, node: Node, row: StreamRow) -> dict[str, list[tuple[int, bool]]]:
    """Account -> where what is said of it ends in a stream."""
    return {
        account: accounts.ends_of(said, node.incarnation, node.order, row.scope) for account, said in reports.items()
    }


def _late_of(node: Node, row: StreamRow, written: Iterable[tuple[str, int, bytes]], reports: _Reports) -> list[LateKey]:
    """What was signed too late among these (actor, seq, hash) of one stream."""
    ends = _ends(reports, node, row)
    late = ((actor, seq, chain) for actor, seq, chain in written if accounts.is_late(ends.get(actor, ()), seq))
    return [LateKey(actor, row.id, seq, chain) for actor, seq, chain in late]
