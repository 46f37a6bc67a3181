"""What a bulletin may say, how it is read by another hand, and how scores, ranks and streaks come of it."""

import random
from datetime import date
from typing import Any

import pytest

from sync_protocol import encoding, limits
from sync_protocol.case import Position, bulletin_bodies, bulletins, kinds, periods, standings
from sync_protocol.case.bulletins import Bulletin, Deduction, ItemLine, PlaceLine, Published, Rules
from sync_protocol.case.tallies import Tally
from sync_protocol.places import PlaceTree
from tests.sync_protocol.case.second_bulletin import read as second_read
from tests.sync_protocol.case.second_bulletin import within as second_within

COUNTY, TOWNSHIP, VILLAGE, OTHER = "621021000000", "621021101000", "621021101201", "621021101202"
RULES = Rules(100, (5, 3, 1, 0), 8, 2, "庆政务发〔2026〕9号", "2026-10-01")
GOOD = Tally(accepted=4, settled=4, promised=4, early=4)
SAID = Bulletin(
    "政务行审通报〔2026〕621021-7M7N-1号",
    "month",
    "2026-10",
    RULES,
    (
        PlaceLine(COUNTY, 0, -1, Tally(received=1)),
        PlaceLine(TOWNSHIP, 1, 0, Tally(left=-3, late=1, red=2)),
        PlaceLine(VILLAGE, 2, 1, GOOD),
        PlaceLine(OTHER, 2, 1, Tally(accepted=1, settled=1, promised=1, late=1, red=1)),
    ),
    (("民政", Tally(settled=5)),),
    (ItemLine("001", 0, Tally(settled=5, late_answers=1)),),
    (Deduction(0, OTHER, -1, OTHER, bytes(16), 20_730),),
    ((TOWNSHIP, "help", 3),),
    (1, -1, 2),
    "M-2",
)


def raw_of(said: Bulletin | Rules) -> bytes:
    (raw,) = bulletin_bodies.bodies_of(said)
    return raw


def body(**changes: Any) -> dict[int, Any]:
    raw: dict[int, Any] = encoding.decode(raw_of(SAID))
    return {**raw, **{int(name[1:]): value for name, value in changes.items()}}


def read(said: dict[int, Any]) -> Any:
    return bulletin_bodies.from_bytes(encoding.encode(said))


def published(said: Bulletin | Rules, seq: int = 1, order: int = 0, place: str = COUNTY) -> Published:
    return Published(Position(bytes(16), seq, bytes(8)), order, place, "1009", seq, said)


def test_what_was_published_comes_back_as_it_was() -> None:
    assert bulletin_bodies.from_bytes(raw_of(SAID)) == SAID
    assert bulletin_bodies.from_bytes(raw_of(RULES)) == RULES
    assert read({**body(), 12: "newer"}) == SAID and read({**body(), -1: "critical"}) is None
    assert bulletin_bodies.from_bytes(b"\xff") is None and bulletin_bodies.from_bytes(encoding.encode([1])) is None
    assert kinds.BY_NUMBER[bulletins.KIND].name == "bulletin" and bulletins.KIND == 82


LINE = [VILLAGE, 2, -1, []]


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        (0, "letter"), (1, ""), (1, "x" * 81), (2, "week"), (3, "2026-13"), (3, "2026-Q1"), (3, "2026"), (3, 2026),
        (4, ["", "", 100, 5, 3, 1, 0, 8]), (4, ["", "2026-10-01", 100, 5, 3, 1, 0, 8, 2]),
        (4, ["甲", "", 100, 5, 3, 1, 0, 8, 2]), (4, ["", "", 0, 5, 3, 1, 0, 8, 2]), (4, "rules"),
        (5, []), (5, [LINE, LINE]), (5, [["6210!", 2, -1, []]]), (5, [[VILLAGE, 3, -1, []]]),
        (5, [[VILLAGE, 2, 1, []]]), (5, [[VILLAGE, 2, 0, []]]), (5, [[VILLAGE, 1, 1, []], [OTHER, 1, 0, []]]),
        (5, [[VILLAGE, 1, 1, []], [OTHER, 2, -1, []]]),
        (5, [[VILLAGE, 2, -1, [0] * 28]]), (5, [[VILLAGE, 2, -1, [-1]]]), (5, [[VILLAGE, 2, -1, [True]]]),
        (5, [[OTHER, 2, -1, []], LINE]), (6, [["", []]]), (6, [["甲" * 61, []]]), (7, [["001", 1, []]]),
        (7, [["", 0, []]]), (8, [[4, VILLAGE, -1, VILLAGE, bytes(16), 1]]),
        (8, [[0, VILLAGE, 1, VILLAGE, bytes(16), 1]]),
        (8, [[0, VILLAGE, -1, VILLAGE, bytes(15), 1]]), (8, [[0, VILLAGE, -1, VILLAGE, bytes(16), -1]]),
        (9, [[VILLAGE, "help", 0]]), (10, [1, 2]), (10, None), (11, "x" * 41), (11, None),
    ],
)  # fmt: skip
def test_what_does_not_fit_says_nothing_here_or_at_a_second_reader(number: int, wrong: Any) -> None:
    said = body(**{f"_{number}": wrong})
    assert read(said) is None
    assert second_read(said) is None, "the second reader of this form agrees"


