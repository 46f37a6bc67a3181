"""Acts in an office's name: the delegation, the seal, the kin, and all that who decides has seen."""

from collections.abc import Iterable
from typing import Any

import pytest

from sync_protocol.case import kinds
from sync_protocol.event import Dep, Position, load_header
from sync_protocol.places import below
from tests import builders
from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Member, Network, delegate
from village_node.casebook import BadBody, CaseRef, NotAllowed
from village_node.store import streams

DAY_MS = 86_400_000
SHOP = "036"  # accepted and decided at the county, by its department 文旅
STALL = "020"  # accepted and decided at the township
OFFICER = "0002"


@pytest.fixture
def county(net: Network) -> Member:
    return net.members[COUNTY]


@pytest.fixture
def township(net: Network) -> Member:
    return net.members[TOWNSHIP]


def accepted(member: Member, item_no: str = SHOP) -> CaseRef:
    """A case that waits for a decision where it was filed."""
    ref = member.file(item_no=item_no)
    return member.act(ref, kinds.DOCKET)


def by(
    node: Member, ref: CaseRef, kind: int, actor: str = OFFICER, roles: Iterable[str] = ("officer",), **body: Any
) -> CaseRef:
    """An act by somebody with no more than these roles."""
    case = node.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    return node.casebook.record(actor, roles, ref.scope, ref.case_id, kind, body, case.last)


def decide(member: Member, ref: CaseRef, actor: str = OFFICER, *roles: str) -> CaseRef:
    return by(member, ref, kinds.DECIDE, actor, roles or ("officer",), outcome="approve")


def why_not(member: Member, ref: CaseRef, actor: str = OFFICER, *roles: str) -> str:
    with pytest.raises(NotAllowed) as refused:
        decide(member, ref, actor, *roles)
    return refused.value.zh


def deps_of(member: Member, ref: CaseRef, kind: int) -> tuple[Dep, ...]:
    with member.store.reading() as connection:
        rows = streams.of_cases(connection, [ref.case_id])
    return next(load_header(row.event.header).deps for row in rows if row.event.kind == kind)


def test_a_decision_names_the_delegation_it_relies_on(county: Member) -> None:
    ref = accepted(county)
    assert "没有首席代表委托书" in why_not(county, ref)
    position = delegate(county, "文旅", SHOP)
    decide(county, ref)
    assert deps_of(county, ref, kinds.DECIDE) == (Dep(position.incarnation, below(COUNTY), position.seq),)


def test_who_is_not_on_duty_does_not_decide_and_is_told_who_does(county: Member) -> None:
    ref = accepted(county)
    delegate(county, "文旅", SHOP)
    assert "楚科长（B角）" in why_not(county, ref, "0004")
    assert "B角楚科长在岗" in why_not(county, ref, "0003")
    absent = {"what": "absent", "person": OFFICER, "first": "2026-09-01"}
    county.casebook.enter(OFFICER, {"officer"}, kinds.AUTHORITY, absent)
    assert "外出" in why_not(county, ref)
    decide(county, ref, "0003")
    assert len(deps_of(county, ref, kinds.DECIDE)) == 1  # one position covers both entries of one stream
    assert deps_of(county, ref, kinds.DECIDE)[0].seq == county.casebook.register().history[-1].position.seq


def test_by_a_clock_set_back_nobody_acts_on_what_it_has_yet_to_come_to_nor_against_it(
    county: Member, net: Network
) -> None:
    ref = accepted(county)
    delegate(county, "文旅", SHOP)
    net.clock.now_ms += DAY_MS
    absent = {"what": "absent", "person": OFFICER, "first": "2026-09-01"}
    county.casebook.enter(OFFICER, {"officer"}, kinds.AUTHORITY, absent)
    net.clock.now_ms -= DAY_MS
    # When the decision is checked again, B was not entered as out yet: A had no power. And B is known to be out.
    assert "B角楚科长在岗" in why_not(county, ref, "0003")
    assert "外出" in why_not(county, ref)
    net.clock.now_ms += DAY_MS
    decide(county, ref, "0003")


