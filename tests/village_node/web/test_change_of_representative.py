"""A change of representative is filed a month ahead or says what the emergency is; till then the earlier one holds."""

from datetime import date

import pytest

from tests.builders import Network
from tests.village_node.web.counter import Counter, Visitor, problems
from tests.village_node.web.test_registers import SHOP, business, delegated, head, officer
from village_node.casebook.registering import month_later

__all__ = ["business", "head", "officer"]

CHANGE = {"b": "0203", "a": "", "document_no": "文旅委〔2026〕2号"}
DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("day", "later"),
    [("2026-11-18", "2026-12-18"), ("2026-12-31", "2027-01-31"), ("2027-01-31", "2027-02-28")],
)  # fmt: skip
def test_a_month_is_that_of_the_calendar(day: str, later: str) -> None:
    assert month_later(date.fromisoformat(day)) == date.fromisoformat(later)


def test_a_change_starts_a_month_ahead_and_the_earlier_one_runs_until_then(
    network: Network, county: Counter, head: Visitor, business: Visitor, officer: Visitor
) -> None:
    delegated(head, business)
    refused = head.send("/authority/delegate", {**SHOP, **CHANGE, "first": "2026-12-17"})
    assert refused.status_code == 422 and "变更首席代表须提前一个月：请从 2026-12-18" in "".join(problems(refused.text))
    delegated(head, business, **{**CHANGE, "first": "2026-12-18"})
    register = county.member.casebook.register()
    now = county.member.clock()
    held = [register.in_force("文旅", now + days * DAY_MS) for days in (0, 29, 30)]
    assert [each and each.text("document_no") for each in held] == [SHOP["document_no"]] * 2 + [CHANGE["document_no"]]
    assert "尚未生效" in officer.open("/authority").text


def test_an_emergency_is_written_down_and_a_term_that_has_ended_is_simply_followed(
    county: Counter, head: Visitor, business: Visitor, officer: Visitor
) -> None:
    delegated(head, business, last="2026-11-30")
    delegated(head, business, **CHANGE, first="2026-12-01", reason="")
    delegated(
        head,
        business,
        **{**CHANGE, "document_no": "文旅委〔2026〕3号"},
        first="2026-11-18",
        reason="原代表突发疾病住院",
    )
    held = county.member.casebook.register().in_force("文旅", county.member.clock())
    assert held is not None and held.text("reason") == "原代表突发疾病住院"
    assert "原代表突发疾病住院" in officer.open("/authority").text
