"""The uplink on a wire without sockets: what it sends, when, how often, and what it says when it cannot."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from sync_protocol.exchange import NO_ALARM, FrameBudget
from sync_protocol.roster import place_op, publish
from sync_protocol.stream import Head
from tests.network import COUNTY, OTHER_TOWNSHIP, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network, network
from village_node.config import Config
from village_node.store import NotReadable, NotSaved
from village_node.uplink import Ancestor, Settings


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and a village that have met; nothing is owed."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    made.settle()
    yield made
    made.close()


def test_an_idle_exchange_is_one_round_trip_of_few_bytes(net: Network) -> None:
    net.wire.passed.clear()
    assert net[VILLAGE].sync() == 1
    (only,) = net.wire.passed
    assert len(only.request) + len(only.reply) <= 600


def test_a_live_change_is_one_exchange_a_hop_and_asks_for_no_vector(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    net.wire.passed.clear()
    assert [net[code].sync() for code in (VILLAGE, TOWNSHIP, VILLAGE)] == [1, 1, 1]
    net[COUNTY].member.act(ref, kinds.NOTE, {"text": "请补充"})
    assert net[TOWNSHIP].exchange().stored == 1
    assert net[VILLAGE].exchange().stored == 1
    assert len(net.wire.passed) == 5
    for passed, child in zip(net.wire.passed, (VILLAGE, TOWNSHIP, VILLAGE, TOWNSHIP, VILLAGE), strict=True):
        for message in net.spoken(passed, child):
            assert message.vector is None and not message.send_vector and message.roster_heads is None


def test_one_filed_case_costs_less_than_a_kilobyte_of_bodies_each_hop(net: Network) -> None:
    net[VILLAGE].member.file()
    for code in (VILLAGE, TOWNSHIP):
        net[code].exchange()
        last = net.wire.passed[-1]
        assert len(last.request) + len(last.reply) < 800


def test_the_first_exchange_after_a_start_sends_nothing_of_its_own_streams(net: Network) -> None:
    village = net.start(VILLAGE)
    village.member.file()
    net.wire.passed.clear()
    village.exchange()
    asked, answered = net.spoken(net.wire.passed[0], VILLAGE)
    assert asked.first and asked.send_vector and asked.hello is not None
    assert not asked.segments and answered.vector is not None
    village.exchange()
    asked, _ = net.spoken(net.wire.passed[1], VILLAGE)
    assert asked.segments and not asked.first and asked.hello is None


@pytest.mark.parametrize(
    ("challenge", "nonce"), [(bytes(24), bytes(8)), (b"\1" * 12, bytes(4)), (b"\1" * 7, bytes(8)), (b"\1" * 7, None)]
)
def test_a_challenge_kept_in_another_form_is_asked_for_anew(
    net: Network, challenge: bytes, nonce: bytes | None
) -> None:
    """A program before this one kept longer ones: the parent would refuse them for ever."""
    above = net[TOWNSHIP].incarnation
    net[VILLAGE].member.casebook.update_peer(above, challenge=challenge, nonce=nonce)
    ref = net[VILLAGE].member.file()
    net.settle()
    assert net[COUNTY].member.casebook.case_row(ref.scope, ref.case_id) is not None
    assert net[VILLAGE].peer(net[TOWNSHIP]).alarm == net[TOWNSHIP].peer(net[VILLAGE]).alarm == NO_ALARM


def test_a_backlog_travels_in_frames_that_grow(net: Network) -> None:
    for _ in range(400):
        net[VILLAGE].member.file()
    net.wire.passed.clear()
    assert net[VILLAGE].sync() <= 4
    sizes = [len(passed.request) for passed in net.wire.passed]
    assert max(sizes) <= 1_048_576
    assert len(net[TOWNSHIP].member.casebook.shared_points(VILLAGE)) == 1
    assert net.equal(VILLAGE)


def test_what_the_road_carries_is_measured_by_what_went_both_ways(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(FrameBudget, "carried", lambda _budget, size, _seconds: sizes.append(size))
    net.wire.passed.clear()
    net[VILLAGE].sync()
    assert sizes == [len(passed.request) + len(passed.reply) for passed in net.wire.passed] != []


def test_what_was_not_learnt_from_a_reply_that_was_taken_is_said_again(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the parent takes the tide for told, and says "come" for ever to a child that has another."""
    ref = net[VILLAGE].member.file()
    net.settle()
    net[COUNTY].member.act(ref, kinds.NOTE, {"text": "请补充"})
    net[TOWNSHIP].sync()

    def unreadable(*_: object) -> None:
        raise NotReadable("暂时无法读取", "cannot be read at the moment")

    with monkeypatch.context() as patch:
        patch.setattr(net[VILLAGE].member.casebook, "settle", unreadable)
        assert not net[VILLAGE].exchange().ok
    _, taken = net.spoken(net.wire.passed[-1], VILLAGE)
    assert net[VILLAGE].exchange().ok
    asked, answered = net.spoken(net.wire.passed[-1], VILLAGE)
    assert asked.first and answered.tide == taken.tide is not None


