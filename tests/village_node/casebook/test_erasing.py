"""What the county orders to be erased is gone everywhere, whichever came first, and nobody gets it back by any road."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from sync_protocol.case.erasures import ErasureBody, erasure_bytes, read_erasure
from sync_protocol.case.events import Position
from sync_protocol.exchange import Body, Content, Want
from sync_protocol.stream import Draft, append
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member
from tests.closing import close_case, step
from tests.network import Network, network
from tests.village_node.casebook.test_papers import add, on_disk, shown
from village_node.casebook import BadBody, CaseRef, NotAllowed, NotFound, erased
from village_node.casebook.ledger import Entry, write
from village_node.store import parking, streams
from village_node.store.streams import ERASED, HERE

BASIS = "当事人申请，依个人信息保护法第四十七条"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network]:
    """A county, a township and a village that have met."""
    made = network(tmp_path, COUNTY, TOWNSHIP, VILLAGE)
    made.settle()
    yield made
    made.close()


@pytest.fixture
def closed(net: Network) -> CaseRef:
    """A case that was handed over, and everybody knows."""
    ref = net[VILLAGE].member.file()
    close_case(net, ref)
    return ref


def bodies(member: Member, ref: CaseRef) -> dict[int, int]:
    """How many events of a case are in which state of their body, of those held apart."""
    with member.store.reading() as connection:
        rows = [row for row in streams.of_cases(connection, [ref.case_id]) if row.scope == ref.scope]
    found: dict[int, int] = {}
    for row in rows:
        if kinds.BY_NUMBER[row.event.kind].holding == "apart":
            assert (row.event.body is None) == (row.event.body_state != HERE)
            assert (row.event.salt is None) == (row.event.body is None)
            found[row.event.body_state] = found.get(row.event.body_state, 0) + 1
    return found


def order(net: Network, ref: CaseRef) -> int:
    return net[COUNTY].member.casebook.erase("0009", "0010", ref[:2], BASIS)


def test_what_is_ordered_is_gone_at_every_node_and_everything_else_stays(net: Network, closed: CaseRef) -> None:
    members = [net[code].member for code in (VILLAGE, TOWNSHIP, COUNTY)]
    before = [(member.state(closed), member.casebook.case_row(*closed[:2])) for member in members]
    held = bodies(members[0], closed)
    verdicts = [member.casebook.case(*closed[:2]) for member in members]
    assert order(net, closed) == held[HERE] and held.keys() == {HERE}
    net.settle()
    for member, (state, row), case in zip(members, before, verdicts, strict=True):
        assert bodies(member, closed) == {ERASED: held[HERE]}
        now, folded = member.casebook.case_row(*closed[:2]), member.casebook.case(*closed[:2])
        assert row is not None and now is not None and folded is not None and case is not None
        assert (member.state(closed), now.case_no, now.item_no) == (state, row.case_no, row.item_no)
        assert now.applicant_name is None and folded.verdicts == case.verdicts
        assert member.casebook.erased_bodies(*closed[:2]) == held[HERE]
        with pytest.raises(NotAllowed, match="erased"):
            member.act(closed, kinds.NOTE, {"text": "再看看"})
        raw = member.store.settings()  # the database is sound and readable
        assert raw
    assert len({net.points(code, VILLAGE) == net.points(TOWNSHIP, VILLAGE) for code in (VILLAGE, TOWNSHIP)}) == 1


def test_no_name_is_left_in_any_database(net: Network, tmp_path: Path) -> None:
    name = "欧阳删删"
    ref = net[VILLAGE].member.file(applicant_name=name)
    close_case(net, ref)
    order(net, ref)
    net.settle()
    for code in (VILLAGE, TOWNSHIP, COUNTY):
        assert net[code].member.store.scrub()
    found = [path for path in tmp_path.rglob("*") if path.is_file() and name.encode() in path.read_bytes()]
    assert found == []


def test_the_files_of_its_papers_go_with_it_from_every_disk(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    add(net, ref)
    close_case(net, ref)
    for code in (VILLAGE, TOWNSHIP):
        net[code].sync()
    assert all(len(on_disk(net, code)) == 2 for code in (VILLAGE, TOWNSHIP, COUNTY))
    order(net, ref)
    net.settle()
    assert [on_disk(net, code) for code in (VILLAGE, TOWNSHIP, COUNTY)] == [[], [], []]
    assert [shown(net, code, ref) for code in (VILLAGE, TOWNSHIP, COUNTY)] == [[], [], []]


def test_who_hears_the_order_before_the_event_never_holds_the_body(net: Network, closed: CaseRef) -> None:
    """A county that was put back to before the case hears both from below, in whatever order."""
    order(net, closed)
    net.settle()
    county, township = net[COUNTY].member, net[TOWNSHIP].member
    assert bodies(county, closed) == bodies(township, closed)
    # By any other road: a body that somebody still has is not taken.
    with township.store.reading() as connection:
        rows = [row for row in streams.of_cases(connection, [closed.case_id]) if row.event.body_state == ERASED]
    lost = Body(rows[0].incarnation, rows[0].scope, rows[0].event.seq, bytes(16), b"\xa0")
    taken = county.casebook.receive(township.identity.incarnation, Content(bodies=[lost]), peer_update={})
    assert not taken.stored and bodies(county, closed).keys() == {ERASED}
    wants = [Want(row.incarnation, row.scope, row.event.seq) for row in rows]
    assert township.casebook.wanted_bodies(wants, VILLAGE, 1 << 20) == []


def test_an_order_that_came_first_takes_the_body_as_it_comes(net: Network) -> None:
    """The order names an event that is not here yet: written by a county that knew more."""
    village, county = net[VILLAGE].member, net[COUNTY].member
    ref = village.file()
    with village.store.reading() as connection:
        (opened, *_) = [row for row in streams.of_cases(connection, [ref.case_id]) if row.event.kind == kinds.CREATE]
    named = Position(opened.incarnation, opened.event.seq, opened.event.hash[:8])
    _write_order(county, ref.scope, (named,))
    net.settle()
    for code in (VILLAGE, TOWNSHIP, COUNTY):
        assert bodies(net[code].member, ref) == {ERASED: 1, HERE: 1}, code
    assert net[COUNTY].member.casebook.wanted(TOWNSHIP) == []


def test_only_the_county_is_obeyed(net: Network, closed: CaseRef) -> None:
    township, village = net[TOWNSHIP].member, net[VILLAGE].member
    with village.store.reading() as connection:
        rows = [row for row in streams.of_cases(connection, [closed.case_id]) if row.event.body_state == HERE]
    named = tuple(Position(row.incarnation, row.event.seq, row.event.hash[:8]) for row in rows)
    held = bodies(village, closed)
    _write_order(township, closed.scope, named)
    net.settle()
    assert bodies(village, closed) == held == bodies(net[COUNTY].member, closed)
    with pytest.raises(NotAllowed, match="root place"):
        township.casebook.erase("0009", "0010", closed[:2], BASIS)


def test_what_may_not_be_erased_is_refused_with_the_reason(net: Network, closed: CaseRef) -> None:
    county, village = net[COUNTY].member, net[VILLAGE].member
    erase = county.casebook.erase
    running = village.file()
    while village.state(running) != "decided_approved":
        for live in net.nodes.values():
            step(live.member, running)
        net.settle()
        if county.state(running) != "decided_approved":
            with pytest.raises(NotAllowed, match="not closed"):
                erase("0009", "0010", running[:2], BASIS)
    village.act(running, kinds.DELIVERED, {"to": "张秀兰", "how": "in_person"})
    net.settle()
    with pytest.raises(NotFound):
        erase("0009", "0010", (closed.scope, bytes(16)), BASIS)
    with pytest.raises(NotAllowed, match="two people"):
        erase("0009", "0009", closed[:2], BASIS)
    with pytest.raises(BadBody):
        erase("0009", "0010", closed[:2], "")
    case = county.casebook.case(*running[:2])
    assert case is not None
    said = {"delivery": list(case.deliveries[-1].position), "volume": "2026-1", "keep_years": 10}
    county.act(running, kinds.ARCHIVE, said)
    net.settle()
    with pytest.raises(NotAllowed, match="term"):
        erase("0009", "0010", running[:2], BASIS)
    net.built.clock.now_ms += 11 * 366 * 86_400_000
    assert erase("0009", "0010", running[:2], BASIS) > 0
    with pytest.raises(NotAllowed, match="already"):
        erase("0009", "0010", running[:2], BASIS)


def test_a_volume_that_is_kept_for_good_is_never_erased(net: Network) -> None:
    village, county = net[VILLAGE].member, net[COUNTY].member
    running = village.file()
    while village.state(running) != "decided_approved":
        for live in net.nodes.values():
            step(live.member, running)
        net.settle()
    village.act(running, kinds.DELIVERED, {"to": "张秀兰", "how": "in_person"})
    net.settle()
    case = county.casebook.case(*running[:2])
    assert case is not None
    said = {"delivery": list(case.deliveries[-1].position), "volume": "2026-1", "permanent": True, "keep_years": 1}
    county.act(running, kinds.ARCHIVE, said)
    net.built.clock.now_ms += 11 * 366 * 86_400_000
    with pytest.raises(NotAllowed, match="term"):
        county.casebook.erase("0009", "0010", running[:2], BASIS)


def test_an_order_that_stands_only_later_is_obeyed_then(net: Network, closed: CaseRef) -> None:
    """It came with what it names to two workers at once, or its author was let stand by a later change."""
    village, county = net[VILLAGE].member, net[COUNTY].member
    held = bodies(village, closed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("village_node.casebook.erased.named_by", lambda *_: [])
        with village.store.reading() as connection:
            rows = [row for row in streams.of_cases(connection, [closed.case_id]) if row.event.body_state == HERE]
        named = tuple(
            Position(row.incarnation, row.event.seq, row.event.hash[:8]) for row in rows if row.event.salt is not None
        )
        _write_order(county, closed.scope, named)
        net.settle()
        assert bodies(village, closed) == held
    assert village.casebook.obey_orders() == len(named) and county.casebook.obey_orders() == len(named)
    assert bodies(village, closed) == bodies(county, closed) == {ERASED: held[HERE]}
    assert village.casebook.obey_orders() == 0


def test_what_was_refused_of_its_stream_keeps_no_sample(net: Network, closed: CaseRef) -> None:
    village, county = net[VILLAGE].member, net[COUNTY].member
    row = parking.RefusedRow(
        village.identity.incarnation, village.identity.incarnation, closed.scope, 1, 3, "spoilt", 1, 1, b"a body in it"
    )
    with county.store.writing() as connection:
        parking.refuse(connection, row)
    order(net, closed)
    with county.store.reading() as connection:
        (kept,) = parking.refused(connection, 10)
    assert kept.sample is None and kept.times == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xa0",
        b"\x01",
        erasure_bytes(ErasureBody((), "依据", "1")),
        erasure_bytes(ErasureBody((Position(b"", 1, b""),), "依据", "1")),
    ],
)
def test_a_body_of_another_form_orders_nothing(raw: bytes) -> None:
    assert read_erasure(raw) is None


def _write_order(member: Member, scope: str, named: tuple[Position, ...]) -> None:
    """An order as a node writes it that asks nobody: a county that knows more, or somebody who may not."""
    book = member.casebook
    with book.store.writing() as connection:
        growth = book._locked_stream(connection, scope)
        raw = erasure_bytes(ErasureBody(named, BASIS, "0010"))
        draft = Draft(kinds.ERASURE, 1, None, growth.row.hlc + 1, member.clock(), "0009", raw, apart=False)
        growth.events.append(append(growth.row.stream_id, growth.head, draft, None))
        entry = Entry(book.roster_in(connection), member.clock(), {growth.row.key: growth})
        erased.obey(book, connection, entry)
        write(book, connection, entry)
        book.mark_news(connection, {scope})
    book.tell({scope})
