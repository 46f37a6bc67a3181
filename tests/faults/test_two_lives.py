"""One identity living twice, or again from an older image: it is noticed, said at both ends, and costs no data."""

from pathlib import Path

import pytest

from sync_protocol.case import kinds
from sync_protocol.exchange import ANOTHER_NONCE, NO_ALARM, OLDER_CHALLENGE, RESTORED
from tests.faults.images import image_of, put_back, restore
from tests.faults.speech import current
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Live, Network
from village_node.casebook import CaseRef, NotAllowed, Reason


class Twins:
    """A village's disk copied whole, and both copies alive: one of them has the place's address at a time."""

    def __init__(self, net: Network, tmp_path: Path) -> None:
        """Copied while it stands still; each copy is another process with other random bytes."""
        self.net = net
        self.disks = [image_of(net, VILLAGE, tmp_path), image_of(net, VILLAGE, tmp_path)]
        self.on = 0
        put_back(net, VILLAGE, self.disks[0], whole=True)
        net.start(VILLAGE)

    def turn_to(self, which: int, tmp_path: Path) -> Live:
        """Let the other copy run; the one before stands still."""
        self.disks[self.on] = image_of(self.net, VILLAGE, tmp_path)
        self.on = which
        return restore(self.net, VILLAGE, self.disks[which], whole=True)


def test_both_copies_of_a_disk_file_for_a_week_and_both_sets_arrive(net: Network, tmp_path: Path) -> None:
    """T24: no silent overwrite; the copy that speaks second takes a new life by itself, and the level above is told."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    net.settle()
    twins = Twins(net, tmp_path)
    filed: list[CaseRef] = []
    for day in range(7):
        for which in (day % 2, 1 - day % 2):
            live = twins.turn_to(which, tmp_path)
            net.built.clock.now_ms += 43_200_000
            filed += [live.member.file() for _ in range(3)]
    net.settle()
    first = net[VILLAGE].incarnation
    second = twins.turn_to(1 - twins.on, tmp_path)
    net.settle()
    assert [each.incarnation for each in second.member.casebook.identity.former] == [first]
    for ref in filed:
        row = net[COUNTY].member.casebook.find_by_number(ref.case_no)
        assert row is not None and row.query_code == ref.query_code and row.n_contested == row.n_void == 0
    assert {row.alarm for row in township.member.casebook.peers() if row.incarnation == first} == {RESTORED}
    # The first copy goes on, and hears that its identity lives twice.
    again = twins.turn_to(1 - twins.on, tmp_path)
    assert again.incarnation == first
    again.up.exchange_once()
    assert again.member.casebook.standing().rings or again.incarnation != first


def test_a_copy_that_runs_rings_at_both_ends_and_its_people_choose(net: Network) -> None:
    """The same pair with another nonce while this machine runs: another one lives, and people say what is to be."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    net.settle()
    ring(village, township)
    assert village.peer(township).alarm == township.peer(village).alarm == ANOTHER_NONCE
    old, ref = village.incarnation, village.member.file()
    for _ in range(3):
        assert village.exchange().ok
    assert township.member.state(ref) == "", "nothing of it leaves before that is settled"
    village.member.casebook.begin_again(Reason.OPERATOR)
    net.settle()
    assert village.incarnation != old
    assert not village.member.casebook.standing().rings
    assert township.member.state(ref) == "received"
    (told,) = (row for row in township.member.casebook.peers() if row.incarnation == old)
    assert told.alarm == RESTORED, "the level above shows that it is settled"


