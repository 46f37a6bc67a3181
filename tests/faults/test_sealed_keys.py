"""The keys that requests are sealed to: which one a child goes by, when it hears of another, and what may be lost."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sync_protocol.encoding import decode, encode
from sync_protocol.errors import NotSealed
from sync_protocol.exchange import (
    Content,
    begin,
    open_context,
    open_request,
    read_request,
    read_sealed,
    request_bytes,
    seal_request,
)
from sync_protocol.exchange.content import VERSION
from sync_protocol.exchange.sealed import key_name
from sync_protocol.suites import OpeningKey
from sync_protocol.wire import unpack_body
from tests.faults.on_the_road import arrives, refuses_what_is_sealed
from tests.faults.speech import current, parties, refused_code, said, sealed
from tests.network import TOWNSHIP, VILLAGE, Network
from township_node.downlink.unsealing import Unsealing
from village_node.identity import OPENING, opening_file
from village_node.store import peers
from village_node.uplink import sealing


def test_a_key_file_that_cannot_be_read_makes_nobody_deaf_and_strangers_are_not_told_of_it(net: Network) -> None:
    data, _ = net.built.files_of(TOWNSHIP)
    bad, (good,) = data / f"{OPENING}0000000000000000.key", data.glob(f"{OPENING}*.key")
    bad.write_text("")
    net.start(TOWNSHIP)
    assert net[VILLAGE].exchange().ok and arrives(net)
    lost = good.read_bytes()
    good.write_text("")
    net.start(TOWNSHIP)
    net.wire.opened = lambda _place, raw: (raw, None)
    for _ in range(2):
        net[VILLAGE].exchange()
    refusals = [one.raw_reply for one in net.wire.passed if one.status == 400]
    assert refusals and not any(word in raw for raw in refusals for word in (b"opening-", b".key", b"hex"))
    good.write_bytes(lost)
    net.start(TOWNSHIP)
    assert arrives(net)


def another_key(net: Network, code: str, suite: str = "s1q") -> bytes:
    """A place goes over to another key while it runs."""
    casebook = net[code].member.casebook
    assert casebook.lives is not None
    casebook.lives.suite = suite
    return casebook.road_key()


def test_a_child_that_runs_on_is_told_of_another_key_and_ends_what_it_began_with_the_older_one(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    assert arrives(net)
    fresh = another_key(net, TOWNSHIP)
    assert village.member.casebook.key_of(TOWNSHIP) != fresh
    assert village.exchange().ok and village.member.casebook.key_of(TOWNSHIP) == fresh
    net.wire.passed.clear()
    assert village.exchange().ok
    sealed = read_sealed(net.wire.passed[0].raw_request)
    assert sealed is not None and sealed.opening is not None and sealed.name == key_name(fresh)
    replies = []
    for _ in range(3):
        net.wire.passed.clear()
        assert village.exchange().ok
        replies.append(unpack_body(decode(net.wire.passed[0].reply)[2]))
    assert all(2 not in reply.get(23, {}) for reply in replies), "told once, and once more to the opening"
    assert arrives(net) and township.member.casebook.told_road_key() is not None


def test_every_request_that_begins_a_context_is_told_the_key(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "REQUESTS_MOST", 2)
    net.wire.passed.clear()
    for _ in range(6):
        assert net[VILLAGE].exchange().ok
    told = [2 in unpack_body(decode(one.reply)[2]).get(23, {}) for one in net.wire.passed]
    read = [read_sealed(one.raw_request) for one in net.wire.passed]
    assert told == [each is not None and each.opening is not None for each in read] and True in told[1:]


def test_a_recorded_answer_to_an_introduction_fits_no_later_one(net: Network) -> None:
    """The clock says the same again, and somebody on the line plays what the parent said when it had another key."""
    village = net[VILLAGE]
    with refuses_what_is_sealed(net, TOWNSHIP):
        net.wire.passed.clear()
        for _ in range(5):
            village.exchange()
    recorded = [one for one in net.wire.passed if read_sealed(one.raw_request) is None][-1]
    fresh = another_key(net, TOWNSHIP)
    with refuses_what_is_sealed(net, TOWNSHIP):
        while village.up._lines[0].conversation.sealing.ready():  # type: ignore[union-attr]
            village.exchange()
    net.wire.passed.clear()
    net.wire.change_reply = lambda _raw: recorded.raw_reply
    assert not village.exchange().ok
    (again,) = net.wire.passed
    assert again.raw_request != recorded.raw_request and len(again.raw_request) == len(recorded.raw_request)
    assert village.member.casebook.key_of(TOWNSHIP) != fresh
    net.wire.calm()
    assert arrives(net) and village.member.casebook.key_of(TOWNSHIP) == fresh


def test_a_parent_that_names_no_key_when_asked_is_sealed_nothing(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though an older one is remembered."""
    village, township = net[VILLAGE], net[TOWNSHIP]
    with refuses_what_is_sealed(net, TOWNSHIP), monkeypatch.context() as keyless:
        keyless.setattr(township.downlink._answering, "_road_key", lambda: None)
        for _ in range(2):
            village.exchange()
        net.wire.passed.clear()
        results = [village.exchange() for _ in range(3)]
        assert not any(result.ok for result in results) and "不会以明文发送" in results[-1].text
        assert all(read_sealed(one.raw_request) is None for one in net.wire.passed)
    assert arrives(net)


