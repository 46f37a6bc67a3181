"""The links of the main pages lead somewhere, for each role: nobody is offered what answers him with 404."""

import re
from html import unescape

import pytest

from sync_protocol.case.powers import ROLES
from tests.builders import Network
from tests.village_node.web.counter import Counter, Visitor, everywhere

LINK = re.compile(r'<a\b[^>]*\bhref="(/[^"#]*)')


def links(page: str) -> set[str]:
    return {unescape(each) for each in LINK.findall(page)}


def lead_nowhere(visitor: Visitor) -> list[tuple[str, str]]:
    """Each page that the bar at the top leads to, with the links in it that answer 404."""
    known: dict[str, int] = {}
    found = []
    for path in sorted(links(visitor.open("/account").text) - {"/"}):
        for link in sorted(links(visitor.open(path).text)):
            if link not in known:
                known[link] = visitor.open(link).status_code
            if known[link] == 404:
                found.append((path, link))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("level", ["village", "township", "county"])
def test_no_link_of_a_main_page_leads_to_nothing(
    request: pytest.FixtureRequest, network: Network, agent: Visitor, level: str
) -> None:
    agent.act(agent.file(), "handoff")
    agent.file("003")
    everywhere(network)
    counter: Counter = request.getfixturevalue(level)
    roles = [role for role, at in ROLES if at == level]
    found = {role: lead_nowhere(counter.sign_in(f"{2000 + number}", role)) for number, role in enumerate(roles)}
    assert {role: each for role, each in found.items() if each} == {}
