"""What applicants ask of their own case at a screen: to withdraw it, and that nobody acts for them any more."""

import re
from typing import Any

import pytest

from sync_protocol.case import Case, kinds
from sync_protocol.case.complaints import ONESELF
from tests.builders import VILLAGE, Network
from tests.village_node.notices.given import words
from tests.village_node.web.counter import CARD, Counter, Visitor, everywhere, hidden_of, problems
from tests.village_node.web.errands import AtHand, chosen, done, handed_up, links, papers_of, printed, refused
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_kiosk import HALL, stays
from tests.village_node.web.test_proxies import PROXY, TO_PROXY
from tests.village_node.web.test_query import look_up, numbers_in_a_row
from tests.village_node.web.test_query_by_card import END, WRONG, bodies, rung
from tests.village_node.web.test_query_by_card import look_up as by_card
from village_node.casebook import NotAllowed
from village_node.web import times
from village_node.web.policy import COUNTER
from village_node.web.site import SITE

WITHDRAW, REVOKE = "/query/withdrawal", "/query/proxy"
PAGES = (WITHDRAW, REVOKE)


def typed(case: Case, **said: str) -> dict[str, str]:
    """What an applicant types: of the receipt, and of the card."""
    return {"number": case.case_no, "code": case.query_code, "card": END, **said}


def send(visitor: Visitor, page: str, case: Case, source: str = "127.0.0.1", **said: str) -> Any:
    data = {**typed(case), "token": visitor.token(), **said}
    return visitor.client.post(page, data=data, environ_overrides={"REMOTE_ADDR": source})


def begun(visitor: Visitor, page: str, told: str) -> str:
    """The form to which the button on the page of the case leads: with its number, which stands in no address."""
    answer = visitor.send(page, {**hidden_of(told, page), "begin": "yes"})
    assert answer.status_code == 200 and answer.request.query_string == b""
    return answer.text


def offers(told: str, *pages: str) -> bool:
    """Whether the page of a case leads to any of these."""
    return any(f'action="{each}"' in told for each in pages)


def status(visitor: Visitor, case: Case) -> str:
    return look_up(visitor, case.case_no, case.query_code).text


@pytest.fixture
def visitor(village: Counter) -> Visitor:
    return village.visitor()


@pytest.fixture
def path(agent: Visitor) -> str:
    """A case at the village for which somebody acts."""
    return agent.file("040", **PROXY)


def test_an_applicant_asks_to_withdraw_and_the_county_grants_it(
    network: Network, village: Counter, township: Counter, county: Counter, agent: Visitor, visitor: Visitor
) -> None:
    """From the village to the county and back: the holder sees it as it sees the counter's, and answers."""
    clerk, window = township.sign_in("0101", "clerk", "reviewer"), county.sign_in("1001", "window")
    path = agent.file()
    handed_up(network, agent, clerk, path)
    done(clerk, path, "docket")
    done(clerk, path, "review", opinion="agree")
    handed_up(network, clerk, window, path)
    everywhere(network)
    case = held(village, path)
    page = status(visitor, case)
    assert "作出决定前可以请求撤回，在本页自己请求" in page and REVOKE not in page, "nobody acts for him"
    form = begun(visitor, WITHDRAW, page)
    assert case.case_no in form and "记下同意，才算撤回" in form and "不能撤回" in form
    sent = {**hidden_of(form, WITHDRAW), **typed(case, reason="孩子回来了，不办了")}
    answer = visitor.send(WITHDRAW, sent)
    assert answer.status_code == 200 and "已经记下" in answer.text and "等 庆城县 答复" in answer.text
    assert WITHDRAW not in answer.text, "there is nothing more to ask"
    for hidden in ("张秀兰", END, case.query_code):
        assert hidden not in answer.text
    [note] = held(village, path).open_withdrawals
    assert (note.actor, note.place) == (ONESELF, VILLAGE)
    assert note.body == {"reason": "申请人本人在服务点自助屏上提出：孩子回来了，不办了"}
    assert "没有重复提交" in visitor.send(WITHDRAW, sent).text, "a second click"
    again = send(visitor, WITHDRAW, case)
    assert again.status_code == 409 and any("没有重复提交" in each for each in problems(again.text))
    assert len(held(village, path).open_withdrawals) == 1
    assert "等 庆城县 答复" in status(visitor, case)
    everywhere(network)
    assert "申请撤回" in window.open("/work?view=supplies").text
    shown = window.open(path).text
    assert "申请人自己填写" in shown and "孩子回来了" in shown
    [request] = chosen(shown, "answer", "request")
    done(window, path, "answer", request=request, granted="yes")
    assert "等 庆城县 答复" in status(visitor, case), "as far as the village has heard"
    everywhere(network)
    page = status(visitor, case)
    assert "已按您的申请撤回" in page and "庆城县" in page and "记下同意，已撤回" in page and WITHDRAW not in page
    late = send(visitor, WITHDRAW, case)
    assert late.status_code == 409 and "已经撤回，不用再请求" in late.text


