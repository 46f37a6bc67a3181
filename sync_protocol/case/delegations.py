"""Who may act in a department's name at a place: its head, and within a delegation its chief representatives A and B.

All here is a function of the entries of the place's register, the item and a moment: any node finds the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sync_protocol.case.catalogue import Item
from sync_protocol.case.events import Position
from sync_protocol.case.publications import age
from sync_protocol.case.registers import Entry
from sync_protocol.case.workdays import day_of

REMIND_DAYS: Final = 30
Words = tuple[str, str]
ACTS: Final[dict[str, Words]] = {
    "decide": ("作出决定", "decide"),
    "issue": ("制证用印", "make the certificate"),
}


class Delegation(NamedTuple):
    """One delegation with what was entered about it later."""

    entry: Entry
    consent: Entry | None
    revoked: Entry | None

    @property
    def position(self) -> Position:
        """How a decision names it."""
        return self.entry.position

    def text(self, name: str) -> str:
        """A field of the delegation; empty where it is absent."""
        return str(self.entry.said.get(name, ""))

    def covers(self, item_no: str, act: str) -> bool:
        """Whether its lists hold the item for this act: to decide takes the full one."""
        full, limited = self.entry.said.get("full", ()), self.entry.said.get("limited", ())
        return item_no in full or (act != "decide" and item_no in limited)


@dataclass
class Register:
    """The entries of one place in their order. ``by_two``: its delegations need the centre's consent."""

    by_two: bool = False
    delegations: list[Delegation] = field(default_factory=list)
    absences: list[tuple[Entry, Entry | None]] = field(default_factory=list)
    history: list[Entry] = field(default_factory=list)

    def departments(self) -> list[str]:
        """Every department that ever had a delegation here."""
        return list(dict.fromkeys(each.text("department") for each in self.delegations))

    def as_of(self, at_ms: int) -> "Register":
        """The register as it was at a moment: of what was entered by then. What came afterwards heals nothing."""
        return register_of((entry for entry in self.history if entry.claimed_ms <= at_ms), by_two=self.by_two)

    def in_force(self, department: str, at_ms: int) -> Delegation | None:
        """The newest delegation of a department that holds on a day."""
        day = day_of(at_ms).isoformat()
        for each in self.delegations[::-1]:
            if each.text("department") == department and self._holds(each, day):
                return each
        return None

    def newest(self, department: str) -> Delegation | None:
        """The newest delegation of a department, whether it holds or not."""
        for each in self.delegations[::-1]:
            if each.text("department") == department:
                return each
        return None

    def _holds(self, each: Delegation, day: str) -> bool:
        if each.revoked is not None or (self.by_two and each.consent is None):
            return False
        return each.text("first") <= day <= each.text("last")

    def absence(self, person: str, at_ms: int) -> Entry | None:
        """The first entry by which somebody is out on a day, unless an entry says that they are back."""
        day = day_of(at_ms).isoformat()
        for entry, back in self.absences:
            there = entry.said["person"] == person and back is None
            if there and entry.said["first"] <= day <= entry.said.get("last", "9999-12-31"):
                return entry
        return None

    def ending(self, at_ms: int) -> list[Delegation]:
        """The delegations in force that end within the days of the reminder and have none to follow them."""
        after = at_ms + REMIND_DAYS * 86_400_000
        held = [self.in_force(department, at_ms) for department in self.departments()]
        return [each for each in held if each is not None and self.in_force(each.text("department"), after) is None]


def register_of(entries: Iterable[Entry], *, by_two: bool) -> Register:
    """Make the register of a place of its entries, in whatever order they come.

    A consent counts if it is another person's than the delegation's; a revocation and a return count whoever wrote
    them; each names an entry of this very place, and of several the first counts.
    """
    made = Register(by_two)
    later: dict[tuple[str, Position], Entry] = {}
    made.history = sorted(entries, key=age)
    written = {entry.position: entry for entry in made.history}
    for entry in made.history:
        what = entry.said["what"]
        if what not in ("consent", "revoke", "back"):
            continue
        position = Position(*entry.said["of"])
        named = written.get(position)
        wanted = "absent" if what == "back" else "delegate"
        if named is None or named.said["what"] != wanted or (what == "consent" and named.actor == entry.actor):
            continue
        later.setdefault((what, position), entry)
    for entry in made.history:
        if entry.said["what"] == "delegate":
            consent, revoked = (later.get((what, entry.position)) for what in ("consent", "revoke"))
            made.delegations.append(Delegation(entry, consent, revoked))
        elif entry.said["what"] == "absent":
            made.absences.append((entry, later.get(("back", entry.position))))
    return made


def may_be_delegated(item: Item) -> bool:
    """Whether a decision on the item may be delegated: what is made public first or has a step of Art. 45 only where
    the county names the document that lets it."""
    return item.delegable and (bool(item.delegable_basis) or not item.decided_in_person)


