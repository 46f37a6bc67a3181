"""The road to an ancestor: one HTTP call with a bounded reply, deadlines that hold, and no byte more than needed.

`requests` knows a time-out between two bytes only; a peer that drips one byte a second would hold it for ever. So a
watchdog cuts the socket when the whole call has taken too long.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from weakref import WeakSet

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util import SKIP_HEADER

from sync_protocol import limits
from sync_protocol.errors import NoSuchVersion
from sync_protocol.exchange import read_refusal

Session = requests.Session

_CHUNK = 65_536
_BAD_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
_RETRY_AFTER_MOST_S = 3600.0
_PORTS = {"http": 80, "https": 443}
OTHER_VERSION = (
    "上级与本机的程序版本不同，说不上话；请升级较旧的一方。本机记录都在，升级后自动续传"
    " / the parent's program speaks another version than this one: update the older of the two; "
    "nothing here is lost, and it is sent after that"
)


class Timeouts(NamedTuple):
    """Seconds: to connect, between two bytes, and for the whole call."""

    connect_s: float
    read_s: float
    total_s: float


class Answered(NamedTuple):
    """A reply that came whole, with status 200 or 204."""

    status: int
    body: bytes


class NoAnswer(Exception):
    """The call brought no usable reply; the text says why in plain words.

    `retry_after_s`: what was asked for. `busy`: the ancestor is there, only too many call at once. `unreached`: no
    connection came about, so it has heard nothing of us. `code`: of an unsigned refusal, which proves nothing.
    `no_such_door`: nothing answers to this path there. `answered`: something on that side did answer, whatever it said.
    """

    def __init__(
        self,
        text: str,
        retry_after_s: float = 0.0,
        *,
        busy: bool = False,
        unreached: bool = False,
        code: int = 0,
        no_such_door: bool = False,
        answered: bool = False,
    ) -> None:
        """`text`: one sentence, Chinese first."""
        super().__init__(text)
        self.retry_after_s = retry_after_s
        self.busy = busy
        self.unreached = unreached
        self.code = code
        self.no_such_door = no_such_door
        self.answered = answered


class RoadAdapter(HTTPAdapter):
    """Requests' own adapter, with connections whose sockets can be cut from outside. One call at a time."""

    def __init__(self) -> None:
        """One connection is kept alive; requests' own retries are off, the back-off is ours."""
        self._connections: WeakSet[Any] = WeakSet()
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make a pool manager whose connections tell us their sockets."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _watched(urllib3.HTTPConnectionPool, self._connections),
            "https": _watched(urllib3.HTTPSConnectionPool, self._connections),
        }

    def knock(self, url: str, seconds: float) -> None:
        """Connect and hang up. Raises OSError where no connection comes about in that time."""
        parts = urlsplit(url)
        socket.create_connection((parts.hostname or "", parts.port or _PORTS[parts.scheme]), seconds).close()

    def cut(self) -> None:
        """End whatever is being read or written, from another thread."""
        for connection in list(self._connections):
            line = connection.sock
            if line is not None:
                with suppress(OSError):  # closed already
                    line.shutdown(socket.SHUT_RDWR)


def _watched(pool: Any, connections: "WeakSet[Any]") -> Any:
    """The pool class with connections that register when they connect."""

    def connect(self: Any) -> None:
        connections.add(self)
        pool.ConnectionCls.connect(self)

    connection = type(f"Watched{pool.ConnectionCls.__name__}", (pool.ConnectionCls,), {"connect": connect})
    return type(f"Watched{pool.__name__}", (pool,), {"ConnectionCls": connection})


def new_session() -> requests.Session:
    """A session that follows no redirect, reads no environment and sends no header that the ancestor does not need."""
    session = requests.Session()
    session.trust_env = False
    session.headers.clear()
    # Every byte counts on a metered line; only SKIP_HEADER keeps urllib3 from adding its own.
    session.headers.update({"User-Agent": SKIP_HEADER, "Accept-Encoding": SKIP_HEADER})
    session.mount("http://", RoadAdapter())
    session.mount("https://", RoadAdapter())
    return session


def cut(session: requests.Session) -> None:
    """End the session's call under way, from another thread."""
    for adapter in session.adapters.values():
        if isinstance(adapter, RoadAdapter):
            adapter.cut()


def knock(session: requests.Session, url: str, timeouts: Timeouts) -> None:
    """See whether anybody is there, at an address that could be called before. Raises NoAnswer."""
    adapter = session.get_adapter(url)
    if isinstance(adapter, RoadAdapter):
        try:
            adapter.knock(url, timeouts.connect_s)
        except TimeoutError:
            raise NoAnswer(_plain(requests.ConnectTimeout()), unreached=True) from None
        except OSError as problem:
            raise NoAnswer(_plain(problem), unreached=True) from None


