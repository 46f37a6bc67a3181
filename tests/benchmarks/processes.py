"""Processes of our own for the nodes of a benchmark, told what to do through a pipe and asked what they have spent."""

import multiprocessing
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.pool import StaticPool

from center_node import app as center_app
from township_node import app as township_app
from village_node import app as village_app
from village_node import config

_STOP_S: Final = 20.0
_MAKERS: Final = {
    "village": village_app.create_node,
    "township": township_app.create_node,
    "county": center_app.create_node,
}

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")


class WorkerFailed(Exception):
    """Something went wrong in a worker; the text is its traceback."""


class Worker:
    """A process that opens something (`make(*arguments)`, a context manager) and then acts on it when told.

    `extra_sync_ms`: what each commit of a SQLite writer takes longer there, as on a cheap disk.
    """

    def __init__(self, make: Callable[..., AbstractContextManager[Any]], *arguments: Any, extra_sync_ms: float = 0.0):
        context = multiprocessing.get_context("spawn")  # nothing of ours may be carried across a fork
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, make, arguments, extra_sync_ms), name=make.__name__, daemon=True
        )
        self._process.start()
        theirs.close()

    def __enter__(self) -> "Worker":
        self._answer()  # it is open now
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.dismiss()
        self._process.join(_STOP_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def dismiss(self) -> None:
        """Tell it to end, without waiting until it has."""
        self._pipe.close()  # which it takes for the end

    def start(self, act: Callable[Concatenate[Any, P], object], *arguments: P.args, **named: P.kwargs) -> None:
        """Let it begin `act(what it opened, ...)`; `finish` waits for the result."""
        self._pipe.send((act, arguments, named))

    def finish(self) -> Any:
        """The result of what was started. Raises WorkerFailed."""
        return self._answer()

    def do(self, act: Callable[Concatenate[Any, P], T], *arguments: P.args, **named: P.kwargs) -> T:
        """Let it act, and wait for the result. Raises WorkerFailed."""
        self.start(act, *arguments, **named)
        done: T = self._answer()
        return done

    def cpu_s(self) -> float:
        """Seconds of CPU that all its threads have used so far."""
        return self.do(_cpu_s)

    def memory_mb(self) -> float:
        """What it holds in memory now, in MB of a million bytes."""
        return self.do(_memory_mb, "VmRSS")

    def peak_memory_mb(self) -> float:
        """The most it ever held in memory, in MB of a million bytes."""
        return self.do(_memory_mb, "VmHWM")

    def _answer(self) -> Any:
        try:
            good, answer = self._pipe.recv()
        except EOFError:
            raise WorkerFailed(f"the worker {self._process.name} ended by itself") from None
        if not good:
            raise WorkerFailed(answer)
        return answer


@contextmanager
def together(workers: Sequence[Worker]) -> Iterator[None]:
    """Many workers at once: they open side by side, and side by side they end."""
    with ExitStack() as stack:
        for worker in workers:
            stack.enter_context(worker)
        try:
            yield
        finally:
            for worker in workers:
                worker.dismiss()


def made(level: str, data: Path) -> village_app.Node:
    """A node of this level in this process, which does not serve yet."""
    return _MAKERS[level](config.load(data))


@contextmanager
def up(node: village_app.Node) -> Iterator[None]:
    """The node serves on its ports, its uplink and its waiting listener running."""
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(target=node.serve, args=(stop, ready.set), name="serve")
    thread.start()
    try:
        if not ready.wait(_STOP_S):
            raise WorkerFailed(f"the {node.identity.level} node did not come up")
        yield
    finally:
        stop.set()
        thread.join(_STOP_S)


@contextmanager
def serving(level: str, data: Path) -> Iterator[village_app.Node]:
    """A node of this level in this process, serving."""
    with closing(made(level, data)) as node, up(node):
        yield node


def _work(
    pipe: Connection,
    make: Callable[..., AbstractContextManager[Any]],
    arguments: tuple[Any, ...],
    extra_sync_ms: float,
) -> None:
    if extra_sync_ms:
        _slow_commits(extra_sync_ms / 1000)
    try:
        with make(*arguments) as opened:
            pipe.send((True, None))
            _obey(pipe, opened)
    except BaseException:
        pipe.send((False, traceback.format_exc()))
        raise


def _obey(pipe: Connection, opened: object) -> None:
    while True:
        try:
            act, arguments, named = pipe.recv()
        except EOFError:
            return  # told to stop
        pipe.send((True, act(opened, *arguments, **named)))


def _slow_commits(seconds: float) -> None:
    @event.listens_for(Engine, "commit")
    def slower(connection: Any) -> None:
        # The one writer connection of a store sits in a pool of its own kind; readers wait for no disk.
        if isinstance(connection.engine.pool, StaticPool):
            time.sleep(seconds)


def _cpu_s(_opened: object) -> float:
    return time.process_time()


def _memory_mb(_opened: object, name: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise WorkerFailed(f"/proc/self/status does not tell {name}")
