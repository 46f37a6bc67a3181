"""The roster takes in what those entitled have signed, in its order, once; and nothing else."""

from hashlib import sha256
from typing import Any

import pytest

from sync_protocol import limits
from sync_protocol import roster as rosters
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import (
    BadRoster,
    Malformed,
    NeedsUpdate,
    NotEntitled,
    ProtocolError,
    RosterRollback,
    TooLarge,
    WeakKey,
)
from sync_protocol.roster import Change, Op, Payload, Roster, change_values, read_change, read_payload, sign_change
from sync_protocol.suites import S1
from tests.sync_protocol import sample
from tests.sync_protocol.sample import (
    CHANGES,
    COUNTY,
    NETWORK,
    ROSTER,
    TIME,
    TOWNSHIP,
    TOWNSHIP_2,
    VILLAGE,
    VILLAGE_3,
    WINDOW,
    applied,
    changed,
    enrolled,
    incarnation,
    key,
    node_op,
    root_op,
)

NEW_PLACE = rosters.place_op("621021103", "township", COUNTY, "白马铺镇")
FIRST = read_payload(CHANGES[0])


def attempt(part: str, ops: list[Op], *signers: str, to: Roster = ROSTER) -> Roster:
    """The roster with a change made of these ops and signed by these keys."""
    return to.apply(changed(to, part, ops, *signers))


def signed(payload: Payload, *signers: str) -> Change:
    return sign_change(NETWORK, payload, [key(name) for name in signers])


def test_a_roster_is_what_its_changes_say():
    assert ROSTER.heads() == {
        COUNTY: (2, 7, ROSTER.heads()[COUNTY][2]),
        TOWNSHIP: (2, 3, ROSTER.heads()[TOWNSHIP][2]),
        TOWNSHIP_2: (2, 1, ROSTER.heads()[TOWNSHIP_2][2]),
    }
    assert ROSTER.places.root == ROSTER.county == COUNTY
    assert ROSTER.places.name(TOWNSHIP_2) == "卅铺镇"
    assert [node.place for node in ROSTER.nodes_of(VILLAGE)] == [VILLAGE, VILLAGE]
    assert ROSTER.node(bytes(16)) is None
    assert ROSTER.nodes_of("99") == ()
    assert not ROSTER.needs_update
    village = ROSTER.node(incarnation("village"))
    assert village is not None
    assert (village.place, village.suite, village.public) == (VILLAGE, S1, key("village").public)


def test_the_older_node_of_a_place_comes_first_and_weighs_more():
    older, newer = ROSTER.nodes_of(VILLAGE)
    assert (older.incarnation, newer.incarnation) == (incarnation("village"), incarnation("village again"))
    assert (older.order, newer.order) == (1001, 3000)


def test_the_network_id_is_the_hash_of_the_first_root():
    assert encode(FIRST.ops[0]) == encode(root_op(2, "root 1", "root 2", "root 3"))
    assert sha256(encode(FIRST.ops[0])).digest() == NETWORK
    assert Roster(NETWORK).apply(CHANGES[0]).network_id == NETWORK
    with pytest.raises(BadRoster, match="another network"):
        Roster(bytes(32)).apply(CHANGES[0])
    with pytest.raises(ValueError, match="no first change"):
        _ = Roster().network_id


def test_the_same_change_again_changes_nothing_even_with_other_signatures():
    for change in CHANGES:
        assert ROSTER.apply(change) is ROSTER
    assert ROSTER.apply(CHANGES[0]._replace(signatures=())) is ROSTER


def test_applying_leaves_the_roster_before_as_it_was():
    before = ROSTER.heads()
    after = attempt(COUNTY, [NEW_PLACE], "publisher 2")
    assert (ROSTER.heads(), "621021103" in ROSTER.places) == (before, False)
    assert "621021103" in after.places


@pytest.mark.parametrize("n", range(1, 8))
def test_another_change_at_a_held_number_is_a_rollback(n: int):
    payload = read_payload(ROSTER.changes(COUNTY)[n - 1])
    with pytest.raises(RosterRollback):
        ROSTER.apply(signed(payload._replace(time=TIME + 1), "root 2", "root 3", "publisher 2"))


