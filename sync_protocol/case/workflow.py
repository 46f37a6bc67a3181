"""The workflow as tables: states, moves, and the words and tones pages show for them. Who may do what: powers.py.

The fold, the pages and the documents read these tables; nothing about the workflow is written a second time.
"""

from typing import Final, Literal, NamedTuple

from sync_protocol.case import kinds

Tone = Literal["plain", "waiting", "active", "good", "bad", "done"]


class State(NamedTuple):
    """A state a case can be in. ``terminal``: no stage event is legal any more; ``closed``: nothing is to be done, but
    that a review may be asked for, late papers may turn up, the volume may be filed."""

    code: str
    zh: str
    en: str
    terminal: bool
    closed: bool
    tone: Tone


STATES: Final[dict[str, State]] = {
    state.code: state
    for state in (
        State("draft", "草稿", "draft", False, False, "plain"),
        State("prereview", "网上预审", "in pre-review", False, False, "active"),
        State("received", "已收件", "received", False, False, "active"),
        State("correcting", "待补正", "to be corrected", False, False, "waiting"),
        State("accepted", "已受理", "accepted", False, False, "active"),
        State("in_transit", "转送中", "in transit", False, False, "waiting"),
        State("t_review", "乡镇初审", "first review", False, False, "active"),
        State("reviewed", "已初审", "reviewed", False, False, "active"),
        State("examining", "审查", "examination", False, False, "active"),
        State("c_intake", "县窗口接件", "county intake", False, False, "active"),
        State("refused", "不予受理", "not accepted", False, True, "bad"),
        State("lapsed", "逾期终止", "ended for want of papers or fee", False, True, "done"),
        State("decided_approved", "准予", "approved", False, False, "good"),
        State("decided_refused", "不予", "refused", False, False, "bad"),
        State("decided", "已决定", "decided", False, False, "done"),
        State("fee_due", "待缴费", "fee due", False, False, "waiting"),
        State("issued", "已制证", "certificate made", False, False, "good"),
        State("delivering", "待送达", "to be delivered", False, False, "waiting"),
        State("delivered", "已送达", "delivered", False, True, "done"),
        State("archived", "已归档", "filed", True, True, "done"),
        State("withdrawn", "已撤回", "withdrawn", True, True, "done"),
    )
}
UNDECIDED: Final = ("received", "accepted", "t_review", "reviewed", "examining", "c_intake")
# Where an accepted case is examined: it may be suspended, and ends when what was asked for does not come.
EXAMINED: Final = ("accepted", "t_review", "reviewed", "examining", "c_intake")
DECIDABLE: Final = ("accepted", "reviewed", "examining", "c_intake")
APPROVED: Final = ("decided_approved", "decided")
# Decided states in which a case may still lapse: a fee was not paid, or a commitment not kept.
LAPSED_DECIDED: Final = ("fee_due", *APPROVED)
DECIDED: Final = ("decided_approved", "decided_refused", "decided", "issued", "delivering")
# What a delivery makes delivered: a decided case, in somebody's hands or on its way.
DELIVERABLE: Final = (*DECIDED, "in_transit")
ENDED: Final = ("refused", "lapsed")
# The applicant has the result: somebody may ask how it was.
GIVEN: Final = ("delivered", "archived")
HELD: Final = ("draft", "prereview", *UNDECIDED, "correcting", *DECIDED, "fee_due", *ENDED)
CLOSED: Final = tuple(state.code for state in STATES.values() if state.closed)

