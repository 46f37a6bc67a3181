"""The keys that others seal to: another one by command, and that of complaints follows the suite after a start."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from center_node import app, cli
from sync_protocol.suites import sealing_suite
from tests.builders import COUNTY
from village_node import config
from village_node.identity import opening_file


def test_another_sealing_key_by_command_and_another_for_complaints_with_the_suite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "county"
    assert cli.main(["init", "--data", str(data), "--place", COUNTY, "--name", "庆城县"]) == 0
    node = app.create_node(config.load(data))
    first = node.casebook.road_key()
    node.casebook.open_complaints("1001", {"supervisor"})
    node.close()
    capsys.readouterr()
    assert cli.main(["rekey", "--sealing", "--data", str(data)]) == 0
    told = json.loads(capsys.readouterr().out)
    node = app.create_node(replace(config.load(data), sealing_suite="s1q"))
    before = node.casebook.told_road_key()
    with node.store.reading() as connection:
        published = node.casebook._published_key(connection)
    assert published is not None and published != first
    assert told == {"suite": "s1", "file": opening_file(published), "told": True} and (data / told["file"]).exists()
    assert before is not None and sealing_suite(before.public) == "s1q", "the suite was chosen with this start"
    node.scheduler._monotonic = lambda: float("inf")
    node.scheduler.tick()
    with node.store.reading() as connection:
        assert node.casebook._published_key(connection) == before.public
    assert node.casebook.complaints_open() and len(node.casebook.opening_keys()) == 4
    node.close()


def test_the_status_names_the_suite_in_use_and_what_cannot_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "county"
    words = ["init", "--data", str(data), "--place", COUNTY, "--name", "庆城县", "--suite", "s1q"]
    assert cli.main(words) == 0

    def status() -> dict[str, object]:
        capsys.readouterr()
        assert cli.main(["status", "--data", str(data), "--json"]) == 0
        told: dict[str, object] = json.loads(capsys.readouterr().out)["sealing"]
        return told

    assert status() == {"suite": "s1q", "unread_files": []}
    (key,) = data.glob("opening-*.key")
    for path in (data / "opening-0123.key", key):
        path.write_bytes(b"\xff")
    bad = ["opening-0123.key", key.name]
    assert status() == {"suite": "s1q", "unread_files": bad}
    assert cli.main(["rekey", "--sealing", "--data", str(data)]) == 0, "what is lost stands in nobody's way"
    assert status() == {"suite": "s1q", "unread_files": bad} and len(list(data.glob("opening-s1q-*.key"))) == 2
