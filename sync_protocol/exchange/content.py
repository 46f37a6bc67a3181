"""The fields of one message: read strictly from the map of section 7, and written to it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sync_protocol import limits
from sync_protocol.errors import Malformed, NeedsUpdate, NoSuchVersion, ProtocolError, TooLarge
from sync_protocol.event import check_body, check_bytes, check_int
from sync_protocol.exchange.blobs import BlobTalk, blob_values, read_blobs
from sync_protocol.exchange.forks import ForkTalk, read_talk, talk_values
from sync_protocol.exchange.heads import RosterHead
from sync_protocol.exchange.lines import Lines, LinesAsked, asked_values, lines_values, read_asked, read_lines
from sync_protocol.exchange.ratchet import ANOTHER_NONCE, NONCE_BYTES, OLDER_CHALLENGE, check_challenge
from sync_protocol.exchange.roster_forks import RosterTalk, with_splits
from sync_protocol.exchange.roster_forks import read_talk as read_roster_talk
from sync_protocol.exchange.roster_forks import talk_values as roster_talk_values
from sync_protocol.exchange.vector import DIGEST_BYTES, StreamPoint, read_vector, vector_values
from sync_protocol.roster import Change, change_values, read_change
from sync_protocol.suites import SIGNATURE_BYTES, sealing_suite
from sync_protocol.wire import Segment, Tables, read_segment

VERSION: Final = 4  # of the form of requests and replies: section 11 of PROTOCOL.md says what makes a new number
PARKED: Final = 1
REFUSED: Final = 2

_SOFTWARE: Final = 64  # bytes of the software text
_DICTIONARIES: Final = 16
_PARTS: Final = 1_024
_PATH: Final = 32


class Hello(NamedTuple):
    """Which protocol versions and dictionaries a side knows, and what program it is."""

    lowest: int = VERSION
    highest: int = VERSION
    dictionaries: tuple[int, ...] = ()
    software: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A receipt as it travels: stream id and chain hash are the receiver's own (a receipt is for what he can check)."""

    incarnation: bytes
    scope: str
    seq: int
    signer: bytes
    time: int
    count: int
    index: int
    path: tuple[bytes, ...]
    signature: bytes


class Answer(NamedTuple):
    """What became of events that came: parked or refused from this position on, and the error's code."""

    incarnation: bytes
    scope: str
    seq: int
    disposition: int
    code: int


class Want(NamedTuple):
    """A body that is missing here."""

    incarnation: bytes
    scope: str
    seq: int


class Body(NamedTuple):
    """A body that was asked for, with its salt."""

    incarnation: bytes
    scope: str
    seq: int
    salt: bytes
    body: bytes


class RoadKey(NamedTuple):
    """The key that bundles for the sender's place are sealed to, and how many it had written by then."""

    number: int
    public: bytes


class RefusedSegment(NamedTuple):
    """A segment that has not the shape of one; what could still be read of where it belongs."""

    incarnation: bytes | None
    scope: str | None
    first_seq: int | None
    code: int
    detail: str


@dataclass(slots=True)
class Content:
    """What one message says, in either direction.

    A message to be sent carries `packed_segments` and `packed_receipts`, packed with `tables`; one that came carries
    `segments`, `refused_segments` and `receipts`.
    """

    tables: Tables = field(default_factory=Tables)
    hello: Hello | None = None
    nonce: bytes | None = None
    first: bool = False
    digest: bytes | None = None
    vector: list[StreamPoint] | None = None
    roster_heads: list[RosterHead] | None = None
    roster_changes: list[Change] = field(default_factory=list)
    packed_segments: list[Any] = field(default_factory=list)
    packed_receipts: list[Any] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    refused_segments: list[RefusedSegment] = field(default_factory=list)
    receipts: list[ReceiptLine] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    wants: list[Want] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    more: bool = False
    send_vector: bool = False
    next: bytes | None = None
    alarm: int = 0
    clock_ms: int | None = None
    tide: int | None = None
    lines_asked: LinesAsked | None = None
    lines: Lines | None = None
    renewal: bytes | None = None
    renewal_refused: int | None = None
    road_key: RoadKey | None = None
    blobs: BlobTalk = field(default_factory=BlobTalk)
    forks: ForkTalk = field(default_factory=ForkTalk)
    roster_talk: RosterTalk = field(default_factory=RosterTalk)

    def __post_init__(self) -> None:
        """The clock of a request is what its tables count from, from the first segment packed on."""
        if self.clock_ms is not None and not self.tables.replies:
            self.tables.clock_ms = self.clock_ms


