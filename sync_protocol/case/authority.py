"""Who may do what with a case right now: the legal moves of one person at one place, and why a move is missing."""

from collections.abc import Callable
from typing import Final, NamedTuple

from sync_protocol.case import baton, bodies, documents, kinds, meetings, orders, oversight, workflow
from sync_protocol.case.baton import Entry, Flow
from sync_protocol.case.case import Case
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.case.fields import Field
from sync_protocol.case.powers import may
from sync_protocol.case.records import SideNote
from sync_protocol.case.routes import CasePath, PlaceTree, path_from
from sync_protocol.case.workflow import Tone


class Offer(NamedTuple):
    """One button: the kind of event, its words, the fields its form asks for; for a handoff also where to and why."""

    kind: int
    zh: str
    en: str
    tone: Tone
    fields: tuple[Field, ...]
    to: str | None = None
    purpose: str = ""


# The form of a kind leaves out what the node fills in itself.
_FILLED_BY_NODE = {
    kinds.RECEIVE: ("case_no", "query_code", "seal"),
    kinds.SUPPLY: ("seal",),
    kinds.ANSWER: ("seal",),
    kinds.NOTE: ("finding", "notice"),
    kinds.HANDOFF: ("to", "purpose"),
    kinds.FORCE_ASSIGN: ("to", "proposer", "confirmer"),
    kinds.RETURN_FOR_CORRECTION: ("seal",),
    kinds.SUSPEND: ("proposer", "approver", "seal"),
    kinds.EXTEND: ("approver", "seal"),
    kinds.FEE_NOTICE: ("seal",),
    kinds.LAPSE: ("limit_day", "seal"),
    kinds.DOCKET: ("seal", "unheard_since_ms"),
    kinds.REFUSE: ("seal",),
    kinds.DECIDE: ("seal", "through", "shown"),
    kinds.ISSUE: ("seal",),
    kinds.COUNTERSIGNATURE: ("delegation",),
    kinds.LANE: ("approver",),
    kinds.PREREVIEW: ("to",),
    kinds.CALL_BACK: ("number",),
    kinds.HEARING_RIGHT: ("seal",),
    kinds.REVIEW_DECISION: ("seal",),
    kinds.ACCEPT: ("claimed_ms", "not_before_ms", "not_after_ms", "used_ms", "disputed", "seal"),
}


# An application is no act on a case, and a paper is a file: neither is a button with a form of fields.
_NO_FORM: Final = frozenset({kinds.CREATE, kinds.PAPER})


def form_fields(kind: int) -> tuple[Field, ...]:
    """List the fields a person fills in for an event of this kind."""
    drawn = (documents.NUMBER_FIELD,) if kind in documents.NUMBERED_KINDS else ()
    filled = (*_FILLED_BY_NODE.get(kind, ()), *drawn)
    return tuple(field for field in bodies.TABLES[kind].fields if field.name not in filled)


def flow_of(case: Case, catalogue: Catalogue) -> Flow:
    """Give the flow at the end of the effective path of a folded case."""
    flow = Flow(catalogue.find(case.item_no, case.item_version), case.holder or "")
    flow.state, flow.before = case.state, case.state_before
    flow.to, flow.purpose = case.transit_to or "", case.transit_purpose
    flow.docketed, flow.reviewed, flow.answered = case.docketed, case.reviewed, case.answered
    flow.previewed = case.previewed
    flow.adopted = frozenset(case.adopted)
    if flow.item is not None and flow.item.theme:
        flow.heard = case.heard
    flow.open, flow.extended, flow.higher, flow.fee_settled = case.open, case.extended, case.higher, case.fee_settled
    return flow


def legal_moves(case: Case, place: str, roles: frozenset[str], catalogue: Catalogue, places: PlaceTree) -> list[Offer]:
    """List what a person with these roles at this place may do with the case now; what hands it over once a target."""
    offers = []
    for kind, (zh, en) in workflow.LABELS.items():
        if kind in _NO_FORM or why_not(case, kind, place, roles, catalogue, places) is not None:
            continue
        tone = workflow.MOVE_TONES.get(kind, "plain")
        fields = form_fields(kind)
        if kind == kinds.FORCE_ASSIGN:
            others = [code for code in places.line_of(case.home) if code != case.holder]
            offers += [Offer(kind, zh, en, tone, fields, to) for to in others]
            continue
        if kind == kinds.PREREVIEW:
            flow, path = flow_of(case, catalogue), path_from(case.home, places)
            offers.append(Offer(kind, zh, en, tone, fields, baton.preview_places(flow.item, place, path)[0]))
            continue
        if kind != kinds.HANDOFF:
            offers.append(Offer(kind, zh, en, tone, fields))
            continue
        for to, purpose in baton.onward(flow_of(case, catalogue), place, path_from(case.home, places)):
            words = workflow.HANDOFF_LABELS[purpose]
            offers.append(Offer(kind, *words, tone, fields, to, purpose))
    return offers


