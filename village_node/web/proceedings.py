"""What stands beside the state of a case on its page: procedures, refusal, fee, certificate; and what a form offers."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sync_protocol.case import Case, Offer, Position, SideNote, kinds, legal_bodies, workflow
from sync_protocol.case.authority import signatures_for
from sync_protocol.case.baton import COMMITMENT, COUNTERSIGNING
from sync_protocol.case.bodies import TABLES
from sync_protocol.case.fields import Field
from sync_protocol.case.records import Lane, Preview, Procedure
from sync_protocol.places import about
from village_node.casebook import procedures
from village_node.web import (
    appeals,
    charging,
    commitments,
    due_days,
    entitled,
    hearing_rights,
    joint,
    masking,
    minutes,
    posting,
    proxies,
    schemas,
    serving,
    times,
    words,
)
from village_node.web.box import Box, yuan
from village_node.web.site import Visit


@dataclass
class Choice:
    """One record, or one name, that a form lets people choose."""

    value: str
    text: str
    chosen: bool


def offered(visit: Visit, case: Case, offer: Offer) -> Offer:
    """The act as its form asks it: of special procedures those that the item's cases can have."""
    if offer.kind != kinds.SUSPEND:
        return offer
    open_ones = procedures.open_to(visit.site.catalogue.find(case.item_no, case.item_version))
    shut = set(legal_bodies.SPECIAL) - set(open_ones)

    def asked(row: Field) -> Field:
        if row.name != "what":
            return row
        return replace(row, choices=tuple(each for each in row.choices if each not in shut))

    return offer._replace(fields=tuple(asked(row) for row in offer.fields))


def boxes(visit: Visit, case: Case, *, open_data: bool) -> list[Box]:
    """Everything that is to be known beside the state, what is open first."""
    found = [_open_box(visit, case, each) for each in case.procedures.values() if each.ended is None]
    if case.lane is not None and case.state not in workflow.CLOSED:
        found.insert(0, _lane(visit, case.lane))
    if case.preview is not None and case.state in ("draft", "prereview"):
        found.append(_preview(visit, case.preview))
    found += [*_ending(visit, case), *_made(visit, case)]
    found += [
        _ended(visit, case, each) for each in case.procedures.values() if each.ended is not None and _tells_more(each)
    ]
    found += [*charging.boxes(visit, case), *joint.boxes(visit, case), *minutes.boxes(visit, case)]
    if case.state == "fee_due" or case.listed_state == "correcting":
        last = visit.site.casebook.last_day(about(case.home), case.case_id)
        if last:
            day = due_days.due_words(visit, date.fromisoformat(last))
            title = visit.t(
                f"申请人的期限至 {day}，次日起可终止", f"The applicant has until {day}; then the case may end"
            )
            found.append(Box("waiting", "clock", title, []))
    if case.extended:
        days = case.extension_days if case.extension_days is not None else "?"
        found.append(
            Box("waiting", "plus", visit.t(f"期限已延长 {days} 个工作日", f"Extended by {days} working days"), [])
        )
    found += hearing_rights.boxes(visit, case)
    found += proxies.boxes(visit, case)
    found += serving.boxes(visit, case, open_data=open_data)
    if case.contact_changes:
        found.append(_contacts(visit, case, open_data=open_data))
    return found


def _preview(visit: Visit, said: Preview) -> Box:
    """What who may accept the case has said of the draft."""
    lines = [_said(visit, said.place, said.at_ms), said.text]
    title = visit.t("预审意见：", "Pre-review: ") + visit.t(*words.choice_words(said.outcome))
    ready = said.outcome == "ready"
    return Box("good" if ready else "waiting", "check" if ready else "warning", title, [each for each in lines if each])


