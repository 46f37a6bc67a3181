"""The fee of an item as a rule: what is counted, and what each step of it costs; the sum, and how it came about.

People write a rule in lines, the same in the starter catalogue and in the county's form:

    数量 | area * days | 平方米·天
    至 10 | 5.00 | 0.00
    以上 | 5.00 | 1.00

A line says up to which number it holds, what it costs at its beginning, and what each one beyond costs. A fixed fee is
the one line `以上 | 20.00`, and a fee for each one the line `以上 | 0.00 | 1.00` after what is counted.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from sync_protocol.case.forms import Question, Trouble, is_name, value_of

MOST_STEPS: Final = 16
MOST_COUNTED: Final = 3
MOST_FEN: Final = 10_000_000_000  # what a notice can say
MOST_UPTO: Final = 10**12
UNIT_MAX: Final = 30
_YUAN: Final = re.compile(r"([0-9]{1,8})(?:\.([0-9]{1,2}))?")
_COUNTED: Final = "数量"
_BEYOND: Final = "以上"
_UPTO: Final = re.compile(r"至\s*([0-9]{1,12})")


class Step(NamedTuple):
    """Up to a number (0: without end) it costs ``base`` fen, and ``each`` for each one beyond the step before."""

    upto: int
    base: int
    each: int


class FeeRule(NamedTuple):
    """What is counted is the product of the answers to these questions, in this unit; no questions: a fixed fee."""

    counted: tuple[str, ...]
    unit: str
    steps: tuple[Step, ...]


class Sum(NamedTuple):
    """What is due, and how it came about in words."""

    fen: int
    zh: str
    en: str


def read(lines: Iterable[str]) -> FeeRule | None:
    """The rule that these lines say; None where there is none. Raises ValueError with the line not understood."""
    counted: tuple[str, ...] = ()
    unit = ""
    steps: list[Step] = []
    for line in filter(None, map(str.strip, lines)):
        head, *parts = [part.strip() for part in line.replace("｜", "|").split("|")]
        if head == _COUNTED and not counted and not steps and 1 <= len(parts) <= 2:
            counted = tuple(name.strip() for name in re.split(r"[*×]", parts[0]))
            unit = parts[1] if len(parts) == 2 else ""
            continue
        found = _UPTO.fullmatch(head)
        if not (found or head == _BEYOND) or not 1 <= len(parts) <= 2:
            raise ValueError(line)
        prices = [_fen(part, line) for part in parts]
        steps.append(Step(int(found[1]) if found else 0, prices[0], prices[1] if len(prices) == 2 else 0))
    if not steps and not counted:
        return None
    return FeeRule(counted, unit, tuple(steps))


def write(rule: FeeRule | None) -> list[str]:
    """The lines that say a rule."""
    if rule is None:
        return []
    first = [f"{_COUNTED} | {' * '.join(rule.counted)}" + (f" | {rule.unit}" if rule.unit else "")]
    lines = first if rule.counted else []
    for step in rule.steps:
        head = f"至 {step.upto}" if step.upto else _BEYOND
        lines.append(f"{head} | {yuan(step.base)}" + (f" | {yuan(step.each)}" if rule.counted else ""))
    return lines


def is_sound(rule: FeeRule, questions: Iterable[Question]) -> bool:
    """Whether a rule can be worked out for every application: it counts whole numbers that each application gives, its
    steps rise and the last has no end, and nothing of it is free."""
    known = {each.name for each in questions if each.kind == "number" and each.required}
    named = len(set(rule.counted)) == len(rule.counted) <= MOST_COUNTED and known.issuperset(rule.counted)
    if not named or not 1 <= len(rule.steps) <= MOST_STEPS or rule.steps[-1].upto:
        return False
    ends = [step.upto for step in rule.steps[:-1]]
    rising = all(ends) and all(one < two for one, two in pairwise(ends))
    if not rule.counted:
        return len(rule.steps) == 1 and not rule.steps[0].each and rule.steps[0].base > 0
    return rising and all(step.base + step.each > 0 for step in rule.steps)


def work_out(rule: FeeRule, questions: Sequence[Question], answers: Mapping[str, str]) -> Sum | Trouble:
    """What an application owes, with the way it was worked out; or why that cannot be said, in words."""
    if not rule.counted:
        fen = rule.steps[0].base
        return Sum(fen, f"固定收费 {yuan(fen)} 元", f"fixed: {yuan(fen)} yuan")
    by_name = {each.name: each for each in questions}
    asked = [by_name[name] for name in rule.counted]
    numbers = []
    for each in asked:
        number = value_of(each, answers.get(each.zh, ""))
        if not number:
            return (
                f"申请内容中“{each.zh}”没有填写或为 0，请先补正",
                f"the application does not say “{each.en}”, or says 0: correct it first",
            )
        numbers.append(number)
    count = math.prod(numbers)
    before = 0
    for step in rule.steps:
        if not step.upto or count <= step.upto:
            break
        before = step.upto
    fen = step.base + (count - before) * step.each
    if fen > MOST_FEN:
        return "算出的金额过大，请核对申请内容中的数量", "the sum is too large: look at the numbers of the application"
    shown_zh = " × ".join(f"{each.zh} {number}" for each, number in zip(asked, numbers, strict=True))
    shown_en = " × ".join(f"{each.en} {number}" for each, number in zip(asked, numbers, strict=True))
    total = f" ＝ {count} {rule.unit}".rstrip() if len(numbers) > 1 or rule.unit else ""
    way_zh, way_en = _way(step, before, count, fen)
    return Sum(fen, f"{shown_zh}{total}；{way_zh}", f"{shown_en}{total}; {way_en}")


def _way(step: Step, before: int, count: int, fen: int) -> tuple[str, str]:
    """How a count comes to its sum on the step it lies on."""
    beyond = f"{count - before} × {yuan(step.each)} 元"
    if not step.each:
        return f"本档 {yuan(fen)} 元", f"this step: {yuan(fen)} yuan"
    if not step.base:
        return f"{beyond} ＝ {yuan(fen)} 元", f"{count - before} × {yuan(step.each)} ＝ {yuan(fen)} yuan"
    over_zh, over_en = (f"超过 {before} 的部分 ", f"beyond {before}: ") if before else ("", "")
    return (
        f"{yuan(step.base)} 元 ＋ {over_zh}{beyond} ＝ {yuan(fen)} 元",
        f"{yuan(step.base)} ＋ {over_en}{count - before} × {yuan(step.each)} ＝ {yuan(fen)} yuan",
    )


def told(rule: FeeRule, questions: Iterable[Question]) -> list[Trouble]:
    """A rule in sentences, for who is to pay."""
    if not rule.counted:
        fen = yuan(rule.steps[0].base)
        return [(f"固定收费 {fen} 元", f"fixed: {fen} yuan")]
    by_name = {each.name: each for each in questions}
    zh = " × ".join(by_name[name].zh for name in rule.counted)
    en = " × ".join(by_name[name].en for name in rule.counted)
    found = [(f"按 {zh} 计算", f"by {en}")]
    before = 0
    for step in rule.steps:
        upto_zh = f"至 {step.upto}" if step.upto else f"超过 {before}" if before else "每份"
        upto_en = f"up to {step.upto}" if step.upto else f"beyond {before}" if before else "all"
        base_zh, base_en = (f"{yuan(step.base)} 元", f"{yuan(step.base)} yuan") if step.base else ("", "")
        unit = rule.unit or "个"
        each_zh, each_en = (f"每{unit} {yuan(step.each)} 元", f"{yuan(step.each)} yuan each") if step.each else ("", "")
        upto_zh = "" if upto_zh == "每份" else f"{upto_zh}："
        found.append((upto_zh + "，".join(filter(None, (base_zh, each_zh))), f"{upto_en}: {base_en} {each_en}".strip()))
        before = step.upto
    return found


def to_value(rule: FeeRule) -> list[object]:
    """A rule as a published item holds it."""
    return [list(rule.counted), rule.unit, [list(step) for step in rule.steps]]


def from_value(value: Sequence[Any]) -> FeeRule:
    """The rule that a published item holds, once it was found to fit."""
    counted, unit, steps = value
    return FeeRule(tuple(counted), unit, tuple(Step(*step) for step in steps))


def is_value(value: object) -> bool:
    """Whether a value has the form of a rule: names, a unit, steps of three numbers."""
    if type(value) is not list or len(value) != 3:
        return False
    counted, unit, steps = value
    if type(counted) is not list or len(counted) > MOST_COUNTED or not all(map(is_name, counted)):
        return False
    if type(unit) is not str or len(unit) > UNIT_MAX or not unit.isprintable() or type(steps) is not list:
        return False
    bounds = (MOST_UPTO, MOST_FEN, MOST_FEN)
    return 1 <= len(steps) <= MOST_STEPS and all(
        type(step) is list
        and len(step) == 3
        and all(type(each) is int and 0 <= each <= most for each, most in zip(step, bounds, strict=True))
        for step in steps
    )


def yuan(fen: int) -> str:
    """An amount as a rule writes it."""
    return f"{fen // 100}.{fen % 100:02}"


def _fen(text: str, line: str) -> int:
    found = _YUAN.fullmatch(text)
    if found is None:
        raise ValueError(line)
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
