"""The working days of 2026 as the State Council announced them, and what is known of 2027: nothing but the statutory
days. Typed in from the announcement, not taken from the package that the nodes read."""

from datetime import date, timedelta

from sync_protocol.case.workdays import Calendar, Span, Year, day_of_year

DOCUMENT_NO = "国办发明电〔2025〕7号"

# Name, first and last day off, and the weekend days worked for it.
ANNOUNCED: tuple[tuple[str, tuple[int, int], tuple[int, int], list[tuple[int, int]]], ...] = (
    ("元旦", (1, 1), (1, 3), [(1, 4)]),
    ("春节", (2, 15), (2, 23), [(2, 14), (2, 28)]),
    ("清明节", (4, 4), (4, 6), []),
    ("劳动节", (5, 1), (5, 5), [(5, 9)]),
    ("端午节", (6, 19), (6, 21), []),
    ("中秋节", (9, 25), (9, 27), []),
    ("国庆节", (10, 1), (10, 7), [(9, 20), (10, 10)]),
)


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last."""
    return [first + timedelta(number) for number in range((last - first).days + 1)]


def _year_2026() -> Year:
    off, on, spans = [], [], []
    for name, first, last, worked in ANNOUNCED:
        run = days_between(date(2026, *first), date(2026, *last))
        off += [day for day in run if day.weekday() < 5]
        on += [date(2026, *day) for day in worked]
        spans.append(Span(day_of_year(run[0]), day_of_year(run[-1]), name))
    return Year.of_days(off, on, DOCUMENT_NO, spans)


YEAR_2026 = _year_2026()
STATUTORY_2027 = (
    (1, 1), (2, 5), (2, 8), (2, 9), (2, 10), (4, 5), (5, 3), (5, 4), (6, 9), (9, 15), (10, 1), (10, 4), (10, 5),
)  # fmt: skip
YEAR_2027 = Year(frozenset(day_of_year(date(2027, *day)) for day in STATUTORY_2027))
CALENDAR = Calendar("test-1", {2026: YEAR_2026, 2027: YEAR_2027})
