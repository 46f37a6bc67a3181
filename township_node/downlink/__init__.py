"""The server half of the exchange: the door through which the nodes under this place come, and the bench they wait on.

The door stands in the node's own web application. The bench is an application of its own with its own threads, so that
a hundred waiting children never make a page slow; it asks no database.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import flask

from sync_protocol import limits
from sync_protocol.errors import (
    BadSignature,
    Busy,
    Declined,
    Malformed,
    NotAChild,
    NotEntitled,
    ProtocolError,
    Revoked,
    TooLarge,
    UnknownNode,
)
from sync_protocol.exchange import COME, Request, check_wait_token, read_wait_token, refusal_bytes
from sync_protocol.roster import Node, Roster
from sync_protocol.suites import SigningKey
from township_node import newcomers
from township_node.downlink.answering import Answering
from township_node.downlink.children import child_node
from township_node.downlink.questions import Answers, Questions
from township_node.downlink.renewals import Renewals
from township_node.downlink.tides import EVERYONE, Tides
from township_node.downlink.unsealing import Unsealing
from village_node.casebook import Casebook
from village_node.casebook.brought import NO_QUOTA, Quota
from village_node.identity import Identity
from village_node.store import StoreError

__all__ = ["Answering", "Downlink", "Quota", "Tides"]

CBOR: Final = "application/cbor"
RETRY_AFTER_BUSY_S: Final = 0  # an exchange takes a fraction of a second; the jitter of those who ask keeps them apart
RETRY_AFTER_DISK_S: Final = 30
ENROLLING_MOST: Final = 2  # requests to be enrolled worked on at once
WAIT_LONGEST_S: Final = 55.0  # below what the web server grants a silent connection

# What the status says is for proxies and logs; a child goes by the code in the body, and believes neither.
_STATUS: Final[dict[type[ProtocolError], int]] = {
    TooLarge: 413,
    BadSignature: 403,
    UnknownNode: 403,
    NotAChild: 403,
    Revoked: 403,
    NotEntitled: 403,
    Declined: 403,
    Busy: 429,
}


class Downlink:
    """What a node with children adds: the exchange and the waiting call, as parts to be mounted."""

    def __init__(
        self,
        casebook: Casebook,
        identity: Identity,
        clock: Callable[[], int],
        randomness: Callable[[int], bytes],
        *,
        steady: Callable[[], float],
        slots: int = 6,
        wait_s: float = 25.0,
        software: str = "",
        keys: Callable[[], Sequence[SigningKey]] | None = None,
        quota: Quota = NO_QUOTA,
        answers: Answers | None = None,
    ) -> None:
        """`clock` in ms since 1970. `slots`: exchanges worked on at once, fewer than the web server has threads, so
        that pages still come. `wait_s`: how long a waiting call is held. `keys`: what signs our part of the roster, our
        own key unless named. `quota`: what each child may bring in a day.
        `steady`: seconds by which that day ends too. `answers`: what is told of cases to those who ask for a resident;
        without it nobody is answered."""
        self._casebook = casebook
        self._identity = identity
        self._wait_s = min(wait_s, WAIT_LONGEST_S)
        self._enrolling = threading.BoundedSemaphore(ENROLLING_MOST)
        self._roster = casebook.roster
        self._roster_is_old = False
        self._tides = Tides(lambda: self._roster, randomness)
        self._renewals = Renewals(casebook, keys or (lambda: [casebook.speaker.key]), clock)
        self._answering = Answering(
            casebook,
            identity,
            clock,
            randomness,
            self._current_roster,
            self._tides,
            slots,
            self._renewals,
            steady,
            software,
            quota,
        )
        self._unsealing = Unsealing(casebook, identity.place, self._network_id, clock)
        self._questions = (
            Questions(casebook, self._network_id, self._current_roster, answers, steady)
            if answers is not None
            else None
        )
        self._renewals.take_ours()
        casebook.on_news(self._on_news)

    def countersign(self, node: Node, renewal: bytes) -> int | None:
        """Answer a node under this place that asks for a new life by another road than the exchange."""
        return self._renewals.grant(node, renewal)

    def blueprint(self) -> flask.Blueprint:
        """POST /sync/v1/exchange, or /sync for short, /enrol and /ask beside it, for the node's web application."""
        blueprint = flask.Blueprint("downlink", __name__)
        blueprint.add_url_rule("/sync/v1/exchange", "exchange", self._exchange, methods=["POST"])
        blueprint.add_url_rule("/sync", "exchange", self._exchange, methods=["POST"])
        blueprint.add_url_rule("/sync/v1/enrol", "enrol", self._enrol, methods=["POST"])
        if self._questions is not None:
            blueprint.add_url_rule("/sync/v1/ask", "ask", partial(self._ask, self._questions), methods=["POST"])
        return blueprint

    def waiting_app(self) -> flask.Flask:
        """GET /sync/v1/wait, as an application for its own listener with a thread for each child and some to spare."""
        app = flask.Flask("township_node.downlink", static_folder=None)
        app.add_url_rule("/sync/v1/wait", "wait", self._wait, methods=["GET"])
        return app

    def close(self) -> None:
        """Send all waiting children home."""
        self._tides.close()

    def _on_news(self, scopes: set[str]) -> None:
        """Keep the roster at hand for the bench, which asks no database, and move the tides."""
        if not scopes.isdisjoint(EVERYONE):
            self._roster_is_old = True
            with suppress(StoreError):  # the next exchange tries again, and says what is wrong
                self._current_roster()
        self._tides.on_news(scopes)

    def _current_roster(self) -> Roster:
        """The roster at hand; read again only after news of it. Raises StoreError."""
        if self._roster_is_old:
            self._roster_is_old = False  # before the look: what comes while we look makes it old again
            try:
                self._roster = self._casebook.roster
            except StoreError:
                self._roster_is_old = True
                raise
        return self._roster

    def _exchange(self) -> flask.Response:
        def answer(request: Request, begins: bool) -> bytes:
            return self._answering.answer(request, begins=begins)

        return _answered(limits.SEALED_MESSAGE, lambda raw: self._unsealing.answer(raw, answer))

    def _ask(self, questions: Questions) -> flask.Response:
        def answer(raw: bytes) -> bytes:
            return questions.admitted(lambda: self._unsealing.answer_once(raw, questions.answer))

        return _answered(limits.INQUIRY_MESSAGE, answer)

    def _network_id(self) -> bytes:
        network_id = self._identity.network_id
        assert network_id is not None, "a downlink is wired for an enrolled node only"
        return network_id

    def _enrol(self) -> flask.Response:
        source = flask.request.remote_addr or ""

        def ask(raw: bytes) -> bytes | None:
            # Nobody has proved anything yet: such requests take few of the threads that draw pages, and never wait.
            if not self._enrolling.acquire(blocking=False):
                raise Busy("others ask to be enrolled at this moment: ask again")
            try:
                return newcomers.ask(self._casebook, raw, source)
            finally:
                self._enrolling.release()

        return _answered(limits.HEADER, ask)

    def _wait(self) -> flask.Response:
        try:
            token = read_wait_token(flask.request.args.get("token", ""))
            node = child_node(self._roster, self._identity.place, token.sender)
            network_id = self._identity.network_id
            if token.recipient not in self._casebook.identity.lives or network_id is None:
                raise NotAChild("this token is for another node")
            check_wait_token(token, node.suite, node.public, network_id)
        except ProtocolError as error:
            return _refusal(error)
        if self._tides.wait(node, token.tide, self._wait_s):
            return flask.Response(COME, mimetype="text/plain")
        return flask.Response(status=204)


