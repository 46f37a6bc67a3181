"""What publishing an item of a file would change here, field by field: each version compared with its own."""

from datetime import date
from itertools import takewhile
from typing import Final, NamedTuple

from village_node.web.catalogue_file import Line
from village_node.web.item_form import WORDS
from village_node.web.machine import Words

_SHOWN: Final = 200  # characters of a value
_BEFORE: Final = 40  # of these before the first that differs


class Change(NamedTuple):
    """One field that differs: its name, what stands here, what the file says; of long texts what surrounds the first
    difference. ``begins``: the day of a version that is to come; empty for the one in force."""

    field: str
    before: str
    after: str
    begins: str = ""


def changes_of(held: list[Line], theirs: list[Line], out: list[Line], begins: date) -> list[Change]:
    """What differs. ``held``: what stands here, in force and to come, or our newest where it is over; ``theirs``: all
    that the file has, and ``out`` what of it is published, from a day on.

    What is in force is compared with what is in force, and what is to come with what begins on that day here, or else
    with what the file has before it. What is to come here and would never begin any more is named.
    """
    own = {line.begins: line for line in held}
    found = []
    for line in out:
        at = theirs.index(line)
        other = theirs[at - 1] if at and line.begins else held[-1] if held else None
        found += _differences(own.get(line.begins, other), line)
    first, days = min(_day(line, begins) for line in out), {line.begins for line in theirs}
    for line in held:
        if line.begins and line.begins >= first and line.begins not in days:
            found.append(Change("coming", f"{line.begins} {line.typed.get('name', '')}", ""))
    return found


def _day(line: Line, begins: date) -> date:
    return max(line.begins or begins, begins)


def _differences(before: Line | None, after: Line) -> list[Change]:
    pairs = [_told(line) if line is not None else {} for line in (before, after)]
    day = after.begins.isoformat() if after.begins else ""
    found = []
    for name in dict.fromkeys((*pairs[0], *pairs[1])):
        ours, theirs = (each.get(name, "") for each in pairs)
        if ours != theirs:
            ours, theirs = _around(ours, theirs)
            found.append(Change(name, ours, theirs, day))
    return found


def _told(line: Line) -> dict[str, str]:
    days = {
        "begins": line.begins.isoformat() if line.begins else "",
        "ends": line.ends.isoformat() if line.ends else "",
    }
    return {**line.typed, "days_are": line.days_are, **days}


def _around(ours: str, theirs: str) -> tuple[str, str]:
    """Of two texts that differ what surrounds the first difference, where one is too long to be shown whole."""
    if max(len(ours), len(theirs)) <= _SHOWN:
        return ours, theirs
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(ours, theirs, strict=False))
    start = max(sum(1 for _ in alike) - _BEFORE, 0)
    return _cut(ours, start), _cut(theirs, start)


def _cut(text: str, start: int) -> str:
    end = start + _SHOWN
    return ("…" if start else "") + text[start:end] + ("…" if len(text) > end else "")


def field_words(name: str) -> Words:
    """What the form calls a field."""
    what, _, level = name.partition("_")
    if what in ("accept", "deliver") and level in WORDS:
        zh, en = ("受理", "accepted by") if what == "accept" else ("送达", "delivered by")
        return f"{zh}：{WORDS[level][0]}", f"{en}: {WORDS[level][1]}"
    return WORDS.get(name, _TICKS.get(name, (name, name)))


_TICKS: Final[dict[str, Words]] = {
    "publicity_excluded": ("公示不计入承诺时限", "publicity is not counted in the promise"),
    "delegable": ("可以授权首席代表决定", "may be delegated"),
    "commitment": ("可以告知承诺", "a declaration will do"),
    "coming": ("本县待生效的版本，将不再生效", "to come here, would never begin"),
    "closed": ("不再收件", "closed"),
    "sample": ("时限为示例", "days are sample data"),
    "days_are": ("时限的来源", "where the days come from"),
    "applicant_person": ("个人可以申请", "persons may apply"),
    "applicant_organisation": ("单位可以申请", "organisations may apply"),
}
