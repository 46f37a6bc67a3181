"""What is signed rightly and says something wrong: the second reader refuses it."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests import second_reader
from tests.second_reader import Event, Reader, decode, digest, encode, unhex
from tests.sync_protocol.test_second_reader import book, fresh, reader_after, reader_of, refused


def nested(depth: int) -> Any:
    """Arrays inside each other."""
    return [nested(depth - 1)] if depth > 1 else []


def signature(public: bytes, label: str, network: bytes, payload: bytes) -> bytes:
    """Signed with the private key that roster.json gives."""
    seeds = {key["public"]: unhex(key["private"]) for key in book("roster.json")["keys"]}
    signed = encode(["Signature1", b"", b"sanji/1/" + label.encode() + network, payload])
    return Ed25519PrivateKey.from_private_bytes(seeds[public.hex()]).sign(signed)


def next_change(ops: list[Any], part: str = "", epoch: int = 0) -> bytes:
    """A change of the county part, or of a township's, that all who could be asked have signed."""
    roster = reader_of("roster.json")
    part = part or roster.county
    held_epoch, held = roster.heads.get(part, (1, []))
    payload = encode([part, epoch or held_epoch, len(held) + 1, held[-1] if held else bytes(32), 0, ops])
    signers = [*roster.roots, roster.publisher] + [node.key for node in roster.nodes.values() if node.place == part]
    keys = [roster.keys[signer] for signer in signers[:16]]
    return encode([payload, [[digest(key)[:8], signature(key, "roster", roster.network, payload)] for key in keys]])


NEW_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
OFF_CURVE = (2).to_bytes(32, "little")
SMALL = [bytes(32), b"\1" + bytes(31), bytes(31) + b"\x80", b"\xec" + b"\xff" * 30 + b"\x7f"]
ROOT, PUBLISHER = [1, 1, [[1, NEW_KEY]]], [2, 1, NEW_KEY]


@pytest.mark.parametrize(
    ("ops", "sound"),
    [
        ([PUBLISHER], True),
        ([[2, 2, NEW_KEY]], False),
        ([[2, 1, OFF_CURVE]], False),
        ([[1, 1, [[1, OFF_CURVE]]]], False),
        *[([[2, 1, key]], False) for key in SMALL],
        ([PUBLISHER, ROOT], False),
        ([[1, 2, [[1, NEW_KEY]]]], False),
        ([[1, 1, [[1, NEW_KEY], [1, NEW_KEY]]]], False),
        ([[1, 0, [[1, NEW_KEY]]]], False),
        ([[2, 1, NEW_KEY[1:]]], False),
        ([[2, 1, NEW_KEY, 0]], False),
        ([[]], False),
        ([], False),
        ([["2", 1, NEW_KEY]], False),
        ([[3, "9", "village", None, "", []]], False),
        ([[3, "9", "village", None, "", {}]], False),
        ([[3, "9", "village", "8", "", {}]], False),
        ([[9, b"-"]], False),
    ],
)
def test_a_change_that_all_have_signed_is_refused_for_what_it_says(ops: list[Any], sound: bool) -> None:
    assert refused(fresh("roster.json").grow, next_change(ops)) is not sound


def test_a_change_has_the_shape_of_a_change() -> None:
    payload = decode(next_change([PUBLISHER]))[0]
    wrong: list[Any] = [[payload], [payload, [[bytes(8)]]], [payload, [[bytes(8), bytes(63)]]], ["", []], [b"\0", []]]
    for change in wrong:
        assert refused(fresh("roster.json").grow, encode(change)), str(change)
    for ops in ([], [PUBLISHER]):
        nothing = encode([encode(["1", 1, 1, bytes(32), 0, ops]), []])
        assert refused(reader_after([]).grow, nothing), "a network that begins without a root"


