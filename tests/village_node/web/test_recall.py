"""The page of a case whose contents were cleared: it says so, shows what is left, and fetches the rest on request."""

from pathlib import Path

import pytest

from tests.closing import checkpoint_day, close_case, net
from tests.network import COUNTY, VILLAGE, Network
from tests.village_node.web.counter import Counter, Visitor, open_counter
from tests.village_node.web.test_query import look_up
from village_node.casebook import CaseRef
from village_node.web import times

__all__ = ["net"]

CLEARED = "正文已按期清除，可向县里取回"


@pytest.fixture
def cleared(net: Network) -> CaseRef:
    """A case that was delivered a month ago; its contents are gone from the village."""
    ref = net[VILLAGE].member.file()
    close_case(net, ref)
    checkpoint_day(net, days=0)
    checkpoint_day(net, days=30)
    assert net[VILLAGE].member.casebook.purge(30 * times.DAY_MS).cases == 1
    return ref


@pytest.fixture
def village(net: Network, tmp_path: Path) -> Counter:
    return open_counter(net[VILLAGE].member, tmp_path)


@pytest.fixture
def agent(village: Counter, cleared: CaseRef) -> Visitor:
    """Signed in after the month has passed."""
    return village.sign_in("0001", "agent")


def page_of(ref: CaseRef) -> str:
    return f"/cases/{VILLAGE}/{ref.case_id.hex()}"


def test_the_page_says_what_was_cleared_and_shows_number_state_and_timeline(agent: Visitor, cleared: CaseRef) -> None:
    page = agent.open(page_of(cleared))
    assert page.status_code == 200 and CLEARED in page.text and "取回正文" in page.text
    for kept in (cleared.case_no, "已送达", "最低生活保障审核确认", "驿马镇"):
        assert kept in page.text
    assert "张" not in page.text.partition('id="main"')[2].replace("张贴", "")
    assert "/act/" not in page.text, "nothing is offered on a case that is not wholly here"


def test_fetching_is_audited_and_the_page_is_whole_again(
    net: Network, village: Counter, agent: Visitor, cleared: CaseRef
) -> None:
    answer = agent.send(f"{page_of(cleared)}/recall", {})
    assert answer.status_code == 303 and answer.headers["Location"] == page_of(cleared)
    newest = village.accounts.rows.audit_lines(1)
    assert (newest[0].action, newest[0].actor, newest[0].subject) == ("case.recall", "0001", cleared.case_no)
    waiting = agent.open(page_of(cleared)).text
    assert "已向上级索取" in waiting and "取回正文" not in waiting
    net.settle()
    page = agent.open(page_of(cleared)).text
    assert CLEARED not in page and "张*" in page


def test_nobody_else_fetches_and_a_case_that_is_here_cannot_be_fetched(
    net: Network, village: Counter, agent: Visitor, cleared: CaseRef
) -> None:
    other = net[VILLAGE].member.file()
    assert agent.send(f"{page_of(other)}/recall", {}).status_code == 404
    assert agent.send(f"/cases/{VILLAGE}/nonsense/recall", {}).status_code == 404
    village.visitor().send(f"{page_of(cleared)}/recall", {})
    village.sign_in("0002", "admin").send(f"{page_of(cleared)}/recall", {})
    noted = net[VILLAGE].member.casebook.purge_of(cleared.scope, cleared.case_id)
    assert noted is not None and noted.recalled_ms is None


def test_a_resident_still_learns_where_the_case_stands(village: Counter, cleared: CaseRef) -> None:
    answer = look_up(village.visitor(), cleared.case_no, cleared.query_code)
    assert answer.status_code == 200
    for told in ("最低生活保障审核确认", "已送达，办理完毕", cleared.case_no):
        assert told in answer.text


def test_the_lists_show_it_with_number_and_state_and_the_receipt_can_be_printed(
    agent: Visitor, cleared: CaseRef
) -> None:
    listed = agent.open("/work?view=all").text
    assert cleared.case_no in listed and "已送达" in listed
    assert agent.open(f"{page_of(cleared)}/receipt").status_code == 200


def test_what_has_not_arrived_and_what_contradicts_is_on_the_health_page_and_in_the_strip(
    net: Network, village: Counter, agent: Visitor, cleared: CaseRef
) -> None:
    sound = agent.open("/health").text
    assert "县里的检查点" in sound and "尚未到达本机" not in sound and "与本机不符" not in sound
    with net[VILLAGE].member.store.writing() as connection:
        connection.exec_driver_sql("UPDATE checkpoint_lines SET seq = seq + 2, highest = seq + 2")
    village.member.casebook.tell({f"about:{VILLAGE}"})
    told = agent.open("/health").text
    lines = net[VILLAGE].member.casebook.county_standing().not_arrived
    assert lines and told.count(f"县里写了 {lines} 条尚未到达本机的记录") == 2
    with net[VILLAGE].member.store.writing() as connection:
        connection.exec_driver_sql("UPDATE checkpoint_lines SET seq = seq - 3")
    village.member.casebook.tell({f"about:{VILLAGE}"})
    told = agent.open("/health").text
    assert "与本机不符：上关村" in told and "县里的检查点与本机记录不符" in told


def test_what_was_erased_by_order_is_said_and_offers_nothing(
    net: Network, village: Counter, agent: Visitor, cleared: CaseRef
) -> None:
    assert net[COUNTY].member.casebook.erase("0009", "0010", cleared[:2], "申请人要求删除") > 0
    net.settle()
    page = agent.open(page_of(cleared)).text
    assert "正文已依县级删除令删除" in page and CLEARED not in page and "取回正文" not in page
    assert cleared.case_no in page and "已送达" in page and 'name="kind"' not in page
    papers = agent.open(f"{page_of(cleared)}/papers").text
    assert 'type="file"' not in papers and "删除令" in papers
    assert village.member.casebook.erased_bodies(*cleared[:2]) > 0
