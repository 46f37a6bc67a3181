"""`python -m tests.testing`: runs the rigs and writes `tests/TESTING.md`: what was tried, on what, and what was found.

Each rig's last line is one JSON object; nothing stands in the page that does not come from there. `--seeds`, `--days`,
`--states`, `--kills` say how much. Given files with the last lines of earlier runs, it writes the page from them alone.
"""

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).parent / "TESTING.md"
_TREE: Final = Path(__file__).parents[1]
_HEAD: Final = """\
# What the rigs found

Written by `make testing`; do not edit. Each rig first hunts for faults planted on purpose: what it does not find there,
it would not find elsewhere, and its run counts for nothing.
"""


def page(results: Mapping[str, Mapping[str, Any]], *, commit: str, day: str, machine: str) -> str:
    """The whole page from the last lines of the rigs, by rig: `sim`, `crash`, `fuzz`, `planted`."""
    parts = [_HEAD, f"Written {day}, on {machine}.\n"]
    for rig, words in (("sim", _simulation), ("crash", _crash), ("fuzz", _fuzz), ("planted", _planted)):
        if rig in results:
            on = results[rig].get("commit") or commit
            head, _, rest = words(results[rig]).partition("\n")
            parts.append(f"{head}\n\nOn commit `{on}`.\n{rest}")
    return "\n".join(parts)


def _simulation(told: Mapping[str, Any]) -> str:
    violations = told["violations"]
    rows = [f"| {kind} | {count:,} |" for kind, count in told["faults_by_kind"].items()]
    found = [f"- seed {one['seed']}, {one['days']} days: {one['invariant']}" for one in violations]
    return "\n".join(
        [
            "## The simulated county (`make sim`)\n",
            f"{told['seeds']} seeds, {told['days']:,} virtual days in all, {told['steps']:,} steps,"
            f" {told['cases']:,} cases, {told['events']:,} events, {told['faults']:,} faults of"
            f" {told['fault_kinds']} kinds, in {told['seconds']:,.0f} s. **Violations: {len(violations)}.**\n",
            *found,
            *_table("planted break", "found by the invariant", told["controls_caught"]),
            "",
            "| kind of fault | times |",
            "|---|---|",
            *rows,
            "",
            *_table("what heads and operators decided", "times", told["decisions_by_kind"]),
            "",
        ]
    )


def _crash(told: Mapping[str, Any]) -> str:
    lines = ["## Power cuts and kills (`make crash`)\n"]
    for name in ("power_cuts", "kills"):
        if name in told:
            plain = {key: value for key, value in told[name].items() if not isinstance(value, dict | list)}
            lines += _table(name.replace("_", " "), "", plain)
            lines.append("")
    lines += _table("planted defect", "what the checker saw", told.get("planted", {}))
    lines.append(f"\nSeed {told['seed']}; all sound: {'yes' if told['ok'] else '**no**'}.\n")
    return "\n".join(lines)


def _fuzz(told: Mapping[str, Any]) -> str:
    found = [f"- **{name}**: {words}" for name, words in told["found"].items()]
    lines = [
        "## Inputs nobody thought of (`make fuzz`)\n",
        f"{told['targets']} targets with {told['runs']:,} inputs each, in {told['seconds']:,.0f} s:"
        f" **{len(found)} found.**\n",
        *found,
        *_table("planted fault", "what was seen", told["controls"]),
    ]
    return "\n".join(lines) + "\n"


def _planted(told: Mapping[str, Any]) -> str:
    missed = told["missed"] if isinstance(told["missed"], int) else len(told["missed"])
    return (
        "## Planted faults (`make planted`)\n\n"
        f"{told['faults']} faults, each planted in a copy: {told['caught']} caught, {missed} missed, in"
        f" {told['seconds']:,.0f} s.\n"
    )


def _table(left: str, right: str, rows: Mapping[str, Any]) -> list[str]:
    if not rows:
        return []
    return [f"| {left} | {right} |", "|---|---|", *(f"| {key} | {_cell(value)} |" for key, value in rows.items())]


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_cell(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_cell, value)) or "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def last_line(command: Sequence[str]) -> dict[str, Any]:
    """What a rig says at its end; its words on the way go to standard error. Raises ValueError where there is none."""
    ended = subprocess.run([sys.executable, "-m", *command], cwd=_TREE, stdout=subprocess.PIPE, text=True, check=False)
    return read(ended.stdout)


def read(said: str) -> dict[str, Any]:
    """The JSON object in the last line. Raises ValueError."""
    told = json.loads(said.strip().rpartition("\n")[2] or "null")
    if not isinstance(told, dict):
        raise ValueError("the last line of a rig must be a JSON object")
    return told


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()} {platform.release().partition('-')[0]},"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def main(arguments: Sequence[str]) -> int:
    """Run what is not at hand, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.testing", description=__doc__)
    parser.add_argument("--seeds", default="200")
    parser.add_argument("--days", default="30")
    parser.add_argument("--states", default="10000")
    parser.add_argument("--kills", default="200")
    parser.add_argument("--runs", default="200000", help="inputs of each target that is fuzzed")
    for rig in ("sim", "crash", "fuzz", "planted"):
        parser.add_argument(f"--{rig}", type=Path, help=f"a file that ends in the last line of `make {rig}`")
    chosen = parser.parse_args(arguments)
    runs = {
        "sim": ["tests.simulation", "--seeds", chosen.seeds, "--days", chosen.days],
        "crash": ["tests.crash", "--states", chosen.states, "--kills", chosen.kills],
        "fuzz": ["tests.fuzz", "--runs", chosen.runs],
        "planted": ["tests.planted"],
    }
    files = {rig: getattr(chosen, rig) for rig in runs if getattr(chosen, rig)}
    if files:
        results = {rig: read(file.read_text(encoding="utf-8")) for rig, file in files.items()}
    else:
        results = {rig: last_line(command) for rig, command in runs.items()}
    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=_TREE, capture_output=True, text=True, check=True
    )
    day = datetime.now(UTC).date().isoformat()
    FILE.write_text(page(results, commit=said.stdout.strip(), day=day, machine=_machine()), encoding="utf-8")
    print(f"{FILE.name}: written from {', '.join(results)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
