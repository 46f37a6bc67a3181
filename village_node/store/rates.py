"""What rates are counted from: rows of cases by a day of theirs, and the events of those cases, by the index on cases.

Events are read a few days of cases at a time, so that a year of a county is never in memory at once. Days are counted
since 1970 and both ends of a period count.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import Connection

from sync_protocol.case import kinds
from village_node.store import rows
from village_node.store.cases import DONE_AS
from village_node.store.faults import BAD_RATING
from village_node.store.locks import CaseKey

_SLICE: Final = 7  # days of cases whose events are read together
_DAY_MS: Final = 86_400_000
_CHINA_MS: Final = 8 * 3_600_000
_SETTLED: Final = DONE_AS["settled"]
_RECEIVED: Final = (
    "SELECT scope, received_day, count(*) FROM cases WHERE received_day >= ? AND received_day <= ?"
    " GROUP BY scope, received_day"
)
# The state stands in a sum: as a condition SQLite would look for it, through all that were ever refused.
_REFUSED: Final = (
    "SELECT scope, sum(CASE WHEN state = 'refused' THEN 1 ELSE 0 END) FROM cases"
    " WHERE done_day >= ? AND done_day <= ? GROUP BY scope"
)
_LEFT: Final = "(settled_limit - settled_used)"
# The due day lies no nearer to the day of settlement than so many days of the calendar as working days are between.
_DUE: Final = (
    f"SELECT scope, settled_day, {_LEFT}, count(*) FROM cases WHERE settled_day >= ? AND settled_day <= ?"  # noqa: S608
    f" AND (({_LEFT} >= 0 AND settled_day + {_LEFT} <= ?) OR ({_LEFT} < 0 AND settled_day + {_LEFT} >= ?))"
    f" GROUP BY scope, settled_day, {_LEFT}"
)
_NEVER: Final = 1_000_000  # an end of the days, without which the planner would walk the whole table
_IN_HAND: Final = (
    "SELECT scope, case_id, due_day, red_day FROM cases WHERE done_day IS NULL AND accepted_day <= ?"
    " AND due_day >= ? AND due_day <= ?"
)
_LIMITED: Final = (
    "SELECT scope, item_no, item_version, settled_kind, count(*),"
    " sum(CASE WHEN red_plus_day <= settled_day THEN 1 ELSE 0 END)"
    " FROM cases WHERE settled_day >= ? AND settled_day <= ? GROUP BY scope, item_no, item_version, settled_kind"
)
# Of the events of these cases those that count; an event may name a case of another scope, and is none of its events.
# CROSS JOIN, since SQLite would else walk all events first: it goes through the tables in the order they are named.
_EVENTS: Final = (
    "SELECT cases.scope, cases.case_id, events.kind, events.header, events.body"
    " FROM cases CROSS JOIN events CROSS JOIN streams WHERE cases.{day} >= ? AND cases.{day} < ?"
    " AND events.case_id = cases.case_id AND streams.id = events.stream AND streams.scope = cases.scope"
    " AND events.verdict = 1 AND events.kind IN ({kinds}){more}"
)
_STEPS: Final = (kinds.RECEIVE, kinds.HANDOFF, kinds.ACCEPT, kinds.SUPPLY, kinds.DELIVERED)
_RETURNS: Final = (kinds.DOCKET, kinds.RETURN_FOR_CORRECTION)
_PREVIEWED: Final = (
    kinds.RECEIVE, kinds.ACCEPT, kinds.TAKE, kinds.ANSWER, kinds.FORCE_ASSIGN, kinds.PREREVIEW, kinds.PREREVIEW_REPLY,
)  # fmt: skip
_HAVING: Final = (
    " AND EXISTS (SELECT 1 FROM events AS one WHERE one.case_id = cases.case_id AND one.verdict = 1 AND one.kind = {})"
)


def _events(day: str, of: tuple[int, ...], more: str = "") -> str:
    return _EVENTS.format(day=day, kinds=", ".join(map(str, of)), more=more)


_WORDS: Final = {
    "steps": _events("done_day", _STEPS, f" AND cases.done_as = {_SETTLED}"),
    "returns": _events("accepted_day", _RETURNS, _HAVING.format(kinds.RETURN_FOR_CORRECTION)),
    "previews": _events("filed_ms", _PREVIEWED, _HAVING.format(kinds.PREREVIEW)),
}
_BAD: Final = f"SELECT scope, case_id FROM faults WHERE day >= ? AND rule = {BAD_RATING}"  # noqa: S608


class Due(NamedTuple):
    """So many settled cases of a home with so many working days left, or below 0 over, on a day."""

    scope: str
    settled_day: int
    left: int
    times: int


class Limited(NamedTuple):
    """Settled cases of an item version and kind, and how many of them were beyond the statute."""

    scope: str
    item_no: str
    item_version: int
    kind: int
    settled: int
    over: int


class Step(NamedTuple):
    """An event that counts: what it is, its header, and its body where that is apart and here."""

    kind: int
    header: bytes
    body: bytes | None


def received(connection: Connection, first: int, last: int) -> list[tuple[str, int, int]]:
    """(scope, day, how many cases were received on it)."""
    return [(row[0], int(row[1]), int(row[2])) for row in rows.ask(connection, _RECEIVED, (first, last))]


def refused(connection: Connection, first: int, last: int) -> list[tuple[str, int]]:
    """(scope, how many applications were not accepted), as they stand."""
    return [(row[0], int(row[1])) for row in rows.ask(connection, _REFUSED, (first, last)) if row[1]]


def due(connection: Connection, first: int, last: int, longest: int) -> list[Due]:
    """What was settled and may have been due in a period: settled at most ``longest`` days before, or whenever after.
    Which of them were is for the calendar to say."""
    found = rows.ask(connection, _DUE, (first - longest, _NEVER, last, first))
    return [Due(row[0], *(int(number) for number in row[1:])) for row in found]


def in_hand(connection: Connection, first: int, last: int) -> list[tuple[CaseKey, int, int | None]]:
    """(case, due day, red day) of the accepted cases in hand now whose due day lies in a period."""
    return [((row[0], bytes(row[1])), row[2], row[3]) for row in rows.ask(connection, _IN_HAND, (last, first, last))]


def limited(connection: Connection, first: int, last: int) -> list[Limited]:
    """What was settled, by item version and kind."""
    found = rows.ask(connection, _LIMITED, (first, last))
    return [Limited(row[0], row[1] or "", *(int(number or 0) for number in row[2:])) for row in found]


def steps(connection: Connection, first: int, last: int) -> Iterator[tuple[str, list[Step]]]:
    """Of each case that was settled its home's scope, its receipts, moves, supplies and deliveries."""
    return _sliced(connection, "steps", first, last + 1, 1)


