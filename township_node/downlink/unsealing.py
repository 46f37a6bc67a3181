"""Opening what children seal to this place, and sealing what they are answered.

A context is kept in memory alone, and only once a child of ours has signed what came under it: so strangers fill
nothing, and a start forgets all of them, which costs each child one request.
"""

import threading
from collections.abc import Callable
from typing import Final

from sync_protocol.errors import NotSealed
from sync_protocol.exchange import (
    EXCHANGES,
    INQUIRIES,
    Context,
    Request,
    Sealed,
    open_context,
    open_request,
    read_request,
    read_sealed,
    seal_reply,
)
from sync_protocol.suites import OpeningKey
from village_node.casebook import Casebook, NotAllowed

_KEPT: Final = 2  # contexts for one name of a child: of two machines with one identity neither pushes out the other
_LOOK_EVERY_MS: Final = 1_000  # at most so often are the key files read for something that none of them opens


class Unsealing:
    """The sealed side of the door. Thread-safe."""

    def __init__(
        self,
        casebook: Casebook,
        place: str,
        network_id: Callable[[], bytes],
        clock: Callable[[], int],
    ) -> None:
        """Nothing is known yet: the first request of each child brings what its others are sealed under. `clock` in ms
        since 1970."""
        self._casebook = casebook
        self._place = place
        self._network_id = network_id
        self._clock = clock
        self._looked_ms: int | None = None  # the files, for nothing
        self._keys: list[OpeningKey] = []
        self._lock = threading.Lock()
        self._looking = threading.Lock()  # at the files
        self._by_name: dict[bytes, list[Context]] = {}
        self._of_child: dict[bytes, list[Context]] = {}

    def answer(self, raw: bytes, answer: Callable[[Request, bool], bytes]) -> bytes:
        """A request answered in its own form. `answer`: is told whether the request begins a context. Raises
        ProtocolError, and what `answer` raises."""
        sealed = read_sealed(raw)
        if sealed is None:
            request = read_request(raw)
            if request.challenge is not None:
                raise NotSealed("a request with a challenge must be sealed to a key of this place")
            return answer(request, False)
        context, opened = self._opened(sealed)
        request = read_request(opened)
        if request.challenge is None:
            # Whoever seals has a challenge to sign; without one there is nothing to hide, and nobody to keep this for.
            raise NotSealed("a request without a challenge must not be sealed")
        reply = answer(request, sealed.opening is not None)
        if sealed.opening is not None:
            self._keep(request.sender, context)
        return seal_reply(context, sealed, reply)

    def answer_once(self, raw: bytes, answer: Callable[[Request], bytes]) -> bytes:
        """A question answered under a context of its own, which nobody keeps. Raises ProtocolError, and what `answer`
        raises."""
        sealed = read_sealed(raw)
        if sealed is None or sealed.opening is None:
            raise NotSealed("a question must be sealed to a key of this place")
        context = self._begun(sealed, INQUIRIES)
        return seal_reply(context, sealed, answer(read_request(open_request(context, sealed))))

    def _opened(self, sealed: Sealed) -> tuple[Context, bytes]:
        """The context that a request is sealed under, and what it says. Raises NotSealed."""
        if sealed.opening is not None:
            context = self._begun(sealed, EXCHANGES)
            return context, open_request(context, sealed)
        with self._lock:
            named = tuple(self._by_name.get(sealed.name, ()))
        for context in named:
            try:
                return context, open_request(context, sealed)
            except NotSealed:
                continue
        raise NotSealed("sealed under a context that is not known here any more: begin another one")

    def _begun(self, sealed: Sealed, use: str) -> Context:
        """The context that a request begins. Where none of the keys at hand opens it, the files are looked at again."""
        try:
            return self._open_context(sealed, use)
        except NotSealed:
            with self._looking:  # children that come together after a start wait for the one that looks
                return self._looked_for(sealed, use)

    def _open_context(self, sealed: Sealed, use: str) -> Context:
        return open_context(self._keys, self._network_id(), self._place, sealed, use)

    def _looked_for(self, sealed: Sealed, use: str) -> Context:
        """After a look for nothing there is none for a moment, since anybody can ask for that."""
        try:
            return self._open_context(sealed, use)  # somebody else has looked meanwhile
        except NotSealed:
            now, before = self._clock(), self._looked_ms
            if before is not None and abs(now - before) < _LOOK_EVERY_MS:  # a clock set back ends the wait
                raise
            self._looked_ms = now
            try:
                self._keys = self._casebook.opening_keys()
            except NotAllowed:  # the log says which file: nobody outside is told
                raise NotSealed("no key of this place can be read at present: its people have to restore it") from None
            context = self._open_context(sealed, use)
            self._looked_ms = before
            return context

    def _keep(self, child: bytes, context: Context) -> None:
        """Remember a context that a child of ours has signed something under; its oldest one makes way."""
        with self._lock:
            own = self._of_child.setdefault(child, [])
            if any(each.opening == context.opening for each in own):
                return
            own.append(context)
            self._by_name.setdefault(context.name, []).append(context)
            while len(own) > _KEPT:
                gone = own.pop(0)
                left = [each for each in self._by_name[gone.name] if each is not gone]
                if left:
                    self._by_name[gone.name] = left
                else:
                    del self._by_name[gone.name]
