"""The end of the day (日清): what came today and nobody acted upon, closed with a reason for each; and which rooms and
departments closed their days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from flask import url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import day_ends as rules
from sync_protocol.case.beside import Record
from sync_protocol.case.day_ends import DayEnd, Left
from sync_protocol.case.workdays import day_of
from sync_protocol.places import about
from village_node.casebook import BadBody
from village_node.casebook.closing import BACK_DAYS, ROOM, Day, Ended
from village_node.store.day_ends import WaitingRow
from village_node.store.locks import CaseKey
from village_node.web import counter_books, entry, export, rooms, sent_once, timeliness, times
from village_node.web.clocks import Badge
from village_node.web.counter_books import Refused
from village_node.web.export import Cell, Table
from village_node.web.policy import CASEWORK, EXPORTS, Policy, Route
from village_node.web.rooms import Asked
from village_node.web.site import Visit

MANY: Final = 4  # so many quiet departments are told in one line
READS: Final = Policy(CASEWORK, "node")
CLOSES: Final = Policy(frozenset({"agent", "clerk", "reviewer", "window", "officer", "head"}), "node", "typed")
REASONS: Final = Policy(CASEWORK, "node", "typed")
WAITS: Final[dict[str, Badge]] = {
    "coming": ("waiting", "right", "转来未接收", "handed here, not received"),
    "received": ("waiting", "clock", "收到未办理", "received, nothing done"),
    "supplied": ("active", "plus", "补正、撤回未处理", "supplied or to withdraw"),
}
STATES: Final[dict[str, tuple[str, str]]] = {
    "open": ("有未日清的", "days not closed"),
    "late": ("有补日清的", "closed afterwards"),
    "left": ("有遗留的", "something left over"),
    "empty": ("有空岗的", "empty posts"),
    "all": ("天天日清", "every day closed"),
}
HEAD: Final = (
    ("自", "From"), ("至", "To"), ("单位代码", "Code"), ("单位", "Place"), ("部门", "Department"),
    ("应日清天数", "Days due"), ("已日清", "Closed"), ("当日日清", "On the day"), ("未日清", "Not closed"),
    ("来件", "Came"), ("当日办理", "Acted upon"), ("遗留", "Left over"), ("值班岗次", "Posts"), ("空岗", "Empty"),
)  # fmt: skip


@dataclass(frozen=True)
class Open:
    """A case that waits, as a line of the form: ``key`` names its fields; ``why``, ``words``: what was said of it."""

    row: WaitingRow
    key: str
    item: str
    badge: Badge
    since: str
    why: str
    words: str


@dataclass(frozen=True)
class Closed:
    """A day end as it is shown. ``late``: not on the day itself; ``left``: address, number, since when, why."""

    said: DayEnd
    who: str
    when: str
    late: bool
    left: list[tuple[str, str, str, str]]


def today_of(visit: Visit) -> Response:
    """The day of the room or a department here, and what is to be said before it is closed."""
    return _today(visit)


def _today(visit: Visit, refused: Refused | None = None) -> Response:
    day, found, problem = _asked_day(visit)
    typed = visit.request.form
    known = {each[:2]: each for each in _said_of(found)} if found is not None else {}
    lines = [_line(visit, row, known, typed) for row in (found.waiting[: rules.MOST_LEFT] if found else ())]
    book = visit.site.casebook
    status = refused.status if refused is not None else 422 if problem else 200
    return visit.render(
        "day_end.html",
        status,
        chosen_day=day,
        found=found,
        problem=problem or (refused.problem or " ".join(refused.errors.values()) if refused is not None else ""),
        lines=lines,
        typed=typed,
        closed=shown(visit, found.closed) if found is not None and found.closed is not None else None,
        changed=found is not None and found.closed is not None and _differs(found),
        days=_days(visit),
        closers=[(name, name or visit.t("本单位", "this room")) for name in book.closers()],
        others=_others(visit, found),
        reasons=[("", visit.t("请选择", "choose")), *((code, visit.t(*words)) for code, words in rules.WHY.items())],
        words_max=rules.WORDS_MAX,
        back_days=BACK_DAYS,
        done=visit.request.args.get("done", ""),
    )


def _others(visit: Visit, found: Day | None) -> list[Day]:
    """The days of the departments that close their own, beside that of the room, where something came or waits."""
    if found is None or found.department != ROOM:
        return []
    book = visit.site.casebook
    days = (book.day_here(found.day, name) for name in book.closers() if name != ROOM)
    return [each for each in days if each.came or each.waiting]


def _asked_day(visit: Visit) -> tuple[str, Day | None, str]:
    """The day that the address asks for, as it stands; or what is wrong with it."""
    asked, staff, book = visit.request.values, visit.staff, visit.site.casebook
    day = entry.line(asked.get("day", ""))[:10] or day_of(visit.now_ms).isoformat()
    department = entry.line(asked.get("department", ""))[:60]
    if "department" not in asked:
        may = book.to_close(staff.staff_no, staff.roles)[0]
        department = may[-1].department if may and may[-1].department else ROOM
    try:
        return day, book.day_here(day, department, staff.staff_no, staff.roles), ""
    except BadBody as bad:
        return day, None, visit.t(bad.zh, bad.en)


def _said_of(found: Day) -> tuple[Left, ...]:
    said: DayEnd | None = found.closed.said["said"] if found.closed is not None else None
    return said.left if said is not None else ()


def _differs(found: Day) -> bool:
    """Whether something else is left over than what the day end names."""
    named = {(about(each.home), each.case_id) for each in _said_of(found)}
    return {(each.scope, each.case_id) for each in found.waiting[: rules.MOST_LEFT]} != named


def _line(visit: Visit, row: WaitingRow, known: Mapping[Any, Left], typed: Mapping[str, str]) -> Open:
    home = row.scope.partition(":")[2]
    key, said = f"{home}.{row.case_id.hex()}", known.get((home, row.case_id))
    why, words = (said.why, said.words) if said is not None else ("", "")
    since = times.date_words(day_of(row.since_ms), visit.lang)
    why, words = typed.get(f"why.{key}", why), typed.get(f"words.{key}", words)
    return Open(row, key, _item(visit, row.item_no), WAITS[row.what], since, why, words)


def _item(visit: Visit, item_no: str | None) -> str:
    item = visit.site.catalogue.newest(item_no or "")
    return visit.t(item.name, item.name_en) if item is not None else item_no or "—"


def _days(visit: Visit) -> list[tuple[str, str]]:
    today = day_of(visit.now_ms)
    days = [today - timedelta(number) for number in range(BACK_DAYS + 1)]
    return [(day.isoformat(), times.date_words(day, visit.lang)) for day in days]


def shown(visit: Visit, record: Record) -> Closed:
    """A day end as a page shows it."""
    said: DayEnd = record.said["said"]
    numbers = visit.site.casebook.numbers_of([(about(each.home), each.case_id) for each in said.left])
    who = visit.site.accounts.name_of(record.actor) if record.place == visit.site.config.place else ""
    left = [
        (
            url_for("case", place=each.home, case_id=each.case_id.hex()) if number is not None else "",
            number or each.case_id.hex()[:8],
            times.date_words(date.fromisoformat(each.since), visit.lang),
            visit.t(*rules.WHY[each.why]) + (visit.t("：", ": ") + each.words if each.words else ""),
        )
        for each, number in zip(said.left, numbers, strict=True)
    ]
    late = day_of(record.claimed_ms).isoformat() != said.day
    staff = visit.t(f"工号 {record.actor}", f"staff {record.actor}")
    named = visit.t(f"{who}（{record.actor}）", f"{who} ({record.actor})")
    return Closed(said, named if who else staff, times.moment(record.claimed_ms, visit.lang), late, left)


def close(visit: Visit) -> Response:
    """Close the day with what was said of each case that is left over."""
    form, staff = visit.request.form, visit.staff
    day, department = visit.line("day") or day_of(visit.now_ms).isoformat(), visit.line("department")
    usual = visit.line("all_why"), visit.line("all_words")
    reasons: dict[CaseKey, tuple[str, str]] = {}
    for name in form:
        what, _, key = name.partition(".")
        home, _, case_id = key.partition(".")
        if what == "why" and len(case_id) == 32 and set(case_id) <= set("0123456789abcdef") and form[name]:
            reasons[about(home), bytes.fromhex(case_id)] = visit.line(name), visit.line(f"words.{key}")

    def end() -> None:
        asked = sent_once.asked(visit)
        visit.site.casebook.close_day(staff.staff_no, staff.roles, day, department, reasons, usual, asked)

    came = counter_books.tried(visit, end, lambda _: None)
    if isinstance(came, Refused):
        return _today(visit, came)
    return visit.redirect("day_end", day=day, department=department, done="day")


def listed(visit: Visit) -> Response:
    """How the places under here closed their days: today, or a period."""
    return _page(visit, _found(visit))


def _page(visit: Visit, asked: Asked[Ended]) -> Response:
    sums = {
        name: sum(getattr(each, name) for each in asked.found) for name in ("due", "closed", "in_time", "left_over")
    }
    values = {"count": len(asked.found), "sums": sums, "badge_of": badge_of, "closes": visit.may_open("close_day")}
    return rooms.page(visit, "day_ends.html", "day_ends", asked, **values)


def _found(visit: Visit) -> Asked[Ended]:
    today = day_of(visit.now_ms)
    given = any(visit.request.args.get(name) for name in ("first", "last"))
    period = timeliness.period(visit, today) if given else (today, today, "")
    asked = rooms.asked(visit, "day_ends", STATES, period, visit.site.casebook.ended_between, states_of)
    return asked._replace(found=sorted(asked.found, key=lambda each: (-each.open, each.place, each.department)))


def states_of(each: Ended) -> frozenset[str]:
    """What a line of the list can be found by."""
    said = {
        "open": each.open > 0,
        "late": each.closed > each.in_time,
        "left": each.left_over > 0,
        "empty": each.empty > 0,
        "all": each.due > 0 and not each.open,
    }
    return frozenset(name for name, holds in said.items() if holds)


def badge_of(each: Ended) -> Badge:
    """How a room stands with its days."""
    if not each.due:
        return "plain", "dot", "无须日清", "nothing due"
    if each.open:
        if each.due == 1:
            return "waiting", "clock", "未日清", "not closed"
        return "waiting", "clock", f"{each.open} 天未日清", f"{each.open} not closed"
    if each.closed > each.in_time:
        return "active", "check", "已补日清", "closed afterwards"
    return "good", "check", "已日清", "closed"


def table(visit: Visit) -> Table | Response:
    """The same list as a file."""
    asked = _found(visit)
    return _page(visit, asked) if asked.problem else rooms.file(visit, "day_ends", HEAD, asked, _cells)


def _cells(each: Ended) -> Sequence[Cell]:
    days = each.due, each.closed, each.in_time, each.open
    return *days, each.came, each.done, each.left_over, each.posts, each.empty


def at_place(visit: Visit, place: str) -> Response:
    """The days of one place, the newest first, each with what was left over and why."""
    first, last, problem, found = _at(visit, place)
    rows = counter_books.listed(visit, "day_ends_at", found)
    days = [
        (times.date_words(date.fromisoformat(day), visit.lang), [shown(visit, record) for record in records])
        for day, records in rows.rows
    ]
    return visit.render(
        "day_ends_at.html",
        422 if problem else 200,
        place=place,
        first=first,
        last=last,
        problem=problem,
        listed=rows._replace(link=lambda number: visit.again("day_ends_at", place=place, page=number)),
        days=days,
    )


def _at(visit: Visit, place: str) -> tuple[date, date, str, list[tuple[str, list[Record]]]]:
    today = day_of(visit.now_ms)
    first, last, problem = timeliness.period(visit, today)
    try:
        return first, last, problem, visit.site.casebook.ends_at(place, first, last)
    except KeyError:
        raise NotFound from None
    except BadBody as bad:
        return first, last, visit.t(bad.zh, bad.en), []


class OnWorkList(NamedTuple):
    """What the work list says of the days that somebody may close: today's, of which those where nothing came, was
    done or waits are ``quiet``, where there are many; and those before that were ``left`` open. ``several``:
    departments close days of their own, so that of the room is not that of the whole place."""

    today: Sequence[Day] = ()
    quiet: Sequence[Day] = ()
    left: Sequence[Day] = ()
    several: bool = False


def on_work_list(visit: Visit) -> OnWorkList:
    """What the work list says of the days that the person in front may close."""
    if not visit.may_open("close_day"):
        return OnWorkList()
    several = len(visit.site.casebook.closers()) > 1
    today, left = visit.site.casebook.to_close(visit.staff.staff_no, visit.staff.roles)
    of_several = today if several else [each for each in today if each.department]
    quiet = [each for each in of_several if not (each.came or each.done or each.waiting)]
    if len(quiet) < MANY:
        quiet = []
    return OnWorkList([each for each in today if each not in quiet], quiet, left, several)


ROUTES: Final = (
    Route("/day-end", "day_end", today_of, REASONS),
    Route("/day-end/close", "close_day", close, CLOSES, ("POST",)),
    Route("/day-ends", "day_ends", listed, READS),
    export.route("/day-ends", "day_ends_export", table, Policy(EXPORTS, "node")),
    Route("/day-ends/of/<place>", "day_ends_at", at_place, REASONS),
)
