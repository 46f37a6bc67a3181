"""Files of papers at a node: encrypted on its disk, bounded, and dropped with the bodies of a case and not before."""

from pathlib import Path

import pytest

from sync_protocol import limits
from sync_protocol.blobs import bitmap, manifest_of, numbers_in
from sync_protocol.case.papers import current
from tests import builders, postgresql
from tests.closing import checkpoint_day, close_case, net, settle_lines
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.casebook.test_purging import TERM_MS
from village_node.casebook import BadBody, CaseRef, NotAllowed, NotFound, PaperView, papers
from village_node.store import Room, blobs
from village_node.uploads import Upload

__all__ = ["net"]

PHOTO = Upload(b"a photo of somebody " * 5_000, "image/jpeg", b"its preview")


def add(net: Network, ref: CaseRef, upload: Upload = PHOTO, code: str = VILLAGE) -> None:
    member = net[code].member
    member.casebook.add_paper("0001", member.roles, ref[:2], "身份证", upload)


def shown(net: Network, code: str, ref: CaseRef) -> list[PaperView]:
    case = net[code].member.casebook.case(*ref[:2])
    assert case is not None
    return net[code].member.casebook.papers(case)


def on_disk(net: Network, code: str = VILLAGE) -> list[Path]:
    folder = net.built.folder / f"{code}.data" / "blobs"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_bitmap_names_the_chunks_it_was_made_of() -> None:
    assert bitmap({0, 9}, 10) == b"\x80\x40" and numbers_in(b"\x80\x40", 10) == [0, 9]
    assert numbers_in(b"\xff\xff", 10) == list(range(10))
    manifest = manifest_of(bytes(limits.BLOB_CHUNK + 1))
    assert (manifest.chunk_count, manifest.length(0), manifest.length(1)) == (2, limits.BLOB_CHUNK, 1)
    assert manifest.is_chunk(1, b"\0") and not manifest.is_chunk(1, b"\1")


