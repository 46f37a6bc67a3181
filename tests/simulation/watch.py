"""What must hold after every step: each node's disk is read, and whatever changed is held against the truth.

The invariants are those of PROTOCOL.md, section 12, and of a case: their names are in the violations. Only what changed
is looked at, so that a step costs little; `healing` looks at everything.
"""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sync_protocol import limits
from sync_protocol.event import load_header
from sync_protocol.places import follows
from sync_protocol.stream import stream_id
from tests.simulation.truth import CaseKey, StreamKey, Truth, Violation, short
from village_node.store.parking import SAMPLES

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation
    from tests.simulation.station import Station

WORDS_ASKED: Final = 0.15  # of the steps: how often somebody looks at the sync bar
_STREAMS: Final = (
    "SELECT id, incarnation, scope, head_seq, head_hash, body_seq, body_hash, own FROM streams ORDER BY id"
)
_NEW_EVENTS: Final = "SELECT seq, hash FROM events WHERE stream = ? AND seq > ? ORDER BY seq"
_HASH: Final = "SELECT 1 FROM events WHERE stream = ? AND seq = ? AND hash = ?"
_OF_STREAMS: Final = "FROM events JOIN streams ON streams.id = events.stream WHERE"
_HEADER: Final = f"SELECT events.header {_OF_STREAMS} incarnation = ? AND scope = ? AND seq = ?"
_IN_SCOPE: Final = f"SELECT incarnation, scope, seq, hash, header {_OF_STREAMS} scope = ?"
_RECEIPTS: Final = "SELECT stream, signer, seq FROM receipts ORDER BY stream, signer"
_REFUSED: Final = "SELECT sender, incarnation, scope, seq, code, times FROM refused"
_PARKED: Final = "SELECT sender, count(*), sum(size) FROM parked GROUP BY sender"
_CASES: Final = (
    "SELECT scope, case_id, state, holder, transit_to, n_events, n_waiting, n_void, n_contested, n_needs_update,"
    " decided_ms FROM cases ORDER BY scope, case_id"
)
_BOTH_REFUSED_AND_HELD: Final = (
    "SELECT count(*) FROM answers JOIN streams ON streams.incarnation = answers.incarnation"
    " AND streams.scope = answers.scope JOIN receipts ON receipts.stream = streams.id"
    " AND receipts.signer = answers.peer WHERE answers.disposition = 2 AND receipts.seq >= answers.seq"
)


@dataclass
class Seen:
    """What was last seen on one node's disk."""

    connection: sqlite3.Connection | None = None
    commits: int = -1
    stream_rows: list[tuple[Any, ...]] = field(default_factory=list)
    receipt_rows: list[tuple[Any, ...]] = field(default_factory=list)
    streams: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    heads: dict[StreamKey, tuple[int, int]] = field(default_factory=dict)  # head, contiguous position
    receipts: dict[tuple[int, bytes], int] = field(default_factory=dict)
    refused: int = 0
    cases: dict[CaseKey, tuple[Any, ...]] = field(default_factory=dict)


