"""The county publishes a version of an item; villages file under it, and cases go on under the version they name."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sync_protocol import encoding
from sync_protocol.case import editions, kinds
from sync_protocol.case.catalogue import Item
from sync_protocol.case.editions import Edition
from sync_protocol.case.workdays import day_of
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network, settle
from village_node.casebook import BadBody, CaseRef, NotAllowed
from village_node.casebook.ledger import held_events
from village_node.store import Connection

BUSINESS = frozenset({"business"})
DAY_MS = 86_400_000


def everywhere(net: Network) -> None:
    """All three nodes hold the same."""
    for _ in range(2):
        settle(net.members[VILLAGE], net.members[TOWNSHIP])
        settle(net.members[TOWNSHIP], net.members[COUNTY])


def edition(net: Network, item_no: str = "001", **changes: Any) -> Edition:
    """A next version of an item as the county's node has it, in force from today but for the changes."""
    county = net.members[COUNTY].casebook
    newest = county.catalogue.newest(item_no)
    assert newest is not None
    given = {"version": newest.version + 1, "begins": day_of(net.clock()), "ends": None, **changes}
    return Edition(replace(newest, **given), "按县政府令调整")


def publish(net: Network, item_no: str = "001", **changes: Any) -> Item:
    said = edition(net, item_no, **changes)
    net.members[COUNTY].casebook.publish_item("2001", BUSINESS, said)
    return said.item


def file(net: Network) -> CaseRef:
    """An application for item 001 at the village, under the version that its own page would offer."""
    village = net.members[VILLAGE]
    offered = village.casebook.catalogue.offered(village.casebook.item_day())
    return village.file(item_version=next(item.version for item in offered if item.item_no == "001"))


def limits(member: Member, ref: CaseRef) -> tuple[int, int | None]:
    """The version of a case, and what it is promised, as this node computes it."""
    case, clock = member.casebook.case(ref.scope, ref.case_id), member.casebook.clock_of(ref[:2])
    assert case is not None and clock is not None
    promised = next((each.limit for each in clock.clocks.readings if each.clock == "promised"), None)
    return case.item_version, promised


def docket(net: Network, ref: CaseRef) -> None:
    village, township = net.members[VILLAGE], net.members[TOWNSHIP]
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    everywhere(net)
    township.act(ref, kinds.ACCEPT)
    township.act(ref, kinds.DOCKET)
    everywhere(net)


@pytest.mark.slow
def test_a_version_reaches_the_village_and_a_running_case_ends_under_its_own(net: Network) -> None:
    village, township, county = net.members[VILLAGE], net.members[TOWNSHIP], net.members[COUNTY]
    old = file(net)
    docket(net, old)
    publish(net, promised_days=12, budget_township_days=5, budget_county_days=6)
    assert village.casebook.catalogue.newest("001").version == 1  # type: ignore[union-attr]
    everywhere(net)
    new = file(net)
    docket(net, new)
    assert {limits(member, old) for member in net.members.values()} == {(1, 25)}
    assert {limits(member, new) for member in net.members.values()} == {(2, 12)}
    for ref in (old, new):
        township.act(ref, kinds.REVIEW, {"opinion": "agree"})
        township.act(ref, kinds.HANDOFF, {"to": COUNTY, "purpose": "decide"})
        everywhere(net)
        county.act(ref, kinds.ACCEPT)
        county.act(ref, kinds.DECIDE, {"outcome": "approve"})
        everywhere(net)
        assert {member.state(ref) for member in net.members.values()} == {"decided_approved"}


