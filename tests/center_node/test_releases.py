"""A release: drafted at the county, signed by the root, taken by a node byte for byte, and never an older one (T25)."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from center_node import ceremony, cli
from sync_protocol import release
from sync_protocol.errors import NotEntitled
from sync_protocol.release import OldRelease, Release, Signed
from tests.builders import COUNTY, Network
from village_node import keyring, releases
from village_node.releases import NoRelease
from village_node.setup.making import ROOT_KEY_FILE

Run = Callable[..., dict[str, Any]]


def wheel(folder: Path, version: str, says: str = "") -> Path:
    """A package that pip installs: one module that says what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"sanji-{version}-py3-none-any.whl"
    about = f"sanji-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("sanji_tried.py", f"SAYS = {says or version!r}\n")
        packed.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: sanji\nVersion: {version}\n")
        packed.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        packed.writestr(f"{about}/RECORD", "sanji_tried.py,,\n")
    return path


@pytest.fixture
def net(tmp_path: Path) -> Network:
    made = Network(tmp_path / "net")
    made.enrol(COUNTY)
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    return made


def released(net: Network, folder: Path, number: int = 1) -> Signed:
    """A release of what is in the folder, signed by the root, beside its packages."""
    made = release.sign(releases.draft(folder, net.roster.network_id, number, 0), net.root_key)
    (folder / releases.FILE).write_bytes(release.to_bytes(made))
    return made


def test_what_is_taken_is_what_the_root_has_signed_and_lies_with_the_node(
    net: Network, data: Path, tmp_path: Path
) -> None:
    path = wheel(tmp_path / "usb", "0.2.0")
    (tmp_path / "usb" / "autorun.exe").write_bytes(b"not named")
    said = release.read(released(net, tmp_path / "usb"))
    assert releases.verified(tmp_path / "usb", net.roster, data) == said and releases.held(data) is None
    assert releases.take(tmp_path / "usb", net.roster, data) == said
    assert [each.name for each in (data / releases.FOLDER).iterdir()] == [path.name]
    assert (data / releases.FOLDER / path.name).read_bytes() == path.read_bytes()
    assert releases.take(tmp_path / "usb", net.roster, data) == said, "the same again does no harm"


def test_neither_an_older_release_nor_another_of_the_same_number_is_taken(
    net: Network, data: Path, tmp_path: Path
) -> None:
    wheel(tmp_path / "old", "0.1.0")
    wheel(tmp_path / "new", "0.2.0")
    released(net, tmp_path / "old", 4)
    released(net, tmp_path / "new", 5)
    releases.take(tmp_path / "new", net.roster, data)
    with pytest.raises(OldRelease, match="older than 5"):
        releases.take(tmp_path / "old", net.roster, data)
    released(net, tmp_path / "old", 5)
    with pytest.raises(OldRelease, match="bears the number 5"):
        releases.verified(tmp_path / "old", net.roster, data)
    assert releases.held(data) == releases.read(tmp_path / "new" / releases.FILE)
    assert [each.name for each in (data / releases.FOLDER).iterdir()] == ["sanji-0.2.0-py3-none-any.whl"]


