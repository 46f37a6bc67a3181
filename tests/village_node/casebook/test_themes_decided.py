"""A theme is approved over no department that has not said its word."""

from types import SimpleNamespace
from typing import Any

from sync_protocol.case.themes import Party
from village_node.casebook.conditions import why_not_over_members


def test_an_approval_waits_for_the_word_of_every_department() -> None:
    case: Any = SimpleNamespace(procedures={})
    item: Any = SimpleNamespace(theme=True, parties=(Party("城管", 4), Party("规划", 3)))
    words = why_not_over_members(case, item, {0: "approve"})
    assert words is not None and "城管、规划尚未会签" in words[0]
    assert why_not_over_members(case, item, {0: "refuse"}) is None
