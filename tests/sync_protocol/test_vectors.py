"""The committed vectors are what the makers make, and this program reads them as they say."""

import hashlib
import json
from typing import Any

import pytest

from sync_protocol import checkpoint as checkpoints
from sync_protocol import evidence, release
from sync_protocol import receipt as receipts
from sync_protocol import roster as rosters
from sync_protocol.admission import Parked, Refused, Stored, admit
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BY_CODE, BadCommitment, Malformed, NeedsUpdate, ProtocolError
from sync_protocol.event import Event as ChainedEvent
from sync_protocol.event import Head, chain, decode_header, fits, item_hash
from sync_protocol.roster import Roster, change_values, read_change
from sync_protocol.roster import forks as roster_forks
from sync_protocol.seal import check as check_seal
from sync_protocol.stream import opened_case_id, stream_id
from sync_protocol.suites import sha256
from sync_protocol.wire import Tables, read_segment
from tests.sync_protocol.sample import COUNTY
from tests.sync_protocol.vector_makers.encodings import json_value
from tests.sync_protocol.vector_makers.files import FOLDER, MAKERS, text

Vector = dict[str, Any]


def vectors(name: str) -> Vector:
    made: Vector = json.loads((FOLDER / name).read_text("utf-8"))
    return made


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_committed_file_is_what_its_maker_makes(name: str):
    assert (FOLDER / name).read_text("utf-8") == text(MAKERS[name]())


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.json")))
def test_every_refusal_names_an_error_of_the_text(name: str):
    known = {error.name for error in BY_CODE.values()}
    for case in (case for field in ("refused", "refused_enrolments") for case in vectors(name).get(field, [])):
        assert name == "encodings.json" or case["error"] in known


def test_encodings():
    book = vectors("encodings.json")
    for case in book["accepted"]:
        assert json_value(decode(bytes.fromhex(case["hex"]))) == case["value"], case["name"]
    for case in book["refused"]:
        with pytest.raises(Malformed):
            decode(bytes.fromhex(case["hex"]))


def roster_of(book: Vector, count: int | None = None) -> Roster:
    roster = Roster(bytes.fromhex(book["network_id"]))
    for raw in book["roster"][:count]:
        roster = roster.apply(read_change(decode(bytes.fromhex(raw))))
    return roster


def error_of(case: Vector, raised: pytest.ExceptionInfo[ProtocolError]) -> bool:
    return bool(raised.value.name == case["error"])


def test_the_roster():
    book = vectors("roster.json")
    roster = roster_of(book)
    for code, level, parent, name in book["places"]:
        assert (roster.places.level(code), roster.places.parent(code), roster.places.name(code)) == (
            level,
            parent,
            name,
        )
    assert len(roster.places) == len(book["places"])
    held = [[node.incarnation.hex(), node.place, node.suite, node.public.hex(), node.order] for node in roster.nodes()]
    assert held == [[*row[:4], row[5]] for row in book["nodes"]]
    assert {part: (epoch, n, bytes.fromhex(digest)) for part, epoch, n, digest in book["heads"]} == roster.heads()


def test_refused_roster_changes():
    book = vectors("roster.json")
    for case in book["refused"]:
        roster, change = roster_of(book, case["after"]), read_change(decode(bytes.fromhex(case["change"])))
        if case["error"] == NeedsUpdate.name:
            kept = roster.apply(change)
            assert kept.needs_update, case["name"]
            assert kept.places is roster.places
            continue
        with pytest.raises(ProtocolError) as raised:
            roster.apply(change)
        assert error_of(case, raised), case["name"]


def spoken(what: str, said: bytes) -> str:
    """What people read to each other of it, section 5.1."""
    number = int.from_bytes(hashlib.sha256(f"sanji/{what}/1".encode() + said).digest()[:8], "big") % 10**16
    return f"{number // 10**12:04} {number // 10**8 % 10**4:04} {number // 10**4 % 10**4:04} {number % 10**4:04}"


def test_enrolments():
    book = vectors("roster.json")
    assert spoken("network", bytes.fromhex(book["network_id"])) == book["network_code"]
    for case in book["enrolments"]:
        request = rosters.read_request(bytes.fromhex(case["request"]))
        assert spoken("enrol", bytes.fromhex(case["request"])) == case["code"]
        if case["answer"]:
            answer = rosters.read_answer(bytes.fromhex(case["answer"]), request)
            assert answer.network_id.hex() == book["network_id"]
            assert encode(change_values(answer.changes[0])).hex() == book["roster"][0]
    for case in book["refused_enrolments"]:
        with pytest.raises(ProtocolError) as raised:
            rosters.read_request(bytes.fromhex(case["request"]))
        assert error_of(case, raised), case["name"]


