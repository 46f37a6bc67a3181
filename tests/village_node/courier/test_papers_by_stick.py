"""Papers' files by stick: as sealed as events, chunk by chunk with whatever came by line, and nobody else's."""

import random
from pathlib import Path

import pytest

from sync_protocol import bundle, limits
from sync_protocol import roster as rosters
from sync_protocol.bundle import BLOBS, EVENTS
from sync_protocol.case import kinds
from sync_protocol.case.papers import current
from sync_protocol.exchange import BlobTalk, BlobWant, Content, Piece
from tests import builders
from tests.builders import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE
from tests.village_node.courier.sticks import Hand, bundle_files, hand, introduce
from village_node.casebook import CaseRef
from village_node.courier import Outcome, PartState, stick, writing
from village_node.shelf import Shelf
from village_node.store import blobs
from village_node.store.blobs import HERE, MISSING, BlobRow
from village_node.uploads import Upload

SIZE = 200_000  # three chunks and a bit


def photo(seed: int, size: int = SIZE) -> Upload:
    return Upload(random.Random(seed).randbytes(size), "image/jpeg", b"preview of %d" % seed * 100)


def filed(who: Hand, upload: Upload) -> CaseRef:
    """A case with this paper."""
    ref = who.member.file()
    attach(who, ref, upload)
    return ref


def attach(who: Hand, ref: CaseRef, upload: Upload) -> None:
    who.member.casebook.add_paper("0001", who.member.roles, ref[:2], "身份证", upload)


def row_of(who: Hand, ref: CaseRef, lane: int = blobs.ORIGINAL) -> BlobRow:
    with who.member.store.reading() as connection:
        (row,) = [each for each in blobs.of_case(connection, ref[:2]) if each.lane == lane]
    return row


def opened(who: Hand, ref: CaseRef) -> bytes:
    book = who.member.casebook
    case = book.case(*ref[:2])
    assert case is not None
    return book.original_of("0003", case, current(case)[0], "核对原件")


def signers(who: Hand, ref: CaseRef) -> list[str]:
    case = who.member.casebook.case(*ref[:2])
    assert case is not None
    return [place for place, _ in who.member.casebook.papers(case)[0].receipts]


def carry(one: Hand, other: Hand, folder: Path) -> None:
    """One stick from here to there."""
    one.write(folder, other.member.place)
    other.take(folder)


@pytest.mark.usefixtures("met")
def test_a_paper_goes_up_by_stick_and_its_receipts_come_back(village, township, county, tmp_path):
    upload = photo(1)
    ref = filed(village, upload)
    written = village.write(tmp_path / "1")
    assert written.files == 2 and _kinds(tmp_path / "1") == [EVENTS, BLOBS]
    assert village.member.casebook.papers_waiting() == (1, SIZE, village.member.clock())
    assert village.write(tmp_path / "again").files == 2, "nothing counts as sent because it was written"
    outcome = township.take(tmp_path / "1")
    assert outcome.files == 2 and "2 份材料文件" in outcome.words[0]
    assert opened(township, ref) == upload.raw and village.member.casebook.bundles_out(1)[0].files == 2
    twice = township.take(tmp_path / "1")
    assert (twice.files, twice.chunks) == (0, 0) and twice.words[0] == "以前导入过，没有新内容。"
    carry(township, village, tmp_path / "2")
    assert signers(village, ref) == [TOWNSHIP]
    assert village.member.casebook.papers_waiting() == (0, 0, None)
    assert village.write(tmp_path / "3").files == 0, "the township has signed for it"
    introduce(county, township, tmp_path / "keys")
    carry(township, county, tmp_path / "4")
    assert opened(county, ref) == upload.raw
    carry(county, township, tmp_path / "5")
    township.take(tmp_path / "3")  # in which the village still asks for the county's word
    carry(township, village, tmp_path / "6")
    assert signers(village, ref) == [TOWNSHIP, COUNTY]
    carry(village, township, tmp_path / "7")
    assert township.member.casebook.blob_receipts_by_stick(VILLAGE) == [], "it asks for nothing any more"


