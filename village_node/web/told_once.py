"""What the forms of a second notice to the applicant ask: why it was not told the first time."""

from dataclasses import replace

from sync_protocol.case import Case, Offer, bodies, kinds
from sync_protocol.case.fields import Field
from village_node.casebook import asking


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
