"""What the page of a resident's own case says of withdrawing it and of who acts for him, and what he may ask himself.

A request to withdraw is a proposal: the holder answers it. An authority is revoked as soon as that is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sync_protocol.case import Case, Position, kinds, workflow
from village_node.casebook.reading import TimelineEntry
from village_node.web import masking, own_rating, times, words
from village_node.web.card_ends import end_of_card
from village_node.web.site import Visit

MOST_REASON: Final = 300
_CHANGED_BY: Final = (
    "不服决定的，按决定书写明的办法申请复议或者起诉；要变更或撤销的，到申请的地方另行申请。",
    "Whoever does not agree goes against the decision as it says; to have it changed or revoked, apply anew where you "
    "applied.",
)
_AT_ITS_END: Final = {
    "withdrawn": ("这件已经撤回，不用再请求。", "This case is withdrawn already."),
    "refused": (
        "这件没有受理，没有什么可撤回；不服的，可在申请地申请复核。",
        "It was not accepted, so there is nothing to withdraw; you can ask for a review where you applied.",
    ),
    "lapsed": (
        "这件已经终止，没有什么可撤回；可以重新申请。",
        "It has ended, so there is nothing to withdraw; you can apply again.",
    ),
}

_ASKED_ON: Final[dict[own_rating.Page, tuple[str, str]]] = {
    "own": ("在本页自己请求，也可", "on this page, or "),
    "card": ("用编号和查询码查到本件后自己请求，也可", "by yourself once you look it up with number and code, or "),
    "elsewhere": ("", ""),
}
_AT_A_COUNTER: Final = "带回执和证件到窗口办", "at a counter, with the receipt and your document"
_REVOKED_ON: Final[dict[own_rating.Page, tuple[str, str]]] = {
    "own": (
        "按本页的“撤销委托”，或带证件到窗口办",
        "“Revoke the proxy” on this page, or at a counter with your document",
    ),
    "card": (
        "用编号和查询码查到本件后自己撤销，或带证件到窗口办",
        "by yourself once you look it up with number and code, or at a counter with your document",
    ),
    "elsewhere": _AT_A_COUNTER,
}


@dataclass(frozen=True)
class Offer:
    """What whoever looks at this case may ask himself: to withdraw it, to revoke who acts for him; ``by_card``: whether
    the end of an identity card can prove who asks, else it goes at a counter with the papers."""

    number: str
    withdraw: bool
    revoke: bool
    by_card: bool


def offer(visit: Visit, case: Case) -> Offer | None:
    """What may be asked of this case now; None where that is nothing, or somebody of the staff is signed in here."""
    if visit.person is not None or not case.case_no:
        return None
    withdraw, revoke = not why_not_withdrawn(visit, case), not why_not_revoked(visit, case)
    return Offer(case.case_no, withdraw, revoke, bool(end_of_card(case))) if withdraw or revoke else None


def why_not_withdrawn(visit: Visit, case: Case) -> str:
    """Why the applicant cannot ask to withdraw this case now; empty if he can."""
    if case.state in workflow.CLOSED and case.state in _AT_ITS_END:
        return visit.t(*_AT_ITS_END[case.state])
    if case.decision is not None or case.state in workflow.CLOSED:
        day = times.day(case.decided_ms, visit.lang) if case.decided_ms else ""
        when = (f"已于{day}作出决定", f"was decided on {day}") if day else ("已经作出决定", "is decided")
        words_en = f"This case {when[1]} and cannot be withdrawn. {_CHANGED_BY[1]}"
        return visit.t(f"这件{when[0]}，不能撤回。{_CHANGED_BY[0]}", words_en)
    if case.open_withdrawals:
        return visit.t("没有重复提交：", "Nothing was sent twice: ") + waiting(visit, case)
    return ""


def why_not_revoked(visit: Visit, case: Case) -> str:
    """Why the applicant has no authority to revoke in this case now; empty if he has."""
    if case.state in workflow.CLOSED:
        return visit.t("这件已经办完，没有要撤销的委托。", "This case is done: there is no authority left to revoke.")
    if case.proxy:
        return ""
    revoked = _revoked(case)
    if revoked is None:
        return visit.t("这件没有人代您办，不用撤销。", "Nobody acts for you in this case: there is nothing to revoke.")
    when = times.moment(revoked.at_ms, visit.lang)
    return visit.t(
        f"委托已于 {when} 撤销，没有重复撤销。", f"The authority was revoked {when}; nothing was done twice."
    )


def waiting(visit: Visit, case: Case) -> str:
    """That a request to withdraw waits for the answer of who has the case; empty where none does."""
    if not case.open_withdrawals or case.decision is not None or case.state in workflow.CLOSED:
        return ""
    when = times.moment(case.open_withdrawals[0].at_ms, visit.lang)
    place = visit.place_name(case.holder or case.transit_to or case.home)
    return visit.t(f"您 {when} 请求撤回，等 {place} 答复。", f"You asked to withdraw {when}; {place} answers that. ")


def told(visit: Visit, case: Case, entries: Sequence[TimelineEntry], page: own_rating.Page) -> list[str]:
    """What was asked and answered, and what may still be, in plain sentences, for the page that says so."""
    return [each for each in (_withdrawal(visit, case, entries, page), _proxy(visit, case, page)) if each]


def _withdrawal(visit: Visit, case: Case, entries: Sequence[TimelineEntry], page: own_rating.Page) -> str:
    asked, answer = _last_request(entries)
    if asked is not None and answer is not None:
        return _answered(visit, case, asked, answer)
    open_now = not (case.decision is not None or case.state in workflow.CLOSED)
    if asked is not None:
        when = times.moment(asked.claimed_ms, visit.lang)
        if open_now:
            return visit.t(f"撤回：您 {when} 已请求，答复后写在这里。", f"Withdrawal: asked for {when}.")
        return visit.t(
            f"撤回：您 {when} 请求撤回，答复前这件已经作出决定或办完，不能撤回。",
            f"Withdrawal: asked for {when}, but the case was decided or over before that was answered.",
        ) + visit.t("", " ") + visit.t(*_CHANGED_BY)  # fmt: skip
    if not open_now:
        return ""
    where_zh, where_en = _ASKED_ON[page]
    return visit.t(
        f"撤回：作出决定前可以请求撤回，{where_zh}到任一窗口请求；办这件的单位记下同意，才算撤回。",
        f"Withdrawal: until it is decided you may ask for it {where_en}at any counter; it counts once the place that "
        "has the case records it.",
    )


def _answered(visit: Visit, case: Case, asked: TimelineEntry, answer: TimelineEntry) -> str:
    body = answer.body or {}
    then, when = (times.moment(each.claimed_ms, visit.lang) for each in (asked, answer))
    place = visit.place_name(answer.place)
    if body.get("granted"):
        return visit.t(
            f"撤回：您 {then} 请求，{place} {when} 记下同意，已撤回。",
            f"Withdrawal: asked for {then}, granted by {place} {when}.",
        )
    reason = str(body.get("reason", ""))
    zh, en = (f"：{reason}", f": {reason}") if reason else ("", "")
    said = visit.t(
        f"撤回：您 {then} 请求，{place} {when} 答复不同意{zh}".rstrip("。.") + "。",
        f"Withdrawal: asked for {then}, not granted by {place} {when}{en}".rstrip("。.") + ".",
    )
    return said + (visit.t("", " ") + visit.t(*_CHANGED_BY) if case.decision is not None else "")


def _last_request(entries: Sequence[TimelineEntry]) -> tuple[TimelineEntry | None, TimelineEntry | None]:
    """The request to withdraw that was granted, else one that nobody has answered, else the one that was made last; and
    what was answered to it. When each was made are claims of several clocks: what still waits is told before them."""
    counts = [each for each in entries if each.verdict.code == "effective"]
    asked = [each for each in counts if each.kind == kinds.WITHDRAWAL_REQUEST]
    if not asked:
        return None, None
    answers = {Position(*each.body["request"]): each for each in counts if each.kind == kinds.ANSWER and each.body}

    def weight(request: TimelineEntry) -> tuple[bool, bool, int, Position]:
        answer = answers.get(request.position)
        granted = answer is not None and bool((answer.body or {}).get("granted"))
        return granted, answer is None, request.claimed_ms, request.position

    told = max(asked, key=weight)
    return told, answers.get(told.position)


def _revoked(case: Case) -> Any:
    """The authority that was revoked last, where no other was given since."""
    last = case.authorities[-1] if case.authorities else None
    return last if last is not None and last.body.get("what") == "revoked" else None


def _proxy(visit: Visit, case: Case, page: own_rating.Page) -> str:
    revoked = _revoked(case)
    if revoked is not None:
        when = times.moment(revoked.at_ms, visit.lang)
        return visit.t(
            f"委托：{when} 已撤销，没有人代您办，结果只交给您本人。",
            f"Proxy: the authority was revoked {when}; nobody acts for you, and the result is given to you alone.",
        )
    if not case.proxy or case.state in workflow.CLOSED:
        return ""
    name, scope = masking.name(case.proxy.get("name", "")), words.choice_words(case.proxy.get("scope", "both"))
    where_zh, where_en = _REVOKED_ON[page] if end_of_card(case) else _AT_A_COUNTER
    return visit.t(
        f"委托：{name} 代您办（{scope[0]}），可以随时撤销：{where_zh}。",
        f"Proxy: {name} acts for you ({scope[1]}); you may revoke that at any time: {where_en}.",
    )


def body_of(visit: Visit, kind: int, reason: str) -> dict[int, Any]:
    """The body of what the applicant asks himself, by field number: its words say where he did, as those of a slip."""
    where = "申请人本人在服务点自助屏上提出" if own_rating.channel_of(visit) == "screen" else "申请人本人在网页上提出"
    said = f"{where}：{reason}" if reason else f"{where}，没有写理由"
    return {0: said} if kind == kinds.WITHDRAWAL_REQUEST else {0: "revoked", 8: said}
