"""The bundle: what a courier carries on a stick. A signed head in the clear, and parts that one place alone can open.

Nothing here knows what a slice says: it is a body as an exchange packs it, and passes the same gate when it is opened.
Sealing is a wrapper of the road: it enters no hash of an event, and who receives keeps what was sealed, not the seal.
Section 14 of PROTOCOL.md is the normative text.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed, NeedsUpdate, NoSuchVersion, TooLarge
from sync_protocol.event import check_bytes, check_ext, check_int
from sync_protocol.places import parse_scope, valid_code
from sync_protocol.roster import Change, change_values, read_change
from sync_protocol.suites import (
    SIGNATURE_BYTES,
    NotOpened,
    OpeningKey,
    SigningKey,
    decrypt,
    encrypt,
    may_be_sealed,
    seal_to,
    sealing_suite,
    sha256,
    verify,
)

NAME: Final = "sanji-bundle"
FORM: Final = 1
SLICES: Final = 3  # the version of the exchange whose bodies the slices are: a program of that time reads them
SLICES_MIXED: Final = 4  # the same, with keys of the suite `s1q` in the head
EVENTS: Final = 1  # kinds of parts
BLOBS: Final = 2
ID_BYTES: Final = 16
KEY_BYTES: Final = 32  # of a part's key
_TAG: Final = 16
_LENGTH: Final = 4
# What every head begins with, so that it is found whatever its file is called.
BEGINS: Final = encode([NAME, FORM, 0, 0])[: 2 + len(NAME)]


class BlobChunk(NamedTuple):
    """One whole chunk of a file, counted from 0."""

    scope: str
    hash: bytes
    number: int
    raw: bytes


class Part(NamedTuple):
    """One file beside the head: what is in it, its bytes and hash, how many events, and its key for each recipient."""

    kind: int
    size: int
    hash: bytes
    events: int
    wrapped: tuple[bytes, ...]


@dataclass(frozen=True)
class Head:
    """What the head says. Who wrote it is only a claim until `check_head`.

    ``number``: which bundle of its sender's life it is. ``time``: ms since 1970, a claim. ``exchange``: the version of
    the exchange in whose form the slices are. ``key``: bundles for the sender's place are sealed to it from now on.
    ``changes``: of the roster; the sender may be known by them alone.
    """

    network_id: bytes
    bundle_id: bytes
    sender: bytes
    number: int
    time: int
    exchange: int
    recipients: tuple[str, ...]
    key: bytes | None
    parts: tuple[Part, ...] = ()
    ext: dict[int, Any] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    payload: bytes = b""
    signature: bytes = b""


def slices_for(keys: Iterable[bytes | None]) -> int:
    """Which version the slices of a bundle are named by that has these sealing keys, or what is sealed to them."""
    return SLICES if all(key is None or sealing_suite(key) == "s1" for key in keys) else SLICES_MIXED


def head_bytes(head: Head, key: SigningKey) -> bytes:
    """The head as it is written, signed with the key of its sender. Raises TooLarge."""
    parts = [[part.kind, part.size, part.hash, part.events, list(part.wrapped)] for part in head.parts]
    payload = encode(
        [
            head.network_id,
            head.bundle_id,
            head.sender,
            head.number,
            head.time,
            head.exchange,
            list(head.recipients),
            head.key,
            parts,
            [change_values(change) for change in head.changes],
            head.ext,
        ]
    )
    signature = key.sign("bundle", head.network_id, payload)
    raw = encode([NAME, FORM, payload, signature])
    if len(raw) > limits.BUNDLE_HEAD:
        raise TooLarge(f"head of {len(raw)} bytes, at most {limits.BUNDLE_HEAD}")
    return raw


def read_head(raw: bytes) -> Head:
    """The head in these bytes; nothing of it is proved yet. Raises Malformed, TooLarge, NoSuchVersion, NeedsUpdate."""
    outer = decode(raw, limit=limits.BUNDLE_HEAD)
    if not isinstance(outer, list) or len(outer) < 2 or outer[0] != NAME:
        raise Malformed("bundle: not a head")
    if outer[1] != FORM:
        raise NoSuchVersion(f"bundle: form {outer[1]!r} there, {FORM} here; update the older side")
    if len(outer) != 4 or type(outer[2]) is not bytes:
        raise Malformed("bundle: a head must be [name, form, payload, signature]")
    _, _, payload, signature = outer
    check_bytes("bundle signature", signature, SIGNATURE_BYTES)
    value = decode(payload, limit=limits.BUNDLE_HEAD)
    if not isinstance(value, list) or len(value) != 11:
        raise Malformed("bundle: the payload must be an array of 11")
    network_id, bundle_id, sender, number, time, exchange, recipients, key, parts, changes, ext = value
    check_bytes("bundle network id", network_id, limits.HASH)
    check_bytes("bundle id", bundle_id, ID_BYTES)
    check_bytes("bundle sender", sender, limits.INCARNATION)
    check_int("bundle number", number, 1, limits.INT_MAX)
    check_int("bundle time", time, limits.INT_MIN, limits.INT_MAX)
    check_int("bundle exchange", exchange, 1, 0xFFFF)
    if key is not None:
        sealing_suite(key)
    check_ext(ext)
    if any(number < 0 for number in ext):
        raise NeedsUpdate(f"bundle: field {min(ext)} must be understood and is not known here")
    named = _read_recipients(recipients)
    return Head(
        network_id,
        bundle_id,
        sender,
        number,
        time,
        exchange,
        named,
        key,
        _read_parts(parts, len(named)),
        ext,
        _read_changes(changes),
        payload,
        signature,
    )


def _read_changes(value: Any) -> tuple[Change, ...]:
    if not isinstance(value, list):
        raise Malformed("bundle changes: must be an array")
    if len(value) > limits.ROSTER_CHANGES_A_MESSAGE:
        raise TooLarge(f"bundle changes: {len(value)}, at most {limits.ROSTER_CHANGES_A_MESSAGE}")
    return tuple(read_change(change) for change in value)


def _read_recipients(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise Malformed("bundle recipients: must be an array of at least one place code")
    if len(value) > limits.BUNDLE_RECIPIENTS:
        raise TooLarge(f"bundle recipients: {len(value)}, at most {limits.BUNDLE_RECIPIENTS}")
    if not all(type(code) is str and valid_code(code) for code in value) or len(set(value)) != len(value):
        raise Malformed("bundle recipients: must be place codes, each once")
    return tuple(value)


def _read_parts(value: Any, recipients: int) -> tuple[Part, ...]:
    if not isinstance(value, list):
        raise Malformed("bundle parts: must be an array")
    if len(value) > limits.BUNDLE_PARTS:
        raise TooLarge(f"bundle parts: {len(value)}, at most {limits.BUNDLE_PARTS}")
    parts = []
    for row in value:
        if not isinstance(row, list) or len(row) != 5 or not isinstance(row[4], list) or len(row[4]) != recipients:
            raise Malformed("bundle part: must be [kind, size, hash, events, [one key for each recipient]]")
        kind, size, part_hash, events, wrapped = row
        check_int("bundle part kind", kind, 1, 0xFF)
        largest = limits.EVENT_PART if kind == EVENTS else limits.BLOB_PART
        check_int("bundle part size", size, _TAG + 1, limits.INT_MAX)
        if size > largest:
            raise TooLarge(f"bundle part: {size} bytes, at most {largest}")
        check_bytes("bundle part hash", part_hash, limits.HASH)
        check_int("bundle part events", events, 0, limits.INT_MAX)
        if not all(type(each) is bytes and may_be_sealed(len(each), KEY_BYTES) for each in wrapped):
            raise Malformed("bundle part key: must be bytes, as many as sealing a key makes")
        parts.append(Part(kind, size, part_hash, events, tuple(wrapped)))
    return tuple(parts)


def check_head(head: Head, suite: int, public: bytes) -> None:
    """Return if the sender's key (from the roster) signed this head. Raises BadSignature."""
    verify(suite, public, "bundle", head.network_id, head.payload, head.signature)


