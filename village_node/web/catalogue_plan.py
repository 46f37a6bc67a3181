"""What publishing a file of items would change here: item by item, before anything is done."""

from collections.abc import Collection, Iterable
from datetime import date
from hashlib import sha256
from itertools import groupby
from typing import Final, Literal, NamedTuple

from sync_protocol.case.catalogue import Item
from sync_protocol.case.editions import Edition
from sync_protocol.case.workdays import day_of
from village_node.casebook import BadBody, Casebook
from village_node.web import catalogue_file
from village_node.web.catalogue_changes import Change, changes_of
from village_node.web.catalogue_file import File, Line
from village_node.web.machine import Words

Standing = Literal["new", "changed", "ended", "newer", "over", "same", "refused"]
STANDINGS: Final[dict[Standing, tuple[str, str, str, str]]] = {
    "refused": ("bad", "cross", "不能公布", "refused"),
    "ended": ("waiting", "warning", "本县已停办", "ended here"),
    "newer": ("waiting", "warning", "本县已有更新的版本", "newer here"),
    "changed": ("active", "edit", "有变化", "changed"),
    "new": ("good", "plus", "新增", "new"),
    "over": ("plain", "clock", "已到期，不公布", "over by then"),
    "same": ("plain", "check", "相同", "the same"),
}
_ASKED: Final = frozenset({"ended", "newer"})  # of these the file's goes out only where somebody says so
_MENDED_HERE: Final = frozenset({"begins", "ends", "reason"})  # fields that are typed, or hang on what is typed


class Row(NamedTuple):
    """One item of a file. ``here``: our newest version (0: none); ``version``: the newest of the file; ``taken``: it
    would be published under the versions ``first`` to ``last``, and ``asked`` says that only a tick lets it;
    ``wrong``: the field that is refused, and why; ``considered``: what is to be considered all the same; ``again``: it
    is published anew for what it merges; ``left_out``: how many versions of the file would end before they begin."""

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
    considered: tuple[Words, ...] = ()
    asked: bool = False
    again: bool = False
    left_out: int = 0

    @property
    def tick(self) -> str:
        """What names this item as it stands here, for who wants the file's all the same."""
        return f"{self.item_no}:{self.here}"


class Plan(NamedTuple):
    """The rows, those that need a look first; what is published in its order; how many items of ours the file does not
    name; ``seen``: the SHA-256 of what stands here of the items in the file, whatever day or tick is chosen."""

    rows: list[Row]
    editions: list[Edition]
    beside: int
    seen: str

    @property
    def refused(self) -> bool:
        """Whether something of it cannot be published: then nothing is."""
        return any(row.standing == "refused" for row in self.rows)

    @property
    def typed_amiss(self) -> bool:
        """Whether nothing is refused but for the day or the reason that was typed here."""
        return all(row.wrong is None or row.wrong.field in _MENDED_HERE for row in self.rows)

    @property
    def open(self) -> bool:
        """Whether something could go out: as it is, or with another day, reason or tick."""
        wrong = [row for row in self.rows if row.wrong is not None]
        mended = any(row.asked or (row.wrong and row.wrong.field in _MENDED_HERE) for row in wrong)
        some = bool(self.editions or self.count("over") or any(row.asked for row in self.rows))
        return some and (mended or not wrong)

    def count(self, standing: str) -> int:
        """How many rows have a standing."""
        return sum(row.standing == standing for row in self.rows)

    def unknown(self, take: Iterable[str]) -> list[str]:
        """Which of these ticks name no item of the file as it stands here."""
        known = {row.tick for row in self.rows}
        return [each for each in take if each not in known]


def today_of(book: Casebook) -> date:
    """The day from which what is in force at home is in force here."""
    return book.item_day() or day_of(book.clock())


def plan(book: Casebook, file: File, begins: date, reason: str, take: Collection[str] = ()) -> Plan:
    """What a file would change. ``take``: of which items the file's is to be published though ours is newer or has
    ended, each as ITEM:VERSION with our newest version."""
    looking = _Looking(book, file.written_ms, begins, reason, take)
    for number, group in groupby(file.lines, key=lambda line: line.item_no):
        looking.take_in(number, list(group))
    return looking.plan()


