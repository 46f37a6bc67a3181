"""What may go goes, what may not stays, and what went can be fetched again; nobody else notices."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sync_protocol.case import kinds
from sync_protocol.exchange import Body, Content
from sync_protocol.places import about
from tests import builders, closing
from tests.builders import hand
from tests.closing import APART, DAY_MS, bodies, checkpoint_day, close_case, closed, net, settle_lines
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network
from village_node.casebook import CaseRef, NotAllowed, NotFound, PurgeJob, PurgeRun, checkpointing
from village_node.casebook.purging import term_is_over
from village_node.store import checkpoints, receipts, rows, streams
from village_node.store.streams import HERE, PURGED, EventRow
from village_node.store.tables.streams import EVENTS, RECEIPTS

__all__ = ["closed", "net"]

TERM_MS = 30 * DAY_MS


def states(net: Network, code: str, ref: CaseRef) -> set[tuple[int, bool]]:
    return set(bodies(net, code, ref).values())


def purge(net: Network, code: str = VILLAGE) -> PurgeRun:
    return net[code].member.casebook.purge(TERM_MS)


GONE, KEPT = {(PURGED, False)}, {(HERE, True)}


def test_a_closed_case_goes_when_county_receipt_checkpoint_and_term_are_there(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    assert len(bodies(net, VILLAGE, closed)) >= 5
    run = purge(net)
    assert run == PurgeRun(1, 1, len(bodies(net, VILLAGE, closed)))
    assert states(net, VILLAGE, closed) == GONE
    assert states(net, TOWNSHIP, closed) == states(net, COUNTY, closed) == KEPT
    assert purge(net) == PurgeRun(0, 0, 0), "what went is not looked at again"


def test_bodies_of_those_above_go_too_on_an_earlier_checkpoint_in_the_place_of_a_receipt(
    net: Network, closed: CaseRef
) -> None:
    checkpoint_day(net, days=30)
    purge(net)
    assert {place for place, _ in bodies(net, VILLAGE, closed)} == {VILLAGE, TOWNSHIP, COUNTY}
    assert states(net, VILLAGE, closed) == GONE


def test_nothing_goes_without_a_checkpoint(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    close_case(net, ref)
    net.built.clock.now_ms += 400 * DAY_MS
    net.settle()
    assert purge(net) == PurgeRun(0, 0, 0, "checkpoint")
    assert states(net, VILLAGE, ref) == KEPT


def test_nothing_goes_while_the_newest_checkpoint_s_lines_are_not_here(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    net[COUNTY].member.casebook.write_checkpoint()
    net[TOWNSHIP].exchange()
    net[VILLAGE].exchange()
    assert net[VILLAGE].member.casebook.lines_wanted() is not None
    assert purge(net).bodies == 0 and states(net, VILLAGE, closed) == KEPT
    settle_lines(net)
    assert purge(net).bodies > 0


def test_a_township_s_receipt_is_not_enough(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    member = net[VILLAGE].member
    with member.store.writing() as connection:
        mine = streams.by_keys(connection, [(member.identity.incarnation, about(VILLAGE))]).popitem()[1]
        county = net[COUNTY].incarnation
        assert {signer for _, signer, _ in receipts.of_streams(connection, [mine.id])} == {
            county, net[TOWNSHIP].incarnation
        }  # fmt: skip
        rows.do(connection, "DELETE FROM receipts WHERE stream = ? AND signer = ?", (mine.id, county))
    assert purge(net).bodies == 0 and states(net, VILLAGE, closed) == KEPT


def _signature(receipt: bytes) -> bytes:
    return receipt[:-1] + bytes([receipt[-1] ^ 1])


def test_a_receipt_that_does_not_verify_any_more_is_none(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    member = net[VILLAGE].member
    with member.store.writing() as connection:
        mine = streams.by_keys(connection, [(member.identity.incarnation, about(VILLAGE))]).popitem()[1]
        (held,) = receipts.get(connection, [(mine.id, net[COUNTY].incarnation)])
        rows.put(connection, RECEIPTS, [held._replace(receipt=_signature(held.receipt))])
    assert purge(net).bodies == 0 and states(net, VILLAGE, closed) == KEPT


def _path_cut(line: checkpoints.LineRow) -> checkpoints.LineRow:
    return line._replace(path=(line.path or b"")[:-32])


def _further(line: checkpoints.LineRow) -> checkpoints.LineRow:
    return line._replace(seq=line.seq + 1)


def _of_an_older_one(line: checkpoints.LineRow) -> checkpoints.LineRow:
    return line._replace(checkpoint=line.checkpoint - 1)


@pytest.mark.parametrize("spoil", [_path_cut, _further, _of_an_older_one])
def test_a_line_that_does_not_hold_any_more_is_none(
    net: Network, closed: CaseRef, spoil: Callable[[checkpoints.LineRow], checkpoints.LineRow]
) -> None:
    checkpoint_day(net, days=30)
    member = net[VILLAGE].member
    with member.store.writing() as connection:
        mine = streams.by_keys(connection, [(member.identity.incarnation, about(VILLAGE))]).popitem()[1]
        line = checkpoints.of_streams(connection, [mine.stream_id])[mine.stream_id]
        checkpoints.keep_lines(connection, [spoil(line)])
    assert purge(net).bodies == 0 and states(net, VILLAGE, closed) == KEPT


def test_nothing_at_all_goes_while_the_county_contradicts_what_is_here(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    member = net[VILLAGE].member
    with member.store.writing() as connection:
        other = streams.by_keys(connection, [(net[COUNTY].incarnation, f"below:{COUNTY}")]).popitem()[1]
        line = checkpoints.of_streams(connection, [other.stream_id])[other.stream_id]
        checkpoints.keep_lines(connection, [line._replace(hash=bytes(32))])
    assert purge(net) == PurgeRun(0, 0, 0, "alarm") and states(net, VILLAGE, closed) == KEPT


def test_nothing_of_a_stream_under_an_alarm_goes(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    with net[VILLAGE].member.store.writing() as connection:
        rows.do(connection, "UPDATE streams SET alarm = 1 WHERE own = ?", (True,))
    assert purge(net).bodies == 0 and states(net, VILLAGE, closed) == KEPT


def test_an_open_case_stays_however_old_it_is(net: Network) -> None:
    ref = net[VILLAGE].member.file()
    net.settle()
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=400)
    assert purge(net) == PurgeRun(0, 0, 0) and states(net, VILLAGE, ref) == KEPT


def test_a_decided_case_that_was_not_delivered_stays(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "_ONWARD", closing._ONWARD[:-1])
    ref = net[VILLAGE].member.file()
    with pytest.raises(AssertionError, match="never came to its end"):
        close_case(net, ref)
    assert net[VILLAGE].member.state(ref) in ("delivering", "decided_approved")
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=400)
    assert purge(net).bodies == 0 and states(net, VILLAGE, ref) == KEPT


def test_a_receipt_for_what_no_checkpoint_names_is_not_enough(
    net: Network, closed: CaseRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The county has signed for the last record, and each of its checkpoints stops before it."""
    village = net[VILLAGE].member
    village.act(closed, kinds.NOTE, {"text": "回访满意"})
    net.settle()
    incarnation = village.identity.incarnation
    real = streams.in_scopes

    def one_less(connection: Any, scopes: Any = None) -> Any:
        return [
            row._replace(
                body_seq=row.head_seq - 1,
                body_hash=streams.hashes(connection, row.id, row.head_seq - 1, row.head_seq - 1)[row.head_seq - 1],
            )
            if row.key == (incarnation, about(VILLAGE))
            else row
            for row in real(connection, scopes)
        ]

    with monkeypatch.context() as patched:
        stopping = SimpleNamespace(in_scopes=one_less, by_keys=streams.by_keys)
        patched.setattr(checkpointing, "streams", stopping)
        checkpoint_day(net, days=30)
    assert village.casebook.county_standing().complete
    assert purge(net) == PurgeRun(1, 0, 0) and states(net, VILLAGE, closed) == KEPT
    checkpoint_day(net, days=0)
    assert purge(net).cases == 1


