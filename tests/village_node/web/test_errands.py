"""Work that goes on behind a page: one for each person, told once, and no more of it than the memory holds."""

import threading

import pytest

from village_node.web import errands
from village_node.web.errands import Errands, Stopped, Tell


def test_each_person_has_one_and_hears_of_it_once() -> None:
    many = Errands()
    first = many.begin("0001", "take", lambda _tell: "done", 30.0)
    assert first is not None and first.ended and many.of("0001") is first and many.of("0002") is None
    assert many.end("0001", first) == "done" and many.of("0001") is None
    left = many.begin("0001", "take", lambda _tell: 1, 30.0)
    newer = many.begin("0001", "take", lambda _tell: 2, 30.0)
    assert left is not newer and many.of("0001") is newer, "what nobody looked at makes way for the next"
    many.close()


def test_no_more_are_kept_than_there_is_memory_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errands, "HELD_MOST", 2)
    many, go_on = Errands(), threading.Event()
    assert many.begin("0001", "take", lambda _tell: 1, 30.0) is not None
    assert many.begin("0002", "take", lambda _tell: go_on.wait(30.0), 0.0) is not None
    assert many.begin("0003", "take", lambda _tell: 3, 0.0) is not None
    assert many.of("0001") is None, "the one that had ended made way"
    assert many.begin("0004", "take", lambda _tell: 4, 0.0) is None and many.of("0004") is None
    assert many.begin("0002", "take", lambda _tell: 5, 0.0) is None, "it is still under way"
    go_on.set()
    many.close()


def test_a_node_that_stops_ends_it_behind_the_part_that_was_done() -> None:
    many, began, closing, parts = Errands(), threading.Event(), threading.Event(), list[int]()

    def act(tell: Tell) -> None:
        for number in range(3):
            tell(number, 3)
            parts.append(number)
            began.set()
            closing.wait(30.0)

    errand = many.begin("0001", "take", act, 0.0)
    assert errand is not None and began.wait(30.0)
    ending = threading.Thread(target=many.close)
    ending.start()
    while not many._stopped:
        pass
    closing.set()
    ending.join(30.0)
    with pytest.raises(Stopped):
        errand.future.result(30.0)
    assert parts == [0]