def content_map(content: Content) -> dict[int, Any]:
    """The map of section 7, fields that say nothing left out."""
    tables = content.tables
    stream = tables.stream
    values: dict[int, Any] = {
        0: _hello_values(content.hello),
        1: content.nonce,
        2: content.first or None,
        3: content.digest,
        4: None if content.vector is None else vector_values(content.vector, tables),
        5: None if content.roster_heads is None else [list(head[:4]) for head in content.roster_heads],
        6: [change_values(change) for change in content.roster_changes] or None,
        10: content.packed_segments or None,
        11: content.packed_receipts or None,
        12: [[stream(*each[:2]), *each[2:]] for each in content.answers] or None,
        13: [[stream(*each[:2]), each.seq] for each in content.wants] or None,
        14: [[stream(*each[:2]), *each[2:]] for each in content.bodies] or None,
        15: content.more or None,
        16: content.send_vector or None,
        17: content.next,
        18: content.alarm or None,
        19: _clock_value(content),
        20: content.tide,
        21: content.renewal,
        22: talk_values(content.forks, tables) if content.forks else None,
        23: _further_values(content),
    }
    # Only now are the tables complete: the fields above put what they name into them.
    values[7], values[8], values[9] = (value or None for value in tables.values())
    return {key: value for key, value in sorted(values.items()) if value is not None}


def _clock_value(content: Content) -> int | None:
    """A request's clock as it is, a reply's as the difference from it."""
    if content.clock_ms is None or not content.tables.replies:
        return content.clock_ms
    return content.clock_ms - content.tables.counts_from


def _further_values(content: Content) -> dict[int, Any] | None:
    """Field 23, the last key there is: a map of further fields."""
    further: dict[int, Any] = {}
    if content.lines_asked is not None:
        further[0] = asked_values(content.lines_asked, content.tables)
    elif content.lines is not None:
        further[0] = lines_values(content.lines, content.tables)
    if content.renewal_refused is not None:
        further[1] = content.renewal_refused
    if content.roster_talk:
        further[8] = roster_talk_values(content.roster_talk)
    if content.road_key is not None:
        further[2] = list(content.road_key)
    if content.blobs:
        further[3] = blob_values(content.blobs, content.tables)
    return further or None


def _hello_values(hello: Hello | None) -> list[Any] | None:
    return None if hello is None else [hello.lowest, hello.highest, list(hello.dictionaries), hello.software]


def pack_receipt(line: ReceiptLine, tables: Tables) -> list[Any]:
    """The line as field 11 carries it."""
    return [
        tables.stream(line.incarnation, line.scope),
        line.seq,
        tables.incarnation(line.signer),
        line.time,
        line.count,
        line.index,
        list(line.path),
        line.signature,
    ]


def read_content(
    values: Any,
    *,
    reply: bool,
    asked: Tables | None = None,
    ancestor: bytes = b"",
    named: Callable[[bytes], bytes] | None = None,
) -> Content:
    """What a message says. Raises Malformed, TooLarge, NeedsUpdate, NoSuchVersion, naming the field.

    `asked`, `ancestor`: for a reply, the tables of its request and who replies, from which its own tables go on.
    `named`: for a request, whom the first bytes of an incarnation stand for here.
    A segment of a wrong shape does not spoil the message: it is told apart in `refused_segments`.
    """
    if type(values) is not dict:
        raise Malformed("content: must be a map")
    for key in values:
        if type(key) is not int:
            raise Malformed("content: a text as key")
        if key < 0:
            raise NeedsUpdate(f"content: field {key} must be understood and is not known here")
        if key in (_REPLY_ONLY if not reply else _REQUEST_ONLY):
            raise Malformed(f"field {key}: not in a {'reply' if reply else 'request'}")
    tables = Tables.read(values.get(7, []), values.get(8, []), values.get(9, []), asked, ancestor, named)
    content = Content(tables=tables)
    if 19 in values:
        _read_clock(content, values[19], reply)
    for key, read in _READERS.items():
        if key in values:
            read(content, values[key])
    _read_further(content, values.get(23, {}), reply)
    return content


