"""What meetings on a case decided and gave people to do, in words, for the pages that show it."""

from dataclasses import dataclass
from typing import Final

from sync_protocol.case import Case, kinds, why_not
from sync_protocol.case.exclusions import Grade
from sync_protocol.case.meetings import Action
from sync_protocol.case.records import SideNote
from village_node.web import clocks, schemas, times
from village_node.web.box import Box
from village_node.web.policy import CASEWORK, Policy
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node", "masked")


def may_be_shown(visit: Visit, case: Case) -> bool:
    """Whether a case has minutes, or the person in front may write some."""
    return bool(case.meetings) or why_not_here(visit, case, kinds.MEETING) is None


def why_not_here(visit: Visit, case: Case, kind: int) -> tuple[str, str] | None:
    """Why the person in front may not record minutes, or an action as done; None if they may."""
    site = visit.site
    return why_not(case, kind, site.config.place, visit.staff.roles, site.catalogue, site.places)


def boxes(visit: Visit, case: Case) -> list[Box]:
    """What meetings decided, and what of it is still to be done."""
    if not case.meetings:
        return []
    graded = visit.site.casebook.graded_actions(case)
    waiting = [(action, grade) for action, grade in graded if action.done is None]
    late = any(grade == "yellow" for _, grade in waiting)
    title = visit.t(
        f"会议 {len(case.meetings)} 次，待办 {len(waiting)} 项",
        f"{len(case.meetings)} meetings, {len(waiting)} actions open",
    )
    lines = [words_of(visit, action, grade) for action, grade in waiting]
    return [Box("bad" if late else "waiting" if waiting else "plain", "flag", title, lines)]


def words_of(visit: Visit, action: Action, grade: Grade) -> str:
    """One action in a sentence."""
    due = times.date_words(action.due, visit.lang)
    text = visit.t(f"{action.what}（{action.who}，{due} 前）", f"{action.what} ({action.who}, by {due})")
    return text + (visit.t("，", ", ") + visit.t(*clocks.grade_badge(grade)[2:]) if grade else "")


@dataclass
class Todo:
    """One action as a page shows it; ``value`` names it in a form."""

    what: str
    who: str
    due: str
    badge: clocks.Badge | None
    done: str
    meeting: str
    number: int


@dataclass
class Minutes:
    """The minutes of one meeting as a page shows them."""

    day: str
    present: str
    decisions: str
    recorded: str
    todos: list[Todo]


def minutes_of(visit: Visit, case: Case) -> list[Minutes]:
    """Every meeting on a case, the newest first, with its actions."""
    graded = visit.site.casebook.graded_actions(case)
    found = []
    for note in case.meetings:
        todos = [todo(visit, action, grade) for action, grade in graded if action.position == note.position]
        found.append(_minutes(visit, note, todos))
    return found[::-1]


def _minutes(visit: Visit, note: SideNote, todos: list[Todo]) -> Minutes:
    body = note.body
    recorded = f"{visit.place_name(note.place)} · {times.moment(note.at_ms, visit.lang)}"
    present = visit.t("、", ", ").join(body.get("present", ()))
    return Minutes(str(body.get("day", "—")), present, body.get("decisions", ""), recorded, todos)


def todo(visit: Visit, action: Action, grade: Grade) -> Todo:
    """One action as a page shows it."""
    done = ""
    if action.done is not None:
        when = times.moment(action.done.at_ms, visit.lang)
        done = visit.t(f"已办（{when}）：", f"done ({when}): ") + str(action.done.body.get("result", ""))
    return Todo(
        action.what,
        action.who,
        times.date_words(action.due, visit.lang),
        clocks.grade_badge(grade) if grade else None,
        done,
        schemas.position_text(action.position),
        action.number,
    )
