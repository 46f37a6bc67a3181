"""Several workers of one node on PostgreSQL, and a new life: begun once, whoever begins it, and followed by all."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from sync_protocol.case import kinds
from sync_protocol.exchange import Content
from sync_protocol.places import about
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network, settle
from tests.postgresql import Cluster
from village_node import identity as identities
from village_node.casebook import Casebook, Reason, Stale, countersigning, hearing
from village_node.casebook.rewriting import Taken
from village_node.rebirth import Lives
from village_node.store import Overtaken, Store, doubts, open_store, peers
from village_node.store.streams import events_between, in_scopes

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(cluster: Cluster) -> str:
    """A new database on the server."""
    return cluster.database()


@pytest.fixture
def county(folder: Path, url: str) -> Member:
    """The county's worker that syncs."""
    net = Network(folder)
    net.enrol(COUNTY)
    return net.open(COUNTY, url, 1)


def pages_worker(county: Member, folder: Path, url: str, seed: int = 2) -> Member:
    """One more worker of the same node, for pages only."""
    data = folder / f"{COUNTY}.data"
    store, chance = open_store(url), random.Random(seed)
    identity = identities.load(data)
    lives = Lives(data, b"the one machine!", chance.randbytes)
    book = Casebook(store, identity, county.clock, chance.randbytes, county.casebook.catalogue, lives, pages_only=True)
    return Member(book.identity, store, book, county.clock)


def heads(member: Member) -> dict[bytes, int]:
    """Incarnation -> how far its stream of the county's own cases goes."""
    with member.store.reading() as connection:
        return {row.incarnation: row.head_seq for row in in_scopes(connection, [about(COUNTY)])}


def test_a_worker_for_pages_writes_as_the_life_that_the_other_worker_began(
    county: Member, folder: Path, url: str
) -> None:
    pages = pages_worker(county, folder, url)
    ref = pages.file(item_no="022")
    before = county.casebook.identity.incarnation
    county.casebook.begin_again(Reason.OPERATOR)
    now = county.casebook.identity.incarnation
    pages.act(ref, kinds.DOCKET)
    other = pages.file(item_no="022")
    assert heads(county) == {before: 2, now: 3}
    assert pages.casebook.identity.incarnation == now
    assert pages.casebook.identity.key.public == county.casebook.identity.key.public
    assert county.state(ref) == "accepted" and county.state(other) == "received"
    pages.store.close()
    county.store.close()


def test_a_worker_for_pages_may_begin_a_life_and_the_one_that_syncs_goes_on_as_that(
    county: Member, folder: Path, url: str
) -> None:
    pages = pages_worker(county, folder, url)
    before = county.casebook.identity.incarnation
    pages.casebook.begin_again(Reason.OPERATOR)
    # What would make the other one begin a life too, had it not been begun.
    county.casebook.begin_again(Reason.OWN_SIGNATURE, ended=before)
    county.file(item_no="022")
    now = pages.casebook.identity.incarnation
    assert heads(county) == {now: 2}
    kept = identities.load(folder / f"{COUNTY}.data")
    assert kept.incarnation == now == county.casebook.identity.incarnation
    assert [each.incarnation for each in kept.former] == [before], "one life, and none is forgotten"
    county.casebook.begin_again(Reason.OPERATOR)
    pages.casebook.begin_again(Reason.OPERATOR)
    kept = identities.load(folder / f"{COUNTY}.data")
    assert len({each.incarnation for each in kept.former}) == len(kept.former) == 3
    pages.store.close()
    county.store.close()


def test_the_start_of_a_worker_for_pages_begins_no_life(county: Member, folder: Path, url: str) -> None:
    """The other worker has noted in the witness what it has not committed yet, or has begun a life up to the commit."""
    ref = county.file(item_no="022")
    lives = county.casebook.lives
    assert lives is not None
    before = county.casebook.identity
    lives.begin(before, Reason.OPERATOR, 0, lives.witness.database)
    pages = pages_worker(county, folder, url)
    assert pages.casebook.identity.incarnation == before.incarnation
    pages.act(ref, kinds.DOCKET)
    assert county.casebook.identity.incarnation == before.incarnation and county.state(ref) == "accepted"
    (folder / f"{COUNTY}.data" / "witness.log").unlink()
    again = pages_worker(county, folder, url, 3)
    assert again.casebook.identity.incarnation == before.incarnation
    for each in (pages, again, county):
        each.store.close()