def returns(connection: Connection, first: int, last: int) -> Iterator[tuple[str, list[Step]]]:
    """Of each case that was accepted, and ever returned for a correction, its acceptances and returns."""
    return _sliced(connection, "returns", first, last + 1, 1)


def previews(connection: Connection, first: int, last: int) -> Iterator[tuple[str, list[Step]]]:
    """Of each case and draft that came in and was sent for pre-review what tells when it was looked at."""
    start, end = first * _DAY_MS - _CHINA_MS, (last + 1) * _DAY_MS - _CHINA_MS
    return _sliced(connection, "previews", start, end, _DAY_MS)


def bad(connection: Connection, since: int) -> list[CaseKey]:
    """The cases with a bad rating that stands and counts from that day on."""
    return sorted({(row[0], bytes(row[1])) for row in rows.ask(connection, _BAD, (since,))})


def _sliced(connection: Connection, what: str, start: int, end: int, day: int) -> Iterator[tuple[str, list[Step]]]:
    for begin in range(start, end, _SLICE * day):
        found: dict[CaseKey, list[Step]] = {}
        values = begin, min(begin + _SLICE * day, end)
        # In no order: to sort by cases SQLite would walk through all of them.
        for scope, case_id, kind, header, body in rows.ask(connection, _WORDS[what], values):
            step = Step(kind, bytes(header), None if body is None else bytes(body))
            found.setdefault((scope, bytes(case_id)), []).append(step)
        for (scope, _), events in found.items():
            yield scope, events
