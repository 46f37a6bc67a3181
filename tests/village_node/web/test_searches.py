"""What somebody searches for may be a name: no address holds it, and a reload, paging and export keep it."""

import json
import re
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.builders import APPLICATION, Network
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, everywhere, file_of, hidden_of
from tests.village_node.web.errands import PAPERS
from tests.village_node.web.test_export import csv_rows, links
from village_node.casebook import Application
from village_node.web import searches
from village_node.web.policy import declared

NAME = "张秀兰"
FORM = re.compile(r"<form[^>]*>.*?</form>", re.DOTALL)
TYPED = re.compile(r'<input(?![^>]*type="(?:hidden|date|checkbox|radio|month|number)")[^>]*name="(\w+)"')
# The guide and the catalogue name services and offices, and nobody: what residents type there is a plain word.
PUBLIC = {"q"}
GUIDES = {"windows_map"}


def searched(visitor: Visitor, page: str, listed: str, **values: str) -> str:
    """Where the search form of a page leads."""
    fields = hidden_of(visitor.open(page).text, f"/narrow/{listed}")
    answer = visitor.client.post(f"/narrow/{listed}", data={**fields, **values})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def test_a_name_that_is_searched_for_stands_in_no_address(village: Counter, agent: Visitor) -> None:
    agent.file("001", **PAPERS, applicant_name=NAME)
    agent.file("036", **PAPERS, applicant_name="李玉梅")
    head = village.sign_in("0002", "head")
    address = searched(head, "/work?view=all", "work", text=NAME)
    (key,) = parse_qs(urlsplit(address).query)["text"]
    assert key[0] == "~" and len(key) < 100 and quote(NAME) not in address
    for _ in range(2):  # a reload finds the same
        page = head.open(address).text
        assert "张*" in page and "李*" not in page and f'value="{NAME}"' in page
    assert quote(NAME) not in page and not any(NAME in each for each in re.findall(r'(?:href|action)="[^"]*"', page))
    _, plain = links(page)
    assert key in plain and len(csv_rows(head.take(plain))) == 2, "the file has what the page has"
    assert searched(head, address, "work", text=NAME) == address, "the same again is the same address"
    assert len(searched(head, address, "work", text="李玉")) == len(address), "its length tells no name"


def test_the_pages_of_what_was_found_keep_what_was_searched_for(village: Counter, network: Network) -> None:
    village.member.casebook.record_many([Application("0001", APPLICATION) for _ in range(60)])
    head = village.sign_in("0002", "head")
    name = APPLICATION["applicant_name"]
    page = head.open(searched(head, "/work?view=all", "work", text=name)).text
    (after,) = {unescape(each) for each in re.findall(r'href="(/work\?[^"]*page=2[^"]*)"', page)}
    assert "text=~" in after and f'value="{name}"' in head.open(after).text


def test_once_the_session_is_over_its_searches_are_too_and_nothing_wider_is_shown(
    village: Counter, network: Network, agent: Visitor
) -> None:
    agent.file("001", **PAPERS, applicant_name=NAME)
    head, other = village.sign_in("0002", "head"), village.sign_in("0003", "head")
    address = searched(head, "/work?view=all", "work", text=NAME)
    for visitor in (other, head):
        if visitor is head:
            network.clock.now_ms += 11 * 60_000
            head.send("/sign-in", {"staff_no": "0002", "password": PASSWORD})
        answer = visitor.open(address)
        assert answer.status_code == 410 and "请重新输入查找内容" in answer.text and "张*" not in answer.text
        assert 'href="/work?view=all"' in answer.text
        for form in ("csv", "xlsx"):
            file = visitor.take(address.replace("/work?", f"/work.{form}?"))
            assert file.status_code == 410, "a file is never wider than what was searched for"
    assert head.open("/work?text=~").status_code == head.open("/work?text=~%C3%A4").status_code == 410


def test_a_search_whose_session_is_over_goes_on_after_signing_in(
    village: Counter, network: Network, agent: Visitor
) -> None:
    agent.file("001", **PAPERS, applicant_name=NAME)
    agent.file("036", **PAPERS, applicant_name="李玉梅")
    head = village.sign_in("0002", "head")
    form = {**hidden_of(head.open("/work?view=all").text, "/narrow/work"), "text": NAME}
    network.clock.now_ms += 11 * 60_000
    ended = head.client.post("/narrow/work", data=form)
    assert ended.status_code == 401 and "登录已过期" in ended.text
    anew = {**hidden_of(ended.text, "/narrow/work"), "again_staff_no": "0002", "again_password": PASSWORD}
    page = head.open(head.client.post("/narrow/work", data=anew).headers["Location"]).text
    assert "张*" in page and "李*" not in page


