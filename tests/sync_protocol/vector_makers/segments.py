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
    village, _, county = writers()
    stranger, outside = Writer("stranger", f"about:{VILLAGE}"), Writer("village 2", f"about:{VILLAGE}")
    pretender = Writer("township", f"below:{VILLAGE}")
    lookalike = Writer("village", f"about:{VILLAGE[:-1]}")
    for writer in (stranger, outside, pretender, lookalike):
        writer.write(1, "x", apart=True)
    other = Writer("village", f"about:{VILLAGE}").write_cases(1)
    made: list[Vector] = []

    def refuse(name: str, error: str, writer: Writer, value: list[Any], tables: Tables, **more: Any) -> None:
        made.append({"error": error} | arriving(name, writer, value, tables, **{"held": [writer.stream]} | more))

    def whole(writer: Writer) -> tuple[list[Any], Tables]:
        tables = Tables()
        return writer.packed(1, len(writer.events), tables), tables

    def altered(column: int, change: Any) -> tuple[list[Any], Tables]:
        value, tables = whole(village)
        value[column] = change(value[column]) if callable(change) else change
        return value, tables

    value, tables = whole(village)
    refuse("an author nobody knows", "unknown_incarnation", stranger, *whole(stranger))
    refuse("a place nobody knows", "unknown_incarnation", lookalike, *whole(lookalike), receiver=COUNTY)
    refuse("a village about its neighbour", "scope_not_allowed", outside, *whole(outside), receiver=TOWNSHIP)
    refuse("a township in its village's own name", "scope_not_allowed", pretender, *whole(pretender))
    refuse("to a village beside it", "scope_not_followed", village, value, tables, receiver=VILLAGE_2)
    refuse(
        "to a village below it",
        "scope_not_followed",
        county,
        *whole(Writer("county", f"about:{COUNTY}").write_cases(1)),
        receiver=VILLAGE,
    )
    later = Tables()
    refuse("begins beyond the head", "gap", village, village.packed(4, 6, later), later, held=[village.stream])
    refuse("other events than are held", "fork", village, value, tables, held=[village.stream, other.events[0].hash])
    forged = altered(16, lambda signature: bytes(64))
    refuse("other events and no seal", "bad_seal", village, *forged, held=[village.stream, other.events[0].hash])
    refuse("a seal of zeros", "bad_seal", village, *forged)
    refuse("the seal of another position", "bad_seal", village, *altered(16, village.sealed(5)))
    refuse("a body changed", "bad_seal", village, *altered(14, lambda bodies: [bodies[0] + b"\x00", *bodies[1:]]))
    refuse(
        "two kinds swapped",
        "bad_seal",
        village,
        *altered(3, lambda kinds: [*kinds[:1], kinds[2], kinds[1], *kinds[3:]]),
    )
    refuse("a claim changed", "bad_seal", village, *altered(9, [1, 0, 0, 0, 0, 0]))
    refuse("an actor changed", "bad_seal", village, *altered(10, {0: "daiban02"}))
    refuse("an event left out", "malformed", village, *altered(2, 5))
    refuse("no events", "malformed", village, *altered(2, 0))
    refuse("65 events", "too_large", village, *altered(2, 65))
    refuse("position 0", "malformed", village, *altered(1, 0))
    refuse("a stream that is not in the table", "malformed", village, *altered(0, 1))
    refuse("kind 65536", "malformed", village, *altered(3, {0: 65536}))
    refuse("version 0", "malformed", village, *altered(4, {0: 0}))
    refuse("a case that points forward", "malformed", village, *altered(5, lambda cases: [1, *cases[1:]]))
    refuse("a case of 15 bytes", "malformed", village, *altered(5, {0: bytes(15)}))
    refuse("a false case", "malformed", village, *altered(5, {0: False}))
    refuse("an after that points forward", "malformed", village, *altered(6, lambda afters: [1, *afters[1:]]))
    refuse("an hlc below 0", "malformed", village, *altered(8, [0, -1, 0, 0, 0, 0]))
    refuse("an hlc beyond 64 bits", "malformed", village, *altered(8, [2**63 - 1, 1, 0, 0, 0, 0]))
    refuse("an actor of 65 bytes", "too_large", village, *altered(10, {0: "x" * 65}))
    refuse(
        "an inline body of 2,049 bytes",
        "too_large",
        village,
        *altered(11, lambda inlines: [*inlines[:-1], bytes(2049)]),
    )
    refuse("nine deps", "too_large", village, *altered(7, {0: [[0, 0, 1]] * 9}))
    refuse("a body too few", "malformed", village, *altered(14, lambda bodies: bodies[1:]))
    refuse("a salt too short", "malformed", village, *altered(13, lambda salts: salts[1:]))
    refuse("a body of 24,577 bytes", "too_large", village, *altered(14, lambda bodies: [bytes(24577), *bodies[1:]]))
    refuse(
        "two large bodies", "too_large", village, *altered(14, lambda bodies: [bytes(20000), bytes(20000), *bodies[2:]])
    )
    refuse("a commitment too many", "malformed", village, *altered(15, [bytes(32)]))
    refuse("a signature of 63 bytes", "malformed", village, *altered(16, bytes(63)))
    refuse("a column too short", "malformed", village, *altered(3, [1, 2, 3]))
    refuse("a column with two keys", "malformed", village, *altered(4, {0: 1, 1: 1}))
    return made
