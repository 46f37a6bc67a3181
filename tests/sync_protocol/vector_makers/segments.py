"""The vectors of segments: each column in each of its forms, and segments that must be parked or refused."""

from collections.abc import Sequence
from typing import Any

from sync_protocol.encoding import encode
from sync_protocol.event import Event
from sync_protocol.wire import Tables, pack_segment
from tests.sync_protocol import sample
from tests.sync_protocol.sample import COUNTY, TOWNSHIP, VILLAGE, VILLAGE_2, Writer, without_bodies
from tests.sync_protocol.vector_makers.shapes import Vector, network
from tests.sync_protocol.vector_makers.streams import writers


def segments() -> Vector:
    """Segments that are stored, and those that are not."""
    return {
        "about": "Segments in wire form, and what is rebuilt from them.",
        **network(),
        "segments": stored(),
        "refused": refused(),
    }


def arriving(
    name: str,
    writer: Writer,
    value: list[Any],
    tables: Tables,
    *,
    held: Sequence[bytes],
    first_held: int = 0,
    receiver: str | None = None,
) -> Vector:
    """A segment as it comes to a receiver who holds these chain hashes."""
    incarnations, scopes, streams = tables.values()
    return {
        "name": name,
        "incarnations": [incarnation.hex() for incarnation in incarnations],
        "scopes": scopes,
        "streams": streams,
        "receiver": receiver,
        "held": {"first": first_held, "chain": [chain.hex() for chain in held]},
        "segment": encode(value).hex(),
    }


def sound(
    name: str, writer: Writer, events: list[Event], *, held_to: int | None = None, receiver: str = COUNTY
) -> Vector:
    """A segment that is stored, and what comes out."""
    tables, first, last = Tables(), events[0].header.seq, events[-1].header.seq
    value = pack_segment(writer.incarnation, writer.scope, writer.stream, events, writer.sealed(last), tables)
    held = [writer.hash_at(seq) or b"" for seq in range(first - 1, (held_to or first - 1) + 1)]
    return arriving(name, writer, value, tables, held=held, first_held=first - 1, receiver=receiver) | {
        "headers": [event.header_bytes.hex() for event in events],
        "chain": [event.hash.hex() for event in events],
        "salts": [event.salt.hex() if event.salt is not None else None for event in events],
        "bodies": [event.body.hex() if event.body is not None else None for event in events],
    }


def stored() -> list[Vector]:
    """What a receiver takes in."""
    village, township, county = writers()
    long = Writer("village 2", f"about:{VILLAGE_2}").write_cases(18)
    made = [
        sound("a whole short stream", village, village.events, receiver=TOWNSHIP),
        sound("its end only", village, village.events[3:]),
        sound("one event", village, village.events[:1]),
        sound("overlapping what is held", village, village.events[1:], held_to=3),
        sound("held already", village, village.events[:2], held_to=6),
        sound("bodies that are not here", village, without_bodies(village.events)),
        sound("some bodies that are not here", village, without_bodies(village.events, 1)),
        sound("events after those of another stream", township, township.events, receiver=TOWNSHIP),
        sound("from above to everyone below", county, county.events, receiver=VILLAGE),
        sound("64 events", long, long.events[:64], receiver=TOWNSHIP),
        sound("joined from two seals", long, long.events[60:]),
    ]
    return [*made, *spelled_out(long)]


def spelled_out(writer: Writer) -> list[Vector]:
    """The same events where the sender wrote every column out, or as one value, or gave what could be computed."""
    events = writer.events[:4]
    whole = sound("every column written out", writer, events)
    tables = Tables()
    value = pack_segment(writer.incarnation, writer.scope, writer.stream, events, writer.sealed(4), tables)
    for column in (3, 4, 5, 6, 7, 10, 11, 12):
        if isinstance(value[column], dict):
            value[column] = [value[column][0]] * 4
    value[5] = [event.header.case_id for event in events]
    value[6] = [
        after and [tables.incarnation(after.incarnation), after.seq, after.mark]
        for after in (event.header.after for event in events)
    ]
    whole |= arriving("every column written out", writer, value, tables, held=[writer.stream])
    same = Writer("village 2", f"below:{VILLAGE_2}")
    for _ in range(3):
        same.write(65, "通知", case_id=None)
    level = Writer("village 3", f"about:{sample.VILLAGE_3}")
    for _ in range(3):
        level.write(1, "x", apart=True)
    return [
        whole,
        sound("every column one value", same, same.events, receiver=TOWNSHIP),
        sound("every event opens a case", level, level.events),
        as_one_value(same),
    ]


def as_one_value(writer: Writer) -> Vector:
    """One event, each column as {0: value}."""
    vector = sound("one event, each column as one value", writer, writer.events[:1], receiver=TOWNSHIP)
    tables = Tables()
    value = writer.packed(1, 1, tables)
    for column in range(3, 13):
        if isinstance(value[column], list):
            value[column] = {0: value[column][0]}
    return vector | {"segment": encode(value).hex()}


def refused() -> list[Vector]:
    """What a receiver parks or refuses, each for one reason."""
    return [*out_of_place(), *with_another_past(), *altered_on_the_way(), *out_of_shape()]


def whole(writer: Writer) -> tuple[list[Any], Tables]:
    """Everything it has written, in one segment."""
    tables = Tables()
    return writer.packed(1, len(writer.events), tables), tables


