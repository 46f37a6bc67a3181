"""Finding an item by what people type, and the one-time notice of each."""

from importlib import resources

import pytest

from sync_protocol.case.catalogue import Catalogue
from tests.village_node.web.counter import Counter, Visitor
from village_node.web.finder import Finder, first_letters, spellings


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder(
        Catalogue.from_csv(resources.files("sync_protocol.case").joinpath("catalogue.csv").read_text("utf-8"))
    )


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("001", "001"),
        ("低生活", "001"),
        ("zdsh", "001"),
        ("ZDSH", "001"),
        ("\uff5a\uff44\uff53\uff48", "001"),
        ("minimum living", "001"),
        ("lmcf", "008"),
        ("glj", "004"),
        ("tkry", "002"),
    ],
)
def test_an_item_is_found_by_number_name_or_initials(finder: Finder, typed: str, found: str) -> None:
    assert found in [item.item_no for item in finder.find(typed)]


def test_a_character_with_two_readings_is_found_by_either() -> None:
    letters = first_letters("单位解约")
    assert letters["单"] >= {"d", "c", "s"}
    assert {"dwjy", "cwjy", "swxy"} <= spellings("单位解约", letters)


def test_spellings_have_an_end() -> None:
    assert len(spellings("单" * 40, {"单": frozenset("dcs")})) == 64


def test_department_and_class_narrow_the_list(finder: Finder) -> None:
    assert {item.department for item in finder.find("", department="民政")} == {"民政"}
    assert {item.kind for item in finder.find("", kind="即办件")} == {"即办件"}
    assert finder.find("", department="没有这个部门") == []


def test_items_out_of_force_are_not_offered(finder: Finder) -> None:
    assert "015" not in [item.item_no for item in finder.find("")]
    assert finder.newest("015") is None
    assert len(finder.find("")) == 42


def test_nothing_odd_that_is_typed_breaks_the_finder(finder: Finder) -> None:
    for typed in ("%", "'; DROP TABLE cases; --", "\x00", "🙂", "x" * 60, "(", "\\"):
        finder.find(typed)


def test_filters_stay_in_the_page(agent: Visitor) -> None:
    page = agent.open("/items?q=zdsh&department=民政").text
    assert 'value="zdsh"' in page
    assert "<option selected>民政</option>" in page
    assert "最低生活保障审核确认" in page
    assert "林木采伐" not in page


@pytest.mark.parametrize("item_no", ["001", "016", "022", "028", "040"])
def test_the_notice_lists_every_paper(agent: Visitor, village: Counter, item_no: str) -> None:
    item = village.member.casebook.catalogue.item(item_no)
    page = agent.open(f"/items/{item_no}").text
    for paper in item.materials:
        assert paper in page
    assert (f"/file/{item_no}" in page) == (item_no not in ("028",))


def test_an_item_that_cannot_be_filed_here_says_why(agent: Visitor) -> None:
    for path in ("/items/028", "/file/028"):
        page = agent.open(path).text
        assert "请到县政务服务中心窗口" in page
    assert agent.open("/items/999").status_code == 404


def test_a_resident_sees_the_guide_without_buttons_for_staff(village: Counter) -> None:
    page = village.visitor().open("/items").text
    assert "最低生活保障审核确认" in page
    assert "/file/" not in page
