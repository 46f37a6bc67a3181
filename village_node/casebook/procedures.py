"""Which special procedures a case can have: those that its item's row of the catalogue names, in the county's words."""

from collections.abc import Mapping
from typing import Any, Final

from sync_protocol.case import Item, kinds, legal_bodies
from village_node.casebook.errors import BadBody

HEARING: Final = "hearing"
_WHAT: Final = 0
# Procedure -> the words by which a row of the catalogue is seen to name it.
_SIGNS: Final = {
    HEARING: ("听证",), "tender": ("招标",), "auction": ("拍卖",), "inspection": ("检验",), "testing": ("检测",),
    "quarantine": ("检疫",), "appraisal": ("鉴定",), "expert_review": ("评审", "论证"),
    "site_survey": ("现场", "踏勘", "勘查", "查验", "核查", "入户"),
}  # fmt: skip


def open_to(item: Item | None) -> tuple[str, ...]:
    """The special procedures that a case of an item can have. All of them where the item is not known here, names none,
    or names one in words that are none of these; a hearing always: whoever decides may hold one of their own motion
    (行政许可法第四十六条)."""
    named = [_found(name) for name in item.special_procedures] if item is not None else []
    if not named or not all(named):
        return legal_bodies.SPECIAL
    return tuple(each for each in legal_bodies.SPECIAL if each == HEARING or any(each in found for found in named))


def _found(name: str) -> set[str]:
    return {each for each, signs in _SIGNS.items() if any(sign in name for sign in signs)}


def check(kind: int, body: Mapping[int, Any], item: Item | None) -> None:
    """Ask of a special procedure that the item names it. Raises BadBody."""
    if kind != kinds.SUSPEND or body[_WHAT] not in legal_bodies.SPECIAL or item is None:
        return
    if body[_WHAT] not in open_to(item):
        listed = "、".join(item.special_procedures)
        raise BadBody(
            "what",
            f"事项目录规定本事项的特别程序只有：{listed}。请改选表中所列的程序；确需其他程序的，先由县里修订事项目录",
            f"the catalogue names no other special procedure for this item than: {listed}. Choose one of the form, or "
            "have the county amend the item first",
        )
