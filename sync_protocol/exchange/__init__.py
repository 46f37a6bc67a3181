"""The exchange as values: vectors and digest, what is owed, the challenge ratchet, frames, messages, the waiting token.

Nothing here reads a clock, a socket or a database. The child's half is driven by `village_node.uplink`, the
ancestor's by `township_node.downlink`; section 7 of PROTOCOL.md is the normative text.
"""

from sync_protocol.exchange.budget import FrameBudget
from sync_protocol.exchange.content import (
    PARKED,
    REFUSED,
    VERSION,
    Answer,
    Body,
    Content,
    Hello,
    ReceiptLine,
    RefusedSegment,
    Want,
    content_map,
    pack_receipt,
    read_content,
)
from sync_protocol.exchange.heads import RosterHead, changes_lacking, roster_heads
from sync_protocol.exchange.lines import Lines, LinesAsked
from sync_protocol.exchange.message import (
    Parties,
    Request,
    check_request,
    open_reply,
    read_refusal,
    read_request,
    refusal_bytes,
    reply_bytes,
    request_bytes,
)
from sync_protocol.exchange.owing import EventsOwed, PeerView, Plan, ReceiptOwed, plan
from sync_protocol.exchange.ratchet import (
    ANOTHER_NONCE,
    NO_ALARM,
    NONCE_BYTES,
    OLDER_CHALLENGE,
    RESTORED,
    SECRET_BYTES,
    Judged,
    Ratchet,
    challenge,
    challenge_index,
    judge,
)
from sync_protocol.exchange.vector import Stream, StreamPoint, digest, other_side, read_vector, vector_values
from sync_protocol.exchange.waiting import COME, WaitToken, check_wait_token, read_wait_token, wait_token

__all__ = [
    "ANOTHER_NONCE",
    "COME",
    "NONCE_BYTES",
    "NO_ALARM",
    "OLDER_CHALLENGE",
    "PARKED",
    "REFUSED",
    "RESTORED",
    "SECRET_BYTES",
    "VERSION",
    "Answer",
    "Body",
    "Content",
    "EventsOwed",
    "FrameBudget",
    "Hello",
    "Judged",
    "Lines",
    "LinesAsked",
    "Parties",
    "PeerView",
    "Plan",
    "Ratchet",
    "ReceiptLine",
    "ReceiptOwed",
    "RefusedSegment",
    "Request",
    "RosterHead",
    "Stream",
    "StreamPoint",
    "WaitToken",
    "Want",
    "challenge",
    "challenge_index",
    "changes_lacking",
    "check_request",
    "check_wait_token",
    "content_map",
    "digest",
    "judge",
    "open_reply",
    "other_side",
    "pack_receipt",
    "plan",
    "read_content",
    "read_refusal",
    "read_request",
    "read_vector",
    "read_wait_token",
    "refusal_bytes",
    "reply_bytes",
    "request_bytes",
    "roster_heads",
    "vector_values",
    "wait_token",
]
