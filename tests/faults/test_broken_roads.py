"""Roads that break: a parent down, a cut at any byte, lost replies. Nothing is lost, nothing comes twice."""

import random

import pytest
import requests

from sync_protocol import roster as rosters
from sync_protocol.case import kinds
from tests.faults.speech import current, deliver, hosts_asked, raising
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Live, Network


def events_of(live: Live) -> list[tuple[bytes, str, int]]:
    """Every stream with its head, as this node holds it."""
    return sorted(point[:3] for point in live.member.casebook.shared_points(live.place))


def test_a_parent_down_for_any_time_costs_nothing_but_time(net: Network) -> None:
    net.wire.down.add(TOWNSHIP)
    village = net[VILLAGE]
    refs = []
    for _ in range(12):
        refs.append(village.member.file())
        result = village.exchange()
        assert not result.ok and "连不上" in result.text
        net.built.clock.now_ms += 86_400_000
    row = village.peer(net[TOWNSHIP])
    assert row.failures == 12 and "连不上" in row.last_error
    assert row.next_attempt_ms is not None and row.first_failure_ms is not None
    assert village.up.status()["failures"] == 12
    net.wire.calm()
    net.sync(2)
    assert all(net[COUNTY].member.state(ref) == "received" for ref in refs)
    assert net.equal(VILLAGE) and net.equal(TOWNSHIP)
    healed = village.peer(net[TOWNSHIP])
    assert (healed.failures, healed.last_error, healed.next_attempt_ms) == (0, None, None)


def test_after_healing_both_ends_are_equal_within_two_exchanges_per_hop(net: Network) -> None:
    refs = [net[VILLAGE].member.file() for _ in range(3)]
    net.sync(2)
    net.wire.down.update((TOWNSHIP, COUNTY))
    for ref in refs:
        net[COUNTY].member.act(ref, kinds.NOTE, {"text": "补材料"})
        net[VILLAGE].member.act(ref, kinds.NOTE, {"text": "已通知"})
        net[VILLAGE].exchange()
        net[TOWNSHIP].exchange()
    net.wire.calm()
    for code in (VILLAGE, TOWNSHIP, VILLAGE, TOWNSHIP):
        assert net[code].exchange().ok
    assert events_of(net[VILLAGE]) == events_of(net[TOWNSHIP]) == events_of(net[COUNTY])
    for ref in refs:
        held = [net[code].member.casebook.timeline(ref.scope, ref.case_id) for code in (VILLAGE, TOWNSHIP, COUNTY)]
        assert [[entry.verdict for entry in one] for one in held] == [[entry.verdict for entry in held[0]]] * 3
    net.settle()  # the receipts for what has just arrived


