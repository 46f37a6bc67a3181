"""Reading cases through the interface for programs: lists, one case, its timeline, clock, moves and documents."""

import base64
import binascii
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import marshmallow
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import Case, Position, Verdict, explain, kinds, workflow
from sync_protocol.case.documents import SIX_KINDS
from sync_protocol.case.exclusions import CLOCKS, FLAGS
from sync_protocol.case.fields import Field
from sync_protocol.case.workdays import FIRST_DAY, day_of
from sync_protocol.places import about
from village_node.accounts.readings import UsedUp
from village_node.casebook import HopReceipt, OddCase, Shown, TimelineEntry
from village_node.notices import sheets
from village_node.store.cases import FINISHED, CaseRow
from village_node.web import (
    cases,
    desks,
    documents,
    due_days,
    entitled,
    entry,
    linked,
    masking,
    prints,
    proceedings,
    schemas,
    searches,
    serving,
    six_kinds,
    timeline,
    times,
    voices,
    words,
)
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, reason_in
from village_node.web.api.problems import invalid, used_up
from village_node.web.oddities import VIEWS as ODD_VIEWS
from village_node.web.policy import CASEWORK, DESKS, Policy
from village_node.web.site import Visit
from village_node.web.work import FILTERS, VIEWS

PAGE: Final = 50
PAGE_MAX: Final = 200
LISTS: Final = Policy(CASEWORK, "node", "masked")
WAITS: Final = Policy(CASEWORK | DESKS, "node", "masked")  # of who works at a desk alone: what waits there
TAG: Final = "cases"


def _listed_text(words_: str) -> Any:
    return marshmallow.fields.String(load_default="", metadata={"description": words_})


def _small(low: int, high: int, default: int) -> Any:
    judge = marshmallow.validate.Range(low, high, error=f"应为 {low} 至 {high} 的整数")
    return marshmallow.fields.Integer(load_default=default, validate=judge, error_messages={"invalid": "应为整数"})


class ListQuery(Taken):
    """Which cases, and from where on."""

    view = marshmallow.fields.String(
        load_default="all", validate=marshmallow.validate.OneOf(tuple(VIEWS), error="请从所列选项中选择")
    )
    text = _listed_text(
        "The beginning of a receipt number, or part of a name; for who never sees one in full, the whole."
    )
    item_no = _listed_text("The number of an item.")
    state = marshmallow.fields.String(
        load_default="",
        validate=marshmallow.validate.OneOf(("", *workflow.STATES), error="请从所列选项中选择"),
    )
    place = _listed_text("The place where it was filed.")
    kind = marshmallow.fields.String(
        load_default="",
        validate=marshmallow.validate.OneOf(("", *SIX_KINDS), error="请从所列选项中选择"),
    )
    department = _listed_text("The department whose items they are of.")
    limit = _small(1, PAGE_MAX, PAGE)
    after = _listed_text("`next` of the answer before.")


class OddQuery(Taken):
    """Which list of what does not count."""

    view = marshmallow.fields.String(
        load_default="held", validate=marshmallow.validate.OneOf(tuple(ODD_VIEWS), error="请从所列选项中选择")
    )
    page = _small(1, 999_999, 1)


class ReasonTaken(Taken):
    """Why somebody wants to see what is masked."""

    reason = schemas.Text(cases.REASON_SHORTEST, 200, required=True)


class PrintTaken(Taken):
    """On which paper; and why, where the record is another place's."""

    reason = schemas.Text(0, 200, load_default="")
    paper = marshmallow.fields.String(
        load_default="a4",
        validate=marshmallow.validate.OneOf(tuple(documents.PAPER_WORDS), error="请从所列选项中选择"),
    )


def state_of(code: str | None) -> dict[str, str]:
    """A state in words."""
    _, _, zh, en = words.state_words(code)
    return {"code": code or "", "zh": zh, "en": en}


def said(pair: tuple[str, str]) -> dict[str, str]:
    """A sentence in both languages."""
    return {"zh": pair[0], "en": pair[1]}


def position_or_none(position: Position | None) -> str | None:
    """A position as text."""
    return schemas.position_text(position) if position else None


