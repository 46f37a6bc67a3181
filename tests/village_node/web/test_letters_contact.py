"""Whom a letter names to be asked."""

from tests.builders import Network
from tests.village_node.notices.given import words
from tests.village_node.web.counter import Counter, everywhere
from tests.village_node.web.errands import done, printed
from tests.village_node.web.test_documents import MARK, link, supplies


def test_a_letter_names_the_office_to_ask_and_its_telephone(
    network: Network, village: Counter, township: Counter
) -> None:
    """It named a staff number at most, and no telephone anywhere."""
    agent = village.sign_in("0001", "agent", "head", name="李建国")
    clerk = township.sign_in("0101", "clerk", "reviewer", name="周涛")
    case = agent.file()
    done(agent, case, "handoff")
    everywhere(network)
    done(clerk, case, "accept")
    done(clerk, case, "return_for_correction", **MARK)
    everywhere(network)
    assert "联系人：驿马镇便民服务中心，经办人周涛。" in words(printed(clerk, link(clerk, case, "02"))), "none is set"
    assert "联系人：驿马镇便民服务中心，经办人工号0101。" in words(printed(agent, link(agent, case, "02")))
    for each, telephone in ((clerk, "0934-6660000"), (agent, "0934-6661111")):
        book = each.counter.member.casebook
        book.say_room("0002", ["head"], book.room()._replace(phone=telephone))
    said = words(printed(clerk, link(clerk, case, "02")))
    assert "联系人：驿马镇便民服务中心，电话0934-6660000，经办人周涛。" in said
    said = words(printed(agent, link(agent, case, "02")))
    assert "联系人：驿马镇便民服务中心，经办人工号0101；也可问上关村便民服务站，电话0934-6661111。" in said
    done(agent, case, "supply", **{"paper:material:户口簿": "1", "text": "已补"})
    everywhere(network)
    done(clerk, case, "take", supplies=supplies(clerk, case))
    done(clerk, case, "docket", promised_days="20")
    said = words(printed(clerk, link(clerk, case, "04")))
    assert "联系人：驿马镇便民服务中心，电话0934-6660000，经办人周涛。" in said