def post(
    session: requests.Session, url: str, body: bytes, timeouts: Timeouts, limit: int = limits.SEALED_MESSAGE
) -> Answered:
    """Send one message and read its reply, of at most so many bytes. Raises NoAnswer."""
    return _call(session, timeouts, lambda: _send(session, "POST", url, timeouts, body), limit)


def wait(session: requests.Session, url: str, token: str, timeouts: Timeouts) -> Answered:
    """Make one waiting call. Raises NoAnswer."""
    return _call(session, timeouts, lambda: _send(session, "GET", f"{url}?token={token}", timeouts, None), _CHUNK)


def _send(
    session: requests.Session, method: str, url: str, timeouts: Timeouts, body: bytes | None
) -> requests.Response:
    return session.request(
        method,
        url,
        data=body,
        timeout=(timeouts.connect_s, timeouts.read_s),
        allow_redirects=False,
        stream=True,
    )


def _call(session: requests.Session, timeouts: Timeouts, send: Callable[[], requests.Response], limit: int) -> Answered:
    with deadline(session, timeouts.total_s) as expired:
        try:
            response = send()
            try:
                answered = _read(response, limit)
            finally:
                response.close()
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as problem:
            if not expired.is_set():
                raise NoAnswer(_plain(problem), unreached=never_came_about(problem)) from None
        else:
            # A reply without a length ends where the socket was cut, and looks whole.
            if not expired.is_set():
                return answered
    raise NoAnswer(f"{timeouts.total_s:g} 秒内没有收完应答 / the reply was not complete within {timeouts.total_s:g} s")


@contextmanager
def deadline(session: requests.Session, seconds: float) -> Iterator[threading.Event]:
    """Cut the session's sockets after so many seconds; the event says that it happened."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        cut(session)

    watchdog = threading.Timer(seconds, expire)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield expired
    finally:
        watchdog.cancel()


def _read(response: requests.Response, limit: int) -> Answered:
    """The body, bounded before it is kept. Raises NoAnswer for another status than 200 and 204."""
    announced = response.headers.get("Content-Length", "0")
    too_large = f"应答超过 {limit} 字节，未接收 / the reply is larger than {limit} bytes and was not read"
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit:
        raise NoAnswer(too_large, answered=True)
    parts: list[bytes] = []
    size = 0
    while part := response.raw.read(_CHUNK, decode_content=False):
        size += len(part)
        if size > limit:
            raise NoAnswer(too_large, answered=True)
        parts.append(part)
    body = b"".join(parts)
    if response.status_code not in (200, 204):
        raise _refused(response, body)
    return Answered(response.status_code, body)


def _refused(response: requests.Response, body: bytes) -> NoAnswer:
    """What an unsigned reply says. It is only words: nothing follows from it but the back-off, and whom we ask next."""
    status = response.status_code
    if 300 <= status < 400:
        return NoAnswer(
            f"上级要求转到别处（{status}），已拒绝 / a redirect ({status}) was refused: check the parent's address",
            answered=True,
        )
    retry_after = response.headers.get("Retry-After", "")
    seconds = min(float(retry_after), _RETRY_AFTER_MOST_S) if retry_after.isdecimal() and len(retry_after) < 10 else 0.0
    if status == 429:
        return NoAnswer(
            "上级正忙，稍后再试 / the parent is busy, trying again later", seconds, busy=True, answered=True
        )
    refusal = read_refusal(body)
    if refusal is not None and refusal[0] == NoSuchVersion.code:
        return NoAnswer(OTHER_VERSION, seconds, code=refusal[0], answered=True)
    said = f"{refusal[1]} (code {refusal[0]})" if refusal is not None else "no reason given"
    text = f"上级未接受（{status}）：{said} / the parent did not accept this ({status}): {said}"
    code = refusal[0] if refusal is not None else 0
    return NoAnswer(text, seconds, code=code, no_such_door=status in (404, 405), answered=True)


def never_came_about(problem: Exception) -> bool:
    """Whether the call failed before there was a connection."""
    if isinstance(problem, requests.ConnectTimeout):
        return True
    reason = getattr(problem.args[0], "reason", None) if problem.args else None
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _plain(problem: Exception) -> str:
    """What went wrong on the road, in one sentence."""
    if isinstance(problem, requests.ConnectTimeout):
        return "连接上级超时 / the parent could not be reached in time"
    if isinstance(problem, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "等待上级应答超时 / the parent did not answer in time"
    if isinstance(problem, requests.exceptions.SSLError):
        return f"无法确认上级的证书 / the parent's certificate was not accepted: {problem}"
    if isinstance(problem, _BAD_ADDRESS):
        return f"上级地址不可用 / the parent's address cannot be used: {problem}"
    return "连不上上级，或连接中断 / the parent could not be reached, or the line broke"