@pytest.mark.usefixtures("met")
def test_what_the_county_has_signed_for_first_is_not_carried_to_the_township_for_ever(
    village, township, county, tmp_path
):
    introduce(county, village, tmp_path / "keys")
    ref = filed(village, photo(11))
    carry(village, county, tmp_path / "1")
    carry(county, village, tmp_path / "2")
    assert signers(village, ref) == [COUNTY]
    carry(village, township, tmp_path / "3")
    with township.member.store.writing() as connection:  # as after a restore: it has the file, and no word of its own
        connection.exec_driver_sql("DELETE FROM blob_receipts")
    assert village.write(tmp_path / "4").files == 2
    township.take(tmp_path / "4")
    carry(township, village, tmp_path / "5")
    assert sorted(signers(village, ref)) == sorted([COUNTY, TOWNSHIP])
    assert village.write(tmp_path / "6").files == 0


@pytest.mark.usefixtures("met")
def test_what_was_carried_without_effect_stands_behind_what_is_new(village, tmp_path):
    first = row_of(village, filed(village, photo(12)))
    village.write(tmp_path / "1")
    village.member.clock.now_ms += 1_000
    second = row_of(village, filed(village, photo(13)))

    def order() -> list[bytes]:
        each = [chunk.hash for chunk in village.member.casebook.chunks_for(TOWNSHIP)]
        return [hash_ for hash_ in dict.fromkeys(each) if hash_ in (first.hash, second.hash)]

    assert order() == [second.hash, first.hash]
    village.member.casebook.note_carried(TOWNSHIP, [second.blob])
    assert order() == [first.hash, second.hash], "what was written longest ago comes first"


@pytest.mark.usefixtures("met")
def test_what_is_withheld_takes_its_files_with_it_but_for_those_that_were_asked_for(
    village, township, tmp_path, monkeypatch
):
    book = village.member.casebook
    asked = row_of(village, filed(village, photo(17)))
    builders.settle(village.member, township.member)  # the events alone
    carry(township, village, tmp_path / "asks")
    filed(village, photo(18))
    with monkeypatch.context() as alarm:
        standing = book.standing()._replace(rings=True)
        alarm.setattr(book, "standing", lambda: standing)
        written = village.write(tmp_path / "1")
    assert written.events == 0 and written.files == 2
    assert township.take(tmp_path / "1").files == 2
    with township.member.store.reading() as connection:
        assert blobs.get(connection, [asked.blob])[asked.blob].state == HERE
    assert village.write(tmp_path / "2").files == 4


def _kinds(folder: Path) -> list[int]:
    return [part.kind for part in bundle.read_head(bundle_files(folder)[-1].read_bytes()).parts]


@pytest.mark.usefixtures("met")
def test_a_stick_brings_only_the_chunks_that_did_not_come_by_line(village, township, tmp_path):
    upload = photo(2)
    ref = filed(village, upload)
    builders.settle(village.member, township.member)  # the events
    hash_ = row_of(village, ref).hash
    piece = Piece(ref.scope, hash_, limits.BLOB_CHUNK, upload.raw[limits.BLOB_CHUNK : 2 * limits.BLOB_CHUNK])
    me = village.member.identity.incarnation
    township.member.casebook.receive(me, Content(blobs=BlobTalk(pieces=[piece])), peer_update={})
    carry(township, village, tmp_path / "asks")
    numbers = sorted(chunk.number for chunk in village.member.casebook.chunks_for(TOWNSHIP) if chunk.hash == hash_)
    assert numbers == [0, 2, 3]
    village.write(tmp_path / "up")
    # And while that stick was under way the line brought another one of them.
    first = Piece(ref.scope, hash_, 0, upload.raw[: limits.BLOB_CHUNK])
    township.member.casebook.receive(me, Content(blobs=BlobTalk(pieces=[first])), peer_update={})
    assert township.take(tmp_path / "up").chunks == 3 and opened(township, ref) == upload.raw


