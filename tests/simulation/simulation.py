"""One seed: the county is founded, people work and faults happen for so many days, everything heals, and is judged."""

import random
import shutil
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest.mock import patch

from center_node.checkpoints import DailyCheckpoint
from sync_protocol.errors import ProtocolError
from sync_protocol.roster import Change
from tests.crash.warm import warm
from tests.simulation import healing
from tests.simulation.bookkeepers import Bookkeepers
from tests.simulation.couriers import Couriers
from tests.simulation.disk import SOUND, Disk, PowerCut
from tests.simulation.faults import Faults
from tests.simulation.heads import Heads
from tests.simulation.known import known
from tests.simulation.loop import Loop
from tests.simulation.people import People
from tests.simulation.quiet import HOUR_S, Quiet
from tests.simulation.station import Station
from tests.simulation.summing import pairs_of
from tests.simulation.trace import Trace
from tests.simulation.truth import Acknowledged, Truth, Violation, short
from tests.simulation.watch import Watch
from tests.simulation.wire import Wire, virtual_deadline
from tests.simulation.world import PLACES, World
from village_node.casebook import CasebookError, NotAllowed
from village_node.store import NotSaved, StoreError
from village_node.uplink import road

DAY_S: Final = 86_400.0
UNFORESEEN: Final = "no error nobody foresaw"
# What ends one seed: whatever it is, it is said how to see it again.
UNEXPECTED: Final = (
    *(CasebookError, ProtocolError, StoreError, OSError),
    *(ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
)
CHECKPOINT_S: Final = 3 * 3600.0  # of the day, when nobody is at work
PURGE_S: Final = 5 * 3600.0
MEMORY: Final = Path("/dev/shm")
# A break, put in before the first step and taken out after the last.
Plant = Callable[["Simulation"], AbstractContextManager[None]]


@dataclass
class Outcome:
    """What one seed came to."""

    seed: int
    days: int
    steps: int = 0
    acts: int = 0
    cases: int = 0
    events: int = 0
    trace: str = ""
    faults: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)  # of kinds that came on one day
    decisions: Counter[str] = field(default_factory=Counter)  # of heads and operators
    violation: str = ""  # the invariant that does not hold; empty where all do
    report: str = ""  # how to see it again, and what led to it


