"""Applicants who have no identity document: why, and who vouches for them, in place of a number.

What is signed knows it as another document, whose number says so in words, with reason and voucher before the window's
note: nodes of any version read it. The mark behind the words is drawn with the form, so that two people without a
document are never taken for one.
"""

from collections.abc import Mapping
from typing import Any, Final

from sync_protocol.case import bodies, kinds
from village_node.web import entry, masking

CODE: Final = "no_id"  # of the form alone; an application has OTHER
OTHER: Final = "other"
REASON, VOUCHER = "no_id_reason", "no_id_voucher"
FIELDS: Final = (REASON, VOUCHER)
LONGEST: Final = 100
NOTE_LONGEST: Final = next(row.high for row in bodies.TABLES[kinds.CREATE].fields if row.name == "window_note")
LABELS: Final[dict[str, tuple[str, str]]] = {
    REASON: ("没有证件的原因", "why there is no document"),
    VOUCHER: ("证明人", "who vouches"),
}


def typed(form: Mapping[str, str]) -> dict[str, str]:
    """What was typed of it, in one spelling, and the mark in place of a number; empty for everybody else."""
    if form.get("applicant_id_kind") != CODE:
        said = dict.fromkeys(FIELDS, "")
        kept = entry.number(form.get("applicant_id_no", "")[:4000])
        stale = kept.startswith(masking.NO_DOCUMENT) and not form.get("earlier")  # an earlier case may be under one
        return {**said, "applicant_id_no": ""} if stale else said
    mark = entry.number(form.get("draft_id", "")[:8])
    said = {name: entry.line(form.get(name, "")[:4000]) for name in FIELDS}
    return {**said, "applicant_id_no": f"{masking.NO_DOCUMENT}-{mark}" if mark else ""}


def signed(values: Mapping[str, Any]) -> dict[str, str]:
    """The fields of the application that differ for one without a document; none for everybody else."""
    if values.get("applicant_id_kind") != CODE:
        return {}
    note = f"{masking.NO_DOCUMENT}：{values.get(REASON, '')}{masking.VOUCHED}{values.get(VOUCHER, '')}"
    return {
        "applicant_id_kind": OTHER,
        "window_note": "\n".join(part for part in (note, values.get("window_note", "")) if part),
    }


def faults(values: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What is wrong with it, by field."""
    if values.get("applicant_id_kind") != CODE:
        return {}
    found = {}
    if not 0 < len(values.get(REASON, "")) <= LONGEST:
        found[REASON] = (
            f"选了“无证件”的，请写明原因（{LONGEST} 字以内），例如：火灾烧毁，正在补办",
            f"Say why there is no document, in {LONGEST} characters at most",
        )
    if not 0 < len(values.get(VOUCHER, "")) <= LONGEST:
        found[VOUCHER] = (
            f"选了“无证件”的，请写明谁证明其身份：姓名、与申请人的关系、电话（{LONGEST} 字以内）",
            f"Say who vouches: name, relation and phone, in {LONGEST} characters at most",
        )
    if not found and (over := len(signed(values)["window_note"]) - NOTE_LONGEST) > 0:
        left = max(len(values.get("window_note", "")) - over, 0)
        found["window_note"] = (
            f"“无证件”的原因和证明人也写在备注里，合起来最多 {NOTE_LONGEST} 字：备注请缩短到 {left} 字以内",
            f"Why there is no document and who vouches stand in the note as well, {NOTE_LONGEST} characters in all: "
            f"shorten it to {left}",
        )
    return found
