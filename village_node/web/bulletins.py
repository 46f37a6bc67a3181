"""Bulletins (通报): publishing the figures of a period for good, those published before, and the rules of scoring."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sync_protocol.case import periods, standings
from sync_protocol.case.bulletins import RULES, Bulletin, Published, Rules
from sync_protocol.case.standings import Ranked
from sync_protocol.case.workdays import FIRST_DAY, day_of
from village_node.casebook import BadBody, NotAllowed
from village_node.casebook.figures import sample_rules
from village_node.notices import bulletins as sheets
from village_node.notices.printing import NotPrinted
from village_node.web import bulletin_tables, counter_books, entry, export, figures, filters, prints
from village_node.web.documents import offices, sealed_by
from village_node.web.export import Table
from village_node.web.filters import Choice, Filters
from village_node.web.policy import CASEWORK, EXPORTS, Policy, Route
from village_node.web.site import Visit

READS: Final = Policy(CASEWORK, "node")
PUBLISHES: Final = Policy(frozenset({"supervisor", "head"}), "node")
SETS: Final = Policy(frozenset({"supervisor"}), "node")
_MONTHS: Final = 12  # of the chart


@dataclass(frozen=True)
class Line:
    """One bulletin in the list: how the place in front stands in it."""

    published: Published
    said: Bulletin
    period: str
    place: str
    own: str


@dataclass(frozen=True)
class Bar:
    """One month of the chart: its name, and how high each of its three parts is, out of 100."""

    name: str
    settled: int
    early: float
    on_time: float
    late: float


def listed(visit: Visit) -> Response:
    """The bulletins held here, the newest first, narrowed by the address."""
    return _list(visit)


def publish(visit: Visit) -> Response:
    """Publish a period that is over. What cannot be published is said on the list."""
    period = visit.line("period")
    try:
        kind = bulletin_tables.kind_of(period)
        done = visit.site.casebook.publish_bulletin(visit.staff.staff_no, visit.staff.roles, kind, period)
    except BadBody as bad:
        return _list(visit, 422, visit.t(bad.zh, bad.en), period)
    except NotAllowed as refused:
        return _list(visit, 409, visit.t(refused.zh, refused.en), period)
    return visit.redirect("bulletin", place=done.place, period=period, done="published")


def _list(visit: Visit, status: int = 200, problem: str = "", typed: str = "") -> Response:
    book = visit.site.casebook
    every = book.bulletins()
    own = [each for each in every if each.place == visit.site.config.place]
    asked = _filters(visit)
    fitting = [each for each in every if asked.fit(_words(visit, each), kind=_said(each).kind)]
    listed = counter_books.listed(visit, "bulletins", fitting)
    open_periods = [
        (period, words)
        for period, words in figures.choices(visit, bulletin_period(visit))
        if book.why_not_publish(bulletin_tables.kind_of(period), period) is None
    ]
    return visit.render(
        "bulletins.html",
        status,
        problem=problem,
        typed=typed or (open_periods[0][0] if open_periods else ""),
        filters=asked,
        listed=listed._replace(rows=[_line(visit, each) for each in listed.rows]),
        may_publish=book.may_publish_bulletins(visit.staff.roles),
        open_periods=open_periods,
        running=_running(visit),
        bars=bars(visit, own or every),
    )


KINDS: Final[dict[str, tuple[str, str]]] = {
    "month": ("月度", "Months"),
    "quarter": ("季度", "Quarters"),
    "year": ("年度", "Years"),
}


def _filters(visit: Visit) -> Filters:
    kinds = [(each, visit.t(*KINDS[each])) for each in periods.PERIODS]
    label = visit.t("期间、文号或发布单位", "Period, number, or by whom")
    return filters.asked(visit, "bulletins", label, Choice("kind", visit.t("周期", "Period of"), kinds))


def bulletin_period(visit: Visit) -> str:
    """The month that is over; by a clock that went back to its beginning, the first there is."""
    month = periods.period_of("month", day_of(visit.now_ms))
    return periods.before("month", month) if periods.days_of("month", month)[0] > FIRST_DAY else month


def _said(published: Published) -> Bulletin:
    assert isinstance(published.said, Bulletin)
    return published.said


def _words(visit: Visit, published: Published) -> tuple[str, ...]:
    """What the line of a bulletin is found by."""
    said = _said(published)
    period = bulletin_tables.period_words(visit, said.kind, said.period)
    return said.number, period, said.period, visit.place_name(published.place)


def _line(visit: Visit, published: Published) -> Line:
    """Put one bulletin into a line: with the score of the place in front, where it is ranked in it."""
    said, here = _said(published), visit.site.config.place
    found, own = _rank_of(said, here) if published.place != here else None, ""
    if found is not None:
        own = visit.t(f"第 {found.rank} 名，{found.score} 分", f"no. {found.rank}, {found.score} points")
        if found.flag:
            own += visit.t("，红旗", ", red flag")
        elif found.bottom:
            own += visit.t("，末位", ", among the last")
    period = bulletin_tables.period_words(visit, said.kind, said.period)
    return Line(published, said, period, visit.place_name(published.place), own)


def _rank_of(said: Bulletin, place: str) -> Ranked | None:
    """How a place stands by a bulletin; None where it is not ranked. What does not name it is not worked out."""
    if all(each.place != place for each in said.places):
        return None
    return next((each for lines in standings.rankings(said).values() for each in lines if each.name == place), None)


def _running(visit: Visit) -> list[tuple[str, int]]:
    """Who is among the last for two months running or more: of everybody where we publish, of ourselves elsewhere."""
    here = visit.site.config.place
    return [
        (name if group == "department" else visit.place_name(name), months)
        for publisher, group, name, months in visit.site.casebook.running()
        if months > 1 and here in (publisher, name)
    ]


def bars(visit: Visit, published: list[Published]) -> list[Bar]:
    """The months of one publisher, the oldest first: promised cases settled early, on the last day and late."""
    if not published:
        return []
    months = [_said(each) for each in published if _said(each).kind == "month" and each.place == published[0].place]
    sums = [(each.period, each.whole) for each in reversed(months[:_MONTHS])]
    most = max((tally.promised for _, tally in sums), default=0)
    if not most:
        return []
    return [
        Bar(
            period[2:],
            tally.promised,
            round(100 * tally.early / most, 1),
            round(100 * tally.on_time / most, 1),
            round(100 * tally.late / most, 1),
        )
        for period, tally in sums
    ]


def bulletin(visit: Visit, place: str, period: str) -> Response:
    """One bulletin as it was published."""
    return show(visit, fetch(visit, place, period))


def fetch(visit: Visit, place: str, period: str) -> Published:
    """The bulletin that a place published of a period. Raises NotFound."""
    for each in visit.site.casebook.bulletins():
        if each.place == place and _said(each).period == period:
            return each
    raise NotFound


def show(visit: Visit, published: Published, status: int = 200, problem: str = "") -> Response:
    """The page of a bulletin."""
    book = visit.site.casebook
    return visit.render(
        "bulletin.html",
        status,
        problem=problem,
        published=published,
        by=visit.place_name(published.place),
        actor=visit.site.accounts.name_of(published.actor) if published.place == visit.site.config.place else "",
        done=visit.request.args.get("done", ""),
        **figures.shown(visit, _said(published), published.place, book.streaks(published)),
    )


def print_bulletin(visit: Visit, place: str, period: str) -> Response:
    """A bulletin as the A4 sheet that is sent. It names no person."""
    published = fetch(visit, place, period)
    said = _said(published)
    told = sheets.Told(
        offices(visit).hall(place),
        bulletin_tables.period_words(visit, said.kind, said.period),
        [(row.name, row.tally) for row in bulletin_tables.place_rows(visit, said, place)],
        [
            (title, [(each.name, each.ranked, sheets.reasons(each.why), each.streak) for each in lines])
            for title, lines in bulletin_tables.rankings(visit, said, visit.site.casebook.streaks(published))
        ],
        bulletin_tables.idle_places(visit, said, place),
        bulletin_tables.services(visit, said),
        sealed_by(visit, place, {"seal": said.seal}, published.at_ms),
    )
    try:
        paper = visit.site.printer.print(sheets.TEMPLATE, sheets.given_for(published, said, told, visit.now_ms))
    except NotPrinted as trouble:
        return show(visit, published, 503, visit.t(trouble.zh, trouble.en))
    noted: dict[str, object] = {"document": "bulletin", "sha256": sha256(paper).hexdigest()}
    visit.site.accounts.audit(visit.staff.staff_no, "document.print", said.number, noted)
    return prints.pdf(paper, f"{sheets.TITLE}-{said.number}")


def table(visit: Visit, place: str, period: str, form: str) -> Response:
    """A bulletin as a file, every line with all its numbers."""
    said = _said(fetch(visit, place, period))
    asked = {"place": place, "period": period}
    rows = bulletin_tables.export_rows(visit, said)
    return export.given(visit, Table("bulletin", bulletin_tables.HEAD, rows, asked), form)


def rules(visit: Visit) -> Response:
    """By which rules scores are worked out, and the form that publishes others."""
    return _rules(visit)


def set_rules(visit: Visit) -> Response:
    """Publish rules. What does not fit comes back as it was typed."""
    typed = {name: visit.line(name) for name in ("document_no", "since", "base", *RULES, "flags", "bottom")}
    try:
        visit.site.casebook.set_rules(visit.staff.staff_no, visit.staff.roles, rules_of(typed))
    except BadBody as bad:
        return _rules(visit, 422, visit.t(bad.zh, bad.en), typed, bad.field)
    except NotAllowed as refused:
        return _rules(visit, 409, visit.t(refused.zh, refused.en), typed)
    return visit.redirect("score_rules", done="published")


def rules_of(typed: Mapping[str, str]) -> Rules:
    """Rules as a form says them; what is no number comes back from the check of the rules."""

    def number(name: str) -> int:
        text = entry.number(typed[name])
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1

    points = tuple(number(rule) for rule in RULES)
    return Rules(number("base"), points, number("flags"), number("bottom"), typed["document_no"], typed["since"])


def _rules(
    visit: Visit, status: int = 200, problem: str = "", typed: dict[str, str] | None = None, wrong: str = ""
) -> Response:
    book, today = visit.site.casebook, day_of(visit.now_ms)
    in_force = book.rules_for("month", periods.period_of("month", today))
    usual = {
        "document_no": "",
        "since": "",
        "base": str(in_force.base),
        "flags": str(in_force.flags),
        "bottom": str(in_force.bottom),
        **{rule: str(points) for rule, points in zip(RULES, in_force.points, strict=True)},
    }
    return visit.render(
        "score_rules.html",
        status,
        problem=problem,
        errors={wrong: problem},
        typed=typed or usual,
        rule_words=[(rule, visit.t(*bulletin_tables.RULE_WORDS[rule])) for rule in RULES],
        may_set=book.may_set_rules(visit.staff.roles),
        sample=sample_rules(),
        versions=[(each, _points(visit, each.said)) for each in book.rules_published() if isinstance(each.said, Rules)],
        sample_points=_points(visit, sample_rules()),
        in_force=in_force,
        done=visit.request.args.get("done", ""),
    )


def _points(visit: Visit, said: Rules) -> str:
    taken = []
    for rule, points in zip(RULES, said.points, strict=True):
        zh, en = bulletin_tables.RULE_WORDS[rule]
        if points:
            taken.append(visit.t(f"{zh}每件扣 {points} 分", f"{en} −{points}"))
    return visit.t("；", "; ").join(taken)


_ONE: Final = "/bulletins/<place>/<period>"
ROUTES: Final = (
    Route("/bulletins", "bulletins", listed, READS),
    Route("/bulletins", "publish_bulletin", publish, PUBLISHES, ("POST",)),
    Route(_ONE, "bulletin", bulletin, READS),
    Route(f"{_ONE}/print", "print_bulletin", print_bulletin, READS),
    Route(f"{_ONE}.<any(csv, xlsx):form>", "bulletin_export", table, Policy(EXPORTS, "node")),
    Route("/score-rules", "score_rules", rules, READS),
    Route("/score-rules", "set_score_rules", set_rules, SETS, ("POST",)),
)
