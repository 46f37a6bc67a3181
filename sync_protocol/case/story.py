"""What each act of a case tells of its clock: which days it starts, stops or ends, and the facts that come of all.

One function a kind, named in a table: a new kind of event is a new row. Which acts count, and the day of each, the
caller says; see legal_dates.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sync_protocol.case import kinds
from sync_protocol.case.catalogue import Item
from sync_protocol.case.content import Body
from sync_protocol.case.events import CaseEvent, Position
from sync_protocol.case.exclusions import Bucket
from sync_protocol.case.facts import Correction, Exclusion, Facts, Hold, Limits, Outage
from sync_protocol.case.legal_bodies import SUSPENSIONS
from sync_protocol.case.promises import promise_at, promised
from sync_protocol.case.routes import CasePath
from sync_protocol.case.workdays import day_of

AGENT_MODES: Final = ("代办", "协办")
OWN_MODES: Final = ("村级受理", "直办")
RELAY_DAYS: Final = 1  # a village's budget where the item names none and the village only passes the case on
# What a suspension is called in the ledger, where that is another word.
LEDGER_WORDS: Final = dict(zip(SUSPENSIONS, SUSPENSIONS, strict=True)) | {"site_survey": "site_visit"}
_LEVELS: Final[dict[str, Bucket]] = {"village": "village", "township": "township", "county": "county"}
NOWHERE: Final = Position(b"", 0, b"")


class Act(NamedTuple):
    """What one act tells: ``position`` and ``body`` only where it is told in full."""

    kind: int
    place: str
    day: date
    position: Position = NOWHERE
    body: Body | None = None


class Story:
    """The facts as far as they are told. ``open``: the procedures not ended yet, by the event that opened each;
    ``wanting``: since when papers are wanting, by which kind of exclusion, empty before acceptance; ``signed``: when
    each department of a countersigning first signed."""

    def __init__(self, path: CasePath, item: Item | None, sides: Mapping[Position, CaseEvent]) -> None:
        self.path = path
        self.item = item
        self.sides = sides
        self.days: dict[str, date] = {}
        self.holds: list[Hold] = []
        self.corrections: list[Correction] = []
        self.told_earlier: list[date] = []
        self.exclusions: list[Exclusion] = []
        self.open: dict[Position, Exclusion] = {}
        self.signed: Mapping[Position, Mapping[str, date]] = {}
        self.extension_days = 0
        self.promised: int | None = None
        self.wanting: tuple[date, str] | None = None
        self.outages: tuple[Outage, ...] = ()
        self.sent = False  # for pre-review, and not there yet

    def first(self, name: str, day: date) -> None:
        """Note a day that counts once: the first time."""
        self.days.setdefault(name, day)

    def held(self, day: date, place: str) -> None:
        """From this day on a place has the case; the legal clock starts at the first that has the power to accept."""
        self.holds.append(Hold(day, self.bucket(place), place))
        if "begun" in self.days and self.has_power(place):
            self.first("received", day)

    def preview_asked(self, day: date) -> None:
        """From this day on somebody is to look at the draft."""
        self.days["preview_asked"] = day
        self.days.pop("preview_answered", None)

    def close(self, opened: Position, day: date) -> None:
        """A procedure is ended."""
        entry = self.open.pop(opened, None)
        if entry is not None:
            self.exclusions.append(entry._replace(closed=day if entry.closed is None else min(day, entry.closed)))

    def received(self, supplies: Iterable[Any], asked: date, taken: date, *, known: bool) -> date:
        """When papers that were asked for are there: the latest of the supplies taken, each on the day it was received
        on the case's path if that is ``known`` to count or it was received by a place with the power to accept."""
        latest = asked
        for entry in supplies:
            supply = self.sides[Position(*entry)]
            came = known or self.has_power(supply.place)
            latest = max(latest, min(taken, day_of(supply.claimed_ms)) if came else taken)
        return latest

    def level(self, place: str) -> str:
        """The level of a place; a station's is that of the place it belongs to."""
        return _level(self.path, place)

    def bucket(self, place: str) -> Bucket:
        """To whom the days at a place belong."""
        return _LEVELS[self.level(place)]

    def has_power(self, place: str) -> bool:
        """Whether receiving the papers here starts the legal clock: a village only where it accepts in its own name."""
        level = self.path.levels[place]
        if self.item is None or level not in self.item.accept_levels:
            return False
        return level != "village" or self.item.village_mode in OWN_MODES

    def limits(self) -> Limits:
        """What the item version allows this case."""
        item = self.item
        if item is None:
            return Limits(self.promised)
        relayed = RELAY_DAYS if item.village_mode in AGENT_MODES else None
        return Limits(
            self.promised,
            item.statutory_days or None,
            item.fallback_days,
            relayed if item.budget_village_days is None else item.budget_village_days,
            item.budget_township_days,
            item.budget_county_days,
            publicity_unit=item.publicity_unit,
            publicity_excluded=item.publicity_excluded,
        )