@pytest.mark.usefixtures("met")
def test_a_paper_from_above_comes_down_and_what_was_lost_is_asked_for(village, township, tmp_path):
    ref = village.member.file()
    carry(village, township, tmp_path / "1")
    upload = photo(3)
    attach(township, ref, upload)
    carry(township, village, tmp_path / "2")
    assert opened(village, ref) == upload.raw
    township.member.clock.now_ms += 1_000
    carry(village, township, tmp_path / "3")
    assert township.write(tmp_path / "4", VILLAGE).files == 0, "known before that bundle, which does not ask for it"
    row = row_of(village, ref)
    village.member.casebook.lives.shelf().drop(row.name)
    with pytest.raises(Exception, match="not here"):
        opened(village, ref)
    carry(village, township, tmp_path / "5")
    carry(township, village, tmp_path / "6")
    assert opened(village, ref) == upload.raw


def test_nothing_of_a_neighbour_is_on_a_stick_and_nothing_of_his_is_taken(tmp_path):
    (tmp_path / "nodes").mkdir()
    net = builders.network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE)
    village, second, township = (hand(net, code) for code in (VILLAGE, SECOND_VILLAGE, TOWNSHIP))
    for each in (village, second):
        introduce(township, each, tmp_path / each.member.place)
    ref = filed(village, photo(4))
    carry(village, township, tmp_path / "1")
    held = row_of(township, ref)
    assert held.state == HERE
    assert list(township.member.casebook.chunks_for(SECOND_VILLAGE)) == []
    chunk = next(township.member.casebook.chunks_for(COUNTY))
    node = township.member.casebook.roster.serving(SECOND_VILLAGE)[-1]
    hauled = township.member.casebook.take_chunks(node, [chunk])
    assert hauled.taken == 0 and not hauled.unknown, "whoever does not follow a scope brings nothing of it"
    stray = chunk._replace(hash=bytes(32))
    hauled = township.member.casebook.take_chunks(node, [stray])
    assert not hauled.unknown, "nor is it told what is here of it"
    node = township.member.casebook.roster.serving(VILLAGE)[-1]
    assert township.member.casebook.take_chunks(node, [stray]).unknown == {(stray.scope, stray.hash)}
    # What another place asks for of a scope that it does not follow it is not given.
    other = township.member.casebook.roster.serving(SECOND_VILLAGE)[-1]
    township.member.casebook.note_blobs_asked(other, [BlobWant(*held.blob, 0, b"\xff")])
    assert list(township.member.casebook.chunks_for(SECOND_VILLAGE)) == []
    # Nor is it told who has signed for it; the village that has it is.
    for place, count in ((SECOND_VILLAGE, 0), (VILLAGE, 1)):
        asking = township.member.casebook.roster.serving(place)[-1]
        township.member.casebook.note_blobs_asked(asking, [BlobWant(*held.blob, 0, b"")])
        assert len(township.member.casebook.blob_receipts_by_stick(place)) == count
    net.close()


@pytest.mark.usefixtures("met")
def test_a_part_that_is_damaged_anywhere_changes_nothing_and_keeps_no_other_from_being_taken(
    village, township, tmp_path, monkeypatch
):
    monkeypatch.setattr(writing, "_FILES_A_PART", 150_000)
    ref = filed(village, photo(5))
    village.write(tmp_path / "1")
    assert _kinds(tmp_path / "1") == [EVENTS, BLOBS, BLOBS]
    last = bundle_files(tmp_path / "1")[2]
    sound = last.read_bytes()
    chance = random.Random(6)
    for _ in range(12):
        at = chance.randrange(len(sound))
        cut = sound[:at] if chance.random() < 0.5 else sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :]
        last.write_bytes(cut)
        (outcome,) = township.read(tmp_path / "1")
        assert outcome.states == [PartState.SOUND, PartState.SOUND, PartState.DAMAGED]
        assert row_of(township, ref).state == MISSING and row_of(township, ref, blobs.PREVIEW).state == HERE
    held = row_of(township, ref).here
    assert any(held), "the part that is sound was taken"
    last.write_bytes(sound)
    assert township.take(tmp_path / "1").chunks > 0 and opened(township, ref) == photo(5).raw