def test_what_is_written_while_a_life_begins_is_of_one_or_the_other_and_never_lost(
    county: Member, folder: Path, url: str
) -> None:
    pages = pages_worker(county, folder, url)
    filed: list[str] = []
    failures: list[BaseException] = []

    def file() -> None:
        try:
            for _ in range(30):
                filed.append(pages.file(item_no="022").case_no)
        except BaseException as failure:
            failures.append(failure)
            raise

    hands = [threading.Thread(target=file) for _ in range(3)]
    for each in hands:
        each.start()
    for _ in range(5):
        county.casebook.begin_again(Reason.OPERATOR)
    for each in hands:
        each.join()
    assert failures == [] and len(set(filed)) == 90
    with county.store.reading() as connection:
        doubted = {doubt.row.incarnation for doubt in doubts.held(connection)}
    assert county.casebook.identity.incarnation not in doubted
    assert doubted == heads(county).keys() - {county.casebook.identity.incarnation}
    assert sum(heads(county).values()) == 180
    pages.store.close()
    county.store.close()


def test_who_wants_the_life_alone_is_not_passed_by_those_who_come_later(url: str) -> None:
    """Writers that overlap without end would keep a new life from ever beginning."""
    store, alone = open_store(url), threading.Event()
    with store.writing() as connection:
        peers.remember_bytes(connection, "incarnation", b"1" * 16)

    def want_it_alone() -> None:
        with store.writing() as connection:
            peers.held_life(connection, "incarnation", to_change=True)
            alone.set()

    with store.writing() as connection:
        peers.held_life(connection, "incarnation")
        waiter = threading.Thread(target=want_it_alone)
        waiter.start()
        until(lambda: is_waited_for(store))
        with pytest.raises(OperationalError, match="lock timeout"), store.writing() as later:
            later.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
            peers.held_life(later, "incarnation")
        assert not alone.is_set()
        peers.held_life(connection, "incarnation")  # who holds it has it again at once
    waiter.join(10.0)
    assert alone.is_set()
    store.close()


def is_waited_for(store: Store) -> bool:
    """Whether somebody waits for a lock of this database."""
    words = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
    with store.reading() as connection:
        words += " WHERE NOT granted AND datname = current_database()"
        return bool(connection.exec_driver_sql(words).scalar())


def until(holds: Callable[[], bool]) -> None:
    """Wait until something that another thread brings about is so."""
    deadline = time.monotonic() + 30.0
    while not holds():
        assert time.monotonic() < deadline, "it never came about"
        threading.Event().wait(0.02)


