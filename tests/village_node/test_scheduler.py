"""The guarded tick: what is due runs, whatever other jobs do and wherever the wall clock goes."""

import threading
from datetime import UTC, datetime

import time_machine

from village_node.scheduler import Scheduler


class Monotonic:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_job_runs_once_each_period_counted_from_its_end() -> None:
    monotonic, runs = Monotonic(), []
    scheduler = Scheduler(monotonic)

    def slow() -> None:
        monotonic.now_s += 5.0
        runs.append(monotonic.now_s)

    scheduler.every(10.0, "slow", slow)
    for _ in range(40):
        scheduler.tick()
        monotonic.now_s += 1.0
    assert runs == [115.0, 130.0, 145.0]


def test_a_failing_job_skips_no_other_and_is_tried_again_and_told() -> None:
    monotonic, runs, told = Monotonic(), [], []
    scheduler = Scheduler(monotonic, lambda name, problem: told.append((name, str(problem))))

    def fail() -> None:
        raise RuntimeError("broken")

    scheduler.every(1.0, "first", fail)
    scheduler.every(1.0, "second", lambda: runs.append(monotonic()))
    for _ in range(3):
        monotonic.now_s += 1.0
        scheduler.tick()
    assert len(runs) == 3
    assert told == [("first", "broken")] * 3


def test_a_wall_clock_set_back_does_not_stop_the_ticking() -> None:
    """`schedule` alone would sleep until the wall clock has caught up."""
    monotonic, runs = Monotonic(), []
    scheduler = Scheduler(monotonic)
    scheduler.every(1.0, "job", lambda: runs.append(1))
    with time_machine.travel(datetime(2026, 11, 22, tzinfo=UTC), tick=False) as wall:
        scheduler._start_ticking()
        for move_to in (datetime(2026, 11, 22, 0, 0, 2, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC)):
            wall.move_to(move_to)
            pause = scheduler._pause()
            assert 0.0 <= pause <= 1.0
            wall.shift(pause)
            monotonic.now_s += 1.5
            scheduler._wall.run_pending()
    assert len(runs) == 2


def test_jobs_keep_their_pace_wherever_the_wall_clock_jumps_and_whatever_another_raises() -> None:
    """By decades, both ways, while a planted job fails each time it runs: the other misses nothing."""
    monotonic, runs, failures = Monotonic(), [], []
    scheduler = Scheduler(monotonic, lambda name, problem: failures.append(type(problem)))

    def planted() -> None:
        raise MemoryError if len(failures) % 2 else OSError(28, "No space left on device")

    scheduler.every(5.0, "planted", planted)
    scheduler.every(5.0, "job", lambda: runs.append(monotonic()))
    jumps = [datetime(year, 1, 20, tzinfo=UTC) for year in (2026, 1970, 2038, 2016, 2036, 1999, 9990, 2026)]
    with time_machine.travel(jumps[0], tick=False) as wall:
        scheduler._start_ticking()
        for second in range(80):
            if second % 10 == 0:
                wall.move_to(jumps[second // 10])
            pause = scheduler._pause()
            assert 0.0 <= pause <= 1.0
            wall.shift(pause)
            monotonic.now_s += 1.0
            scheduler._wall.run_pending()
    assert len(runs) >= 13, "every five seconds, once in a while a second late"
    assert len(failures) == len(runs) and set(failures) == {OSError, MemoryError}


def test_the_loop_ends_when_told() -> None:
    ticked, stop = threading.Event(), threading.Event()
    scheduler = Scheduler(lambda: 0.0)
    scheduler.every(0.0, "job", ticked.set)
    thread = threading.Thread(target=scheduler.run, args=(stop,), daemon=True)
    thread.start()
    assert ticked.wait(10.0)
    stop.set()
    thread.join(5.0)
    assert not thread.is_alive()