def facts_told(story: Story, acts: Iterable[Act]) -> Facts:
    """The facts that come of acts that are told in their order."""
    for act in acts:
        tell = TELL.get(act.kind)
        if tell is not None:
            tell(story, act, act.body, act.day)
    if story.wanting is not None:
        _supplied(story, None)
    days = story.days
    return Facts(
        story.limits(),
        days.get("begun"),
        days.get("received"),
        days.get("accepted"),
        days.get("decided"),
        days.get("settled"),
        None,
        days.get("closed"),
        tuple(story.corrections),
        (*story.exclusions, *story.open.values()),
        extension_days=story.extension_days,
        holds=tuple(story.holds),
        outages=story.outages,
        extended=days.get("extended"),
        preview_asked=days.get("preview_asked"),
        preview_answered=days.get("preview_answered"),
        told_earlier=tuple(story.told_earlier),
    )


@lru_cache(maxsize=4_096)
def _level(path: CasePath, place: str) -> str:
    levels = (path.levels[upper] for upper in path.places[path.places.index(place) :])
    return next((level for level in levels if level in _LEVELS), "county")


def _receive(story: Story, act: Act, body: Body | None, day: date) -> None:
    story.first("begun", day)
    story.held(day, act.place)


def _handoff(story: Story, act: Act, body: Body | None, day: date) -> None:
    if body is not None:
        up = story.path.ranks[body[0]] < story.path.ranks[act.place]
        story.holds.append(Hold(day, "transit_up" if up else "transit_down", body[0]))


def _accept(story: Story, act: Act, body: Body | None, day: date) -> None:
    story.held(day, act.place)
    if story.sent:
        story.sent = False
        story.preview_asked(day)


def _prereview(story: Story, act: Act, body: Body | None, day: date) -> None:
    """Who is asked answers from the day on which the draft is with them."""
    if body is not None and body[0] == act.place:
        story.preview_asked(day)
    elif body is not None:
        story.sent = True
        _handoff(story, act, body, day)


def _reply(story: Story, act: Act, body: Body | None, day: date) -> None:
    story.days["preview_answered"] = day


def _assign(story: Story, act: Act, body: Body | None, day: date) -> None:
    if body is not None:
        story.held(day, body[0])
    story.sent = False
    if "preview_asked" in story.days:
        story.first("preview_answered", day)  # nobody waits for an answer of the one before


def _docket(story: Story, act: Act, body: Body | None, day: date) -> None:
    story.first("received", day)
    story.first("accepted", day)
    item = story.item
    named = None if body is None else body.get(0)
    if body is not None and 4 in body:  # what the place knows of its own line, of that moment
        story.outages = (Outage(day_of(body[4]), day),)
    if item is None:
        story.promised = named
    else:
        level = story.level(act.place)
        story.promised = promise_at(item, level) if named is None else promised(item, level, named)


def _return(story: Story, act: Act, body: Body | None, day: date) -> None:
    if "accepted" not in story.days:
        # Before the papers are with anybody who has the power to accept it is a slip among ourselves, no legal notice.
        story.wanting = (day, "") if "received" in story.days else None
        return
    item, level = story.item, story.level(act.place)
    asks = item is None or level in (item.review_level, item.deciding_level)
    story.wanting = (day, "supplement" if asks else "returned")


def _take(story: Story, act: Act, body: Body | None, day: date) -> None:
    """The papers count from the day they were received on the case's path: before acceptance, where the legal clock
    starts anew with them, by somebody with the power to accept."""
    story.days.pop(
        "closed", None
    )  # what had come in time, and was not known, opens again what was ended for want of it
    if "preview_answered" in story.days and "begun" not in story.days:
        story.preview_asked(day)
    if story.wanting is None:
        return
    asked, kind = story.wanting
    received = story.received(body[0] if body is not None else (), asked, day, known=bool(kind))
    _supplied(story, received)


def _supplied(story: Story, day: date | None) -> None:
    assert story.wanting is not None
    asked, kind = story.wanting
    if kind:
        story.exclusions.append(Exclusion(kind, asked, day))
    else:
        story.corrections.append(Correction(asked, day))
    story.wanting = None


def _decide(story: Story, act: Act, body: Body | None, day: date) -> None:
    """What is approved for a fee is settled later; of a decision whose body is gone no fee notice says it refused."""
    story.first("decided", day)
    if story.item is None or not story.item.has_fee or act.body is None or act.body[0] == "refuse":
        story.first("settled", day)


def _answer(story: Story, act: Act, body: Body | None, day: date) -> None:
    if body is not None and body[1] and "decided" not in story.days:
        story.first("closed", day)


