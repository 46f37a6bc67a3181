"""The text about threats names a test for each hard case, and every test that it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

SECTION = "## Hard cases, and the tests that show them\n"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
NOT_BUILT = re.compile(r"\*not built\*: \w")


def rows_of(document: str) -> list[list[str]]:
    """The cells of each row of the section's tables, without their heads."""
    section = document.partition(SECTION)[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return [row for at, row in enumerate(rows) if row[0] != "---" and (at + 1 == len(rows) or rows[at + 1][0] != "---")]


def names_in(text: str) -> set[str]:
    """The names of the tests of a module, read and not run."""
    return {
        node.name
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


@cache
def names_at(file: Path) -> set[str]:
    return names_in(file.read_text(encoding="utf-8")) if file.is_file() else set()


def breaks(row: list[str], root: Path = ROOT) -> list[str]:
    """What is wrong with a row: its cells, no test named, something else among the names, or a name of no test."""
    if len(row) != 3 or not all(row):
        return ["a row has three cells with something in each"]
    named = NAMED.findall(row[2])
    wrong = [f"{path}::{name} is no test" for path, name in named if name not in names_at(root / path)]
    if not named:
        wrong.append("no test is named")
    if NAMED.sub("", row[2]).strip(", "):
        wrong.append("something else stands among the names")
    if "not built" in row[1] and not NOT_BUILT.search(row[1]):
        wrong.append("it does not say what is not built")
    return wrong


ROWS = rows_of((ROOT / "sync_protocol" / "THREATS.md").read_text(encoding="utf-8"))


def test_all_hard_cases_have_their_row() -> None:
    assert len(ROWS) >= 24 + 5
    assert len({row[0] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_a_hard_case_names_tests_that_exist(row: list[str]) -> None:
    assert breaks(row) == []


def test_a_row_that_breaks_its_word_is_caught(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("def test_one() -> None: ...\ndef two() -> None: ...\n")
    one = "`tests/test_a.py::test_one`"
    assert breaks(["case", "what", one], tmp_path) == []
    assert breaks(["case", "what; *not built*: sticks", one], tmp_path) == []
    for row in (
        ["case", "what", ""],
        ["case", "what", "by its nature"],
        ["case", "what", f"{one}, and others"],
        ["case", "what", "`tests/test_a.py::test_two`"],
        ["case", "what", "`tests/test_a.py::two`"],
        ["case", "what", "`tests/test_b.py::test_one`"],
        ["case", "what; not built", one],
    ):
        assert len(breaks(row, tmp_path)) >= 1, row
    table = "| a | b | c |\n|---|---|---|\n| {0} | what | test |\n\n"
    text = f"# A\n\n{table.format(1)}{SECTION}\n{table.format(2)}{table.format(3)}## B\n\n{table.format(4)}"
    assert [row[0] for row in rows_of(text)] == ["2", "3"]
