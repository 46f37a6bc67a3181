"""The calendar that comes of what the county has published, as far as it is held here."""

from sync_protocol.case import calendars, kinds
from sync_protocol.case.calendars import Announcement
from sync_protocol.case.publications import Publication
from sync_protocol.case.workdays import Calendar
from village_node.casebook.office import Office
from village_node.store import Connection


def calendar_in(office: Office, connection: Connection) -> Calendar:
    """The calendar in force as this transaction sees it; made again only after something was published."""
    growth, kept = office.published_growth, office.calendar_kept
    if kept is not None and kept[0] == growth:
        return kept[1]
    made = calendars.calendar_of(publications(office, connection), office.own_calendar)
    office.calendar_kept = (growth, made)
    return made


def publications(office: Office, connection: Connection) -> list[Publication[Announcement]]:
    """Every year that was published and can be read."""
    return office.publications(connection, kinds.CALENDAR, calendars.from_bytes)
