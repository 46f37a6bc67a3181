"""A revocation: what stands of a node by position, who may say so, and what it takes out of the part of its place."""

import pytest

from sync_protocol import roster as rosters
from sync_protocol.encoding import encode
from sync_protocol.errors import BadRoster, Malformed, NotEntitled, ProtocolError, TooLarge
from sync_protocol.roster import Change, Node, Op, Roster, rebuilt, revoke_op
from sync_protocol.roster.forks import prove
from tests.sync_protocol.sample import (
    CHANGES,
    COUNTY,
    NETWORK,
    ROSTER,
    TOWNSHIP,
    VILLAGE,
    VILLAGE_2,
    changed,
    enrolled,
    incarnation,
    node_op,
)

ABOUT = f"about:{VILLAGE}"
BELOW = f"below:{VILLAGE}"
HAMLET = "621021101203"


def cut(seq: int, scope: str = ABOUT, mark: str = "a") -> tuple[str, int, bytes]:
    return scope, seq, mark.encode() * 32


def by_township(*cuts: tuple[str, int, bytes], name: str = "village", roster: Roster = ROSTER) -> Change:
    return changed(roster, TOWNSHIP, [revoke_op(incarnation(name), cuts)], "township")


def by_county(*cuts: tuple[str, int, bytes], name: str = "village", upto: int = 0, roster: Roster = ROSTER) -> Change:
    return changed(roster, COUNTY, [revoke_op(incarnation(name), cuts, upto)], "publisher 2")


def node_of(roster: Roster, name: str) -> Node:
    node = roster.node(incarnation(name))
    assert node is not None
    return node


def stands(roster: Roster, scope: str = ABOUT, name: str = "village") -> int:
    """The highest position that stands."""
    return max((seq for seq in range(1, 12) if node_of(roster, name).stands(scope, seq)), default=0)


def test_each_stream_stands_up_to_its_cut_and_a_stream_that_is_not_named_nowhere():
    roster = ROSTER.apply(by_township(cut(7)))
    assert (stands(roster), stands(roster, BELOW)) == (7, 0)
    assert not node_of(roster, "village").serves and roster.has_revoked and not ROSTER.has_revoked
    assert [one.incarnation for one in roster.serving(VILLAGE)] == [incarnation("village again")]
    assert len(roster.nodes_of(VILLAGE)) == 2, "who it was stays known"
    assert stands(roster, name="village again") == 11, "another life of the place is not touched"


@pytest.mark.parametrize(
    ("part", "name", "signer", "error"),
    [
        (TOWNSHIP, "village", "township 2", NotEntitled),
        (TOWNSHIP, "village", "village 2", NotEntitled),
        (TOWNSHIP, "village 3", "township", BadRoster),
        (TOWNSHIP, "township", "township", BadRoster),
        (TOWNSHIP, "county", "township", BadRoster),
        (TOWNSHIP, "nobody", "township", BadRoster),
        (COUNTY, "village", "township", NotEntitled),
        (COUNTY, "village", "publisher", NotEntitled),
    ],
)
def test_a_township_revokes_under_it_alone_and_the_county_by_its_publisher(part, name, signer, error):
    with pytest.raises(error):
        ROSTER.apply(changed(ROSTER, part, [revoke_op(incarnation(name), [])], signer))


def test_more_may_stand_later_and_never_less():
    roster = ROSTER.apply(by_township(cut(5), cut(2, BELOW)))
    grown = roster.apply(by_township(cut(8), cut(2, BELOW), roster=roster))
    assert (stands(grown), stands(grown, BELOW)) == (8, 2)
    for less in ((cut(4), cut(2, BELOW)), (cut(5), cut(2, BELOW, "b")), (cut(8),), ()):
        with pytest.raises(BadRoster, match="less stands"):
            roster.apply(by_township(*less, roster=roster))
    county = ROSTER.apply(by_county(upto=3))
    with pytest.raises(BadRoster, match="less stands"):
        county.apply(by_county(upto=2, roster=county))


def test_the_county_s_word_comes_before_a_township_s_in_whatever_order_they_come():
    ours, theirs = by_township(cut(9)), by_county(cut(4))
    orders = [[*CHANGES, ours, theirs], [*CHANGES, theirs, ours], [ours, theirs, *reversed(CHANGES)]]
    assert {stands(rebuilt(NETWORK, order)) for order in orders} == {4}


def test_who_comes_to_know_a_node_later_finds_it_revoked():
    """The county's part reaches those who do not keep the township's."""
    county = [change for change in CHANGES if rosters.read_payload(change).part == COUNTY]
    before = rebuilt(NETWORK, [*county, by_county(cut(4))])
    assert before.node(incarnation("village")) is None and before.has_revoked
    after = rebuilt(NETWORK, [*before.changes(COUNTY), *CHANGES])
    assert stands(after) == 4