class _Looking:
    """Goes through the items of a file, in its order."""

    def __init__(self, book: Casebook, written_ms: int, begins: date, reason: str, take: Collection[str]) -> None:
        self._book, self._written_ms, self._begins, self._reason, self._take = book, written_ms, begins, reason, take
        self._today = today_of(book)
        lines = catalogue_file.lines_of(book.catalogue, self._today)
        self._ours = {number: list(group) for number, group in groupby(lines, key=lambda line: line.item_no)}
        self._published_ms = _published_ms(book)
        self._rows: list[Row] = []
        self._made: list[tuple[int, Edition]] = []  # what goes out, with the place of its row
        self._unticked: list[tuple[int, Edition]] = []  # what would go out with a tick
        self._moved: set[str] = set()
        self._seen = sha256()

    def take_in(self, number: str, theirs: list[Line]) -> None:
        """Look at one item."""
        held, newest = self._ours.get(number, []), self._book.catalogue.newest(number)
        here = newest.version if newest is not None else 0
        members = [each for each in theirs[-1].typed.get("members", "").split("\n") if each]
        merged = [found.version if (found := self._book.catalogue.newest(each)) else 0 for each in members]
        self._seen.update(repr((number, here, _said(held), merged)).encode())
        standing = self._standing(theirs, held, newest)
        again = standing == "same" and not self._moved.isdisjoint(members)  # it merges what they say from now on
        name, version = theirs[-1].typed.get("name", ""), theirs[-1].version
        row = Row(number, name, "changed" if again else standing, here, version, [], False, here + 1, again=again)
        if row.standing == "same":
            self._rows.append(row)
            return
        wanted = theirs if again else _beyond(theirs, held)
        out = [line for line in wanted if not line.over(self._begins)]
        row = row._replace(left_out=len(wanted) - len(out))
        if not out:
            self._rows.append(row._replace(standing="over"))
            return
        if newest is not None and not held:
            held = [catalogue_file.line_of(self._book.catalogue, newest, self._today)]
        changes = [] if again else changes_of(held, theirs, out, self._begins)
        asked = row.standing in _ASKED
        row = row._replace(changes=changes, asked=asked, taken=not asked or row.tick in self._take)
        self._rows.append(self._numbered(row, out))

    def _numbered(self, row: Row, out: list[Line]) -> Row:
        """The row with the versions that go out, or would with a tick."""
        try:
            said = [line.edition(row.first + at, self._begins, self._reason) for at, line in enumerate(out)]
        except BadBody as wrong:
            return _refused(row, wrong) if row.taken else row
        (self._made if row.taken else self._unticked).extend((len(self._rows), edition) for edition in said)
        if row.taken:
            self._moved.add(row.item_no)
        return row._replace(last=row.here + len(said))

    def plan(self) -> Plan:
        """What it comes to."""
        rows, editions = self._rows, [edition for _, edition in self._made]
        for places in (self._made, self._unticked):
            judged = self._book.check_items([edition for _, edition in places])
            for (at, _), (wrong, considered) in zip(places, judged, strict=True):
                said = dict.fromkeys((*rows[at].considered, *considered))
                rows[at] = rows[at]._replace(considered=tuple(said))
                if wrong is not None and rows[at].taken:
                    rows[at] = _refused(rows[at], wrong)
        order, beside = list(STANDINGS), len(self._ours.keys() - {row.item_no for row in rows})
        rows = sorted(rows, key=lambda row: (order.index(row.standing), row.item_no))
        return Plan(rows, editions, beside, self._seen.hexdigest())

    def _standing(self, theirs: list[Line], held: list[Line], newest: Item | None) -> Standing:
        if newest is None:
            return "new"
        # What was taken from a file and begins on a day to come is in the file what is in force.
        tail = held[-len(theirs) :]
        begun = [line._replace(begins=None) if at == 0 else line for at, line in enumerate(tail)]
        if _said(theirs) in (_said(held), _said(begun)):
            return "same"
        goes_on = not theirs[-1].typed.get("closed") and not theirs[-1].over(self._today)
        ended = not newest.in_force or (newest.ends is not None and newest.ends < self._today)
        if ended and goes_on:
            return "ended"
        late = self._published_ms.get(newest.item_no, 0) > self._written_ms
        return "newer" if newest.version > theirs[-1].version or late else "changed"


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


def _said(lines: list[Line]) -> list[tuple[object, ...]]:
    return [line.said for line in lines]


def not_as_seen(take: Iterable[str]) -> Words:
    """What to say of ticks that name no item as it stands here."""
    named = "、".join(each[:40] for each in take)[:200]
    return (
        f"{named}：请写 ITEM:VERSION，即事项编号和本县现在的最新版本号，并重新查看",
        f"{named}: give ITEM:VERSION with the newest version here, as it is now; look again",
    )
