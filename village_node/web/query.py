"""The resident's query: number and code, or the QR code; no sign-in, no personal data, one answer for misses."""

import hmac
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from flask import url_for
from werkzeug.wrappers import Response

from sync_protocol.case import Case
from sync_protocol.case.numbers import (
    SHORT_CODE_LENGTH,
    NumberError,
    make_query_code,
    normalise_query_code,
    parse_case_number,
)
from sync_protocol.places import about
from village_node.accounts import Rule
from village_node.casebook import Standstill
from village_node.store import NotSaved
from village_node.store.audit import Line
from village_node.web import (
    cases,
    clocks,
    commitments,
    due_days,
    entry,
    machine,
    own_rating,
    own_requests,
    standstills,
    times,
    unsent,
    upward,
    voices,
    words,
)
from village_node.web.policy import Policy, Route
from village_node.web.site import Visit

RESIDENT: Final = Policy(None, "query", "masked_name")

# Six characters can be guessed; thirteen cannot. So a number takes five tries with six a day, then only the whole code.
SHORT_TRIES: Final = Rule(free=4, longest_ms=times.DAY_MS, forget_ms=2 * times.DAY_MS, first_ms=times.DAY_MS)
SOURCE: Final = Rule(free=20, longest_ms=times.MINUTE_MS, forget_ms=10 * times.MINUTE_MS)
# Many misses from everywhere: somebody goes through the numbers. Nobody is kept out by it; it is noted and shown.
EVERYBODY: Final = Rule(free=200, longest_ms=0, forget_ms=times.HOUR_MS)
ALARM_EVERY: Final = 200
TWINS: Final = Rule(free=1, longest_ms=0, forget_ms=times.DAY_MS)
NO_CODE: Final = make_query_code(0)


@dataclass(frozen=True)
class Answer:
    """What a resident is told of a case."""

    case: Case | upward.ToldCase
    item_name: str
    state: tuple[str, str, str, str]
    where: str
    since_ms: int | None
    promised: str
    promised_by: str
    next_step: str
    rights: list[str]
    as_of_ms: int
    behind: bool
    revoked_ms: int | None  # when what was decided was revoked, as far as is known here
    ask_at: str = ""  # where whoever applied goes or calls, in words
    rating: own_rating.Offer | None = None  # of a case that is held here
    own: own_requests.Offer | None = None  # likewise
    by_card: bool = False  # found with the end of a card, for which nothing is done with it
    told_by: str = ""  # the place above that tells it, where the case is not here
    running: Sequence[standstills.Badge] = ()  # what runs beside the examination of a case that is held here


class NotTold(Exception):
    """A look-up that is not answered: ``status`` as HTTP has it, ``zh`` and ``en`` say why; ``wait_ms``: how long to
    wait, 0 where waiting does not help."""

    def __init__(self, status: int, zh: str, en: str, wait_ms: int = 0) -> None:
        super().__init__(en)
        self.status = status
        self.zh = zh
        self.en = en
        self.wait_ms = wait_ms


class Missed(NotTold):
    """Nothing here fits what was typed. It never says what did not."""


def query(visit: Visit) -> Response:
    """The page to type number and code, and its answer."""
    if visit.request.method == "GET":
        return visit.render("query.html")
    number = visit.line("number").upper()
    try:
        answer = _shown_before(visit, number) or find(visit, number, visit.line("code"))
    except NotTold as refused:
        if entry.scanned(number) or entry.scanned(visit.line("code")):
            visit.address = url_for("query")
        return refuse(visit, refused, "" if entry.scanned(number) else number)  # an address tells the code
    if isinstance(answer.case, Case):  # a pass of this page stands for the code, which no page holds
        with suppress(NotSaved):
            earned = own_rating.pass_of(visit, answer.case.case_no, answer.case.query_code, visit.now_ms)
            visit.carries = (("number", answer.case.case_no), ("pass", earned))
    return visit.render("query_answer.html", answer=answer)


def _shown_before(visit: Visit, number: str) -> Answer | None:
    """The same answer once more, for the pass of its page: in large print, in another language."""
    if not visit.line("pass"):
        return None
    row = visit.site.casebook.find_by_number(number)
    code = row.query_code if row is not None else None
    fits = own_rating.is_pass(visit, visit.line("pass"), number, code or "")
    if row is None or not code or not fits:
        return None
    return answer_of(visit, _held(visit, row.scope, row.case_id))


