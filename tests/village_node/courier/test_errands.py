"""What is carried by hand arrives once, in any order and mix of roads, and counts as sent by receipts alone."""

import json
import os
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from tests import builders, network
from tests.builders import COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, SECOND_VILLAGE, TOWNSHIP, VILLAGE, settle
from tests.village_node.courier.sticks import bundle_files, equal, hand, held, introduce
from village_node.courier import Trouble


def test_who_knows_no_key_writes_his_own_and_nothing_else(village, township, tmp_path):
    village.member.file()
    written = village.write(tmp_path / "stick")
    assert written.key_alone and (written.parts, written.events) == (0, 0)
    outcome = township.take(tmp_path / "stick")
    assert outcome.words[0] == "收下对方的密钥，现在可以向对方拷出。" and held(township.member) == 0
    assert not township.write(tmp_path / "back", VILLAGE).key_alone


@pytest.mark.usefixtures("met")
def test_what_is_written_counts_as_sent_only_when_the_receipt_is_back(village, township, tmp_path):
    ref = village.member.file()
    assert village.member.casebook.carried().cases == 0
    first = village.write(tmp_path / "first")
    assert first.events > 0 and village.member.casebook.carried().cases == 1
    again = village.write(tmp_path / "again")
    assert again.events == first.events, "a stick may be lost: the next one has it again"
    assert village.member.casebook.sync_state()["not_left"]["cases"] == 1
    outcome = township.take(tmp_path / "first")
    assert outcome.stored == first.events and township.member.state(ref) == village.member.state(ref)
    assert village.member.casebook.sync_state()["not_left"]["cases"] == 1
    township.write(tmp_path / "back", VILLAGE)
    back = village.take(tmp_path / "back")
    assert back.receipts > 0 and village.member.casebook.sync_state()["not_left"]["cases"] == 0
    assert village.member.casebook.carried().cases == 0
    assert village.write(tmp_path / "third").events == 0, "nothing is owed any more"
    assert village.member.casebook.peer(township.member.identity.incarnation) is None, "a stick is no contact"


@pytest.mark.usefixtures("met", "many_parts")
def test_long_work_says_how_far_it_is(village, township, tmp_path):
    for _ in range(6):
        village.member.file()
    heard: list[tuple[int, int]] = []

    def tell(done: int, of: int) -> None:
        heard.append((done, of))

    (tmp_path / "stick").mkdir()
    written = village.courier.write("0001", tmp_path / "stick", tell=tell)
    assert written.parts > 2 and heard == [(number, 0) for number in range(1, written.parts + 1)]
    expected = [(number, written.parts) for number in range(written.parts)]
    for look in (township.courier.verify, lambda *a, **more: township.courier.read("0001", *a, **more)):
        heard.clear()
        look(tmp_path / "stick", tell=tell)
        assert heard == expected
    village.member.file()
    heard.clear()
    made, raw = village.courier.fold("0001", tell=tell)
    assert heard == [(number, 0) for number in range(1, made.parts + 1)] and made.parts
    for look in (township.courier.verify_file, lambda *a, **more: township.courier.unfold("0001", *a, **more)):
        heard.clear()
        look(made.name, raw, tell=tell)
        assert heard == [(number, made.parts) for number in range(made.parts)]


@pytest.mark.usefixtures("met")
def test_twice_and_in_the_wrong_order_is_the_same_as_once(village, township, tmp_path):
    village.member.file()
    village.write(tmp_path / "old")
    village.member.file()
    village.write(tmp_path / "new")
    newer = township.take(tmp_path / "new")
    older = township.take(tmp_path / "old")
    twice = township.take(tmp_path / "new")
    assert newer.stored > 0 and older.stored == twice.stored == 0
    assert older.words[0] == "内容都已通过其他途径收到过。" and twice.words[0] == "以前导入过，没有新内容。"
    assert township.member.casebook.counts()["refused"] == township.member.casebook.counts()["parked"] == 0
    assert len(township.member.casebook.work_list("all").rows) == 2


@pytest.mark.usefixtures("met")
def test_what_a_bundle_once_brought_stays_true_when_a_damaged_copy_comes(village, township, tmp_path):
    village.member.file()
    name, raw = village.courier.fold("0001")
    assert township.courier.unfold("0001", name.name, raw).stored > 0
    before = township.member.casebook.owed_to(VILLAGE).said.vector
    assert not township.courier.unfold("0001", name.name, raw[:-1] + bytes([raw[-1] ^ 1])).whole
    assert township.member.casebook.bundles_in(1)[0].whole and before
    assert township.member.casebook.owed_to(VILLAGE).said.vector == before


