"""Meetings on a case, and what they gave people to do: each action with who does it by when, open until it is done."""

from datetime import date
from typing import NamedTuple

from sync_protocol.case import clock
from sync_protocol.case.case import Case
from sync_protocol.case.events import Position
from sync_protocol.case.exclusions import Grade
from sync_protocol.case.records import SideNote
from sync_protocol.case.workdays import Calendar


class Action(NamedTuple):
    """One action: where it stands in which minutes, what, who, by which day; and the word that it is done."""

    meeting: SideNote
    number: int
    what: str
    who: str
    due: date
    done: SideNote | None

    @property
    def position(self) -> Position:
        """The minutes it stands in."""
        return self.meeting.position


def actions(case: Case) -> list[Action]:
    """Every action of every meeting, in the order of the meetings; of two words that it is done the first counts."""
    if not case.meetings:
        return []
    done: dict[tuple[Position, int], SideNote] = {}
    for note in case.actions_done:
        if "meeting" in note.body:
            done.setdefault((Position(*note.body["meeting"]), note.body["number"]), note)
    return [
        Action(meeting, number, what, who, date.fromisoformat(due), done.get((meeting.position, number)))
        for meeting in case.meetings
        for number, (what, who, due) in enumerate(meeting.body.get("actions", ()), start=1)
    ]


def open_actions(case: Case) -> list[Action]:
    """The actions that are still to be done, the first due first."""
    return sorted((each for each in actions(case) if each.done is None), key=lambda each: each.due)


def grade_of(action: Action, calendar: Calendar, day: date) -> Grade:
    """Notice when half of its working days are over, yellow when its day has passed; it is no limit of a law, and never
    red."""
    if action.done is not None:
        return ""
    if day > action.due:
        return "yellow"
    begun = min(date.fromisoformat(action.meeting.body["day"]), action.due)
    notice = clock.thresholds(calendar.count(begun, action.due), "county").notice
    return "notice" if notice is not None and calendar.count(begun, day) >= notice else ""
