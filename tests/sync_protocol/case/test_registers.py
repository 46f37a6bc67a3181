"""The registers of a place: the form of an entry, who may decide, which seal is used, whose kin it is."""

import random
from dataclasses import replace
from datetime import date
from importlib import resources
from typing import Any

import pytest

from sync_protocol import encoding
from sync_protocol.case import Catalogue, kinds, kinship, registers, seals
from sync_protocol.case.delegations import Register, authority, countersigner, may_be_delegated, register_of
from sync_protocol.case.events import Position
from sync_protocol.case.registers import Entry

CATALOGUE = Catalogue.from_csv(
    resources.files("sync_protocol.case").joinpath("catalogue.csv").read_text(encoding="utf-8")
)
CIVIL = CATALOGUE.item("006")  # 民政, delegable
AGED = CATALOGUE.item("025")
WELFARE = CATALOGUE.item("001")  # made public: not delegable
DAY_MS = 86_400_000
DELEGATION: dict[str, Any] = {
    "what": "delegate",
    "department": "民政",
    "head": "9",
    "head_name": "冯局长",
    "a": "1",
    "a_name": "陈副局长",
    "b": "2",
    "b_name": "楚科长",
    "full": ["006"],
    "limited": ["025"],
    "first": "2026-03-01",
    "last": "2028-02-29",
    "document_no": "民政委〔2026〕1号",
}


def at(day: str, hour: int = 12) -> int:
    """A moment of the county's clock."""
    return (date.fromisoformat(day) - date(1970, 1, 1)).days * DAY_MS + (hour - 8) * 3_600_000


class Book:
    """A place's register as it grows; ``order``: of the life that writes."""

    def __init__(self, *, by_two: bool = True) -> None:
        self.by_two = by_two
        self.entries: list[Entry] = []

    def say(self, said: dict[str, Any], actor: str = "9", day: str = "2026-02-20", order: int = 0) -> Position:
        seq = len(self.entries) + 1
        position = Position(bytes([order]) * 16, seq, random.Random(seq).randbytes(8))
        kind = kinds.AUTHORITY
        read = registers.from_bytes(kind, registers.to_bytes(kind, said))
        assert read is not None
        self.entries.append(Entry(position, order, at(day), actor, read))
        return position

    def delegate(self, consented: bool = True, **changes: Any) -> Position:
        position = self.say({**DELEGATION, **changes})
        if consented:
            self.consent(position)
        return position

    def consent(self, position: Position, actor: str = "5") -> Position:
        return self.say({"what": "consent", "of": list(position), "document_no": "中心函1号"}, actor)

    def out(self, person: str, first: str, last: str = "", day: str = "2026-02-20") -> Position:
        return self.say({"what": "absent", "person": person, "first": first, "last": last}, day=day)

    @property
    def register(self) -> Register:
        shuffled = random.Random(4).sample(self.entries, len(self.entries))
        return register_of(shuffled, by_two=self.by_two)

    def why(
        self, actor: str = "2", item: Any = CIVIL, act: str = "decide", when: int | None = None, *, then: bool = False,
        is_head: bool = False,
    ) -> str:  # fmt: skip
        moment = at("2026-05-06") if when is None else when
        register = self.register.as_of(moment) if then else self.register
        found = authority(register, item, act, actor, moment, is_head=is_head)
        return found.why_not[0] if found.why_not else ""


