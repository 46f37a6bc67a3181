"""The pages about what does not count: words, adopting, setting aside; assigning by two; what was not taken in."""

import re
from typing import Any

import pytest

from sync_protocol.case import kinds
from sync_protocol.errors import BY_CODE
from tests.builders import VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, everywhere, exchange, hidden_of, problems
from tests.village_node.web.test_export import csv_rows
from village_node.casebook import NotAllowed
from village_node.casebook.acts import CheckedIn
from village_node.casebook.entitlement import Backing
from village_node.casebook.oddities import OddPage
from village_node.casebook.orders import OrderPage
from village_node.store import parking
from village_node.web import book_tables, times, words

TOWNSHIP_CODE = "621021101000"
COUNTY_CODE = "621021000000"
VILLAGE_UP = (("621021101201", TOWNSHIP_CODE),)


@pytest.fixture
def clerk(township: Counter) -> Visitor:
    return township.sign_in("0101", "clerk", name="李娟")


@pytest.fixture
def head(township: Counter) -> Visitor:
    return township.sign_in("0103", "head", name="赵站长")


@pytest.fixture
def window(county: Counter) -> Visitor:
    return county.sign_in("1001", "window", name="周敏")


@pytest.fixture
def officer(county: Counter) -> Visitor:
    return county.sign_in("1002", "officer", name="孙首席")


def assign(case: str, proposer: Visitor, confirmer: Visitor, to: str) -> None:
    """Two people assign a case, by their pages."""
    hidden = hidden_of(proposer.open(case).text, f"{case}/assign")
    sent = proposer.send(f"{case}/assign", {**hidden, "to": to, "reason": "站点失联三天"})
    assert sent.status_code == 303, problems(sent.text)
    number = re.findall(r"/assignments/(\d+)/confirm", confirmer.open("/assignments").text)[0]
    assert confirmer.send(f"/assignments/{number}/confirm", {}).status_code == 303


@pytest.fixture
def late(network: Network, agent: Visitor, clerk: Visitor, window: Visitor, officer: Visitor) -> str:
    """A case the county took away while the township docketed it, unheard; everything is exchanged since."""
    case = agent.file()
    agent.act(case, "handoff")
    exchange(network)
    clerk.act(case, "accept")
    everywhere(network)
    assert clerk.act(case, "docket", promised_days="20").status_code == 303
    assign(case, window, officer, COUNTY_CODE)
    everywhere(network)
    return case


def ticks(page: str) -> list[str]:
    return re.findall(r'name="named" value="([^"]+)"', page)


def test_the_case_page_of_a_place_above_offers_to_assign_and_others_say_why_not(
    network: Network, agent: Visitor, clerk: Visitor, head: Visitor
) -> None:
    case = agent.file()
    everywhere(network)
    theirs = agent.open(case).text
    shown, _, why = theirs.partition("为什么没有别的按钮")
    assert (
        "强制改派" not in shown and "<dt>强制改派</dt><dd>只有现持有单位的上级可以改派；本单位没有下级单位</dd>" in why
    )
    page = clerk.open(case).text
    assert "强制改派" in page and f'action="{case}/assign"' in page
    hidden = hidden_of(page, f"{case}/assign")
    empty = clerk.send(f"{case}/assign", {**hidden, "to": TOWNSHIP_CODE})
    assert empty.status_code == 422 and "改派理由" in empty.text
    kept = clerk.send(f"{case}/assign", {**hidden, "reason": "站点失联三天"})
    assert kept.status_code == 422 and "站点失联三天" in kept.text
    assert clerk.send(f"{case}/assign", {**hidden, "to": TOWNSHIP_CODE, "reason": "站点失联三天"}).status_code == 303
    for page in (clerk.open(case).text, head.open(case).text):
        assert "待确认的改派" in page and "李娟" in page and f'action="{case}/assign"' not in page
    assert "待确认改派" in head.open("/work").text
    own = clerk.open("/assignments").text
    assert "等另一位有权的人确认" in own and "撤回提议" in own and "/confirm" not in own
    number = re.findall(r"/assignments/(\d+)/confirm", head.open("/assignments").text)[0]
    assert clerk.send(f"/assignments/{number}/confirm", {}).status_code == 409
    network.clock.now_ms += 300_000
    done = head.send(f"/assignments/{number}/confirm", {})
    assert done.headers["Location"] == f"{case}?done=force_assign"
    page = head.open(done.headers["Location"]).text
    assert "已保存：强制改派" in page and f"自 {times.moment(network.clock.now_ms, 'zh')} 起" in page
    page = head.open("/assignments").text
    assert "已确认" in page and "李娟" in page and "赵站长" in page
    actions = [line.action for line in head.counter.accounts.rows.audit_lines(20)]
    assert {"case.assign.propose", "case.assign.confirm"} <= set(actions)


