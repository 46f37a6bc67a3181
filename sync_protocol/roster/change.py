"""A change of the roster: one signed link of a part's chain, its ops, and their forms."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import check_bytes, check_ext, check_int
from sync_protocol.places import parse_scope, valid_code
from sync_protocol.suites import SIGNATURE_BYTES, SigningKey, sha256

ROOT: Final = 1
PUBLISHER: Final = 2
PLACE: Final = 3
NODE: Final = 4
REVOKE: Final = 6
SUCCEED: Final = 7
RULING: Final = 8

NO_PREVIOUS: Final = bytes(limits.HASH)
_KEY_ID: Final = 8

Key = tuple[int, bytes]  # suite, public key
Op = list[Any]


class Change(NamedTuple):
    """One signed link of a part's chain. Each signature comes with the id of its key."""

    payload: bytes
    signatures: tuple[tuple[bytes, bytes], ...]


class Payload(NamedTuple):
    """What a change says."""

    part: str
    epoch: int
    n: int
    prev: bytes
    time: int
    ops: list[Op]


def key_id(public: bytes) -> bytes:
    """The 8 bytes by which a signature names its key."""
    return sha256(public)[:_KEY_ID]


def is_known(op: Op) -> bool:
    """Whether this program understands the op and the extensions it insists on."""
    return op[0] in (ROOT, PUBLISHER, NODE, REVOKE, SUCCEED, RULING) or (
        op[0] == PLACE and not any(key < 0 for key in op[5])
    )


def keys_named(op: Op) -> list[Key]:
    """The keys that an op brings in."""
    if op[0] == ROOT:
        return [(suite, public) for suite, public in op[2]]
    if op[0] == PUBLISHER:
        return [(op[1], op[2])]
    return [(op[3], op[4])] if op[0] == NODE else []


def read_payload(change: Change) -> Payload:
    """What a change says, shape checked, nothing judged. Raises Malformed, TooLarge."""
    value = decode(change.payload, limit=limits.ROSTER_CHANGE)
    if type(value) is not list or len(value) != 6:
        raise Malformed("roster payload: must be [part, epoch, n, prev, time, ops]")
    payload = Payload(*value)
    if type(payload.part) is not str or not valid_code(payload.part):
        raise Malformed("roster part: must be a place code")
    check_int("roster epoch", payload.epoch, 1, limits.INT_MAX)
    check_int("roster n", payload.n, 1, limits.INT_MAX)
    check_bytes("roster prev", payload.prev, limits.HASH)
    check_int("roster time", payload.time, limits.INT_MIN, limits.INT_MAX)
    if type(payload.ops) is not list or not payload.ops:
        raise Malformed("roster ops: must be an array of at least one")
    if len(payload.ops) > limits.ROSTER_OPS:
        raise TooLarge(f"roster ops: {len(payload.ops)}, at most {limits.ROSTER_OPS}")
    for op in payload.ops:
        _check_op(op)
    return payload


def _check_op(op: Any) -> None:
    if type(op) is not list or not op or type(op[0]) is not int:
        raise Malformed("roster op: must be an array that begins with its number")
    form = {ROOT: (int, list), PUBLISHER: (int, bytes), PLACE: (str, str, (str, type(None)), str, dict)}
    form[NODE] = (bytes, str, int, bytes, bytes)
    form[REVOKE] = (bytes, list, int)
    form[SUCCEED] = (str, str)
    form[RULING] = (str, int, list, list)
    types = form.get(op[0])
    if types is None:
        return
    if len(op) != len(types) + 1 or not all(
        isinstance(value, kind) and type(value) is not bool for value, kind in zip(op[1:], types, strict=True)
    ):
        raise Malformed(f"roster op {op[0]}: not of its form")
    if op[0] == ROOT:
        if len(op[2]) > limits.ROOT_KEYS:
            raise TooLarge(f"root: {len(op[2])} keys, at most {limits.ROOT_KEYS}")
        for key in op[2]:
            if type(key) is not list or [type(part) for part in key] != [int, bytes]:
                raise Malformed("root: each key must be [suite, public key]")
    elif op[0] == PLACE:
        check_ext(op[5])
    elif op[0] == NODE:
        check_bytes("node incarnation", op[1], limits.INCARNATION)
    elif op[0] == REVOKE:
        _check_revocation(op)
    elif op[0] == RULING:
        _check_ruling(op)


def _check_revocation(op: Op) -> None:
    check_bytes("revoked incarnation", op[1], limits.INCARNATION)
    check_int("revocation upto", op[3], 0, limits.INT_MAX)
    if len(op[2]) > limits.REVOKED_STREAMS:
        raise TooLarge(f"revocation: {len(op[2])} streams, at most {limits.REVOKED_STREAMS}")
    for cut in op[2]:
        if type(cut) is not list or [type(value) for value in cut] != [str, int, bytes]:
            raise Malformed("revocation: each cut must be [scope, seq, hash]")
        parse_scope(cut[0])
        check_int("revocation seq", cut[1], 1, limits.INT_MAX)
        check_bytes("revocation hash", cut[2], limits.HASH)
    scopes = [cut[0] for cut in op[2]]
    if scopes != sorted(set(scopes)):
        raise Malformed("revocation: its scopes must ascend, none twice")


