"""What an item asks of an applicant: its papers, its own questions, and rules between the answers, all of it data.

Each has one line of text in which people write it, the same in the starter catalogue and in the county's form:

    结婚证 | 1份 | 原件 | 可容缺 | 共享 | B级 | 条件：已婚的
    amount | 本次提取金额（元） | amount to withdraw | amount | 必填 | 看还款记录
    taken + amount <= repaid | 累计提取不能超过实际还款本息总额 | ...
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, NamedTuple

KINDS: Final[dict[str, tuple[str, str]]] = {
    "text": ("文字", "text"),
    "amount": ("金额（元）", "amount of money"),
    "number": ("整数", "whole number"),
    "date": ("日期", "date"),
    "choice": ("选择", "choice"),
}
TRUST: Final = ("", "A", "B", "C", "D")
SOURCES: Final = ("applicant", "share")
MOST_PAPERS: Final = 64
MOST_QUESTIONS: Final = 32
MOST_RULES: Final = 16
MOST_NAMES: Final = 8
ANSWER_MAX: Final = 2_000
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,29}")
_AMOUNT: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,2}))?")
_WHOLE: Final = re.compile(r"[0-9]{1,12}")
_COPIES: Final = re.compile(r"(\d{1,2})\s*份")
_LABELLED: Final = re.compile(r"(\w+?)\s*[:\uff1a]\s*(\S.*)")
_TRUST: Final = re.compile(r"([A-D])级?")
_REQUIRED: Final = "必填"
_CONDITION: Final = "条件"
_CHOICES: Final = "选项"

Trouble = tuple[str, str]


class Paper(NamedTuple):
    """A paper to bring. ``tolerable``: may come later; ``source``: from whom it comes; ``trust``: A to D, or empty."""

    name: str
    copies: int = 1
    original: bool = False
    condition: str = ""
    tolerable: bool = False
    source: str = "applicant"
    trust: str = ""

    @property
    def shared(self) -> bool:
        """Whether the office fetches it itself."""
        return self.source == "share"


class Question(NamedTuple):
    """One question of an item's own form; rules call it by ``name``.

    Its answer stands under ``zh`` among the answers of the application, so that everybody can read the application,
    also where the item version is not known.
    """

    name: str
    zh: str
    en: str
    kind: str
    required: bool
    choices: tuple[str, ...] = ()
    hint: str = ""


class Rule(NamedTuple):
    """The sum of the first answers may not be more than the sum of the second; in words, what to tell who breaks it."""

    least: tuple[str, ...]
    most: tuple[str, ...]
    zh: str
    en: str


def value_of(question: Question, text: str) -> int | None:
    """What an answer that counts comes to: fen of an amount, a whole number; None where it is no such."""
    if question.kind == "amount" and (found := _AMOUNT.fullmatch(text)):
        return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    if question.kind == "number" and _WHOLE.fullmatch(text):
        return int(text)
    return None


def why_not_answered(question: Question, text: str) -> Trouble | None:
    """What is wrong with one answer, in words that say what to do; None if nothing is."""
    if not text:
        return ("请填写此项", "Please fill this in") if question.required else None
    if len(text) > ANSWER_MAX:
        return f"不超过 {ANSWER_MAX} 字", f"At most {ANSWER_MAX} characters"
    if question.kind == "amount" and value_of(question, text) is None:
        return "请填写金额，单位元，最多两位小数，例如 12000.50", "Give an amount in yuan, e.g. 12000.50"
    if question.kind == "number" and value_of(question, text) is None:
        return "请填写整数", "Give a whole number"
    if question.kind == "date":
        try:
            fits = date.fromisoformat(text).isoformat() == text
        except ValueError:
            fits = False
        if not fits:
            return "请按 年-月-日 填写日期，例如 2026-07-01", "Give a date as YYYY-MM-DD"
    if question.kind == "choice" and text not in question.choices:
        return "请从所列选项中选择", "Choose from the list"
    return None


def troubles(questions: Iterable[Question], rules: Iterable[Rule], answers: Mapping[str, str]) -> dict[str, Trouble]:
    """What is wrong with the answers to an item's own form, by name: each question by itself, then the rules.

    A rule is asked where every answer it names is given or may be left out; a question left out counts as nothing.
    """
    by_name = {question.name: question for question in questions}
    found = {}
    for name, question in by_name.items():
        wrong = why_not_answered(question, answers.get(question.zh, ""))
        if wrong is not None:
            found[name] = wrong
    for rule in rules:
        names = (*rule.least, *rule.most)
        if any(name in found or name not in by_name for name in names):
            continue
        counted = {name: value_of(by_name[name], answers.get(by_name[name].zh, "")) or 0 for name in names}
        if sum(counted[name] for name in rule.least) > sum(counted[name] for name in rule.most):
            found.setdefault(rule.least[-1], (rule.zh, rule.en))
    return found


def rule_words(rule: Rule) -> str:
    """A rule as it is written: names and the sign between them."""
    return f"{' + '.join(rule.least)} <= {' + '.join(rule.most)}"


def read_paper(line: str) -> Paper:
    """The paper that a line names. Raises ValueError with the part that is not understood."""
    name, *parts = _parts(line)
    paper = Paper(name)
    for part in parts:
        if found := _COPIES.fullmatch(part):
            paper = paper._replace(copies=int(found[1]))
        elif (found := _LABELLED.fullmatch(part)) and found[1] == _CONDITION:
            paper = paper._replace(condition=found[2])
        elif found := _TRUST.fullmatch(part):
            paper = paper._replace(trust=found[1])
        elif part == "原件":
            paper = paper._replace(original=True)
        elif part == "可容缺":
            paper = paper._replace(tolerable=True)
        elif part == "共享":
            paper = paper._replace(source="share")
        else:
            raise ValueError(part)
    return paper


def write_paper(paper: Paper) -> str:
    """The line that says a paper."""
    marks = (
        "" if paper.copies == 1 else f"{paper.copies}份",
        "原件" if paper.original else "",
        "可容缺" if paper.tolerable else "",
        "共享" if paper.shared else "",
        f"{paper.trust}级" if paper.trust else "",
        f"条件：{paper.condition}" if paper.condition else "",
    )
    return " | ".join(filter(None, (paper.name, *marks)))


def read_question(line: str) -> Question:
    """The question that a line asks. Raises ValueError with the part that is not understood."""
    parts = _parts(line)
    if len(parts) < 4:
        raise ValueError(line)
    name, zh, en, kind, *rest = parts
    if not _NAME.fullmatch(name):
        raise ValueError(name)
    if kind not in KINDS:
        raise ValueError(kind)
    required = _REQUIRED in rest
    choices: tuple[str, ...] = ()
    hint = ""
    for part in rest:
        if (found := _LABELLED.fullmatch(part)) and found[1] == _CHOICES:
            choices = tuple(filter(None, map(str.strip, re.split("[、,，]", found[2]))))
        elif part != _REQUIRED:
            if hint:
                raise ValueError(part)
            hint = part
    if (kind == "choice") != bool(choices):
        raise ValueError(line)
    return Question(name, zh, en, kind, required, choices, hint)


def write_question(question: Question) -> str:
    """The line that says a question."""
    choices = f"选项：{'、'.join(question.choices)}" if question.choices else ""
    parts = (*question[:4], _REQUIRED if question.required else "", choices, question.hint)
    return " | ".join(filter(None, parts))


def read_rule(line: str) -> Rule:
    """The rule that a line says. Raises ValueError with the part that is not understood."""
    parts = _parts(line)
    sides = parts[0].split("<=")
    if len(sides) != 2 or not 2 <= len(parts) <= 3:
        raise ValueError(line)
    least, most = (tuple(name.strip() for name in side.split("+")) for side in sides)
    for name in (*least, *most):
        if not _NAME.fullmatch(name):
            raise ValueError(name or line)
    return Rule(least, most, parts[1], parts[2] if len(parts) == 3 else parts[1])


def write_rule(rule: Rule) -> str:
    """The line that says a rule."""
    return " | ".join((rule_words(rule), rule.zh, rule.en))


def is_name(text: object) -> bool:
    """Whether a question may have this name."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def _parts(line: str) -> list[str]:
    parts = [part.strip() for part in line.replace("｜", "|").split("|")]
    if not parts[0]:
        raise ValueError(line)
    return [part for part in parts if part]
