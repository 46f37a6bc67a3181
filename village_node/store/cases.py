"""Case rows: what lists, searches and counts are drawn from. They are written by the fold alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, Final, NamedTuple, overload

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, case, false, func, not_, or_, select, tuple_

from sync_protocol.case import workflow
from sync_protocol.case.authority import MOST_CALLS
from sync_protocol.case.catalogue import CASE_KINDS
from sync_protocol.case.documents import GIVEN_BACK, WANTING, kind_now
from sync_protocol.case.exclusions import GRADE_NUMBERS, Grade
from sync_protocol.case.numbers import place_prefix
from sync_protocol.case.workdays import FIRST_DAY
from village_node.store import claims, fees, rows
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.tables.cases import CASE_WAITS, CASES
from village_node.store.tables.desks import CLAIMS
from village_node.store.tables.streams import EVENTS, STREAMS

# The numbers in `events.verdict`; 0 stands for an event that is about no case.
VERDICTS: Final = ("", "effective", "waiting", "needs_update", "void", "contested")
VERDICT_NUMBERS: Final = {code: number for number, code in enumerate(VERDICTS)}

DECIDED: Final = (*workflow.DECIDED, "fee_due", "delivered", "archived")
FINISHED: Final = workflow.CLOSED
# On its way to somebody: also what was delivered meanwhile, which has to arrive to be filed.
COMING: Final = ("in_transit", "delivered")
# Lists of what is to be done: the most pressing first. The others are long, and the newest first.
BY_GRADE: Final = ("mine", "new", "claimed", "unclaimed", "supplies", "back", "transit", "prereview")
_WORST_FIRST: Final[tuple[Grade, ...]] = ("red_plus", "red", "yellow", "notice")
_NEVER: Final = 1 << 30
_EARLIER: Final = CASES.alias("earlier")
LANES: Final = {"green": 1, "urgent": 2}
RATINGS: Final = {"very_poor": 1, "poor": 2, "fair": 3, "good": 4, "very_good": 5}
# As what a case is over: 办结, ended after acceptance, withdrawn after acceptance, ended before it.
DONE_AS: Final = {"settled": 1, "ended": 2, "withdrawn": 3, "turned_away": 4}
OLDEST_ORDER: Final = CASES.c.orders_day
OLDEST_APPEAL: Final = CASES.c.appeal_day
_EPOCH: Final = FIRST_DAY.toordinal()


class CaseRow(NamedTuple):
    """One row of ``cases``, in the order of its columns; None where the fold knows nothing yet."""

    scope: str
    case_id: bytes
    case_no: str | None
    query_code: str | None
    item_no: str | None
    item_version: int | None
    state: str | None
    holder: str | None
    transit_to: str | None
    applicant_name: str | None
    filed_ms: int | None
    decided_ms: int | None
    delivered_ms: int | None
    updated_ms: int | None
    last_incarnation: bytes | None
    last_seq: int | None
    last_mark: bytes | None
    n_events: int | None
    n_waiting: int | None
    n_void: int | None
    n_contested: int | None
    n_needs_update: int | None
    open_supplies: int | None
    open_withdrawals: int | None
    n_open: int | None
    # Days since 1970; None: never, as things stand.
    due_day: int | None = None
    notice_day: int | None = None
    yellow_day: int | None = None
    red_day: int | None = None
    red_plus_day: int | None = None
    # By when what the applicant committed to is to be kept; None: nothing is open.
    promise_day: int | None = None
    # How it stands among others that wait: 0 as usual, 1 green, 2 urgent; and the case it was put before.
    lane: int | None = None
    ahead_of: str | None = None
    # The grade given for the result, from 1 (worst) to 5, 0 while nobody has rated it; None in rows of before.
    rating: int | None = None
    # Of orders to put right that a bad rating opened: since when the oldest waits for anybody, the places that are to
    # answer (each between blanks), and how many answers the applicant has not rated.
    orders_day: int | None = None
    orders_at: str | None = None
    orders_call: int | None = None
    # The departments whose signature it waits for, one a line; and by when the first open action of a meeting is due.
    unsigned: str | None = None
    action_day: int | None = None
    # Of a case that was settled and not ended: its day since 1970, the days used of the limit, and as what it counts.
    settled_day: int | None = None
    settled_used: int | None = None
    settled_limit: int | None = None
    settled_kind: int | None = None
    settled_extension: int | None = None
    # Calls made to ask how it was, and whether one reached the applicant; since when the oldest appeal against a rating
    # waits, and the places that are to answer one (each between blanks).
    calls: int | None = None
    reached: int | None = None
    appeal_day: int | None = None
    appeals_by: str | None = None
    # From when it is listed for supervision: papers asked for again, or much of its time not counted.
    watched_day: int | None = None
    # What it does with what an earlier case decided (change, renew, revoke), and the receipt number of that one.
    acts_on: str | None = None
    earlier_no: str | None = None
    # The kind it was accepted as, or is to be, by its number; None of what has no receipt number yet.
    kind: int | None = None
    # What was decided: approve or refuse.
    outcome: str | None = None
    # What statistics count by, days since 1970: taken in, accepted, and over: as what is a number of DONE_AS; how often
    # papers were asked for before acceptance; who had the case when its cards began.
    received_day: int | None = None
    accepted_day: int | None = None
    done_day: int | None = None
    done_as: int | None = None
    corrections: int | None = None
    yellow_at: str | None = None
    red_at: str | None = None
    # Where it was decided, and as what by whoever did (deciding.DELEGATE and the others); None in rows of before.
    decided_at: str | None = None
    decided_by: int | None = None

    def grade_on(self, day: date) -> Grade:
        """The grade of the case on a day."""
        today = day_number(day)
        begun = (self.red_plus_day, self.red_day, self.yellow_day, self.notice_day)
        for name, begins in zip(_WORST_FIRST, begun, strict=True):
            if begins is not None and begins <= today:
                return name
        return ""


class Page(NamedTuple):
    """One page of a list. ``page`` counts from 1."""

    rows: list[CaseRow]
    total: int
    page: int
    page_size: int


@overload
def day_number(day: date) -> int: ...
@overload
def day_number(day: None) -> None: ...
def day_number(day: date | None) -> int | None:
    """Days since 1970, which both databases sort alike."""
    return None if day is None else day.toordinal() - _EPOCH


def put(connection: Connection, folded: Sequence[CaseRow]) -> None:
    """Write or overwrite the rows of cases just folded, in lock order."""
    rows.renew(connection, CASES, sorted(folded, key=itemgetter(0, 1)))


def get(connection: Connection, key: CaseKey) -> CaseRow | None:
    """One case's row."""
    row = connection.execute(select(CASES).where(CASES.c.scope == key[0], CASES.c.case_id == key[1])).first()
    return CaseRow._make(row) if row else None


