"""`python -m tests.fuzz [--runs N] [--target NAME]`: controls first, then every target; `make fuzz`.

Each has a process of its own with a bound on memory, and on the processor's time for one input. A line for each goes to
standard error; the last line, on standard output, sums up as one JSON object. The exit code is 0 only if every control
was found and nothing else was.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.commit import commit
from tests.fuzz.targets import CONTROLS, TARGETS, Target

RUNS = 200_000
AT_ONCE = 2
LONGEST_S = 1_800


def main(arguments: Sequence[str]) -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"executions of each target (default {RUNS:,})")
    parser.add_argument("--target", action="append", choices=[one.name for one in TARGETS], help="only this one")
    parser.add_argument("--keep", type=Path, help="leave what was found in this folder")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    targets = [one for one in TARGETS if not chosen.target or one.name in chosen.target]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        controls = dict(
            zip([one.name for one in CONTROLS], pool.map(lambda one: fuzz(one, RUNS, None), CONTROLS), strict=True)
        )
        missed = [name for name, found in controls.items() if not found]
        for name in missed:
            say(f"control: {name}: NOT FOUND: what this rig does not find proves nothing")
        tried = [] if missed else list(pool.map(lambda one: fuzz(one, chosen.runs, chosen.keep), targets))
    found = {one.name: words for one, words in zip(targets, tried, strict=False) if words}
    seconds = round(time.monotonic() - began, 1)
    total = {
        "targets": len(tried),
        "runs": chosen.runs,
        "found": found,
        "controls": controls,
        "seconds": seconds,
        "commit": commit(),
    }
    print(json.dumps(total, ensure_ascii=False), flush=True)
    return 1 if missed or found else 0


def fuzz(target: Target, runs: int, keep: Path | None) -> str:
    """What was found in a target, in a line; empty where nothing was. Raises RuntimeError where it could not be run."""
    with tempfile.TemporaryDirectory(prefix="sanji-fuzz-") as folder:
        for number, seed in enumerate(target.seeds()):
            (Path(folder) / f"seed-{number:04}").write_bytes(seed)
        command = [sys.executable, "-m", "tests.fuzz.one", target.name, str(runs), folder]
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=LONGEST_S, check=False)
        took = time.monotonic() - began
        if done.returncode == 0:
            if f"stat::number_of_executed_units: {runs}" not in done.stderr:
                raise RuntimeError(f"{target.name}: ended before {runs} executions:\n{done.stderr[-2000:]}")
            say(f"{target.name}: {runs:,} executions, nothing found, {took:.0f} s")
            return ""
        words = _what(done.stdout + done.stderr)
        inputs = sorted(Path(folder).glob("found-*"))
        if not inputs and "ModuleNotFoundError" in done.stderr:
            raise RuntimeError(f"{target.name} could not be run:\n{done.stderr[-2000:]}")
        say(f"{target.name}: {words}; input: {inputs[0].read_bytes()[:200].hex() if inputs else 'none kept'}")
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            for path in inputs:
                (keep / f"{target.name}-{path.name}").write_bytes(path.read_bytes())
        return words


def _what(told: str) -> str:
    """The line that says what happened."""
    lines = told.splitlines()
    for number, line in enumerate(lines):
        if "Uncaught Python exception" in line:
            return next((each for each in lines[number + 1 :] if each.strip() and not each.startswith("=")), line)
    return next((line for line in lines if "ERROR: libFuzzer" in line), told[-200:])


def say(words: str) -> None:
    """To whoever watches."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