def test_the_head_decides_in_the_departments_own_name(county: Member) -> None:
    delegate(county, "文旅", limited=[SHOP])
    ref = accepted(county)
    assert "未授权" in why_not(county, ref)
    assert "负责人冯负责" in why_not(county, ref, "0007", "head")
    decide(county, ref, "0009", "head")
    assert deps_of(county, ref, kinds.DECIDE) == ()
    by(county, ref, kinds.ISSUE, certificate_no="甲1")  # to make the certificate is in the second list


def test_a_delegation_that_has_ended_is_none(county: Member, net: Network) -> None:
    position = delegate(county, "文旅", SHOP, last="2026-09-21")  # the clock stands at 2026-09-21
    first, second = accepted(county), accepted(county)
    decide(county, first)
    net.clock.now_ms += DAY_MS
    assert "期满" in why_not(county, second)
    delegate(county, "文旅", SHOP, document_no="委〔2026〕2号")
    newest = county.casebook.register().delegations[-1].position
    assert newest != position
    revoke = {"what": "revoke", "of": list(newest), "document_no": "撤1号", "reason": "调离"}
    county.casebook.enter("0009", {"head"}, kinds.AUTHORITY, revoke)
    assert "已撤销" in why_not(county, second)


def test_a_township_decides_by_its_head_or_by_whom_the_head_delegates(township: Member) -> None:
    first, second = accepted(township, STALL), accepted(township, STALL)
    assert "没有首席代表委托书" in why_not(township, first, OFFICER, "reviewer")
    decide(township, first, "0009", "head")
    delegate(township, "市场监管", STALL)
    decide(township, second, OFFICER, "reviewer")


def test_a_village_decides_by_its_head(net: Network) -> None:
    village = net.members[VILLAGE]
    ref = accepted(village, "040")
    assert "您的岗位没有此项权限" in why_not(village, ref, "0001", "agent")
    decide(village, ref, "0009", "head")


def test_a_decision_waits_where_its_delegation_is_not_held_yet(county: Member, township: Member, net: Network) -> None:
    ref = township.file(item_no="006")
    township.act(ref, kinds.DOCKET)
    township.act(ref, kinds.REVIEW, {"opinion": "agree"})
    township.act(ref, kinds.HANDOFF, {"to": COUNTY, "purpose": "decide"})
    builders.settle(township, county)
    county.act(ref, kinds.ACCEPT)
    delegate(county, "民政", "006")
    decide(county, ref)
    builders.settle(township, county)
    case = township.casebook.case(ref.scope, ref.case_id)
    assert case is not None and case.state == "decided_approved"
    register = township.casebook.register(COUNTY)
    assert [each.text("document_no") for each in register.delegations] == ["委〔2026〕1号"]
    assert register.in_force("民政", net.clock.now_ms) is not None


def seal(member: Member, use: str, *custodians: str, **changes: Any) -> None:
    said = {
        "seal_no": use,
        "use": use,
        "owner": "庆城县",
        "mark": "2",
        "custodians": list(custodians),
        "first": "2026-08-01",
        "document_no": "印1号",
        **changes,
    }
    member.casebook.enter("0009", {"head"}, kinds.SEAL, said)


def test_only_the_custodian_seals_and_the_event_names_the_seal(county: Member) -> None:
    ref = county.file(item_no=SHOP)
    seal(county, "acceptance", "0006")
    with pytest.raises(NotAllowed, match="only its custodian"):
        by(county, ref, kinds.DOCKET, "0001", ["window"])
    by(county, ref, kinds.DOCKET, "0006", ["window"])
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    seal(county, "decision", OFFICER)
    assert "只有保管人可以用印" in why_not(county, ref, "0009", "head")
    delegate(county, "文旅", SHOP)
    decide(county, ref)
    said = [entry.body for entry in county.casebook.timeline(ref.scope, ref.case_id) if entry.kind == kinds.DECIDE]
    assert said[0] is not None and said[0]["seal"] == "decision"
    uses = county.casebook.seal_uses()
    assert [(use.actor, use.subject) for use in uses] == [(OFFICER, ref.case_no), ("0006", ref.case_no)]


