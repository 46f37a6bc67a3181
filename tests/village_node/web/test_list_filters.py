"""Every list has a search, filters that stand in its address and pages; nothing of it needs a script."""

import re
from datetime import timedelta
from html import unescape

import pytest

from tests.builders import Network
from tests.village_node.web.counter import Counter, Visitor, everywhere
from tests.village_node.web.errands import PAPERS
from village_node.web import counter_books, filters, staff, times

# List -> role of somebody at the county who reads it.
LISTS = {
    "/work?view=all": "business",
    "/audit": "admin",
    "/staff": "admin",
    "/tokens": "admin",
    "/complaints": "supervisor",
    "/slips": "window",
    "/consultations": "window",
    "/orders": "head",
    "/children": "admin",
    "/fees": "window",
    "/document-numbers": "supervisor",
    "/countersigning": "head",
    "/seals": "head",
}


@pytest.mark.parametrize("path", LISTS)
def test_what_was_searched_for_stands_in_the_form_again_and_an_empty_list_says_why(county: Counter, path: str) -> None:
    visitor = county.sign_in("1001", LISTS[path])
    odd = '"no>such/thing'
    page = visitor.open(f"{path}{'&' if '?' in path else '?'}text={odd}&page=99&state=zz&_scheme=x&endpoint=y")
    assert page.status_code == 200, path
    form = page.text.partition('role="search"')[2].partition("</form>")[0]
    assert odd in unescape(re.findall(r'name="text"[^>]*value="([^"]*)"', form)[0])
    assert "没有符合条件" in page.text or "只列出符合条件的" in page.text, path
    assert "清除" in page.text
    plain = visitor.open(path).text
    assert "没有符合条件" not in plain and "清除" not in plain.partition("<main")[2], path


def test_staff_are_found_by_number_name_role_and_state(county: Counter) -> None:
    admin = county.sign_in("1009", "admin", name="管理")
    county.sign_in("1001", "window", name="孙宁")
    county.sign_in("1002", "officer", name="赵敏")
    assert admin.send("/staff/invite", {"staff_no": "1003", "name": "新来", "roles": "window"}).status_code == 200

    def found(query: str) -> set[str]:
        return set(re.findall(r'<tr><td class="number nowrap">(\d+)', admin.open(f"/staff?{query}").text))

    assert found("") == {"1009", "1001", "1002", "1003"}
    assert found("text=孙") == found("text=1001") == {"1001"}
    assert found("role=window") == {"1001", "1003"}
    assert found("role=window&state=invited") == {"1003"}
    assert found("state=disabled") == set()


def test_pages_keep_the_filters_and_each_list_its_own_page(county: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter_books, "PAGE", 2)
    admin = county.sign_in("1009", "admin", name="管理")
    for number in range(5):
        county.sign_in(f"110{number}", "window", name="孙宁")
    page = admin.open("/staff?text=孙宁&role=window").text
    (onward,) = re.findall(r'href="([^"]*)" rel="next"', page)
    onward = unescape(onward)
    assert {"page=2", "role=window"} <= set(onward.partition("?")[2].split("&"))
    shown = [*re.findall(r'<tr><td class="number nowrap">(\d+)', page)]
    second = admin.open(onward).text
    shown += re.findall(r'<tr><td class="number nowrap">(\d+)', second)
    third = admin.open(unescape(re.findall(r'href="([^"]*)" rel="next"', second)[0])).text
    shown += re.findall(r'<tr><td class="number nowrap">(\d+)', third)
    assert sorted(shown) == [f"110{number}" for number in range(5)] and 'rel="next"' not in third
    assert "3 / 3" in admin.open("/staff?text=孙宁&page=400").text, "a page that is not there is the last"


def test_the_audit_trail_is_searched_by_words_and_days_page_by_page(
    network: Network, county: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff, "LINES", 2)
    admin = county.sign_in("1009", "admin")
    today = times.local(network.clock.now_ms).date()
    for number in range(3):
        county.accounts.audit("1001", "paper.view", f"case-{number}", {"reason": "核对 100% 的材料"})
    county.accounts.audit("1002", "other", "case-9", {})
    first = admin.open("/audit?text=PAPER.view").text
    assert re.findall(r"case-\d", first) == ["case-2", "case-1"]
    (older,) = re.findall(r'class="pager".*?href="([^"]*)"', first, re.DOTALL)
    assert re.findall(r"case-\d", admin.open(unescape(older)).text) == ["case-0"]
    assert re.findall(r"case-\d", admin.open("/audit?text=100%25 的").text) == ["case-2", "case-1"]
    assert "没有符合条件" in admin.open("/audit?text=1_0%25").text, "no sign stands for others"
    assert "case-9" in admin.open(f"/audit?first={today}&last={today}&text=case").text
    for outside in (f"first={today + timedelta(1)}", f"last={today - timedelta(1)}"):
        assert "没有符合条件" in admin.open(f"/audit?{outside}").text
    wrong = admin.open("/audit?first=soon&text=case-9")
    assert wrong.status_code == 422 and "年-月-日" in wrong.text and "case-9" in wrong.text
    rows = admin.open("/audit.csv?text=paper.view").text.strip().splitlines()[:-1]
    assert len(rows) == 4 and admin.open("/audit.csv?first=soon").status_code == 422


def test_consultations_are_found_by_what_was_asked_and_by_how_it_stands(agent: Visitor) -> None:
    for question, outcome in (("低保怎么办", "answered"), ("宅基地怎么批", "open")):
        said = {"question": question, "outcome": outcome, "told": "带户口簿", "contact": "13800001234"}
        assert agent.send("/consultations", said).status_code == 303

    def found(query: str) -> list[str]:
        return re.findall(r"低保怎么办|宅基地怎么批", agent.open(f"/consultations?{query}").text)

    assert found("text=宅基地") == found("state=open") == ["宅基地怎么批"]
    assert found("text=王芳&state=answered") == ["低保怎么办"], "by who was asked first"
    assert found("text=13800001234") == [], "what the list masks is not found by guessing"


def test_tokens_are_found_by_name_account_and_state(county: Counter) -> None:
    admin = county.sign_in("1009", "admin")
    county.sign_in("1001", "window", name="孙宁")
    for name in ("财政系统", "档案系统"):
        made = admin.send("/tokens/make", {"name": name, "whose": "1001:window", "days": "30"})
        assert made.status_code == 200
    page = admin.open("/tokens?text=财政&state=lives").text.partition("<tbody>")[2].partition("</tbody>")[0]
    assert "财政系统" in page and "档案系统" not in page
    assert "没有符合条件" in admin.open("/tokens?state=revoked").text


def test_places_below_are_found_by_name_and_by_how_they_stand(
    network: Network, county: Counter, agent: Visitor
) -> None:
    agent.file("001", **PAPERS)
    admin = county.sign_in("1009", "admin")
    assert "驿马镇" in admin.open("/children?state=quiet&text=驿马").text.partition("<tbody>")[2]
    everywhere(network)
    assert "没有符合条件" in admin.open("/children?state=quiet").text
    assert "驿马镇" in admin.open("/children?state=heard&text=621021101").text.partition("<tbody>")[2]
    rows = admin.open("/children.csv?state=quiet").text.strip().splitlines()[:-1]
    assert len(rows) == 1, "the file is narrowed alike"


def test_a_name_that_was_searched_for_does_not_stand_in_the_audit_trail() -> None:
    narrowed = filters.Filters("staff", "", "张秀兰", (), {"state": "open"}, {"day": "2026-11-01"})
    assert narrowed.told() == {"state": "open", "day": "2026-11-01", "text": "张*"}
