"""The clocks of what applicants may say to an office's work: a bad rating, a complaint, a review asked for.

Each has its own, beside the clocks of the case: it starts with what was said, ends with the answer, and nothing stops
it. The days are sample data until a county puts its own in their place.
"""

from datetime import date
from typing import Final, Literal, NamedTuple

from sync_protocol.case.clock import thresholds
from sync_protocol.case.exclusions import Grade
from sync_protocol.case.workdays import Calendar

Voice = Literal["rectification", "complaint", "recheck", "appeal", "appeal_answer", "call_back"]


class Term(NamedTuple):
    """How many working days an answer may take, and how the clock is called."""

    days: int
    zh: str
    en: str


TERMS: Final[dict[Voice, Term]] = {
    "rectification": Term(15, "差评整改", "putting right after a bad rating"),
    "complaint": Term(15, "投诉答复", "answer to a complaint"),
    "recheck": Term(5, "复核", "review of a refusal"),
    "appeal": Term(5, "差评申诉提出", "appeal against a rating"),
    "appeal_answer": Term(10, "差评申诉答复", "answer to such an appeal"),
    "call_back": Term(1, "回访", "call to whom was answered later"),
}
SAMPLE: Final = True


class Span(NamedTuple):
    """One such clock as it stands. ``ended``: answered; ``provisional``: its date may still move."""

    limit: int
    used: int
    due: date
    grade: Grade
    ended: bool
    provisional: bool


def span(voice: Voice, since: date, answered: date | None, calendar: Calendar, as_of: date) -> Span:
    """How a clock stands on a day: it counts the working days after ``since``, up to the answer."""
    limit = TERMS[voice].days
    ended = answered is not None and answered <= as_of
    upto = answered if ended and answered is not None else as_of
    used, due = calendar.count(since, upto), calendar.nth(since, limit)
    notice, yellow, red = thresholds(limit, "promised")
    grade: Grade = ""
    if red is not None and used >= red:
        grade = "red"
    elif yellow is not None and used >= yellow:
        grade = "yellow"
    elif not ended and notice is not None and used >= notice:
        grade = "notice"
    return Span(limit, used, due, grade, ended, calendar.provisional(since, max(due, upto)))