@pytest.mark.slow
def test_a_second_reader_agrees_on_bodies_bent_at_random() -> None:
    chance, verdicts = random.Random(82), set[bool]()
    odd: list[Any] = [
        None,
        True,
        -1,
        0,
        2**53,
        "",
        "2026-10",
        "month",
        b"",
        bytes(16),
        [],
        [0],
        [[]],
        {},
        "621021101201",
    ]
    for _ in range(6_000):
        said = body()
        at: Any = said
        key: Any = chance.choice(list(said))
        while type(at[key]) is list and at[key] and chance.random() < 0.8:
            at, key = at[key], chance.randrange(len(at[key]))
        at[key] = chance.choice(odd)
        mine = read(said)
        assert (mine is None) == (second_read(said) is None), said
        verdicts.add(mine is None)
    assert verdicts == {True, False}


BESIDE, ELSEWHERE = "621021102000", "621021102201"
PARENTS: dict[str, str | None] = {
    COUNTY: None,
    TOWNSHIP: COUNTY,
    BESIDE: COUNTY,
    VILLAGE: TOWNSHIP,
    OTHER: TOWNSHIP,
    ELSEWHERE: BESIDE,
}
LEVELS = {COUNTY: "county", TOWNSHIP: "township", BESIDE: "township"}


def tree(*codes: str) -> PlaceTree:
    return PlaceTree.from_rows((code, LEVELS.get(code, "village"), PARENTS[code], code) for code in codes)


def of_township(**changes: Any) -> Bulletin:
    """What the township says of itself and its villages."""
    lines = [line._replace(parent=line.parent - 1) for line in SAID.places[1:]]
    return SAID._replace(**{"places": tuple(lines), **changes})


def fault(**changes: Any) -> tuple[Deduction, ...]:
    return (SAID.deductions[0]._replace(**changes),)


@pytest.mark.parametrize(
    ("said", "its_own"),
    [
        (of_township(), True),
        (of_township(places=SAID.places), False),
        (of_township(places=(*of_township().places, PlaceLine(ELSEWHERE, 2, -1, GOOD))), False),
        (of_township(deductions=fault(place=ELSEWHERE)), False),
        (of_township(deductions=fault(place=COUNTY)), False),
        (of_township(deductions=fault(home=ELSEWHERE)), False),
        (of_township(services=((BESIDE, "help", 1),)), False),
        (of_township(services=(("X1", "help", 1),)), False),
    ],
)
def test_a_bulletin_names_who_publishes_it_and_those_below_and_nobody_else(said: Bulletin, its_own: bool) -> None:
    body = encoding.decode(raw_of(said))
    assert bulletins.within(said, TOWNSHIP, tree(*PARENTS)) is second_within(body, TOWNSHIP, PARENTS) is its_own
    assert not bulletins.within(said, BESIDE, tree(*PARENTS)) and not second_within(body, BESIDE, PARENTS)
    assert not bulletins.within(said, TOWNSHIP, tree(COUNTY, BESIDE)), "who publishes is not known yet"
    assert bulletins.within(said, COUNTY, tree(COUNTY, BESIDE)), "all stand below the root, known here or not"
    assert second_within(body, COUNTY, {COUNTY: None, BESIDE: COUNTY})
    if its_own:
        assert not bulletins.within(said, TOWNSHIP, tree(COUNTY, TOWNSHIP, VILLAGE)), "a place is not known yet"


def wide(places: int, number: int) -> Bulletin:
    """A bulletin with so many villages, each number as high as this."""
    codes = (f"{320_312_000_000 + n:012}" for n in range(places))
    return SAID._replace(
        places=tuple(PlaceLine(code, 2, -1, Tally(*([number] * 27))) for code in codes),
        items=tuple(ItemLine(f"{n:03}", 0, Tally(*([number] * 27))) for n in range(300)),
        deductions=(SAID.deductions[0],) * 400,
    )


