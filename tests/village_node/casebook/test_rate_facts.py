"""What the events of one case say for rates: the pre-reviews it waited for, and how often somebody came for it."""

from datetime import date
from typing import Any

import pytest

from sync_protocol import encoding
from sync_protocol.case import CaseEvent, Position, kinds
from sync_protocol.case.workdays import FIRST_DAY
from village_node.casebook.rate_facts import in_order, is_returned, previews_of, visits_of

HOME, ABOVE = "621021101201", "621021101000"
NAMED = [b"i" * 16, 7, b"m" * 8]
_DAY_MS = 86_400_000


def step(kind: int, day: int, said: dict[int, Any] | None = None, *, here: bool = True) -> CaseEvent:
    """An event of a day of November 2026; not ``here``: its words were cleared."""
    at_ms = (date(2026, 11, day) - FIRST_DAY).days * _DAY_MS
    raw = encoding.encode(said or {}) if here else None
    position = Position(b"i" * 16, at_ms // _DAY_MS << 8 | kind, b"m" * 8)
    state: Any = "here" if here else "purged"
    label = at_ms << 16 | kind
    return CaseEvent(position, kind, 1, None, (), HOME, 1, True, label, at_ms, "0001", raw, state)


def day(number: int) -> date:
    return date(2026, 11, number)


SENT, OWN = step(kinds.PREREVIEW, 2, {0: ABOVE}), step(kinds.PREREVIEW, 2, {0: HOME})
CAME = step(kinds.ACCEPT, 4, {})
REPLIED = step(kinds.PREREVIEW_REPLY, 5, {0: "ready"})


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([SENT], []),  # still on its way
        ([SENT, CAME], [(day(4), None)]),
        ([OWN], [(day(2), None)]),
        ([OWN, REPLIED], [(day(2), day(5))]),
        ([REPLIED, CAME, SENT], [(day(4), day(5))]),  # in whatever order they are read
        ([SENT, CAME, step(kinds.RECEIVE, 6)], [(day(4), day(6))]),
        ([SENT, CAME, step(kinds.TAKE, 5, {})], [(day(4), None)]),  # what is taken while it waits answers nothing
        ([OWN, REPLIED, step(kinds.TAKE, 9, {})], [(day(2), day(5)), (day(9), None)]),
        ([OWN, REPLIED, step(kinds.RECEIVE, 9), step(kinds.TAKE, 10, {})], [(day(2), day(5))]),
        ([OWN, step(kinds.FORCE_ASSIGN, 3, {})], []),
        ([OWN, step(kinds.ANSWER, 3, {0: NAMED, 1: True, 2: "已答复"})], []),
        ([OWN, step(kinds.ANSWER, 3, {0: NAMED, 1: False, 2: "已答复"})], [(day(2), None)]),
        (
            [OWN, REPLIED, step(kinds.PREREVIEW, 6, {0: ABOVE}), step(kinds.ACCEPT, 9, {})],
            [(day(2), day(5)), (day(9), None)],
        ),
    ],
)
def test_a_pre_review_is_waited_for_from_its_arrival_to_its_answer(
    steps: list[CaseEvent], found: list[tuple[date, date | None]]
) -> None:
    assert previews_of(in_order(steps), HOME) == found


def test_events_stand_in_the_order_in_which_they_were_written() -> None:
    assert [each.kind for each in in_order([REPLIED, CAME, SENT])] == [SENT.kind, CAME.kind, REPLIED.kind]


def test_who_applies_supplies_or_collects_has_come_once_each_where_the_words_say_so() -> None:
    applied, supplied = step(kinds.RECEIVE, 2, {2: "counter"}), step(kinds.SUPPLY, 3)
    assert visits_of([applied, supplied, step(kinds.DELIVERED, 4, {1: "proxy"}), CAME]) == 3
    for channel in ("door", "online", "phone"):
        assert visits_of([step(kinds.RECEIVE, 2, {2: channel})]) == 0
    assert visits_of([step(kinds.RECEIVE, 2)]) == 0, "nobody said how it came"
    assert visits_of([applied, step(kinds.DELIVERED, 4, {1: "electronic"})]) == 1
    assert visits_of([applied, step(kinds.DELIVERED, 4, here=False)]) is None, "its words were cleared"


def test_what_is_given_back_before_it_was_accepted_is_no_return() -> None:
    accepted, back = step(kinds.DOCKET, 3), step(kinds.RETURN_FOR_CORRECTION, 4)
    assert is_returned([accepted, back]) and not is_returned([accepted])
    assert not is_returned([step(kinds.RETURN_FOR_CORRECTION, 2), accepted])
