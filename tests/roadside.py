"""Reading what is sealed on a road, with the keys of whom it is for: so that tests see what nobody else can."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from sync_protocol.errors import ProtocolError
from sync_protocol.exchange import (
    Context,
    Parties,
    begin,
    open_context,
    open_reply_to,
    open_request,
    read_sealed,
    seal_request,
)
from sync_protocol.suites import OpeningKey
from village_node.casebook import Casebook


class Roadside:
    """Every context that began on some roads."""

    def __init__(self) -> None:
        self._contexts: dict[bytes, list[Context]] = {}

    def request(
        self, raw: bytes, keys: Callable[[], Sequence[OpeningKey]], network_id: bytes, place: str
    ) -> tuple[bytes, Context | None]:
        """What a request to a node of this place says, and under which context; as it is where it is not sealed, or
        nobody there can open it."""
        with suppress(ProtocolError):
            sealed = read_sealed(raw)
            if sealed is None:
                return raw, None
            if sealed.opening is not None:
                context = open_context(keys(), network_id, place, sealed)
                self._contexts.setdefault(context.name, []).append(context)
                return open_request(context, sealed), context
            for context in self._contexts.get(sealed.name, ()):
                with suppress(ProtocolError):
                    return open_request(context, sealed), context
        return raw, None


def answer_to(context: Context | None, request: bytes, raw: bytes) -> bytes:
    """What the reply to such a request says; as it is where it is not sealed."""
    if context is not None:
        with suppress(ProtocolError):
            return open_reply_to(context, request, raw)
    return raw


class ByHand:
    """One request that a test says in a child's place: sealed where it has a challenge, as a sound child would."""

    def __init__(self, casebook: Casebook, place: str, who: Parties, raw: bytes) -> None:
        """`casebook`: of the ancestor at `place`, whose key it is sealed to."""
        self._context = None
        self.raw = raw
        if who.challenge is not None:
            public = casebook.road_key()
            self._context = begin(public, who.network_id, place)
            self.raw = seal_request(self._context, raw, begins=public)

    def heard(self, raw: bytes) -> bytes:
        """What the reply says."""
        return open_reply_to(self._context, self.raw, raw) if self._context is not None else raw
