"""The numbers of documents at a place by series: which are there, which are missing or stand on what does not count."""

from collections import defaultdict
from typing import Final, NamedTuple

from sync_protocol.case import Position, Verdict, bodies, documents, kinds
from sync_protocol.case.events import VERDICT_CODES
from sync_protocol.case.series import Borne, Series, series_of
from sync_protocol.encoding import decode
from sync_protocol.errors import ProtocolError
from sync_protocol.event import load_header, mark
from village_node.casebook.reading import Reading
from village_node.store import Connection, streams
from village_node.store.streams import CaseEventRow

NUMBERED: Final = {
    kind: bodies.TABLES[kind].number(documents.NUMBER_FIELD)
    for kind in sorted(documents.NUMBERED_KINDS | {kinds.SUPERVISION_LETTER})
}


_ADOPTED: Final = Verdict("contested", "adopted")  # its content counts all the same


class Bearer(NamedTuple):
    """An event that bears a number: of which case, and what is said of it."""

    scope: str
    case_id: bytes
    kind: int
    verdict: Verdict


class Numbered(NamedTuple):
    """What a place has given numbers to: its series, numbers that are not its own, the events that bear what is odd;
    ``unread``: how many events with a document have no content here, so that a gap may be theirs."""

    series: list[Series]
    foreign: list[Borne]
    bearers: dict[Position, Bearer]
    unread: int


class NumberSeries(Reading):
    """The part of the casebook that lists the numbers of documents."""

    def numbered_at(self, place: str) -> Numbered:
        """The series of a place, of all its machines, as far as its records are held here."""
        return self.remembered(f"series {place}", lambda view: self._numbered(view, place))

    def _numbered(self, connection: Connection, place: str) -> Numbered:
        roster = self.roster_in(connection)
        nodes = [node.incarnation for node in (*roster.nodes(), *roster.struck) if node.place == place]
        borne, bearers, unread = [], {}, 0
        for row in streams.of_kinds(connection, nodes, NUMBERED):
            number, held = _number_in(row)
            unread += not held
            event = row.event
            if not number or event.case_id is None:
                continue
            position = Position(row.incarnation, event.seq, mark(event.hash))
            verdict = Verdict(VERDICT_CODES[event.verdict - 1], event.verdict_note)
            counts = verdict.code == "effective" or verdict == _ADOPTED
            borne.append(Borne(number, position, place, counts))
            bearers[position] = Bearer(row.scope, event.case_id, event.kind, verdict)
        found, foreign = series_of(borne, nodes)
        odd = {position for each in found for one in each.odd for position in one.by}
        odd |= {each.position for each in foreign}
        return Numbered(found, foreign, {position: bearers[position] for position in odd}, unread)


def by_year(found: Numbered) -> dict[int, list[Series]]:
    """The series by year, the newest first."""
    years: dict[int, list[Series]] = defaultdict(list)
    for each in found.series:
        years[each.year].append(each)
    return dict(sorted(years.items(), reverse=True))


def _number_in(row: CaseEventRow) -> tuple[str, bool]:
    """The number that an event bears, empty where it bears none; and whether its content is here."""
    raw = load_header(row.event.header).inline or row.event.body
    if raw is None:
        return "", False
    try:
        body = decode(raw)
    except ProtocolError:
        return "", True
    number = body.get(NUMBERED[row.event.kind]) if isinstance(body, dict) else None
    return (number if isinstance(number, str) else ""), True
