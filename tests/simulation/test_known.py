"""What a story keeps lets nothing through that is not sound, and nothing of it is left afterwards."""

import pytest

from sync_protocol import encoding
from sync_protocol.case import content
from sync_protocol.errors import BadSignature, Malformed, RosterRollback
from sync_protocol.exchange import StreamPoint, vector
from sync_protocol.roster import Roster
from sync_protocol.suites import SigningKey, verify
from tests import builders
from tests.crash.warm import warm
from tests.simulation.known import known
from township_node.downlink import answering


def test_what_is_no_encoding_is_refused_each_time() -> None:
    with known():
        for _ in range(2):
            assert encoding.decode(b"\xa1\x00\x01") == {0: 1}
            with pytest.raises(Malformed):
                encoding.decode(b"\xa1\x00\x01", maps=False)
            with pytest.raises(Malformed):
                encoding.decode(b"\x18\x01")


def test_a_list_of_points_is_told_from_another_one() -> None:
    points = [StreamPoint(bytes(16), "about:1", seq, bytes(32), {}) for seq in (1, 2)]
    with known():
        for _ in range(2):
            for some in (points, points[:1]):
                assert vars(answering)["digest"](some) == vector.digest(some)


def test_a_roster_with_one_more_change_is_what_it_would_be(tmp_path_factory: pytest.TempPathFactory) -> None:
    ours, others = (builders.Network(tmp_path_factory.mktemp("network"), seed) for seed in (1, 2))
    for network in (ours, others):
        network.enrol(builders.COUNTY)
    with warm():
        for _ in range(2):
            made = Roster()
            for change in ours.changes:
                made = made.apply(change)
            assert made.heads() == ours.roster.heads() and made.nodes() == ours.roster.nodes()
            with pytest.raises(RosterRollback):
                made.apply(others.changes[0])


def test_all_is_as_it_was_afterwards() -> None:
    before = (encoding._scan, content._read, vars(answering)["digest"], Roster.apply)
    with known(), warm():
        assert (encoding._scan, content._read, vars(answering)["digest"], Roster.apply) != before
    assert (encoding._scan, content._read, vars(answering)["digest"], Roster.apply) == before


def test_what_a_key_has_signed_is_good_and_nothing_else_is() -> None:
    key, other = (SigningKey.from_seed(1, bytes([number]) * 32) for number in (1, 2))
    with warm(), known():
        signature = key.sign("enrol", None, b"words")
        for _ in range(2):
            verify(1, key.public, "enrol", None, b"words", signature)
            for public, words in ((key.public, b"others"), (other.public, b"words")):
                with pytest.raises(BadSignature):
                    verify(1, public, "enrol", None, words, signature)
    assert signature == key.sign("enrol", None, b"words")
