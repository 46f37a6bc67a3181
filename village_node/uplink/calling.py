"""When to call which ancestor: at once when there is news, again after a while, later and later while nobody answers.

Two threads: one exchanges, one holds the waiting call by which the parent says that it has something. Neither ever ends
because an exchange went wrong: what went wrong is written into the ancestor's row in plain words, and tried again.
"""

import threading
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

import requests

from sync_protocol.errors import BadSignature, NoSuchVersion, ProtocolError, UnknownIncarnation
from sync_protocol.exchange import CANNOT, COME, NO_ALARM, Finding, Inquiry, wait_token
from sync_protocol.places import UnknownPlace
from sync_protocol.retry import backoff
from sync_protocol.roster import Node
from village_node.casebook import Casebook
from village_node.identity import Identity
from village_node.store import StoreError
from village_node.uplink import earlier, road
from village_node.uplink.ancestry import Ancestry
from village_node.uplink.conversation import UP, Asked, Conversation, Debts, Heard, Surroundings
from village_node.uplink.inquiries import Inquiries, nothing
from village_node.uplink.line import Line, is_silent
from village_node.uplink.road import NoAnswer
from village_node.uplink.settings import Settings

EXCHANGE_PATH = "/sync/v1/exchange"
SHORT_PATH = "/sync"  # the same door, for who has been answered in the present version: each byte counts
WAIT_PATH = "/sync/v1/wait"
BACKOFF_BASE_S = 2.0
BUSY_BASE_S = 0.1  # who is only busy has time again in a moment
BACKOFF_CAP_S = 600.0
UNREACHED_CAP_S = 60.0  # a call that reaches nobody costs nobody anything, and people wait for the line to be back
ROSTER_NEWS = frozenset({"roster", "*"})  # what the casebook says when the roster grew, or too much did to name it
WAIT_BACKOFF_CAP_S = 60.0  # a waiting call costs next to nothing, and the sooner it stands again the better
WAIT_SHORTEST_S = 1.0  # a waiting call that ends sooner without news was not held, and is not made again at once
WAIT_SPARE_S = 10.0  # longer than the ancestor holds a waiting call, before it counts as broken
LOOK_AGAIN_S = 60.0  # the longest the loop sleeps without looking at its clock
NO_KEY = (
    "上级还没有告知用于封装的密钥，本机不会以明文发送办件；请上级管理员查看其“运行状况”页"
    " / the parent has not told a key to seal to, and nothing is sent in the clear: its head should look at Health"
)
STOP_TRIES, STOP_TRY_S = 50, 0.1
PATIENCE_S = 15.0  # how long a person who pressed the button waits for an exchange already under way
ROUNDS_AT_ONCE = 512  # exchanges in a row for one person's "sync now"


class Result(NamedTuple):
    """What one exchange came to. `again`: more is to be said at once. `text`: why it failed, in plain words."""

    ok: bool
    stored: int = 0
    again: bool = False
    text: str = ""