def test_two_versions_are_in_force_in_turn_and_the_last_one_ends(net: Network) -> None:
    today = day_of(net.clock())
    publish(net, promised_days=20, budget_county_days=8, begins=date(2027, 1, 1), ends=date(2027, 6, 30))
    publish(net, promised_days=15, budget_township_days=6, budget_county_days=8, begins=date(2027, 3, 1))
    catalogue = net.members[COUNTY].casebook.catalogue

    def on(day: date | None) -> list[int]:
        return [item.version for item in catalogue.offered(day) if item.item_no == "001"]

    assert [on(day) for day in (today, date(2026, 12, 31), date(2027, 1, 1), date(2027, 2, 28))] == [[1], [1], [2], [2]]
    assert [on(day) for day in (date(2027, 3, 1), date(2030, 1, 1))] == [[3], [3]]
    publish(net, begins=date(2027, 7, 1), ends=date(2027, 7, 31))
    later = net.members[COUNTY].casebook.catalogue
    assert [item.version for item in later.offered(date(2027, 8, 1)) if item.item_no == "001"] == []
    assert [item.version for item in later.offered(None) if item.item_no == "001"] == [4]


def test_a_village_offline_goes_on_with_the_newest_it_holds(net: Network) -> None:
    publish(net, promised_days=20, budget_county_days=8)
    everywhere(net)
    publish(net, promised_days=15, budget_township_days=6, budget_county_days=8)
    settle(net.members[TOWNSHIP], net.members[COUNTY])
    ref = file(net)  # it has not heard of the third version
    docket(net, ref)
    assert {limits(member, ref) for member in net.members.values()} == {(2, 20)}


def test_a_case_waits_for_a_version_that_is_not_here_and_is_folded_when_it_comes(net: Network) -> None:
    township = net.members[TOWNSHIP]
    reads = township.casebook.publications
    township.casebook.publications = lambda connection, kind, read: []  # type: ignore[method-assign]
    publish(net, promised_days=20, budget_county_days=8)
    everywhere(net)
    ref = file(net)
    settle(net.members[VILLAGE], township)
    case = township.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    assert {(verdict.code, verdict.reason) for verdict in case.verdicts.values()} == {("waiting", "item")}
    township.casebook.publications = reads  # type: ignore[method-assign]
    township.casebook.tell({"below:" + COUNTY})
    row = township.casebook.case_row(ref.scope, ref.case_id)
    assert row is not None and row.n_waiting == 0 and row.item_version == 2
    assert township.casebook.follow_catalogue() == 0


def test_the_application_names_the_publication_it_relies_on(net: Network) -> None:
    item = publish(net)
    everywhere(net)
    village = net.members[VILLAGE]
    ref = file(net)
    with village.store.reading() as connection:
        published = village.casebook.items_in(connection).published[item.key]
        events = held_events(village.casebook, connection, village.casebook.roster, {ref[:2]})[ref[:2]]
    create = next(each.event for each in events if each.event.kind == kinds.CREATE)
    where = published.position
    assert create.deps == ((where.incarnation, "below:" + COUNTY, where.seq),)
    # What a network begins with is everywhere: nothing has to come first.
    old = village.file(item_version=1)
    with village.store.reading() as connection:
        events = held_events(village.casebook, connection, village.casebook.roster, {old[:2]})[old[:2]]
    assert all(not each.event.deps for each in events)


def test_a_dead_clock_closes_nothing(net: Network) -> None:
    village = net.members[VILLAGE].casebook
    publish(net, ends=date(2026, 12, 31))
    everywhere(net)
    assert village.item_day() == day_of(net.clock())
    net.clock.now_ms = 946_684_800_000  # the year 2000, as a clock without its battery says
    assert village.item_day() is None
    assert [item.version for item in village.catalogue.offered(village.item_day()) if item.item_no == "001"] == [2]


