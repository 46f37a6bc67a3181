"""Try crashed disks one after the other: build each, open it, look at everything, and count."""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from tests.crash import checker, powercuts
from tests.crash.disk import build, digest
from tests.crash.operations import Mark, Operation
from tests.crash.powercuts import State
from tests.crash.reopened import Fault
from tests.crash.scenarios import ALL
from tests.crash.stage import NODE
from tests.crash.told import Told
from tests.crash.warm import warm
from tests.postgresql import memory
from village_node import app

FAULTS_KEPT = 20


@dataclass
class Tally:
    """What came of some states of one scenario. `equal`: drawn, but byte for byte what had been looked at already."""

    scenario: str
    states: int = 0
    equal: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Add what another process counted."""
        self.states += other.states
        self.equal += other.equal
        self.seconds += other.seconds
        self.cpu_s += other.cpu_s
        self.kinds.update(other.kinds)
        self.faults = (self.faults + other.faults)[:FAULTS_KEPT]


def try_all(scenario: str, log: list[Operation], states: Iterable[State], keep: Path | None = None) -> Tally:
    """Build and check each state. `keep`: where the first disks that show a fault are left to be looked at."""
    told = Told([each.words for each in log if isinstance(each, Mark)])
    tally = Tally(scenario)
    seen: set[tuple[bytes, bool, int]] = set()
    began, cpu_began = time.monotonic(), time.process_time()
    app.spare_the_collector()  # as a node does when it begins to serve
    with tempfile.TemporaryDirectory(prefix="sanji-crash-", dir=memory()) as place, warm() as kept:
        folder = Path(place) / "disk"
        for number, state in enumerate(states):
            files = state.window.disk.after(state.fates)
            disk = (digest(files), state.garbage, state.window.marks)
            if disk in seen:
                tally.equal += 1
                continue
            seen.add(disk)
            build(folder, files, garbage=state.garbage)
            found = checker.check(folder / NODE, told, state.window.marks, ALL[scenario], number=number)
            tally.states += 1
            if found:
                tally.kinds.update({fault.kind for fault in found})
                if len(tally.faults) < FAULTS_KEPT:
                    tally.faults.append(_described(scenario, state, found))
                    if keep is not None:
                        again = keep / f"{scenario}-{state.window.number}-{len(tally.faults)}"
                        build(again, files, garbage=state.garbage)
            kept.cool()
            shutil.rmtree(folder)
    tally.seconds, tally.cpu_s = time.monotonic() - began, time.process_time() - cpu_began
    return tally


def _described(scenario: str, state: State, found: list[Fault]) -> str:
    """Where the power went, what came through, and what is wrong."""
    kept = [
        f"{type(operation).__name__}{operation[:2]}" + ("" if fate == -1 else f" torn {fate:#x}")
        for operation, fate in zip(state.window.disk.pending, state.fates, strict=True)
        if fate
    ]
    wrong = "; ".join(f"{fault.kind}: {fault.words}" for fault in found[:3])
    return f"{scenario}, window {state.window.number}, after {state.window.marks} marks, kept {kept[:12]}: {wrong}"


def states_of(
    scenario: str,
    log: list[Operation],
    count: int,
    seed: int,
    share: int = 0,
    shares: int = 1,
    *,
    by_chance: bool = False,
) -> Iterable[State]:
    """The states to be tried by one of several processes: all of a short scenario, unless `by_chance`, else `count`,
    and before them a cut at each write where the scenario is to be tried so."""
    if ALL[scenario].exhaustive and not by_chance:
        return powercuts.exhaustive(log) if share == 0 else iter(())
    drawn = powercuts.drawn(log, count, f"{scenario} {seed}", share, shares)
    if by_chance or not ALL[scenario].each_write:
        return drawn
    return chain(powercuts.at_each_write(log, share, shares), drawn)