def test_a_new_place_is_as_its_extensions_and_its_part_allow() -> None:
    township = next(part for part in reader_of("roster.json").heads if part != reader_of("roster.json").county)
    cases: list[tuple[dict[Any, Any], bool]] = [
        ({0: 1}, True),
        ({-1: 1}, False),
        ({"0": 1}, False),
        ({0: nested(8)}, True),
        ({0: nested(9)}, False),
    ]
    for extensions, sound in cases:
        place = [3, "9", "village", township, "", extensions]
        assert refused(fresh("roster.json").grow, next_change([place])) is not sound, str(extensions)
    assert refused(fresh("roster.json").grow, next_change([PUBLISHER], epoch=9))
    assert refused(fresh("roster.json").grow, next_change([PUBLISHER], part=township))


def test_a_key_signs_a_change_once() -> None:
    payload, signatures = decode(next_change([PUBLISHER]))
    assert refused(fresh("roster.json").grow, encode([payload, [*signatures, signatures[-1]]]))


def test_an_enrolment_names_a_place_a_level_and_an_incarnation() -> None:
    public = reader_of("roster.json").keys[next(iter(reader_of("roster.json").roots))]
    plain = [1, "621021", "county", "name", 1, bytes(16), public]
    for at, value, sound in (
        (0, 1, True),
        (0, 2, False),
        (1, "", False),
        (1, "三", False),
        (1, "6:1", False),
        (2, "hamlet", False),
        (4, 2, False),
        (5, bytes(15), False),
    ):
        request = [*plain[:at], value, *plain[at + 1 :]]
        request.append(signature(public, "enrol", b"", encode(request)))
        assert refused(second_reader.enrolment, encode(request)) is not sound, str(value)


def test_a_signed_receipt_is_of_a_position_from_1_on_and_within_the_count() -> None:
    reader = reader_of("receipts.json")
    signer, node = next(iter(reader.nodes.items()))
    for seq, count, index, sound in ((1, 1, 0, True), (0, 1, 0, False), (1, 1, 1, False), (1, 0, 0, False)):
        line = [bytes(32), seq, bytes(32)]
        payload = encode([signer, 0, count, digest(b"\0" + encode(line))])
        signed = signature(reader.keys[node.key], "receipt", reader.network, payload)
        assert refused(reader.receipt, encode([*line, signer, 0, count, index, [], signed])) is not sound


def test_a_column_is_an_array_or_a_map_of_one_value_and_nothing_that_reads_like_it() -> None:
    tried = 0
    for case in book("segments.json")["segments"]:
        segment = decode(unhex(case["segment"]))
        versions = segment[4]
        same = [{0: versions[0], 1: 0}] if isinstance(versions, dict) else [bytes(versions), [*versions, 1]]
        for column in same:
            changed = encode([*segment[:4], column, *segment[5:]])
            assert refused(fresh("segments.json").read_segment, case | {"segment": changed.hex()})
            tried += 1
    assert tried


FIELDS = ["seq", "kind", "version", "case", "after", "deps", "hlc", "claimed", "actor", "inline", "commitment", "ext"]


def header(changes: dict[str, Any]) -> bytes:
    """A plain header with some of its fields changed."""
    plain: list[Any] = [1, 1, 1, None, None, [], 0, 0, "", b"", None, {}]
    return encode([changes.get(name, value) for name, value in zip(FIELDS, plain, strict=True)])


@pytest.mark.parametrize(
    ("changes", "sound"),
    [
        ({}, True),
        ({"seq": 0}, False),
        ({"kind": 65535}, True),
        ({"kind": 65536}, False),
        ({"version": 0}, False),
        ({"version": 256}, False),
        ({"case": bytes(15)}, False),
        ({"case": "of 16 characters"}, False),
        ({"after": b""}, False),
        ({"after": [bytes(16), 1, bytes(8)]}, True),
        ({"deps": [[bytes(16), "about:1", 1]] * 8}, True),
        ({"deps": None}, False),
        ({"hlc": -1}, False),
        ({"claimed": -(2**62)}, True),
        ({"claimed": -(2**62) - 1}, False),
        ({"actor": b""}, False),
        ({"inline": None}, False),
        ({"commitment": bytes(32)}, False),
        ({"inline": None, "commitment": bytes(32)}, True),
        ({"ext": {-1: nested(8)}}, True),
        ({"ext": {-1: nested(9)}}, False),
        ({"ext": {"1": 0}}, False),
    ],
)
def test_a_header_is_refused_for_what_it_says(changes: dict[str, Any], sound: bool) -> None:
    assert refused(second_reader.event, bytes(32), header(changes), None, None) is not sound


