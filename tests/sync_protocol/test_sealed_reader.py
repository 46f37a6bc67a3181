"""Sealed messages and the hybrid suite as others see them: an independent reader, and the vectors of X-Wing itself."""

import copy
import json
from typing import Any

import cbor2
import pytest
from cryptography.exceptions import InvalidTag

from sync_protocol.suites import NotOpened, OpeningKey, seal_to, sealed_bytes
from tests import sealed_reader
from tests.sync_protocol.vector_makers.files import FOLDER

REFUSALS = (InvalidTag, cbor2.CBORError, ValueError, TypeError, LookupError, AttributeError)
BOOK: dict[str, Any] = json.loads((FOLDER / "sealed.json").read_text("utf-8"))
X_WING = json.loads((FOLDER / "x_wing.json").read_text("utf-8"))
INFO, CONTENT = b"sanji/1/exchange and more", bytes(range(32))


def test_the_vectors_open_in_an_independent_reader() -> None:
    assert sealed_reader.main([str(FOLDER / "sealed.json")]) == 0
    assert sealed_reader.main([]) == 1


@pytest.mark.parametrize("case", BOOK["refused"], ids=lambda case: str(case["name"]))
def test_what_does_not_open_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(REFUSALS):
        sealed_reader.read_sealed(BOOK, case)


def test_a_bit_anywhere_is_noticed() -> None:
    for case in BOOK["sealed"]:
        for list_of in ("requests", "replies"):
            for at, raw in enumerate(case[list_of]):
                for byte in range(0, len(raw) // 2, 97):
                    changed = copy.deepcopy(case)
                    bad = bytearray.fromhex(raw)
                    bad[byte] ^= 1
                    changed[list_of][at] = bad.hex()
                    with pytest.raises(REFUSALS):
                        sealed_reader.read_sealed(BOOK, changed)


@pytest.mark.parametrize("case", X_WING["vectors"], ids=lambda case: str(case["seed"][:8]))
def test_the_hybrid_kem_is_x_wing(case: dict[str, str]) -> None:
    """Of its draft, appendix C: the reader's own decapsulation, and the key that the product makes of a seed."""
    seed = bytes.fromhex(case["seed"])
    assert sealed_reader.decapsulated(seed, bytes.fromhex(case["ct"])).hex() == case["ss"]
    assert OpeningKey(seed, "s1q").public.hex() == case["pk"] == sealed_reader.x_wing(seed)[2].hex()


def test_what_is_sealed_under_the_hybrid_suite_is_opened_by_the_standard_and_by_its_own_key_alone() -> None:
    key = OpeningKey(b"k" * 32, "s1q")
    sealed = seal_to(key.public, INFO, CONTENT)
    assert len(sealed) == sealed_bytes(key.public, len(CONTENT)) == 1_168
    assert sealed_reader.unsealed_hybrid(b"k" * 32, INFO, sealed) == CONTENT == key.open(INFO, sealed)
    for other, info, changed in (
        (OpeningKey(b"o" * 32, "s1q"), INFO, sealed),
        (OpeningKey(b"k" * 32), INFO, sealed),
        (key, INFO + b".", sealed),
        (key, INFO, bytes([sealed[0] ^ 1]) + sealed[1:]),
        (key, INFO, sealed[:1_100] + bytes([sealed[1_100] ^ 1]) + sealed[1_101:]),
        (key, INFO, sealed[:80]),
    ):
        with pytest.raises(NotOpened):
            other.open(info, changed)
    assert "6b6b" not in repr(key)


@pytest.mark.parametrize(("seed", "suite"), [(b"k" * 31, "s1q"), (b"k" * 31, "s1"), (b"k" * 32, "s2")])
def test_a_key_is_made_of_32_bytes_and_a_known_suite(seed: bytes, suite: str) -> None:
    with pytest.raises(ValueError):
        OpeningKey(seed, suite)
