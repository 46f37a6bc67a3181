"""The rates of a period for programs: each with its numerator and denominator, so that others can add them up."""

from typing import Any, Final

from marshmallow import Schema

from sync_protocol.case import periods, rates
from sync_protocol.case.rates import Counts, Frame
from sync_protocol.case.workdays import day_of
from village_node import casebook
from village_node.web import bulletin_tables, entry
from village_node.web import rates as page
from village_node.web.api import shapes
from village_node.web.api.operations import Operation
from village_node.web.api.publishing import FiguresQuery
from village_node.web.site import Visit

TAG: Final = "oversight"


class RateShape(Schema):
    """One rate: `tenths` is its value in tenths of its unit (a per cent, a working day, a time, a case), null where
    there is nothing to divide by."""

    code = shapes.text(*rates.CODES)
    unit = shapes.text("percent", "days", "times", "cases")
    numerator, denominator = shapes.number(), shapes.number()
    tenths = shapes.maybe_number()


class PlaceRates(Schema):
    """The rates of one place; `with_below`: with those of all below it."""

    place = shapes.text()
    with_below = shapes.flag()
    rates = shapes.many(RateShape)


class RatesGiven(Schema):
    """The rates of a period up to `last`: of the place with all below it, then of itself and of each right below.
    `not_known`: what is counted elsewhere and cannot be known by a node. `left_to_fold`: how many cases an upgrade or
    another calendar left to be counted anew; until there are none, what is said of earlier periods is not complete."""

    kind = shapes.text(*periods.PERIODS)
    period, first, last, place = (shapes.text() for _ in range(4))
    rates = shapes.many(RateShape)
    places = shapes.many(PlaceRates)
    not_known = shapes.texts()
    left_to_fold = shapes.number()


def read_rates(visit: Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """The rates of a period as they stand now, of this place and those below it, or of one of these."""
    period = entry.line(asked["period"]) or periods.period_of("month", day_of(visit.now_ms))
    kind = bulletin_tables.kind_of(period)
    casebook.check_period(kind, period)
    report = page.of_period(visit, kind, period, entry.line(asked["place"]))
    return {
        **{name: getattr(report, name) for name in ("kind", "period", "place")},
        "first": report.first.isoformat(),
        "last": report.upto.isoformat(),
        "rates": _told(report.whole, report.frame, rates.CODES),
        "places": [
            {
                "place": line.place,
                "with_below": line.whole,
                "rates": _told(line.counts, report.frame, rates.COMPARED),
            }
            for line in report.lines
        ],
        "not_known": [rates.NOT_KNOWN],
        "left_to_fold": visit.site.casebook.left_to_fold(),
    }


def _told(counts: Counts, frame: Frame, codes: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {
            "code": each.code,
            "unit": each.unit,
            "numerator": each.part,
            "denominator": each.whole,
            "tenths": each.tenths,
        }
        for each in rates.rates_of(counts, frame)
        if each.code in codes
    ]


OPERATIONS: Final = (
    Operation("/rates", "read_rates", read_rates, page.READS, TAG, asks=FiguresQuery, gives=RatesGiven, fails=(404,)),
)
