"""What a place is known to lack of its children, since when, and what it cannot know of those that are silent."""

import csv
import re
from itertools import count

import pytest

from sync_protocol import roster
from sync_protocol.places import about
from tests.builders import COUNTY, SECOND_VILLAGE, START_MS, TOWNSHIP, VILLAGE, Network
from tests.village_node.casebook.messages import events_of, frame, without_body
from tests.village_node.web.api.program import program_at
from tests.village_node.web.counter import Counter, Visitor, everywhere, exchange, open_counter
from tests.village_node.web.test_bulletins import around, wide
from tests.village_node.web.test_papers import photo, upload
from township_node import web as township_pages
from township_node.succession import merge
from village_node.accounts import Person
from village_node.web import times

__all__ = ["wide"]

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
    assert said == "到最近联系时，没有已知未传完的 下属 1 个单位一天没有新记录，是没有新的还是没有传来，未知", (
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
    assert cell(officer) == f"未知，最后联系 {last} 下属 1 个单位一天没有新记录，是没有新的还是没有传来，未知"
    exchange(network, (TOWNSHIP, county.config.place))
    told = cell(officer)
    assert told == "到最近联系时，没有已知未传完的 下属 1 个单位一天没有新记录，是没有新的还是没有传来，未知", (
        "the township answers for no village"
    )


def exported(visitor: Visitor) -> dict[str, str]:
    """The first row of the file, by its head."""
    first, row = list(csv.reader(visitor.open("/children.csv").text.removeprefix("\ufeff").splitlines()))[:2]
    return dict(zip(first, row, strict=True))


def test_a_record_that_is_parked_behind_a_gap_has_not_come_whole(
    network: Network, agent: Visitor, township: Counter
) -> None:
    agent.file()
    agent.file()
    village, book = network.members[VILLAGE], network.members[TOWNSHIP].casebook
    key = (village.identity.incarnation, about(VILLAGE))
    head, program = township.sign_in("0105", "head"), program_at(township, "0106", "head")
    heard(network)
    assert cell(head) == "到最近联系时，没有已知未传完的"
    began_ms = network.clock.now_ms
    book.receive(key[0], frame(village, key, events_of(village, key)[2:]), peer_update={})
    network.clock.now_ms += 2 * 3_600_000
    heard(network)
    since = times.short(began_ms, network.clock.now_ms, "zh")
    head = township.sign_in("0107", "head")
    assert cell(head) == f"最久的 2 小时 暂存 2 条，等它们前面的记录，自 {since}"
    assert "上关村" in head.open("/children?state=lacking").text.partition("<tbody>")[2]
    told = exported(head)
    assert (told["暂存"], told["内容未到"], told["最久的从何时起"]) == ("2", "0", "2026-11-18 19:06")
    (place,) = program.get("/overview").get_json()["places"]
    assert (place["records_parked"], place["missing_since_ms"], place["turned_away"]) == (2, began_ms, False)
    exchange(network, (VILLAGE, TOWNSHIP))
    assert cell(head) == "到最近联系时，没有已知未传完的"


@pytest.mark.parametrize("most", [{"quota_events": 5}, {"quota_paper_mb": 1}])
def test_of_who_is_turned_away_by_its_quota_nothing_is_said_to_be_nothing(
    network: Network, township: Counter, most: dict[str, int]
) -> None:
    counter = open_counter(network.members[TOWNSHIP], network.folder / "limited", more=township_pages.register, **most)
    node, now_ms = network.members[VILLAGE].identity, network.clock.now_ms
    today = (now_ms + 8 * 3_600_000) // DAY_MS
    numbers = count(2_000)
    came = {"day": today, "day_events": 5, "day_paper_bytes": 1 << 20}

    def told(at_ms: int, **columns: int) -> bool:
        """Whether it is said everywhere that more was not taken; what came is as of a message of that moment."""
        counter.member.casebook.update_peer(
            node.incarnation, place=VILLAGE, direction="down", last_contact_ms=at_ms, failures=0, **columns
        )
        head = counter.sign_in(str(next(numbers)), "head")
        said, program = cell(head), program_at(counter, str(next(numbers)), "head")
        (place,) = program.get("/overview").get_json()["places"]
        shown = "上关村" in head.open("/children?state=lacking").text.partition("<tbody>")[2]
        written = "已达当日上限" in exported(head)["未传来的"]
        turned_away = bool(place["turned_away"])
        assert turned_away == shown == written == ("没有已知未传完的" not in said)
        assert not turned_away or said == "已达当日上限，超出的没有收，有没有、有多少都未知"
        return turned_away

    assert not told(now_ms, day=today, day_events=4, day_paper_bytes=1)
    assert told(now_ms, **came)
    network.clock.now_ms += 18 * 3_600_000
    assert told(now_ms, **came), "a new day brings nothing by itself"
    assert not told(network.clock.now_ms, day=today + 1, day_events=0, day_paper_bytes=0)


def test_of_places_that_are_merged_or_have_no_machine_nobody_waits_for_a_word(
    wide: tuple[Network, dict[str, Counter]],
) -> None:
    network, counters = wide
    network.clock.now_ms += 2 * DAY_MS
    county = open_counter(counters[COUNTY].member, network.folder / "county", more=township_pages.register)
    officer = county.sign_in("1001", "officer")

    def silent() -> list[str]:
        page = " ".join(re.sub(r"<[^>]*>", " ", officer.open("/children").text).split())
        return re.findall(r"下属 (\d+) 个单位一天没有新记录", page)

    around(network)
    assert silent() == ["2"], "neither village has written for a day"
    new = roster.place_op("621021101209", "village", TOWNSHIP, "后沟村")
    township = counters[TOWNSHIP].member.casebook
    change = roster.publish(township.roster, TOWNSHIP, [new], [network.identities[TOWNSHIP].key], START_MS)
    township.apply_roster([change])
    county.member.casebook.apply_roster([change])
    assert "621021101209" in county.member.casebook.roster.places
    assert silent() == ["2"], "where there is no machine, nobody is silent"
    one, another = (Person(number, "站长", frozenset({"head"}), "") for number in ("0103", "0104"))
    merge(township, (one, another), VILLAGE, SECOND_VILLAGE)
    county.member.casebook.apply_roster(township.roster.changes(TOWNSHIP))
    assert silent() == ["1"], "one village goes on with the other's"
    network.close()
