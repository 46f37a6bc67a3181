"""What the forms of a notice to the applicant hold: all that is missing is ticked beforehand, since it is told once,
and a second one asks why it was not told the first time."""

from dataclasses import replace
from typing import Any, Final

from sync_protocol.case import Case, Offer, bodies, kinds
from sync_protocol.case.fields import Field
from village_node.casebook import asking
from village_node.web import unproven, words
from village_node.web.site import Visit

MISSING: Final = "尚缺，请补交"  # what is wrong with a paper that is not there
MENDED: Final = "请补正"  # and with anything else that is ticked without words


def proposed(visit: Visit, case: Case) -> dict[int, dict[str, Any]]:
    """What the form of the notice is filled in with: a tick at each paper of the item that nobody has brought."""
    missing = _missing(visit, case)
    return {kinds.RETURN_FOR_CORRECTION: dict.fromkeys([f"mark:{name}" for name in missing], "yes")} if missing else {}


def usual_words(visit: Visit, case: Case, name: str) -> str:
    """What is said of a field or paper that is ticked without words."""
    return MISSING if name in _missing(visit, case) else MENDED


def _missing(visit: Visit, case: Case) -> list[str]:
    brought = {name for note in case.open_supplies for name, *_ in note.body.get("materials", ())}
    return [words.MATERIAL + name for name in unproven.papers(visit, case) if name not in brought]


def offered(case: Case, offer: Offer) -> Offer:
    """The move as its form asks it: where the applicant was told before what to mend, it says why it is told again."""
    if offer.kind not in asking.WHY or not asking.told_before(case):
        return offer
    why = bodies.TABLES[offer.kind].fields[asking.WHY[offer.kind]].name
    return offer._replace(fields=tuple(_asked(row, offer.kind) if row.name == why else row for row in offer.fields))


def _asked(row: Field, kind: int) -> Field:
    if kind == kinds.SUSPEND:
        return replace(row, required_if=(0, (asking.SUPPLEMENT,)))
    return replace(row, required=True)
