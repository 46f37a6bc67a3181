"""Sealing to a place and locking under a code: by the text of PROTOCOL.md, section 2.4, with nothing of ours."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from sync_protocol.errors import WeakKey
from sync_protocol.suites import NotOpened, OpeningKey, lock, seal_to, unlock

SEED = bytes(range(32))
INFO = b"sanji/1/sealed and more"
CONTENT = "窗口让我跑了三趟".encode()
SUITE = b"HPKE\x00\x20\x00\x01\x00\x03"


def extract(salt: bytes, label: bytes, key: bytes, suite: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + key, "sha256")


def expand(key: bytes, label: bytes, info: bytes, length: int, suite: bytes) -> bytes:
    text = length.to_bytes(2) + b"HPKE-v1" + suite + label + info
    return hmac.digest(key, text + b"\x01", "sha256")[:length]


def opened_by_the_standard(seed: bytes, info: bytes, sealed: bytes) -> bytes:
    """RFC 9180, sections 4.1 and 5.1, written out for base mode and these three."""
    key = X25519PrivateKey.from_private_bytes(seed)
    there, here = sealed[:32], key.public_key().public_bytes_raw()
    shared = key.exchange(X25519PublicKey.from_public_bytes(there))
    kem = b"KEM\x00\x20"
    secret = expand(extract(b"", b"eae_prk", shared, kem), b"shared_secret", there + here, 32, kem)
    context = b"\x00" + extract(b"", b"psk_id_hash", b"", SUITE) + extract(b"", b"info_hash", info, SUITE)
    prk = extract(secret, b"secret", b"", SUITE)
    wide, nonce = expand(prk, b"key", context, 32, SUITE), expand(prk, b"base_nonce", context, 12, SUITE)
    return ChaCha20Poly1305(wide).decrypt(nonce, sealed[32:], b"")


def test_what_is_sealed_is_opened_by_the_standard_and_by_its_own_key_alone() -> None:
    key = OpeningKey(SEED)
    sealed = seal_to(key.public, INFO, CONTENT)
    assert len(sealed) == 32 + len(CONTENT) + 16
    assert opened_by_the_standard(SEED, INFO, sealed) == CONTENT == key.open(INFO, sealed)
    assert sealed != seal_to(key.public, INFO, CONTENT), "each time another one"
    for other, info, changed in (
        (OpeningKey(bytes(32)), INFO, sealed),
        (key, INFO + b".", sealed),
        (key, INFO, sealed[:-1]),
        (key, INFO, bytes([sealed[0] ^ 1]) + sealed[1:]),
        (key, INFO, b""),
        (key, INFO, bytes(48)),
    ):
        with pytest.raises(NotOpened):
            other.open(info, changed)
    with pytest.raises(WeakKey):
        seal_to(bytes(32), INFO, CONTENT)
    assert SEED.hex() not in repr(key)


def test_what_is_locked_is_unlocked_by_the_text_and_by_its_code_alone() -> None:
    nonce, code = bytes(range(12)), b"FSCERHQTR9PJS"
    locked = lock(code, INFO, nonce, CONTENT)
    derived = hmac.digest(hmac.digest(bytes(32), code, hashlib.sha256), INFO + b"\x01", hashlib.sha256)
    assert locked[:12] == nonce and ChaCha20Poly1305(derived).decrypt(nonce, locked[12:], None) == CONTENT
    assert unlock(code, INFO, locked) == CONTENT
    for other, info, changed in (
        (b"FSCERH", INFO, locked),
        (code, b"", locked),
        (code, INFO, locked[:-1]),
        (code, INFO, b""),
    ):
        with pytest.raises(NotOpened):
            unlock(other, info, changed)
