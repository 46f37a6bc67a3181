"""Who decided the cases of a period, for programs: at the window, or carried back to the department."""

from typing import Any, Final

from marshmallow import Schema

from sync_protocol.case.workdays import day_of
from village_node.web import deciders
from village_node.web.api import shapes
from village_node.web.api.operations import Operation
from village_node.web.api.oversight import PeriodQuery
from village_node.web.api.problems import invalid
from village_node.web.site import Visit

TAG: Final = "oversight"


class DecidedShape(Schema):
    """The cases of a department decided at one place: by who accepted them there, under a delegation, by the head;
    ``not_looked_at``: rows of before, which are looked at in their turn."""

    place, department = shapes.text(), shapes.text()
    accepter, delegate, head, not_looked_at = (shapes.number() for _ in range(4))
    mailbox = shapes.flag()


class DecidedList(Schema):
    """By place and department, those with most carried back first."""

    departments = shapes.many(DecidedShape)


def count_deciders(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """Who decided from a day to another, both counted; this month up to today where no days are given."""
    today = day_of(visit.now_ms)
    first, last = asked["first"] or today.replace(day=1), asked["last"] or today
    if last < first:
        raise invalid({"last": ("截止日期不能早于开始日期", "the last day lies before the first")})
    found = visit.site.casebook.deciders(first, last)
    return {
        "departments": [{**each._asdict(), "not_looked_at": each.unknown, "mailbox": each.is_mailbox} for each in found]
    }


OPERATIONS: Final = (
    Operation("/deciders", "count_deciders", count_deciders, deciders.READS, TAG, asks=PeriodQuery, gives=DecidedList),
)
