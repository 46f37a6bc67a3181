"""The challenge ratchet: every state and every kind of request, and a state machine of twins."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.errors import Malformed
from sync_protocol.exchange import (
    ANOTHER_NONCE,
    NO_ALARM,
    NONCE_BYTES,
    OLDER_CHALLENGE,
    Judged,
    Ratchet,
    challenge,
    challenge_index,
    judge,
)

ANCESTOR, CHILD, SECRET = b"A" * 16, b"C" * 16, b"s" * 32
ONE, OTHER = b"one!", b"two!"


@pytest.mark.parametrize(
    ("held", "index", "nonce", "expected"),
    [
        (Ratchet(), None, None, Judged(False, Ratchet(), 1, NO_ALARM)),
        (Ratchet(), 1, ONE, Judged(True, Ratchet(1, ONE), 2, NO_ALARM)),
        (Ratchet(), 0, ONE, Judged(False, Ratchet(), 1, NO_ALARM)),
        (Ratchet(), 2, ONE, Judged(False, Ratchet(), 1, NO_ALARM)),
        (Ratchet(3, ONE), 4, OTHER, Judged(True, Ratchet(4, OTHER), 5, NO_ALARM)),
        (Ratchet(3, ONE), 3, ONE, Judged(True, Ratchet(3, ONE), 4, NO_ALARM)),
        (Ratchet(3, ONE), 3, OTHER, Judged(True, Ratchet(3, ONE), None, ANOTHER_NONCE)),
        (Ratchet(3, ONE), 2, ONE, Judged(True, Ratchet(3, ONE), None, OLDER_CHALLENGE)),
        (Ratchet(3, ONE), 5, ONE, Judged(False, Ratchet(3, ONE), 4, NO_ALARM)),
        (Ratchet(3, ONE), None, None, Judged(False, Ratchet(3, ONE), 4, NO_ALARM)),
    ],
)
def test_each_request_is_judged_as_the_text_says(
    held: Ratchet, index: int | None, nonce: bytes | None, expected: Judged
) -> None:
    assert judge(held, index, nonce) == expected


def test_a_challenge_is_recognised_by_its_maker_alone_and_for_that_child_alone() -> None:
    made = challenge(SECRET, ANCESTOR, CHILD, 7)
    assert len(made) == 7 and len(challenge(SECRET, ANCESTOR, CHILD, 256)) == 8
    assert challenge_index(SECRET, ANCESTOR, CHILD, made) == 7
    assert challenge_index(SECRET, ANCESTOR, b"D" * 16, made) is None
    assert challenge_index(SECRET, b"B" * 16, CHILD, made) is None
    assert challenge_index(b"t" * 32, ANCESTOR, CHILD, made) is None
    assert challenge_index(SECRET, ANCESTOR, CHILD, None) is None


def test_a_challenge_with_any_bit_changed_is_not_recognised() -> None:
    made = challenge(SECRET, ANCESTOR, CHILD, 7)
    for bit in range(len(made) * 8):
        changed = bytearray(made)
        changed[bit // 8] ^= 1 << bit % 8
        if changed[0]:
            assert challenge_index(SECRET, ANCESTOR, CHILD, bytes(changed)) is None
    with pytest.raises(Malformed, match="challenge"):
        challenge_index(SECRET, ANCESTOR, CHILD, b"\0" + made[1:])


@pytest.mark.parametrize("length", [0, 6, 11, 12])
def test_a_challenge_of_another_length_is_malformed(length: int) -> None:
    with pytest.raises(Malformed, match="challenge"):
        challenge_index(SECRET, ANCESTOR, CHILD, b"\1" * length)


class Twin:
    """A child's half: the pair it holds, and the pair it would hold after a restore of its image."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.pair: tuple[int | None, bytes | None] = (None, None)

    def hear(self, judged: Judged) -> None:
        if judged.next_index is not None and judged.next_index != self.pair[0]:
            self.pair = (judged.next_index, self.chance.randbytes(NONCE_BYTES))


@given(st.integers(0, 2**32), st.lists(st.booleans(), min_size=1, max_size=60))
def test_one_life_never_rings_however_many_replies_are_lost(seed: int, heard: list[bool]) -> None:
    child, held = Twin(random.Random(seed)), Ratchet()
    for arrives in heard:
        judged = judge(held, *child.pair)
        assert judged.alarm == NO_ALARM
        held = judged.ratchet
        if arrives:
            child.hear(judged)


@given(st.integers(0, 2**32), st.integers(1, 12), st.lists(st.booleans(), min_size=4, max_size=40))
def test_two_lives_ring_by_the_second_exchange_of_the_less_active_one(
    seed: int, before: int, turns: list[bool]
) -> None:
    chance = random.Random(seed)
    child, held = Twin(chance), Ratchet()
    for _ in range(before + 1):
        judged = judge(held, *child.pair)
        held = judged.ratchet
        child.hear(judged)
    twin = Twin(random.Random(seed + 1))
    twin.pair = child.pair
    spoken = {True: 0, False: 0}
    for turn in turns:
        who = child if turn else twin
        judged = judge(held, *who.pair)
        held = judged.ratchet
        spoken[turn] += 1
        if judged.alarm:
            assert judged.next_index is None
            return
        who.hear(judged)
    assert min(spoken.values()) < 2
