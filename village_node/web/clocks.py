"""The legal clock in words: what is used of each limit, when it is due, and the grade."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from sync_protocol.case import Case
from sync_protocol.case.attribution import LedgerLine
from sync_protocol.case.clock import Clocks, Reading
from sync_protocol.case.exclusions import CLOCKS, EXCLUSIONS, FLAGS, GRADES, STEPS, ClockName, Grade
from sync_protocol.case.watching import WORDS as WATCHED
from sync_protocol.case.watching import Watched
from sync_protocol.case.workdays import day_of
from sync_protocol.places import about
from village_node.web import commitments, standstills, times
from village_node.web.site import Visit

# Word, drawing and colour together say a grade.
GRADE_MARKS: Final[dict[Grade, tuple[str, str]]] = {
    "": ("good", "check"),
    "notice": ("active", "clock"),
    "yellow": ("waiting", "flag"),
    "red": ("bad", "warning"),
    "red_plus": ("bad", "cross"),
}
Badge = tuple[str, str, str, str]


def grade_badge(grade: Grade) -> Badge:
    """Tone, drawing and words of a grade."""
    return (*GRADE_MARKS[grade], *GRADES[grade])


@dataclass(frozen=True)
class ClockLine:
    """One clock in sentences."""

    name: str
    used: str
    due: str
    badge: Badge


@dataclass(frozen=True)
class Panel:
    """What a case's page says of its time. `version`: of the calendar; `provisional`: a date may move;
    `graded`: there is a card or a warning."""

    lines: list[ClockLine]
    badge: Badge
    notes: list[str]
    version: str
    provisional: bool
    graded: bool = False


def panel(visit: Visit, case: Case) -> Panel | None:
    """What is used of each clock and when it is due; None before anything runs."""
    found = visit.site.casebook.clock_of((about(case.home), case.case_id))
    if found is None or not found.clocks.readings:
        return None
    clocks = found.clocks
    shown = [each for each in clocks.readings if each.clock not in STEPS or each.grade]
    lines = [ClockLine(*words_of(visit, each, found.lines), grade_badge(each.grade)) for each in shown]
    return Panel(
        lines,
        grade_badge(clocks.grade),
        _notes(visit, clocks)
        + _told_again(visit, found.watched)
        + _outage(visit, case)
        + commitments.notes(visit, case),
        clocks.calendar_version,
        any(each.provisional for each in shown if each.state != "ended"),
        clocks.grade != "",
    )


def raising(found: Clocks, grade: Grade) -> list[Reading]:
    """The clocks that have this grade; those that run before those that have ended."""
    having = [each for each in found.readings if each.grade == grade]
    return [each for each in having if each.state != "ended"] or having


def words_of(visit: Visit, reading: Reading, lines: Iterable[LedgerLine]) -> tuple[str, str, str]:
    """The name of a clock, what is used of it, and when it is due."""
    name = visit.t(*CLOCKS[reading.clock])
    if reading.clock == "acceptance" and reading.state == "stopped":
        return (
            name,
            visit.t("待补正，时限暂停", "stopped: papers are wanting"),
            visit.t("今天补齐，则最晚 ", "if they come today, due by ") + due_words(visit, reading.due, reading),
        )
    used = visit.t(f"已用 {reading.used} 个工作日", f"{reading.used} working days used")
    if reading.excluded:
        passed = reading.used + reading.excluded
        left_out = Counter(line.exclusion for line in lines if reading.clock in line.stopped)
        parts_zh = "、".join(f"{days} 日{EXCLUSIONS[kind].zh}" for kind, days in left_out.items() if kind)
        parts_en = ", ".join(f"{days} for {EXCLUSIONS[kind].en}" for kind, days in left_out.items() if kind)
        used = visit.t(
            f"已过 {passed} 个工作日，其中 {parts_zh}不计，已用 {reading.used} 个工作日",
            f"{passed} working days gone, not counted: {parts_en}; {reading.used} used",
        )
    used += visit.t(f"，时限 {reading.limit} 个工作日", f" of {reading.limit}")
    late, due = -reading.remaining, due_words(visit, reading.due, reading)
    if reading.state == "ended":
        done = visit.t("已结束，未超期", "done in time")
        return name, used, visit.t(f"已结束，超期 {late} 日", f"done, {late} days late") if late > 0 else done
    if late > 0:
        return name, used, visit.t(f"超期 {late} 个工作日，应于 {due} 前", f"{late} days late, was due by {due}")
    words = visit.t(f"最晚 {due}", f"due by {due}")
    if reading.state == "stopped" and reading.clock not in STEPS:
        words = visit.t(f"暂停中；今天恢复，则最晚 {due}", f"stopped; if it goes on today, due by {due}")
    if reading.due_planned is not None and reading.due_planned != reading.due:
        planned = due_words(visit, reading.due_planned, reading)
        words += visit.t(f"；按计划结束，则最晚 {planned}", f"; at the planned end, {planned}")
    return name, used, words


def due_words(visit: Visit, day: date, reading: Reading) -> str:
    """A due date; one that the arrangement of a year may still move says so."""
    return times.date_words(day, visit.lang) + (visit.t("（预计）", " (provisional)") if reading.provisional else "")


def _notes(visit: Visit, clocks: Clocks) -> list[str]:
    notes = []
    if clocks.deemed is not None:
        since = times.date_words(clocks.deemed, visit.lang)
        notes.append(
            visit.t(
                f"收到材料 5 个工作日内没有答复，自 {since} 起视为已受理（行政许可法第三十二条）。",
                f"Nobody answered within 5 working days: it counts as accepted from {since} (art. 32).",
            )
        )
    return notes + [visit.t(*FLAGS[flag]) + visit.t("。", ".") for flag in clocks.flags]


def _told_again(visit: Visit, watched: list[Watched]) -> list[str]:
    """That papers were asked for again, which supervision sees; the other reasons stand among the flags."""
    return [
        visit.t(
            f"自 {times.date_words(each.since, visit.lang)} 起{WATCHED[each.why][0]}，列入督查。",
            f"From {times.date_words(each.since, visit.lang)} {WATCHED[each.why][1]}: listed for supervision.",
        )
        for each in watched
        if each.why == "again"
    ]


def _outage(visit: Visit, case: Case) -> list[str]:
    """Why the promise is longer than usual: the line was down when the case was accepted."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    if case.unheard_since_ms is None or item is None or item.fallback_days is None:
        return []
    since, days = times.moment(case.unheard_since_ms, visit.lang), item.fallback_days
    return [
        visit.t(
            f"受理时网络中断：受理单位的联系记录显示，自 {since} 起联系不上上级，承诺时限改为 {days} 个工作日。",
            f"The network was down on acceptance: by its record of contacts the place had not reached the level above "
            f"since {since}. The promise is {days} working days.",
        )
    ]