def forget(connection: Connection, key: CaseKey) -> None:
    """Drop the row of a case of which no event is left."""
    rows.do(connection, "DELETE FROM cases WHERE scope = ? AND case_id = ?", key)


def by_number(connection: Connection, case_no: str) -> CaseRow | None:
    """The case with this receipt number, filed at the place that the number names, or below it where that place
    received a draft it had looked at: what another place wrote under it is not found by it. A number is a label: of two
    alike the one filed there is meant, else the older."""
    place = case_no.rsplit("-", 4)[0].upper()
    there = func.upper(CASES.c.scope)
    under = there.like(f"ABOUT:{place_prefix(place)}%")
    order = ((there != f"ABOUT:{place}"), CASES.c.filed_ms, CASES.c.case_id)
    query = select(CASES).where(and_(CASES.c.case_no == case_no, under)).order_by(*order).limit(1)
    row = connection.execute(query).first()
    return CaseRow._make(row) if row else None


def acting_on(connection: Connection, case_no: str) -> list[CaseRow]:
    """All cases that act upon what the case with this receipt number decided, the first one filed first."""
    query = select(CASES).where(CASES.c.earlier_no == case_no, CASES.c.case_no.is_not(None))
    query = query.order_by(CASES.c.filed_ms, CASES.c.case_id)
    return [CaseRow._make(row) for row in connection.execute(query)]


