"""An appeal against a false rating: once, in time, by the place that was rated; the level above finds on it."""

from tests.builders import Network
from tests.village_node.web.counter import PASSWORD, Counter, everywhere, hidden_of
from tests.village_node.web.errands import at_the_township, chosen, done, handed_up, refused
from tests.village_node.web.test_filing import held

DAY_MS = 86_400_000


def test_a_false_rating_is_struck_by_the_level_above_and_a_true_one_stands(
    network: Network, village: Counter, township: Counter, county: Counter
) -> None:
    agent, other = village.sign_in("0001", "agent"), village.sign_in("0002", "agent", name="刘洋")
    clerk = township.sign_in("0101", "clerk", "reviewer", name="李强")
    head = township.sign_in("0102", "head", name="马站长")
    business = county.sign_in("1003", "business", name="孙科长")
    officer = county.sign_in("1001", "officer", name="赵敏")
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "docket")
    everywhere(network)
    done(other, case, "rating", grade="very_poor", stage="1", text="收件当天没有人在岗", channel="paper")
    everywhere(network)

    page = clerk.open(case).text
    assert "/act/rating_appeal" not in agent.open(case).text, "the village was not rated"
    [rating] = chosen(page, "rating_appeal", "of")
    assert chosen(page, "rating_appeal", "what") == ["appeal"]
    refused(clerk, case, "rating_appeal", "请填写此项", of=rating, what="appeal")
    refused(clerk, case, "rating_appeal", "不由本单位答复", of=rating, what="struck", text="不实")
    done(clerk, case, "rating_appeal", of=rating, what="appeal", text="当天值班记录、叫号记录在案")
    assert "申诉待上级答复" in clerk.open(case).text and "/act/rating_appeal" not in clerk.open(case).text
    assert case not in head.open("/orders?view=appeals").text
    everywhere(network)

    assert case in business.open("/orders?view=appeals").text
    assert "/act/rating_appeal" not in officer.open(case).text, "who does not judge has no form without a choice"
    page = business.open(case).text
    [appeal] = chosen(page, "rating_appeal", "of")
    assert chosen(page, "rating_appeal", "what") == ["stands", "struck"]
    done(business, case, "rating_appeal", of=appeal, what="struck", text="调阅值班和叫号记录，差评不属实")
    assert case not in business.open("/orders?view=appeals").text
    everywhere(network)
    assert case not in clerk.open("/orders").text and "/act/rectification" not in clerk.open(case).text
    for counter in (village, township, county):
        order = held(counter, case).orders[0]
        assert order.struck and not order.open and held(counter, case).ratings[1].body["grade"] == "very_poor"
    assert "受理环节的差评经上级核实不属实，不计入" in clerk.open(case).text
    found = held(village, case)
    answer = village.visitor().send("/query", {"number": found.case_no, "code": found.query_code})
    assert "您的差评经上级核实不属实，不计入统计：调阅值班和叫号记录，差评不属实" in answer.text


def test_who_handled_the_case_is_not_shown_the_finding_and_is_told_why(
    network: Network, village: Counter, township: Counter, county: Counter
) -> None:
    agent, other = village.sign_in("0001", "agent"), village.sign_in("0002", "agent", name="刘洋")
    clerk = township.sign_in("0101", "clerk", "reviewer", name="李强")
    handler = county.sign_in("1004", "window", "business", name="钱敏")
    business = county.sign_in("1003", "business", name="孙科长")
    case = at_the_township(network, agent, clerk, "001")
    done(clerk, case, "docket")
    done(clerk, case, "review", opinion="agree")
    handed_up(network, clerk, handler, case)
    done(other, case, "rating", grade="very_poor", stage="1", text="慢", channel="paper")
    everywhere(network)
    [rating] = chosen(clerk.open(case).text, "rating_appeal", "of")
    done(clerk, case, "rating_appeal", of=rating, what="appeal", text="与事实不符")
    everywhere(network)
    page = handler.open(case).text
    assert "/act/rating_appeal" not in page and "经办人和申诉人不能答复申诉" in page
    [appeal] = chosen(business.open(case).text, "rating_appeal", "of")
    hidden = hidden_of(business.open(case).text, f"{case}/act/rating_appeal")
    said = {"of": appeal, "what": "stands", "text": "x", "token": handler.token()}
    answer = handler.send(f"{case}/act/rating_appeal", {**hidden, **said})
    assert answer.status_code == 409 and "经办人和申诉人不能答复申诉" in answer.text
    done(business, case, "rating_appeal", of=appeal, what="stands", text="经核实属实")


def test_it_is_written_in_time_and_before_the_order_is_answered(
    network: Network, village: Counter, township: Counter
) -> None:
    agent, other = village.sign_in("0001", "agent"), village.sign_in("0002", "agent", name="刘洋")
    head = township.sign_in("0102", "head", name="马站长")
    case, late = agent.file("040"), agent.file("040", applicant_name="李大爷")
    for each in (case, late):
        done(agent, each, "docket")
        done(other, each, "rating", grade="poor", stage="1", text="慢", channel="paper")

    def days_pass(days: int) -> None:
        network.clock.now_ms += days * DAY_MS
        assert agent.send("/sign-in", {"staff_no": "0001", "password": PASSWORD}).status_code == 303

    days_pass(7)  # five working days
    [rating] = chosen(agent.open(case).text, "rating_appeal", "of")
    done(agent, case, "rating_appeal", of=rating, what="appeal", text="不实")
    days_pass(1)
    [rating] = chosen(agent.open(late).text, "rating_appeal", "of")
    refused(agent, late, "rating_appeal", "5 个工作日内提出", of=rating, what="appeal", text="不实")
    head.send("/sign-in", {"staff_no": "0102", "password": PASSWORD})
    everywhere(network)
    [appeal] = chosen(head.open(case).text, "rating_appeal", "of")
    done(head, case, "rating_appeal", of=appeal, what="stands", text="经核实属实")
    everywhere(network)
    [order] = chosen(agent.open(case).text, "rectification", "order")
    done(agent, case, "rectification", order=order, text="已道歉")
    assert "/act/rating_appeal" not in agent.open(case).text
    assert "差评属实，维持" in agent.open(case).text
