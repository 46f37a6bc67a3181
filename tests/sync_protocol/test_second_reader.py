"""The test vectors, read by the reader that was written from the protocol's text alone."""

import ast
import base64
import copy
import functools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests import second_reader
from tests.second_reader import Event, Reader, decode, digest, encode, unhex

VECTORS = Path(__file__).parent / "vectors"
SIGNED = ("roster.json", "streams.json", "segments.json", "receipts.json", "checkpoints.json", "exchange.json")
FILES = ("encodings.json", *SIGNED)

Case = dict[str, Any]
REFUSALS = (InvalidSignature, cbor2.CBORError, ValueError, TypeError, LookupError, AttributeError)
UNJUDGED = ("too_large", "scope_not_followed")  # whether to admit what verifies; the reader may read it
Object = tuple[str, bytes, Callable[[bytes], Any]]  # a name, its bytes, and what reads them


@functools.cache
def book(name: str) -> Case:
    """One file of vectors."""
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


class Watched(Reader):
    """A reader that also keeps the events which the last seal covers."""

    sealed: list[Event]

    def seal(self, author: bytes, scope: str, events: list[Event], signature: bytes) -> None:
        self.sealed = events
        super().seal(author, scope, events, signature)


@functools.cache
def reader_of(name: str) -> Watched:
    """A reader for one file; not to be changed."""
    return Watched(book(name))


def fresh(name: str) -> Watched:
    """The same reader, to be used up."""
    return copy.deepcopy(reader_of(name))


def refused(action: Callable[..., object], *arguments: Any) -> bool:
    """Whether the reader refuses."""
    try:
        action(*arguments)
    except REFUSALS:
        return True
    return False


