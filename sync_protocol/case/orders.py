"""What a bad rating opens: an order to put right (整改), answered, rated once more by the applicant, reopened once.

Nothing of it is stored: an order is the rating, and a chain of side events in which each names the one before it. So
it is the same at every node that holds them, in whatever order they came, and it costs a case without one nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sync_protocol.case import kinds
from sync_protocol.case.complaints import ONESELF
from sync_protocol.case.events import Position
from sync_protocol.case.legal_bodies import BAD_GRADES
from sync_protocol.case.records import SideNote
from sync_protocol.case.routes import CasePath

MOST_STEPS: Final = 4  # answered and rated, and once more


class Order(NamedTuple):
    """An order: the rating that opened it, the place that is to answer it, and what followed, answers and ratings of
    them in turn. ``appeal``: what that place says against the rating; ``finding``: what a place above found."""

    stage: int
    place: str
    rating: SideNote
    steps: tuple[SideNote, ...] = ()
    appeal: SideNote | None = None
    finding: SideNote | None = None

    @property
    def struck(self) -> bool:
        """Whether the level above has found the rating false: it does not count, and nothing is to be put right."""
        return self.finding is not None and self.finding.body["what"] == "struck"

    @property
    def appealed(self) -> SideNote | None:
        """The appeal that waits for its answer; None where none does."""
        return self.appeal if self.finding is None else None

    @property
    def asks(self) -> SideNote | None:
        """The bad rating that waits for an answer; None where none does."""
        if self.struck:
            return None
        last = self.steps[-1] if self.steps else self.rating
        return last if len(self.steps) in (0, 2) and is_bad(last) else None

    @property
    def unrated(self) -> SideNote | None:
        """The answer that the applicant has not rated yet; None where there is none."""
        return self.steps[-1] if len(self.steps) % 2 and not self.struck else None

    @property
    def open(self) -> bool:
        """Whether it waits for anybody."""
        return self.asks is not None or self.unrated is not None

    @property
    def reopened(self) -> bool:
        """Whether the applicant was not satisfied with the first answer."""
        return len(self.steps) > 1 and is_bad(self.steps[1])

    @property
    def since_ms(self) -> int:
        """When its clock began: with the bad rating that was answered last, or is to be answered."""
        return (self.steps[1] if self.reopened else self.rating).at_ms

    @property
    def answered_ms(self) -> int | None:
        """When that one was answered; None while it is not."""
        answer = 2 if self.reopened else 0
        return self.steps[answer].at_ms if len(self.steps) > answer else None


def reached_ms(order: Order, calls: Iterable[SideNote]) -> int | None:
    """When the applicant was first reached about the bad rating that an order's clock began with: by a call behind it,
    or by whoever recorded how they rate the answer to it; None while nobody has. ``calls``: those of the case."""
    bad = order.steps[1] if order.reopened else order.rating
    asked = order.steps[3 if order.reopened else 1 :][:1]
    found = [note.at_ms for note in calls if note.body.get("reached") and note.position != bad.position]
    found += [note.at_ms for note in asked if note.actor != ONESELF]
    return min((at_ms for at_ms in found if at_ms >= bad.at_ms), default=None)


def is_bad(note: SideNote) -> bool:
    """Tell whether a rating, the first or one of an answer, is one of the two bad grades."""
    return note.body.get("grade") in BAD_GRADES


def orders_of(
    ratings: Mapping[int, SideNote],
    counted: Mapping[int, Sequence[SideNote]],
    handled: Mapping[int, str],
    path: CasePath,
) -> tuple[Order, ...]:
    """The orders that the ratings of a case opened, by stage. ``counted``: what stands beside the case, by kind, each
    in the order in which the first one counts; ``handled``: by which place each stage was."""
    answers, follow_ups = counted[kinds.RECTIFICATION], counted[kinds.FOLLOW_UP]
    appeals = counted[kinds.RATING_APPEAL]
    found = []
    for stage, rating in sorted(ratings.items()):
        if not is_bad(rating):
            continue
        place = handled[stage]
        able = [note for note in answers if path.answers_for(note.place, place)]
        order = Order(stage, place, rating)
        while len(order.steps) < MOST_STEPS:
            asks, unrated = order.asks, order.unrated
            if asks is not None:
                step = _first(able, "order", asks.position)
            elif unrated is not None:
                step = _first(follow_ups, "rectification", unrated.position)
            else:
                break
            if step is None:
                break
            order = order._replace(steps=(*order.steps, step))
        found.append(_with_appeal(order, appeals, path.ranks) if appeals else order)
    return tuple(found)


def _with_appeal(order: Order, appeals: Sequence[SideNote], ranks: Mapping[str, int]) -> Order:
    said = [note for note in appeals if note.body.get("what") == "appeal" and note.place == order.place]
    appeal = _first(said, "of", order.rating.position)
    if appeal is None:
        return order
    able = [note for note in appeals if note.body.get("what") != "appeal" and is_over(note.place, order.place, ranks)]
    return order._replace(appeal=appeal, finding=_first(able, "of", appeal.position))


def is_over(place: str, rated: str, ranks: Mapping[str, int]) -> bool:
    """Tell whether a place answers the appeal of another: one above it, of the root the root itself."""
    return ranks[place] < ranks[rated] or ranks[place] == ranks[rated] == 0


def _first(notes: Iterable[SideNote], name: str, named: Position) -> SideNote | None:
    return next((note for note in notes if name in note.body and Position(*note.body[name]) == named), None)
