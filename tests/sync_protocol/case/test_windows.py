"""Windows: what is written comes back, what does not fit says nothing, and a day finds the same windows everywhere."""

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_protocol import encoding, limits
from sync_protocol.case import windows
from sync_protocol.case.beside import Record
from sync_protocol.case.events import Position
from sync_protocol.case.windows import Window
from tests.sync_protocol.case import second_windows
from tests.sync_protocol.case.script import TOWNSHIP, VILLAGE

OPEN = Window("1号", "open", "2026-03-01", "镇政〔2026〕3号", "新设", "fixed", "民政", ("001",), tasks=("accept",))
FIREWORKS = OPEN._replace(
    window="烟花爆竹", sort="seasonal", department="应急", items=("021",), season=("12-15", "02-20"), last="2030-02-20"
)
CART = OPEN._replace(
    window="流动车", sort="mobile", items=(), department="", days=((2, "驿马村部"), (4, "南庄集市")),
    tasks=("consult", "accept"),
)  # fmt: skip
DESK = OPEN._replace(window="总台", sort="head", items=(), department="", tasks=("consult", "accept", "settle"))
CLOSED = Window("1号", "close", "2026-06-01", "镇政〔2026〕9号", "并入2号")


def body_of(said: Window) -> dict[int, Any]:
    found = encoding.decode(windows.to_bytes(said))
    assert isinstance(found, dict)
    return found


def recorded(said: Window, seq: int, place: str = TOWNSHIP, scope: str = "") -> Record:
    return Record(Position(b"i" * 16, seq, b"m" * 8), 1, scope or f"below:{place}", place, 0, {"said": said})


@pytest.mark.parametrize("said", [OPEN, FIREWORKS, CART, DESK, CLOSED])
def test_a_window_comes_back_as_it_was_written(said: Window) -> None:
    assert windows.read(windows.to_bytes(said)) == {"said": said}
    body = body_of(said)
    assert second_windows.fits(body)
    assert windows.read(encoding.encode({**body, 12: "newer"})) == {"said": said}
    assert windows.read(encoding.encode({**body, -1: "critical"})) is None
    assert windows.read(b"\xff") is None and windows.read(encoding.encode([1])) is None


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("window", OPEN._replace(window="1 号")),
        ("window", OPEN._replace(window="")),
        ("window", OPEN._replace(window="窗" * 21)),
        ("what", OPEN._replace(what="move")),
        ("first", OPEN._replace(first="2026-02-30")),
        ("document_no", OPEN._replace(document_no="")),
        ("reason", OPEN._replace(reason="x" * 101)),
        ("sort", OPEN._replace(sort="")),
        ("sort", CLOSED._replace(sort="fixed")),
        ("tasks", CLOSED._replace(tasks=("accept",))),
        ("department", OPEN._replace(department="x" * 41)),
        ("items", OPEN._replace(items=("001", "001"))),
        ("last", OPEN._replace(last="2026-02-28")),
        ("season", OPEN._replace(season=("01-01", "02-01"))),
        ("season", FIREWORKS._replace(season=())),
        ("season", FIREWORKS._replace(season=("02-30", "03-01"))),
        ("days", OPEN._replace(days=((1, "村部"),))),
        ("days", CART._replace(days=())),
        ("days", CART._replace(days=((4, "一处"), (2, "二处")))),
        ("days", CART._replace(days=((8, "一处"),))),
        ("tasks", OPEN._replace(tasks=())),
        ("tasks", DESK._replace(tasks=("settle", "accept"))),
    ],
)
def test_one_that_does_not_fit_names_its_first_wrong_field(field: str, said: Window) -> None:
    with pytest.raises(ValueError, match=f"^{field}$"):
        windows.to_bytes(said)


def test_a_season_goes_over_the_turn_of_the_year_and_has_both_its_ends() -> None:
    said = FIREWORKS._replace(first="2026-01-01")
    expected = {"2026-02-20": True, "2026-02-21": False, "2026-12-14": False, "2026-12-15": True, "2030-02-21": False}
    assert {day: said.is_open(date.fromisoformat(day)) for day in expected} == expected
    assert not said.is_open(date(2025, 12, 20)), "before its first day"
    summer = said._replace(season=("06-01", "08-31"))
    assert summer.is_open(date(2026, 6, 1)) and not summer.is_open(date(2026, 9, 1))


def test_a_mobile_window_is_open_on_its_weekdays_and_says_where_it_stands() -> None:
    tuesday = date(2026, 3, 3)
    assert CART.is_open(tuesday) and CART.where(tuesday) == "驿马村部"
    assert not CART.is_open(tuesday + timedelta(1)) and CART.where(tuesday + timedelta(1)) == ""


def test_what_holds_on_a_day_is_by_first_day_then_order_whatever_comes_in_which_order() -> None:
    planned = OPEN._replace(what="change", first="2026-05-01", department="人社", items=())
    again = planned._replace(department="医保")
    stray = [recorded(OPEN, 9, VILLAGE, f"below:{TOWNSHIP}"), recorded(OPEN, 8, VILLAGE, f"about:{VILLAGE}")]
    records = [recorded(CLOSED, 1), recorded(planned, 2), recorded(OPEN, 3), recorded(again, 4)]
    for shuffled in permutations(records):
        found = windows.histories([*stray, *shuffled])
        assert set(found) == {(TOWNSHIP, "1号")}
        history = found[TOWNSHIP, "1号"]

        def held(day: str, history: list[Record] = history) -> Any:
            record = windows.holding(history, date.fromisoformat(day))
            return record and record.said["said"]

        assert [held(day) for day in ("2026-02-28", "2026-03-01", "2026-05-01", "2026-06-01")] == [
            None, OPEN, again, CLOSED,
        ]  # fmt: skip