def why_not(
    case: Case, kind: int, place: str, roles: frozenset[str], catalogue: Catalogue, places: PlaceTree
) -> tuple[str, str] | None:
    """Say in plain words (zh, en) why an event of this kind cannot be written here and now; None if it can."""
    path = path_from(case.home, places)
    if place not in path.ranks:
        return "本案不经过本单位", "the case does not pass this place"
    if not may(roles, path.levels[place], kind):
        return "您的岗位没有此项权限", "your role at this place may not do this"
    if case.last is None and kind != kinds.DISMISS:
        return "本案的申请尚未到达本机", "the application itself is not here yet"
    if case.needs_update:
        return "本案含有本机不认识的记录，请先升级本机", "the case holds an event unknown here: update this node first"
    if kind in kinds.SIDE_KINDS:
        if kind == kinds.DISMISS:
            return _why_not_dismiss(case, place, path)
        return _why_not_beside(case, kind, place, path, catalogue)
    return _why_not_stage(case, kind, place, path, catalogue)


def _why_not_dismiss(case: Case, place: str, path: CasePath) -> tuple[str, str] | None:
    """The holder answers. On its way a case has none: then who may assign it does, a place above the receiver. Where no
    application counts nobody will ever hold it: then a place above home does."""
    if case.holder is not None:
        if case.holder != place:
            return _held_elsewhere(case)
    elif case.transit_to is not None:
        if path.ranks[place] >= path.ranks[case.transit_to]:
            return "案件在途中，由接收单位接收后处理，或由它的上级处理", "its receiver will answer, or a place above it"
    elif not path.is_over_home(place):
        return "本案没有有效的申请，由上级单位处理", "no application of this case counts: a place above answers"
    return None if case.open_oddities else ("没有待处理的异常记录", "nothing waits to be set aside")


def _closed(case: Case) -> tuple[str, str]:
    state = workflow.STATES[case.state]
    return f"案件状态为“{state.zh}”，已办结", f"the case is closed (state: {state.en})"


# What may still be said of a case that is closed.
_AFTERWARDS: Final = frozenset({kinds.RATING, kinds.SERVICE_ACT})
# Who collects the result, and where they are reached, may change once it is decided.
_ABOUT_PEOPLE: Final = frozenset({kinds.CONTACT_CHANGE, kinds.PROXY_AUTHORITY, kinds.SERVICE_ADDRESS})
_OF_AN_ORDER: Final = frozenset({kinds.RECTIFICATION, kinds.FOLLOW_UP, kinds.RATING_APPEAL})


def _why_not_beside(case: Case, kind: int, place: str, path: CasePath, catalogue: Catalogue) -> tuple[str, str] | None:
    state = workflow.STATES[case.state]
    if kind in workflow.OVERSIGHT:
        return _why_not_overseen(case, kind, place)
    if kind == kinds.NOTE or (kind in _AFTERWARDS and case.case_no):
        return None
    if kind == kinds.CALL_BACK:
        return _why_not_called(case)
    if kind in _OF_AN_ORDER:
        return _why_not_of_an_order(case, kind, place, path)
    if kind == kinds.ACTION_DONE:
        waits = bool(meetings.open_actions(case))
        return None if waits else ("没有待办的会议事项", "no action of a meeting is open")
    if kind == kinds.REVIEW_REQUEST:
        refused = case.state == "refused" and not case.open_reviews
        return None if refused else ("没有可以申请复核的不予受理决定", "there is no refusal to be reviewed")
    # Papers that were handed in before a case lapsed may be entered afterwards: they can reopen it.
    if state.closed and not (kind == kinds.SUPPLY and case.state == "lapsed"):
        return _closed(case)
    if kind == kinds.HEARING_RIGHT and (wrong := _why_not_heard(case, catalogue)) is not None:
        return wrong
    if kind == kinds.PAPER:
        return None  # also after the decision: what was handed over is photographed
    if kind == kinds.DELIVERED:
        return _why_not_delivered(case, place, catalogue)
    if kind == kinds.COLLECTION_NOTICE:
        if case.holder != place:
            return _held_elsewhere(case)
        return _why_not_delivered(case, place, catalogue)
    if kind == kinds.PLEASE_RETURN:
        if case.transit_to == place:
            return "案件正在转送本单位，请先接收", "the case is on its way here: accept it"
        return ("案件就在本单位", "the case is here") if case.holder == place else None
    if kind == kinds.COUNTERSIGNATURE:
        asked = any(entry.what == baton.COUNTERSIGNING for entry in case.open)
        return None if asked else ("没有正在进行的会签", "nobody has asked for countersignatures")
    if kind == kinds.MEETING:
        return _why_not_met(case, catalogue)
    promised = kind == kinds.SUPPLY and baton.committed(case.open)
    if case.decision is not None and kind not in _ABOUT_PEOPLE and not promised:
        return "案件已作出决定", "the case is decided"
    return None


