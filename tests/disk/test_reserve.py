"""The intake reserve: filing stops a little before the disk is full, what is in progress goes on, all by itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from tests.builders import TOWNSHIP, VILLAGE, hand
from tests.disk.small_disk import SmallDisk
from tests.disk.village import Network, Village
from village_node.casebook import CaseRef
from village_node.store import NotSaved, open_store
from village_node.store.reserve import RESERVE_FILE, Reserve

pytestmark = pytest.mark.mounts

MB = 1 << 20
RESERVE = 2 * MB


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    made = Network(tmp_path_factory.mktemp("network"))
    yield made
    made.built.close()


@pytest.fixture(scope="module")
def disk(mount: Callable[[int], SmallDisk]) -> SmallDisk:
    return mount(32)


@pytest.fixture
def village(network: Network, disk: SmallDisk) -> Iterator[Village]:
    made = network.village_on(disk, RESERVE)
    made.member.store.keep_reserve()
    made.sign_in()
    yield made
    made.close()
    assert made.lost() == []


def test_filing_stops_before_the_disk_is_full_and_what_is_in_progress_goes_on(
    village: Village, disk: SmallDisk, network: Network
) -> None:
    token, case = village.agent.token(), network.cases[0]
    assert village.file(token).status_code == 303
    disk.fill(leave=RESERVE // 16)
    answer = village.file(token, "李大山")
    assert answer.status_code == 503
    assert "磁盘将满，暂停收件" in answer.text.replace(",", "，")
    assert "填写的内容已保存为草稿" in answer.text and "李*" in village.agent.open("/work?view=drafts").text
    page = village.agent.open("/work").text
    assert "暂停收件，已收的件照常办理；腾出空间后自动恢复" in page
    # Acts, drafts, neighbours and their receipts, and the audit trail have the reserve, to far beyond what was free.
    disk.fill()
    for turn in range(40):
        assert village.note(case, token, f"第{turn}次备注").status_code == 303
    township = network.built.members[TOWNSHIP]
    hand(village.member, township, VILLAGE)
    assert hand(township, village.member, VILLAGE).receipts > 0
    village.counter.accounts.audit("node", "test", "", {})
    health = village.agent.open("/health").text
    assert "收件预留空间" in health and "已动用" in health and "只用于办完已收的件" in health
    assert village.file(token).status_code == 503, "still no new applications"


def test_what_a_neighbour_brings_has_the_reserve_at_once(village: Village, disk: SmallDisk, network: Network) -> None:
    township = network.built.members[TOWNSHIP]
    case = township.casebook.work_list("all").rows[0]
    for turn in range(60):
        ref = CaseRef(case.scope, case.case_id, "", "")
        township.act(ref, kinds.NOTE, {"text": f"第{turn}次" + "备注" * 900})
    disk.fill()
    assert hand(township, village.member, VILLAGE).stored >= 60, "not even the first message was sent back"
    room = village.member.store.room()
    assert room is not None and not room.whole


def test_it_is_rebuilt_and_filing_opens_when_there_is_space_again(village: Village, disk: SmallDisk) -> None:
    token = village.agent.token()
    disk.fill()
    for _ in range(3):
        village.file(token)
        village.note(village.network.cases[0], token, "x" * 2000)
    assert (disk.path / RESERVE_FILE).stat().st_blocks == 0, "given up"
    village.member.store.keep_reserve()
    assert (disk.path / RESERVE_FILE).stat().st_blocks == 0, "there is nothing to fill it from"
    disk.make_room()
    assert village.file(token).status_code == 503, "not before it is kept again"
    village.member.store.keep_reserve()
    assert (disk.path / RESERVE_FILE).stat().st_blocks * 512 == RESERVE
    assert village.file(token).status_code == 303
    assert "暂停收件" not in village.agent.open("/work").text


def test_people_are_warned_long_before(village: Village, disk: SmallDisk) -> None:
    token = village.agent.token()
    assert "磁盘只剩" not in village.agent.open("/work").text
    disk.fill(leave=4 * RESERVE)
    assert "磁盘只剩 8 MB，请尽快腾出空间" in village.agent.open("/work").text
    assert "磁盘只剩 8 MB" in village.agent.open("/health").text
    assert "磁盘只剩" not in village.counter.visitor().open("/").text, "residents cannot do anything about it"
    assert village.file(token).status_code == 303


def test_a_disk_too_small_for_the_reserve_takes_nothing_in(disk: SmallDisk) -> None:
    disk.make_room()
    disk.empty()
    store = open_store(f"sqlite:///{disk.path / 'node.db'}", 64 * MB)
    store.keep_reserve()
    with pytest.raises(NotSaved, match="nearly full"):
        store.refuse_intake_without_room()
    store.close()


def test_it_survives_a_restart_whole_and_follows_its_setting(tmp_path: Path) -> None:
    Reserve(tmp_path, MB).look()
    again = Reserve(tmp_path, MB)
    assert again.room().whole and not again.room().closed
    for size in (2 * MB, MB // 2):
        other = Reserve(tmp_path, size)
        assert not other.room().whole
        other.look()
        assert other.room().whole and (tmp_path / RESERVE_FILE).stat().st_size == size


def test_without_a_reserve_nothing_is_kept_and_nothing_closed(tmp_path: Path) -> None:
    Reserve(tmp_path, MB).look()
    none = Reserve(tmp_path, 0)
    none.look()
    assert not none.release() and not none.room().closed and not (tmp_path / RESERVE_FILE).exists()
