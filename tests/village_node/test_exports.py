"""Exports where two workers of a node come at once, on both databases."""

import threading
from collections.abc import Callable

import pytest

from tests.village_node.test_accounts import Clock
from tests.village_node.test_factors import worker_on
from village_node.accounts import exports
from village_node.accounts.exports import ExportRefused, Exports, Wanted
from village_node.store import Store

LIST = Wanted("work", "csv", "view=all", "view=all", 150, {})
HANDS = 4


def at_once(store: Store, clock: Clock, act: Callable[[Exports, int], object]) -> list[bool]:
    """Who of several workers does it at once: False for each that is refused."""
    done: list[bool] = []
    started = threading.Barrier(HANDS)

    def hand(number: int) -> None:
        worker = worker_on(store, clock, seed=number)
        started.wait()
        try:
            act(worker.exports, number)
        except ExportRefused:
            done.append(False)
        else:
            done.append(True)

    threads = [threading.Thread(target=hand, args=(number,)) for number in range(HANDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(done)


def test_of_those_who_take_lists_away_at_once_one_alone_stays_under_the_bound(store: Store) -> None:
    clock = Clock()
    rows = worker_on(store, clock).exports.rows
    begun = [worker_on(store, clock).exports.begin("0002", LIST) for _ in range(HANDS)]
    assert len({each.number for each in begun}) == HANDS
    assert at_once(store, clock, lambda each, n: each.take(begun[n], LIST)) == [False] * 3 + [True]
    assert sum(rows.get(each.number) is not None for each in begun) == 1
    with pytest.raises(exports.NeedsSecond):
        worker_on(store, clock).exports.begin("0002", LIST)


def test_a_request_is_answered_once_and_each_has_its_number(store: Store) -> None:
    clock = Clock()
    assert at_once(store, clock, lambda each, _: each.ask("0002", LIST, "年度核对")) == [True] * HANDS
    first = worker_on(store, clock).exports
    assert sorted(each.number for each in first.rows.asked()) == [1, 2, 3, 4]
    assert at_once(store, clock, lambda each, n: each.answer(1, f"100{n}", granted=n % 2 == 0)) == [False] * 3 + [True]


def test_what_was_granted_has_one_first_taking_however_many_come(store: Store) -> None:
    clock = Clock()
    first = worker_on(store, clock).exports
    number = first.ask("0002", LIST, "年度核对")
    first.answer(number, "0003", granted=True)
    assert at_once(store, clock, lambda each, _: each.fetch(number, "0002", LIST)) == [True] * HANDS
    row = first.rows.get(number)
    assert row is not None and row.fetched_ms == clock.now_ms
    clock.now_ms += exports.AGAIN_MS
    assert at_once(store, clock, lambda each, _: each.fetch(number, "0002", LIST)) == [False] * HANDS
