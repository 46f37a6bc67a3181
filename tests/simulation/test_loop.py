"""Virtual time: things happen in their order, and a task that waits lets the others go on."""

import threading
from functools import partial

import pytest

from tests.simulation.loop import Loop


def test_what_is_planned_happens_by_time_and_then_in_the_order_it_was_planned() -> None:
    loop = Loop()
    seen: list[tuple[str, float]] = []

    def see(name: str) -> None:
        seen.append((name, loop.now_s))

    for name, seconds in (("c", 2.0), ("a", 1.0), ("b", 1.0), ("late", 9.0)):
        loop.after(seconds, partial(see, name))
    loop.run(5.0)
    assert seen == [("a", 1.0), ("b", 1.0), ("c", 2.0)]
    assert loop.now_s == 5.0


def test_tasks_wait_in_virtual_time_and_take_turns() -> None:
    loop, seen = Loop(), []

    def task(name: str, pause_s: float) -> None:
        for _ in range(3):
            loop.sleep(pause_s)
            seen.append((name, loop.now_s))

    loop.spawn(lambda: task("slow", 3.0))
    loop.spawn(lambda: task("quick", 2.0))
    loop.run(20.0)
    loop.abandon()
    assert seen == [("quick", 2.0), ("slow", 3.0), ("quick", 4.0), ("slow", 6.0), ("quick", 6.0), ("slow", 9.0)]


def test_each_task_is_a_thread_of_its_own_as_it_is_in_a_node() -> None:
    loop, threads = Loop(), set()

    def task() -> None:
        threads.add(threading.get_ident())
        loop.sleep(1.0)
        threads.add(threading.get_ident())

    loop.spawn(task)
    loop.spawn(task)
    loop.run(2.0)
    loop.abandon()
    assert len(threads) == 2
    assert threading.get_ident() not in threads


def test_what_a_task_raises_is_raised_by_the_loop() -> None:
    loop = Loop()

    def task() -> None:
        loop.sleep(1.0)
        raise ZeroDivisionError

    loop.spawn(task)
    with pytest.raises(ZeroDivisionError):
        loop.run(2.0)
    loop.abandon()


def test_only_a_task_may_wait() -> None:
    with pytest.raises(RuntimeError, match="only a task"):
        Loop().sleep(1.0)


def test_an_abandoned_task_goes_on_once_more_and_ends() -> None:
    loop, ended = Loop(), []

    def task() -> None:
        loop.sleep(1000.0)
        ended.append(True)

    loop.spawn(task)
    loop.run(1.0)
    loop.abandon()
    assert ended == [True]


def test_who_begins_a_task_goes_on_as_soon_as_that_one_waits() -> None:
    loop, seen = Loop(), list[str]()

    def inner() -> None:
        seen.append("inner begins")
        loop.sleep(1.0)
        seen.append("inner ends")

    def outer() -> None:
        loop.spawn(inner)
        seen.append("outer goes on")
        loop.sleep(3.0)
        seen.append("outer ends")

    loop.spawn(outer)
    assert seen == ["inner begins", "outer goes on"] and loop.running is None
    loop.run(2.0)
    loop.abandon()
    assert seen == ["inner begins", "outer goes on", "inner ends", "outer ends"]
