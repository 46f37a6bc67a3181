"""Enrolment lets in who holds his key and lies under whoever answers; the new node checks what it starts from."""

from typing import Any

import pytest

from sync_protocol import roster as rosters
from sync_protocol.encoding import decode, encode
from sync_protocol.errors import BadRoster, BadSignature, Malformed, NotEntitled, ProtocolError, WeakKey
from tests.sync_protocol import sample
from tests.sync_protocol.sample import (
    COUNTY,
    NETWORK,
    ROSTER,
    TOWNSHIP,
    TOWNSHIP_2,
    VILLAGE,
    VILLAGE_3,
    WINDOW,
    changed,
    incarnation,
    key,
)


def asking(name: str, place: str, level: str, place_name: str) -> rosters.EnrolRequest:
    return rosters.read_request(sample.request(name, place, level, place_name))


def test_a_new_village_is_let_in_by_its_township_and_finds_itself_in_the_answer():
    request = asking("stranger", "621021101203", "village", "东庄村")
    ops = rosters.admit_request(ROSTER, request, TOWNSHIP)
    grown = ROSTER.apply(changed(ROSTER, TOWNSHIP, ops, "township"))
    raw = rosters.answer(grown, request.place, incarnation("township"))
    answer = rosters.read_answer(raw, request)
    assert answer.network_id == NETWORK
    assert answer.parent.place == TOWNSHIP
    assert answer.roster.node(incarnation("stranger")) == grown.node(incarnation("stranger"))
    assert set(answer.roster.heads()) == {COUNTY, TOWNSHIP}
    assert rosters.admit_request(grown, request, TOWNSHIP) == []


@pytest.mark.parametrize(
    ("signer", "place", "level", "parent", "named"),
    [
        (COUNTY, "621021103", "township", None, 2),
        (COUNTY, "621021-02", "station", None, 2),
        (COUNTY, COUNTY, "county", None, 2),
        (COUNTY, TOWNSHIP, "township", None, 2),
        (TOWNSHIP, "621021101203", "village", None, 2),
        (TOWNSHIP, "621021101201-02", "station", VILLAGE, 2),
    ],
)
def test_who_may_answer_whom(signer: str, place: str, level: str, parent: str | None, named: int):
    ops = rosters.admit_request(ROSTER, asking("stranger", place, level, "名字"), signer, parent)
    assert [op[0] for op in ops] == [rosters.PLACE, rosters.NODE][-named:]
    part, key_name = (COUNTY, "publisher 2") if signer == COUNTY else (TOWNSHIP, "township")
    assert ROSTER.apply(changed(ROSTER, part, ops, key_name)).node(incarnation("stranger"))


@pytest.mark.parametrize(
    ("signer", "place", "level", "parent"),
    [
        (COUNTY, "621021101203", "village", TOWNSHIP),
        (COUNTY, VILLAGE, "village", None),
        (COUNTY, "621021103", "village", None),
        (TOWNSHIP, VILLAGE_3, "village", None),
        (TOWNSHIP, "621021102202", "village", TOWNSHIP_2),
        (TOWNSHIP, TOWNSHIP, "township", None),
        (TOWNSHIP, "621021103", "township", None),
        (TOWNSHIP, "621021101203", "village", "99"),
        (VILLAGE, "621021101201-02", "station", None),
        (WINDOW, "621021-01-1", "station", None),
    ],
)
def test_nobody_answers_for_others(signer: str, place: str, level: str, parent: str | None):
    with pytest.raises(NotEntitled):
        rosters.admit_request(ROSTER, asking("stranger", place, level, "名字"), signer, parent)


def test_a_second_node_of_a_known_place_needs_no_place_op():
    ops = rosters.admit_request(ROSTER, asking("stranger", VILLAGE, "village", "南庄村"), TOWNSHIP)
    assert [op[0] for op in ops] == [rosters.NODE]


