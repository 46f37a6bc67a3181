"""The audit chain: who did what at this node, each line covering the one before, without a gap.

A line belongs into the transaction of the act that it is about, so that a power cut leaves both or neither. Only of
what changes nothing here (somebody reads what is masked, is refused, starts the node) a line stands alone, and before.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, or_, select

from village_node.store import peers, rows
from village_node.store.tables.audit import AUDIT

NO_LINE_BEFORE: Final = bytes(32)
# Names under which the node remembers how many lines there are, and what the last look at them found.
COUNT: Final = "audit"
CHECKED: Final = "audit.checked"
MARK: Final = "audit.mark"


class Line(NamedTuple):
    """What is to be written: when, who (a staff number, `node`, or nobody), what was done, and to what."""

    at_ms: int
    actor: str
    action: str
    subject: str
    detail: Mapping[str, object]


class Checked(NamedTuple):
    """What the last look at the whole chain found: when, how many lines were sound before the first break, the hash of
    the last of these (hex), the number of the first line that is not (0: all are), how many breaks there are and the
    number of the newest; ``signed``: of which line this node had said the hash upward before (0: of none)."""

    at_ms: int
    lines: int
    hash: str
    broken: int
    breaks: int = 0
    newest: int = 0
    signed: int = 0


class Mark(NamedTuple):
    """A line of the chain: its number, and the hash that it bore."""

    n: int
    hash: bytes


class Looked(NamedTuple):
    """What a look at some lines found: the ``last`` of them; the numbers of those that are broken, and the line before
    the first (the last, where none is); whether a line bears another hash than a mark says; whether more may follow."""

    last: Mark
    broken: tuple[int, ...]
    sound: Mark
    betrayed: bool
    more: bool


class AuditRow(NamedTuple):
    """One line of the audit chain; ``detail`` is JSON, ``hash`` covers the line before and this one."""

    n: int
    at_ms: int
    actor: str
    action: str
    subject: str
    detail: str
    hash: bytes


def append(connection: Connection, line: Line) -> AuditRow:
    """Add a line to the chain. After it the transaction takes no lock but that of the news: lines of all workers wait
    for one another."""
    return append_many(connection, [line])[0]


def append_many(connection: Connection, lines: Sequence[Line]) -> list[AuditRow]:
    """The same for several, one after the other."""
    first = peers.count_up(connection, COUNT, len(lines)) - len(lines) + 1
    before = connection.scalar(select(AUDIT.c.hash).where(AUDIT.c.n == first - 1)) or NO_LINE_BEFORE
    made: list[AuditRow] = []
    for n, line in enumerate(lines, start=first):
        detail = _json(dict(line.detail))
        made.append(AuditRow(n, *line[:4], detail, _hash(before, (n, *line[:4], detail))))
        before = made[-1].hash
    rows.insert(connection, AUDIT, made)
    return made


def verify(connection: Connection, after: int, before: bytes, limit: int, marks: Collection[Mark] = ()) -> Looked:
    """Compute so many lines again, those after line ``after`` whose hash is ``before``; see ``Looked``.

    A line is broken where its hash covers other words, where it is missing, or where it bears another hash than one of
    ``marks`` says. What follows is computed from the hash that stands there, so that a later break is found as well;
    only of the line after a gap nothing can be said.
    """
    query = select(AUDIT).where(AUDIT.c.n > after).order_by(AUDIT.c.n).limit(limit)
    found = connection.execute(query).all()
    last, broken, betrayed = Mark(after, before), dict[int, Mark](), False
    for row in found:
        other = any(mark.n == row.n and mark.hash != row.hash for mark in marks)
        if other or row.n != last.n + 1 or row.hash != _hash(last.hash, tuple(row[:6])):
            broken[last.n + 1] = last
        last, betrayed = Mark(row.n, row.hash), betrayed or other
    return Looked(last, tuple(broken), next(iter(broken.values()), last), betrayed, len(found) == limit)


def head(connection: Connection) -> Mark | None:
    """The last line; None where there is none."""
    row = connection.execute(select(AUDIT.c.n, AUDIT.c.hash).order_by(AUDIT.c.n.desc()).limit(1)).first()
    return Mark(*row) if row is not None else None


def hash_of(connection: Connection, n: int) -> bytes | None:
    """What a line bears; None where there is none of this number."""
    found: bytes | None = connection.scalar(select(AUDIT.c.hash).where(AUDIT.c.n == n))
    return found


def was_there(connection: Connection, actor: str, from_ms: int, to_ms: int) -> bool:
    """Whether somebody did anything here, from one time to before another."""
    words = "SELECT 1 FROM audit WHERE actor = ? AND at_ms >= ? AND at_ms < ? LIMIT 1"
    return bool(rows.ask(connection, words, (actor, from_ms, to_ms)))


def count(connection: Connection) -> int:
    """How many lines were ever written."""
    return peers.number(connection, COUNT) or 0


def note_checked(connection: Connection, found: Checked, mark: Mark | None) -> None:
    """Keep what a look at the chain found, for the pages of every worker, and the mark that the next one demands; the
    one before where there is none."""
    peers.remember_bytes(connection, CHECKED, _json(list(found)).encode())
    if mark is not None:
        peers.remember_bytes(connection, MARK, _json([mark.n, mark.hash.hex()]).encode())


def mark(connection: Connection) -> Mark | None:
    """How far the chain reached at the last look, and what its last line bore."""
    raw = peers.bytes_of(connection, MARK)
    if not raw:
        return None
    n, line_hash = json.loads(raw)
    return Mark(n, bytes.fromhex(line_hash))


def checked(connection: Connection) -> Checked | None:
    """What the last look at the chain found."""
    raw = peers.bytes_of(connection, CHECKED)
    return Checked(*json.loads(raw)) if raw else None


def tell(connection: Connection, told: Line | None) -> None:
    """Write a line, where there is one."""
    if told is not None:
        append(connection, told)


class Wanted(NamedTuple):
    """Which lines are wanted: that hold a text in who, what, about what or the details; from a time on, and before one
    (ms); of certain actions. All where nothing is said."""

    text: str = ""
    since_ms: int | None = None
    until_ms: int | None = None
    actions: tuple[str, ...] = ()


EVERY_LINE: Final = Wanted()


def newest(
    connection: Connection, limit: int, before: int | None = None, action: str = "", wanted: Wanted = EVERY_LINE
) -> list[AuditRow]:
    """Lines of the chain, the newest first; only those before line ``before``, of one ``action``, or that are
    ``wanted``, where given. Of actions only their own lines are read, however long the chain is."""
    found = [
        AuditRow._make(row)
        for each in ([action] if action else wanted.actions or [""])
        for row in connection.execute(lines_of(each, limit, before, wanted))
    ]
    return sorted(found, reverse=True)[:limit]


def lines_of(action: str, limit: int, before: int | None, wanted: Wanted) -> Select[Any]:
    """The newest lines of one action, of every one where it is empty."""
    query = select(AUDIT).order_by(AUDIT.c.n.desc()).limit(limit)
    if action:
        query = query.where(AUDIT.c.action == action)
    if wanted.text:
        searched = (AUDIT.c.actor, AUDIT.c.action, AUDIT.c.subject, AUDIT.c.detail)
        query = query.where(or_(*(each.icontains(wanted.text, autoescape=True) for each in searched)))
    if wanted.since_ms is not None:
        query = query.where(AUDIT.c.at_ms >= wanted.since_ms)
    if wanted.until_ms is not None:
        query = query.where(AUDIT.c.at_ms < wanted.until_ms)
    return query.where(AUDIT.c.n < before) if before is not None else query


def subjects(connection: Connection, actor: str, action: str) -> set[str]:
    """What somebody has done one action to, each once."""
    query = select(AUDIT.c.subject).where(AUDIT.c.actor == actor, AUDIT.c.action == action)
    return set(connection.scalars(query))


def _hash(before: bytes, line: tuple[Any, ...]) -> bytes:
    """What covers a line and the one before it: ``line`` is number, time, who, what, about what, and the details as the
    text that is kept."""
    covered = f"{_json(line[:5])[:-1]},{line[5]}]"
    return sha256(before + covered.encode("utf-8", "surrogatepass")).digest()


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