def test_a_long_bulletin_goes_in_parts_and_is_whole_only_with_all_of_them() -> None:
    said = wide(600, 2**31)
    raws = bulletin_bodies.bodies_of(said)
    assert 2 < len(raws) <= bulletin_bodies.MOST_PARTS and all(len(raw) <= limits.BODY_APART for raw in raws)
    parts = [published(bulletin_bodies.from_bytes(raw), seq=10 + at) for at, raw in enumerate(raws)]  # type: ignore[arg-type]
    assert bulletin_bodies.joined(parts) == bulletin_bodies.joined(parts[::-1]) == [parts[0]._replace(said=said)]
    assert bulletin_bodies.joined(parts[:-1]) == bulletin_bodies.joined(parts[1:]) == []
    twice = [*parts, parts[1]._replace(position=Position(bytes(16), 99, bytes(8)), said=parts[2].said)]
    assert bulletin_bodies.joined(twice) == bulletin_bodies.joined(parts), "of two parts alike the first counts"
    elsewhere = [*parts[:-1], parts[-1]._replace(place=TOWNSHIP)]
    assert bulletin_bodies.joined(elsewhere) == [], "each place's parts are its own"
    with pytest.raises(ValueError, match="size"):
        bulletin_bodies.bodies_of(wide(600, 2**52))
    with pytest.raises(ValueError, match="places"):
        bulletin_bodies.bodies_of(wide(601, 1))


PIECE = {0: "part", 1: "通报1号", 2: 1, 3: 2, 4: b"x"}


@pytest.mark.parametrize(
    "change",
    [{1: ""}, {2: 2}, {2: -1}, {3: 1}, {3: 9}, {4: b""}, {4: bytes(bulletin_bodies.PART + 1)}, {4: "x"}, {0: "piece"}],
)
def test_a_part_that_does_not_fit_says_nothing(change: dict[int, Any]) -> None:
    assert read(PIECE) is not None and second_read(PIECE) is not None
    assert read({**PIECE, **change}) is None and second_read({**PIECE, **change}) is None


