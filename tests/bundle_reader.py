"""The second reader of bundles, written from section 14 of sync_protocol/PROTOCOL.md alone: it opens recorded ones.

`python -m tests.bundle_reader FILE.json ...` exits 0 only when all that the files say verifies; sizes are not judged.
"""

import hmac
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from tests.second_reader import Reader, decode, digest, encode, need, unhex

CHUNK, TAG = 1_048_576, 16


def labelled(secret: bytes, label: bytes, text: bytes, suite: bytes) -> bytes:
    """LabeledExtract of RFC 9180, section 4, with `secret` as its salt."""
    return hmac.digest(secret or bytes(32), b"HPKE-v1" + suite + label + text, "sha256")


def stretched(secret: bytes, label: bytes, text: bytes, length: int, suite: bytes) -> bytes:
    """LabeledExpand, of at most 32 bytes."""
    whole = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + text + b"\1"
    return hmac.digest(secret, whole, "sha256")[:length]


def unsealed(seed: bytes, info: bytes, sealed: bytes) -> bytes:
    """Open what was sealed to this key, section 2.4."""
    key, kem, suite = X25519PrivateKey.from_private_bytes(seed), b"KEM\0\x20", b"HPKE\0\x20\0\1\0\3"
    there, here = sealed[:32], key.public_key().public_bytes_raw()
    shared = labelled(b"", b"eae_prk", key.exchange(X25519PublicKey.from_public_bytes(there)), kem)
    secret = stretched(shared, b"shared_secret", there + here, 32, kem)
    about = b"\0" + labelled(b"", b"psk_id_hash", b"", suite) + labelled(b"", b"info_hash", info, suite)
    wide = labelled(secret, b"secret", b"", suite)
    cipher = ChaCha20Poly1305(stretched(wide, b"key", about, 32, suite))
    return cipher.decrypt(stretched(wide, b"base_nonce", about, 12, suite), sealed[32:], b"")


def slices_of(part: list[Any], raw: bytes, number: int, head: list[Any], place: str, seed: bytes) -> list[bytes]:
    """What is in a part, opened by a recipient."""
    network, bundle = head[:2]
    kind, size, named, _, wrapped = part
    need(kind in (1, 2) and (len(raw), digest(raw)) == (size, named), f"part {number}: other bytes than the head names")
    info = encode(["sanji/1/bundle", network, bundle, number, place])
    cipher = ChaCha20Poly1305(unsealed(seed, info, wrapped[head[6].index(place)]))
    chunks = [raw[at : at + CHUNK + TAG] for at in range(0, len(raw), CHUNK + TAG)]
    plain, slices = b"", list[bytes]()
    for index, chunk in enumerate(chunks):
        nonce = bytes(7) + index.to_bytes(4, "big") + bytes([index + 1 == len(chunks)])
        plain += cipher.decrypt(nonce, chunk, bundle + number.to_bytes(8, "big"))
    while plain:
        length = int.from_bytes(plain[:4], "big")
        need(0 < length <= len(plain) - 4, f"part {number}: a slice that does not end where it says")
        slices.append(plain[4 : 4 + length])
        plain = plain[4 + length :]
    return slices


def read_bundle(reader: Reader, case: dict[str, Any]) -> None:
    """Verify one bundle of bundles.json, and every event in it."""
    name, form, payload, signature = decode(unhex(case["head"]), str, int, bytes, bytes)
    need((name, form) == ("sanji-bundle", 1), "not the head of a bundle of this form")
    head = decode(payload, bytes, bytes, bytes, int, int, int, list, bytes | None, list, list, dict)
    network, bundle, sender, number, _, _, places, key, parts, changes, ext = head
    need(network == reader.network, "a bundle of another network")
    for change in changes:
        reader.grow(encode(change))
    here, there = case["place"], reader.nodes[sender].place
    need(here != there and (reader.covers(here, there) or reader.covers(there, here)), "not on one path")
    reader.signed(sender, b"bundle", head, signature)
    need(len(bundle) == 16 and number > 0 and (key is None or len(key) == 32), "an unfit id, number or key")
    need(here in places and len(places) == len({*places}) and min(ext, default=0) >= 0, "recipients or extensions")
    need(all(len(part[4]) == len(places) for part in parts), "not one key for each recipient")
    need(len(parts) == len(case["parts"]), "not as many parts as the head names")
    opened = [
        slices_of(part, unhex(raw), at, head, here, unhex(case["opening_seed"]))
        for at, (part, raw) in enumerate(zip(parts, case["parts"], strict=True), 1)
    ]
    need([[each.hex() for each in some] for some in opened] == case["slices"], "other slices")
    reader.held = {}
    kinds = [part[0] for part in parts]
    need(kinds == sorted(kinds), "a part of blobs before one of events")
    chunks = [one for kind, some in zip(kinds, opened, strict=True) if kind == 2 for one in some]
    for scope, blob, number, raw in (decode(one, str, bytes, int, bytes) for one in chunks):
        need(reader.covers(here, scope[6:]) and scope[:6] == "about:", "a chunk of a blob out of scope")
        need(len(blob) == 32 and 0 <= number < 160 and 1 <= len(raw) <= 65_536, "not a chunk of a blob")
    for each in (one for kind, some in zip(kinds, opened, strict=True) if kind == 1 for one in some):
        need(each[0] == 0, "a recorded slice is not packed")
        reader.take(decode(each[1:]), "", [])
    for _, scope, _ in reader.held:
        need(reader.covers(here, scope[6:]) or (scope[:6] == "below:" and reader.covers(scope[6:], here)), "scope")


def main(paths: list[str]) -> int:
    """Verify each file; the first that does not verify ends in an exception that says why."""
    for path in paths:
        book = json.loads(Path(path).read_text(encoding="utf-8"))
        for case in book["bundles"]:
            read_bundle(Reader(book), case)
        print(f"{path}: {len(book['bundles'])} verified")
    return 0 if paths else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
