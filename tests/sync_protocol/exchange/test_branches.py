"""The branches of a forked stream in vectors, in what follows from comparing them, and in field 22."""

from typing import Any

import pytest

from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import mark
from sync_protocol.evidence import Arm
from sync_protocol.exchange import (
    ArmShown,
    EventsOwed,
    ForkTalk,
    Marks,
    Path,
    PeerView,
    Probe,
    StreamPoint,
    digest,
    plan,
    proofs_known,
    read_vector,
    vector_values,
)
from sync_protocol.exchange.forks import read_talk, talk_values
from sync_protocol.exchange.owing import common
from sync_protocol.wire import Tables

V, SCOPE = b"V" * 16, "about:111"
A, B, A_A, A_B = (
    ((5, b"aaaaaaaa"),),
    ((5, b"bbbbbbbb"),),
    ((5, b"aaaaaaaa"), (9, b"A" * 8)),
    ((5, b"aaaaaaaa"), (9, b"B" * 8)),
)


def at(seq: int, path: Path = (), name: str = "") -> StreamPoint:
    """A point whose hash is that of the branch named: of its path, where none is."""
    text = f"{name or path}/{seq}".encode()
    return StreamPoint(V, SCOPE, seq, (text * 32)[:32], {}, path)


def test_a_branch_survives_the_wire_and_the_digest_tells_it() -> None:
    held = [at(7, A), at(4, B)]
    tables = Tables()
    read = read_vector(vector_values(held, tables), Tables.read(*tables.values()))
    assert read == [one._replace(hash=mark(one.hash)) for one in held]
    assert digest(read) == digest(reversed(held))
    assert len({digest(held), digest([at(7, A)]), digest([at(7, A), at(4, A_B)]), digest([at(7), at(4, B)])}) == 4


def test_what_is_known_of_a_branch_may_begin_at_nothing() -> None:
    tables = Tables()
    read = read_vector(vector_values([at(0, ((1, b"aaaaaaaa"),))], tables), Tables.read(*tables.values()))
    assert read[0].seq == 0 and read[0].is_stub


@pytest.mark.parametrize(
    "path",
    [
        None,
        [],
        [5],
        [5, b"short"],
        [0, bytes(8)],
        [5, bytes(8), 5, bytes(8)],
        [9, bytes(8), 5, bytes(8)],
        [True, bytes(8)],
    ],
)
def test_a_path_of_another_shape_is_malformed(path: Any) -> None:
    with pytest.raises(Malformed):
        read_vector([[0, 7, bytes(8), [], path]], Tables.read([V], [SCOPE], [0, 0]))


def test_a_path_longer_than_the_arms_that_are_kept_is_too_large() -> None:
    path = [value for seq in range(1, 12) for value in (seq, bytes(8))]
    with pytest.raises(TooLarge):
        read_vector([[0, 90, bytes(8), [], path]], Tables.read([V], [SCOPE], [0, 0]))


def test_a_branch_named_twice_is_malformed_and_two_branches_are_not() -> None:
    tables = Tables.read([V], [SCOPE], [0, 0])
    assert len(read_vector([[0, 7, bytes(8), [], [5, b"a" * 8]], [0, 7, bytes(8), [], [5, b"b" * 8]]], tables)) == 2
    with pytest.raises(Malformed):
        read_vector([[0, 7, bytes(8), [], [5, b"a" * 8]], [0, 8, bytes(8), [], [5, b"a" * 8]]], tables)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (at(20, A), at(12, A), 12),
        (at(20, A), at(12, B), 4),
        (at(20, A), at(3), 3),
        (at(20, A), at(12), 4),
        (at(20, A_A), at(20, A_B), 8),
        (at(20, A_A), at(7, A), 7),
        (at(20, A_A), at(20, A), 8),
        (at(20, A_A), at(20, B), 4),
        (at(3, B), at(20, A), 3),
    ],
)
def test_two_branches_share_what_their_arms_say(one: StreamPoint, other: StreamPoint, shared: int) -> None:
    assert common(one, other) == common(other, one) == shared


def test_of_each_branch_what_the_other_lacks_is_owed_and_of_a_stub_nothing() -> None:
    mine = [at(20, A), at(12, B)]
    assert plan(mine, [at(20, A), at(4, B)]).events == [EventsOwed(V, SCOPE, 4, 12, B, mark(at(4, B).hash))]
    assert plan(mine, [at(3)]).events == [EventsOwed(V, SCOPE, 3, 12, B), EventsOwed(V, SCOPE, 3, 20, A)]
    assert plan([at(20, A), at(4, B)], [at(20, A), at(2, B)]).events == []
    assert not plan(mine, mine)


def test_another_mark_at_the_same_position_is_told_and_nothing_is_owed() -> None:
    owed = plan([at(7, name="x")], [at(7, name="y")])
    assert owed.parted == [at(7, name="x")] and not owed
    assert plan([at(7, name="x")], [at(7, name="y")], withheld={(V, SCOPE)}).parted == []


def test_a_view_keeps_branches_apart() -> None:
    view = PeerView([at(7, A), at(4, B)])
    view.add_events(V, SCOPE, 12, at(12, B).hash, B)
    assert view.agrees(digest([at(7, A), at(12, B)]))
    assert proofs_known(view.points) == {(V, SCOPE): {*A, *B}}
    assert proofs_known([at(7)]) == {}


def talk() -> ForkTalk:
    return ForkTalk(
        probes=[Probe(V, SCOPE, (), (1, 2, 9))],
        marks=[Marks(V, SCOPE, A, {3: b"m" * 8, 7: b"n" * 8})],
        arms=[ArmShown(V, SCOPE, 3, b"b" * 32, Arm((b"i" * 32,), b"s" * 64))],
    )


def test_what_is_said_of_forks_survives_the_wire() -> None:
    tables = Tables()
    values = talk_values(talk(), tables)
    assert read_talk(values, Tables.read(*tables.values())) == talk()


def spoilt(part: int, row: Any) -> list[Any]:
    values: list[Any] = [[], [], [], []]
    values[part] = [row]
    return values


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        [[], [], []],
        [[], [], [], None],
        spoilt(0, [0, []]),
        spoilt(0, [7, [], [1]]),
        spoilt(0, [0, [], []]),
        spoilt(0, [0, [], [0]]),
        spoilt(0, [0, [], list(range(1, 17))]),
        spoilt(1, [0, [], [1]]),
        spoilt(1, [0, [], [2, bytes(8), 1, bytes(8)]]),
        spoilt(2, [0, 0, bytes(32), [bytes(32)], bytes(64)]),
        spoilt(2, [0, 1, bytes(31), [bytes(32)], bytes(64)]),
        spoilt(2, [0, 1, bytes(32), [], bytes(64)]),
        spoilt(2, [0, 1, bytes(32), [bytes(32)], bytes(63)]),
        spoilt(3, [1]),
        spoilt(3, b"\xff"),
    ],
)
def test_what_is_said_in_another_shape_is_malformed(values: Any) -> None:
    with pytest.raises(Malformed):
        read_talk(values, Tables.read([V], [SCOPE], [0, 0]))


def test_more_rows_than_the_limit_are_too_large() -> None:
    with pytest.raises(TooLarge):
        read_talk([[[0, [], [1]]] * 17, [], [], []], Tables.read([V], [SCOPE], [0, 0]))
