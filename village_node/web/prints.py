"""Printing a document of a case, with its line in the audit trail; and the public check of what a print says."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from flask import make_response
from werkzeug.exceptions import NotFound, ServiceUnavailable
from werkzeug.wrappers import Response

from sync_protocol.case import Case, Item, documents, numbers
from sync_protocol.case.documents import DocumentType
from sync_protocol.places import about
from village_node.casebook import TimelineEntry
from village_node.notices import sheets
from village_node.notices.printing import NotPrinted
from village_node.notices.source import Source, number_of
from village_node.web import cases, posting, query
from village_node.web.documents import PRINTS, grounds_of, offices, record_of, source_of
from village_node.web.policy import COUNTER, Policy, Route
from village_node.web.site import Visit

OFFERS: Final = Policy(PRINTS.roles, "node", "masked")
FORMS: Final = Policy(COUNTER, "public")
CHECKS: Final = Policy(None, "query")


def document_page(visit: Visit, place: str, case_id: str, position: str, code: str) -> Response:
    """The page of one document, without a person on it: what prints it is a form, so that no address gives it away."""
    return _page(visit, asked(visit, place, case_id, position, code, visit.request.args.get("paper", "a4")), 200, "")


def print_document(visit: Visit, place: str, case_id: str, position: str, code: str) -> Response:
    """One document as PDF. Of another place's record a reason is asked: here nobody is waiting for that paper."""
    source = asked(visit, place, case_id, position, code, visit.request.args.get("paper", "a4"))
    reason, problem = cases.reason_given(visit) if needs_reason(visit, source) else ("", "")
    if problem:
        return _page(visit, source, 422, problem)
    try:
        return printed(visit, source, reason)
    except NotPrinted as trouble:
        return _page(visit, source, 503, visit.t(trouble.zh, trouble.en))


def printed(visit: Visit, source: Source, reason: str) -> Response:
    """The PDF of a document, once its line is in the audit trail. Raises NotPrinted, NotSaved."""
    document = visit.site.printer.print(sheets.template_of(source.document.code), sheets.given_for(source))
    visit.site.accounts.audit(visit.staff.staff_no, "document.print", source.number, _noted(source, document, reason))
    return pdf(document, f"{source.document.zh}-{source.number}")


def asked(visit: Visit, place: str, case_id: str, position: str, code: str, paper: str) -> Source:
    """The document of this address on this paper. Raises NotFound where there is none."""
    case = cases.fetch(visit, place, case_id)
    found = cases.position_of(position)
    if found is None or code not in sheets.TEMPLATES or paper not in sheets.PAPERS.get(code, sheets.A4_ALONE):
        raise NotFound
    entries = visit.site.casebook.timeline(about(case.home), case.case_id)
    source = source_of(visit, case, entries, found, code, paper)
    if source is None:
        raise NotFound
    return source


def needs_reason(visit: Visit, source: Source) -> bool:
    """Whether a reason is asked first: for another place's record, whose paper nobody waits for here. A public notice
    hangs where the case comes from."""
    here = visit.site.config.place
    return source.record.place != here and not posting.is_posted_here(source.case, here, source.document.code)


def blank_attorney(visit: Visit, item_no: str) -> Response:
    """The power of attorney for an item as an empty form: it holds nothing about anybody."""
    item = visit.site.finder.newest(item_no)
    if item is None:
        raise NotFound
    try:
        given = sheets.blank_attorney(item.name, visit.now_ms)
        document = visit.site.printer.print(sheets.template_of("06"), given)
    except NotPrinted as trouble:
        raise ServiceUnavailable(trouble.zh) from None
    return pdf(document, f"授权委托书-{item.item_no}")


def _noted(source: Source, document: bytes, reason: str) -> dict[str, object]:
    """What the audit trail keeps of a print: enough to tell later whether a paper is this very one."""
    return {
        "case": source.case.case_no or source.case.case_id.hex(),
        "document": source.document.code,
        "template": sheets.template_of(source.document.code),
        "paper": source.paper,
        "draft": bool(source.record.why_not),
        "event": source.record.position.mark.hex(),
        "sha256": sha256(document).hexdigest(),
        "reason": reason,
    }


