"""The guarded tick: jobs that come due on the monotonic clock, none of which can stop another.

`schedule` reads the wall clock: set back by a day, it would not run anything for a day; and one job's exception skips
the jobs after it. So it drives a single tick here, and is started afresh when the wall clock has gone back under it.
What is due is decided on the monotonic clock.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import schedule

TICK_S = 1

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job:
    every_s: float
    name: str
    run: Callable[[], object]
    due_at: float


class Scheduler:
    """Runs jobs every so many seconds, the first time one period after it was added."""

    def __init__(
        self, monotonic: Callable[[], float], on_problem: Callable[[str, Exception], None] | None = None
    ) -> None:
        """`monotonic` in s. `on_problem` is told a job's name and what it raised; the log is told in any case."""
        self._monotonic = monotonic
        self._on_problem = on_problem
        self._jobs: list[_Job] = []
        self._wall = schedule.Scheduler()

    def every(self, seconds: float, name: str, job: Callable[[], object]) -> None:
        """Add a job. Its period is counted from the end of one run to the beginning of the next."""
        self._jobs.append(_Job(seconds, name, job, self._monotonic() + seconds))

    def tick(self) -> None:
        """Run every job that is due."""
        for job in self._jobs:
            if job.due_at <= self._monotonic():
                self._run_guarded(job)
                job.due_at = self._monotonic() + job.every_s

    def run(self, stop: threading.Event) -> None:
        """Tick until `stop` is set."""
        self._start_ticking()
        while not stop.wait(self._pause()):
            self._wall.run_pending()

    def _pause(self) -> float:
        """Seconds until the next tick, never more than one tick however the wall clock jumps."""
        idle = self._wall.idle_seconds
        if idle is None or idle > TICK_S:
            self._start_ticking()
            return float(TICK_S)
        return max(idle, 0.0)

    def _start_ticking(self) -> None:
        self._wall.clear()
        self._wall.every(TICK_S).seconds.do(self.tick)

    def _run_guarded(self, job: _Job) -> None:
        try:
            job.run()
        except Exception as problem:  # noqa: BLE001 - the outermost loop: the next job must run whatever this one does
            _log.exception("job %s failed and will be tried again in %s s", job.name, job.every_s)
            if self._on_problem is not None:
                self._on_problem(job.name, problem)
