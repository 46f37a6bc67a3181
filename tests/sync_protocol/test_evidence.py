"""Fork proofs: what they prove, what they refuse, and how the split is found."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BadSeal, Malformed, ProtocolError, ScopeNotAllowed, TooLarge, UnknownIncarnation
from sync_protocol.event import item_hash
from sync_protocol.evidence import PROBES, Arm, ForkProof, Search, check, from_bytes, prove, to_bytes
from sync_protocol.roster import Roster
from tests.sync_protocol.sample import ROSTER, VILLAGE, VILLAGE_2, Writer


def written(branch: str, shared: int, own: int, name: str = "village", scope: str = f"about:{VILLAGE}") -> Writer:
    """A life of a node: events that every life of it wrote, then its own."""
    writer = Writer(name, scope)
    for number in range(shared):
        writer.write(32, {0: f"shared {number}"})
    for number in range(own):
        writer.write(32, {0: f"{branch} {number}"})
    return writer


def arm(writer: Writer, split: int, upto: int) -> Arm:
    items = [item_hash(event.header_bytes) for event in writer.events[split - 1 : upto]]
    return Arm(tuple(items), writer.sealed(upto))


def proof(shared: int = 4, own: int = 3) -> ForkProof:
    one, other = written("one", shared, own), written("other", shared, own)
    base = one.hash_at(shared)
    assert base is not None
    split = shared + 1
    return prove(one.incarnation, one.scope, split, base, arm(one, split, split), arm(other, split, split + own - 1))


@pytest.mark.parametrize("shared", [0, 1, 4, 100])
def test_two_lives_of_one_identity_are_proven_by_seals_and_item_hashes(shared: int) -> None:
    made = proof(shared)
    check(made, ROSTER)
    assert made.split == shared + 1 and made.hashes[0] < made.hashes[1]
    assert from_bytes(to_bytes(made)) == made


def test_the_order_in_which_the_arms_are_given_changes_nothing() -> None:
    made = proof()
    again = prove(*made[:4], made.upper, made.lower)
    assert again == made and to_bytes(again) == to_bytes(made)


def test_one_life_cannot_be_accused() -> None:
    honest = written("one", 4, 6)
    base = honest.hash_at(4)
    assert base is not None
    with pytest.raises(Malformed):
        prove(honest.incarnation, honest.scope, 5, base, arm(honest, 5, 5), arm(honest, 5, 8))
    # Two seals of one chain, bent so that the arms differ at the split: one of them is over another hash then.
    short, long = arm(honest, 5, 5), arm(honest, 5, 8)
    bent = prove(honest.incarnation, honest.scope, 5, base, short, replace_first(long))
    with pytest.raises(BadSeal):
        check(bent, ROSTER)
    shifted = prove(honest.incarnation, honest.scope, 6, base, arm(honest, 6, 7), short)
    with pytest.raises(BadSeal):
        check(shifted, ROSTER)


def replace_first(one: Arm) -> Arm:
    return Arm((bytes(32), *one.items[1:]), one.signature)


def test_each_part_of_a_proof_is_bound() -> None:
    made = proof()
    stranger = written("one", 4, 3, "village 2", f"about:{VILLAGE_2}")
    broken = [
        made._replace(incarnation=stranger.incarnation, scope=stranger.scope),
        made._replace(scope=f"below:{VILLAGE}"),
        made._replace(split=made.split + 1),
        made._replace(base=bytes(32)),
        made._replace(lower=made.upper._replace(signature=made.lower.signature)),
        made._replace(upper=made.upper._replace(items=(*made.upper.items, bytes(32)))),
        made._replace(upper=made.upper._replace(signature=bytes(64))),
    ]
    for one in broken:
        with pytest.raises(BadSeal):
            check(one, ROSTER)


def test_an_author_who_may_not_write_there_or_is_not_known_proves_nothing() -> None:
    made = proof()
    with pytest.raises(ScopeNotAllowed):
        check(made._replace(scope=f"about:{VILLAGE_2}"), ROSTER)
    with pytest.raises(UnknownIncarnation):
        check(made._replace(incarnation=bytes(16)), ROSTER)
    with pytest.raises(UnknownIncarnation):
        check(made._replace(scope="about:999"), ROSTER)
    with pytest.raises(UnknownIncarnation):
        check(made, Roster())


def changed(at: int, value: Any) -> bytes:
    values = decode(to_bytes(proof()))
    values[at] = value
    return encode(values)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", Malformed),
        (to_bytes(proof())[:-1], Malformed),
        (to_bytes(proof()) + b"\x00", Malformed),
        (encode(decode(to_bytes(proof()))[:-1]), Malformed),
        (encode([*decode(to_bytes(proof())), None]), Malformed),
        (changed(0, 2), Malformed),
        (changed(1, bytes(15)), Malformed),
        (changed(2, 7), Malformed),
        (changed(2, "about"), Malformed),
        (changed(3, 0), Malformed),
        (changed(3, True), Malformed),
        (changed(3, 2**63 - 1), Malformed),
        (changed(4, bytes(31)), Malformed),
        (changed(5, []), Malformed),
        (changed(5, [bytes(31)]), Malformed),
        (changed(5, {}), Malformed),
        (changed(5, [bytes(32)] * 65), TooLarge),
        (changed(6, bytes(63)), Malformed),
        (changed(8, None), Malformed),
        (bytes(5_000), TooLarge),
    ],
)
def test_another_shape_is_refused(raw: bytes, error: type[ProtocolError]) -> None:
    with pytest.raises(error):
        from_bytes(raw)


def test_arms_in_the_other_order_or_alike_are_refused() -> None:
    _, *values, low, low_seal, high, high_seal = decode(to_bytes(proof()))
    for arms in ([high, high_seal, low, low_seal], [low, low_seal, low, low_seal]):
        with pytest.raises(Malformed):
            from_bytes(encode([1, *values, *arms]))


def test_the_largest_proof_is_within_the_limit() -> None:
    one, other = written("one", 2, 64), written("other", 2, 64)
    base = one.hash_at(2)
    assert base is not None
    made = prove(one.incarnation, f"about:{VILLAGE}", 3, base, arm(one, 3, 66), arm(other, 3, 66))
    assert from_bytes(to_bytes(made)) == made


@given(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 2**32))
def test_the_first_position_that_differs_is_found_in_few_rounds(split: int, ours: int, theirs: int, seed: int) -> None:
    """Whatever the two lengths: sixteen times nearer with each round, and never past it."""
    lengths = split + ours, split + theirs
    lost = random.Random(seed)

    def marks(seqs: list[int], length: int, branch: bytes) -> dict[int, bytes]:
        return {seq: (b"shared" if seq < split else branch) + seq.to_bytes(8) for seq in seqs if seq <= length}

    def marked(seqs: list[int], length: int, branch: bytes) -> dict[int, bytes]:
        return {seq: one[-8:] if seq < split else branch * 8 for seq, one in marks(seqs, length, branch).items()}

    search = Search(0, min(lengths))
    rounds = 0
    while not search.found:
        asked = search.asks()
        assert 1 <= len(asked) <= PROBES and all(search.same < seq < search.differs for seq in asked)
        theirs_told = marked(asked, lengths[1], b"t")
        if lost.random() < 0.2:  # an answer that is lost in part costs a round and nothing else
            theirs_told = dict(list(theirs_told.items())[:1])
        search = search.told(marked(asked, lengths[0], b"o"), theirs_told)
        assert search.same < split <= search.differs
        rounds += 1
    assert search.differs == split and search.asks() == []
    assert rounds <= 40


def test_without_losses_a_million_events_take_five_rounds() -> None:
    search, rounds = Search(0, 1_000_000), 0
    while not search.found:
        asked = search.asks()
        search = search.told(
            dict.fromkeys(asked, b"o" * 8), {seq: b"o" * 8 if seq < 777_777 else b"t" * 8 for seq in asked}
        )
        rounds += 1
    assert (search.differs, rounds) == (777_777, 5)


def test_a_told_position_outside_the_search_changes_nothing() -> None:
    search = Search(4, 9)
    assert search.told({3: b"a" * 8, 9: b"a" * 8}, {3: b"b" * 8, 9: b"a" * 8}) == search
