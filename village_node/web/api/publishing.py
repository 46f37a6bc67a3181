"""Figures and bulletins for programs: what stands of a period, what was published of it, the rules of its scores."""

from typing import Any, Final

import marshmallow
from marshmallow import Schema
from werkzeug.exceptions import NotFound

from sync_protocol.case import bulletins as said_by
from sync_protocol.case import periods, standings
from sync_protocol.case.bulletins import RULES, Bulletin, Rules
from sync_protocol.case.tallies import Tally
from sync_protocol.case.workdays import day_of
from village_node import casebook
from village_node.casebook.figures import sample_rules
from village_node.store.locks import CaseKey
from village_node.web import bulletin_tables, bulletins, entry, figures, schemas
from village_node.web.api import shapes
from village_node.web.api.operations import Operation, Taken, done_once, request_of
from village_node.web.site import Visit

TAG: Final = "oversight"
_INVALID: Final[dict[str, Any]] = {"invalid": "应为文字", "invalid_utf8": "应为文字"}


class FiguresQuery(Taken):
    """Which period: `2026-11`, `2026-Q4` or `2026`, this month where it is left out; and of which place below."""

    period = marshmallow.fields.String(load_default="", error_messages=_INVALID)
    place = marshmallow.fields.String(load_default="", error_messages=_INVALID)


class PublishTaken(Taken):
    """The period that is published: `2026-11`, `2026-Q4` or `2026`."""

    period = schemas.Text(4, 10, required=True)


class RulesTaken(Taken):
    """What is taken off from the base for what, how many get the red flag, and how many of the last are named."""

    document_no = schemas.Text(1, said_by.DOCUMENT_MAX, required=True)
    since = schemas.Text(10, 10, required=True)
    base = schemas.Whole(1, said_by.MOST_POINTS, required=True)
    overdue, bad_rating, late_answer, yellow = (schemas.Whole(0, said_by.MOST_POINTS, required=True) for _ in RULES)
    flags, bottom = (schemas.Whole(0, said_by.MOST_MARKED, required=True) for _ in range(2))


TallyShape: Final = type("TallyShape", (Schema,), {name: shapes.number() for name in Tally._fields})


class PlaceFigures(Schema):
    """The numbers of one place by itself, and the index of the place above it in the list, -1 for none."""

    place, parent = shapes.text(), shapes.number()
    tally = shapes.part(TallyShape)


class DepartmentFigures(Schema):
    """The numbers of one department."""

    department = shapes.text()
    tally = shapes.part(TallyShape)


class ItemFigures(Schema):
    """The numbers of one item."""

    item_no, department = shapes.text(), shapes.text()
    tally = shapes.part(TallyShape)


class RankShape(Schema):
    """How one place or department stands, and for how many months running it is among the last."""

    name = shapes.text()
    score, rank, months = shapes.number(), shapes.number(), shapes.number()
    flag, bottom = shapes.flag(), shapes.flag()


class RankingShape(Schema):
    """One ranking."""

    group = shapes.text("township", "village", "department")
    lines = shapes.many(RankShape)


class DeductionShape(Schema):
    """What points were taken off for; `case_no` is null where the case is not held here."""

    rule, whose, day, place, case_id = (shapes.text() for _ in range(5))
    points = shapes.number()
    case_no = shapes.maybe()


class ServicesShape(Schema):
    """How often a service was given, at a place and what is below it."""

    place, what = shapes.text(), shapes.text()
    times = shapes.number()


class RulesShape(Schema):
    """Rules of scoring; without a document number the sample that the program brings."""

    document_no, since = shapes.maybe(), shapes.maybe()
    base, overdue, bad_rating, late_answer, yellow, flags, bottom = (shapes.number() for _ in range(7))


class FiguresShape(Schema):
    """The figures of a period."""

    kind = shapes.text(*periods.PERIODS)
    period = shapes.text()
    whole = shapes.part(TallyShape)
    rules = shapes.part(RulesShape)
    places = shapes.many(PlaceFigures)
    departments = shapes.many(DepartmentFigures)
    items_ = shapes.listed("items", ItemFigures)
    rankings = shapes.many(RankingShape)
    deductions = shapes.many(DeductionShape)
    services = shapes.many(ServicesShape)


class FiguresNow(FiguresShape):
    """Those figures as they stand. `left_to_fold`: how many cases an upgrade or another calendar left to be counted
    anew; until there are none, what is said of earlier periods is not complete."""

    left_to_fold = shapes.number()


class BulletinShape(FiguresShape):
    """A bulletin: those figures as they were when it was published, and what came late of earlier periods."""

    number, place = shapes.text(), shapes.text()
    published_ms = shapes.moment()
    late_received, late_accepted, late_settled = (shapes.number() for _ in range(3))


class BulletinLine(Schema):
    """One bulletin in the list."""

    place, kind, period, number = (shapes.text() for _ in range(4))
    published_ms = shapes.moment()


class BulletinList(Schema):
    """Every bulletin held here, the newest first."""

    bulletins = shapes.many(BulletinLine)


class PublishedShape(Schema):
    """Where the bulletin is to be read."""

    place, period = shapes.text(), shapes.text()


class RulesList(Schema):
    """Every set of rules that was published, the one that holds last first, and the sample."""

    published = shapes.many(RulesShape)
    sample = shapes.part(RulesShape)


class RulesPublished(Schema):
    """From which day the rules hold."""

    since = shapes.text()


