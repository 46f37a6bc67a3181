"""The roads between the nodes: what is sent may be late, lost, doubled, cut, changed or stopped on the way.

A call waits in virtual time while it is under way, so everything else goes on meanwhile, at both ends of it.
"""

import io
import random
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3

from sync_protocol.encoding import decode
from sync_protocol.places import follows
from sync_protocol.wire import unpack_body
from tests.roadside import Roadside, answer_to
from tests.simulation.disk import PowerCut
from tests.simulation.truth import Violation
from village_node.uplink.road import RoadAdapter

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation
    from tests.simulation.station import Station

EXCHANGE: Final = "/sync/v1/exchange"
EXCHANGES: Final = (EXCHANGE, "/sync")
CBOR: Final = "application/cbor"
KEPT_REQUESTS: Final = 60
_SCOPES: Final = 8  # the field of a message that lists scopes

# How somebody on the way answers in the parent's place.
STRANGERS: Final[tuple[tuple[int, dict[str, str]], ...]] = (
    (200, {}),
    (302, {"Location": "http://portal.example/"}),
    (503, {"Retry-After": "60"}),
)
# What may happen to one call, and how likely it is while faults are on.
CALL_FAULTS: Final[dict[str, float]] = {
    "delay": 0.06,
    "duplicate": 0.03,
    "late_duplicate": 0.03,
    "lost_reply": 0.025,
    "drop": 0.015,
    "reset_request": 0.015,
    "reset_reply": 0.015,
    "corrupt_request": 0.012,
    "corrupt_reply": 0.012,
    "too_slow": 0.01,
    "captive_portal": 0.01,
    "busy": 0.01,
}


class Raw:
    """The body of a reply as it is read; `cut`: the line breaks before its end."""

    def __init__(self, body: bytes, *, cut: bool = False) -> None:
        self._body = io.BytesIO(body)
        self._cut = cut

    def read(self, size: int, decode_content: bool = False) -> bytes:
        """Some of it. Raises what urllib3 raises where the line breaks."""
        part = self._body.read(size)
        if not part and self._cut:
            raise urllib3.exceptions.ProtocolError("the line broke")
        return part


class Reply(NamedTuple):
    """What the uplink asks of a response."""

    status_code: int
    headers: Mapping[str, str]
    raw: Raw

    def close(self) -> None:
        """Nothing is held."""


class SimulatedAdapter(RoadAdapter):
    """Knocks on the doors of the simulated roads."""

    def __init__(self, session: "SimulatedSession") -> None:
        super().__init__()
        self._session = session

    def knock(self, url: str, seconds: float) -> None:
        """Raises requests.ConnectTimeout where the road is broken, PowerCut where the caller is gone."""
        self._session.wire.knock(self._session.caller, self._session.life, url, seconds)


class SimulatedSession(requests.Session):
    """A session whose every call goes over the simulated roads."""

    def __init__(self, wire: "Wire", caller: "Station") -> None:
        super().__init__()
        self.wire, self.caller, self.life = wire, caller, caller.life
        self.mount("http://", SimulatedAdapter(self))

    def request(self, method: str, url: str, data: bytes | None = None, **options: Any) -> Reply:  # type: ignore[override]
        """One call. Raises requests.RequestException where the road is broken, PowerCut where the caller is gone."""
        timeouts = options["timeout"]
        return self.wire.call(self.caller, self.life, method, url, data or b"", timeouts)


@contextmanager
def virtual_deadline(_session: requests.Session, _seconds: float) -> Iterator[threading.Event]:
    """What stands in place of the watchdog, which looks at the machine's own clock: here the road keeps the time."""
    yield threading.Event()


class Kept(NamedTuple):
    """A request as somebody on the road may have recorded it."""

    sender: str
    recipient: str
    raw: bytes