# Where a move leads when the kind alone does not say: (what decides, state) for the tables and the diagram.
Target = Literal[
    "received", "accepted", "reviewed", "correcting", "in_transit", "delivering", "refused", "lapsed", "fee_due",
    "decided_approved", "issued", "archived", "draft", "prereview",
    "same", "back", "by_purpose", "by_outcome", "by_answer", "by_progress", "by_adoption", "by_review", "by_preview",
]  # fmt: skip
BRANCHES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "by_purpose": (
        ("accept", "received"),
        ("prereview", "prereview"),
        ("review", "t_review"),
        ("decide, county", "c_intake"),
        ("decide, below the county", "examining"),
        ("deliver", "delivering"),
    ),
    "by_outcome": (("approve", "decided_approved"), ("refuse", "decided_refused"), ("body deleted", "decided")),
    "by_answer": (("granted", "withdrawn"), ("refused", "same")),
    "by_progress": (
        ("in pre-review", "draft"),
        ("a draft, to be corrected, refused, lapsed, fee due, or decided", "same"),
        ("not docketed", "received"),
        ("review is due, at its level", "t_review"),
        ("review is due, elsewhere", "accepted"),
        ("decision is due, the county's", "c_intake"),
        ("decision is due, at its level below the county", "examining"),
        ("decision is due, elsewhere, reviewed", "reviewed"),
        ("decision is due, elsewhere, not reviewed", "accepted"),
    ),
    "by_preview": (("here", "prereview"), ("elsewhere", "in_transit")),
    "by_review": (("overturn", "received"), ("uphold", "same")),
    "by_adoption": (("wherever what is adopted leads, one after the other", "same"),),
}

Guard = Literal[
    "holder", "receiver", "accept_level", "correct_level", "review_level", "decide_level", "onward", "supplies",
    "request", "request_refused", "assign", "adoption", "examine_level", "room", "nothing_open", "entry",
    "higher_answer", "higher_outcome", "extension", "supplement_open", "fee_asked", "fee_settled", "delivery",
    "county_level", "joint", "signatures", "countersigned", "up_level", "countersigning", "fee_lapsed",
    "tolerable", "commitment", "commitment_open", "kept", "preview_place", "previewed", "heard",
]  # fmt: skip


class Move(NamedTuple):
    """One row: what must hold beside the baton (``guard``, then what stands in ``also``), and the state it leads to."""

    guard: Guard
    target: Target
    also: tuple[Guard, ...] = ()


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
    "examine_level": ("只有有权初审或决定的一级可以办理", "only the level that reviews or decides may"),
    "up_level": ("上报须经县级", "only the county reports a case up"),
    "room": ("同时未结束的程序过多，请先结束其中一项", "too many procedures are open: end one of them first"),
    "nothing_open": ("尚有未结束的程序或会签", "a procedure or a countersigning is still open"),
    "entry": ("所结束的须是本案尚未结束的程序", "what is ended must be a procedure of this case that is open"),
    "higher_answer": (
        "上级的决定只用于结束上报，且结束上报须写明上级的决定",
        "the decision of a higher authority ends a case reported up, and nothing else does or says one",
    ),
    "higher_outcome": (
        "上报件须先有上级的决定，且决定与其一致",
        "a higher authority decides this: its answer must be here and be followed",
    ),
    "extension": (
        "只能延长一次，最多10个工作日（联办件15个）",
        "extended once, by 10 working days at most (a joint case 15)",
    ),
    "supplement_open": (
        "没有尚未补齐的审查补正或尚未兑现的承诺",
        "no papers asked for in examination are outstanding, and no commitment",
    ),
    "fee_asked": ("该事项不收费，或费用已缴清", "this item has no fee, or it is settled"),
    "fee_settled": ("该事项的费用尚未缴清或减免", "the fee of this item is not settled yet"),
    "fee_lapsed": ("本案不是因未缴费而终止的", "it was not for its fee that the case ended"),
    "delivery": ("须写明本案的送达记录", "names a record of delivery of this case"),
    "county_level": ("复核由县级作出", "a review is decided at the county"),
    "joint": ("只有联办件需要会签", "only a joint case is countersigned"),
    "countersigning": (
        "所结束的须是本案尚未结束的会签",
        "what is ended must be a countersigning of this case that is open",
    ),
    "signatures": ("所列须是对这次会签的会签意见", "what is named must be countersignatures of this countersigning"),
    "countersigned": (
        "列出的部门尚未全部会签，未签的须写明理由",
        "not all departments named have signed: say why it ends without them",
    ),
    "tolerable": (
        "该事项不允许容缺这些材料，或不实行告知承诺",
        "this item does not let these papers come later, or takes no declaration",
    ),
    "commitment": ("所兑现的须是本案尚未兑现的承诺", "what is kept must be a commitment of this case that is open"),
    "commitment_open": ("没有尚未兑现的承诺", "no commitment is open"),
    "preview_place": ("预审须送有权受理的一级", "pre-review is asked of a place that may accept the item"),
    "previewed": ("该草稿未经预审，没有可采纳的补正", "nobody has looked at this draft before: nothing was asked for"),
    "kept": ("申请人的承诺尚未兑现", "what the applicant committed to has not been kept yet"),
    "heard": (
        "一件事须先由各联办部门会签，再作出决定",
        "the departments that take part in a theme countersign before it is decided",
    ),
}