def told(visit: Visit, said: Bulletin, streaks: dict[tuple[str, str], int]) -> dict[str, Any]:
    """Figures as they are written."""
    return {
        "kind": said.kind,
        "period": said.period,
        "whole": said.whole._asdict(),
        "rules": _rules(said.rules),
        "places": [{"place": each.place, "parent": each.parent, "tally": each.tally._asdict()} for each in said.places],
        "departments": [{"department": name, "tally": tally._asdict()} for name, tally in said.departments],
        "items_": [
            {
                "item_no": each.item_no,
                "department": said.departments[each.department][0],
                "tally": each.tally._asdict(),
            }
            for each in said.items
        ],
        "rankings": [
            {
                "group": group,
                "lines": [
                    {
                        **{name: getattr(each, name) for name in ("name", "score", "rank", "flag", "bottom")},
                        "months": streaks.get((group, each.name), 0),
                    }
                    for each in lines
                ],
            }
            for group, lines in standings.rankings(said).items()
        ],
        "deductions": _deductions(visit, said),
        "services": [{"place": place, "what": what, "times": times} for place, what, times in said.services],
    }


def _deductions(visit: Visit, said: Bulletin) -> list[dict[str, Any]]:
    return [
        {
            "rule": RULES[each.rule],
            "whose": said.departments[each.department][0] if each.department >= 0 else each.place,
            "points": shown.points,
            "day": shown.day,
            "place": shown.place,
            "case_id": shown.case_id,
            "case_no": shown.case_no or None,
        }
        for each, shown in zip(said.deductions, bulletin_tables.deductions(visit, said), strict=True)
    ]


def _rules(said: Rules) -> dict[str, Any]:
    named = {name: getattr(said, name) for name in ("base", "flags", "bottom")}
    numbers = {"document_no": said.document_no or None, "since": said.since or None}
    return {**named, **numbers, **dict(zip(RULES, said.points, strict=True))}


def read_figures(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """The figures of a period as they stand now, of this place and those below it, or of one of these."""
    period = entry.line(asked["period"]) or periods.period_of("month", day_of(visit.now_ms))
    kind = bulletin_tables.kind_of(period)
    casebook.check_period(kind, period)
    stand = told(visit, figures.of_period(visit, kind, period, entry.line(asked["place"])), {})
    return {**stand, "left_to_fold": visit.site.casebook.left_to_fold()}


def list_bulletins(visit: Visit) -> dict[str, Any]:
    """Every bulletin held here."""
    return {
        "bulletins": [
            {
                "place": each.place,
                "kind": each.said.kind,
                "period": each.said.period,
                "number": each.said.number,
                "published_ms": each.at_ms,
            }
            for each in visit.site.casebook.bulletins()
            if isinstance(each.said, Bulletin)
        ]
    }


def read_bulletin(visit: Visit, place: str, period: str) -> dict[str, Any]:
    """One bulletin as it was published."""
    published = bulletins.fetch(visit, place, period)
    said = published.said
    if not isinstance(said, Bulletin):
        raise NotFound
    late = dict(zip(("late_received", "late_accepted", "late_settled"), said.late, strict=True))
    known = {"number": said.number, "place": published.place, "published_ms": published.at_ms}
    return {**told(visit, said, visit.site.casebook.streaks(published)), **known, **late}


def publish_bulletin(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Publish the figures of a period that is over, for good."""
    wanted, staff, period = request_of(visit, chosen, asked), visit.staff, entry.line(asked["period"])

    def publish() -> CaseKey:
        kind = bulletin_tables.kind_of(period)
        visit.site.casebook.publish_bulletin(staff.staff_no, staff.roles, kind, period, wanted)
        return "", b""

    _, headers = done_once(visit, wanted, publish)
    return {"place": visit.site.config.place, "period": period}, 200, headers


def read_score_rules(visit: Visit) -> dict[str, Any]:
    """By which rules scores are worked out."""
    published = [each.said for each in visit.site.casebook.rules_published()]
    return {
        "published": [_rules(said) for said in published if isinstance(said, Rules)],
        "sample": _rules(sample_rules()),
    }


def set_score_rules(visit: Visit, chosen: dict[str, str], asked: dict[str, Any]) -> Any:
    """Publish rules of scoring that hold from a day on."""
    wanted, staff = request_of(visit, chosen, asked), visit.staff
    said = bulletins.rules_of({name: entry.line(str(value)) for name, value in asked.items()})

    def publish() -> CaseKey:
        visit.site.casebook.set_rules(staff.staff_no, staff.roles, said, wanted)
        return "", b""

    _, headers = done_once(visit, wanted, publish)
    return {"since": said.since}, 200, headers


OPERATIONS: Final = (
    Operation(
        "/figures", "read_figures", read_figures, figures.READS, TAG, asks=FiguresQuery, gives=FiguresNow,
        fails=(404,),
    ),
    Operation("/bulletins", "list_bulletins", list_bulletins, bulletins.READS, TAG, gives=BulletinList),
    Operation(
        "/bulletins/<place>/<period>", "read_bulletin", read_bulletin, bulletins.READS, TAG, gives=BulletinShape
    ),
    Operation(
        "/bulletins", "publish_bulletin", publish_bulletin, bulletins.PUBLISHES, TAG, "POST", PublishTaken,
        gives=PublishedShape, once=True,
    ),
    Operation("/score-rules", "read_score_rules", read_score_rules, bulletins.READS, TAG, gives=RulesList),
    Operation(
        "/score-rules", "set_score_rules", set_score_rules, bulletins.SETS, TAG, "POST", RulesTaken,
        gives=RulesPublished, once=True,
    ),
)  # fmt: skip
