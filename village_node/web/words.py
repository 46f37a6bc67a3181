"""Words for codes: states, kinds of events, choices, fields, levels; in both languages, with a drawing and a tone."""

from typing import Final

from sync_protocol.case import VERDICT_WORDS, bodies, kinds
from sync_protocol.case.complaints import ONESELF
from sync_protocol.case.exclusions import CLOCKS, GRADES
from sync_protocol.case.fields import Field
from sync_protocol.case.workflow import LABELS, OVERSIGHT_LABELS, STATES

TABLES: Final = bodies.TABLES

CHOICES: Final[dict[str, tuple[str, str]]] = {
    "add": ("上传原件", "file added"),
    "withdraw": ("撤下原件", "file withdrawn"),
    "image/jpeg": ("照片（JPEG）", "photo (JPEG)"),
    "image/png": ("图片（PNG）", "picture (PNG)"),
    "application/pdf": ("PDF 文件", "PDF file"),
    "resident_id": ("居民身份证", "resident identity card"),
    "household_book": ("户口簿", "household book"),
    "passport": ("护照", "passport"),
    "credit_code": ("统一社会信用代码", "unified social credit code"),
    "other": ("其他证件", "other document"),
    "no_id": ("无证件", "no document at all"),
    "counter": ("窗口", "at the counter"),
    "door": ("上门", "at the door"),
    "online": ("网上", "online"),
    "phone": ("电话", "by phone"),
    "accept": ("受理", "acceptance"),
    "prereview": ("预审", "pre-review"),
    "ready": ("材料齐备，可以收件", "in order: to be received"),
    "missing": ("需要补充或更正", "something is missing"),
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
    "both": ("代为提交、补正和签收", "hand papers in and collect"),
    "submit": ("只代为提交、补正", "hand papers in only"),
    "collect": ("只代为签收文书", "collect only"),
    "hand_print": ("签名并按手印", "signed, with a finger print"),
    "signature": ("签名", "signed"),
    "notarised": ("经公证", "notarised"),
    "given": ("登记委托", "authority given"),
    "revoked": ("撤销委托", "authority revoked"),
    "letter": ("督办通知书", "letter of supervision"),
    "card": ("预警、黄牌、红牌通知书", "the card, on paper"),
    "confirmed": ("确认送达地址", "address confirmed"),
    "consent_withdrawn": ("撤回电子送达同意", "consent to electronic service withdrawn"),
    "public_notice": ("公告送达", "by public notice"),
    "supplement": ("审查中补正", "papers in examination"),
    "hearing": ("听证", "hearing"),
    "tender": ("招标", "tender"),
    "auction": ("拍卖", "auction"),
    "inspection": ("检验", "inspection"),
    "testing": ("检测", "testing"),
    "quarantine": ("检疫", "quarantine"),
    "appraisal": ("鉴定", "appraisal"),
    "expert_review": ("专家评审", "expert review"),
    "site_survey": ("现场踏勘", "site survey"),
    "publicity": ("公示", "publicity"),
    "reported_up": ("上报上级机关", "reported to a higher authority"),
    "countersigning": ("会签", "countersigning"),
    "commitment": ("申请人的承诺", "the applicant's commitment"),
    "ordinary": ("恢复普通通道", "back to the usual order"),
    "green": ("绿色通道", "green channel"),
    "urgent": ("特急", "urgent"),
    "ahead": ("错序（短件先办）", "before an earlier one"),
    "tolerance": ("容缺受理", "papers to come later"),
    "declaration": ("告知承诺", "declaration of what was told"),
    "paid": ("已缴费", "paid"),
    "waived": ("减免", "waived"),
    "uphold": ("维持不予受理", "upheld"),
    "overturn": ("撤销，予以收件", "overturned"),
    "very_good": ("非常满意", "very satisfied"),
    "good": ("满意", "satisfied"),
    "fair": ("基本满意", "fairly satisfied"),
    "poor": ("不满意", "dissatisfied"),
    "very_poor": ("非常不满意", "very dissatisfied"),
    "screen": ("评价屏", "on the rating screen"),
    "paper": ("纸质", "on paper"),
    "help": ("帮助办", "helped"),
    "appointment": ("预约办", "by appointment"),
    "flexible": ("变通办", "flexibly"),
    "guidance": ("指导办", "guided"),
    "escort": ("领办", "accompanied"),
    "check": ("抽查", "checked"),
    "recheck": ("复查", "checked again"),
    "sound": ("未发现问题", "in order"),
    "found": ("发现问题", "something was found"),
    "otherwise": ("其他", "something else"),
    "appeal": ("申诉：差评不实", "appealed against"),
    "told": ("告知听证权利", "told of the right"),
    "received": ("收到听证告知", "notice of the right received"),
    "asked": ("要求听证", "a hearing is asked for"),
    "given_up": ("放弃听证", "no hearing is wanted"),
    "change": ("变更", "change"),
    "renew": ("延续", "renew"),
    "revoke": ("撤销", "revoke"),
    "posted": ("已张贴", "posted"),
    "no_objection": ("期满无异议", "no objection when its time was over"),
    "objection": ("有异议", "objections were raised"),
    "stands": ("差评属实，维持", "the rating stands"),
    "struck": ("差评不实，不计入", "the rating is struck"),
    **{clock: (f"{zh}时限", f"{en} limit") for clock, (zh, en) in CLOCKS.items()},
    **{grade: words for grade, words in GRADES.items() if grade},
}

