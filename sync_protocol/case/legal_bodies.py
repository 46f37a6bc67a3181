"""The bodies of the acts beside the straight way of a case: refusing, ending, suspending, fees, certificates, review.

Field numbers are frozen like kind numbers. An act is held inline where later acts are judged by what it says, so that
no erasure can take that away.
"""

from typing import Final

from sync_protocol.case import kinds
from sync_protocol.case.fields import Field, Table

# What may stop a case while it is examined. The first eight are those of Art. 45 of the licensing law.
SPECIAL: Final = (
    "hearing", "tender", "auction", "inspection", "testing", "quarantine", "appraisal", "expert_review", "site_survey",
)  # fmt: skip
SUSPENSIONS: Final = ("supplement", *SPECIAL, "publicity", "reported_up")
OUTCOMES: Final = ("approve", "refuse")
# What an applicant may commit to: to bring papers later, or that the conditions told are met.
COMMITMENTS: Final = ("tolerance", "declaration")
# How a case stands among others that wait. ``ahead``: before one that came earlier, whose applicant consents.
LANES: Final = ("ordinary", "green", "urgent", "ahead")
# What a pre-review comes to: the papers are in order, or something is missing.
PREVIEWS: Final = ("ready", "missing")
GRADES: Final = ("very_good", "good", "fair", "poor", "very_poor")
BAD_GRADES: Final = ("poor", "very_poor")
MAX_OPEN: Final = 16
MAX_MEMBERS: Final = 12
MAX_ACTIONS: Final = 16

