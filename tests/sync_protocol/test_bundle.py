"""Bundles as bytes: what the vectors say, what a second reader opens, and what no other bytes pass for."""

import json
import random
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag

from sync_protocol import bundle, limits
from sync_protocol.bundle import (
    BLOBS,
    EVENTS,
    BlobChunk,
    Head,
    Part,
    blob_record,
    check_head,
    open_blobs,
    open_part,
    part_bytes,
    part_size,
    read_head,
    wrap_key,
)
from sync_protocol.encoding import encode
from sync_protocol.errors import BY_CODE, BadSignature, Malformed, ProtocolError, TooLarge
from sync_protocol.suites import NotOpened, OpeningKey, encrypt, sha256
from sync_protocol.wire import unpack_body
from tests import bundle_reader, second_reader
from tests.sync_protocol import sample
from tests.sync_protocol.sample import NETWORK, TIME, TOWNSHIP, VILLAGE

FILE = Path(__file__).parent / "vectors" / "bundles.json"
BOOK: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
REFUSALS = (InvalidSignature, InvalidTag, cbor2.CBORError, ValueError, TypeError, LookupError, AttributeError)
TOWNSHIP_KEY = OpeningKey(sha256(b"township"))
ID, PART_KEY = bytes(range(16)), sha256(b"a part")


def opened(case: dict[str, Any]) -> list[list[bytes]]:
    """A bundle of the vectors as our own reader opens it. Raises ProtocolError, NotOpened."""
    head = read_head(bytes.fromhex(case["head"]))
    node = sample.ROSTER.node(head.sender)
    assert node is not None
    check_head(head, node.suite, node.public)
    keys = [OpeningKey(bytes.fromhex(case["opening_seed"]))]
    found = []
    for number, raw in enumerate(case["parts"], start=1):
        told = head, number, bytes.fromhex(raw), case["place"], keys
        if head.parts[number - 1].kind == EVENTS:
            found.append(open_part(*told))
        else:
            found.append([blob_record(each) for each in open_blobs(*told)])
    return found


def one(slices: list[bytes], part_key: bytes = PART_KEY) -> tuple[Head, bytes]:
    """A village's bundle of one part for the township, and the part's file."""
    raw = part_bytes(part_key, ID, 1, slices)
    wrapped = wrap_key(part_key, NETWORK, ID, 1, [(TOWNSHIP, TOWNSHIP_KEY.public)])
    part = Part(EVENTS, len(raw), sha256(raw), 3, wrapped)
    return Head(NETWORK, ID, sample.incarnation("village"), 1, TIME, 2, (TOWNSHIP,), None, (part,)), raw


@pytest.mark.parametrize("case", BOOK["bundles"], ids=lambda case: case["name"])
def test_a_bundle_of_the_vectors_opens_to_what_it_says(case):
    assert [[each.hex() for each in some] for some in opened(case)] == case["slices"]
    kinds = [part.kind for part in read_head(bytes.fromhex(case["head"])).parts]
    slices = [each for kind, some in zip(kinds, case["slices"], strict=True) if kind == EVENTS for each in some]
    assert all(type(unpack_body(bytes.fromhex(each))) is dict for each in slices)


@pytest.mark.parametrize("case", BOOK["refused"], ids=lambda case: case["name"])
def test_a_bundle_that_does_not_hold_is_refused_for_what_it_is(case):
    with pytest.raises(ProtocolError) as refusal:
        opened(case)
    assert refusal.value.name == case["error"] and case["error"] in {error.name for error in BY_CODE.values()}


@pytest.mark.parametrize("case", BOOK["bundles"], ids=lambda case: case["name"])
def test_the_second_reader_opens_the_same(case):
    bundle_reader.read_bundle(second_reader.Reader(BOOK), case)


@pytest.mark.parametrize(
    "case",
    # Sizes are not judged by the second reader.
    [case for case in BOOK["refused"] if case["error"] != "too_large"],
    ids=lambda case: case["name"],
)
def test_the_second_reader_refuses_the_same(case):
    with pytest.raises(REFUSALS):
        bundle_reader.read_bundle(second_reader.Reader(BOOK), case)


