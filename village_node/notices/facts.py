"""What each document says: the facts that its template puts into words, one function a type."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sync_protocol.case import Position, kinds
from sync_protocol.case.promises import kind_at, promise_at
from sync_protocol.case.proxies import may_collect
from village_node.notices import beside, serving
from village_node.notices.source import (
    Record,
    Source,
    day,
    decision_of,
    iso_day,
    local,
    moment,
    number_of,
    own_document,
    papers,
)

Facts = dict[str, Any]
# Art. 45 of the licensing law does not name it: whether its days count is for the item to say.
NOT_OF_ART_45: Final = ("site_survey",)
NO_FEE: Final = ("0", "无", "不收费")


def of(source: Source) -> Facts:
    """The facts of a document. Every document knows its case, item, day of filing and how the applicant is known."""
    case = source.case
    common = {
        "item": source.item.name,
        "case_no": case.case_no,
        "filed": source.filed(),
        "docketed": source.docketed(),
        "home": source.offices.hall(case.home),
        "identity": source.identity[0],
        "proxy": _proxy(source),
    }
    return {**common, **_FACTS[source.document.code](source)}


def _proxy(source: Source) -> str:
    name, relation = source.case.proxy.get("name", ""), source.case.proxy.get("relation", "")
    return f"{name}（{relation}）" if name and relation else name


def _grouped(code: str) -> str:
    return f"{code[:6]}-{code[6:]}" if code else ""


def _first_papers(source: Source) -> list[dict[str, Any]]:
    return papers([each for each in source.case.materials if each.supplied is None])


def _receipt(source: Source) -> Facts:
    return {"papers": _first_papers(source), "query_code": _grouped(source.case.query_code)}


def _agency(source: Source) -> Facts:
    return {**_receipt(source), **_without_power(source)}


def _without_power(source: Source) -> Facts:
    in_town = source.places.level(source.record.place) == "township"
    return {"village": "中心" if in_town else "村（社区）", "acceptor": source.acceptor()}


def _precheck(source: Source) -> Facts:
    handed_in = {each["name"]: each for each in _first_papers(source)}
    wanted = [
        {"name": name, "given": name in handed_in, **(handed_in.get(name) or {"copies": 0, "form": ""})}
        for name in source.item.materials
    ]
    others = [{"given": True, **each} for name, each in handed_in.items() if name not in source.item.materials]
    lacking = [each["name"] for each in wanted if not each["given"]]
    return {**_without_power(source), "checklist": [*wanted, *others], "lacking": lacking}


def _correction(source: Source) -> Facts:
    body = source.record.body
    marks = [{"name": source.words(name), "what": what} for name, what in body.get("marks", ())]
    return {"marks": marks, "reason": body.get("reason", ""), "basis": body.get("basis", ""), "until": _until(source)}


def _until(source: Source) -> str:
    """The term runs from the day the notice is received, which nobody knows yet: the day named is that of today's."""
    days = source.record.body.get("due_days")
    if not days:
        return "请尽快"
    received_today = f"（当日收到的，{source.supply_by}）" if source.supply_by else ""
    return f"请自收到本通知的次日起 {days} 个工作日内{received_today}"


def _supply(source: Source) -> Facts:
    body = source.record.body
    return {
        "papers": papers(body.get("materials", ())),
        "corrected": [source.words(name) for name in body.get("answers", ())],
        "text": body.get("text", ""),
    }


def _acceptance(source: Source) -> Facts:
    item, body = source.item, source.record.body
    level = source.places.level(source.record.place)
    promised = body.get("promised_days", promise_at(item, level))
    if "unheard_since_ms" in body and item.fallback_days is not None:
        promised = item.fallback_days
    sample = "（样例数据）" if item.sample else ""
    return {
        "kind": kind_at(item, level),
        "statutory": f"{item.statutory_days} 个工作日{sample}" if item.statutory_days else "",
        "promised": (f"{promised} 个工作日" if promised else "当场办结") + sample,
        "promised_by": source.promised_by,
        "decider": source.decider(),
        "fee": _fee(source),
        "note": body.get("note", ""),
        **_not_there(source),
        "deemed": f"自{source.deemed}起（逾期未告知，行政许可法第三十二条第一款第四项）" if source.deemed else "",
    }