MOVES: Final[dict[tuple[str, int], Move]] = {
    ("draft", kinds.RECEIVE): Move("holder", "received"),
    ("received", kinds.DOCKET): Move("accept_level", "accepted"),
    ("accepted", kinds.REVIEW): Move("review_level", "reviewed"),
    ("t_review", kinds.REVIEW): Move("review_level", "reviewed"),
    ("reviewed", kinds.REVIEW): Move("review_level", "reviewed"),
    **{
        (state, kinds.DECIDE): Move("decide_level", "by_outcome", ("nothing_open", "higher_outcome", "heard"))
        for state in DECIDABLE
    },
    **{(state, kinds.HANDOFF): Move("onward", "in_transit", ("nothing_open",)) for state in UNDECIDED},
    **{(state, kinds.HANDOFF): Move("onward", "in_transit", ("fee_settled", "kept")) for state in DECIDED},
    ("in_transit", kinds.ACCEPT): Move("receiver", "by_purpose"),
    **{(state, kinds.RETURN_FOR_CORRECTION): Move("correct_level", "correcting") for state in UNDECIDED},
    **{(state, kinds.TAKE): Move("supplies", "same") for state in UNDECIDED},
    ("correcting", kinds.TAKE): Move("supplies", "back"),
    **{(state, kinds.ANSWER): Move("request", "by_answer") for state in ("draft", *UNDECIDED, "correcting")},
    **{(state, kinds.ANSWER): Move("request_refused", "same") for state in (*DECIDED, "fee_due")},
    **{(state, kinds.FORCE_ASSIGN): Move("assign", "by_progress") for state in (*HELD, "in_transit")},
    # Delivered while it was being handed down: it still has to arrive, or nobody could file it.
    ("delivered", kinds.ACCEPT): Move("receiver", "same"),
    ("delivered", kinds.FORCE_ASSIGN): Move("assign", "same"),
    **{(state, kinds.ADOPT): Move("adoption", "by_adoption") for state in HELD},
    ("received", kinds.REFUSE): Move("accept_level", "refused"),
    ("refused", kinds.REVIEW_DECISION): Move("county_level", "by_review", ("request",)),
    ("correcting", kinds.LAPSE): Move("holder", "lapsed"),
    ("fee_due", kinds.LAPSE): Move("holder", "lapsed"),
    **{(state, kinds.LAPSE): Move("supplement_open", "lapsed") for state in EXAMINED},
    **{(state, kinds.LAPSE): Move("commitment_open", "lapsed") for state in APPROVED},
    ("lapsed", kinds.TAKE): Move("supplies", "back"),
    ("lapsed", kinds.FEE_SETTLED): Move("fee_lapsed", "decided_approved"),
    **{(state, kinds.SUSPEND): Move("examine_level", "same", ("up_level", "room")) for state in EXAMINED},
    **{(state, kinds.RESUME): Move("entry", "same", ("higher_answer", "supplies")) for state in EXAMINED},
    **{(state, kinds.EXTEND): Move("decide_level", "same", ("extension",)) for state in DECIDABLE},
    **{(state, kinds.COUNTERSIGN_OPEN): Move("decide_level", "same", ("joint", "room")) for state in DECIDABLE},
    **{
        (state, kinds.COUNTERSIGN_CLOSE): Move("countersigning", "same", ("signatures", "countersigned"))
        for state in DECIDABLE
    },
    **{(state, kinds.FEE_NOTICE): Move("decide_level", "fee_due", ("fee_asked",)) for state in APPROVED},
    ("fee_due", kinds.FEE_SETTLED): Move("holder", "decided_approved"),
    **{(state, kinds.ISSUE): Move("decide_level", "issued", ("fee_settled", "kept")) for state in APPROVED},
    **{(state, kinds.ARCHIVE): Move("delivery", "archived", ("kept",)) for state in (*DECIDED, "delivered")},
    **{
        (state, kinds.COMMITMENT): Move("correct_level", "same", ("tolerable", "room"))
        for state in ("received", *EXAMINED)
    },
    **{
        (state, kinds.COMMITMENT_KEPT): Move("commitment", "same", ("supplies",))
        for state in ("received", *EXAMINED, *APPROVED, "fee_due")
    },
    **{(state, kinds.LANE): Move("holder", "same") for state in (*UNDECIDED, "correcting")},
    ("draft", kinds.PREREVIEW): Move("preview_place", "by_preview"),
    ("prereview", kinds.PREREVIEW_REPLY): Move("accept_level", "draft"),
    ("draft", kinds.TAKE): Move("previewed", "prereview", ("supplies",)),
    ("prereview", kinds.TAKE): Move("supplies", "same"),
    ("prereview", kinds.ANSWER): Move("request", "by_answer"),
}