STATE_ICONS: Final[dict[str, str]] = {
    "draft": "edit",
    "prereview": "search",
    "received": "paper",
    "correcting": "warning",
    "accepted": "check",
    "in_transit": "right",
    "t_review": "search",
    "reviewed": "check",
    "examining": "search",
    "c_intake": "search",
    "refused": "cross",
    "lapsed": "clock",
    "decided_approved": "check",
    "decided_refused": "cross",
    "decided": "flag",
    "fee_due": "clock",
    "issued": "paper",
    "delivering": "down",
    "delivered": "box",
    "archived": "box",
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
    kinds.FORCE_ASSIGN: "out",
    kinds.ADOPT: "plus",
    kinds.DISMISS: "cross",
    kinds.REFUSE: "cross",
    kinds.LAPSE: "clock",
    kinds.SUSPEND: "clock",
    kinds.RESUME: "right",
    kinds.EXTEND: "plus",
    kinds.COUNTERSIGN_OPEN: "letters",
    kinds.COUNTERSIGN_CLOSE: "check",
    kinds.FEE_NOTICE: "paper",
    kinds.FEE_SETTLED: "check",
    kinds.ISSUE: "paper",
    kinds.ARCHIVE: "box",
    kinds.REVIEW_DECISION: "flag",
    kinds.COUNTERSIGNATURE: "letters",
    kinds.RATING: "edit",
    kinds.REVIEW_REQUEST: "question",
    kinds.SERVICE_ACT: "person",
    kinds.CONTACT_CHANGE: "edit",
    kinds.PROXY_AUTHORITY: "person",
    kinds.SERVICE_ADDRESS: "box",
    kinds.COLLECTION_NOTICE: "person",
    kinds.COMMITMENT: "edit",
    kinds.COMMITMENT_KEPT: "check",
    kinds.LANE: "flag",
    kinds.MEETING: "person",
    kinds.ACTION_DONE: "check",
    kinds.PREREVIEW: "search",
    kinds.PREREVIEW_REPLY: "letters",
    kinds.SUPERVISION_LETTER: "warning",
    kinds.SUPERVISION_ANSWER: "check",
    kinds.ALERT_ANSWER: "flag",
    kinds.SPOT_CHECK: "search",
    kinds.RECTIFICATION: "check",
    kinds.FOLLOW_UP: "edit",
    kinds.CALL_BACK: "person",
    kinds.RATING_APPEAL: "flag",
    kinds.PAPER: "paper",
    kinds.HEARING_RIGHT: "letters",
}