def test_the_last_act_begins_the_term_for_the_whole_case(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=29)
    net[VILLAGE].member.act(closed, kinds.NOTE, {"text": "回访满意"})
    net.settle()
    checkpoint_day(net, days=1)
    assert purge(net).bodies == 0 and states(net, VILLAGE, closed) == KEPT
    checkpoint_day(net, days=30)
    assert purge(net).cases == 1


def test_a_case_whose_last_event_is_not_at_the_county_stays(net: Network, closed: CaseRef) -> None:
    net[VILLAGE].member.act(closed, kinds.NOTE, {"text": "回访满意"})
    net.built.clock.now_ms += 60 * DAY_MS
    net[COUNTY].member.casebook.write_checkpoint()
    net[TOWNSHIP].sync()
    village, township = net[VILLAGE].member, net[TOWNSHIP].member
    hand(township, village, VILLAGE)
    lines, _ = township.casebook.lines_for(village.casebook.lines_wanted(), VILLAGE, 1 << 20)
    village.casebook.receive(township.identity.incarnation, Content(lines=lines), peer_update={})
    assert village.casebook.county_standing().complete and village.casebook.sync_state()["not_at_county"]["events"] == 1
    assert purge(net) == PurgeRun(1, 0, 0) and states(net, VILLAGE, closed) == KEPT
    settle_lines(net)
    checkpoint_day(net, days=30)
    assert purge(net).cases == 1


