"""Rows of lists taken away as files: each has a number, and a long one about people waits for a second person."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from sync_protocol.encoding import decode, encode
from village_node.store import audit, peers
from village_node.store.audit import Line
from village_node.store.database import Store
from village_node.store.reserve import with_the_reserve
from village_node.store.tables.audit import AUDIT, EXPORTS

COUNTER: Final = "export"
MOST_LISTED: Final = 200
LONGEST_STEP_MS: Final = 6 * 3_600_000  # by which one look brings the time of exports forward
_TIME: Final = "exports_time"
Span = tuple[int, int]  # first and last ms
Keep = Callable[[Connection, str], None]
_LETS_IN: Final = ("staff.invite", "staff.renew")  # whoever does so knows the code by which a password is set


class ExportRow(NamedTuple):
    """One row of ``exports``, in the order of its columns. ``narrowed``: what the list was narrowed to, masked, and
    ``digest``: the same in full under a key, for comparison; empty and None where nobody had to be asked, and so is
    ``reason``. ``granted``: 1 or 0 once it was answered; ``via``: who made the token of the program that asked, None
    where a person did."""

    number: int
    staff_no: str
    at_ms: int
    name: str
    form: str
    narrowed: str
    digest: bytes | None
    people: int
    reason: str | None = None
    answered_by: str | None = None
    answered_ms: int | None = None
    granted: int | None = None
    fetched_ms: int | None = None
    via: str | None = None


class ExportRows:
    """Reads on a reader; writes each in one transaction, with its line of the audit trail. Raises NotSaved."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @with_the_reserve
    def draw(self, row: ExportRow, alone: int, span: Span) -> int | None:
        """Draw the number of an export, which its file bears before it is kept; None as of ``add``. One whose file
        comes to nothing is used no more."""
        with self._store.writing() as connection:
            number = peers.count_up(connection, COUNTER)
            if _is_too_much(connection, row, alone, span):
                peers.count_up(connection, COUNTER, -1)
                return None
            return number

    @with_the_reserve
    def add(self, row: ExportRow, told: Line, alone: int, span: Span, keep: Keep | None = None) -> int | None:
        """Keep an export or the request for one, and give its number, which is drawn here where it has none.

        None where it was to be done by one person, and that person has taken away more than ``alone`` people with it
        in a span of time: nothing is kept then. What a program takes counts for its account and for who made its token.
        ``keep``: what else is kept with it, handed its number.
        """
        with self._store.writing() as connection:
            # Two at once come one after the other here.
            number = row.number or peers.count_up(connection, COUNTER)
            if row.number:
                peers.count_up(connection, COUNTER, 0)
            if _is_too_much(connection, row, alone, span):
                return None
            if keep is not None:
                keep(connection, str(number))
            connection.execute(insert(EXPORTS).values(row._replace(number=number)._asdict()))
            audit.append(connection, told._replace(detail={**told.detail, "number": number}))
            return number

    @with_the_reserve
    def answer(self, number: int, by: str, now_ms: int, granted: bool, asked: Span, told: Line) -> bool:
        """Answer a request that was ``asked`` then, once, as another person; False where there is none that waits."""
        open_ = (EXPORTS.c.number == number, EXPORTS.c.reason.is_not(None), EXPORTS.c.answered_by.is_(None))
        lives = (EXPORTS.c.staff_no != by, EXPORTS.c.via.is_distinct_from(by), EXPORTS.c.at_ms.between(*asked))
        said = {"answered_by": by, "answered_ms": now_ms, "granted": int(granted)}
        with self._store.writing() as connection:
            if connection.execute(update(EXPORTS).where(*open_, *lives).values(said)).rowcount != 1:
                return False
            audit.append(connection, told)
            return True

    @with_the_reserve
    def fetch(self, wanted: ExportRow, answered: Span, fetched: Span, told: Line) -> bool:
        """Note that somebody takes away what was granted to them in the span ``answered``; False where nothing was, or
        it was another list, or one of more people. Once, but for who took it away in the span ``fetched``."""
        same = [EXPORTS.c[name] == getattr(wanted, name) for name in ("number", "staff_no", "name", "form", "digest")]
        mine = (*same, EXPORTS.c.via.is_not_distinct_from(wanted.via), EXPORTS.c.people >= wanted.people)
        first = and_(EXPORTS.c.fetched_ms.is_(None), EXPORTS.c.answered_ms.between(*answered))
        open_ = (EXPORTS.c.granted == 1, or_(first, EXPORTS.c.fetched_ms.between(*fetched)))
        said = {"fetched_ms": func.coalesce(EXPORTS.c.fetched_ms, wanted.at_ms)}
        with self._store.writing() as connection:
            change = update(EXPORTS).where(*mine, *open_).values(said).returning(EXPORTS)
            found = connection.execute(change).first()
            if found is None:
                return False
            audit.append(connection, told._replace(detail={**told.detail, **_approved(ExportRow._make(found))}))
            return True

    def get(self, number: int) -> ExportRow | None:
        """One of them."""
        with self._store.reading() as connection:
            row = connection.execute(select(EXPORTS).where(EXPORTS.c.number == number)).first()
        return ExportRow._make(row) if row else None

    def let_in(self, staff_no: str) -> frozenset[str]:
        """Whose accounts somebody has opened with a one-time code, and who has opened theirs, by the audit trail."""
        mine = or_(AUDIT.c.actor == staff_no, AUDIT.c.subject == staff_no)
        query = select(AUDIT.c.actor, AUDIT.c.subject).where(and_(AUDIT.c.action.in_(_LETS_IN), mine)).distinct()
        with self._store.reading() as connection:
            return frozenset(each for pair in connection.execute(query) for each in pair) - {staff_no}

    def asked(self) -> list[ExportRow]:
        """Those that needed a second person, the newest first."""
        query = select(EXPORTS).where(EXPORTS.c.reason.is_not(None)).order_by(EXPORTS.c.number.desc())
        with self._store.reading() as connection:
            return [ExportRow._make(row) for row in connection.execute(query.limit(MOST_LISTED))]

    @with_the_reserve
    def purge(self, now_ms: int, kept_ms: int) -> int:
        """Forget those of long ago, which the audit trail keeps; how many. For the housekeeping, several times a day.

        The term is counted in a time of its own: that of the clock, but from one look to the next it takes no step
        back, and none that is longer than looks lie apart. So a clock that is years ahead for a day forgets nothing.
        """
        with self._store.writing() as connection:
            raw = peers.bytes_of(connection, _TIME)
            time_ms, looked_ms = decode(raw) if raw else (now_ms, now_ms)
            time_ms += min(max(now_ms - looked_ms, 0), LONGEST_STEP_MS)
            peers.remember_bytes(connection, _TIME, encode([time_ms, now_ms]))
            return connection.execute(delete(EXPORTS).where(EXPORTS.c.at_ms < time_ms - kept_ms)).rowcount


def _is_too_much(connection: Connection, row: ExportRow, alone: int, span: Span) -> bool:
    return row.reason is None and row.people > 0 and row.people + _taken(connection, row, span) > alone


def _taken(connection: Connection, row: ExportRow, span: Span) -> int:
    """How many people somebody has taken away alone in a span of time, by themselves or by programs whose token is of
    their account or their making; of a program's account and the maker of its token, the larger."""
    alone = (EXPORTS.c.at_ms.between(*span), EXPORTS.c.reason.is_(None))
    counts = []
    for person in {row.staff_no, row.via or row.staff_no}:
        mine = or_(EXPORTS.c.staff_no == person, EXPORTS.c.via == person)
        counts.append(connection.scalar(select(func.coalesce(func.sum(EXPORTS.c.people), 0)).where(mine, *alone)) or 0)
    return max(counts)


def _approved(row: ExportRow) -> Mapping[str, object]:
    return {"number": row.number, "approved_by": row.answered_by, "reason": row.reason}
