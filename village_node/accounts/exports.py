"""Lists taken away as files: each has a number, and beyond so many people a second person has to agree.

An account that took a list away in parts would take away as much as at once: what it took alone within a day is counted
together, and what its programs took, and those to which its owner gave a token in another's name. What was granted is
taken away once, by who asked, and within a day.

Who grants is another person than who asks, as far as the node can tell: not who made the token of the program that
asks, nor who opened the asker's account with a one-time code, or the other way about, for he may know the password.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from village_node.accounts.sessions import AHEAD_MS
from village_node.accounts.throttle import DAY_MS, MINUTE_MS
from village_node.store.audit import Line
from village_node.store.exports import ExportRow, ExportRows, Keep, Span

ALONE: Final = 200  # people that one person may take away within a day
ASKED_MS: Final = 3 * DAY_MS  # so long a request waits for its answer
GRANTED_MS: Final = DAY_MS  # and so long may what was granted be taken away
AGAIN_MS: Final = 10 * MINUTE_MS  # in which who lost the file on the way takes it away again
KEPT_MS: Final = 400 * DAY_MS
_OWN: Final = (
    "不能批准自己的申请，也不能批准用自己所建令牌提出的申请，须由另一位负责人用本人账号批准",
    "another head has to answer, from their own account: neither who asks nor who made the token that asked",
)
_GROWN: Final = (
    "名单已增加，请重新申请：现在的人数多于批准时的人数",
    "the list has grown: it names more people than were agreed to. Ask again",
)
_NOT_GRANTED: Final = (
    "这项申请没有获准、已经下载过、已过期，或名单与申请的不同；请重新申请",
    "this request was not granted, was used, is over, or was for another list: ask again",
)
_LET_IN: Final = (
    "申请人（或其令牌的建立人）的账号由您邀请或重置过，或您的账号由其邀请或重置过，不能由您批准。"
    "请由别的负责人批准，或由上级单位导出",
    "one of you has opened the other's account with a one-time code, so you do not count as a second person. Another "
    "head answers, or the level above exports the list",
)


class ExportRefused(Exception):
    """A list may not be taken away so; `zh` and `en` say why and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


class NeedsSecond(ExportRefused):
    """It names more people than one person may take away alone; ``people``: how many."""

    def __init__(self, people: int) -> None:
        self.people = people
        super().__init__(
            f"这份名单有 {people} 人。一人一天内自行导出的，合计不得超过 {ALONE} 人；超过的须写明理由，"
            "由另一位负责人批准",
            f"This list names {people} people. One person alone takes away {ALONE} within a day: beyond that another "
            "head has to agree, and a reason is given",
        )


class Wanted(NamedTuple):
    """A list as somebody wants it: which one, in which form, what it is narrowed to, masked and as it was typed, and
    how many people it names; ``told``: the same for the audit trail, without personal data."""

    name: str
    form: str
    narrowed: str
    query: str
    people: int
    told: Mapping[str, object]


