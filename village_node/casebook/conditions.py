"""What a desk asks of an act beyond the workflow: whose role may approve it, who must be another person, that a term
has run out and everybody was heard.

The fold asks none of this: persons, days and contacts are a place's own affair. What it finds stands in the event.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final

from sync_protocol.case import Case, Item, Position, joint, kinds, legal_bodies, meetings, powers
from sync_protocol.case.complaints import ONESELF
from sync_protocol.case.fields import STAFF_MAX
from sync_protocol.case.workdays import Calendar
from sync_protocol.places import PlaceTree
from village_node.store.peers import PeerRow

# The county's day begins at +08:00, whatever the machine believes.
CHINA: Final = timezone(timedelta(hours=8))
GRACE_DAYS: Final = 5
LATEST_DAY_MS: Final = 253_402_214_400_000  # the last day a date can hold
Words = tuple[str, str]


def approved_by(kind: int, body: dict[int, Any], actor: str) -> dict[int, Any]:
    """The body with the person in front as who approves it, where the act needs somebody who does."""
    if kind == kinds.LANE and body.get(0) == "urgent":
        return {**body, 3: actor}
    return {**body, 2: actor} if kind == kinds.EXTEND else body


_PRESIDER: Final = 12
NOT_PRESIDING: Final = (
    "听证主持人不能是本案审查人或批准听证的人，由主持人本人的账号结束听证",
    "who presides over a hearing neither examined the case nor approved it: they record its end themselves",
)


def why_not_approved(
    case: Case, kind: int, body: dict[int, Any], person: tuple[str, frozenset[str]], place: str, level: str, *,
    joint: bool, decides: bool,
) -> Words | None:  # fmt: skip
    """Say why this person (number and roles) may not do the act as it is written; None if they may."""
    actor, roles = person
    if kind == kinds.SUSPEND and body[0] in legal_bodies.SPECIAL:
        if not decides:
            return "特别程序须由作出决定的一级批准启动", "the level that decides approves a special procedure"
        if not powers.may_approve(roles, level):
            return "特别程序须由本单位负责人批准启动", "the head of this place approves a special procedure"
        if body.get(4) == actor:
            return "提出程序的审查人和批准人须为两人", "who proposes a procedure and who approves it are two persons"
        return why_not_presiding(case, body, place)
    if kind == kinds.EXTEND and not powers.may_approve(roles, level, joint_term=joint):
        if joint and level == "county":
            return "联办件延长期限须由县政府负责人批准", "a leader of the county government extends a joint case"
        return "延长期限须由本单位负责人批准", "the head of this place extends a term"
    if kind == kinds.ACTION_DONE:
        still = [(each.position, each.number) for each in meetings.open_actions(case)]
        if (Position(*body[0]), body[1]) not in still:
            return (
                "这一项已经登记办结，或者纪要里没有这一项",
                "this action is done already, or the minutes have no such one",
            )
    if kind == kinds.RESUME:
        return _why_not_presided(case, body, actor, place) or _why_not_surveyed(case, body)
    if kind == kinds.LANE and body[0] == "urgent" and not powers.may_hurry(roles, level):
        return (
            "特急须由业务科或本单位负责人批准",
            "a head, or the county's business section, approves an urgent case",
        )
    return why_not_reviewed(case, place, actor) if kind == kinds.REVIEW_DECISION else None


def why_not_reviewed(case: Case, place: str, actor: str) -> Words | None:
    """Say why this person does not decide the review of a refusal; None if they may."""
    refused = case.refusal
    if refused is None or (refused.place, refused.actor) != (place, actor):
        return None
    return "作出不予受理的人不能办理复核", "who refused an application does not decide its review"


def why_not_paid_in_time(case: Case, body: dict[int, Any]) -> Words | None:
    """Say why a payment does not open a case again that was ended for want of it; None if it does, or none was."""
    if case.lapse is None:
        return None
    if 4 not in body or body[4] > case.lapse.limit_day:
        last = case.lapse.limit_day
        return (
            f"本案已因未缴费终止，只有在 {last} 或之前缴的费才能恢复办理，请填写缴费日期",
            f"the case ended unpaid: only what was paid by {last} opens it again; give the day of payment",
        )
    return None


def _why_not_presided(case: Case, body: dict[int, Any], actor: str, place: str) -> Words | None:
    """Who presided over a hearing records its end, and is neither who examines the case nor who approved the hearing
    (行政许可法第四十八条)."""
    held = case.procedures.get(Position(*body[0]))
    if held is None or held.what != "hearing" or held.place != place:
        return None
    if actor in (held.body.get("proposer"), held.body.get("approver"), _reviewer(case, place)):
        return NOT_PRESIDING
    named = str(held.body.get("presider", ""))
    # Notices of before named who presides by a name, which cannot be told from others here.
    if is_staff_number(named) and named != actor:
        return (
            f"通知的听证主持人是 {named}，由其本人的账号结束听证",
            f"the notice names {named} as who presides: they record its end themselves",
        )
    return None


def is_staff_number(text: str) -> bool:
    """Whether a text has the shape of a staff number: letters and digits of ASCII, as no name is written here."""
    return bool(text) and len(text) <= STAFF_MAX and text.isascii() and text.isprintable() and " " not in text


def why_not_presiding(case: Case, body: Mapping[int, Any], place: str) -> Words | None:
    """Say why nobody of this staff number may preside; None if they may."""
    named = body.get(_PRESIDER)
    if named and not is_staff_number(named):
        return (
            "听证主持人请填写工号（字母和数字），不要填姓名",
            "who presides is named by the staff number, not by the name",
        )
    return NOT_PRESIDING if named and named in (body.get(4), body.get(5), _reviewer(case, place)) else None


def _reviewer(case: Case, place: str) -> str | None:
    """The staff number of who gave the review at this place."""
    return case.review.actor if case.review is not None and case.review.place == place else None


def _why_not_surveyed(case: Case, body: dict[int, Any]) -> Words | None:
    """The record of a survey names the two who were there (行政许可法第三十四条) and says what they saw; nobody else
    is named where nothing was surveyed."""
    held = case.procedures.get(Position(*body[0]))
    if held is None or not held.what:
        return None
    if held.what != "site_survey":
        only = "只有现场踏勘填写核查人员", "only a survey names who was there"
        return only if 7 in body else None
    if 7 not in body or 1 not in body:
        return (
            "现场踏勘由两名以上工作人员进行，请填写核查人员和核查结果",
            "a survey is made by two officers or more: name them, and say what they found",
        )
    return None


def why_not_over_members(case: Case, item: Item | None, body: dict[int, object]) -> Words | None:
    """Say why an approval would go over a department's word, which in a theme is a decision; None if it does not."""
    if item is None or not item.theme or body.get(0) != "approve":
        return None
    parties = [party.department for party in item.parties]
    silent = [name for name in parties if name not in joint.heard(case)]
    if silent:
        return (
            f"{'、'.join(silent)}尚未会签，其事项没有决定，不能准予；请重新发起会签",
            f"{', '.join(silent)} has not signed, and its items are not decided: ask again before it is approved",
        )
    refusing = [name for name in joint.refusing(case) if name in parties]
    if not refusing:
        return None
    return (
        f"{'、'.join(refusing)}会签不同意，不能准予；意见有变化的，请重新发起会签",
        f"{', '.join(refusing)} disagree: it cannot be approved; if their word has changed, ask them again",
    )


