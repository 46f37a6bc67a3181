"""The seals of a place: which is in use on a day, who keeps it, and which of them an act is sealed with."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from sync_protocol.case import kinds
from sync_protocol.case.catalogue import Item
from sync_protocol.case.publications import age
from sync_protocol.case.registers import Entry

# The acts that put a sealed document out, and the seal it takes; the event names the seal in the field ``seal``.
SEALED: Final[dict[int, str]] = {
    kinds.DOCKET: "acceptance",
    kinds.REFUSE: "acceptance",
    kinds.DECIDE: "decision",
    kinds.ISSUE: "decision",
    kinds.REVIEW_DECISION: "decision",
}
# Of these the seal is the centre's own: the section that decides a review stands for no department. Where an officer or
# a head keeps it, as the seal of decisions of a whole centre, it is put on by hand: the section waits for nobody.
_OF_NO_DEPARTMENT: Final = frozenset({kinds.REVIEW_DECISION})
# The acts that put out a notice which bears the seal where whoever acts keeps one; else it is put on by hand.
NOTICES: Final = frozenset({
    kinds.RETURN_FOR_CORRECTION, kinds.SUSPEND, kinds.EXTEND, kinds.FEE_NOTICE, kinds.RECEIVE, kinds.ACCEPT,
    kinds.SUPPLY, kinds.ANSWER, kinds.LAPSE, kinds.HEARING_RIGHT,
})  # fmt: skip
FIELD: Final = "seal"
NAMES: Final = {
    "acceptance": ("受理专用章", "acceptance seal"),
    "decision": ("行政审批专用章", "decision seal"),
}


class Seal(NamedTuple):
    """One seal as its newest entry says it, and its entries from the oldest."""

    said: Mapping[str, Any]
    entries: tuple[Entry, ...]

    @property
    def number(self) -> str:
        """The number that events name it by."""
        return str(self.said["seal_no"])

    def in_use(self, day: date) -> bool:
        """Whether it may be used on a day."""
        return bool(self.said["first"] <= day.isoformat() <= self.said.get("last", "9999-12-31"))

    def serves(self, use: str, item: Item) -> bool:
        """Whether it is a seal of this kind for this item: one of no department serves every department."""
        return bool(self.said["use"] == use and self.said.get("department", item.department) == item.department)


class Use(NamedTuple):
    """What may be sealed: why not, or the number of the seal; empty where the place keeps no such seal."""

    why_not: tuple[str, str] | None
    number: str = ""


def seals_of(entries: Iterable[Entry]) -> list[Seal]:
    """The seals of a place by number; each entry says a seal anew, and the newest counts."""
    found: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=age):
        found.setdefault(entry.said["seal_no"], []).append(entry)
    return [Seal(found[number][-1].said, tuple(found[number])) for number in sorted(found)]


def of_no_department(seals: Iterable[Seal], actor: str, day: date) -> str:
    """The number of the seal of decisions of no department that somebody keeps and may use on a day; empty where there
    is none."""
    own = [seal for seal in seals if "department" not in seal.said and seal.said["use"] == "decision"]
    found = (seal for seal in own if seal.in_use(day) and actor in seal.said["custodians"])
    return next((seal.number for seal in found), "")


def use(seals: Iterable[Seal], kind: int, item: Item, actor: str, day: date) -> Use:
    """Find the seal that somebody puts to what an act issues: one that is in use and in their custody."""
    wanted = SEALED[kind]
    kept = [seal for seal in seals if seal.serves(wanted, item)]
    if kind in _OF_NO_DEPARTMENT:
        own = [seal for seal in kept if "department" not in seal.said and seal.in_use(day)]
        return Use(None, next((seal.number for seal in own if actor in seal.said["custodians"]), ""))
    if not kept:
        return Use(None)
    zh, en = NAMES[wanted]
    used = [seal for seal in kept if seal.in_use(day)]
    if not used:
        numbers = "、".join(seal.number for seal in kept)
        return Use((
            f"本单位的{zh}（{numbers}）已停用或尚未启用，不得用印，请先启用新章",
            f"the {en} ({numbers}) is out of use, or not in use yet: enter the new seal first",
        ))  # fmt: skip
    held = next((seal for seal in used if actor in seal.said["custodians"]), None)
    if held is None:
        keepers = "、".join(dict.fromkeys(keeper for seal in used for keeper in seal.said["custodians"]))
        return Use((
            f"{zh}由工号 {keepers} 保管，只有保管人可以用印",
            f"the {en} is kept by staff {keepers}: only its custodian may use it",
        ))  # fmt: skip
    return Use(None, held.number)


def at_hand(seals: Iterable[Seal], wanted: str, item: Item, actor: str, day: date) -> str:
    """The number of the seal of this kind that somebody keeps and may use on a day; empty where there is none."""
    found = (seal for seal in seals if seal.serves(wanted, item) and seal.in_use(day))
    return next((seal.number for seal in found if actor in seal.said["custodians"]), "")
