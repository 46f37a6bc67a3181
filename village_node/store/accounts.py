"""Rows of people: staff and their sessions, each act with its audit line, and what pages read of the audit trail."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from village_node.store import audit, claims, peers, rows
from village_node.store.audit import EVERY_LINE, AuditRow, Checked, Line, Looked, Mark, Wanted
from village_node.store.database import Store
from village_node.store.errors import Outdated
from village_node.store.reserve import with_the_reserve
from village_node.store.tables.accounts import SESSIONS, STAFF


class StaffRow(NamedTuple):
    """One member of staff; ``roles`` sorted."""

    staff_no: str
    name: str
    roles: tuple[str, ...]
    password_hash: str | None
    invitation_hash: bytes | None
    invitation_until_ms: int | None
    disabled: bool
    created_ms: int
    password_set_ms: int | None
    last_sign_in_ms: int | None
    ordered_by: str | None = None  # who above keeps the account shut, in words; None where nobody does
    shut_here: bool | None = None  # beside that: whether people here have shut it too


class Ordered(Exception):
    """The level above keeps the account shut: nothing was changed. ``by``: who, in words."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


class LastOne(Exception):
    """Nobody in use would have a role any more that somebody must have: nothing was changed."""


class SessionRow(NamedTuple):
    """One session; ``id_hash`` is SHA-256 of the cookie, which is never stored itself. ``step``: what its person has to
    do before it is open; None where it is. ``replaced_ms``, ``replaced_from``: when another one took its place, and
    from which address. ``begun``: the encrypted secret of a second factor that is set up in it."""

    id_hash: bytes
    staff_no: str
    created_ms: int
    seen_ms: int
    source: str
    step: str | None = None
    replaced_ms: int | None = None
    replaced_from: str | None = None
    begun: bytes | None = None


# Says that an account is disabled (True) or enabled now, and who did it, in the transaction that does it.
Say = Callable[[str, bool, str], None]
# A transaction in which accounts are made, shut or opened: what is shut or opened is said upward with it, and at its
# end orders from above are obeyed. Its locks come first: our stream, and then that of every change of an account.
Shutting = Callable[[], AbstractContextManager[tuple[Connection, Say]]]


