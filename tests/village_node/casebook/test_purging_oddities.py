"""Closed cases in which something never counted go like any other once it was answered, and are shown as they were."""

from typing import Any

import pytest

from sync_protocol.case import kinds
from tests.builders import Member
from tests.closing import DAY_MS, bodies, checkpoint_day, close_case, net
from tests.network import COUNTY, TOWNSHIP, VILLAGE, Network
from village_node.casebook import CaseRef, PurgeRun, desk
from village_node.casebook.entitlement import Backing
from village_node.store.streams import HERE, PURGED

__all__ = ["net"]

GONE, KEPT = {(PURGED, False)}, {(HERE, True)}


def purge(net: Network) -> PurgeRun:
    return net[VILLAGE].member.casebook.purge(30 * DAY_MS)


def states(net: Network, code: str, ref: CaseRef) -> set[tuple[int, bool]]:
    return set(bodies(net, code, ref).values())


def contested(net: Network) -> CaseRef:
    """A case the county took over while the township docketed it, unheard: the docket is contested."""
    village, township, county = (net[code].member for code in (VILLAGE, TOWNSHIP, COUNTY))
    ref = village.file()
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    net.settle()
    township.act(ref, kinds.ACCEPT)
    net.settle()
    township.act(ref, kinds.DOCKET, {"promised_days": 20})
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    county.casebook.propose("1001", {"officer"}, ref[:2], COUNTY, "站点失联三天", case.last)
    county.casebook.confirm("1002", {"officer"}, county.casebook.proposals()[0].id)
    net.settle()
    return ref


def void(net: Network, patch: pytest.MonkeyPatch, kind: int, body: dict[int, Any]) -> CaseRef:
    """A case in which the village has written, with a program that does not look, what never counts."""
    ref = net[VILLAGE].member.file()
    unlooked(net[VILLAGE].member, patch, ref, kind, body)
    net.settle()
    return ref


def unlooked(member: Member, patch: pytest.MonkeyPatch, ref: CaseRef, kind: int, body: dict[int, Any]) -> None:
    """Write an event of a case with a program that does not look."""
    case = member.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    with patch.context() as patched:
        patched.setattr(desk, "why_not", lambda *_: None)
        patched.setattr(desk, "checked", lambda kind, content: content)
        patched.setattr("village_node.casebook.entitlement.backing", lambda *_: Backing())
        patched.setattr(member.casebook, "_refuse_unless_effective", lambda *_: None)
        member.casebook.record("0001", {"agent"}, *ref[:2], kind, body, case.last)


def set_aside(member: Member, ref: CaseRef) -> None:
    """Its holder has seen what does not count, and says why it never will."""
    case = member.casebook.case(ref.scope, ref.case_id)
    assert case is not None and case.open_oddities
    member.act(ref, kinds.DISMISS, {"named": [list(each) for each in case.open_oddities], "reason": "已重办"})


def cleared_like_any_other(net: Network, ref: CaseRef) -> None:
    """A closed case goes when the term is over, and everything that is shown of it stays as it was."""
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    village = net[VILLAGE].member
    row = village.casebook.case_row(ref.scope, ref.case_id)
    case = village.casebook.case(ref.scope, ref.case_id)
    odd = village.casebook.oddities_of(ref[:2])
    assert row is not None and case is not None and odd is not None and odd.oddities
    assert purge(net).cases == 1 and states(net, VILLAGE, ref) == GONE
    assert village.casebook.case_row(ref.scope, ref.case_id) == row._replace(applicant_name=None, visits=None)
    shown = village.casebook.case(ref.scope, ref.case_id)
    assert shown is not None and shown.verdicts == case.verdicts and shown.counts == case.counts
    assert (shown.state, shown.open_oddities) == (case.state, ())
    after = village.casebook.oddities_of(ref[:2])
    assert after is not None
    assert [(one.entry[:10], one.open, one.dismissal) for one in after.oddities] == [
        (one.entry[:10], one.open, one.dismissal) for one in odd.oddities
    ]
    # What comes later about it does not make the fold judge again what it can no longer read.
    net[TOWNSHIP].member.act(ref, kinds.NOTE, {"text": "回访满意"})
    net.settle()
    assert village.casebook.case(ref.scope, ref.case_id).verdicts.items() >= case.verdicts.items()  # type: ignore[union-attr]
    late = village.casebook.case_row(ref.scope, ref.case_id)
    assert late is not None and (late.n_void, late.n_contested, late.n_open) == (row.n_void, row.n_contested, 0)
    village.casebook.recall("0001", *ref[:2])
    net.settle()
    assert states(net, VILLAGE, ref) == KEPT
    assert village.casebook.case(ref.scope, ref.case_id).verdicts.items() >= case.verdicts.items()  # type: ignore[union-attr]


def test_a_closed_case_whose_contested_records_were_set_aside_goes(net: Network) -> None:
    ref = contested(net)
    set_aside(net[COUNTY].member, ref)
    net.settle()
    close_case(net, ref)
    cleared_like_any_other(net, ref)


def test_a_closed_case_whose_contested_records_were_adopted_goes(net: Network) -> None:
    ref = contested(net)
    county = net[COUNTY].member
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    county.act(ref, kinds.ADOPT, {"named": [list(each) for each in case.adoptable]})
    net.settle()
    close_case(net, ref)
    cleared_like_any_other(net, ref)


@pytest.mark.parametrize(
    ("kind", "body"),
    [(kinds.DECIDE, {0: "approve"}), (kinds.RETURN_FOR_CORRECTION, {0: "no marks"})],
    ids=["illegal", "malformed"],
)
def test_a_closed_case_whose_void_records_were_set_aside_goes_and_they_stay_void(
    net: Network, kind: int, body: dict[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = void(net, monkeypatch, kind, body)
    set_aside(net[VILLAGE].member, ref)
    net.settle()
    close_case(net, ref)
    cleared_like_any_other(net, ref)


def test_a_closed_case_in_which_an_act_that_counts_names_a_void_record_stays_and_is_judged_as_before(
    net: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its body the void record could not be told from one that never came: the act would wait for it."""
    ref = void(net, monkeypatch, kinds.WITHDRAWAL_REQUEST, {0: 7})
    (odd,) = case_of(net, ref).open_oddities
    unlooked(net[VILLAGE].member, monkeypatch, ref, kinds.ANSWER, {0: list(odd), 1: False, 2: "已受理"})
    set_aside(net[VILLAGE].member, ref)
    net.settle()
    close_case(net, ref)
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    before = case_of(net, ref)
    codes = [verdict.code for verdict in before.verdicts.values()]
    assert (codes.count("void"), codes.count("waiting")) == (1, 0)
    assert purge(net) == PurgeRun(1, 0, 0) and states(net, VILLAGE, ref) == KEPT
    net[TOWNSHIP].member.act(ref, kinds.NOTE, {"text": "回访满意"})
    net.settle()
    assert case_of(net, ref).verdicts.items() >= before.verdicts.items()


def case_of(net: Network, ref: CaseRef) -> Any:
    """The case as the village sees it."""
    return net[VILLAGE].member.casebook.case(*ref[:2])


def test_a_closed_case_with_a_record_that_nobody_has_answered_stays(net: Network) -> None:
    ref = contested(net)
    close_case(net, ref)
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    assert purge(net) == PurgeRun(0, 0, 0) and states(net, VILLAGE, ref) == KEPT
