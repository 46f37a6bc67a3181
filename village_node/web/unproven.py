"""What an item asks of its cases and one of them has no record of: papers, the public notice, a visit or an expert.

Nobody is kept from going on: papers are seen and given back, or fetched by the office. But whoever accepts or approves
all the same says why, and that stands in the event and on what is printed of it.
"""

from collections.abc import Mapping
from typing import Any, Final

from sync_protocol.case import Case, Item, kinds, legal_bodies
from sync_protocol.case.catalogue import HEARING_OFFERED
from village_node.casebook import BadBody
from village_node.web import commitments
from village_node.web.site import Visit

Words = tuple[str, str]
# Where it is said why: the field of the form.
SAID_IN: Final = {kinds.DOCKET: "note", kinds.DECIDE: "reasons"}
_WHY: Final[dict[int, Words]] = {
    kinds.DOCKET: (
        "仍要受理的，请在“受理说明”写明理由，例如原件已核验、已通过数据共享核验；容缺受理的先登记容缺受理承诺",
        "to accept it all the same, say why in the note: originals seen, looked up by the office; what may come later "
        "is committed to first",
    ),
    kinds.DECIDE: (
        "仍要准予的，请在“理由”写明，例如原件已核验、已在何处何时公示或核查",
        "to approve it all the same, say why in the reasons: originals seen, where and when it was posted or visited",
    ),
}


def of(visit: Visit, case: Case, kind: int) -> list[str]:
    """What is not on record as somebody is about to accept or decide, in sentences, the last of which asks why; none
    where everything is."""
    found = _lacks(visit, case, kind)
    return [visit.t(*each) for each in (*found, _WHY[kind])] if found else []


def to_ask_for(visit: Visit, case: Case) -> list[str]:
    """What whoever asks for corrections is reminded of, in sentences: everything is told at once (一次性告知)."""
    lacking = papers(visit, case)
    if not lacking:
        return []
    return [visit.t(f"尚缺：{'、'.join(lacking)}", f"not handed in: {', '.join(lacking)}")]


def check(visit: Visit, case: Case, kind: int, values: Mapping[str, Any]) -> None:
    """Raises BadBody where somebody accepts or approves what is not all on record, and does not say why."""
    refuses = kind == kinds.DECIDE and values.get("outcome") != "approve"
    if kind not in SAID_IN or values.get(SAID_IN[kind]) or refuses:
        return
    found = _lacks(visit, case, kind)
    if found:
        zh, en = zip(*(*found, _WHY[kind]), strict=True)
        raise BadBody(SAID_IN[kind], "；".join(zh), "; ".join(en))


def papers(visit: Visit, case: Case) -> list[str]:
    """The papers that the item lists and that are neither handed in nor promised by a day."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    if item is None:
        return []
    promised = {name for each in commitments.open_ones(case) for name, *_ in each.body.get("materials", ())}
    return item.lacking({each.name for each in case.materials} | promised)


def _lacks(visit: Visit, case: Case, kind: int) -> list[Words]:
    if kind not in SAID_IN:
        return []
    lacking, item = papers(visit, case), visit.site.catalogue.find(case.item_no, case.item_version)
    found = [(f"尚缺：{'、'.join(lacking)}", f"not handed in: {', '.join(lacking)}")] if lacking else []
    return [*found, *_not_done(case, item)] if kind == kinds.DECIDE and item is not None else found


def _not_done(case: Case, item: Item) -> list[Words]:
    """What the item has done before a decision and the case has no record of; what was deleted may have been it."""
    done = {each.what for each in case.procedures.values()}
    found: list[Words] = []
    if item.publicity_days and not done & {"publicity", ""}:
        unit = ("个工作日", "working days") if item.publicity_unit == "working" else ("日", "days")
        found.append(
            (
                f"本事项须公示 {item.publicity_days} {unit[0]}，本案没有公示记录",
                f"the item asks for a public notice of {item.publicity_days} {unit[1]}; the case has no record of one",
            )
        )
    asked = [name for name in item.special_procedures if name != HEARING_OFFERED]
    if asked and not done & {*legal_bodies.SPECIAL, ""}:
        found.append(
            (
                f"本事项须{'、'.join(asked)}，本案没有记录",
                f"the item asks for {', '.join(asked)}; the case has no record of it",
            )
        )
    return found