@pytest.mark.parametrize("part", [COUNTY, TOWNSHIP])
@pytest.mark.parametrize(
    "lie", [{"n": 9}, {"prev": bytes(32)}, {"epoch": 1}, {"epoch": 3}], ids=["number", "link", "epoch down", "epoch up"]
)
def test_a_change_out_of_its_chain_is_refused(part: str, lie: dict[str, Any]):
    ops = [NEW_PLACE] if part == COUNTY else [rosters.place_op("621021101203", "village", TOWNSHIP, "东庄村")]
    signer = "publisher 2" if part == COUNTY else "township"
    payload = read_payload(changed(ROSTER, part, ops, signer))
    ROSTER.apply(signed(payload, signer))
    if part == TOWNSHIP and lie == {"epoch": 3}:
        assert ROSTER.apply(signed(payload._replace(epoch=3), signer)).heads()[TOWNSHIP][0] == 3
        return  # its writer may hold a newer county part than we do
    with pytest.raises(BadRoster):
        ROSTER.apply(signed(payload._replace(**lie), signer))


def test_one_changed_byte_of_a_change_is_refused():
    change = changed(ROSTER, COUNTY, enrolled("stranger", "621021103", "township", "白马铺镇", COUNTY), "publisher 2")
    raw = encode(change_values(change))
    assert ROSTER.apply(read_change(decode(raw))) is not ROSTER
    for at in range(len(raw)):
        broken = bytearray(raw)
        broken[at] ^= 1 << at % 8
        with pytest.raises(ProtocolError):
            ROSTER.apply(read_change(decode(bytes(broken))))


@pytest.mark.parametrize(
    ("part", "ops", "signers"),
    [
        (COUNTY, [NEW_PLACE], ("publisher",)),
        (COUNTY, [NEW_PLACE], ("root 2",)),
        (COUNTY, [NEW_PLACE], ("county",)),
        (COUNTY, [NEW_PLACE], ()),
        (COUNTY, [NEW_PLACE], ("root 1", "root 2")),
        (COUNTY, [sample.publisher_op("stranger")], ("publisher 2",)),
        (COUNTY, [sample.publisher_op("publisher")], ("root 4",)),
        (COUNTY, [root_op(1, "stranger")], ("stranger",)),
        (COUNTY, [root_op(1, "stranger")], ("root 2", "root 3")),
        (COUNTY, [root_op(2, "stranger", "root 1")], ("root 2", "root 3", "stranger")),
        (COUNTY, [root_op(1, "stranger")], ("root 2", "stranger")),
        (TOWNSHIP, [rosters.place_op("621021101203", "village", TOWNSHIP, "")], ("township 2",)),
        (TOWNSHIP, [rosters.place_op("621021101203", "village", TOWNSHIP, "")], ("village",)),
        (TOWNSHIP, [rosters.place_op("621021101203", "village", TOWNSHIP, "")], ("publisher 2",)),
        (TOWNSHIP, [sample.publisher_op("township")], ("township",)),
    ],
)
def test_good_signatures_of_those_who_may_not_or_too_few_are_not_entitled(part: str, ops: list[Op], signers: Any):
    with pytest.raises(NotEntitled):
        attempt(part, ops, *signers)


@pytest.mark.parametrize("signers", [("root 2", "stranger"), ("root 2", "root 2"), ("publisher 2", "stranger")])
def test_a_signature_of_an_unknown_key_or_a_second_of_the_same_is_refused(signers: tuple[str, ...]):
    with pytest.raises(BadRoster):
        attempt(COUNTY, [NEW_PLACE], *signers)


def test_the_threshold_of_the_root_may_do_what_the_publisher_may():
    assert "621021103" in attempt(COUNTY, [NEW_PLACE], "root 3", "root 4").places


def test_a_later_root_needs_the_old_and_the_new_and_begins_an_epoch():
    after = attempt(COUNTY, [root_op(1, "stranger")], "root 2", "root 3", "stranger")
    assert after.heads()[COUNTY][:2] == (3, 8)
    with pytest.raises(NotEntitled):
        attempt(COUNTY, [sample.publisher_op("village")], "root 2", "root 3", to=after)
    attempt(COUNTY, [sample.publisher_op("village")], "stranger", to=after)
    assert after.network_id == NETWORK