# What supervision writes beside a case, and what whoever holds it answers: on pages of their own, and no move.
OVERSIGHT: Final = frozenset({
    kinds.SUPERVISION_LETTER, kinds.SUPERVISION_ANSWER, kinds.ALERT_ANSWER, kinds.SPOT_CHECK,
})  # fmt: skip
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
    kinds.REFUSE: ("不予受理", "Refuse to accept"),
    kinds.LAPSE: ("逾期终止", "End for want of papers or fee"),
    kinds.SUSPEND: ("启动程序或要求补正", "Open a procedure, or ask for papers"),
    kinds.RESUME: ("结束程序，恢复审查", "End the procedure and go on"),
    kinds.EXTEND: ("延长办理期限", "Extend the term"),
    kinds.COUNTERSIGN_OPEN: ("发起会签", "Ask departments to countersign"),
    kinds.COUNTERSIGN_CLOSE: ("结束会签", "End the countersigning"),
    kinds.FEE_NOTICE: ("通知缴费", "Give notice of the fee"),
    kinds.FEE_SETTLED: ("登记缴费或减免", "Record the fee as settled"),
    kinds.ISSUE: ("制证用印", "Make the certificate"),
    kinds.ARCHIVE: ("归档", "File the volume"),
    kinds.REVIEW_DECISION: ("作出复核决定", "Decide the review"),
    kinds.COUNTERSIGNATURE: ("会签", "Countersign"),
    kinds.RATING: ("评价", "Rate the service"),
    kinds.REVIEW_REQUEST: ("申请复核", "Ask for a review"),
    kinds.SERVICE_ACT: ("登记服务", "Record a service"),
    kinds.CONTACT_CHANGE: ("更改联系方式", "Change of contact"),
    kinds.COLLECTION_NOTICE: ("登记已通知领取", "Record that the applicant was told to collect"),
    kinds.COMMITMENT: ("容缺受理、告知承诺", "Take a commitment"),
    kinds.COMMITMENT_KEPT: ("登记承诺已兑现", "Record a commitment as kept"),
    kinds.LANE: ("绿色通道、特急、错序", "Change the lane"),
    kinds.PREREVIEW: ("送网上预审", "Send for pre-review"),
    kinds.PREREVIEW_REPLY: ("答复预审", "Answer the pre-review"),
    kinds.RECTIFICATION: ("答复整改单", "Answer the order to put right"),
    kinds.FOLLOW_UP: ("登记对整改的评价", "Record the rating of what was put right"),
    kinds.MEETING: ("登记会议纪要", "Record the minutes of a meeting"),
    kinds.ACTION_DONE: ("登记事项已办", "Record an action as done"),
    kinds.PROXY_AUTHORITY: ("登记或撤销委托", "Enter or revoke a proxy's authority"),
    kinds.SERVICE_ADDRESS: ("确认送达地址，或撤回电子送达同意", "Confirm the address for service, or withdraw consent"),
    kinds.HEARING_RIGHT: ("告知听证权利，登记要求或放弃听证", "Tell of the right to be heard, or record the answer"),
    kinds.PAPER: ("上传或撤下材料原件", "Add or withdraw a paper's file"),
    kinds.CALL_BACK: ("登记回访", "Record a call back"),
    kinds.RATING_APPEAL: ("对差评申诉，或答复申诉", "Appeal against a rating, or answer one"),
}
OVERSIGHT_LABELS: Final[dict[int, tuple[str, str]]] = {
    kinds.SUPERVISION_LETTER: ("督办", "Supervision letter"),
    kinds.SUPERVISION_ANSWER: ("答复督办或检查", "Answer to supervision"),
    kinds.ALERT_ANSWER: ("回应预警", "Answer to a card"),
    kinds.SPOT_CHECK: ("抽查", "Spot check"),
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
    kinds.REFUSE: "bad",
    kinds.LAPSE: "bad",
    kinds.SUSPEND: "waiting",
    kinds.RESUME: "active",
    kinds.EXTEND: "waiting",
    kinds.COUNTERSIGN_OPEN: "waiting",
    kinds.COUNTERSIGN_CLOSE: "active",
    kinds.FEE_NOTICE: "waiting",
    kinds.FEE_SETTLED: "active",
    kinds.ISSUE: "good",
    kinds.ARCHIVE: "done",
    kinds.REVIEW_DECISION: "active",
    kinds.COMMITMENT: "waiting",
    kinds.COMMITMENT_KEPT: "active",
    kinds.LANE: "waiting",
    kinds.PREREVIEW: "active",
    kinds.PREREVIEW_REPLY: "active",
}
# Acts with a page of their own: not drawn in the diagram, not among the buttons of a case.
APART: Final = frozenset({
    kinds.FORCE_ASSIGN, kinds.ADOPT, kinds.DISMISS, kinds.MEETING, kinds.ACTION_DONE, kinds.PAPER,
})  # fmt: skip

# What a side event needs before it has its effect; anything not named here counts as soon as it is held.
SIDE_NEEDS: Final[dict[int, str]] = {kinds.DELIVERED: "decision", kinds.COLLECTION_NOTICE: "decision"}


def arrival(purpose: str, level: str) -> str:
    """Give the state a case is in once a handoff for this purpose was accepted at a place of this level."""
    if purpose == "decide":
        return "c_intake" if level == "county" else "examining"
    return {"accept": "received", "prereview": "prereview", "review": "t_review", "deliver": "delivering"}[purpose]


def targets(move: Move, state: str) -> tuple[tuple[str, str], ...]:
    """List (label, state) of where a move made in ``state`` can lead; the label is empty where the kind alone says."""
    if move.target == "same":
        return (("", state),)
    if move.target == "back":
        return tuple(("", before) for before in (*UNDECIDED, *(LAPSED_DECIDED if state == "lapsed" else ())))
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
