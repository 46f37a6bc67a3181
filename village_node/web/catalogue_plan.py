"""What publishing a file of items would change here: item by item, before anything is done."""

from collections.abc import Collection
from datetime import date
from itertools import groupby
from typing import Final, Literal, NamedTuple

from sync_protocol.case.editions import Edition
from sync_protocol.case.workdays import day_of
from village_node.casebook import BadBody, Casebook
from village_node.web import catalogue_file
from village_node.web.catalogue_file import File, Line
from village_node.web.item_form import WORDS
from village_node.web.machine import Words

Standing = Literal["new", "changed", "newer", "same", "refused"]
STANDINGS: Final[dict[Standing, tuple[str, str, str, str]]] = {
    "refused": ("bad", "cross", "不能公布", "refused"),
    "newer": ("waiting", "warning", "本县已有更新的版本", "newer here"),
    "changed": ("active", "edit", "有变化", "changed"),
    "new": ("good", "plus", "新增", "new"),
    "same": ("plain", "check", "相同", "the same"),
}
_SHOWN: Final = 200  # characters of a value


class Change(NamedTuple):
    """One field that differs: its name, what stands here, what the file says; long texts are cut."""

    field: str
    before: str
    after: str


class Row(NamedTuple):
    """One item of a file. ``here``: our newest version (0: none); ``version``: the newest of the file; ``taken``: it
    would be published under the versions ``first`` to ``last``; ``wrong``: the field that is refused, and why."""

    item_no: str
    name: str
    standing: Standing
    here: int
    version: int
    changes: list[Change]
    taken: bool
    first: int
    last: int = 0
    wrong: BadBody | None = None


class Plan(NamedTuple):
    """The rows, those that need a look first; what is published in its order; how many items of ours the file does not
    name."""

    rows: list[Row]
    editions: list[Edition]
    beside: int

    @property
    def refused(self) -> bool:
        """Whether something of it cannot be published: then nothing is."""
        return any(row.standing == "refused" for row in self.rows)

    def count(self, standing: str) -> int:
        """How many rows have a standing."""
        return sum(row.standing == standing for row in self.rows)


def today_of(book: Casebook) -> date:
    """The day from which what is in force at home is in force here."""
    return book.item_day() or day_of(book.clock())


def plan(book: Casebook, file: File, begins: date, reason: str, take: Collection[str] = ()) -> Plan:
    """What a file would change. ``take``: of which items the file's is to be published though ours is newer."""
    ours = _ours(book)
    published_ms = _published_ms(book)
    rows, made, moved = list[Row](), list[tuple[int, Edition]](), set[str]()
    for number, group in groupby(file.lines, key=lambda line: line.item_no):
        theirs, held = list(group), ours.get(number, [])
        newest = book.catalogue.newest(number)
        here = newest.version if newest is not None else 0
        standing = _standing(theirs, held, here, late=published_ms.get(number, 0) > file.written_ms)
        if standing == "same" and not moved.isdisjoint(theirs[-1].typed.get("members", "").split("\n")):
            standing, held = "changed", []  # it merges what its items say from now on
        taken = standing in ("new", "changed") or (standing == "newer" and number in take)
        row = Row(number, theirs[-1].typed.get("name", ""), standing, here, theirs[-1].version, [], taken, here + 1)
        if standing != "same" and (held or standing == "new"):
            row = row._replace(changes=_changes(held[-1] if held else None, theirs[-1]))
        if taken:
            moved.add(number)
            try:
                said = [line.edition(here + 1 + at, begins, reason) for at, line in enumerate(_beyond(theirs, held))]
                made += [(len(rows), edition) for edition in said]
                row = row._replace(last=here + len(said))
            except BadBody as wrong:
                row = _refused(row, wrong)
        rows.append(row)
    editions = [edition for _, edition in made]
    for (at, _), judged in zip(made, book.check_items(editions), strict=True):
        if judged.wrong is not None and rows[at].wrong is None:
            rows[at] = _refused(rows[at], judged.wrong)
    order, beside = list(STANDINGS), len(ours.keys() - {row.item_no for row in rows})
    return Plan(sorted(rows, key=lambda row: (order.index(row.standing), row.item_no)), editions, beside)


def _ours(book: Casebook) -> dict[str, list[Line]]:
    lines = catalogue_file.lines_of(book.catalogue, today_of(book))
    return {number: list(group) for number, group in groupby(lines, key=lambda line: line.item_no)}


def _published_ms(book: Casebook) -> dict[str, int]:
    """When something was last published here of each item."""
    found: dict[str, int] = {}
    for item, publication in book.history():
        if publication is not None:
            found[item.item_no] = max(found.get(item.item_no, 0), publication.claimed_ms)
    return found


def _refused(row: Row, wrong: BadBody) -> Row:
    return row._replace(standing="refused", taken=False, wrong=wrong)


def _beyond(theirs: list[Line], held: list[Line]) -> list[Line]:
    """The versions of the file behind those that stand here alike; all of it where something else stands here."""
    known = len(held) if _said(theirs[: len(held)]) == _said(held) else 0
    return theirs[known:] or theirs


def _standing(theirs: list[Line], held: list[Line], here: int, *, late: bool) -> Standing:
    if not here:
        return "new"
    # What was taken from a file and begins on a day to come is in the file what is in force.
    alone = len(theirs) == 1 and bool(held) and held[-1]._replace(begins=None).said == theirs[0].said
    if alone or _said(theirs) == _said(held):
        return "same"
    return "newer" if here > theirs[-1].version or late else "changed"


def _said(lines: list[Line]) -> list[tuple[object, ...]]:
    return [line.said for line in lines]


def _changes(before: Line | None, after: Line) -> list[Change]:
    """What differs between our newest version and the file's."""
    pairs = [_told(line) if line is not None else {} for line in (before, after)]
    names = [name for name in dict.fromkeys((*pairs[0], *pairs[1])) if pairs[0].get(name) != pairs[1].get(name)]
    return [Change(name, *(each.get(name, "")[:_SHOWN] for each in pairs)) for name in names]


def _told(line: Line) -> dict[str, str]:
    days = {
        "begins": line.begins.isoformat() if line.begins else "",
        "ends": line.ends.isoformat() if line.ends else "",
    }
    return {**line.typed, "days_are": line.days_are, **days}


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
    "closed": ("不再收件", "closed"),
    "sample": ("时限为示例", "days are sample data"),
    "days_are": ("时限的来源", "where the days come from"),
    "applicant_person": ("个人可以申请", "persons may apply"),
    "applicant_organisation": ("单位可以申请", "organisations may apply"),
}