def by_code(visit: Visit, code: str) -> Response:
    """The case that a QR code leads to."""
    try:
        answer = find_by_code(visit, code)
    except NotTold as refused:
        return refuse(visit, refused, "")
    return visit.render("query_answer.html", answer=answer)


def find(visit: Visit, number: str, code: str) -> Answer:
    """What is known of the case of a number and its code, here or else above. Raises NotTold."""
    scanned = entry.scanned(number) or entry.scanned(code)
    if scanned:
        return find_by_code(visit, scanned)
    try:
        return answer_of(visit, look_up(visit, number, code))
    except Missed as missed:
        wanted = "-".join(map(str, parse_case_number(number.upper())))
        return _ask_above(visit, missed, wanted, normalise_query_code(code))


def find_by_code(visit: Visit, code: str) -> Answer:
    """What is known of the case of a whole query code, here or else above. Raises NotTold."""
    try:
        return answer_of(visit, look_up_code(visit, code))
    except Missed as missed:
        try:
            full = normalise_query_code(code)
        except NumberError:
            raise missed from None
        return _ask_above(visit, missed, None, full)


def _ask_above(visit: Visit, missed: Missed, number: str | None, code: str) -> Answer:
    """What the places above say of it: six characters can be guessed, and ask nobody. Raises NotTold."""
    if visit.site.casebook.identity.parent is None:
        raise missed
    if len(code) == SHORT_CODE_LENGTH:
        raise NotTold(404, *upward.SHORT)
    found = upward.asked_above(visit, number, code)
    if found.told is None:
        raise NotTold(404, *upward.not_found(visit, found))
    take_back(visit)
    visit.site.accounts.throttle.take_back("query-all")
    told = found.told
    return Answer(
        case=upward.case_told(told),
        item_name=told.item,
        state=upward.state_told(told),
        where=told.where,
        since_ms=told.since_ms,
        promised=told.promised,
        promised_by=told.promised_by,
        next_step=told.next_step,
        rights=list(told.rights),
        as_of_ms=told.as_of_ms,
        behind=told.behind,
        revoked_ms=told.revoked_ms,
        told_by=found.asked[-1],
    )


def look_up(visit: Visit, number: str, code: str) -> Case:
    """The case of a number and its code, whole or the first six characters, or of the address that a hand scanner has
    typed into either field. Raises NotTold."""
    scanned = entry.scanned(number) or entry.scanned(code)
    if scanned:
        return look_up_code(visit, scanned)
    try:
        wanted = "-".join(map(str, parse_case_number(number.upper())))
        typed = normalise_query_code(code)
    except NumberError as wrong:
        raise NotTold(422, wrong.zh, wrong.en) from None
    _count(visit)
    daily = f"query:{wanted}:{times.local(visit.now_ms):%Y%m%d}"
    throttle, short = visit.site.accounts.throttle, len(typed) == SHORT_CODE_LENGTH
    if short and throttle.attempt(daily, SHORT_TRIES):
        words_zh = "这个编号今天用前 6 位已试过 5 次。请输入完整的 13 位查询码，或扫描回执上的二维码。"
        words_en = "Five tries with six characters were made today. Type all 13 characters, or scan the QR code."
        midnight = times.midnight_ms(times.local(visit.now_ms).date() + timedelta(1))
        raise NotTold(429, words_zh, words_en, midnight - visit.now_ms)
    row = visit.site.casebook.find_by_number(wanted)
    held = (row.query_code if row is not None else None) or NO_CODE
    right = hmac.compare_digest(held[: len(typed)].encode(), typed.encode())
    if row is None or row.query_code is None or not right:
        raise _missed(visit)
    take_back(visit)
    if short:
        throttle.take_back(daily)
    return _held(visit, row.scope, row.case_id)


def look_up_code(visit: Visit, code: str) -> Case:
    """The case of a whole query code. Raises NotTold."""
    _count(visit)
    try:
        full = normalise_query_code(code)
    except NumberError:
        raise _missed(visit) from None
    row = visit.site.casebook.find_by_query_code(full) if len(full) != SHORT_CODE_LENGTH else None
    if row is None:
        if has_twins(visit, full):
            raise NotTold(404, *_TWINS)
        raise _missed(visit)
    take_back(visit)
    return _held(visit, row.scope, row.case_id)


_TWINS: Final = (
    "本机有不止一件用这个查询码，只凭码不能确定是哪一件。请输入回执上的编号和完整的 13 位查询码。",
    "More than one case here bears this code, so the code alone does not tell which is meant. Type the number on your "
    "receipt and all 13 characters of the code.",
)


