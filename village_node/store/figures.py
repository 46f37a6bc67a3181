"""Sums over the rows of cases for the days of a period, by home and item: what tallies are added up from.

Each is one statement that reads an index on a day and the rows of that period, however long a county has kept its
books. Days are counted since 1970 and both ends of a period count.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from sync_protocol.case.catalogue import CASE_KINDS
from sync_protocol.places import about
from village_node.store import rows
from village_node.store.cases import DONE_AS
from village_node.store.faults import BAD_RATING, LATE_ANSWER
from village_node.store.locks import CaseKey

_AT_ONCE, _PROMISED, _JOINT, _UPWARD = (
    f"coalesce(settled_kind, kind) = {CASE_KINDS.index(kind)}" for kind in ("即办件", "承诺件", "联办件", "上报件")
)
_DENIED: Final = "outcome = 'refuse'"
_SETTLED: Final = DONE_AS["settled"]


def _sum(condition: str) -> str:
    return f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)"


_IN: Final = (
    "SELECT scope, item_no, count(*), {sums} FROM cases WHERE {day} >= ? AND {day} <= ? GROUP BY scope, item_no"
)
_RECEIVED: Final = _IN.format(day="received_day", sums=f"{_sum('corrections > 0')}, {_sum('corrections > 1')}")
_ACCEPTED: Final = _IN.format(day="accepted_day", sums="0")
_CAME: Final = "SELECT scope, count(*) FROM cases WHERE {day} >= ? AND {day} <= ?{more} GROUP BY scope"
_CAMES: Final = (
    _CAME.format(day="received_day", more=""),
    _CAME.format(day="accepted_day", more=""),
    _CAME.format(day="done_day", more=f" AND done_as = {_SETTLED}"),
)
_OPEN: Final = "SELECT scope, item_no, count(*) FROM cases WHERE {done} AND accepted_day <= ? GROUP BY scope, item_no"
_STILL: Final = _OPEN.format(done="done_day IS NULL")
# Without an end of the days the planner would walk the whole table.
_SINCE: Final = _OPEN.format(done="done_day > ? AND done_day <= 1000000")
_TIMED: Final = f"{_PROMISED} AND settled_day IS NOT NULL"
# The columns behind count(*) are those of DONE_FIELDS.
_DONE: Final = (
    f"SELECT scope, item_no, done_as, count(*), {_sum(_AT_ONCE)}, {_sum(_TIMED)},"  # noqa: S608 - names of our own
    f" {_sum(f'{_TIMED} AND settled_used < settled_limit')}, {_sum(f'{_TIMED} AND settled_used = settled_limit')},"
    f" {_sum(f'{_TIMED} AND settled_used > settled_limit')}, sum(CASE WHEN {_TIMED} THEN settled_used ELSE 0 END),"
    f" sum(CASE WHEN {_TIMED} THEN settled_limit - settled_used ELSE 0 END), {_sum(_JOINT)}, {_sum(_UPWARD)},"
    f" {_sum(_DENIED)}, {_sum('rating > 0')}, {_sum('rating > 2')}"
    " FROM cases WHERE done_day >= ? AND done_day <= ? GROUP BY scope, item_no, done_as"
)
DONE_FIELDS: Final = (
    "at_once", "promised", "early", "on_time", "late", "used", "left", "joint", "upward", "denied", "rated",
    "satisfied",
)  # fmt: skip
_TURNED: Final = (
    "SELECT scope, {card}_at, item_no, count(*) FROM cases"
    " WHERE {card}_day IS NOT NULL AND {card}_day >= ? AND {card}_day <= ? GROUP BY scope, {card}_at, item_no"
)
_JOINED: Final = "faults JOIN cases ON cases.scope = faults.scope AND cases.case_id = faults.case_id"
_FAULTS: Final = (
    f"SELECT faults.scope, faults.place, item_no, faults.rule, count(*) FROM {_JOINED}"  # noqa: S608
    " WHERE faults.day >= ? AND faults.day <= ? GROUP BY faults.scope, faults.place, item_no, faults.rule"
)
_CARDS: Final = {"red": 0, "yellow": 3}  # the rule that each card is judged by
_LINE: Final = (
    "SELECT {rule}, {day}, {place}, cases.scope, cases.case_id, case_no, item_no FROM {table} WHERE {day} IS NOT NULL"
    " AND {day} >= ? AND {day} <= ? AND {place} IN (PLACES) AND cases.scope IN (HOMES){more}"
    " ORDER BY {day}, cases.scope, cases.case_id LIMIT ?"
)
_RATINGS: Final = (
    "SELECT faults.rule, faults.day, faults.place, cases.scope, cases.case_id, case_no, item_no"  # noqa: S608
    f" FROM {_JOINED} WHERE faults.rule = {BAD_RATING} AND (faults.scope, faults.case_id) IN (KEYS)"
)
_LINES: Final = {
    **{
        rule: _LINE.format(rule=rule, day=f"{card}_day", place=f"{card}_at", table="cases", more="")
        for card, rule in _CARDS.items()
    },
    **{
        rule: _LINE.format(
            rule=rule, day="faults.day", place="faults.place", table=_JOINED, more=f" AND faults.rule = {rule}"
        )
        for rule in (BAD_RATING, LATE_ANSWER)
    },
}


class Counted(NamedTuple):
    """One sum: at which place (its scope), of which item, which fields of a tally grow by how much."""

    scope: str
    item_no: str
    grown: dict[str, int]


class Fault(NamedTuple):
    """How often a rule (an index of RULES) applies to a place in cases of one home and item."""

    scope: str
    place: str
    item_no: str
    rule: int
    times: int


class Line(NamedTuple):
    """One deduction: rule, day, place at fault, and the case it comes from."""

    rule: int
    day: int
    place: str
    key: CaseKey
    case_no: str
    item_no: str

    @property
    def counted_at(self) -> tuple[str, str, str, int]:
        """Under which fault it is counted: home, place, item and rule."""
        return self.key[0], self.place, self.item_no, self.rule


def counted(connection: Connection, first: int, last: int) -> list[Counted]:
    """What came in, was accepted, is over and was in hand at both ends of a period."""
    found = []
    for scope, item, number, once, again in rows.ask(connection, _RECEIVED, (first, last)):
        grown = {"received": int(number), "corrected": int(once or 0), "corrected_again": int(again or 0)}
        found.append(Counted(scope, item or "", grown))
    for scope, item, number, _ in rows.ask(connection, _ACCEPTED, (first, last)):
        found.append(Counted(scope, item or "", {"accepted": int(number)}))
    for field, day in (("carried", first - 1), ("in_hand", last)):
        for words, values in ((_STILL, (day,)), (_SINCE, (day, day))):
            for scope, item, number in rows.ask(connection, words, values):
                found.append(Counted(scope, item or "", {field: int(number)}))
    names = {number: name for name, number in DONE_AS.items()}
    for scope, item, done_as, number, *sums in rows.ask(connection, _DONE, (first, last)):
        grown = {names[done_as]: int(number)}
        if done_as == _SETTLED:
            grown |= {name: int(each or 0) for name, each in zip(DONE_FIELDS, sums, strict=True)}
        found.append(Counted(scope, item or "", grown))
    return found


def came(connection: Connection, first: int, last: int, scopes: Collection[str]) -> tuple[int, int, int]:
    """How many cases of these scopes were received, accepted and settled in a period."""
    received, accepted, settled = (
        sum(int(number) for scope, number in rows.ask(connection, words, (first, last)) if scope in scopes)
        for words in _CAMES
    )
    return received, accepted, settled


def faults(connection: Connection, first: int, last: int) -> list[Fault]:
    """What counts against which place in a period: cards that began, and the rest."""
    found = []
    for card, rule in _CARDS.items():
        for scope, place, item, number in rows.ask(connection, _TURNED.format(card=card), (first, last)):
            found.append(Fault(scope, place, item or "", rule, int(number)))
    for scope, place, item, rule, number in rows.ask(connection, _FAULTS, (first, last)):
        found.append(Fault(scope, place, item or "", int(rule), int(number)))
    return found


def lines(
    connection: Connection, first: int, last: int, places: Collection[str], homes: Collection[str], most: int,
    worth: Collection[int],
) -> list[Line]:  # fmt: skip
    """The deductions of these places in cases at home in ``homes``, the earliest of a period first; at most so many of
    each rule. ``worth``: the rules that take something off; what is worth nothing takes nobody's room."""
    if not places or not homes:
        return []
    values = (first, last, *places, *map(about, homes), most)
    found = [
        _line(row)
        for words in (words for rule, words in _LINES.items() if rule in worth)
        for row in rows.ask(connection, _among(words, len(places), len(homes)), values)
    ]
    return sorted(found, key=order_of)


def order_of(line: Line) -> tuple[int, int, CaseKey]:
    """By which deductions are listed."""
    return line.day, line.rule, line.key


def ratings_of(connection: Connection, keys: Collection[CaseKey]) -> list[Line]:
    """What counts in these cases as a bad rating, of whatever day."""
    return sorted(map(_line, rows.ask_among(connection, _RATINGS, keys)), key=order_of)


def _among(words: str, places: int, homes: int) -> str:
    return words.replace("PLACES", ", ".join("?" * places)).replace("HOMES", ", ".join("?" * homes))


def _line(row: Sequence[Any]) -> Line:
    rule, day, at, scope, case_id, case_no, item = row
    return Line(int(rule), int(day), at, (scope, bytes(case_id)), case_no or "", item or "")
