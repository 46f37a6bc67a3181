"""Virtual time: what is planned happens in its order, and a call under way may wait while the others go on.

A task runs in a thread of its own, because the code of the nodes calls and waits; but only one thread runs at a time,
it hands over only where it waits for virtual time, and who goes on is decided by time and number alone.
"""

import heapq
import threading
from collections.abc import Callable
from itertools import count


class Runner:
    """A thread that runs one task after another: to begin a thread costs more than most tasks do."""

    def __init__(self, loop: "Loop") -> None:
        self._loop = loop
        self.turn = threading.Lock()
        self.turn.acquire()
        self.task: Task | None = None
        self.thread = threading.Thread(target=self._run, name="task", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.turn.acquire()
        while (task := self.task) is not None:
            task.run()
            self.task = None
            self._loop.idle.append(self)
            task.handed_back.release()
            self.turn.acquire()

    def end(self) -> None:
        """End the thread; it has nothing to do."""
        self.turn.release()
        self.thread.join()


class Task:
    """Something under way that may wait. Runs only while the loop has handed over to it."""

    def __init__(self, loop: "Loop", action: Callable[[], None]) -> None:
        self._loop = loop
        self._action = action
        self._runner = loop.idle.pop() if loop.idle else Runner(loop)
        self._runner.task = self
        self._raised: BaseException | None = None
        # Held but for the moment of handing back. Each task has its own, since one may begin another: what that one
        # hands back is for who began it, and not for the loop, which waits for the first.
        self.handed_back = threading.Lock()
        self.handed_back.acquire()
        self.over = False

    def run(self) -> None:
        """Do it all, in the runner's thread."""
        with self:
            self._action()
        self.over = True

    def __enter__(self) -> None:
        """The action begins."""

    def __exit__(self, _kind: object, raised: BaseException | None, _trace: object) -> bool:
        """It has ended. Whatever it raised is raised where the loop runs."""
        self._raised = raised
        return True

    def go_on(self) -> None:
        """Hand over to this task until it waits or ends. Raises what it raised."""
        before, self._loop.running = self._loop.running, self
        self._runner.turn.release()
        self.handed_back.acquire()
        self._loop.running = before
        if self._raised is not None:
            raise self._raised

    def wait(self) -> None:
        """Hand back to the loop; returns when the loop hands over again. Called in the task's own thread."""
        self.handed_back.release()
        self._runner.turn.acquire()


class Loop:
    """What happens when. Times are virtual seconds since the beginning."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.running: Task | None = None
        self.idle: list[Runner] = []
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
        while self.idle:
            self.idle.pop().end()
