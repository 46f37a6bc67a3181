"""Appeals against a rating that an office holds to be false: who may write one, until when, and who finds on it."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from sync_protocol.case import Case, CaseEvent, Position, SideNote, kinds, powers
from sync_protocol.case.authority import voices_on
from sync_protocol.case.routes import CasePath
from sync_protocol.case.voices import TERMS
from sync_protocol.case.workdays import day_of
from sync_protocol.places import PlaceTree
from village_node.casebook import conditions
from village_node.casebook.calendars import calendar_in
from village_node.casebook.conditions import Words
from village_node.casebook.entitlement import Person
from village_node.casebook.office import Office
from village_node.store import Connection


def why_not(
    office: Office,
    connection: Connection,
    case: Case,
    body: dict[int, Any],
    places: PlaceTree,
    written: Iterable[CaseEvent],
    person: Person,
) -> Words | None:
    """Say why this person may not appeal against the rating named, or not find on the appeal named."""
    here = office.identity.place
    mine, asked = voices_on(case, here, CasePath(case.home, places)) or ([], [])
    named = Position(*body[0])
    if body[1] == "appeal":
        rating = next((note for note in mine if note.position == named), None)
        if rating is None:
            return (
                "只能对本单位经办、尚未答复整改、尚未申诉过的差评申诉",
                "an appeal is against a bad rating of what was handled here, not answered and not appealed before",
            )
        return _why_too_late(office, connection, rating.at_ms)
    appeal = next((note for note in asked if note.position == named), None)
    if appeal is None:
        return "这份申诉已有答复，或不由本单位答复", "this appeal is answered, or is not for this place to answer"
    if not powers.may_judge(person.roles, office.identity.level):
        return (
            "差评申诉由乡镇站长或县业务科答复",
            "the head of the township's station or the county's business section finds on an appeal",
        )
    return _why_not_found(appeal, here, written, person)


_NOT_ONES_OWN: Final = "经办人和申诉人不能答复申诉", "who handled the case, or appealed, does not find on the appeal"


def _why_not_found(appeal: SideNote, here: str, written: Iterable[CaseEvent], person: Person) -> Words | None:
    handled = kinds.STAGE_KINDS | {kinds.RECTIFICATION}
    ours = {each.actor for each in written if each.place == here and each.kind in handled}
    own = person.actor in ours or (appeal.place == here and appeal.actor == person.actor)
    return _NOT_ONES_OWN if own else None


ONES_OWN: Final = frozenset({kinds.RATING_APPEAL, kinds.REVIEW_DECISION})


def hindrances(
    office: Office,
    case: Case,
    offered: Collection[int],
    places: PlaceTree,
    written: Iterable[CaseEvent],
    person: Person,
) -> dict[int, Words]:
    """Of what the workflow offers somebody: what they do not judge because it is about their own work, and why."""
    here = office.identity.place
    found: dict[int, Words] = {}
    if kinds.REVIEW_DECISION in offered:
        own = conditions.why_not_reviewed(case, here, person.actor)
        found |= {kinds.REVIEW_DECISION: own} if own is not None else {}
    if kinds.RATING_APPEAL in offered:
        mine, asked = voices_on(case, here, CasePath(case.home, places)) or ([], [])
        listed = list(written)
        if asked and not mine and all(_why_not_found(each, here, listed, person) for each in asked):
            found[kinds.RATING_APPEAL] = _NOT_ONES_OWN
    return found


def _why_too_late(office: Office, connection: Connection, rated_ms: int) -> Words | None:
    limit = TERMS["appeal"].days
    used = calendar_in(office, connection).count(day_of(rated_ms), day_of(office.clock()))
    if used <= limit:
        return None
    return (
        f"申诉应在评价后 {limit} 个工作日内提出（示例期限），现已超过",
        f"an appeal is written within {limit} working days of the rating (a sample term), which have passed",
    )