def test_a_revoked_node_names_nobody_any_more_and_what_it_named_before_stays():
    length = ROSTER.length(TOWNSHIP)
    roster = ROSTER.apply(by_county(name="township", upto=length))
    with pytest.raises(NotEntitled):
        roster.apply(changed(roster, TOWNSHIP, enrolled("late", HAMLET, "village", "late", TOWNSHIP), "township"))
    assert node_of(roster, "village").serves and roster.length(TOWNSHIP) == length


def test_what_it_named_beyond_the_number_leaves_the_chain_and_its_nodes_are_struck():
    late = changed(ROSTER, TOWNSHIP, enrolled("late", HAMLET, "village", "late", TOWNSHIP), "township")
    word = by_county(name="township", upto=ROSTER.length(TOWNSHIP))
    held = ROSTER.apply(late).apply(word)
    assert held.length(TOWNSHIP) == ROSTER.length(TOWNSHIP)
    assert node_of(held, "late").struck and HAMLET in held.places
    assert held.heads() == rebuilt(NETWORK, [*CHANGES, word, late]).heads(), "as for who heard of it first"
    served = changed(held, COUNTY, [node_op("township 1b", TOWNSHIP, "township", "驿马镇")], "publisher 2")
    held = held.apply(served)
    held = held.apply(changed(held, TOWNSHIP, enrolled("late", HAMLET, "village", "late", TOWNSHIP), "township 1b"))
    assert node_of(held, "late").serves, "the machine that serves in its place goes on with the chain"


def test_a_fork_of_its_part_by_its_stolen_key_is_none_any_more():
    split = ROSTER.length(TOWNSHIP) + 1
    thief = changed(ROSTER, TOWNSHIP, enrolled("thief", HAMLET, "village", "thief", TOWNSHIP), "township")
    other = changed(ROSTER, TOWNSHIP, enrolled("other", HAMLET, "village", "other", TOWNSHIP), "township")
    held = ROSTER.apply(thief)
    proof = held.fork_by(other)
    assert proof is not None
    held = held.forked(proof)
    assert held.forks[TOWNSHIP].split == split
    assert not held.apply(by_county(name="township", upto=split - 1)).forks


@pytest.mark.parametrize(
    ("op", "error"),
    [
        ([6, b"i" * 15, [], 0], Malformed),
        ([6, b"i" * 16, [], -1], Malformed),
        ([6, b"i" * 16, []], Malformed),
        ([6, b"i" * 16, [[ABOUT, 0, b"h" * 32]], 0], Malformed),
        ([6, b"i" * 16, [[ABOUT, 1, b"h" * 31]], 0], Malformed),
        ([6, b"i" * 16, [["of:1", 1, b"h" * 32]], 0], Malformed),
        ([6, b"i" * 16, [[ABOUT, True, b"h" * 32]], 0], Malformed),
        ([6, b"i" * 16, [[BELOW, 1, b"h" * 32], [ABOUT, 1, b"h" * 32]], 0], Malformed),
        ([6, b"i" * 16, [[ABOUT, 1, b"h" * 32], [ABOUT, 2, b"h" * 32]], 0], Malformed),
        ([6, b"i" * 16, [[f"about:{n:04}", 1, b"h" * 32] for n in range(1_001)], 0], TooLarge),
    ],
)
def test_a_revocation_of_another_shape_is_refused(op: Op, error: type[ProtocolError]):
    assert encode(op)
    with pytest.raises(error):
        ROSTER.apply(changed(ROSTER, COUNTY, [op], "publisher 2"))


def test_a_second_life_of_a_village_is_revoked_without_the_first_and_a_neighbour_not_at_all():
    roster = ROSTER.apply(by_township(name="village again"))
    assert roster.serving(VILLAGE)[-1].incarnation == incarnation("village")
    assert roster.serving(VILLAGE_2) == roster.nodes_of(VILLAGE_2)


def test_a_fork_behind_what_a_revoked_node_has_signed_is_none_though_nothing_leaves_the_chain():
    one, other = (
        changed(ROSTER, TOWNSHIP, enrolled(name, HAMLET, "village", name, TOWNSHIP), "township") for name in ("x", "y")
    )
    forked = ROSTER.forked(prove(one, other))
    assert TOWNSHIP in forked.forks
    held = forked.apply(by_county(name="township", upto=ROSTER.length(TOWNSHIP)))
    assert not held.forks and held.length(TOWNSHIP) == ROSTER.length(TOWNSHIP)