@pytest.mark.parametrize(
    ("part", "ops", "signers"),
    [
        (COUNTY, [NEW_PLACE, root_op(1, "root 2")], ("root 2", "root 3")),
        (TOWNSHIP, [root_op(1, "township")], ("township",)),
        (COUNTY, [root_op(0, "root 2")], ("root 2", "root 3")),
        (COUNTY, [root_op(3, "root 2", "root 3")], ("root 2", "root 3")),
        (COUNTY, [root_op(1, "root 2", "root 2")], ("root 2", "root 3")),
        (COUNTY, [rosters.place_op(VILLAGE, "village", TOWNSHIP_2, "南庄村")], ("publisher 2",)),
        (COUNTY, [rosters.place_op(TOWNSHIP, "village", COUNTY, "驿马镇")], ("publisher 2",)),
        (COUNTY, [rosters.place_op("99", "county", None, "另一县")], ("publisher 2",)),
        (COUNTY, [rosters.place_op("621021103", "township", "99", "")], ("publisher 2",)),
        (COUNTY, [rosters.place_op("621021103", "hamlet", COUNTY, "")], ("publisher 2",)),
        (COUNTY, [rosters.place_op("6210211 3", "township", COUNTY, "")], ("publisher 2",)),
        (TOWNSHIP, [rosters.place_op("621021102202", "village", TOWNSHIP_2, "")], ("township",)),
        (TOWNSHIP, [rosters.place_op("621021104", "village", COUNTY, "")], ("township",)),
        (TOWNSHIP, [rosters.place_op(TOWNSHIP, "township", COUNTY, "新名")], ("township",)),
        (TOWNSHIP, [rosters.place_op("99", "county", None, "")], ("township",)),
        (TOWNSHIP, [node_op("stranger", TOWNSHIP, "township", "驿马镇")], ("township",)),
        (TOWNSHIP, [node_op("stranger", VILLAGE_3, "village", "西沟村")], ("township",)),
        (TOWNSHIP, [node_op("village", VILLAGE, "village", "南庄村")], ("township",)),
        (COUNTY, [node_op("stranger", "621021103", "township", "白马铺镇")], ("publisher 2",)),
        (COUNTY, [node_op("stranger", TOWNSHIP, "township", "别的名字")], ("publisher 2",)),
        (COUNTY, [node_op("stranger", TOWNSHIP, "station", "驿马镇")], ("publisher 2",)),
        (COUNTY, [rosters.publisher_op((2, bytes(32)))], ("root 2", "root 3")),
        (VILLAGE, [rosters.place_op("621021101201-02", "station", VILLAGE, "")], ("village",)),
        (WINDOW, [rosters.place_op("621021-01-1", "station", WINDOW, "")], ("window",)),
        ("621021109", [rosters.place_op("621021109201", "village", "621021109", "")], ("township",)),
    ],
)
def test_what_breaks_a_rule_of_places_keys_or_parts_is_a_bad_change(part: str, ops: list[Op], signers: Any):
    with pytest.raises(BadRoster):
        attempt(part, ops, *signers)


@pytest.mark.parametrize("number", range(3))
def test_a_key_of_small_order_enters_nowhere(number: int):
    weak = (1).to_bytes(32, "little")
    root: Op = [rosters.ROOT, 1, [[S1, key("root 2").public], [S1, weak]]]
    node: Op = [rosters.NODE, bytes(16), TOWNSHIP, S1, weak, bytes(64)]
    ops, signers = [
        (root, ("root 2", "root 3")),
        (rosters.publisher_op((S1, weak)), ("root 2", "root 3")),
        (node, ("publisher 2",)),
    ][number]
    with pytest.raises(WeakKey):
        attempt(COUNTY, [ops], *signers)


