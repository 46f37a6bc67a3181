"""Rows of throttles: what failed under which key, and until when it is refused."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import and_, delete, or_, select

from village_node.store import audit, peers, rows
from village_node.store.audit import Line
from village_node.store.database import Store
from village_node.store.reserve import with_the_reserve
from village_node.store.tables.accounts import THROTTLE


class ThrottleRow(NamedTuple):
    """How often something failed under a key, and until when it is refused."""

    key: str
    failures: int
    last_ms: int
    blocked_until_ms: int


class ThrottleRows:
    """Reads on a reader; writes each in one transaction, one at a time. Raises NotSaved when the disk refuses."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def throttle(self, key: str) -> ThrottleRow | None:
        """One throttle."""
        with self._store.reading() as connection:
            row = connection.execute(select(THROTTLE).where(THROTTLE.c.key == key)).first()
        return ThrottleRow._make(row) if row else None

    def throttles(self, prefix: str) -> list[ThrottleRow]:
        """Every throttle whose key begins so, by key."""
        query = select(THROTTLE).where(THROTTLE.c.key.startswith(prefix, autoescape=True)).order_by(THROTTLE.c.key)
        with self._store.reading() as connection:
            return [ThrottleRow._make(row) for row in connection.execute(query)]

    @with_the_reserve
    def change_throttle(
        self,
        key: str,
        change: Callable[[ThrottleRow | None], ThrottleRow | None],
        tell: Callable[[ThrottleRow], Line | None] = lambda changed: None,
    ) -> ThrottleRow | None:
        """Read a throttle, let ``change`` say what it shall be (None: nothing), store and return that; all at once,
        with the line that ``tell`` has for it."""
        with self._store.writing() as connection:
            # One throttle at a time, also where no row is there yet that could be locked.
            peers.count_up(connection, "throttle")
            row = connection.execute(select(THROTTLE).where(THROTTLE.c.key == key)).first()
            changed = change(ThrottleRow._make(row) if row else None)
            if changed is None:
                connection.execute(delete(THROTTLE).where(THROTTLE.c.key == key))
            else:
                rows.put(connection, THROTTLE, [changed])
                audit.tell(connection, tell(changed))
            return changed

    @with_the_reserve
    def change_throttles(
        self, keys: Sequence[str], change: Callable[[Mapping[str, ThrottleRow]], Sequence[ThrottleRow]]
    ) -> None:
        """Read several throttles and store what ``change`` makes of those that are there; all at once."""
        with self._store.writing() as connection:
            peers.count_up(connection, "throttle")
            held = map(ThrottleRow._make, connection.execute(select(THROTTLE).where(THROTTLE.c.key.in_(keys))))
            rows.put(connection, THROTTLE, change({row.key: row for row in held}))

    @with_the_reserve
    def drop_throttles(self, keys: Collection[str], told: Line) -> None:
        """Forget what was counted under these keys, with the line that says who did so."""
        with self._store.writing() as connection:
            peers.count_up(connection, "throttle")
            connection.execute(delete(THROTTLE).where(THROTTLE.c.key.in_(keys)))
            audit.tell(connection, told)

    @with_the_reserve
    def purge_throttle(self, last_before_ms: int, longer: str, longer_before_ms: int) -> int:
        """Forget throttles that have not failed for long, those whose key begins with ``longer`` only if they have not
        since ``longer_before_ms``; how many."""
        last, is_longer = THROTTLE.c.last_ms, THROTTLE.c.key.startswith(longer, autoescape=True)
        over = or_(and_(last < last_before_ms, ~is_longer), and_(last < longer_before_ms, is_longer))
        with self._store.writing() as connection:
            return connection.execute(delete(THROTTLE).where(over)).rowcount