def test_what_the_holder_does_not_grant_is_told_with_its_reason_and_may_be_asked_again(
    village: Counter, agent: Visitor, visitor: Visitor, path: str
) -> None:
    case = held(village, path)
    assert send(visitor, WITHDRAW, case).status_code == 200
    [note] = held(village, path).open_withdrawals
    assert note.body["reason"] == "申请人本人在服务点自助屏上提出，没有写理由"
    assert "/act/docket" not in agent.open(path).text, "that is answered first"
    [request] = chosen(agent.open(path).text, "answer", "request")
    done(agent, path, "answer", request=request, granted="no", reason="请本人到村里说明")
    page = status(visitor, case)
    assert "答复不同意：请本人到村里说明" in page and WITHDRAW in page
    assert send(visitor, WITHDRAW, case, source="10.0.0.7").status_code == 200
    [note] = held(village, path).open_withdrawals
    assert note.body["reason"] == "申请人本人在网页上提出，没有写理由"


@pytest.mark.parametrize("later_ms", [60_000, -120_000], ids=["in order", "the second by a clock that was put back"])
def test_of_two_requests_the_one_that_still_waits_is_told(
    network: Network, village: Counter, visitor: Visitor, path: str, later_ms: int
) -> None:
    """The first is answered after the second was asked, and the authority is revoked in between."""
    case, began_ms = held(village, path), network.clock.now_ms
    assert send(visitor, WITHDRAW, case).status_code == 200
    network.clock.now_ms = began_ms + later_ms
    assert send(visitor, REVOKE, case).status_code == 200
    agent = village.sign_in("0004", "agent")
    done(agent, path, "withdrawal_request", reason="当面又说了一遍")
    first, second = sorted(chosen(agent.open(path).text, "answer", "request"), key=lambda each: int(each.split(".")[1]))
    network.clock.now_ms += 60_000
    done(agent, path, "answer", request=first, granted="no", reason="请本人到村里说明")
    [note] = held(village, path).open_withdrawals
    page, asked = status(visitor, case), times.moment(note.at_ms, "zh")
    assert f"您 {asked} 请求撤回，等 上关村 答复" in page and f"您 {asked} 已请求，答复后写在这里" in page
    assert "答复不同意" not in page and not offers(page, *PAGES), "what waits cannot be asked once more"
    assert "没有人代您办，结果只交给您本人" in page
    assert "没有重复提交" in send(visitor, WITHDRAW, case).text
    done(agent, path, "answer", request=second, granted="yes")
    page = status(visitor, case)
    assert f"您 {asked} 请求" in page and "记下同意，已撤回" in page and "答复不同意" not in page