def test_a_file_whose_session_ended_on_the_page_for_the_password_is_no_wider(
    village: Counter, network: Network, agent: Visitor
) -> None:
    agent.file("001", **PAPERS, applicant_name=NAME)
    agent.file("036", **PAPERS, applicant_name="李玉梅")
    head = village.sign_in("0002", "head")
    (_, plain) = links(head.open("/work?view=all&item_no=036").text)
    form = hidden_of(head.open(plain).text, plain.replace("&", "&amp;"))
    network.clock.now_ms += 11 * 60_000
    ended = head.client.post(plain, data={**form, "again_password": PASSWORD})
    assert ended.status_code == 401
    anew = hidden_of(ended.text, plain.replace("&", "&amp;"))
    who = {"again_staff_no": "0002", "again_password": PASSWORD}
    coming = head.client.post(plain, data={**anew, **who})
    assert [row[3] for row in csv_rows(head.open(file_of(coming.text)))[1:]] == ["李*"]


def test_the_audit_trail_has_of_a_search_no_more_than_the_number_of_a_case(village: Counter, agent: Visitor) -> None:
    head, admin = village.sign_in("0002", "head"), village.sign_in("0009", "admin")
    for text, told in (
        ("621021101201-261127", "621021101201-261127"), ("036", "036"), ("621021101201", "621021101201"),
        ("093486123456", "0*"), ("13812345678", "1*"),
        ("11010519491231002X", "1*"), ("zhangxiulan", "z*"), (NAME, "张*"),
    ):  # fmt: skip
        assert searches.told(text, village.member.casebook.roster.places) == told
        for visitor, path, listed in ((head, "/work?view=all", "work"), (admin, "/audit", "audit")):
            address = searched(visitor, path, listed, text=text)
            file = address.replace(f"/{listed}?", f"/{listed}.csv?")
            assert (visitor.take(file) if visitor is head else visitor.open(file)).status_code == 200
            line = village.accounts.rows.audit_lines(1)[0]
            assert json.loads(line.detail)["text"] == told, (listed, text)


def test_a_search_leads_only_to_lists_that_who_searches_may_open(village: Counter, agent: Visitor) -> None:
    form = {"token": agent.token(), "text": NAME}
    for listed in ("audit", "case", "nothing", "static", "https://example.org", "sign_out", "close_day"):
        assert agent.client.post(f"/narrow/{listed}", data=form).status_code == 404
    assert agent.client.post("/narrow/work_export", data={**form, "form": "pdf"}).status_code == 404
    answer = agent.client.post("/narrow/work", data={**form, "_external": "1", "endpoint": "x", "view": "all"})
    assert re.fullmatch(r"/work\?text=~[\w-]+&view=all", answer.headers["Location"])


@pytest.mark.slow
def test_no_search_form_of_any_page_puts_what_is_typed_into_an_address(
    village: Counter, county: Counter, agent: Visitor
) -> None:
    seen, by_post = 0, set()
    for counter, roles in ((village, ("head", "agent", "cashier", "admin")), (county, ("supervisor", "business"))):
        for role in roles:
            visitor = counter.sign_in(f"08{role[:2]}", role)
            for rule in counter.app.url_map.iter_rules():
                if rule.arguments or "GET" not in (rule.methods or ()) or rule.endpoint not in declared(counter.app):
                    continue
                if rule.rule.startswith("/api"):
                    continue
                seen += 1
                for form in FORM.findall(visitor.open(rule.rule).text):
                    typed = set(TYPED.findall(form)) - PUBLIC
                    if rule.endpoint in GUIDES and "/narrow/" not in form.partition(">")[0]:
                        typed -= {"text"}
                    if 'method="post"' in form.partition(">")[0]:
                        by_post |= {(rule.endpoint, each) for each in typed if "/narrow/" in form.partition(">")[0]}
                    else:
                        assert not typed, (rule.rule, form[:200])
    assert seen > 150 and len(by_post) > 15 and ("work", "text") in by_post


def test_who_never_sees_a_name_finds_it_by_the_whole_of_it_alone(
    network: Network, agent: Visitor, county: Counter
) -> None:
    case = agent.file("001", **PAPERS, applicant_name=NAME)
    assert agent.act(case, "handoff").status_code == 303
    everywhere(network)
    window = county.sign_in("1001", "window")
    supervisor = county.sign_in("3001", "supervisor")
    cashier, program = county.sign_in("3002", "cashier"), program_at(county, "3003", "supervisor")
    for part in ("秀", "兰", "张", "张秀"):
        assert case in window.open(f"/work?view=all&text={part}").text, "who may unmask finds as before"
        assert case not in supervisor.open(f"/work?view=all&text={part}").text, part
        assert len(csv_rows(supervisor.take(f"/work.csv?view=all&text={part}"))) == 1, "the file is no way round it"
        assert not program.get(f"/cases?text={part}").get_json()["cases"]
    number = re.findall(r">(62\d+-[\w-]+)</a>", supervisor.open("/work?view=all").text)[0]
    for whole in (NAME, number[:20], "001"):
        assert case in supervisor.open(f"/work?view=all&text={whole}").text, whole
        assert len(program.get(f"/cases?text={whole}").get_json()["cases"]) == 1
    assert "姓名须写全" in supervisor.open("/work").text and "姓名须写全" in cashier.open("/work").text
    assert "姓名须写全" not in window.open("/work").text and "姓名须写全" in supervisor.open("/orders").text
