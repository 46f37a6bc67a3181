"""Lists of cases: the conditions of their views and filters, their order, their pages, and how many each has."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, case, false, func, not_, or_, select, tuple_

from sync_protocol.case import workflow
from sync_protocol.case.authority import MOST_CALLS
from sync_protocol.case.catalogue import CASE_KINDS
from sync_protocol.case.documents import GIVEN_BACK, WANTING, kind_now
from sync_protocol.case.exclusions import GRADE_NUMBERS, Grade
from village_node.store import claims, fees, rows
from village_node.store.cases import FINISHED, WORST_FIRST, CaseRow, day_number
from village_node.store.locks import CaseKey
from village_node.store.tables.cases import CASES
from village_node.store.tables.desks import CLAIMS
from village_node.store.tables.streams import EVENTS, STREAMS

DECIDED: Final = (*workflow.DECIDED, "fee_due", "delivered", "archived")
# On its way to somebody: also what was delivered meanwhile, which has to arrive to be filed.
COMING: Final = ("in_transit", "delivered")
# Where the applicant is to act, or was, and the holder has to once they did: what lapsed may be opened again by papers
# that came in time.
ANSWERED: Final = ("correcting", "lapsed")
# Lists of what is to be done: the most pressing first. The others are long, and the newest first.
BY_GRADE: Final = ("mine", "new", "claimed", "unclaimed", "supplies", "back", "transit", "prereview")
_FIRST: Final = {"promises": CASES.c.promise_day, "to_mend": CASES.c.updated_ms}  # lists in the order of a column
_NEVER: Final = 1 << 30
_EARLIER: Final = CASES.alias("earlier")
OLDEST_ORDER: Final = CASES.c.orders_day
OLDEST_APPEAL: Final = CASES.c.appeal_day


class Page(NamedTuple):
    """One page of a list. ``page`` counts from 1."""

    rows: list[CaseRow]
    total: int
    page: int
    page_size: int


def page(
    connection: Connection,
    condition: ColumnElement[bool],
    number: int,
    size: int,
    pressing_on: date | None = None,
    first: ColumnElement[Any] | None = None,
) -> Page:
    """The rows that meet a condition: in the order of a column, if one is given; those most pressing on a day, if one
    is given; then the newest first."""
    number, size = max(number, 1), min(max(size, 1), 200)
    total = connection.scalar(select(func.count()).select_from(CASES).where(condition)) or 0
    query: Select[Any] = (
        select(CASES)
        .where(condition)
        .order_by(
            *([] if first is None else [first]), *_pressing(pressing_on), CASES.c.filed_ms.desc(), CASES.c.case_id
        )
        .limit(size)
        .offset((number - 1) * size)
    )
    return Page([CaseRow._make(row) for row in connection.execute(query)], total, number, size)


def _pressing(day: date | None) -> list[ColumnElement[Any]]:
    """The order by lane, by grade on a day, then by what is due first; what was put before an earlier case that is
    still open goes by that one's grade and day, and before it."""
    if day is None:
        return []
    put_before = and_(_EARLIER.c.case_no == CASES.c.ahead_of, _EARLIER.c.state.not_in(FINISHED))
    its_grade = select(func.max(_grade(day, _EARLIER))).where(put_before).scalar_subquery()
    its_day = select(func.min(_EARLIER.c.due_day)).where(put_before).scalar_subquery()
    return [
        func.coalesce(CASES.c.lane, 0).desc(),
        func.coalesce(its_grade, _grade(day, CASES)).desc(),
        func.coalesce(its_day, CASES.c.due_day, _NEVER),
        CASES.c.ahead_of.is_(None),
    ]


def _grade(day: date, table: FromClause) -> ColumnElement[int]:
    """The number of a case's grade on a day."""
    today = day_number(day)
    turned = [(table.c[f"{name}_day"] <= today, GRADE_NUMBERS[name]) for name in WORST_FIRST]
    return case(*turned, else_=GRADE_NUMBERS[""])


