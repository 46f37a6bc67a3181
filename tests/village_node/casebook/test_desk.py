"""The door for our own people: what they may do, what they are told, and that nothing half done is ever kept."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sync_protocol.case import kinds, numbers
from tests.builders import (
    APPLICATION,
    COUNTY,
    START_MS,
    TOWNSHIP,
    VILLAGE,
    Member,
    Network,
    network,
    settle,
)
from village_node.casebook import Application, BadBody, NotAllowed, NotFound, Stale
from village_node.store import NotReadable, NotSaved, Store
from village_node.store.cases import CaseRow

DIRECT = "040"  # accepted and decided by the village itself


@pytest.fixture
def county(net: Network) -> Member:
    return net.members[COUNTY]


def file_at(member: Member, item_no: str):
    return member.file(item_no=item_no)


def heads(member: Member) -> list[int]:
    return [row["head"] for row in member.casebook.counts()["streams"]]


def test_an_application_gets_a_number_and_a_code_by_which_it_is_found(county: Member) -> None:
    ref = file_at(county, "022")
    parsed = numbers.parse_case_number(ref.case_no)
    assert (parsed.place, parsed.counter) == (COUNTY, 1)
    assert numbers.normalise_query_code(ref.query_code) == ref.query_code
    for row in (county.casebook.find_by_number(ref.case_no), county.casebook.find_by_query_code(ref.query_code)):
        assert isinstance(row, CaseRow)
        assert (row.scope, row.case_id, row.state) == (ref.scope, ref.case_id, "received")
        assert (row.applicant_name, row.filed_ms) == ("张秀兰", START_MS)
    assert county.casebook.find_by_number("621021000000-260921-0000-1-0") is None
    assert county.casebook.find_by_query_code("0000000000000") is None


def test_numbers_go_on_after_a_restart_under_another_tag(folder: Path) -> None:
    net = network(folder)
    first = net.members[VILLAGE].file()
    net.members[VILLAGE].store.close()
    second = net.open(VILLAGE, life=1).file()
    one, other = numbers.parse_case_number(first.case_no), numbers.parse_case_number(second.case_no)
    assert (one.counter, other.counter) == (1, 2)
    assert one.tag != other.tag
    net.close()


def test_a_case_that_moved_on_is_not_acted_on_from_an_old_page(county: Member) -> None:
    ref = file_at(county, "022")
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    seen = case.last
    county.act(ref, kinds.DOCKET)
    before = heads(county)
    with pytest.raises(Stale) as stale:
        county.casebook.record("0002", county.roles, ref.scope, ref.case_id, kinds.DOCKET, {}, seen)
    assert stale.value.zh
    with pytest.raises(Stale):
        county.casebook.record("0002", county.roles, ref.scope, ref.case_id, kinds.DOCKET, {}, None)
    assert heads(county) == before


def test_a_note_does_not_make_a_page_stale(county: Member) -> None:
    ref = file_at(county, "022")
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    county.casebook.record("0002", county.roles, ref.scope, ref.case_id, kinds.NOTE, {"text": "已电话核实"})
    county.casebook.record("0001", county.roles, ref.scope, ref.case_id, kinds.DOCKET, {}, case.last)
    assert county.state(ref) == "accepted"


@pytest.mark.parametrize(
    ("roles", "kind", "body"),
    [
        ({"supervisor"}, kinds.DOCKET, {}),
        ({"admin"}, kinds.NOTE, {"text": "x"}),
        ({"agent"}, kinds.DOCKET, {}),
        ({"window", "officer"}, kinds.DECIDE, {"outcome": "approve"}),
        ({"window"}, kinds.HANDOFF, {"to": VILLAGE, "purpose": "deliver"}),
    ],
)
def test_what_may_not_be_done_is_not_done_and_says_why(county: Member, roles: set[str], kind: int, body: dict) -> None:
    ref = file_at(county, "022")
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    before = heads(county)
    with pytest.raises(NotAllowed) as refused:
        county.casebook.record("0001", roles, ref.scope, ref.case_id, kind, body, case.last)
    assert refused.value.zh
    assert refused.value.en
    assert heads(county) == before


def test_a_handoff_off_the_route_is_not_written(net: Network) -> None:
    county = net.members[COUNTY]
    ref = file_at(county, "022")
    county.act(ref, kinds.DOCKET)
    county.act(ref, kinds.DECIDE, {"outcome": "approve"})
    before = heads(county)
    with pytest.raises(NotAllowed):
        county.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "deliver"})
    assert heads(county) == before


def test_what_is_missing_or_wrong_in_a_form_is_named(county: Member) -> None:
    for changes, field in (
        ({"applicant_name": None}, "applicant_name"),
        ({"applicant_id_kind": "library card"}, "applicant_id_kind"),
        ({"item_no": "999"}, "item_no"),
        ({"answers": {"理由": "很" * 2_001}}, "answers"),
        ({"answers": {f"第{n}问": "很" * 1_900 for n in range(5)}}, "body"),
    ):
        with pytest.raises(BadBody) as bad:
            file_at_with(county, changes)
        assert bad.value.field == field
    with pytest.raises(BadBody, match="channel"):
        county.casebook.file("0001", county.roles, {**APPLICATION, "item_no": "016"}, "pigeon")
    ref = file_at(county, "016")
    with pytest.raises(BadBody) as bad:
        county.act(ref, kinds.RETURN_FOR_CORRECTION, {"marks": []})
    assert bad.value.field == "marks"
    with pytest.raises(BadBody) as bad:
        county.act(ref, kinds.HANDOFF, {"purpose": "decide"})
    assert bad.value.field == "to"


def file_at_with(county: Member, changes: dict) -> None:
    county.file(**{"item_no": "016", **changes})


def test_what_is_not_filed_here_is_refused_before_anything_is_written(net: Network) -> None:
    village = net.members[VILLAGE]
    with pytest.raises(NotAllowed):
        village.file(item_no="028")  # a higher authority decides
    with pytest.raises(NotAllowed):
        village.file(item_no="015")  # a village only informs
    with pytest.raises(NotAllowed):
        village.casebook.file("0001", {"head"}, APPLICATION)
    assert heads(village) in ([], [0])


def test_nobody_acts_on_a_case_that_is_not_here(county: Member) -> None:
    with pytest.raises(NotFound):
        county.casebook.record("0001", county.roles, f"about:{VILLAGE}", bytes(16), kinds.NOTE, {"text": "x"})


def test_an_import_files_all_or_none(county: Member) -> None:
    good = Application("0001", {**APPLICATION, "item_no": "016"})
    bad = Application("0001", {**APPLICATION, "item_no": "016", "applicant_name": ""})
    with pytest.raises(BadBody):
        county.casebook.record_many([good, bad])
    assert county.casebook.view_counts()["all"] == 0
    refs = county.casebook.record_many([good] * 130)
    assert len({ref.case_no for ref in refs}) == len({ref.query_code for ref in refs}) == 130
    assert county.casebook.view_counts()["all"] == 130


def test_our_logical_clock_never_runs_backward(folder: Path) -> None:
    net = network(folder)
    village = net.members[VILLAGE]
    ref = village.file(item_no=DIRECT)
    net.clock.now_ms = 0  # the battery died
    village.act(ref, kinds.DOCKET)
    village.store.close()
    village = net.open(VILLAGE)
    village.act(ref, kinds.NOTE, {"text": "重启之后"})
    entries = village.casebook.timeline(ref.scope, ref.case_id)
    assert [entry.kind for entry in entries] == [kinds.CREATE, kinds.RECEIVE, kinds.DOCKET, kinds.NOTE]
    assert entries[-1].claimed_ms == 0
    net.close()


def test_the_day_on_a_receipt_is_the_county_s_not_the_machine_s(folder: Path) -> None:
    net = network(folder)
    net.clock.now_ms = 1_790_006_400_000 - 1  # one millisecond before midnight of 22 September 2026 at +08:00
    before = net.members[VILLAGE].file()
    net.clock.now_ms += 1
    after = net.members[VILLAGE].file()
    assert [numbers.parse_case_number(ref.case_no).day for ref in (before, after)] == ["260921", "260922"]
    net.close()


def test_news_is_told_after_the_commit_and_never_of_what_failed(county: Member) -> None:
    told: list[tuple[set[str], int]] = []
    county.casebook.on_news(lambda scopes: told.append((scopes, county.casebook.view_counts()["all"])))
    file_at(county, "022")
    assert told == [({f"about:{COUNTY}"}, 1)]
    with pytest.raises(BadBody):
        county.file(item_no="999")
    assert len(told) == 1


def test_what_is_saved_is_saved_though_somebody_could_not_hear_of_it(county: Member) -> None:
    told: list[set[str]] = []

    def unlucky(scopes: set[str]) -> None:
        raise NotReadable("暂时读不出", "cannot be read at the moment")

    county.casebook.on_news(unlucky)
    county.casebook.on_news(told.append)
    ref = file_at(county, "022")
    assert county.state(ref) == "received"
    assert told == [{ref.scope}]


def test_a_full_disk_says_not_saved_and_loses_nothing(folder: Path, full_disk: Callable[[Store], None]) -> None:
    net = network(folder)
    village = net.members[VILLAGE]
    ref = village.file()
    full_disk(village.store)
    many = [Application("0001", {**APPLICATION, "answers": {"申请理由": "很" * 2_000}})] * 50
    with pytest.raises(NotSaved, match="disk is full"):
        village.casebook.record_many(many)
    assert village.casebook.view_counts()["all"] == 1
    assert village.state(ref) == "received"
    village.store.close()
    # Room was made: the same import goes through, and continues where the stream was left.
    village = net.open(VILLAGE)
    assert len(village.casebook.record_many(many)) == 50
    settle(village, net.members[TOWNSHIP])
    assert net.members[TOWNSHIP].casebook.view_counts()["all"] == 51
    net.close()


def test_drafts_of_moves_follow_the_road_of_the_item(net: Network) -> None:
    """A village decides what it may decide alone, from filing to delivery, without any other node."""
    village = net.members[VILLAGE]
    ref = village.file(item_no=DIRECT)
    village.act(ref, kinds.DOCKET)
    village.act(ref, kinds.DECIDE, {"outcome": "approve"})
    village.act(ref, kinds.DELIVERED, {"to": "张秀兰", "how": "in_person"})
    assert village.state(ref) == "delivered"
    row = village.casebook.case_row(ref.scope, ref.case_id)
    assert row is not None
    assert (row.state, row.decided_ms, row.delivered_ms) == ("delivered", START_MS, START_MS)


def test_lists_show_each_case_where_somebody_has_to_look_for_it(net: Network) -> None:
    village, township = net.members[VILLAGE], net.members[TOWNSHIP]
    ref, other = village.file(), village.file(applicant_name="李大山", item_no=DIRECT)
    assert village.casebook.view_counts() == {
        "mine": 2, "new": 0, "claimed": 0, "unclaimed": 2,
        "back": 0, "supplies": 0, "transit": 0, "decided": 0, "delivering": 0, "all": 2,
        "not_left": 2, "reviews": 0, "promises": 0, "unrated": 0, "prereview": 0, "fees": 0, "to_file": 0,
        "to_file_elsewhere": 0,
    }  # fmt: skip
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    settle(village, township)
    assert village.casebook.view_counts()["not_left"] == 0
    assert [row.case_id for row in village.casebook.work_list("transit").rows] == [ref.case_id]
    assert [row.case_id for row in township.casebook.work_list("mine").rows] == [ref.case_id]
    township.act(ref, kinds.ACCEPT)
    township.act(ref, kinds.RETURN_FOR_CORRECTION, {"marks": [["身份证", "复印件不清"]]})
    settle(village, township)
    assert [row.case_id for row in village.casebook.work_list("back").rows] == [ref.case_id]
    village.act(ref, kinds.SUPPLY, {"text": "已补交"})
    assert [row.case_id for row in village.casebook.work_list("not_left").rows] == [ref.case_id]
    settle(village, township)
    assert [row.case_id for row in township.casebook.work_list("supplies").rows] == [ref.case_id]
    for filters, found in (
        ({"text": "李大"}, other), ({"text": other.case_no[:20].lower()}, None), ({"item_no": DIRECT}, other),
        ({"text": DIRECT}, other), ({"state": "correcting"}, ref), ({"text": "100%"}, None),
    ):  # fmt: skip
        page = village.casebook.work_list("all", filters)
        if found is not None:
            assert [row.case_id for row in page.rows] == [found.case_id]
    assert village.casebook.work_list("all", {"text": "100%"}).total == 0
    assert village.casebook.work_list("all", {}, page=2, page_size=1).total == 2
    with pytest.raises(KeyError):
        village.casebook.work_list("no such view")
