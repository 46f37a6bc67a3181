"""The bulletin (通报) of a period as a place publishes it, and the rules by which its score is worked out.

An event of kind 82 lies in the ``below:`` scope of its author's place, apart, about no case. What was published is the
numbers themselves with the rules they were judged by, so it stays what it was whatever arrives later; who reads it
works out scores and ranks again and comes to the same. No field can hold a word about a person: there are numbers,
places, items, departments, and which case a deduction comes from.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final, NamedTuple

from sync_protocol import encoding, limits
from sync_protocol.case import kinds
from sync_protocol.case.bodies import is_date, is_int, is_place, plain
from sync_protocol.case.events import Position
from sync_protocol.case.publications import age, body_of

KIND: Final = kinds.BULLETIN
PERIODS: Final = ("month", "quarter", "year")
RULES: Final = ("overdue", "bad_rating", "late_answer", "yellow")
DOCUMENT_MAX: Final = 80
NAME_MAX: Final = 60
SEAL_MAX: Final = 40
MOST_PLACES: Final = 600
MOST_DEPARTMENTS: Final = 100
MOST_ITEMS: Final = 600
MOST_DEDUCTIONS: Final = 400
MOST_SERVICES: Final = 600
MOST_POINTS: Final = 1_000
MOST_MARKED: Final = 100
PART: Final = 24_000  # bytes of a long bulletin in one event
MOST_PARTS: Final = 8
_COUNT: Final = 2**53 - 1
_CASE_ID: Final = 16
_MONTHS: Final = {"quarter": 3, "year": 12}
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2199


class Tally(NamedTuple):
    """The numbers of one line, in the order in which they travel.

    ``carried``: accepted and not settled when the period began; ``ended``: of the accepted, for want of papers or fee;
    ``turned_away``: ended before acceptance; ``early`` to ``left``: of the settled 承诺件 (``promised``), the days used
    and those left of the promise among them; ``near``: received at a village or township; ``yellow`` to
    ``late_answers``: of a place and of a department those that are its fault.
    """

    carried: int = 0
    received: int = 0
    accepted: int = 0
    settled: int = 0
    ended: int = 0
    withdrawn: int = 0
    in_hand: int = 0
    turned_away: int = 0
    at_once: int = 0
    promised: int = 0
    early: int = 0
    on_time: int = 0
    late: int = 0
    used: int = 0
    left: int = 0
    joint: int = 0
    upward: int = 0
    denied: int = 0
    rated: int = 0
    satisfied: int = 0
    corrected: int = 0
    corrected_again: int = 0
    near: int = 0
    yellow: int = 0
    red: int = 0
    bad: int = 0
    late_answers: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    @property
    def balanced(self) -> bool:
        """Whether what was carried over and accepted is what was settled, ended, withdrawn and left."""
        return self.carried + self.accepted == self.settled + self.ended + self.withdrawn + self.in_hand

    @property
    def idle(self) -> bool:
        """Whether there was nothing to be judged by: no case and no fault."""
        return not any(self)

    def faults(self) -> tuple[int, ...]:
        """How often each rule applies, in the order of RULES."""
        return self.red, self.bad, self.late_answers, self.yellow


NOTHING: Final = Tally()


class Rules(NamedTuple):
    """What is taken off for what; ``points`` in the order of RULES. ``flags``: how many get the red flag; ``bottom``:
    how many of the last are named. Without a document number they are the sample that the program brings."""

    base: int
    points: tuple[int, ...]
    flags: int
    bottom: int
    document_no: str = ""
    since: str = ""


class PlaceLine(NamedTuple):
    """The numbers of one place; ``parent``: the place above it in the same list, by its index, -1 for none, of a
    higher level; ``level``: 0 county, 1 township, 2 village or station."""

    place: str
    level: int
    parent: int
    tally: Tally


class ItemLine(NamedTuple):
    """The numbers of one item; ``department``: by its index among the departments."""

    item_no: str
    department: int
    tally: Tally


class Deduction(NamedTuple):
    """What a deduction comes from: by which rule, whose fault, which case, and the day (days since 1970). A department
    is at fault where the place is the county that publishes: ``department`` is its index, -1 elsewhere."""

    rule: int
    place: str
    department: int
    home: str
    case_id: bytes
    day: int


class Bulletin(NamedTuple):
    """What was published of a period: ``late``: of the period before, what arrived after its bulletin: received,
    accepted, settled; ``services``: (place, what, how often); ``seal``: the one it bears, by its number."""

    number: str
    kind: str
    period: str
    rules: Rules
    places: tuple[PlaceLine, ...]
    departments: tuple[tuple[str, Tally], ...]
    items: tuple[ItemLine, ...]
    deductions: tuple[Deduction, ...]
    services: tuple[tuple[str, str, int], ...]
    late: tuple[int, int, int] = (0, 0, 0)
    seal: str = ""

    @property
    def whole(self) -> Tally:
        """All places together."""
        sums = NOTHING
        for each in self.places:
            sums = sums.plus(each.tally)
        return sums


class Part(NamedTuple):
    """A piece of a bulletin that is too long for one event: of which number, the how manieth of how many."""

    number: str
    at: int
    of: int
    raw: bytes


class Published(NamedTuple):
    """A bulletin, or rules, with who published it, where and when; ``order``: of its incarnation in the roster."""

    position: Position
    order: int
    place: str
    actor: str
    at_ms: int
    said: Bulletin | Rules | Part


class Ranked(NamedTuple):
    """How one place or department stands: ``rank`` from 1, shared where nothing tells two apart; ``flag``: among the
    first; ``bottom``: among the last."""

    name: str
    tally: Tally
    score: int
    rank: int
    flag: bool
    bottom: bool


def days_of(kind: str, period: str) -> tuple[date, date]:
    """The first and last day of a period: `2026-10`, `2026-Q4` or `2026`. Raises ValueError for anything else."""
    year, _, rest = period.partition("-")
    shaped = year.isascii() and year.isdecimal() and len(year) == 4 and _FIRST_YEAR <= int(year) <= _LAST_YEAR
    part = rest.removeprefix("Q") if kind == "quarter" else rest
    if kind not in PERIODS or not shaped or period != _spelled(kind, int(year), int(part) if part.isdecimal() else 0):
        raise ValueError("period")
    if kind == "month":
        month, length = int(part), 1
    else:
        month, length = (1 + 3 * (int(part) - 1) if kind == "quarter" else 1), _MONTHS[kind]
    after = date(int(year) + (month + length > 12), (month + length - 1) % 12 + 1, 1)
    return date(int(year), month, 1), after - timedelta(1)


def period_of(kind: str, day: date) -> str:
    """The period that a day is in."""
    part = {"month": day.month, "quarter": (day.month + 2) // 3}.get(kind, 0)
    return _spelled(kind, day.year, part)


def _spelled(kind: str, year: int, part: int) -> str:
    if kind == "month" and 1 <= part <= 12:
        return f"{year}-{part:02d}"
    if kind == "quarter" and 1 <= part <= 4:
        return f"{year}-Q{part}"
    return f"{year}" if kind == "year" and part == 0 else ""


def before(kind: str, period: str) -> str:
    """The period before this one."""
    return period_of(kind, days_of(kind, period)[0] - timedelta(1))


def score(tally: Tally, rules: Rules) -> int:
    """The base less what is taken off, never below nought."""
    return max(rules.base - sum(map(int.__mul__, rules.points, tally.faults())), 0)


def ranked(lines: Iterable[tuple[str, Tally]], rules: Rules) -> list[Ranked]:
    """Lines in the order of a ranking: by score, then the share settled in time, then the share of satisfied ratings,
    then how many were settled. What was idle is left out. No more than half of them get the flag; nobody who has lost
    no point, or has the flag, is among the last, nor is who stands alone."""
    judged = [(name, tally, score(tally, rules)) for name, tally in lines if not tally.idle]
    keys = {name: _key(tally, points) for name, tally, points in judged}
    ordered = sorted(judged, key=lambda each: each[0])
    ordered.sort(key=lambda each: keys[each[0]], reverse=True)
    found, every, alone = [], sorted(keys.values()), len(ordered) < 2
    for name, tally, points in ordered:
        rank, behind = 1 + len(every) - bisect_right(every, keys[name]), bisect_left(every, keys[name])
        as_good = len(every) - bisect_left(every, keys[name])  # or better, itself counted
        flag = not alone and rank <= rules.flags and as_good <= len(ordered) // 2
        bottom = not alone and not flag and points < rules.base and behind < rules.bottom
        found.append(Ranked(name, tally, points, rank, flag, bottom))
    return found


def _key(tally: Tally, points: int) -> tuple[float, ...]:
    in_time = (tally.early + tally.on_time) / tally.promised if tally.promised else 1.0
    satisfied = tally.satisfied / tally.rated if tally.rated else 1.0
    return points, in_time, satisfied, tally.settled


def rankings(said: Bulletin) -> dict[str, list[Ranked]]:
    """Who is ranked against whom: the places of each level below the highest one in the bulletin (`township`,
    `village`), and departments."""
    top = min((each.level for each in said.places), default=0)
    names = {1: "township", 2: "village"}
    groups = {
        names[level]: ranked(((each.place, each.tally) for each in said.places if each.level == level), said.rules)
        for level in sorted(names)
        if level > top
    }
    if top == 0:
        groups["department"] = ranked(said.departments, said.rules)
    return groups


def streaks(published: Iterable[Published], last: Published) -> dict[tuple[str, str], int]:
    """(group, name) -> for how many months running, up to this bulletin's, it was among the last. Only of a month."""
    months = {
        each.said.period: each.said
        for each in sorted(published, key=age, reverse=True)
        if isinstance(each.said, Bulletin) and each.said.kind == "month" and each.place == last.place
    }
    assert isinstance(last.said, Bulletin)
    if last.said.kind != "month":
        return {}
    period, running = last.said.period, _last_of(last.said)
    found = dict.fromkeys(running, 1)
    while running:
        period = before("month", period)
        if period not in months:
            break
        running &= _last_of(months[period])
        for key in running:
            found[key] += 1
    return found