def promised_day(visit: Visit, case: Case) -> str:
    """The day of the promise as a document tells it. Empty where nothing is promised, and where the time is stopped by
    what has no planned end: nobody can name the day then."""
    found = visit.site.casebook.clock_of((about(case.home), case.case_id))
    promised: ClockName = "promised"
    reading = found.clocks.of(promised) if found is not None else None
    if reading is None:
        return ""
    stopped = reading.state == "stopped"
    day = reading.due_planned if stopped else reading.due
    if day is None:
        return ""
    return times.date_words(day, "zh") + ("（预计）" if stopped or reading.provisional else "")


def deemed_day(visit: Visit, case: Case) -> str:
    """The day from which a case counts as accepted without a word, as a document tells it; empty where somebody
    answered in time."""
    found = visit.site.casebook.clock_of((about(case.home), case.case_id))
    deemed = found.clocks.deemed if found is not None else None
    return times.date_words(deemed, "zh") if deemed is not None else ""


def asked_day(visit: Visit, at_ms: int, days: int) -> str:
    """Until when so many working days after a notice run, as a document tells it."""
    calendar, told = visit.site.casebook.calendar(), day_of(at_ms)
    last = calendar.nth(told, days)
    until = "预计至" if calendar.provisional(told, last) else "至"
    return until + times.date_words(last, "zh")


def promised_by(visit: Visit, case: Case) -> str:
    """The day a resident may rely on; empty where nothing is promised yet or all is done. While the time stands still,
    for what it does, and what would make it go on."""
    found = visit.site.casebook.clock_of((about(case.home), case.case_id))
    promised: ClockName = "promised"
    reading = found.clocks.of(promised) if found is not None else None
    if found is None or reading is None or reading.state == "ended":
        return ""
    due = due_words(visit, reading.due, reading)
    if reading.state != "stopped":
        return visit.t(f"最晚 {due}", f"by {due}")
    planned = due_words(visit, reading.due_planned, reading) if reading.due_planned is not None else ""
    still = standstills.promise_words(visit, found.standstills, planned)
    if still:
        return still
    if case.state == "fee_due":
        return visit.t(f"今天缴费，则最晚 {due}", f"if you pay today, by {due}")
    return visit.t(f"今天补齐材料，则最晚 {due}", f"if your papers come today, by {due}")
