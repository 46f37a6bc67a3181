"""Months, quarters and years as bulletins and figures name them."""

from datetime import date, timedelta
from typing import Final

PERIODS: Final = ("month", "quarter", "year")
_MONTHS: Final = {"quarter": 3, "year": 12}
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2199


def days_of(kind: str, period: str) -> tuple[date, date]:
    """The first and last day of a period: `2026-10`, `2026-Q4` or `2026`. Raises ValueError for anything else."""
    year, _, rest = period.partition("-")
    shaped = year.isascii() and year.isdecimal() and len(year) == 4 and _FIRST_YEAR <= int(year) <= _LAST_YEAR
    part = rest.removeprefix("Q") if kind == "quarter" else rest
    if kind not in PERIODS or not shaped or period != _spelled(kind, int(year), int(part) if part.isdecimal() else 0):
        raise ValueError("period")
    if kind == "month":
        month, length = int(part), 1
    else:
        month, length = (1 + 3 * (int(part) - 1) if kind == "quarter" else 1), _MONTHS[kind]
    after = date(int(year) + (month + length > 12), (month + length - 1) % 12 + 1, 1)
    return date(int(year), month, 1), after - timedelta(1)


def period_of(kind: str, day: date) -> str:
    """The period that a day is in."""
    part = {"month": day.month, "quarter": (day.month + 2) // 3}.get(kind, 0)
    return _spelled(kind, day.year, part)


def _spelled(kind: str, year: int, part: int) -> str:
    if kind == "month" and 1 <= part <= 12:
        return f"{year}-{part:02d}"
    if kind == "quarter" and 1 <= part <= 4:
        return f"{year}-Q{part}"
    return f"{year}" if kind == "year" and part == 0 else ""


def before(kind: str, period: str) -> str:
    """The period before this one."""
    return period_of(kind, days_of(kind, period)[0] - timedelta(1))
