"""Which documents the events of a case bear, as the pages offer them; and one of them with all it is drawn from."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from flask import url_for

from sync_protocol.case import Case, Item, Position, documents, explain, kinds, seals
from sync_protocol.case.documents import DocumentType, Ground, Happened
from sync_protocol.places import UnknownPlace
from village_node.casebook import TimelineEntry, hearing_rights
from village_node.notices import sheets
from village_node.notices.authorities import Offices
from village_node.notices.source import Earlier, Record, SealUsed, Source, day
from village_node.web import clocks, masking, schemas, voices, words
from village_node.web.policy import CASEWORK, Policy
from village_node.web.site import Visit

PRINTS: Final = Policy(CASEWORK - {"supervisor"}, "node", "reasoned")
PAPER_WORDS: Final = {"a4": ("A4", "A4"), "a5": ("A5", "A5"), "roll": ("80 毫米小票", "80 mm roll")}
# What moves the day of a promise: a document made out before it does not tell the day as it stands after.
MOVES_THE_DAY: Final = frozenset(
    {kinds.RETURN_FOR_CORRECTION, kinds.TAKE, kinds.SUSPEND, kinds.RESUME, kinds.EXTEND, kinds.ADOPT}
)


class Offered(NamedTuple):
    """One document on a page: its words, its address, and those of it on other paper as (words, address)."""

    code: str
    title: str
    address: str
    others: tuple[tuple[str, str], ...]


def offered(visit: Visit, case: Case, entries: Sequence[TimelineEntry]) -> dict[Position, list[Offered]]:
    """What the person in front may print, by the event it rests on; nothing of a case whose content is not here."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    if item is None or not case.applicant or not PRINTS.allows(visit.staff.roles):
        return {}
    found = {}
    empowered = {(each.body or {}).get("proxy_name") for each in entries if each.kind == kinds.PROXY_AUTHORITY}
    for entry, ground in zip(entries, grounds_of(visit, case, item, entries), strict=True):
        borne = [each for each in documents.borne(ground) if each.code in sheets.TEMPLATES and entry.body is not None]
        if entry.kind == kinds.CREATE and entry.body and entry.body.get("proxy_name") in empowered:
            borne = [each for each in borne if each.code != "06"]  # the authority that was entered bears the same paper
        if borne:
            found[entry.position] = [_offer(visit, case, entry.position, each) for each in borne]
    return found


def _offer(visit: Visit, case: Case, position: Position, document: DocumentType) -> Offered:
    def address(paper: str | None = None) -> str:
        return url_for(
            "document",
            place=case.home,
            case_id=case.case_id.hex(),
            position=schemas.position_text(position),
            code=document.code,
            paper=paper,
        )

    others = sheets.PAPERS.get(document.code, sheets.A4_ALONE)[1:]
    return Offered(
        document.code,
        visit.t(document.zh, document.en),
        address(),
        tuple((visit.t(*PAPER_WORDS[paper]), address(paper)) for paper in others),
    )


def document_words(code: str) -> tuple[str, str]:
    """The words for a type of document."""
    document = documents.TYPES[code]
    return document.zh, document.en


def grounds_of(visit: Visit, case: Case, item: Item, entries: Sequence[TimelineEntry]) -> list[Ground]:
    """What documents ask of each event of a timeline."""
    happened = [
        Happened(
            entry.kind,
            entry.place,
            _level(visit, entry.place),
            entry.body,
            entry.verdict.code == "effective",
            _ended_by(case, entry),
        )
        for entry in entries
    ]
    return documents.grounds(happened, case.home, item)


def _ended_by(case: Case, entry: TimelineEntry) -> str:
    """What the procedure is that an event ends; empty where it ends none, or nobody knows."""
    if entry.kind != kinds.RESUME or not entry.body:
        return ""
    ended = case.procedures.get(Position(*entry.body["opened"]))
    return ended.what if ended is not None else ""


def _level(visit: Visit, place: str) -> str:
    try:
        return visit.site.places.level(place)
    except UnknownPlace:
        return ""


