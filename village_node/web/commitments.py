"""What an applicant committed to, in words: how long it may be kept, and that a case may be ended where it was not."""

from datetime import date, timedelta
from typing import Any, Final

from sync_protocol.case import Case, Position, kinds, workflow
from sync_protocol.case.baton import COMMITMENT
from sync_protocol.case.records import Procedure
from sync_protocol.case.workdays import FIRST_DAY, day_of
from village_node.store.cases import CaseRow
from village_node.web import times, words
from village_node.web.site import Visit

STANDINGS: Final[dict[str, tuple[str, str]]] = {
    "open": ("兑现前不能制证、送达。", "Nothing is made out or delivered before it is kept."),
    "overdue": (
        "期限已过，没有兑现。系统建议终止办理，由工作人员核实后确认。",
        "The day has passed and it was not kept. The case may be ended: look at it, and confirm.",
    ),
    "moot": ("本件不再需要兑现。", "Nobody waits for it any more."),
}


def due_of(each: Procedure) -> date | None:
    """The day by which a commitment is to be kept; None where its content was deleted."""
    due = each.body.get("due")
    return date.fromisoformat(due) if due else None


def open_ones(case: Case) -> list[Procedure]:
    """The commitments that are still to be kept."""
    if not case.commitments_due:
        return []
    return [case.procedures[entry.opened] for entry in case.open if entry.what == COMMITMENT]


def stands(visit: Visit, case: Case, opened: Position) -> str:
    """How a commitment stands: ``open``, ``overdue``, or ``moot`` where nobody waits for it."""
    found = next((each for each in open_ones(case) if each.opened == opened), None)
    if found is None or case.state in ("lapsed", "withdrawn", "refused"):
        return "moot"
    due = due_of(found)
    return "overdue" if due is not None and due < day_of(visit.now_ms) else "open"


def proposed(visit: Visit, case: Case) -> dict[int, dict[str, Any]]:
    """What the forms are filled in with before anybody types: how the case would be ended, where it may be."""
    late = [each for each in open_ones(case) if stands(visit, case, each.opened) == "overdue"]
    if not late or case.state in ("correcting", "fee_due"):
        return {}
    each = min(late, key=lambda one: str(one.body["due"]))
    what = words.choice_words(each.body.get("what", COMMITMENT))[0]
    papers = "、".join(f"《{name}》" for name, *_ in each.body.get("materials", ()))
    missing = f"未补交{papers}" if papers else "承诺的内容未经核实兑现"
    reasons = f"申请人以{what}方式承诺于 {each.body['due']} 前兑现，期限已过，{missing}。"
    return {kinds.LAPSE: {"reasons": reasons}}


def papers_to_come(visit: Visit, case: Case) -> list[str]:
    """The papers that the applicant still has to bring, in words; none where that is over."""
    if case.state in workflow.CLOSED:
        return []
    names = [name for each in open_ones(case) for name, *_ in each.body.get("materials", ())]
    return [visit.t(*words.field_words(words.MATERIAL + name)) for name in names]


def notes(visit: Visit, case: Case) -> list[str]:
    """What stands beside the clocks: by when what the applicant committed to is to be kept. It stops none of them."""
    found = []
    for each in open_ones(case):
        due = due_of(each)
        if due is None or stands(visit, case, each.opened) == "moot":
            continue
        zh, en = words.choice_words(each.body.get("what", COMMITMENT))
        day, late = times.date_words(due, visit.lang), stands(visit, case, each.opened) == "overdue"
        found.append(
            visit.t(
                f"{zh}：申请人承诺于 {day} 前兑现，{'期限已过' if late else '不影响各项时限'}。",
                f"{en}: to be kept by {day}; {'that day has passed' if late else 'it stops no clock'}.",
            )
        )
    return found


def badge_of(visit: Visit, row: CaseRow) -> tuple[str, str, str] | None:
    """How a list shows that something is still to be kept: tone, drawing, words."""
    if row.promise_day is None:
        return None
    day = times.date_words(FIRST_DAY + timedelta(row.promise_day), visit.lang)
    if row.promise_day < (day_of(visit.now_ms) - FIRST_DAY).days:
        return "bad", "warning", visit.t(f"承诺逾期 {day}", f"not kept by {day}")
    return "waiting", "clock", visit.t(f"承诺 {day}", f"committed for {day}")