def list_cases(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """The cases of a view, filtered, the newest first.

    Read on with `after`: what is filed meanwhile is never missed in between, and no case comes twice. A cashier has
    the view `fees`, an archivist `to_file`, and neither any other.
    """
    if not visit.may(CASEWORK) and asked["view"] not in desks.views_of(visit):
        words = "、".join(desks.views_of(visit))
        raise invalid({"view": (f"这一岗位只能用视图 {words}", f"this role has the views {words} alone")})
    filters = {name: entry.line(asked[name])[:60] for name in FILTERS}
    last, size, whole = _cursor(asked["after"]), asked["limit"], searches.by_whole_name(visit)
    found = visit.site.casebook.cases_after(
        asked["view"], filters, last, size + 1, visit.staff.staff_no, whole_name=whole
    )
    rows = found[:size]
    if rows and visit.staff.token_id is not None:
        _note_reading(visit, visit.staff.token_id, len(rows))
    signed = visit.site.casebook.hop_receipts(rows)
    taken = visit.site.casebook.claims_on([(row.scope, row.case_id) for row in rows])

    def told(row: CaseRow) -> dict[str, Any]:
        claim = taken.get((row.scope, row.case_id))
        hops = _hops(signed.get((row.scope, row.case_id), ()))
        return {**_listed(visit, row), "signed": hops, "claimed_by": claim.staff_no if claim is not None else None}

    return {
        "cases": [told(row) for row in rows],
        "next": _after(rows[-1]) if len(found) > size else None,
    }


def _note_reading(visit: Visit, token: int, cases: int) -> None:
    """Count what a token reads in lists. Raises Problem where that is more than a day's, and NotSaved as ``note``."""
    try:
        visit.site.accounts.readings.note(token, visit.staff.staff_no, cases)
    except UsedUp as used:
        tomorrow = times.midnight_ms(day_of(visit.now_ms) + timedelta(1))
        raise used_up(used, tomorrow - visit.now_ms) from None


def _listed(visit: Visit, row: CaseRow) -> dict[str, Any]:
    due = FIRST_DAY + timedelta(row.due_day) if row.due_day is not None and row.state not in FINISHED else None
    return {
        **row._asdict(),
        "place": row.scope.partition(":")[2],
        "case_id": row.case_id.hex(),
        "applicant_name": masking.name(row.applicant_name) if row.applicant_name else None,
        "state": state_of(row.state),
        "case_kind": six_kinds.name_of(row),
        "grade": row.grade_on(day_of(visit.now_ms)),
        "due": due,
        "provisional": due is not None and due_days.may_move(visit, due),
    }


def _hops(receipts: Sequence[HopReceipt]) -> list[dict[str, Any]]:
    return [hop._asdict() for hop in receipts]


def _after(row: CaseRow) -> str:
    raw = f"{row.filed_ms or 0}.{row.case_id.hex()}.{row.scope}"
    return base64.urlsafe_b64encode(raw.encode()).decode("ascii")


def _cursor(typed: str) -> tuple[int, bytes, str] | None:
    """Where a list goes on. Raises Problem for what no answer of ours has said."""
    if not typed:
        return None
    try:
        at_ms, case_id, scope = base64.b64decode(typed, altchars=b"-_", validate=True).decode("utf-8").split(".", 2)
        last = int(at_ms), bytes.fromhex(case_id), scope
    except (ValueError, binascii.Error):
        last = None
    if last is None or not 0 <= last[0] < 1 << 62 or "\x00" in last[2]:
        raise invalid({"after": ("请使用上一页回答中的 next", "use `next` of the answer before")})
    return last


def read_case(visit: Visit, place: str, case_id: str) -> dict[str, Any]:
    """One case as its page shows it, personal data masked."""
    return case_told(visit, *cases.fetch_shown(visit, place, case_id), open_data=False)


def unmask_case(visit: Visit, asked: dict[str, str], place: str, case_id: str) -> dict[str, Any]:
    """One case with personal data in full, once: the reason goes into the audit trail first."""
    case, shown = cases.fetch_shown(visit, place, case_id)
    cases.note_unmasked(visit, case, reason_in(asked))
    return case_told(visit, case, shown, open_data=True)


def case_told(visit: Visit, case: Case, shown: Shown, *, open_data: bool) -> dict[str, Any]:
    """A case as it is told."""
    book, key = visit.site.casebook, (about(case.home), case.case_id)
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    purge = book.purge_of(*key)

    def masked(prefix: str, known: dict[str, str]) -> dict[str, str]:
        return {name: timeline.shown(f"{prefix}_{name}", value, open_data) for name, value in known.items()}

    decision = {**case.decision._asdict()} if case.decision else None
    review = {**case.review._asdict(), "text_": case.review.text} if case.review else None
    told = {name: getattr(case, name) for name in _AS_IT_IS}
    told["window_note"] = timeline.shown("window_note", case.window_note, open_data)
    return {
        **told,
        **linked.told(visit, case),
        **six_kinds.told(visit, case),
        "place": case.home,
        "case_id": case.case_id.hex(),
        "case_no": case.case_no or None,
        "item": {"zh": item.name, "en": item.name_en} if item else None,
        "state": state_of(case.state),
        "seen": position_or_none(case.last),
        "shown": entitled.shown_text(shown),
        "applicant": masked("applicant", case.applicant),
        "proxy": masked("proxy", case.proxy),
        "service": serving.told(case, open_data=open_data),
        "answers": {name: timeline.shown(name, value, open_data) for name, value in case.answers.items()},
        "materials": [{**paper._asdict(), "supplied": paper.supplied is not None} for paper in case.materials],
        "marks": [mark._asdict() for mark in case.marks],
        "beside": [
            *({"title": box.title, "lines": box.lines} for box in proceedings.boxes(visit, case, open_data=open_data)),
            *({"title": each.title, "lines": each.lines} for each in voices.rights(visit, case)),
        ],
        "stops": [{"place": name, "what": what, "here": here} for name, what, here in cases.stops(visit, case)],
        "review": review,
        "decision": decision,
        "asked": _asked(visit, case),
        "since_ms": cases.held_since(case, book.timeline(*key)),
        "purged_ms": purge.purged_ms if purge else None,
        "odd": cases.odd_at_all(case),
        "unmasked": open_data,
    }


def _asked(visit: Visit, case: Case) -> dict[str, Any] | None:
    """The special procedure that waits for its approval."""
    view = entitled.asked(visit, case)
    if view is None:
        return None
    facts = [{"label": label, "text_": value} for label, value in view.lines]
    return {"facts": facts, "shown": view.shown, "proposer": view.row.proposer, "proposed_ms": view.row.proposed_ms}


_AS_IT_IS: Final = (
    "item_no", "item_version", "holder", "transit_to", "transit_purpose", "channel", "window_note",
    "correction_reason", "volume", "promised_days", "extension_days", "created_ms", "filed_ms", "docketed_ms",
    "decided_ms", "delivered_ms", "extended", "fee_settled",
)  # fmt: skip


def read_receipt(visit: Visit, place: str, case_id: str) -> dict[str, str]:
    """What goes on the receipt of a case: its number and the code for the applicant alone."""
    case = cases.fetch(visit, place, case_id)
    if not case.case_no or not case.query_code:
        raise NotFound
    address = f"{visit.site.config.url}/q/{case.query_code}"
    return {"case_no": case.case_no, "query_code": case.query_code, "address": address}


def read_timeline(visit: Visit, place: str, case_id: str) -> dict[str, Any]:
    """Everything held of a case, each event with its verdict and the receipts of every hop."""
    case = cases.fetch(visit, place, case_id)
    key = (about(case.home), case.case_id)
    entries = visit.site.casebook.timeline(*key)
    outcomes = timeline.outcomes(visit, visit.site.casebook.oddities_of(key) if cases.odd_at_all(case) else None)
    borne = documents_of(visit, case, entries)
    return {
        "events": [
            {
                **_line(visit, case, each),
                "outcome": outcomes.get(each.position, ""),
                "documents": [one for one in borne if one["position"] == schemas.position_text(each.position)],
            }
            for each in entries
        ]
    }


def _line(visit: Visit, case: Case, each: TimelineEntry) -> dict[str, Any]:
    line = timeline.line(visit, case, each, open_data=False)
    return {
        "position": schemas.position_text(each.position),
        "kind": kinds.name_of(each.kind),
        "title": line.title,
        "place": each.place,
        "actor": line.actor,
        "claimed_ms": each.claimed_ms,
        "arrived_ms": each.arrived_ms,
        "verdict": verdict_told(each.verdict),
        "facts": [{"label": label, "text_": value} for label, value in line.facts],
        "receipts": _hops(each.receipts),
    }


def verdict_told(verdict: Verdict) -> dict[str, str]:
    """A verdict in words, with its reason."""
    zh, en = words.verdict_words(verdict.code)
    why_zh, why_en = explain(verdict)
    return {"code": verdict.code, "zh": zh, "en": en, "why_zh": why_zh, "why_en": why_en}


def read_clock(visit: Visit, place: str, case_id: str) -> dict[str, Any]:
    """The legal clock of a case: what is used of each limit, when it is due, and each day: whose it was, and why."""
    case = cases.fetch(visit, place, case_id)
    found = visit.site.casebook.clock_of((about(case.home), case.case_id))
    if found is None:
        raise NotFound
    clocks = found.clocks
    return {
        **clocks._asdict(),
        "grade": clocks.grade,
        "shares": dict(clocks.shares),
        "readings": [
            {**each._asdict(), "remaining": each.remaining, **said(CLOCKS[each.clock])} for each in clocks.readings
        ],
        "flags": [{"code": name, **said(FLAGS[name])} for name in clocks.flags],
        "days": [
            {**each.day._asdict(), "working": each.day.working, **{n: getattr(each, n) for n in _OF_A_DAY}}
            for each in found.lines
        ],
    }


_OF_A_DAY: Final = ("bucket", "place", "exclusion", "counted", "stopped")


def _is_gone(visit: Visit, case: Case) -> bool:
    """Whether the contents of a case were cleared here, or erased by order."""
    book, key = visit.site.casebook, (about(case.home), case.case_id)
    return book.purge_of(*key) is not None or book.erased_bodies(*key) > 0


def read_moves(visit: Visit, place: str, case_id: str) -> dict[str, Any]:
    """What may be done with a case now, each act with the fields it takes; and why other acts may not."""
    case = cases.fetch(visit, place, case_id)
    if not visit.may(CASEWORK) and not desks.concerns(visit, case):
        raise NotFound
    gone = _is_gone(visit, case)
    legal = [] if gone else cases.offers_of(visit, case)
    offers, why = entitled.sorted_out(visit, case, legal)
    missing = [] if gone else [*why.items(), *cases.missing(visit, case, {offer.kind for offer in offers})]
    return {
        "seen": position_or_none(case.last),
        "legal": [
            {
                **offer._asdict(),
                "kind": kinds.name_of(offer.kind),
                "asked": [_field(visit, case, offer.kind, row) for row in offer.fields],
            }
            for offer in offers
        ],
        "missing": [
            {"kind": kinds.name_of(kind), "label": said(workflow.LABELS[kind]), "why": said(why)}
            for kind, why in missing
        ],
        "markable": [{"value": name, "text_": label} for name, label in cases.markable(visit, case)],
    }


def _field(visit: Visit, case: Case, kind: int, row: Field) -> dict[str, Any]:
    offered = proceedings.choices(visit, case, kind, row.name)
    return {
        "name": row.name, "type": row.type, "zh": row.zh, "en": row.en, "required": row.required, "low": row.low,
        "high": row.high, "choices": list(row.choices),
        "offered": [{"value": each.value, "text_": each.text} for each in offered],
    }  # fmt: skip


def documents_of(visit: Visit, case: Case, entries: list[TimelineEntry]) -> list[dict[str, Any]]:
    """The documents that a person of this role may have of a case, each with the papers it is made for."""
    if _is_gone(visit, case):
        return []
    return [
        {
            "position": schemas.position_text(position),
            "code": each.code,
            "zh": documents.document_words(each.code)[0],
            "en": documents.document_words(each.code)[1],
            "papers": list(sheets.PAPERS.get(each.code, sheets.A4_ALONE)),
        }
        for position, offers in documents.offered(visit, case, entries).items()
        for each in offers
    ]


def list_documents(visit: Visit, place: str, case_id: str) -> dict[str, Any]:
    """The documents that may be had of a case."""
    case = cases.fetch(visit, place, case_id)
    return {"documents": documents_of(visit, case, visit.site.casebook.timeline(about(case.home), case.case_id))}


def print_document(visit: Visit, asked: dict[str, str], place: str, case_id: str, position: str, code: str) -> Response:
    """One document as PDF, noted in the audit trail first. Of another place's record a reason is asked."""
    source = prints.asked(visit, place, case_id, position, code, asked["paper"])
    reason = entry.line(asked["reason"])
    if prints.needs_reason(visit, source) and len(reason) < cases.REASON_SHORTEST:
        raise invalid({"reason": cases.NO_REASON})
    return prints.printed(visit, source, reason if prints.needs_reason(visit, source) else "")


def list_oddities(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """The cases in which something does not count: void, contested, waiting or unknown records."""
    found = visit.site.casebook.oddities(asked["view"], asked["page"])
    return {"cases": [_odd(visit, odd) for odd in found.cases], "page": found.page, "total": found.total}


def read_oddities(visit: Visit, place: str, case_id: str) -> dict[str, Any]:
    """What does not count of one case: name it in the acts `adopt` and `dismiss`."""
    case = cases.fetch(visit, place, case_id)
    odd = visit.site.casebook.oddities_of((about(case.home), case.case_id))
    if odd is None:
        raise NotFound
    return _odd(visit, odd)


def _odd(visit: Visit, odd: OddCase) -> dict[str, Any]:
    """A case with all that does not count in it."""
    case, outcomes = odd.case, timeline.outcomes(visit, odd)
    records = [
        {
            "position": schemas.position_text(each.entry.position),
            "kind": kinds.name_of(each.entry.kind),
            "outcome": outcomes.get(each.entry.position, ""),
            "open": each.open,
            "adoptable": each.adoptable,
            "verdict": verdict_told(each.entry.verdict),
        }
        for each in odd.oddities
    ]
    return {
        "place": case.home or case.scope.partition(":")[2],
        "case_id": case.case_id.hex(),
        "case_no": case.case_no or None,
        "seen": position_or_none(case.last),
        "records": records,
    }


_CASE: Final = "/cases/<place>/<case_id>"
OPERATIONS: Final = (
    Operation("/cases", "list_cases", list_cases, WAITS, TAG, asks=ListQuery, gives=shapes.Listing),
    Operation(_CASE, "read_case", read_case, cases.READS, TAG, gives=shapes.CaseShape),
    Operation(
        f"{_CASE}/unmask", "unmask_case", unmask_case, cases.UNMASKS, TAG, "POST", ReasonTaken, gives=shapes.CaseShape
    ),
    Operation(f"{_CASE}/receipt", "read_receipt", read_receipt, cases.READS, TAG, gives=shapes.ReceiptShape),
    Operation(f"{_CASE}/timeline", "read_timeline", read_timeline, cases.READS, TAG, gives=shapes.Timeline),
    Operation(f"{_CASE}/clock", "read_clock", read_clock, cases.READS, TAG, gives=shapes.ClockShape),
    Operation(f"{_CASE}/moves", "read_moves", read_moves, WAITS, TAG, gives=shapes.Moves),
    Operation(f"{_CASE}/documents", "list_documents", list_documents, cases.READS, TAG, gives=shapes.Documents),
    Operation(
        f"{_CASE}/documents/<position>/<code>",
        "print_document",
        print_document,
        documents.PRINTS,
        TAG,
        "POST",
        PrintTaken,
        gives={"type": "string", "format": "binary"},
        media="application/pdf",
    ),
    Operation(f"{_CASE}/oddities", "read_oddities", read_oddities, cases.READS, TAG, gives=shapes.OddShape),
    Operation("/oddities", "list_oddities", list_oddities, LISTS, TAG, asks=OddQuery, gives=shapes.OddListing),
)
