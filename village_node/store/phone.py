"""Rows of passes for telephones in the room, and of what came by them and waits for somebody here."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from village_node.store import audit, peers, rows
from village_node.store.audit import Line
from village_node.store.database import Store
from village_node.store.locks import CaseKey
from village_node.store.reserve import with_the_reserve
from village_node.store.tables.phone import PHONE_FILES, PHONE_PASSES

WAITING, TAKEN, DISCARDED, LAPSED = range(4)
_LOCK: Final = "phone"


class PassRow(NamedTuple):
    """One row of ``phone_passes``, in the order of its columns. ``token_hash``: of the token, which is never stored
    itself; ``session``: the id hash of the session that it ends with; ``tries``: files that were looked at for it,
    those that were refused too."""

    id: str
    token_hash: bytes
    session: bytes
    staff_no: str
    scope: str
    case_id: bytes
    opened_ms: int
    used_ms: int
    ended_ms: int | None
    tries: int = 0

    @property
    def case(self) -> CaseKey:
        """The one case it is for."""
        return self.scope, self.case_id


class PhoneFile(NamedTuple):
    """One row of ``phone_files``, in the order of its columns. ``name``: under which its bytes lie on the shelf,
    encrypted with ``key``, which is empty from when somebody has decided; ``preview``: sealed with it too;
    ``number``: how many came by its pass up to it; ``at_ms``: when it came by the clock, for people to read;
    ``came_ms``: by the time of requests, which terms are counted in."""

    name: str
    pass_id: str
    number: int
    scope: str
    case_id: bytes
    material: str
    hash: bytes
    size: int
    media: str
    key: bytes
    preview: bytes
    at_ms: int
    came_ms: int
    state: int

    @property
    def case(self) -> CaseKey:
        """The case it was sent for."""
        return self.scope, self.case_id


class PassRows:
    """Passes: reads on a reader; writes each in one transaction. Raises NotSaved when the disk refuses."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @with_the_reserve
    def add(self, row: PassRow, told: Line) -> None:
        """Keep a new one; whatever its session had before ends."""
        with self._store.writing() as connection:
            before = (PHONE_PASSES.c.session == row.session, PHONE_PASSES.c.ended_ms.is_(None))
            connection.execute(update(PHONE_PASSES).where(*before).values(ended_ms=row.opened_ms))
            connection.execute(insert(PHONE_PASSES).values(row._asdict()))
            audit.append(connection, told)

    def find(self, token_hash: bytes) -> PassRow | None:
        """The one of a token."""
        with self._store.reading() as connection:
            row = connection.execute(select(PHONE_PASSES).where(PHONE_PASSES.c.token_hash == token_hash)).first()
        return PassRow._make(row) if row else None

    def of_session(self, session: bytes, case: CaseKey) -> PassRow | None:
        """The one that a session has given for a case and not ended."""
        query = select(PHONE_PASSES).where(PHONE_PASSES.c.session == session, PHONE_PASSES.c.ended_ms.is_(None))
        query = query.where(PHONE_PASSES.c.scope == case[0], PHONE_PASSES.c.case_id == case[1])
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        return PassRow._make(row) if row else None

    @with_the_reserve
    def touch(self, number: str, used_ms: int) -> None:
        """The telephone is still there."""
        with self._store.writing() as connection:
            connection.execute(update(PHONE_PASSES).where(PHONE_PASSES.c.id == number).values(used_ms=used_ms))

    @with_the_reserve
    def try_once(self, number: str, most: int) -> bool:
        """One more file is looked at for it; False where so many were already, by any worker."""
        one = (PHONE_PASSES.c.id == number, PHONE_PASSES.c.tries < most)
        with self._store.writing() as connection:
            change = update(PHONE_PASSES).where(*one).values(tries=PHONE_PASSES.c.tries + 1)
            return bool(connection.execute(change).rowcount)

    @with_the_reserve
    def end(self, number: str, now_ms: int, told: Line) -> None:
        """End one, with its audit line if it had not ended before."""
        one = (PHONE_PASSES.c.id == number, PHONE_PASSES.c.ended_ms.is_(None))
        with self._store.writing() as connection:
            if connection.execute(update(PHONE_PASSES).where(*one).values(ended_ms=now_ms)).rowcount:
                audit.append(connection, told)

    @with_the_reserve
    def purge(self, before_ms: int) -> int:
        """Forget those that were opened before a time; how many."""
        with self._store.writing() as connection:
            return connection.execute(delete(PHONE_PASSES).where(PHONE_PASSES.c.opened_ms < before_ms)).rowcount


