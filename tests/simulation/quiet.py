"""What must hold while the story goes on, wherever nothing has gone wrong for some hours.

Each hour somebody looks at every road between a node and its parent. Where neither the road nor a machine at its ends
was touched by a fault for long enough, whatever a node has written since then has its parent's receipt, and whatever
one of the two held then the other one holds now. How long that takes is what the nodes themselves were told: receipts
alone gather for hours, and on a metered line, where no call stands and waits, who owes nothing calls once a day.
"""

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from sync_protocol.places import follows
from tests.simulation.truth import StreamKey, Violation
from tests.simulation.world import PLACES

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation
    from tests.simulation.station import Station

HOUR_S: Final = 3600.0
RECEIPTS_S: Final = 4 * HOUR_S
EQUAL_S: Final = RECEIPTS_S + 2 * HOUR_S  # and two, as at the end of a story
EQUAL_METERED_S: Final = EQUAL_S + 24 * HOUR_S
KEPT: Final = int(EQUAL_METERED_S / HOUR_S) + 1


class Held(NamedTuple):
    """How far the two ends of a road held their streams at some time."""

    at_s: float
    child: dict[StreamKey, tuple[int, int]]
    parent: dict[StreamKey, tuple[int, int]]


class Quiet:
    """Knows when what was last touched."""

    def __init__(self, sim: "Simulation") -> None:
        self._sim = sim
        self._places = dict.fromkeys(PLACES, 0.0)
        self._roads = dict.fromkeys(PLACES, 0.0)  # by the child
        self._held: dict[str, deque[Held]] = {code: deque(maxlen=KEPT) for code in PLACES}
        self.looks: dict[str, int] = {"receipts": 0, "equal": 0}

    def touch(self, code: str) -> None:
        """Something happens to a machine, or to its line."""
        self._places[code] = self._sim.loop.now_s

    def touch_road(self, child: str) -> None:
        """Something happens to a call of this child."""
        self._roads[child] = self._sim.loop.now_s

    def look(self) -> None:
        """Look at every road. Raises Violation."""
        sim = self._sim
        troubled = sim.wire.cut_off | sim.wire.deaf | sim.wire.slow
        for code, station in sim.stations.items():
            if code in troubled or not station.sound():
                self.touch(code)
        if sim.truth.two_lives:  # whoever lives twice holds back until people have chosen
            return
        for station in sim.stations.values():
            if station.place.parent is not None and station.enrolled:
                self._look_at_road(station, sim.stations[station.place.parent])

    def _look_at_road(self, child: "Station", parent: "Station") -> None:
        sim, kept = self._sim, self._held[child.code]
        heads = [dict(sim.watch.seen[one.code].heads) if one.code in sim.watch.seen else {} for one in (child, parent)]
        kept.append(Held(sim.loop.now_s, *heads))
        # What was last looked at an hour ago may have been touched until just now.
        since_s = max(self._places[child.code], self._places[parent.code], self._roads[child.code]) + HOUR_S
        quiet = [held for held in kept if held.at_s >= since_s]
        if not quiet:
            return
        long_ago = [held for held in quiet if held.at_s <= sim.loop.now_s - RECEIPTS_S]
        if long_ago:
            self._check_receipts(child, parent, long_ago[-1])
        enough_s = EQUAL_METERED_S if child.metered else EQUAL_S
        long_ago = [held for held in quiet if held.at_s <= sim.loop.now_s - enough_s]
        if long_ago:
            self._check_equal(child, parent, long_ago[-1])

    def _check_receipts(self, child: "Station", parent: "Station", held: Held) -> None:
        seen = self._sim.watch.seen[child.code]
        signed = {seen.streams[number][1:3]: seq for (number, signer), seq in seen.receipts.items()
                  if signer == parent.identity.incarnation}  # fmt: skip
        self.looks["receipts"] += 1
        for key, (head, _) in held.child.items():
            if key[0] == child.identity.incarnation and signed.get(key, 0) < head:
                detail = f"{key[1]} {head} was written {RECEIPTS_S / HOUR_S:g} quiet hours ago, and has no receipt"
                raise Violation("receipts come soon", (child.code, parent.code), detail)

    def _check_equal(self, child: "Station", parent: "Station", held: Held) -> None:
        tree = self._sim.world.tree
        self.looks["equal"] += 1
        for there, before, here in ((parent, held.child, child), (child, held.parent, parent)):
            now = self._sim.watch.seen[there.code].heads
            for key, (head, _) in before.items():
                shared = follows(tree, child.code, key[1]) and follows(tree, parent.code, key[1])
                if shared and now.get(key, (0, 0))[0] < head:
                    quiet_h = (self._sim.loop.now_s - held.at_s) / HOUR_S
                    detail = f"{here.code} held {key[1]} {head} {quiet_h:.0f} quiet hours ago"
                    raise Violation("equal after quiet hours", (there.code,), detail)
