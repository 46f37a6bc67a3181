"""Who has taken up a case, as its page and the work list say it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sync_protocol.case import Case
from sync_protocol.places import about
from village_node.casebook import can_have, is_here, shares_out
from village_node.store.cases import CaseRow
from village_node.web.doing import ACTS
from village_node.web.site import Visit

SEVERAL: Final = 2  # people who handle cases: where there are fewer nobody asks who has one


@dataclass
class Panel:
    """What the page of a case says of its claim, and what the person in front may do with it."""

    staff_no: str = ""
    name: str = ""
    since_ms: int = 0
    given_by: str = ""
    mine: bool = False
    may_claim: bool = False
    may_release: bool = False
    to: list[tuple[str, str]] = field(default_factory=list)


def panel(visit: Visit, case: Case) -> Panel | None:
    """The claim of a case that is at this place and not settled; None for any other, and where one person alone could
    have it."""
    book, staff = visit.site.casebook, visit.staff
    key = (about(case.home), case.case_id)
    row = book.case_row(*key)
    if row is None or not is_here(row, visit.site.config.place):
        return None
    claim, able = book.claims_on([key]).get(key), [each for each in book.colleagues() if can_have(each)]
    if claim is None and len(able) < SEVERAL:
        return None
    made = Panel()
    if claim is not None:
        made.staff_no, made.since_ms, made.given_by = claim.staff_no, claim.since_ms, claim.given_by
        made.name, made.mine = _name(visit, claim.staff_no), claim.staff_no == staff.staff_no
    if not ACTS.allows(staff.roles):
        return made
    heads = shares_out(staff.roles)
    made.may_claim = not made.mine
    made.may_release = bool(made.staff_no) and (made.mine or heads)
    if made.mine or heads:
        others = (each for each in able if each.staff_no != made.staff_no)
        made.to = [(each.staff_no, f"{each.name} · {each.staff_no}") for each in others]
    return made


def on_list(visit: Visit, listed: Sequence[CaseRow]) -> Callable[[CaseRow], str]:
    """Of each case of a list: the name of who has taken it up; empty where nobody has."""
    found = visit.site.casebook.claims_on([(row.scope, row.case_id) for row in listed])
    names = {number: _name(visit, number) for number in {claim.staff_no for claim in found.values()}}

    def of(row: CaseRow) -> str:
        claim = found.get((row.scope, row.case_id))
        return names[claim.staff_no] if claim is not None else ""

    return of


def staffed(visit: Visit) -> tuple[bool, list[tuple[str, str]]]:
    """Whether several people handle cases here, whoever is away; and who is, until which day."""
    handling = [each for each in visit.site.casebook.colleagues() if can_have(each._replace(away=""))]
    return len(handling) >= SEVERAL, [(each.name, each.away) for each in handling if each.away]


def _name(visit: Visit, staff_no: str) -> str:
    return visit.site.accounts.name_of(staff_no) or staff_no
