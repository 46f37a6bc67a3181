"""A fee is worked out from the item's rule and the application, with the way it came about; nobody types a sum."""

from dataclasses import replace

import pytest

from sync_protocol.case import fees
from sync_protocol.case.editions import Edition, from_bytes, to_bytes
from sync_protocol.case.fees import FeeRule, Step, Sum
from tests.sync_protocol.case.histories import catalogue
from tests.sync_protocol.case.test_editions import FULL

ITEM = catalogue().item("034")
STEPPED = ("数量 | area * days | 平方米·天", "至 10 | 5.00 | 0.00", "至 100 | 5.00 | 1.00", "以上 | 95.00 | 0.50")


def owed(lines: tuple[str, ...], area: str, days: str = "1") -> Sum | tuple[str, str]:
    rule = fees.read(lines)
    assert rule is not None and fees.is_sound(rule, ITEM.form)
    return fees.work_out(rule, ITEM.form, {"占道面积（平方米）": area, "占道天数（天）": days})


def test_a_fee_for_each_unit_is_the_product_and_says_so() -> None:
    assert ITEM.fee_rule == FeeRule(("area", "days"), "平方米·天", (Step(0, 0, 100),))
    found = fees.work_out(ITEM.fee_rule, ITEM.form, {"占道面积（平方米）": "12", "占道天数（天）": "5"})
    assert found == Sum(
        6_000,
        "占道面积（平方米） 12 × 占道天数（天） 5 ＝ 60 平方米·天；60 × 1.00 元 ＝ 60.00 元",
        "area (m²) 12 × days 5 ＝ 60 平方米·天; 60 × 1.00 ＝ 60.00 yuan",
    )


def test_a_fixed_fee_asks_nothing() -> None:
    rule = catalogue().item("038").fee_rule
    assert rule is not None
    assert fees.work_out(rule, (), {}) == Sum(2_000, "固定收费 20.00 元", "fixed: 20.00 yuan")


@pytest.mark.parametrize(
    ("count", "fen"), [("1", 500), ("10", 500), ("11", 600), ("100", 9_500), ("101", 9_550), ("300", 19_500)]
)
def test_steps_begin_where_the_one_before_ends(count: str, fen: int) -> None:
    found = owed(STEPPED, count)
    assert isinstance(found, Sum) and found.fen == fen
    assert found.zh.endswith(f"{fen / 100:.2f} 元")


def test_what_the_application_does_not_say_is_asked_for_first() -> None:
    for area, days, name in (
        ("", "1", "占道面积（平方米）"),
        ("3", "0", "占道天数（天）"),
        ("三", "1", "占道面积（平方米）"),
    ):
        told = owed(STEPPED, area, days)
        assert not isinstance(told, Sum) and name in told[0]
    assert not isinstance(owed(STEPPED, "999999999999", "999999999999"), Sum)


@pytest.mark.parametrize(
    "lines",
    [
        ("数量 | purpose", "以上 | 0.00 | 1.00"),  # a text
        ("数量 | area * area", "以上 | 0.00 | 1.00"),
        ("数量 | area", "至 10 | 1.00 | 0.00"),  # no end
        ("数量 | area", "至 10 | 1.00", "至 10 | 2.00", "以上 | 3.00"),
        ("数量 | area", "以上 | 3.00", "以上 | 3.00"),
        ("数量 | area", "以上 | 0.00 | 0.00"),  # free of charge is no fee
        ("以上 | 0.00",),
        ("以上 | 1.00 | 2.00",),  # for each of what?
        ("至 10 | 1.00", "以上 | 2.00"),
    ],
)
def test_a_rule_that_cannot_be_worked_out_for_everybody_is_no_rule(lines: tuple[str, ...]) -> None:
    rule = fees.read(lines)
    assert rule is not None and not fees.is_sound(rule, ITEM.form)


@pytest.mark.parametrize(
    "line", ["二十元", "以上 | 20元", "至 十 | 1.00", "以上", "数量 | a | b | c", "以上 | 1 | 2 | 3"]
)
def test_a_line_that_is_not_understood_is_named(line: str) -> None:
    with pytest.raises(ValueError, match=line.split(" |", maxsplit=1)[0]):
        fees.read(("以上 | 1.00", line))


def test_a_rule_is_read_as_it_was_written_and_published() -> None:
    for lines in (STEPPED, ("以上 | 20.00",), ("数量 | area", "以上 | 0.00 | 1.50")):
        rule = fees.read(lines)
        assert rule is not None and fees.read(fees.write(rule)) == rule
        assert fees.is_value(fees.to_value(rule)) and fees.from_value(fees.to_value(rule)) == rule
    assert fees.read(()) is None and fees.write(None) == []
    said = Edition(replace(FULL, form=ITEM.form, rules=(), fee="按标准", fee_rule=fees.read(STEPPED)), "调整收费")
    assert from_bytes(to_bytes(said)) == said
    unsound = replace(said.item, fee_rule=fees.read(("数量 | nobody", "以上 | 0.00 | 1.00")))
    with pytest.raises(ValueError, match="fee_rule"):
        to_bytes(Edition(unsound, "调整收费"))


@pytest.mark.parametrize(
    "value",
    [None, [], [[], "", []], [["A"], "", [[0, 1, 0]]], [[], "x" * 31, [[0, 1, 0]]], [[], "", [[0, -1, 0]]],
     [[], "", [[0, 1]]], [[], "", [[0, True, 0]]], [["a", "b", "c", "d"], "", [[0, 1, 0]]], [[], "\n", [[0, 1, 0]]]],
)  # fmt: skip
def test_a_value_of_another_form_is_no_rule(value: object) -> None:
    assert not fees.is_value(value)
