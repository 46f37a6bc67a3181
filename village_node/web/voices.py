"""What an applicant may say to our work and what becomes of it: ratings, complaints, reviews, each with its clock."""

from dataclasses import dataclass, replace
from typing import Final

from flask import url_for

from sync_protocol.case import Case, Offer, Position, SideNote, kinds
from sync_protocol.case.fields import Field
from sync_protocol.case.legal_bodies import BAD_GRADES
from sync_protocol.case.orders import Order
from sync_protocol.case.voices import SAMPLE, TERMS, Span, Voice, span
from sync_protocol.case.workdays import day_of
from village_node.casebook.orders import GIVEN_TO_STAFF, span_of
from village_node.web import appeals, clocks, own_rating, times, words
from village_node.web.site import Visit


@dataclass(frozen=True)
class Right:
    """One of the three: what it is, how it stands, its clock, and where there is something to do, the address."""

    icon: str
    title: str
    lines: list[str]
    badge: clocks.Badge | None = None
    address: str = ""


def offered(offer: Offer) -> Offer:
    """The act as staff is offered it: of what an applicant rates only what was said on the telephone or written."""
    if offer.kind not in (kinds.RATING, kinds.FOLLOW_UP):
        return offer
    return offer._replace(fields=tuple(_recorded(row) for row in offer.fields))


def _recorded(row: Field) -> Field:
    if row.name == "channel":
        return replace(row, required=True, choices=GIVEN_TO_STAFF)
    zh, en = words.fact_words(row)
    return replace(row, zh=zh, en=en) if row.name == "stage" else row


def rights(visit: Visit, case: Case) -> list[Right]:
    """Rating, complaint and review of a case, for the people of this place."""
    orders = [order_right(visit, each) for each in case.orders]
    return [_rating(visit, case), *orders, _complaint(visit, case), _review(visit, case)]


_WHERE_RATED: Final[dict[own_rating.Page, tuple[str, str]]] = {
    "own": ("在本页自己评，也可在办理的服务点评", "on this page or where your case is handled"),
    "card": (
        "用编号和查询码查到本件后自己评，也可在办理的服务点评",
        "by yourself once you look it up with number and code, or where your case is handled",
    ),
    "elsewhere": (
        "在办理的服务点评，或在它的网页上查到本件后自己评",
        "where your case is handled or by yourself on the pages of that place",
    ),
}


def told(visit: Visit, case: Case, page: own_rating.Page) -> list[str]:
    """The same for the applicant, in plain sentences, for the page that says so."""
    found = []
    if 2 in case.ratings or 0 in case.ratings:
        found.append(visit.t("您已作过评价，谢谢。", "You have rated us; thank you."))
    elif 1 in case.ratings:
        found.append(
            visit.t(
                "您已评价受理环节，谢谢；办结环节还可以评价一次。",
                "You have rated the acceptance; thank you. You may rate the result once as well.",
            )
        )
    else:
        zh, en = _WHERE_RATED[page]
        found.append(
            visit.t(
                f"评价：受理后、办结后各可评价一次，{zh}；不由经办人代录。",
                f"Rating: once after acceptance and once after the result, {en}; never recorded by whoever handled the "
                "case.",
            )
        )
    for each in case.orders:
        found.append(_order_told(visit, each))
    days = TERMS["complaint"].days
    found.append(
        visit.t(
            f"投诉：可在任一服务点投诉，由被投诉人的上一级受理"
            "（没有开通受理的，再上一级；都没有开通的，打印转送函到系统外递交），内容封存，"
            f"{days} 个工作日内答复（示例期限）。"
            "凭投诉编号和查询码查答复。",
            f"Complaint: about anybody who works here, at any service point; the level above hears it, sealed (the "
            f"next one where it has not opened that; where none has, you get a letter to hand in elsewhere), and "
            f"answers within {days} working days (a sample term). Look the answer up by number and code.",
        )
    )
    found.append(_review_told(visit, case))
    return found


