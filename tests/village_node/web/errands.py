"""What people do on the pages, longer than a click: the ways of a case between the three levels, and its papers."""

import re
from html import unescape
from typing import Any

from sync_protocol import roster as rosters
from tests.builders import Network
from tests.village_node.notices.given import words
from tests.village_node.web.counter import Visitor, everywhere, hidden_of, problems
from tests.village_node.web.test_filing import held
from village_node.notices.press import pressed
from village_node.notices.printing import Printer
from village_node.web import schemas

PAPERS = {f"m{n}": "yes" for n in range(12)} | {f"m{n}_copies": "1" for n in range(12)}


class AtHand(Printer):
    """The press in this process: a page is the same, and a hundred of them take no minute."""

    def print(self, template: str, given: Any) -> bytes:
        return pressed(template, given)


def opened_by_two(examiner: Visitor, head: Visitor, case: str, **said: Any) -> None:
    """A special procedure: one proposes it, another approves it, each from their own account."""
    done(examiner, case, "suspend", **said)
    answer = head.send(f"{case}/procedure/approve", proposed(head, case))
    assert answer.status_code == 303, problems(answer.text)


def proposed(head: Visitor, case: str) -> dict[str, str]:
    """What the page says of the proposal that waits, for its approval to name."""
    return {"shown": hidden_of(head.open(case).text, f"{case}/procedure/approve")["shown"]}


def chosen(page: str, move: str, name: str) -> list[str]:
    """What the form of a move lets one choose in a field."""
    form = re.search(rf'<form[^>]*/act/{move}"[^>]*>(.*?)</form>', page, re.DOTALL)
    assert form, f"no form for {move}"
    return re.findall(rf'name="{name}" value="([^"]+)"', form[1])


def done(visitor: Visitor, case: str, move: str, **values: Any) -> None:
    """Somebody makes a move, and it is recorded."""
    answer = visitor.act(case, move, **values)
    assert answer.status_code == 303, (move, problems(answer.text))


def delivered_at_once(visitor: Visitor) -> str:
    """A case of an item that a village decides, by an agent who is its head as well: filed, decided, handed over."""
    case = visitor.file("040", **PAPERS)
    done(visitor, case, "docket")
    done(visitor, case, "decide", outcome="approve")
    done(visitor, case, "delivered", to="张秀兰", how="in_person")
    return case


def refused(visitor: Visitor, case: str, move: str, said: str, **values: Any) -> None:
    """What somebody may not do comes back with these words, and nothing is written."""
    before = held(visitor.counter, case).last
    answer = visitor.act(case, move, **values)
    assert answer.status_code in (409, 422)
    assert any(said in each for each in problems(answer.text)), problems(answer.text)
    assert held(visitor.counter, case).last == before


def hindered(visitor: Visitor, case: str, move: str, said: str, **values: Any) -> None:
    """What somebody may not do now has no button and says why; sent all the same, nothing is written."""
    page = visitor.open(case).text
    assert f"{case}/act/{move}" not in page, "a button for what would be refused"
    told = page.partition("您现在不能：")[2].partition("</section>")[0]
    assert said in told, told
    before = held(visitor.counter, case).last
    assert before is not None
    answer = visitor.send(f"{case}/act/{move}", {"seen": schemas.position_text(before), **values})
    assert answer.status_code in (409, 422) and any(said in each for each in problems(answer.text)), answer.text
    assert held(visitor.counter, case).last == before


def at_the_township(network: Network, agent: Visitor, clerk: Visitor, item_no: str, **typed: Any) -> str:
    """A case handed to the township and taken there."""
    case = agent.file(item_no, **{**PAPERS, **typed})
    return handed_up(network, agent, clerk, case)


def handed_up(network: Network, sender: Visitor, receiver: Visitor, case: str) -> str:
    """A case goes on to the next level and is taken there."""
    done(sender, case, "handoff")
    everywhere(network)
    done(receiver, case, "accept")
    return case


def at_the_county(network: Network, agent: Visitor, clerk: Visitor, window: Visitor, item_no: str = "001") -> str:
    """A case accepted and reviewed at the township, and taken at the county for its decision."""
    case = at_the_township(network, agent, clerk, item_no)
    done(clerk, case, "docket")
    done(clerk, case, "review", opinion="agree")
    return handed_up(network, clerk, window, case)


def delivered(network: Network, decider: Visitor, case: str, *way: Visitor) -> None:
    """What was decided goes down to whoever stands last on this way, and is given to the applicant there."""
    sender = decider
    for receiver in way:
        handed_up(network, sender, receiver, case)
        sender = receiver
    done(sender, case, "delivered", to="张秀兰", how="in_person")
    everywhere(network)


def links(visitor: Visitor, case: str) -> list[str]:
    """The addresses of what a case page offers to print."""
    return [unescape(each) for each in re.findall(r'href="([^"]*/documents/[^"]*)"', visitor.open(case).text)]


def printed(visitor: Visitor, address: str, reason: str = "申请人要求补打") -> bytes:
    """The paper at an address."""
    asked = visitor.open(address)
    assert asked.status_code == 200 and "张" not in asked.text.split("<main")[1], "the page before it shows nobody"
    answer = visitor.send(address, {"reason": reason} if "打印原因" in asked.text else {})
    assert (answer.status_code, answer.content_type) == (200, "application/pdf"), problems(answer.text)
    return answer.data


def papers_of(visitor: Visitor, case: str) -> dict[str, str]:
    """Every document that somebody may print of a case, on A4: its type and its words."""
    addresses = [each for each in links(visitor, case) if "?" not in each]
    return {each.rpartition("/")[2]: words(printed(visitor, each)) for each in addresses}


def newcomer(network: Network, above: str, place: str) -> None:
    """A new machine of a village asks the place above to be let in."""
    raw = rosters.enrol_request(network.key(), place, "village", "上关村", b"n" * 16)
    network.members[above].casebook.keep_newcomer(raw, rosters.read_request(raw), "10.0.0.1")
