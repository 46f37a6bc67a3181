"""An application before it is filed, whoever brings it: its spelling, what is wrong with it, the case it becomes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from marshmallow import ValidationError

from sync_protocol.case import bodies, kinds, legal_bodies
from sync_protocol.case.catalogue import Item
from village_node.casebook import CaseRef, Request
from village_node.web import asked, entry, particulars, schemas, serving, times
from village_node.web.particulars import ORGANISATIONS, Faults
from village_node.web.site import Visit

# Field -> how it is brought to one spelling before it is signed.
SPELLINGS: Final = {
    "applicant_name": entry.line,
    "applicant_id_kind": entry.line,
    "applicant_id_no": entry.number,
    "applicant_phone": entry.phone,
    "applicant_address": entry.line,
    "proxy_name": entry.line,
    "proxy_relation": entry.line,
    "proxy_phone": entry.phone,
    "proxy_authorisation": entry.line,
    "legal_representative": entry.line,
    "window_note": entry.paragraph,
    "acts_on": entry.line,
    "earlier": entry.number,
}
PROXY: Final = ("proxy_name", "proxy_relation", "proxy_authorisation")
TERMS: Final = ("authority_scope", "authority_until", "authority_marked")
BESIDE: Final = (*TERMS, *serving.TYPED)  # what is told beside an application
SCOPES: Final = tuple(scope for scope in legal_bodies.PROXY_SCOPES if scope != "collect")  # of who brings papers


def spelled(body: Mapping[str, Any], item: Item) -> dict[str, Any]:
    """An application by field name in the one spelling in which it is signed; empty fields are left out."""
    told: dict[str, Any] = {**body, "item_no": item.item_no, "item_version": item.version}
    for name, spell in SPELLINGS.items():
        if isinstance(told.get(name), str):
            told[name] = spell(told[name])
    answers = {entry.line(name): entry.paragraph(text) for name, text in told.get("answers", {}).items()}
    told["answers"] = {name: text for name, text in answers.items() if text}
    told["materials"] = [{**paper, "name": entry.line(paper["name"])} for paper in told.get("materials", ())]
    return {name: value for name, value in told.items() if value not in (None, "")}


def faults(
    visit: Visit,
    body: Mapping[str, Any],
    channel: str,
    item: Item,
    *,
    proxied: bool,
    terms: Mapping[str, str] | None = None,
) -> Faults:
    """What is wrong with an application, by field, in words (zh, en) that say what to do; empty when it can be filed.

    ``proxied``: somebody acts for the applicant; ``terms``: of the authority for it, and where documents are served,
    where they are asked for.
    """
    found: Faults = {}
    try:
        schemas.load(kinds.CREATE, body)
    except ValidationError as error:
        for name, message in schemas.messages_of(error).items():
            found[name] = (message, _english(name, message))
    if proxied:
        for name in PROXY:
            if not body.get(name):
                found[name] = ("委托他人代为申请时请填写此项", "Fill this in when somebody acts for the applicant")
        found |= _terms_faults(visit, terms) if terms is not None else {}
    if body.get("earlier") and not body.get("acts_on"):
        found["acts_on"] = (
            "填写了原件收件编号的，请选择变更、延续或撤销",
            "An earlier case is named: choose whether its decision is changed, renewed or revoked",
        )
    found |= serving.faults(body, terms) if terms is not None else {}
    found |= asked.faults(item, body.get("answers", {}))
    found |= _who_applies(body, item)
    sound = {name: value for name, value in body.items() if name not in found}
    found |= particulars.faults(visit, sound, body.get("applicant_id_kind", ""))
    if channel not in bodies.CHANNELS:
        found["channel"] = ("请从所列选项中选择", "Choose from the list")
    return found


def _terms_faults(visit: Visit, terms: Mapping[str, str]) -> Faults:
    """What is wrong with the terms of a proxy's authority."""
    found: Faults = {}
    if terms.get("authority_marked") not in legal_bodies.PROXY_MARKS:
        found["authority_marked"] = (
            "委托他人代为申请时请核对委托书并选择签名方式",
            "Look at the authority and say how it is signed",
        )
    if terms.get("authority_scope", "") not in ("", *SCOPES):
        found["authority_scope"] = (
            "请从所列选项中选择；只代为签收的委托不能代为申请",
            "Choose from the list: who may only collect does not apply for somebody",
        )
    until = terms.get("authority_until", "")
    if until and (not bodies.is_date(until) or until < times.local(visit.now_ms).date().isoformat()):
        found["authority_until"] = (
            "委托期限应为今天或以后的日期；不填表示至办结",
            "A day from today on; leave it empty for until the case is settled",
        )
    return found


