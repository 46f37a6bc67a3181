"""A counter with nobody behind it: an applicant asks to withdraw the own case, or revokes who acts for him.

These change the case, so a receipt alone does not do: number and query code, and the last four of the applicant's
identity card, which are counted and answered as those of the query without a code. A case without such a card goes at
a counter with its papers.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from werkzeug.wrappers import Response

from sync_protocol.case import Case, kinds
from sync_protocol.case.complaints import ONESELF
from sync_protocol.places import about
from village_node.casebook import AlreadyDone, BadBody, IdTaken, NotAllowed
from village_node.web import entry, masking, own_requests, query, query_by_card, residents, sent_once, times
from village_node.web.card_ends import NOT_AN_END, end_of_card, typed_end
from village_node.web.policy import COUNTER, Policy, Route
from village_node.web.query import Missed, NotTold
from village_node.web.site import Visit

ASKS: Final = Policy(None, "query", "masked_name")
FIELDS: Final = ("number", "code", "card")
MISSED: Final = (
    "没有对上。请照着回执和身份证，核对编号、查询码和申请人身份证号后四位；本机没有的件，请带身份证到窗口办。",
    "That does not fit. Compare number, code and the last four with receipt and card; a case that is not kept here "
    "goes at a counter, with the card.",
)
NO_CARD_HERE: Final = (
    "这件不是用居民身份证办的，或本机已不存身份证号，不能在这里办。请带回执和证件（单位带执照和公章）到窗口办。",
    "This case has no identity card, or its number is no longer kept here: go to a counter with the receipt and your "
    "document; an organisation with its licence and seal.",
)


class Wish(NamedTuple):
    """What can be asked here: its kind, its page, why a case has nothing of it, and what is said once it is done."""

    kind: int
    template: str
    why_not: Callable[[Visit, Case], str]
    done: Callable[[Visit, Case, Case], str]


def _withdrawal_asked(visit: Visit, _before: Case, now: Case) -> str:
    return visit.t("已经记下。", "It is recorded. ") + own_requests.waiting(visit, now)


def _proxy_revoked(visit: Visit, before: Case, _now: Case) -> str:
    name, when = masking.name(before.proxy.get("name", "")), times.moment(visit.now_ms, visit.lang)
    return visit.t(
        f"委托已于 {when} 撤销，{name}不能再代您领取。", f"Revoked {when}: {name} can no longer collect for you."
    )


_WITHDRAWAL: Final = Wish(
    kinds.WITHDRAWAL_REQUEST, "own_withdrawal.html", own_requests.why_not_withdrawn, _withdrawal_asked
)
_REVOCATION: Final = Wish(kinds.PROXY_AUTHORITY, "own_revocation.html", own_requests.why_not_revoked, _proxy_revoked)


def own_withdrawal(visit: Visit) -> Response:
    """Ask to withdraw the case of a number, a code and the end of a card."""
    return _asked(visit, _WITHDRAWAL)


def own_revocation(visit: Visit) -> Response:
    """Revoke the authority of who acts for the applicant in that case."""
    return _asked(visit, _REVOCATION)


def _asked(visit: Visit, wish: Wish) -> Response:
    if visit.request.method != "POST" or visit.request.form.get("begin") == "yes":
        return _form(visit, wish, {"number": visit.line("number")[:60]})
    typed = {name: visit.line(name) for name in FIELDS} | {"reason": visit.paragraph("reason")}
    if visit.redrawn:
        return _form(visit, wish, typed)
    if visit.person is not None:
        words = visit.t(
            "这台电脑上有工作人员登录着。请先退出登录，再由申请人本人办；代为登记的，在案件页上登记。",
            "Somebody of the staff is signed in here: sign out first, or record it on the page of the case.",
        )
        return _form(visit, wish, typed, 409, words)
    if len(typed["reason"]) > own_requests.MOST_REASON:
        words = visit.t("理由请写在 300 字以内。", "At most 300 characters, please.")
        return _form(visit, wish, typed, 422, errors={"reason": words})
    try:
        case = proved(visit, typed)
    except NotTold as refused:
        answer = _form(visit, wish, typed, refused.status, visit.t(refused.zh, refused.en))
        if refused.wait_ms:
            answer.headers["Retry-After"] = str(-(-refused.wait_ms // 1000))
        return answer
    return _recorded(visit, wish, typed, case)


def proved(visit: Visit, typed: Mapping[str, str]) -> Case:
    """The case of a number and its code, for whoever knows the end of its applicant's card as well. Raises NotTold, in
    the same words whichever of the three does not fit."""
    end = typed_end(typed["card"])
    if not end:
        raise NotTold(422, *NOT_AN_END)
    try:
        case = query.look_up(visit, typed["number"].upper(), typed["code"])
    except Missed:
        raise Missed(404, *MISSED) from None
    held = end_of_card(case)
    if not held:
        raise NotTold(409, *NO_CARD_HERE)
    keys = query_by_card.counted(visit, case.case_no)
    if not hmac.compare_digest(held.encode(), end.encode()):
        query_by_card.note_miss(visit)
        raise Missed(404, *MISSED)
    query_by_card.take_back(visit, keys)
    return case


def _recorded(visit: Visit, wish: Wish, typed: Mapping[str, str], case: Case) -> Response:
    """Write it as the counter of this place would, and say that nobody at the counter did; the case, shown again."""
    book, wanted, key = visit.site.casebook, residents.asked_oneself(visit), (about(case.home), case.case_id)
    try:
        if wanted is not None:
            book.refuse_repeated(wanted)
        why_not = wish.why_not(visit, case)
        if why_not:
            return residents.told(visit, case, 409, problem=why_not)
        body = own_requests.body_of(visit, wish.kind, typed["reason"])
        book.record(ONESELF, COUNTER, *key, wish.kind, body, request=wanted)
    except AlreadyDone:
        again = visit.t("已经提交过，没有重复提交。", "It was sent before, and not once more.")
        done = wish.why_not(visit, case) or again
        return residents.told(visit, case, done=done)
    except IdTaken:
        return _form(visit, wish, typed, 409, sent_once.changed(visit))
    except BadBody as bad:
        return _form(visit, wish, typed, 422, errors={"reason": visit.t(bad.zh, bad.en)})
    except NotAllowed as refused:
        return residents.told(visit, case, 409, problem=visit.t(refused.zh, refused.en))
    now = book.case(*key) or case
    return residents.told(visit, now, done=wish.done(visit, case, now))


def _form(
    visit: Visit,
    wish: Wish,
    typed: Mapping[str, str],
    status: int = 200,
    problem: str = "",
    errors: Mapping[str, str] | None = None,
) -> Response:
    shown = {**typed, "number": ""} if entry.scanned(typed["number"]) else typed  # an address tells the code
    return visit.render(wish.template, status, typed=shown, problem=problem, errors=errors or {})


ROUTES: Final = (
    Route("/query/withdrawal", "own_withdrawal", own_withdrawal, ASKS, ("GET", "POST"), redraws=True),
    Route("/query/proxy", "own_revocation", own_revocation, ASKS, ("GET", "POST"), redraws=True),
)
