"""Proof of a case for who believes nobody: written at the village by one command, verified elsewhere by another."""

import subprocess
import sys
from pathlib import Path

import pytest

from center_node import cli as county_cli
from tests.builders import APPLICATION, COUNTY, TOWNSHIP, VILLAGE
from tests.journeys.test_enrolment import Network as Folders
from tests.journeys.test_enrolment import enrol, init
from township_node import cli as township_cli
from village_node import cli as village_cli
from village_node.app import create_node
from village_node.config import load

REGIONS = "code,name,level,parent\n621021000000,庆城县,county,\n621021101000,驿马镇,township,621021000000\n"


@pytest.mark.slow
def test_the_command_writes_the_package_and_what_verifies_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "regions.csv").write_text(REGIONS, encoding="utf-8")
    at = Folders(tmp_path / "county", tmp_path / "township", tmp_path / "village")
    nowhere = ("--parent-url", "http://127.0.0.1:1")
    assert init(county_cli, at.county, COUNTY, "庆城县", "--regions", str(tmp_path / "regions.csv")) == 0
    assert init(township_cli, at.township, TOWNSHIP, "驿马镇", *nowhere) == 0
    assert init(village_cli, at.village, VILLAGE, "上关村委会", *nowhere) == 0
    assert enrol(county_cli, at.county, township_cli, at.township) == 0
    assert enrol(township_cli, at.township, village_cli, at.village) == 0
    node = create_node(load(at.village))
    try:
        ref = node.casebook.file("0001", {"agent"}, APPLICATION)
        row = node.casebook.case_row(*ref[:2])
        assert row is not None and row.case_no
        number = row.case_no
    finally:
        node.close()
    capsys.readouterr()
    shown = tmp_path / "shown"
    assert village_cli.main(["evidence", "--data", str(at.village), number, "--to", str(shown)]) == 0
    told = capsys.readouterr()
    package = Path(told.out.strip())
    assert package.parent == shown and package.stat().st_mode & 0o777 == 0o600
    command = [sys.executable, *told.err.strip().partition("python ")[2].split()]
    verified = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert f"核验通过 / VERIFIED：{number}，2 条记录" in verified.stdout and "上关村委会" in verified.stdout
    node = create_node(load(at.village))
    try:
        (line,) = [line for line in node.accounts.rows.audit_lines(10) if line.action == "evidence.export"]
    finally:
        node.close()
    assert line.subject == number and line.actor == "operator"
    assert village_cli.main(["evidence", "--data", str(at.village), "nothing", "--to", str(shown)]) == 1
    assert "no case nothing here" in capsys.readouterr().err
