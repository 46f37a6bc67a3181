"""What one process of a campaign does: play one seed, or try one control."""

import gc
import logging

from tests.simulation.controls import CONTROLS, seeds_of
from tests.simulation.simulation import Outcome, simulate


def play(job: tuple[int, int]) -> Outcome:
    """One seed of so many days, in whatever process."""
    logging.basicConfig(level=logging.ERROR)  # that a neighbour is waited for is no news here
    gc.freeze()  # what the program itself consists of is no work for the collector
    outcome = simulate(*job)
    gc.collect()
    return outcome


def try_control(name: str) -> tuple[str, Outcome | None]:
    """Play the seeds of a control until its break is found."""
    control = next(one for one in CONTROLS if one.name == name)
    outcome = None
    for seed in seeds_of(control):
        outcome = simulate(seed, control.days, control.plant)
        if outcome.violation:
            break
    return name, outcome
