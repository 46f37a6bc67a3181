"""Fees on pages: what a case owes by the rule of its item, and the daily sheet of what was asked, taken and waived."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from werkzeug.wrappers import Response

from sync_protocol.case import Case, Offer, kinds, workflow
from sync_protocol.case.catalogue import Item
from sync_protocol.case.fees import Sum
from sync_protocol.case.workdays import day_of
from village_node.casebook import BadBody, FeeDay
from village_node.casebook.charging import basis_of
from village_node.store.fees import FeeRow
from village_node.web import export, filters, times
from village_node.web.box import Box, yuan
from village_node.web.export import Table
from village_node.web.filters import Choice, Filters
from village_node.web.policy import CASEWORK, EXPORTS, Policy, Route
from village_node.web.site import Visit

CASHIER: Final = frozenset({"cashier"})
READS: Final = Policy(CASEWORK | CASHIER, "node", "masked")
TAKES: Final = Policy(EXPORTS | CASHIER, "node", "masked")
HEAD: Final = (
    ("日期", "Day"), ("时间", "Time"), ("类别", "What"), ("收件编号", "Receipt number"), ("事项", "Service"),
    ("文号或票据号", "Number of the paper"), ("金额（元）", "Amount (yuan)"), ("经办人", "Clerk"),
)  # fmt: skip
BY_RULE: Final = ("amount_fen", "basis")
SORTS: Final[dict[str, tuple[str, str]]] = {
    "notice": ("缴费通知", "notices"),
    "paid": ("已缴费", "paid"),
    "waived": ("减免", "waived"),
}
NUMBERS: Final[dict[str, tuple[str, str]]] = {
    "notice": ("通知书文号", "number of the notice"),
    "paid": ("票据号", "receipt"),
    "waived": ("减免决定文号", "decision to waive"),
}


def item_of(visit: Visit, case: Case) -> Item | None:
    """The item version of a case, if it is known here."""
    return visit.site.catalogue.find(case.item_no, case.item_version)


def offered(visit: Visit, case: Case, offer: Offer) -> Offer:
    """A move as it is offered: of a notice of a fee nobody types what the item's rule says."""
    item = item_of(visit, case)
    if offer.kind != kinds.FEE_NOTICE or item is None or item.fee_rule is None:
        return offer
    return offer._replace(fields=tuple(row for row in offer.fields if row.name not in BY_RULE))


def completed(visit: Visit, case: Case, values: Mapping[str, Any]) -> dict[str, Any]:
    """A notice of a fee with the sum and its basis by the item's rule; another sum stays, and is refused by the desk.

    Raises BadBody where the application does not say what is counted.
    """
    item, found = item_of(visit, case), visit.site.casebook.fee_owed(case)
    if item is None or found is None:
        return dict(values)
    return {"amount_fen": found.fen, **values, "basis": basis_of(item, found)}


def boxes(visit: Visit, case: Case) -> list[Box]:
    """What will be due, with the way it comes about; and a notice that says something else than the rule."""
    item = item_of(visit, case)
    waits = case.fee is None and case.state in workflow.APPROVED and not case.fee_settled
    told = case.fee is not None and case.fee.amount_fen is not None
    if item is None or item.fee_rule is None or not (waits or told) or not case.item_no:
        return []
    try:
        found = visit.site.casebook.fee_owed(case)
    except BadBody as bad:
        return [
            Box("bad", "warning", visit.t("费用还算不出来", "The fee cannot be worked out"), [visit.t(bad.zh, bad.en)])
        ]
    assert found is not None
    if case.fee is None:
        title = visit.t(f"应缴 {yuan(visit, found.fen)}", f"Due: {yuan(visit, found.fen)}")
        return [Box("waiting", "paper", title, [_way(visit, found)])]
    if case.fee.amount_fen == found.fen:
        return []
    title = visit.t("通知的金额与收费标准不符", "The notice differs from the rate")
    return [Box("bad", "warning", title, [_way(visit, found)])]


