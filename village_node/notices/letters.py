"""The delegation of a department as the document that its head, both representatives and the centre hold."""

from collections.abc import Mapping
from typing import Any, Final

from sync_protocol.case.delegations import Delegation
from village_node.notices.source import day, iso_day, local

TEMPLATE: Final = "representative_v1"
TITLE: Final = "首席代表委托书"
EFFECT: Final = "本件内容以签名登记为准；委托人、A角、B角签名并加盖单位印章后生效。"


def given_for(
    each: Delegation, office: str, names: Mapping[str, str], as_of_ms: int, *, by_two: bool
) -> dict[str, Any]:
    """What the template is handed. ``office``: the department by its full name; ``names``: of items by their number;
    ``by_two``: it needs the centre's consent, and is a draft until it has it, as is one that is revoked."""
    entry, at = each.entry, local(each.entry.claimed_ms)
    return {
        "paper": "a4",
        "draft": each.revoked is not None or (by_two and each.consent is None),
        "title": TITLE,
        "number": each.text("document_no"),
        "authority": office,
        "signer": office,
        "to": "",
        "issued": day(entry.claimed_ms),
        "day": [at.year, at.month, at.day],
        "clerk": each.text("head_name"),
        "seal": "",
        "codes": [],
        "remedy": None,
        "effect": EFFECT,
        "event": f"{entry.position.mark.hex()}（第 {entry.position.seq} 条）",
        "as_of": day(as_of_ms),
        "form": "样式 首席代表委托书 第 1 版",
        "facts": {
            "department": each.text("department"),
            "a": _person(each, "a"),
            "b": _person(each, "b"),
            "term": f"自{iso_day(each.text('first'))}至{iso_day(each.text('last'))}（首日、末日均在内）",
            "consent": f"同意（{each.consent.said['document_no']}）" if each.consent else "",
            "full": [f"{number} {names.get(number, '')}".strip() for number in entry.said.get("full", ())],
            "limited": [f"{number} {names.get(number, '')}".strip() for number in entry.said.get("limited", ())],
            "revoked": f"本委托已于{day(each.revoked.claimed_ms)}撤销。" if each.revoked else "",
        },
    }


def _person(each: Delegation, role: str) -> str:
    number = each.text(role)
    return f"{each.text(f'{role}_name')}（工号 {number}）" if number else ""