# The term, by two clocks


def event(arrived_ms: int) -> EventRow:
    return EventRow(1, 1, b"", 1, 1, None, True, b"", b"", b"", HERE, arrived_ms, 0, "")


@pytest.mark.parametrize(
    ("arrived", "word", "checkpoint", "now", "over"),
    [
        (0, 0, 30, 30, True),
        (0, 0, 30, 29, False),
        (0, 0, 29, 30, False),
        (0, 0, 29, 3_650, False),  # this node's clock is ten years ahead
        (0, 0, 3_650, 29, False),  # the county's is
        (-20_000, 0, 29, 30, False),  # the event came when this node believed it was 1970
        (3_650, 0, 30, 30, True),  # it came when this node was ten years ahead: the county's word stands for it
        (3_650, 0, 30, 29, False),
        (3_650, 1, 30, 30, False),
    ],
)
def test_the_term_is_over_when_both_clocks_say_so(
    arrived: int, word: int, checkpoint: int, now: int, over: bool
) -> None:
    times = (word * DAY_MS, checkpoint * DAY_MS, now * DAY_MS)
    assert term_is_over(event(arrived * DAY_MS), *times, TERM_MS) is over


def test_a_node_whose_clock_jumps_ten_years_ahead_drops_nothing(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=1)
    net.built.clock.now_ms += 3_650 * DAY_MS
    assert purge(net).bodies == 0 and states(net, VILLAGE, closed) == KEPT


def test_a_county_whose_clock_jumps_ten_years_ahead_for_a_day_drops_nothing_below(
    net: Network, closed: CaseRef
) -> None:
    checkpoint_day(net, days=3_650)
    net.built.clock.now_ms -= 3_649 * DAY_MS
    assert purge(net).bodies == 0 and states(net, VILLAGE, closed) == KEPT


# What nobody notices


