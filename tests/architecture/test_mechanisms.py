"""The text about mechanisms has a row for each, says of each how much of it runs, and names tests that exist."""

import re
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT
from tests.architecture.test_threats import NAMED, NOT_BUILT, names_at, rows_of

FIRST = re.compile(r"\*(runs|in part|not built)\*")
TEXT = (ROOT / "sync_protocol" / "MECHANISMS.md").read_text(encoding="utf-8")
ROWS = rows_of(TEXT.replace("# Mechanisms\n", "## Hard cases, and the tests that show them\n", 1))


def breaks(row: list[str], root: Path = ROOT) -> list[str]:
    """What is wrong with a row: its cells, no word of how much runs, no test of what does, or a name of no test."""
    if len(row) != 4 or not all(row[:3]):
        return ["a row has four cells, of which three are never empty"]
    state = FIRST.match(row[2])
    if state is None:
        return ["it does not begin with how much of it runs"]
    named = NAMED.findall(row[3])
    wrong = [f"{path}::{name} is no test" for path, name in named if name not in names_at(root / path)]
    if NAMED.sub("", row[3]).strip(", "):
        wrong.append("something else stands among the names")
    if bool(named) == (state[1] == "not built"):
        wrong.append("what runs has its tests, what is not built has none")
    if state[1] == "runs" and "not built" in row[2]:
        wrong.append("it cannot run and lack something")
    if state[1] == "in part" and "not built" in row[2] and not NOT_BUILT.search(row[2]):
        wrong.append("it does not say what is missing")
    return wrong


def test_each_mechanism_has_its_row() -> None:
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, 48)]


@pytest.mark.parametrize("row", ROWS, ids=[row[1][:40] for row in ROWS])
def test_a_mechanism_is_shown_by_tests_that_exist(row: list[str]) -> None:
    assert breaks(row) == []


def test_a_row_that_breaks_its_word_is_caught(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("def test_one() -> None: ...\n")
    one = "`tests/test_a.py::test_one`"
    for good in (["1", "a", "*runs*: there", one], ["1", "a", "*not built*", ""], ["1", "a", "*in part*: there", one]):
        assert breaks(good, tmp_path) == []
    for row in (
        ["1", "a", "there", one],
        ["1", "a", "*runs*: there", ""],
        ["1", "a", "*runs*: there", "`tests/test_a.py::test_two`"],
        ["1", "a", "*runs*: there", f"{one} and more"],
        ["1", "a", "*not built*", one],
        ["1", "a", "*runs*: there; *not built*: here", one],
        ["1", "a", "*in part*: there; not built", one],
        ["1", "", "*runs*: there", one],
    ):
        assert breaks(row, tmp_path), row
