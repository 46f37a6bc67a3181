"""Cases as somebody here has taken them up: when a claim still means something, and that it ends when it does not."""

from collections.abc import Sequence

from sync_protocol.places import PlaceTree
from village_node.casebook import webhook_news
from village_node.casebook.office import Office
from village_node.store import Connection, cases, claims
from village_node.store.case_lists import COMING
from village_node.store.cases import FINISHED, CaseRow


def is_here(row: CaseRow, here: str) -> bool:
    """Whether a case is at this place, or on its way to it, and not ended."""
    return row.state not in FINISHED and (row.holder == here or (row.state in COMING and row.transit_to == here))


def put(office: Office, connection: Connection, folded: Sequence[CaseRow], places: PlaceTree) -> None:
    """Store the rows of cases just folded, with what of it other systems are to hear, and end the claims on those that
    have left this place or have ended."""
    webhook_news.note(office, connection, folded, places)
    cases.put(connection, folded)
    here = office.identity.place
    left = {(row.scope, row.case_id): row for row in folded if not is_here(row, here)}
    held = claims.of(connection, left)
    claims.drop(connection, held)
    for key, claim in sorted(held.items()):
        row = left[key]
        why = "ended" if row.state in FINISHED else "left"
        office.note(connection, "node", claims.FREED, row.case_no or key[1].hex(), of=claim.staff_no, why=why)
