"""The pages about forks: they say what happened and what to do, and the ruling is made by who may make it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import pytest

from sync_protocol.case import kinds
from sync_protocol.exchange import Content, ForkTalk
from sync_protocol.places import about
from tests.builders import TOWNSHIP, VILLAGE, Member, Network
from tests.village_node.casebook.messages import events_of, frame
from tests.village_node.web.counter import Counter, Visitor, everywhere, problems
from village_node.casebook import CaseRef

HOME = about(VILLAGE)


@contextmanager
def forked_by_a_twin(network: Network, folder: Path) -> Iterator[tuple[list[CaseRef], list[CaseRef]]]:
    """What each of two lives of the village filed: all three levels hold both, and know of the fork."""
    village = network.members[VILLAGE]
    first = [village.file(), village.file(applicant_name="欧阳秀")]
    everywhere(network)
    (folder / "twin").mkdir()
    before, network.folder = network.folder, folder / "twin"
    twin = network.open(VILLAGE, life=5)
    network.folder, network.members[VILLAGE] = before, village
    second = [twin.file(applicant_name="李建国")]
    key = (village.identity.incarnation, HOME)
    for above in network.members.values():
        if above is not village:
            above.casebook.receive(key[0], frame(twin, key, events_of(twin, key)), peer_update={})
    proofs = network.members[TOWNSHIP].casebook.proofs_owed(VILLAGE, [])
    village.casebook.receive(key[0], Content(forks=ForkTalk(proofs=proofs)), peer_update={})
    everywhere(network)
    yield first, second
    twin.store.close()


@pytest.fixture
def forked(network: Network, folder: Path) -> Iterator[tuple[list[CaseRef], list[CaseRef]]]:
    with forked_by_a_twin(network, folder) as both:
        yield both


def address(member: Member) -> str:
    (view,) = member.casebook.forks()
    return f"/forks/{view.incarnation.hex()}/{view.scope}/{view.split}"


def seen_in(page: str) -> list[str]:
    return re.findall(r'name="seen" value="([^"]*)"', page)


def words_of(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>|\s+", " ", page))


def test_the_health_page_rings_and_leads_to_the_fork(
    forked: tuple[list[CaseRef], list[CaseRef]], village: Counter, township: Counter, county: Counter
) -> None:
    for counter, role in ((village, "agent"), (township, "clerk"), (county, "supervisor")):
        visitor = counter.sign_in("0002", role)
        page = visitor.open("/health").text
        assert "1 处记录分叉待裁定" in page and 'href="/forks"' in page
        assert "由上级负责人在本页裁定" in visitor.open(address(counter.member)).text
        listed = visitor.open("/forks").text
        assert address(counter.member) in unescape(listed) and "待裁定" in listed
        told = words_of(visitor.open(address(counter.member)).text)
        assert "两份记录都已保留" in told and "第 1 条记录处签下了两条不同的记录" in told
        for ref in (*forked[0], *forked[1]):
            assert ref.case_no in told
        assert "张*" in told and "欧阳*" in told and "李*" in told, "names are masked"
        assert "李建国" not in told and "欧阳秀" not in told


def test_without_a_fork_nothing_rings(village: Counter, township: Counter) -> None:
    for counter, role in ((village, "agent"), (township, "clerk")):
        visitor = counter.sign_in("0002", role)
        assert "分叉" not in visitor.open("/health").text
        assert "没有分叉" in visitor.open("/forks").text
    assert township.sign_in("0003", "clerk").open(f"/forks/{'0' * 32}/{HOME}/1").status_code == 404
    assert township.sign_in("0004", "clerk").open(f"/forks/xyz/{HOME}/1").status_code == 404


def test_the_page_of_children_says_whose_records_forked(
    forked: tuple[list[CaseRef], list[CaseRef]], township: Counter
) -> None:
    page = township.sign_in("0002", "clerk").open("/children").text
    assert "记录分叉 1" in page and 'href="/forks"' in page


def test_a_head_above_takes_all_and_every_case_counts(
    forked: tuple[list[CaseRef], list[CaseRef]], network: Network, village: Counter, township: Counter
) -> None:
    head = township.sign_in("0009", "head")
    path = address(township.member)
    page = head.open(path).text
    values = {"seen": seen_in(page), "take_all": "yes", "reason": "两台机器各自收件，均属实"}
    answer = head.send(path, values)
    assert answer.status_code == 303
    done = head.open(answer.headers["Location"]).text
    assert "裁定已写下" in done and "已裁定" in done and "均属实" in done
    everywhere(network)
    for visitor in (head, village.sign_in("0002", "agent")):
        health = visitor.open("/health").text
        assert "待裁定" not in health and "1 处记录分叉，都已裁定，不必再处理" in health, "nobody is rung for any more"
        assert "由上级负责人在本页裁定" not in visitor.open(path).text
    for member in network.members.values():
        for ref in (*forked[0], *forked[1]):
            if member.place != VILLAGE or ref not in forked[1]:
                assert member.state(ref) == "received", (member.place, ref)


def test_the_form_says_what_is_missing_and_keeps_what_was_typed(
    forked: tuple[list[CaseRef], list[CaseRef]], township: Counter
) -> None:
    head = township.sign_in("0009", "head")
    path = address(township.member)
    seen = seen_in(head.open(path).text)
    answer = head.send(path, {"seen": seen, "take_all": "yes", "reason": ""})
    assert answer.status_code == 422 and any("裁定理由" in one for one in problems(answer.text))
    answer = head.send(path, {"seen": [], "take_all": "yes", "reason": "写好的理由"})
    assert answer.status_code == 409 and "写好的理由" in answer.text
    answer = head.send(path, {"seen": ["nonsense"], "take_all": "yes", "reason": "写好的理由"})
    assert answer.status_code == 409
    assert township.member.casebook.forks()[0].ruling is None


def test_who_may_not_rule_sees_no_form_and_is_turned_away(
    forked: tuple[list[CaseRef], list[CaseRef]], village: Counter, township: Counter
) -> None:
    for counter, role in ((township, "clerk"), (township, "reviewer"), (village, "head")):
        visitor = counter.sign_in(f"00{len(role)}1", role)
        path = address(counter.member)
        assert "全部采用" not in words_of(visitor.open(path).text)
        answer = visitor.send(path, {"seen": [], "take_all": "yes", "reason": "越权"})
        assert answer.status_code in (404, 409)
        assert counter.member.casebook.forks()[0].ruling is None


def test_a_case_that_both_touch_is_chosen_on_the_page(network: Network, folder: Path, township: Counter) -> None:
    village = network.members[VILLAGE]
    ref = village.file()
    everywhere(network)
    village.store.close()
    twin_folder = folder / "twin"
    twin_folder.mkdir()
    for file in folder.glob(f"{VILLAGE}.db*"):
        (twin_folder / file.name).write_bytes(file.read_bytes())
    before = network.folder
    village = network.open(VILLAGE)
    network.folder = twin_folder
    twin = network.open(VILLAGE, life=5)
    network.folder = before
    key = (village.identity.incarnation, HOME)
    village.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept"})
    twin.act(ref, kinds.HANDOFF, {"to": TOWNSHIP, "purpose": "accept", "note": "另一台"})
    for life in (village, twin):
        township.member.casebook.receive(key[0], frame(life, key, events_of(life, key)), peer_update={})
    head = township.sign_in("0009", "head")
    path = address(township.member)
    page = head.open(path).text
    (view,) = township.member.casebook.forks()
    wanted = view.branches[1].mark.hex()
    assert f'name="case:{ref.case_id.hex()}"' in page and ref.case_no in page
    answer = head.send(
        path, {"seen": seen_in(page), "take_all": "no", "reason": "以后者为准", f"case:{ref.case_id.hex()}": wanted}
    )
    assert answer.status_code == 303
    case = township.member.casebook.case(ref.scope, ref.case_id)
    assert case is not None and case.last is not None and case.last.mark.hex() == wanted
    twin.store.close()


def test_a_frozen_case_has_a_page_that_says_why(forked: tuple[list[CaseRef], list[CaseRef]], township: Counter) -> None:
    clerk: Visitor = township.sign_in("0002", "clerk")
    ref = forked[1][0]
    page = clerk.open(f"/cases/{VILLAGE}/{ref.case_id.hex()}")
    assert page.status_code == 200 and "冻结" in page.text


def test_a_ruling_is_no_move_of_a_case(forked: tuple[list[CaseRef], list[CaseRef]], township: Counter) -> None:
    head = township.sign_in("0009", "head")
    ref = forked[0][0]
    answer = head.send(f"/cases/{VILLAGE}/{ref.case_id.hex()}/act/fork_ruling", {"reason": "x"})
    assert answer.status_code == 404