def test_what_is_decided_is_not_withdrawn_and_what_can_be_done_is_said(
    network: Network, village: Counter, township: Counter, agent: Visitor, visitor: Visitor, path: str
) -> None:
    everywhere(network)
    case, head = held(village, path), village.sign_in("0002", "head", name="李建国")
    done(agent, path, "docket")
    elsewhere = send(township.visitor(), WITHDRAW, held(township, path))
    assert elsewhere.status_code == 200 and "等 上关村 答复" in elsewhere.text, "the township had not heard yet"
    done(head, path, "decide", outcome="approve")
    page = status(visitor, case)
    assert WITHDRAW not in page and REVOKE in page
    answer = send(visitor, WITHDRAW, case)
    assert answer.status_code == 409 and "作出决定，不能撤回" in answer.text and "申请复议或者起诉" in answer.text
    assert held(village, path).open_withdrawals == ()
    everywhere(network)
    for counter in (village, township):
        assert "答复前这件已经作出决定或办完，不能撤回" in status(counter.visitor(), case)
    done(agent, path, "delivered", to="张秀兰", how="in_person")
    for page in PAGES:
        assert send(visitor, page, case).status_code == 409
    assert not offers(status(visitor, case), *PAGES)


def test_an_applicant_revokes_who_acts_for_him_and_nobody_collects(
    network: Network, village: Counter, township: Counter, agent: Visitor, path: str
) -> None:
    """Asked at the township, and from then on it holds at the village that hands the result over."""
    village.app.extensions[SITE].printer = AtHand()
    head = village.sign_in("0002", "head", name="李建国")
    done(agent, path, "docket")
    done(head, path, "decide", outcome="approve")
    assert "王小琴" in papers_of(agent, path)["16"]
    everywhere(network)
    hall, case = township.visitor(), held(township, path)
    page = status(hall, case)
    assert "王* 代您办（代为提交、补正和签收），可以随时撤销" in page and "王小琴" not in page
    form = begun(hall, REVOKE, page)
    sent = {**hidden_of(form, REVOKE), **typed(case, reason="我自己领")}
    answer = hall.send(REVOKE, sent)
    assert answer.status_code == 200 and "王*不能再代您领取" in answer.text and REVOKE not in answer.text
    assert "没有重复撤销" in hall.send(REVOKE, sent).text
    again = send(hall, REVOKE, case)
    assert again.status_code == 409 and "没有重复撤销" in again.text
    assert held(township, path).proxy == {} and len(held(township, path).authorities) == 2
    everywhere(network)
    note = held(village, path).authorities[-1]
    assert note.actor == ONESELF
    assert note.body == {"what": "revoked", "reason": "申请人本人在服务点自助屏上提出：我自己领"}
    shown = agent.open(path).text
    assert "委托已撤销" in shown and re.search(r"\d\d:\d\d · 申请人自己填写", shown) and "我自己领" in shown
    refused(agent, path, "delivered", "委托已撤销，不能代领", **TO_PROXY)
    assert "王小琴" not in papers_of(agent, path)["16"], "who may collect is the applicant alone"
    assert "没有人代您办，结果只交给您本人" in status(village.visitor(), case)
    given = {"what": "given", "proxy_name": "李强", "proxy_relation": "儿子", "marked": "signature", "scope": "collect"}
    done(agent, path, "proxy_authority", **given)
    assert "李* 代您办（只代为签收文书）" in status(village.visitor(), case)
    assert send(village.visitor(), REVOKE, case).status_code == 200
    refused(agent, path, "delivered", "委托已撤销，不能代领", to="李强", how="proxy")


def test_the_confirmation_names_the_applicant(village: Counter, agent: Visitor, visitor: Visitor, path: str) -> None:
    village.app.extensions[SITE].printer = AtHand()
    send(visitor, WITHDRAW, held(village, path))
    [request] = chosen(agent.open(path).text, "answer", "request")
    done(agent, path, "answer", request=request, granted="yes")
    [sheet] = [each for each in links(agent, path) if each.endswith("/withdrawal")]
    assert "张秀兰" in words(printed(agent, sheet)) and "自助屏" in words(printed(agent, sheet))


