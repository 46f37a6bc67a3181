"""What the life before left behind: taken off where others hold something else, written again where nobody holds it.

Streams of an ended life are in doubt from their highest receipt on (incarnations.py says why). Here they are settled.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from sync_protocol.errors import ProtocolError
from sync_protocol.event import Position, load_header, mark
from sync_protocol.exchange import StreamPoint
from sync_protocol.places import about, followed_scopes
from sync_protocol.roster import NODE, Change, Roster, read_payload
from sync_protocol.suites import sha256
from sync_protocol.wire import Segment, rebuild
from village_node.casebook import freezing, hearing, ledger, moving
from village_node.casebook.growth import Growth
from village_node.casebook.incarnations import Incarnations
from village_node.casebook.ledger import Entry
from village_node.casebook.rewriting import Content, Moved, Taken, cases_of, content_of, named_elsewhere, write_again
from village_node.store import Connection, Overtaken, cases, doubts, streams
from village_node.store.doubts import Doubt
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.streams import StreamRow


class Settling(Incarnations):
    """The part of the casebook that settles what is in doubt."""

    def concerned(self, connection: Connection, before: Roster, now: Roster) -> set[CaseKey]:
        """The cases that a grown roster may change: what is unsettled, and ours where it countersigned our life."""
        found = set(cases.unsettled(connection))
        me = self.identity.incarnation
        if before.node(me) is None and now.node(me) is not None:
            for row in streams.in_scopes(connection):
                if row.incarnation == me:
                    found |= {(row.scope, case_id) for case_id in doubts.cases_beyond(connection, row.id, 0)}
        changed = before.places.successions ^ now.places.successions  # said, or out of its chain: 5.2, 5.3
        if changed:
            codes = {each for code, _ in changed if code in now.places for each in (code, *now.places.inherited(code))}
            scopes = {about(each) for code in codes for each in now.places.below_or_self(code)}
            for row in streams.in_scopes(connection):
                if row.scope in scopes:
                    found |= {(row.scope, case_id) for case_id in doubts.cases_beyond(connection, row.id, 0)}
        was = {node.incarnation: node for node in (*before.nodes(), *before.struck)}
        moved = {one.incarnation for one in (*now.nodes(), *now.struck) if was.get(one.incarnation, one) != one}
        if moved:  # overruled, named again, or revoked
            found |= freezing.ruled_by(connection, moved)
            for row in streams.in_scopes(connection):
                if row.incarnation in moved and row.scope.startswith("about:"):
                    found |= {(row.scope, case_id) for case_id in doubts.cases_beyond(connection, row.id, 0)}
        return found

    def give_way(
        self, connection: Connection, segment: Segment, row: StreamRow
    ) -> tuple[StreamRow, list[Taken]] | None:
        """Take off a doubted end of an ended life's stream what differs from a sealed segment that came.

        The stream as it stands then, and what was taken off; None where others are known to hold what stands here.
        """
        doubt = next((one for one in doubts.held(connection) if one.row.id == row.id), None)
        events = rebuild(segment, row.stream_id, doubts.hash_at(connection, row, segment.first_seq - 1))
        split = next(
            event.header.seq
            for event in events
            if event.header.seq <= row.head_seq and doubts.hash_at(connection, row, event.header.seq) != event.hash
        )
        if doubt is None or split <= doubt.seq:
            return None
        cut, taken = doubts.cut_back(connection, row, split - 1)
        return cut, [Taken(row.incarnation, row.scope, event, True) for event in taken]

    def write_again(
        self, connection: Connection, roster: Roster, scopes: Iterable[str], taken: Sequence[Taken]
    ) -> tuple[dict[StreamKey, Growth], set[CaseKey]]:
        """What was taken off the streams of ended lives, as it stands in those of the present one: appended there, in
        front of what it has written into these scopes since. The streams as they grow, and the cases to be folded."""
        me = self.identity.incarnation
        if any(each.incarnation == me for each in taken):
            raise Overtaken  # another worker has begun a new life, and this one has not heard of it yet
        order = list(self.identity.lives)
        growths: dict[StreamKey, Growth] = {}
        touched: set[CaseKey] = set()
        moved: Moved = {}
        earlier = moving.remembered(connection) if taken else {}
        before = moving.by_life(earlier, order)
        # What a place says to all below it comes first: its decisions name the delegations there. Then what is about
        # the place itself: its checks name the samples there.
        home = about(self.identity.place)
        for scope in sorted(scopes, key=lambda each: (not each.startswith("below:"), each != home, each)):
            key = (me, scope)
            first = sorted(
                (each for each in taken if each.scope == scope),
                key=lambda each: (order.index(each.incarnation), each.event.seq),
            )
            row = streams.by_keys(connection, [key]).get(key)
            if row is None and not first:
                continue
            if row is None:
                node = self.author(roster, me)
                assert node is not None, "our place is in the roster: it wrote what was taken off"
                with self.store.apart(connection) as own:
                    streams.add(own, [ledger.new_stream(self, node, scope)])
                row = streams.by_keys(connection, [key])[key]
            row, since = doubts.cut_back(connection, row, 0)
            written = [*first, *(Taken(me, scope, event) for event in since)]
            growths[key] = Growth(row)
            touched |= cases_of(written)
            write_again(growths[key], written, self._copies(connection, written), moved, before, self.identity.place)
        if taken:
            moving.remember(connection, earlier, moved, me)
        return growths, touched

    def _copies(self, connection: Connection, written: Iterable[Taken]) -> dict[Content, Position]:
        """What our ended lives have written of the same cases and still stands: content -> position."""
        keys = cases_of(written)
        ended = self.identity.lives.keys() - {self.identity.incarnation}
        return {
            content_of(load_header(row.event.header)): Position(row.incarnation, row.event.seq, mark(row.event.hash))
            for row in streams.of_cases(connection, [case_id for _, case_id in keys])
            if row.incarnation in ended and (row.scope, row.event.case_id) in keys
        }

    def settle(self, theirs: Iterable[StreamPoint], place: str) -> None:
        """See from what a neighbour holds (of the scopes that ``place`` follows) which doubted events never left, and
        have the present life write them again. Raises NotSaved."""
        if not self.remembered("doubts", lambda view: len(doubts.held(view))):
            return
        with suppress(Overtaken):  # another worker has written meanwhile: the next exchange tries again
            # Of a stream that is forked there, a branch stands for it: those sort behind the point without a path.
            self._settle({point.stream: point for point in sorted(theirs, key=lambda point: point.path)}, place)

    def settle_by_hand(self, theirs: Iterable[StreamPoint], place: str, told: Iterable[Change]) -> None:
        """The same from a bundle of an ancestor, if it was written down since our present life was countersigned: then
        the changes that came with it name that. One further up may hold less than the one directly above, which is
        waited for until people answer for it. Raises NotSaved."""
        above = self.roster.places.parent(self.identity.place)
        if not self.remembered("doubts", lambda view: len(doubts.held(view))) or not self._names_us(told):
            return
        with self.store.reading() as connection:
            answered = hearing.answered_for(connection)
        if place == above or above in answered:
            self.settle(theirs, self.identity.place)
        else:
            self._hearing.pass_over()
            self._show_waiting()

    def _names_us(self, changes: Iterable[Change]) -> bool:
        """Whether one of these changes, which stands here too, names our present life."""
        roster, me = self.roster, self.identity.incarnation
        for change in changes:
            with suppress(ProtocolError):
                part, _, n, *_, ops = read_payload(change)
                if any(op[:2] == [NODE, me] for op in ops) and n <= roster.length(part):
                    return roster.hash_at(part, n) == sha256(change.payload)
        return False

    def _settle(self, there: dict[StreamKey, StreamPoint], place: str) -> None:
        with self.store.writing() as connection:
            self.hold_life(connection)
            roster = self.roster_in(connection)
            held = doubts.held(connection)
            followed = followed_scopes(roster.places, place)
            self._hearing.show(
                place,
                {
                    doubt.row.key: _held_there(connection, doubt, there.get(doubt.row.key))
                    for doubt in held
                    if doubt.row.scope in followed
                },
            )
            asked = self._asked(connection, roster)
            mine = [doubt for doubt in held if self.identity.parent is None or doubt.row.scope in followed]
            # All lives in one scope together: what one of them never sent, a later one may have written again.
            waiting = {doubt.row.scope for doubt in mine if self._hearing.unheard(doubt, asked)}
            scopes = {doubt.row.scope for doubt in mine if self._raise(connection, doubt)}
            known = [(doubt, self._hearing.known(doubt)) for doubt in mine if doubt.row.scope not in waiting]
            early = self._too_early(connection, known, {doubt.row.scope for doubt in held})
            known = [(doubt, seq) for doubt, seq in known if doubt.row.scope not in early]
            if known:
                scopes |= {doubt.row.scope for doubt, _ in known}
                self._write_what_never_left(connection, roster, known)
            if scopes:
                self.mark_news(connection, scopes)
        if scopes:
            self.tell(scopes)
        self._show_waiting()

    def _too_early(
        self, connection: Connection, known: Sequence[tuple[Doubt, int]], doubted: Iterable[str]
    ) -> set[str]:
        """Scopes whose events rely on one that stays in doubt in another scope: where that will stand is not known
        yet, and what names it is written again together with it."""
        staying = {*doubted} - {doubt.row.scope for doubt, _ in known}
        here = self.identity.place
        if not any(scope.startswith("below:") or scope == about(here) for scope in staying):
            return set()
        me, scopes = self.identity.incarnation, {doubt.row.scope for doubt, _ in known}
        ours = streams.by_keys(connection, [(me, scope) for scope in scopes]).values()
        ends = [*((doubt.row, seq) for doubt, seq in known), *((row, 0) for row in ours)]
        return {
            row.scope
            for row, seq in ends
            for event in streams.events_between(connection, row.id, seq, row.head_seq, row.head_seq - seq)
            if any(dep.scope in staying for dep in load_header(event.header).deps)
            or any(scope in staying for scope, _ in named_elsewhere(event, here))
        }

    def _raise(self, connection: Connection, doubt: Doubt) -> bool:
        """Note how far a doubted stream is known to be held elsewhere; whether that is further than before."""
        known = self._hearing.known(doubt)
        doubts.raise_to(connection, doubt.row.id, known)
        return known > doubt.seq

    def _write_what_never_left(
        self, connection: Connection, roster: Roster, known: Sequence[tuple[Doubt, int]]
    ) -> None:
        """Take the ends of these doubted streams off, and have the present life write them again."""
        scopes = {doubt.row.scope for doubt, _ in known}
        scopes |= moving.naming(connection, self.identity, {doubt.row.key: seq for doubt, seq in known})
        keys = {
            (doubt.row.scope, case_id)
            for doubt, seq in known
            for case_id in doubts.cases_beyond(connection, doubt.row.id, seq)
        }
        for row in streams.by_keys(connection, [(self.identity.incarnation, scope) for scope in scopes]).values():
            keys |= {(row.scope, case_id) for case_id in doubts.cases_beyond(connection, row.id, 0)}
        self.store.exclusive(connection, sorted(keys), sorted({doubt.row.key for doubt, _ in known}))
        taken: list[Taken] = []
        for doubt, seq in known:
            off = doubts.cut_back(connection, doubt.row, seq)[1]
            taken += [Taken(doubt.row.incarnation, doubt.row.scope, event) for event in off]
            doubts.end(connection, doubt.row.id)
        growths, touched = self.write_again(connection, roster, scopes, taken)
        ledger.write(self, connection, Entry(roster, self.clock(), growths, refold=touched))


def _held_there(connection: Connection, doubt: Doubt, point: StreamPoint | None) -> int | None:
    """Up to where a neighbour and we hold the same of a doubted stream; None while it holds more, or something else,
    or knows of a fork in it: the proof comes, and ends the doubt."""
    if point is not None and point.path:
        return None
    seq = point.seq if point is not None else 0
    if point is None or seq <= doubt.seq:
        return doubt.seq
    if seq > doubt.row.head_seq:
        return None
    return seq if mark(doubts.hash_at(connection, doubt.row, seq)) == mark(point.hash) else None
