"""Where our clock is known to be wrong, and the date that it writes would favour the office, a person confirms it.

What is known is how far the clock of the place above was ahead of ours at the last contact. The confirmation stands in
the event: how far that was.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from sync_protocol.case import bodies, kinds
from village_node.casebook.conditions import CHINA, LATEST_DAY_MS
from village_node.casebook.errors import NotAllowed
from village_node.casebook.office import Office
from village_node.store import Connection, peers

FROM_MS: Final = 600_000
# What an office gains by a date that is too early: it takes in or opens an exclusion in time, moves a limit, decides,
# issues or delivers in time; and what it gains by one that is too late: its term begins later or anew, an exclusion
# ends, a term of the applicant, of a hearing or of a public notice seems to be over.
_EARLY: Final = frozenset({
    kinds.DOCKET, kinds.RETURN_FOR_CORRECTION, kinds.SUSPEND, kinds.FEE_NOTICE, kinds.COLLECTION_NOTICE, kinds.EXTEND,
    kinds.REFUSE, kinds.DECIDE, kinds.ISSUE, kinds.DELIVERED, kinds.REVIEW_DECISION,
})  # fmt: skip
_LATE: Final = frozenset({kinds.DOCKET, kinds.RESUME, kinds.TAKE, kinds.DECIDE, kinds.LAPSE, kinds.DELIVERED})
CONCERNED: Final = _EARLY | _LATE


class Skew(NamedTuple):
    """How far the clock of the place above is ahead of ours, as it was when we last heard of it."""

    above: str
    ms: int
    heard_ms: int


class ClockOff(NotAllowed):
    """An act whose date favours the office, by a clock that is wrong, without a person's confirmation."""


def favours(kind: int, skew_ms: int) -> bool:
    """Tell whether an act gains by a clock that is so far behind the one above (or ahead, where it is negative)."""
    return (skew_ms > FROM_MS and kind in _EARLY) or (skew_ms < -FROM_MS and kind in _LATE)


def skew_in(office: Office, connection: Connection) -> Skew | None:
    """What is known of our clock; None at the root, and where nothing was heard yet."""
    parent = office.roster_in(connection).node(office.identity.parent) if office.identity.parent else None
    if parent is None:
        return None
    heard = [row for row in peers.peers(connection) if row.direction == "up" and row.place == parent.place]
    row = max(heard, key=lambda each: each.last_contact_ms or 0, default=None)
    if row is None or row.skew_ms is None:
        return None
    return Skew(row.place, row.skew_ms, row.last_contact_ms or 0)


def confirmed(office: Office, connection: Connection, kind: int, *, by_person: bool) -> Mapping[int, Any]:
    """What the event says of a clock that a person has confirmed; nothing where there is nothing to confirm. Raises
    ClockOff."""
    if kind not in CONCERNED:
        return {}
    skew = skew_in(office, connection)
    if skew is None or not favours(kind, skew.ms):
        return {}
    if not by_person:
        raise ClockOff(
            f"{asks(skew, office.clock())[0]}请核对时间：时钟不对的，先校准再办；确认无误的，勾选确认后再提交",
            f"{asks(skew, office.clock())[1]}: set the clock right first, or confirm the time and send it again",
        )
    return {bodies.SKEW_KEY: skew.ms}


def asks(skew: Skew, now_ms: int) -> tuple[str, str]:
    """The question in words: how far the clock is off, and both times."""
    minutes = abs(skew.ms) // 60_000
    ours, theirs = _time(now_ms), _time(now_ms + skew.ms)
    zh = "慢" if skew.ms > 0 else "快"
    en = "behind" if skew.ms > 0 else "ahead of"
    heard = _time(skew.heard_ms)
    return (
        f"上次联系（本机 {heard}）时，本机时钟比上级{zh} {minutes} 分钟（照此推算：本机 {ours}，上级 {theirs}），"
        "这一步的日期会因此对办理单位有利。",
        f"at the last contact ({heard} by this clock) it was {minutes} minutes {en} the one above (so by now: here "
        f"{ours}, there {theirs}), which favours the office",
    )


def _time(ms: int) -> str:
    """A moment in the county; of a clock that no calendar can follow the nearest one."""
    since = timedelta(milliseconds=min(max(ms, 0), LATEST_DAY_MS))
    return f"{(datetime(1970, 1, 1, tzinfo=UTC) + since).astimezone(CHINA):%Y-%m-%d %H:%M}"