class Authority(NamedTuple):
    """What the register says of one person and one act: why not, or what it rests on (nothing: the head's own)."""

    why_not: Words | None = None
    delegation: Delegation | None = None
    absence: Entry | None = None

    @property
    def relied_on(self) -> list[Position]:
        """The entries that a decision names."""
        entries = (self.delegation.entry if self.delegation else None, self.absence)
        return [each.position for each in entries if each is not None]


def authority(register: Register, item: Item, act: str, actor: str, at_ms: int, *, is_head: bool) -> Authority:
    """Judge whether somebody may do an act on cases of an item at a moment. ``is_head``: holds a head's post there;
    that is asked only where no delegation in force names who heads the department."""
    department = item.department
    held = register.in_force(department, at_ms)
    if is_head if held is None else actor == held.text("head"):
        return Authority()
    if act == "decide" and not may_be_delegated(item):
        return Authority(_to_the_head(held, department, "本事项不得授权首席代表", "this item may not be delegated"))
    if held is None:
        return Authority(_to_the_head(None, department, *_why_none(register, department, at_ms)))
    why = _why_not_representative(register, held, item, act, actor, at_ms)
    if why is not None:
        return Authority(why)
    return Authority(None, held, _who_is_out(register, held, actor, at_ms))


def countersigner(register: Register, department: str, actor: str, at_ms: int) -> Authority:
    """Judge whether somebody may countersign for a department: its head, or its representative on duty."""
    held = register.in_force(department, at_ms)
    if held is None:
        return Authority(_to_the_head(None, department, *_why_none(register, department, at_ms)))
    if actor == held.text("head"):
        return Authority(None, held)
    why = _why_not_on_duty(register, held, actor, at_ms)
    return Authority(why) if why else Authority(None, held, _who_is_out(register, held, actor, at_ms))


def _why_not_representative(
    register: Register, held: Delegation, item: Item, act: str, actor: str, at_ms: int
) -> Words | None:
    why = _why_not_on_duty(register, held, actor, at_ms)
    if why is not None or held.covers(item.item_no, act):
        return why
    zh, en = ACTS[act]
    lead = (
        f"委托书（{held.text('document_no')}）未授权对本事项{zh}",
        f"the delegation does not let them {en} this item",
    )
    return _to_the_head(held, item.department, *lead)


def _why_not_on_duty(register: Register, held: Delegation, actor: str, at_ms: int) -> Words | None:
    a, b = held.text("a"), held.text("b")
    if actor not in (a, b) or not actor:
        who_zh = "、".join(f"{held.text(f'{role}_name')}（{role.upper()}角）" for role in "ab" if held.text(role))
        who_en = ", ".join(f"{held.text(f'{role}_name')} ({role.upper()})" for role in "ab" if held.text(role))
        department = held.text("department")
        zh, en = f"您不是“{department}”的首席代表", f"you are no chief representative of {department}"
        if not who_zh:
            return _to_the_head(held, department, zh, en)
        head = held.text("head_name")
        return f"{zh}，须由{who_zh}或负责人{head}办理", f"{en}: {who_en} may, or its head {head}"
    if register.absence(actor, at_ms) is not None:
        out = "您已登记外出，须先登记返岗", "you are entered as out: enter that you are back first"
        return _to_the_head(held, held.text("department"), *out)
    if actor == a and b and register.absence(b, at_ms) is None:
        name = held.text("b_name")
        return (
            f"B角{name}在岗，由B角办理；B角外出并登记后由A角办理",
            f"{name} (B) is on duty and acts; A acts once B is entered as out",
        )
    return None


def _who_is_out(register: Register, held: Delegation, actor: str, at_ms: int) -> Entry | None:
    """The absence that lets A act."""
    b = held.text("b")
    return register.absence(b, at_ms) if b and actor == held.text("a") else None


def _why_none(register: Register, department: str, at_ms: int) -> Words:
    newest, day = register.newest(department), day_of(at_ms).isoformat()
    if newest is None:
        return f"“{department}”没有首席代表委托书", f"{department} has no delegation here"
    number = newest.text("document_no")
    if newest.revoked is not None:
        return f"委托书（{number}）已撤销", f"the delegation {number} is revoked"
    if register.by_two and newest.consent is None:
        return f"委托书（{number}）尚未经中心同意", f"the centre has not consented to the delegation {number} yet"
    if day < newest.text("first"):
        first = newest.text("first")
        return f"委托书（{number}）自{first}起有效", f"the delegation {number} holds from {first}"
    return f"委托书（{number}）已于{newest.text('last')}期满", f"the delegation {number} ended on {newest.text('last')}"


def _to_the_head(held: Delegation | None, department: str, zh: str, en: str) -> Words:
    name = held.text("head_name") if held else ""
    return (
        f"{zh}，须由“{department}”负责人{name}办理",
        f"{en}: the head of {department}{' ' + name if name else ''} does",
    )