def why_not_rated(handlers: Iterable[str], actor: str) -> Words | None:
    """Say why this person may not record the applicant's rating: who handled the case does not."""
    if actor in handlers:
        return "经办人不能代录对本案的评价", "who handled a case does not record its rating"
    return None


def why_not_rated_again(case: Case, stage: int) -> Words | None:
    """Say why an applicant does not rate a stage by himself any more; None if he may: each stage is rated once."""
    if stage in case.ratings:
        return "这一环节已经评价过，不用再评", "this stage is rated already"
    return None


def why_not_asked_oneself(case: Case, kind: int, actor: str) -> Words | None:
    """Say why an applicant does not ask this of the own case by himself; None if he may. Nobody looks at what he sends:
    so what was asked already is not asked again, and an authority that is not there is not revoked."""
    if actor != ONESELF:
        return None
    if kind == kinds.WITHDRAWAL_REQUEST and case.open_withdrawals:
        return "已经请求过撤回，正等答复，不用再请求", "it was asked for already and waits for the answer"
    if kind == kinds.PROXY_AUTHORITY and not case.proxy:
        return "现在没有人代您办这件，不用撤销", "nobody acts for you in this case: there is nothing to revoke"
    return None


def places_that_take_papers(case: Case, places: PlaceTree, here: str) -> list[str]:
    """The places below this one at which the applicant may have handed papers in."""
    return [place for place in places.line_of(case.home) if places.rank(place) > places.rank(here)]


def heard_since(peers: Iterable[PeerRow], labels: dict[str, int], since_ms: int) -> set[str]:
    """The places heard from since a moment: by an exchange with us, or by what they wrote since and we hold.

    ``labels``: the newest clock label of each place's records here.
    """
    spoken = {row.place for row in peers if row.direction == "down" and (row.last_contact_ms or 0) >= since_ms}
    return spoken | {place for place, label_ms in labels.items() if label_ms >= since_ms}


def why_not_lapsed(
    case: Case, body: dict[int, Any], unheard: list[str], now_ms: int, calendar: Calendar
) -> Words | None:
    """Say why a case does not lapse yet: papers have come, its term still runs, or papers may lie at a place that was
    not heard since."""
    if case.open_supplies:
        return (
            "已有补交的材料尚未处理，请先采纳或结束程序",
            "papers have come that nobody has looked at: take them first",
        )
    last = date.fromisoformat(body[0])
    if now_ms < end_of_day_ms(last):
        return "期限尚未届满，次日起才能终止", "the term still runs: a case ends from the day after its last day"
    if not unheard:
        return None
    names_zh, names_en = "、".join(unheard), ", ".join(unheard)
    if now_ms < end_of_day_ms(calendar.nth(last, GRACE_DAYS)):
        return (
            f"期限届满后尚未联系上：{names_zh}。材料可能已交到那里；联系上后或{GRACE_DAYS}个工作日后再终止",
            f"not heard since the last day: {names_en}. Papers may lie there: wait, or {GRACE_DAYS} working days",
        )
    if not body.get(2):
        return (
            f"期限届满后一直未联系上：{names_zh}。仍要终止的，请选“尚有单位未联系上，仍予终止”",
            f"still not heard since the last day: {names_en}. To end the case all the same, say so in the form",
        )
    return None


def end_of_day_ms(day: date) -> int:
    """The first moment after a day in the county."""
    since_1970 = day.toordinal() - date(1970, 1, 1).toordinal()
    return (since_1970 + 1) * 86_400_000 - 8 * 3_600_000


def day_in_county(now_ms: int) -> date:
    """The day in the county; of a clock that no calendar can follow the nearest one."""
    since = timedelta(milliseconds=min(max(now_ms, 0), LATEST_DAY_MS))
    return (datetime(1970, 1, 1, tzinfo=UTC) + since).astimezone(CHINA).date()
