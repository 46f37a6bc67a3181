"""Each level runs with what it declares: no driver of the county's, no test tool, nothing from the level above."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT

ABOVE = {"village_node": ["township_node", "center_node"], "township_node": ["center_node"], "center_node": []}
OPTIONAL = ["psycopg", "pytest", "hypothesis", "playwright", "time_machine"]


def import_without(module: str, missing: list[str], folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Import `module` in a Python of its own, in which `missing` cannot be imported."""
    program = f"import sys; sys.modules.update(dict.fromkeys({missing!r})); import {module}"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("package", ABOVE)
def test_a_level_starts_without_optional_packages_and_without_the_levels_above(package: str) -> None:
    run = import_without(f"{package}.cli", ABOVE[package] + OPTIONAL)
    assert run.returncode == 0, run.stderr


def test_a_package_that_needs_what_is_missing_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text("import psycopg\n")
    assert "ModuleNotFoundError" in import_without("planted", OPTIONAL, tmp_path).stderr