def graded(connection: Connection, here: str, day: date) -> dict[Grade, int]:
    """How many of the cases to be done here have each grade on a day; those without one are left out."""
    names = {number: name for name, number in GRADE_NUMBERS.items() if name}
    # Grouped outside: to PostgreSQL an expression with values in it is another one each time it is written.
    mine = select(_grade(day, CASES).label("grade")).where(view("mine", here)).subquery()
    query = select(mine.c.grade, func.count()).group_by(mine.c.grade)
    return {names[row[0]]: row[1] for row in connection.execute(query) if row[0]}


def held_by_grade(connection: Connection, day: date) -> dict[str, dict[Grade, int]]:
    """Of each place that holds unfinished cases: how many of these have each grade on a day, the empty one included."""
    names = {number: name for name, number in GRADE_NUMBERS.items()}
    # Grouped outside, like ``graded``.
    held = select(CASES.c.holder, _grade(day, CASES).label("grade"))
    held_now = held.where(CASES.c.holder.is_not(None), CASES.c.state.not_in(FINISHED)).subquery()
    query = select(held_now.c.holder, held_now.c.grade, func.count()).group_by(held_now.c.holder, held_now.c.grade)
    found: dict[str, dict[Grade, int]] = {}
    for holder, grade, number in connection.execute(query):
        found.setdefault(holder, {})[names[grade]] = number
    return found


def _answered() -> ColumnElement[bool]:
    """Where the applicant has acted, and the holder is to: took in what was asked for, or asked to withdraw. Of what
    lapsed nobody withdraws any more."""
    table = CASES.c
    return or_(
        and_(table.state.in_(ANSWERED), table.open_supplies > 0),
        and_(table.state == "correcting", table.open_withdrawals > 0),
    )


def view(name: str, here: str, not_left: Sequence[CaseKey] = (), who: str = "") -> ColumnElement[bool]:
    """The condition of a list's view at the place ``here``. KeyError for a view that does not exist.

    mine: to be done here, also where the applicant has answered · new: came to here, and nobody has received it yet ·
    claimed: ``who`` has taken it up · unclaimed: to be done here, and nobody has · back: papers are missing · to_mend:
    and nobody has brought any · supplies: something waits for the holder's answer · not_left: ours that no receipt from
    above covers · transit: on the way · promises: a commitment is to be kept · unrated: given to the applicant, who has
    not rated it and is to be called · prereview: drafts to be looked at here · reviews: a review of a refusal was asked
    for · fees: the applicant is to be told of one, or to pay it, of those whose item has one · to_file: given to the
    applicant, and the volume not filed · decided, delivering, all.
    """
    table = CASES.c
    known = table.state.is_not(None)
    asked = or_(table.open_supplies > 0, table.open_withdrawals > 0)
    coming = and_(table.state.in_(COMING), table.transit_to == here)
    held_to_do = or_(table.state.not_in((*FINISHED, "correcting")), _answered())
    to_do = or_(and_(table.holder == here, held_to_do), coming)
    # Each is made only when it is asked for: together they took longer than the counting.
    conditions: dict[str, Callable[[], ColumnElement[bool]]] = {
        "mine": lambda: to_do,
        "new": lambda: coming,
        "claimed": lambda: claims.is_claimed(who),
        "unclaimed": lambda: and_(to_do, not_(claims.is_claimed())),
        "back": lambda: table.state == "correcting",
        "to_mend": lambda: and_(table.state == "correcting", func.coalesce(table.open_supplies, 0) == 0),
        "supplies": lambda: and_(
            table.holder == here, asked, or_(table.state.not_in(FINISHED), table.state.in_(ANSWERED))
        ),
        "reviews": lambda: and_(table.state == "refused", table.open_withdrawals > 0),
        "not_left": lambda: rows.among((table.scope, table.case_id), not_left) if not_left else false(),
        "transit": lambda: table.state == "in_transit",
        # Who has no number yet and is on the way to here comes to be looked at.
        "prereview": lambda: or_(
            and_(table.state == "prereview", table.holder == here),
            and_(table.state == "in_transit", table.transit_to == here, table.case_no.is_(None)),
        ),
        "promises": lambda: and_(table.promise_day.is_not(None), table.state.not_in(FINISHED)),
        "unrated": lambda: and_(
            table.rating == 0,
            table.state.in_(workflow.GIVEN),
            func.coalesce(table.reached, 0) == 0,
            func.coalesce(table.calls, 0) < MOST_CALLS,
        ),
        "fees": lambda: and_(
            table.holder == here,
            or_(table.state == "fee_due", and_(table.state.in_(workflow.APPROVED), not_(fees.is_settled()))),
        ),
        "to_file": lambda: and_(table.holder == here, table.state == "delivered"),
        "decided": lambda: table.state.in_(DECIDED),
        "delivering": lambda: table.state == "delivering",
        "all": lambda: known,
    }
    return and_(known, conditions[name]())


