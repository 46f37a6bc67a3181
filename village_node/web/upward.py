"""Asking the places above about a case that is not here, for the resident at the page, and how that is said."""

from dataclasses import dataclass
from typing import Any, Final

from sync_protocol.case.workflow import STATES
from sync_protocol.exchange import BUSY, CANNOT, UNREACHED, WHOLE, Finding, Inquiry, Told
from village_node.web import words
from village_node.web.site import Visit

PATIENCE_MS: Final = 5_500  # with all that the page does besides, it stands within six seconds


@dataclass(frozen=True)
class ToldDecision:
    """What of a decision is told."""

    outcome: str


@dataclass(frozen=True)
class ToldCase:
    """What is known of a case that is told from above, by the names that a case which is here has for it."""

    case_no: str
    state: str
    applicant: dict[str, Any]  # the name, masked where it was told
    decision: ToldDecision | None
    filed_ms: int | None
    decided_ms: int | None
    delivered_ms: int | None


def asked_above(visit: Visit, number: str | None, code: str) -> Finding:
    """What the places above say; nobody is troubled for who asks too often. Raises StoreError."""
    above = visit.site.above
    if above is None:
        return Finding(None, (), UNREACHED)
    if above.pace.wait_s(visit.network, at_hand=visit.is_at_hand):
        return Finding(None, (), BUSY)
    return above.ask(Inquiry(number, code, visit.lang, PATIENCE_MS))


def case_told(told: Told) -> ToldCase:
    """The case of an answer."""
    decision = ToldDecision(told.outcome) if told.outcome in ("approve", "refuse") else None
    named = {"name": told.applicant}
    return ToldCase(told.number, told.state, named, decision, told.filed_ms, told.decided_ms, told.delivered_ms)


def state_told(told: Told) -> tuple[str, str, str, str]:
    """As here, where the state is known here; else in the words of who tells it."""
    tone, drawing, *known = words.state_words(told.state)
    zh, en = known if told.state in STATES else (told.state_words, told.state_words)
    return tone, drawing, zh, en


_ENDS: Final = {
    UNREACHED: ("线路不通", "the line is down"),
    BUSY: ("现在问的人多，请过一会儿再查", "too many ask at this moment: try again in a minute"),
    CANNOT: ("上级暂不能代查", "the place above answers no questions at present"),
}
_NO_LINE: Final = ("本机没有接上级的线路", "this machine has no line to the place above")
SHORT: Final = (
    "没有查到。只输前 6 位时只查本机；请输入完整的 13 位查询码，或扫描回执上的二维码，会再到上级去问。",
    "Nothing was found. With six characters only this machine is asked: type all 13, or scan the QR code, and the "
    "places above are asked too.",
)
_COMPARE: Final = ("请核对回执上的编号和查询码。", " Compare number and code with your receipt.")
_ELSEWHERE: Final = (
    "请核对回执上的编号和查询码；在别处申请的，请稍后再查，或到申请的地方、县政务大厅查询。",
    " Compare number and code with your receipt; for an application made elsewhere, try again later, or ask there or "
    "at the county hall.",
)


def not_found(visit: Visit, finding: Finding) -> tuple[str, str]:
    """Who has looked and found nothing, in both languages: never more than was done, and never what did not fit."""
    names = [visit.place_name(place) for place in finding.asked]
    zh, en = "、".join(names), " and ".join(names)
    if finding.end == WHOLE:
        first = f"没有查到。本机没有这件；已问过{zh}，也没有。"
        return first + _COMPARE[0], f"Nothing was found: not here, nor at {en}, asked just now." + _COMPARE[1]
    why_zh, why_en = _ENDS[finding.end] if visit.site.above is not None else _NO_LINE
    if names:
        first = f"没有查到。本机和{zh}没有这件；再往上没有问到：{why_zh}。"
        return first + _ELSEWHERE[0], f"Nothing was found here or at {en}; further up: {why_en}." + _ELSEWHERE[1]
    first = f"没有查到。{why_zh}，只查了本机。"
    return first + _ELSEWHERE[0], f"Nothing was found. Only this machine was asked: {why_en}." + _ELSEWHERE[1]
