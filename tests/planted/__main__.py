"""`python -m tests.planted [NAME ...]`: plant each fault in a copy of the tree and see which test or rig catches it."""

import argparse
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.commit import commit
from tests.planted.planting import FAULTS, ROOT, Fault, NotPlanted, Outcome, read_faults, red_without, try_fault

AT_ONCE = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command line: 0 if every fault is caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only the faults whose names begin so")
    parser.add_argument("--list", action="store_true", help="say what the faults are, and what catches each")
    parser.add_argument("--faults", type=Path, default=FAULTS, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    try:
        faults = read_faults(asked.faults, asked.names)
    except NotPlanted as trouble:
        parser.error(str(trouble))
    if asked.list:
        for fault in faults:
            print(f"{fault.name}\n    {fault.sentence}\n    {fault.caught_by}")
        return 0
    return run(faults)


def run(faults: list[Fault]) -> int:
    """Try them all, say a line for each, and sum up in one line of JSON."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        there = Path(folder).resolve()
        red = red_without(faults, ROOT, there / "sound")
        print(f"without a fault: {len(red)} of the tests named are red, {time.monotonic() - began:.1f} s", flush=True)

        def attempt(fault: Fault) -> Outcome:
            if fault.caught_by in red:
                return Outcome(fault, False, f"{fault.caught_by} is red without it: {red[fault.caught_by]}", 0.0)
            return try_fault(fault, ROOT, there / fault.name)

        missed = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for outcome in pool.map(attempt, faults):
                word = "caught by" if outcome.caught else "MISSED:"
                print(f"{outcome.fault.name}: {word} {outcome.word}, {outcome.seconds:.1f} s", flush=True)
                if not outcome.caught:
                    missed.append(outcome.fault.name)
    seconds = round(time.monotonic() - began, 1)
    caught = len(faults) - len(missed)
    told = {"faults": len(faults), "caught": caught, "missed": missed, "seconds": seconds, "commit": commit()}
    print(json.dumps(told))
    return 1 if missed or not faults else 0


if __name__ == "__main__":
    sys.exit(main())
