"""No byte of a paper is lost: to another worker, to a disk that fails, to an upload that was refused, to a purge."""

from pathlib import Path
from typing import Any

import pytest

from sync_protocol import limits
from sync_protocol.blobs import BlobReceipt, bitmap, manifest_of
from sync_protocol.case.papers import current
from sync_protocol.exchange import BlobTalk, BlobWant, Content, Piece
from sync_protocol.roster import Node, Roster
from tests.closing import checkpoint_day, close_case, net, settle_lines
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.casebook.test_papers import PHOTO, add, on_disk, shown
from tests.village_node.casebook.test_purging import TERM_MS
from village_node.casebook import CaseRef, NotAllowed, NotFound, manifests
from village_node.casebook.manifests import new_row, note
from village_node.casebook.papers import Term
from village_node.casebook.shelving import drop_of_case
from village_node.shelf import Shelf
from village_node.store import NotSaved, blobs
from village_node.store.blobs import DROPPED, HERE, MISSING, ORIGINAL, WRONG, BlobRow, ReceiptRow
from village_node.uploads import Upload

__all__ = ["net"]

SMALL = Upload(b"a small photo", "image/jpeg", None)


def row_of(net: Network, code: str, ref: CaseRef) -> BlobRow:
    """The row of the only file of a case without a preview."""
    with net[code].member.store.reading() as connection:
        (found,) = [row for row in blobs.of_case(connection, ref[:2]) if row.lane == ORIGINAL]
    return found


def write(net: Network, code: str, *rows: BlobRow) -> None:
    with net[code].member.store.writing() as connection:
        blobs.put(connection, rows)


def pieces_of(ref: CaseRef, raw: bytes, *numbers: int) -> list[Piece]:
    size = limits.BLOB_CHUNK
    return [Piece(ref.scope, manifest_of(raw).hash, n * size, raw[n * size : (n + 1) * size]) for n in numbers]


def give(net: Network, code: str, giver: str, pieces: list[Piece]) -> None:
    said = Content(blobs=BlobTalk(pieces=pieces))
    net[code].member.casebook.receive(net[giver].incarnation, said, peer_update={})


def known_above(net: Network, upload: Upload = PHOTO) -> CaseRef:
    """A paper of the village that the township knows of and has nothing of."""
    ref = net[VILLAGE].member.file()
    add(net, ref, upload)
    net[VILLAGE].exchange()
    return ref


def test_a_file_that_is_whole_stays_whole_whatever_an_older_row_says(net: Network) -> None:
    ref = known_above(net, SMALL)
    before = row_of(net, TOWNSHIP, ref)
    assert before.state == MISSING
    give(net, TOWNSHIP, VILLAGE, pieces_of(ref, SMALL.raw, 0))
    whole = row_of(net, TOWNSHIP, ref)
    assert whole.state == HERE
    with net[TOWNSHIP].member.store.writing() as connection:
        blobs.grow(connection, [before])
    assert row_of(net, TOWNSHIP, ref) == whole
    write(net, TOWNSHIP, whole._replace(state=DROPPED, key=b"", here=b""))
    with net[TOWNSHIP].member.store.writing() as connection:
        blobs.grow(connection, [whole])
    assert row_of(net, TOWNSHIP, ref).state == DROPPED


