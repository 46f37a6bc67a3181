"""Signature suites, hashes and MACs: the only owner of `cryptography`. The suite is the registered key's property."""

import hashlib
import hmac
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync_protocol.encoding import encode
from sync_protocol.errors import BadSignature, Malformed, WeakKey

S1: Final = 1
SIGNATURE_BYTES: Final = 64
PUBLIC_KEY_BYTES: Final = 32
LABELS: Final = frozenset(
    {"seal", "receipt", "roster", "exchange", "wait", "enrol", "bundle", "evidence", "blob", "release"}
)

_P: Final = 2**255 - 19
_D: Final = -121665 * pow(121666, -1, _P) % _P
_ORDER_8_Y: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# The y of every point of order 1, 2, 4 and 8.
_SMALL_ORDER_Y: Final = frozenset({1, _P - 1, 0, _ORDER_8_Y, _P - _ORDER_8_Y})


def sha256(message: bytes) -> bytes:
    """H of section 2: 32 bytes."""
    return hashlib.sha256(message).digest()


def mac(secret: bytes, message: bytes) -> bytes:
    """16 bytes that only a holder of `secret` can make: HMAC-SHA-256, truncated."""
    return hmac.digest(secret, message, "sha256")[:16]


def macs_equal(one: bytes, other: bytes) -> bool:
    """Compare without telling by time where they differ."""
    return hmac.compare_digest(one, other)


def check_public(suite: int, public: bytes) -> None:
    """Refuse a key that must not enter a roster: Malformed for its shape, WeakKey for what it is."""
    if suite != S1:
        raise Malformed(f"suite {suite}: only 1 is known here")
    if len(public) != PUBLIC_KEY_BYTES:
        raise Malformed(f"public key of {len(public)} bytes, must be {PUBLIC_KEY_BYTES}")
    y = int.from_bytes(public, "little") & (2**255 - 1)
    if y >= _P or y in _SMALL_ORDER_Y:
        raise WeakKey("public key of small order, or not in its one encoding")
    x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if pow(x_squared, (_P - 1) // 2, _P) != 1:
        raise WeakKey("public key is not a point of the curve")


def to_be_signed(label: str, network_id: bytes | None, payload: bytes) -> bytes:
    """The Sig_structure of section 2.3. `enrol` is the one label without a network id."""
    if label not in LABELS or (network_id is None) != (label == "enrol"):
        raise ValueError(f"label {label!r} with network id {network_id!r}")
    external_aad = b"sanji/1/" + label.encode("ascii") + (network_id or b"")
    return encode(["Signature1", b"", external_aad, payload])


@lru_cache(maxsize=8192)
def _loaded(public: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public)


def verify(suite: int, public: bytes, label: str, network_id: bytes | None, payload: bytes, signature: bytes) -> None:
    """Return if `signature` is that key's over `payload` under `label`. Raises BadSignature."""
    if suite != S1 or len(public) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        raise BadSignature(f"{label}: suite, key or signature of another shape than suite 1")
    try:
        _loaded(public).verify(signature, to_be_signed(label, network_id, payload))
    except InvalidSignature:
        raise BadSignature(f"{label}: the signature is not that key's over these bytes") from None


class SigningKey:
    """A private key of one suite. Its seed is drawn and kept elsewhere; here it only signs."""

    __slots__ = ("_key", "public", "suite")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Use `from_seed`."""
        self._key = key
        self.suite = S1
        self.public = key.public_key().public_bytes_raw()

    @classmethod
    def from_seed(cls, suite: int, seed: bytes) -> "SigningKey":
        """From 32 secret random bytes."""
        if suite != S1 or len(seed) != 32:
            raise ValueError("suite 1 makes a key from 32 bytes")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, label: str, network_id: bytes | None, payload: bytes) -> bytes:
        """64 bytes over `payload` under `label` (section 2.3)."""
        return self._key.sign(to_be_signed(label, network_id, payload))

    def __repr__(self) -> str:
        return f"SigningKey(suite={self.suite}, public={self.public.hex()[:16]}...)"


_SEALING: Final = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
NONCE_BYTES: Final = 12


class NotOpened(Exception):
    """What was to be opened is not for this key or code, or was changed."""


def seal_to(public: bytes, info: bytes, content: bytes) -> bytes:
    """Seal to the holder of a key (PROTOCOL.md, section 2.4). The library draws the randomness, as HPKE asks. Raises
    WeakKey for a key to which nothing can be sealed."""
    try:
        return _SEALING.encrypt(content, X25519PublicKey.from_public_bytes(public), info)
    except ValueError as problem:
        raise WeakKey("nothing can be sealed to this key") from problem


class OpeningKey:
    """The private half of a key that others seal to. Its seed is drawn and kept elsewhere."""

    __slots__ = ("_key", "public")

    def __init__(self, seed: bytes) -> None:
        """From 32 secret random bytes."""
        self._key = X25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()

    def open(self, info: bytes, sealed: bytes) -> bytes:
        """What was sealed to this key with the same info. Raises NotOpened."""
        try:
            return _SEALING.decrypt(sealed, self._key, info)
        except (InvalidTag, ValueError) as problem:
            raise NotOpened("not sealed to this key") from problem

    def __repr__(self) -> str:
        return f"OpeningKey(public={self.public.hex()[:16]}...)"


def lock(code: bytes, info: bytes, nonce: bytes, content: bytes) -> bytes:
    """Lock under a code that only its holder knows (section 2.4). `nonce`: 12 random bytes."""
    return nonce + ChaCha20Poly1305(_under(code, info)).encrypt(nonce, content, None)


def unlock(code: bytes, info: bytes, locked: bytes) -> bytes:
    """What was locked under this code with the same info. Raises NotOpened."""
    try:
        return ChaCha20Poly1305(_under(code, info)).decrypt(locked[:NONCE_BYTES], locked[NONCE_BYTES:], None)
    except (InvalidTag, ValueError) as problem:
        raise NotOpened("not locked under this code") from problem


def _under(code: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, None, info).derive(code)


def encrypt(key: bytes, nonce: bytes, about: bytes, content: bytes) -> bytes:
    """ChaCha20-Poly1305 under a key of 32 bytes that meets each nonce of 12 bytes once; ``about`` is bound to it."""
    return ChaCha20Poly1305(key).encrypt(nonce, content, about)


def decrypt(key: bytes, nonce: bytes, about: bytes, encrypted: bytes) -> bytes:
    """What was encrypted so. Raises NotOpened."""
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, encrypted, about)
    except (InvalidTag, ValueError) as problem:
        raise NotOpened("not encrypted under this key, or changed") from problem