def test_a_proposal_is_rejected_or_overtaken_in_words(
    network: Network, agent: Visitor, clerk: Visitor, head: Visitor
) -> None:
    case = agent.file()
    everywhere(network)
    hidden = hidden_of(clerk.open(case).text, f"{case}/assign")
    clerk.send(f"{case}/assign", {**hidden, "to": TOWNSHIP_CODE, "reason": "站点失联"})
    agent.act(case, "handoff")
    everywhere(network)
    number = re.findall(r"/assignments/(\d+)/confirm", head.open("/assignments").text)[0]
    overtaken = head.send(f"/assignments/{number}/confirm", {})
    assert overtaken.status_code == 409 and "提议之后案件已有新进展" in overtaken.text
    assert head.send(f"/assignments/{number}/reject", {}).status_code == 303
    assert "已否决" in head.open("/assignments").text
    for path in ("/assignments/99/reject", "/assignments/x/reject", f"/assignments/{number}/forget"):
        assert head.send(path, {}).status_code == 404
    stale = clerk.send(f"{case}/assign", {**hidden, "to": COUNTY_CODE, "reason": "站点失联"})
    assert stale.status_code == 409 and "案件在您填写时已有新进展" in stale.text


def test_the_holder_reads_what_does_not_count_why_and_what_to_do(late: str, officer: Visitor, clerk: Visitor) -> None:
    page = officer.open("/oddities").text
    assert late in page and "受理" in page and "驿马镇" in page
    assert "与已生效的记录并列" in page and "内容属实就采纳" in page
    assert len(ticks(page)) == 1
    assert 'view=held"' in page and '异常记录 <span class="count">1</span>' in officer.open("/work").text
    # The other end: who wrote it sees it, and that somebody else must answer.
    theirs = clerk.open("/oddities?view=ours").text
    assert late in theirs and "由现持有单位采纳或不予采纳" in theirs and not ticks(theirs)
    assert late not in clerk.open("/oddities").text
    case = clerk.open(late).text
    assert "本案有 1 条记录没有计入" in case and "还没有处理" in case
    assert "有争议或无效记录" in clerk.open("/work?view=all").text
    assert officer.open("/oddities?view=nonsense").status_code == 404


def test_the_holder_adopts_and_the_author_sees_that_it_counts(
    network: Network, late: str, officer: Visitor, clerk: Visitor
) -> None:
    page = officer.open(f"{late}/oddities").text
    hidden = hidden_of(page, f"{late}/oddities/dismiss")
    nothing = officer.send(f"{late}/oddities/adopt", hidden)
    assert nothing.status_code == 422 and "请先勾选记录" in nothing.text
    done = officer.send(f"{late}/oddities/adopt", {**hidden, "named": ticks(page), "reason": "情况属实"})
    assert done.status_code == 303, problems(done.text)
    assert "已采纳，内容已计入" in officer.open(done.headers["Location"]).text
    assert officer.open("/oddities").text.count("没有异常记录") == 1
    everywhere(network)
    theirs = clerk.open(late).text
    assert "庆城县 已采纳" in theirs and "本案有" not in theirs
    assert "异常已处理" in clerk.open("/work?view=all").text
    assert "已采纳 1 条" in clerk.open("/health").text
    assert "庆城县 已采纳" in clerk.open("/oddities?view=ours").text


def test_the_holder_sets_aside_with_a_reason_and_the_author_reads_it(
    network: Network, late: str, officer: Visitor, window: Visitor, clerk: Visitor
) -> None:
    page = window.open(f"{late}/oddities").text
    hidden = hidden_of(page, f"{late}/oddities/dismiss")
    for typed in ("", " "):
        without = window.send(f"{late}/oddities/dismiss", {**hidden, "named": ticks(page), "reason": typed})
        assert without.status_code == 422 and "请写明理由" in without.text
    sent = {**hidden, "named": ticks(page), "reason": "县里已重新受理"}
    assert window.send(f"{late}/oddities/dismiss", sent).status_code == 303
    assert window.send(f"{late}/oddities/dismiss", sent).status_code == 409
    assert window.send(f"{late}/oddities/forget", sent).status_code == 404
    everywhere(network)
    for page in (clerk.open(late).text, clerk.open("/oddities?view=ours").text):
        assert "不予采纳" in page and "县里已重新受理" in page
    assert "不予采纳 1 条" in clerk.open("/health").text
    (row,) = csv_rows(clerk.counter.sign_in("0104", "head").open("/oddities.csv?view=ours"))[1:]
    assert row[6] == "不予采纳", "the reason was typed freely: it is on the page"
    file = csv_rows(officer.counter.sign_in("1003", "head").open("/assignments.csv"))
    assert len(file) == 2 and not any("站点失联三天" in cell for each in file for cell in each)
    theirs = {name: value for name, value in sent.items() if name != "token"}
    assert clerk.send(f"{late}/oddities/dismiss", theirs).status_code == 409