def village_and_township() -> tuple[bytes, bytes]:
    """The incarnations of a village and of the township over it."""
    roster = reader_of("streams.json")
    for child, node in roster.nodes.items():
        level, parent, _ = roster.places[node.place]
        for ancestor, above in roster.nodes.items():
            if level == "village" and above.place == parent:
                return child, ancestor
    raise AssertionError("the vectors have no village under a township")


def exchange(
    sender: bytes, recipient: bytes, asked: Any, answered: Any, version: int = 4, signer: bytes | None = None
) -> dict[str, Any]:
    """An exchange with this content, signed by both, or the request by another than its sender."""
    roster = reader_of("streams.json")
    asking, answering = b"\0" + encode(asked), b"\0" + encode(answered)

    def signed(by: bytes, *fields: Any) -> bytes:
        return signature(roster.keys[roster.nodes[by].key], "exchange", roster.network, encode(list(fields)))

    proof = signed(signer or sender, 0, sender, recipient, None, digest(asking))
    request = encode([version, sender[:4], None, proof, asking])
    payload = (1, recipient, sender, None, digest(answering), digest(request))
    reply = encode([4, signed(recipient, *payload), answering])
    return {"child": sender.hex(), "ancestor": recipient.hex(), "request": request.hex(), "reply": reply.hex(),
            "request_content": None, "reply_content": None, "request_state": None, "reply_state": None}  # fmt: skip


def test_a_request_is_taken_from_a_node_below_only() -> None:
    child, ancestor = village_and_township()
    assert not refused(fresh("streams.json").read_exchange, exchange(child, ancestor, {}, {}))
    assert refused(fresh("streams.json").read_exchange, exchange(ancestor, child, {}, {}))
    assert refused(fresh("streams.json").read_exchange, exchange(child, child, {}, {}))
    assert refused(fresh("streams.json").read_exchange, exchange(child, ancestor, {}, {}, version=1))
    assert refused(fresh("streams.json").read_exchange, exchange(child, ancestor, {}, {}, signer=ancestor))
    to_another = exchange(child, ancestor, {}, {}) | {"ancestor": child.hex()}
    assert refused(fresh("streams.json").read_exchange, to_another)


def test_a_reply_answers_the_very_request() -> None:
    child, ancestor = village_and_township()
    first, second = exchange(child, ancestor, {}, {}), exchange(child, ancestor, {15: True}, {})
    assert refused(fresh("streams.json").read_exchange, first | {"reply": second["reply"]})
    assert refused(fresh("streams.json").read_exchange, first | {"request": second["request"]})
    assert not refused(fresh("streams.json").read_exchange, second)


@pytest.mark.parametrize(
    ("content", "sound"),
    [
        ({}, True),
        ({0: [1, 4, [1], "another"]}, True),
        ({21: "what a later version says"}, True),
        ({-1: 0}, False),
        ({"0": 0}, False),
        ([], False),
        ({15: True}, True),
        ({15: False}, False),
        ({15: 1}, False),
        ({17: bytes(7)}, False),
        ({1: bytes(8)}, False),
        ({3: bytes(8)}, False),
        ({3: digest(encode([]))[:8], 4: []}, True),
        ({4: [[0, 1, bytes(8), []]]}, False),
        ({10: [[]]}, False),
    ],
)
def test_the_content_of_a_request_is_refused_for_what_it_says(content: Any, sound: bool) -> None:
    child, ancestor = village_and_township()
    assert refused(fresh("streams.json").read_exchange, exchange(child, ancestor, content, {})) is not sound


