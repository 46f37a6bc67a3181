"""The registry of event kinds: the numbers on the wire, what each event is, and where its body is held."""

from typing import Final, Literal, NamedTuple

Role = Literal["stage", "side", "other"]
Holding = Literal["inline", "apart"]


class Kind(NamedTuple):
    """One row of the registry. ``version`` is the newest kind_version this reader understands."""

    number: int
    name: str
    role: Role
    holding: Holding
    version: int


CREATE: Final = 1
RECEIVE: Final = 2
HANDOFF: Final = 3
ACCEPT: Final = 4
DOCKET: Final = 5
REVIEW: Final = 6
RETURN_FOR_CORRECTION: Final = 7
TAKE: Final = 8
DECIDE: Final = 9
ANSWER: Final = 10
REFUSE: Final = 11
LAPSE: Final = 12
SUSPEND: Final = 13
RESUME: Final = 14
EXTEND: Final = 15
FORCE_ASSIGN: Final = 16
ADOPT: Final = 17
FEE_NOTICE: Final = 18
FEE_SETTLED: Final = 19
ISSUE: Final = 20
ARCHIVE: Final = 21
REVIEW_DECISION: Final = 22
COUNTERSIGN_OPEN: Final = 23
COUNTERSIGN_CLOSE: Final = 24
COMMITMENT: Final = 25
COMMITMENT_KEPT: Final = 26
LANE: Final = 27
PREREVIEW: Final = 30
PREREVIEW_REPLY: Final = 31
NOTE: Final = 32
SUPPLY: Final = 33
WITHDRAWAL_REQUEST: Final = 34
DELIVERED: Final = 35
PLEASE_RETURN: Final = 36
DISMISS: Final = 37
COUNTERSIGNATURE: Final = 38
RATING: Final = 39
REVIEW_REQUEST: Final = 41
SERVICE_ACT: Final = 42
CONTACT_CHANGE: Final = 43
COLLECTION_NOTICE: Final = 47
MEETING: Final = 50
ACTION_DONE: Final = 51
COMPLAINT: Final = 40
COMPLAINT_ANSWER: Final = 44
RECTIFICATION: Final = 45
FOLLOW_UP: Final = 48
PLACE_KEY: Final = 49
CONSULTATION: Final = 46
SLIP: Final = 52
SLIP_ANSWER: Final = 53
SUPERVISION_LETTER: Final = 54
SUPERVISION_ANSWER: Final = 55
ALERT_ANSWER: Final = 56
SPOT_CHECK: Final = 57
PAPER: Final = 60
CHECKPOINT: Final = 64
CATALOGUE: Final = 66
FORK_RULING: Final = 67
ERASURE: Final = 68
CALENDAR: Final = 69
AUTHORITY: Final = 70
SEAL: Final = 71
KIN: Final = 72
SAMPLE: Final = 74
CALL_BACK: Final = 75
RATING_APPEAL: Final = 76
PROXY_AUTHORITY: Final = 77
SERVICE_ADDRESS: Final = 73
HEARING_RIGHT: Final = 78
ACCOUNT_ORDER: Final = 79
ACCOUNT_STATE: Final = 80
AUDIT_HEAD: Final = 81
BULLETIN: Final = 82
DAY_END: Final = 83
WINDOW: Final = 84

