"""Rows of throttles, on both databases."""

import threading

import pytest

from village_node.store import Store
from village_node.store.throttles import ThrottleRow, ThrottleRows


@pytest.fixture
def rows(store: Store) -> ThrottleRows:
    return ThrottleRows(store)


def test_failures_are_counted_one_by_one_by_many_hands(rows: ThrottleRows) -> None:
    def fail() -> None:
        for _ in range(20):
            rows.change_throttle(
                "account:0001", lambda row: ThrottleRow("account:0001", row.failures + 1 if row else 1, 1, 2)
            )

    hands = [threading.Thread(target=fail) for _ in range(4)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert rows.throttle("account:0001") == ThrottleRow("account:0001", 80, 1, 2)
    assert rows.change_throttle("account:0001", lambda row: None) is None
    assert rows.throttle("account:0001") is None
    rows.change_throttle("source:1", lambda row: ThrottleRow("source:1", 1, 5, 0))
    assert rows.purge_throttle(6, "long:", 0) == 1


def test_some_are_kept_longer_than_others(rows: ThrottleRows) -> None:
    times = {"source:1": 5, "long:1": 5, "long:2": 2, "longer": 5}
    rows.change_throttles(list(times), lambda held: [ThrottleRow(key, 1, last, 0) for key, last in times.items()])
    assert rows.purge_throttle(6, "long:", 3) == 3
    assert [row.key for row in rows.throttles("")] == ["long:1"]


def test_several_are_changed_at_once(rows: ThrottleRows) -> None:
    rows.change_throttle("one", lambda row: ThrottleRow("one", 3, 5, 0))
    seen = []

    def change(held):
        seen.append(dict(held))
        return [ThrottleRow("one", 4, 6, 0), ThrottleRow("two", 1, 6, 0)]

    rows.change_throttles(["one", "two"], change)
    assert seen == [{"one": ThrottleRow("one", 3, 5, 0)}] and [row.failures for row in rows.throttles("")] == [4, 1]
    rows.change_throttles(["one", "two"], lambda held: [])
    assert [row.failures for row in rows.throttles("")] == [4, 1]