def test_a_part_whose_last_chunk_does_not_open_gives_none_of_its_first_ones(village, township, tmp_path, monkeypatch):
    """Also where its sender has signed it so: all of a part is read before any of it is taken."""
    introduce(township, village, tmp_path / "keys")
    ref = filed(village, photo(7))
    real = bundle.blob_record
    numbers = iter(range(1_000))

    def spoilt(chunk):
        return real(chunk) if next(numbers) < 3 else b"\x84" + real(chunk)[1:-9]

    with monkeypatch.context() as patched:
        patched.setattr(bundle, "blob_record", spoilt)
        village.write(tmp_path / "1")
    (outcome,) = township.read(tmp_path / "1")
    assert outcome.states == [PartState.SOUND, PartState.DAMAGED] and outcome.chunks == 0
    assert row_of(township, ref, blobs.PREVIEW).state == MISSING


@pytest.mark.usefixtures("met")
def test_what_does_not_fit_into_one_file_follows_in_the_next_ones(village, township, tmp_path):
    upload = photo(8, 600_000)
    ref = filed(village, upload)
    walks = 0
    while row_of_or_none(township, ref) is None or row_of(township, ref).state != HERE:
        written, raw = village.courier.fold("0001", most=250_000)
        assert len(raw) < 260_000 and written.more == (walks < 2) and (walks or written.files == 2)
        assert township.courier.unfold("0002", written.name, raw).whole
        name, back = township.courier.fold("0002", VILLAGE)
        assert village.courier.unfold("0001", name.name, back).whole
        walks += 1
        assert walks < 6
    assert opened(township, ref) == upload.raw and walks == 3


def row_of_or_none(who: Hand, ref: CaseRef) -> BlobRow | None:
    return row_of(who, ref) if who.member.casebook.case(*ref[:2]) is not None else None


@pytest.mark.usefixtures("met")
def test_a_disk_that_takes_no_files_says_so_and_the_same_stick_brings_them_later(
    village, township, tmp_path, monkeypatch
):
    ref = filed(village, photo(9))
    village.write(tmp_path / "1")
    with monkeypatch.context() as full:
        full.setattr(Shelf, "put", _no_room)
        outcome: Outcome = township.read(tmp_path / "1")[0]
    assert outcome.stored > 0 and outcome.disk_full and "腾出空间后，再导入一次" in outcome.words[0]
    assert not outcome.told()["ok"] and not township.member.casebook.bundles_in(1)[0].whole
    assert township.member.casebook.is_in_trouble()
    again = township.take(tmp_path / "1")
    assert again.files == 2 and again.told()["ok"] and opened(township, ref) == photo(9).raw, "at once"
    assert not township.member.casebook.is_in_trouble()


@pytest.mark.usefixtures("met")
def test_a_file_of_which_nothing_is_known_is_counted_once_whatever_comes_of_it(
    village, township, tmp_path, monkeypatch
):
    monkeypatch.setattr(limits, "BLOB_PIECES", 1)
    filed(village, photo(14))
    village.write(tmp_path / "1")
    bundle_files(tmp_path / "1")[0].unlink()  # the events
    (outcome,) = township.read(tmp_path / "1")
    assert len(outcome.unknown) == 2 and "有 2 份材料文件的办件还没有到" in outcome.words[0]


