"""Two changes under one number: proven by both, followed by nobody further, and ended by a ruling of the root."""

from collections.abc import Callable

import pytest

from sync_protocol import roster as rosters
from sync_protocol.encoding import encode
from sync_protocol.errors import BadRoster, Malformed, NotEntitled, ProtocolError, RosterForked, RosterRollback
from sync_protocol.roster import Change, Op, Payload, Roster, read_payload, sign_change
from sync_protocol.roster.forks import from_bytes, prove, to_bytes
from sync_protocol.suites import sha256
from sync_protocol.wire import Tables
from tests.sync_protocol.sample import (
    COUNTY,
    NETWORK,
    ROSTER,
    TIME,
    TOWNSHIP,
    VILLAGE,
    changed,
    enrolled,
    incarnation,
    key,
    node_op,
    publisher_op,
    request,
)

NEW, OTHER = "621021103", "621021104"
HAMLET, FARM = "621021101203", "621021101204"


def township(name: str, place: str) -> list[Op]:
    return enrolled(name, place, "township", name, COUNTY)


def village(name: str, place: str) -> list[Op]:
    return enrolled(name, place, "village", name, TOWNSHIP)


def after(roster: Roster, *changes: Change) -> Roster:
    for change in changes:
        roster = roster.apply(change)
    return roster


def chain(part: str, signer: str, *steps: list[Op]) -> list[Change]:
    """Changes of a part that follow one another."""
    roster, made = ROSTER, []
    for ops in steps:
        made.append(changed(roster, part, ops, signer))
        roster = roster.apply(made[-1])
    return made


def ruling(
    roster: Roster, part: str, split: int, stands: list[Change], *ops: Op, struck: tuple[str, ...] = ()
) -> Change:
    """A ruling of the root, as it follows this roster."""
    rows = [
        [node.incarnation, node.place, node.suite, node.public]
        for node in (after(ROSTER, *B).node(incarnation(name)) for name in struck)
        if node is not None
    ]
    hashes = [sha256(change.payload) for change in stands]
    said = [rosters.ruling_op(part, split, hashes, rows), *ops]
    return changed(roster, COUNTY, said, "root 3", "root 4")


A = chain(COUNTY, "publisher 2", township("new", NEW), [node_op("county 3", COUNTY, "county", "庆城县")])
B = chain(COUNTY, "publisher 2", township("other", OTHER), [node_op("other again", OTHER, "township", "other")])
SPLIT = 8
FORK = prove(A[0], B[0])
RULING = ruling(after(ROSTER, *A), COUNTY, SPLIT, A, struck=("other", "other again"))
TA = chain(TOWNSHIP, "township", village("hamlet", HAMLET))
TB = chain(TOWNSHIP, "township", village("farm", FARM), [node_op("farm again", FARM, "village", "farm")])


def test_two_changes_that_follow_one_another_s_like_are_a_proof_that_anybody_can_check():
    assert FORK == prove(B[0], A[0]) == from_bytes(to_bytes(FORK))
    assert (FORK.part, FORK.split) == (COUNTY, SPLIT)
    for held in ([], A, B):
        known = after(ROSTER, *held).forked(FORK)
        assert known.forks == {COUNTY: FORK} and known.forked(FORK) is known
    assert after(ROSTER, *A).fork_by(B[0]) == after(ROSTER, *B).fork_by(A[0]) == FORK
    assert after(ROSTER, *A).fork_by(A[0]) is None and after(ROSTER, *A).fork_by(B[1]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: prove(A[0], A[0]),
        lambda: prove(A[0], B[1]),
        lambda: prove(A[0], TA[0]),
        lambda: from_bytes(encode([1, *map(rosters.change_values, (FORK.upper, FORK.lower))])),
        lambda: from_bytes(encode([2, *map(rosters.change_values, FORK)])),
    ],
)
def test_what_is_no_proof_is_malformed(wrong: Callable[[], object]):
    with pytest.raises(Malformed):
        wrong()


def test_a_proof_accuses_nobody_but_the_holder_of_the_key():
    said = read_payload(B[0])
    stranger = sign_change(NETWORK, said._replace(time=TIME + 1), [key("stranger")])
    entitled_elsewhere = sign_change(NETWORK, said._replace(time=TIME + 1), [key("township")])
    for forged, error in ((stranger, BadRoster), (entitled_elsewhere, NotEntitled)):
        with pytest.raises(error):
            after(ROSTER, *A).forked(prove(A[0], forged))
    with pytest.raises(RosterForked):
        ROSTER.forked(
            prove(*(sign_change(NETWORK, read_payload(each)._replace(prev=bytes(32)), []) for each in (A[0], B[0])))
        )


