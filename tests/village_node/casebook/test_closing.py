"""What the end of a day counts and who may close it, as the transaction that writes it sees both."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import kinds
from sync_protocol.case.workdays import day_of
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network, delegate, settle
from tests.postgresql import Cluster
from tests.village_node.casebook.contender import county
from village_node.casebook import BadBody, NotAllowed
from village_node.casebook.errors import CasebookError

DAY_MS = 86_400_000
REPRESENTATIVE = "0002"


def today(member: Member) -> date:
    return day_of(member.clock())


def since(member: Member) -> dict[str, int]:
    """What waits now without an act -> since how many days."""
    waiting = member.casebook.day_here(today(member).isoformat(), "").waiting
    return {each.what: (today(member) - day_of(each.since_ms)).days for each in waiting}


def test_a_case_waits_since_what_was_supplied_came_and_not_since_its_newest_event(net: Network) -> None:
    village, township = net.members[VILLAGE], net.members[TOWNSHIP]
    ref = village.file()
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    settle(village, township)
    township.act(ref, kinds.ACCEPT)
    township.act(ref, kinds.DOCKET)
    for day, text in enumerate(("补交一份证明", "再补一份")):
        net.clock.now_ms += DAY_MS
        village.act(ref, kinds.SUPPLY, {"text": text})
        settle(village, township)
        assert since(township) == {"supplied": day}
    net.clock.now_ms += DAY_MS
    township.act(ref, kinds.NOTE, {"text": "已电话联系"})
    assert since(township) == {"supplied": 2}, "a note is no act upon it"
    case = township.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    township.act(ref, kinds.TAKE, {"supplies": [list(case.open_supplies[0].position)]})
    assert since(township) == {"supplied": 1}, "of two the one that is still open"


def test_a_case_that_was_handed_on_waits_since_it_came(net: Network) -> None:
    village, township = net.members[VILLAGE], net.members[TOWNSHIP]
    ref = village.file()
    village.act(ref, kinds.SUPPLY, {"text": "补交一份证明"})
    net.clock.now_ms += 2 * DAY_MS
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    settle(village, township)
    township.act(ref, kinds.ACCEPT)
    net.clock.now_ms += DAY_MS
    township.act(ref, kinds.DOCKET)
    assert since(township) == {"supplied": 1}


REVOKED = {"what": "revoke", "document_no": "撤1号", "reason": "调离"}
ABSENT = {"what": "absent", "person": REPRESENTATIVE, "first": "2026-09-01"}


def refused_to_close(
    closes: Member, enters: Member, entered: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> CasebookError:
    """What a representative is told who closes the day of a department while a worker enters something else of it."""
    day = today(closes)
    delegation = delegate(enters, "文旅", "036", b=REPRESENTATIVE)
    said = {**entered, "of": list(delegation)} if entered is REVOKED else entered
    begin: Callable[..., Any] = closes.casebook._act

    def entered_first(*asked: Any) -> Any:
        monkeypatch.undo()
        enters.casebook.enter("0009", {"head"}, kinds.AUTHORITY, said)
        return begin(*asked)

    assert closes.casebook.day_here(day.isoformat(), "文旅", REPRESENTATIVE, {"officer"}).why_not is None
    monkeypatch.setattr(closes.casebook, "_act", entered_first)
    with pytest.raises((BadBody, NotAllowed)) as refused:
        closes.casebook.close_day(REPRESENTATIVE, {"officer"}, day.isoformat(), "文旅", {})
    assert not any(each.closed for each in closes.casebook.ended_between(day, day))
    return refused.value


def refused_twice(closes: Member, enters: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = refused_to_close(closes, enters, REVOKED, monkeypatch)
    assert isinstance(gone, BadBody) and gone.field == "department"
    assert "外出" in refused_to_close(closes, enters, ABSENT, monkeypatch).zh


def test_who_may_close_a_day_is_asked_as_it_is_written(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    refused_twice(net.members[COUNTY], net.members[COUNTY], monkeypatch)


@pytest.mark.postgres
def test_what_another_worker_has_entered_meanwhile_closes_no_day(
    cluster: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = cluster.database()
    mine, other = county(folder, url, 1), county(folder, url, 2)
    refused_twice(mine, other, monkeypatch)
    for each in (mine, other):
        each.store.close()