def _last_of(said: Bulletin) -> set[tuple[str, str]]:
    return {(group, each.name) for group, lines in rankings(said).items() for each in lines if each.bottom}


def counting(published: Iterable[Published]) -> list[Published]:
    """The bulletins that count, of the newest period first: of several that one place published of one period the
    first. What is written again later changes nothing."""
    found: dict[tuple[str, str, str], Published] = {}
    for each in sorted(published, key=age):
        if isinstance(each.said, Bulletin):
            found.setdefault((each.place, each.said.kind, each.said.period), each)
    return sorted(found.values(), key=_newest)


def _newest(each: Published) -> tuple[int, int, str]:
    assert isinstance(each.said, Bulletin)
    first, last = days_of(each.said.kind, each.said.period)
    return -last.toordinal(), first.toordinal() - last.toordinal(), each.place


def rules_for(published: Iterable[Published], day: date) -> Published | None:
    """The rules in force on a day: those that begin last, of several of one day the newest; None where none do."""
    begun = [
        (each.said.since, age(each), each)
        for each in published
        if isinstance(each.said, Rules) and each.said.since <= day.isoformat()
    ]
    return max(begun, key=lambda found: found[:2])[2] if begun else None


def joined(published: Iterable[Published]) -> list[Published]:
    """What was published with every bulletin whole: one that came in parts stands where its first part does, and one
    of which a part is missing says nothing yet. Of two parts alike the first counts."""
    whole: list[Published] = []
    parts: dict[tuple[str, str, int], dict[int, Published]] = {}
    for each in sorted(published, key=age):
        if isinstance(each.said, Part):
            held = parts.setdefault((each.place, each.said.number, each.said.of), {})
            held.setdefault(each.said.at, each)
        else:
            whole.append(each)
    for (_, number, of), held in parts.items():
        said = _from_parts([held[index] for index in sorted(held)]) if len(held) == of else None
        if said is not None and said.number == number:
            whole.append(held[0]._replace(said=said))
    return whole


