"""Joint cases on pages: each department of a case with its days and its word, and what waits to be signed."""

from dataclasses import dataclass
from typing import Any, Final

from werkzeug.wrappers import Response

from sync_protocol.case import Case, kinds
from sync_protocol.case.joint import Member
from village_node.web import clocks, counter_books, due_days, filters, words
from village_node.web.box import Box
from village_node.web.filters import Choice, Filters
from village_node.web.policy import CASEWORK, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node", "masked")


def proposed(visit: Visit, case: Case) -> dict[int, dict[str, Any]]:
    """What the forms of a countersigning are filled in with: the departments that the item names and that were not
    asked yet, and the one department for which the person in front signs."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    if case.decision is not None:
        return {}
    found: dict[int, dict[str, Any]] = {}
    if item is not None and item.parties:
        asked = {name for entry in case.open for name in entry.members} | case.heard
        wanted = [party.department for party in item.parties if party.department not in asked]
        found |= {kinds.COUNTERSIGN_OPEN: {"members": "\n".join(wanted)}} if wanted else {}
    mine = visit.site.casebook.waits_for_their_word(case, visit.staff.staff_no)
    return found | ({kinds.COUNTERSIGNATURE: {"member": mine[0]}} if len(mine) == 1 else {})


def boxes(visit: Visit, case: Case) -> list[Box]:
    """Every department that was asked, each on its line; the late ones are told to the lead."""
    if not any(each.what == "countersigning" for each in case.procedures.values()):
        return []
    members = visit.site.casebook.members_of(case)
    late = [member.department for member in members if member.waits and member.grade == "yellow"]
    waiting = [member for member in members if member.waits]
    all_told = visit.t("没有待签的", "none still to sign")
    left = visit.t(f"待签 {len(waiting)} 个", f"{len(waiting)} still to sign") if waiting else all_told
    asked = len({member.department for member in members})  # one may have been asked again
    title = visit.t(f"会签部门 {asked} 个，", f"{asked} departments asked, ") + left
    lines = [said_of(visit, case, member) for member in members]
    if late:
        names = visit.t("、", ", ").join(late)
        lines.insert(0, visit.t(f"已超过会签时限：{names}，请催办。", f"Beyond their days: {names}. Remind them."))
    tone = "bad" if late else "waiting" if waiting else "plain"
    return [Box(tone, "warning" if late else "letters", title, lines)]


def said_of(visit: Visit, case: Case, member: Member) -> str:
    """One department in a sentence: which items it decides, its days, its word."""
    name = member.department
    parts = visit.t("、", ", ").join(visit.t(*each) for each in items_of(visit, case, name))
    lead = name + (visit.t(f"（{parts}）", f" ({parts})") if parts else "") + visit.t("：", ": ")
    grade = visit.t(*clocks.grade_badge(member.grade)[2:]) if member.grade else ""
    return lead + visit.t("，", ", ").join(filter(None, (*_stand(visit, member), grade)))


def _stand(visit: Visit, member: Member) -> list[str]:
    used = visit.t(f"用 {member.used} 个工作日", f"{member.used} working days")
    if member.limit is not None:
        used = visit.t(f"用 {member.used}/{member.limit} 个工作日", f"{member.used} of {member.limit} working days")
    if member.note is not None:
        word = visit.t(*words.choice_words(member.note.body.get("opinion")))
        told = member.note.body.get("text", "")
        return [word + (visit.t(f"（{told}）", f" ({told})") if told else ""), used]
    if member.signed is not None:
        return [visit.t("已签", "signed"), used]
    if member.over:
        return [visit.t("未签", "not signed"), used]
    due = due_days.due_words(visit, member.due) if member.due is not None else ""
    return [visit.t("待签", "waits"), used, visit.t(f"{due}前", f"by {due}") if due else ""]


def items_of(visit: Visit, case: Case, department: str) -> list[tuple[str, str]]:
    """The items of a theme that a department decides by its signature."""
    catalogue = visit.site.catalogue
    item = catalogue.find(case.item_no, case.item_version)
    if item is None or not item.theme:
        return []
    return [(part.name, part.name_en) for part in catalogue.parts(item) if part.department == department]


@dataclass
class Waiting:
    """One line of the list of signatures that are waited for."""

    address: tuple[str, str]
    case_no: str
    item: str
    department: str
    decides: str
    days: str
    due: str
    badge: clocks.Badge | None
    mine: bool


def listed(visit: Visit) -> list[Waiting]:
    """What waits to be signed, that of the person in front first."""
    found = []
    for row, item, member, mine in visit.site.casebook.waiting_members(visit.staff.staff_no):
        parts = visit.site.catalogue.parts(item) if item is not None else ()
        own = [visit.t(part.name, part.name_en) for part in parts if part.department == member.department]
        found.append(
            Waiting(
                (row.scope.partition(":")[2], row.case_id.hex()),
                row.case_no or "—",
                visit.t(item.name, item.name_en) if item else row.item_no or "—",
                member.department,
                visit.t("、", ", ").join(own),
                f"{member.used}/{member.limit}" if member.limit is not None else str(member.used),
                due_days.due_words(visit, member.due) if member.due is not None else "—",
                clocks.grade_badge(member.grade) if member.grade else None,
                mine,
            )
        )
    return found


def waiting_page(visit: Visit) -> Response:
    """What waits to be signed at this place: mine, and that of others, late ones first."""
    asked, found = narrowed(visit)
    return visit.render(
        "countersigning.html",
        filters=asked,
        mine=counter_books.listed(visit, "countersigning", [each for each in found if each.mine]),
        others=counter_books.listed(visit, "countersigning", [each for each in found if not each.mine], "others"),
    )


def narrowed(visit: Visit) -> tuple[Filters, list[Waiting]]:
    """What the list is narrowed to, and what it holds then."""
    label = visit.t("收件编号、事项或部门", "Receipt number, service or department")
    late = [("late", visit.t("已过半或超期", "half of the days used, or late"))]
    asked = filters.asked(visit, "countersigning", label, Choice("state", visit.t("时限", "Time"), late))
    return asked, [
        each
        for each in listed(visit)
        if asked.fit((each.case_no, each.item, each.department, each.decides), state="late" if each.badge else "")
    ]


ROUTES: Final = (Route("/countersigning", "countersigning", waiting_page, READS),)
