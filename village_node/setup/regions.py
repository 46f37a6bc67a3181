"""A list of regions: CSV with the columns code, name, level, parent, as statistical offices publish them."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from sync_protocol.places import valid_code
from village_node.config import BadSettings
from village_node.setup import plan

_COLUMNS: Final = ("code", "name", "level", "parent")


class Region(NamedTuple):
    """One row: a place, and the code of the place above it."""

    code: str
    name: str
    level: str
    parent: str


def read(path: Path) -> list[Region]:
    """All rows of a list. Raises BadSettings naming the line that cannot be used, OSError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise BadSettings(f"{path.name}: column {missing[0]!r} is missing")
            found: dict[str, Region] = {}
            for row in rows:
                each = Region(*((row[name] or "").strip() for name in _COLUMNS))
                wrong = _wrong(each, found)
                if wrong:
                    raise BadSettings(f"{path.name} line {rows.line_num}: {wrong}")
                found[each.code] = each
            return list(found.values())
    except (UnicodeDecodeError, csv.Error) as problem:
        raise BadSettings(f"{path.name} cannot be read: {problem}; save it as CSV in UTF-8") from None


def _wrong(each: Region, before: Mapping[str, Region]) -> str:
    """What is wrong with a row; empty where nothing is. `before`: those before it, by code."""
    if not each.code or not each.name:
        return "code and name must not be empty"
    for column, code in (("code", each.code), ("parent", each.parent)):
        if code and not valid_code(code):
            return f"{column} {code!r} is no place code: write the 12-digit division code"
    if each.code in before:
        return f"code {each.code} stands in the list already, as {before[each.code].name}"
    misplaced = plan.misplaced(each.code, each.level)
    return f"code {each.code} is not of level {each.level!r}: {misplaced[1]}" if misplaced else ""


def children(regions: list[Region], parent: str, level: str) -> list[tuple[str, str]]:
    """(code, name) of the places of a level right below another one."""
    return [(each.code, each.name) for each in regions if each.level == level and each.parent == parent]


def grouped(regions: list[Region], level: str) -> list[tuple[str, list[Region]]]:
    """The places of a level, under the name of the place above them, as they stand in the list."""
    names = {each.code: each.name for each in regions}
    groups: dict[str, list[Region]] = {}
    for each in regions:
        if each.level == level:
            groups.setdefault(names.get(each.parent, each.parent), []).append(each)
    return list(groups.items())
