"""A closed case of which something still waits keeps its bodies until that has come, whatever its term."""

from typing import Any

import pytest
from sqlalchemy import text

from sync_protocol.case import kinds, oversight
from sync_protocol.case.workdays import day_of
from tests.builders import Member
from tests.closing import checkpoint_day, closed, net
from tests.network import COUNTY, VILLAGE, Network
from tests.village_node.casebook.test_purging import GONE, KEPT, purge, states
from village_node.casebook import CaseRef

__all__ = ["closed", "net"]


def write(member: Member, ref: CaseRef, kind: int, **said: Any) -> None:
    """Supervision writes beside a case, or who was asked answers."""
    roles = member.roles | {"supervisor"}
    member.casebook.oversee("0301", roles, ref[:2], kind, said)


def asked(member: Member, ref: CaseRef) -> list[Any]:
    """How the place of the newest letter or finding is named by who answers it."""
    return list(oversight.asked_of(member.casebook.overseen(ref[:2]))[-1].note.position)


def test_a_finding_is_kept_until_it_was_looked_at_again(net: Network, closed: CaseRef) -> None:
    county, village, clock = net[COUNTY].member, net[VILLAGE].member, net.built.clock
    day = day_of(clock.now_ms).isoformat()
    found = {"what": "check", "outcome": "found", "text": "缺签字", "to": VILLAGE, "due": day}
    write(county, closed, kinds.SPOT_CHECK, **found)
    net.settle()
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    assert purge(net).bodies == 0 and states(net, VILLAGE, closed) == KEPT
    write(village, closed, kinds.SUPERVISION_ANSWER, of=asked(village, closed), text="已补签")
    net.settle()
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    assert purge(net).bodies == 0, "it was answered, and nobody has looked again"
    write(county, closed, kinds.SPOT_CHECK, what="recheck", outcome="sound", of=asked(county, closed))
    net.settle()
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    assert purge(net).bodies > 0 and states(net, VILLAGE, closed) == GONE


@pytest.mark.parametrize(
    "waiting",
    [
        "UPDATE cases SET action_day = 1",
        "UPDATE cases SET appeal_day = 1",
        "UPDATE cases SET state = 'lapsed', open_supplies = 1",
        "UPDATE cases SET state = 'refused', open_withdrawals = 1",
        "INSERT INTO to_fold SELECT scope, case_id FROM cases",
    ],
)
def test_what_its_row_says_to_wait_is_kept(net: Network, closed: CaseRef, waiting: str) -> None:
    checkpoint_day(net, days=30)
    with net[VILLAGE].member.store.writing() as connection:
        connection.execute(text(waiting))
    assert purge(net).looked_at == 0 and states(net, VILLAGE, closed) == KEPT
