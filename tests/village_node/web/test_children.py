"""What a place is known to lack of its children, since when, and what it cannot know of those that are silent."""

import csv
import re

from sync_protocol.places import about
from tests.builders import TOWNSHIP, VILLAGE, Network
from tests.village_node.casebook.messages import events_of, frame, without_body
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere, exchange
from tests.village_node.web.test_papers import photo, upload
from village_node.web import times

DAY_MS = 86_400_000


def cell(visitor: Visitor) -> str:
    """What the one row of the page says of what has not come."""
    page = visitor.open("/children").text
    (found,) = re.findall(r'data-label="没有传来的">(.*?)</td>', page, re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", found).split())


def withheld(network: Network) -> None:
    """What the village has written comes to its township without its contents."""
    village, township = network.members[VILLAGE], network.members[TOWNSHIP]
    key = (village.identity.incarnation, about(VILLAGE))
    lacking = frame(village, key, [without_body(event) for event in events_of(village, key)])
    township.casebook.receive(village.identity.incarnation, lacking, peer_update={})


def heard(network: Network) -> None:
    """The village is heard now, and brings nothing."""
    incarnation = network.members[VILLAGE].identity.incarnation
    network.members[TOWNSHIP].casebook.update_peer(
        incarnation, place=VILLAGE, direction="down", last_contact_ms=network.clock.now_ms, failures=0
    )


def test_a_content_that_is_missing_is_told_with_since_when(
    network: Network, agent: Visitor, township: Counter, county: Counter
) -> None:
    agent.file()
    began_ms = network.clock.now_ms
    withheld(network)
    network.clock.now_ms += 3 * DAY_MS
    heard(network)
    head = township.sign_in("0105", "head")
    assert cell(head) == f"最久的 3 天 记录内容 2 条没传完，自 {times.short(began_ms, network.clock.now_ms, 'zh')}"
    assert "上关村" in head.open("/children?state=lacking").text.partition("<tbody>")[2]
    first, row = list(csv.reader(head.open("/children.csv").text.removeprefix("\ufeff").splitlines()))[:2]
    told = dict(zip(first, row, strict=True))
    assert (told["内容未到"], told["材料未到"], told["最久的从何时起"]) == ("2", "0", "2026-11-18 19:06")
    (place,) = program_at(township, "0106", "head").get("/overview").get_json()["places"]
    assert (place["records_missing"], place["papers_missing"]) == (2, 0)
    assert place["missing_since_ms"] == network.clock.now_ms - 3 * DAY_MS
    exchange(network, (VILLAGE, TOWNSHIP))
    assert cell(head) == "到最近联系时，没有已知未传完的", "as soon as it has come, nothing is missing"
    assert "没有符合条件" in head.open("/children?state=lacking").text
    exchange(network)
    said = cell(county.sign_in("1001", "officer"))
    assert said == "到最近联系时，没有已知未传完的 下属 1 个单位一天没有消息，它们的未知", (
        "of the village only old things came"
    )


def test_a_paper_whose_file_has_not_come_is_told_and_counted_once(
    network: Network, agent: Visitor, township: Counter
) -> None:
    case = agent.file()
    assert upload(agent, case, (photo(), "户口簿.jpg")).status_code == 303
    exchange(network, (VILLAGE, TOWNSHIP))
    network.clock.now_ms += 5 * 3_600_000
    heard(network)
    assert cell(township.sign_in("0105", "head")).startswith("最久的 5 小时 材料 1 份没传完，自 ")


def test_of_who_is_silent_nothing_is_said_to_be_nothing(
    network: Network, agent: Visitor, township: Counter, county: Counter
) -> None:
    clerk = township.sign_in("0101", "clerk")
    assert cell(clerk) == "未知，从未联系"
    agent.file()
    everywhere(network)
    last = times.short(network.clock.now_ms, network.clock.now_ms + 2 * DAY_MS, "zh")
    network.clock.now_ms += 2 * DAY_MS
    clerk = township.sign_in("0102", "clerk")
    assert cell(clerk) == f"未知，最后联系 {last}"
    officer = county.sign_in("1001", "officer")
    assert cell(officer) == f"未知，最后联系 {last} 下属 1 个单位一天没有消息，它们的未知"
    exchange(network, (TOWNSHIP, county.config.place))
    told = cell(officer)
    assert told == "到最近联系时，没有已知未传完的 下属 1 个单位一天没有消息，它们的未知", (
        "the township answers for no village"
    )
