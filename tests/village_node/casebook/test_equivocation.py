"""How roster changes are taken in: in whatever order they come, and however often, all come to what the root rules."""

import random

import pytest

from sync_protocol.exchange import changes_lacking, roster_heads
from sync_protocol.roster import Change, Op, Roster, RosterFork, read_payload, sign_change
from sync_protocol.roster.forks import prove
from tests.sync_protocol.sample import (
    COUNTY,
    NETWORK,
    ROSTER,
    TOWNSHIP,
    changed,
    enrolled,
    incarnation,
    key,
    node_op,
    publisher_op,
)
from tests.sync_protocol.test_roster_forks import FORK, RULING, SPLIT, TA, TB, A, B, after, ruling, village
from village_node.casebook import equivocation
from village_node.casebook.equivocation import Taking
from village_node.store.roster_forks import AsideRow

BELOW = prove(TA[0], TB[0])
BOTH_RULED = ruling(ROSTER, TOWNSHIP, 4, TA, *village("farm", "621021101204"))
BOTH = ruling(after(ROSTER, *A, RULING), TOWNSHIP, 4, TA, *village("farm", "621021101204"))


def chain_of(roster: Roster, *steps: list[Op]) -> list[Change]:
    """Changes of the township's part that follow one another."""
    made = []
    for ops in steps:
        made.append(changed(roster, TOWNSHIP, ops, "township"))
        roster = roster.apply(made[-1])
    return made


class Keeper:
    """A node's roster and what it has kept aside."""

    def __init__(self, *held: Change) -> None:
        self.roster: Roster = after(ROSTER, *held)
        self.aside: dict[bytes, AsideRow] = {}
        self.refused: list[str] = []

    def take(self, changes: list[Change], proofs: list[RosterFork] | None = None) -> Taking:
        taking = equivocation.take(self.roster, changes, proofs or (), 1, lambda: list(self.aside.values()))
        self.roster = taking.roster
        self.aside |= {row.hash: row for row in taking.aside}
        self.refused += [error.name for _, error in taking.refused]
        return taking


@pytest.mark.parametrize("seed", range(30))
def test_whatever_comes_first_all_end_at_what_was_ruled(seed: int):
    chance = random.Random(seed)
    keeper = Keeper(*chance.choice(([], A[:1], A, B[:1], B)), *chance.choice(([], TA, TB[:1], TB)))
    batches = [[A[0]], A, B, [B[0]], TA, TB, [*A, RULING], [BOTH, *TA], [*A, RULING, BOTH, *TA], [RULING], [BOTH]]
    said: list[tuple[list[Change], list[RosterFork]]] = [(batch, []) for batch in batches]
    said += [([], [FORK]), ([], [BELOW]), (B, [FORK])]
    chance.shuffle(said)
    for changes, proofs in said:
        before = keeper.roster
        keeper.take(changes, proofs)
        for part, (epoch, n, _) in before.heads().items():
            now = keeper.roster.heads().get(part, (0, 0, b""))
            assert now[0] >= epoch or before.struck != keeper.roster.struck or part == TOWNSHIP, (part, n)
    keeper.take([*A, RULING, BOTH, *TA])
    assert keeper.roster.heads() == after(ROSTER, *A, RULING, BOTH, *TA).heads()
    assert keeper.roster.forks == {}
    nodes = {node.incarnation for node in after(ROSTER, *A, RULING, BOTH, *TA).nodes()}
    assert {node.incarnation for node in keeper.roster.nodes()} == nodes


def test_all_chains_are_kept_and_none_but_ours_is_followed():
    keeper = Keeper(*A)
    taken = keeper.take(B)
    assert (taken.proofs, taken.refused, taken.new) == ([FORK], [], [])
    assert [equivocation.change_of(row) for row in keeper.aside.values()] == B
    assert not keeper.take(B).aside, "once"
    further = changed(after(ROSTER, *A), COUNTY, [publisher_op("publisher")], "root 3", "root 4")
    assert keeper.take([further]).aside, "nor is what goes on from ours lost"
    third = changed(ROSTER, COUNTY, [publisher_op("publisher")], "root 3", "root 4")
    assert keeper.take([third]).aside and not keeper.refused, "it may be what the root says stands"
    assert keeper.roster.changes(COUNTY)[SPLIT - 1 :] == tuple(A)


