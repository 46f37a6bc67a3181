"""The first workflow as tables: states, moves, who may do what, and the words and tones pages show for them.

The fold, the pages and the documents read these tables; nothing about the workflow is written a second time.
"""

from typing import Final, Literal, NamedTuple

from sync_protocol.case import kinds

Tone = Literal["plain", "waiting", "active", "good", "bad", "done"]


class State(NamedTuple):
    """A state a case can be in. ``terminal``: no stage event is legal any more."""

    code: str
    zh: str
    en: str
    terminal: bool
    tone: Tone


STATES: Final[dict[str, State]] = {
    state.code: state
    for state in (
        State("draft", "草稿", "draft", False, "plain"),
        State("received", "已收件", "received", False, "active"),
        State("correcting", "待补正", "to be corrected", False, "waiting"),
        State("accepted", "已受理", "accepted", False, "active"),
        State("in_transit", "转送中", "in transit", False, "waiting"),
        State("t_review", "乡镇初审", "first review", False, "active"),
        State("reviewed", "已初审", "reviewed", False, "active"),
        State("examining", "审查", "examination", False, "active"),
        State("c_intake", "县窗口接件", "county intake", False, "active"),
        State("decided_approved", "准予", "approved", False, "good"),
        State("decided_refused", "不予", "refused", False, "bad"),
        State("decided", "已决定", "decided", False, "done"),
        State("delivering", "待送达", "to be delivered", False, "waiting"),
        State("delivered", "已送达", "delivered", True, "done"),
        State("withdrawn", "已撤回", "withdrawn", True, "done"),
    )
}
UNDECIDED: Final = ("received", "accepted", "t_review", "reviewed", "examining", "c_intake")
DECIDED: Final = ("decided_approved", "decided_refused", "decided", "delivering")
HELD: Final = ("draft", *UNDECIDED, "correcting", *DECIDED)

# Where a move leads when the kind alone does not say: (what decides, state) for the tables and the diagram.
Target = Literal[
    "received", "accepted", "reviewed", "correcting", "in_transit", "delivering",
    "same", "back", "by_purpose", "by_outcome", "by_answer", "by_progress", "by_adoption",
]  # fmt: skip
BRANCHES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "by_purpose": (
        ("accept", "received"),
        ("review", "t_review"),
        ("decide, county", "c_intake"),
        ("decide, below the county", "examining"),
        ("deliver", "delivering"),
    ),
    "by_outcome": (("approve", "decided_approved"), ("refuse", "decided_refused"), ("body deleted", "decided")),
    "by_answer": (("granted", "withdrawn"), ("refused", "same")),
    "by_progress": (
        ("a draft, to be corrected, or decided", "same"),
        ("not docketed", "received"),
        ("review is due, at its level", "t_review"),
        ("review is due, elsewhere", "accepted"),
        ("decision is due, the county's", "c_intake"),
        ("decision is due, at its level below the county", "examining"),
        ("decision is due, elsewhere, reviewed", "reviewed"),
        ("decision is due, elsewhere, not reviewed", "accepted"),
    ),
    "by_adoption": (("wherever what is adopted leads, one after the other", "same"),),
}

Guard = Literal[
    "holder", "receiver", "accept_level", "correct_level", "review_level", "decide_level", "onward", "supplies",
    "request", "request_refused", "assign", "adoption",
]  # fmt: skip


class Move(NamedTuple):
    """One row: what must hold beside the baton (``guard``) and the state it leads to."""

    guard: Guard
    target: Target


# What a guard asks, in plain words: pages show it for a missing button, CASE.md prints it.
GUARDS: Final[dict[str, tuple[str, str]]] = {
    "holder": ("案件须在本单位手中", "the case is held here"),
    "receiver": ("只有移交单上写明的接收单位可以接收", "only the receiver named in the handoff may accept"),
    "accept_level": ("本级无权受理该事项", "this level may not accept cases of this item"),
    "correct_level": (
        "只有有权受理、初审或决定的一级可以要求补正",
        "only a level with a say in it may ask",
    ),
    "review_level": ("初审不在本级", "the first review is not done at this level"),
    "decide_level": (
        "本级无权决定，或初审、受理尚未完成",
        "this level does not decide, or a step before is not done",
    ),
    "onward": (
        "移交须按事项流程送往下一环节的单位",
        "a handoff goes to the next step of the item's route",
    ),
    "supplies": ("所采纳的补正须是本案的补交材料", "what is taken must be supplies of this case"),
    "request": ("须答复本案尚未答复的撤回申请", "answers a withdrawal request of this case not yet answered"),
    "request_refused": (
        "已作出决定的案件不能撤回，只能说明理由不予同意",
        "after the decision a request can only be refused",
    ),
    "assign": (
        "改派的接收单位须是本案所经各级中的另一单位",
        "a case is assigned to another place of its path",
    ),
    "adoption": (
        "所采纳的须是另一分支上尚未计入的记录，且从案件当前状态起能依次生效",
        "what is adopted stands off the path, does not count yet, and could be done in its order from the state now",
    ),
}

