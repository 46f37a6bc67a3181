"""What rates are added up from: sums over the rows of cases and of bad ratings, by home.

Each is one statement that reads an index of its own and hardly a row, so that a year of a county is counted while
somebody waits. What a column says: village_node/casebook/rate_facts.py. Days are counted since 1970 and both ends of a
period count.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from sync_protocol.case.catalogue import CASE_KINDS
from village_node.store import rows
from village_node.store.cases import DONE_AS
from village_node.store.faults import BAD_RATING

Sums = list[tuple[str, dict[str, int]]]  # of each home (its scope) by how much which counts grow
_DAY_MS: Final = 86_400_000
_CHINA_MS: Final = 8 * 3_600_000
_WITHIN: Final = "{0} >= ? AND {0} <= ?"
_AS: Final = {name: f" AND done_as = {number}" for name, number in DONE_AS.items()}
_LIMITED: Final = f"settled_kind = {CASE_KINDS.index('承诺件')}"
_JOINT: Final = f"settled_kind IN ({CASE_KINDS.index('联办件')}, {CASE_KINDS.index('上报件')})"


def _sum(condition: str, what: str = "1") -> str:
    return f"sum(CASE WHEN {condition} THEN {what} ELSE 0 END)"


def _by_home(sums: Sequence[str], day: str, more: str = "", table: str = "cases") -> str:
    said = ", ".join(("scope", *sums))
    return f"SELECT {said} FROM {table} WHERE {_WITHIN.format(day)}{more} GROUP BY scope"  # noqa: S608 - our own names


_RECEIVED: Final = {"received": "count(*)", "corrected": _sum("corrections > 0")}
_SETTLED: Final = {
    "settled": "count(*)",
    "rated": _sum("rating > 0"),
    "limited": _sum(f"statute IS NOT NULL AND {_LIMITED}"),
    "over": _sum(f"statute = 1 AND {_LIMITED}"),
    "joint_limited": _sum(f"statute IS NOT NULL AND {_JOINT}"),
    "joint_over": _sum(f"statute = 1 AND {_JOINT}"),
    "transfers": "sum(transfers)",
    "transfer_days": "sum(transfer_days)",
    "readable": "count(visits)",
    "visits": "sum(visits)",
}
# By a day alone: each of these is one statement with the first and the last day of a period.
_PLAIN: Final = {
    "received": (tuple(_RECEIVED), _by_home(tuple(_RECEIVED.values()), "received_day")),
    "accepted": (("accepted",), _by_home(["count(*)"], "accepted_day")),
    "returned": (("returned",), _by_home(["count(*)"], "accepted_day", " AND returned = 1")),
    "refused": (("refused",), _by_home([_sum("state = 'refused'")], "done_day", _AS["turned_away"])),
    "settled": (tuple(_SETTLED), _by_home(tuple(_SETTLED.values()), "done_day", _AS["settled"])),
}
_DAY_OFF: Final = "SELECT scope, count(*) FROM cases WHERE received_day IN (DAYS) GROUP BY scope"
# Settled on a day or later; or in hand, and accepted on a day or before.
_DUE: Final = _by_home(
    ["count(*)", _sum("settled_day <= ?")],
    "owed_day",
    " AND (settled_day >= ? OR (done_day IS NULL AND accepted_day <= ?))",
)
_PREVIEWS: Final = _by_home(
    [f"sum(previews) + {_sum('preview_due <= ?')}", "sum(previews_in_time)"], "filed_ms", " AND previews IS NOT NULL"
)
_BAD: Final = _by_home(
    ["count(*)", "sum(mended)", "sum(called)"], "due_day", f" AND day >= ? AND rule = {BAD_RATING}", "faults"
)
# Of which a day of theirs may lie on a day or behind it: cases that were written to since, or due, or to be answered.
_SINCE: Final = (
    "SELECT scope, case_id FROM cases WHERE updated_ms >= ? OR owed_day >= ? OR preview_due >= ?"
    " UNION SELECT scope, case_id FROM faults WHERE due_day >= ?"
)


def counted(connection: Connection, first: int, last: int) -> Sums:
    """What was received, accepted, returned, refused and settled in a period, and what is summed up of the settled."""
    return [each for names, words in _PLAIN.values() for each in _sums(connection, names, words, (first, last))]


def received_on(connection: Connection, days: Sequence[int]) -> Sums:
    """What was received on these days, which are no more than a year has."""
    if not days:
        return []
    return _sums(connection, ["off_received"], _DAY_OFF.replace("DAYS", ", ".join("?" * len(days))), days)


def due(connection: Connection, first: int, last: int, upto: int, longest: int) -> Sums:
    """What was due from a day to another: settled, at most ``longest`` days before these, or in hand and past it; and
    what of it was settled by ``upto``."""
    return _sums(connection, ["due", "due_settled"], _DUE, (upto, first, last, first - longest, last))


def previews(connection: Connection, first: int, last: int, overdue: int) -> Sums:
    """The pre-reviews of what came in in a period that were answered, or whose term was over on the day ``overdue``."""
    start, end = first * _DAY_MS - _CHINA_MS, (last + 1) * _DAY_MS - _CHINA_MS - 1
    return _sums(connection, ["previews", "previews_in_time"], _PREVIEWS, (overdue, start, end))


def bad(connection: Connection, first: int, last: int, longest: int) -> Sums:
    """The bad ratings whose term ended in a period and that count from at most ``longest`` days before it."""
    return _sums(connection, ["bad", "bad_mended", "bad_asked"], _BAD, (first, last, first - longest))


def since(connection: Connection, day: int) -> list[tuple[str, bytes]]:
    """The cases whose sums a change of the calendar from a day on may move."""
    values = (day * _DAY_MS - _CHINA_MS, day, day, day)
    return [(scope, bytes(case_id)) for scope, case_id in rows.ask(connection, _SINCE, values)]


def _sums(connection: Connection, names: Sequence[str], words: str, values: Sequence[Any]) -> Sums:
    return [
        (scope, {name: int(number or 0) for name, number in zip(names, numbers, strict=True)})
        for scope, *numbers in rows.ask(connection, words, values)
    ]
