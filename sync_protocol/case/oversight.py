"""Supervision beside a case: letters that ask for an answer by a day, cards that are answered for, spot checks.

None of it moves a case or stops a clock. What was asked and what was answered stands beside the case, in the words of
who wrote it, at every place that holds the case.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sync_protocol.case import kinds
from sync_protocol.case.events import Position
from sync_protocol.case.exclusions import Grade
from sync_protocol.case.records import SideNote
from sync_protocol.case.workdays import Calendar, day_of


class Asked(NamedTuple):
    """A letter, or what a spot check found; ``later``: the answers of the place that was asked, and of a finding the
    checks that looked at it again, in their order."""

    note: SideNote
    later: tuple[SideNote, ...]

    @property
    def to(self) -> str:
        """The place that is to answer."""
        return str(self.note.body.get("to", ""))

    @property
    def answers(self) -> tuple[SideNote, ...]:
        """What that place has answered."""
        return tuple(each for each in self.later if each.kind == kinds.SUPERVISION_ANSWER)

    @property
    def again(self) -> tuple[SideNote, ...]:
        """The checks that looked at it again."""
        return tuple(each for each in self.later if each.kind == kinds.SPOT_CHECK)

    @property
    def last_asked(self) -> SideNote:
        """By what it was asked last: itself, or a check that still found something."""
        still = [each for each in self.again if each.body.get("outcome") == "found"]
        return still[-1] if still else self.note

    @property
    def until(self) -> str:
        """By when it is to be answered; empty where the body that said so was deleted."""
        asked = self.last_asked.body
        return str(asked.get("answer_by") or asked.get("due") or self.note.body.get("due", ""))

    @property
    def answered(self) -> bool:
        """Whether that place has answered since it was last asked."""
        return bool(self.later) and self.later[-1].kind == kinds.SUPERVISION_ANSWER

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be done: a letter is answered, a finding was looked at again and is in order."""
        if self.note.kind == kinds.SUPERVISION_LETTER:
            return self.answered
        return bool(self.later) and self.later[-1].body.get("outcome") == "sound"

    @property
    def waits(self) -> bool:
        """Whether that place has yet to answer."""
        return not self.answered and not self.settled


def asked_of(notes: Iterable[SideNote]) -> list[Asked]:
    """The letters and findings among what stands beside a case, in its order. An answer counts if the place that was
    asked wrote it, a check that looks again if it names a finding; each names its own."""
    listed = list(notes)
    by_position: dict[Position, list[SideNote]] = {}
    for note in listed:
        if "of" in note.body:
            by_position.setdefault(Position(*note.body["of"]), []).append(note)
    found = []
    for note in listed:
        letter = note.kind == kinds.SUPERVISION_LETTER
        finding = note.kind == kinds.SPOT_CHECK and note.body.get("what") == "check"
        if not letter and not (finding and note.body.get("outcome") == "found"):
            continue
        later = [
            each
            for each in by_position.get(note.position, [])
            if (each.kind == kinds.SUPERVISION_ANSWER and each.place == note.body.get("to"))
            or (each.kind == kinds.SPOT_CHECK and finding and each.body.get("what") == "recheck")
        ]
        found.append(Asked(note, tuple(later)))
    return found


def unanswered(notes: Iterable[SideNote], place: str) -> list[Asked]:
    """What a place was asked and has not answered."""
    return [each for each in asked_of(notes) if each.to == place and each.waits]


def grade_of(each: Asked, calendar: Calendar, today: date) -> Grade:
    """The grade of a letter or finding by a clock of its own: of the working days it gives, half gone is a notice, all
    gone yellow, more red. One that was answered in time has none; one answered late keeps its card."""
    if not each.until or not (each.waits or each.answers):
        return ""
    asked, until = day_of(each.last_asked.at_ms), date.fromisoformat(each.until)
    ended = today if each.waits or not each.answers else day_of(each.answers[-1].at_ms)
    if ended > until:
        return "red"
    if not each.waits or ended <= asked:
        return ""
    limit, used = calendar.count(asked, until), calendar.count(asked, ended)
    if used >= limit:
        return "yellow"
    return "notice" if 2 * used >= limit else ""


def acknowledged(notes: Iterable[SideNote], grade: Grade, place: str) -> SideNote | None:
    """The newest answer of a place to a card of this grade; None where it has said nothing."""
    said = [
        note
        for note in notes
        if note.kind == kinds.ALERT_ANSWER and note.place == place and note.body.get("grade") == grade
    ]
    return said[-1] if said else None
