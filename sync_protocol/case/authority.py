"""Who may do what with a case right now: the legal moves of one person at one place, and why a move is missing."""

from typing import NamedTuple

from sync_protocol.case import baton, bodies, documents, kinds, workflow
from sync_protocol.case.baton import Flow
from sync_protocol.case.bodies import Field
from sync_protocol.case.case import Case
from sync_protocol.case.catalogue import Catalogue
from sync_protocol.case.routes import CasePath, PlaceTree
from sync_protocol.case.workflow import Tone, may


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
    kinds.RECEIVE: ("case_no", "query_code"),
    kinds.HANDOFF: ("to", "purpose"),
    kinds.FORCE_ASSIGN: ("to", "proposer", "confirmer"),
    kinds.ACCEPT: ("claimed_ms", "not_before_ms", "not_after_ms", "used_ms", "disputed"),
}


def form_fields(kind: int) -> tuple[Field, ...]:
    """List the fields a person fills in for an event of this kind."""
    filled = _FILLED_BY_NODE.get(kind, ())
    return tuple(field for field in bodies.TABLES[kind].fields if field.name not in (*filled, documents.NUMBER_FIELD))


def flow_of(case: Case, catalogue: Catalogue) -> Flow:
    """Give the flow at the end of the effective path of a folded case."""
    flow = Flow(catalogue.find(case.item_no, case.item_version), case.holder or "")
    flow.state, flow.before = case.state, case.state_before
    flow.to, flow.purpose = case.transit_to or "", case.transit_purpose
    flow.docketed, flow.reviewed, flow.answered = case.docketed, case.reviewed, case.answered
    flow.adopted = frozenset(case.adopted)
    return flow


def legal_moves(case: Case, place: str, roles: frozenset[str], catalogue: Catalogue, places: PlaceTree) -> list[Offer]:
    """List what a person with these roles at this place may do with the case now; what hands it over once a target."""
    offers = []
    for kind, (zh, en) in workflow.LABELS.items():
        if kind == kinds.CREATE or why_not(case, kind, place, roles, catalogue, places) is not None:
            continue
        tone = workflow.MOVE_TONES.get(kind, "plain")
        fields = form_fields(kind)
        if kind == kinds.FORCE_ASSIGN:
            others = [code for code in places.path_up(case.home) if code != case.holder]
            offers += [Offer(kind, zh, en, tone, fields, to) for to in others]
            continue
        if kind != kinds.HANDOFF:
            offers.append(Offer(kind, zh, en, tone, fields))
            continue
        for to, purpose in baton.onward(flow_of(case, catalogue), place, CasePath(case.home, places)):
            words = workflow.HANDOFF_LABELS[purpose]
            offers.append(Offer(kind, *words, tone, fields, to, purpose))
    return offers


def why_not(
    case: Case, kind: int, place: str, roles: frozenset[str], catalogue: Catalogue, places: PlaceTree
) -> tuple[str, str] | None:
    """Say in plain words (zh, en) why an event of this kind cannot be written here and now; None if it can."""
    path = CasePath(case.home, places)
    if place not in path.ranks:
        return "本案不经过本单位", "the case does not pass this place"
    if not may(roles, path.levels[place], kind):
        return "您的岗位没有此项权限", "your role at this place may not do this"
    if case.last is None and kind != kinds.DISMISS:
        return "本案的申请尚未到达本机", "the application itself is not here yet"
    if case.needs_update:
        return "本案含有本机不认识的记录，请先升级本机", "the case holds an event unknown here: update this node first"
    if kind in kinds.SIDE_KINDS:
        return _why_not_dismiss(case, place, path) if kind == kinds.DISMISS else _why_not_beside(case, kind, place)
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


def _why_not_beside(case: Case, kind: int, place: str) -> tuple[str, str] | None:
    state = workflow.STATES[case.state]
    closed = (f"案件已{state.zh.removeprefix('已')}", f"the case is closed (state: {state.en})")
    if kind == kinds.NOTE:
        return None
    if state.terminal:
        return closed
    if kind == kinds.DELIVERED:
        if case.decision is None:
            return "本案尚未作出决定", "there is no decision yet"
        if place not in (case.home, case.holder):
            return "决定文书不在本单位", "the decision is not here to be handed over"
        return None
    if kind == kinds.PLEASE_RETURN:
        if case.holder == place:
            return "案件就在本单位", "the case is here"
        return None
    if case.decision is not None:
        return "案件已作出决定", "the case is decided"
    return None


def _why_not_stage(case: Case, kind: int, place: str, path: CasePath, catalogue: Catalogue) -> tuple[str, str] | None:
    state = workflow.STATES[case.state]
    move = workflow.MOVES.get((case.state, kind))
    if state.terminal:
        return f"案件状态为“{state.zh}”，已办结", f"the case is closed (state: {state.en})"
    if kind == kinds.ACCEPT and case.state == "in_transit":
        return None if case.transit_to == place else workflow.GUARDS["receiver"]
    if kind == kinds.FORCE_ASSIGN:
        above = baton.is_above(place, flow_of(case, catalogue), path)
        return None if above else ("只有现持有单位的上级可以改派", "only a place above the one that holds the case may")
    if case.holder != place:
        return _held_elsewhere(case)
    if move is None:
        return f"案件状态为“{state.zh}”，不能进行此操作", f"not possible now (state: {state.en})"
    flow = flow_of(case, catalogue)
    if kind == kinds.HANDOFF:
        return None if baton.onward(flow, place, path) else workflow.GUARDS["onward"]
    if kind == kinds.TAKE:
        return None if case.open_supplies else ("没有待采纳的补正", "nothing was supplied that is not yet taken")
    if kind == kinds.ANSWER:
        return None if case.open_withdrawals else ("没有待答复的撤回申请", "no withdrawal request is open")
    if kind == kinds.ADOPT:
        return None if case.adoptable else ("没有现在可以采纳的记录", "no record could be adopted as things stand")
    return None if baton.permits(flow, kind, place, path) else workflow.GUARDS[move.guard]


def _held_elsewhere(case: Case) -> tuple[str, str]:
    if case.holder is None:
        return "案件正在转送途中", "the case is in transit"
    return "案件现由其他单位持有", "another place holds the case"
