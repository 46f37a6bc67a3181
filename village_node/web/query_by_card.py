"""The query of a resident who has lost the code: the number of a case, and the last four of the identity card.

Four characters are ten thousand possibilities, five hundred for whoever knows birth date, sex and district (the last
character is computed from the others), and people know those of others. So few tries are given, by number, by address
and in all, and they are counted apart: whoever uses them up keeps nobody from asking with the code. What is told is
what the code tells; nothing is asked above, and nothing is done with it.
"""

import hmac
from dataclasses import replace
from typing import Final

from werkzeug.wrappers import Response

from sync_protocol.case import Case
from sync_protocol.case.numbers import NumberError, parse_case_number
from village_node.accounts import Rule
from village_node.accounts.throttle import LONG
from village_node.store.audit import Line
from village_node.web import entry, query, times
from village_node.web.card_ends import NO_CARD, NOT_AN_END, end_of_card, end_of_number, typed_end
from village_node.web.policy import Route
from village_node.web.query import Answer, Missed, NotTold
from village_node.web.site import Visit

# Of one number three tries, then one a day, and from the fifteenth on one in eight days: some sixty in the first year,
# forty-six in each later one. Whoever waits until this is forgotten gains nothing: 180 days are longer than the 120
# that fifteen tries take at that pace.
OF_A_NUMBER: Final = Rule(free=2, longest_ms=times.DAY_MS, forget_ms=180 * times.DAY_MS, first_ms=times.DAY_MS)
MANY_OF_A_NUMBER: Final = Rule(
    free=14, longest_ms=8 * times.DAY_MS, forget_ms=180 * times.DAY_MS, first_ms=8 * times.DAY_MS
)
# Five misses of one address in each hour of the clock, sixty in all on each day, under keys that name hour and day.
OF_AN_ADDRESS: Final = Rule(free=4, longest_ms=times.HOUR_MS, forget_ms=times.DAY_MS, first_ms=times.HOUR_MS)
IN_ALL: Final = Rule(free=59, longest_ms=times.DAY_MS, forget_ms=2 * times.DAY_MS, first_ms=times.DAY_MS)
# Misses that keep nobody out and are told: of a day, and of a month, so that slow guessing rings as well.
OF_A_DAY: Final = Rule(free=0, longest_ms=0, forget_ms=2 * times.DAY_MS)
OF_A_MONTH: Final = Rule(free=0, longest_ms=0, forget_ms=31 * times.DAY_MS)
ALARM_EVERY: Final = {"today": 15, "this_month": 60}


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
    typed = typed_end(card)
    if not typed:
        raise NotTold(422, *NOT_AN_END)
    keys = counted(visit, wanted)
    case = _held(visit, wanted, typed)
    if case is None:
        note_miss(visit)
        raise Missed(
            404,
            "没有查到。请核对编号和身份证号后四位；不是用身份证办的，或本机没有的，请用查询码查，或带身份证到申请的地方、县政务大厅问。",
            "Nothing was found. Compare number and card; what was applied for without a card, or is not kept here, "
            "takes the query code, or ask with the card where you applied or at the county hall.",
        )
    take_back(visit, keys)
    return replace(query.answer_of(visit, case, "card"), rating=None, own=None, by_card=True)


def _held(visit: Visit, number: str, typed: str) -> Case | None:
    """The case of a number whose applicant's card ends so. It is folded only where one of its papers names such a card,
    for how long that takes would tell a number that is here from others."""
    book = visit.site.casebook
    row, named = book.cards_of_number(number)
    ends = [end_of_number(each) or NO_CARD for each in named] or [NO_CARD]
    alike = [hmac.compare_digest(end.encode(), typed.encode()) for end in ends]
    if row is None or not any(alike):
        return None
    case = book.case(row.scope, row.case_id)
    return case if case is not None and end_of_card(case) == typed else None  # as it has been corrected since


def counted(visit: Visit, number: str) -> list[str]:
    """Count one try in every way, or in none where one of them is used up; the keys, which are given back where it was
    right. Raises NotTold."""
    now, day = visit.now_ms, times.local(visit.now_ms)
    here, in_all = f"query-card-source:{visit.network}:{now // times.HOUR_MS}", f"query-card-all:{day:%Y%m%d}"
    of_number, many_of_it = f"{LONG}query-card:{number}", f"{LONG}query-card-many:{number}"
    waits = visit.site.accounts.throttle.attempt_all(
        {here: OF_AN_ADDRESS, of_number: OF_A_NUMBER, many_of_it: MANY_OF_A_NUMBER, in_all: IN_ALL}
    )
    # What is counted by hour and by day begins anew with the next one, however long ago the last try was.
    hour_ends, day_ends = (now // times.HOUR_MS + 1) * times.HOUR_MS, times.midnight_ms(day) + times.DAY_MS
    wait, zh, en = max(
        (min(waits[here], hour_ends - now), "在这里", "here"),
        (max(waits[of_number], waits[many_of_it]), "这个编号", "with this number"),
        (min(waits[in_all], day_ends - now), "本机", "on this machine"),
    )
    if wait:
        raise _later(wait, zh, en)
    return list(waits)


def take_back(visit: Visit, keys: list[str]) -> None:
    """Give back what was counted: the card was the right one."""
    for key in keys:
        visit.site.accounts.throttle.take_back(key)


def note_miss(visit: Visit) -> None:
    """Count a miss among those of everybody, and among those with cards of this day and of this month."""
    query.note_miss(visit)
    throttle, (today, this_month) = visit.site.accounts.throttle, _keys_of_misses(visit)
    throttle.attempt(today, OF_A_DAY, lambda misses: _alarm(visit, "today", misses))
    throttle.attempt(this_month, OF_A_MONTH, lambda misses: _alarm(visit, "this_month", misses))


def _keys_of_misses(visit: Visit) -> tuple[str, str]:
    """Under which the misses of this day and of this month are counted."""
    day = times.local(visit.now_ms)
    return f"query-card-misses:{day:%Y%m%d}", f"{LONG}query-card-misses:{day:%Y%m}"


def alarming(visit: Visit) -> dict[str, int]:
    """How many look-ups with cards missed today and this month, each where there were so many that it rang; else 0."""
    found = {}
    for (since, every), key in zip(ALARM_EVERY.items(), _keys_of_misses(visit), strict=True):
        row = visit.site.accounts.throttle.rows.throttle(key)
        found[since] = row.failures if row is not None and row.failures >= every else 0
    return found


def _alarm(visit: Visit, since: str, misses: int) -> Line | None:
    """The audit line that is due after so many misses of a day or a month."""
    if misses % ALARM_EVERY[since]:
        return None
    detail = {f"misses_with_cards_{since}": misses, "source": visit.network}
    return Line(visit.now_ms, "", "query.alarm", "query", detail)


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
