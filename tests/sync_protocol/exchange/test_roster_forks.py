"""Forks of the roster in the exchange: trails find where two chains part, proofs go to who lacks them, once."""

from typing import Any

import pytest

from sync_protocol.errors import Malformed, RosterRollback, TooLarge
from sync_protocol.event import mark
from sync_protocol.exchange import (
    Content,
    RosterHead,
    RosterTalk,
    Trail,
    changes_after_trail,
    changes_lacking,
    content_map,
    disagree,
    goes_further,
    read_content,
    roster_heads,
    roster_talk,
)
from sync_protocol.roster import Change, Roster
from sync_protocol.roster.forks import to_bytes
from tests.sync_protocol.sample import COUNTY, ROSTER, TOWNSHIP, VILLAGE, changed, node_op, publisher_op
from tests.sync_protocol.test_roster_forks import FORK, RULING, SPLIT, A, B, after, ruling


def grown(roster: Roster, count: int, name: str) -> Roster:
    """So many changes more, each of them another publishing key."""
    for number in range(count):
        change = changed(roster, COUNTY, [publisher_op(f"{name} {number}")], "root 3", "root 4")
        roster = roster.apply(change)
    return roster


def heads_of(roster: Roster) -> list[RosterHead]:
    return roster_heads(roster, TOWNSHIP)


@pytest.mark.parametrize(("shared", "one", "other"), [(0, 1, 1), (3, 1, 90), (120, 70, 2), (5, 200, 200)])
def test_a_trail_leads_to_the_first_change_that_differs(shared: int, one: int, other: int):
    base = grown(ROSTER, shared, "shared")
    here, there = grown(base, one, "one"), grown(base, other, "other")
    longer, shorter = (here, there) if one >= other else (there, here)
    assert disagree(longer, heads_of(shorter))
    talk = roster_talk(longer, TOWNSHIP, heads_of(shorter))
    (shown,) = talk.trails
    assert len(shown.marks) <= 64 and shown.marks[0][0] == 1
    told = changes_after_trail(shorter, TOWNSHIP, shown)
    assert len(told) <= len(shorter.changes(COUNTY)) // 48 + 16 + min(one, other)
    proven = None
    for change in told:
        try:
            longer = longer.apply(change)
        except RosterRollback:
            proven = longer.fork_by(change)
            break
    assert proven is not None and proven.split == len(base.changes(COUNTY)) + 1
    assert longer.forked(proven).forks[COUNTY] == proven


def test_a_proof_goes_to_who_does_not_show_that_he_knows_it():
    knows, other = after(ROSTER, *A).forked(FORK), after(ROSTER, *B)
    assert roster_talk(knows, TOWNSHIP, None) == RosterTalk({COUNTY: SPLIT})
    assert roster_talk(knows, TOWNSHIP, heads_of(other)).proofs == [FORK]
    assert disagree(knows, heads_of(other)) and disagree(other, heads_of(knows))
    assert not roster_talk(other, TOWNSHIP, heads_of(knows)), "it asks by telling its heads"
    both = other.forked(FORK)
    assert roster_talk(knows, TOWNSHIP, heads_of(both)) == RosterTalk({COUNTY: SPLIT})
    assert not disagree(knows, heads_of(both)) and not disagree(both, heads_of(knows))
    assert not goes_further(heads_of(knows), heads_of(both)), "nothing of it would be taken"


