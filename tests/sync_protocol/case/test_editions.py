"""What the county says of an item version: its form, which of several counts, and the lines people write it in."""

import hashlib
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sync_protocol import encoding
from sync_protocol.case import Catalogue, forms
from sync_protocol.case.catalogue import Item, Rate
from sync_protocol.case.editions import Edition, catalogue_of, counting, from_bytes, to_bytes
from sync_protocol.case.events import Position
from sync_protocol.case.publications import Publication
from sync_protocol.case.routes import CasePath, why_not_routed
from tests.sync_protocol.case.histories import PLACES, catalogue
from tests.sync_protocol.case.script import VILLAGE

FULL = replace(
    catalogue().item("022"),
    version=2,
    papers=(forms.Paper("身份证", 2, True, "成年的", False, "share", "A"), forms.Paper("借款合同", tolerable=True)),
    rates=(Rate("工本费", 550, "份"),),
    guide=(("conditions", "已缴存满六个月"),),
    commitment=True,
    publicity_unit="working",
    begins=date(2027, 1, 1),
    ends=date(2027, 12, 31),
)
BODY: dict[int, Any] = encoding.decode(to_bytes(Edition(FULL, "按新办法")))


def test_a_version_is_read_as_it_was_said() -> None:
    said = Edition(FULL, "按新办法")
    assert from_bytes(to_bytes(said)) == said
    for item in catalogue().items():
        plain = Edition(replace(item, begins=date(2027, 1, 1)), "照旧")
        assert from_bytes(to_bytes(plain)) == plain


def test_the_bytes_of_a_body_are_frozen() -> None:
    raw = to_bytes(Edition(replace(catalogue().item("001"), version=2, begins=date(2027, 1, 1)), "照旧"))
    assert hashlib.sha256(raw).hexdigest() == "7ce54578530fdfad54bacf9cec3c7dc25814db2927d476cf01b6e62b3713824b"


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (0, ""),
        (1, 0),
        (2, "低保\u202e"),
        (5, "特办件"),
        (6, ["代办"]),
        (7, [[], "", "county", ["county"]]),
        (7, [["county", "county"], "", "county", ["county"]]),
        (7, [["higher"], "", "county", ["county"]]),
        (8, [0, -1, -1, -1, -1, -1]),
        (8, [0, 0, -2, -1, -1, -1]),
        (8, [0, 0, -1]),
        (9, [7, "weeks", True]),
        (9, [7, "working", 1]),
        (11, [["身份证", 1, True, "", False, "office", ""]]),
        (11, [["身份证", 1, True, "", False, "share", "E"]]),
        (11, [["身份证", 1]]),
        (12, [["Amount", "金额", "amount", "amount", True, [], ""]]),
        (12, [["amount", "金额", "amount", "sum", True, [], ""]]),
        (12, [["kind", "类别", "kind", "choice", True, [], ""]]),
        (12, [["a", "金额", "x", "amount", True, [], ""], ["b", "金额", "y", "amount", True, [], ""]]),
        (13, [[["amount"], ["nobody"], "不行", "no"]]),
        (13, [[[], ["amount"], "不行", "no"]]),
        (14, ["0", [["工本费", -1, "份"]]]),
        (15, [True]),
        (18, ["001", "001"]),
        (19, "2027-02-30"),
        (20, "2026-12-31"),
        (21, 1),
        (23, ["", ""]),
        (16, None),
    ],
)
def test_a_body_that_does_not_fit_says_nothing(number: int, value: Any) -> None:
    assert from_bytes(encoding.encode(BODY)) is not None
    wrong = {**BODY, number: value} if value is not None else {k: v for k, v in BODY.items() if k != number}
    assert from_bytes(encoding.encode(wrong)) is None


def test_what_is_no_body_says_nothing_and_a_later_number_is_left_alone() -> None:
    assert from_bytes(b"\xff") is None and from_bytes(encoding.encode([1])) is None
    assert from_bytes(encoding.encode({**BODY, -1: 1})) is None
    with pytest.raises(ValueError, match="size"):
        to_bytes(Edition(replace(FULL, guide=tuple((f"part{n}", "长" * 1_000) for n in range(9))), "按新办法"))


def published(item: Item, order: int, seq: int, rank: int = 0) -> Publication[Edition]:
    position = Position(bytes([order]) * 16, seq, bytes([seq]) * 8)
    return Publication(position, "", rank, order, 0, Edition(item, "x"))


