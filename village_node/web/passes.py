"""What was passed on from one window to another: by whom, from where, what for; and how much the head desk settled."""

from typing import Final, NamedTuple

from werkzeug.wrappers import Response

from sync_protocol.case.windows import TASKS
from sync_protocol.case.workdays import day_of
from village_node.store.reception import DONE, Passed, Ticket
from village_node.web import counter_books, export, filters, timeliness, times, turns
from village_node.web.export import Table
from village_node.web.filters import Choice, Filters
from village_node.web.policy import CASEWORK, EXPORTS, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node")
HEAD: Final = (
    ("日期", "Day"), ("时间", "Time"), ("号码", "Number"), ("来做什么", "For"), ("事项", "Item"), ("由窗口", "From"),
    ("转到窗口", "To"), ("经手人", "By"), ("说明", "Note"),
)  # fmt: skip


class Line(NamedTuple):
    """One number that was sent on."""

    passed: Passed
    ticket: Ticket
    by: str


class Sums(NamedTuple):
    """Of what somebody came for: numbers drawn, settled where they were called first, and sent on to another window."""

    purpose: str
    drawn: int
    settled: int
    passed: int


def passes(visit: Visit) -> Response:
    """The numbers that were passed on in a period, this month where none is given."""
    first, last, problem, asked, found, sums = _asked(visit)
    return visit.render(
        "passes.html",
        422 if problem else 200,
        problem=problem,
        first=first,
        last=last,
        filters=asked,
        sums=sums,
        comes_for=TASKS,
        number_words=turns.number_words,
        item_words=lambda number: turns.item_words(visit, number),
        listed=counter_books.listed(visit, "passes", found),
    )


def _asked(visit: Visit) -> tuple[str, str, str, Filters, list[Line], list[Sums]]:
    """The period of the address, what is wrong with it, the filters, what is listed, and the sums of the period."""
    start, end, problem = timeliness.period(visit, day_of(visit.now_ms))
    first, last = start.isoformat(), end.isoformat()
    book, name_of = visit.site.casebook, visit.site.accounts.name_of
    drawn = {(row.day, row.number): row for row in book.tickets_between(first, last)}
    passed = [each for each in book.passes(first, last) if (each.day, each.number) in drawn]
    windows = sorted({name for each in passed for name in (each.from_window, each.to_window) if name})
    asked = filters.asked(
        visit,
        "passes",
        visit.t("号码、事项或说明", "Number, item or note"),
        Choice("purpose", visit.t("来做什么", "For"), [(code, visit.t(*words)) for code, words in TASKS.items()]),
        Choice("window", visit.t("窗口", "Window"), [(name, name) for name in windows]),
        kept=("first", "last"),
    )
    lines = [Line(each, drawn[each.day, each.number], name_of(each.passed_by) or each.passed_by) for each in passed]
    found = [each for each in reversed(lines) if _fits(visit, asked, each)]
    return first, last, problem, asked, found, sums_of(list(drawn.values()), passed)


def _fits(visit: Visit, asked: Filters, line: Line) -> bool:
    wanted = asked.chosen["window"]
    if wanted and wanted not in (line.passed.from_window, line.passed.to_window):
        return False
    item = turns.item_words(visit, line.ticket.item_no)
    words = (turns.number_words(line.passed.number), line.ticket.item_no, item, line.passed.note)
    return asked.fit(words, purpose=line.ticket.purpose, window=wanted)


def sums_of(drawn: list[Ticket], passed: list[Passed]) -> list[Sums]:
    """The sums of a period by what somebody came for. A pure function."""
    sent_on = {(each.day, each.number) for each in passed}
    found = []
    for purpose in TASKS:
        mine = [row for row in drawn if row.purpose == purpose]
        settled = sum(row.state == DONE and (row.day, row.number) not in sent_on for row in mine)
        found.append(Sums(purpose, len(mine), settled, sum((row.day, row.number) in sent_on for row in mine)))
    return found


def table(visit: Visit) -> Table | Response:
    """The same list as a file."""
    first, last, problem, asked, found, _ = _asked(visit)
    if problem:
        return passes(visit)
    rows = [
        (
            each.passed.day, times.local(each.passed.at_ms).strftime("%H:%M"), turns.number_words(each.passed.number),
            visit.t(*TASKS[each.ticket.purpose]), each.ticket.item_no, each.passed.from_window, each.passed.to_window,
            each.by, each.passed.note,
        )
        for each in found
    ]  # fmt: skip
    return Table("passes", HEAD, rows, {**asked.told(), "first": first, "last": last})


ROUTES: Final = (
    Route("/turns/passes", "passes", passes, READS),
    export.route("/turns/passes", "passes_export", table, Policy(EXPORTS, "node")),
)
