"""Errors and limits are those of the text."""

import re

import pytest

from sync_protocol import errors, limits
from sync_protocol.errors import BY_CODE, ProtocolError
from tests.sync_protocol.protocol_text import rows


def test_every_error_is_a_row_of_the_text_and_every_row_an_error():
    told = {int(code): (name, fault, retry == "yes") for code, name, fault, retry, _ in rows(10)}
    held = {code: (error.name, error.fault, error.retry) for code, error in BY_CODE.items()}
    assert held == told


def test_codes_are_counted_from_one_without_holes_and_names_are_their_own():
    assert sorted(BY_CODE) == list(range(1, len(BY_CODE) + 1))
    assert len({error.name for error in BY_CODE.values()}) == len(BY_CODE)


def test_a_class_is_named_as_its_error():
    for error in BY_CODE.values():
        assert re.sub(r"(?<!^)(?=[A-Z])", "_", error.__name__).lower() == error.name


def test_the_docstring_puts_each_error_under_whose_fault_it_is():
    lines = (errors.__doc__ or "").split("\n")
    for error in BY_CODE.values():
        line = next(number for number, text in enumerate(lines) if re.search(rf"\b{error.__name__}\b", text))
        heads = [text.split()[0] for text in lines[: line + 1] if re.match(r"\s+(sender|nobody|receiver|both)\b", text)]
        assert heads[-1].removesuffix("'s") == error.fault


def test_an_error_says_what_is_wrong():
    with pytest.raises(ProtocolError, match="actor: 65 bytes"):
        raise errors.TooLarge("actor: 65 bytes, at most 64")


def test_every_limit_of_the_text_is_the_one_in_force():
    told = [int(number.replace(",", "")) for _, limit in rows(9) for number in re.findall(r"\d[\d,]*", limit)]
    assert told == [
        limits.MESSAGE, limits.UNPACKED, limits.SEALED_MESSAGE,
        limits.HEADER, limits.INLINE_BODY, limits.BODY_APART,
        limits.SEGMENT_EVENTS, limits.SEGMENT,
        limits.SEGMENTS_A_MESSAGE, limits.RECEIPTS_A_MESSAGE, limits.ANSWERS_A_MESSAGE,
        limits.ROSTER_FORK, limits.RULED_CHANGES, limits.TRAIL,
        limits.ROSTER_PROOFS_A_MESSAGE, limits.FORK_ROWS_A_MESSAGE,
        limits.VECTOR_ENTRIES, limits.WANTS, limits.ROSTER_CHANGES_A_MESSAGE, limits.LINES_A_MESSAGE,
        limits.ROSTER_CHANGE, limits.ROSTER_OPS, limits.ROSTER_SIGNATURES, limits.ROOT_KEYS,
        limits.REVOKED_STREAMS, limits.SUCCESSIONS,
        limits.NEWCOMERS, limits.NEWCOMERS_A_PLACE, limits.NEWCOMERS_A_MINUTE, limits.NEWCOMERS_MS // 86_400_000,
        limits.NEW_LIVES, limits.NEW_LIVES_MS // 86_400_000,
        limits.FORK_PROOF, limits.FORK_ARMS, limits.FORK_ROWS_A_MESSAGE,
        limits.DEPS, limits.EXT_KEYS, limits.ACTOR,
        limits.BLOB, limits.BLOB_CHUNK, limits.BLOB_PREVIEW,
        limits.BLOB_WANTS, limits.BLOB_PIECES, limits.BLOB_RECEIPTS,
        limits.BUNDLE_HEAD, limits.BUNDLE_PARTS, limits.BUNDLE_RECIPIENTS,
        limits.EVENT_PART, limits.BLOB_PART, limits.BUNDLE_CHUNK,
        limits.BLOB_RECORD, limits.BUNDLE_BLOB_WANTS,
        limits.EVIDENCE,
        limits.RELEASE, limits.RELEASE_PACKAGES, limits.RELEASE_PACKAGE, limits.RELEASE_TEXT,
        limits.SLICE_EVENTS,
        limits.INQUIRY_MESSAGE, limits.FINDING_MESSAGE, limits.INQUIRY, limits.FINDING,
        limits.INQUIRY_NUMBER, limits.INQUIRY_TEXT, limits.INQUIRY_RIGHTS, limits.INQUIRY_HOPS, limits.INQUIRY_MS,
        limits.STAGED_SEGMENTS, limits.STAGED,
        limits.NESTING,
    ]  # fmt: skip


def test_the_largest_single_event_fits_into_a_message():
    assert limits.HEADER + limits.BODY_APART + limits.SALT <= limits.SEGMENT <= limits.MESSAGE
