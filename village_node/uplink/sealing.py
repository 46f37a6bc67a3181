"""How what is said to one ancestor is sealed, so that nobody on the road reads it.

Only what carries no challenge travels in the clear, and it says nothing but where the rosters stand. Nothing unsigned
ever makes a request leave in the clear that would have been sealed: at worst it makes us ask for the key again.
"""

from collections.abc import Callable

from sync_protocol.errors import Malformed, NotSealed, WeakKey
from sync_protocol.exchange import REQUESTS_MOST, Context, RoadKey, begin, open_reply_to, seal_request
from village_node.casebook import Casebook
from village_node.uplink.road import NoAnswer


class Sealing:
    """The context held with one ancestor. Not thread-safe: one exchange in flight."""

    def __init__(self, casebook: Casebook, network_id: bytes, place: str) -> None:
        """`place`: of the ancestor, whose key the casebook remembers from what it has signed."""
        self._casebook = casebook
        self._network_id = network_id
        self._place = place
        self._context: Context | None = None
        self._public = b""
        self._told: bytes | None = None
        self._has_told = False  # in this conversation: else what the casebook remembers holds
        self._sealed = 0
        self._is_known = False  # whether the ancestor has answered under this context
        self._asks = False  # whether what we know of its key is to be asked for again
        self._request = b""
        self.refusals = 0  # in a row, of what was sealed to a key and not under a context

    def ready(self) -> bool:
        """Whether something can be said for nobody else to read. Else the ancestor is to be asked for its key."""
        if self._sealed >= REQUESTS_MOST:
            self._forget()
        if self._context is None and not self._asks:
            # What it said just now holds, whatever it may have said under a higher number before it was put back.
            public = self._told if self._has_told else self._casebook.key_of(self._place)
            try:
                self._context = begin(public, self._network_id, self._place) if public is not None else None
            except (WeakKey, Malformed):
                return False
            self._public = public or b""
        return self._context is not None

    def seal(self, raw: bytes) -> bytes:
        """A request as it travels: the first ones of a context bring the secret, until one was answered."""
        assert self._context is not None, "asked for first"
        self._sealed += 1
        self._request = seal_request(self._context, raw, begins=b"" if self._is_known else self._public)
        return self._request

    def open(self, raw: bytes) -> bytes:
        """The reply to what was sealed last. Raises ProtocolError where it is not one."""
        assert self._context is not None, "asked under it"
        opened = open_reply_to(self._context, self._request, raw)
        self._is_known, self.refusals = True, 0
        return opened

    def said(self, raw: bytes, post: Callable[[bytes], bytes]) -> bytes:
        """A request sealed and sent with `post`, and its reply opened. Raises NoAnswer, ProtocolError."""
        try:
            return self.open(post(self.seal(raw)))
        except NoAnswer as problem:
            if problem.code != NotSealed.code or not self.refused() or not self.ready():
                raise
        # It was started again and has forgotten the context: the same request under another one.
        try:
            return self.open(post(self.seal(raw)))
        except NoAnswer as problem:
            if problem.code == NotSealed.code:
                self.refused()
            raise

    def refused(self) -> bool:
        """It was not opened there: whether another try makes sense at once. An ancestor that has opened others was
        started again and has forgotten the context; one that has not holds another key by now, and is asked for it."""
        again = self._is_known
        self._forget()
        self._asks = not again
        self.refusals += not again
        return again

    def told(self, key: RoadKey | None) -> None:
        """The ancestor has said under its signature which key it has; none where it was asked and named none. What was
        begun with another one ends: the newer key may be there because the older one is no longer to be trusted."""
        self._asks, self._has_told, self._told = False, True, key.public if key is not None else None
        if self._told != self._public:
            self._forget()

    def _forget(self) -> None:
        self._context, self._is_known, self._sealed = None, False, 0
