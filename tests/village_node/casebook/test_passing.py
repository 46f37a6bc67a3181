"""What comes in leaves from memory: the same bytes as from the database, only of what was committed, within a bound."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sync_protocol.event import Event
from sync_protocol.exchange import Content
from sync_protocol.wire import Tables
from tests.builders import TOWNSHIP
from tests.village_node.casebook.messages import frame, stream_of, without_body
from tests.village_node.casebook.trio import Trio
from village_node.casebook import Outgoing, passing
from village_node.casebook.growth import Growth
from village_node.casebook.passing import Passing
from village_node.store import Connection, streams


def bring(trio: Trio, content: Content) -> None:
    trio.township.casebook.receive(trio.village.identity.incarnation, content, peer_update={})


def owed(trio: Trio, budget: int = 1 << 20) -> Outgoing:
    """All that the township owes a county that holds nothing."""
    casebook = trio.township.casebook
    return casebook.owed(casebook.shared_points(TOWNSHIP), [], tables=Tables(), budget=budget)


@pytest.mark.parametrize("cuts", [(6,), (2, 6), (1, 2, 3, 4, 5, 6)])
def test_a_relay_sends_from_memory_what_it_would_send_from_its_disk(
    trio: Trio, cuts: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(trio.events) == 6
    runs = [trio.events[start:end] for start, end in zip((0, *cuts), cuts, strict=False)]
    for run in runs:
        bring(trio, frame(trio.village, trio.key, run))
    with monkeypatch.context() as patched:
        patched.setattr(streams, "events_between", None)  # nobody reads the events back
        from_memory = owed(trio)
    trio.township.casebook.passing = Passing()
    assert owed(trio) == from_memory
    assert from_memory.sent[-1][2] == 6


def test_what_is_sent_again_after_more_has_come_is_read_from_the_disk_where_it_must(trio: Trio) -> None:
    for run in (trio.events[:2], trio.events[2:4], trio.events[4:]):
        bring(trio, frame(trio.village, trio.key, run))
    first = owed(trio, budget=1)
    assert owed(trio, budget=1) == first
    row = stream_of(trio.township, trio.key)
    assert trio.township.casebook.passing.after(row.id, 4, 64) is not None
    assert trio.township.casebook.passing.after(row.id, 0, 64) is None  # it has left
    assert owed(trio, budget=1) == first


def test_what_was_not_committed_does_not_leave(trio: Trio, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(trio, frame(trio.village, trio.key, trio.events[:2]))
    store, writing = trio.township.store, trio.township.store.writing

    @contextmanager
    def torn() -> Iterator[Connection]:
        with writing() as connection:
            yield connection
            raise OSError("the power fails before the commit")

    monkeypatch.setattr(store, "writing", torn)
    with pytest.raises(OSError, match="power"):
        bring(trio, frame(trio.village, trio.key, trio.events[2:]))
    row = stream_of(trio.township, trio.key)
    held = trio.township.casebook.passing.after(row.id, 0, 64)
    assert held is not None
    assert [event.header.seq for event in held[0]] == [1, 2]
    assert trio.township.casebook.passing.after(row.id, 2, 64) is None


def test_the_root_keeps_nothing_since_nobody_is_above_it(trio: Trio) -> None:
    trio.give(frame(trio.village, trio.key, trio.events))
    assert trio.county.casebook.passing.after(stream_of(trio.county, trio.key).id, 0, 64) is None


def growth(trio: Trio, held: int, events: list[Event], row: int = 1) -> Growth:
    bring(trio, frame(trio.village, trio.key, trio.events))
    head = stream_of(trio.township, trio.key)
    return Growth(head._replace(id=row, head_seq=held), events, [(events[-1].header.seq, bytes(64))])


def test_a_run_has_no_gap_and_every_body(trio: Trio) -> None:
    kept = Passing()
    kept.keep([growth(trio, 0, trio.events[:2]), growth(trio, 3, trio.events[3:])])
    assert kept.after(1, 0, 64) is None  # the later run has taken its place
    assert kept.after(1, 3, 2) == (trio.events[3:5], {6: bytes(64)})
    kept.keep([growth(trio, 6, [without_body(trio.events[0])])])
    assert kept.after(1, 4, 64) is None


def test_the_runs_that_wait_longest_make_room(trio: Trio, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(len(event.header_bytes) + len(event.body or b"") for event in trio.events)
    monkeypatch.setattr(passing, "MOST_BYTES", 2 * size)
    kept = Passing()
    for row in (1, 2, 3):
        kept.keep([growth(trio, 0, trio.events, row)])
    assert [row for row in (1, 2, 3) if kept.after(row, 0, 64)] == [2, 3]
    assert kept.after(2, 5, 64) is not None  # what has left makes room too
    kept.keep([growth(trio, 0, trio.events[:1], 4)])
    assert [row for row in (2, 3, 4) if kept.after(row, 5 if row == 2 else 0, 64)] == [2, 3, 4]
