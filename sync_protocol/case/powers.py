"""The roles of each level, what the people who have them may do, and who does the work of a role that nobody has."""

from typing import Final

from sync_protocol.case import kinds, workflow

_ANSWERS: Final = frozenset({kinds.SUPERVISION_ANSWER, kinds.ALERT_ANSWER})

# Role at a level -> the kinds its people may author; asked at the desk. The fold asks only what a place may do:
# who sits at a place is that place's own affair.
_COUNTER: Final = frozenset({
    kinds.CREATE, kinds.RECEIVE, kinds.DOCKET, kinds.HANDOFF, kinds.ACCEPT, kinds.RETURN_FOR_CORRECTION, kinds.TAKE,
    kinds.ANSWER, kinds.NOTE, kinds.SUPPLY, kinds.WITHDRAWAL_REQUEST, kinds.DELIVERED, kinds.PLEASE_RETURN,
    kinds.ADOPT, kinds.DISMISS, kinds.REFUSE, kinds.LAPSE, kinds.ISSUE, kinds.COUNTERSIGNATURE, kinds.RATING,
    kinds.REVIEW_REQUEST, kinds.SERVICE_ACT, kinds.CONTACT_CHANGE, kinds.COLLECTION_NOTICE, kinds.COMMITMENT,
    kinds.COMMITMENT_KEPT, kinds.LANE, kinds.PREREVIEW, kinds.PREREVIEW_REPLY, *_ANSWERS, kinds.RECTIFICATION,
    kinds.FOLLOW_UP,
    kinds.COMPLAINT, kinds.MEETING, kinds.ACTION_DONE, kinds.CONSULTATION, kinds.SLIP, kinds.SLIP_ANSWER,
    kinds.PAPER, kinds.CALL_BACK, kinds.RATING_APPEAL, kinds.PROXY_AUTHORITY, kinds.SERVICE_ADDRESS,
    kinds.HEARING_RIGHT, kinds.DAY_END,
})  # fmt: skip
# Who takes money, and who files volumes: each does that alone, so that whoever handles a case does not take its fee.
_CASHIER: Final = frozenset({kinds.FEE_NOTICE, kinds.FEE_SETTLED})
_ARCHIVIST: Final = frozenset({kinds.ARCHIVE})
# Who examines a case: suspends it and goes on. A special procedure also needs somebody who may approve it.
_EXAMINER: Final = frozenset({
    kinds.LAPSE, kinds.SUSPEND, kinds.RESUME, kinds.COUNTERSIGN_OPEN, kinds.COUNTERSIGN_CLOSE, kinds.COUNTERSIGNATURE,
    kinds.COMMITMENT, kinds.COMMITMENT_KEPT, kinds.LANE, *_ANSWERS, kinds.MEETING, kinds.ACTION_DONE,
    kinds.HEARING_RIGHT,
})  # fmt: skip
_REVIEWER: Final = frozenset({
    kinds.RATING_APPEAL,
    kinds.REVIEW, kinds.DECIDE, kinds.HANDOFF, kinds.RETURN_FOR_CORRECTION, kinds.TAKE, kinds.ANSWER, kinds.NOTE,
    kinds.PLEASE_RETURN, kinds.ADOPT, kinds.DISMISS, kinds.PREREVIEW_REPLY, *_ANSWERS, kinds.RECTIFICATION,
    kinds.PAPER,
})  # fmt: skip
_DECIDER: Final = frozenset({
    kinds.RATING_APPEAL,
    kinds.DECIDE, kinds.HANDOFF, kinds.RETURN_FOR_CORRECTION, kinds.TAKE, kinds.ANSWER, kinds.NOTE, kinds.PLEASE_RETURN,
    kinds.ADOPT, kinds.DISMISS, *_ANSWERS, kinds.RECTIFICATION, kinds.PAPER,
})  # fmt: skip
# Who closes the day of a room or a department and answers for what is left over, beside the counter.
_CLOSER: Final = frozenset({kinds.DAY_END})
# Who supervises: the section at the county, the head of the station at a township. Spot checks are the business
# section's as well.
_CHECKER: Final = frozenset({kinds.SPOT_CHECK, kinds.SAMPLE})
_OVERSEER: Final = _CHECKER | {kinds.SUPERVISION_LETTER, kinds.BULLETIN}
# Who keeps the registers of a place: delegations and absences, seals, declared kin, windows.
_KEEPER: Final = frozenset({kinds.AUTHORITY, kinds.SEAL, kinds.KIN, kinds.WINDOW})
# Who hears complaints about a place below, and keeps the key under which they are sealed to this one.
_HEARER: Final = frozenset({kinds.COMPLAINT, kinds.COMPLAINT_ANSWER, kinds.PLACE_KEY})
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
    ("leader", "county"): ("县政府负责人", "leader of the county government"),
    ("business", "county"): ("业务科", "business section"),
    ("supervisor", "county"): ("督查", "supervision"),
    ("cashier", "village"): ("收费员", "cashier"),
    ("cashier", "station"): ("收费员", "cashier"),
    ("cashier", "township"): ("收费员", "cashier"),
    ("cashier", "county"): ("收费员", "cashier"),
    ("archivist", "village"): ("档案员", "archivist"),
    ("archivist", "station"): ("档案员", "archivist"),
    ("archivist", "township"): ("档案员", "archivist"),
    ("archivist", "county"): ("档案员", "archivist"),
    ("admin", "station"): ("系统管理员", "administrator"),
    ("admin", "village"): ("系统管理员", "administrator"),
    ("admin", "township"): ("系统管理员", "administrator"),
    ("admin", "county"): ("系统管理员", "administrator"),
}
MAY: Final[dict[tuple[str, str], frozenset[int]]] = {
    ("agent", "village"): _COUNTER,
    ("agent", "station"): _COUNTER,
    ("head", "village"): _ASSIGNER
    | _EXAMINER
    | _CLOSER
    | _KEEPER
    | _HEARER
    | {
        kinds.DECIDE,
        kinds.ISSUE,
        kinds.NOTE,
        kinds.PLEASE_RETURN,
        kinds.ADOPT,
        kinds.DISMISS,
        kinds.EXTEND,
        kinds.RECTIFICATION,
        kinds.RATING_APPEAL,
    },
    ("clerk", "township"): _COUNTER,
    ("reviewer", "township"): _REVIEWER | _EXAMINER | _CLOSER | {kinds.ISSUE},
    ("head", "township"): _REVIEWER
    | _CLOSER
    | _DECIDER
    | _ASSIGNER
    | _EXAMINER
    | _KEEPER
    | _OVERSEER
    | _HEARER
    | {kinds.ISSUE, kinds.EXTEND, kinds.FORK_RULING},
    # The county's window examines as well, and asks for papers; it decides nothing.
    ("window", "county"): _COUNTER | _EXAMINER,
    ("officer", "county"): _DECIDER
    | _CLOSER
    | _ASSIGNER
    | _EXAMINER
    | {kinds.REVIEW, kinds.ISSUE, kinds.FORK_RULING, kinds.CALENDAR, kinds.CATALOGUE},
    ("head", "county"): _DECIDER
    | _CLOSER
    | _ASSIGNER
    | _EXAMINER
    | _KEEPER
    | {kinds.REVIEW, kinds.ISSUE, kinds.EXTEND, kinds.FORK_RULING, kinds.CALENDAR, kinds.CATALOGUE, kinds.ERASURE},
    ("leader", "county"): frozenset({kinds.EXTEND, kinds.NOTE, kinds.MEETING, kinds.ACTION_DONE, kinds.ERASURE}),
    ("business", "county"): _KEEPER
    | _CHECKER
    | {kinds.REVIEW_DECISION, kinds.NOTE, kinds.DISMISS, kinds.LANE, kinds.CATALOGUE, kinds.MEETING, kinds.ACTION_DONE}
    | {kinds.RATING_APPEAL, kinds.CALENDAR},
    # Supervision reads everything, writes beside a case, hears complaints and changes no case; an administrator acts
    # on none.
    ("supervisor", "county"): _OVERSEER | _HEARER,
    **{("cashier", level): _CASHIER for level in ("village", "station", "township", "county")},
    **{("archivist", level): _ARCHIVIST for level in ("village", "station", "township", "county")},
}
# Role -> who does its work at a place where nobody has it: a village of one person takes fees and files volumes, too.
STANDS_IN: Final[dict[str, frozenset[str]]] = {
    "cashier": frozenset({"agent", "clerk", "window"}),
    "archivist": frozenset({"agent", "clerk", "window"}),
}


