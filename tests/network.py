"""The whole network in one process: real casebooks on real databases, real uplinks, downlinks and requests sessions.

Only the wire is made up: an adapter hands each request to the WSGI application of the node it is for, without a socket,
and can lose, cut, change or repeat what passes. Clocks stand still unless moved.
"""

import io
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import flask
import requests
import urllib3
from requests.adapters import BaseAdapter
from werkzeug.test import EnvironBuilder, run_wsgi_app

from sync_protocol.errors import BadSignature
from sync_protocol.exchange import (
    Content,
    Context,
    Parties,
    ReceiptLine,
    digest,
    open_reply,
    read_content,
    read_request,
)
from sync_protocol.receipt import Line
from sync_protocol.stream import stream_id
from sync_protocol.suites import SigningKey, sha256
from sync_protocol.wire import rebuild, unpack_body
from tests import builders, roadside
from tests.builders import COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Member
from township_node.downlink import Downlink
from village_node.uplink import Ancestor, Result, Settings, Uplink

__all__ = ["COUNTY", "OTHER_TOWNSHIP", "OTHER_VILLAGE", "SECOND_VILLAGE", "TOWNSHIP", "VILLAGE"]


@dataclass
class Passed:
    """One request and its reply as they passed the wire, opened where they were sealed; and as they were (`raw`)."""

    url: str
    request: bytes
    status: int
    reply: bytes
    raw_request: bytes = b""
    raw_reply: bytes = b""


