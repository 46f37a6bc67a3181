"""Everything under this place on one screen: the map of its nodes, cases by stage, cards by whose they are, and how
many came and were settled day by day."""

from typing import Final, NamedTuple

from flask import Blueprint, Flask, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from sync_protocol.case.exclusions import Grade
from sync_protocol.case.workdays import day_of
from township_node.web import topology
from township_node.web.children import Child, heard_of
from township_node.web.topology import Leaf
from village_node.casebook.glance import DayFlow
from village_node.web import Policy, Route, Visit, add_pages, clocks, export, times, words
from village_node.web.export import Table
from village_node.web.policy import ADMIN, EXPORTS, STAFF

FLOW_DAYS: Final = 30
NAMED_MOST: Final = 4  # places of a branch that are named because nothing came of them
HOLDERS_MOST: Final = 8
GRADED: Final[tuple[Grade, ...]] = ("notice", "yellow", "red", "red_plus")
LATE: Final[tuple[Grade, ...]] = ("red_plus", "red", "yellow")
_WIDTH: Final = 600
_HEIGHT: Final = 190
_FOOT: Final = 28  # below the bars, for the dates
HEAD: Final = (
    ("单位代码", "Code"), ("单位", "Node"), ("上级", "Under"), ("最近消息", "Last heard"), ("待办", "Wait there"),
    *(clocks.grade_badge(each)[2:] for each in GRADED),
)  # fmt: skip


class Branch(NamedTuple):
    """A child of this place with what is under it. ``quiet``: those without a new record for a day, the longest first,
    then those without any; ``more``: how many of these are not named."""

    child: Child
    age: topology.Age
    drawing: Markup
    said: str
    quiet: list[Leaf]
    more: int


class Holder(NamedTuple):
    """A place that had cases when their card began, and how many of each card."""

    place: str
    numbers: list[int]


def overview(visit: Visit) -> Response:
    """The one screen."""
    book, here = visit.site.casebook, visit.site.config.place
    today = day_of(visit.now_ms)
    faults, flow = book.at_fault(today), book.flow(today, FLOW_DAYS)
    stages = [
        (words.state_words(state), number, url_for("work", view="all", state=state)) for state, number in book.stages()
    ]
    holders = ranked(faults)
    return visit.render(
        "overview.html",
        branches=_branches(visit),
        ages=topology.AGES,
        heard=topology.HEARD,
        mark=topology.mark,
        stages=stages,
        most=max((number for _, number, _ in stages), default=1),
        grades=[
            (clocks.grade_badge(grade), sum(each.get(grade, 0) for each in faults.values()), grade) for grade in GRADED
        ],
        late=[clocks.grade_badge(grade) for grade in LATE],
        holders=holders[:HOLDERS_MOST],
        more_holders=len(holders) - HOLDERS_MOST,
        flow=flow,
        chart=_chart(visit, flow),
        day_words=lambda day: times.date_words(day, visit.lang),
        own=sum(book.held_by_grade().get(here, {}).values()),
    )


def ranked(faults: dict[str, dict[Grade, int]]) -> list[Holder]:
    """Whose cards there are: the most late ones first."""
    found = [Holder(place, [graded.get(grade, 0) for grade in LATE]) for place, graded in faults.items()]
    return sorted(
        (each for each in found if any(each.numbers)), key=lambda each: (*(-n for n in each.numbers), each.place)
    )


