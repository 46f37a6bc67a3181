"""The vectors of questions and answers: sealed, with the key that opens them, and some that are refused."""

from hashlib import sha256
from typing import Any, Final

from sync_protocol.encoding import encode
from sync_protocol.exchange import (
    INQUIRIES,
    UNREACHED,
    WHOLE,
    Finding,
    Inquiry,
    Parties,
    Sealed,
    Told,
    finding_bytes,
    inquiry_bytes,
    open_context,
    open_request,
    read_sealed,
    seal_reply,
    seal_request,
)
from sync_protocol.exchange.message import reply_bytes, request_bytes
from sync_protocol.suites import OpeningKey
from tests.sync_protocol import sample
from tests.sync_protocol.sample import COUNTY, NETWORK, TOWNSHIP
from tests.sync_protocol.vector_makers.bundles import opening_seed, sealed_to
from tests.sync_protocol.vector_makers.shapes import Vector

INFO: Final = encode(["sanji/1/ask", NETWORK, TOWNSHIP])
PARTIES: Final = Parties(NETWORK, sample.incarnation("village"), sample.incarnation("township"), None)
TOLD: Final = Told(
    "621021102201-261118-7K3M-12-X", "最低生活保障审核确认", "received", "已收件", "在 西沟村", "受理后告知", "",
    "等待受理。您现在不用做什么。", "张*", "", sample.TIME, sample.TIME, None, None, None, ("评价", "投诉", "复核"),
    sample.TIME + 60_000, False,
)  # fmt: skip
CASES: Final = (
    (
        "a case that the county tells",
        Inquiry("621021102201-261118-7K3M-12-X", "0123456789ABC", "zh", 5_500),
        Finding(TOLD, (TOWNSHIP, COUNTY), WHOLE),
    ),
    ("nothing anywhere", Inquiry(None, "ZZZZZZZZZZZZZ", "en", 5_500), Finding(None, (TOWNSHIP, COUNTY), WHOLE)),
    ("nobody further up", Inquiry(None, "ZZZZZZZZZZZZZ", "zh", 900), Finding(None, (TOWNSHIP,), UNREACHED)),
)


def values_of(told: Told | None) -> list[Any] | None:
    """What is told, as it is encoded."""
    return [list(each) if isinstance(each, tuple) else each for each in told] if told is not None else None


def in_seals(name: str, question: bytes, answer: bytes) -> Vector:
    """A question and its answer as they travel."""
    key = OpeningKey(opening_seed(TOWNSHIP))
    secret, drawn = (sha256(f"sanji sample {what} of {name}".encode()).digest() for what in ("secret", "key"))
    opening = sealed_to(key.public, INFO, secret, drawn)
    named = Sealed(sha256(key.public).digest()[:4], opening, b"")
    context = open_context([key], NETWORK, TOWNSHIP, named, INQUIRIES)
    raw = seal_request(context, question, begins=key.public)
    sealed = read_sealed(raw)
    assert sealed is not None and open_request(context, sealed) == question
    return {"name": name, "question": raw.hex(), "answer": seal_reply(context, sealed, answer).hex()}


def one(name: str, inquiry: Inquiry, finding: Finding) -> Vector:
    """A question that is answered."""
    question = inquiry_bytes(sample.key("village"), PARTIES, inquiry)
    answer = finding_bytes(sample.key("township"), PARTIES, finding, sha256(question).digest())
    said = {"asked": list(inquiry), "told": values_of(finding.told), "places": list(finding.asked), "end": finding.end}
    return {**in_seals(name, question, answer), **said}


def refused() -> list[Vector]:
    """Questions and answers that are none, sealed and signed as they should be but for what their names say."""
    village, township = sample.key("village"), sample.key("township")
    _, inquiry, finding = CASES[1]
    good = inquiry_bytes(village, PARTIES, inquiry)
    bound = sha256(good).digest()
    answered = finding_bytes(township, PARTIES, finding, bound)
    told = values_of(TOLD)
    assert told is not None

    def asks(*values: Any, label: str = "ask") -> bytes:
        return request_bytes(village, PARTIES, encode(list(values)), label)

    def says(*values: Any, label: str = "ask", to: bytes = bound) -> bytes:
        return reply_bytes(township, PARTIES, encode(list(values)), to, label=label)

    here = [TOWNSHIP, COUNTY]
    found = [
        ("signed by another node", "bad_signature", inquiry_bytes(township, PARTIES, inquiry), answered),
        ("signed for an exchange", "bad_signature", asks(*inquiry, label="exchange"), answered),
        ("six characters of a code", "malformed", asks(None, "ZZZZZZ", "zh", 900), answered),
        ("another language", "malformed", asks(None, inquiry.code, "fr", 900), answered),
        ("more patience than anybody has", "malformed", asks(None, inquiry.code, "zh", 10_001), answered),
        ("a number that is no text", "malformed", asks(1, inquiry.code, "zh", 900), answered),
        ("a question that lacks a value", "malformed", asks(None, inquiry.code, "zh"), answered),
        ("an answer signed by another node", "bad_signature", good, finding_bytes(village, PARTIES, finding, bound)),
        ("an answer signed for an exchange", "bad_signature", good, says(None, here, 0, label="exchange")),
        ("an answer to another question", "bad_signature", good, says(None, here, 0, to=bytes(32))),
        ("nobody has looked", "malformed", good, says(None, [], 0)),
        ("a place that is none", "malformed", good, says(None, ["驿马镇"], 0)),
        ("another end", "malformed", good, says(None, here, 4)),
        ("told without the last value", "malformed", good, says(told[:-1], here, 0)),
        ("told with a time that is a text", "malformed", good, says([*told[:10], "1", *told[11:]], here, 0)),
        ("told with a text too long", "too_large", good, says([told[0], "长" * 501, *told[2:]], here, 0)),
        ("told with a state that is a number", "malformed", good, says([*told[:2], 1, *told[3:]], here, 0)),
    ]
    return [{**in_seals(name, question, answer), "error": error} for name, error, question, answer in found]


def inquiries() -> Vector:
    """Questions that are answered, and what is refused."""
    return {
        "about": "Questions of a village to its township and their answers, sealed to the township's key (7.11).",
        "network_id": NETWORK.hex(),
        "place": TOWNSHIP,
        "opening_seed": opening_seed(TOWNSHIP).hex(),
        "child": [PARTIES.child.hex(), sample.key("village").public.hex()],
        "ancestor": [PARTIES.ancestor.hex(), sample.key("township").public.hex()],
        "inquiries": [one(*case) for case in CASES],
        "refused": refused(),
    }
