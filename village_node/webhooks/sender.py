"""Sends each webhook what waits for it: in order, one at a time, again and again until the receiver has taken it.

A webhook has a thread of its own while it lives, so a receiver that is slow or away holds up nobody else. A message is
forgotten only once it was taken: a power cut, or an answer that is lost, has it come twice, under the same id.
"""

import hashlib
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import requests

from sync_protocol.retry import backoff
from village_node.accounts.webhooks import Webhooks, WebhookTrouble, signature
from village_node.store import StoreError
from village_node.store.webhooks import NewsRow, WebhookRow
from village_node.uplink import road
from village_node.webhooks.post import NotTaken, post

WAITING_MOST: Final = 10_000  # news of one webhook; what is older is dropped, and the receiver told how much
BACKOFF_BASE_S: Final = 5.0
BACKOFF_CAP_S: Final = 900.0
DISK_CAP_S: Final = 60.0
TRIM_S: Final = 10.0
LOOK_AGAIN_S: Final = 3.0  # the longest until what somebody pressed, or another worker wrote, is seen
STOP_TRIES, STOP_TRY_S = 50, 0.1


class _Line:
    """One webhook as it is sent to. ``held_until``: on the monotonic clock, in s; ``taken``: the message that was taken
    last, also where a full disk did not let us note it."""

    def __init__(self, session: requests.Session) -> None:
        self.session = session
        self.thread: threading.Thread | None = None
        self.held_for: int | None = None  # the attempt (next_attempt_ms) for which it is held
        self.held_until = 0.0
        self.failures = 0
        self.trim_at = 0.0
        self.taken = ""


