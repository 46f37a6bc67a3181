"""A new node before it is in: it asks the place above over the line until it is answered, and shows its code meanwhile.

Nothing has to be carried and nobody has to type an answer in: people here read the code out by telephone, people above
type it there, and the node goes on by itself. Where there is no line the request and the answer are files, as ever.
"""

import hmac
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

import flask
from werkzeug.wrappers import Response

from sync_protocol.errors import Busy, Declined, ProtocolError
from sync_protocol.roster import confirmation_code, network_code
from village_node import app
from village_node import identity as identities
from village_node.config import Config, write
from village_node.keyring import Keyring
from village_node.store import StoreError
from village_node.uplink import Settings
from village_node.uplink.road import NoAnswer, Session, new_session, post
from village_node.web import headers
from village_node.web.assets import Assets
from village_node.web.qr import qr
from village_node.web.site import hosts_of, is_for

ENROL_PATH: Final = "/sync/v1/enrol"
OFTEN_S: Final = 5.0
OFTEN_ROUNDS: Final = 120  # ten minutes: so long somebody sits at the telephone
SELDOM_S: Final = 30.0
FORM_MOST: Final = 4096
ANSWERED_S: Final = 1.0  # so long the last answer of the page has to leave before its address is the node's own

_log = logging.getLogger(__name__)


class Stage(Enum):
    """How far it is."""

    ASKING = "asking"
    WAITING = "waiting"
    DECLINED = "declined"
    REFUSED = "refused"
    IN = "in"


@dataclass
class Joining:
    """A node that asks to be let in. ``problem``: what the last try met, in plain words."""

    config: Config
    keyring: Keyring
    session: Session
    stage: Stage = Stage.ASKING
    problem: str = ""
    network: str = ""
    token: str = field(default_factory=lambda: identities.random_bytes(24).hex())
    _one_answer: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Draw up the request: the same bytes at each start, so that a code that was read out stays true."""
        self.identity = identities.load(self.config.data, self.keyring)
        self.request = app.enrol_request(self.identity)
        self.code = confirmation_code(self.request)
        if self.identity.network_id is not None:  # it was stopped before anybody had compared
            self.network, self.stage = network_code(self.identity.network_id), Stage.IN

    def ask(self) -> bool:
        """Ask once; whether the node is in by now. Raises StoreError, OSError where it cannot be kept."""
        if not self.config.parent_url:  # by files alone
            return self.stage is Stage.IN
        url = self.config.parent_url.rstrip("/") + ENROL_PATH
        try:
            answered = post(self.session, url, self.request, Settings.from_config(self.config).timeouts)
            self.problem = ""
            if answered.status == 204:
                return self._is_now(Stage.WAITING)
            self.take(answered.body)
        except NoAnswer as problem:
            self.problem = str(problem)
            if problem.code == Declined.code:
                return self._is_now(Stage.DECLINED)
            if problem.code not in (0, Busy.code) and not problem.busy:
                return self._is_now(Stage.REFUSED)
        except ProtocolError as problem:
            self.problem = f"上级的答复不成立 / the answer of the level above does not hold: {problem}"
        return self.stage is Stage.IN

    def _is_now(self, stage: Stage) -> bool:
        """Note how far it is; whether it is in, which a file may have brought about meanwhile."""
        with self._one_answer:
            if self.stage is not Stage.IN:
                self.stage = stage
            return self.stage is Stage.IN

    def take(self, answer: bytes) -> None:
        """Be in with an answer, by whatever road it came; people compare then whose network it is. Raises ProtocolError
        for one that does not hold, StoreError, OSError."""
        with self._one_answer:
            if self.stage is Stage.IN:
                return
            identities.expect_comparison(self.config.data)
            joined = app.join(self.config.data, self.config.database, answer, self.keyring)
            self.network = network_code(joined.network_id or b"")
            self.stage = Stage.IN

    def ask_at(self, parent_url: str, parent_wait_url: str) -> None:
        """Ask at another address from now on; with none, wait for a file. Raises OSError."""
        self.config = replace(self.config, parent_url=parent_url, parent_wait_url=parent_wait_url)
        write(self.config)
        self.problem = ""
        self._is_now(Stage.ASKING)

    def ask_until(self, stop: threading.Event) -> bool:
        """Ask until the node is in (true) or is stopped: often at first, then every half minute, and without end."""
        if self.stage is Stage.IN:
            return not stop.is_set()
        rounds = 0
        while not stop.is_set():
            try:
                if self.ask():
                    return True
            except (StoreError, OSError, identities.NoIdentity):
                _log.exception("the answer could not be kept")
                self.problem = "答复没有存下来，请检查磁盘，程序会再试 / the answer could not be kept; look at the disk"
            rounds += 1
            stop.wait(OFTEN_S if rounds < OFTEN_ROUNDS else SELDOM_S)
        return False

    def pages(self, compared: threading.Event) -> flask.Flask:
        """The one page there is before the node works. ``compared``: set when people say that the codes agree."""
        assets, hosts = Assets(), hosts_of(self.config)
        site = flask.Flask("village_node.web", static_folder=None)
        site.config["MAX_CONTENT_LENGTH"] = FORM_MOST

        @site.before_request
        def for_us() -> None:
            if not is_for(hosts, flask.request.host):
                flask.abort(400)

        @site.get("/")
        def code() -> str:
            words = f"三级入网 {self.identity.place} {self.code}"
            drawing = qr(words, f"确认码 {self.code}")
            return flask.render_template("joining.html", joining=self, stages=Stage, assets=assets, drawing=drawing)

        @site.post("/compared")
        def agreed() -> Response:
            # A page of somebody else's can send a form here, and cannot read what ours holds. It counts once.
            said = flask.request.form.get("token", "")
            if self.stage is not Stage.IN or not hmac.compare_digest(said.encode(), self.token.encode()):
                flask.abort(403)
            identities.compared(self.config.data)
            self.token = identities.random_bytes(24).hex()
            compared.set()
            return flask.redirect("/", 303)

        @site.get("/assets/<version>/<name>")
        def asset(version: str, name: str) -> Response:
            found = assets.get(version, name)
            if found is None:
                flask.abort(404)
            return flask.Response(found.content, content_type=found.media_type)

        @site.after_request
        def hardened(response: flask.Response) -> flask.Response:
            headers.harden(response, tls=self.config.behind_tls)
            return response

        return site


def join_over_the_line(config: Config, stop: threading.Event, on_ready: Callable[[Joining], None]) -> bool:
    """Show the code and ask until the node is in, and its network's code until a person has compared it (true), or the
    node is stopped; it is shown again then. Raises NoIdentity, OSError for a taken port."""
    joining = Joining(config, app.keyring_of(config), new_session())
    compared = threading.Event()
    listener = app.Listener(joining.pages(compared), config.host, config.port, 2)
    with app.served([listener], edge=config.edge_address if config.behind_tls else ""):
        on_ready(joining)
        if not joining.ask_until(stop):
            return False
        on_ready(joining)
        while not compared.wait(1.0):
            if stop.is_set():
                return False
        stop.wait(ANSWERED_S)
    return not stop.is_set()