def take_turns(connection: Connection) -> None:
    """Until the end of the transaction nobody else counts what waits, or adds to it."""
    peers.count_up(connection, _LOCK)


def is_open(connection: Connection, pass_id: str) -> bool:
    """Whether a pass was not ended by whoever gave it."""
    one = (PHONE_PASSES.c.id == pass_id, PHONE_PASSES.c.ended_ms.is_(None))
    return connection.execute(select(PHONE_PASSES.c.id).where(*one)).first() is not None


def add(connection: Connection, row: PhoneFile) -> None:
    """Keep one that came."""
    rows.insert(connection, PHONE_FILES, [row])


def get(connection: Connection, name: str) -> PhoneFile | None:
    """One of them."""
    row = connection.execute(select(PHONE_FILES).where(PHONE_FILES.c.name == name)).first()
    return PhoneFile._make(row) if row else None


def waiting(connection: Connection, case: CaseKey) -> list[PhoneFile]:
    """What waits for a case, in the order in which it came."""
    those = (PHONE_FILES.c.case_id == case[1], PHONE_FILES.c.scope == case[0], PHONE_FILES.c.state == WAITING)
    query = select(PHONE_FILES).where(*those).order_by(PHONE_FILES.c.at_ms, PHONE_FILES.c.number)
    return [PhoneFile._make(row) for row in connection.execute(query)]


def of_pass(connection: Connection, pass_id: str) -> list[PhoneFile]:
    """What came by one pass, whatever became of it, in the order in which it came."""
    query = select(PHONE_FILES).where(PHONE_FILES.c.pass_id == pass_id).order_by(PHONE_FILES.c.number)
    return [PhoneFile._make(row) for row in connection.execute(query)]


def bytes_waiting(connection: Connection) -> int:
    """How many bytes wait at this node."""
    query = select(func.coalesce(func.sum(PHONE_FILES.c.size), 0)).where(PHONE_FILES.c.state == WAITING)
    return int(connection.execute(query).scalar_one())


def of_names(connection: Connection, names: Iterable[str]) -> set[str]:
    """Those of these names under which something lies that waits."""
    words = f"SELECT name FROM phone_files WHERE state = {WAITING} AND name IN (KEYS)"  # noqa: S608
    return {row[0] for row in rows.ask_among(connection, words, names)}


def settle(connection: Connection, name: str, state: int) -> bool:
    """Somebody has decided: the key is forgotten. False if somebody had before."""
    one = (PHONE_FILES.c.name == name, PHONE_FILES.c.state == WAITING)
    change = update(PHONE_FILES).where(*one).values(state=state, key=b"", preview=b"")
    return bool(connection.execute(change).rowcount)


def end_of_cases(connection: Connection, cases: Iterable[CaseKey], now_ms: int) -> list[str]:
    """Nothing more comes for these cases, and what waits for them goes: the names of files to be removed after the
    commit. Whoever is just adding one is waited for."""
    gone: list[str] = []
    keys = sorted(cases)
    if keys:
        take_turns(connection)
    for scope, case_id in keys:
        passes = (PHONE_PASSES.c.case_id == case_id, PHONE_PASSES.c.scope == scope, PHONE_PASSES.c.ended_ms.is_(None))
        connection.execute(update(PHONE_PASSES).where(*passes).values(ended_ms=now_ms))
        names = [row.name for row in waiting(connection, (scope, case_id))]
        for name in names:
            settle(connection, name, LAPSED)
        gone += names
    return gone


def waiting_since(connection: Connection, before_ms: int) -> list[PhoneFile]:
    """What came before a time and waits still."""
    those = (PHONE_FILES.c.state == WAITING, PHONE_FILES.c.came_ms < before_ms)
    return [PhoneFile._make(row) for row in connection.execute(select(PHONE_FILES).where(*those))]


def forget(connection: Connection, before_ms: int) -> None:
    """Drop the rows of what came before a time and was decided."""
    those = (PHONE_FILES.c.state != WAITING, PHONE_FILES.c.came_ms < before_ms)
    connection.execute(delete(PHONE_FILES).where(*those))