class AccountRows:
    """Reads on a reader; writes each in one transaction. Raises NotSaved when the disk refuses.

    ``told``: the line of the audit trail that is written with the change, and only if there was something to change.
    """

    def __init__(self, store: Store, shutting: Shutting | None = None) -> None:
        """``shutting``: by which places above hear which accounts are shut, and are obeyed; without it nobody is."""
        self._store = store
        self._shutting = shutting or self._in_silence

    @contextmanager
    def _in_silence(self) -> Iterator[tuple[Connection, Say]]:
        with self._store.writing() as connection:
            peers.count_up(connection, "staff")
            yield connection, lambda account, disabled, by: None

    @property
    def store(self) -> Store:
        """Where they lie."""
        return self._store

    def staff(self, staff_no: str) -> StaffRow | None:
        """One member of staff."""
        with self._store.reading() as connection:
            row = connection.execute(select(STAFF).where(STAFF.c.staff_no == staff_no)).first()
        return staff_of(tuple(row)) if row is not None else None

    def all_staff(self) -> list[StaffRow]:
        """Everybody, by number."""
        with self._store.reading() as connection:
            query = select(STAFF).order_by(STAFF.c.staff_no)
            return [staff_of(tuple(row)) for row in connection.execute(query)]

    def staffed(self, roles: Collection[str], today: str) -> frozenset[str]:
        """Those of these roles that somebody in use has who is not away on a day, written as 2026-11-20."""
        words = (
            "SELECT s.roles FROM staff s LEFT JOIN absences a ON a.staff_no = s.staff_no AND a.until >= ? "
            "WHERE NOT s.disabled AND s.password_hash IS NOT NULL AND a.staff_no IS NULL"
        )
        with self._store.reading() as connection:
            held = {role for (each,) in rows.ask(connection, words, (today,)) for role in each.split(",")}
        return frozenset(held.intersection(roles))

    @with_the_reserve
    def add_staff(self, row: StaffRow, told: Line | None = None) -> bool:
        """Add somebody; False if the number is taken. What the level above has ordered about this number holds at
        once."""
        with self._shutting() as (connection, _):
            if connection.scalar(select(STAFF.c.staff_no).where(STAFF.c.staff_no == row.staff_no)) is not None:
                return False
            connection.execute(insert(STAFF).values(_staff_columns(row._asdict())))
            audit.tell(connection, told)
            return True

    @with_the_reserve
    def change_staff(
        self, staff_no: str, told: Line | None = None, *, signs_out: bool = False, keeps: str = "", **columns: Any
    ) -> bool:
        """Set columns, and end all sessions where it ``signs_out``; False if there is nobody with this number.

        ``keeps``: a role that somebody in use must have afterwards, if this one has it now. Raises LastOne.
        """
        with self._store.writing() as connection:
            if keeps:
                peers.count_up(connection, "staff")  # two who end each other's role at once come one after the other
            had = keeps and staff_no in _in_use(connection, keeps)
            change = update(STAFF).where(STAFF.c.staff_no == staff_no).values(_staff_columns(columns))
            if connection.execute(change).rowcount != 1:
                return False
            if had and not _in_use(connection, keeps):
                raise LastOne
            if signs_out:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.staff_no == staff_no))
            audit.tell(connection, told)
            return True

    @with_the_reserve
    def disable(self, staff_no: str, disabled: bool, told: Line, keeps: str) -> bool:
        """Disable an account, which ends its sessions and frees its cases, or enable it again; see ``change_staff``.

        Raises Ordered where the level above keeps shut what is to be enabled, LastOne.
        """
        with self._shutting() as (connection, say):
            row = locked(connection, staff_no)
            if row is None:
                return False
            if row.ordered_by is not None and not disabled:
                raise Ordered(row.ordered_by)
            had = disabled and staff_no in _in_use(connection, keeps)
            put(connection, row, {"shut_here": True} if row.ordered_by is not None else {"disabled": disabled}, told)
            if had and not _in_use(connection, keeps):
                raise LastOne
            if row.disabled != disabled:
                say(staff_no, disabled, told.actor)
            return True

    @with_the_reserve
    def take_invitation(
        self, staff_no: str, invitation_hash: bytes, password_hash: str, now_ms: int, told: Line | None = None
    ) -> bool:
        """Turn an invitation into a password, once: False if it is not there, not this one, or used."""
        change = (
            update(STAFF)
            .where(STAFF.c.staff_no == staff_no, STAFF.c.invitation_hash == invitation_hash)
            .values(password_hash=password_hash, password_set_ms=now_ms, invitation_hash=None, invitation_until_ms=None)
        )
        with self._store.writing() as connection:
            if connection.execute(change).rowcount != 1:
                return False
            audit.tell(connection, told)
            return True

    @with_the_reserve
    def add_session(
        self,
        row: SessionRow,
        told: Line | None = None,
        *,
        follows: bytes = b"",
        before: bytes = b"",
        others: Callable[[SessionRow], bool] | None = None,
    ) -> list[SessionRow]:
        """Begin a session, with its line. Where its account has open ones that ``others`` names, it is not begun: these
        are what comes back, and nothing was changed.

        ``follows``: the session of a step before, which ends with that; raises Outdated where it is not there any more.
        ``before``: what the same browser had, if that was a session.
        """
        with self._store.writing() as connection:
            peers.count_up(connection, "sessions")  # two who begin at once see one another
            if others is not None:
                elsewhere = [each for each in _open_sessions(connection, row.staff_no) if others(each)]
                if found := [each for each in elsewhere if each.id_hash not in (follows, before)]:
                    return found
            _end(connection, follows, before)
            rows.insert(connection, SESSIONS, [row])
            audit.tell(connection, told)
            return []

    @with_the_reserve
    def replace_sessions(
        self,
        row: SessionRow,
        follows: bytes,
        others: Callable[[SessionRow], bool],
        tell: Callable[[Collection[SessionRow]], Collection[Line]],
    ) -> None:
        """Begin a session in the place of the open ones of its account that ``others`` names; these keep a row that
        says so. ``tell``: the lines for it. Raises Outdated where the session of the step before is not there any
        more."""
        with self._store.writing() as connection:
            peers.count_up(connection, "sessions")
            _end(connection, follows)
            ended = [each for each in _open_sessions(connection, row.staff_no) if others(each)]
            replaced = update(SESSIONS).where(SESSIONS.c.id_hash.in_([each.id_hash for each in ended]))
            connection.execute(replaced.values(replaced_ms=row.created_ms, replaced_from=row.source))
            rows.insert(connection, SESSIONS, [row])
            for line in tell(ended):
                audit.append(connection, line)

    def session(self, id_hash: bytes) -> tuple[SessionRow, StaffRow] | None:
        """A session and whose it is."""
        query = select(SESSIONS, STAFF).join_from(SESSIONS, STAFF).where(SESSIONS.c.id_hash == id_hash)
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        width = len(SessionRow._fields)
        return SessionRow._make(row[:width]), staff_of(tuple(row[width:]))

    def open_sessions(self, staff_no: str) -> list[SessionRow]:
        """The sessions of an account that are neither over nor replaced, or were not when they ran out; the one used
        last first."""
        with self._store.reading() as connection:
            return _open_sessions(connection, staff_no)

    @with_the_reserve
    def touch_session(self, id_hash: bytes, seen_ms: int) -> None:
        """The person is still there."""
        with self._store.writing() as connection:
            connection.execute(update(SESSIONS).where(SESSIONS.c.id_hash == id_hash).values(seen_ms=seen_ms))

    @with_the_reserve
    def end_session(self, id_hash: bytes, told: Line | None = None) -> None:
        """Sign out."""
        with self._store.writing() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.id_hash == id_hash))
            audit.tell(connection, told)

    def end_sessions_of(self, staff_no: str) -> int:
        """Sign somebody out everywhere; how many sessions ended."""
        return self._end_sessions(SESSIONS.c.staff_no == staff_no)

    def purge_sessions(
        self, seen_before_ms: int, created_before_ms: int, seen_after_ms: int, living: Collection[Any]
    ) -> int:
        """Forget sessions that are over, or from a time to come, but not those known to be living; how many. One that
        was replaced stays for as long as any session may, so that its person is told."""
        seen, created = SESSIONS.c.seen_ms, SESSIONS.c.created_ms
        unseen = (seen < seen_before_ms) & SESSIONS.c.replaced_ms.is_(None)
        over = unseen | (created < created_before_ms) | (seen > seen_after_ms)
        return self._end_sessions(over & SESSIONS.c.id_hash.not_in(living))

    @with_the_reserve
    def secret(self, name: str, draw: Callable[[], bytes]) -> bytes:
        """What every worker on this database knows under a name, and nobody else; drawn where there is none yet."""
        with self._store.reading() as connection:
            found = peers.bytes_of(connection, name)
        if found:
            return found
        with self._store.writing() as connection:
            found = peers.bytes_to_change(connection, name) or draw()
            peers.remember_bytes(connection, name, found)
            return found

    @with_the_reserve
    def append_audit(self, line: Line) -> AuditRow:
        """Write a line that belongs to no change here."""
        with self._store.writing() as connection:
            return audit.append(connection, line)

    def audit_lines(self, limit: int, before: int | None = None, wanted: Wanted = EVERY_LINE) -> list[AuditRow]:
        """Lines of the audit chain, the newest first; only those before line ``before``, or that are ``wanted``, where
        that is given."""
        with self._store.reading() as connection:
            return audit.newest(connection, limit, before, wanted=wanted)

    def invited_by(self, actor: str) -> set[str]:
        """The staff numbers whose accounts somebody has made, as the audit chain says."""
        with self._store.reading() as connection:
            return audit.subjects(connection, actor, "staff.invite")

    def audit_stands(self) -> tuple[int, bytes, Mark | None]:
        """How many lines were ever written, in which life of the node this is, and the mark that the last look left."""
        with self._store.reading() as connection:
            life = peers.bytes_of(connection, peers.INCARNATION) or b""
            return audit.count(connection), life, audit.mark(connection)

    def verify_audit(self, after: int, before: bytes, limit: int, marks: Collection[Mark]) -> Looked:
        """Compute lines of the audit chain again; see ``audit.verify``."""
        with self._store.reading() as connection:
            return audit.verify(connection, after, before, limit, marks)

    @with_the_reserve
    def note_audit_checked(self, found: Checked, told: Line | None, mark: Mark | None) -> None:
        """Keep what a look at the whole chain found; ``told``: with this line, where other lines are broken than were
        known; ``mark``: see ``audit.note_checked``."""
        with self._store.writing() as connection:
            known = audit.checked(connection)
            audit.note_checked(connection, found, mark)
            audit.tell(connection, told if known is None or known[3:6] != found[3:6] else None)

    def audit_hash(self, n: int) -> bytes | None:
        """What a line of the audit chain bears; None where there is none of this number."""
        with self._store.reading() as connection:
            return audit.hash_of(connection, n)

    def audit_checked(self) -> Checked | None:
        """What the last look at the whole chain found; None before the first."""
        with self._store.reading() as connection:
            return audit.checked(connection)

    @with_the_reserve
    def _end_sessions(self, condition: Any) -> int:
        with self._store.writing() as connection:
            return connection.execute(delete(SESSIONS).where(condition)).rowcount


