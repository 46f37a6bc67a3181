"""What one stage event does to a case at the end of the path it names: legal or not, and who holds the case then.

``Flow`` is all that legality looks at. ``step`` applies one event to it or says why the event is void. The rules are
the rows of ``workflow.MOVES``; here stand only the guards those rows name.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from sync_protocol.case import kinds, legal_bodies, workflow
from sync_protocol.case.catalogue import Item
from sync_protocol.case.routes import CasePath, accept_places, delivery_places, why_not_routed
from sync_protocol.event import Position

Body = Mapping[int, Any]
COUNTERSIGNING: Final = "countersigning"
COMMITMENT: Final = "commitment"


class Entry(NamedTuple):
    """One procedure that is open beside the state of a case: the event that opened it, and what it is.

    ``what`` is one of the suspensions, ``countersigning``, ``commitment``, or empty where the body that said it was
    deleted.
    """

    opened: Position
    what: str
    members: tuple[str, ...] = ()


# No honest case comes near these; without a bound each act of a chain would carry all that the acts before it named.
ANSWERED_MOST: Final = 256
ADOPTED_MOST: Final = 256


class Flow:
    """The state of a case at the end of one path. ``holder`` is empty in transit; ``to`` names the receiver then.

    ``open``: the procedures not ended yet; ``higher``: what a higher authority decided, empty if it has not; ``heard``:
    the departments of every countersigning that was ended.
    """

    __slots__ = (
        "adopted", "answered", "before", "docketed", "extended", "fee_settled", "heard", "higher", "holder", "item",
        "open", "previewed", "purpose", "reviewed", "state", "to",
    )  # fmt: skip

    def __init__(self, item: Item | None, holder: str) -> None:
        # No item: the body of the create event was deleted; the guards that need it then let pass.
        self.item = item
        self.state = "draft"
        self.before = ""
        self.holder = holder
        self.to = ""
        self.purpose = ""
        self.docketed = False
        self.reviewed = False
        self.extended = self.fee_settled = self.previewed = False
        self.higher = ""
        self.open: tuple[Entry, ...] = ()
        self.answered: frozenset[Any] = frozenset()
        self.adopted: frozenset[Any] = frozenset()
        self.heard: frozenset[str] = frozenset()

    def copy(self) -> "Flow":
        """Give a second flow to try another continuation on."""
        twin = Flow(self.item, self.holder)
        twin.state, twin.before, twin.to, twin.purpose = self.state, self.before, self.to, self.purpose
        twin.docketed, twin.reviewed, twin.answered = self.docketed, self.reviewed, self.answered
        twin.adopted, twin.previewed, twin.heard = self.adopted, self.previewed, self.heard
        twin.extended, twin.fee_settled, twin.higher, twin.open = (
            self.extended,
            self.fee_settled,
            self.higher,
            self.open,
        )
        return twin


def onward(flow: Flow, here: str, path: CasePath) -> tuple[tuple[str, str], ...]:
    """List the (place, purpose) pairs a case held at ``here`` may be handed to; the first is the usual one.

    Empty where the next step is to be done here, or nowhere.
    """
    item = flow.item
    if item is None or here not in path.ranks:
        return ()
    level = path.levels[here]
    if flow.state in workflow.DECIDED:
        return tuple((place, "deliver") for place in delivery_places(item, here, path))
    if flow.state not in workflow.UNDECIDED:
        return ()
    if not flow.docketed:
        return () if level in item.accept_levels else tuple((place, "accept") for place in _acceptors(item, here, path))
    purpose, wanted = ("decide", item.deciding_level)
    if item.review_level and not flow.reviewed:
        purpose, wanted = ("review", item.review_level)
    places = path.stops.get(wanted, ())
    return () if here in places else tuple((place, purpose) for place in places)


def _acceptors(item: Item, here: str, path: CasePath) -> tuple[str, ...]:
    """The places that may accept in place of one that may not. Nearest above first: a case filed above the level that
    accepts it goes down to where the act belongs."""
    able = accept_places(item, path)
    above = [place for place in able if path.ranks[place] < path.ranks[here]]
    return tuple(above or reversed(able))


def preview_places(item: Item | None, here: str, path: CasePath) -> tuple[str, ...]:
    """List the places that a draft held at ``here`` may be sent to for pre-review; the first is the usual one."""
    if item is None or path.levels[here] in item.accept_levels:
        return tuple(path.places) if item is None else (here,)
    return _acceptors(item, here, path)


def ready_to_decide(flow: Flow, level: str) -> bool:
    """Tell whether a holder at this level may decide now: its level, and reviewed where the item asks it.

    The moves lead to no state in which a decision stands open before the case was accepted.
    """
    item = flow.item
    return item is None or (level == item.deciding_level and (flow.reviewed or not item.review_level))


def standing(flow: Flow, place: str, path: CasePath) -> str:
    """Give the open state of a case that comes to a place unasked: what has been done so far says it, and what is due
    there; so every step that was still to come can be taken or handed on, and none is taken twice."""
    item = flow.item
    if not flow.docketed:
        return "received"
    due = "" if item is None else item.deciding_level if flow.reviewed or not item.review_level else item.review_level
    if due == path.levels[place]:
        assert item is not None
        return workflow.arrival("review" if due == item.review_level and not flow.reviewed else "decide", due)
    return "reviewed" if flow.reviewed else "accepted"


def may_correct(item: Item | None, level: str) -> bool:
    """Tell whether a level may ask for corrections: one that accepts, reviews or decides the item."""
    return item is None or level in item.accept_levels or level in (item.review_level, item.deciding_level)


def may_examine(flow: Flow, level: str) -> bool:
    """Tell whether a level examines the case: it reviews or decides the item."""
    item = flow.item
    return item is None or level in (item.review_level, item.deciding_level)


# A guard takes (flow, author's place, body or None when deleted, path) and says if it holds.
Test = Callable[[Flow, str, Body | None, CasePath], bool]


def _holder(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return True


def _accept_level(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return flow.item is None or path.levels[place] in flow.item.accept_levels


def _correct_level(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return may_correct(flow.item, path.levels[place])


def _review_level(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return flow.item is None or path.levels[place] == flow.item.review_level


def _decide_level(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return ready_to_decide(flow, path.levels[place])


def _onward(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    if body is None or flow.item is None:
        return body is None or (body[0] in path.ranks and body[0] != place)
    return (body[0], body[1]) in onward(flow, place, path)


def _request(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return body is None or (tuple(body[0]) not in flow.answered and len(flow.answered) < ANSWERED_MOST)


def _request_refused(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return _request(flow, place, body, path) and (body is None or body[1] is False)


def _assign(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return body is not None and body[0] in path.ranks and body[0] != flow.holder


def _examine_level(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return may_examine(flow, path.levels[place])


def _county_level(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return path.levels[place] == "county"


def _up_level(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return body is None or body[0] != "reported_up" or path.levels[place] == "county"


def _room(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return len(flow.open) < legal_bodies.MAX_OPEN


def _nothing_open(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return not flow.open or all(entry.what == COMMITMENT for entry in flow.open)


def entry_named(flow: Flow, body: Body) -> Entry | None:
    """Give the open procedure that an act ends; None if it is not open."""
    opened = tuple(body[0])
    return next((entry for entry in flow.open if entry.opened == opened), None)


# Each of these is ended by a kind of its own.
_ENDED_OTHERWISE: Final = (COUNTERSIGNING, COMMITMENT)


def _entry(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    if body is None:
        return any(entry.what not in _ENDED_OTHERWISE for entry in flow.open)
    entry = entry_named(flow, body)
    return entry is not None and entry.what not in _ENDED_OTHERWISE


def _countersigning(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    if body is None:
        return any(entry.what == COUNTERSIGNING for entry in flow.open)
    entry = entry_named(flow, body)
    return entry is not None and entry.what == COUNTERSIGNING


def _higher_answer(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    entry = None if body is None else entry_named(flow, body)
    return body is None or entry is None or not entry.what or (entry.what == "reported_up") == (3 in body)


def _higher_outcome(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    if flow.item is None or flow.item.decide_level != "higher":
        return True
    return bool(flow.higher) and (body is None or body[0] == flow.higher)


def _extension(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    most = 15 if flow.item is None or flow.item.joint else 10
    return not flow.extended and (body is None or body[0] <= most)


def _supplement_open(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return any(entry.what in ("supplement", COMMITMENT, "") for entry in flow.open)


def _fee_asked(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return flow.item is None or (flow.item.has_fee and not flow.fee_settled)


def _fee_settled(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    due = flow.state == "decided_approved" and flow.item is not None and flow.item.has_fee
    return flow.fee_settled or not due


def _fee_lapsed(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return flow.before == "fee_due"


def committed(entries: tuple[Entry, ...]) -> bool:
    """Tell whether something that the applicant committed to is still to be kept."""
    return any(entry.what == COMMITMENT for entry in entries)


def _tolerable(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    if flow.item is None or body is None:
        return True
    if body[0] == "declaration":
        return flow.item.commitment
    return all(paper[0] in flow.item.tolerable for paper in body[1])


def _commitment(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    if body is None:
        return committed(flow.open)
    entry = entry_named(flow, body)
    return entry is not None and entry.what == COMMITMENT


def _commitment_open(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return committed(flow.open)


def _kept(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    # What was refused waits for nothing any more; and where the outcome was deleted nobody can tell.
    return flow.state != "decided_approved" or not committed(flow.open)


def _preview_place(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return body is None or body[0] in preview_places(flow.item, place, path)


def _previewed(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return flow.previewed


def _heard(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    item = flow.item
    return item is None or not item.members or all(party.department in flow.heard for party in item.parties)


def _joint(flow: Flow, place: str, body: Body | None, path: CasePath) -> bool:
    return flow.item is None or flow.item.joint


_GUARDS: Final[dict[str, Test]] = {
    "holder": _holder,
    "receiver": _holder,
    "accept_level": _accept_level,
    "correct_level": _correct_level,
    "review_level": _review_level,
    "decide_level": _decide_level,
    "onward": _onward,
    "supplies": _holder,
    "request": _request,
    "request_refused": _request_refused,
    "assign": _assign,
    "adoption": _holder,
    "examine_level": _examine_level,
    "county_level": _county_level,
    "up_level": _up_level,
    "room": _room,
    "nothing_open": _nothing_open,
    "entry": _entry,
    "higher_answer": _higher_answer,
    "higher_outcome": _higher_outcome,
    "extension": _extension,
    "supplement_open": _supplement_open,
    "fee_asked": _fee_asked,
    "fee_settled": _fee_settled,
    "fee_lapsed": _fee_lapsed,
    "joint": _joint,
    "countersigning": _countersigning,
    "tolerable": _tolerable,
    "commitment": _commitment,
    "commitment_open": _commitment_open,
    "kept": _kept,
    "preview_place": _preview_place,
    "previewed": _previewed,
    "heard": _heard,
    # What an act names is looked at with the records themselves.
    "signatures": _holder,
    "countersigned": _holder,
    "delivery": _holder,
}

# The tests that a row asks, without those that always hold, and where it leads.
_ROWS: Final = {
    key: (
        tuple((name, _GUARDS[name]) for name in (move.guard, *move.also) if _GUARDS[name] is not _holder),
        move.target,
    )
    for key, move in workflow.MOVES.items()
}


def why_not_moved(flow: Flow, kind: int, place: str, path: CasePath) -> str | None:
    """Name the guard that does not let such a move pass, as far as it asks nothing of the body; None if all do."""
    row = _ROWS.get((flow.state, kind))
    if row is None:
        return "not_allowed_now"
    return next((guard for guard, test in row[0] if not test(flow, place, None, path)), None)


def begin(item: Item | None, place: str, path: CasePath) -> Flow | str:
    """Start a case with its create event: the flow, or the reason why the event is void."""
    if place not in path.ranks:
        return "off_path"
    if item is not None and why_not_routed(item, place, path) is not None:
        return "not_filed_here"
    return Flow(item, place)


def step(flow: Flow, kind: int, place: str, body: Body | None, path: CasePath, at: Position) -> str | None:
    """Apply one stage event after ``create``: change the flow and return None, or leave it and say why it is void.

    ``body`` is a checked body, or None when it was deleted: then the kind alone says how far the case moves; ``at`` is
    the event's own position.
    """
    row = _ROWS.get((flow.state, kind))
    if kind == kinds.ACCEPT:
        if flow.to != place:
            return "not_receiver" if flow.to else "not_allowed_now"
    elif kind == kinds.FORCE_ASSIGN:
        if not is_above(place, flow, path):
            return "not_above"
    elif kind == kinds.REVIEW_DECISION:
        if flow.holder != place and not is_above(place, flow, path):
            return "not_above"
    elif flow.holder != place:
        return "not_holder"
    if row is None:
        return "not_allowed_now"
    for guard, test in row[0]:
        if not test(flow, place, body, path):
            return guard
    _move(flow, kind, place, body, path, row[1], at)
    return None


def is_above(place: str, flow: Flow, path: CasePath) -> bool:
    """Tell whether a place of the path lies above the holder, or above the receiver in transit."""
    at = path.ranks.get(flow.holder or flow.to)
    return at is not None and path.ranks.get(place, at) < at


# Of an adopted branch these have no effect: the baton is with who adopts, and what an adoption named is named itself.
MOVES_THE_BATON: Final = frozenset({
    kinds.HANDOFF, kinds.ACCEPT, kinds.FORCE_ASSIGN, kinds.ADOPT, kinds.PREREVIEW,
})  # fmt: skip


def why_not_adopt(flow: Flow, place: str) -> str | None:
    """Say why a place may adopt nothing now; None if it may."""
    if flow.holder != place:
        return "not_holder"
    return None if (flow.state, kinds.ADOPT) in _ROWS else "not_allowed_now"


def do_again(flow: Flow, kind: int, place: str, body: Body | None, path: CasePath, at: Position) -> bool:
    """Do what a place did on another branch, whoever holds the case now; False if the workflow does not allow it."""
    row = _ROWS.get((flow.state, kind))
    if row is None or not all(test(flow, place, body, path) for _, test in row[0]):
        return False
    _move(flow, kind, place, body, path, row[1], at)
    return True


def _move(flow: Flow, kind: int, place: str, body: Body | None, path: CasePath, target: str, at: Position) -> None:
    if kind == kinds.HANDOFF:
        flow.before, flow.holder = flow.state, ""
        flow.to, flow.purpose = (body[0], body[1]) if body is not None else ("", "")
        flow.state = target
    elif kind == kinds.ACCEPT:
        flow.state = workflow.arrival(flow.purpose, path.levels[place])
        flow.holder, flow.to, flow.before, flow.purpose = place, "", "", ""
    elif kind == kinds.FORCE_ASSIGN:
        assert body is not None
        _assign_to(flow, body[0], path)
    elif kind == kinds.PREREVIEW:
        assert body is not None
        _send_for_preview(flow, body[0])
    elif kind == kinds.DECIDE:
        outcome = None if body is None else body[0]
        flow.state = {"approve": "decided_approved", "refuse": "decided_refused"}.get(outcome or "", "decided")
    elif kind == kinds.ANSWER:
        if body is not None:
            flow.answered = flow.answered | {tuple(body[0])}
            if target == "by_answer" and body[1]:
                flow.state = "withdrawn"
    elif kind == kinds.REVIEW_DECISION:
        assert body is not None
        flow.answered = flow.answered | {tuple(body[0])}
        if body[1] == "overturn":
            flow.state = "received"
    elif target == "back":
        flow.state, flow.before = flow.before, ""
    elif target != "same":
        if target == "correcting" or (target == "lapsed" and flow.state != "correcting"):
            flow.before = flow.state
        elif kind == kinds.DOCKET:
            flow.docketed = True
        elif kind == kinds.REVIEW:
            flow.reviewed = True
        elif kind == kinds.FEE_SETTLED:
            flow.fee_settled = True
        elif kind == kinds.PREREVIEW_REPLY:
            flow.previewed = True
        flow.state = target
    elif kind in _BESIDE:
        _BESIDE[kind](flow, body, at)


def _suspend(flow: Flow, body: Body | None, at: Position) -> None:
    flow.open = (*flow.open, Entry(at, "" if body is None else body[0]))


def _countersign(flow: Flow, body: Body | None, at: Position) -> None:
    assert body is not None
    flow.open = (*flow.open, Entry(at, COUNTERSIGNING, tuple(body[0])))


def _commit(flow: Flow, body: Body | None, at: Position) -> None:
    flow.open = (*flow.open, Entry(at, COMMITMENT))


def _end(flow: Flow, body: Body | None, at: Position) -> None:
    assert body is not None
    ended = entry_named(flow, body)
    flow.open = tuple(entry for entry in flow.open if entry is not ended)


def _end_countersigning(flow: Flow, body: Body | None, at: Position) -> None:
    assert body is not None
    ended = entry_named(flow, body)
    if ended is not None:
        flow.heard = flow.heard.union(ended.members)
    _end(flow, body, at)


def _resume(flow: Flow, body: Body | None, at: Position) -> None:
    assert body is not None
    flow.higher = body.get(3, flow.higher)
    _end(flow, body, at)


def _extend(flow: Flow, body: Body | None, at: Position) -> None:
    flow.extended = True


# What acts that leave the state as it is do beside it.
_BESIDE: Final[dict[int, Callable[[Flow, Body | None, Position], None]]] = {
    kinds.SUSPEND: _suspend,
    kinds.RESUME: _resume,
    kinds.EXTEND: _extend,
    kinds.COUNTERSIGN_OPEN: _countersign,
    kinds.COUNTERSIGN_CLOSE: _end_countersigning,
    kinds.COMMITMENT: _commit,
    kinds.COMMITMENT_KEPT: _end,
}


def _send_for_preview(flow: Flow, to: str) -> None:
    """A draft is looked at where it is, or goes to a place that may accept it."""
    if to == flow.holder:
        flow.state = "prereview"
    else:
        flow.before, flow.state, flow.holder = "draft", "in_transit", ""
        flow.to, flow.purpose = to, "prereview"


def _assign_to(flow: Flow, place: str, path: CasePath) -> None:
    """Put the case into the hands of a place. The states before are looked at: in transit, to be corrected, lapsed."""
    if flow.state == "in_transit":
        flow.state, flow.before = flow.before, ""
    if flow.state == "prereview":
        flow.state = "draft"
    elif flow.state == "correcting" or (flow.state == "lapsed" and flow.before in workflow.UNDECIDED):
        flow.before = standing(flow, place, path)
    elif flow.state in workflow.UNDECIDED:
        flow.state = standing(flow, place, path)
    flow.holder, flow.to, flow.purpose = place, "", ""
