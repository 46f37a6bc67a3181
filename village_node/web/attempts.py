"""What somebody tried on the page of a case and could not do yet; and, of a form that came too late, what was done
meanwhile, by whom and when, and what had been typed into it, in the words of its fields."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sync_protocol.case import Case, Offer, kinds
from sync_protocol.case.authority import form_fields
from sync_protocol.case.bodies import TABLES
from sync_protocol.case.fields import Field
from village_node.casebook import TimelineEntry
from village_node.web import timeline, times, words
from village_node.web.site import Visit


@dataclass
class Attempt:
    """What somebody tried on this page and could not do yet: kept, so that nothing is typed twice."""

    kind: int = 0
    to: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    stale: bool = False
    status: int = 200


@dataclass(frozen=True)
class Late:
    """Of a form that came too late. ``latest``: the newest step of the case, where the form was drawn from an older
    one; ``gone``: the form is not on the page any more; ``typed``: label and text of what was typed into such a one."""

    latest: str = ""
    gone: bool = False
    typed: Sequence[tuple[str, str]] = ()


def late(
    visit: Visit, case: Case, attempt: Attempt, entries: Iterable[TimelineEntry], offers: Iterable[Offer],
    *, assigns: bool = False,
) -> Late:  # fmt: skip
    """What became of an attempt, given what the page offers now. ``assigns``: it has the form that assigns a case."""
    if not attempt.kind:
        return Late()
    offered = any(each.kind == attempt.kind and (not each.to or each.to == attempt.to) for each in offers)
    gone = not (assigns if attempt.kind == kinds.FORCE_ASSIGN else offered)
    latest = _latest(visit, case, entries) if attempt.stale else ""
    return Late(latest, gone, list(_typed(visit, attempt)) if gone else ())


def _latest(visit: Visit, case: Case, entries: Iterable[TimelineEntry]) -> str:
    entry = next((each for each in entries if each.position == case.last), None)
    if entry is None:
        return ""
    told = timeline.line(visit, case, entry, open_data=False)
    mine = told.ours and entry.actor == visit.staff.staff_no
    who = visit.t("您本人", "you yourself") if mine else told.actor
    return " · ".join(each for each in (told.title, who, told.place, times.moment(told.claimed_ms, visit.lang)) if each)


# What stands in a form and is typed by nobody.
_NOT_TYPED: Final = ("hash", "position", "positions")
# What the name of a single mark, correction or paper of a form begins with.
_PARTS: Final = {"marks": "what:", "answers": "answer:", "materials": "paper:"}


def _typed(visit: Visit, attempt: Attempt) -> Iterator[tuple[str, str]]:
    """What was typed, in the order of the form."""
    values = attempt.values
    for row in form_fields(attempt.kind) if attempt.kind in TABLES else ():
        if row.type in _PARTS:
            yield from _parts(visit, row, values)
        elif row.type not in _NOT_TYPED and row.name not in ("to", "purpose") and values.get(row.name):
            yield visit.t(*words.fact_words(row)), _said(visit, row, str(values[row.name]))


def _parts(visit: Visit, row: Field, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    begin = _PARTS[row.type]
    for name, value in values.items():
        if name.startswith(begin) and value:
            copies = values.get("copies:" + name.removeprefix(begin), "") if row.type == "materials" else ""
            yield (
                visit.t(*words.field_words(name.removeprefix(begin))),
                visit.t(f"{copies or 1} 份", f"copies: {copies or 1}") if row.type == "materials" else str(value),
            )
    if row.type == "materials" and values.get("paper_other"):
        yield visit.t("其他材料", "Another paper"), str(values["paper_other"])


def _said(visit: Visit, row: Field, value: str) -> str:
    if row.type == "bool":
        return visit.t("是", "yes") if value == "yes" else visit.t("否", "no")
    return visit.t(*words.choice_words(value)) if row.type == "choice" else value
