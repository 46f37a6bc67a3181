"""The catalogue as a file at the county's command line: written, looked at, and published by who may."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from center_node import cli
from center_node.app import create_node
from tests.builders import COUNTY
from tests.journeys.test_enrolment import init
from village_node import control
from village_node.config import load
from village_node.web import catalogue_file

PASSWORDS = {number: f"correct horse battery {number}" for number in ("0009", "0010")}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A county's folder with a head and an officer of the window."""
    folder = tmp_path / "county"
    assert init(cli, folder, COUNTY, "庆城县") == 0
    node = create_node(load(folder))
    try:
        for number, role in zip(PASSWORDS, ("business", "window"), strict=True):
            code = node.accounts.create_invitation(number, "某某", [role])
            node.accounts.set_password(number, code, PASSWORDS[number], "test")
    finally:
        node.close()
    return folder


@pytest.fixture
def run(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Gives the command; the exit code and what was said."""

    def command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("center_node.cli.getpass", lambda prompt: PASSWORDS.get(prompt.partition(" ")[0], ""))
        capsys.readouterr()
        code = cli.main(["catalogue", "--data", str(data), *arguments])
        told = capsys.readouterr()
        return code, told.out + told.err

    return command


def changed(path: Path, **fields: Any) -> Path:
    """The file with something else in the first item."""
    said = json.loads(path.read_text("utf-8"))
    said["items"][0]["fields"].update(fields)
    other = path.with_name("changed.json")
    other.write_text(json.dumps(said), "utf-8")
    return other


@pytest.mark.slow
def test_a_file_is_written_looked_at_and_published_once(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    file = tmp_path / "items.json"
    code, told = run("export", str(file))
    assert code == 0 and json.loads(told)["versions"] == len(json.loads(file.read_text("utf-8"))["items"]) > 20
    code, told = run("import", str(file))
    assert code == 0 and json.loads(told)["items"] == [], "what it has written itself is the same here"
    other = changed(file, note="试用时改的", promised_days="14", budget_township_days="5", budget_county_days="7")
    code, told = run("import", str(other))
    (row,) = json.loads(told)["items"]
    assert code == 0 and row["standing"] == "changed" and row["changes"]["note"][1] == "试用时改的"
    code, told = run("import", str(other), "--publish", "--by", "0010")
    assert code != 0 and "不能公布事项" in told
    code, told = run("import", str(other), "--publish", "--by", "0009")
    assert code == 0 and json.loads(told)["published"] == 1
    code, told = run("import", str(other), "--publish", "--by", "0009")
    assert code == 0 and json.loads(told)["published"] == 0 and json.loads(told)["items"] == []
    code, told = run("import", str(file))
    assert json.loads(told)["items"][0]["standing"] == "newer"


@pytest.mark.sockets
def test_a_long_file_reaches_a_county_that_is_running(
    data: Path, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    file = tmp_path / "items.json"
    assert run("export", str(file))[0] == 0
    told = json.loads(file.read_text("utf-8"))
    first = told["items"][0]
    texts = dict.fromkeys(("guide_conditions", "guide_procedure", "guide_basis", "guide_result"), "庆" * 900)
    told["items"] += [
        {**first, "item_no": str(number), "fields": {**first["fields"], **texts}} for number in range(7000, 7120)
    ]
    file.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    assert file.stat().st_size > 1 << 20
    node = create_node(load(data))
    with control.exclusive(data):
        desk = control.Desk(data, cli.commands(node))
        try:
            code, said = run("import", str(file))
        finally:
            desk.close()
            node.close()
    assert code == 0 and json.loads(said)["counts"]["new"] == 120, said


def test_what_is_no_utf_8_is_said_in_words(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    file = tmp_path / "items.json"
    file.write_bytes('{"format": "庆城县"}'.encode("gbk"))
    code, told = run("import", str(file))
    assert code != 0 and "UTF-8" in told and "不是目录文件" in told


@pytest.mark.slow
def test_what_cannot_be_taken_is_named_and_nothing_is_published(
    run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    file = tmp_path / "items.json"
    assert run("export", str(file))[0] == 0
    code, told = run("import", str(changed(file, surprise="x")))
    assert code != 0 and "fields.surprise" in told
    code, told = run("import", str(changed(file, promised_days="999")), "--publish", "--by", "0009")
    assert code != 0 and "什么也没有公布" in told and "days" in told
    assert run("import", str(file), "--publish")[0] != 0, "nobody publishes without a name"
    assert run("import", str(file), "--begins", "soon")[0] != 0
    file.write_bytes(b" " * (catalogue_file.FILE_MOST + 1))
    code, told = run("import", str(file))
    assert code != 0 and "4 MB" in told
