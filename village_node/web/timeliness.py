"""Settled early, on time or late, for a period: what supervision reads, counted by one test everywhere."""

import calendar
from datetime import date
from typing import Final

from werkzeug.wrappers import Response

from sync_protocol.case import rates
from sync_protocol.case.workdays import day_of
from village_node.casebook.settlements import HEADLINE, Sums
from village_node.web import entry, export
from village_node.web.export import Table
from village_node.web.policy import CASEWORK, EXPORTS, Policy, Route
from village_node.web.site import Visit

COUNTED: Final = ("settled", "early", "on_time", "late", "extended", "used")
HEAD: Final = (
    ("自", "From"), ("至", "To"), ("件型", "Kind"), ("部门", "Department"), ("办结", "Settled"), ("提前", "Early"),
    ("当日到期", "On the last day"), ("超期", "Late"), ("延期的", "Extended"),
    ("用时合计（工作日）", "Working days used"),
)  # fmt: skip


def timeliness(visit: Visit) -> Response:
    """The sums of a period, by kind of case and department; this month where none is given."""
    today = day_of(visit.now_ms)
    first, last, problem = period(visit, today)
    lines = visit.site.casebook.settled_between(first, last)
    kinds: dict[str, Sums] = {}
    for line in lines:
        kinds[line.kind] = kinds.get(line.kind, Sums()).plus(line.sums)
    return visit.render(
        "timeliness.html",
        422 if problem else 200,
        first=first,
        last=last,
        problem=problem,
        headline=kinds.get(HEADLINE, Sums()),
        groups=[
            (
                kind,
                [
                    *((line.department, line.sums) for line in lines if line.kind == kind),
                    (visit.t("合计", "All"), sums),
                ],
            )
            for kind, sums in kinds.items()
        ],
        share=share,
        mean=mean,
    )


def period(visit: Visit, today: date) -> tuple[date, date, str]:
    """The days of the address; what is wrong with them, in words, and then this month."""
    whole = today.replace(day=1), today.replace(day=calendar.monthrange(today.year, today.month)[1])
    typed = [entry.line(visit.request.args.get(name, ""))[:10] for name in ("first", "last")]
    if typed == ["", ""]:
        return (*whole, "")
    try:
        first, last = (date.fromisoformat(text) for text in typed)
    except ValueError:
        return (*whole, visit.t("请按 年-月-日 填写起止日期。", "Give both days as YYYY-MM-DD."))
    if last < first:
        return (*whole, visit.t("截止日期不能早于开始日期。", "The last day lies before the first."))
    return first, last, ""


def share(part: int, whole: int) -> str:
    """A part of a whole, in per cent."""
    return f"{number}%" if (number := rates.words(rates.tenths(100 * part, whole))) else "—"


def mean(days: int, number: int) -> str:
    """A mean number of days."""
    return f"{days / number:.1f}" if number else "—"


def table(visit: Visit) -> Table | Response:
    """The same as a file: sums by kind and department, from which every share can be worked out again."""
    first, last, problem = period(visit, day_of(visit.now_ms))
    if problem:
        return timeliness(visit)
    days = first.isoformat(), last.isoformat()
    rows = [
        (*days, line.kind, line.department, *(getattr(line.sums, name) for name in COUNTED))
        for line in visit.site.casebook.settled_between(first, last)
    ]
    return Table("timeliness", HEAD, rows, dict(zip(("first", "last"), days, strict=True)))


READS: Final = Policy(CASEWORK, "node")
ROUTES: Final = (
    Route("/timeliness", "timeliness", timeliness, READS),
    export.route("/timeliness", "timeliness_export", table, Policy(EXPORTS, "node")),
)