def test_the_time_of_the_level_above_counts_before_our_own(net: Network) -> None:
    village = net.members[VILLAGE].casebook
    publish(net)
    everywhere(net)
    net.clock.now_ms += 40 * 365 * DAY_MS
    above = net.members[TOWNSHIP].identity.incarnation
    village.update_peer(above, place=TOWNSHIP, direction="up", last_contact_ms=1, skew_ms=-40 * 365 * DAY_MS)
    village.tell(set())
    assert village.item_day() == day_of(net.clock.now_ms - 40 * 365 * DAY_MS)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"promised_days": 31}, "days"),
        ({"budget_county_days": 15}, "days"),
        ({"ends": date(2020, 1, 1)}, "ends"),
        ({"begins": date(2020, 1, 1)}, "begins"),
        ({"delegable": True}, "delegable"),
        ({"version": 3}, "version"),
        ({"version": 1}, "version"),
        ({"accept_levels": ("county",), "decide_level": "township"}, "levels"),
        ({"decide_level": "village"}, "levels"),
        ({"members": ("009", "999")}, "members"),
        ({"members": ("009",)}, "members"),
    ],
)
def test_a_wrong_version_is_told_by_its_field(net: Network, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadBody) as wrong:
        publish(net, **changes)
    assert wrong.value.field == field
    assert net.members[COUNTY].casebook.catalogue.newest("001").version == 1  # type: ignore[union-attr]


def test_a_long_promise_is_a_warning_and_delegation_takes_a_document(net: Network) -> None:
    county = net.members[COUNTY].casebook
    assert [words[0] for words in county.check_item(edition(net))] == ["承诺 25 天，超过法定 30 天的一半"]
    short = edition(net, promised_days=15, budget_township_days=6, budget_county_days=8)
    assert county.check_item(short) == []
    county.check_item(edition(net, delegable=True, delegable_basis="庆政发〔2026〕3号"))


def test_only_the_county_publishes_and_a_number_is_never_used_twice(net: Network) -> None:
    said = edition(net)
    with pytest.raises(NotAllowed):
        net.members[TOWNSHIP].casebook.publish_item("1", frozenset({"head"}), said)
    with pytest.raises(NotAllowed):
        net.members[COUNTY].casebook.publish_item("1", frozenset({"window"}), said)
    net.members[COUNTY].casebook.publish_item("1", BUSINESS, said)
    with pytest.raises(BadBody, match="would be version 3"):
        net.members[COUNTY].casebook.publish_item("1", BUSINESS, said)


def test_what_cannot_be_read_says_nothing_and_a_starter_version_is_never_replaced(net: Network) -> None:
    county = net.members[COUNTY].casebook
    item = county.catalogue.item("001")
    same = editions.to_bytes(Edition(replace(item, name="另一事项", begins=date(2026, 1, 1)), "改写"))

    def act(connection: Connection) -> tuple[None, set[str]]:
        county._publish(connection, "x", kinds.CATALOGUE, [encoding.encode({0: "001"})])
        return None, county._publish(connection, "x", kinds.CATALOGUE, [same])

    county._act(act)
    everywhere(net)
    assert net.members[VILLAGE].casebook.catalogue.item("001") == item
    assert net.members[VILLAGE].casebook.items.published == {}


def test_the_amount_rule_of_the_housing_fund_is_asked_when_an_application_is_filed(net: Network) -> None:
    village = net.members[VILLAGE]
    asked = {question.name: question.zh for question in village.casebook.catalogue.item("022").form}
    answers = {"amount": "12000", "year_repaid": "12000.00", "withdrawn": "0", "repaid": "30000"}
    village.file(item_no="022", answers={asked[name]: text for name, text in answers.items()})
    for change, field, told in (
        ({"amount": "12000.01"}, "amount", "提取金额不能大于当年还款额"),
        ({"withdrawn": "18000.01"}, "amount", "累计提取金额不能超过实际还款本息总额"),
        ({"repaid": ""}, "repaid", "请填写此项"),
        ({"amount": "一万二"}, "amount", "请填写金额"),
    ):
        with pytest.raises(BadBody) as wrong:
            changed = {**answers, **change}
            village.file(item_no="022", answers={asked[name]: text for name, text in changed.items()})
        assert wrong.value.field == field and told in wrong.value.zh
