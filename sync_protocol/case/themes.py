"""Items that several departments do together: who takes part and for how long, and the one form of a theme (一件事).

A theme is one case for several items. Its version names the versions of its items, and holds their questions and papers
merged, each once; so a case goes on by what was merged when the theme was published.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from sync_protocol.case.forms import MOST_PAPERS, MOST_QUESTIONS, MOST_RULES, Paper, Question, Rule

if TYPE_CHECKING:
    from sync_protocol.case.catalogue import Item

MOST_PARTIES: Final = 12
DEPARTMENT_MAX: Final = 30
_LEVELS: Final = ("village", "township", "county", "higher")
_PARTY: Final = re.compile(r"(\S+?)\s*[|｜ ]\s*([1-9][0-9]{0,2})")


class Party(NamedTuple):
    """A department that takes part in a joint case, and the working days it has from the day it was asked."""

    department: str
    days: int


class Contradiction(ValueError):
    """The items of a theme cannot be done as one; ``field`` of the theme, and what to do in words."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(f"{field}: {en}")
        self.field = field
        self.zh = zh
        self.en = en


class Known(Protocol):
    """Where the items of a theme are looked up."""

    def newest(self, item_no: str) -> "Item | None": ...


def read_party(line: str) -> Party:
    """The department that a line names with its days. Raises ValueError with the line not understood."""
    found = _PARTY.fullmatch(line.strip())
    if found is None:
        raise ValueError(line)
    return Party(found[1], int(found[2]))


def write_party(party: Party) -> str:
    """The line that says it."""
    return f"{party.department} | {party.days}"


def complete(theme: "Item", known: Known) -> "Item":
    """A theme with the newest versions of its items, and what they ask merged into its own; another item as it is.

    Raises Contradiction naming the field of the theme.
    """
    if not theme.members:
        return theme
    parts = [_part(number, known) for number in theme.members]
    if len(parts) < 2:
        raise Contradiction("members", "一件事至少含两个事项", "a theme has two items at least")
    _check_way(theme, parts)
    _check_parties(theme, parts)
    questions, rules = _merged_form([theme, *parts])
    papers = _merged_papers([theme, *parts])
    if len(papers) > MOST_PAPERS or len(questions) > MOST_QUESTIONS or len(rules) > MOST_RULES:
        raise Contradiction("members", "合并后的材料或问题过多", "merged it asks too many papers or questions")
    procedures = tuple(dict.fromkeys(name for each in (theme, *parts) for name in each.special_procedures))
    return replace(
        theme,
        form=questions,
        rules=rules,
        papers=papers,
        special_procedures=procedures,
        member_versions=tuple(part.version for part in parts),
    )


def own_part(theme: "Item", parts: Sequence["Item"]) -> "Item":
    """What a theme asks beyond its items, or more strictly than they do: what people write when they publish its next
    version. ``parts``: the versions that it has merged."""
    papers = {paper.name: paper for paper in _merged_papers(parts)}
    questions = {question.zh: question for question in _merged_form(parts)[0]}
    said = {(rule.zh, rule.en) for part in parts for rule in part.rules}
    rules = tuple(rule for rule in theme.rules if (rule.zh, rule.en) not in said)
    ruled = {name for rule in rules for name in (*rule.least, *rule.most)}
    procedures = {name for part in parts for name in part.special_procedures}
    return replace(
        theme,
        papers=tuple(paper for paper in theme.papers if papers.get(paper.name) != paper),
        form=tuple(
            question
            for question in theme.form
            if question.name in ruled or not _asks_alike(question, questions.get(question.zh))
        ),
        rules=rules,
        special_procedures=tuple(name for name in theme.special_procedures if name not in procedures),
    )


def _asks_alike(one: Question, other: Question | None) -> bool:
    return other is not None and one._replace(name=other.name) == other


def asked_for(parts: Iterable["Item"]) -> dict[str, list["Item"]]:
    """For which items of a theme each paper and each question is asked, by the name of the paper and the Chinese of the
    question."""
    found: dict[str, list[Item]] = {}
    for part in parts:
        for name in (*part.materials, *(question.zh for question in part.form)):
            found.setdefault(name, []).append(part)
    return found


def _part(number: str, known: Known) -> "Item":
    found = known.newest(number)
    if found is None or not found.in_force:
        raise Contradiction("members", f"没有可办的事项 {number}", f"there is no item {number} that can be filed")
    if found.members:
        raise Contradiction("members", f"{number} 本身是一件事，不能再合并", f"{number} is a theme itself")
    if found.decide_level == "higher":
        raise Contradiction(
            "members",
            f"{number} {found.name}由上级机关决定，不能并入一件事",
            f"{number} is decided by a higher authority: it cannot be part of a theme",
        )
    return found