def _order_told(visit: Visit, order: Order) -> str:
    if order.finding is not None and order.struck:
        return visit.t(
            f"您的差评经上级核实不属实，不计入统计：{order.finding.body['text']} 对此有意见的，可以投诉。",
            f"The level above found your rating not to be true and it is not counted: {order.finding.body['text']} "
            "If you do not agree, you may complain.",
        )
    place, clock = visit.place_name(order.place), span_of(order, visit.site.casebook.calendar(), visit.now_ms)
    if order.asks is not None:
        day = due_words(visit, clock)
        return visit.t(
            f"您的差评已转 {place} 整改，最晚 {day} 答复您。",
            f"{place} is putting right what you rated as bad, and answers you by {day}.",
        )
    if order.unrated is not None:
        said = str(order.unrated.body.get("text", ""))
        return visit.t(
            f"{place} 已整改：{said} 请告诉我们您是否满意；不满意的，再整改一次。",
            f"{place} has put it right: {said} Tell us whether you are satisfied; if not, it is done once more.",
        )
    if order.steps and order.steps[-1].body.get("grade") in BAD_GRADES:
        return visit.t(
            "两次整改后您仍不满意，本单已办结；可以投诉。",
            "It was put right twice and you are still not satisfied: the order is closed, and you may complain.",
        )
    return visit.t("您的差评已整改完毕。", "What you rated as bad has been put right.")


def _review_told(visit: Visit, case: Case) -> str:
    if case.open_reviews:
        day = due_words(visit, _span(visit, "recheck", case.open_reviews[0].at_ms, None))
        return visit.t(
            f"复核：县业务科正在复核，最晚 {day} 答复。", f"Review: the county is looking at it, and answers by {day}."
        )
    if case.state == "refused":
        return visit.t("复核：对不予受理不服的，可在申请地申请复核。", "Review: of the refusal, ask where you applied.")
    if case.decision is not None and case.decision.outcome == "refuse":
        return visit.t(
            "复议、诉讼：对不予的决定不服的，决定书写明向谁提出、在多少日内提出。",
            "Against the decision: it says where and within how many days you may go against it.",
        )
    return visit.t(
        "复核：本件没有不予受理决定，不用复核。", "Review: nothing was refused here, so there is none to ask for."
    )


def _rating(visit: Visit, case: Case) -> Right:
    if 0 in case.ratings:
        return Right(
            "edit", visit.t("评价", "Rating"), [visit.t("评价内容已清除", "What was rated is no longer held here")]
        )
    lines = [
        visit.t(*words.STAGES[stage])
        + visit.t("：", ": ")
        + (visit.t(*words.choice_words(note.body["grade"])) if note is not None else visit.t("未评价", "not rated"))
        for stage in words.STAGES
        for note in [case.ratings.get(stage)]
    ]
    for order in case.orders:
        if order.struck:
            stage = visit.t(*words.STAGES[order.stage])
            lines.append(
                visit.t(
                    f"{stage}的差评经上级核实不属实，不计入", f"{stage}: struck by the level above, and not counted"
                )
            )
    if case.later_ratings:
        count = len(case.later_ratings)
        lines.append(visit.t(f"另有 {count} 次后来的评价，不计入", f"{count} later ratings, which do not count"))
    return Right("edit", visit.t("评价", "Rating"), lines)


def order_right(visit: Visit, order: Order) -> Right:
    """An order to put right: who is to answer, what was answered, and how its clock stands."""
    clock = span_of(order, visit.site.casebook.calendar(), visit.now_ms)
    title = visit.t("整改单：", "To put right: ") + visit.t(*words.STAGES[order.stage])
    if order.reopened:
        title += visit.t("（重新整改）", " (once more)")
    lines = [visit.t(f"由 {visit.place_name(order.place)} 答复", f"{visit.place_name(order.place)} answers")]
    lines += [step_words(visit, step) for step in order.steps]
    lines += appeals.lines(visit, order)
    if order.unrated is not None:
        lines.append(visit.t("等申请人评价，由没有经办的人登记。", "Waits for the applicant's rating."))
    elif order.asks is None:
        lines.append(visit.t("已办结。", "Closed."))
    lines.append(clock_words(visit, clock))
    return Right("warning" if order.open else "check", title, lines, clocks.grade_badge(clock.grade))


