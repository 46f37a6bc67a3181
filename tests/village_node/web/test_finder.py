"""Finding an item by what people type, and the one-time notice of each."""

from importlib import resources

import pytest

from sync_protocol.case.catalogue import Catalogue
from tests.village_node.web.counter import Counter, Visitor
from village_node.web.finder import Finder, everyday, first_letters, readings, spellings

SAID = [word for row in everyday() for word in row.words]


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
        ("shenghuo", "001"),
        ("zuidishenghuobaozhang", "001"),
    ],
)
def test_an_item_is_found_by_number_name_or_initials(finder: Finder, typed: str, found: str) -> None:
    assert found in [item.item_no for item in finder.find(typed)]


@pytest.mark.parametrize(
    ("typed", "item_no", "word", "term"),
    [
        ("低保", "001", "低保", "最低生活保障"),
        ("我要办低保", "001", "低保", "最低生活保障"),
        ("db", "001", "低保", "最低生活保障"),
        ("dibao", "001", "低保", "最低生活保障"),
        ("五保", "002", "五保", "特困人员"),
        ("盖房", "007", "盖房", "宅基地"),
        ("新农合", "012", "新农合", "医保参保"),
        ("xnh", "012", "新农合", "医保参保"),
        ("准生证", "014", "准生证", "生育登记"),
        ("老年证", "001", "老年证", ""),
    ],
)
def test_a_word_that_people_use_leads_to_the_item_and_is_named(
    finder: Finder, typed: str, item_no: str, word: str, term: str
) -> None:
    first = finder.look(typed)[0]
    assert (first.item.item_no, first.word, first.term) == (item_no, word, term)


def test_every_everyday_word_finds_something_and_none_finds_everything(finder: Finder) -> None:
    assert len(SAID) == len(set(SAID)) > 300
    for word in SAID:
        assert 0 < len(finder.find(word)) < len(finder.items) / 2, word


def test_pinyin_is_read_by_whole_characters_and_from_two_on(finder: Finder) -> None:
    found = [item.item_no for item in finder.find("yanglao")]
    assert "009" in found and "007" not in found
    assert "001" not in [item.item_no for item in finder.find("dishen")], (
        "低 and 生 do not follow one another like that"
    )
    assert finder.find("zhongguancun") == []


@pytest.mark.slow
def test_every_everyday_word_is_found_by_its_initials_as_well(finder: Finder) -> None:
    letters = first_letters(readings("".join(SAID)))
    for word in SAID:
        for typed in sorted(spellings(word, letters))[:1]:
            assert 0 < len(finder.find(typed)) < len(finder.items) / 2, (word, typed)


def test_every_item_of_the_sample_catalogue_has_an_everyday_word(finder: Finder) -> None:
    meant = {hit.item.item_no for word in SAID for hit in finder.look(word) if hit.term or hit.rank < 2}
    assert {item.item_no for item in finder.items} - meant <= {"043"}


def test_a_number_goes_before_a_name_a_name_before_a_word_and_a_department_before_a_class(finder: Finder) -> None:
    assert finder.look("001")[0].item.item_no == "001"
    ranks = [hit.rank for hit in finder.look("养老")]
    assert ranks == sorted(ranks) and len(set(ranks)) == 1
    assert {hit.item.department for hit in finder.look("民政")} == {"民政"}
    assert {hit.item.kind for hit in finder.look("联办件")} == {"联办件"}
    assert [(hit.item.item_no, hit.word) for hit in finder.look("会计")] == [("042", "")]
    low = finder.look("印刷")
    assert low[0].word == "" and "印刷" in low[0].item.name, "what bears the name goes first"


def test_the_page_says_which_word_led_to_an_item(agent: Visitor) -> None:
    assert "“低保”，这里叫“最低生活保障”" in agent.open("/items?q=低保").text
    assert "“老年证”由民政部门管" in agent.open("/items?q=老年证").text
    assert "这里叫" not in agent.open("/items?q=最低生活").text


def test_a_character_with_two_readings_is_found_by_either() -> None:
    letters = first_letters(readings("单位解约"))
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