def by_query_code(connection: Connection, code: str) -> CaseRow | None:
    """The case with this full query code; None as well where cases of more than one number bear it: whoever has once
    seen a code could file under it, and the code alone does not tell which is meant."""
    numbers = numbers_with_code(connection, code)
    row = by_number(connection, numbers[0]) if len(numbers) == 1 else None
    return row if row is not None and row.query_code == code else None


def numbers_with_code(connection: Connection, code: str) -> list[str]:
    """The receipt numbers of the cases that bear this full query code: two where there are more than one."""
    query = select(CASES.c.case_no).where(CASES.c.query_code == code, CASES.c.case_no.is_not(None))
    return list(connection.execute(query.distinct().order_by(CASES.c.case_no).limit(2)).scalars())


def unsettled(connection: Connection) -> list[CaseKey]:
    """Cases with an event that waits, needs an update or is void: what a grown roster, another catalogue or another
    program may change."""
    open_ended = or_(CASES.c.n_waiting > 0, CASES.c.n_void > 0, CASES.c.n_needs_update > 0)
    query = select(CASES.c.scope, CASES.c.case_id).where(open_ended)
    return [(row[0], row[1]) for row in connection.execute(query)]


def waiting_for(connection: Connection, grown: Mapping[StreamKey, int]) -> list[CaseKey]:
    """Cases that wait for a position of these streams, which now reach up to the seq given."""
    words = (
        "SELECT incarnation, dep_scope, seq, scope, case_id FROM case_waits WHERE (incarnation, dep_scope) IN (KEYS)"
    )
    return sorted(
        {
            (scope, case_id)
            for incarnation, dep_scope, seq, scope, case_id in rows.ask_among(connection, words, grown)
            if seq <= grown[incarnation, dep_scope]
        }
    )


def set_waits(
    connection: Connection, folded: Iterable[CaseKey], waits: Iterable[tuple[bytes, str, int, str, bytes]]
) -> None:
    """Replace what the folded cases wait for by (incarnation, scope, seq, case scope, case id)."""
    for scope, case_id in sorted(folded):
        rows.do(connection, "DELETE FROM case_waits WHERE scope = ? AND case_id = ?", (scope, case_id))
    rows.put(connection, CASE_WAITS, sorted(set(waits)), keep=True)


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
    turned = [(table.c[f"{name}_day"] <= today, GRADE_NUMBERS[name]) for name in _WORST_FIRST]
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


def unfinished(connection: Connection) -> list[CaseKey]:
    """Every case that may still change its grade."""
    query = select(CASES.c.scope, CASES.c.case_id).where(CASES.c.state.not_in(FINISHED))
    return [(row[0], row[1]) for row in connection.execute(query)]


def with_kind(connection: Connection, scope: str, kind: int) -> list[CaseKey]:
    """The unfinished cases of a scope in which there is an event of a kind, counting or not; the oldest first."""
    words = (
        "SELECT DISTINCT cases.filed_ms, cases.scope, cases.case_id FROM cases"  # noqa: S608
        " JOIN events ON events.case_id = cases.case_id"
        " JOIN streams ON streams.id = events.stream AND streams.scope = cases.scope"
        f" WHERE cases.scope = ? AND cases.state NOT IN ({', '.join('?' * len(FINISHED))}) AND events.kind = ?"
        " ORDER BY cases.filed_ms, cases.case_id"
    )
    return [(row[1], row[2]) for row in rows.ask(connection, words, (scope, *FINISHED, kind))]


def naming(connection: Connection, items: Iterable[tuple[str, int]]) -> list[CaseKey]:
    """Every case of these item versions."""
    words = "SELECT scope, case_id FROM cases WHERE (item_no, item_version) IN (KEYS)"
    return [(row[0], row[1]) for row in rows.ask_among(connection, words, items)]


