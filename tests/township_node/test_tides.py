"""The tides: who is told to come, and who is not."""

import threading
from types import SimpleNamespace

import pytest

from sync_protocol.places import PlaceTree, about, below
from sync_protocol.roster import Node
from tests import builders
from tests.builders import COUNTY, OTHER_TOWNSHIP, SECOND_VILLAGE, TOWNSHIP, VILLAGE
from township_node.downlink import Tides


class Bench:
    """Tides over a roster without any casebook."""

    def __init__(self) -> None:
        known = SimpleNamespace(places=PlaceTree.from_rows(builders.PLACES))
        self.tides = Tides(lambda: known, lambda count: bytes(range(count)))  # type: ignore[arg-type,return-value]

    def node(self, place: str) -> Node:
        return Node(place.encode().ljust(16)[:16], place, 1, b"", 1)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        (about(VILLAGE), {VILLAGE, TOWNSHIP}),
        (about(SECOND_VILLAGE), {SECOND_VILLAGE, TOWNSHIP}),
        (about(TOWNSHIP), {TOWNSHIP}),
        (below(TOWNSHIP), {VILLAGE, SECOND_VILLAGE, TOWNSHIP}),
        (below(COUNTY), {VILLAGE, SECOND_VILLAGE, TOWNSHIP, OTHER_TOWNSHIP}),
        (about(COUNTY), set()),
        ("roster", {VILLAGE, SECOND_VILLAGE, TOWNSHIP, OTHER_TOWNSHIP}),
        ("*", {VILLAGE, SECOND_VILLAGE, TOWNSHIP, OTHER_TOWNSHIP}),
    ],
)
def test_news_of_a_scope_moves_the_tides_of_those_who_follow_it(bench: Bench, scope: str, told: set[str]) -> None:
    places = (VILLAGE, SECOND_VILLAGE, TOWNSHIP, OTHER_TOWNSHIP)
    before = {place: bench.tides.of(bench.node(place)) for place in places}
    bench.tides.on_news({scope})
    assert {place for place in places if bench.tides.of(bench.node(place)) != before[place]} == told


def test_a_childs_own_message_moves_the_tides_of_others_only(bench: Bench) -> None:
    village, township = bench.node(VILLAGE), bench.node(TOWNSHIP)
    before = bench.tides.of(village), bench.tides.of(township)
    with bench.tides.taking_from(village):
        bench.tides.on_news({about(VILLAGE)})
    assert bench.tides.of(village) == before[0] and bench.tides.of(township) != before[1]
    bench.tides.on_news({about(VILLAGE)})
    assert bench.tides.of(village) != before[0]


def test_whoever_names_another_count_is_told_at_once(bench: Bench) -> None:
    village = bench.node(VILLAGE)
    now = bench.tides.of(village)
    assert bench.tides.wait(village, now - 1, 60.0) is True
    assert bench.tides.wait(village, now, 0.0) is False


def waiting(bench: Bench, node: Node, count: int) -> tuple[threading.Thread, list[bool]]:
    """A call that stands and waits."""
    told: list[bool] = []
    calls = bench.tides._tide(node).calls
    thread = threading.Thread(target=lambda: told.append(bench.tides.wait(node, count, 60.0)))
    thread.start()
    while bench.tides._tide(node).calls == calls:
        thread.join(0.001)
    return thread, told


def test_a_standing_call_is_told_when_news_come_and_others_stand_on(bench: Bench) -> None:
    village, other = bench.node(VILLAGE), bench.node(SECOND_VILLAGE)
    calls = [waiting(bench, node, bench.tides.of(node)) for node in (village, other)]
    bench.tides.on_news({about(VILLAGE)})
    calls[0][0].join(5.0)
    assert calls[0][1] == [True] and calls[1][1] == []
    bench.tides.close()
    calls[1][0].join(5.0)
    assert calls[1][1] == [False]


def test_a_newer_call_of_the_same_child_sends_the_older_one_home(bench: Bench) -> None:
    village = bench.node(VILLAGE)
    first = waiting(bench, village, bench.tides.of(village))
    second = waiting(bench, village, bench.tides.of(village))
    first[0].join(5.0)
    assert first[1] == [False] and second[1] == []
    bench.tides.on_news({about(VILLAGE)})
    second[0].join(5.0)
    assert second[1] == [True]


def test_after_the_bench_is_closed_nobody_is_held(bench: Bench) -> None:
    village = bench.node(VILLAGE)
    now = bench.tides.of(village)
    bench.tides.close()
    assert bench.tides.wait(village, now, 60.0) is False