class Sender:
    """Keeps every webhook of this node told. Sends nothing before ``start``."""

    def __init__(
        self,
        webhooks: Webhooks,
        url: str,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
        randomness: Callable[[int], bytes],
        session_factory: Callable[[], requests.Session] = road.new_session,
    ) -> None:
        """``url``: of this node, under which the receiver asks for more; ``clock`` in ms since 1970, ``monotonic`` in
        s."""
        self._webhooks = webhooks
        self._url = url
        self._clock = clock
        self._monotonic = monotonic
        self._randomness = randomness
        self._session_factory = session_factory
        self._lines: dict[int, _Line] = {}
        self._changed = threading.Condition()
        self._news = 0
        self._stopping = False
        self._started = False

    def start(self) -> None:
        """Begin to send; where the database is away just now, the node's tick begins, and the node goes on."""
        self._started = True
        with suppress(StoreError):
            self.keep_running()

    def keep_running(self) -> None:
        """Have a thread for each webhook that lives: for the node's tick. Raises StoreError."""
        for row in self._webhooks.rows.living() if self._started else ():
            line = self._line(row.id)
            if not self._stopping and (line.thread is None or not line.thread.is_alive()):
                line.thread = threading.Thread(target=self._run, args=(row.id,), name=f"webhook-{row.id}", daemon=True)
                line.thread.start()

    def stop(self) -> None:
        """End every thread; a message under way is cut off, and sent again at the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for _ in range(STOP_TRIES):  # a call that was only just connecting has no socket to cut yet
            running = [(line, line.thread) for line in list(self._lines.values()) if line.thread is not None]
            alive = [(line, thread) for line, thread in running if thread.is_alive()]
            for line, _thread in alive:
                road.cut(line.session)
            if not alive:
                break
            alive[0][1].join(STOP_TRY_S)  # all have the same time: the node does not end later for their number

    def on_news(self, _scopes: set[str]) -> None:
        """Called by whoever committed something, in his thread."""
        if self._lines:
            with self._changed:
                self._news += 1
                self._changed.notify_all()

    def turn(self, number: int) -> float | None:
        """Send one message of a webhook, if one is due: the seconds until there may be more to do. None: it has ended.
        Never raises for what the receiver, the road or the disk does."""
        line = self._line(number)
        try:
            row = self._webhooks.rows.get(number)
            if row is None or row.ended_ms is not None:
                return None
            if self._monotonic() >= line.trim_at:
                line.trim_at = self._monotonic() + TRIM_S
                row = self._trimmed(row)
            left = LOOK_AGAIN_S if row.gone else self._left(line, row)
            news = self._webhooks.rows.next(number) if left <= 0.0 else None
            if news is None:
                return min(left or LOOK_AGAIN_S, LOOK_AGAIN_S)
            self._send(line, row, news)
            line.failures = 0
            return 0.0
        except StoreError:  # the disk is full or the database away: what was taken is noted before anything is sent
            line.failures += 1
            return self._pause(line.failures, DISK_CAP_S)

    def _trimmed(self, row: WebhookRow) -> WebhookRow:
        """The row, once what is beyond the bound was dropped. Raises StoreError."""
        dropped = self._webhooks.rows.trim(row.id, WAITING_MOST, self._clock())
        return (self._webhooks.rows.get(row.id) or row) if dropped else row

    def _line(self, number: int) -> _Line:
        if number not in self._lines:
            self._lines[number] = _Line(self._session_factory())
        return self._lines[number]

    def _left(self, line: _Line, row: WebhookRow) -> float:
        """Seconds until this one may be tried. What was set by the clock is waited for by the monotonic one; a start in
        between begins the rest of the pause, never more than one."""
        if row.next_attempt_ms is None:
            line.held_for = None
            return 0.0
        if line.held_for != row.next_attempt_ms:
            rest = min(max((row.next_attempt_ms - self._clock()) / 1000.0, 0.0), BACKOFF_CAP_S)
            line.held_for, line.held_until = row.next_attempt_ms, self._monotonic() + rest
        return max(line.held_until - self._monotonic(), 0.0)

    def _send(self, line: _Line, row: WebhookRow, news: NewsRow) -> None:
        """Send a message and note what came of it. Raises StoreError."""
        seq = max(row.seq + 1, news.at_ms)
        message_id = id_of(row, news, seq)
        try:
            if line.taken != message_id:
                self._webhooks.check(row.url)  # the settings may be others than on the day it was registered
                body = body_of(row, news, seq, self._url)
                timestamp = self._clock() // 1000
                post(line.session, row.url, body, {
                    "Content-Type": "application/json",
                    "User-Agent": "Sanji-webhook",
                    "webhook-id": message_id,
                    "webhook-timestamp": str(timestamp),
                    "webhook-signature": signature(self._webhooks.secret_of(row), message_id, timestamp, body),
                })  # fmt: skip
                line.taken = message_id
        except (NotTaken, WebhookTrouble) as problem:
            if self._stopping:
                return  # cut off by ourselves
            text = f"{problem.zh} / {problem.en}" if isinstance(problem, WebhookTrouble) else str(problem)
            now_ms, pause_s = self._clock(), self._pause(row.failures + 1)
            next_ms = now_ms + int(pause_s * 1000)
            line.held_for, line.held_until = next_ms, self._monotonic() + pause_s
            gone = isinstance(problem, NotTaken) and problem.gone
            self._webhooks.rows.failed(row.id, text, now_ms, next_ms, gone=gone)
            return
        self._webhooks.rows.delivered(news, seq, self._clock())

    def _pause(self, failures: int, cap_s: float = BACKOFF_CAP_S) -> float:
        unit = int.from_bytes(self._randomness(4), "big") / 2**32
        return backoff(failures, unit, BACKOFF_BASE_S, cap_s)

    def _run(self, number: int) -> None:
        while not self._stopping:
            seen = self._news
            pause = self.turn(number)
            if pause is None:
                self._lines.pop(number, None)
                return
            self._wait(seen, pause)

    def _wait(self, seen: int, seconds: float) -> None:
        """Until there is news after what was ``seen``, or so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._news != seen, seconds)


def id_of(row: WebhookRow, news: NewsRow, seq: int) -> str:
    """The id by which a receiver knows what comes twice: the same for the same message after any restart, and another
    one for each other message, also where the node was restored from a backup and counts once more."""
    said = (row.id, row.created_ms, news.number, seq, news.case_id.hex(), news.state_before, news.state)
    return "msg_" + hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def body_of(row: WebhookRow, news: NewsRow, seq: int, url: str) -> bytes:
    """The message: what has changed, and where a program with a token reads more. Nothing here is about a person."""
    said = {
        "type": f"case.{news.state}",
        "timestamp": datetime.fromtimestamp(news.at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "data": {
            "case_no": news.case_no,
            "item_no": news.item_no,
            "place": news.place,
            "state_before": news.state_before,
            "state": news.state,
            "at_ms": news.at_ms,
            "seq": seq,
            "dropped": row.untold,
            "url": f"{url}/api/v1/cases/{news.place}/{news.case_id.hex()}",
        },
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