def refusal(name: str, error: str, writer: Writer, value: list[Any], tables: Tables, **more: Any) -> Vector:
    """A segment that is not stored; by default its receiver holds nothing of the stream."""
    return {"error": error} | arriving(name, writer, value, tables, **{"held": [writer.stream]} | more)


def altered(name: str, error: str, column: int, change: Any, **more: Any) -> Vector:
    """The village's segment with one column replaced, or changed by a function."""
    village = writers()[0]
    value, tables = whole(village)
    value[column] = change(value[column]) if callable(change) else change
    return refusal(name, error, village, value, tables, **more)


def out_of_place() -> list[Vector]:
    """Authors and receivers who have nothing to do with the scope."""
    village = writers()[0]
    stranger, outside = Writer("stranger", f"about:{VILLAGE}"), Writer("village 2", f"about:{VILLAGE}")
    pretender, to_itself = Writer("township", f"below:{VILLAGE}"), Writer("county", f"about:{COUNTY}")
    lookalike = Writer("village", f"about:{VILLAGE[:-1]}")
    for writer in (stranger, outside, pretender, lookalike, to_itself):
        writer.write(1, "x", apart=True)
    rows: list[tuple[str, str, Writer, str | None]] = [
        ("an author nobody knows", "unknown_incarnation", stranger, None),
        ("a place nobody knows", "unknown_incarnation", lookalike, COUNTY),
        ("a village about its neighbour", "scope_not_allowed", outside, TOWNSHIP),
        ("a township in its village's own name", "scope_not_allowed", pretender, None),
        ("to a village beside it", "scope_not_followed", village, VILLAGE_2),
        ("to a village below it", "scope_not_followed", to_itself, VILLAGE),
    ]
    return [refusal(name, error, writer, *whole(writer), receiver=place) for name, error, writer, place in rows]


def with_another_past() -> list[Vector]:
    """Segments that do not continue what is held."""
    village, later = writers()[0], Tables()
    another_life = Writer("village", f"about:{VILLAGE}").write_cases(1)
    held = [village.stream, another_life.events[0].hash]
    return [
        refusal("begins beyond the head", "gap", village, village.packed(4, 6, later), later),
        refusal("other events than are held", "fork", village, *whole(village), held=held),
        altered("other events and no seal", "bad_seal", 16, bytes(64), held=held),
    ]


def altered_on_the_way() -> list[Vector]:
    """Segments that are well formed, and not what their author sealed."""

    def swapped(kinds: list[int]) -> list[int]:
        return [kinds[0], kinds[2], kinds[1], *kinds[3:]]

    return [
        altered("a seal of zeros", "bad_seal", 16, bytes(64)),
        altered("the seal of another position", "bad_seal", 16, writers()[0].sealed(5)),
        altered("a body changed", "bad_seal", 14, lambda bodies: [bodies[0] + b"\x00", *bodies[1:]]),
        altered("a salt changed", "bad_seal", 13, lambda salts: bytes([salts[0] ^ 1]) + salts[1:]),
        altered("two kinds swapped", "bad_seal", 3, swapped),
        altered("a claim changed", "bad_seal", 9, [1, 0, 0, 0, 0, 0]),
        altered("an actor changed", "bad_seal", 10, {0: "daiban02"}),
    ]


def out_of_shape() -> list[Vector]:
    """Segments that are no segments, or too large ones."""
    rows: list[tuple[str, str, int, Any]] = [
        ("an event left out", "malformed", 2, 5),
        ("no events", "malformed", 2, 0),
        ("65 events", "too_large", 2, 65),
        ("position 0", "malformed", 1, 0),
        ("a stream that is not in the table", "malformed", 0, 1),
        ("kind 65536", "malformed", 3, {0: 65536}),
        ("version 0", "malformed", 4, {0: 0}),
        ("a case that points forward", "malformed", 5, lambda cases: [1, *cases[1:]]),
        ("a case of 15 bytes", "malformed", 5, {0: bytes(15)}),
        ("a false case", "malformed", 5, {0: False}),
        ("an after that points forward", "malformed", 6, lambda afters: [1, *afters[1:]]),
        ("an hlc below 0", "malformed", 8, [0, -1, 0, 0, 0, 0]),
        ("an hlc beyond 64 bits", "malformed", 8, [2**63 - 1, 1, 0, 0, 0, 0]),
        ("an actor of 65 bytes", "too_large", 10, {0: "x" * 65}),
        ("an inline body of 2,049 bytes", "too_large", 11, lambda inlines: [*inlines[:-1], bytes(2049)]),
        ("nine deps", "too_large", 7, {0: [[0, 0, 1]] * 9}),
        ("a body too few", "malformed", 14, lambda bodies: bodies[1:]),
        ("a salt too short", "malformed", 13, lambda salts: salts[1:]),
        ("a body of 24,577 bytes", "too_large", 14, lambda bodies: [bytes(24_577), *bodies[1:]]),
        ("two large bodies", "too_large", 14, lambda bodies: [bytes(20_000), bytes(20_000), *bodies[2:]]),
        ("a commitment too many", "malformed", 15, [bytes(32)]),
        ("a signature of 63 bytes", "malformed", 16, bytes(63)),
        ("a column too short", "malformed", 3, [1, 2, 3]),
        ("a column with two keys", "malformed", 4, {0: 1, 1: 1}),
    ]
    return [altered(*row) for row in rows]