def knowing_reader() -> tuple[Reader, list[Any], list[list[Event]]]:
    """A reader that has read all streams of streams.json, tables that name them in order, and their events."""
    reader, events = fresh("streams.json"), []
    streams = book("streams.json")["streams"]
    for stream in streams:
        reader.sealed = []
        reader.read_stream(stream)
        events.append(reader.sealed)
    authors, scopes = [unhex(stream["incarnation"]) for stream in streams], [stream["scope"] for stream in streams]
    return reader, [authors, scopes, [index for at in range(len(streams)) for index in (at, at)]], events


def test_a_body_that_comes_by_itself_fits_the_commitment_held() -> None:
    reader, tables, streams = knowing_reader()
    tried = 0
    for index, events in enumerate(streams):
        for event in [event for event in events if event.body is not None]:
            fields = {7: tables[0], 8: tables[1], 9: tables[2], 14: [[index, event.header[0], event.salt, event.body]]}
            assert not refused(reader.take, fields, "", [])
            fields[14][0][3] += b"\0"
            assert refused(reader.take, fields, "", [])
            fields[14][0][:2] = [len(streams), 1]
            assert refused(reader.take, fields, "", [])
            tried += 1
    assert tried


def test_a_vector_has_true_marks_and_receipts_of_the_other_side_and_the_digest_is_of_it() -> None:
    reader, tables, streams = knowing_reader()
    child, ancestor = village_and_township()
    place, tried = reader.nodes[child].place, 0
    for at in [at for at, events in enumerate(streams) if events]:
        author, scope, last = tables[0][at], tables[1][at], streams[at][-1]
        below = reader.covers(place, reader.nodes[author].place)
        other, own = (ancestor, child) if below else (child, ancestor)
        entry = [author, scope, last.header[0], last.chain[:8]]
        for row, sound in (
            ([*entry, []], True),
            ([*entry, [[other, 1]]], True),
            ([*entry, [[own, 1]]], False),
            ([*entry[:3], bytes(8), []], False),
        ):
            flat = [number for signer, upto in row[4] for number in ([child, ancestor].index(signer), upto)]
            fields = {3: digest(encode([row]))[:8], 4: [[0, row[2], row[3], flat]],
                      7: [child, ancestor, author], 8: [scope], 9: [2, 0]}  # fmt: skip
            assert refused(reader.take, fields, place, [row]) is not sound
            assert refused(reader.take, fields | {3: bytes(16)}, place, [row])
            assert refused(reader.take, fields | {4: []}, place, [row])
            tried += 1
    assert tried


def test_a_stream_has_no_gap() -> None:
    stream = next(stream for stream in book("streams.json")["streams"] if len(stream["events"]) > 1)
    late = stream | {"events": stream["events"][1:], "seals": []}
    assert refused(fresh("streams.json").read_stream, late)


def test_a_receipt_on_the_wire_is_of_a_known_position() -> None:
    reader, tables, _ = knowing_reader()
    identities, tried = [reader.stream(*pair) for pair in zip(*tables[:2], strict=True)], 0
    for case in book("receipts.json")["sets"]:
        for raw in case["receipts"]:
            stream, seq, _, signer, *proof = decode(unhex(raw))
            if stream in identities:
                at = identities.index(stream)
                fields = {7: [*tables[0], signer], 8: tables[1], 9: tables[2], 11: [[at, seq, len(tables[0]), *proof]]}
                assert not refused(reader.take, fields, "", [])
                fields[11][0][3] += 1
                assert refused(reader.take, fields, "", [])
                fields[11][0][1] = 2**40
                assert refused(reader.take, fields, "", [])
                tried += 1
    assert tried
