"""Virtual time: what is planned happens in its order, and a call under way may wait while the others go on.

A task runs in a thread of its own, because the code of the nodes calls and waits; but only one thread runs at a time,
it hands over only where it waits for virtual time, and who goes on is decided by time and number alone.
"""

import heapq
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from typing import Final

MOST_TASKS: Final = 64  # more than there are nodes, each with one call up and one waiting call


class Task:
    """Something under way that may wait. Runs only while the loop has handed over to it."""

    def __init__(self, loop: "Loop", action: Callable[[], None]) -> None:
        self._loop = loop
        self._action = action
        self._turn = threading.Lock()
        self._turn.acquire()
        self.over = False
        self._outcome: Future[None] = loop.threads.submit(self._run)

    def _run(self) -> None:
        self._turn.acquire()
        try:
            self._action()
        finally:
            self.over = True
            self._loop.handed_back.release()

    def go_on(self) -> None:
        """Hand over to this task until it waits or ends. Raises what it raised."""
        before, self._loop.running = self._loop.running, self
        self._turn.release()
        self._loop.handed_back.acquire()
        self._loop.running = before
        if self.over:
            self._outcome.result()

    def wait(self) -> None:
        """Hand back to the loop; returns when the loop hands over again. Called in the task's own thread."""
        self._loop.handed_back.release()
        self._turn.acquire()


class Loop:
    """What happens when. Times are virtual seconds since the beginning."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.running: Task | None = None
        self.handed_back = threading.Lock()  # held but for the moment of handing back
        self.handed_back.acquire()
        self.threads = ThreadPoolExecutor(MOST_TASKS, "task")
        self.happened = 0
        self._plan: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._tasks: list[Task] = []

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Plan something; it may not wait."""
        heapq.heappush(self._plan, (self.now_s + seconds, next(self._numbers), action))

    def spawn(self, action: Callable[[], None]) -> None:
        """Begin something at once that may wait."""
        self._tasks = [task for task in self._tasks if not task.over]
        task = Task(self, action)
        self._tasks.append(task)
        task.go_on()

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass; only in a task."""
        task = self.running
        if task is None:
            raise RuntimeError("only a task may wait")
        self.after(seconds, task.go_on)
        task.wait()

    def run(self, until_s: float) -> None:
        """Let everything happen that is planned up to a time."""
        while self._plan and self._plan[0][0] <= until_s:
            self.now_s, _, action = heapq.heappop(self._plan)
            self.happened += 1
            action()
        self.now_s = max(self.now_s, until_s)

    def abandon(self) -> None:
        """Let every task that still waits go on once more, to end: whoever they belong to is gone by now."""
        self._plan.clear()
        for task in self._tasks:
            if not task.over:
                task.go_on()
        self.threads.shutdown()
