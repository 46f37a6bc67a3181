"""What who answers for a place has confirmed of the public notices that hung there."""

from sync_protocol.case.case import Case
from sync_protocol.case.events import Position
from sync_protocol.case.records import Procedure, SideNote

LAST = ("no_objection", "objection")


def findings(case: Case, notice: Procedure) -> list[SideNote]:
    """What was confirmed of this notice at the place where it hangs, in order; what is said elsewhere is a note."""
    return [
        note
        for note in case.notes
        if note.place == case.home and note.body.get("finding") and Position(*note.body["notice"]) == notice.opened
    ]


def result(case: Case, notice: Procedure) -> str:
    """What the notice came to: the last that was confirmed; empty where nothing but its posting was, or nothing."""
    found = [note.body["finding"] for note in findings(case, notice) if note.body["finding"] in LAST]
    return found[-1] if found else ""
