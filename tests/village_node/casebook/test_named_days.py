"""The days that an act names: nothing was done after today, and no term ends before it begins."""

from datetime import date
from typing import Any

import pytest

from sync_protocol.case import bodies, kinds
from village_node.casebook import named_days
from village_node.casebook.errors import BadBody

TODAY = date(2026, 11, 18)


def wrong(kind: int, **said: Any) -> str:
    """The field that is refused; empty where the act may be written."""
    try:
        named_days.check(kind, bodies.numbered(kind, said), TODAY)
    except BadBody as refused:
        return refused.field
    return ""


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (kinds.DELIVERED, "at", {"to": "张秀兰", "how": "in_person"}),
        (kinds.FEE_SETTLED, "paid_day", {"how": "paid", "receipt_no": "票1"}),
        (kinds.RESUME, "document_day", {"outcome": "approve", "document_no": "1"}),
        (kinds.COLLECTION_NOTICE, "day", {"how": "phone"}),
        (kinds.MEETING, "day", {"present": ["甲"], "decisions": "同意"}),
    ],
)
def test_nothing_was_done_after_today(kind: int, name: str, said: dict[str, Any]) -> None:
    assert wrong(kind, **said, **{name: "2026-11-19"}) == name
    assert wrong(kind, **said, **{name: "2026-11-18"}) == wrong(kind, **said, **{name: "2026-01-01"}) == ""


def test_a_certificate_does_not_end_before_it_begins() -> None:
    assert wrong(kinds.ISSUE, certificate_no="1", valid_from="2026-12-01", valid_to="2020-01-01") == "valid_to"
    for days in (
        {"valid_from": "2026-12-01", "valid_to": "2026-12-01"},
        {"valid_from": "2026-12-01"},
        {"valid_to": "2020-01-01"},
        {},
    ):
        assert wrong(kinds.ISSUE, certificate_no="1", **days) == "", days


def test_what_a_meeting_orders_is_not_due_before_it() -> None:
    met = {"day": "2026-11-18", "present": ["甲"], "decisions": "同意"}
    assert wrong(kinds.MEETING, **met, actions=[["踏勘", "乙", "2026-11-17"]]) == "actions"
    assert wrong(kinds.MEETING, **met, actions=[["踏勘", "乙", "2026-11-18"]]) == ""
