"""Orders about accounts and late acts: what is stored stays so, and a second reading from the text finds the same."""

import json
import random

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol import limits
from sync_protocol.case import accounts, kinds
from tests.sync_protocol.case import second_accounts
from tests.sync_protocol.case.account_vectors import (
    ACCOUNTS,
    COUNTY,
    PATH,
    TOWNSHIP,
    VILLAGE,
    body,
    damaged,
    drawn,
    drawn_act,
    late,
    record_in,
    shut,
    written,
)
from tests.sync_protocol.case.second_accounts import Record

STORED = json.loads(PATH.read_text("utf-8"))
RANKS = {COUNTY: 0, TOWNSHIP: 1, VILLAGE: 2}
SEEDS = st.integers(0, 2**32)


def shut_by_text(held: list[Record]) -> dict[str, list[str]]:
    """The answer of the second reading."""
    return {who: list(map(written, found)) for who, found in second_accounts.shut(held, VILLAGE, RANKS).items()}


@pytest.mark.parametrize("kind", accounts.TABLES)
def test_a_stored_body_fits_or_not_for_both(kind: int) -> None:
    rows = [(bytes.fromhex(raw), sound) for of, raw, sound in STORED["bodies"] if of == kind]
    assert {sound for _, sound in rows} == {True, False}
    assert [accounts.read(kind, raw) is not None for raw, _ in rows] == [sound for _, sound in rows]
    assert [second_accounts.read(kind, raw) is not None for raw, _ in rows] == [sound for _, sound in rows]


def test_stored_orders_keep_the_same_accounts_shut_for_both() -> None:
    assert len(STORED["orders"]) == 40
    for told, expected in STORED["orders"]:
        held = [record_in(kinds.ACCOUNT_ORDER, each) for each in told]
        assert shut(held) == shut_by_text(held) == expected


def test_stored_acts_are_late_or_not_for_both() -> None:
    assert len(STORED["acts"]) == 30
    for told, judged in STORED["acts"]:
        held = [record_in(kinds.ACCOUNT_STATE, each) for each in told]
        for account, life, order, scope, seq, expected in judged:
            act = bytes.fromhex(life), order, scope, seq
            assert late(held, account, act) == second_accounts.late(held, VILLAGE, account, *act) == expected


@given(SEEDS)
def test_both_find_the_same_bodies_malformed(seed: int) -> None:
    chance = random.Random(seed)
    for kind in accounts.TABLES:
        assert accounts.read(kind, cbor2.dumps(body(chance, kind, []), canonical=True)) is not None
        raw = damaged(chance, kind)
        assert (accounts.read(kind, raw) is None) == (second_accounts.read(kind, raw) is None), raw.hex()


@given(SEEDS)
def test_both_find_the_same_accounts_shut_in_any_order_of_arrival(seed: int) -> None:
    chance = random.Random(seed)
    held = drawn(chance, kinds.ACCOUNT_ORDER)
    found = shut(held)
    assert found == shut_by_text(held)
    chance.shuffle(held)
    assert shut(held) == found


@given(SEEDS)
def test_both_find_the_same_acts_late(seed: int) -> None:
    chance = random.Random(seed)
    held, act = drawn(chance, kinds.ACCOUNT_STATE), drawn_act(chance)
    for account in ACCOUNTS:
        assert late(held, account, act) == second_accounts.late(held, VILLAGE, account, *act)


def test_the_largest_bodies_fit_where_they_are_held() -> None:
    widest, code = "\U00020bb7", "a" * 16 + "-bbbbbbbb" * 3
    heads = [[b"i" * 16, f"about:{code[:-3]}{number:03}", 2**53 - 1] for number in range(accounts.MOST_HEADS)]
    lifts = [[bytes([number]) * 16, 2**53 - 1, b"m" * 8] for number in range(accounts.MOST_LIFTED)]
    for kind, said in (
        (kinds.ACCOUNT_STATE, {"account": widest * 32, "state": "disabled", "heads": heads, "more": True}),
        (kinds.ACCOUNT_ORDER, {"account": widest * 32, "what": "lift", "reason": widest * 200, "lifts": lifts}),
    ):
        assert len(accounts.to_bytes(kind, said)) <= limits.BODY_APART
    assert len(accounts.to_bytes(kinds.AUDIT_HEAD, {"lines": 2**53 - 1, "hash": b"h" * 32})) <= limits.INLINE_BODY
