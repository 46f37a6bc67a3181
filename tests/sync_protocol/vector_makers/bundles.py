"""The vectors of bundles: one that goes up, one that goes down, one that only tells a key; others that do not hold."""

import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from sync_protocol import bundle
from sync_protocol.bundle import BLOBS, EVENTS, BlobChunk, Head, Part
from sync_protocol.encoding import decode, encode
from sync_protocol.exchange import Content, content_map
from sync_protocol.suites import OpeningKey
from sync_protocol.wire import PLAIN, pack_body
from tests.sync_protocol import sample
from tests.sync_protocol.sample import COUNTY, NETWORK, TIME, TOWNSHIP, VILLAGE, Writer
from tests.sync_protocol.vector_makers.shapes import Vector, change_hex, flipped, network

_SUITE = b"HPKE\x00\x20\x00\x01\x00\x03"
_KEM = b"KEM\x00\x20"


def opening_seed(place: str) -> bytes:
    """The 32 bytes that the road key of a place is made from."""
    return sha256(f"sanji sample road key {place}".encode()).digest()


def road_key(place: str) -> bytes:
    """Its public half."""
    return OpeningKey(opening_seed(place)).public


def sealed_to(public: bytes, info: bytes, content: bytes, drawn: bytes) -> bytes:
    """HPKE as RFC 9180 writes it, with the ephemeral key given: so that a vector is the same each time."""
    ephemeral = X25519PrivateKey.from_private_bytes(drawn)
    here = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    secret = _expand(_extract(b"", b"eae_prk", shared, _KEM), b"shared_secret", here + public, 32, _KEM)
    context = b"\x00" + _extract(b"", b"psk_id_hash", b"", _SUITE) + _extract(b"", b"info_hash", info, _SUITE)
    wide = _extract(secret, b"secret", b"", _SUITE)
    key, nonce = _expand(wide, b"key", context, 32, _SUITE), _expand(wide, b"base_nonce", context, 12, _SUITE)
    return here + ChaCha20Poly1305(key).encrypt(nonce, content, b"")


