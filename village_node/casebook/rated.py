"""What lists need of how applicants rate a case: the grade, the calls made to ask for one, what a bad one led to."""

from typing import Any, Final, NamedTuple

from sync_protocol.case import Case, Position, kinds, workflow
from sync_protocol.case.orders import Order
from sync_protocol.case.workdays import day_of
from sync_protocol.places import PlaceTree
from village_node.store import cases

_JUDGING: Final = ("township", "county")
_NO_ORDERS: Final = (None, None, None)


class Ratable(NamedTuple):
    """What an applicant may rate by himself: a stage, or what was put right after a bad rating, by its ``answer``."""

    kind: int
    stage: int
    answer: Position | None = None


def ratable(case: Case) -> Ratable | None:
    """What an applicant may rate by himself now; None where nothing is. What was put right for him comes first, then
    the result, and acceptance where he has not rated that."""
    if not case.case_no or not case.applicant.get("name") or 0 in case.ratings:
        return None  # not received yet, or its words are not held here any more
    for order in case.orders:
        if order.unrated is not None:
            return Ratable(kinds.FOLLOW_UP, order.stage, order.unrated.position)
    ended = case.decision is not None or case.lapse is not None or workflow.STATES[case.state].closed
    accepted = bool(case.docketed_at) or case.refusal is not None
    open_stages = [stage for stage, there in ((2, ended), (1, accepted)) if there and stage not in case.ratings]
    return Ratable(kinds.RATING, open_stages[0]) if open_stages else None


def grade_of(case: Case) -> int | None:
    """The grade of the result as it counts: 0 while nobody has given one, None where the level above has struck it."""
    if 2 not in case.ratings:
        return 0
    struck = any(order.stage == 2 and order.struck for order in case.orders)
    return None if struck else cases.RATINGS[case.ratings[2].body["grade"]]


def orders_of(case: Case, places: PlaceTree) -> tuple[int | None, str | None, int | None]:
    """Of the orders to put right that are open: since when the oldest waits, who is to answer, and whom to ask."""
    waiting = [order for order in case.orders if order.open]
    if not waiting:
        return _NO_ORDERS
    asked = sorted({each for order in waiting if order.asks is not None for each in answering(order, places)})
    calls = sum(order.unrated is not None for order in waiting)
    since = min(day_of(order.since_ms) for order in waiting)
    return cases.day_number(since), f" {' '.join(asked)} " if asked else None, calls


def answering(order: Order, places: PlaceTree) -> tuple[str, ...]:
    """The places that an order is for: the one that handled the stage, and those that succeed it."""
    return (order.place, *places.successors(order.place))


def voices_of(case: Case, places: PlaceTree) -> dict[str, Any]:
    """How often the applicant was called, whether they were reached, and of the appeals that wait for an answer since
    when the oldest does and which places are to answer; nothing where nobody called and nothing is rated as bad."""
    said: dict[str, Any] = {}
    if case.calls:
        said = {"calls": len(case.calls), "reached": int(any(note.body.get("reached") for note in case.calls))}
    waiting = [(order.place, order.appealed.at_ms) for order in case.orders if order.appealed is not None]
    if waiting:
        judges = sorted({judge_of(place, places) for place, _ in waiting})
        said["appeal_day"] = cases.day_number(day_of(min(at_ms for _, at_ms in waiting)))
        said["appeals_by"] = f" {' '.join(judges)} "
    return said


def judge_of(place: str, places: PlaceTree) -> str:
    """The place that is to find on an appeal of another: the nearest above it of township or county; of the root the
    root itself."""
    above = places.path_up(place)[1:]
    return next((each for each in above if places.level(each) in _JUDGING), places.root)