VERDICT_TONES: Final[dict[str, tuple[str, str]]] = {
    "effective": ("good", "check"),
    "waiting": ("waiting", "clock"),
    "needs_update": ("waiting", "warning"),
    "void": ("bad", "cross"),
    "contested": ("bad", "warning"),
}

# Why bytes were not taken into a stream, by the protocol's error code: what it means, and what becomes of it.
LATER: Final = ("缺少的到齐后自动重试，不必操作", "tried again by itself once what is missing is here; nothing to do")
CALL: Final = (
    "这份数据永远不会被收下；请联系对方的管理员查机器和软件",
    "these bytes will never be taken; ask the administrator there to look at machine and software",
)
REFUSALS: Final[dict[int, tuple[tuple[str, str], tuple[str, str]]]] = {
    1: (("数据格式不对", "not in the form of the protocol"), CALL),
    2: (("超过大小限制", "beyond a limit of size"), CALL),
    3: (
        (
            "作者的签封对不上，数据可能在途中或磁盘上损坏",
            "the author's seal does not fit: damaged on the way or on a disk",
        ),
        CALL,
    ),
    4: (("内容与登记的摘要不符", "the content does not fit its digest"), CALL),
    5: (("作者无权写入该申请地", "its author may not write there"), CALL),
    6: (("本单位不收该申请地的数据", "this place does not follow that home"), CALL),
    7: (
        (
            "同一位置已有另一条记录，对方机器可能被复制或恢复过",
            "another record stands there: a machine was copied or restored",
        ),
        CALL,
    ),
    8: (("名册中还没有这台机器或这个单位", "the roster here does not know that machine or place yet"), LATER),
    9: (("前面的记录还没到", "records before it are missing"), LATER),
    13: (("名册变更核对不上", "a change of the roster does not verify"), CALL),
    14: (("名册同一编号已有另一份变更", "another change of the roster has that number"), CALL),
    15: (("需要更新版本的程序", "a newer version of the program is needed"), ("请升级本机程序", "update this node")),
    17: (("签收凭证核对不上", "a receipt does not verify"), CALL),
    19: (("暂存已满，让出了位置", "there was no room left to keep it"), LATER),
    20: (("签名者无权作这项变更", "its signer may not make that change"), CALL),
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
    "prereview": ("预审", "pre-review"),
    "accept": ("受理", "acceptance"),
    "review": ("初审", "first review"),
    "decide": ("决定", "decision"),
    "deliver": ("送达", "delivery"),
}

# What an applicant rates apart.
STAGES: Final[dict[int, tuple[str, str]]] = {1: ("受理环节", "acceptance"), 2: ("办结环节", "result")}

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


def fact_words(row: Field) -> tuple[str, str]:
    """The words for a field where its value is read: without what a form says there of how it is filled in."""
    if row.type != "names" and row.name != "stage":
        return row.zh, row.en
    return row.zh.partition("（")[0], row.en.partition(" (")[0].removesuffix(", one a line")


# Fields of our own forms; before those of the moves, where one name has other words in other tables.
_FIELDS: Final = [field for table in bodies.TABLES.values() for field in table.fields]
_FORM_WORDS: Final = {
    **{field.name: (field.zh, field.en) for field in _FIELDS if field.type not in ("hash", "position", "positions")},
    "outcome": ("结果", "outcome"),
    "reason": ("理由", "reason"),
    "answer": ("答复", "answer"),
    "number": ("编号", "number"),
    "staff_no": ("工号", "staff number"),
    "name": ("姓名", "name"),
}
_OF_THE_FORM: Final = {"to", "purpose", "named"}  # chosen on a page, not typed
_CHOSEN: Final = {field.name for field in _FIELDS if field.type == "choice"}


def typed_words(name: str) -> tuple[str, str] | None:
    """The words for what was typed into a form; None for what only the form itself has a use for."""
    known = field_words(name)
    if known != (name, name):
        return known
    return None if name in _OF_THE_FORM else _FORM_WORDS.get(name)


