"""What did not enter a stream: parked segments, samples of refused ones, and what peers answered about ours."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from village_node.store import rows
from village_node.store.tables.peers import ANSWERS, PARKED, REFUSED

SAMPLES: Final = 200  # refused rows kept of each sender; beyond that its own oldest make way, and nobody else's


class ParkedRow(NamedTuple):
    """One row of ``parked`` without its id, in the order of its columns; ``segment`` stands alone."""

    sender: bytes
    incarnation: bytes
    scope: str
    first_seq: int
    last_seq: int
    code: int
    size: int
    arrived_ms: int
    segment: bytes


class Waiting(NamedTuple):
    """Where a parked segment belongs; the segment itself is read only when it can be tried."""

    id: int
    sender: bytes
    incarnation: bytes
    scope: str
    first_seq: int
    size: int


class RefusedRow(NamedTuple):
    """One row of ``refused`` without its id, in the order of its columns."""

    sender: bytes
    incarnation: bytes
    scope: str
    seq: int
    code: int
    detail: str
    times: int
    last_ms: int
    sample: bytes | None


class ParkedLine(NamedTuple):
    """A parked segment as a list shows it."""

    sender: bytes
    incarnation: bytes
    scope: str
    first_seq: int
    last_seq: int
    code: int
    size: int
    arrived_ms: int


class RefusedLine(NamedTuple):
    """A refusal as a list shows it; ``sampled``: whether a sample of it is kept."""

    id: int
    sender: bytes
    incarnation: bytes
    scope: str
    seq: int
    code: int
    detail: str
    times: int
    last_ms: int
    sampled: bool


class AnswerRow(NamedTuple):
    """One row of ``answers``: what a peer said of an event; disposition 1 parked, 2 refused."""

    peer: bytes
    incarnation: bytes
    scope: str
    seq: int
    disposition: int
    code: int
    at_ms: int


def park(connection: Connection, row: ParkedRow) -> None:
    """Keep a segment that may still join; the same one again changes nothing."""
    key = (PARKED.c.sender, PARKED.c.incarnation, PARKED.c.scope, PARKED.c.first_seq, PARKED.c.last_seq)
    there = connection.scalar(select(PARKED.c.id).where(rows.among(key, [row[:5]])))
    if there is None:
        connection.execute(insert(PARKED).values(row._asdict()))
    else:
        connection.execute(update(PARKED).where(PARKED.c.id == there).values(code=row.code, segment=row.segment))


def parked(connection: Connection) -> list[Waiting]:
    """Where every parked segment belongs, in stream order."""
    words = "SELECT id, sender, incarnation, scope, first_seq, size FROM parked ORDER BY incarnation, scope, first_seq"
    return list(map(Waiting._make, rows.ask(connection, words)))


def parked_segment(connection: Connection, number: int) -> bytes:
    """One parked segment, as it was kept."""
    segment: bytes = rows.ask(connection, "SELECT segment FROM parked WHERE id = ?", (number,))[0][0]
    return segment


def unpark(connection: Connection, ids: Iterable[int]) -> None:
    """Forget segments that were stored, refused, or had to make way."""
    for some in rows.chunks(ids):
        connection.execute(delete(PARKED).where(PARKED.c.id.in_(some)))


def crowded(connection: Connection, sender: bytes, most: int, most_bytes: int) -> list[Waiting]:
    """The oldest segments of a sender that must make way so that its staging is within the limits."""
    words = "SELECT id, sender, incarnation, scope, first_seq, size FROM parked WHERE sender = ? ORDER BY id DESC"
    size = 0
    crowd = []
    for kept, row in enumerate(map(Waiting._make, rows.ask(connection, words, (sender,))), start=1):
        size += row.size
        if kept > most or size > most_bytes:
            crowd.append(row)
    return crowd


def parked_counts(connection: Connection) -> dict[tuple[bytes, str], int]:
    """(incarnation, scope) -> events that are parked."""
    query = select(PARKED.c.incarnation, PARKED.c.scope, func.sum(PARKED.c.last_seq - PARKED.c.first_seq + 1)).group_by(
        PARKED.c.incarnation, PARKED.c.scope
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def parked_since(connection: Connection) -> list[tuple[bytes, str, int, int]]:
    """Of each incarnation and scope: how many events are parked, and when the first of them came, in ms."""
    words = (
        "SELECT incarnation, scope, sum(last_seq - first_seq + 1), min(arrived_ms) FROM parked"
        " GROUP BY incarnation, scope"
    )
    return [(bytes(row[0]), row[1], int(row[2]), int(row[3])) for row in rows.ask(connection, words)]


def refuse(connection: Connection, row: RefusedRow) -> None:
    """Count a refusal and keep a sample of it; the same one again only counts."""
    row = row._replace(detail=row.detail.replace("\0", ""))
    key = (REFUSED.c.sender, REFUSED.c.incarnation, REFUSED.c.scope, REFUSED.c.seq, REFUSED.c.code)
    same = rows.among(key, [row[:5]])
    again = update(REFUSED).where(same).values(times=REFUSED.c.times + 1, last_ms=row.last_ms, detail=row.detail)
    if connection.execute(again).rowcount:
        return
    connection.execute(insert(REFUSED).values(row._asdict()))
    mine = REFUSED.c.sender == row.sender
    newest = select(REFUSED.c.id).where(mine).order_by(REFUSED.c.id.desc()).limit(SAMPLES)
    oldest = connection.scalar(select(func.min(newest.subquery().c.id)))
    connection.execute(delete(REFUSED).where(mine, REFUSED.c.id < oldest))


def forget_refused(connection: Connection, keys: Iterable[tuple[bytes, str]], code: int) -> None:
    """What was refused of these streams for this reason is taken from now on."""
    for key in sorted(keys):
        rows.do(connection, "DELETE FROM refused WHERE incarnation = ? AND scope = ? AND code = ?", (*key, code))


def forget_samples(connection: Connection, keys: Iterable[tuple[bytes, str]]) -> None:
    """Keep of what was refused of these streams that it was, and nothing of what was in it."""
    for key in sorted(keys):
        rows.do(connection, "UPDATE refused SET sample = NULL WHERE incarnation = ? AND scope = ?", key)


def refused_counts(connection: Connection) -> dict[tuple[bytes, str], int]:
    """(incarnation, scope) -> positions refused here at least once."""
    query = select(REFUSED.c.incarnation, REFUSED.c.scope, func.count()).group_by(
        REFUSED.c.incarnation, REFUSED.c.scope
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def refused(connection: Connection, most: int) -> list[RefusedRow]:
    """The samples of what was refused here, the newest first."""
    query = select(REFUSED).order_by(REFUSED.c.last_ms.desc(), REFUSED.c.id.desc()).limit(most)
    return [RefusedRow._make(row[1:]) for row in map(tuple, connection.execute(query))]


def listed_parked(connection: Connection, most: int) -> list[ParkedLine]:
    """What is parked here, what came last first."""
    names = ", ".join(ParkedLine._fields)
    words = f"SELECT {names} FROM parked ORDER BY arrived_ms DESC, id DESC LIMIT ?"  # noqa: S608
    return list(map(ParkedLine._make, rows.ask(connection, words, (most,))))


def listed_refused(connection: Connection, most: int) -> list[RefusedLine]:
    """What was refused here, the newest first, without the samples."""
    names = ", ".join(RefusedLine._fields[:-1])
    words = f"SELECT {names}, sample IS NOT NULL FROM refused ORDER BY last_ms DESC, id DESC LIMIT ?"  # noqa: S608
    return [RefusedLine._make((*row[:9], bool(row[9]))) for row in rows.ask(connection, words, (most,))]


def refused_sample(connection: Connection, number: int) -> bytes | None:
    """The sample kept of one refusal."""
    found = rows.ask(connection, "SELECT sample FROM refused WHERE id = ?", (number,))
    return bytes(found[0][0]) if found and found[0][0] is not None else None


def keep_answers(connection: Connection, answers: Sequence[AnswerRow]) -> None:
    """Store what a peer said of events it did not take; a newer answer replaces the older."""
    if not answers:
        return
    newest = {row[:4]: row for row in answers}
    rows.put(connection, ANSWERS, sorted(newest.values()))


def forget_answers(connection: Connection, peer: bytes, incarnation: bytes, scope: str, upto: int) -> None:
    """A peer holds the stream up to here after all."""
    words = "DELETE FROM answers WHERE peer = ? AND incarnation = ? AND scope = ? AND seq <= ?"
    rows.do(connection, words, (peer, incarnation, scope, upto))


def answers(connection: Connection, peer: bytes | None = None) -> list[AnswerRow]:
    """What peers (or this one) said of events they did not take."""
    query = select(ANSWERS)
    if peer is not None:
        query = query.where(ANSWERS.c.peer == peer)
    return [AnswerRow._make(row) for row in connection.execute(query)]