@pytest.fixture
def deaf(county: Member, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Member:
    """A worker of the county's second life, which filed nothing, that has not heard of the third."""
    county.file(item_no="022")
    county.casebook.begin_again(Reason.OPERATOR)
    monkeypatch.setattr(Casebook, "_look_again", lambda *_: None)
    worker = pages_worker(county, folder, url)
    second = county.casebook.identity.incarnation
    county.casebook.begin_again(Reason.OPERATOR)
    assert worker.casebook.identity.incarnation == second != county.casebook.identity.incarnation
    return worker


def test_a_worker_that_has_not_heard_of_a_new_life_settles_nothing_as_the_one_before(
    county: Member, deaf: Member
) -> None:
    """It would write what never left into the stream of a life that has ended."""
    first = county.casebook.identity.former[0].incarnation
    for _ in range(2):
        deaf.casebook.settle([], COUNTY)
    assert heads(county) == {first: 0, county.casebook.identity.incarnation: 2}
    deaf.store.close()
    county.store.close()


def test_a_worker_that_has_not_heard_of_a_new_life_takes_nothing_in_as_the_one_before(
    county: Member, deaf: Member
) -> None:
    deaf.casebook.receive(b"n" * 16, Content(), peer_update={})
    assert deaf.casebook.identity.incarnation == county.casebook.identity.incarnation
    deaf.store.close()
    county.store.close()


def test_nothing_is_written_again_into_the_stream_it_was_taken_off(county: Member) -> None:
    """The last guard, should a worker come so far as a life that has ended: what it took off is that life's own."""
    county.file(item_no="022")
    book = county.casebook
    with county.store.reading() as connection:
        (row,) = in_scopes(connection, [about(COUNTY)])
        (event, *_) = events_between(connection, row.id, 0, row.head_seq, 1)
        taken = Taken(book.identity.incarnation, row.scope, event)
        with pytest.raises(Overtaken):
            book.write_again(connection, book.roster, {row.scope}, [taken])
    county.store.close()


def test_a_machine_taken_out_of_service_is_so_for_every_worker(county: Member, folder: Path, url: str) -> None:
    pages = pages_worker(county, folder, url)
    heard = threading.Event()
    pages.casebook.on_news(lambda _scopes: heard.set())
    heard.clear()
    county.casebook.retire("0009")
    assert heard.wait(10)
    deadline = time.monotonic() + 10
    while not pages.casebook.retired and time.monotonic() < deadline:
        heard.wait(0.05)
    assert pages.casebook.retired
    pages.store.close()
    county.store.close()


def test_whom_the_worker_that_syncs_waits_for_is_seen_at_the_others_and_answered_there(folder: Path, url: str) -> None:
    net = Network(folder)
    net.enrol(COUNTY, TOWNSHIP, VILLAGE)
    county, township = net.open(COUNTY, url, 1), net.open(TOWNSHIP)
    county.casebook.write_checkpoint() if county.casebook.holds_events() else None
    pages = pages_worker(county, folder, url)
    county.casebook.begin_again(Reason.AHEAD)
    county.casebook.heard_out("")
    assert pages.casebook.waits_for() == [TOWNSHIP]
    until(lambda: pages.casebook.identity.incarnation == county.casebook.identity.incarnation)
    pages.casebook.answer_for("0009", TOWNSHIP)
    assert pages.casebook.waits_for() == [] == county.casebook.waits_for()
    settle(township, county)
    for each in (pages, county, township):
        each.store.close()


def test_what_people_say_at_several_workers_at_once_is_all_kept(county: Member, folder: Path, url: str) -> None:
    """Each adds to what is remembered under one name; nobody writes over what another has just added."""
    workers = [county, pages_worker(county, folder, url)]
    places = [f"6210211{number:05d}" for number in range(48)]
    together = threading.Barrier(8)

    def say(hand: int) -> None:
        together.wait()
        for place in places[hand::8]:
            book = workers[hand % 2].casebook
            book.answer_for("0009", place)
            book.note_refused_life(place, refused=True)
            book.allow_lives("0009", place[::-1])

    hands = [threading.Thread(target=say, args=(hand,)) for hand in range(8)]
    for each in hands:
        each.start()
    for each in hands:
        each.join()
    with county.store.reading() as connection:
        assert hearing.answered_for(connection) == places
        allowed = countersigning._read(connection, "lives_allowed")
    assert sorted(county.casebook.lives_refused()) == places
    assert sorted(allowed) == sorted(place[::-1] for place in places)
    for each_worker in workers:
        each_worker.store.close()


def test_an_answer_is_not_carried_into_a_life_that_another_worker_has_begun(county: Member, deaf: Member) -> None:
    """Nor is who gave it left to believe that it was taken: he sees whom the new life waits for, and says so again."""
    with pytest.raises(Stale) as told:
        deaf.casebook.answer_for("0009", TOWNSHIP)
    assert "没有记下" in told.value.zh
    with county.store.reading() as connection:
        assert hearing.answered_for(connection) == []
    deaf.casebook.answer_for("0009", TOWNSHIP)
    with county.store.reading() as connection:
        assert hearing.answered_for(connection) == [TOWNSHIP]
    deaf.store.close()
    county.store.close()


def test_a_county_on_postgresql_put_back_takes_everything_back_and_settles(folder: Path, cluster: Cluster) -> None:
    """The database as it was yesterday, the files of today: noticed at the start, given back, nothing twice."""
    url = cluster.database()
    net = Network(folder)
    net.enrol(COUNTY, TOWNSHIP, VILLAGE)
    county, township, village = net.open(COUNTY, url, 1), net.open(TOWNSHIP), net.open(VILLAGE)
    refs = [village.file(item_no="001")]
    settle(village, township)
    settle(township, county)
    county.casebook.record("1", county.roles, refs[0].scope, refs[0].case_id, kinds.NOTE, {"text": "收到"})
    county.store.close()
    copy = cluster.copy_of(url)
    county = net.open(COUNTY, url, 2)
    refs.append(village.file(item_no="001"))
    settle(village, township)
    settle(township, county)
    county.casebook.record("1", county.roles, refs[0].scope, refs[0].case_id, kinds.NOTE, {"text": "已阅"})
    settle(township, county)
    never_sent = county.casebook.record("1", county.roles, refs[1].scope, refs[1].case_id, kinds.NOTE, {"text": "未发"})
    assert never_sent is not None
    county.store.close()
    restored = net.open(COUNTY, copy, 3)
    assert [each.reason for each in restored.casebook.identity.former] == [Reason.AHEAD]
    settle(township, restored)
    restored.casebook.settle(township.casebook.shared_points(TOWNSHIP), TOWNSHIP)
    with restored.store.reading() as connection:
        assert doubts.held(connection) == []
    for ref in refs:
        for member in (restored, township):
            case = member.casebook.case(ref.scope, ref.case_id)
            assert case is not None, member.place
            assert {verdict.code for verdict in case.verdicts.values()} == {"effective"}
    notes = restored.casebook.case(refs[0].scope, refs[0].case_id)
    assert notes is not None and [note.body["text"] for note in notes.notes] == ["收到", "已阅"]
    for member in (restored, township, village):
        member.store.close()
