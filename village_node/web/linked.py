"""Cases that act upon one another on their pages: the decision that is changed, renewed or revoked, and by which."""

from typing import Any, Final, NamedTuple

from flask import url_for

from sync_protocol.case import Case, Item
from sync_protocol.places import about
from village_node.casebook import Later, Links, may_file
from village_node.store.cases import CaseRow
from village_node.web import times, words
from village_node.web.policy import COUNTER
from village_node.web.site import Visit

MOST_SHOWN: Final = 20
GRANTED: Final = ("decided_approved", "issued", "delivering", "delivered", "archived")


class Linked(NamedTuple):
    """One line about another case: what it is to this one, how it stands, and where it is to be seen."""

    title: str
    case_no: str
    address: str
    said: str
    tone: str


class Shown(NamedTuple):
    """What the page of a case says of others: those it is linked with, why it cannot be approved, and what may be
    applied for upon it, as (address, words)."""

    lines: list[Linked]
    why_not: str
    begins: list[tuple[str, str]]


def of(visit: Visit, case: Case) -> Shown:
    """What the page of a case says of the cases it is linked with."""
    links = visit.site.casebook.links((about(case.home), case.case_id), case)
    lines = _earlier(visit, case, links) + _later(visit, links)
    why = visit.t(*links.why_not) if links.why_not else ""
    return Shown(lines, why, _begins(visit, case, links))


def _earlier(visit: Visit, case: Case, links: Links) -> list[Linked]:
    if case.acts_on is None:
        return []
    act = visit.t(*words.choice_words(case.acts_on.act))
    title = visit.t(f"本案对下列原决定办理{act}", f"This case is to {act} what was decided in")
    if links.earlier is None:
        said = visit.t("原件不在本机", "it is not held here")
        return [Linked(title, case.acts_on.earlier, "", said, "plain")]
    return [Linked(title, case.acts_on.earlier, _address(links.earlier), _state(visit, links.earlier), "plain")]


def _later(visit: Visit, links: Links) -> list[Linked]:
    found = []
    # What was approved comes first, then what is open: of many that were refused the rest is only counted.
    weighed = sorted(links.later, key=lambda each: (not each.done, each.decided))
    for each in weighed[:MOST_SHOWN]:
        zh, en = words.choice_words(each.act)
        title = visit.t(f"申请{zh}本案的决定", f"It was asked to {en} this decision")
        said, tone = _state(visit, each.row), "waiting"
        if each.done:
            title = visit.t(f"本案的决定已{zh}", f"This decision: {_PAST[each.act]}")
            at = _day(visit, each)
            said, tone = visit.t(f"自{at}", f"on {at}"), "bad" if each.act == "revoke" else "good"
        elif each.decided:
            tone = "plain"
        found.append(Linked(title, each.row.case_no or "", _address(each.row), said, tone))
    if (revoked := links.revoked) is not None and revoked not in links.later:
        title = visit.t("本案的决定已随相关决定撤销", "This decision was revoked with another of the same chain")
        said = visit.t(f"自{_day(visit, revoked)}", f"on {_day(visit, revoked)}")
        found.insert(0, Linked(title, revoked.row.case_no or "", _address(revoked.row), said, "bad"))
    if (more := len(weighed) - MOST_SHOWN) > 0:
        title = visit.t("另有对本案决定的申请", "More was asked of this decision")
        found.append(Linked(title, str(more), "", visit.t("件未列出", "not listed"), "plain"))
    return found


def _day(visit: Visit, each: Later) -> str:
    return times.date_words(times.local(each.at_ms).date(), visit.lang)


_PAST: Final = {"change": "changed", "renew": "renewed", "revoke": "revoked"}


def _address(row: CaseRow) -> str:
    return url_for("case", place=row.scope.partition(":")[2], case_id=row.case_id.hex())


def _state(visit: Visit, row: CaseRow) -> str:
    _, _, zh, en = words.state_words(row.state)
    return visit.t(zh, en)


def _begins(visit: Visit, case: Case, links: Links) -> list[tuple[str, str]]:
    """What may be applied for upon this decision by the person in front: nothing where it is revoked, and a revocation
    only where its item is decided."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    made = case.decision
    if made is None or made.outcome != "approve" or case.state not in GRANTED or item is None or not case.case_no:
        return []
    done = links.revoked is not None or (case.acts_on is not None and case.acts_on.act == "revoke")
    if done or COUNTER.isdisjoint(visit.staff.roles) or visit.site.finder.newest(case.item_no) is None:
        return []
    if any(not each.decided or (each.done and each.row.item_no == case.item_no) for each in links.later):
        return []  # it waits for a decision, or the one that stands now has a page of its own
    able = may_file(visit.site.level, item)
    number = case.case_no
    return [
        (url_for("file_form", item_no=case.item_no, acts_on=act, earlier=number), visit.t(*words.choice_words(act)))
        for act in able
    ]


def options(visit: Visit, item: Item) -> list[tuple[str, str]]:
    """What an application may do: ask for something new, or act upon an earlier decision."""
    first = ("", visit.t("首次申请", "A first application"))
    return [first, *((act, visit.t(*words.choice_words(act))) for act in may_file(visit.site.level, item))]


def told(visit: Visit, case: Case) -> dict[str, Any]:
    """The same for programs."""
    links = visit.site.casebook.links((about(case.home), case.case_id), case)
    later = [
        {"act": each.act, "case_no": each.row.case_no or "", "decided": each.decided, "done": each.done}
        for each in links.later
    ]
    earlier = {"act": case.acts_on.act, "case_no": case.acts_on.earlier} if case.acts_on else None
    why = {"zh": links.why_not[0], "en": links.why_not[1]} if links.why_not else None
    return {"acts_on": earlier, "acted_on_by": later, "why_not_approved": why}