REFUSE: Final = Table(kinds.REFUSE, (
    Field(0, "reasons", "text", True, 1, 2_000, "不予受理的理由", "reasons for not accepting"),
    Field(1, "legal_basis", "text", True, 1, 500, "法律依据", "legal basis"),
    Field(2, "document_no", "text", False, 1, 80, "文号", "document number"),
    Field(3, "seal", "text", False, 1, 40, "用印", "seal used"),
))  # fmt: skip
LAPSE: Final = Table(kinds.LAPSE, (
    Field(0, "limit_day", "date", True, 0, 0, "期限最后一日", "last day of the term"),
    Field(1, "reasons", "text", True, 1, 1_000, "终止的理由", "reasons for ending the case"),
    Field(2, "unheard", "bool", False, 0, 0, "尚有单位未联系上，仍予终止", "ended though some places were not heard"),
    Field(3, "document_no", "text", False, 1, 80, "文号", "document number"),
    Field(4, "seal", "text", False, 1, 40, "用印", "seal used"),
))  # fmt: skip
SUSPEND: Final = Table(kinds.SUSPEND, (
    Field(0, "what", "choice", True, 0, 0, "程序", "procedure", SUSPENSIONS),
    Field(1, "marks", "marks", False, 1, 32, "需补正之处", "what must be supplied", required_if=(0, ("supplement",))),
    Field(2, "basis", "text", True, 1, 500, "依据", "basis"),
    Field(3, "planned_days", "int", False, 1, 365, "计划工作日", "planned working days", required_if=(0, SPECIAL)),
    Field(4, "proposer", "text", False, 1, 32, "提出程序的审查人工号", "examiner who proposes it",
          required_if=(0, SPECIAL)),
    Field(5, "approver", "text", False, 1, 32, "批准人", "approved by", required_if=(0, SPECIAL)),
    Field(6, "higher_body", "text", False, 1, 100, "上级机关", "higher authority", required_if=(0, ("reported_up",))),
    Field(7, "document_no", "text", False, 1, 80, "文号", "document number"),
    Field(8, "reason", "text", False, 1, 1_000, "说明或初审意见", "explanation, or the opinion sent up"),
    Field(9, "seal", "text", False, 1, 40, "用印", "seal used"),
    Field(10, "hearing_day", "date", False, 0, 0, "听证日期", "day of the hearing"),
    Field(11, "hearing_at", "text", False, 1, 100, "听证时间和地点", "hour and place of the hearing"),
    Field(12, "presider", "text", False, 1, 60, "听证主持人工号", "staff number of who presides over the hearing"),
), differ=(4, 5, 12))  # fmt: skip
RESUME: Final = Table(kinds.RESUME, (
    Field(0, "opened", "position", True, 0, 0, "所结束的程序", "procedure ended"),
    Field(1, "result", "text", False, 1, 150, "结果", "result"),
    Field(2, "supplies", "positions", False, 1, 16, "采纳的补正", "supplies that count"),
    Field(3, "outcome", "choice", False, 0, 0, "上级的决定", "what the higher authority decided", OUTCOMES),
    Field(4, "document_no", "text", False, 1, 60, "上级文书文号", "number of the higher document",
          required_if=(3, OUTCOMES)),
    Field(5, "document_day", "date", False, 0, 0, "上级文书日期", "date of the higher document",
          required_if=(3, OUTCOMES)),
    Field(6, "document_hash", "hash", False, 64, 64, "上级文书的摘要（SHA-256）", "SHA-256 of the higher document",
          required_if=(3, OUTCOMES)),
    Field(7, "inspectors", "names", False, 2, 4, "现场核查人员（两人以上，一行一个）",
          "who surveyed it (two or more, one a line)"),
), any_of=(1, 2, 3))  # fmt: skip
EXTEND: Final = Table(kinds.EXTEND, (
    Field(0, "days", "int", True, 1, 15, "延长的工作日", "working days added"),
    Field(1, "reason", "text", True, 1, 1_000, "延长的理由", "reason"),
    Field(2, "approver", "text", True, 1, 32, "批准人", "approved by"),
    Field(3, "document_no", "text", False, 1, 80, "文号", "document number"),
    Field(4, "seal", "text", False, 1, 40, "用印", "seal used"),
))  # fmt: skip
FEE_NOTICE: Final = Table(kinds.FEE_NOTICE, (
    Field(0, "amount_fen", "int", True, 1, 10_000_000_000, "应缴金额（分）", "amount due, in fen"),
    Field(1, "basis", "text", True, 1, 500, "收费依据和标准", "basis and rate"),
    Field(2, "due_days", "int", False, 1, 365, "缴费期限（工作日）", "working days to pay"),
    Field(3, "document_no", "text", False, 1, 80, "文号", "document number"),
    Field(4, "seal", "text", False, 1, 40, "用印", "seal used"),
))  # fmt: skip
FEE_SETTLED: Final = Table(kinds.FEE_SETTLED, (
    Field(0, "how", "choice", True, 0, 0, "缴清方式", "settled by", ("paid", "waived")),
    Field(1, "receipt_no", "text", False, 1, 80, "票据号", "receipt number", required_if=(0, ("paid",))),
    Field(2, "decision_no", "text", False, 1, 80, "减免决定文号", "number of the waiver decision",
          required_if=(0, ("waived",))),
    Field(3, "note", "text", False, 1, 200, "说明", "note"),
    Field(4, "paid_day", "date", False, 0, 0, "缴费日期", "day of payment"),
))  # fmt: skip
ISSUE: Final = Table(kinds.ISSUE, (
    Field(0, "certificate_no", "text", True, 1, 80, "证照编号", "certificate number"),
    Field(1, "valid_from", "date", False, 0, 0, "有效期自", "valid from"),
    Field(2, "valid_to", "date", False, 0, 0, "有效期至", "valid to"),
    Field(3, "seal", "text", False, 1, 80, "用印", "seal used"),
))  # fmt: skip
ARCHIVE: Final = Table(kinds.ARCHIVE, (
    Field(0, "delivery", "position", True, 0, 0, "送达记录", "record of the delivery"),
    Field(1, "volume", "text", True, 1, 60, "案卷号", "volume number"),
    Field(2, "keep_years", "int", False, 1, 999, "保管期限（年）", "years to be kept"),
    Field(3, "box", "text", False, 1, 40, "盒号", "number of the box"),
    Field(4, "permanent", "bool", False, 0, 0, "永久保管", "to be kept for good"),
))  # fmt: skip
REVIEW_DECISION: Final = Table(kinds.REVIEW_DECISION, (
    Field(0, "request", "position", True, 0, 0, "所答复的复核申请", "request answered"),
    Field(1, "outcome", "choice", True, 0, 0, "复核决定", "outcome", ("uphold", "overturn")),
    Field(2, "reasons", "text", True, 1, 380, "理由", "reasons"),
    Field(3, "document_no", "text", False, 1, 60, "文号", "document number"),
    Field(4, "seal", "text", False, 1, 40, "用印", "seal used"),
))  # fmt: skip
COUNTERSIGN_OPEN: Final = Table(kinds.COUNTERSIGN_OPEN, (
    Field(0, "members", "names", True, 1, MAX_MEMBERS, "会签部门（一行一个）", "departments, one a line"),
    Field(1, "note", "text", False, 1, 100, "说明", "note"),
))  # fmt: skip
COUNTERSIGN_CLOSE: Final = Table(kinds.COUNTERSIGN_CLOSE, (
    Field(0, "opened", "position", True, 0, 0, "所结束的会签", "countersigning ended"),
    Field(1, "signatures", "positions", True, 1, MAX_MEMBERS, "会签意见", "countersignatures"),
    Field(2, "without_reason", "text", False, 1, 150, "有部门未签的理由", "why some have not signed"),
))  # fmt: skip
COMMITMENT: Final = Table(kinds.COMMITMENT, (
    Field(0, "what", "choice", True, 0, 0, "承诺方式", "kind of commitment", COMMITMENTS),
    Field(1, "materials", "materials", False, 1, 16, "容缺后补的材料", "papers to come later",
          required_if=(0, ("tolerance",))),
    Field(2, "text", "text", False, 1, 1_000, "告知的条件和承诺的内容", "conditions told, and what is committed to",
          required_if=(0, ("declaration",))),
    Field(3, "due", "date", True, 0, 0, "承诺期限", "to be kept by"),
    Field(4, "signed_by", "text", True, 1, 60, "签字承诺的人", "who signed it"),
))  # fmt: skip
COMMITMENT_KEPT: Final = Table(kinds.COMMITMENT_KEPT, (
    Field(0, "opened", "position", True, 0, 0, "所兑现的承诺", "commitment that is kept"),
    Field(1, "result", "text", False, 1, 150, "核查结果", "what was found"),
    Field(2, "supplies", "positions", False, 1, 16, "采纳的补正", "supplies that count"),
), any_of=(1, 2))  # fmt: skip
LANE: Final = Table(kinds.LANE, (
    Field(0, "lane", "choice", True, 0, 0, "办理通道", "lane", LANES),
    Field(1, "reason", "text", True, 1, 400, "理由", "reason"),
    Field(2, "supervisor", "text", False, 1, 60, "督办领导", "supervised by", required_if=(0, ("green",))),
    Field(3, "approver", "text", False, 1, 32, "批准人", "approved by", required_if=(0, ("urgent",))),
    Field(4, "on_holidays", "bool", False, 0, 0, "节假日照常办理", "worked on through holidays"),
    Field(5, "ahead_of", "case_no", False, 0, 0, "排在哪一件之前（收件编号）", "goes before (receipt number)",
          required_if=(0, ("ahead",))),
    Field(6, "consent", "text", False, 1, 200, "先来申请人的同意（谁、何时、怎样表示）",
          "consent of who came first: who, when, how", required_if=(0, ("ahead",))),
))  # fmt: skip
PREREVIEW: Final = Table(kinds.PREREVIEW, (
    Field(0, "to", "place", True, 0, 0, "送审单位", "sent to"),
    Field(1, "note", "text", False, 1, 200, "说明", "note"),
))  # fmt: skip
PREREVIEW_REPLY: Final = Table(kinds.PREREVIEW_REPLY, (
    Field(0, "outcome", "choice", True, 0, 0, "预审意见", "outcome", PREVIEWS),
    Field(1, "marks", "marks", False, 1, 32, "需补充或更正之处", "what is missing", required_if=(0, ("missing",))),
    Field(2, "text", "text", False, 1, 1_000, "说明", "explanation"),
    Field(3, "document_no", "text", False, 1, 80, "文号", "document number"),
))  # fmt: skip
COUNTERSIGNATURE: Final = Table(kinds.COUNTERSIGNATURE, (
    Field(0, "opened", "position", True, 0, 0, "所会签的事", "countersigning it answers"),
    Field(1, "member", "text", True, 1, 30, "会签部门", "department"),
    Field(2, "opinion", "choice", True, 0, 0, "会签意见", "opinion", ("agree", "disagree")),
    Field(3, "text", "text", False, 1, 2_000, "意见说明", "reasons", required_if=(2, ("disagree",))),
    Field(4, "delegation", "text", False, 1, 80, "授权文号", "delegation"),
))  # fmt: skip
RATING: Final = Table(kinds.RATING, (
    Field(0, "grade", "choice", True, 0, 0, "评价", "grade", GRADES),
    Field(1, "stage", "int", True, 1, 2, "阶段（1 受理，2 办结）", "stage (1 acceptance, 2 result)"),
    Field(2, "text", "text", False, 1, 1_000, "意见", "remarks", required_if=(0, BAD_GRADES)),
    Field(3, "channel", "choice", False, 0, 0, "评价方式", "given by", ("screen", "phone", "paper", "online")),
))  # fmt: skip
REVIEW_REQUEST: Final = Table(kinds.REVIEW_REQUEST, (
    Field(0, "reason", "text", True, 1, 1_000, "申请复核的理由", "why a review is asked for"),
    Field(1, "by", "text", False, 1, 60, "申请复核的人", "who asks"),
))  # fmt: skip
SERVICE_ACT: Final = Table(kinds.SERVICE_ACT, (
    Field(0, "what", "choice", True, 0, 0, "服务方式", "kind of help",
          ("help", "door", "appointment", "flexible", "guidance", "escort")),
    Field(1, "where", "text", False, 1, 100, "地点", "where"),
    Field(2, "text", "text", False, 1, 500, "服务情况", "what was done"),
    Field(3, "day", "date", False, 0, 0, "日期", "day"),
))  # fmt: skip
CONTACT_CHANGE: Final = Table(kinds.CONTACT_CHANGE, (
    Field(0, "applicant_phone", "text", False, 1, 30, "新联系电话", "new phone"),
    Field(1, "applicant_address", "text", False, 1, 200, "新联系地址", "new address"),
    Field(2, "by", "text", False, 1, 60, "提出人", "who asks"),
), any_of=(0, 1))  # fmt: skip
COLLECTION_NOTICE: Final = Table(kinds.COLLECTION_NOTICE, (
    Field(0, "how", "choice", True, 0, 0, "通知方式", "told by", ("phone", "post", "electronic", "door")),
    Field(1, "day", "date", False, 0, 0, "通知日期", "day of the notice"),
))  # fmt: skip
RECTIFICATION: Final = Table(kinds.RECTIFICATION, (
    Field(0, "order", "position", True, 0, 0, "所答复的评价", "rating answered"),
    Field(1, "text", "text", True, 1, 2_000, "整改情况（核实了什么、改了什么、怎样告知申请人）",
          "what was found, what was put right, and how the applicant was told"),
))  # fmt: skip
FOLLOW_UP: Final = Table(kinds.FOLLOW_UP, (
    Field(0, "rectification", "position", True, 0, 0, "所评价的整改", "what was done, that this is about"),
    Field(1, "grade", "choice", True, 0, 0, "对整改的评价", "grade", GRADES),
    Field(2, "text", "text", False, 1, 1_000, "意见", "remarks", required_if=(1, BAD_GRADES)),
    Field(3, "channel", "choice", False, 0, 0, "评价方式", "given by", ("screen", "phone", "paper", "online")),
))  # fmt: skip
# What a proxy may do, and how whoever gives the authority has marked it: the paper itself is a paper of the case.
PROXY_SCOPES: Final = ("both", "submit", "collect")
PROXY_MARKS: Final = ("hand_print", "signature", "notarised")
PROXY_AUTHORITY: Final = Table(kinds.PROXY_AUTHORITY, (
    Field(0, "what", "choice", True, 0, 0, "办理", "what is done", ("given", "revoked")),
    Field(1, "proxy_name", "text", False, 1, 60, "受托人", "proxy", required_if=(0, ("given",))),
    Field(2, "proxy_relation", "text", False, 1, 40, "与申请人关系", "relation to the applicant",
          required_if=(0, ("given",))),
    Field(3, "proxy_phone", "text", False, 1, 30, "受托人电话", "proxy's phone"),
    Field(4, "scope", "choice", False, 0, 0, "委托权限", "what the proxy may do", PROXY_SCOPES,
          required_if=(0, ("given",))),
    Field(5, "until", "date", False, 0, 0, "委托期限至（不填为至办结）", "until (empty: until the case is settled)"),
    Field(6, "marked", "choice", False, 0, 0, "委托书上的签名", "how the authority is signed", PROXY_MARKS,
          required_if=(0, ("given",))),
    Field(7, "note", "text", False, 1, 200, "委托说明", "note of authorisation"),
    Field(8, "reason", "text", False, 1, 400, "撤销委托的理由", "why it is revoked", required_if=(0, ("revoked",))),
    Field(9, "by", "text", False, 1, 60, "提出人", "who asks"),
))  # fmt: skip
# Where documents are served, and by which ways: consent is said in so many words, and that of the last word stands.
SERVICE_ADDRESS: Final = Table(kinds.SERVICE_ADDRESS, (
    Field(0, "what", "choice", True, 0, 0, "办理", "what is done", ("confirmed", "consent_withdrawn")),
    Field(1, "recipient", "text", False, 1, 60, "收件人", "recipient", required_if=(0, ("confirmed",))),
    Field(2, "address", "text", False, 1, 200, "送达地址", "address for service", required_if=(0, ("confirmed",))),
    Field(3, "phone", "text", False, 1, 30, "送达电话", "phone for service", required_if=(0, ("confirmed",))),
    Field(4, "post", "choice", False, 0, 0, "邮寄送达", "service by post", ("agree", "disagree"),
          required_if=(0, ("confirmed",))),
    Field(5, "electronic", "choice", False, 0, 0, "电子送达", "electronic service", ("agree", "disagree"),
          required_if=(0, ("confirmed",))),
    Field(6, "electronic_to", "text", False, 1, 100, "电子送达地址（手机号或电子邮箱）", "electronic address",
          required_if=(5, ("agree",))),
    Field(7, "by", "text", True, 1, 60, "签字确认或撤回的人", "who signed it"),
    Field(8, "reason", "text", False, 1, 200, "说明", "remark"),
))  # fmt: skip