def source_of(
    visit: Visit, case: Case, entries: Sequence[TimelineEntry], position: Position, code: str, paper: str
) -> Source | None:
    """One document with all it is drawn from; None where this event bears no such document here."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    document = documents.TYPES.get(code)
    if item is None or document is None or not case.applicant:
        return None
    records = [
        record_of(visit, entry, ground)
        for entry, ground in zip(entries, grounds_of(visit, case, item, entries), strict=True)
    ]
    record = next((each for each in records if each.position == position), None)
    if record is None or document not in documents.borne(record.ground):
        return None
    kind = words.choice_words(case.applicant.get("id_kind", ""))[0]
    number = case.applicant.get("id_no", "")
    return Source(
        document,
        record,
        records,
        case,
        item,
        visit.site.places,
        offices(visit),
        lambda name: words.field_words(name)[0],
        lambda value: words.choice_words(value)[0],
        (f"{kind} {masking.identity_number(number)}", f"{kind} {number}"),
        visit.site.config.url,
        visit.now_ms,
        paper,
        _promised_by(visit, case, records, record),
        _supply_by(visit, record),
        clocks.deemed_day(visit, case) if record.kind == kinds.DOCKET else "",
        sealed_by(visit, record.place, record.body, record.at_ms),
        voices.review_by(visit, record.at_ms)
        if record.kind == kinds.REVIEW_REQUEST
        else voices.answer_by(visit, case, record.position),
        visit.site.catalogue.parts(item),
        _earlier(visit, case),
        _presider(visit, record),
        (visit.site.config.place, visit.site.casebook.room().phone),
    )


def _presider(visit: Visit, record: Record) -> str:
    """Who presides over a hearing, by name where this node knows it."""
    number = str(record.body.get("presider", ""))
    own = record.place == visit.site.config.place
    return (visit.site.accounts.name_of(number) if own and number else "") or number


def _earlier(visit: Visit, case: Case) -> Earlier:
    """The decision that a linked case acts upon, as far as it is held here."""
    row = visit.site.casebook.find_by_number(case.acts_on.earlier) if case.acts_on is not None else None
    before = visit.site.casebook.case(row.scope, row.case_id) if row is not None else None
    if before is None or before.decision is None:
        return Earlier()
    made = before.certificate
    valid = " 至 ".join(each for each in (made.valid_from, made.valid_to) if each) if made is not None else ""
    number = made.number if made is not None else ""
    return Earlier(before.decision.document_no, day(before.decision.at_ms), number, valid)


def sealed_by(visit: Visit, place: str, body: Mapping[str, object], at_ms: int) -> SealUsed | None:
    """The seal that an event names, as the register of its place said it then; by its number where we do not hold that
    register."""
    number = str(body.get(seals.FIELD, ""))
    if not number:
        return None
    kept = next((each for each in visit.site.casebook.seals(place) if each.number == number), None)
    if kept is None:
        return SealUsed(number, "")
    known = [entry for entry in kept.entries if entry.claimed_ms <= at_ms] or [kept.entries[0]]
    said = known[-1].said
    return SealUsed(str(said["owner"]), str(said.get("mark", "")))


def _promised_by(visit: Visit, case: Case, records: Sequence[Record], record: Record) -> str:
    """The day of the promise, while nothing has moved it since the document was made out."""
    later = records[records.index(record) + 1 :]
    if record.why_not or any(each.kind in MOVES_THE_DAY and not each.why_not for each in later):
        return ""
    return clocks.promised_day(visit, case)


def _supply_by(visit: Visit, record: Record) -> str:
    """The last day for what a notice asks for, if it is received on its own day."""
    days = hearing_rights.TERM_DAYS if record.kind == kinds.HEARING_RIGHT else record.body.get("due_days")
    return clocks.asked_day(visit, record.at_ms, days) if days else ""


def record_of(visit: Visit, entry: TimelineEntry, ground: Ground) -> Record:
    """One event as documents have it."""
    own = entry.place == visit.site.config.place
    who = (visit.site.accounts.name_of(entry.actor) if own else "") or words.actor_words(entry.actor)[0]
    why_not = "" if entry.verdict.code == "effective" else explain(entry.verdict)[0]
    body: Mapping[str, object] = entry.body or {}
    return Record(entry.position, entry.kind, entry.place, who, entry.claimed_ms, body, why_not, ground)


def offices(visit: Visit) -> Offices:
    """The offices of this county by their names."""
    config = visit.site.config
    return Offices(visit.site.places, config.remedy_authority, config.remedy_court)