def _way(visit: Visit, found: Sum) -> str:
    return visit.t(f"按收费标准计算：{found.zh}", f"By the rate: {found.en}")


@dataclass
class Line:
    """One line of the daily sheet in words; ``case``: place and id of the case it is of."""

    number: str
    case_no: str
    case: tuple[str, str]
    item: str
    amount: str
    who: str
    at: str


def line_of(visit: Visit, row: FeeRow) -> Line:
    """One row of the money as it is shown."""
    item = visit.site.catalogue.find(row.item_no or "", row.item_version or 0)
    return Line(
        row.number or "—",
        row.case_no or "—",
        (row.scope.partition(":")[2], row.case_id.hex()),
        visit.t(item.name, item.name_en) if item else row.item_no or "—",
        yuan(visit, row.fen) if row.fen is not None else "—",
        visit.site.accounts.name_of(row.actor or "") or row.actor or "",
        times.local(row.at_ms).strftime("%H:%M"),
    )


def asked_day(visit: Visit) -> date:
    """The day that the address names; today where it names none."""
    try:
        return date.fromisoformat(visit.request.args.get("day", "")[:10])
    except ValueError:
        return day_of(visit.now_ms)


def day_sheet(visit: Visit) -> Response:
    """The daily sheet: every notice, receipt and waiver of a day at this place, with their sums; or of those that the
    address asks for. It is one sheet, for the books, and so has no pages."""
    day, asked = asked_day(visit), _filters(visit)
    parts = _parts(visit, day, asked)
    return visit.render(
        "fee_day.html",
        chosen=day,
        filters=asked,
        day_words=times.date_words(day, visit.lang),
        parts=[
            (
                visit.t(*SORTS[what]),
                visit.t(*NUMBERS[what]),
                [line for _, line in found],
                len(found),
                yuan(visit, sum(row.fen or 0 for row, _ in found)),
            )
            for what, found in parts.items()
            if asked.chosen["what"] in ("", what)
        ],
    )


def _filters(visit: Visit) -> Filters:
    t = visit.t
    return filters.asked(
        visit,
        "fee_day",
        t("收件编号、文号、票据号、事项或经办人", "Receipt number, number of the paper, service or clerk"),
        Choice("what", t("类别", "What"), [(code, t(*words)) for code, words in SORTS.items()]),
        kept=("day",),
    )


def _parts(visit: Visit, day: date, asked: Filters) -> dict[str, list[tuple[FeeRow, Line]]]:
    """What of money was done on a day, by what it is: the rows that fit, with their words."""
    sheet: FeeDay = visit.site.casebook.fee_day(day)
    sorts = {"notice": sheet.notices, "paid": sheet.paid, "waived": sheet.waived}
    shown = {what: [(row, line_of(visit, row)) for row in found] for what, found in sorts.items()}
    return {
        what: [
            (row, line) for row, line in found if asked.fit((line.case_no, line.number, line.item, line.who), what=what)
        ]
        for what, found in shown.items()
    }


def day_table(visit: Visit) -> Table:
    """The sheet of a day as a file, narrowed alike; sums of money in yuan."""
    day, asked = asked_day(visit), _filters(visit)
    rows = [
        _cells(day, visit.t(*SORTS[what]), row, line)
        for what, found in _parts(visit, day, asked).items()
        for row, line in found
    ]
    return Table("fees", HEAD, rows, {**asked.told(), "day": day.isoformat()})


def _cells(day: date, sort: str, row: FeeRow, line: Line) -> tuple[str | float, ...]:
    amount: str | float = row.fen / 100 if row.fen is not None else ""
    return day.isoformat(), line.at, sort, row.case_no or "", line.item, row.number or "", amount, line.who


ROUTES: Final = (
    Route("/fees", "fee_day", day_sheet, READS),
    *export.vouched_routes("/fees", "fee_day_export", "take_fee_day", day_table, TAKES),
)