def _read_further(content: Content, value: Any, reply: bool) -> None:
    if type(value) is not dict or any(type(key) is not int for key in value):
        raise Malformed("further fields: must be a map of numbers")
    if any(key < 0 for key in value):
        raise NeedsUpdate(f"further fields: {min(value)} must be understood and is not known here")
    if 0 in value and reply:
        content.lines = read_lines(value[0], content.tables)
    elif 0 in value:
        content.lines_asked = read_asked(value[0], content.tables)
    if 1 in value:
        if not reply:
            raise Malformed("field 23.1: not in a request")
        check_int("renewal refused", value[1], 1, limits.ERROR_CODE)
        content.renewal_refused = value[1]
    if 8 in value:
        content.roster_talk = read_roster_talk(value[8])
        if content.roster_heads is not None:
            content.roster_heads = with_splits(content.roster_heads, content.roster_talk.known)
    if 2 in value:
        content.road_key = _read_road_key(value[2])
    if 3 in value:
        content.blobs = read_blobs(value[3], content.tables)


def _read_road_key(value: Any) -> RoadKey:
    if not isinstance(value, list) or len(value) != 2:
        raise Malformed("road key: must be [number, key]")
    check_int("road key number", value[0], 0, limits.INT_MAX)
    sealing_suite(value[1])
    return RoadKey(*value)


_REQUEST_ONLY: Final = frozenset({1, 2, 21})
_REPLY_ONLY: Final = frozenset({17, 18, 20})


def _rows(name: str, value: Any, most: int, width: int) -> list[list[Any]]:
    """An array of at most `most` arrays of `width` values."""
    if not isinstance(value, list):
        raise Malformed(f"{name}: must be an array")
    if len(value) > most:
        raise TooLarge(f"{name}: {len(value)}, at most {most}")
    if not all(isinstance(row, list) and len(row) == width for row in value):
        raise Malformed(f"{name}: each must be an array of {width}")
    return value


def _flag(name: str, value: Any) -> bool:
    if value is not True:
        raise Malformed(f"{name}: must be true or absent")
    return True


def _read_hello(content: Content, value: Any) -> None:
    if not isinstance(value, list) or len(value) != 4:
        raise Malformed("hello: must be an array of 4")
    lowest, highest, dictionaries, software = value
    check_int("hello lowest", lowest, 0, 0xFFFF)
    check_int("hello highest", highest, lowest, 0xFFFF)
    if not lowest <= VERSION <= highest:
        raise NoSuchVersion(f"hello: versions {lowest} to {highest} there, {VERSION} here; update the older side")
    if not isinstance(dictionaries, list) or len(dictionaries) > _DICTIONARIES:
        raise Malformed(f"hello dictionaries: must be an array of at most {_DICTIONARIES}")
    for number in dictionaries:
        check_int("hello dictionary", number, 0, 0xFFFF)
    if type(software) is not str or len(software.encode()) > _SOFTWARE:
        raise Malformed(f"hello software: must be a text of at most {_SOFTWARE} bytes")
    content.hello = Hello(lowest, highest, tuple(dictionaries), software)


def _read_nonce(content: Content, value: Any) -> None:
    check_bytes("nonce", value, NONCE_BYTES)
    content.nonce = value


def _read_first(content: Content, value: Any) -> None:
    content.first = _flag("first", value)


def _read_digest(content: Content, value: Any) -> None:
    check_bytes("digest", value, DIGEST_BYTES)
    content.digest = value


def _read_vector(content: Content, value: Any) -> None:
    content.vector = read_vector(value, content.tables)


def _read_roster_heads(content: Content, value: Any) -> None:
    heads = []
    for part, epoch, n, mark in _rows("roster heads", value, _PARTS, 4):
        if type(part) is not str:
            raise Malformed("roster head part: must be a text")
        check_int("roster head epoch", epoch, 0, limits.INT_MAX)
        check_int("roster head n", n, 0, limits.INT_MAX)
        check_bytes("roster head mark", mark, limits.MARK)
        heads.append(RosterHead(part, epoch, n, mark))
    content.roster_heads = heads


def _read_roster_changes(content: Content, value: Any) -> None:
    rows = _rows("roster changes", value, limits.ROSTER_CHANGES_A_MESSAGE, 2)
    content.roster_changes = [read_change(row) for row in rows]


def _read_segments(content: Content, value: Any) -> None:
    if not isinstance(value, list):
        raise Malformed("segments: must be an array")
    if len(value) > limits.SEGMENTS_A_MESSAGE:
        raise TooLarge(f"segments: {len(value)}, at most {limits.SEGMENTS_A_MESSAGE}")
    for each in value:
        try:
            content.segments.append(read_segment(each, content.tables))
        except ProtocolError as error:
            content.refused_segments.append(_refused(each, content.tables, error))