@pytest.mark.usefixtures("met")
def test_stick_and_network_in_any_mix_end_in_the_same(net, village, township, county, tmp_path):
    first = village.member.file()
    village.write(tmp_path / "up")
    settle(village.member, township.member)  # the line is back before the courier is there
    assert township.take(tmp_path / "up").stored == 0
    second = village.member.file()
    village.write(tmp_path / "up 2")
    assert township.take(tmp_path / "up 2").stored > 0
    third = village.member.file()
    settle(village.member, township.member)
    settle(township.member, county.member)
    township.write(tmp_path / "down", VILLAGE)
    settle(village.member, township.member)
    assert village.take(tmp_path / "down").stored == 0
    assert equal(village.member, township.member, VILLAGE) and equal(township.member, county.member, TOWNSHIP)
    assert {county.member.state(ref) for ref in (first, second, third)} == {village.member.state(first)}


@pytest.mark.usefixtures("met")
def test_a_decision_goes_down_by_stick_and_the_receipt_for_it_up(net, village, township, county, tmp_path):
    ref = village.member.file()
    village.member.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    village.write(tmp_path / "up")
    township.take(tmp_path / "up")
    township.member.act(ref, kinds.ACCEPT)
    township.write(tmp_path / "down", VILLAGE)
    assert village.take(tmp_path / "down").stored > 0
    assert village.member.casebook.case(*ref[:2]).holder == TOWNSHIP
    delivered = village.write(tmp_path / "receipts")
    assert township.take(tmp_path / "receipts").receipts > 0
    assert township.write(tmp_path / "nothing", VILLAGE).events == 0 and delivered.events == 0
    assert equal(village.member, township.member, VILLAGE)


def test_who_had_a_line_knows_the_key_when_it_breaks(tmp_path):
    folder = tmp_path / "nodes"
    folder.mkdir()
    wired = network.network(folder)
    hands = {code: hand(wired.built, code) for code in (VILLAGE, TOWNSHIP, COUNTY)}
    for each in hands.values():
        each.member.casebook.road_key()
    wired.sync()
    wired.wire.down.add(TOWNSHIP)
    hands[VILLAGE].member.file()
    assert not hands[VILLAGE].write(tmp_path / "up").key_alone
    assert hands[TOWNSHIP].take(tmp_path / "up").stored > 0
    assert not hands[TOWNSHIP].write(tmp_path / "down", VILLAGE).key_alone
    assert hands[VILLAGE].take(tmp_path / "down").receipts > 0
    wired.close()


def test_a_village_goes_straight_to_the_county_when_its_township_is_dead(net, village, township, county, tmp_path):
    introduce(county, village, tmp_path)
    ref = village.member.file()
    assert village.write(tmp_path / "up", COUNTY).events > 0
    assert county.take(tmp_path / "up").stored > 0 and county.member.state(ref) == village.member.state(ref)
    county.write(tmp_path / "down", VILLAGE)
    assert village.take(tmp_path / "down").receipts > 0
    assert village.member.casebook.sync_state()["not_at_county"]["cases"] == 0
    # The township hears of it from whoever speaks with it first.
    settle(village.member, township.member)
    settle(township.member, county.member)
    assert equal(village.member, township.member, VILLAGE) and equal(township.member, county.member, TOWNSHIP)


@pytest.mark.usefixtures("met")
def test_what_had_to_wait_comes_back_as_an_answer_and_ends_with_the_next_walk(village, township, tmp_path, many_parts):
    for number in range(6):
        village.member.file(applicant_name=f"王{number}")
    up = village.write(tmp_path / "up")
    assert up.parts > 2
    bundle_files(tmp_path / "up")[0].unlink()
    (outcome,) = township.read(tmp_path / "up")
    assert not outcome.whole and outcome.stored == 0 and outcome.held_back > 0
    assert "第 1 部分（共" in outcome.words[0] and "缺失" in outcome.words[0]
    township.write(tmp_path / "down", VILLAGE)
    village.take(tmp_path / "down")
    assert village.member.casebook.counts()["parked_there"] > 0
    village.write(tmp_path / "up 2")
    assert township.take(tmp_path / "up 2").stored == up.events
    township.write(tmp_path / "down 2", VILLAGE)
    village.take(tmp_path / "down 2")
    assert village.member.casebook.counts()["parked_there"] == 0
    assert equal(village.member, township.member, VILLAGE)


