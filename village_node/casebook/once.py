"""Doing once what a program asks for twice: the id it chose is kept in the transaction of the act.

Either both are there after a power cut or neither is. So whoever has heard nothing asks again with the same id: where
the act was done he is told what it came to, where it was not it is done now.
"""

from collections.abc import Callable
from typing import Final

from sync_protocol.encoding import decode, encode
from village_node.casebook.errors import AlreadyDone, IdTaken
from village_node.casebook.office import Office
from village_node.store import Connection, Overtaken, peers, requests
from village_node.store.locks import CaseKey
from village_node.store.requests import Request

KEPT_MS: Final = 90 * 86_400_000  # a request that comes again later than that is a new one
LONGEST_STEP_MS: Final = 6 * 3_600_000  # by which one look brings the time of requests forward, whatever the clock says
_TIME: Final = "requests_time"


class Once(Office):
    """The part of the casebook that knows what programs have asked for."""

    def refuse_repeated(self, request: Request) -> None:
        """Look whether this was asked for before. Raises AlreadyDone, IdTaken."""
        with self.store.reading() as connection:
            _refuse_known(connection, request)

    def kept_with(self, request: Request) -> Callable[[Connection, str], None]:
        """What keeps a request in the transaction of an act that is none of a case: it is handed the number that this
        came to, and raises AlreadyDone, IdTaken as an act does."""

        def keep(connection: Connection, number: str) -> None:
            claim(self, connection, request)
            became(connection, request, (number, b""))

        return keep

    def forget_requests(self) -> int:
        """Forget requests after their term; how many. For the housekeeping, several times a day. Raises NotSaved.

        The term is counted in a time of its own: that of the clock, but from one look to the next it takes no step
        back, and none that is longer than looks lie apart. So a clock that is months ahead for a day forgets nothing.
        """
        now_ms = self.clock()
        with self.store.writing() as connection:
            time_ms = arrival_ms(connection, now_ms)
            peers.remember_bytes(connection, _TIME, encode([time_ms, now_ms]))
            return requests.forget(connection, time_ms - KEPT_MS)


def claim(office: Office, connection: Connection, request: Request | None) -> None:
    """Take the id of a request before its act. Raises AlreadyDone, IdTaken where it is taken."""
    if request is None:
        return
    time_ms, _ = time_of(connection, office.clock())
    if not requests.claim(connection, request, time_ms):
        _refuse_known(connection, request)
        raise Overtaken  # forgotten just now: it is claimed anew


def time_of(connection: Connection, now_ms: int) -> tuple[int, int]:
    """The time of requests, and the clock at the last look; both are the clock's where nobody has looked yet."""
    raw = peers.bytes_of(connection, _TIME)
    time_ms, looked_ms = decode(raw) if raw else (now_ms, now_ms)
    return time_ms, looked_ms


def arrival_ms(connection: Connection, now_ms: int) -> int:
    """The time of requests for what comes now: as far after the last look as the next one would bring it."""
    time_ms, looked_ms = time_of(connection, now_ms)
    return time_ms + min(max(now_ms - looked_ms, 0), LONGEST_STEP_MS)


def became(connection: Connection, request: Request | None, key: CaseKey) -> None:
    """Note what a request came to, after its act."""
    if request is not None:
        requests.became(connection, request, key)


def _refuse_known(connection: Connection, request: Request) -> None:
    kept = requests.find(connection, request)
    if kept is not None:
        if kept.digest != request.digest:
            raise IdTaken(request.request_id)
        raise AlreadyDone(*kept.key)
