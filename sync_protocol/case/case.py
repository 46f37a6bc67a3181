"""A case as its events make it: the fold, and the record that pages and rows are drawn from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sync_protocol.case import bodies, kinds, workflow
from sync_protocol.case.baton import COMMITMENT, COUNTERSIGNING, Entry
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.case.content import Body, is_missing, is_unknown, read_body
from sync_protocol.case.events import EFFECTIVE, VERDICT_CODES, CaseEvent, Position, Verdict
from sync_protocol.case.noted import VOICES, set_voices
from sync_protocol.case.orders import Order, orders_of
from sync_protocol.case.records import (
    Certificate,
    Decision,
    Fee,
    Lane,
    Lapse,
    Link,
    Mark,
    Material,
    Opinion,
    Preview,
    Procedure,
    Refusal,
    ReviewAnswer,
    SideNote,
)
from sync_protocol.case.routes import PlaceTree, path_from
from sync_protocol.case.tree import WAITS_FOR_DEP, Tree

_FIRST_SIDE: Final = kinds.SIDE_NUMBERS.start


@dataclass(slots=True)
class Case:
    """The state of one case and the verdict on each of its events.

    ``state`` is empty while no create event is effective here; ``last`` is the end of the effective path, which the
    next stage event names; ``holder`` is None in transit; times are milliseconds as claimed or as an accept fixed them.
    ``adopted``: what counts and does not stand on the path, each with the adoption that made it count;
    ``open_oddities``: void and contested events that nobody entitled to has adopted or dismissed; ``adoptable``:
    those that the holder could adopt as things stand. ``procedures``: the ledger, in the order of the path; ``open``:
    those of it that are not ended; ``ratings``: the first of each stage.
    """

    scope: str
    case_id: bytes
    state: str = ""
    state_before: str = ""
    holder: str | None = None
    transit_to: str | None = None
    transit_purpose: str = ""
    home: str = ""
    item_no: str = ""
    item_version: int = 0
    case_no: str = ""
    query_code: str = ""
    channel: str = ""
    applicant: dict[str, str] = field(default_factory=dict)
    proxy: dict[str, str] = field(default_factory=dict)
    window_note: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    materials: list[Material] = field(default_factory=list)
    docketed: bool = False
    reviewed: bool = False
    review: Opinion | None = None
    previewed: bool = False
    preview: Preview | None = None
    decision: Decision | None = None
    marks: tuple[Mark, ...] = ()
    correction_reason: str = ""
    correction_days: int | None = None
    returns: int = 0
    promised_days: int | None = None
    created_ms: int | None = None
    filed_ms: int | None = None
    filed_disputed: bool = False
    filed_fixed: bool = False
    docketed_ms: int | None = None
    docketed_at: str | None = None
    unheard_since_ms: int | None = None
    decided_ms: int | None = None
    delivered_ms: int | None = None
    last: Position | None = None
    path: tuple[Position, ...] = ()
    verdicts: dict[Position, Verdict] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    open_supplies: tuple[SideNote, ...] = ()
    open_withdrawals: tuple[SideNote, ...] = ()
    notes: tuple[SideNote, ...] = ()
    deliveries: tuple[SideNote, ...] = ()
    return_wishes: tuple[SideNote, ...] = ()
    answered: frozenset[Position] = frozenset()
    taken: set[Position] = field(default_factory=set)
    adopted: dict[Position, Position] = field(default_factory=dict)
    adoptable: tuple[Position, ...] = ()
    dismissed: dict[Position, SideNote] = field(default_factory=dict)
    open_oddities: tuple[Position, ...] = ()
    needs_update: bool = False
    refusal: Refusal | None = None
    lapse: Lapse | None = None
    procedures: dict[Position, Procedure] = field(default_factory=dict)
    open: tuple[Entry, ...] = ()
    extended: bool = False
    extension_days: int | None = None
    higher: str = ""
    fee: Fee | None = None
    fee_settled: bool = False
    certificate: Certificate | None = None
    volume: str = ""
    lane: Lane | None = None
    review_answers: list[ReviewAnswer] = field(default_factory=list)
    open_reviews: tuple[SideNote, ...] = ()
    countersignatures: tuple[SideNote, ...] = ()
    oversight: tuple[SideNote, ...] = ()
    ratings: dict[int, SideNote] = field(default_factory=dict)
    later_ratings: tuple[SideNote, ...] = ()
    services: tuple[SideNote, ...] = ()
    contact_changes: tuple[SideNote, ...] = ()
    collection_notices: tuple[SideNote, ...] = ()
    orders: tuple[Order, ...] = ()
    meetings: tuple[SideNote, ...] = ()
    actions_done: tuple[SideNote, ...] = ()
    papers: tuple[SideNote, ...] = ()
    calls: tuple[SideNote, ...] = ()
    authorities: tuple[SideNote, ...] = ()
    acts_on: Link | None = None
    confirmations: tuple[SideNote, ...] = ()
    service: dict[str, str] = field(default_factory=dict)
    hearing_rights: tuple[SideNote, ...] = ()

    @property
    def listed_state(self) -> str:
        """The state as lists show it: a draft in which a pre-review found something missing, and a case that waits for
        papers asked for in examination, is to be corrected."""
        if self.state == "draft" and self.marks:
            return "correcting"
        waits = self.state in workflow.EXAMINED and any(entry.what == "supplement" for entry in self.open)
        return "correcting" if waits else self.state

    @property
    def handled(self) -> dict[int, str]:
        """By which place each stage was handled: who accepted or refused it, and who decided or ended it."""
        refused = self.refusal.place if self.refusal is not None and not self.refusal.revoked else ""
        ended = self.decision or self.lapse
        result = ended.place if ended is not None else refused or self.holder or self.home
        return {1: refused or self.docketed_at or self.home, 2: result}

    @property
    def heard(self) -> frozenset[str]:
        """The departments of every countersigning that was ended."""
        ended = [each for each in self.procedures.values() if each.what == COUNTERSIGNING and each.ended is not None]
        return frozenset(member for each in ended for member in each.body["members"])

    @property
    def commitments_due(self) -> tuple[date, ...]:
        """The days by which what the applicant committed to is to be kept, the first one first: of what is open, and
        not of an application that was refused."""
        refused = self.decision is not None and self.decision.outcome == "refuse"
        said = [self.procedures[entry.opened].body for entry in self.open if entry.what == COMMITMENT and not refused]
        return tuple(sorted(date.fromisoformat(body["due"]) for body in said if "due" in body))


def fold(
    scope_place: str, case_id: bytes, events: Iterable[CaseEvent], places: PlaceTree, catalogue: Catalogue
) -> Case:
    """Fold the events of one case into its state and their verdicts.

    A pure function of the set of events: their order, and repetitions, change nothing. Events of another scope or case
    are left out and get no verdict. Raises KeyError (UnknownPlace) only if ``scope_place`` itself is unknown.
    """
    stage: dict[Position, CaseEvent] = {}
    sides: dict[Position, CaseEvent] = {}
    elsewhere: set[Position] = set()
    for event in events:
        position = event.position
        if (event.scope or event.case_id) and not is_of(event, scope_place, case_id):
            elsewhere.add(position)
            continue
        held = stage if event.kind < _FIRST_SIDE else sides
        # The same event from two roads: the copy whose body is here counts.
        if position not in held or event.body is not None:
            held[position] = event
    case_path = path_from(scope_place, places)
    tree = Tree(stage, sides, elsewhere, case_path, catalogue)
    case = Case(scope_place, case_id, home=scope_place, verdicts=tree.verdicts, needs_update=tree.needs_update)
    for event, body in tree.path:
        _APPLY[event.kind](case, event, body, sides)
        if event.kind == kinds.ADOPT:
            adoption = tree.adoptions[event.position]
            case.adopted.update(dict.fromkeys(adoption.adopted, event.position))
            for other, words in adoption.counts:
                _APPLY[other.kind](case, other, words, sides)
    flow = tree.flow
    if flow is not None:
        case.state, case.state_before, case.holder = flow.state, flow.before, flow.holder or None
        case.transit_to, case.transit_purpose = flow.to or None, flow.purpose
        case.docketed, case.reviewed, case.previewed = flow.docketed, flow.reviewed, flow.previewed
        case.answered = flow.answered
        case.open, case.extended, case.higher, case.fee_settled = (
            flow.open,
            flow.extended,
            flow.higher,
            flow.fee_settled,
        )
        case.path = tuple([event.position for event, _ in tree.path])
        case.last = case.path[-1]
        if case.promised_days is None and flow.item is not None and flow.docketed:
            case.promised_days = flow.item.promised_days
    if sides:
        _set_beside(case, sides, tree)
    counts: dict[str, int] = dict.fromkeys(VERDICT_CODES, 0)
    for verdict in case.verdicts.values():
        counts[verdict[0]] += 1
    case.counts = counts
    if counts["void"] or counts["contested"]:
        _set_oddities(case, tree)
    return case


def _set_oddities(case: Case, tree: Tree) -> None:
    """List what does not count and is still to be looked at, and what of it could be adopted."""
    odd = sorted(position for position, verdict in case.verdicts.items() if verdict.code in ("void", "contested"))
    case.open_oddities = tuple([each for each in odd if each not in case.adopted and each not in case.dismissed])
    case.adoptable = tree.adoptable([each for each in odd if case.verdicts[each].code == "contested"])


def is_of(event: CaseEvent, scope_place: str, case_id: bytes) -> bool:
    """Tell whether an event is about this case: a case is keyed by scope and id, never by id alone."""
    return event.case_id in (b"", case_id) and event.scope in ("", scope_place)


_APPLICANT: Final = ((2, "name"), (3, "id_kind"), (4, "id_no"), (5, "phone"), (6, "address"), (14, "representative"))
_PROXY: Final = ((7, "name"), (8, "relation"), (9, "phone"), (10, "authorisation"))
# Field of the application, as an answer names it -> whose it is, what, and how long it may be.
_CORRECTED: Final = {
    bodies.CREATE.fields[number].name: (whose, name, bodies.CREATE.fields[number].high)
    for whose, fields in (("applicant", _APPLICANT), ("proxy", _PROXY))
    for number, name in fields
    if bodies.CREATE.fields[number].type == "text"
}
Sides = Mapping[Position, CaseEvent]


def _create(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    case.created_ms = event.claimed_ms
    if body is None:
        return
    case.item_no, case.item_version = body[0], body[1]
    case.applicant = {name: body[number] for number, name in _APPLICANT if number in body}
    case.proxy = {name: body[number] for number, name in _PROXY if number in body}
    case.answers = dict(body.get(11, ()))
    case.materials = [Material(name, copies, original) for name, copies, original in body.get(12, ())]
    case.window_note = body.get(13, "")
    if 15 in body:
        case.acts_on = Link(body[15], body[16])


def _receive(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    case.filed_ms, case.marks = event.claimed_ms, ()
    if body is not None:
        case.case_no, case.query_code, case.channel = body[0], body[1], body.get(2, "")


def _accept(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    # The first accept above the origin fixes the date of filing; a later one finds it fixed.
    if body and 4 in body and not case.filed_fixed:
        case.filed_ms, case.filed_disputed, case.filed_fixed = body[4], body[5], True


def _docket(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    case.docketed_ms, case.docketed_at = event.claimed_ms, event.place
    if body is not None:
        case.promised_days, case.unheard_since_ms = body.get(0), body.get(4)


def _review(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    words = body or {}
    case.review = Opinion(
        event.position, event.place, event.actor, event.claimed_ms, words.get(0, ""), words.get(1, "")
    )


def _return(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    case.returns += 1
    if body is not None:
        case.marks = tuple([Mark(name, what) for name, what in body[0]])
        case.correction_reason, case.correction_days = body.get(1, ""), body.get(2)


def _take(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    case.marks, case.correction_reason, case.correction_days, case.lapse = (), "", None, None
    _take_supplies(case, body[0] if body is not None else (), sides)


def _take_supplies(case: Case, named: Iterable[list[Any]], sides: Sides) -> None:
    for entry in named:
        position = Position(*entry)
        if position in case.taken:
            continue
        case.taken.add(position)
        supply = read_body(sides[position])
        if isinstance(supply, dict):
            case.answers.update(supply.get(0, ()))
            _correct_people(case, supply.get(0, {}))
            case.materials += [
                Material(name, copies, original, position) for name, copies, original in supply.get(1, ())
            ]


def _correct_people(case: Case, answers: Mapping[str, str]) -> None:
    """What was corrected of the applicant or the proxy is what the case says of them from then on."""
    for field_name in answers.keys() & _CORRECTED.keys():
        whose, name, high = _CORRECTED[field_name]
        if bodies.plain(answers[field_name], 1, high):
            getattr(case, whose)[name] = answers[field_name]


def _preview(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    words = body or {}
    case.marks = tuple([Mark(name, what) for name, what in words.get(1, ())])
    said = words.get(0, ""), words.get(2, ""), words.get(3, "")
    case.preview = Preview(event.position, event.place, event.actor, event.claimed_ms, *said)


def _decide(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    case.decided_ms = event.claimed_ms
    words = [(body or {}).get(number, "") for number in range(4)]
    case.decision = Decision(event.position, event.place, event.actor, event.claimed_ms, *words)


def _refuse(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    words = [(body or {}).get(number, "") for number in range(3)]
    case.refusal = Refusal(event.position, event.place, event.actor, event.claimed_ms, *words)


def _decide_review(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    words = body or {}
    answer = [words.get(number, "") for number in (1, 2, 3)]
    case.review_answers.append(ReviewAnswer(event.position, event.place, event.actor, event.claimed_ms, *answer))
    if answer[0] == "overturn" and case.refusal is not None:
        case.refusal = case.refusal._replace(revoked=True)


def _lapse(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    words = body or {}
    said = words.get(0, ""), words.get(1, ""), words.get(2, False)
    case.lapse = Lapse(event.position, event.place, event.actor, event.claimed_ms, *said)


_OPENED: Final = {kinds.COUNTERSIGN_OPEN: COUNTERSIGNING, kinds.COMMITMENT: COMMITMENT}


def _open(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    said = bodies.named(event.kind, body) if body is not None else {}
    what = _OPENED.get(event.kind) or said.get("what", "")
    case.procedures[event.position] = Procedure(event.position, what, event.place, event.actor, event.claimed_ms, said)


def _end(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    said = bodies.named(event.kind, body or {})
    opened = Position(*said["opened"])
    begun = case.procedures[opened]
    case.procedures[opened] = begun._replace(ended=event.position, ended_ms=event.claimed_ms, result=said)
    _take_supplies(case, said.get("supplies", ()), sides)


def _extend(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    case.extension_days = None if body is None else body[0]


def _fee_notice(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    words = body or {}
    said = (words.get(0), words.get(1, ""), words.get(2))
    case.fee = Fee(
        event.position, event.claimed_ms, *said, place=event.place, actor=event.actor, document_no=words.get(3, "")
    )


def _fee_settled(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    words, case.lapse = body or {}, None
    if case.fee is not None:
        number = words.get(1) or words.get(2, "")
        settled = {"settled_place": event.place, "settled_actor": event.actor, "paid_day": words.get(4, "")}
        case.fee = case.fee._replace(how=words.get(0, ""), settled_ms=event.claimed_ms, number=number, **settled)


def _issue(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    words = [(body or {}).get(number, "") for number in range(4)]
    case.certificate = Certificate(event.position, event.place, event.claimed_ms, *words)


def _lane(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    said = bodies.named(event.kind, body or {})
    who = event.position, event.place, event.actor, event.claimed_ms
    case.lane = Lane(*who, said["lane"], said) if said.get("lane", "ordinary") != "ordinary" else None


def _archive(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    case.volume = (body or {}).get(1, "")


def _nothing(case: Case, event: CaseEvent, body: Body | None, sides: Sides) -> None:
    """What only moves the baton, an answer and an adoption leave their mark in the flow alone."""


_APPLY: Final = {
    kinds.CREATE: _create,
    kinds.RECEIVE: _receive,
    kinds.HANDOFF: _nothing,
    kinds.ACCEPT: _accept,
    kinds.DOCKET: _docket,
    kinds.REVIEW: _review,
    kinds.RETURN_FOR_CORRECTION: _return,
    kinds.TAKE: _take,
    kinds.DECIDE: _decide,
    kinds.ANSWER: _nothing,
    kinds.FORCE_ASSIGN: _nothing,
    kinds.ADOPT: _nothing,
    kinds.REFUSE: _refuse,
    kinds.REVIEW_DECISION: _decide_review,
    kinds.LAPSE: _lapse,
    kinds.SUSPEND: _open,
    kinds.RESUME: _end,
    kinds.COUNTERSIGN_OPEN: _open,
    kinds.COUNTERSIGN_CLOSE: _end,
    kinds.COMMITMENT: _open,
    kinds.COMMITMENT_KEPT: _end,
    kinds.LANE: _lane,
    kinds.PREREVIEW: _nothing,
    kinds.PREREVIEW_REPLY: _preview,
    kinds.EXTEND: _extend,
    kinds.FEE_NOTICE: _fee_notice,
    kinds.FEE_SETTLED: _fee_settled,
    kinds.ISSUE: _issue,
    kinds.ARCHIVE: _archive,
}


def _set_beside(case: Case, sides: Sides, tree: Tree) -> None:
    """Judge the side events and set what stands beside the case. They commute: each counts by itself or waits."""
    wanted = {event.kind for event in sides.values()}
    nobody: frozenset[str] = frozenset()
    keepers = (
        _keepers(case, tree) if not workflow.SIDE_NEEDS.keys().isdisjoint(wanted) else nobody,
        _holders(tree.path) if kinds.DISMISS in wanted else nobody,
    )
    counted: dict[int, list[SideNote]] = defaultdict(list)
    overseen: list[SideNote] = []
    for event in sorted(sides.values(), key=_display_order):
        verdict, body = _judge_beside(event, case, tree, keepers)
        case.verdicts[event.position] = verdict
        if verdict is EFFECTIVE:
            words = bodies.named(event.kind, body) if body is not None else {}
            note = SideNote(event.position, event.kind, event.place, event.actor, event.claimed_ms, words)
            # What supervision asks and is told stays in one order: an answer comes after what it answers.
            (overseen if event.kind in workflow.OVERSIGHT else counted[event.kind]).append(note)
            if event.kind == kinds.CALL_BACK and words.get("reached") and "grade" in words:
                counted[kinds.RATING].append(note)  # who was reached and gave a grade has rated the result
    case.oversight = tuple(overseen)
    case.notes = tuple(counted[kinds.NOTE])
    case.return_wishes = tuple(counted[kinds.PLEASE_RETURN])
    case.open_supplies = tuple([note for note in counted[kinds.SUPPLY] if note.position not in case.taken])
    case.open_withdrawals = tuple(
        [note for note in counted[kinds.WITHDRAWAL_REQUEST] if note.position not in case.answered]
    )
    for note in counted[kinds.DISMISS]:
        for entry in note.body["named"]:
            case.dismissed.setdefault(Position(*entry), note)
    case.deliveries = tuple(counted[kinds.DELIVERED])
    if case.deliveries:
        case.delivered_ms = case.deliveries[0].at_ms
        if case.state in workflow.DELIVERABLE:
            case.state = "delivered"
    if not VOICES.isdisjoint(wanted):
        set_voices(case, counted)
        if case.ratings:
            case.orders = orders_of(case.ratings, counted, case.handled, tree.case_path)


def _display_order(event: CaseEvent) -> tuple[int, int, Position]:
    """The order side events are listed in. The clock in it is a claim; nothing with effect depends on it."""
    return event.hlc, event.order, event.position


def _keepers(case: Case, tree: Tree) -> frozenset[str]:
    """The places that may record the delivery: home, that of the decision, and each that has held the decided case."""
    if case.decision is None:
        return frozenset()
    for index, (event, _) in enumerate(tree.path):
        others = tree.adoptions[event.position].counts if event.kind == kinds.ADOPT else ()
        if event.kind == kinds.DECIDE or any(other.kind == kinds.DECIDE for other, _ in others):
            return _holders(tree.path[index:]) | {case.home, case.decision.place}
    raise AssertionError("a decision without an event that made it")


def _holders(path: list[tuple[CaseEvent, Body | None]]) -> frozenset[str]:
    """The places that hold the case along this stretch of its path: who acts on it, and to whom it is assigned."""
    return frozenset(
        event.place if event.kind != kinds.FORCE_ASSIGN or body is None else body[0] for event, body in path
    )


def _judge_beside(
    event: CaseEvent, case: Case, tree: Tree, keepers: tuple[frozenset[str], frozenset[str]]
) -> tuple[Verdict, Body | None]:
    """Judge one side event: the verdict, and the body where it is effective and not deleted."""
    if kinds.role_of(event.kind) == "other":
        return Verdict("void", "not_of_a_case"), None
    if is_unknown(event):
        return Verdict("needs_update", "critical_field" if event.critical_ext else "unknown_kind"), None
    if event.place not in tree.case_path.ranks:
        return Verdict("void", "off_path"), None
    if event.deps_missing or is_missing(event):
        return WAITS_FOR_DEP if event.deps_missing else Verdict("waiting", "body", event.position), None
    body = read_body(event)
    if isinstance(body, str):
        return Verdict("void", body), None
    if not event.entitled and event.position not in case.adopted:
        return Verdict("contested", "not_entitled"), None
    if event.kind == kinds.DISMISS and event.kind_version > 1 and tree.case_path.is_over_home(event.place):
        return EFFECTIVE, body  # also where no application counts, so that there never was a holder
    if case.last is None:
        return Verdict("waiting", "create"), None
    if workflow.SIDE_NEEDS.get(event.kind) == "decision":
        if case.decision is None:
            return Verdict("waiting", "decision"), None
        if event.place not in keepers[0]:
            return Verdict("waiting", "holding"), None
    if event.kind == kinds.DISMISS and event.place not in keepers[1]:
        return Verdict("waiting", "held"), None
    return EFFECTIVE, body
