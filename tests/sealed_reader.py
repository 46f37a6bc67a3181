"""The second reader of sealed messages, written from sections 2.4 and 7.10 of sync_protocol/PROTOCOL.md alone.

`python -m tests.sealed_reader FILE.json ...` exits 0 only when all that the files say opens and says what they say.
"""

import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from tests.bundle_reader import labelled, stretched, unsealed
from tests.second_reader import decode, digest, encode, need, unhex


def x_wing(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey, bytes]:
    """Both private keys that X-Wing makes of a seed, and the public key."""
    spread = hashlib.shake_256(seed).digest(96)
    lattice, curve = MLKEM768PrivateKey.from_seed_bytes(spread[:64]), X25519PrivateKey.from_private_bytes(spread[64:])
    return lattice, curve, lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()


def decapsulated(seed: bytes, there: bytes) -> bytes:
    """The shared secret of X-Wing."""
    lattice, curve, public = x_wing(seed)
    first = lattice.decapsulate(there[:1_088])
    second = curve.exchange(X25519PublicKey.from_public_bytes(there[1_088:]))
    return hashlib.sha3_256(first + second + there[1_088:] + public[1_184:] + b"\\.//^\\").digest()


def unsealed_hybrid(seed: bytes, info: bytes, sealed: bytes) -> bytes:
    """HPKE of RFC 9180, base mode, over that secret."""
    suite = b"HPKE\x64\x7a\0\1\0\3"
    about = b"\0" + labelled(b"", b"psk_id_hash", b"", suite) + labelled(b"", b"info_hash", info, suite)
    wide = labelled(decapsulated(seed, sealed[:1_120]), b"secret", b"", suite)
    cipher = ChaCha20Poly1305(stretched(wide, b"key", about, 32, suite))
    return cipher.decrypt(stretched(wide, b"base_nonce", about, 12, suite), sealed[1_120:], b"")


def derived(secret: bytes, what: str, opening: bytes) -> bytes:
    """HKDF-SHA256 without a salt, 32 bytes."""
    info = encode(["sanji/1/exchange", what, digest(opening)])
    return hmac.digest(hmac.digest(bytes(32), secret, "sha256"), info + b"\1", "sha256")


def read_sealed(book: dict[str, Any], case: dict[str, Any]) -> None:
    """Open both requests and replies of one context."""
    seed, info = unhex(case["opening_seed"]), encode(["sanji/1/exchange", unhex(book["network_id"]), book["place"]])
    hybrid = case["suite"] == "s1q"
    public = x_wing(seed)[2] if hybrid else X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    need(public == unhex(case["public"]), "another public key")
    version, name, opening, box = decode(unhex(case["requests"][0]), int, bytes, bytes, bytes)
    need(version == 4 and name == digest(public)[:4], "another version, or sealed to another key")
    need(len(opening) == (1_168 if hybrid else 80), "of another suite")
    secret = (unsealed_hybrid if hybrid else unsealed)(seed, info, opening)
    keys = {what: derived(secret, what, opening) for what in ("request", "reply", "nonce")}
    later, named, second = decode(unhex(case["requests"][1]), int, bytes, bytes)
    need(later == 4 and named == digest(opening)[:4], "another version, or another context")
    for at, asked in enumerate((box, second)):
        said = opened(keys["request"], keys["nonce"], b"", asked)
        need(said == unhex(case["said"][at]), "another request")
        version, answer = decode(unhex(case["replies"][at]), int, bytes)
        need(version == 4, "another version of a reply")
        need(opened(keys["reply"], keys["nonce"], asked[:8], answer) == unhex(case["answered"][at]), "another reply")


def opened(key: bytes, nonces: bytes, about: bytes, box: bytes) -> bytes:
    """What is in a box, whose nonce is the one of its content."""
    said = ChaCha20Poly1305(key).decrypt(bytes(4) + box[:8], box[8:], about)
    need(box[:8] == hmac.digest(nonces, about + digest(said), "sha256")[:8], "another nonce than that of its content")
    return said


def main(paths: list[str]) -> int:
    """Open everything in each file; the first that does not open ends in an exception that says why."""
    for path in paths:
        book = json.loads(Path(path).read_text(encoding="utf-8"))
        for case in book["sealed"]:
            read_sealed(book, case)
        print(f"{path}: {len(book['sealed'])} contexts opened")
    return 0 if paths else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