def test_what_was_dropped_while_a_piece_of_it_came_stays_dropped(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = known_above(net, SMALL)
    old = row_of(net, TOWNSHIP, ref)
    dropped = old._replace(state=DROPPED, key=b"")
    write(net, TOWNSHIP, dropped)
    real = blobs.get
    with monkeypatch.context() as patched:
        patched.setattr(blobs, "get", lambda *asked: dict.fromkeys(real(*asked), old))
        patched.setattr(blobs, "locked", real)
        give(net, TOWNSHIP, VILLAGE, pieces_of(ref, SMALL.raw, 0))
    with net[TOWNSHIP].member.store.reading() as connection:
        assert blobs.receipts_of(connection, [old.blob]) == []
    assert row_of(net, TOWNSHIP, ref) == dropped


def test_what_two_workers_take_of_one_file_comes_together(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = known_above(net)
    book, old = net[TOWNSHIP].member.casebook, row_of(net, TOWNSHIP, ref)
    give(net, TOWNSHIP, VILLAGE, pieces_of(ref, PHOTO.raw, 0))
    real = blobs.get
    with monkeypatch.context() as patched:  # as a worker that has read before the other one committed
        patched.setattr(blobs, "get", lambda *asked: dict.fromkeys(real(*asked), old))
        patched.setattr(blobs, "locked", real)
        give(net, TOWNSHIP, VILLAGE, pieces_of(ref, PHOTO.raw, 1))
    row = row_of(net, TOWNSHIP, ref)
    assert row.state == HERE
    case = book.case(*ref[:2])
    assert case is not None and book.original_of("0002", case, current(case)[0], "核对") == PHOTO.raw


def test_a_file_with_its_name_is_never_replaced_by_the_beginning_of_one(tmp_path: Path) -> None:
    shelf, key, one = Shelf(tmp_path, bytes(32)), bytes(32), bytes(limits.BLOB_CHUNK)
    shelf.put("ab", key, b"", 0, one)
    shelf.close("ab")
    shelf.put("ab", key, b"", 1, b"two")
    (tmp_path / "blobs" / "ab.part").write_bytes(bytes(100))
    shelf.close("ab")
    assert shelf.get("ab", key, b"", 0) == one and shelf.get("ab", key, b"", 1) == b"two"
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == ["ab"]


def test_a_chunk_that_cannot_be_read_is_asked_for_again_and_nothing_is_called_wrong(net: Network) -> None:
    ref = known_above(net)
    row = row_of(net, TOWNSHIP, ref)
    write(net, TOWNSHIP, row._replace(here=bitmap({0}, 2)))  # a database that was restored beside another folder
    give(net, TOWNSHIP, VILLAGE, pieces_of(ref, PHOTO.raw, 1))
    row = row_of(net, TOWNSHIP, ref)
    assert (row.state, row.here) == (MISSING, bitmap({1}, 2))
    give(net, TOWNSHIP, VILLAGE, pieces_of(ref, PHOTO.raw, 0))
    assert row_of(net, TOWNSHIP, ref).state == HERE


def test_a_refused_upload_takes_nothing_of_another_one_of_the_same_bytes(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = net[VILLAGE].member.file()
    book = net[VILLAGE].member.casebook
    record = book.record

    def refused(*args: Any, **named: Any) -> Any:
        monkeypatch.setattr(book, "record", record)
        add(net, ref, SMALL)  # the other click, in between
        raise NotAllowed("不行", "no")

    monkeypatch.setattr(book, "record", refused)
    with pytest.raises(NotAllowed):
        add(net, ref, SMALL)
    assert [view.percent for view in shown(net, VILLAGE, ref)] == [100] and len(on_disk(net)) == 1
    add(net, ref, SMALL)
    assert row_of(net, VILLAGE, ref).state == HERE and len(on_disk(net)) == 1, "the same bytes lie here once"


def test_what_an_upload_that_was_not_saved_left_is_swept_when_nothing_names_it(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = net[VILLAGE].member.file()
    book = net[VILLAGE].member.casebook

    def not_saved(*args: Any, **named: Any) -> Any:
        raise NotSaved("未保存", "not saved")

    with monkeypatch.context() as patched:
        patched.setattr(book, "record", not_saved)
        with pytest.raises(NotSaved):
            add(net, ref, SMALL)
    with book.store.reading() as connection:
        assert blobs.missing(connection, 10) == {} and blobs.of_case(connection, ref[:2]) == []
    add(net, ref)
    assert len(on_disk(net)) == 3
    monkeypatch.setattr(book, "clock", lambda: 1000 * int(on_disk(net)[0].stat().st_mtime) + 1_000_000)
    book.sweep_strays()
    assert len(on_disk(net)) == 3, "it may be just about to be named"
    monkeypatch.setattr(book, "clock", lambda: 1000 * int(on_disk(net)[0].stat().st_mtime) + 7_200_000)
    book.sweep_strays()
    assert len(on_disk(net)) == 2 and [view.percent for view in shown(net, VILLAGE, ref)] == [100]


def test_who_finds_a_file_gone_that_was_dropped_meanwhile_does_not_want_it_back(net: Network) -> None:
    ref = known_above(net, SMALL)
    give(net, TOWNSHIP, VILLAGE, pieces_of(ref, SMALL.raw, 0))
    book = net[TOWNSHIP].member.casebook
    stale = row_of(net, TOWNSHIP, ref)
    dropped = stale._replace(state=DROPPED, here=b"", key=b"")
    write(net, TOWNSHIP, dropped)
    lies(net, TOWNSHIP, stale).unlink()
    book.lose(stale)
    assert row_of(net, TOWNSHIP, ref) == dropped
    write(net, TOWNSHIP, stale)
    assert book.lose(stale)
    assert row_of(net, TOWNSHIP, ref).state == MISSING and row_of(net, TOWNSHIP, ref).name != stale.name


def lies(net: Network, code: str, row: BlobRow) -> Path:
    """Where the bytes of a file lie."""
    return net.built.folder / f"{code}.data" / "blobs" / row.name


def read(net: Network, code: str, ref: CaseRef) -> bytes:
    case = net[code].member.casebook.case(*ref[:2])
    assert case is not None
    return net[code].member.casebook.original_of("0003", case, current(case)[0], "核对")


def test_a_disk_that_does_not_let_a_file_be_read_for_once_destroys_none(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = known_above(net, SMALL)
    give(net, TOWNSHIP, VILLAGE, pieces_of(ref, SMALL.raw, 0))
    for code in (VILLAGE, TOWNSHIP):
        before, opens = row_of(net, code, ref), Path.open

        def broken(path: Path, *named: Any, opens: Any = opens, name: str = before.name, **more: Any) -> Any:
            if path.name == name:
                raise OSError(5, "Input/output error")
            return opens(path, *named, **more)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "open", broken)
            with pytest.raises(NotFound, match="kept"):
                read(net, code, ref)
            wants = [BlobWant(*before.blob, 0, bitmap({0}, 1))]
            assert net[code].member.casebook.blob_pieces(wants, COUNTY, 1_000) == []
        assert row_of(net, code, ref) == before and read(net, code, ref) == SMALL.raw


def test_an_original_that_is_nowhere_else_is_kept_however_damaged_until_somebody_above_has_signed(net: Network) -> None:
    ref = known_above(net, SMALL)
    before = row_of(net, VILLAGE, ref)
    path, raw = lies(net, VILLAGE, before), lies(net, VILLAGE, before).read_bytes()
    path.write_bytes(bytes(len(raw)))
    with pytest.raises(NotFound, match="kept"):
        read(net, VILLAGE, ref)
    book = net[VILLAGE].member.casebook
    assert row_of(net, VILLAGE, ref) == before and path.exists() and book.papers_waiting().files == 1
    path.write_bytes(raw)  # from the backup
    assert read(net, VILLAGE, ref) == SMALL.raw
    net.settle()
    assert book.papers_waiting().files == 0
    path.unlink()
    with pytest.raises(NotFound, match="not here yet"):
        read(net, VILLAGE, ref)
    assert row_of(net, VILLAGE, ref).state == MISSING
    net.settle()
    assert read(net, VILLAGE, ref) == SMALL.raw


def test_the_word_of_who_does_not_serve_above_is_none_that_an_original_has_left(net: Network) -> None:
    ref = known_above(net, SMALL)
    book = net[VILLAGE].member.casebook
    stranger, beside = bytes(16), net[VILLAGE].incarnation
    with book.store.writing() as connection:
        rows = [ReceiptRow(*row_of(net, VILLAGE, ref).blob, by, 1, bytes(64), 0, 1) for by in (stranger, beside)]
        blobs.keep_receipts(connection, rows)
    assert book.papers_waiting().files == 1


def test_a_disk_that_takes_no_file_stops_no_event(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = known_above(net)
    township = net[TOWNSHIP].member

    def broken(*_: Any) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(Shelf, "put", broken)
        give(net, TOWNSHIP, VILLAGE, pieces_of(ref, PHOTO.raw, 0))
        other = net[VILLAGE].member.file()
        net[VILLAGE].sync()
        assert township.casebook.case(*other[:2]) is not None
        assert township.casebook.blob_wants(VILLAGE) == []
    net.built.clock.now_ms += 700_000
    net.settle()
    assert [view.percent for view in shown(net, TOWNSHIP, ref)] == [100]
    name = row_of(net, TOWNSHIP, ref).name
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", broken)
        shelf = Shelf(net.built.folder / f"{TOWNSHIP}.data", bytes(32))
        assert shelf.get(name, bytes(32), b"", 0) is None
        patched.setattr(Shelf, "drop", broken)
        township.casebook.forget_files(["one", "two"])
    seen: list[str] = []
    monkeypatch.setattr(Shelf, "drop", lambda _shelf, name: seen.append(name))
    township.casebook.sweep_blobs()
    assert seen == ["one", "two"]


def test_a_file_of_the_county_holds_no_case_up_and_one_of_the_township_only_until_the_county_has_signed(
    net: Network,
) -> None:
    ref = net[VILLAGE].member.file()
    net.settle()
    add(net, ref, Upload(b"of the county", "image/jpeg", None), COUNTY)
    add(net, ref, Upload(b"of the township", "image/jpeg", None), TOWNSHIP)
    net.settle()
    net.settle()
    close_case(net, ref)
    checkpoint_day(net, days=0)
    village = net[VILLAGE].member
    assert village.casebook.purge(TERM_MS).bodies == 0, "its term runs; it asks for the county's word"
    settle_lines(net)
    net[TOWNSHIP].sync()
    net[VILLAGE].sync()
    checkpoint_day(net, days=30)
    assert village.casebook.purge(TERM_MS).bodies > 0 and on_disk(net) == []


def test_a_file_that_never_came_and_one_that_is_wrong_hold_no_case_up_for_ever(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    add(net, ref)
    close_case(net, ref)
    net.settle()
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    left = {(VILLAGE, MISSING): True, (VILLAGE, WRONG): True, (TOWNSHIP, MISSING): False, (TOWNSHIP, WRONG): True}
    for (code, state), goes in left.items():
        assert (what_goes(net, code, ref, state) is not None) == goes, (code, state)
    checkpoint_day(net, days=31)
    assert what_goes(net, TOWNSHIP, ref, MISSING), "it does not come up through here any more"
    assert net[TOWNSHIP].member.casebook.purge(TERM_MS).bodies > 0


def what_goes(net: Network, code: str, ref: CaseRef, state: int) -> list[BlobRow] | None:
    """What a purge would drop of a case whose files are all in this state, and of which nobody has signed."""
    book = net[code].member.casebook
    with book.store.writing() as connection:
        rows = [row._replace(state=state, here=b"") for row in blobs.of_case(connection, ref[:2])]
        blobs.put(connection, rows)
        connection.exec_driver_sql("DELETE FROM blob_receipts")
        return book.blobs_to_drop(connection, ref[:2], Term(book.roster, book.clock(), book.clock(), TERM_MS))


def test_a_county_in_a_new_life_signs_for_what_it_is_asked_of(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    add(net, ref, SMALL)
    net.settle()
    net.settle()
    county = net[COUNTY].member
    with county.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM blob_receipts")
    blob = row_of(net, COUNTY, ref).blob
    asked = Content(blobs=BlobTalk(wants=[BlobWant(*blob, 0, b"")]))
    county.casebook.receive(net[TOWNSHIP].incarnation, asked, peer_update={})
    owed, told = county.casebook.blob_receipts(TOWNSHIP, asked.blobs.wants)
    assert [each.signer for each in told] == [net[COUNTY].incarnation] and owed == told


def test_a_place_of_which_nothing_comes_stands_in_nobody_s_way(net: Network) -> None:
    township = net[TOWNSHIP].member
    ref = known_above(net)
    with township.store.writing() as connection:
        dead = [
            new_row(township.casebook, (ref.scope, number.to_bytes(32)), 1, bytes(32), 0, TOWNSHIP, 0)
            for number in range(400)
        ]
        blobs.put(connection, dead)
        township.casebook.mark_news(connection, {ref.scope})
    township.casebook.tell({ref.scope})
    assert row_of(net, TOWNSHIP, ref).blob in {want[:2] for want in township.casebook.blob_wants(VILLAGE)}
    assert len(township.casebook.lacking(COUNTY)) == 32


def test_a_manifest_that_was_wrong_gives_way_to_one_of_another_paper(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = known_above(net, SMALL)
    township = net[TOWNSHIP].member
    right = row_of(net, TOWNSHIP, ref)
    case = township.casebook.case(*ref[:2])
    assert case is not None
    for state in (MISSING, WRONG):
        write(net, TOWNSHIP, right._replace(chunks=bytes(32), size=7, state=state, place=COUNTY, here=b""))
        with township.store.writing() as connection:
            note(township.casebook, connection, ref[:2], case, 0)
        now = row_of(net, TOWNSHIP, ref)
        assert (now.chunks, now.size, now.place, now.state) == (right.chunks, right.size, VILLAGE, MISSING)
        assert now.name != right.name, "what lies under the old name was cut by another manifest"
    write(net, TOWNSHIP, right._replace(state=WRONG))
    with township.store.writing() as connection:
        note(township.casebook, connection, ref[:2], case, 0)
    assert row_of(net, TOWNSHIP, ref).state == WRONG, "the only manifest there is was wrong"
    (paper,) = current(case)
    monkeypatch.setattr(manifests, "papers_of", lambda _: [paper, paper._replace(size=7, chunks=bytes(32))])
    with township.store.writing() as connection:
        note(township.casebook, connection, ref[:2], case, 0)
    assert (row_of(net, TOWNSHIP, ref).size, row_of(net, TOWNSHIP, ref).state) == (7, MISSING)


def test_a_longer_part_is_not_given_up_for_the_beginning_of_its_chunk(net: Network) -> None:
    ref = known_above(net, SMALL)
    blob, raw = row_of(net, TOWNSHIP, ref).blob, SMALL.raw
    give(net, TOWNSHIP, VILLAGE, [Piece(*blob, 0, raw[:8])])
    give(net, TOWNSHIP, VILLAGE, [Piece(*blob, 0, raw[:3])])
    assert [want.held for want in net[TOWNSHIP].member.casebook.blob_wants(VILLAGE)] == [8]
    give(net, TOWNSHIP, VILLAGE, [Piece(*blob, 5, raw[5:])])
    assert row_of(net, TOWNSHIP, ref).state == HERE


def test_files_of_a_case_of_which_a_body_is_erased_do_not_come_back(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = net[VILLAGE].member.file()
    add(net, ref, SMALL)
    village = net[VILLAGE].member
    case = village.casebook.case(*ref[:2])
    assert case is not None
    for erased in (1, 0):
        monkeypatch.setattr("village_node.casebook.manifests.erasures.of_case", lambda *_, n=erased: n)
        with village.store.writing() as connection:
            drop_of_case(connection, ref[:2], blobs.of_case(connection, ref[:2]))
            note(village.casebook, connection, ref[:2], case, 0)
            held = blobs.get(connection, [(ref.scope, current(case)[0].hash)])
        assert [row.state for row in held.values()] == [DROPPED if erased else MISSING]


def test_only_a_county_that_serves_and_a_signature_that_verifies_let_a_file_go(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = net[VILLAGE].member.file()
    add(net, ref, SMALL)
    net.settle()
    net.settle()
    book = net[VILLAGE].member.casebook
    with book.store.writing() as connection:
        told = [BlobReceipt(*row[:5]) for row in blobs.receipts_of(connection, [row_of(net, VILLAGE, ref).blob])]
        term = Term(book.roster, book.clock() + TERM_MS, book.clock() + TERM_MS, TERM_MS)
        assert book.blobs_to_drop(connection, ref[:2], term) is not None
        for early in (term._replace(checkpoint_ms=book.clock()), term._replace(now_ms=book.clock() + 1)):
            assert book.blobs_to_drop(connection, ref[:2], early) is None
        with monkeypatch.context() as patched:
            patched.setattr(Roster, "serving", lambda *_: ())
            assert book.blobs_to_drop(connection, ref[:2], term) is None
        connection.exec_driver_sql("UPDATE blob_receipts SET signature = zeroblob(64)")
        assert book.blobs_to_drop(connection, ref[:2], term) is None
        connection.exec_driver_sql("DELETE FROM blob_receipts")
    monkeypatch.setattr(Node, "serves", property(lambda node: node.place != COUNTY))
    book.receive(net[TOWNSHIP].incarnation, Content(blobs=BlobTalk(receipts=told)), peer_update={})
    with book.store.reading() as connection:
        held = blobs.receipts_of(connection, [row_of(net, VILLAGE, ref).blob])
    assert [row.signer for row in held] == [net[TOWNSHIP].incarnation]
