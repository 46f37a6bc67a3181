"""Records `vectors/exchange.json`: what a village, a township and a county really said to each other, byte for byte.

`python -m tests.sync_protocol.exchange.recording` writes the file. Keys, nonces and clocks come from a seed, and bodies
travel unpacked (codec 0), so the same program always says the same.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from sync_protocol import wire
from sync_protocol.case import kinds
from sync_protocol.encoding import decode, encode
from sync_protocol.event import mark
from sync_protocol.exchange import Parties, StreamPoint, read_request, reply_bytes, request_bytes, wait_token
from sync_protocol.roster import change_values
from sync_protocol.suites import sha256
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Live, Network, network
from tests.sync_protocol.vector_makers.files import FOLDER, text
from tests.sync_protocol.vector_makers.shapes import Vector, flipped
from village_node.uploads import Upload

FILE = FOLDER / "exchange.json"
BODY_AT = 1  # the codec byte comes before the content


@contextmanager
def plain_bodies() -> Iterator[None]:
    """Let every body travel as it is: what zstd makes of it may differ from one release to the next."""

    def pack_plain(content: dict[int, Any], _codec: int) -> bytes:
        return wire.pack_body(content, wire.PLAIN)

    with (
        mock.patch("village_node.uplink.conversation.pack_body", pack_plain),
        mock.patch("township_node.downlink.answering.pack_body", pack_plain),
    ):
        yield


def exchange_vectors() -> Vector:
    """The whole file."""
    with tempfile.TemporaryDirectory() as folder, plain_bodies():
        net = network(Path(folder))
        try:
            return recorded(net)
        finally:
            net.close()


def recorded(net: Network) -> Vector:
    """One case on its way up, a note on its way down, the receipts for both."""
    village, township, county = net[VILLAGE], net[TOWNSHIP], net[COUNTY]
    record = _Recorder(net)
    record(village, "a village without a challenge is given one, and nothing else")
    record(village, "the first exchange: vectors both ways, nothing of the village's own streams")
    ref = village.member.file()
    record(village, "an application travels up, and the township's receipt comes back")
    township.sync()
    record(village, "the county's receipt, relayed by the township")
    county.member.act(ref, kinds.NOTE, {"text": "请补充户口本复印件"})
    township.sync()
    record(village, "a note of the county travels down")
    record(village, "the village's receipt for it travels up; both are equal")
    record(village, "an idle exchange")
    paper = Upload(b"a photo of a household book", "image/jpeg", b"its preview")
    village.member.casebook.add_paper("0001", village.member.roles, ref[:2], "户口簿", paper)
    record(village, "the manifest of a paper travels up, and its file and preview are asked for")
    record(village, "both travel up in one piece each, and the township's receipts for them come back")
    township.sync()
    record(village, "the county's receipts for both, relayed by the township")
    record(village, "an idle exchange after that")
    record(net.start(VILLAGE), "after a restart the village asks first")
    return {
        "about": "Exchanges of a village with its township, as they passed the wire, with all that verifies them.",
        "network_id": net.built.roster.network_id.hex(),
        "roster": [encode(change_values(change)).hex() for change in net.built.changes],
        "positions": _positions(net),
        "commitments": [],
        "exchanges": record.exchanges,
        "waits": _waits(net),
        "refused": _refused(net, record.exchanges),
    }


class _Recorder:
    """Lets a node exchange and writes down what passed and what both held."""

    def __init__(self, net: Network) -> None:
        self._net = net
        self.exchanges: list[Vector] = []

    def __call__(self, child: Live, name: str) -> None:
        before = child.member.casebook.shared_points(child.place)
        result = child.exchange()
        assert result.ok, result.text
        passed = self._net.wire.passed[-1]
        asked, answered = self._net.spoken(passed, child.place)
        parent = self._net.parent(child.place)
        after = parent.member.casebook.shared_points(child.place)
        self.exchanges.append(
            {
                "name": name,
                "child": child.incarnation.hex(),
                "ancestor": parent.incarnation.hex(),
                "request": passed.request.hex(),
                "reply": passed.reply.hex(),
                "request_content": None,
                "reply_content": None,
                "request_state": None if asked.digest is None else _state(before),
                "reply_state": None if answered.digest is None else _state(after),
            }
        )


def _state(points: list[StreamPoint]) -> list[Any]:
    return [
        [
            point.incarnation.hex(),
            point.scope,
            point.seq,
            mark(point.hash).hex(),
            [[signer.hex(), seq] for signer, seq in sorted(point.receipts.items())],
        ]
        for point in points
    ]


def _positions(net: Network) -> list[Any]:
    casebook = net[TOWNSHIP].member.casebook
    found = []
    for point in casebook.shared_points(TOWNSHIP):
        for seq in range(1, point.seq + 1):
            chain_hash = casebook.hash_at(point.incarnation, point.scope, seq)
            assert chain_hash is not None
            found.append([point.incarnation.hex(), point.scope, seq, chain_hash.hex()])
    return sorted(found)


def _waits(net: Network) -> list[Any]:
    sender, recipient = net[VILLAGE].member.identity, net[TOWNSHIP].member.identity
    network_id = net.built.roster.network_id
    token = wait_token(sender.key, network_id, sender.incarnation, recipient.incarnation, 42, net.built.clock())
    return [{"token": token, "sender": sender.incarnation.hex(), "recipient": recipient.incarnation.hex()}]


def _refused(net: Network, exchanges: list[Vector]) -> list[Vector]:
    """Exchanges with one thing wrong."""
    taken, idle = exchanges[2], exchanges[6]
    child, ancestor = net[VILLAGE].member.identity, net[TOWNSHIP].member.identity
    raw = bytes.fromhex(taken["request"])
    request = read_request(raw)
    parties = Parties(net.built.roster.network_id, child.incarnation, ancestor.incarnation, request.challenge)

    def again(name: str, error: str, body: bytes) -> Vector:
        """The same exchange with another body of the request, both signed anew."""
        asked = request_bytes(child.key, parties, body)
        old_reply = wire_body(taken["reply"])
        answered = reply_bytes(ancestor.key, parties, old_reply, sha256(asked))
        return {**taken, "name": name, "error": error, "request": asked.hex(), "reply": answered.hex()}

    def content(changes: dict[int, Any]) -> bytes:
        fields = wire.unpack_body(request.body)
        return wire.pack_body(dict(sorted({**fields, **changes}.items())), wire.PLAIN)

    without_nonce = {key: value for key, value in wire.unpack_body(request.body).items() if key != 1}
    return [
        {
            **taken,
            "name": "a request changed on its way",
            "error": "bad_signature",
            "request": flipped(taken["request"]),
        },
        {**taken, "name": "a changed reply", "error": "bad_signature", "reply": flipped(taken["reply"])},
        {**taken, "name": "the reply to another request", "error": "bad_signature", "reply": idle["reply"]},
        again("a critical field nobody knows", "needs_update", content({-1: 0})),
        again("a flag that is not true", "malformed", content({15: False})),
        again("a field of the reply in a request", "malformed", content({20: 1})),
        again("a challenge without a nonce", "malformed", wire.pack_body(without_nonce, wire.PLAIN)),
        again("an unknown codec", "malformed", b"\x09" + request.body[BODY_AT:]),
        again("another digest than what is held", "malformed", content({3: bytes(16)})),
    ]


def wire_body(reply: str) -> bytes:
    """The body of a reply in hexadecimal."""
    body: bytes = decode(bytes.fromhex(reply))[2]
    return body


if __name__ == "__main__":
    FILE.write_text(text(exchange_vectors()), encoding="utf-8")