def view(name: str, here: str, not_left: Sequence[CaseKey] = (), who: str = "") -> ColumnElement[bool]:
    """The condition of a list's view at the place ``here``. KeyError for a view that does not exist.

    mine: to be done here · new: came to here, and nobody has received it yet · claimed: ``who`` has taken it up ·
    unclaimed: to be done here, and nobody has · back: papers are missing · supplies: something waits for the holder's
    answer · not_left: ours that no receipt from above covers · transit: on the way · promises: a commitment is to be
    kept · unrated: given to the applicant, who has not rated it and is to be called · prereview: drafts to be looked
    at here · reviews: a review of a refusal was asked for · fees: the applicant is to be told of one, or to pay it, of
    those whose item has one · to_file: given to the applicant, and the volume not filed · decided, delivering, all.
    """
    table = CASES.c
    known = table.state.is_not(None)
    asked = or_(table.open_supplies > 0, table.open_withdrawals > 0)
    coming = and_(table.state.in_(COMING), table.transit_to == here)
    to_do = or_(and_(table.holder == here, table.state.not_in((*FINISHED, "correcting"))), coming)
    conditions: dict[str, ColumnElement[bool]] = {
        "mine": to_do,
        "new": coming,
        "claimed": claims.is_claimed(who),
        "unclaimed": and_(to_do, not_(claims.is_claimed())),
        "back": table.state == "correcting",
        # What lapsed may be opened again by papers that came in time.
        "supplies": and_(table.holder == here, asked, or_(table.state.not_in(FINISHED), table.state == "lapsed")),
        "reviews": and_(table.state == "refused", table.open_withdrawals > 0),
        "not_left": rows.among((table.scope, table.case_id), not_left) if not_left else false(),
        "transit": table.state == "in_transit",
        # Who has no number yet and is on the way to here comes to be looked at.
        "prereview": or_(
            and_(table.state == "prereview", table.holder == here),
            and_(table.state == "in_transit", table.transit_to == here, table.case_no.is_(None)),
        ),
        "promises": and_(table.promise_day.is_not(None), table.state.not_in(FINISHED)),
        "unrated": and_(
            table.rating == 0,
            table.state.in_(workflow.GIVEN),
            func.coalesce(table.reached, 0) == 0,
            func.coalesce(table.calls, 0) < MOST_CALLS,
        ),
        "fees": and_(
            table.holder == here,
            or_(table.state == "fee_due", and_(table.state.in_(workflow.APPROVED), not_(fees.is_settled()))),
        ),
        "to_file": and_(table.holder == here, table.state == "delivered"),
        "decided": table.state.in_(DECIDED),
        "delivering": table.state == "delivering",
        "all": known,
    }
    return and_(known, conditions[name])


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
    conditions: dict[str, ColumnElement[bool]] = {
        "held": and_(or_(table.holder == here, table.transit_to.in_(under), table.state.is_(None)), unfinished),
        "ours": tuple_(table.scope, table.case_id).in_(ours),
        "all": or_(unfinished, table.n_void > 0, table.n_contested > 0),
    }
    return conditions[name]


def held_at(connection: Connection, place: str) -> list[CaseKey]:
    """The unfinished cases that a place holds, or that are on their way to it."""
    table = CASES.c
    there = or_(table.holder == place, table.transit_to == place)
    found = select(table.scope, table.case_id).where(there, table.state.not_in(FINISHED))
    return [(scope, case_id) for scope, case_id in connection.execute(found.order_by(table.scope, table.case_id))]


def count(connection: Connection, condition: ColumnElement[bool]) -> int:
    """How many cases meet a condition."""
    return connection.scalar(select(func.count()).select_from(CASES).where(condition)) or 0


