"""One gate: what is sound is stored, what is early waits, what can never verify enters nothing."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol import limits
from sync_protocol.admission import Parked, Refused, Stored, admit
from sync_protocol.errors import (
    BadSeal,
    Fork,
    Gap,
    ScopeNotAllowed,
    ScopeNotFollowed,
    TooLarge,
    UnknownIncarnation,
    UnknownNode,
)
from sync_protocol.event import Event, Head
from sync_protocol.roster import Change, Roster, place_op
from sync_protocol.roster.forks import prove
from sync_protocol.seal import check, seal
from sync_protocol.suites import S1
from sync_protocol.wire import Segment, Tables, pack_segment, read_segment
from tests.sync_protocol.sample import (
    CHANGES,
    COUNTY,
    NETWORK,
    ROSTER,
    STATION,
    TOWNSHIP,
    TOWNSHIP_2,
    VILLAGE,
    VILLAGE_2,
    VILLAGE_3,
    WINDOW,
    Writer,
    applied,
    changed,
    incarnation,
    key,
    without_bodies,
)
from tests.sync_protocol.test_roster_forks import RULING, A, after
from tests.sync_protocol.vector_makers.roster_forks import FARMS, HAMLETS
from township_node.downlink.children import child_node, child_nodes

SCOPE = f"about:{VILLAGE}"


class Receiver:
    """Somebody who keeps streams, and stores what the gate lets through."""

    def __init__(self, place: str = TOWNSHIP, roster: Roster = ROSTER) -> None:
        self.place = place
        self.roster = roster
        self.held: dict[tuple[bytes, str], list[Event]] = {}

    def events(self, writer: Writer) -> list[Event]:
        return self.held.get((writer.incarnation, writer.scope), [])

    def admit(self, segment: Segment) -> Stored | Parked | Refused:
        held = self.held.setdefault((segment.incarnation, segment.scope), [])
        head = Head(len(held), held[-1].hash) if held else None
        answer = admit(
            segment, roster=self.roster, my_place=self.place, head=head, hash_at=lambda seq: held[seq - 1].hash
        )
        if isinstance(answer, Stored):
            held += answer.events
            assert answer.head == Head(len(held), held[-1].hash)
            assert answer.seal == segment.signature
        return answer


def village() -> Writer:
    return Writer("village", SCOPE).write_cases(2)


def refusal(answer: Stored | Parked | Refused) -> int:
    assert isinstance(answer, Refused), answer
    return answer.code


def parked(answer: Stored | Parked | Refused) -> int:
    assert isinstance(answer, Parked), answer
    return answer.code


def test_a_sound_segment_is_stored_with_every_hash_rebuilt():
    writer, receiver = village(), Receiver()
    answer = receiver.admit(writer.segment(1, 8))
    assert isinstance(answer, Stored)
    assert (answer.events, answer.repeated) == (writer.events, [])


def test_segments_join_the_head_one_after_the_other():
    writer, receiver = village(), Receiver()
    for first, last in ((1, 1), (2, 5), (6, 8)):
        assert isinstance(receiver.admit(writer.segment(first, last)), Stored)
    assert receiver.events(writer) == writer.events


def test_the_same_again_stores_nothing_new():
    writer, receiver = village(), Receiver()
    receiver.admit(writer.segment(1, 8))
    for first, last in ((1, 8), (1, 1), (3, 6), (8, 8)):
        answer = receiver.admit(writer.segment(first, last))
        assert isinstance(answer, Stored)
        assert (answer.events, answer.repeated) == ([], writer.events[first - 1 : last])
        assert answer.head == writer.head


def test_what_overlaps_the_head_adds_only_what_is_new():
    writer, receiver = village(), Receiver()
    receiver.admit(writer.segment(1, 4))
    answer = receiver.admit(writer.segment(3, 8))
    assert isinstance(answer, Stored)
    assert (answer.repeated, answer.events) == (writer.events[2:4], writer.events[4:])


def test_a_body_that_was_missing_comes_with_a_segment_held_already():
    writer, receiver = village(), Receiver()
    assert isinstance(receiver.admit(bare(writer)), Stored)
    assert receiver.events(writer) == without_bodies(writer.events)
    answer = receiver.admit(writer.segment(1, 8))
    assert isinstance(answer, Stored)
    assert [event.body for event in answer.repeated] == [event.body for event in writer.events]


def bare(writer: Writer) -> Segment:
    """All its events as a relay sends them that was given no bodies."""
    tables, bodiless = Tables(), without_bodies(writer.events)
    signature = writer.sealed(len(bodiless))
    return read_segment(
        pack_segment(writer.incarnation, writer.scope, writer.stream, bodiless, signature, tables), tables
    )


def test_a_gap_waits_until_it_is_filled():
    writer, receiver = village(), Receiver()
    late = writer.segment(5, 8)
    assert parked(receiver.admit(late)) == Gap.code
    assert receiver.events(writer) == []
    receiver.admit(writer.segment(1, 4))
    assert isinstance(receiver.admit(late), Stored)
    assert receiver.events(writer) == writer.events


def test_an_author_who_is_not_in_the_roster_yet_waits_for_it():
    writer, receiver = village(), Receiver(roster=applied(CHANGES[:3]))
    assert parked(receiver.admit(writer.segment(1, 8))) == UnknownIncarnation.code
    receiver.roster = ROSTER
    assert isinstance(receiver.admit(writer.segment(1, 8)), Stored)


def test_a_new_node_of_a_place_that_is_known_waits_for_the_roster_too():
    writer, receiver = Writer("village again", SCOPE).write_cases(2), Receiver(roster=applied(CHANGES[:9]))
    assert receiver.roster.nodes_of(VILLAGE)
    assert parked(receiver.admit(writer.segment(1, 8))) == UnknownIncarnation.code
    receiver.roster = ROSTER
    assert isinstance(receiver.admit(writer.segment(1, 8)), Stored)


def test_what_a_struck_author_wrote_whose_place_never_came_here_waits_and_breaks_nothing():
    known = after(ROSTER, *A).apply(RULING)
    struck = known.node(incarnation("other"))
    assert struck is not None and struck.struck and struck.place not in known.places
    writer = Writer("other", SCOPE).write_cases(1)
    assert parked(Receiver(roster=known).admit(writer.segment(1, 4))) == UnknownIncarnation.code
    with pytest.raises(UnknownNode):
        child_node(known, COUNTY, struck.incarnation, struck=True)
    with pytest.raises(UnknownNode):
        child_nodes(known, COUNTY, struck.incarnation[:4])


def test_a_scope_whose_place_is_not_in_the_roster_yet_waits_for_it():
    writer = Writer("township", SCOPE).write_cases(1)
    receiver = Receiver(COUNTY, applied(CHANGES[:3]))
    assert receiver.roster.node(writer.incarnation) is not None
    assert parked(receiver.admit(writer.segment(1, 4))) == UnknownIncarnation.code
    receiver.roster = ROSTER
    assert isinstance(receiver.admit(writer.segment(1, 4)), Stored)


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("village 2", SCOPE),
        ("village", f"about:{TOWNSHIP}"),
        ("village", f"below:{TOWNSHIP}"),
        ("village", f"about:{COUNTY}"),
        ("village", f"about:{VILLAGE_2}"),
        ("township", f"below:{VILLAGE}"),
        ("county", f"below:{TOWNSHIP}"),
        ("township 2", SCOPE),
        ("station", SCOPE),
        ("window", SCOPE),
    ],
)
def test_who_does_not_cover_a_scope_may_not_write_into_it(name: str, scope: str):
    writer = Writer(name, scope).write_cases(1)
    assert refusal(Receiver(COUNTY).admit(writer.segment(1, 4))) == ScopeNotAllowed.code


@pytest.mark.parametrize(
    ("place", "name", "scope"),
    [
        (VILLAGE_2, "village", SCOPE),
        (TOWNSHIP_2, "village", SCOPE),
        (WINDOW, "village", SCOPE),
        (STATION, "village", SCOPE),
        (VILLAGE, "county", f"about:{COUNTY}"),
        (VILLAGE, "township", f"about:{TOWNSHIP}"),
        (TOWNSHIP_2, "township", f"below:{TOWNSHIP}"),
    ],
)
def test_a_scope_that_is_not_followed_here_is_not_stored(place: str, name: str, scope: str):
    writer = Writer(name, scope).write_cases(1)
    assert refusal(Receiver(place).admit(writer.segment(1, 4))) == ScopeNotFollowed.code


@pytest.mark.parametrize(
    ("place", "name", "scope"),
    [
        (VILLAGE, "county", f"below:{COUNTY}"),
        (STATION, "county", f"below:{COUNTY}"),
        (VILLAGE, "county", SCOPE),
        (VILLAGE, "township", SCOPE),
        (COUNTY, "station", f"about:{STATION}"),
        (COUNTY, "village", f"below:{VILLAGE}"),
        (STATION, "village", f"below:{VILLAGE}"),
        (VILLAGE, "village again", SCOPE),
    ],
)
def test_what_both_rules_allow_is_stored(place: str, name: str, scope: str):
    writer = Writer(name, scope).write_cases(1)
    assert isinstance(Receiver(place).admit(writer.segment(1, 4)), Stored)


def test_a_place_code_that_only_begins_alike_is_another_place():
    short = Writer("village", f"about:{VILLAGE[:-1]}").write_cases(1)
    assert parked(Receiver().admit(short.segment(1, 4))) == UnknownIncarnation.code
    for place in ("6210211012011", "62102110120"):
        grown = Receiver(roster=ROSTER.apply(named(place)))
        long = Writer("village", f"about:{place}").write_cases(1)
        assert refusal(grown.admit(long.segment(1, 4))) == ScopeNotAllowed.code


def named(place: str) -> Change:
    """The change that names this village."""
    return changed(ROSTER, TOWNSHIP, [place_op(place, "village", TOWNSHIP, "")], "township")


def test_a_seal_must_be_the_author_s_at_the_last_position():
    writer = village()
    segment = writer.segment(1, 8)
    head = Head(8, writer.events[7].hash)
    wrong = [
        writer.sealed(7),
        seal(key("village 2"), NETWORK, writer.stream, head),
        seal(key("village again"), NETWORK, writer.stream, head),
        seal(key("village"), bytes(32), writer.stream, head),
        seal(key("village"), NETWORK, bytes(32), head),
        seal(key("village"), NETWORK, writer.stream, Head(9, head.hash)),
        bytes(64),
    ]
    for signature in wrong:
        receiver = Receiver()
        assert refusal(receiver.admit(replace(segment, signature=signature))) == BadSeal.code
        assert receiver.events(writer) == []
    check(S1, key("village").public, NETWORK, writer.stream, 8, head.hash, segment.signature)


def test_a_stream_of_one_incarnation_is_not_taken_for_another_s():
    older, newer = village(), Writer("village again", SCOPE).write_cases(2)
    segment = older.segment(1, 8)
    assert refusal(Receiver().admit(replace(segment, incarnation=newer.incarnation))) == BadSeal.code
    assert refusal(Receiver(COUNTY).admit(replace(segment, scope=f"below:{VILLAGE}"))) == BadSeal.code


def rearranged(segment: Segment, change: Callable[[list[Any]], list[Any]]) -> Segment:
    """The segment with every column rearranged alike."""
    columns = ("kinds", "versions", "cases", "afters", "deps", "hlcs", "claims", "actors", "inlines", "exts")
    changed: dict[str, Any] = {column: change(getattr(segment, column)) for column in columns}
    return replace(segment, **changed, n=len(changed["kinds"]))


def test_events_swapped_left_out_or_doubled_are_refused():
    writer = Writer("village", SCOPE)
    for number in range(6):
        writer.write(65, number, case_id=None)
    segment = writer.segment(1, 6)
    changes: list[Callable[[list[Any]], list[Any]]] = [
        lambda column: [column[1], column[0], *column[2:]],
        lambda column: [*column[:4], column[5], column[4]],
        lambda column: column[:-1],
        lambda column: column[1:],
        lambda column: [*column[:2], *column[3:]],
        lambda column: [*column, column[-1]],
        lambda column: column[::-1],
    ]
    assert isinstance(Receiver().admit(rearranged(segment, list)), Stored)
    for change in changes:
        receiver = Receiver()
        assert refusal(receiver.admit(rearranged(segment, change))) == BadSeal.code
        assert receiver.events(writer) == []


def test_another_event_at_a_held_position_is_a_fork_when_its_author_sealed_it():
    writer, other, receiver = village(), Writer("village", SCOPE), Receiver()
    other.write(1, "another life", apart=True)
    other.write_cases(3)
    receiver.admit(writer.segment(1, 4))
    for first, last in ((1, 1), (1, 4), (1, 13), (3, 4)):
        code = refusal(receiver.admit(other.segment(first, last)))
        assert code == (Fork.code if first == 1 else BadSeal.code)
        assert receiver.events(writer) == writer.events[:4]
    forged = replace(other.segment(1, 4), signature=bytes(64))
    assert refusal(receiver.admit(forged)) == BadSeal.code


def test_a_branch_that_parts_later_is_a_fork_even_when_longer():
    writer, receiver = village(), Receiver()
    twin = Writer("village", SCOPE, events=list(writer.events[:6]))
    twin.write_cases(2)
    receiver.admit(writer.segment(1, 8))
    assert refusal(receiver.admit(twin.segment(1, 14))) == Fork.code
    assert refusal(receiver.admit(twin.segment(7, 14))) == Fork.code
    assert isinstance(receiver.admit(twin.segment(1, 6)), Stored)
    assert receiver.events(writer) == writer.events


def test_what_is_rebuilt_beyond_a_limit_is_refused():
    writer = village()
    exts: list[dict[int, Any]] = [{0: bytes(limits.HEADER)}, *writer.segment(1, 8).exts[1:]]
    assert refusal(Receiver().admit(replace(writer.segment(1, 8), exts=exts))) == TooLarge.code


def test_a_store_that_lost_what_it_holds_is_not_taken_for_a_fork():
    writer = village()
    with pytest.raises(LookupError, match="held up to 8"):
        admit(writer.segment(3, 4), roster=ROSTER, my_place=TOWNSHIP, head=writer.head, hash_at=lambda seq: None)


@given(st.data())
def test_however_a_relay_joins_and_splits_segments_all_come_to_the_same_head(data: st.DataObject):
    writer = Writer("village", SCOPE).write_cases(data.draw(st.integers(1, 5)))
    relay, county = Receiver(TOWNSHIP), Receiver(COUNTY)
    for receiver in (relay, county):
        borders = data.draw(st.sets(st.integers(1, len(writer.events) - 1)))
        edges = [0, *sorted(borders), len(writer.events)]
        for first, last in pairwise(edges):
            assert isinstance(receiver.admit(writer.segment(first + 1, last)), Stored)
        assert receiver.events(writer) == writer.events


@given(st.permutations(range(8)), st.integers(0, 3))
def test_in_whatever_order_segments_come_parked_ones_tried_again_all_are_stored_once(order: list[int], again: int):
    writer, receiver = village(), Receiver()
    waiting: list[Segment] = []
    for number in [*order, *order[:again]]:
        waiting.append(writer.segment(number + 1, number + 1))
        progress = True
        while progress:
            left = [segment for segment in waiting if isinstance(receiver.admit(segment), Parked)]
            progress, waiting = len(left) < len(waiting), left
    assert waiting == []
    assert receiver.events(writer) == writer.events


UNREAD = ROSTER.apply(changed(ROSTER, TOWNSHIP, [[9]], "township"))
FORKED = ROSTER.forked(prove(HAMLETS[0], FARMS[0]))


@pytest.mark.parametrize("roster", [UNREAD, FORKED], ids=["not understood", "forked"])
@pytest.mark.parametrize(
    ("name", "scope", "place"),
    [
        ("village 2", SCOPE, TOWNSHIP),
        ("village 2", f"about:{STATION}", TOWNSHIP),
        ("village", SCOPE, VILLAGE_2),
        ("station", f"below:{STATION}", VILLAGE_2),
        ("village 2", f"below:{VILLAGE_2}", VILLAGE),
        ("village 2", f"below:{VILLAGE_2}", STATION),
    ],
)
def test_what_a_merger_would_explain_waits_where_the_roster_may_say_so_yet(
    name: str, scope: str, place: str, roster: Roster
) -> None:
    segment = Writer(name, scope).write_cases(1).segment(1, 4)
    assert refusal(Receiver(place).admit(segment)) in (ScopeNotAllowed.code, ScopeNotFollowed.code)
    assert parked(Receiver(place, roster).admit(segment)) == UnknownIncarnation.code


@pytest.mark.parametrize(
    ("name", "scope", "place"),
    [("village 3", SCOPE, TOWNSHIP), ("village", SCOPE, VILLAGE_3), ("village", f"below:{VILLAGE_2}", TOWNSHIP),
     ("station", f"about:{VILLAGE}", TOWNSHIP), ("township 2", f"about:{TOWNSHIP}", COUNTY)],
)  # fmt: skip
def test_what_no_merger_explains_is_refused_all_the_same(name: str, scope: str, place: str) -> None:
    segment = Writer(name, scope).write_cases(1).segment(1, 4)
    for roster in (UNREAD, FORKED):
        assert refusal(Receiver(place, roster).admit(segment)) in (ScopeNotAllowed.code, ScopeNotFollowed.code)