def _from_parts(parts: Iterable[Published]) -> Bulletin | None:
    said = from_bytes(b"".join(each.said.raw for each in parts if isinstance(each.said, Part)))
    return said if isinstance(said, Bulletin) else None


def bodies_of(said: Bulletin | Rules) -> list[bytes]:
    """The bodies of the events that say it: one, or several parts of a long bulletin. Raises ValueError naming the
    first field that does not fit, or ``size``."""
    body = _rules_body(said) if isinstance(said, Rules) else _bulletin_body(said)
    wrong = _first_wrong(body)
    if wrong is not None:
        raise ValueError(wrong)
    raw = encoding.encode(body)
    if len(raw) <= limits.BODY_APART:
        return [raw]
    cut = [raw[start : start + PART] for start in range(0, len(raw), PART)]
    if len(cut) > MOST_PARTS:
        raise ValueError("size")
    return [encoding.encode({0: "part", 1: body[1], 2: at, 3: len(cut), 4: piece}) for at, piece in enumerate(cut)]


def _rules_body(said: Rules) -> dict[int, Any]:
    return {0: "rules", 1: said.document_no, 2: said.since, 3: [said.base, *said.points, said.flags, said.bottom]}


def _bulletin_body(said: Bulletin) -> dict[int, Any]:
    rules = said.rules
    return {
        0: "bulletin",
        1: said.number,
        2: said.kind,
        3: said.period,
        4: [rules.document_no, rules.since, rules.base, *rules.points, rules.flags, rules.bottom],
        5: [[each.place, each.level, each.parent, _short(each.tally)] for each in said.places],
        6: [[name, _short(tally)] for name, tally in said.departments],
        7: [[each.item_no, each.department, _short(each.tally)] for each in said.items],
        8: [list(each) for each in said.deductions],
        9: [list(each) for each in said.services],
        10: list(said.late),
        11: said.seal,
    }


