"""What residents rate by themselves: each stage once, after their own look-up, and never on a screen of the staff."""

import hmac
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sync_protocol.case import Case, kinds
from sync_protocol.case.complaints import ONESELF
from tests.builders import VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, everywhere, hidden_of, open_counter, problems
from tests.village_node.web.errands import chosen, done
from tests.village_node.web.test_filing import held
from village_node.casebook import NotAllowed
from village_node.store import NotSaved
from village_node.web import own_rating
from village_node.web.policy import COUNTER

RATE = "/query/rating"


def asked(visitor: Visitor, case: Case) -> str:
    """The page that a look-up of this case shows."""
    return visitor.send("/query", {"number": case.case_no, "code": case.query_code[:6]}).text


def form(visitor: Visitor, case: Case) -> dict[str, str]:
    """The form of the rating on that page."""
    return hidden_of(asked(visitor, case), RATE)


def rated(counter: Counter, path: str) -> dict[int, Any]:
    """The ratings that count, by stage."""
    return {stage: note.body for stage, note in held(counter, path).ratings.items()}


@pytest.fixture
def docketed(agent: Visitor) -> str:
    """A case that the village accepted, and its head decides."""
    case = agent.file("040")
    done(agent, case, "docket")
    return case


def test_a_resident_rates_acceptance_and_result_once_each_without_typing_the_code_again(
    village: Counter, agent: Visitor, docketed: str
) -> None:
    stranger, case = village.visitor(), held(village, docketed)
    page = asked(stranger, case)
    for words in ("受理这一步", "非常满意", "基本满意", "非常不满意"):
        assert words in page
    assert case.query_code not in page, "the page carries a pass, which does not tell the code"
    sent = {**hidden_of(page, RATE), "grade": "very_good"}
    told = stranger.send(RATE, sent)
    assert told.status_code == 200 and "您的评价已经记下" in told.text and "您已评价受理环节" in told.text
    assert RATE not in told.text, "nothing is left to be rated before the result"
    assert rated(village, docketed) == {1: {"grade": "very_good", "stage": 1, "channel": "screen"}}
    assert held(village, docketed).ratings[1].actor == "resident"
    again = stranger.send(RATE, sent)
    assert again.status_code == 200 and "您的评价已经记下" in again.text, "a second click is the same rating"
    assert held(village, docketed).later_ratings == ()
    assert "申请人自己填写" in agent.open(docketed).text
    done(village.sign_in("0002", "head", name="马得福"), docketed, "decide", outcome="approve")
    page = asked(stranger, case)
    assert "这件事办得怎么样" in page
    stranger.client.environ_base["REMOTE_ADDR"] = "10.0.0.7"
    good = {**hidden_of(page, RATE), "grade": "fair", "text": "再快一点就好了"}
    assert "您已作过评价" in stranger.send(RATE, good).text
    assert rated(village, docketed)[2] == {"grade": "fair", "stage": 2, "text": "再快一点就好了", "channel": "online"}


def test_the_applicant_acts_beside_nobody_s_claim(village: Counter, agent: Visitor, docketed: str) -> None:
    assert agent.send(f"{docketed}/claim", {}).status_code == 303
    stranger = village.visitor()
    sent = {**form(stranger, held(village, docketed)), "grade": "very_good"}
    assert stranger.send(RATE, sent).status_code == 200 and rated(village, docketed)
    assert "case.claim.beside" not in [line.action for line in village.accounts.rows.audit_lines(50)]


def test_before_acceptance_there_is_nothing_to_rate(village: Counter, agent: Visitor) -> None:
    assert RATE not in asked(village.visitor(), held(village, agent.file("040")))


def test_a_bad_grade_asks_why_keeps_what_was_chosen_and_opens_an_order_that_the_resident_rates_as_well(
    village: Counter, agent: Visitor, docketed: str
) -> None:
    stranger, case = village.visitor(), held(village, docketed)
    silent = stranger.send(RATE, {**form(stranger, case), "grade": ""})
    assert silent.status_code == 422 and any("请选一项" in each for each in problems(silent.text))
    sent = {**form(stranger, case), "grade": "very_poor"}
    bare = stranger.send(RATE, sent)
    assert bare.status_code == 422 and any("哪里不满意" in each for each in problems(bare.text))
    assert 'value="very_poor" checked' in bare.text
    told = stranger.send(RATE, {**hidden_of(bare.text, RATE), "grade": "very_poor", "text": "跑了三趟"}).text
    assert "您的差评已转 上关村 整改，最晚" in told
    head = village.sign_in("0002", "head", name="马得福")
    assert docketed in head.open("/orders").text
    [order] = chosen(head.open(docketed).text, "rectification", "order")
    done(head, docketed, "rectification", order=order, text="已上门道歉")
    page = asked(stranger, case)
    assert "已整改，您现在满意吗" in page
    assert "您的评价已经记下" in stranger.send(RATE, {**hidden_of(page, RATE), "grade": "good"}).text
    [order] = held(village, docketed).orders
    assert order.steps[-1].body["grade"] == "good" and not order.open