def grown(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def one_bit(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def of_an_older_release(path: Path) -> None:
    wheel(path.parent / "other", "0.1.0").rename(path)


@pytest.mark.parametrize("spoil", [grown, cut_short, one_bit, of_an_older_release, Path.unlink])
def test_a_package_that_is_not_the_one_named_is_not_taken_and_what_was_stays(
    net: Network, data: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    wheel(tmp_path / "first", "0.1.9")
    released(net, tmp_path / "first", 1)
    releases.take(tmp_path / "first", net.roster, data)
    path = wheel(tmp_path / "usb", "0.2.0")
    released(net, tmp_path / "usb", 2)
    spoil(path)
    for look in (releases.verified, releases.take):
        with pytest.raises(NoRelease, match=r"sanji-0\.2\.0-py3-none-any\.whl"):
            look(tmp_path / "usb", net.roster, data)
    assert releases.told(releases.read(data / releases.FILE))["number"] == 1
    assert [each.name for each in data.iterdir() if each.is_dir()] == [releases.FOLDER]
    assert [each.name for each in (data / releases.FOLDER).iterdir()] == ["sanji-0.1.9-py3-none-any.whl"]


def test_the_publisher_signs_no_release_and_half_a_root_none_either(net: Network, data: Path, tmp_path: Path) -> None:
    wheel(tmp_path, "0.2.0")
    unsigned = releases.draft(tmp_path, net.roster.network_id, 1, 0)
    for signed in (unsigned, release.sign(unsigned, net.publisher_key)):
        (tmp_path / releases.FILE).write_bytes(release.to_bytes(signed))
        with pytest.raises(NotEntitled, match="by 0 keys of the root, must be 1"):
            releases.take(tmp_path, net.roster, data)


def test_a_folder_of_two_versions_or_none_is_no_release(tmp_path: Path) -> None:
    (tmp_path / "flask-3.1.0-py3-none-any.whl").write_bytes(b"flask")
    with pytest.raises(NoRelease, match="versions found: none"):
        releases.draft(tmp_path, bytes(32), 1, 0)
    for version in ("0.1.0", "0.2.0"):
        wheel(tmp_path, version)
    with pytest.raises(NoRelease, match=r"0\.1\.0, 0\.2\.0"):
        releases.draft(tmp_path, bytes(32), 1, 0)
    with pytest.raises(NoRelease, match="name the folder"):
        releases.read(tmp_path / "nowhere" / releases.FILE)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def running(*words: str, passphrase: str = "") -> dict[str, Any]:
        reads, writes = os.pipe()
        os.write(writes, passphrase.encode() + b"\n")
        os.close(writes)
        more = ["--passphrase-fd", str(reads)] if passphrase else []
        assert cli.main([*words, *more]) == 0, capsys.readouterr().err
        if not passphrase:
            os.close(reads)
        told = capsys.readouterr().out.strip().splitlines()
        return json.loads(told[-1]) if told and told[-1].startswith("{") else {}

    return running


@pytest.mark.slow
def test_a_release_goes_from_draft_to_an_installed_program_by_the_command_line(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "COST", 2**9)
    county, packages = str(tmp_path / "county"), tmp_path / "packages"
    run("init", "--data", county, "--place", COUNTY, "--name", "庆城县")
    for number in ("1", "2"):
        run("ceremony", "key", "--folder", str(tmp_path / number), passphrase=f"保管人 {number} 自己的口令 words")
    publics = [f"--root={tmp_path / number / ceremony.PUBLIC_FILE}" for number in ("1", "2")]
    change = str(tmp_path / "change")
    run("ceremony", "draft", "--data", county, "--file", change, *publics)
    run("ceremony", "sign", "--file", change, "--folder", str(tmp_path / "county" / ROOT_KEY_FILE))
    for number in ("1", "2"):
        run(
            "ceremony",
            "sign",
            "--file",
            change,
            "--folder",
            str(tmp_path / number),
            passphrase=f"保管人 {number} 自己的口令 words",
        )
    run("ceremony", "publish", "--data", county, "--file", change)

    wheel(packages, "9.9.1", "new")
    assert run("release", "draft", str(packages), "--data", county)["signed_by"] == []
    key = ("--folder", str(tmp_path / "1"))
    assert len(run("release", "sign", str(packages), *key, passphrase="保管人 1 自己的口令 words")["signed_by"]) == 1
    assert cli.main(["update", str(packages), "--data", county]) == 1
    assert "must be 2" in capsys.readouterr().err
    run("release", "sign", str(packages), "--folder", str(tmp_path / "2"), passphrase="保管人 2 自己的口令 words")
    told = run("release", "show", str(packages))
    assert (told["number"], told["version"], len(told["signed_by"])) == (1, "9.9.1", 2)

    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    monkeypatch.setattr(releases, "install", partial(releases.install, python=str(python)))
    looked = run("update", str(packages), "--data", county, "--check")
    assert looked == {"taken": False, "number": 1, "version": "9.9.1", "packages": 1}
    assert run("update", str(packages), "--data", county)["taken"]
    said = subprocess.run(
        [str(python), "-c", "import sanji_tried; print(sanji_tried.SAYS)"], capture_output=True, text=True, check=True
    )
    assert said.stdout == "new\n"
    assert run("status", "--json", "--data", county)["release"]["version"] == "9.9.1"

    (packages / "sanji-9.9.1-py3-none-any.whl").unlink()
    wheel(packages, "9.9.0", "old")
    assert run("release", "draft", str(packages), "--data", county)["number"] == 2, "the next one"
    assert cli.main(["release", "sign", str(packages)]) == 1 and "--folder is missing" in capsys.readouterr().err
    assert isinstance(release.read(releases.read(packages / releases.FILE)), Release)
