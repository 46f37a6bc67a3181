"""How places and departments stand by a bulletin: scores, ranks, and who is among the last for how long."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from sync_protocol.case import periods
from sync_protocol.case.bulletins import Bulletin, Published, Rules
from sync_protocol.case.publications import age
from sync_protocol.case.tallies import Tally


class Ranked(NamedTuple):
    """How one place or department stands: ``rank`` from 1, shared where nothing tells two apart; ``flag``: among the
    first; ``bottom``: among the last."""

    name: str
    tally: Tally
    score: int
    rank: int
    flag: bool
    bottom: bool


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
        period = periods.before("month", period)
        if period not in months:
            break
        running &= _last_of(months[period])
        for key in running:
            found[key] += 1
    return found


def _last_of(said: Bulletin) -> set[tuple[str, str]]:
    return {(group, each.name) for group, lines in rankings(said).items() for each in lines if each.bottom}
