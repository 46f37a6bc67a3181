"""What holds of the fold over every history: each property as a function that raises AssertionError where it fails."""

import random
from collections.abc import Iterable
from dataclasses import replace

from sync_protocol.case import CaseEvent, Position, fold, kinds
from sync_protocol.case.events import REASONS
from sync_protocol.case.forks import frozen
from sync_protocol.case.workflow import GUARDS, STATES
from tests.sync_protocol.case.histories import CASE_ID, PLACES, History, catalogue
from tests.sync_protocol.case.second_fold import SecondFold
from tests.sync_protocol.case.second_forks import frozen_by_the_text
from tests.sync_protocol.case.second_orders import orders_by_the_text


def order_free(history: History, seed: int) -> None:
    """Any order, with repetitions, by any road, gives the same case and the same verdicts."""
    chance = random.Random(seed)
    expected = history.fold()
    for _ in range(3):
        shuffled = history.events + chance.choices(history.events, k=5)
        chance.shuffle(shuffled)
        assert history.fold(shuffled) == expected
    expected = history.fold(history.settled(history.events, history.rulings))
    for _ in range(3 if history.rulings else 0):
        shuffled = history.events + chance.choices(history.events, k=5)
        rulings = history.rulings + chance.choices(history.rulings, k=2)
        chance.shuffle(shuffled)
        chance.shuffle(rulings)
        assert history.fold(history.settled(shuffled, rulings)) == expected


