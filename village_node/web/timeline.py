"""The records of a case in words: each event with its verdict, its facts and its hop receipts, masked unless opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sync_protocol.case import Case, Material, Position, explain, kinds, workflow
from sync_protocol.case.fields import Field
from village_node.casebook import OddCase, TimelineEntry
from village_node.web import masking, skews, times, words
from village_node.web.box import yuan
from village_node.web.site import Visit


def outcomes(visit: Visit, odd: OddCase | None) -> dict[Position, str]:
    """What the holder has answered to records that do not count."""
    found = {}
    for each in odd.oddities if odd else ():
        if each.adoption is not None:
            by, at = visit.place_name(each.adoption.place), when(visit, each.adoption.claimed_ms)
            words_ = visit.t(f"{by} 已采纳，内容已计入（{at}）", f"adopted by {by}: it counts ({at})")
        elif each.dismissal is not None:
            by, at = visit.place_name(each.dismissal.place), when(visit, each.dismissal.at_ms)
            reason = each.dismissal.body["reason"]
            words_ = visit.t(f"{by} 不予采纳（{at}）：{reason}", f"set aside by {by} ({at}): {reason}")
        elif each.open:
            words_ = visit.t("还没有处理", "nobody has answered it yet")
        else:
            continue
        found[each.entry.position] = words_
    return found


def when(visit: Visit, at_ms: int) -> str:
    """A moment in the language chosen."""
    return times.moment(at_ms, visit.lang)


@dataclass
class Line:
    """One entry of the timeline as the page shows it."""

    icon: str
    tone: str
    title: str
    place: str
    actor: str
    claimed_ms: int
    position: Position
    verdict: str
    verdict_words: str
    why: str
    facts: list[tuple[str, str]]
    receipts: list[tuple[str, int]]
    ours: bool


def line(visit: Visit, case: Case, entry: TimelineEntry, *, open_data: bool) -> Line:
    """Put one event into words."""
    effective = entry.verdict.code == "effective"
    tone, _ = words.VERDICT_TONES[entry.verdict.code]
    title = visit.t(*words.kind_words(entry.kind))
    body = entry.body or {}
    if entry.kind == kinds.HANDOFF and body.get("purpose") in workflow.HANDOFF_LABELS:
        title = visit.t(*workflow.HANDOFF_LABELS[body["purpose"]])
    if body.get(_HEADLINES.get(entry.kind, "")):
        title += visit.t("：", ": ") + visit.t(*words.choice_words(body[_HEADLINES[entry.kind]]))
    ours = entry.place == visit.site.config.place
    own_name = visit.site.accounts.name_of(entry.actor) if ours else ""
    return Line(
        icon=words.KIND_ICONS.get(entry.kind, "question"),
        tone="active" if effective and entry.kind not in kinds.SIDE_KINDS else "plain" if effective else tone,
        title=title,
        place=visit.place_name(entry.place),
        actor=own_name or visit.t(*words.actor_words(entry.actor)),
        claimed_ms=entry.claimed_ms,
        position=entry.position,
        verdict=entry.verdict.code,
        verdict_words=visit.t(*words.verdict_words(entry.verdict.code)),
        why="" if effective else visit.t(*explain(entry.verdict)),
        facts=[
            *_received(visit, case, entry),
            *facts_of(visit, entry.kind, body, open_data=open_data),
            *skews.facts(visit, entry),
        ],
        receipts=[(visit.place_name(place), at) for place, at in entry.receipts],
        ours=ours,
    )


def _received(visit: Visit, case: Case, entry: TimelineEntry) -> list[tuple[str, str]]:
    """Of the receipt the papers that came with the application."""
    papers = [paper_words(visit, *paper[:3]) for paper in case.materials if paper.supplied is None]
    if entry.kind != kinds.RECEIVE or not papers:
        return []
    return [(visit.t("收到的材料", "Papers received"), "\n".join(papers))]


# The field that says in a word what an act comes to.
_HEADLINES: Final = {
    kinds.PAPER: "what",
    kinds.DECIDE: "outcome",
    kinds.SUSPEND: "what",
    kinds.COMMITMENT: "what",
    kinds.LANE: "lane",
    kinds.REVIEW_DECISION: "outcome",
    kinds.FEE_SETTLED: "how",
    kinds.RATING: "grade",
    kinds.PREREVIEW_REPLY: "outcome",
    kinds.FOLLOW_UP: "grade",
    kinds.CALL_BACK: "grade",
    kinds.RATING_APPEAL: "what",
    kinds.HEARING_RIGHT: "what",
}


# Of the application and the receipt the page shows the facts elsewhere; the query code belongs on the receipt alone.
_HIDDEN: Final = {
    kinds.CREATE: None, kinds.RECEIVE: ("case_no", "query_code"), kinds.HANDOFF: ("purpose",),
    kinds.PAPER: ("what", "hash", "size", "chunks", "preview", "preview_size"),
}  # fmt: skip


_MASKED: Final = {
    (kinds.DELIVERED, "to"): masking.name,
    (kinds.WITHDRAWAL_REQUEST, "by"): masking.name,
    (kinds.REVIEW_REQUEST, "by"): masking.name,
    (kinds.CONTACT_CHANGE, "by"): masking.name,
    (kinds.PROXY_AUTHORITY, "by"): masking.name,
    (kinds.HEARING_RIGHT, "by"): masking.name,
    (kinds.PROXY_AUTHORITY, "proxy_name"): masking.name,
    (kinds.PROXY_AUTHORITY, "proxy_phone"): masking.phone,
    (kinds.SERVICE_ADDRESS, "by"): masking.name,
    (kinds.SERVICE_ADDRESS, "recipient"): masking.name,
    (kinds.SERVICE_ADDRESS, "address"): masking.address,
    (kinds.SERVICE_ADDRESS, "phone"): masking.phone,
    (kinds.SERVICE_ADDRESS, "electronic_to"): masking.phone,
    (kinds.DELIVERED, "where"): masking.address,
    (kinds.COMMITMENT, "signed_by"): masking.name,
    (kinds.CONTACT_CHANGE, "applicant_phone"): masking.phone,
    (kinds.CONTACT_CHANGE, "applicant_address"): masking.address,
}


def facts_of(visit: Visit, kind: int, body: Mapping[str, Any], *, open_data: bool) -> list[tuple[str, str]]:
    """The fields of an event's body as (label, text) lines."""
    hidden = _HIDDEN.get(kind, ())
    if hidden is None or kind not in words.TABLES:
        return []
    found: list[tuple[str, str]] = []
    for row in words.TABLES[kind].fields:
        value = body.get(row.name)
        if value is None or row.name in hidden or row.name.endswith(("_ms", "disputed")):
            continue
        mask = None if open_data else _MASKED.get((kind, row.name))
        text = mask(value) if mask and isinstance(value, str) else text_of(visit, row, value, open_data=open_data)
        found.append((visit.t(*words.fact_words(row)), text))
    return found


