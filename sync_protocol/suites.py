"""Signature suites, hashes and MACs: the only owner of `cryptography`. The suite is the registered key's property."""

import hashlib
import hmac
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync_protocol.encoding import encode
from sync_protocol.errors import BadSignature, Malformed, WeakKey

S1: Final = 1
SIGNATURE_BYTES: Final = 64
PUBLIC_KEY_BYTES: Final = 32
LABELS: Final = frozenset(
    {"seal", "receipt", "roster", "exchange", "wait", "enrol", "bundle", "evidence", "blob", "release", "ask"}
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


# What a place is sealed to (section 2.4): the key's length tells its suite.
SEALING_KEY_BYTES: Final = {"s1": 32, "s1q": 1_216}
_ENCAPSULATED: Final = {"s1": 32, "s1q": 1_120}
_SUITES: Final = {
    "s1": hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305),
    "s1q": hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305),
}
_NAMES: Final = {size: name for name, size in SEALING_KEY_BYTES.items()}
_MLKEM_PUBLIC: Final = 1_184
_MLKEM_SEED: Final = 64
_X25519: Final = 32
_SEED: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


class NotOpened(Exception):
    """What was to be opened is not for this key or code, or was changed."""


def sealing_suite(public: bytes) -> str:
    """The suite of a key that others seal to. Raises Malformed for a length that no suite has."""
    if type(public) is not bytes or len(public) not in _NAMES:
        raise Malformed(f"sealing key: must be bytes, {' or '.join(map(str, _NAMES))} of them")
    return _NAMES[len(public)]


def sealed_bytes(public: bytes, content: int) -> int:
    """How long so many bytes are when they are sealed to this key. Raises Malformed."""
    return _ENCAPSULATED[sealing_suite(public)] + content + TAG_BYTES


def may_be_sealed(size: int, content: int) -> bool:
    """Whether so many bytes may be what sealing that much content makes, under one suite or another."""
    return size - content - TAG_BYTES in _ENCAPSULATED.values()


def seal_to(public: bytes, info: bytes, content: bytes) -> bytes:
    """Seal to the holder of a key (PROTOCOL.md, section 2.4), in the suite that the key is of. The library draws the
    randomness, as HPKE asks. Raises WeakKey for a key to which nothing can be sealed, Malformed for what is none."""
    suite = sealing_suite(public)
    try:
        curve = X25519PublicKey.from_public_bytes(public[-_X25519:])
        if suite == "s1":
            return _SUITES[suite].encrypt(content, curve, info)
        lattice = MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC])
        return _SUITES[suite].encrypt(content, hpke.MLKEM768X25519PublicKey(lattice, curve), info)
    except ValueError as problem:
        raise WeakKey("nothing can be sealed to this key") from problem


def fresh_key() -> bytes:
    """32 random bytes that the library draws, like those of HPKE itself: for a key that lives no longer than a road."""
    return ChaCha20Poly1305.generate_key()


class OpeningKey:
    """The private half of a key that others seal to. Its seed is drawn and kept elsewhere."""

    __slots__ = ("_key", "public", "suite")

    def __init__(self, seed: bytes, suite: str = "s1") -> None:
        """From 32 secret random bytes; under `s1q` they are spread as X-Wing does, so that a seed is as short there."""
        self.suite = suite
        if suite == "s1":
            key = X25519PrivateKey.from_private_bytes(seed)
            self._key: X25519PrivateKey | hpke.MLKEM768X25519PrivateKey = key
            self.public = key.public_key().public_bytes_raw()
        elif suite == "s1q" and len(seed) == _SEED:
            spread = hashlib.shake_256(seed).digest(_MLKEM_SEED + _X25519)
            first = MLKEM768PrivateKey.from_seed_bytes(spread[:_MLKEM_SEED])
            second = X25519PrivateKey.from_private_bytes(spread[_MLKEM_SEED:])
            self._key = hpke.MLKEM768X25519PrivateKey(first, second)
            self.public = first.public_key().public_bytes_raw() + second.public_key().public_bytes_raw()
        else:
            raise ValueError("a key that others seal to is of suite s1 or s1q, from 32 bytes")

    def open(self, info: bytes, sealed: bytes) -> bytes:
        """What was sealed to this key with the same info. Raises NotOpened."""
        try:
            return _SUITES[self.suite].decrypt(sealed, self._key, info)
        except (InvalidTag, ValueError) as problem:
            raise NotOpened("not sealed to this key") from problem

    def __repr__(self) -> str:
        return f"OpeningKey(suite={self.suite}, public={self.public.hex()[:16]}...)"


def derive(key: bytes, info: bytes) -> bytes:
    """32 bytes that follow from a secret key and what they are for: HKDF-SHA256 without a salt."""
    return HKDF(hashes.SHA256(), 32, None, info).derive(key)


def lock(code: bytes, info: bytes, nonce: bytes, content: bytes) -> bytes:
    """Lock under a code that only its holder knows (section 2.4). `nonce`: 12 random bytes."""
    return nonce + ChaCha20Poly1305(derive(code, info)).encrypt(nonce, content, None)


def unlock(code: bytes, info: bytes, locked: bytes) -> bytes:
    """What was locked under this code with the same info. Raises NotOpened."""
    try:
        return ChaCha20Poly1305(derive(code, info)).decrypt(locked[:NONCE_BYTES], locked[NONCE_BYTES:], None)
    except (InvalidTag, ValueError) as problem:
        raise NotOpened("not locked under this code") from problem


class Cipher:
    """ChaCha20-Poly1305 under one key of 32 bytes, for who uses it often."""

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes."""
        self._aead = ChaCha20Poly1305(key)

    def encrypt(self, nonce: bytes, about: bytes, content: bytes) -> bytes:
        """Under a nonce of 12 bytes that the key meets once; ``about`` is bound to it."""
        return self._aead.encrypt(nonce, content, about)

    def decrypt(self, nonce: bytes, about: bytes, encrypted: bytes) -> bytes:
        """What was encrypted so. Raises NotOpened."""
        try:
            return self._aead.decrypt(nonce, encrypted, about)
        except (InvalidTag, ValueError) as problem:
            raise NotOpened("not encrypted under this key, or changed") from problem

    def __repr__(self) -> str:
        return "Cipher()"


def encrypt(key: bytes, nonce: bytes, about: bytes, content: bytes) -> bytes:
    """ChaCha20-Poly1305 under a key of 32 bytes that meets each nonce of 12 bytes once; ``about`` is bound to it."""
    return Cipher(key).encrypt(nonce, about, content)


def decrypt(key: bytes, nonce: bytes, about: bytes, encrypted: bytes) -> bytes:
    """What was encrypted so. Raises NotOpened."""
    return Cipher(key).decrypt(nonce, about, encrypted)
