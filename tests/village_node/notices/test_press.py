"""Every sheet comes out as it should: complete, the same each time, literal, with the remedies where they are owed."""

from typing import Any, cast

import pytest

from sync_protocol.case.documents import TYPES
from tests.village_node.notices.given import LONG, given, read, words
from village_node.notices import bulletins, fonts, letters, sheets, supervising, voices
from village_node.notices.press import TEMPLATES, CannotPrint, pressed
from village_node.notices.printing import NotPrinted, Printer

SHEETS = [(code, paper) for code in sheets.TEMPLATES for paper in sheets.PAPERS.get(code, sheets.A4_ALONE)]
NAMES = [sheets.template_of(code) for code in sheets.TEMPLATES]
# Markup of the typesetter, of SVG and of others, and what is typed by accident.
HOSTILE = (
    r'#import "x.typ": * $1/0$ \ *粗* _斜_ `码` @引 <标> //注 /*注*/ = 题 "引" #panic() </svg> {{ 7*7 }} &amp; %s ~'
)
RARE = "𬱖𫖮䶮㛃"


def test_every_template_is_one_of_a_document_and_every_document_with_an_event_has_one() -> None:
    there = {path.stem for path in TEMPLATES.glob("*_v*.typ")}
    assert there == {*NAMES, letters.TEMPLATE, *supervising.TEMPLATES.values(), voices.TEMPLATE, bulletins.TEMPLATE}
    assert {code for code, row in TYPES.items() if row.rests_on} == sheets.TEMPLATES.keys()


@pytest.mark.parametrize(("code", "paper"), SHEETS)
def test_every_sheet_has_its_number_its_name_its_date_and_only_embedded_fonts(code: str, paper: str) -> None:
    document = pressed(sheets.template_of(code), given(paper=paper, title=TYPES[code].zh))
    shown = words(document)
    for expected in (
        TYPES[code].zh,
        "民政行审04〔2026〕621021-7M7N-12号",
        "张秀兰",
        "0123456789abcdef",
        "截至2026年11月18日",
    ):
        assert expected in shown, expected
    reader = read(document)
    assert len(reader.pages) == 1
    width, height = (float(each) / 72 * 25.4 for each in reader.pages[0].mediabox[2:])
    assert {"a4": (210, 297), "a5": (148, 210)}.get(paper, (80, round(height))) == (round(width), round(height))
    faces: list[Any] = [
        font.get_object()["/DescendantFonts"][0].get_object()
        for font in cast(Any, reader.pages[0]["/Resources"])["/Font"].values()
    ]
    assert faces
    for face in faces:
        assert "/FontFile3" in face["/FontDescriptor"].get_object()
        assert "Noto" in face["/BaseFont"]


@pytest.mark.parametrize("template", NAMES)
def test_the_same_data_give_the_same_bytes(template: str) -> None:
    assert pressed(template, given()) == pressed(template, given())


@pytest.mark.parametrize("template", NAMES)
def test_what_people_type_is_shown_as_it_is(template: str) -> None:
    shown = words(pressed(template, given(HOSTILE)))
    assert "".join(HOSTILE.split()) in shown
    assert "49" not in shown


@pytest.mark.parametrize("template", NAMES)
def test_rare_characters_and_very_long_names_are_set(template: str) -> None:
    assert RARE in words(pressed(template, given(RARE)))
    assert LONG in words(pressed(template, given(LONG)))


def test_a_character_that_no_font_has_is_marked_and_named_to_be_written_by_hand() -> None:
    shown = words(pressed("04_v3", given("孙\U000212e4")))
    assert "孙〓" in shown and "U+212E4" in shown


