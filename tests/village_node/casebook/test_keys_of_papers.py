"""The keys of papers' files: wrapped in the database under a key of the node's, and opened by nothing else."""

from pathlib import Path

import pytest

from sync_protocol.case.papers import current
from sync_protocol.suites import NotOpened, decrypt, sha256
from tests.closing import net
from tests.network import TOWNSHIP, VILLAGE, Network
from tests.village_node.casebook.staffed import staff_of
from tests.village_node.casebook.test_papers import PHOTO
from tests.village_node.casebook.test_papers_kept import known_above, row_of, write
from village_node import app, identity, keyring
from village_node.casebook import CaseRef, NotFound, shelving
from village_node.config import Config
from village_node.identity import FILES_KEY, NoIdentity
from village_node.shelf import KEY_BYTES, Shelf
from village_node.store import blobs, rows
from village_node.store.blobs import DROPPED, HERE, MISSING
from village_node.store.factors import FactorRow
from village_node.store.tables.accounts import FACTORS

__all__ = ["net"]
WORDS = "三月的苹果花 opens late"


def opened(net: Network, code: str, ref: CaseRef) -> bytes:
    book = net[code].member.casebook
    case = book.case(*ref[:2])
    assert case is not None
    return book.original_of("0002", case, current(case)[0], "核对")


def unwrapped(master: bytes, name: str, key: bytes) -> bytes:
    """What a key of the database is, for who has the node's key for files."""
    return decrypt(master, sha256(name.encode())[:12], b"sanji/file key/1 " + name.encode(), key)


def start_again(net: Network, code: str) -> None:
    net[code].member.store.close()
    net.start(code)


def test_no_key_of_a_file_is_in_the_database_or_a_copy_of_it(net: Network) -> None:
    ref = known_above(net)
    net.settle()
    net.settle()
    for code in (VILLAGE, TOWNSHIP):
        row = row_of(net, code, ref)
        assert row.state == HERE and len(row.key) > KEY_BYTES
        data = net.built.folder / f"{code}.data"
        master = bytes.fromhex((data / FILES_KEY).read_text())
        inner = unwrapped(master, row.name, row.key)
        database = b"".join(path.read_bytes() for path in net.built.folder.glob(f"{code}.db*"))
        assert inner not in database and master not in database and row.key in database
        with pytest.raises(NotOpened):  # not in the place of another file's
            unwrapped(master, "0" * 32, row.key)
    assert opened(net, TOWNSHIP, ref) == PHOTO.raw


def test_keys_that_lie_in_the_clear_are_wrapped_by_the_next_start(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelving, "_AT_ONCE", 1)
    ref = known_above(net)
    net.settle()
    row = row_of(net, VILLAGE, ref)
    data = net.built.folder / f"{VILLAGE}.data"
    master = bytes.fromhex((data / FILES_KEY).read_text())
    clear = unwrapped(master, row.name, row.key)
    others = [row._replace(hash=bytes([each]) * 32, state=DROPPED, key=clear) for each in range(3)]
    write(net, VILLAGE, row._replace(key=clear), *others)
    with net[VILLAGE].member.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM meta WHERE name = 'file keys wrapped'")
    assert opened(net, VILLAGE, ref) == PHOTO.raw
    start_again(net, VILLAGE)
    assert len(row_of(net, VILLAGE, ref).key) > KEY_BYTES and opened(net, VILLAGE, ref) == PHOTO.raw
    with net[VILLAGE].member.store.reading() as connection:
        assert blobs.in_the_clear(connection, KEY_BYTES, 10) == []
    monkeypatch.delattr(blobs, "in_the_clear")
    start_again(net, VILLAGE)  # that it is done is remembered


def test_without_its_key_nothing_is_shown_and_nothing_given_up_until_it_is_restored(net: Network) -> None:
    ref = known_above(net)
    path = net.built.folder / f"{VILLAGE}.data" / FILES_KEY
    kept = path.read_bytes()
    path.write_text("ab" * 32)  # as where the folder was lost and another key drawn
    start_again(net, VILLAGE)
    before = row_of(net, VILLAGE, ref)
    with pytest.raises(NotFound):
        opened(net, VILLAGE, ref)
    net[VILLAGE].member.casebook.sweep_strays()
    assert row_of(net, VILLAGE, ref) == before, "the file is not forgotten"
    path.write_bytes(kept)
    start_again(net, VILLAGE)
    assert opened(net, VILLAGE, ref) == PHOTO.raw


def test_where_the_key_is_gone_and_others_stand_under_it_the_start_is_refused_with_words(net: Network) -> None:
    ref = known_above(net)
    path = net.built.folder / f"{VILLAGE}.data" / FILES_KEY
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(NoIdentity, match=r"请从备份恢复.*files\.key is missing.*restore it from the backup"):
        start_again(net, VILLAGE)
    assert not path.exists(), "nobody draws another one"
    path.write_bytes(kept)
    net.start(VILLAGE)
    assert opened(net, VILLAGE, ref) == PHOTO.raw


def test_nor_is_another_one_drawn_where_second_factors_alone_lie_under_it(net: Network) -> None:
    member = net[VILLAGE].member
    assert not member.casebook.file_key_in_use()
    staff_of(member, "0001")
    with member.store.writing() as connection:
        rows.put(connection, FACTORS, [FactorRow("0001", b"sealed", 0, b"")])
    assert member.casebook.file_key_in_use()
    path = net.built.folder / f"{VILLAGE}.data" / FILES_KEY
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(NoIdentity, match="no second factor"):
        start_again(net, VILLAGE)
    assert not path.exists()
    path.write_bytes(kept)
    net.start(VILLAGE)


def test_who_has_no_copy_of_the_key_forgets_the_files_and_is_given_them_again(net: Network) -> None:
    ref = known_above(net)
    net.settle()
    data, database = net.built.folder / f"{VILLAGE}.data", net.built.folder / f"{VILLAGE}.db"
    net[VILLAGE].member.store.close()
    (data / FILES_KEY).unlink()
    chosen = Config(data, VILLAGE, "上关村委会", "village", database_url=f"sqlite:///{database}")
    assert app.forget_files(chosen) == 2 and app.forget_files(chosen) == 0
    net.start(VILLAGE)
    assert row_of(net, VILLAGE, ref).state == MISSING
    net.settle()
    assert opened(net, VILLAGE, ref) == PHOTO.raw


def test_the_key_for_files_is_wrapped_like_every_other_where_people_chose_a_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "COST", 2**9)
    ring = keyring.begin(tmp_path, WORDS, identity.random_bytes)
    key = identity.file_key(tmp_path, ring)
    assert key.hex() not in (tmp_path / FILES_KEY).read_text() and not keyring.in_the_clear(tmp_path)
    again = keyring.opened(tmp_path, WORDS, identity.random_bytes)
    assert identity.file_key(tmp_path, again) == key
    with pytest.raises(NoIdentity, match="wrapped"):
        identity.file_key(tmp_path)


def test_a_file_under_another_key_is_neither_read_nor_written(tmp_path: Path) -> None:
    ours, theirs = Shelf(tmp_path, bytes(32)), Shelf(tmp_path, b"x" * 32)
    wrapped = ours.wrapped("ab", b"k" * 32)
    ours.put("ab", wrapped, b"", 0, b"raw")
    assert ours.get("ab", wrapped, b"", 0) == b"raw" and theirs.get("ab", wrapped, b"", 0) is None
    assert not theirs.opens("ab", wrapped) and not ours.opens("cd", wrapped)
    with pytest.raises(OSError, match=r"files\.key"):
        theirs.put("ab", wrapped, b"", 1, b"raw")
