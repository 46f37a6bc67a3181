"""Words for codes: states, kinds of events, choices, fields, levels; in both languages, with a drawing and a tone."""

from typing import Final

from sync_protocol.case import VERDICT_WORDS, bodies, kinds
from sync_protocol.case.workflow import LABELS, STATES

TABLES: Final = bodies.TABLES

CHOICES: Final[dict[str, tuple[str, str]]] = {
    "resident_id": ("居民身份证", "resident identity card"),
    "household_book": ("户口簿", "household book"),
    "passport": ("护照", "passport"),
    "credit_code": ("统一社会信用代码", "unified social credit code"),
    "other": ("其他证件", "other document"),
    "counter": ("窗口", "at the counter"),
    "door": ("上门", "at the door"),
    "online": ("网上", "online"),
    "phone": ("电话", "by phone"),
    "accept": ("受理", "acceptance"),
    "review": ("初审", "first review"),
    "decide": ("审批", "decision"),
    "deliver": ("送达", "delivery"),
    "agree": ("同意", "agree"),
    "disagree": ("不同意", "disagree"),
    "approve": ("准予", "approve"),
    "refuse": ("不予", "refuse"),
    "in_person": ("本人领取", "in person"),
    "proxy": ("代领", "by proxy"),
    "post": ("邮寄", "by post"),
    "electronic": ("电子送达", "electronically"),
    "left_with_witness": ("留置送达（有见证人）", "left before a witness"),
}

STATE_ICONS: Final[dict[str, str]] = {
    "draft": "edit",
    "received": "paper",
    "correcting": "warning",
    "accepted": "check",
    "in_transit": "right",
    "t_review": "search",
    "reviewed": "check",
    "examining": "search",
    "c_intake": "search",
    "decided_approved": "check",
    "decided_refused": "cross",
    "decided": "flag",
    "delivering": "down",
    "delivered": "box",
    "withdrawn": "left",
}

KIND_ICONS: Final[dict[int, str]] = {
    kinds.CREATE: "edit",
    kinds.RECEIVE: "paper",
    kinds.HANDOFF: "right",
    kinds.ACCEPT: "down",
    kinds.DOCKET: "check",
    kinds.REVIEW: "search",
    kinds.RETURN_FOR_CORRECTION: "warning",
    kinds.TAKE: "plus",
    kinds.DECIDE: "flag",
    kinds.ANSWER: "left",
    kinds.NOTE: "edit",
    kinds.SUPPLY: "plus",
    kinds.WITHDRAWAL_REQUEST: "left",
    kinds.DELIVERED: "box",
    kinds.PLEASE_RETURN: "left",
}

VERDICT_TONES: Final[dict[str, tuple[str, str]]] = {
    "effective": ("good", "check"),
    "waiting": ("waiting", "clock"),
    "needs_update": ("waiting", "warning"),
    "void": ("bad", "cross"),
    "contested": ("bad", "warning"),
}

LEVELS: Final[dict[str, tuple[str, str]]] = {
    "county": ("县", "county"),
    "township": ("乡镇", "township"),
    "village": ("村", "village"),
    "station": ("站点", "station"),
    "higher": ("上级机关", "a higher authority"),
    "": ("—", "none"),
}

PURPOSES: Final[dict[str, tuple[str, str]]] = {
    "file": ("申请、收件", "filing"),
    "accept": ("受理", "acceptance"),
    "review": ("初审", "first review"),
    "decide": ("决定", "decision"),
    "deliver": ("送达", "delivery"),
}

# What the application asks beside the applicant: name in the answers, words, hint, lines of the field.
QUESTIONS: Final[tuple[tuple[str, str, str, str, str, int], ...]] = (
    (
        "request",
        "申请事由",
        "What is applied for",
        "写明申请什么、为什么，例如家庭情况、地点、面积",
        "What and why: the household, the place, the area",
        4,
    ),
)

MATERIAL: Final = "material:"
_CREATE_FIELDS: Final = {field.name: (field.zh, field.en) for field in bodies.CREATE.fields}
_QUESTION_WORDS: Final = {name: (zh, en) for name, zh, en, *_ in QUESTIONS}


def field_words(name: str) -> tuple[str, str]:
    """The words for a field of an application, a question or a paper, as marks and corrections name them."""
    if name.startswith(MATERIAL):
        paper = name.removeprefix(MATERIAL)
        return f"材料《{paper}》", f"paper “{paper}”"
    return _QUESTION_WORDS.get(name) or _CREATE_FIELDS.get(name) or (name, name)


def state_words(code: str | None) -> tuple[str, str, str, str]:
    """Tone, drawing, Chinese and English of a state; a case whose application is not here yet has none."""
    state = STATES.get(code or "")
    if state is None:
        return "waiting", "clock", "申请未到", "application not here yet"
    return state.tone, STATE_ICONS[state.code], state.zh, state.en


def kind_words(kind: int) -> tuple[str, str]:
    """The words for a kind of event; an unknown one keeps its name."""
    return LABELS.get(kind) or (f"未知记录({kinds.name_of(kind)})", f"unknown record ({kinds.name_of(kind)})")


def choice_words(code: object) -> tuple[str, str]:
    """The words for one value of a choice; one that is not known keeps its code."""
    return CHOICES.get(str(code)) or (str(code), str(code))


def verdict_words(code: str) -> tuple[str, str]:
    """The words for a verdict."""
    return next((zh_en for known, zh_en in VERDICT_WORDS.items() if known == code), (code, code))
