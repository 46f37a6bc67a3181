"""Vectors of the clock for other implementations: `python -m tests.sync_protocol.case.clock_vectors` writes them.

The cases worked by hand, and drawn ones in which exclusions overlap and corrections come late. What is written stays.
"""

import json
import random
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sync_protocol.case.clock import Clocks, Turns, explain, read, turns
from sync_protocol.case.exclusions import EXCLUSIONS
from sync_protocol.case.facts import Correction, Exclusion, Facts, Hold, Limits, Outage
from sync_protocol.case.workdays import Calendar, Year
from tests.sync_protocol.case.test_clock import WORKED
from tests.sync_protocol.case.year_2026 import CALENDAR

PATH = Path(__file__).parent / "clock_vectors.json"
ABOUT = (
    "Facts of cases and what section 12 of CASE.md makes of them. Days are yyyy-mm-dd; of a year, days off and days "
    "worked are days of the year from 1. What is not said of a case's facts is null, empty, 0, or the limit of section "
    "12.3. `turns` are the first days of the grades when nothing more happens, `ledger` the days of the case that do "
    "not count for a clock that runs although they are working days."
)
DRAWN = 60
_ROWS: Mapping[str, Any] = {"corrections": Correction, "exclusions": Exclusion, "holds": Hold, "outages": Outage}


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, date):
        return value.isoformat()
    return [plain(each) for each in value] if isinstance(value, tuple) else value


def facts_out(facts: Facts) -> dict[str, Any]:
    """Facts without what is as usual."""
    usual, limits = Facts(), facts.limits
    told = {name: plain(value) for name, value in facts._asdict().items() if value != getattr(usual, name)}
    told["limits"] = {name: value for name, value in limits._asdict().items() if value != getattr(usual.limits, name)}
    return told


def facts_in(told: Mapping[str, Any]) -> Facts:
    """Facts as a vector tells them."""
    known: dict[str, Any] = {}
    for name, value in told.items():
        if name == "limits":
            known[name] = Limits(**value)
        elif name in _ROWS:
            known[name] = tuple(_ROWS[name](*map(_day_or, row)) for row in value)
        elif isinstance(value, list):
            known[name] = tuple(map(_day_or, value))
        else:
            known[name] = _day_or(value)
    return Facts(**known)


def _day_or(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) and value[4:5] == "-" else value


def calendar_out(calendar: Calendar) -> dict[str, Any]:
    return {
        str(number): {"off": sorted(year.off), "on": sorted(year.on), "announced": year.announced}
        for number, year in calendar.years.items()
    }


def calendar_in(told: Mapping[str, Any]) -> Calendar:
    years = {
        int(number): Year(frozenset(year["off"]), frozenset(year["on"]), year["announced"])
        for number, year in told.items()
    }
    return Calendar("vectors", years)


def answers(facts: Facts, calendar: Calendar, as_of: date) -> dict[str, Any]:
    """What an implementation must find."""
    clocks: Clocks = read(facts, calendar, as_of)
    turned: Turns = turns(facts, calendar, as_of)
    stopped = [[plain(line.day.day), *line.stopped] for line in explain(facts, calendar, as_of) if line.stopped]
    readings = [{name: plain(value) for name, value in each._asdict().items()} for each in clocks.readings]
    return {
        "readings": readings,
        "grade": clocks.grade,
        "deemed": plain(clocks.deemed),
        "elapsed": clocks.elapsed,
        "shares": clocks.shares,
        "flags": list(clocks.flags),
        "turns": {name: plain(value) for name, value in turned._asdict().items()},
        "ledger": stopped,
    }


def drawn(seed: int) -> tuple[str, Facts, date]:
    """One case of no particular kind, looked at when the last of it is known."""
    chance = random.Random(f"clock {seed}")
    first = date(2026, 1, 5) + timedelta(chance.randrange(300))

    now = first

    def later(most: int) -> date:
        nonlocal now
        now += timedelta(chance.randrange(most))
        return now

    holds = [Hold(first, "village", "v"), Hold(later(3), "transit_up", "t"), Hold(later(4), "township", "t")]
    received, corrections = now, []
    for _ in range(chance.choice((0, 0, 1, 2))):
        corrections.append(Correction(later(9), later(12)))
    facts = Facts(begun=first, received=received, corrections=tuple(corrections))
    names = ("accepted", "decided", "delivered")[: chance.randrange(4)]
    known: dict[str, Any] = {name: later(25) for name in names}
    facts = facts._replace(**known)
    ledger = []
    for _ in range(chance.randrange(4)):
        opened = received + timedelta(chance.randrange(30))
        kind = chance.choice([kind for kind in EXCLUSIONS if kind != "correction"])
        closed = None if chance.random() < 0.3 else opened + timedelta(chance.randrange(-1, 14))
        ledger.append(Exclusion(kind, opened, closed, chance.choice((None, None, 5, 10))))
    promised = chance.choice((0, 1, 3, 5, 10, 20))
    limits = Limits(promised, chance.choice((None, 20)), None, 1, 5, 10, publicity_excluded=chance.random() < 0.5)
    facts = facts._replace(limits=limits, exclusions=tuple(ledger), holds=tuple(holds), settled=facts.decided)
    told = [now, *(day for each in ledger for day in (each.opened, each.closed) if day is not None)]
    return f"drawn {seed}", facts, max(told) + timedelta(chance.randrange(20))


def main() -> None:
    cases = [(row[0], row[1], row[2]) for row in WORKED] + [drawn(seed) for seed in range(DRAWN)]
    lines = [
        json.dumps(
            {"name": name, "as_of": plain(day), "facts": facts_out(facts), "expected": answers(facts, CALENDAR, day)},
            ensure_ascii=False,
        )
        for name, facts, day in cases
    ]
    head = json.dumps({"about": ABOUT, "years": calendar_out(CALENDAR)}, ensure_ascii=False)[1:-1]
    PATH.write_text("{" + head + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n", "utf-8")


if __name__ == "__main__":
    main()
