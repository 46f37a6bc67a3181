"""The county's form of an item: what it shows of a version, and the version that what was typed comes to."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final, TypeVar

from sync_protocol.case import fees, forms, themes
from sync_protocol.case.catalogue import (
    APPLICANTS,
    CASE_KINDS,
    DECIDE_LEVELS,
    GUIDE,
    LEVELS,
    PUBLICITY_UNITS,
    VILLAGE_MODES,
    Item,
    Rate,
)
from sync_protocol.case.editions import Edition
from sync_protocol.case.fees import FeeRule
from village_node.casebook import BadBody

_Read = TypeVar("_Read")
LINES: Final = ("name", "name_en", "department", "kind", "village_mode", "review_level", "decide_level",
    "statutory_days", "promised_days", "fallback_days", "budget_village_days", "budget_township_days",
    "budget_county_days", "publicity_days", "publicity_unit", "fee", "delegable_basis", "begins", "ends",
    "reason")  # fmt: skip
TICKS: Final = ("publicity_excluded", "delegable", "commitment", "closed", "sample",
    "applicant_person", "applicant_organisation",
    *(f"{what}_{level}" for what in ("accept", "deliver") for level in LEVELS))  # fmt: skip
PARAGRAPHS: Final = ("papers", "form", "rules", "rates", "special_procedures", "members", "parties", "fee_rule", "note",
    *(f"guide_{key}" for key in GUIDE))  # fmt: skip
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "kind": CASE_KINDS,
    "village_mode": VILLAGE_MODES,
    "review_level": ("", *LEVELS),
    "decide_level": DECIDE_LEVELS,
    "publicity_unit": PUBLICITY_UNITS,
}
WORDS: Final[dict[str, tuple[str, str]]] = {
    "": ("不需要", "none"),
    "village": ("村级", "village"),
    "township": ("乡镇", "township"),
    "county": ("县级", "county"),
    "higher": ("上级机关", "a higher authority"),
    "calendar": ("自然日", "calendar days"),
    "working": ("工作日", "working days"),
    "name": ("事项名称", "name"),
    "name_en": ("英文名称", "English name"),
    "department": ("部门", "department"),
    "kind": ("类别", "class"),
    "village_mode": ("村级怎么办", "what a village does"),
    "review_level": ("初审", "reviewed by"),
    "decide_level": ("决定", "decided by"),
    "days": ("时限", "days"),
    "statutory_days": ("法定工作日（没有写 0）", "by statute (0 for none)"),
    "promised_days": ("承诺工作日（当场办结写 0）", "promised (0: on the spot)"),
    "fallback_days": ("不能当场办时的工作日", "if not on the spot"),
    "budget_village_days": ("其中村级工作日", "of these: village"),
    "budget_township_days": ("其中乡镇工作日", "township"),
    "budget_county_days": ("其中县级工作日", "county"),
    "publicity": ("公示", "publicity"),
    "publicity_days": ("公示天数", "days of publicity"),
    "publicity_unit": ("公示按", "publicity counts"),
    "special_procedures": ("特别程序（每行一项）", "special procedures (one a line)"),
    "papers": (
        "材料，每行一种：名称 | 份数 | 原件 | 可容缺 | 共享 | A级 | 条件：…",
        "papers, one a line: name | 2份 | 原件 (original) | 可容缺 (may come later) | 共享 (shared) | A级 | 条件：when",
    ),
    "form": (
        "本事项自己的问题，每行一问：代号 | 问题 | 英文 | text、amount、number、date 或 choice | 必填 | 提示",
        "own questions, one a line: code | 中文 | English | text, amount, number, date or choice | 必填 | hint",
    ),
    "rules": (
        "核对规则，每行一条：代号 + 代号 <= 代号 | 不符合时说什么 | 英文",
        "rules, one a line: code + code <= code | what to say in Chinese | in English",
    ),
    "fee": ("收费（不收费写 0）", "fee (0 for none)"),
    "rates": ("收费标准，每行：项目 | 元 | 单位", "rates, one a line: what | yuan | unit"),
    "delegable": ("可授权首席代表决定", "a representative may decide"),
    "delegable_basis": ("授权依据文号（有公示或第四十五条程序时必填）", "document that allows it"),
    "members": ("一件事：所含事项编号，每行一个；单个事项不填", "theme: numbers of its items, one a line"),
    "parties": (
        "联办部门，每行一个：部门 | 工作日",
        "departments that take part, one a line: department | working days",
    ),
    "fee_rule": (
        "收费计算：数量 | 代号 * 代号 | 单位；至 10 | 起价 | 每单位；以上 | 起价 | 每单位。固定收费只写：以上 | 20.00",
        "the fee: 数量 | code * code | unit; 至 10 | base | for each; 以上 | base | for each. Fixed: 以上 | 20.00",
    ),
    "begins": ("生效日期", "takes effect on"),
    "ends": ("失效日期（可不填）", "ends after (may be empty)"),
    "reason": ("公布的理由", "reason"),
    "note": ("说明", "note"),
    "levels": ("层级", "levels"),
    "applicants": ("申请人类型", "who may apply"),
    "person": ("个人", "persons"),
    "organisation": ("单位", "organisations"),
    "guide": ("办事指南", "guide"),
    "item_no": ("事项编号", "item number"),
    "version": ("版本", "version"),
    "size": ("内容", "content"),
    **{f"guide_{key}": words for key, words in GUIDE.items()},
}
_YUAN: Final = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?")


def typed_of(item: Item) -> dict[str, str]:
    """A version as the form shows it."""
    days = ("statutory_days", "promised_days", "fallback_days", "budget_village_days", "budget_township_days")
    typed = {name: "" if (value := getattr(item, name)) is None else str(value) for name in (*days, "publicity_days")}
    typed["budget_county_days"] = "" if item.budget_county_days is None else str(item.budget_county_days)
    plain = ("name", "name_en", "department", "kind", "village_mode", "review_level", "decide_level", "publicity_unit")
    typed |= {name: getattr(item, name) for name in (*plain, "fee", "delegable_basis", "note")}
    typed |= {f"accept_{level}": "yes" for level in item.accept_levels}
    typed |= {f"deliver_{level}": "yes" for level in item.deliver_levels}
    typed |= {f"applicant_{each}": "yes" for each in item.applicants}
    ticked = {"publicity_excluded": item.publicity_excluded, "delegable": item.delegable}
    ticked |= {"commitment": item.commitment, "closed": not item.in_force, "sample": item.sample}
    typed |= {name: "yes" for name, held in ticked.items() if held}
    typed |= {
        "papers": "\n".join(map(forms.write_paper, item.papers)),
        "form": "\n".join(map(forms.write_question, item.form)),
        "rules": "\n".join(map(forms.write_rule, item.rules)),
        "rates": "\n".join(f"{rate.what} | {_yuan(rate.fen)} | {rate.unit}" for rate in item.rates),
        "special_procedures": "\n".join(item.special_procedures),
        "members": "\n".join(item.members),
        "parties": "\n".join(map(themes.write_party, item.parties)),
        "fee_rule": "\n".join(fees.write(item.fee_rule)),
    }
    return typed | {f"guide_{key}": text for key, text in item.guide}


def edition_of(typed: Mapping[str, str], item_no: str, version: int) -> Edition:
    """The version that a filled form says. Raises BadBody naming the field that cannot be read."""
    levels = {what: tuple(each for each in LEVELS if typed.get(f"{what}_{each}")) for what in ("accept", "deliver")}
    item = Item(
        item_no=item_no,
        version=version,
        name=typed["name"],
        name_en=typed["name_en"],
        department=typed["department"],
        kind=typed["kind"],
        village_mode=typed["village_mode"],
        accept_levels=levels["accept"],
        review_level=typed["review_level"],
        decide_level=typed["decide_level"],
        deliver_levels=levels["deliver"],
        delegable=bool(typed.get("delegable")),
        statutory_days=_days(typed, "statutory_days") or 0,
        promised_days=_days(typed, "promised_days") or 0,
        days_are="sample" if typed.get("sample") else "public page",
        fallback_days=_days(typed, "fallback_days"),
        budget_village_days=_days(typed, "budget_village_days"),
        budget_township_days=_days(typed, "budget_township_days"),
        budget_county_days=_days(typed, "budget_county_days"),
        papers=_read(typed, "papers", forms.read_paper),
        special_procedures=_read(typed, "special_procedures", str),
        publicity_days=_days(typed, "publicity_days") or 0,
        publicity_excluded=bool(typed.get("publicity_excluded")),
        fee=typed["fee"],
        in_force=not typed.get("closed"),
        note=typed["note"],
        form=_read(typed, "form", forms.read_question),
        rules=_read(typed, "rules", forms.read_rule),
        publicity_unit="working" if typed["publicity_unit"] == "working" else "calendar",
        delegable_basis=typed["delegable_basis"],
        commitment=bool(typed.get("commitment")),
        rates=_read(typed, "rates", _rate),
        guide=tuple((key, typed[f"guide_{key}"]) for key in GUIDE if typed[f"guide_{key}"]),
        members=_read(typed, "members", str),
        parties=_read(typed, "parties", themes.read_party),
        fee_rule=_fee_rule(typed),
        begins=_date(typed, "begins"),
        ends=_date(typed, "ends"),
        applicants=tuple(each for each in APPLICANTS if typed.get(f"applicant_{each}")),
    )
    return Edition(item, typed["reason"])


def _lines(text: str) -> Iterable[str]:
    return filter(None, map(str.strip, text.splitlines()))


def _read(typed: Mapping[str, str], name: str, read: Callable[[str], _Read]) -> tuple[_Read, ...]:
    found = []
    for line in _lines(typed[name]):
        try:
            found.append(read(line))
        except ValueError as wrong:
            raise BadBody(
                name, f"看不懂这一行：“{line}”（{wrong}）", f"Cannot read this line: {line} ({wrong})"
            ) from None
    return tuple(found)


def _fee_rule(typed: Mapping[str, str]) -> FeeRule | None:
    try:
        return fees.read(_lines(typed["fee_rule"]))
    except ValueError as wrong:
        raise BadBody("fee_rule", f"看不懂这一行：“{wrong}”", f"Cannot read this line: {wrong}") from None


def _days(typed: Mapping[str, str], name: str) -> int | None:
    text = typed[name]
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 3):
        raise BadBody(name, "请填写 0 至 999 的整数", "give a whole number from 0 to 999")
    return int(text)


def _date(typed: Mapping[str, str], name: str) -> date | None:
    if not typed[name]:
        return None
    try:
        return date.fromisoformat(typed[name])
    except ValueError:
        raise BadBody(name, "请按 年-月-日 填写，例如 2027-01-01", "give a date as YYYY-MM-DD") from None


def _rate(line: str) -> Rate:
    parts = [part.strip() for part in line.replace("｜", "|").split("|")]
    if len(parts) != 3 or not (found := _YUAN.fullmatch(parts[1])):
        raise ValueError(line)
    return Rate(parts[0], int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")), parts[2])


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"