def _branches(visit: Visit) -> list[Branch]:
    """The children in the order of their codes, so that each is found where it was yesterday."""
    places, written = visit.site.places, visit.site.casebook.last_written()
    found, roster = [], visit.site.casebook.roster
    for child in sorted(heard_of(visit), key=lambda each: each.place):
        leaves = [
            Leaf(
                place,
                visit.place_name(place),
                at,
                topology.age_of(at, visit.now_ms, has_machine=bool(roster.nodes_of(place))),
            )
            for place in sorted(places.children(child.place))
            for at in (written.get(place),)
        ]
        quiet = sorted(
            (leaf for leaf in leaves if leaf.age != "fresh"), key=lambda leaf: (not leaf.at_ms, leaf.at_ms, leaf.place)
        )
        said = topology.counted(visit, leaves)
        found.append(
            Branch(
                child,
                topology.age_of(child.last_contact_ms, visit.now_ms, has_machine=child.joined),
                topology.branch(visit, leaves, said) if leaves else Markup(),
                said,
                quiet[:NAMED_MOST],
                max(len(quiet) - NAMED_MOST, 0),
            )
        )
    return found


def _chart(visit: Visit, flow: list[DayFlow]) -> Markup:
    """Two bars a day, filed and settled, each day with its numbers in words; Mondays bear their date."""
    top = max((max(day.filed, day.settled) for day in flow), default=0) or 1
    step = _WIDTH / len(flow)
    drawn = []
    for at, each in enumerate(flow):
        left, bars = at * step, []
        for tone, number, offset in (("filed", each.filed, 0.12), ("settled", each.settled, 0.5)):
            high = (_HEIGHT - _FOOT - 4) * number / top
            bars.append(
                Markup('<rect class="bar-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                    tone, left + offset * step, _HEIGHT - _FOOT - high, step * 0.34, high
                )
            )
        told = visit.t(
            f"{times.date_words(each.day, visit.lang)}：收件 {each.filed}，办结 {each.settled}",
            f"{times.date_words(each.day, visit.lang)}: {each.filed} filed, {each.settled} settled",
        )
        dated = each.day.weekday() == 0
        label = Markup('<text x="{:.1f}" y="{}">{}</text>').format(
            left + step / 2, _HEIGHT - 4, f"{each.day.month}-{each.day.day}"
        )
        drawn.append(Markup("<g><title>{}</title>{}{}</g>").format(told, Markup("").join(bars), label if dated else ""))
    days, filed, settled = len(flow), sum(each.filed for each in flow), sum(each.settled for each in flow)
    said = visit.t(
        f"近 {days} 天收件 {filed} 件，办结 {settled} 件", f"{filed} filed and {settled} settled in {days} days"
    )
    return Markup(
        '<svg class="flow-chart" viewBox="0 0 {w} {h}" role="img" aria-label="{}">'
        '<path class="twig" d="M0 {foot}H{w}"/>{}</svg>'
    ).format(said, Markup("").join(drawn), w=_WIDTH, h=_HEIGHT, foot=_HEIGHT - _FOOT)


def table(visit: Visit) -> Table:
    """Every place below with when something of it came last and what waits there."""
    book, places, here = visit.site.casebook, visit.site.places, visit.site.config.place
    held, written = book.held_by_grade(), book.last_written()
    heard = {child.place: child.last_contact_ms for child in heard_of(visit)}
    rows: list[tuple[str | int, ...]] = []
    for place in places.below_or_self(here) if here in places else ():
        if place == here:
            continue
        at = heard.get(place) or written.get(place)
        graded = held.get(place, {})
        rows.append(
            (
                place,
                visit.place_name(place),
                visit.place_name(places.parent(place) or ""),
                times.local(at).strftime("%Y-%m-%d %H:%M") if at else "",
                sum(graded.values()),
                *(graded.get(grade, 0) for grade in GRADED),
            )
        )
    return Table("overview", HEAD, rows, {})


ROUTES: Final = (
    Route("/overview", "overview", overview, Policy(STAFF, "node")),
    export.route("/overview", "overview_export", table, Policy(EXPORTS | ADMIN, "node")),
)


def register(app: Flask) -> None:
    """Hang the page into an app that has the pages of every node."""
    templates = Blueprint("overview_pages", __name__, template_folder="templates")
    add_pages(app, ROUTES, [(ROUTES[0], "一览", "Overview")], templates)
