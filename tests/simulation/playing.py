"""What one process of a campaign does: play one seed, or try one control."""

import fcntl
import gc
import logging
import os
import tempfile
from functools import cache
from io import TextIOBase
from pathlib import Path

from tests.simulation.controls import CONTROLS, seeds_of
from tests.simulation.simulation import Outcome, simulate


def play(job: tuple[int, int]) -> Outcome:
    """One seed of so many days, in whatever process."""
    logging.basicConfig(level=logging.ERROR)  # that a neighbour is waited for is no news here
    stay_on_one_core()
    spare_the_collector()
    outcome = simulate(*job)
    gc.collect()
    return outcome


def try_control(name: str) -> tuple[str, Outcome | None]:
    """Play the seeds of a control until its break is found."""
    stay_on_one_core()
    spare_the_collector()
    control = next(one for one in CONTROLS if one.name == name)
    outcome = None
    for seed in seeds_of(control):
        outcome = simulate(seed, control.days, control.plant)
        if outcome.violation:
            break
    return name, outcome


def spare_the_collector() -> None:
    """What the program itself consists of is no work for it; and little of what a node makes is a ring, so that a look
    each hundred thousand objects is often enough."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@cache
def stay_on_one_core() -> TextIOBase | None:
    """Run on a core that no other process of a campaign has: the tasks of a story are threads that take turns, and to
    carry each turn over to the other core costs a fifth of the time. The open file is what says that it is taken."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    for core in sorted(os.sched_getaffinity(0)):
        taken = (Path(tempfile.gettempdir()) / f"sanji-simulation-{os.getuid()}-core-{core}").open("a")
        try:
            fcntl.flock(taken, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            taken.close()
            continue
        os.sched_setaffinity(0, {core})
        return taken
    return None