@pytest.mark.parametrize(
    "op", [[9], [5, bytes(16)], [3, *NEW_PLACE[1:5], {-1: 0}]], ids=["new", "reserved", "critical"]
)
def test_what_is_not_understood_is_kept_and_relayed_but_not_applied_nor_what_follows_it(op: Op):
    change = changed(ROSTER, COUNTY, [NEW_PLACE, op], "publisher 2")
    kept = ROSTER.apply(change)
    assert kept.needs_update == {COUNTY}
    assert "621021103" not in kept.places
    assert kept.changes(COUNTY)[-1] == change
    assert kept.heads()[COUNTY][1] == 8
    assert kept.apply(change) is kept
    later = changed(kept, COUNTY, [rosters.place_op("621021104", "township", COUNTY, "")], "publisher 2")
    after = kept.apply(later)
    assert after.changes(COUNTY)[-2:] == (change, later)
    assert "621021104" not in after.places
    below = attempt(TOWNSHIP, [rosters.place_op("621021101203", "village", TOWNSHIP, "")], "township", to=after)
    assert "621021101203" in below.places


def test_what_is_not_understood_is_kept_only_from_those_entitled():
    for part, signer in ((COUNTY, "township"), (TOWNSHIP, "township 2")):
        with pytest.raises(NotEntitled):
            attempt(part, [[9]], signer)
    kept = attempt(COUNTY, [[9]], "publisher 2")
    with pytest.raises(NotEntitled):
        attempt(COUNTY, [NEW_PLACE], "township", to=kept)
    with pytest.raises(NeedsUpdate):
        attempt(COUNTY, [NEW_PLACE], "stranger", to=kept)


def test_an_extension_that_does_not_insist_is_passed_over():
    for number in (0, 7, 23):
        assert "621021103" in attempt(COUNTY, [[*NEW_PLACE[:5], {number: "x"}]], "publisher 2").places


def test_a_network_begins_with_its_root_and_nothing_else():
    with pytest.raises(BadRoster, match="begin with its root"):
        Roster().apply(signed(FIRST._replace(ops=FIRST.ops[1:]), "root 1", "root 2"))
    with pytest.raises(BadRoster):
        Roster().apply(CHANGES[1])
    with pytest.raises(NotEntitled):
        Roster().apply(signed(FIRST, "root 1"))
    elsewhere = [*FIRST.ops[:2], rosters.place_op("99", "county", None, "另一县")]
    with pytest.raises(BadRoster, match="has no parent"):
        Roster().apply(signed(FIRST._replace(ops=elsewhere), "root 1", "root 2"))


def test_what_a_node_lacks_is_what_comes_after_its_head():
    assert ROSTER.changes_after(COUNTY, 0, 0) == list(ROSTER.changes(COUNTY))
    assert ROSTER.changes_after(COUNTY, 2, 5) == list(ROSTER.changes(COUNTY)[5:])
    assert (
        ROSTER.changes_after(COUNTY, 2, 7)
        == ROSTER.changes_after(COUNTY, 9, 1)
        == ROSTER.changes_after("99", 0, 0)
        == []
    )


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        (COUNTY, [COUNTY, TOWNSHIP, TOWNSHIP_2]),
        (TOWNSHIP, [COUNTY, TOWNSHIP]),
        (VILLAGE, [COUNTY, TOWNSHIP]),
        (sample.STATION, [COUNTY, TOWNSHIP]),
        (WINDOW, [COUNTY]),
        (VILLAGE_3, [COUNTY, TOWNSHIP_2]),
    ],
)
def test_a_node_keeps_the_parts_of_its_own_road(place: str, parts: list[str]):
    assert ROSTER.parts_for(place) == parts
    needed = [change for part in parts for change in ROSTER.changes(part)]
    assert applied(needed).heads() == {part: ROSTER.heads()[part] for part in parts}


@pytest.mark.parametrize(
    "value",
    [
        *(None, [], [b""], [b"", [], 0], [1, []], [b"", None], [b"", [[]]], [b"", [[bytes(8)]]]),
        *([b"", [[bytes(7), bytes(64)]]], [b"", [[bytes(8), bytes(63)]]]),
    ],
)
def test_a_change_of_another_shape_is_malformed(value: Any):
    with pytest.raises(Malformed):
        read_change(value)


