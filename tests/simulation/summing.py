"""What a campaign comes to: the sum of its seeds, of slices that were played one after the other, and what it covers.

A kind of fault is covered when it has come often enough; a pair of kinds when both have come on the same virtual day of
the same story often enough.
"""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from tests.simulation.faults import FAULTS, ONCE_IN_A_STORY
from tests.simulation.wire import CALL_FAULTS

KIND_ENOUGH: Final = 1_000
PAIR_ENOUGH: Final = 50
# A torn write comes with a power cut. A backup is no fault.
KINDS: Final = frozenset({*CALL_FAULTS, *FAULTS, "torn_write"} - {"backup"})
# Of two kinds of which a story has one at most there is no pair.
PAIRS: Final = frozenset(
    pair for pair in combinations(sorted(KINDS), 2) if not set(pair) <= ONCE_IN_A_STORY
)  # fmt: skip


def pairs_of(kinds: Iterable[str]) -> Counter[tuple[str, str]]:
    """Each pair of the kinds that came on one day."""
    return Counter(combinations(sorted(set(kinds)), 2))


def named(pairs: Counter[tuple[str, str]]) -> dict[str, int]:
    """Pairs as a line of JSON has them."""
    return {" + ".join(pair): times for pair, times in sorted(pairs.items())}


def coverage(total: dict[str, Any]) -> dict[str, Any]:
    """How far a campaign is from having met each kind, and each pair of kinds, often enough."""
    kinds, pairs = total["faults_by_kind"], total["pairs"]
    rare = {kind: kinds.get(kind, 0) for kind in sorted(KINDS) if kinds.get(kind, 0) < KIND_ENOUGH}
    met = [pairs.get(" + ".join(pair), 0) for pair in PAIRS]
    return {
        "faults_a_day": round(sum(kinds.values()) / max(total["days"], 1), 1),
        f"kinds_below_{KIND_ENOUGH}": rare,
        "pairs": len(PAIRS),
        f"pairs_below_{PAIR_ENOUGH}": sum(times < PAIR_ENOUGH for times in met),
        "pairs_never": sum(not times for times in met),
    }


def add_up(files: Iterable[Path]) -> dict[str, Any]:
    """One sum of the last lines of campaigns. Raises ValueError for a seed that is in two of them."""
    total: dict[str, Any] = {}
    commits: dict[str, None] = {}  # in their order
    for file in files:
        said = json.loads(file.read_text(encoding="utf-8").splitlines()[-1])
        commits.setdefault(said.get("commit", ""))
        for key, value in said.items():
            if key == "traces" and (twice := value.keys() & total.get(key, {}).keys()):
                raise ValueError(f"{file}: seed {min(twice)} was played in another slice already")
            if isinstance(value, dict):
                total[key] = _together(total.get(key, {}), value)
            elif isinstance(value, int | float | list):
                total[key] = total[key] + value if key in total else value
    played_on = "`, `".join(filter(None, commits))
    return {
        **total, "fault_kinds": len(total["faults_by_kind"]), "coverage": coverage(total), "commit": played_on,
    }  # fmt: skip


def _together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The sums of numbers by name; of words (by which invariant a control was found) the newer ones."""
    numbers = {name: one.get(name, 0) + value for name, value in other.items() if isinstance(value, int)}
    return dict(sorted({**one, **other, **numbers}.items()))