def test_the_file_lies_encrypted_under_a_name_that_says_nothing(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    add(net, ref)
    net.settle()
    net.settle()
    lying = on_disk(net)
    assert len(lying) == 2 and not any(path.suffix for path in lying)
    assert all(b"somebody" not in path.read_bytes() and b"preview" not in path.read_bytes() for path in lying)
    lying[0].write_bytes(bytes(200_000))
    lying[1].write_bytes(bytes(200_000))
    case = net[VILLAGE].member.casebook.case(*ref[:2])
    assert case is not None
    with pytest.raises(NotFound):
        net[VILLAGE].member.casebook.original_of("0001", case, current(case)[0], "核对")
    assert [view.percent for view in shown(net, VILLAGE, ref)] == [0]
    net.settle()
    net[VILLAGE].sync()
    raw = net[VILLAGE].member.casebook.original_of("0001", case, current(case)[0], "核对")
    assert raw == PHOTO.raw, "what is damaged on a disk comes again from above"


def test_a_refused_paper_leaves_nothing_behind(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = net[VILLAGE].member.file()
    member = net[VILLAGE].member
    with pytest.raises(NotAllowed):
        member.casebook.add_paper("0001", frozenset({"admin"}), ref[:2], "身份证", PHOTO)
    assert on_disk(net) == []
    monkeypatch.setattr(papers, "PAPERS_A_CASE", 1)
    add(net, ref)
    with pytest.raises(BadBody, match="files at most"):
        add(net, ref, Upload(b"one more", "image/jpeg", None))
    monkeypatch.setattr(papers, "PAPERS_A_CASE", 20)
    monkeypatch.setattr(papers, "BYTES_A_DAY", len(PHOTO.raw) + 1)
    with pytest.raises(BadBody, match="in a day"):
        add(net, ref, Upload(b"one more", "image/jpeg", None))


def test_one_person_does_not_use_up_the_day_of_the_others(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    member = net[VILLAGE].member
    ref, other = member.file(), member.file()
    monkeypatch.setattr(papers, "BYTES_A_PERSON", len(PHOTO.raw) + 30)

    def more(actor: str, case: CaseRef, raw: bytes) -> None:
        member.casebook.add_paper(actor, member.roles, case[:2], "身份证", Upload(raw, "image/jpeg", None))

    more("0001", ref, PHOTO.raw)
    more("0001", other, b"a small one " * 2)
    held = on_disk(net)
    with pytest.raises(BadBody, match="as one person may in a day") as refused:
        more("0001", other, b"seven..")
    assert "每人上限" in refused.value.zh and on_disk(net) == held, "nothing of it stays"
    more("0001", other, b"six...")
    more("0002", other, PHOTO.raw + b"of a colleague")
    net.built.clock.now_ms += papers.DAY_MS
    more("0001", other, PHOTO.raw + b"of another day")
    net.built.clock.now_ms -= 9 * papers.DAY_MS  # the clock was ahead, and was put right
    more("0001", other, PHOTO.raw + b"of a day long ago")


def test_files_go_with_the_bodies_only_when_the_county_has_signed_for_them_and_come_back(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    add(net, ref)
    close_case(net, ref)
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    village = net[VILLAGE].member
    with village.store.writing() as connection:
        held = blobs.receipts_of(connection, [row.blob for row in blobs.of_case(connection, ref[:2])])
        assert {row.signer for row in held} == {net[TOWNSHIP].incarnation, net[COUNTY].incarnation}
        connection.exec_driver_sql("DELETE FROM blob_receipts")
    assert village.casebook.purge(TERM_MS).bodies == 0 and len(on_disk(net)) == 2
    settle_lines(net)
    net[VILLAGE].sync()
    assert shown(net, VILLAGE, ref)[0].receipts, "the receipts that were lost have been asked for"
    assert village.casebook.purge(TERM_MS).bodies == 0, "since they came, no term has passed by our clock"
    checkpoint_day(net, days=30)
    assert village.casebook.purge(TERM_MS).bodies > 0
    assert on_disk(net) == [] and shown(net, VILLAGE, ref) == []
    village.casebook.recall("0001", *ref[:2])
    net.settle()
    net[VILLAGE].sync()
    assert [view.percent for view in shown(net, VILLAGE, ref)] == [100]
    assert [view.percent for view in shown(net, COUNTY, ref)] == [100]


def test_a_file_that_another_case_names_too_stays(net: Network) -> None:
    ref, other = net[VILLAGE].member.file(), net[VILLAGE].member.file()
    add(net, ref)
    add(net, other)
    close_case(net, ref)
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    assert net[VILLAGE].member.casebook.purge(TERM_MS).cases == 1
    assert [view.percent for view in shown(net, VILLAGE, other)] == [100] and len(on_disk(net)) == 2


def test_a_disk_that_fills_up_is_asked_to_hold_no_file(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = net[VILLAGE].member.file()
    add(net, ref)
    net[VILLAGE].exchange()
    township = net[TOWNSHIP].member
    assert township.casebook.blob_wants(VILLAGE)
    monkeypatch.setattr(type(township.store), "room", lambda _store: Room(0, 1, whole=False, closed=True))
    assert township.casebook.blob_wants(VILLAGE) == []


@pytest.mark.postgres
def test_a_county_on_postgresql_takes_papers_and_signs_for_them(tmp_path: Path) -> None:
    programs = postgresql.binaries()
    if programs is None:
        pytest.skip("no PostgreSQL server's programs on this machine")
    cluster = postgresql.Cluster(programs)
    try:
        built = builders.Network(tmp_path)
        built.enrol(COUNTY, TOWNSHIP, VILLAGE)
        for code in (COUNTY, TOWNSHIP, VILLAGE):
            built.open(code, cluster.database() if code == COUNTY else "")
        made = Network(built)
        for member in list(built.members.values()):
            made.wire_up(member)
        made.settle()
        ref = made[VILLAGE].member.file()
        add(made, ref)
        made.settle()
        made.settle()
        assert [view.percent for view in shown(made, COUNTY, ref)] == [100]
        (view,) = shown(made, VILLAGE, ref)
        assert [place for place, _ in view.receipts] == [TOWNSHIP, COUNTY]
        made.close()
    finally:
        cluster.stop()
