"""What is signed rightly and says something wrong: the second reader refuses each thing for its own reason."""

import copy
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests import second_reader
from tests.second_reader import Event, Reader, decode, digest, encode, unhex
from tests.sync_protocol.test_second_reader import book, reader_of, refusal


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
    roster = reader_of("roster.json").roster
    part = part or roster.county
    held_epoch, held = roster.heads.get(part, (1, []))
    payload = encode([part, epoch or held_epoch, len(held) + 1, held[-1] if held else bytes(32), 0, ops])
    signers = [*roster.roots, roster.publisher] + [node.public for node in roster.nodes.values() if node.place == part]
    return encode(
        [payload, [[digest(key)[:8], signature(key, "roster", roster.network, payload)] for key in signers[:16]]]
    )


NEW_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
OFF_CURVE = (2).to_bytes(32, "little")
SMALL = [bytes(32), b"\1" + bytes(31), bytes(31) + b"\x80", b"\xec" + b"\xff" * 30 + b"\x7f"]
ROOT, PUBLISHER = [1, 1, [[1, NEW_KEY]]], [2, 1, NEW_KEY]


@pytest.mark.parametrize(
    ("ops", "code"),
    [
        ([PUBLISHER], "accepted"),
        ([[2, 2, NEW_KEY]], "bad_roster"),
        ([[2, 1, OFF_CURVE]], "weak_key"),
        ([[1, 1, [[1, OFF_CURVE]]]], "weak_key"),
        *[([[2, 1, key]], "weak_key") for key in SMALL],
        ([PUBLISHER, ROOT], "bad_roster"),
        ([[1, 2, [[1, NEW_KEY]]]], "bad_roster"),
        ([[1, 1, [[1, NEW_KEY], [1, NEW_KEY]]]], "bad_roster"),
        ([[1, 0, [[1, NEW_KEY]]]], "malformed"),
        ([[1, 1, [[1, NEW_KEY]] * 17]], "too_large"),
        ([[2, 1, NEW_KEY[1:]]], "malformed"),
        ([[2, 1, NEW_KEY, 0]], "malformed"),
        ([[]], "malformed"),
        ([["2", 1, NEW_KEY]], "malformed"),
        ([[True, 1, NEW_KEY]], "malformed"),
        ([[3, "9", "hamlet", None, "", {}]], "malformed"),
        ([[3, "9", "village", None, "", []]], "malformed"),
        ([[3, "9", "village", None, "", {}]], "bad_roster"),
        ([[3, "9", "village", "8", "", {}]], "bad_roster"),
        ([PUBLISHER] * 1000, "too_large"),
        ([[9, b"-" * 65536]], "too_large"),
        ([[9, b"-" * 65300]], "too_large"),
        ([[9, b"-" * 64000]], "needs_update"),
    ],
)
def test_a_change_that_all_have_signed_is_refused_for_what_it_says(ops: list[Any], code: str) -> None:
    assert refusal(reader_of("roster.json").roster.grow, next_change(ops)) == code


def test_a_change_has_the_shape_of_a_change() -> None:
    roster, payload = reader_of("roster.json").roster, decode(next_change([PUBLISHER]))[0]
    wrong: list[Any] = [[payload], [payload, [[bytes(8)]]], [payload, [[bytes(8), bytes(63)]]], ["", []], [b"\0", []]]
    for change in wrong:
        assert refusal(roster.grow, encode(change)) == "malformed", str(change)
    assert refusal(roster.grow, encode([payload, [[bytes(8), bytes(64)]] * 17])) == "too_large"
    for ops in ([], [PUBLISHER]):
        nothing = encode([encode(["1", 1, 1, bytes(32), 0, ops]), []])
        assert refusal(second_reader.Roster().grow, nothing) == "bad_roster", "a network that begins without a root"


def test_a_new_place_is_as_its_extensions_and_its_part_allow() -> None:
    roster = reader_of("roster.json").roster
    township = next(part for part in roster.heads if part != roster.county)
    for extensions, code in (
        ({0: 1}, "accepted"),
        ({-1: 1}, "needs_update"),
        ({"0": 1}, "malformed"),
        ({0: nested(8)}, "accepted"),
        ({0: nested(9)}, "malformed"),
    ):
        place = [3, "9", "village", township, "", extensions]
        assert refusal(roster.grow, next_change([place])) == code, str(extensions)
    assert refusal(roster.grow, next_change([PUBLISHER], epoch=9)) == "bad_roster"
    assert refusal(roster.grow, next_change([PUBLISHER], part=township)) == "not_entitled"


