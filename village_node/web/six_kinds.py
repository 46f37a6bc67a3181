"""The six kinds (六件) of cases as they are now, with the notice that each is answered by."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sync_protocol.case import Case, Item, documents, kinds, promises
from sync_protocol.case.catalogue import CASE_KINDS
from sync_protocol.case.documents import SIX_KINDS
from sync_protocol.places import UnknownPlace
from village_node.casebook import TimelineEntry
from village_node.store.cases import CaseRow
from village_node.web.site import Visit
from village_node.web.words import catalogue_words

_TONES: Final = {"补办件": ("waiting", "edit"), "退回件": ("bad", "left")}
# The kinds of events whose document answers a case of a kind.
_ANSWERED_BY: Final = {
    "即办件": (kinds.DECIDE,),
    "补办件": (kinds.RETURN_FOR_CORRECTION, kinds.SUSPEND),
    "退回件": (kinds.REFUSE, kinds.LAPSE),
}


class Kind(NamedTuple):
    """What kind of case it is: its badge, and in a sentence the notice that it is answered by."""

    badge: tuple[str, str, str]
    said: str


def badge_of(visit: Visit, row: CaseRow) -> tuple[str, str, str] | None:
    """The kind of a case in a list; None of what is no case yet."""
    name = name_of(row)
    return _badge(visit, name) if name is not None else None


def name_of(row: CaseRow) -> str | None:
    """The kind of the case of a row now; None of what is no case yet."""
    return documents.kind_now(CASE_KINDS[row.kind], row.state) if row.kind is not None and row.state else None


def of_case(visit: Visit, case: Case, item: Item | None, entries: Sequence[TimelineEntry]) -> Kind | None:
    """The kind of a case on its page; None of what is no case yet, or where its item is not held."""
    if item is None or not case.case_no:
        return None
    first = kind_of(visit, case, item)
    name = documents.kind_now(first, case.listed_state)
    notices = visit.t("、", ", ").join(
        visit.t(f"《{documents.TYPES[code].zh}》", documents.TYPES[code].en) for code in notices_of(name, case)
    )
    given = _number_given(name, entries)
    said = visit.t(f"以{notices}答复", f"answered by: {notices}")
    if given:
        said += visit.t(f"，已出具：{given}", f"; given: {given}")
    if name != first:
        said += visit.t(f"（原为{first}）", f" (before: {catalogue_words(first)[1]})")
    return Kind(_badge(visit, name), said)


def notices_of(name: str, case: Case) -> tuple[str, ...]:
    """The documents that answer a case of a kind; a linked one is never settled by the combined notice."""
    return ("13",) if case.acts_on is not None and SIX_KINDS[name] == ("instant",) else SIX_KINDS[name]


def kind_of(visit: Visit, case: Case, item: Item) -> str:
    """The kind that a case was accepted as, or would be as its item stands."""
    try:
        level = visit.site.places.level(case.docketed_at) if case.docketed_at is not None else item.deciding_level
    except UnknownPlace:
        return item.kind
    return promises.kind_at(item, level)


def counted(visit: Visit) -> list[tuple[str, str, int]]:
    """How many cases that are held here are of each kind now: name, words, number."""
    counts = visit.site.casebook.kind_counts()
    return [(name, visit.t(*catalogue_words(name)), counts.get(name, 0)) for name in SIX_KINDS]


def told(visit: Visit, case: Case) -> dict[str, Any]:
    """The kind of a case for programs, and the documents by which it is answered."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    if item is None or not case.case_no:
        return {"case_kind": None, "answered_by": []}
    name = documents.kind_now(kind_of(visit, case, item), case.listed_state)
    return {"case_kind": name, "answered_by": list(notices_of(name, case))}


def _badge(visit: Visit, name: str) -> tuple[str, str, str]:
    tone, drawing = _TONES.get(name, ("plain", "flag"))
    return tone, drawing, visit.t(*catalogue_words(name))


def _number_given(name: str, entries: Sequence[TimelineEntry]) -> str:
    """The number of the notice that answers a case of this kind; empty while there is none."""
    wanted = _ANSWERED_BY.get(name, (kinds.DOCKET,))
    numbers = [
        str(entry.body.get(documents.NUMBER_FIELD, ""))
        for entry in entries
        if entry.kind in wanted and entry.body and entry.verdict.code == "effective"
        and (entry.kind != kinds.SUSPEND or entry.body.get("what") == "supplement")
    ]  # fmt: skip
    return numbers[-1] if numbers else ""