def test_nothing_is_added_behind_a_fork_that_is_known_and_other_parts_go_on():
    known = after(ROSTER, A[0]).forked(FORK)
    with pytest.raises(RosterForked):
        known.apply(A[1])
    with pytest.raises(RosterRollback):
        known.apply(B[0])
    third = sign_change(NETWORK, read_payload(A[0])._replace(time=TIME + 5), [key("publisher 2")])
    with pytest.raises(RosterRollback):
        known.apply(third)
    assert known.apply(TA[0]).node(incarnation("hamlet"))
    assert known.apply(TA[0]).forks == {COUNTY: FORK}


@pytest.mark.parametrize("held", [[], A[:1], A, B[:1], B], ids=["neither", "one", "all", "other", "others"])
@pytest.mark.parametrize("told", [False, True])
def test_after_a_ruling_all_hold_the_same_whichever_they_had(held: list[Change], told: bool):
    roster = after(ROSTER, *held)
    roster = roster.forked(FORK) if told else roster
    ruled = roster.turned([*A, RULING])
    assert ruled.heads() == after(ROSTER, *A, RULING).heads()
    assert ruled.forks == {} and ruled.is_settled(COUNTY, SPLIT)
    assert {node.incarnation for node in ruled.nodes()} == {node.incarnation for node in after(ROSTER, *A).nodes()}
    assert {node.incarnation for node in ruled.struck} == {incarnation("other"), incarnation("other again")}
    assert not ruled.nodes_of(OTHER)
    assert roster.overruled_by(ruled) == [change for change in held if change in B]
    assert (OTHER in ruled.places) == (held in (B, B[:1])), "what was on the map stays on it"
    assert ruled.turned([*A, RULING]) is ruled
    with pytest.raises(RosterRollback):
        ruled.apply(B[0])
    assert ruled.forked(FORK) is ruled
    later = changed(ruled, COUNTY, [publisher_op("publisher")], "root 3", "root 4")
    assert ruled.apply(later).heads()[COUNTY][:2] == (3, 11)


def test_what_stands_may_end_before_what_was_held():
    short = ruling(after(ROSTER, A[0]), COUNTY, SPLIT, A[:1])
    ruled = after(ROSTER, *A).forked(FORK).turned([A[0], short])
    assert ruled.heads()[COUNTY][:2] == (3, 9)
    county_3 = ruled.node(incarnation("county 3"))
    assert county_3 is not None and county_3.struck and county_3 not in ruled.nodes_of(COUNTY)


def test_what_the_ruling_names_again_stands_and_a_struck_node_may_be_named_later():
    kept = ruling(after(ROSTER, *A), COUNTY, SPLIT, A, *township("other", OTHER))
    for held in (A, B):
        ruled = after(ROSTER, *held).forked(FORK).turned([*A, kept])
        node = ruled.node(incarnation("other"))
        assert node is not None and not node.struck and ruled.nodes_of(OTHER) == (node,)
    ruled = after(ROSTER, *B).turned([*A, RULING])
    again = ruled.apply(changed(ruled, COUNTY, township("other", OTHER), "publisher 2"))
    assert [node.incarnation for node in again.nodes_of(OTHER)] == [incarnation("other")]
    assert {node.incarnation for node in again.struck} == {incarnation("other again")}
    with pytest.raises(ProtocolError):
        again.apply(changed(again, COUNTY, [node_op("other", OTHER, "township", "other")], "publisher 2"))


def test_only_the_root_rules_and_the_one_that_stood_before_the_fork():
    base = after(ROSTER, *A)
    said = [rosters.ruling_op(COUNTY, SPLIT, [sha256(each.payload) for each in A], [])]
    for signers in (("publisher 2",), ("root 3",), ("root 1", "root 3")):
        change = changed(base, COUNTY, said, *signers)
        with pytest.raises((BadRoster, NotEntitled)):
            base.apply(change)
        with pytest.raises((BadRoster, NotEntitled)):
            after(ROSTER, *B).turned([*A, change])


@pytest.mark.parametrize("at", [SPLIT - 1, SPLIT + 1])
def test_a_ruling_about_the_county_part_names_what_it_follows(at: int):
    base = after(ROSTER, *A)
    said = [rosters.ruling_op(COUNTY, at, [sha256(each.payload) for each in A], [])]
    with pytest.raises(BadRoster):
        base.apply(changed(base, COUNTY, said, "root 3", "root 4"))


