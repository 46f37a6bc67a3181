"""The workflow tables hang together, and every item of the catalogue gets through them."""

import re

import pytest

from sync_protocol.case import CasePath, Offer, Verdict, kinds, legal_moves, powers, route, why_not_filed, workflow
from sync_protocol.case.catalogue import Item
from sync_protocol.case.events import EFFECTIVE, REASONS, VERDICT_CODES, VERDICT_WORDS
from sync_protocol.case.powers import MAY, ROLES, may
from sync_protocol.case.workflow import DECIDED, GUARDS, LABELS, MOVES, OVERSIGHT, OVERSIGHT_LABELS, STATES
from tests.sync_protocol.case.histories import ALL_ROLES, catalogue
from tests.sync_protocol.case.script import COUNTY, PLACES, STATION, TOWNSHIP, VILLAGE, Script

FILED_AT_VILLAGE = [
    item for item in catalogue().items() if why_not_filed(item, VILLAGE, CasePath(VILLAGE, PLACES)) is None
]


def next_handoff(script: Script) -> Offer | None:
    """The handoff the holder is offered first, if any."""
    case = script.fold()
    assert case.holder is not None
    offered = legal_moves(case, case.holder, ALL_ROLES, catalogue(), PLACES)
    return next((offer for offer in offered if offer.kind == kinds.HANDOFF), None)


def walk(item: Item, home: str) -> Script:
    """Take a case from its application to delivery, doing at each place what the tables offer there."""
    script = Script(home, item.item_no)
    script.create()
    script.receive()
    for _ in range(12):
        case = script.fold()
        if case.state == "in_transit":
            assert case.transit_to is not None
            script.accept(case.transit_to)
            continue
        assert case.holder is not None
        level = PLACES.level(case.holder)
        if case.decision is None and not case.docketed and level in item.accept_levels:
            script.docket(case.holder)
        elif case.decision is None and case.docketed and not case.reviewed and level == item.review_level:
            script.review(case.holder)
        elif (offer := next_handoff(script)) is not None:
            script.handoff(case.holder, offer.to or "", offer.purpose)
        elif case.decision is None:
            if item.decide_level == "higher":
                script.ask_above(case.holder)
            if item.theme:
                hear(script, case.holder, item)
            script.decide(case.holder)
            if item.has_fee:
                script.settle_fee(case.holder)
        else:
            script.write(case.holder, kinds.DELIVERED, {0: "张三", 1: "in_person"})
            return script
    raise AssertionError(f"{item.item_no} does not come to an end: {script.fold().state}")


def hear(script: Script, place: str, item: Item) -> None:
    """Have every department that takes part in a theme sign."""
    departments = [party.department for party in item.parties]
    opened = script.write(place, kinds.COUNTERSIGN_OPEN, {0: departments})
    signed = [
        script.write(place, kinds.COUNTERSIGNATURE, {0: list(opened), 1: name, 2: "agree"}) for name in departments
    ]
    script.write(place, kinds.COUNTERSIGN_CLOSE, {0: list(opened), 1: [list(each) for each in signed]})


@pytest.mark.parametrize("item", FILED_AT_VILLAGE, ids=lambda item: item.item_no)
def test_every_item_a_village_takes_goes_its_route_and_comes_back(item: Item) -> None:
    script = walk(item, VILLAGE)
    case = script.fold()
    assert (
        case.state == "delivered"
        and set(case.counts) - {"effective"}
        and case.counts["effective"] == len(script.events)
    )
    visited = [VILLAGE]
    for event in script.events:
        if event.kind in kinds.STAGE_KINDS and event.place != visited[-1]:
            visited.append(event.place)
    stops = [step.place for step in route(item, VILLAGE, PLACES)]
    assert visited == [place for n, place in enumerate(stops) if n == 0 or place != stops[n - 1]]
    assert case.decision is not None and PLACES.level(case.decision.place) == item.deciding_level
    assert (case.review is not None) == bool(item.review_level)


def test_the_routes_the_brief_of_the_first_workflow_names() -> None:
    def places(item: str, home: str = VILLAGE) -> list[tuple[str, str]]:
        return [(step.place, step.purpose) for step in route(catalogue().item(item), home, PLACES)]

    assert places("040") == [(VILLAGE, purpose) for purpose in ("file", "accept", "decide", "deliver")]
    assert places("041")[1:3] == [(VILLAGE, "accept"), (TOWNSHIP, "decide")]
    assert places("007")[1:4] == [(TOWNSHIP, "accept"), (TOWNSHIP, "review"), (TOWNSHIP, "decide")]
    assert places("022") == [(VILLAGE, "file"), (COUNTY, "accept"), (COUNTY, "decide"), (VILLAGE, "deliver")]
    assert places("009")[1] == (VILLAGE, "accept")
    assert places("016")[1:3] == [(TOWNSHIP, "accept"), (COUNTY, "decide")]
    assert places("016", COUNTY)[1:3] == [(COUNTY, "accept"), (COUNTY, "decide")]
    assert places("001", STATION)[0] == (STATION, "file") and places("001", STATION)[-1] == (STATION, "deliver")
    assert places("028") == [] and places("028", COUNTY)[2:4] == [(COUNTY, "review"), (COUNTY, "decide")]
    assert places("030")[1:4] == [(TOWNSHIP, "accept"), (TOWNSHIP, "review"), (COUNTY, "decide")]
    assert places("023") == [] and places("023", COUNTY)[1] == (COUNTY, "accept")