def _not_there(source: Source) -> Facts:
    """The papers of the list that were not there when the case was accepted, apart those that are promised by a day."""
    before = source.records[: [each.position for each in source.records].index(source.record.position)]
    counted = [each for each in before if not each.why_not]
    there = {each.position for each in counted}
    handed_in = {each.name for each in source.case.materials if each.supplied is None or each.supplied in there}
    kept = [each.body for each in counted if each.kind == kinds.COMMITMENT_KEPT]
    closed = {tuple(body["opened"]) for body in kept if "opened" in body}
    said = [
        each.body
        for each in counted
        if each.kind == kinds.COMMITMENT and each.body.get("materials") and tuple(each.position) not in closed
    ]
    promised = {name: body.get("due", "") for body in said for name, *_ in body["materials"] if name not in handed_in}
    return {
        "lacking": source.item.lacking(handed_in | promised.keys()),
        "promised_papers": [f"{name}（{iso_day(day)}前）" for name, day in promised.items()],
    }


def _fee(source: Source) -> str:
    return "不收费" if source.item.fee in NO_FEE else source.item.fee


def _attorney(source: Source) -> Facts:
    """Of an authority that was entered what it says; of an application what the case says of who filed it, and where
    others were named since, what stood there, on the terms of the first authority that names the same proxy."""
    case, said = source.case, source.record.body
    first = source.record.kind == kinds.CREATE
    named = case.proxy if first and not case.authorities else {
        "name": said.get("proxy_name", ""),
        "relation": said.get("proxy_relation", ""),
        "phone": said.get("proxy_phone", ""),
        "authorisation": said.get("proxy_authorisation" if first else "note", ""),
    }  # fmt: skip
    terms = _first_terms(source, said.get("proxy_name")) if first else said
    until = terms.get("until", "")
    return {
        "full_identity": source.identity[1],
        "phone": case.applicant.get("phone", ""),
        "proxy_name": named.get("name", ""),
        "relation": named.get("relation", ""),
        "proxy_phone": named.get("phone", ""),
        "authorisation": named.get("authorisation", ""),
        "scope": SCOPES[terms.get("scope", "both")],
        "until": iso_day(until) if until else UNTIL,
        **_TO_FILL,
    }


def _first_terms(source: Source, name: str | None) -> Mapping[str, Any]:
    given = (each.body for each in source.counted(kinds.PROXY_AUTHORITY) if each.body.get("what") == "given")
    return next((body for body in given if body.get("proxy_name") == name), {})


UNTIL: Final = "本件办结之日"
SCOPES: Final = {
    "both": "代为提交、补正申请材料，代为签收文书",
    "submit": "代为提交、补正申请材料",
    "collect": "代为签收文书",
}
_BLANK: Final = "　"
_TO_FILL: Final = {
    "blank": _BLANK,
    "verified": "□ 委托人身份证件　□ 受托人身份证件　□ 手印　　核对人：",
    "remark": _BLANK,
}


def blank_attorney(item_name: str) -> Facts:
    """The facts of a power of attorney for an item that nobody has filled in yet."""
    typed = ("full_identity", "phone", "proxy_name", "relation", "proxy_phone")
    terms = {"scope": SCOPES["both"], "until": UNTIL}
    return {"item": item_name, "authorisation": "", **terms, **dict.fromkeys(typed, _BLANK), **_TO_FILL}


def _decision(source: Source) -> Facts:
    body = source.record.body
    return {
        "reasons": body.get("reasons", ""),
        "conditions": body.get("conditions", ""),
        "collect": source.collected_at(),
        "accepted_by": source.accepted_by(),
    }


