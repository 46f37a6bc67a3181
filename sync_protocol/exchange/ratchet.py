"""The challenge ratchet: freshness of every exchange, and the alarm when one identity lives twice (section 7.1)."""

from typing import Final, NamedTuple

from sync_protocol.errors import Malformed
from sync_protocol.suites import mac, macs_equal

NONCE_BYTES: Final = 4
SECRET_BYTES: Final = 32

NO_ALARM: Final = 0
ANOTHER_NONCE: Final = 1  # a known challenge came with another nonce
OLDER_CHALLENGE: Final = 2
RESTORED: Final = 3  # never on the wire: the child's own finding when its ancestor knows more of it than itself

_INDEX_BYTES: Final = 4  # at most: an exchange a second would fill them in 136 years
_MAC_BYTES: Final = 6


class Ratchet(NamedTuple):
    """What an ancestor keeps for one child incarnation: the last challenge used (0: none), and its nonce."""

    used: int = 0
    nonce: bytes | None = None


class Judged(NamedTuple):
    """The ancestor's answer to one request: whether it may be given anything, the new state, what to send back."""

    current: bool
    ratchet: Ratchet
    next_index: int | None
    alarm: int


def challenge(secret: bytes, ancestor: bytes, child: bytes, index: int) -> bytes:
    """Challenge `index` (1 and up): the index in as few bytes as it needs, and 6 bytes that only the holder of `secret`
    can make. ancestor, child: their incarnations."""
    counted = index.to_bytes(_INDEX_BYTES, "big").lstrip(b"\0")
    return counted + mac(secret, ancestor + child + counted)[:_MAC_BYTES]


def is_challenge(value: object) -> bool:
    """Whether something has the form of a challenge: 7 to 10 bytes, the first of which is not 0."""
    return type(value) is bytes and 0 < len(value) - _MAC_BYTES <= _INDEX_BYTES and value[0] != 0


def check_challenge(field: str, value: object) -> None:
    """Raises Malformed for what has not the form of a challenge."""
    if not is_challenge(value):
        raise Malformed(f"{field}: must be 7 to 10 bytes, the first of which is not 0")


def challenge_index(secret: bytes, ancestor: bytes, child: bytes, presented: bytes | None) -> int | None:
    """Which challenge of ours this is; None when there is none or we never made it. Raises Malformed for its shape."""
    if presented is None:
        return None
    check_challenge("challenge", presented)
    index = int.from_bytes(presented[:-_MAC_BYTES], "big")
    return index if macs_equal(presented, challenge(secret, ancestor, child, index)) else None


def judge(ratchet: Ratchet, index: int | None, nonce: bytes | None) -> Judged:
    """What the ancestor makes of a request with challenge `index` (None: none of ours) and its nonce."""
    held = ratchet.used
    if index is None or index > held + 1 or index < 1:
        return Judged(False, ratchet, held + 1, NO_ALARM)
    if index == held + 1:
        return Judged(True, Ratchet(index, nonce), index + 1, NO_ALARM)
    if index == held and nonce == ratchet.nonce:
        return Judged(True, ratchet, index + 1, NO_ALARM)
    return Judged(True, ratchet, None, ANOTHER_NONCE if index == held else OLDER_CHALLENGE)
