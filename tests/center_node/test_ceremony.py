"""The root's ceremony: three keys in three folders, two of which sign what is carried between them, off line."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from center_node import ceremony, cli, rulings
from sync_protocol import roster as rosters
from sync_protocol.errors import Malformed, NotEntitled
from tests.builders import COUNTY, Network
from village_node import identity as identities
from village_node import keyring
from village_node.casebook import Stale
from village_node.config import BadSettings
from village_node.identity import write_secret
from village_node.keyring import PLAIN, NoPassphrase
from village_node.setup.making import ROOT_KEY_FILE
from village_node.store import open_store

WORDS = ("第一个保管人的口令 one", "第二个保管人的口令 two", "第三个保管人的口令 three")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "COST", 2**9)


def holders(folder: Path) -> list[bytes]:
    return [
        ceremony.new_root_key(folder / str(number), words, os.urandom) for number, words in enumerate(WORDS, start=1)
    ]


def drafted(net: Network, publics: list[bytes], **more: Any) -> ceremony.Draft:
    return ceremony.draft(net.members[COUNTY].casebook.roster, 2, publics, more.get("publisher"), net.clock())


@pytest.fixture
def net(tmp_path: Path) -> Network:
    made = Network(tmp_path)
    made.enrol(COUNTY)
    made.open(COUNTY)
    return made


def test_two_of_three_keys_take_over_from_the_one_and_any_two_name_the_next_publisher(
    net: Network, tmp_path: Path
) -> None:
    book, publics = net.members[COUNTY].casebook, holders(tmp_path)
    first = ceremony.signed(drafted(net, publics), net.root_key)
    keys = [rulings.root_key(tmp_path / str(number), words) for number, words in enumerate(WORDS, start=1)]
    assert [key.public for key in keys] == publics
    with pytest.raises(NotEntitled):
        ceremony.publish(book, tmp_path, ceremony.signed(first, keys[0]), PLAIN, "0009")
    carried = [ceremony.from_bytes(ceremony.to_bytes(ceremony.signed(first, key))) for key in keys[:2]]
    ceremony.publish(book, tmp_path, ceremony.gathered(carried), PLAIN, "0009")
    assert book.roster.root == (2, 3)
    write_secret(tmp_path / "publisher.key", net.seeds[net.publisher_key.public])
    publisher = rulings.next_publisher(book.roster, tmp_path, PLAIN)
    later = drafted(net, [], publisher=publisher)
    assert set(ceremony.told(later)) == {"network", "part", "n", "signed_by", "publisher"}
    for signers in ([net.root_key], keys[:1], []):
        wrong = later
        for key in signers:
            wrong = ceremony.signed(wrong, key)
        with pytest.raises(NotEntitled):
            ceremony.publish(book, tmp_path, wrong, PLAIN, "0009")
    done = ceremony.signed(ceremony.signed(ceremony.signed(later, keys[2]), keys[0]), keys[0])
    ceremony.publish(book, tmp_path, done, PLAIN, "0009")
    assert identities.read_secret(tmp_path / "publisher.key").public == publisher.public
    ceremony.publish(book, tmp_path, done, PLAIN, "0009")
    op = rosters.place_op("621021103000", "township", COUNTY, "赤城镇")
    book.enrol(rosters.publish(book.roster, COUNTY, [op], [publisher], net.clock()))


def test_what_is_carried_says_what_it_is_and_nothing_else_is_signed(net: Network, tmp_path: Path) -> None:
    publics = holders(tmp_path)
    one, other = drafted(net, publics), drafted(net, publics[:2])
    with pytest.raises(Malformed, match="do not say the same"):
        ceremony.gathered([one, other])
    place = rosters.place_op("621021103000", "township", COUNTY, "赤城镇")
    roster = net.members[COUNTY].casebook.roster
    smuggled = one._replace(change=rosters.publish(roster, COUNTY, [place], [], 1))
    with pytest.raises(Malformed, match="nothing else"):
        ceremony.from_bytes(ceremony.to_bytes(smuggled))
    with pytest.raises(BadSettings):
        drafted(net, [])
    with pytest.raises(BadSettings):
        drafted(net, publics[:1])
    with pytest.raises(NoPassphrase):
        rulings.root_key(tmp_path / "1", WORDS[1])
    assert ceremony.new_root_key(tmp_path / "1", WORDS[0], os.urandom) == publics[0], "a key that is there stays"
    assert WORDS[0].encode() not in b"".join(path.read_bytes() for path in (tmp_path / "1").iterdir())


def test_the_whole_ceremony_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, carried = str(tmp_path / "county"), str(tmp_path / "draft")

    def run(*words: str, passphrase: str = "") -> dict[str, Any]:
        more = []
        if passphrase:
            reads, writes = os.pipe()
            os.write(writes, passphrase.encode() + b"\n")
            os.close(writes)
            more = ["--passphrase-fd", str(reads)]
        assert cli.main([*words, *more]) == 0
        told = capsys.readouterr().out.strip().splitlines()
        return json.loads(told[-1]) if told and told[-1].startswith("{") else {}

    run("init", "--data", data, "--place", COUNTY, "--name", "庆城县")
    for number, words in enumerate(WORDS, start=1):
        run("ceremony", "key", "--folder", str(tmp_path / str(number)), passphrase=words)
    publics = [f"--root={tmp_path / str(number) / ceremony.PUBLIC_FILE}" for number in (1, 2, 3)]
    told = run("ceremony", "draft", "--data", data, "--file", carried, *publics, "--threshold", "2", "--new-publisher")
    assert told["root"]["threshold"] == 2 and len(told["root"]["keys"]) == 3 and told["signed_by"] == []
    run("ceremony", "sign", "--file", carried, "--folder", str(tmp_path / "county" / ROOT_KEY_FILE))
    for number in (1, 3):
        run(
            "ceremony", "sign", "--file", carried, "--folder", str(tmp_path / str(number)), passphrase=WORDS[number - 1]
        )
    assert len(run("ceremony", "show", "--file", carried)["signed_by"]) == 3
    assert run("ceremony", "publish", "--data", data, "--file", carried) == {"n": 3, "threshold": 2, "keys": 3}
    assert cli.main(["ceremony", "sign", "--file", carried]) == 1
    assert "--folder is missing" in capsys.readouterr().err
    assert cli.main(["ceremony", "draft", "--data", data, "--file", carried, "--root", carried]) == 1
    assert "holds no public key" in capsys.readouterr().err
    open_store(f"sqlite:///{tmp_path / 'county' / 'node.db'}").close()


def test_each_draft_draws_another_publishing_key_and_what_is_void_says_to_draft_again(
    net: Network, tmp_path: Path
) -> None:
    book = net.members[COUNTY].casebook
    write_secret(tmp_path / "publisher.key", net.seeds[net.publisher_key.public])
    one, other = (
        ceremony.signed(drafted(net, [], publisher=rulings.next_publisher(book.roster, tmp_path, PLAIN)), net.root_key)
        for _ in range(2)
    )
    assert ceremony.told(one)["publisher"] != ceremony.told(other)["publisher"]
    with pytest.raises(Stale, match="draft it again"):
        ceremony.publish(book, tmp_path, one, PLAIN, "0009")
    ceremony.publish(book, tmp_path, other, PLAIN, "0009")
    later = ceremony.signed(drafted(net, holders(tmp_path)[:2]), net.root_key)
    key = rulings.publishing_key(book.roster, tmp_path, PLAIN)
    op = rosters.place_op("621021103000", "township", COUNTY, "赤城镇")
    book.enrol(rosters.publish(book.roster, COUNTY, [op], [key], net.clock()))
    with pytest.raises(Stale, match="void: it is change 4 and the roster has come to 4"):
        ceremony.publish(book, tmp_path, later, PLAIN, "0009")


def test_a_key_in_force_takes_its_place_where_the_node_was_cut_short(net: Network, tmp_path: Path) -> None:
    book = net.members[COUNTY].casebook
    write_secret(tmp_path / "publisher.key", net.seeds[net.publisher_key.public])
    fresh = rulings.next_publisher(book.roster, tmp_path, PLAIN)
    assert rulings.publishing_key(book.roster, tmp_path, PLAIN).public == net.publisher_key.public
    book.enrol(ceremony.signed(drafted(net, [], publisher=fresh), net.root_key).change)
    kept = {path.name: path.read_bytes() for path in tmp_path.glob("publisher*.key")}
    assert rulings.publishing_key(book.roster, tmp_path, PLAIN).public == fresh.public
    assert identities.read_secret(tmp_path / "publisher.key").public == fresh.public
    for name, raw in kept.items():
        (tmp_path / name).write_bytes(raw)
    assert rulings.next_publisher(book.roster, tmp_path, PLAIN).public != fresh.public
    assert identities.read_secret(tmp_path / "publisher.key").public == fresh.public, "not lost by drawing another"
