"""What is kept from state to state is nothing of the disk before, and lets nothing through that is not sound."""

import shutil
from pathlib import Path

import pytest

from sync_protocol import suites
from sync_protocol.errors import BadSignature, WeakKey
from sync_protocol.roster import standing
from tests.crash.warm import warm
from village_node.store import open_store, peers

KEY = suites.SigningKey.from_seed(1, bytes(32))


def noted(folder: Path, value: bytes | None) -> bytes | None:
    """Open the database in this folder and leave it open; write a value (where there is one) and read it."""
    store = open_store(f"sqlite:///{folder / 'node.db'}")
    if value is not None:
        with store.writing() as connection:
            peers.remember_bytes(connection, "noted", value)
    with store.reading() as connection:
        return peers.bytes_of(connection, "noted")


def test_the_next_disk_is_not_read_through_a_connection_to_the_one_before(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    with warm() as kept:
        for value in (b"of the first", b"of the second"):
            assert noted(folder, None) is None
            kept.cool()
            assert noted(folder, value) == value
            kept.cool()
            shutil.rmtree(folder)


def test_a_signature_is_known_only_for_its_own_bytes_and_key() -> None:
    good = KEY.sign("seal", bytes(16), b"words")
    other = suites.SigningKey.from_seed(1, b"\1" * 32)
    with warm():
        for _ in range(2):
            suites.verify(1, KEY.public, "seal", bytes(16), b"words", good)
            for public, words in ((KEY.public, b"other words"), (other.public, b"words")):
                with pytest.raises(BadSignature):
                    suites.verify(1, public, "seal", bytes(16), words, good)
            with pytest.raises(WeakKey):
                vars(standing)["check_public"](1, bytes(32))


def test_all_is_as_it_was_afterwards() -> None:
    before = (suites._loaded, vars(standing)["check_public"])
    with warm():
        assert suites._loaded is not before[0]
    assert (suites._loaded, vars(standing)["check_public"]) == before
