"""A bad rating opens an order: listed with its clock, printed, answered, rated by another hand, opened once more."""

from tests.builders import TOWNSHIP, Network, delegate_all
from tests.village_node.notices.given import words
from tests.village_node.web.counter import Counter, everywhere
from tests.village_node.web.errands import PAPERS, chosen, done, hindered, links, printed, refused
from tests.village_node.web.test_filing import held

DAY_MS = 86_400_000


def test_a_bad_rating_is_put_right_rated_again_and_opened_once_more_but_never_twice(
    network: Network, county: Counter
) -> None:
    delegate_all(county.member, "1001", "1002")
    officer = county.sign_in("1001", "window", "officer", name="赵敏")
    other = county.sign_in("1002", "window", name="孙宁")
    head = county.sign_in("1003", "head", name="李强")
    case = officer.file("016", **PAPERS)
    done(officer, case, "docket")
    done(officer, case, "decide", outcome="approve")
    done(officer, case, "delivered", to="张秀兰", how="in_person")
    assert case not in officer.open("/orders").text and "整改单" not in "".join(links(officer, case))
    done(other, case, "rating", grade="very_poor", stage="2", text="跑了两趟", channel="phone")

    listed = head.open("/orders").text
    assert case in listed and "非常不满意" in listed and "已用 0 / 15 个工作日（示例期限）" in listed
    assert case in head.open("/orders?text=016").text and case not in head.open("/orders?text=001").text
    assert '整改单 <span class="count">1</span>' in head.open("/work").text
    [paper] = [each for each in links(other, case) if each.endswith("/rectify")]
    said = words(printed(other, paper))
    assert "整改单" in said and "跑了两趟" in said and "15个工作日，示例期限" in said.replace(" ", "")

    page = head.open(case).text
    [order] = chosen(page, "rectification", "order")
    refused(head, case, "rectification", "请填写此项", order=order)
    done(head, case, "rectification", order=order, text="已上门道歉，退还复印费")
    assert case not in head.open("/orders").text and case in head.open("/orders?view=call").text
    # Who handled the case, and who answered the order, do not record what the applicant says to it.
    [answer] = chosen(other.open(case).text, "follow_up", "rectification")
    hindered(officer, case, "follow_up", "经办人不能代录", rectification=answer, grade="good")
    done(other, case, "follow_up", rectification=answer, grade="poor", text="复印费还没到账", channel="phone")

    listed = head.open("/orders").text
    assert case in listed and "重新整改" in listed
    [order] = chosen(head.open(case).text, "rectification", "order")
    done(head, case, "rectification", order=order, text="复印费已到账")
    [answer] = chosen(other.open(case).text, "follow_up", "rectification")
    done(other, case, "follow_up", rectification=answer, grade="poor", text="还是不满意", channel="phone")
    for view in ("here", "call", "all"):
        assert case not in head.open(f"/orders?view={view}").text
    page = head.open(case).text
    assert "/act/rectification" not in page and "/act/follow_up" not in page
    found = held(county, case)
    assert found.ratings[2].body["grade"] == "very_poor" and len(found.orders[0].steps) == 4
    assert "已办结" in page and "复印费已到账" in words(printed(other, paper))


def test_the_place_that_handled_the_stage_answers_also_when_the_case_is_elsewhere(
    network: Network, village: Counter, township: Counter
) -> None:
    agent = village.sign_in("0001", "agent")
    other = village.sign_in("0002", "agent", name="刘洋")
    clerk = township.sign_in("0101", "clerk", "head", name="陈静")
    case = agent.file("001", **PAPERS)
    done(agent, case, "handoff")
    everywhere(network)
    done(clerk, case, "accept")
    done(clerk, case, "docket")
    everywhere(network)
    done(other, case, "rating", grade="poor", stage="1", text="没有一次说清", channel="paper")
    assert "/act/rectification" not in other.open(case).text, "the village did not accept it"
    assert case in other.open("/orders?view=all").text and case not in other.open("/orders").text
    everywhere(network)
    assert case in clerk.open("/orders").text
    assert held(township, case).orders[0].place == TOWNSHIP
    network.clock.now_ms += 22 * DAY_MS
    late = township.sign_in("0102", "head", name="高峰")
    listed = late.open("/orders").text
    assert "已用 16 / 15 个工作日" in listed and "tone-bad" in listed
    [order] = chosen(late.open(case).text, "rectification", "order")
    done(late, case, "rectification", order=order, text="已补发一次性告知单")
    everywhere(network)
    found = held(village, case)
    answer = village.visitor().send("/query", {"number": found.case_no, "code": found.query_code})
    assert "已整改：已补发一次性告知单" in answer.text and "您的权利：评价、投诉、复核、撤回" in answer.text
