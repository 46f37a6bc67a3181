"""Requests of new nodes that came over the line, and what people here have said to them."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from village_node.store.tables.roster import NEWCOMERS

WAITING, TAKEN, DECLINED, MADE_WAY = range(4)  # the last: for a newer one of its place; counted for a minute


class Newcomer(NamedTuple):
    """One row of ``newcomers``, in the order of its columns. ``digest``: H(request); ``source``: the address it came
    from."""

    id: int
    digest: bytes
    request: bytes
    place: str
    level: str
    name: str
    source: str
    asked_ms: int
    state: int
    answerer: str
    answered_ms: int | None


_NAMES: Final = [column.name for column in NEWCOMERS.columns][1:]


def add(connection: Connection, values: tuple[bytes, bytes, str, str, str, str, int]) -> None:
    """Keep a request that waits: the columns from ``digest`` to ``asked_ms``."""
    connection.execute(insert(NEWCOMERS).values(dict(zip(_NAMES, (*values, WAITING, "", None), strict=True))))


def find(connection: Connection, digest: bytes) -> Newcomer | None:
    """The request with this hash."""
    row = connection.execute(select(NEWCOMERS).where(NEWCOMERS.c.digest == digest)).first()
    return Newcomer._make(row) if row else None


def get(connection: Connection, number: int) -> Newcomer | None:
    """One of them."""
    row = connection.execute(select(NEWCOMERS).where(NEWCOMERS.c.id == number)).first()
    return Newcomer._make(row) if row else None


def waiting(connection: Connection, since_ms: int) -> list[Newcomer]:
    """Those that came since then and nobody has answered, the oldest first."""
    those = (NEWCOMERS.c.state == WAITING, NEWCOMERS.c.asked_ms > since_ms)
    words = select(NEWCOMERS).where(*those).order_by(NEWCOMERS.c.id)
    return [Newcomer._make(row) for row in connection.execute(words)]


def answered(connection: Connection, most: int) -> list[Newcomer]:
    """Those that were answered, the newest answer first."""
    words = select(NEWCOMERS).where(NEWCOMERS.c.state.in_((TAKEN, DECLINED)))
    words = words.order_by(NEWCOMERS.c.answered_ms.desc()).limit(most)
    return [Newcomer._make(row) for row in connection.execute(words)]


def count_since(connection: Connection, since_ms: int, until_ms: int) -> int:
    """How many came in a span of time, whatever became of them."""
    within = (NEWCOMERS.c.asked_ms > since_ms, NEWCOMERS.c.asked_ms <= until_ms)
    return int(connection.execute(select(func.count()).select_from(NEWCOMERS).where(*within)).scalar_one())


def forget(connection: Connection, before_ms: int, made_way_ms: int) -> None:
    """Drop what came until ``before_ms``, answered or not (the audit trail says what was answered), and until
    ``made_way_ms`` what has made way."""
    made_way = and_(NEWCOMERS.c.state == MADE_WAY, NEWCOMERS.c.asked_ms <= made_way_ms)
    connection.execute(delete(NEWCOMERS).where(or_(NEWCOMERS.c.asked_ms <= before_ms, made_way)))


def make_way(connection: Connection, number: int) -> None:
    """One that waits makes way for a newer one."""
    connection.execute(update(NEWCOMERS).where(NEWCOMERS.c.id == number).values(state=MADE_WAY))


def drop(connection: Connection, number: int) -> None:
    """Forget one."""
    connection.execute(delete(NEWCOMERS).where(NEWCOMERS.c.id == number))


def answer(connection: Connection, number: int, state: int, by: str, at_ms: int) -> bool:
    """Answer one; False if somebody has answered it before."""
    one = update(NEWCOMERS).where(NEWCOMERS.c.id == number, NEWCOMERS.c.state == WAITING)
    return bool(connection.execute(one.values(state=state, answerer=by, answered_ms=at_ms)).rowcount)