def _lane(visit: Visit, lane: Lane) -> Box:
    """How the case stands among others that wait."""
    said = lane.said
    lines = [_said(visit, lane.place, lane.at_ms), _line(visit, "理由", "Reason", said.get("reason", ""))]
    lines.append(_line(visit, "督办领导", "Supervised by", said.get("supervisor", "")))
    lines.append(_line(visit, "批准人工号", "Approved by", said.get("approver", "")))
    if said.get("on_holidays"):
        lines.append(
            visit.t("节假日照常办理；法定期限仍按工作日计算。", "Worked on through holidays; no clock changes by it.")
        )
    lines.append(_line(visit, "排在其前", "Goes before", said.get("ahead_of", "")))
    lines.append(_line(visit, "先来申请人的同意", "Consent of who came first", said.get("consent", "")))
    title = visit.t(*words.choice_words(lane.lane))
    return Box("bad" if lane.lane == "urgent" else "active", "flag", title, [line for line in lines if line])


def _ending(visit: Visit, case: Case) -> list[Box]:
    found = []
    refusal = case.refusal
    if refusal is not None:
        title = visit.t("不予受理", "Not accepted")
        if refusal.revoked:
            title = visit.t("不予受理（已撤销）", "Not accepted (revoked)")
        said = _said(visit, refusal.place, refusal.at_ms)
        lines = [said, _line(visit, "理由", "Reasons", refusal.reasons)]
        lines += [
            _line(visit, "依据", "Basis", refusal.legal_basis),
            _line(visit, "文号", "Number", refusal.document_no),
        ]
        found.append(Box("plain" if refusal.revoked else "bad", "cross", title, [each for each in lines if each]))
    for answer in case.review_answers:
        title = visit.t("复核：", "Review: ") + visit.t(*words.choice_words(answer.outcome))
        lines = [_said(visit, answer.place, answer.at_ms), answer.reasons]
        found.append(Box("good" if answer.outcome == "overturn" else "bad", "flag", title, lines))
    if case.lapse is not None:
        lapse = case.lapse
        lines = [_said(visit, lapse.place, lapse.at_ms), lapse.reasons]
        title = visit.t(f"逾期终止（期限至 {lapse.limit_day}）", f"Ended (term until {lapse.limit_day})")
        if lapse.unheard:
            lines.append(visit.t("终止时尚有单位未联系上。", "Some places had not been heard when it ended."))
        found.append(Box("bad", "clock", title, lines))
    return found


def fee_boxes(visit: Visit, case: Case) -> list[Box]:
    """What the applicant was told to pay, and whether it is settled."""
    found = []
    if case.fee is not None:
        fee = case.fee
        amount = yuan(visit, fee.amount_fen) if fee.amount_fen is not None else "—"
        state = visit.t(*words.choice_words(fee.how)) if fee.how else visit.t("待缴", "due")
        lines = [_line(visit, "依据", "Basis", fee.basis), _line(visit, "编号", "Number", fee.number)]
        tone = "good" if fee.settled_ms is not None else "waiting"
        title = visit.t(f"费用 {amount}：{state}", f"Fee {amount}: {state}")
        found.append(Box(tone, "paper", title, [each for each in lines if each]))
    return found


def volume_boxes(visit: Visit, case: Case) -> list[Box]:
    """The volume in which a case was filed."""
    title = visit.t(f"案卷号：{case.volume}", f"Volume: {case.volume}")
    return [Box("plain", "box", title, [])] if case.volume else []


def _made(visit: Visit, case: Case) -> list[Box]:
    found = []
    if case.certificate is not None:
        made = case.certificate
        until = " — ".join(each for each in (made.valid_from, made.valid_to) if each)
        lines = [_said(visit, made.place, made.at_ms), _line(visit, "有效期", "Valid", until)]
        title = visit.t(f"证照：{made.number}", f"Certificate: {made.number}")
        found.append(Box("good", "paper", title, [each for each in lines if each]))
    return [*fee_boxes(visit, case), *found, *volume_boxes(visit, case)]


def _open_box(visit: Visit, case: Case, each: Procedure) -> Box:
    return _committed(visit, case, each) if each.what == COMMITMENT else _procedure(visit, each)


