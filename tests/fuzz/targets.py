"""What is fuzzed: functions that take any bytes at all, with sound bytes to begin from.

A target may refuse its input with an error of the protocol and with nothing else. Where a signature stands before what
is to be reached, the target makes it anew around the bytes it is given: a hostile neighbour has a key as well.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sync_protocol import bundle, evidence, limits, receipt, release, wire
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed, ProtocolError
from sync_protocol.exchange import ASK, Parties, open_finding, read_content, read_inquiry
from sync_protocol.exchange.message import Request, read_refusal, read_request, reply_bytes
from sync_protocol.exchange.sealed import open_context, open_request, read_sealed
from sync_protocol.roster import Roster, key_id, read_change, read_payload
from sync_protocol.roster import forks as roster_forks
from sync_protocol.roster.enrolment import read_request as read_enrolment
from sync_protocol.suites import OpeningKey, SigningKey
from sync_protocol.wire import Tables, read_segment, rebuild
from tests.fuzz import papers
from tests.fuzz.package import payload
from village_node.verify_evidence import NONSENSE, Evidence, Rejected

_VECTORS = Path(__file__).parents[1] / "sync_protocol" / "vectors"
_SIGNER = SigningKey.from_seed(1, bytes(range(32)))
_NOBODY = Parties(bytes(32), bytes(16), bytes(16), None)


@dataclass(frozen=True)
class Target:
    """Something that reads: what it is called, what it may refuse with, and sound input."""

    name: str
    read: Callable[[bytes], Any]
    seeds: Callable[[], list[bytes]]
    refuses_with: tuple[type[Exception], ...] = (ProtocolError,)


def vectors(name: str) -> dict[str, Any]:
    """A file of the protocol's test vectors."""
    found: dict[str, Any] = json.loads((_VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def _hex(rows: Iterable[dict[str, Any]], *names: str) -> list[bytes]:
    return [bytes.fromhex(row[name]) for row in rows for name in names if isinstance(row.get(name), str)]


def _decoder(raw: bytes) -> None:
    """What is accepted is the one encoding of its value."""
    if encode(decode(raw, limit=limits.MESSAGE)) != raw:
        raise AssertionError("another encoding of the same value was accepted")


def _envelope(raw: bytes) -> None:
    """A request, an unsigned refusal, and what either carries."""
    read_refusal(raw)
    read_enrolment_or_not(raw)
    _content(read_request(raw).body)


def _sealed(raw: bytes) -> None:
    """A sealed request, and what opens of it under either key of the vectors."""
    sealed = read_sealed(raw)
    if sealed is None or sealed.opening is None:
        return
    book = vectors("sealed")
    keys = [OpeningKey(bytes.fromhex(case["opening_seed"]), case["suite"]) for case in book["sealed"]]
    open_request(open_context(keys, bytes.fromhex(book["network_id"]), book["place"], sealed), sealed)


def _inquiry(raw: bytes) -> None:
    """The body of a question whose signature fits."""
    read_inquiry(Request(bytes(limits.NAME), None, bytes(64), raw, bytes(32)))


def _finding(raw: bytes) -> None:
    """The body of an answer that a hostile place above has signed."""
    answer = reply_bytes(_SIGNER, _NOBODY, raw, bytes(32), label=ASK)
    open_finding(answer, 1, _SIGNER.public, _NOBODY, bytes(32))


def _bodies_of_inquiries() -> list[bytes]:
    told = [[*case["told"]] if case["told"] else None for case in vectors("inquiries")["inquiries"]]
    rows = zip(vectors("inquiries")["inquiries"], told, strict=True)
    return [encode(value) for case, card in rows for value in (case["asked"], [card, case["places"], case["end"]])]


def read_enrolment_or_not(raw: bytes) -> None:
    """The same bytes as a request to be enrolled."""
    try:
        read_enrolment(raw)
    except ProtocolError:
        return


def _content(body: bytes) -> None:
    """The packed content of a message, read in both directions, and every segment in it rebuilt."""
    values = wire.unpack_body(body)
    for reply in (False, True):
        try:
            content = read_content(dict(values), reply=reply)
        except ProtocolError:
            continue
        for segment in content.segments:
            try:
                rebuild(segment, bytes(32), bytes(32))
            except ProtocolError:
                continue


def _contents() -> list[bytes]:
    book = vectors("exchange")
    rows = [*book["exchanges"], *book["refused"]]
    plain = [b"\0" + raw for raw in _hex(rows, "request_content", "reply_content")]
    bodies = [decode(raw, limit=limits.MESSAGE)[-1] for raw in _hex(book["exchanges"], "request")]
    return (
        plain
        + bodies
        + _hex([{"one": one} for row in vectors("bundles")["bundles"] for one in _flat(row["slices"])], "one")
    )


def _flat(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for inner in value for text in _flat(inner)]
    return [value] if isinstance(value, str) else []


def _segment(raw: bytes) -> None:
    """A segment on the wire, with tables that have something at the first few indices."""
    tables = Tables()
    for number in range(4):
        tables.stream(bytes([number]) * limits.INCARNATION, f"about:{number}")
    rebuild(read_segment(decode(raw), tables), bytes(32), bytes(32))


def _segments() -> list[bytes]:
    book = vectors("segments")
    return _hex([*book["segments"], *book["refused"]], "segment")


NEW = 3  # changes of the vectors that are not held yet


@cache
def _known() -> tuple[Roster, list[SigningKey]]:
    book = vectors("roster")
    roster = Roster()
    for change in book["roster"][:-NEW]:
        roster = roster.apply(read_change(decode(bytes.fromhex(change), limit=limits.MESSAGE)))
    return roster, [SigningKey.from_seed(row["suite"], bytes.fromhex(row["private"])) for row in book["keys"]]


def _roster(raw: bytes) -> None:
    """A change of the roster: as it stands, and its payload signed by root and publisher."""
    roster, keys = _known()
    change = read_change(decode(raw, limit=limits.MESSAGE))
    read_payload(change)
    signed = {key_id(key.public): key.sign("roster", roster.network_id, change.payload) for key in keys[:3]}
    for one in (change, change._replace(signatures=tuple(signed.items()))):
        try:
            roster.apply(one)
        except ProtocolError:
            continue


def _changes() -> list[bytes]:
    book = vectors("roster")
    return [bytes.fromhex(one) for one in book["roster"]] + _hex(book["refused"], "change")


def _proofs(raw: bytes) -> None:
    """What accuses somebody: proofs of forks, of streams and of the roster; and receipts."""
    roster, _ = _known()
    for read in (evidence.from_bytes, roster_forks.from_bytes, receipt.from_bytes):
        try:
            found = read(raw)
        except ProtocolError:
            continue
        try:
            if isinstance(found, evidence.ForkProof):
                evidence.check(found, roster)
            if isinstance(found, roster_forks.RosterFork):
                roster.forked(found)
            if isinstance(found, receipt.Receipt):
                receipt.root_of(found)
        except ProtocolError:
            continue


def _accusations() -> list[bytes]:
    found = []
    for name in ("forks", "roster_forks"):
        book = vectors(name)
        found += _hex([*book["proofs"], *book["refused"]], "proof")
    return found + _hex([*vectors("receipts")["refused"], *vectors("receipts")["events"]], "receipt")


def _bundle(raw: bytes) -> None:
    """The head of a bundle, and the same payload with a signature that fits; a slice after it."""
    head = bundle.read_head(raw)
    for part in head.parts:
        bundle.is_part(part, raw)


def _bundle_payload(raw: bytes) -> None:
    """The payload of a head whose signature is anybody's."""
    _bundle(encode([bundle.NAME, bundle.FORM, raw, bytes(64)]))


def _heads() -> list[bytes]:
    book = vectors("bundles")
    return _hex([*book["bundles"], *book["refused"]], "head")


def _payloads() -> list[bytes]:
    found = []
    for raw in _heads():
        try:
            head = decode(raw, limit=limits.BUNDLE_HEAD)
        except Malformed:
            continue
        found += [head[2]] if isinstance(head, list) and len(head) == 4 and isinstance(head[2], bytes) else []
    return found


def _evidence(raw: bytes) -> None:
    """A payload of an evidence package, signed by whoever the roster in it names first with the key that we have."""
    values = decode(raw, limit=limits.EVIDENCE)
    network_id = values[0] if isinstance(values, list) and values and isinstance(values[0], bytes) else b""
    Evidence(encode(["sanji-evidence", 1, raw, bytes(16), _SIGNER.sign("evidence", network_id, raw)]))


def _packages() -> list[bytes]:
    return [payload(_SIGNER)]


def _release(raw: bytes) -> None:
    """A release: as it stands, and its payload signed by keys of the root."""
    roster, keys = _known()
    found = release.from_bytes(raw)
    signed = {key_id(key.public): key.sign("release", roster.network_id, found.payload) for key in keys[:4]}
    for one in (found, found._replace(signatures=tuple(signed.items()))):
        try:
            release.check(one, roster, found)
        except ProtocolError:
            continue


TARGETS = (
    Target(
        "decoder", _decoder, lambda: _hex([*vectors("encodings")["accepted"], *vectors("encodings")["refused"]], "hex")
    ),
    Target("envelope", _envelope, lambda: _hex(vectors("exchange")["exchanges"], "request", "reply")),
    Target(
        "sealed",
        _sealed,
        lambda: [bytes.fromhex(each) for case in vectors("sealed")["sealed"] for each in case["requests"]],
    ),
    Target("inquiry", _inquiry, _bodies_of_inquiries),
    Target("finding", _finding, _bodies_of_inquiries),
    Target("content", _content, _contents),
    Target("segment", _segment, _segments),
    Target("roster", _roster, _changes),
    Target("proofs", _proofs, _accusations),
    Target("bundle", _bundle, _heads),
    Target("bundle_payload", _bundle_payload, _payloads),
    Target("release", _release, lambda: _hex(vectors("releases")["cases"], "file")),
    Target("evidence", _evidence, _packages, (Rejected, ProtocolError, *NONSENSE)),
    Target("bundle_part", papers.part, papers.some_parts),
    # What a decoder raises on a file ends that child alone; only a preview that was not drawn anew is an error here.
    Target("sniffing", papers.sniff, papers.some_files, (Exception,)),
)


def _crashes(raw: bytes) -> None:
    if raw[:1] == b"\x93" and len(raw) > 4 and raw[1] == len(raw):
        raise IndexError("a length was believed")


def _hangs(raw: bytes) -> None:
    if raw[:1] == b"\x93" and len(raw) > 4 and raw[1] > 0xF0:
        sum(range(100_000_000))


def _swells(raw: bytes) -> None:
    if raw[:1] == b"\x93" and len(raw) > 4 and raw[1] > 0xF0:
        bytearray(512 << 20)[:: 1 << 12] = b"\1" * (1 << 17)


def _some() -> list[bytes]:
    return [b"\x93abcdefg", b"0123456789abcdef"]


# What the rig must find before its word counts: an error nobody foresaw, too much time, too much memory.
CONTROLS = (
    Target("believes a length", _crashes, _some),
    Target("takes too long", _hangs, _some),
    Target("eats memory", _swells, _some),
)
BY_NAME = {target.name: target for target in (*TARGETS, *CONTROLS)}