def _short(tally: Tally) -> list[int]:
    """The numbers without the noughts at the end."""
    numbers = list(tally)
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers


def from_bytes(raw: bytes) -> Bulletin | Rules | Part | None:
    """What a body says; None where it does not fit its form, and then it says nothing."""
    body = body_of(raw, _first_wrong)
    if body is None:
        return None
    if body[0] == "part":
        return Part(*(body[field] for field in range(1, 5)))
    if body[0] == "rules":
        return _rules([body[1], body[2], *body[3]])
    return Bulletin(
        body[1],
        body[2],
        body[3],
        _rules(body[4]),
        tuple(PlaceLine(place, level, parent, Tally(*numbers)) for place, level, parent, numbers in body[5]),
        tuple((name, Tally(*numbers)) for name, numbers in body[6]),
        tuple(ItemLine(item_no, department, Tally(*numbers)) for item_no, department, numbers in body[7]),
        tuple(Deduction(*each) for each in body[8]),
        tuple((place, what, times) for place, what, times in body[9]),
        tuple(body[10]),
        body[11],
    )


def _rules(said: Sequence[Any]) -> Rules:
    document_no, since, base, *points, flags, bottom = said
    return Rules(base, tuple(points), flags, bottom, document_no, since)


def _first_wrong(body: Mapping[int, Any]) -> str | None:
    """The name of the first field that does not fit; None if all do."""
    if body.get(0) == "rules":
        return _wrong_rules(body)
    if body.get(0) == "part":
        return _wrong_part(body)
    if body.get(0) != "bulletin":
        return "what"
    if not plain(body.get(1), 1, DOCUMENT_MAX):
        return "number"
    kind, period = body.get(2), body.get(3)
    if kind not in PERIODS:
        return "kind"
    if type(period) is not str or not _is_period(kind, period):
        return "period"
    return _wrong_lines(body)


def _wrong_part(body: Mapping[int, Any]) -> str | None:
    if not plain(body.get(1), 1, DOCUMENT_MAX):
        return "number"
    if not is_int(body.get(3), 2, MOST_PARTS):
        return "of"
    if not is_int(body.get(2), 0, body[3] - 1):
        return "at"
    raw = body.get(4)
    return None if type(raw) is bytes and 1 <= len(raw) <= PART else "raw"


