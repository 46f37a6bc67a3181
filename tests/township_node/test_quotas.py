"""What one node below may bring in a day: a flood of one ends at its quota, and nobody else waits for it."""

import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from sync_protocol.errors import Busy
from sync_protocol.exchange import PARKED, Body, Content
from sync_protocol.roster import Node
from tests.network import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Network, network
from tests.village_node.web.counter import open_counter
from township_node import app as township_app
from township_node import web as township_pages
from township_node.quotas import Quotas
from village_node import uploads
from village_node.casebook import CaseRef
from village_node.casebook.brought import Quota, Tally, places_of
from village_node.store import parking
from village_node.store.peers import PeerRow
from village_node.web import SITE

DAY_MS = 86_400_000


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and two villages that have met."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE)
    made.settle()
    yield made
    made.close()


def limit(net: Network, place: str = TOWNSHIP, **most: int) -> None:
    """Set what each node under a place may bring in a day."""
    net[place].downlink._answering._quotas._quota = Quota(**most)


def held(net: Network, place: str, refs: list[CaseRef]) -> int:
    return sum(net[place].member.casebook.case(*ref[:2]) is not None for ref in refs)


def county_events(net: Network, place: str) -> int:
    streams = net[place].member.casebook.counts()["streams"]
    return sum(row["contiguous"] for row in streams if row["scope"] == f"below:{COUNTY}")


def later(net: Network, ms: int) -> None:
    net.built.clock.now_ms += ms
    net.monotonic.now_s += ms / 1000


@pytest.mark.slow
def test_a_flood_of_one_child_ends_at_its_quota_and_anothers_cases_go_through(net: Network) -> None:
    village, other, township = net[VILLAGE], net[SECOND_VILLAGE], net[TOWNSHIP]
    limit(net, events=60)
    flood = [village.member.file() for _ in range(200)]
    for _ in range(30):
        village.exchange()
    came = held(net, TOWNSHIP, flood)
    assert 20 <= came < 200, "what was begun is taken, and no more after it"
    row = township.peer(village)
    assert row.day_events >= 60
    quiet = other.member.file()
    other.sync()
    township.sync()
    assert held(net, TOWNSHIP, [quiet]) == held(net, COUNTY, [quiet]) == 1, "nobody waits for the flood"
    assert held(net, TOWNSHIP, flood) == came

    # It is told so, comes no more often than usual, and still gets what is owed to it.
    with village.member.store.reading() as connection:
        told = parking.answers(connection)
    assert {(each.disposition, each.code) for each in told} == {(PARKED, Busy.code)}
    assert not village.exchange().again and not village.up.owes_now()
    known = county_events(net, VILLAGE)
    net[COUNTY].member.casebook.write_checkpoint()
    township.sync()
    village.exchange()
    assert county_events(net, VILLAGE) > known
    counter = open_counter(township.member, net.built.folder, more=township_pages.register, quota_events=60)
    clerk = counter.sign_in("0101", "clerk")
    page = clerk.open("/children").text
    assert page.count("今天传来的已达上限") == 1 and "没有丢失" in page

    # A restart of the receiver is no new day.
    net.start(TOWNSHIP)
    limit(net, events=60)
    later(net, 3_600_000)
    for _ in range(30):
        village.exchange()
    assert held(net, TOWNSHIP, flood) == came

    for _ in range(10):
        later(net, DAY_MS)
        for _ in range(20):
            village.exchange()
    assert held(net, TOWNSHIP, flood) == 200, "day by day all of it comes"
    net.settle()
    assert held(net, COUNTY, flood) == 200


