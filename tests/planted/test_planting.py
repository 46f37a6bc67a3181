"""The faults kept as patches still apply, and the command that plants them notices one that nothing catches."""

import json
from pathlib import Path

import pytest

from tests.planted import planting
from tests.planted.__main__ import main
from tests.planted.planting import FAULTS, ROOT, Fault, NotPlanted, plant, read_fault, read_faults

pytestmark = pytest.mark.slow

PATCHES = sorted(FAULTS.glob("*.patch"))
TEST = "tests/sync_protocol/test_retry.py"
HARMLESS = """\
The sentence above the back-off is another one.
Caught-by: {test}

--- a/sync_protocol/retry.py
+++ b/sync_protocol/retry.py
@@ -1,2 +1,2 @@
-{line}
+\"\"\"When to try again.\"\"\"
{unchanged}
"""


def patch_in(folder: Path, line: str, test: str = TEST) -> Path:
    """A patch that changes the first line of the retry module to another docstring."""
    path = folder / "harmless.patch"
    path.write_text(HARMLESS.format(line=line, test=test, unchanged=" "), encoding="utf-8")
    return path


@pytest.fixture
def first_line() -> str:
    return (ROOT / "sync_protocol/retry.py").read_text(encoding="utf-8").splitlines()[0]


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.stem)
def test_every_fault_says_what_it_is_and_still_applies(path: Path) -> None:
    fault = read_fault(path)
    plant(fault, ROOT, only_check=True)
    assert all((ROOT / test.partition("::")[0]).is_file() for test in fault.tests)


def test_there_are_faults_and_their_numbers_differ() -> None:
    assert len(PATCHES) >= 25
    assert len({path.name.partition("-")[0] for path in PATCHES}) == len(PATCHES)


def last_line(printed: str) -> dict[str, object]:
    return json.loads(printed.splitlines()[-1])


def test_a_fault_that_nothing_catches_is_missed(tmp_path: Path, first_line: str, capsys) -> None:
    patch_in(tmp_path, first_line)
    assert main(["--faults", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert f"harmless: MISSED: {TEST} stays green" in printed
    assert last_line(printed).items() >= {"faults": 1, "caught": 0, "missed": ["harmless"]}.items()


def test_a_patch_that_does_not_apply_is_missed(tmp_path: Path, capsys) -> None:
    patch_in(tmp_path, "a line that stands nowhere")
    assert main(["--faults", str(tmp_path)]) == 1
    assert "harmless: MISSED: does not apply: " in capsys.readouterr().out


def test_a_test_that_is_red_anyway_catches_nothing(tmp_path: Path, first_line: str, capsys) -> None:
    patch_in(tmp_path, first_line, f"{TEST}::test_that_is_not_there")
    assert main(["--faults", str(tmp_path)]) == 1
    assert "is red without it" in capsys.readouterr().out


def test_a_fault_in_another_tree_than_the_one_imported_is_noticed(tmp_path: Path) -> None:
    fault = Fault(tmp_path / "x.patch", "It is elsewhere.", TEST, ("sync_protocol/retry.py",))
    with pytest.raises(NotPlanted, match="comes from"):
        planting.check_imported(fault, tmp_path)


@pytest.mark.parametrize("text", ["", "A sentence.\n--- a/x\n+++ b/x\n", "Caught-by: tests/x\n--- a/x\n+++ b/x\n"])
def test_a_patch_without_sentence_test_or_diff_is_no_fault(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.patch"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NotPlanted, match=r"odd\.patch"):
        read_fault(path)


def test_a_name_that_no_fault_has_is_refused(tmp_path: Path, first_line: str) -> None:
    patch_in(tmp_path, first_line)
    assert [fault.name for fault in read_faults(tmp_path, ["harm"])] == ["harmless"]
    with pytest.raises(NotPlanted, match="no fault is called"):
        read_faults(tmp_path, ["harm", "unknown"])
