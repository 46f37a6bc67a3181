"""What came back to be mended at this place: whose applicant was told what is missing, and by when it is to be here."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import url_for

from village_node.web import due_days
from village_node.web.policy import COUNTER
from village_node.web.site import Visit

MOST_LOOKED_AT: Final = 20  # each is folded for its last day: those in which nothing was done for longest
MOST_NAMED: Final = 5


@dataclass(frozen=True)
class ToMend:
    """One case filed here; ``until``: the last day in words, empty where no term runs."""

    case: str
    case_no: str
    until: str


@dataclass(frozen=True)
class Corrections:
    """The cases that wait for papers of this place's residents: how many in all, the most pressing of them, and the
    address of their list."""

    total: int
    named: list[ToMend]
    address: str


def waiting(visit: Visit) -> Corrections | None:
    """What waits for papers here, for who takes them in; None where nothing does, or somebody else does it. What has
    been brought already waits for who holds the case."""
    if not visit.may(COUNTER):
        return None
    book, here = visit.site.casebook, visit.site.config.place
    found = book.work_list("to_mend", {"place": here}, page_size=MOST_LOOKED_AT)
    if not found.total:
        return None
    dated = [(book.last_day(row.scope, row.case_id), row) for row in found.rows]
    dated.sort(key=lambda each: each[0] or "9999")
    named = [
        ToMend(
            url_for("case", place=here, case_id=row.case_id.hex()),
            row.case_no or row.case_id.hex()[:8],
            due_days.due_words(visit, date.fromisoformat(last)) if last else "",
        )
        for last, row in dated[:MOST_NAMED]
    ]
    return Corrections(found.total, named, url_for("work", view="back", place=here))
