"""A version's number stands for one form: who changes the form and keeps the number meets this test."""

import json
from importlib import resources
from random import Random
from typing import Any

from sync_protocol.encoding import encode
from sync_protocol.exchange import (
    VERSION,
    Answer,
    Body,
    Content,
    Context,
    Given,
    Hello,
    LinesAsked,
    Marks,
    Parties,
    Probe,
    ReceiptLine,
    RosterHead,
    StreamPoint,
    Want,
    challenge,
    content_map,
    pack_receipt,
    read_sealed,
    reply_bytes,
    request_bytes,
    seal_reply,
    seal_request,
)
from sync_protocol.exchange.ratchet import NONCE_BYTES
from sync_protocol.roster import Change
from sync_protocol.suites import SigningKey, sha256
from sync_protocol.wire import PLAIN, Tables, pack_body
from sync_protocol.wire.packing import without_noise
from tests.sync_protocol.test_packing import segment_row
from tests.sync_protocol.vector_makers.files import FOLDER

FORMS = {  # version -> hash of what is made below
    3: "4b7b8e93624bd94ddeb6f1e1f0af8f7c8312011a04663a3fde6487b89a113114",
    4: "8ab94ce314661ee121f52282d03681e9dd7775fb28a55dccdfca932b89f95a51",
}
CHILD_KEY, PARENT_KEY = SigningKey.from_seed(1, b"c" * 32), SigningKey.from_seed(1, b"p" * 32)
CHILD, PARENT, NETWORK = b"C" * 16, b"P" * 16, b"N" * 32
STREAM = (CHILD, "about:621021101201")
LINE = ReceiptLine(*STREAM, 3, PARENT, 1_790_000_000_000, 2, 1, (b"h" * 32,), b"s" * 64)
ASKED = Content(
    hello=Hello(VERSION, VERSION, (2,), "sanji"),
    nonce=b"n" * NONCE_BYTES,
    first=True,
    digest=b"d" * 8,
    vector=[StreamPoint(*STREAM, 3, b"m" * 8, {PARENT: 2}), StreamPoint(*STREAM, 4, b"n" * 8, {}, ((2, b"a" * 8),))],
    roster_heads=[RosterHead("621021000000", 1, 4, b"m" * 8)],
    roster_changes=[Change(b"payload", ((b"k" * 8, b"s" * 64),))],
    wants=[Want(*STREAM, 5)],
    more=True,
    send_vector=True,
    clock_ms=-5,
    lines_asked=LinesAsked(PARENT, 4, 0),
    renewal=b"a request",
)
ASKED.forks.probes = [Probe(*STREAM, (), (1, 2))]


def messages() -> list[bytes]:
    """A request and its reply with every field that there is, as they travel, and what packing puts beside them."""
    key = challenge(b"s" * 32, PARENT, CHILD, 7)
    ASKED.packed_receipts = [pack_receipt(LINE, ASKED.tables)]
    ASKED.packed_segments = [segment_row(Random(1), 2)]
    request = request_bytes(CHILD_KEY, Parties(NETWORK, CHILD, PARENT, key), pack_body(content_map(ASKED), PLAIN))
    told = Content(tables=Tables(ASKED.tables, PARENT), next=key, alarm=2, tide=7, renewal_refused=22)
    told.answers, told.bodies = [Answer(*STREAM, 4, 2, 3)], [Body(*STREAM, 5, b"s" * 16, b"body")]
    told.vector = [StreamPoint(PARENT, "below:621021", 1, b"m" * 8, {CHILD: 1})]
    told.forks.marks = [Marks(*STREAM, (), {1: b"m" * 8})]
    values = content_map(told)
    who = Parties(NETWORK, CHILD, PARENT, key)
    reply = reply_bytes(PARENT_KEY, who, pack_body(values, PLAIN), sha256(request))
    given = Given(7, {0: (b"S" * 32, 3, b"h" * 32)}, every=False)
    giving = reply_bytes(PARENT_KEY, who, pack_body(values, PLAIN), sha256(request), given, 2)
    quiet: Any = without_noise(content_map(ASKED))
    dictionary = resources.files("sync_protocol").joinpath("dictionary_2.bin").read_bytes()
    columns = json.loads((FOLDER / "segments.json").read_text("utf-8"))["segments"][0]["segment"]
    return [request, reply, giving, encode(list(quiet)), dictionary, columns.encode(), *sealed(request, reply)]


def sealed(request: bytes, reply: bytes) -> list[bytes]:
    """The same two as they travel: the first of a context, the second, and a reply."""
    context = Context(b"o" * 80, b"r" * 32, b"a" * 32, b"n" * 32)
    first, second = (seal_request(context, request, begins=begins) for begins in (b"k" * 32, b""))
    named = read_sealed(second)
    assert named is not None
    return [first, second, seal_reply(context, named, reply)]


def test_the_form_is_the_one_of_this_version() -> None:
    made = sha256(b"".join(sha256(each) for each in messages())).hex()
    assert made == FORMS[VERSION], (
        "requests, replies or the dictionary have another form than version "
        f"{VERSION} had: give the form a new number (PROTOCOL.md, section 11), and note it here"
    )