MEETING: Final = Table(kinds.MEETING, (
    Field(0, "day", "date", True, 0, 0, "会议日期", "day of the meeting"),
    Field(1, "present", "names", True, 1, 30, "参会人员（一行一个）", "who was there, one a line"),
    Field(2, "decisions", "text", True, 1, 2_000, "议定事项", "what was decided"),
    Field(3, "actions", "actions", False, 1, MAX_ACTIONS, "待办事项", "what is to be done, by whom, by when"),
))  # fmt: skip
ACTION_DONE: Final = Table(kinds.ACTION_DONE, (
    Field(0, "meeting", "position", True, 0, 0, "会议纪要", "minutes it stands in"),
    Field(1, "number", "int", True, 1, MAX_ACTIONS, "第几项", "which of its actions"),
    Field(2, "result", "text", True, 1, 500, "办理结果", "what came of it"),
))  # fmt: skip

CALL_BACK: Final = Table(kinds.CALL_BACK, (
    Field(0, "reached", "bool", True, 0, 0, "是否联系上", "reached"),
    Field(1, "text", "text", True, 1, 1_000, "通话情况（没有联系上的写明经过）", "what was said, or how it was tried"),
    Field(2, "grade", "choice", False, 0, 0, "申请人给出的评价（不愿评价的不选）", "grade given", GRADES),
    Field(3, "number", "case_no", False, 0, 0, "咨询或代收编号", "number of the consultation or slip"),
))  # fmt: skip
# What an office says to a bad rating that it holds to be false, and what the level above finds.
APPEALS: Final = ("appeal", "stands", "struck")
RATING_APPEAL: Final = Table(kinds.RATING_APPEAL, (
    Field(0, "of", "position", True, 0, 0, "所申诉的评价，或所答复的申诉", "rating or appeal it is about"),
    Field(1, "what", "choice", True, 0, 0, "办理", "what is done", APPEALS),
    Field(2, "text", "text", True, 1, 2_000, "事实和理由", "facts and reasons"),
))  # fmt: skip

