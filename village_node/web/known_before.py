"""Cases filed here under the identity number that is being typed: for whoever takes the next one in to look at."""

from dataclasses import dataclass
from typing import Final

from flask import url_for

from village_node.store.cases import CaseRow
from village_node.web import masking, words
from village_node.web.site import Visit

MOST_NAMED: Final = 5
SHORTEST: Final = 6  # what is shorter is being typed still, or is no number


@dataclass(frozen=True)
class Before:
    """One of them: where it is, its number, and whose it is, for what and how it stands in words."""

    address: str
    case_no: str
    said: str


def of(visit: Visit, number: str, but: bytes = b"") -> list[Before]:
    """The newest of them; ``but``: all except this one. No reason to refuse anything: people apply more than once, and
    a number that was copied wrongly shows here under another name."""
    if len(number) < SHORTEST:
        return []
    rows = [row for row in visit.site.casebook.filed_with(number) if row.case_id != but]
    return [_line(visit, row) for row in rows[:MOST_NAMED]]


def _line(visit: Visit, row: CaseRow) -> Before:
    item = visit.site.catalogue.find(row.item_no or "", row.item_version or 0)
    told = (
        masking.name(row.applicant_name or ""),
        visit.t(item.name, item.name_en) if item else row.item_no or "",
        visit.t(*words.state_words(row.state)[2:]),
    )
    address = url_for("case", place=row.scope.partition(":")[2], case_id=row.case_id.hex())
    return Before(
        address, row.case_no or row.case_id.hex()[:8], visit.t("，", ", ").join(each for each in told if each)
    )
