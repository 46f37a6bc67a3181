"""One figure as one line of JSON on standard output; everything else that a benchmark says goes to standard error."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any


@dataclass(slots=True)
class Spent:
    """Seconds of wall clock and of CPU (this process, all its threads) inside a `measured` block."""

    wall_s: float = 0.0
    cpu_s: float = 0.0


@contextmanager
def measured() -> Iterator[Spent]:
    """Measure the block; the figures stand in the value given once it ends, also when it raises."""
    spent = Spent()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield spent
    finally:
        spent.wall_s, spent.cpu_s = time.perf_counter() - wall, time.process_time() - cpu


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `reference`: what the same machine does without us; `least` or `most`: the bar."""

    bench: str
    value: float
    unit: str
    n: int
    spent: Spent
    reference: float | None = None
    least: float | None = None
    most: float | None = None
    more: tuple[tuple[str, Any], ...] = ()

    def beside(self, reference: float, *more: tuple[str, Any]) -> "Figure":
        """The figure with what it is compared with, and more to say."""
        return replace(self, reference=reference, more=(*self.more, *more))

    def line(self) -> str:
        """The figure as one JSON object."""
        told: dict[str, Any] = {"bench": self.bench, "value": _short(self.value), "unit": self.unit}
        if self.reference:
            told |= {"reference": _short(self.reference), "ratio": round(self.value / self.reference, 4)}
        told |= {
            "n": self.n,
            "sync": "FULL",
            "cpu_s": round(self.spent.cpu_s, 3),
            "wall_s": round(self.spent.wall_s, 3),
        }
        if self.least is not None:
            told |= {"bar": self.least, "reached": self.value >= self.least}
        if self.most is not None:
            told |= {"bar": self.most, "reached": self.value <= self.most}
        told |= {name: _short(value) if isinstance(value, float) else value for name, value in self.more}
        return json.dumps(told, ensure_ascii=False)


def publish(figure: Figure) -> None:
    """Print a figure, at once."""
    print(figure.line(), flush=True)


def say(words: str) -> None:
    """Tell the person at the keyboard what goes on."""
    print(words, file=sys.stderr, flush=True)


def _short(value: float) -> float:
    """Four significant digits are more than a shared machine can promise."""
    return float(f"{value:.4g}") if abs(value) < 1000 else round(value)
