"""A case that was handed over is on its way once the next node has signed for it, and not before, up and down."""

from tests.builders import COUNTY, TOWNSHIP, VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, everywhere, exchange
from tests.village_node.web.errands import at_the_county, done
from tests.village_node.web.test_filing import held
from tests.village_node.web.test_query import look_up

NOW = "已移交，还没有发出："


def now_of(visitor: Visitor, case: str) -> str:
    """The box that says where a case is now."""
    return visitor.open(case).text.partition('id="now"')[2].partition("</section>")[0]


def test_what_was_handed_up_is_not_on_its_way_before_it_left(
    network: Network, village: Counter, township: Counter, agent: Visitor
) -> None:
    everywhere(network)
    case = agent.file()
    done(agent, case, "handoff")
    filed = held(village, case)
    assert NOW in now_of(agent, case) and "正在转送" not in now_of(agent, case)
    told = look_up(village.visitor(), filed.case_no, filed.query_code).text
    assert "上关村 已移交 驿马镇，还没有发出" in told and "线路通了自动发出" in told
    assert "正在转送" not in told and "等待对方接收" not in told
    exchange(network, (VILLAGE, TOWNSHIP))
    assert "正在转送" in now_of(agent, case) and NOW not in now_of(agent, case)
    for counter in (village, township):
        told = look_up(counter.visitor(), filed.case_no, filed.query_code).text
        assert "正在转送 驿马镇" in told and "等待对方接收" in told


def test_what_was_handed_down_is_not_on_its_way_before_it_left(
    network: Network, township: Counter, county: Counter, agent: Visitor
) -> None:
    clerk, officer = township.sign_in("0101", "clerk", "reviewer"), county.sign_in("1001", "officer", "window", "head")
    case = at_the_county(network, agent, clerk, officer)
    done(officer, case, "decide", outcome="approve")
    everywhere(network)
    done(officer, case, "handoff")
    assert NOW in now_of(officer, case), "that the levels below had signed for what came before is no receipt of this"
    exchange(network, (TOWNSHIP, COUNTY))
    assert NOW not in now_of(officer, case) and "正在转送" in now_of(officer, case)
    assert NOW not in now_of(clerk, case), "the township only passes it on"
    everywhere(network)
    assert "正在转送" in now_of(agent, case)