class Exports:
    """Numbers exports, and asks a second person where there has to be one. Clock in ms; ``secret``: the key under which
    is kept what somebody searched for."""

    def __init__(self, rows: ExportRows, clock: Callable[[], int], secret: Callable[[], bytes]) -> None:
        self.rows = rows
        self._clock = clock
        self._secret = secret

    def begin(self, by: str, wanted: Wanted, via: str | None = None) -> ExportRow:
        """Draw the number of a list that somebody takes away alone; its file is written then. ``via``: who made the
        token of the program that does. Raises NeedsSecond, NotSaved."""
        now = self._clock()
        row = ExportRow(0, by, now, wanted.name, wanted.form, "", None, wanted.people, via=via)
        number = self.rows.draw(row, ALONE, _around(now))
        if number is None:
            raise NeedsSecond(wanted.people)
        return row._replace(number=number)

    def take(self, row: ExportRow, wanted: Wanted) -> None:
        """Note that a list begun is taken away: nothing can go wrong with its file any more. Raises as ``begin``."""
        told = Line(row.at_ms, row.staff_no, "list.export", row.name, _told(wanted, row.via))
        if self.rows.add(row, told, ALONE, _around(row.at_ms)) is None:
            raise NeedsSecond(wanted.people)

    def ask(self, by: str, wanted: Wanted, reason: str, via: str | None = None, keep: Keep | None = None) -> int:
        """Ask for a list that one person may not take away alone; the number of the request. ``keep``: what is kept in
        the same transaction, handed that number. Raises NotSaved, and what ``keep`` does."""
        now = self._clock()
        detail = {**_told(wanted, via), "people": wanted.people, "reason": reason}
        told = Line(now, by, "list.export.ask", wanted.name, detail)
        row = self._row(0, by, now, wanted, via)._replace(reason=reason)
        number = self.rows.add(row, told, ALONE, (now, now), keep)
        assert number is not None, "what has a reason is kept"
        return number

    def answer(self, number: int, by: str, *, granted: bool) -> None:
        """Grant a request of somebody else, or refuse it. Raises ExportRefused, NotSaved."""
        now, row = self._clock(), self.rows.get(number)
        if row is not None and not self.strangers(by, [row]):
            raise ExportRefused(*(_OWN if by in (row.staff_no, row.via) else _LET_IN))
        action = "list.export.grant" if granted else "list.export.refuse"
        detail = {} if row is None else {"number": number, "of": row.staff_no, "people": row.people}
        told = Line(now, by, action, row.name if row is not None else "", detail)
        if row is None or not self.rows.answer(number, by, now, granted, _within(now, ASKED_MS), told):
            raise ExportRefused(
                "没有这项待批准的申请：已经答复，或已过期", "no such request waits: it was answered, or is over"
            )

    def granted(self, number: int, by: str, wanted: Wanted, via: str | None = None) -> ExportRow:
        """What was granted to somebody, for its file to be written. Raises ExportRefused."""
        asked, row = self.rows.get(number), self._row(number, by, self._clock(), wanted, via)
        same = ("staff_no", "name", "form", "digest", "via")
        if asked is None or not self.is_open(asked) or any(getattr(asked, each) != getattr(row, each) for each in same):
            raise ExportRefused(*_NOT_GRANTED)
        if asked.people < wanted.people:
            raise ExportRefused(*_GROWN)
        return asked

    def fetch(self, number: int, by: str, wanted: Wanted, via: str | None = None) -> None:
        """Note that somebody takes away what was granted to them: nothing can go wrong with its file any more. Who
        took it away and lost it on the way does so again within some minutes. Raises ExportRefused, NotSaved."""
        now = self._clock()
        row = self._row(number, by, now, wanted, via)
        told = Line(now, by, "list.export", wanted.name, {**_told(wanted, via), "people": wanted.people})
        if not self.rows.fetch(row, _within(now, GRANTED_MS), _within(now, AGAIN_MS), told):
            raise ExportRefused(*_NOT_GRANTED)

    def is_open(self, row: ExportRow) -> bool:
        """Whether what was granted may be taken away now, or once more."""
        fetched = row.fetched_ms is not None and _lies_in(row.fetched_ms, _within(self._clock(), AGAIN_MS))
        return fetched or self.state(row) == "granted"

    def _row(self, number: int, by: str, now: int, wanted: Wanted, via: str | None) -> ExportRow:
        """A list that needs a second person: two are the same where all that was typed is."""
        digest = hmac.digest(self._secret(), wanted.query.encode("utf-8", "surrogatepass"), "sha256")
        return ExportRow(number, by, now, wanted.name, wanted.form, wanted.narrowed, digest, wanted.people, via=via)

    def open_to(self, by: str) -> tuple[int, int]:
        """How many requests of others wait for an answer of somebody, and how many lists they may take away now."""
        found = [(row, self.state(row)) for row in self.rows.asked()]
        waiting = self.strangers(by, [row for row, state in found if state == "asked"])
        return len(waiting), sum((row.staff_no, row.via, state) == (by, None, "granted") for row, state in found)

    def strangers(self, by: str, rows: Sequence[ExportRow]) -> list[ExportRow]:
        """Those of some requests that somebody may answer: neither their own nor of an account bound to them."""
        others = [row for row in rows if by not in (row.staff_no, row.via)]
        bound = self.rows.let_in(by) if others else frozenset()
        return [row for row in others if bound.isdisjoint((row.staff_no, row.via))]

    def state(self, row: ExportRow) -> str:
        """How a request stands: asked, granted, refused, fetched or over."""
        if row.fetched_ms is not None:
            return "fetched"
        now = self._clock()
        if row.answered_ms is None:
            return "asked" if _lies_in(row.at_ms, _within(now, ASKED_MS)) else "over"
        if not row.granted:
            return "refused"
        return "granted" if _lies_in(row.answered_ms, _within(now, GRANTED_MS)) else "over"

    def purge(self) -> None:
        """Forget what was long ago."""
        self.rows.purge(self._clock(), KEPT_MS)


def _within(now: int, span_ms: int) -> Span:
    """When something was done that is not over yet; what lies ahead is over: the clock was wrong then."""
    return now - span_ms + 1, now + AHEAD_MS


def _lies_in(at_ms: int, span: Span) -> bool:
    return span[0] <= at_ms <= span[1]


def _around(now: int) -> Span:
    """The day before and after: what was taken away while the clock was some hours ahead is counted."""
    return now - DAY_MS + 1, now + DAY_MS


def _told(wanted: Wanted, via: str | None) -> dict[str, object]:
    """What the audit trail says of a list: with who made the token, where a program comes for it."""
    return {**wanted.told, **({"token_by": via} if via is not None else {})}