def test_what_does_not_hold_is_not_kept_aside_and_no_more_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch):
    keeper = Keeper(*A)
    keeper.take([B[0]])
    forged = sign_change(NETWORK, read_payload(B[1]), [key("stranger")])
    assert keeper.take([forged]).refused and len(keeper.aside) == 1
    monkeypatch.setattr(equivocation, "MOST_ASIDE", 1)
    assert keeper.take([B[1]]).refused and len(keeper.aside) == 1
    monkeypatch.undo()
    assert not keeper.take([B[1]]).refused and len(keeper.aside) == 2


def test_a_neighbour_cannot_make_us_work_by_what_nobody_entitled_has_signed(monkeypatch: pytest.MonkeyPatch):
    """Once a fork is known each change might lie aside: to find out costs a roster made anew."""
    keeper = Keeper(*TA)
    keeper.take([TB[0]])
    made: list[int] = []
    before = Roster.before

    def counted(roster: Roster, part: str, n: int) -> Roster:
        made.append(n)
        return before(roster, part, n)

    monkeypatch.setattr(Roster, "before", counted)
    strange = [sign_change(NETWORK, read_payload(TB[0])._replace(time=n), [key("stranger")]) for n in range(20)]
    assert len(keeper.take(strange).refused) == 20 and not made
    # Signed by the right key, and by a second one that spoils it.
    spoilt = [
        sign_change(NETWORK, read_payload(TB[1])._replace(time=n), [key("township"), key("x")]) for n in range(40)
    ]
    assert len(keeper.take(spoilt).refused) == 40 and len(made) == 1
    fresh = Keeper(*TA)
    spoilt = [
        sign_change(NETWORK, read_payload(TB[0])._replace(time=n), [key("township"), key("x")]) for n in range(40)
    ]
    made.clear()
    assert len(fresh.take(spoilt).refused) == 40 and len(made) <= equivocation.MOST_TRIED
    assert not keeper.take([TB[1]]).refused, "and what holds is kept all the same"


def test_a_long_chain_aside_is_gone_through_once_and_not_for_each_of_its_changes(monkeypatch: pytest.MonkeyPatch):
    """By one message and by the next: each change costs as much as the one before it."""

    def chain(name: str) -> list[Change]:
        roster, made = ROSTER, list[Change]()
        for number in range(60):
            made.append(changed(roster, COUNTY, [publisher_op(f"{name} {number}")], "root 3", "root 4"))
            roster = roster.apply(made[-1])
        return made

    keeper, theirs = Keeper(*chain("ours")), chain("theirs")
    keeper.take(theirs[:1])
    applied: list[int] = []
    apply = Roster.apply

    def counted(roster: Roster, change: Change) -> Roster:
        applied.append(1)
        return apply(roster, change)

    monkeypatch.setattr(Roster, "apply", counted)
    assert len(keeper.take(theirs[1:30]).aside) == 29
    assert len(applied) < 3 * 30 + len(ROSTER.changes(COUNTY)) + len(ROSTER.changes(TOWNSHIP))
    applied.clear()
    assert len(keeper.take(theirs[30:]).aside) == 30
    assert len(applied) < 3 * 30 + 30 + len(ROSTER.changes(COUNTY)) + len(ROSTER.changes(TOWNSHIP))


def test_a_key_that_only_the_other_chain_brought_in_publishes_on_it():
    mine, theirs = ([changed(ROSTER, COUNTY, [publisher_op(name)], "root 3", "root 4")] for name in ("one", "two"))
    theirs.append(changed(after(ROSTER, *theirs), COUNTY, [publisher_op("three")], "root 3", "root 4"))
    theirs.append(changed(after(ROSTER, *theirs), COUNTY, read_payload(A[0]).ops, "three"))
    keeper = Keeper(*mine)
    assert not keeper.take(theirs).refused and len(keeper.aside) == 3


def test_what_was_overruled_before_it_turned_up_is_kept_and_strikes_whom_it_names():
    keeper = Keeper(*A, RULING)
    struck = {node.incarnation for node in keeper.roster.struck}
    longer = after(ROSTER, *B)
    late = changed(longer, COUNTY, enrolled("late", "621021105", "township", "late", COUNTY), "publisher 2")
    taken = keeper.take([*B, late])
    assert not taken.refused and {row.overruled for row in taken.aside} == {True} and len(taken.aside) == 3
    assert {node.incarnation for node in keeper.roster.struck} == struck | {incarnation("late")}
    assert "621021105" in keeper.roster.places and keeper.roster.heads() == after(ROSTER, *A, RULING).heads()
    assert not keeper.take([*B, late]).changed, "once"
    again = changed(keeper.roster, COUNTY, enrolled("late", "621021105", "township", "late", COUNTY), "publisher 2")
    assert keeper.take([again]).roster.nodes_of("621021105")


