"""The county's PostgreSQL server, which is killed as well: whole, by halves, or told to drop everything at once."""

import random
import threading
import time
from collections.abc import Callable
from typing import Final

import psycopg

from tests.postgresql import Cluster

BACK_S: Final = 30.0
LOOK_EVERY_S: Final = 0.02


class Server:
    """One server, which loses its processes and comes back."""

    def __init__(self, cluster: Cluster, url: str, chance: random.Random) -> None:
        self._cluster, self._url, self._chance = cluster, url, chance
        self.kills = 0
        self._gone = False

    def kill_after(self, seconds: float) -> None:
        """Let it work for so long, then kill all of it, or the process of one connection, or let it drop everything.

        Raises TimeoutError where it does not notice that one of its processes was killed.
        """
        threading.Event().wait(seconds)
        way = self._chance.randrange(3)
        if way == 0 and self._kill_one():
            self._gone = False
        elif way == 1:
            self._cluster.halt()
            self._gone = True
        else:
            self._cluster.kill()
            self._gone = True
        self.kills += 1

    def start(self) -> None:
        """Start it where it is gone, and wait until it answers. Raises RuntimeError, TimeoutError."""
        if self._gone:
            self._cluster.resume()
            self._gone = False
        self._until(self._answers)

    def _kill_one(self) -> bool:
        with psycopg.connect(self._url, autocommit=True) as ours:
            if not self._cluster.kill_one(self._chance, but=ours.info.backend_pid):
                return False

            def thrown_out() -> bool:
                try:
                    ours.execute("SELECT 1")
                except psycopg.Error:
                    return True
                return False

            self._until(thrown_out)
        return True

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._url).close()
        except psycopg.Error:
            return False
        return True

    def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + BACK_S
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server: not {done.__name__.strip('_')} in {BACK_S:g} s")
            threading.Event().wait(LOOK_EVERY_S)
