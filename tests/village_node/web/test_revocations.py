"""The page on which two persons shut out a machine that was stolen, and what the pages of that machine say."""

import re

from tests.builders import TOWNSHIP, VILLAGE, Network, settle
from tests.village_node.web.counter import PASSWORD, Counter, Visitor, hidden_of


def ask(visitor: Visitor, machine: str, reason: str = "电脑于三月五日被盗", **more: str) -> int:
    fields = {"token": visitor.token(), "machine": machine, "reason": reason, **more}
    return visitor.send("/revocations", fields).status_code


def answer(visitor: Visitor, number: int, what: str) -> int:
    return visitor.send(f"/revocations/{number}/{what}", {"token": visitor.token()}).status_code


def test_one_asks_another_confirms_and_the_page_says_what_came_of_it(
    network: Network, village: Counter, township: Counter
) -> None:
    machine = network.members[VILLAGE].casebook.identity.incarnation.hex()
    head, other = township.sign_in("0103", "head"), township.sign_in("0104", "admin")
    page = head.open("/revocations").text
    assert 'name="whole" value="yes" checked' in page, "all numbers of that place at once, unless one says otherwise"
    assert "上关村" in page and machine[:8] in page and "驿马镇，机器" not in page
    assert 'href="/revocations"' in head.open("/children").text
    assert (
        ask(head, machine, "") == 422
        and "请写明理由" in head.send("/revocations", {"token": head.token(), "machine": machine, "reason": ""}).text
    )
    assert ask(head, machine) == 303
    page = head.open("/revocations").text
    assert "须由另一人确认" in page and "电脑于三月五日被盗" in page and "/revocations/1/confirm" not in page
    assert answer(head, 1, "confirm") == 422
    assert "/revocations/1/confirm" in other.open("/revocations").text
    assert answer(other, 1, "confirm") == 303 and answer(other, 1, "confirm") == 422
    page = other.open("/revocations").text
    assert "已吊销" in page and "0104" in page
    actions = [line.action for line in township.accounts.rows.audit_lines(20)]
    assert {"roster.revoke.ask", "roster.revoke"} <= set(actions)
    village.member.casebook.apply_roster(network.members[TOWNSHIP].casebook.roster.changes(TOWNSHIP)[-1:])
    agent = village.sign_in("0001", "agent")
    assert "本机已被上级吊销" in agent.open("/work").text


def test_what_came_since_stands_by_way_of_the_page_that_asks_for_the_password(
    network: Network, township: Counter
) -> None:
    """With what a browser sends from page to page, and nothing that only a test would bring along."""
    village = network.members[VILLAGE]
    machine = village.casebook.identity.incarnation.hex()
    head, other = township.sign_in("0103", "head"), township.sign_in("0104", "head")
    assert ask(head, machine) == 303 and answer(other, 1, "confirm") == 303
    village.file()
    settle(village, network.members[TOWNSHIP])
    page = head.open("/revocations").text
    form = page.partition('action="/revocations"')[2].partition("</form>")[0]
    ticks = dict(re.findall(r'type="checkbox" name="(\w+)" value="(\w+)"', form.partition("补收的也作数")[0]))
    asked = {"token": head.token(), "machine": machine, "reason": "查明是本村写的", **ticks}
    vouching = head.client.post("/revocations", data=asked)
    assert vouching.status_code == 401
    sent = {**hidden_of(vouching.text, "/revocations"), "again_password": PASSWORD}
    assert head.client.post("/revocations", data=sent).status_code == 303
    assert answer(other, 2, "confirm") == 303


def test_what_was_asked_for_may_be_left_and_asked_for_again(network: Network, township: Counter) -> None:
    machine = network.members[VILLAGE].casebook.identity.incarnation.hex()
    head = township.sign_in("0103", "head")
    assert ask(head, machine) == 303 and ask(head, machine) == 422
    assert answer(head, 1, "reject") == 303
    assert "没有吊销" in head.open("/revocations").text
    assert ask(head, machine) == 303 and answer(head, 9, "confirm") == 422
    assert not network.members[TOWNSHIP].casebook.roster.has_revoked


def test_the_health_page_says_how_keys_lie_and_how_many_of_the_root_must_sign(
    county: Counter, village: Counter
) -> None:
    page = county.sign_in("0203", "head").open("/health").text
    assert "一把密钥就能改换全县名册的签发权" in page and "没有加密" in page
    assert "根密钥" not in village.sign_in("0002", "head").open("/health").text
