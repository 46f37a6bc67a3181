"""Days by which something is due, in words: one in a year whose holidays are not announced yet may still move, and
says so wherever it stands."""

from datetime import date

from village_node.web import times
from village_node.web.site import Visit


def may_move(visit: Visit, day: date) -> bool:
    """Whether the arrangement of the year of a day is not announced yet."""
    return visit.site.casebook.calendar().provisional(day, day)


def marked(visit: Visit, day: date, words: str) -> str:
    """Words that name a day counted in working days, marked as expected where it may still move."""
    return words + (visit.t("（预计）", " (provisional)") if may_move(visit, day) else "")


def last_day_words(visit: Visit, day: date, *, working: bool) -> str:
    """The last of so many days told in a notice; where all days count, and not ``working`` ones alone, none moves."""
    return due_words(visit, day) if working else times.date_words(day, visit.lang)


def due_words(visit: Visit, day: date) -> str:
    """A day counted in working days, e.g. `2027年1月8日（预计）`."""
    return marked(visit, day, times.date_words(day, visit.lang))