def wrap_key(
    part_key: bytes, network_id: bytes, bundle_id: bytes, number: int, recipients: Iterable[tuple[str, bytes]]
) -> tuple[bytes, ...]:
    """A part's key, sealed to each (place, public key of that place); parts count from 1. Raises WeakKey."""
    return tuple(seal_to(public, _info(network_id, bundle_id, number, place), part_key) for place, public in recipients)


def _info(network_id: bytes, bundle_id: bytes, number: int, place: str) -> bytes:
    return encode(["sanji/1/bundle", network_id, bundle_id, number, place])


def part_bytes(part_key: bytes, bundle_id: bytes, number: int, records: Sequence[bytes], kind: int = EVENTS) -> bytes:
    """The file of a part: its slices, or its chunks of files, one after another, encrypted in chunks. Raises
    TooLarge."""
    most = limits.EVENT_PART if kind == EVENTS else limits.BLOB_PART
    if part_size(records) > most:
        raise TooLarge(f"part of {part_size(records)} bytes, at most {most}")
    plain = b"".join(piece for each in records for piece in (len(each).to_bytes(_LENGTH), each))
    starts = range(0, len(plain), limits.BUNDLE_CHUNK)
    about = _about(bundle_id, number)
    return b"".join(
        encrypt(part_key, _nonce(index, index == len(starts) - 1), about, plain[start : start + limits.BUNDLE_CHUNK])
        for index, start in enumerate(starts)
    )


