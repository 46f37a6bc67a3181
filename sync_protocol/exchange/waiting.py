"""The token of the waiting call: who waits, with whom, and for a tide other than which (section 7.4)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import check_bytes, check_int
from sync_protocol.suites import SIGNATURE_BYTES, SigningKey, verify

TOKEN_CHARACTERS: Final = 256
COME: Final = b"come"


class WaitToken(NamedTuple):
    """One waiting call. `time`: the sender's clock in ms, never judged."""

    sender: bytes
    recipient: bytes
    tide: int
    time: int
    signature: bytes


def _payload(sender: bytes, recipient: bytes, tide: int, time: int) -> bytes:
    return encode([sender, recipient, tide, time])


def wait_token(key: SigningKey, network_id: bytes, sender: bytes, recipient: bytes, tide: int, time: int) -> str:
    """The token that asks `recipient` to answer when its tide for `sender` is no longer `tide`."""
    signature = key.sign("wait", network_id, _payload(sender, recipient, tide, time))
    return urlsafe_b64encode(encode([sender, recipient, tide, time, signature])).rstrip(b"=").decode("ascii")


def read_wait_token(text: str) -> WaitToken:
    """The token in a query. Its signature is not judged here. Raises Malformed, TooLarge."""
    if len(text) > TOKEN_CHARACTERS:
        raise TooLarge(f"token: {len(text)} characters, at most {TOKEN_CHARACTERS}")
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (Base64Error, ValueError):
        raise Malformed("token: not base64url") from None
    if urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != text:
        raise Malformed("token: not base64url without padding")
    value = decode(raw, limit=TOKEN_CHARACTERS, maps=False)
    if not isinstance(value, list) or len(value) != 5:
        raise Malformed("token: must be an array of 5")
    sender, recipient, tide, time, signature = value
    check_bytes("token sender", sender, limits.INCARNATION)
    check_bytes("token recipient", recipient, limits.INCARNATION)
    check_int("token tide", tide, 0, limits.INT_MAX)
    check_int("token time", time, limits.INT_MIN, limits.INT_MAX)
    check_bytes("token signature", signature, SIGNATURE_BYTES)
    return WaitToken(sender, recipient, tide, time, signature)


def check_wait_token(token: WaitToken, suite: int, public: bytes, network_id: bytes) -> None:
    """Return if the sender's registered key signed it. Raises BadSignature."""
    payload = _payload(token.sender, token.recipient, token.tide, token.time)
    verify(suite, public, "wait", network_id, payload, token.signature)