def test_a_retired_machine_neither_files_nor_syncs(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    net.settle()
    ring(village, township)
    village.member.casebook.retire("0001")
    net.wire.passed.clear()
    for live in (village, net.start(VILLAGE)):
        with pytest.raises(NotAllowed, match="retired"):
            live.member.file()
        result = live.exchange()
        assert not result.ok and "停用" in result.text
        assert live.member.casebook.life()["retired"]
    assert not net.wire.passed


def ring(village: Live, township: Live) -> None:
    """Let the parent hear the challenge in force with another nonce, as from a twin that drew its own."""
    pair = village.peer(township)
    assert village.exchange().ok
    village.member.casebook.update_peer(township.incarnation, challenge=pair.challenge, nonce=b"else")
    assert village.exchange().ok


def test_the_same_pair_with_another_nonce_rings_as_a_clone(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    pair = village.peer(township)
    assert village.exchange().ok
    # The twin still holds the challenge that was used, but drew a nonce of its own for it.
    village.member.casebook.update_peer(township.incarnation, challenge=pair.challenge, nonce=b"else")
    ref = village.member.file()
    assert village.exchange().ok
    assert village.peer(township).alarm == township.peer(village).alarm == ANOTHER_NONCE
    assert township.member.state(ref) == "received", "the data are taken as usual"


def test_a_child_that_its_parent_knows_more_of_begins_a_new_life_at_once(net: Network, tmp_path: Path) -> None:
    """Nothing rings here: the parent forgot the ratchet. What it holds of the child tells all the same."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    net.settle()
    image = image_of(net, VILLAGE, tmp_path)
    later = net[VILLAGE].member.file()
    net.settle()
    restored = restore(net, VILLAGE, image, whole=True)
    old = restored.incarnation
    township.member.casebook.update_peer(old, issued=0, issued_nonce=None, alarm=NO_ALARM)
    net.built.clock.now_ms += 60_000
    over = restored.member.file()
    restored.exchange()
    assert restored.incarnation == old
    restored.exchange()
    assert [each.reason for each in restored.member.casebook.identity.former] == [Reason.BEYOND_US]
    net.settle()
    for ref in (later, over):
        row = township.member.casebook.find_by_number(ref.case_no)
        assert row is not None and (row.state, row.filed_ms) == (
            "received",
            1_790_000_000_000 + (60_000 if ref is over else 0),
        )
    assert restored.peer(township).alarm == NO_ALARM


def test_under_an_alarm_what_comes_down_still_arrives(net: Network) -> None:
    village, township, county = net[VILLAGE], net[TOWNSHIP], net[COUNTY]
    ref = village.member.file()
    net.settle()
    village.member.casebook.update_peer(township.incarnation, alarm=ANOTHER_NONCE)
    village = net.start(VILLAGE)
    county.member.act(ref, kinds.NOTE, {"text": "请补充"})
    net[TOWNSHIP].sync()
    for _ in range(3):
        assert village.exchange().ok
    assert len(village.member.casebook.timeline(ref.scope, ref.case_id)) == 3


def test_a_child_whose_parent_lost_its_ratchet_begins_again_without_alarm(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    for _ in range(5):
        village.exchange()
    township.member.casebook.update_peer(village.incarnation, issued=0, issued_nonce=None)
    ref = village.member.file()
    village.sync()
    assert township.member.state(ref) == "received"
    assert village.peer(township).alarm == township.peer(village).alarm == NO_ALARM


@pytest.mark.parametrize("losses", [1, 2, 5])
def test_lost_replies_never_ring(net: Network, losses: int) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    for round_ in range(6):
        village.member.file()
        for _ in range(losses if round_ % 2 else 0):
            net.wire.change_reply = lambda raw: raw[:-1]
            village.exchange()
        net.wire.calm()
        assert village.exchange().ok
        assert village.peer(township).alarm == township.peer(village).alarm == NO_ALARM


def test_each_challenge_gets_a_nonce_of_its_own(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    pairs = set()
    for _ in range(6):
        assert village.exchange().ok
        pairs.add(current(village, township))
    assert len({challenge for challenge, _ in pairs}) == len({nonce for _, nonce in pairs}) == 6


def test_under_an_alarm_nothing_of_our_own_streams_leaves(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.casebook.update_peer(township.incarnation, alarm=OLDER_CHALLENGE)
    village = net.start(VILLAGE)
    refs = [village.member.file() for _ in range(3)]
    net.wire.passed.clear()
    for _ in range(4):
        assert village.exchange().ok
    assert not any(net.spoken(one, VILLAGE)[0].segments for one in net.wire.passed)
    assert [township.member.state(ref) for ref in refs] == ["", "", ""]
    assert village.member.casebook.counts()["not_left"]
    # Settled by people, all of it leaves.
    village.member.casebook.update_peer(township.incarnation, alarm=NO_ALARM)
    net.start(VILLAGE)
    net.settle()
    assert [township.member.state(ref) for ref in refs] == ["received"] * 3