def _check_ruling(op: Op) -> None:
    check_int("ruling split", op[2], 1, limits.INT_MAX - limits.RULED_CHANGES)
    if not 1 <= len(op[3]) <= limits.RULED_CHANGES:
        raise TooLarge(f"ruling: {len(op[3])} changes that stand, from 1 to {limits.RULED_CHANGES}")
    for each in op[3]:
        check_bytes("ruling hash", each, limits.HASH)
    for row in op[4]:
        if type(row) is not list or [type(value) for value in row] != [bytes, str, int, bytes]:
            raise Malformed("ruling: each node struck must be [incarnation, place, suite, public key]")
        check_bytes("ruling incarnation", row[0], limits.INCARNATION)


def change_values(change: Change) -> list[Any]:
    """The change as it travels: [payload, [[key id, signature], ...]]."""
    return [change.payload, [list(signature) for signature in change.signatures]]


def read_change(value: Any) -> Change:
    """A change from the values it travelled as. Raises Malformed, TooLarge."""
    if type(value) is not list or len(value) != 2 or type(value[0]) is not bytes or type(value[1]) is not list:
        raise Malformed("roster change: must be [payload, [[key id, signature], ...]]")
    if len(value[1]) > limits.ROSTER_SIGNATURES:
        raise TooLarge(f"roster change: {len(value[1])} signatures, at most {limits.ROSTER_SIGNATURES}")
    for signature in value[1]:
        if type(signature) is not list or len(signature) != 2:
            raise Malformed("roster signature: must be [key id, signature]")
        check_bytes("roster key id", signature[0], _KEY_ID)
        check_bytes("roster signature", signature[1], SIGNATURE_BYTES)
    change = Change(value[0], tuple((name, signature) for name, signature in value[1]))
    _check_size(change)
    return change


def _check_size(change: Change) -> None:
    size = len(encode(change_values(change)))
    if size > limits.ROSTER_CHANGE:
        raise TooLarge(f"roster change of {size} bytes, at most {limits.ROSTER_CHANGE}")


def root_op(threshold: int, keys: Sequence[Key]) -> Op:
    """Who may replace the publisher, and how many of them it takes."""
    return [ROOT, threshold, [list(key) for key in keys]]


def publisher_op(key: Key) -> Op:
    """Whose signature names places and nodes in the county part."""
    return [PUBLISHER, *key]


def place_op(code: str, level: str, parent: str | None, name: str) -> Op:
    """A place, or a new name for one."""
    return [PLACE, code, level, parent, name, {}]


def ruling_op(part: str, split: int, stands: Sequence[bytes], struck: Sequence[Sequence[Any]]) -> Op:
    """Which changes of a part stand from a number on, by their hashes, and which nodes named beside them do not."""
    return [RULING, part, split, list(stands), [list(row) for row in struck]]


def revoke_op(incarnation: bytes, cuts: Iterable[tuple[str, int, bytes]], upto: int = 0) -> Op:
    """Up to where each stream of an incarnation stands; what it has signed of its place's part stands up to `upto`."""
    return [REVOKE, incarnation, [list(cut) for cut in sorted(cuts)], upto]


def succeed_op(code: str, successor: str) -> Op:
    """One place is merged into another, which goes on with what was its."""
    return [SUCCEED, code, successor]


def sign_change(network_id: bytes, payload: Payload, keys: Iterable[SigningKey]) -> Change:
    """The change that says this, signed by all these keys. Raises TooLarge: publish it in several."""
    raw = encode(list(payload))
    if len(payload.ops) > limits.ROSTER_OPS:
        raise TooLarge(f"roster change: {len(payload.ops)} ops, at most {limits.ROSTER_OPS}; publish it in several")
    change = Change(raw, tuple((key_id(key.public), key.sign("roster", network_id, raw)) for key in keys))
    _check_size(change)
    return change


def found(root_key: SigningKey, publisher_key: SigningKey, county_code: str, county_name: str, time: int) -> Change:
    """Change 1 of a new network: its root, its publishing key, its county. `time`: ms since 1970."""
    root = root_op(1, [(root_key.suite, root_key.public)])
    ops = [
        root,
        publisher_op((publisher_key.suite, publisher_key.public)),
        place_op(county_code, "county", None, county_name),
    ]
    payload = Payload(county_code, 1, 1, NO_PREVIOUS, time, ops)
    return sign_change(sha256(encode(root)), payload, [root_key])


def enrolment_payload(place: str, level: str, name: str, suite: int, incarnation: bytes, public: bytes) -> bytes:
    """What the proof of an enrolment signs."""
    return encode([1, place, level, name, suite, incarnation, public])
