"""A theme is one form, one list of papers and one case for several items, which must not contradict each other."""

from dataclasses import replace
from typing import Any

import pytest

from sync_protocol.case import Catalogue, kinds
from sync_protocol.case.catalogue import Item
from sync_protocol.case.editions import Edition, from_bytes, to_bytes
from sync_protocol.case.forms import Paper, Question, Rule
from sync_protocol.case.themes import Contradiction, Party, asked_for, complete, own_part, read_party, write_party
from tests.sync_protocol.case.histories import catalogue
from tests.sync_protocol.case.script import COUNTY, TOWNSHIP, Script
from tests.sync_protocol.case.test_editions import FULL
from tests.sync_protocol.case.test_workflow import hear

THEME = replace(catalogue().item("043"), papers=(), form=(), rules=(), member_versions=())
AREA = Question("area", "面积", "area", "number", True)
STOREYS = Question("area", "层数", "storeys", "number", True)


def known(**changes: dict[str, Any]) -> Catalogue:
    """The starter catalogue with some items of the theme changed."""
    items = [replace(item, **changes.get(f"item_{item.item_no}", {})) for item in catalogue().items()]
    return Catalogue(items)


def test_each_paper_and_each_question_is_asked_once_and_says_for_whom() -> None:
    theme = catalogue().item("043")
    assert theme.member_versions == (1, 1, 1) and theme.special_procedures == ("现场核查", "联合踏勘")
    assert theme.materials == (
        "身份证", "申请表", "经营场所证明", "场所布局图", "健康证明", "设置效果图", "场地使用证明",
    )  # fmt: skip
    assert [each.zh for each in theme.form].count("经营场所地址") == 1 and len(theme.form) == 5
    parts = catalogue().parts(theme)
    found = {name: [part.item_no for part in wanted] for name, wanted in asked_for(parts).items()}
    assert found["身份证"] == ["016", "019", "035"] and found["健康证明"] == ["019"]
    assert found["经营场所地址"] == ["019", "035"]


def test_what_two_items_ask_is_asked_as_strictly_as_the_stricter_asks() -> None:
    one = (Paper("照片", 1, False, "新办的", True, "share", "C"), Paper("证明", tolerable=True, condition="甲"))
    two = (Paper("照片", 3, True, "换证的", False, "applicant", "B"), Paper("证明", tolerable=True))
    form = (replace_question(AREA, required=False), Question("area2", "层数", "storeys", "number", False))
    rules = (Rule(("area2",), ("area",), "层数过多", "too many"),)
    changed = known(
        item_016={"papers": one, "form": (AREA,)},
        item_019={"papers": two, "form": (form[0]._replace(name="size"), STOREYS),
                  "rules": (Rule(("area",), ("size",), "层数过多", "too many"),)},
        item_035={"papers": (), "form": form, "rules": rules},
    )  # fmt: skip
    made = complete(THEME, changed)
    assert made.papers == (
        Paper("照片", 3, True, "新办的；换证的", False, "applicant", "B"), Paper("证明", tolerable=True),
    )  # fmt: skip
    # One label, one question; the rules of each item go by the names of the questions now, and none stands twice.
    asked = [(each.name, each.zh, each.required) for each in made.form]
    assert asked == [("area", "面积", True), ("area_2", "层数", True)]
    assert made.rules == (Rule(("area_2",), ("area",), "层数过多", "too many"),)


def test_what_a_theme_asks_more_strictly_than_its_items_stays_with_its_next_version() -> None:
    rule = Rule(("storeys",), ("area",), "层数过多", "too many")
    parts = known(
        item_016={
            "papers": (Paper("照片", 1, condition="新办的"),),
            "form": (AREA, replace_question(STOREYS, name="n")),
        },
        item_019={"papers": (Paper("照片", 1, condition="换证的"), Paper("证明")), "form": (AREA,)},
        item_035={"papers": (), "form": ()},
    )
    own = replace(
        THEME,
        papers=(Paper("照片", 3, True, "新办的"), Paper("平面图")),
        form=(replace_question(AREA, hint="按房产证"), replace_question(STOREYS, name="storeys")),
        rules=(rule,),
    )
    first = complete(own, parts)
    assert [paper.name for paper in first.papers] == ["照片", "平面图", "证明"]
    assert first.papers[0] == Paper("照片", 3, True, "新办的；换证的")
    left = own_part(first, parts.parts(first))
    assert [paper.name for paper in left.papers] == ["照片", "平面图"] and left.papers[0] == first.papers[0]
    assert [question.zh for question in left.form] == ["面积", "层数"] and left.rules == (rule,)
    assert complete(left, parts) == first
    plain = complete(THEME, parts)
    asked = own_part(plain, parts.parts(plain))
    assert (asked.papers, asked.form, asked.rules) == ((), (), ())