# The right to be heard: told before an adverse decision, received, then asked for or waived.
RIGHTS: Final = ("told", "received", "asked", "given_up")
HEARING_RIGHT: Final = Table(kinds.HEARING_RIGHT, (
    Field(0, "what", "choice", True, 0, 0, "办理", "what is done", RIGHTS),
    Field(1, "intended", "text", False, 1, 2_000, "拟作出的决定、事实和理由",
          "what is intended, and the facts and reasons", required_if=(0, ("told",))),
    Field(2, "basis", "text", False, 1, 500, "依据", "basis", required_if=(0, ("told",))),
    Field(3, "day", "date", False, 0, 0, "收到告知、提出或放弃的日期",
          "day of receipt, of the request or of the waiver", required_if=(0, ("received",))),
    Field(4, "by", "text", False, 1, 60, "提出或放弃听证的人", "who asks or waives",
          required_if=(0, ("asked", "given_up"))),
    Field(5, "document_no", "text", False, 1, 80, "文号", "document number"),
    Field(6, "seal", "text", False, 1, 40, "用印", "seal used"),
))  # fmt: skip

STAGE_TABLES: Final = (
    REFUSE, LAPSE, SUSPEND, RESUME, EXTEND, FEE_NOTICE, FEE_SETTLED, ISSUE, ARCHIVE, REVIEW_DECISION,
    COUNTERSIGN_OPEN, COUNTERSIGN_CLOSE, COMMITMENT, COMMITMENT_KEPT, LANE,
    PREREVIEW, PREREVIEW_REPLY,
)  # fmt: skip
SIDE_TABLES: Final = (
    COUNTERSIGNATURE,
    RATING,
    REVIEW_REQUEST,
    SERVICE_ACT,
    CONTACT_CHANGE,
    COLLECTION_NOTICE,
    RECTIFICATION,
    FOLLOW_UP,
    MEETING,
    ACTION_DONE,
    CALL_BACK,
    RATING_APPEAL,
    PROXY_AUTHORITY,
    SERVICE_ADDRESS,
    HEARING_RIGHT,
)