def test_a_seal_is_not_used_after_its_last_day(county: Member) -> None:
    seal(county, "decision", "0009", last="2026-09-20", department="文旅")
    ref = accepted(county)
    assert "不得用印" in why_not(county, ref, "0009", "head")
    seal(county, "decision", "0009", seal_no="新章", department="文旅")
    decide(county, ref, "0009", "head")


def test_nobody_handles_a_relatives_case(county: Member) -> None:
    declared = {"staff_no": "0009", "kin_name": "张秀兰", "kin_id_no": "6228 2519 6505 0600 42", "relation": "母女"}
    ref = accepted(county)
    county.casebook.enter("0009", {"head"}, kinds.KIN, declared)
    assert "回避" in why_not(county, ref, "0009", "head")
    with pytest.raises(NotAllowed, match="declared relative"):
        by(county, ref, kinds.NOTE, "0009", ["head"], text="请快办")
    by(county, ref, kinds.SUPPLY, "0009", ["window"], text="补一份复印件")
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    assert [kin.staff_no for kin in county.casebook.kin_of_applicant(case)] == ["0009"]
    county.casebook.enter("0009", {"head"}, kinds.KIN, {**declared, "withdrawn": True})
    decide(county, ref, "0009", "head")


def test_a_relative_who_asks_for_welfare_is_visited_first(net: Network, township: Member, county: Member) -> None:
    ref = township.file()
    township.act(ref, kinds.DOCKET)
    township.act(ref, kinds.REVIEW, {"opinion": "agree"})
    township.act(ref, kinds.HANDOFF, {"to": COUNTY, "purpose": "decide"})
    builders.settle(township, county)
    county.act(ref, kinds.ACCEPT)
    kin = {"staff_no": "2001", "kin_name": "张秀兰", "kin_id_no": "622825196505060042", "relation": "母女"}
    township.casebook.enter("0009", {"head"}, kinds.KIN, kin)
    builders.settle(township, county)
    assert "入户调查" in why_not(county, ref, "0009", "head")
    survey = {"what": "site_survey", "basis": "低保办法", "planned_days": 3, "proposer": "0005"}
    county.act(ref, kinds.SUSPEND, survey)
    case = county.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    county.act(
        ref, kinds.RESUME, {"opened": list(case.open[0].opened), "result": "属实", "inspectors": ["冯负责", "楚科长"]}
    )
    decide(county, ref, "0009", "head")


def test_kin_stands_apart_where_only_those_above_hold_it(net: Network, township: Member, county: Member) -> None:
    village = net.members[VILLAGE]
    kin = {"staff_no": "2001", "kin_name": "张秀兰", "kin_id_no": "622825196505060042", "relation": "母女"}
    township.casebook.enter("0009", {"head"}, kinds.KIN, kin)
    builders.settle(village, township)
    builders.settle(township, county)
    held = {}
    for member in (village, township, county):
        with member.store.reading() as connection:
            held[member.place] = len(streams.beside_cases(connection, f"about:{TOWNSHIP}", kinds.KIN))
    assert held == {VILLAGE: 0, TOWNSHIP: 1, COUNTY: 1}


