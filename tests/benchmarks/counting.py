"""A TCP proxy on loopback that counts every byte both ways, HTTP heads included, and the messages among them."""

import selectors
import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Final

_CHUNK: Final = 1 << 16
_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes sent by the child (`up`) and by the ancestor (`down`), what of it was HTTP bodies, and the requests."""

    up: int
    down: int
    bodies: int
    requests: int

    @property
    def total(self) -> int:
        """Both directions together."""
        return self.up + self.down

    def __sub__(self, earlier: "Traffic") -> "Traffic":
        return Traffic(
            self.up - earlier.up,
            self.down - earlier.down,
            self.bodies - earlier.bodies,
            self.requests - earlier.requests,
        )


class _Direction:
    """One direction of one connection: tells heads from bodies. Every body must say its length, as ours do."""

    def __init__(self) -> None:
        self.bytes = self.bodies = self.messages = 0
        self._head = b""
        self._left = 0

    def feed(self, chunk: bytes) -> None:
        self.bytes += len(chunk)
        while chunk:
            if self._left:
                taken = min(self._left, len(chunk))
                self.bodies += taken
                self._left -= taken
                chunk = chunk[taken:]
                continue
            head, found, rest = (self._head + chunk).partition(_END_OF_HEAD)
            if not found:
                self._head = head
                return
            self._head, chunk = b"", rest
            self.messages += 1
            for line in head.lower().split(b"\r\n"):
                if line.startswith(_LENGTH):
                    self._left = int(line[len(_LENGTH) :])


class CountingProxy:
    """Passes every connection on to a port of this machine. One thread moves all bytes, so no count is lost."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._up: list[_Direction] = []
        self._down: list[_Direction] = []
        self._thread = threading.Thread(target=self._run, name="counting proxy", daemon=True)

    def __enter__(self) -> "CountingProxy":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wake.close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where a child finds its ancestor through the proxy."""
        return f"http://127.0.0.1:{self.port}"

    def traffic(self) -> Traffic:
        """What has passed so far: whoever has read an answer finds it counted."""
        up, down = list(self._up), list(self._down)
        return Traffic(
            sum(each.bytes for each in up),
            sum(each.bytes for each in down),
            sum(each.bodies for each in (*up, *down)),
            sum(each.messages for each in up),
        )

    def _run(self) -> None:
        try:
            while True:
                for key, _ in self._selector.select():
                    if key.fileobj is self._woken:
                        return
                    if key.fileobj is self._listener:
                        self._connect()
                    # The other end of a connection that broke a moment ago is gone from the map already.
                    elif key.fd in self._selector.get_map():
                        assert isinstance(key.fileobj, socket.socket)
                        self._pass_on(key.fileobj, *key.data)
        finally:
            for key in list(self._selector.get_map().values()):
                assert isinstance(key.fileobj, socket.socket)
                key.fileobj.close()
            self._selector.close()

    def _connect(self) -> None:
        child, _ = self._listener.accept()
        try:
            ancestor = socket.create_connection(self._target)
        except OSError:
            child.close()
            return
        for source, sink, directions in ((child, ancestor, self._up), (ancestor, child, self._down)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            directions.append(_Direction())
            self._selector.register(source, selectors.EVENT_READ, (sink, directions[-1]))

    def _pass_on(self, source: socket.socket, sink: socket.socket, direction: _Direction) -> None:
        try:
            chunk = source.recv(_CHUNK)
            direction.feed(chunk)
            if chunk:
                sink.sendall(chunk)
        except OSError:
            chunk = b""
        if not chunk:
            for side in (source, sink):
                self._selector.unregister(side)
                side.close()
