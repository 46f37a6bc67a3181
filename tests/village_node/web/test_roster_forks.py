"""The page about forks of the roster: at every level it says what happened, what goes on, and who ends it."""

from sync_protocol import roster as rosters
from sync_protocol.exchange import Content
from sync_protocol.suites import sha256
from tests.builders import COUNTY, TOWNSHIP, Network
from tests.village_node.web.counter import Counter
from tests.village_node.web.test_forks import words_of
from village_node.casebook import RosterRuling

ODD = "621021104000"


def forked(network: Network) -> tuple[rosters.Change, rosters.Change]:
    """Two changes of the county's part that bear one number; every node has met both, the village the second first."""
    made = []
    for code, name in (("621021103000", "白马铺镇"), (ODD, "赤城镇")):
        request = rosters.enrol_request(network.key(), code, "township", name, network.chance.randbytes(16))
        ops = rosters.admit_request(network.roster, rosters.read_request(request), COUNTY)
        made.append(rosters.publish(network.roster, COUNTY, ops, [network.publisher_key], network.clock()))
    for code, member in network.members.items():
        order = made if code in (COUNTY, TOWNSHIP) else made[::-1]
        member.casebook.receive(bytes(16), Content(roster_changes=order), peer_update={})
    return made[0], made[1]


def test_the_pages_say_what_happened_and_who_ends_it(
    network: Network, village: Counter, township: Counter, county: Counter
) -> None:
    for counter in (village, township, county):
        visitor = counter.sign_in("0002", "head")
        assert "名册没有分叉" in visitor.open("/roster-forks").text
        assert "名册出现分叉" not in visitor.open("/health").text
    ours, theirs = forked(network)
    for counter in (village, township, county):
        visitor = counter.sign_in("0003", "head")
        page = visitor.open("/health").text
        assert "名册出现分叉" in page and 'href="/roster-forks"' in page
        assert "名册有分叉，待县里裁定，收件办事照常" in visitor.open("/work").text, "and on every page"
        told = words_of(visitor.open("/roster-forks").text)
        assert "庆城县的名册，第 4 号" in told and "待裁定" in told and "白马铺镇" in told and "赤城镇" in told
        for change in (ours, theirs):
            assert sha256(change.payload).hex()[:16] in told
        assert ("center-node rule-roster --data 数据目录 --part 621021000000" in told) == (counter is county)
        assert ("请打电话告诉县里" in told) == (counter is not county)
    rule = RosterRuling(COUNTY, sha256(ours.payload), frozenset())
    change = county.member.casebook.rule_on_roster("0009", rule, [network.root_key])
    for member in network.members.values():
        member.casebook.receive(bytes(16), Content(roster_changes=[ours, change]), peer_update={})
    for counter in (village, township, county):
        visitor = counter.sign_in("0004", "head")
        assert "名册有分叉" not in visitor.open("/work").text
        assert "名册分叉已裁定，有机器因此停用" in visitor.open("/health").text
        told = words_of(visitor.open("/roster-forks").text)
        assert "已裁定" in told and "因裁定停用的机器" in told and "赤城镇，" in told.replace(" ", "")
        assert ("已被否决，留存备查" in told) == (counter is village), "it followed what does not stand"
        assert ("未采用，留存备查" in told) == (counter is not village)


def test_what_the_page_says_is_there_in_english_too(network: Network, village: Counter) -> None:
    forked(network)
    visitor = village.sign_in("0003", "head")
    visitor.send("/display", {"lang": "en"})
    assert "Forks of the roster" in visitor.open("/roster-forks").text
