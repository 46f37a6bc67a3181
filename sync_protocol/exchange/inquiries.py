"""What a resident asks the place above through a node that does not hold the case, and what that place says.

A question is a request of section 7 without a challenge, under a label and in a context of its own: it moves no
ratchet, so it goes beside the exchange, and neither opens or verifies as the other. Section 7.11 of PROTOCOL.md is the
normative text.
"""

from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed, TooLarge
from sync_protocol.event import check_int
from sync_protocol.exchange.message import Parties, Request, open_reply, reply_bytes, request_bytes
from sync_protocol.places import valid_code
from sync_protocol.suites import SigningKey

ASK: Final = "ask"
# How far a question came where nothing was found: to the root, or to a place above which nobody answered, which had too
# many to answer, or which answers no questions.
WHOLE: Final = 0
UNREACHED: Final = 1
BUSY: Final = 2
CANNOT: Final = 3
_CODE_CHARACTERS: Final = 13  # of a whole query code: six of them alone ask nobody
_LANGUAGES: Final = ("zh", "en")
_TIMES: Final = ("since_ms", "filed_ms", "decided_ms", "delivered_ms", "revoked_ms")


class Inquiry(NamedTuple):
    """A question. `number`: the receipt number in its one spelling, None where the code alone was scanned; `code`: the
    whole query code; `lang`: of the words in the answer, zh or en; `patience_ms`: how long the asker waits for it."""

    number: str | None
    code: str
    lang: str
    patience_ms: int


class Told(NamedTuple):
    """What a resident is told of a case, as a page of the node that answers says it: words in the language asked for,
    names masked. Times in ms since 1970 by that node's clock; `as_of_ms`: as of when it speaks; `behind`: whether it
    may lack what has happened since; `outcome`: of the decision, or empty."""

    number: str
    item: str
    state: str
    state_words: str
    where: str
    promised: str
    promised_by: str
    next_step: str
    applicant: str
    outcome: str
    since_ms: int | None
    filed_ms: int | None
    decided_ms: int | None
    delivered_ms: int | None
    revoked_ms: int | None
    rights: tuple[str, ...]
    as_of_ms: int
    behind: bool


_TEXTS: Final = Told._fields[:10]
_FIELDS: Final = len(Told._fields)


class Finding(NamedTuple):
    """What a question came to. `asked`: the places that have looked, from the one asked on upward; where something was
    found, the last one tells it. `end`: else how far it came."""

    told: Told | None
    asked: tuple[str, ...]
    end: int


def inquiry_bytes(key: SigningKey, parties: Parties, inquiry: Inquiry) -> bytes:
    """The whole question, signed by the child; to be sealed."""
    return request_bytes(key, parties, encode(list(inquiry)), ASK)


def read_inquiry(request: Request) -> Inquiry:
    """What a request asks; who signed it is judged apart. Raises Malformed, TooLarge."""
    if request.challenge is not None:
        raise Malformed("question: has no challenge")
    number, code, lang, patience_ms = _array("question", request.body, 4, limits.INQUIRY)
    if number is not None:
        _check_text("number", number, limits.INQUIRY_NUMBER)
    _check_text("code", code, _CODE_CHARACTERS)
    if len(code) != _CODE_CHARACTERS:
        raise Malformed(f"code: must be {_CODE_CHARACTERS} characters")
    if lang not in _LANGUAGES:
        raise Malformed("language: must be zh or en")
    check_int("patience", patience_ms, 0, limits.INQUIRY_MS)
    return Inquiry(number, code, lang, patience_ms)


def finding_bytes(key: SigningKey, parties: Parties, finding: Finding, request_hash: bytes) -> bytes:
    """The whole answer to the question with this hash, signed by the ancestor; to be sealed."""
    told = finding.told
    values = [*told[:15], list(told.rights), told.as_of_ms, told.behind] if told is not None else None
    return reply_bytes(key, parties, encode([values, list(finding.asked), finding.end]), request_hash, label=ASK)


def open_finding(raw: bytes, suite: int, public: bytes, parties: Parties, request_hash: bytes) -> Finding:
    """An answer that the ancestor's registered key signed over exactly that question.

    Raises Malformed, TooLarge, NoSuchVersion, BadSignature.
    """
    body = open_reply(raw, suite, public, parties, request_hash, label=ASK).body
    values, asked, end = _array("answer", body, 3, limits.FINDING)
    if type(asked) is not list or not 1 <= len(asked) <= limits.INQUIRY_HOPS:
        raise Malformed(f"places asked: must be an array of 1 to {limits.INQUIRY_HOPS}")
    if not all(type(place) is str and valid_code(place) for place in asked):
        raise Malformed("places asked: must be place codes")
    check_int("how far it came", end, WHOLE, CANNOT)
    return Finding(_told(values) if values is not None else None, tuple(asked), end)


def _told(values: Any) -> Told:
    if type(values) is not list or len(values) < _FIELDS:
        raise Malformed(f"what is told: must be an array of {_FIELDS}")
    told = Told(*values[:_FIELDS])
    for name in _TEXTS:
        _check_text(name, getattr(told, name), limits.INQUIRY_TEXT)
    for name in _TIMES:
        if getattr(told, name) is not None:
            check_int(name, getattr(told, name), limits.INT_MIN, limits.INT_MAX)
    rights: Any = told.rights
    if type(rights) is not list or len(rights) > limits.INQUIRY_RIGHTS:
        raise Malformed(f"rights: must be an array of at most {limits.INQUIRY_RIGHTS}")
    for text in rights:
        _check_text("rights", text, limits.INQUIRY_TEXT)
    check_int("as of", told.as_of_ms, limits.INT_MIN, limits.INT_MAX)
    if type(told.behind) is not bool:
        raise Malformed("behind: must be true or false")
    return told._replace(rights=tuple(rights))


def _array(what: str, raw: bytes, fields: int, limit: int) -> list[Any]:
    """The first values of an array; those behind them are for who knows them."""
    value = decode(raw, limit=limit, maps=False)
    if not isinstance(value, list) or len(value) < fields:
        raise Malformed(f"{what}: must be an array of {fields}")
    return value[:fields]


def _check_text(field: str, value: Any, most: int) -> None:
    if type(value) is not str:
        raise Malformed(f"{field}: must be a text")
    if len(value) > most:
        raise TooLarge(f"{field}: {len(value)} characters, at most {most}")