def test_papers_over_the_quota_wait_for_the_next_day(net: Network) -> None:
    village, township = net[VILLAGE], net[TOWNSHIP]
    limit(net, paper_bytes=20_000)
    ref = village.member.file()
    drawn = io.BytesIO()
    Image.effect_noise((600, 600), 90).save(drawn, "PNG")
    upload = uploads.Upload(drawn.getvalue(), "image/png", None)
    village.member.casebook.add_paper("0001", village.member.roles, ref[:2], "身份证", upload)

    def percent() -> int:
        case = township.member.casebook.case(*ref[:2])
        assert case is not None
        return township.member.casebook.papers(case)[0].percent

    for _ in range(40):
        village.exchange()
    assert held(net, TOWNSHIP, [ref]) == 1 and percent() < 100, "the case itself does not wait"
    assert 20_000 <= township.peer(village).day_paper_bytes < 20_000 + (256 << 10)
    passed = net.wire.passed[-1]
    request, reply = net.spoken(passed, VILLAGE)
    assert not reply.blobs.wants and not request.blobs.pieces, "nothing is sent in vain"
    for _ in range(len(upload.raw) // 20_000 + 1):
        later(net, DAY_MS)
        for _ in range(10):
            village.exchange()
    assert percent() == 100


def test_a_node_that_speaks_for_many_places_may_bring_as_much_for_each(net: Network) -> None:
    quota = Quota(events=10, event_bytes=100, paper_bytes=1_000)
    assert quota.over(Tally(1, 9, 99, 999), 1) == (False, False)
    assert quota.over(Tally(1, 10, 0, 0), 1) == quota.over(Tally(1, 0, 100, 0), 1) == (True, False)
    assert quota.over(Tally(1, 29, 299, 2_999), 3) == (False, False)
    assert quota.over(Tally(1, 0, 0, 3_000), 3) == (False, True)
    assert Quota().over(Tally(1, 10**9, 10**12, 10**12), 1) == (False, False)
    roster = net[COUNTY].member.casebook.roster
    assert places_of(roster, VILLAGE) == 1 and places_of(roster, TOWNSHIP) == 3
    assert Tally(1, 5, 6, 7).on(1) == Tally(1, 5, 6, 7) and Tally(1, 5, 6, 7).on(2) == Tally(2)


class Clocks:
    """The clock of a machine, that may be set wrong, and the seconds that it has run."""

    def __init__(self, now_ms: int = 1_790_000_000_000) -> None:
        self.now_ms, self.now_s = now_ms, 0.0

    def quotas(self, net: Network, *rows: PeerRow, **most: int) -> Quotas:
        """The tallies as they are after a start, with what was written down before."""
        roster = net[TOWNSHIP].member.casebook.roster
        return Quotas(Quota(**most), lambda: roster, lambda: self.now_ms, lambda: self.now_s, rows)


def node_of(net: Network, place: str) -> Node:
    return net[TOWNSHIP].member.casebook.roster.nodes_of(place)[0]


def another_life(node: Node) -> Node:
    return node._replace(incarnation=bytes(16))


def row_of(node: Node, last_contact_ms: int, columns: dict[str, int]) -> PeerRow:
    """What is written down of a node."""
    row = PeerRow(node.incarnation, node.place, "down", last_contact_ms=last_contact_ms)
    return PeerRow._make({**row._asdict(), **columns}.values())


def is_over(quotas: Quotas, node: Node) -> bool:
    quotas.begin(node)
    return not quotas.asks_for_bodies(node)


def test_bodies_that_come_by_themselves_count_and_end_with_the_events(net: Network) -> None:
    quotas, node = Clocks().quotas(net, event_bytes=1_000_000), node_of(net, VILLAGE)
    alone = Content(bodies=[Body(bytes(16), "about:1", 1, bytes(16), b"x")])
    assert not is_over(quotas, node)
    quotas.count(node, Content(), 0, 5_000_000)
    assert not is_over(quotas, node), "what brings neither is no flood"
    quotas.count(node, alone, 0, 500_000)
    assert not is_over(quotas, node) and quotas.taken(node, alone)[0].bodies
    quotas.count(node, alone, 0, 500_000)
    assert is_over(quotas, node)
    taken, answers = quotas.taken(node, alone)
    assert not taken.bodies and not answers

    limit(net, events=1)
    village = net[VILLAGE]
    village.member.file()
    village.exchange()
    asked = net[TOWNSHIP].downlink._answering._casebook
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asked, "wanted", lambda *_: pytest.fail("nothing is asked for that is not taken"))
        village.member.file()
        village.exchange()


def test_a_new_life_begins_no_new_day(net: Network) -> None:
    clocks, node = Clocks(), node_of(net, VILLAGE)
    quotas = clocks.quotas(net, events=10)
    assert not is_over(quotas, node)
    quotas.count(node, Content(), 10, 0)
    columns = quotas.begin(node)
    other = another_life(node)
    assert is_over(quotas, other) and not is_over(quotas, node_of(net, SECOND_VILLAGE))
    told = row_of(node, clocks.now_ms, columns)
    again = row_of(other, clocks.now_ms, {})
    assert is_over(clocks.quotas(net, told, again, events=10), other), "after a restart neither"
    assert is_over(clocks.quotas(net, again, told, events=10), other)


def test_a_date_that_stands_still_shuts_nobody_out(net: Network) -> None:
    node = node_of(net, VILLAGE)
    for now_ms in (1_790_000_000_000, -DAY_MS, 2**43):
        clocks = Clocks(now_ms)
        quotas = clocks.quotas(net, events=10)
        quotas.begin(node)
        quotas.count(node, Content(), 10, 0)
        assert is_over(quotas, node)
        clocks.now_s += DAY_MS / 1000 - 1
        assert is_over(quotas, node)
        clocks.now_s += 1
        assert not is_over(quotas, node)
        quotas.count(node, Content(), 10, 0)
        row = row_of(node, now_ms, quotas.begin(node))
        if now_ms == 1_790_000_000_000:
            assert is_over(clocks.quotas(net, row, events=10), node)
            clocks.now_ms -= 3_600_000  # the battery is dead: each morning the same hour of the same date
        assert not is_over(clocks.quotas(net, row, events=10), node)


def test_the_quota_is_that_of_the_settings(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Quota] = []

    def stop(*_: object, quota: Quota, **__: object) -> None:
        given.append(quota)
        raise InterruptedError

    config = open_counter(
        net[TOWNSHIP].member, net.built.folder, quota_events=7, quota_event_mb=2, quota_paper_mb=3
    ).config
    monkeypatch.setattr(township_app, "Downlink", stop)
    monkeypatch.setattr("village_node.app.create_node", lambda *_, **__: net_node(net))
    with pytest.raises(InterruptedError):
        township_app.create_node(config)
    assert given == [Quota(7, 2 << 20, 3 << 20)]


def net_node(net: Network) -> SimpleNamespace:
    member = net[TOWNSHIP].member
    web = SimpleNamespace(extensions={SITE: None})
    return SimpleNamespace(casebook=member.casebook, identity=member.identity, web=web)