def _no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.usefixtures("met")
def test_a_stick_with_little_room_takes_the_cases_and_leaves_papers_for_the_next(
    village, township, tmp_path, monkeypatch
):
    ref = filed(village, photo(10))
    monkeypatch.setattr("village_node.courier.stick.room_in", lambda _folder: 0)
    written = village.write(tmp_path / "1")
    assert written.events > 0 and written.files == 0 and written.more
    township.take(tmp_path / "1")
    assert township.member.casebook.case(*ref[:2]) is not None


@pytest.mark.usefixtures("met")
def test_a_stick_that_is_full_sooner_than_it_said_has_the_cases_and_the_papers_that_fitted(
    village, township, tmp_path, monkeypatch
):
    monkeypatch.setattr(writing, "_FILES_A_PART", 150_000)
    ref = filed(village, photo(15))
    put = stick.Shelf.put

    def full(shelf: stick.Shelf, name: str, content: bytes) -> None:
        if name == stick.part_file(3):
            (shelf.path / name).write_bytes(content[:100])
            raise stick.not_written(OSError(28, "No space left on device"))
        put(shelf, name, content)

    with monkeypatch.context() as patched:
        patched.setattr(stick.Shelf, "put", full)
        written = village.write(tmp_path / "1")
    assert written.more and written.files == 2 and _kinds(tmp_path / "1") == [EVENTS, BLOBS]
    assert len(bundle_files(tmp_path / "1")) == 3, "what was begun of the last one is gone"
    assert township.take(tmp_path / "1").files == 1 and row_of(township, ref).state == MISSING
    carry(village, township, tmp_path / "2")
    assert opened(township, ref) == photo(15).raw


@pytest.mark.usefixtures("met")
def test_the_room_on_a_stick_is_asked_for_before_each_part_of_papers(village, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_FILES_A_PART", 150_000)
    filed(village, photo(16))
    left = iter([1 << 30, 0])
    monkeypatch.setattr(stick, "room_in", lambda _folder: next(left))
    written = village.write(tmp_path / "1")
    assert written.more and _kinds(tmp_path / "1") == [EVENTS, BLOBS]


@pytest.mark.usefixtures("met")
def test_no_byte_of_a_paper_is_in_the_clear_on_a_stick(village, tmp_path):
    words = "居民张秀兰，身份证号622825196505060042".encode() * 400
    filed(village, Upload(words, "image/jpeg", None))
    village.write(tmp_path / "1")
    for path in bundle_files(tmp_path / "1"):
        assert "张秀兰".encode() not in path.read_bytes() and "身份证" not in path.name


def test_a_stick_takes_a_merged_village_s_cases_and_files_to_who_goes_on_with_them_and_his_acts_up(tmp_path):
    (tmp_path / "nodes").mkdir()
    net = builders.network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE)
    village, second, township = (hand(net, code) for code in (VILLAGE, SECOND_VILLAGE, TOWNSHIP))
    for each in (village, second):
        introduce(township, each, tmp_path / each.member.place)
    upload = photo(4)
    ref = filed(village, upload)
    carry(village, township, tmp_path / "1")
    book = township.member.casebook
    said = [rosters.succeed_op(VILLAGE, SECOND_VILLAGE)]
    book.enrol(rosters.publish(book.roster, TOWNSHIP, said, book.roster_keys(), book.clock()))
    carry(township, second, tmp_path / "2")
    assert second.member.state(ref) == "received" and opened(second, ref) == upload.raw
    second.member.act(ref, kinds.NOTE, {"text": "已电话联系"})
    village.member.act(ref, kinds.NOTE, {"text": "已入户"})
    for number, (giver, taker) in enumerate(((second, township), (village, township), (township, second))):
        carry(giver, taker, tmp_path / f"on {number}")
    for who in (township, second):
        case = who.member.casebook.case(*ref[:2])
        assert case is not None and len(case.notes) == 2