def _changed(source: Source) -> Facts:
    """What is done with which earlier decision."""
    link, earlier = source.case.acts_on, source.earlier
    return {
        **_decision(source),
        "act": link.act if link is not None else "",
        "earlier_no": link.earlier if link is not None else "",
        "earlier_document": earlier.document_no,
        "earlier_day": earlier.decided,
        "earlier_certificate": earlier.certificate,
        "earlier_valid": earlier.valid,
    }


def _on_the_spot(source: Source) -> Facts:
    return {**_receipt(source), **_decision(source), "fee": _fee(source)}


def _collection(source: Source) -> Facts:
    made = decision_of(source) or source.record
    # Who may collect on the day of printing: an authority may be for handing in alone, or over.
    proxy = _proxy(source) if may_collect(source.case.proxy, local(source.as_of_ms).date()) else ""
    decided, title, number = _decided(source, made)
    return {
        "decided": decided,
        "decision_title": title,
        "decision_no": number,
        "collect": source.collected_at(),
        "collector": f"{source.applicant}（本人），或受托人{proxy}" if proxy else f"{source.applicant}（本人）",
        "bring": "本人有效身份证件、收件凭证" + ("；受托人另带本人身份证件和授权委托书" if proxy else ""),
    }


def _decided(source: Source, made: Record) -> tuple[str, str, str]:
    """The day, the name and the number of the decision: ours, or that of the higher authority which our act follows."""
    document = own_document(made)
    if document is not None:
        return day(made.at_ms), document.zh, number_of(document, made, source.case)
    answers = [each for each in source.counted(kinds.RESUME) if each.body.get("outcome")]
    if not answers:
        return day(made.at_ms), "决定书", ""
    said = answers[-1].body
    return iso_day(said["document_day"]), "上级机关决定文书", said["document_no"]


def _delivery(source: Source) -> Facts:
    """Blank for the document of this very event; filled where the delivery itself is on record."""
    record, made = source.record, decision_of(source)
    filled = record.kind == kinds.DELIVERED
    about = made if record.kind in (kinds.ACCEPT, kinds.DELIVERED) and made is not None else record
    body = record.body if filled else {}
    at = body.get("at", "")
    when = iso_day(at) if at else moment(record.at_ms) if filled else ""
    alone = body.get("how") in ("left_with_witness", "public_notice")
    return {
        "served": _served(source, about),
        **serving.standing(source),
        "sent": serving.sent(body),
        "how": body.get("how", ""),
        "collector": body.get("to", "") if not alone else "",
        "collected": when if not alone else "",
        "left": when if alone else "",
        "witnesses": list(body.get("witnesses", ("", ""))),
        "refusal": body.get("refusal", ""),
        "served_at": body.get("where") or (source.offices.hall(record.place) if filled else ""),
        "remark": f"已在系统登记送达，登记人：{record.who}" if filled else "",
    }


def _served(source: Source, about: Record) -> list[dict[str, str]]:
    document = own_document(about)
    if document is not None:
        return [{"title": document.zh, "number": number_of(document, about, source.case)}]
    if about.kind != kinds.DECIDE:
        return []
    _, title, number = _decided(source, about)
    return [{"title": title, "number": number}]


def _handoff(source: Source) -> Facts:
    body, case = source.record.body, source.case
    to = body.get("to", "")
    before = source.records[: [each.position for each in source.records].index(source.record.position)]
    carried = [
        f"《{document.zh}》{number_of(document, each, case)}"
        for each in before
        if not each.why_not and (document := own_document(each)) is not None
    ]
    return {
        "from": source.offices.hall(source.record.place),
        "onward": source.offices.hall(to),
        "purpose": source.choice(body.get("purpose", "")),
        "moment": moment(source.record.at_ms),
        "note": body.get("note", ""),
        "papers": papers(case.materials),
        "with_documents": "；".join(carried),
    }


