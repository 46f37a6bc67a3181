"""The rates of a month, quarter or year: each with what it is divided of, for a place and for those right below it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import periods, rates
from sync_protocol.case.rates import Rate
from sync_protocol.case.workdays import day_of
from village_node import casebook
from village_node.casebook import BadBody
from village_node.casebook.rates import Report
from village_node.web import bulletin_tables, entry, export, figures
from village_node.web.export import Cell, Table
from village_node.web.policy import CASEWORK, EXPORTS, Policy, Route
from village_node.web.rate_words import GROUPS, NOT_KNOWN, UNITS, WHY_NOT_KNOWN, WORDS
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node")
HEAD: Final = (
    ("期间", "Period"), ("自", "From"), ("至", "To"), ("单位代码", "Code"), ("单位", "Place"), ("范围", "Of"),
    ("指标", "Rate"), ("分子", "Numerator is"), ("件数、天数（分子）", "Numerator"), ("分母", "Denominator is"),
    ("件数、天数（分母）", "Denominator"), ("值", "Value"), ("单位（值）", "Unit"),
)  # fmt: skip
_OF: Final = {True: ("含下级", "with those below"), False: ("本级", "by itself")}


@dataclass(frozen=True)
class Shown:
    """One rate in words: ``value`` is a dash where there is nothing to divide by; ``compared``: whether it can be told
    place by place."""

    code: str
    name: str
    value: str
    part: str
    whole: str
    note: str
    compared: bool


@dataclass(frozen=True)
class Compared:
    """The rate of one place: its numbers and its value; ``whole``: with those below it."""

    name: str
    whole: bool
    part: int
    of: int
    value: str


def rates_page(visit: Visit) -> Response:
    """The rates of a period as they stand; of this month where the address names none."""
    try:
        report = asked(visit)
    except BadBody as bad:
        month = periods.period_of("month", day_of(visit.now_ms))
        return _page(visit, of_period(visit, "month", month), 422, visit.t(bad.zh, bad.en))
    return _page(visit, report)


def asked(visit: Visit) -> Report:
    """The rates that the address asks for. Raises NotFound for a place that is not below this one, BadBody."""
    kind, period = figures.asked_period(visit)
    return of_period(visit, kind, period, entry.line(visit.request.args.get("place", "")))


def of_period(visit: Visit, kind: str, period: str, place: str = "") -> Report:
    """The rates as they stand. Raises NotFound for a place that is not below this one, BadBody."""
    try:
        return visit.site.casebook.rates(kind, period, place)
    except casebook.NotFound:
        raise NotFound from None


def _page(visit: Visit, report: Report, status: int = 200, problem: str = "") -> Response:
    here, code = visit.site.config.place, visit.request.args.get("rate", "")
    compared = code if code in rates.COMPARED and report.lines else ""
    whole = rates.rates_of(report.whole, report.frame)
    last = periods.days_of(report.kind, report.period)[1]
    return visit.render(
        "rates.html",
        status,
        problem=problem,
        report=report,
        period=bulletin_tables.period_words(visit, report.kind, report.period),
        place="" if report.place == here else report.place,
        choices=figures.choices(visit, report.period),
        offered=figures.places_offered(visit),
        running=last >= day_of(visit.now_ms),
        left_to_fold=visit.site.casebook.left_to_fold(),
        groups=[
            (visit.t(*title), [_shown(visit, each) for each in whole if WORDS[each.code].group == group])
            for group, title in GROUPS.items()
        ],
        rate=compared,
        rate_name=visit.t(*WORDS[compared].name) if compared else "",
        rows=list(_compared(visit, report, compared)) if compared else [],
        not_known=visit.t(*NOT_KNOWN),
        why_not_known=visit.t(*WHY_NOT_KNOWN),
    )


def value(visit: Visit, rate: Rate) -> str:
    """A rate as people read it, with its unit; a dash where there is nothing to divide by."""
    number = rates.words(rate.tenths)
    return number + visit.t(*UNITS[rate.unit]) if number else "—"


def _shown(visit: Visit, rate: Rate) -> Shown:
    said = WORDS[rate.code]
    part, whole = visit.t(*said.part), visit.t(*said.whole)
    return Shown(
        rate.code,
        visit.t(*said.name),
        value(visit, rate),
        visit.t(f"{part} {rate.part}", f"{rate.part} {part}"),
        visit.t(f"{whole} {rate.whole}", f"{rate.whole} {whole}"),
        visit.t(*said.note),
        rate.code in rates.COMPARED,
    )


def _compared(visit: Visit, report: Report, code: str) -> Iterator[Compared]:
    at = rates.CODES.index(code)
    for line in report.lines:
        rate = rates.rates_of(line.counts, report.frame)[at]
        yield Compared(visit.place_name(line.place), line.whole, rate.part, rate.whole, value(visit, rate))


def table(visit: Visit) -> Table | Response:
    """The same as a file: every rate of the place as a whole, then of each place."""
    try:
        report = asked(visit)
    except BadBody:
        return rates_page(visit)
    here = visit.site.config.place
    narrowed = {"period": report.period, **({"place": report.place} if report.place != here else {})}
    return Table("rates", HEAD, list(_cells(visit, report)), narrowed, asked=narrowed)


def _cells(visit: Visit, report: Report) -> Iterator[list[Cell]]:
    lines = [(report.place, True, report.whole, rates.CODES)]
    lines += [(line.place, line.whole, line.counts, rates.COMPARED) for line in report.lines]
    for place, whole, counts, codes in lines:
        for rate in rates.rates_of(counts, report.frame):
            if rate.code not in codes:
                continue
            said, tenths = WORDS[rate.code], rate.tenths
            yield [
                report.period, report.first.isoformat(), report.upto.isoformat(), place, visit.place_name(place),
                visit.t(*_OF[whole]), visit.t(*said.name), visit.t(*said.part), rate.part, visit.t(*said.whole),
                rate.whole, "" if tenths is None else tenths / 10, visit.t(*UNITS[rate.unit]).strip(),
            ]  # fmt: skip


ROUTES: Final = (
    Route("/rates", "rates", rates_page, READS),
    export.route("/rates", "rates_export", table, Policy(EXPORTS, "node")),
)
