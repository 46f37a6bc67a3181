"""The test vectors, read by the reader that was written from the protocol's text alone."""

import base64
import copy
import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests import second_reader
from tests.second_reader import Event, Reader, Refused, decode, digest, encode, roster_of, unhex

VECTORS = Path(__file__).parent / "vectors"
SIGNED = ("roster.json", "streams.json", "segments.json", "receipts.json", "exchange.json")
FILES = ("encodings.json", *SIGNED)

Case = dict[str, Any]
Object = tuple[str, bytes, Callable[[bytes], Any]]  # a name, its bytes, and what reads them


@functools.cache
def book(name: str) -> Case:
    """One file of vectors."""
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


@functools.cache
def reader_of(name: str) -> Reader:
    """A reader for one file; not to be changed."""
    return second_reader.reader_of(book(name))


def refusal(action: Callable[..., object], *arguments: Any) -> str:
    """The code with which the reader refuses, or `accepted`."""
    try:
        action(*arguments)
    except Refused as refused:
        return str(refused.args[0])
    return "accepted"


def value_of(written: Any) -> Any:
    """The value that encodings.json writes as {"bytes": hex}, {"map": pairs}, a list or a plain JSON value."""
    if isinstance(written, list):
        return [value_of(one) for one in written]
    if isinstance(written, dict) and "bytes" in written:
        return unhex(written["bytes"])
    return {value_of(key): value_of(one) for key, one in written["map"]} if isinstance(written, dict) else written


