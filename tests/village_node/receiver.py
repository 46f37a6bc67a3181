"""Another system of the county, on loopback: it takes webhooks, or does with them what it is told to."""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

SLOW, LOST = "slow", "lost"  # no answer until it is let go; the message was taken, and the answer never comes


class Message(NamedTuple):
    """What came: to which path, with which headers, and the body."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """What came is in ``taken``. ``answers``: what the next ones get (a status, SLOW or LOST), 204 after that."""

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.answers: deque[int | str] = deque()
        self.came = threading.Semaphore(0)
        self.let_go = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Be there no more: who calls is refused."""
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5.0)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append(Message(self.path, dict(self.headers), body))
                answer = receiver.answers.popleft() if receiver.answers else 204
                receiver.came.release()
                if answer == SLOW:
                    receiver.let_go.wait(10.0)
                if isinstance(answer, str):
                    self.close_connection = True
                    return
                self.send_response(answer)
                if 300 <= answer < 400:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: tests read what was taken."""

        return Handler


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver that is there while the test runs."""
    made = Receiver()
    try:
        yield made
    finally:
        made.close()