MOVES: Final[dict[tuple[str, int], Move]] = {
    ("draft", kinds.RECEIVE): Move("holder", "received"),
    ("received", kinds.DOCKET): Move("accept_level", "accepted"),
    ("accepted", kinds.REVIEW): Move("review_level", "reviewed"),
    ("t_review", kinds.REVIEW): Move("review_level", "reviewed"),
    ("reviewed", kinds.REVIEW): Move("review_level", "reviewed"),
    ("accepted", kinds.DECIDE): Move("decide_level", "by_outcome"),
    ("reviewed", kinds.DECIDE): Move("decide_level", "by_outcome"),
    ("examining", kinds.DECIDE): Move("decide_level", "by_outcome"),
    ("c_intake", kinds.DECIDE): Move("decide_level", "by_outcome"),
    **{(state, kinds.HANDOFF): Move("onward", "in_transit") for state in (*UNDECIDED, *DECIDED)},
    ("in_transit", kinds.ACCEPT): Move("receiver", "by_purpose"),
    **{(state, kinds.RETURN_FOR_CORRECTION): Move("correct_level", "correcting") for state in UNDECIDED},
    **{(state, kinds.TAKE): Move("supplies", "same") for state in UNDECIDED},
    ("correcting", kinds.TAKE): Move("supplies", "back"),
    **{(state, kinds.ANSWER): Move("request", "by_answer") for state in ("draft", *UNDECIDED, "correcting")},
    **{(state, kinds.ANSWER): Move("request_refused", "same") for state in DECIDED},
    **{(state, kinds.FORCE_ASSIGN): Move("assign", "by_progress") for state in (*HELD, "in_transit")},
    **{(state, kinds.ADOPT): Move("adoption", "by_adoption") for state in HELD},
}

# Role at a level -> the kinds its people may author; asked at the desk. The fold asks only what a place may do:
# who sits at a place is that place's own affair.
_COUNTER: Final = frozenset({
    kinds.CREATE, kinds.RECEIVE, kinds.DOCKET, kinds.HANDOFF, kinds.ACCEPT, kinds.RETURN_FOR_CORRECTION, kinds.TAKE,
    kinds.ANSWER, kinds.NOTE, kinds.SUPPLY, kinds.WITHDRAWAL_REQUEST, kinds.DELIVERED, kinds.PLEASE_RETURN,
    kinds.ADOPT, kinds.DISMISS,
})  # fmt: skip
_REVIEWER: Final = frozenset({
    kinds.REVIEW, kinds.DECIDE, kinds.HANDOFF, kinds.RETURN_FOR_CORRECTION, kinds.TAKE, kinds.ANSWER, kinds.NOTE,
    kinds.PLEASE_RETURN, kinds.ADOPT, kinds.DISMISS,
})  # fmt: skip
_DECIDER: Final = frozenset({
    kinds.DECIDE, kinds.HANDOFF, kinds.RETURN_FOR_CORRECTION, kinds.TAKE, kinds.ANSWER, kinds.NOTE, kinds.PLEASE_RETURN,
    kinds.ADOPT, kinds.DISMISS,
})  # fmt: skip
# To assign a case over the head of its holder takes two persons: anybody who works on cases proposes, and another whose
# role is named here confirms.
_ASSIGNER: Final = frozenset({kinds.FORCE_ASSIGN})

ROLES: Final[dict[tuple[str, str], tuple[str, str]]] = {
    ("agent", "village"): ("代办员", "village agent"),
    ("head", "village"): ("村主任", "village head"),
    ("agent", "station"): ("代办员", "agent of the station"),
    ("clerk", "township"): ("窗口", "township window"),
    ("reviewer", "township"): ("初审", "township reviewer"),
    ("head", "township"): ("站长", "head of the township station"),
    ("window", "county"): ("窗口", "county window"),
    ("officer", "county"): ("首席代表", "chief representative"),
    ("head", "county"): ("部门负责人", "department head"),
    ("supervisor", "county"): ("督查", "supervision"),
    ("admin", "station"): ("系统管理员", "administrator"),
    ("admin", "village"): ("系统管理员", "administrator"),
    ("admin", "township"): ("系统管理员", "administrator"),
    ("admin", "county"): ("系统管理员", "administrator"),
}
MAY: Final[dict[tuple[str, str], frozenset[int]]] = {
    ("agent", "village"): _COUNTER,
    ("agent", "station"): _COUNTER,
    ("head", "village"): _ASSIGNER | {kinds.DECIDE, kinds.NOTE, kinds.PLEASE_RETURN, kinds.ADOPT, kinds.DISMISS},
    ("clerk", "township"): _COUNTER,
    ("reviewer", "township"): _REVIEWER,
    ("head", "township"): _REVIEWER | _DECIDER | _ASSIGNER | {kinds.FORK_RULING},
    ("window", "county"): _COUNTER,
    ("officer", "county"): _DECIDER | _ASSIGNER | {kinds.REVIEW, kinds.FORK_RULING, kinds.CALENDAR},
    ("head", "county"): _DECIDER | _ASSIGNER | {kinds.REVIEW, kinds.FORK_RULING, kinds.CALENDAR},
    # Supervision reads everything and changes no case; an administrator acts on no case.
    ("supervisor", "county"): frozenset(),
}