def has_twins(visit: Visit, code: str) -> bool:
    """Whether more than one case here bears this whole code, which chance does not bring about: the audit trail says
    so, once a day."""
    numbers = visit.site.casebook.numbers_with_code(code)
    if len(numbers) < 2:
        return False
    line = Line(visit.now_ms, "", "query.twins", numbers[0], {"same_code": numbers})
    with suppress(NotSaved):
        visit.site.accounts.throttle.attempt(
            f"query-twins:{numbers[0]}", TWINS, lambda times_met: line if times_met == 1 else None
        )
    return True


def _held(visit: Visit, scope: str, case_id: bytes) -> Case:
    case = visit.site.casebook.case(scope, case_id)
    if case is None:
        raise _missed(visit)
    return case


def _count(visit: Visit) -> None:
    """Count one look-up from this address. Raises NotTold when there were too many misses."""
    wait = wait_ms(visit)
    if wait:
        raise _too_many(wait)


def _too_many(wait: int) -> NotTold:
    seconds = -(-wait // 1000)
    words_en = f"Too many look-ups; please try again in {seconds} seconds."
    return NotTold(429, f"查询次数过多，请 {seconds} 秒后再试。", words_en, wait)


def wait_ms(visit: Visit) -> int:
    """Count one look-up from this address: 0, or how long it has to wait because there were too many misses."""
    return visit.site.accounts.throttle.attempt(f"query-source:{visit.source}", SOURCE)


def too_many(visit: Visit, wait: int, template: str = "query.html", number: str = "") -> Response:
    """The answer to an address with too many misses, on the page of its own form."""
    return refuse(visit, _too_many(wait), number, template)


def refuse(visit: Visit, refused: NotTold, number: str, template: str = "query.html") -> Response:
    """The page that a look-up without an answer gets."""
    response = visit.render(template, refused.status, number=number, problem=visit.t(refused.zh, refused.en))
    if refused.wait_ms:
        response.headers["Retry-After"] = str(-(-refused.wait_ms // 1000))
    return response


def take_back(visit: Visit) -> None:
    """A look-up that found something was no guess."""
    visit.site.accounts.throttle.take_back(f"query-source:{visit.source}")


def _missed(visit: Visit) -> Missed:
    """The one answer for everything that does not fit: it never says what."""
    note_miss(visit)
    return Missed(
        404,
        "没有查到。请核对回执上的编号和查询码；在别处申请的，请到申请的地方或县政务大厅查询。",
        "Nothing was found. Compare number and code with your receipt; for an application made elsewhere, ask there "
        "or at the county hall.",
    )


def note_miss(visit: Visit) -> None:
    """Count a miss of anybody; when there are very many, the audit trail says so."""
    visit.site.accounts.throttle.attempt("query-all", EVERYBODY, lambda misses: _alarm(visit, misses))


def alarming(visit: Visit) -> int:
    """How many look-ups of everybody missed, where there were very many within the hour; otherwise 0."""
    row = visit.site.accounts.throttle.rows.throttle("query-all")
    recent = row is not None and visit.now_ms - row.last_ms < EVERYBODY.forget_ms
    return row.failures if row is not None and recent and row.failures >= ALARM_EVERY else 0


def _alarm(visit: Visit, misses: int) -> Line | None:
    """The audit line that is due after so many misses within the hour."""
    if misses % ALARM_EVERY:
        return None
    detail = {"misses_within_the_hour": misses, "source": visit.source}
    return Line(visit.now_ms, "", "query.alarm", "query", detail)


def answer_of(visit: Visit, case: Case, page: own_rating.Page = "own") -> Answer:
    """Put a case into a resident's words: what, where it is now, who has it, since when, what next, as of when; for the
    page on which it is read."""
    site = visit.site
    item = site.catalogue.find(case.item_no, case.item_version)
    heard = _heard(visit, case)
    revoked = site.casebook.links((about(case.home), case.case_id), case).revoked if case.decision else None
    entries = site.casebook.timeline(about(case.home), case.case_id)
    page = "elsewhere" if page == "own" and visit.person is not None else page
    still = standstills.of_case(visit, case)
    kept = unsent.is_unsent(visit, case, entries)
    return Answer(
        case=case,
        item_name=visit.t(item.name, item.name_en) if item else case.item_no,
        state=words.state_words(case.state),
        where=where_words(visit, case, kept=kept),
        since_ms=cases.held_since(case, entries),
        promised=promised_words(visit, case),
        promised_by=clocks.promised_by(visit, case),
        next_step=own_requests.waiting(visit, case) + (visit.t(*_UNSENT) if kept else next_words(visit, case, still)),
        rights=voices.told(visit, case, page) + own_requests.told(visit, case, entries, page),
        as_of_ms=_since_heard(heard, visit.now_ms),
        behind=None in heard or visit.now_ms - _since_heard(heard, visit.now_ms) > times.HOUR_MS,
        revoked_ms=revoked.at_ms if revoked is not None else None,
        running=standstills.badges(visit, still),
        rating=own_rating.offer(visit, case),
        own=own_requests.offer(visit, case),
        ask_at=ask_at(visit, case),
    )


def as_of_ms(visit: Visit, case: Case) -> int:
    """As of when this node speaks: what it writes itself it knows now; of a case elsewhere, what it was last told from
    there."""
    return _since_heard(_heard(visit, case), visit.now_ms)


def _since_heard(heard: list[int | None], now_ms: int) -> int:
    return min([now_ms, *(each for each in heard if each is not None)])


def _heard(visit: Visit, case: Case) -> list[int | None]:
    """When each other place was last heard that goes on with the case: what it does there is known here up to then.
    None where the level above was never heard, or by a clock that has gone back since, by which nothing can be dated;
    of who is below and silent, the case itself is the last word."""
    here, tree, state = visit.site.config.place, visit.site.places, visit.sync_state
    heard: list[int | None] = []
    for place in {each for each in (case.holder, case.transit_to) if each and each != here}:
        if place in tree and here in tree and tree.covers(here, place):
            written = visit.site.casebook.heard_below_ms(about(case.home), case.case_id, place)
            heard.append(written if written - visit.now_ms <= machine.SKEW_SHOWN_MS else None)
        elif not state.is_root:
            last = state.last_contact_ms
            heard.append(None if last is None or machine.went_back(last, visit.now_ms) else last)
    return heard


def where_words(visit: Visit, case: Case, *, kept: bool) -> str:
    """Where the case is, in a sentence. ``kept``: it was handed over here, and has not left."""
    if case.transit_to:
        place = visit.place_name(case.transit_to)
        if kept:
            here = visit.place_name(visit.site.config.place)
            return visit.t(f"{here} 已移交 {place}，还没有发出", f"{here} has handed it to {place}; it is not sent yet")
        return visit.t(f"正在转送 {place}", f"on its way to {place}")
    place = visit.place_name(case.holder or case.home)
    return visit.t(f"在 {place}", f"at {place}")


def ask_at(visit: Visit, case: Case) -> str:
    """Where somebody asks and hands papers in: where he applied, with address and telephone where that is here."""
    room = visit.site.casebook.room()
    here = (room.address, room.phone) if case.home == visit.site.config.place else ()
    return visit.t("，", ", ").join(each for each in (visit.place_name(case.home), *here) if each)


def promised_words(visit: Visit, case: Case) -> str:
    """What is promised, once the case was accepted; days of the sample catalogue are said to be samples."""
    item = visit.site.catalogue.find(case.item_no, case.item_version)
    if case.promised_days is None:
        return visit.t("受理后告知", "told on acceptance")
    sample = visit.t("（示例）", " (sample)") if item is not None and item.sample else ""
    if case.promised_days == 0:
        return visit.t("当场办结", "on the spot") + sample
    return (
        visit.t(f"受理后 {case.promised_days} 个工作日", f"{case.promised_days} working days from acceptance") + sample
    )


_UNSENT: Final = (
    "材料还在这里的机器上，没有发出；线路通了自动发出，没有线路的由工作人员用 U 盘送出，对方收到后接着办。"
    "您现在不用做什么。",
    "It is still on the machine here. It goes out by itself once there is a line, or by stick where there is none, "
    "and is gone on with where it arrives. There is nothing you need to do.",
)
_NEXT: Final[dict[str, tuple[str, str]]] = {
    "draft": ("等待收件。", "Waiting to be received."),
    "prereview": (
        "正在预审，还没有收件。您现在不用做什么。",
        "Being looked at before it is received. There is nothing you need to do.",
    ),
    "received": ("等待受理。您现在不用做什么。", "Waiting to be accepted. There is nothing you need to do."),
    "accepted": (
        "已受理，等待审查。您现在不用做什么。",
        "Accepted, waiting for examination. There is nothing you need to do.",
    ),
    "in_transit": ("等待对方接收。您现在不用做什么。", "Waiting to be taken over. There is nothing you need to do."),
    "t_review": ("乡镇正在初审。您现在不用做什么。", "The township is reviewing it. There is nothing you need to do."),
    "reviewed": ("初审已完成，等待审批。您现在不用做什么。", "Reviewed, waiting for the decision."),
    "examining": ("正在审查。您现在不用做什么。", "Being examined. There is nothing you need to do."),
    "c_intake": ("县窗口正在审查。您现在不用做什么。", "The county is examining it. There is nothing you need to do."),
    "refused": (
        "不予受理。决定书写明理由；不服可在申请地申请复核。",
        "Not accepted. The notice says why; you can ask for a review where you applied.",
    ),
    "lapsed": (
        "逾期未补齐或未缴费，已终止。可以重新申请；还想补交的，请到申请的地方问。",
        "Ended: papers or the fee did not come in time. You can apply again; to hand papers in late, ask where you "
        "applied.",
    ),
    "unkept": (
        "承诺的事项到期没有兑现（承诺补交的材料没有补齐，或告知的条件不符合），已终止。可以重新申请；还想补交的，请到申请的地方问。",
        "Ended: what you committed to was not kept by its day. You can apply again; to hand papers in late, ask where "
        "you applied.",
    ),
    "fee_due": ("请按缴费通知缴费。", "Please pay the fee as the notice says."),
    "issued": ("证照已制作，等待送达。", "The certificate is made and will be handed to you."),
    "archived": ("已送达并归档，办理完毕。", "Delivered and filed; all is done."),
    "decided_approved": (
        "已批准。证照或文书到了会通知您来领，请保持电话畅通。",
        "Approved. You will be called when the result is here: please keep your phone on.",
    ),
    "decided_refused": ("不予。请到窗口了解理由和救济途径。", "Refused. Ask at the window for reasons and remedies."),
    "decided": (
        "已作出决定。文书到了会通知您来领，请保持电话畅通。",
        "Decided. You will be told when the result is here.",
    ),
    "delivering": ("结果已到，请带身份证来领取。", "The result is here: please come with your identity card."),
    "delivered": ("已送达，办理完毕。", "Delivered; all is done."),
    "withdrawn": ("已按您的申请撤回。", "Withdrawn as you asked."),
}


def supplements_open(case: Case) -> list[str]:
    """The fields and papers asked for in examination and not taken yet."""
    open_now = [case.procedures[entry.opened] for entry in case.open]
    return [name for each in open_now for name, _ in each.body.get("marks", ())]


def lapsed_by_commitment(case: Case) -> bool:
    """Whether it was a commitment whose day had passed that ended the case, and no other term."""
    if case.state != "lapsed" or case.lapse is None:
        return False
    return case.lapse.limit_day in [day.isoformat() for day in case.commitments_due]


def next_words(visit: Visit, case: Case, still: Sequence[Standstill]) -> str:
    """What happens next, and what the resident has to do; ``still``: the procedures that are open."""
    asked = [mark.field for mark in case.marks] if case.state == "correcting" else supplements_open(case)
    if case.listed_state != "correcting":
        later = commitments.papers_to_come(visit, case)
        if later:
            papers, day = visit.t("、", ", ").join(later), times.date_words(case.commitments_due[0], visit.lang)
            return visit.t(
                f"请补交：{papers}，最晚 {day}。到申请的地方交即可。",
                f"Please bring {papers} by {day}, to where you applied.",
            )
        if still:
            return standstills.told(visit, still)
        state = "unkept" if lapsed_by_commitment(case) else case.state
        return visit.t(*_NEXT.get(state, ("请稍后再查。", "Please look again later.")))
    marked = visit.t("、", ", ").join(visit.t(*words.field_words(name)) for name in asked)
    day = visit.site.casebook.last_day(about(case.home), case.case_id)
    last = due_days.due_words(visit, date.fromisoformat(day)) if day else ""
    until_zh, until_en = (f"最晚 {last}。", f" By {last} at the latest.") if last else ("", "")
    asked_zh = f"请补正：{marked}。到申请的地方交即可，不用跑远。{until_zh}"
    asked_en = f"Please correct: {marked}. Bring it where you applied.{until_en}"
    return visit.t(asked_zh, asked_en) + visit.t("", " ") + standstills.told(visit, still)


ROUTES: Final = (
    Route("/query", "query", query, RESIDENT, ("GET", "POST")),
    Route("/q/<code>", "by_code", by_code, RESIDENT),
)