@pytest.mark.parametrize("page", PAGES)
def test_whatever_does_not_fit_has_one_answer_and_writes_nothing(
    village: Counter, visitor: Visitor, path: str, page: str
) -> None:
    case = held(village, path)
    absent = numbers_in_a_row(50, case)[-1]
    misses = [
        send(visitor, page, case, "10.0.0.1", code="0" * 13, reason="不办了"),
        send(visitor, page, case, "10.0.0.2", card=WRONG, reason="不办了"),
        send(visitor, page, case, "10.0.0.3", number=absent, reason="不办了"),
        send(visitor, page, case, "10.0.0.4", code="000000", card=WRONG, reason="不办了"),
    ]
    assert {each.status_code for each in misses} == {404} and len(bodies(*misses)) == 1
    assert "没有对上" in misses[0].text and "不办了" in misses[0].text, "what was typed is there"
    assert f'value="{case.case_no}"' in misses[0].text and WRONG not in misses[1].text
    for wrong in ({"card": "12"}, {"card": ""}, {"number": "12345"}, {"code": "12"}):
        assert send(visitor, page, case, **wrong).status_code == 422
    unsaid = send(visitor, page, case, reason="长" * 301)
    assert unsaid.status_code == 422 and 'id="e-reason"' in unsaid.text
    assert (held(village, path).open_withdrawals, held(village, path).authorities[-1].body["what"]) == ((), "given")


@pytest.mark.parametrize("page", PAGES)
def test_the_ends_of_cards_are_tried_as_seldom_as_without_the_code(
    village: Counter, visitor: Visitor, path: str, page: str
) -> None:
    case = held(village, path)
    answers = [send(visitor, page, case, f"10.0.0.{n}", card=WRONG).status_code for n in range(5)]
    assert answers == [404] * 3 + [429] * 2
    right = send(visitor, page, case, "10.0.0.99")
    assert right.status_code == 429 and "用查询码照常可以查" in right.text and int(right.headers["Retry-After"]) > 0
    assert by_card(visitor, case.case_no, END, "10.0.0.99").status_code == 429, "they are the same tries"
    assert look_up(visitor, case.case_no, case.query_code).status_code == 200
    assert held(village, path).open_withdrawals == () and held(village, path).proxy


def test_without_the_code_nobody_uses_up_the_tries_and_with_cards_it_rings(
    village: Counter, agent: Visitor, visitor: Visitor, path: str
) -> None:
    case = held(village, path)
    for n in range(9):
        assert send(visitor, WITHDRAW, case, f"10.0.0.{n}", code="0" * 13, card=WRONG).status_code == 404
    assert village.accounts.throttle.counted("long:query-card:") == [], "no end of a card was tried"
    for number in range(5):
        other = held(village, agent.file("040", applicant_name=f"李{chr(0x4E00 + number)}"))
        for n in range(3):
            assert send(visitor, WITHDRAW, other, f"10.1.{number}.{n}", card=WRONG).status_code == 404
    assert rung(village, "today") == [15]
    assert send(visitor, WITHDRAW, case, "10.9.9.9").status_code == 200, "the right one is kept out by nobody"


@pytest.mark.parametrize("page", PAGES)
def test_too_many_misses_with_the_code_wait_as_a_look_up_does(
    visitor: Visitor, village: Counter, path: str, page: str
) -> None:
    case = held(village, path)
    answers = [send(visitor, page, case, code="000000").status_code for _ in range(6)]
    assert answers == [404] * 5 + [429], "six characters: five tries a day"


def test_what_was_applied_for_without_a_card_goes_at_a_counter(
    village: Counter, agent: Visitor, visitor: Visitor
) -> None:
    passport = {"applicant_id_kind": "passport", "applicant_id_no": "E1234002"}
    case = held(village, agent.file("040", **PROXY, **passport))
    page = status(visitor, case)
    assert "带回执和证件" in page and not offers(page, *PAGES)
    for each in PAGES:
        for end in ("4002", "1234"):
            answer = send(visitor, each, case, card=end)
            assert answer.status_code == 409 and "到窗口办" in answer.text
    assert village.accounts.throttle.counted("long:query-card:") == [], "this is no try"