# The words on the buttons.
LABELS: Final[dict[int, tuple[str, str]]] = {
    kinds.CREATE: ("新建申请", "New application"),
    kinds.RECEIVE: ("收件", "Receive the papers"),
    kinds.HANDOFF: ("移交", "Hand on"),
    kinds.ACCEPT: ("接收", "Accept the handoff"),
    kinds.DOCKET: ("受理", "Accept for processing"),
    kinds.REVIEW: ("出具初审意见", "Give the review opinion"),
    kinds.RETURN_FOR_CORRECTION: ("一次性告知补正", "Ask for corrections"),
    kinds.TAKE: ("采纳补正", "Take what was supplied"),
    kinds.DECIDE: ("作出决定", "Decide"),
    kinds.ANSWER: ("答复撤回申请", "Answer the withdrawal request"),
    kinds.NOTE: ("添加备注", "Add a note"),
    kinds.SUPPLY: ("补交材料或更正", "Supply papers or corrections"),
    kinds.WITHDRAWAL_REQUEST: ("申请撤回", "Ask to withdraw"),
    kinds.DELIVERED: ("登记送达", "Record the delivery"),
    kinds.PLEASE_RETURN: ("请求退回", "Ask for the case back"),
    kinds.FORCE_ASSIGN: ("强制改派", "Assign to another place"),
    kinds.ADOPT: ("采纳未计入的记录", "Adopt what did not count"),
    kinds.DISMISS: ("不予采纳", "Set aside what did not count"),
}
HANDOFF_LABELS: Final[dict[str, tuple[str, str]]] = {
    "accept": ("转送受理", "Pass on for acceptance"),
    "review": ("转送初审", "Pass on for review"),
    "decide": ("转送审批", "Pass on for decision"),
    "deliver": ("转下送达", "Pass down for delivery"),
}
MOVE_TONES: Final[dict[int, Tone]] = {
    kinds.RECEIVE: "active",
    kinds.HANDOFF: "active",
    kinds.ACCEPT: "active",
    kinds.DOCKET: "active",
    kinds.REVIEW: "active",
    kinds.RETURN_FOR_CORRECTION: "waiting",
    kinds.TAKE: "active",
    kinds.DECIDE: "good",
    kinds.ANSWER: "waiting",
    kinds.DELIVERED: "done",
    kinds.FORCE_ASSIGN: "bad",
    kinds.ADOPT: "active",
}
# Acts with a page of their own: not drawn in the diagram, not among the buttons of a case.
APART: Final = frozenset({kinds.FORCE_ASSIGN, kinds.ADOPT, kinds.DISMISS})

# What a side event needs before it has its effect; anything not named here counts as soon as it is held.
SIDE_NEEDS: Final[dict[int, str]] = {kinds.DELIVERED: "decision"}


def may(roles: frozenset[str], level: str, kind: int) -> bool:
    """Tell whether a person with these roles at a place of this level may author events of this kind."""
    return any(kind in MAY.get((role, level), frozenset()) for role in roles)


def roles_at(level: str) -> frozenset[str]:
    """Give every role of a level."""
    return frozenset(role for role, there in ROLES if there == level)


def may_propose(roles: frozenset[str], level: str) -> bool:
    """Tell whether a person with these roles may propose to assign a case: anybody who may do anything with one."""
    return any(MAY.get((role, level)) for role in roles)


def arrival(purpose: str, level: str) -> str:
    """Give the state a case is in once a handoff for this purpose was accepted at a place of this level."""
    if purpose == "decide":
        return "c_intake" if level == "county" else "examining"
    return {"accept": "received", "review": "t_review", "deliver": "delivering"}[purpose]


def targets(move: Move, state: str) -> tuple[tuple[str, str], ...]:
    """List (label, state) of where a move made in ``state`` can lead; the label is empty where the kind alone says."""
    if move.target == "same":
        return (("", state),)
    if move.target == "back":
        return tuple(("", before) for before in UNDECIDED)
    branches = BRANCHES.get(move.target)
    if branches is None:
        return (("", move.target),)
    return tuple((label, state if to == "same" else to) for label, to in branches)


def mermaid() -> str:
    """Draw the workflow as a mermaid state diagram, from the tables."""
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{state.zh} {state.en}" as {state.code}' for state in STATES.values()]
    lines.append("    [*] --> draft: create")
    for (state, kind), move in MOVES.items():
        for label, target in targets(move, state):
            if target != state and kind not in APART:
                words = f"{kinds.name_of(kind)} ({label})" if label else kinds.name_of(kind)
                lines.append(f"    {state} --> {target}: {words}")
    lines += [f"    {state} --> delivered: delivered (side)" for state in DECIDED]
    lines += [f"    {state.code} --> [*]" for state in STATES.values() if state.terminal]
    return "\n".join(lines) + "\n"
