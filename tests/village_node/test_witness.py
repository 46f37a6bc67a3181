"""The witness file: synced before anything leaves, read back line by line, bounded, and honest about damage."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.network import TOWNSHIP, VILLAGE, Network, network
from village_node import witness as module
from village_node.store import NotSaved
from village_node.witness import DamagedWitness, Published, Sealed, Witness

ONE, OTHER = b"1" * 16, b"2" * 16
SCOPE = "about:621021101201"


def begun(path: Path) -> Witness:
    """A witness file that has only now been made."""
    made = Witness(path)
    made.begin(b"m" * 16, b"d" * 16)
    return made


def read(path: Path) -> Witness:
    """What a start would read."""
    found = Witness(path)
    assert found.read()
    return found


def test_what_was_noted_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "witness.log"
    assert not Witness(path).read()
    made = begun(path)
    made.seal([Sealed(ONE, SCOPE, 3, b"a" * 32), Sealed(OTHER, "below:1", 1, b"b" * 32)])
    made.seal([Sealed(ONE, SCOPE, 9, b"c" * 32)])
    made.publish(Published("621021101000", 4, b"r" * 32))
    found = read(path)
    assert (found.machine, found.database) == (b"m" * 16, b"d" * 16)
    assert found.streams == {(ONE, SCOPE): (9, b"c" * 32), (OTHER, "below:1"): (1, b"b" * 32)}
    assert found.parts == {"621021101000": (4, b"r" * 32)}


def test_it_is_appended_to_and_only_by_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "witness.log"
    made = begun(path)
    made.seal([Sealed(ONE, SCOPE, 3, b"a" * 32)])
    before = path.read_bytes()
    made.seal([Sealed(ONE, SCOPE, 3, b"a" * 32), Sealed(ONE, SCOPE, 2, b"z" * 32)])
    assert path.read_bytes() == before
    made.seal([Sealed(ONE, SCOPE, 4, b"b" * 32)])
    assert path.read_bytes().startswith(before)


def test_a_torn_last_line_is_no_error_and_is_mended_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "witness.log"
    made = begun(path)
    made.seal([Sealed(ONE, SCOPE, 3, b"a" * 32)])
    whole = path.read_bytes()
    made.seal([Sealed(ONE, SCOPE, 4, b"b" * 32)])
    longer = path.read_bytes()
    for cut in range(len(whole), len(longer)):
        path.write_bytes(longer[:cut])
        found = read(path)
        assert found.streams[ONE, SCOPE] == (3, b"a" * 32), cut
        found.seal([Sealed(ONE, SCOPE, 5, b"e" * 32)])
        assert read(path).streams[ONE, SCOPE] == (5, b"e" * 32), cut


@pytest.mark.parametrize("line", [0, 1])
def test_a_damaged_line_before_the_last_is_damage(tmp_path: Path, line: int) -> None:
    path = tmp_path / "witness.log"
    made = begun(path)
    made.seal([Sealed(ONE, SCOPE, 3, b"a" * 32)])
    made.seal([Sealed(ONE, SCOPE, 4, b"b" * 32)])
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"6", b"7", 1) if line else b"0" + lines[line][1:]
    path.write_bytes(b"".join(lines))
    with pytest.raises(DamagedWitness):
        Witness(path).read()


def test_an_empty_file_is_damage(tmp_path: Path) -> None:
    (tmp_path / "witness.log").touch()
    with pytest.raises(DamagedWitness):
        Witness(tmp_path / "witness.log").read()


def test_it_is_bounded_and_keeps_the_newest_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINES_MOST", 20)
    path = tmp_path / "witness.log"
    made = begun(path)
    for seq in range(1, 200):
        made.seal([Sealed(ONE, SCOPE, seq, bytes([seq]) * 32)])
        assert len(path.read_bytes().splitlines()) <= 20
        assert read(path).streams[ONE, SCOPE] == (seq, bytes([seq]) * 32)


def test_a_new_life_forgets_seals_and_remembers_what_was_published(tmp_path: Path) -> None:
    path = tmp_path / "witness.log"
    made = begun(path)
    made.seal([Sealed(ONE, SCOPE, 3, b"a" * 32)])
    made.publish(Published("621021101000", 4, b"r" * 32))
    made.begin(b"n" * 16, b"d" * 16)
    found = read(path)
    assert not found.streams and found.parts == {"621021101000": (4, b"r" * 32)}
    assert found.machine == b"n" * 16


def test_who_has_not_read_the_file_writes_nothing_anew_from_an_empty_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that only shows pages has never read it. Once it cannot write, the next line would mend the file."""
    path = tmp_path / "witness.log"
    begun(path).seal([Sealed(ONE, SCOPE, 3, b"a" * 32)])
    pages = Witness(path)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", raising)
        with pytest.raises(NotSaved):
            pages.seal([Sealed(OTHER, "below:1", 1, b"b" * 32)])
    pages.seal([Sealed(OTHER, "below:1", 2, b"c" * 32)])
    found = read(path)
    assert (found.machine, found.database) == (b"m" * 16, b"d" * 16)
    assert found.streams == {(ONE, SCOPE): (3, b"a" * 32), (OTHER, "below:1"): (2, b"c" * 32)}
    path.unlink()
    with pytest.raises(NotSaved, match="not there"):
        Witness(path).seal([Sealed(ONE, SCOPE, 4, b"d" * 32)])
    assert not path.exists(), "a missing file says that something was lost: it is not made up"


