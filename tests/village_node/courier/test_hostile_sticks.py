"""A stick is a stranger's: whatever is on it, nothing half is ever visible, and whoever brought it is told in words."""

import os
import random
import shutil
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from sync_protocol import bundle, limits
from sync_protocol.bundle import BEGINS
from sync_protocol.encoding import decode, encode
from sync_protocol.suites import sha256
from sync_protocol.wire import PLAIN
from tests import builders
from tests.builders import COUNTY, TOWNSHIP, VILLAGE
from tests.sync_protocol import sample
from tests.village_node.courier.sticks import Hand, bundle_files, hand, held, introduce
from village_node.courier import Courier, PartState, Trouble, slices, stick
from village_node.courier.judging import part_of
from village_node.courier.stick import folded
from village_node.store import NotSaved

CORRUPTIONS = int(os.environ.get("SANJI_CORRUPTIONS", "1000"))
BLOCK = 4096
PERSONAL: dict[str, Any] = {
    "applicant_name": "蔺佩瑶",
    "applicant_id_no": "622825196505060042",
    "applicant_phone": "13866668888",
    "answers": {"家庭人口": "3", "申请理由": "丈夫瘫痪在床多年，靠低保买药"},
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A bundle of several parts from a village for its township, as files by name in the order they were written."""
    folder = tmp_path_factory.mktemp("written")
    (folder / "nodes").mkdir()
    net = builders.network(folder / "nodes")
    village, township = hand(net, VILLAGE), hand(net, TOWNSHIP)
    introduce(township, village, folder)
    with pytest.MonkeyPatch.context() as small:
        small.setattr(limits, "EVENT_PART", 8_000)
        small.setattr(slices, "SLICE_BYTES", 6_000)
        small.setattr(slices, "ZSTD", PLAIN)  # or the packing would hide what a fault of the sealing shows
        small.setattr(limits, "SEGMENT_EVENTS", 8)
        for number in range(40):
            draw = random.Random(number)
            reason = "".join(chr(draw.randrange(0x4E00, 0x9FA5)) for _ in range(150))
            answers = {"家庭人口": "3", "申请理由": PERSONAL["answers"]["申请理由"] + reason}
            village.member.file(**{**PERSONAL, "answers": answers})
        village.write(folder / "stick")
    files = {path.name: path.read_bytes() for path in bundle_files(folder / "stick")}
    assert len(files) > 2 and list(files)[-1] == "head.sanji" and max(map(len, files.values())) > BLOCK
    yield township, files
    net.close()


@pytest.fixture
def reader(written):
    """The township, which has taken in nothing yet, and must not in these tests."""
    township: Hand = written[0]
    assert held(township.member) == 0
    yield township
    assert held(township.member) == 0


def laid(folder: Path, files: dict[str, bytes]) -> Path:
    """A stick with these files."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "sanji").mkdir(parents=True)
    for name, raw in files.items():
        (folder / "sanji" / name).write_bytes(raw)
    return folder


def cuts(raw: bytes) -> list[int]:
    """Where a file is cut: at each block, and within its last bytes."""
    return [*range(0, len(raw), BLOCK), *range(max(len(raw) - 24, 0), len(raw))]


def test_nothing_on_the_stick_tells_of_anybody(written):
    township, files = written
    head = bundle.read_head(files["head.sanji"])
    keys = township.member.casebook.opening_keys()
    opened = (bundle.open_part(head, n, files[stick.part_file(n)], TOWNSHIP, keys) for n in range(1, len(files)))
    inside = b"".join(body for slices_of_part in opened for body in slices_of_part)
    whole = b"\0".join(files.values()) + "\0".join(files).encode()
    said = [PERSONAL["applicant_name"], PERSONAL["applicant_id_no"], *PERSONAL["answers"].values()]
    for canary in (*said, "申请理由", "靠低保买药"):
        if len(canary.encode()) > 4:  # shorter ones may stand in what is encrypted by chance
            assert all(canary.encode(coding) not in whole for coding in ("utf-8", "utf-16-le", "gb18030")), canary
            assert canary.encode() in inside, "what is looked for is there to be found"
    assert head.recipients == (TOWNSHIP,) and head.ext == {}
    clear = decode(files["head.sanji"])
    assert len(clear) == 4 and all(VILLAGE not in name and TOWNSHIP not in name for name in files)


def test_a_stick_pulled_out_while_it_is_written_is_no_bundle_or_a_whole_one(written, reader, tmp_path):
    _, files = written
    before: dict[str, bytes] = {}
    for name, raw in files.items():
        for at in cuts(raw):
            try:
                outcomes = reader.read(laid(tmp_path / "stick", {**before, name: raw[:at]}))
            except Trouble as trouble:
                assert "没有完整的拷盘文件" in trouble.zh
                continue
            assert [outcome.refused is not None for outcome in outcomes] == [True]
        before[name] = raw


def test_a_part_cut_anywhere_is_as_if_it_were_not_there(written, reader, tmp_path):
    _, files = written
    head = bundle.read_head(files["head.sanji"])
    last = f"part-{len(head.parts):04}.sanji"
    for at in cuts(files[last]):
        place = laid(tmp_path / "stick", {**files, last: files[last][:at]})
        (outcome,) = reader.courier.verify(place)
        states = [PartState.SOUND] * (len(head.parts) - 1)
        assert outcome.states == [*states, PartState.DAMAGED] and "核对发现问题" in outcome.words[0]
    # Of a bundle whose every part is cut, whatever else is on the stick, nothing gets in.
    place = laid(tmp_path / "stick", {name: raw if name == "head.sanji" else raw[:-1] for name, raw in files.items()})
    (outcome,) = reader.read(place)
    assert set(outcome.states) == {PartState.DAMAGED} and outcome.stored == 0


def test_a_stick_that_lacks_any_number_of_its_last_bytes_brings_nothing(written, reader, tmp_path):
    _, files = written
    head, last = bundle.read_head(files["head.sanji"]), max(name for name in files if name != "head.sanji")
    for name, state in (("head.sanji", []), (last, [PartState.DAMAGED])):
        place = laid(tmp_path / "stick", {"head.sanji": files["head.sanji"], last: files[last]})
        size, cut = len(files[name]), place / "sanji" / name
        for short in range(1, min(BLOCK, size - len(BEGINS)) + 1):  # a head is known by how it begins
            os.truncate(cut, size - short)
            if state and short % 64 != 1:  # what looking and taking in both ask first
                (source,) = stick.bundles_in(place)
                assert part_of(source, head, len(head.parts)) == (None, PartState.DAMAGED)
                continue
            (outcome,) = reader.read(place) if short % 64 == 1 else reader.courier.verify(place)
            assert outcome.states[-1:] == state and (outcome.refused is not None) == (not state) and not outcome.stored


@pytest.mark.slow
def test_no_random_change_gets_anything_in(written, reader):
    _, files = written
    head_raw = files["head.sanji"]
    parts = [raw for name, raw in files.items() if name != "head.sanji"]
    draw = random.Random(CORRUPTIONS)
    for _ in range(CORRUPTIONS):
        # All parts or the head are hit: a part that is not would rightly be taken.
        changed = [flipped(raw, len(raw), draw) for raw in parts]
        head = flipped(head_raw, len(head_raw), draw) if draw.random() < 0.5 else head_raw
        try:
            outcome = reader.courier.unfold("0001", "x.sanji", folded(head, changed))
        except Trouble:
            continue
        assert outcome.stored == 0 and not outcome.whole


def flipped(raw: bytes, upto: int, draw: random.Random) -> bytes:
    """The bytes with one to three changed, cut, doubled or moved."""
    changed = bytearray(raw)
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(upto)
        changed[at] ^= draw.randrange(1, 256)
    if draw.random() < 0.2:
        at = draw.randrange(upto)
        changed[at:at] = changed[: draw.randrange(64)]
    return bytes(changed)


def test_a_head_of_a_forger_of_another_network_or_of_another_time_is_refused_in_words(written, reader):
    _, files = written
    raw = files["head.sanji"]
    name, form, payload, signature = decode(raw)

    def told(*values: object) -> str:
        return reader.courier.unfold("0001", "x", folded(encode(list(values)), [])).words[0]

    values = decode(payload)
    assert "签名不符" in told(name, form, payload, bytes(64))
    assert "签名不符" in told(name, form, encode([*values[:3], 99, *values[4:]]), signature)
    assert "另一个网络" in told(name, form, encode([bytes(32), *values[1:]]), signature)
    assert "不同版本" in told(name, 2, payload, signature)
    unknown = encode([values[0], values[1], sample.incarnation("nobody"), *values[3:]])
    assert "不在本机的名册里" in told(name, form, unknown, signature)
    assert "清单已损坏" in told(name, form, payload[:-1], signature)
    with pytest.raises(Trouble, match="不是拷盘文件"):
        reader.courier.unfold("0001", "x", b"\x00\x00\x10\x00PK\x03\x04")


def test_links_pipes_folders_and_floods_are_passed_over_without_harm(written, reader, tmp_path):
    _, files = written
    place = laid(tmp_path / "stick", {})
    elsewhere = tmp_path / "secret"
    elsewhere.write_bytes(files["head.sanji"])
    (place / "sanji" / "head.sanji").symlink_to(elsewhere)
    os.mkfifo(place / "sanji" / "part-0001.sanji")
    (place / "sanji" / "part-0002.sanji").mkdir()
    (place / "loop").symlink_to(place)
    with (place / "sanji" / "huge.sanji").open("wb") as huge:
        huge.write(bundle.BEGINS)
        huge.truncate(1 << 36)
    for name in ("CON", "a\nb", "x" * 200, "..\\x", "脚本.exe "):
        (place / "sanji" / name).write_bytes(os.urandom(64))
    begun = time.process_time()
    with pytest.raises(Trouble, match="没有完整的拷盘文件"):
        reader.read(place)
    for number in range(stick.LOOKED_AT_MOST + 1):
        (place / "sanji" / f"{number}.txt").touch()
    with pytest.raises(Trouble, match="超过"):
        reader.read(place)
    assert time.process_time() - begun < 2
    with pytest.raises(Trouble, match="读不出"):
        reader.read(tmp_path / "nowhere")
    with pytest.raises(Trouble, match="单独导入不了"):
        reader.read(elsewhere)
    with pytest.raises(Trouble, match="读不出"):
        reader.read(place / "sanji" / "head.sanji")


def test_a_stick_full_of_false_bundles_takes_no_memory_and_copies_of_one_no_second_look(
    written, reader, tmp_path, monkeypatch
):
    _, files = written
    place = laid(tmp_path / "stick", {})
    for number in range(12):
        with (place / f"{number}.sanji").open("wb") as whole:
            whole.write((64).to_bytes(stick.LENGTH_BYTES) + bundle.BEGINS)
            whole.truncate(stick.FOLDED_MOST)
        with (place / "sanji" / f"{number}.head").open("wb") as head:
            head.write(bundle.BEGINS + bytes([number]))
            head.truncate(limits.BUNDLE_HEAD)
    tracemalloc.start()
    try:
        assert len(reader.courier.verify(place)) == 24
        assert tracemalloc.get_traced_memory()[1] < stick.FOLDED_MOST
    finally:
        tracemalloc.stop()
    # Renamed parts are looked for by their hash, by one head or by several: each file is hashed once for all of them.
    names = {name: name if name == "head.sanji" else f"照片 {name}" for name in files}
    place = laid(tmp_path / "stick", {names[name]: raw for name, raw in files.items()} | {"copy": files["head.sanji"]})
    hashed: list[bytes] = []

    def counted(raw):
        hashed.append(raw)
        return sha256(raw)

    monkeypatch.setattr(stick, "sha256", counted)
    (outcome,) = reader.courier.verify(place)
    assert outcome.whole
    assert sum(len(raw) > BLOCK for raw in hashed) <= 2 * len(files)
    # A bundle in one file is read where its parts stand.
    place = laid(tmp_path / "stick", {})
    (place / "one").write_bytes(folded(files["head.sanji"], list(files.values())[:-1]))
    assert reader.courier.verify(place)[0].whole


def test_a_cut_while_reading_leaves_whole_slices_and_the_same_again_brings_the_rest(written, tmp_path, monkeypatch):
    township, files = written
    place = laid(tmp_path / "stick", files)
    receive, count = township.member.casebook.receive, iter(range(1000))

    def full_disk(*arguments, **named):
        if next(count) == 2:
            raise NotSaved("未保存：磁盘已满", "not saved: the disk is full")
        return receive(*arguments, **named)

    monkeypatch.setattr(township.member.casebook, "receive", full_disk)
    with pytest.raises(NotSaved):
        township.read(place)
    monkeypatch.undo()
    some = held(township.member)
    outcome = township.take(place)
    assert 0 < some < held(township.member) == some + outcome.stored
    assert len(township.member.casebook.work_list("all", page_size=100).rows) == 40


def test_a_stick_that_lies_is_found_out_and_one_that_is_full_says_so(village, met, tmp_path, monkeypatch):
    village.member.file()

    def forgetful(path, most):
        raw = bytearray(path.read_bytes()[:most])
        raw[-1] ^= 1
        return bytes(raw)

    monkeypatch.setattr(stick, "read_file", forgetful)
    with pytest.raises(Trouble, match="没有存住"):
        village.write(tmp_path / "liar")
    monkeypatch.undo()
    assert not list((tmp_path / "liar").rglob("head.sanji")) and village.member.casebook.carried().cases == 0
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(Trouble, match="写不进"):
        village.courier.write("0001", blocked)
    assert village.member.casebook.bundles_out(9)[0].events == 0, "only the one that told our key"


def test_the_cache_is_dropped_before_a_file_is_read_back(village, met, tmp_path, monkeypatch):
    village.member.file()
    order: list[str] = []

    def noted(word, act):
        def done(*arguments):
            order.append(word)
            return act(*arguments)

        return done

    monkeypatch.setattr(os, "fsync", noted("sync", os.fsync))
    monkeypatch.setattr(os, "posix_fadvise", noted("drop", os.posix_fadvise))
    monkeypatch.setattr(stick, "read_file", noted("read", stick.read_file))
    village.write(tmp_path / "stick")
    one_file = ["sync", "drop", "sync", "read"]
    assert order[-8:] == one_file * 2


def test_who_has_lost_his_keys_says_so(net, village, township, met, tmp_path):
    village.member.file()
    village.write(tmp_path / "stick")
    data, _ = net.files_of(TOWNSHIP)
    for path in data.glob("opening-*.key"):
        path.unlink()
    (outcome,) = township.read(tmp_path / "stick")
    assert outcome.states == [PartState.SEALED_TO_ANOTHER_KEY] and "没有打开它的密钥" in outcome.words[0]
    assert "没有收下新内容" in outcome.words[0] and "请先从本单位拷一份给对方，再请对方重新拷出" in outcome.words[0]
    assert "其余已收下" not in outcome.words[0]
    # The next bundle from there names the new key, and the walk after that arrives.
    township.write(tmp_path / "down", VILLAGE)
    village.take(tmp_path / "down")
    village.write(tmp_path / "up")
    assert township.take(tmp_path / "up").stored > 0


def test_an_older_bundle_does_not_bring_an_older_key_back(net, village, township, met, tmp_path):
    old = township.write(tmp_path / "old", VILLAGE)
    data, _ = net.files_of(TOWNSHIP)
    for path in data.glob("opening-*.key"):
        path.unlink()
    township.write(tmp_path / "new", VILLAGE)
    village.take(tmp_path / "new")
    key = village.member.casebook.key_of(TOWNSHIP)
    assert village.take(tmp_path / "old").bundle_id == old.bundle_id
    assert village.member.casebook.key_of(TOWNSHIP) == key


def test_a_part_of_a_kind_that_is_not_known_is_left_and_said(net, village, township, met, tmp_path):
    village.member.file()
    village.write(tmp_path / "stick")
    *_, path = bundle_files(tmp_path / "stick")
    head = bundle.read_head(path.read_bytes())
    blob = bundle.Part(3, 50_000_000, bytes(32), 0, (bytes(80),))
    key = village.member.casebook.identity.key
    path.write_bytes(bundle.head_bytes(bundle.Head(**{**vars(head), "parts": (*head.parts, blob)}), key))
    (outcome,) = township.read(tmp_path / "stick")
    assert outcome.states == [PartState.SOUND, PartState.NEEDS_UPDATE] and outcome.stored > 0
    assert "需要更新本机程序" in outcome.words[0] and "请更新本机程序后再导入一次" in outcome.words[0]
    assert "其余已收下" in outcome.words[0] and "重新拷出" not in outcome.words[0]
    # The same where a part is damaged and nothing was taken: no word of another road, nor of any rest.
    bundle_files(tmp_path / "stick")[0].write_bytes(b"")
    (outcome,) = township.read(tmp_path / "stick")
    assert outcome.words[0].startswith("没有收下新内容；第 1 部分") and "其余" not in outcome.words[0]
    assert "请让对方重新拷出" in outcome.words[0]


def test_the_county_writes_only_for_somebody(county):
    with pytest.raises(Trouble, match="请选择拷给哪个单位"):
        county.write(Path("/nonexistent"), "")
    assert Courier(county.member.casebook, county.member.clock, bytes).usual_place() == "" and COUNTY


def test_a_part_that_ends_in_nonsense_brings_nothing(village, township, met):
    village.member.file()
    book = village.member.casebook
    good = [each.body for each in slices.slices_for(book, book.owed_to(TOWNSHIP), TOWNSHIP)]
    key, part_key, bundle_id = book.key_of(TOWNSHIP), bytes(range(32)), bytes(range(16))
    assert key is not None
    for bad in (
        b"\x00\xff",
        b"\x01zstd",
        encode({10: []}),
        b"\x00" + encode({-1: 0}),
        b"\x00" + encode({17: bytes(12)}),
    ):
        raw = bundle.part_bytes(part_key, bundle_id, 1, [*good, bad])
        wrapped = bundle.wrap_key(part_key, book.network_id, bundle_id, 1, [(TOWNSHIP, key)])
        part = bundle.Part(bundle.EVENTS, len(raw), sha256(raw), 2, wrapped)
        me = book.identity
        head = bundle.Head(book.network_id, bundle_id, me.incarnation, 9, 0, bundle.SLICES, (TOWNSHIP,), None, (part,))
        outcome = township.courier.unfold("0001", "x", folded(bundle.head_bytes(head, me.key), [raw]))
        assert outcome.states == [PartState.DAMAGED] and held(township.member) == 0
    good_alone = bundle.part_bytes(part_key, bundle_id, 1, good)
    part = part._replace(size=len(good_alone), hash=sha256(good_alone))
    head = bundle.Head(book.network_id, bundle_id, me.incarnation, 9, 0, bundle.SLICES, (TOWNSHIP,), None, (part,))
    assert township.courier.unfold("0001", "x", folded(bundle.head_bytes(head, me.key), [good_alone])).stored > 0
