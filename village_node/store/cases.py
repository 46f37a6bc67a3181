"""Rows of cases: what lists, searches and counts are drawn from, one a case. They are written by the fold alone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from operator import itemgetter
from typing import Final, NamedTuple, overload

from sqlalchemy import Connection, and_, func, or_, select

from sync_protocol.case import workflow
from sync_protocol.case.exclusions import Grade
from sync_protocol.case.numbers import place_prefix
from sync_protocol.case.workdays import FIRST_DAY
from village_node.store import rows
from village_node.store.locks import CaseKey, StreamKey
from village_node.store.tables.cases import CASE_WAITS, CASES

# The numbers in `events.verdict`; 0 stands for an event that is about no case.
VERDICTS: Final = ("", "effective", "waiting", "needs_update", "void", "contested")
VERDICT_NUMBERS: Final = {code: number for number, code in enumerate(VERDICTS)}

FINISHED: Final = workflow.CLOSED
WORST_FIRST: Final[tuple[Grade, ...]] = ("red_plus", "red", "yellow", "notice")
LANES: Final = {"green": 1, "urgent": 2}
RATINGS: Final = {"very_poor": 1, "poor": 2, "fair": 3, "good": 4, "very_good": 5}
# As what a case is over: 办结, ended after acceptance, withdrawn after acceptance, ended before it.
DONE_AS: Final = {"settled": 1, "ended": 2, "withdrawn": 3, "turned_away": 4}
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
    # What rates are added up from: the day on which it was due, settled or in hand and past it; 1 where it was settled
    # beyond the statute, 0 within; 1 where it was returned to the applicant after acceptance; of a settled one the
    # transfers, their working days, and the visits to a counter, None where the words that say so are gone.
    owed_day: int | None = None
    statute: int | None = None
    returned: int | None = None
    transfers: int | None = None
    transfer_days: int | None = None
    visits: int | None = None
    # Pre-reviews answered, how many of them in time, and the last day to answer the one that waits.
    previews: int | None = None
    previews_in_time: int | None = None
    preview_due: int | None = None

    def grade_on(self, day: date) -> Grade:
        """The grade of the case on a day."""
        today = day_number(day)
        begun = (self.red_plus_day, self.red_day, self.yellow_day, self.notice_day)
        for name, begins in zip(WORST_FIRST, begun, strict=True):
            if begins is not None and begins <= today:
                return name
        return ""


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


def numbers(connection: Connection, keys: Iterable[CaseKey]) -> dict[CaseKey, str]:
    """The receipt numbers of those of these cases that are held, empty where one has none yet."""
    words = "SELECT scope, case_id, case_no FROM cases WHERE (scope, case_id) IN (KEYS)"
    return {(scope, bytes(case_id)): number or "" for scope, case_id, number in rows.ask_among(connection, words, keys)}


def forget(connection: Connection, key: CaseKey) -> None:
    """Drop the row of a case of which no event is left."""
    rows.do(connection, "DELETE FROM cases WHERE scope = ? AND case_id = ?", key)


def any_one(connection: Connection) -> CaseRow | None:
    """Some case that is in the lists; None where there is none."""
    row = connection.execute(select(CASES).where(CASES.c.case_no.is_not(None)).limit(1)).first()
    return CaseRow._make(row) if row else None


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


def among_with_kind(connection: Connection, keys: set[CaseKey], kind: int) -> set[CaseKey]:
    """Those of these unfinished cases in which there is an event of a kind, counting or not."""
    words = (
        "SELECT DISTINCT cases.scope, cases.case_id, cases.state FROM cases"  # noqa: S608
        f" JOIN events ON events.case_id = cases.case_id AND events.kind = {kind:d}"
        " WHERE (cases.scope, cases.case_id) IN (KEYS)"
    )
    found = rows.ask_among(connection, words, keys)
    return {(scope, case_id) for scope, case_id, state in found if state not in FINISHED}


def naming(connection: Connection, items: Iterable[tuple[str, int]]) -> list[CaseKey]:
    """Every case of these item versions."""
    words = "SELECT scope, case_id FROM cases WHERE (item_no, item_version) IN (KEYS)"
    return [(row[0], row[1]) for row in rows.ask_among(connection, words, items)]


def held_at(connection: Connection, place: str) -> list[CaseKey]:
    """The unfinished cases that a place holds, or that are on their way to it."""
    table = CASES.c
    there = or_(table.holder == place, table.transit_to == place)
    found = select(table.scope, table.case_id).where(there, table.state.not_in(FINISHED))
    return [(scope, case_id) for scope, case_id in connection.execute(found.order_by(table.scope, table.case_id))]


def oddity_sums(connection: Connection) -> dict[str, int]:
    """Of all void and contested events: how many are open, adopted, dismissed."""
    words = "SELECT sum(n_open), sum(n_void + n_contested) FROM cases WHERE n_void > 0 OR n_contested > 0"
    unanswered, odd = (int(number or 0) for number in rows.ask(connection, words)[0])
    words = "SELECT count(*) FROM events WHERE verdict > 1 AND verdict = ? AND verdict_note = 'adopted'"
    adopted = int(rows.ask(connection, words, (VERDICT_NUMBERS["contested"],))[0][0])
    return {"open": unanswered, "adopted": adopted, "dismissed": odd - unanswered - adopted}


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
