"""A relay keeps the county's newer rules from a village, and each message is sound: how old they are is shown."""

from pathlib import Path

from tests.closing import settle_lines
from tests.network import COUNTY, VILLAGE, network
from tests.village_node.web.counter import open_counter

DAY_MS = 86_400_000


def test_how_old_the_county_s_word_is_is_shown_and_intake_goes_on(tmp_path: Path) -> None:
    net = network(tmp_path)
    net[VILLAGE].member.file()
    net.settle()
    agent = open_counter(net[VILLAGE].member, tmp_path).sign_in("0001", "agent")
    assert "没有收到县里的新规则" not in agent.open("/health").text, "before there is a word there is nothing to be old"
    net[COUNTY].member.casebook.write_checkpoint()
    settle_lines(net)
    for days, told in ((13, ""), (2, "15 天没有收到县里的新规则"), (45, "60 天没有收到县里的新规则")):
        net.built.clock.now_ms += days * DAY_MS
        agent = open_counter(net[VILLAGE].member, tmp_path).sign_in(f"00{days:02}", "agent")
        page = agent.open("/health").text
        assert ("没有收到县里的新规则" in page) == bool(told) and told in page
        assert net[VILLAGE].member.state(net[VILLAGE].member.file()) == "received"
    net[COUNTY].member.casebook.write_checkpoint()
    settle_lines(net)
    assert "没有收到县里的新规则" not in agent.open("/health").text
    net.close()
