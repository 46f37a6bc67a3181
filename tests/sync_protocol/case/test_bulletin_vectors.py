"""Bulletins and ends of days: what is stored stays so, and a second reading from the text finds the same."""

import json
import random

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.case import kinds
from tests.sync_protocol.case import second_bulletin, second_day_ends
from tests.sync_protocol.case.bulletin_vectors import (
    KINDS,
    PATH,
    PLACES,
    counting,
    damaged,
    drawn,
    drawn_ends,
    drawn_named,
    end_in,
    fits,
    named,
    written,
)
from tests.sync_protocol.case.second_day_ends import Held

STORED = json.loads(PATH.read_text("utf-8"))
PARENTS = {code: parent for code, _, parent, _ in PLACES}
SEEDS = st.integers(0, 2**32)


def fits_by_text(kind: int, raw: bytes) -> bool:
    if kind == kinds.DAY_END:
        return second_day_ends.read(raw) is not None
    return second_bulletin.read(cbor2.loads(raw)) is not None


def named_by_text(place: str, raw: bytes) -> bool:
    return second_bulletin.within(cbor2.loads(raw), place, PARENTS)


def counting_by_text(held: list[Held]) -> dict[str, str]:
    return {" ".join(key): written(at) for key, at in sorted(second_day_ends.counting(held).items())}


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_body_fits_or_not_for_both(kind: int) -> None:
    rows = [(bytes.fromhex(raw), sound) for of, raw, sound in STORED["bodies"] if of == kind]
    assert len(rows) == 90 and {sound for _, sound in rows} == {True, False}
    assert [fits(kind, raw) for raw, _ in rows] == [sound for _, sound in rows]
    assert [fits_by_text(kind, raw) for raw, _ in rows] == [sound for _, sound in rows]


def test_a_stored_bulletin_speaks_of_its_own_places_or_not_for_both() -> None:
    assert [tuple(each) for each in STORED["places"]] == list(PLACES)
    rows = [(place, bytes.fromhex(raw), its_own) for place, raw, its_own in STORED["named"]]
    assert len(rows) == 40 and {its_own for *_, its_own in rows} == {True, False}
    for place, raw, its_own in rows:
        assert named(place, raw) is named_by_text(place, raw) is its_own


def test_of_stored_ends_of_days_the_same_count_for_both() -> None:
    assert len(STORED["ends"]) == 30 and PATH.stat().st_size < 200_000
    for told, expected in STORED["ends"]:
        held = [end_in(each) for each in told]
        assert counting(held) == counting_by_text(held) == expected


@given(SEEDS, st.sampled_from(KINDS))
def test_both_find_the_same_bodies_malformed(seed: int, kind: int) -> None:
    chance = random.Random(seed)
    assert fits(kind, cbor2.dumps(drawn(chance, kind), canonical=True))
    for _ in range(4):
        raw = damaged(chance, kind)
        assert fits(kind, raw) is fits_by_text(kind, raw), raw.hex()


@given(SEEDS)
def test_both_find_the_same_bulletins_to_speak_of_their_own_places(seed: int) -> None:
    place, raw = drawn_named(random.Random(seed))
    assert named(place, raw) is named_by_text(place, raw)


@given(SEEDS)
def test_both_find_the_same_ends_of_days_to_count_in_any_order_of_arrival(seed: int) -> None:
    chance = random.Random(seed)
    held = drawn_ends(chance)
    found = counting(held)
    assert found == counting_by_text(held)
    chance.shuffle(held)
    assert counting(held) == found
