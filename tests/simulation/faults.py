"""The faults of machines, disks, clocks and lines, each with its beginning and its end; those of calls are the wire's.

A table names every kind with how often it comes in a virtual day. Hostile and newer nodes are in `hostile`.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.simulation import disk, hostile
from tests.simulation.heads import RETENTION_MS

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation
    from tests.simulation.station import Station

HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0
LIES_S: Final = 6 * HOUR_S
YEAR_MS: Final = 31_556_952_000
Fault = Callable[["Faults"], bool]  # whether it could happen


class Faults:
    """Plans faults and ends them."""

    def __init__(self, sim: "Simulation", chance: random.Random) -> None:
        self.sim = sim
        self.chance = chance
        self.over = False
        self.backups: dict[str, tuple[float, dict[str, bytes]]] = {}  # when each was made, and what

    def plan_day(self, day: int) -> None:
        """Plan the faults of one day."""
        for kind, (a_day, fault) in FAULTS.items():
            for _ in range(_times(self.chance, a_day)):
                at_s = day * DAY_S + self.chance.uniform(0, DAY_S)
                self.sim.loop.after(at_s - self.sim.loop.now_s, partial(self._begin, kind, fault))

    def end(self) -> None:
        """All faults are over: lines, disks and clocks are sound, every machine runs."""
        self.over = True
        self.sim.wire.calm()
        for station in self.sim.stations.values():
            station.disk.state = disk.SOUND
            station.disk.cut_before_commit = station.disk.cut_after_commit = 0
            station.clock.mend()
            station.start()
        self.sim.join()
        self._put_away()

    def _put_away(self) -> None:
        """Of two machines one stays. What the other wrote under lives that it began alone may have gone with it."""
        truth, place_of = self.sim.truth, self.sim.world.place_of
        for code in sorted({place_of[one] for one, kind in truth.two_lives.items() if kind == "clone"}):
            station = self.sim.stations[code]
            for incarnation in (one for one, place in place_of.items() if place == code):
                if incarnation not in station.identity.lives:
                    truth.two_lives.setdefault(incarnation, "clone")
            self.sim.forget_lost(station)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """End a fault after a while, unless all are over by then."""
        self.sim.loop.after(seconds, lambda: None if self.over else act())

    def some(self, *levels: str) -> "Station":
        """A station of one of these levels; of any without."""
        codes = [
            code
            for code, one in self.sim.stations.items()
            if one.enrolled and (not levels or one.place.level in levels)
        ]
        code = self.chance.choice(codes)
        self.sim.quiet.touch(code)
        return self.sim.stations[code]

    def _begin(self, kind: str, fault: Fault) -> None:
        if not self.over and fault(self):
            self.sim.happened(kind)


def _times(chance: random.Random, a_day: float) -> int:
    whole = int(a_day)
    return whole + (chance.random() < a_day - whole)


def _line_is_down(faults: Faults) -> bool:
    station, wire = faults.some("village", "township"), faults.sim.wire
    if station.code in wire.cut_off:
        return False
    wire.cut_off.add(station.code)

    def end() -> None:
        wire.cut_off.discard(station.code)
        for child in (station, *faults.sim.children(station.code)):
            child.wait_for_news()

    faults.later(faults.chance.choice((0.2 * HOUR_S, 0.6 * HOUR_S, 6 * HOUR_S)) * faults.chance.random(), end)
    faults.sim.say(station, "its line is down")
    return True


def _hears_nothing(faults: Faults) -> bool:
    station, wire = faults.some("village", "township"), faults.sim.wire
    if station.code in wire.deaf:
        return False
    wire.deaf.add(station.code)
    faults.later(2 * HOUR_S * faults.chance.random(), lambda: wire.deaf.discard(station.code))
    faults.sim.say(station, "is heard and hears nothing")
    return True


def _slow_line(faults: Faults) -> bool:
    station, wire = faults.some(), faults.sim.wire
    if station.code in wire.slow:
        return False
    wire.slow.add(station.code)
    faults.later(DAY_S * faults.chance.random(), lambda: wire.slow.discard(station.code))
    return True


def _power_cut(faults: Faults) -> bool:
    station = faults.some()
    if not station.is_up():
        return False
    station.cut()
    return True


def _cut_before_commit(faults: Faults) -> bool:
    station = faults.some()
    if not station.is_up() or station.disk.cut_before_commit:
        return False
    station.disk.cut_before_commit = faults.chance.randint(1, 3)
    return True


def _cut_after_commit(faults: Faults) -> bool:
    station = faults.some()
    if not station.is_up() or station.disk.cut_after_commit:
        return False
    station.disk.cut_after_commit = faults.chance.randint(1, 3)
    return True


def _restart(faults: Faults) -> bool:
    station = faults.some()
    if not station.is_up():
        return False
    station.stop()
    faults.sim.say(station, "stops")
    faults.sim.loop.after(faults.chance.uniform(5.0, 600.0), station.start)
    return True


def _parent_is_dead(faults: Faults) -> bool:
    """A township stays away for so long that its villages ask the county."""
    station = faults.some("township")
    if not station.is_up():
        return False
    station.cut(restart_s=faults.chance.uniform(5 * HOUR_S, 9 * HOUR_S))
    return True


def _disk_trouble(state: str, most_s: float) -> Fault:
    def begin(faults: Faults) -> bool:
        station = faults.some()
        if station.disk.state != disk.SOUND:
            return False
        station.disk.state = state

        def end() -> None:
            station.disk.state = disk.SOUND

        faults.later(most_s * faults.chance.random(), end)
        faults.sim.say(station, f"its disk is {state}")
        return True

    return begin


def _clock_jump(faults: Faults) -> bool:
    station = faults.some()
    years = faults.chance.choice((-10.0, 10.0, -0.003, 0.0082, 12.0, -1 / 8766))
    station.clock.jump(int(years * YEAR_MS))
    if faults.chance.random() < 0.7:
        faults.later(2 * DAY_S * faults.chance.random(), station.clock.mend)
    faults.sim.say(station, f"its clock jumps by {years:.4f} years")
    return True


def _clock_drift(faults: Faults) -> bool:
    station = faults.some()
    station.clock.drift(faults.chance.choice((-0.3, -0.01, 0.01, 0.5)))
    faults.later(3 * DAY_S * faults.chance.random(), station.clock.mend)
    faults.sim.say(station, "its clock drifts")
    return True


def _dead_clock(faults: Faults) -> bool:
    station = faults.some()
    station.clock.die()
    faults.later(3 * DAY_S * faults.chance.random(), station.clock.mend)
    faults.sim.say(station, "it is 1970 here")
    return True


def _backup(faults: Faults) -> bool:
    """Somebody makes a backup: no fault, but what a restore and a clone are made from."""
    station = faults.some()
    faults.backups.setdefault(station.code, (faults.sim.loop.now_s, station.disk.image()))
    return False


def _restore(faults: Faults) -> bool:
    """An old backup is put back, and people go on as if nothing had happened. The county's is not older than the term
    after which others clear what it holds: that they are told to see to."""
    sim = faults.sim
    made_s, _ = faults.backups.get(sim.world.tree.root, (0.0, {}))
    if sim.loop.now_s - made_s > RETENTION_MS / 1000:
        faults.backups.pop(sim.world.tree.root, None)
    codes = sorted(code for code in faults.backups if sim.stations[code].sound())
    if not codes or faults.sim.truth.two_lives:
        return False
    station = faults.sim.stations[faults.chance.choice(codes)]
    station.stop()
    faults.sim.lives_twice(station, "restore")
    _, image = faults.backups.pop(station.code)
    if faults.chance.random() < 0.5:  # the database alone: what lies beside it remembers
        image = {name: raw for name, raw in image.items() if not name.startswith("/")}
    station.disk.put_back(image)
    faults.sim.watch.forget(station)
    faults.sim.say(station, f"is restored from a backup of {len(image)} files")
    station.start()
    faults.sim.forget_lost(station)
    return True


def _lying_disk(faults: Faults) -> bool:
    """A disk keeps nothing of what it is told to sync, for a while; then the power goes."""
    station = faults.some()
    if not station.sound() or faults.sim.truth.two_lives:
        return False
    faults.sim.lives_twice(station, "lying_disk")
    image = station.disk.image()
    if faults.chance.random() < 0.5:  # the files beside the database lie on a better one
        image = {name: raw for name, raw in image.items() if not name.startswith("/")}
    station.disk.cut_back = image
    faults.sim.say(station, "its disk keeps nothing from here on")

    def cut() -> None:
        if station.is_up() and station.disk.cut_back is not None:
            station.cut()

    faults.sim.loop.after(LIES_S * faults.chance.random(), cut)
    return True


def _clone(faults: Faults) -> bool:
    """A copy of a disk is started in another machine for some days; then one of the two stays.

    Of any place: the people of a county's machine that was succeeded are asked whether it goes on, as everywhere.
    """
    station, late = faults.some(), faults.sim.stations[faults.sim.world.latecomer]
    if not station.is_up() or faults.sim.truth.two_lives:
        return False
    if not late.enrolled and late.place.parent == station.code:
        return False  # a change on paper is of one machine: people enrol nobody on two
    original, copy = station.disk.image(), station.disk.image()
    faults.sim.lives_twice(station, "clone")
    faults.sim.truth.turns[station.code] = 0
    faults.sim.say(station, "has a twin")

    def swap() -> None:
        """The other machine is the one that is switched on; each goes on from where it was."""
        nonlocal copy
        if not station.is_up():
            return
        mine = station.disk.image()
        station.stop()
        station.disk.put_back(copy)
        copy = mine
        faults.sim.watch.forget(station)
        faults.sim.truth.turns[station.code] += 1
        station.start()

    assert original == copy
    for hours in sorted(faults.chance.uniform(2.0, 60.0) for _ in range(4)):
        faults.later(hours * HOUR_S, swap)
    return True


FAULTS: Final[dict[str, tuple[float, Fault]]] = {
    "partition": (0.6, _line_is_down),
    "asymmetric_partition": (0.3, _hears_nothing),
    "slow_peer": (0.5, _slow_line),
    "power_cut": (0.8, _power_cut),
    "cut_before_commit": (0.8, _cut_before_commit),
    "cut_after_commit": (0.8, _cut_after_commit),
    "restart": (0.7, _restart),
    "parent_dead": (0.06, _parent_is_dead),
    "disk_full": (0.4, _disk_trouble(disk.FULL, 8 * HOUR_S)),
    "io_error": (0.4, _disk_trouble(disk.FAILING, 4 * HOUR_S)),
    "read_only": (0.3, _disk_trouble(disk.READ_ONLY, 6 * HOUR_S)),
    "unreadable": (0.3, _disk_trouble(disk.UNREADABLE, 3 * HOUR_S)),
    "clock_jump": (0.4, _clock_jump),
    "clock_drift": (0.3, _clock_drift),
    "dead_clock": (0.2, _dead_clock),
    "backup": (0.3, _backup),
    # See ONCE_IN_A_STORY.
    "restore": (0.02, _restore),
    "lying_disk": (0.015, _lying_disk),
    "clone": (0.012, _clone),
    **hostile.FAULTS,
}
# What follows from two of these nobody could tell apart.
ONCE_IN_A_STORY: Final = frozenset({"restore", "lying_disk", "clone", "hostile_equivocation"})