def _check_way(theme: "Item", parts: Sequence["Item"]) -> None:
    """See that a theme is accepted, reviewed and decided where its items may be, and promises no more than they let."""
    for part in parts:
        if _LEVELS.index(theme.decide_level) < _LEVELS.index(part.decide_level):
            raise Contradiction(
                "levels",
                f"决定的层级低于所含事项 {part.item_no} {part.name}",
                f"it would be decided below where {part.item_no} is",
            )
        if part.review_level and not theme.review_level:
            raise Contradiction(
                "levels",
                f"所含事项 {part.item_no} {part.name}须初审，一件事也须设初审",
                f"{part.item_no} needs a first review, so the theme does",
            )
        if part.publicity_days > theme.publicity_days:
            raise Contradiction(
                "publicity",
                f"所含事项 {part.item_no} {part.name}须公示 {part.publicity_days} 天",
                f"{part.item_no} is made public for {part.publicity_days} days",
            )
        if theme.delegable and not part.delegable and part.department == theme.department:
            raise Contradiction(
                "delegable",
                f"所含事项 {part.item_no} {part.name}不得授权决定",
                f"the decision on {part.item_no} cannot be delegated",
            )
        if part.fee != "0" and theme.fee == "0":
            raise Contradiction(
                "fee",
                f"所含事项 {part.item_no} {part.name}收费，请写明一件事的收费",
                f"{part.item_no} has a fee: say what the theme costs",
            )
    if all(_lowest(part) > _lowest(theme) for part in parts):
        raise Contradiction("levels", "所含事项都不在这一级受理", "none of its items may be accepted at so low a level")
    longest = max(part.statutory_days for part in parts)
    if longest and theme.statutory_days > longest:
        raise Contradiction(
            "days",
            f"法定天数多于所含事项中最长的 {longest} 天",
            f"the statute lets none of its items have more than {longest} days",
        )


def _lowest(item: "Item") -> int:
    return min(_LEVELS.index(level) for level in item.accept_levels)


def _check_parties(theme: "Item", parts: Sequence["Item"]) -> None:
    others = dict.fromkeys(part.department for part in parts if part.department != theme.department)
    if others and theme.kind != "联办件":
        raise Contradiction(
            "kind", "含其他部门事项的一件事须为联办件", "with items of other departments it is a joint case"
        )
    taking_part = {party.department for party in theme.parties}
    missing = [department for department in others if department not in taking_part]
    if missing:
        names = "、".join(missing)
        raise Contradiction(
            "parties", f"联办部门中缺少所含事项的部门：{names}", f"departments of its items that take no part: {names}"
        )


def _merged_papers(items: Iterable["Item"]) -> tuple[Paper, ...]:
    """Each paper once: as many copies as the most asks, and as strict as the strictest."""
    found: dict[str, Paper] = {}
    for paper in (paper for item in items for paper in item.papers):
        known = found.get(paper.name)
        found[paper.name] = paper if known is None else _both(known, paper)
    return tuple(found.values())


def _both(one: Paper, other: Paper) -> Paper:
    conditions = dict.fromkeys(part for paper in (one, other) for part in paper.condition.split("；") if part)
    return Paper(
        one.name,
        max(one.copies, other.copies),
        one.original or other.original,
        "；".join(conditions) if one.condition and other.condition else "",
        one.tolerable and other.tolerable,
        "share" if one.shared and other.shared else "applicant",
        min(filter(None, (one.trust, other.trust)), default=""),
    )


def _merged_form(items: Iterable["Item"]) -> tuple[tuple[Question, ...], tuple[Rule, ...]]:
    """Each question once, by its Chinese, under which the answer stands; the rules go by the names it has here."""
    found: dict[str, Question] = {}
    names: set[str] = set()
    rules: list[Rule] = []
    for item in items:
        here: dict[str, str] = {}
        for question in item.form:
            known = found.get(question.zh)
            if known is None:
                name = _free(question.name, names)
                names.add(name)
                found[question.zh] = question._replace(name=name)
            elif (known.kind, known.choices) != (question.kind, question.choices):
                raise Contradiction(
                    "form",
                    f"“{question.zh}”在所含事项中的填法不一致（{item.item_no} {item.name}）",
                    f"the items do not ask “{question.zh}” alike ({item.item_no})",
                )
            else:
                required, hint = known.required or question.required, known.hint or question.hint
                found[question.zh] = known._replace(required=required, hint=hint)
            here[question.name] = found[question.zh].name
        rules += [_renamed(rule, here) for rule in item.rules]
    return tuple(found.values()), tuple(dict.fromkeys(rules))


def _free(name: str, taken: set[str]) -> str:
    number = 1
    found = name
    while found in taken:
        number += 1
        found = f"{name[:26]}_{number}"
    return found


def _renamed(rule: Rule, names: Mapping[str, str]) -> Rule:
    least, most = (tuple(names[name] for name in side) for side in (rule.least, rule.most))
    return Rule(least, most, rule.zh, rule.en)
