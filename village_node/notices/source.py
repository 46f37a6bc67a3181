"""What a document is drawn from: one event of a case, the case around it, and the words of the node that prints it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, NamedTuple

from sync_protocol.case import Case, CasePath, Item, Material, Position, bodies, documents, kinds, route
from sync_protocol.case.documents import DocumentType, Ground
from sync_protocol.case.routes import accept_places
from sync_protocol.places import PlaceTree
from village_node.notices.authorities import Offices

BEIJING: Final = timezone(timedelta(hours=8))
_LATEST_MS: Final = 253_402_214_400_000  # the last day a calendar holds; claims may say anything


class Record(NamedTuple):
    """One event of the timeline. ``who``: its author in words, empty where this node does not know the name; ``body``
    by field name; ``why_not``: why it does not count, empty where it does."""

    position: Position
    kind: int
    place: str
    who: str
    at_ms: int
    body: Mapping[str, Any]
    why_not: str
    ground: Ground


class SealUsed(NamedTuple):
    """The seal that an event names, in the words on it: whose it is, and which of several."""

    owner: str
    mark: str


class Earlier(NamedTuple):
    """What a linked case acts upon: its document and day of decision, its certificate; empty where nobody knows."""

    document_no: str = ""
    decided: str = ""
    certificate: str = ""
    valid: str = ""


NOTHING_EARLIER: Final = Earlier()


@dataclass(frozen=True)
class Source:
    """One document to be drawn: which, of which event, for whom. ``records``: the whole timeline in its order.

    ``words``: a field or paper named in words; ``choice``: a choice in words. ``identity``: the applicant's document
    in words, masked, and in full. ``promised_by``: the day of the promise in words; ``supply_by``: until
    when what is asked is to come, if the document is received on its own day; empty where nobody can tell. ``deemed``:
    the day from which the case counts as accepted because nobody answered in time; empty where somebody did.
    ``sealed``: the seal that the event names; None where it names none. ``answer_by``: the day by which an order to put
    right is to be answered. ``parts``: the items of a theme. ``earlier``: the decision that a linked case acts upon.
    ``presider``: the name of who presides over a hearing, as this node knows it, else the number. ``room``: the place
    that prints, and the telephone of its room, empty where it has none.
    """

    document: DocumentType
    record: Record
    records: Sequence[Record]
    case: Case
    item: Item
    places: PlaceTree
    offices: Offices
    words: Callable[[str], str]
    choice: Callable[[str], str]
    identity: tuple[str, str]
    address: str
    as_of_ms: int
    paper: str = "a4"
    promised_by: str = ""
    supply_by: str = ""
    deemed: str = ""
    sealed: SealUsed | None = None
    answer_by: str = ""
    parts: tuple[Item, ...] = ()
    earlier: Earlier = NOTHING_EARLIER
    presider: str = ""
    room: tuple[str, str] = ("", "")

    @property
    def applicant(self) -> str:
        """The applicant's name in full: a document is made out to somebody."""
        return self.case.applicant.get("name", "")

    @property
    def addressed(self) -> str:
        """The applicant as a document names it: of an organisation with who represents it."""
        represented = self.case.applicant.get("representative", "")
        return f"{self.applicant}（法定代表人（负责人）：{represented}）" if represented else self.applicant

    @property
    def number(self) -> str:
        """The document's number as printed."""
        return number_of(self.document, self.record, self.case)

    @property
    def path(self) -> CasePath:
        """The places the case can be at."""
        return CasePath(self.case.home, self.places)

    def counted(self, kind: int) -> list[Record]:
        """The events of a kind that count, in order."""
        return [each for each in self.records if each.kind == kind and not each.why_not]

    def acceptor(self) -> str:
        """The office that may accept the item, nearest to home."""
        found = accept_places(self.item, self.path)
        return self.offices.authority(found[0], self.item) if found else ""

    def decider(self) -> str:
        """The office that decides."""
        at = self.path.at_level(self.item.deciding_level)
        return self.offices.authority(at, self.item) if at else ""

    def collected_at(self) -> str:
        """Where the result is to be collected."""
        if self.record.kind in (kinds.ACCEPT, kinds.DELIVERED):
            return self.offices.hall(self.record.place)
        steps = route(self.item, self.case.home, self.places)
        return self.offices.hall(steps[-1].place if steps else self.record.place)

    def contact(self) -> str:
        """Whom the applicant asks: the office that wrote the document, by telephone where that is the one that prints
        it, and who there; and, where somebody applied at the one that prints it, that one with its telephone."""
        place, telephone = self.room
        own = f"，电话 {telephone}" if telephone else ""
        words = self.offices.hall(self.record.place)
        if self.record.place == place:
            words += own
        if self.record.who:
            words += f"，经办人 {self.record.who}"
        if own and self.record.place != place == self.case.home:
            words += f"；也可问{self.offices.hall(place)}{own}"
        return words

    def docketed(self) -> str:
        """The day the case was accepted; empty while it was not, when this document was due."""
        if not self.record.ground.docketed or self.case.docketed_ms is None:
            return ""
        return day(self.case.docketed_ms)

    def accepted_by(self) -> str:
        """Who accepted the case, as this document tells it: the authority that writes it says so of itself."""
        at = self.case.docketed_at
        by = self.offices.authority(at, self.item) if at is not None else ""
        return by if by and by != self.offices.authority(self.record.place, self.item) else "本机关"

    def filed(self) -> str:
        """The day the application was filed."""
        at_ms = self.case.filed_ms if self.case.filed_ms is not None else self.record.at_ms
        return day(at_ms)


def number_of(document: DocumentType, record: Record, case: Case) -> str:
    """A document's number: its own, or that of the case with the event; also where an older record carries none."""
    own = record.body.get(documents.NUMBER_FIELD) if document.numbered else None
    if own:
        return str(own)
    if document.code in ("01", "agency"):
        return case.case_no
    return f"{case.case_no}/{document.mark}-{record.position.mark.hex()[:6].upper()}"


def own_document(record: Record) -> DocumentType | None:
    """The document with a number of its own that an event bears."""
    return documents.numbered(record.ground)


def decision_of(source: Source) -> Record | None:
    """The decision that counts."""
    made = source.case.decision
    return next((each for each in source.records if made is not None and each.position == made.position), None)


def papers(materials: Sequence[Material] | Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Papers as the tables of a document have them."""
    return [{"name": each[0], "copies": each[1], "form": "原件" if each[2] else "复印件"} for each in materials]


def local(at_ms: int) -> datetime:
    """A time at +08:00; what no calendar can hold becomes its nearest day."""
    since = timedelta(milliseconds=max(0, min(at_ms, _LATEST_MS)))
    return (datetime(1970, 1, 1, tzinfo=UTC) + since).astimezone(BEIJING)


def day(at_ms: int) -> str:
    """A day as documents write it: 2026年11月25日."""
    at = local(at_ms)
    return f"{at.year}年{at.month}月{at.day}日"


def iso_day(text: str) -> str:
    """A day of a body (yyyy-mm-dd) as documents write it."""
    if not bodies.is_date(text):
        return text
    year, month, number = text.split("-")
    return f"{int(year)}年{int(month)}月{int(number)}日"


def moment(at_ms: int) -> str:
    """Day and time as documents write them."""
    return f"{day(at_ms)} {local(at_ms):%H:%M}"
