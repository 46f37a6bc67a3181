"""Figures put into rows and words: the same for what stands today and for what was published, on pages and in files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sync_protocol.case import standings
from sync_protocol.case.bulletins import RULES, Bulletin, Deduction, Rules
from sync_protocol.case.standings import Ranked
from sync_protocol.case.tallies import NOTHING, Tally
from sync_protocol.case.workdays import FIRST_DAY
from sync_protocol.places import about
from village_node.web import words
from village_node.web.export import Cell
from village_node.web.site import Visit
from village_node.web.timeliness import share

RULE_WORDS: Final[dict[str, tuple[str, str]]] = {
    "overdue": ("红牌（超期）", "red card (overdue)"),
    "bad_rating": ("差评成立", "bad rating that stands"),
    "late_answer": ("督办、整改答复逾期", "late answer to supervision"),
    "yellow": ("黄牌", "yellow card"),
}
GROUP_WORDS: Final[dict[str, tuple[str, str]]] = {
    "township": ("乡镇排名", "Townships"),
    "village": ("村级排名", "Villages"),
    "department": ("部门排名", "Departments"),
}
TALLY_WORDS: Final[dict[str, tuple[str, str]]] = {
    "carried": ("上期结转", "Carried over"),
    "received": ("收件", "Received"),
    "accepted": ("受理", "Accepted"),
    "settled": ("办结", "Settled"),
    "ended": ("终止", "Ended"),
    "withdrawn": ("撤回", "Withdrawn"),
    "in_hand": ("期末在办", "In hand at the end"),
    "turned_away": ("受理前终结", "Over before acceptance"),
    "at_once": ("即办件办结", "Settled at once"),
    "promised": ("承诺件办结", "Promised cases settled"),
    "early": ("提前", "Early"),
    "on_time": ("当日到期", "On the last day"),
    "late": ("超期", "Late"),
    "used": ("用时合计（工作日）", "Working days used"),
    "left": ("提前合计（工作日）", "Working days left"),
    "joint": ("联办件办结", "Joint cases settled"),
    "upward": ("上报件办结", "Cases reported up settled"),
    "denied": ("不予许可", "Refused"),
    "rated": ("参评", "Rated"),
    "satisfied": ("满意和基本满意", "Satisfied"),
    "corrected": ("补正过的", "Asked for papers"),
    "corrected_again": ("补正一次以上的", "Asked more than once"),
    "near": ("就近收件", "Received near"),
    "yellow": ("黄牌", "Yellow cards"),
    "red": ("红牌", "Red cards"),
    "bad": ("差评成立", "Bad ratings"),
    "late_answers": ("答复逾期", "Late answers"),
}
HEAD: Final = (
    ("期间", "Period"), ("类别", "Line"), ("代码", "Code"), ("名称", "Name"), *TALLY_WORDS.values(), ("得分", "Score"),
    ("名次", "Rank"),
)  # fmt: skip
_LINES: Final = {"place": ("单位", "place"), "department": ("部门", "department"), "item": ("事项", "item")}


@dataclass(frozen=True)
class Row:
    """One line of a table of figures. ``whole``: with those below it."""

    code: str
    name: str
    tally: Tally
    whole: bool = False


@dataclass(frozen=True)
class Standing:
    """One line of a ranking: what was taken off for what, and for how many months running it is among the last."""

    name: str
    ranked: Ranked
    why: list[tuple[str, int, int]]
    streak: int


@dataclass(frozen=True)
class Taken:
    """One deduction: by which rule, how much, whose fault, when, and the case, as far as it is held here."""

    rule: str
    points: int
    whose: str
    day: str
    place: str
    case_id: str
    case_no: str


def period_words(visit: Visit, kind: str, period: str) -> str:
    """A period as people say it."""
    year, _, part = period.partition("-")
    if kind == "year":
        return visit.t(f"{year}年", year)
    if kind == "quarter":
        return visit.t(f"{year}年第{part[1:]}季度", f"{part} {year}")
    return visit.t(f"{year}年{int(part)}月", period)


def kind_of(period: str) -> str:
    """Whether what was asked for is a month, a quarter or a year, by its look."""
    if "Q" in period:
        return "quarter"
    return "month" if "-" in period else "year"


def place_rows(visit: Visit, said: Bulletin, front: str) -> list[Row]:
    """The place in front, and each one right below with all that is below that."""
    lines, top = said.places, _top(said, front)
    has_below = {each.parent for each in lines} - {top}
    sums = _with_those_below(said, top)
    order = sorted(sums, key=lambda at: (at != top, lines[at].place))
    return [Row(lines[at].place, visit.place_name(lines[at].place), sums[at], at in has_below) for at in order]


def _top(said: Bulletin, front: str) -> int:
    """The line of who publishes, or of the place that was asked for; -1 where it has none."""
    return next((at for at, each in enumerate(said.places) if each.place == front), -1)


def _with_those_below(said: Bulletin, top: int) -> dict[int, Tally]:
    """Of the place in front, and of each one right below with all that is below that, by index."""
    lines, sums = said.places, dict[int, Tally]()
    for at, each in enumerate(lines):
        upper = at
        while upper != top and lines[upper].parent not in (top, -1):
            upper = lines[upper].parent
        sums[upper] = sums.get(upper, NOTHING).plus(each.tally)
    return sums


def department_rows(said: Bulletin) -> list[Row]:
    """The departments."""
    return [Row("", name, tally) for name, tally in said.departments]


def item_rows(visit: Visit, said: Bulletin) -> list[Row]:
    """The items with a case, those settled most often first."""
    found = [Row(each.item_no, _item_name(visit, each.item_no), each.tally) for each in said.items]
    return sorted(found, key=lambda row: (-row.tally.settled, -row.tally.accepted, row.code))


def _item_name(visit: Visit, item_no: str) -> str:
    item = visit.site.catalogue.newest(item_no)
    return visit.t(item.name, item.name_en) if item is not None else item_no


def idle_places(visit: Visit, said: Bulletin, front: str) -> list[str]:
    """The places below where nothing came in, was settled or waits (零办件), nor below them."""
    top = _top(said, front)
    sums = _with_those_below(said, top)
    return [
        visit.place_name(each.place)
        for at, each in enumerate(said.places)
        if at != top and sums.get(at, each.tally).idle
    ]


def rankings(visit: Visit, said: Bulletin, streaks: Mapping[tuple[str, str], int]) -> list[tuple[str, list[Standing]]]:
    """Each ranking with its title; those in which nobody is to be ranked are left out."""
    found = []
    for group, lines in standings.rankings(said).items():
        standing = [
            Standing(
                each.name if group == "department" else visit.place_name(each.name),
                each,
                explained(visit, each.tally, said.rules),
                streaks.get((group, each.name), 0),
            )
            for each in lines
        ]
        if standing:
            found.append((visit.t(*GROUP_WORDS[group]), standing))
    return found


def explained(visit: Visit, tally: Tally, rules: Rules) -> list[tuple[str, int, int]]:
    """(rule in words, how often, points taken off for it) for each rule that takes anything off."""
    return [
        (visit.t(*RULE_WORDS[rule]), times, times * points)
        for rule, times, points in zip(RULES, tally.faults(), rules.points, strict=True)
        if times and points
    ]


def deductions(visit: Visit, said: Bulletin) -> list[Taken]:
    """What the points were taken off for, each with its case."""
    keys = [(about(each.home), each.case_id) for each in said.deductions]
    numbers = visit.site.casebook.numbers_of(keys)
    return [_taken(visit, said, each, number or "") for each, number in zip(said.deductions, numbers, strict=True)]


def _taken(visit: Visit, said: Bulletin, each: Deduction, case_no: str) -> Taken:
    return Taken(
        visit.t(*RULE_WORDS[RULES[each.rule]]),
        said.rules.points[each.rule],
        said.departments[each.department][0] if each.department >= 0 else visit.place_name(each.place),
        (FIRST_DAY + timedelta(each.day)).isoformat(),
        each.home,
        each.case_id.hex(),
        case_no,
    )


def counted_deductions(said: Bulletin) -> int:
    """How many there are in all, of which a list may name only the first."""
    return sum(
        times
        for each in said.places
        for times, points in zip(each.tally.faults(), said.rules.points, strict=True)
        if points
    )


def services(visit: Visit, said: Bulletin) -> list[tuple[str, str, int]]:
    """Services given: where, what, how often."""
    return [
        (visit.place_name(place), visit.t(*words.choice_words(what)), times) for place, what, times in said.services
    ]


def figures(tally: Tally) -> dict[str, str]:
    """The rates that one line of a table shows."""
    return {
        "in_time": share(tally.early + tally.on_time, tally.promised),
        "early": share(tally.early, tally.promised),
        "satisfied": share(tally.satisfied, tally.rated),
        "rated": share(tally.rated, tally.settled),
        "at_once": share(tally.at_once, tally.settled),
        "near": share(tally.near, tally.received),
        "told_once": share(tally.corrected - tally.corrected_again, tally.corrected),
        "settled": share(tally.settled, tally.accepted),
    }


def export_rows(visit: Visit, said: Bulletin) -> Iterator[list[Cell]]:
    """Every line with all its numbers, from which every rate can be worked out again: places each by itself."""
    ranks = {each.name: each for lines in standings.rankings(said).values() for each in lines}
    for line, rows in _every_line(visit, said):
        for row in rows:
            found = ranks.get(row.name if line == "department" else row.code)
            score: list[Cell] = [found.score, found.rank] if found is not None and line != "item" else ["", ""]
            yield [said.period, visit.t(*_LINES[line]), row.code, row.name, *row.tally, *score]


def _every_line(visit: Visit, said: Bulletin) -> Iterable[tuple[str, list[Row]]]:
    yield "place", [Row(each.place, visit.place_name(each.place), each.tally) for each in said.places]
    yield "department", department_rows(said)
    yield "item", item_rows(visit, said)
