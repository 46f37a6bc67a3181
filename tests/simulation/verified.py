"""A signature that was found to be good once is good wherever else it is looked at: thirteen nodes look at each.

Whether a signature is that key's over these bytes depends on nothing else. What was not good is looked at every time.
"""

from collections.abc import Callable
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LONGEST: Final = 1024  # bytes: seals, receipts and the roster go round, a message is looked at once


class RememberingKey:
    """A public key that remembers what it has signed."""

    def __init__(self, public: bytes) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(public)
        self._good: set[tuple[bytes, bytes]] = set()

    def verify(self, signature: bytes, signed: bytes) -> None:
        """As the key itself does it. Raises InvalidSignature."""
        if (signature, signed) not in self._good:
            self._key.verify(signature, signed)
            if len(signed) <= LONGEST:
                self._good.add((signature, signed))


def remembering() -> Callable[[bytes], RememberingKey]:
    """What stands in place of `sync_protocol.suites._loaded` while one story is played."""
    return cache(RememberingKey)