def _closed(story: Story, act: Act, body: Body | None, day: date) -> None:
    story.first("closed", day)


def _review_decision(story: Story, act: Act, body: Body | None, day: date) -> None:
    """Where a refusal is overturned the time to accept runs anew from the day of the decision."""
    if body is not None and body[1] == "overturn" and story.days.pop("closed", None) is not None:
        story.days["received"] = day
        story.told_earlier += [each.asked for each in story.corrections]
        story.corrections.clear()


def _suspend(story: Story, act: Act, body: Body | None, day: date) -> None:
    if body is not None:
        story.open[act.position] = Exclusion(LEDGER_WORDS[body[0]], day, None, body.get(3))


def _resume(story: Story, act: Act, body: Body | None, day: date) -> None:
    if body is not None:
        opened = Position(*body[0])
        entry = story.open.get(opened)
        # Papers count from the day they came; with a result the day it was recorded counts.
        supplies = body.get(2, ()) if entry is not None and entry.kind == "supplement" else ()
        story.close(opened, story.received(supplies, entry.opened, day, known=True) if entry and supplies else day)


def _extend(story: Story, act: Act, body: Body | None, day: date) -> None:
    story.extension_days += body[0] if body is not None else 0
    story.first("extended", day)


def _countersign_open(story: Story, act: Act, body: Body | None, day: date) -> None:
    """The days are the members' until the last of them has signed; then it is the lead's again."""
    signed = story.signed.get(act.position, {})
    members = () if body is None else body[0]
    whole = bool(members) and all(member in signed for member in members)
    closed = max(day, *(signed[member] for member in members)) if whole else None
    story.open[act.position] = Exclusion("countersign", day, closed)


def _countersign_close(story: Story, act: Act, body: Body | None, day: date) -> None:
    if body is not None:
        story.close(Position(*body[0]), day)


def _fee_notice(story: Story, act: Act, body: Body | None, day: date) -> None:
    """Nothing is settled while the fee is waited for."""
    story.days.pop("settled", None)
    story.open[act.position] = Exclusion("fee", day)


def _fee_settled(story: Story, act: Act, body: Body | None, day: date) -> None:
    """The fee is waited for until the day it was paid; paid in time, it opens again what was ended for want of it."""
    story.days.pop("closed", None)
    paid = date.fromisoformat(body[4]) if body is not None and 4 in body else day
    for opened, entry in [(opened, entry) for opened, entry in story.open.items() if entry.kind == "fee"]:
        story.close(opened, max(entry.opened, min(paid, day)))


def _issue(story: Story, act: Act, body: Body | None, day: date) -> None:
    """The promise ends with the certificate, not with the decision."""
    story.days["settled"] = day


# What each kind of act says; a kind that is not named here says nothing about time.
TELL: Final[dict[int, Callable[[Story, Act, Body | None, date], None]]] = {
    kinds.RECEIVE: _receive,
    kinds.HANDOFF: _handoff,
    kinds.ACCEPT: _accept,
    kinds.FORCE_ASSIGN: _assign,
    kinds.DOCKET: _docket,
    kinds.RETURN_FOR_CORRECTION: _return,
    kinds.TAKE: _take,
    kinds.DECIDE: _decide,
    kinds.ANSWER: _answer,
    kinds.REFUSE: _closed,
    kinds.LAPSE: _closed,
    kinds.REVIEW_DECISION: _review_decision,
    kinds.SUSPEND: _suspend,
    kinds.RESUME: _resume,
    kinds.EXTEND: _extend,
    kinds.COUNTERSIGN_OPEN: _countersign_open,
    kinds.COUNTERSIGN_CLOSE: _countersign_close,
    kinds.FEE_NOTICE: _fee_notice,
    kinds.FEE_SETTLED: _fee_settled,
    kinds.ISSUE: _issue,
    kinds.PREREVIEW: _prereview,
    kinds.PREREVIEW_REPLY: _reply,
}
# Those whose body says something about time; of the others it is not even decoded, on the way of every event.
READ: Final = frozenset({
    kinds.HANDOFF, kinds.FORCE_ASSIGN, kinds.DOCKET, kinds.TAKE, kinds.ANSWER, kinds.REVIEW_DECISION, kinds.SUSPEND,
    kinds.RESUME, kinds.EXTEND, kinds.COUNTERSIGN_CLOSE, kinds.FEE_SETTLED, kinds.PREREVIEW,
    kinds.COUNTERSIGN_OPEN,
})  # fmt: skip
# Of these an act is told whole: what its body says, or where what ends it finds it. Of all others that are alike, at
# the same place on the same day, the same is told.
IN_FULL: Final = READ | {kinds.FEE_NOTICE}
