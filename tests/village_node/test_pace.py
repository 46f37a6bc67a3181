"""So many times a minute each and all together, and not one more."""

from village_node.pace import Pace


class Steady:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_each_and_all_together_have_an_end_and_the_minute_gives_it_back() -> None:
    steady = Steady()
    pace = Pace(2, 3, steady)
    assert [pace.wait_s("a") for _ in range(2)] == [0.0, 0.0]
    steady.now_s = 20.0
    assert pace.wait_s("a") == 40.0, "until its first is a minute old"
    assert pace.wait_s("b") == 0.0
    assert pace.wait_s("c") == 40.0, "all of them together"
    steady.now_s = 60.0
    assert pace.wait_s("c") == 0.0 and pace.wait_s("a") == 0.0
    assert pace.wait_s("c") == 20.0
    steady.now_s = 1_000.0
    assert pace.wait_s("c") == 0.0
    assert set(pace._counts) == {"c"} and len(pace._done) == 1, "what is over is forgotten"


def test_the_last_ones_of_a_minute_are_for_those_at_hand() -> None:
    steady = Steady()
    pace = Pace(2, 3, steady, kept=1)
    assert pace.wait_s("a") == 0.0
    steady.now_s = 10.0
    assert pace.wait_s("b") == 0.0
    assert pace.wait_s("c") == 50.0, "until the first of the two is a minute old"
    assert pace.wait_s("c", at_hand=True) == 0.0
    assert pace.wait_s("c") == 60.0 and pace.wait_s("d", at_hand=True) == 50.0
