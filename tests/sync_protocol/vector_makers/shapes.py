"""What several vector files have in common."""

from typing import Any

from sync_protocol.encoding import encode
from sync_protocol.roster import Change, change_values
from tests.sync_protocol import sample
from tests.sync_protocol.sample import NETWORK

Vector = dict[str, Any]


def change_hex(change: Change) -> str:
    """D(change)."""
    return encode(change_values(change)).hex()


def network() -> Vector:
    """What makes a file complete in itself."""
    return {"network_id": NETWORK.hex(), "roster": [change_hex(change) for change in sample.CHANGES]}


def flipped(text: str) -> str:
    """Hexadecimal with one bit changed, in the middle."""
    raw = bytearray.fromhex(text)
    raw[len(raw) // 2] ^= 1
    return raw.hex()