@pytest.mark.parametrize(
    "template", [sheets.template_of(code) for code, row in TYPES.items() if row.adverse and row.rests_on]
)
@pytest.mark.parametrize("missing", [None, "reconsider_at", "reconsider_days", "court", "court_months"])
def test_an_adverse_decision_without_the_remedies_is_not_set(template: str, missing: str | None) -> None:
    told = given()["remedy"]
    assert "行政复议" in words(pressed(template, given())) and "六个月" not in words(pressed(template, given()))
    assert "60日内" in words(pressed(template, given())) and "6个月内" in words(pressed(template, given()))
    with pytest.raises(CannotPrint, match="remed"):
        pressed(template, given(remedy=None if missing is None else {**told, missing: ""}))


def test_a_refusal_without_reasons_is_not_set() -> None:
    with pytest.raises(CannotPrint, match="reasons"):
        pressed("12_v2", given(reasons=""))


def test_a_draft_says_so_across_the_page() -> None:
    assert "草稿" not in words(pressed("04_v3", given()))
    assert "草稿" in words(pressed("04_v3", given(draft=True)))


def test_long_reasons_go_on_on_the_next_page_and_the_seal_stays_with_the_date() -> None:
    document = pressed("12_v2", given(reasons="经核对，家庭月人均收入超过标准。" * 120))
    reader = read(document)
    assert len(reader.pages) == 3
    last = reader.pages[-1].extract_text()
    assert "样章" in last and "2026 年 11 月 18 日" in last


def test_the_press_in_its_own_process_gives_what_the_press_here_gives() -> None:
    assert Printer().print("04_v3", given("张𬱖")) == pressed("04_v3", given("张𬱖"))


def test_a_sheet_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(NotPrinted) as refused:
        Printer(limit_s=0.001).print("04_v3", given())
    assert "案件不受影响" in refused.value.zh


def test_a_sheet_that_cannot_be_set_says_what_to_do_and_not_what_was_typed() -> None:
    with pytest.raises(NotPrinted) as refused:
        Printer().print("12_v2", given(remedy=None))
    assert "手工" in refused.value.zh and "张秀兰" not in refused.value.zh


def test_who_waits_too_long_for_a_turn_is_told_to_come_again() -> None:
    with pytest.raises(NotPrinted) as refused:
        Printer(at_once=0, patience_s=0.0).print("04_v3", given())
    assert "稍候" in refused.value.zh


def test_fonts_that_are_not_the_known_ones_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts.folder.cache_clear()
    monkeypatch.setattr(fonts, "KNOWN", {"NotoSerifSC-Regular.otf": frozenset({"0" * 64})})
    with pytest.raises(fonts.NoFonts, match="not a known version"):
        fonts.folder()
    monkeypatch.setattr(fonts, "KNOWN", {"Absent.otf": frozenset({"0" * 64})})
    with pytest.raises(fonts.NoFonts, match="install it again"):
        fonts.folder()
    monkeypatch.setattr(fonts, "PACKAGE", "no_such_package")
    with pytest.raises(fonts.NoFonts, match="is missing"):
        fonts.folder()


@pytest.mark.parametrize("paper", voices.PAPERS)
def test_the_papers_of_a_complaint_show_what_was_said_as_it_is(paper: str) -> None:
    said = {"code": "0123456789ABC", "text": HOSTILE, "place": "621021101201", "who": "王芳", "by": f"张{RARE[0]}兰"}
    told = {
        "place": "上关村",
        "handler": "驿马镇便民服务中心",
        "taken_at": "上关村便民服务站",
        "until": "2026年12月9日",
    }
    answered = {"outcome": "partly", "text": HOSTILE}
    at_ms = 1_795_000_000_000
    document = pressed(
        voices.TEMPLATE, voices.given_for(paper, "621021101201-261118-0SAC-2-Y", said, answered, told, at_ms, at_ms)
    )
    shown = words(document)
    assert voices.PAPERS[paper] in shown and "".join(HOSTILE.split()) in shown and "王芳" in shown
    assert ("012345-6789ABC" in shown) == (paper == "slip"), "the code is on the slip alone"
    assert ("部分属实" in shown) == (paper == "answer")
    assert len(read(document).pages) == 1