def pdf(document: bytes, name: str) -> Response:
    """The answer that shows a document under a name."""
    response = make_response(document)
    name = quote(f"{name}.pdf".replace("/", "-"))
    response.headers["Content-Type"] = "application/pdf"
    response.headers["Content-Disposition"] = f"inline; filename=\"document.pdf\"; filename*=UTF-8''{name}"
    return response


def _page(visit: Visit, source: Source, status: int, problem: str) -> Response:
    return visit.render("document.html", status, source=source, problem=problem, ask=needs_reason(visit, source))


@dataclass(frozen=True)
class Checked:
    """What anybody may be told of a document: nothing about a person."""

    title: tuple[str, str]
    number: str
    day_ms: int
    office: str
    effective: bool
    draft_why: tuple[str, str]
    effect: str
    as_of_ms: int
    revoked_ms: int = 0


# What is drawn from a decision that a later case may revoke.
_OF_A_DECISION: Final = ("11", "13", "16", "instant")


def check(visit: Visit, token: str) -> Response:
    """The page a document's code leads to: what it is, and whether what it rests on counts here."""
    wait = query.wait_ms(visit)
    if wait:
        return query.too_many(visit, wait)
    found = _checked(visit, token)
    if found is None:
        query.note_miss(visit)
        return visit.render("check.html", 404, found=None)
    query.take_back(visit)
    return visit.render("check.html", found=found)


def _checked(visit: Visit, token: str) -> Checked | None:
    named = numbers.parse_check_token(token[:64])
    document = documents.TYPES.get(named.code) if named else None
    if named is None or document is None:
        return None
    casebook = visit.site.casebook
    held = casebook.find_event(named.who, named.seq, named.mark)
    if held is None:
        return None
    scope, case_id, position = held
    case = casebook.case(scope, case_id)
    entries = casebook.timeline(scope, case_id)
    entry = next((each for each in entries if hmac.compare_digest(each.position.mark, position.mark)), None)
    item = visit.site.catalogue.find(case.item_no, case.item_version) if case is not None else None
    if case is None or entry is None or item is None:
        return None
    return _told(visit, case, item, entries, entry, document)


def _told(
    visit: Visit, case: Case, item: Item, entries: list[TimelineEntry], entry: TimelineEntry, document: DocumentType
) -> Checked | None:
    """What may be said of the document; None where the event does not bear it."""
    ground = grounds_of(visit, case, item, entries)[entries.index(entry)]
    # Of a record whose content was cleared after its term only the kind is left to ask.
    bears = (
        document in documents.borne(ground)
        if entry.body is not None
        else any(rest.kind == entry.kind for rest in document.rests_on)
    )
    if not bears:
        return None
    named = offices(visit)
    formal = document.effect != "informative"
    cleared = document.numbered and entry.body is None
    of_it = document.code in _OF_A_DECISION and case.decision is not None and case.decision.position == entry.position
    revoked = visit.site.casebook.links((about(case.home), case.case_id), case).revoked if of_it else None
    return Checked(
        (document.zh, document.en),
        "" if cleared else number_of(document, record_of(visit, entry, ground), case),
        entry.claimed_ms,
        named.authority(entry.place, item) if formal else named.hall(entry.place),
        entry.verdict.code == "effective",
        (entry.note_zh, entry.note_en),
        document.effect,
        query.as_of_ms(visit, case),
        revoked.at_ms if revoked is not None else 0,
    )


_ADDRESS: Final = "/cases/<place>/<case_id>/documents/<position>/<code>"
ROUTES: Final = (
    Route(_ADDRESS, "document", document_page, OFFERS),
    Route(_ADDRESS, "print_document", print_document, PRINTS, ("POST",)),
    Route("/items/<item_no>/attorney", "blank_attorney", blank_attorney, FORMS),
    Route("/check/<token>", "check", check, CHECKS),
)