def _extract(salt: bytes, label: bytes, key: bytes, suite: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")


def _expand(key: bytes, label: bytes, info: bytes, length: int, suite: bytes) -> bytes:
    return hmac.digest(key, length.to_bytes(2) + b"HPKE-v1" + suite + label + info + b"\x01", "sha256")[:length]


def slice_of(*packed: tuple[Writer, int, int]) -> bytes:
    """A body with these segments."""
    content = Content()
    content.packed_segments = [writer.packed(first, last, content.tables) for writer, first, last in packed]
    return pack_body(content_map(content), PLAIN)


def made(
    name: str, recipients: Sequence[str], parts: Sequence[Sequence[bytes]], kinds: Sequence[int] = ()
) -> tuple[bytes, list[bytes]]:
    """Head and files of a bundle that the node of that name writes; everything random comes from the name."""
    drawn = sha256(f"sanji sample bundle {name} {len(parts)}".encode()).digest()
    bundle_id, rows, files = drawn[:16], [], []
    for number, slices in enumerate(parts, start=1):
        part_key = sha256(drawn + bytes([number])).digest()
        kind = kinds[number - 1] if kinds else EVENTS
        raw = bundle.part_bytes(part_key, bundle_id, number, slices, kind)
        wrapped = tuple(
            sealed_to(
                road_key(place),
                encode(["sanji/1/bundle", NETWORK, bundle_id, number, place]),
                part_key,
                sha256(part_key + place.encode()).digest(),
            )
            for place in recipients
        )
        rows.append(Part(kind, len(raw), sha256(raw).digest(), 4 * len(slices) if kind == EVENTS else 0, wrapped))
        files.append(raw)
    head: dict[str, Any] = {
        "network_id": NETWORK,
        "bundle_id": bundle_id,
        "sender": sample.incarnation(name),
        "number": len(parts) + 1,
        "time": TIME,
        "exchange": bundle.SLICES,
        "recipients": tuple(recipients),
        "key": road_key("of " + name),
        "parts": tuple(rows),
        "changes": tuple(sample.CHANGES[-2:]),
    }
    return bundle.head_bytes(Head(**head), sample.key(name)), files


def case(name: str, place: str, head: bytes, files: Sequence[bytes], slices: Sequence[Sequence[bytes]]) -> Vector:
    """One bundle with the key that opens it at `place`, and what is in it."""
    return {
        "name": name,
        "place": place,
        "opening_seed": opening_seed(place).hex(),
        "head": head.hex(),
        "parts": [raw.hex() for raw in files],
        "slices": [[each.hex() for each in some] for some in slices],
    }


def resigned(head: bytes, change: Callable[[list[Any]], None]) -> bytes:
    """The same head with something of its payload changed, and signed again by the village."""
    name, form, payload, _ = decode(head)
    values = decode(payload)
    change(values)
    payload = encode(values)
    return encode([name, form, payload, sample.key("village").sign("bundle", NETWORK, payload)])


def bundles() -> Vector:
    """Bundles that hold and bundles that do not."""
    village = Writer("village", f"about:{VILLAGE}").write_cases(2)
    county = Writer("county", f"below:{COUNTY}")
    for number in range(4):
        county.write(66, {0: f"第{number}号通知"}, case_id=None)
    up = [[slice_of((village, 1, 4)), slice_of((village, 5, 6))], [slice_of((village, 7, 8))]]
    down = [[slice_of((county, 1, 4))]]
    head, files = made("village", (TOWNSHIP, COUNTY), up)
    back, back_files = made("county", (VILLAGE,), down)
    key_alone, _ = made("village", (TOWNSHIP,), [])
    chunks = [
        bundle.blob_record(BlobChunk(f"about:{VILLAGE}", sha256(b"a photo").digest(), number, raw))
        for number, raw in enumerate((b"the first chunk", b"the second"))
    ]
    papers = [up[0], chunks]
    photo, photo_files = made("village", (TOWNSHIP,), papers, (EVENTS, BLOBS))

    def set_value(place: int, value: Any) -> Callable[[list[Any]], None]:
        return lambda values: values.__setitem__(place, value)

    def refused(name: str, error: str, head: bytes, files: Sequence[bytes]) -> Vector:
        return {**case(name, TOWNSHIP, head, files, []), "error": error}

    cut = bytes.fromhex(flipped(files[0].hex()))
    middle = len(head) // 2
    head_cut = bytes.fromhex(flipped(head[:middle].hex())) + head[middle:]
    five_mb = resigned(head, lambda values: values[8][0].__setitem__(1, 5_000_000))
    return {
        "about": "Bundles with the keys that open them, and bundles that do not hold.",
        **network(),
        "bundles": [
            case("up, opened by the next place", TOWNSHIP, head, files, up),
            case("up, opened by the place beyond", COUNTY, head, files, up),
            case("down", VILLAGE, back, back_files, down),
            case("a key and the roster alone", TOWNSHIP, key_alone, [], []),
            case("chunks of a blob behind events", TOWNSHIP, photo, photo_files, papers),
        ],
        "changes": [change_hex(change) for change in sample.CHANGES[-2:]],
        "refused": [
            refused("one bit of a part", "malformed", head, [cut, files[1]]),
            refused("parts exchanged", "malformed", head, files[::-1]),
            refused("a part cut short", "malformed", head, [files[0][:-1], files[1]]),
            refused(
                "one bit of the head",
                "bad_signature",
                head_cut,
                files,
            ),
            refused("another form", "no_such_version", encode([bundle.NAME, 2, *decode(head)[2:]]), files),
            refused("no recipient", "malformed", resigned(head, set_value(6, [])), files),
            refused("a recipient twice", "malformed", resigned(head, set_value(6, [TOWNSHIP, TOWNSHIP])), files),
            refused("number 0", "malformed", resigned(head, set_value(3, 0)), files),
            refused("a short key", "malformed", resigned(head, set_value(7, bytes(31))), files),
            refused("a critical field", "needs_update", resigned(head, set_value(10, {-1: 0})), files),
            refused(
                "a part of 5 MB",
                "too_large",
                five_mb,
                files,
            ),
            refused("a key too few", "malformed", resigned(head, lambda values: values[8][0][4].pop()), files),
        ],
    }
