"""The catalogue's rows are typed, and a wrong one is told by line and column."""

from importlib import resources

import pytest

from sync_protocol.case import CasePath, Catalogue, CatalogueError, UnknownItem, why_not_filed
from sync_protocol.case.catalogue import COLUMNS
from tests.sync_protocol.case.histories import catalogue
from tests.sync_protocol.case.script import COUNTY, OTHER_TOWNSHIP, PLACES, STATION, VILLAGE

TEXT = resources.files("sync_protocol.case").joinpath("catalogue.csv").read_text("utf-8")
HEADER = ",".join(COLUMNS)
ROW = (
    "001,1,低保,allowance,民政,承诺件,代办,township,township,county,village;township,"
    "no,30,25,sample,,1,10,14,身份证,,7,yes,0,yes,,,,,,,"
)


def test_the_file_holds_the_43_items_and_says_what_is_sample_data() -> None:
    assert TEXT.startswith("# 样例数据 sample data")
    assert len(catalogue().items()) == 43
    assert sum(item.sample for item in catalogue().items()) == 33
    assert all(item.days_are for item in catalogue().items())


def test_a_row_is_read_with_its_types() -> None:
    item = catalogue().item("009")
    assert item.accept_levels == ("village", "township") and item.deliver_levels == ("village", "township", "county")
    assert (item.review_level, item.decide_level, item.kind) == ("township", "county", "即办件")
    assert (item.promised_days, item.fallback_days, item.budget_village_days) == (0, 3, None)
    assert item.delegable and item.in_force and not item.publicity_excluded
    assert item.materials == ("身份证", "申请表", "户口簿") and item.special_procedures == ()
    assert (item.tolerable, item.commitment) == ((), False)
    later = catalogue().item("036")
    assert (later.materials[-1:], later.tolerable, later.commitment) == (("经营场所证明",), ("经营场所证明",), True)
    assert catalogue().item("040").kind == "承诺件"
    assert not catalogue().item("015").in_force


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("001,1,", ",1,", "column item_no: ''; must not be empty"),
        ("001,1,", "001,0,", "column version: '0'; must be a whole number"),
        ("001,1,", "001,one,", "column version: 'one'"),
        ("民政", "", "column department: ''; must not be empty"),
        ("承诺件", "特办件", "column kind: '特办件'; must be one of 即办件"),
        ("代办", "包办", "column village_mode: '包办'"),
        (
            "代办,township",
            "代办,town",
            "column accept_levels: 'town'; must be one or more of village, ",
        ),
        ("代办,township", "代办,township;township", "column accept_levels"),
        (
            "代办,township,township,county",
            "代办,township,hall,county",
            "column review_level: 'hall'; must be one",
        ),
        ("township,county,", "township,nation,", "column decide_level: 'nation'"),
        (",no,30,", ",no,thirty,", "column statutory_days: 'thirty'; must be a whole number of days"),
        (",no,30,25,", ",no,30,-1,", "column promised_days: '-1'"),
        (",no,30,", ",maybe,30,", "column delegable: 'maybe'; must be one of yes, no"),
        ("sample", "guess", "column days_are: 'guess'"),
        (",7,yes,0,yes,,,,", ",7,yes,0,yes,,,,perhaps", "column commitment: 'perhaps'; must be one of yes, no"),
        (",7,yes,0,yes,", ",7,yes,,yes,", "column fee: ''; must not be empty"),
        (",7,yes,0,yes,", ",7,yes,0,yes,note,more", "not as many cells"),
        (",7,yes,0,yes,", ",7,yes,0", "not as many cells"),
    ],
)
def test_a_wrong_cell_is_told_by_line_and_column(old: str, new: str, told: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        Catalogue.from_csv(
            f"# remark\n{HEADER}\n{ROW}\n{ROW.replace('001', '002').replace(old.replace('001', '002'), new)}\n"
        )
    assert told in str(refused.value) and "line 4" in str(refused.value)


def test_a_missing_column_and_an_item_twice_are_told() -> None:
    with pytest.raises(CatalogueError, match="column fee is missing"):
        Catalogue.from_csv(HEADER.replace(",fee", "") + "\n")
    with pytest.raises(CatalogueError, match="item 001 version 1 stands twice"):
        Catalogue.from_csv(f"{HEADER}\n{ROW}\n{ROW}\n")
    with pytest.raises(CatalogueError, match="not CSV"):
        Catalogue.from_csv(f"{HEADER}\n{ROW.replace('低保', chr(34) + '低' + chr(34) + '保')}\n")


def test_versions_of_an_item_stand_side_by_side() -> None:
    both = Catalogue.from_csv(
        f"\ufeff{HEADER}\r\n{ROW}\r\n{ROW.replace('001,1,', '001,2,').replace(',25,', ',20,')}\r\n"
    )
    assert (both.item("001").promised_days, both.item("001", 2).promised_days) == (25, 20)
    assert both.find("001", 3) is None
    with pytest.raises(UnknownItem, match="no item 001 version 3"):
        both.item("001", 3)


def test_search_finds_by_number_and_by_name_what_is_in_force() -> None:
    assert [item.item_no for item in catalogue().search("养老")] == ["009", "010", "011", "027"]
    assert [item.item_no for item in catalogue().search("04")] == ["040", "041", "042", "043"]
    assert [item.item_no for item in catalogue().search(" MEDIATION ")] == ["040"]
    assert catalogue().search("流动人口") == ()
    assert catalogue().search("没有这样的事项") == ()


def test_filing_is_refused_in_plain_words() -> None:
    def told(item: str, place: str, home: str | None = None) -> str | None:
        words = why_not_filed(catalogue().item(item), place, CasePath(home or place, PLACES))
        return None if words is None else words[1]

    assert told("001", VILLAGE) is None and told("001", STATION) is None
    assert told("001", COUNTY, VILLAGE) is None
    assert told("028", COUNTY) == told("030", VILLAGE) != told("001", COUNTY)
    for place in (VILLAGE, STATION):
        assert told("023", place) == "a village only gives information on this item: apply at the county hall"
    assert told("023", COUNTY) is None and told("023", OTHER_TOWNSHIP) is None
    assert told("001", COUNTY) == (
        "the route of this item does not pass here: apply at a window of the level that accepts it"
    )
    assert told("015", COUNTY) == "this item is no longer in force"