def test_a_part_of_several_chunks_comes_out_as_it_went_in_and_in_no_other_order():
    draw = random.Random(3)
    slices = [draw.randbytes(700_000) for _ in range(4)]
    head, raw = one(slices)
    whole = limits.BUNDLE_CHUNK + 16
    assert len(raw) == part_size(slices) == head.parts[0].size and -(-len(raw) // whole) == 3
    assert open_part(head, 1, raw, TOWNSHIP, [OpeningKey(bytes(32)), TOWNSHIP_KEY]) == slices
    assert bundle_reader.slices_of(
        [*head.parts[0][:4], list(head.parts[0].wrapped)], raw, 1, [NETWORK, ID, 0, 0, 0, 0, [TOWNSHIP]], TOWNSHIP,
        sha256(b"township"),
    ) == slices  # fmt: skip
    for other in (raw[whole : 2 * whole] + raw[:whole] + raw[2 * whole :], raw[: 2 * whole], raw[whole:]):
        # The head of a sender who signs what he was given: even then the chunks hold together by themselves.
        part = head.parts[0]._replace(size=len(other), hash=sha256(other))
        with pytest.raises(NotOpened):
            open_part(Head(**{**vars(head), "parts": (part,)}), 1, other, TOWNSHIP, [TOWNSHIP_KEY])


def test_a_part_opens_for_its_recipient_in_its_own_bundle_and_place_alone():
    head, raw = one([b"slice"])
    assert open_part(head, 1, raw, TOWNSHIP, [TOWNSHIP_KEY]) == [b"slice"]
    with pytest.raises(NotOpened):
        open_part(head, 1, raw, TOWNSHIP, [OpeningKey(bytes(32))])
    for changes in ({"bundle_id": bytes(16)}, {"network_id": bytes(32)}, {"parts": (head.parts[0], head.parts[0])}):
        other = Head(**{**vars(head), **changes})
        with pytest.raises(NotOpened):
            open_part(other, len(other.parts), raw, TOWNSHIP, [TOWNSHIP_KEY])
    elsewhere = Head(**{**vars(head), "recipients": (VILLAGE,)})
    with pytest.raises(NotOpened):
        open_part(elsewhere, 1, raw, VILLAGE, [TOWNSHIP_KEY])


def test_a_slice_that_does_not_end_in_its_part_is_malformed():
    for plain in (b"\0\0\0\5abc", b"\0\0\0\0", b"\0\0", b"\0\0\0\1a\0\0\0\2b"):
        about = ID + (1).to_bytes(8)
        raw = encrypt(PART_KEY, bytes(11) + b"\1", about, plain)
        head, _ = one([b"slice"])
        part = head.parts[0]._replace(size=len(raw), hash=sha256(raw))
        with pytest.raises(Malformed, match="slice"):
            open_part(Head(**{**vars(head), "parts": (part,)}), 1, raw, TOWNSHIP, [TOWNSHIP_KEY])


def papers(records: list[bytes]) -> tuple[Head, bytes]:
    """A bundle of one part with these records of files."""
    raw = part_bytes(PART_KEY, ID, 1, records, BLOBS)
    head, _ = one([b"slice"])
    return Head(**{**vars(head), "parts": (Part(BLOBS, len(raw), sha256(raw), 0, head.parts[0].wrapped),)}), raw


def test_chunks_of_files_come_out_as_they_went_in_one_after_another():
    draw = random.Random(4)
    chunks = [BlobChunk(f"about:{VILLAGE}", bytes(32), n, draw.randbytes(65_536)) for n in range(40)]
    head, raw = papers([blob_record(each) for each in chunks])
    assert len(blob_record(chunks[0])) <= limits.BLOB_RECORD and len(raw) > 2 * limits.BUNDLE_CHUNK
    assert list(open_blobs(head, 1, raw, TOWNSHIP, [TOWNSHIP_KEY])) == chunks
    with pytest.raises(NotOpened):
        list(open_blobs(head, 1, raw, TOWNSHIP, [OpeningKey(bytes(32))]))
    with pytest.raises(Malformed):
        list(open_blobs(head, 1, raw[:-1], TOWNSHIP, [TOWNSHIP_KEY]))


@pytest.mark.parametrize(
    "value",
    [
        ["about:x y", bytes(32), 0, b"a"],
        ["about:1", bytes(31), 0, b"a"],
        ["about:1", bytes(32), 160, b"a"],
        ["about:1", bytes(32), 0, b""],
        ["about:1", bytes(32), 0, bytes(65_537)],
        ["about:1", bytes(32), 0],
        "chunk",
    ],
)
def test_what_is_no_chunk_of_a_file_is_malformed(value):
    head, raw = papers([encode(value)])
    with pytest.raises(Malformed):
        list(open_blobs(head, 1, raw, TOWNSHIP, [TOWNSHIP_KEY]))


def test_no_part_is_made_beyond_its_limit():
    with pytest.raises(TooLarge):
        part_bytes(PART_KEY, ID, 1, [bytes(limits.EVENT_PART - 3)])
    with pytest.raises(TooLarge):
        part_bytes(PART_KEY, ID, 1, [bytes(limits.BLOB_PART - 3)], BLOBS)


def test_a_head_says_what_was_put_into_it_and_only_its_signer_said_it():
    head, _ = one([b"slice"])
    raw = bundle.head_bytes(head, sample.key("village"))
    assert raw.startswith(bundle.BEGINS)
    read = read_head(raw)
    assert vars(read) | {"payload": b"", "signature": b""} == vars(head)
    check_head(read, 1, sample.key("village").public)
    with pytest.raises(BadSignature):
        check_head(read, 1, sample.key("township").public)


def test_bytes_of_any_kind_are_read_or_refused():
    raw = bundle.head_bytes(one([b"slice"])[0], sample.key("village"))
    draw = random.Random(14)
    for _ in range(2_000):
        changed = bytearray(raw)
        for _ in range(draw.randint(1, 3)):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        del changed[draw.randrange(len(changed)) if draw.random() < 0.3 else len(changed) :]
        try:
            read = read_head(bytes(changed))
        except ProtocolError:
            continue
        if bytes(changed) != raw:
            with pytest.raises(BadSignature):
                check_head(read, 1, sample.key("village").public)
