"""What the events of one case say for rates: the pre-reviews it waited for, and how often somebody came for it."""

from datetime import date
from typing import Any

import pytest

from sync_protocol import encoding
from sync_protocol.case import kinds
from sync_protocol.case.workdays import FIRST_DAY
from sync_protocol.event import Header, encode_header
from village_node.casebook.rates import in_order, previews_of, visits_of
from village_node.store.rates import Step

HOME, ABOVE = "621021101201", "621021101000"
_DAY_MS = 86_400_000


def step(kind: int, day: int, inline: dict[int, Any] | None = None, body: dict[int, Any] | None = None) -> Step:
    """An event of a day of November 2026."""
    at_ms = (date(2026, 11, day) - FIRST_DAY).days * _DAY_MS
    said = None if inline is None else encoding.encode(inline)
    commits = b"c" * 32 if said is None else None
    header = Header(1, kind, 1, b"i" * 16, None, (), at_ms << 16 | kind, at_ms, "0001", said, commits, {})
    return Step(kind, encode_header(header), None if body is None else encoding.encode(body))


def day(number: int) -> date:
    return date(2026, 11, number)


SENT, OWN = step(kinds.PREREVIEW, 2, {0: ABOVE}), step(kinds.PREREVIEW, 2, {0: HOME})
CAME = step(kinds.ACCEPT, 4, {})
REPLIED = step(kinds.PREREVIEW_REPLY, 5)


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
        ([OWN, step(kinds.ANSWER, 3, {1: True})], []),
        ([OWN, step(kinds.ANSWER, 3, {1: False})], [(day(2), None)]),
        (
            [OWN, REPLIED, step(kinds.PREREVIEW, 6, {0: ABOVE}), step(kinds.ACCEPT, 9, {})],
            [(day(2), day(5)), (day(9), None)],
        ),
    ],
)
def test_a_pre_review_is_waited_for_from_its_arrival_to_its_answer(
    steps: list[Step], found: list[tuple[date, date | None]]
) -> None:
    assert previews_of(steps, HOME) == found


def test_events_stand_in_the_order_in_which_they_were_written() -> None:
    assert [each.kind for each, _ in in_order([REPLIED, CAME, SENT])] == [SENT.kind, CAME.kind, REPLIED.kind]


def test_who_applies_supplies_or_collects_has_come_once_each_where_the_words_say_so() -> None:
    applied = step(kinds.RECEIVE, 2, body={2: "counter"})
    assert visits_of([applied, step(kinds.SUPPLY, 3), step(kinds.DELIVERED, 4, body={1: "proxy"}), CAME]) == 3
    for channel in ("door", "online", "phone"):
        assert visits_of([step(kinds.RECEIVE, 2, body={2: channel})]) == 0
    assert visits_of([step(kinds.RECEIVE, 2, body={})]) == 0, "nobody said how it came"
    assert visits_of([applied, step(kinds.DELIVERED, 4, body={1: "electronic"})]) == 1
    assert visits_of([applied, step(kinds.DELIVERED, 4)]) is None, "its words were cleared"
