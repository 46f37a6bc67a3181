"""Asking the place above about a case that is not here, while somebody waits at the page.

It goes beside the exchange, on a connection of its own and with no database at hand; only so many at once, and whoever
asks is answered when his patience ends, whatever the road or the resolver of names still does.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import requests

from sync_protocol import limits
from sync_protocol.errors import ProtocolError
from sync_protocol.exchange import (
    BUSY,
    CANNOT,
    INQUIRIES,
    UNREACHED,
    Finding,
    Inquiry,
    Parties,
    begin,
    inquiry_bytes,
    open_finding,
    open_reply_to,
    seal_request,
)
from sync_protocol.roster import Node
from sync_protocol.suites import sha256
from village_node.casebook import Casebook
from village_node.uplink import road
from village_node.uplink.road import NoAnswer

ASK_PATH: Final = "/sync/v1/ask"
AT_ONCE: Final = 2  # of the threads that draw pages and answer those below, so many may wait for the place above
CALLS: Final = 16  # that may go on behind those who have waited long enough: a resolver may hold each for minutes
CONNECT_S: Final = 2.0


class Inquiries:
    """Asks one question at a time on each connection. Thread-safe."""

    def __init__(
        self, casebook: Casebook, network_id: Callable[[], bytes], session_factory: Callable[[], requests.Session]
    ) -> None:
        """Calls nobody before `ask`."""
        self._casebook = casebook
        self._network_id = network_id
        self._session_factory = session_factory
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._calls = threading.BoundedSemaphore(CALLS)

    def ask(self, url: str, ancestor: Node, inquiry: Inquiry) -> Finding:
        """What an ancestor that listens there says, in no more than the patience of the question. Raises StoreError."""
        public = self._casebook.key_of(ancestor.place)
        if public is None or self._casebook.retired:
            return nothing(CANNOT)
        try:
            context = begin(public, self._network_id(), ancestor.place, INQUIRIES)
        except ProtocolError:
            return nothing(CANNOT)
        who = self._casebook.speaker
        parties = Parties(self._network_id(), who.incarnation, ancestor.incarnation, None)
        raw = inquiry_bytes(who.key, parties, inquiry)
        sealed = seal_request(context, raw, begins=public)

        def heard(reply: bytes) -> Finding:
            opened = open_reply_to(context, sealed, reply)
            finding = open_finding(opened, ancestor.suite, ancestor.public, parties, sha256(raw))
            return finding if finding.asked[0] == ancestor.place else nothing(CANNOT)

        if not self._slots.acquire(blocking=False):
            return nothing(BUSY)
        try:
            return self._in_time(inquiry.patience_ms / 1000, lambda session, s: heard(_post(session, url, sealed, s)))
        finally:
            self._slots.release()

    def _in_time(self, seconds: float, call: Callable[[requests.Session, float], Finding]) -> Finding:
        """What a call comes to, made in a thread of its own: looking up a name has no time-out that anybody can set.
        Whoever asked waits no longer for that, so it ends by itself, and only so many of them hang at once."""
        if not self._calls.acquire(blocking=False):
            return nothing(UNREACHED)
        found: list[Finding] = []
        done = threading.Event()
        with ExitStack() as undone:
            undone.callback(self._calls.release)
            session = self._session_factory()
            undone.callback(session.close)
            ending = undone.pop_all()

        def make() -> None:
            try:
                with ending:
                    found.append(_said(lambda: call(session, seconds)))
            finally:
                done.set()

        try:
            threading.Thread(target=make, name="uplink-ask", daemon=True).start()
        except RuntimeError:  # this machine has no room for another thread
            ending.close()
            return nothing(BUSY)
        done.wait(seconds)
        return found[0] if found else nothing(UNREACHED)


def nothing(end: int) -> Finding:
    """Nobody above was heard."""
    return Finding(None, (), end)


def _post(session: requests.Session, url: str, sealed: bytes, seconds: float) -> bytes:
    timeouts = road.Timeouts(min(CONNECT_S, seconds), seconds, seconds)
    return road.post(session, url + ASK_PATH, sealed, timeouts, limits.FINDING_MESSAGE).body


def _said(call: Callable[[], Finding]) -> Finding:
    """The answer, or why there is none. What an unsigned refusal says is only words: it ends this question, no more."""
    try:
        return call()
    except NoAnswer as problem:
        if problem.busy:
            return nothing(BUSY)
        return nothing(CANNOT if problem.answered else UNREACHED)
    except ProtocolError:
        return nothing(CANNOT)
