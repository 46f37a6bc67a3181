"""The items of a county as one file: written whole, and read as what a stranger wrote.

It is JSON: what every version says is said as the county's form says it (texts, ticks, lists with one entry a line), so
that the form's own reader judges it and names the field that is wrong.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Any, Final, NamedTuple

from sync_protocol.case import themes
from sync_protocol.case.bodies import plain
from sync_protocol.case.catalogue import DAYS_ARE, Catalogue, Item
from sync_protocol.case.editions import Edition
from village_node.casebook import BadBody
from village_node.web import entry
from village_node.web.item_form import CHOICES, LINES, PARAGRAPHS, TICKS, edition_of, typed_of

FORMAT: Final = "sanji-catalogue"
VERSION: Final = 1
FILE_MOST: Final = 4 << 20  # bytes: some 2,000 items
ITEMS_MOST: Final = 2_000
TEXT_MOST: Final = 20_000
_DAYS: Final = ("begins", "ends")
# What is told beside the fields: they differ from county to county.
_APART: Final = frozenset({*_DAYS, "reason"})
_NAMES: Final = frozenset((*LINES, *PARAGRAPHS, *TICKS)) - _APART


class BadFile(ValueError):
    """It cannot be read as a catalogue: where, and why, in words."""

    def __init__(self, where: str, zh: str, en: str) -> None:
        super().__init__(f"{where}: {en}" if where else en)
        self.where, self.zh, self.en = where, zh, en


class Line(NamedTuple):
    """One version as the file says it; ``begins``: None where it is in force already."""

    item_no: str
    version: int
    typed: dict[str, str]
    days_are: str
    begins: date | None = None
    ends: date | None = None

    @property
    def said(self) -> tuple[object, ...]:
        """What is compared: all but numbers and reasons."""
        return sorted(self.typed.items()), self.days_are, self.begins, self.ends

    def over(self, begins: date) -> bool:
        """Whether it would end before it begins, were it in force from a day on at the earliest."""
        return self.ends is not None and self.ends < max(self.begins or begins, begins)

    def edition(self, version: int, begins: date, reason: str) -> Edition:
        """The version as it would be published under a number of ours: from a day on, or from its own where that is
        later. Raises BadBody naming the field."""
        _check_said(self.typed, self.days_are)
        typed = dict.fromkeys((*LINES, *PARAGRAPHS), "") | self.typed
        typed["begins"] = max(self.begins or begins, begins).isoformat()
        typed["ends"] = self.ends.isoformat() if self.ends else ""
        made = edition_of({**typed, "reason": reason}, self.item_no, version)
        return made._replace(item=replace(made.item, days_are=self.days_are))


class File(NamedTuple):
    """What a file says: of which county, when it was written, and the versions, those of an item in their order."""

    county: str
    name: str
    written_ms: int
    lines: list[Line]


def lines_of(catalogue: Catalogue, today: date) -> list[Line]:
    """Of every item the version that is in force or newest, and those that are to come; none that is over."""
    found = []
    for _, group in groupby(catalogue.items(), key=lambda item: item.item_no):
        versions = list(group)
        begun = [item for item in versions if item.begins is None or item.begins <= today]
        coming = [item for item in versions if item.begins is not None and item.begins > today]
        current = begun[-1:]
        found += [
            line_of(catalogue, item, today)
            for item in (*current, *(each for each in coming if not current or each.version > current[0].version))
            if item.ends is None or item.ends >= today
        ]
    return found


def line_of(catalogue: Catalogue, item: Item, today: date) -> Line:
    """One version as a file says it."""
    own = themes.own_part(item, catalogue.parts(item)) if item.theme else item
    typed = {name: text for name, text in typed_of(own).items() if text and name in _NAMES}
    begins = item.begins if item.begins is not None and item.begins > today else None
    return Line(item.item_no, item.version, typed, item.days_are, begins, item.ends)


def write(lines: Iterable[Line], county: str, name: str, now_ms: int) -> bytes:
    """The file."""
    said = {
        "format": FORMAT,
        "format_version": VERSION,
        "county": county,
        "name": name,
        "written_ms": now_ms,
        "items": [
            {
                "item_no": line.item_no,
                "version": line.version,
                **({"begins": line.begins.isoformat()} if line.begins else {}),
                **({"ends": line.ends.isoformat()} if line.ends else {}),
                "days_are": line.days_are,
                "fields": line.typed,
            }
            for line in lines
        ],
    }
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()


def read(raw: bytes, today: date) -> File:
    """What a file says. Raises BadFile."""
    if len(raw) > FILE_MOST:
        raise BadFile("", f"文件超过 {FILE_MOST >> 20} MB", f"the file has more than {FILE_MOST >> 20} MB")
    try:
        said = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise BadFile("", "不是目录文件（JSON，UTF-8）", "it is no file of items (JSON in UTF-8)") from None
    return of(said, today)


def of(said: object, today: date) -> File:
    """The same of what has been decoded already. Raises BadFile."""
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise BadFile("format", f"不是目录文件，应为 {FORMAT}", f"it is no file of items: {FORMAT} is expected")
    if said.get("format_version") != VERSION:
        raise BadFile(
            "format_version", "由更新的程序导出，请先升级本机", "a newer program wrote it: update this one first"
        )
    items = said.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= ITEMS_MOST:
        raise BadFile(
            "items", f"应为 1 至 {ITEMS_MOST} 个事项版本的列表", f"must be a list of 1 to {ITEMS_MOST} versions"
        )
    lines = [_read_line(f"items[{number}]", each, today) for number, each in enumerate(items)]
    keys = Counter((line.item_no, line.version) for line in lines)
    twice = [f"{item_no} v{version}" for (item_no, version), count in keys.items() if count > 1]
    if twice:
        raise BadFile(twice[0], "同一事项的同一版本出现了两次", "the same version of the same item stands there twice")
    county, name = (text if plain(text := str(said.get(key, ""))[:60], 1, 60) else "?" for key in ("county", "name"))
    written = said.get("written_ms")
    merged = {line.item_no for line in lines if line.typed.get("members")}  # behind the items that they merge
    lines.sort(key=lambda line: (line.item_no in merged, line.item_no, line.version))
    return File(county, name, written if type(written) is int and 0 <= written < 2**53 else 0, lines)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _read_line(where: str, said: object, today: date) -> Line:
    if not isinstance(said, dict):
        raise BadFile(where, "应为一个事项版本", "must be a version of an item")
    item_no, version = said.get("item_no"), said.get("version")
    if not plain(item_no, 1, 32) or entry.number(str(item_no)) != item_no:
        raise BadFile(f"{where}.item_no", "请填写事项编号，不超过 32 字", "give the item number, at most 32 characters")
    where = f"{where} ({item_no})"
    if type(version) is not int or not 1 <= version <= 65_535:
        raise BadFile(f"{where}.version", "应为 1 至 65535 的整数", "must be a whole number from 1 to 65535")
    if said.get("days_are") not in DAYS_ARE:
        known = "、".join(DAYS_ARE)
        raise BadFile(f"{where}.days_are", f"应为 {known} 之一", f"must be one of {', '.join(DAYS_ARE)}")
    begins, ends = (_read_day(f"{where}.{name}", said.get(name)) for name in _DAYS)
    fields = said.get("fields")
    if not isinstance(fields, dict):
        raise BadFile(f"{where}.fields", "应为各项内容", "must be an object of texts")
    typed = {name: _read_text(f"{where}.fields", name, text) for name, text in fields.items()}
    typed = {name: text for name, text in typed.items() if text}
    return Line(str(item_no), version, typed, said["days_are"], begins if begins and begins > today else None, ends)


def _read_text(where: str, name: object, text: object) -> str:
    if name not in _NAMES:
        shown = str(name)[:40]
        raise BadFile(f"{where}.{shown if plain(shown, 1, 40) else '?'}", "没有这一项", "there is no such field")
    if type(text) is not str or len(text) > TEXT_MOST:
        raise BadFile(f"{where}.{name}", f"应为不超过 {TEXT_MOST} 字的文字", f"must be a text of at most {TEXT_MOST}")
    if name in TICKS and text not in ("", "yes"):
        raise BadFile(f"{where}.{name}", "勾选项请填 yes，不勾的留空", "a tick is yes, or empty")
    return entry.paragraph(text) if name in PARAGRAPHS else entry.line(text)


def _check_said(typed: Mapping[str, str], days_are: str) -> None:
    """See that what the form would have a person choose was chosen: it makes up the rest. Raises BadBody."""
    for name in ("statutory_days", "promised_days"):
        if not typed.get(name):
            raise BadBody(name, "请填写，没有写 0", "is missing: write 0 for none")
    for name, choices in CHOICES.items():
        unused = name == "publicity_unit" and typed.get("publicity_days", "0") == "0"
        if (chosen := typed.get(name, "")) not in choices and (chosen or not unused):
            known = [each for each in choices if each]
            raise BadBody(name, f"应为 {'、'.join(known)} 之一", f"must be one of {', '.join(known)}")
    if bool(typed.get("sample")) != (days_are == "sample"):
        raise BadBody(
            "sample",
            "与 days_are 不一致：days_are 为 sample 的填 yes，其他的留空",
            "contradicts days_are: yes where that is sample, empty otherwise",
        )


def _read_day(where: str, text: object) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text if type(text) is str else "")
    except ValueError:
        raise BadFile(where, "请按 年-月-日 填写，例如 2027-01-01", "give a date as YYYY-MM-DD") from None
