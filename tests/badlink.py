"""A bad line between two machines: a small TCP proxy on loopback that is slow, late, stalls, cuts, loses and repeats.

It counts every byte both ways, HTTP heads included. Faults may be changed while it runs and hold for what comes next.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

HOST = "127.0.0.1"
_CHUNK = 65_536


@dataclass
class Faults:
    """What is wrong with the line. Offsets count the bytes of one connection in one direction, from 0."""

    bytes_per_s: float | None = None
    latency_s: float = 0.0
    cut_up_at: int | None = None
    cut_down_at: int | None = None
    stall_up_at: int | None = None  # nothing passes behind it, and neither end is told
    stall_down_at: int | None = None
    lose_replies: bool = False
    duplicate: bool = False  # what goes up arrives a second time, on a connection whose replies nobody hears


class BadLink:
    """Listens on a free port of loopback and leads to another."""

    def __init__(self, port: int) -> None:
        self.faults = Faults()
        self.bytes_up = 0
        self.bytes_down = 0
        self.connections = 0
        self.recorded: dict[str, bytes] | None = None
        self._target = port
        self._closed = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://{HOST}:{self.port}"
        self._thread = threading.Thread(target=self._accept, name="badlink", daemon=True)
        self._thread.start()

    def record(self) -> None:
        """Keep from now on what passes, as anybody on the line may, by direction."""
        self.recorded = {"bytes_up": b"", "bytes_down": b""}

    def close(self) -> None:
        """Stop, and break what is open."""
        self._closed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        self._thread.join(5.0)

    def hang_up(self) -> None:
        """Break every connection there is."""
        with self._lock:
            ends = list(self._open)
        for end in ends:
            _break(end)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection((HOST, self._target))
            except OSError:
                continue  # closed, or nobody listens at the other end
            self.connections += 1
            with self._lock:
                self._open |= {near, far}
            echo = socket.create_connection((HOST, self._target)) if self.faults.duplicate else None
            for act in (lambda n=near, f=far, e=echo: self._up(n, f, e), lambda n=near, f=far: self._down(f, n)):
                threading.Thread(target=act, daemon=True).start()

    def _up(self, near: socket.socket, far: socket.socket, echo: socket.socket | None) -> None:
        if echo is not None:
            threading.Thread(target=_drain, args=(echo,), daemon=True).start()
        self._carry(
            near, far, lambda: (self.faults.cut_up_at, self.faults.stall_up_at), lambda: False, "bytes_up", echo
        )

    def _down(self, far: socket.socket, near: socket.socket) -> None:
        self._carry(
            far,
            near,
            lambda: (self.faults.cut_down_at, self.faults.stall_down_at),
            lambda: self.faults.lose_replies,
            "bytes_down",
            None,
        )

    def _carry(
        self,
        source: socket.socket,
        sink: socket.socket,
        ends_at: Callable[[], tuple[int | None, int | None]],
        lose: Callable[[], bool],
        counter: str,
        echo: socket.socket | None,
    ) -> None:
        """Move bytes one way until an end closes or the fault strikes. ``ends_at``: where it is cut, and where it
        stalls."""
        passed = 0
        with suppress(OSError):  # an end that is gone ends the other
            while chunk := source.recv(self._portion()):
                if lose():
                    break
                cut_at, stall_at = ends_at()
                limit = min((each for each in (cut_at, stall_at) if each is not None), default=None)
                ends = limit is not None and passed + len(chunk) >= limit
                if limit is not None and ends:
                    chunk = chunk[: max(limit - passed, 0)]
                self._closed.wait(self.faults.latency_s + self._duration(len(chunk)))
                # Counted before they go on: whoever has them may ask at once how many they were.
                passed += len(chunk)
                if self.recorded is not None:
                    self.recorded[counter] += chunk
                setattr(self, counter, getattr(self, counter) + len(chunk))
                sink.sendall(chunk)
                if echo is not None:
                    echo.sendall(chunk)
                if ends and limit == stall_at:
                    while source.fileno() >= 0 and not self._closed.wait(0.02):
                        pass  # until somebody here hangs up
                if ends:
                    break
        with self._lock:
            self._open -= {source, sink}
        for end in (source, sink):
            _break(end)

    def _portion(self) -> int:
        """How much is taken at once: a slow line hands on little at a time."""
        rate = self.faults.bytes_per_s
        return _CHUNK if rate is None else max(1, int(rate / 20))

    def _duration(self, size: int) -> float:
        rate = self.faults.bytes_per_s
        return 0.0 if rate is None else size / rate


def _break(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


def _drain(end: socket.socket) -> None:
    with suppress(OSError):
        while end.recv(_CHUNK):
            pass
