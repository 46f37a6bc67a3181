"""One identity living twice, or again from an older image: it is noticed, said at both ends, and costs no data."""

import shutil
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from sync_protocol.exchange import ANOTHER_NONCE, NO_ALARM, OLDER_CHALLENGE, RESTORED
from tests.faults.speech import current
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Live, Network


def image_of(live: Live, folder: Path) -> Path:
    """A copy of a node's disk, taken while it stands still."""
    live.member.store.close()
    copy = folder / "image"
    copy.mkdir()
    for file in folder.glob(f"{live.place}.db*"):
        shutil.copy(file, copy / file.name)
    return copy


def restore(net: Network, code: str, image: Path) -> Live:
    """Put a node's disk back as it was in the image, and start it."""
    net[code].downlink.close()
    net[code].member.store.close()
    folder = net.built.folder
    for file in folder.glob(f"{code}.db*"):
        file.unlink()
    for file in image.glob(f"{code}.db*"):
        shutil.copy(file, folder / file.name)
    return net.start(code)


def test_a_clone_rings_at_both_ends_and_its_data_are_kept(net: Network, tmp_path: Path) -> None:
    """The same challenge with another nonce: both copies drew one for it."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    village.sync()
    image = image_of(village, tmp_path)
    first = net.start(VILLAGE)
    first.sync()
    ref = first.member.file()
    first.sync()
    clone = restore(net, VILLAGE, image)
    result = clone.exchange()
    assert result.ok
    row = township.peer(clone)
    assert row.alarm in (ANOTHER_NONCE, OLDER_CHALLENGE)
    assert clone.peer(township).alarm == row.alarm == clone.up.status()["alarm"]
    challenge = clone.peer(township).challenge
    clone.exchange()
    assert clone.peer(township).challenge == challenge, "the next challenge is withheld"
    net.built.clock.now_ms += 60_000
    # What the clone writes stays with the clone until people have settled it; what the first life sent is safe above.
    clone.member.file()
    before = township.member.casebook.shared_points(VILLAGE)
    for _ in range(3):
        clone.exchange()
    assert [point[:4] for point in township.member.casebook.shared_points(VILLAGE)] == [one[:4] for one in before]
    assert township.member.state(ref) == "received"
    assert clone.member.casebook.counts()["not_left"]


def test_the_same_pair_with_another_nonce_rings_as_a_clone(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    pair = village.peer(township)
    assert village.exchange().ok
    # The twin still holds the challenge that was used, but drew a nonce of its own for it.
    village.member.casebook.update_peer(township.incarnation, challenge=pair.challenge, nonce=b"another!")
    ref = village.member.file()
    assert village.exchange().ok
    assert village.peer(township).alarm == township.peer(village).alarm == ANOTHER_NONCE
    assert township.member.state(ref) == "received", "the data are taken as usual"


def test_a_restored_database_sends_nothing_of_its_own_and_says_so(net: Network, tmp_path: Path) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    village.sync()
    image = image_of(village, tmp_path)
    village = net.start(VILLAGE)
    later = village.member.file()
    net.settle()
    restored = restore(net, VILLAGE, image)
    # It never met its parent's newer challenge either; a parent that forgot the child altogether would not ring.
    township.member.casebook.update_peer(restored.incarnation, issued=0, issued_nonce=None, alarm=NO_ALARM)
    net.built.clock.now_ms += 60_000
    forgotten = restored.member.file()
    restored.exchange()
    restored.exchange()
    assert restored.peer(township).alarm == RESTORED
    assert restored.up.status()["alarm"] == RESTORED
    held = township.member.casebook.shared_points(VILLAGE)
    for _ in range(3):
        restored.exchange()
    assert [one[:4] for one in township.member.casebook.shared_points(VILLAGE)] == [one[:4] for one in held]
    there = township.member.casebook.case(later.scope, later.case_id)
    assert there is not None and there.filed_ms == 1_790_000_000_000, "the first life's case stands"
    assert restored.member.state(forgotten) == "received", "and the second life still has its own"


def test_under_an_alarm_what_comes_down_still_arrives(net: Network) -> None:
    village, township, county = net[VILLAGE], net[TOWNSHIP], net[COUNTY]
    ref = village.member.file()
    net.settle()
    village.member.casebook.update_peer(township.incarnation, alarm=RESTORED)
    village = net.start(VILLAGE)
    county.member.act(ref, kinds.NOTE, {"text": "请补充"})
    net[TOWNSHIP].sync()
    for _ in range(3):
        assert village.exchange().ok
    assert len(village.member.casebook.timeline(ref.scope, ref.case_id)) == 3


def test_a_parent_restored_from_yesterday_gets_everything_again(net: Network, tmp_path: Path) -> None:
    village = net[VILLAGE]
    village.member.file()
    village.sync()
    image = image_of(net[TOWNSHIP], tmp_path)
    net.start(TOWNSHIP)
    refs = [village.member.file() for _ in range(3)]
    village.sync()
    restored = restore(net, TOWNSHIP, image)
    assert [restored.member.state(ref) for ref in refs] == ["", "", ""]
    for _ in range(3):
        village.exchange()
    assert [restored.member.state(ref) for ref in refs] == ["received"] * 3
    net.settle()
    assert village.peer(restored).alarm == restored.peer(village).alarm == NO_ALARM


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


def test_two_copies_that_share_a_challenge_ring_with_another_nonce(net: Network, tmp_path: Path) -> None:
    """Each copy draws a nonce of its own for the next challenge; the second to use it is heard as another life."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    image = image_of(village, tmp_path)
    first = net.start(VILLAGE)
    assert first.exchange().ok
    clone = restore(net, VILLAGE, image)
    assert clone.exchange().ok and clone.peer(township).alarm == NO_ALARM
    challenge, nonce = current(clone, township)
    clone.member.casebook.update_peer(township.incarnation, challenge=challenge, nonce=b"the first's nonce"[:8])
    assert clone.exchange().ok
    clone.member.casebook.update_peer(township.incarnation, challenge=challenge, nonce=nonce)
    assert clone.exchange().ok
    assert clone.peer(township).alarm == township.peer(clone).alarm == ANOTHER_NONCE


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