def test_the_next_open_day_is_found_and_none_after_the_window_is_closed() -> None:
    history = windows.histories([recorded(FIREWORKS, 1)])[TOWNSHIP, "烟花爆竹"]
    assert windows.next_open(history, date(2026, 3, 1)) == date(2026, 12, 15)
    assert windows.next_open(history, date(2026, 3, 1), 30) is None
    closed = windows.histories([recorded(OPEN, 1), recorded(CLOSED, 2)])[TOWNSHIP, "1号"]
    assert windows.next_open(closed, date(2026, 5, 31)) == date(2026, 5, 31)
    assert windows.next_open(closed, date(2026, 6, 1)) is None


def test_a_window_takes_its_items_or_those_of_its_department_or_all() -> None:
    assert OPEN.takes("001", "应急") and not OPEN.takes("002", "民政"), "named items stand for themselves"
    by_department = OPEN._replace(items=())
    assert by_department.takes("002", "民政") and not by_department.takes("002", "应急")
    assert DESK.takes("002", "应急")
    assert not DESK._replace(tasks=("consult", "settle")).takes("002", "应急"), "it accepts nothing"


def test_the_largest_window_fits_into_a_body() -> None:
    items = tuple(f"{number:03}" + "项" * 27 for number in range(windows.MOST_ITEMS))
    days = tuple((number, "村" * windows.WHERE_MAX) for number in range(1, 8))
    largest = CART._replace(items=items, days=days, reason="因" * 100, document_no="文" * 80, department="局" * 40)
    assert len(windows.to_bytes(largest)) <= limits.BODY_APART


VALUES: dict[int, st.SearchStrategy[Any]] = {
    0: st.sampled_from(["1号", "1 号", "", "窗" * 21, 1, "a\u3000b"]),
    1: st.sampled_from(["open", "change", "close", "move", None]),
    2: st.sampled_from(["2026-03-01", "2026-12-01", "2026-02-30", 5]),
    3: st.sampled_from(["文〔2026〕1号", "", "x" * 81]),
    4: st.sampled_from(["新设", "", "x" * 101]),
    5: st.sampled_from(["fixed", "mobile", "seasonal", "head", "other", []]),
    6: st.sampled_from(["民政", "应急", "", "x" * 41]),
    7: st.sampled_from([["001"], ["001", "002"], ["001", "001"], [], ["x" * 31], "001"]),
    8: st.sampled_from(["2027-01-31", "2026-01-01", "x"]),
    9: st.sampled_from([["11-01", "02-29"], ["06-01", "08-31"], ["02-30", "03-01"], ["6-1", "8-31"], [], "06-01"]),
    10: st.sampled_from(
        [[[1, "村部"], [5, "集市"]], [[5, "集市"], [1, "村部"]], [[True, "村部"]], [[8, "x"]], [], [[1]]]
    ),
    11: st.sampled_from(
        [["accept"], ["consult", "accept", "settle"], ["settle", "accept"], [], ["sing"], [["accept"]]]
    ),
    12: st.just("newer"),
}
GOOD = [body_of(each) for each in (OPEN, FIREWORKS, CART, DESK, CLOSED)]
CHANGED = st.builds(
    lambda good, changes, gone: {key: each for key, each in {**good, **changes}.items() if key not in gone},
    st.sampled_from(GOOD),
    st.fixed_dictionaries({}, optional=VALUES),
    st.sets(st.integers(0, 11), max_size=2),
)


@settings(max_examples=400, deadline=None)
@given(CHANGED)
def test_the_second_reader_takes_the_same_bodies(body: dict[int, Any]) -> None:
    assert (windows.read(encoding.encode(body)) is not None) == second_windows.fits(body)


@settings(max_examples=300, deadline=None)
@given(st.lists(CHANGED, min_size=1, max_size=4), st.dates(date(2026, 1, 1), date(2028, 12, 31)))
def test_the_second_reader_finds_the_same_windows_open_on_a_day(bodies: list[dict[int, Any]], day: date) -> None:
    sound = [{**body, 0: "1号"} for body in bodies if second_windows.fits({**body, 0: "1号"})]
    records = [recorded(windows.read(encoding.encode(body))["said"], seq) for seq, body in enumerate(sound)]  # type: ignore[index]
    history = windows.histories(records).get((TOWNSHIP, "1号"), [])
    first, second = windows.holding(history, day), second_windows.open_on(list(enumerate(sound)), day.isoformat())
    said: Window | None = first.said["said"] if first is not None else None
    assert (said is not None and said.is_open(day)) == (second is not None)
    if said is not None and second is not None:
        assert body_of(said) == {key: each for key, each in second[0].items() if key < 12}
        assert said.where(day) == second[1]
        for item_no, department in (("001", "民政"), ("002", "应急")):
            assert said.takes(item_no, department) == second_windows.takes(second[0], item_no, department)