def _why_not_overseen(case: Case, kind: int, place: str) -> tuple[str, str] | None:
    """Beside the case, also when it is closed: whom a letter was sent to answers it, and who has the case its card."""
    if not case.case_no:
        return "本案尚未收件", "the case has not been received yet"
    if kind == kinds.SUPERVISION_ANSWER:
        asked = oversight.unanswered(case.oversight, place)
        return None if asked else ("没有待本单位答复的督办或检查", "nothing waits for an answer of this place")
    if kind == kinds.SPOT_CHECK:
        return None
    if workflow.STATES[case.state].closed:
        return _closed(case)
    if kind == kinds.ALERT_ANSWER and place not in (case.holder, case.transit_to):
        return _held_elsewhere(case)
    return None


def _why_not_of_an_order(case: Case, kind: int, place: str, path: CasePath) -> tuple[str, str] | None:
    """An order is answered by the place that handled the stage, by one that succeeds it or one above; an answer is
    rated anywhere."""
    if kind == kinds.RATING_APPEAL:
        able = voices_on(case, place, path)
        return (
            None
            if able
            else ("没有可以由本单位申诉或答复的差评", "no rating is to be appealed against, or found on, here")
        )
    if kind == kinds.FOLLOW_UP:
        rated = any(order.unrated is not None for order in case.orders)
        return None if rated else ("没有待申请人评价的整改", "nothing that was put right waits to be rated")
    asked = [order.place for order in case.orders if order.asks is not None]
    if not asked:
        return "没有待答复的整改单", "no order to put right is open"
    answers = any(path.answers_for(place, each) for each in asked)
    return None if answers else ("整改单由经办该环节的单位或其上级答复", "the place that handled the stage answers")


def voices_on(case: Case, place: str, path: CasePath) -> tuple[list[SideNote], list[SideNote]] | None:
    """The bad ratings that a place may appeal against, and the appeals that it may answer; None where there are none.
    A place that has answered an order has taken the rating for true."""
    mine = [each.rating for each in case.orders if each.place == place and each.appeal is None and not each.steps]
    asked = [
        each.appealed
        for each in case.orders
        if each.appealed is not None and orders.is_over(place, each.place, path.ranks)
    ]
    return (mine, asked) if mine or asked else None


MOST_CALLS: Final = 3  # who was not reached so many times is not called any more


def to_be_called(case: Case) -> bool:
    """Tell whether the applicant is to be asked how it was: given the result, who has not rated it."""
    if case.state not in workflow.GIVEN or 2 in case.ratings or 0 in case.ratings:
        return False
    return len(case.calls) < MOST_CALLS and not any(note.body.get("reached") for note in case.calls)


def _why_not_called(case: Case) -> tuple[str, str] | None:
    if to_be_called(case):
        return None
    return (
        "没有需要回访的：尚未送达、已评价或已回访",
        "nobody is to be called: not given out yet, rated, or called before",
    )


def _why_not_heard(case: Case, catalogue: Catalogue) -> tuple[str, str] | None:
    """The right to be heard is told where the item says so, between acceptance and decision."""
    item = catalogue.find(case.item_no, case.item_version)
    if item is None or not item.hearing_offered:
        return "该事项没有规定告知听证权利", "the item does not ask for the right to be heard to be told"
    return None if case.docketed else ("本案尚未受理", "the case is not accepted yet")


def _why_not_met(case: Case, catalogue: Catalogue) -> tuple[str, str] | None:
    """A meeting is held on what stands in the green channel, and on joint cases."""
    item = catalogue.find(case.item_no, case.item_version)
    if (case.lane is not None and case.lane.lane == "green") or (item is not None and item.joint):
        return None
    return (
        "只有绿色通道件和联办件登记会议纪要",
        "minutes are kept of cases in the green channel and of joint cases",
    )


def _why_not_delivered(case: Case, place: str, catalogue: Catalogue) -> tuple[str, str] | None:
    if case.decision is None:
        return "本案尚未作出决定", "there is no decision yet"
    if place not in (case.home, case.holder):
        return "决定文书不在本单位", "the decision is not here to be handed over"
    if case.holder is None:
        return "案件正在转送，请先接收", "the case is on its way: accept it first"
    item = catalogue.find(case.item_no, case.item_version)
    owed = case.state in ("decided_approved", "fee_due") and item is not None and item.has_fee and not case.fee_settled
    if case.state == "decided_approved" and baton.committed(case.open):
        return workflow.GUARDS["kept"]
    return workflow.GUARDS["fee_settled"] if owed else None


