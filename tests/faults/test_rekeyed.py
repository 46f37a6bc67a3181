"""A place changes its signing key: nothing waits and nothing is lost, at every level, by line and by stick."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol.encoding import decode, encode
from sync_protocol.exchange import ANOTHER_NONCE
from sync_protocol.suites import sha256, verify
from tests import network
from tests.faults.test_new_lives import assert_nothing_lost_or_doubled, reasons
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.courier.sticks import introduce
from tests.village_node.courier.test_restored_by_stick import at, carried
from tests.village_node.web.counter import open_counter
from township_node import web as township_pages
from village_node.casebook import NotAllowed, Reason


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Network]:
    """A county and a township with a line, and a village without; it and its township have each other's road key."""
    (tmp_path / "nodes").mkdir()
    made = network.network(tmp_path / "nodes")
    made.wire.down.add(VILLAGE)
    introduce(at(made, TOWNSHIP), at(made, VILLAGE), tmp_path)
    yield made
    made.close()


def waits(net: Network, code: str) -> bool:
    """Whether the present life of a place waits to be countersigned."""
    return net[code].member.casebook.provisional


def rekey(net: Network, code: str, *, line: bool = True) -> bool:
    """Change the key of a place; whether nothing is in doubt by it. `line`: the level above can be asked."""
    live = net[code]
    meet = (lambda: live.exchange().ok) if line and live.uplink is not None else (lambda: False)
    return live.member.casebook.rekey("0002", meet).whole


def test_a_village_changes_its_key_and_what_it_had_not_sent_leaves_under_the_old_one(net: Network) -> None:
    village = net[VILLAGE]
    refs = [village.member.file()]
    net.settle()
    before = village.member.casebook.identity
    refs.append(village.member.file())
    net.wire.change_request = lambda raw: raw if len(raw) < 900 else b""  # what it files does not get through yet
    village.exchange()
    net.wire.calm()
    assert rekey(net, VILLAGE), "the township has answered: nothing is in doubt"
    refs.append(village.member.file())
    casebook = village.member.casebook
    assert waits(net, VILLAGE) and casebook.life()["waits_for"] == []
    net.settle()
    now = casebook.identity
    assert reasons(village) == [Reason.REKEY] and now.key.public != before.key.public
    assert not waits(net, VILLAGE)
    assert_nothing_lost_or_doubled(net, refs)
    lives = casebook.roster.nodes_of(VILLAGE)
    assert [node.public for node in lives] == [before.key.public, now.key.public]
    village.exchange()
    assert_speaks_with(net, now.key.public)
    opened = [case.last.incarnation for ref in refs if (case := casebook.case(*ref[:2])) and case.last]
    assert opened == [before.incarnation, before.incarnation, now.incarnation]


def assert_speaks_with(net: Network, public: bytes) -> None:
    """The last request on the wire is signed with this key: nobody else's verifies."""
    raw = net.wire.passed[-1].request
    _, _, challenge, signature, body = decode(raw)
    who = net[VILLAGE].member.casebook
    above = net[TOWNSHIP].incarnation
    payload = encode([0, who.identity.incarnation, above, challenge, sha256(body)])
    verify(1, public, "exchange", who.network_id, payload, signature)


def test_a_township_changes_its_key_while_a_village_sleeps_and_names_others_at_once(net: Network) -> None:
    net.settle()
    township = net[TOWNSHIP]
    ref = net[VILLAGE].member.file()
    net[VILLAGE].sync()
    net.wire.down.add(VILLAGE)
    assert rekey(net, TOWNSHIP)
    township.sync()
    casebook = township.member.casebook
    assert not waits(net, TOWNSHIP) and casebook.untold() == [] and casebook.waits_for() == []
    casebook.check_publishable()
    net.wire.calm()
    slept = net[VILLAGE].member.file()
    net.settle()
    assert net[COUNTY].member.state(ref) == net[COUNTY].member.state(slept) == "received"
    assert rekey(net, VILLAGE)
    net.settle()
    assert not waits(net, VILLAGE), "countersigned with the township's new key"
    assert_nothing_lost_or_doubled(net, [ref, slept])


def test_the_root_changes_its_own_key_once_all_below_have_been_heard(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    net.settle()
    county = net[COUNTY].member.casebook
    assert not rekey(net, COUNTY), "nobody is above it who could show that it has lost nothing"
    assert waits(net, COUNTY)
    net.settle()
    assert not waits(net, COUNTY) and county.waits_for() == []
    assert_nothing_lost_or_doubled(net, [ref])


def test_the_county_shuts_out_its_own_old_key_after_it_was_changed_and_never_the_present_one(
    net: Network, tmp_path: Path
) -> None:
    county = net[COUNTY].member.casebook
    county.sign_roster_with(lambda: [net.built.publisher_key])
    ref = net[VILLAGE].member.file()
    net.settle()
    before = county.identity.incarnation
    rekey(net, COUNTY)
    net.settle_above()
    now = county.identity.incarnation
    with pytest.raises(NotAllowed):
        county.ask_revocation("0009", now.hex(), "密钥可能泄露")
    county.confirm_revocation("0008", county.ask_revocation("0009", before.hex(), "密钥可能泄露"))
    assert [node.incarnation for node in county.roster.serving(COUNTY)] == [now]
    assert not county.standing().retired and not waits(net, COUNTY)
    later = net[VILLAGE].member.file()
    net.settle()
    assert_nothing_lost_or_doubled(net, [ref, later])
    assert not net[TOWNSHIP].member.casebook.roster.nodes_of(COUNTY)[0].serves
    head = open_counter(net[COUNTY].member, tmp_path, more=township_pages.register).sign_in("0003", "head")
    assert '<a href="/revocations">“机器丢失，停用”页' in head.open("/health").text


def test_by_stick_alone_the_key_is_changed_in_two_walks(apart: Network, tmp_path: Path) -> None:
    township, village = at(apart, TOWNSHIP), at(apart, VILLAGE)
    refs = [village.member.file()]
    carried(village, township, tmp_path / "1 up")
    carried(township, village, tmp_path / "1 down")
    refs.append(village.member.file())
    assert not rekey(apart, VILLAGE, line=False), "nobody has answered"
    refs.append(village.member.file())
    carried(village, township, tmp_path / "2 up")
    carried(township, village, tmp_path / "2 down")
    assert not waits(apart, VILLAGE)
    carried(village, township, tmp_path / "3 up")
    assert [township.member.state(ref) for ref in refs] == ["received"] * 3
    assert apart[VILLAGE].member.casebook.counts()["contested"] == 0


def test_a_machine_about_which_an_alarm_rings_or_that_still_waits_changes_nothing(net: Network) -> None:
    net.settle()
    village = net[VILLAGE]
    casebook = village.member.casebook
    casebook.update_peer(net[TOWNSHIP].incarnation, place=TOWNSHIP, direction="up", alarm=ANOTHER_NONCE)
    with pytest.raises(NotAllowed, match="alarm"):
        rekey(net, VILLAGE)
    casebook.begin_again(Reason.OPERATOR)
    with pytest.raises(NotAllowed, match="not in the roster"):
        rekey(net, VILLAGE)
    net.settle()
    assert rekey(net, VILLAGE)