def test_nothing_behind_a_fork_is_sent_until_the_ruling_and_then_all_of_it():
    knows, both = after(ROSTER, *A).forked(FORK), after(ROSTER, *B).forked(FORK)
    for theirs in (heads_of(both), heads_of(after(ROSTER, A[0]).forked(FORK)), heads_of(ROSTER)):
        assert changes_lacking(knows, TOWNSHIP, theirs) == ([], False)
    behind = after(Roster(), *ROSTER.changes(COUNTY)[:5])
    assert changes_lacking(knows, TOWNSHIP, roster_heads(behind, TOWNSHIP))[0][:2] == list(ROSTER.changes(COUNTY)[5:7])
    ruled = after(ROSTER, *A, RULING)
    assert goes_further(heads_of(both), heads_of(ruled))
    for held, lacking in ((both, [*A, RULING]), (knows, [RULING]), (after(ROSTER, A[0]), [A[1], RULING])):
        sent, more = changes_lacking(ruled, TOWNSHIP, heads_of(held))
        assert (sent, more) == (lacking, False)
        assert held.turned(sent).heads() == ruled.heads()
    assert not disagree(ruled, heads_of(both)) and not roster_talk(ruled, TOWNSHIP, heads_of(both))


def test_who_parts_from_the_county_s_chain_below_what_was_ruled_on_is_led_over():
    ruled = after(ROSTER, *A).apply(ruling(after(ROSTER, *A), COUNTY, SPLIT + 1, A[1:]))
    stale = after(ROSTER, B[0])
    sent, more = changes_lacking(ruled, TOWNSHIP, heads_of(stale))
    assert not more and stale.turned(sent).heads() == ruled.heads()


def test_only_the_parts_that_the_child_keeps_are_spoken_of():
    knows = after(ROSTER, *A).forked(FORK)
    assert roster_talk(knows, VILLAGE, None).known == {COUNTY: SPLIT}
    elsewhere = ROSTER.apply(changed(ROSTER, TOWNSHIP, [node_op("late", VILLAGE, "village", "南庄村")], "township"))
    assert changes_after_trail(elsewhere, "621021102", Trail(TOWNSHIP, ((1, bytes(8)),))) == []


def test_what_a_message_says_of_forks_is_read_as_it_was_said():
    talk = RosterTalk({COUNTY: SPLIT}, [Trail(COUNTY, ((1, b"m" * 8), (7, b"n" * 8)))], [FORK])
    heads = [RosterHead(COUNTY, 2, 9, b"m" * 8), RosterHead(TOWNSHIP, 2, 3, b"n" * 8)]
    for reply in (False, True):
        read = read_content(content_map(Content(roster_heads=heads, roster_talk=talk)), reply=reply)
        assert read.roster_talk == talk
        assert read.roster_heads == [heads[0]._replace(split=SPLIT), heads[1]]
    assert 23 not in content_map(Content(roster_heads=heads)), "nothing is said where there is nothing to say"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (None, Malformed),
        ([[], []], Malformed),
        ([[], [], {}], Malformed),
        ([[[COUNTY]], [], []], Malformed),
        ([[[1, 1]], [], []], Malformed),
        ([[[COUNTY, 0]], [], []], Malformed),
        ([[], [[COUNTY, [1]]], []], Malformed),
        ([[], [[COUNTY, [2, bytes(8), 1, bytes(8)]]], []], Malformed),
        ([[], [[COUNTY, [value for n in range(1, 66) for value in (n, bytes(8))]]], []], TooLarge),
        ([[], [], [to_bytes(FORK)] * 3], TooLarge),
        ([[[f"{n}", 1] for n in range(17)], [], []], TooLarge),
        ([[], [[f"{n}", []] for n in range(17)], []], TooLarge),
        ([[], [], ["x"]], Malformed),
        ([[], [], [b"x"]], Malformed),
    ],
)
def test_what_has_not_its_form_is_malformed(wrong: Any, error: type[Exception]):
    with pytest.raises(error):
        read_content({23: {8: wrong}}, reply=True)


def test_a_change_by_itself_tells_nobody_of_another_chain():
    """A head beyond what is held may be of the same chain: the changes come, and show it."""
    longer: list[Change] = [*A]
    held = after(ROSTER, *longer)
    ahead = RosterHead(COUNTY, 2, 12, mark(bytes(32)))
    assert not disagree(held, [ahead]) and goes_further(heads_of(held), [ahead])
