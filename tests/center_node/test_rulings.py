"""The county's operator rules on a fork of the roster: by fingerprints, with the root's key, and a new publisher."""

import json
from pathlib import Path
from typing import Any

import pytest

from center_node import cli, rulings
from sync_protocol import roster as rosters
from sync_protocol.errors import BadRoster, NotEntitled
from sync_protocol.exchange import Content
from sync_protocol.roster import Change
from sync_protocol.suites import sha256
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from village_node import cli as node_cli
from village_node import identity as identities
from village_node.casebook import NotAllowed, NotFound
from village_node.identity import NoIdentity, write_secret

NEW, ODD = "621021103000", "621021104000"


@pytest.fixture
def forked(tmp_path: Path) -> tuple[Network, Change, Change]:
    """The county holds one change of its part, and has met another of the same number."""
    net = Network(tmp_path)
    net.enrol(COUNTY)
    member = net.open(COUNTY)
    made = []
    for code in (NEW, ODD):
        request = rosters.enrol_request(net.key(), code, "township", code, net.chance.randbytes(16))
        ops = rosters.admit_request(net.roster, rosters.read_request(request), COUNTY)
        made.append(rosters.publish(net.roster, COUNTY, ops, [net.publisher_key], net.clock()))
    member.casebook.enrol(made[0])
    member.casebook.receive(bytes(16), Content(roster_changes=made[1:]), peer_update={})
    write_secret(tmp_path / "root.key", net.seeds[net.root_key.public])
    write_secret(tmp_path / "other.key", net.seeds[net.publisher_key.public])
    write_secret(tmp_path / "publisher.key", net.seeds[net.publisher_key.public])
    return net, made[0], made[1]


def asked(net: Network, stands: Change, **changes: Any) -> dict[str, Any]:
    return {
        "part": COUNTY,
        "stands": sha256(stands.payload).hex()[:16],
        "root_keys": [str(net.folder / "root.key")],
        "keep": [],
        "new_publisher": False,
        "roster_agreed": False,
        "actor": "0009",
        **changes,
    }


def test_what_stands_is_named_by_its_fingerprint_and_what_stays_by_its_number(
    forked: tuple[Network, Change, Change],
) -> None:
    net, _, theirs = forked
    book = net.members[COUNTY].casebook
    (told,) = rulings.forks(book)
    assert (told["part"], told["ruled"], len(told["changes"])) == (COUNTY, False, 2)
    (mine,) = [change["nodes"][0][0] for change in told["changes"] if change["followed"]]
    done = rulings.rule(book, net.folder, asked(net, theirs, keep=[mine[:8]]))
    assert (done["stand"], done["struck"]) == ([mine], [])
    assert book.roster.nodes_of(NEW) and book.roster.nodes_of(ODD)
    assert rulings.forks(book)[0]["ruled"]
    with net.members[COUNTY].store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT action, actor FROM audit").fetchall()
    assert ("roster.rule", "0009") in {tuple(row) for row in rows}
    with pytest.raises(NotFound):
        rulings.rule(book, net.folder, asked(net, theirs))


def test_with_a_new_publisher_the_old_key_publishes_nothing_more(forked: tuple[Network, Change, Change]) -> None:
    net, ours, _ = forked
    book = net.members[COUNTY].casebook
    rulings.rule(book, net.folder, asked(net, ours, new_publisher=True))
    key = identities.read_secret(net.folder / "publisher.key")
    assert key.public != net.publisher_key.public
    ops = [rosters.place_op(ODD, "township", COUNTY, "赤城镇")]
    with pytest.raises(NotEntitled):
        book.enrol(rosters.publish(book.roster, COUNTY, ops, [net.publisher_key], 1))
    book.enrol(rosters.publish(book.roster, COUNTY, ops, [key], 1))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"stands": "00" * 8}, NotFound),
        ({"stands": ""}, NotFound),
        ({"keep": ["ffffffff"]}, NotFound),
        ({"part": "621021101000"}, NotFound),
        ({"root_keys": []}, NotEntitled),
        ({"root_keys": ["other.key"]}, NotEntitled),
        ({"root_keys": ["nowhere.key"]}, NoIdentity),
    ],
)
def test_what_cannot_be_ruled_says_why_and_changes_nothing(
    forked: tuple[Network, Change, Change], wrong: dict[str, Any], error: type[Exception]
) -> None:
    net, ours, _ = forked
    book = net.members[COUNTY].casebook
    if "root_keys" in wrong:
        wrong = {"root_keys": [str(net.folder / name) for name in wrong["root_keys"]]}
    heads = book.roster.heads()
    with pytest.raises(error):
        rulings.rule(book, net.folder, asked(net, ours) | wrong)
    assert book.roster.heads() == heads and COUNTY in book.roster.forks


def test_a_machine_that_was_taken_over_rules_nothing(
    forked: tuple[Network, Change, Change], monkeypatch: pytest.MonkeyPatch
) -> None:
    net, ours, _ = forked
    book = net.members[COUNTY].casebook
    monkeypatch.setattr(type(book), "_is_succeeded", lambda *_: True)
    with pytest.raises(NotAllowed):
        rulings.rule(book, net.folder, asked(net, ours))


