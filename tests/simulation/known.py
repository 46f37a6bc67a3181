"""What one story keeps of what it has found out, though thirteen nodes find it out again: values of pure functions.

Whether these bytes are the one encoding of a value, what a header or a body says, what a frame unpacks to, what the
digest of a list is: each is told by the thing alone. What a node holds, and what it makes of it, it reads and works out
itself each time.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any, Final
from unittest import mock

from sync_protocol import encoding, suites
from sync_protocol.case import content
from sync_protocol.exchange import StreamPoint, vector
from sync_protocol.suites import SigningKey
from sync_protocol.wire import packing
from tests.once import KnownKey
from township_node.downlink import answering
from village_node.casebook import dispatch, ledger
from village_node.uplink import conversation

MOST: Final = 20_000
LISTS: Final = 100
FRAMES: Final = 64  # of one call both ends unpack the same two; and a copy of them may come late


@contextmanager
def known() -> Iterator[None]:
    """While this lasts, what was found out of some bytes is not found out of the same bytes again."""
    with ExitStack() as stack:

        def keep(most: int, name: str, *owners: Any) -> None:
            kept = lru_cache(maxsize=most)(getattr(owners[0], name))
            for owner in owners:
                stack.enter_context(mock.patch.object(owner, name, kept))

        stack.enter_context(mock.patch.object(encoding, "_scan", _sound_once(encoding._scan)))
        stack.enter_context(mock.patch.object(SigningKey, "sign", _sign_and_know))
        keep(MOST, "_read", content)
        keep(MOST, "load_header", ledger, dispatch)
        keep(FRAMES, "unpack_content", packing)
        digest = _digest_once(vector.digest)
        for owner in (answering, conversation):
            stack.enter_context(mock.patch.object(owner, "digest", digest))
        yield


def _sign_and_know(key: SigningKey, label: str, network_id: bytes | None, payload: bytes) -> bytes:
    """As `SigningKey.sign`: what a key has just signed need not be held against it by whoever receives it."""
    message = suites.to_be_signed(label, network_id, payload)
    signature = key._key.sign(message)
    verifier: Any = suites._loaded(key.public)
    if isinstance(verifier, KnownKey):
        verifier.know(signature, message)
    return signature


def _sound_once(scan: Callable[[bytes, bool], None]) -> Callable[[bytes, bool], None]:
    """As `scan`: raises Malformed of what is not sound, each time; what is sound is looked through once."""
    sound: set[tuple[bytes, bool]] = set()

    def scanned(raw: bytes, maps: bool) -> None:
        if (raw, maps) not in sound:
            scan(raw, maps)
            if len(sound) >= MOST:
                sound.clear()
            sound.add((raw, maps))

    return scanned


def _digest_once(digest: Callable[[list[StreamPoint]], bytes]) -> Callable[[list[StreamPoint]], bytes]:
    """As `digest`, once for each list: a casebook gives out the same one until something has changed, and nobody may
    change it. The list is kept, so that no other one can be taken for it."""
    digests: dict[int, tuple[list[StreamPoint], bytes]] = {}

    def digested(points: list[StreamPoint]) -> bytes:
        if id(points) not in digests:
            if len(digests) >= LISTS:
                digests.clear()
            digests[id(points)] = (points, digest(points))
        return digests[id(points)][1]

    return digested
