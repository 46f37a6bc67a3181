"""Revocations that one person asks for and another at the same node answers: the roster says what became of them."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, insert, select, update

from village_node.store.tables.roster import REVOCATIONS

PENDING, CONFIRMED, REJECTED = range(3)


class Asked(NamedTuple):
    """One row of ``revocations``, in the order of its columns. ``again``: it is revoked already, and what came of it
    since is to stand as well."""

    id: int
    incarnation: bytes
    place: str
    again: int
    reason: str
    asker: str
    asked_ms: int
    state: int
    answerer: str
    answered_ms: int | None
    answer: str


_NEW: Final = (PENDING, "", None, "")


def add(
    connection: Connection, incarnation: bytes, place: str, *, again: bool, reason: str, asker: str, now_ms: int
) -> int:
    """Keep what somebody asks for; its number."""
    values = (incarnation, place, int(again), reason, asker, now_ms, *_NEW)
    names = [column.name for column in REVOCATIONS.columns][1:]
    done = connection.execute(insert(REVOCATIONS).values(dict(zip(names, values, strict=True))))
    (number,) = done.inserted_primary_key or (0,)
    return int(number)


def get(connection: Connection, number: int) -> Asked | None:
    """One of them."""
    row = connection.execute(select(REVOCATIONS).where(REVOCATIONS.c.id == number)).first()
    return Asked._make(row) if row else None


def pending(connection: Connection, incarnation: bytes) -> Asked | None:
    """What waits for an answer about a node."""
    mine = (REVOCATIONS.c.incarnation == incarnation, REVOCATIONS.c.state == PENDING)
    row = connection.execute(select(REVOCATIONS).where(*mine).limit(1)).first()
    return Asked._make(row) if row else None


def asked_with(connection: Connection, asked: Asked) -> list[Asked]:
    """What waits of all that one person has asked for at once about one place, this one among it."""
    same = (
        REVOCATIONS.c.place == asked.place, REVOCATIONS.c.asker == asked.asker, REVOCATIONS.c.again == asked.again,
        REVOCATIONS.c.asked_ms == asked.asked_ms, REVOCATIONS.c.state == PENDING,
    )  # fmt: skip
    words = select(REVOCATIONS).where(*same).order_by(REVOCATIONS.c.id)
    return [Asked._make(row) for row in connection.execute(words)]


def newest(connection: Connection, most: int) -> list[Asked]:
    """Those that wait for an answer, then the others, each the newest first."""
    order = ((REVOCATIONS.c.state != PENDING), REVOCATIONS.c.id.desc())
    return [Asked._make(row) for row in connection.execute(select(REVOCATIONS).order_by(*order).limit(most))]


def answer(connection: Connection, number: int, state: int, by: str, at_ms: int, words: str = "") -> bool:
    """Answer one; False if somebody has answered it before."""
    waiting = update(REVOCATIONS).where(REVOCATIONS.c.id == number, REVOCATIONS.c.state == PENDING)
    done = connection.execute(waiting.values(state=state, answerer=by, answered_ms=at_ms, answer=words))
    return bool(done.rowcount)