def read_stream(book: Vector, stream: Vector) -> list[ChainedEvent]:
    """The stream's events, every hash, commitment and seal checked. Raises ProtocolError."""
    network, incarnation = bytes.fromhex(book["network_id"]), bytes.fromhex(stream["incarnation"])
    previous = named = stream_id(network, incarnation, stream["scope"], stream["suite"])
    assert named.hex() == stream["stream_id"]
    events: list[ChainedEvent] = []
    for seq, vector in enumerate(stream["events"], start=1):
        raw = bytes.fromhex(vector["header"])
        header = decode_header(raw)
        assert header.seq == seq
        previous = chain(previous, item_hash(raw))
        assert (item_hash(raw).hex(), previous.hex()) == (vector["item"], vector["chain"])
        committed = header.commitment or sha256(header.inline or b"")
        assert vector["opens"] == (header.case_id == opened_case_id(named, seq, committed))
        event = ChainedEvent(header, raw, previous, None, None)
        if vector["state"] == "here" and not fits(event, bytes.fromhex(vector["salt"]), bytes.fromhex(vector["body"])):
            raise BadCommitment(f"event {seq}")
        events.append(event)
    node = roster_of(book).node(incarnation)
    assert node is not None
    for vector in stream["seals"]:
        head = events[vector["seq"] - 1]
        signature = bytes.fromhex(vector["signature"])
        check_seal(node.suite, node.public, network, named, vector["seq"], head.hash, signature)
    return events


def test_streams():
    book = vectors("streams.json")
    for stream in book["streams"]:
        assert len(read_stream(book, stream)) == len(stream["events"])
    for case in book["refused"]:
        stream = book["streams"][case["stream"]] | {"events": case["events"], "seals": case["seals"]}
        with pytest.raises(ProtocolError) as raised:
            read_stream(book, stream)
        assert error_of(case, raised), case["name"]


def admitted(book: Vector, case: Vector) -> Stored | Parked | Refused:
    tables = Tables.read([bytes.fromhex(one) for one in case["incarnations"]], case["scopes"], case["streams"])
    segment = read_segment(decode(bytes.fromhex(case["segment"])), tables)
    first, held = case["held"]["first"], [bytes.fromhex(one) for one in case["held"]["chain"]]
    return admit(
        segment,
        roster=roster_of(book),
        my_place=case["receiver"] or COUNTY,
        head=Head(first + len(held) - 1, held[-1]),
        hash_at=lambda seq: held[seq - first],
    )


def test_segments():
    book = vectors("segments.json")
    for case in book["segments"]:
        answer = admitted(book, case)
        assert isinstance(answer, Stored), (case["name"], answer)
        events = answer.repeated + answer.events
        assert [event.header_bytes.hex() for event in events] == case["headers"]
        assert [event.hash.hex() for event in events] == case["chain"]
        assert [event.salt and event.salt.hex() for event in events] == case["salts"]
        assert [event.body and event.body.hex() for event in events] == case["bodies"]


def test_refused_and_parked_segments():
    book = vectors("segments.json")
    for case in book["refused"]:
        try:
            answer = admitted(book, case)
        except ProtocolError as error:
            assert error.name == case["error"], case["name"]
            continue
        assert isinstance(answer, Parked | Refused), case["name"]
        assert BY_CODE[answer.code].name == case["error"], case["name"]
        assert isinstance(answer, Parked) == (BY_CODE[answer.code].fault == "nobody")


def line_of(row: Vector) -> checkpoints.Line:
    path = tuple(bytes.fromhex(node) for node in row["path"])
    return checkpoints.Line(
        bytes.fromhex(row["incarnation"]), row["scope"], row["seq"], bytes.fromhex(row["hash"]), row["index"], path
    )


def test_checkpoints():
    book = vectors("checkpoints.json")
    network, roster = bytes.fromhex(book["network_id"]), roster_of(book)

    def stream_of(line: checkpoints.Line) -> bytes:
        node = roster.node(line.incarnation)
        assert node is not None
        return stream_id(network, line.incarnation, line.scope, node.suite)

    for case in book["checkpoints"]:
        header = decode_header(bytes.fromhex(case["headers"][-1]))
        read = checkpoints.read(bytes.fromhex(case["author"]), header)
        assert (read.count, read.root.hex(), read.time) == (case["count"], case["root"], header.claimed)
        assert checkpoints.body(read.count, read.root).hex() == case["body"]
        lines = [line_of(row) for row in case["lines"]]
        for line in lines:
            checkpoints.check(line, stream_of(line), read.count, read.root)
        tree = checkpoints.Tree((stream_of(line), line.seq, line.hash) for line in reversed(lines))
        assert (tree.count, tree.root) == (read.count, read.root)
        assert [tree.path(line.leaf) for line in lines] == [line.path for line in lines]
    for case in book["refused"]:
        of, line = book["checkpoints"][case["checkpoint"]], line_of(case["line"])
        with pytest.raises(ProtocolError) as raised:
            checkpoints.check(line, stream_of(line), of["count"], bytes.fromhex(of["root"]))
        assert error_of(case, raised), case["name"]