def _wrong_rules(body: Mapping[int, Any]) -> str | None:
    if not plain(body.get(1), 1, DOCUMENT_MAX):
        return "document_no"
    if not is_date(body.get(2)):
        return "since"
    return None if _are_points(body.get(3)) else "points"


def _are_points(value: object) -> bool:
    """Whether these are base, points by rule, flags and bottom."""
    if type(value) is not list or len(value) != len(RULES) + 3:
        return False
    *points, flags, bottom = value
    return (
        all(is_int(each, 0, MOST_POINTS) for each in points)
        and points[0] > 0
        and is_int(flags, 0, MOST_MARKED)
        and is_int(bottom, 0, MOST_MARKED)
    )


def _is_period(kind: str, period: str) -> bool:
    try:
        days_of(kind, period)
    except ValueError:
        return False
    return True


def _wrong_lines(body: Mapping[int, Any]) -> str | None:
    rules = body.get(4)
    if type(rules) is not list or len(rules) < 2 or not plain(rules[0], 0, DOCUMENT_MAX):
        return "rules"
    if (rules[1] != "" or rules[0] != "") and not (is_date(rules[1]) and rules[0]):
        return "rules"
    if not _are_points(rules[2:]):
        return "rules"
    if not _are(body.get(5), MOST_PLACES, _is_place_line) or not _sorted(body[5]) or not body[5]:
        return "places"
    if not all(each[2] < 0 or (each[2] < len(body[5]) and body[5][each[2]][1] < each[1]) for each in body[5]):
        return "places"  # whose parent stands no higher: they might stand in a circle
    if not _are(body.get(6), MOST_DEPARTMENTS, _is_department) or not _sorted(body[6]):
        return "departments"
    if not _are(body.get(7), MOST_ITEMS, _is_item_line) or not _sorted(body[7]):
        return "items"
    if not all(each[1] < len(body[6]) for each in body[7]):
        return "items"
    if not _are(body.get(8), MOST_DEDUCTIONS, _is_deduction):
        return "deductions"
    if not all(each[2] < len(body[6]) for each in body[8]):
        return "deductions"
    if not _are(body.get(9), MOST_SERVICES, _is_service):
        return "services"
    late = body.get(10)
    if type(late) is not list or len(late) != 3 or not all(is_int(each, -_COUNT, _COUNT) for each in late):
        return "late"
    return None if plain(body.get(11), 0, SEAL_MAX) else "seal"


def _are(value: object, most: int, fits: Any) -> bool:
    return type(value) is list and len(value) <= most and all(type(each) is list and fits(each) for each in value)


def _sorted(lines: list[list[Any]]) -> bool:
    """Whether the lines stand in the order of their names, none of them twice."""
    return all(one[0] < other[0] for one, other in pairwise(lines))


def _is_tally(value: object) -> bool:
    if type(value) is not list or len(value) > len(Tally._fields):
        return False
    return all(
        is_int(each, -_COUNT if name == "left" else 0, _COUNT) for name, each in zip(Tally._fields, value, strict=False)
    )


def _is_place_line(each: list[Any]) -> bool:
    if len(each) != 4 or not is_place(each[0]) or not is_int(each[1], 0, 2):
        return False
    return is_int(each[2], -1, MOST_PLACES) and _is_tally(each[3])


def _is_department(each: list[Any]) -> bool:
    return len(each) == 2 and plain(each[0], 1, NAME_MAX) and _is_tally(each[1])


def _is_item_line(each: list[Any]) -> bool:
    if len(each) != 3 or not plain(each[0], 1, 32):
        return False
    return is_int(each[1], 0, MOST_DEPARTMENTS) and _is_tally(each[2])


def _is_deduction(each: list[Any]) -> bool:
    if len(each) != 6 or not is_int(each[0], 0, len(RULES) - 1) or not is_place(each[1]) or not is_place(each[3]):
        return False
    if not is_int(each[2], -1, MOST_DEPARTMENTS) or type(each[4]) is not bytes or len(each[4]) != _CASE_ID:
        return False
    return is_int(each[5], 0, 10**6)


def _is_service(each: list[Any]) -> bool:
    return len(each) == 3 and is_place(each[0]) and plain(each[1], 1, 32) and is_int(each[2], 1, _COUNT)