def hexed(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


# What the files say


@pytest.mark.parametrize("name", FILES)
def test_the_command_verifies_the_file(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert second_reader.main([str(VECTORS / name)]) == 0
    assert capsys.readouterr().out.rstrip().endswith(" verified")


@pytest.mark.parametrize("name", SIGNED)
def test_the_command_refuses_the_file_under_another_network_id(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(json.dumps(book(name) | {"network_id": "00" * 32}), encoding="utf-8")
    assert second_reader.main([str(tmp_path / name)]) == 1
    assert "NOT verified" in capsys.readouterr().out


def test_the_command_verifies_nothing_without_a_file() -> None:
    assert second_reader.main([]) == 1


def test_every_accepted_encoding_is_read_and_written_as_its_value() -> None:
    for case in book("encodings.json")["accepted"]:
        value = value_of(case["value"])
        assert repr(decode(unhex(case["hex"]))) == repr(value), case["name"]
        assert encode(value).hex() == case["hex"], case["name"]


def test_every_other_encoding_is_refused() -> None:
    cases = book("encodings.json")
    assert len(cases["refused"]) >= 20
    for case in cases["refused"]:
        assert refusal(decode, unhex(case["hex"])) == "malformed", case["name"]
    for case in cases["accepted"]:
        raw = unhex(case["hex"])
        for cut in range(max(0, len(raw) - 64), len(raw)):
            assert refusal(decode, raw[:cut]) == "malformed", f"{case['name']} cut at {cut}"
        assert refusal(decode, raw + b"\0") == "malformed", f"{case['name']} and one byte more"


def test_the_roster_amounts_to_the_places_nodes_and_heads_of_the_file() -> None:
    written, roster = book("roster.json"), reader_of("roster.json").roster
    for key in written["keys"]:
        public = Ed25519PrivateKey.from_private_bytes(unhex(key["private"])).public_key().public_bytes_raw()
        assert [public.hex(), digest(public)[:8].hex()] == [key["public"], key["key_id"]], key["name"]
    assert sorted([code, *place] for code, place in roster.places.items()) == sorted(written["places"])
    nodes = [
        [incarnation.hex(), node.place, node.suite, node.public.hex(), node.part, node.order]
        for incarnation, node in roster.nodes.items()
    ]
    assert sorted(nodes) == sorted(written["nodes"])
    heads = [[part, epoch, len(held), held[-1].hex()] for part, (epoch, held) in roster.heads.items()]
    assert sorted(heads) == sorted(written["heads"])


def test_every_enrolment_answer_holds_the_new_node_and_its_parent() -> None:
    answers = [case for case in book("roster.json")["enrolments"] if case["answer"]]
    assert answers
    for case in answers:
        request = second_reader.read_enrolment(reader_of("roster.json"), case)
        version, network, changes, parent = decode(unhex(case["answer"]))
        told = roster_of([encode(change).hex() for change in changes])
        node = told.nodes[request[5]]
        assert [version, network] == [1, told.network], case["name"]
        assert [node.place, node.suite, node.public] == [request[1], request[4], request[6]], case["name"]
        assert told.covers(told.nodes[parent].place, node.place), case["name"]


def test_every_unfit_roster_change_and_enrolment_is_refused_for_its_reason() -> None:
    written = book("roster.json")
    for case in written["refused"]:
        before = roster_of(written["roster"][: case["after"]])
        assert refusal(before.grow, unhex(case["change"])) == case["error"], case["name"]
    for case in written["refused_enrolments"]:
        assert refusal(second_reader.read_enrolment, reader_of("roster.json"), case) == case["error"], case["name"]


def test_every_stream_has_the_hashes_and_seals_of_the_file() -> None:
    reader = copy.deepcopy(reader_of("streams.json"))
    for stream in book("streams.json")["streams"]:
        events = second_reader.read_stream(reader, stream)
        identity, _ = reader.roster.stream(unhex(stream["incarnation"]), stream["scope"])
        assert identity.hex() == stream["stream_id"]
        for event, written in zip(events, stream["events"], strict=True):
            where = f"{stream['name']} at {event.header[0]}"
            opens = event.header[3] == second_reader.opened_case(identity, event.header[0])
            item = digest(b"\0" + event.raw).hex()
            assert [item, event.chain.hex(), opens] == [written["item"], written["chain"], written["opens"]], where
            shown = (event.header[9] is not None, event.body is not None)
            state = {"inline": (True, False), "here": (False, True)}
            assert shown == state.get(written["state"], (False, False)), where
        missing = [seq for seq, written in enumerate(stream["events"], 1) if written["state"] == "missing"]
        assert min(missing, default=len(events) + 1) - 1 == stream["contiguous"]
        for seal in stream["seals"]:
            payload = encode([identity, seal["seq"], events[seal["seq"] - 1].chain])
            assert payload.hex() == seal["payload"], f"the seal at {seal['seq']} of {stream['name']}"


def test_what_an_event_follows_is_marked_with_the_chain_hash_there() -> None:
    reader, marks = copy.deepcopy(reader_of("streams.json")), 0
    streams = book("streams.json")["streams"]
    read = [second_reader.read_stream(reader, stream) for stream in streams]
    for stream, events in zip(streams, read, strict=True):
        for author, seq, mark in [event.header[4] for event in events if event.header[4] is not None]:
            assert reader.chains[author, stream["scope"], seq][:8] == mark
            marks += 1
    assert marks > 0


def test_every_unfit_stream_is_refused_for_its_reason() -> None:
    written = book("streams.json")
    for case in written["refused"]:
        changed = written["streams"][case["stream"]] | {"events": case["events"], "seals": case["seals"]}
        reader = copy.deepcopy(reader_of("streams.json"))
        assert refusal(second_reader.read_stream, reader, changed) == case["error"], case["name"]


def test_every_segment_is_rebuilt_to_the_headers_and_hashes_of_the_file() -> None:
    for case in book("segments.json")["segments"]:
        for index, event in enumerate(second_reader.read_segment(reader_of("segments.json"), case)):
            read = [hexed(one) for one in (event.raw, event.chain, event.salt, event.body)]
            written = [case[name][index] for name in ("headers", "chain", "salts", "bodies")]
            assert read == written, f"{case['name']}, event {index}"


def test_every_unfit_segment_is_refused_or_parked_for_its_reason() -> None:
    for case in book("segments.json")["refused"]:
        assert refusal(second_reader.read_segment, reader_of("segments.json"), case) == case["error"], case["name"]


def test_the_receipts_of_one_moment_are_the_leaves_of_one_signed_tree() -> None:
    reader, sizes = reader_of("receipts.json"), set()
    for case in book("receipts.json")["sets"]:
        lines = [unhex(line) for line in case["lines"]]
        assert lines == sorted(lines)
        level = [digest(b"\0" + line) for line in lines]
        while len(level) > 1:
            pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
            level = [digest(b"\1" + b"".join(pair)) if len(pair) == 2 else pair[0] for pair in pairs]
        assert level[0].hex() == case["root"]
        signer = unhex(case["signer"])
        assert encode([signer, case["time"], len(lines), level[0]]).hex() == case["payload"]
        for index, written in enumerate(case["receipts"]):
            *read, path, signature = reader.receipt(unhex(written))
            assert read == [*decode(lines[index]), signer, case["time"], len(lines), index], case["name"]
            assert signature.hex() == case["signature"], f"{case['name']}, path of {len(path)}"
        sizes.add(len(lines))
    assert sizes >= {1, 2, 3, 5}


def test_a_receipt_for_one_event_needs_only_the_item_hashes() -> None:
    reader, cases = reader_of("receipts.json"), book("receipts.json")["events"]
    assert cases
    for case in cases:
        chain, receipt = unhex(case["stream_id"]), reader.receipt(unhex(case["receipt"]))
        for item in case["items"]:
            chain = digest(b"\1" + chain + unhex(item))
        assert receipt[:3] == [unhex(case["stream_id"]), len(case["items"]), chain]
        assert digest(b"\0" + unhex(case["header"])).hex() == case["items"][-1]


def test_every_unfit_receipt_is_refused_for_its_reason() -> None:
    for case in book("receipts.json")["refused"]:
        reader = reader_of("receipts.json")
        assert refusal(reader.receipt, unhex(case["receipt"])) == case["error"], case["name"]


def test_every_unfit_exchange_is_refused_for_its_reason() -> None:
    for case in book("exchange.json")["refused"]:
        reader = copy.deepcopy(reader_of("exchange.json"))
        assert refusal(second_reader.read_exchange, reader, case) == case["error"], case["name"]


def test_the_recorded_exchange_carries_a_vector_a_segment_and_a_receipt() -> None:
    seen = set[int]()
    for case in book("exchange.json")["exchanges"]:
        for message, content in (("request", "request_content"), ("reply", "reply_content")):
            body = decode(unhex(case[message]))[-1]
            seen |= second_reader.message_fields(body, unhex(case[content] or ""), ()).keys()
    assert seen >= {3, 4, 10, 11}


def wait_sender(token: str, recipient: bytes) -> bytes:
    """Who signed a waiting token."""
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == token
    second_reader.fit(parts := decode(raw), [16, ("one", recipient), second_reader.INT, second_reader.INT, 64])
    sender, named, tide, time, signature = parts
    roster, payload = reader_of("exchange.json").roster, encode([sender, named, tide, time])
    second_reader.need(sender in roster.nodes, "unknown_node", sender.hex())
    second_reader.verify(roster.nodes[sender].public, "wait", roster.network, payload, signature, "bad_signature")
    return sender


def test_every_waiting_token_is_signed_by_its_sender() -> None:
    for case in book("exchange.json")["waits"]:
        assert wait_sender(case["token"], unhex(case["recipient"])).hex() == case["sender"]


# One flipped byte


def roster_objects() -> Iterator[Object]:
    written = book("roster.json")
    for index, change in enumerate(written["roster"]):
        yield f"change {index}", unhex(change), roster_of(written["roster"][:index]).grow
    for case in written["enrolments"]:

        def read(raw: bytes) -> Any:
            return second_reader.read_enrolment(reader_of("roster.json"), {"request": raw.hex()})

        yield f"enrolment {case['name']}", unhex(case["request"]), read


def stream_objects() -> Iterator[Object]:
    """Each header, salt and body up to the seal that covers it, and each seal."""
    roster = reader_of("streams.json").roster
    for stream in book("streams.json")["streams"]:
        start = 0
        for seal in sorted(stream["seals"], key=lambda seal: seal["seq"]):
            covered = stream | {"events": stream["events"][: seal["seq"]], "seals": [seal]}

            def read_seal(raw: bytes, covered: Case = covered, seal: Case = seal) -> list[Event]:
                changed = covered | {"seals": [seal | {"signature": raw.hex()}]}
                return second_reader.read_stream(Reader(roster), changed)

            yield f"seal {seal['seq']} of {stream['name']}", unhex(seal["signature"]), read_seal
            for index in range(start, seal["seq"]):
                for part in ("header", "salt", "body"):

                    def read(raw: bytes, covered: Case = covered, index: int = index, part: str = part) -> list[Event]:
                        events = list(covered["events"])
                        events[index] = events[index] | {part: raw.hex()}
                        return second_reader.read_stream(Reader(roster), covered | {"events": events})

                    if covered["events"][index][part]:
                        name = f"{part} {index + 1} of {stream['name']}"
                        yield name, unhex(covered["events"][index][part]), read
            start = seal["seq"]


def segment_objects() -> Iterator[Object]:
    reader = reader_of("segments.json")
    for case in book("segments.json")["segments"]:
        sound = second_reader.read_segment(reader, case)

        def read(raw: bytes, case: Case = case, sound: list[Event] = sound) -> list[Event]:
            """Columns may say the same in two ways; what counts is that the events are the signed ones."""
            events = second_reader.read_segment(reader, case | {"segment": raw.hex()})
            if events == sound:
                raise Refused("same", "other bytes for the very same events")
            return events

        yield f"segment {case['name']}", unhex(case["segment"]), read


def receipt_objects() -> Iterator[Object]:
    for case in book("receipts.json")["sets"]:
        for index, receipt in enumerate(case["receipts"]):
            yield f"receipt {index} of {case['name']}", unhex(receipt), reader_of("receipts.json").receipt


def exchange_objects() -> Iterator[Object]:
    reader = copy.deepcopy(reader_of("exchange.json"))
    for case in book("exchange.json")["exchanges"]:
        request, reply, ancestor = unhex(case["request"]), unhex(case["reply"]), unhex(case["ancestor"])
        child, challenge, _ = reader.request(request, ancestor)
        yield f"request of {case['name']}", request, functools.partial(reader.request, recipient=ancestor)
        under = functools.partial(reader.reply, reply, ancestor, child, challenge)
        yield f"request under the reply of {case['name']}", request, under
        read = functools.partial(reader.reply, ancestor=ancestor, child=child, challenge=challenge, request=request)
        yield f"reply of {case['name']}", reply, read
        second_reader.read_exchange(reader, case)
        for message in ("request", "reply"):
            body = decode(unhex(case[message]))[-1]
            fields = second_reader.message_fields(body, unhex(case[f"{message}_content"] or ""), ())

            def read_digest(raw: bytes, case: Case = case, held: str = f"{message}_state") -> None:
                reader.state(second_reader.state_rows(case[held]), raw, unhex(case["child"]))

            if 3 in fields:
                yield f"digest in the {message} of {case['name']}", fields[3], read_digest
    for case in book("exchange.json")["waits"]:
        recipient = unhex(case["recipient"])

        def read_wait(raw: bytes, recipient: bytes = recipient) -> bytes:
            return wait_sender(base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), recipient)

        yield f"wait of {case['sender']}", base64.urlsafe_b64decode(case["token"] + "=="), read_wait


OBJECTS: dict[str, Callable[[], Iterator[Object]]] = {
    "roster.json": roster_objects,
    "streams.json": stream_objects,
    "segments.json": segment_objects,
    "receipts.json": receipt_objects,
    "exchange.json": exchange_objects,
}


def flips(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """The bytes with one bit of one byte turned over, at every position or at a spread of 100."""
    for position in sorted({round(step * (len(raw) - 1) / 99) for step in range(100)}):
        yield position, raw[:position] + bytes([raw[position] ^ 1 << position % 8]) + raw[position + 1 :]


@pytest.mark.parametrize("name", SIGNED)
def test_a_flipped_byte_anywhere_in_what_is_signed_or_hashed_is_refused(name: str) -> None:
    for what, raw, read in OBJECTS[name]():
        assert refusal(read, raw) in ("accepted", "same"), f"{what} as it is"
        for position, flipped in flips(raw):
            assert refusal(read, flipped) != "accepted", f"{what}, byte {position}"


def test_at_least_two_thousand_flips_are_tried() -> None:
    objects = [raw for name in SIGNED for _, raw, _ in OBJECTS[name]()]
    assert sum(len(list(flips(raw))) for raw in objects) >= 2000
