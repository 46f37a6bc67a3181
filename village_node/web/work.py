"""The work list: what waits for me, what came back, what has not left this node, is on the way, is decided."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from flask import url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import documents, kinds, powers
from sync_protocol.case.exclusions import GRADES
from sync_protocol.case.workdays import FIRST_DAY, day_of
from sync_protocol.case.workflow import STATES
from village_node.casebook import DRAFT_DAYS, Standstill
from village_node.store.cases import FINISHED, CaseRow
from village_node.web import (
    calls,
    claimed,
    clocks,
    commitments,
    complaints,
    corrections,
    day_ends,
    desks,
    due_days,
    entry,
    export,
    filing,
    masking,
    posting,
    searches,
    service_room,
    six_kinds,
    standstills,
    times,
    words,
)
from village_node.web.export import Table
from village_node.web.policy import CASEWORK, COUNTER, DESKS, EXPORTS, SIGNED_IN, Policy, Route
from village_node.web.site import Visit

VIEWS: Final[dict[str, tuple[str, str]]] = {
    "mine": ("待我处理", "Waiting for me"),
    "new": ("新到", "Newly arrived"),
    "claimed": ("我认领的", "Taken up by me"),
    "unclaimed": ("未认领", "Not taken up"),
    "prereview": ("网上预审", "Pre-review"),
    "supplies": ("有补正或撤回", "Supplied or to withdraw"),
    "reviews": ("申请复核", "Review asked for"),
    "back": ("退回补正", "To be corrected"),
    "not_left": ("尚未离开本机", "Not left this node"),
    "transit": ("转送途中", "On the way"),
    "promises": ("承诺待兑现", "Committed to"),
    "unrated": ("未评价（待回访）", "Not rated yet"),
    **desks.TITLES,
    "decided": ("已决定", "Decided"),
    "all": ("全部", "All"),
}
EMPTY: Final[dict[str, tuple[str, str]]] = {
    "mine": ("没有等您处理的件。", "Nothing waits for you."),
    "new": ("没有新到的件：转来的都已接收。", "Nothing has come that nobody has received yet."),
    "claimed": (
        "您没有认领的件。在办件页上按“认领”，就会列在这里。",
        "You have taken up no case. “Take it up” on its page lists it here.",
    ),
    "unclaimed": ("待办的件都有人认领。", "Somebody has taken up every case that waits."),
    "prereview": ("没有等待预审的件。", "No draft waits for a pre-review."),
    "supplies": ("没有新的补正材料或撤回申请。", "Nothing was supplied and nobody asks to withdraw."),
    "reviews": ("没有待复核的件。", "No review is asked for."),
    "back": ("没有退回补正的件。", "Nothing came back."),
    "not_left": ("本机的记录上级都已签收。", "The level above has signed for everything of this node."),
    "transit": ("没有在途的件。", "Nothing is on the way."),
    "promises": ("没有尚未兑现的承诺。", "No commitment is open."),
    "unrated": ("办结的件都已评价。", "Everything that was given out is rated."),
    **desks.EMPTY,
    "decided": ("还没有作出决定的件。", "Nothing is decided yet."),
    "all": ("本机还没有办件。", "There is no case on this node yet."),
}
_OF_DEPARTMENTS: Final = ("township", "county")  # where windows belong to departments
_OF_SEVERAL: Final = ("claimed", "unclaimed")  # no lists for who works alone
# Of no use at a village, which has no departments and few papers of its own, but where something waits.
_OF_OFFICES: Final = ("deciders", "number_series", "countersigning", "actions")
# Whose own work is looking at that of others: what has a card comes before their list of cases.
OVERSEES: Final = frozenset({"supervisor", "leader"})
FILTERS: Final = ("text", "item_no", "state", "place", "kind", "department")
Register = tuple[str, str, int]  # address, words, how much waits in it
SLICE: Final = 500  # cases that an export reads at once
APPLICANT: Final = ("申请人", "Applicant")
HEAD: Final = (
    ("收件编号", "Receipt number"), ("事项编号", "Service number"), ("事项", "Service"), APPLICANT,
    ("状态", "State"), ("预警", "Card"), ("到期", "Due"), ("现在在", "Now at"), ("收件时间", "Filed"),
)  # fmt: skip


def work(visit: Visit) -> Response:
    """One view of the list, filtered and paged by what stands in the address, so that a reload keeps it; for who takes
    fees or files volumes alone, what waits for them."""
    if not visit.may(CASEWORK):
        return desks.desk(visit) if visit.may(DESKS) else visit.redirect("health")
    arguments = visit.request.args
    view = arguments.get("view", "mine")
    if view == "drafts" and visit.may(COUNTER):
        said = {"thrown": filing.thrown(visit), "gone_on": filing.gone_on(visit)}
        return _render(visit, view, drafts=filing.open_drafts(visit), **said)
    if view not in VIEWS:
        raise NotFound
    filters, at = _filters(visit), entry.page(arguments.get("page", "1"))
    whole = searches.by_whole_name(visit)
    found = visit.site.casebook.work_list(view, filters, at, who=visit.staff.staff_no, whole_name=whole)
    filtered = any(filters.values())
    return _render(visit, view, found=found, filters=filters, filtered=filtered, **beside(visit, found.rows))


def _filters(visit: Visit) -> dict[str, str]:
    """What the address narrows the list to, by name; empty where it does not."""
    filters = {name: entry.line(visit.request.args.get(name, ""))[:60] for name in FILTERS}
    filters["text"] = searches.typed(visit)
    if filters["state"] not in STATES:
        filters["state"] = ""
    if filters["kind"] not in documents.SIX_KINDS:
        filters["kind"] = ""
    return filters


def table(visit: Visit, usual: str = "mine") -> Table:
    """A view of the list as a file, the newest first: who reads on slice by slice so misses no case that was there when
    it began, and meets none twice. ``usual``: the view where the address
    names none."""
    view, filters = visit.request.args.get("view", usual), _filters(visit)
    if view not in VIEWS:
        raise NotFound
    rows = (_cells(visit, row, still) for row, still in _slice_by_slice(visit, view, filters))
    asked = {"view": view, **{name: value for name, value in filters.items() if value}}
    told = {"view": view, **filters, "text": searches.told(filters["text"], visit.site.places)}
    return Table("work", HEAD, rows, told, HEAD.index(APPLICANT), asked)


def _slice_by_slice(visit: Visit, view: str, filters: dict[str, str]) -> Iterator[tuple[CaseRow, Sequence[Standstill]]]:
    last: tuple[int, bytes, str] | None = None
    who, whole = visit.staff.staff_no, searches.by_whole_name(visit)
    while rows := visit.site.casebook.cases_after(view, filters, last, SLICE, who, whole_name=whole):
        still = standstills.on_list(visit, rows)
        for row in rows:
            yield row, still(row)
        last = (rows[-1].filed_ms or 0, rows[-1].case_id, rows[-1].scope)


def _cells(visit: Visit, row: CaseRow, still: Sequence[Standstill]) -> tuple[str, ...]:
    """One case as the page shows it, masked alike."""
    item = visit.site.catalogue.find(row.item_no or "", row.item_version or 0)
    grade = row.grade_on(day_of(visit.now_ms))
    open_due = None if row.state in FINISHED or row.due_day is None else FIRST_DAY + timedelta(row.due_day)
    state = [visit.t(*words.state_words(row.state)[2:]), *(said for *_, said in standstills.badges(visit, still))]
    due = due_days.marked(visit, open_due, open_due.isoformat()) if open_due is not None else ""
    return (
        row.case_no or "",
        row.item_no or "",
        visit.t(item.name, item.name_en) if item else "",
        masking.name(row.applicant_name or ""),
        visit.t("；", "; ").join(state),
        visit.t(*clocks.grade_badge(grade)[2:]) if grade else "",
        (due and standstills.stopped_words(visit, still)) or due,
        visit.place_name(row.transit_to or row.holder or ""),
        times.local(row.filed_ms).strftime("%Y-%m-%d %H:%M") if row.filed_ms else "",
    )


def _registers(visit: Visit, unrated: int) -> list[Register]:
    """The further registers: address, words, and how much waits in each; those where something waits first."""
    book, t = visit.site.casebook, visit.t
    odd, together = book.odd_counts(), book.together_counts()
    answers = powers.may(visit.staff.roles, visit.site.level, kinds.COMPLAINT_ANSWER)
    found = [
        ("oddities", t("异常记录", "Does not count"), odd["held"]),
        ("supervision", t("督查", "Supervision"), len(book.waits_for_us())),
        ("number_series", t("文号", "Numbers"), 0),
        ("orders", t("整改单", "To put right"), book.order_counts()["here"]),
        ("complaints", t("投诉", "Complaints"), book.complaints_waiting() if answers else 0),
        ("slips", t("异地代收", "Slips"), book.brought_waiting()),
        ("consultations", t("咨询", "Consultations"), book.consultations_open()),
        ("calls", t("回访", "Calling back"), unrated + len(book.callees_for(visit.staff.staff_no, visit.staff.roles))),
        ("countersigning", t("待会签", "To be signed"), together[0]),
        ("actions", t("会议待办", "Actions"), together[1]),
        ("fee_day", t("收费日结", "Fees of the day"), 0),
        ("day_ends", t("日清", "Ends of days"), 0),
        ("deciders", t("窗口办决率", "Decided at the window"), 0),
        ("window_register", t("窗口", "Windows"), 0),
    ]
    if odd["proposals"]:
        found.append(("assignments", t("待确认改派", "To confirm"), odd["proposals"]))
    if powers.may(visit.staff.roles, visit.site.level, kinds.ERASURE):
        found.append(("erasures", t("删除个人信息", "Erasing personal data"), 0))
    if visit.may(EXPORTS):
        found.append(("idle", t("空转和两头受理", "Without business, or in two places"), 0))
    if visit.may(COUNTER):
        found.append(("batches", t("名单收件", "Lists"), 0))
    if visit.site.face == "village":
        found = [each for each in found if each[2] or each[0] not in _OF_OFFICES]
    addressed = [(url_for(name), label, count) for name, label, count in found]
    if appealed := book.order_counts()["appeals"] if powers.may_judge(visit.staff.roles, visit.site.level) else 0:
        addressed.append((url_for("orders", view="appeals"), t("差评申诉", "Appeals"), appealed))
    return sorted(addressed, key=lambda each: not each[2])


def _besides(visit: Visit, registers: Sequence[Register], counts: Mapping[str, int]) -> list[Register]:
    """What waits for the person in front though no case is to be done here: lists of cases that their roles alone have,
    and the registers in which something does."""
    views = desks.views_of(visit)
    if powers.may(visit.staff.roles, visit.site.level, kinds.REVIEW_DECISION):
        views.append("reviews")
    listed = [(url_for("work", view=view), visit.t(*VIEWS[view]), counts[view]) for view in views]
    return [each for each in (*listed, *registers) if each[2]]


def beside(visit: Visit, listed: Sequence[CaseRow]) -> dict[str, Any]:
    """What a list says of its cases beside their rows, asked once for all of them."""
    still = standstills.on_list(visit, listed)
    return {
        "signed": signed_by(visit, listed),
        "claimed_by": claimed.on_list(visit, listed),
        "standstills_of": lambda row: standstills.badges(visit, still(row)),
        "due_of": lambda row: _due_words(visit, row, still(row)),
    }


def _due_words(visit: Visit, row: CaseRow, still: Sequence[Standstill]) -> str:
    """When a case of a list is due, or for what its time stands still."""
    if row.due_day is None or row.state in FINISHED:
        return "—"
    return standstills.stopped_words(visit, still) or due_days.due_words(visit, FIRST_DAY + timedelta(row.due_day))


def signed_by(visit: Visit, listed: Sequence[CaseRow]) -> Callable[[CaseRow], list[tuple[str, int]]]:
    """Of each case of a list: which places have signed for its last step, with their names, and since when."""
    receipts = visit.site.casebook.hop_receipts(listed)
    return lambda row: [(visit.place_name(place), at) for place, at in receipts.get((row.scope, row.case_id), ())]


def _render(visit: Visit, view: str, **values: Any) -> Response:
    counts = dict(visit.site.casebook.view_counts(visit.staff.staff_no))
    # Who handled a case calls nobody about it, and some roles call nobody at all.
    counts["unrated"] = visit.site.casebook.results_for(visit.staff.staff_no, visit.staff.roles)
    registers = _registers(visit, counts["unrated"])
    if visit.may(COUNTER):
        counts["drafts"] = len(filing.open_drafts(visit))
    places = visit.site.places
    here = visit.site.config.place
    children = places.children(here) if here in places else ()

    today = day_of(visit.now_ms)

    def grade_of(row: CaseRow) -> clocks.Badge | None:
        grade = row.grade_on(today)
        return clocks.grade_badge(grade) if grade else None

    graded = visit.site.casebook.graded()
    marked = [(clocks.grade_badge(grade), graded[grade]) for grade in reversed(GRADES) if graded.get(grade)]

    # Who decides reviews is at the county: nobody else has a use for their list.
    several, away = claimed.staffed(visit)
    left_out = set(() if visit.site.level == "county" else ("reviews",)) | set(() if several else _OF_SEVERAL)
    at_desks = {each for each in desks.views_of(visit) if counts[each] or each == view}
    left_out |= set(desks.VIEWS.values()) - at_desks
    return visit.render(
        "work.html",
        view=view,
        views={name: label for name, label in VIEWS.items() if name not in left_out},
        counts=counts,
        registers=registers,
        besides=_besides(visit, registers, counts),
        empty=EMPTY | {each: (said := desks.empty_words(visit, each, counts), said) for each in desks.VIEWS.values()},
        complaints_shut=complaints.is_shut(visit),
        states=STATES,
        children=children,
        departments=_departments(visit, values.get("filters", {}).get("department", "")),
        to_approve=_to_approve(visit),
        exports_open=visit.site.accounts.exports.open_to(visit.staff.staff_no) if visit.may(EXPORTS) else (0, 0),
        to_mend=corrections.waiting(visit),
        to_post=posting.waiting(visit),
        calendar_waits=_calendar_waits(visit),
        on_duty=service_room.on_duty(visit),
        to_call=calls.waiting(visit),
        day_ends=day_ends.on_work_list(visit),
        away=away,
        oversees=OVERSEES,
        asked_of_us=len(visit.site.casebook.waits_for_us()),
        page_link=lambda number: visit.again("work", page=number),
        grade_of=grade_of,
        promise_of=lambda row: commitments.badge_of(visit, row),
        graded=marked,
        six=six_kinds.counted(visit),
        search_label=searches.label_of_cases(visit),
        kind_of=lambda row: six_kinds.badge_of(visit, row),
        draft_days=DRAFT_DAYS,
        **values,
    )


def _departments(visit: Visit, chosen: str) -> list[str]:
    """The departments that the list can be narrowed to, where those of several are handled: the one chosen stays among
    them, so that what is not there can be seen to be not there."""
    if visit.site.level not in _OF_DEPARTMENTS:
        return []
    return sorted({item.department for item in visit.site.catalogue.items()} | ({chosen} if chosen else set()))


def _to_approve(visit: Visit) -> list[tuple[str, str]]:
    """The cases on which a special procedure waits for the approval of the person in front: address and number."""
    book, found = visit.site.casebook, []
    for waiting in book.asked_procedures(visit.staff.staff_no, visit.staff.roles):
        row = book.case_row(waiting.scope, waiting.case_id)
        address = url_for("case", place=waiting.scope.partition(":")[2], case_id=waiting.case_id.hex())
        found.append((address, (row.case_no if row is not None else None) or waiting.case_id.hex()[:8]))
    return found


def _calendar_waits(visit: Visit) -> bool:
    """Whether a change of the calendar waits for the person in front to confirm it."""
    book = visit.site.casebook
    waiting = book.calendar_proposed() if book.may_confirm_calendar(visit.staff.roles) else None
    return waiting is not None and waiting[0] != visit.staff.staff_no


ROUTES: Final = (
    Route("/work", "work", work, Policy(SIGNED_IN, "node", "masked")),
    *export.vouched_routes("/work", export.CASES, "take_work", table, Policy(EXPORTS, "node", "masked")),
)
