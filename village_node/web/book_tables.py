"""The books of a place as files for a spreadsheet: what stands in them of numbers, places, states and days.

None of them names an applicant, who asked or who complained, and none holds what anybody typed freely, which may name
them: that is read on the pages, where it is masked or sealed, and a list of people is asked for otherwise
(``web.exports``). Only what the county has published to everybody stands in them as it was written.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from werkzeug.wrappers import Response

from village_node.casebook import NotAllowed
from village_node.casebook.oddities import OddPage
from village_node.casebook.orders import OrderPage
from village_node.web import (
    assignments,
    clocks,
    complaints,
    consultations,
    export,
    item_register,
    item_versions,
    joint,
    masking,
    meetings,
    oddities,
    orders,
    registers,
    samples,
    slips,
    times,
    voices,
    words,
)
from village_node.web.clocks import Badge
from village_node.web.export import Cell, Paged, Table
from village_node.web.filters import Filters
from village_node.web.policy import EXPORTS, Policy, Route
from village_node.web.site import Visit

MOST_FOLDED: Final = 2_000  # cases that are folded for one file
_P = TypeVar("_P", bound=Paged)
_STATE: Final = ("状态", "State")
_WHEN: Final = ("时间", "When")
_CASE: Final = ("收件编号", "Receipt number")
_ITEM: Final = ("事项", "Service")
_CARD: Final = ("预警", "Card")


def _at(ms: int) -> str:
    return times.local(ms).strftime("%Y-%m-%d %H:%M")


def _words(visit: Visit, badge: Badge | None) -> str:
    return visit.t(*badge[2:]) if badge is not None else ""


def _table(name: str, head: Sequence[tuple[str, str]], rows: Iterable[Sequence[Cell]], narrowed: Filters) -> Table:
    return Table(name, head, rows, narrowed.told())


def _folded(
    visit: Visit, page_of: Callable[[int], _P], rows_of: Callable[[_P], Iterable[Sequence[Cell]]]
) -> Iterator[Sequence[Cell]]:
    """The rows of a list whose cases are folded for it, page by page as they are written; no more cases than one
    request may fold, and where there are more the last line says so."""
    for number, found in enumerate(export.pages(page_of), start=1):
        yield from rows_of(found)
        if MOST_FOLDED <= number * found.page_size < found.total:
            zh = f"只导出前 {MOST_FOLDED} 件的记录，其余未导出：请缩小筛选范围后分次导出"
            en = f"Only the first {MOST_FOLDED} cases: the others were left out; narrow the filter and export in parts"
            yield [visit.t(zh, en)]
            return


def order_table(visit: Visit) -> Table:
    """The orders to put right of one view."""
    view, narrowed = orders.narrowed(visit)
    head = (_CASE, ("评价", "Rating"), ("评价时间", "Rated"), _CARD, ("期限", "Time"), ("由谁答复", "Answered by"))

    def rows(found: OrderPage) -> Iterator[Sequence[Cell]]:
        for each in found.orders:
            rated = visit.t(*words.choice_words(each.order.rating.body["grade"]))
            card = _words(visit, clocks.grade_badge(each.clock.grade))
            time, place = voices.clock_words(visit, each.clock), visit.place_name(each.order.place)
            yield (each.row.case_no or "", rated, _at(each.order.since_ms), card, time, place)

    book = visit.site.casebook
    return _table("orders", head, _folded(visit, lambda at: book.orders(view, at, narrowed.text), rows), narrowed)


def consultation_table(visit: Visit) -> Table:
    """What was asked at the counter: of which item, who was asked first, and how far it has come."""
    narrowed, found = consultations.narrowed(visit)
    head = (("咨询编号", "Number"), _WHEN, _ITEM, ("首问责任人", "Asked first"), _STATE)
    rows = (
        (
            each.number,
            _at(each.first.claimed_ms),
            consultations.item_of(visit, each),
            consultations.owner_of(visit, each.owner),
            _words(visit, consultations.BADGES[each.outcome]),
        )
        for each in found
    )
    return _table("consultations", head, rows, narrowed)


def slip_table(visit: Visit) -> Table:
    """What was handed in for cases of other places."""
    narrowed, found = slips.narrowed(visit)
    head = (("代收编号", "Number"), ("代收单位", "Taken at"), _WHEN, ("内容", "What"), ("所涉件", "Case"), _STATE)
    rows = (
        (
            each.slip.number,
            visit.place_name(each.slip.record.place),
            _at(each.slip.record.claimed_ms),
            visit.t(*slips.WHAT[each.slip.record.said["what"]]),
            each.slip.case_no,
            _words(visit, slips.STATES[slips.state_of(each)]),
        )
        for each in found
    )
    return _table("slips", head, rows, narrowed)


def complaint_table(visit: Visit) -> Table | Response:
    """The complaints of which the person in front sees the number and the time, without what is sealed in them; where
    a key is damaged, the page that says so."""
    try:
        narrowed, found = complaints.all_heard(visit)
    except NotAllowed:
        return complaints.register(visit)
    head = (("投诉编号", "Number"), _WHEN, ("受理单位", "Heard by"), _CARD, ("期限", "Time"), _STATE)
    answered = (visit.t("待答复", "to be answered"), visit.t("已答复", "answered"))
    rows = (
        (
            each.complaint.number,
            _at(each.complaint.at_ms),
            visit.place_name(each.complaint.handler),
            _words(visit, clocks.grade_badge(each.clock.grade)),
            voices.clock_words(visit, each.clock),
            answered[each.complaint.answer is not None],
        )
        for each in found
    )
    return _table("complaints", head, rows, narrowed)


def countersigning_table(visit: Visit) -> Table:
    """What departments are still to sign."""
    narrowed, found = joint.narrowed(visit)
    used, due = ("已用工作日", "Days used"), ("应签日期", "To be signed by")
    head = (_CASE, _ITEM, ("会签部门", "Department"), ("所办事项", "Decides"), used, due, _CARD)
    rows = (
        (each.case_no, each.item, each.department, each.decides, each.days, each.due, _words(visit, each.badge))
        for each in found
    )
    return _table("countersigning", head, rows, narrowed)


def action_table(visit: Visit) -> Table:
    """What meetings gave people to do and is still open, each by its number in the minutes."""
    narrowed, found = meetings.narrowed(visit)
    head = (_CASE, ("序号", "No."), ("责任人", "Who"), ("完成日期", "By"), _CARD)
    rows = (
        (case_no, todo.number, masking.name(todo.who), todo.due, _words(visit, todo.badge))
        for _, case_no, todo in found
    )
    return _table("actions", head, rows, narrowed)


def assignment_table(visit: Visit) -> Table:
    """What was proposed to be taken out of a place's hands, and what came of it."""
    narrowed, found = assignments.narrowed(visit)
    by, answered = ("提议人", "Proposed by"), ("答复人", "Answered by")
    head = (_CASE, ("改派至", "To"), by, _WHEN, _STATE, answered)
    rows = (
        (
            each.case_no,
            visit.place_name(each.row.to_place),
            each.proposer,
            _at(each.row.proposed_ms),
            _words(visit, each.tone),
            each.answerer,
        )
        for each in found
    )
    return _table("assignments", head, rows, narrowed)


