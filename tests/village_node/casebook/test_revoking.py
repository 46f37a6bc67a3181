"""Asking for a revocation and publishing it: one worker, all lives of a machine, and a record that was cut short."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol import roster as rosters
from sync_protocol.errors import ProtocolError
from sync_protocol.roster import Change, read_payload
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network, network, settle
from tests.village_node.courier.sticks import hand, introduce
from village_node.casebook import Casebook, NotAllowed
from village_node.store import NotSaved


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and a village; the county signs with its publishing key."""
    (tmp_path / "nodes").mkdir()
    made = network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE)
    made.members[COUNTY].casebook.sign_roster_with(lambda: [made.publisher_key])
    yield made
    made.close()


def book(net: Network, code: str) -> Casebook:
    return net.members[code].casebook


def asked(net: Network, code: str, machine: bytes, *, again: bool = False, alone: bool = False) -> int:
    return book(net, code).ask_revocation("0009", machine.hex(), "电脑被盗", again=again, alone=alone)


def ops_of(change: Change) -> list[bytes]:
    return [op[1] for op in read_payload(change).ops if op[0] == rosters.REVOKE]


def another_life(net: Network) -> bytes:
    """A second number of the village, as a new life of its machine gets."""
    incarnation = net.chance.randbytes(16)
    request = rosters.read_request(rosters.enrol_request(net.key(), VILLAGE, "village", "上关村", incarnation))
    township = book(net, TOWNSHIP)
    ops = rosters.admit_request(township.roster, request, TOWNSHIP)
    change = rosters.publish(township.roster, TOWNSHIP, ops, [township.speaker.key], net.clock())
    township.enrol(change)
    book(net, COUNTY).apply_roster([change])
    return incarnation


def test_a_worker_for_pages_publishes_nothing(net: Network) -> None:
    township = book(net, TOWNSHIP)
    number = asked(net, TOWNSHIP, net.identities[VILLAGE].incarnation)
    township.pages_only = True
    with pytest.raises(NotAllowed, match="only the worker that syncs"):
        township.confirm_revocation("0008", number)
    assert not township.roster.has_revoked and not township.revocations()[0].state
    township.pages_only = False
    township.confirm_revocation("0008", number)