@pytest.mark.parametrize("book", ["oddities", "orders"])
def test_a_file_folds_page_by_page_and_no_more_cases_than_one_request_may(
    county: Counter, book: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def page(view: str, number: int = 1, text: str = "") -> Any:
        asked.append(number)
        return OddPage([], 7, number, 2) if book == "oddities" else OrderPage([], 7, number, 2)

    head = county.sign_in("1003", "head")
    monkeypatch.setattr(county.member.casebook, book, page)
    assert len(csv_rows(head.open(f"/{book}.csv"))) == 1 and asked == [1, 2, 3, 4], "every page, also an empty one"
    asked.clear()
    monkeypatch.setattr(book_tables, "MOST_FOLDED", 4)
    (_, last) = csv_rows(head.open(f"/{book}.csv"))
    assert asked == [1, 2] and len(last) == 1 and "只导出前 4 件" in last[0]


def test_what_was_ticked_is_still_ticked_where_the_reason_is_missing(
    network: Network, agent: Visitor, clerk: Visitor, window: Visitor, officer: Visitor
) -> None:
    case = agent.file()
    agent.act(case, "handoff")
    exchange(network)
    clerk.act(case, "accept")
    everywhere(network)
    assert clerk.act(case, "docket", promised_days="20").status_code == 303
    reviewer = clerk.counter.sign_in("0102", "reviewer")
    assert reviewer.act(case, "review", opinion="agree", text="入户核查属实").status_code == 303
    assign(case, window, officer, COUNTY_CODE)
    everywhere(network)
    page = officer.open(f"{case}/oddities").text
    first, second = ticks(page)
    assert f'value="{first}" checked' not in page
    hidden = hidden_of(page, f"{case}/oddities/dismiss")
    back = officer.send(f"{case}/oddities/dismiss", {**hidden, "named": [first]})
    assert back.status_code == 422
    assert f'value="{first}" checked' in back.text and f'value="{second}" checked' not in back.text


def test_a_void_record_says_that_it_never_counts(
    network: Network, agent: Visitor, clerk: Visitor, village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = agent.file()
    place, case_id = case.split("/")[2:]
    key = (f"about:{place}", bytes.fromhex(case_id))
    book = village.member.casebook
    held = book.case(*key)
    assert held is not None
    with monkeypatch.context() as patched:
        patched.setattr("village_node.casebook.desk.why_not", lambda *_: None)
        patched.setattr("village_node.casebook.entitlement.backing", lambda *_: Backing())
        patched.setattr(book, "_refuse_unless_effective", lambda *_: None)
        book.record("0001", {"agent"}, *key, kinds.DECIDE, {0: "approve"}, held.last)
    everywhere(network)
    page = agent.open("/oddities").text
    assert "它不会再起作用" in page and "采纳所勾选的" not in page
    with pytest.raises(NotAllowed, match="no record could be adopted"):
        position = held.verdicts.keys() ^ book.case(*key).verdicts.keys()  # type: ignore[union-attr]
        book.record("0001", {"agent"}, *key, kinds.ADOPT, {0: [list(each) for each in position]}, held.last)
    hidden = hidden_of(page, f"{case}/oddities/dismiss")
    sent = {**hidden, "named": ticks(page), "reason": "误操作"}
    assert agent.send(f"{case}/oddities/dismiss", sent).status_code == 303
    everywhere(network)
    assert "上关村 不予采纳" in clerk.open(case).text


def test_what_nobody_holds_is_set_aside_by_a_place_above(
    network: Network, agent: Visitor, clerk: Visitor, village: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application that does not hold: nobody ever holds that case, and its record were open for ever."""
    book = village.member.casebook
    with monkeypatch.context() as patched:
        patched.setattr(
            book,
            "_checked_application",
            lambda application, _: CheckedIn(application.actor, {0: "001", 1: 1}, "counter", ()),
        )
        patched.setattr(book, "_refuse_unless_effective", lambda *_: None)
        ref = book.file("0001", {"agent"}, {})
    everywhere(network)
    case = f"/cases/{VILLAGE}/{ref.case_id.hex()}"
    own = agent.open("/oddities").text
    assert "由上级单位看过并说明理由" in own and not ticks(own)
    page = clerk.open("/oddities").text
    assert "没有单位持有本案，由本单位处理" in page and "采纳所勾选的" not in page
    hidden = hidden_of(page, f"{case}/oddities/dismiss")
    sent = {**hidden, "named": ticks(page), "reason": "程序出错写下的"}
    assert agent.send(f"{case}/oddities/dismiss", {**sent, "token": agent.token()}).status_code == 409
    assert clerk.send(f"{case}/oddities/dismiss", sent).status_code == 303
    everywhere(network)
    for counter in (village, clerk.counter):
        assert counter.member.casebook.counts()["oddities"]["open"] == 0
    assert "驿马镇 不予采纳" in agent.open(f"{case}/oddities").text


def test_what_turns_up_on_the_way_is_set_aside_by_a_place_above_the_receiver(
    network: Network, agent: Visitor, clerk: Visitor, officer: Visitor, village: Counter
) -> None:
    case = agent.file()
    place, case_id = case.split("/")[2:]
    key = (f"about:{place}", bytes.fromhex(case_id))
    book = village.member.casebook
    before = book.case(*key)
    assert before is not None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("village_node.casebook.desk.why_not", lambda *_: None)
        patched.setattr("village_node.casebook.entitlement.backing", lambda *_: Backing())
        patched.setattr(book, "_refuse_unless_effective", lambda *_: None)
        book.record("0001", {"agent"}, *key, kinds.DECIDE, {0: "approve"}, before.last)
    agent.act(case, "handoff")
    everywhere(network)
    assert "一直没有接收的，由它的上级处理" in clerk.open("/oddities").text
    page = officer.open("/oddities").text
    hidden = hidden_of(page, f"{case}/oddities/dismiss")
    sent = {**hidden, "named": ticks(page), "reason": "误操作"}
    assert officer.send(f"{case}/oddities/dismiss", sent).status_code == 303
    everywhere(network)
    assert "庆城县 不予采纳" in agent.open(f"{case}/oddities").text
    assert case not in agent.open("/oddities").text


def test_what_was_not_taken_in_is_told_in_words_and_its_sample_given_to_the_head_and_never_to_the_administrator(
    network: Network, agent: Visitor, clerk: Visitor, township: Counter
) -> None:
    agent.file()
    exchange(network, *VILLAGE_UP)
    village = network.members["621021101201"].identity.incarnation
    stranger = b"unknown machine!"
    with township.member.store.writing() as connection:
        refused = (village, village, "about:621021101201", 7, 3, "the seal does not verify", 2, 5, b"its bytes")
        parking.refuse(connection, parking.RefusedRow(*refused))
        parking.park(connection, parking.ParkedRow(village, stranger, "about:621021101201", 3, 5, 8, 9, 5, b"segment"))
        parking.keep_answers(connection, [parking.AnswerRow(village, village, "about:621021101201", 2, 2, 7, 5)])
    page = clerk.open("/health/left").text
    assert "签封对不上" in page and "名册中还没有这台机器" in page and "未登记的机器" in page
    assert "同一位置已有另一条记录" in page and "上关村" in page and "3–5" in page
    assert "/health/left/" not in page and 'href="/health/left"' in clerk.open("/health").text
    head, admin = township.sign_in("0103", "head"), township.sign_in("0109", "admin")
    link = re.findall(r'action="(/health/left/\d+)"', head.open("/health/left").text)[0]
    why = {"reason": "核对签封为何对不上"}
    assert clerk.send(link, why).status_code == 404
    there = admin.open("/health/left").text
    assert "签封对不上" in there and "/health/left/" not in there, "the facts of the machine, and no way to the records"
    kept_out = admin.send(link, why)
    assert kept_out.status_code == 404 and b"its bytes" not in kept_out.data, "who administers sees no personal data"
    assert head.open(link).status_code == 405, "nothing unmasked is given by following a link"
    before = township.accounts.rows.audit_lines(1)
    for typed in ("", "看"):
        asked = head.send(link, {"reason": typed})
        assert asked.status_code == 422 and "请写明查看原因" in asked.text and b"its bytes" not in asked.data
    assert township.accounts.rows.audit_lines(1) == before
    coming = head.send(link, why)
    assert township.accounts.rows.audit_lines(1) == before and b"its bytes" not in coming.data
    given = head.client.post(link, data=hidden_of(coming.text, link))
    assert given.data == b"its bytes" and given.headers["Content-Type"] == "application/octet-stream"
    assert "attachment" in given.headers["Content-Disposition"]
    line = township.accounts.rows.audit_lines(1)[0]
    assert (line.actor, line.action) == ("0103", "refused.sample") and "核对签封为何对不上" in line.detail
    for path in ("/health/left/99", "/health/left/x", "/health/left/-1"):
        assert head.send(path, why).status_code == 404


def test_every_code_that_bytes_are_refused_with_has_words() -> None:
    asked_elsewhere = {10, 11, 12, 16, 18, 21}  # about a message as a whole, never about what it brings
    assert set(words.REFUSALS) == {code for code in BY_CODE if code <= 21} - asked_elsewhere
    assert "30" in words.refusal_words(30)[0][0]