def _why_not_stage(case: Case, kind: int, place: str, path: CasePath, catalogue: Catalogue) -> tuple[str, str] | None:
    state = workflow.STATES[case.state]
    arrives = case.transit_to is not None and kind in _ARRIVALS
    if state.closed and (case.state, kind) not in _REOPENS and not arrives:
        return _closed(case)
    if kind == kinds.ACCEPT and case.transit_to is not None:
        return None if case.transit_to == place else workflow.GUARDS["receiver"]
    flow = flow_of(case, catalogue)
    if kind == kinds.FORCE_ASSIGN:
        above = baton.is_above(place, flow, path)
        return None if above else ("只有现持有单位的上级可以改派", "only a place above the one that holds the case may")
    if case.holder != place and not (kind == kinds.REVIEW_DECISION and baton.is_above(place, flow, path)):
        return _held_elsewhere(case)
    guard = baton.why_not_moved(flow, kind, place, path)
    if guard == "not_allowed_now":
        return f"案件状态为“{state.zh}”，不能进行此操作", f"not possible now (state: {state.en})"
    if guard is not None:
        return workflow.GUARDS[guard]
    asked = case.open_withdrawals and case.decision is None and kind not in _BESIDE_A_WITHDRAWAL
    if asked and baton.why_not_moved(flow, kinds.ANSWER, place, path) is None:
        return "申请人要求撤回，请先答复撤回申请", "the applicant wants to withdraw: answer that first"
    item = flow.item
    if kind == kinds.COMMITMENT and item is not None and not (item.tolerable or item.commitment):
        return workflow.GUARDS["tolerable"]
    if kind == kinds.HANDOFF:
        return None if baton.onward(flow, place, path) else workflow.GUARDS["onward"]
    if kind in _WAITS and not _WAITS[kind][0](case):
        return _WAITS[kind][1]
    return None


def signatures_for(case: Case, entry: Entry) -> list[SideNote]:
    """List the countersignatures that answer an open countersigning, by departments it names."""
    return [
        note
        for note in case.countersignatures
        if tuple(note.body.get("opened", ())) == entry.opened and note.body["member"] in entry.members
    ]


# What is done with a closed case: late papers reopen one, a review may, the volume is filed.
_REOPENS: Final = frozenset({
    ("lapsed", kinds.TAKE), ("lapsed", kinds.FEE_SETTLED), ("refused", kinds.REVIEW_DECISION),
    ("delivered", kinds.ARCHIVE),
    ("refused", kinds.FORCE_ASSIGN), ("lapsed", kinds.FORCE_ASSIGN),
    ("refused", kinds.ADOPT), ("lapsed", kinds.ADOPT),
})  # fmt: skip
# What its holder may do while a request to withdraw waits for the answer: that, and what lets it be given.
_BESIDE_A_WITHDRAWAL: Final = frozenset({kinds.ANSWER, kinds.ADOPT, kinds.TAKE, kinds.REVIEW_DECISION, kinds.ARCHIVE})
# How a case that was delivered while it was on its way comes to somebody who files it.
_ARRIVALS: Final = frozenset({kinds.ACCEPT, kinds.FORCE_ASSIGN})
# Acts that answer something: whether it is there, and what is said where it is not.
_WAITS: Final[dict[int, tuple[Callable[[Case], object], tuple[str, str]]]] = {
    kinds.TAKE: (lambda case: case.open_supplies, ("没有待采纳的补正", "nothing was supplied that is not yet taken")),
    kinds.ANSWER: (lambda case: case.open_withdrawals, ("没有待答复的撤回申请", "no withdrawal request is open")),
    kinds.ADOPT: (
        lambda case: case.adoptable,
        ("没有现在可以采纳的记录", "no record could be adopted as things stand"),
    ),
    kinds.REVIEW_DECISION: (lambda case: case.open_reviews, ("没有待答复的复核申请", "no review was asked for")),
    kinds.COUNTERSIGN_CLOSE: (
        lambda case: any(signatures_for(case, entry) for entry in case.open),
        ("还没有部门会签", "no department has signed yet"),
    ),
    kinds.ARCHIVE: (lambda case: case.deliveries, ("尚未送达", "nothing was delivered yet")),
}


def _held_elsewhere(case: Case) -> tuple[str, str]:
    if case.holder is None:
        return "案件正在转送途中", "the case is in transit"
    return "案件现由其他单位持有", "another place holds the case"
