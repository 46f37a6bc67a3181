"""What has come of a chunk outlives the process, belongs to every worker, is bounded, and goes with its file."""

import pytest

from sync_protocol import limits
from sync_protocol.blobs import manifest_of
from sync_protocol.case.papers import current
from sync_protocol.exchange import BlobWant, Piece
from tests.closing import net
from tests.network import TOWNSHIP, VILLAGE, Network
from tests.village_node.casebook.test_papers import PHOTO
from tests.village_node.casebook.test_papers_kept import give, known_above, row_of
from village_node.casebook import CaseRef
from village_node.casebook.shelving import drawn, drop_of_case
from village_node.store import blob_parts, blobs
from village_node.store.blob_parts import PartRow
from village_node.store.blobs import HERE, MISSING

__all__ = ["net"]


def some(ref: CaseRef, start: int, end: int) -> list[Piece]:
    return [Piece(ref.scope, manifest_of(PHOTO.raw).hash, start, PHOTO.raw[start:end])]


def held(net: Network, ref: CaseRef) -> PartRow | None:
    blob = row_of(net, TOWNSHIP, ref).blob
    with net[TOWNSHIP].member.store.reading() as connection:
        return blob_parts.get(connection, [blob]).get(blob)


def want(net: Network, ref: CaseRef) -> BlobWant:
    (found,) = [
        each
        for each in net[TOWNSHIP].member.casebook.blob_wants(VILLAGE)
        if each.hash == row_of(net, TOWNSHIP, ref).hash
    ]
    return found


def test_what_has_come_of_a_chunk_is_there_after_a_restart(net: Network) -> None:
    ref = known_above(net)
    give(net, TOWNSHIP, VILLAGE, some(ref, 0, 20_000))
    net[TOWNSHIP].member.store.close()
    net.start(TOWNSHIP)
    assert want(net, ref).held == 20_000
    give(net, TOWNSHIP, VILLAGE, some(ref, 20_000, limits.BLOB_CHUNK))
    row = row_of(net, TOWNSHIP, ref)
    assert row.here and held(net, ref) is None and want(net, ref).held == 0
    give(net, TOWNSHIP, VILLAGE, some(ref, limits.BLOB_CHUNK, len(PHOTO.raw)))
    book = net[TOWNSHIP].member.casebook
    case = book.case(*ref[:2])
    assert case is not None and book.original_of("0002", case, current(case)[0], "核对") == PHOTO.raw


def test_what_one_worker_holds_another_goes_on_from_and_neither_shortens_it(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = known_above(net)
    give(net, TOWNSHIP, VILLAGE, some(ref, 0, 10_000))
    before = held(net, ref)
    give(net, TOWNSHIP, VILLAGE, some(ref, 10_000, 30_000))
    real = blob_parts.get
    with monkeypatch.context() as patched:  # a worker that has read before the other one committed
        answers = iter([{before.blob: before} if before else {}])
        patched.setattr(blob_parts, "get", lambda *asked: next(answers, None) or real(*asked))
        give(net, TOWNSHIP, VILLAGE, some(ref, 10_000, 15_000))
    kept = held(net, ref)
    assert kept is not None and kept.held == 30_000 == want(net, ref).held
    give(net, TOWNSHIP, VILLAGE, some(ref, 25_000, limits.BLOB_CHUNK))
    assert row_of(net, TOWNSHIP, ref).here and held(net, ref) is None


def test_bytes_that_do_not_fit_in_the_end_are_forgotten_with_what_was_held(net: Network) -> None:
    ref = known_above(net)
    wrong = Piece(ref.scope, manifest_of(PHOTO.raw).hash, 0, bytes(30_000))
    give(net, TOWNSHIP, VILLAGE, [wrong])
    give(net, TOWNSHIP, VILLAGE, some(ref, 30_000, limits.BLOB_CHUNK))
    assert held(net, ref) is None and want(net, ref).held == 0
    give(net, TOWNSHIP, VILLAGE, some(ref, 0, limits.BLOB_CHUNK))
    assert row_of(net, TOWNSHIP, ref).here


def test_no_more_is_held_than_so_much_and_the_oldest_makes_way(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = known_above(net)
    give(net, TOWNSHIP, VILLAGE, some(ref, 0, 10_000))
    mine = held(net, ref)
    assert mine is not None
    monkeypatch.setattr(blob_parts, "HELD", 3)
    with net[TOWNSHIP].member.store.writing() as connection:
        newer = [mine._replace(hash=bytes([n]) * 32, at_ms=mine.at_ms + n) for n in range(1, 5)]
        blob_parts.keep(connection, newer)
        assert set(blob_parts.get(connection, [each.blob for each in (mine, *newer)])) == {
            each.blob for each in newer[1:]
        }
    assert want(net, ref).held == 0, "the chunk is asked for from its first byte"


def test_what_is_held_is_encrypted_and_goes_with_its_file(net: Network) -> None:
    ref = known_above(net)
    give(net, TOWNSHIP, VILLAGE, some(ref, 0, 20_000))
    part = held(net, ref)
    assert part is not None and PHOTO.raw[:32] not in part.raw
    row = row_of(net, TOWNSHIP, ref)
    assert row.state == MISSING
    with net[TOWNSHIP].member.store.writing() as connection:
        drop_of_case(connection, ref[:2], [row])
        assert blob_parts.get(connection, [row.blob]) == {}


def test_a_part_of_a_file_that_is_begun_anew_counts_no_more(net: Network) -> None:
    ref = known_above(net)
    give(net, TOWNSHIP, VILLAGE, some(ref, 0, 20_000))
    row = row_of(net, TOWNSHIP, ref)
    with net[TOWNSHIP].member.store.writing() as connection:
        name, key = drawn(net[TOWNSHIP].member.casebook)
        blobs.put(connection, [row._replace(name=name, key=key)])
    net[TOWNSHIP].member.casebook.tell({ref.scope})
    assert want(net, ref).held == 0
    give(net, TOWNSHIP, VILLAGE, some(ref, 0, 5_000))
    assert want(net, ref).held == 5_000
    assert row_of(net, TOWNSHIP, ref).state != HERE