def test_a_decision_is_bound_to_what_was_shown(county: Member) -> None:
    ref = accepted(county)
    key = (ref.scope, ref.case_id)
    case = county.casebook.case(*key)
    assert case is not None
    shown = county.casebook.shown(key)
    county.act(ref, kinds.SUPPLY, {"text": "新的复印件"})
    with pytest.raises(NotAllowed) as refused:
        county.casebook.record("0009", ["head"], *key, kinds.DECIDE, {"outcome": "approve"}, case.last, shown=shown)
    assert "补交材料" in refused.value.zh
    shown = county.casebook.shown(key)
    county.casebook.record("0009", ["head"], *key, kinds.DECIDE, {"outcome": "approve"}, case.last, shown=shown)
    said = next(entry.body for entry in county.casebook.timeline(*key) if entry.kind == kinds.DECIDE)
    assert said is not None and said["shown"] == shown.digest
    assert [Position(*each) for each in said["through"]] == list(shown.through)


def enter(member: Member, actor: str, role: str, **said: Any) -> None:
    member.casebook.enter(actor, {role}, kinds.AUTHORITY, said)


def test_who_may_enter_what(county: Member) -> None:
    said = {**builders.DELEGATION, "department": "文旅", "full": [SHOP]}
    for role in ("officer", "business", "window", "leader"):
        with pytest.raises(NotAllowed):
            enter(county, "0007", role, **said)
    enter(county, "0009", "head", **said)
    of = {"of": list(county.casebook.register().delegations[0].position), "document_no": "函1号"}
    for actor, role in (("0008", "head"), ("0009", "business")):
        with pytest.raises(NotAllowed):
            enter(county, actor, role, what="consent", **of)
    enter(county, "0008", "business", what="consent", **of)
    with pytest.raises(NotAllowed, match="has its consent"):
        enter(county, "0008", "business", what="consent", **of)
    with pytest.raises(NotAllowed, match="the head of"):
        enter(county, "0007", "head", what="revoke", reason="调离", **of)
    with pytest.raises(NotAllowed, match="your own absence"):
        enter(county, "0003", "officer", what="absent", person=OFFICER, first="2026-09-21")
    with pytest.raises(BadBody, match="no chief representative"):
        enter(county, "0009", "head", what="absent", person="0777", first="2026-09-21")
    with pytest.raises(NotAllowed):
        county.casebook.enter("0002", {"officer"}, kinds.SEAL, {"seal_no": "1"} | {
            "use": "decision", "owner": "县", "custodians": ["0002"], "first": "2026-09-21", "document_no": "1"
        })  # fmt: skip


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("full", {"full": ["001"], "department": "民政"}),
        ("full", {"full": ["999"]}),
        ("limited", {"limited": ["006"]}),
        ("limited", {"full": [SHOP], "limited": [SHOP]}),
        ("last", {"last": "2025-12-31"}),
    ],
)
def test_a_delegation_that_cannot_be_is_refused_by_its_field(
    county: Member, field: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadBody) as refused:
        enter(county, "0009", "head", **{**builders.DELEGATION, "department": "文旅", **changes})
    assert refused.value.field == field


def test_a_department_is_countersigned_by_its_own_account(township: Member) -> None:
    ref = accepted(township, "007")
    township.act(ref, kinds.REVIEW, {"opinion": "agree"})
    township.act(ref, kinds.COUNTERSIGN_OPEN, {"members": ["自然资源所"]})
    case = township.casebook.case(ref.scope, ref.case_id)
    assert case is not None
    body = {"opened": list(case.open[0].opened), "member": "自然资源所", "opinion": "agree"}
    with pytest.raises(NotAllowed, match="no delegation"):
        by(township, ref, kinds.COUNTERSIGNATURE, OFFICER, ["reviewer"], **body)
    delegate(township, "自然资源所")
    with pytest.raises(NotAllowed, match="no chief representative"):
        by(township, ref, kinds.COUNTERSIGNATURE, "0001", ["clerk"], **body)
    by(township, ref, kinds.COUNTERSIGNATURE, OFFICER, ["reviewer"], **body)
    folded = township.casebook.case(ref.scope, ref.case_id)
    assert folded is not None and folded.countersignatures[0].body["delegation"] == "委〔2026〕1号"
    assert len(deps_of(township, ref, kinds.COUNTERSIGNATURE)) == 1