def test_the_command_asks_the_node(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said: dict[str, Any] = {}

    def ask(_level: object, _data: Path, verb: str, **arguments: Any) -> dict[str, Any]:
        said.update(arguments, verb=verb)
        return {"struck": []}

    monkeypatch.setattr(node_cli, "ask", ask)
    words = (
        "rule-roster --data d --part 621021000000 --stands abcd --root-key k1 --root-key k2 --keep 01 --new-publisher"
    )
    assert cli.main(words.split()) == 0
    assert json.loads(capsys.readouterr().out) == {"struck": []}
    assert said["verb"] == "rule-roster" and said["keep"] == ["01"] and said["new_publisher"]
    assert [Path(file).name for file in said["root_keys"]] == ["k1", "k2"]
    assert cli.main(["roster-forks", "--data", "d"]) == 0


def test_a_wrong_key_is_no_change_of_the_roster(forked: tuple[Network, Change, Change]) -> None:
    net, ours, _ = forked
    stranger = net.key()
    write_secret(net.folder / "stranger.key", net.seeds[stranger.public])
    with pytest.raises((BadRoster, NotEntitled)):
        rulings.rule(
            net.members[COUNTY].casebook,
            net.folder,
            asked(net, ours, root_keys=[str(net.folder / "stranger.key")]),
        )


def test_a_fork_at_the_number_that_the_ruling_itself_takes_is_ruled_on_with_it(tmp_path: Path) -> None:
    """One behind our change was met first, and the lower one only then: the page and the command say the same."""
    net = Network(tmp_path)
    net.enrol(COUNTY)
    book = net.open(COUNTY).casebook
    write_secret(tmp_path / "root.key", net.seeds[net.root_key.public])

    def named(roster: rosters.Roster, code: str) -> Change:
        ops = [rosters.place_op(code, "township", COUNTY, code)]
        return rosters.publish(roster, COUNTY, ops, [net.publisher_key], net.clock())

    first, lower = named(net.roster, NEW), named(net.roster, ODD)
    book.enrol(first)
    ours, theirs = named(book.roster, "621021105000"), named(book.roster, "621021106000")
    book.enrol(ours)
    for change in (theirs, lower):
        book.receive(bytes(16), Content(roster_changes=[change]), peer_update={})
    assert [told["ruled"] for told in rulings.forks(book)] == [False, False]
    rulings.rule(book, tmp_path, asked(net, first))
    assert [told["ruled"] for told in rulings.forks(book)] == [True, True]
    followed = [sum(change["followed"] for change in told["changes"]) for told in rulings.forks(book)]
    assert followed == [1, 1], "what the ruling names, and the ruling itself"


def test_no_ruling_is_made_that_holders_of_a_later_root_would_not_take(tmp_path: Path) -> None:
    net = Network(tmp_path)
    net.enrol(COUNTY)
    book = net.open(COUNTY).casebook
    write_secret(tmp_path / "root.key", net.seeds[net.root_key.public])
    key = net.root_key
    later = rosters.publish(net.roster, COUNTY, [rosters.root_op(1, [(key.suite, key.public)])], [key], net.clock())
    first = rosters.publish(
        net.roster, COUNTY, [rosters.place_op(NEW, "township", COUNTY, NEW)], [net.publisher_key], net.clock()
    )
    book.enrol(first)
    book.receive(bytes(16), Content(roster_changes=[later]), peer_update={})
    with pytest.raises(NotAllowed, match="later root"):
        rulings.rule(book, tmp_path, asked(net, first))
    rulings.rule(book, tmp_path, asked(net, later))
    assert rulings.forks(book)[0]["ruled"]


def test_whom_the_other_chain_has_shut_out_stays_shut_out(tmp_path: Path) -> None:
    net = Network(tmp_path)
    net.enrol(COUNTY, TOWNSHIP, VILLAGE)
    book = net.open(COUNTY).casebook
    write_secret(tmp_path / "root.key", net.seeds[net.root_key.public])
    stolen = net.identities[VILLAGE].incarnation
    place = rosters.place_op(NEW, "township", COUNTY, NEW)
    revoked = rosters.revoke_op(stolen, [(f"about:{VILLAGE}", 4, b"a" * 32)])
    ours, theirs = (
        rosters.publish(book.roster, COUNTY, [op], [net.publisher_key], net.clock()) for op in (place, revoked)
    )
    book.enrol(theirs)
    book.receive(bytes(16), Content(roster_changes=[ours]), peer_update={})
    rulings.rule(book, tmp_path, asked(net, ours))
    node = book.roster.node(stolen)
    assert theirs not in book.roster.changes(COUNTY) and node is not None and node.revoked is not None
    assert [cut[:2] for cut in node.revoked.cuts] == [(f"about:{VILLAGE}", 4)]
