"""The calendar of working days: what this node counts by, and at the county the form that publishes a year of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case.calendars import Announcement
from sync_protocol.case.workdays import Span, Year, day_of, day_of_year
from village_node import casebook
from village_node.casebook import BadBody, NotAllowed
from village_node.casebook.calendaring import digest_of
from village_node.web import times
from village_node.web.policy import STAFF, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(STAFF, "node")
PUBLISHES: Final = Policy(frozenset({"business", "head", "officer"}), "node")
_LINE: Final = re.compile(r"(\d{1,2})-(\d{1,2})(?:\.\.(\d{1,2})-(\d{1,2}))?(?:\s+(\S+))?(?:\s+(\S.*))?")


class BadLine(ValueError):
    """A line of the form that names no day of the year; the text is that line."""


@dataclass(frozen=True)
class YearView:
    """One year as the page shows it. `source`: who published it, or empty where it is what the program knows."""

    number: int
    announced: bool
    document_no: str
    off: list[str]
    on: list[str]
    source: str
    by_two: str
    working: int


def calendar_page(visit: Visit) -> Response:
    """The calendar in force."""
    return _page(visit)


def publish(visit: Visit) -> Response:
    """Publish a year as the form says it. What cannot be published comes back with everything typed."""
    book = visit.site.casebook
    typed = {name: visit.line(name) for name in ("number", "announced", "document_no", "reason")}
    typed |= {name: visit.paragraph(name) for name in ("off", "on")}
    try:
        said = said_of(typed)
        done = book.announce(visit.staff.staff_no, visit.staff.roles, said)
    except BadLine as bad:
        line = str(bad)
        problem = visit.t(
            f"看不懂这一行：“{line}”。请写“月-日”或“月-日..月-日”，后面可写名称和文号。",
            f"Cannot read this line: {line}. Write MM-DD or MM-DD..MM-DD, then a name and a document number.",
        )
        return _page(visit, 422, problem, typed)
    except BadBody as bad:
        return _page(visit, 422, visit.t(bad.zh, bad.en), typed)
    except NotAllowed as refused:
        return _page(visit, 409, visit.t(refused.zh, refused.en), typed)
    return visit.redirect("calendar", done="published" if done else "proposed")


def answer(visit: Visit, what: str) -> Response:
    """Confirm the change of days gone by that another person proposed, or drop it."""
    if what not in ("confirm", "drop"):
        raise NotFound
    try:
        visit.site.casebook.answer_calendar(
            visit.staff.staff_no, visit.staff.roles, confirmed=what == "confirm", shown=visit.line("shown")
        )
    except (NotAllowed, casebook.NotFound, casebook.Stale) as refused:
        return _page(visit, 409, visit.t(refused.zh, refused.en))
    return visit.redirect("calendar", done="published" if what == "confirm" else "dropped")


def said_of(typed: Mapping[str, str]) -> Announcement:
    """The year that a form, or a program, says: each list as lines. Raises BadLine, BadBody."""
    number = typed["number"]
    if not (number.isascii() and number.isdecimal() and 1970 <= int(number) <= 2199):
        raise BadBody("year", "年份须在 1970 至 2199 之间", "the year must be from 1970 to 2199")
    year = year_of(int(number), typed["off"], typed["on"], typed["document_no"], announced=typed["announced"] == "yes")
    return Announcement(int(number), year, typed["reason"])


def year_of(number: int, off: str, on: str, document_no: str, *, announced: bool) -> Year:
    """The year that the two lists of a form say. Raises BadLine."""
    spans, free = [], set[int]()
    for line in filter(None, map(str.strip, off.splitlines())):
        first, last, name, own = _read(number, line)
        free.update(day_of_year(day) for day in _days(first, last) if day.weekday() < 5)
        if name:
            spans.append(Span(day_of_year(first), day_of_year(last), name, own))
    worked = [day for line in filter(None, map(str.strip, on.splitlines())) for day in _days(*_read(number, line)[:2])]
    return Year(frozenset(free), frozenset(map(day_of_year, worked)), announced, document_no, tuple(spans))


def lists_of(number: int, year: Year) -> tuple[list[str], list[str]]:
    """The two lists of a form that say this year: days off in runs with their names, and days worked."""
    start = date(number, 1, 1) - timedelta(1)

    def words(day: int) -> str:
        return f"{start + timedelta(day):%m-%d}"

    off = [
        f"{words(span.first)}{'..' + words(span.last) if span.last > span.first else ''} {span.name} "
        f"{span.document_no}".strip()
        for span in year.spans
    ]
    named = {day for span in year.spans for day in range(span.first, span.last + 1)}
    return off + [words(day) for day in sorted(year.off - named)], [words(day) for day in sorted(year.on)]


def _read(number: int, line: str) -> tuple[date, date, str, str]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise BadLine(line)
    month, day, last_month, last_day, name, document_no = found.groups()
    try:
        first = date(number, int(month), int(day))
        last = date(number, int(last_month), int(last_day)) if last_month else first
    except ValueError:
        raise BadLine(line) from None
    if last < first:
        raise BadLine(line)
    return first, last, name or "", document_no or ""


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(number) for number in range((last - first).days + 1)]


def _page(visit: Visit, status: int = 200, problem: str = "", typed: dict[str, str] | None = None) -> Response:
    book, this_year = visit.site.casebook, day_of(visit.now_ms).year
    calendar, held = book.calendar(), book.calendars_in_force()
    numbers = (this_year - 1, this_year, this_year + 1)
    views = []
    for number in numbers:
        year, found = calendar.year(number), held.get(number)
        off, on = lists_of(number, year)
        by_two = f"{found.said.proposer}、{found.said.confirmer}" if found is not None and found.said.by_two else ""
        source = visit.place_name(found.place) if found is not None else ""
        working = calendar.count(date(number - 1, 12, 31), date(number, 12, 31))
        views.append(YearView(number, year.announced, year.document_no, off, on, source, by_two, working))
    waiting = book.calendar_proposed()
    return visit.render(
        "calendar.html",
        status,
        calendar=calendar,
        views=views,
        today=times.date_words(day_of(visit.now_ms), visit.lang),
        may_publish=book.may_publish(visit.staff.roles),
        may_confirm=book.may_confirm_calendar(visit.staff.roles),
        waiting=waiting,
        waiting_lists=lists_of(waiting[1].number, waiting[1].year) if waiting else ([], []),
        shown=digest_of(waiting[1]) if waiting else "",
        own=waiting is not None and waiting[0] == visit.staff.staff_no,
        changes=_changes(visit, waiting[1].number, calendar.year(waiting[1].number), waiting[1].year)
        if waiting
        else [],
        proposer=(visit.site.accounts.name_of(waiting[0]) or waiting[0]) if waiting else "",
        typed=typed,
        problem=problem,
        done=visit.request.args.get("done", ""),
    )


def _changes(visit: Visit, number: int, now: Year, then: Year) -> list[str]:
    """What a proposed year says otherwise than the year in force, line by line."""
    labels = (("放假", "day off"), ("调休上班", "weekend worked"))
    found = []
    for label, held, wanted in zip(labels, lists_of(number, now), lists_of(number, then), strict=True):
        found += [visit.t("增加", "added") + visit.t(*_about(label, line)) for line in wanted if line not in held]
        found += [visit.t("取消", "dropped") + visit.t(*_about(label, line)) for line in held if line not in wanted]
    if now.announced != then.announced:
        found.append(
            visit.t("改为已公布", "now announced") if then.announced else visit.t("改为预计", "now provisional")
        )
    if now.document_no != then.document_no:
        found.append(visit.t("文号：", "document: ") + (then.document_no or "—"))
    return found


def _about(label: tuple[str, str], line: str) -> tuple[str, str]:
    return f"{label[0]}：{line}", f" {label[1]}: {line}"


ROUTES: Final = (
    Route("/calendar", "calendar", calendar_page, READS),
    Route("/calendar/publish", "publish_calendar", publish, PUBLISHES, ("POST",)),
    Route("/calendar/<what>", "answer_calendar", answer, PUBLISHES, ("POST",)),
)
