"""The county publishes what it knows of working days soon after its first start, and by command."""

import json
from pathlib import Path

import pytest

from center_node import app, cli
from tests.builders import COUNTY
from village_node import config
from village_node.web.times import local


def test_the_years_around_are_published_after_the_start_and_the_command_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "county"
    assert cli.main(["init", "--data", str(data), "--place", COUNTY, "--name", "庆城县"]) == 0
    node = app.create_node(config.load(data))
    node.scheduler._monotonic = lambda: float("inf")
    node.scheduler.tick()
    this_year = local(node.casebook.clock()).year
    held = node.casebook.calendars_in_force()
    version = node.casebook.calendar().version
    node.close()
    assert {this_year - 1, this_year} <= held.keys() <= {this_year - 1, this_year, this_year + 1}
    assert all(each.said.year.announced for each in held.values()), "no other year is published"
    capsys.readouterr()
    assert cli.main(["calendar", "--data", str(data)]) == 0
    assert json.loads(capsys.readouterr().out) == {"published": [], "version": version}