def _committed(visit: Visit, case: Case, each: Procedure) -> Box:
    """What the applicant committed to, and how long it may still be kept."""
    body, due = each.body, commitments.due_of(each)
    lines = [_said(visit, each.place, each.opened_ms)]
    papers = visit.t("、", ", ").join(name for name, *_ in body.get("materials", ()))
    lines += [_line(visit, "后补的材料", "Papers to come", papers), body.get("text", "")]
    if due is not None:
        lines.append(_line(visit, "承诺期限", "To be kept by", times.date_words(due, visit.lang)))
    stands = commitments.stands(visit, case, each.opened)
    title = visit.t("承诺：", "Commitment: ") + visit.t(*words.choice_words(body.get("what", COMMITMENT)))
    lines.append(visit.t(*commitments.STANDINGS[stands]))
    tone = {"overdue": "bad", "moot": "plain"}.get(stands, "waiting")
    return Box(tone, "warning" if stands == "overdue" else "clock", title, [line for line in lines if line])


def _procedure(visit: Visit, each: Procedure) -> Box:
    """One procedure that is open, with what its notice says; of a countersigning `joint` tells who was asked."""
    title = visit.t("进行中：", "Open: ") + _name(visit, each)
    lines = [_said(visit, each.place, each.opened_ms)]
    for name, what in each.body.get("marks", ()):
        lines.append(visit.t(*words.field_words(name)) + visit.t("：", ": ") + what)
    shown = (
        "basis", "planned_days", "approver", "higher_body", "document_no", "reason", "note", "hearing_day",
        "hearing_at", "presider",
    )  # fmt: skip
    for row in TABLES[kinds.SUSPEND].fields:
        value = each.body.get(row.name)
        if row.name in shown and value is not None and each.what != COUNTERSIGNING:
            lines.append(_line(visit, row.zh, row.en, entitled.said_in(visit, row.name, value)))
    return Box("waiting", "clock", title, lines)


def _ended(visit: Visit, case: Case, each: Procedure) -> Box:
    """One procedure that is over, with its result."""
    title = visit.t("已结束：", "Ended: ") + _name(visit, each)
    begun, ended = times.moment(each.opened_ms, visit.lang), times.moment(each.ended_ms or 0, visit.lang)
    lines = [f"{begun} — {ended}", each.result.get("result", ""), each.result.get("without_reason", "")]
    if each.result.get("outcome"):
        number, day = each.result["document_no"], each.result["document_day"]
        lines.append(f"{visit.t(*words.choice_words(each.result['outcome']))} · {number} · {day}")
    result = posting.came_to(visit, case, each)
    lines += [visit.t("公示结果：", "The notice came to this: ") + result] if result else []
    lines += [
        visit.t("公示核实：", "Notice confirmed: ") + each_line for each_line in posting.confirmed(visit, case, each)
    ]
    return Box("plain", "check", title, [line for line in lines if line])


def _tells_more(each: Procedure) -> bool:
    """Whether the end of a procedure says what stands nowhere else: of a countersigning `joint` tells every word."""
    return each.what != COUNTERSIGNING or "without_reason" in each.result


def _name(visit: Visit, each: Procedure) -> str:
    return visit.t(*words.choice_words(each.what)) if each.what else visit.t("程序", "a procedure")


def _contacts(visit: Visit, case: Case, *, open_data: bool) -> Box:
    lines = []
    for note in case.contact_changes:
        phone, address = note.body.get("applicant_phone", ""), note.body.get("applicant_address", "")
        if not open_data:
            phone, address = masking.phone(phone) if phone else "", masking.address(address) if address else ""
        lines.append(" · ".join(each for each in (_said(visit, note.place, note.at_ms), phone, address) if each))
    return Box("plain", "edit", visit.t("更改了联系方式", "Contact changed"), lines)


def _said(visit: Visit, place: str, at_ms: int) -> str:
    return f"{visit.place_name(place)} · {times.moment(at_ms, visit.lang)}"


def _line(visit: Visit, zh: str, en: str, text: str) -> str:
    return visit.t(f"{zh}：{text}", f"{en}: {text}") if text else ""


# The acts that name an entry of one sort; what goes on with a suspended case names any other.
_ENDS: Final = {
    kinds.COUNTERSIGN_CLOSE: COUNTERSIGNING,
    kinds.COUNTERSIGNATURE: COUNTERSIGNING,
    kinds.COMMITMENT_KEPT: COMMITMENT,
}


