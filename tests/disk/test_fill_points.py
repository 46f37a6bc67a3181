"""A disk that fills up at every point of what a node does: nothing acknowledged is lost, and service comes back."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.builders import TOWNSHIP, VILLAGE, hand
from tests.disk.small_disk import PAGE, SmallDisk
from tests.disk.village import ANSWERS_WITHIN_S, Network, Village
from village_node.store import Connection, NotSaved
from village_node.store.sqlite import SqliteDatabase

pytestmark = [pytest.mark.mounts, pytest.mark.slow]

FILL_POINTS = int(os.environ.get("SANJI_FILL_POINTS", "44"))
BATCH = 22
RESERVE = 1 << 20


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    made = Network(tmp_path_factory.mktemp("network"))
    yield made
    made.built.close()


@pytest.fixture(scope="module")
def disk(mount: Callable[[int], SmallDisk]) -> SmallDisk:
    return mount(8)


def work_until_full(village: Village, token: str) -> None:
    """All kinds of writing, in turn, until each has been refused or the day is over."""
    township = village.network.built.members[TOWNSHIP]
    case = village.network.cases[0]
    for turn in range(12):
        village.file(token, f"满盘{turn}")
        village.note(case, token, f"第{turn}次备注")
        village.draft(token, f"草稿{turn}")
        before = village.member.casebook.shared_points(VILLAGE)
        try:
            hand(village.member, township, VILLAGE)
            hand(township, village.member, VILLAGE)
        except NotSaved:
            assert village.member.casebook.shared_points(VILLAGE) == before, "a message is taken whole or not at all"
        if village.refused >= 6:
            return


def run_point(network: Network, disk: SmallDisk, pages_left: int, reserve_bytes: int) -> Village:
    """One fill point: work on a disk with so many pages left, then with room again; the village, closed."""
    village = network.village_on(disk, reserve_bytes)
    village.member.store.keep_reserve()
    village.sign_in()
    token = village.agent.token()
    disk.fill(pages_left * PAGE)
    work_until_full(village, token)
    assert village.readable()
    disk.make_room()
    village.come_back(token)
    assert village.member.store.room() is not None
    village.close()
    return village


@pytest.mark.parametrize("first", range(0, FILL_POINTS, BATCH))
def test_nothing_acknowledged_is_lost_wherever_the_disk_runs_full(
    network: Network, disk: SmallDisk, first: int
) -> None:
    refusals = 0
    for pages_left in range(first, min(first + BATCH, FILL_POINTS)):
        village = run_point(network, disk, pages_left, RESERVE if pages_left % 2 else 0)
        assert village.lost() == [], f"with {pages_left} pages left"
        assert village.slowest_s <= ANSWERS_WITHIN_S
        refusals += village.refused
    assert refusals > 0, "the disk was never full: these points show nothing"


def test_nothing_acknowledged_is_lost_on_a_filesystem_as_real_machines_have_it(
    network: Network, mount: Callable[..., SmallDisk]
) -> None:
    disk, refusals = mount(24, "ext4"), 0
    for pages_left in range(0, 64, 8):
        village = run_point(network, disk, pages_left, RESERVE if pages_left % 16 else 0)
        assert village.lost() == [], f"with {pages_left} pages left"
        assert village.slowest_s <= ANSWERS_WITHIN_S
        refusals += village.refused
    assert refusals > 0


def test_a_store_that_swallows_a_full_disk_is_caught_by_the_same_check(
    network: Network, disk: SmallDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control: acknowledge although the commit failed, and the check above must see it."""
    honest = SqliteDatabase.writing

    @contextmanager
    def swallowing(database: SqliteDatabase) -> Iterator[Connection]:
        try:
            with honest(database) as connection:
                yield connection
        except NotSaved:
            return

    monkeypatch.setattr(SqliteDatabase, "writing", swallowing)
    lost = []
    for pages_left in (0, 3, 9):
        village = network.village_on(disk)
        village.sign_in()
        token = village.agent.token()
        village.counter.app.testing = False  # what cannot even be swallowed is a page, not a traceback
        disk.fill(pages_left * PAGE)
        for turn in range(4):
            answer = village.agent.client.post(
                f"{network.cases[0]}/act/note", data={"text": f"第{turn}次备注", "token": token}
            )
            if answer.status_code == 303:
                village.acknowledged.append(("note", f"第{turn}次备注"))
        disk.make_room()
        village.close()
        lost += village.lost()
    assert lost, "the check would not notice a lost note"
