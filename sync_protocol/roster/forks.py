"""Two changes of a part under one number: the proof of it, and what a ruling of the root says stands."""

from typing import Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed
from sync_protocol.roster.change import Change, Payload, change_values, read_change, read_payload
from sync_protocol.suites import sha256

_FORM: Final = 1


class RosterFork(NamedTuple):
    """Two changes that follow the same one under the same number; the lower H(payload) first."""

    lower: Change
    upper: Change

    @property
    def payload(self) -> Payload:
        """What the lower one says; part, n and prev are those of both."""
        return read_payload(self.lower)

    @property
    def part(self) -> str:
        """The part that is forked."""
        return self.payload.part

    @property
    def split(self) -> int:
        """The number that two changes bear."""
        return self.payload.n

    @property
    def hashes(self) -> tuple[bytes, bytes]:
        """The hashes of both payloads."""
        return sha256(self.lower.payload), sha256(self.upper.payload)


class Ruled(NamedTuple):
    """The changes of a part that stand by a ruling from `split` on; what follows them is of its epoch, or a later."""

    split: int
    hashes: tuple[bytes, ...]
    epoch: int

    @property
    def upto(self) -> int:
        """The last number that is ruled on."""
        return self.split + len(self.hashes) - 1

    def allows(self, n: int, payload_hash: bytes, epoch: int) -> bool:
        """Whether a change of the part may stand at its number."""
        if n > self.upto:
            return epoch >= self.epoch
        return n < self.split or self.hashes[n - self.split] == payload_hash


def prove(one: Change, other: Change) -> RosterFork:
    """The proof that two changes make, in either order. Raises Malformed where they are none."""
    lower, upper = sorted((one, other), key=lambda change: sha256(change.payload))
    return _ordered(RosterFork(lower, upper))


def to_bytes(fork: RosterFork) -> bytes:
    """The bytes that are kept and passed on."""
    return encode([_FORM, change_values(fork.lower), change_values(fork.upper)])


def from_bytes(raw: bytes) -> RosterFork:
    """A proof of the right shape; whether it holds `Roster.forked` says. Raises Malformed, TooLarge."""
    values = decode(raw, limit=limits.ROSTER_FORK)
    if not isinstance(values, list) or len(values) != 3 or values[0] != _FORM:
        raise Malformed(f"roster fork: must be an array of 3 that begins with {_FORM}")
    return _ordered(RosterFork(read_change(values[1]), read_change(values[2])))


def _ordered(fork: RosterFork) -> RosterFork:
    one, other = read_payload(fork.lower), read_payload(fork.upper)
    if (one.part, one.n, one.prev) != (other.part, other.n, other.prev):
        raise Malformed("roster fork: both must be of one part and number, and follow the same change")
    if fork.hashes[0] >= fork.hashes[1]:
        raise Malformed("roster fork: the two must differ, the lower hash first")
    return fork
