"""After any work in any order over any road, three nodes agree on every event, verdict, case and row."""

import random
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import Case, Offer, kinds, legal_moves
from sync_protocol.case.baton import COMMITMENT
from sync_protocol.case.workdays import day_of
from tests.builders import COUNTY, SECOND_VILLAGE, TOWNSHIP, VILLAGE, Member, Network, hand, network, settle
from tests.village_node.casebook.test_workers import assert_rows_are_what_the_fold_says
from village_node.casebook import CaseRef, procedures

ITEMS = ("001", "004", "009", "014", "016", "036", "040", "041")
# What takes another person than the one who does everything here, or a day that has passed.
OTHERS = (kinds.RATING, kinds.LAPSE, kinds.CALL_BACK)
STEPS = 120
CONFIRMED = {
    "what": "confirmed", "recipient": "张秀兰", "address": "丰水村 1 号", "phone": "13900001111", "post": "agree",
    "electronic": "disagree", "by": "张秀兰",
}  # fmt: skip
ONWARD = frozenset(
    {kinds.HANDOFF, kinds.ACCEPT, kinds.DOCKET, kinds.REVIEW, kinds.TAKE, kinds.DECIDE, kinds.DELIVERED, kinds.RESUME}
)
# What is offered seldom, and only where the item lets an applicant promise.
PROMISES = frozenset({kinds.COMMITMENT, kinds.COMMITMENT_KEPT})


def promised(member: Member, case: Case) -> dict[str, Any]:
    """What the applicant commits to, by today: a paper to come later where the item lets one, else conditions met."""
    item = member.casebook.catalogue.item(case.item_no, case.item_version)
    kept = {"due": day_of(member.casebook.clock()).isoformat(), "signed_by": "张秀兰"}
    if item.tolerable:
        return {"what": "tolerance", "materials": [[item.tolerable[0], 1, False]], **kept}
    return {"what": "declaration", "text": "符合告知的条件", **kept}


def filled(member: Member, offer: Offer, case: Case, chance: random.Random) -> dict[str, Any]:
    """A sound form for an offered move."""
    item = member.casebook.catalogue.item(case.item_no, case.item_version)
    # The level that decides approves a special procedure.
    decides = member.casebook.identity.level == item.deciding_level
    special = ("testing",) if decides and "testing" in procedures.open_to(item) else ()
    open_ones = {entry.what == COMMITMENT: list(entry.opened) for entry in case.open}
    forms: dict[int, dict[str, Any]] = {
        kinds.HANDOFF: {"to": offer.to, "purpose": offer.purpose},
        kinds.REVIEW: {"opinion": "agree"},
        kinds.RETURN_FOR_CORRECTION: {"marks": [["身份证", "复印件不清"]]},
        kinds.TAKE: {"supplies": [list(note.position) for note in case.open_supplies[:8]]},
        kinds.DECIDE: {"outcome": chance.choice(("approve", "refuse")), "reasons": "经审查"},
        kinds.ANSWER: {
            "request": [list(note.position) for note in case.open_withdrawals[:1] or case.open_supplies][-1:],
            "granted": False,
            "reason": "材料齐全",
        },
        kinds.NOTE: {"text": "已核实"},
        kinds.SUPPLY: {"answers": {"家庭人口": str(chance.randrange(9))}},
        kinds.WITHDRAWAL_REQUEST: {"reason": "不再需要"},
        kinds.DELIVERED: {"to": "张秀兰", "how": "in_person"},
        kinds.PLEASE_RETURN: {"reason": "材料有误"},
        kinds.ADOPT: {"named": [list(position) for position in case.adoptable[:1]]},
        kinds.DISMISS: {"named": [list(position) for position in case.open_oddities[:4]], "reason": "已重办"},
        kinds.REFUSE: {"reasons": "不属于本机关职权", "legal_basis": "行政许可法第三十二条"},
        kinds.REVIEW_REQUEST: {"reason": "材料齐全"},
        kinds.REVIEW_DECISION: {
            "request": [list(note.position) for note in case.open_reviews][-1:],
            "outcome": chance.choice(("overturn", "uphold")),
            "reasons": "经复核",
        },
        kinds.SUSPEND: {
            "what": chance.choice(("supplement", "publicity", *special)),
            "marks": [["户口簿", "缺页"]],
            "basis": "依据",
            "planned_days": 7,
            "proposer": "0002",
        },
        kinds.RESUME: {"opened": [open_ones.get(False)], "result": "已完成"},
        kinds.COMMITMENT_KEPT: {"opened": [open_ones.get(True)], "result": "核查属实"},
        kinds.LANE: {"lane": "green", "reason": "重点项目", "supervisor": "县领导"},
        kinds.EXTEND: {"days": 5, "reason": "情况复杂"},
        kinds.ISSUE: {"certificate_no": "证1"},
        kinds.ARCHIVE: {"delivery": [list(note.position) for note in case.deliveries][:1], "volume": "1"},
        kinds.SERVICE_ACT: {"what": "door"},
        kinds.CONTACT_CHANGE: {"applicant_phone": "13900001111"},
        kinds.PROXY_AUTHORITY: {"what": "revoked", "reason": "本人已回村"},
        kinds.SERVICE_ADDRESS: CONFIRMED,
        kinds.COLLECTION_NOTICE: {"how": "phone"},
        kinds.MEETING: {
            "day": day_of(member.casebook.clock()).isoformat(),
            "present": ["张三", "李四"],
            "decisions": "加快办理",
        },
    }
    form = promised(member, case) if offer.kind == kinds.COMMITMENT else dict(forms.get(offer.kind, {}))
    for name in ("request", "opened", "delivery"):
        if name in form:
            form[name] = form[name][0]
    return form


