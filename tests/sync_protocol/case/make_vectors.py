"""Vectors for other folds: `python -m tests.sync_protocol.case.make_vectors` writes the histories and their verdicts.

Chosen from many drawn histories so that every verdict, reason and state that occurs in them occurs in the file, and
every kind with every verdict, promises and lanes with every reason too. What is written stays, and is only added to: a
fold that finds another verdict for a stored history is wrong, not the file.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sync_protocol.case import Case, CaseEvent, Position, fold, kinds
from sync_protocol.case.forks import Arms, Ruling, frozen, read_ruling, ruling_bytes
from tests.sync_protocol.case.histories import CASE_ID, PLACES, Network, catalogue
from tests.sync_protocol.case.properties import damaged
from tests.sync_protocol.case.tape import Tape

PROMISES = (kinds.COMMITMENT, kinds.COMMITMENT_KEPT, kinds.LANE)
PATH = Path(__file__).parent / "vectors.json"
ABOUT = (
    "Histories of cases with the verdict on every event, as CASE.md asks for. Positions are incarnation.seq.mark in "
    "hex; bodies are hex, null where not here. What is not said of an event is as usual: kind_version 1, entitled, "
    "nothing critical, no dep missing, body here. Where an event has arms it is entitled as section 7.1 says, by the "
    "rulings of its history: bodies of kind 67 with who wrote them."
)


def drawn(seed: int) -> tuple[str, list[CaseEvent]]:
    """The home and the events of one history, some of them damaged or lost."""
    chance = random.Random(seed)
    history = Network(Tape([chance.randrange(256) for _ in range(chance.randrange(30, 220))]), seed % 3 == 0).run()
    events = history.frozen() if seed % 2 else history.events
    kept = [damaged(event, chance) for event in events if chance.random() < 0.97]
    return history.home, [event for event in kept if not event.case_id]


def drawn_with_rulings(seed: int) -> tuple[str, list[CaseEvent], dict[Position, Arms], list[Ruling]]:
    """The home, the events, the arms they lie on and the rulings of one history in which a stream forked."""
    chance = random.Random(f"ruling {seed}")
    history = Network(Tape([chance.randrange(256) for _ in range(chance.randrange(60, 220))]), True).run()
    return history.home, history.events, history.arms(), history.rulings


def written(position: Position | None) -> str | None:
    return None if position is None else f"{position.incarnation.hex()}.{position.seq}.{position.mark.hex()}"


def read(text: str | None) -> Position | None:
    if text is None:
        return None
    incarnation, seq, mark = text.split(".")
    return Position(bytes.fromhex(incarnation), int(seq), bytes.fromhex(mark))


def event_out(event: CaseEvent) -> dict[str, Any]:
    out: dict[str, Any] = {
        "position": written(event.position), "kind": event.kind, "after": written(event.after), "place": event.place,
        "order": event.order, "body": None if event.body is None else event.body.hex(),
    }  # fmt: skip
    unusual: dict[str, tuple[Any, Any]] = {
        "kind_version": (event.kind_version, 1), "entitled": (event.entitled, True),
        "critical": (event.critical_ext, False), "deps_missing": (event.deps_missing, False),
        "body_state": (event.body_state, "here"),
    }  # fmt: skip
    return out | {name: value for name, (value, usual) in unusual.items() if value != usual}


def event_in(out: dict[str, Any]) -> CaseEvent:
    position = read(out["position"])
    assert position is not None
    body = None if out["body"] is None else bytes.fromhex(out["body"])
    return CaseEvent(
        position, out["kind"], out.get("kind_version", 1), read(out["after"]), (), out["place"], out["order"],
        out.get("entitled", True), 0, 0, "", body, out.get("body_state", "here"), out.get("critical", False),
        out.get("deps_missing", False),
    )  # fmt: skip


def ruling_out(ruling: Ruling) -> dict[str, Any]:
    return {
        "position": written(ruling.position), "place": ruling.place, "order": ruling.order,
        "body": ruling_bytes(ruling.body).hex(),
    }  # fmt: skip


def ruling_in(out: dict[str, Any]) -> Ruling:
    position, body = read(out["position"]), read_ruling(bytes.fromhex(out["body"]))
    assert position is not None and body is not None
    return Ruling(position, out["place"], out["order"], body)


def arms_in(events: list[dict[str, Any]]) -> dict[Position, Arms]:
    found = {}
    for out in events:
        position = read(out["position"])
        if position is not None and "arms" in out:
            found[position] = tuple((split, bytes.fromhex(mark)) for split, mark in out["arms"])
    return found


def settled(events: list[CaseEvent], arms: dict[Position, Arms], rulings: list[Ruling]) -> list[CaseEvent]:
    stopped = frozen(CASE_ID, events, arms, rulings, PLACES)
    return [replace(event, entitled=event.entitled and event.position not in stopped) for event in events]


def ruled(count: int) -> Iterator[dict[str, Any]]:
    """Histories among the first ``count`` in which a ruling changes a verdict, and no two that come to the same."""
    seen: set[Any] = set()
    for seed in range(count):
        home, events, arms, rulings = drawn_with_rulings(seed)
        case = fold(home, CASE_ID, settled(events, arms, rulings), PLACES, catalogue())
        without = fold(home, CASE_ID, settled(events, arms, []), PLACES, catalogue())
        trait = (case.state, len(rulings) > 1, len({arm for one in arms.values() for arm in one}) > 2)
        if case.verdicts != without.verdicts and trait not in seen:
            seen.add(trait)
            told = [
                {**event_out(event), **({"arms": [[split, mark.hex()] for split, mark in arms[event.position]]}
                                        if event.position in arms else {})}
                for event in events
            ]  # fmt: skip
            yield {
                "home": home, "events": told, "rulings": [ruling_out(one) for one in rulings],
                "expected": expected(case),
            }  # fmt: skip


def expected(case: Case) -> dict[str, Any]:
    """What a fold must find."""
    return {
        "state": case.state,
        "holder": case.holder,
        "receiver": case.transit_to,
        "last": written(case.last),
        "needs_update": case.needs_update,
        "verdicts": {
            written(position): [verdict.code, verdict.reason, written(verdict.needs)]
            for position, verdict in sorted(case.verdicts.items())
        },
    }


def traits(events: list[CaseEvent], case: Case) -> set[Any]:
    shown: set[Any] = {(verdict.code, verdict.reason) for verdict in case.verdicts.values()} | {case.state}
    verdicts = [(event.kind, case.verdicts[event.position]) for event in events]
    shown |= {(kind, verdict.code, verdict.reason) for kind, verdict in verdicts if kind in PROMISES}
    return shown | {(kind, verdict.code) for kind, verdict in verdicts}


def chosen(count: int, seen: set[Any]) -> Iterator[tuple[str, list[CaseEvent], Case]]:
    """Each history among the first ``count`` that shows something none before it has shown."""
    for seed in range(count):
        home, events = drawn(seed)
        case = fold(home, CASE_ID, events, PLACES, catalogue())
        if traits(events, case) - seen:
            seen |= traits(events, case)
            yield home, events, case


def main() -> None:
    """Add to the file what it does not show yet."""
    cases = json.loads(PATH.read_text("utf-8"))["cases"]
    seen: set[Any] = set()
    for stored in cases:
        events = [event_in(out) for out in stored["events"]]
        seen |= traits(events, fold(stored["home"], CASE_ID, events, PLACES, catalogue()))
    cases += [
        {"home": home, "events": [event_out(event) for event in events], "expected": expected(case)}
        for home, events, case in chosen(3_000, seen)
    ]
    if not any("rulings" in stored for stored in cases):
        cases += ruled(1_500)
    items = {
        item.item_no: {
            "accept_levels": item.accept_levels, "review_level": item.review_level, "decide_level": item.decide_level,
            "deliver_levels": item.deliver_levels, "village_mode": item.village_mode, "kind": item.kind,
            "fee": item.fee, "tolerable": item.tolerable, "declarations": item.commitment,
            **({"theme": item.members, "parties": [party.department for party in item.parties]} if item.theme else {}),
        }
        for item in catalogue().items()
    }  # fmt: skip
    codes = PLACES.below_or_self(PLACES.root)
    places = [[code, PLACES.level(code), PLACES.parent(code)] for code in codes]
    lines = [f'{{"about": {json.dumps(ABOUT)},', f'"places": {json.dumps(places)},']
    lines += [f'"items": {json.dumps(items, ensure_ascii=False)},', '"cases": [']
    lines += [json.dumps(case) + ("," if case is not cases[-1] else "]}") for case in cases]
    PATH.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