def choices(visit: Visit, case: Case, kind: int, name: str) -> list[Choice]:
    """The records, or the departments, that a field of a move may name; empty for a field that is typed."""
    countersigning = [entry for entry in case.open if entry.what == COUNTERSIGNING]
    if name == "opened":
        wanted = _ENDS.get(kind)
        entries = [
            entry.opened
            for entry in case.open
            if (entry.what == wanted if wanted else entry.what not in (COUNTERSIGNING, COMMITMENT))
        ]
        return [
            Choice(schemas.position_text(opened), _opened(visit, case, opened), number == 0)
            for number, opened in enumerate(entries)
        ]
    if name == "stage":
        return [Choice(str(stage), visit.t(*said), chosen=False) for stage, said in words.STAGES.items()]
    if name == "member":
        members = dict.fromkeys(member for entry in countersigning for member in entry.members)
        return [Choice(member, member, chosen=False) for member in members]
    notes: dict[str, list[SideNote]] = {
        "request": list(case.open_reviews if kind == kinds.REVIEW_DECISION else case.open_withdrawals),
        "supplies": list(case.open_supplies),
        "delivery": list(case.deliveries),
        "order": [each.asks for each in case.orders if each.asks is not None and _ours(visit, each.place)],
        "rectification": [each.unrated for each in case.orders if each.unrated is not None],
        "of": [note for notes in appeals.open_to(visit, case) for note in notes],
        "signatures": [note for entry in countersigning for note in signatures_for(case, entry)],
    }
    supplement_only = [entry.what for entry in case.open] == ["supplement"]
    first_only = name in ("request", "delivery", "order", "rectification", "of")
    ticked = kind != kinds.RESUME or supplement_only
    return [
        Choice(schemas.position_text(note.position), _note(visit, note), number == 0 if first_only else ticked)
        for number, note in enumerate(notes.get(name, ()))
    ]


def _ours(visit: Visit, place: str) -> bool:
    """Whether what a place is to answer may be answered here: it is this place, or one below it."""
    return visit.site.places.covers(visit.site.config.place, place)


def _opened(visit: Visit, case: Case, opened: Position) -> str:
    each = case.procedures[opened]
    return f"{_name(visit, each)} · {_said(visit, each.place, each.opened_ms)}"


def _note(visit: Visit, note: SideNote) -> str:
    body: dict[str, Any] = note.body
    said = body.get("text") or body.get("reason") or ""
    if note.kind == kinds.SUPPLY:
        said = visit.t("；", "; ").join(filter(None, (*_brought(visit, body), said)))
    if note.kind == kinds.COUNTERSIGNATURE:
        said = f"{body['member']} {visit.t(*words.choice_words(body.get('opinion')))} {said}".strip()
    if "grade" in body:
        said = f"{visit.t(*words.choice_words(body['grade']))} {said}".strip()
    return _said(visit, note.place, note.at_ms) + (visit.t("：", ": ") + said if said else "")


def _brought(visit: Visit, supply: dict[str, Any]) -> list[str]:
    """Which papers a supply brings and which fields it corrects; what these say stands in the timeline, masked."""
    papers = [
        visit.t(f"《{name}》{copies} 份{'（原件）' if original else ''}",
                f"“{name}”, {copies}{' (original)' if original else ''}")
        for name, copies, original in supply.get("materials", ())
    ]  # fmt: skip
    fields = [visit.t(*words.field_words(name)) for name in supply.get("answers", {})]
    comma = visit.t("、", ", ")
    said = [visit.t("补交", "papers: ") + comma.join(papers)] if papers else []
    return said + ([visit.t("更正", "corrected: ") + comma.join(fields)] if fields else [])


def when_required(visit: Visit, row: Field) -> str:
    """When a field must be filled in that is not always needed, in words; empty for any other."""
    if row.required_if is None or row.required:
        return ""
    values = [value for value in row.required_if[1] if isinstance(value, str)]
    if not values:
        return visit.t("选“否”时必填", "required for “no”")
    named_zh = "、".join(words.choice_words(value)[0] for value in values)
    named_en = ", ".join(words.choice_words(value)[1] for value in values)
    return visit.t(f"选“{named_zh}”时必填", f"required for: {named_en}")
