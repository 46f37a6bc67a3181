"""A document that nobody signs for is left before two witnesses, and the receipt of delivery says so."""

from tests.builders import Network
from tests.village_node.notices.given import words
from tests.village_node.web.counter import Counter, Visitor, everywhere, problems
from tests.village_node.web.errands import AtHand, done, links, printed
from tests.village_node.web.test_filing import held
from village_node.web.site import SITE


def test_what_is_left_names_two_witnesses_and_why(network: Network, village: Counter, agent: Visitor) -> None:
    village.app.extensions[SITE].printer = AtHand()
    head = village.sign_in("0002", "head", name="马得福")
    case = agent.file("040")
    done(agent, case, "docket")
    done(head, case, "decide", outcome="refuse", reasons="不符合条件")
    left = {"to": "张秀兰", "how": "left_with_witness"}
    alone = agent.act(case, "delivered", **left)
    assert alone.status_code == 422 and "两名见证人" in "".join(problems(alone.text))
    one = agent.act(case, "delivered", **left, witnesses="赵六")
    assert one.status_code == 422 and "赵六" in one.text
    silent = agent.act(case, "delivered", **left, witnesses="赵六\n钱七七")
    assert silent.status_code == 422 and "为什么没有签收" in "".join(problems(silent.text))
    left["refusal"] = "对决定有异议，拒绝签字"
    nowhere = agent.act(case, "delivered", **left, witnesses="赵六\n钱七七")
    assert nowhere.status_code == 422 and "留置的地点" in "".join(problems(nowhere.text))
    assert held(village, case).state != "delivered"
    given = agent.act(case, "delivered", to="张秀兰", how="in_person", refusal="拒签")
    assert given.status_code == 422 and "不是这种送达方式填写的内容" in "".join(problems(given.text))
    done(agent, case, "delivered", **left, witnesses="赵六\n钱七七", where="上关村 12 号")
    everywhere(network)
    page = agent.open(case).text
    assert held(village, case).state == "delivered" and "钱*" in page and "钱七七" not in page
    receipts = [each for each in links(agent, case) if "/17" in each]
    told = words(printed(agent, receipts[-1]))
    assert "赵六" in told and "钱七七" in told and "拒绝签字" in told and "登记收件人" not in told
