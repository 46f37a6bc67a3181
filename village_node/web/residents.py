"""What residents do by themselves at the public pages: rate and complain with number and code of a case, book a time.

Nobody signs in here. What is written is counted by case or by where it came from, so that nobody fills the books.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any, Final

from werkzeug.wrappers import Response

from sync_protocol.case import Case
from sync_protocol.case.complaints import ONESELF
from sync_protocol.case.numbers import NumberError, parse_case_number
from sync_protocol.case.voices import TERMS
from sync_protocol.places import about
from village_node.accounts import Rule, Throttle
from village_node.casebook import AlreadyDone, BadBody, CasebookError, IdTaken, NotAllowed, Request
from village_node.casebook.booking_labels import grouped
from village_node.casebook.rated import ratable
from village_node.store import StoreError
from village_node.web import complaints, entry, own_rating, query, sent_once, times
from village_node.web.policy import COUNTER, Policy, Route
from village_node.web.query import NotTold
from village_node.web.service_room import WEEK, ask_first
from village_node.web.site import Visit

COMPLAINS: Final = Policy(None, "query")
RATES: Final = Policy(None, "query", "masked_name")
BOOKS: Final = Policy(None, "public")
COMPLAINT_FIELDS: Final = ("number", "code", "place", "who", "by", "contact")
SAID: Final = ("place", "who", "higher", "text", "by", "contact")
RATING_FIELDS: Final = ("number", "code", "pass", "what", "grade")
BOOKING_FIELDS: Final = ("day", "slot", "name", "item_no", "phone_tail")
# Of one case two complaints a day; from one address, which may be a screen in a hall, ten bookings within the hour.
OF_A_CASE: Final = Rule(free=1, longest_ms=times.DAY_MS, forget_ms=2 * times.DAY_MS, first_ms=times.DAY_MS)
FROM_HERE: Final = Rule(free=9, longest_ms=times.HOUR_MS, forget_ms=times.HOUR_MS, first_ms=10 * times.MINUTE_MS)
ANSWER_LOST: Final = Rule(free=0, longest_ms=times.DAY_MS, forget_ms=2 * times.DAY_MS, first_ms=times.DAY_MS)
_ONCE: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


def complaint_of_ones_own(visit: Visit) -> Response:
    """The empty form, with the number that the page of the case hands on; the code is typed anew."""
    return _complaint_form(visit, {"number": entry.line(visit.request.args.get("number", ""))[:60]})


def own_complaint(visit: Visit) -> Response:
    """Take the complaint of somebody who types number and code of a case, and show its slip, once."""
    typed: dict[str, Any] = {name: visit.line(name) for name in COMPLAINT_FIELDS} | {"text": visit.paragraph("text")}
    typed["higher"] = visit.request.form.get("higher") == "yes"
    if visit.redrawn:
        return _complaint_form(visit, typed)
    try:
        case = query.look_up(visit, typed["number"].upper(), typed["code"])
    except NotTold as refused:
        return _complaint_form(visit, typed, refused.status, problem=visit.t(refused.zh, refused.en))
    book, throttle, wanted = visit.site.casebook, visit.site.accounts.throttle, asked_oneself(visit)
    daily = f"own-complaint:{case.case_no}:{times.local(visit.now_ms):%Y%m%d}"
    try:
        if wanted is not None:
            book.refuse_repeated(wanted)
        if throttle.attempt(daily, OF_A_CASE):
            words = visit.t(
                "这一件今天已经投诉过 2 次，请明天再来，或到任一窗口投诉。",
                "Two complaints about this case were sent today: come again tomorrow, or to any counter.",
            )
            return _complaint_form(visit, typed, 429, problem=words)
        with counted(throttle, daily):
            slip = book.complain_oneself(case.case_no, {name: typed[name] for name in SAID}, wanted)
    except AlreadyDone:
        # The code is shown once. Whose answer was lost on the way complains anew, and not tomorrow: once a day.
        if not throttle.attempt(f"{daily}:lost", ANSWER_LOST):
            throttle.take_back(daily)
        words = visit.t(
            "这份投诉已经提交过，没有重复提交。没有抄下编号和查询码的，请重新填写再提交一次。",
            "This complaint was sent before, and not once more. If you have not copied number and code, fill it in and "
            "send it once more.",
        )
        return _complaint_form(visit, {"number": typed["number"]}, 409, problem=words)
    except IdTaken:
        return _complaint_form(visit, typed, 409, problem=sent_once.changed(visit))
    except BadBody as bad:
        return _complaint_form(visit, typed, 422, {bad.field: visit.t(bad.zh, bad.en)})
    except NotAllowed as refused:
        return _complaint_form(visit, typed, 409, problem=visit.t(refused.zh, refused.en))
    found = book.complaint_of(slip.number, slip.code)
    assert found is not None, "what was just written is opened with its own code"
    return visit.render("complaint_slip.html", own=True, **complaints.told(visit, found))


@contextmanager
def counted(throttle: Throttle, key: str) -> Iterator[None]:
    """Take the count of an attempt back where nothing came of it."""
    try:
        yield
    except (CasebookError, StoreError):
        with suppress(StoreError):
            throttle.take_back(key)
        raise


def asked_oneself(visit: Visit) -> Request | None:
    """Under which id the form in hand asks for its act: nobody is signed in, and the page's id alone says whose. The
    token, which no node keeps, is in the digest: without it nobody finds out of a digest what a complaint says."""
    once = visit.line("once")
    sent = sorted(visit.request.form.items(multi=True))
    digest = hashlib.sha256(repr((visit.request.path, sent)).encode()).digest()
    return Request(ONESELF, f"form-{once}", digest) if _ONCE.fullmatch(once) else None


def _complaint_form(
    visit: Visit,
    typed: Mapping[str, Any],
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    places = _where_handled(visit, typed.get("number", ""))
    return visit.render(
        "own_complaint.html",
        status,
        typed=typed,
        errors=errors or {},
        problem=problem,
        options=[(place, visit.place_name(place)) for place in places],
        unheard=[visit.place_name(place) for place in visit.site.casebook.unheard(places)],
        days=TERMS["complaint"].days,
        once=visit.once,
    )


def _where_handled(visit: Visit, number: str) -> list[str]:
    """Where somebody could have handled the case of a number: the places from its home up; of no number, from here."""
    places, here = visit.site.places, visit.site.config.place
    try:
        home = parse_case_number(number.upper()).place
    except NumberError:
        home = here
    found = home if home in places else here
    return list(places.path_up(found)) if found in places else [here]


def own_rating_given(visit: Visit) -> Response:
    """Take the rating of somebody who has looked a case up, once for each stage, and show the case again."""
    typed = {name: visit.line(name) for name in RATING_FIELDS} | {"text": visit.paragraph("text")}
    try:
        case = _looked_up(visit, typed)
    except NotTold as refused:
        return _rating_form(visit, typed, refused.status, problem=visit.t(refused.zh, refused.en))
    if visit.person is not None:
        words = visit.t(
            "这台电脑上有工作人员登录着，不能评价。请先退出登录，再由申请人本人评价。",
            "Somebody of the staff is signed in here: sign out first, and let the applicant rate it alone.",
        )
        return _rating_form(visit, typed, 409, case, problem=words)
    wanted, book = asked_oneself(visit), visit.site.casebook
    try:
        if wanted is not None:
            book.refuse_repeated(wanted)
        asked = ratable(case)
        if asked is None or own_rating.mark(asked) != typed["what"]:
            words = visit.t("这一环节已经评价过，不用再评。", "This is rated already; once is enough.")
            return told(visit, case, 409, problem=words)
        errors = own_rating.troubles(visit, typed)
        if errors:
            return _rating_form(visit, typed, 422, case, errors)
        body = own_rating.body_of(asked, typed, own_rating.channel_of(visit))
        # This place writes it down as its counter would, and says that nobody at the counter did.
        book.record(ONESELF, COUNTER, about(case.home), case.case_id, asked.kind, body, request=wanted)
    except AlreadyDone:
        pass
    except IdTaken:
        return _rating_form(visit, typed, 409, case, problem=sent_once.changed(visit))
    except BadBody as bad:
        return _rating_form(visit, typed, 422, case, {bad.field: visit.t(bad.zh, bad.en)})
    except NotAllowed as refused:
        return _rating_form(visit, typed, 409, case, problem=visit.t(refused.zh, refused.en))
    thanks = visit.t("谢谢，您的评价已经记下。", "Thank you: your rating is recorded.")
    return told(visit, book.case(about(case.home), case.case_id) or case, done=thanks)


def _looked_up(visit: Visit, typed: Mapping[str, str]) -> Case:
    """The case that was looked up a while ago, by the pass of its page, or that number and code lead to. Raises
    NotTold."""
    if typed["code"] or entry.scanned(typed["number"]):
        return query.look_up(visit, typed["number"].upper(), typed["code"])
    row = visit.site.casebook.find_by_number(typed["number"])
    code = row.query_code if row is not None else None
    fits = own_rating.is_pass(visit, typed["pass"], typed["number"], code or "")
    case = visit.site.casebook.case(row.scope, row.case_id) if row is not None and code and fits else None
    if case is None:
        words_en = "This page was open for too long: type the code on the receipt once more. Nothing you typed is lost."
        raise NotTold(422, "本页打开时间过长，请再输一次回执上的查询码，填好的内容都在。", words_en)
    return case


def _rating_form(
    visit: Visit,
    typed: Mapping[str, str],
    status: int,
    case: Case | None = None,
    errors: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    """The form alone, with all that was typed; ``case``: the one it is about, None where that is not known yet."""
    offer = own_rating.offer(visit, case) if case is not None else None
    return visit.render(
        "own_rating.html",
        status,
        offer=offer or own_rating.unknown(visit, typed["number"], typed["what"]),
        typed=typed,
        errors=errors or {},
        problem=problem,
    )


def told(visit: Visit, case: Case, status: int = 200, *, done: str = "", problem: str = "") -> Response:
    """The page of a case that was looked up, once more: with what was ``done``, or why it was not."""
    answer = query.answer_of(visit, case)
    return visit.render("query_answer.html", status, answer=answer, done=done, problem=problem)


def own_booking(visit: Visit) -> Response:
    """The days and times that have places left."""
    return _booking(visit, {"day": entry.line(visit.request.args.get("day", ""))[:10]})


def book_oneself(visit: Visit) -> Response:
    """Book a time, and say so in the answer itself: an address that said it could be made up by anybody."""
    typed = {name: visit.line(name) for name in BOOKING_FIELDS}
    typed["phone_tail"] = entry.number(typed["phone_tail"])
    key, throttle = f"own-booking:{visit.network}", visit.site.accounts.throttle
    if throttle.attempt(key, FROM_HERE):
        words = visit.t(
            "预约次数过多，请过一会儿再来，或打电话预约。", "Too many bookings: try again later, or call us."
        )
        return _booking(visit, typed, 429, words)
    day, slot, name, item_no, tail = (typed[each] for each in BOOKING_FIELDS)
    wanted = asked_oneself(visit)
    try:
        with counted(throttle, key):
            labels = visit.site.casebook.book_oneself(day, slot, name, item_no, tail, wanted)
    except IdTaken:
        words = visit.t("这张表已经提交过，请重新选择时间。", "This form was sent before: choose a time again.")
        return _booking(visit, typed, 409, words)
    except BadBody as bad:
        return _booking(visit, typed, 422, visit.t(bad.zh, bad.en), bad.field)
    item = visit.site.catalogue.newest(item_no)
    booked = {
        "words": times.date_words(date.fromisoformat(day), visit.lang),
        "slot": slot,
        "item_no": item_no,
        "item": visit.t(item.name, item.name_en) if item is not None else "",
        "number": grouped(labels.number),
        "code": labels.code,
    }
    return visit.render("own_booking.html", booked=booked, room=visit.site.casebook.room())


def _booking(visit: Visit, typed: Mapping[str, str], status: int = 200, problem: str = "", wrong: str = "") -> Response:
    book = visit.site.casebook
    slots = {day: slots for day, slots in book.own_slots() if slots}
    left = {day: sum(free for _, free in each) for day, each in slots.items()}
    open_days = [day for day, free in left.items() if free]
    chosen = typed.get("day", "")
    if chosen not in open_days and status == 200:
        chosen = open_days[0] if open_days else ""
    return visit.render(
        "own_booking.html",
        status,
        days=[(day, day_words(visit, date.fromisoformat(day)), free) for day, free in left.items()],
        chosen=chosen,
        slots=slots.get(chosen, []),
        typed=typed,
        errors={wrong: problem} if wrong else {},
        problem=problem,
        room=book.room(),
        ask_first=ask_first(visit),
        items=[(item.item_no, visit.t(item.name, item.name_en)) for item in visit.site.finder.find("")],
        booked=None,
        once=visit.once,
    )


def day_words(visit: Visit, day: date) -> str:
    """A day of the next weeks, short enough for a phone."""
    return visit.t(f"{day.month}月{day.day}日", f"{day:%d.%m.}") + " " + visit.t(*WEEK[day.weekday()])


ROUTES: Final = (
    Route("/query/complaint", "complaint_of_ones_own", complaint_of_ones_own, COMPLAINS),
    Route("/query/complaint", "own_complaint", own_complaint, COMPLAINS, ("POST",), redraws=True),
    Route("/query/rating", "own_rating", own_rating_given, RATES, ("POST",)),
    Route("/book", "own_booking", own_booking, BOOKS),
    Route("/book", "book_oneself", book_oneself, BOOKS, ("POST",)),
)