def test_positions_receipts_digests_and_counts_are_as_before(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    village = net[VILLAGE].member.casebook
    before = (net.points(VILLAGE, VILLAGE), village.counts(), village.view_counts(), village.sync_state())
    assert purge(net).bodies > 0
    assert (net.points(VILLAGE, VILLAGE), village.counts(), village.view_counts(), village.sync_state()) == before
    assert net.equal(VILLAGE) and village.wanted(TOWNSHIP) == []
    net.wire.passed.clear()
    net[VILLAGE].sync()
    for asked, answered in (net.spoken(passed, VILLAGE) for passed in net.wire.passed):
        assert not asked.wants and not answered.segments and not answered.bodies
    assert states(net, VILLAGE, closed) == GONE


def test_a_purged_case_still_shows_number_code_state_and_dates_and_no_name(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    village = net[VILLAGE].member.casebook
    row, case = village.case_row(closed.scope, closed.case_id), village.case(closed.scope, closed.case_id)
    assert row is not None and case is not None
    purge(net)
    after = village.case_row(closed.scope, closed.case_id)
    assert after == row._replace(applicant_name=None, visits=None)
    shown = village.case(closed.scope, closed.case_id)
    assert shown is not None and shown.applicant == {}
    for name in ("state", "case_no", "query_code", "item_no", "item_version", "filed_ms", "decided_ms", "delivered_ms"):
        assert getattr(shown, name) == getattr(case, name), name
    assert shown.verdicts == case.verdicts
    assert village.find_by_number(closed.case_no) == after == village.find_by_query_code(closed.query_code)


def test_no_trace_of_a_purged_body_is_left_in_the_files(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    names = ["张秀兰".encode(), b"622825196505060042"]
    files = sorted(net.built.folder.glob(f"{VILLAGE}.db*"))
    assert all(any(name in file.read_bytes() for file in files) for name in names)
    told: list[dict[str, Any]] = []
    job = PurgeJob(net[VILLAGE].member.casebook, 30, net.monotonic, told.append)
    job.tick()
    assert told[0]["bodies"] == len(bodies(net, VILLAGE, closed))
    assert not any(name in file.read_bytes() for file in files for name in names)


def test_the_root_drops_nothing(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    assert purge(net, COUNTY) == PurgeRun(0, 0, 0, "root") and states(net, COUNTY, closed) == KEPT


# Coming back


def test_a_purged_case_is_fetched_again_on_a_person_s_request_and_stays_for_another_term(
    net: Network, closed: CaseRef
) -> None:
    checkpoint_day(net, days=30)
    village = net[VILLAGE].member.casebook
    before = village.timeline(closed.scope, closed.case_id)
    row = village.case_row(closed.scope, closed.case_id)
    purge(net)
    noted = village.purge_of(closed.scope, closed.case_id)
    assert noted is not None and noted.recalled_ms is None
    village.recall("0001", closed.scope, closed.case_id)
    noted = village.purge_of(closed.scope, closed.case_id)
    assert noted is not None and noted.recalled_ms == net.built.clock.now_ms
    net.settle()
    assert states(net, VILLAGE, closed) == KEPT and village.purge_of(closed.scope, closed.case_id) is None
    assert village.timeline(closed.scope, closed.case_id) == before
    assert village.case_row(closed.scope, closed.case_id) == row
    checkpoint_day(net, days=29)
    assert purge(net).bodies == 0
    checkpoint_day(net, days=1)
    assert purge(net).cases == 1 and states(net, VILLAGE, closed) == GONE


def test_what_the_township_has_dropped_as_well_comes_from_the_county(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    assert purge(net).bodies and purge(net, TOWNSHIP).bodies
    assert states(net, TOWNSHIP, closed) == GONE
    net[VILLAGE].member.casebook.recall("0001", closed.scope, closed.case_id)
    for _ in range(3):
        net.settle()
    assert states(net, VILLAGE, closed) == states(net, TOWNSHIP, closed) == KEPT


def test_a_body_that_nobody_asked_for_is_not_taken_back(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    purge(net)
    key = (net[VILLAGE].incarnation, closed.scope)
    county = net[COUNTY].member
    with county.store.reading() as connection:
        event = streams.event_at(connection, streams.by_keys(connection, [key])[key].id, 1)
    assert event is not None and event.salt is not None and event.body is not None
    content = Content(bodies=[Body(*key, 1, event.salt, event.body)])
    net[VILLAGE].member.casebook.receive(net[TOWNSHIP].incarnation, content, peer_update={})
    assert states(net, VILLAGE, closed) == GONE


def test_a_parent_that_wants_what_its_child_has_dropped_does_not_make_the_child_fetch_it(
    net: Network, closed: CaseRef
) -> None:
    checkpoint_day(net, days=30)
    purge(net)
    purge(net, TOWNSHIP)
    net[TOWNSHIP].member.casebook.recall("0001", closed.scope, closed.case_id)
    net[VILLAGE].sync()
    noted = net[VILLAGE].member.casebook.purge_of(closed.scope, closed.case_id)
    assert noted is not None and noted.recalled_ms is None


def test_nobody_acts_on_a_case_whose_bodies_are_gone(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    purge(net)
    with pytest.raises(NotAllowed, match="fetch them"):
        net[VILLAGE].member.act(closed, kinds.NOTE, {"text": "补记"})
    net[VILLAGE].member.casebook.recall("0001", closed.scope, closed.case_id)
    net.settle()
    net[VILLAGE].member.act(closed, kinds.NOTE, {"text": "补记"})


def test_only_what_was_dropped_can_be_fetched(net: Network, closed: CaseRef) -> None:
    with pytest.raises(NotFound):
        net[VILLAGE].member.casebook.recall("0001", closed.scope, closed.case_id)


@pytest.mark.slow
def test_on_postgresql_a_township_clears_and_fetches_like_any_other(new_url: Callable[[], str], folder: Path) -> None:
    built = builders.Network(folder)
    built.enrol(COUNTY, TOWNSHIP, VILLAGE)
    net = Network(built)
    for code, url in ((COUNTY, new_url()), (TOWNSHIP, new_url()), (VILLAGE, "")):
        net.wire_up(built.open(code, url))
    net.settle()
    ref = net[VILLAGE].member.file()
    close_case(net, ref)
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    row = net[TOWNSHIP].member.casebook.case_row(ref.scope, ref.case_id)
    assert row is not None and purge(net, TOWNSHIP).cases == 1 and net[TOWNSHIP].member.store.scrub()
    assert states(net, TOWNSHIP, ref) == GONE
    assert net[TOWNSHIP].member.casebook.case_row(ref.scope, ref.case_id) == row._replace(
        applicant_name=None, visits=None
    )
    net[TOWNSHIP].member.casebook.recall("0001", ref.scope, ref.case_id)
    net.settle()
    assert states(net, TOWNSHIP, ref) == KEPT
    assert net[TOWNSHIP].member.casebook.case_row(ref.scope, ref.case_id) == row
    net.close()


# What comes late


def test_a_late_side_event_counts_at_once_and_the_row_keeps_what_it_shows(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    purge(net)
    village = net[VILLAGE].member.casebook
    row = village.case_row(closed.scope, closed.case_id)
    assert row is not None and row.n_events is not None
    net[COUNTY].member.act(closed, kinds.NOTE, {"text": "抽查合格"})
    net.settle()
    after = village.case_row(closed.scope, closed.case_id)
    assert after is not None
    assert after == row._replace(n_events=row.n_events + 1, updated_ms=after.updated_ms)
    assert village.timeline(closed.scope, closed.case_id)[-1].verdict.code == "effective"
    noted = village.purge_of(closed.scope, closed.case_id)
    assert noted is not None and noted.recalled_ms is None
    checkpoint_day(net, days=1)
    checkpoint_day(net, days=30)
    assert purge(net) == PurgeRun(1, 1, 1), "the late note goes in its turn"


def test_a_late_move_makes_the_node_fetch_the_bodies_and_judge_with_them(net: Network, closed: CaseRef) -> None:
    """A stage event that follows an old state of the case: whether it is void shows only with the bodies."""
    checkpoint_day(net, days=30)
    purge(net)
    village, county = net[VILLAGE].member.casebook, net[COUNTY].member
    row = village.case_row(closed.scope, closed.case_id)
    assert row is not None
    case = county.casebook.case(closed.scope, closed.case_id)
    assert case is not None
    _write_void_move(county, closed, case.path[0])
    net.settle()
    now = village.case_row(closed.scope, closed.case_id)
    assert now is not None and (now.state, now.case_no) == (row.state, row.case_no)
    for _ in range(2):
        net.settle()
    assert states(net, VILLAGE, closed) == KEPT
    cases = [net[code].member.casebook.case(closed.scope, closed.case_id) for code in (VILLAGE, TOWNSHIP, COUNTY)]
    assert cases[0] == cases[1] == cases[2] and cases[0] is not None and cases[0].counts["void"] == 1


def _write_void_move(county: Any, ref: CaseRef, after: Any) -> None:
    """A review by the county on the application itself, past every rule but the ledger's."""
    from village_node.casebook.ledger import Entry, write
    from village_node.casebook.pen import Pen

    book = county.casebook
    with county.store.writing() as connection:
        growth = book._own_stream(connection, ref.scope)
        pen = Pen(book, growth)
        pen.write(kinds.REVIEW, ref.case_id, "0001", {0: "agree"}, after)
        write(book, connection, Entry(book.roster, pen.now_ms, {growth.row.key: growth}))
    book.tell({ref.scope})


def test_the_salt_goes_with_the_body_and_the_header_stays(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    key = (net[VILLAGE].incarnation, closed.scope)
    with net[VILLAGE].member.store.reading() as connection:
        row = streams.by_keys(connection, [key])[key]
        before = streams.events_between(connection, row.id, 0, row.head_seq, 100)
    purge(net)
    with net[VILLAGE].member.store.reading() as connection:
        after = streams.events_between(connection, row.id, 0, row.head_seq, 100)
    for old, new in zip(before, after, strict=True):
        gone = old.kind in APART
        assert new == (old._replace(salt=None, body=None, body_state=PURGED) if gone else old)


def test_nothing_that_went_stays_in_memory(net: Network, closed: CaseRef) -> None:
    """What a relay has just stored it keeps until it leaves; what is known above already never does."""
    checkpoint_day(net, days=30)
    casebook = net[TOWNSHIP].member.casebook
    assert casebook.passing._runs
    assert purge(net, TOWNSHIP).bodies and not casebook.passing._runs
    assert states(net, TOWNSHIP, closed) == GONE


def test_no_table_keeps_a_copy(net: Network, closed: CaseRef) -> None:
    checkpoint_day(net, days=30)
    purge(net)
    assert EVENTS.c.body.nullable and EVENTS.c.salt.nullable
    with net[VILLAGE].member.store.reading() as connection:
        image = b"".join(connection.connection.driver_connection.serialize().splitlines())  # type: ignore[union-attr]
    assert "张秀兰".encode() not in image
