"""Who lies under whom is what the roster says, code by whole code; who follows and who may write comes from that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.errors import Malformed
from sync_protocol.places import (
    PlaceTree,
    UnknownPlace,
    about,
    below,
    followed_scopes,
    follows,
    may_write,
    parse_scope,
    valid_code,
)

ROWS = [
    ("51:1".replace(":", "x"), "village", "51", "甲"),
    ("51", "township", "5", "乙"),
    ("5", "county", None, "县"),
    ("511", "township", "5", "丙"),
    ("5110", "village", "511", "丁"),
    ("51x10", "village", "51", "戊"),
    ("51x1-01", "station", "51x1", "站"),
]
TREE = PlaceTree.from_rows(ROWS)
CODES = [code for code, *_ in ROWS]


def above_by_hand(code: str) -> list[str]:
    """The code and its ancestors, from the rows alone."""
    parents = {row[0]: row[2] for row in ROWS}
    found = [code]
    while (parent := parents[found[-1]]) is not None:
        found.append(parent)
    return found


@pytest.mark.parametrize("code", ["6", "621021", "621021101201", "A" * 16, "x-1", "621021101201-01", "a-b-c-d"])
def test_a_place_code_is_valid(code: str):
    assert valid_code(code)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "A" * 17,
        "-1",
        "x-",
        "a-b-c-d-e",
        "x-123456789",
        "6 2",
        "6\n",
        "县",
        "６",
        "a_b",
        "a:b",
        "51:1",
        "../x",
        "x/1",
    ],
)
def test_a_place_code_is_not_valid(code: str):
    assert not valid_code(code)


def test_a_scope_is_its_kind_and_its_place():
    assert parse_scope(about("51x1")) == ("about", "51x1")
    assert parse_scope(below("5-1")) == ("below", "5-1")


@pytest.mark.parametrize(
    "scope", ["", "about", "about:", ":5", "About:5", "beside:5", "about:5:1", "about: 5", "about:5\n"]
)
def test_what_is_no_scope_is_malformed(scope: str):
    with pytest.raises(Malformed):
        parse_scope(scope)


@pytest.mark.parametrize("upper", CODES)
@pytest.mark.parametrize("lower", CODES)
def test_a_place_covers_itself_and_what_lies_under_it_and_nothing_that_only_looks_so(upper: str, lower: str):
    assert TREE.covers(upper, lower) == (upper in above_by_hand(lower))


@pytest.mark.parametrize("place", CODES)
@pytest.mark.parametrize("code", CODES)
def test_who_follows_and_who_may_write(place: str, code: str):
    over, under = place in above_by_hand(code), code in above_by_hand(place)
    assert follows(TREE, place, about(code)) == over
    assert follows(TREE, place, below(code)) == (over or under)
    assert may_write(TREE, place, about(code)) == over
    assert may_write(TREE, place, below(code)) == (place == code)


@pytest.mark.parametrize("place", CODES)
def test_followed_scopes_are_exactly_those_followed(place: str):
    every = [scope(code) for code in CODES for scope in (about, below)]
    assert followed_scopes(TREE, place) == {scope for scope in every if follows(TREE, place, scope)}


def test_a_tree_tells_what_its_rows_said():
    assert TREE.root == "5"
    assert TREE.children("5") == ("51", "511")
    assert TREE.path_up("51x1-01") == ("51x1-01", "51x1", "51", "5")
    assert TREE.rank("51x1-01") == 3
    assert TREE.parent("5") is None
    assert (TREE.level("511"), TREE.name("511"), TREE.parent("511")) == ("township", "丙", "5")
    assert TREE.below_or_self("51") == ("51", "51x1", "51x10", "51x1-01")
    assert len(TREE) == len(ROWS)
    assert "51" in TREE
    assert "5x" not in TREE


@pytest.mark.parametrize("ask", ["level", "name", "parent", "rank", "path_up", "children", "below_or_self"])
def test_an_unknown_place_is_said_to_be_unknown(ask: str):
    with pytest.raises(UnknownPlace):
        getattr(TREE, ask)("99")


def test_an_unknown_place_covers_nothing_and_is_not_covered():
    for upper, lower in (("99", "5"), ("5", "99")):
        with pytest.raises(UnknownPlace):
            TREE.covers(upper, lower)
    with pytest.raises(UnknownPlace):
        _ = PlaceTree().root


@given(st.permutations(ROWS))
def test_the_order_of_rows_does_not_matter(rows: list[tuple[str, str, str | None, str]]):
    tree = PlaceTree.from_rows(rows)
    assert {code: tree.path_up(code) for code in CODES} == {code: TREE.path_up(code) for code in CODES}


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (("51", "township", "511", "乙"), "another level or parent"),
        (("51", "village", "5", "乙"), "another level or parent"),
        (("5", "county", "51", "县"), "another level or parent"),
        (("6", "county", None, "县"), "is the root already"),
        (("52", "township", "6", "庚"), "is not known"),
        (("52", "hamlet", "5", "庚"), "level"),
        (("5 2", "township", "5", "庚"), "not a place code"),
        (("52", "township", "52", "庚"), "is not known"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_and_changes_nothing(row: tuple[str, str, str | None, str], complaint: str):
    with pytest.raises(Malformed, match=complaint):
        TREE.grown([("53", "township", "5", "辛"), row])
    assert "53" not in TREE


def test_places_in_a_ring_have_no_tree():
    with pytest.raises(Malformed):
        PlaceTree.from_rows([("5", "county", None, "县"), ("a", "township", "b", ""), ("b", "township", "a", "")])


def test_a_place_named_again_takes_the_newer_name_in_the_new_tree_only():
    renamed = TREE.grown([("511", "township", "5", "新丙")])
    assert (renamed.name("511"), TREE.name("511")) == ("新丙", "丙")
    assert renamed.children("5") == TREE.children("5")