def test_what_opens_with_no_key_has_the_files_read_once_in_a_second(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    township = net[TOWNSHIP]
    book, unsealing = township.member.casebook, township.downlink._unsealing
    net.wire.opened = lambda _place, raw: (raw, None)
    looks, read = [], book.opening_keys

    def look() -> list[OpeningKey]:
        looks.append(1)
        return read()

    monkeypatch.setattr(book, "opening_keys", look)
    monkeypatch.setattr(unsealing, "_clock", lambda: int(net.monotonic.now_s * 1_000))
    for seconds, expected in ((0.0, 1), (0.75, 1), (0.5, 2)):
        net.monotonic.now_s += seconds
        for _ in range(5):
            garbage = encode([VERSION, bytes(4), bytes(80), bytes(50)])
            assert refused_code(net, TOWNSHIP, garbage) == (400, NotSealed.code)
        assert len(looks) == expected


def test_who_goes_to_and_fro_between_the_suites_draws_one_key_of_each(net: Network) -> None:
    data, _ = net.built.files_of(TOWNSHIP)
    first = another_key(net, TOWNSHIP, "s1")
    second = another_key(net, TOWNSHIP, "s1q")
    assert first != second
    for _ in range(3):
        assert another_key(net, TOWNSHIP, "s1") == first and another_key(net, TOWNSHIP, "s1q") == second
    assert len(list(data.glob(f"{OPENING}*.key"))) == 2
    assert arrives(net)


def test_another_key_of_one_suite_is_told_at_once_and_no_older_one_is_gone_back_to(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    book, older = township.member.casebook, township.member.casebook.road_key()
    fresh = book.new_sealing_key("operator")
    assert fresh != older and book.road_key() == fresh
    context = begin(older, net.built.roster.network_id, TOWNSHIP)
    under_way = read_sealed(seal_request(context, b"as before", begins=older))
    assert under_way is not None
    opened = open_context(book.opening_keys(), net.built.roster.network_id, TOWNSHIP, under_way)
    assert open_request(opened, under_way) == b"as before"
    assert village.exchange().ok and village.member.casebook.key_of(TOWNSHIP) == fresh
    another_key(net, TOWNSHIP, "s1q")
    assert another_key(net, TOWNSHIP, "s1") == fresh
    assert net.start(TOWNSHIP).member.casebook.road_key() == fresh and arrives(net)
    data, _ = net.built.files_of(TOWNSHIP)
    (data / opening_file(fresh)).unlink()
    net.built.lives = 7  # of which each draws other bytes
    third = net.start(TOWNSHIP).member.casebook.road_key()
    assert third not in (older, fresh), "people have had the older one given up"


def test_a_database_put_back_from_a_copy_goes_back_to_no_key_that_was_given_up(net: Network) -> None:
    book, names = net[TOWNSHIP].member.casebook, ("road-key", "newest-road-key s1")
    first = book.road_key()
    with net[TOWNSHIP].member.store.reading() as connection:
        copied = [peers.bytes_of(connection, name) or b"" for name in names]
    fresh = book.new_sealing_key("operator")
    with net[TOWNSHIP].member.store.writing() as connection:
        for name, value in zip(names, copied, strict=True):
            peers.remember_bytes(connection, name, value)
    again = net.start(TOWNSHIP).member.casebook
    assert copied == [first, first] and again.road_key() == fresh != first
    assert {first, fresh} <= {key.public for key in again.opening_keys()}, "what was sealed to it before still opens"
    assert again.told_road_key() is not None and arrives(net)


def test_a_child_tells_its_parent_once_of_another_key_that_it_has_drawn_while_it_runs(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    village.member.casebook.road_key()
    assert village.exchange().ok
    fresh = village.member.casebook.new_sealing_key("operator")
    net.wire.passed.clear()
    for _ in range(4):
        assert village.exchange().ok
    told = [2 in unpack_body(read_request(one.request).body).get(23, {}) for one in net.wire.passed]
    assert township.member.casebook.key_of(VILLAGE) == fresh and told == [True, False, False, False]


def test_children_that_come_together_after_a_start_are_all_opened(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one comes while the first has the key files read."""
    township = net[TOWNSHIP].member.casebook
    unsealing = Unsealing(township, TOWNSHIP, lambda: township.network_id, net.built.clock)
    reads, begun, second = township.opening_keys, threading.Event(), threading.Event()

    def reading() -> list[OpeningKey]:
        begun.set()
        second.wait(0.5)  # until the other one was refused; else it waits for these keys
        return reads()

    monkeypatch.setattr(township, "opening_keys", reading)
    challenge, _ = current(net[VILLAGE], net[TOWNSHIP])
    who = parties(net, net[VILLAGE], net[TOWNSHIP], challenge)
    raw = sealed(net[TOWNSHIP], who, request_bytes(net[VILLAGE].member.identity.key, who, said(Content())))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(unsealing.answer, raw, lambda _request, begins: bytes([begins]))
        begun.wait(10)
        other = pool.submit(unsealing.answer, raw, lambda _request, begins: bytes([begins]))
        other.add_done_callback(lambda _: second.set())
        assert first.result() and other.result()