def authority_of(body: Mapping[str, Any], terms: Mapping[str, str]) -> dict[str, Any] | None:
    """The authority by which somebody acts for the applicant, as it is recorded; None where nobody does."""
    if not body.get("proxy_name") or not terms.get("authority_marked"):
        return None
    said = {
        "what": "given",
        "scope": terms.get("authority_scope") or "both",
        "until": terms.get("authority_until"),
        "marked": terms["authority_marked"],
        "note": body.get("proxy_authorisation"),
        **{name: body.get(name) for name in ("proxy_name", "proxy_relation", "proxy_phone")},
    }
    return {name: value for name, value in said.items() if value}


def identities(item: Item) -> tuple[str, ...]:
    """The kinds of identity document that who may apply for an item can have."""
    if item.applicants == ("organisation",):
        return (ORGANISATIONS,)
    return tuple(kind for kind in bodies.ID_KINDS if kind != ORGANISATIONS or item.applicants != ("person",))


def _who_applies(body: Mapping[str, Any], item: Item) -> Faults:
    """What is wrong with who applies: an organisation names its legal representative."""
    organisation = body.get("applicant_id_kind") == ORGANISATIONS
    wrong: Faults = {}
    if item.applicants == ("organisation",) and not organisation:
        wrong["applicant_id_kind"] = (
            "该事项只受理单位申请，请选统一社会信用代码",
            "Only organisations may apply for this: choose the credit code",
        )
    if item.applicants == ("person",) and organisation:
        wrong["applicant_id_kind"] = (
            "该事项只受理个人申请，请选个人证件",
            "Only persons may apply for this: choose a personal document",
        )
    if not organisation:
        return wrong
    if not body.get("legal_representative"):
        wrong["legal_representative"] = (
            "单位申请的请填写法定代表人（负责人）姓名",
            "Of an organisation give the legal representative",
        )
    return wrong


def _english(name: str, message: str) -> str:
    """The English sentence for a wrong field of an application."""
    for field in bodies.CREATE.fields:
        if field.name == name and field.type == "text" and field.high and message != schemas.WHOLE["unknown"]:
            return f"Please give this; {field.low} to {field.high} characters."
    return schemas.english(message)


def file(
    visit: Visit,
    body: Mapping[str, Any],
    channel: str,
    request: Request | None = None,
    *,
    preview: bool = False,
    terms: Mapping[str, str] = MappingProxyType({}),
) -> CaseRef:
    """File an application without faults for the person in front. ``request``: under which id a program asks for it;
    ``preview``: it is sent for pre-review, and nobody receives it yet; ``terms``: of a proxy's authority, and
    where documents are served.

    Raises what the casebook's ``file`` and ``ask_preview`` raise.
    """
    staff, book = visit.staff, visit.site.casebook
    authority, served = authority_of(body, terms), serving.confirmation_of(body, terms)
    if preview:
        return book.ask_preview(
            staff.staff_no, staff.roles, schemas.load(kinds.CREATE, body), request, authority, served
        )
    return book.file(staff.staff_no, staff.roles, schemas.load(kinds.CREATE, body), channel, request, authority, served)