def _answered(limit: int, answer: Callable[[bytes], bytes | None]) -> flask.Response:
    """What a machine asks with at most so many bytes, answered; nothing to say yet is 204."""
    request = flask.request
    try:
        # Refused before anything is read: what announces too much, or does not say how much.
        if request.content_length is None:
            raise Malformed("Content-Length: must be there")
        if request.content_length > limit:
            raise TooLarge(f"{request.content_length} bytes, at most {limit}")
        # A browser always names a type: no form of a strange page gets past this line.
        if request.mimetype not in ("", CBOR):
            raise Malformed(f"Content-Type: must be {CBOR}, or not there")
        request.max_content_length = limit
        said = answer(request.get_data(cache=False))
        response = flask.Response(said) if said is not None else flask.Response(status=204)
        del response.headers["Content-Type"]  # every byte counts on a metered line, and the child knows
        return response
    except ProtocolError as error:
        return _refusal(error)
    except StoreError as error:
        return _not_saved(error.zh, error.en)
    except MemoryError:
        return _not_saved("未保存：内存不足", "not saved: short of memory")


def _refusal(error: ProtocolError) -> flask.Response:
    """An unsigned reply: it changes nothing at the child but its back-off."""
    response = flask.Response(
        refusal_bytes(error.code, str(error)), status=_STATUS.get(type(error), 400), mimetype=CBOR
    )
    if isinstance(error, Busy):
        response.headers["Retry-After"] = str(RETRY_AFTER_BUSY_S)
    return response


def _not_saved(zh: str, en: str) -> flask.Response:
    """Nothing was stored and nothing is acknowledged: the child keeps what it has and comes again."""
    response = flask.Response(refusal_bytes(Busy.code, f"{zh} / {en}"), status=503, mimetype=CBOR)
    response.headers["Retry-After"] = str(RETRY_AFTER_DISK_S)
    return response
