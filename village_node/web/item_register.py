"""The register of items: which came in, which went out, which were given to a township or taken back, and by what."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from werkzeug.wrappers import Response

from sync_protocol.case.catalogue import LEVELS, Item
from village_node.casebook import History
from village_node.web import counter_books, filters, item_form
from village_node.web.filters import Choice, Filters
from village_node.web.policy import Policy, Route
from village_node.web.site import Visit

PUBLIC: Final = Policy(None, "public")
WHATS: Final[dict[str, tuple[str, str, str, str]]] = {
    "in": ("good", "plus", "新增", "came in"),
    "out": ("bad", "cross", "取消", "went out"),
    "back": ("good", "plus", "恢复", "came back"),
    "down": ("active", "down", "下放", "given down"),
    "up": ("waiting", "up", "上收", "taken up"),
    "accepting": ("active", "flag", "受理层级调整", "accepted elsewhere"),
}


@dataclass(frozen=True)
class Entry:
    """One change: what it is, of which version, from which levels to which, since when, why, by which document."""

    what: str
    item: Item
    before: str
    after: str
    begins: date | None
    reason: str
    document: str


def entries_of(history: list[History]) -> list[Entry]:
    """What the published versions changed of levels and standing, the newest first. What a network begins with is where
    an item starts from; a version that changes neither is no entry."""
    by_item: dict[str, list[History]] = {}
    for each in sorted(history, key=lambda one: (one.item.item_no, one.item.version)):
        by_item.setdefault(each.item.item_no, []).append(each)
    found = []
    for versions in by_item.values():
        before: Item | None = None
        for each in versions:
            if each.publication is not None:
                found += [_entry(what, each, before) for what in _changes(each.item, before)]
            before = each.item
    return sorted(found, key=lambda one: (one.begins or date.min, one.item.item_no, one.item.version), reverse=True)


def _changes(item: Item, before: Item | None) -> list[str]:
    if before is None:
        return ["in"] if item.in_force else []
    if item.in_force != before.in_force:
        return ["back" if item.in_force else "out"]
    now, was = (_rank(each.decide_level) for each in (item, before))
    moved = ["down" if now < was else "up"] if now != was else []
    return moved or (["accepting"] if set(item.accept_levels) != set(before.accept_levels) else [])


def _rank(level: str) -> int:
    return (*LEVELS, "higher").index(level)


def _entry(what: str, each: History, before: Item | None) -> Entry:
    item = each.item
    assert each.publication is not None

    def levels(one: Item | None) -> str:
        if one is None:
            return ""
        return "/".join(one.accept_levels) if what == "accepting" else one.decide_level

    return Entry(what, item, levels(before), levels(item), item.begins, each.publication.said.reason, item.note)


def register(visit: Visit) -> Response:
    """The register, for everybody."""
    asked, found = narrowed(visit)
    return visit.render(
        "item_register.html", filters=asked, entries=counter_books.listed(visit, "item_register", found)
    )


def narrowed(visit: Visit) -> tuple[Filters, list[tuple[Entry, tuple[str, str, str, str], str, str]]]:
    """What the register is narrowed to, and what it holds then: each change, what it is, and from which levels to which
    in words."""
    label = visit.t("事项编号、名称、部门或依据文号", "Number, name, department or document")
    whats = [(code, visit.t(*words[2:])) for code, words in WHATS.items()]
    asked = filters.asked(visit, "item_register", label, Choice("what", visit.t("变更", "Change"), whats))
    names = {level: visit.t(*item_form.WORDS[level]) for level in (*LEVELS, "higher")}

    def words(levels: str) -> str:
        return visit.t("、", ", ").join(names[level] for level in levels.split("/") if level)

    return asked, [
        (each, WHATS[each.what], words(each.before), words(each.after))
        for each in entries_of(visit.site.casebook.history())
        if asked.fit((each.item.item_no, each.item.name, each.item.department, each.document), what=each.what)
    ]


ROUTES: Final = (Route("/items/register", "item_register", register, PUBLIC),)