def test_a_pass_is_for_its_own_case_for_half_an_hour_and_then_the_code_is_typed_again(
    network: Network, village: Counter, agent: Visitor, docketed: str
) -> None:
    stranger, case, other = village.visitor(), held(village, docketed), held(village, agent.file("040"))
    earned = form(stranger, case)
    said = {"grade": "poor", "text": "等了一上午"}
    for wrong in (
        {**earned, "pass": "", **said},
        {**earned, "pass": earned["pass"][:-1] + ("0" if earned["pass"][-1] != "0" else "1"), **said},
        {**earned, "number": other.case_no, **said},
        {**earned, "number": "621021101001-261121-7K3M-9-9", **said},
    ):
        refused = stranger.send(RATE, wrong)
        assert refused.status_code == 422 and "请再输一次回执上的查询码" in refused.text
        assert "等了一上午" in refused.text and 'value="poor" checked' in refused.text
    network.clock.now_ms += own_rating.PASS_MS + 1
    late = stranger.send(RATE, {**earned, **said})
    assert late.status_code == 422 and rated(village, docketed) == {}
    typed = {**hidden_of(late.text, RATE), **said, "number": case.case_no.lower()}
    assert stranger.send(RATE, {**typed, "code": "000000"}).status_code == 404
    assert stranger.send(RATE, {**typed, "code": case.query_code[:6]}).status_code == 200
    assert rated(village, docketed)[1]["grade"] == "poor"


def test_a_pass_tells_nothing_of_the_seven_characters_that_were_not_typed(
    network: Network, village: Counter, docketed: str, folder: Path
) -> None:
    case = held(village, docketed)
    earned = form(village.visitor(), case)
    made_ms, _, shown = earned["pass"].partition(".")
    # Whoever could make the same from what the page shows and a whole code would find the code by trying.
    for message in (f"{ONESELF} {case.case_no} {made_ms}", f"{ONESELF} {case.case_no} {case.query_code} {made_ms}"):
        for key in (case.query_code.encode(), b""):
            assert hmac.new(key, message.encode(), sha256).hexdigest()[:32] != shown
    other = open_counter(network.members[VILLAGE], folder).visitor()
    sent = {**earned, "token": other.token(), "grade": "good"}
    assert "您的评价已经记下" in other.send(RATE, sent).text, "another worker takes it as well"


def test_a_look_up_is_answered_where_no_secret_can_be_kept(
    village: Counter, docketed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bytes:
        raise NotSaved("未保存：磁盘已满", "not saved")

    monkeypatch.setattr(type(village.accounts.rows), "secret", full)
    page = asked(village.visitor(), held(village, docketed))
    assert "受理这一步" in page and hidden_of(page, RATE).get("pass") is None and 'name="code"' in page


def test_nobody_rates_on_a_screen_on_which_staff_are_signed_in(village: Counter, agent: Visitor, docketed: str) -> None:
    case = held(village, docketed)
    assert RATE not in asked(agent, case), "whoever handled it is not even asked"
    earned = form(village.visitor(), case)
    refused = agent.send(RATE, {**earned, "token": agent.token(), "grade": "very_good", "text": "好"})
    assert refused.status_code == 409 and "请先退出登录" in refused.text and 'value="very_good" checked' in refused.text
    assert rated(village, docketed) == {}


def test_what_others_have_recorded_meanwhile_is_not_rated_again(
    village: Counter, agent: Visitor, docketed: str
) -> None:
    stranger, case = village.visitor(), held(village, docketed)
    earned = form(stranger, case)
    done(village.sign_in("0003", "agent", name="刘洋"), docketed, "rating", grade="good", stage="1", channel="phone")
    late = stranger.send(RATE, {**earned, "grade": "very_good"})
    assert late.status_code == 409 and "已经评价过" in late.text
    assert rated(village, docketed)[1]["grade"] == "good" and held(village, docketed).later_ratings == ()


def test_a_rating_given_offline_is_kept_and_travels_when_the_line_is_back(
    network: Network, village: Counter, county: Counter, agent: Visitor, docketed: str
) -> None:
    everywhere(network)
    stranger = village.visitor()
    stranger.send(RATE, {**form(stranger, held(village, docketed)), "grade": "poor", "text": "等太久"})
    assert rated(county, docketed) == {}
    everywhere(network)
    assert rated(county, docketed)[1] == {"grade": "poor", "stage": 1, "text": "等太久", "channel": "screen"}
    assert held(county, docketed).orders[0].open


def test_of_two_that_come_at_once_the_book_takes_one(village: Counter, docketed: str) -> None:
    case, book = held(village, docketed), village.member.casebook
    said = (ONESELF, COUNTER, f"about:{case.home}", case.case_id, kinds.RATING, {0: "good", 1: 1, 3: "screen"})
    book.record(*said)
    with pytest.raises(NotAllowed, match="rated already"):
        book.record(*said)
    assert held(village, docketed).later_ratings == ()