def _review(source: Source) -> Facts:
    body = source.record.body
    return {
        "decider": source.decider(),
        "opinion": source.choice(body.get("opinion", "")),
        "text": body.get("text", ""),
        "papers": papers(source.case.materials),
    }


def _preview(source: Source) -> Facts:
    body = source.record.body
    return {
        "outcome": source.choice(body.get("outcome", "")),
        "ready": body.get("outcome") == "ready",
        "marks": [{"name": source.words(name), "what": what} for name, what in body.get("marks", ())],
        "text": body.get("text", ""),
        "papers": papers(source.case.materials),
    }


def _asked(source: Source) -> Facts:
    """The request that this event answers: when it was made, why, and by whom."""
    request = list(source.record.body.get("request", ()))
    asked = next((each for each in source.records if [*each.position] == request), None)
    return {
        "asked": day(asked.at_ms if asked else source.record.at_ms),
        "reason": asked.body.get("reason", "") if asked else "",
        "asked_by": (asked.body.get("by") if asked else "") or source.applicant,
    }


def _withdrawal(source: Source) -> Facts:
    return {**_asked(source), "remark": source.record.body.get("reason", "")}


def _not_accepted(source: Source) -> Facts:
    body = source.record.body
    return {"reasons": body.get("reasons", ""), "basis": body.get("legal_basis", "")}


def _ended(source: Source) -> Facts:
    body = source.record.body
    return {"reasons": body.get("reasons", ""), "limit_day": iso_day(body.get("limit_day", ""))}


def _procedure(source: Source) -> Facts:
    body = source.record.body
    what = body.get("what", "")
    return {
        "what": source.choice(what),
        "basis": body.get("basis", ""),
        "days": body.get("planned_days", 0),
        "reason": body.get("reason", ""),
        "excluded": what not in NOT_OF_ART_45,
        "promised_by": source.promised_by,
    }


def _extension(source: Source) -> Facts:
    body = source.record.body
    return {"days": body.get("days", 0), "reason": body.get("reason", ""), "promised_by": source.promised_by}


def _fee_due(source: Source) -> Facts:
    body = source.record.body
    fen = body.get("amount_fen", 0)
    return {
        "amount": f"{fen // 100:,}.{fen % 100:02} 元",
        "basis": body.get("basis", ""),
        "until": _until(source),
    }


def _recheck(source: Source) -> Facts:
    body = source.record.body
    refused = source.counted(kinds.REFUSE)
    return {
        **_asked(source),
        "reasons": body.get("reasons", ""),
        "overturned": body.get("outcome") == "overturn",
        "refused_no": _own_number(source, refused[-1]) if refused else "",
    }


def _review_asked(source: Source) -> Facts:
    """What is asked to be looked at again: the refusal that stood then, and by when it is to be answered."""
    record, body = source.record, source.record.body
    refused = [each for each in source.counted(kinds.REFUSE) if each.at_ms <= record.at_ms]
    return {
        "reason": body.get("reason", ""),
        "asked_by": body.get("by") or source.applicant,
        "refused_no": _own_number(source, refused[-1]) if refused else "",
        "office": source.offices.hall(refused[-1].place) if refused else "",
        "until": source.answer_by,
    }


def _commitment(source: Source) -> Facts:
    body = source.record.body
    return {
        "papers": papers(body.get("materials", ())),
        "text": body.get("text", ""),
        "until": iso_day(body.get("due", "")),
        "signed_by": body.get("signed_by", ""),
        "acceptor": source.offices.hall(source.record.place),
        "blank": _BLANK,
    }