FIELDS = ["seq", "kind", "version", "case", "after", "deps", "hlc", "claimed", "actor", "inline", "commitment", "ext"]


def header(changes: dict[str, Any]) -> bytes:
    """A plain header with some of its fields changed."""
    plain: list[Any] = [1, 1, 1, None, None, [], 0, 0, "", b"", None, {}]
    return encode([changes.get(name, value) for name, value in zip(FIELDS, plain, strict=True)])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "accepted"),
        ({"seq": 0}, "malformed"),
        ({"kind": 65535}, "accepted"),
        ({"kind": 65536}, "malformed"),
        ({"version": 0}, "malformed"),
        ({"version": 256}, "malformed"),
        ({"version": True}, "malformed"),
        ({"case": bytes(15)}, "malformed"),
        ({"after": [bytes(16), 1]}, "malformed"),
        ({"after": [bytes(16), 1, bytes(8)]}, "accepted"),
        ({"deps": [[bytes(16), "about:1", 1]] * 8}, "accepted"),
        ({"deps": [[bytes(16), "about:1", 1]] * 9}, "too_large"),
        ({"deps": [[bytes(16), "around:1", 1]]}, "malformed"),
        ({"deps": [[bytes(16), "about:1-2-3-4", 1]]}, "accepted"),
        ({"deps": [[bytes(16), "about:1-2-3-4-5", 1]]}, "malformed"),
        ({"deps": [[bytes(16), "about:12345678901234567", 1]]}, "malformed"),
        ({"deps": [[bytes(16), "about:1\n", 1]]}, "malformed"),
        ({"hlc": -1}, "malformed"),
        ({"claimed": -(2**62)}, "accepted"),
        ({"claimed": -(2**62) - 1}, "malformed"),
        ({"actor": "三" * 21}, "accepted"),
        ({"actor": "三" * 22}, "too_large"),
        ({"inline": bytes(2048)}, "accepted"),
        ({"inline": bytes(2049)}, "too_large"),
        ({"inline": None}, "malformed"),
        ({"commitment": bytes(32)}, "malformed"),
        ({"inline": None, "commitment": bytes(32)}, "accepted"),
        ({"inline": None, "commitment": bytes(31)}, "malformed"),
        ({"ext": {-1: nested(8)}}, "accepted"),
        ({"ext": {-1: nested(9)}}, "malformed"),
        ({"ext": {"1": 0}}, "malformed"),
        ({"ext": {1: bytes(4000)}}, "accepted"),
        ({"ext": {1: bytes(4096)}}, "too_large"),
    ],
)
def test_a_header_is_refused_for_what_it_says(changes: dict[str, Any], code: str) -> None:
    assert refusal(second_reader.read_event, bytes(32), header(changes)) == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({}, "accepted"),
        ({0: [1, 3, [1], "another"]}, "accepted"),
        ({0: [2, 3, [1], "newer"]}, "no_such_version"),
        ({0: [0, 0, [1], "older"]}, "no_such_version"),
        ({21: "what a later version says"}, "accepted"),
        ({-1: 0}, "needs_update"),
        ({"0": 0}, "malformed"),
        ([], "malformed"),
        ({15: True}, "accepted"),
        ({15: False}, "malformed"),
        ({15: 1}, "malformed"),
        ({17: bytes(24)}, "malformed"),
        ({1: bytes(7)}, "malformed"),
        ({4: [[0, 1, bytes(8), []]]}, "accepted"),
        ({4: [[0, 0, bytes(8), []]]}, "malformed"),
        ({12: [[0, 1, 3, 1]]}, "malformed"),
        ({13: [[0, 1]] * 257}, "too_large"),
        ({10: [[]] * 513}, "too_large"),
    ],
)
def test_the_content_of_a_request_is_refused_for_what_it_says(content: Any, code: str) -> None:
    assert refusal(second_reader.message_fields, b"\0" + encode(content), b"", (17, 18, 20)) == code