def locked(connection: Connection, staff_no: str) -> StaffRow | None:
    """One member of staff, whose row stays as it is to the end of the transaction."""
    row = connection.execute(select(STAFF).where(STAFF.c.staff_no == staff_no).with_for_update()).first()
    return staff_of(tuple(row)) if row is not None else None


def everybody(connection: Connection) -> list[StaffRow]:
    """Everybody, by number."""
    return [staff_of(tuple(row)) for row in connection.execute(select(STAFF).order_by(STAFF.c.staff_no))]


def put(connection: Connection, row: StaffRow, columns: Mapping[str, Any], told: Line | None) -> None:
    """Set columns of an account that is disabled or enabled by that; its sessions end. Who is disabled now has no case
    any more. After the lines of the audit trail the transaction takes no other lock."""
    connection.execute(update(STAFF).where(STAFF.c.staff_no == row.staff_no).values(columns))
    connection.execute(delete(SESSIONS).where(SESSIONS.c.staff_no == row.staff_no))
    freed = claims.take_all(connection, row.staff_no) if columns.get("disabled") else []
    audit.tell(connection, told)
    if told is not None:
        claims.note_freed(connection, freed, row.staff_no, "disabled", told.at_ms, told.actor)


def _in_use(connection: Connection, role: str) -> list[str]:
    """The numbers of those who have a role and can sign in: a code that was given out may end before it is used."""
    staff = [staff_of(tuple(row)) for row in connection.execute(select(STAFF).where(STAFF.c.disabled.is_(False)))]
    return [each.staff_no for each in staff if role in each.roles and each.password_hash]


def _open_sessions(connection: Connection, staff_no: str) -> list[SessionRow]:
    """The sessions of an account that are open, or were before they ran out."""
    columns = SESSIONS.c
    still = (columns.staff_no == staff_no, columns.step.is_(None), columns.replaced_ms.is_(None))
    query = select(SESSIONS).where(*still).order_by(columns.seen_ms.desc())
    return [SessionRow._make(row) for row in connection.execute(query)]


def _end(connection: Connection, follows: bytes, before: bytes = b"") -> None:
    """End the session of a step before, and what else a browser had. Raises Outdated where the first is gone."""
    if follows and connection.execute(delete(SESSIONS).where(SESSIONS.c.id_hash == follows)).rowcount != 1:
        raise Outdated
    if before:
        connection.execute(delete(SESSIONS).where(SESSIONS.c.id_hash == before))


def staff_of(row: tuple[Any, ...]) -> StaffRow:
    staff_no, name, roles, *others = row
    return StaffRow(staff_no, name, tuple(role for role in roles.split(",") if role), *others)


def _staff_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    stored = dict(columns)
    if not isinstance(stored.get("roles", ""), str):
        stored["roles"] = ",".join(sorted(stored["roles"]))
    return stored
