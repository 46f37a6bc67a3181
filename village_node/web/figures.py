"""The figures of a month, quarter or year by place, department and item, and the score explained case by case."""

from datetime import date
from typing import Any, Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import periods, standings
from sync_protocol.case.bulletins import RULES, Bulletin
from sync_protocol.case.tallies import NOTHING
from sync_protocol.case.workdays import FIRST_DAY, day_of
from village_node import casebook
from village_node.casebook import BadBody
from village_node.web import bulletin_tables, entry, export
from village_node.web.export import Table
from village_node.web.policy import CASEWORK, EXPORTS, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node")
_BACK: Final = {"month": 13, "quarter": 5, "year": 3}  # how many periods a page offers


def figures(visit: Visit) -> Response:
    """The figures of a period as they stand; of this month where the address names none."""
    place = entry.line(visit.request.args.get("place", ""))
    try:
        kind, period = asked_period(visit)
        said = of_period(visit, kind, period, place)
    except BadBody as bad:
        kind, period = "month", periods.period_of("month", day_of(visit.now_ms))
        return _page(visit, of_period(visit, kind, period), "", 422, visit.t(bad.zh, bad.en))
    return _page(visit, said, place)


def of_period(visit: Visit, kind: str, period: str, place: str = "") -> Bulletin:
    """The figures as they stand. Raises NotFound for a place that is not below this one, BadBody."""
    book = visit.site.casebook
    try:
        return book.figures(kind, period, place, book.rules_for(kind, period))
    except casebook.NotFound:
        raise NotFound from None


def asked_period(visit: Visit) -> tuple[str, str]:
    """The kind and name of the period in the address: this month where there is none. Raises BadBody."""
    today = day_of(visit.now_ms)
    period = entry.line(visit.request.args.get("period", ""))[:10] or periods.period_of("month", today)
    kind = bulletin_tables.kind_of(period)
    casebook.check_period(kind, period)
    return kind, period


def choices(visit: Visit, period: str) -> list[tuple[str, str]]:
    """The periods that a page offers, the newest first, and the one that is shown."""
    today, found = day_of(visit.now_ms), []
    for kind, back in _BACK.items():
        each = periods.period_of(kind, today)
        for _ in range(back):
            found.append((each, bulletin_tables.period_words(visit, kind, each)))
            if periods.days_of(kind, each)[0] <= FIRST_DAY:
                break  # a clock that went back to its beginning
            each = periods.before(kind, each)
    if period not in dict(found):
        found.append((period, bulletin_tables.period_words(visit, bulletin_tables.kind_of(period), period)))
    return found


def places_offered(visit: Visit) -> list[tuple[str, str]]:
    """The places that a page offers: this one, and those below that have others below them."""
    here, places = visit.site.config.place, visit.site.places
    under = [each for each in places.below_or_self(here)[1:] if places.children(each)] if here in places else []
    whole = "", visit.t("本单位及下级", "this place and all below")
    return [whole, *((each, visit.place_name(each)) for each in under)]


def _page(visit: Visit, said: Bulletin, place: str, status: int = 200, problem: str = "") -> Response:
    book, here = visit.site.casebook, visit.site.config.place
    why_not = book.why_not_publish(said.kind, said.period)
    return visit.render(
        "figures.html",
        status,
        problem=problem,
        place=place,
        choices=choices(visit, said.period),
        offered=places_offered(visit),
        may_publish=book.may_publish_bulletins(visit.staff.roles) and not place,
        why_not=visit.t(*why_not) if why_not else "",
        running=periods.days_of(said.kind, said.period)[1] >= day_of(visit.now_ms),
        left_to_fold=book.left_to_fold(),
        **shown(visit, said, place or here, {}),
    )


def shown(visit: Visit, said: Bulletin, front: str, streaks: dict[tuple[str, str], int]) -> dict[str, Any]:
    """What the page of figures and that of a bulletin have in common. ``front``: whose figures they are."""
    tables = bulletin_tables
    whole = said.whole
    return {
        "said": said,
        "period": tables.period_words(visit, said.kind, said.period),
        "whole": whole,
        "rates": tables.figures,
        "tables": [
            ("place", visit.t("按单位", "By place"), tables.place_rows(visit, said, front)),
            ("department", visit.t("按部门", "By department"), tables.department_rows(said)),
            ("item", visit.t("按事项", "By service"), tables.item_rows(visit, said)),
        ],
        "rankings": tables.rankings(visit, said, streaks),
        "idle": tables.idle_places(visit, said, front),
        "services": tables.services(visit, said),
        "deductions": tables.deductions(visit, said),
        "deducted": tables.counted_deductions(said),
        "rule_words": [
            (visit.t(*tables.RULE_WORDS[rule]), points)
            for rule, points in zip(RULES, said.rules.points, strict=True)
            if points
        ],
        "rank_codes": {each.place for each in said.places},
    }


def score(visit: Visit, place: str) -> Response:
    """The score of one place in a period, figure by figure, each deduction with its case."""
    try:
        kind, period = asked_period(visit)
        said = of_period(visit, kind, period)
    except BadBody as bad:
        raise NotFound(bad.zh) from None
    tally = next((each.tally for each in said.places if each.place == place), None)
    if tally is None:
        raise NotFound
    lines = visit.site.casebook.deductions_of(kind, period, place, said.rules)
    return visit.render(
        "score.html",
        place=place,
        said=said,
        period=bulletin_tables.period_words(visit, kind, period),
        score=standings.score(tally, said.rules),
        why=bulletin_tables.explained(visit, tally, said.rules),
        lines=[
            (
                visit.t(*bulletin_tables.RULE_WORDS[RULES[each.rule]]),
                said.rules.points[each.rule],
                date.fromordinal(FIRST_DAY.toordinal() + each.day).isoformat(),
                each.key[0].partition(":")[2],
                each.key[1].hex(),
                each.case_no,
                item.name if (item := visit.site.catalogue.newest(each.item_no)) else each.item_no,
            )
            for each in lines
        ],
        nothing=tally == NOTHING,
    )


def table(visit: Visit) -> Table | Response:
    """The same as a file, every line with all its numbers."""
    place = entry.line(visit.request.args.get("place", ""))
    try:
        kind, period = asked_period(visit)
        said = of_period(visit, kind, period, place)
    except BadBody:
        return figures(visit)
    asked = {"period": period, **({"place": place} if place else {})}
    return Table("figures", bulletin_tables.HEAD, bulletin_tables.export_rows(visit, said), asked, asked=asked)


ROUTES: Final = (
    Route("/figures", "figures", figures, READS),
    export.route("/figures", "figures_export", table, Policy(EXPORTS, "node")),
    Route("/figures/<place>", "score", score, READS),
)