@pytest.mark.parametrize(
    ("kind", "period", "first", "last", "earlier"),
    [
        ("month", "2026-02", date(2026, 2, 1), date(2026, 2, 28), "2026-01"),
        ("month", "2024-02", date(2024, 2, 1), date(2024, 2, 29), "2024-01"),
        ("month", "2026-12", date(2026, 12, 1), date(2026, 12, 31), "2026-11"),
        ("month", "2026-01", date(2026, 1, 1), date(2026, 1, 31), "2025-12"),
        ("quarter", "2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "2026-Q3"),
        ("quarter", "2026-Q1", date(2026, 1, 1), date(2026, 3, 31), "2025-Q4"),
        ("year", "2026", date(2026, 1, 1), date(2026, 12, 31), "2025"),
    ],
)
def test_a_period_has_its_days(kind: str, period: str, first: date, last: date, earlier: str) -> None:
    assert periods.days_of(kind, period) == (first, last)
    assert periods.period_of(kind, first) == periods.period_of(kind, last) == period
    assert periods.before(kind, period) == earlier


@pytest.mark.parametrize(
    "period", ["", "2026", "2026-1", "2026-00", "2026-13", "2026-Q1", "２０２６-01", "1969-12", "2200-01"]
)
def test_what_is_no_month_is_refused(period: str) -> None:
    with pytest.raises(ValueError, match="period"):
        periods.days_of("month", period)


def test_a_score_is_the_base_less_what_each_rule_takes_off_and_never_below_nought() -> None:
    assert standings.score(Tally(red=2, bad=1, late_answers=3, yellow=9), RULES) == 100 - 10 - 3 - 3
    assert standings.score(Tally(red=21), RULES) == 0


def test_who_is_first_has_the_flag_and_who_lost_points_is_among_the_last() -> None:
    lines = [(f"v{n}", Tally(accepted=9, settled=9, promised=9, early=9 - n, late=n, red=n)) for n in range(6)]
    found = standings.ranked([*lines, ("idle", Tally())], RULES)
    assert [each.name for each in found] == ["v0", "v1", "v2", "v3", "v4", "v5"], "who was idle is not ranked"
    assert [each.rank for each in found] == [1, 2, 3, 4, 5, 6]
    assert [each.flag for each in found] == [True, True, True, False, False, False], "half of them at most"
    assert [each.bottom for each in found] == [False] * 4 + [True] * 2
    many = standings.ranked([(f"v{n}", GOOD) for n in range(6)], RULES)
    assert not any(each.flag for each in many), "who are all alike are not the better half"
    two = standings.ranked([("a", GOOD), ("b", GOOD), *lines[2:]], RULES)
    assert [each.name for each in two if each.flag] == ["a", "b", "v2"]
    equal = standings.ranked([("a", GOOD), ("b", GOOD)], RULES)
    assert [each.rank for each in equal] == [1, 1] and not any(each.bottom for each in equal)
    alone = standings.ranked([("a", Tally(accepted=1, red=1))], RULES)
    assert not alone[0].bottom and not alone[0].flag, "nobody is last among one"


def test_of_equal_scores_the_one_more_often_in_time_then_the_more_satisfying_then_the_busier_comes_first() -> None:
    by_time = [("a", Tally(promised=2, early=1, late=1, settled=9)), ("b", Tally(promised=2, on_time=2, settled=2))]
    assert [each.name for each in standings.ranked(by_time, RULES)] == ["b", "a"]
    by_word = [("a", Tally(rated=2, satisfied=1, settled=9)), ("b", Tally(rated=2, satisfied=2, settled=2))]
    assert [each.name for each in standings.ranked(by_word, RULES)] == ["b", "a"]
    by_number = [("a", Tally(settled=1)), ("b", Tally(settled=2))]
    assert [each.name for each in standings.ranked(by_number, RULES)] == ["b", "a"]


def test_each_level_below_the_publisher_is_ranked_by_itself_and_departments_at_a_county_alone() -> None:
    assert {group: [each.name for each in lines] for group, lines in standings.rankings(SAID).items()} == {
        "township": [TOWNSHIP],
        "village": [VILLAGE, OTHER],
        "department": ["民政"],
    }
    lower = SAID._replace(places=SAID.places[1:], items=(), departments=(), deductions=())
    assert list(standings.rankings(lower)) == ["village"]


def month(period: str, worst: str = OTHER) -> Bulletin:
    """A month in which one village loses points and the other none."""
    tallies = {place: Tally(accepted=1, red=1) if place == worst else GOOD for place in (VILLAGE, OTHER)}
    places = (SAID.places[0]._replace(tally=Tally()), *(PlaceLine(place, 2, 0, tallies[place]) for place in tallies))
    return SAID._replace(period=period, places=places, items=(), departments=(), deductions=())


def test_how_many_months_running_somebody_is_among_the_last_is_counted_back_from_a_bulletin() -> None:
    every = [published(month(f"2026-{n:02}"), seq=n) for n in (7, 8, 9)]
    assert standings.streaks(every, every[2]) == {("village", OTHER): 3}
    assert standings.streaks(every, every[1]) == {("village", OTHER): 2}, "what came later is not counted"
    gap = [every[0], every[2]]
    assert standings.streaks(gap, every[2]) == {("village", OTHER): 1}, "a month without a bulletin ends it"
    turned = [every[0], published(month("2026-08", VILLAGE), seq=8), every[2]]
    assert standings.streaks(turned, every[2]) == {("village", OTHER): 1}
    elsewhere = [published(month("2026-08"), seq=8, place=TOWNSHIP), every[2]]
    assert standings.streaks(elsewhere, every[2]) == {("village", OTHER): 1}, "another place's are its own"
    quarter = published(month("2026-08")._replace(kind="quarter", period="2026-Q3"))
    assert standings.streaks([*every, quarter], quarter) == {}


def test_of_two_bulletins_of_one_period_the_first_counts_and_rules_by_their_day() -> None:
    first, again = published(month("2026-08"), seq=3), published(month("2026-08", VILLAGE), seq=4)
    later = published(month("2026-08", VILLAGE), seq=1, order=1)
    for some in ([first, again, later], [later, again, first]):
        assert bulletins.counting(some) == [first], "whatever order they come in"
    assert [each.said.period for each in bulletins.counting([first, published(month("2026-09"))])] == [  # type: ignore[union-attr]
        "2026-09",
        "2026-08",
    ]
    old, new = published(RULES, seq=5), published(RULES._replace(since="2026-12-01", base=90), seq=6)
    assert bulletins.rules_for([new, old], date(2026, 9, 30)) is None
    assert bulletins.rules_for([new, old], date(2026, 11, 30)) == old
    assert bulletins.rules_for([old, new], date(2026, 12, 31)) == new
    mended = published(RULES._replace(base=80), seq=7)
    assert bulletins.rules_for([mended, old], date(2026, 11, 30)) == mended, "of one day the newest"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"document_no": ""}, "document_no"), ({"since": "2026-2-1"}, "since"), ({"base": 0}, "points"),
     ({"points": (5, 3, 1, -1)}, "points"), ({"points": (5, 3, 1)}, "points"), ({"flags": 101}, "points")],
)  # fmt: skip
def test_rules_that_do_not_fit_name_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=field):
        bulletin_bodies.bodies_of(RULES._replace(**change))


def test_a_balance_is_what_came_against_what_became_of_it() -> None:
    assert Tally(carried=2, accepted=3, settled=1, ended=1, withdrawn=1, in_hand=2).balanced
    assert not Tally(carried=2, accepted=3, settled=1, ended=1, withdrawn=1, in_hand=1).balanced
