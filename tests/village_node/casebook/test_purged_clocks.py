"""The clock of a case whose bodies were cleared is the one it had: what it asks of them stands in their headers."""

from sqlalchemy import text

from sync_protocol.case import kinds
from sync_protocol.case.workdays import day_of
from tests.closing import DAY_MS, checkpoint_day, net, step
from tests.network import COUNTY, VILLAGE, Network
from tests.village_node.casebook.test_purging import GONE, purge, states

__all__ = ["net"]


def test_the_clock_of_a_purged_case_is_the_one_it_had(net: Network) -> None:
    ref, county, village = net[VILLAGE].member.file(), net[COUNTY].member, net[VILLAGE].member
    clock = net.built.clock
    while county.state(ref) != "c_intake":
        for live in net.nodes.values():
            step(live.member, ref)
        net.settle()
    survey = {"what": "site_survey", "basis": "入户调查", "planned_days": 5, "proposer": "0009", "approver": "0001"}
    county.act(ref, kinds.SUSPEND, survey)
    clock.now_ms += 7 * DAY_MS
    suspended = county.casebook.case(ref.scope, ref.case_id)
    assert suspended is not None
    county.act(
        ref, kinds.RESUME, {"opened": list(suspended.open[0].opened), "result": "属实", "inspectors": ["甲", "乙"]}
    )
    county.act(ref, kinds.EXTEND, {"days": 7, "reason": "情况复杂", "approver": "0001"})
    clock.now_ms += 40 * DAY_MS
    county.act(ref, kinds.DECIDE, {"outcome": "approve"})
    day = day_of(clock.now_ms).isoformat()
    clock.now_ms += 21 * DAY_MS
    net.settle()
    village.act(ref, kinds.DELIVERED, {"to": "张秀兰", "how": "in_person", "at": day})
    net.settle()
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    row, before = village.casebook.case_row(ref.scope, ref.case_id), village.casebook.clock_of((ref.scope, ref.case_id))
    assert row is not None and before is not None
    promised, delivery = before.clocks.of("promised"), before.clocks.of("delivery")
    assert promised is not None and (promised.excluded, promised.limit) == (5, 32)
    assert delivery is not None and delivery.used == 0
    assert purge(net).cases == 1 and states(net, VILLAGE, ref) == GONE
    assert village.casebook.clock_of((ref.scope, ref.case_id)) == before
    again = village.casebook.case_row(ref.scope, ref.case_id)
    assert again == row._replace(applicant_name=None, visits=None) and row.settled_day is not None
    # A program of before noted no settlements: an upgrade tells them from what headers keep.
    with village.store.writing() as connection:
        names = ("settled_day", "settled_used", "settled_limit", "settled_kind", "settled_extension")
        connection.execute(text(f"UPDATE cases SET {', '.join(f'{name} = NULL' for name in names)}"))
        connection.execute(text("INSERT INTO to_fold SELECT scope, case_id FROM cases"))
    assert village.casebook.fold_slice() == 1
    assert village.casebook.case_row(ref.scope, ref.case_id) == again
