"""What goes into columns comes out of them, byte for byte, and a column out of shape is refused by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol import limits
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import Malformed, ProtocolError, TooLarge
from sync_protocol.event import Event, Head, Position, mark
from sync_protocol.exchange import Answer, Content, content_map, read_content
from sync_protocol.stream import OPENS, Draft, append
from sync_protocol.wire import Segment, Tables, keep, kept, pack_segment, read_segment, rebuild
from tests.sync_protocol.sample import TOWNSHIP, VILLAGE, VILLAGE_2, Writer, incarnation, without_bodies
from tests.sync_protocol.test_event import DEPS, EXTS, POSITIONS

SCOPE = f"about:{VILLAGE}"


@st.composite
def streams(draw: st.DrawFn) -> Writer:
    """A writer with up to twelve events that look at their own stream and elsewhere in every way there is."""
    writer = Writer("village", SCOPE)
    for _ in range(draw(st.integers(1, 12))):
        seen = [event.header.case_id for event in writer.events]
        own = [writer.position(event.header.seq) for event in writer.events]
        wrong_mark = [position._replace(mark=bytes(8)) for position in own]
        case_id = draw(st.sampled_from([OPENS, OPENS, None, bytes(16), *seen]))
        after = draw(st.none() | POSITIONS | st.sampled_from(own + wrong_mark) if own else st.none() | POSITIONS)
        apart = draw(st.booleans())
        draft = Draft(
            draw(st.integers(0, 0xFFFF)),
            draw(st.integers(1, 0xFF)),
            case_id,
            draw(st.integers(0, limits.INT_MAX)),
            draw(st.integers(limits.CLAIMED_MIN, limits.INT_MAX)),
            draw(st.sampled_from(["", "a", "县", "daiban01"])),
            draw(st.binary(max_size=40)),
            apart,
            after,
            tuple(draw(st.lists(DEPS, max_size=2))),
            draw(EXTS),
        )
        writer.events.append(append(writer.stream, writer.head, draft, bytes(range(16)) if apart else None))
    return writer


def carried(events: list[Event], writer: Writer) -> list[Event]:
    """These events after the wire: packed, encoded, decoded, read and rebuilt."""
    tables = Tables()
    value = pack_segment(writer.incarnation, writer.scope, writer.stream, events, bytes(64), tables)
    content = decode(encode([*tables.values(), value]))
    segment = read_segment(content[3], Tables.read(*content[:3]))
    assert kept(keep(segment)) == segment
    assert (segment.incarnation, segment.scope) == (writer.incarnation, writer.scope)
    assert (segment.first_seq, segment.last_seq) == (events[0].header.seq, events[-1].header.seq)
    return rebuild(segment, writer.stream, writer.hash_at(events[0].header.seq - 1) or b"")


@pytest.mark.slow
@given(streams(), st.data())
def test_every_event_comes_out_as_it_went_in(writer: Writer, data: st.DataObject):
    first = data.draw(st.integers(0, len(writer.events) - 1))
    last = data.draw(st.integers(first + 1, len(writer.events)))
    missing = data.draw(st.sets(st.integers(1, 12), max_size=3))
    events = without_bodies(writer.events[first:last], *missing) if missing else writer.events[first:last]
    assert carried(events, writer) == events


def test_a_case_and_what_follows_it_cost_no_hashes_on_the_wire():
    writer = Writer("village", SCOPE).write_cases(16)
    tables = Tables()
    value = writer.packed(1, 64, tables)
    assert value[5] == [True, 1, 1, 1] * 16
    assert value[6] == [None, 1, 1, None] * 16
    assert value[15] == []
    assert carried(writer.events, writer) == writer.events
    raw = encode(value)
    for event in writer.events:
        assert event.hash not in raw
        assert event.header.commitment is None or event.header.commitment not in raw


def test_the_smallest_and_the_largest_values_travel():
    writer = Writer("village", SCOPE)
    claims = (limits.CLAIMED_MIN, limits.INT_MAX, 0, -1)
    for hlc, claimed, kind, version in zip(
        (0, limits.INT_MAX, 0, 1), claims, (0, 0xFFFF, 0, 1), (1, 0xFF, 1, 2), strict=True
    ):
        draft = Draft(kind, version, None, hlc, claimed, "县" * 21 + "x", bytes(limits.INLINE_BODY), False)
        writer.events.append(append(writer.stream, writer.head, draft, None))
    assert carried(writer.events, writer) == writer.events


def test_one_and_true_are_not_taken_for_each_other():
    writer = Writer("village", SCOPE)
    opened = writer.write(1, {}).header.case_id
    writer.write(2, {}, case_id=opened)
    value = writer.packed(1, 2, Tables())
    assert [type(case) for case in value[5]] == [bool, int]
    assert carried(writer.events, writer) == writer.events
    flags = Writer("village 2", SCOPE)
    flags.write(65, "", case_id=None, ext={1: True})
    flags.write(65, "", case_id=None, ext={1: 1})
    assert carried(flags.events, flags) == flags.events


def test_what_is_the_same_for_all_is_said_once():
    writer = Writer("village", f"below:{VILLAGE}")
    for _ in range(3):
        writer.write(65, "x", case_id=None)
    value = writer.packed(1, 3, Tables())
    assert [value[column] for column in (3, 4, 5, 6, 7, 10, 12)] == [
        {0: 65}, {0: 1}, {0: None}, {0: None}, {0: []}, {0: "daiban01"}, {0: {}},
    ]  # fmt: skip


def test_a_segment_is_without_gaps():
    writer = Writer("village", SCOPE).write_cases(1)
    with pytest.raises(AssertionError, match="gaps"):
        pack_segment(writer.incarnation, SCOPE, writer.stream, writer.events[::2], bytes(64), Tables())


def test_tables_name_each_thing_once_and_find_it_again():
    tables = Tables()
    one = tables.stream(incarnation("village"), SCOPE)
    assert tables.stream(incarnation("township"), SCOPE) == one + 1
    assert tables.stream(incarnation("village"), SCOPE) == one
    assert tables.scope(f"below:{TOWNSHIP}") == 1
    assert tables.incarnation(incarnation("county")) == 2
    assert tables.values()[2] == [0, 0, 1, 0]
    read = Tables.read(*decode(encode(list(tables.values()))))
    assert read.stream_at(1) == (incarnation("township"), SCOPE)
    assert read.incarnation_at(2) == incarnation("county")
    assert read.scope_at(1) == f"below:{TOWNSHIP}"


@pytest.mark.parametrize(
    "fields",
    [
        (None, [], []), ([], {}, []), ([], [], None), ([bytes(15)], [], []), (["x"], [], []), ([], ["about:"], []),
        ([], [1], []), ([bytes(16)], [SCOPE], [0]), ([bytes(16)], [SCOPE], [0, 1]), ([bytes(16)], [SCOPE], [1, 0]),
        ([bytes(16)], [SCOPE], [-1, 0]), ([bytes(16)], [SCOPE], [False, 0]), ([bytes(16)], [SCOPE], [None, 0]),
    ],
)  # fmt: skip
def test_tables_out_of_shape_are_malformed(fields: Any):
    with pytest.raises(Malformed):
        Tables.read(*fields)


def test_tables_have_a_bound():
    with pytest.raises(TooLarge):
        Tables.read([bytes(16)] * 50_000, [], [])


@pytest.mark.parametrize("index", [1, -1, True, None, "0", b""])
def test_an_index_out_of_its_table_is_malformed(index: Any):
    read = Tables.read([bytes(16)], [SCOPE], [0, 0])
    for find in (read.incarnation_at, read.scope_at, read.stream_at):
        with pytest.raises(Malformed):
            find(index)


WRITER = Writer("village", SCOPE).write_cases(1)


def altered(column: int, value: Any) -> Segment:
    tables = Tables()
    values = WRITER.packed(1, 4, tables)
    values[column] = value
    return read_segment(decode(encode(values)), tables)


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        (0, 5, "streams"), (1, 0, "first seq"), (1, limits.INT_MAX, "last seq"), (2, 0, "n:"), (2, 3, "kinds|hlcs"),
        (3, [1, 2, 3], "kinds"), (3, [1, 2, 3, True], "kinds"), (3, {0: 65536}, "kinds"), (3, {0: -1}, "kinds"),
        (3, {1: 1}, "kinds"), (3, {0: 1, 1: 1}, "kinds"), (3, {}, "kinds"), (3, None, "kinds"), (3, {0: [1]}, "kinds"),
        (4, {0: 0}, "versions"), (4, {0: 256}, "versions"), (4, [1, 1, 1, "1"], "versions"),
        (5, [1, 1, 1, 1], "cases"), (5, [None, 2, 1, 1], "cases"), (5, [None, 0, 1, 1], "cases"),
        (5, {0: False}, "cases"), (5, {0: bytes(15)}, "cases"), (5, {0: "x"}, "cases"), (5, {0: []}, "cases"),
        (6, [1, 1, 1, 1], "afters"), (6, [None, 0, 1, 1], "afters"), (6, [None, True, 1, 1], "afters"),
        (6, {0: [0, 1]}, "afters"), (6, {0: [9, 1, bytes(8)]}, "incarnations"), (6, {0: [0, 0, bytes(8)]}, "afters"),
        (6, {0: [0, 1, bytes(7)]}, "afters"), (6, {0: b""}, "afters"),
        (7, {0: None}, "deps"), (7, {0: [[0, 0]]}, "deps"), (7, {0: [[9, 0, 1]]}, "incarnations"),
        (7, {0: [[0, 9, 1]]}, "scopes"), (7, {0: [[0, 0, 0]]}, "deps"), (7, [[], [], []], "deps"),
        (7, {0: [1]}, "deps"),
        (8, [-1, 0, 0, 0], "hlcs"), (8, [0, -1, 0, 0], "hlcs"), (8, {0: -1}, "hlcs"), (8, {0: 2**62}, "hlcs"),
        (8, [[0, 65536], 0, 0, 0], "hlcs"), (8, [[0, -1], 0, 0, 0], "hlcs"), (8, [[0], 0, 0, 0], "hlcs"),
        (8, ["0", 0, 0, 0], "hlcs"), (8, [0, [0, 0], 0, 0], "hlcs"), (8, [True, 0, 0, 0], "hlcs"),
        (8, [0, 0, 0], "hlcs"), (9, {0: None}, "claims"), (9, {0: limits.INT_MAX}, "claims"),
        (9, {0: -(2**63)}, "claims"),
        (10, {0: 5}, "actor"), (10, ["a", "b"], "actors"), (11, {0: b""}, "bodies"), (11, {0: "x"}, "inline"),
        (11, [None], "inlines"), (12, {0: None}, "ext"), (12, {0: {"a": 1}}, "ext"), (12, [{}], "exts"),
        (13, bytes(31), "salts"), (13, bytes(48), "salts"), (13, None, "salts"), (14, [b""], "bodies"),
        (14, {0: b""}, "bodies"), (14, [b"", 5], "body"), (15, [bytes(32)], "commitments"), (15, None, "commitments"),
        (14, [b"", None], "salts"), (16, bytes(63), "signature"), (16, None, "signature"),
    ],
)  # fmt: skip
def test_a_column_out_of_shape_is_malformed_by_name(column: int, value: Any, complaint: str):
    with pytest.raises(Malformed, match=complaint):
        altered(column, value)


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        (2, 65, "65 events"), (10, {0: "x" * 65}, "actor"), (14, [bytes(limits.BODY_APART + 1), b""], "body"),
        (7, {0: [[0, 0, 1]] * 9}, "deps"), (11, [None, bytes(limits.INLINE_BODY + 1), b"", None], "inline"),
    ],
)  # fmt: skip
def test_a_column_beyond_its_bounds_is_too_large(column: int, value: Any, complaint: str):
    with pytest.raises(TooLarge, match=complaint):
        altered(column, value)


@pytest.mark.parametrize("value", [None, [], {}, [0] * 16, [0] * 18, b""])
def test_what_is_no_segment_is_malformed(value: Any):
    with pytest.raises(Malformed):
        read_segment(value, Tables.read([bytes(16)], [SCOPE], [0, 0]))


def test_commitments_stand_in_for_bodies_that_are_not_here():
    tables = Tables()
    bare = without_bodies(WRITER.events)
    value = pack_segment(WRITER.incarnation, SCOPE, WRITER.stream, bare, bytes(64), tables)
    assert (value[13], value[14]) == (b"", [None, None])
    assert value[15] == [WRITER.events[0].header.commitment, WRITER.events[3].header.commitment]
    value[15] = [bytes(31), bytes(32)]
    with pytest.raises(Malformed, match="commitments"):
        read_segment(value, tables)


def large(*sizes: int) -> Writer:
    """A writer with one event apart for each of these sizes of a body."""
    writer = Writer("village", SCOPE)
    for size in sizes:
        draft = Draft(1, 1, OPENS, 0, 0, "", bytes(size), True)
        writer.events.append(append(writer.stream, writer.head, draft, bytes(16)))
    return writer


def test_a_segment_is_full_at_its_bound_of_bytes():
    largest = large(limits.BODY_APART)
    assert carried(largest.events, largest) == largest.events
    headers = sum(len(event.header_bytes) for event in large(0, 0).events)
    room = limits.SEGMENT - headers - 2 * limits.SALT
    full = large(room // 2, room - room // 2)
    assert carried(full.events, full) == full.events
    over = large(room // 2, room - room // 2 + 1)
    with pytest.raises(TooLarge, match="segment"):
        carried(over.events, over)


def test_a_header_that_is_too_large_is_refused_when_rebuilt():
    tables = Tables()
    value = WRITER.packed(1, 4, tables)
    value[12] = [{0: bytes(limits.HEADER)}, {}, {}, {}]
    with pytest.raises(TooLarge, match="header"):
        rebuild(read_segment(value, tables), WRITER.stream, WRITER.stream)


def test_an_after_in_the_segment_gets_its_mark_from_the_hash_rebuilt():
    tables = Tables()
    value = WRITER.packed(1, 4, tables)
    events = rebuild(read_segment(value, tables), WRITER.stream, bytes(32))
    assert events[1].header.after == Position(WRITER.incarnation, 1, mark(events[0].hash))
    assert events[1].hash != WRITER.events[1].hash


def test_a_waiting_segment_needs_nothing_of_its_message():
    other = Writer("township", SCOPE)
    deps = tuple(WRITER.dep(seq) for seq in (4, 3, 2, 1, 1, 2, 3, 4))
    other.write(4, {}, case_id=bytes(16), after=WRITER.position(1), deps=deps, ext={1: [True, {"x": None}]})
    other.write(4, {}, case_id=bytes(16), after=other.position(1))
    tables = Tables()
    tables.stream(incarnation("village 2"), f"about:{VILLAGE_2}")
    value = decode(encode(other.packed(1, 2, tables)))
    segment = read_segment(value, Tables.read(*tables.values()))
    raw = keep(segment)
    assert rebuild(kept(raw), other.stream, other.stream) == other.events
    assert kept(raw).signature == other.sealed(2)


@pytest.mark.slow
@given(streams(), st.data())
def test_a_changed_wire_form_never_rebuilds_to_the_same_end(writer: Writer, data: st.DataObject):
    tables = Tables()
    value = pack_segment(
        writer.incarnation, writer.scope, writer.stream, writer.events, writer.sealed(writer.head.seq), tables
    )
    raw = bytearray(encode(value))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        segment = read_segment(decode(bytes(raw)), Tables.read(*tables.values()))
        events = rebuild(segment, writer.stream, writer.stream)
    except ProtocolError:
        return
    if Head(segment.last_seq, events[-1].hash) == writer.head:
        assert events == writer.events  # the same said in another way, or only the signature changed


def test_the_tables_of_a_reply_go_on_from_those_of_its_request() -> None:
    """What the request named, and who replies, is pointed to and not said again."""
    child, ancestor, stranger = b"c" * 16, b"a" * 16, b"s" * 16
    asked = Tables()
    asked.stream(child, SCOPE)
    asked = Tables.read(*asked.values())
    reply = Tables(asked, ancestor)
    assert (reply.stream(child, SCOPE), reply.incarnation(ancestor)) == (0, 1)
    assert reply.values() == ([], [], [])
    assert (reply.stream(ancestor, SCOPE), reply.stream(stranger, "about:2")) == (1, 2)
    assert reply.values() == ([stranger], ["about:2"], [1, 0, 2, 1])
    read = Tables.read(*reply.values(), asked, ancestor)
    assert read.streams == [(child, SCOPE), (ancestor, SCOPE), (stranger, "about:2")]
    assert read.incarnations == [child, ancestor, stranger]
    with pytest.raises(Malformed, match="no such index"):
        Tables.read(*reply.values())  # by itself it points to what is not there


def test_a_reply_of_few_words_is_read_with_its_request() -> None:
    child, ancestor = b"c" * 16, b"a" * 16
    asked = Tables.read([child], [SCOPE], [0, 0])
    content = Content(tables=Tables(asked, ancestor), answers=[Answer(child, SCOPE, 3, 1, 9)])
    values = content_map(content)
    assert not {7, 8, 9} & values.keys()
    assert read_content(values, reply=True, asked=asked, ancestor=ancestor).answers == content.answers
    with pytest.raises(Malformed, match="streams"):
        read_content(values, reply=True)
