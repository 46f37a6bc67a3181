"""Rows of people and their work at the desk: staff, sessions, throttles, the audit chain, drafts."""

import json
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from hashlib import sha256
from typing import Any, NamedTuple, ParamSpec, TypeVar

from sqlalchemy import Table, delete, insert, select, update

from village_node.store import peers, rows
from village_node.store.database import Store
from village_node.store.errors import RoomMade
from village_node.store.tables import AUDIT, DRAFTS, SESSIONS, STAFF, THROTTLE

MOST_DRAFTS = 200
NO_LINE_BEFORE = bytes(32)


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


class SessionRow(NamedTuple):
    """One session; ``id_hash`` is SHA-256 of the cookie, which is never stored itself."""

    id_hash: bytes
    staff_no: str
    created_ms: int
    seen_ms: int
    source: str


class ThrottleRow(NamedTuple):
    """How often something failed under a key, and until when it is refused."""

    key: str
    failures: int
    last_ms: int
    blocked_until_ms: int


class AuditRow(NamedTuple):
    """One line of the audit chain; ``detail`` is JSON, ``hash`` covers the line before and this one."""

    n: int
    at_ms: int
    actor: str
    action: str
    subject: str
    detail: str
    hash: bytes


class DraftRow(NamedTuple):
    """One application not yet filed; ``fields`` is JSON of what was typed."""

    draft_id: str
    staff_no: str
    item_no: str
    item_version: int
    fields: str
    created_ms: int
    updated_ms: int


_P = ParamSpec("_P")
_T = TypeVar("_T")


def _with_the_reserve(write: Callable[_P, _T]) -> Callable[_P, _T]:
    """Write once more where a full disk has just given up its reserve: this is what that is for."""

    @wraps(write)
    def again(*arguments: _P.args, **named: _P.kwargs) -> _T:
        try:
            return write(*arguments, **named)
        except RoomMade:
            return write(*arguments, **named)

    return again


