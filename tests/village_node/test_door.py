"""Which line makes way when there are too many: the quietest of whoever has most, never one that is at work."""

from types import SimpleNamespace
from typing import Any

from village_node.door import quietest


def line(address: str, quiet_since: float, *, requests: tuple[object, ...] = (), left: int = 0) -> Any:
    return SimpleNamespace(addr=(address, 1), last_activity=quiet_since, requests=requests, total_outbufs_len=left)


def test_of_the_address_with_most_lines_the_quietest_makes_way() -> None:
    child = line("10.0.0.2", 1.0)
    crowd = [line("10.0.0.9", at) for at in (7.0, 5.0, 9.0)]
    assert quietest([child, *crowd]) is crowd[1]


def test_a_line_at_work_stays_and_does_not_count_against_its_address() -> None:
    at_work = [line("10.0.0.9", 1.0, requests=(object(),)), line("10.0.0.9", 2.0, left=5)]
    idle = line("10.0.0.2", 3.0)
    assert quietest([*at_work, idle]) is idle
    assert quietest(at_work) is None
