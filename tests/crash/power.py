"""The run of the power cuts: planted defects first, then every scenario, over two processes."""

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from tests.crash import operations, powercuts, recording
from tests.crash.controls import PLANTS
from tests.crash.scenarios import ALL
from tests.crash.trying import Tally, states_of, try_all

PROCESSES: Final = 2
CONTROL_STATES: Final = 150
EQUAL_PERCENT: Final = 112  # how many are drawn for 100 different ones


def record_to(path: Path, scenario: str, seed: int, plant: str) -> int:
    """Record a scenario into a file; how many states it has where all of them are tried, else 0."""
    log = recording.record(scenario, seed, plant)
    operations.save(path, log)
    return sum(1 for _ in powercuts.exhaustive(log)) if ALL[scenario].exhaustive else 0


def try_share(path: Path, scenario: str, count: int, seed: int, share: int, planted: bool, keep: Path | None) -> Tally:
    """One process's part of the states of a scenario."""
    log = operations.load(path)
    states = states_of(scenario, log, count, seed, share, PROCESSES, by_chance=planted)
    return try_all(scenario, log, states, keep)


class Rig:
    """Two processes that record and try."""

    def __init__(self, folder: Path, seed: int, keep: Path | None) -> None:
        self._pool = ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"))
        self._folder, self._seed, self._keep = folder, seed, keep

    def record(self, names: Sequence[tuple[str, str]]) -> list[int]:
        """Record (scenario, plant) each; how many states the exhaustive ones have."""
        waiting = [self._pool.submit(record_to, self._log(*each), each[0], self._seed, each[1]) for each in names]
        return [each.result() for each in waiting]

    def tries(self, names: Sequence[tuple[str, str]], counts: Sequence[int]) -> Iterator[Tally]:
        """The tally of each (scenario, plant), in their order."""
        shares = []
        for each, count in zip(names, counts, strict=True):
            planted = bool(each[1])
            keep = None if planted else self._keep
            arguments = (self._log(*each), each[0], count, self._seed)
            shares.append([self._pool.submit(try_share, *arguments, n, planted, keep) for n in range(PROCESSES)])
        for each, parts in zip(names, shares, strict=True):
            tally = Tally(each[0])
            for part in parts:
                tally.add(part.result())
            yield tally

    def close(self) -> None:
        """End both."""
        self._pool.shutdown(cancel_futures=True)

    def _log(self, scenario: str, plant: str) -> Path:
        return self._folder / f"{scenario}-{plant}.log"


def controls(rig: Rig) -> tuple[dict[str, Any], list[str]]:
    """What was found of each planted defect, and which defects were not."""
    names = [(plant.scenario, name) for name, plant in PLANTS.items()]
    rig.record(names)
    found, missed = {}, []
    for (_, name), tally in zip(names, rig.tries(names, [CONTROL_STATES] * len(names)), strict=True):
        found[name] = {"states": tally.states, **tally.kinds}
        say(f"planted: {name}: {tally.states} states, {dict(tally.kinds) or 'nothing found'}")
        if not PLANTS[name].shows & tally.kinds.keys():
            missed.append(name)
    return found, missed


def power_cuts(rig: Rig, scenarios: Sequence[str], states: int) -> dict[str, Any]:
    """Try so many states of these scenarios in all; what came of them."""
    names = [(name, "") for name in scenarios]
    began = time.monotonic()
    short = rig.record(names)
    recorded_s = time.monotonic() - began
    others = max(1, sum(1 for count in short if not count))
    # More than asked for: among those drawn some leave the same bytes, and those are looked at once.
    rest = max(0, states - sum(short) // 2) * EQUAL_PERCENT // 100
    counts = [count or rest // others for count in short]
    counts[-1] += rest % others if not short[-1] else 0
    told: dict[str, int] = {}
    faults: list[str] = []
    equal, busy_s, cpu_s = 0, 0.0, 0.0
    for tally in rig.tries(names, counts):
        told[tally.scenario] = tally.states
        equal += tally.equal
        busy_s += tally.seconds
        cpu_s += tally.cpu_s
        faults += tally.faults
        how = "all there are up to the bound" if ALL[tally.scenario].exhaustive else "drawn"
        speed = tally.states / max(tally.cpu_s, 0.001)
        found = dict(tally.kinds) or "no fault"
        twice = f"{tally.equal} more were equal"
        say(f"{tally.scenario}: {tally.states} states, {how}, {twice}, {speed:.0f} a CPU second, {found}")
        for words in tally.faults:
            say(f"  {words}")
    return {
        "states": sum(told.values()),
        "equal": equal,  # drawn as well, but with the bytes of one that was looked at
        "scenarios": told,
        "faults": len(faults),
        "recording_s": round(recorded_s, 1),
        "seconds": round(time.monotonic() - began, 1),
        "states_per_s_and_process": round(sum(told.values()) / max(busy_s, 0.001)),
        "states_per_cpu_s": round(sum(told.values()) / max(cpu_s, 0.001)),  # what a shared machine does not spoil
        "processes": PROCESSES,
    }


def say(words: str) -> None:
    """A line for who watches."""
    print(words, file=sys.stderr, flush=True)