def county_acts_stay(history: History, seed: int) -> None:
    """What was effective at the county when it was written is so in every superset, forks frozen or not."""
    chance = random.Random(seed)
    for events in (history.events, history.frozen(), history.settled(history.events, history.rulings)):
        for position, held in history.county_acts:
            known = set(held)
            rest = [event for event in events if event.position not in known]
            for size in {0, len(rest) // 2, len(rest)}:
                superset = [event for event in events if event.position in known] + chance.sample(rest, size)
                verdict = history.fold(superset).verdicts[position]
                assert verdict.code == "effective", (position, verdict)


def loss_heals(history: History, seed: int) -> None:
    """What lacks something it builds on waits, and counts for nothing; with the lost part back, all is as it was."""
    chance = random.Random(seed)
    whole = history.fold()
    lost = set(chance.sample(range(len(history.events)), chance.randint(1, max(1, len(history.events) // 2))))
    kept = [event for number, event in enumerate(history.events) if number not in lost]
    bodiless = set(chance.sample(range(len(kept)), len(kept) // 6))
    part = [
        replace(event, body=None, body_state="missing") if number in bodiless and is_apart(event) else event
        for number, event in enumerate(kept)
    ]
    case = history.fold(part)
    incomplete = incomplete_in(part)
    for event in part:
        verdict, final = case.verdicts[event.position], whole.verdicts[event.position]
        if event.position in incomplete:
            assert verdict.code != "effective", (event, verdict)
            evident = verdict.reason.startswith("after_") or verdict.reason in ("no_after", "create_with_after")
            assert verdict.code in ("waiting", "needs_update") or evident, (event, verdict)
        elif verdict.code == "void":
            # Said on complete evidence: nothing that arrives takes it back.
            assert final == verdict, (event, verdict, final)
        if verdict.code == "waiting" and verdict.reason == "after":
            assert verdict.needs is not None and verdict.needs not in {held.position for held in part}
    healed = part + history.events
    chance.shuffle(healed)
    assert history.fold(healed) == whole


def deletion_moves_nothing(history: History, seed: int) -> None:
    """What counts goes on counting when bodies are deleted by right, and the case is as far as it was."""
    chance = random.Random(seed)
    whole = history.fold()
    if whole.adopted:
        return  # an adoption asks what it adopts once more, in the state it finds
    kept = [event for event in history.events if whole.verdicts[event.position].code == "effective"]
    part = [
        replace(event, body=None, body_state="erased") if is_apart(event) and chance.random() < 0.5 else event
        for event in kept
    ]
    case = history.fold(part)
    assert set(case.path) == set(whole.path)
    assert all(verdict.code == "effective" for verdict in case.verdicts.values()), case.verdicts
    assert (case.holder, case.transit_to, case.docketed, case.reviewed) == (
        whole.holder, whole.transit_to, whole.docketed, whole.reviewed,
    )  # fmt: skip
    assert [entry.opened for entry in case.open] == [entry.opened for entry in whole.open]
    assert (case.extended, case.higher, case.fee_settled) == (whole.extended, whole.higher, whole.fee_settled)


def is_apart(event: CaseEvent) -> bool:
    return event.kind in kinds.BY_NUMBER and kinds.BY_NUMBER[event.kind].holding == "apart"


def incomplete_in(events: Iterable[CaseEvent]) -> set[Position]:
    """The stage events that build, over any number of steps, on an event or a body that is not here."""
    stage = {event.position: event for event in events if event.kind < 32}
    incomplete = {
        position
        for position, event in stage.items()
        if event.body_state == "missing" or (event.after is not None and event.after not in stage)
    }
    growing = True
    while growing:
        more = {position for position, event in stage.items() if event.after in incomplete} - incomplete
        incomplete |= more
        growing = bool(more)
    return incomplete


def other_cases_untouched(history: History, other: History, seed: int) -> None:
    """Events of another case or scope change nothing in this one and get no verdict here."""
    chance = random.Random(seed)
    own = [replace(event, scope=history.home, case_id=CASE_ID) for event in history.events]
    foreign = [
        replace(event, scope=history.home if number % 2 else "621021102000", case_id=b"another case id!")
        for number, event in enumerate(other.events)
    ] + [replace(event, scope="621021102000", case_id=CASE_ID) for event in other.events]
    # The foreign stage events try to go on from this case's last event.
    foreign += [replace(event, after=own[-1].position) for event in foreign if event.kind != kinds.CREATE]
    mixed = own + foreign
    chance.shuffle(mixed)
    alone = fold(history.home, CASE_ID, own, PLACES, catalogue())
    together = fold(history.home, CASE_ID, mixed, PLACES, catalogue())
    assert together == alone


def every_event_is_accounted_for(history: History, seed: int) -> None:
    """Every event has one verdict with words for it; the effective path is one chain of effective events."""
    for events in (history.events, history.frozen(), history.settled(history.events, history.rulings)):
        case = history.fold(events)
        assert set(case.verdicts) == {event.position for event in events}
        assert sum(case.counts.values()) == len(case.verdicts)
        by_position = {event.position: event for event in events}
        before = None
        for position in case.path:
            assert by_position[position].after == before
            assert case.verdicts[position].code == "effective"
            before = position
        assert case.last == before
        effective = {p for p, verdict in case.verdicts.items() if verdict.code == "effective"}
        assert {p for p in effective if by_position[p].kind < 32} == set(case.path)
        for verdict in case.verdicts.values():
            known = verdict.reason in REASONS or verdict.reason in GUARDS or verdict.reason.startswith("malformed: ")
            assert known or verdict.code == "effective", verdict
        assert case.state in STATES or case.last is None
        if case.decision is not None:
            item = catalogue().item(case.item_no, case.item_version)
            assert case.docketed and (case.reviewed or not item.review_level)
            assert PLACES.level(case.decision.place) == item.deciding_level
            assert item.decide_level != "higher" or case.higher == case.decision.outcome


def agrees_with_the_text(history: History, seed: int) -> None:
    """A second fold, written from CASE.md, finds the same verdicts and the same state, whatever is lost or frozen."""
    chance = random.Random(seed)
    for events in (history.events, history.frozen()):
        kept = [damaged(event, chance) for event in events if chance.random() < 0.95]
        case = history.fold(kept)
        second = SecondFold(history.home, CASE_ID, kept, PLACES, catalogue())
        for event in kept:
            if event.case_id:
                continue
            assert case.verdicts[event.position] == second.verdicts[event.position], event
        assert case.needs_update == second.needs_update
        assert case.state == second.state
        assert list(case.path) == [event.position for event in second.effective]
        orders = {
            o.stage: (
                o.place,
                [o.rating.position, *(step.position for step in o.steps)],
                [each.position for each in (o.appeal, o.finding) if each is not None],
            )
            for o in case.orders
        }
        assert orders == orders_by_the_text(second)
        flow = second.flow
        if flow is not None:
            assert (case.holder, case.transit_to, case.transit_purpose) == (flow.holder, flow.to, flow.purpose)
            assert (case.docketed, case.reviewed, case.answered) == (flow.docketed, flow.reviewed, flow.answered)
            assert case.adopted.keys() == flow.adopted and case.state_before == flow.before
            assert (case.extended, case.fee_settled, case.higher) == (flow.extended, flow.fee_settled, flow.higher)
            assert [(each.opened, each.what) for each in case.open] == [each[:2] for each in flow.open]
            assert [p for p, each in case.procedures.items() if each.ended is None] == [each[0] for each in flow.open]
    part = [event for event in history.events if chance.random() < 0.9]
    arms = history.arms()
    for shattered in (frozenset[bytes](), frozenset(history.forked)):
        found = frozen(CASE_ID, part, arms, history.rulings, PLACES, shattered)
        assert found == frozen_by_the_text(CASE_ID, part, arms, history.rulings, PLACES, shattered)


def damaged(event: CaseEvent, chance: random.Random) -> CaseEvent:
    """Now and then: the body missing or deleted, a dep missing, the author frozen, a field nobody knows."""
    if chance.random() < 0.9:
        return event
    return chance.choice((
        replace(event, body=None, body_state="missing"), replace(event, body=None, body_state="erased"),
        replace(event, deps_missing=True), replace(event, entitled=False), replace(event, critical_ext=True),
        replace(event, case_id=b"another case id!"),
    ))  # fmt: skip
