"""What the county has published of its calendar, as far as it is held here, and the calendar that comes of it."""

from sync_protocol.case import calendars
from sync_protocol.case.calendars import Publication
from sync_protocol.case.kinds import understood
from sync_protocol.case.workdays import Calendar
from sync_protocol.errors import ProtocolError
from sync_protocol.event import Position, load_header, mark
from sync_protocol.places import below
from village_node.casebook.office import Office
from village_node.store import Connection, forks


def calendar_in(office: Office, connection: Connection) -> Calendar:
    """The calendar in force as this transaction sees it; made again only after something was published."""
    growth, kept = office.calendar_growth, office.calendar_kept
    if kept is not None and kept[0] == growth:
        return kept[1]
    made = calendars.calendar_of(publications(office, connection), office.own_calendar)
    office.calendar_kept = (growth, made)
    return made


def publications(office: Office, connection: Connection) -> list[Publication]:
    """Every publication of a county on the way from here to the root that can be read."""
    roster, here = office.roster_in(connection), office.identity.place
    if here not in roster.places:
        return []
    found = []
    for place in roster.places.path_up(here):
        if roster.places.level(place) != "county":
            continue
        for incarnation, seq, chain_hash, raw in forks.rulings(connection, below(place), calendars.KIND):
            author = office.author(roster, incarnation)
            try:
                header = load_header(raw)
            except ProtocolError:
                continue
            sound = understood(header.kind, header.kind_version) and not any(field < 0 for field in header.ext or ())
            said = calendars.from_bytes(header.inline) if sound and header.inline is not None else None
            if author is None or author.place != place or header.case_id is not None or said is None:
                continue  # of a later version, or it does not fit its form: stored, and says nothing here
            position = Position(incarnation, seq, mark(chain_hash))
            found.append(Publication(position, place, roster.places.rank(place), author.order, header.claimed, said))
    return found