def typed_text(name: str, value: str) -> tuple[str, str]:
    """What was typed into a field of a form, or chosen there, in words."""
    return choice_words(value) if name in _CHOSEN else (value, value)


def state_words(code: str | None) -> tuple[str, str, str, str]:
    """Tone, drawing, Chinese and English of a state; a case whose application is not here yet has none."""
    state = STATES.get(code or "")
    if state is None:
        return "waiting", "clock", "申请未到", "application not here yet"
    return state.tone, STATE_ICONS[state.code], state.zh, state.en


# What stands about no case, where a list names single records of it.
OF_NO_CASE: Final[dict[int, tuple[str, str]]] = {
    kinds.COMPLAINT: ("投诉", "complaint"),
    kinds.COMPLAINT_ANSWER: ("投诉答复", "answer to a complaint"),
    kinds.CONSULTATION: ("咨询", "consultation"),
    kinds.SLIP: ("代收单", "slip"),
    kinds.SLIP_ANSWER: ("代收单的处理", "answer to a slip"),
    kinds.CATALOGUE: ("事项发布", "publication of an item"),
    kinds.FORK_RULING: ("记录分叉裁定", "ruling on a fork"),
    kinds.ERASURE: ("删除令", "order to erase"),
    kinds.CALENDAR: ("工作日历发布", "publication of a calendar"),
    kinds.AUTHORITY: ("委托与外出登记", "entry of a delegation or absence"),
    kinds.SEAL: ("印章登记", "entry of a seal"),
    kinds.KIN: ("亲属登记", "entry of kin"),
    kinds.SAMPLE: ("抽查", "spot check"),
    kinds.BULLETIN: ("通报或评分规则发布", "publication of a bulletin or of scoring rules"),
    kinds.ACCOUNT_ORDER: ("账号停用命令", "order about an account"),
    kinds.ACCOUNT_STATE: ("账号状态报告", "report of an account"),
    kinds.DAY_END: ("日清", "end of a day"),
    kinds.WINDOW: ("窗口开设、调整或撤销", "a window opened, changed or closed"),
}


def kind_words(kind: int) -> tuple[str, str]:
    """The words for a kind of event; an unknown one keeps its name."""
    known = LABELS.get(kind) or OVERSIGHT_LABELS.get(kind) or OF_NO_CASE.get(kind)
    return known or (f"未知记录（{kinds.name_of(kind)}）", f"unknown record ({kinds.name_of(kind)})")


# Names that stand in the catalogue itself: the six kinds of cases, and what a village does.
CATALOGUE_ENGLISH: Final[dict[str, str]] = {
    "即办件": "settled on the spot",
    "承诺件": "promised",
    "联办件": "joint",
    "上报件": "reported up",
    "补办件": "papers wanting",
    "退回件": "given back",
    "村级受理": "accepts it",
    "直办": "settles it",
    "代办": "files it for people",
    "协办": "helps with it",
    "告知": "tells people where to go",
}


def catalogue_words(name: str) -> tuple[str, str]:
    """A kind of case, or what a village does, as the catalogue names it; another name keeps its own."""
    return name, CATALOGUE_ENGLISH.get(name, name)


def choice_words(code: object) -> tuple[str, str]:
    """The words for one value of a choice; one that is not known keeps its code."""
    return CHOICES.get(str(code)) or (str(code), str(code))


def actor_words(actor: str) -> tuple[str, str]:
    """Who wrote a record, as another place knows it: by staff number, or the applicant at a public page."""
    if actor == ONESELF:
        return "申请人自己填写", "by the applicant"
    return (f"工号 {actor}", f"staff {actor}") if actor else ("", "")


def refusal_words(code: int) -> tuple[tuple[str, str], tuple[str, str]]:
    """Why bytes were not taken and what becomes of them, by the error code; one without words shows its number."""
    return REFUSALS.get(code) or ((f"原因代码 {code}", f"reason {code}"), CALL)


def verdict_words(code: str) -> tuple[str, str]:
    """The words for a verdict."""
    return next((zh_en for known, zh_en in VERDICT_WORDS.items() if known == code), (code, code))