@contextmanager
def _one_view(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """The same state of the disk for all that is asked: to lock the file once costs less than for each question."""
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.execute("COMMIT")


class Watch:
    """Looks at disks after each step."""

    def __init__(self, sim: "Simulation", truth: Truth, chance: random.Random) -> None:
        self._sim = sim
        self._chance = chance
        self._truth = truth
        self.seen: dict[str, Seen] = {}
        # What hostile or doubled nodes sent on purpose: (receiver, author, scope, position).
        self.decided_here: set[CaseKey] = set()  # by the county: of others a higher place may have taken the case away
        self.provoked: set[tuple[str, bytes, str, int]] = set()

    def opened(self, station: "Station") -> None:
        """A program has opened its disk."""
        seen = self.seen.setdefault(station.code, Seen())
        seen.connection = sqlite3.connect(f"file:{station.disk.path}?mode=ro", uri=True, check_same_thread=False)
        seen.commits = -1

    def closed(self, station: "Station") -> None:
        """A program is about to close its disk."""
        seen = self.seen[station.code]
        if seen.connection is not None:
            seen.connection.close()
            seen.connection = None

    def forget(self, station: "Station") -> None:
        """The disk is another one now: it need not go on from what was seen."""
        self.seen[station.code] = Seen()

    def look(self, station: "Station") -> bool:
        """Judge what one node's disk holds now; whether anything was committed since the last look."""
        seen = self.seen[station.code]
        if seen.connection is None or seen.commits == station.disk.commits:
            return False
        seen.commits = station.disk.commits
        with _one_view(seen.connection) as view:
            grown = self._look_at_streams(station, seen, view)
            self._look_at_receipts(station, seen, view)
            self._look_beside(station, seen, view)
            if grown:
                self._look_at_cases(station, seen, view)
        asked = self._chance.random() < WORDS_ASKED and station.sound() and station.place.parent is not None
        # A county that was put back has forgotten what its receipts say, until it is given back.
        if asked and self.doubled().isdisjoint((station.code, self._sim.world.tree.root)):
            self.check_words(station)
        return True

    def check_words(self, station: "Station") -> int:
        """What the sync bar says lacks at the county is never less than what truly does. Raises Violation."""
        top = self.seen[self._sim.world.tree.root].heads
        own = [row for row in self.seen[station.code].streams.values() if row[1] == station.identity.incarnation]
        missing = sum(max(row[3] - top.get((row[1], row[2]), (0, 0))[1], 0) for row in own)
        said: int = station.casebook.sync_state()["not_at_county"]["events"]
        if said < missing:
            detail = f"{missing} events are not at the county, {said} are said not to be"
            raise Violation("status words never claim more", (station.code,), detail)
        return said

    def own_head(self, station: "Station", scope: str) -> tuple[int, bytes]:
        """How far a node has written into a scope, as last seen. A stream that is only locked has no head yet."""
        for row in self.seen[station.code].streams.values():
            if row[1] == station.identity.incarnation and row[2] == scope and row[3]:
                return row[3], row[4]
        return 0, b""

    def said_at(self, station: "Station", scope: str, seq: int) -> int:
        """The time in the header of an event that a node's present life has written."""
        connection = self.seen[station.code].connection
        assert connection is not None, "it has just answered"
        asked = (station.identity.incarnation, scope, seq)
        return load_header(connection.execute(_HEADER, asked).fetchone()[0]).hlc

    def _look_at_streams(self, station: "Station", seen: Seen, connection: sqlite3.Connection) -> bool:
        """Gapless, equal to what the author wrote, never shorter than before, and of a scope that is followed here."""
        grown = False
        rows = connection.execute(_STREAMS).fetchall()
        if rows == seen.stream_rows:
            return False
        seen.stream_rows = rows
        for row in rows:
            before = seen.streams.get(row[0])
            if before == row:
                continue
            number, incarnation, scope, head, head_hash, body, body_hash, _own = row
            if incarnation in self._truth.two_lives:  # its end may be taken off and written again
                seen.streams[number], seen.heads[incarnation, scope] = row, (head, body)
                grown = True
                self._sim.say(station, f"holds {short(incarnation)} {scope} {head} {short(head_hash)} {body}")
                continue
            key = (incarnation, scope)
            if not follows(self._sim.world.tree, station.code, scope):
                raise Violation("scopes it follows only", (station.code,), f"holds {scope}")
            held, contiguous = (before[3], before[5]) if before else seen.heads.get(key, (0, 0))
            if head < held or body < contiguous:
                raise Violation(
                    "what is acknowledged stays", (station.code,), f"{scope} went back from {held} to {head}"
                )
            self._look_at_new_events(station, connection, row, held, before[4] if before else None)
            if body:
                self._truth.check(station.code, key, body, body_hash, None)
            seen.streams[number] = row
            seen.heads[key] = (head, body)
            grown = grown or head != held or body != contiguous
            self._sim.say(station, f"holds {short(incarnation)} {scope} {head} {short(head_hash)} {body}")
        return grown

    def _look_at_new_events(
        self, station: "Station", connection: sqlite3.Connection, row: tuple[Any, ...], held: int, last: bytes | None
    ) -> None:
        number, incarnation, scope, head, head_hash, _, _, _ = row
        key = (incarnation, scope)
        own = incarnation == station.identity.incarnation
        before = last
        if own and held and connection.execute(_HASH, (number, held, last)).fetchone() is None:
            self._look_at_what_was_written_again(station, connection, key)
            held = 0
        if held == 0:
            before = stream_id(self._sim.world.network_id, incarnation, scope, 1)
        seq = held
        for seq, chain_hash in connection.execute(_NEW_EVENTS, (number, held)).fetchall():
            if seq != held + 1:
                raise Violation("gapless", (station.code,), f"{scope} lacks {held + 1}, holds {seq}")
            if own and before is not None and chain_hash not in self._truth.written.get(key, {}):
                self._truth.wrote(key, seq, chain_hash, before)
            self._truth.check(station.code, key, seq, chain_hash, before)
            held, before = seq, chain_hash
        if held != head or (before is not None and before != head_hash):
            raise Violation("gapless", (station.code,), f"{scope} says {head} and holds events up to {held}")

    def _look_at_what_was_written_again(
        self, station: "Station", connection: sqlite3.Connection, key: StreamKey
    ) -> None:
        """Only what nobody else ever held may get other positions, and nothing that was saved is missing among them."""
        for code, seen in self.seen.items():
            if code != station.code and seen.heads.get(key, (0, 0))[0]:
                raise Violation("one chain", (station.code, code), f"{key[1]} was written again, and is held elsewhere")
        rows = connection.execute(_IN_SCOPE, (key[1],)).fetchall()
        own = [row for row in rows if self._sim.world.place_of.get(row[0]) == station.code]
        now = {load_header(row[4]).hlc: ((row[0], row[1]), row[2], row[3]) for row in own}
        self._truth.written_again(key, now)

    def _look_at_receipts(self, station: "Station", seen: Seen, connection: sqlite3.Connection) -> None:
        """Nobody holds a receipt for what its signer does not have on its disk."""
        rows = connection.execute(_RECEIPTS).fetchall()
        if rows == seen.receipt_rows:
            return
        seen.receipt_rows = rows
        for number, signer, seq in rows:
            if seen.receipts.get((number, signer)) == seq:
                continue
            incarnation, scope = seen.streams[number][1:3]
            place = self._sim.world.place_of[signer]
            if place not in self._forgetful():  # of a twin another machine signed, which is not on now
                held = self.seen[place].heads.get((incarnation, scope), (0, 0))[1]
                if held < seq:
                    detail = f"a receipt of {place} covers {scope} {seq}, it holds {held}"
                    raise Violation("a receipt never covers what is not held", (station.code, place), detail)
            seen.receipts[number, signer] = seq
            self._sim.say(station, f"receipt {place} {short(incarnation)} {scope} {seq}")

    def _look_beside(self, station: "Station", seen: Seen, connection: sqlite3.Connection) -> None:
        """Nothing honest is refused; what is parked and refused is bounded; none is refused and held at once."""
        rows = connection.execute(_REFUSED).fetchall()
        times = sum(row[5] for row in rows)
        if times != seen.refused:
            for sender, incarnation, scope, seq, code, _ in rows:
                provoked = (station.code, incarnation, scope, seq) in self.provoked
                if not provoked and self._truth.two_lives.keys().isdisjoint((sender, incarnation)):
                    place = self._sim.world.place_of.get(sender, short(sender))
                    raise Violation("nothing honest is refused", (station.code, place), f"{scope} {seq}: code {code}")
            seen.refused = times
            self._sim.say(station, f"refused {times}")
        for sender, number, size in connection.execute(_PARKED).fetchall():
            if number > limits.STAGED_SEGMENTS or size > limits.STAGED:
                raise Violation("staging is bounded", (station.code,), f"{number} segments of {short(sender)}")
        if len(rows) > SAMPLES * len(self._sim.stations):
            raise Violation("quarantine is bounded", (station.code,), f"{len(rows)} samples")
        if connection.execute(_BOTH_REFUSED_AND_HELD).fetchone()[0]:
            raise Violation("none is refused and held at once", (station.code,), "an answer beside a receipt")

    def _look_at_cases(self, station: "Station", seen: Seen, connection: sqlite3.Connection) -> None:
        """No event of a case is lost, none of an honest one is void or contested, no decision of the county undone."""
        for row in connection.execute(_CASES).fetchall():
            key, now = (row[0], row[1]), row[2:]
            before = seen.cases.get(key)
            if before == now:
                continue
            if before is not None and now[3] < before[3]:
                raise Violation("no event of a case is lost", (station.code,), f"{short(key[1])}: {now[3]} events")
            if (now[5] or now[6]) and not self.may_be_contested(key):
                detail = f"{short(key[1])}: {now[5]} void, {now[6]} contested"
                raise Violation("an honest act counts", (station.code,), detail)
            undone = before is not None and before[-1] is not None and now[-1] != before[-1]
            # Of two machines both decide, and people say whose decision counts.
            if before is not None and undone and key in self.decided_here and station.code not in self.doubled():
                raise Violation("no decision is undone", (station.code,), f"{short(key[1])}: {before[0]} to {now[0]}")
            if station.place.parent is None and now[-1] is not None and (before is None or before[-1] is None):
                case = station.casebook.case(*key) if station.sound() else None
                if case is not None and case.decision is not None and case.decision.place == station.code:
                    self.decided_here.add(key)
            seen.cases[key] = now
            self._sim.say(station, f"case {short(key[1])} {' '.join(map(str, now))}")

    def doubled(self) -> set[str]:
        """The places of nodes that live twice."""
        return {self._sim.world.place_of[one] for one in self._truth.two_lives}

    def _forgetful(self) -> set[str]:
        """Those of them whose disk went back: of two pasts that one program told, its disk holds one throughout."""
        lives = self._truth.two_lives.items()
        return {self._sim.world.place_of[one] for one, kind in lives if kind not in ("equivocation", "alarm")}

    def may_ring(self, station: "Station") -> bool:
        """Whether there are two machines here, or above: to each of those a child that spoke with the other one looks
        like two itself."""
        return not self.doubled().isdisjoint(self._sim.world.tree.path_up(station.code))

    def may_be_contested(self, key: CaseKey) -> bool:
        """Whether two may have acted on this case who could not know of each other."""
        return key in self._truth.assigned or self.touched_by_two_lives(key)

    def touched_by_two_lives(self, key: CaseKey) -> bool:
        """Whether a restored or cloned node may have had a hand in this case."""
        home = key[0].removeprefix("about:")
        return any(self._sim.world.tree.covers(place, home) for place in self.doubled())