def sample_table(visit: Visit) -> Table:
    """The samples that were drawn."""
    narrowed, found = samples.narrowed(visit)
    head = (
        _WHEN,
        ("抽哪些件", "Which cases"),
        ("自", "From"),
        ("至", "To"),
        ("抽取", "Drawn"),
        ("共", "Out of"),
        ("抽样人", "By"),
    )
    rows = (
        (_at(each.at_ms), what, each.said.first, each.said.last, len(each.said.cases), each.said.out_of, by)
        for each, _, what, by in found
    )
    return _table("samples", head, rows, narrowed)


def oddity_table(visit: Visit) -> Table:
    """The records that do not count, of one view of their cases."""
    view, narrowed = oddities.asked(visit)
    todo = ("怎么办", "What to do")
    head = (_CASE, ("记录", "Record"), ("谁写的", "Written by"), _WHEN, _STATE, ("为什么不计入", "Why"), todo)

    def rows(found: OddPage) -> Iterator[Sequence[Cell]]:
        for odd in found.cases:
            for row, each in zip(oddities.group(visit, odd).rows, odd.oddities, strict=True):
                line, what = row.line, oddities.answered(visit, each) or row.todo
                why = (line.verdict_words, line.why)
                yield (odd.case.case_no or "", line.title, line.place, _at(line.claimed_ms), *why, what)

    book = visit.site.casebook
    return _table("oddities", head, _folded(visit, lambda at: book.oddities(view, at, narrowed.text), rows), narrowed)


