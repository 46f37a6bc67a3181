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


def standing(case: Case, notice: Procedure) -> list[SideNote]:
    """The objections that stand: those after which nobody has confirmed that there is none any more."""
    stand: list[SideNote] = []
    for note in findings(case, notice):
        if note.body["finding"] == "no_objection":
            stand = []
        elif note.body["finding"] == "objection":
            stand.append(note)
    return stand


def result(case: Case, notice: Procedure) -> str:
    """What the notice came to, by the last that was confirmed: one of LAST, or ``settled`` where somebody had objected
    before nobody did; empty where nothing but its posting was confirmed, or nothing."""
    found = [note.body["finding"] for note in findings(case, notice) if note.body["finding"] in LAST]
    return "settled" if found[-1:] == ["no_objection"] and "objection" in found else "".join(found[-1:])