def orders_view(name: str, here: str) -> ColumnElement[bool]:
    """The condition of a list of open orders to put right: those ``here`` is to answer, those of ``all`` places, those
    whose applicant is to be asked again (``call``); those of a rating that is appealed against, for ``here`` to answer
    (``appeals``). KeyError for a view that does not exist."""
    table = CASES.c
    if name == "appeals":
        return and_(table.appeal_day.is_not(None), table.appeals_by.contains(f" {here} ", autoescape=True))
    conditions: dict[str, ColumnElement[bool]] = {
        "here": table.orders_at.contains(f" {here} ", autoescape=True),
        "all": table.orders_at.is_not(None),
        "call": table.orders_call > 0,
    }
    return and_(table.orders_day.is_not(None), conditions[name])


def odd_view(name: str, here: str, under: Collection[str], our_nodes: Sequence[bytes]) -> ColumnElement[bool]:
    """The condition of a list of cases in which something does not count. KeyError for a view that does not exist.

    held: somebody here has to look at it, or may: it is on its way to here or to a place ``under`` us, or nobody holds
    it · ours: what we wrote does not count · all.
    """
    table = CASES.c
    unfinished = or_(table.n_open > 0, table.n_waiting > 0, table.n_needs_update > 0)
    ours = (
        select(STREAMS.c.scope, EVENTS.c.case_id)
        .join(STREAMS, STREAMS.c.id == EVENTS.c.stream)
        .where(STREAMS.c.incarnation.in_(our_nodes), EVENTS.c.verdict > 1)
    )
    conditions: dict[str, Callable[[], ColumnElement[bool]]] = {
        "held": lambda: and_(or_(table.holder == here, table.transit_to.in_(under), table.state.is_(None)), unfinished),
        "ours": lambda: tuple_(table.scope, table.case_id).in_(ours),
        "all": lambda: or_(unfinished, table.n_void > 0, table.n_contested > 0),
    }
    return conditions[name]()


def count(connection: Connection, condition: ColumnElement[bool]) -> int:
    """How many cases meet a condition."""
    return connection.scalar(select(func.count()).select_from(CASES).where(condition)) or 0


def matching(
    text: str = "",
    item_no: str = "",
    state: str = "",
    place: str = "",
    kind: str = "",
    items: Sequence[tuple[str, int]] | None = None,
    *,
    whole_name: bool = False,
) -> ColumnElement[bool]:
    """The condition of a list's filters: the beginning of a receipt number, an item number, or part of a name; the
    whole of it where ``whole_name``, for who never sees one and would find it sign by sign. ``items``: one of these
    item versions, where it is not None."""
    table = CASES.c
    condition: ColumnElement[bool] = table.state.is_not(None)
    if text:
        name = table.applicant_name
        named = name == text if whole_name else name.contains(text, autoescape=True)
        numbered = or_(table.case_no.startswith(text.upper(), autoescape=True), table.item_no == text)
        condition = and_(condition, or_(numbered, named))
    if item_no:
        condition = and_(condition, table.item_no == item_no)
    if state:
        condition = and_(condition, table.state == state)
    if items is not None:
        condition = and_(condition, rows.among((table.item_no, table.item_version), items) if items else false())
    if place:
        condition = and_(condition, table.scope == f"about:{place}")
    return and_(condition, _of_kind(kind)) if kind else condition


_OTHERWISE: Final = {WANTING: ("correcting",), GIVEN_BACK: ("refused", "lapsed")}


def _of_kind(kind: str) -> ColumnElement[bool]:
    """The cases that are of one of the six kinds now."""
    table = CASES.c
    if kind in _OTHERWISE:
        return and_(table.kind.is_not(None), table.state.in_(_OTHERWISE[kind]))
    others = [state for states in _OTHERWISE.values() for state in states]
    return and_(table.kind == CASE_KINDS.index(kind), table.state.not_in(others))