class Uplink:
    """Keeps this node equal with its ancestors."""

    def __init__(
        self,
        casebook: Casebook,
        identity: Identity,
        settings: Settings,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
        randomness: Callable[[int], bytes],
        session_factory: Callable[[], requests.Session] = road.new_session,
    ) -> None:
        """`clock` in ms since 1970 (claims only), `monotonic` in s (all waiting). Calls nobody before `start`."""
        self._casebook = casebook
        self._identity = identity
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._randomness = randomness
        self._ancestry = Ancestry(casebook, identity.place)
        self._around = Surroundings(
            casebook,
            identity,
            clock,
            monotonic,
            randomness,
            self._ancestry.roster,
            settings.software,
            settings.refused_again_s,
        )
        self._inquiries = Inquiries(casebook, lambda: self._around.network_id, session_factory)
        self._session = session_factory()
        self._wait_session = session_factory()
        self._lines = [Line(ancestor, monotonic()) for ancestor in settings.ancestors]
        self._exchanging = threading.Lock()
        self._exchanging_thread = 0
        self._changed = threading.Condition()
        self._has_news = False
        self._stopping = False
        self._duties: dict[str, Callable[[], None]] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._recall_backoff()
        casebook.on_news(self._on_news)

    def start(self) -> None:
        """Begin to exchange, and to wait where the parent has a waiting listener."""
        self._duties["uplink"] = self._run
        if self._lines and self._lines[0].ancestor.wait_url:
            self._duties["uplink-wait"] = self._keep_waiting
        self.keep_running()

    def keep_running(self) -> None:
        """Begin again what an error that nobody foresaw has ended (the log has its traceback). For the node's tick."""
        for name, duty in self._duties.items():
            thread = self._threads.get(name)
            if self._stopping or (thread is not None and thread.is_alive()):
                continue
            for line in self._lines:
                line.due_at = min(line.due_at, self._monotonic())
            self._threads[name] = threading.Thread(target=duty, name=name, daemon=True)
            self._threads[name].start()

    def stop(self) -> None:
        """End both threads; whatever is under way is cut off, which loses nothing."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads.values():
            for _ in range(STOP_TRIES):  # a call that was only just connecting has no socket to cut yet
                for session in (self._session, self._wait_session):
                    road.cut(session)
                thread.join(STOP_TRY_S)
                if not thread.is_alive():
                    break
        self._threads.clear()

    def exchange_once(self) -> Result:
        """One exchange with the ancestor whose turn it is, however long the back-off would still last. Never raises
        for what an ancestor, the road or the disk does."""
        return self._exchange(self._active()[-1])

    def sync_now(self) -> dict[str, Any]:
        """Exchange until neither side has more to say: for the button and the command line. As a JSON object."""
        stored = 0
        result = Result(True)
        for _ in range(ROUNDS_AT_ONCE):
            result = self._exchange(self._active()[-1], PATIENCE_S)
            stored += result.stored
            if self._stopping or not (result.ok and (result.again or self.owes_now())):
                break
        return {"ok": result.ok, "stored": stored, "error": result.text or None}

    def sync_soon(self) -> None:
        """Begin what ``sync_now`` does and come back at once: on a slow line nobody shall wait for a page. Until it is
        done ``status`` says that an exchange is under way; whoever asks again meanwhile begins nothing more."""
        with self._changed:
            if not self._stopping and not self._is_asked():
                self._threads["sync-now"] = threading.Thread(target=self.sync_now, name="sync-now", daemon=True)
                self._threads["sync-now"].start()

    def _is_asked(self) -> bool:
        thread = self._threads.get("sync-now")
        return thread is not None and thread.is_alive()

    def ask(self, inquiry: Inquiry) -> Finding:
        """What the ancestor whose turn it is says of a case that is not here. Raises StoreError."""
        try:
            line = self._asked()
            node = self._ancestry.node(line.ancestor)
        except UnknownPlace:
            return nothing(CANNOT)
        return self._inquiries.ask(line.ancestor.url, node, inquiry)

    def _asked(self) -> Line:
        """The line that a question goes by. A process that never exchanges, for another one does, and one that has only
        just begun, know of a silence from the ancestor's row alone. Raises StoreError, UnknownPlace."""
        *those_before, last = self._lines[len(self._active()) - 1 :]
        for line in those_before:
            row = self._casebook.peer(self._ancestry.node(line.ancestor).incarnation)
            if line.begun or not is_silent(row, self._clock(), self._settings.ancestor_after_s):
                return line
        return last

    def owes_now(self) -> bool:
        """Whether the ancestor whose turn it is lacks something that may be sent now."""
        conversation = self._active()[-1].conversation
        try:
            return conversation is not None and bool(conversation.debts())
        except StoreError:
            return True  # the exchange meets the same trouble, and says it in words

    def status(self) -> dict[str, Any]:
        """How the line to the parent stands, for the status bar and `status --json`. Times in ms since 1970, or s."""
        line = self._active()[-1]
        conversation = line.conversation
        row = self._casebook.peer(conversation.ancestor.incarnation) if conversation is not None else None
        return {
            "place": conversation.ancestor.place if conversation is not None else None,
            "url": line.ancestor.url,
            "exchanging": self._exchanging.locked() or self._is_asked(),
            "introduced": conversation is not None and conversation.introduced,
            "failures": line.failures,
            "next_attempt_s": round(max(line.ready_at() - self._monotonic(), 0.0), 1),
            "last_contact_ms": row.last_contact_ms if row is not None else None,
            "last_error": line.last_error or (row.last_error if row is not None else None),
            "skew_ms": row.skew_ms if row is not None else None,
            "alarm": conversation.alarm if conversation is not None else NO_ALARM,
        }

    # One exchange

    def _exchange(self, line: Line, patience_s: float = -1.0) -> Result:
        """One exchange, after the one under way; who has no patience for that is told so."""
        if self._casebook.retired:
            with self._changed:
                line.due_at = self._monotonic() + LOOK_AGAIN_S
            return Result(False, text="本机已停用，不再同步 / this machine is retired and syncs no more")
        if not self._exchanging.acquire(timeout=patience_s):
            return Result(False, text="正在同步，请稍候 / an exchange is under way: wait a moment")
        try:
            self._exchanging_thread = threading.get_ident()
            with self._changed:
                line.begun += 1
                line.due_at = inf  # who wants another one from here on sets it again, and is not overruled at the end
            try:
                conversation = self._conversation(line)
                try:
                    if line.unreached:  # while the line is down nothing is sealed, nor written, for nobody
                        road.knock(self._session, line.ancestor.url, self._settings.timeouts)
                    asked = conversation.ask()
                    answered = self._said(line, conversation, asked)
                except NoAnswer as problem:
                    return self._refused(line, conversation.ancestor, problem)
                try:
                    heard = conversation.hear(asked, answered)
                except StoreError as problem:
                    # The ancestor may take for told what was not learnt any more: it is asked to say all of it again.
                    result, line.conversation = self._failed(line, f"{problem.zh} / {problem.en}"), None
                    return result
                if not conversation.sealing.ready():
                    return self._failed(line, NO_KEY)
            except NoSuchVersion:
                return self._failed(line, road.OTHER_VERSION)
            except ProtocolError as problem:
                return self._failed(line, f"上级的应答无法核对 / the reply cannot be verified: {problem}")
            except StoreError as problem:
                return self._failed(line, f"{problem.zh} / {problem.en}")
            except UnknownPlace:
                return self._failed(
                    line,
                    "名册里没有可联系的上级：未登记，或其机器已吊销、新机器待登记"
                    " / the roster names no node above that serves: not enrolled, or revoked until a new one is",
                )
            self._answered(line, heard, still_refused=conversation.sealing.refusals > 0)
            return Result(True, heard.stored, heard.again)
        finally:
            self._exchanging_thread = 0
            self._exchanging.release()

    def _said(self, line: Line, conversation: Conversation, asked: Asked) -> bytes:
        """A request answered; sealed where it has a challenge. Raises NoAnswer, ProtocolError."""
        if asked.parties.challenge is None:
            return self._post(line, asked.raw)
        return conversation.sealing.said(asked.raw, lambda raw: self._post(line, raw))

    def _post(self, line: Line, raw: bytes) -> bytes:
        """Send a request to an ancestor; its reply. Raises NoAnswer."""
        known = line.conversation is not None and line.conversation.introduced and not line.spelled_out
        url = line.ancestor.url + (SHORT_PATH if known else EXCHANGE_PATH)
        return road.post(self._session, url, raw, self._settings.timeouts).body

    def _refused(self, line: Line, newest: Node, problem: NoAnswer) -> Result:
        """An exchange without a reply. Where another life of the ancestor may have answered, that is asked for the
        roster; where that names a newer one, we go on with it at once. Raises StoreError, UnknownPlace."""
        if problem.code == UnknownIncarnation.code or problem.no_such_door:
            # Names as long as they are, and the long address, from the beginning: that much is understood everywhere.
            line.spelled_out = True
            result, line.conversation = self._failed(line, str(problem), problem), None
            return result
        if problem.code != BadSignature.code:
            return self._failed(line, str(problem), problem)
        if not earlier.ask(self._around, newest, lambda raw: self._post(line, raw)):
            return self._failed(line, str(problem), problem)
        if self._ancestry.node(line.ancestor) == newest:
            return self._failed(line, earlier.ANOTHER_ANSWERS, problem)
        with self._changed:
            line.ended, line.due_at, line.held_until = line.begun, self._monotonic(), self._monotonic()
            self._changed.notify_all()
        return Result(True, again=True)

    def _conversation(self, line: Line) -> Conversation:
        """The conversation with the newest node of the ancestor's place; a new node is a new conversation."""
        node = self._ancestry.node(line.ancestor)
        if line.conversation is None or line.conversation.ancestor != node or line.conversation.is_over:
            line.conversation = Conversation(self._around, node, spelled_out=line.spelled_out)
            row = self._casebook.peer(node.incarnation)
            if row is not None and line.failures == 0:
                line.failures = row.failures
        return line.conversation

    def _answered(self, line: Line, heard: Heard, *, still_refused: bool = False) -> None:
        """`still_refused`: it has told its key, and opened nothing sealed to it. That ends no silence: somebody on
        the road may refuse what is sealed, and let the rest pass, for ever."""
        now = self._monotonic()
        soon = self._settings.sync_every_s * (0.9 + 0.2 * self._random_unit())
        if heard.again:
            soon = 0.0
        elif heard.debts.receipts:
            soon = min(soon, self._settings.receipts_after_s)
        with self._changed:
            line.held_until, line.unreached = now, False
            if not still_refused:
                line.failures, line.silent_since, line.last_error = 0, None, ""
            line.ended = line.begun
            line.due_at = min(line.due_at, now + soon)
            self._changed.notify_all()

    def _failed(self, line: Line, text: str, silence: NoAnswer | None = None) -> Result:
        """Remember what went wrong and when to try again, here and in the ancestor's row."""
        now, now_ms = self._monotonic(), self._clock()
        busy = silence is not None and silence.busy
        delay = silence.retry_after_s if silence is not None else 0.0
        unreached = silence is not None and silence.unreached
        cap_s = UNREACHED_CAP_S if unreached else BACKOFF_CAP_S
        delay += backoff(line.failures + 1, self._random_unit(), BUSY_BASE_S if busy else BACKOFF_BASE_S, cap_s)
        conversation = line.conversation
        same_again = unreached and line.unreached and text == line.last_error
        with self._changed:
            line.failures += 1
            line.unreached = unreached
            line.ended = line.begun
            line.last_error = text
            if not busy and line.silent_since is None:
                line.silent_since = now
            line.due_at, line.held_until = now, now + delay
            self._changed.notify_all()
        if conversation is not None:
            if not (busy or unreached):
                conversation.budget.failed()
            if same_again and line.failures & (line.failures - 1):
                return Result(False, text=text)  # of a line that stays down, each doubling is written
            columns: dict[str, Any] = {
                "place": conversation.ancestor.place,
                "direction": UP,
                "failures": line.failures,
                "next_attempt_ms": now_ms + int(delay * 1000),
                "last_attempt_ms": now_ms,
                "last_error": text,
                "last_error_ms": now_ms,
                "budget": conversation.budget.packed,
            }
            if line.failures == 1:
                columns["first_failure_ms"] = now_ms
            try:
                self._casebook.update_peer(conversation.ancestor.incarnation, **columns)
            except StoreError as problem:  # the disk is full: the page shows what is kept in memory
                line.last_error = f"{problem.zh} / {problem.en}"
        return Result(False, text=text)

    def _random_unit(self) -> float:
        return int.from_bytes(self._randomness(4), "big") / 2**32

    # Whose turn it is, and when

    def _active(self) -> list[Line]:
        """The parent, and each next ancestor once those before it have been silent for long. Never empty."""
        now = self._monotonic()
        active: list[Line] = []
        for line in self._lines:
            active.append(line)
            if line.silent_since is None or now - line.silent_since < self._settings.ancestor_after_s:
                break
        return active

    def _look_at_debts(self, line: Line) -> None:
        """Bring the next exchange forward when something is owed: events at once, receipts after they gathered."""
        conversation = line.conversation
        try:
            debts = conversation.debts() if conversation is not None and conversation.introduced else None
        except StoreError:  # the exchange meets the same trouble, says it in words and comes again
            debts = Debts(True, False)
        if debts:
            soon = 0.0 if debts.urgent else self._settings.receipts_after_s
            with self._changed:
                line.due_at = min(line.due_at, self._monotonic() + soon)

    def _on_news(self, scopes: set[str]) -> None:
        """Called by whoever committed something, in his thread."""
        if not ROSTER_NEWS.isdisjoint(scopes):
            self._ancestry.outdate()
        if threading.get_ident() == self._exchanging_thread:
            return  # what an exchange itself brought is looked at when it ends
        with self._changed:
            self._has_news = True
            self._changed.notify_all()

    def turn(self) -> None:
        """One turn of the loop: look at what is owed, and exchange with the ancestor whose time has come, if any."""
        active = self._active()
        with self._changed:
            news, self._has_news = self._has_news, False
        if news:
            for line in active:
                if not line.failures:
                    self._look_at_debts(line)
        due = min(active, key=Line.ready_at)
        if due.ready_at() <= self._monotonic():
            self._exchange(due)

    def idle_s(self) -> float:
        """Seconds until the next turn has something to do, as far as is known now."""
        with self._changed:
            left = min(line.ready_at() for line in self._active()) - self._monotonic()
            return 0.0 if self._has_news else max(left, 0.0)

    def _run(self) -> None:
        while not self._stopping:
            self.turn()
            with self._changed:
                if not self._stopping:
                    self._changed.wait(min(self.idle_s(), LOOK_AGAIN_S))

    def _recall_backoff(self) -> None:
        """Go on waiting where the program was stopped while it waited: a crowd of restarts is still a crowd."""
        for line in self._lines:
            try:
                row = self._casebook.peer(self._ancestry.node(line.ancestor).incarnation)
            except (StoreError, UnknownPlace):
                continue  # the exchange will say so in words
            if row is not None and row.failures and row.next_attempt_ms is not None:
                left = min(max((row.next_attempt_ms - self._clock()) / 1000.0, 0.0), BACKOFF_CAP_S)
                line.failures = row.failures
                line.held_until = self._monotonic() + left

    # The waiting call

    def _keep_waiting(self) -> None:
        line = self._lines[0]
        failures = fruitless = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or self._may_wait(line))
                if self._stopping:
                    return
                conversation = line.conversation
            assert conversation is not None and conversation.tide is not None
            tide = conversation.tide
            began = self._monotonic()
            try:
                came = self._wait_once(line, conversation, tide)
                failures = 0
            except NoAnswer as problem:
                failures += 1
                delay = backoff(failures, self._random_unit(), BACKOFF_BASE_S, WAIT_BACKOFF_CAP_S)
                self._pause(problem.retry_after_s + delay)
                continue
            if came and conversation.tide == tide:
                fruitless = 0 if self._fetch(line, conversation, tide) else fruitless + 1
                if fruitless:  # an ancestor that always says "come" shall not keep us running
                    self._pause(backoff(fruitless, self._random_unit(), BACKOFF_BASE_S, BACKOFF_CAP_S))
            elif not came and self._monotonic() - began < WAIT_SHORTEST_S:
                # Something on the road answers for the ancestor, or another life of ours takes the place each time.
                self._pause(WAIT_SHORTEST_S + self._random_unit())

    def _may_wait(self, line: Line) -> bool:
        conversation = line.conversation
        return conversation is not None and conversation.tide is not None and line.failures == 0

    def _wait_once(self, line: Line, conversation: Conversation, tide: int) -> bool:
        """One waiting call: whether the ancestor says "come". Raises NoAnswer."""
        own = conversation.speaker
        token = wait_token(
            own.key,
            self._around.network_id,
            own.incarnation,
            conversation.ancestor.incarnation,
            tide,
            self._clock(),
        )
        held_s = self._settings.wait_s + WAIT_SPARE_S
        timeouts = road.Timeouts(self._settings.timeouts.connect_s, held_s, held_s)
        answered = road.wait(self._wait_session, line.ancestor.wait_url + WAIT_PATH, token, timeouts)
        if answered.status == 200 and answered.body != COME:
            raise NoAnswer("等候应答不可识别 / the answer to the waiting call is not one")
        return answered.status == 200

    def _fetch(self, line: Line, conversation: Conversation, tide: int) -> bool:
        """Have an exchange made at once, and wait until it was: until then the ancestor would say "come" again. False
        where it was made and the ancestor's tide is said to be what it was."""
        with self._changed:
            wanted = line.begun + 1
            line.due_at = self._monotonic()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stopping or line.ended >= wanted or conversation.tide != tide)
        return conversation.tide != tide or line.failures > 0

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, seconds)
