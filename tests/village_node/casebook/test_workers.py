"""Many hands on the same cases: each act counts once, nobody sees a deadlock, and the rows say what the fold says."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network, hand, settle
from tests.postgresql import Cluster
from tests.village_node.casebook import contender
from village_node.store import case_lists, streams

ROUNDS = 50  # of two acts each
HANDS = 4
ROOT = Path(__file__).resolve().parents[3]


def assert_rows_are_what_the_fold_says(member: Member) -> None:
    with member.store.reading() as connection:
        keys = [
            (row.scope, row.case_id) for row in case_lists.page(connection, case_lists.view("all", ""), 1, 200).rows
        ]
    for scope, case_id in keys:
        case, row = member.casebook.case(scope, case_id), member.casebook.case_row(scope, case_id)
        assert case is not None
        assert row is not None
        assert (row.state, row.holder, row.n_events) == (case.listed_state, case.holder, len(case.verdicts))
        assert (row.last_incarnation, row.last_seq, row.last_mark) == case.last
        counted = (row.n_waiting, row.n_void, row.n_contested, row.n_needs_update)
        assert row.n_open == len(case.open_oddities)
        assert counted == tuple(case.counts[code] for code in ("waiting", "void", "contested", "needs_update"))


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_processes_of_four_hands_each_act_once_on_each_case(cluster: Cluster, folder: Path) -> None:
    url = cluster.database()
    mine = contender.county(folder, url, 1)
    other = subprocess.Popen(
        [sys.executable, "-m", "tests.village_node.casebook.contender", str(folder), url, "2", str(HANDS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert other.stdin is not None
    assert other.stdout is not None
    try:
        assert other.stdout.readline() == "ready\n"
        refs = [mine.file(item_no="022") for _ in range(ROUNDS)]
        won = 0
        for ref in refs:
            other.stdin.write(f"{ref.scope} {ref.case_id.hex()}\n")
            other.stdin.flush()
            here = contender.contend(mine, ref, HANDS)
            there = [int(done) for done in other.stdout.readline().split()]
            assert [one["done"] + done for one, done in zip(here, there, strict=True)] == [1, 1]
            won += sum(there)
            case = mine.casebook.case(ref.scope, ref.case_id)
            assert case is not None
            assert case.state == "decided_approved"
            assert case.counts["effective"] == len(case.verdicts) == 4
        assert 0 < won < len(contender.ACTS) * ROUNDS  # both were really there
        given = [
            entry.body["document_no"]
            for ref in refs
            for entry in mine.casebook.timeline(ref.scope, ref.case_id)
            if entry.body and "document_no" in entry.body
        ]
        assert len(given) == len(set(given)) == 2 * ROUNDS
    finally:
        other.stdin.close()
        other.wait(timeout=30)
        other.stdout.close()
    assert_rows_are_what_the_fold_says(mine)
    mine.store.close()


@pytest.mark.slow
def test_eight_hands_in_one_process_act_once_on_each_case(net: Network) -> None:
    county = net.members[COUNTY]
    for _ in range(10):
        ref = county.file(item_no="022")
        assert [dict(outcome) for outcome in contender.contend(county, ref, 8)] == [{"done": 1, "stale": 7}] * 2
    assert_rows_are_what_the_fold_says(county)


def test_numbers_are_given_once_though_many_file_at_the_same_time(net: Network) -> None:
    county = net.members[COUNTY]
    numbers: list[str] = []

    def file() -> None:
        numbers.extend([county.file(item_no="022").case_no for _ in range(10)])

    hands = [threading.Thread(target=file) for _ in range(4)]
    for each in hands:
        each.start()
    for each in hands:
        each.join()
    assert len(set(numbers)) == 40


def test_frames_that_come_while_people_act_leave_no_wrong_row(net: Network) -> None:
    """The same cases are written by officers, by frames from the village and by frames from the township at once."""
    county, township, village = (net.members[code] for code in (COUNTY, TOWNSHIP, VILLAGE))
    refs = [village.file(item_no="022") for _ in range(8)]
    for ref in refs:
        village.act(ref, kinds.HANDOFF, {"to": COUNTY, "purpose": "accept"})
    settle(village, township)
    settle(township, county)
    failures: list[BaseException] = []

    def guarded(job) -> threading.Thread:
        def run() -> None:
            try:
                job()
            except BaseException as failure:
                failures.append(failure)
                raise

        return threading.Thread(target=run)

    def officers() -> None:
        for ref in refs:
            county.act(ref, kinds.ACCEPT)
            county.act(ref, kinds.DOCKET)
            county.casebook.record("1", county.roles, ref.scope, ref.case_id, kinds.NOTE, {"text": "county"})

    def frames(sender: Member, child: str):
        def send() -> None:
            for ref in refs:
                sender.casebook.record("1", sender.roles, ref.scope, ref.case_id, kinds.NOTE, {"text": "from below"})
                hand(sender, county, child)

        return send

    hands = [guarded(officers), guarded(frames(village, VILLAGE)), guarded(frames(township, TOWNSHIP))]
    for each in hands:
        each.start()
    for each in hands:
        each.join()
    assert failures == []
    assert_rows_are_what_the_fold_says(county)
    for ref in refs:
        case = county.casebook.case(ref.scope, ref.case_id)
        assert case is not None
        assert len(case.notes) == 3


@pytest.mark.postgres
def test_what_one_worker_commits_the_other_shows_at_once(cluster: Cluster, folder: Path) -> None:
    url = cluster.database()
    here, there = contender.county(folder, url, 1), contender.county(folder, url, 2)
    heard = threading.Event()
    news: list[set[str]] = []

    def hear(scopes: set[str]) -> None:
        news.append(scopes)
        if f"about:{COUNTY}" in scopes:
            heard.set()

    there.casebook.on_news(hear)
    assert there.casebook.view_counts()["all"] == 0
    assert there.casebook.shared_points(COUNTY) == []
    ref = here.file(item_no="022")
    assert there.casebook.view_counts()["all"] == 1
    assert [point.seq for point in there.casebook.shared_points(COUNTY)] == [2]
    assert there.state(ref) == "received"
    assert heard.wait(10)
    assert there.file(item_no="022").case_no != ref.case_no
    net = Network(folder)
    net.enrol(COUNTY, TOWNSHIP)
    here.casebook.apply_roster(net.changes)
    assert there.casebook.roster.places.name(TOWNSHIP) == "驿马镇"
    with there.store.reading() as connection:
        assert len(streams.in_scopes(connection)) == 1
    here.store.close()
    there.store.close()
