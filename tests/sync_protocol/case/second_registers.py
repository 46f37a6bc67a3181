"""A second reading of who may act for a department, with which seal, for whose relative: CASE.md, section 10.1."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from tests.sync_protocol.case.second_bodies import AUTHORITY, KIN, SEAL, Body, read

Place = tuple[bytes, int, bytes]
ARTICLE_45 = ("听证", "招标", "拍卖", "检验", "检测", "检疫", "鉴定", "评审")
DOCKET, REFUSE, DECIDE, ISSUE = 5, 11, 9, 20
HANDS_OVER = frozenset({1, 2, 3, 4, 33, 34, 36, 60})


@dataclass(frozen=True)
class Entry:
    """One event about no case, as a node holds it."""

    position: Place
    order: int
    place: str
    kind: int
    claimed: int
    actor: str
    body: bytes | None
    kind_version: int = 1
    critical: bool = False

    @property
    def rank(self) -> tuple[int, int, bytes, bytes]:
        """The order of entries."""
        return self.order, self.position[1], self.position[2], self.position[0]


class Item(NamedTuple):
    """What is asked of an item here."""

    number: str
    department: str
    delegable: bool
    document: str
    publicity: int
    procedures: tuple[str, ...]


class Said(NamedTuple):
    entry: Entry
    body: Body


def day_of(moment: int) -> date:
    """The day of a time: at +08:00, within the years that have days here."""
    first, last = date(1970, 1, 1), date(2199, 12, 31)
    passed = (moment + 8 * 3_600_000) // 86_400_000
    return first if passed < 0 else last if passed > (last - first).days else first + timedelta(passed)


def said(entries: list[Entry], place: str, kind: int) -> list[Said]:
    """What counts for a place, in the order."""
    found = []
    for entry in sorted(entries, key=lambda each: each.rank):
        if (entry.place, entry.kind, entry.kind_version) != (place, kind, 1) or entry.critical or entry.body is None:
            continue
        body = read(kind, entry.body)
        if body is not None:
            found.append(Said(entry, body))
    return found


class Register:
    """The register of a place as a decision at a moment takes it."""

    def __init__(self, entries: list[Entry], place: str, level: str, moment: int) -> None:
        self.day = day_of(moment).isoformat()
        self.level = level
        self.said = [each for each in said(entries, place, AUTHORITY) if each.entry.claimed <= moment]

    def of(self, what: str) -> list[Said]:
        return [each for each in self.said if each.body[0] == what]

    def about(self, what: str, named: Said) -> list[Said]:
        return [each for each in self.of(what) if tuple(each.body[13]) == named.entry.position]

    def holds(self, delegation: Said) -> bool:
        body = delegation.body
        consents = [each for each in self.about("consent", delegation) if each.entry.actor != delegation.entry.actor]
        return (
            body[10] <= self.day <= body[11]
            and not self.about("revoke", delegation)
            and (self.level != "county" or bool(consents))
        )

    def in_force(self, department: str) -> Said | None:
        holding = [each for each in self.of("delegate") if each.body[1] == department and self.holds(each)]
        return holding[-1] if holding else None

    def absences(self, person: str) -> list[Said]:
        """The absences by which somebody is out on the day."""
        return [
            each for each in self.of("absent")
            if each.body[14] == person and each.body[10] <= self.day <= each.body.get(11, self.day)
            and not self.about("back", each)
        ]  # fmt: skip

    def relied_on(self, person: str, delegation: Said) -> list[Place] | None:
        """What A or B of a delegation rely on, or None for who may not act by it."""
        a, b = delegation.body.get(4), delegation.body.get(6)
        if person not in (a, b) or self.absences(person):
            return None
        if person == b or b is None:
            return [delegation.entry.position]
        out = self.absences(b)
        return [delegation.entry.position, out[0].entry.position] if out else None

    def may(self, person: str, is_head: bool, kind: int, item: Item) -> list[Place] | None:
        """What a decision or an issue relies on, or None where somebody may not write it."""
        delegation = self.in_force(item.department)
        if person == delegation.body[2] if delegation else is_head:
            return []
        barred = item.publicity or any(word in procedure for procedure in item.procedures for word in ARTICLE_45)
        free = item.delegable and (item.document or not barred)
        if delegation is None or (kind == DECIDE and not free):
            return None
        listed = [*delegation.body.get(8, []), *(delegation.body.get(9, []) if kind == ISSUE else [])]
        return self.relied_on(person, delegation) if item.number in listed else None

    def may_countersign(self, person: str, department: str) -> tuple[str, list[Place]] | None:
        """The number a countersignature carries and what it relies on, or None where somebody may not give it."""
        delegation = self.in_force(department)
        if delegation is None:
            return None
        relied = self.relied_on(person, delegation)
        if person == delegation.body[2]:
            relied = [delegation.entry.position]
        return None if relied is None else (delegation.body[12], relied)


def seal(entries: list[Entry], place: str, person: str, kind: int, department: str, on: str) -> str | None:
    """The seal somebody uses for an act on a day: empty where the place keeps none for it, None if they may not."""
    last = {each.body[0]: each.body for each in said(entries, place, SEAL)}
    use = "acceptance" if kind in (DOCKET, REFUSE) else "decision"
    kept = [body for body in last.values() if body[1] == use and body.get(3, department) == department]
    usable = [body[0] for body in kept if person in body[5] and body[6] <= on <= body.get(7, on)]
    return min(usable, default=None) if kept else ""


def plain(number: str) -> str:
    """An identity number as far as it counts."""
    return "".join(number.split()).replace("-", "").upper()


def kin_of(entries: list[Entry], place: str) -> list[tuple[str, str]]:
    """Who of a place has a relative with which identity number."""
    last: dict[tuple[str, str], Any] = {}
    for each in said(entries, place, KIN):
        last[each.body[0], plain(each.body[2])] = each.body.get(4, False)
    return sorted(both for both, gone in last.items() if not gone)
