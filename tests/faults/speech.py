"""Speaking the protocol by hand, as a faulty, old or hostile node would."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests

from sync_protocol.encoding import decode
from sync_protocol.event import Event, Head
from sync_protocol.exchange import (
    Content,
    Parties,
    content_map,
    read_refusal,
    request_bytes,
)
from sync_protocol.seal import seal
from sync_protocol.stream import Draft, append, stream_id
from sync_protocol.suites import SigningKey
from sync_protocol.wire import PLAIN, Tables, pack_body, pack_segment
from tests.network import Live, Network
from tests.roadside import ByHand


def deliver(net: Network, place: str, raw: bytes) -> tuple[int, bytes]:
    """Bring bytes to a node's door; status and body of the answer."""
    request = requests.Request(
        "POST", f"http://{place}/sync/v1/exchange", data=raw, headers={"Content-Type": "application/cbor"}
    )
    status, body, _ = net.wire.carry(request.prepare())
    return status, body


def refused_code(net: Network, place: str, raw: bytes) -> tuple[int, int]:
    """Status and error code with which a node refuses bytes."""
    status, body = deliver(net, place, raw)
    refusal = read_refusal(body)
    assert refusal is not None, body
    return status, refusal[0]


def parties(net: Network, child: Live, ancestor: Live, challenge: bytes | None) -> Parties:
    """Who speaks with whom."""
    return Parties(net.built.roster.network_id, child.incarnation, ancestor.incarnation, challenge)


def sealed(ancestor: Live, who: Parties, raw: bytes) -> bytes:
    """A request as a sound child would send it: sealed where it has a challenge."""
    return ByHand(ancestor.member.casebook, ancestor.place, who, raw).raw


def said(content: Content) -> bytes:
    """A message's body, not compressed."""
    return pack_body(content_map(content), PLAIN)


def current(child: Live, ancestor: Live) -> tuple[bytes, bytes]:
    """The challenge and nonce that the child would use next."""
    row = child.peer(ancestor)
    assert row.challenge is not None and row.nonce is not None
    return row.challenge, row.nonce


def speak(
    net: Network, child: Live, ancestor: Live, content: Content, *, signed: bool = True, key: SigningKey | None = None
) -> tuple[bytes, bytes]:
    """Say this as the child, with its current challenge or with none; the request and the reply's bytes."""
    challenge = None
    if signed:
        challenge, content.nonce = current(child, ancestor)
    who = parties(net, child, ancestor, challenge)
    raw = request_bytes(key or child.member.identity.key, who, said(content))
    by_hand = ByHand(ancestor.member.casebook, ancestor.place, who, raw)
    status, reply = deliver(net, ancestor.place, by_hand.raw)
    assert status == 200, (status, decode(reply))
    return raw, by_hand.heard(reply)


def heard(net: Network, child: Live, ancestor: Live, raw: bytes, reply: bytes) -> Content:
    """What a reply says to the child."""
    challenge = decode(raw)[2]
    who = parties(net, child, ancestor, challenge)
    return net.understood(raw, reply, who, ancestor.member.identity.key)[1]


def written(net: Network, author: Live, scope: str, count: int, *, kind: int = 200) -> tuple[bytes, list[Event]]:
    """Events that a node writes by itself into a scope, whether it may or not: stream id and events."""
    identity = author.member.identity
    identifier = stream_id(net.built.roster.network_id, identity.incarnation, scope, identity.key.suite)
    head, events = Head(0, identifier), []
    for n in range(1, count + 1):
        draft = Draft(kind, 1, None, n << 16, n, "x", b"\xa0", False)
        event = append(identifier, head, draft, None)
        head = Head(event.header.seq, event.hash)
        events.append(event)
    return identifier, events


def segment_of(
    net: Network, author: Live, scope: str, identifier: bytes, events: list[Event], tables: Tables
) -> list[Any]:
    """These events as a segment sealed by their author."""
    identity = author.member.identity
    head = Head(events[-1].header.seq, events[-1].hash)
    signature = seal(identity.key, net.built.roster.network_id, identifier, head)
    return pack_segment(identity.incarnation, scope, identifier, events, signature, tables)


def hosts_asked(net: Network) -> list[str]:
    """Whom each request that passed went to."""
    return [urlsplit(one.url).hostname or "" for one in net.wire.passed]


def raising(problem: Exception) -> Callable[[bytes], bytes]:
    """A change of what passes that breaks the road instead."""

    def broken(_raw: bytes) -> bytes:
        raise problem

    return broken