def test_a_body_has_one_of_three_codecs_and_bounded_content() -> None:
    for codec, code in (
        (b"\0", "accepted"),
        (b"\1", "accepted"),
        (b"\2", "accepted"),
        (b"\3", "malformed"),
        (b"", "malformed"),
    ):
        body = codec + encode({}) if codec == b"\0" else codec
        assert refusal(second_reader.message_fields, body, encode({}), ()) == code
    assert refusal(second_reader.message_fields, b"\1", encode({21: bytes(2**22)}), ()) == "too_large"


def village_and_township() -> tuple[bytes, bytes]:
    """The incarnations of a village and of the township over it."""
    roster = reader_of("streams.json").roster
    for child, node in roster.nodes.items():
        level, parent, _ = roster.places[node.place]
        for ancestor, above in roster.nodes.items():
            if level == "village" and above.place == parent:
                return child, ancestor
    raise AssertionError("the vectors have no village under a township")


def request(sender: bytes, recipient: bytes, content: bytes = b"\0\xa0") -> bytes:
    roster = reader_of("streams.json").roster
    payload = encode([0, sender, recipient, None, digest(content)])
    return encode(
        [1, sender, None, signature(roster.nodes[sender].public, "exchange", roster.network, payload), content]
    )


def test_a_request_is_taken_from_a_node_below_only() -> None:
    reader = reader_of("streams.json")
    child, ancestor = village_and_township()
    assert refusal(reader.request, request(child, ancestor), ancestor) == "accepted"
    assert refusal(reader.request, request(ancestor, child), child) == "not_a_child"
    assert refusal(reader.request, request(child, child), child) == "not_a_child"
    assert refusal(reader.request, request(child, ancestor), child) in ("bad_signature", "not_a_child")
    stranger = [1, bytes(16), None, bytes(64), b"\0\xa0"]
    assert refusal(reader.request, encode(stranger), ancestor) == "unknown_node"
    assert refusal(reader.request, request(child, ancestor, bytes(2**20)), ancestor) == "too_large"
    assert refusal(reader.request, encode([2, *decode(request(child, ancestor))[1:]]), ancestor) == "malformed"


def test_a_reply_is_no_larger_than_a_message_and_of_one_shape() -> None:
    reader, (child, ancestor) = reader_of("streams.json"), village_and_township()
    for reply, code in (
        (bytes(2**20 + 1), "too_large"),
        (encode([1, bytes(64)]), "malformed"),
        (encode([]), "malformed"),
    ):
        assert refusal(reader.reply, reply, ancestor, child, None, b"") == code


def knowing_reader() -> tuple[Reader, list[Any], list[list[Event]]]:
    """A reader that has read all streams of streams.json, tables that name them in order, and their events."""
    reader = copy.deepcopy(reader_of("streams.json"))
    streams = book("streams.json")["streams"]
    events = [second_reader.read_stream(reader, stream) for stream in streams]
    authors, scopes = [unhex(stream["incarnation"]) for stream in streams], [stream["scope"] for stream in streams]
    return reader, [authors, scopes, [index for at in range(len(streams)) for index in (at, at)]], events


def test_a_body_that_comes_by_itself_fits_the_commitment_held() -> None:
    reader, tables, streams = knowing_reader()
    (receiver, _), tried = village_and_township(), 0
    for index, events in enumerate(streams):
        for event in [event for event in events if event.body is not None]:
            fields = {7: tables[0], 8: tables[1], 9: tables[2], 14: [[index, event.header[0], event.salt, event.body]]}
            assert refusal(reader.take, fields, receiver) == "accepted"
            fields[14][0][3] += b"\0"
            assert refusal(reader.take, fields, receiver) == "bad_commitment"
            fields[14][0][:2] = [len(streams), 1]
            assert refusal(reader.take, fields, receiver) == "malformed"
            tried += 1
    assert tried


def test_a_head_of_the_roster_has_the_mark_of_the_change_held() -> None:
    reader, (receiver, _) = copy.deepcopy(reader_of("roster.json")), village_and_township()
    for part, (epoch, held) in reader.roster.heads.items():
        for head, code in (
            ([part, epoch, len(held), held[-1][:8]], "accepted"),
            ([part, 0, 0, bytes(8)], "accepted"),
            ([part, epoch, 1, held[0][:8]], "accepted"),
            ([part, epoch, len(held), bytes(8)], "roster_rollback"),
            ([part, epoch, len(held) + 1, held[-1][:8]], "roster_rollback"),
        ):
            assert refusal(reader.take, {5: [head]}, receiver) == code


