"""Vectors, digests, and what follows from comparing them."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import mark
from sync_protocol.exchange import (
    EventsOwed,
    PeerView,
    ReceiptOwed,
    StreamPoint,
    digest,
    other_side,
    plan,
    read_vector,
    vector_values,
)
from sync_protocol.places import PlaceTree
from sync_protocol.wire import Tables

PLACES = PlaceTree.from_rows(
    [
        ("1", "county", None, "c"),
        ("11", "township", "1", "t"),
        ("111", "village", "11", "v"),
        ("112", "village", "11", "w"),
    ]
)
V, T, C = b"V" * 16, b"T" * 16, b"C" * 16


def h(n: int) -> bytes:
    return bytes([n % 256]) * 32


def point(incarnation: bytes = V, scope: str = "about:111", seq: int = 3, **receipts: int) -> StreamPoint:
    return StreamPoint(incarnation, scope, seq, h(seq), {{"T": T, "C": C, "V": V}[k]: n for k, n in receipts.items()})


@pytest.mark.parametrize(
    ("child", "author", "signer", "crosses"),
    [
        ("111", "111", "11", True),
        ("111", "111", "1", True),
        ("11", "111", "11", False),
        ("11", "111", "1", True),
        ("11", "1", "111", True),
        ("11", "1", "11", True),
        ("111", "11", "1", False),
        ("111", "11", "111", True),
        ("1", "111", "11", False),
    ],
)
def test_only_receipts_across_the_hop_belong_to_it(child: str, author: str, signer: str, crosses: bool) -> None:
    assert other_side(PLACES, child, author, signer) is crosses


def test_the_digest_tells_every_difference_and_no_order() -> None:
    base = [point(T=2), point(C, "below:1", 9, V=4)]
    same = digest(reversed(base))
    assert same == digest(base) and len(same) == 8
    others = [
        [point(T=2)],
        [point(T=3), base[1]],
        [point(C=2), base[1]],
        [point(), base[1]],
        [point(seq=4, T=2), base[1]],
        [point(T, T=2), base[1]],
        [point(scope="about:112", T=2), base[1]],
        [base[0]._replace(hash=h(9)), base[1]],
    ]
    assert len({same, *map(digest, others)}) == len(others) + 1


def test_the_digest_of_a_peers_marks_is_that_of_our_hashes() -> None:
    ours = [point(T=2), point(C, "below:1", 9)]
    assert digest([one._replace(hash=mark(one.hash)) for one in ours]) == digest(ours)


points = st.builds(
    StreamPoint,
    st.binary(min_size=16, max_size=16),
    st.sampled_from(["about:1", "about:11", "below:1", "about:111-02"]),
    st.integers(1, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.dictionaries(st.binary(min_size=16, max_size=16), st.integers(1, 2**63 - 1), max_size=4),
    path=st.just(()),
)
vectors = st.lists(points, max_size=12, unique_by=lambda one: one.stream)


@given(vectors)
def test_a_vector_survives_the_wire(held: list[StreamPoint]) -> None:
    tables = Tables()
    values = vector_values(held, tables)
    read = read_vector(values, Tables.read(*tables.values()))
    assert read == [one._replace(hash=mark(one.hash)) for one in held]
    assert digest(read) == digest(held)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        [[]],
        [[0, 1, bytes(8)]],
        [[1, 1, bytes(8), []]],
        [[0, 0, bytes(8), []]],
        [[0, 1, bytes(7), []]],
        [[0, 1, bytes(8), [0]]],
        [[0, 1, bytes(8), [0, 0]]],
        [[0, 1, bytes(8), [7, 1]]],
        [[0, 1, bytes(8), [0, 1, 0, 2]]],
        [[0, True, bytes(8), []]],
        [[0, 1, bytes(8), []], [0, 2, bytes(8), []]],
    ],
)
def test_a_vector_of_another_shape_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        read_vector(value, Tables.read([V], ["about:111"], [0, 0]))


def test_a_vector_longer_than_the_limit_is_too_large() -> None:
    with pytest.raises(TooLarge):
        read_vector([[0, 1, bytes(8), []]] * 20_001, Tables.read([V], ["about:111"], [0, 0]))


def test_what_is_owed_is_what_the_other_lacks_smallest_stream_first() -> None:
    mine = [point(seq=900, T=5), point(C, "about:111", 12, V=12), point(T, "below:11", 2)]
    theirs = [point(seq=100, T=7)._replace(hash=h(100)), point(C, "about:111", 11)._replace(hash=h(11))]
    owed = plan(mine, theirs)
    assert owed.events == [
        EventsOwed(C, "about:111", 11, 12, mark=mark(h(11))),
        EventsOwed(T, "below:11", 0, 2),
        EventsOwed(V, "about:111", 100, 900, mark=mark(h(100))),
    ]
    assert owed.receipts == [ReceiptOwed(C, "about:111", V, 12)]


def test_of_a_withheld_stream_no_event_is_owed_but_its_receipts_are() -> None:
    owed = plan([point(seq=4, T=4)], [], withheld={(V, "about:111")})
    assert owed.events == [] and owed.receipts == [ReceiptOwed(V, "about:111", T, 4)]


def test_nothing_is_owed_to_an_equal_and_nothing_of_what_only_he_has() -> None:
    mine = [point(seq=4, T=4)]
    assert not plan(mine, mine)
    assert not plan(mine, [point(seq=9, T=9), point(C, "below:1", 3)])


@given(vectors, st.integers(0, 2**32))
def test_after_what_is_owed_has_crossed_both_ways_nothing_is_owed(held: list[StreamPoint], seed: int) -> None:
    """The rule is symmetric, so two sides with one history always end up equal."""
    chance = random.Random(seed)

    def part() -> list[StreamPoint]:
        kept = []
        for one in held:
            seq = chance.randint(0, min(one.seq, 50))
            if seq:
                receipts = {signer: n for signer, n in one.receipts.items() if chance.random() < 0.5}
                kept.append(one._replace(seq=seq, hash=h(seq), receipts=receipts))
        return kept

    sides = [PeerView(part()), PeerView(part())]
    for _ in range(2):  # a receipt can cross only where its stream is held, so it may take the second round
        for sender, receiver in (sides, sides[::-1]):
            owed = plan(sender.points, receiver.points)
            for events in owed.events:
                receiver.add_events(events.incarnation, events.scope, events.upto, h(events.upto))
            for receipt in owed.receipts:
                receiver.add_receipt(receipt)
    assert not plan(sides[0].points, sides[1].points)
    assert digest(sides[0].points) == digest(sides[1].points)


def test_a_view_never_goes_down_and_agrees_only_with_its_own_digest() -> None:
    view = PeerView([point(seq=5, T=4)])
    view.add_events(V, "about:111", 3, h(3))
    view.add_receipt(ReceiptOwed(V, "about:111", T, 2))
    view.add_receipt(ReceiptOwed(C, "below:1", T, 2))
    assert view.agrees(digest([point(seq=5, T=4)]))
    assert not view.agrees(digest([])) and not view.agrees(None)
    view.add_events(V, "about:111", 6, h(6))
    assert view.agrees(digest([point(seq=6, T=4)]))
