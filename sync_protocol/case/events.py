"""What the fold is given: the events of a case as plain values, and what it says of each: a verdict."""

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from sync_protocol.case.workflow import GUARDS
from sync_protocol.event import Dep, Position

__all__ = [
    "EFFECTIVE", "REASONS", "VERDICT_CODES", "VERDICT_WORDS", "BodyState", "CaseEvent", "Dep", "Position", "Verdict",
    "VerdictCode", "explain",
]  # fmt: skip

BodyState = Literal["here", "missing", "purged", "erased"]
VerdictCode = Literal["effective", "waiting", "needs_update", "void", "contested"]


@dataclass(slots=True)
class CaseEvent:
    """One stored event as the fold sees it.

    ``place`` is the author's place as the roster says it; ``order`` the order in which the author's incarnation entered
    the roster (provisional last); ``entitled`` is False when that incarnation is frozen or cut before this event;
    ``body`` is canonical CBOR, None when missing or deleted; ``deps_missing`` is told by the caller, who holds the
    other streams; ``hlc`` and ``claimed_ms`` are claims and decide nothing. ``kept``: what the header says of the body;
    ``skew_ms``: how far its author has confirmed their clock to be off, for people alone. ``scope`` and ``case_id`` are
    those of the event; left empty they say that the caller has selected the events of this very case.
    """

    position: Position
    kind: int
    kind_version: int
    after: Position | None
    deps: tuple[Dep, ...]
    place: str
    order: int
    entitled: bool
    hlc: int
    claimed_ms: int
    actor: str
    body: bytes | None
    body_state: BodyState = "here"
    critical_ext: bool = False
    deps_missing: bool = False
    scope: str = ""
    case_id: bytes = b""
    kept: Any = None
    skew_ms: Any = None


class Verdict(NamedTuple):
    """What the fold says of one event: a code, why (a key of REASONS, or ``malformed: <field>``), what it waits for."""

    code: VerdictCode
    reason: str = ""
    needs: Position | None = None


EFFECTIVE: Final = Verdict("effective")
VERDICT_CODES: Final[tuple[VerdictCode, ...]] = ("effective", "waiting", "needs_update", "void", "contested")
VERDICT_WORDS: Final[dict[VerdictCode, tuple[str, str]]] = {
    "effective": ("有效", "effective"),
    "waiting": ("等待", "waiting"),
    "needs_update": ("需升级后识别", "needs an update here"),
    "void": ("无效", "void"),
    "contested": ("有争议", "contested"),
}

# Codes never change their meaning; a new one may be added.
REASONS: Final[dict[str, tuple[str, str]]] = {
    # waiting
    "after": ("等待其前一环节的记录到达", "the event it follows is not here yet"),
    "body": ("等待其内容到达", "its content is not here yet"),
    "dep": ("等待其所依据的记录到达", "a record it relies on is not here yet"),
    "named": ("等待其所指的记录到达", "an event it names is not here yet"),
    "item": ("本机尚无该事项的这一版本", "this version of the item is not in the catalogue here"),
    "create": ("等待本案的申请到达", "the application itself is not here yet"),
    "decision": ("等待本案的决定", "there is no decision yet"),
    "held": ("等待作出单位接到本案", "its author's place has not held the case yet"),
    "holding": ("等待作出单位接到已决定的案件", "its author's place has not held the decided case yet"),
    # needs update
    "unknown_kind": ("本机版本不认识此类记录，请升级", "this version does not know this kind of event: update"),
    "critical_field": ("记录中有本机不认识的关键字段，请升级", "a critical field is unknown here: update"),
    "after_unknown": ("前面有本机不认识的记录，请升级", "an event before it is unknown here: update"),
    # void
    "create_with_after": ("申请不应跟随其他记录", "an application follows nothing"),
    "no_after": ("未写明所跟随的记录", "it does not name the event it follows"),
    "after_differs": ("所跟随的位置上是另一条记录", "another event stands at the position it follows"),
    "after_not_stage": ("所跟随的不是流程记录", "what it follows is not a stage event"),
    "after_other_case": ("所跟随的记录属于另一案件", "what it follows belongs to another case"),
    "after_void": ("所跟随的记录无效", "the event it follows is void"),
    "after_circle": ("记录首尾相接，没有起点", "its events follow one another in a circle"),
    "not_of_a_case": ("此类记录不属于案件", "events of this kind are not about a case"),
    "off_path": ("作出单位不在本案所经各级之列", "its author's place is not on the case's path"),
    "not_filed_here": ("该事项不能在此提出申请", "an application for this item cannot be filed here"),
    "not_holder": ("案件当时不在作出单位手中", "its author's place did not hold the case"),
    "not_above": ("作出单位不是当时持有单位的上级", "its author's place is not above the place that held the case"),
    "not_receiver": ("移交的接收单位不是作出单位", "the handoff names another receiver"),
    "not_allowed_now": ("案件当时所处状态不允许此操作", "the case's state did not allow it"),
    # contested
    "other_branch": ("与已生效的记录并列，未被采用", "another continuation of the case is effective"),
    "adopted": ("与已生效的记录并列，其内容已由持有单位采纳", "off the effective path; the holder adopted its content"),
    "not_entitled": ("作出单位的该设备已被停用或冻结", "its author's incarnation is frozen or revoked"),
    "after_not_entitled": ("前面的记录出自已停用或冻结的设备", "it follows events of a frozen or revoked incarnation"),
}


def explain(verdict: Verdict) -> tuple[str, str]:
    """Say in plain words (zh, en) why an event has this verdict; for an effective one that it counts."""
    if not verdict.reason:
        return VERDICT_WORDS[verdict.code]
    kind, _, wrong = verdict.reason.partition(": ")
    if kind == "malformed":
        return f"内容不符合格式：{wrong}", f"its content does not fit its form: {wrong}"
    return REASONS.get(verdict.reason) or GUARDS[verdict.reason]