def test_it_is_read_while_nobody_writes_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another thread sealed meanwhile would be forgotten, and a position given twice would not be noticed."""
    path = tmp_path / "witness.log"
    made = begun(path)
    held: list[bool] = []

    def look(self: Path) -> bytes:
        held.append(made._lock.locked())
        return b"".join(path.open("rb"))

    monkeypatch.setattr(Path, "read_bytes", look)
    assert made.read() and held == [True]


def test_a_disk_that_takes_nothing_is_said_and_the_line_is_noted_once_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "witness.log"
    made = begun(path)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", raising)
        with pytest.raises(NotSaved, match="witness") as refused:
            made.seal([Sealed(ONE, SCOPE, 3, b"a" * 32)])
        assert refused.value.zh.startswith("未保存")
    assert (ONE, SCOPE) not in made.streams
    made.seal([Sealed(ONE, SCOPE, 3, b"b" * 32)])
    assert read(path).streams[ONE, SCOPE] == (3, b"b" * 32)


def raising(_descriptor: int) -> None:
    """A disk that fails."""
    raise OSError(28, "No space left on device")


def test_all_seals_of_a_frame_are_noted_with_one_sync_before_it_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = network(tmp_path)
    net.settle()
    for _ in range(200):
        net[VILLAGE].member.file()
    lives = net[VILLAGE].member.casebook.lives
    assert lives is not None
    noted: list[str] = []
    seal, sync = lives.witness.seal, os.fsync

    def sealing(seals: Iterable[Sealed]) -> None:
        seal(seals)
        noted.append("noted")

    def syncing(descriptor: int) -> None:
        sync(descriptor)
        noted.append("synced")

    monkeypatch.setattr(lives.witness, "seal", sealing)
    monkeypatch.setattr(os, "fsync", syncing)
    leaves = net.wire.change_request

    def passing(raw: bytes) -> bytes:
        noted.append("left")
        return leaves(raw)

    net.wire.change_request = passing
    assert net[VILLAGE].exchange().ok
    assert noted == ["synced", "noted", "left"]
    held = net[TOWNSHIP].member.casebook.shared_points(VILLAGE)
    for point in held:
        if point.incarnation == net[VILLAGE].incarnation:
            assert lives.witness.streams[point.stream] == (point.seq, point.hash)
    net.close()


def test_a_seal_that_cannot_be_noted_does_not_leave(net_of_three: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    net = net_of_three
    ref = net[VILLAGE].member.file()
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", raising)
        result = net[VILLAGE].exchange()
        assert not result.ok and "见证文件" in result.text
    assert net[TOWNSHIP].member.state(ref) == ""
    net.settle()
    assert net[TOWNSHIP].member.state(ref) == "received"


@pytest.fixture
def net_of_three(tmp_path: Path) -> Network:
    """A county, a township and a village that have met."""
    made = network(tmp_path)
    made.settle()
    return made


def two_workers(path: Path) -> tuple[Witness, Witness]:
    """Two workers of one node, each of which has read the file."""
    begun(path)
    return read(path), read(path)


def test_a_line_of_another_worker_outlives_the_file_being_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them writes the file anew when it gets long, and not from its own memory alone."""
    monkeypatch.setattr(module, "LINES_MOST", 4)
    path = tmp_path / "witness.log"
    first, second = two_workers(path)
    second.publish(Published("621021101000", 4, b"r" * 32))
    second.seal([Sealed(OTHER, "below:1", 7, b"b" * 32)])
    for seq in range(1, 9):
        first.seal([Sealed(ONE, SCOPE, seq, bytes([seq]) * 32)])
        second.seal([Sealed(ONE, "below:1", seq, bytes([seq]) * 32)])
    first.begin(b"m" * 16, b"d" * 16)
    assert read(path).parts == {"621021101000": (4, b"r" * 32)}
    second.seal([Sealed(OTHER, "below:1", 7, b"b" * 32), Sealed(OTHER, SCOPE, 1, b"c" * 32)])
    assert read(path).streams[OTHER, SCOPE] == (1, b"c" * 32)
    assert first.streams == {} and read(path).parts == {"621021101000": (4, b"r" * 32)}


def test_who_seals_before_its_first_look_lowers_nothing(tmp_path: Path) -> None:
    path = tmp_path / "witness.log"
    begun(path).seal([Sealed(ONE, SCOPE, 9, b"c" * 32)])
    before = path.read_bytes()
    late = Witness(path)
    late.seal([Sealed(ONE, SCOPE, 3, b"a" * 32)])
    assert path.read_bytes() == before and late.streams[ONE, SCOPE] == (9, b"c" * 32)
    with path.open("ab") as file:  # as a worker of an earlier program has written it
        file.write(module._line(["seal", ONE.hex(), SCOPE, 3, (b"a" * 32).hex()]))
    assert read(path).streams[ONE, SCOPE] == (9, b"c" * 32)


def test_two_workers_that_write_at_once_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINES_MOST", 4)
    path = tmp_path / "witness.log"
    workers = two_workers(path)

    def write(worker: Witness, scope: str) -> None:
        for seq in range(1, 60):
            worker.seal([Sealed(ONE, scope, seq, bytes([seq]) * 32)])

    threads = [threading.Thread(target=write, args=each) for each in zip(workers, (SCOPE, "below:1"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {seq for seq, _ in read(path).streams.values()} == {59} and len(read(path).streams) == 2
