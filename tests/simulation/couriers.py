"""Couriers of the simulated county: where a line is dead they carry a stick up, and another one back, as people do.

Sticks are lost, spoilt, copied, left in a bag for days, and brought to the wrong door.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.simulation.disk import SOUND, PowerCut
from tests.simulation.truth import Violation
from village_node.casebook import CasebookError
from village_node.courier import Courier, PartState, Trouble
from village_node.store import StoreError

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation
    from tests.simulation.station import Station

HOUR_S: Final = 3600.0
DEAD_LINES_A_DAY: Final = 0.05
DEAD_FROM_S: Final = 7 * HOUR_S  # of the day
DEAD_S: Final = (10 * HOUR_S, 24 * HOUR_S)  # each hour of it costs a story sixty calls in vain
SETS_OUT_S: Final = (9 * HOUR_S, 15 * HOUR_S)
ACTOR: Final = "0001"
TRIES: Final = 8
FATES: Final = ("", "", "", "stick_lost", "stick_spoilt", "stick_copied", "stick_late", "stick_swapped")


class Couriers:
    """Everybody who carries a stick."""

    def __init__(self, sim: "Simulation", chance: random.Random) -> None:
        self._sim = sim
        self.chance = chance

    def plan_day(self, day: int) -> None:
        """On some days a village's line is dead, now and then on the next one as well; on each of them one sets out."""
        if self.chance.random() >= DEAD_LINES_A_DAY:
            return
        villages = [one for one in self._sim.stations.values() if one.place.level == "village" and one.enrolled]
        village = self.chance.choice(villages)
        days = 2 if self.chance.random() < 0.1 else 1
        back_s = DEAD_FROM_S + self.chance.uniform(*DEAD_S) + (days - 1) * 86_400.0
        self._sim.loop.after(DEAD_FROM_S, partial(self._sim.wire.cut_off.add, village.code))
        self._sim.say(village, f"has no line from the morning on, {days}")
        above = self._sim.world.tree.path_up(village.code)[1:]
        place = above[0] if self.chance.random() < 0.8 else above[-1]
        for number in range(days):
            at_s = (day + number) * 86_400 + self.chance.uniform(*SETS_OUT_S) - self._sim.loop.now_s
            self._sim.loop.after(at_s, partial(self._set_out, village.code, place, back=True))
        self._sim.faults.later(back_s, lambda: self._sim.wire.cut_off.discard(village.code))

    def _set_out(self, code: str, place: str, *, back: bool) -> None:
        """A stick is written at one place for another, and walks. `back`: and one comes back."""
        station = self._sim.stations[code]
        written: list[bytes] = []

        def write() -> None:
            written.append(self._courier(station).fold(ACTOR, place)[1])

        # Whoever has put a backup back lets the line speak first: what is carried by hand carries no challenge.
        lives = self._sim.truth.two_lives
        if self._sim.faults.over or not station.sound() or lives or not self._do(station, "writes a stick", write):
            return
        raw = written[0]
        fate = self.chance.choice(FATES)
        walk_s = self.chance.uniform(HOUR_S, 4 * HOUR_S)
        if fate:
            self._sim.happened(fate)
        if fate == "stick_lost":
            return
        if fate == "stick_spoilt":
            at = self.chance.randrange(len(raw))
            raw = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        if fate == "stick_late":
            walk_s += self.chance.uniform(1, 5) * 86_400.0
        if fate == "stick_swapped":
            other = self.chance.choice([one for one in sorted(self._sim.stations) if one not in (place, code)])
            self._sim.loop.after(walk_s / 2, partial(self._bring, raw, other, "", TRIES))
        for _ in range(2 if fate == "stick_copied" else 1):
            self._sim.loop.after(walk_s, partial(self._bring, raw, place, code if back else "", TRIES))
            walk_s += self.chance.uniform(HOUR_S, 30 * HOUR_S)

    def _bring(self, raw: bytes, place: str, home: str, tries: int) -> None:
        """A stick is taken in; `home`: where another one is carried to from here."""
        station = self._sim.stations[place]
        if self._sim.faults.over:
            return
        if not station.sound():
            if tries:
                self._sim.loop.after(6 * HOUR_S, partial(self._bring, raw, place, home, tries - 1))
            return

        def take() -> None:
            try:
                outcome = self._courier(station).unfold(ACTOR, "", raw)
            except Trouble:
                return  # spoilt where it begins
            if outcome.refused is None:
                self._sim.decided("stick_taken_in")
            if not outcome.whole and (outcome.stored or outcome.receipts) and PartState.SOUND not in outcome.states:
                raise Violation("nothing of a spoilt part gets in", (place,), outcome.words[1])

        if self._do(station, "takes in a stick", take) and home:
            self._set_out(place, home, back=False)

    def _courier(self, station: "Station") -> Courier:
        made = Courier(station.casebook, station.clock, self.chance.randbytes)
        downlink = station.program.downlink if station.program is not None else None
        if downlink is not None:
            made.countersigns(downlink.countersign)
        return made

    def _do(self, station: "Station", what: str, act: Callable[[], None]) -> bool:
        """Let a courier do something at a node; whether it was done."""
        try:
            act()
        except PowerCut:
            station.cut()
            return False
        except StoreError as problem:
            if station.disk.state == SOUND:
                raise Violation("a sound disk saves", (station.code,), f"{what}: {problem.en}") from problem
            self._sim.looked(station, f"{what}: not saved")
            return False
        except CasebookError as problem:
            self._sim.say(station, f"{what}: {problem.en}")
            return False
        self._sim.looked(station, what)
        return True