def by_kind(connection: Connection) -> dict[str, int]:
    """How many cases are of each of the six kinds now. Read from an index alone."""
    words = "SELECT kind, state, count(*) FROM cases WHERE kind IS NOT NULL AND state IS NOT NULL GROUP BY kind, state"
    found: dict[str, int] = {}
    for kind, state, number in rows.ask(connection, words):
        name = kind_now(CASE_KINDS[kind], state)
        found[name] = found.get(name, 0) + number
    return found


def listed(
    connection: Connection,
    name: str,
    here: str,
    not_left: Sequence[CaseKey],
    filters: Mapping[str, Any],
    at: int,
    size: int,
    today: date,
    who: str = "",
) -> Page:
    """Page ``at`` of a view of somebody's, filtered; ``today`` says how pressing each case is."""
    condition = and_(view(name, here, not_left, who), matching(**filters))
    return page(connection, condition, at, size, today if name in BY_GRADE else None, _FIRST.get(name))


def after(
    connection: Connection, condition: ColumnElement[bool], last: tuple[int, bytes, str] | None, size: int
) -> list[CaseRow]:
    """The rows that meet a condition, the newest first, after the one that was ``last`` (when filed, case, scope).

    What is filed meanwhile stands before all of them: nobody who reads on misses a row or meets one twice.
    """
    filed = func.coalesce(CASES.c.filed_ms, 0)
    query = select(CASES).where(condition).order_by(filed.desc(), CASES.c.case_id, CASES.c.scope).limit(size)
    if last is not None:
        at_ms, case_id, scope = last
        later = or_(CASES.c.case_id > case_id, and_(CASES.c.case_id == case_id, CASES.c.scope > scope))
        query = query.where(or_(filed < at_ms, and_(filed == at_ms, later)))
    return [CaseRow._make(row) for row in connection.execute(query)]


def totals(connection: Connection, here: str) -> dict[str, int]:
    """How many cases each view has, but for ``not_left``, which is counted from receipts; and how many that others hold
    are delivered and not filed. Read from indexes alone."""
    words = "SELECT state, count(*) FROM cases WHERE state IS NOT NULL GROUP BY state"
    by_state: dict[str, int] = dict(rows.ask(connection, words))
    words = "SELECT state, count(*) FROM cases WHERE holder = ? AND state IS NOT NULL GROUP BY state"
    held: dict[str, int] = dict(rows.ask(connection, words, (here,)))
    words = "SELECT count(*) FROM cases WHERE transit_to = ? AND transit_to IS NOT NULL AND state IN (?, ?)"
    coming = rows.ask(connection, words, (here, *COMING))[0][0]
    answered = count(connection, and_(CASES.c.holder == here, _answered()))
    held_open = sum(number for state, number in held.items() if state not in (*FINISHED, "correcting"))
    return {
        "mine": held_open + coming + answered,
        "new": coming,
        "back": by_state.get("correcting", 0),
        "supplies": connection.scalar(select(func.count()).select_from(CASES).where(view("supplies", here))) or 0,
        "reviews": connection.scalar(select(func.count()).select_from(CASES).where(view("reviews", here))) or 0,
        "transit": by_state.get("in_transit", 0),
        "prereview": count(connection, view("prereview", here)),
        "promises": count(connection, view("promises", here)),
        "unrated": count(connection, view("unrated", here)),
        "decided": sum(by_state.get(state, 0) for state in DECIDED),
        "delivering": by_state.get("delivering", 0),
        "to_file_elsewhere": by_state.get("delivered", 0) - held.get("delivered", 0),
        "all": sum(by_state.values()),
    }


def claimed_to_do(connection: Connection, here: str) -> int:
    """How many of the cases to be done here somebody has taken up."""
    there = and_(CLAIMS.c.scope == CASES.c.scope, CLAIMS.c.case_id == CASES.c.case_id)
    query = select(func.count()).select_from(CLAIMS.join(CASES, there)).where(view("mine", here))
    return connection.scalar(query) or 0