def may(roles: frozenset[str], level: str, kind: int) -> bool:
    """Tell whether a person with these roles at a place of this level may author events of this kind."""
    return any(kind in MAY.get((role, level), frozenset()) for role in roles)


def stood_in(roles: frozenset[str], staffed: frozenset[str]) -> frozenset[str]:
    """Give the roles whose work somebody with these roles does beside their own. ``staffed``: the roles that somebody
    at the place has who can do it now."""
    return frozenset(role for role, by in STANDS_IN.items() if role not in staffed and by & roles) - roles


# Who may approve a special procedure and an extension at a level; of a joint case the county's leader extends the term.
_APPROVERS: Final = frozenset({("head", "village"), ("head", "township"), ("head", "county")})
# Who may let a case go as urgent: the section that coordinates at the county, a head elsewhere.
_HURRIERS: Final = frozenset({("business", "county"), *_APPROVERS})
_LEADERS: Final = frozenset({("leader", "county"), ("head", "township"), ("head", "village")})


def may_approve(roles: frozenset[str], level: str, *, joint_term: bool = False) -> bool:
    """Tell whether a person may approve a special procedure or an extension (``joint_term``: that of a joint case)."""
    allowed = _LEADERS if joint_term else _APPROVERS
    return any((role, level) in allowed for role in roles)


