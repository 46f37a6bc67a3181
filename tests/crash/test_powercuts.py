"""Which states are tried: every one of a short scenario, of a long one the extremes of each window and many more."""

from itertools import product

from tests.crash.disk import GROWN, KEPT, LOST
from tests.crash.operations import ROOT, Bind, Mark, Operation, Settled, Sync, SyncFolder, Write
from tests.crash.powercuts import ALL_SUBSETS_UP_TO, at_each_write, by_rule, drawn, exhaustive, windows

SHORT: list[Operation] = [
    Bind(ROOT, "a", 2),
    Write(2, 0, b"before"),
    Settled(),
    Write(2, 0, b"1"),
    Write(2, 1, b"2"),
    Sync(2),
    Bind(ROOT, "b", 3),
    Mark("told"),
    SyncFolder(ROOT),
    Write(2, 0, bytes(1_200)),
]
PAGES: list[Operation] = [Write(2, 4_096 * page, bytes(4_096)) for page in range(14)]
LONG: list[Operation] = [Settled(), *[*PAGES, Sync(2), Mark("told")] * 6]


def test_a_window_ends_where_something_is_synced_or_told() -> None:
    found = [(each.number, len(each.disk.pending), each.marks) for each in windows(SHORT)]
    assert found == [(0, 2, 0), (1, 1, 0), (2, 1, 1), (3, 1, 1)]


def test_a_short_scenario_is_tried_in_every_subset_and_tear() -> None:
    found: dict[int, set[tuple[int, ...]]] = {}
    for state in exhaustive(SHORT):
        fates = found.setdefault(state.window.number, set())
        assert state.fates not in fates, "no state twice"
        fates.add(state.fates)
    assert found[0] >= set(product((LOST, KEPT), repeat=2))
    assert found[1] == found[2] == {(LOST,), (KEPT,)}
    assert found[3] >= {(LOST,), (KEPT,), (0b001,), (0b011,), (0b110,), (0b100,), (GROWN,), (0b011 | GROWN,)}


def test_beyond_the_bound_the_rules_choose_prefixes_gaps_and_pairs() -> None:
    size = ALL_SUBSETS_UP_TO + 2
    found = set(by_rule([Write(2, n, b"x") for n in range(size)]))
    for n in range(size + 1):
        assert (KEPT,) * n + (LOST,) * (size - n) in found
        assert (LOST,) * n + (KEPT,) * (size - n) in found
    for first in range(size):
        assert tuple(KEPT if at == first else LOST for at in range(size)) in found
        for second in range(size):
            assert tuple(LOST if at in (first, second) else KEPT for at in range(size)) in found


def test_an_enrolment_is_cut_at_each_write_by_one_process_or_another() -> None:
    found = [(state.window.number, state.fates) for state in at_each_write(SHORT)]
    assert found[:3] == [(0, (LOST, LOST)), (0, (KEPT, LOST)), (0, (KEPT, KEPT))]
    assert len(found) == len(set(found)) == 3 + 2 + 2 + 2
    parts = [[(state.window.number, state.fates) for state in at_each_write(SHORT, share, 2)] for share in (0, 1)]
    assert sorted(parts[0] + parts[1]) == sorted(found) and not set(parts[0]) & set(parts[1])


def test_drawn_states_are_different_as_many_as_asked_for_and_the_same_for_the_same_seed() -> None:
    found = [(state.window.number, state.fates) for state in drawn(LONG, 500, "seed")]
    assert len(found) == len(set(found)) == 500
    assert found == [(state.window.number, state.fates) for state in drawn(LONG, 500, "seed")]
    assert found != [(state.window.number, state.fates) for state in drawn(LONG, 500, "other")]


def test_each_window_is_tried_with_nothing_and_with_everything_that_was_pending() -> None:
    found = {(state.window.number, state.fates) for state in drawn(LONG, 500, "seed")}
    for number, size in [(each.number, len(each.disk.pending)) for each in windows(LONG)]:
        assert {(number, (LOST,) * size), (number, (KEPT,) * size)} <= found


def test_torn_writes_lost_ones_and_later_ones_alone_are_all_drawn() -> None:
    found = [state.fates for state in drawn(LONG, 500, "seed")]
    assert any(fate not in (LOST, KEPT) for fates in found for fate in fates)
    assert any(fates[:1] == (LOST,) and fates[-1:] == (KEPT,) for fates in found)
    assert any(fates.count(LOST) == 1 for fates in found)


def test_two_processes_share_the_states_between_them() -> None:
    whole = {(state.window.number, state.fates) for state in drawn(LONG, 300, "seed")}
    shares = [{(state.window.number, state.fates) for state in drawn(LONG, 300, "seed", n, 2)} for n in range(2)]
    assert all(shares) and not shares[0] & shares[1]
    assert shares[0] | shares[1] == whole
