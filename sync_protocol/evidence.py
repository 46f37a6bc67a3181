"""Forks: the proof that one incarnation signed two different events at one position, and the search for where.

A proof names no event and shows no body: item hashes and two seals are enough for anybody who has the roster.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed, ScopeNotAllowed, TooLarge, UnknownIncarnation
from sync_protocol.event import chain as chain_on
from sync_protocol.event import check_bytes, check_int, mark
from sync_protocol.places import UnknownPlace, may_write, parse_scope
from sync_protocol.roster import Roster
from sync_protocol.seal import check as check_seal
from sync_protocol.stream import stream_id
from sync_protocol.suites import SIGNATURE_BYTES

_FORM: Final = 1
_FIELDS: Final = 9
PROBES: Final = 15  # positions asked for at once: each round leaves a sixteenth


class Arm(NamedTuple):
    """One branch from the split on: item hashes up to a position that its author sealed, and that seal."""

    items: tuple[bytes, ...]
    signature: bytes


class ForkProof(NamedTuple):
    """Two arms that begin at position `split` behind the same `base` = h(split - 1); the lower h(split) first."""

    incarnation: bytes
    scope: str
    split: int
    base: bytes
    lower: Arm
    upper: Arm

    @property
    def stream(self) -> tuple[bytes, str]:
        """The stream it is about."""
        return self.incarnation, self.scope

    @property
    def hashes(self) -> tuple[bytes, bytes]:
        """The two chain hashes at the split."""
        return first_hash(self.base, self.lower), first_hash(self.base, self.upper)


def first_hash(base: bytes, arm: Arm) -> bytes:
    """h(split) on an arm."""
    return chain_on(base, arm.items[0])


def last_hash(base: bytes, arm: Arm) -> bytes:
    """The chain hash that the arm's seal is over."""
    for item in arm.items:
        base = chain_on(base, item)
    return base


def prove(incarnation: bytes, scope: str, split: int, base: bytes, one: Arm, other: Arm) -> ForkProof:
    """The proof made of two arms, in either order. Raises Malformed where both begin with the same event."""
    lower, upper = sorted((one, other), key=lambda arm: first_hash(base, arm))
    return _ordered(ForkProof(incarnation, scope, split, base, lower, upper))


def to_bytes(proof: ForkProof) -> bytes:
    """The bytes that are kept and passed on."""
    arms = [part for arm in (proof.lower, proof.upper) for part in (list(arm.items), arm.signature)]
    return encode([_FORM, *proof[:4], *arms])


def from_bytes(raw: bytes) -> ForkProof:
    """A proof of the right shape; whether it holds `check` says. Raises Malformed, TooLarge."""
    values = decode(raw, limit=limits.FORK_PROOF)
    if not isinstance(values, list) or len(values) != _FIELDS or values[0] != _FORM:
        raise Malformed(f"fork proof: must be an array of {_FIELDS} that begins with {_FORM}")
    _, incarnation, scope, split, base, *arms = values
    check_bytes("fork proof incarnation", incarnation, limits.INCARNATION)
    if type(scope) is not str:
        raise Malformed("fork proof scope: must be a text")
    parse_scope(scope)
    check_int("fork proof split", split, 1, limits.INT_MAX - limits.SEGMENT_EVENTS)
    check_bytes("fork proof base", base, limits.HASH)
    lower, upper = read_arm(*arms[:2]), read_arm(*arms[2:])
    return _ordered(ForkProof(incarnation, scope, split, base, lower, upper))


def _ordered(proof: ForkProof) -> ForkProof:
    if proof.hashes[0] >= proof.hashes[1]:
        raise Malformed("fork proof: the arms must differ at the split, the lower hash first")
    return proof


def read_arm(items: Any, signature: Any) -> Arm:
    """An arm of the right shape. Raises Malformed, TooLarge."""
    if not isinstance(items, list) or not items:
        raise Malformed("arm: its items must be an array of at least one")
    if len(items) > limits.SEGMENT_EVENTS:
        raise TooLarge(f"arm: {len(items)} items, at most {limits.SEGMENT_EVENTS}")
    for item in items:
        check_bytes("arm item", item, limits.HASH)
    check_bytes("arm seal", signature, SIGNATURE_BYTES)
    return Arm(tuple(items), signature)


def check(proof: ForkProof, roster: Roster) -> None:
    """Raises BadSeal, ScopeNotAllowed unless that incarnation sealed both arms, UnknownIncarnation while it is not
    known here. The shape was judged by `from_bytes` or `prove`."""
    for arm in (proof.lower, proof.upper):
        check_arm(roster, proof.incarnation, proof.scope, proof.split, proof.base, arm)


def check_arm(roster: Roster, incarnation: bytes, scope: str, split: int, base: bytes, arm: Arm) -> None:
    """Raises BadSeal, ScopeNotAllowed unless the author sealed this arm, UnknownIncarnation while he is not known."""
    author = roster.node(incarnation)
    if author is None:
        raise UnknownIncarnation(f"the roster here does not know {incarnation.hex()}")
    try:
        if not may_write(roster.places, author.place, scope):
            raise ScopeNotAllowed(f"{author.place} may not write into {scope}")
    except UnknownPlace as error:
        raise UnknownIncarnation(f"the roster here does not know the place of {scope}: {error}") from None
    stream = stream_id(roster.network_id, incarnation, scope, author.suite)
    last = split + len(arm.items) - 1
    # The seal is over a hash that only this base and these items lead to: a made-up base would not verify.
    check_seal(author.suite, author.public, roster.network_id, stream, last, last_hash(base, arm), arm.signature)


class Search(NamedTuple):
    """Where two branches part: they are equal at `same` (0: the stream id) and differ at `differs`."""

    same: int
    differs: int

    @property
    def found(self) -> bool:
        """Whether `differs` is the first position that differs."""
        return self.differs == self.same + 1

    def asks(self) -> list[int]:
        """The next positions to compare, ascending and evenly spread; none once it is found."""
        between = self.differs - self.same - 1
        count = min(between, PROBES)
        return [self.same + (step * (between + 1)) // (count + 1) for step in range(1, count + 1)]

    def told(self, mine: Mapping[int, bytes], theirs: Mapping[int, bytes]) -> "Search":
        """Narrowed by marks of both sides; a position that one side does not have says nothing."""
        same, differs = self
        for seq in sorted(mine.keys() & theirs.keys()):
            if not same < seq < differs:
                continue
            if mark(mine[seq]) == mark(theirs[seq]):
                same = seq
            else:
                differs = seq
        return Search(same, differs)
