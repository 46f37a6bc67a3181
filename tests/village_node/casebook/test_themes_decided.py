"""A theme is approved over no department that has not said its word."""

from types import SimpleNamespace
from typing import Any

import pytest

from sync_protocol.case.themes import Party
from village_node.casebook import NotAllowed
from village_node.casebook.conditions import why_not_over_members
from village_node.casebook.desk import Desk


def test_an_approval_waits_for_the_word_of_every_department() -> None:
    case: Any = SimpleNamespace(procedures={})
    item: Any = SimpleNamespace(theme=True, parties=(Party("城管", 4), Party("规划", 3)))
    words = why_not_over_members(case, item, {0: "approve"})
    assert words is not None and "城管、规划尚未会签" in words[0]
    assert why_not_over_members(case, item, {0: "refuse"}) is None


def test_an_approval_that_went_over_a_department_is_not_made_to_count_by_adopting_it() -> None:
    item: Any = SimpleNamespace(theme=True, parties=(Party("城管", 4),))
    desk: Any = SimpleNamespace(catalogue=SimpleNamespace(find=lambda *_: item))
    act: Any = SimpleNamespace(roles=frozenset({"head"}), actor="0009")
    before: Any = SimpleNamespace(decision=None)
    after: Any = SimpleNamespace(
        decision=SimpleNamespace(outcome="approve"), procedures={}, item_no="043", item_version=1
    )
    nothing: Any = None
    with pytest.raises(NotAllowed, match="has not signed"):
        Desk._check_may_adopt(desk, nothing, act, before, after)