def test_nobody_asks_on_a_screen_on_which_staff_are_signed_in(village: Counter, agent: Visitor, path: str) -> None:
    case = held(village, path)
    page = status(agent, case)
    assert not offers(page, *PAGES) and "可以请求撤回，到任一窗口请求" in page
    for each in PAGES:
        answer = send(agent, each, case, reason="不办了")
        assert answer.status_code == 409 and "请先退出登录" in answer.text and "不办了" in answer.text
    assert held(village, path).open_withdrawals == () and held(village, path).proxy


def test_who_has_lost_the_code_is_told_and_asks_at_a_counter(village: Counter, visitor: Visitor, path: str) -> None:
    case = held(village, path)
    page = by_card(visitor, case.case_no).text
    assert "到任一窗口请求" in page and not offers(page, *PAGES)


def test_a_scanned_receipt_is_taken_for_number_and_code(village: Counter, visitor: Visitor, path: str) -> None:
    case = held(village, path)
    scanned = f"http://sanji.example.gov.cn:8700/q/{case.query_code}"
    wrong = send(visitor, WITHDRAW, case, number=scanned, code="", card=WRONG)
    assert wrong.status_code == 404 and case.query_code not in wrong.text
    assert send(visitor, WITHDRAW, case, number=scanned, code="").status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_on_a_screen_in_a_hall_it_goes_away(village: Counter, visitor: Visitor, path: str, page: str) -> None:
    case, hall = held(village, path), village.visitor()
    hall.open("/kiosk")
    assert stays(visitor.open(page).text) == ("120", "600")
    assert stays(hall.open(page).text) == HALL and "扫码枪" in hall.open(page).text
    answer = send(hall, page, case, "10.0.0.7")
    assert answer.status_code == 200 and stays(answer.text) == HALL
    note = (*held(village, path).open_withdrawals, held(village, path).authorities[-1])[0]
    assert "在网页上提出" in note.body["reason"], "node.toml does not name that screen as one of the hall"


def test_of_two_that_come_at_once_the_book_takes_one(village: Counter, path: str) -> None:
    case, book = held(village, path), village.member.casebook
    asked: list[tuple[int, dict[int, Any]]] = [
        (kinds.WITHDRAWAL_REQUEST, {0: "x"}),
        (kinds.PROXY_AUTHORITY, {0: "revoked", 8: "x"}),
    ]
    for kind, body in asked:
        book.record(ONESELF, COUNTER, f"about:{case.home}", case.case_id, kind, body)
        with pytest.raises(NotAllowed, match=r"asked for already|nobody acts for you"):
            book.record(ONESELF, COUNTER, f"about:{case.home}", case.case_id, kind, body)
    done(village.sign_in("0004", "agent"), path, "withdrawal_request", reason="当面又说了一遍")
    assert len(held(village, path).open_withdrawals) == 2, "a counter records what it is told"


def test_the_applicant_acts_beside_nobodys_claim(village: Counter, agent: Visitor, visitor: Visitor, path: str) -> None:
    assert agent.send(f"{path}/claim", {}).status_code == 303
    assert send(visitor, WITHDRAW, held(village, path)).status_code == 200
    assert "case.claim.beside" not in [line.action for line in village.accounts.rows.audit_lines(50)]
    assert CARD not in "".join(line.detail for line in village.accounts.rows.audit_lines(50))


def test_a_case_that_is_not_kept_here_is_sent_to_the_counter_which_writes_a_slip(
    village: Counter, township: Counter, visitor: Visitor
) -> None:
    own = held(township, township.sign_in("0101", "clerk").file("036"))
    for page in PAGES:
        answer = send(visitor, page, own)
        assert answer.status_code == 404 and "本机没有的件，请带身份证到窗口办" in answer.text
    assert held(township, f"/cases/{own.home}/{own.case_id.hex()}").open_withdrawals == ()