class Simulation:
    """A county of thirteen nodes on one virtual clock."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.loop = Loop()
        self.trace = Trace()
        self.truth = Truth()
        self.faults_happened: Counter[str] = Counter()
        self.faults_of_day: set[str] = set()
        self.pairs: Counter[tuple[str, str]] = Counter()
        self.decisions: Counter[str] = Counter()
        self.steps = 0
        self.world = World(folder, seed)
        self.watch = Watch(self, self.truth, self._chance("words"))
        self.quiet = Quiet(self)
        self.wire = Wire(self, self._chance("wire"))
        self.stations: dict[str, Station] = {}
        for code in PLACES:
            disk = Disk(folder / f"{code}.db", self._chance(f"disk {code}"))
            self.stations[code] = Station(self, code, disk, self._chance(code))
        self.people = People(self, self._chance("people"))
        self.heads = Heads(self, self._chance("heads"))
        self.bookkeepers = Bookkeepers(self, self._chance("bookkeepers"))
        self.faults = Faults(self, self._chance("faults"))
        self.couriers = Couriers(self, self._chance("couriers"))

    def _chance(self, what: str) -> random.Random:
        """Randomness of its own for each part, so that one more draw in one does not change the others."""
        return random.Random(f"{self.seed} {what}")

    def children(self, code: str) -> list[Station]:
        """The stations right below a place."""
        return [one for one in self.stations.values() if one.place.parent == code]

    def join(self) -> None:
        """The village that is late is enrolled by its township, when that can save it and its own life is known."""
        late = self.stations[self.world.latecomer]
        township = self.stations[late.place.parent or ""]
        if late.enrolled:
            return
        if township.sound():
            self.world.learn(township.casebook.roster)
        if not township.sound() or self.world.built.roster.node(township.identity.incarnation) is None:
            self.loop.after(600.0 if self.faults.over else 3600.0, self.join)
            return
        self.world.enrol(late.code)
        self._enter(township, self.world.built.changes[-1])
        late.start()

    def _enter(self, township: Station, change: Change) -> None:
        """The township's people enter the change that they have on paper, again and again until it is saved."""
        try:
            if not township.sound():
                raise NotSaved("", "not now")
            township.casebook.enrol(change)
        except PowerCut:
            township.cut()
            self.loop.after(7200.0, lambda: self._enter(township, change))
        except (NotSaved, NotAllowed):  # a restored one publishes only after it has heard all its neighbours
            self.loop.after(3600.0, lambda: self._enter(township, change))
        self.looked(township, "enrols a village")

    def _checkpoint(self) -> None:
        """The county's daily job: it says under one root what it holds."""
        county = self.stations[self.world.tree.root]
        if not county.is_up():
            return
        try:
            DailyCheckpoint(county.casebook, county.clock, lambda: self.loop.now_s).tick()
        except PowerCut:
            county.cut()
        except StoreError:
            if county.disk.state == SOUND:
                raise
        self.looked(county, "writes a checkpoint")

    def _purge(self) -> None:
        """The daily job of every node that is up."""
        for station in self.stations.values():
            self.heads.purge(station)
        self.heads.erase(self.stations[self.world.tree.root])

    def say(self, station: Station, what: str) -> None:
        """Add a line about a station to the trace."""
        self.trace.say(self.loop.now_s, station.code, what)

    def happened(self, kind: str) -> None:
        """A fault has happened."""
        self.faults_happened[kind] += 1
        self.faults_of_day.add(kind)

    def decided(self, kind: str) -> None:
        """A head or an operator has done this."""
        self.decisions[kind] += 1

    def acknowledge(self, station: Station, scope: str) -> None:
        """A person has been told that what they did is saved."""
        seq, chain_hash = self.watch.own_head(station, scope)
        said_at = self.watch.said_at(station, scope, seq)
        act = Acknowledged(station.code, station.identity.incarnation, scope, seq, chain_hash, said_at)
        self.truth.acknowledged.append(act)

    def lives_twice(self, station: Station, kind: str) -> None:
        """From now on a station's incarnation has two pasts."""
        self.truth.two_lives[station.identity.incarnation] = kind

    def forget_lost(self, restored: Station) -> None:
        """What nobody holds any more, now that a backup was put back, is not asked for later."""
        held = {key for seen in self.watch.seen.values() for key in seen.cases}
        for key in [key for key in self.truth.filed if key not in held]:
            if self.truth.filed.pop(key) != restored.code:
                raise Violation("what is acknowledged stays", (restored.code,), f"case {short(key[1])} is nowhere")

    def looked(self, station: Station, what: str) -> None:
        """A step at a station is over: what it committed is judged, and whoever waits for it hears of it."""
        self.steps += 1
        if not station.is_up() or not self.watch.look(station):
            return
        self.say(station, what)
        if not station.news:
            return
        station.news = False
        program = station.program
        if program is not None and program.uplink is not None and program.uplink._has_news:
            station.plan_turn(0.2)
        for child in self.children(station.code):
            self.loop.after(0.3, child.wait_for_news)

    def run(self, days: int) -> None:
        """Days of work and faults, then healing. Raises Violation."""
        for station in self.stations.values():
            station.start()
        self.loop.run(1800.0)
        self.loop.after(self._chance("latecomer").uniform(0.2, 0.8) * min(days, 5) * DAY_S, self.join)
        for day in range(days):
            self.people.plan_day(day)
            self.bookkeepers.plan_day(day)
            self.faults.plan_day(day)
            self.couriers.plan_day(day)
            self.loop.after(CHECKPOINT_S, self._checkpoint)
            self.loop.after(PURGE_S, self._purge)
            for hour in range(24):
                self.loop.after(hour * HOUR_S, self.quiet.look)
            self.loop.run((day + 1) * DAY_S)
            self.pairs.update(pairs_of(self.faults_of_day))
            self.faults_of_day.clear()
        healing.heal(self)

    def close(self) -> None:
        """Let go of everything."""
        for station in self.stations.values():
            station.life += 1
        self.loop.abandon()
        for station in self.stations.values():
            station.stop()


def simulate(seed: int, days: int, plant: Plant | None = None) -> Outcome:
    """Play one seed. `plant`: a break put in before it begins."""
    outcome = Outcome(seed, days)
    folder = Path(tempfile.mkdtemp(prefix="sanji-simulation-", dir=MEMORY if MEMORY.is_dir() else None))
    sim = Simulation(seed, folder)
    try:
        with (
            patch.object(road, "deadline", virtual_deadline),
            warm(),  # a good signature is looked at once, though thirteen nodes look at it
            known(),
            plant(sim) if plant is not None else nullcontext(),
        ):
            sim.run(days)
    except Violation as violation:
        outcome.violation = violation.invariant
        outcome.report = "\n".join(
            (
                f"seed {seed}: {violation.invariant}: {violation.detail}",
                f"  at {', '.join(violation.nodes)}, step {sim.steps}, day {sim.loop.now_s / DAY_S:.2f}",
                f"  replay: make sim SEED={seed} DAYS={days}",
                *(f"  | {line}" for line in sim.trace.last),
            )
        )
    except UNEXPECTED:  # the other seeds are played all the same
        outcome.violation = UNFORESEEN
        outcome.report = (
            f"seed {seed}: {UNFORESEEN}: replay: make sim SEED={seed} DAYS={days}\n{traceback.format_exc()}"
        )
    finally:
        sim.close()
        shutil.rmtree(folder, ignore_errors=True)
    outcome.steps, outcome.trace, outcome.faults = sim.steps, sim.trace.digest, sim.faults_happened
    outcome.pairs, outcome.decisions = sim.pairs, sim.decisions
    outcome.acts, outcome.cases = sim.people.acts, len(sim.truth.filed)
    outcome.events = sum(len(stream) for stream in sim.truth.written.values())
    return outcome