def answer_by(visit: Visit, case: Case, rating: Position) -> str:
    """The day by which the order of a rating is to be answered, as its document tells it; empty where there is none."""
    order = next((each for each in case.orders if each.rating.position == rating), None)
    if order is None:
        return ""
    clock = span_of(order, visit.site.casebook.calendar(), visit.now_ms)
    return limit_words(clock)


def review_by(visit: Visit, at_ms: int) -> str:
    """The day by which a request for a review is to be decided, as its document tells it."""
    calendar = visit.site.casebook.calendar()
    return limit_words(span("recheck", day_of(at_ms), None, calendar, day_of(visit.now_ms)))


def limit_words(clock: Span) -> str:
    """The day by which it is to be answered, as a document tells it."""
    day = times.date_words(clock.due, "zh") + ("（预计）" if clock.provisional else "")
    return f"{day}（{clock.limit} 个工作日{'，示例期限' if SAMPLE else ''}）"


def step_words(visit: Visit, step: SideNote) -> str:
    """One step of an order in words."""
    said = str(step.body.get("text", ""))
    what = visit.t("整改答复", "Answered")
    if "grade" in step.body:
        what = visit.t("评价整改：", "Rated: ") + visit.t(*words.choice_words(step.body["grade"]))
    return f"{times.moment(step.at_ms, visit.lang)} · {what}" + (visit.t("：", ": ") + said if said else "")


def _complaint(visit: Visit, case: Case) -> Right:
    """Whether there was one is on no page of a case: it is sealed, and not listed where the case is."""
    days = TERMS["complaint"].days
    line = visit.t(
        f"由被投诉人的上一级受理，{days} 个工作日内答复（示例期限）；内容封存，这里不显示。",
        f"Heard by the level above within {days} working days (a sample term); sealed, and never shown here.",
    )
    return Right("flag", visit.t("投诉", "Complaint"), [line], None, url_for("complaint_form", case_no=case.case_no))


def _review(visit: Visit, case: Case) -> Right:
    title = visit.t("复核", "Review")
    if case.open_reviews:
        clock = _span(visit, "recheck", case.open_reviews[0].at_ms, None)
        lines = [visit.t("已申请，由县业务科答复", "Asked for; the county answers"), clock_words(visit, clock)]
        return Right("question", title, lines, clocks.grade_badge(clock.grade))
    if case.state == "refused":
        return Right("question", title, [visit.t("申请人可以申请复核", "The applicant may ask for one")])
    return Right("question", title, [visit.t("没有可复核的决定", "There is nothing to review")])


def _span(visit: Visit, voice: Voice, since_ms: int, answered_ms: int | None) -> Span:
    answered = day_of(answered_ms) if answered_ms is not None else None
    return span(voice, day_of(since_ms), answered, visit.site.casebook.calendar(), day_of(visit.now_ms))


def clock_words(visit: Visit, clock: Span) -> str:
    """A clock in a sentence: the days are samples, and the sentence says so."""
    sample = visit.t("（示例期限）", " (sample term)") if SAMPLE else ""
    used_zh = f"{'共用' if clock.ended else '已用'} {clock.used} / {clock.limit} 个工作日{sample}"
    used_en = f"{clock.used} of {clock.limit} working days used{sample}"
    day = due_words(visit, clock)
    return visit.t(f"{used_zh}，期限 {day}", f"{used_en}, due {day}")


def due_words(visit: Visit, clock: Span) -> str:
    """The day by which it is to be answered."""
    day = times.date_words(clock.due, visit.lang)
    return day + (visit.t("（预计）", " (provisional)") if clock.provisional else "")