class AccountRows:
    """Reads on a reader; writes each in one transaction. Raises NotSaved when the disk refuses."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def staff(self, staff_no: str) -> StaffRow | None:
        """One member of staff."""
        found = self._some(STAFF, STAFF.c.staff_no == staff_no)
        return _staff(found[0]) if found else None

    def all_staff(self) -> list[StaffRow]:
        """Everybody, by number."""
        with self._store.reading() as connection:
            query = select(STAFF).order_by(STAFF.c.staff_no)
            return [_staff(tuple(row)) for row in connection.execute(query)]

    @_with_the_reserve
    def add_staff(self, row: StaffRow) -> bool:
        """Add somebody; False if the number is taken."""
        with self._store.writing() as connection:
            if connection.scalar(select(STAFF.c.staff_no).where(STAFF.c.staff_no == row.staff_no)) is not None:
                return False
            connection.execute(insert(STAFF).values(_staff_columns(row._asdict())))
            return True

    @_with_the_reserve
    def change_staff(self, staff_no: str, **columns: Any) -> bool:
        """Set columns; False if there is nobody with this number."""
        with self._store.writing() as connection:
            change = update(STAFF).where(STAFF.c.staff_no == staff_no).values(_staff_columns(columns))
            return connection.execute(change).rowcount == 1

    @_with_the_reserve
    def take_invitation(self, staff_no: str, invitation_hash: bytes, password_hash: str, now_ms: int) -> bool:
        """Turn an invitation into a password, once: False if it is not there, not this one, or used."""
        change = (
            update(STAFF)
            .where(STAFF.c.staff_no == staff_no, STAFF.c.invitation_hash == invitation_hash)
            .values(password_hash=password_hash, password_set_ms=now_ms, invitation_hash=None, invitation_until_ms=None)
        )
        with self._store.writing() as connection:
            return connection.execute(change).rowcount == 1

    @_with_the_reserve
    def add_session(self, row: SessionRow) -> None:
        """Begin a session."""
        with self._store.writing() as connection:
            rows.insert(connection, SESSIONS, [row])

    def session(self, id_hash: bytes) -> tuple[SessionRow, StaffRow] | None:
        """A session and whose it is."""
        query = select(SESSIONS, STAFF).join_from(SESSIONS, STAFF).where(SESSIONS.c.id_hash == id_hash)
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        width = len(SessionRow._fields)
        return SessionRow._make(row[:width]), _staff(tuple(row[width:]))

    @_with_the_reserve
    def touch_session(self, id_hash: bytes, seen_ms: int) -> None:
        """The person is still there."""
        with self._store.writing() as connection:
            connection.execute(update(SESSIONS).where(SESSIONS.c.id_hash == id_hash).values(seen_ms=seen_ms))

    def end_session(self, id_hash: bytes) -> None:
        """Sign out."""
        self._delete(SESSIONS, SESSIONS.c.id_hash == id_hash)

    def end_sessions_of(self, staff_no: str) -> int:
        """Sign somebody out everywhere; how many sessions ended."""
        return self._delete(SESSIONS, SESSIONS.c.staff_no == staff_no)

    def purge_sessions(
        self, seen_before_ms: int, created_before_ms: int, seen_after_ms: int, living: Collection[Any]
    ) -> int:
        """Forget sessions that are over, or from a time to come, but not those known to be living; how many."""
        seen, created = SESSIONS.c.seen_ms, SESSIONS.c.created_ms
        over = (seen < seen_before_ms) | (created < created_before_ms) | (seen > seen_after_ms)
        return self._delete(SESSIONS, over & SESSIONS.c.id_hash.not_in(living))

    def throttle(self, key: str) -> ThrottleRow | None:
        """One throttle."""
        found = self._some(THROTTLE, THROTTLE.c.key == key)
        return ThrottleRow._make(found[0]) if found else None

    @_with_the_reserve
    def change_throttle(
        self, key: str, change: Callable[[ThrottleRow | None], ThrottleRow | None]
    ) -> ThrottleRow | None:
        """Read a throttle, let ``change`` say what it shall be (None: nothing), store and return that; all at once."""
        with self._store.writing() as connection:
            # One throttle at a time, also where no row is there yet that could be locked.
            peers.count_up(connection, "throttle")
            row = connection.execute(select(THROTTLE).where(THROTTLE.c.key == key)).first()
            changed = change(ThrottleRow._make(row) if row else None)
            if changed is None:
                connection.execute(delete(THROTTLE).where(THROTTLE.c.key == key))
            else:
                rows.put(connection, THROTTLE, [changed])
            return changed

    def purge_throttle(self, last_before_ms: int) -> int:
        """Forget throttles that have not failed for long; how many."""
        return self._delete(THROTTLE, THROTTLE.c.last_ms < last_before_ms)

    @_with_the_reserve
    def append_audit(self, at_ms: int, actor: str, action: str, subject: str, detail: dict[str, object]) -> AuditRow:
        """Add a line to the audit chain, which has no gaps."""
        with self._store.writing() as connection:
            n = peers.count_up(connection, "audit")
            before = connection.scalar(select(AUDIT.c.hash).where(AUDIT.c.n == n - 1)) or NO_LINE_BEFORE
            line = _json([n, at_ms, actor, action, subject, detail]).encode()
            row = AuditRow(n, at_ms, actor, action, subject, _json(detail), sha256(before + line).digest())
            rows.insert(connection, AUDIT, [row])
            return row

    def audit_lines(self, limit: int, before: int | None = None) -> list[AuditRow]:
        """Lines of the audit chain, the newest first; only those before line ``before`` where that is given."""
        query = select(AUDIT).order_by(AUDIT.c.n.desc()).limit(limit)
        if before is not None:
            query = query.where(AUDIT.c.n < before)
        with self._store.reading() as connection:
            return [AuditRow._make(row) for row in connection.execute(query)]

    @_with_the_reserve
    def save_draft(self, row: DraftRow) -> bool:
        """Keep a draft; False if it is somebody else's."""
        with self._store.writing() as connection:
            peers.count_up(connection, "drafts")
            owner = connection.scalar(select(DRAFTS.c.staff_no).where(DRAFTS.c.draft_id == row.draft_id))
            if owner not in (None, row.staff_no):
                return False
            rows.put(connection, DRAFTS, [row])
            return True

    def draft(self, draft_id: str, staff_no: str) -> DraftRow | None:
        """A draft of this person."""
        found = self._some(DRAFTS, (DRAFTS.c.draft_id == draft_id) & (DRAFTS.c.staff_no == staff_no))
        return DraftRow._make(found[0]) if found else None

    def drafts(self, staff_no: str) -> list[DraftRow]:
        """A person's drafts, the newest first."""
        query = (
            select(DRAFTS).where(DRAFTS.c.staff_no == staff_no).order_by(DRAFTS.c.updated_ms.desc()).limit(MOST_DRAFTS)
        )
        with self._store.reading() as connection:
            return [DraftRow._make(row) for row in connection.execute(query)]

    def delete_draft(self, draft_id: str, staff_no: str) -> bool:
        """Throw a draft away; False if it is not there or somebody else's."""
        return self._delete(DRAFTS, (DRAFTS.c.draft_id == draft_id) & (DRAFTS.c.staff_no == staff_no)) == 1

    def _some(self, table: Table, condition: Any) -> list[tuple[Any, ...]]:
        with self._store.reading() as connection:
            return [tuple(row) for row in connection.execute(select(table).where(condition))]

    @_with_the_reserve
    def _delete(self, table: Table, condition: Any) -> int:
        with self._store.writing() as connection:
            return connection.execute(delete(table).where(condition)).rowcount


def _staff(row: tuple[Any, ...]) -> StaffRow:
    staff_no, name, roles, *others = row
    return StaffRow(staff_no, name, tuple(role for role in roles.split(",") if role), *others)


def _staff_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    stored = dict(columns)
    if not isinstance(stored.get("roles", ""), str):
        stored["roles"] = ",".join(sorted(stored["roles"]))
    return stored


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