def reader_after(changes: list[str]) -> Reader:
    """A reader that has read these roster changes only."""
    return Reader({"roster": changes, "network_id": book("roster.json")["network_id"] if changes else ""})


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
def test_the_command_refuses_the_file_under_another_network_id(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(json.dumps(book(name) | {"network_id": "00" * 32}), encoding="utf-8")
    assert refused(second_reader.main, [str(tmp_path / name)])


def test_the_reader_is_short_and_stands_on_two_libraries() -> None:
    text = Path(second_reader.__file__).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    imported = set[str]()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").split(".")[0])
    assert imported - sys.stdlib_module_names == {"cbor2", "cryptography"}


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
        assert refused(decode, unhex(case["hex"])), case["name"]
    for case in cases["accepted"]:
        raw = unhex(case["hex"])
        for cut in range(max(0, len(raw) - 64), len(raw)):
            assert refused(decode, raw[:cut]), f"{case['name']} cut at {cut}"
        assert refused(decode, raw + b"\0"), f"{case['name']} and one byte more"


def test_the_roster_amounts_to_the_places_nodes_and_heads_of_the_file() -> None:
    written, roster = book("roster.json"), reader_of("roster.json")
    for key in written["keys"]:
        public = Ed25519PrivateKey.from_private_bytes(unhex(key["private"])).public_key().public_bytes_raw()
        assert [public.hex(), digest(public)[:8].hex()] == [key["public"], key["key_id"]], key["name"]
    assert sorted([code, *place] for code, place in roster.places.items()) == sorted(written["places"])
    nodes = [
        [incarnation.hex(), node.place, node.suite, roster.keys[node.key].hex(), node.part, node.order]
        for incarnation, node in roster.nodes.items()
    ]
    assert sorted(nodes) == sorted(written["nodes"])
    heads = [[part, epoch, len(held), held[-1].hex()] for part, (epoch, held) in roster.heads.items()]
    assert sorted(heads) == sorted(written["heads"])


def test_every_enrolment_answer_holds_the_new_node_and_its_parent() -> None:
    answers = [case for case in book("roster.json")["enrolments"] if case["answer"]]
    assert answers
    for case in answers:
        request = decode(unhex(case["request"]))
        assert second_reader.enrolment(unhex(case["request"])) == digest(request[6])[:8]
        version, network, changes, parent = decode(unhex(case["answer"]))
        told = reader_after([encode(change).hex() for change in changes])
        node = told.nodes[request[5]]
        assert [version, network] == [1, told.network], case["name"]
        assert [node.place, node.suite, told.keys[node.key]] == [request[1], request[4], request[6]], case["name"]
        assert told.covers(told.nodes[parent].place, node.place), case["name"]


def test_every_unfit_roster_change_and_enrolment_is_refused() -> None:
    written = book("roster.json")
    for case in written["refused"]:
        before = reader_after(written["roster"][: case["after"]])
        assert refused(before.grow, unhex(case["change"])), case["name"]
    for case in written["refused_enrolments"]:
        assert refused(second_reader.enrolment, unhex(case["request"])), case["name"]


def test_every_stream_has_the_hashes_and_seals_of_the_file() -> None:
    for stream in book("streams.json")["streams"]:
        reader = fresh("streams.json")
        reader.sealed = []
        reader.read_stream(stream)
        identity = reader.stream(unhex(stream["incarnation"]), stream["scope"])
        assert identity.hex() == stream["stream_id"]
        for event, written in zip(reader.sealed, stream["events"], strict=True):
            where = f"{stream['name']} at {event.header[0]}"
            committed = event.header[10] or digest(event.header[9])
            opens = event.header[3] == digest(identity + event.header[0].to_bytes(8, "big") + committed)[:16]
            item = digest(b"\0" + event.raw).hex()
            assert [item, event.chain.hex(), opens] == [written["item"], written["chain"], written["opens"]], where
            shown = (event.header[9] is not None, event.body is not None)
            state = {"inline": (True, False), "here": (False, True)}
            assert shown == state.get(written["state"], (False, False)), where
        missing = [seq for seq, written in enumerate(stream["events"], 1) if written["state"] == "missing"]
        assert min(missing, default=len(reader.sealed) + 1) - 1 == stream["contiguous"]
        for seal in stream["seals"]:
            payload = encode([identity, seal["seq"], reader.sealed[seal["seq"] - 1].chain])
            assert payload.hex() == seal["payload"], f"the seal at {seal['seq']} of {stream['name']}"


def test_what_an_event_follows_is_marked_with_the_chain_hash_there() -> None:
    reader, marks = fresh("streams.json"), 0
    for stream in book("streams.json")["streams"]:
        reader.read_stream(stream)
    for (_, scope, _), event in reader.held.items():
        if event.header[4] is not None:
            author, seq, mark = event.header[4]
            assert reader.held[author, scope, seq].chain[:8] == mark
            marks += 1
    assert marks > 0


def test_every_unfit_stream_is_refused() -> None:
    written = book("streams.json")
    for case in written["refused"]:
        changed = written["streams"][case["stream"]] | {"events": case["events"], "seals": case["seals"]}
        assert case["error"] in UNJUDGED or refused(fresh("streams.json").read_stream, changed), case["name"]


def test_every_segment_is_rebuilt_to_the_headers_and_hashes_of_the_file() -> None:
    for case in book("segments.json")["segments"]:
        reader = fresh("segments.json")
        reader.read_segment(case)
        assert len(reader.sealed) == len(case["headers"])
        for index, event in enumerate(reader.sealed):
            read = [hexed(one) for one in (event.raw, event.chain, event.salt or None, event.body)]
            written = [case[name][index] for name in ("headers", "chain", "salts", "bodies")]
            assert read == written, f"{case['name']}, event {index}"


def test_every_unfit_segment_is_refused() -> None:
    cases = [case for case in book("segments.json")["refused"] if case["error"] not in UNJUDGED]
    assert len(cases) >= 30
    for case in cases:
        assert refused(fresh("segments.json").read_segment, case), case["name"]


def test_the_receipts_of_one_moment_are_the_leaves_of_one_signed_tree() -> None:
    reader, sizes = reader_of("receipts.json"), set()
    for case in book("receipts.json")["sets"]:
        lines = [unhex(line) for line in case["lines"]]
        assert lines == sorted(lines)
        level = [digest(b"\0" + leaf) for leaf in [*lines, *([unhex(case["beside"])] if "beside" in case else [])]]
        count = len(level)
        while len(level) > 1:
            pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
            level = [digest(b"\1" + b"".join(pair)) if len(pair) == 2 else pair[0] for pair in pairs]
        assert level[0].hex() == case["root"]
        signer = unhex(case["signer"])
        assert encode([signer, case["time"], count, level[0]]).hex() == case["payload"]
        for index, written in enumerate(case["receipts"]):
            *read, path, signature = decode(unhex(written))
            assert reader.receipt(unhex(written)) == read[:3]
            assert read == [*decode(lines[index]), signer, case["time"], count, index], case["name"]
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
        assert receipt == [unhex(case["stream_id"]), len(case["items"]), chain]
        assert digest(b"\0" + unhex(case["header"])).hex() == case["items"][-1]


def test_every_unfit_receipt_is_refused() -> None:
    for case in book("receipts.json")["refused"]:
        assert refused(reader_of("receipts.json").receipt, unhex(case["receipt"])), case["name"]


def test_every_line_of_a_checkpoint_leads_to_its_root_and_every_unfit_one_is_refused() -> None:
    reader, cases = fresh("checkpoints.json"), book("checkpoints.json")["checkpoints"]
    for case in cases:
        reader.read_checkpoint(case)
    assert {case["count"] for case in cases} >= {1, 2, 3, 5}
    for case in book("checkpoints.json")["refused"]:
        of = cases[case["checkpoint"]]
        assert refused(reader.read_checkpoint, of | {"lines": [case["line"]]}), case["name"]


def test_every_unfit_exchange_is_refused() -> None:
    """Each with the reader as it stands before one of the good ones, so that only the fault can be the cause."""
    for case in book("exchange.json")["refused"]:
        reader = fresh("exchange.json")
        assert refused(reader.read_exchange, case), case["name"]
        for good in book("exchange.json")["exchanges"]:
            reader.read_exchange(good)
            assert refused(copy.deepcopy(reader).read_exchange, case), f"{case['name']} after {good['name']}"


def test_the_recorded_exchange_carries_a_vector_a_segment_and_a_receipt() -> None:
    seen = set[int]()
    for case in book("exchange.json")["exchanges"]:
        for message, content in (("request", "request_content"), ("reply", "reply_content")):
            body = decode(unhex(case[message]))[4 if message == "request" else 2]
            seen |= decode(unhex(case[content] or body[1:].hex())).keys()
    assert seen >= {3, 4, 10, 11}
    assert {len(decode(unhex(case["reply"]))) for case in book("exchange.json")["exchanges"]} >= {3, 4}


def wait_sender(token: str, recipient: bytes) -> bytes:
    """Who signed a waiting token."""
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == token
    sender, named, tide, time, signature = decode(raw, bytes, bytes, int, int, bytes)
    second_reader.need(named == recipient, "a token for another")
    reader_of("exchange.json").signed(sender, b"wait", [sender, named, tide, time], signature)
    assert isinstance(sender, bytes)
    return sender


def test_every_waiting_token_is_signed_by_its_sender() -> None:
    for case in book("exchange.json")["waits"]:
        assert wait_sender(case["token"], unhex(case["recipient"])).hex() == case["sender"]


# One flipped byte


def roster_objects() -> Iterator[Object]:
    written = book("roster.json")
    for index, change in enumerate(written["roster"]):
        before = reader_after(written["roster"][:index])

        def grow(raw: bytes, before: Reader = before) -> None:
            copy.deepcopy(before).grow(raw)

        yield f"change {index}", unhex(change), grow
    for case in written["enrolments"]:
        yield f"enrolment {case['name']}", unhex(case["request"]), second_reader.enrolment


def stream_objects() -> Iterator[Object]:
    """Each header, salt and body up to the seal that covers it, and each seal."""
    for stream in book("streams.json")["streams"]:
        start = 0
        for seal in sorted(stream["seals"], key=lambda seal: seal["seq"]):
            covered = stream | {"events": stream["events"][: seal["seq"]], "seals": [seal]}

            def read_seal(raw: bytes, covered: Case = covered, seal: Case = seal) -> None:
                fresh("streams.json").read_stream(covered | {"seals": [seal | {"signature": raw.hex()}]})

            yield f"seal {seal['seq']} of {stream['name']}", unhex(seal["signature"]), read_seal
            for index in range(start, seal["seq"]):
                for part in ("header", "salt", "body"):

                    def read(raw: bytes, covered: Case = covered, index: int = index, part: str = part) -> None:
                        events = list(covered["events"])
                        events[index] = events[index] | {part: raw.hex()}
                        fresh("streams.json").read_stream(covered | {"events": events})

                    if covered["events"][index][part]:
                        name = f"{part} {index + 1} of {stream['name']}"
                        yield name, unhex(covered["events"][index][part]), read
            start = seal["seq"]


def segment_objects() -> Iterator[Object]:
    for case in book("segments.json")["segments"]:
        sound = fresh("segments.json")
        sound.read_segment(case)

        def read(raw: bytes, case: Case = case, sound: Watched = sound) -> None:
            """Columns may say the same in two ways; what counts is that the events are the signed ones."""
            reader = fresh("segments.json")
            reader.read_segment(case | {"segment": raw.hex()})
            if raw.hex() != case["segment"] and reader.sealed == sound.sealed:
                raise ValueError("other bytes for the very same events")

        yield f"segment {case['name']}", unhex(case["segment"]), read


def receipt_objects() -> Iterator[Object]:
    for case in book("receipts.json")["sets"]:
        for index, receipt in enumerate(case["receipts"]):
            yield f"receipt {index} of {case['name']}", unhex(receipt), reader_of("receipts.json").receipt


def checkpoint_objects() -> Iterator[Object]:
    """The event of each checkpoint, and the hash of each of its lines."""
    reader = fresh("checkpoints.json")
    for case in book("checkpoints.json")["checkpoints"]:

        def read_event(raw: bytes, case: Case = case) -> None:
            reader.read_checkpoint(case | {"headers": [*case["headers"][:-1], raw.hex()]})

        yield f"event of {case['name']}", unhex(case["headers"][-1]), read_event
        for row in case["lines"]:

            def read_line(raw: bytes, case: Case = case, row: Case = row) -> None:
                reader.read_checkpoint(case | {"lines": [row | {"hash": raw.hex()}]})

            yield f"line {row['index']} of {case['name']}", unhex(row["hash"]), read_line


def exchange_objects() -> Iterator[Object]:
    """Each message, and each mark of what its sender holds."""
    reader = fresh("exchange.json")
    for case in book("exchange.json")["exchanges"]:
        before = copy.deepcopy(reader)
        for message in ("request", "reply"):

            def read(raw: bytes, case: Case = case, message: str = message, before: Reader = before) -> None:
                copy.deepcopy(before).read_exchange(case | {message: raw.hex()})

            yield f"{message} of {case['name']}", unhex(case[message]), read
            for row in case[f"{message}_state"] or []:

                def read_mark(
                    raw: bytes, case: Case = case, of: str = f"{message}_state", row: Any = row, before: Reader = before
                ) -> None:
                    rows = [[*row[:3], raw.hex(), row[4]] if other is row else other for other in case[of]]
                    copy.deepcopy(before).read_exchange(case | {of: rows})

                yield f"mark in the {message} of {case['name']}", unhex(row[3]), read_mark
        reader.read_exchange(case)
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
    "checkpoints.json": checkpoint_objects,
    "exchange.json": exchange_objects,
}


def flips(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """The bytes with one bit of one byte turned over, at every position or at a spread of 100."""
    for position in sorted({round(step * (len(raw) - 1) / 99) for step in range(100)}):
        yield position, raw[:position] + bytes([raw[position] ^ 1 << position % 8]) + raw[position + 1 :]


@pytest.mark.parametrize("name", SIGNED)
def test_a_flipped_byte_anywhere_in_what_is_signed_or_hashed_is_refused(name: str) -> None:
    for what, raw, read in OBJECTS[name]():
        assert not refused(read, raw), f"{what} as it is"
        for position, flipped in flips(raw):
            assert refused(read, flipped), f"{what}, byte {position}"


def test_at_least_two_thousand_flips_are_tried() -> None:
    objects = [raw for name in SIGNED for _, raw, _ in OBJECTS[name]()]
    assert sum(len(list(flips(raw))) for raw in objects) >= 2000