def test_a_bundle_reaches_nobody_but_its_recipient(tmp_path):
    (tmp_path / "nodes").mkdir()
    net = builders.network(tmp_path / "nodes", COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)
    hands = {code: hand(net, code) for code in net.members}
    introduce(hands[TOWNSHIP], hands[VILLAGE], tmp_path)
    hands[VILLAGE].member.file()
    stick = tmp_path / "stick"
    hands[VILLAGE].write(stick)
    told = {code: hands[code].read(stick)[0].words[0] for code in net.members if code != TOWNSHIP}
    assert told[VILLAGE] == "这是本机自己拷出的，请带到驿马镇导入"
    assert told[COUNTY] == "不是给本单位的，请交给驿马镇"
    stranger = "写它的单位既不是本单位的上级也不是下级，不能接收"
    unknown = "写它的单位不在本机的名册里，请核对来源"
    assert {told[code] for code in (SECOND_VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE)} <= {stranger, unknown}
    assert all(held(hands[code].member) == 0 for code in net.members if code != VILLAGE)
    with pytest.raises(Trouble, match="不是本单位的上级或下级"):
        hands[VILLAGE].write(tmp_path / "no", OTHER_TOWNSHIP)
    net.close()


@pytest.mark.usefixtures("met")
def test_names_mean_nothing(village, township, tmp_path):
    ref = village.member.file()
    stick = tmp_path / "stick"
    village.write(stick)
    (folder,) = stick.iterdir()
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(folder / f"照片{number}.jpg")
    folder.rename(stick / "CON (1)")
    assert township.take(stick).stored > 0 and township.member.state(ref)


@pytest.mark.usefixtures("met")
def test_several_bundles_on_one_stick_are_each_answered_for(village, township, tmp_path):
    stick = tmp_path / "stick"
    village.member.file()
    village.write(stick)
    village.member.file()
    village.write(stick)
    township.write(stick, VILLAGE)
    outcomes = township.read(stick)
    assert sorted(outcome.ours for outcome in outcomes) == [False, False, True]
    assert len(township.member.casebook.work_list("all").rows) == 2
    assert json.loads(json.dumps([outcome.told() for outcome in outcomes]))


def test_a_stick_that_may_not_be_written_to_is_read(village, township, met, tmp_path):
    village.member.file()
    stick = tmp_path / "stick"
    village.write(stick)
    for path in (*stick.rglob("*"), stick):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.stat().st_mtime_ns for path in stick.rglob("*")}
    assert township.take(stick).stored > 0
    assert before == {path: path.stat().st_mtime_ns for path in stick.rglob("*")}
    for path in (stick, *stick.rglob("*")):
        path.chmod(0o755)


@pytest.mark.usefixtures("met")
def test_a_folder_on_the_stick_that_nobody_may_open_is_passed_over(village, township, tmp_path, monkeypatch):
    village.member.file()
    village.write(tmp_path / "stick")
    (tmp_path / "stick" / "lost+found").mkdir()
    scandir = os.scandir

    def closed(path):
        if Path(path).name == "lost+found":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert township.take(tmp_path / "stick").stored > 0
    with pytest.raises(Trouble, match="读不出"):
        township.read(tmp_path / "stick" / "lost+found")


@pytest.mark.usefixtures("met")
def test_one_file_carries_the_same_as_a_folder(village, township, tmp_path):
    ref = village.member.file()
    written, raw = village.courier.fold("0001")
    assert written.name.startswith("sanji-") and written.name.endswith(".sanji") and written.size < len(raw)
    assert township.courier.verify_file(written.name, raw).words[0].startswith("核对无误")
    assert held(township.member) == 0, "looking takes nothing in"
    assert township.courier.unfold("0001", written.name, raw).stored > 0 and township.member.state(ref)
    stick: Path = tmp_path / "stick"
    stick.mkdir()
    (stick / written.name).write_bytes(raw)
    assert township.take(stick).before


def test_more_than_one_file_can_hold_goes_in_the_next(village, township, met, many_parts):
    for number in range(8):
        village.member.file(applicant_name=f"王{number}")
    walks = 0
    while True:
        written, raw = village.courier.fold("0001", most=1_500)
        assert township.courier.unfold("0001", written.name, raw).stored == written.events
        if not written.more:
            break
        back, raw = township.courier.fold("0001", VILLAGE)
        assert village.courier.unfold("0001", back.name, raw).receipts > 0
        walks += 1
    assert walks > 1 and len(township.member.casebook.work_list("all").rows) == 8
