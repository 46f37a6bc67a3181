"""A result that was given while the case was still on its way down: the receiver takes it over and files it."""

from tests.builders import Network, delegate_all
from tests.village_node.web.counter import Counter, everywhere
from tests.village_node.web.errands import at_the_county, chosen, done
from tests.village_node.web.test_filing import held


def test_what_was_given_while_it_travelled_arrives_and_is_filed(
    network: Network, village: Counter, township: Counter, county: Counter
) -> None:
    agent = village.sign_in("0001", "agent")
    clerk = township.sign_in("0101", "clerk", "reviewer")
    delegate_all(county.member, "1001", "1002")
    officer = county.sign_in("1001", "window", "officer")
    case = at_the_county(network, agent, clerk, officer)
    done(county.sign_in("1002", "head"), case, "decide", outcome="approve")
    everywhere(network)
    # The village gives the result by what the county has sent it, and the county hands the case down meanwhile.
    done(agent, case, "delivered", to="张秀兰", how="in_person")
    done(officer, case, "handoff")
    everywhere(network)
    case_now = held(village, case)
    assert (case_now.state, case_now.holder, case_now.transit_to) == ("delivered", None, village.config.place)
    assert case in agent.open("/work").text, "it waits to be taken over"
    assert '待我处理 <span class="count">1</span>' in agent.open("/work").text
    assert case not in clerk.open("/work").text and "/act/accept" not in clerk.open(case).text
    done(agent, case, "accept")
    assert held(village, case).state == "delivered" and case not in agent.open("/work").text
    delivery = chosen(agent.open(case).text, "archive", "delivery")
    done(agent, case, "archive", delivery=delivery[0], volume="2026-低保-1", keep_years="10")
    everywhere(network)
    assert {held(counter, case).state for counter in (village, township, county)} == {"archived"}