def test_a_request_that_disagrees_with_the_roster_is_refused():
    with pytest.raises(BadRoster, match="is a village"):
        rosters.admit_request(ROSTER, asking("stranger", VILLAGE, "station", "南庄村"), TOWNSHIP)
    taken = asking("stranger", VILLAGE, "village", "南庄村")._replace(incarnation=incarnation("village"))
    with pytest.raises(BadRoster, match="named already"):
        rosters.admit_request(ROSTER, taken, TOWNSHIP)


def test_one_changed_byte_of_a_request_is_refused():
    raw = sample.request("stranger", "621021103", "township", "白马铺镇")
    for at in range(len(raw)):
        broken = bytearray(raw)
        broken[at] ^= 1 << at % 8
        with pytest.raises(ProtocolError):
            rosters.read_request(bytes(broken))


def test_a_request_needs_the_private_key():
    values = decode(sample.request("stranger", "621021103", "township", "白马铺镇"))
    values[6] = key("village").public
    with pytest.raises(BadSignature):
        rosters.read_request(encode(values))
    values[6] = (1).to_bytes(32, "little")
    with pytest.raises(WeakKey):
        rosters.read_request(encode(values))


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, 2), (0, True), (1, 1), (1, "no code!"), (2, "hamlet"), (2, None), (3, None), (4, 2), (5, bytes(15)),
        (6, bytes(31)), (7, bytes(63)),
    ],
)  # fmt: skip
def test_a_request_of_another_shape_is_malformed(index: int, value: Any):
    values = decode(sample.request("stranger", "621021103", "township", "白马铺镇"))
    values[index] = value
    with pytest.raises(Malformed):
        rosters.read_request(encode(values))


def test_an_answer_to_somebody_else_is_refused():
    village, other = asking("village", VILLAGE, "village", "南庄村"), asking("stranger", VILLAGE, "village", "南庄村")
    raw = rosters.answer(ROSTER, VILLAGE, incarnation("township"))
    assert rosters.read_answer(raw, village).parent.place == TOWNSHIP
    with pytest.raises(NotEntitled, match="does not name this node"):
        rosters.read_answer(raw, other)
    for parent in ("township 2", "stranger", "village 2"):
        with pytest.raises(NotEntitled, match="parent"):
            rosters.read_answer(rosters.answer(ROSTER, VILLAGE, incarnation(parent)), village)


def test_an_answer_with_a_change_left_out_or_of_another_network_is_refused():
    village = asking("village", VILLAGE, "village", "南庄村")
    values = decode(rosters.answer(ROSTER, VILLAGE, incarnation("township")))
    for left_out in (0, 1, 2, 3, 4, 5, 7, 8):  # without 6 it is what was true before change 7 of the county part
        broken = [*values[:2], [change for at, change in enumerate(values[2]) if at != left_out], values[3]]
        with pytest.raises(ProtocolError):
            rosters.read_answer(encode(broken), village)
    with pytest.raises(BadRoster, match="another network"):
        rosters.read_answer(encode([1, bytes(32), *values[2:]]), village)
    for other in ([2, *values[1:]], values[:3], [1, b"", *values[2:]], [*values[:3], b""], [1, NETWORK, {}, values[3]]):
        with pytest.raises(Malformed):
            rosters.read_answer(encode(other), village)


def test_a_file_that_was_cut_short_anywhere_lets_nobody_in_and_spoils_nothing():
    """Whoever pulls the stick out early carries half an answer, or half a request."""
    raw = sample.request("village", VILLAGE, "village", "南庄村")
    village = rosters.read_request(raw)
    whole = rosters.answer(ROSTER, VILLAGE, incarnation("township"))
    for length in range(len(whole)):
        with pytest.raises(Malformed):
            rosters.read_answer(whole[:length], village)
    for length in range(len(raw)):
        with pytest.raises(Malformed):
            rosters.read_request(raw[:length])
    assert rosters.read_answer(whole, village).parent.place == TOWNSHIP
