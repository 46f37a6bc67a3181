"""News of cases for other systems: noted in the transaction that changes a case, so that neither is without the other.

Who has no webhook pays for one short question with each fold.
"""

from collections.abc import Sequence

from sync_protocol.places import PlaceTree, parse_scope
from village_node.casebook.office import Office
from village_node.store import Connection, webhooks
from village_node.store.cases import CaseRow
from village_node.store.webhooks import NewsRow, Wanted


def note(office: Office, connection: Connection, folded: Sequence[CaseRow], places: PlaceTree) -> None:
    """Have said where it is wanted which of these cases have come into another state. Their rows as they were are still
    in the database. A case without a receipt number is nobody's news yet."""
    wanted = webhooks.wanted(connection)
    if not wanted:
        return
    before = webhooks.states_of(connection, [row[:2] for row in folded])
    now_ms = office.clock()
    news: list[NewsRow] = []
    for row in folded:
        number, state = before.get(row[:2], (None, None))
        if row.case_no is None or row.state is None or (number is not None and state == row.state):
            continue
        place = parse_scope(row.scope)[1]
        news += [
            NewsRow(0, each.id, row.case_id, row.case_no, row.item_no, place, state, row.state, now_ms)
            for each in wanted
            if _wants(each, row, place, places)
        ]
    webhooks.add_news(connection, news)


def _wants(wanted: Wanted, row: CaseRow, place: str, places: PlaceTree) -> bool:
    """Whether a webhook is to hear of a case that has just come into this state."""
    return (
        row.state in wanted.states.split()
        and wanted.item_no in (None, row.item_no)
        and (wanted.place is None or (place in places and wanted.place in places.path_up(place)))
    )