def _countersigned(source: Source) -> Facts:
    """Of the countersigning that this event opened or ended: every department, what it said, who signed, when."""
    case, record = source.case, source.record
    opened = Position(*record.body["opened"]) if record.kind == kinds.COUNTERSIGN_CLOSE else record.position
    begun = case.procedures.get(opened)
    asked = list(begun.body.get("members", ())) if begun is not None else list(record.body.get("members", ()))
    # As things stood when this event was written, if it is the end; else as they stand now.
    words = {each.position: each for each in source.counted(kinds.COUNTERSIGNATURE)}
    limits = {party.department: party.days for party in source.item.parties}
    named = [Position(*entry) for entry in record.body.get("signatures", ())]
    signed: dict[str, Record] = {}
    for position, each in words.items():
        of_this = Position(*each.body.get("opened", (b"", 0, b""))) == opened
        if of_this and (position in named or record.kind != kinds.COUNTERSIGN_CLOSE):
            signed[each.body.get("member", "")] = each
    return {
        "asked": moment(begun.opened_ms if begun is not None else record.at_ms),
        "ended": moment(record.at_ms) if record.kind == kinds.COUNTERSIGN_CLOSE else "",
        "note": begun.body.get("note", "") if begun is not None else "",
        "without": record.body.get("without_reason", ""),
        "members": [_member(source, name, limits.get(name), signed.get(name)) for name in asked],
    }


def _member(source: Source, department: str, limit: int | None, word: Record | None) -> dict[str, str]:
    """One department of a sheet of countersignatures; of a theme with the items that it decides."""
    parts = [part.name for part in source.parts if part.department == department]
    said = word.body if word is not None else {}
    delegation = f"授权文号 {said['delegation']}" if said.get("delegation") else ""
    told = (said.get("text", ""), f"会签人：{word.who}" if word is not None and word.who else "", delegation)
    return {
        "department": department,
        "decides": f"（{'、'.join(parts)}）" if parts else "",
        "days": f"{limit} 个工作日" if limit is not None else "—",
        "opinion": source.choice(said["opinion"]) if "opinion" in said else "未签",
        "said": "；".join(filter(None, told)),
        "signed": day(word.at_ms) if word is not None else "",
    }


def _own_number(source: Source, record: Record) -> str:
    document = own_document(record)
    return number_of(document, record, source.case) if document else ""


def _put_right(source: Source) -> Facts:
    record, body = source.record, source.record.body
    order = next((each for each in source.case.orders if each.rating.position == record.position), None)
    steps = order.steps if order is not None else ()
    return {
        "office": source.offices.hall(order.place if order is not None else record.place),
        "stage": "受理环节" if body.get("stage") == 1 else "办结环节",
        "grade": source.choice(body.get("grade", "")),
        "rated": moment(record.at_ms),
        "text": body.get("text", ""),
        "until": source.answer_by,
        "steps": [
            {
                "day": day(each.at_ms),
                "what": source.choice(each.body["grade"]) if "grade" in each.body else "整改答复",
                "text": each.body.get("text", ""),
            }
            for each in steps
        ],
    }


_FACTS: Final[dict[str, Callable[[Source], Facts]]] = {
    "01": _receipt,
    "02": _correction,
    "03": _supply,
    "04": _acceptance,
    "05": _not_accepted,
    "06": _attorney,
    "07": _correction,
    "08": _procedure,
    "10": _extension,
    "11": _decision,
    "12": _decision,
    "13": _changed,
    "15": _fee_due,
    "16": _collection,
    "17": _delivery,
    "instant": _on_the_spot,
    "agency": _agency,
    "precheck": _precheck,
    "handoff": _handoff,
    "review": _review,
    "preview": _preview,
    "withdrawal": _withdrawal,
    "lapse": _ended,
    "recheck": _recheck,
    "tolerance": _commitment,
    "declaration": _commitment,
    "rectify": _put_right,
    "joint": _countersigned,
    "09": beside.hearing,
    "14": _correction,
    "upward": beside.reported_up,
    "transmittal": beside.reported_up,
    "publicity": beside.publicity,
    "published": beside.published,
    "survey": beside.survey,
    "address": serving.confirmed,
    "request": _review_asked,
    "rights": beside.hearing_right,
}
