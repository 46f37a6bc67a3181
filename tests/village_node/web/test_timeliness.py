"""Settled early, on the last day or late: counted by the promise, for the period in which it was settled."""

import re
from datetime import date

import pytest

from tests.builders import Network, delegate_all
from tests.village_node.web.counter import Counter, Visitor
from tests.village_node.web.errands import PAPERS, done
from tests.village_node.web.test_clocks import DAY_MS
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_previews import key_of

_staff = iter(range(1, 1_000))


def on(network: Network, county: Counter, month: int, day: int) -> tuple[Visitor, Visitor]:
    """The window and the representative on a day, nine in the morning."""
    network.clock.now_ms = (date(2026, month, day) - date(1970, 1, 1)).days * DAY_MS + 3_600_000
    number = next(_staff)
    return county.sign_in(f"1{number:03}", "window"), county.sign_in(f"2{number:03}", "officer")


@pytest.fixture
def settled(network: Network, county: Counter) -> dict[str, str]:
    """Three cases of one item, promised five working days each: settled on the third, the fifth and the seventh; one
    that is withdrawn, and one that is open."""
    window, _ = on(network, county, 11, 2)
    names = ("early", "on_time", "late", "open")
    found = {name: window.file("036", **PAPERS) for name in names}
    for case in found.values():
        done(window, case, "docket", promised_days="5")
    for name, day in (("early", 5), ("on_time", 9), ("late", 11)):
        window, officer = on(network, county, 11, day)
        delegate_all(county.member, officer_number(officer), "0009", reason="首席代表调离")
        done(officer, found[name], "decide", outcome="approve")
    return found


def officer_number(officer: Visitor) -> str:
    found = re.search(r">[^<]*\b(2\d{3})\b", officer.open("/account").text.partition("<main")[2])
    assert found
    return found[1]


def figures(visitor: Visitor, query: str = "") -> list[str]:
    """The cells of the last line of the first table: the sums of the kind."""
    page = visitor.open(f"/timeliness{query}").text
    table = page.split("<tbody>")[1].split("</tbody>")[0]
    return re.findall(r"<td[^>]*>([^<]*)</td>", table.split("<tr>")[-1])


def plain(visitor: Visitor, query: str) -> str:
    """The page of a period without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", visitor.open(f"/timeliness{query}").text).split())


def test_the_rates_of_a_month_count_what_was_settled_in_it(
    network: Network, county: Counter, settled: dict[str, str]
) -> None:
    supervisor = county.sign_in("0301", "supervisor", name="郑督查")
    assert held(county, settled["open"]).state == "accepted"
    assert figures(supervisor)[:8] == ["合计", "3", "1", "1", "1", "33.3%", "66.7%", "0"]
    page = supervisor.open("/timeliness").text
    assert "承诺件 2026-11-01" in page and "文旅" in page
    for case, used in (("early", 3), ("on_time", 5), ("late", 7)):
        row = county.member.casebook.case_row(*key_of(settled[case]))
        assert row is not None and (row.settled_used, row.settled_limit) == (used, 5)
    # One day of the month, another month, and days that are none.
    assert figures(supervisor, "?first=2026-11-05&last=2026-11-08")[1:5] == ["1", "1", "0", "0"]
    assert "平均提前 2.0" in plain(supervisor, "?first=2026-11-05&last=2026-11-08")
    assert "平均超期 2.0" in plain(supervisor, "?first=2026-11-11&last=2026-11-11")
    assert "这段时间没有办结的件" in supervisor.open("/timeliness?first=2026-10-01&last=2026-10-31").text
    wrong = supervisor.open("/timeliness?first=2026-11-31&last=2026-11-30")
    assert wrong.status_code == 422 and "请按 年-月-日" in wrong.text
