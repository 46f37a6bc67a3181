"""Rows of webhooks: where news of cases is sent to, and what each of them has still to be sent."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from village_node.store import audit, peers, rows
from village_node.store.audit import Line
from village_node.store.database import Store
from village_node.store.locks import CaseKey
from village_node.store.reserve import with_the_reserve
from village_node.store.tables.webhooks import WEBHOOK_NEWS, WEBHOOKS

MOST_LISTED: Final = 500
_LOCK: Final = "webhooks"
_LIVING: Final = "SELECT id, states, item_no, place FROM webhooks WHERE ended_ms IS NULL"
_STATES: Final = "SELECT scope, case_id, case_no, state FROM cases WHERE (scope, case_id) IN (KEYS)"


class WebhookRow(NamedTuple):
    """One row of ``webhooks``, in the order of its columns. ``states``: codes between blanks. ``seq``: of the message
    that was taken last. ``gone``: the receiver has said that it wants none any more. ``dropped``: how much news was
    dropped beyond the bound since ``dropped_ms``, ``untold`` of it unknown to the receiver."""

    id: int
    name: str
    url: str
    secret: bytes
    states: str
    item_no: str | None
    place: str | None
    made_by: str
    created_ms: int
    ended_ms: int | None = None
    seq: int = 0
    delivered_ms: int | None = None
    failures: int = 0
    first_failure_ms: int | None = None
    next_attempt_ms: int | None = None
    last_error: str | None = None
    gone: bool = False
    dropped: int = 0
    dropped_ms: int | None = None
    untold: int = 0


class Wanted(NamedTuple):
    """What one webhook wants to hear: news of cases that come into one of these states (between blanks), of one item
    and at one place with those below it, where these are named."""

    id: int
    states: str
    item_no: str | None
    place: str | None


class NewsRow(NamedTuple):
    """One row of ``webhook_news``, in the order of its columns; ``number`` 0 until it is kept."""

    number: int
    webhook: int
    case_id: bytes
    case_no: str
    item_no: str | None
    place: str
    state_before: str | None
    state: str
    at_ms: int


def wanted(connection: Connection) -> list[Wanted]:
    """What is wanted by all that live: asked with every fold, so it costs next to nothing."""
    return [Wanted._make(row) for row in rows.ask(connection, _LIVING)]


def states_of(connection: Connection, keys: Collection[CaseKey]) -> dict[CaseKey, tuple[str | None, str | None]]:
    """The receipt number and the state that the rows of cases have."""
    return {(row[0], row[1]): (row[2], row[3]) for row in rows.ask_among(connection, _STATES, keys)}


def add_news(connection: Connection, news: Sequence[NewsRow]) -> None:
    """Have this sent. Of one case the later has the larger number: whoever writes it holds the case."""
    kept = [each._asdict() for each in news]
    for values in kept:
        del values["number"]
    if kept:
        connection.execute(insert(WEBHOOK_NEWS), kept)


def any_kept(connection: Connection) -> bool:
    """Whether there is a secret of any."""
    return bool(rows.ask(connection, "SELECT 1 FROM webhooks WHERE ended_ms IS NULL LIMIT 1"))


class WebhookRows:
    """Reads on a reader; writes each in one transaction, acts of people with their audit line. Raises NotSaved."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @with_the_reserve
    def add(self, row: WebhookRow, most: int, told: Line) -> bool:
        """Keep a new one; its number is given here. False where there are as many as there may be."""
        values = row._asdict()
        del values["id"]
        living = select(func.count()).select_from(WEBHOOKS).where(WEBHOOKS.c.ended_ms.is_(None))
        with self._store.writing() as connection:
            peers.count_up(connection, _LOCK)
            if (connection.scalar(living) or 0) >= most:
                return False
            connection.execute(insert(WEBHOOKS).values(values))
            audit.append(connection, told)
            return True

    def get(self, number: int) -> WebhookRow | None:
        """One of them."""
        with self._store.reading() as connection:
            row = connection.execute(select(WEBHOOKS).where(WEBHOOKS.c.id == number)).first()
        return WebhookRow._make(row) if row else None

    def all(self) -> list[WebhookRow]:
        """Those that live before those that have ended, the newest first."""
        query = select(WEBHOOKS).order_by(WEBHOOKS.c.ended_ms.is_not(None), WEBHOOKS.c.id.desc()).limit(MOST_LISTED)
        with self._store.reading() as connection:
            return [WebhookRow._make(row) for row in connection.execute(query)]

    def living(self) -> list[WebhookRow]:
        """Those that have not ended."""
        query = select(WEBHOOKS).where(WEBHOOKS.c.ended_ms.is_(None)).order_by(WEBHOOKS.c.id)
        with self._store.reading() as connection:
            return [WebhookRow._make(row) for row in connection.execute(query)]

    def waiting(self) -> dict[int, int]:
        """How much news waits, by the number of the webhook; of those that live."""
        mine = select(WEBHOOK_NEWS.c.webhook, func.count()).join_from(WEBHOOK_NEWS, WEBHOOKS)
        query = mine.where(WEBHOOKS.c.ended_ms.is_(None)).group_by(WEBHOOK_NEWS.c.webhook)
        with self._store.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    @with_the_reserve
    def end(self, number: int, now_ms: int, told: Line) -> bool:
        """End one now, with what it has not been sent and its secret; False if there is none that lives."""
        change = update(WEBHOOKS).where(WEBHOOKS.c.id == number, WEBHOOKS.c.ended_ms.is_(None))
        with self._store.writing() as connection:
            if connection.execute(change.values(ended_ms=now_ms, secret=b"")).rowcount != 1:
                return False
            connection.execute(delete(WEBHOOK_NEWS).where(WEBHOOK_NEWS.c.webhook == number))
            audit.append(connection, told)
            return True

    @with_the_reserve
    def resend(self, number: int, told: Line) -> bool:
        """Have it tried at once, also where its receiver wanted none any more; False if there is none that lives."""
        change = update(WEBHOOKS).where(WEBHOOKS.c.id == number, WEBHOOKS.c.ended_ms.is_(None))
        with self._store.writing() as connection:
            if connection.execute(change.values(gone=False, next_attempt_ms=None)).rowcount != 1:
                return False
            audit.append(connection, told)
            return True

    # The sender's

    def next(self, number: int) -> NewsRow | None:
        """What it is to be sent next."""
        query = select(WEBHOOK_NEWS).where(WEBHOOK_NEWS.c.webhook == number).order_by(WEBHOOK_NEWS.c.number).limit(1)
        with self._store.reading() as connection:
            row = connection.execute(query).first()
        return NewsRow._make(row) if row else None

    @with_the_reserve
    def trim(self, number: int, most: int, now_ms: int) -> int:
        """Drop the oldest news beyond so much, and say so in the row; how much."""
        table = WEBHOOK_NEWS.c
        mine = select(table.number).where(table.webhook == number).order_by(table.number.desc())
        with self._store.reading() as connection:
            last = connection.scalar(mine.offset(most).limit(1))
        if last is None:
            return 0
        with self._store.writing() as connection:
            dropped = connection.execute(
                delete(WEBHOOK_NEWS).where(table.webhook == number, table.number <= last)
            ).rowcount
            said = {
                "dropped": WEBHOOKS.c.dropped + dropped,
                "untold": WEBHOOKS.c.untold + dropped,
                "dropped_ms": func.coalesce(WEBHOOKS.c.dropped_ms, now_ms),
            }
            connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == number).values(said))
            return dropped

    @with_the_reserve
    def delivered(self, news: NewsRow, seq: int, now_ms: int) -> None:
        """The receiver has taken this."""
        said = {"seq": seq, "delivered_ms": now_ms, "failures": 0, "untold": 0}
        cleared = dict.fromkeys(("first_failure_ms", "next_attempt_ms", "last_error"))
        with self._store.writing() as connection:
            connection.execute(delete(WEBHOOK_NEWS).where(WEBHOOK_NEWS.c.number == news.number))
            connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == news.webhook).values({**said, **cleared}))

    @with_the_reserve
    def failed(self, number: int, error: str, now_ms: int, next_ms: int, *, gone: bool) -> None:
        """The receiver did not take it, in words, and when it is tried again; ``gone``: not before somebody says so."""
        said = {
            "failures": WEBHOOKS.c.failures + 1,
            "first_failure_ms": func.coalesce(WEBHOOKS.c.first_failure_ms, now_ms),
            "next_attempt_ms": next_ms,
            "last_error": error,
            "gone": gone,
        }
        with self._store.writing() as connection:
            connection.execute(update(WEBHOOKS).where(WEBHOOKS.c.id == number).values(said))