def test_receipts():
    book = vectors("receipts.json")
    network, roster = bytes.fromhex(book["network_id"]), roster_of(book)

    def verified(raw: str) -> receipts.Receipt:
        receipt = receipts.from_bytes(bytes.fromhex(raw))
        node = roster.node(receipt.signer)
        assert node is not None
        receipts.check(receipt, node.suite, node.public, network)
        return receipt

    for tree in book["sets"]:
        made = [verified(raw) for raw in tree["receipts"]]
        assert [receipts.root_of(receipt).hex() for receipt in made] == [tree["root"]] * len(tree["lines"])
    for case in book["events"]:
        receipt, previous = verified(case["receipt"]), bytes.fromhex(case["stream_id"])
        for item in case["items"]:
            previous = chain(previous, bytes.fromhex(item))
        assert previous == receipt.hash
        assert item_hash(bytes.fromhex(case["header"])).hex() == case["items"][-1]
    for case in book["refused"]:
        with pytest.raises(ProtocolError) as raised:
            verified(case["receipt"])
        assert error_of(case, raised), case["name"]


def test_forks():
    book = vectors("forks.json")
    roster = roster_of(book)
    for case in book["proofs"]:
        proof = evidence.from_bytes(bytes.fromhex(case["proof"]))
        evidence.check(proof, roster)
        assert evidence.to_bytes(proof).hex() == case["proof"]
        found = (proof.incarnation.hex(), proof.scope, proof.split, [one.hex() for one in proof.hashes])
        assert found == (case["incarnation"], case["scope"], case["split"], case["hashes"]), case["name"]
    for case in book["refused"]:
        with pytest.raises(ProtocolError) as raised:
            evidence.check(evidence.from_bytes(bytes.fromhex(case["proof"])), roster)
        assert error_of(case, raised), case["name"]


def test_roster_forks():
    book = vectors("roster_forks.json")
    roster = roster_of(book)
    for case in book["proofs"]:
        proof = roster_forks.from_bytes(bytes.fromhex(case["proof"]))
        assert roster.forked(proof).forks == {case["part"]: proof}
        assert roster_forks.to_bytes(proof).hex() == case["proof"]
        assert (proof.split, [one.hex() for one in proof.hashes]) == (case["split"], case["hashes"]), case["name"]
    for case in book["refused"]:
        with pytest.raises(ProtocolError) as raised:
            roster.forked(roster_forks.from_bytes(bytes.fromhex(case["proof"])))
        assert error_of(case, raised), case["name"]
    for case in book["ruled"]:
        held = roster_of({**book, "roster": book["roster"] + case["held"]})
        given = [read_change(decode(bytes.fromhex(raw))) for raw in case["given"]]
        after = held.turned([change for change in given if rosters.read_payload(change).part == COUNTY])
        for change in given:
            after = after.apply(change)
        assert sorted([part, *head[:2], head[2].hex()] for part, head in after.heads().items()) == case["heads"]
        assert sorted(sha256(change.payload).hex() for change in held.overruled_by(after)) == case["overruled"]
        assert sorted(node.incarnation.hex() for node in after.struck) == case["struck"], case["name"]


def test_revocations():
    book = vectors("revocations.json")
    for case in book["cases"]:
        roster, refused = roster_of(book), None
        for raw in case["changes"]:
            try:
                roster = roster.apply(read_change(decode(bytes.fromhex(raw))))
            except ProtocolError as error:
                refused = error.name
        assert refused == case["error"], case["name"]
        stands = [
            [node.incarnation.hex(), [[cut.scope, cut.seq, cut.hash.hex()] for cut in node.revoked.cuts]]
            for node in roster.nodes()
            if node.revoked is not None
        ]
        assert stands == case["revoked"], case["name"]
        assert sorted(node.incarnation.hex() for node in roster.struck) == case["struck"], case["name"]
        assert sorted([part, *head[:2], head[2].hex()] for part, head in roster.heads().items()) == case["heads"]


def test_releases():
    book = vectors("releases.json")
    roster = roster_of(book)
    for case in book["cases"]:
        held, refused = case["held"] and release.from_bytes(bytes.fromhex(case["held"])), None
        try:
            release.check(release.from_bytes(bytes.fromhex(case["file"])), roster, held)
        except ProtocolError as error:
            refused = error.name
        except release.OldRelease:
            refused = "old_release"
        assert refused == case["error"], case["name"]
    assert [case["error"] for case in book["cases"]].count(None) == 6