def test_what_was_said_to_a_late_copy_of_a_request_was_said_to_nobody(net: Network) -> None:
    """Else the parent takes for told what the child never heard: a tide, and the heads of a roster that has grown."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    ref = village.member.file()
    net.settle()
    assert village.exchange().ok
    copy = net.wire.passed[-1]
    net[COUNTY].member.act(ref, kinds.NOTE, {"text": "请补充"})
    ops = [rosters.place_op(SECOND_VILLAGE, "village", TOWNSHIP, "新村")]
    book = township.member.casebook
    book.enrol(rosters.publish(book.roster, TOWNSHIP, ops, [book.speaker.key], net.built.clock()))
    township.sync()
    deliver(net, TOWNSHIP, copy.request)
    assert village.exchange().ok
    _, answered = net.spoken(net.wire.passed[-1], VILLAGE)
    assert answered.tide is not None and answered.roster_heads is not None


class Knife:
    """Cuts what passes at a growing offset, until the cut would leave everything."""

    def __init__(self) -> None:
        self.at = -1
        self.length = 1

    def __call__(self, raw: bytes) -> bytes:
        self.length = len(raw)
        return raw[: self.at]

    def next(self) -> bool:
        self.at += 1
        return self.at < self.length


@pytest.mark.slow
def test_a_request_cut_at_any_byte_is_refused_and_heals(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    before = township.member.casebook.shared_points(VILLAGE)
    net.wire.change_request = knife = Knife()
    while knife.next():
        assert not village.exchange().ok
        assert "未接受" in village.up.status()["last_error"]
    assert knife.length > 300
    assert township.member.casebook.shared_points(VILLAGE) == before
    net.wire.calm()
    net.settle()
    assert village.peer(township).alarm == township.peer(village).alarm == 0


@pytest.mark.slow
def test_a_reply_cut_at_any_byte_changes_nothing_and_heals(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    before, pair = village.member.casebook.shared_points(VILLAGE), current(village, township)
    net.wire.change_reply = knife = Knife()
    while knife.next():
        assert not village.exchange().ok
    assert knife.length > 60, "a receipt and its signature"
    assert current(village, township) == pair
    assert village.member.casebook.shared_points(VILLAGE) == before
    net.wire.calm()
    net.settle()
    assert village.peer(township).alarm == township.peer(village).alarm == 0


def test_a_reply_lost_again_and_again_is_given_again_and_nothing_comes_twice(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    ref = village.member.file()
    village.exchange()
    net.wire.change_reply = raising(requests.ConnectionError("the line broke"))
    replies = []
    for n in range(8):
        village.member.act(ref, kinds.NOTE, {"text": f"第{n}次"})
        assert not village.exchange().ok
        replies.append(net.wire.passed[-1].reply)
    assert township.peer(village).alarm == 0
    net.wire.calm()
    net.settle()
    for code in (VILLAGE, TOWNSHIP, COUNTY):
        assert len(net[code].member.casebook.timeline(ref.scope, ref.case_id)) == 10
    assert village.peer(township).alarm == township.peer(village).alarm == 0


def test_bytes_changed_on_the_way_are_noticed_in_both_directions(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    ref = village.member.file()
    chance = random.Random(3)

    def flip(raw: bytes) -> bytes:
        at = chance.randrange(len(raw))
        return raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :]

    before = township.member.casebook.shared_points(VILLAGE)
    for _ in range(60):
        net.wire.change_request = flip
        assert not village.exchange().ok
    assert township.member.casebook.shared_points(VILLAGE) == before
    net.wire.calm()
    for _ in range(60):
        net.wire.change_reply = flip
        assert not village.exchange().ok
    net.wire.calm()
    net.settle()
    assert net[COUNTY].member.state(ref) == "received"


def test_a_dead_township_does_not_cut_off_its_villages(net: Network) -> None:
    village, county = net[VILLAGE], net[COUNTY]
    ref = village.member.file()
    net.wire.down.add(TOWNSHIP)
    assert not village.exchange().ok
    net.wire.passed.clear()
    net.monotonic.now_s += 3599.0
    village.exchange()
    assert hosts_asked(net) == []
    net.monotonic.now_s += 2.0
    village.sync()
    assert set(hosts_asked(net)) == {COUNTY}
    assert county.member.state(ref) == "received"
    county.member.act(ref, kinds.NOTE, {"text": "请补充"})
    village.sync()
    assert len(village.member.casebook.timeline(ref.scope, ref.case_id)) == 3
    net.wire.calm()
    # The township has never seen the case; now it learns it from both sides, and all three are equal.
    net[TOWNSHIP].sync()
    assert village.up.sync_now()["ok"]
    net.monotonic.now_s += 10_000.0
    restarted = net.start(VILLAGE)
    restarted.sync()
    net.settle()
    assert net[TOWNSHIP].member.state(ref) == "received"
    assert events_of(restarted) == events_of(net[TOWNSHIP]) == events_of(county)


@pytest.mark.parametrize("who", [VILLAGE, TOWNSHIP, COUNTY])
def test_a_restart_between_any_two_exchanges_is_not_noticed(net: Network, who: str) -> None:
    ref = net[VILLAGE].member.file()
    for _ in range(3):
        for code in (VILLAGE, TOWNSHIP):
            net.start(who)
            assert net[code].exchange().ok
    net.settle()
    assert net[COUNTY].member.state(ref) == "received"
    for child, parent in ((VILLAGE, TOWNSHIP), (TOWNSHIP, COUNTY)):
        assert net[child].peer(net[parent]).alarm == net[parent].peer(net[child]).alarm == 0
