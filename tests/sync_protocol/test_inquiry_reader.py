"""Questions and answers as an independent reader sees them, and as this program does."""

import copy
import json
from typing import Any

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag

from sync_protocol import limits
from sync_protocol.encoding import encode
from sync_protocol.errors import ProtocolError
from sync_protocol.exchange import (
    ASK,
    INQUIRIES,
    Finding,
    Inquiry,
    Parties,
    Told,
    begin,
    check_request,
    finding_bytes,
    inquiry_bytes,
    open_context,
    open_finding,
    open_reply_to,
    open_request,
    read_inquiry,
    read_request,
    read_sealed,
    seal_reply,
    seal_request,
)
from sync_protocol.exchange.message import reply_bytes, request_bytes
from sync_protocol.suites import S1, OpeningKey, sha256
from tests import inquiry_reader
from tests.sync_protocol import sample
from tests.sync_protocol.vector_makers.files import FOLDER
from tests.sync_protocol.vector_makers.inquiries import CASES, PARTIES, TOLD, values_of

REFUSALS = (InvalidTag, InvalidSignature, cbor2.CBORError, ValueError, TypeError, LookupError, AttributeError)
BOOK: dict[str, Any] = json.loads((FOLDER / "inquiries.json").read_text("utf-8"))


def read(case: dict[str, Any]) -> tuple[list[Any], Finding]:
    """What this program makes of a question and its answer."""
    network, place = bytes.fromhex(BOOK["network_id"]), BOOK["place"]
    (child, asker), (ancestor, teller) = (map(bytes.fromhex, BOOK[who]) for who in ("child", "ancestor"))
    raw = bytes.fromhex(case["question"])
    sealed = read_sealed(raw)
    assert sealed is not None
    context = open_context([OpeningKey(bytes.fromhex(BOOK["opening_seed"]))], network, place, sealed, INQUIRIES)
    question = open_request(context, sealed)
    request = read_request(question)
    check_request(request, S1, asker, network, child, ancestor, ASK)
    inquiry = read_inquiry(request)
    answer = open_reply_to(context, raw, bytes.fromhex(case["answer"]))
    parties = Parties(network, child, ancestor, None)
    return list(inquiry), open_finding(answer, S1, teller, parties, sha256(question))


def test_the_vectors_are_read_by_an_independent_reader() -> None:
    assert inquiry_reader.main([str(FOLDER / "inquiries.json")]) == 0
    assert inquiry_reader.main([]) == 1


@pytest.mark.parametrize("case", BOOK["inquiries"], ids=lambda case: str(case["name"]))
def test_the_vectors_are_read_as_they_say(case: dict[str, Any]) -> None:
    inquiry, finding = read(case)
    assert inquiry == case["asked"] and (list(finding.asked), finding.end) == (case["places"], case["end"])
    assert values_of(finding.told) == case["told"]


@pytest.mark.parametrize("case", BOOK["refused"], ids=lambda case: str(case["name"]))
def test_what_is_refused_is_refused_by_both(case: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError) as raised:
        read(case)
    assert raised.value.name == case["error"]
    with pytest.raises(REFUSALS):
        inquiry_reader.read_inquiry(BOOK, {"asked": None, "told": None, "places": None, "end": None, **case})


def test_a_bit_anywhere_is_noticed() -> None:
    for case in BOOK["inquiries"]:
        for which in ("question", "answer"):
            for byte in range(0, len(case[which]) // 2, 13):
                changed = copy.deepcopy(case)
                bad = bytearray.fromhex(case[which])
                bad[byte] ^= 1
                changed[which] = bad.hex()
                with pytest.raises(REFUSALS):
                    inquiry_reader.read_inquiry(BOOK, changed)
                with pytest.raises(ProtocolError):
                    read(changed)


def test_values_behind_those_known_are_passed_over() -> None:
    inquiry = CASES[0][1]
    question = request_bytes(sample.key("village"), PARTIES, encode([*inquiry, "more"]), ASK)
    assert read_inquiry(read_request(question)) == inquiry
    told = values_of(TOLD)
    assert told is not None
    body = encode([[*told, "a later one"], ["621021101"], 0, "more"])
    answer = reply_bytes(sample.key("township"), PARTIES, body, sha256(question), label=ASK)
    public = sample.key("township").public
    assert open_finding(answer, S1, public, PARTIES, sha256(question)) == Finding(TOLD, ("621021101",), 0)


@pytest.mark.parametrize("suite", ["s1", "s1q"])
def test_the_longest_question_and_answer_fit_into_what_is_taken(suite: str) -> None:
    inquiry = Inquiry("9" * limits.INQUIRY_NUMBER, "Z" * 13, "zh", limits.INQUIRY_MS)
    question = inquiry_bytes(sample.key("village"), PARTIES, inquiry)
    assert read_inquiry(read_request(question)) == inquiry
    longest = "\U00020000" * limits.INQUIRY_TEXT
    times = (limits.INT_MIN,) * 5
    told = Told(*(longest,) * 10, *times, (longest,) * limits.INQUIRY_RIGHTS, limits.INT_MIN, True)
    finding = Finding(told, ("1" * 16 + "-12345678" * 3,) * limits.INQUIRY_HOPS, 0)
    answer = finding_bytes(sample.key("township"), PARTIES, finding, sha256(question))
    assert open_finding(answer, S1, sample.key("township").public, PARTIES, sha256(question)) == finding
    key = OpeningKey(b"k" * 32, suite)
    context = begin(key.public, PARTIES.network_id, "621021101", INQUIRIES)
    raw = seal_request(context, question, begins=key.public)
    sealed = read_sealed(raw)
    assert sealed is not None and len(raw) <= limits.INQUIRY_MESSAGE
    assert len(seal_reply(context, sealed, answer)) <= limits.FINDING_MESSAGE