@pytest.mark.parametrize("held", [[], TA, TB[:1], TB], ids=["neither", "one", "other", "others"])
@pytest.mark.parametrize("first", [False, True], ids=["fork known", "ruling first"])
def test_a_township_s_part_is_ruled_on_in_the_county_s(held: list[Change], first: bool):
    fork = prove(TA[0], TB[0])
    roster = after(ROSTER, *held)
    rule = ruling(ROSTER, TOWNSHIP, 4, TA, *village("farm", FARM))
    ruled = (roster if first else roster.forked(fork)).apply(rule)
    assert ruled.forks == {} and ruled.forked(fork) is ruled
    with pytest.raises(RosterRollback):
        ruled.apply(TB[0])
    ruled = after(ruled, *TA)
    assert ruled.heads() == after(ROSTER, *TA, rule).heads()
    farm, again = ruled.node(incarnation("farm")), ruled.node(incarnation("farm again"))
    assert farm is not None and not farm.struck
    assert (again is not None and again.struck) == (held == TB)
    stale = sign_change(
        NETWORK,
        Payload(TOWNSHIP, 2, 5, ruled.heads()[TOWNSHIP][2], TIME, [node_op("late", VILLAGE, "village", "南庄村")]),
        [key("township")],
    )
    with pytest.raises(RosterRollback, match="ruling"):
        ruled.apply(stale)
    fresh = ruled.apply(changed(ruled, TOWNSHIP, [node_op("late", VILLAGE, "village", "南庄村")], "township"))
    assert fresh.node(incarnation("late")) is not None


def test_the_rest_of_the_roster_outlives_a_turn():
    """What others published meanwhile, and what was published by who stands only on the chain that comes."""
    by_new = after(ROSTER, *A)
    below_new = changed(by_new, NEW, enrolled("below new", "621021103201", "village", "x", NEW), "new")
    below_other = changed(
        after(ROSTER, *B), OTHER, enrolled("below other", "621021104201", "village", "x", OTHER), "other"
    )
    roster = after(ROSTER, TA[0], *B, below_other).forked(FORK)
    ruled = roster.turned([*A, RULING]).apply(below_new)
    assert ruled.node(incarnation("hamlet")) in ruled.nodes()
    assert ruled.node(incarnation("below new")) in ruled.nodes()
    assert ruled.node(incarnation("below other")) in ruled.struck
    assert below_other in roster.overruled_by(ruled)


def test_a_node_may_be_named_by_both_its_township_and_the_county():
    """Where the county stands in for a dead township that turns out to live: in either order they come to the same."""
    op = node_op("village late", VILLAGE, "village", "南庄村")
    county, own = changed(ROSTER, COUNTY, [op], "publisher 2"), changed(ROSTER, TOWNSHIP, [op], "township")
    one, other = after(ROSTER, county, own), after(ROSTER, own, county)
    assert one.nodes_of(VILLAGE) == other.nodes_of(VILLAGE) and len(one.nodes_of(VILLAGE)) == 3
    with pytest.raises(BadRoster):
        one.apply(changed(one, TOWNSHIP, [op], "township"))


def test_only_a_node_that_stands_is_named_by_its_first_bytes_and_nobody_who_begins_like_it():
    known, struck = incarnation("township"), incarnation("other")
    ruled = after(ROSTER, *B).turned([*A, RULING])
    assert ruled.name_of(known) == known[:4] and ruled.meant_by(known[:4]) == known
    for whole in (known[:4] + bytes(12), bytes(16), struck):
        assert ruled.name_of(whole) == whole
    tables = Tables()
    tables.name = ruled.name_of
    tables.incarnation(known[:4] + bytes(12))
    assert Tables.read(*tables.values(), named=ruled.meant_by).incarnations == [known[:4] + bytes(12)]


def test_what_is_on_the_map_by_overruled_changes_alone_is_named_again_by_who_publishes_there():
    """Else its township would publish, after a ruling, what nobody but itself could take."""
    rule = ruling(ROSTER, TOWNSHIP, 4, TA)
    township, others = after(ROSTER, *TB).apply(rule), after(ROSTER, *TA, rule)
    township = after(township, *TA)
    assert FARM in township.places and FARM not in others.places
    for name, place, level in (("farm", FARM, "village"), ("stand", f"{FARM}-01", "station")):
        asked = rosters.read_request(request(name, place, level, name))
        ops = rosters.admit_request(township, asked, TOWNSHIP, FARM if level == "station" else None)
        again = changed(township, TOWNSHIP, ops, "township")
        assert township.apply(again).nodes_of(place) == others.apply(again).nodes_of(place) != ()
    with pytest.raises(BadRoster):
        township.apply(changed(township, TOWNSHIP, [node_op("farm", FARM, "village", "farm")], "township"))
    elsewhere = changed(others, COUNTY, enrolled("farm 2", FARM, "township", "farm", COUNTY), "publisher 2")
    assert township.apply(elsewhere).places.level(FARM) == others.apply(elsewhere).places.level(FARM) == "township"


def test_places_that_were_overruled_stay_on_the_map_in_whatever_order_that_came_to_be_known():
    new, below = A[0], changed(after(ROSTER, A[0]), NEW, enrolled("below", "621021103201", "village", "x", NEW), "new")
    for order in ([new, below], [below, new]):
        struck = ROSTER.striking(order)
        assert struck.places.parent("621021103201") == NEW and struck.places.parent(NEW) == COUNTY
