"""The orders to put right, read from the text of CASE.md, section 8, beside the second fold."""

from typing import Any

from sync_protocol.case import CaseEvent, Position, kinds
from tests.sync_protocol.case.second_fold import SecondFold
from tests.sync_protocol.case.second_reading import read

BAD = ("poor", "very_poor")


def orders_by_the_text(fold: SecondFold) -> dict[int, tuple[str, list[Position], list[Position]]]:
    """Stage -> (the place that is to answer, the events of the order, its rating first, the appeal and its answer)."""

    def effective(kind: int) -> list[tuple[CaseEvent, dict[int, Any]]]:
        counting = [e for e in fold.sides.values() if e.kind == kind and fold.verdicts[e.position].code == "effective"]
        bodies = [(e, read(e)) for e in sorted(counting, key=lambda e: (e.hlc, e.order, e.position))]
        return [(e, body) for e, body in bodies if isinstance(body, dict)]

    ratings: dict[int, tuple[CaseEvent, dict[int, Any]]] = {}
    given = [(e, {0: b[0], 1: b[1]}) for e, b in effective(kinds.RATING)]
    given += [(e, {0: b[2], 1: 2}) for e, b in effective(kinds.CALL_BACK) if b[0] and 2 in b]
    for event, body in sorted(given, key=lambda each: (each[0].hlc, each[0].order, each[0].position)):
        ratings.setdefault(body[1], (event, body))
    found = {}
    for stage, (rating, body) in ratings.items():
        if body[0] not in BAD:
            continue
        place = handled(fold, stage)
        chain = [rating.position]
        grade = body[0]
        while len(chain) < 5 and grade in BAD:
            at = fold.path.index(place)
            over = [p for p in fold.path if fold.depth(p) < fold.depth(place)]
            over += [p for p in fold.path[: at + 1] if fold.depth(p) == fold.depth(place)]  # it, and who succeeds it
            named = (e for e, b in effective(kinds.RECTIFICATION) if Position(*b[0]) == chain[-1] and e.place in over)
            answer = next(named, None)
            if answer is None:
                break
            chain.append(answer.position)
            rated = next(((e, b) for e, b in effective(kinds.FOLLOW_UP) if Position(*b[0]) == chain[-1]), None)
            if rated is None:
                break
            chain.append(rated[0].position)
            grade = rated[1][1]
        found[stage] = place, chain, appealed(fold, rating.position, place, effective(kinds.RATING_APPEAL))
    return found


def appealed(
    fold: SecondFold, rating: Position, place: str, said: list[tuple[CaseEvent, dict[int, Any]]]
) -> list[Position]:
    """The appeal of a place against a rating, and what was found on it above."""
    appeals = [e for e, b in said if b[1] == "appeal" and Position(*b[0]) == rating and e.place == place]
    if not appeals:
        return []
    above = [p for p in fold.path if fold.depth(p) < fold.depth(place)] or [place]
    found = [e for e, b in said if b[1] != "appeal" and Position(*b[0]) == appeals[0].position and e.place in above]
    return [each.position for each in (*appeals[:1], *found[:1])]


def handled(fold: SecondFold, stage: int) -> str:
    """By which place a stage was handled."""
    acts = [act for event in fold.effective for act in in_order(fold, event)]
    last: dict[int, str] = {}
    for act in acts:
        last[act.kind] = act.place
        overturned = act.kind == kinds.REVIEW_DECISION and isinstance(said := read(act), dict) and said[1] == "overturn"
        if overturned:
            last.pop(kinds.REFUSE, None)
        if act.kind in (kinds.TAKE, kinds.FEE_SETTLED):
            last.pop(kinds.LAPSE, None)
    refused = last.get(kinds.REFUSE)
    if stage == 1:
        return refused or last.get(kinds.DOCKET) or fold.home
    holder = fold.flow.holder if fold.flow else None
    return last.get(kinds.DECIDE) or last.get(kinds.LAPSE) or refused or holder or fold.home


def in_order(fold: SecondFold, event: CaseEvent) -> list[CaseEvent]:
    """What an effective event makes count, in the order of its case's life."""
    made = fold.makes(event)
    if len(made) < 2:
        return made
    depth: dict[Position, int] = {}
    for act in made:
        at, steps = act, 0
        while at.after is not None and at.after in fold.stage:
            at, steps = fold.stage[at.after], steps + 1
        depth[act.position] = steps
    return sorted(made, key=lambda act: depth[act.position])
