"""What an applicant commits to: until when it may be kept, which the calendar says."""

from datetime import date

from sync_protocol.case import Case, promises
from sync_protocol.case.workdays import day_of
from sync_protocol.roster import Roster
from village_node.casebook import terms
from village_node.casebook.calendars import calendar_in
from village_node.casebook.conditions import Words
from village_node.casebook.office import Office
from village_node.store import Connection
from village_node.store.locks import CaseKey


def why_not_due(
    office: Office, connection: Connection, roster: Roster, key: CaseKey, case: Case, due: date
) -> Words | None:
    """Say why a commitment cannot have this day: it lies behind, or beyond the promise; None if it can."""
    today = day_of(office.clock())
    if due < today:
        return "承诺期限不能早于今天", "the day lies behind"
    latest = _promised(office, connection, roster, key, case, today)
    if latest is not None and due > latest:
        return (
            f"承诺期限不能晚于本件的承诺时限（{latest.isoformat()}）",
            f"the day cannot be later than the day of our own promise ({latest.isoformat()})",
        )
    return None


def _promised(
    office: Office, connection: Connection, roster: Roster, key: CaseKey, case: Case, today: date
) -> date | None:
    """The day of our promise as things stand; before acceptance, if the case were accepted today. None: there is no
    promise."""
    promised = terms.clocks_in(office, connection, roster, key, case).of("promised")
    if promised is not None:
        return promised.due
    item = office.catalogue.find(case.item_no, case.item_version)
    if case.docketed or item is None:
        return None
    return calendar_in(office, connection).nth(today, promises.promise_at(item, office.identity.level))