def test_a_state_has_true_marks_of_followed_scopes_and_receipts_of_the_other_side() -> None:
    reader, tables, streams = knowing_reader()
    child, ancestor = village_and_township()
    place = reader.roster.nodes[child].place
    written = [at for at, events in enumerate(streams) if events]
    shared = [at for at in written if reader.roster.follows(place, tables[1][at])]
    tried = 0
    for at in shared:
        author, scope, last = tables[0][at], tables[1][at], streams[at][-1]
        below = reader.roster.covers(place, reader.roster.nodes[author].place)
        other, own = (ancestor, child) if below else (child, ancestor)
        entry = [author, scope, last.header[0], last.chain[:8]]
        for row, code in (
            ([*entry, []], "accepted"),
            ([*entry, [[other, 1]]], "accepted"),
            ([*entry, [[own, 1]]], "bad_receipt"),
            ([*entry[:3], bytes(8), []], "fork"),
        ):
            assert refusal(reader.state, [row], digest(encode([row]))[:16], child) == code
            tried += 1
        assert refusal(reader.state, [[*entry, []]], bytes(16), child) == "malformed"
    assert tried
    assert refusal(second_reader.vector_rows, tables, [[0, 1, bytes(8), [0]]]) == "malformed"


def test_a_state_names_no_scope_that_the_child_does_not_follow() -> None:
    reader, tables, streams = knowing_reader()
    tried = 0
    for child, node in reader.roster.nodes.items():
        for at in [at for at, events in enumerate(streams) if events]:
            if not reader.roster.follows(node.place, tables[1][at]):
                row = [tables[0][at], tables[1][at], len(streams[at]), streams[at][-1].chain[:8], []]
                announced = digest(encode([row]))[:16]
                assert refusal(reader.state, [row], announced, child) == "scope_not_followed"
                tried += 1
    assert tried


def test_a_stream_has_no_gap_and_an_exchange_no_other_sender() -> None:
    stream = next(stream for stream in book("streams.json")["streams"] if len(stream["events"]) > 1)
    late = stream | {"events": stream["events"][1:], "seals": []}
    assert refusal(second_reader.read_stream, Reader(reader_of("streams.json").roster), late) == "gap"
    case = book("exchange.json")["exchanges"][0]
    other = case | {"child": case["ancestor"]}
    assert refusal(second_reader.read_exchange, copy.deepcopy(reader_of("exchange.json")), other) == "bad_signature"


@pytest.mark.parametrize("given", [3, 4, 10, 11, 14])
def test_nothing_is_given_without_a_challenge(given: int) -> None:
    reader, (child, ancestor) = copy.deepcopy(reader_of("streams.json")), village_and_township()
    sent = request(child, ancestor)
    for fields, code in (
        ({17: bytes(24)}, "accepted"),
        ({17: bytes(24), given: bytes(16) if given == 3 else []}, "malformed"),
    ):
        body = b"\0" + encode(fields)
        payload = encode([1, ancestor, child, None, digest(body), digest(sent)])
        signed = signature(reader.roster.nodes[ancestor].public, "exchange", reader.roster.network, payload)
        case = {"child": child.hex(), "ancestor": ancestor.hex(), "request": sent.hex(), "request_content": None,
                "reply": encode([1, signed, body]).hex(), "reply_content": None}  # fmt: skip
        assert refusal(second_reader.read_exchange, reader, case) == code


def test_a_receipt_on_the_wire_is_of_a_known_position() -> None:
    reader, tables, _ = knowing_reader()
    identities = [reader.roster.stream(*pair)[0] for pair in zip(*tables[:2], strict=True)]
    (receiver, _), tried = village_and_township(), 0
    for case in book("receipts.json")["sets"]:
        for raw in case["receipts"]:
            stream, seq, _, signer, *proof = decode(unhex(raw))
            if stream in identities:
                at = identities.index(stream)
                fields = {7: [*tables[0], signer], 8: tables[1], 9: tables[2], 11: [[at, seq, len(tables[0]), *proof]]}
                assert refusal(reader.take, fields, receiver) == "accepted"
                fields[11][0][3] += 1
                assert refusal(reader.take, fields, receiver) == "bad_receipt"
                fields[11][0][1] = 2**40
                assert refusal(reader.take, fields, receiver) == "gap"
                tried += 1
    assert tried