def text_of(visit: Visit, row: Field, value: Any, *, open_data: bool) -> str:
    """One value of a body in words."""
    if row.type == "choice":
        return visit.t(*words.choice_words(value))
    if row.type == "bool":
        return visit.t("是", "yes") if value else visit.t("否", "no")
    if row.type == "place":
        return visit.place_name(value)
    if row.type == "answers":
        labelled = [(visit.t(*words.field_words(name)), shown(name, text, open_data)) for name, text in value.items()]
        return "\n".join(label + visit.t("：", ": ") + text for label, text in labelled)
    if row.type == "materials":
        return "\n".join(paper_words(visit, *entry) for entry in value)
    if row.type == "marks":
        return "\n".join(visit.t(*words.field_words(name)) + visit.t("：", ": ") + what for name, what in value)
    if row.type == "positions":
        unit = "份" if row.name == "supplies" else "条"
        return visit.t(f"{len(value)} {unit}", f"{len(value)}")
    if row.type == "position":
        return visit.t("见上文的记录", "the record above")
    if row.type == "names":
        named = [masking.name(each) for each in value] if row.name == "witnesses" and not open_data else value
        return visit.t("、", ", ").join(named)
    if row.type == "actions":
        return "\n".join(visit.t(f"{what}（{who}，{due} 前）", f"{what} ({who}, by {due})") for what, who, due in value)
    if row.name == "stage" and value in words.STAGES:
        return visit.t(*words.STAGES[value])
    if row.name == "promised_days" and not value:
        return visit.t("当场办结", "on the spot")
    if row.name == "amount_fen":
        return yuan(visit, value)
    return str(value)


def shown(name: str, text: str, open_data: bool) -> str:
    """One answer or applicant field, masked unless it was opened."""
    mask = MASKS.get(name)
    return text if open_data or mask is None else mask(text)


MASKS: Final = {
    "applicant_name": masking.name,
    "applicant_id_no": masking.identity_number,
    "applicant_phone": masking.phone,
    "applicant_address": masking.address,
    "applicant_representative": masking.name,
    "legal_representative": masking.name,
    "proxy_name": masking.name,
    "proxy_phone": masking.phone,
    "window_note": masking.note,
}


def paper_words(visit: Visit, name: str, copies: int, original: bool) -> str:
    """One paper in words."""
    kind = visit.t("原件" if original else "复印件", "original" if original else "copy")
    return visit.t(f"{name} {copies} 份（{kind}）", f"{name}, {copies} ({kind})")


def paper_line(visit: Visit, paper: Material) -> str:
    """One paper of the case, and whether it came later."""
    later = visit.t("，补交", ", supplied later") if paper.supplied else ""
    return paper_words(visit, paper.name, paper.copies, paper.original) + later
