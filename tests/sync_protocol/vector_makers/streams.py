"""The vectors of streams: events, hashes, seals, every state of a body, and streams that must be refused."""

from collections.abc import Iterable
from typing import Any

from sync_protocol.encoding import encode
from sync_protocol.event import Event, Header, chain, encode_header, item_hash
from tests.sync_protocol import sample
from tests.sync_protocol.sample import COUNTY, NETWORK, TOWNSHIP, VILLAGE, Writer
from tests.sync_protocol.vector_makers.shapes import Vector, flipped, network


def writers() -> tuple[Writer, Writer, Writer]:
    """A village files a case, its township acts on it, the county tells everyone something."""
    county = Writer("county", f"below:{COUNTY}")
    county.write(66, {0: "目录", 1: [1, "说明"]}, case_id=None, ext={3: [1, {"k": None}], -2: True})
    village = Writer("village", f"about:{VILLAGE}")
    opened = village.write(1, {0: "001", 2: "王秀兰", 11: {"申请理由": "家庭困难"}}, apart=True, deps=(county.dep(1),))
    case_id = opened.header.case_id
    village.write(2, {0: "no", 1: "code"}, case_id=case_id, after=village.position(1))
    village.write(3, {0: TOWNSHIP, 1: "review"}, case_id=case_id, after=village.position(2))
    village.write(32, {0: "材料原件已核对"}, case_id=case_id, apart=True)
    village.write(1, {0: "004", 2: "李建国"}, apart=True)
    village.write(999, {}, case_id=None, version=255)
    township = Writer("township", f"about:{VILLAGE}")
    township.write(4, {}, case_id=case_id, after=village.position(3), deps=(village.dep(4), county.dep(1)))
    township.write(6, {0: "agree"}, case_id=case_id, apart=True, after=township.position(1))
    township.write(34, {0: "按令删除"}, case_id=case_id, apart=True)
    return village, township, county


def stream_vector(name: str, writer: Writer, states: dict[int, str], seals: Iterable[int], contiguous: int) -> Vector:
    """One stream; `states` of bodies that are not here."""
    return {
        "name": name,
        "incarnation": writer.incarnation.hex(),
        "scope": writer.scope,
        "suite": 1,
        "stream_id": writer.stream.hex(),
        "events": [event_vector(event, states.get(event.header.seq, "here")) for event in writer.events],
        "seals": [seal_vector(writer, seq) for seq in seals],
        "contiguous": contiguous,
    }


def event_vector(event: Event, state: str = "here") -> Vector:
    """One event with all its hashes."""
    here = event.header.inline is None and state == "here"
    return {
        "header": event.header_bytes.hex(),
        "opens": event.header.kind == 1,
        "salt": event.salt.hex() if here and event.salt else None,
        "body": event.body.hex() if here and event.body else None,
        "state": "inline" if event.header.inline is not None else state,
        "item": item_hash(event.header_bytes).hex(),
        "chain": event.hash.hex(),
    }


def seal_vector(writer: Writer, seq: int) -> Vector:
    """A seal with the payload it signs."""
    payload = encode([writer.stream, seq, writer.events[seq - 1].hash])
    return {"seq": seq, "payload": payload.hex(), "signature": writer.sealed(seq).hex()}