def oddity_sums(connection: Connection) -> dict[str, int]:
    """Of all void and contested events: how many are open, adopted, dismissed."""
    words = "SELECT sum(n_open), sum(n_void + n_contested) FROM cases WHERE n_void > 0 OR n_contested > 0"
    unanswered, odd = (int(number or 0) for number in rows.ask(connection, words)[0])
    words = "SELECT count(*) FROM events WHERE verdict > 1 AND verdict = ? AND verdict_note = 'adopted'"
    adopted = int(rows.ask(connection, words, (VERDICT_NUMBERS["contested"],))[0][0])
    return {"open": unanswered, "adopted": adopted, "dismissed": odd - unanswered - adopted}


def matching(
    text: str = "",
    item_no: str = "",
    state: str = "",
    place: str = "",
    kind: str = "",
    items: Sequence[tuple[str, int]] | None = None,
) -> ColumnElement[bool]:
    """The condition of a list's filters: the beginning of a receipt number or item number, or part of a name.
    ``items``: one of these item versions, where it is not None."""
    table = CASES.c
    condition: ColumnElement[bool] = table.state.is_not(None)
    if text:
        condition = and_(
            condition,
            or_(
                table.case_no.startswith(text.upper(), autoescape=True),
                table.applicant_name.contains(text, autoescape=True),
                table.item_no == text,
            ),
        )
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
    first = CASES.c.promise_day if name == "promises" else None
    return page(connection, condition, at, size, today if name in BY_GRADE else None, first)


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
    """How many cases each view has, but for ``not_left``, which is counted from receipts. Read from indexes alone."""
    words = "SELECT state, count(*) FROM cases WHERE state IS NOT NULL GROUP BY state"
    by_state: dict[str, int] = dict(rows.ask(connection, words))
    words = "SELECT state, count(*) FROM cases WHERE holder = ? AND state IS NOT NULL GROUP BY state"
    held: dict[str, int] = dict(rows.ask(connection, words, (here,)))
    words = "SELECT count(*) FROM cases WHERE transit_to = ? AND transit_to IS NOT NULL AND state IN (?, ?)"
    coming = rows.ask(connection, words, (here, *COMING))[0][0]
    return {
        "mine": sum(number for state, number in held.items() if state not in (*FINISHED, "correcting")) + coming,
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
        "all": sum(by_state.values()),
    }


def claimed_to_do(connection: Connection, here: str) -> int:
    """How many of the cases to be done here somebody has taken up."""
    there = and_(CLAIMS.c.scope == CASES.c.scope, CLAIMS.c.case_id == CASES.c.case_id)
    query = select(func.count()).select_from(CLAIMS.join(CASES, there)).where(view("mine", here))
    return connection.scalar(query) or 0


def waiting_for_signatures(connection: Connection, most: int) -> list[CaseRow]:
    """The cases that wait for a department's signature, the oldest first."""
    waits = and_(CASES.c.unsigned.is_not(None), CASES.c.state.not_in(FINISHED))
    query = select(CASES).where(waits).order_by(CASES.c.filed_ms, CASES.c.case_id).limit(most)
    return [CaseRow._make(row) for row in connection.execute(query)]


def with_open_actions(connection: Connection, most: int) -> list[CaseRow]:
    """The cases in which a meeting gave somebody something to do that is still open, the first due first."""
    query = select(CASES).where(CASES.c.action_day.is_not(None)).order_by(CASES.c.action_day).limit(most)
    return [CaseRow._make(row) for row in connection.execute(query)]


def together(connection: Connection) -> tuple[int, int]:
    """How many cases wait for a signature, and how many have an action open."""
    words = "SELECT count(*) FROM cases WHERE unsigned IS NOT NULL"
    signatures = int(rows.ask(connection, words)[0][0])
    return signatures, int(rows.ask(connection, "SELECT count(*) FROM cases WHERE action_day IS NOT NULL")[0][0])


def by_scope(connection: Connection) -> dict[str, int]:
    """Scope -> how many of its cases are known."""
    words = "SELECT scope, count(*) FROM cases WHERE state IS NOT NULL GROUP BY scope"
    return dict(rows.ask(connection, words))