def test_of_several_under_one_number_the_first_of_the_highest_place_counts() -> None:
    first, second = published(replace(FULL, name="甲"), 1, 9), published(replace(FULL, name="乙"), 2, 1)
    lower = published(replace(FULL, name="丙"), 0, 1, rank=1)
    for heard in ([first, second, lower], [lower, second, first], [second, lower, first]):
        assert counting(heard, catalogue()) == {("022", 2): first}
        assert catalogue_of(heard, catalogue()).item("022", 2).name == "甲"
    assert catalogue_of([lower], catalogue()).item("022", 2).name == "丙"
    # What a network begins with is never replaced.
    again = published(replace(FULL, version=1), 1, 1)
    assert catalogue_of([again], catalogue()).item("022") == catalogue().item("022")
    assert catalogue_of([again], Catalogue([])).find("022", 1) is not None


def test_a_theme_opens_a_case_where_it_says_which_versions_of_its_items_it_is_for() -> None:
    path, theme = CasePath(VILLAGE, PLACES), catalogue().item("043")
    assert theme.theme
    assert why_not_routed(theme, VILLAGE, path) is None
    assert why_not_routed(replace(theme, member_versions=()), VILLAGE, path) is not None
    assert why_not_routed(replace(theme, member_versions=(1, 1)), VILLAGE, path) is not None


def test_lines_are_read_as_they_are_written() -> None:
    for paper in FULL.papers:
        assert forms.read_paper(forms.write_paper(paper)) == paper
    choice = forms.Question("kind", "类别", "kind", "choice", False, ("甲", "乙"), "选一个")
    for question in (*FULL.form, choice):
        assert forms.read_question(forms.write_question(question)) == question
    for rule in FULL.rules:
        assert forms.read_rule(forms.write_rule(rule)) == rule
    assert forms.read_paper("身份证｜2份｜原件") == forms.Paper("身份证", 2, True)


@pytest.mark.parametrize(
    ("read", "line"),
    [
        (forms.read_paper, "身份证 | 很多"),
        (forms.read_paper, "| 原件"),
        (forms.read_question, "a | 金额 | amount"),
        (forms.read_question, "A | 金额 | amount | amount"),
        (forms.read_question, "a | 金额 | amount | amount | 提示 | 又一提示"),
        (forms.read_question, "a | 类别 | kind | choice"),
        (forms.read_rule, "a < b | 不行"),
        (forms.read_rule, "a <= | 不行"),
        (forms.read_rule, "a <= b"),
    ],
)
def test_a_line_that_is_not_understood_is_refused(read: Any, line: str) -> None:
    with pytest.raises(ValueError):
        read(line)


@pytest.mark.parametrize(
    ("kind", "text", "right"),
    [
        ("amount", "0", True),
        ("amount", "12.5", True),
        ("amount", "12.555", False),
        ("amount", "-1", False),
        ("amount", "1e3", False),
        ("amount", "１２", False),
        ("number", "12", True),
        ("number", "1.5", False),
        ("date", "2027-02-28", True),
        ("date", "2027-02-30", False),
        ("date", "20270228", False),
        ("choice", "甲", True),
        ("choice", "丙", False),
        ("text", "随便", True),
        ("text", "长" * 2_001, False),
        ("text", "", False),
    ],
)
def test_an_answer_is_asked_by_its_kind(kind: str, text: str, right: bool) -> None:
    question = forms.Question("a", "问题", "question", kind, True, ("甲", "乙"))
    assert (forms.why_not_answered(question, text) is None) is right
    assert forms.why_not_answered(question._replace(required=False), "") is None


def test_a_rule_counts_to_the_fen_and_what_is_left_out_as_nothing() -> None:
    item = catalogue().item("022")
    asked = {question.name: question.zh for question in item.form}

    def wrong(**given: str) -> list[str]:
        answers = {asked[name]: text for name, text in given.items()}
        return list(forms.troubles(item.form, item.rules, answers))

    assert wrong(amount="12000.10", year_repaid="12000.1", withdrawn="0", repaid="12000.10") == []
    assert wrong(amount="12000.11", year_repaid="12000.1", withdrawn="0", repaid="20000") == ["amount"]
    assert wrong(amount="1", year_repaid="1", withdrawn="0.01", repaid="1") == ["amount"]
    # A rule is not asked of what is wrong already.
    assert wrong(amount="x", year_repaid="1", withdrawn="0", repaid="1") == ["amount"]
    optional = tuple(question._replace(required=False) for question in item.form)
    assert forms.troubles(optional, item.rules, {asked["amount"]: "1"}) == {
        "amount": (item.rules[0].zh, item.rules[0].en)
    }
