"""The stream: everything one incarnation wrote into one scope, and how the next event is appended to it."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from sync_protocol import limits
from sync_protocol.encoding import encode
from sync_protocol.errors import Malformed
from sync_protocol.event import (
    Dep,
    Event,
    Header,
    Position,
    chain,
    check_body,
    check_bytes,
    check_header,
    commitment,
    encode_header,
    item_hash,
)
from sync_protocol.event import (
    Head as Head,
)
from sync_protocol.suites import sha256


class Opens(Enum):
    """Stands for the case id of an event that opens a case: the position decides it."""

    OPENS = "opens"


OPENS: Final = Opens.OPENS


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before it has a position. `apart` says where the body goes; the registry of kinds decides it."""

    kind: int
    kind_version: int
    case_id: bytes | Opens | None
    hlc: int
    claimed: int
    actor: str
    body: bytes
    apart: bool
    after: Position | None = None
    deps: tuple[Dep, ...] = ()
    ext: dict[int, Any] = field(default_factory=dict)


def stream_id(network_id: bytes, incarnation: bytes, scope: str, suite: int) -> bytes:
    """32 bytes, which are also h(0)."""
    return sha256(encode(["sanji/stream/1", network_id, incarnation, scope, suite]))


def opened_case_id(stream: bytes, seq: int, committed: bytes) -> bytes:
    """The id of the case that the event at this position opens; `committed`: its commitment, or the hash of its inline
    body. So two lives of one identity never open two cases under one id, though they write at the same positions."""
    return sha256(stream + seq.to_bytes(8, "big") + committed)[: limits.CASE_ID]


def append(stream: bytes, head: Head, draft: Draft, salt: bytes | None) -> Event:
    """The event that follows `head` (Head(0, stream id) for the first).

    `salt` is 16 fresh random bytes for a body apart, None for an inline one. Raises Malformed or TooLarge, naming the
    field.
    """
    seq = head.seq + 1
    commits = None
    if draft.apart:
        check_body(draft.body)
        check_bytes("salt", salt, limits.SALT)
        assert salt is not None
        commits = commitment(salt, draft.body)
    elif salt is not None:
        raise Malformed("salt: an inline body has none")
    header = check_header(
        Header(
            seq,
            draft.kind,
            draft.kind_version,
            opened_case_id(stream, seq, commits or sha256(draft.body))
            if isinstance(draft.case_id, Opens)
            else draft.case_id,
            draft.after,
            draft.deps,
            draft.hlc,
            draft.claimed,
            draft.actor,
            None if draft.apart else draft.body,
            commits,
            draft.ext,
        )
    )
    raw = encode_header(header)
    return Event(header, raw, chain(head.hash, item_hash(raw)), salt, draft.body if draft.apart else None)