def streams() -> Vector:
    """Streams with every kind of body, and streams that must be refused."""
    village, township, county = writers()
    made = [
        stream_vector("a village about itself", village, {5: "missing"}, (3, 6), 4),
        stream_vector("a township about its village", township, {2: "purged", 3: "erased"}, (3,), 3),
        stream_vector("a county to everyone below", county, {}, (1,), 1),
        stream_vector("nothing written yet", Writer("county", f"about:{COUNTY}"), {}, (), 0),
    ]
    good = made[0]
    forged = dict(good["seals"][1], signature=flipped(good["seals"][1]["signature"]))
    stranger = sample.key("stranger").sign("seal", NETWORK, bytes.fromhex(good["seals"][1]["payload"]))
    as_receipt = sample.key("village").sign("receipt", NETWORK, bytes.fromhex(good["seals"][1]["payload"]))
    refused: list[Vector] = [
        {"name": "a seal with one bit changed", "error": "bad_seal", "seals": [good["seals"][0], forged]},
        {"name": "sealed by a stranger", "error": "bad_seal", "seals": [dict(forged, signature=stranger.hex())]},
        {
            "name": "signed under another label",
            "error": "bad_seal",
            "seals": [dict(forged, signature=as_receipt.hex())],
        },
        {"name": "another body", "error": "bad_commitment", "events": changed_event(good, 0, "body")},
        {"name": "another salt", "error": "bad_commitment", "events": changed_event(good, 3, "salt")},
        {"name": "one event rewritten", "error": "bad_seal", "events": rewritten(village)},
        {"name": "both inline and commitment", "error": "malformed", "events": with_header(village, inline_and_apart)},
        {"name": "neither inline nor commitment", "error": "malformed", "events": with_header(village, no_body)},
        {"name": "nine deps", "error": "too_large", "events": with_header(village, nine_deps)},
        {"name": "a text key in ext", "error": "malformed", "events": with_header(village, with_ext({"x": 1}))},
        {"name": "ext 9 deep", "error": "malformed", "events": with_header(village, with_ext({0: [[[[[[[[[]]]]]]]]]}))},
        {"name": "a header of 4,097 bytes", "error": "too_large", "events": with_header(village, too_long)},
    ]
    for case in refused:
        case |= {"stream": 0, "events": case.get("events", good["events"]), "seals": case.get("seals", good["seals"])}
    return {
        "about": "Streams, events, chain hashes and seals.",
        **network(),
        "streams": made,
        "refused": refused,
    }


def changed_event(stream: Vector, index: int, field: str) -> list[Vector]:
    """The stream's events with one bit changed in one field of one event."""
    events = [dict(event) for event in stream["events"]]
    events[index][field] = flipped(events[index][field])
    return events


def rewritten(writer: Writer) -> list[Vector]:
    """The stream with its third event claimed at another time, and every hash after it made to fit."""
    made, previous = [event_vector(event) for event in writer.events], writer.stream
    for event, vector in zip(writer.events, made, strict=True):
        header = event.header
        raw = encode_header(header._replace(claimed=header.claimed + (header.seq == 3)))
        previous = chain(previous, item_hash(raw))
        vector |= {"header": raw.hex(), "item": item_hash(raw).hex(), "chain": previous.hex()}
    return made


def inline_and_apart(header: Header) -> list[Any]:
    """A header with a body in two places."""
    return [*header[:9], b"", bytes(32), {}]


def no_body(header: Header) -> list[Any]:
    """A header with a body nowhere."""
    return [*header[:9], None, None, {}]


def nine_deps(header: Header) -> list[Any]:
    """A header that relies on too much."""
    deps = [[bytes(16), f"about:{VILLAGE}", 1]] * 9
    return [*header[:5], deps, *header[6:]]


def with_ext(ext: dict[Any, Any]) -> Any:
    """Makes a header with these extensions."""
    return lambda header: [*header[:11], ext]


def too_long(header: Header) -> list[Any]:
    """A header one byte beyond its bound."""
    room = 4_096 - len(encode_header(header._replace(ext={0: bytes(256)}))) + 256
    return [*header[:11], {0: bytes(room + 1)}]


def with_header(writer: Writer, change: Any) -> list[Vector]:
    """The stream with its last header replaced, hashes made to fit."""
    made = [event_vector(event) for event in writer.events]
    values = change(writer.events[-1].header)
    raw = encode([list(value) if isinstance(value, tuple) else value for value in values])
    last = chain(writer.events[-2].hash, item_hash(raw))
    made[-1] |= {"header": raw.hex(), "item": item_hash(raw).hex(), "chain": last.hex()}
    return made