@pytest.mark.parametrize("raw", [b"", encode({}), encode(list(FIRST[:5])), encode([*FIRST, 0]), encode(FIRST.n)])
def test_what_is_no_payload_is_malformed(raw: bytes):
    assert read_change([raw, []]).payload == raw
    with pytest.raises(Malformed):
        read_payload(Change(raw, ()))


def test_a_change_at_its_bounds_is_read():
    keys = [[1, bytes(32)]] * limits.ROOT_KEYS
    assert read_payload(Change(encode([*FIRST[:5], [[1, 1, keys]]]), ())).ops == [[1, 1, keys]]
    many = [[9]] * limits.ROSTER_OPS
    assert read_payload(changed(ROSTER, COUNTY, many, "publisher 2")).ops == many
    signatures = [[bytes(8), bytes(64)]] * limits.ROSTER_SIGNATURES
    assert len(read_change([b"", signatures]).signatures) == limits.ROSTER_SIGNATURES


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, 1), (0, "no code!"), (1, 0), (1, "1"), (2, 0), (2, None), (3, bytes(31)), (4, None), (5, None), (5, []),
        (5, [1]), (5, [[]]), (5, [["1"]]), (5, [[1]]), (5, [[1, True, []]]), (5, [[1, 1, [1]]]), (5, [[1, 1, [[1]]]]),
        (5, [[2, 1]]), (5, [[2, "1", b""]]), (5, [[3, "5", "village", None, "x"]]),
        (5, [[3, 5, "village", None, "x", {}]]), (5, [[3, "5", "village", 5, "x", {}]]),
        (5, [[3, "5", "village", None, "x", {"a": 1}]]),
        (5, [[4, bytes(15), "5", 1, bytes(32), bytes(64)]]), (5, [[4, bytes(16), "5", 1, bytes(32)]]),
    ],
)  # fmt: skip
def test_a_payload_of_another_shape_is_malformed(index: int, value: Any):
    values: list[Any] = list(FIRST)
    values[index] = value
    with pytest.raises(Malformed):
        read_payload(Change(encode(values), ()))


def test_a_change_beyond_its_bounds_is_too_large():
    many = [NEW_PLACE] * (limits.ROSTER_OPS + 1)
    with pytest.raises(TooLarge):
        changed(ROSTER, COUNTY, many, "publisher 2")
    for raw in (encode([*FIRST[:5], many]), bytes(limits.ROSTER_CHANGE + 1)):
        with pytest.raises(TooLarge):
            read_payload(Change(raw, ()))
    with pytest.raises(TooLarge):
        read_change([b"", [[bytes(8), bytes(64)]] * (limits.ROSTER_SIGNATURES + 1)])
    largest = limits.ROSTER_CHANGE - len(encode([b"", []])) - 2  # the head of so many bytes takes two more
    assert read_change([bytes(largest), []]).signatures == ()
    for value in ([bytes(largest + 1), []], [bytes(largest), [[bytes(8), bytes(64)]]]):
        with pytest.raises(TooLarge):
            read_change(value)
    with pytest.raises(TooLarge):
        changed(ROSTER, COUNTY, [rosters.place_op("621021103", "township", COUNTY, "x" * 70_000)], "publisher 2")
    with pytest.raises(TooLarge):
        read_payload(Change(encode([*FIRST[:5], [[1, 1, [[1, bytes(32)]] * (limits.ROOT_KEYS + 1)]]]), ()))


def test_a_founded_network_needs_no_ceremony():
    change = rosters.found(key("root 1"), key("publisher"), COUNTY, "庆城县", TIME)
    roster = Roster().apply(change)
    assert roster.network_id == sha256(encode(root_op(1, "root 1"))).digest()
    assert roster.places.name(COUNTY) == "庆城县"
    assert attempt_found(roster).nodes_of(COUNTY)


def attempt_found(roster: Roster) -> Roster:
    change = rosters.publish(roster, COUNTY, [node_op("county", COUNTY, "county", "庆城县")], [key("publisher")], TIME)
    return roster.apply(change)
