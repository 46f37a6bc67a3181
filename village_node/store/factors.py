"""Rows of second factors: the encrypted secrets of codes, which codes were used, and what stands in for them."""

from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, select, update

from village_node.store import audit, peers, rows
from village_node.store.audit import Line
from village_node.store.database import Store
from village_node.store.errors import Outdated
from village_node.store.reserve import with_the_reserve
from village_node.store.tables.accounts import FACTORS, RECOVERY_CODES, SESSIONS

_LOCK: Final = "factors"


class FactorRow(NamedTuple):
    """One row of ``factors``, in the order of its columns. ``used``: the last steps whose code was taken, 8 bytes
    each."""

    staff_no: str
    secret: bytes
    since_ms: int
    used: bytes = b""


class FactorRows:
    """Reads on a reader; writes each in one transaction, one after the other. Raises NotSaved when the disk refuses."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def factor(self, staff_no: str) -> FactorRow | None:
        """What an account has."""
        with self._store.reading() as connection:
            return _row(connection, staff_no)

    def holders(self) -> set[str]:
        """The numbers of those who have one."""
        with self._store.reading() as connection:
            return set(connection.scalars(select(FACTORS.c.staff_no)))

    def codes_left(self, staff_no: str) -> int:
        """How many recovery codes of an account were not used yet."""
        query = select(func.count()).select_from(RECOVERY_CODES).where(RECOVERY_CODES.c.staff_no == staff_no)
        with self._store.reading() as connection:
            return int(connection.scalar(query) or 0)

    def begun(self, staff_no: str, session: bytes) -> bytes | None:
        """The secret that waits to be confirmed in a session of an account."""
        with self._store.reading() as connection:
            return _begun(connection, staff_no, session)

    @with_the_reserve
    def begin(self, staff_no: str, session: bytes, secret: bytes) -> bytes:
        """Keep a secret that waits to be confirmed in this session; the one that waits there, which is the first that
        came. Raises Outdated where the session is over."""
        mine = (SESSIONS.c.staff_no == staff_no, SESSIONS.c.id_hash == session, SESSIONS.c.begun.is_(None))
        with self._store.writing() as connection:
            connection.execute(update(SESSIONS).where(*mine).values(begun=secret))
            kept = _begun(connection, staff_no, session)
            if kept is None:
                raise Outdated
            return kept

    @with_the_reserve
    def confirm(
        self, row: FactorRow, session: bytes, hashes: Collection[bytes], told: Line, *, first: bool = False
    ) -> None:
        """Let the secret that a session has begun count from now on, with these recovery codes and none from before;
        what others of the account have begun is over, and so are those that were to set one up first. Raises Outdated
        where it does not wait any more, and, ``first``, where the account has one that counts."""
        with self._store.writing() as connection:
            peers.count_up(connection, _LOCK)
            if _begun(connection, row.staff_no, session) != row.secret:
                raise Outdated
            if first and _row(connection, row.staff_no) is not None:
                raise Outdated
            _forget_begun(connection, row.staff_no)
            kept = SESSIONS.c
            others = (kept.staff_no == row.staff_no, kept.step == "set_up", kept.id_hash != session)
            connection.execute(delete(SESSIONS).where(*others))
            rows.put(connection, FACTORS, [row])
            _put_codes(connection, row.staff_no, hashes)
            audit.append(connection, told)

    @with_the_reserve
    def use(self, staff_no: str, take: Callable[[bytes], bytes | None]) -> bool:
        """Take a code: ``take`` is given the steps that were used and says which are, or None where it was used. False
        then, or where the account has no factor any more. Of several workers the first one takes it."""
        with self._store.writing() as connection:
            peers.count_up(connection, _LOCK)
            row = _row(connection, staff_no)
            used = take(row.used) if row is not None else None
            if used is None:
                return False
            connection.execute(update(FACTORS).where(FACTORS.c.staff_no == staff_no).values(used=used))
            return True

    @with_the_reserve
    def use_recovery_code(self, staff_no: str, code_hash: bytes, tell: Callable[[int], Line]) -> bool:
        """Use up a recovery code; False if it is none of this account, or used. ``tell``: the line, of how many are
        left."""
        codes = RECOVERY_CODES.c
        with self._store.writing() as connection:
            used = delete(RECOVERY_CODES).where(codes.staff_no == staff_no, codes.code_hash == code_hash)
            if connection.execute(used).rowcount != 1:
                return False
            left = select(func.count()).select_from(RECOVERY_CODES).where(codes.staff_no == staff_no)
            audit.append(connection, tell(int(connection.scalar(left) or 0)))
            return True

    @with_the_reserve
    def renew_codes(self, staff_no: str, hashes: Collection[bytes], told: Line) -> None:
        """Other recovery codes; those before are worth nothing. Raises Outdated where there is no factor any more."""
        with self._store.writing() as connection:
            peers.count_up(connection, _LOCK)
            row = _row(connection, staff_no)
            if row is None:
                raise Outdated
            _put_codes(connection, staff_no, hashes)
            audit.append(connection, told)

    @with_the_reserve
    def drop(self, staff_no: str, told: Line, *, signs_out: bool) -> bool:
        """Take the factor of an account away, with its codes, and end its sessions where that ``signs_out``; False
        where it had none."""
        with self._store.writing() as connection:
            peers.count_up(connection, _LOCK)
            _forget_begun(connection, staff_no)
            if connection.execute(delete(FACTORS).where(FACTORS.c.staff_no == staff_no)).rowcount != 1:
                return False
            connection.execute(delete(RECOVERY_CODES).where(RECOVERY_CODES.c.staff_no == staff_no))
            if signs_out:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.staff_no == staff_no))
            audit.append(connection, told)
            return True


def any_confirmed(connection: Connection) -> bool:
    """Whether anybody has one."""
    return connection.scalar(select(FACTORS.c.staff_no).limit(1)) is not None


def _row(connection: Connection, staff_no: str) -> FactorRow | None:
    found = connection.execute(select(FACTORS).where(FACTORS.c.staff_no == staff_no)).first()
    return FactorRow._make(found) if found is not None else None


def _begun(connection: Connection, staff_no: str, session: bytes) -> bytes | None:
    mine = (SESSIONS.c.staff_no == staff_no, SESSIONS.c.id_hash == session)
    found: bytes | None = connection.scalar(select(SESSIONS.c.begun).where(*mine))
    return found


def _forget_begun(connection: Connection, staff_no: str) -> None:
    connection.execute(update(SESSIONS).where(SESSIONS.c.staff_no == staff_no).values(begun=None))


def _put_codes(connection: Connection, staff_no: str, hashes: Collection[bytes]) -> None:
    """Recovery codes in the place of those before."""
    connection.execute(delete(RECOVERY_CODES).where(RECOVERY_CODES.c.staff_no == staff_no))
    rows.insert(connection, RECOVERY_CODES, [(staff_no, each) for each in hashes])