# Numbers are frozen: a row may be added, never renumbered, and a number is never used again.
TABLE: Final[tuple[Kind, ...]] = (
    Kind(CREATE, "create", "stage", "apart", 1),
    Kind(RECEIVE, "receive", "stage", "apart", 1),
    Kind(HANDOFF, "handoff", "stage", "inline", 1),
    Kind(ACCEPT, "accept", "stage", "inline", 1),
    Kind(DOCKET, "docket", "stage", "inline", 1),
    Kind(REVIEW, "review", "stage", "apart", 1),
    Kind(RETURN_FOR_CORRECTION, "return_for_correction", "stage", "apart", 1),
    Kind(TAKE, "take", "stage", "inline", 1),
    Kind(DECIDE, "decide", "stage", "apart", 1),
    Kind(ANSWER, "answer", "stage", "inline", 1),
    Kind(REFUSE, "refuse", "stage", "apart", 1),
    Kind(LAPSE, "lapse", "stage", "apart", 1),
    Kind(SUSPEND, "suspend", "stage", "apart", 1),
    Kind(RESUME, "resume", "stage", "inline", 1),
    Kind(EXTEND, "extend", "stage", "apart", 1),
    Kind(FORCE_ASSIGN, "force_assign", "stage", "inline", 1),
    Kind(ADOPT, "adopt", "stage", "inline", 1),
    Kind(FEE_NOTICE, "fee_notice", "stage", "apart", 1),
    Kind(FEE_SETTLED, "fee_settled", "stage", "apart", 1),
    Kind(ISSUE, "issue", "stage", "apart", 1),
    Kind(ARCHIVE, "archive", "stage", "inline", 1),
    Kind(REVIEW_DECISION, "review_decision", "stage", "inline", 1),
    Kind(COUNTERSIGN_OPEN, "countersign_open", "stage", "inline", 1),
    Kind(COUNTERSIGN_CLOSE, "countersign_close", "stage", "inline", 1),
    Kind(COMMITMENT, "commitment", "stage", "apart", 1),
    Kind(COMMITMENT_KEPT, "commitment_kept", "stage", "inline", 1),
    Kind(LANE, "lane", "stage", "apart", 1),
    Kind(PREREVIEW, "prereview", "stage", "inline", 1),
    Kind(PREREVIEW_REPLY, "prereview_reply", "stage", "apart", 1),
    Kind(NOTE, "note", "side", "apart", 1),
    Kind(SUPPLY, "supply", "side", "apart", 1),
    Kind(WITHDRAWAL_REQUEST, "withdrawal_request", "side", "apart", 1),
    Kind(DELIVERED, "delivered", "side", "apart", 2),
    Kind(PLEASE_RETURN, "please_return", "side", "inline", 1),
    Kind(DISMISS, "dismiss", "side", "inline", 2),
    Kind(COUNTERSIGNATURE, "countersignature", "side", "apart", 1),
    Kind(RATING, "rating", "side", "apart", 1),
    Kind(REVIEW_REQUEST, "review_request", "side", "apart", 1),
    Kind(SERVICE_ACT, "service_act", "side", "apart", 1),
    Kind(CONTACT_CHANGE, "contact_change", "side", "apart", 1),
    Kind(COLLECTION_NOTICE, "collection_notice", "side", "inline", 1),
    Kind(MEETING, "meeting", "side", "apart", 1),
    Kind(ACTION_DONE, "action_done", "side", "apart", 1),
    Kind(SUPERVISION_LETTER, "supervision_letter", "side", "apart", 1),
    Kind(SUPERVISION_ANSWER, "supervision_answer", "side", "apart", 1),
    Kind(ALERT_ANSWER, "alert_answer", "side", "apart", 1),
    Kind(SPOT_CHECK, "spot_check", "side", "apart", 1),
    Kind(RECTIFICATION, "rectification", "side", "apart", 1),
    Kind(FOLLOW_UP, "follow_up", "side", "apart", 1),
    Kind(PAPER, "paper", "side", "apart", 1),
    # About no case, though their numbers stand among those of side events: no case may show a complaint, and a
    # slip is written where the case is not held.
    Kind(COMPLAINT, "complaint", "other", "apart", 1),
    Kind(COMPLAINT_ANSWER, "complaint_answer", "other", "apart", 1),
    Kind(PLACE_KEY, "place_key", "other", "inline", 1),
    Kind(CONSULTATION, "consultation", "other", "apart", 1),
    Kind(SLIP, "slip", "other", "apart", 1),
    Kind(SLIP_ANSWER, "slip_answer", "other", "apart", 1),
    Kind(CHECKPOINT, "checkpoint", "other", "inline", 1),
    Kind(CATALOGUE, "catalogue", "other", "apart", 1),
    Kind(FORK_RULING, "fork_ruling", "other", "inline", 1),
    Kind(ERASURE, "erasure", "other", "inline", 1),
    Kind(CALENDAR, "calendar", "other", "inline", 1),
    Kind(AUTHORITY, "authority", "other", "inline", 1),
    Kind(SEAL, "seal", "other", "inline", 1),
    Kind(KIN, "kin", "other", "apart", 1),
    Kind(SAMPLE, "sample", "other", "apart", 1),
    # Beside a case, though their numbers stand above those of side events: the registry says so, and not the band.
    Kind(CALL_BACK, "call_back", "side", "apart", 1),
    Kind(RATING_APPEAL, "rating_appeal", "side", "apart", 1),
    Kind(PROXY_AUTHORITY, "proxy_authority", "side", "apart", 1),
    Kind(SERVICE_ADDRESS, "service_address", "side", "apart", 1),
    Kind(HEARING_RIGHT, "hearing_right", "side", "apart", 1),
    # What a place and those above it say to each other of who may work there, and of the trail of what was done.
    Kind(ACCOUNT_ORDER, "account_order", "other", "apart", 1),
    Kind(ACCOUNT_STATE, "account_state", "other", "apart", 1),
    Kind(AUDIT_HEAD, "audit_head", "other", "inline", 1),
    Kind(BULLETIN, "bulletin", "other", "apart", 1),
    Kind(DAY_END, "day_end", "other", "apart", 1),
    Kind(WINDOW, "window", "other", "apart", 1),
)

# Numbers with a name but no reader yet: an event of such a kind needs an update here, like any unknown number.
RESERVED: Final[dict[int, str]] = {
    65: "notice",
}

# The bands say what a number is that is not in the table: a reader must know whether it may stop the fold of a case.
STAGE_NUMBERS: Final = range(1, 32)
SIDE_NUMBERS: Final = range(32, 64)

BY_NUMBER: Final[dict[int, Kind]] = {kind.number: kind for kind in TABLE}
BY_NAME: Final[dict[str, Kind]] = {kind.name: kind for kind in TABLE}
_NEWEST: Final[dict[int, int]] = {kind.number: kind.version for kind in TABLE}
STAGE_KINDS: Final = frozenset(kind.number for kind in TABLE if kind.role == "stage")
OF_NO_CASE: Final = frozenset(kind.number for kind in TABLE if kind.role == "other")
SIDE_KINDS: Final = frozenset(kind.number for kind in TABLE if kind.role == "side")


def role_of(number: int) -> Role:
    """Tell whether events of this kind number move a case (stage), stand beside it (side) or are not about a case."""
    if number in OF_NO_CASE:
        return "other"
    if number in STAGE_NUMBERS:
        return "stage"
    return "side" if number in SIDE_NUMBERS or number in SIDE_KINDS else "other"


def name_of(number: int) -> str:
    """Give the kind's English name, also for reserved numbers; an unknown number is called ``kind-<number>``."""
    known = BY_NUMBER.get(number)
    return known.name if known else RESERVED.get(number, f"kind-{number}")


def understood(number: int, version: int) -> bool:
    """Tell whether this reader knows the kind at this kind_version (versions start at 1)."""
    return 1 <= version <= _NEWEST.get(number, 0)