def act(member: Member, refs: list[CaseRef], chance: random.Random) -> None:
    """Somebody at this node does something that is offered there: mostly what moves a case on."""
    offered: list[tuple[CaseRef, Case, Offer]] = []
    for ref in refs:
        case = member.casebook.case(ref.scope, ref.case_id)
        if case is not None and case.last is not None:
            roster, catalogue = member.casebook.roster, member.casebook.catalogue
            for offer in legal_moves(case, member.place, member.roles, catalogue, roster.places):
                # These take another person than the one who does everything here, or a day that has passed.
                reviewed_here = offer.kind == kinds.REVIEW_DECISION and case.refusal and case.refusal.place == COUNTY
                if offer.kind not in OTHERS and not reviewed_here:
                    offered.append((ref, case, offer))
    onward = [one for one in offered if one[2].kind in ONWARD]
    seldom = [one for one in offered if one[2].kind in PROMISES]
    if offered:
        wanted = seldom if seldom and chance.random() < 0.3 else onward
        ref, case, offer = chance.choice(wanted if wanted and chance.random() < 0.8 else offered)
        if offer.kind == kinds.FORCE_ASSIGN:
            assign(member, ref, case, str(offer.to))
        else:
            member.act(ref, offer.kind, filled(member, offer, case, chance))


def assign(member: Member, ref: CaseRef, case: Case, to: str) -> None:
    """Two people at this node assign a case."""
    book, key = member.casebook, (ref.scope, ref.case_id)
    book.propose("0001", member.roles, key, to, "站点失联", case.last)
    book.confirm("0002", member.roles, book.proposals()[0].id)


def walk(net: Network, chance: random.Random) -> list[CaseRef]:
    """Work and exchanges in a random order; villages are offline for long stretches."""
    members = net.members
    hops = [(VILLAGE, TOWNSHIP), (SECOND_VILLAGE, TOWNSHIP), (TOWNSHIP, COUNTY), (VILLAGE, COUNTY)]
    refs = [members[code].file(item_no=chance.choice(ITEMS)) for code in (VILLAGE, SECOND_VILLAGE) for _ in range(2)]
    for _ in range(STEPS):
        net.clock.now_ms += chance.randrange(-60_000, 600_000)
        if chance.random() < 0.6:
            act(members[chance.choice(list(members))], refs, chance)
        else:
            child, parent = chance.choice(hops)
            sender, receiver = chance.sample((members[child], members[parent]), 2)
            hand(sender, receiver, child, budget=chance.choice((1, 2_000, 1 << 20)))
    return refs


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_nodes_agree_once_everything_has_crossed(folder: Path, seed: int) -> None:
    net = network(folder, COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE, seed=seed)
    for member in net.members.values():
        member.casebook.apply_roster(net.changes)
    refs = walk(net, random.Random(seed))
    county, township = net.members[COUNTY], net.members[TOWNSHIP]
    for _ in range(2):
        for code in (VILLAGE, SECOND_VILLAGE):
            settle(net.members[code], township)
        settle(township, county)
    for ref in refs:
        holders = [net.members[ref.scope.removeprefix("about:")], township, county]
        cases = [member.casebook.case(ref.scope, ref.case_id) for member in holders]
        assert cases[0] == cases[1] == cases[2]
        assert cases[0] is not None
        assert cases[0].counts["void"] == 0
        # What was set aside or delivered by a place that held the case no longer, as it turned out, waits.
        waiting = {verdict.reason for verdict in cases[0].verdicts.values() if verdict.code == "waiting"}
        assert waiting <= {"held", "holding", "decision"}
        times = [[entry.position for entry in member.casebook.timeline(ref.scope, ref.case_id)] for member in holders]
        assert times[0] == times[1] == times[2]
    for member in net.members.values():
        assert_rows_are_what_the_fold_says(member)
        counts = member.casebook.counts()
        assert counts["refused"] == counts["parked"] == 0
        assert counts["not_left"] == counts["not_at_county"] == {"cases": 0, "events": 0}
    net.close()


@pytest.mark.slow
def test_the_walks_really_move_cases(folder: Path) -> None:
    """The agreement above would be cheap if nothing had happened."""
    net = network(folder, COUNTY, TOWNSHIP, VILLAGE, SECOND_VILLAGE)
    for member in net.members.values():
        member.casebook.apply_roster(net.changes)
    refs = [ref for seed in range(5) for ref in walk(net, random.Random(seed))]
    books = [member.casebook for member in net.members.values()]
    written = {entry.kind for ref in refs for book in books for entry in book.timeline(ref.scope, ref.case_id)}
    assert {kinds.COMMITMENT, kinds.COMMITMENT_KEPT, kinds.LANE} <= written
    seen = {row.state for member in net.members.values() for row in member.casebook.work_list("all").rows}
    assert {"in_transit", "decided_approved", "decided_refused"} <= seen or {"delivered", "in_transit"} <= seen
    assert len(seen) >= 4
    net.close()