def test_a_frame_that_fails_is_tried_again_at_half_its_size(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    before = village.peer(township).budget
    net.wire.down.add(TOWNSHIP)
    village.exchange()
    village.exchange()
    assert village.peer(township).budget == before // 4


def test_failures_are_kept_and_a_restart_goes_on_waiting(net: Network) -> None:
    net.wire.down.add(TOWNSHIP)
    waits = []
    for _ in range(9):
        net[VILLAGE].exchange()
        waits.append(net[VILLAGE].up.status()["next_attempt_s"])
    assert all(wait <= min(600.0, 2.0 * 2.0 ** (n + 1)) + 0.1 for n, wait in enumerate(waits))
    assert len(set(waits)) > 5, "full jitter"
    row = net[VILLAGE].peer(net[TOWNSHIP])
    assert row.failures == 9
    restarted = net.start(VILLAGE)
    status = restarted.up.status()
    assert status["failures"] == 9
    assert 0 < status["next_attempt_s"] <= (row.next_attempt_ms - net.built.clock()) / 1000 + 0.1
    net.wire.calm()
    assert restarted.up.sync_now() == {"ok": True, "stored": 0, "error": None}
    assert restarted.up.status()["failures"] == 0


def test_a_wall_clock_set_back_does_not_stretch_the_back_off(net: Network) -> None:
    net.wire.down.add(TOWNSHIP)
    net[VILLAGE].exchange()
    net.built.clock.now_ms -= 40 * 365 * 86_400_000
    assert net.start(VILLAGE).up.status()["next_attempt_s"] <= 600.0


def test_retry_after_is_a_lower_bound(net: Network) -> None:
    net.wire.status = 429
    net.wire.headers = {"Retry-After": "90"}
    result = net[VILLAGE].exchange()
    assert not result.ok and "正忙" in result.text
    assert 90 <= net[VILLAGE].up.status()["next_attempt_s"] <= 91


@pytest.mark.parametrize("word", ["-5", "soon", "9" * 40, "1.5", ""])
def test_a_retry_after_that_is_no_number_of_seconds_is_passed_over(net: Network, word: str) -> None:
    net.wire.status = 429
    net.wire.headers = {"Retry-After": word}
    assert not net[VILLAGE].exchange().ok
    assert net[VILLAGE].up.status()["next_attempt_s"] <= 1.0


def test_a_busy_parent_is_not_a_silent_one(net: Network) -> None:
    """However long it is busy, the next ancestor is not asked, and frames do not shrink."""
    village = net[VILLAGE]
    budget = village.peer(net[TOWNSHIP]).budget
    net.wire.status = 429
    for _ in range(5):
        village.exchange()
        net.monotonic.now_s += 3_000.0
    assert {passed.url.split("/")[2] for passed in net.wire.passed} >= {TOWNSHIP}
    assert village.up.status()["url"].endswith(TOWNSHIP)
    assert village.peer(net[TOWNSHIP]).budget == budget


def test_skew_is_measured_at_each_contact(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.exchange()
    assert village.peer(township).skew_ms == township.peer(village).skew_ms == 0
    fast = net.built.clock.__class__(net.built.clock() + 90_000)
    township.downlink._answering._clock = fast
    village.exchange()
    assert village.peer(township).skew_ms == 90_000
    assert township.peer(village).skew_ms == -90_000
    assert village.up.status()["skew_ms"] == 90_000


def test_a_full_disk_is_said_and_nothing_is_lost(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    ref = village.member.file()

    def full(*_arguments: object, **_named: object) -> None:
        raise NotSaved("磁盘已满，未保存", "the disk is full: nothing was saved")

    with monkeypatch.context() as broken:
        broken.setattr(village.member.casebook, "receive", full)
        broken.setattr(village.member.casebook, "update_peer", full)
        result = village.exchange()
        assert not result.ok and "未保存" in result.text
        assert "未保存" in village.up.status()["last_error"]
    with monkeypatch.context() as broken:
        broken.setattr(township.member.casebook, "receive", full)
        result = village.exchange()
        assert not result.ok and "503" in result.text and "未保存" in result.text
        assert village.up.status()["next_attempt_s"] >= 30
    net.settle()
    assert net[COUNTY].member.state(ref) == "received"
    assert village.peer(township).alarm == township.peer(village).alarm == 0


def test_a_parent_that_stores_nothing_does_not_keep_us_running(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.file()
    receive = township.member.casebook.receive

    def forgetful(peer: bytes, content: object, *, peer_update: dict[str, object]) -> object:
        content.segments.clear()  # type: ignore[attr-defined]
        return receive(peer, content, peer_update=peer_update)  # type: ignore[arg-type]

    monkeypatch.setattr(township.member.casebook, "receive", forgetful)
    rounds = 0
    while village.exchange().again or village.up.owes_now():
        rounds += 1
        assert rounds < 12
    monkeypatch.undo()
    village.member.file()
    assert village.up.owes_now(), "what is new is a reason to call"
    net.settle()


def test_the_roster_travels_up_and_down(net: Network) -> None:
    """A village enrolled at the township becomes known to the county; a township enrolled there to the village."""
    built = net.built
    built.enrol_place(SECOND_VILLAGE, "village", TOWNSHIP, "下关村")
    net[TOWNSHIP].member.casebook.enrol(built.changes[-1])
    net[TOWNSHIP].exchange()
    net[TOWNSHIP].sync()
    assert net[COUNTY].member.casebook.roster.nodes_of(SECOND_VILLAGE)
    op = place_op(OTHER_TOWNSHIP, "township", COUNTY, "三十里铺镇")
    built.roster = built.roster.apply(
        publish(net[COUNTY].member.casebook.roster, COUNTY, [op], [built.publisher_key], built.clock())
    )
    net[COUNTY].member.casebook.enrol(built.roster.changes(COUNTY)[-1])
    net.sync(2)
    assert OTHER_TOWNSHIP in net[VILLAGE].member.casebook.roster.places
    assert net[VILLAGE].member.casebook.roster.nodes_of(SECOND_VILLAGE)
    net.wire.passed.clear()
    net.sync()
    assert all(
        net.spoken(one, VILLAGE if TOWNSHIP in one.url else TOWNSHIP)[0].roster_heads is None for one in net.wire.passed
    )


def test_news_of_the_roster_is_told_again_when_the_reply_was_lost(net: Network) -> None:
    op = place_op(OTHER_TOWNSHIP, "township", COUNTY, "三十里铺镇")
    change = publish(net.built.roster, COUNTY, [op], [net.built.publisher_key], net.built.clock())
    net[COUNTY].member.casebook.enrol(change)
    net.wire.change_reply = lambda raw: raw[:-1]
    assert not net[TOWNSHIP].exchange().ok
    net.wire.calm()
    net[TOWNSHIP].sync()
    assert OTHER_TOWNSHIP in net[TOWNSHIP].member.casebook.roster.places


def test_a_parent_that_the_roster_does_not_name_is_said(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    village = net[VILLAGE]
    monkeypatch.setattr(village.up, "_lines", [type(village.up._lines[0])(Ancestor("http://x", "", 7), 0.0)])
    result = village.exchange()
    assert not result.ok and "名册" in result.text


def test_settings_come_from_the_configuration(tmp_path: Path) -> None:
    config = Config(
        tmp_path,
        VILLAGE,
        "上关村",
        "village",
        parent_url="http://a:1/",
        parent_wait_url="http://a:2",
        ancestor_urls=("https://b:1",),
        read_timeout_s=7.0,
    )
    settings = Settings.from_config(config)
    assert settings.ancestors == (Ancestor("http://a:1", "http://a:2", 1), Ancestor("https://b:1", "", 2))
    assert settings.timeouts.read_s == 7.0
    assert Settings.from_config(Config(tmp_path, COUNTY, "c", "county")).ancestors == ()


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://x", "127.0.0.1:80", "gopher://x", "HTTP//x"])
def test_an_address_that_is_not_http_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="http"):
        Ancestor(address)


def test_what_an_ancestor_holds_is_looked_up_in_our_own_chain(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    net.settle()
    head = next(one for one in net[TOWNSHIP].member.casebook.shared_points(VILLAGE) if one.scope == ref.scope)
    own = net[VILLAGE].member.casebook.hash_at(net[VILLAGE].incarnation, ref.scope, head.seq)
    assert own is not None and Head(head.seq, head.hash) == Head(head.seq, own)


def test_a_button_pressed_during_a_long_exchange_says_so(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    village = net[VILLAGE]
    monkeypatch.setattr("village_node.uplink.calling.PATIENCE_S", 0.05)
    with village.up._exchanging:
        answer = village.up.sync_now()
    assert not answer["ok"] and "正在同步" in answer["error"]
    assert village.up.sync_now()["ok"]
