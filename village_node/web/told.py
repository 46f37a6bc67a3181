"""What a node that asks for a resident is told: what our own page would say, or what the place above us says."""

import hmac
from contextlib import suppress
from typing import Final

from flask import request

from sync_protocol import limits
from sync_protocol.case import Case
from sync_protocol.exchange import UNREACHED, WHOLE, Finding, Inquiry, Told
from village_node.store import NotSaved
from village_node.web import masking, query, upward
from village_node.web.site import Site, Visit

HOP_MS: Final = 1_000  # of the patience of who asks, for the road between us and for us
LEAST_MS: Final = 500  # in less nobody above can be heard


def answer_below(site: Site, inquiry: Inquiry) -> Finding:
    """What this place says of a case, or those above it. What does not exist, does not fit or is not to be shown is one
    and the same, with the same work. Within a request alone. Raises StoreError."""
    visit = Visit(site, request, "", None, inquiry.lang, False)
    here = (site.config.place,)
    case = _case(visit, inquiry)
    if case is not None:
        return Finding(told_of(visit, query.answer_of(visit, case, "elsewhere")), here, WHOLE)
    found = _further_up(site, inquiry)
    if found.told is None:
        with suppress(NotSaved):  # on a full disk a miss is one all the same
            query.note_miss(visit)
    return found._replace(asked=(*here, *found.asked))


def _further_up(site: Site, inquiry: Inquiry) -> Finding:
    if site.above is None:
        return Finding(None, (), WHOLE if site.casebook.identity.parent is None else UNREACHED)
    left_ms = min(inquiry.patience_ms, upward.PATIENCE_MS) - HOP_MS  # nobody below holds a thread of ours for longer
    if left_ms < LEAST_MS:
        return Finding(None, (), UNREACHED)
    return site.above.ask(inquiry._replace(patience_ms=left_ms))


def _case(visit: Visit, inquiry: Inquiry) -> Case | None:
    book = visit.site.casebook
    number, code = inquiry.number, inquiry.code
    row = book.find_by_number(number) if number is not None else book.find_by_query_code(code)
    if row is None and number is None:
        query.has_twins(visit, code)
    held = (row.query_code if row is not None else None) or query.NO_CODE
    right = hmac.compare_digest(held.encode(), code.encode())
    return book.case(row.scope, row.case_id) if row is not None and row.query_code and right else None


def told_of(visit: Visit, answer: query.Answer) -> Told:
    """An answer as it travels: names masked, no text longer than another node takes."""
    case = answer.case
    return Told(
        case.case_no or "",
        _cut(answer.item_name),
        case.state or "",
        _cut(visit.t(*answer.state[2:])),
        _cut(answer.where),
        _cut(answer.promised),
        _cut(answer.promised_by),
        _cut(answer.next_step),
        _cut(masking.name(case.applicant.get("name", ""))),
        (case.decision.outcome or "") if case.decision else "",
        answer.since_ms,
        case.filed_ms,
        case.decided_ms,
        case.delivered_ms,
        answer.revoked_ms,
        tuple(map(_cut, answer.rights[: limits.INQUIRY_RIGHTS])),
        answer.as_of_ms,
        answer.behind,
    )


def _cut(text: str) -> str:
    return text if len(text) <= limits.INQUIRY_TEXT else text[: limits.INQUIRY_TEXT - 1] + "…"