def replace_question(question: Question, **changes: Any) -> Question:
    return question._replace(**changes)


@pytest.mark.parametrize(
    ("theme", "parts", "field", "words"),
    [
        ({"members": ("016",)}, {}, "members", "两个"),
        ({"members": ("016", "999")}, {}, "members", "999"),
        ({"members": ("016", "015")}, {}, "members", "015"),  # no more in force
        ({"members": ("016", "028")}, {}, "members", "上级机关"),
        ({"members": ("016", "043")}, {}, "members", "一件事"),
        ({"decide_level": "township"}, {}, "levels", "016"),
        ({"review_level": ""}, {}, "levels", "初审"),
        ({"accept_levels": ("village",)}, {}, "levels", "受理"),
        ({"kind": "承诺件"}, {}, "kind", "联办件"),
        ({"parties": (Party("规划", 3),)}, {}, "parties", "城管"),
        ({"statutory_days": 30}, {}, "days", "20"),
        ({}, {"item_035": {"publicity_days": 7}}, "publicity", "7"),
        ({}, {"item_019": {"delegable": False}}, "delegable", "019"),
        ({}, {"item_035": {"fee": "按标准"}}, "fee", "035"),
        ({}, {"item_016": {"form": (Question("where", "经营场所地址", "where", "choice", True, ("街面",)),)}}, "form",
         "经营场所地址"),
        ({}, {"item_016": {"form": tuple(Question(f"q{n}", f"问题{n}", "q", "text", True) for n in range(32))}},
         "members", "过多"),
    ],
)  # fmt: skip
def test_items_that_cannot_be_done_as_one_are_refused_by_field(
    theme: dict[str, Any], parts: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(Contradiction) as refused:
        complete(replace(THEME, **theme), known(**parts))
    assert refused.value.field == field and words in refused.value.zh


def test_an_item_that_is_no_theme_stays_as_it_is() -> None:
    item = catalogue().item("001")
    assert complete(item, catalogue()) is item


def test_who_takes_part_is_read_as_it_is_written_and_published() -> None:
    assert read_party("城管 4") == read_party("城管｜4") == Party("城管", 4)
    assert read_party(write_party(Party("规划", 12))) == Party("规划", 12)
    for line in ("城管", "城管 0", "城管 四", "城管 1000"):
        with pytest.raises(ValueError, match=line):
            read_party(line)
    for item in (catalogue().item("043"), catalogue().item("007")):
        said = Edition(replace(item, version=2, begins=FULL.begins), "公布")
        assert from_bytes(to_bytes(said)) == said
    with pytest.raises(ValueError, match="members"):
        to_bytes(Edition(replace(catalogue().item("043"), begins=FULL.begins, member_versions=(1,)), "公布"))
    twice = replace(catalogue().item("007"), begins=FULL.begins, parties=(Party("甲", 1), Party("甲", 2)))
    with pytest.raises(ValueError, match="members"):
        to_bytes(Edition(twice, "公布"))


def at_the_decision(item: Item) -> Script:
    script = Script(item=item.item_no)
    script.create()
    script.receive()
    script.handoff(script.fold().holder or "", TOWNSHIP, "accept")
    script.accept(TOWNSHIP)
    script.docket(TOWNSHIP)
    script.review(TOWNSHIP)
    script.handoff(TOWNSHIP, COUNTY, "decide")
    script.accept(COUNTY)
    return script


def test_a_theme_is_decided_when_every_department_was_heard() -> None:
    item = catalogue().item("043")
    script = at_the_decision(item)
    early = script.write(COUNTY, kinds.DECIDE, {0: "approve"}, after=script.fold().last)
    assert script.fold().verdicts[early].reason == "heard"
    # Half of them is not all.
    script = at_the_decision(item)
    hear(script, COUNTY, replace(item, parties=item.parties[:1]))
    half = script.write(COUNTY, kinds.DECIDE, {0: "approve"}, after=script.fold().last)
    assert script.fold().verdicts[half].reason == "heard"
    script = at_the_decision(item)
    hear(script, COUNTY, item)
    script.decide(COUNTY)
    assert script.fold().state == "decided_approved"
    assert script.fold().heard == {"城管", "规划"}
    # A joint case that is no theme is decided with whom the lead asks.
    script = at_the_decision(catalogue().item("019"))
    script.decide(COUNTY)
    assert script.fold().state == "decided_approved"
