"""Doing once what a program asks for twice: the id it chose is kept in the transaction of the act.

Either both are there after a power cut or neither is. So whoever has heard nothing asks again with the same id: where
the act was done he is told what it came to, where it was not it is done now.
"""

from typing import Final

from village_node.casebook.errors import AlreadyDone, IdTaken
from village_node.casebook.office import Office
from village_node.store import Connection, requests
from village_node.store.locks import CaseKey
from village_node.store.requests import Request

KEPT_MS: Final = 90 * 86_400_000  # a request that comes again later than that is a new one


class Once(Office):
    """The part of the casebook that knows what programs have asked for."""

    def refuse_repeated(self, request: Request) -> None:
        """Look whether this was asked for before. Raises AlreadyDone, IdTaken."""
        with self.store.reading() as connection:
            _refuse_known(connection, request)

    def forget_requests(self) -> int:
        """Forget requests after their term; how many. Raises NotSaved."""
        with self.store.writing() as connection:
            return requests.forget(connection, self.clock() - KEPT_MS)


def claim(office: Office, connection: Connection, request: Request | None) -> None:
    """Take the id of a request before its act. Raises AlreadyDone, IdTaken where it is taken."""
    if request is not None and not requests.claim(connection, request, office.clock()):
        _refuse_known(connection, request)


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
