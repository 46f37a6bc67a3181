"""The seal: the author's signature over one position of a stream, which covers every event up to it."""

from sync_protocol.encoding import encode
from sync_protocol.errors import BadSeal, BadSignature
from sync_protocol.event import Head
from sync_protocol.suites import SigningKey, verify


def _payload(stream: bytes, seq: int, chain_hash: bytes) -> bytes:
    return encode([stream, seq, chain_hash])


def seal(key: SigningKey, network_id: bytes, stream: bytes, head: Head) -> bytes:
    """The 64 bytes that close a segment at `head`."""
    return key.sign("seal", network_id, _payload(stream, head.seq, head.hash))


def check(
    suite: int, public: bytes, network_id: bytes, stream: bytes, seq: int, chain_hash: bytes, signature: bytes
) -> None:
    """Return if the author's key sealed this position. Raises BadSeal."""
    try:
        verify(suite, public, "seal", network_id, _payload(stream, seq, chain_hash), signature)
    except BadSignature as error:
        raise BadSeal(f"at {seq}: {error}") from None