def test_nothing_that_does_not_hold_or_that_stands_is_taken_for_overruled():
    keeper = Keeper(*A, RULING)
    forged = sign_change(NETWORK, read_payload(B[0])._replace(time=5), [key("stranger")])
    entitled_elsewhere = sign_change(NETWORK, read_payload(B[0])._replace(time=5), [key("township")])
    spoilt = sign_change(NETWORK, read_payload(B[0])._replace(time=6), [key("publisher 2"), key("x")])
    for wrong in (forged, entitled_elsewhere, spoilt):
        assert keeper.take([wrong]).refused and not keeper.aside
    high = chain_of(ROSTER, village("high", "621021101208"), village("higher", "621021101209"))
    waiting = Keeper(ruling(ROSTER, TOWNSHIP, 4, high))
    assert not waiting.take(high[1:]).aside, "it stands, and what it follows is not here yet"
    assert waiting.take(high).roster.length(TOWNSHIP) == read_payload(high[1]).n


def test_of_a_township_s_part_too_and_whatever_the_ruling_was_made_by():
    keeper = Keeper(BOTH_RULED, *TA)
    assert len(keeper.take(TB).aside) == 2
    assert {node.incarnation for node in keeper.roster.struck} == {incarnation("farm again")}
    stale = changed(after(ROSTER, *TA), TOWNSHIP, village("later", "621021101205"), "township")
    assert len(keeper.take([stale]).aside) == 1, "it goes on from what stands, by an epoch from before the ruling"
    assert incarnation("later") in {node.incarnation for node in keeper.roster.struck}


def test_who_parts_from_a_township_s_chain_below_what_was_ruled_on_is_led_over():
    low = chain_of(ROSTER, village("low", "621021101206"), village("lower", "621021101207"))
    high = chain_of(ROSTER, village("high", "621021101208"), village("higher", "621021101209"))
    rule = ruling(ROSTER, TOWNSHIP, 5, high[1:])
    keeper = Keeper(*low)
    keeper.take([rule])
    assert keeper.roster.length(TOWNSHIP) == 4, "what lies under the ruled number was kept: nobody has proven anything"
    sent, more = changes_lacking(after(ROSTER, *high, rule), TOWNSHIP, roster_heads(keeper.roster, TOWNSHIP))
    assert not more
    taken = keeper.take(sent)
    assert not taken.refused and taken.turned and taken.dropped == low[:1]
    assert keeper.roster.heads() == after(ROSTER, *high, rule).heads()
    assert {node.incarnation for node in keeper.roster.struck} >= {incarnation("low")}


def test_who_parts_from_the_county_s_chain_further_down_and_goes_beyond_what_was_ruled_on_is_led_over_too():
    ruled = after(ROSTER, *A).apply(ruling(after(ROSTER, *A), COUNTY, SPLIT + 1, A[1:]))
    keeper = Keeper(*B)
    sent, more = changes_lacking(ruled, TOWNSHIP, roster_heads(keeper.roster, TOWNSHIP))
    assert not more and not keeper.take(sent).refused
    assert keeper.roster.heads() == ruled.heads()


def test_a_malformed_change_spoils_nothing_even_before_there_is_a_roster():
    broken = Change(b"\x80", ())
    taken = equivocation.take(Roster(NETWORK), [broken, *ROSTER.changes(COUNTY)], (), 1, list)
    assert [change for change, _ in taken.refused] == [broken]
    assert taken.roster.heads()[COUNTY] == ROSTER.heads()[COUNTY]


def test_a_proof_that_cannot_be_checked_yet_is_passed_over_and_one_that_is_false_is_refused():
    young = Keeper()
    young.roster = after(Roster(), *ROSTER.changes(COUNTY)[:4])
    assert not young.take([], [FORK]).refused and not young.roster.forks
    liar = prove(A[0], sign_change(NETWORK, read_payload(B[0])._replace(time=5), [key("stranger")]))
    assert Keeper(*A).take([], [liar]).refused


def test_what_one_message_says_of_two_parts_is_taken_in_one():
    keeper = Keeper()
    late = changed(ROSTER, TOWNSHIP, [node_op("late", "621021101201", "village", "南庄村")], "township")
    taken = keeper.take([late, *A])
    assert taken.new == [late, *A] and not taken.turned and not taken.dropped
