"""Who looks at a finding again, and what a daily sheet of fees goes on saying."""

import pytest

from sync_protocol.case import kinds, oversight
from sync_protocol.case.workdays import day_of
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network, delegate_all, settle
from village_node.casebook import NotAllowed
from village_node.store import fees, purges, streams
from village_node.store.purges import PurgeRow
from village_node.store.streams import HERE

HEADS = frozenset({"head"})


def test_the_place_at_fault_does_not_look_at_it_again_itself(net: Network) -> None:
    county, township, village = (net.members[code] for code in (COUNTY, TOWNSHIP, VILLAGE))
    ref = village.file()

    def exchange() -> None:
        for _ in range(2):
            settle(village, township)
            settle(township, county)

    exchange()
    day = day_of(net.clock()).isoformat()
    found = {"what": "check", "outcome": "found", "text": "缺签字", "to": TOWNSHIP, "due": day}
    county.casebook.oversee("0301", {"supervisor"}, ref[:2], kinds.SPOT_CHECK, found)
    exchange()
    (asked,) = oversight.asked_of(township.casebook.overseen(ref[:2]))
    of = list(asked.note.position)
    township.casebook.oversee("0102", HEADS, ref[:2], kinds.SUPERVISION_ANSWER, {"of": of, "text": "已补签"})
    again = {"what": "recheck", "outcome": "sound", "of": of}
    with pytest.raises(NotAllowed, match="the place that checked looks again"):
        township.casebook.oversee("0102", HEADS, ref[:2], kinds.SPOT_CHECK, again)
    exchange()
    county.casebook.oversee("0301", {"supervisor"}, ref[:2], kinds.SPOT_CHECK, again)
    assert all(each.settled for each in oversight.asked_of(county.casebook.overseen(ref[:2])))


@pytest.fixture
def county(net: Network) -> Member:
    """With one fee that was paid today."""
    member = net.members[COUNTY]
    delegate_all(member, "0001")
    ref = member.file(item_no="038")
    member.act(ref, kinds.DOCKET)
    member.act(ref, kinds.DECIDE, {"outcome": "approve"})
    member.act(ref, kinds.FEE_NOTICE, {"amount_fen": 2_000, "basis": "居民身份证工本费", "due_days": 15})
    member.act(ref, kinds.FEE_SETTLED, {"how": "paid", "receipt_no": "票1"})
    return member


def test_a_sheet_leaves_out_what_counts_no_more_and_keeps_what_was_cleared(county: Member) -> None:
    today = day_of(county.clock())
    sheet = county.casebook.fee_day(today)
    assert sheet.sums() == {"notice": (1, 2_000), "paid": (1, 2_000), "waived": (0, 0)}
    (paid,) = sheet.paid
    with county.store.writing() as connection:
        # What a branch of a fork said, that lost: noted when it counted, and no fold of the case says it any more.
        fees.put(connection, [], [paid._replace(what="waived")])
    county.casebook.tell({paid.scope})
    assert county.casebook.fee_day(today) == sheet
    with county.store.writing() as connection:
        rows = [row.event for row in streams.of_cases(connection, [paid.case_id])]
        bodies = [event[:3] for event in rows if event.body is not None and event.body_state == HERE]
        fees.put(connection, [(paid.scope, paid.case_id)], [*sheet.notices, paid])
        purges.drop(connection, PurgeRow(paid.scope, paid.case_id, county.clock(), len(bodies)), bodies)
    county.casebook.tell({paid.scope})
    with county.store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO to_fold SELECT scope, case_id FROM cases")
    county.casebook.tell({paid.scope})
    assert county.casebook.fold_slice() == 1
    assert county.casebook.fee_day(today) == sheet