class Wire:
    """All roads."""

    def __init__(self, sim: "Simulation", chance: random.Random) -> None:
        self._sim = sim
        self.chance = chance
        self.rates: Mapping[str, float] = CALL_FAULTS
        self.cut_off: set[str] = set()  # places whose line is down
        self.deaf: set[str] = set()  # places that are heard, and hear nothing
        self.slow: set[str] = set()  # places whose line is slow
        self.recorded: list[Kept] = []
        self.roadside = Roadside()

    def calm(self) -> None:
        """All faults of the roads end."""
        self.rates = {}
        self.cut_off.clear()
        self.deaf.clear()
        self.slow.clear()

    def passable(self, one: "Station", other: "Station") -> bool:
        """Whether calls can pass between two stations now."""
        return self.cut_off.isdisjoint((one.code, other.code))

    def knock(self, caller: "Station", life: int, url: str, connect_s: float) -> None:
        """Look whether a line is up again, as the road lets it."""
        target = self._called(url)
        if not self.passable(caller, target):
            self._pause(caller, life, connect_s)
            raise requests.ConnectTimeout("the line is down")
        self._pause(caller, life, self.chance.uniform(0.02, 1.5) * self._slowness(caller, target))

    def call(
        self, caller: "Station", life: int, method: str, url: str, body: bytes, timeouts: tuple[float, float]
    ) -> Reply:
        """Bring a request to its node and the reply back, as the road lets it."""
        came = self._bring(caller, life, method, url, body, timeouts)
        if came.status_code >= 300:
            self._sim.quiet.touch_road(caller.code)
        return came

    def _bring(
        self, caller: "Station", life: int, method: str, url: str, body: bytes, timeouts: tuple[float, float]
    ) -> Reply:
        connect_s, read_s = timeouts
        parts = urlsplit(url)
        target = self._called(url)
        # A line that is down is a fault of its own: what is tried on it by the hour counts as no other.
        fate = self._fate(caller) if self.passable(caller, target) else ""
        slow = self._slowness(caller, target)
        there_s, back_s = (self.chance.uniform(0.02, 1.5) * slow for _ in range(2))
        if fate == "delay":
            there_s, back_s = there_s + self.chance.uniform(0, 40.0), back_s + self.chance.uniform(0, 40.0)
        if not self.passable(caller, target):
            self._pause(caller, life, connect_s)
            raise requests.ConnectTimeout("the line is down")
        if fate in ("captive_portal", "busy"):
            self._pause(caller, life, there_s)
            return self._stranger(fate)
        if fate == "too_slow":
            self._later(target, parts, method, body, self.chance.uniform(60.0, 1200.0), caller)
            self._pause(caller, life, read_s)
            raise requests.ReadTimeout("no answer in time")
        self._pause(caller, life, there_s)
        if fate == "drop" or not self.passable(caller, target):
            self._pause(caller, life, read_s)
            raise requests.ReadTimeout("no answer in time")
        if fate == "reset_request":
            raise requests.ConnectionError("the line broke")
        sent = self._spoilt(body) if fate == "corrupt_request" else body
        status, headers, reply = self.deliver(target, method, parts.path, parts.query, sent)
        if parts.path in EXCHANGES and status == 200:
            self._look_into(caller, target, body, reply)
        if fate in ("duplicate", "late_duplicate"):
            delay_s = 0.0 if fate == "duplicate" else self.chance.uniform(1.0, 20_000.0)
            self._later(target, parts, method, body, delay_s, caller)
        self._pause(caller, life, back_s)
        if fate == "lost_reply" or caller.code in self.deaf or not self.passable(caller, target):
            self._pause(caller, life, read_s)
            raise requests.ReadTimeout("no answer in time")
        if fate == "reset_reply":
            return Reply(status, headers, Raw(reply[: int(len(reply) * self.chance.random())], cut=True))
        return Reply(status, headers, Raw(self._spoilt(reply) if fate == "corrupt_reply" else reply))

    def _called(self, url: str) -> "Station":
        return self._sim.stations[(urlsplit(url).hostname or "").removeprefix("wait-")]

    def _slowness(self, caller: "Station", target: "Station") -> float:
        return 8.0 if {caller.code, target.code} & self.slow else 1.0

    def deliver(
        self, target: "Station", method: str, path: str, query: str, body: bytes, content_type: str = CBOR
    ) -> tuple[int, dict[str, str], bytes]:
        """Hand a request to a node's own web application. Raises requests.ConnectionError where nobody is there."""
        program = target.program
        app = None if program is None else program.app if path in EXCHANGES else program.waiting_app
        if app is None:
            raise requests.ConnectionError("nobody answers there")
        answered: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _problem: object = None) -> None:
            answered["status"], answered["headers"] = int(status.split()[0]), dict(headers)

        try:
            chunks: Iterable[bytes] = app(_environ(method, path, query, body, content_type), start_response)  # type: ignore[arg-type]
            reply = b"".join(chunks)
        except PowerCut:
            target.cut()
            raise requests.ConnectionError("the line broke") from None
        self._sim.looked(target, "answers")
        if answered["status"] == 500:
            raise Violation("no error nobody foresaw", (target.code,), "a request was answered with status 500")
        return answered["status"], answered["headers"], reply

    def _fate(self, caller: "Station") -> str:
        dice = self.chance.random()
        for kind, rate in self.rates.items():
            dice -= rate
            if dice < 0:
                self._sim.happened(kind)
                self._sim.quiet.touch_road(caller.code)
                return kind
        return ""

    def _pause(self, caller: "Station", life: int, seconds: float) -> None:
        """Virtual time passes; whose program ended meanwhile has no call under way any more."""
        self._sim.loop.sleep(seconds)
        if caller.life != life:
            raise PowerCut

    def _later(
        self, target: "Station", parts: Any, method: str, body: bytes, seconds: float, caller: "Station"
    ) -> None:
        """A copy arrives by itself; whatever is answered reaches nobody."""

        def arrive() -> None:
            self._sim.quiet.touch_road(caller.code)
            try:
                status, _, reply = self.deliver(target, method, parts.path, parts.query, body)
            except requests.ConnectionError:
                return
            if parts.path in EXCHANGES and status == 200:
                self._look_into(caller, target, body, reply)

        self._sim.loop.after(seconds, arrive)

    def _stranger(self, fate: str) -> Reply:
        """Somebody on the way answers for the parent."""
        if fate == "busy":
            return Reply(429, {"Retry-After": "3"}, Raw(b""))
        page = b"<html>Please sign in to use this network</html>"
        status, headers = self.chance.choice(STRANGERS)
        return Reply(status, headers, Raw(page))

    def _spoilt(self, raw: bytes) -> bytes:
        """One byte is another one."""
        if not raw:
            return raw
        at = int(len(raw) * self.chance.random())
        return raw[:at] + bytes([raw[at] ^ (1 << self.chance.randrange(8))]) + raw[at + 1 :]

    def _look_into(self, child: "Station", ancestor: "Station", request: bytes, reply: bytes) -> None:
        """Nothing of a scope that the child's place does not follow is on the road, in either direction."""
        self.recorded.append(Kept(child.code, ancestor.code, request))
        if len(self.recorded) > KEPT_REQUESTS:
            self.recorded.pop(self.chance.randrange(KEPT_REQUESTS))
        # What it sent there itself as a hostile node it may be told of.
        own = {row[2] for row in self._sim.watch.provoked if row[:2] == (ancestor.code, child.identity.incarnation)}
        keys = ancestor.casebook.opening_keys
        asked, context = self.roadside.request(request, keys, self._sim.world.network_id, ancestor.code)
        for raw in (decode(asked)[4], decode(answer_to(context, request, reply))[2]):
            for scope in unpack_body(raw).get(_SCOPES, ()):
                if scope not in own and not follows(self._sim.world.tree, child.code, scope):
                    raise Violation("nothing at a wrong village", (ancestor.code, child.code), f"{scope} was sent")


def _environ(method: str, path: str, query: str, body: bytes, content_type: str) -> dict[str, Any]:
    """A WSGI environment, as small as Flask can do with."""
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "node",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