def seal_table(visit: Visit) -> Table:
    """What was sealed, with which seal, by whom."""
    narrowed, found = registers.uses_of(visit)
    head = (_WHEN, ("印章", "Seal"), ("用印人", "By"), ("用于", "For"), ("文号", "Document"), _CASE)
    rows = (
        (
            _at(use.at_ms),
            said["seal"],
            who,
            registers.act_words(visit, said["act"]),
            said["document"] or "",
            use.subject,
        )
        for use, said, who in found
    )
    return _table("seals", head, rows, narrowed)


def version_table(visit: Visit) -> Table:
    """The versions of items that the county has published."""
    narrowed, found = item_versions.narrowed(visit, visit.site.casebook.history())
    version, begins = ("版本", "Version"), ("生效", "From")
    head = (
        ("事项编号", "Number"),
        _ITEM,
        version,
        begins,
        ("失效", "To"),
        _STATE,
        ("公布时间", "Published"),
        ("理由", "Reason"),
    )
    rows = (
        (
            each.item.item_no,
            visit.t(each.item.name, each.item.name_en),
            each.item.version,
            str(each.item.begins or ""),
            str(each.item.ends or ""),
            item_versions.standing(visit, each.item)[1],
            _at(each.publication.claimed_ms),
            each.publication.said.reason,
        )
        for each in found
        if each.publication is not None
    )
    return _table("catalogue", head, rows, narrowed)


def register_table(visit: Visit) -> Table:
    """Which items came in, went out, and were given to another level."""
    narrowed, found = item_register.narrowed(visit)
    levels = (("原层级", "Level before"), ("现层级", "Level now"))
    head = (
        ("变更", "Change"),
        ("事项编号", "Number"),
        _ITEM,
        *levels,
        ("生效", "From"),
        ("理由", "Reason"),
        ("依据文号", "Document"),
    )
    rows = (
        (
            _words(visit, what),
            each.item.item_no,
            visit.t(each.item.name, each.item.name_en),
            before,
            after,
            str(each.begins or ""),
            each.reason,
            each.document,
        )
        for each, what, before, after in found
    )
    return _table("item-register", head, rows, narrowed)


# Address and endpoint of the page, and its table.
TABLES: Final[tuple[tuple[str, str, Callable[[Visit], Table | Response]], ...]] = (
    ("/orders", "orders", order_table),
    ("/consultations", "consultations", consultation_table),
    ("/slips", "slips", slip_table),
    ("/complaints", "complaints", complaint_table),
    ("/countersigning", "countersigning", countersigning_table),
    ("/actions", "actions", action_table),
    ("/assignments", "assignments", assignment_table),
    ("/samples", "samples", sample_table),
    ("/oddities", "oddities", oddity_table),
    ("/seals", "seals", seal_table),
    ("/catalogue", "catalogue", version_table),
    ("/items/register", "item_register", register_table),
)
ROUTES: Final[tuple[Route, ...]] = tuple(
    export.route(rule, f"{endpoint}_export", table, Policy(EXPORTS, "node")) for rule, endpoint, table in TABLES
)