def test_an_entry_comes_back_as_it_was_said() -> None:
    raw = registers.to_bytes(kinds.AUTHORITY, DELEGATION)
    assert registers.from_bytes(kinds.AUTHORITY, raw) == DELEGATION
    kin = {"staff_no": "1001", "kin_name": "吴小", "kin_id_no": "62282519650506004X", "relation": "父女"}
    assert registers.from_bytes(kinds.KIN, registers.to_bytes(kinds.KIN, kin)) == kin
    for kind, table in registers.TABLES.items():
        assert kinds.BY_NUMBER[kind].role == "other" and table.kind == kind


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("what", {"what": "lend"}),
        ("department", {"department": ""}),
        ("head", {"head": ""}),
        ("b", {"b": "1"}),
        ("b_name", {"b_name": ""}),
        ("a_name", {"a": "", "b": "", "b_name": ""}),
        ("full", {"full": ["006", "006"]}),
        ("first", {"first": "2026-02-30"}),
        ("last", {"last": "2026-02-28"}),
        ("document_no", {"document_no": ""}),
    ],
)
def test_an_entry_that_does_not_fit_is_named_and_says_nothing(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^{field}$"):
        registers.to_bytes(kinds.AUTHORITY, {**DELEGATION, **changes})


def test_what_is_no_entry_says_nothing() -> None:
    assert registers.from_bytes(kinds.AUTHORITY, b"\xff") is None
    assert registers.from_bytes(kinds.SEAL, encoding.encode([1])) is None
    with pytest.raises(ValueError, match="full"):
        registers.to_bytes(kinds.AUTHORITY, {**DELEGATION, "full": [f"{number:030}" for number in range(100)]})


def test_the_one_on_duty_decides_what_the_delegation_covers() -> None:
    book = Book()
    position = book.delegate()
    found = authority(book.register, CIVIL, "decide", "2", at("2026-05-06"), is_head=False)
    assert found.why_not is None and found.relied_on == [position]
    assert "您不是" in book.why("3") and "楚科长" in book.why("3")
    assert "未授权" in book.why(item=AGED)
    assert not book.why(item=AGED, act="issue")
    assert "没有首席代表委托书" in book.why(item=CATALOGUE.item("021"))


def test_a_term_is_inclusive_at_local_midnight() -> None:
    book = Book()
    book.delegate()
    assert "自2026-03-01起" in book.why(when=at("2026-03-01", 0) - 1)
    assert not book.why(when=at("2026-03-01", 0))
    assert not book.why(when=at("2028-03-01", 0) - 1)
    assert "期满" in book.why(when=at("2028-03-01", 0))


def test_without_the_consent_of_another_it_does_not_hold() -> None:
    book = Book()
    position = book.delegate(consented=False)
    assert "尚未经中心同意" in book.why()
    book.consent(position, actor="9")  # who delegates does not consent
    assert "尚未经中心同意" in book.why()
    book.consent(position)
    assert not book.why()
    alone = Book(by_two=False)
    alone.delegate(consented=False)
    assert not alone.why()


def test_a_revoked_one_does_not_hold_and_the_one_before_holds_again() -> None:
    book = Book()
    first = book.delegate()
    second = book.delegate(b="4", b_name="褚科长", document_no="2号")
    assert "您不是" in book.why("2") and not book.why("4")
    book.say({"what": "revoke", "of": list(second), "document_no": "撤1号", "reason": "调离"})
    assert not book.why("2")
    book.say({"what": "revoke", "of": list(first), "document_no": "撤2号", "reason": "调离"})
    assert "已撤销" in book.why("2")


def test_a_acts_only_when_b_is_out_and_with_both_out_the_head_does() -> None:
    book = Book()
    position = book.delegate()
    assert "B角楚科长在岗" in book.why("1")
    absence = book.out("2", "2026-05-06", "2026-05-07")
    found = authority(book.register, CIVIL, "decide", "1", at("2026-05-06"), is_head=False)
    assert found.why_not is None and found.relied_on == [position, absence]
    assert "外出" in book.why("2")
    assert not book.why("2", when=at("2026-05-08")) and "在岗" in book.why("1", when=at("2026-05-08"))
    book.out("1", "2026-05-06")
    assert "外出" in book.why("1") and not book.why("9")
    book.say({"what": "back", "of": list(absence)})  # during the day
    assert not book.why("2")


def test_an_absence_entered_afterwards_heals_nothing() -> None:
    book = Book()
    book.delegate()
    book.out("2", "2026-05-06", day="2026-05-07")
    decided = at("2026-05-06")
    assert "在岗" in book.why("1", when=decided, then=True)
    assert not book.why("1", when=decided)


def test_of_two_revocations_the_one_entered_by_then_counts_whatever_its_place_in_the_order() -> None:
    book = Book()
    position = book.delegate()
    for day in ("2026-05-09", "2026-05-04"):  # the clock was set right in between
        book.say({"what": "revoke", "of": list(position), "document_no": "撤1号", "reason": "调离"}, day=day)
    assert "没有" not in book.why("2", then=True) and "已撤销" in book.why("2", then=True)
    assert not book.why("2", when=at("2026-05-03"), then=True)


def test_who_has_no_name_heads_nothing() -> None:
    assert "没有首席代表委托书" in Book().why("")


def test_what_may_not_be_delegated_is_the_heads() -> None:
    book = Book()
    book.delegate(full=["006", "001"])
    assert "不得授权" in book.why(item=WELFARE) and "冯局长" in book.why(item=WELFARE)
    assert not book.why("9", item=WELFARE)
    assert "冯局长" in book.why("8", item=WELFARE, is_head=True)  # another department's head
    assert not Book().why("8", item=WELFARE, is_head=True)
    assert not may_be_delegated(CATALOGUE.item("005")) and may_be_delegated(CIVIL)
    barred = replace(CIVIL, publicity_days=7, special_procedures=("组织专家评审",))
    assert not may_be_delegated(barred) and may_be_delegated(replace(barred, delegable_basis="庆政〔2026〕3号"))


def test_a_department_is_countersigned_by_its_own_people() -> None:
    book = Book()
    position = book.delegate()
    moment = at("2026-05-06")
    assert countersigner(book.register, "民政", "2", moment).relied_on == [position]
    assert countersigner(book.register, "民政", "9", moment).why_not is None
    for actor, department in (("1", "民政"), ("3", "民政"), ("2", "林业"), ("", "民政")):
        assert countersigner(book.register, department, actor, moment).why_not is not None, (actor, department)


def test_thirty_days_before_the_end_it_is_told_unless_another_follows() -> None:
    book = Book()
    book.delegate()
    assert not book.register.ending(at("2028-01-30"))
    assert len(book.register.ending(at("2028-01-31"))) == 1
    book.delegate(first="2028-03-01", last="2030-02-28", document_no="2号")
    assert not book.register.ending(at("2028-01-31"))


def seal(number: str = "民政-2", **changes: Any) -> dict[str, Any]:
    return {
        "seal_no": number,
        "use": "decision",
        "owner": "庆城县民政局",
        "department": "民政",
        "mark": "2",
        "custodians": ["2"],
        "first": "2026-08-01",
        "document_no": "1号",
        **changes,
    }


def used(saids: list[dict[str, Any]], actor: str = "2", day: str = "2026-08-01", kind: int = kinds.DECIDE) -> seals.Use:
    entries = []
    for seq, said in enumerate(saids, start=1):
        read = registers.from_bytes(kinds.SEAL, registers.to_bytes(kinds.SEAL, said))
        assert read is not None
        entries.append(Entry(Position(bytes(16), seq, bytes(8)), 0, 0, "9", read))
    return seals.use(seals.seals_of(reversed(entries)), kind, CIVIL, actor, date.fromisoformat(day))


def test_only_a_custodian_uses_a_seal_and_an_old_one_is_out_of_use() -> None:
    assert used([seal()]) == seals.Use(None, "民政-2")
    assert used([]) == seals.Use(None)
    assert used([seal(department="林业")]) == seals.Use(None)
    assert used([seal()], kind=kinds.DOCKET) == seals.Use(None)
    for saids, actor, day in (([seal()], "3", "2026-08-01"), ([seal()], "2", "2026-07-31")):
        assert used(saids, actor, day).why_not is not None
    old = seal("民政", first="2010-01-01", last="2026-07-31")
    assert used([old], day="2026-07-31").number == "民政"
    assert used([old], day="2026-08-01").why_not is not None
    assert used([old, seal()]).number == "民政-2"
    assert used([seal(), seal(custodians=["4"])]).why_not is not None
    assert used([seal(), seal(custodians=["4"])], "4").number == "民政-2"


def test_kin_is_declared_and_withdrawn_and_a_number_is_compared_as_it_is_meant() -> None:
    said = {"staff_no": "1", "kin_name": "吴小", "kin_id_no": " 6228 25x", "relation": "父女"}
    first = Entry(Position(bytes(16), 1, bytes(8)), 0, 0, "9", said)
    declared = kinship.kin_of("621021000000", [first])
    assert [(kin.staff_no, kin.id_no) for kin in declared] == [("1", "622825X")]
    gone = Entry(Position(bytes(16), 2, bytes(8)), 0, 0, "9", {**said, "withdrawn": True})
    assert not kinship.kin_of("621021000000", [gone, first])
