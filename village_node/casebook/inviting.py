"""Whoever is to be heard is told seven days ahead when and where, and who presides (行政许可法第四十八条)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sync_protocol.case import kinds
from sync_protocol.case.workdays import Calendar
from village_node.casebook.errors import BadBody

NOTICE_DAYS: Final = 7
_WHAT, _PLANNED, _DAY = 0, 3, 10
# What the notice of a hearing tells, by its field.
TOLD: Final = {
    _DAY: ("hearing_day", "听证日期", "its day"),
    11: ("hearing_at", "听证时间和地点", "its hour and place"),
    12: ("presider", "听证主持人", "who presides"),
}


def check(kind: int, body: Mapping[int, Any], calendar: Calendar, today: date) -> None:
    """Ask what the notice of a hearing must tell, and that it is given in time. Raises BadBody."""
    if kind != kinds.SUSPEND:
        return
    hearing = body[_WHAT] == "hearing"
    for number, (name, zh, en) in TOLD.items():
        if hearing and number not in body:
            raise BadBody(name, f"举行听证须通知{zh}，请填写", f"the notice of a hearing tells {en}: give it")
        if not hearing and number in body:
            raise BadBody(name, "只有听证才填写，请核对程序", "only for a hearing: look at the procedure again")
    if not hearing:
        return
    held = date.fromisoformat(body[_DAY])
    if calendar.count(today, held) < NOTICE_DAYS:
        first = calendar.nth(today, NOTICE_DAYS).isoformat()
        raise BadBody(
            "hearing_day",
            f"听证须提前 {NOTICE_DAYS} 个工作日通知，最早为 {first}",
            f"a hearing is announced {NOTICE_DAYS} working days ahead: {first} at the earliest",
        )
    if calendar.count(today, held) > body[_PLANNED]:
        raise BadBody(
            "planned_days",
            "计划工作日在听证日之前就到期了，请延长计划或提前听证",
            "the planned days are over before the hearing: plan for more, or hold it earlier",
        )