def part_size(records: Iterable[bytes]) -> int:
    """The bytes of the file that these slices, or chunks of files, make."""
    plain = sum(_LENGTH + len(each) for each in records)
    return plain + _TAG * -(-plain // limits.BUNDLE_CHUNK)


def blob_record(chunk: BlobChunk) -> bytes:
    """A chunk of a file as it stands in a part."""
    return encode(list(chunk))


def open_part(head: Head, number: int, raw: bytes, place: str, keys: Iterable[OpeningKey]) -> list[bytes]:
    """The slices of part ``number`` (from 1) in these bytes, for one of the recipients. Everything is opened before
    anything is given.

    Raises Malformed for other bytes than the head says, NotOpened where none of the keys opens it.
    """
    return list(_records(head, number, raw, place, keys, limits.EVENT_PART))


def open_blobs(head: Head, number: int, raw: bytes, place: str, keys: Iterable[OpeningKey]) -> Iterator[BlobChunk]:
    """The chunks of files in part ``number``, one after another: a whole part is more than a small machine should
    hold twice. Whether all of it opens is known at its end. Raises Malformed, TooLarge, NotOpened."""
    for record in _records(head, number, raw, place, keys, limits.BLOB_RECORD):
        yield _blob_chunk(record)


def _blob_chunk(record: bytes) -> BlobChunk:
    value = decode(record, limit=limits.BLOB_RECORD)
    if not isinstance(value, list) or len(value) != 4:
        raise Malformed("chunk of a blob: must be [scope, hash, number, bytes]")
    scope, blob, number, raw = value
    if type(scope) is not str:
        raise Malformed("chunk of a blob: the scope must be text")
    parse_scope(scope)
    check_bytes("chunk of a blob: hash", blob, limits.HASH)
    check_int("chunk of a blob: number", number, 0, limits.BLOB // limits.BLOB_CHUNK - 1)
    if type(raw) is not bytes or not 1 <= len(raw) <= limits.BLOB_CHUNK:
        raise Malformed("chunk of a blob: must be bytes of one chunk")
    return BlobChunk(scope, blob, number, raw)


def is_part(part: Part, raw: bytes) -> bool:
    """Whether these are the bytes of that part, as its sender signed them."""
    return len(raw) == part.size and sha256(raw) == part.hash


def _unwrapped(head: Head, number: int, place: str, keys: Iterable[OpeningKey]) -> bytes:
    info = _info(head.network_id, head.bundle_id, number, place)
    wrapped = head.parts[number - 1].wrapped[head.recipients.index(place)]
    for key in keys:
        try:
            return key.open(info, wrapped)
        except NotOpened:
            continue
    raise NotOpened("sealed to another key of this place")


def _records(head: Head, number: int, raw: bytes, place: str, keys: Iterable[OpeningKey], most: int) -> Iterator[bytes]:
    """What a part is made of, each of at most so many bytes; no more of it is opened than is asked for."""
    if not is_part(head.parts[number - 1], raw):
        raise Malformed(f"part {number}: not the bytes that the head names")
    part_key = _unwrapped(head, number, place, keys)
    about, whole = _about(head.bundle_id, number), limits.BUNDLE_CHUNK + _TAG
    starts = range(0, len(raw), whole)
    left = b""
    for index, start in enumerate(starts):
        last = index == len(starts) - 1
        left += decrypt(part_key, _nonce(index, last), about, raw[start : start + whole])
        at = 0
        while len(left) - at >= _LENGTH:
            length = int.from_bytes(left[at : at + _LENGTH])
            if not 1 <= length <= most:
                raise Malformed(f"part {number}: a slice of {length} bytes")
            if at + _LENGTH + length > len(left):
                break
            yield left[at + _LENGTH : at + _LENGTH + length]
            at += _LENGTH + length
        left = left[at:]
    if left:
        raise Malformed(f"part {number}: a slice does not end where it says")


def _about(bundle_id: bytes, number: int) -> bytes:
    return bundle_id + number.to_bytes(8)


def _nonce(index: int, last: bool) -> bytes:
    """A counter and whether it is the last: a chunk more, less or elsewhere opens no more."""
    return bytes(7) + index.to_bytes(4) + bytes((last,))
