"""A node's data directory opened again after a power cut, by the node's own code, as a start of its program does."""

import functools
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest import mock

from center_node import app as county_app
from tests import builders
from tests.builders import Member
from tests.closing import DAY_MS
from village_node import app, config
from village_node.accounts import Accounts
from village_node.accounts.passwords import Hasher
from village_node.casebook import Casebook
from village_node.rebirth import Lives
from village_node.store import Connection, open_store
from village_node.store.accounts import AccountRows

LATER_MS: Final = builders.START_MS + 90 * DAY_MS
CATALOGUE: Final = app.starter_catalogue()
HASHER: Final = Hasher(bytes)  # nobody signs in here, and a hash takes as long as twenty states
MAKERS: Final = {"village": app.create_node, "county": county_app.create_node}


class Fault(NamedTuple):
    """What does not hold: `lost`, `unopenable`, `corrupt`, `beyond`, `stuck`; and where."""

    kind: str
    words: str


@dataclass
class Node:
    """A node as its start leaves it, without pages and uplink."""

    data: Path
    member: Member
    accounts: Accounts

    def ask(self, words: str, *values: Any) -> list[Any]:
        """Rows, as tuples."""
        with self.member.store.reading() as connection:
            return rows_of(connection, words, values)


def rows_of(connection: Connection, words: str, values: Sequence[Any]) -> list[Any]:
    """Rows as the driver gives them: most of the time of a check would else go into dressing them up."""
    driver: Any = connection.connection.driver_connection
    return list(driver.execute(words, values))


@contextmanager
def wired(data: Path) -> Iterator[Node]:
    """The node in this directory with all that its program gives it."""
    chosen = config.load(data)
    with mock.patch.object(app, "Accounts", functools.partial(Accounts, hasher=HASHER)):
        node = MAKERS[chosen.level](chosen)
    try:
        yield Node(data, Member(node.identity, node.store, node.casebook, builders.Clock()), node.accounts)
    finally:
        node.close()


@contextmanager
def opened(data: Path, life: int = 0) -> Iterator[Node]:
    """The node in this directory, store, casebook and accounts: what a start opens, in a tenth of the time."""
    chosen = config.load(data)
    who = app.member(data)
    store = open_store(chosen.database)
    try:
        chance = random.Random(f"after {life}").randbytes
        clock = builders.Clock(LATER_MS)
        lives = Lives(data, builders.Network.machine, random.Random(f"lives {life}").randbytes)
        book = Casebook(store, who, clock, chance, CATALOGUE, lives)
        accounts = Accounts(AccountRows(store), who.level, clock, chance, HASHER)
        yield Node(data, Member(book.identity, store, book, clock), accounts)
    finally:
        store.close()