def test_who_holds_a_case_below_the_level_that_decides_it_cannot_decide_it() -> None:
    script = Script(item="041")
    script.create()
    script.receive()
    docket = script.docket(VILLAGE)
    assert script.verdict(docket) == EFFECTIVE
    assert script.verdict(script.decide(VILLAGE)) == Verdict("void", "decide_level")
    script.handoff(VILLAGE, TOWNSHIP, "decide", after=docket)
    script.accept(TOWNSHIP)
    assert script.verdict(script.decide(TOWNSHIP)) == EFFECTIVE


def test_every_move_names_known_states_kinds_and_guards() -> None:
    for (state, kind), move in MOVES.items():
        assert state in STATES and not STATES[state].terminal
        assert kind in kinds.STAGE_KINDS
        assert {move.guard, *move.also} <= set(GUARDS)
        assert all(target in STATES for _, target in workflow.targets(move, state))
    assert {kind for _, kind in MOVES} == kinds.STAGE_KINDS - {kinds.CREATE}


def test_every_state_can_be_reached_and_left() -> None:
    reached, frontier = {"draft"}, ["draft"]
    while frontier:
        state = frontier.pop()
        more = {t for (s, _), move in MOVES.items() if s == state for _, t in workflow.targets(move, state)}
        if state in DECIDED:
            more.add("delivered")
        frontier += more - reached
        reached |= more
    assert reached == set(STATES)
    leaving = {state for state, _ in MOVES}
    assert leaving == {code for code, state in STATES.items() if not state.terminal}


def test_arrivals_agree_with_the_branches_that_are_drawn() -> None:
    drawn = dict(workflow.BRANCHES["by_purpose"])
    assert workflow.arrival("accept", "township") == drawn["accept"]
    assert workflow.arrival("review", "township") == drawn["review"]
    assert workflow.arrival("decide", "county") == drawn["decide, county"]
    assert workflow.arrival("decide", "township") == drawn["decide, below the county"]
    assert workflow.arrival("deliver", "village") == drawn["deliver"]


def test_every_kind_has_words_and_somebody_who_may_author_it() -> None:
    assert set(LABELS) == (kinds.STAGE_KINDS | kinds.SIDE_KINDS) - OVERSIGHT
    assert set(OVERSIGHT_LABELS) == OVERSIGHT
    allowed = frozenset[int]().union(*MAY.values())
    assert allowed == {
        *LABELS,
        kinds.CATALOGUE,
        kinds.FORK_RULING,
        kinds.ERASURE,
        kinds.CALENDAR,
        kinds.AUTHORITY,
        kinds.SEAL,
        kinds.KIN,
        *OVERSIGHT,
        kinds.SAMPLE,
        kinds.BULLETIN,
        kinds.COMPLAINT,
        kinds.COMPLAINT_ANSWER,
        kinds.PLACE_KEY,
        kinds.CONSULTATION,
        kinds.SLIP,
        kinds.SLIP_ANSWER,
        kinds.DAY_END,
        kinds.WINDOW,
    }
    assert set(MAY) <= set(ROLES) and {level for _, level in ROLES} == {"county", "township", "village", "station"}


def test_administrators_and_supervision_act_on_no_case() -> None:
    for kind in LABELS:
        for level in ("village", "township", "county"):
            assert not may(frozenset({"admin"}), level, kind)
        assert not may(frozenset({"supervisor"}), "county", kind)
    assert may(frozenset({"admin", "agent"}), "village", kinds.RECEIVE)
    assert not may(ALL_ROLES, "station", kinds.DECIDE)


def test_every_reason_and_verdict_has_chinese_and_english_words() -> None:
    for words in (*REASONS.values(), *GUARDS.values(), *VERDICT_WORDS.values(), *LABELS.values(), *ROLES.values()):
        assert re.search(r"[\u4e00-\u9fff]", words[0]) and re.fullmatch(r"[ -~]+", words[1])
    assert set(VERDICT_WORDS) == set(VERDICT_CODES)
    assert not set(REASONS) & set(GUARDS)


def test_the_diagram_draws_every_state_and_every_move_that_changes_it() -> None:
    drawn = workflow.mermaid()
    assert drawn.startswith("stateDiagram-v2\n")
    for state in STATES.values():
        assert f'state "{state.zh} {state.en}" as {state.code}' in drawn
    assert "in_transit --> c_intake: accept (decide, county)" in drawn
    assert "c_intake --> decided_refused: decide (refuse)" in drawn
    assert "correcting --> c_intake: take" in drawn
    assert "delivered --> archived: archive" in drawn and "archived --> [*]" in drawn
    assert "refused --> received: review_decision (overturn)" in drawn
    assert "lapsed --> fee_due: take" in drawn and "correcting --> fee_due: take" not in drawn


def test_the_counter_stands_in_for_a_desk_that_nobody_has_and_for_nothing_else() -> None:
    for role in ("agent", "clerk", "window"):
        assert powers.stood_in(frozenset({role}), frozenset()) == {"cashier", "archivist"}
        assert powers.stood_in(frozenset({role}), frozenset({"cashier"})) == {"archivist"}
        assert powers.stood_in(frozenset({role, "cashier"}), frozenset({"cashier", "archivist"})) == frozenset()
    for role in ("head", "officer", "supervisor", "admin", "cashier"):
        assert powers.stood_in(frozenset({role}), frozenset()) == frozenset()
    for (role, level), may_author in powers.MAY.items():
        if role not in powers.STANDS_IN:
            assert not may_author & {kinds.FEE_NOTICE, kinds.FEE_SETTLED, kinds.ARCHIVE}, (role, level)
        else:
            assert not powers.may_propose(frozenset({role}), level)
