"""The procedures beside the examination of a case (a hearing, a test, a public notice) as its page, lists and the
resident read them: which one runs, since when, for how long, and whether the promise stands still for it."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from sync_protocol.case import Case
from sync_protocol.case.legal_bodies import SPECIAL
from sync_protocol.places import about
from village_node.casebook import Standstill
from village_node.store.cases import CaseRow
from village_node.web import due_days, times, words
from village_node.web.site import Visit

Badge = tuple[str, str, str]


def of_case(visit: Visit, case: Case) -> tuple[Standstill, ...]:
    """What is open in a case."""
    found = visit.site.casebook.clock_of((about(case.home), case.case_id)) if case.open else None
    return found.standstills if found is not None else ()


def badges(visit: Visit, found: Sequence[Standstill]) -> list[Badge]:
    """Each as it stands beside the state: tone, drawing, words."""
    return [("waiting", "clock", _badge_words(visit, each)) for each in found]


def on_list(visit: Visit, listed: Sequence[CaseRow]) -> Callable[[CaseRow], tuple[Standstill, ...]]:
    """Of each case of a list: what is open in it; asked once for all of them."""
    found = visit.site.casebook.standstills_on([(row.scope, row.case_id) for row in listed])
    return lambda row: found.get((row.scope, row.case_id), ())


def stopped_words(visit: Visit, found: Sequence[Standstill]) -> str:
    """That the promise stands still and for what, as a list says it in place of a day; empty where it runs."""
    names = _names(visit, found)
    return visit.t(f"暂停（{names}）", f"stopped ({names})") if names else ""


def promise_words(visit: Visit, found: Sequence[Standstill], planned: str) -> str:
    """By when it is promised while the clock stands still; ``planned``: the day that the planned end comes to, in
    words, or empty. Empty where it stands still for none of these."""
    names = _names(visit, found)
    if not names:
        return ""
    if not planned:
        return visit.t(f"{names}期间暂停计时，结束后接着计算", f"stopped for: {names}; counted on when that is over")
    return visit.t(
        f"{names}期间暂停计时；按计划结束，则最晚 {planned}", f"stopped for: {names}; at its planned end, by {planned}"
    )


def told(visit: Visit, found: Sequence[Standstill]) -> str:
    """What the applicant is told of what is open, and what comes next; empty where nothing is."""
    return visit.t("", " ").join(_told(visit, each) for each in found)


def _names(visit: Visit, found: Sequence[Standstill]) -> str:
    return visit.t("、", ", ").join(visit.t(*words.choice_words(each.what)) for each in found if each.stops)


def _badge_words(visit: Visit, each: Standstill) -> str:
    name = visit.t(*words.choice_words(each.what))
    if each.what in SPECIAL:
        name = visit.t(f"特别程序：{name}", f"special procedure: {name}")
    return name + (visit.t("，时限暂停", ", time stopped") if each.stops else "")


def _told(visit: Visit, each: Standstill) -> str:
    zh, en = words.choice_words(each.what)
    since = times.date_words(each.since, visit.lang)
    runs = visit.t(f"正在进行{zh}，自 {since} 起", f"Under way: {en}, since {since}")
    if each.planned is not None and each.until is not None:
        until = due_days.last_day_words(visit, each.until, working=each.working)
        days = visit.t(
            f"{each.planned} {'个工作日' if each.working else '天'}",
            f"{each.planned} {'working days' if each.working else 'days'}",
        )
        runs += visit.t(f"，计划 {days}，到 {until}", f", planned for {days}, until {until}")
    if each.stops:
        still = visit.t("；这段时间不计入承诺时限。", "; this time does not count for what was promised. ")
    else:
        still = visit.t("；承诺时限照常计算。", "; what was promised is counted on. ")
    return runs + still + visit.t(*_NEXT.get(each.what, _EXAMINED_ON)) + _hearing(visit, each)


def _hearing(visit: Visit, each: Standstill) -> str:
    day, where = each.body.get("hearing_day"), each.body.get("hearing_at", "")
    if not day:
        return ""
    on = times.date_words(date.fromisoformat(day), visit.lang)
    return visit.t(f"听证定于 {on}（{where}）。", f" The hearing is on {on} ({where}).")


_EXAMINED_ON: Final = (
    "结束后接着审查。需要您到场或配合的，会通知您；现在不用补材料。",
    "The examination goes on when it is over. If you are needed you will be told; there is nothing to supply now.",
)
_NEXT: Final[dict[str, tuple[str, str]]] = {
    "hearing": (
        "请按听证通知书参加；结束后接着审查。",
        "Please come as the notice of the hearing says; the examination goes on when it is over.",
    ),
    "publicity": (
        "公示期满无异议的接着办理，您现在不用做什么。",
        "If nobody objects it goes on when the time of the notice is over. There is nothing you need to do.",
    ),
    "reported_up": (
        "由上级机关决定，有了结果会通知您。您现在不用做什么。",
        "The authority above decides; you will be told. There is nothing you need to do.",
    ),
}