def _refused(value: Any, tables: Tables, error: ProtocolError) -> RefusedSegment:
    """What can still be read of where a malformed segment belongs."""
    incarnation = scope = first = None
    if isinstance(value, list) and len(value) >= 2:
        try:
            incarnation, scope = tables.stream_at(value[0])
            check_int("first seq", value[1], 1, limits.INT_MAX)
            first = value[1]
        except ProtocolError:
            first = None
    return RefusedSegment(incarnation, scope, first, error.code, str(error))


def _read_receipts(content: Content, value: Any) -> None:
    for stream, seq, signer, time, count, index, path, signature in _rows(
        "receipts", value, limits.RECEIPTS_A_MESSAGE, 8
    ):
        check_int("receipt seq", seq, 1, limits.INT_MAX)
        check_int("receipt time", time, limits.INT_MIN, limits.INT_MAX)
        check_int("receipt count", count, 1, 2**_PATH)
        check_int("receipt index", index, 0, count - 1)
        if not isinstance(path, list) or len(path) > _PATH:
            raise Malformed(f"receipt path: must be an array of at most {_PATH}")
        for node in path:
            check_bytes("receipt path", node, limits.HASH)
        check_bytes("receipt signature", signature, SIGNATURE_BYTES)
        incarnation, scope = content.tables.stream_at(stream)
        named = content.tables.incarnation_at(signer)
        content.receipts.append(ReceiptLine(incarnation, scope, seq, named, time, count, index, tuple(path), signature))


def _read_answers(content: Content, value: Any) -> None:
    for stream, seq, disposition, code in _rows("answers", value, limits.ANSWERS_A_MESSAGE, 4):
        check_int("answer seq", seq, 1, limits.INT_MAX)
        check_int("answer disposition", disposition, PARKED, REFUSED)
        check_int("answer code", code, 1, 0xFFFF)
        content.answers.append(Answer(*content.tables.stream_at(stream), seq, disposition, code))


def _read_wants(content: Content, value: Any) -> None:
    for stream, seq in _rows("wants", value, limits.WANTS, 2):
        check_int("want seq", seq, 1, limits.INT_MAX)
        content.wants.append(Want(*content.tables.stream_at(stream), seq))


def _read_bodies(content: Content, value: Any) -> None:
    for stream, seq, salt, body in _rows("bodies", value, limits.WANTS, 4):
        check_int("body seq", seq, 1, limits.INT_MAX)
        check_bytes("body salt", salt, limits.SALT)
        check_body(body)
        content.bodies.append(Body(*content.tables.stream_at(stream), seq, salt, body))


def _read_more(content: Content, value: Any) -> None:
    content.more = _flag("more", value)


def _read_send_vector(content: Content, value: Any) -> None:
    content.send_vector = _flag("send vector", value)


def _read_next(content: Content, value: Any) -> None:
    check_challenge("next", value)
    content.next = value


def _read_alarm(content: Content, value: Any) -> None:
    check_int("alarm", value, ANOTHER_NONCE, OLDER_CHALLENGE)
    content.alarm = value


def _read_clock(content: Content, value: Any, reply: bool) -> None:
    """Before the other fields: what a request's segments tell counts from its clock."""
    check_int("clock", value, limits.INT_MIN, limits.INT_MAX)
    if reply:
        value += content.tables.counts_from
        check_int("clock", value, limits.INT_MIN, limits.INT_MAX)
    else:
        content.tables.clock_ms = value
    content.clock_ms = value


def _read_tide(content: Content, value: Any) -> None:
    check_int("tide", value, 0, limits.INT_MAX)
    content.tide = value


def _read_renewal(content: Content, value: Any) -> None:
    if type(value) is not bytes:
        raise Malformed("renewal: must be the bytes of an enrolment request")
    if len(value) > limits.HEADER:
        raise TooLarge(f"renewal: {len(value)} bytes, at most {limits.HEADER}")
    content.renewal = value


def _read_forks(content: Content, value: Any) -> None:
    content.forks = read_talk(value, content.tables)


_READERS: Final[dict[int, Callable[[Content, Any], None]]] = {
    0: _read_hello,
    1: _read_nonce,
    2: _read_first,
    3: _read_digest,
    4: _read_vector,
    5: _read_roster_heads,
    6: _read_roster_changes,
    10: _read_segments,
    11: _read_receipts,
    12: _read_answers,
    13: _read_wants,
    14: _read_bodies,
    15: _read_more,
    16: _read_send_vector,
    17: _read_next,
    18: _read_alarm,
    20: _read_tide,
    21: _read_renewal,
    22: _read_forks,
}