def test_a_change_of_our_own_that_comes_too_late_proves_no_fork_and_is_forgotten(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    township = book(net, TOWNSHIP)
    one, other = (
        rosters.publish(township.roster, TOWNSHIP, [rosters.place_op(code, "village", TOWNSHIP, code)],
                        [township.speaker.key], net.clock())
        for code in ("621021101207", "621021101208")
    )  # fmt: skip
    noting = township.witness_change

    def note(change: Change) -> None:
        noting(change)
        if change == other:
            township.apply_roster([one])

    monkeypatch.setattr(township, "witness_change", note)
    with pytest.raises(ProtocolError):
        township.enrol(other)
    assert not township.roster.forks and township.roster.changes(TOWNSHIP)[-1] == one
    life = township.identity.incarnation
    net.members[TOWNSHIP].store.close()
    assert net.open(TOWNSHIP).casebook.identity.incarnation == life, "it does not look like an old copy put back"


def test_what_it_may_have_signed_grows_with_no_second_revocation(net: Network) -> None:
    county, machine = book(net, COUNTY), net.identities[TOWNSHIP].incarnation
    first = read_payload(county.confirm_revocation("0008", asked(net, COUNTY, machine))).ops[0]
    key, incarnation = net.key(), net.chance.randbytes(16)
    request = rosters.read_request(rosters.enrol_request(key, TOWNSHIP, "township", "驿马镇", incarnation))
    ops = rosters.admit_request(county.roster, request, COUNTY)
    county.enrol(rosters.publish(county.roster, COUNTY, ops, [net.publisher_key], net.clock()))
    place = rosters.place_op("621021101207", "village", TOWNSHIP, "新村")
    county.apply_roster([rosters.publish(county.roster, TOWNSHIP, [place], [key], net.clock())])
    again = county.confirm_revocation("0008", asked(net, COUNTY, machine, again=True))
    assert county.roster.length(TOWNSHIP) == first[3] + 1
    assert read_payload(again).ops[0][3] == first[3]


def test_every_number_of_the_place_is_shut_out_at_once_unless_one_alone_is_meant(net: Network) -> None:
    first, second = net.identities[VILLAGE].incarnation, another_life(net)
    township = book(net, TOWNSHIP)
    number = asked(net, TOWNSHIP, first)
    (together,) = township.revocations_waiting()
    assert {each.incarnation for each in together} == {first, second}
    township.reject_revocation("0009", number)
    assert {each.state for each in township.revocations()} == {2}
    change = township.confirm_revocation("0008", asked(net, TOWNSHIP, second))
    assert set(ops_of(change)) == {first, second} and not township.roster.serving(VILLAGE)
    county = book(net, COUNTY)
    assert ops_of(county.confirm_revocation("0008", asked(net, COUNTY, first, alone=True))) == [first]
    assert [machine.besides for machine in county.machines() if machine.node.incarnation == first] == [1]


def test_a_record_that_was_cut_short_is_completed_and_taken_back_by_nobody(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    township = book(net, TOWNSHIP)
    number, length = asked(net, TOWNSHIP, net.identities[VILLAGE].incarnation), township.roster.length(TOWNSHIP)
    with monkeypatch.context() as broken, pytest.raises(NotSaved):

        def fail(*_given: object) -> None:
            raise NotSaved("未保存", "not saved")

        broken.setattr(township, "_answer_to", fail)
        township.confirm_revocation("0008", number)
    assert township.roster.has_revoked and not township.revocations()[0].state
    with pytest.raises(NotAllowed, match="the roster says so already"):
        township.reject_revocation("0009", number)
    township.pages_only = True  # nothing more is published
    change = township.confirm_revocation("0008", number)
    assert township.revocations()[0].state == 1 and township.roster.length(TOWNSHIP) == length + 1
    assert change == township.roster.changes(TOWNSHIP)[-1]


def test_a_bundle_of_a_revoked_machine_brings_no_roster_change(net: Network, tmp_path: Path) -> None:
    above, below = hand(net, COUNTY), hand(net, TOWNSHIP)
    introduce(above, below, tmp_path)
    county, township = book(net, COUNTY), book(net, TOWNSHIP)
    county.confirm_revocation("0008", asked(net, COUNTY, net.identities[VILLAGE].incarnation))
    place = rosters.place_op("621021101207", "village", TOWNSHIP, "新村")
    late = rosters.publish(township.roster, TOWNSHIP, [place], [township.speaker.key], net.clock())
    township.enrol(late)
    below.write(tmp_path / "late", COUNTY)
    op = rosters.revoke_op(net.identities[TOWNSHIP].incarnation, [], county.roster.length(TOWNSHIP) + 1)
    county.enrol(rosters.publish(county.roster, COUNTY, [op], [net.publisher_key], net.clock()))
    (outcome,) = above.read(tmp_path / "late")
    assert outcome.revoked and late not in county.roster.changes(TOWNSHIP)
    county.apply_roster([late])
    assert late in county.roster.changes(TOWNSHIP), "it stands, and comes by another road"


def test_nothing_is_sealed_to_a_key_that_a_revoked_machine_has_published(net: Network) -> None:
    township, county = book(net, TOWNSHIP), book(net, COUNTY)
    township.open_complaints("0301", {"head"})
    assert township.complaints_open() and township.key_of(TOWNSHIP) is not None
    assert township.who_hears(VILLAGE, higher=False) == TOWNSHIP
    settle(net.members[TOWNSHIP], net.members[COUNTY])  # the county holds it, so that it stands as a record
    township.apply_roster([county.confirm_revocation("0008", asked(net, COUNTY, net.identities[TOWNSHIP].incarnation))])
    assert township.key_of(TOWNSHIP) is None and not township.complaints_open()
    assert township.who_hears(VILLAGE, higher=False) == ""
