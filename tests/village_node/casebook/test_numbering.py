"""Numbers of documents: drawn with the act they belong to, one of each, typed by nobody."""

import pytest

from sync_protocol.case import bodies, documents, kinds, numbers
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network, settle
from village_node.casebook import BadBody, CaseRef, NotAllowed, Stale, numbering
from village_node.rebirth import Reason

DIRECT = "040"  # accepted and decided by the village itself
AT_ONCE = "022"  # settled on the spot at the county
MARKS = {"marks": [["applicant_address", "写到门牌号"]]}


def number_in(member: Member, ref: CaseRef, kind: int) -> str:
    """The number that the newest event of a kind carries."""
    entries = member.casebook.timeline(ref.scope, ref.case_id)
    return [entry.body["document_no"] for entry in entries if entry.kind == kind and entry.body][-1]


def stem(member: Member, mark: str, department: str = "司法") -> str:
    prefix = numbers.place_prefix(member.place)
    return f"{department}行审{mark}〔2026〕{prefix}-{numbers.incarnation_tag(member.identity.incarnation)}"


def test_each_type_of_document_counts_by_itself(net: Network) -> None:
    village = net.members[VILLAGE]
    for n in (1, 2):
        ref = village.file(item_no=DIRECT)
        village.act(ref, kinds.DOCKET)
        assert number_in(village, ref, kinds.DOCKET) == f"{stem(village, '04')}-{n}号"
        village.act(ref, kinds.DECIDE, {"outcome": "approve"})
        assert number_in(village, ref, kinds.DECIDE) == f"{stem(village, '11')}-{n}号"
    refused = village.file(item_no=DIRECT)
    village.act(refused, kinds.DOCKET)
    village.act(refused, kinds.DECIDE, {"outcome": "refuse", "reasons": "双方未到场"})
    assert number_in(village, refused, kinds.DECIDE) == f"{stem(village, '12')}-1号"
    case = village.casebook.case(refused.scope, refused.case_id)
    assert case is not None and case.decision is not None
    assert case.decision.document_no == f"{stem(village, '12')}-1号"


def test_a_notice_of_corrections_is_another_document_once_the_case_is_accepted(net: Network) -> None:
    village = net.members[VILLAGE]
    before, after = village.file(item_no=DIRECT), village.file(item_no=DIRECT)
    village.act(before, kinds.RETURN_FOR_CORRECTION, MARKS)
    village.act(after, kinds.DOCKET)
    village.act(after, kinds.RETURN_FOR_CORRECTION, MARKS)
    assert number_in(village, before, kinds.RETURN_FOR_CORRECTION) == f"{stem(village, '02')}-1号"
    assert number_in(village, after, kinds.RETURN_FOR_CORRECTION) == f"{stem(village, '07')}-1号"


def test_a_case_settled_on_the_spot_has_one_combined_notice(net: Network) -> None:
    county = net.members[COUNTY]
    ref = county.file(item_no=AT_ONCE)
    county.act(ref, kinds.DOCKET)
    county.act(ref, kinds.DECIDE, {"outcome": "approve"})
    assert number_in(county, ref, kinds.DECIDE) == f"{stem(county, '即办', '公积金')}-1号"


def test_departments_and_years_count_apart(net: Network) -> None:
    county = net.members[COUNTY]
    numbered = []
    for item_no, at_ms in ((AT_ONCE, 0), ("023", 0), (AT_ONCE, 365 * 86_400_000)):
        net.clock.now_ms += at_ms
        ref = county.file(item_no=item_no)
        county.act(ref, kinds.DOCKET)
        numbered.append(number_in(county, ref, kinds.DOCKET))
    assert [each.rpartition("-")[2] for each in numbered] == ["1号"] * 3
    assert ["公积金行审04〔2026〕" in numbered[0], "统计" in numbered[1], "〔2027〕" in numbered[2]] == [True] * 3


def test_nobody_types_a_number(net: Network) -> None:
    village = net.members[VILLAGE]
    ref = village.file(item_no=DIRECT)
    with pytest.raises(BadBody) as refused:
        village.act(ref, kinds.DOCKET, {"document_no": "民政行审04〔2026〕1号"})
    assert refused.value.field == "document_no"
    with pytest.raises(BadBody):
        village.act(ref, kinds.DOCKET, {2: "民政行审04〔2026〕1号"})
    assert village.state(ref) == "received"


@pytest.mark.parametrize("kind", sorted(documents.NUMBERED_KINDS))
def test_in_no_act_that_bears_a_numbered_document_may_the_number_be_typed(kind: int) -> None:
    field = next(each.number for each in bodies.TABLES[kind].fields if each.name == "document_no")
    with pytest.raises(BadBody) as refused:
        numbering.refuse_typed(kind, {field: "民政行审04〔2026〕1号"})
    assert refused.value.field == "document_no"
    numbering.refuse_typed(kind, {})


def test_the_number_of_a_higher_authority_is_typed() -> None:
    field = next(each.number for each in bodies.TABLES[kinds.RESUME].fields if each.name == "document_no")
    numbering.refuse_typed(kinds.RESUME, {field: "庆市自然〔2026〕7号"})


def test_an_act_that_is_not_done_uses_up_no_number(net: Network) -> None:
    village = net.members[VILLAGE]
    ref = village.file(item_no=DIRECT)
    case = village.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    seen = case.last
    village.act(ref, kinds.DOCKET)
    with pytest.raises(Stale):
        village.act(ref, kinds.DOCKET, seen=seen)
    with pytest.raises(NotAllowed):
        village.act(ref, kinds.REVIEW, {"opinion": "agree"})
    other = village.file(item_no=DIRECT)
    village.act(other, kinds.DOCKET)
    assert number_in(village, other, kinds.DOCKET).endswith("-2号")


def test_a_new_life_of_a_node_gives_no_number_again(net: Network) -> None:
    village = net.members[VILLAGE]
    given = []
    for _ in range(2):
        for _ in range(3):
            member = net.members[VILLAGE]
            ref = member.file(item_no=DIRECT)
            member.act(ref, kinds.DOCKET)
            given.append(number_in(member, ref, kinds.DOCKET))
        settle(village, net.members[TOWNSHIP])
        village.casebook.begin_again(Reason.OPERATOR)
    assert len(set(given)) == 6
    assert [each.rpartition("-")[2] for each in given] == ["1号", "2号", "3号"] * 2


def test_the_county_finds_the_number_that_the_township_gave(net: Network) -> None:
    village, township, county = (net.members[place] for place in (VILLAGE, TOWNSHIP, COUNTY))
    ref = village.file()
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    settle(village, township)
    township.act(ref, kinds.ACCEPT)
    township.act(ref, kinds.DOCKET)
    settle(township, county)
    assert number_in(county, ref, kinds.DOCKET) == f"{stem(township, '04', '民政')}-1号"


def test_a_printed_token_finds_its_event_and_a_wrong_one_nothing(net: Network) -> None:
    county = net.members[COUNTY]
    ref = county.file(item_no=AT_ONCE)
    county.act(ref, kinds.DOCKET)
    entry = next(each for each in county.casebook.timeline(ref.scope, ref.case_id) if each.kind == kinds.DOCKET)
    incarnation, seq, mark = entry.position
    who = numbers.leads_with(incarnation)
    find = county.casebook.find_event
    assert find(who, seq, mark) == (ref.scope, ref.case_id, entry.position)
    assert find(who ^ 1, seq, mark) is None
    assert find(who, seq + 1, mark) is None
    assert find(who, seq, bytes(8)) is None
    assert find((1 << 35) - 1, 2**53 - 1, mark) is None
