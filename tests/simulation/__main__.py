"""`python -m tests.simulation`: positive controls first, then so many seeds of so many days, two at a time. One seed in
ten is played again in another process, and must be the same story to the last byte.

The last line is one JSON object that sums up. The exit code is 0 only if every control was caught and nothing else was
found. What there is to say meanwhile goes to standard error.

A long campaign may be played in slices, each with its first seed and how many, its output kept; `--sum` adds them up.
"""

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from tests.commit import commit
from tests.simulation.controls import CONTROLS
from tests.simulation.playing import play, try_control
from tests.simulation.simulation import Outcome
from tests.simulation.summing import add_up, coverage, named

SEEDS, DAYS, PROCESSES = 200, 30, 2
AGAIN: Final = 10  # of so many seeds one is played twice
TWO_STORIES: Final = "the same seed is the same story"


def main(arguments: Sequence[str]) -> int:
    """Run controls and seeds, and sum up."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; alone: this one only")
    parser.add_argument("--seeds", type=int, help=f"how many; default {SEEDS}, or 1 with --seed")
    parser.add_argument("--days", type=int, default=DAYS, help=f"virtual days of each; default {DAYS}")
    parser.add_argument("--processes", type=int, default=PROCESSES, help=f"at a time; default {PROCESSES}")
    parser.add_argument("--no-controls", action="store_true", help="the seeds alone, and each once")
    parser.add_argument("--sum", type=Path, nargs="+", metavar="FILE", help="play nothing: add up kept outputs")
    chosen = parser.parse_args(arguments)
    if chosen.sum:
        return _end(add_up(chosen.sum))
    first = chosen.seed if chosen.seed is not None else 1
    number = chosen.seeds if chosen.seeds is not None else SEEDS if chosen.seed is None else 1
    began = time.monotonic()
    # A pool of concurrent.futures stands still for ever in Python 3.11 once each process has had its share of tasks.
    spawning = multiprocessing.get_context("spawn")
    with spawning.Pool(chosen.processes, maxtasksperchild=16) as processes:
        caught = {} if chosen.no_controls else _controls(processes.imap(try_control, [one.name for one in CONTROLS], 1))
        jobs = [(seed, chosen.days) for seed in range(first, first + number)]
        total = _seeds(processes.imap(play, jobs, 1))
    # Each in a process of its own: what hangs on the order of sets is the same as long as a process lives.
    again = [] if chosen.no_controls else jobs[AGAIN - 1 :: AGAIN]
    with spawning.Pool(chosen.processes, maxtasksperchild=1) as processes:
        total["violations"] += _twice(total, processes.imap(play, again, 1))
    total |= {"controls_caught": caught, "seconds": round(time.monotonic() - began, 1), "commit": commit()}
    return _end({**total, "coverage": coverage(total)})


def _end(total: dict[str, Any]) -> int:
    """Say the sum; the exit code."""
    print(json.dumps(total, ensure_ascii=False), flush=True)
    return 0 if not total["violations"] and all(total["controls_caught"].values()) else 1


def _controls(tried: Iterable[tuple[str, Outcome | None]]) -> dict[str, str]:
    """By control the invariant that found it; empty where none did."""
    caught = {}
    for name, outcome in tried:
        caught[name] = outcome.violation if outcome is not None else ""
        say(f"control: {name}: {caught[name] or 'NOT FOUND: what this rig does not find proves nothing'}")
    return caught


def _seeds(played: Iterator[Outcome]) -> dict[str, Any]:
    """The sum of all seeds."""
    faults: Counter[str] = Counter()
    decisions: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    violations, traces, sums = [], {}, Counter[str]()
    for outcome in played:
        say(
            f"seed {outcome.seed}: {outcome.steps} steps, {outcome.cases} cases, {outcome.events} events,"
            f" {sum(outcome.faults.values())} faults, trace {outcome.trace[:16]}"
        )
        if outcome.violation:
            say(outcome.report)
            violations.append({"seed": outcome.seed, "days": outcome.days, "invariant": outcome.violation})
        traces[str(outcome.seed)] = outcome.trace[:16]
        faults.update(outcome.faults)
        pairs.update(outcome.pairs)
        decisions.update(outcome.decisions)
        sums.update(
            seeds=1, days=outcome.days, steps=outcome.steps, acts=outcome.acts, cases=outcome.cases,
            events=outcome.events,
        )  # fmt: skip
    return {
        **sums,
        "played_again": 0,
        "traces": traces,
        "faults": sum(faults.values()),
        "fault_kinds": len(faults),
        "faults_by_kind": dict(sorted(faults.items())),
        "pairs": named(pairs),
        "decisions_by_kind": dict(sorted(decisions.items())),
        "violations": violations,
    }


def _twice(total: dict[str, Any], played: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Those of the seeds played again that were another story this time."""
    other = []
    for outcome in played:
        total["played_again"] += 1
        if outcome.trace[:16] != total["traces"][str(outcome.seed)]:
            say(f"seed {outcome.seed}: {TWO_STORIES}: now its trace is {outcome.trace[:16]}")
            other.append({"seed": outcome.seed, "days": outcome.days, "invariant": TWO_STORIES})
    return other


def say(words: str) -> None:
    """To whoever watches."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