@dataclass
class Wire:
    """The wire between all nodes. `change_request` and `change_reply` may alter bytes, or raise what a road raises."""

    apps: dict[str, Callable[..., Any]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    passed: list[Passed] = field(default_factory=list)
    change_request: Callable[[bytes], bytes] = bytes
    change_reply: Callable[[bytes], bytes] = bytes
    headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    opened: Callable[[str, bytes], tuple[bytes, Context | None]] = lambda _place, raw: (raw, None)

    def carry(self, prepared: requests.PreparedRequest) -> tuple[int, bytes, Mapping[str, str]]:
        """Bring a request to its node and the reply back. Raises requests.ConnectionError where the road is broken."""
        url = urlsplit(prepared.url or "")
        host = url.hostname or ""
        if host in self.down or host not in self.apps:
            raise requests.ConnectionError(f"{host} does not answer")
        body = prepared.body if isinstance(prepared.body, bytes) else b""
        sent = self.change_request(body)
        content_type = prepared.headers.get("Content-Type")
        builder = EnvironBuilder(
            path=url.path, query_string=url.query, method=prepared.method or "GET", data=sent, content_type=content_type
        )
        chunks, status, headers = run_wsgi_app(self.apps[host], builder.get_environ(), buffered=True)
        reply = b"".join(chunks)
        code = int(status.split()[0])
        said, context = self.opened(host, sent)
        answer = roadside.answer_to(context, sent, reply)
        self.passed.append(Passed(prepared.url or "", said, code, answer, sent, reply))
        return self.status or code, self.change_reply(reply), {**dict(headers), **self.headers}

    def calm(self) -> None:
        """All faults end."""
        self.down.clear()
        self.change_request = self.change_reply = bytes
        self.headers.clear()
        self.status = None


class WireAdapter(BaseAdapter):
    """What a session has instead of sockets."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        status, body, headers = self._wire.carry(request)
        response = requests.Response()
        response.status_code = status
        response.headers.update({name: value for name, value in headers.items() if name != "Content-Length"})
        response.url = request.url or ""
        response.request = request
        response.raw = urllib3.HTTPResponse(body=io.BytesIO(body), status=status, preload_content=False)
        return response

    def close(self) -> None:
        """Nothing is held open."""


@dataclass
class Monotonic:
    """Seconds that pass only when told to."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Live:
    """A node that speaks: its member (identity, casebook), what calls up, what answers those below."""

    member: Member
    downlink: Downlink
    uplink: Uplink | None
    settings: Settings | None

    @property
    def place(self) -> str:
        return self.member.place

    @property
    def incarnation(self) -> bytes:
        return self.member.casebook.identity.incarnation

    @property
    def up(self) -> Uplink:
        """The uplink of a node that has a parent."""
        assert self.uplink is not None
        return self.uplink

    def exchange(self) -> Result:
        """One exchange with the parent."""
        return self.up.exchange_once()

    def sync(self) -> int:
        """Exchange until there is nothing more to say; how many exchanges that took."""
        for count in range(1, 200):
            result = self.exchange()
            assert result.ok, result.text
            if not result.again and not self.up.owes_now():
                return count
        raise AssertionError(f"{self.place} and its parent never came to rest")

    def peer(self, other: "Live") -> Any:
        """What this node remembers of another."""
        row = self.member.casebook.peer(other.incarnation)
        assert row is not None
        return row


@dataclass
class Network:
    """Nodes by place code, and the wire between them."""

    built: builders.Network
    wire: Wire = field(default_factory=Wire)
    monotonic: Monotonic = field(default_factory=Monotonic)
    nodes: dict[str, Live] = field(default_factory=dict)
    sealings: roadside.Roadside = field(default_factory=roadside.Roadside)

    def __post_init__(self) -> None:
        self.wire.opened = self._opened

    def _opened(self, host: str, raw: bytes) -> tuple[bytes, Context | None]:
        live = self.nodes.get(host)
        if live is None or not raw:
            return raw, None
        return self.sealings.request(raw, live.member.casebook.opening_keys, self.built.roster.network_id, host)

    def __getitem__(self, code: str) -> Live:
        return self.nodes[code]

    def start(self, code: str, **changes: Any) -> Live:
        """Open a node (again): as after a start of its program, with nothing in memory."""
        if code in self.nodes:
            self.nodes[code].downlink.close()
            self.nodes[code].member.store.close()
        return self.wire_up(self.built.open(code), **changes)

    def wire_up(self, member: Member, **changes: Any) -> Live:
        """Give a member what it speaks with. `changes`: of its uplink's settings."""
        places = self.built.roster.places
        casebook, identity, clock = member.casebook, member.identity, member.clock
        chance = self.built.chance.randbytes
        publisher = (lambda: [self.built.publisher_key]) if identity.place == COUNTY else None
        downlink = Downlink(casebook, identity, clock, chance, wait_s=0.0, keys=publisher, steady=self.monotonic)
        app = flask.Flask(f"node {identity.place}")
        app.register_blueprint(downlink.blueprint())
        self.wire.apps[identity.place] = app
        self.wire.apps[f"wait-{identity.place}"] = downlink.waiting_app()
        above = places.path_up(identity.place)[1:]
        uplink = settings = None
        if above:
            ancestors = tuple(Ancestor(f"http://{code}", "", step) for step, code in enumerate(above, start=1))
            settings = replace(Settings(ancestors), **changes)
            uplink = Uplink(casebook, identity, settings, clock, self.monotonic, chance, self.session)
        live = Live(member, downlink, uplink, settings)
        self.nodes[identity.place] = live
        return live

    def session(self) -> requests.Session:
        """A session whose every call goes over this wire."""
        session = requests.Session()
        session.trust_env = False
        session.headers.clear()
        session.mount("http://", WireAdapter(self.wire))
        return session

    def sync(self, rounds: int = 1) -> None:
        """Every node exchanges with its parent until nothing is left to say, from the villages up."""
        deepest_first = sorted(self.nodes, key=lambda code: -self.built.roster.places.rank(code))
        for _ in range(rounds):
            for code in deepest_first:
                if self.nodes[code].uplink is not None:
                    self.nodes[code].sync()

    def settle_above(self) -> None:
        """Let the townships become equal with the county; villages are left alone."""
        for live in self.nodes.values():
            if live.member.identity.level == "township":
                live.sync()

    def settle(self) -> None:
        """Sync until every node is equal with its parent."""
        for _ in range(6):
            self.sync()
            if all(self.equal(code) for code, live in self.nodes.items() if live.uplink is not None):
                return
        raise AssertionError("the network never came to rest")

    def parent(self, code: str) -> Live:
        """The node above."""
        above = self.built.roster.places.parent(code)
        assert above is not None
        return self.nodes[above]

    def equal(self, code: str) -> bool:
        """Whether a node and its parent hold the same of all they share, receipts included."""
        return self.points(code, code) == self.points(self.parent(code).place, code)

    def points(self, holder: str, child: str) -> bytes:
        """The digest of what one node holds of the streams that another shares with those above."""
        return digest(self.nodes[holder].member.casebook.shared_points(child))

    def spoken(self, passed: Passed, child: str) -> tuple[Content, Content]:
        """What a request of this child and the reply to it said."""
        request = read_request(passed.request)
        (sender,) = (each for each in self.nodes[child].member.casebook.identity.lives if each[:4] == request.sender)
        ancestor = self.nodes[urlsplit(passed.url).hostname or ""].member.casebook.identity
        for incarnation, key in ancestor.lives.items():
            parties = Parties(self.built.roster.network_id, sender, incarnation, request.challenge)
            with suppress(BadSignature):
                return self.understood(passed.request, passed.reply, parties, key)
        raise AssertionError("no life of the ancestor has signed this reply")

    def understood(self, raw: bytes, reply: bytes, who: Parties, key: SigningKey) -> tuple[Content, Content]:
        """What a request and the reply that this key signed said, the receipts under its own signature among it."""
        (child,) = (live for live in self.nodes.values() if who.child in live.member.casebook.identity.lives)
        roster = child.member.casebook.roster
        asked = read_content(unpack_body(read_request(raw).body), reply=False, named=roster.meant_by)
        lines: dict[int, Line] = {}
        for one in asked.segments:
            author, index = roster.node(one.incarnation), asked.tables.streams.index((one.incarnation, one.scope))
            if author is not None:
                stream = stream_id(who.network_id, one.incarnation, one.scope, author.suite)
                before = child.member.casebook.hash_at(one.incarnation, one.scope, one.first_seq - 1)
                before = stream if one.first_seq == 1 else lines[index][2] if index in lines else before
                if before is not None:
                    lines[index] = (stream, one.last_seq, rebuild(one, stream, before)[-1].hash)
        from_ms = asked.tables.counts_from
        opened = open_reply(reply, key.suite, key.public, who, sha256(raw), lines, from_ms)
        said = read_content(unpack_body(opened.body), reply=True, asked=asked.tables, ancestor=who.ancestor)
        for index, it in opened.receipts.items():
            where = asked.tables.streams[index]
            line = ReceiptLine(*where, it.seq, it.signer, it.time, it.count, it.index, it.path, it.signature)
            said.receipts.append(line)
        said.clock_ms = said.clock_ms if opened.time is None else opened.time
        return asked, said

    def close(self) -> None:
        """Let go of everything."""
        for live in self.nodes.values():
            live.downlink.close()
            live.member.store.close()


def network(folder: Path, *codes: str, seed: int = 1, own_clocks: bool = False, **changes: Any) -> Network:
    """A network of these places (county, township and a village without any), wired, nothing exchanged yet."""
    built = builders.network(folder, *codes, seed=seed, own_clocks=own_clocks)
    made = Network(built)
    for member in list(built.members.values()):
        made.wire_up(member, **changes)
    return made