# Who finds whether a rating is false: the head of a township's station for those below, the county's business section.
_JUDGES: Final = frozenset({("head", "township"), ("business", "county")})


def may_judge(roles: frozenset[str], level: str) -> bool:
    """Tell whether a person may find that a rating stands, or strike it."""
    return any((role, level) in _JUDGES for role in roles)


# Who confirms what became of a public notice that hangs at a place: its head; at a station, which has none, and at the
# county, whose heads are of departments, whoever posts it.
_CONFIRMERS: Final = {"village": "head", "township": "head"}


def may_confirm_notice(roles: frozenset[str], level: str, *, headed: bool) -> bool:
    """Tell whether a person may confirm that a public notice was posted here, and what it came to. ``headed``: somebody
    has the role of who confirms it and can do it now; where nobody has, the counter stands in."""
    role = _CONFIRMERS.get(level)
    if role in roles:
        return True
    return not (role and headed) and kinds.RECEIVE in _all_of(roles, level)


def confirmer(level: str) -> str:
    """Give the role that confirms public notices at a level; empty where that is the counter's."""
    return _CONFIRMERS.get(level, "")


def _all_of(roles: frozenset[str], level: str) -> frozenset[int]:
    return frozenset[int]().union(*(MAY.get((role, level), frozenset()) for role in roles))


def may_hurry(roles: frozenset[str], level: str) -> bool:
    """Tell whether a person may let a case go as urgent."""
    return any((role, level) in _HURRIERS for role in roles)


def roles_at(level: str) -> frozenset[str]:
    """Give every role of a level."""
    return frozenset(role for role, there in ROLES if there == level)


def may_propose(roles: frozenset[str], level: str) -> bool:
    """Tell whether a person with these roles may propose to assign a case: anybody who works on cases, and not on
    their fees and volumes alone."""
    able = roles - STANDS_IN.keys()
    return any(MAY.get((role, level), frozenset()) - workflow.OVERSIGHT - kinds.OF_NO_CASE for role in able)
