"""A node set up of one file, with nobody there, and by real processes: made once, told what is wrong by its field."""

import json
import os
import queue
import re
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from center_node import cli as county_cli
from center_node.demo.network import free_ports
from tests.architecture.source_tree import ROOT
from township_node import cli as township_cli
from village_node import cli as village_cli
from village_node import keyring
from village_node.app import create_node
from village_node.config import CREDENTIAL, load
from village_node.joining import ENROL_PATH
from village_node.setup import plan

PASSWORD = "窑洞门前两棵老槐树开花了"
PASSPHRASE = "一条大河波浪宽，风吹稻花香"
REGIONS = (
    "code,name,level,parent\n621021000000,庆城县,county,\n621021101000,驿马镇,township,621021000000\n"
    "621021101201,上关村委会,village,621021101000\n"
)
VILLAGE = {
    "place": "621021101201",
    "name": "上关村委会",
    "road": "files",
    "staff_no": "0001",
    "staff_name": "王芳",
    "roles": ["agent"],
}
PATIENCE_S = 180.0  # for a process on a busy machine
Told = Callable[..., tuple[int, dict[str, Any]]]


def written(path: Path, fields: dict[str, Any]) -> Path:
    """A file with these answers; None leaves one out."""
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items() if value is not None]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def no_port_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every address can be listened at: what listens on the machine that tests changes nothing."""
    monkeypatch.setattr(plan, "listen_once", lambda host, port: None)


@pytest.fixture
def secret(tmp_path: Path) -> str:
    """The file of the password."""
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """Sets a node up of answers: the exit code, and what the command said as JSON."""

    def set_up(cli: Any, data: Path, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        path = written(tmp_path / "setup.toml", fields)
        capsys.readouterr()
        code = cli.main(["setup", "--data", str(data), "--file", str(path), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return set_up


@pytest.mark.slow
def test_a_village_of_a_file_is_made_once_and_completed_by_the_answer(told: Told, tmp_path: Path, secret: str) -> None:
    county, township, village = (tmp_path / level for level in ("county", "township", "village"))
    regions, answer = tmp_path / "regions.csv", tmp_path / "answer"
    regions.write_text(REGIONS, encoding="utf-8")
    above = {"password_file": secret, "staff_no": "0101", "staff_name": "李强", "regions": str(regions)}
    code, said = told(county_cli, county, {"place": "621021000000", **above})
    assert (code, said["state"], said["changed"], said["name"]) == (0, "in", True, "庆城县")
    assert (said["keys"], said["root_key"]) == ("clear", str(county / "county-root.key"))
    assert load(county).second_factor == ("officer", "head", "leader", "business", "admin"), "unless it is said"
    code, said = told(
        township_cli,
        township,
        {"place": "621021101000", "road": "files", "wait_port": 8710, "second_factor": [], **above},
    )
    assert (code, said["state"], load(township).wait_port, said["root_key"]) == (0, "waits", 8710, "")
    assert load(township).second_factor == ()
    assert county_cli.main(["enrol", "--data", str(county), said["request"], str(answer)]) == 0
    code, said = told(township_cli, township, {"place": "621021101000", "answer": str(answer)})
    assert (code, said["state"], said["changed"]) == (0, "in", True)

    back = tmp_path / "back"
    fields = VILLAGE | {"password_file": secret, "answer": str(back)}
    code, said = told(village_cli, village, fields)
    assert (code, said["state"], said["changed"]) == (0, "waits", True)
    assert re.fullmatch(r"\d{4}( \d{4}){3}", said["code"])
    assert stat.S_IMODE(village.stat().st_mode) == 0o700
    assert PASSWORD.encode() not in b"".join(each.read_bytes() for each in village.iterdir())
    before = {each.name: each.read_bytes() for each in village.iterdir()}
    (tmp_path / "password").unlink()  # a secret is not needed twice
    assert told(village_cli, village, fields)[1] == {**said, "changed": False}
    assert {each.name: each.read_bytes() for each in village.iterdir()} == before
    assert township_cli.main(["enrol", "--data", str(township), said["request"], str(back)]) == 0
    code, said = told(village_cli, village, fields)
    assert (code, said["state"], said["changed"], said["code"]) == (0, "in", True, "")
    assert told(village_cli, village, fields) == (0, {**said, "changed": False})
    node = create_node(load(village))
    try:
        person = node.accounts.person(node.accounts.sign_in("0001", PASSWORD, "here").cookie)
        assert person is not None and person.roles - person.stands_in == {"agent", "admin"}
    finally:
        node.close()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"place": None}, "place"),
        ({"place": "621021101000"}, "place"),
        ({"name": None}, "name"),
        ({"road": None}, "parent_url"),
        ({"parent_url": "http://x"}, "parent_url"),
        ({"protect": "passphrase"}, "passphrase_file"),
        ({"protect": "systemd"}, "protect"),
        ({"passphrase_file": "nowhere", "protect": "passphrase"}, "passphrase_file"),
        ({"host": "192.168.1.10"}, "host"),
        ({"port": "8700"}, "port"),
        ({"staff_no": None}, "staff_no"),
        ({"roles": ["king"]}, "roles"),
        ({"second_factor": ["king"]}, "second_factor"),
        ({"second_factor": "head"}, "second_factor"),
        ({"password_file": None}, "password_file"),
        ({"password_file": "nowhere"}, "password_file"),
        ({"password_env": "SANJI_TRIED_PASSWORD"}, "password_env"),
        ({"password_file": None, "password_env": "SANJI_TRIED_PASSWORD"}, "password_env"),
        ({"regions": "nowhere"}, "regions"),
        ({"regions": 7}, "regions"),
    ],
)
def test_a_file_that_cannot_work_names_the_field_and_leaves_nothing(
    told: Told, tmp_path: Path, secret: str, changed: dict[str, Any], field: str
) -> None:
    code, said = told(village_cli, tmp_path / "node", VILLAGE | {"password_file": secret} | changed)
    assert (code, said["state"], set(said["faults"])) == (1, "refused", {field})
    assert all(said["faults"][field]) and f"setup.toml: {field}: " in said["problem"]
    assert not (tmp_path / "node").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [("place = ", "setup.toml cannot be read"), ('plaice = "x"', "unknown setting 'plaice'"), (None, "is missing")],
)
def test_a_file_that_is_none_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, says: str
) -> None:
    path = tmp_path / "setup.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert village_cli.main(["setup", "--data", str(tmp_path / "node"), "--file", str(path)]) == 1
    assert says in capsys.readouterr().err
    assert not (tmp_path / "node").exists()


def test_every_fault_is_told_at_once_to_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "setup.toml", {"place": "x y", "port": 0})
    assert village_cli.main(["setup", "--data", str(tmp_path / "node"), "--file", str(path)]) == 1
    told = capsys.readouterr().err
    for field in ("place", "name", "parent_url", "port", "staff_no", "staff_name", "password_file"):
        assert f"setup.toml: {field}: " in told


@pytest.mark.slow
def test_a_passphrase_comes_from_the_environment_or_from_systemd(
    told: Told, tmp_path: Path, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIED_PASSPHRASE", PASSPHRASE)
    wrapped = {"password_file": secret, "protect": "passphrase", "passphrase_env": "TRIED_PASSPHRASE"}
    assert told(village_cli, tmp_path / "one", VILLAGE | wrapped)[0] == 0
    (tmp_path / CREDENTIAL).write_text(PASSPHRASE + "\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert told(village_cli, tmp_path / "two", VILLAGE | {"password_file": secret, "protect": "systemd"})[0] == 0
    for data in (tmp_path / "one", tmp_path / "two"):
        assert keyring.how_they_lie(data) == "passphrase"
        keyring.opened(data, PASSPHRASE, lambda count: b"7" * count)
        assert PASSPHRASE not in (data / "node.toml").read_text(encoding="utf-8")


def test_another_place_s_file_changes_nothing(told: Told, tmp_path: Path, secret: str) -> None:
    data = tmp_path / "node"
    assert told(village_cli, data, VILLAGE | {"password_file": secret})[0] == 0
    before = {each.name: each.read_bytes() for each in data.iterdir()}
    code, said = told(village_cli, data, VILLAGE | {"place": "621021101202", "password_file": secret})
    assert code == 1 and "621021101201" in said["faults"]["place"][0]
    assert {each.name: each.read_bytes() for each in data.iterdir()} == before


@pytest.mark.slow
def test_a_county_that_lives_in_the_database_is_left_alone_however_often_another_is_tried(
    told: Told, tmp_path: Path, secret: str
) -> None:
    fields = {
        "place": "621021000000",
        "name": "庆城县",
        "password_file": secret,
        "staff_name": "李强",
        "staff_no": "0001",
    }
    assert told(county_cli, tmp_path / "lives", fields)[0] == 0
    lives = load(tmp_path / "lives").database
    node = create_node(load(tmp_path / "lives"))
    node.accounts.create_invitation("0002", "赵敏", ["officer"])
    before = node.accounts.rows.all_staff()
    node.close()
    for _ in range(2):
        code, said = told(county_cli, tmp_path / "other", fields | {"staff_no": "0003", "database_url": lives})
        assert code == 1 and "holds another node" in said["problem"]
    node = create_node(load(tmp_path / "lives"))
    try:
        assert node.accounts.rows.all_staff() == before
    finally:
        node.close()


def test_complaints_are_heard_at_a_county_of_a_file_unless_it_says_otherwise(
    told: Told, tmp_path: Path, secret: str
) -> None:
    county = {"place": "621021000000", "name": "庆城县", "staff_no": "0001", "staff_name": "李强"}
    for number, said in enumerate((None, True, False)):
        folder = tmp_path / f"county{number}"
        answers = county | {"password_file": secret, "hear_complaints": said}
        assert told(county_cli, folder, answers)[0] == 0
        node = create_node(load(folder))
        assert node.casebook.complaints_open() == (said is not False), said
        node.close()
    code, wrong = told(county_cli, tmp_path / "n", county | {"password_file": secret, "hear_complaints": "yes"})
    assert code == 1 and list(wrong["faults"]) == ["hear_complaints"]
    code, wrong = told(village_cli, tmp_path / "n", VILLAGE | {"password_file": secret, "hear_complaints": True})
    assert code == 1 and list(wrong["faults"]) == ["hear_complaints"] and not (tmp_path / "n").exists()


def test_a_list_without_its_columns_is_named(told: Told, tmp_path: Path, secret: str) -> None:
    regions = tmp_path / "regions.csv"
    head, county = "code,name,level,parent\n", "621021000000,庆城县,county,\n"
    for text, says in (
        ("code,name\n1,a\n", "level"),
        (f"{head},甲,village,\n", "line 2"),
        (f"{head}{county}621021 01000,乙,township,621021000000\n", "line 3: code '621021 01000' is no place code"),
        (f"{head}{county}621021000000,乙,township,621021000000\n", "line 3: code 621021000000 stands in the list"),
        (f"{head}62102110100,乙,township,621021000000\n", "line 2: code 62102110100 is not of level 'township'"),
        (f"{head}621021000000,乙,township,\n", "line 2: code 621021000000 is not of level 'township'"),
        (f"{head}621021101000,乙,township,62 1\n", "line 2: parent '62 1' is no place code"),
    ):
        regions.write_text(text, encoding="utf-8")
        code, said = told(village_cli, tmp_path / "n", VILLAGE | {"password_file": secret, "regions": str(regions)})
        assert code == 1 and says in said["faults"]["regions"][1]


def test_whoever_founds_a_county_of_a_file_is_told_what_its_root_key_is(
    tmp_path: Path, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {"place": "621021000000", "name": "庆城县", "password_file": secret, "staff_no": "1", "staff_name": "李强"}
    line = ["setup", "--data", str(tmp_path / "n"), "--file", str(written(tmp_path / "setup.toml", said))]
    assert county_cli.main(line) == 0
    told = capsys.readouterr().out
    assert f"{tmp_path / 'n' / 'county-root.key'} 是全网的根" in told and "密钥没有加密" in told
    assert county_cli.main(line) == 0
    told = capsys.readouterr().out
    assert "county-root.key" in told and "密钥没有加密" not in told, "it lies here still; nothing else has changed"
    (tmp_path / "n" / "county-root.key").unlink()
    assert county_cli.main(line) == 0
    assert "county-root.key" not in capsys.readouterr().out


def process(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The program of a village in a process of its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SANJI_")}
    line = [sys.executable, "-m", "village_node.cli", *arguments]
    return subprocess.Popen(
        line, cwd=ROOT, env=own | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@contextmanager
def heard(running: subprocess.Popen[str]) -> Iterator["queue.Queue[str]"]:
    """What a process says, line by line; it is ended with the block."""
    lines: queue.Queue[str] = queue.Queue()
    assert running.stdout is not None
    output = running.stdout

    def read() -> None:
        for line in output:
            lines.put(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield lines
    finally:
        with suppress(ProcessLookupError):
            running.send_signal(signal.SIGTERM)
        running.wait(PATIENCE_S)
        reader.join(10)
        for end in (running.stdout, running.stderr):
            if end is not None:
                end.close()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_real_process_sets_up_of_a_file_and_again_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "setup.toml", VILLAGE | {"password_env": "TRIED_PASSWORD", "port": 8799})
    arguments = ("setup", "--data", str(tmp_path / "node"), "--file", str(path), "--json")
    said = []
    for environment in ({"TRIED_PASSWORD": PASSWORD, "SANJI_PORT": "8798"}, {}):
        running = process(*arguments, **environment)
        out, errors = running.communicate(timeout=PATIENCE_S)
        assert (running.returncode, errors) == (0, "")
        said.append(json.loads(out))
    assert [each["changed"] for each in said] == [True, False]
    assert said[0]["url"] == "http://127.0.0.1:8798", "the environment goes before the file"
    running = process("setup", "--data", str(tmp_path / "other"), "--file", str(tmp_path / "none.toml"))
    assert "none.toml is missing" in running.communicate(timeout=PATIENCE_S)[1]
    assert running.returncode == 1
    running = process("setup", "--file", str(path))
    assert "--data" in running.communicate(timeout=PATIENCE_S)[1]
    assert running.returncode == 2


@pytest.mark.sockets
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_pages_of_a_real_process_are_on_loopback_alone_and_held_by_one(tmp_path: Path) -> None:
    data, free_port = tmp_path / "node", free_ports(1)[0]
    arguments = ("setup", "--data", str(data), "--port", str(free_port))
    running = process(*arguments)
    with heard(running) as lines:
        code = lines.get(timeout=PATIENCE_S)
        assert re.search(r": [0-9A-Z]{4}(-[0-9A-Z]{4}){3}$", code)
        url = lines.get(timeout=PATIENCE_S).strip()
        assert url == f"http://127.0.0.1:{free_port}/setup"
        page = requests.get(url, timeout=30)
        assert page.status_code == 200 and "一次性设置码" in page.text
        assert requests.post(f"http://127.0.0.1:{free_port}{ENROL_PATH}", data=b"x", timeout=30).status_code == 404
        second = process(*arguments[:-1], "0")
        assert "another process uses" in second.communicate(timeout=PATIENCE_S)[1] and second.returncode == 1
    assert running.returncode == 1
    assert [each.name for each in data.iterdir()] == ["node.lock"], "nothing was made"
