"""The query of a resident who has lost the code: the number of a case, and the last four of the identity card.

Four characters are ten thousand possibilities, and people know those of others. So few tries are given, by number, by
address and in all, and they are counted apart: whoever uses them up keeps nobody from asking with the code. What is
told is what the code tells; nothing is asked above, and nothing is done with it.
"""

import hmac
import re
from dataclasses import replace
from typing import Final

from werkzeug.wrappers import Response

from sync_protocol.case import Case
from sync_protocol.case.numbers import NumberError, parse_case_number
from village_node.accounts import Rule
from village_node.store.audit import Line
from village_node.web import entry, query, times
from village_node.web.policy import Route
from village_node.web.query import Answer, Missed, NotTold
from village_node.web.site import Visit

# Of one number three tries, then one a day, later one in eight; of one address five within the hour; in all sixty
# misses a day, so that one guess at each of many numbers leads nowhere either.
OF_A_NUMBER: Final = Rule(free=2, longest_ms=8 * times.DAY_MS, forget_ms=60 * times.DAY_MS, first_ms=times.DAY_MS)
OF_AN_ADDRESS: Final = Rule(free=4, longest_ms=times.HOUR_MS, forget_ms=times.DAY_MS, first_ms=10 * times.MINUTE_MS)
IN_ALL: Final = Rule(free=59, longest_ms=times.DAY_MS, forget_ms=2 * times.DAY_MS, first_ms=times.DAY_MS)
CARDS: Final = "resident_id"
NO_CARD: Final = "----"  # which nobody can type
_TAIL: Final = re.compile(r"[0-9]{3}[0-9X]", re.ASCII)
_CARD: Final = re.compile(r"[0-9]{15}|[0-9]{17}[0-9X]", re.ASCII)


def by_card(visit: Visit) -> Response:
    """The page to type number and last four characters, and its answer."""
    if visit.request.method == "GET":
        return visit.render("query_by_card.html")
    number = visit.line("number").upper()
    try:
        answer = find(visit, number, visit.line("card"))
    except NotTold as refused:
        shown = "" if entry.scanned(number) else number  # an address tells the code
        return query.refuse(visit, refused, shown, "query_by_card.html")
    return visit.render("query_answer.html", answer=answer)


def find(visit: Visit, number: str, card: str) -> Answer:
    """What is known here of the case of a number, for whoever knows the end of its applicant's card. Raises NotTold."""
    try:
        wanted = "-".join(map(str, parse_case_number(number.upper())))
    except NumberError as wrong:
        raise NotTold(422, wrong.zh, wrong.en) from None
    typed = entry.number(card)
    if _TAIL.fullmatch(typed) is None:
        raise NotTold(
            422,
            "“身份证号后四位”应为四位，前三位是数字，最后一位是数字或 X。",
            "“Last four of the identity card”: three digits, and a digit or X.",
        )
    keys = _counted(visit, wanted)
    case = visit.site.casebook.case_by_number(wanted)
    held = end_of_card(case)
    right = hmac.compare_digest((held or NO_CARD).encode(), typed.encode())
    if case is None or not right:
        query.note_miss(visit)
        raise Missed(
            404,
            "没有查到。请核对编号和身份证号后四位；不是用身份证办的，或本机没有的，请用查询码查，或带身份证到申请的地方、县政务大厅问。",
            "Nothing was found. Compare number and card; what was applied for without a card, or is not kept here, "
            "takes the query code, or ask with the card where you applied or at the county hall.",
        )
    for key in keys:
        visit.site.accounts.throttle.take_back(key)
    return replace(query.answer_of(visit, case, own_page=False), rating=None)


def end_of_card(case: Case | None) -> str:
    """The last four characters of the applicant's identity card; empty without one, and once it has been cleared."""
    applicant = case.applicant if case is not None else {}
    number = entry.number(applicant.get("id_no", "")) if applicant.get("id_kind") == CARDS else ""
    return number[-4:] if _CARD.fullmatch(number) else ""


def _counted(visit: Visit, number: str) -> list[str]:
    """Count one try in every way, by the keys that are given back where it was right. Raises NotTold."""
    throttle, day = visit.site.accounts.throttle, f"{times.local(visit.now_ms):%Y%m%d}"
    here, of_number, in_all = f"query-card-source:{visit.source}", f"query-card:{number}", f"query-card-all:{day}"
    if wait := throttle.attempt(here, OF_AN_ADDRESS):
        raise _later(wait, "在这里", "here")
    if wait := throttle.attempt(of_number, OF_A_NUMBER):
        raise _later(wait, "这个编号", "with this number")
    if wait := throttle.attempt(in_all, IN_ALL, lambda misses: _alarm(visit, misses)):
        raise _later(wait, "本机", "on this machine")
    return [here, of_number, in_all]


def _alarm(visit: Visit, misses: int) -> Line | None:
    """The audit line that is due where the tries of a day are used up."""
    if misses <= IN_ALL.free:
        return None
    return Line(visit.now_ms, "", "query.alarm", "query", {"misses_with_cards_today": misses, "source": visit.source})


def _later(wait: int, zh: str, en: str) -> NotTold:
    minutes, hours = -(-wait // times.MINUTE_MS), -(-wait // times.HOUR_MS)
    after_zh, after_en = (
        (f"{minutes} 分钟", f"{minutes} minutes") if minutes < 100 else (f"{hours} 小时", f"{hours} hours")
    )
    return NotTold(
        429,
        f"用身份证号后四位，{zh}试得太多了，请 {after_zh}后再试。用查询码照常可以查；也可以带身份证到窗口问。",
        f"Too many tries with the last four of a card {en}: try again in {after_en}. The query code works as usual, or "
        "ask at the counter with the card.",
        wait,
    )


ROUTES: Final = (Route("/query/card", "by_card", by_card, query.RESIDENT, ("GET", "POST")),)
