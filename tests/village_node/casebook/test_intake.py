"""The door for peers: what comes is stored, parked or refused, told to the sender, and never half done."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from sync_protocol import limits
from sync_protocol.case import kinds
from sync_protocol.errors import (
    BadSeal,
    Gap,
    ScopeNotAllowed,
    ScopeNotFollowed,
    StagingFull,
    UnknownIncarnation,
)
from sync_protocol.event import Position
from sync_protocol.exchange import PARKED, REFUSED, Answer, Content
from sync_protocol.places import about
from sync_protocol.stream import Draft, Head, append, stream_id
from tests.builders import (
    COUNTY,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    SECOND_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    Member,
    Network,
    network,
    settle,
)
from tests.village_node.casebook.messages import arrived, events_of, frame, segment
from tests.village_node.casebook.trio import Trio, receipts_of
from village_node.casebook import Casebook, ledger
from village_node.store import Connection, NotSaved, Store, cases, parking, peers, streams

HOME = about(VILLAGE)


def test_one_case_goes_up_three_levels_and_comes_back(trio: Trio) -> None:
    village, township, county, ref = trio.village, trio.township, trio.county, trio.refs[0]
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    settle(village, township)
    for kind, body in (
        (kinds.ACCEPT, {}),
        (kinds.DOCKET, {}),
        (kinds.REVIEW, {"opinion": "agree"}),
        (kinds.HANDOFF, {"to": COUNTY, "purpose": "decide"}),
    ):
        township.act(ref, kind, body)
    settle(township, county)
    county.act(ref, kinds.ACCEPT)
    county.act(ref, kinds.DECIDE, {"outcome": "refuse", "reasons": "家庭收入高于当地标准"})
    for _ in range(2):
        settle(township, county)
        settle(village, township)
    assert village.state(ref) == township.state(ref) == county.state(ref) == "decided_refused"
    cases = [member.casebook.case(ref.scope, ref.case_id) for member in (village, township, county)]
    assert cases[0] == cases[1] == cases[2]
    for member, child in ((village, VILLAGE), (township, VILLAGE)):
        assert member.casebook.shared_points(child) == trio.township.casebook.shared_points(VILLAGE)
    state = village.casebook.sync_state()
    assert state["not_left"] == state["not_at_county"] == {"cases": 0, "events": 0}
    proof = village.casebook.proof(ref.case_no)
    assert proof is not None
    assert proof["seq"] == 1


def test_a_village_knows_what_no_receipt_from_the_county_covers(trio: Trio) -> None:
    assert trio.village.casebook.sync_state()["not_left"] == {"cases": 3, "events": 6}
    settle(trio.village, trio.township)
    state = trio.village.casebook.sync_state()
    assert state["not_left"] == {"cases": 0, "events": 0}
    assert state["not_at_county"] == {"cases": 3, "events": 6}
    assert trio.village.casebook.proof(trio.refs[0].case_no) is None


def test_the_same_message_twice_stores_nothing_new_and_says_the_same(trio: Trio) -> None:
    content = frame(trio.village, trio.key, trio.events[:4], trio.events[5:])
    first = trio.give(content)
    receipts, points = receipts_of(trio.county), trio.county.casebook.shared_points(VILLAGE)
    again = trio.give(content)
    assert first.stored == 4
    assert again.stored == 0
    assert again.answers == first.answers == [Answer(*trio.key, 6, PARKED, Gap.code)]
    assert (receipts_of(trio.county), trio.county.casebook.shared_points(VILLAGE)) == (receipts, points)
    assert trio.county.casebook.counts()["parked"] == 1


def test_a_power_cut_in_the_middle_leaves_nothing_and_the_next_try_everything(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = frame(trio.village, trio.key, trio.events)
    told: list[set[str]] = []
    trio.county.casebook.on_news(told.append)

    def cut(*anything: object) -> None:
        raise KeyboardInterrupt("the light went out")

    for owner, name in (
        (ledger, "_move_streams"),
        (streams, "add_events"),
        (cases, "put"),
        (peers, "change_peer"),
        (Casebook, "mark_news"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, cut)
            with pytest.raises(KeyboardInterrupt):
                trio.give(content, place=VILLAGE, direction="down", issued=1)
        assert trio.held() == 0
        assert trio.county.casebook.shared_points(VILLAGE) == []
        assert trio.county.casebook.view_counts()["all"] == 0
        assert trio.county.casebook.peer(trio.village.identity.incarnation) is None
    assert told == []
    assert trio.give(content, place=VILLAGE, direction="down", issued=1).stored == 6
    assert told == [{HOME}]
    peer = trio.county.casebook.peer(trio.village.identity.incarnation)
    assert peer is not None
    assert peer.issued == 1


def test_a_poisoned_segment_keeps_no_other_from_its_place(net: Network) -> None:
    net.enrol(SECOND_VILLAGE)
    for code in (COUNTY, TOWNSHIP, VILLAGE):
        net.members[code].casebook.apply_roster(net.changes[-1:])
    second = net.open(SECOND_VILLAGE)
    trio = Trio(net)
    other = second.file()
    content = Content()
    good = segment(trio.village, trio.key, trio.events, content)
    key = (second.identity.incarnation, about(SECOND_VILLAGE))
    bad = segment(second, key, events_of(second, key), content)
    bad[-1] = bytes(64)
    content.packed_segments = [bad, good, "no segment at all"]
    received = trio.give(arrived(content))
    assert received.stored == 6
    assert received.answers == [Answer(*key, 1, REFUSED, BadSeal.code)]
    counts = trio.county.casebook.counts()
    assert counts["refused"] == 2
    assert trio.county.state(other) == ""
    # The position may still come sound by another road.
    settle(second, trio.township)
    settle(trio.township, trio.county)
    assert trio.county.state(other) == "received"


def test_what_a_place_does_not_follow_never_enters_its_database(folder: Path) -> None:
    net = network(folder, COUNTY, TOWNSHIP, OTHER_TOWNSHIP, VILLAGE, OTHER_VILLAGE)
    foreign = net.members[OTHER_VILLAGE]
    foreign.file()
    key = (foreign.identity.incarnation, about(OTHER_VILLAGE))
    # A village does not even know the nodes of another township; to the township the scope is foreign.
    township = net.members[TOWNSHIP]
    township.casebook.apply_roster(net.changes)
    received = township.casebook.receive(
        foreign.identity.incarnation, frame(foreign, key, events_of(foreign, key)), peer_update={}
    )
    assert received.stored == 0
    assert received.answers == [Answer(*key, 1, REFUSED, ScopeNotFollowed.code)]
    assert township.casebook.view_counts()["all"] == 0
    with township.store.reading() as connection:
        assert streams.in_scopes(connection, [about(OTHER_VILLAGE)]) == []
    net.close()


def test_a_village_may_not_write_into_a_neighbour_s_scope(net: Network) -> None:
    net.enrol(SECOND_VILLAGE)
    for code in (COUNTY, TOWNSHIP):
        net.members[code].casebook.apply_roster(net.changes[-1:])
    trio = Trio(net)
    intruder = net.identities[SECOND_VILLAGE]
    identifier = stream_id(net.roster.network_id, intruder.incarnation, HOME, 1)
    draft = Draft(kinds.NOTE, 1, trio.events[0].header.case_id, 1, 1, "0001", b"\xa0", True)
    event = append(identifier, Head(0, identifier), draft, bytes(16))
    content = Content()
    key = (intruder.incarnation, HOME)
    member = Member(intruder, trio.county.store, trio.county.casebook, net.clock)
    content.packed_segments = [segment(member, key, [event], content)]
    received = trio.give(arrived(content))
    assert received.answers == [Answer(*key, 1, REFUSED, ScopeNotAllowed.code)]
    assert received.stored == 0


def test_reordered_segments_of_one_message_all_join(trio: Trio) -> None:
    received = trio.give(frame(trio.village, trio.key, trio.events[4:], trio.events[:2], trio.events[2:4]))
    assert received.stored == 6
    assert received.answers == []


def test_a_gap_is_parked_and_closes_when_what_was_missing_comes(trio: Trio) -> None:
    late = trio.give(frame(trio.village, trio.key, trio.events[2:4], trio.events[4:]))
    assert late.stored == 0
    assert [(answer.seq, answer.disposition, answer.code) for answer in late.answers] == [
        (3, PARKED, Gap.code),
        (5, PARKED, Gap.code),
    ]
    assert trio.county.casebook.counts()["parked"] == 4
    assert trio.give(frame(trio.village, trio.key, trio.events[:2])).stored == 6
    assert trio.county.casebook.counts()["parked"] == 0
    assert trio.county.state(trio.refs[2]) == "received"


def test_events_of_an_unknown_node_wait_for_the_roster(net: Network) -> None:
    net.enrol(SECOND_VILLAGE)
    second = net.open(SECOND_VILLAGE)
    ref = second.file()
    key = (second.identity.incarnation, about(SECOND_VILLAGE))
    content = frame(second, key, events_of(second, key))
    county = net.members[COUNTY]
    received = county.casebook.receive(second.identity.incarnation, content, peer_update={})
    assert received.answers == [Answer(*key, 1, PARKED, UnknownIncarnation.code)]
    assert county.state(ref) == ""
    # The roster comes with the next message, and with it the parked events find their place.
    grown = arrived(Content(roster_changes=list(net.changes)))
    assert county.casebook.receive(bytes(16), grown, peer_update={}).stored == 2
    assert county.state(ref) == "received"
    assert county.casebook.counts()["parked"] == 0


def test_a_roster_change_that_does_not_hold_spoils_nothing_else(trio: Trio) -> None:
    content = frame(trio.village, trio.key, trio.events)
    bent = trio.net.changes[-1]._replace(signatures=((bytes(8), bytes(64)),))
    content.roster_changes = [bent._replace(payload=bent.payload[:-1]), *trio.net.changes]
    assert trio.give(content).stored == 6
    assert trio.county.casebook.counts()["refused"] == 1


def test_parked_segments_are_bounded_and_the_oldest_is_said_to_make_way(
    trio: Trio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STAGED_SEGMENTS", 2)
    answers = [trio.give(frame(trio.village, trio.key, trio.events[start:])).answers for start in (2, 3, 4)]
    assert answers[-1] == [Answer(*trio.key, 5, PARKED, Gap.code), Answer(*trio.key, 3, PARKED, StagingFull.code)]
    with trio.county.store.reading() as connection:
        assert [row.first_seq for row in parking.parked(connection)] == [4, 5]


def test_what_a_peer_refused_is_shown_until_it_holds_it_after_all(trio: Trio) -> None:
    township = trio.township.identity.incarnation
    said = Content(answers=[Answer(*trio.key, 3, REFUSED, BadSeal.code), Answer(*trio.key, 99, REFUSED, 1)])
    trio.village.casebook.receive(township, said, peer_update={})
    assert trio.village.casebook.counts()["refused_there"] == 1
    settle(trio.village, trio.township)
    assert trio.village.casebook.counts()["refused_there"] == 0


def test_a_case_that_relies_on_another_stream_is_folded_again_when_that_comes(trio: Trio) -> None:
    ref = trio.refs[0]
    trio.village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    settle(trio.village, trio.township)
    trio.township.act(ref, kinds.ACCEPT)
    trio.village.act(ref, kinds.SUPPLY, {"text": "补交户口簿"})
    settle(trio.village, trio.township)
    case = trio.township.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    named = [list(note.position) for note in case.open_supplies]
    trio.township.act(ref, kinds.TAKE, {"supplies": named})
    upper = (trio.township.identity.incarnation, HOME)
    trio.give(frame(trio.township, upper, events_of(trio.township, upper)))
    assert trio.county.state(ref) == ""
    village_events = events_of(trio.village, trio.key)
    trio.give(frame(trio.village, trio.key, village_events[:-1]))
    before = trio.county.casebook.case(ref.scope, ref.case_id)
    assert before is not None
    assert before.counts["waiting"] == 1  # the take names a supply that is not here
    trio.give(frame(trio.village, trio.key, village_events[-1:]))
    assert trio.county.casebook.case(ref.scope, ref.case_id) == trio.township.casebook.case(ref.scope, ref.case_id)
    row = trio.county.casebook.case_row(ref.scope, ref.case_id)
    assert row is not None
    assert row.n_waiting == 0


def test_a_frame_is_cut_at_whole_segments_and_says_when_more_is_owed(trio: Trio) -> None:
    for _ in range(100):
        trio.village.act(trio.refs[0], kinds.NOTE, {"text": "核实记录" * 100})
    sizes = []
    for _ in range(50):
        mine = trio.village.casebook.shared_points(VILLAGE)
        content = Content()
        out = trio.village.casebook.owed(
            mine, trio.township.casebook.shared_points(VILLAGE), tables=content.tables, budget=40_000
        )
        content.packed_segments = out.segments
        sizes.append(len(out.segments))
        trio.township.casebook.receive(trio.key[0], arrived(content), peer_update={})
        if not out.more:
            break
    assert len(sizes) > 3
    assert set(sizes[:-1]) == {1}
    settle(trio.village, trio.township)
    assert events_of(trio.township, trio.key) == events_of(trio.village, trio.key)
    settle(trio.township, trio.county)  # a relay's own cut of the author's seals
    assert events_of(trio.county, trio.key) == events_of(trio.village, trio.key)


def test_streams_that_are_withheld_send_nothing_and_do_not_count_as_more(trio: Trio) -> None:
    content = Content()
    out = trio.village.casebook.owed(
        trio.village.casebook.shared_points(VILLAGE),
        [],
        tables=content.tables,
        budget=1,
        withheld=frozenset({trio.key}),
    )
    assert (out.segments, out.more, out.sent) == ([], False, [])


def test_a_full_disk_in_the_middle_of_a_message_keeps_nothing_of_it(
    folder: Path, full_disk: Callable[[Store], None]
) -> None:
    net = network(folder)
    trio = Trio(net)
    trio.village.casebook.update_peer(trio.county.identity.incarnation, place=COUNTY, direction="up")
    for _ in range(60):
        trio.village.act(trio.refs[0], kinds.NOTE, {"text": "核实记录" * 400})
    full_disk(trio.county.store)
    with pytest.raises(NotSaved):
        trio.give(frame(trio.village, trio.key, events_of(trio.village, trio.key)[:60]))
    assert trio.held() == 0
    trio.county.store.close()
    trio.county = net.open(COUNTY)
    assert trio.give(frame(trio.village, trio.key, events_of(trio.village, trio.key)[:6])).stored == 6
    net.close()


def test_strange_numbers_and_names_of_a_peer_stop_nothing(trio: Trio) -> None:
    said = Content(answers=[Answer(*trio.key, 6, REFUSED, 0xFFFF)])
    trio.give(frame(trio.village, trio.key, trio.events))
    trio.give(said, place=VILLAGE, direction="down", software="\0\u202e", skew_ms=-(2**64))
    assert trio.county.casebook.counts()["refused_there"] == 1
    peer = trio.county.casebook.peer(trio.key[0])
    assert peer is not None
    assert (peer.software, peer.skew_ms) == ("\u202e", -(2**63) + 1)


def test_positions_are_computed_again_only_after_something_has_changed(trio: Trio) -> None:
    first = trio.county.casebook.shared_points(VILLAGE)
    trio.county.casebook.update_peer(trio.key[0], place=VILLAGE, direction="down", last_contact_ms=1)
    assert trio.county.casebook.shared_points(VILLAGE) is first
    trio.give(frame(trio.village, trio.key, trio.events))
    second = trio.county.casebook.shared_points(VILLAGE)
    assert [point.seq for point in second] == [6]


def test_what_waited_for_a_newer_catalogue_is_folded_again_by_the_first_start_with_it(folder: Path) -> None:
    net = network(folder)
    trio = Trio(net)
    catalogue = net.catalogue
    trio.county.store.close()
    net.catalogue = type(catalogue)([])
    trio.county = net.open(COUNTY)
    trio.give(frame(trio.village, trio.key, trio.events))
    assert trio.county.casebook.view_counts()["all"] == 0
    assert trio.county.casebook.counts()["waiting"] == 6
    trio.county.store.close()
    net.catalogue = catalogue
    trio.county = net.open(COUNTY)
    assert trio.county.casebook.view_counts()["all"] == 3
    assert trio.county.casebook.counts()["waiting"] == 0
    net.close()


def test_an_event_that_follows_one_of_another_case_is_void_once_that_is_held(trio: Trio) -> None:
    ref = trio.refs[0]
    later = trio.events[3]  # the second case is received here
    stranger = Position(trio.key[0], 4, later.hash[: limits.MARK])
    draft = Draft(kinds.DOCKET, 1, trio.events[0].header.case_id, later.header.hlc, 1, "0001", b"\xa0", False, stranger)
    upper = trio.township.identity.incarnation
    identifier = stream_id(trio.net.roster.network_id, upper, HOME, 1)
    content = frame(trio.township, (upper, HOME), [append(identifier, Head(0, identifier), draft, None)])
    trio.give(frame(trio.village, trio.key, trio.events[:2]))
    trio.county.casebook.receive(upper, content, peer_update={})
    assert [row["waiting"] for row in trio.county.casebook.counts()["streams"] if row["place"] == TOWNSHIP] == [1]
    # The event it follows comes, and is of another case: nothing of its own case has come, and yet it is judged again.
    trio.give(frame(trio.village, trio.key, trio.events[2:]))
    row = trio.county.casebook.case_row(ref.scope, ref.case_id)
    assert row is not None
    assert (row.n_waiting, row.n_void, row.n_events, row.state) == (0, 1, 3, "received")
    entry = trio.county.casebook.timeline(ref.scope, ref.case_id)[-1]
    assert (entry.verdict.code, entry.verdict.reason) == ("void", "after_other_case")


def test_who_brings_little_stands_behind_one_frame_and_not_behind_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody writes one of two frames is at the writer; a message without segments comes to it all the same.
    On SQLite, where one writes at a time."""
    trio = Trio(network(folder))
    county = trio.county.casebook
    at_the_writer, in_line = threading.Semaphore(0), threading.Semaphore(0)
    writing, line = county.store.writing, county.frames_line

    class Watched:
        def __enter__(self) -> None:
            in_line.release()
            line.__enter__()

        def __exit__(self, *raised: Any) -> None:
            line.__exit__(*raised)

    def asked() -> AbstractContextManager[Connection]:
        at_the_writer.release()
        return writing()

    monkeypatch.setattr(county.store, "writing", asked)
    monkeypatch.setattr(county, "frames_line", Watched())
    halves = [frame(trio.village, trio.key, part) for part in (trio.events[:2], trio.events[2:])]
    with writing():
        frames = [threading.Thread(target=trio.give, args=[each]) for each in halves]
        for each in frames:
            each.start()
        assert all(in_line.acquire(timeout=5.0) for _ in frames)
        assert at_the_writer.acquire(timeout=5.0)
        little = threading.Thread(target=trio.give, args=[Content()])
        little.start()
        assert at_the_writer.acquire(timeout=5.0), "what brings no segment does not stand in the line of those that do"
        assert not at_the_writer.acquire(blocking=False), "the second frame waits for the first"
    for each in (*frames, little):
        each.join(5.0)
    assert trio.held() == len(trio.events)
    trio.net.close()
